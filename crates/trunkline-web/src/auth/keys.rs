//! Keys for the management API: made once, shown once, stored as a hash.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::ApiKeyId;
use trunkline_engine::ports::access::ApiKey;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Caller, Credential, Identity, Need, sha256};
use crate::api::body::Body;
use crate::api::page::Page;
use crate::app::{App, Web};
use crate::problem::Problem;

/// Every key starts with this, so that leaked ones can be found.
const PREFIX: &str = "tlk_";
/// Characters of a key by which its owner recognises it.
const SHOWN: usize = 12;
/// Most keys of one account.
const KEYS_MAX: usize = 100;
/// Scopes a key may have.
const SCOPES: [&str; 3] = ["read", "write", "recordings"];
const MINUTE_MS: i64 = 60_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct KeyItem {
    id: String,
    name: String,
    scopes: Vec<String>,
    /// First characters of the key.
    prefix: String,
    created_at: i64,
    last_used_at: Option<i64>,
    /// The key itself, only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApiKeyInput)]
struct KeyInput {
    name: String,
    /// Any of `read`, `write`, `recordings`.
    scopes: Vec<String>,
}

/// The keys of the account.
#[utoipa::path(get, path = "/api-keys", tag = "access", operation_id = "listApiKeys", responses((status = 200, body = Page<KeyItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<KeyItem>>, Problem> {
    caller.may(Need::Own)?;
    let keys = app.backend.access.api_keys(caller.account).await?;
    Ok(Json(Page::whole(
        keys.into_iter().map(|k| item(k, None)).collect(),
    )))
}

/// Makes a key. The key itself is in this answer only.
#[utoipa::path(post, path = "/api-keys", tag = "access", operation_id = "createApiKey", request_body = KeyInput, responses((status = 201, body = KeyItem)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<KeyInput>,
) -> Result<(StatusCode, Json<KeyItem>), Problem> {
    caller.may(Need::Own)?;
    let name = input.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 120 {
        return Err(Problem::invalid(
            "name",
            "Write a name of 1 to 120 characters.",
        ));
    }
    if input.scopes.is_empty() || input.scopes.iter().any(|s| !SCOPES.contains(&s.as_str())) {
        return Err(Problem::invalid(
            "scopes",
            "Choose at least one of read, write, recordings.",
        ));
    }
    if app.backend.access.api_keys(caller.account).await?.len() >= KEYS_MAX {
        return Err(Problem::conflict(format!(
            "The account has {KEYS_MAX} keys already. Remove one first."
        )));
    }
    let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(app.random::<24>()?));
    let key = ApiKey {
        id: app.backend.moment.id(),
        account: caller.account,
        name,
        prefix: secret.chars().take(SHOWN).collect(),
        key_hash: sha256(secret.as_bytes()),
        scopes: input.scopes,
        created_at: app.backend.moment.now(),
        last_used_at: None,
    };
    app.backend.access.add_api_key(&key).await?;
    app.strangers.made(Credential::Key(key.key_hash));
    Ok((StatusCode::CREATED, Json(item(key, Some(secret)))))
}

/// Removes a key; it opens nothing from then on.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "access", operation_id = "deleteApiKey", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Own)?;
    let id = ApiKeyId::parse(&id).map_err(|_| Problem::not_found("key"))?;
    if app
        .backend
        .access
        .delete_api_key(caller.account, id)
        .await?
    {
        app.streams.ask_again();
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("key"))
    }
}

/// The caller behind a key.
pub(super) async fn caller(app: &Web, hash: [u8; 32]) -> Result<Caller, Problem> {
    let wrong = || Problem::unauthorized("This key is not valid.");
    let key = app.backend.access.api_key(&hash).await?.ok_or_else(wrong)?;
    let now = app.backend.moment.now();
    let stamp = key
        .last_used_at
        .is_none_or(|at| now.millis_since(at) >= MINUTE_MS);
    if stamp && !app.backend.access.api_key_used(key.id, now).await? {
        return Err(wrong());
    }
    Ok(Caller {
        account: key.account,
        credential: Credential::Key(hash),
        identity: Identity::Key { scopes: key.scopes },
    })
}

fn item(key: ApiKey, secret: Option<String>) -> KeyItem {
    KeyItem {
        id: key.id.to_string(),
        name: key.name,
        scopes: key.scopes,
        prefix: key.prefix,
        created_at: key.created_at.as_millis(),
        last_used_at: key
            .last_used_at
            .map(trunkline_core::base::Timestamp::as_millis),
        key: secret,
    }
}
