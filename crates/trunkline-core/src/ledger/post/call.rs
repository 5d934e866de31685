//! A call that ended: what each buyer pays, what the publisher is paid, what the minutes cost.

use super::booking::{When, payout, sale};
use super::event::{Answer, Booked, CallEnded, LEGS_MAX, PostError, Terms};
use super::history::History;
use super::sides::{Deal, Talk};
use super::telephony;
use crate::base::{Money, Timestamp};
use crate::ledger::key::{Cause, Subject};

pub(super) fn ended(
    call: &CallEnded<'_>,
    terms: &Terms<'_>,
    history: &History<'_>,
    booked_at: Timestamp,
) -> Result<Answer, PostError> {
    let subject = Subject::Call(call.call);
    if let Some(key) = history.first_sale_of(subject) {
        return Ok(Answer::Already(key));
    }
    if call.legs.len() > LEGS_MAX {
        return Err(PostError::TooManyLegs(call.legs.len()));
    }
    let when = When {
        occurred_at: call.ended_at,
        booked_at,
    };
    let leg = |leg: &super::CallLeg<'_>| Talk::of(leg.connected_ms);
    let deal = Deal {
        offered_at: call.offered_at,
        legs: call.legs.iter().map(|at| (at.terms, leg(at))).collect(),
        revenue_before: Money::zero(terms.currency),
    };
    let sides = deal.sides(terms)?;
    let mut postings = Vec::new();
    for ((n, leg), side) in (0_u32..).zip(call.legs).zip(&sides.buyers) {
        if let Some(amount) = side.amount(terms.currency) {
            postings.extend(sale(Cause::Sale(subject).key(n), &leg.terms, amount, when)?);
        }
    }
    if let (Some(publisher), Some(side)) = (&terms.publisher, &sides.publisher) {
        postings.extend(payout(
            subject,
            publisher,
            side,
            history,
            terms.currency,
            when,
        )?);
    }
    if !history.has(telephony::telephony_key(call.call)) {
        postings.extend(telephony::cost(
            call.call,
            call.telephony,
            terms.currency,
            when,
        )?);
    }
    Ok(Answer::Booked(Booked {
        postings,
        buyers: sides.buyers,
        publisher: sides.publisher,
        publisher_ms: sides.publisher_ms,
    }))
}
