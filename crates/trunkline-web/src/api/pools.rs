//! Pools: their settings, and who holds which number now.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::{PoolRule, PoolSettings, SlotUse};
use trunkline_core::base::id::PoolId;
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::visitor::SourceSelector;
use trunkline_core::visitor::source::label;
use trunkline_engine::assignment::{PoolView, visitor_label};
use trunkline_engine::directory::PoolEntry;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::numbers::{Named, Selector, id, optional, selector};
use super::page::Page;
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(leases))
}

/// A pool of tracking numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pool)]
struct PoolItem {
    id: String,
    name: String,
    site: Named,
    /// The swap target its numbers stand for.
    target: String,
    /// Whether a number stays locked to its session until it was out of sight for half an hour.
    strict: bool,
    /// The visitors it is for; null: of every source.
    source: Option<Selector>,
    /// Start of the path of the pages it is for; empty for all.
    page: String,
    /// The feed that calls on its numbers come through.
    feed: Option<String>,
    size: usize,
    /// What is neither free nor in a call: visible, not confirmed yet, locked, or kept aside after a call.
    held: usize,
    /// What a new visitor could get now: idle, or with a holder who is silent beyond the floor.
    free: usize,
    in_call: usize,
    /// The numbers shown when none is free, the closest source first, last the one for everybody else.
    overflow: Vec<OverflowItem>,
    /// Visitors who got no number because their network held its share while the pool ran short, since the start of the
    /// server.
    turned_away: Option<TurnedAwayItem>,
    created_at: i64,
}

/// Visitors of a network that held its share of a pool.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TurnedAway)]
struct TurnedAwayItem {
    /// The network that was turned away last, such as `203.0.113.0/24`.
    network: String,
    times: u64,
    last_at: i64,
}

/// A number shown to visitors of a source when the pool has none to give.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overflow)]
struct OverflowItem {
    source_label: String,
    number: String,
    number_display: String,
}

/// A pool to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct PoolInput {
    name: Option<String>,
    site: Option<String>,
    /// The site's first target when left out.
    target: Option<String>,
    strict: Option<bool>,
    /// The sources it is for; empty parts for all.
    source: Option<Selector>,
    /// Start of the path of the pages it is for, such as `/roofing`; empty for all.
    page: Option<String>,
    /// The feed that calls on its numbers come through; empty for none.
    feed: Option<String>,
}

/// Who holds the numbers of a pool, at one moment.
#[derive(Debug, Serialize, ToSchema)]
struct Leases {
    now: i64,
    items: Vec<PoolLease>,
}

/// A number of a pool and its holder.
#[derive(Debug, Serialize, ToSchema)]
struct PoolLease {
    number: LeaseNumber,
    /// `in_call`, `cooling`, `provisional`, `held` or `idle`.
    state: &'static str,
    session: Option<String>,
    visitor_label: Option<String>,
    source_label: Option<String>,
    page: Option<String>,
    since_at: Option<i64>,
    last_visible_at: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LeaseNumber {
    id: String,
    number: String,
    number_display: String,
}

/// The pools of the account.
#[utoipa::path(get, path = "/pools", tag = "assignment", operation_id = "listPools", responses((status = 200, body = Page<PoolItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<PoolItem>>, Problem> {
    caller.may(Need::Read)?;
    let directory = app.backend.directory.now();
    let items = directory
        .pools_of(caller.account)
        .iter()
        .map(|p| item(&app, &caller, p))
        .collect::<Result<_, _>>()?;
    Ok(Json(Page::whole(items)))
}

