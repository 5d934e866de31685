//! The model: from features to a verdict, and from outcomes to better verdicts.
//!
//! What it knows is a function of the outcomes it was told, in their order, and of nothing else: the same outcomes make the
//! same model, bit for bit, so that it can be made again from what is stored.

use std::sync::Arc;

use super::calibration::{Calibrator, Curve, LOGIT_MAX, Told, logistic};
use super::columns::{Columns, Pull};
use super::features::{FEATURES_MAX, FeatureSet};
use super::lesson::{Label, Lesson};
use super::verdict::{Reason, Strongest, Verdict};
use super::weights::{GROWN_BITS, SMALL_BITS, Weights};

/// With as many outcomes a model gets more slots.
pub const GROWN_FROM: u64 = 5_000;
/// How often a fit goes over its outcomes at most; it stops when outcomes it did not learn from are told no better.
const PASSES_MAX: usize = 8;
/// A fit is checked in so many parts.
const THIRDS: usize = 3;
/// The most that all the remote model's words together move logarithmic odds,
const REMOTE_MAX: f64 = 1.0;
/// and once so many outcomes had such words, twice as much.
pub const REMOTE_PROVEN: u64 = 200;
const REMOTE_PROVEN_MAX: f64 = 2.0;

/// What an account's outcomes taught about one goal.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(super) weights: Weights,
    pub(super) columns: Columns,
    pub(super) calibrator: Calibrator,
    pub(super) prior: Option<Arc<Self>>,
    pub(super) lessons: u64,
    pub(super) positives: u64,
    /// Outcomes with words of the remote model.
    pub(super) remote: u64,
}

impl Default for Model {
    fn default() -> Self {
        Self::new(None)
    }
}

/// What each feature contributes to logarithmic odds.
struct Weighed {
    contributions: [f64; FEATURES_MAX],
    pulls: [Pull; FEATURES_MAX],
    /// What the name of each usually contributes.
    usual: [f64; FEATURES_MAX],
    logit: f64,
}

impl Weighed {
    /// By how much each feature moves the score away from where its name usually moves it.
    fn effects(&self, known: &FeatureSet) -> impl Iterator<Item = f64> {
        let all = self.contributions.iter().zip(&self.usual);
        all.take(known.len())
            .map(|(contribution, usual)| contribution - usual)
    }
}

/// Everything that moved a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What the model says of something usual.
    pub base: f64,
    /// What each feature does to that, in the order of the set.
    pub effects: Vec<f64>,
    /// What it does that other features are not there.
    pub absent: f64,
}

impl Model {
    /// A model that has learned nothing: it says what its prior says, or one half.
    ///
    /// The prior is a model of many accounts. Its word stands until the account's own outcomes say otherwise: what is learned is
    /// the difference, held near none.
    #[must_use]
    pub fn new(prior: Option<Arc<Self>>) -> Self {
        Self {
            weights: Weights::new(SMALL_BITS),
            columns: Columns::default(),
            calibrator: Calibrator::default(),
            prior,
            lessons: 0,
            positives: 0,
            remote: 0,
        }
    }

    /// How many outcomes it has learned from, and how many of them were a yes.
    #[must_use]
    pub const fn lessons(&self) -> (u64, u64) {
        (self.lessons, self.positives)
    }

    /// Scores what is known.
    #[must_use]
    pub fn score(&self, known: &FeatureSet) -> Verdict {
        let weighed = self.weigh(known);
        let mut strongest = Strongest::default();
        for (feature, effect) in weighed.effects(known).enumerate() {
            strongest.look(Reason { feature, effect });
        }
        Verdict {
            logit: weighed.logit,
            probability: self.calibrator.of(weighed.logit),
            tier: self.calibrator.tier(weighed.logit),
            reasons: strongest.reasons(),
            lessons: self.lessons,
        }
    }

    /// Everything that moved a score; its parts add up to the verdict's `logit`, unless that is at the end of its range.
    #[must_use]
    pub fn explain(&self, known: &FeatureSet) -> Explanation {
        let weighed = self.weigh(known);
        let usual = self.columns.usual();
        let there: f64 = weighed.usual.iter().take(known.len()).sum();
        Explanation {
            base: self.bias() + usual,
            effects: weighed.effects(known).collect(),
            absent: there - usual,
        }
    }

    /// Learns an outcome. Tells the probability it gave to a yes before.
    pub fn learn(&mut self, lesson: &Lesson<'_>) -> f64 {
        let Lesson {
            key,
            features,
            label,
        } = *lesson;
        let weighed = self.weigh(features);
        let said = self.calibrator.of(weighed.logit);
        if label == Label::LateYes {
            // It was learned with `p - 0`; with `p - 1` it would have been right.
            self.update(features, &weighed, -1.0);
            self.calibrator.correct(key, weighed.logit);
            self.positives += 1;
            return said;
        }
        let yes = label == Label::Yes;
        self.calibrator.learn(key, weighed.logit, yes);
        self.update(features, &weighed, gradient(&weighed, yes));
        self.columns.contributed(features, &weighed.contributions);
        self.columns.count(features);
        self.count(features, yes);
        if self.lessons == GROWN_FROM {
            self.weights.grow();
        }
        said
    }

