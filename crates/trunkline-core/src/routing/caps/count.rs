//! Where one more is counted: the slots of a cap that a reservation raises, and the most in each.
//!
//! A calendar window is one slot, which is exact. A paced day is the day and its hour. A rolling span is cut into sixty
//! slices, and every slice that reaches into it counts whole: at no moment is more taken in the span than the most, and
//! what was taken counts a sixtieth of the span too long at worst.

use super::super::facts::Facts;
use super::super::trace::Owner;
use super::{Adds, CapUnit, CapUse, Limit, NoRoom, Pace, SliceUse, Window, pace};
use crate::base::id::{CapId, CapKind, FeedId, IdMap};
use crate::base::{Schedule, Timestamp};

/// Into how many slices a rolling span is cut.
pub const ROLLING_SLICES: i64 = 60;

/// One number that is counted: a cap, for one feed or for all, in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The cap.
    pub cap: CapId,
    /// The feed, where each is counted by itself.
    pub feed: Option<FeedId>,
    /// What is counted in it.
    pub window: Window,
    /// When it counts no more: the end of the window, or for a slice the moment it has left the rolling span.
    pub counts_until: Timestamp,
}

impl Slot {
    /// How long the rolling span is that the slot is a slice of; 0 for a window of the calendar.
    #[must_use]
    pub const fn span_ms(&self) -> i64 {
        self.counts_until.millis_since(self.window.to)
    }
}

/// How a cap counts at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// In one window of the calendar.
    Calendar(Window),
    /// In a day of the calendar, and in an hour of it.
    Paced {
        /// The day.
        day: Window,
        /// The hour, and what both may hold.
        pace: Pace,
    },
    /// In slices of a span that ends now.
    Rolling {
        /// The slice that now lies in.
        slice: Window,
        /// How long the span is.
        span_ms: i64,
    },
}

/// What a reservation takes of one cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapTake {
    /// Whose cap it is; `None`: the feed's.
    pub of: Option<Owner>,
    /// The cap.
    pub cap: CapId,
    /// The feed, where each is counted by itself.
    pub feed: Option<FeedId>,
    /// What it counts.
    pub counts: CapUnit,
    /// What is taken, in its unit; more than 0.
    pub adds: i64,
    /// The most.
    pub max: i64,
    /// Where it is counted.
    pub counting: Counting,
}

/// What is taken of one slot, if afterwards no more than the most is taken of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotTake {
    /// The slot.
    pub slot: Slot,
    /// What is taken.
    pub adds: i64,
    /// The most: of the slot, or of every slice of a rolling span together.
    pub most: i64,
}

/// What is taken of one slot already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotUse {
    /// The slot.
    pub slot: Slot,
    /// Used.
    pub used: i64,
    /// Reserved and not yet used or released.
    pub reserved: i64,
}

/// What is taken of every slot of an account, by its cap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted(IdMap<CapKind, Vec<SlotUse>>);

impl FromIterator<SlotUse> for Counted {
    fn from_iter<T: IntoIterator<Item = SlotUse>>(uses: T) -> Self {
        let mut counted = Self::default();
        for one in uses {
            counted.0.entry(one.slot.cap).or_default().push(one);
        }
        counted
    }
}

impl Counted {
    /// What is taken of a cap.
    #[must_use]
    pub fn of(&self, cap: CapId) -> &[SlotUse] {
        self.0.get(&cap).map_or(&[], Vec::as_slice)
    }

    /// What is used of caps and of those inside them, for an opportunity of a feed. `schedule` is that of their owner.
    pub fn uses(
        &self,
        limits: &[Limit],
        feed: FeedId,
        schedule: Option<&Schedule>,
        now: Timestamp,
        to: &mut IdMap<CapKind, CapUse>,
    ) {
        for limit in limits {
            limit.each(&mut |limit| {
                let counted = self.of(limit.id);
                if !counted.is_empty() || limit.pacing.is_some() {
                    to.insert(limit.id, limit.used(feed, schedule, now, counted));
                }
            });
        }
    }
}

impl Limit {
    /// How the cap counts at a moment. `schedule` is that of its owner; it matters to paced caps.
    #[must_use]
    pub fn counting(&self, schedule: Option<&Schedule>, now: Timestamp) -> Counting {
        if let Some(span_ms) = self.window.rolling_ms() {
            let slice_ms = span_ms / ROLLING_SLICES;
            let from = now.plus_millis(-now.as_millis().rem_euclid(slice_ms));
            let to = from.plus_millis(slice_ms);
            let slice = Window { from, to };
            return Counting::Rolling { slice, span_ms };
        }
        let day = self.window.at(now);
        pace(self, schedule, now).map_or(Counting::Calendar(day), |pace| Counting::Paced {
            day,
            pace,
        })
    }

