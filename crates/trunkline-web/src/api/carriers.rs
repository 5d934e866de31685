//! The account at the carrier of a trunk: connected, tried, asked what it sells and what it has. Keys go in and never come
//! out. All of it is the operator's: whoever asks spends the operator's money.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::{Country, Currency, Money};
use trunkline_engine::ports::carriers::{CarrierAccount, LineKind, NumberSearch};
use trunkline_engine::ports::webhooks::{Dialect, Secret};
use trunkline_engine::supply::OFFERS_MAX;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::page::Page;
use super::sites::account_defaults;
use super::trunks::find;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read, set, delete))
        .routes(routes!(test))
        .routes(routes!(offers))
        .routes(routes!(held))
}

/// The account at the carrier of a trunk.
#[derive(Debug, Serialize, ToSchema)]
struct Carrier {
    trunk: String,
    trunk_name: String,
    /// `twilio`, `telnyx` or `signalwire`.
    dialect: &'static str,
    /// The account SID or project id; empty where the key says it all.
    account_sid: String,
    /// Where its API is, when not at the carrier's one address.
    api_url: Option<String>,
    /// What the carrier calls the SIP connection that numbers are pointed at.
    sip_connection: Option<String>,
    /// Where numbers are pointed: `webhook`, `sip`, or null when neither is set up.
    points_at: Option<&'static str>,
    /// What a number costs a month, where the carrier tells no prices.
    own_price_micros: Option<i64>,
    own_price_currency: Option<String>,
    set_at: i64,
}

/// The account at the carrier of a trunk; a key that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct CarrierInput {
    /// `twilio`, `telnyx` or `signalwire`.
    #[serde(default)]
    dialect: String,
    /// The account SID or project id.
    #[serde(default)]
    account_sid: String,
    /// Twilio's auth token, SignalWire's API token, Telnyx's API key.
    api_key: Option<String>,
    /// Where its API is: SignalWire's space. Empty for the carrier's one address.
    #[serde(default)]
    api_url: String,
    /// What the carrier calls the SIP connection: Twilio's trunk SID, Telnyx's connection id. Empty for none.
    #[serde(default)]
    sip_connection: String,
    /// What a number costs a month, in millionths, where the carrier tells no prices.
    own_price_micros: Option<i64>,
    own_price_currency: Option<String>,
}

/// What the carrier said of the account.
#[derive(Debug, Serialize, ToSchema)]
struct CarrierTest {
    /// The account's name there.
    account_name: String,
    /// What is wrong with it there, such as `suspended`.
    trouble: Option<String>,
}

/// Which numbers are looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfferQuery {
    /// Two letters; the account's own country when left out.
    country: Option<String>,
    /// `local`, `toll_free` or `mobile`; `local` when left out.
    kind: Option<String>,
    /// Digits.
    area_code: Option<String>,
    /// Digits that stand in it.
    contains: Option<String>,
}

/// A number that the carrier sells.
#[derive(Debug, Serialize, ToSchema)]
struct NumberOffer {
    number: String,
    number_display: String,
    /// Its place and region; may be empty.
    place: String,
    /// What it costs a month, in millionths; null when the carrier tells no price.
    monthly_micros: Option<i64>,
    /// What it costs once.
    setup_micros: Option<i64>,
    currency: Option<String>,
}

/// A number that the account has at the carrier.
#[derive(Debug, Serialize, ToSchema)]
struct HeldNumber {
    number: String,
    number_display: String,
    /// Whether it is in the inventory of this account: `yes`, or `no`, which is also said of one that another account has.
    here: bool,
}

/// The numbers that the account has at the carrier.
#[derive(Debug, Serialize, ToSchema)]
struct HeldNumbers {
    items: Vec<HeldNumber>,
    /// Whether there are more than are read.
    more: bool,
}

