//! How long page views and showings are kept, and the networks of leases: a job deletes what is over its time, in batches.
//!
//! Sessions and their arrivals stay: they are the history of sources. A call keeps what it was credited by, because its
//! candidates and their evidence are stored with it, and the visit it was credited to stays whole.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use trunkline_core::attribution::WINDOW_DAYS;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{LeaseId, PageViewId, SessionId, ShowingId};

use crate::clock::Moment;
use crate::ports::{PastVisits, PortResult};

/// Fewest days that may be kept: attribution looks so far back, and learning needs whole evidence.
pub const VISIT_DAYS_MIN: u32 = WINDOW_DAYS as u32 + 1;
/// Most days that may be kept by a rule.
pub const VISIT_DAYS_MAX: u32 = 3_650;
/// Rows that are looked at together, in one transaction.
pub const BATCH_ROWS: u32 = 500;
/// Batches of each kind in a run; the next run goes on where it ended.
const BATCHES_MAX: u32 = 10_000;
/// Between two batches that delete something, so that arrivals and calls are written meanwhile.
const PAUSE: Duration = Duration::from_millis(20);
const DAY_MS: i64 = 86_400_000;
/// The network of a lease is of use while the lease may be read back at a start; nobody needs it longer.
const NETWORK_DAYS: i64 = 2;

/// For how many days page views and showings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisitDays(Option<u32>);

impl VisitDays {
    /// So many days; 0 keeps them for ever.
    #[must_use]
    pub fn new(days: u32) -> Self {
        Self((days > 0).then_some(days.max(VISIT_DAYS_MIN)))
    }

    /// The moment before which they are deleted; `None`: never.
    #[must_use]
    pub fn ends_at(self, now: Timestamp) -> Option<Timestamp> {
        self.0
            .map(|days| now.plus_millis(-i64::from(days) * DAY_MS))
    }

    /// Calls that came before this cannot be weighed again: some of those who were shown their number are not known
    /// any more.
    #[must_use]
    pub fn whole_since(self, now: Timestamp) -> Timestamp {
        let whole = |end: Timestamp| end.plus_millis(WINDOW_DAYS * DAY_MS);
        self.ends_at(now).map_or(Timestamp::EPOCH, whole)
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Page views that were deleted.
    pub page_views: u64,
    /// Showings that were deleted.
    pub showings: u64,
    /// Leases whose network was forgotten.
    pub networks: u64,
    /// Whether more waits for the next run.
    pub more: bool,
}

/// Lets others write after a batch that did.
async fn make_way(deleted: u64) {
    if deleted > 0 {
        tokio::time::sleep(PAUSE).await;
    }
}

/// Where the next run goes on, when the one before did not come to the end.
#[derive(Debug, Default)]
struct Place {
    page_view: Option<(SessionId, PageViewId)>,
    showing: Option<ShowingId>,
    /// The last lease that was looked at; leases stay, so each run goes on behind it.
    lease: Option<LeaseId>,
}

/// Deletes page views and showings that are over their time.
pub struct VisitRetention {
    moment: Moment,
    visits: Arc<dyn PastVisits>,
    days: VisitDays,
    place: Mutex<Place>,
    batches_max: u32,
}

impl VisitRetention {
    /// Over the stored visits.
    #[must_use]
    pub fn new(moment: Moment, visits: Arc<dyn PastVisits>, days: VisitDays) -> Self {
        Self {
            moment,
            visits,
            days,
            place: Mutex::default(),
            batches_max: BATCHES_MAX,
        }
    }

    /// The same with another limit on the batches of a run.
    #[must_use]
    pub fn with_batches(mut self, batches_max: u32) -> Self {
        self.batches_max = batches_max;
        self
    }

    /// Looks at everything that is over its time, from where the run before ended.
    ///
    /// # Errors
    /// When the store is away; the next run looks again.
    pub async fn run(&self) -> PortResult<Forgotten> {
        let now = self.moment.now();
        let mut found = Forgotten::default();
        self.networks(now, &mut found).await?;
        let Some(before) = self.days.ends_at(now) else {
            return Ok(found);
        };
        let page_view = self.page_views(before, &mut found).await?;
        let showing = self.showings(before, &mut found).await?;
        found.more |= page_view.is_some() || showing.is_some();
        self.lock(|place| (place.page_view, place.showing) = (page_view, showing));
        let deleted = |kind| metrics::counter!("trunkline_visits_deleted_total", "kind" => kind);
        deleted("page_view").increment(found.page_views);
        deleted("showing").increment(found.showings);
        Ok(found)
    }

    async fn page_views(
        &self,
        before: Timestamp,
        found: &mut Forgotten,
    ) -> PortResult<Option<(SessionId, PageViewId)>> {
        let mut after = self.lock(|place| place.page_view);
        for _ in 0..self.batches_max {
            let batch = self.visits.delete_page_views(before, after, BATCH_ROWS);
            let batch = batch.await?;
            found.page_views += batch.deleted;
            after = batch.last;
            if after.is_none() {
                break;
            }
            make_way(batch.deleted).await;
        }
        Ok(after)
    }

    async fn showings(
        &self,
        before: Timestamp,
        found: &mut Forgotten,
    ) -> PortResult<Option<ShowingId>> {
        let mut after = self.lock(|place| place.showing);
        for _ in 0..self.batches_max {
            let batch = self.visits.delete_showings(before, after, BATCH_ROWS);
            let batch = batch.await?;
            found.showings += batch.deleted;
            after = batch.last;
            if after.is_none() {
                break;
            }
            make_way(batch.deleted).await;
        }
        Ok(after)
    }

    async fn networks(&self, now: Timestamp, found: &mut Forgotten) -> PortResult<()> {
        let before = now.plus_millis(-NETWORK_DAYS * DAY_MS);
        for _ in 0..self.batches_max {
            let after = self.lock(|place| place.lease);
            let batch = self.visits.forget_networks(before, after, BATCH_ROWS);
            let batch = batch.await?;
            found.networks += batch.deleted;
            let Some(last) = batch.last else {
                return Ok(());
            };
            self.lock(|place| place.lease = Some(last));
            make_way(batch.deleted).await;
        }
        found.more = true;
        Ok(())
    }

    /// The state is valid between statements, whatever happened to another run.
    fn lock<T>(&self, work: impl FnOnce(&mut Place) -> T) -> T {
        work(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
