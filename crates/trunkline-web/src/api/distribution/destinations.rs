//! Destinations: the phones, SIP addresses, servers and mailboxes of buyers.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunkline_core::base::{Country, Timestamp};
use trunkline_core::routing::delivery::{EndpointDocument, MailDocument};
use trunkline_core::routing::{DeliveryKind, TermsKind};
use trunkline_engine::distribution::{Market, Reach, check_secrets};
use trunkline_engine::ports::distribution::{Delivery, Destination};
use trunkline_engine::ports::webhooks::Secret;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::{Body, Params};
use super::super::numbers::{id, phone};
use super::super::page::Page;
use super::super::sites::account_defaults;
use super::terms::{TermsItem, document_of, written};
use super::{ArchiveInput, ListParams, find, is_of, name, needed, page, terms_stay};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change))
        .routes(routes!(archive))
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
    /// What a server is sent and how its answers are read, or what a mailbox is written.
    #[schema(value_type = Option<Object>)]
    endpoint: Option<Value>,
    /// The secrets that its endpoint names, and those that are set. No answer has their values.
    secrets: Vec<SecretItem>,
    /// Whether somebody paused it; its terms may pause it too.
    paused: bool,
    /// Its terms, in versions; changed by `PUT /terms/{id}` with its id.
    terms: TermsItem,
    archived_at: Option<i64>,
    created_at: i64,
}

/// A secret of a destination, without its value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DestinationSecret)]
struct SecretItem {
    /// As the endpoint names it.
    name: String,
    /// Whether it has a value. Without one nothing is sent.
    set: bool,
    /// Whether the endpoint names it.
    used: bool,
}

fn secrets_of(market: &Market, destination: &Destination) -> Vec<SecretItem> {
    let values = market.secrets(destination.id);
    let used: BTreeSet<&str> = match market.reach(destination.id) {
        Some(Reach::Server { endpoint, .. }) => endpoint.secrets().collect(),
        Some(Reach::Mailbox(_)) | None => BTreeSet::new(),
    };
    let names: BTreeSet<&str> = values.keys().map(String::as_str).collect();
    let item = |name: &&str| SecretItem {
        name: (*name).to_owned(),
        set: values.contains_key(*name),
        used: used.contains(name),
    };
    names.union(&used).map(item).collect()
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
            secrets: secrets_of(market, destination),
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
    /// For `http`: what the server is sent in a ping and a post and how its answers are read. For `email`: `subject` and
    /// `body` with placeholders, and `to` when it goes to others too; the usual words when left out.
    #[schema(value_type = Option<Object>)]
    endpoint: Option<Value>,
    /// Values of secrets by the names that the endpoint calls them; null takes one away. They are kept sealed.
    secrets: Option<BTreeMap<String, Option<String>>>,
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
    let secrets = read_secrets(input.secrets)?;
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
    let own = destination.id;
    let distribution = &app.backend.distribution;
    distribution.create(destination, written, now).await?;
    if !secrets.is_empty() {
        let set = distribution.set_secrets(caller.account, own, secrets, now);
        set.await?;
    }
    let id = own.to_string();
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
    let secrets = read_secrets(input.secrets)?;
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
            let kept = || moved(before.endpoint.filter(|_| same)?, &before.address, &address);
            let endpoint = endpoint.or_else(kept);
            let address = address.or_else(|| same.then_some(before.address));
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
    if !secrets.is_empty() {
        let now = app.backend.moment.now();
        let set = distribution.set_secrets(caller.account, destination.id, secrets, now);
        set.await?;
    }
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
    Ok(match kind {
        DeliveryKind::Phone => Delivery::Phone(phone("address", address, home)?),
        DeliveryKind::Sip => Delivery::Sip(address.to_owned()),
        DeliveryKind::Http => {
            let what =
                "Say what the server is sent, such as a document of GET /api/v1/endpoint-presets.";
            let endpoint = needed("endpoint", endpoint.filter(|e| !e.is_null()), what)?;
            let document: EndpointDocument = document_of(endpoint, "endpoint")?;
            Delivery::Http(text_of(&document)?)
        }
        DeliveryKind::Email => read_mail(address, endpoint.filter(|e| !e.is_null()))?,
        DeliveryKind::None => Delivery::None,
    })
}

/// A document that stays while the address may become another one.
fn moved(mut endpoint: Value, from: &str, to: &Option<String>) -> Option<Value> {
    if let (Some(to), Some(Value::Array(all))) = (to, endpoint.get_mut("to")) {
        let to = Value::from(to.trim());
        all.iter_mut()
            .filter(|one| one.as_str() == Some(from))
            .for_each(|one| *one = to.clone());
    }
    Some(endpoint)
}

/// A mailbox. The address stands for `to`, and the first of `to` for the address.
fn read_mail(address: &str, endpoint: Option<Value>) -> Result<Delivery, Problem> {
    let Some(mut endpoint) = endpoint else {
        return Ok(Delivery::Email(address.to_owned(), None));
    };
    if let Some(members) = endpoint.as_object_mut() {
        members.entry("to").or_insert_with(|| json!([address]));
    }
    let document: MailDocument = document_of(endpoint, "endpoint")?;
    let first = document.to.first().filter(|_| address.is_empty());
    let address = first.map_or(address, String::as_str).to_owned();
    Ok(Delivery::Email(address, Some(text_of(&document)?)))
}

fn text_of(document: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(document)
        .map_err(|error| Problem::invalid("endpoint", sentence(&error.to_string())))
}

fn read_secrets(
    secrets: Option<BTreeMap<String, Option<String>>>,
) -> Result<BTreeMap<String, Option<Secret>>, Problem> {
    let secrets = secrets.unwrap_or_default().into_iter();
    let secrets = secrets
        .map(|(name, value)| (name, value.map(Secret::new)))
        .collect();
    check_secrets(&secrets)?;
    Ok(secrets)
}
