//! What is known when a call comes: the call, who was shown the number, taps, forms, earlier calls.

use crate::base::id::{SessionId, VisitorId};
use crate::base::{Area, PhoneNumber, Timestamp};
use crate::visitor::Device;

/// What is known about the call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallFacts {
    /// When it came.
    pub at: Timestamp,
    /// Who calls; `None`: withheld.
    pub caller: Option<PhoneNumber>,
    /// What earlier calls on the dialled number say about it.
    pub number: NumberHistory,
}

/// Earlier calls on a number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NumberHistory {
    /// How many there were.
    pub calls: f64,
    /// How many of them belonged to no visit: the sum of their probabilities of "none of these".
    pub stray: f64,
}

/// What kind of page showed the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageKind {
    /// Any page.
    #[default]
    Other,
    /// A page for people who want to get in touch.
    Contact,
}

/// Words in the path of a page for people who want to get in touch.
const CONTACT_WORDS: &[&str] = &[
    "contact",
    "kontakt",
    "appointment",
    "quote",
    "estimate",
    "book",
    "call",
];

impl PageKind {
    /// Told by the path of the page's address.
    #[must_use]
    pub fn of(page: &str) -> Self {
        let after_host = page.split_once("://").map_or(page, |(_, rest)| rest);
        let path = after_host.split_once('/').map_or("", |(_, path)| path);
        let path = path.split(['?', '#']).next().unwrap_or("");
        let starts = |word: &str| {
            CONTACT_WORDS.iter().any(|w| {
                word.get(..w.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(w))
            })
        };
        if path.split(['/', '-', '_', '.']).any(starts) {
            Self::Contact
        } else {
            Self::Other
        }
    }
}

/// A session that was shown the dialled number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Showing {
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When the number was first shown to it.
    pub first_visible: Timestamp,
    /// When the number was last known to be visible.
    pub last_visible: Timestamp,
    /// Whether a beacon confirmed that it was seen.
    pub confirmed: bool,
    /// Its device.
    pub device: Device,
    /// Where the visitor is, when the network tells.
    pub area: Option<Area>,
    /// The page that showed it.
    pub page: PageKind,
}

/// Who taps a number more often than this within the time that is looked at dials nothing: a script, or a page
/// that taps by itself. Its taps then say nothing.
pub const TAPS_BELIEVED: u32 = 5;

/// The latest tap of a session on the dialled number's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tap {
    /// The session.
    pub session: SessionId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// How many taps of the session on the number there were within the time that is looked at.
    pub times: u32,
    /// Whether the page could not tell it at once, so that its time is the page's word.
    pub late: bool,
}

impl Tap {
    /// Whether it says anything about who calls.
    #[must_use]
    pub const fn is_believed(&self) -> bool {
        self.times <= TAPS_BELIEVED
    }
}

/// An earlier call of the same caller that was credited to a session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlierCall {
    /// The session it was credited to.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When it came.
    pub at: Timestamp,
    /// The probability it was credited with.
    pub probability: f64,
}

/// A form in which a visitor gave the number the call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When it was sent.
    pub at: Timestamp,
}

/// Everything that is known; borrowed from whoever gathered it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The call.
    pub call: CallFacts,
    /// Who was shown the number within the window, in any order.
    pub showings: &'a [Showing],
    /// Taps on the number, in any order.
    pub taps: &'a [Tap],
    /// The caller's latest credited call.
    pub earlier: Option<EarlierCall>,
    /// The latest form with the caller's number.
    pub form: Option<Form>,
}
