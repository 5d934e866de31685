//! A tracking number: what it is used for and where its calls go.

use crate::base::id::{AccountId, FlowId, NumberId, PoolId, SiteId, SwapTargetId, TrunkId};
use crate::base::{PhoneNumber, Timestamp, words};
use crate::visitor::SourceSelector;

words! {
    /// What a tracking number is used for.
    NumberUse {
        /// Printed somewhere, or shown to everybody on a site.
        Static = "static",
        /// Shown to visitors of one source.
        Source = "source",
        /// Shown to one session at a time.
        Pool = "pool",
    }
}

/// A tracking number. Unique in the instance and bound to one trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingNumber {
    /// Its id.
    pub id: NumberId,
    /// Whose it is.
    pub account: AccountId,
    /// The trunk its calls come over.
    pub trunk: TrunkId,
    /// The number itself.
    pub number: PhoneNumber,
    /// What it is used for.
    pub kind: NumberUse,
    /// A name for people; may be empty.
    pub label: String,
    /// The site it is shown on.
    pub site: Option<SiteId>,
    /// The swap target it stands for; the site's first when not given.
    pub target: Option<SwapTargetId>,
    /// The pool it belongs to, for [`NumberUse::Pool`]; for [`NumberUse::Source`] the pool whose
    /// overflow it is.
    pub pool: Option<PoolId>,
    /// The sources it stands for, for [`NumberUse::Source`].
    pub selector: SourceSelector,
    /// Where its calls go, and its fall-back.
    pub business_line: PhoneNumber,
    /// Where they go when the business line does not take them.
    pub second_line: Option<PhoneNumber>,
    /// Its call flow; forwards to the lines when not given.
    pub flow: Option<FlowId>,
    /// Whether it may be shown. A number that is not active still takes calls.
    pub active: bool,
    /// When it was added.
    pub created_at: Timestamp,
}
