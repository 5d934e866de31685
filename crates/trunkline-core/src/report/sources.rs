//! Calls per source as expected values: which source made a call is known with a probability, so a source has
//! an expected number of calls and an interval, besides the calls that were credited to it.
//!
//! The number of calls of a source is a sum of independent yes-or-no trials with different chances (a Poisson
//! binomial distribution): its mean is the sum of the chances `p`, its variance the sum of `p (1 - p)`.

use std::collections::BTreeMap;

use crate::base::Timestamp;

/// Seconds a call is connected before it is qualified, unless the account says otherwise.
pub const QUALIFIED_SECONDS: u32 = 90;
/// Most seconds an account may ask for.
pub const QUALIFIED_SECONDS_MAX: u32 = 7_200;

/// When a call became qualified: the moment it had been connected for so many seconds; `None`: it never was.
#[must_use]
pub fn qualified_at(
    answered_at: Option<Timestamp>,
    talk_ms: i64,
    qualified_seconds: u32,
) -> Option<Timestamp> {
    let needed_ms = i64::from(qualified_seconds) * 1_000;
    answered_at
        .filter(|_| talk_ms >= needed_ms)
        .map(|at| at.plus_millis(needed_ms))
}

/// How many standard deviations to either side hold 95 % of a normal distribution.
const DEVIATIONS_95: f64 = 1.96;

/// A call as it is counted. `K` names a source.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedCall<K> {
    /// The chance of each source that it made the call; they sum to 1, each source once.
    pub chances: Vec<(K, f64)>,
    /// The source it was credited to.
    pub credited: K,
    /// Whether somebody answered.
    pub answered: bool,
    /// Whether it counts as qualified, see [`qualified_at`].
    pub qualified: bool,
    /// Time connected, in milliseconds.
    pub talk_ms: i64,
}

/// The figures of one source, or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SourceFigures {
    /// Expected calls.
    pub expected: f64,
    /// Variance of the calls.
    pub variance: f64,
    /// Calls credited to it.
    pub credited: u64,
    /// Of those, how many were answered.
    pub answered: u64,
    /// Of those, how many were qualified.
    pub qualified: u64,
    /// Time those were connected, in milliseconds.
    pub talk_ms: i64,
}

impl SourceFigures {
    /// The interval that holds the calls of the source with 95 %, never below none nor above `calls`.
    #[must_use]
    pub fn interval(&self, calls: u64) -> (f64, f64) {
        let half = DEVIATIONS_95 * self.variance.max(0.0).sqrt();
        let all = calls as f64;
        (
            (self.expected - half).clamp(0.0, all),
            (self.expected + half).clamp(0.0, all),
        )
    }
}

/// Figures per source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceTable<K> {
    /// Every source that has a chance of a call, or a credit.
    pub sources: BTreeMap<K, SourceFigures>,
    /// Calls counted.
    pub calls: u64,
}

impl<K> Default for SourceTable<K> {
    fn default() -> Self {
        Self {
            sources: BTreeMap::new(),
            calls: 0,
        }
    }
}

impl<K: Ord> SourceTable<K> {
    /// Counts a call.
    pub fn count(&mut self, call: CountedCall<K>) {
        self.calls += 1;
        for (source, chance) in call.chances {
            let figures = self.sources.entry(source).or_default();
            figures.expected += chance;
            figures.variance += chance * (1.0 - chance);
        }
        let figures = self.sources.entry(call.credited).or_default();
        figures.credited += 1;
        figures.answered += u64::from(call.answered);
        figures.qualified += u64::from(call.qualified);
        figures.talk_ms += call.talk_ms;
    }

    /// All sources together. Every call has one source, so its expected value is the number of calls and has no
    /// variance.
    #[must_use]
    pub fn total(&self) -> SourceFigures {
        let mut total = SourceFigures::default();
        for figures in self.sources.values() {
            total.expected += figures.expected;
            total.credited += figures.credited;
            total.answered += figures.answered;
            total.qualified += figures.qualified;
            total.talk_ms += figures.talk_ms;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(chances: &[(&'static str, f64)], credited: &'static str) -> CountedCall<&'static str> {
        CountedCall {
            chances: chances.to_vec(),
            credited,
            answered: true,
            qualified: credited == "ads",
            talk_ms: 60_000,
        }
    }

    #[test]
    fn expected_calls_credits_and_totals_add_up() {
        let mut table = SourceTable::default();
        table.count(call(&[("ads", 0.9), ("organic", 0.1)], "ads"));
        table.count(call(&[("ads", 0.5), ("organic", 0.5)], "organic"));
        table.count(call(&[("print", 1.0)], "print"));
        let total = table.total();
        assert!((total.expected - 3.0).abs() < 1e-12);
        assert_eq!(
            (total.credited, total.answered, total.talk_ms),
            (3, 3, 180_000)
        );
        let ads = table.sources["ads"];
        assert!((ads.expected - 1.4).abs() < 1e-12 && (ads.variance - 0.34).abs() < 1e-12);
        assert_eq!(ads.credited, 1);
        assert_eq!((total.qualified, ads.qualified), (1, 1));
    }

    #[test]
    fn a_call_is_qualified_once_it_was_connected_for_long_enough() {
        let at = Timestamp::from_millis(1_000_000);
        for (answered, talk_ms, expected) in [
            (Some(at), 89_999, None),
            (Some(at), 90_000, Some(at.plus_millis(90_000))),
            (Some(at), 600_000, Some(at.plus_millis(90_000))),
            (None, 600_000, None),
        ] {
            assert_eq!(qualified_at(answered, talk_ms, 90), expected, "{talk_ms}");
        }
    }

    #[test]
    fn what_is_certain_has_no_interval_and_no_interval_leaves_what_is_possible() {
        let mut table = SourceTable::default();
        table.count(call(&[("print", 1.0)], "print"));
        assert_eq!(table.sources["print"].interval(1), (1.0, 1.0));
        table.count(call(&[("ads", 0.5), ("organic", 0.5)], "ads"));
        assert_eq!(table.sources["ads"].interval(2), (0.0, 0.5 + 1.96 * 0.5));
    }

    /// The exact distribution of a few calls against the interval's mean and variance.
    #[test]
    fn mean_and_variance_are_those_of_the_exact_distribution() {
        let chances = [0.1, 0.25, 0.5, 0.8, 0.95];
        let mut table = SourceTable::default();
        let mut exact = vec![1.0];
        for p in chances {
            table.count(call(&[("ads", p), ("other", 1.0 - p)], "ads"));
            let mut next = vec![0.0; exact.len() + 1];
            for (calls, share) in exact.iter().enumerate() {
                next[calls] += share * (1.0 - p);
                next[calls + 1] += share * p;
            }
            exact = next;
        }
        let mean: f64 = exact.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
        let square: f64 = exact
            .iter()
            .enumerate()
            .map(|(n, p)| (n * n) as f64 * p)
            .sum();
        let ads = table.sources["ads"];
        assert!((ads.expected - mean).abs() < 1e-12);
        assert!((ads.variance - (square - mean * mean)).abs() < 1e-12);
    }
}
