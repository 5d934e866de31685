//! Feeds: a feed's traffic for a campaign, with its keys.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::Timestamp;
use trunkline_core::routing::TermsKind;
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::distribution::{Feed, FeedKey};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::numbers::id;
use super::super::page::Page;
use super::terms::{TermsItem, written};
use super::{ArchiveInput, ListParams, find, is_of, needed, page, terms_stay};
use crate::app::{App, Web};
use crate::auth::{Caller, Need, sha256};
use crate::problem::Problem;

/// Every secret key starts with this, so that leaked ones can be found.
const PREFIX: &str = "tlf_";
/// Characters of a key by which people recognise it.
const SHOWN: usize = 12;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(archive))
        .routes(routes!(rotate))
}

/// A feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Feed)]
struct FeedItem {
    id: String,
    campaign: String,
    campaign_name: String,
    publisher: String,
    publisher_name: String,
    /// First characters of the secret key.
    key_prefix: String,
    key_made_at: i64,
    /// The secret key itself, only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The public key, for forms on pages.
    form_key: String,
    /// Whether somebody paused it; its terms may pause it too.
    paused: bool,
    /// Its terms, in versions; changed by `PUT /terms/{id}` with its id.
    terms: TermsItem,
    archived_at: Option<i64>,
    created_at: i64,
}

impl FeedItem {
    fn new(market: &Market, feed: &Feed) -> Self {
        let campaign = market.campaign(feed.campaign);
        let publisher = market.publisher(feed.publisher);
        Self {
            id: feed.id.to_string(),
            campaign: feed.campaign.to_string(),
            campaign_name: campaign.map_or_else(String::new, |c| c.campaign.name.clone()),
            publisher: feed.publisher.to_string(),
            publisher_name: publisher.map_or_else(String::new, |p| p.name.clone()),
            key_prefix: feed.key.prefix.clone(),
            key_made_at: feed.key.made_at.as_millis(),
            key: None,
            form_key: feed.form_key.clone(),
            paused: feed.paused,
            terms: TermsItem::new(market, feed.id),
            archived_at: feed.archived_at.map(Timestamp::as_millis),
            created_at: feed.created_at.as_millis(),
        }
    }
}

/// A feed to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FeedInput, example = json!({"campaign": "camp_01k7g3z9a0b1c", "publisher": "pub_01k7g3z9a0b1c", "terms": {"payout": {"billable_from_s": 60, "rules": [{"rate": {"fixed": 30}}]}, "rate": {"per_minute": 600}}}))]
struct FeedInput {
    /// Stays what it is once the feed is made.
    campaign: Option<String>,
    /// Stays what it is once the feed is made.
    publisher: Option<String>,
    paused: Option<bool>,
    /// Its first terms; changed by `PUT /terms/{id}` later.
    #[schema(value_type = Option<Object>)]
    terms: Option<Value>,
}

/// The feeds of the account, oldest first.
#[utoipa::path(get, path = "/feeds", tag = "routing", operation_id = "listFeeds", params(ListParams), responses((status = 200, body = Page<FeedItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<FeedItem>>, Problem> {
    caller.may(Need::Read)?;
    let market = app.backend.distribution.market(caller.account)?;
    let all = market.feeds().map(|entry| &entry.feed).filter(|f| {
        is_of(params.campaign.as_ref(), f.campaign) && is_of(params.publisher.as_ref(), f.publisher)
    });
    let item = |feed: &Feed| FeedItem::new(&market, feed);
    Ok(Json(page(all, &params, item)?))
}

