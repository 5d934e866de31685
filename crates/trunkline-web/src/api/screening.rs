//! Screening: the account's settings, the callers who are always let through, and those who never are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{ScreeningEntryId, UserId};
use trunkline_core::call::screening::{
    AnonymousPolicy, CallerPattern, ListEntry, ListKind, RefusalPolicy, Screening,
    ScreeningSettings, ScreeningVerdict, Sign,
};
use trunkline_engine::call::{ENTRIES_MAX, ScreeningError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::calls::{csv_cell, find};
use super::page::{Page, after, cursor, limit};
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// The days that the counts of stopped calls look back.
const COUNTED_DAYS: u32 = 30;
const DAY_MS: i64 = 86_400_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read, change))
        .routes(routes!(list, create))
        .routes(routes!(csv))
        .routes(routes!(delete))
        .routes(routes!(block_caller))
}

/// Settings of screening.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningSettings)]
struct SettingsItem {
    /// Whether calls are screened at all.
    on: bool,
    /// What happens with withheld numbers: `pass`, `challenge` or `block`.
    anonymous: String,
    /// From how many seconds of talk on a caller is known and let through, 1 to 3600.
    known_talk_s: u32,
    /// From how many points on a caller must press a key, 1 to 500 and below `block_at`; null: nobody must.
    challenge_at: Option<u32>,
    /// From how many points on a call is refused, 1 to 500; null: none is.
    block_at: Option<u32>,
    /// How many different numbers of the account a caller may dial within `numbers_minutes`, 1 to 50.
    numbers_max: u32,
    /// 1 to 60.
    numbers_minutes: u32,
    /// How many calls an hour are no sign yet, 1 to 60.
    hourly_calls_max: u32,
    /// The SIP status of a refused call: `by_reason` (607 for the block list, 433 for a withheld number, 603 for the
    /// score), `rejected` (608) or `decline` (603).
    refusal: String,
    /// What a challenged caller hears; `{digit}` stands for the key.
    challenge_text: String,
}

/// Settings of screening as they are to be; what is left out gets its default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ScreeningSettingsInput)]
struct SettingsInput {
    on: bool,
    /// `pass`, `challenge` or `block`.
    anonymous: String,
    known_talk_s: u32,
    challenge_at: Option<u32>,
    block_at: Option<u32>,
    numbers_max: u32,
    numbers_minutes: u32,
    hourly_calls_max: u32,
    /// `by_reason`, `rejected` or `decline`.
    refusal: String,
    challenge_text: String,
}

impl Default for SettingsInput {
    fn default() -> Self {
        let usual = ScreeningSettings::default();
        Self {
            on: usual.on,
            anonymous: usual.anonymous.word().to_owned(),
            known_talk_s: usual.known_talk_s,
            challenge_at: usual.challenge_at,
            block_at: usual.block_at,
            numbers_max: usual.numbers_max,
            numbers_minutes: usual.numbers_minutes,
            hourly_calls_max: usual.hourly_calls_max,
            refusal: usual.refusal.word().to_owned(),
            challenge_text: usual.challenge_text,
        }
    }
}

impl From<&ScreeningSettings> for SettingsItem {
    fn from(settings: &ScreeningSettings) -> Self {
        Self {
            on: settings.on,
            anonymous: settings.anonymous.word().to_owned(),
            known_talk_s: settings.known_talk_s,
            challenge_at: settings.challenge_at,
            block_at: settings.block_at,
            numbers_max: settings.numbers_max,
            numbers_minutes: settings.numbers_minutes,
            hourly_calls_max: settings.hourly_calls_max,
            refusal: settings.refusal.word().to_owned(),
            challenge_text: settings.challenge_text.clone(),
        }
    }
}

impl SettingsInput {
    fn read(self) -> Result<ScreeningSettings, Problem> {
        let anonymous = AnonymousPolicy::from_word(&self.anonymous)
            .ok_or_else(|| Problem::invalid("anonymous", "Write pass, challenge or block."))?;
        let refusal = RefusalPolicy::from_word(&self.refusal)
            .ok_or_else(|| Problem::invalid("refusal", "Write by_reason, rejected or decline."))?;
        Ok(ScreeningSettings {
            on: self.on,
            anonymous,
            known_talk_s: self.known_talk_s,
            challenge_at: self.challenge_at,
            block_at: self.block_at,
            numbers_max: self.numbers_max,
            numbers_minutes: self.numbers_minutes,
            hourly_calls_max: self.hourly_calls_max,
            refusal,
            challenge_text: self.challenge_text.trim().to_owned(),
        })
    }
}

