//! The in-process event bus behind the dashboard's live views. Bounded: a reader that is too slow is
//! told to load again, and never slows a call.

use std::sync::Arc;

use tokio::sync::broadcast;
use trunkline_core::base::id::AccountId;

use crate::ports::calls::CallRow;

/// Most events a reader may lag behind.
pub const LAG_MAX: usize = 512;

/// Something changed.
#[derive(Debug, Clone)]
pub enum LiveEvent {
    /// A call changed; it carries the call as it stands now.
    Call(Arc<CallRow>),
}

impl LiveEvent {
    /// The account it concerns.
    #[must_use]
    pub fn account(&self) -> AccountId {
        match self {
            Self::Call(call) => call.account,
        }
    }
}

/// The bus.
#[derive(Debug, Clone)]
pub struct LiveBus(broadcast::Sender<LiveEvent>);

impl Default for LiveBus {
    fn default() -> Self {
        Self(broadcast::channel(LAG_MAX).0)
    }
}

impl LiveBus {
    /// Tells everybody who listens.
    pub fn tell(&self, event: LiveEvent) {
        // Nobody listening is fine.
        let _ = self.0.send(event);
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<LiveEvent> {
        self.0.subscribe()
    }
}
