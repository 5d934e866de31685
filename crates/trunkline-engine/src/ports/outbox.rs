//! What is to be told outside, as rows that are written with their cause and delivered after.
//!
//! A delivery begins with [`Outbox::take`], which commits that it is being sent. What is found being sent after a crash is
//! sent again or becomes unknown, as its kind says; what is unknown is never sent again by itself.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, OutboxEventId};

use super::PortResult;

/// What happens with an event that was being sent when the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterCrash {
    /// It is sent again, with the same idempotency key.
    Resend,
    /// It may have arrived: it becomes unknown.
    Unknown,
}

impl AfterCrash {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Resend, Self::Unknown];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Unknown => "unknown",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxState {
    /// It waits for its time.
    Waiting,
    /// It is being sent.
    Sending,
    /// It arrived.
    Done,
    /// It may have arrived.
    Unknown,
    /// It was tried often enough.
    Dead,
}

impl OutboxState {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Sending,
        Self::Done,
        Self::Unknown,
        Self::Dead,
    ];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Unknown => "unknown",
            Self::Dead => "dead",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// Something that is to be told outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its id; also the idempotency key.
    pub id: OutboxEventId,
    /// The account.
    pub account: AccountId,
    /// What kind it is: who delivers it knows.
    pub kind: String,
    /// The raw id of what it is about.
    pub about: Option<i64>,
    /// What is told, as JSON.
    pub body: String,
    /// What happens with it after a crash.
    pub after_crash: AfterCrash,
    /// Not before this.
    pub due_at: Timestamp,
    /// When it was written.
    pub made_at: Timestamp,
}

/// An event with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// The event.
    pub event: OutboxEvent,
    /// Where it stands.
    pub state: OutboxState,
    /// How often it was tried.
    pub tries: u32,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What went wrong last.
    pub trouble: String,
}

/// What came of sending an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It arrived.
    Done,
    /// It did not; it is tried again at this time.
    Again(Timestamp, String),
    /// It may have.
    Unknown(String),
    /// It did not, and is not tried again by itself.
    Dead(String),
}

/// The outbox.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Writes an event that is not part of anything else.
    async fn put_event(&self, event: &OutboxEvent) -> PortResult<()>;
    /// Takes events that are due, the longest due first, and marks them as being sent.
    async fn take(&self, now: Timestamp, limit: u32) -> PortResult<Vec<OutboxRow>>;
    /// Takes one event, when it waits, and marks it as being sent; whether its time has come does not matter.
    async fn take_event(&self, id: OutboxEventId) -> PortResult<Option<OutboxRow>>;
    /// Tells what came of one that was taken; false when it was not being sent.
    async fn delivered(
        &self,
        id: OutboxEventId,
        delivery: &Delivery,
        at: Timestamp,
    ) -> PortResult<bool>;
    /// At the start: what was being sent waits again or is unknown, as it says. How many of each.
    async fn after_crash(&self, now: Timestamp) -> PortResult<(u64, u64)>;
    /// Sends a dead or unknown one again because a person wants it; false when it is neither.
    async fn send_again(
        &self,
        account: AccountId,
        id: OutboxEventId,
        now: Timestamp,
    ) -> PortResult<bool>;
    /// The events of an account in a state, the newest first: those before `before`.
    async fn events_in(
        &self,
        account: AccountId,
        state: OutboxState,
        before: Option<OutboxEventId>,
        limit: u32,
    ) -> PortResult<Vec<OutboxRow>>;
}