/// Screening of the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Screening)]
struct ScreeningItem {
    settings: SettingsItem,
    /// Why callers over SIP who should press a key are let through instead, and what to do; null when they are asked, or
    /// nobody has to.
    challenge_trouble: Option<String>,
    /// Entries on both lists.
    entries: usize,
    /// Most entries on both lists.
    entries_max: usize,
    stopped: Stopped,
}

/// How many calls were stopped lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningCounts)]
struct Stopped {
    /// How far back it was counted.
    days: u32,
    /// Refused at once.
    refused: i64,
    /// Asked to press a key.
    challenged: i64,
    /// Did not press it.
    challenge_failed: i64,
}

/// Screening of the account: its settings, and how many calls were stopped lately.
#[utoipa::path(get, path = "/screening", tag = "call", operation_id = "readScreening", responses((status = 200, body = ScreeningItem)))]
async fn read(State(app): State<App>, caller: Caller) -> Result<Json<ScreeningItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(whole(&app, &caller).await?))
}

/// Replaces the settings of screening. What challenged callers hear is spoken before this answers; when that fails the
/// settings count all the same, and `challenge_trouble` says why nobody is asked.
#[utoipa::path(put, path = "/screening", tag = "call", operation_id = "changeScreening", request_body = SettingsInput, responses((status = 200, body = ScreeningItem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<SettingsInput>,
) -> Result<Json<ScreeningItem>, Problem> {
    caller.may(Need::Write)?;
    let settings = input.read()?;
    app.backend.screener.set(caller.account, &settings).await?;
    Ok(Json(whole(&app, &caller).await?))
}

async fn whole(app: &Web, caller: &Caller) -> Result<ScreeningItem, Problem> {
    let screener = &app.backend.screener;
    let rules = screener.rules(caller.account);
    let now = app.backend.moment.now();
    let since = now.plus_millis(-i64::from(COUNTED_DAYS) * DAY_MS);
    let counts = screener.counts(caller.account, since).await?;
    Ok(ScreeningItem {
        settings: SettingsItem::from(&rules.settings),
        challenge_trouble: screener.challenge_trouble(caller.account).await,
        entries: rules.lists.entries().filter(|e| e.counts(now)).count(),
        entries_max: ENTRIES_MAX,
        stopped: Stopped {
            days: COUNTED_DAYS,
            refused: counts.refused,
            challenged: counts.challenged,
            challenge_failed: counts.challenge_failed,
        },
    })
}

/// An entry of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScreeningEntry)]
struct EntryItem {
    id: String,
    /// `allow` or `block`.
    list: &'static str,
    /// A number such as `+12145550100`, or the beginning of some such as `+1900*`.
    caller: String,
    caller_display: String,
    note: String,
    /// Who added it; null for a key.
    added_by: Option<String>,
    added_at: i64,
    /// When it ends by itself.
    expires_at: Option<i64>,
}

/// An entry to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ScreeningEntryInput)]
struct EntryInput {
    /// `allow` or `block`.
    #[serde(default)]
    list: String,
    /// A number such as `+12145550100`, or the beginning of some such as `+1900*`.
    #[serde(default)]
    caller: String,
    #[serde(default)]
    note: String,
    /// When it ends by itself, ms.
    expires_at: Option<i64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EntryFilter {
    /// `allow` or `block`.
    list: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The entries that count now, newest first.
fn entries(app: &Web, caller: &Caller, filter: &EntryFilter) -> Result<Vec<ListEntry>, Problem> {
    let only = filter.list.as_deref().filter(|word| !word.is_empty());
    let only = only.map(kind).transpose()?;
    let after = after::<trunkline_core::base::id::ScreeningEntryKind>(filter.cursor.as_deref())?;
    let now = app.backend.moment.now();
    let rules = app.backend.screener.rules(caller.account);
    let mut found: Vec<ListEntry> = rules
        .lists
        .entries()
        .filter(|e| e.counts(now) && only.is_none_or(|list| e.list == list))
        .filter(|e| after.is_none_or(|after| (e.added_at, e.id) < after))
        .cloned()
        .collect();
    found.sort_by_key(|e| std::cmp::Reverse((e.added_at, e.id)));
    Ok(found)
}

fn kind(word: &str) -> Result<ListKind, Problem> {
    ListKind::from_word(word).ok_or_else(|| Problem::invalid("list", "Write allow or block."))
}

/// The entries of both lists, or of one, newest first.
#[utoipa::path(get, path = "/screening/entries", tag = "call", operation_id = "listScreeningEntries", params(EntryFilter), responses((status = 200, body = Page<EntryItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<EntryFilter>,
) -> Result<Json<Page<EntryItem>>, Problem> {
    caller.may(Need::Read)?;
    let wanted = limit(filter.limit)? as usize;
    let mut found = entries(&app, &caller, &filter)?;
    let more = found.len() > wanted;
    found.truncate(wanted);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|entry| cursor(entry.added_at, entry.id));
    Ok(Json(Page {
        items: items(&app, &caller, &found).await?,
        next_cursor,
    }))
}

