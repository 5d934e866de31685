//! Contracts: what a destination takes of a campaign, and on which terms.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::Timestamp;
use trunkline_core::routing::TermsKind;
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::distribution::Contract;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::numbers::id;
use super::super::page::Page;
use super::effective::{EffectiveItem, effective};
use super::terms::{TermsItem, written};
use super::{ArchiveInput, ListParams, find, is_of, name, needed, page, terms_stay};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(archive))
        .routes(routes!(read_effective))
}

/// A contract.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contract)]
struct ContractItem {
    id: String,
    name: String,
    campaign: String,
    destination: String,
    /// Whose destination it is.
    buyer: Option<String>,
    /// Whether somebody paused it; its terms may pause it too.
    paused: bool,
    /// Its terms, in versions; changed by `PUT /terms/{id}` with its id.
    terms: TermsItem,
    archived_at: Option<i64>,
    created_at: i64,
}

impl ContractItem {
    fn new(market: &Market, contract: &Contract) -> Self {
        let destination = market.destination(contract.destination);
        Self {
            id: contract.id.to_string(),
            name: contract.name.clone(),
            campaign: contract.campaign.to_string(),
            destination: contract.destination.to_string(),
            buyer: destination.map(|d| d.buyer.to_string()),
            paused: contract.paused,
            terms: TermsItem::new(market, contract.id),
            archived_at: contract.archived_at.map(Timestamp::as_millis),
            created_at: contract.created_at.as_millis(),
        }
    }
}

/// A contract to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ContractInput, example = json!({"name": "Texas, days", "campaign": "camp_01k7g3z9a0b1c", "destination": "dst_01k7g3z9a0b1c", "terms": {"priority": 10, "price": {"billable_from_s": 60, "rules": [{"rate": {"fixed": 45}}]}}}))]
struct ContractInput {
    name: Option<String>,
    /// Stays what it is once the contract is made.
    campaign: Option<String>,
    /// Stays what it is once the contract is made.
    destination: Option<String>,
    paused: Option<bool>,
    /// Its first terms; changed by `PUT /terms/{id}` later.
    #[schema(value_type = Option<Object>)]
    terms: Option<Value>,
}

/// The contracts of the account, oldest first.
#[utoipa::path(get, path = "/contracts", tag = "routing", operation_id = "listContracts", params(ListParams), responses((status = 200, body = Page<ContractItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<ContractItem>>, Problem> {
    caller.may(Need::Read)?;
    let market = app.backend.distribution.market(caller.account)?;
    let all = market.contracts().map(|entry| &entry.contract).filter(|c| {
        let destination = market.destination(c.destination);
        is_of(params.campaign.as_ref(), c.campaign)
            && is_of(params.destination.as_ref(), c.destination)
            && destination.is_some_and(|d| is_of(params.buyer.as_ref(), d.buyer))
    });
    let item = |contract: &Contract| ContractItem::new(&market, contract);
    Ok(Json(page(all, &params, item)?))
}

/// Makes a contract.
#[utoipa::path(post, path = "/contracts", tag = "routing", operation_id = "createContract", request_body = ContractInput, responses((status = 201, body = ContractItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<ContractInput>,
) -> Result<(StatusCode, Json<ContractItem>), Problem> {
    caller.may(Need::Write)?;
    let now = app.backend.moment.now();
    let terms = input
        .terms
        .map(|terms| written(&app, &caller, TermsKind::Contract, terms, "terms"));
    let written = terms.transpose()?;
    let campaign = needed("campaign", input.campaign, "Choose what is sold.")?;
    let destination = needed("destination", input.destination, "Choose where it goes.")?;
    let contract = Contract {
        id: app.backend.moment.id(),
        account: caller.account,
        campaign: id("campaign", &campaign)?,
        destination: id("destination", &destination)?,
        name: name(input.name),
        paused: input.paused.unwrap_or(false),
        archived_at: None,
        created_at: now,
    };
    let id = contract.id.to_string();
    let distribution = &app.backend.distribution;
    distribution.create(contract, written, now).await?;
    let (market, contract) = find::<Contract, _>(&app, &caller, &id)?;
    let item = ContractItem::new(&market, &contract);
    Ok((StatusCode::CREATED, Json(item)))
}

/// A contract.
#[utoipa::path(get, path = "/contracts/{id}", tag = "routing", operation_id = "readContract", params(("id" = String, Path)), responses((status = 200, body = ContractItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ContractItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, contract) = find::<Contract, _>(&app, &caller, &id)?;
    Ok(Json(ContractItem::new(&market, &contract)))
}

/// Changes a contract.
#[utoipa::path(patch, path = "/contracts/{id}", tag = "routing", operation_id = "changeContract", params(("id" = String, Path)), request_body = ContractInput, responses((status = 200, body = ContractItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ContractInput>,
) -> Result<Json<ContractItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, contract) = find::<Contract, _>(&app, &caller, &id)?;
    terms_stay(input.terms.as_ref())?;
    if input.campaign.is_some() || input.destination.is_some() {
        return Err(Problem::invalid(
            "campaign",
            "A contract stays with its campaign and destination. Make another contract instead.",
        ));
    }
    let change = |contract: &mut Contract| {
        if let Some(text) = input.name {
            contract.name = name(Some(text));
        }
        contract.paused = input.paused.unwrap_or(contract.paused);
    };
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, contract.id, change);
    changed.await?;
    let (market, contract) = find::<Contract, _>(&app, &caller, &id)?;
    Ok(Json(ContractItem::new(&market, &contract)))
}

/// Puts a contract that stands in no plan away, or takes it out again.
#[utoipa::path(post, path = "/contracts/{id}/archive", tag = "routing", operation_id = "archiveContract", params(("id" = String, Path)), request_body = ArchiveInput, responses((status = 200, body = ContractItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ArchiveInput>,
) -> Result<Json<ContractItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, contract) = find::<Contract, _>(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    let changed = distribution.archive::<Contract>(caller.account, contract.id, input.read(&app)?);
    changed.await?;
    let (market, contract) = find::<Contract, _>(&app, &caller, &id)?;
    Ok(Json(ContractItem::new(&market, &contract)))
}

/// The terms of a contract that are in force, and the level that each comes from.
#[utoipa::path(get, path = "/contracts/{id}/effective", tag = "routing", operation_id = "effectiveTerms", params(("id" = String, Path)), responses((status = 200, body = EffectiveItem), (status = 404, body = Problem)))]
async fn read_effective(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EffectiveItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, contract) = find::<Contract, _>(&app, &caller, &id)?;
    effective(&market, &contract).map(Json)
}
