//! Whether there is room for one more: under every cap that is about an opportunity, and among calls at the same time.

use super::super::facts::Facts;
use super::{CapUnit, Limit};
use crate::base::id::{CapId, CapKind, IdMap};

/// What is used and reserved of one cap, in its unit: calls or leads, or micro-units of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapUse {
    /// Used in the window.
    pub used: i64,
    /// Reserved and not yet used or released.
    pub reserved: i64,
    /// The same for the hour, where the cap is spread over the day.
    pub slice: Option<SliceUse>,
}

/// What is used and reserved in the slice of a paced cap, and what [`Pace`](super::Pace) allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceUse {
    /// Used and reserved in the slice.
    pub taken: i64,
    /// The most in the slice.
    pub most_in_slice: i64,
    /// The most from the day's beginning to the slice's end.
    pub most_by_end: i64,
}

/// What one more opportunity adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adds {
    /// The most that the buyer may come to pay, in micro-units.
    pub revenue: i64,
    /// The most that the publisher may come to be paid, in micro-units.
    pub payout: i64,
}

impl Adds {
    /// In the unit of a cap.
    #[must_use]
    pub const fn of(self, unit: CapUnit) -> i64 {
        match unit {
            CapUnit::Offered | CapUnit::Connected | CapUnit::Billable => 1,
            CapUnit::Revenue => self.revenue,
            CapUnit::Payout => self.payout,
        }
    }
}

/// The cap that stops an opportunity, with the numbers that were compared: `used + reserved + adds > max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom {
    /// The cap.
    pub cap: CapId,
    /// What it counts.
    pub counts: CapUnit,
    /// Used already.
    pub used: i64,
    /// Reserved already.
    pub reserved: i64,
    /// What it would add.
    pub adds: i64,
    /// The most.
    pub max: i64,
    /// Whether the day's maximum is not reached, only what the hour may take.
    pub paced: bool,
}

/// Whether one more fits under every cap that is about an opportunity. A cap without a use is unused.
///
/// # Errors
/// The first cap that stops it.
pub fn room(
    limits: &[Limit],
    facts: &Facts<'_>,
    uses: &IdMap<CapKind, CapUse>,
    adds: Adds,
) -> Result<(), NoRoom> {
    for limit in limits {
        if limit.when.as_ref().is_some_and(|when| !when.passes(facts)) {
            continue;
        }
        one(
            limit,
            uses.get(&limit.id).copied().unwrap_or_default(),
            adds,
        )?;
        room(&limit.within, facts, uses, adds)?;
    }
    Ok(())
}

fn one(limit: &Limit, usage: CapUse, adds: Adds) -> Result<(), NoRoom> {
    let add = adds.of(limit.counts);
    let CapUse {
        used,
        reserved,
        slice,
    } = usage;
    let taken = used.saturating_add(reserved);
    let stopped = |used, reserved, max, paced| {
        Err(NoRoom {
            cap: limit.id,
            counts: limit.counts,
            used,
            reserved,
            adds: add,
            max,
            paced,
        })
    };
    if taken.saturating_add(add) > limit.max {
        return stopped(used, reserved, limit.max, false);
    }
    let Some(slice) = slice else {
        return Ok(());
    };
    if taken.saturating_add(add) > slice.most_by_end {
        return stopped(used, reserved, slice.most_by_end, true);
    }
    if slice.taken.saturating_add(add) > slice.most_in_slice {
        return stopped(slice.taken, 0, slice.most_in_slice, true);
    }
    Ok(())
}

/// Calls at the same time: those that ring or talk, and bids that were given and not called yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Live {
    /// Legs that are being dialled, ring or talk.
    pub legs: u32,
    /// Reservations that have not expired.
    pub reserved: u32,
}

/// How many calls at the same time there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Places {
    /// The most.
    pub max: u32,
    /// How much of a place a reservation takes, in per cent: many bids are never called.
    pub reservation_percent: u8,
}

impl Places {
    /// Whether one more fits.
    #[must_use]
    pub const fn fit(self, live: Live) -> bool {
        let percent = if self.reservation_percent > 100 {
            100
        } else {
            self.reservation_percent
        };
        let taken = live.legs as u64 * 100 + live.reserved as u64 * percent as u64;
        taken + 100 <= self.max as u64 * 100
    }
}
