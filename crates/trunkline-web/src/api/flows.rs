//! Call flows: documents that say what happens with a call; drafted, checked, published as versions, rolled back.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::FlowId;
use trunkline_core::call::flow::{FlowChanges, FlowDocument, FlowProblem};
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::configuration::{Flow, FlowVersion};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::numbers::Named;
use super::page::Page;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, delete))
        .routes(routes!(save))
        .routes(routes!(publish))
        .routes(routes!(versions))
        .routes(routes!(restore))
        .routes(routes!(archive))
}

/// A call flow in the list.
#[derive(Debug, Serialize, ToSchema)]
struct FlowSummary {
    id: String,
    name: String,
    /// The published version; null before the first.
    version: Option<i64>,
    published_at: Option<i64>,
    /// Whether the draft differs from what is published.
    changed: bool,
    /// How many numbers name it.
    numbers: usize,
    /// How many sites have it as their default.
    sites: usize,
    archived_at: Option<i64>,
    created_at: i64,
}

/// A call flow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
struct FlowItem {
    id: String,
    name: String,
    /// The document that is worked on: `{schema, start, nodes: {name: {kind, ..., on: {outcome: name}}}}`
    #[schema(value_type = Object)]
    draft: FlowDocument,
    /// Counts the changes; send the one you saw with yours, so that nobody's work is lost.
    edits: i64,
    /// What calls run; null before the first publication.
    published: Option<VersionItem>,
    /// What publishing the draft would change.
    changes: ChangesItem,
    /// What keeps the draft from being published, and warnings.
    problems: Vec<ProblemItem>,
    /// Numbers that name it.
    numbers: Vec<Named>,
    /// Sites whose default it is.
    sites: Vec<Named>,
    archived_at: Option<i64>,
    created_at: i64,
}

/// A published version.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowVersion)]
struct VersionItem {
    version: i64,
    published_at: i64,
    /// The user who published it; null for a key.
    published_by: Option<String>,
    #[schema(value_type = Object)]
    document: FlowDocument,
}

/// Nodes that differ.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowChanges)]
struct ChangesItem {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    /// Whether calls would begin at another node.
    start: bool,
}

/// Something to look at in a document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowProblem)]
pub(super) struct ProblemItem {
    /// Name of the node; empty for the document as a whole.
    node: String,
    /// `problem` or `warning`.
    severity: &'static str,
    message: String,
}

impl From<FlowProblem> for ProblemItem {
    fn from(problem: FlowProblem) -> Self {
        Self {
            node: problem.node,
            severity: problem.severity.word(),
            message: problem.message,
        }
    }
}

/// A call flow to make; without a document it forwards to the number's lines.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowInput {
    name: String,
    #[schema(value_type = Option<Object>)]
    document: Option<FlowDocument>,
}

/// A draft to save.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowDraftInput {
    /// As of the flow that was worked on.
    edits: i64,
    name: Option<String>,
    #[schema(value_type = Object)]
    document: FlowDocument,
}

/// A change of a flow as it was seen.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowSeen {
    /// As of the flow that was seen.
    edits: i64,
}

/// Whether a flow is put away.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowArchiveInput {
    /// As of the flow that was seen.
    edits: i64,
    archived: bool,
}

/// The call flows of the account.
#[utoipa::path(get, path = "/flows", tag = "call", operation_id = "listFlows", responses((status = 200, body = Page<FlowSummary>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<FlowSummary>>, Problem> {
    caller.may(Need::Read)?;
    let directory = app.backend.directory.now();
    let flows = directory.flows_of(caller.account);
    let items = flows.into_iter().map(|flow| summary(&directory, flow));
    Ok(Json(Page::whole(items.collect())))
}

/// Makes a call flow; calls run nothing of it before it is published.
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
        draft: input.document.unwrap_or_else(FlowDocument::forward),
        edits: 1,
        published: None,
        archived_at: None,
        created_at: app.backend.moment.now(),
    };
    app.backend.setup.create_flow(&flow).await?;
    Ok((StatusCode::CREATED, Json(item(&app, &flow))))
}

/// A call flow.
#[utoipa::path(get, path = "/flows/{id}", tag = "call", operation_id = "readFlow", params(("id" = String, Path)), responses((status = 200, body = FlowItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(item(&app, &*find(&app, &caller, &id)?)))
}

/// Saves the draft; 409 when somebody changed the flow since it was seen.
#[utoipa::path(put, path = "/flows/{id}/draft", tag = "call", operation_id = "saveFlowDraft", params(("id" = String, Path)), request_body = FlowDraftInput, responses((status = 200, body = FlowItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn save(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<FlowDraftInput>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Write)?;
    let flow = find(&app, &caller, &id)?;
    let name = input.name.map(|name| name.trim().to_owned());
    app.backend
        .setup
        .save_flow(flow.id, input.edits, name, input.document)
        .await?;
    Ok(Json(item(&app, &*find(&app, &caller, &id)?)))
}

