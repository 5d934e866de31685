//! An entry on a book, and a posting: entries that come to nothing together. What is not balanced cannot be built.

use super::book::{Book, BookSide, Party, PartyKind};
use super::key::PostingKey;
use crate::base::{Currency, Money, MoneyError, Timestamp};

/// Most entries of one posting.
pub const ENTRIES_MAX: usize = 32;

/// An amount on a book: positive on the debit side, negative on the credit side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The book.
    pub book: Book,
    /// Whose book.
    pub party: Party,
    /// The amount.
    pub amount: Money,
}

impl Entry {
    /// On the debit side.
    #[must_use]
    pub const fn debit(book: Book, party: Party, amount: Money) -> Self {
        Self {
            book,
            party,
            amount,
        }
    }

    /// On the credit side.
    ///
    /// # Errors
    /// When the amount has no opposite.
    pub fn credit(book: Book, party: Party, amount: Money) -> Result<Self, MoneyError> {
        Ok(Self::debit(book, party, opposite(amount)?))
    }

    /// By how much it makes its book more.
    ///
    /// # Errors
    /// When the amount has no opposite.
    pub fn growth(&self) -> Result<Money, MoneyError> {
        match self.book.grows_on() {
            BookSide::Debit => Ok(self.amount),
            BookSide::Credit => opposite(self.amount),
        }
    }
}

/// The amount with the other sign.
pub(super) fn opposite(amount: Money) -> Result<Money, MoneyError> {
    Money::zero(amount.currency()).minus(amount)
}

/// Why entries are not a posting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
    /// Fewer than two, or too many.
    #[error("{0} entries were given; a posting has 2 to {ENTRIES_MAX}")]
    Count(usize),
    /// An entry of nothing.
    #[error("the entry on `{}` is of nothing; leave it out", .0.word())]
    Nothing(Book),
    /// A book with somebody whose it cannot be.
    #[error("`{}` is kept for each {}, not for a {}", .0.word(), .0.kept_for().word(), .1.word())]
    WrongParty(Book, PartyKind),
    /// The same book of the same party twice.
    #[error("`{}` of {} has two entries; add them up", .0.word(), .1)]
    Twice(Book, Party),
    /// Debit and credit differ.
    #[error("the entries come to {0}, not to nothing")]
    Unbalanced(Money),
    /// Two currencies, or a sum that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What was booked at once: entries that come to nothing together, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    key: PostingKey,
    occurred_at: Timestamp,
    booked_at: Timestamp,
    about: Option<PostingKey>,
    entries: Box<[Entry]>,
}

impl Posting {
    /// A posting of entries that are balanced. `occurred_at` is when the thing happened that it is about, `booked_at` when
    /// it became known.
    ///
    /// # Errors
    /// When the entries are not a posting.
    pub fn new(
        key: PostingKey,
        occurred_at: Timestamp,
        booked_at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<Self, PostingError> {
        check(&entries)?;
        Ok(Self {
            key,
            occurred_at,
            booked_at,
            about: None,
            entries: entries.into(),
        })
    }

    /// The same, correcting another posting.
    #[must_use]
    pub const fn correcting(mut self, original: PostingKey) -> Self {
        self.about = Some(original);
        self
    }

    /// What it is known by.
    #[must_use]
    pub const fn key(&self) -> PostingKey {
        self.key
    }

    /// When the thing happened that it is about; profit and loss are grouped by it.
    #[must_use]
    pub const fn occurred_at(&self) -> Timestamp {
        self.occurred_at
    }

    /// When it was booked; invoices and closed periods are grouped by it.
    #[must_use]
    pub const fn booked_at(&self) -> Timestamp {
        self.booked_at
    }

    /// The posting that it corrects.
    #[must_use]
    pub const fn about(&self) -> Option<PostingKey> {
        self.about
    }

    /// Its entries, no two of the same book and party.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its currency.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.entries.first().map(|entry| entry.amount.currency())
    }
}

fn check(entries: &[Entry]) -> Result<(), PostingError> {
    let (2..=ENTRIES_MAX, Some(first)) = (entries.len(), entries.first()) else {
        return Err(PostingError::Count(entries.len()));
    };
    let mut sum = Money::zero(first.amount.currency());
    for (place, entry) in entries.iter().enumerate() {
        if entry.amount.micros() == 0 {
            return Err(PostingError::Nothing(entry.book));
        }
        if entry.book.kept_for() != entry.party.kind() {
            return Err(PostingError::WrongParty(entry.book, entry.party.kind()));
        }
        let same = |other: &Entry| (other.book, other.party) == (entry.book, entry.party);
        if entries.iter().take(place).any(same) {
            return Err(PostingError::Twice(entry.book, entry.party));
        }
        sum = sum.plus(entry.amount)?;
    }
    if sum.micros() == 0 {
        Ok(())
    } else {
        Err(PostingError::Unbalanced(sum))
    }
}
