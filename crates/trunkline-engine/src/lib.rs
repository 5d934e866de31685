//! The use cases of Trunkline, one file per station, and the ports they need.
//!
//! The engine fetches, calls the core's decisions, commits, and passes on; it decides nothing itself.
#![warn(missing_docs)]

pub mod assignment;
pub mod attribution;
pub mod call;
pub mod check;
pub mod clock;
pub mod directory;
pub mod distribution;
mod in_step;
pub mod inventory;
pub mod lead;
pub mod ledger;
pub mod live;
mod locks;
pub mod outbox;
pub mod page_check;
pub mod ports;
mod posting;
pub mod replay;
pub mod report;
pub mod routing;
pub mod setup;
pub mod standing;
pub mod supply;
pub mod trunks;
pub mod verticals;
pub mod visit_retention;
pub mod what_if;