/// Makes a feed. Its secret key is in this answer only.
#[utoipa::path(post, path = "/feeds", tag = "routing", operation_id = "createFeed", request_body = FeedInput, responses((status = 201, body = FeedItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<FeedInput>,
) -> Result<(StatusCode, Json<FeedItem>), Problem> {
    caller.may(Need::Write)?;
    let now = app.backend.moment.now();
    let terms = input
        .terms
        .map(|terms| written(&app, &caller, TermsKind::Feed, terms, "terms"));
    let written = terms.transpose()?;
    let campaign = needed("campaign", input.campaign, "Choose what is sent for.")?;
    let publisher = needed("publisher", input.publisher, "Choose who sends it.")?;
    let (secret, key) = fresh_key(&app)?;
    let feed = Feed {
        id: app.backend.moment.id(),
        account: caller.account,
        campaign: id("campaign", &campaign)?,
        publisher: id("publisher", &publisher)?,
        key,
        form_key: URL_SAFE_NO_PAD.encode(app.random::<18>()?),
        paused: input.paused.unwrap_or(false),
        archived_at: None,
        created_at: now,
    };
    let id = feed.id.to_string();
    let distribution = &app.backend.distribution;
    distribution.create(feed, written, now).await?;
    let (market, feed) = find::<Feed, _>(&app, &caller, &id)?;
    let mut item = FeedItem::new(&market, &feed);
    item.key = Some(secret);
    Ok((StatusCode::CREATED, Json(item)))
}

/// A feed.
#[utoipa::path(get, path = "/feeds/{id}", tag = "routing", operation_id = "readFeed", params(("id" = String, Path)), responses((status = 200, body = FeedItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<FeedItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, feed) = find::<Feed, _>(&app, &caller, &id)?;
    Ok(Json(FeedItem::new(&market, &feed)))
}

/// Changes a feed.
#[utoipa::path(patch, path = "/feeds/{id}", tag = "routing", operation_id = "changeFeed", params(("id" = String, Path)), request_body = FeedInput, responses((status = 200, body = FeedItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<FeedInput>,
) -> Result<Json<FeedItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, feed) = find::<Feed, _>(&app, &caller, &id)?;
    terms_stay(input.terms.as_ref())?;
    if input.campaign.is_some() || input.publisher.is_some() {
        return Err(Problem::invalid(
            "campaign",
            "A feed stays with its campaign and publisher. Make another feed instead.",
        ));
    }
    let change = |feed: &mut Feed| feed.paused = input.paused.unwrap_or(feed.paused);
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, feed.id, change);
    changed.await?;
    let (market, feed) = find::<Feed, _>(&app, &caller, &id)?;
    Ok(Json(FeedItem::new(&market, &feed)))
}

/// Puts a feed that no number and no pool names away, or takes it out again.
#[utoipa::path(post, path = "/feeds/{id}/archive", tag = "routing", operation_id = "archiveFeed", params(("id" = String, Path)), request_body = ArchiveInput, responses((status = 200, body = FeedItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ArchiveInput>,
) -> Result<Json<FeedItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, feed) = find::<Feed, _>(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    let changed = distribution.archive::<Feed>(caller.account, feed.id, input.read(&app)?);
    changed.await?;
    let (market, feed) = find::<Feed, _>(&app, &caller, &id)?;
    Ok(Json(FeedItem::new(&market, &feed)))
}

/// A new secret key, and what is kept of it.
fn fresh_key(app: &Web) -> Result<(String, FeedKey), Problem> {
    let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(app.random::<24>()?));
    let key = FeedKey {
        hash: sha256(secret.as_bytes()),
        prefix: secret.chars().take(SHOWN).collect(),
        made_at: app.backend.moment.now(),
    };
    Ok((secret, key))
}

/// Makes another secret key; the one before opens nothing from then on. The key itself is in this answer only.
#[utoipa::path(post, path = "/feeds/{id}/key", tag = "routing", operation_id = "rotateFeedKey", params(("id" = String, Path)), responses((status = 200, body = FeedItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<FeedItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, feed) = find::<Feed, _>(&app, &caller, &id)?;
    let (secret, key) = fresh_key(&app)?;
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, feed.id, |feed: &mut Feed| feed.key = key);
    changed.await?;
    let (market, feed) = find::<Feed, _>(&app, &caller, &id)?;
    let mut item = FeedItem::new(&market, &feed);
    item.key = Some(secret);
    Ok(Json(item))
}