/// The same list as a CSV file.
#[utoipa::path(get, path = "/screening/entries.csv", tag = "call", operation_id = "exportScreeningEntries", params(EntryFilter), responses((status = 200, body = String, content_type = "text/csv")))]
async fn csv(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<EntryFilter>,
) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let found = entries(&app, &caller, &filter)?;
    let mut text = String::from("list,caller,note,added_by,added_at,expires_at\r\n");
    for item in items(&app, &caller, &found).await? {
        let time = |ms: i64| Timestamp::from_millis(ms).to_rfc3339();
        let cells = [
            item.list.to_owned(),
            item.caller,
            item.note,
            item.added_by.unwrap_or_default(),
            time(item.added_at),
            item.expires_at.map(time).unwrap_or_default(),
        ];
        let cells = cells.map(|cell| csv_cell(&cell));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"screening.csv\"",
        ),
    ];
    Ok((headers, text))
}

/// Puts a caller on a list; one that is on the other list is taken off it.
#[utoipa::path(post, path = "/screening/entries", tag = "call", operation_id = "addScreeningEntry", request_body = EntryInput, responses((status = 201, body = EntryItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<EntryInput>,
) -> Result<(StatusCode, Json<EntryItem>), Problem> {
    caller.may(Need::Write)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let list = kind(&input.list)?;
    let pattern = CallerPattern::parse(&input.caller, home)
        .map_err(|e| Problem::invalid("caller", e.to_string()))?;
    add(&app, &caller, list, pattern, input.note, input.expires_at).await
}

/// Takes an entry off its list.
#[utoipa::path(delete, path = "/screening/entries/{id}", tag = "call", operation_id = "deleteScreeningEntry", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let missing = || Problem::not_found("entry");
    let id = ScreeningEntryId::parse(&id).map_err(|_| missing())?;
    if app.backend.screener.remove(caller.account, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(missing())
    }
}

/// Why a caller is blocked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BlockCallerInput {
    #[serde(default)]
    note: String,
}

/// Puts the caller of a call on the block list.
#[utoipa::path(post, path = "/calls/{id}/block-caller", tag = "call", operation_id = "blockCaller", params(("id" = String, Path)), request_body = BlockCallerInput, responses((status = 201, body = EntryItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn block_caller(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<BlockCallerInput>,
) -> Result<(StatusCode, Json<EntryItem>), Problem> {
    caller.may(Need::Write)?;
    let call = find(&app, &caller, &id).await?;
    let number = call.caller.ok_or_else(|| {
        Problem::conflict("The caller of this call showed no number. Set what happens with withheld numbers instead.")
    })?;
    let pattern = CallerPattern::Number(number);
    add(&app, &caller, ListKind::Block, pattern, input.note, None).await
}

async fn add(
    app: &Web,
    caller: &Caller,
    list: ListKind,
    pattern: CallerPattern,
    note: String,
    expires_at: Option<i64>,
) -> Result<(StatusCode, Json<EntryItem>), Problem> {
    let entry = ListEntry {
        id: app.backend.moment.id(),
        account: caller.account,
        list,
        pattern,
        note: note.trim().to_owned(),
        added_by: caller.person().ok().map(|(user, ..)| user),
        added_at: app.backend.moment.now(),
        expires_at: expires_at.map(Timestamp::from_millis),
    };
    app.backend.screener.add(&entry).await?;
    let mut items = items(app, caller, std::slice::from_ref(&entry)).await?;
    let item = items.pop().ok_or_else(Problem::internal)?;
    Ok((StatusCode::CREATED, Json(item)))
}

