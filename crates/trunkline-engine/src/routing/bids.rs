//! Where bids come from. An attempt that is an auction is asked here; without anybody who asks, it is passed over with a
//! reason in the record.

use std::sync::Arc;

use async_trait::async_trait;
use trunkline_core::base::id::ContractId;
use trunkline_core::base::{Callee, Money, Timestamp};

use super::{Planned, Router};

/// A bid that may be called or posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidWon {
    /// Whose it is.
    pub contract: ContractId,
    /// What they pay.
    pub amount: Money,
    /// Where they want the call; at the destination when they name nothing.
    pub to: Option<Callee>,
    /// What they call their bid.
    pub name: Option<String>,
    /// What the publisher may be promised when it is sold: the same for all bids of an auction.
    pub offer: Option<Money>,
    /// From how many connected seconds on the publisher may be promised it.
    pub min_seconds: u32,
    /// Until when their bid holds, when they say.
    pub expires_at: Option<Timestamp>,
}

/// Asks for bids.
#[async_trait]
pub trait Bidders: Send + Sync {
    /// Asks everybody in an attempt of a plan that is an auction. Answers the bids that may be taken, the best first, and
    /// writes into the plan's attempts why the others may not.
    async fn ask(&self, planned: &mut Planned, attempt: u16) -> Vec<BidWon>;
}

impl Router {
    /// Names whoever asks for bids; once, when it has started.
    pub fn bid_with(&self, bidders: Arc<dyn Bidders>) {
        // A second one would be a defect of the wiring; the first one stays.
        let _ = self.bidders.set(bidders);
    }

    pub(super) fn bidders(&self) -> Option<Arc<dyn Bidders>> {
        self.bidders.get().cloned()
    }
}
