//! Trunks: the SIP connections of the instance, set up by the operator.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use trunkline_core::base::Currency;
use trunkline_core::base::id::TrunkId;
use trunkline_engine::call::control::{Codec, Transport, TrunkProfile};
use trunkline_engine::call::trunk::TrunkSettings;
use trunkline_engine::ports::configuration::Trunk;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::page::Page;
use super::trunk_view::{SIP_PORT, TrunkInput, TrunkItem, item, merge};
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change, delete))
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
    Ok(Json(Page::whole(
        own.map(|t| shown(&app, t, &caller)).collect(),
    )))
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
        settings: TrunkSettings::default(),
    };
    let trunk = Trunk {
        profile,
        peer_host: None,
        peer_port: SIP_PORT,
        account: None,
        created_at: app.backend.moment.now(),
    };
    let trunk = merge(trunk, input, &caller, currency(&app, &caller)?)?;
    app.backend.setup.put_trunk(&trunk).await?;
    Ok((StatusCode::CREATED, Json(shown(&app, &trunk, &caller))))
}

/// A trunk.
#[utoipa::path(get, path = "/trunks/{id}", tag = "call", operation_id = "readTrunk", params(("id" = String, Path)), responses((status = 200, body = TrunkItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TrunkItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(shown(&app, &find(&app, &caller, &id)?, &caller)))
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
    let trunk = find(&app, &caller, &id)?;
    let trunk = merge(trunk, input, &caller, currency(&app, &caller)?)?;
    app.backend.setup.put_trunk(&trunk).await?;
    Ok(Json(shown(&app, &trunk, &caller)))
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
    app.backend.supply.delete_trunk(trunk.profile.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The currency of the caller's account.
fn currency(app: &Web, caller: &Caller) -> Result<Currency, Problem> {
    let directory = app.backend.directory.now();
    let account = directory.account(caller.account);
    let account = account.ok_or_else(|| Problem::not_found("account"))?;
    Ok(account.currency)
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

/// What is shown of a trunk now.
fn shown(app: &Web, trunk: &Trunk, caller: &Caller) -> TrunkItem {
    let by_webhook = app
        .backend
        .directory
        .now()
        .webhook(trunk.profile.id)
        .is_some();
    item(
        trunk,
        by_webhook,
        &app.backend.trunks.state(trunk.profile.id),
        caller,
    )
}
