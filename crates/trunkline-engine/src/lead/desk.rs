//! The desk: everything that leads pass through, who works on which, and how a change of one is stored.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use trunkline_core::base::id::{AccountId, FeedId, OpportunityId};
use trunkline_core::base::{Sha256, Timestamp};
use trunkline_core::lead::{ANSWER_MS, Event, LeadRefusal, RunState, SaleRules, StepRefusal, step};
use trunkline_core::routing::ReasonCode;

use super::consent::ConsentSigner;
use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::locks::KeyedLocks;
use crate::ports::leads::{LeadChange, LeadRow, LeadStored, Leads};
use crate::ports::{Books, BuyerMail, Buyers, Opportunities, Outbox, PortError};
use crate::routing::Router;

/// Most leads that are taken through their plans at one time; more are refused before anything is stored.
pub const LEADS_AT_WORK_MAX: usize = 1_000;
/// How often a change is decided again when somebody else changed the lead meanwhile.
pub(super) const TRIES_MAX: usize = 8;

/// What the desk needs from outside.
#[derive(Clone)]
pub struct LeadPorts {
    /// Leads as they are stored.
    pub leads: Arc<dyn Leads>,
    /// Opportunities and attempts.
    pub opportunities: Arc<dyn Opportunities>,
    /// The books.
    pub books: Arc<dyn Books>,
    /// What is to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// Buyers' servers.
    pub buyers: Arc<dyn Buyers>,
    /// Buyers' mailboxes.
    pub mail: Arc<dyn BuyerMail>,
}

/// Takes leads in and sells them.
pub struct LeadDesk {
    pub(super) moment: Moment,
    pub(super) directory: SharedDirectory,
    pub(super) router: Arc<Router>,
    pub(super) leads: Arc<dyn Leads>,
    pub(super) opportunities: Arc<dyn Opportunities>,
    pub(super) books: Arc<dyn Books>,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) buyers: Arc<dyn Buyers>,
    pub(super) mail: Arc<dyn BuyerMail>,
    pub(super) signer: ConsentSigner,
    pub(super) pings: KeyedLocks<(FeedId, Sha256)>,
    pub(super) keys: KeyedLocks<(FeedId, String)>,
    pub(super) chains: KeyedLocks<AccountId>,
    at_work: Mutex<HashSet<OpportunityId>>,
    room: Arc<Semaphore>,
}

/// Why something was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeadError {
    /// It is no lead.
    #[error("it is no lead: {0}")]
    Fields(LeadRefusal),
    /// The feed or its campaign takes nothing.
    #[error("{}", .0.sentence())]
    Closed(ReasonCode),
    /// The campaign has no fields, so nothing can be a lead of it.
    #[error("the campaign has no fields; add those of its leads first")]
    NoFields,
    /// The idempotency key is empty or too long.
    #[error("the idempotency key is empty or too long")]
    BadKey,
    /// The idempotency key was used for something else.
    #[error("the idempotency key was used for another lead")]
    KeyUsed,
    /// The feed has no such ping.
    #[error("the feed has no such ping")]
    NoSuchPing,
    /// The machine of its way does not allow it.
    #[error("{0}")]
    Step(StepRefusal),
    /// As many leads as may are being sold.
    #[error("too many leads are being sold at one time")]
    Busy,
    /// Others changed it all the time.
    #[error("others changed the lead all the time")]
    Moved,
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A lead as a partner is answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The lead as it stands.
    pub lead: LeadRow,
    /// Whether it was there before.
    pub cached: bool,
}

impl Answered {
    pub(super) const fn new(lead: LeadRow) -> Self {
        Self {
            lead,
            cached: false,
        }
    }

    pub(super) const fn again(lead: LeadRow) -> Self {
        Self { lead, cached: true }
    }
}

/// That somebody works on a lead; nobody else does until it is dropped.
pub(super) struct AtWork {
    desk: Arc<LeadDesk>,
    lead: OpportunityId,
    /// Its place among those that are sold at one time.
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.desk.working().remove(&self.lead);
    }
}

