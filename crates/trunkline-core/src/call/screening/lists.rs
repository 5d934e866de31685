//! The lists of an account: callers who are always let through, and callers who never are.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::id::{AccountId, ScreeningEntryId, UserId};
use crate::base::{Country, PhoneNumber, Timestamp, words};

/// Most digits of a prefix; more are a number.
pub const PREFIX_DIGITS_MAX: usize = 14;
/// Longest note, in characters.
pub const NOTE_MAX: usize = 200;

words! {
    /// Which list.
    ListKind {
        /// Callers who are always let through.
        Allow = "allow",
        /// Callers who never are.
        Block = "block",
    }
}

/// Whom an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallerPattern {
    /// One number.
    Number(PhoneNumber),
    /// Every number that begins so.
    Prefix {
        /// The digits from the country code on.
        digits: u64,
        /// How many they are.
        count: u8,
    },
}

/// The text is neither a number nor the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a phone number such as +1 214 555 0100 nor the beginning of one such as +1900*"
)]
pub struct ParsePatternError(pub String);

impl CallerPattern {
    /// Reads `+12145550100`, any usual way to write a number of `home`, or `+1900*`.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str, home: Country) -> Result<Self, ParsePatternError> {
        let wrong = || ParsePatternError(text.chars().take(64).collect());
        let Some(start) = text.trim().strip_suffix('*') else {
            // Whoever forges a number need not take one that exists, so any digits may be listed.
            return PhoneNumber::parse(text, home)
                .or_else(|_| PhoneNumber::parse_e164(text.trim()))
                .map(Self::Number)
                .map_err(|_| wrong());
        };
        let start = start.trim().strip_prefix('+').ok_or_else(wrong)?;
        let plain = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')');
        if !start.chars().all(plain) {
            return Err(wrong());
        }
        let digits: String = start.chars().filter(char::is_ascii_digit).collect();
        let fits = (1..=PREFIX_DIGITS_MAX).contains(&digits.len()) && !digits.starts_with('0');
        match (digits.parse(), u8::try_from(digits.len())) {
            (Ok(value), Ok(count)) if fits => Ok(Self::Prefix {
                digits: value,
                count,
            }),
            _ => Err(wrong()),
        }
    }

    /// Whether it names one number and no more.
    #[must_use]
    pub const fn is_whole_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

impl fmt::Display for CallerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Prefix { digits, .. } => write!(f, "+{digits}*"),
        }
    }
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// Its id.
    pub id: ScreeningEntryId,
    /// Whose list.
    pub account: AccountId,
    /// Which list.
    pub list: ListKind,
    /// Whom it is about.
    pub pattern: CallerPattern,
    /// Why, for people.
    pub note: String,
    /// Who added it; `None` for a key.
    pub added_by: Option<UserId>,
    /// When.
    pub added_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl ListEntry {
    /// Whether it counts at a moment.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The lists of one account; a pattern is on one of them at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerLists(BTreeMap<CallerPattern, ListEntry>);

impl FromIterator<ListEntry> for CallerLists {
    fn from_iter<T: IntoIterator<Item = ListEntry>>(entries: T) -> Self {
        Self(entries.into_iter().map(|e| (e.pattern, e)).collect())
    }
}

impl CallerLists {
    /// The entry of a list that is about a caller: that of the number itself, else the longest beginning.
    #[must_use]
    pub fn find(&self, list: ListKind, caller: PhoneNumber, now: Timestamp) -> Option<&ListEntry> {
        if self.0.is_empty() {
            return None;
        }
        let count = caller.digits().checked_ilog10().map_or(1, |log| log + 1);
        let beginnings = (1..=count).rev().filter_map(|kept| {
            Some(CallerPattern::Prefix {
                digits: caller.digits() / 10_u64.checked_pow(count - kept)?,
                count: u8::try_from(kept).ok()?,
            })
        });
        std::iter::once(CallerPattern::Number(caller))
            .chain(beginnings)
            .filter_map(|pattern| self.0.get(&pattern))
            .find(|entry| entry.list == list && entry.counts(now))
    }

    /// All entries, in the order of their patterns.
    pub fn entries(&self) -> impl Iterator<Item = &ListEntry> {
        self.0.values()
    }

    /// How many there are, ended ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
