//! Buying numbers in two steps, pointing them, and giving them back. All of it is the operator's.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::PurchaseId;
use trunkline_core::base::{Country, Currency, Money, Timestamp};
use trunkline_engine::ports::carriers::{Purchase, PurchaseState};
use trunkline_engine::supply::{OFFER_LIFE_MS, Said, Wanted};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::carriers::{asks, country, kind};
use super::number_view::NumberItem;
use super::numbers::{self, id, lately_called, phone};
use super::page::Page;
use super::sites::account_defaults;
use super::trunks;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};

/// Longest label of a number, in characters.
const LABEL_MAX: usize = 120;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, offer))
        .routes(routes!(read))
        .routes(routes!(confirm))
        .routes(routes!(close))
        .routes(routes!(give_back))
        .routes(routes!(point))
}

/// A number on its way from a carrier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Purchase)]
struct PurchaseItem {
    id: String,
    trunk: String,
    number: String,
    number_display: String,
    place: String,
    /// What it costs a month, in millionths of the currency's unit.
    monthly_micros: i64,
    /// What it costs once.
    setup_micros: i64,
    currency: String,
    business_line: String,
    business_line_display: String,
    pool: Option<String>,
    label: String,
    /// `offered`, `sending` (the carrier was told, and it is looked up what it did), `bought`, `refused` or `not_bought`.
    state: &'static str,
    /// Why it was not bought; may be empty.
    trouble: String,
    /// The tracking number it became.
    tracking_number: Option<String>,
    offered_at: i64,
    /// Until when it can be confirmed.
    expires_at: i64,
    sent_at: Option<i64>,
    settled_at: Option<i64>,
}

/// A number that somebody wants to buy.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PurchaseInput {
    /// The trunk, whose carrier sells it and over which its calls come.
    #[serde(default)]
    #[schema(required = true)]
    trunk: String,
    #[serde(default)]
    #[schema(required = true)]
    number: String,
    /// Two letters; the account's own country when left out.
    country: Option<String>,
    /// `local`, `toll_free` or `mobile`.
    kind: Option<String>,
    /// Where its calls go.
    #[serde(default)]
    #[schema(required = true)]
    business_line: String,
    /// The pool it belongs to; without one it is a static number.
    pool: Option<String>,
    label: Option<String>,
}

/// What was offered, repeated.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PurchaseConfirmation {
    #[serde(default)]
    #[schema(required = true)]
    number: String,
    /// In millionths of the currency's unit.
    #[schema(required = true)]
    monthly_micros: Option<i64>,
    #[serde(default)]
    #[schema(required = true)]
    currency: String,
}

/// A number that is given back, repeated.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct GiveBackInput {
    #[serde(default)]
    #[schema(required = true)]
    number: String,
    /// Gives the number back although it was called within 90 days.
    #[serde(default)]
    insist: bool,
}

/// The purchases that were confirmed, newest first, at most 100.
#[utoipa::path(get, path = "/purchases", tag = "assignment", operation_id = "listPurchases", responses((status = 200, body = Page<PurchaseItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<PurchaseItem>>, Problem> {
    caller.may(Need::Operate)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let all = app.backend.supply.purchases(caller.account).await?;
    let items = all.iter().map(|purchase| item(&app, purchase, home));
    Ok(Json(Page::whole(items.collect())))
}

/// Asks what a number costs. The offer stands for ten minutes; nothing is bought yet.
#[utoipa::path(post, path = "/purchases", tag = "assignment", operation_id = "offerNumber", request_body = PurchaseInput, responses((status = 201, body = PurchaseItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn offer(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<PurchaseInput>,
) -> Result<(StatusCode, Json<PurchaseItem>), Problem> {
    caller.may(Need::Operate)?;
    let (user, ..) = caller.person()?;
    let (_, home) = account_defaults(&app, &caller)?;
    let trunk = trunks::find(&app, &caller, &input.trunk)?.profile.id;
    let wanted = Wanted {
        trunk,
        phone: phone("number", &input.number, home)?,
        country: country(input.country.as_deref(), home)?,
        kind: kind(input.kind.as_deref())?,
        business_line: phone("business_line", &input.business_line, home)?,
        pool: input
            .pool
            .filter(|pool| !pool.is_empty())
            .map(|pool| id("pool", &pool))
            .transpose()?,
        label: input
            .label
            .unwrap_or_default()
            .trim()
            .chars()
            .take(LABEL_MAX)
            .collect(),
        by: Some(user),
    };
    asks(&app, &caller)?;
    let purchase = app.backend.supply.offer(caller.account, wanted).await?;
    Ok((StatusCode::CREATED, Json(item(&app, &purchase, home))))
}

/// A purchase.
#[utoipa::path(get, path = "/purchases/{id}", tag = "assignment", operation_id = "readPurchase", params(("id" = String, Path)), responses((status = 200, body = PurchaseItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PurchaseItem>, Problem> {
    caller.may(Need::Operate)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let purchase = find(&app, &caller, &id).await?;
    Ok(Json(item(&app, &purchase, home)))
}

