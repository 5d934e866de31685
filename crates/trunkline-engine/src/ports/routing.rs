//! What routing needs stored: reservations that the transaction decides, opportunities with their traces, turns, and the
//! past of people.
//!
//! A plan is made from what [`Reservations::stock`] answers, which may be a moment old; [`Reservations::reserve`] decides,
//! whole or not at all. A lead that is a test is never reserved and never recorded.

use std::collections::BTreeMap;

use async_trait::async_trait;
use trunkline_core::base::id::{
    AccountId, BuyerId, CallId, CampaignId, ContractId, DestinationId, FeedId, HoldId,
    OpportunityId, PublisherId, ReservationId,
};
use trunkline_core::base::{Country, Currency, Money, Timestamp};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{
    Attempt, AttemptOutcome, CapTake, Comer, ComplianceRefusal, DuplicateRule, Live, NoRoom,
    OpportunityKind, Owner, Past, Performance, Person, PlaceOwner, Places, ReasonCode, SlotUse,
    Stage, Taker, Took, TraceLine, Turn, Turns,
};
use trunkline_core::visitor::Source;

use super::PortResult;

/// Everything that an attempt takes before it is made.
#[derive(Debug, Clone)]
pub struct Reserve {
    /// Its name. The same again is the same reservation.
    pub id: ReservationId,
    /// The account.
    pub account: AccountId,
    /// Who it is, and how they came.
    pub comer: Comer,
    /// When the opportunity came.
    pub came_at: Timestamp,
    /// Who is to have it.
    pub taker: Taker,
    /// Whether it is dialled or posted at once; else a bid was given, and [`Reservations::offer`] follows.
    pub offered: bool,
    /// What it takes of caps, the feed's among them.
    pub caps: Vec<CapTake>,
    /// Whose places it takes: calls at the same time. With [`u32::MAX`] it is counted and never refused.
    pub places: Vec<(Owner, PlaceOwner, Places)>,
    /// The money it sets aside; `None` for buyers who are invoiced.
    pub hold: Option<HoldTake>,
    /// Rules by which the person must not have come before, nor be sold elsewhere at the same time.
    pub duplicates: Vec<DuplicateRule>,
    /// What the attempt does to turns.
    pub turns: Vec<(Turn, i64)>,
    /// Now.
    pub at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Money that is to be set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldTake {
    /// The hold.
    pub id: HoldId,
    /// How much: the most that the buyer may come to pay.
    pub amount: Money,
    /// By how much the buyer's wallet may go below zero.
    pub credit_limit: Money,
}

/// What came of asking for a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// Everything was taken, now or by the same request before.
    Yes,
    /// There was not enough of something, and nothing was taken.
    No(Short),
}

/// The rule that kept something from being reserved, with the numbers that were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Short {
    /// A cap.
    Cap {
        /// Whose; `None`: the feed's.
        of: Option<Owner>,
        /// The numbers.
        room: NoRoom,
    },
    /// Calls at the same time.
    Places {
        /// Whose.
        of: Owner,
        /// How many are taken.
        live: Live,
        /// How many there are.
        places: Places,
    },
    /// The balance.
    Balance {
        /// Balance and credit, less what is held.
        available: Money,
        /// What was to be set aside.
        price: Money,
    },
    /// The same person came before, or is being sold to somebody else.
    Duplicate {
        /// Which of the rules, from 0.
        rule: u16,
        /// The other opportunity.
        other: OpportunityId,
    },
}

impl Short {
    /// Its code.
    #[must_use]
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Cap { of: None, .. } => ReasonCode::FeedCapped,
            Self::Cap { room, .. } if room.paced => ReasonCode::CapPaced,
            Self::Cap { .. } => ReasonCode::CapReached,
            Self::Places { .. } => ReasonCode::ConcurrencyFull,
            Self::Balance { .. } => ReasonCode::BalanceLow,
            Self::Duplicate { .. } => ReasonCode::BuyerDuplicate,
        }
    }
}

/// What came of a step of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// It went on.
    Yes,
    /// It stands there or further already, or is over, or there is none.
    No(Option<Stage>),
    /// A bid that is called now does not find a place: bids may take less than a whole one.
    Full {
        /// Whose.
        of: PlaceOwner,
        /// How many there are.
        places: Places,
    },
}

