//! A pool: which of its numbers a session gets, and when a number may be taken from its holder.
//!
//! The rules: the same visitor keeps its number; else the number
//! that has been out of sight longest, or one of the visitor's own area that has been for long enough; never one that was visible in the last 60 s, whose call is in
//! progress, or that cools down after a call. A lease is provisional until its first beacon, so that
//! pages without the number give it back; a number that its visitor comes back for is safe for as long.

use std::collections::{BTreeSet, HashMap};

use super::network::{Network, share_of};
use super::slot::{Awaited, Slot, SlotView};
use crate::base::id::{IdMap, LeaseId, NumberId, NumberKind, SessionId, VisitorId, VisitorKind};
use crate::base::{Area, Nearness, PhoneNumber, Timestamp};

/// A lease without a beacon ends after this, and a number that is kept is safe for as long, in milliseconds.
pub const PROVISIONAL_MS: i64 = 90_000;
/// A number is never taken within this of being visible, in milliseconds.
pub const HARD_FLOOR_MS: i64 = 60_000;
/// A number is normally not taken within this of being visible, in milliseconds.
pub const SOFT_FLOOR_MS: i64 = 5 * 60_000;
/// In `strict` pools a number is locked this long after it was last visible, in milliseconds.
pub const STRICT_LOCK_MS: i64 = 30 * 60_000;
/// After a call a number stays with its session this long, for redials, in milliseconds.
pub const COOL_DOWN_MS: i64 = 15 * 60_000;

/// A number of a pool, as the pool is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolNumber {
    /// The number's id.
    pub id: NumberId,
    /// The number.
    pub number: PhoneNumber,
}

/// A number of the visitor's own area goes before others when it was out of sight for this long, in milliseconds: as
/// long as a `strict` pool waits, so that being local never makes a number change hands sooner.
pub const LOCAL_IDLE_MS: i64 = STRICT_LOCK_MS;
/// Idle numbers that are looked through for one of the visitor's area, longest out of sight first.
pub const LOCAL_LOOK_MAX: usize = 64;

/// Who holds a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The lease.
    pub lease: LeaseId,
    /// The session.
    pub session: SessionId,
    /// The visitor the session belongs to.
    pub visitor: VisitorId,
    /// The network it came from.
    pub network: Network,
    /// When the number was given.
    pub since: Timestamp,
    /// When a beacon first said that the number is on the page.
    pub confirmed_at: Option<Timestamp>,
}

/// How a number came to be picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickReason {
    /// The visitor holds it already.
    Kept,
    /// It was out of sight longest, beyond the soft floor.
    LongestIdle,
    /// It belongs to the visitor's area, and was out of sight for [`LOCAL_IDLE_MS`].
    Local,
    /// None was idle; it was taken from the holder that was silent longest, beyond the hard floor.
    SilentHolder,
}

/// A picked number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// Index of the number in the pool.
    pub slot: usize,
    /// The number.
    pub number: PoolNumber,
    /// Why it.
    pub reason: PickReason,
    /// The lease that ended by it.
    pub ended: Option<Holder>,
    /// The visitor's own lease of another number that ended by it.
    pub left: Option<Holder>,
}

/// Visitors of one network who got no number because the network holds its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnedAway {
    /// The network that was turned away last.
    pub network: Network,
    /// How often visitors were turned away, of this network and of those before it.
    pub times: u64,
    /// When it happened last.
    pub at: Timestamp,
}

/// A number is not taken within this of being visible, in milliseconds.
pub(crate) const fn floor(strict: bool) -> i64 {
    if strict {
        STRICT_LOCK_MS
    } else {
        HARD_FLOOR_MS
    }
}

/// The numbers of one pool and who holds them.
#[derive(Debug)]
pub struct Pool {
    strict: bool,
    slots: Vec<Slot>,
    /// Area of each slot's number; empty unless the numbers are of different areas.
    areas: Vec<Option<Area>>,
    by_visitor: IdMap<VisitorKind, usize>,
    by_number: IdMap<NumberKind, usize>,
    /// How many numbers each known network holds.
    by_network: HashMap<Network, usize>,
    turned_away: Option<TurnedAway>,
    /// Slots that may be taken once they are out of sight long enough, longest out of sight first.
    waiting: BTreeSet<(Timestamp, usize)>,
    /// Slots whose page has yet to tell of them, by the end of the time it has.
    awaited: BTreeSet<(Timestamp, usize)>,
    /// Slots cooling down, by the end of it.
    cooling: BTreeSet<(Timestamp, usize)>,
}

