//! What partners are answered: JSON with one word for what became of a ping or a lead, and one code for why.

use serde::Serialize;
use trunkline_core::base::{Decimal, Money, Timestamp};
use trunkline_core::lead::{LeadRefusal, RunState, StepRefusal};
use trunkline_core::routing::ReasonCode;
use trunkline_engine::lead::{Answered, LeadError};
use trunkline_engine::ports::leads::LeadRow;

use crate::app::App;
use crate::problem::{Problem, ProblemPlace, sentence};

/// The answer to a ping.
#[derive(Debug, Serialize)]
pub(super) struct PingAnswer {
    /// `accepted` or `rejected`.
    status: &'static str,
    /// What the post quotes; none when nobody bids.
    ping_id: Option<String>,
    /// What the publisher is paid when a buyer takes the lead.
    price: Option<String>,
    currency: String,
    /// When the post must have come.
    expires_at: Option<String>,
    expires_in_s: Option<i64>,
    /// Whether the same ping was answered before.
    cached: bool,
    test: bool,
    reason_code: Option<String>,
    reason: Option<&'static str>,
}

/// The answer to a post.
#[derive(Debug, Serialize)]
pub(super) struct LeadAnswer {
    /// `sold`, `unsold`, `queued`, `pending`, `rejected` or `returned`.
    status: &'static str,
    lead_id: Option<String>,
    /// What the publisher is paid; none while nobody has it.
    price: Option<String>,
    currency: Option<String>,
    /// Where a buyer wants the person's browser sent.
    redirect_url: Option<String>,
    /// Whether the same was sent before.
    cached: bool,
    test: bool,
    reason_code: Option<String>,
    reason: Option<&'static str>,
    /// The field that the reason is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Where to ask again, with the feed's key.
    status_url: Option<String>,
}

/// A plain decimal.
pub(crate) fn amount(money: Money) -> String {
    Decimal::from_micros(money.micros()).to_string()
}

/// The sentence of a code as it is stored.
fn sentence_of(code: Option<&String>) -> Option<&'static str> {
    ReasonCode::from_word(code?).map(ReasonCode::sentence)
}

/// What became of a lead, in a partner's words.
pub(crate) fn status(row: &LeadRow) -> &'static str {
    match row.run.state {
        _ if row.run.accepted() > 0 => "sold",
        RunState::Sold => "sold",
        RunState::Rejected | RunState::PingRejected => "rejected",
        RunState::Unsold => "unsold",
        RunState::Queued => "queued",
        RunState::Returned => "returned",
        RunState::PingReceived
        | RunState::PingAccepted
        | RunState::Posted
        | RunState::Validating
        | RunState::Selling => "pending",
    }
}

impl PingAnswer {
    pub(super) fn of(answered: &Answered, now: Timestamp) -> Self {
        let row = &answered.lead;
        let offer = row.run.ping.as_ref().and_then(|ping| ping.offer);
        Self {
            status: if offer.is_some() {
                "accepted"
            } else {
                "rejected"
            },
            ping_id: offer.map(|_| row.id.to_string()),
            price: offer.and_then(|offer| offer.quoted).map(amount),
            currency: row.currency.code().to_owned(),
            expires_at: offer.map(|offer| offer.expires_at.to_rfc3339()),
            expires_in_s: offer.map(|offer| offer.expires_at.millis_since(now).max(0) / 1_000),
            cached: answered.cached,
            test: row.test,
            reason: sentence_of(row.reason.as_ref()),
            reason_code: row.reason.clone(),
        }
    }
}

impl LeadAnswer {
    pub(super) fn of(app: &App, answered: &Answered) -> Self {
        let row = &answered.lead;
        let status = status(row);
        let quoted = row.run.ping.as_ref().and_then(|ping| ping.offer?.quoted);
        let price = match status {
            "sold" => row.payout.or(quoted),
            "pending" | "queued" => quoted,
            _ => None,
        };
        let redirect = row.legs.iter().find_map(|leg| leg.redirect_url.clone());
        let public_url = &app.settings.public_url;
        Self {
            status,
            lead_id: Some(row.id.to_string()),
            price: price.map(amount),
            currency: Some(row.currency.code().to_owned()),
            redirect_url: redirect.filter(|_| status == "sold"),
            cached: answered.cached,
            test: row.test,
            reason: sentence_of(row.reason.as_ref()),
            reason_code: row.reason.clone(),
            field: None,
            status_url: Some(format!("{public_url}/in/leads/{}", row.id)),
        }
    }

    /// It was refused, and nothing of it is kept.
    fn refused(code: ReasonCode, field: Option<String>) -> Self {
        Self {
            status: "rejected",
            lead_id: None,
            price: None,
            currency: None,
            redirect_url: None,
            cached: false,
            test: false,
            reason_code: Some(code.word().to_owned()),
            reason: Some(code.sentence()),
            field,
            status_url: None,
        }
    }
}

/// What was not taken in: a decision, which is answered like any other, or a problem with the request.
pub(super) fn refused(error: LeadError) -> Result<LeadAnswer, Problem> {
    Err(match error {
        LeadError::Closed(code) => return Ok(LeadAnswer::refused(code, None)),
        LeadError::Step(why) => {
            let Some(code) = why.code() else {
                return Err(Problem::conflict(sentence(&why.to_string())));
            };
            let field = match why {
                StepRefusal::Changed { field } => Some(field),
                _ => None,
            };
            return Ok(LeadAnswer::refused(code.into(), field));
        }
        LeadError::Fields(refusal) => faults(&refusal),
        LeadError::NoFields => Problem::conflict(
            "The campaign of this feed has no fields, so nothing can be a lead of it. Its owner adds them to the campaign.",
        ),
        LeadError::BadKey => Problem::invalid(
            "idempotency_key",
            "Write 1 to 200 bytes, or leave the key out.",
        ),
        LeadError::KeyUsed => Problem::conflict(
            "The idempotency key was used for another lead. Take a new key for each lead.",
        ),
        LeadError::NoSuchPing => Problem::not_found("ping"),
        LeadError::Busy | LeadError::Moved => {
            Problem::unavailable("Too many leads are being sold. Send it again.")
        }
        LeadError::Port(error) => error.into(),
    })
}

/// Every fault of a form, the first with its code.
fn faults(refusal: &LeadRefusal) -> Problem {
    let places = refusal.faults().map(|fault| ProblemPlace {
        place: fault.field.clone(),
        message: fault.message.clone(),
    });
    Problem::document(places.collect()).because(refusal.code().into())
}
