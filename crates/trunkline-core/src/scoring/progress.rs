//! Whether the scores keep what they say, from what was said before each outcome was known: the log loss of each day, the
//! table of tenths, an alarm when the world changes, and who of two models may go on.
//!
//! A pure function of stored outcomes, so that a late yes counts as what it is.

use crate::attribution::{ReliabilityBin, reliability};
use crate::base::{Timestamp, Zone};

/// Probabilities are kept this far from 0 and 1 where their logarithm is taken.
const EDGE: f64 = 1e-6;
/// Rows of the table.
const TENTHS: usize = 10;
/// Days that a day is compared with.
const DAYS_BEFORE: usize = 14;
/// A day, and the days before together, with fewer outcomes say nothing.
const DAY_OUTCOMES_MIN: usize = 50;
const BEFORE_OUTCOMES_MIN: usize = 200;
/// So many standard errors above the days before are a jump,
const ERRORS: f64 = 3.0;
/// when they are at least this much, too.
const JUMP_MIN: f64 = 0.02;
/// Fewer outcomes do not let a challenger win,
const CHALLENGE_MIN: usize = 500;
/// nor does a difference below so many standard errors.
const CHALLENGE_ERRORS: f64 = 2.0;

/// What was said of an outcome, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// When it was scored.
    pub at: Timestamp,
    /// The probability that was said then.
    pub probability: f64,
    /// Whether the goal was reached.
    pub yes: bool,
}

impl Said {
    /// What the outcome cost in surprise, in natural logarithms; 0.69 for whoever says one half.
    #[must_use]
    pub fn loss(&self) -> f64 {
        let p = self.probability.clamp(EDGE, 1.0 - EDGE);
        -(if self.yes { p } else { 1.0 - p }).ln()
    }
}

/// A day of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// The date in the account's zone, as `2026-07-01`.
    pub date: String,
    /// Outcomes that are known.
    pub outcomes: usize,
    /// How many of them were a yes.
    pub yes: usize,
    /// The mean of what was said.
    pub said: f64,
    /// The mean log loss.
    pub loss: f64,
    /// The standard deviation of the losses.
    pub spread: f64,
}

/// The days of outcomes, which come in the order of time.
#[must_use]
pub fn days(outcomes: &[Said], zone: &Zone) -> Vec<Day> {
    // A date is looked up once for those that follow each other within it.
    let mut days: Vec<(Timestamp, Vec<Said>)> = Vec::new();
    for said in outcomes {
        let start = zone.start_of_day(said.at);
        match days.last_mut() {
            Some((day, all)) if *day == start => all.push(*said),
            _ => days.push((start, vec![*said])),
        }
    }
    let day = |(start, all): &(Timestamp, Vec<Said>)| {
        let count = all.len() as f64;
        let (loss, spread) = mean_and_spread(all.iter().map(Said::loss));
        Day {
            date: zone.day(*start),
            outcomes: all.len(),
            yes: all.iter().filter(|said| said.yes).count(),
            said: all.iter().map(|said| said.probability).sum::<f64>() / count,
            loss,
            spread,
        }
    };
    days.iter().map(day).collect()
}

/// The table of tenths: of outcomes in ten parts of equal number by what was said of them, lowest first, what was said and what
/// came.
#[must_use]
pub fn tenths(outcomes: &[Said]) -> Vec<ReliabilityBin> {
    let pairs: Vec<(f64, bool)> = outcomes.iter().map(|s| (s.probability, s.yes)).collect();
    reliability(&pairs, TENTHS)
}

/// The world has changed: the last day surprised more than the days before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The day.
    pub date: String,
    /// Its mean log loss.
    pub loss: f64,
    /// That of the 14 days before.
    pub before: f64,
    /// By how many standard errors it is above.
    pub errors: f64,
}

/// Whether the last day is a jump against the 14 before it; `None` when it is none, or when there are too few outcomes to tell.
#[must_use]
pub fn drift(days: &[Day]) -> Option<Drift> {
    let (last, earlier) = days.split_last()?;
    let before = &earlier[earlier.len().saturating_sub(DAYS_BEFORE)..];
    let outcomes: usize = before.iter().map(|day| day.outcomes).sum();
    if last.outcomes < DAY_OUTCOMES_MIN || outcomes < BEFORE_OUTCOMES_MIN {
        return None;
    }
    let weighed = |of: fn(&Day) -> f64| {
        let sum: f64 = before.iter().map(|day| of(day) * day.outcomes as f64).sum();
        sum / outcomes as f64
    };
    let mean = weighed(|day| day.loss);
    let variance = weighed(|day| day.spread * day.spread + day.loss * day.loss) - mean * mean;
    let error = variance.max(0.0) * (1.0 / last.outcomes as f64 + 1.0 / outcomes as f64);
    let jump = last.loss - mean;
    if jump < JUMP_MIN || jump * jump <= ERRORS * ERRORS * error {
        return None;
    }
    Some(Drift {
        date: last.date.clone(),
        loss: last.loss,
        before: mean,
        errors: jump / error.sqrt().max(f64::MIN_POSITIVE),
    })
}

/// What the champion and a challenger said of the same outcome before it was known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The model in force.
    pub champion: f64,
    /// The one that wants its place.
    pub challenger: f64,
    /// Whether the goal was reached.
    pub yes: bool,
}

/// Whether the challenger has won: over the latest outcomes, 500 at least, its log loss is lower by more than luck.
#[must_use]
pub fn wins(pairs: &[Pair]) -> bool {
    let loss = |probability, yes| {
        let at = Timestamp::EPOCH;
        Said {
            at,
            probability,
            yes,
        }
        .loss()
    };
    let gains = pairs
        .iter()
        .map(|pair| loss(pair.champion, pair.yes) - loss(pair.challenger, pair.yes));
    let (gain, spread) = mean_and_spread(gains);
    let error = spread / (pairs.len().max(1) as f64).sqrt();
    pairs.len() >= CHALLENGE_MIN && gain > 0.0 && gain > CHALLENGE_ERRORS * error
}

fn mean_and_spread(all: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = all.clone().count().max(1) as f64;
    let mean = all.clone().sum::<f64>() / count;
    let squares: f64 = all.map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / count).sqrt())
}
