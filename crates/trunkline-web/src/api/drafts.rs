//! A site's draft, its published versions, and the link that shows the draft on the live site.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::SiteContent;
use trunkline_core::base::Country;
use trunkline_core::visitor::Landing;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::page::Page;
use super::sites::{
    SiteItem, TargetInput, TargetItem, account_defaults, find, item, parse, target,
};
use super::source_rules::SourceRulesItem;
use super::swap_settings::SwapSettingsItem;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;
use crate::snippet::preview;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(save, discard))
        .routes(routes!(publish))
        .routes(routes!(versions))
        .routes(routes!(restore))
        .routes(routes!(preview_link))
}

/// What is drafted and published as one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteContent)]
pub(super) struct SiteContentItem {
    targets: Vec<TargetItem>,
    swap: SwapSettingsItem,
    source_rules: SourceRulesItem,
}

impl SiteContentItem {
    pub(super) fn new(content: &SiteContent, home: Country) -> Self {
        Self {
            targets: content
                .targets
                .iter()
                .map(|t| TargetItem::new(t, home))
                .collect(),
            swap: SwapSettingsItem::new(&content.swap),
            source_rules: (&content.source_rules).into(),
        }
    }
}

/// Changes of a draft; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct DraftInput {
    targets: Option<Vec<TargetInput>>,
    swap: Option<SwapSettingsItem>,
    source_rules: Option<SourceRulesItem>,
}

/// Changes the draft. One that says what is published anyway is none.
#[utoipa::path(put, path = "/sites/{id}/draft", tag = "assignment", operation_id = "saveDraft", params(("id" = String, Path)), request_body = DraftInput, responses((status = 200, body = SiteItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<DraftInput>,
) -> Result<Json<SiteItem>, Problem> {
    caller.may(Need::Write)?;
    let id = parse(&id)?;
    let site = find(&app, &caller, id)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let mut content = SiteContent::worked_on(&site.site);
    if let Some(targets) = input.targets {
        let read = targets
            .into_iter()
            .map(|t| target(&app, &site.site, t, home));
        content.targets = read.collect::<Result<_, _>>()?;
    }
    if let Some(swap) = input.swap {
        content.swap = swap.read(home)?;
    }
    if let Some(rules) = input.source_rules {
        content.source_rules = rules.read()?;
    }
    app.backend.setup.save_draft(id, content).await?;
    Ok(Json(item(&app, &*find(&app, &caller, id)?)))
}

/// Forgets the draft.
#[utoipa::path(delete, path = "/sites/{id}/draft", tag = "assignment", operation_id = "discardDraft", params(("id" = String, Path)), responses((status = 200, body = SiteItem), (status = 404, body = Problem)))]
async fn discard(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SiteItem>, Problem> {
    caller.may(Need::Write)?;
    let id = parse(&id)?;
    find(&app, &caller, id)?;
    app.backend.setup.discard_draft(id).await?;
    Ok(Json(item(&app, &*find(&app, &caller, id)?)))
}

/// Publishes the draft as the next version.
#[utoipa::path(post, path = "/sites/{id}/publish", tag = "assignment", operation_id = "publishSite", params(("id" = String, Path)), responses((status = 200, body = SiteItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn publish(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SiteItem>, Problem> {
    caller.may(Need::Write)?;
    let id = parse(&id)?;
    find(&app, &caller, id)?;
    app.backend
        .setup
        .publish(id, app.backend.moment.now())
        .await?;
    Ok(Json(item(&app, &*find(&app, &caller, id)?)))
}

/// A published version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteVersion)]
struct VersionItem {
    version: i64,
    published_at: i64,
    content: SiteContentItem,
}

/// The published versions, newest first; a hundred are kept.
#[utoipa::path(get, path = "/sites/{id}/versions", tag = "assignment", operation_id = "siteVersions", params(("id" = String, Path)), responses((status = 200, body = Page<VersionItem>), (status = 404, body = Problem)))]
async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Page<VersionItem>>, Problem> {
    caller.may(Need::Read)?;
    let id = parse(&id)?;
    find(&app, &caller, id)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let versions = app.backend.setup.versions(id).await?;
    let items = versions.iter().map(|v| VersionItem {
        version: v.version,
        published_at: v.published_at.as_millis(),
        content: SiteContentItem::new(&v.content, home),
    });
    Ok(Json(Page::whole(items.collect())))
}

/// Publishes what an earlier version said, as the next version.
#[utoipa::path(post, path = "/sites/{id}/versions/{version}/restore", tag = "assignment", operation_id = "restoreVersion", params(("id" = String, Path), ("version" = i64, Path)), responses((status = 200, body = SiteItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<SiteItem>, Problem> {
    caller.may(Need::Write)?;
    let id = parse(&id)?;
    find(&app, &caller, id)?;
    let version = version.parse().map_err(|_| Problem::not_found("version"))?;
    app.backend
        .setup
        .restore(id, version, app.backend.moment.now())
        .await?;
    Ok(Json(item(&app, &*find(&app, &caller, id)?)))
}

/// Where to look at the draft.
#[derive(Debug, Deserialize, ToSchema)]
struct PreviewInput {
    /// A page of the site; its home page when left out.
    page: Option<String>,
}

/// A link that shows the draft.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewLink {
    /// Opens the page with the draft, in the browser that follows it.
    url: String,
    expires_at: i64,
}

/// Makes a link that shows the draft on the live site, for an hour, in the browser that opens it.
#[utoipa::path(post, path = "/sites/{id}/preview-link", tag = "assignment", operation_id = "previewLink", params(("id" = String, Path)), request_body = PreviewInput, responses((status = 200, body = PreviewLink), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn preview_link(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<PreviewInput>,
) -> Result<Json<PreviewLink>, Problem> {
    caller.may(Need::Write)?;
    let site = find(&app, &caller, parse(&id)?)?;
    let home = || {
        format!(
            "https://{}/",
            site.site.hosts.first().map_or("", |h| h.as_str())
        )
    };
    let page = input
        .page
        .map(|p| p.trim().to_owned())
        .filter(|p| !p.is_empty());
    let page = page.unwrap_or_else(home);
    let own = Landing::parse(&page).is_some_and(|landing| site.site.has_host(&landing.host));
    if !own || page.len() > PAGE_MAX {
        return Err(Problem::invalid(
            "page",
            "Write the whole address of a page on one of the site's hosts.",
        ));
    }
    let expires_at = app.backend.moment.now().plus_millis(preview::LINK_MS);
    let token = preview::seal(&app.token_key, site.site.id, expires_at);
    let (address, fragment) = page
        .split_once('#')
        .map_or((page.as_str(), ""), |(a, f)| (a, f));
    let mark = if address.contains('?') { '&' } else { '?' };
    let mut url = format!("{address}{mark}{}={token}", preview::PARAMETER);
    if !fragment.is_empty() {
        url = format!("{url}#{fragment}");
    }
    Ok(Json(PreviewLink {
        url,
        expires_at: expires_at.as_millis(),
    }))
}

/// Longest address of a page, in bytes.
const PAGE_MAX: usize = 2_048;
