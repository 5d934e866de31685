//! What a campaign says of its leads beside their fields: which consent they bring, how many buyers share one, how long
//! those wait that nobody took, and what buyers may give back.

use serde::{Deserialize, Serialize};

use super::consent::ConsentRules;
use super::queue::QueueRules;
use super::returns::ReturnRules;
use super::step::{LEGS_MAX, SaleRules};
use crate::base::Problem;
use crate::base::document::Problems;

/// What a campaign says of its leads, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadTerms {
    /// What is asked of consent.
    pub consent: ConsentRules,
    /// Among how many buyers one is shared at most; 1 sells it to one.
    pub buyers_max: u8,
    /// How leads wait that nobody took; they do not when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueRules>,
    /// What buyers may give back.
    pub returns: ReturnRules,
}

impl Default for LeadTerms {
    fn default() -> Self {
        Self {
            consent: ConsentRules::default(),
            buyers_max: 1,
            queue: None,
            returns: ReturnRules::default(),
        }
    }
}

impl LeadTerms {
    /// Everything that keeps the terms from meaning what they say.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        found.within("consent", self.consent.problems());
        if !(1..=LEGS_MAX).contains(&self.buyers_max) {
            let message = format!(
                "{} buyers are out of range; write 1 to {LEGS_MAX}",
                self.buyers_max
            );
            found.add("buyers_max", message);
        }
        if let Some(queue) = &self.queue {
            found.within("queue", queue.problems());
        }
        found.within("returns", self.returns.problems());
        found.0
    }

    /// What holds for the way of a lead.
    #[must_use]
    pub fn sale_rules(&self) -> SaleRules {
        SaleRules {
            queue: self.queue,
            ..SaleRules::default()
        }
    }
}