/// A reservation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its name.
    pub id: ReservationId,
    /// The account.
    pub account: AccountId,
    /// For which opportunity.
    pub opportunity: OpportunityId,
    /// Who is to have it.
    pub contract: ContractId,
    /// Its buyer.
    pub buyer: BuyerId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The feed.
    pub feed: FeedId,
    /// Where it stands.
    pub stage: Stage,
    /// What it took.
    pub took: Took,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What is used and reserved in an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stock {
    /// Of caps, in every window that counts.
    pub slots: Vec<SlotUse>,
    /// Calls at the same time; who is not named has none.
    pub places: Vec<(PlaceOwner, Live)>,
    /// Of wallets: what is in them, and what is set aside.
    pub wallets: Vec<(BuyerId, Money, Money)>,
    /// How many were billed to contracts since the month began.
    pub sold: Vec<(ContractId, u32)>,
    /// How many were paid to feeds since the month began.
    pub paid: Vec<(FeedId, u32)>,
}

/// What filters could ask of an opportunity: enough to plan it again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Tags by their names.
    pub tags: BTreeMap<String, String>,
    /// ZIP code.
    pub zip: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// Country.
    pub country: Option<Country>,
    /// Where the visitor came from.
    pub source: Option<Source>,
    /// The score.
    pub score: Option<u8>,
    /// What the carrier vouches for.
    pub attestation: Option<Vouched>,
    /// How often the same person came before.
    pub times_before: u32,
}

/// A call or a lead that was on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opportunity {
    /// Its id.
    pub id: OpportunityId,
    /// The account.
    pub account: AccountId,
    /// Call or lead.
    pub kind: OpportunityKind,
    /// The call.
    pub call: Option<CallId>,
    /// What it is for.
    pub campaign: CampaignId,
    /// The feed; `None` for a number of nobody's.
    pub feed: Option<FeedId>,
    /// Who sent it.
    pub publisher: Option<PublisherId>,
    /// The version of the feed's terms.
    pub feed_version: Option<u32>,
    /// The version of the campaign's plan and terms.
    pub plan_version: Option<u32>,
    /// When it came.
    pub came_at: Timestamp,
    /// When nothing more was to be tried.
    pub ended_at: Option<Timestamp>,
    /// Why it was not sold; `None` while it is open, and when it was.
    pub reason: Option<ReasonCode>,
    /// Who has it.
    pub sold_to: Option<(ContractId, BuyerId)>,
    /// The currency of its amounts.
    pub currency: Currency,
    /// What buyers pay for it.
    pub revenue: Option<Money>,
    /// What the publisher is paid.
    pub payout: Option<Money>,
    /// Who it is.
    pub person: Person,
}

/// The same with everything that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpportunityRecord {
    /// The opportunity.
    pub opportunity: Opportunity,
    /// What filters could ask.
    pub asked: Asked,
    /// What was to be tried.
    pub planned: Vec<Attempt>,
    /// A line for every contract.
    pub trace: Vec<TraceLine>,
    /// What kept it from every contract, when it is one of those who must not be sold.
    pub stopped_by: Option<ComplianceRefusal>,
}

/// One offer of an opportunity to a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// The opportunity.
    pub opportunity: OpportunityId,
    /// Its place among those that were made, from 0.
    pub n: u16,
    /// The account.
    pub account: AccountId,
    /// To whom.
    pub contract: ContractId,
    /// Where.
    pub destination: DestinationId,
    /// Whose.
    pub buyer: BuyerId,
    /// The version of the contract's terms.
    pub version: u32,
    /// Its reservation.
    pub reservation: Option<ReservationId>,
    /// What the buyer may come to pay.
    pub price: Option<Money>,
    /// What the buyer bid.
    pub bid: Option<Money>,
    /// The currency of its amounts.
    pub currency: Currency,
    /// When it was made.
    pub started_at: Timestamp,
    /// When the buyer took it.
    pub connected_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// How long the buyer had the caller.
    pub connected_ms: Option<i64>,
    /// What came of it.
    pub outcome: Option<AttemptOutcome>,
    /// Why not.
    pub reason: Option<ReasonCode>,
    /// What the buyer pays.
    pub revenue: Option<Money>,
    /// Whether the buyer pays for it.
    pub billable: bool,
}

