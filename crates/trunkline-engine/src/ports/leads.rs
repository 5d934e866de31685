//! Leads as they are stored: what came, where each stands on its way, who was sent it, what was told about it, records of
//! consent, and what buyers gave back.
//!
//! A lead has the id of its opportunity. It is changed as a whole and by its revision: whoever decided on an older one
//! stores nothing and decides again. Everything that belongs to a change is stored with it or not at all.

use async_trait::async_trait;
use trunkline_core::base::id::{
    AccountId, BuyerId, CampaignId, ContractId, DestinationId, FeedId, OpportunityId,
    OutboxEventId, PublisherId, ReservationId, SessionId, UserId,
};
use trunkline_core::base::{Currency, Money, Sha256, Timestamp};
use trunkline_core::lead::{ConsentRecord, Link, Return, ReturnUse, Run, RunState};
use trunkline_core::visitor::Source;

use super::PortResult;
use super::outbox::{Delivery, OutboxEvent};
use super::routing::{AttemptRow, OpportunityRecord};

/// Longest idempotency key, in bytes.
pub const KEY_BYTES_MAX: usize = 200;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $member:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$of])* $member,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$member),*];

            /// The stored word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$member => $word,)* }
            }

            /// From the stored word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// How a lead came in.
    CameBy {
        /// A partner pinged it.
        Ping = "ping",
        /// A partner posted it without a ping.
        Post = "post",
        /// Somebody sent a form of a page.
        Form = "form",
        /// The snippet told of a form.
        Snippet = "snippet",
        /// A row of a table.
        Import = "import",
    }
}

words! {
    /// What happened to a lead.
    LeadEventKind {
        /// Its ping came.
        Pinged = "pinged",
        /// Its ping was answered with a price.
        Offered = "offered",
        /// Nobody bids on its ping.
        NoBid = "no_bid",
        /// It was posted.
        Posted = "posted",
        /// It was refused.
        Refused = "refused",
        /// A buyer is sent it.
        Sending = "sending",
        /// A buyer took it.
        Accepted = "accepted",
        /// A buyer refused it.
        Declined = "declined",
        /// A buyer did not answer.
        NoAnswer = "no_answer",
        /// A buyer says that they took it, after it was sold to others.
        TooLate = "too_late",
        /// Nobody has it, and it is offered again later.
        Queued = "queued",
        /// It is offered again.
        Again = "again",
        /// Nobody has it.
        Unsold = "unsold",
        /// As many have it as may.
        Sold = "sold",
        /// A buyer asks to give it back.
        ReturnAsked = "return_asked",
        /// A return was decided.
        ReturnDecided = "return_decided",
    }
}

/// What happened to a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: LeadEventKind,
    /// With whom.
    pub contract: Option<ContractId>,
    /// More of it, for people; never who somebody is.
    pub told: String,
}

/// What is kept of sending a lead to a buyer, beside its [`trunkline_core::lead::Leg`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegFacts {
    /// Whom it was sent to.
    pub buyer: BuyerId,
    /// Where.
    pub destination: DestinationId,
    /// What it took.
    pub reservation: Option<ReservationId>,
    /// The row by which it is sent.
    pub outbox: Option<OutboxEventId>,
    /// What the buyer bid.
    pub bid: Option<Money>,
    /// What the buyer called its answer to the ping.
    pub ping_name: Option<String>,
    /// What the buyer pays.
    pub price: Option<Money>,
    /// What the buyer calls it.
    pub buyers_name: Option<String>,
    /// Where the buyer wants the person's browser sent.
    pub redirect_url: Option<String>,
    /// What the buyer said, or what went wrong; never who somebody is.
    pub told: String,
}

/// What is held for a ping until its post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// For whom.
    pub contract: ContractId,
    /// The reservation.
    pub reservation: ReservationId,
    /// What the buyer bid.
    pub bid: Option<Money>,
    /// What the buyer pays at most.
    pub price: Option<Money>,
    /// What the buyer called its bid.
    pub ping_name: Option<String>,
}

/// A lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRow {
    /// Its id, which is that of its opportunity.
    pub id: OpportunityId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is for.
    pub campaign: CampaignId,
    /// Through which feed it came.
    pub feed: FeedId,
    /// Who sent it.
    pub publisher: PublisherId,
    /// How it came.
    pub came_by: CameBy,
    /// Whether it is a test, which never reaches buyers, money or caps.
    pub test: bool,
    /// Where it stands.
    pub run: Run,
    /// Beside the run's legs, in the same order.
    pub legs: Vec<LegFacts>,
    /// What is held for its ping.
    pub held: Vec<Held>,
    /// The key under which the partner asked.
    pub key: Option<String>,
    /// What makes another request under this key the same.
    pub asked: Sha256,
    /// Why it is where it stands, as partners are told: a code, with its field when it is about one.
    pub reason: Option<String>,
    /// The least that the publisher wants for it.
    pub price_min: Option<Money>,
    /// When it came.
    pub came_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
    /// When it is to be looked at again.
    pub due_at: Option<Timestamp>,
    /// The currency of its amounts.
    pub currency: Currency,
    /// What buyers pay for it.
    pub revenue: Option<Money>,
    /// What the publisher is paid.
    pub payout: Option<Money>,
    /// The visit it came from.
    pub session: Option<SessionId>,
    /// Where that visit came from.
    pub source: Option<Source>,
    /// The number of its record of consent, in the account's chain.
    pub consent: Option<u64>,
    /// How often it was stored; 0 before the first time.
    pub revision: i64,
}

