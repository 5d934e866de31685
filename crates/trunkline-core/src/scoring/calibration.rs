//! From what the model says to a probability that keeps what it says.
//!
//! One slow learning rate under-shoots as long as there are few outcomes, so what it says is corrected by a logistic curve
//! (Platt, 1999) that follows the outcomes one by one, and, once there are 2,000 of them, by the rising steps that fit them
//! best (isotonic regression). Both see only what was said before the outcome was known.

use std::collections::VecDeque;

use super::verdict::Tier;
use crate::attribution::Calibration;

/// Outcomes the curve remembers: older ones fade.
const FADE: f64 = 1.0 - 1.0 / 2_000.0;
/// How firmly the curve holds on to "no correction needed": so many outcomes' worth on each of its two numbers.
const HELD: f64 = 10.0;
const SLOPE: std::ops::RangeInclusive<f64> = 0.2..=5.0;
const SHIFT: std::ops::RangeInclusive<f64> = -5.0..=5.0;
/// Logarithmic odds beyond these say nothing more.
pub(super) const LOGIT_MAX: f64 = 12.0;
/// Latest outcomes that steps and tiers come from.
pub(super) const RECENT_MAX: usize = 2_000;
/// Steps are made when there are as many.
const STEPS_FROM: usize = RECENT_MAX;
/// Steps and tiers are made anew after so many outcomes.
const ANEW: u64 = 250;
/// A tier needs so many outcomes.
const TIERS_FROM: usize = 100;
/// Outcomes that are taken together before steps are looked for; a step of few is luck.
const TOGETHER: f64 = 50.0;
/// How many outcomes' worth the curve is at each step.
const CURVE_WORTH: f64 = 10.0;

pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The curve: logarithmic odds are multiplied by `slope` and moved by `shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve {
    pub(super) slope: f64,
    pub(super) shift: f64,
    /// The curvature of the likelihood so far, row by row: what an outcome can still move.
    pub(super) curvature: [f64; 3],
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            slope: 1.0,
            shift: 0.0,
            curvature: [HELD, 0.0, HELD],
        }
    }
}

impl Curve {
    pub(super) fn of(&self, logit: f64) -> f64 {
        self.slope * logit + self.shift
    }

    /// A step of Newton's method that knows one outcome more.
    pub(super) fn learn(&mut self, logit: f64, yes: bool) {
        let q = logistic(self.of(logit));
        let spread = q * (1.0 - q);
        let added = [spread * logit * logit, spread * logit, spread];
        let held = (1.0 - FADE) * HELD;
        for ((c, new), held) in self.curvature.iter_mut().zip(added).zip([held, 0.0, held]) {
            *c = *c * FADE + new + held;
        }
        self.step(logit, f64::from(u8::from(yes)) - q);
    }

    /// What was learned as a no was a yes.
    pub(super) fn correct(&mut self, logit: f64) {
        self.step(logit, 1.0);
    }

    fn step(&mut self, logit: f64, miss: f64) {
        let [a, b, c] = self.curvature;
        let determinant = a * c - b * b;
        if determinant <= 0.0 {
            return;
        }
        let (g, h) = (miss * logit, miss);
        let slope = self.slope + (c * g - b * h) / determinant;
        let shift = self.shift + (a * h - b * g) / determinant;
        self.slope = slope.clamp(*SLOPE.start(), *SLOPE.end());
        self.shift = shift.clamp(*SHIFT.start(), *SHIFT.end());
    }

    /// From outcomes all at once.
    pub(super) fn fitted(outcomes: &[Told]) -> Self {
        let pairs: Vec<(f64, bool)> = outcomes
            .iter()
            .map(|told| (logistic(f64::from(told.logit)), told.yes))
            .collect();
        let fit = Calibration::fitted(&pairs);
        let mut curve = Self {
            slope: fit.slope().clamp(*SLOPE.start(), *SLOPE.end()),
            shift: fit.shift().clamp(*SHIFT.start(), *SHIFT.end()),
            ..Self::default()
        };
        for told in outcomes {
            let logit = f64::from(told.logit);
            let q = logistic(curve.of(logit));
            let spread = q * (1.0 - q);
            let added = [spread * logit * logit, spread * logit, spread];
            for (c, new) in curve.curvature.iter_mut().zip(added) {
                *c += new;
            }
        }
        curve
    }
}

/// What was said of an outcome before it was known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    /// Whose outcome it is.
    pub(super) key: u64,
    /// What the weights said.
    pub(super) logit: f32,
    pub(super) yes: bool,
}

/// A step of the rising curve: what the curve says there, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) said: f64,
    pub(super) came: f64,
}

/// Everything between the weights and the probability.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Calibrator {
    pub(super) curve: Curve,
    pub(super) recent: VecDeque<Told>,
    /// Outcomes so far.
    pub(super) outcomes: u64,
    pub(super) steps: Vec<Step>,
    /// The least logarithmic odds of each tier but the lowest, rising.
    pub(super) tiers: Option<[f32; Tier::ALL.len() - 1]>,
}

impl Calibrator {
    /// The probability for what the weights say.
    pub(super) fn of(&self, logit: f64) -> f64 {
        let said = logistic(self.curve.of(logit));
        along(&self.steps, said)
    }

    pub(super) fn tier(&self, logit: f64) -> Option<Tier> {
        let cuts = self.tiers?;
        let place = cuts.partition_point(|cut| f64::from(*cut) <= logit);
        Tier::ALL.get(place).copied()
    }

    #[expect(clippy::cast_possible_truncation, reason = "odds need no more digits")]
    pub(super) fn learn(&mut self, key: u64, logit: f64, yes: bool) {
        self.curve.learn(logit, yes);
        self.keep(Told {
            key,
            logit: logit as f32,
            yes,
        });
        if self.outcomes.is_multiple_of(ANEW) || self.recent.len() == TIERS_FROM {
            self.anew();
        }
    }

    /// What was learned as a no was a yes after all.
    pub(super) fn correct(&mut self, key: u64, logit: f64) {
        self.curve.correct(logit);
        if let Some(told) = self.recent.iter_mut().find(|told| told.key == key) {
            told.yes = true;
        }
    }

    /// From what was said of outcomes that were not learned from, all of which count for curve and steps.
    pub(super) fn fitted(told: &[Told]) -> Self {
        let mut calibrator = Self {
            curve: Curve::fitted(told),
            ..Self::default()
        };
        for told in told {
            calibrator.keep(*told);
        }
        calibrator.anew();
        if told.len() >= STEPS_FROM {
            calibrator.steps = steps(&calibrator.curve, told);
        }
        calibrator
    }

    /// The mean log loss of what was told, under the curve.
    pub(super) fn loss(&self, told: &[Told]) -> f64 {
        let loss = |told: &Told| {
            let logit = self.curve.of(f64::from(told.logit));
            // ln(1 + e^-x), from the side that does not overflow.
            let x = if told.yes { logit } else { -logit };
            (-x).max(0.0) + (-x.abs()).exp().ln_1p()
        };
        told.iter().map(loss).sum::<f64>() / told.len().max(1) as f64
    }

    fn keep(&mut self, told: Told) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(told);
        self.outcomes += 1;
    }

    fn anew(&mut self) {
        let mut sorted: Vec<f32> = self.recent.iter().map(|told| told.logit).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        if sorted.len() >= TIERS_FROM {
            let cut = |tier: &Tier| {
                let place = sorted.len() * usize::from(tier.above_percent()) / 100;
                sorted.get(place).copied().unwrap_or(f32::MAX)
            };
            let mut cuts = [0.0; Tier::ALL.len() - 1];
            for (to, tier) in cuts.iter_mut().zip(Tier::ALL.iter().skip(1)) {
                *to = cut(tier);
            }
            self.tiers = Some(cuts);
        }
        if self.recent.len() >= STEPS_FROM {
            self.steps = steps(&self.curve, self.recent.make_contiguous());
        }
    }
}

/// The rising steps that fit outcomes best, in their order (pool adjacent violators; Ayer et al., 1955).
fn steps(curve: &Curve, told: &[Told]) -> Vec<Step> {
    struct Pool {
        said: f64,
        came: f64,
        outcomes: f64,
    }
    impl Pool {
        fn add(&mut self, other: &Self) {
            self.said += other.said;
            self.came += other.came;
            self.outcomes += other.outcomes;
        }

        fn share(&self) -> f64 {
            self.came / self.outcomes
        }
    }
    let mut sorted: Vec<(f64, bool)> = told
        .iter()
        .map(|told| (logistic(curve.of(f64::from(told.logit))), told.yes))
        .collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut pools: Vec<Pool> = Vec::new();
    let mut parts: Vec<Pool> = Vec::new();
    // Outcomes of which the same was said stay together: no step can tell them apart.
    for same in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let more = Pool {
            said: same.iter().map(|told| told.0).sum(),
            came: same.iter().filter(|told| told.1).count() as f64,
            outcomes: same.len() as f64,
        };
        match parts.last_mut() {
            Some(part) if part.outcomes < TOGETHER => part.add(&more),
            _ => parts.push(more),
        }
    }
    for mut pool in parts {
        while let Some(before) = pools.pop() {
            if before.share() < pool.share() {
                pools.push(before);
                break;
            }
            pool.add(&before);
        }
        pools.push(pool);
    }
    // The curve has a word in each, so that a step of few outcomes is not taken for the truth; none may fall by that.
    let mut least = 0.0;
    let step = |pool: &Pool| {
        let said = pool.said / pool.outcomes;
        let came = (pool.came + CURVE_WORTH * said) / (pool.outcomes + CURVE_WORTH);
        least = came.max(least);
        Step { said, came: least }
    };
    pools.iter().map(step).collect()
}

/// Along the steps, in straight lines from the middle of each to that of the next, from 0 and to 1 beyond them.
fn along(steps: &[Step], said: f64) -> f64 {
    if steps.is_empty() {
        return said;
    }
    let place = steps.partition_point(|step| step.said <= said);
    let ends = [
        Step {
            said: 0.0,
            came: 0.0,
        },
        Step {
            said: 1.0,
            came: 1.0,
        },
    ];
    let from = place
        .checked_sub(1)
        .and_then(|p| steps.get(p))
        .unwrap_or(&ends[0]);
    let to = steps.get(place).unwrap_or(&ends[1]);
    let width = to.said - from.said;
    if width <= 0.0 {
        return to.came;
    }
    from.came + (to.came - from.came) * (said - from.said) / width
}
