//! What a call or a lead costs: the rules of the buyer's side and of the publisher's, in the same words.
//!
//! The first rule that fits fires, and the answer says which. The two sides know nothing of each other, except that a rule
//! may ask for a part of the other side's amount. Whether something is billable is a test of its own, in milliseconds of
//! the connected time.

use serde::{Deserialize, Serialize};

use super::document::{Decimal, Problem, Problems, below};
use super::facts::Facts;
use super::filter::{Filter, Sieve};
use super::lists::Shelf;
use crate::base::money::{MICROS_PER_CENT, MICROS_PER_UNIT};
use crate::base::{Currency, Money, MoneyError, Schedule, Timestamp};

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
const MINUTE_S: i64 = 60;

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

/// The rules of one side, made ready.
#[derive(Debug, Clone)]
pub struct PriceBook {
    billable_from_ms: i64,
    rules: Box<[ReadyRule]>,
    currency: Currency,
}

#[derive(Debug, Clone)]
struct ReadyRule {
    when: Option<Sieve>,
    schedule: Option<Schedule>,
    rate: Rate,
}

/// What is known before anything is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    /// What was bid, or the most that may be bid.
    pub bid: Option<Money>,
    /// What the other side pays or is paid at most.
    pub other: Option<Money>,
    /// How many were billed this month.
    pub sold: u32,
}

/// What is known once it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct After {
    /// The connected time in milliseconds; `None` for leads.
    pub connected_ms: Option<i64>,
    /// What was bid.
    pub bid: Option<Money>,
    /// What the other side pays or is paid.
    pub other: Option<Money>,
    /// How many were billed this month before.
    pub sold: u32,
    /// What the buyer reported.
    pub reported: Option<Money>,
}

/// The most that something may cost, and which rule says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MostPrice {
    /// The rule's place, from 0.
    pub rule: u16,
    /// The amount.
    pub amount: Money,
}

/// What a rule says before anything is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// The rule's place, from 0.
    pub rule: u16,
    /// Whether the price is what is bid.
    pub is_bid: bool,
    /// The most that it may come to; `None` when that cannot be said.
    pub most: Option<Money>,
}

/// What came of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// It was connected too short.
    NotBillable {
        /// How long it was.
        connected_ms: i64,
        /// How long it had to be.
        needed_ms: i64,
    },
    /// The rule cannot say yet: nothing was bid or reported, or the other side is not known.
    Open {
        /// The rule's place, from 0.
        rule: u16,
    },
    /// An amount.
    Amount {
        /// The rule's place, from 0.
        rule: u16,
        /// The amount.
        amount: Money,
    },
}

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

    /// Makes the rules ready.
    ///
    /// # Errors
    /// With their problems, when they have any.
    pub fn compile(&self, shelf: &Shelf, currency: Currency) -> Result<PriceBook, Vec<Problem>> {
        let problems = self.problems(shelf);
        if !problems.is_empty() {
            return Err(problems);
        }
        let ready = |rule: &PriceRule| {
            Ok(ReadyRule {
                when: rule
                    .when
                    .as_ref()
                    .map(|when| when.compile(shelf))
                    .transpose()?,
                schedule: rule.schedule.clone(),
                rate: rule.rate.clone(),
            })
        };
        let rules: Result<Vec<_>, Vec<Problem>> = self.rules.iter().map(ready).collect();
        Ok(PriceBook {
            billable_from_ms: i64::from(self.billable_from_s) * 1_000,
            rules: rules?.into(),
            currency,
        })
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

    /// The most it may come to; `None` when that cannot be said.
    fn most(&self, before: &Before, currency: Currency) -> Option<Money> {
        let of = |value: Decimal| value.money(currency);
        match self {
            Self::Fixed(value) => Some(of(*value)),
            Self::Reported { most } => Some(of(*most)),
            Self::PerBid {} => before.bid,
            Self::PercentOfOther(percent) => percent_floored(before.other?, *percent).ok(),
            Self::Tiered(tiers) => tiers
                .iter()
                .map(|tier| of(tier.amount))
                .max_by_key(|m| m.micros()),
            Self::PerMinute(rate) => rate.amount(i64::from(rate.most_s) * 1_000, currency).ok(),
            Self::BaseAndBonus(rate) => of(rate.base).plus(of(rate.bonus)).ok(),
            Self::Volume(tiers) => volume(tiers, before.sold).map(of),
        }
    }

    /// What it comes to; `None` when something that it needs is not known.
    fn amount(&self, after: &After, currency: Currency) -> Result<Option<Money>, MoneyError> {
        let of = |value: Decimal| value.money(currency);
        let connected_ms = after.connected_ms.unwrap_or(0);
        let met = |from_s: u32| connected_ms >= i64::from(from_s) * 1_000;
        Ok(match self {
            Self::Fixed(value) => Some(of(*value)),
            Self::Reported { most } => after.reported.map(|reported| {
                let most = of(*most);
                if reported.micros() > most.micros() {
                    most
                } else {
                    reported
                }
            }),
            Self::PerBid {} => after.bid,
            Self::PercentOfOther(percent) => match after.other {
                Some(other) => Some(percent_floored(other, *percent)?),
                None => None,
            },
            Self::Tiered(tiers) => {
                let highest = tiers.iter().rev().find(|tier| met(tier.from_s));
                Some(of(highest.map_or(Decimal::default(), |tier| tier.amount)))
            }
            Self::PerMinute(rate) => Some(rate.amount(connected_ms, currency)?),
            Self::BaseAndBonus(rate) if met(rate.bonus_from_s) => {
                Some(of(rate.base).plus(of(rate.bonus))?)
            }
            Self::BaseAndBonus(rate) => Some(of(rate.base)),
            Self::Volume(tiers) => volume(tiers, after.sold).map(of),
        })
    }
}

