//! A lead that a buyer took. The publisher is paid once, with the first buyer who pays; by rules that look at what is
//! taken, more may follow with the others.

use super::booking::{When, payout, sale};
use super::event::{Answer, Booked, LeadSold, PostError, Terms};
use super::history::History;
use super::sides::{Deal, Talk};
use crate::base::Timestamp;
use crate::ledger::key::{Cause, Subject};

pub(super) fn sold(
    lead: &LeadSold<'_>,
    terms: &Terms<'_>,
    history: &History<'_>,
    booked_at: Timestamp,
) -> Result<Answer, PostError> {
    let subject = Subject::Lead(lead.lead);
    let key = Cause::Sale(subject).key(lead.leg);
    if history.has(key) {
        return Ok(Answer::Already(key));
    }
    let when = When {
        occurred_at: lead.sold_at,
        booked_at,
    };
    let deal = Deal {
        offered_at: lead.offered_at,
        legs: vec![(lead.buyer, Talk::Lead)],
        revenue_before: history.revenue(subject, None, terms.currency)?,
    };
    let sides = deal.sides(terms)?;
    let mut postings = Vec::new();
    for amount in sides
        .buyers
        .iter()
        .filter_map(|side| side.amount(terms.currency))
    {
        postings.extend(sale(key, &lead.buyer, amount, when)?);
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
    Ok(Answer::Booked(Booked {
        postings,
        buyers: sides.buyers,
        publisher: sides.publisher,
        publisher_ms: sides.publisher_ms,
    }))
}
