//! The evidence for and against a candidate, each with its weight and the sentence a person reads.

use crate::base::{AreaCode, Country};
use crate::visitor::Device;

/// One piece of evidence with what it weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    /// What.
    pub evidence: Evidence,
    /// The natural logarithm of how many times as likely it makes the candidate against "none of these";
    /// 0 says nothing, below 0 speaks against the candidate.
    pub weight: f64,
}

/// One piece of evidence about a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A tap on the number's link before the call.
    Tapped {
        /// Milliseconds from the tap to the call.
        before_ms: i64,
    },
    /// The number was on the visitor's screen when the call came.
    VisibleNow {
        /// For how long it had been, in milliseconds.
        for_ms: i64,
        /// On what.
        device: Device,
    },
    /// The number had been on the screen earlier.
    VisibleBefore {
        /// Milliseconds from the last sight to the call.
        ago_ms: i64,
        /// On what.
        device: Device,
    },
    /// The number was handed to the page, but no beacon said that it was seen.
    NeverConfirmed,
    /// This caller was matched to this visitor before.
    CalledBefore {
        /// Milliseconds since that call.
        ago_ms: i64,
    },
    /// The visitor gave the caller's number in a form.
    FormSent {
        /// Milliseconds since the form.
        ago_ms: i64,
    },
    /// The caller's area code belongs to the place the visitor is in.
    SamePlace {
        /// The area code.
        area: &'static AreaCode,
    },
    /// The caller's area code belongs to the state the visitor is in.
    SameState {
        /// The area code.
        area: &'static AreaCode,
    },
    /// The caller's area code belongs to another state.
    OtherArea {
        /// The area code.
        area: &'static AreaCode,
    },
    /// The caller's calling code is that of the country the visitor is in.
    SameCountry {
        /// The country.
        country: Country,
    },
    /// The caller's number is from another country.
    OtherCountry {
        /// The country of the caller's number.
        caller: Country,
        /// Where the visitor is; `None`: in the United States or Canada.
        visitor: Option<Country>,
    },
    /// The visitor looked at a page for people who want to get in touch.
    ContactPage,
    /// Nothing: calls on this number that belong to no visit.
    StrayShare {
        /// Stray calls per thousand.
        per_thousand: u32,
    },
    /// No visit was shown the number within the window.
    NobodySaw,
}

impl Evidence {
    /// The sentence, without its full stop.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Tapped { before_ms } => format!(
                "Tapped this number {} before the ring",
                duration_words(before_ms)
            ),
            Self::VisibleNow { for_ms, .. } => {
                format!("Had this number on screen for {}", duration_words(for_ms))
            }
            Self::VisibleBefore { ago_ms, .. } => {
                format!("Saw this number {} earlier", duration_words(ago_ms))
            }
            Self::NeverConfirmed => "The page never said that it showed this number".to_owned(),
            Self::CalledBefore { ago_ms } => format!(
                "This caller was matched to this visitor {} ago",
                duration_words(ago_ms)
            ),
            Self::FormSent { ago_ms } => format!(
                "Gave this caller's number in a form {} ago",
                duration_words(ago_ms)
            ),
            Self::SamePlace { area } => {
                format!("Is in {}, where the caller's number is from", name(area))
            }
            Self::SameState { area } => format!(
                "Is in the same state as the caller's number ({})",
                name(area)
            ),
            Self::OtherArea { area } => {
                format!("Is elsewhere; the caller's number is from {}", name(area))
            }
            Self::SameCountry { country } => {
                format!(
                    "Is in {}, where the caller's number is from",
                    country.name()
                )
            }
            Self::OtherCountry { caller, visitor } => {
                let here = visitor.as_ref().map_or("North America", Country::name);
                format!(
                    "Is in {here}; the caller's number is from {}",
                    caller.name()
                )
            }
            Self::ContactPage => "Looked at a contact page".to_owned(),
            Self::StrayShare { per_thousand } => {
                format!(
                    "Share of calls that belong to no visit: {}.{} %",
                    per_thousand / 10,
                    per_thousand % 10
                )
            }
            Self::NobodySaw => "No visit was shown this number".to_owned(),
        }
    }
}

fn name(area: &AreaCode) -> String {
    if area.place.is_empty() {
        area.state.to_owned()
    } else {
        format!("{}, {}", area.place, area.state)
    }
}

/// A duration as people say it: `2.7 s`, `1 min 53 s`, `3 h`, `4 d 19 h`.
#[must_use]
pub fn duration_words(ms: i64) -> String {
    let ms = ms.max(0);
    let seconds = ms / 1_000;
    let pair = |big: i64, big_name: &str, small: i64, small_name: &str| {
        if small == 0 {
            format!("{big} {big_name}")
        } else {
            format!("{big} {big_name} {small} {small_name}")
        }
    };
    match seconds {
        0..10 => format!("{}.{} s", seconds, ms % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}