/// Publishes the draft as the next version; calls in progress go on with the version they started with.
#[utoipa::path(post, path = "/flows/{id}/publish", tag = "call", operation_id = "publishFlow", params(("id" = String, Path)), request_body = FlowSeen, responses((status = 200, body = FlowItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn publish(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(seen): Body<FlowSeen>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Write)?;
    let flow = find(&app, &caller, &id)?;
    let (by, now) = (caller.person().ok().map(|p| p.0), app.backend.moment.now());
    let setup = &app.backend.setup;
    setup.publish_flow(flow.id, seen.edits, by, now).await?;
    Ok(Json(item(&app, &*find(&app, &caller, &id)?)))
}

/// The published versions, newest first; a hundred are listed.
#[utoipa::path(get, path = "/flows/{id}/versions", tag = "call", operation_id = "flowVersions", params(("id" = String, Path)), responses((status = 200, body = Page<VersionItem>), (status = 404, body = Problem)))]
async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Page<VersionItem>>, Problem> {
    caller.may(Need::Read)?;
    let flow = find(&app, &caller, &id)?;
    let versions = app.backend.setup.flow_versions(flow.id).await?;
    Ok(Json(Page::whole(versions.iter().map(version).collect())))
}

/// Publishes what an earlier version said, as the next version; the draft becomes the same.
#[utoipa::path(post, path = "/flows/{id}/versions/{version}/restore", tag = "call", operation_id = "restoreFlow", params(("id" = String, Path), ("version" = i64, Path)), request_body = FlowSeen, responses((status = 200, body = FlowItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn restore(
    State(app): State<App>,
    caller: Caller,
    Path((id, version)): Path<(String, String)>,
    Body(seen): Body<FlowSeen>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Write)?;
    let flow = find(&app, &caller, &id)?;
    let version = version.parse().map_err(|_| Problem::not_found("version"))?;
    let (by, now) = (caller.person().ok().map(|p| p.0), app.backend.moment.now());
    let setup = &app.backend.setup;
    setup
        .restore_flow(flow.id, seen.edits, version, by, now)
        .await?;
    Ok(Json(item(&app, &*find(&app, &caller, &id)?)))
}

/// Puts a call flow that nothing uses away, or takes it out again.
#[utoipa::path(post, path = "/flows/{id}/archive", tag = "call", operation_id = "archiveFlow", params(("id" = String, Path)), request_body = FlowArchiveInput, responses((status = 200, body = FlowItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<FlowArchiveInput>,
) -> Result<Json<FlowItem>, Problem> {
    caller.may(Need::Write)?;
    let flow = find(&app, &caller, &id)?;
    let at = input.archived.then(|| app.backend.moment.now());
    let setup = &app.backend.setup;
    setup.archive_flow(flow.id, input.edits, at).await?;
    Ok(Json(item(&app, &*find(&app, &caller, &id)?)))
}

/// Removes a call flow that was never published.
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

pub(super) fn find(app: &Web, caller: &Caller, text: &str) -> Result<Arc<Flow>, Problem> {
    let missing = || Problem::not_found("flow");
    let id = FlowId::parse(text).map_err(|_| missing())?;
    let directory = app.backend.directory.now();
    let flow = directory.flow(id).filter(|f| f.account == caller.account);
    flow.cloned().ok_or_else(missing)
}

fn changes(flow: &Flow) -> FlowChanges {
    let published = flow.published.as_ref().map(|p| p.document.as_ref());
    FlowChanges::between(published, &flow.draft)
}

fn summary(directory: &Directory, flow: &Flow) -> FlowSummary {
    let (numbers, sites) = directory.users_of_flow(flow.id);
    FlowSummary {
        id: flow.id.to_string(),
        name: flow.name.clone(),
        version: flow.published.as_ref().map(|p| p.version),
        published_at: flow.published.as_ref().map(|p| p.at.as_millis()),
        changed: !changes(flow).is_empty(),
        numbers: numbers.len(),
        sites: sites.len(),
        archived_at: flow.archived_at.map(Timestamp::as_millis),
        created_at: flow.created_at.as_millis(),
    }
}

fn version(version: &FlowVersion) -> VersionItem {
    VersionItem {
        version: version.version,
        published_at: version.at.as_millis(),
        published_by: version.by.map(|user| user.to_string()),
        document: FlowDocument::clone(&version.document),
    }
}

fn item(app: &Web, flow: &Flow) -> FlowItem {
    let directory = app.backend.directory.now();
    let (numbers, sites) = directory.users_of_flow(flow.id);
    let problems = app
        .backend
        .setup
        .flow_problems(flow.account, Some(flow.id), &flow.draft);
    let changes = changes(flow);
    FlowItem {
        id: flow.id.to_string(),
        name: flow.name.clone(),
        draft: flow.draft.clone(),
        edits: flow.edits,
        published: flow.published.as_ref().map(version),
        changes: ChangesItem {
            added: changes.added,
            changed: changes.changed,
            removed: changes.removed,
            start: changes.start,
        },
        problems: problems.into_iter().map(ProblemItem::from).collect(),
        numbers: numbers
            .iter()
            .map(|n| Named {
                id: n.id.to_string(),
                name: n.number.to_string(),
            })
            .collect(),
        sites: sites
            .iter()
            .map(|s| Named {
                id: s.site.id.to_string(),
                name: s.site.name.clone(),
            })
            .collect(),
        archived_at: flow.archived_at.map(Timestamp::as_millis),
        created_at: flow.created_at.as_millis(),
    }
}
