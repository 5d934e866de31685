//! Destinations: the phones, SIP addresses, servers and mailboxes of buyers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_core::base::{Country, Timestamp};
use trunkline_core::routing::delivery::presets;
use trunkline_core::routing::{DeliveryKind, TermsKind};
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::distribution::{Delivery, Destination};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::numbers::{id, phone};
use super::super::page::Page;
use super::super::sites::account_defaults;
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
        .routes(routes!(list_presets))
}

/// A destination.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Destination)]
struct DestinationItem {
    id: String,
    buyer: String,
    name: String,
    /// `phone`, `sip`, `http`, `email` or `none`.
    kind: &'static str,
    /// A phone number, SIP address or mail address; empty for the other kinds.
    address: String,
    /// How to post to it.
    #[schema(value_type = Option<Object>)]
    endpoint: Option<Value>,
    /// Whether somebody paused it; its terms may pause it too.
    paused: bool,
    /// Its terms, in versions; changed by `PUT /terms/{id}` with its id.
    terms: TermsItem,
    archived_at: Option<i64>,
    created_at: i64,
}

impl DestinationItem {
    fn new(market: &Market, destination: &Destination) -> Self {
        let (address, endpoint) = match &destination.delivery {
            Delivery::Phone(number) => (number.to_string(), None),
            Delivery::Sip(address) => (address.clone(), None),
            Delivery::Http(endpoint) => (String::new(), Some(endpoint)),
            Delivery::Email(address, endpoint) => (address.clone(), endpoint.as_ref()),
            Delivery::None => (String::new(), None),
        };
        Self {
            id: destination.id.to_string(),
            buyer: destination.buyer.to_string(),
            name: destination.name.clone(),
            kind: destination.delivery.kind().word(),
            address,
            endpoint: endpoint.and_then(|text| serde_json::from_str(text).ok()),
            paused: destination.paused,
            terms: TermsItem::new(market, destination.id),
            archived_at: destination.archived_at.map(Timestamp::as_millis),
            created_at: destination.created_at.as_millis(),
        }
    }
}

/// A destination to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DestinationInput, example = json!({"buyer": "buy_01k7g3z9a0b1c", "name": "Front desk", "kind": "phone", "address": "+12145550123", "terms": {"concurrency_max": 3}}))]
struct DestinationInput {
    /// Stays what it is once the destination is made.
    buyer: Option<String>,
    name: Option<String>,
    /// `phone`, `sip`, `http`, `email` or `none`; a change needs the address and endpoint too.
    kind: Option<String>,
    /// A phone number, SIP address or mail address.
    address: Option<String>,
    /// How to post to it; for `http` with an https address as `url`.
    #[schema(value_type = Option<Object>)]
    endpoint: Option<Value>,
    paused: Option<bool>,
    /// Its first terms; changed by `PUT /terms/{id}` later.
    #[schema(value_type = Option<Object>)]
    terms: Option<Value>,
}

/// The destinations of the account, oldest first.
#[utoipa::path(get, path = "/destinations", tag = "routing", operation_id = "listDestinations", params(ListParams), responses((status = 200, body = Page<DestinationItem>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<DestinationItem>>, Problem> {
    caller.may(Need::Read)?;
    let market = app.backend.distribution.market(caller.account)?;
    let all = market
        .destinations()
        .filter(|d| is_of(params.buyer.as_ref(), d.buyer));
    let item = |destination: &Destination| DestinationItem::new(&market, destination);
    Ok(Json(page(all, &params, item)?))
}

/// An endpoint document to begin with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndpointPreset)]
struct PresetItem {
    /// Such as `ringba`.
    word: &'static str,
    /// Whose shape it is.
    name: &'static str,
    /// What `endpoint` of a destination may be; the buyer's host, keys and settings are to be filled in.
    #[schema(value_type = Object)]
    document: Value,
}

/// Endpoint documents for the shapes that buyers usually have.
#[utoipa::path(get, path = "/destinations/presets", tag = "routing", operation_id = "listEndpointPresets", responses((status = 200, body = Page<PresetItem>)))]
async fn list_presets(caller: Caller) -> Result<Json<Page<PresetItem>>, Problem> {
    caller.may(Need::Read)?;
    let item = |preset: &trunkline_core::routing::delivery::Preset| PresetItem {
        word: preset.word,
        name: preset.name,
        document: serde_json::from_str(preset.document).unwrap_or_default(),
    };
    Ok(Json(Page::whole(presets().iter().map(item).collect())))
}

/// Makes a destination.
#[utoipa::path(post, path = "/destinations", tag = "routing", operation_id = "createDestination", request_body = DestinationInput, responses((status = 201, body = DestinationItem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<DestinationInput>,
) -> Result<(StatusCode, Json<DestinationItem>), Problem> {
    caller.may(Need::Write)?;
    let now = app.backend.moment.now();
    let terms = input
        .terms
        .map(|terms| written(&app, &caller, TermsKind::Destination, terms, "terms"));
    let written = terms.transpose()?;
    let buyer = needed("buyer", input.buyer, "Choose whose it is.")?;
    let kind = needed("kind", input.kind, "Write phone, sip, http, email or none.")?;
    let (_, home) = account_defaults(&app, &caller)?;
    let delivery = read_delivery(&kind, input.address.as_deref(), input.endpoint, home)?;
    let destination = Destination {
        id: app.backend.moment.id(),
        account: caller.account,
        buyer: id("buyer", &buyer)?,
        name: name(input.name),
        delivery,
        paused: input.paused.unwrap_or(false),
        archived_at: None,
        created_at: now,
    };
    let id = destination.id.to_string();
    let distribution = &app.backend.distribution;
    distribution.create(destination, written, now).await?;
    let (market, destination) = find::<Destination, _>(&app, &caller, &id)?;
    let item = DestinationItem::new(&market, &destination);
    Ok((StatusCode::CREATED, Json(item)))
}

