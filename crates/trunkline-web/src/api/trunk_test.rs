//! Trying a trunk: a ping, and a phone that rings.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::PhoneNumber;
use trunkline_engine::call::trunk::TestCall;
use trunkline_engine::trunks::CallMe;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::sites::account_defaults;
use super::trunk_view::{TrunkHealth, sees_settings};
use super::trunks::find;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(check))
        .routes(routes!(call_me))
}

/// The phone to ring.
#[derive(Debug, Deserialize, ToSchema)]
struct CallMeInput {
    /// As dialled in the account's country, or with a plus sign.
    #[serde(default)]
    #[schema(required = true)]
    number: String,
}

/// How a test call went.
#[derive(Debug, Serialize, ToSchema)]
struct CallMeResult {
    /// `answered` (and hung up at once), `rang`, `refused` or `failed`.
    outcome: &'static str,
    /// The carrier's SIP status, when it refused.
    sip_status: Option<u16>,
    /// The same as a sentence.
    message: String,
}

/// Pings a trunk's far end now.
#[utoipa::path(post, path = "/trunks/{id}/check", tag = "call", operation_id = "checkTrunk", params(("id" = String, Path)), responses((status = 200, body = TrunkHealth), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn check(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TrunkHealth>, Problem> {
    caller.may(Need::Write)?;
    let trunk = find(&app, &caller, &id)?;
    app.trunk_checks
        .attempt(caller.account, app.backend.moment.now())
        .map_err(Problem::too_many)?;
    let state = app.backend.trunks.check(trunk.profile.id).await;
    let nothing = || {
        Problem::invalid(
            "host",
            "The trunk has no host that could be asked, or its name cannot be looked up.",
        )
    };
    let health = &state.ok_or_else(nothing)?.health;
    Ok(Json(TrunkHealth::of(
        health,
        sees_settings(&trunk, &caller),
    )))
}

/// Rings a phone over a trunk, under the account's toll rules, for at most 25 seconds. An answer is hung up at once.
#[utoipa::path(post, path = "/trunks/{id}/call-me", tag = "call", operation_id = "callMe", params(("id" = String, Path)), request_body = CallMeInput, responses((status = 200, body = CallMeResult), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn call_me(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<CallMeInput>,
) -> Result<Json<CallMeResult>, Problem> {
    caller.may(Need::Own)?;
    let trunk = find(&app, &caller, &id)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let number = PhoneNumber::parse(input.number.trim(), home)
        .map_err(|e| Problem::invalid("number", e.to_string()))?;
    let _place = app
        .test_calls
        .take(caller.account)
        .ok_or_else(|| Problem::too_many(RETRY_S))?;
    app.test_call_rate
        .attempt(caller.account, app.backend.moment.now())
        .map_err(Problem::too_many)?;
    let trunks = &app.backend.trunks;
    let tried = trunks
        .call_me(caller.account, trunk.profile.id, number)
        .await;
    match tried {
        // What went wrong names hosts and addresses.
        CallMe::Tried(TestCall::Failed { .. }) if !sees_settings(&trunk, &caller) => {
            let error = "the call could not be sent; whoever runs the server sees why".to_owned();
            Ok(Json(result(TestCall::Failed { error })))
        }
        CallMe::Tried(outcome) => Ok(Json(result(outcome))),
        CallMe::Forbidden(refusal) => {
            Err(Problem::invalid("number", sentence(&refusal.to_string())))
        }
        CallMe::NoNumber => Err(Problem::invalid(
            "number",
            "The account has no tracking number that could be shown; add one first.",
        )),
        CallMe::NoLine => Err(Problem::invalid(
            "number",
            "The trunk cannot dial: it has no host, or its name cannot be looked up.",
        )),
    }
}

/// When a second test call may be tried while one rings.
const RETRY_S: u32 = 30;

fn result(outcome: TestCall) -> CallMeResult {
    match outcome {
        TestCall::Answered => CallMeResult {
            outcome: "answered",
            sip_status: None,
            message: "The phone was answered, and we hung up.".to_owned(),
        },
        TestCall::Rang => CallMeResult {
            outcome: "rang",
            sip_status: None,
            message: "The phone rang and nobody answered.".to_owned(),
        },
        TestCall::Refused { status } => CallMeResult {
            outcome: "refused",
            sip_status: Some(status),
            message: refused(status),
        },
        TestCall::Failed { error } => CallMeResult {
            outcome: "failed",
            sip_status: None,
            message: sentence(&error),
        },
    }
}

fn refused(status: u16) -> String {
    match status {
        401 | 407 => format!("The carrier refused the user name or password ({status})."),
        403 => "The carrier does not allow this call (403): look at the number that is shown and at the account there.".to_owned(),
        404 | 484 | 604 => format!("The carrier does not know this number as it was written ({status}): look at the number format of the trunk."),
        486 | 600 => format!("The phone is busy ({status})."),
        480 => "The phone cannot be reached now (480).".to_owned(),
        603 => "The call was declined (603).".to_owned(),
        _ => format!("The carrier refused the call ({status})."),
    }
}
