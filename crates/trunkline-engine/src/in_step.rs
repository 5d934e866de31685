//! Whether what is held in memory says what is stored. Whoever waits for a change may go away between the store and the
//! memory, and an answer of the store may be lost: then memory is behind until it is read again.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether memory and store say the same.
#[derive(Debug, Default)]
pub(crate) struct InStep {
    behind: AtomicBool,
}

impl InStep {
    /// Something is going to be stored that memory does not say yet.
    pub(crate) fn leave(&self) {
        self.behind.store(true, Ordering::Release);
    }

    /// Memory says what is stored.
    pub(crate) fn is_back(&self) {
        self.behind.store(false, Ordering::Release);
    }

    /// Whether something may be stored that memory does not say.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }
}
