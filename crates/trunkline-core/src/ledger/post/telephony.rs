//! What minutes cost: time that is begun is counted whole in steps, after a time that is always counted.

use std::collections::BTreeMap;

use super::booking::When;
use super::event::PostError;
use super::sides::priced;
use crate::base::id::{CallId, TrunkId};
use crate::base::{Currency, Money, MoneyError, words};
use crate::ledger::book::{Book, Party};
use crate::ledger::entry::{Entry, Posting};
use crate::ledger::key::Cause;

const MINUTE_S: i64 = 60;

words! {
    /// The steps in which time is counted.
    Increment {
        /// Every second.
        OneSecond = "1s",
        /// Tenths of a minute.
        SixSeconds = "6s",
        /// Whole minutes.
        OneMinute = "60s",
    }
}

impl Increment {
    const fn seconds(self) -> i64 {
        match self {
            Self::OneSecond => 1,
            Self::SixSeconds => 6,
            Self::OneMinute => MINUTE_S,
        }
    }
}

/// What a carrier takes for minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephonyRate {
    /// For a minute.
    pub per_minute: Money,
    /// The steps after the minimum.
    pub increment: Increment,
    /// The seconds that are counted of every call that was answered.
    pub minimum_s: u32,
}

impl TelephonyRate {
    /// How many seconds are counted of a time. Nothing is counted of a call that nobody answered.
    #[must_use]
    pub fn counted_s(&self, connected_ms: Option<i64>) -> i64 {
        let Some(ms) = connected_ms.map(|ms| ms.max(0)) else {
            return 0;
        };
        let seconds = ms / 1_000 + i64::from(ms % 1_000 > 0);
        let minimum = i64::from(self.minimum_s);
        let beyond = (seconds - minimum).max(0);
        let step = self.increment.seconds();
        let steps = beyond / step + i64::from(beyond % step > 0);
        minimum.saturating_add(steps.saturating_mul(step))
    }

    /// What a time costs, to the nearest micro-unit.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn cost(&self, connected_ms: Option<i64>) -> Result<Money, MoneyError> {
        self.per_minute
            .share(self.counted_s(connected_ms), MINUTE_S)
    }
}

/// A leg that used minutes of a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephonyLeg {
    /// The carrier's trunk.
    pub trunk: TrunkId,
    /// What it takes.
    pub rate: TelephonyRate,
    /// How long; `None` when nobody answered.
    pub connected_ms: Option<i64>,
}

/// What the minutes of a call cost, owed to each carrier; `None` when they cost nothing.
pub(super) fn cost(
    call: CallId,
    legs: &[TelephonyLeg],
    currency: Currency,
    when: When,
) -> Result<Option<Posting>, PostError> {
    let mut owed: BTreeMap<TrunkId, Money> = BTreeMap::new();
    let mut sum = Money::zero(currency);
    for leg in legs {
        let cost = priced(leg.rate.cost(leg.connected_ms)?, currency)?;
        sum = sum.plus(cost)?;
        let carrier = owed.entry(leg.trunk).or_insert(Money::zero(currency));
        *carrier = carrier.plus(cost)?;
    }
    if sum.micros() == 0 {
        return Ok(None);
    }
    let mut entries = vec![Entry::debit(Book::TelephonyCost, Party::House, sum)];
    for (trunk, cost) in owed.into_iter().filter(|(_, cost)| cost.micros() > 0) {
        let party = Party::Carrier(trunk);
        entries.push(Entry::credit(Book::CarrierPayable, party, cost)?);
    }
    let key = Cause::Telephony(call).key(0);
    let posting = Posting::new(key, when.occurred_at, when.booked_at, entries)?;
    Ok(Some(posting))
}
