//! The advisor: replays a site's own visits over pools of several sizes and says how often a call would have been
//! credited to the visit it came from, so that a size is chosen by what it brings and not by how often numbers
//! are re-used.
//!
//! Which visits call, and how long they wait, is drawn from the model's delay curve by a seed; every size meets the
//! same calls. Callers are strangers without an area, so what is known about returning callers comes on top.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::facts::{CallFacts, Known, NumberHistory, PageKind, Showing};
use super::model::Model;
use super::signals::ON_SCREEN_MS;
use crate::assignment::pool::floor;
use crate::assignment::{Holder, Network, Pool, PoolNumber};
use crate::base::id::{LeaseId, NumberId, SessionId, VisitorId};
use crate::base::{PhoneNumber, Timestamp};
use crate::visitor::Device;

/// Most visits that are replayed; of more the latest.
pub const VISITS_MAX: usize = 20_000;
/// Calls that are drawn.
const CALLS: usize = 600;
/// Larger sizes are tried until at most this share of the visitors find no number.
pub const OVERFLOW_MAX: f64 = 0.01;
/// Twice the numbers are worth their price when they credit at least this share of the calls better, or give a number to
/// this share of the visitors who had none. Less is within what one busy hour of the month does.
pub const GAIN_MIN: f64 = 0.02;
/// A page that is looked at tells so this often, in milliseconds.
const BEAT_MS: i64 = 20_000;
/// Longest wait of a drawn call, in milliseconds: what comes later is told by memory, not by a pool.
const DELAY_MAX_MS: f64 = 3.0 * 86_400_000.0;
/// Showings of a number that are weighed for a call, as for a real one.
const SHOWINGS_MAX: usize = 200;

/// A visit as the replay needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolVisit {
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// Its device.
    pub device: Device,
    /// When it began.
    pub from: Timestamp,
    /// When it was last seen.
    pub until: Timestamp,
    /// The page it landed on.
    pub page: PageKind,
}

/// How a pool of one size would have done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeOutcome {
    /// Numbers of the pool.
    pub numbers: u32,
    /// Share of the visits that found no number.
    pub overflow: f64,
    /// Share of the calls that were credited to the visit they came from. A call of a visit without a number
    /// counts as not.
    pub right: f64,
    /// Share of the calls that were credited to another visit.
    pub wrong: f64,
}

/// What a site's traffic asks of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Visits that were looked at.
    pub visits: u32,
    /// Visits in the busiest hour of a day, the mean over the days with visits.
    pub busiest_hour: f64,
    /// Minutes a visit holds a number, with the floor after its last sight.
    pub held_minutes: f64,
    /// The load in the busiest hour, in erlangs.
    pub load: f64,
    /// The outcome of every size that was tried, smallest first.
    pub sizes: Vec<SizeOutcome>,
    /// The smallest size that is large enough: twice as many numbers would hardly be right more often, and hardly more
    /// visitors would find one. `None` when nothing was tried.
    pub knee: Option<u32>,
}

/// What visits ask of a pool in their busiest hours.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Demand {
    /// Visits in the busiest hour of a day, the mean over the days with visits.
    pub busiest_hour: f64,
    /// Minutes a visit holds a number.
    pub held_minutes: f64,
}

const HOUR_MS: i64 = 3_600_000;

/// Measures what visits ask for of a pool of this strictness.
#[must_use]
pub fn demand(visits: &[PoolVisit], strict: bool) -> Demand {
    if visits.is_empty() {
        return Demand::default();
    }
    let mut hours: BTreeMap<i64, u32> = BTreeMap::new();
    let mut held_ms = 0.0;
    for visit in visits {
        *hours.entry(visit.from.as_millis() / HOUR_MS).or_default() += 1;
        let seen = visit.until.millis_since(visit.from).max(0);
        held_ms += (seen + floor(strict)) as f64;
    }
    let mut days: BTreeMap<i64, u32> = BTreeMap::new();
    for (hour, count) in hours {
        let busiest = days.entry(hour / 24).or_default();
        *busiest = count.max(*busiest);
    }
    let busiest: f64 = days.values().map(|n| f64::from(*n)).sum();
    Demand {
        busiest_hour: busiest / days.len() as f64,
        held_minutes: held_ms / visits.len() as f64 / 60_000.0,
    }
}

