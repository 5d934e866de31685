//! What keeps price rules from being used, each with its place and with what to write instead.

use super::super::document::{Decimal, Problem, Problems, below};
use super::super::lists::Shelf;
use super::rules::{PriceRule, PriceRules, Rate};
use crate::base::Schedule;
use crate::base::money::MICROS_PER_UNIT;

/// Most rules of one side.
pub const PRICE_RULES_MAX: usize = 50;
/// Most tiers of one rule.
pub const TIERS_MAX: usize = 20;
/// Largest amount of one rule, in units of the currency.
const AMOUNT_MAX: i64 = 1_000_000;
/// Longest time of talk that rules speak of, in seconds.
const SECONDS_MAX: u32 = 24 * 3_600;
/// Longest name, in characters.
const NAME_MAX: usize = 60;

impl PriceRules {
    /// Everything that keeps the rules from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        seconds(&mut found, "billable_from_s", self.billable_from_s);
        let count = self.rules.len();
        if count == 0 || count > PRICE_RULES_MAX {
            found.add(
                "rules",
                format!("has {count} rules; write 1 to {PRICE_RULES_MAX}"),
            );
        }
        let always = |rule: &PriceRule| rule.when.is_none() && rule.schedule.is_none();
        if let Some(first) = self
            .rules
            .iter()
            .position(always)
            .filter(|at| at + 1 < count)
        {
            let message = format!(
                "fits always, so the {} after it never fire; put it last",
                count - first - 1
            );
            found.add(&format!("rules[{first}]"), message);
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let place = format!("rules[{index}]");
            if rule.name.chars().count() > NAME_MAX {
                found.add(
                    &below(&place, "name"),
                    format!("is too long; at most {NAME_MAX} characters"),
                );
            }
            if let Some(when) = &rule.when {
                found.within(&below(&place, "when"), when.problems(shelf));
            }
            for problem in rule.schedule.iter().flat_map(Schedule::problems) {
                found.add(&below(&place, "schedule"), problem);
            }
            rule.rate.check(&below(&place, "rate"), &mut found);
        }
        found.0
    }
}

impl Rate {
    fn check(&self, place: &str, found: &mut Problems) {
        let mut amount = |value: Decimal| amount(found, place, value);
        match self {
            Self::Fixed(value) => amount(*value),
            Self::Reported { most } => amount(*most),
            Self::PerBid {} => {}
            Self::PercentOfOther(percent) => {
                let most = Decimal::from_micros(100 * MICROS_PER_UNIT);
                if !(Decimal::default()..=most).contains(percent) {
                    found.add(
                        place,
                        format!("{percent} % is out of range; write 0 to 100"),
                    );
                }
            }
            Self::PerMinute(rate) => {
                amount(rate.amount);
                seconds(found, place, rate.most_s);
                if !(1..=60).contains(&rate.increment_s) || rate.most_s == 0 {
                    let message = "counts in steps of 1 to 60 seconds, up to a most of at least one; write both";
                    found.add(place, message);
                }
            }
            Self::BaseAndBonus(rate) => {
                amount(rate.base);
                amount(rate.bonus);
                seconds(found, place, rate.bonus_from_s);
            }
            Self::Tiered(tiers) => {
                tiers.iter().for_each(|tier| amount(tier.amount));
                tiers
                    .iter()
                    .for_each(|tier| seconds(found, place, tier.from_s));
                rising(found, place, tiers.iter().map(|tier| tier.from_s));
            }
            Self::Volume(tiers) => {
                tiers.iter().for_each(|tier| amount(tier.amount));
                rising(found, place, tiers.iter().map(|tier| tier.from));
                if tiers.first().is_some_and(|tier| tier.from != 0) {
                    found.add(
                        place,
                        "says nothing about the first sales; begin with from 0",
                    );
                }
            }
        }
    }
}

fn amount(found: &mut Problems, place: &str, value: Decimal) {
    let most = Decimal::from_micros(AMOUNT_MAX * MICROS_PER_UNIT);
    if !(Decimal::default()..=most).contains(&value) {
        found.add(
            place,
            format!("an amount of {value} is out of range; write 0 to {AMOUNT_MAX}"),
        );
    }
}

fn seconds(found: &mut Problems, place: &str, value: u32) {
    if value > SECONDS_MAX {
        found.add(
            place,
            format!("{value} seconds are out of range; write 0 to {SECONDS_MAX}"),
        );
    }
}

fn rising(found: &mut Problems, place: &str, from: impl Iterator<Item = u32>) {
    let from: Vec<u32> = from.collect();
    if from.is_empty() || from.len() > TIERS_MAX {
        found.add(
            place,
            format!("has {} tiers; write 1 to {TIERS_MAX}", from.len()),
        );
    }
    if from.windows(2).any(|pair| pair[0] >= pair[1]) {
        found.add(
            place,
            "has tiers that do not rise; write them from the lowest to the highest",
        );
    }
}
