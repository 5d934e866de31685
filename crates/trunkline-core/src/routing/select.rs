//! Who is asked first, and who after: priority, turns by weight, and past results.
//!
//! Turns are smooth: of weights 5, 1 and 1 the first is asked five times in seven, and never five times in a row when it
//! can be avoided. Each member has a credit; whoever may be chosen gains its weight, the one with the most is chosen and
//! pays the sum of all that gained. After as many choices as the weights add up to, every credit is where it began, so the
//! split is exact. Members that may not be chosen neither gain nor lose. What a choice does to credits is a sum of its own,
//! so two opportunities that are planned at the same time do not undo each other's turns.

use serde::{Deserialize, Serialize};

use super::document::{Decimal, Problem, Problems};
use super::text::draw;
use crate::base::words;

/// Micro-units in a weight of one, for weights by past results: a cent.
const MICROS_PER_WEIGHT: i64 = 10_000;

/// A member that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The smaller, the sooner.
    pub priority: i32,
    /// Its share within its priority.
    pub weight: u32,
    /// What it has coming from turns before.
    pub credit: i64,
    /// Its past results.
    pub performance: Performance,
}

/// What came of a member's latest offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Performance {
    /// How many there were.
    pub attempts: u32,
    /// What buyers paid for them, in micro-units.
    pub revenue: i64,
}

words! {
    /// How members of a group are put into an order.
    Method {
        /// By priority, then as they stand.
        Waterfall = "waterfall",
        /// By priority, then taking turns by weight.
        Weighted = "weighted",
        /// By priority, then taking turns.
        RoundRobin = "round_robin",
        /// By past results.
        Performance = "performance",
        /// All ring at the same time; the first who answers has it.
        Simultaneous = "simultaneous",
        /// All are asked for a bid.
        Auction = "auction",
    }
}

words! {
    /// How past results order members.
    PerformanceMode {
        /// The best first.
        Strict = "strict",
        /// By priority, then taking turns by weight times result.
        Weighted = "weighted",
    }
}

/// How past results are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerformanceRules {
    /// How they order members.
    pub mode: PerformanceMode,
    /// Members with fewer offers are new and count with [`Self::default_value`].
    #[serde(default = "attempts_min")]
    pub attempts_min: u32,
    /// How many of the latest offers count.
    #[serde(default = "attempts_wanted")]
    pub attempts_wanted: u32,
    /// What an offer to a new member is thought to bring.
    #[serde(default)]
    pub default_value: Decimal,
    /// The share of opportunities that is offered to anybody first, new members before others, in per cent.
    #[serde(default = "explore_percent")]
    pub explore_percent: u8,
}

const fn attempts_min() -> u32 {
    20
}
const fn attempts_wanted() -> u32 {
    200
}
const fn explore_percent() -> u8 {
    10
}

impl Default for PerformanceRules {
    fn default() -> Self {
        Self {
            mode: PerformanceMode::Strict,
            attempts_min: attempts_min(),
            attempts_wanted: attempts_wanted(),
            default_value: Decimal::default(),
            explore_percent: explore_percent(),
        }
    }
}

impl PerformanceRules {
    /// What an offer to a member is thought to bring, in micro-units.
    #[must_use]
    pub fn value(&self, of: Performance) -> i64 {
        if self.is_new(of) {
            return self.default_value.micros();
        }
        of.revenue / i64::from(of.attempts.max(1))
    }

    const fn is_new(&self, of: Performance) -> bool {
        of.attempts < self.attempts_min || of.attempts == 0
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if self.explore_percent > 100 {
            let message = format!("{} % is out of range; write 0 to 100", self.explore_percent);
            found.add("explore_percent", message);
        }
        if self.attempts_min > self.attempts_wanted || self.attempts_wanted == 0 {
            let message =
                "must not be below attempts_min, nor 0; write how many of the latest offers count";
            found.add("attempts_wanted", message);
        }
        if self.default_value < Decimal::default() {
            found.add("default_value", "is below 0; write 0 or more");
        }
        found.0
    }
}

/// An order of seats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// Places of seats, the first to be asked first. Those with a weight of zero beside others are not in it.
    pub seats: Vec<usize>,
    /// What turns change, one for each priority that is reached.
    pub turns: Vec<TierTurn>,
}

/// What reaching a priority does to credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierTurn {
    /// From which place of [`Order::seats`] on the priority is reached.
    pub from: usize,
    /// Places of seats with what is added to their credits.
    pub credits: Vec<(usize, i64)>,
}

