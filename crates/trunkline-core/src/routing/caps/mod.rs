//! Caps: how much may be offered, connected, sold or spent in a window of time.
//!
//! A [`Cap`] is the document; a [`Limit`] is a cap made ready. Counting is not done here: the engine fetches what is used
//! and reserved for a cap's window, [`room`] only compares, and the transaction that reserves decides in the end.
//! Pings never count.

mod count;
mod pacing;
mod room;
mod window;

pub use count::{CapTake, Counted, Counting, ROLLING_SLICES, Slot, SlotTake, SlotUse, takes};
pub use pacing::{Pace, SLICE_MS, pace};
pub use room::{Adds, CapUse, Live, NoRoom, Places, SliceUse, room};
pub use window::{CapWindow, Period, Window};

use serde::{Deserialize, Serialize};

use super::document::{Decimal, Problem, Problems, below, id_text};
use super::filter::{Filter, Sieve};
use super::lists::Shelf;
use crate::base::id::{CapId, FeedId};
use crate::base::{Timestamp, words};

/// Most caps of one thing, nested ones included.
pub const CAPS_MAX: usize = 100;
/// Deepest nesting of caps.
pub const CAP_DEPTH_MAX: usize = 4;
/// Largest maximum: a thousand million.
const MAX_MAX: i64 = 1_000_000_000;
/// Longest name, in characters.
const NAME_MAX: usize = 60;
/// Most per cent by which a paced cap may catch up in an hour.
const CATCH_UP_PERCENT_MAX: u32 = 1_000;

words! {
    /// What a cap counts.
    CapUnit {
        /// Every offer that is made: a dial or a post.
        Offered = "offered",
        /// Calls that somebody took, and leads that were accepted.
        Connected = "connected",
        /// Those that the buyer pays for.
        Billable = "billable",
        /// What buyers pay.
        Revenue = "revenue",
        /// What publishers are paid.
        Payout = "payout",
    }
}

impl CapUnit {
    /// Whether it counts money and not calls or leads.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Revenue | Self::Payout)
    }
}

/// A cap, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Names its counter; two caps never share one.
    #[serde(with = "id_text")]
    pub id: CapId,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it counts.
    #[serde(default = "billable")]
    pub counts: CapUnit,
    /// The most in a window: a whole number, or an amount for revenue and payout.
    pub max: Decimal,
    /// In which span of time.
    pub window: CapWindow,
    /// Whether each feed is counted by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_feed: bool,
    /// What it is about; everything when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Filter>,
    /// Spreads a day's maximum over the hours that are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Pacing>,
    /// Caps inside it; they are asked when this one is about an opportunity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
}

/// How a day's maximum is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pacing {
    /// How much more than its even share one hour may take to catch up, in per cent of the share.
    #[serde(default)]
    pub catch_up_percent: u32,
}

const fn billable() -> CapUnit {
    CapUnit::Billable
}

/// A cap made ready.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Names its counter.
    pub id: CapId,
    /// What it counts.
    pub counts: CapUnit,
    /// The most: a number of calls or leads, or micro-units of money.
    pub max: i64,
    /// In which span of time.
    pub window: CapWindow,
    /// Whether each feed is counted by itself.
    pub per_feed: bool,
    /// How a day is spread.
    pub pacing: Option<Pacing>,
    when: Option<Sieve>,
    within: Box<[Limit]>,
}

/// Names one count of one cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    /// The cap.
    pub cap: CapId,
    /// The feed, where each is counted by itself.
    pub feed: Option<FeedId>,
    /// What is counted.
    pub window: Window,
}

impl Limit {
    /// The count that an opportunity of a feed belongs to.
    #[must_use]
    pub fn counter(&self, feed: FeedId, now: Timestamp) -> Counter {
        Counter {
            cap: self.id,
            feed: self.per_feed.then_some(feed),
            window: self.window.at(now),
        }
    }

    /// This cap and those inside it.
    pub fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        self.within.iter().for_each(|limit| limit.each(see));
    }
}

