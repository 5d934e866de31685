//! Station **call**: who is let through, the life of a call, its legs' outcomes, its call flow, what may be dialled, and
//! what legs cost.
//!
//! Main verb: [`flow::step`], `(flow, state, event) -> (state, actions)`. Performers (native SIP,
//! voice webhooks) carry out the actions and bring events back; they hold no decision.

pub mod consent;
pub mod flow;
pub mod lifecycle;
pub mod screening;
pub mod toll;
pub mod trunk;

pub use consent::{ConsentRule, RecordingConsent, consent_rule, may_record_untold};
pub use lifecycle::{CallResult, CallState, DialOutcome, EndReason, EndedBy};
pub use toll::{TollPolicy, TollRefusal, TollRule, TollUse};
