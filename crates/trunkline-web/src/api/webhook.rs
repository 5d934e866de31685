//! How the carrier of a trunk talks by webhooks, and the addresses to be entered there. Keys go in and never come out.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_engine::ports::webhooks::{Dialect, Secret, WebhookTrunk};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::trunk_view::sees_settings;
use super::trunks::find;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};
use crate::voice::{abilities, entered_at_carrier};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, set, delete))
}

/// How the carrier of a trunk talks by webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VoiceWebhook)]
struct WebhookItem {
    trunk: String,
    /// `twilio`, `telnyx` or `signalwire`.
    dialect: &'static str,
    /// The account SID or project id.
    account_sid: String,
    /// Whether a token of its own is stored for fetching recordings.
    has_api_token: bool,
    /// The address to enter at the carrier for calls that come in, with the method POST.
    call_url: String,
    /// The address to enter at the carrier for changes of the call's status, with the method POST.
    status_url: String,
    /// What calls over it can do for call flows.
    abilities: Vec<&'static str>,
    set_at: i64,
    /// When the carrier last asked or told something with a signature that was right, since the start of the server.
    last_believed_at: Option<i64>,
    /// When a request was last refused.
    last_refused_at: Option<i64>,
    /// Why, as a sentence.
    last_refused_because: Option<String>,
}

/// How the carrier of a trunk talks; keys that are left out stay.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = VoiceWebhookInput)]
struct WebhookInput {
    /// `twilio`, `telnyx` or `signalwire`.
    dialect: String,
    /// The account SID or project id.
    account_sid: String,
    /// What the carrier signs with: Twilio's auth token, SignalWire's signing key, Telnyx's public key.
    signing_key: Option<String>,
    /// What recordings are fetched with, where that is another one: SignalWire's API token. Empty to forget it.
    api_token: Option<String>,
}

/// How the carrier of a trunk talks by webhooks; null when it does not.
#[utoipa::path(get, path = "/trunks/{id}/webhook", tag = "call", operation_id = "readTrunkWebhook", params(("id" = String, Path)), responses((status = 200, body = Option<WebhookItem>), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Option<WebhookItem>>, Problem> {
    caller.may(Need::Read)?;
    let trunk = find(&app, &caller, &id)?;
    // How a shared trunk is set up, its account at the carrier too, is the operator's business.
    if !sees_settings(&trunk, &caller) {
        caller.may(Need::Operate)?;
    }
    let trunk = trunk.profile.id;
    let webhook = app.backend.webhooks.trunk(trunk);
    Ok(Json(webhook.map(|webhook| item(&app, &webhook))))
}

/// Sets how the carrier of a trunk talks by webhooks.
#[utoipa::path(put, path = "/trunks/{id}/webhook", tag = "call", operation_id = "setTrunkWebhook", params(("id" = String, Path)), request_body = WebhookInput, responses((status = 200, body = WebhookItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<WebhookInput>,
) -> Result<Json<WebhookItem>, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    let dialect = Dialect::from_word(&input.dialect);
    let dialect = dialect
        .ok_or_else(|| Problem::invalid("dialect", "Write twilio, telnyx or signalwire."))?;
    let before = app.backend.webhooks.trunk(trunk);
    let signing_key = match (input.signing_key, &before) {
        (Some(key), _) => Secret::new(key.trim()),
        (None, Some(before)) if before.dialect == dialect => before.signing_key.clone(),
        (None, _) => {
            return Err(Problem::invalid(
                "signing_key",
                "Write what the carrier signs with: Twilio's auth token, SignalWire's signing key, Telnyx's public key.",
            ));
        }
    };
    let api_token = match input.api_token {
        Some(token) if token.trim().is_empty() => None,
        Some(token) => Some(Secret::new(token.trim())),
        None => before.and_then(|b| b.api_token.clone()),
    };
    let webhook = WebhookTrunk {
        trunk,
        dialect,
        carrier_account: input.account_sid.trim().to_owned(),
        signing_key,
        api_token,
        set_at: app.backend.moment.now(),
    };
    app.backend.setup.put_webhook(&webhook).await?;
    app.heard.forget(trunk);
    Ok(Json(item(&app, &webhook)))
}

/// Forgets how the carrier of a trunk talks by webhooks, keys included. Its calls are refused from then on.
#[utoipa::path(delete, path = "/trunks/{id}/webhook", tag = "call", operation_id = "deleteTrunkWebhook", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Operate)?;
    let trunk = find(&app, &caller, &id)?.profile.id;
    app.heard.forget(trunk);
    if !app.backend.setup.delete_webhook(trunk).await? {
        return Err(Problem::not_found("voice webhook"));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn item(app: &Web, webhook: &WebhookTrunk) -> WebhookItem {
    let (call_url, status_url) = entered_at_carrier(&app.settings.public_url, webhook.trunk);
    let able = abilities(webhook.dialect).iter();
    let heard = app.heard.of(webhook.trunk);
    let (refused_at, because) = heard.refused.unzip();
    WebhookItem {
        trunk: webhook.trunk.to_string(),
        dialect: webhook.dialect.word(),
        account_sid: webhook.carrier_account.clone(),
        has_api_token: webhook.api_token.is_some(),
        call_url,
        status_url,
        abilities: able.map(|ability| ability.word()).collect(),
        set_at: webhook.set_at.as_millis(),
        last_believed_at: heard.believed_at.map(Timestamp::as_millis),
        last_refused_at: refused_at.map(Timestamp::as_millis),
        last_refused_because: because.map(|trouble| sentence(&trouble)),
    }
}
