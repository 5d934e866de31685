//! Buyers: who pays for calls and leads.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::id::BuyerId;
use trunkline_core::base::{Timestamp, Zone};
use trunkline_core::routing::{Decimal, TermsKind};
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::distribution::Buyer;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::numbers::optional;
use super::super::page::Page;
use super::terms::{TermsItem, written};
use super::{ArchiveInput, ListParams, find, name, page, terms_stay};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(archive))
}

/// A buyer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Buyer)]
struct BuyerItem {
    id: String,
    name: String,
    /// The buyer it belongs to; null when it stands alone.
    company: Option<String>,
    /// By how much its wallet may go below zero when it pays ahead, as a decimal; null: not at all. Buyers who are invoiced
    /// are not limited by it.
    credit_limit: Option<String>,
    /// IANA time zone; that of the account when null.
    zone: Option<String>,
    note: String,
    /// Whether somebody paused it; its terms may pause it too.
    paused: bool,
    /// Its terms, in versions; changed by `PUT /terms/{id}` with its id.
    terms: TermsItem,
    archived_at: Option<i64>,
    created_at: i64,
}

impl BuyerItem {
    fn new(market: &Market, buyer: &Buyer) -> Self {
        Self {
            id: buyer.id.to_string(),
            name: buyer.name.clone(),
            company: buyer.company.map(|id| id.to_string()),
            credit_limit: buyer
                .credit_limit_micros
                .map(|micros| Decimal::from_micros(micros).to_string()),
            zone: buyer.zone.as_ref().map(|zone| zone.name().to_owned()),
            note: buyer.note.clone(),
            paused: buyer.paused,
            terms: TermsItem::new(market, buyer.id),
            archived_at: buyer.archived_at.map(Timestamp::as_millis),
            created_at: buyer.created_at.as_millis(),
        }
    }
}

/// A buyer to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BuyerInput, example = json!({"name": "Sunny Roofs", "credit_limit": "5000", "zone": "America/Chicago", "terms": {"payment": "net_terms"}}))]
struct BuyerInput {
    name: Option<String>,
    /// The buyer it belongs to; empty for none.
    company: Option<String>,
    /// A decimal such as `5000`; empty for none.
    credit_limit: Option<String>,
    /// IANA time zone; empty for that of the account.
    zone: Option<String>,
    note: Option<String>,
    paused: Option<bool>,
    /// Its first terms; changed by `PUT /terms/{id}` later.
    #[schema(value_type = Option<Object>)]
    terms: Option<Value>,
}

/// The buyers of the account, oldest first.
#[utoipa::path(get, path = "/buyers", tag = "routing", operation_id = "listBuyers", params(ListParams), responses((status = 200, body = Page<BuyerItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<BuyerItem>>, Problem> {
    caller.may(Need::Read)?;
    let market = app.backend.distribution.market(caller.account)?;
    let all = market.buyers();
    let item = |buyer: &Buyer| BuyerItem::new(&market, buyer);
    Ok(Json(page(all, &params, item)?))
}

/// Makes a buyer.
#[utoipa::path(post, path = "/buyers", tag = "routing", operation_id = "createBuyer", request_body = BuyerInput, responses((status = 201, body = BuyerItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<BuyerInput>,
) -> Result<(StatusCode, Json<BuyerItem>), Problem> {
    caller.may(Need::Write)?;
    let now = app.backend.moment.now();
    let terms = input
        .terms
        .map(|terms| written(&app, &caller, TermsKind::Buyer, terms, "terms"));
    let written = terms.transpose()?;
    let company = read_company(input.company.as_deref(), None)?;
    let credit_limit_micros = read_limit(input.credit_limit.as_deref(), None)?;
    let zone = read_zone(input.zone.as_deref(), None)?;
    let buyer = Buyer {
        id: app.backend.moment.id(),
        account: caller.account,
        name: name(input.name),
        company,
        credit_limit_micros,
        zone,
        note: name(input.note),
        paused: input.paused.unwrap_or(false),
        archived_at: None,
        created_at: now,
    };
    let id = buyer.id.to_string();
    let distribution = &app.backend.distribution;
    distribution.create(buyer, written, now).await?;
    let (market, buyer) = find::<Buyer, _>(&app, &caller, &id)?;
    let item = BuyerItem::new(&market, &buyer);
    Ok((StatusCode::CREATED, Json(item)))
}

