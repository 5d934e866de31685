//! Policies side by side over several sites of one shape, and the search for the smallest pool that is as
//! right as another.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::figures::Outcomes;
use super::history::{Chosen, DAY_MS, History};
use super::policy::{Policy, replay};
use super::shape::Shape;

/// Several sites of a shape with the same settings, each with its own people and its own model.
pub struct Sites {
    histories: Vec<History>,
    /// Calls before this day are for learning only.
    from_day: i64,
    /// What was measured already: a run is the same each time.
    known: Mutex<BTreeMap<(Policy, usize), f64>>,
}

impl Sites {
    /// Draws them. The first half of the days is for learning.
    #[must_use]
    pub fn draw(shape: &Shape, chosen: Chosen, count: u64) -> Self {
        let site = |index| {
            let seed = chosen.seed.wrapping_mul(1_000_003).wrapping_add(index);
            History::draw(shape, Chosen { seed, ..chosen })
        };
        Self {
            histories: (0..count).map(site).collect(),
            from_day: chosen.days / 2,
            known: Mutex::default(),
        }
    }

    /// Visits on a mean day of one site.
    #[must_use]
    pub fn visits_per_day(&self) -> f64 {
        let visits: usize = self.histories.iter().map(History::visits).sum();
        let days: i64 = self.histories.iter().map(|h| h.days).sum();
        visits as f64 / (days.max(1)) as f64
    }

    /// The numbers a rule of so many daily visitors for each gives, at least 1.
    #[must_use]
    pub fn numbers_at(&self, visitors_per_number: f64) -> usize {
        ((self.visits_per_day() / visitors_per_number).round() as usize).max(1)
    }

    /// All sites under a policy, one number of numbers each.
    #[must_use]
    pub fn run(&self, policy: Policy, numbers: usize) -> Outcomes {
        let mut all = Outcomes::new(numbers);
        for history in &self.histories {
            let one = replay(history, policy, numbers, self.from_day);
            all.extend(one.calls().iter().copied());
        }
        self.remembered().insert((policy, numbers), all.accuracy());
        all
    }

    fn remembered(&self) -> MutexGuard<'_, BTreeMap<(Policy, usize), f64>> {
        // Only whole entries are ever put in.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accuracy(&self, policy: Policy, numbers: usize) -> f64 {
        let known = self.remembered().get(&(policy, numbers)).copied();
        known.unwrap_or_else(|| self.run(policy, numbers).accuracy())
    }

    /// The fewest numbers with which a policy is right at least as often as `accuracy`, by bisection; `None`
    /// when `most` numbers are not enough.
    #[must_use]
    pub fn fewest(&self, policy: Policy, accuracy: f64, most: usize) -> Option<usize> {
        let enough = |numbers| self.accuracy(policy, numbers) >= accuracy;
        if !enough(most) {
            return None;
        }
        let (mut too_few, mut fits) = (0, most);
        while fits - too_few > 1 {
            let middle = usize::midpoint(too_few, fits);
            if enough(middle) {
                fits = middle;
            } else {
                too_few = middle;
            }
        }
        Some(fits)
    }

    /// Peak load: how many visitors see a number at once at most, as the mean over the busiest hours of the
    /// days of one site.
    #[must_use]
    pub fn at_once(&self) -> f64 {
        let peaks: Vec<f64> = self.histories.iter().flat_map(peaks).collect();
        peaks.iter().sum::<f64>() / peaks.len().max(1) as f64
    }
}

/// The most visible numbers at once on each day.
fn peaks(history: &History) -> Vec<f64> {
    let mut changes: Vec<(i64, i32)> = Vec::new();
    for (from, to) in history.visits.iter().filter_map(|v| v.view) {
        changes.push((from, 1));
        changes.push((to, -1));
    }
    changes.sort_unstable();
    let mut peaks = vec![0.0_f64; usize::try_from(history.days).unwrap_or(0)];
    let mut now = 0;
    for (at, change) in changes {
        now += change;
        if let Some(peak) = peaks.get_mut((at / DAY_MS) as usize) {
            *peak = peak.max(f64::from(now));
        }
    }
    peaks
}
