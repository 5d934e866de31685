//! The outbox worker: what was written with its cause is told outside, some at a time, again on a schedule, and at last
//! laid aside for a person to look at.
//!
//! The worker knows nothing of what is told: each kind has a [`Teller`]. That an event is being sent is committed before
//! its teller sees it. What a crash finds being sent is sent again or unknown, as its kind says; what is unknown is never
//! sent again by itself.

mod schedule;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, OutboxEventId};

use crate::clock::Moment;
use crate::ports::outbox::{AfterCrash, OutboxRow, OutboxState};
use crate::ports::{Outbox, PortResult};

pub use schedule::{TRIES_MAX, WAITS_MS, next_try};
pub use worker::{DRAIN, EVENTS_AT_ONCE, LOOK_EVERY};

/// What came of telling something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It arrived.
    Arrived,
    /// It did not, and nothing of it was taken: it is tried again on the schedule.
    Failed(String),
    /// The same, and not before this time.
    FailedUntil(Timestamp, String),
    /// It may have arrived: it is not told again unless a person wants it.
    Unclear(String),
    /// It never will: it is laid aside at once.
    Hopeless(String),
}

/// Tells events of one kind.
#[async_trait]
pub trait Teller: Send + Sync {
    /// The kind, as it is stored.
    fn kind(&self) -> &'static str;

    /// What happens with one that was being told when the process ended. Whoever writes such an event writes this in it.
    fn after_crash(&self) -> AfterCrash;

    /// What an event is about, as people write its id.
    fn about(&self, raw: i64) -> Option<String>;

    /// Tells one, within a time of its own. Told again, it has the same id, which is its idempotency key. What is thrown
    /// away unfinished is unclear.
    async fn tell(&self, row: &OutboxRow) -> Told;
}

/// The outbox as use cases: the worker, and what people do with what it laid aside.
pub struct Outgoing {
    events: Arc<dyn Outbox>,
    moment: Moment,
    tellers: BTreeMap<&'static str, Arc<dyn Teller>>,
    /// Something may be due.
    due: Arc<Notify>,
    /// How many are being told.
    telling: AtomicUsize,
}

impl Outgoing {
    /// Over these events, with a teller for each kind.
    #[must_use]
    pub fn new(events: Arc<dyn Outbox>, moment: Moment, tellers: Vec<Arc<dyn Teller>>) -> Self {
        let tellers = tellers.into_iter().map(|teller| (teller.kind(), teller));
        Self {
            events,
            moment,
            tellers: tellers.collect(),
            due: Arc::new(Notify::new()),
            telling: AtomicUsize::new(0),
        }
    }

    /// Who wrote an event that is due at once says so here, and need not wait for the next look.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.due)
    }

    /// How many events are being told.
    #[must_use]
    pub fn telling(&self) -> usize {
        self.telling.load(Ordering::Relaxed)
    }

    /// What an event is about, as people write its id; nothing when it is about nothing, or nobody knows its kind.
    #[must_use]
    pub fn about(&self, row: &OutboxRow) -> Option<String> {
        let teller = self.tellers.get(row.event.kind.as_str())?;
        teller.about(row.event.about?)
    }

    /// The events of an account in a state, the newest first: those before `before`.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn events_in(
        &self,
        account: AccountId,
        state: OutboxState,
        before: Option<OutboxEventId>,
        limit: u32,
    ) -> PortResult<Vec<OutboxRow>> {
        self.events.events_in(account, state, before, limit).await
    }

    /// Sends one that was laid aside, or may have arrived, again because a person wants it; false when it is neither.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn send_again(&self, account: AccountId, id: OutboxEventId) -> PortResult<bool> {
        let now = self.moment.now();
        let again = self.events.send_again(account, id, now).await?;
        if again {
            self.due.notify_one();
        }
        Ok(again)
    }
}
