//! Which number a trunk shows to destinations, and whose word on callers it is trusted with.

use crate::base::{PhoneNumber, words};

words! {
    /// Which number is shown.
    #[derive(Default)]
    CallerShown {
        /// What the call flow says: the caller's own number, or the tracking number.
        #[default]
        Flow = "flow",
        /// Always the tracking number that was dialled.
        TrackingNumber = "tracking_number",
        /// Always one number.
        Fixed = "fixed",
    }
}

/// The caller-ID policy of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdPolicy {
    /// Which number is shown.
    pub shown: CallerShown,
    /// The one number of [`CallerShown::Fixed`].
    pub fixed: Option<PhoneNumber>,
    /// Whether the number is also asserted (P-Asserted-Identity, RFC 3325), with `Privacy: id` for a withheld one.
    pub asserted: bool,
    /// Whether the tracking number is told as the one that redirected the call (Diversion, RFC 5806).
    pub diversion: bool,
    /// Whether the carrier's P-Asserted-Identity is believed.
    pub trusted: bool,
}

impl Default for CallerIdPolicy {
    fn default() -> Self {
        Self {
            shown: CallerShown::Flow,
            fixed: None,
            asserted: false,
            diversion: false,
            trusted: true,
        }
    }
}

/// The number to show on an outgoing leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownCaller {
    /// The caller's own, as signalled; it may be withheld.
    Own,
    /// This one.
    Number(PhoneNumber),
}

impl CallerIdPolicy {
    /// What is shown when the flow asks for `wanted` and `dialled` is the tracking number.
    #[must_use]
    pub fn shows(&self, wanted: ShownCaller, dialled: PhoneNumber) -> ShownCaller {
        match self.shown {
            CallerShown::Flow => wanted,
            CallerShown::TrackingNumber => ShownCaller::Number(dialled),
            CallerShown::Fixed => self.fixed.map_or(wanted, ShownCaller::Number),
        }
    }
}