impl Cap {
    /// Everything that keeps the cap from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        self.check(shelf, 1, &mut found);
        found.0
    }

    fn check(&self, shelf: &Shelf, depth: usize, found: &mut Problems) {
        if depth > CAP_DEPTH_MAX {
            let message = format!("caps are nested deeper than {CAP_DEPTH_MAX}; use fewer levels");
            found.add("", message);
            return;
        }
        if self.name.chars().count() > NAME_MAX {
            found.add(
                "name",
                format!("is too long; at most {NAME_MAX} characters"),
            );
        }
        let whole = self.max.whole().is_some() || self.counts.is_money();
        if self.max < Decimal::default() || self.max.micros() / 1_000_000 > MAX_MAX || !whole {
            let kind = if self.counts.is_money() {
                "an amount"
            } else {
                "a whole number"
            };
            let message = format!(
                "{} is no maximum; write {kind} from 0 to {MAX_MAX}",
                self.max
            );
            found.add("max", message);
        }
        found.within("window", self.window.problems());
        if let Some(pacing) = self.pacing {
            if self.window.period != Period::Day || self.window.rolling {
                let message = "spreads a calendar day; use it with the period day, not rolling";
                found.add("pacing", message);
            }
            if pacing.catch_up_percent > CATCH_UP_PERCENT_MAX {
                let percent = pacing.catch_up_percent;
                let message =
                    format!("catches up by {percent} %; write 0 to {CATCH_UP_PERCENT_MAX}");
                found.add("pacing", message);
            }
        }
        if let Some(when) = &self.when {
            found.within("when", when.problems(shelf));
        }
        for (index, cap) in self.caps.iter().enumerate() {
            let mut inside = Problems::default();
            cap.check(shelf, depth + 1, &mut inside);
            found.within(&format!("caps[{index}]"), inside.0);
        }
    }

    /// Makes the cap ready.
    ///
    /// # Errors
    /// With its problems, when it has any.
    pub fn compile(&self, shelf: &Shelf) -> Result<Limit, Vec<Problem>> {
        let problems = self.problems(shelf);
        if !problems.is_empty() {
            return Err(problems);
        }
        let when = self
            .when
            .as_ref()
            .map(|when| when.compile(shelf))
            .transpose()?;
        let within: Result<Vec<_>, _> = self.caps.iter().map(|cap| cap.compile(shelf)).collect();
        let max = if self.counts.is_money() {
            self.max.micros()
        } else {
            self.max.whole().unwrap_or_default()
        };
        Ok(Limit {
            id: self.id,
            counts: self.counts,
            max,
            window: self.window.clone(),
            per_feed: self.per_feed,
            pacing: self.pacing,
            when,
            within: within?.into(),
        })
    }

    fn ids(&self, to: &mut Vec<CapId>) {
        to.push(self.id);
        self.caps.iter().for_each(|cap| cap.ids(to));
    }
}

/// The ids of caps, nested ones included.
pub(super) fn ids_of<'a>(caps: impl IntoIterator<Item = &'a Cap>) -> Vec<CapId> {
    let mut ids = Vec::new();
    caps.into_iter().for_each(|cap| cap.ids(&mut ids));
    ids
}

/// What is wrong with all caps of one thing, each by itself and together.
pub(super) fn problems_of_all(caps: &[Cap], shelf: &Shelf) -> Vec<Problem> {
    let mut found = Problems::default();
    let mut ids = ids_of(caps);
    for (index, cap) in caps.iter().enumerate() {
        found.within(&format!("caps[{index}]"), cap.problems(shelf));
    }
    if ids.len() > CAPS_MAX {
        let message = format!("has {} caps; at most {CAPS_MAX}", ids.len());
        found.add(&below("", "caps"), message);
    }
    ids.sort_unstable();
    if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("`{}` is the id of two caps; give each its own", twice[0]);
        found.add("caps", message);
    }
    found.0
}
