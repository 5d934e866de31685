//! What the minutes of a call cost, owed to each carrier.

use std::collections::BTreeMap;

use super::booking::When;
use super::event::{LEGS_MAX, PostError};
use super::sides::priced;
use crate::base::id::{CallId, TrunkId};
use crate::base::{Currency, Money, Timestamp};
use crate::ledger::book::{Book, Party};
use crate::ledger::entry::{Entry, Posting};
use crate::ledger::key::{Cause, PostingKey};

/// A leg that used minutes of a carrier whose rate is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephonyLeg {
    /// The carrier's trunk.
    pub trunk: TrunkId,
    /// What it cost.
    pub cost: Money,
}

/// The key under which the minutes of a call are booked, once.
#[must_use]
pub const fn telephony_key(call: CallId) -> PostingKey {
    Cause::Telephony(call).key(0)
}

/// What the minutes of a call that ended come to on the books, whatever else is booked for it: `None` when they cost
/// nothing. It is booked with the end of the call, under a key that an account has once.
///
/// # Errors
/// When there are too many legs, or a cost is below zero, of another currency, or does not fit.
pub fn telephony_cost(
    call: CallId,
    legs: &[TelephonyLeg],
    currency: Currency,
    ended_at: Timestamp,
    booked_at: Timestamp,
) -> Result<Option<Posting>, PostError> {
    let when = When {
        occurred_at: ended_at,
        booked_at,
    };
    cost(call, legs, currency, when)
}

pub(super) fn cost(
    call: CallId,
    legs: &[TelephonyLeg],
    currency: Currency,
    when: When,
) -> Result<Option<Posting>, PostError> {
    if legs.len() > LEGS_MAX {
        return Err(PostError::TooManyLegs(legs.len()));
    }
    let mut owed: BTreeMap<TrunkId, Money> = BTreeMap::new();
    let mut sum = Money::zero(currency);
    for leg in legs {
        let cost = priced(leg.cost, currency)?;
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
    let key = telephony_key(call);
    let posting = Posting::new(key, when.occurred_at, when.booked_at, entries)?;
    Ok(Some(posting))
}