impl Pool {
    /// A pool in which no number has been shown yet.
    #[must_use]
    pub fn new(strict: bool, numbers: Vec<PoolNumber>) -> Self {
        let by_number = numbers
            .iter()
            .enumerate()
            .map(|(slot, n)| (n.id, slot))
            .collect();
        let waiting = (0..numbers.len())
            .map(|slot| (Timestamp::EPOCH, slot))
            .collect();
        let mut areas: Vec<Option<Area>> =
            numbers.iter().map(|n| Area::of_number(n.number)).collect();
        if areas.windows(2).all(|pair| pair[0] == pair[1]) {
            areas.clear();
        }
        Self {
            strict,
            slots: numbers.into_iter().map(Slot::new).collect(),
            areas,
            by_visitor: IdMap::default(),
            by_number,
            by_network: HashMap::new(),
            turned_away: None,
            waiting,
            awaited: BTreeSet::new(),
            cooling: BTreeSet::new(),
        }
    }

    /// Whether [`Pool::new`] would make a pool of the same numbers that gives them on by the same rules.
    #[must_use]
    pub fn is_made_of(&self, strict: bool, numbers: &[PoolNumber]) -> bool {
        self.strict == strict && self.slots.iter().map(|slot| &slot.number).eq(numbers)
    }

    /// Puts a known lease back, at start or when the pool's numbers changed. A later lease of the
    /// same number wins.
    pub fn restore(&mut self, number: NumberId, holder: Holder, last_visible: Timestamp) {
        let Some(&slot) = self.by_number.get(&number) else {
            return;
        };
        if self.slots[slot]
            .holder
            .is_some_and(|h| h.since >= holder.since)
        {
            return;
        }
        self.unfile(slot);
        self.release_holder(slot);
        self.set_holder(slot, holder);
        self.slots[slot].last_visible = last_visible;
        self.file(slot);
    }

    /// Carries holders, calls and cool-downs over from the pool as it was before a change.
    pub fn inherit(&mut self, before: &Self) {
        for old in &before.slots {
            let Some(&slot) = self.by_number.get(&old.number.id) else {
                continue;
            };
            self.unfile(slot);
            self.slots[slot].last_visible = old.last_visible;
            self.slots[slot].calls = old.calls;
            self.slots[slot].cooling_until = old.cooling_until;
            if let Some(holder) = old.holder {
                self.set_holder(slot, holder);
                self.slots[slot].awaited = old.awaited;
            }
            self.file(slot);
        }
        self.turned_away = before.turned_away;
    }

    /// Whether a visitor gets no number because its network holds its share of a pool that runs short. Who holds a
    /// number keeps it.
    pub fn turns_away(&mut self, visitor: VisitorId, network: Network, now: Timestamp) -> bool {
        self.expire(now);
        let held = || self.by_network.get(&network).copied().unwrap_or(0);
        if !network.is_known()
            || held() < share_of(self.slots.len())
            || self.kept_by(visitor, now).is_some()
        {
            return false;
        }
        // Now it is worth looking at every number: those out of sight count for nobody.
        let (mut own, mut free) = (0, 0);
        for slot in &self.slots {
            if slot.view().may_be_given(self.strict, now) {
                free += 1;
            } else if slot.holder.is_some_and(|h| h.network == network) {
                own += 1;
            }
        }
        let turned_away = own >= share_of(self.slots.len()) && free * 2 <= self.slots.len();
        if turned_away {
            let times = self.turned_away.map_or(0, |t| t.times) + 1;
            self.turned_away = Some(TurnedAway {
                network,
                times,
                at: now,
            });
        }
        turned_away
    }

    /// Visitors who were turned away since the start of the process, if any.
    #[must_use]
    pub const fn turned_away(&self) -> Option<TurnedAway> {
        self.turned_away
    }

    /// Picks a number for a visitor, whose area may be known; `None` when every number must stay where it is. Changes
    /// nothing until [`Pool::hold`]; leases that ended by themselves are tidied away.
    pub fn pick(&mut self, visitor: VisitorId, area: Option<Area>, now: Timestamp) -> Option<Pick> {
        self.expire(now);
        if let Some(slot) = self.kept_by(visitor, now) {
            let number = self.slots[slot].number;
            return Some(Pick {
                slot,
                number,
                reason: PickReason::Kept,
                ended: None,
                left: None,
            });
        }
        let &(last_visible, slot) = self.waiting.first()?;
        let out_of_sight = now.millis_since(last_visible);
        if out_of_sight < floor(self.strict) {
            return None;
        }
        if let Some(slot) = area.and_then(|area| self.local(area, now)) {
            return Some(self.taken(visitor, slot, PickReason::Local));
        }
        let reason = if out_of_sight < SOFT_FLOOR_MS {
            PickReason::SilentHolder
        } else {
            PickReason::LongestIdle
        };
        Some(self.taken(visitor, slot, reason))
    }