    fn count(&mut self, features: &FeatureSet, yes: bool) {
        self.lessons += 1;
        self.positives += u64::from(yes);
        let has_remote = features.entries().iter().any(|entry| entry.is_remote);
        self.remote += u64::from(has_remote);
    }

    /// The model that outcomes teach when all of them are there: numbers are measured first, and then the outcomes are gone
    /// over several times. A correction counts as what it corrects would have with it.
    #[must_use]
    pub fn fitted(outcomes: &[(u64, &FeatureSet, bool)], prior: Option<Arc<Self>>) -> Self {
        let mut model = Self::new(prior);
        for (_, features, yes) in outcomes {
            model.columns.count(features);
            model.count(features, *yes);
        }
        model.columns.cut();
        let bits = if model.lessons >= GROWN_FROM {
            GROWN_BITS
        } else {
            SMALL_BITS
        };
        model.weights = Weights::new(bits);
        // Each third is told by a model that learns from the other two, so that nothing is said of what was learned from.
        let mut thirds: Vec<(Self, Vec<usize>)> = (0..THIRDS)
            .map(|third| {
                let others = (0..outcomes.len()).filter(|place| place % THIRDS != third);
                (model.clone(), others.collect())
            })
            .collect();
        let mut best: Option<(f64, usize, Calibrator)> = None;
        for passes in 1..=PASSES_MAX {
            for (third, others) in &mut thirds {
                third.pass_over(outcomes, others);
            }
            let of_third = thirds.iter().map(|(third, _)| third).cycle();
            let told: Vec<Told> = outcomes
                .iter()
                .zip(of_third)
                .map(|((key, features, yes), third)| Told {
                    key: *key,
                    logit: narrow(third.weigh(features).logit),
                    yes: *yes,
                })
                .collect();
            let calibrator = Calibrator::fitted(&told);
            let loss = calibrator.loss(&told);
            if best.as_ref().is_some_and(|(best, ..)| *best <= loss) {
                break;
            }
            best = Some((loss, passes, calibrator));
        }
        let all: Vec<usize> = (0..outcomes.len()).collect();
        let (_, passes, calibrator) = best.unwrap_or_default();
        for _ in 0..passes {
            model.pass_over(outcomes, &all);
        }
        model.calibrator = calibrator;
        model
    }

    fn pass_over(&mut self, outcomes: &[(u64, &FeatureSet, bool)], which: &[usize]) {
        for (_, features, yes) in which.iter().filter_map(|place| outcomes.get(*place)) {
            let weighed = self.weigh(features);
            self.update(features, &weighed, gradient(&weighed, *yes));
            self.columns.contributed(features, &weighed.contributions);
        }
    }

    fn update(&mut self, features: &FeatureSet, weighed: &Weighed, gradient: f64) {
        self.weights.bias.learn(gradient);
        for (_, pull) in features.entries().iter().zip(weighed.pulls) {
            for (hash, much) in pull.slots {
                if much != 0.0 {
                    self.weights.learn(hash, gradient * much);
                }
            }
        }
    }

    fn bias(&self) -> f64 {
        let prior = self.prior.as_ref();
        self.weights.bias.weight() + prior.map_or(0.0, |prior| prior.curve().of(prior.bias()))
    }

    const fn curve(&self) -> &Curve {
        &self.calibrator.curve
    }

    fn weigh(&self, known: &FeatureSet) -> Weighed {
        let mut weighed = Weighed {
            contributions: [0.0; FEATURES_MAX],
            pulls: [Pull::EMPTY; FEATURES_MAX],
            usual: [0.0; FEATURES_MAX],
            logit: 0.0,
        };
        let mut remote = 0.0;
        let slots = weighed.contributions.iter_mut().zip(&mut weighed.pulls);
        let slots = slots.zip(&mut weighed.usual);
        for (entry, ((contribution, pull), usual)) in known.entries().iter().zip(slots) {
            let column = self.columns.find(entry.column);
            *usual = column.map_or(0.0, |column| column.usual);
            *pull = Pull::of(entry, column);
            *contribution = pull.weighed(&self.weights);
            if let Some(prior) = &self.prior {
                let theirs = Pull::of(entry, prior.columns.find(entry.column));
                *contribution += prior.curve().slope * theirs.weighed(&prior.weights);
            }
            if entry.is_remote {
                remote += *contribution;
            }
        }
        let most = self.remote_max();
        if remote.abs() > most {
            let scale = most / remote.abs();
            for (entry, contribution) in known.entries().iter().zip(&mut weighed.contributions) {
                if entry.is_remote {
                    *contribution *= scale;
                }
            }
        }
        let sum: f64 = weighed.contributions.iter().take(known.len()).sum();
        weighed.logit = (self.bias() + sum).clamp(-LOGIT_MAX, LOGIT_MAX);
        weighed
    }

    /// The most that the remote model's words move logarithmic odds by now.
    #[must_use]
    pub const fn remote_max(&self) -> f64 {
        if self.remote >= REMOTE_PROVEN {
            REMOTE_PROVEN_MAX
        } else {
            REMOTE_MAX
        }
    }
}

fn gradient(weighed: &Weighed, yes: bool) -> f64 {
    logistic(weighed.logit) - f64::from(u8::from(yes))
}

#[expect(clippy::cast_possible_truncation, reason = "odds need no more digits")]
fn narrow(logit: f64) -> f32 {
    logit as f32
}
