//! Learning from labelled calls: the weights that make the labelled candidates likely, held near those of a
//! new site as long as there are few labels; then the calibration, on calls the weights have not seen.
//!
//! The likelihood is concave, so Newton's method finds the one best answer, the same every time.

use super::calibration::Calibration;
use super::facts::{Known, Tap};
use super::model::{AreaShares, Model, Weighing};
use super::signals::{TAP, TIME_PHONE, WEIGHTS};
use crate::base::id::SessionId;
use crate::base::{PhoneNumber, Timestamp, words};

words! {
    /// How the truth of a call is known.
    LabelKind {
        /// A tap of that session seconds before the call. The tap is hidden from the model while it learns.
        Tap = "tap",
        /// The person who answered said who it was.
        Confirmed = "confirmed",
        /// The call was made by the installation itself.
        Synthetic = "synthetic",
    }
}

/// The truth of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// The session that called; `None`: a call of no visit.
    pub session: Option<SessionId>,
    /// How that is known.
    pub kind: LabelKind,
}

/// A tap this close before a call, by the only session that tapped, is a label; in milliseconds.
pub const TAP_LABEL_MS: i64 = 15_000;

/// The label that taps on the dialled number give to a call: one session tapped, seconds before it, told it at
/// once, and taps as people do.
#[must_use]
pub fn tap_label(taps: &[Tap], at: Timestamp) -> Option<Label> {
    let just = at.plus_millis(-TAP_LABEL_MS);
    let mut near = taps.iter().filter(|t| t.at >= just && t.at <= at);
    let first = near.next()?;
    let alone = near.all(|t| t.session == first.session);
    (alone && first.is_believed() && !first.late).then_some(Label {
        session: Some(first.session),
        kind: LabelKind::Tap,
    })
}

/// Labelled calls that are kept; later ones replace earlier ones.
pub const LABELS_MAX: usize = 4_000;
/// How far the weights of a new site are thought to be off, as standard deviations.
const SPREAD: f64 = 1.0;
/// How far the delay curve of telephones is thought to be from that of desks.
const SPREAD_PHONE: f64 = 0.7;
/// Steps of Newton's method, and how often one is halved when it went too far.
const ROUNDS: usize = 30;
const HALVINGS: usize = 12;
/// The fit is done when a step gains less than this, in log-likelihood.
const GAIN_MIN: f64 = 1e-6;
/// Every so manieth label is kept back to calibrate on.
const KEPT_BACK: usize = 3;

struct Example {
    weighing: Weighing,
    /// Place of the truth among the suspects; `None`: none of these.
    truth: Option<usize>,
    kind: LabelKind,
}

/// Gathers labelled calls and turns them into a model.
pub struct Learner {
    prior: Model,
    areas: AreaShares,
    examples: std::collections::VecDeque<Example>,
}

impl Learner {
    /// Starts from a model: that of a new site, or one of all sites of the owner.
    #[must_use]
    pub fn new(prior: Model, areas: AreaShares) -> Self {
        Self {
            prior,
            areas,
            examples: std::collections::VecDeque::new(),
        }
    }

    /// Learns where callers come from; needs no label.
    #[must_use]
    pub fn areas_of(callers: impl Iterator<Item = PhoneNumber>) -> AreaShares {
        let mut areas = AreaShares::default();
        for caller in callers {
            areas.count(caller);
        }
        areas
    }

    /// Adds a labelled call with what was known when it came.
    pub fn add(&mut self, known: &Known<'_>, label: Label) {
        let weighing = Weighing::of(known, &self.areas, label.kind == LabelKind::Tap);
        let place = |session| weighing.suspects.iter().position(|s| s.session == session);
        let truth = label.session.and_then(place);
        if self.examples.len() == LABELS_MAX {
            self.examples.pop_front();
        }
        self.examples.push_back(Example {
            weighing,
            truth,
            kind: label.kind,
        });
    }

    /// How many labelled calls there are.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.examples.len()
    }

    /// The model these calls teach.
    #[must_use]
    pub fn fit(&self) -> Model {
        let kept_back = |index: usize| index % KEPT_BACK == KEPT_BACK - 1;
        let most: Vec<&Example> = self.chosen(|index| !kept_back(index));
        let early = maximised(&most, &self.prior.weights);
        // Taps are hidden from those, and no real call looks like that.
        let outcomes: Vec<(f64, bool)> = self
            .chosen(kept_back)
            .into_iter()
            .filter(|e| e.kind != LabelKind::Tap)
            .map(|example| outcome(example, &early))
            .collect();
        let all = self.chosen(|_| true);
        Model {
            weights: maximised(&all, &self.prior.weights),
            areas: self.areas.clone(),
            calibration: Calibration::fitted(&outcomes),
            labels: u32::try_from(self.examples.len()).unwrap_or(u32::MAX),
            format: self.prior.format,
        }
    }

    fn chosen(&self, which: impl Fn(usize) -> bool) -> Vec<&Example> {
        let all = self.examples.iter().enumerate();
        all.filter(|(index, _)| which(*index))
            .map(|(_, example)| example)
            .collect()
    }
}

