//! Tracking numbers: the inventory, what each is used for, and who sees it now.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::number::RELEASE_QUIET_DAYS;
use trunkline_core::assignment::{NumberStage, NumberUse, TrackingNumber};
use trunkline_core::base::id::NumberId;
use trunkline_core::base::{Country, Id, IdKind, PhoneNumber};
use trunkline_core::visitor::{Channel, SourceSelector};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::number_view::{NumberItem, View};
use super::page::Page;
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

const DAY_MS: i64 = 86_400_000;
/// Longest label of a number, in characters.
const LABEL_MAX: usize = 120;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(make_static))
}

/// An id with its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
}

/// The sources a source number stands for; every given part must be equal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SourceSelector)]
pub(super) struct Selector {
    channel: Option<String>,
    medium: Option<String>,
    source: Option<String>,
}

impl From<&SourceSelector> for Selector {
    fn from(selector: &SourceSelector) -> Self {
        Self {
            channel: selector.channel.map(|c| c.word().to_owned()),
            medium: selector.medium.clone(),
            source: selector.source.clone(),
        }
    }
}

/// A tracking number to add or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TrackingNumberInput)]
struct NumberInput {
    number: Option<String>,
    kind: Option<String>,
    label: Option<String>,
    site: Option<String>,
    target: Option<String>,
    pool: Option<String>,
    source: Option<Selector>,
    trunk: Option<String>,
    business_line: Option<String>,
    /// Empty for none.
    second_line: Option<String>,
    /// Empty for plain forwarding.
    flow: Option<String>,
    /// The feed its calls come through; empty for that of its pool.
    feed: Option<String>,
    /// `warming`, `in_use`, `quarantine` or `released`.
    stage: Option<String>,
    /// Releases or moves the number although it was called within 90 days or copies of a block still show it.
    #[serde(default)]
    insist: bool,
}

/// What becomes of a number that was published.
#[derive(Debug, Deserialize, ToSchema)]
struct StaticInput {
    /// Where it is published; its calls get this name.
    label: String,
}

/// The tracking numbers of the account.
#[utoipa::path(get, path = "/numbers", tag = "assignment", operation_id = "listNumbers", responses((status = 200, body = Page<NumberItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<NumberItem>>, Problem> {
    caller.may(Need::Read)?;
    let view = View::load(&app, &caller).await?;
    let directory = app.backend.directory.now();
    let items = directory
        .numbers_of(caller.account)
        .iter()
        .map(|n| view.item(n))
        .collect();
    Ok(Json(Page::whole(items)))
}

/// Adds a tracking number. Only the operator claims numbers, because they are the instance's.
#[utoipa::path(post, path = "/numbers", tag = "assignment", operation_id = "createNumber", request_body = NumberInput, responses((status = 201, body = NumberItem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<NumberInput>,
) -> Result<(StatusCode, Json<NumberItem>), Problem> {
    caller.may(Need::Operate)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let text = input
        .number
        .clone()
        .ok_or_else(|| Problem::invalid("number", "Write the number."))?;
    let line = input
        .business_line
        .clone()
        .ok_or_else(|| Problem::invalid("business_line", "Write where its calls go."))?;
    let trunk = input
        .trunk
        .clone()
        .ok_or_else(|| Problem::invalid("trunk", "Choose the trunk its calls come over."))?;
    let number = TrackingNumber {
        id: app.backend.moment.id(),
        account: caller.account,
        trunk: id("trunk", &trunk)?,
        number: phone("number", &text, home)?,
        kind: NumberUse::Static,
        label: String::new(),
        site: None,
        target: None,
        pool: None,
        selector: SourceSelector::default(),
        business_line: phone("business_line", &line, home)?,
        second_line: None,
        flow: None,
        feed: None,
        stage: NumberStage::InUse,
        stage_since: app.backend.moment.now(),
        created_at: app.backend.moment.now(),
    };
    let number = merge(&app, number, input, home)?;
    app.backend.setup.put_number(&number).await?;
    let view = View::load(&app, &caller).await?;
    Ok((StatusCode::CREATED, Json(view.item(&number))))
}