/// Which opportunities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpportunityFilter {
    /// The account.
    pub account: AccountId,
    /// Came at or after.
    pub from: Timestamp,
    /// Came before.
    pub to: Timestamp,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// Only those that this buyer has.
    pub buyer: Option<BuyerId>,
    /// Only those of this publisher.
    pub publisher: Option<PublisherId>,
    /// Only those that were not sold for this reason.
    pub reason: Option<ReasonCode>,
    /// Older than this one: the next page.
    pub before: Option<OpportunityId>,
    /// At most so many.
    pub limit: u32,
}

/// Reservations, and what they are decided by.
#[async_trait]
pub trait Reservations: Send + Sync {
    /// Takes everything that an attempt needs, or nothing.
    async fn reserve(&self, reserve: &Reserve) -> PortResult<Reserved>;
    /// A bid is called, or the lead is posted: what counts offers is used, and the bid's place becomes a call's.
    async fn offer(&self, id: ReservationId, at: Timestamp) -> PortResult<Stepped>;
    /// Somebody took it: what counts connections is used.
    async fn connect(&self, id: ReservationId, at: Timestamp) -> PortResult<Stepped>;
    /// Nothing came of it: what was not used is free again.
    async fn release(&self, id: ReservationId, at: Timestamp) -> PortResult<Stepped>;
    /// Gives it more time; false when it is over or its time is.
    async fn renew(
        &self,
        id: ReservationId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> PortResult<bool>;
    /// Ends those whose time is over, the longest over first, at most `limit`; how many were ended.
    async fn expire(&self, now: Timestamp, limit: u32) -> PortResult<u32>;
    /// A reservation.
    async fn reservation(&self, id: ReservationId) -> PortResult<Option<Reservation>>;
    /// Those of an opportunity, in the order in which they were made.
    async fn reservations(&self, opportunity: OpportunityId) -> PortResult<Vec<Reservation>>;
    /// What is used and reserved in an account. `month_from` is when its month began.
    async fn stock(
        &self,
        account: AccountId,
        now: Timestamp,
        month_from: Timestamp,
    ) -> PortResult<Stock>;
    /// Whose turn it is in the plan of a campaign.
    async fn turns(&self, campaign: CampaignId) -> PortResult<Turns>;
}

/// Opportunities and what came of them.
#[async_trait]
pub trait Opportunities: Send + Sync {
    /// Stores an opportunity as it stands, and that the person came; what was stored of it before is replaced.
    async fn put_opportunity(&self, record: &OpportunityRecord) -> PortResult<()>;
    /// Stores attempts as they stand; what was stored of them before is replaced.
    async fn put_attempts(&self, attempts: &[AttemptRow]) -> PortResult<()>;
    /// An opportunity of an account.
    async fn opportunity(
        &self,
        account: AccountId,
        id: OpportunityId,
    ) -> PortResult<Option<OpportunityRecord>>;
    /// Those of a call, in the order in which they came.
    async fn opportunities_of_call(
        &self,
        account: AccountId,
        call: CallId,
    ) -> PortResult<Vec<Opportunity>>;
    /// Calls with opportunities that did not end, in the order in which they came.
    async fn open_calls(&self) -> PortResult<Vec<(AccountId, CallId)>>;
    /// The newest first.
    async fn opportunities(&self, filter: &OpportunityFilter) -> PortResult<Vec<Opportunity>>;
    /// The attempts of an opportunity, in the order in which they were made.
    async fn attempts(&self, opportunity: OpportunityId) -> PortResult<Vec<AttemptRow>>;
    /// What is known of a person in an account, the latest first, at most `limit` by each thing that recognises them.
    async fn past(&self, account: AccountId, person: &Person, limit: u32) -> PortResult<Vec<Past>>;
    /// What came of the latest offers to a contract that are over, at most `wanted`.
    async fn performance(&self, contract: ContractId, wanted: u32) -> PortResult<Performance>;
}
