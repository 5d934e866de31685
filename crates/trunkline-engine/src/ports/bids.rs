//! Bids as they are stored: what buyers answered when they were asked, and what publishers were given for calls to come.

use async_trait::async_trait;
use trunkline_core::base::id::{
    AccountId, BuyerId, CallId, ContractId, DestinationId, FeedId, GivenBidId, OpportunityId,
};
use trunkline_core::base::{Currency, Money, PhoneNumber, Sha256, Timestamp};
use trunkline_core::routing::{GivenBid, ReasonCode};

use super::PortResult;
use super::routing::{AttemptRow, OpportunityRecord};

/// Longest text of a buyer that is kept, in characters.
pub const SAID_MAX: usize = 200;

/// What came of asking one contract for a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidRow {
    /// What it was asked for.
    pub opportunity: OpportunityId,
    /// In which attempt of the plan, from 0.
    pub attempt: u16,
    /// Who was asked.
    pub contract: ContractId,
    /// The account.
    pub account: AccountId,
    /// Its buyer.
    pub buyer: BuyerId,
    /// Whose server it was.
    pub destination: DestinationId,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How long the answer took, in milliseconds; `None`: nobody was asked, or nobody has answered.
    pub latency_ms: Option<u32>,
    /// What it bid.
    pub amount: Option<Money>,
    /// The currency of the amount.
    pub currency: Currency,
    /// Why it did not win; `None` when it did.
    pub reason: Option<ReasonCode>,
    /// Its place among those that take over when the winner does not, from 0.
    pub next: Option<u16>,
    /// What the buyer calls its bid, at most [`SAID_MAX`] characters.
    pub name: Option<String>,
    /// Its words, likewise.
    pub said: Option<String>,
    /// From how many seconds on it pays.
    pub min_seconds: Option<u32>,
}

/// A bid that is to be given to a publisher, with everything that is stored with it.
#[derive(Debug, Clone)]
pub struct Give {
    /// The bid, without its number.
    pub bid: GivenBid,
    /// The feed's numbers that may be named, those to be tried first in front.
    pub numbers: Vec<PhoneNumber>,
    /// What came of asking buyers.
    pub asked: Vec<BidRow>,
    /// What it is given for, as it stands.
    pub record: OpportunityRecord,
    /// What was tried, with what is reserved among it.
    pub attempts: Vec<AttemptRow>,
    /// Now.
    pub at: Timestamp,
}

/// What came of giving a bid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gave {
    /// It is stored, with its number.
    Yes(Box<GivenBid>),
    /// The same ping was given a bid meanwhile, which holds still.
    Same(Box<GivenBid>),
    /// Every number is promised to somebody else, and without one of its own the call could not be known.
    NoNumber,
}

/// A bid that nobody called in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The bid.
    pub bid: GivenBidId,
    /// Its account.
    pub account: AccountId,
    /// What it was given for.
    pub opportunity: OpportunityId,
}

/// What became of a bid that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenState {
    /// Its call may still come.
    Waiting,
    /// Its call came.
    Called,
    /// Nobody called in time.
    Missed,
}

impl GivenState {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Called, Self::Missed];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Missed => "missed",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A bid that was given, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenRow {
    /// The bid.
    pub bid: GivenBid,
    /// When its call came.
    pub arrived_at: Option<Timestamp>,
    /// When its call came, or its time was over.
    pub closed_at: Option<Timestamp>,
}

impl GivenRow {
    /// What became of it.
    #[must_use]
    pub const fn state(&self) -> GivenState {
        match (self.bid.call, self.closed_at) {
            (Some(_), _) => GivenState::Called,
            (None, Some(_)) => GivenState::Missed,
            (None, None) => GivenState::Waiting,
        }
    }
}

/// Which of the bids that a feed was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenFilter {
    /// The account.
    pub account: AccountId,
    /// The feed.
    pub feed: FeedId,
    /// Only those that stand so.
    pub state: Option<GivenState>,
    /// Only those that were given before this one.
    pub before: Option<GivenBidId>,
    /// At most so many.
    pub limit: u32,
}

/// Bids that were asked for and given.
#[async_trait]
pub trait Bids: Send + Sync {
    /// Stores what came of asking; what was stored of it before is replaced.
    async fn put_bids(&self, bids: &[BidRow]) -> PortResult<()>;
    /// What came of asking for an opportunity, in the order of attempts and contracts.
    async fn bids(&self, account: AccountId, opportunity: OpportunityId)
    -> PortResult<Vec<BidRow>>;
    /// Stores a bid that is given, and names a number for it that no other bid has while it holds. When every number has one,
    /// it shares one, if the caller is known.
    async fn give(&self, give: &Give) -> PortResult<Gave>;
    /// The bid that the same ping of a feed was given, while it holds and nobody has called.
    async fn given_to(
        &self,
        feed: FeedId,
        asked: Sha256,
        now: Timestamp,
    ) -> PortResult<Option<GivenBid>>;
    /// A bid that was given.
    async fn given_bid(&self, id: GivenBidId) -> PortResult<Option<GivenBid>>;
    /// The bids that were given for an opportunity, the oldest first; one at most, unless a ping was answered again.
    async fn given_for(
        &self,
        account: AccountId,
        opportunity: OpportunityId,
    ) -> PortResult<Vec<GivenRow>>;
    /// The bids that a feed was given, the newest first.
    async fn given_of(&self, filter: &GivenFilter) -> PortResult<Vec<GivenRow>>;
    /// The bids of a number that nobody has called, given since, the newest first, at most `limit`.
    async fn given_at(
        &self,
        number: PhoneNumber,
        since: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<GivenBid>>;
    /// A call is that of a bid, once: its opportunity is the call's then, and its number is free again. False when another
    /// call was before.
    async fn arrived(&self, id: GivenBidId, call: CallId, at: Timestamp) -> PortResult<bool>;
    /// Closes bids whose time was over before `now`, at most `limit`, with their opportunities, which nobody took.
    async fn close_missed(&self, now: Timestamp, limit: u32) -> PortResult<Vec<Missed>>;
}
