//! Whether probabilities kept what they said: what was said of each labelled call when it came, against its truth.

use trunkline_core::attribution::{LabelKind, ReliabilityBin, calibration_error, reliability};

use crate::ports::labels::LabelRow;

/// Most labelled calls of one report; the latest count.
pub const RELIABILITY_LABELS_MAX: u32 = 20_000;
/// Bins of a curve.
const BINS: usize = 10;
/// Calls a bin holds at least, so that its share means something.
const BIN_CALLS_MIN: usize = 5;

/// The curve of calls of one kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReliabilityCurve {
    /// Labelled calls.
    pub calls: usize,
    /// Of those, how many were said right.
    pub right: usize,
    /// Bins of equal mass, lowest first.
    pub bins: Vec<ReliabilityBin>,
    /// How far "said" is from "right" in the mean, 0 to 1; `None` without calls.
    pub error: Option<f64>,
}

/// What the labels of a site say about its attribution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reliability {
    /// Calls whose truth a tap tells, judged by what the model says without the tap.
    pub tapped: ReliabilityCurve,
    /// All others, judged by what was said of them when they came.
    pub untapped: ReliabilityCurve,
    /// How many labels there are of each kind.
    pub kinds: Vec<(LabelKind, usize)>,
}

/// Judges labels.
#[must_use]
pub fn reliability_of(labels: &[LabelRow]) -> Reliability {
    let of = |tapped: bool| {
        let those = labels.iter().filter(|l| l.said.tapped == tapped);
        curve(those.map(|l| (l.said.probability, l.said.session == l.session)))
    };
    let kinds = LabelKind::ALL.iter().map(|kind| {
        let count = labels.iter().filter(|l| l.kind == *kind).count();
        (*kind, count)
    });
    Reliability {
        tapped: of(true),
        untapped: of(false),
        kinds: kinds.collect(),
    }
}

fn curve(outcomes: impl Iterator<Item = (f64, bool)>) -> ReliabilityCurve {
    let outcomes: Vec<(f64, bool)> = outcomes.collect();
    let bins = reliability(&outcomes, BINS.min(outcomes.len() / BIN_CALLS_MIN).max(1));
    ReliabilityCurve {
        calls: outcomes.len(),
        right: outcomes.iter().filter(|o| o.1).count(),
        error: (!outcomes.is_empty()).then(|| calibration_error(&bins)),
        bins,
    }
}
