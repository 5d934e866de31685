//! What was booked before for the same call or lead.

use super::report::ExternalId;
use crate::base::id::BuyerId;
use crate::base::{Currency, Money, MoneyError};
use crate::ledger::book::{Book, Party};
use crate::ledger::entry::{Entry, Posting};
use crate::ledger::figures::total;
use crate::ledger::key::{Cause, PostingKey, Subject};

/// What was booked before for the same call or lead: its postings and the corrections of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct History<'a> {
    /// The postings, in the order in which they were booked.
    pub postings: &'a [Posting],
    /// What buyers reported and was counted, also when it changed nothing.
    pub reports: &'a [Reported],
}

/// A report that was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The buyer.
    pub buyer: BuyerId,
    /// The buyer's own name for it.
    pub external: ExternalId,
    /// Its number among the reports of the call or the lead.
    pub n: u32,
}

impl History<'_> {
    /// Whether there is a posting of that key.
    pub(super) fn has(&self, key: PostingKey) -> bool {
        self.find(key).is_some()
    }

    pub(super) fn find(&self, key: PostingKey) -> Option<&Posting> {
        self.postings.iter().find(|posting| posting.key() == key)
    }

    /// The first posting of what it was sold for or is paid for. Its minutes may be booked before: they are owed whoever
    /// takes the call.
    pub(super) fn first_sale_of(&self, subject: Subject) -> Option<PostingKey> {
        let sold = |key: &PostingKey| match key.cause {
            Cause::Sale(of) | Cause::Payout(of) | Cause::Conversion(of) => of == subject,
            Cause::Telephony(_) | Cause::Adjustment(_) => false,
        };
        self.postings.iter().map(Posting::key).find(sold)
    }

    /// The key after those of a cause.
    pub(super) fn next(&self, cause: Cause) -> PostingKey {
        let numbers = self.postings.iter().map(Posting::key);
        let of = numbers.filter(|key| key.cause == cause).map(|key| key.n);
        cause.key(of.max().map_or(0, |n| n.saturating_add(1)))
    }

    /// What it was sold for before corrections, to one buyer or to all.
    pub(super) fn revenue(
        &self,
        subject: Subject,
        buyer: Option<BuyerId>,
        currency: Currency,
    ) -> Result<Money, MoneyError> {
        let is = |posting: &&Posting| match posting.key().cause {
            Cause::Sale(of) | Cause::Conversion(of) => of == subject,
            Cause::Payout(_) | Cause::Telephony(_) | Cause::Adjustment(_) => false,
        };
        let by = |posting: &&Posting| {
            let party = buyer.map(Party::Buyer);
            party.is_none_or(|party| posting.entries().iter().any(|e| e.party == party))
        };
        let entries = self.postings.iter().filter(is).filter(by);
        total(entries.flat_map(Posting::entries), Book::Revenue, currency)
    }

    /// What is paid for it before corrections.
    pub(super) fn payout(&self, subject: Subject, currency: Currency) -> Result<Money, MoneyError> {
        let is = |posting: &&Posting| posting.key().cause == Cause::Payout(subject);
        let entries = self.postings.iter().filter(is);
        total(entries.flat_map(Posting::entries), Book::Payout, currency)
    }

    /// The entries that take `key` back. What was given by hand because of it takes nothing back.
    pub(super) fn taken_from(&self, key: PostingKey) -> impl Iterator<Item = &Entry> {
        let of = move |posting: &&Posting| posting.about() == Some(key);
        let by_hand = |posting: &Posting| {
            let entries = posting.entries();
            entries.iter().any(|entry| entry.book == Book::Adjustments)
        };
        self.postings
            .iter()
            .filter(of)
            .filter(move |posting| !by_hand(posting))
            .flat_map(Posting::entries)
    }
}
