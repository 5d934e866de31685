//! Leads that buyers give back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use trunkline_core::base::id::ContractId;
use trunkline_core::lead::{ReturnEvent, ReturnReason};
use trunkline_engine::lead::{ReturnAsk, ReturnDecision, ReturnError};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use super::view::ReturnItem;
use crate::api::body::Body;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};

/// Longest note and answer, in characters.
const TEXT_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(decide))
}

impl From<ReturnError> for Problem {
    fn from(error: ReturnError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            ReturnError::NoLead => Self::not_found("lead"),
            ReturnError::NotAsked => Self::not_found("return"),
            ReturnError::NotTheirs | ReturnError::AskedBefore(_) | ReturnError::Refused(_) => {
                Self::conflict(detail)
            }
            ReturnError::Moved => Self::unavailable(detail),
            ReturnError::Port(error) => error.into(),
        }
    }
}

fn text(field: &'static str, text: Option<String>) -> Result<String, Problem> {
    let text = text.unwrap_or_default().trim().to_owned();
    if text.chars().count() > TEXT_MAX {
        let detail = format!("Write at most {TEXT_MAX} characters.");
        return Err(Problem::invalid(field, detail));
    }
    Ok(text)
}

/// A return to ask for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadReturnInput, example = json!({"contract": "ctr_01k7g3z9a0b1c", "reason": "wrong_number", "note": "A florist answers."}))]
struct AskInput {
    /// The contract by which the buyer has it.
    contract: Option<String>,
    /// `wrong_number`, `disconnected`, `duplicate`, `outside_terms`, `no_consent`, `false_data` or `other`.
    reason: Option<String>,
    /// What the buyer says.
    note: Option<String>,
}

/// Asks for a return: granted at once when our own data proves the reason and the campaign's terms say so, else for a person
/// to decide. 409 when the terms do not allow it.
#[utoipa::path(post, path = "/leads/{id}/returns", tag = "lead", operation_id = "askLeadReturn", params(("id" = String, Path)), request_body = AskInput, responses((status = 201, body = ReturnItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn ask(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<AskInput>,
) -> Result<(StatusCode, Json<ReturnItem>), Problem> {
    caller.may(Need::Write)?;
    let row = find(&app, &caller, &id).await?;
    let contract = input.contract.unwrap_or_default();
    let contract = ContractId::parse(&contract)
        .map_err(|error| Problem::invalid("contract", sentence(&error.to_string())))?;
    let reason = input.reason.as_deref().and_then(ReturnReason::from_word);
    let reason = reason.ok_or_else(|| {
        let words: Vec<&str> = ReturnReason::ALL.iter().map(|r| r.word()).collect();
        Problem::invalid("reason", format!("Write one of {}.", words.join(", ")))
    })?;
    let ask = ReturnAsk {
        lead: row.id,
        contract,
        reason,
        note: text("note", input.note)?,
    };
    let asked = app.backend.leads.ask_return(caller.account, &ask).await?;
    let market = app.backend.distribution.market(caller.account)?;
    let item = ReturnItem::new(&market, &asked);
    Ok((StatusCode::CREATED, Json(item)))
}

/// What is decided of a return.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadReturnDecision, example = json!({"decision": "approve", "percent": 100, "answer": "Sorry."}))]
struct DecideInput {
    /// `review`, `approve`, `reject` or `close`.
    decision: Option<String>,
    /// How much of the price is given back, in per cent; all of it when left out.
    percent: Option<u8>,
    /// Why, for the buyer.
    answer: Option<String>,
}

/// Decides a return: grants it wholly or in part, refuses it, or closes it when everything is settled. The same decision
/// again changes nothing.
#[utoipa::path(post, path = "/leads/{id}/returns/{contract}", tag = "lead", operation_id = "decideLeadReturn", params(("id" = String, Path), ("contract" = String, Path)), request_body = DecideInput, responses((status = 200, body = ReturnItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path((id, contract)): Path<(String, String)>,
    Body(input): Body<DecideInput>,
) -> Result<Json<ReturnItem>, Problem> {
    caller.may(Need::Write)?;
    let row = find(&app, &caller, &id).await?;
    let contract = ContractId::parse(&contract).map_err(|_| Problem::not_found("return"))?;
    let what = match input.decision.as_deref() {
        Some("review") => ReturnEvent::Review,
        Some("approve") => ReturnEvent::Approve {
            percent: input.percent.unwrap_or(100),
        },
        Some("reject") => ReturnEvent::Reject,
        Some("close") => ReturnEvent::Close,
        _ => {
            let detail = "Write review, approve, reject or close.";
            return Err(Problem::invalid("decision", detail));
        }
    };
    let decision = ReturnDecision {
        lead: row.id,
        contract,
        what,
        answer: text("answer", input.answer)?,
        by: caller.person().ok().map(|(user, ..)| user),
    };
    let leads = &app.backend.leads;
    let decided = leads.decide_return(caller.account, &decision).await?;
    let market = app.backend.distribution.market(caller.account)?;
    Ok(Json(ReturnItem::new(&market, &decided)))
}