/// A tracking number.
#[utoipa::path(get, path = "/numbers/{id}", tag = "assignment", operation_id = "readNumber", params(("id" = String, Path)), responses((status = 200, body = NumberItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<NumberItem>, Problem> {
    caller.may(Need::Read)?;
    let number = find(&app, &caller, &id)?;
    Ok(Json(View::load(&app, &caller).await?.item(&number)))
}

/// Changes a tracking number.
#[utoipa::path(patch, path = "/numbers/{id}", tag = "assignment", operation_id = "changeNumber", params(("id" = String, Path)), request_body = NumberInput, responses((status = 200, body = NumberItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<NumberInput>,
) -> Result<Json<NumberItem>, Problem> {
    caller.may(Need::Write)?;
    let number = find(&app, &caller, &id)?;
    if input.number.is_some() || input.trunk.is_some() {
        caller.may(Need::Operate)?;
    }
    let (_, home) = account_defaults(&app, &caller)?;
    let insist = input.insist;
    let before = number.stage;
    let number = merge(&app, number, input, home)?;
    let view = View::load(&app, &caller).await?;
    if number.stage == NumberStage::Released && before != number.stage && !insist {
        release_warning(&app, &caller, number.id).await?;
    }
    app.backend.setup.change_number(&number, insist).await?;
    Ok(Json(view.renewed(&app).item(&number)))
}

/// Refuses to release a number that people still call.
async fn release_warning(app: &Web, caller: &Caller, number: NumberId) -> Result<(), Problem> {
    if let Some(hold) = app.backend.assignments.hold(number) {
        let directory = app.backend.directory.now();
        let site = directory.site(hold.site).map(|entry| &entry.site);
        let (name, day) = site.map_or_else(
            || {
                let day = hold.until.to_rfc3339();
                let day = day.get(..10).unwrap_or("a later day").to_owned();
                ("a removed site".to_owned(), day)
            },
            |s| (format!("`{}`", s.name), s.zone.day(hold.until)),
        );
        return Err(Problem::conflict(format!(
            "Copies of the block of {name} still show this number to everybody, and after its release they reach nobody. \
             It is free on {day} if no page tells of such a copy any more. Keep it in quarantine until then, or send \
             `insist` to release it all the same.",
        )));
    }
    let Some(calls) = lately_called(app, caller, number).await? else {
        return Ok(());
    };
    Err(Problem::conflict(format!(
        "{calls} came on this number, and after its release they reach nobody. \
         Keep it in quarantine, or send `insist` to release it all the same.",
    )))
}

/// How many calls came on a number lately, in words; `None` when there was none.
pub(super) async fn lately_called(
    app: &Web,
    caller: &Caller,
    number: NumberId,
) -> Result<Option<String>, Problem> {
    let since = app
        .backend
        .moment
        .now()
        .plus_millis(-RELEASE_QUIET_DAYS * DAY_MS);
    let counted = app.backend.records.by_number(caller.account, since).await?;
    let calls = counted.iter().find(|(id, _)| *id == number);
    Ok(calls
        .filter(|(_, count)| count.calls > 0)
        .map(|(_, count)| {
            let calls = if count.calls == 1 { "call" } else { "calls" };
            format!("{} {calls} within {RELEASE_QUIET_DAYS} days", count.calls)
        }))
}

/// Takes a number that was published out of its pool and names its calls.
#[utoipa::path(post, path = "/numbers/{id}/make-static", tag = "assignment", operation_id = "makeNumberStatic", params(("id" = String, Path)), request_body = StaticInput, responses((status = 200, body = NumberItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn make_static(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<StaticInput>,
) -> Result<Json<NumberItem>, Problem> {
    caller.may(Need::Write)?;
    let number = find(&app, &caller, &id)?;
    let label: String = input.label.chars().take(LABEL_MAX).collect();
    let number = app.backend.inventory.make_static(&number, &label).await?;
    Ok(Json(View::load(&app, &caller).await?.item(&number)))
}

