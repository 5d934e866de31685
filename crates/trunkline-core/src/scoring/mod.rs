//! Station **scoring**: how likely a call or lead is to be worth something, before it is routed.
//!
//! Main verb: [`Model::score`], `(features) -> verdict`. Features carry the moment at which they are known
//! ([`Features`]); the model learns from outcomes one by one ([`Model::learn`]) and is a function of them alone.

mod calibration;
mod catalogue;
mod columns;
mod document;
mod features;
mod hash;
mod identity;
mod lesson;
mod model;
mod moment;
pub mod names;
mod payout;
mod progress;
mod quantiles;
mod sentence;
mod snapshot;
#[cfg(test)]
mod tests;
mod verdict;
mod weights;

pub use catalogue::{
    CallFacts, Consent, Intent, LeadFacts, RemoteAnswer, Spam, TradeMatch, Traffic, Traits,
    VisitFacts,
};
pub use features::{FEATURES_MAX, FeatureSet, Features, Name, Value};
pub use identity::{CATEGORY_MAX, Category, Identity};
pub use lesson::{Goal, Label, Lesson, due};
pub use model::{Explanation, GROWN_FROM, Model, REMOTE_PROVEN};
pub use moment::{
    AfterCall, At, AvailableBy, BeforeRouting, DialIn, IvrDone, Moment, Posted, Visit,
};
pub use payout::{PAYOUTS_MAX, Payouts};
pub use progress::{Day, Drift, Pair, Said, days, drift, tenths, wins};
pub use snapshot::{SNAPSHOT_MAX, SnapshotError};
pub use verdict::{REASONS_MAX, Reason, Tier, Verdict};
