//! A post to a buyer's server, of a lead or of a call: how it is sent, and what its answer means for the attempt and for
//! the row of the outbox by which it went. Whatever was sent and not answered is neither a yes nor a no.

use std::time::Duration;

use tokio::time::Instant;
use trunkline_core::base::{Decimal, Money};
use trunkline_core::routing::delivery::{PrepareError, Slot, Step, Values};
use trunkline_core::routing::{AttemptOutcome, ContractTerms, OpportunityKind, ReasonCode};

use crate::ports::Buyers;
use crate::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest, NotSent, Standing};
use crate::ports::outbox::Delivery;

/// Longest text that is kept of what a buyer said, in characters.
const TOLD_MAX: usize = 300;

/// How an attempt ends that the buyer did not take.
pub(crate) type NotTaken = (AttemptOutcome, ReasonCode);

/// What came of a post.
pub(crate) struct Judged {
    /// Whether the buyer has it.
    pub(crate) standing: Standing,
    /// How the attempt ends; `None` when the buyer has it.
    pub(crate) not_taken: Option<NotTaken>,
    /// What becomes of the row of the outbox.
    pub(crate) delivery: Delivery,
    /// What the buyer said, or what went wrong, for people.
    pub(crate) told: String,
}

/// A report of something that was not asked of a server.
pub(crate) fn report(outcome: BuyerOutcome) -> BuyerReport {
    BuyerReport {
        outcome,
        latency_ms: 0,
        request_shown: String::new(),
        answer_shown: String::new(),
    }
}

/// Posts to a buyer's server, once, and waits as long as its endpoint says.
pub(crate) async fn post_to_server(
    buyers: &dyn Buyers,
    request: &BuyerRequest,
    kind: OpportunityKind,
) -> BuyerReport {
    let endpoint = &request.endpoint;
    if !endpoint.has(Step::Post) {
        let why = PrepareError::NoStep(Step::Post.word());
        return report(BuyerOutcome::NotSent(NotSent::Unprepared(why)));
    }
    let wait_ms = endpoint.timeout_ms(Step::Post, kind);
    let until = Instant::now() + Duration::from_millis(wait_ms.into());
    buyers.post(request, until).await
}

/// Whom a post, or a ping, is about.
pub(crate) fn name_parties(values: &mut Values, terms: &ContractTerms, unpaid: bool) {
    let parties = &terms.parties;
    for (slot, text) in [
        (Slot::BuyerId, parties.buyer.to_string()),
        (Slot::DestinationId, parties.destination.to_string()),
        (Slot::ContractId, parties.contract.to_string()),
        (Slot::IsDuplicate, unpaid.to_string()),
    ] {
        values.set(slot, text);
    }
}

/// A plain decimal, such as `12.5`.
pub(crate) fn amount(money: Money) -> String {
    Decimal::from_micros(money.micros()).to_string()
}

/// What a report means.
pub(crate) fn judge(report: &BuyerReport) -> Judged {
    let told = told(report);
    let standing = report.outcome.standing();
    let (not_taken, delivery) = match standing {
        Standing::Taken => (None, Delivery::Done),
        Standing::NotTaken if matches!(report.outcome, BuyerOutcome::Answered(..)) => {
            let refused = (AttemptOutcome::Declined, ReasonCode::BuyerRejected);
            (Some(refused), Delivery::Done)
        }
        Standing::NotTaken => {
            let why = report.outcome.no_bid().unwrap_or(ReasonCode::SystemError);
            let failed = (AttemptOutcome::Failed, why);
            (Some(failed), Delivery::Dead(told.clone()))
        }
        Standing::Unclear => {
            let unknown = (AttemptOutcome::Unknown, ReasonCode::TimedOut);
            (Some(unknown), Delivery::Unknown(told.clone()))
        }
    };
    Judged {
        standing,
        not_taken,
        delivery,
        told,
    }
}

/// What a buyer said, or what went wrong, for people: never who somebody is.
fn told(report: &BuyerReport) -> String {
    let text = match &report.outcome {
        BuyerOutcome::Answered(reading, status) => match &reading.reason {
            Some(reason) => format!("answered {status}: {reason}"),
            None => format!("answered {status}"),
        },
        BuyerOutcome::TimedOut => "no answer in time".to_owned(),
        BuyerOutcome::BrokeOff(why) => format!("the answer broke off: {why}"),
        BuyerOutcome::NotSent(NotSent::Unprepared(why)) => format!("not sent: {why}"),
        BuyerOutcome::NotSent(NotSent::Resting) => {
            "not sent: the endpoint failed too often and rests".to_owned()
        }
        BuyerOutcome::NotSent(NotSent::Busy) => {
            "not sent: too many requests are on their way".to_owned()
        }
        BuyerOutcome::NotSent(NotSent::Refused(why) | NotSent::Unreachable(why)) => {
            format!("not sent: {why}")
        }
    };
    text.chars().take(TOLD_MAX).collect()
}
