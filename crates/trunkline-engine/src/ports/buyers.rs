//! Buyers' servers and mailboxes: asking for a bid, and delivering.
//!
//! The difference that decides whether something may be sold to somebody else: *nothing was sent* is a no; *sent, and no
//! answer* is neither yes nor no.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;
use trunkline_core::base::id::{DestinationId, OpportunityId};
use trunkline_core::base::{Country, Currency, Money, Timestamp};
use trunkline_core::routing::ReasonCode;
use trunkline_core::routing::delivery::{
    BreakerView, Endpoint, Mail, PrepareError, Reading, RefusedAs, Values, Verdict,
};

use super::webhooks::Secret;

/// What a buyer is asked or given.
#[derive(Debug, Clone)]
pub struct BuyerRequest {
    /// Whose server it is; its breaker and its connections are its own.
    pub destination: DestinationId,
    /// What it is about, for the log.
    pub opportunity: OpportunityId,
    /// How it is spoken to.
    pub endpoint: Arc<Endpoint>,
    /// What placeholders stand for. When it is sent, and until when an answer counts, the sender adds.
    pub values: Values,
    /// The values of its secrets, by their names.
    pub secrets: Arc<BTreeMap<String, Secret>>,
    /// The account's currency.
    pub currency: Currency,
    /// The most that is believed of a price.
    pub bid_max: Option<Money>,
    /// Where numbers without a country code are.
    pub home: Country,
    /// When it is sent.
    pub now: Timestamp,
}

/// Why nothing was sent: not one byte of the request left this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// The request could not be made.
    Unprepared(PrepareError),
    /// The endpoint failed too often and rests.
    Resting,
    /// Too many requests are on their way.
    Busy,
    /// The address may not be asked.
    Refused(String),
    /// No connection came about, in time or at all.
    Unreachable(String),
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuyerOutcome {
    /// An answer that was read.
    Answered(Box<Reading>, u16),
    /// It was sent, and no whole answer came in time.
    TimedOut,
    /// It was sent, and the answer broke off or was none that can be read.
    BrokeOff(String),
    /// Nothing was sent.
    NotSent(NotSent),
}

/// Whether a buyer has what was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has.
    Taken,
    /// It has not, and somebody else may.
    NotTaken,
    /// Nobody knows: nobody else may, until it is known or the time for that is over.
    Unclear,
}

impl BuyerOutcome {
    /// Whether a buyer has what was posted.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Answered(reading, _) => match reading.verdict {
                // A yes whose price cannot be believed is a yes.
                Verdict::Accepted => Standing::Taken,
                Verdict::Refused(_) => Standing::NotTaken,
                Verdict::Unknown => Standing::Unclear,
            },
            Self::TimedOut | Self::BrokeOff(_) => Standing::Unclear,
            Self::NotSent(_) => Standing::NotTaken,
        }
    }

    /// Why there is no bid that can be used; `None` when there is one.
    #[must_use]
    pub fn no_bid(&self) -> Option<ReasonCode> {
        match self {
            Self::Answered(reading, _) => match reading.verdict {
                Verdict::Accepted if reading.faults.is_empty() => None,
                Verdict::Accepted | Verdict::Unknown => Some(ReasonCode::BidInvalid),
                Verdict::Refused(RefusedAs::Duplicate) => Some(ReasonCode::BuyerDuplicate),
                Verdict::Refused(RefusedAs::Suppressed) => Some(ReasonCode::Suppressed),
                Verdict::Refused(_) => Some(ReasonCode::NoBid),
            },
            Self::TimedOut | Self::NotSent(NotSent::Unreachable(_)) => Some(ReasonCode::TimedOut),
            Self::BrokeOff(_) => Some(ReasonCode::BidInvalid),
            Self::NotSent(NotSent::Resting) => Some(ReasonCode::BreakerOpen),
            Self::NotSent(NotSent::Unprepared(_) | NotSent::Busy | NotSent::Refused(_)) => {
                Some(ReasonCode::SystemError)
            }
        }
    }
}

