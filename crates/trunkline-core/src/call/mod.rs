//! Station **call**: the life of a call, its legs' outcomes, its call flow, and what may be dialled.
//!
//! Main verb: [`flow::step`], `(flow, state, event) -> (state, actions)`. Performers (native SIP,
//! voice webhooks) carry out the actions and bring events back; they hold no decision.

pub mod flow;
pub mod lifecycle;
pub mod toll;
pub mod trunk;

pub use lifecycle::{CallResult, CallState, DialOutcome, EndReason, EndedBy};
pub use toll::{TollPolicy, TollRefusal, TollUse};
