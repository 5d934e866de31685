//! Sales and payouts as postings.

use super::event::{BuyerTerms, PostError, PublisherTerms};
use super::history::History;
use super::sides::Side;
use crate::base::id::BuyerId;
use crate::base::{Currency, Money, Timestamp};
use crate::ledger::book::{Book, Party};
use crate::ledger::entry::{Entry, Posting};
use crate::ledger::key::{Cause, PostingKey, Subject};
use crate::routing::Payment;

/// When it happened and when it is booked.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) occurred_at: Timestamp,
    pub(super) booked_at: Timestamp,
}

/// The book that a buyer pays from.
pub(super) const fn buyers_book(payment: Payment) -> Book {
    match payment {
        Payment::Prepaid => Book::BuyerWallet,
        Payment::NetTerms => Book::BuyerReceivable,
    }
}

/// A buyer pays `amount`, or gets it back when it is below zero; `None` when it is nothing.
pub(super) fn sale(
    key: PostingKey,
    buyer: &BuyerTerms<'_>,
    amount: Money,
    when: When,
) -> Result<Option<Posting>, PostError> {
    let pays = |buyer: BuyerId| Party::Buyer(buyer);
    let from = buyers_book(buyer.payment);
    two(
        key,
        (from, pays(buyer.buyer)),
        (Book::Revenue, Party::House),
        amount,
        when,
    )
}

/// The publisher is paid the difference between what it comes to now and what was booked before.
pub(super) fn payout(
    subject: Subject,
    publisher: &PublisherTerms<'_>,
    side: &Side,
    history: &History<'_>,
    currency: Currency,
    when: When,
) -> Result<Option<Posting>, PostError> {
    let Some(comes_to) = side.amount(currency) else {
        return Ok(None);
    };
    let more = comes_to.minus(history.payout(subject, currency)?)?;
    let to = (
        Book::PublisherPayable,
        Party::Publisher(publisher.publisher),
    );
    let key = history.next(Cause::Payout(subject));
    two(key, (Book::Payout, Party::House), to, more, when)
}

/// One book is debited and one credited; `None` when the amount is nothing.
pub(super) fn two(
    key: PostingKey,
    debit: (Book, Party),
    credit: (Book, Party),
    amount: Money,
    when: When,
) -> Result<Option<Posting>, PostError> {
    if amount.micros() == 0 {
        return Ok(None);
    }
    let entries = vec![
        Entry::debit(debit.0, debit.1, amount),
        Entry::credit(credit.0, credit.1, amount)?,
    ];
    let posting = Posting::new(key, when.occurred_at, when.booked_at, entries)?;
    Ok(Some(posting))
}
