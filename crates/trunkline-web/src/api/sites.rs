//! Sites: where numbers are swapped, and the block their owners paste.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::{Site, SwapSettings, SwapTarget};
use trunkline_core::base::id::{SiteId, SwapTargetId};
use trunkline_core::base::{Country, PhoneNumber, Zone};
use trunkline_core::visitor::SourceRules;
use trunkline_engine::directory::SiteEntry;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::drafts::SiteContentItem;
use super::numbers::{Named, optional};
use super::page::Page;
use super::source_rules::SourceRulesItem;
use super::swap_settings::SwapSettingsItem;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;
use crate::snippet::block;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
        .routes(routes!(snippet))
}

/// A web site.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Site)]
pub(super) struct SiteItem {
    id: String,
    name: String,
    /// Random key in the snippet's addresses.
    key: String,
    hosts: Vec<String>,
    /// IANA time zone.
    zone: String,
    targets: Vec<TargetItem>,
    /// Whether a source number is shown in place of a pool number when both fit.
    source_numbers_win: bool,
    source_rules: SourceRulesItem,
    swap: SwapSettingsItem,
    /// Changes that are not published yet.
    draft: Option<SiteContentItem>,
    config_version: i64,
    /// The call flow of its numbers that name none.
    flow: Option<Named>,
    published_at: i64,
    created_at: i64,
    last_seen: Option<LastSeen>,
}

/// A number printed on the pages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SwapTarget)]
pub(super) struct TargetItem {
    id: String,
    label: String,
    number: String,
    number_display: String,
}

impl TargetItem {
    pub(super) fn new(target: &SwapTarget, home: Country) -> Self {
        Self {
            id: target.id.to_string(),
            label: target.label.clone(),
            number: target.number.to_string(),
            number_display: target.number.display_for(home),
        }
    }
}

/// When the snippet was last heard of.
#[derive(Debug, Serialize, ToSchema)]
struct LastSeen {
    at: i64,
    page: String,
    /// Places that were swapped on the page.
    swaps: u32,
    config_version: i64,
}

/// A site to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct SiteInput {
    name: Option<String>,
    /// Host names such as `www.example.com`.
    hosts: Option<Vec<String>>,
    zone: Option<String>,
    targets: Option<Vec<TargetInput>>,
    source_numbers_win: Option<bool>,
    source_rules: Option<SourceRulesItem>,
    swap: Option<SwapSettingsItem>,
    /// The call flow of its numbers that name none; empty text for none.
    flow: Option<String>,
}

/// A number printed on the pages.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SwapTargetInput)]
pub(super) struct TargetInput {
    /// The target to keep; a new one when left out.
    id: Option<String>,
    label: Option<String>,
    number: String,
}

/// The sites of the account.
#[utoipa::path(get, path = "/sites", tag = "assignment", operation_id = "listSites", responses((status = 200, body = Page<SiteItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<SiteItem>>, Problem> {
    caller.may(Need::Read)?;
    let directory = app.backend.directory.now();
    Ok(Json(Page::whole(
        directory
            .sites_of(caller.account)
            .iter()
            .map(|s| item(&app, s))
            .collect(),
    )))
}

/// Makes a site.
#[utoipa::path(post, path = "/sites", tag = "assignment", operation_id = "createSite", request_body = SiteInput, responses((status = 201, body = SiteItem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<SiteInput>,
) -> Result<(StatusCode, Json<SiteItem>), Problem> {
    caller.may(Need::Write)?;
    let (zone, home) = account_defaults(&app, &caller)?;
    let site = Site {
        id: app.backend.moment.id(),
        account: caller.account,
        key: URL_SAFE_NO_PAD.encode(app.random::<9>()?),
        name: String::new(),
        hosts: Vec::new(),
        zone,
        targets: Vec::new(),
        source_numbers_win: false,
        source_rules: SourceRules::default(),
        swap: SwapSettings::default(),
        draft: None,
        published_at: app.backend.moment.now(),
        config_version: 1,
        flow: None,
        created_at: app.backend.moment.now(),
    };
    let site = merge(&app, site, input, home)?;
    let id = site.id;
    app.backend.setup.put_site(site).await?;
    Ok((
        StatusCode::CREATED,
        Json(item(&app, &*find(&app, &caller, id)?)),
    ))
}

/// A site.
#[utoipa::path(get, path = "/sites/{id}", tag = "assignment", operation_id = "readSite", params(("id" = String, Path)), responses((status = 200, body = SiteItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SiteItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(item(&app, &*find(&app, &caller, parse(&id)?)?)))
}

/// Changes a site.
#[utoipa::path(patch, path = "/sites/{id}", tag = "assignment", operation_id = "changeSite", params(("id" = String, Path)), request_body = SiteInput, responses((status = 200, body = SiteItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<SiteInput>,
) -> Result<Json<SiteItem>, Problem> {
    caller.may(Need::Write)?;
    let id = parse(&id)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let site = merge(&app, find(&app, &caller, id)?.site.clone(), input, home)?;
    app.backend.setup.put_site(site).await?;
    Ok(Json(item(&app, &*find(&app, &caller, id)?)))
}

