//! The palette of a flow builder: every kind of node, how one begins, and whether this server can do it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use trunkline_core::call::flow::{KINDS, Node};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::Page;
use super::sites::account_defaults;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A kind of node.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowNodeKind)]
struct KindItem {
    kind: &'static str,
    /// What it can come to, besides `default` and the ways in its settings.
    outcomes: Vec<&'static str>,
    /// A new node of the kind with its usual settings.
    #[schema(value_type = Object)]
    template: Node,
    /// What of it this server cannot do yet, in words; empty when it can be published.
    missing: Vec<&'static str>,
}

/// The kinds of nodes that call flows are made of.
#[utoipa::path(get, path = "/flow-nodes", tag = "call", operation_id = "listFlowNodes", responses((status = 200, body = Page<KindItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<KindItem>>, Problem> {
    caller.may(Need::Read)?;
    let (zone, _) = account_defaults(&app, &caller)?;
    let kinds = KINDS.into_iter().filter_map(|kind| {
        let mut fresh = json!({"kind": kind});
        if kind == "schedule" {
            fresh["zone"] = json!(zone.name());
        }
        let template: Node = serde_json::from_value(fresh).ok()?;
        Some(KindItem {
            kind,
            outcomes: template.kind.outcomes(),
            missing: app.backend.setup.missing_for(&template),
            template,
        })
    });
    Ok(Json(Page::whole(kinds.collect())))
}
