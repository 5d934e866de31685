//! How a trunk is: whether its far end answers pings, and whether we are registered there.

use crate::base::{Timestamp, words};

/// How long a registration is asked for, in seconds.
pub const EXPIRES_S: u32 = 600;
/// Shortest and longest time until a registration is refreshed, in milliseconds, whatever the carrier grants.
const REFRESH_MS: (u64, u64) = (5_000, 3_600_000);
/// First and longest wait after a registration that failed, in milliseconds.
const BACK_OFF_MS: (u64, u64) = (5_000, 300_000);
/// Longest error that is kept, in characters.
const ERROR_MAX: usize = 200;

words! {
    /// Whether a trunk's far end answers.
    #[derive(Default)]
    HealthState {
        /// It was not asked yet, or has nothing to ask.
        #[default]
        Unknown = "unknown",
        /// It answers.
        Ok = "ok",
        /// It does not.
        Failing = "failing",
    }
}

words! {
    /// Where a registration stands.
    #[derive(Default)]
    RegistrationState {
        /// The trunk does not register.
        #[default]
        None = "none",
        /// The carrier sends calls to us.
        Registered = "registered",
        /// The carrier does not take us: user name or password are wrong, or the account is closed.
        Refused = "refused",
        /// The carrier cannot be reached or is broken.
        Failing = "failing",
    }
}

/// What came of a ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ping {
    /// The far end answered with a final status.
    Answered {
        /// The status.
        status: u16,
        /// Time to the answer, in milliseconds.
        rtt_ms: u32,
    },
    /// No answer, with the reason when one is known.
    Failed {
        /// Why, as a sentence without full stop.
        error: String,
    },
}

/// The health of a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Whether it answers.
    pub state: HealthState,
    /// Since when it is so.
    pub since: Option<Timestamp>,
    /// When it was asked last.
    pub checked_at: Option<Timestamp>,
    /// Time to the last answer, in milliseconds.
    pub rtt_ms: Option<u32>,
    /// What was wrong last time, as a sentence without full stop.
    pub error: Option<String>,
}

impl Health {
    /// The health after one more ping. Any answer shows that somebody is there, except "not now" (408, 503, 504).
    #[must_use]
    pub fn after(&self, ping: &Ping, now: Timestamp) -> Self {
        let (state, rtt_ms, error) = match ping {
            Ping::Answered {
                status: status @ (408 | 503 | 504),
                rtt_ms,
            } => {
                let error = format!("the carrier answers that it takes nothing now ({status})");
                (HealthState::Failing, Some(*rtt_ms), Some(error))
            }
            Ping::Answered { rtt_ms, .. } => (HealthState::Ok, Some(*rtt_ms), None),
            Ping::Failed { error } => (HealthState::Failing, None, Some(short(error))),
        };
        let since = if state == self.state {
            self.since
        } else {
            Some(now)
        };
        Self {
            state,
            since,
            checked_at: Some(now),
            rtt_ms,
            error,
        }
    }
}

/// What came of a REGISTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationNews {
    /// The carrier took it for so many seconds.
    Accepted {
        /// Seconds.
        expires_s: u32,
    },
    /// The carrier answered with a final failure.
    Refused {
        /// The status.
        status: u16,
    },
    /// No answer.
    Failed {
        /// Why, as a sentence without full stop.
        error: String,
    },
    /// We took it back.
    Ended,
}

/// The registration of a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// Where it stands.
    pub state: RegistrationState,
    /// Until when the carrier sends calls to us.
    pub expires_at: Option<Timestamp>,
    /// What was wrong last time, as a sentence without full stop.
    pub error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
}

impl Registration {
    /// The registration after news.
    #[must_use]
    pub fn after(&self, news: &RegistrationNews, now: Timestamp) -> Self {
        let (state, error) = match news {
            RegistrationNews::Accepted { expires_s } => {
                return Self {
                    state: RegistrationState::Registered,
                    expires_at: Some(now.plus_millis(i64::from(*expires_s) * 1_000)),
                    error: None,
                    failures: 0,
                };
            }
            RegistrationNews::Ended => return Self::default(),
            RegistrationNews::Refused { status } => refusal(*status),
            RegistrationNews::Failed { error } => (RegistrationState::Failing, short(error)),
        };
        Self {
            state,
            // What was granted before lasts until it runs out.
            expires_at: self.expires_at.filter(|until| *until > now),
            error: Some(error),
            failures: self.failures.saturating_add(1),
        }
    }

    /// How long to wait before the next REGISTER, in milliseconds. `chance` is 0 to 1 and spreads trunks that failed
    /// together.
    #[must_use]
    pub fn wait_ms(&self, expires_s: u32, chance: f64) -> u64 {
        if self.failures == 0 {
            // At three quarters, so that a lost refresh can be repeated in time.
            let refresh = u64::from(expires_s) * 750;
            return refresh.clamp(REFRESH_MS.0, REFRESH_MS.1);
        }
        let doubled = BACK_OFF_MS.0 << self.failures.saturating_sub(1).min(8);
        let longest = if self.state == RegistrationState::Refused {
            // A wrong password does not mend itself, and carriers lock those who insist.
            BACK_OFF_MS.1
        } else {
            doubled.min(BACK_OFF_MS.1)
        };
        jittered(longest, chance)
    }
}

/// `period` and up to a fifth more or less of it; `chance` is 0 to 1.
#[must_use]
pub fn jittered(period_ms: u64, chance: f64) -> u64 {
    let tenths = 8.0 + 4.0 * chance.clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "8 to 12"
    )]
    let hundredths = (tenths * 10.0) as u64;
    period_ms * hundredths / 100
}

fn refusal(status: u16) -> (RegistrationState, String) {
    let words = match status {
        401 | 403 | 407 => "the carrier refused the user name or password",
        404 | 410 => "the carrier knows no such user",
        423 => "the carrier wants registrations of another length",
        _ => {
            return (
                RegistrationState::Failing,
                format!("the carrier answers that it cannot register us now ({status})"),
            );
        }
    };
    (RegistrationState::Refused, format!("{words} ({status})"))
}

fn short(error: &str) -> String {
    error.chars().take(ERROR_MAX).collect()
}
