//! Station **call** as a use case: takes calls in, walks their flow, keeps their record.
//!
//! A call in progress lives in memory, and its record is saved before anything is dialled. When the
//! store is late or away, the call goes on and its record waits in the spool.

mod active;
pub mod control;
mod desk;
mod failover;
pub mod keeper;
mod opening;
mod perform;
mod recovery;
pub mod trunk;

pub use desk::{CallSettings, Calls, PROGRESS_FLUSH_EVERY};
pub use keeper::Keeper;
pub use recovery::{Recovered, SalvagedRecording};
