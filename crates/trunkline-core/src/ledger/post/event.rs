//! What happens to money: the events, the terms that they were agreed on, and the answers.

use super::correct::{Given, Reversed};
use super::report::{NotCounted, Report};
use super::sides::Side;
use super::telephony::TelephonyLeg;
use crate::base::id::{BuyerId, CallId, OpportunityId, PublisherId};
use crate::base::{Currency, Money, MoneyError, Timestamp};
use crate::ledger::entry::{Posting, PostingError};
use crate::ledger::key::PostingKey;
use crate::routing::{Facts, Payment, PriceBook};

/// Most legs of one call that are looked at.
pub const LEGS_MAX: usize = 64;

/// What happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// A call ended.
    CallEnded(CallEnded<'a>),
    /// A buyer took a lead.
    LeadSold(LeadSold<'a>),
    /// A buyer reported what a call or a lead was worth.
    Reported(Report<'a>),
    /// Postings are taken back, wholly or in part.
    Reversed(Reversed<'a>),
    /// Something is given or taken by hand.
    Given(Given),
}

/// A call that ended.
#[derive(Debug, Clone)]
pub struct CallEnded<'a> {
    /// Which call.
    pub call: CallId,
    /// When it was offered; prices are those of this moment.
    pub offered_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The attempts to reach buyers, in their order.
    pub legs: &'a [CallLeg<'a>],
    /// Everything that used minutes, the caller's own leg among them.
    pub telephony: &'a [TelephonyLeg],
}

/// One attempt to reach a buyer.
#[derive(Debug, Clone, Copy)]
pub struct CallLeg<'a> {
    /// What was agreed with the buyer.
    pub terms: BuyerTerms<'a>,
    /// How long the buyer had the caller, from the answer or the key that takes the call; `None` when they never did.
    pub connected_ms: Option<i64>,
}

/// A lead that a buyer took. Each of several buyers is an event of its own.
#[derive(Debug, Clone)]
pub struct LeadSold<'a> {
    /// Which lead.
    pub lead: OpportunityId,
    /// When it was offered; prices are those of this moment.
    pub offered_at: Timestamp,
    /// When the buyer took it.
    pub sold_at: Timestamp,
    /// The place of the buyer among those who share it, from 0.
    pub leg: u32,
    /// What was agreed with the buyer.
    pub buyer: BuyerTerms<'a>,
}

/// What was agreed with a buyer.
#[derive(Debug, Clone, Copy)]
pub struct BuyerTerms<'a> {
    /// Who.
    pub buyer: BuyerId,
    /// How they pay.
    pub payment: Payment,
    /// What they pay.
    pub price: &'a PriceBook,
    /// What they bid, or the price at which the auction closed.
    pub bid: Option<Money>,
    /// How many they were billed for this month before.
    pub sold: u32,
}

/// What was agreed with the publisher.
#[derive(Debug, Clone, Copy)]
pub struct PublisherTerms<'a> {
    /// Who.
    pub publisher: PublisherId,
    /// What they are paid.
    pub pay: Pay<'a>,
}

/// What a publisher is paid.
#[derive(Debug, Clone, Copy)]
pub enum Pay<'a> {
    /// What the rules say.
    ByRule {
        /// The rules.
        price: &'a PriceBook,
        /// How many they were paid for this month before.
        sold: u32,
        /// Whether they may be paid more than is taken.
        loss_allowed: bool,
    },
    /// What the answer to their ping promised, once the first buyer pays. A promise is kept whole: the auction that made
    /// it watched the margin.
    Quoted(Money),
}

/// What was agreed, apart from the buyers.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The account's currency.
    pub currency: Currency,
    /// What is known of the call or the lead; rules ask it.
    pub facts: &'a Facts<'a>,
    /// What was agreed with the publisher; `None` when nobody is paid for it.
    pub publisher: Option<PublisherTerms<'a>>,
    /// How long after the call or the lead buyers may report, in milliseconds.
    pub conversion_window_ms: i64,
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is to be booked; there may be nothing to book.
    Booked(Booked),
    /// It was booked before, first under this key. Nothing is to be done.
    Already(PostingKey),
    /// The report does not count. Nothing is to be done.
    NotCounted(NotCounted),
}

/// What is to be booked, and why it is so much.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Booked {
    /// The postings, all in one transaction.
    pub postings: Vec<Posting>,
    /// What came of each buyer's leg, in the order of the event.
    pub buyers: Vec<Side>,
    /// What came of the publisher; `None` when nobody is paid.
    pub publisher: Option<Side>,
    /// The publisher's clock in connected milliseconds: that of the last leg that is paid for, of the longest when none is.
    /// Later reports need it.
    pub publisher_ms: Option<i64>,
}

/// Why nothing can be booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// More legs than are looked at.
    #[error("the call has {0} legs; at most {LEGS_MAX} are looked at")]
    TooManyLegs(usize),
    /// A price, a promise or a rate below zero.
    #[error("{0} is below zero; a price is not")]
    Negative(Money),
    /// Nothing was to be taken back, or less than nothing.
    #[error("more than nothing is taken back, not {0}")]
    NotPositive(Money),
    /// No posting, or too many, were to be taken back.
    #[error("{0} postings were named; a correction takes back 1 to {CORRECTED_MAX}", CORRECTED_MAX = super::CORRECTED_MAX)]
    CorrectedCount(usize),
    /// A correction names a posting that is not in the history.
    #[error("there is no posting `{0}` to correct")]
    Unknown(PostingKey),
    /// A correction of a correction.
    #[error("`{0}` is a correction; give or take the amount by hand instead")]
    CorrectsCorrection(PostingKey),
    /// More than is left was to be taken back.
    #[error("{left} is left of `{key}`, and {wanted} was to be taken back")]
    MoreThanLeft {
        /// The posting.
        key: PostingKey,
        /// What was to be taken back.
        wanted: Money,
        /// What is left.
        left: Money,
    },
    /// The entries are not a posting.
    #[error(transparent)]
    Posting(#[from] PostingError),
    /// An amount cannot be computed.
    #[error(transparent)]
    Money(#[from] MoneyError),
}
