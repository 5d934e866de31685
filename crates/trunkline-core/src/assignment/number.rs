//! A tracking number: what it is used for and where its calls go.

use crate::base::id::{AccountId, FeedId, FlowId, NumberId, PoolId, SiteId, SwapTargetId, TrunkId};
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

words! {
    /// Where a tracking number is in its life.
    NumberStage {
        /// New: it takes calls and is not shown yet, so that strangers who call it are noticed first.
        Warming = "warming",
        /// It may be shown.
        InUse = "in_use",
        /// It is not shown any more and still takes calls, of those who wrote it down.
        Quarantine = "quarantine",
        /// Given back: it takes no calls. Its history stays.
        Released = "released",
    }
}

/// How long a new number is listened to before it may be shown, in days.
pub const WARM_UP_DAYS: i64 = 7;
/// More strangers than this during the warm-up, and the number stays where it is until somebody decides.
pub const WARM_UP_STRANGERS_MAX: u32 = 2;
/// A number that was called within this many days is released only when somebody insists.
pub const RELEASE_QUIET_DAYS: i64 = 90;

impl NumberStage {
    /// Whether a number of this stage may be shown.
    #[must_use]
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::InUse)
    }

    /// Whether calls on a number of this stage are taken.
    #[must_use]
    pub const fn takes_calls(self) -> bool {
        !matches!(self, Self::Released)
    }

    /// Whether `next` may follow. A number goes through quarantine before it is released.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        !matches!(
            (self, next),
            (Self::Warming | Self::InUse, Self::Released) | (Self::Released, Self::Quarantine)
        )
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
    /// The feed its calls come through; that of its pool when not given.
    pub feed: Option<FeedId>,
    /// Where it is in its life.
    pub stage: NumberStage,
    /// Since when.
    pub stage_since: Timestamp,
    /// When it was added.
    pub created_at: Timestamp,
}
