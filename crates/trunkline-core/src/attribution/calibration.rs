//! Whether probabilities keep what they say: of calls rated 90 %, nine in ten are to be right.
//!
//! [`Calibration`] corrects the likeliest candidate (Platt, "Probabilistic outputs for support vector
//! machines", 1999); the others share the rest as before. [`reliability`] is the check, in bins of equal mass.

use serde::{Deserialize, Serialize};

/// How firmly the correction holds on to "none needed": so many outcomes' worth on each of its two numbers.
const PRIOR: f64 = 10.0;
/// Steps of Newton's method; it has long converged by then.
const ROUNDS: usize = 25;
/// How often a step that went too far is halved.
const HALVINGS: usize = 12;
/// Probabilities are kept this far from 0 and 1 where their logarithm is taken.
const EDGE: f64 = 1e-6;

/// The correction: logarithmic odds are multiplied by `slope` and moved by `shift`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    slope: f64,
    shift: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            slope: 1.0,
            shift: 0.0,
        }
    }
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(EDGE, 1.0 - EDGE);
    (p / (1.0 - p)).ln()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Calibration {
    /// From outcomes: the probability of the likeliest candidate, and whether it was right.
    #[must_use]
    pub fn fitted(outcomes: &[(f64, bool)]) -> Self {
        let mut fit = Self::default();
        for _ in 0..ROUNDS {
            // Newton's step on the penalised likelihood: a gradient and a 2 x 2 curvature.
            let (mut g, mut h) = (
                [PRIOR * (1.0 - fit.slope), -PRIOR * fit.shift],
                [PRIOR, 0.0, PRIOR],
            );
            for &(p, right) in outcomes {
                let x = log_odds(p);
                let q = logistic(fit.slope * x + fit.shift);
                let miss = f64::from(u8::from(right)) - q;
                let spread = q * (1.0 - q);
                g[0] += miss * x;
                g[1] += miss;
                h[0] += spread * x * x;
                h[1] += spread * x;
                h[2] += spread;
            }
            let determinant = h[0] * h[2] - h[1] * h[1];
            if determinant <= 0.0 {
                break;
            }
            let step = [
                (h[2] * g[0] - h[1] * g[1]) / determinant,
                (h[0] * g[1] - h[1] * g[0]) / determinant,
            ];
            // A whole step may go past the top; the worth says so.
            let worth = fit.worth(outcomes);
            let mut scale = 1.0;
            let better = (0..HALVINGS).find_map(|_| {
                let tried = Self {
                    slope: fit.slope + scale * step[0],
                    shift: fit.shift + scale * step[1],
                };
                scale /= 2.0;
                (tried.worth(outcomes) > worth).then_some(tried)
            });
            let Some(better) = better else { break };
            fit = better;
        }
        // A correction that turns the order round would be a mistake of too few outcomes.
        if fit.slope.is_finite() && fit.shift.is_finite() && fit.slope > 0.0 {
            fit
        } else {
            Self::default()
        }
    }

    /// The penalised log-likelihood of outcomes.
    fn worth(&self, outcomes: &[(f64, bool)]) -> f64 {
        let told = outcomes.iter().map(|&(p, right)| {
            let q = self.of(p).clamp(EDGE, 1.0 - EDGE);
            if right { q.ln() } else { (1.0 - q).ln() }
        });
        let held = (self.slope - 1.0).powi(2) + self.shift.powi(2);
        told.sum::<f64>() - PRIOR * held / 2.0
    }

    /// What logarithmic odds are multiplied by.
    #[must_use]
    pub const fn slope(&self) -> f64 {
        self.slope
    }

    /// What logarithmic odds are then moved by.
    #[must_use]
    pub const fn shift(&self) -> f64 {
        self.shift
    }

    /// A probability corrected.
    #[must_use]
    pub fn of(&self, p: f64) -> f64 {
        logistic(self.slope * log_odds(p) + self.shift)
    }

    /// Corrects the first of a list sorted by probability; the others keep their proportions, and nobody
    /// overtakes.
    pub(super) fn apply<T>(&self, sorted: &mut [(f64, T)]) {
        let second = sorted.get(1).map_or(0.0, |s| s.0);
        let Some(first) = sorted.first_mut() else {
            return;
        };
        let rest = 1.0 - first.0;
        if rest <= EDGE {
            return;
        }
        // The first may fall to where it equals the second.
        let ratio = second / rest;
        let corrected = self.of(first.0).max(ratio / (1.0 + ratio));
        first.0 = corrected;
        for other in &mut sorted[1..] {
            other.0 *= (1.0 - corrected) / rest;
        }
    }
}

/// One bin of the reliability curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Calls in it.
    pub calls: usize,
    /// Mean of what was said.
    pub said: f64,
    /// Share that was right.
    pub right: f64,
}

/// The reliability curve of outcomes (probability, right) in `bins` of equal mass, lowest first; fewer bins
/// when there are fewer outcomes. Where a bin ends among outcomes of one probability, each of them counts as their mean:
/// which of them is in it says nothing.
#[must_use]
pub fn reliability(outcomes: &[(f64, bool)], bins: usize) -> Vec<ReliabilityBin> {
    let right = |right: bool| f64::from(u8::from(right));
    let mut sorted: Vec<(f64, f64)> = outcomes.iter().map(|o| (o.0, right(o.1))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    for same in sorted.chunk_by_mut(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let mean = same.iter().map(|o| o.1).sum::<f64>() / same.len() as f64;
        same.iter_mut().for_each(|o| o.1 = mean);
    }
    let bins = bins.min(sorted.len());
    let bin = |index: usize| {
        let part = &sorted[index * sorted.len() / bins..(index + 1) * sorted.len() / bins];
        let calls = part.len() as f64;
        ReliabilityBin {
            calls: part.len(),
            said: part.iter().map(|o| o.0).sum::<f64>() / calls,
            right: part.iter().map(|o| o.1).sum::<f64>() / calls,
        }
    };
    (0..bins).map(bin).collect()
}

/// The expected calibration error of a curve: how far "said" is from "right", in the mean over calls.
#[must_use]
pub fn calibration_error(curve: &[ReliabilityBin]) -> f64 {
    let calls: usize = curve.iter().map(|b| b.calls).sum();
    let miss = |b: &ReliabilityBin| (b.said - b.right).abs() * b.calls as f64;
    curve.iter().map(miss).sum::<f64>() / (calls.max(1)) as f64
}
