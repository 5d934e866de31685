//! One number of a pool: who holds it, when it was seen, and whether it may be given on.

use super::pool::{Holder, PoolNumber, SOFT_FLOOR_MS, STRICT_LOCK_MS, floor};
use crate::base::{Timestamp, words};

/// What a slot looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotView {
    /// The number.
    pub number: PoolNumber,
    /// Its holder, also after the holder went silent, until the number is given on.
    pub holder: Option<Holder>,
    /// When it was last visible; [`Timestamp::EPOCH`]: never.
    pub last_visible: Timestamp,
    /// Until when it waits for the page it was given to, or kept for.
    pub awaited_until: Option<Timestamp>,
    /// Calls in progress on it.
    pub calls: u32,
    /// Until when it cools down after a call.
    pub cooling_until: Timestamp,
}

words! {
    /// What a number of a pool does now.
    SlotUse {
        /// A call on it is in progress.
        InCall = "in_call",
        /// It is kept for a redial after a call.
        Cooling = "cooling",
        /// It was given, or its visitor came back for it, and the page has not told of it yet.
        Provisional = "provisional",
        /// Its holder sees it, or has not been silent long enough for it to move on normally.
        Held = "held",
        /// It was out of sight long enough, or was never shown.
        Idle = "idle",
    }
}

impl SlotView {
    /// What the number does now, in a pool of this strictness.
    #[must_use]
    pub fn use_now(&self, strict: bool, now: Timestamp) -> SlotUse {
        let out_of_sight = now.millis_since(self.last_visible);
        let moves_on = if strict {
            STRICT_LOCK_MS
        } else {
            SOFT_FLOOR_MS
        };
        if self.calls > 0 {
            SlotUse::InCall
        } else if self.cooling_until > now {
            SlotUse::Cooling
        } else if self.is_provisional(now) {
            SlotUse::Provisional
        } else if out_of_sight < floor(strict) || (self.is_confirmed() && out_of_sight < moves_on) {
            SlotUse::Held
        } else if self.is_awaited(now) {
            SlotUse::Provisional
        } else {
            SlotUse::Idle
        }
    }

    /// Whether a visitor who holds none could get the number now, as [`Pool::pick`] decides: idle, or
    /// with a holder who is silent beyond the floor of the pool.
    #[must_use]
    pub fn may_be_given(&self, strict: bool, now: Timestamp) -> bool {
        self.calls == 0
            && self.cooling_until <= now
            && !self.is_awaited(now)
            && now.millis_since(self.last_visible) >= floor(strict)
    }

    fn is_confirmed(&self) -> bool {
        self.holder.is_some_and(|h| h.confirmed_at.is_some())
    }

    fn is_provisional(&self, now: Timestamp) -> bool {
        !self.is_confirmed() && self.is_awaited(now)
    }

    fn is_awaited(&self, now: Timestamp) -> bool {
        self.awaited_until.is_some_and(|until| until > now)
    }
}

/// Whether a page has yet to tell that it shows the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// No: it told, or nobody was given the number.
    Nothing,
    /// Yes, and until then the number is safe: it was just given, or its holder came back and keeps it.
    Until(Timestamp),
    /// It kept the number and did not tell in time. Asking again does not make the number safe again.
    Overdue,
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) number: PoolNumber,
    pub(super) holder: Option<Holder>,
    pub(super) last_visible: Timestamp,
    pub(super) awaited: Awaited,
    pub(super) calls: u32,
    pub(super) cooling_until: Timestamp,
}

impl Slot {
    /// A number that nobody has seen yet.
    pub(super) const fn new(number: PoolNumber) -> Self {
        Self {
            number,
            holder: None,
            last_visible: Timestamp::EPOCH,
            awaited: Awaited::Nothing,
            calls: 0,
            cooling_until: Timestamp::EPOCH,
        }
    }

    pub(super) fn view(&self) -> SlotView {
        SlotView {
            number: self.number,
            holder: self.holder,
            last_visible: self.last_visible,
            awaited_until: self.awaited_until(),
            calls: self.calls,
            cooling_until: self.cooling_until,
        }
    }

    pub(super) const fn awaited_until(&self) -> Option<Timestamp> {
        match self.awaited {
            Awaited::Until(until) => Some(until),
            Awaited::Nothing | Awaited::Overdue => None,
        }
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.holder.is_some_and(|h| h.confirmed_at.is_some())
    }

    /// Whether the number goes to nobody else in any case: a call is on it, or was just now.
    pub(super) fn is_called(&self, now: Timestamp) -> bool {
        self.calls > 0 || self.cooling_until > now
    }
}
