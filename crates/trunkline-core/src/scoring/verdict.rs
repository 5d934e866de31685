//! What a score says: a probability, the number people see, a tier, and the reasons that moved it most.

use crate::base::words;

/// Most reasons of a verdict.
pub const REASONS_MAX: usize = 3;
/// What moves logarithmic odds by less is no reason.
const EFFECT_MIN: f64 = 0.02;

words! {
    /// Where a score stands among the latest 2,000.
    Tier {
        /// Of the lowest quarter.
        Low = "low",
        /// Above a quarter of them.
        Fair = "fair",
        /// Above 60 %.
        Good = "good",
        /// Of the best tenth.
        Top = "top",
    }
}

impl Tier {
    /// Above how many per cent of the latest scores it begins.
    #[must_use]
    pub const fn above_percent(self) -> u8 {
        match self {
            Self::Low => 0,
            Self::Fair => 25,
            Self::Good => 60,
            Self::Top => 90,
        }
    }
}

/// A feature that moved a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    /// The place of the feature in its set; [`FeatureSet::get`](super::FeatureSet::get) tells it.
    pub feature: usize,
    /// By how much it moves the logarithmic odds away from where its name usually moves them; above 0 it speaks for a yes.
    pub effect: f64,
}

/// What a score says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Logarithmic odds as the weights say them, before they are corrected.
    pub logit: f64,
    /// The probability of the goal, corrected.
    pub probability: f64,
    /// Where it stands among the latest; `None` until there are a hundred.
    pub tier: Option<Tier>,
    /// What moved it most, the strongest first.
    pub reasons: [Option<Reason>; REASONS_MAX],
    /// How many outcomes the model had learned from; 0: nothing, or only its prior.
    pub lessons: u64,
}

impl Verdict {
    /// The number people see: the probability in per cent.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a probability in per cent is from 0 to 100"
    )]
    pub fn score(&self) -> u8 {
        (100.0 * self.probability.clamp(0.0, 1.0)).round() as u8
    }
}

/// The strongest reasons, without memory of its own: each effect is put in its place as it comes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Strongest([Option<Reason>; REASONS_MAX]);

impl Strongest {
    pub(super) fn look(&mut self, reason: Reason) {
        if reason.effect.abs() < EFFECT_MIN {
            return;
        }
        let mut carried = Some(reason);
        for place in &mut self.0 {
            let stays = match (&carried, &place) {
                (Some(new), Some(old)) => old.effect.abs() >= new.effect.abs(),
                (Some(_), None) => false,
                (None, _) => return,
            };
            if !stays {
                std::mem::swap(place, &mut carried);
            }
        }
    }

    pub(super) const fn reasons(self) -> [Option<Reason>; REASONS_MAX] {
        self.0
    }
}
