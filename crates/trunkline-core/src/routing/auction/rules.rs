//! How bids become a sale, as people write it.

use serde::{Deserialize, Serialize};

use super::super::document::{Decimal, Problem, Problems, below};
use super::super::filter::{Filter, Sieve};
use super::super::lists::Shelf;
use crate::base::money::MICROS_PER_UNIT;
use crate::base::{Currency, words};

/// Most buyers who may share a lead.
pub const LEGS_MAX: u8 = 10;
/// Most modifiers of one auction.
pub const MODIFIERS_MAX: usize = 1_000;
/// Longest auction, in milliseconds.
pub const AUCTION_MS_MAX: u32 = 5_000;
/// Shortest auction, in milliseconds.
const AUCTION_MS_MIN: u32 = 100;
/// Largest amount and factor of a modifier.
const MODIFIER_MAX: i64 = 1_000_000;

words! {
    /// What the best bid pays.
    Pays {
        /// What it bid.
        FirstPrice = "first_price",
        /// A cent more than the second bid.
        SecondPrice = "second_price",
    }
}

/// How bids become a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuctionRules {
    /// What the best bid pays.
    pub pays: Pays,
    /// What is kept, in per cent of what is taken.
    pub margin_percent: Decimal,
    /// What is kept at least, whatever the per cent are.
    pub margin_amount: Decimal,
    /// What must be left after modifiers.
    pub margin_min: Decimal,
    /// The most that the publisher is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_max: Option<Decimal>,
    /// Whether the publisher may be offered more than is taken.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub loss_allowed: bool,
    /// Most buyers who share a lead; 1 sells it to one.
    pub legs_max: u8,
    /// What changes the offer, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// How long bids are waited for, in milliseconds.
    pub timeout_ms: u32,
    /// What must be left of a bid that takes over after the offer was made; 0: down to break-even.
    pub next_margin_min: Decimal,
}

impl Default for AuctionRules {
    fn default() -> Self {
        Self {
            pays: Pays::FirstPrice,
            margin_percent: Decimal::default(),
            margin_amount: Decimal::default(),
            margin_min: Decimal::default(),
            offer_max: None,
            loss_allowed: false,
            legs_max: 1,
            modifiers: Vec::new(),
            timeout_ms: 1_500,
            next_margin_min: Decimal::default(),
        }
    }
}

/// One change of the offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modifier {
    /// What it is about; everything when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Filter>,
    /// What it does.
    pub change: Change,
}

/// What a modifier does to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Adds an amount, which may be negative.
    Add(Decimal),
    /// Multiplies it.
    Multiply(Decimal),
    /// Replaces it.
    Set(Decimal),
    /// Offers nothing.
    Reject {},
}

/// The rules made ready.
#[derive(Debug, Clone)]
pub struct Auction {
    pub(super) rules: AuctionRules,
    pub(super) modifiers: Box<[(Option<Sieve>, Change)]>,
    pub(super) currency: Currency,
}

impl Auction {
    /// How long bids are waited for, in milliseconds.
    #[must_use]
    pub const fn timeout_ms(&self) -> u32 {
        self.rules.timeout_ms
    }
}

impl AuctionRules {
    /// Everything that keeps the rules from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        let zero = Decimal::default();
        let hundred = Decimal::from_micros(100 * MICROS_PER_UNIT);
        if !(zero..=hundred).contains(&self.margin_percent) {
            let message = format!("{} % is out of range; write 0 to 100", self.margin_percent);
            found.add("margin_percent", message);
        }
        for (place, amount) in [
            ("margin_amount", self.margin_amount),
            ("margin_min", self.margin_min),
            ("next_margin_min", self.next_margin_min),
            ("offer_max", self.offer_max.unwrap_or_default()),
        ] {
            if amount < zero {
                found.add(place, format!("{amount} is below 0; write 0 or more"));
            }
        }
        if !(1..=LEGS_MAX).contains(&self.legs_max) {
            let message = format!(
                "{} buyers are out of range; write 1 to {LEGS_MAX}",
                self.legs_max
            );
            found.add("legs_max", message);
        }
        if self.pays == Pays::SecondPrice && self.legs_max > 1 {
            found.add(
                "pays",
                "a second price goes with one buyer; set legs_max to 1, or first_price",
            );
        }
        if !(AUCTION_MS_MIN..=AUCTION_MS_MAX).contains(&self.timeout_ms) {
            let message = format!(
                "{} ms are out of range; write {AUCTION_MS_MIN} to {AUCTION_MS_MAX}",
                self.timeout_ms
            );
            found.add("timeout_ms", message);
        }
        if self.modifiers.len() > MODIFIERS_MAX {
            let message = format!(
                "has {} modifiers; at most {MODIFIERS_MAX}",
                self.modifiers.len()
            );
            found.add("modifiers", message);
        }
        for (index, modifier) in self.modifiers.iter().enumerate() {
            let place = format!("modifiers[{index}]");
            if let Some(when) = &modifier.when {
                found.within(&below(&place, "when"), when.problems(shelf));
            }
            let (least, value) = match modifier.change {
                Change::Add(by) => (-MODIFIER_MAX, by),
                Change::Multiply(by) => (0, by),
                Change::Set(to) => (0, to),
                Change::Reject {} => (0, zero),
            };
            let range = Decimal::from_micros(least * MICROS_PER_UNIT)
                ..=Decimal::from_micros(MODIFIER_MAX * MICROS_PER_UNIT);
            if !range.contains(&value) {
                found.add(
                    &place,
                    format!("{value} is out of range; write {least} to {MODIFIER_MAX}"),
                );
            }
        }
        found.0
    }

    /// Makes the rules ready.
    ///
    /// # Errors
    /// With their problems, when they have any.
    pub fn compile(&self, shelf: &Shelf, currency: Currency) -> Result<Auction, Vec<Problem>> {
        let problems = self.problems(shelf);
        if !problems.is_empty() {
            return Err(problems);
        }
        let ready = |modifier: &Modifier| {
            let when = modifier.when.as_ref().map(|when| when.compile(shelf));
            Ok((when.transpose()?, modifier.change))
        };
        let modifiers: Result<Vec<_>, Vec<Problem>> = self.modifiers.iter().map(ready).collect();
        Ok(Auction {
            rules: self.clone(),
            modifiers: modifiers?.into(),
            currency,
        })
    }
}