/// Removes a tracking number that was never shown or called.
#[utoipa::path(delete, path = "/numbers/{id}", tag = "assignment", operation_id = "deleteNumber", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Operate)?;
    let number = find(&app, &caller, &id)?;
    let directory = app.backend.directory.now();
    if directory
        .holding(number.id)
        .is_some_and(|h| h.given_back_at.is_none())
    {
        return Err(Problem::conflict(
            "The carrier charges for this number. Give it back to the carrier first.",
        ));
    }
    app.backend.setup.delete_number(number.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn find(app: &Web, caller: &Caller, text: &str) -> Result<TrackingNumber, Problem> {
    let missing = || Problem::not_found("number");
    let id = NumberId::parse(text).map_err(|_| missing())?;
    let directory = app.backend.directory.now();
    let number = directory.number(id).filter(|n| n.account == caller.account);
    number.map(|n| TrackingNumber::clone(n)).ok_or_else(missing)
}

fn merge(
    app: &Web,
    mut number: TrackingNumber,
    input: NumberInput,
    home: Country,
) -> Result<TrackingNumber, Problem> {
    if let Some(text) = input.number {
        number.number = phone("number", &text, home)?;
    }
    if let Some(kind) = input.kind {
        number.kind = NumberUse::from_word(&kind)
            .ok_or_else(|| Problem::invalid("kind", "Write static, source or pool."))?;
    }
    if let Some(label) = input.label {
        number.label = label.trim().chars().take(LABEL_MAX).collect();
    }
    number.site = optional("site", input.site.as_deref(), number.site)?;
    number.target = optional("target", input.target.as_deref(), number.target)?;
    number.pool = optional("pool", input.pool.as_deref(), number.pool)?;
    number.flow = optional("flow", input.flow.as_deref(), number.flow)?;
    number.feed = optional("feed", input.feed.as_deref(), number.feed)?;
    if let Some(trunk) = input.trunk {
        number.trunk = id("trunk", &trunk)?;
    }
    if let Some(pool) = number.pool {
        let directory = app.backend.directory.now();
        let pool = directory
            .pool(pool)
            .ok_or_else(|| Problem::invalid("pool", "There is no such pool."))?;
        number.site = Some(pool.settings.site);
        number.target = Some(pool.settings.target);
    }
    if let Some(source) = input.source {
        number.selector = selector(source)?;
    }
    if let Some(text) = input.business_line {
        number.business_line = phone("business_line", &text, home)?;
    }
    if let Some(text) = input.second_line {
        number.second_line = if text.trim().is_empty() {
            None
        } else {
            Some(phone("second_line", &text, home)?)
        };
    }
    if let Some(word) = input.stage {
        let stage = NumberStage::from_word(&word).ok_or_else(|| {
            Problem::invalid("stage", "Write warming, in_use, quarantine or released.")
        })?;
        if stage != number.stage {
            number.stage = stage;
            number.stage_since = app.backend.moment.now();
        }
    }
    Ok(number)
}

/// Reads the sources of a number or a pool.
pub(super) fn selector(input: Selector) -> Result<SourceSelector, Problem> {
    let given = |text: Option<String>| {
        text.map(|t| t.trim().to_lowercase())
            .filter(|t| !t.is_empty())
    };
    let channel = match given(input.channel) {
        None => None,
        Some(word) => {
            let known = Channel::from_word(&word);
            Some(known.ok_or_else(|| {
                Problem::invalid(
                    "source",
                    format!("`{word}` is not a channel such as paid_search."),
                )
            })?)
        }
    };
    Ok(SourceSelector {
        channel,
        medium: given(input.medium),
        source: given(input.source),
    })
}

/// Reads a phone number of a field.
pub(super) fn phone(
    field: &'static str,
    text: &str,
    home: Country,
) -> Result<PhoneNumber, Problem> {
    PhoneNumber::parse(text, home).map_err(|e| Problem::invalid(field, e.to_string()))
}

/// Reads an id of a field.
pub(super) fn id<K: IdKind>(field: &'static str, text: &str) -> Result<Id<K>, Problem> {
    Id::parse(text).map_err(|e| Problem::invalid(field, e.to_string()))
}

/// An id to change: left out stays, empty clears.
pub(super) fn optional<K: IdKind>(
    field: &'static str,
    given: Option<&str>,
    now: Option<Id<K>>,
) -> Result<Option<Id<K>>, Problem> {
    match given {
        None => Ok(now),
        Some("") => Ok(None),
        Some(text) => id(field, text).map(Some),
    }
}

/// A number as it is shown after a change.
pub(super) async fn shown(
    app: &Web,
    caller: &Caller,
    number: &TrackingNumber,
) -> Result<NumberItem, Problem> {
    Ok(View::load(app, caller).await?.item(number))
}