/// Buys what was offered. Number, monthly price and currency must be repeated; told twice, it is bought once. The answer is
/// 202 while nobody knows what the carrier did: it is looked up, and never bought again.
#[utoipa::path(post, path = "/purchases/{id}/confirm", tag = "assignment", operation_id = "confirmPurchase", params(("id" = String, Path)), request_body = PurchaseConfirmation, responses((status = 200, body = PurchaseItem, description = "It is bought"), (status = 202, body = PurchaseItem, description = "It is being bought"), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<PurchaseConfirmation>,
) -> Result<(StatusCode, Json<PurchaseItem>), Problem> {
    caller.may(Need::Operate)?;
    caller.person()?;
    let (_, home) = account_defaults(&app, &caller)?;
    let purchase = find(&app, &caller, &id).await?;
    let currency: Currency = input
        .currency
        .parse()
        .map_err(|_| Problem::invalid("currency", "Repeat the currency that was offered."))?;
    let micros = input
        .monthly_micros
        .ok_or_else(|| Problem::invalid("monthly_micros", "Repeat the price that was offered."))?;
    let said = Said {
        phone: phone("number", &input.number, home)?,
        monthly: Money::from_micros(micros, currency),
    };
    spends(&app, &caller)?;
    let supply = &app.backend.supply;
    let bought = supply.confirm(caller.account, purchase.id, said).await?;
    let status = match bought.state {
        PurchaseState::Bought => StatusCode::OK,
        PurchaseState::Offered | PurchaseState::Sending => StatusCode::ACCEPTED,
        PurchaseState::Refused | PurchaseState::NotBought => {
            return Err(Problem::conflict(format!(
                "The number was not bought: {}; look for another one.",
                bought.trouble
            )));
        }
    };
    Ok((status, Json(item(&app, &bought, home))))
}

/// Closes a purchase that is still being bought ten minutes after its confirmation, because somebody looked at the carrier and
/// found that nothing came of it. It stays on record as not bought.
#[utoipa::path(post, path = "/purchases/{id}/close", tag = "assignment", operation_id = "closePurchase", params(("id" = String, Path)), responses((status = 200, body = PurchaseItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn close(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PurchaseItem>, Problem> {
    caller.may(Need::Operate)?;
    caller.person()?;
    let (_, home) = account_defaults(&app, &caller)?;
    let purchase = find(&app, &caller, &id).await?;
    let supply = &app.backend.supply;
    let closed = supply.close(caller.account, purchase.id).await?;
    Ok(Json(item(&app, &closed, home)))
}

/// Gives a number back to its carrier. The number must be repeated, and be in use nowhere.
#[utoipa::path(post, path = "/numbers/{id}/give-back", tag = "assignment", operation_id = "giveNumberBack", params(("id" = String, Path)), request_body = GiveBackInput, responses((status = 200, body = NumberItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn give_back(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<GiveBackInput>,
) -> Result<Json<NumberItem>, Problem> {
    caller.may(Need::Operate)?;
    caller.person()?;
    let number = numbers::find(&app, &caller, &id)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let repeated = phone("number", &input.number, home)?;
    if !input.insist
        && let Some(calls) = lately_called(&app, &caller, number.id).await?
    {
        return Err(Problem::conflict(format!(
            "{calls} came on this number, and the carrier will sell it to somebody else. Keep it until nobody calls it any \
             more, or send `insist` to give it back all the same.",
        )));
    }
    spends(&app, &caller)?;
    let number = app.backend.supply.give_back(&number, repeated).await?;
    Ok(Json(numbers::shown(&app, &caller, &number).await?))
}

/// Points a number's calls at this server: at the voice webhook of its trunk, or at its SIP connection.
#[utoipa::path(post, path = "/numbers/{id}/point", tag = "assignment", operation_id = "pointNumber", params(("id" = String, Path)), responses((status = 204, description = "Its calls come here"), (status = 404, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn point(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Operate)?;
    let number = numbers::find(&app, &caller, &id)?;
    asks(&app, &caller)?;
    app.backend.supply.point(&number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a turn among what is bought and given back.
fn spends(app: &Web, caller: &Caller) -> Result<(), Problem> {
    let now = app.backend.moment.now();
    let turn = app.purchases.attempt(caller.account, now);
    turn.map_err(Problem::too_many)
}

async fn find(app: &Web, caller: &Caller, id: &str) -> Result<Purchase, Problem> {
    let id = PurchaseId::parse(id).map_err(|_| Problem::not_found("purchase"))?;
    Ok(app.backend.supply.purchase(caller.account, id).await?)
}

fn item(app: &Web, purchase: &Purchase, home: Country) -> PurchaseItem {
    let directory = app.backend.directory.now();
    let number = directory
        .number_by_digits(purchase.phone)
        .filter(|n| purchase.state == PurchaseState::Bought && n.account == purchase.account);
    PurchaseItem {
        id: purchase.id.to_string(),
        trunk: purchase.trunk.to_string(),
        number: purchase.phone.to_string(),
        number_display: purchase.phone.display_for(home),
        place: purchase.place.clone(),
        monthly_micros: purchase.monthly.micros(),
        setup_micros: purchase.setup.micros(),
        currency: purchase.monthly.currency().to_string(),
        business_line: purchase.business_line.to_string(),
        business_line_display: purchase.business_line.display_for(home),
        pool: purchase.pool.map(|pool| pool.to_string()),
        label: purchase.label.clone(),
        state: purchase.state.word(),
        trouble: if purchase.trouble.is_empty() {
            String::new()
        } else {
            sentence(&purchase.trouble)
        },
        tracking_number: number.map(|number| number.id.to_string()),
        offered_at: purchase.offered_at.as_millis(),
        expires_at: purchase.offered_at.plus_millis(OFFER_LIFE_MS).as_millis(),
        sent_at: purchase.sent_at.map(Timestamp::as_millis),
        settled_at: purchase.settled_at.map(Timestamp::as_millis),
    }
}