    /// A number that the visitor did not keep: its holder loses it, and the visitor leaves the one it came too late for.
    fn taken(&self, visitor: VisitorId, slot: usize, reason: PickReason) -> Pick {
        let Slot { number, holder, .. } = self.slots[slot];
        let own = self.by_visitor.get(&visitor).filter(|own| **own != slot);
        Pick {
            slot,
            number,
            reason,
            ended: holder,
            left: own.and_then(|own| self.slots[*own].holder),
        }
    }

    /// The slot that stays the visitor's: the one it holds, unless it kept that before and its page never told of it.
    fn kept_by(&self, visitor: VisitorId, now: Timestamp) -> Option<usize> {
        let &own = self.by_visitor.get(&visitor)?;
        let slot = &self.slots[own];
        (slot.awaited != Awaited::Overdue || slot.is_called(now)).then_some(own)
    }

    /// The number nearest to an area among those that were out of sight for [`LOCAL_IDLE_MS`]: of the same place, else of
    /// the same state, abroad of the same country.
    fn local(&self, area: Area, now: Timestamp) -> Option<usize> {
        let mut same_state = None;
        let idle = self
            .waiting
            .iter()
            .take_while(|(last_visible, _)| now.millis_since(*last_visible) >= LOCAL_IDLE_MS);
        for &(_, slot) in idle.take(LOCAL_LOOK_MAX) {
            let own = self.areas.get(slot).copied().flatten();
            match own.map(|own| own.nearness(area)) {
                Some(Nearness::SamePlace) => return Some(slot),
                Some(Nearness::SameState | Nearness::SameCountry) => {
                    same_state = same_state.or(Some(slot));
                }
                Some(Nearness::Elsewhere | Nearness::OtherCountry) | None => {}
            }
        }
        same_state
    }

    /// Gives a picked number to its new holder. One that is kept is awaited no longer than it was under the lease before:
    /// new sessions of a visitor that confirms nothing add nothing to its time.
    pub fn hold(&mut self, pick: &Pick, holder: Holder) {
        if let Some(left) = pick.left {
            let own = self.by_visitor.get(&left.visitor).copied();
            self.give_up(own, left.lease);
        }
        let slot = pick.slot;
        let before = self.slots[slot].awaited_until();
        self.unfile(slot);
        self.release_holder(slot);
        self.set_holder(slot, holder);
        if let Some(until) = before.filter(|_| pick.reason == PickReason::Kept) {
            self.slots[slot].awaited = Awaited::Until(until);
        }
        self.file(slot);
    }

    /// The visitor of a lease is answered with the number it has seen before: until its page can have told of it, the
    /// number is as safe as one that was just given. Only a sight makes it so once more.
    pub fn keep(&mut self, number: NumberId, lease: LeaseId, now: Timestamp) {
        let Some(&slot) = self.by_number.get(&number) else {
            return;
        };
        let s = &self.slots[slot];
        let holds = s.is_confirmed() && s.holder.is_some_and(|h| h.lease == lease);
        if holds && s.awaited == Awaited::Nothing {
            self.unfile(slot);
            self.slots[slot].awaited = Awaited::Until(now.plus_millis(PROVISIONAL_MS));
            self.file(slot);
        }
    }

    /// The lease `visitor` holds.
    #[must_use]
    pub fn held_by(&self, visitor: VisitorId) -> Option<(PoolNumber, Holder)> {
        let slot = &self.slots[*self.by_visitor.get(&visitor)?];
        slot.holder.map(|holder| (slot.number, holder))
    }

    /// A beacon said that the number of `lease` is visible. `false`: the lease no longer holds it.
    pub fn seen(
        &mut self,
        number: NumberId,
        lease: LeaseId,
        confirms: bool,
        now: Timestamp,
    ) -> bool {
        let Some(&slot) = self.by_number.get(&number) else {
            return false;
        };
        let Some(mut holder) = self.slots[slot].holder.filter(|h| h.lease == lease) else {
            return false;
        };
        if holder.confirmed_at.is_none() && !confirms {
            return true;
        }
        self.unfile(slot);
        holder.confirmed_at.get_or_insert(now);
        self.slots[slot].holder = Some(holder);
        self.slots[slot].awaited = Awaited::Nothing;
        self.slots[slot].last_visible = self.slots[slot].last_visible.max(now);
        self.file(slot);
        true
    }

    /// Takes a lease back that could not be recorded; the number is as idle as before.
    pub fn release(&mut self, number: NumberId, lease: LeaseId) {
        let slot = self.by_number.get(&number).copied();
        self.give_up(slot, lease);
    }