/// A destination.
#[utoipa::path(get, path = "/destinations/{id}", tag = "routing", operation_id = "readDestination", params(("id" = String, Path)), responses((status = 200, body = DestinationItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DestinationItem>, Problem> {
    caller.may(Need::Read)?;
    let (market, destination) = find::<Destination, _>(&app, &caller, &id)?;
    Ok(Json(DestinationItem::new(&market, &destination)))
}

/// Changes a destination.
#[utoipa::path(patch, path = "/destinations/{id}", tag = "routing", operation_id = "changeDestination", params(("id" = String, Path)), request_body = DestinationInput, responses((status = 200, body = DestinationItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<DestinationInput>,
) -> Result<Json<DestinationItem>, Problem> {
    caller.may(Need::Write)?;
    let (market, destination) = find::<Destination, _>(&app, &caller, &id)?;
    terms_stay(input.terms.as_ref())?;
    if input.buyer.is_some() {
        return Err(Problem::invalid(
            "buyer",
            "A destination stays with its buyer. Make another destination instead.",
        ));
    }
    let delivery = match (input.kind, input.address, input.endpoint) {
        (None, None, None) => None,
        (kind, address, endpoint) => {
            let before = DestinationItem::new(&market, &destination);
            let same = kind.as_deref().is_none_or(|kind| kind == before.kind);
            let kind = kind.unwrap_or_else(|| before.kind.to_owned());
            let address = address.or_else(|| same.then_some(before.address));
            let endpoint = endpoint.or_else(|| before.endpoint.filter(|_| same));
            let (_, home) = account_defaults(&app, &caller)?;
            Some(read_delivery(&kind, address.as_deref(), endpoint, home)?)
        }
    };
    let change = |destination: &mut Destination| {
        if let Some(text) = input.name {
            destination.name = name(Some(text));
        }
        if let Some(delivery) = delivery {
            destination.delivery = delivery;
        }
        destination.paused = input.paused.unwrap_or(destination.paused);
    };
    let distribution = &app.backend.distribution;
    let changed = distribution.change(caller.account, destination.id, change);
    changed.await?;
    let (market, destination) = find::<Destination, _>(&app, &caller, &id)?;
    Ok(Json(DestinationItem::new(&market, &destination)))
}

/// Puts a destination without contracts away, or takes it out again.
#[utoipa::path(post, path = "/destinations/{id}/archive", tag = "routing", operation_id = "archiveDestination", params(("id" = String, Path)), request_body = ArchiveInput, responses((status = 200, body = DestinationItem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ArchiveInput>,
) -> Result<Json<DestinationItem>, Problem> {
    caller.may(Need::Write)?;
    let (_, destination) = find::<Destination, _>(&app, &caller, &id)?;
    let distribution = &app.backend.distribution;
    let changed =
        distribution.archive::<Destination>(caller.account, destination.id, input.read(&app)?);
    changed.await?;
    let (market, destination) = find::<Destination, _>(&app, &caller, &id)?;
    Ok(Json(DestinationItem::new(&market, &destination)))
}

fn read_delivery(
    kind: &str,
    address: Option<&str>,
    endpoint: Option<Value>,
    home: Country,
) -> Result<Delivery, Problem> {
    let kind = DeliveryKind::from_word(kind)
        .ok_or_else(|| Problem::invalid("kind", "Write phone, sip, http, email or none."))?;
    let address = address.unwrap_or_default().trim();
    let takes_endpoint = matches!(kind, DeliveryKind::Http | DeliveryKind::Email);
    if endpoint.is_some() && !takes_endpoint {
        let message = format!("A destination of the kind {} has no endpoint.", kind.word());
        return Err(Problem::invalid("endpoint", message));
    }
    if !address.is_empty() && matches!(kind, DeliveryKind::Http | DeliveryKind::None) {
        let message = format!("A destination of the kind {} has no address.", kind.word());
        return Err(Problem::invalid("address", message));
    }
    if endpoint
        .as_ref()
        .is_some_and(|endpoint| !endpoint.is_object())
    {
        return Err(Problem::invalid("endpoint", "Write a JSON object."));
    }
    Ok(match kind {
        DeliveryKind::Phone => Delivery::Phone(phone("address", address, home)?),
        DeliveryKind::Sip => Delivery::Sip(address.to_owned()),
        DeliveryKind::Http => {
            let endpoint = endpoint.unwrap_or_default();
            check_url(&endpoint)?;
            Delivery::Http(endpoint.to_string())
        }
        DeliveryKind::Email => {
            let endpoint = endpoint.map(|endpoint| endpoint.to_string());
            Delivery::Email(address.to_owned(), endpoint)
        }
        DeliveryKind::None => Delivery::None,
    })
}

/// That an endpoint names a server that is spoken to over TLS. Which addresses are reached is the guarded client's to say.
fn check_url(endpoint: &Value) -> Result<(), Problem> {
    let url = endpoint.get("url").and_then(Value::as_str);
    let url = url.and_then(|text| url::Url::parse(text).ok());
    let plain = |url: &url::Url| {
        url.scheme() == "https"
            && url.host_str().is_some()
            && url.username().is_empty()
            && url.password().is_none()
    };
    if url.is_some_and(|url| plain(&url)) {
        return Ok(());
    }
    Err(Problem::invalid(
        "endpoint.url",
        "Write an https address such as https://buyer.example/ping, without a password in it.",
    ))
}