/// Replays visits (in the order of their beginning) over pools of these sizes.
#[must_use]
pub fn advise(
    model: &Model,
    visits: &[PoolVisit],
    sizes: &[u32],
    strict: bool,
    seed: u64,
) -> Advice {
    let visits = &visits[visits.len().saturating_sub(VISITS_MAX)..];
    let Demand {
        busiest_hour,
        held_minutes,
    } = demand(visits, strict);
    let calls = draw_calls(model, visits, seed);
    let sizes: Vec<SizeOutcome> = sizes
        .iter()
        .map(|size| Replay::new(model, visits, *size, strict).run(&calls))
        .collect();
    Advice {
        visits: u32::try_from(visits.len()).unwrap_or(u32::MAX),
        busiest_hour,
        held_minutes,
        load: crate::assignment::sizing::offered_load(busiest_hour, held_minutes),
        knee: knee(&sizes),
        sizes,
    }
}

/// The smallest size from which on no doubling brings [`GAIN_MIN`]. One that brings nothing below one that does is no
/// knee: where bursts take any few numbers, the curve is flat before it rises.
fn knee(sizes: &[SizeOutcome]) -> Option<u32> {
    let content = |s: &&SizeOutcome| {
        let larger = sizes.iter().filter(|t| t.numbers > s.numbers);
        let doubled = larger.filter(|t| t.numbers <= s.numbers.saturating_mul(2));
        let gained = doubled.map(|t| (t.right - s.right).max(s.overflow - t.overflow));
        gained.fold(0.0, f64::max) < GAIN_MIN
    };
    let enough = sizes.iter().rev().take_while(content);
    enough.last().map(|s| s.numbers)
}

/// A drawn call: who calls when, by the index of the visit.
#[derive(Debug, Clone, Copy)]
struct DrawnCall {
    visit: usize,
    at: Timestamp,
}

/// Numbers in `[0, 1)`, as many as wanted, from a seed (SplitMix64; Steele, Lea, Flood, 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Every visit is as likely to call as another; when it does follows the delay curve of its device.
fn draw_calls(model: &Model, visits: &[PoolVisit], seed: u64) -> Vec<DrawnCall> {
    if visits.is_empty() {
        return Vec::new();
    }
    let mut draws = Draws(seed);
    let mut calls: Vec<DrawnCall> = (0..CALLS)
        .map(|_| {
            let visit = ((draws.next() * visits.len() as f64) as usize).min(visits.len() - 1);
            let past = &visits[visit];
            let seen_ms = past.until.millis_since(past.from).max(0) as f64;
            let curve = model.delay_curve(past.device);
            let after = delay_ms(&curve, seen_ms, draws.next(), draws.next());
            DrawnCall {
                visit,
                at: past.from.plus_millis(after as i64),
            }
        })
        .collect();
    calls.sort_by_key(|c| (c.at, c.visit));
    calls
}

/// Milliseconds from the beginning of a visit to its call. While the number is on the screen a call is equally
/// likely at any time; afterwards the curve says how many times as likely.
fn delay_ms(curve: &[(i64, f64)], seen_ms: f64, which: f64, where_in: f64) -> f64 {
    let on_screen = seen_ms + ON_SCREEN_MS as f64;
    let step = |index: usize| {
        let (from, times) = curve[index];
        let to = curve
            .get(index + 1)
            .map_or(DELAY_MAX_MS, |next| next.0 as f64);
        ((from as f64).min(DELAY_MAX_MS), to.min(DELAY_MAX_MS), times)
    };
    let masses = (0..curve.len()).map(|i| {
        let (from, to, times) = step(i);
        times * (to - from)
    });
    let mut left = which * (on_screen + masses.sum::<f64>());
    if left < on_screen {
        return left;
    }
    left -= on_screen;
    for index in 0..curve.len() {
        let (from, to, times) = step(index);
        let mass = times * (to - from);
        if left < mass || index + 1 == curve.len() {
            return seen_ms + from + (to - from) * where_in;
        }
        left -= mass;
    }
    on_screen
}

/// One pool over one past.
struct Replay<'a> {
    model: &'a Model,
    visits: &'a [PoolVisit],
    pool: Pool,
    numbers: u32,
    /// The number each visit was given.
    given: Vec<Option<NumberId>>,
    /// Who was shown a number, in the order of time; last sights are filled in as they come.
    shown: BTreeMap<NumberId, Vec<(usize, Showing)>>,
    /// When a visit is next heard of.
    beats: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

impl<'a> Replay<'a> {
    fn new(model: &'a Model, visits: &'a [PoolVisit], numbers: u32, strict: bool) -> Self {
        // What the numbers are does not matter here, only that they differ.
        let number = |n: u32| PoolNumber {
            id: NumberId::from_raw(i64::from(n) + 1),
            number: PhoneNumber::from_digits(12_000_000_000 + u64::from(n)),
        };
        Self {
            model,
            visits,
            pool: Pool::new(strict, (0..numbers).map(number).collect()),
            numbers,
            given: vec![None; visits.len()],
            shown: BTreeMap::new(),
            beats: BinaryHeap::new(),
        }
    }

