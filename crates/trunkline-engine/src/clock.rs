//! Time and identifiers for the use cases: a clock that can be set by hand, and one sequence of ids.

use std::sync::{Arc, Mutex, PoisonError};

use trunkline_core::base::{Id, IdKind, IdSequence, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The clock and the identifiers of one node.
#[derive(Clone)]
pub struct Moment {
    clock: Arc<dyn Clock>,
    ids: Arc<Mutex<IdSequence>>,
}

impl Moment {
    /// For the node with this number (0 in embedded mode).
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, node: u16) -> Self {
        Self {
            clock,
            ids: Arc::new(Mutex::new(IdSequence::new(node))),
        }
    }

    /// Draws no identifier up to this one, which was stored before the start: the clock may have stepped
    /// back since.
    pub fn go_on_after(&self, newest: i64) {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .go_on_after(newest);
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new identifier.
    #[must_use]
    pub fn id<K: IdKind>(&self) -> Id<K> {
        self.id_at(self.clock.now())
    }

    /// A new identifier, when the time was read a moment ago.
    #[must_use]
    pub fn id_at<K: IdKind>(&self, now: Timestamp) -> Id<K> {
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .draw(now)
    }
}
