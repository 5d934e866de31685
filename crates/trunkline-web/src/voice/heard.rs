//! When a trunk's carrier was last heard of, and whether it was believed: what a person looks for while setting it up.
//!
//! Only trunks that have a webhook are noted, so that nobody outside makes this grow. It is forgotten with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::TrunkId;

/// What was heard of one carrier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LastHeard {
    /// The last request that was believed.
    pub(crate) believed_at: Option<Timestamp>,
    /// The last one that was not, and why.
    pub(crate) refused: Option<(Timestamp, String)>,
}

/// What was heard of each carrier, since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<HashMap<TrunkId, LastHeard>>);

impl Heard {
    /// Notes a request for a trunk that has a webhook; `trouble`: why it was not believed.
    pub(crate) fn note(&self, trunk: TrunkId, at: Timestamp, trouble: Option<String>) {
        let mut all = self.hold();
        let heard = all.entry(trunk).or_default();
        match trouble {
            None => heard.believed_at = Some(at),
            Some(trouble) => heard.refused = Some((at, trouble)),
        }
    }

    /// What was heard for a trunk.
    pub(crate) fn of(&self, trunk: TrunkId) -> LastHeard {
        self.hold().get(&trunk).cloned().unwrap_or_default()
    }

    /// What was heard before the set-up changed says nothing of the one now.
    pub(crate) fn forget(&self, trunk: TrunkId) {
        self.hold().remove(&trunk);
    }

    fn hold(&self) -> MutexGuard<'_, HashMap<TrunkId, LastHeard>> {
        // Every change of the map is complete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_does_not_hide_the_last_request_that_was_believed() {
        let (heard, trunk) = (Heard::default(), TrunkId::from_raw(1));
        let at = Timestamp::from_millis;
        assert_eq!(heard.of(trunk), LastHeard::default());
        heard.note(trunk, at(1), None);
        heard.note(
            trunk,
            at(2),
            Some("the signature is another one".to_owned()),
        );
        let told = heard.of(trunk);
        assert_eq!(told.believed_at, Some(at(1)));
        assert_eq!(told.refused.map(|(at, _)| at), Some(at(2)));
        assert_eq!(heard.of(TrunkId::from_raw(2)), LastHeard::default());
        heard.forget(trunk);
        assert_eq!(heard.of(trunk), LastHeard::default());
    }
}
