//! How good probabilities are: whether the better is said to be better (AUC), what they cost in surprise (log loss), and
//! whether they keep what they say (calibration error in 15 bins of equal mass).

use trunkline_core::attribution::{calibration_error, reliability};

const BINS: usize = 15;
/// Probabilities are kept this far from 0 and 1 where their logarithm is taken.
const EDGE: f64 = 1e-6;

#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) auc: f64,
    pub(crate) log_loss: f64,
    pub(crate) calibration_error: f64,
}

impl Figures {
    pub(crate) fn of(told: &[(f64, bool)]) -> Self {
        let loss = |(p, yes): &(f64, bool)| {
            let p = p.clamp(EDGE, 1.0 - EDGE);
            -(if *yes { p } else { 1.0 - p }).ln()
        };
        Self {
            auc: auc(told),
            log_loss: told.iter().map(loss).sum::<f64>() / told.len() as f64,
            calibration_error: calibration_error(&reliability(told, BINS)),
        }
    }
}

/// The means of figures.
pub(crate) fn mean(all: &[Figures]) -> Figures {
    let mean = |of: fn(&Figures) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    Figures {
        auc: mean(|f| f.auc),
        log_loss: mean(|f| f.log_loss),
        calibration_error: mean(|f| f.calibration_error),
    }
}

/// The probability that of a yes and a no the yes is said to be likelier; ties count half.
fn auc(told: &[(f64, bool)]) -> f64 {
    let mut sorted = told.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins, mut from) = (0.0, 0.0, 0);
    while from < sorted.len() {
        let same = sorted[from..].partition_point(|t| t.0 <= sorted[from].0);
        let part = &sorted[from..from + same];
        let yes = part.iter().filter(|t| t.1).count() as f64;
        let no = part.len() as f64 - yes;
        wins += yes * (below + no / 2.0);
        below += no;
        from += same;
    }
    let yes = told.len() as f64 - below;
    wins / (yes * below)
}
