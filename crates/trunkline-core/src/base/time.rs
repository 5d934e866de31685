//! Points in time as UTC milliseconds, and IANA time zones.
//!
//! The core never reads a clock: every function that needs "now" takes it as an argument.

use std::fmt;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The Unix epoch, used as "never" where a number has no history.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `millis` (which may be negative), held inside the range of `i64`.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is in fact later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 text in UTC with milliseconds, such as `2026-07-01T14:03:08.120Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| format!("{}ms", self.0), |t| format!("{t:.3}"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// An IANA time zone that is known to exist, such as `America/Chicago`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(String);

/// The text is not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an IANA time zone such as `America/Chicago`")]
pub struct ZoneError(pub String);

impl Zone {
    /// Checks the name against the time zone database.
    ///
    /// # Errors
    /// When no zone has that name.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        match jiff::tz::TimeZone::get(name) {
            Ok(_) => Ok(Self(name.to_owned())),
            Err(_) => Err(ZoneError(name.to_owned())),
        }
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Midnight that starts the zone's calendar day of `at`.
    #[must_use]
    pub fn start_of_day(&self, at: Timestamp) -> Timestamp {
        let start = jiff::Timestamp::from_millisecond(at.as_millis())
            .and_then(|t| t.in_tz(&self.0))
            .and_then(|z| z.start_of_day());
        start.map_or(at, |z| {
            Timestamp::from_millis(z.timestamp().as_millisecond())
        })
    }

    /// The date that the zone's calendars show at `at`, as `2026-07-01`; empty outside the calendar's range.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> String {
        self.wall_clock(at)
            .map_or_else(String::new, |(date, _)| date.to_string())
    }

    /// The date and the minute of the day that the zone's clocks show at `at`; `None` outside the calendar's range.
    #[must_use]
    pub fn wall_clock(&self, at: Timestamp) -> Option<(jiff::civil::Date, u16)> {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
        let clock = moment.in_tz(&self.0).ok()?;
        let minute = i32::from(clock.hour()) * 60 + i32::from(clock.minute());
        Some((clock.date(), u16::try_from(minute).ok()?))
    }
}
