//! Station **assignment**: which tracking number a session sees in place of each swap target.
//!
//! Main verb: [`assign`], `(plan, pools, session, now) -> decision`. Pools are plain values that one
//! owner keeps in memory; a decision says what changed, so that the owner can record it.

pub mod block;
pub mod decide;
pub mod find;
pub mod giving_back;
pub mod health;
pub mod network;
pub mod number;
pub mod pool;
pub mod published;
pub mod settings;
pub mod site;
pub mod sizing;
pub mod slot;
pub mod swap;
pub mod tappers;
#[cfg(test)]
mod tests;
pub mod version;

pub use decide::{Asker, Assigned, Basis, PoolChoice, SitePlan, TargetPlan, assign};
pub use network::Network;
pub use number::{NumberStage, NumberUse, TrackingNumber};
pub use pool::{Holder, Pick, PickReason, Pool, PoolNumber, TurnedAway};
pub use published::{Hold, Published};
pub use settings::{FormCapture, LeaseOn, SwapMode, SwapSettings};
pub use site::{PoolRule, PoolSettings, Site, SwapTarget};
pub use slot::{SlotUse, SlotView};
pub use swap::{Replacement, replacement};
pub use tappers::Tappers;
pub use version::{SiteContent, SiteVersion};
