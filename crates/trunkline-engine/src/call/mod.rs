//! Station **call** as a use case: takes calls in, walks their flow, keeps their record.
//!
//! A call in progress lives in memory, and its record is saved before anything is dialled. When the
//! store is late or away, the call goes on and its record waits in the spool.

mod active;
mod bids;
mod by_webhook;
pub mod control;
mod desk;
mod failover;
mod fetching;
pub mod keeper;
mod legs;
mod opening;
mod peers;
mod perform;
mod recovery;
mod resting;
pub mod retention;
mod routing;
mod screening;
mod sound_cache;
pub mod sounds;
pub mod trunk;
mod ways;

pub use active::CallStep;
pub use by_webhook::{CarrierRecording, WebhookCalls};
pub use desk::{CallSettings, Calls, PROGRESS_FLUSH_EVERY, STORE_WAIT};
pub use fetching::{FETCH_EVERY, Fetching};
pub use keeper::Keeper;
pub use peers::{Nowhere, Peers};
pub use recovery::{Recovered, SalvagedRecording};
pub use resting::Rested;
pub use retention::{RETENTION_EVERY, Retention};
pub use screening::{ENTRIES_MAX, Screener, ScreeningError};
pub use sounds::Sounds;