    /// What is used of it for an opportunity of a feed, from all that is counted.
    #[must_use]
    pub fn used(
        &self,
        feed: FeedId,
        schedule: Option<&Schedule>,
        now: Timestamp,
        counted: &[SlotUse],
    ) -> CapUse {
        let take = CapTake {
            of: None,
            cap: self.id,
            feed: self.per_feed.then_some(feed),
            counts: self.counts,
            adds: 0,
            max: self.max,
            counting: self.counting(schedule, now),
        };
        take.used(now, counted)
    }
}

impl CapTake {
    /// The slots that are raised, with the most in each.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotTake> {
        let slot = |window: Window, counts_until| Slot {
            cap: self.cap,
            feed: self.feed,
            window,
            counts_until,
        };
        let take = |slot, most| SlotTake {
            slot,
            adds: self.adds,
            most,
        };
        match self.counting {
            Counting::Calendar(window) => vec![take(slot(window, window.to), self.max)],
            Counting::Paced { day, pace } => vec![
                take(slot(day, day.to), self.max.min(pace.most_by_end)),
                take(slot(pace.slice, pace.slice.to), pace.most_in_slice),
            ],
            Counting::Rolling { slice, span_ms } => {
                vec![take(slot(slice, slice.to.plus_millis(span_ms)), self.max)]
            }
        }
    }

    /// What is used of the cap, from all that is counted.
    #[must_use]
    pub fn used(&self, now: Timestamp, counted: &[SlotUse]) -> CapUse {
        let own = |use_: &&SlotUse| (use_.slot.cap, use_.slot.feed) == (self.cap, self.feed);
        let in_window = |window: Window| {
            let own = counted.iter().filter(own);
            sum(own.filter(move |use_| use_.slot.window == window && use_.slot.span_ms() == 0))
        };
        match self.counting {
            Counting::Calendar(window) => in_window(window),
            Counting::Paced { day, pace } => {
                let slice = in_window(pace.slice);
                CapUse {
                    slice: Some(SliceUse {
                        taken: slice.used.saturating_add(slice.reserved),
                        most_in_slice: pace.most_in_slice,
                        most_by_end: pace.most_by_end,
                    }),
                    ..in_window(day)
                }
            }
            Counting::Rolling { span_ms, .. } => {
                let own = counted.iter().filter(own);
                let counts = |use_: &&SlotUse| {
                    use_.slot.counts_until > now && use_.slot.span_ms() == span_ms
                };
                sum(own.filter(counts))
            }
        }
    }

    /// The numbers that keep it from being taken; `None` when it fits.
    #[must_use]
    pub fn no_room(&self, now: Timestamp, counted: &[SlotUse]) -> Option<NoRoom> {
        let CapUse {
            used,
            reserved,
            slice,
        } = self.used(now, counted);
        let taken = used.saturating_add(reserved).saturating_add(self.adds);
        let stopped = |used, reserved, max, paced| NoRoom {
            cap: self.cap,
            counts: self.counts,
            used,
            reserved,
            adds: self.adds,
            max,
            paced,
        };
        if taken > self.max {
            return Some(stopped(used, reserved, self.max, false));
        }
        let slice = slice?;
        if taken > slice.most_by_end {
            return Some(stopped(used, reserved, slice.most_by_end, true));
        }
        let in_slice = slice.taken.saturating_add(self.adds);
        (in_slice > slice.most_in_slice).then(|| stopped(slice.taken, 0, slice.most_in_slice, true))
    }
}

fn sum<'a>(uses: impl Iterator<Item = &'a SlotUse>) -> CapUse {
    uses.fold(CapUse::default(), |sum, one| CapUse {
        used: sum.used.saturating_add(one.used),
        reserved: sum.reserved.saturating_add(one.reserved),
        slice: None,
    })
}

/// What an opportunity takes of caps: of those that are about it, and of those inside them. Money that is not there takes
/// nothing.
#[must_use]
pub fn takes(
    limits: &[Limit],
    of: Option<Owner>,
    facts: &Facts<'_>,
    feed: FeedId,
    adds: Adds,
    schedule: Option<&Schedule>,
    now: Timestamp,
) -> Vec<CapTake> {
    let mut found = Vec::new();
    for limit in limits {
        if limit.when.as_ref().is_some_and(|when| !when.passes(facts)) {
            continue;
        }
        let add = adds.of(limit.counts);
        if add > 0 {
            found.push(CapTake {
                of,
                cap: limit.id,
                feed: limit.per_feed.then_some(feed),
                counts: limit.counts,
                adds: add,
                max: limit.max,
                counting: limit.counting(schedule, now),
            });
        }
        found.extend(takes(&limit.within, of, facts, feed, adds, schedule, now));
    }
    found
}