/// A record of consent in the chain of its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// Whose chain it is.
    pub account: AccountId,
    /// The lead it is of.
    pub lead: OpportunityId,
    /// What was agreed to.
    pub record: ConsentRecord,
    /// Its place in the chain.
    pub link: Link,
    /// The signature of the link.
    pub signature: Vec<u8>,
}

/// A lead as it becomes, with everything that is stored with it.
#[derive(Debug, Clone)]
pub struct LeadChange {
    /// The lead. Its revision is the one it was decided on; stored is the next.
    pub lead: LeadRow,
    /// What happened, in order.
    pub events: Vec<LeadEvent>,
    /// A new record of consent.
    pub consent: Option<ConsentRow>,
    /// What is to be sent.
    pub outbox: Vec<OutboxEvent>,
    /// What came of sending.
    pub delivered: Vec<(OutboxEventId, Delivery)>,
    /// Its opportunity as it stands.
    pub opportunity: Option<Box<OpportunityRecord>>,
    /// Its attempts as they stand.
    pub attempts: Vec<AttemptRow>,
}

impl LeadChange {
    /// A lead with nothing beside it.
    #[must_use]
    pub const fn new(lead: LeadRow) -> Self {
        Self {
            lead,
            events: Vec::new(),
            consent: None,
            outbox: Vec::new(),
            delivered: Vec::new(),
            opportunity: None,
            attempts: Vec::new(),
        }
    }
}

/// What came of storing a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeadStored {
    /// It is stored.
    Yes,
    /// Somebody changed the lead since, or its key or its place in the chain of consent is taken: read and decide again.
    Moved,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadEventRow {
    /// Its place among those of the lead, from 0.
    pub n: u32,
    /// What happened.
    pub event: LeadEvent,
}

/// Which leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadFilter {
    /// The account.
    pub account: AccountId,
    /// Came at or after.
    pub from: Timestamp,
    /// Came before.
    pub to: Timestamp,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// Only this feed.
    pub feed: Option<FeedId>,
    /// Only this publisher.
    pub publisher: Option<PublisherId>,
    /// Only those that this buyer was sent.
    pub buyer: Option<BuyerId>,
    /// Only those that stand there.
    pub state: Option<RunState>,
    /// Tests alone, or none of them; both when left out.
    pub test: Option<bool>,
    /// Only those of a person, by the hash of their number or address.
    pub person: Option<Sha256>,
    /// Older than this one: the next page.
    pub before: Option<OpportunityId>,
    /// At most so many.
    pub limit: u32,
}

/// A lead that a buyer gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRow {
    /// The lead.
    pub lead: OpportunityId,
    /// The contract by which the buyer had it.
    pub contract: ContractId,
    /// The account.
    pub account: AccountId,
    /// The buyer.
    pub buyer: BuyerId,
    /// Where it stands.
    pub of: Return,
    /// What the buyer says, for people.
    pub note: String,
    /// Whether our own data proves it.
    pub proved: bool,
    /// Who decided, when a person did.
    pub decided_by: Option<UserId>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why, for people.
    pub answer: String,
}

/// Stores and reads leads.
#[async_trait]
pub trait Leads: Send + Sync {
    /// Stores a lead as it becomes, with everything beside it, or nothing.
    async fn put_lead(&self, change: &LeadChange) -> PortResult<LeadStored>;
    /// A lead, whosoever it is: callers compare the account or the feed.
    async fn lead(&self, id: OpportunityId) -> PortResult<Option<LeadRow>>;
    /// The lead that a feed sent under a key.
    async fn lead_by_key(&self, feed: FeedId, key: &str) -> PortResult<Option<LeadRow>>;
    /// The newest ping of a feed with this fingerprint.
    async fn lead_by_ping(&self, feed: FeedId, fingerprint: &Sha256)
    -> PortResult<Option<LeadRow>>;
    /// The newest first.
    async fn leads(&self, filter: &LeadFilter) -> PortResult<Vec<LeadRow>>;
    /// What happened to a lead, in order.
    async fn lead_events(&self, id: OpportunityId) -> PortResult<Vec<LeadEventRow>>;
    /// Leads that are to be looked at, the longest due first.
    async fn leads_due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<OpportunityId>>;
    /// Leads that are posted and not decided, oldest first, after an id: what a crash may have left.
    async fn leads_open(
        &self,
        after: Option<OpportunityId>,
        limit: u32,
    ) -> PortResult<Vec<OpportunityId>>;
    /// The last link of an account's chain of consent.
    async fn last_consent(&self, account: AccountId) -> PortResult<Option<Link>>;
    /// Records of an account's chain, from a number on.
    async fn consents(
        &self,
        account: AccountId,
        from: u64,
        limit: u32,
    ) -> PortResult<Vec<ConsentRow>>;
    /// The return of a lead by a contract.
    async fn lead_return(
        &self,
        lead: OpportunityId,
        contract: ContractId,
    ) -> PortResult<Option<ReturnRow>>;
    /// Every return of a lead.
    async fn lead_returns(&self, lead: OpportunityId) -> PortResult<Vec<ReturnRow>>;
    /// Stores a return as it becomes, with the lead when that changes too. `was` is where the return stood when it was
    /// decided on; `None`: there was none.
    async fn put_return(
        &self,
        row: &ReturnRow,
        was: Option<trunkline_core::lead::ReturnState>,
        lead: Option<&LeadChange>,
    ) -> PortResult<LeadStored>;
    /// How many leads a buyer had since a time, and how many of them were asked to be given back and not refused.
    async fn return_use(
        &self,
        account: AccountId,
        buyer: BuyerId,
        since: Timestamp,
    ) -> PortResult<ReturnUse>;
}