impl LeadDesk {
    /// Over what is stored; the signer signs records of consent.
    #[must_use]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        router: Arc<Router>,
        ports: LeadPorts,
        signer: ConsentSigner,
    ) -> Arc<Self> {
        Arc::new(Self {
            moment,
            directory,
            router,
            leads: ports.leads,
            opportunities: ports.opportunities,
            books: ports.books,
            outbox: ports.outbox,
            buyers: ports.buyers,
            mail: ports.mail,
            signer,
            pings: KeyedLocks::default(),
            keys: KeyedLocks::default(),
            chains: KeyedLocks::default(),
            at_work: Mutex::default(),
            room: Arc::new(Semaphore::new(LEADS_AT_WORK_MAX)),
        })
    }

    /// The signer of records of consent.
    #[must_use]
    pub const fn signer(&self) -> &ConsentSigner {
        &self.signer
    }

    fn working(&self) -> MutexGuard<'_, HashSet<OpportunityId>> {
        // Every change is complete, so a panic elsewhere leaves it valid.
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another lead can be sold now.
    pub(super) fn has_room(&self) -> Result<(), LeadError> {
        if self.room.available_permits() == 0 {
            metrics::counter!("trunkline_leads_busy_total").increment(1);
            return Err(LeadError::Busy);
        }
        Ok(())
    }

    /// Makes the caller the only one who works on a lead, until what is answered is dropped; `None` when somebody does.
    pub(super) fn claim(self: &Arc<Self>, lead: OpportunityId) -> Option<AtWork> {
        self.working().insert(lead).then(|| AtWork {
            desk: Arc::clone(self),
            lead,
            permit: None,
        })
    }

    /// Waits until nobody works on a lead: for the end of the server, and for tests.
    pub async fn at_rest(&self) {
        // Every lead that is worked on has a place; whoever has all of them is alone.
        let all = u32::try_from(LEADS_AT_WORK_MAX).unwrap_or(u32::MAX);
        drop(self.room.acquire_many(all).await);
    }

    /// Waits until another lead can be sold.
    pub(super) async fn room(&self) {
        // It is never closed.
        drop(self.room.acquire().await);
    }

    /// Takes a lead on through its plan, while others wait for it or not; `None` when somebody does already.
    ///
    /// # Errors
    /// When as many as may are being sold: the job goes on with it later.
    pub(super) fn begin(
        self: &Arc<Self>,
        row: &LeadRow,
    ) -> Result<Option<JoinHandle<()>>, LeadError> {
        let permit = Arc::clone(&self.room).try_acquire_owned();
        let permit = permit.map_err(|_| LeadError::Busy)?;
        let lead = row.id;
        let Some(mut at_work) = self.claim(lead) else {
            return Ok(None);
        };
        at_work.permit = Some(permit);
        let desk = Arc::clone(self);
        Ok(Some(tokio::spawn(async move {
            // Whoever asked may go away; the lead is sold all the same.
            if let Err(error) = Box::pin(desk.sell(lead)).await {
                tracing::warn!(%lead, %error, "a lead was not taken on; it is again later");
            }
            drop(at_work);
        })))
    }

    /// Sells a lead, and answers how it stands when that is decided, or when the publisher must have an answer.
    pub(super) async fn sold_in_time(self: &Arc<Self>, row: LeadRow) -> LeadRow {
        if row.run.state != RunState::Validating {
            return row;
        }
        let posted_at = row.run.post.as_ref().map_or(row.came_at, |post| post.at);
        let passed = self.moment.now().millis_since(posted_at).max(0);
        let left = u64::try_from(ANSWER_MS - passed).unwrap_or(0);
        let until = Instant::now() + Duration::from_millis(left);
        let Ok(Some(selling)) = self.begin(&row) else {
            return row;
        };
        // What goes on is not ended with the wait for it.
        let _ = timeout_at(until, selling).await;
        let id = row.id;
        match self.leads.lead(id).await {
            Ok(Some(now)) if is_decided(&now) => now,
            Ok(Some(now)) => self.told_to_wait(now).await,
            Ok(None) | Err(_) => row,
        }
    }

    /// Writes down that the publisher was told to ask again.
    async fn told_to_wait(&self, row: LeadRow) -> LeadRow {
        let rules = self.rules_of(&row);
        let ticked = self.change(row.id, |row, now| {
            let run = step(&row.run, Event::Tick, &rules, now)?;
            Ok(LeadChange::new(LeadRow { run, ..row }))
        });
        ticked.await.unwrap_or(row)
    }

    /// What holds for the way of a lead.
    pub(super) fn rules_of(&self, row: &LeadRow) -> SaleRules {
        let market = self.directory.markets().of(row.account);
        let campaign = market.as_ref().and_then(|m| m.campaign(row.campaign));
        campaign.map_or_else(SaleRules::default, |c| c.campaign.leads.sale_rules())
    }

    /// Changes a lead as it is stored, again when somebody else changed it meanwhile. `decide` may run more than once.
    pub(super) async fn change(
        &self,
        id: OpportunityId,
        mut decide: impl FnMut(LeadRow, Timestamp) -> Result<LeadChange, StepRefusal> + Send,
    ) -> Result<LeadRow, LeadError> {
        for _ in 0..TRIES_MAX {
            let row = self.leads.lead(id).await?.ok_or(LeadError::NoSuchPing)?;
            let now = self.moment.now();
            let mut change = decide(row, now).map_err(LeadError::Step)?;
            change.lead.changed_at = now;
            if self.leads.put_lead(&change).await? == LeadStored::Yes {
                change.lead.revision += 1;
                return Ok(change.lead);
            }
        }
        Err(LeadError::Moved)
    }
}

/// Whether a publisher can be told what became of a lead.
pub(super) fn is_decided(row: &LeadRow) -> bool {
    let open = matches!(
        row.run.state,
        RunState::Posted | RunState::Validating | RunState::Selling
    );
    !open || row.run.accepted() > 0
}
