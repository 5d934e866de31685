//! Corrections: what was booked is taken back, wholly or in part, or something is given by hand. The original stays.

use super::booking::{When, buyers_book, two};
use super::event::{Answer, Booked, PostError, Terms};
use super::history::History;
use crate::base::id::{AdjustmentId, BuyerId, PublisherId};
use crate::base::{Money, MoneyError, Timestamp};
use crate::ledger::book::{Book, Party};
use crate::ledger::entry::{Entry, Posting, opposite};
use crate::ledger::key::{Cause, PostingKey};
use crate::routing::Payment;

/// Most postings that one correction takes back.
pub const CORRECTED_MAX: usize = 64;

/// How much of a posting is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All that is left of it.
    Whole,
    /// So much of it.
    Amount(Money),
}

/// Postings that are taken back, such as a sale and the payout for it.
#[derive(Debug, Clone, Copy)]
pub struct Reversed<'a> {
    /// The correction.
    pub adjustment: AdjustmentId,
    /// Which postings, and how much of each.
    pub takes_back: &'a [(PostingKey, Part)],
}

/// Something that is given or taken by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The correction.
    pub adjustment: AdjustmentId,
    /// To whom.
    pub to: Recipient,
    /// How much; below zero when it is taken.
    pub amount: Money,
    /// The posting that it is about.
    pub about: Option<PostingKey>,
}

/// To whom something is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// To a buyer: into the wallet, or off what is owed.
    Buyer(BuyerId, Payment),
    /// To a publisher.
    Publisher(PublisherId),
}

pub(super) fn reversed(
    reversed: &Reversed<'_>,
    history: &History<'_>,
    booked_at: Timestamp,
) -> Result<Answer, PostError> {
    let cause = Cause::Adjustment(reversed.adjustment);
    let first = cause.key(0);
    if history.has(first) {
        return Ok(Answer::Already(first));
    }
    let count = reversed.takes_back.len();
    if count == 0 || count > CORRECTED_MAX {
        return Err(PostError::CorrectedCount(count));
    }
    let mut postings: Vec<Posting> = Vec::with_capacity(count);
    for (n, (key, part)) in (0_u32..).zip(reversed.takes_back) {
        let original = correctable(*key, history)?;
        // The same posting may be named twice.
        let here = postings.iter().filter(|p| p.about() == Some(*key));
        let here = here.flat_map(Posting::entries);
        let back = taken_back(original, history.taken_from(*key).chain(here))?;
        let entries = take_back(original, back, *part)?;
        let at = original.occurred_at();
        let posting = Posting::new(cause.key(n), at, booked_at, entries)?;
        postings.push(posting.correcting(*key));
    }
    Ok(Answer::Booked(Booked {
        postings,
        ..Booked::default()
    }))
}

pub(super) fn given(
    given: &Given,
    terms: &Terms<'_>,
    history: &History<'_>,
    booked_at: Timestamp,
) -> Result<Answer, PostError> {
    let key = Cause::Adjustment(given.adjustment).key(0);
    if history.has(key) {
        return Ok(Answer::Already(key));
    }
    let amount = Money::zero(terms.currency).plus(given.amount)?;
    let about = given.about.map(|about| correctable(about, history));
    let occurred_at = about.transpose()?.map_or(booked_at, Posting::occurred_at);
    let when = When {
        occurred_at,
        booked_at,
    };
    let to = match given.to {
        Recipient::Buyer(buyer, payment) => (buyers_book(payment), Party::Buyer(buyer)),
        Recipient::Publisher(publisher) => (Book::PublisherPayable, Party::Publisher(publisher)),
    };
    let posting = two(key, (Book::Adjustments, Party::House), to, amount, when)?;
    let linked = posting.map(|posting| match given.about {
        Some(about) => posting.correcting(about),
        None => posting,
    });
    Ok(Answer::Booked(Booked {
        postings: linked.into_iter().collect(),
        ..Booked::default()
    }))
}

fn correctable<'a>(key: PostingKey, history: &'a History<'_>) -> Result<&'a Posting, PostError> {
    let original = history.find(key).ok_or(PostError::Unknown(key))?;
    match key.cause {
        Cause::Adjustment(_) => Err(PostError::CorrectsCorrection(key)),
        Cause::Sale(_) | Cause::Payout(_) | Cause::Telephony(_) | Cause::Conversion(_) => {
            Ok(original)
        }
    }
}

/// How much the debit side of a posting moved.
fn size(posting: &Posting) -> Result<Money, MoneyError> {
    sum(
        posting,
        posting
            .entries()
            .iter()
            .filter(|e| is_debit(e))
            .map(|e| e.amount),
    )
}

const fn is_debit(entry: &Entry) -> bool {
    entry.amount.micros() > 0
}

fn sum(posting: &Posting, mut of: impl Iterator<Item = Money>) -> Result<Money, MoneyError> {
    let zero = posting
        .entries()
        .first()
        .map(|e| Money::zero(e.amount.currency()));
    let zero = zero.ok_or(MoneyError::Overflow)?;
    of.try_fold(zero, Money::plus)
}

/// How much of its debit side was taken back before.
fn taken_back<'a>(
    original: &Posting,
    corrections: impl Iterator<Item = &'a Entry>,
) -> Result<Money, MoneyError> {
    let debited = |entry: &Entry| {
        let same = |of: &&Entry| (of.book, of.party) == (entry.book, entry.party);
        original.entries().iter().find(same).is_some_and(is_debit)
    };
    let back = corrections.filter(|entry| debited(entry)).map(|e| e.amount);
    opposite(sum(original, back)?)
}

/// Entries that take a part back, when `back` was taken back before. Each entry is taken back in the same proportion, so
/// that nothing is left over when all is.
fn take_back(original: &Posting, back: Money, part: Part) -> Result<Vec<Entry>, PostError> {
    let size = size(original)?;
    let left = size.minus(back)?;
    let wanted = match part {
        Part::Whole => left,
        Part::Amount(amount) if amount.micros() <= 0 => return Err(PostError::NotPositive(amount)),
        Part::Amount(amount) => amount,
    };
    if wanted.micros() <= 0 || left.minus(wanted)?.micros() < 0 {
        return Err(PostError::MoreThanLeft {
            key: original.key(),
            wanted,
            left,
        });
    }
    let then = back.plus(wanted)?;
    let mut entries = Vec::with_capacity(original.entries().len());
    for debit in [true, false] {
        let mut so_far = Money::zero(size.currency());
        for entry in original.entries().iter().filter(|e| is_debit(e) == debit) {
            let next = so_far.plus(entry.amount)?;
            // Shares of running sums, so that the rounded parts of a side add up to what is taken back.
            let share = |of: Money, taken: Money| of.share(taken.micros(), size.micros());
            let new = share(next, then)?.minus(share(so_far, then)?)?;
            let old = share(next, back)?.minus(share(so_far, back)?)?;
            let amount = opposite(new.minus(old)?)?;
            if amount.micros() != 0 {
                entries.push(Entry { amount, ..*entry });
            }
            so_far = next;
        }
    }
    Ok(entries)
}