/// Makes a pool.
#[utoipa::path(post, path = "/pools", tag = "assignment", operation_id = "createPool", request_body = PoolInput, responses((status = 201, body = PoolItem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<PoolInput>,
) -> Result<(StatusCode, Json<PoolItem>), Problem> {
    caller.may(Need::Write)?;
    let site = input
        .site
        .as_deref()
        .ok_or_else(|| Problem::invalid("site", "Choose the site it serves."))?;
    let site = super::sites::find(&app, &caller, id("site", site)?)?;
    let target = match &input.target {
        Some(text) => id("target", text)?,
        None => {
            site.site
                .targets
                .first()
                .ok_or_else(|| Problem::invalid("site", "The site has no swap target yet."))?
                .id
        }
    };
    let pool = PoolSettings {
        id: app.backend.moment.id(),
        account: caller.account,
        site: site.site.id,
        target,
        name: input.name.unwrap_or_default().trim().to_owned(),
        strict: input.strict.unwrap_or(false),
        rule: PoolRule {
            sources: input.source.map(selector).transpose()?.unwrap_or_default(),
            page: input.page.unwrap_or_default().trim().to_owned(),
        },
        feed: optional("feed", input.feed.as_deref(), None)?,
        created_at: app.backend.moment.now(),
    };
    app.backend.setup.put_pool(&pool).await?;
    Ok((
        StatusCode::CREATED,
        Json(item(
            &app,
            &caller,
            &*find(&app, &caller, &pool.id.to_string())?,
        )?),
    ))
}

/// A pool.
#[utoipa::path(get, path = "/pools/{id}", tag = "assignment", operation_id = "readPool", params(("id" = String, Path)), responses((status = 200, body = PoolItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PoolItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(item(&app, &caller, &*find(&app, &caller, &id)?)?))
}

/// Changes the name, the strictness or the visitors of a pool.
#[utoipa::path(patch, path = "/pools/{id}", tag = "assignment", operation_id = "changePool", params(("id" = String, Path)), request_body = PoolInput, responses((status = 200, body = PoolItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<PoolInput>,
) -> Result<Json<PoolItem>, Problem> {
    caller.may(Need::Write)?;
    let mut pool = find(&app, &caller, &id)?.settings.clone();
    if input.site.is_some() || input.target.is_some() {
        return Err(Problem::invalid(
            "site",
            "A pool stays with its site and target. Make another pool instead.",
        ));
    }
    if let Some(name) = input.name {
        pool.name = name.trim().to_owned();
    }
    pool.strict = input.strict.unwrap_or(pool.strict);
    if let Some(source) = input.source {
        pool.rule.sources = selector(source)?;
    }
    if let Some(page) = input.page {
        pool.rule.page = page.trim().to_owned();
    }
    pool.feed = optional("feed", input.feed.as_deref(), pool.feed)?;
    app.backend.setup.put_pool(&pool).await?;
    Ok(Json(item(&app, &caller, &*find(&app, &caller, &id)?)?))
}