/// Entries with the names of who added them.
async fn items(
    app: &Web,
    caller: &Caller,
    entries: &[ListEntry],
) -> Result<Vec<EntryItem>, Problem> {
    let (_, home) = account_defaults(app, caller)?;
    let mut names: HashMap<UserId, String> = HashMap::new();
    for user in entries.iter().filter_map(|entry| entry.added_by) {
        if let Entry::Vacant(unknown) = names.entry(user) {
            let found = app.backend.access.user(user).await?;
            unknown.insert(found.map_or_else(|| "Removed user".to_owned(), |user| user.name));
        }
    }
    let item = |entry: &ListEntry| EntryItem {
        id: entry.id.to_string(),
        list: entry.list.word(),
        caller: entry.pattern.to_string(),
        caller_display: match entry.pattern {
            CallerPattern::Number(number) => number.display_for(home),
            CallerPattern::Prefix { .. } => entry.pattern.to_string(),
        },
        note: entry.note.clone(),
        added_by: entry.added_by.and_then(|user| names.get(&user).cloned()),
        added_at: entry.added_at.as_millis(),
        expires_at: entry.expires_at.map(Timestamp::as_millis),
    };
    Ok(entries.iter().map(item).collect())
}

impl From<ScreeningError> for Problem {
    fn from(error: ScreeningError) -> Self {
        match error {
            ScreeningError::Invalid { field, message } => Self::invalid(field, message),
            ScreeningError::Full => Self::conflict(format!(
                "The lists hold {ENTRIES_MAX} entries already. Remove some, or write the beginning of many numbers as one entry such as +1900*."
            )),
            ScreeningError::Port(error) => error.into(),
        }
    }
}

/// What screening found of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallScreening {
    /// `pass`, `challenge` or `block`.
    verdict: &'static str,
    /// What decided: `allow_list`, `known_caller`, `block_list`, `anonymous`, `score`, `late`, `unasked` or `off`.
    rule: &'static str,
    /// Why, as a sentence without its full stop.
    why: String,
    score: u32,
    /// The threshold that the score reached.
    threshold: Option<u32>,
    /// The SIP status of the refusal.
    status: Option<u16>,
    reasons: Vec<ScreeningReason>,
}

/// A sign that screening found.
#[derive(Debug, Serialize, ToSchema)]
struct ScreeningReason {
    kind: &'static str,
    /// As a sentence, without its full stop.
    words: String,
    /// Below 0 it speaks for the call.
    points: i32,
    /// What was counted.
    value: Option<u32>,
    /// What it was compared with.
    limit: Option<u32>,
}

impl From<&Screening> for CallScreening {
    fn from(screening: &Screening) -> Self {
        let reason = |sign: &Sign| ScreeningReason {
            kind: sign.kind.word(),
            words: sign.words.clone(),
            points: sign.points,
            value: sign.value,
            limit: sign.limit,
        };
        Self {
            verdict: screening.verdict.word(),
            rule: screening.rule.word(),
            why: screening.why.clone(),
            score: screening.score,
            threshold: screening.threshold,
            status: match screening.verdict {
                ScreeningVerdict::Block { status } => Some(status),
                ScreeningVerdict::Pass | ScreeningVerdict::Challenge { .. } => None,
            },
            reasons: screening.signs.iter().map(reason).collect(),
        }
    }
}

/// The entry of a list that is about a caller.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedCaller {
    id: String,
    /// `allow` or `block`.
    list: &'static str,
    /// The number, or the beginning of it.
    caller: String,
}

/// The entry that says what happens with the next call of this caller.
pub(super) fn listed(
    app: &Web,
    account: trunkline_core::base::id::AccountId,
    caller: Option<trunkline_core::base::PhoneNumber>,
) -> Option<ListedCaller> {
    let (caller, now) = (caller?, app.backend.moment.now());
    let rules = app.backend.screener.rules(account);
    let found = |list| rules.lists.find(list, caller, now);
    let entry = found(ListKind::Allow).or_else(|| found(ListKind::Block))?;
    Some(ListedCaller {
        id: entry.id.to_string(),
        list: entry.list.word(),
        caller: entry.pattern.to_string(),
    })
}
