//! Tracking numbers: the inventory, what each is used for, and who sees it now.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::{NumberUse, SlotUse, TrackingNumber};
use trunkline_core::base::id::NumberId;
use trunkline_core::base::{Country, Id, IdKind, PhoneNumber, Timestamp};
use trunkline_core::visitor::{Channel, SourceSelector};
use trunkline_engine::assignment::PoolView;
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::calls::NumberUseCount;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::page::Page;
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

const DAYS_30_MS: i64 = 30 * 86_400_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
}

/// An id with its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
}

/// A tracking number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackingNumber)]
struct NumberItem {
    id: String,
    number: String,
    number_display: String,
    /// `static`, `source` or `pool`.
    kind: &'static str,
    label: String,
    site: Option<Named>,
    /// The swap target it stands for; the site's first when null.
    target: Option<String>,
    pool: Option<Named>,
    source: Option<Selector>,
    trunk: Named,
    business_line: String,
    business_line_display: String,
    second_line: Option<String>,
    second_line_display: Option<String>,
    flow: Option<Named>,
    /// `active` or `disabled`; a disabled number is not shown but still takes calls.
    state: &'static str,
    holder: Option<HolderItem>,
    calls_30d: i64,
    last_call_at: Option<i64>,
    created_at: i64,
}

/// The sources a source number stands for; every given part must be equal.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SourceSelector)]
struct Selector {
    channel: Option<String>,
    medium: Option<String>,
    source: Option<String>,
}

/// Who holds a pool number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holder)]
struct HolderItem {
    session: String,
    source_label: String,
    since_at: i64,
    /// Null: the page has not confirmed yet that it shows the number.
    last_visible_at: Option<i64>,
    /// `in_call`, `cooling`, `provisional` or `held`.
    state: &'static str,
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
    state: Option<String>,
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
        active: true,
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
    let number = merge(&app, number, input, home)?;
    app.backend.setup.put_number(&number).await?;
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
    app.backend.setup.delete_number(number.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find(app: &Web, caller: &Caller, text: &str) -> Result<TrackingNumber, Problem> {
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
        number.label = label.trim().chars().take(120).collect();
    }
    number.site = optional("site", input.site.as_deref(), number.site)?;
    number.target = optional("target", input.target.as_deref(), number.target)?;
    number.pool = optional("pool", input.pool.as_deref(), number.pool)?;
    number.flow = optional("flow", input.flow.as_deref(), number.flow)?;
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
    if let Some(state) = input.state {
        number.active = match state.as_str() {
            "active" => true,
            "disabled" => false,
            _ => return Err(Problem::invalid("state", "Write active or disabled.")),
        };
    }
    Ok(number)
}

fn selector(input: Selector) -> Result<SourceSelector, Problem> {
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
fn optional<K: IdKind>(
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

/// What the items are made of, read once for a list.
struct View {
    directory: std::sync::Arc<Directory>,
    home: Country,
    counts: HashMap<NumberId, NumberUseCount>,
    held: HashMap<NumberId, (PoolView, SlotUse)>,
}

impl View {
    async fn load(app: &Web, caller: &Caller) -> Result<Self, Problem> {
        let directory = app.backend.directory.now();
        let since = app.backend.moment.now().plus_millis(-DAYS_30_MS);
        let counts = app.backend.records.by_number(caller.account, since).await?;
        let (_, home) = account_defaults(app, caller)?;
        let now = app.backend.moment.now();
        let mut held = HashMap::new();
        for pool in directory.pools_of(caller.account) {
            for view in app
                .backend
                .assignments
                .pool_view(pool.settings.site, pool.settings.id)
            {
                let use_now = view.slot.use_now(pool.settings.strict, now);
                held.insert(view.slot.number.id, (view, use_now));
            }
        }
        Ok(Self {
            directory,
            home,
            counts: counts.into_iter().collect(),
            held,
        })
    }

    fn item(&self, number: &TrackingNumber) -> NumberItem {
        let count = self.counts.get(&number.id).copied().unwrap_or_default();
        let named = |id: String, name: &str| Named {
            id,
            name: name.to_owned(),
        };
        let directory = &self.directory;
        NumberItem {
            id: number.id.to_string(),
            number: number.number.to_string(),
            number_display: number.number.display_for(self.home),
            kind: number.kind.word(),
            label: number.label.clone(),
            site: number
                .site
                .and_then(|id| directory.site(id))
                .map(|s| named(s.site.id.to_string(), &s.site.name)),
            target: number.target.map(|t| t.to_string()),
            pool: number
                .pool
                .and_then(|id| directory.pool(id))
                .map(|p| named(p.settings.id.to_string(), &p.settings.name)),
            source: (!number.selector.is_empty()).then(|| Selector {
                channel: number.selector.channel.map(|c| c.word().to_owned()),
                medium: number.selector.medium.clone(),
                source: number.selector.source.clone(),
            }),
            trunk: directory.trunk(number.trunk).map_or_else(
                || named(number.trunk.to_string(), "Removed trunk"),
                |t| named(t.profile.id.to_string(), &t.profile.name),
            ),
            business_line: number.business_line.to_string(),
            business_line_display: number.business_line.display_for(self.home),
            second_line: number.second_line.map(|l| l.to_string()),
            second_line_display: number.second_line.map(|l| l.display_for(self.home)),
            flow: number
                .flow
                .and_then(|id| directory.flow(id))
                .map(|f| named(f.id.to_string(), &f.name)),
            state: if number.active { "active" } else { "disabled" },
            holder: self
                .held
                .get(&number.id)
                .and_then(|(view, use_now)| holder(view, *use_now)),
            calls_30d: count.calls,
            last_call_at: count.last_call_at.map(Timestamp::as_millis),
            created_at: number.created_at.as_millis(),
        }
    }
}

fn holder(view: &PoolView, use_now: SlotUse) -> Option<HolderItem> {
    let holder = view.slot.holder.filter(|_| use_now != SlotUse::Idle)?;
    Some(HolderItem {
        session: holder.session.to_string(),
        source_label: view
            .holder
            .as_ref()
            .map_or_else(String::new, |(source, _)| source.label()),
        since_at: holder.since.as_millis(),
        last_visible_at: holder
            .confirmed_at
            .map(|_| view.slot.last_visible.as_millis()),
        state: use_now.word(),
    })
}
