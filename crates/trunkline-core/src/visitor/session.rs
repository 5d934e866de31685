//! When a visit goes on and when a new one starts, and what the visitor consented to.

use super::landing::ClickId;
use crate::base::{Timestamp, words};

/// A session ends after 30 minutes without activity (the usual convention of web analytics).
pub const SESSION_IDLE_MS: i64 = 30 * 60_000;

words! {
    /// What the visitor allowed to be stored.
    Consent {
        /// Nothing: source-level number by the page's own address, no session.
        None = "none",
        /// A session in the page's memory.
        Memory = "memory",
        /// A session and a visitor id in the browser's storage.
        Storage = "storage",
    }
}

impl Consent {
    /// From the snippet's level 0, 1 or 2.
    #[must_use]
    pub const fn from_level(level: u8) -> Option<Self> {
        match level {
            0 => Some(Self::None),
            1 => Some(Self::Memory),
            2 => Some(Self::Storage),
            _ => None,
        }
    }
}

/// Whether an arrival starts a new session: the last one was idle too long, or a click that was
/// paid for brought the visitor again.
#[must_use]
pub fn starts_new_session(
    last_seen: Timestamp,
    last_click: Option<&ClickId>,
    click: Option<&ClickId>,
    now: Timestamp,
) -> bool {
    let idle = now.millis_since(last_seen) > SESSION_IDLE_MS;
    let paid_again = click.is_some_and(|c| c.name != "fbclid" && last_click != Some(c));
    idle || paid_again
}
