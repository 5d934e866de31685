//! What came of the calls under a policy, as figures.

use trunkline_core::attribution::{calibration_error, reliability};

/// Bins of the calibration error.
pub const BINS: usize = 15;

/// One call: the truth and what was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The visit it came from; `None`: of no visit.
    pub truth: Option<usize>,
    /// The visit it was credited to.
    pub credited: Option<usize>,
    /// The probability of what was said, where the policy tells one.
    pub probability: Option<f64>,
    /// Whether the caller tapped.
    pub tapped: bool,
    /// Whether it came on the common number for those who found no other.
    pub overflow: bool,
}

impl Outcome {
    /// Whether what was said is the truth. A call on the common number never counts as right.
    #[must_use]
    pub fn right(&self) -> bool {
        !self.overflow && self.truth == self.credited
    }
}

/// The calls of one replay, or of several together.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// Numbers of the pool.
    pub numbers: usize,
    calls: Vec<Outcome>,
}

impl Outcomes {
    pub(super) fn new(numbers: usize) -> Self {
        Self {
            numbers,
            calls: Vec::new(),
        }
    }

    /// Adds calls.
    pub fn extend(&mut self, calls: impl IntoIterator<Item = Outcome>) {
        self.calls.extend(calls);
    }

    /// The calls.
    #[must_use]
    pub fn calls(&self) -> &[Outcome] {
        &self.calls
    }

    fn share(&self, of: impl Fn(&Outcome) -> bool, which: impl Fn(&Outcome) -> bool) -> f64 {
        let all = self.calls.iter().filter(|c| of(c)).count();
        let some = self.calls.iter().filter(|c| of(c) && which(c)).count();
        some as f64 / all.max(1) as f64
    }

    /// Share of the calls of visits that were credited to their visit; overflow counts as wrong.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.share(|c| c.truth.is_some(), Outcome::right)
    }

    /// The same, of the calls with or without a tap.
    #[must_use]
    pub fn accuracy_tapped(&self, tapped: bool) -> f64 {
        self.share(|c| c.truth.is_some() && c.tapped == tapped, Outcome::right)
    }

    /// Share of all calls that were credited to a visit they did not come from.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        self.share(|_| true, |c| c.credited.is_some() && !c.right())
    }

    /// Share of the calls of visits that were credited to nobody, overflow included.
    #[must_use]
    pub fn unknown(&self) -> f64 {
        self.share(|c| c.truth.is_some(), |c| c.credited.is_none())
    }

    /// Share of the calls of visits that came on the common number.
    #[must_use]
    pub fn overflow(&self) -> f64 {
        self.share(|c| c.truth.is_some(), |c| c.overflow)
    }

    /// What was said with which probability, and whether it was right.
    #[must_use]
    pub fn rated(&self) -> Vec<(f64, bool)> {
        let rated = |c: &Outcome| c.probability.map(|p| (p, c.right()));
        self.calls.iter().filter_map(rated).collect()
    }

    /// The calibration error in [`BINS`] bins of equal mass; `None` for policies that tell no probability.
    #[must_use]
    pub fn calibration_error(&self) -> Option<f64> {
        let rated = self.rated();
        (!rated.is_empty()).then(|| calibration_error(&reliability(&rated, BINS)))
    }
}