    fn run(mut self, calls: &[DrawnCall]) -> SizeOutcome {
        let (mut right, mut wrong, mut overflow) = (0_u32, 0_u32, 0_u32);
        let mut calls = calls.iter().peekable();
        for index in 0..=self.visits.len() {
            let until = self.visits.get(index).map(|v| v.from);
            while let Some(call) = calls.next_if(|c| until.is_none_or(|until| c.at < until)) {
                self.beat_until(call.at);
                match self.credited(call) {
                    Some(true) => right += 1,
                    Some(false) => wrong += 1,
                    None => {}
                }
            }
            if let Some(until) = until {
                self.beat_until(until);
                overflow += u32::from(!self.arrive(index));
            }
        }
        let share = |n: u32, of: usize| f64::from(n) / of.max(1) as f64;
        SizeOutcome {
            numbers: self.numbers,
            overflow: share(overflow, self.visits.len()),
            right: share(right, CALLS),
            wrong: share(wrong, CALLS),
        }
    }

    /// Gives a visit a number; false when there is none.
    fn arrive(&mut self, index: usize) -> bool {
        let visit = self.visits[index];
        let Some(pick) = self.pool.pick(visit.visitor, None, visit.from) else {
            return false;
        };
        let holder = Holder {
            lease: lease_of(index),
            session: visit.session,
            visitor: visit.visitor,
            network: Network::UNKNOWN,
            since: visit.from,
            confirmed_at: Some(visit.from),
        };
        self.pool.hold(&pick, holder);
        self.pool
            .seen(pick.number.id, holder.lease, true, visit.from);
        self.given[index] = Some(pick.number.id);
        let shown = self.shown.entry(pick.number.id).or_default();
        shown.push((
            index,
            Showing {
                session: visit.session,
                visitor: visit.visitor,
                first_visible: visit.from,
                last_visible: visit.from,
                confirmed: true,
                device: visit.device,
                area: None,
                page: visit.page,
            },
        ));
        self.beats
            .push(Reverse((self.next_beat(index, visit.from), index)));
        true
    }

    fn next_beat(&self, index: usize, now: Timestamp) -> Timestamp {
        self.visits[index].until.min(now.plus_millis(BEAT_MS))
    }

    /// Lets every visit that is looked at say so, up to a time.
    fn beat_until(&mut self, now: Timestamp) {
        while let Some(&Reverse((at, index))) = self.beats.peek()
            && at <= now
        {
            self.beats.pop();
            let Some(number) = self.given[index] else {
                continue;
            };
            // A number that was taken from the visit is no longer shown to it.
            if !self.pool.seen(number, lease_of(index), false, at) {
                continue;
            }
            let shown = self.shown.get_mut(&number);
            let own = shown.and_then(|all| all.iter_mut().rev().find(|(visit, _)| *visit == index));
            if let Some((_, showing)) = own {
                showing.last_visible = showing.last_visible.max(at);
            }
            if at < self.visits[index].until {
                self.beats.push(Reverse((self.next_beat(index, at), index)));
            }
        }
    }

    /// Whether a call is credited to the visit it came from; `None`: to nobody.
    fn credited(&self, call: &DrawnCall) -> Option<bool> {
        let number = self.given[call.visit]?;
        let all = self.shown.get(&number)?;
        let latest = all.iter().rev().take(SHOWINGS_MAX);
        let showings: Vec<Showing> = latest.map(|(_, showing)| *showing).collect();
        let credit = self.model.attribute(&Known {
            call: CallFacts {
                at: call.at,
                caller: None,
                number: NumberHistory::default(),
            },
            showings: &showings,
            taps: &[],
            earlier: None,
            form: None,
        });
        let credited = credit.credited()?.session?;
        Some(credited == self.visits[call.visit].session)
    }
}

