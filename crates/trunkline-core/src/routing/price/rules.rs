//! The rules of one side, as people write them.

use serde::{Deserialize, Serialize};

use super::super::document::Decimal;
use super::super::filter::Filter;
use crate::base::Schedule;

/// All rules of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRules {
    /// From how many connected seconds on a call is billable; leads always are.
    #[serde(default)]
    pub billable_from_s: u32,
    /// The rules; the first that fits fires.
    pub rules: Vec<PriceRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRule {
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is about; everything when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Filter>,
    /// When it is in force; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// How the amount is found.
    pub rate: Rate,
}

/// How an amount is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rate {
    /// One amount.
    Fixed(Decimal),
    /// By connected time: the highest tier that is met, and nothing of those below.
    Tiered(Vec<TimeTier>),
    /// What was bid.
    PerBid {},
    /// A part of what the other side pays or is paid, in per cent, down to the cent.
    PercentOfOther(Decimal),
    /// By connected time.
    PerMinute(PerMinute),
    /// An amount, and more from a connected time on.
    BaseAndBonus(BaseAndBonus),
    /// By how many were billed this month before: the highest tier that is met.
    Volume(Vec<VolumeTier>),
    /// What the buyer reports afterwards, at most this.
    Reported {
        /// The most that is believed, and reserved.
        most: Decimal,
    },
}

/// An amount from a connected time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeTier {
    /// From how many connected seconds on.
    pub from_s: u32,
    /// The amount.
    pub amount: Decimal,
}

/// An amount from a number of sales on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeTier {
    /// From how many sales this month on, this one not counted.
    pub from: u32,
    /// The amount.
    pub amount: Decimal,
}

/// A price by connected time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerMinute {
    /// For a minute.
    pub amount: Decimal,
    /// Seconds that are begun are counted whole in steps of this many.
    #[serde(default = "one_second")]
    pub increment_s: u32,
    /// The most seconds that are paid for, and reserved.
    pub most_s: u32,
}

const fn one_second() -> u32 {
    1
}

/// An amount, and more from a connected time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseAndBonus {
    /// Always.
    pub base: Decimal,
    /// On top of it.
    pub bonus: Decimal,
    /// From how many connected seconds on.
    pub bonus_from_s: u32,
}
