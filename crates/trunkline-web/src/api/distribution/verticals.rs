//! Verticals: what a campaign of a trade begins with, and the call flow that qualifies its callers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use trunkline_core::base::id::{CampaignId, CapId};
use trunkline_core::call::flow::FlowDocument;
use trunkline_engine::ports::configuration::Flow;
use trunkline_engine::ports::distribution::Campaign;
use trunkline_engine::setup::NAME_MAX;
use trunkline_engine::verticals::{NamedFilter, VERTICALS, Vertical, VerticalText, vertical};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::numbers::Named;
use super::super::page::Page;
use super::find;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(draft_flow))
}

/// What campaigns of a trade begin with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vertical)]
struct VerticalItem {
    /// Its word, as campaigns keep it.
    id: String,
    name: String,
    /// Who its callers and leads are.
    sentence: String,
    /// The fields of its leads.
    #[schema(value_type = Vec<Object>)]
    fields: Value,
    /// What is asked of their consent.
    #[schema(value_type = Object)]
    consent: Value,
    /// The flow that qualifies callers; its route node names no campaign yet.
    #[schema(value_type = Object)]
    flow: FlowDocument,
    /// Filters for contracts to choose from: `{name, filter}`.
    #[schema(value_type = Vec<Object>)]
    filters: Value,
    /// Opening hours, caps and rules about people who came before.
    #[schema(value_type = Object)]
    terms: Value,
    /// What happens with people whom the campaign had before.
    #[schema(value_type = Vec<Object>)]
    duplicates: Value,
}

impl From<Vertical> for VerticalItem {
    fn from(vertical: Vertical) -> Self {
        let filters = vertical.filters.iter();
        let filter = |named: &NamedFilter| json!({"name": named.name, "filter": named.filter});
        Self {
            fields: json!(vertical.fields.fields),
            consent: json!(vertical.consent),
            filters: filters.map(filter).collect(),
            terms: json!(vertical.terms),
            duplicates: json!(vertical.feed_duplicates),
            flow: vertical.flow,
            id: vertical.id,
            name: vertical.name,
            sentence: vertical.sentence,
        }
    }
}

/// The vertical of this word for a campaign, with the ids that its caps were given.
pub(super) fn begun(
    app: &Web,
    word: &str,
    campaign: CampaignId,
) -> Result<(Vertical, Vec<CapId>), Problem> {
    let text = vertical(word).ok_or_else(|| {
        let words: Vec<_> = VERTICALS.iter().map(|vertical| vertical.id).collect();
        let message = format!("Only these trades have a beginning: {}.", words.join(", "));
        Problem::invalid("vertical", message)
    })?;
    let mut drawn = Vec::new();
    let draw = || {
        let id: CapId = app.backend.moment.id();
        drawn.push(id);
        id
    };
    let vertical = read(text)?.for_campaign(campaign, draw);
    Ok((vertical, drawn))
}

/// The documents are ours and tested: one that cannot be read is our fault.
fn read(text: VerticalText) -> Result<Vertical, Problem> {
    serde_json::from_str(text.json).map_err(|error| {
        tracing::error!(vertical = text.id, %error, "a vertical cannot be read");
        Problem::internal()
    })
}

/// What campaigns of each trade begin with.
#[utoipa::path(get, path = "/verticals", tag = "routing", operation_id = "listVerticals", responses((status = 200, body = Page<VerticalItem>)))]
async fn list(caller: Caller) -> Result<Json<Page<VerticalItem>>, Problem> {
    caller.may(Need::Read)?;
    let items = VERTICALS.iter().map(|text| read(*text).map(Into::into));
    Ok(Json(Page::whole(items.collect::<Result<_, _>>()?)))
}

/// Drafts the call flow of the campaign's vertical: it asks callers what buyers want to know and hands them on to the
/// campaign. Nothing runs before the flow is published and a number names it.
#[utoipa::path(post, path = "/campaigns/{id}/flow", tag = "routing", operation_id = "draftCampaignFlow", params(("id" = String, Path)), responses((status = 201, body = Named), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn draft_flow(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Named>), Problem> {
    caller.may(Need::Write)?;
    let (_, campaign) = find::<Campaign, _>(&app, &caller, &id)?;
    let word = campaign.vertical.as_deref().unwrap_or_default();
    let flow = Flow {
        id: app.backend.moment.id(),
        account: caller.account,
        name: format!("{}: callers", campaign.name)
            .chars()
            .take(NAME_MAX)
            .collect(),
        draft: begun(&app, word, campaign.id)?.0.flow,
        edits: 1,
        published: None,
        archived_at: None,
        created_at: app.backend.moment.now(),
    };
    app.backend.setup.create_flow(&flow).await?;
    let named = Named {
        id: flow.id.to_string(),
        name: flow.name,
    };
    Ok((StatusCode::CREATED, Json(named)))
}