impl PerMinute {
    fn amount(self, connected_ms: i64, currency: Currency) -> Result<Money, MoneyError> {
        let most_ms = i64::from(self.most_s) * 1_000;
        let step_ms = i64::from(self.increment_s.max(1)) * 1_000;
        let talked_ms = connected_ms.clamp(0, most_ms);
        // What is begun is counted whole, and never beyond the most.
        let steps = talked_ms / step_ms + i64::from(talked_ms % step_ms > 0);
        let seconds = (steps * step_ms).min(most_ms) / 1_000;
        self.amount.money(currency).share(seconds, MINUTE_S)
    }
}

fn volume(tiers: &[VolumeTier], sold: u32) -> Option<Decimal> {
    let highest = tiers.iter().rev().find(|tier| sold >= tier.from);
    highest.map(|tier| tier.amount)
}

/// A part in per cent, down to the cent, so that rounding never makes a loss.
pub(super) fn percent_floored(of: Money, percent: Decimal) -> Result<Money, MoneyError> {
    let product = i128::from(of.micros()) * i128::from(percent.micros());
    let micros = product.div_euclid(100 * i128::from(MICROS_PER_UNIT));
    let micros = i64::try_from(micros).map_err(|_| MoneyError::Overflow)?;
    Ok(floored_to_cents(Money::from_micros(micros, of.currency())))
}

/// Down to the cent.
pub(super) const fn floored_to_cents(amount: Money) -> Money {
    let micros = amount.micros();
    Money::from_micros(
        micros - micros.rem_euclid(MICROS_PER_CENT),
        amount.currency(),
    )
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

impl PriceBook {
    /// The first rule that fits an opportunity at a moment.
    fn fitting(&self, facts: &Facts<'_>, at: Timestamp) -> Option<(u16, &ReadyRule)> {
        let fits = |rule: &ReadyRule| {
            rule.when.as_ref().is_none_or(|when| when.passes(facts))
                && rule
                    .schedule
                    .as_ref()
                    .is_none_or(|schedule| schedule.is_open(at))
        };
        let (place, rule) = self.rules.iter().enumerate().find(|(_, rule)| fits(rule))?;
        Some((u16::try_from(place).ok()?, rule))
    }

    /// What the first rule that fits says before anything is sold; `None` when none fits.
    #[must_use]
    pub fn quote(&self, facts: &Facts<'_>, at: Timestamp, before: &Before) -> Option<Quote> {
        let (rule, ready) = self.fitting(facts, at)?;
        Some(Quote {
            rule,
            is_bid: matches!(ready.rate, Rate::PerBid {}),
            most: ready.rate.most(before, self.currency),
        })
    }

    /// From how many connected milliseconds on it is billable.
    #[must_use]
    pub const fn billable_from_ms(&self) -> i64 {
        self.billable_from_ms
    }

    /// What something comes to. `at` is when it was offered, so that a call over the end of a day-part has one price.
    /// `None` when no rule fits.
    ///
    /// # Errors
    /// When an amount cannot be computed.
    pub fn charge(
        &self,
        facts: &Facts<'_>,
        at: Timestamp,
        after: &After,
    ) -> Result<Option<Charge>, MoneyError> {
        if let Some(connected_ms) = after.connected_ms.filter(|ms| *ms < self.billable_from_ms) {
            return Ok(Some(Charge::NotBillable {
                connected_ms,
                needed_ms: self.billable_from_ms,
            }));
        }
        let Some((rule, ready)) = self.fitting(facts, at) else {
            return Ok(None);
        };
        let amount = ready.rate.amount(after, self.currency)?;
        Ok(Some(match amount {
            Some(amount) => Charge::Amount { rule, amount },
            None => Charge::Open { rule },
        }))
    }
}
