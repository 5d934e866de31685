//! What a posting is known by: its cause, the thing that it is about, and a number. An account has no key twice, so
//! that nothing is booked twice.

use std::fmt;
use std::str::FromStr;

use crate::base::id::{AdjustmentId, CallId, OpportunityId};

/// What was sold or was to be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A call.
    Call(CallId),
    /// A lead, by its opportunity.
    Lead(OpportunityId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(id) => id.fmt(f),
            Self::Lead(id) => id.fmt(f),
        }
    }
}

impl Subject {
    fn parse(text: &str) -> Option<Self> {
        let call = CallId::parse(text).map(Self::Call);
        call.or_else(|_| OpportunityId::parse(text).map(Self::Lead))
            .ok()
    }
}

/// Why something is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A buyer took it. The number is the leg's.
    Sale(Subject),
    /// A publisher is paid for it. The number counts from 0.
    Payout(Subject),
    /// A call used minutes.
    Telephony(CallId),
    /// A buyer reported what it was worth. The number is the report's.
    Conversion(Subject),
    /// It was corrected. The number is the place in the correction.
    Adjustment(AdjustmentId),
}

impl Cause {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sale(_) => "sale",
            Self::Payout(_) => "payout",
            Self::Telephony(_) => "telephony",
            Self::Conversion(_) => "conversion",
            Self::Adjustment(_) => "adjustment",
        }
    }

    /// The call or lead that it is about; `None` for corrections, which name a posting.
    #[must_use]
    pub const fn subject(self) -> Option<Subject> {
        match self {
            Self::Sale(subject) | Self::Payout(subject) | Self::Conversion(subject) => {
                Some(subject)
            }
            Self::Telephony(call) => Some(Subject::Call(call)),
            Self::Adjustment(_) => None,
        }
    }

    /// The key of its posting number `n`.
    #[must_use]
    pub const fn key(self, n: u32) -> PostingKey {
        PostingKey { cause: self, n }
    }
}

/// What a posting is known by, once in an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostingKey {
    /// Why it is booked.
    pub cause: Cause,
    /// Which of that cause.
    pub n: u32,
}

impl fmt::Display for PostingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.cause.word();
        let n = self.n;
        match self.cause {
            Cause::Sale(id) | Cause::Payout(id) | Cause::Conversion(id) => {
                write!(f, "{word}:{id}:{n}")
            }
            Cause::Telephony(id) => write!(f, "{word}:{id}:{n}"),
            Cause::Adjustment(id) => write!(f, "{word}:{id}:{n}"),
        }
    }
}

impl fmt::Debug for PostingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a posting's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the key of a posting, such as `sale:call_…:0`")]
pub struct ParseKeyError(pub String);

impl FromStr for PostingKey {
    type Err = ParseKeyError;
    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        read(text).ok_or_else(|| ParseKeyError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<PostingKey> {
    let (word, rest) = text.split_once(':')?;
    let (id, n) = rest.split_once(':')?;
    let cause = match word {
        "sale" => Cause::Sale(Subject::parse(id)?),
        "payout" => Cause::Payout(Subject::parse(id)?),
        "telephony" => Cause::Telephony(CallId::parse(id).ok()?),
        "conversion" => Cause::Conversion(Subject::parse(id)?),
        "adjustment" => Cause::Adjustment(AdjustmentId::parse(id).ok()?),
        _ => return None,
    };
    let number: u32 = n.parse().ok()?;
    // One text for one key: no `+1`, no `007`.
    (number.to_string() == n).then(|| cause.key(number))
}
