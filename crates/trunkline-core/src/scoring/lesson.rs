//! Outcomes: what came of a call or lead that was scored, and when that counts as known.
//!
//! A sale can come days after the call. So a yes is learned at once, and silence becomes a no when its time is over; a yes
//! that comes after that is told to the model as a correction.

use super::features::FeatureSet;
use crate::base::{Timestamp, words};

words! {
    /// What a model foretells; each account has a model for each.
    Goal {
        /// The call is long enough to be paid for.
        BillableCall = "billable_call",
        /// A buyer takes the lead.
        LeadAccepted = "lead_accepted",
        /// The buyer tells of a sale.
        Sold = "sold",
    }
}

const DAY_MS: i64 = 86_400_000;

impl Goal {
    /// How long a yes is waited for before there is a no, in milliseconds: the longest call, the longest wait for a buyer's
    /// answer, and a month for a sale.
    #[must_use]
    pub const fn matures_after_ms(self) -> i64 {
        match self {
            Self::BillableCall | Self::LeadAccepted => DAY_MS,
            Self::Sold => 30 * DAY_MS,
        }
    }
}

words! {
    /// What came of it.
    Label {
        /// The goal was reached.
        Yes = "yes",
        /// It was not.
        No = "no",
        /// It was reached after it had been learned as a no.
        LateYes = "late_yes",
    }
}

/// What was scored, with what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lesson<'a> {
    /// Whose outcome it is: the same number for a correction as for what it corrects.
    pub key: u64,
    /// What was known when it was scored.
    pub features: &'a FeatureSet,
    /// What came of it.
    pub label: Label,
}

/// What is to be learned now of something that was scored; `None`: nothing yet, or nothing more.
///
/// `reached` says when the goal was reached, if it was; `learned` what the model was told before.
#[must_use]
pub fn due(
    goal: Goal,
    scored_at: Timestamp,
    reached: bool,
    learned: Option<Label>,
    now: Timestamp,
) -> Option<Label> {
    let is_over = now.millis_since(scored_at) >= goal.matures_after_ms();
    match (reached, learned) {
        (true, None) => Some(Label::Yes),
        (true, Some(Label::No)) => Some(Label::LateYes),
        (false, None) if is_over => Some(Label::No),
        _ => None,
    }
}
