//! The moment at which a feature becomes available, as types: what is known only later cannot be put among the features
//! of a score, because it does not compile.
//!
//! A talk that lasted ten minutes says everything about whether a call was good, and nothing before it was routed. A model
//! that learns from such a feature looks splendid in every table and is worthless on the telephone.

use crate::base::words;

words! {
    /// When something is known.
    Moment {
        /// While somebody is on the page.
        Visit = "visit",
        /// When a lead or a ping is posted.
        Posted = "posted",
        /// When a call rings.
        DialIn = "dial_in",
        /// When the caller has answered the questions of the call flow.
        IvrDone = "ivr_done",
        /// When everything is over: talk, disposition, buyer's answer, recording, transcript.
        AfterCall = "after_call",
    }
}

mod sealed {
    /// Only the moments of this file are moments.
    pub trait Sealed {}
}

/// A [`Moment`] as a type.
pub trait At: sealed::Sealed {
    /// The moment.
    const MOMENT: Moment;
}

/// What is known at this moment is known at `Later` too.
#[diagnostic::on_unimplemented(
    message = "what is known at `{Self}` is not known yet at `{Later}`",
    label = "this feature comes later than the score"
)]
pub trait AvailableBy<Later: At>: At {}

/// A moment at which something is still on offer, so that it can be scored.
#[diagnostic::on_unimplemented(
    message = "at `{Self}` nothing is left to route, so nothing is scored"
)]
pub trait BeforeRouting: At {}

macro_rules! moments {
    ($($(#[$doc:meta])* $name:ident by $($later:ident)*;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl At for $name {
                const MOMENT: Moment = Moment::$name;
            }
            $(impl AvailableBy<$later> for $name {})*
        )*
        impl Moment {
            /// Whether what is known at this moment is known at `later` too.
            #[must_use]
            pub const fn is_available_by(self, later: Self) -> bool {
                match self {
                    $(Self::$name => matches!(later, $(Self::$later)|*),)*
                }
            }
        }
    };
}

moments! {
    /// While somebody is on the page.
    Visit by Visit Posted DialIn IvrDone AfterCall;
    /// When a lead or a ping is posted; the ping for a call comes before the call.
    Posted by Posted DialIn IvrDone AfterCall;
    /// When a call rings.
    DialIn by DialIn IvrDone AfterCall;
    /// When the caller has answered the questions of the call flow.
    IvrDone by IvrDone AfterCall;
    /// When everything is over.
    AfterCall by AfterCall;
}

impl BeforeRouting for Visit {}
impl BeforeRouting for Posted {}
impl BeforeRouting for DialIn {}
impl BeforeRouting for IvrDone {}

impl Moment {
    /// Whether something is still on offer at this moment.
    #[must_use]
    pub const fn is_before_routing(self) -> bool {
        !matches!(self, Self::AfterCall)
    }
}
