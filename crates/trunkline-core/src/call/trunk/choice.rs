//! Which trunk an outgoing leg takes, and when the next one is tried.

use crate::base::id::TrunkId;
use crate::call::DialOutcome;

/// Most trunks that are tried for one attempt.
pub const TRIES_MAX: usize = 4;

/// A trunk that could carry a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The trunk.
    pub trunk: TrunkId,
    /// Whether the call came over it.
    pub own: bool,
    /// The smaller, the sooner.
    pub priority: u16,
    /// Whether its far end does not answer, or it is not registered though it should be.
    pub failing: bool,
}

/// Trunks in the order in which they are tried: healthy ones first, of these the one the call came over, then by
/// priority, then the oldest. At most [`TRIES_MAX`].
#[must_use]
pub fn in_order(mut candidates: Vec<Candidate>) -> Vec<TrunkId> {
    candidates.sort_by_key(|c| (c.failing, !c.own, c.priority, c.trunk));
    candidates.truncate(TRIES_MAX);
    candidates.into_iter().map(|c| c.trunk).collect()
}

/// Whether an attempt failed because of its trunk, so that another one may do better: the far end cannot be reached, gives
/// no first answer, asks for a password we do not have, or says that it is broken. Whatever the destination decided (busy,
/// declined, no answer, no such number) is final.
#[must_use]
pub const fn fails_over(outcome: DialOutcome, sip_status: Option<u16>) -> bool {
    match outcome {
        DialOutcome::Failed => matches!(sip_status, None | Some(401 | 407 | 408 | 500..=599)),
        _ => false,
    }
}
