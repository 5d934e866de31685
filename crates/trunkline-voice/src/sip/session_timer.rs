//! Session timers (RFC 4028): who refreshes a leg, how often, and when it counts as dead.
//!
//! Pure; the stack has none. A leg whose far end vanished without a BYE is found here.

use std::time::{Duration, Instant};

/// Shortest interval the RFC allows anybody to insist on (section 4), in seconds.
pub(crate) const INTERVAL_FLOOR_S: u32 = 90;
/// Longest interval that is taken seriously, in seconds.
const INTERVAL_CEILING_S: u32 = 24 * 3600;
/// How long to wait before a refresh that was refused for the moment is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(3);

/// Who sends the refreshes, in the roles of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresher {
    /// Whoever sent the request.
    Uac,
    /// Whoever answered it.
    Uas,
}

/// What the headers of one message say about the session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Said {
    /// `Supported: timer`.
    pub(crate) supported: bool,
    pub(crate) interval_s: Option<u32>,
    pub(crate) refresher: Option<Refresher>,
    /// `Min-SE`.
    pub(crate) min_s: Option<u32>,
    /// `Allow` has UPDATE: a refresh needs no session description.
    pub(crate) allows_update: bool,
}

/// What holds for a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) interval_s: u32,
    pub(crate) we_refresh: bool,
    /// The far end takes part, so it may be required to refresh.
    pub(crate) supported: bool,
}

/// The interval asked for is shorter than allowed: answer 422 with this `Min-SE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooSmall(pub(crate) u32);

impl Said {
    /// Reads a `Session-Expires` value such as `1800;refresher=uac`.
    pub(crate) fn with_interval(mut self, value: &str) -> Self {
        let mut parts = value.split(';').map(str::trim);
        self.interval_s = parts.next().and_then(|s| s.parse().ok());
        for part in parts {
            let Some((name, value)) = part.split_once('=') else {
                continue;
            };
            if name.trim().eq_ignore_ascii_case("refresher") {
                self.refresher = match value.trim().to_ascii_lowercase().as_str() {
                    "uac" => Some(Refresher::Uac),
                    "uas" => Some(Refresher::Uas),
                    _ => None,
                };
            }
        }
        self
    }
}

impl Agreed {
    /// Our decision about a request we answer (section 9). `floor_s` is our `Min-SE`.
    ///
    /// # Errors
    /// When the far end insists on an interval below our floor.
    pub(crate) fn as_uas(said: Said, ours_s: u32, floor_s: u32) -> Result<Self, TooSmall> {
        if said.supported && said.interval_s.is_some_and(|s| s < floor_s) {
            return Err(TooSmall(floor_s));
        }
        let floor_s = floor_s.max(said.min_s.unwrap_or(0)).min(INTERVAL_CEILING_S);
        let asked = said.interval_s.unwrap_or(ours_s).min(ours_s);
        // A far end without timers cannot refresh, and one that may choose is left the work.
        let we_refresh = !said.supported || said.refresher == Some(Refresher::Uas);
        Ok(Self {
            interval_s: asked.max(floor_s),
            we_refresh,
            supported: said.supported,
        })
    }

    /// What an answer to our request agreed to (section 7.2).
    pub(crate) fn as_uac(said: Said, ours_s: u32) -> Self {
        match said.interval_s {
            Some(interval) => Self {
                interval_s: interval.clamp(1, INTERVAL_CEILING_S),
                we_refresh: said.refresher != Some(Refresher::Uas),
                supported: true,
            },
            None => Self {
                interval_s: ours_s,
                we_refresh: true,
                supported: false,
            },
        }
    }

    /// `Session-Expires` for an answer of ours.
    pub(crate) fn answer_value(self) -> String {
        let refresher = if self.we_refresh { "uas" } else { "uac" };
        format!("{};refresher={refresher}", self.interval_s)
    }

    /// `Session-Expires` for a request of ours: the roles stay with the ends.
    pub(crate) fn request_value(self) -> String {
        let refresher = if self.we_refresh { "uac" } else { "uas" };
        format!("{};refresher={refresher}", self.interval_s)
    }
}

/// What a leg's timer wants now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Refresh,
    Expired,
}

/// The running timer of a leg.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimer {
    agreed: Agreed,
    refreshed_at: Instant,
    refresh_at: Option<Instant>,
}

impl SessionTimer {
    pub(crate) fn start(agreed: Agreed, now: Instant) -> Self {
        let half = Duration::from_secs(u64::from(agreed.interval_s)) / 2;
        let refresh_at = agreed.we_refresh.then(|| now + half);
        Self {
            agreed,
            refreshed_at: now,
            refresh_at,
        }
    }

    pub(crate) const fn agreed(&self) -> Agreed {
        self.agreed
    }

    /// The next moment at which something is due, and what.
    pub(crate) fn next(&self) -> (Instant, Due) {
        let interval = Duration::from_secs(u64::from(self.agreed.interval_s));
        // A third of the interval, at most 32 s, before the session would expire (section 10).
        let expires = self.refreshed_at + interval - (interval / 3).min(Duration::from_secs(32));
        match self.refresh_at {
            Some(at) if at < expires => (at, Due::Refresh),
            _ => (expires, Due::Expired),
        }
    }

    /// A refresh is on its way; only the expiry counts until it is answered.
    pub(crate) const fn refreshing(&mut self) {
        self.refresh_at = None;
    }

    /// A refresh was refused for the moment (491 and the like).
    pub(crate) fn retry(&mut self, now: Instant) {
        self.refresh_at = Some(now + RETRY_AFTER);
    }
}
