//! Call flows: documents that say what happens with a call.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::FlowId;
use trunkline_core::call::flow::FlowDocument;
use trunkline_engine::ports::configuration::Flow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::page::Page;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, replace, delete))
}

/// A call flow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
struct FlowItem {
    id: String,
    name: String,
    /// `{schema, start, nodes: {name: {kind, ..., on: {outcome: name}}}}`
    #[schema(value_type = Object)]
    document: FlowDocument,
    version: i64,
    created_at: i64,
}

/// A call flow to make or replace.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowInput {
    name: String,
    #[schema(value_type = Object)]
    document: FlowDocument,
}

/// The call flows of the account.
#[utoipa::path(get, path = "/flows", tag = "call", operation_id = "listFlows", responses((status = 200, body = Page<FlowItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<FlowItem>>, Problem> {
    caller.may(Need::Read)?;
    let directory = app.backend.directory.now();
    Ok(Json(Page::whole(
        directory
            .flows_of(caller.account)
            .iter()
            .map(|f| item(f))
            .collect(),
    )))
}

/// Makes a call flow.
#[utoipa::path(post, path = "/flows", tag = "call", operation_id = "createFlow", request_body = FlowInput, responses((status = 201, body = FlowItem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<FlowInput>,
) -> Result<(StatusCode, Json<FlowItem>), Problem> {
    caller.may(Need::Write)?;
    let flow = Flow {
        id: app.backend.moment.id(),
        account: caller.account,
        name: input.name.trim().to_owned(),
        document: input.document,
        version: 1,
        created_at: app.backend.moment.now(),
    };
    app.backend.setup.put_flow(&flow).await?;
    Ok((StatusCode::CREATED, Json(item(&flow))))
}

/// A call flow.
#[utoipa::path(get, path = "/flows/{id}", tag = "call", operation_id = "readFlow", params(("id" = String, Path)), responses((status = 200, body = FlowItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(item(&find(&app, &caller, &id)?)))
}

/// Replaces a call flow; calls in progress go on with the document they started with.
#[utoipa::path(put, path = "/flows/{id}", tag = "call", operation_id = "replaceFlow", params(("id" = String, Path)), request_body = FlowInput, responses((status = 200, body = FlowItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<FlowInput>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Write)?;
    let mut flow = find(&app, &caller, &id)?;
    input.name.trim().clone_into(&mut flow.name);
    flow.document = input.document;
    flow.version += 1;
    app.backend.setup.put_flow(&flow).await?;
    Ok(Json(item(&flow)))
}

/// Removes a call flow that no number uses.
#[utoipa::path(delete, path = "/flows/{id}", tag = "call", operation_id = "deleteFlow", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let flow = find(&app, &caller, &id)?;
    app.backend.setup.delete_flow(flow.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find(app: &Web, caller: &Caller, text: &str) -> Result<Flow, Problem> {
    let missing = || Problem::not_found("flow");
    let id = FlowId::parse(text).map_err(|_| missing())?;
    let directory = app.backend.directory.now();
    let flow = directory.flow(id).filter(|f| f.account == caller.account);
    flow.map(|f| Flow::clone(f)).ok_or_else(missing)
}

fn item(flow: &Flow) -> FlowItem {
    FlowItem {
        id: flow.id.to_string(),
        name: flow.name.clone(),
        document: flow.document.clone(),
        version: flow.version,
        created_at: flow.created_at.as_millis(),
    }
}
