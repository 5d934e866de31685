//! Spreading a day's maximum evenly over the hours that are open.
//!
//! The day is cut into slices of an hour. By the end of a slice no more than its even share of the day is used; and no
//! slice takes more than its own share and what it may catch up, so that a quiet morning does not become a flood at noon.

use super::{Limit, Window};
use crate::base::{Schedule, Timestamp};

/// How long a slice is.
pub const SLICE_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// How much a paced cap allows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The slice that now lies in.
    pub slice: Window,
    /// The most that is used from the day's beginning to the slice's end.
    pub most_by_end: i64,
    /// The most that is used inside the slice.
    pub most_in_slice: i64,
}

/// How much a paced cap allows at a moment; `None` when it is not paced or never open that day. Without a schedule the whole
/// day is open.
#[must_use]
pub fn pace(limit: &Limit, schedule: Option<&Schedule>, now: Timestamp) -> Option<Pace> {
    let pacing = limit.pacing?;
    let day = limit.window.at(now);
    let since = now.millis_since(day.from);
    let from = day.from.plus_millis(since - since.rem_euclid(SLICE_MS));
    let slice = Window {
        from,
        to: from.plus_millis(SLICE_MS).min(day.to),
    };
    let before = open_minutes(schedule, day.from, slice.from);
    let inside = open_minutes(schedule, slice.from, slice.to);
    let after = open_minutes(schedule, slice.to, day.to);
    let whole = before + inside + after;
    if whole == 0 {
        return None;
    }
    let share = |minutes: i64| ceiling_share(limit.max, minutes, whole);
    let even = share(inside);
    Some(Pace {
        slice,
        most_by_end: share(before + inside),
        most_in_slice: even.saturating_add(ceiling_share(
            even,
            i64::from(pacing.catch_up_percent),
            100,
        )),
    })
}

/// A part of a whole, rounded up, so that a small cap is not held back for ever.
fn ceiling_share(of: i64, part: i64, whole: i64) -> i64 {
    let product = i128::from(of) * i128::from(part);
    let whole = i128::from(whole);
    let up = product / whole + i128::from(product % whole > 0);
    i64::try_from(up).unwrap_or(i64::MAX)
}

fn open_minutes(schedule: Option<&Schedule>, from: Timestamp, to: Timestamp) -> i64 {
    let minutes = to.millis_since(from) / MINUTE_MS;
    let Some(schedule) = schedule else {
        return minutes;
    };
    let open = (0..minutes).filter(|m| schedule.is_open(from.plus_millis(m * MINUTE_MS)));
    i64::try_from(open.count()).unwrap_or(i64::MAX)
}
