//! Price rules made ready: what something may come to before it is sold, and what it came to.

use super::super::document::{Decimal, Problem};
use super::super::facts::Facts;
use super::super::filter::Sieve;
use super::super::lists::Shelf;
use super::rules::{PerMinute, PriceRule, PriceRules, Rate, VolumeTier};
use crate::base::money::{MICROS_PER_CENT, MICROS_PER_UNIT};
use crate::base::{Currency, Money, MoneyError, Schedule, Timestamp};

const MINUTE_S: i64 = 60;

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
pub(in crate::routing) fn percent_floored(
    of: Money,
    percent: Decimal,
) -> Result<Money, MoneyError> {
    let product = i128::from(of.micros()) * i128::from(percent.micros());
    let micros = product.div_euclid(100 * i128::from(MICROS_PER_UNIT));
    let micros = i64::try_from(micros).map_err(|_| MoneyError::Overflow)?;
    Ok(floored_to_cents(Money::from_micros(micros, of.currency())))
}

/// Down to the cent.
pub(in crate::routing) const fn floored_to_cents(amount: Money) -> Money {
    let micros = amount.micros();
    Money::from_micros(
        micros - micros.rem_euclid(MICROS_PER_CENT),
        amount.currency(),
    )
}

impl PriceBook {
    /// Without a rule: nothing is paid.
    #[must_use]
    pub fn nothing(currency: Currency) -> Self {
        Self {
            billable_from_ms: 0,
            rules: Box::default(),
            currency,
        }
    }

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

    /// The same, billable no sooner than this.
    #[must_use]
    pub fn no_sooner_than(&self, ms: i64) -> Self {
        Self {
            billable_from_ms: self.billable_from_ms.max(ms),
            ..self.clone()
        }
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