impl Model {
    /// The likeliest candidate and its probability with every tap hidden: what the model would have said of a
    /// call whose truth a tap tells. Not calibrated, as calls whose taps are hidden are not learned from for that.
    #[must_use]
    pub fn without_taps(&self, known: &Known<'_>) -> (Option<SessionId>, f64) {
        let weighing = Weighing::of(known, &self.areas, true);
        let (share, place) = likeliest(&weighing, &self.weights);
        (place.map(|p| weighing.suspects[p].session), share)
    }
}

/// The greatest share and whose it is; `None`: none of these.
fn likeliest(weighing: &Weighing, weights: &[f64]) -> (f64, Option<usize>) {
    let (shares, none) = weighing.shares(weights);
    let mut best = (none, None);
    for (place, share) in shares.iter().enumerate() {
        if *share >= best.0 {
            best = (*share, Some(place));
        }
    }
    best
}

/// The likeliest candidate's probability, and whether it was the truth.
fn outcome(example: &Example, weights: &[f64]) -> (f64, bool) {
    let (said, place) = likeliest(&example.weighing, weights);
    (said, place == example.truth)
}

/// How firmly each weight is held: the inverse of its variance.
fn firmness(index: usize) -> f64 {
    let spread = if (TIME_PHONE..TAP).contains(&index) {
        SPREAD_PHONE
    } else {
        SPREAD
    };
    1.0 / (spread * spread)
}

/// The weights of the greatest posterior, with the prior's in the middle.
fn maximised(examples: &[&Example], prior: &[f64]) -> Vec<f64> {
    let mut weights = prior.to_vec();
    let mut worth = posterior(examples, &weights, prior);
    for _ in 0..ROUNDS {
        let (gradient, curvature) = slopes(examples, &weights, prior);
        let Some(step) = solved(curvature, gradient) else {
            break;
        };
        let mut scale = 1.0;
        let mut gain = 0.0;
        for _ in 0..HALVINGS {
            let tried: Vec<f64> = weights
                .iter()
                .zip(&step)
                .map(|(w, s)| w + scale * s)
                .collect();
            let there = posterior(examples, &tried, prior);
            if there >= worth {
                gain = there - worth;
                (weights, worth) = (tried, there);
                break;
            }
            scale /= 2.0;
        }
        if gain < GAIN_MIN {
            break;
        }
    }
    weights
}

/// The logarithm of the posterior, but for a constant.
fn posterior(examples: &[&Example], weights: &[f64], prior: &[f64]) -> f64 {
    let likelihood: f64 = examples
        .iter()
        .map(|example| {
            let (shares, none) = example.weighing.shares(weights);
            let truth = example.truth.map_or(none, |place| shares[place]);
            truth.max(f64::MIN_POSITIVE).ln()
        })
        .sum();
    let held = weights.iter().zip(prior).enumerate();
    let held: f64 = held
        .map(|(index, (w, p))| firmness(index) * (w - p) * (w - p))
        .sum();
    likelihood - held / 2.0
}

/// The posterior's gradient and its negative curvature, row by row.
fn slopes(examples: &[&Example], weights: &[f64], prior: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut gradient = vec![0.0; WEIGHTS];
    let mut curvature = vec![0.0; WEIGHTS * WEIGHTS];
    for index in 0..WEIGHTS {
        gradient[index] = firmness(index) * (prior[index] - weights[index]);
        curvature[index * WEIGHTS + index] = firmness(index);
    }
    let mut mean = vec![0.0; WEIGHTS];
    for example in examples {
        mean.fill(0.0);
        let (shares, none) = example.weighing.shares(weights);
        let all = example
            .weighing
            .signals
            .iter()
            .zip(shares)
            .chain([(&example.weighing.none, none)]);
        for (signals, share) in all {
            for (a, x) in signals.iter() {
                mean[a] += share * x;
                for (b, y) in signals.iter() {
                    curvature[a * WEIGHTS + b] += share * x * y;
                }
            }
        }
        let truth = example
            .truth
            .map_or(&example.weighing.none, |p| &example.weighing.signals[p]);
        for (index, x) in truth.iter() {
            gradient[index] += x;
        }
        for a in 0..WEIGHTS {
            gradient[a] -= mean[a];
            if mean[a] != 0.0 {
                for b in 0..WEIGHTS {
                    curvature[a * WEIGHTS + b] -= mean[a] * mean[b];
                }
            }
        }
    }
    (gradient, curvature)
}

/// Solves `matrix x = right` for a symmetric positive matrix, by Cholesky's decomposition; `None` when it is
/// not positive.
fn solved(mut matrix: Vec<f64>, right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for row in 0..n {
        for column in 0..=row {
            let mut sum = matrix[row * n + column];
            for k in 0..column {
                sum -= matrix[row * n + k] * matrix[column * n + k];
            }
            if row == column {
                if sum <= 0.0 {
                    return None;
                }
                matrix[row * n + row] = sum.sqrt();
            } else {
                matrix[row * n + column] = sum / matrix[column * n + column];
            }
        }
    }
    let mut x = right;
    for row in 0..n {
        for k in 0..row {
            x[row] -= matrix[row * n + k] * x[k];
        }
        x[row] /= matrix[row * n + row];
    }
    for row in (0..n).rev() {
        for k in row + 1..n {
            x[row] -= matrix[k * n + row] * x[k];
        }
        x[row] /= matrix[row * n + row];
    }
    Some(x)
}
