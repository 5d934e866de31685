//! Keeps the record of calls durable: saves changes in order, the end of a call together with what its minutes cost, and
//! when the store is late or away puts them into the spool and saves them again later. A call never waits for it longer
//! than [`SAVE_WAIT`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::clock::Moment;
use crate::ledger::{BookError, store_end};
use crate::ports::books::Books;
use crate::ports::calls::{CallChange, CallCost};
use crate::ports::{CallRecords, CallSpool, PortError, PortResult};

/// Longest a call waits for its record to be saved.
pub const SAVE_WAIT: Duration = Duration::from_millis(200);
/// How often the spool is tried again.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for one change when the spool is saved again.
const RECONCILE_WAIT: Duration = Duration::from_secs(5);

/// Saves changes of calls, through the spool when it must.
pub struct Keeper {
    records: Arc<dyn CallRecords>,
    spool: Arc<dyn CallSpool>,
    books: Arc<dyn Books>,
    moment: Moment,
    /// Whether the spool holds changes: later ones must then queue behind them.
    spooled: AtomicBool,
    /// Held while the spool is written or emptied.
    spooling: Mutex<()>,
}

impl Keeper {
    /// Saves to `records` and `books`, or to `spool` while those are away.
    #[must_use]
    pub fn new(
        records: Arc<dyn CallRecords>,
        spool: Arc<dyn CallSpool>,
        books: Arc<dyn Books>,
        moment: Moment,
    ) -> Self {
        Self {
            records,
            spool,
            books,
            moment,
            spooled: AtomicBool::new(true),
            spooling: Mutex::new(()),
        }
    }

    /// Whether changes wait in the spool.
    #[must_use]
    pub fn is_spooling(&self) -> bool {
        self.spooled.load(Ordering::Acquire)
    }

    /// Saves a change, or spools it. Returns within about [`SAVE_WAIT`].
    pub async fn keep(&self, change: &CallChange) {
        if !self.spooled.load(Ordering::Acquire) {
            match timeout(SAVE_WAIT, self.save(change)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => {
                    tracing::warn!(call = %change.call.id, %error, "a call was not saved; it is kept in the spool and saved later, nothing is lost");
                }
                Err(_) => {
                    tracing::warn!(call = %change.call.id, "the database is late; a call is kept in the spool and saved when it answers, nothing is lost");
                }
            }
        }
        let _spooling = self.spooling.lock().await;
        metrics::counter!("trunkline_call_spooled_total").increment(1);
        match self.spool.append(change) {
            Ok(()) => self.spooled.store(true, Ordering::Release),
            Err(error) => {
                metrics::counter!("trunkline_call_spool_failed_total").increment(1);
                tracing::error!(call = %change.call.id, %error, "a call could neither be saved nor spooled");
            }
        }
    }

    /// Saves a change. The end of a call and what its minutes cost are one transaction; the cost is booked once, however
    /// often the end is saved.
    ///
    /// # Errors
    /// When the store is away; nothing is saved then.
    pub(super) async fn save(&self, change: &CallChange) -> PortResult<()> {
        let priced = |cost: CallCost| cost.total.micros() > 0;
        if change.call.ended_at.is_none() || !change.call.cost.is_some_and(priced) {
            return self.records.save(change).await;
        }
        match store_end(self.books.as_ref(), &self.moment, change).await {
            Ok(()) => Ok(()),
            Err(BookError::Port(error)) => Err(error),
            Err(BookError::Post(error)) => {
                metrics::counter!("trunkline_calls_not_booked_total").increment(1);
                tracing::error!(call = %change.call.id, %error, "what a call's minutes cost cannot be booked; a person must look at it");
                self.records.save(change).await
            }
        }
    }

    /// Saves what the spool holds; answers how many changes were saved. Calls go on being spooled
    /// meanwhile, behind these. A change that can never be saved is parked, so that it blocks nothing.
    /// Call it at the start and every [`RECONCILE_EVERY`].
    ///
    /// # Errors
    /// When the spool cannot be read or the store is still away.
    pub async fn reconcile(&self) -> PortResult<usize> {
        let mut saved_in_all = 0;
        while self.spooled.load(Ordering::Acquire) {
            let pending = {
                let _spooling = self.spooling.lock().await;
                let pending = self.spool.pending()?;
                if pending.is_empty() {
                    self.spooled.store(false, Ordering::Release);
                }
                pending
            };
            let mut saved = 0;
            let mut trouble = None;
            for change in &pending {
                if let Err(error) = self.save_or_park(change).await {
                    trouble = Some(error);
                    break;
                }
                saved += 1;
            }
            let _spooling = self.spooling.lock().await;
            self.spool.forget(saved)?;
            if let Some(error) = trouble {
                return Err(error);
            }
            saved_in_all += saved;
        }
        Ok(saved_in_all)
    }

    /// `Err`: the store is away, so the change waits.
    async fn save_or_park(&self, change: &CallChange) -> PortResult<()> {
        let late = || PortError::Unavailable("no answer in time".to_owned());
        let result = timeout(RECONCILE_WAIT, self.save(change)).await;
        match result.unwrap_or_else(|_| Err(late())) {
            Err(error @ (PortError::Conflict(_) | PortError::Failed(_))) => {
                metrics::counter!("trunkline_call_parked_total").increment(1);
                tracing::error!(call = %change.call.id, %error, "a spooled call cannot be saved; parking it");
                self.spool.park(change)
            }
            other => other,
        }
    }
}
