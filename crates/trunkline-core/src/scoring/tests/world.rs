//! A world whose truth is known, because it was planted.

use super::super::calibration::logistic;
use super::super::hash::mixed;
use super::*;

/// Numbers that look as if by chance.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// From 0 to 1.
    pub(super) fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mixed(self.0) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.part() * end as f64) as usize
    }
}

/// A lead, whether it was sold, and the probability it had in truth.
pub(super) struct Case {
    pub(super) features: FeatureSet,
    pub(super) yes: bool,
    pub(super) truth: f64,
}

/// Sources and pages decide; the device is noise.
pub(super) fn cases(seed: u64, count: usize) -> Vec<Case> {
    let mut chance = Chance(seed);
    let sources = [("google", 0.8), ("bing", 0.0), ("cheap feed", -1.8)];
    (0..count)
        .map(|_| {
            let (source, worth) = sources[chance.below(3)];
            let pages = chance.below(10);
            let device = ["phone", "desktop"][chance.below(2)];
            let truth = logistic(worth - 1.0 + 0.3 * pages.min(5) as f64);
            let pages = pages.to_string();
            Case {
                features: lead(&[("source", source), ("pages", &pages), ("device", device)]),
                yes: chance.part() < truth,
                truth,
            }
        })
        .collect()
}

/// A model that was told each case once.
pub(super) fn taught(cases: &[Case]) -> Model {
    let mut model = Model::default();
    for (key, case) in cases.iter().enumerate() {
        model.learn(&lesson(key as u64, &case.features, label(case.yes)));
    }
    model
}

/// One that went over them several times.
pub(super) fn fitted(cases: &[Case]) -> Model {
    let outcomes: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(key, case)| (key as u64, &case.features, case.yes))
        .collect();
    Model::fitted(&outcomes, None)
}
