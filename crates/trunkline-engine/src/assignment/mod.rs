//! Station **assignment** as a use case: takes arrivals and beacons in, decides in memory under one
//! lock per site, and answers after the commit whenever something new was given.

mod arrive;
mod beacon;
mod blocks;
mod leave;
mod live;
mod restore;
pub mod sweep;
mod view;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{IdMap, NumberId, SiteId, SiteKind, VisitorId};

pub use arrive::{Answer, Known, Visit};
pub use beacon::{Beacon, BeaconOutcome};
use live::SiteState;
pub use view::{PoolView, SiteSeen, visitor_label};

use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::ports::history::SessionRow;
use crate::ports::{History, PortResult};

/// Most assignments that may wait for their commit; more are answered with the source number.
pub const ASSIGNS_IN_FLIGHT_MAX: usize = 4_096;
/// Most sessions of one site that are held in memory; more are answered with the source number.
pub const SESSIONS_PER_SITE_MAX: usize = 400_000;
/// Most sessions of all sites that are held in memory, some hundred bytes each; more are answered with the
/// source number.
pub const SESSIONS_MAX: usize = 1_000_000;
/// Most arrivals and page views that are recorded of one session; a person does not look at more.
pub const PAGES_PER_SESSION_MAX: u32 = 500;
/// Most forms that are recorded of one session.
pub const FORMS_PER_SESSION_MAX: u32 = 5;
/// Most taps that are recorded of one session; a person does not dial more often.
pub const TAPS_PER_SESSION_MAX: u32 = 20;
/// Taps of one session this close to the one before are the same wish to call, in milliseconds.
pub const TAP_EVERY_MS: i64 = 10_000;

/// Longest wait for a session that is not in memory.
const RECALL_WAIT: Duration = Duration::from_millis(200);

/// The owner of all pools and live sessions.
pub struct Assignments {
    moment: Moment,
    directory: SharedDirectory,
    history: Arc<dyn History>,
    sites: RwLock<IdMap<SiteKind, Arc<Mutex<SiteState>>>>,
    in_flight: AtomicUsize,
    /// Sessions in memory: those that were added since the last sweep, and those it counted.
    sessions: AtomicUsize,
}

impl Assignments {
    /// With empty pools; call [`Assignments::restore`] before taking arrivals in.
    #[must_use]
    pub fn new(moment: Moment, directory: SharedDirectory, history: Arc<dyn History>) -> Self {
        Self {
            moment,
            directory,
            history,
            sites: RwLock::default(),
            in_flight: AtomicUsize::new(0),
            sessions: AtomicUsize::new(0),
        }
    }

    fn state(&self, site: SiteId) -> Option<Arc<Mutex<SiteState>>> {
        self.sites
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&site)
            .cloned()
    }

    fn states(&self) -> Vec<Arc<Mutex<SiteState>>> {
        self.sites
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// A call on a number started: its pool keeps it where it is.
    pub fn call_started(&self, number: NumberId) {
        self.with_pool_of(number, |state, number| {
            for pool in state.pools.values_mut() {
                pool.call_started(number);
            }
        });
    }

    /// A call on a number ended.
    pub fn call_ended(&self, number: NumberId) {
        let now = self.moment.now();
        self.with_pool_of(number, |state, number| {
            for pool in state.pools.values_mut() {
                pool.call_ended(number, now);
            }
        });
    }

    /// A call on a number was turned away by screening.
    pub fn call_blocked(&self, number: NumberId) {
        self.with_pool_of(number, |state, number| {
            for pool in state.pools.values_mut() {
                pool.call_blocked(number);
            }
        });
    }

    /// A call on a number had ended before the start: what is left of its cool-down goes on.
    pub fn cool_down(&self, number: NumberId, ended_at: Timestamp) {
        self.with_pool_of(number, |state, number| {
            for pool in state.pools.values_mut() {
                pool.restore_cool_down(number, ended_at);
            }
        });
    }

    fn with_pool_of(&self, number: NumberId, change: impl FnOnce(&mut SiteState, NumberId)) {
        let directory = self.directory.now();
        let site = directory.number(number).and_then(|n| n.site);
        if let Some(state) = site.and_then(|site| self.state(site)) {
            change(&mut lock(&state), number);
        }
    }

    /// Whether memory holds as many sessions as it may.
    fn is_full(&self) -> bool {
        self.sessions.load(Ordering::Relaxed) >= SESSIONS_MAX
    }

    /// Reads the session of a page back into memory after a restart or a long pause.
    async fn recall(&self, site: SiteId, known: Known) {
        let in_memory = |state: &SiteState| state.sessions.contains_key(&known.session);
        let read = self.history.session(known.session);
        self.read_back(site, known.visitor, in_memory, read).await;
    }

    /// Reads the latest session of a visitor who arrives back into memory.
    async fn recall_latest(&self, site: SiteId, visitor: VisitorId) {
        let in_memory = |state: &SiteState| state.by_visitor.contains_key(&visitor);
        let read = self.history.latest_session(site, visitor);
        self.read_back(site, visitor, in_memory, read).await;
    }

    async fn read_back(
        &self,
        site: SiteId,
        visitor: VisitorId,
        in_memory: impl FnOnce(&SiteState) -> bool + Send,
        read: impl Future<Output = PortResult<Option<SessionRow>>> + Send,
    ) {
        if self.is_full() || self.state(site).is_some_and(|s| in_memory(&lock(&s))) {
            return;
        }
        let read = async {
            let mut row = read.await.ok().flatten()?;
            let until = self.moment.now();
            let latest = self.history.latest_sources(&[row.id], until).await.ok()?;
            if let Some(source) = latest.into_values().next() {
                row.source = source;
            }
            Some(row)
        };
        // A late answer counts as none: the visitor then gets a new session under the same id.
        let Ok(Some(row)) = timeout(RECALL_WAIT, read).await else {
            return;
        };
        let directory = self.directory.now();
        let (Some(state), Some(entry)) = (self.state(site), directory.site(site)) else {
            return;
        };
        if row.site == site && row.visitor == visitor {
            self.sessions.fetch_add(1, Ordering::Relaxed);
            lock(&state).recall(&row, entry);
        }
    }
}

fn lock(state: &Mutex<SiteState>) -> MutexGuard<'_, SiteState> {
    // A panic in another request must not end the site: the state is valid between statements.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts an assignment in flight until it is dropped.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn enter(count: &'a AtomicUsize) -> Option<Self> {
        if count.fetch_add(1, Ordering::Relaxed) >= ASSIGNS_IN_FLIGHT_MAX {
            count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Self(count))
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