/// Removes a pool without numbers.
#[utoipa::path(delete, path = "/pools/{id}", tag = "assignment", operation_id = "deletePool", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let pool = find(&app, &caller, &id)?;
    app.backend.setup.delete_pool(pool.settings.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who holds which number of a pool now.
#[utoipa::path(get, path = "/pools/{id}/leases", tag = "assignment", operation_id = "poolLeases", params(("id" = String, Path)), responses((status = 200, body = Leases), (status = 404, body = Problem)))]
async fn leases(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Leases>, Problem> {
    caller.may(Need::Read)?;
    let pool = find(&app, &caller, &id)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let now = app.backend.moment.now();
    let views = app
        .backend
        .assignments
        .pool_view(pool.settings.site, pool.settings.id);
    let lease = |view: PoolView| {
        let slot = view.slot;
        let state = slot.use_now(pool.settings.strict, now);
        let holder = slot.holder.filter(|_| state != SlotUse::Idle);
        PoolLease {
            number: LeaseNumber {
                id: slot.number.id.to_string(),
                number: slot.number.number.to_string(),
                number_display: slot.number.number.display_for(home),
            },
            state: state.word(),
            session: holder.map(|h| h.session.to_string()),
            visitor_label: holder.map(|h| visitor_label(h.visitor)),
            source_label: view
                .holder
                .as_ref()
                .filter(|_| holder.is_some())
                .map(|(source, _)| source.label()),
            page: view
                .holder
                .filter(|_| holder.is_some())
                .map(|(_, page)| page),
            since_at: holder.map(|h| h.since.as_millis()),
            last_visible_at: Some(slot.last_visible)
                .filter(|at| *at > Timestamp::EPOCH)
                .map(Timestamp::as_millis),
        }
    };
    Ok(Json(Leases {
        now: now.as_millis(),
        items: views.into_iter().map(lease).collect(),
    }))
}

pub(super) fn find(
    app: &Web,
    caller: &Caller,
    text: &str,
) -> Result<std::sync::Arc<PoolEntry>, Problem> {
    let missing = || Problem::not_found("pool");
    let id = PoolId::parse(text).map_err(|_| missing())?;
    let directory = app.backend.directory.now();
    directory
        .pool(id)
        .filter(|p| p.settings.account == caller.account)
        .cloned()
        .ok_or_else(missing)
}

fn item(app: &Web, caller: &Caller, pool: &PoolEntry) -> Result<PoolItem, Problem> {
    let now = app.backend.moment.now();
    let (_, home) = account_defaults(app, caller)?;
    let directory = app.backend.directory.now();
    let site = directory
        .site(pool.settings.site)
        .ok_or_else(Problem::internal)?;
    let views = app
        .backend
        .assignments
        .pool_view(pool.settings.site, pool.settings.id);
    let in_call = views.iter().filter(|v| v.slot.calls > 0).count();
    let strict = pool.settings.strict;
    let free = views
        .iter()
        .filter(|v| v.slot.may_be_given(strict, now))
        .count();
    let targets = site.plan.targets.iter();
    let plan = targets
        .filter(|t| t.target.id == pool.settings.target)
        .collect::<Vec<_>>();
    let shown = |source_label: String, number: PhoneNumber| OverflowItem {
        source_label,
        number: number.to_string(),
        number_display: number.display_for(home),
    };
    let by_source = plan.iter().flat_map(|t| &t.by_source);
    let by_source = by_source.map(|s| shown(selector_label(&s.selector), s.number.number));
    let fixed = plan.iter().filter_map(|t| t.fixed);
    let fixed = fixed.map(|n| shown("Everybody else".to_owned(), n.number));
    Ok(PoolItem {
        id: pool.settings.id.to_string(),
        name: pool.settings.name.clone(),
        site: Named {
            id: site.site.id.to_string(),
            name: site.site.name.clone(),
        },
        target: pool.settings.target.to_string(),
        strict,
        size: views.len(),
        held: views.len() - free - in_call,
        free,
        in_call,
        overflow: by_source.chain(fixed).collect(),
        source: Some(&pool.settings.rule.sources)
            .filter(|sources| !sources.is_empty())
            .map(Selector::from),
        page: pool.settings.rule.page.clone(),
        feed: pool.settings.feed.map(|id| id.to_string()),
        turned_away: app
            .backend
            .assignments
            .turned_away(pool.settings.site, pool.settings.id)
            .map(|t| TurnedAwayItem {
                network: t.network.to_string(),
                times: t.times,
                last_at: t.at.as_millis(),
            }),
        created_at: pool.settings.created_at.as_millis(),
    })
}

/// Name for people of the sources a number stands for.
pub(super) fn selector_label(selector: &SourceSelector) -> String {
    match (selector.channel, &selector.source, &selector.medium) {
        (Some(channel), Some(source), _) => label(channel, source),
        (Some(channel), None, _) => channel.label().to_owned(),
        (None, Some(source), Some(medium)) => format!("{source} / {medium}"),
        (None, Some(one), None) | (None, None, Some(one)) => one.clone(),
        (None, None, None) => "Any source".to_owned(),
    }
}
