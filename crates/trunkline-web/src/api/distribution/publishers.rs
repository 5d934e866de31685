//! Publishers: who sends calls and leads, and is paid for them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_engine::ports::distribution::Publisher;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::page::Page;
use super::{ArchiveInput, ListParams, find, name, page};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(archive))
}

/// A publisher.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Publisher)]
struct PublisherItem {
    id: String,
    name: String,
    note: String,
    archived_at: Option<i64>,
    created_at: i64,
}

impl PublisherItem {
    fn new(publisher: &Publisher) -> Self {
        Self {
            id: publisher.id.to_string(),
            name: publisher.name.clone(),
            note: publisher.note.clone(),
            archived_at: publisher.archived_at.map(Timestamp::as_millis),
            created_at: publisher.created_at.as_millis(),
        }
    }
}

/// A publisher to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PublisherInput, example = json!({"name": "Clicks & Co", "note": "Paid on Fridays"}))]
struct PublisherInput {
    name: Option<String>,
    note: Option<String>,
}

/// The publishers of the account, oldest first.
#[utoipa::path(get, path = "/publishers", tag = "routing", operation_id = "listPublishers", params(ListParams), responses((status = 200, body = Page<PublisherItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<PublisherItem>>, Problem> {
    caller.may(Need::Read)?;
    let market = app.backend.distribution.market(caller.account)?;
    Ok(Json(page(
        market.publishers(),
        &params,
        PublisherItem::new,
    )?))
}

/// Makes a publisher.
#[utoipa::path(post, path = "/publishers", tag = "routing", operation_id = "createPublisher", request_body = PublisherInput, responses((status = 201, body = PublisherItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<PublisherInput>,
) -> Result<(StatusCode, Json<PublisherItem>), Problem> {
    caller.may(Need::Write)?;
    let now = app.backend.moment.now();
    let publisher = Publisher {
        id: app.backend.moment.id(),
        account: caller.account,
        name: name(input.name),
        note: name(input.note),
        archived_at: None,
        created_at: now,
    };
    let item = PublisherItem::new(&publisher);
    let distribution = &app.backend.distribution;
    distribution.create(publisher, None, now).await?;
    Ok((StatusCode::CREATED, Json(item)))
}

/// A publisher.
#[utoipa::path(get, path = "/publishers/{id}", tag = "routing", operation_id = "readPublisher", params(("id" = String, Path)), responses((status = 200, body = PublisherItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PublisherItem>, Problem> {
    caller.may(Need::Read)?;
    let (_, publisher) = find::<Publisher, _>(&app, &caller, &id)?;
    Ok(Json(PublisherItem::new(&publisher)))
}

/// Changes a publisher.
#[utoipa::path(patch, path = "/publishers/{id}", tag = "routing", operation_id = "changePublisher", params(("id" = String, Path)), request_body = PublisherInput, responses((status = 200, body = PublisherItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<PublisherInput>,
) -> Result<Json<PublisherItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, publisher) = find::<Publisher, _>(&app, &caller, &id)?;
    let change = |publisher: &mut Publisher| {
        if let Some(text) = input.name {
            publisher.name = name(Some(text));
        }
        if let Some(text) = input.note {
            publisher.note = name(Some(text));
        }
    };
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, publisher.id, change);
    Ok(Json(PublisherItem::new(&*changed.await?)))
}

/// Puts a publisher without feeds away, or takes it out again.
#[utoipa::path(post, path = "/publishers/{id}/archive", tag = "routing", operation_id = "archivePublisher", params(("id" = String, Path)), request_body = ArchiveInput, responses((status = 200, body = PublisherItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ArchiveInput>,
) -> Result<Json<PublisherItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, publisher) = find::<Publisher, _>(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    let changed =
        distribution.archive::<Publisher>(caller.account, publisher.id, input.read(&app)?);
    Ok(Json(PublisherItem::new(&*changed.await?)))
}