/// Removes a site without pools and numbers.
#[utoipa::path(delete, path = "/sites/{id}", tag = "assignment", operation_id = "deleteSite", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let id = parse(&id)?;
    find(&app, &caller, id)?;
    app.backend.setup.delete_site(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The block to paste into a site's pages.
#[derive(Debug, Serialize, ToSchema)]
struct Snippet {
    /// For the `<head>` of every page.
    block: String,
    /// One tag, for tag managers.
    one_tag: String,
    /// For the `<head>` too, with the core inside: no script is fetched.
    all_inline: String,
    /// For `script-src` of a content security policy, with `block`.
    csp_hash: String,
    /// The same with `all_inline`.
    all_inline_csp_hash: String,
    config_version: i64,
    /// Size of the inlined loader after compression.
    loader_bytes: usize,
    /// Size of the script of `all_inline` after compression.
    all_inline_bytes: usize,
}

/// The block to paste.
#[utoipa::path(get, path = "/sites/{id}/snippet", tag = "assignment", operation_id = "siteSnippet", params(("id" = String, Path)), responses((status = 200, body = Snippet), (status = 404, body = Problem)))]
async fn snippet(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Snippet>, Problem> {
    caller.may(Need::Read)?;
    let site = find(&app, &caller, parse(&id)?)?;
    let made = block::block(&app.settings.public_url, &site)?;
    Ok(Json(Snippet {
        block: made.block,
        one_tag: made.one_tag,
        all_inline: made.all_inline,
        csp_hash: made.csp_hash,
        all_inline_csp_hash: made.all_inline_csp_hash,
        config_version: site.site.config_version,
        loader_bytes: made.loader_bytes,
        all_inline_bytes: made.all_inline_bytes,
    }))
}

pub(super) fn parse(id: &str) -> Result<SiteId, Problem> {
    SiteId::parse(id).map_err(|_| Problem::not_found("site"))
}

pub(super) fn find(
    app: &Web,
    caller: &Caller,
    id: SiteId,
) -> Result<std::sync::Arc<SiteEntry>, Problem> {
    let directory = app.backend.directory.now();
    let site = directory
        .site(id)
        .filter(|s| s.site.account == caller.account);
    site.cloned().ok_or_else(|| Problem::not_found("site"))
}

/// Zone and home country of the caller's account.
pub(super) fn account_defaults(app: &Web, caller: &Caller) -> Result<(Zone, Country), Problem> {
    let directory = app.backend.directory.now();
    let account = directory
        .account(caller.account)
        .ok_or_else(|| Problem::not_found("account"))?;
    Ok((account.zone.clone(), account.country))
}

fn merge(app: &Web, mut site: Site, input: SiteInput, home: Country) -> Result<Site, Problem> {
    if let Some(name) = input.name {
        site.name = name.trim().to_owned();
    }
    if let Some(hosts) = input.hosts {
        site.hosts = hosts
            .iter()
            .map(|h| h.trim().trim_end_matches('.').to_lowercase())
            .collect();
    }
    if let Some(zone) = input.zone {
        site.zone = Zone::parse(&zone).map_err(|e| Problem::invalid("zone", e.to_string()))?;
    }
    if let Some(targets) = input.targets {
        site.targets = targets
            .into_iter()
            .map(|t| target(app, &site, t, home))
            .collect::<Result<_, _>>()?;
    }
    site.published_at = app.backend.moment.now();
    site.source_numbers_win = input.source_numbers_win.unwrap_or(site.source_numbers_win);
    if let Some(rules) = input.source_rules {
        site.source_rules = rules.read()?;
    }
    if let Some(swap) = input.swap {
        site.swap = swap.read(home)?;
    }
    site.flow = optional("flow", input.flow.as_deref(), site.flow)?;
    Ok(site)
}

/// A target as it is written: one the site or its draft has, or a new one.
pub(super) fn target(
    app: &Web,
    site: &Site,
    input: TargetInput,
    home: Country,
) -> Result<SwapTarget, Problem> {
    let id = match input.id {
        None => app.backend.moment.id(),
        Some(id) => {
            let id =
                SwapTargetId::parse(&id).map_err(|e| Problem::invalid("targets", e.to_string()))?;
            let drafted = site.draft.iter().flat_map(|draft| &draft.targets);
            site.targets
                .iter()
                .chain(drafted)
                .find(|t| t.id == id)
                .ok_or_else(|| Problem::invalid("targets", "The site has no such target."))?
                .id
        }
    };
    let number = PhoneNumber::parse(&input.number, home)
        .map_err(|e| Problem::invalid("targets", e.to_string()))?;
    let label = input
        .label
        .map(|l| l.trim().to_owned())
        .filter(|l| !l.is_empty());
    Ok(SwapTarget {
        id,
        label: label.unwrap_or_else(|| "Main line".to_owned()),
        number,
    })
}

pub(super) fn item(app: &Web, entry: &SiteEntry) -> SiteItem {
    let site = &entry.site;
    let home = app
        .backend
        .directory
        .now()
        .account(site.account)
        .map_or(Country::US, |a| a.country);
    let seen = app.backend.assignments.site_seen(site.id);
    let directory = app.backend.directory.now();
    let flow = site.flow.and_then(|id| directory.flow(id));
    SiteItem {
        id: site.id.to_string(),
        name: site.name.clone(),
        key: site.key.clone(),
        hosts: site.hosts.clone(),
        zone: site.zone.name().to_owned(),
        targets: site
            .targets
            .iter()
            .map(|t| TargetItem::new(t, home))
            .collect(),
        source_numbers_win: site.source_numbers_win,
        source_rules: (&site.source_rules).into(),
        swap: SwapSettingsItem::new(&site.swap),
        draft: site.draft.as_deref().map(|d| SiteContentItem::new(d, home)),
        published_at: site.published_at.as_millis(),
        config_version: site.config_version,
        flow: flow.map(|f| Named {
            id: f.id.to_string(),
            name: f.name.clone(),
        }),
        created_at: site.created_at.as_millis(),
        last_seen: seen.map(|s| LastSeen {
            at: s.at.as_millis(),
            page: s.page,
            swaps: s.swaps,
            config_version: s.config_version,
        }),
    }
}