/// A buyer.
#[utoipa::path(get, path = "/buyers/{id}", tag = "routing", operation_id = "readBuyer", params(("id" = String, Path)), responses((status = 200, body = BuyerItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<BuyerItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, buyer) = find::<Buyer, _>(&app, &caller, &id)?;
    Ok(Json(BuyerItem::new(&market, &buyer)))
}

/// Changes a buyer.
#[utoipa::path(patch, path = "/buyers/{id}", tag = "routing", operation_id = "changeBuyer", params(("id" = String, Path)), request_body = BuyerInput, responses((status = 200, body = BuyerItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<BuyerInput>,
) -> Result<Json<BuyerItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, buyer) = find::<Buyer, _>(&app, &caller, &id)?;
    terms_stay(input.terms.as_ref())?;
    let company = read_company(input.company.as_deref(), buyer.company)?;
    let limit = read_limit(input.credit_limit.as_deref(), buyer.credit_limit_micros)?;
    let zone = read_zone(input.zone.as_deref(), buyer.zone.clone())?;
    let change = |buyer: &mut Buyer| {
        if let Some(text) = input.name {
            buyer.name = name(Some(text));
        }
        if let Some(text) = input.note {
            buyer.note = name(Some(text));
        }
        buyer.paused = input.paused.unwrap_or(buyer.paused);
        if input.company.is_some() {
            buyer.company = company;
        }
        if input.credit_limit.is_some() {
            buyer.credit_limit_micros = limit;
        }
        if input.zone.is_some() {
            buyer.zone = zone;
        }
    };
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, buyer.id, change);
    changed.await?;
    let (market, buyer) = find::<Buyer, _>(&app, &caller, &id)?;
    Ok(Json(BuyerItem::new(&market, &buyer)))
}

/// Puts a buyer without destinations away, or takes it out again.
#[utoipa::path(post, path = "/buyers/{id}/archive", tag = "routing", operation_id = "archiveBuyer", params(("id" = String, Path)), request_body = ArchiveInput, responses((status = 200, body = BuyerItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ArchiveInput>,
) -> Result<Json<BuyerItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, buyer) = find::<Buyer, _>(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    let changed = distribution.archive::<Buyer>(caller.account, buyer.id, input.read(&app)?);
    changed.await?;
    let (market, buyer) = find::<Buyer, _>(&app, &caller, &id)?;
    Ok(Json(BuyerItem::new(&market, &buyer)))
}

fn read_company(given: Option<&str>, now: Option<BuyerId>) -> Result<Option<BuyerId>, Problem> {
    optional("company", given.map(str::trim), now)
}

fn read_limit(given: Option<&str>, now: Option<i64>) -> Result<Option<i64>, Problem> {
    match given.map(str::trim) {
        None => Ok(now),
        Some("") => Ok(None),
        Some(text) => {
            let amount = Decimal::parse(text).ok_or_else(|| {
                Problem::invalid(
                    "credit_limit",
                    "Write a plain decimal such as 5000 or 2500.50.",
                )
            })?;
            Ok(Some(amount.micros()))
        }
    }
}

fn read_zone(given: Option<&str>, now: Option<Zone>) -> Result<Option<Zone>, Problem> {
    match given.map(str::trim) {
        None => Ok(now),
        Some("") => Ok(None),
        Some(text) => {
            let zone = Zone::parse(text);
            zone.map(Some)
                .map_err(|error| Problem::invalid("zone", error.to_string()))
        }
    }
}
