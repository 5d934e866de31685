//! A place for each destination: its breaker, how many requests are on their way to it, and the connections that are kept.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::DestinationId;
use trunkline_core::routing::delivery::{Breaker, BreakerView, Happened, Ticket};

use super::connection::Connection;
use super::request::Origin;

/// Requests that are on their way at one time, to everybody.
pub const IN_FLIGHT_MAX: usize = 1_024;
/// Requests that are on their way at one time to one destination.
pub const PER_DESTINATION_MAX: usize = 64;
/// Connections kept for one destination.
pub const IDLE_MAX: usize = 8;
/// How long a connection is kept that nobody uses. Most servers keep theirs for longer.
pub const IDLE_FOR: Duration = Duration::from_secs(15);
/// Destinations that are remembered.
const PLACES_MAX: usize = 20_000;
/// A destination that was not asked for so long is forgotten when others need the room: its breaker's memory is shorter.
const FORGET_AFTER: Duration = Duration::from_secs(600);

/// A map or list that is valid between its statements, also when a thread panicked meanwhile.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every destination that was asked lately.
pub(super) struct Places {
    by_destination: Mutex<HashMap<DestinationId, Arc<Place>>>,
    all: Arc<Semaphore>,
    /// Whether somebody is about to close what nobody uses.
    tidying: AtomicBool,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            by_destination: Mutex::default(),
            all: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            tidying: AtomicBool::new(false),
        }
    }
}

/// What is known of one destination.
pub(super) struct Place {
    breaker: Mutex<Breaker>,
    idle: Mutex<VecDeque<(Origin, Instant, Connection)>>,
    seats: Arc<Semaphore>,
    asked_at: Mutex<Instant>,
}

/// The right to one request on its way.
pub(super) struct Seat {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Places {
    /// The place of a destination.
    pub(super) fn of(&self, destination: DestinationId) -> Arc<Place> {
        let now = Instant::now();
        let mut places = held(&self.by_destination);
        if let Some(place) = places.get(&destination) {
            *held(&place.asked_at) = now;
            return Arc::clone(place);
        }
        if places.len() >= PLACES_MAX {
            places.retain(|_, place| {
                let silent = now.duration_since(*held(&place.asked_at));
                silent < FORGET_AFTER || Arc::strong_count(place) > 1
            });
        }
        let place = Arc::new(Place {
            breaker: Mutex::default(),
            idle: Mutex::default(),
            seats: Arc::new(Semaphore::new(PER_DESTINATION_MAX)),
            asked_at: Mutex::new(now),
        });
        places.insert(destination, Arc::clone(&place));
        place
    }

    /// A seat for one more request; `None` when there are too many.
    pub(super) fn seat(&self, place: &Place) -> Option<Seat> {
        let own = Arc::clone(&place.seats).try_acquire_owned().ok()?;
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Seat {
            _own: own,
            _all: all,
        })
    }

    /// How the breaker of a destination stands.
    pub(super) fn breaker(&self, destination: DestinationId, now: Timestamp) -> BreakerView {
        match held(&self.by_destination).get(&destination) {
            Some(place) => held(&place.breaker).view(now),
            None => Breaker::new().view(now),
        }
    }

    /// Keeps a connection for the next ping, for a while.
    pub(super) fn keep(self: &Arc<Self>, place: &Arc<Place>, origin: Origin, open: Connection) {
        if !open.goes_on() {
            return;
        }
        let mut idle = held(&place.idle);
        if idle.len() >= IDLE_MAX {
            idle.pop_front();
        }
        idle.push_back((origin, Instant::now(), open));
        drop(idle);
        if !self.tidying.swap(true, Ordering::SeqCst) {
            let places = Arc::downgrade(self);
            tokio::spawn(async move {
                loop {
                    sleep(IDLE_FOR).await;
                    let Some(places) = places.upgrade() else {
                        return;
                    };
                    if !places.tidy() {
                        return;
                    }
                }
            });
        }
    }

    /// Closes what was kept too long; whether anything is left to close later.
    fn tidy(&self) -> bool {
        // Whoever keeps one from here on sees that nobody is tidying, or is seen.
        self.tidying.store(false, Ordering::SeqCst);
        let places: Vec<_> = held(&self.by_destination).values().cloned().collect();
        let now = Instant::now();
        let mut left = false;
        for place in places {
            let mut idle = held(&place.idle);
            idle.retain(|(_, since, _)| now.duration_since(*since) < IDLE_FOR);
            left |= !idle.is_empty();
        }
        left && !self.tidying.swap(true, Ordering::SeqCst)
    }
}

impl Place {
    /// A connection to a server that is kept, the last one used first.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = held(&self.idle);
        let now = Instant::now();
        idle.retain(|(_, since, _)| now.duration_since(*since) < IDLE_FOR);
        let at = idle.iter().rposition(|(of, _, _)| of == origin)?;
        idle.remove(at).map(|(_, _, open)| open)
    }

    pub(super) fn admit(&self, now: Timestamp) -> Result<Ticket, Timestamp> {
        held(&self.breaker).admit(now)
    }

    pub(super) fn tell(&self, ticket: Ticket, happened: Happened, now: Timestamp) {
        held(&self.breaker).tell(ticket, happened, now);
    }

    pub(super) fn give_back(&self, ticket: Ticket, now: Timestamp) {
        held(&self.breaker).give_back(ticket, now);
    }
}
