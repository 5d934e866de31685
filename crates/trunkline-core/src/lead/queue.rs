//! Leads that nobody took wait and are offered again, until they are too old.

use serde::{Deserialize, Serialize};

use crate::base::document::Problems;
use crate::base::{Problem, Timestamp};

/// Longest wait, in hours: thirty days.
const KEEP_H_MAX: u32 = 30 * 24;
/// Longest time between two tries, in minutes: a day.
const EVERY_MIN_MAX: u32 = 24 * 60;
/// Most tries.
const TRIES_MAX: u16 = 1_000;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// How long unsold leads wait, and how often they are offered again, as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueRules {
    /// How old a lead may be when it is offered for the last time, in hours since it was posted.
    pub keep_h: u32,
    /// Minutes between two tries.
    pub every_min: u32,
    /// How often it is offered again at most.
    pub tries_max: u16,
}

/// A lead that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// How often it was offered again so far.
    pub tries: u16,
    /// When it is offered next.
    pub next_at: Timestamp,
}

impl QueueRules {
    /// Everything that keeps the rules from meaning what they say.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        let mut range = |place: &str, value: u32, most: u32| {
            if !(1..=most).contains(&value) {
                found.add(place, format!("{value} is out of range; write 1 to {most}"));
            }
        };
        range("keep_h", self.keep_h, KEEP_H_MAX);
        range("every_min", self.every_min, EVERY_MIN_MAX);
        range("tries_max", u32::from(self.tries_max), u32::from(TRIES_MAX));
        if u64::from(self.every_min) > u64::from(self.keep_h) * 60 {
            let message = "is longer than leads are kept, so none would be offered again";
            found.add("every_min", message);
        }
        found.0
    }

    /// When a lead that nobody took is offered next; `None` when it is too old, or was offered often enough.
    #[must_use]
    pub fn next(&self, posted_at: Timestamp, tries: u16, now: Timestamp) -> Option<Waits> {
        let next_at = now.plus_millis(i64::from(self.every_min) * MINUTE_MS);
        let old = next_at.millis_since(posted_at) > i64::from(self.keep_h) * HOUR_MS;
        (tries < self.tries_max && !old).then_some(Waits { tries, next_at })
    }

    /// Whether a lead is too old to be offered.
    #[must_use]
    pub fn is_too_old(&self, posted_at: Timestamp, now: Timestamp) -> bool {
        now.millis_since(posted_at) > i64::from(self.keep_h) * HOUR_MS
    }
}