/// Puts seats into an order. `chance` decides, with the group's name, whether a performance group explores.
#[must_use]
pub fn order(
    method: Method,
    rules: &PerformanceRules,
    seats: &[Seat],
    name: &str,
    chance: u64,
) -> Order {
    match (method, rules.mode) {
        (Method::Weighted, _) => in_turns(seats, |seat| i64::from(seat.weight)),
        (Method::RoundRobin, _) => in_turns(seats, |seat| i64::from(seat.weight.min(1))),
        (Method::Performance, mode) => {
            let value = |seat: &Seat| rules.value(seat.performance).max(0);
            // Nobody is left out for bad results; weights of zero stay zero.
            let weight = |seat: &Seat| {
                (value(seat) / MICROS_PER_WEIGHT)
                    .max(1)
                    .saturating_mul(i64::from(seat.weight))
            };
            let regular = match mode {
                PerformanceMode::Strict => best_first(seats, value),
                PerformanceMode::Weighted => in_turns(seats, weight),
            };
            explored(rules, seats, name, chance, regular)
        }
        (Method::Waterfall | Method::Simultaneous | Method::Auction, _) => best_first(seats, |_| 0),
    }
}

/// By value, then priority, then place.
fn best_first(seats: &[Seat], value: impl Fn(&Seat) -> i64) -> Order {
    let mut places: Vec<usize> = (0..seats.len()).collect();
    let key = |place: &usize| {
        let seat = &seats[*place];
        (std::cmp::Reverse(value(seat)), seat.priority)
    };
    places.sort_by_key(key);
    let weightless = |place: &usize| seats[*place].weight == 0;
    if places.len() > 1 {
        places.retain(|place| !weightless(place));
    }
    Order {
        seats: places,
        turns: Vec::new(),
    }
}

/// By priority; inside a priority by turns.
fn in_turns(seats: &[Seat], weight: impl Fn(&Seat) -> i64) -> Order {
    let mut places: Vec<usize> = (0..seats.len()).collect();
    places.sort_by_key(|place| seats[*place].priority);
    let mut order = Order::default();
    for tier in places.chunk_by(|a, b| seats[*a].priority == seats[*b].priority) {
        if let [only] = tier {
            order.seats.push(*only);
            continue;
        }
        let weighted = tier.iter().map(|place| (*place, weight(&seats[*place])));
        let gaining: Vec<(usize, i64)> = weighted.filter(|(_, weight)| *weight > 0).collect();
        let from = order.seats.len();
        let credits = turn(seats, &gaining, &mut order.seats);
        if !credits.is_empty() {
            order.turns.push(TierTurn { from, credits });
        }
    }
    order
}

/// One turn among members with their weights: appends them in their order, and tells what it does to credits.
fn turn(seats: &[Seat], gaining: &[(usize, i64)], to: &mut Vec<usize>) -> Vec<(usize, i64)> {
    let sum = gaining
        .iter()
        .fold(0_i64, |sum, (_, weight)| sum.saturating_add(*weight));
    let mut after: Vec<(usize, i64)> = gaining
        .iter()
        .map(|(place, weight)| (*place, seats[*place].credit.saturating_add(*weight)))
        .collect();
    // The sort is stable: of equal credits the first in the group comes first.
    after.sort_by_key(|(_, credit)| std::cmp::Reverse(*credit));
    to.extend(after.iter().map(|(place, _)| *place));
    let chosen = after.first().map(|(place, _)| *place);
    let pays = |place: usize| if Some(place) == chosen { sum } else { 0 };
    gaining
        .iter()
        .map(|(place, weight)| (*place, weight - pays(*place)))
        .collect()
}

/// Now and then somebody else comes first, so that new and recovered members can show what they bring.
fn explored(
    rules: &PerformanceRules,
    seats: &[Seat],
    name: &str,
    chance: u64,
    regular: Order,
) -> Order {
    if draw(chance, name, 100) >= u64::from(rules.explore_percent) || regular.seats.len() < 2 {
        return regular;
    }
    let new = |place: &&usize| rules.is_new(seats[**place].performance);
    let mut among: Vec<usize> = regular.seats.iter().filter(new).copied().collect();
    if among.is_empty() {
        among.clone_from(&regular.seats);
    }
    // The order of seats is that of the group, whatever results were.
    among.sort_unstable();
    let drawn = draw(chance.rotate_left(32), name, among.len() as u64);
    let first = among[usize::try_from(drawn).unwrap_or(0)];
    let rest = regular.seats.iter().filter(|place| **place != first);
    Order {
        seats: std::iter::once(first).chain(rest.copied()).collect(),
        turns: Vec::new(),
    }
}
