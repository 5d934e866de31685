//! Trunks: the SIP connections of the instance, set up by the operator.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::TrunkId;
use trunkline_engine::call::control::{Cidr, Codec, Transport, TrunkProfile};
use trunkline_engine::ports::configuration::Trunk;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::page::Page;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Port of SIP without TLS (RFC 3261, 19.1.2).
const SIP_PORT: u16 = 5060;
/// Most addresses of one trunk.
const ADDRESSES_MAX: usize = 200;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
}

/// A SIP trunk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trunk)]
struct TrunkItem {
    id: String,
    name: String,
    /// Addresses or ranges its requests come from.
    addresses: Vec<String>,
    /// Where outgoing calls are sent; null for a trunk that only takes calls in.
    host: Option<String>,
    port: u16,
    /// `udp` or `tcp`.
    transport: &'static str,
    /// Codecs, best first.
    codecs: Vec<&'static str>,
    /// Whether the far end sits behind NAT.
    nat: bool,
    /// Whether every account of the instance may use it.
    shared: bool,
    created_at: i64,
}

/// A trunk to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
struct TrunkInput {
    name: Option<String>,
    addresses: Option<Vec<String>>,
    /// Host name or address; empty for a trunk that only takes calls in.
    host: Option<String>,
    port: Option<u16>,
    transport: Option<String>,
    codecs: Option<Vec<String>>,
    nat: Option<bool>,
    shared: Option<bool>,
}

/// The trunks the account may use.
#[utoipa::path(get, path = "/trunks", tag = "call", operation_id = "listTrunks", responses((status = 200, body = Page<TrunkItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<TrunkItem>>, Problem> {
    caller.may(Need::Read)?;
    let directory = app.backend.directory.now();
    let own = directory
        .trunks()
        .into_iter()
        .filter(|t| t.account.is_none_or(|a| a == caller.account));
    Ok(Json(Page::whole(own.map(|t| item(t)).collect())))
}

/// Makes a trunk.
#[utoipa::path(post, path = "/trunks", tag = "call", operation_id = "createTrunk", request_body = TrunkInput, responses((status = 201, body = TrunkItem), (status = 422, body = Problem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<TrunkInput>,
) -> Result<(StatusCode, Json<TrunkItem>), Problem> {
    caller.may(Need::Operate)?;
    let profile = TrunkProfile {
        id: app.backend.moment.id(),
        name: String::new(),
        addresses: Vec::new(),
        peer: None,
        transport: Transport::Udp,
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        nat: false,
    };
    let trunk = Trunk {
        profile,
        peer_host: None,
        peer_port: SIP_PORT,
        account: None,
        created_at: app.backend.moment.now(),
    };
    let trunk = merge(trunk, input, &caller)?;
    app.backend.setup.put_trunk(&trunk).await?;
    Ok((StatusCode::CREATED, Json(item(&trunk))))
}

/// A trunk.
#[utoipa::path(get, path = "/trunks/{id}", tag = "call", operation_id = "readTrunk", params(("id" = String, Path)), responses((status = 200, body = TrunkItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TrunkItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(item(&find(&app, &caller, &id)?)))
}

/// Changes a trunk.
#[utoipa::path(patch, path = "/trunks/{id}", tag = "call", operation_id = "changeTrunk", params(("id" = String, Path)), request_body = TrunkInput, responses((status = 200, body = TrunkItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<TrunkInput>,
) -> Result<Json<TrunkItem>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = merge(find(&app, &caller, &id)?, input, &caller)?;
    app.backend.setup.put_trunk(&trunk).await?;
    Ok(Json(item(&trunk)))
}

/// Removes a trunk without numbers.
#[utoipa::path(delete, path = "/trunks/{id}", tag = "call", operation_id = "deleteTrunk", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?;
    app.backend.setup.delete_trunk(trunk.profile.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn find(app: &Web, caller: &Caller, id: &str) -> Result<Trunk, Problem> {
    let missing = || Problem::not_found("trunk");
    let id = TrunkId::parse(id).map_err(|_| missing())?;
    let directory = app.backend.directory.now();
    let trunk = directory
        .trunk(id)
        .filter(|t| t.account.is_none_or(|a| a == caller.account));
    trunk.map(|t| Trunk::clone(t)).ok_or_else(missing)
}

fn merge(mut trunk: Trunk, input: TrunkInput, caller: &Caller) -> Result<Trunk, Problem> {
    if let Some(name) = input.name {
        trunk.profile.name = name.trim().to_owned();
    }
    if let Some(addresses) = input.addresses {
        if addresses.len() > ADDRESSES_MAX {
            return Err(Problem::invalid(
                "addresses",
                format!("Write at most {ADDRESSES_MAX} addresses."),
            ));
        }
        let read = |a: &String| {
            Cidr::parse(a.trim()).map_err(|e| Problem::invalid("addresses", e.to_string()))
        };
        trunk.profile.addresses = addresses.iter().map(read).collect::<Result<_, _>>()?;
    }
    if let Some(host) = input.host {
        let host = host.trim().to_lowercase();
        trunk.peer_host = (!host.is_empty()).then_some(host);
    }
    trunk.peer_port = input.port.unwrap_or(trunk.peer_port);
    if let Some(transport) = input.transport {
        let known = Transport::from_word(&transport);
        trunk.profile.transport =
            known.ok_or_else(|| Problem::invalid("transport", "Write udp or tcp."))?;
    }
    if let Some(codecs) = input.codecs {
        let read = |c: &String| {
            Codec::from_word(c).ok_or_else(|| Problem::invalid("codecs", "Write PCMU or PCMA."))
        };
        trunk.profile.codecs = codecs.iter().map(read).collect::<Result<_, _>>()?;
    }
    trunk.profile.nat = input.nat.unwrap_or(trunk.profile.nat);
    if let Some(shared) = input.shared {
        trunk.account = (!shared).then_some(caller.account);
    }
    Ok(trunk)
}

fn item(trunk: &Trunk) -> TrunkItem {
    let profile = &trunk.profile;
    TrunkItem {
        id: profile.id.to_string(),
        name: profile.name.clone(),
        addresses: profile.addresses.iter().map(ToString::to_string).collect(),
        host: trunk.peer_host.clone(),
        port: trunk.peer_port,
        transport: profile.transport.word(),
        codecs: profile.codecs.iter().map(|c| c.word()).collect(),
        nat: profile.nat,
        shared: trunk.account.is_none(),
        created_at: trunk.created_at.as_millis(),
    }
}