/// The accounts at carriers of the trunks that this account may use.
#[utoipa::path(get, path = "/carriers", tag = "assignment", operation_id = "listCarriers", responses((status = 200, body = Page<Carrier>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<Carrier>>, Problem> {
    caller.may(Need::Operate)?;
    let directory = app.backend.directory.now();
    let usable = directory
        .trunks()
        .into_iter()
        .filter(|t| t.account.is_none_or(|a| a == caller.account))
        .filter_map(|t| directory.carrier(t.profile.id));
    Ok(Json(Page::whole(usable.map(|c| item(&app, c)).collect())))
}

/// The account at the carrier of a trunk; null when none is connected.
#[utoipa::path(get, path = "/trunks/{id}/carrier", tag = "assignment", operation_id = "readCarrier", params(("id" = String, Path)), responses((status = 200, body = Option<Carrier>), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Option<Carrier>>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    let directory = app.backend.directory.now();
    let carrier = directory.carrier(trunk);
    Ok(Json(carrier.map(|carrier| item(&app, carrier))))
}

/// Connects the account at the carrier of a trunk.
#[utoipa::path(put, path = "/trunks/{id}/carrier", tag = "assignment", operation_id = "setCarrier", params(("id" = String, Path)), request_body = CarrierInput, responses((status = 200, body = Carrier), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<CarrierInput>,
) -> Result<Json<Carrier>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    let dialect = Dialect::from_word(&input.dialect)
        .ok_or_else(|| Problem::invalid("dialect", "Write twilio, telnyx or signalwire."))?;
    let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let api_url = given(input.api_url);
    if let Some(url) = &api_url {
        check_address(url)?;
    }
    let before = app.backend.directory.now().carrier(trunk).cloned();
    let key = match (input.api_key.and_then(given), &before) {
        (Some(key), _) => Secret::new(key),
        // A stored key goes to the carrier it was written for, and nowhere else.
        (None, Some(before)) if before.dialect == dialect && before.api_url == api_url => {
            before.key.clone()
        }
        (None, Some(_)) => {
            return Err(Problem::invalid(
                "api_key",
                "Write the key again: it would be sent to another address now.",
            ));
        }
        (None, None) => {
            return Err(Problem::invalid(
                "api_key",
                "Write the key: Twilio's auth token, SignalWire's API token, Telnyx's API key.",
            ));
        }
    };
    let own_price = match (input.own_price_micros, input.own_price_currency) {
        (None, _) => None,
        (Some(micros), currency) => {
            let currency: Currency = currency.unwrap_or_default().parse().map_err(|_| {
                Problem::invalid("own_price_currency", "Write a currency such as USD.")
            })?;
            Some(Money::from_micros(micros, currency))
        }
    };
    let carrier = CarrierAccount {
        trunk,
        dialect,
        api_url,
        user: input.account_sid.trim().to_owned(),
        key,
        sip_connection: given(input.sip_connection),
        own_price,
        set_at: app.backend.moment.now(),
    };
    app.backend.supply.connect(&carrier).await?;
    Ok(Json(item(&app, &carrier)))
}

/// Forgets the account at the carrier of a trunk, key included. Its numbers stay where they are.
#[utoipa::path(delete, path = "/trunks/{id}/carrier", tag = "assignment", operation_id = "deleteCarrier", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    if !app.backend.supply.disconnect(trunk).await? {
        return Err(Problem::not_found("account at a carrier"));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the carrier whose account it is.
#[utoipa::path(post, path = "/trunks/{id}/carrier/test", tag = "assignment", operation_id = "testCarrier", params(("id" = String, Path)), responses((status = 200, body = CarrierTest), (status = 404, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CarrierTest>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    asks(&app, &caller)?;
    let told = app.backend.supply.identity(trunk).await?;
    Ok(Json(CarrierTest {
        account_name: told.name,
        trouble: told.trouble,
    }))
}

