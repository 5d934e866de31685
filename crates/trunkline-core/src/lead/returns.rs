//! Leads that buyers give back: what they may ask for, what is granted without a person, and what a person decides.
//! What a return does to money is the ledger's.

use serde::{Deserialize, Serialize};

use crate::base::document::Problems;
use crate::base::{Problem, Timestamp, words};

/// Longest time in which a return may be asked for, in hours: ninety days.
const AGE_H_MAX: u32 = 90 * 24;
/// Longest time for a decision, in hours.
const REVIEW_H_MAX: u32 = 30 * 24;
const HOUR_MS: i64 = 3_600_000;

words! {
    /// Why a buyer gives a lead back.
    ReturnReason {
        /// The number belongs to somebody else.
        WrongNumber = "wrong_number",
        /// The number is not in service.
        Disconnected = "disconnected",
        /// The buyer had the same person before.
        Duplicate = "duplicate",
        /// It is not what the contract asks for.
        OutsideTerms = "outside_terms",
        /// Somebody never agreed to be called.
        NoConsent = "no_consent",
        /// What was told is made up.
        FalseData = "false_data",
        /// Something else, which the note tells.
        Other = "other",
    }
}

/// What may be given back, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnRules {
    /// How long after the sale a return may be asked for, in hours.
    #[serde(default = "four_days")]
    pub age_max_h: u32,
    /// How many of the leads of a cycle may be given back, in per cent; any number when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent_max: Option<u8>,
    /// Reasons that are granted at once when our own data proves them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<ReturnReason>,
    /// In how many hours a person decides.
    #[serde(default = "two_days")]
    pub review_h: u32,
}

const fn four_days() -> u32 {
    96
}
const fn two_days() -> u32 {
    48
}

impl Default for ReturnRules {
    fn default() -> Self {
        Self {
            age_max_h: four_days(),
            percent_max: None,
            granted: Vec::new(),
            review_h: two_days(),
        }
    }
}

/// How much a buyer gave back in the cycle so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReturnUse {
    /// Leads that the buyer had.
    pub received: u32,
    /// Returns that were asked for and not rejected.
    pub asked: u32,
}

words! {
    /// Where a return stands.
    ReturnState {
        /// It was asked for.
        Requested = "requested",
        /// It was granted at once.
        AutoApproved = "auto_approved",
        /// A person looks at it.
        InReview = "in_review",
        /// A person granted it.
        Approved = "approved",
        /// A person refused it.
        Rejected = "rejected",
        /// Everything that follows from it is booked.
        Closed = "closed",
    }
}

/// A lead that a buyer gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// Where it stands.
    pub state: ReturnState,
    /// Why.
    pub reason: ReturnReason,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// By when a person decides.
    pub decide_by: Timestamp,
    /// How much of the price is given back, in per cent; 0 as long as nothing is granted.
    pub percent: u8,
}

/// What happens to a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnEvent {
    /// A person looks at it.
    Review,
    /// It is granted.
    Approve {
        /// How much of the price, in per cent: 1 to 100.
        percent: u8,
    },
    /// It is refused.
    Reject,
    /// Everything that follows from it is booked.
    Close,
}

/// Why a return cannot be asked for or moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReturnRefusal {
    /// The sale is too long ago.
    #[error("the sale was {age_h} hours ago; a return may be asked for within {most_h} hours")]
    TooLate {
        /// How long ago.
        age_h: i64,
        /// How long it may be.
        most_h: u32,
    },
    /// It would be more than the terms allow.
    #[error(
        "{asked} of {received} leads were given back already; the terms allow {percent_max} per cent"
    )]
    TooMany {
        /// Returns so far.
        asked: u32,
        /// Leads so far.
        received: u32,
        /// What is allowed.
        percent_max: u8,
    },
    /// It does not happen where the return stands.
    #[error("that does not happen to a return that is {}", .0.word())]
    NotNow(ReturnState),
    /// Nothing, or more than all.
    #[error("{0} per cent cannot be given back; write 1 to 100")]
    BadPercent(u8),
}

impl ReturnRules {
    /// Everything that keeps the rules from meaning what they say.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        for (place, hours, most) in [
            ("age_max_h", self.age_max_h, AGE_H_MAX),
            ("review_h", self.review_h, REVIEW_H_MAX),
        ] {
            if !(1..=most).contains(&hours) {
                let message = format!("{hours} hours are out of range; write 1 to {most}");
                found.add(place, message);
            }
        }
        if let Some(percent) = self.percent_max.filter(|percent| *percent > 100) {
            found.add(
                "percent_max",
                format!("{percent} is out of range; write 0 to 100"),
            );
        }
        if self.granted.contains(&ReturnReason::Other) {
            let message = "`other` cannot be proved by data, so it cannot be granted at once";
            found.add("granted", message);
        }
        found.0
    }

    /// Asks for a return. What our own data proves is not counted against the buyer.
    ///
    /// # Errors
    /// When it comes too late, or is one too many.
    pub fn ask(
        &self,
        reason: ReturnReason,
        proved: bool,
        sold_at: Timestamp,
        used: ReturnUse,
        now: Timestamp,
    ) -> Result<Return, ReturnRefusal> {
        let age = now.millis_since(sold_at);
        if age > i64::from(self.age_max_h) * HOUR_MS {
            return Err(ReturnRefusal::TooLate {
                age_h: age / HOUR_MS,
                most_h: self.age_max_h,
            });
        }
        if let Some(percent_max) = self.percent_max.filter(|_| !proved) {
            let asked = (u64::from(used.asked) + 1) * 100;
            if asked > u64::from(used.received) * u64::from(percent_max) {
                return Err(ReturnRefusal::TooMany {
                    asked: used.asked,
                    received: used.received,
                    percent_max,
                });
            }
        }
        let granted = proved && self.granted.contains(&reason);
        Ok(Return {
            state: if granted {
                ReturnState::AutoApproved
            } else {
                ReturnState::Requested
            },
            reason,
            asked_at: now,
            decide_by: now.plus_millis(i64::from(self.review_h) * HOUR_MS),
            percent: if granted { 100 } else { 0 },
        })
    }
}

impl Return {
    /// What becomes of it. The same event again changes nothing.
    ///
    /// # Errors
    /// When it does not happen where the return stands.
    pub fn step(self, event: ReturnEvent) -> Result<Self, ReturnRefusal> {
        let open = matches!(self.state, ReturnState::Requested | ReturnState::InReview);
        let (state, percent) = match event {
            ReturnEvent::Approve { percent } if !(1..=100).contains(&percent) => {
                return Err(ReturnRefusal::BadPercent(percent));
            }
            ReturnEvent::Review if open => (ReturnState::InReview, 0),
            ReturnEvent::Approve { percent } if open => (ReturnState::Approved, percent),
            ReturnEvent::Approve { percent }
                if self.state == ReturnState::Approved && percent == self.percent =>
            {
                return Ok(self);
            }
            ReturnEvent::Reject if open || self.state == ReturnState::Rejected => {
                (ReturnState::Rejected, 0)
            }
            ReturnEvent::Close if !open => (ReturnState::Closed, self.percent),
            ReturnEvent::Review
            | ReturnEvent::Approve { .. }
            | ReturnEvent::Reject
            | ReturnEvent::Close => return Err(ReturnRefusal::NotNow(self.state)),
        };
        Ok(Self {
            state,
            percent,
            ..self
        })
    }
}