/// What came of a request, for whoever decides and for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerReport {
    /// What came of it.
    pub outcome: BuyerOutcome,
    /// How long it took.
    pub latency_ms: u32,
    /// What was sent, without secrets and without who the person is; empty when nothing was.
    pub request_shown: String,
    /// What was answered, likewise.
    pub answer_shown: String,
}

/// Buyers' servers.
#[async_trait]
pub trait Buyers: Send + Sync {
    /// Asks for a bid; nothing is waited for behind the deadline, which is the earlier of the asker's own and of
    /// [`Endpoint::timeout_ms`].
    async fn ask(&self, ping: &BuyerRequest, deadline: Instant) -> BuyerReport;

    /// Delivers, once: never repeated, never sent on to another address.
    async fn post(&self, post: &BuyerRequest, deadline: Instant) -> BuyerReport;

    /// How the breaker of a destination stands.
    fn breaker(&self, destination: DestinationId, now: Timestamp) -> BreakerView;
}

/// What a buyer is written.
#[derive(Debug, Clone)]
pub struct MailRequest {
    /// Whose mailbox it is.
    pub destination: DestinationId,
    /// What it is about; the same letter about the same has the same message id.
    pub opportunity: OpportunityId,
    /// What is written to whom.
    pub mail: Arc<Mail>,
    /// What placeholders stand for.
    pub values: Values,
    /// When it is sent.
    pub now: Timestamp,
}

/// Letters to buyers by e-mail.
#[async_trait]
pub trait BuyerMail: Send + Sync {
    /// Whether the operator has set up a mail server.
    fn is_set_up(&self) -> bool;

    /// Hands a letter to the operator's mail server, once. `Taken` says that the server has it, which is not that somebody
    /// reads it.
    async fn send(&self, letter: &MailRequest, deadline: Instant) -> BuyerReport;
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::routing::delivery::{DeliverTo, Fault};

    fn answered(verdict: Verdict, faults: Vec<Fault>) -> BuyerOutcome {
        let reading = Reading {
            verdict,
            price: None,
            id: None,
            reason: None,
            redirect_url: None,
            expires_at: None,
            min_seconds: None,
            deliver_to: DeliverTo::default(),
            faults,
        };
        BuyerOutcome::Answered(Box::new(reading), 200)
    }

    #[test]
    fn only_a_no_and_what_was_never_sent_may_go_to_somebody_else() {
        let no = Verdict::Refused(RefusedAs::Capped);
        let away = NotSent::Unreachable("refused".to_owned());
        for (outcome, standing, no_bid) in [
            (answered(Verdict::Accepted, vec![]), Standing::Taken, None),
            (
                answered(Verdict::Accepted, vec![Fault::PriceInvalid]),
                Standing::Taken,
                Some(ReasonCode::BidInvalid),
            ),
            (
                answered(no, vec![]),
                Standing::NotTaken,
                Some(ReasonCode::NoBid),
            ),
            (
                answered(Verdict::Unknown, vec![]),
                Standing::Unclear,
                Some(ReasonCode::BidInvalid),
            ),
            (
                BuyerOutcome::TimedOut,
                Standing::Unclear,
                Some(ReasonCode::TimedOut),
            ),
            (
                BuyerOutcome::BrokeOff("reset".to_owned()),
                Standing::Unclear,
                Some(ReasonCode::BidInvalid),
            ),
            (
                BuyerOutcome::NotSent(away),
                Standing::NotTaken,
                Some(ReasonCode::TimedOut),
            ),
            (
                BuyerOutcome::NotSent(NotSent::Resting),
                Standing::NotTaken,
                Some(ReasonCode::BreakerOpen),
            ),
        ] {
            assert_eq!(outcome.standing(), standing, "{outcome:?}");
            assert_eq!(outcome.no_bid(), no_bid, "{outcome:?}");
        }
    }
}
