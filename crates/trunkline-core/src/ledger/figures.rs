//! What the books say, as folds over entries: the balance of a book, what was taken, returned and left, and the profit.

use super::book::{Book, Party};
use super::entry::{Entry, Posting, opposite};
use super::key::Cause;
use crate::base::{Currency, Money, MoneyError};

/// What was booked first, what of it was taken back, and what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triple {
    /// Before corrections.
    pub gross: Money,
    /// Taken back by corrections; positive when something was.
    pub returned: Money,
    /// What is left.
    pub net: Money,
}

/// What was earned and spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profit {
    /// What calls and leads were sold for, less what was returned.
    pub revenue: Money,
    /// What publishers are paid, less what was taken back.
    pub payout: Money,
    /// Minutes, look-ups, transcripts, scores.
    pub costs: Money,
    /// What was given by hand, and what rounding cost.
    pub corrections: Money,
    /// Revenue less payout.
    pub gross: Money,
    /// The same, less costs and corrections.
    pub net: Money,
}

/// How much is on a book of a party: positive on the side that makes the book more.
///
/// # Errors
/// When the sum does not fit, or another currency is among the entries.
pub fn balance<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    book: Book,
    party: Party,
    currency: Currency,
) -> Result<Money, MoneyError> {
    let on = entries
        .into_iter()
        .filter(|entry| (entry.book, entry.party) == (book, party));
    grown(on, currency)
}

/// How much is on a book, whoever's.
///
/// # Errors
/// When the sum does not fit, or another currency is among the entries.
pub fn total<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    book: Book,
    currency: Currency,
) -> Result<Money, MoneyError> {
    let on = entries.into_iter().filter(|entry| entry.book == book);
    grown(on, currency)
}

fn grown<'a>(
    mut entries: impl Iterator<Item = &'a Entry>,
    currency: Currency,
) -> Result<Money, MoneyError> {
    entries.try_fold(Money::zero(currency), |sum, entry| {
        sum.plus(entry.growth()?)
    })
}

/// What came on a book, what corrections of postings took back, and what is left.
///
/// # Errors
/// When a sum does not fit, or another currency is among the entries.
pub fn triple(postings: &[Posting], book: Book, currency: Currency) -> Result<Triple, MoneyError> {
    let corrects = |posting: &&Posting| matches!(posting.key().cause, Cause::Adjustment(_));
    let first = postings.iter().filter(|posting| !corrects(posting));
    let gross = total(first.flat_map(Posting::entries), book, currency)?;
    let back = postings.iter().filter(corrects);
    let returned = opposite(total(back.flat_map(Posting::entries), book, currency)?)?;
    let net = gross.minus(returned)?;
    Ok(Triple {
        gross,
        returned,
        net,
    })
}

/// What was earned and spent.
///
/// # Errors
/// When a sum does not fit, or another currency is among the entries.
pub fn profit(postings: &[Posting], currency: Currency) -> Result<Profit, MoneyError> {
    let of = |book| total(postings.iter().flat_map(Posting::entries), book, currency);
    let revenue = of(Book::Revenue)?;
    let payout = of(Book::Payout)?;
    let costs = of(Book::TelephonyCost)?.plus(of(Book::EnrichmentCost)?)?;
    let corrections = of(Book::Adjustments)?.plus(of(Book::Rounding)?)?;
    let gross = revenue.minus(payout)?;
    Ok(Profit {
        revenue,
        payout,
        costs,
        corrections,
        gross,
        net: gross.minus(costs)?.minus(corrections)?,
    })
}