/// Numbers that the carrier of a trunk sells.
#[utoipa::path(get, path = "/trunks/{id}/carrier/offers", tag = "assignment", operation_id = "listOffers", params(("id" = String, Path), OfferQuery), responses((status = 200, body = Page<NumberOffer>), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn offers(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<OfferQuery>,
) -> Result<Json<Page<NumberOffer>>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    let (_, home) = account_defaults(&app, &caller)?;
    let given = |text: Option<String>| {
        text.map(|t| t.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let search = NumberSearch {
        country: country(query.country.as_deref(), home)?,
        kind: kind(query.kind.as_deref())?,
        area_code: given(query.area_code),
        contains: given(query.contains),
        limit: OFFERS_MAX,
    };
    asks(&app, &caller)?;
    let offers = app.backend.supply.offers(trunk, &search).await?;
    let offer = |offer: trunkline_engine::ports::carriers::NumberOffer| NumberOffer {
        number: offer.number.to_string(),
        number_display: offer.number.display_for(home),
        place: offer.place,
        monthly_micros: offer.monthly.map(Money::micros),
        setup_micros: offer.setup.map(Money::micros),
        currency: offer.monthly.map(|price| price.currency().to_string()),
    };
    Ok(Json(Page::whole(offers.into_iter().map(offer).collect())))
}

/// The numbers that the account has at the carrier of a trunk.
#[utoipa::path(get, path = "/trunks/{id}/carrier/numbers", tag = "assignment", operation_id = "listHeldNumbers", params(("id" = String, Path)), responses((status = 200, body = HeldNumbers), (status = 404, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
async fn held(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<HeldNumbers>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    let (_, home) = account_defaults(&app, &caller)?;
    asks(&app, &caller)?;
    let held = app.backend.supply.held(trunk).await?;
    let directory = app.backend.directory.now();
    let items = held.numbers.iter().map(|held| HeldNumber {
        number: held.number.to_string(),
        number_display: held.number.display_for(home),
        here: directory
            .number_by_digits(held.number)
            .is_some_and(|number| number.account == caller.account),
    });
    Ok(Json(HeldNumbers {
        items: items.collect(),
        more: held.more,
    }))
}

/// Takes a turn among the requests to carriers.
pub(super) fn asks(app: &Web, caller: &Caller) -> Result<(), Problem> {
    let now = app.backend.moment.now();
    let turn = app.carrier_requests.attempt(caller.account, now);
    turn.map_err(Problem::too_many)
}

/// Reads a country, or takes the account's own.
pub(super) fn country(text: Option<&str>, home: Country) -> Result<Country, Problem> {
    let text = text.map(|t| t.trim().to_ascii_uppercase());
    text.filter(|text| !text.is_empty())
        .map_or(Ok(home), |text| {
            text.parse()
                .map_err(|_| Problem::invalid("country", "Write two letters, such as US."))
        })
}

/// Reads a kind of number; a local one when nothing is said.
pub(super) fn kind(text: Option<&str>) -> Result<LineKind, Problem> {
    text.filter(|text| !text.is_empty())
        .map_or(Ok(LineKind::Local), |text| {
            let kind = LineKind::from_word(text);
            kind.ok_or_else(|| Problem::invalid("kind", "Write local, toll_free or mobile."))
        })
}

/// An address is a scheme and a host, so that nothing of the key's way is hidden in it. Whether it may be asked is decided
/// when it is.
fn check_address(text: &str) -> Result<(), Problem> {
    let wrong = || {
        Problem::invalid(
            "api_url",
            "Write an address without a path, such as https://example.signalwire.com.",
        )
    };
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or_else(wrong)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(wrong());
    }
    Ok(())
}

fn item(app: &Web, carrier: &CarrierAccount) -> Carrier {
    let directory = app.backend.directory.now();
    let trunk = directory.trunk(carrier.trunk);
    let points_at = if directory.webhook(carrier.trunk).is_some() {
        Some("webhook")
    } else {
        carrier.sip_connection.as_ref().map(|_| "sip")
    };
    Carrier {
        trunk: carrier.trunk.to_string(),
        trunk_name: trunk.map_or_else(String::new, |t| t.profile.name.clone()),
        dialect: carrier.dialect.word(),
        account_sid: carrier.user.clone(),
        api_url: carrier.api_url.clone(),
        sip_connection: carrier.sip_connection.clone(),
        points_at,
        own_price_micros: carrier.own_price.map(Money::micros),
        own_price_currency: carrier.own_price.map(|price| price.currency().to_string()),
        set_at: carrier.set_at.as_millis(),
    }
}