fn lease_of(visit: usize) -> LeaseId {
    LeaseId::from_raw(i64::try_from(visit).unwrap_or(i64::MAX - 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::sizing::erlang_b;

    /// Visits of `minutes` each, so many an hour at random times, for `hours`.
    fn traffic(an_hour: f64, minutes: i64, hours: f64, seed: u64) -> Vec<PoolVisit> {
        let mut draws = Draws(seed);
        let mut at = 1_000_000_000_000.0;
        let end = at + hours * HOUR_MS as f64;
        let mut visits = Vec::new();
        while at < end {
            at -= (1.0 - draws.next()).ln() * HOUR_MS as f64 / an_hour;
            let id = i64::try_from(visits.len()).unwrap() + 1;
            let from = Timestamp::from_millis(at as i64);
            visits.push(PoolVisit {
                session: SessionId::from_raw(id),
                visitor: VisitorId::from_raw(id),
                device: Device::Desktop,
                from,
                until: from.plus_millis(minutes * 60_000),
                page: PageKind::Other,
            });
        }
        visits
    }

    #[test]
    fn more_numbers_are_never_much_worse_and_few_leave_people_without() {
        let visits = traffic(60.0, 3, 72.0, 7);
        let advice = advise(&Model::default(), &visits, &[1, 2, 4, 8, 16, 32], false, 1);
        for pair in advice.sizes.windows(2) {
            assert!(pair[1].overflow <= pair[0].overflow, "{pair:?}");
            assert!(pair[1].right >= pair[0].right - 0.01, "{pair:?}");
        }
        let (first, last) = (advice.sizes[0], advice.sizes[5]);
        assert!(first.overflow > 0.5, "{first:?}");
        assert!(last.overflow < f64::EPSILON, "{last:?}");
        assert!(last.right > first.right + 0.3, "{advice:#?}");
        let knee = advice.knee.unwrap();
        assert!((4..=32).contains(&knee), "{advice:#?}");
    }

    fn tried(sizes: &[(u32, f64, f64)]) -> Vec<SizeOutcome> {
        let size = |(numbers, right, overflow): &(u32, f64, f64)| SizeOutcome {
            numbers: *numbers,
            overflow: *overflow,
            right: *right,
            wrong: 0.0,
        };
        sizes.iter().map(size).collect()
    }

    #[test]
    fn enough_is_where_twice_the_numbers_are_not_worth_their_price() {
        for (name, sizes, expected) in [
            (
                "two busy hours of a month are no reason to pay for twice the numbers",
                vec![
                    (4, 0.44, 0.15),
                    (30, 0.60, 0.085),
                    (60, 0.63, 0.014),
                    (120, 0.64, 0.0),
                ],
                Some(60),
            ),
            (
                "visitors without a number are, also where the calls are as right",
                vec![(8, 0.70, 0.06), (16, 0.71, 0.01), (32, 0.715, 0.0)],
                Some(16),
            ),
            (
                "a flat beginning is no knee",
                vec![
                    (1, 0.02, 0.95),
                    (2, 0.03, 0.94),
                    (4, 0.20, 0.60),
                    (8, 0.80, 0.01),
                    (16, 0.81, 0.0),
                ],
                Some(8),
            ),
            (
                "the largest that was tried, when each was worth it",
                vec![(2, 0.1, 0.8), (4, 0.3, 0.5)],
                Some(4),
            ),
            ("nothing was tried", vec![], None),
        ] {
            assert_eq!(knee(&tried(&sizes)), expected, "{name}");
        }
    }

    #[test]
    fn a_locked_pool_turns_away_what_the_erlang_formula_says() {
        // Each visit is seen for a minute and locks its number for half an hour after it: 31 minutes.
        let visits = traffic(20.0, 1, 800.0, 3);
        let load = 20.0 * 31.0 / 60.0;
        for numbers in [6, 10, 14] {
            let advice = advise(&Model::default(), &visits, &[numbers], true, 1);
            let (got, expected) = (advice.sizes[0].overflow, erlang_b(load, numbers));
            assert!(
                (got - expected).abs() < 0.02,
                "{numbers}: {got} for {expected}"
            );
        }
    }

    #[test]
    fn the_same_visits_and_seed_give_the_same_advice() {
        let visits = traffic(40.0, 2, 48.0, 11);
        let model = Model::default();
        let advice = |seed| advise(&model, &visits, &[3, 6], false, seed);
        assert_eq!(advice(5), advice(5));
        assert_ne!(advice(5).sizes, advice(6).sizes);
    }

    #[test]
    fn demand_is_the_mean_of_the_busiest_hours() {
        let visits = traffic(50.0, 4, 240.0, 9);
        let demand = demand(&visits, false);
        // The busiest of 24 hours with 50 each is well above the mean.
        assert!((60.0..80.0).contains(&demand.busiest_hour), "{demand:?}");
        assert!((demand.held_minutes - 5.0).abs() < 0.001, "{demand:?}");
    }

    #[test]
    fn without_visits_there_is_no_advice() {
        let advice = advise(&Model::default(), &[], &[4], false, 1);
        assert_eq!((advice.visits, advice.load), (0, 0.0));
        assert_eq!(advice.sizes[0].right, 0.0);
    }
}
