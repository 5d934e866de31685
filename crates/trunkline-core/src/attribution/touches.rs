//! How the credit for one lead is shared among the visitor's touches. Pure and recomputable: another model
//! over the same touches gives other shares, nothing is stored but the touches.

use crate::base::{Timestamp, words};

words! {
    /// How credit is shared among touches.
    TouchModel {
        /// All to the first.
        First = "first",
        /// All to the last.
        Last = "last",
        /// Half to the first, half to the one that made the lead.
        FiftyFifty = "fifty_fifty",
        /// 30 % each to the first, to the one that made the lead and to the one that qualified it; the others
        /// share 10 %.
        W = "w",
        /// The same to each.
        Linear = "linear",
        /// Half as much for each half-life before the end.
        TimeDecay = "time_decay",
    }
}

/// Half-life of [`TouchModel::TimeDecay`], in milliseconds: 7 days.
pub const HALF_LIFE_MS: i64 = 7 * 86_400_000;
/// What W gives to each milestone.
const W_MILESTONE: f64 = 0.3;

/// When a lead reached what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Milestones {
    /// When the lead was created; `None`: at the last touch.
    pub created: Option<Timestamp>,
    /// When it was qualified; `None`: not yet, and W gives its part to the last touch.
    pub qualified: Option<Timestamp>,
}

/// The share of each touch, in the order given; they sum to 1. Touches must be in order of time. Empty when
/// there are none.
#[must_use]
pub fn touch_shares(model: TouchModel, touches: &[Timestamp], milestones: Milestones) -> Vec<f64> {
    let Some((&end, last)) = touches.last().zip(touches.len().checked_sub(1)) else {
        return Vec::new();
    };
    let mut shares = vec![0.0; touches.len()];
    // A milestone belongs to the last touch before it.
    let at = |milestone: Option<Timestamp>| {
        milestone.map_or(last, |m| {
            touches.partition_point(|t| *t <= m).saturating_sub(1)
        })
    };
    match model {
        TouchModel::First => shares[0] = 1.0,
        TouchModel::Last => shares[last] = 1.0,
        TouchModel::FiftyFifty => {
            shares[0] += 0.5;
            shares[at(milestones.created)] += 0.5;
        }
        TouchModel::W => {
            let marks = [0, at(milestones.created), at(milestones.qualified)];
            for mark in marks {
                shares[mark] += W_MILESTONE;
            }
            let others: Vec<usize> = (0..touches.len()).filter(|i| !marks.contains(i)).collect();
            for other in &others {
                shares[*other] = 1.0 / others.len() as f64;
            }
            // Without others the milestones share all; with them, 90 % to 10 %.
            let whole = 3.0 * W_MILESTONE;
            for (index, share) in shares.iter_mut().enumerate() {
                if !marks.contains(&index) {
                    *share *= 1.0 - whole;
                } else if others.is_empty() {
                    *share /= whole;
                }
            }
        }
        TouchModel::Linear => shares.fill(1.0 / touches.len() as f64),
        TouchModel::TimeDecay => {
            for (share, touch) in shares.iter_mut().zip(touches) {
                let ago = end.millis_since(*touch) as f64;
                *share = (-ago / HALF_LIFE_MS as f64).exp2();
            }
            let total: f64 = shares.iter().sum();
            for share in &mut shares {
                *share /= total;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_millis(n * DAY_MS)
    }

    #[test]
    fn each_model_shares_as_its_name_says() {
        let touches = [day(0), day(7), day(14), day(21), day(28)];
        let milestones = Milestones {
            created: Some(day(15)),
            qualified: Some(day(22)),
        };
        let tenth = 0.05;
        let cases: &[(TouchModel, [f64; 5])] = &[
            (TouchModel::First, [1.0, 0.0, 0.0, 0.0, 0.0]),
            (TouchModel::Last, [0.0, 0.0, 0.0, 0.0, 1.0]),
            (TouchModel::FiftyFifty, [0.5, 0.0, 0.5, 0.0, 0.0]),
            (TouchModel::W, [0.3, tenth, 0.3, 0.3, tenth]),
            (TouchModel::Linear, [0.2; 5]),
            (
                TouchModel::TimeDecay,
                [1.0, 2.0, 4.0, 8.0, 16.0].map(|x| x / 31.0),
            ),
        ];
        for (model, expected) in cases {
            let got = touch_shares(*model, &touches, milestones);
            let near = got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(near, "{}: {got:?}", model.word());
        }
    }

    #[test]
    fn shares_sum_to_one_however_few_touches_there_are() {
        for model in TouchModel::ALL {
            for count in 0..6 {
                let touches: Vec<_> = (0..count).map(day).collect();
                let shares = touch_shares(*model, &touches, Milestones::default());
                let sum: f64 = shares.iter().sum();
                let expected = if count == 0 { 0.0 } else { 1.0 };
                assert!((sum - expected).abs() < 1e-9, "{} of {count}", model.word());
            }
        }
    }

    #[test]
    fn a_touch_after_the_milestone_gets_nothing_of_it() {
        let milestones = Milestones {
            created: Some(day(1)),
            qualified: None,
        };
        let got = touch_shares(
            TouchModel::FiftyFifty,
            &[day(0), day(1), day(2)],
            milestones,
        );
        assert_eq!(got, [0.5, 0.5, 0.0]);
    }
}
