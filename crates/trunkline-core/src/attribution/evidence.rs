//! The evidence for and against a candidate, each with the sentence a person reads.

/// One piece of evidence about a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A tap on the number's link just before the call.
    Tapped {
        /// Milliseconds from the tap to the call.
        before_ms: i64,
    },
    /// The number was on the visitor's screen when the call came.
    VisibleNow {
        /// For how long it had been, in milliseconds.
        for_ms: i64,
    },
    /// The number had been on the screen earlier.
    VisibleBefore {
        /// Milliseconds from the last sight to the call.
        ago_ms: i64,
    },
    /// The number was handed to the page, but no beacon said that it was seen.
    NeverConfirmed,
    /// This caller was matched to this visitor before.
    CalledBefore {
        /// Milliseconds since that call.
        ago_ms: i64,
    },
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
            Self::VisibleNow { for_ms } => {
                format!("Had this number on screen for {}", duration_words(for_ms))
            }
            Self::VisibleBefore { ago_ms } => {
                format!("Saw this number {} earlier", duration_words(ago_ms))
            }
            Self::NeverConfirmed => "The page never said that it showed this number".to_owned(),
            Self::CalledBefore { ago_ms } => format!(
                "This caller was matched to this visitor {} ago",
                duration_words(ago_ms)
            ),
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