    fn give_up(&mut self, slot: Option<usize>, lease: LeaseId) {
        let holds = |slot: &usize| self.slots[*slot].holder.is_some_and(|h| h.lease == lease);
        if let Some(slot) = slot.filter(holds) {
            self.unfile(slot);
            self.release_holder(slot);
            self.file(slot);
        }
    }

    /// One number with its holder.
    #[must_use]
    pub fn slot(&self, number: NumberId) -> Option<SlotView> {
        self.by_number
            .get(&number)
            .map(|&slot| self.slots[slot].view())
    }

    /// A call on the number started: it is not given on until the call ends.
    pub fn call_started(&mut self, number: NumberId) {
        if let Some(&slot) = self.by_number.get(&number) {
            self.unfile(slot);
            self.slots[slot].calls += 1;
            self.file(slot);
        }
    }

    /// A call on the number ended: the number stays where it is for [`COOL_DOWN_MS`].
    pub fn call_ended(&mut self, number: NumberId, now: Timestamp) {
        if let Some(&slot) = self.by_number.get(&number) {
            self.unfile(slot);
            self.slots[slot].calls = self.slots[slot].calls.saturating_sub(1);
            self.slots[slot].cooling_until = now.plus_millis(COOL_DOWN_MS);
            self.file(slot);
        }
    }

    /// A call on the number was turned away by screening: it was nobody's who saw the number, so nothing cools down.
    pub fn call_blocked(&mut self, number: NumberId) {
        if let Some(&slot) = self.by_number.get(&number) {
            self.unfile(slot);
            self.slots[slot].calls = self.slots[slot].calls.saturating_sub(1);
            self.file(slot);
        }
    }

    /// Puts the cool-down of a call back that ended before the start; one that is over already ends with
    /// the next pick.
    pub fn restore_cool_down(&mut self, number: NumberId, ended_at: Timestamp) {
        if let Some(&slot) = self.by_number.get(&number) {
            self.unfile(slot);
            let until = ended_at.plus_millis(COOL_DOWN_MS);
            self.slots[slot].cooling_until = self.slots[slot].cooling_until.max(until);
            self.file(slot);
        }
    }

    /// Every number with its holder, in the order the pool was made.
    pub fn slots(&self) -> impl Iterator<Item = SlotView> {
        self.slots.iter().map(Slot::view)
    }

    /// Ends cool-downs, provisional leases and the waiting for kept numbers whose time is over.
    fn expire(&mut self, now: Timestamp) {
        while let Some(&(until, slot)) = self.cooling.first() {
            if until > now {
                break;
            }
            self.unfile(slot);
            self.slots[slot].cooling_until = Timestamp::EPOCH;
            self.file(slot);
        }
        while let Some(&(until, slot)) = self.awaited.first() {
            if until > now {
                break;
            }
            self.unfile(slot);
            if self.slots[slot].is_confirmed() {
                self.slots[slot].awaited = Awaited::Overdue;
            } else {
                self.release_holder(slot);
            }
            self.file(slot);
        }
    }

    fn set_holder(&mut self, slot: usize, holder: Holder) {
        self.slots[slot].holder = Some(holder);
        self.slots[slot].awaited = if holder.confirmed_at.is_some() {
            Awaited::Nothing
        } else {
            Awaited::Until(holder.since.plus_millis(PROVISIONAL_MS))
        };
        self.by_visitor.insert(holder.visitor, slot);
        if holder.network.is_known() {
            *self.by_network.entry(holder.network).or_default() += 1;
        }
    }

    fn release_holder(&mut self, slot: usize) {
        self.slots[slot].awaited = Awaited::Nothing;
        if let Some(holder) = self.slots[slot].holder.take() {
            if let Some(held) = self.by_network.get_mut(&holder.network) {
                *held -= 1;
                if *held == 0 {
                    self.by_network.remove(&holder.network);
                }
            }
            // The visitor may hold another number by now.
            if self.by_visitor.get(&holder.visitor) == Some(&slot) {
                self.by_visitor.remove(&holder.visitor);
            }
        }
    }

    /// Puts a slot into the one set that says when it may be taken; in none while a call is up.
    fn file(&mut self, slot: usize) {
        let s = &self.slots[slot];
        if s.calls > 0 {
            return;
        }
        if s.cooling_until > Timestamp::EPOCH {
            self.cooling.insert((s.cooling_until, slot));
        } else if let Some(until) = s.awaited_until() {
            self.awaited.insert((until, slot));
        } else {
            self.waiting.insert((s.last_visible, slot));
        }
    }

    fn unfile(&mut self, slot: usize) {
        let s = &self.slots[slot];
        self.cooling.remove(&(s.cooling_until, slot));
        if let Some(until) = s.awaited_until() {
            self.awaited.remove(&(until, slot));
        }
        self.waiting.remove(&(s.last_visible, slot));
    }
}
