//! What the owner of an account should look at: destinations that toll rules refused. Somebody may be trying to make the
//! account pay for calls.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use trunkline_core::call::TollRule;
use trunkline_engine::ports::calls::TollRefused;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::page::Page;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// How long after the last refusal an alarm stands: one day, so that each is seen once by whoever looks daily.
const STANDS_MS: i64 = 86_400_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Calls with destinations that a toll rule refused, in the last 24 hours.
#[derive(Debug, Serialize, ToSchema)]
struct Alarm {
    /// `premium_range`, `unassigned_range`, `country_not_allowed`, `too_many_calls`, `minutes_spent` or `money_spent`.
    rule: &'static str,
    /// The same as a sentence.
    message: &'static str,
    /// How many calls, of the account's latest thousand with a refusal.
    calls: i64,
    /// When the last of them came.
    last_at: i64,
    /// The last of them.
    last_call: String,
}

/// What toll rules refused in the last 24 hours: one alarm for each rule.
#[utoipa::path(get, path = "/alarms", tag = "call", operation_id = "listAlarms", responses((status = 200, body = Page<Alarm>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<Alarm>>, Problem> {
    caller.may(Need::Read)?;
    let since = app.backend.moment.now().plus_millis(-STANDS_MS);
    let refused = app.backend.records.toll_refused(caller.account, since);
    let alarm = |refused: TollRefused| Alarm {
        rule: refused.rule.word(),
        message: message(refused.rule),
        calls: refused.calls,
        last_at: refused.last_at.as_millis(),
        last_call: refused.last_call.to_string(),
    };
    Ok(Json(Page::whole(
        refused.await?.into_iter().map(alarm).collect(),
    )))
}

const fn message(rule: TollRule) -> &'static str {
    match rule {
        TollRule::PremiumRange => {
            "A call was to be put through to a premium-rate number, which is never dialled. Look at who changed the number called, or its call flow."
        }
        TollRule::UnassignedRange => {
            "A call was to be put through to a number that nobody has. Look at the lines of the number called, or at its call flow."
        }
        TollRule::CountryNotAllowed => {
            "A call was to be put through to a country that is not on the account's list. Allow it under Settings, or change the line of the number called, or its call flow."
        }
        TollRule::TooManyCalls => {
            "The account had as many calls at once as it may. Raise the limit under Settings if they were real."
        }
        TollRule::MinutesSpent => {
            "The account has used its minutes of the day. Raise the limit under Settings if the calls were real."
        }
        TollRule::MoneySpent => {
            "The account has spent its money of the day on outgoing calls. Look at whom they went to, and raise the limit under Settings if they were real."
        }
    }
}
