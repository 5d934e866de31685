//! In which span of time a cap counts: calendar windows on the clock of a zone, or a rolling span.
//!
//! Calendar windows follow each other without a gap and without an overlap, also on days of 23, 24½ or 25 hours and where
//! midnight is left out or comes twice.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::super::document::{Problem, Problems};
use crate::base::{Timestamp, Zone, words};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

words! {
    /// How long a window is.
    Period {
        /// 60 seconds.
        Minute = "minute",
        /// An hour on the clock.
        Hour = "hour",
        /// A day of the calendar, from midnight.
        Day = "day",
        /// From Monday to Sunday.
        Week = "week",
        /// A month of the calendar; 30 days when it is rolling.
        Month = "month",
        /// From the beginning, for ever.
        All = "all",
    }
}

/// In which span of time a cap counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapWindow {
    /// How long it is.
    pub period: Period,
    /// Whether it ends now, instead of by the calendar.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rolling: bool,
    /// Whose calendar.
    #[serde(with = "zone_name")]
    pub zone: Zone,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment behind it.
    pub to: Timestamp,
}

impl Window {
    /// All of time.
    pub const ALL: Self = Self {
        from: Timestamp::from_millis(i64::MIN),
        to: Timestamp::from_millis(i64::MAX),
    };

    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// How long it is.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.to.millis_since(self.from)
    }
}

impl CapWindow {
    /// A month of a zone's calendar.
    #[must_use]
    pub const fn month(zone: Zone) -> Self {
        Self {
            period: Period::Month,
            rolling: false,
            zone,
        }
    }

    /// The window that a moment lies in.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Window {
        if self.period == Period::All {
            return Window::ALL;
        }
        if let Some(length) = self.rolling_ms() {
            return Window {
                from: now.plus_millis(1 - length),
                to: now.plus_millis(1),
            };
        }
        // Zones and dates that the calendar does not have count in UTC.
        let zone = TimeZone::get(self.zone.name()).unwrap_or(TimeZone::UTC);
        match self.period {
            Period::Minute => floor(now, MINUTE_MS, 0),
            Period::Hour => hour(now, &zone),
            _ => days(self.period, now, &zone).unwrap_or_else(|| floor(now, DAY_MS, 0)),
        }
    }

    /// How long it is when it ends now; `None` by the calendar.
    #[must_use]
    pub fn rolling_ms(&self) -> Option<i64> {
        let length = match self.period {
            Period::Minute => MINUTE_MS,
            Period::Hour => HOUR_MS,
            Period::Day => DAY_MS,
            Period::Week => 7 * DAY_MS,
            Period::Month => 30 * DAY_MS,
            Period::All => return None,
        };
        self.rolling.then_some(length)
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if self.rolling && self.period == Period::All {
            let message = "all of time does not roll; leave rolling out, or choose a period";
            found.add("rolling", message);
        }
        found.0
    }
}

/// The span of `length` on a clock that is ahead of UTC by `offset`.
fn floor(now: Timestamp, length: i64, offset: i64) -> Window {
    let from = now.as_millis() - (now.as_millis() + offset).rem_euclid(length);
    Window {
        from: Timestamp::from_millis(from),
        to: Timestamp::from_millis(from + length),
    }
}

/// The hour on the clock. Where the clock is set, an hour ends there and another begins.
fn hour(now: Timestamp, zone: &TimeZone) -> Window {
    let Ok(moment) = jiff::Timestamp::from_millisecond(now.as_millis()) else {
        return floor(now, HOUR_MS, 0);
    };
    let offset = i64::from(zone.to_offset(moment).seconds()) * SECOND_MS;
    let mut window = floor(now, HOUR_MS, offset);
    let at = |moment: jiff::Timestamp| Timestamp::from_millis(moment.as_millisecond());
    // The transition of this very moment begins its hour.
    let just_after = moment.checked_add(jiff::SignedDuration::from_millis(1));
    if let Ok(after) = just_after
        && let Some(set) = zone.preceding(after).next()
    {
        window.from = window.from.max(at(set.timestamp()));
    }
    if let Some(set) = zone.following(moment).next() {
        window.to = window.to.min(at(set.timestamp()));
    }
    window
}

/// The day, week or month of the calendar. `None` outside the calendar's range.
fn days(period: Period, now: Timestamp, zone: &TimeZone) -> Option<Window> {
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
    let today = zone.to_datetime(moment).date();
    // Where the clock is set over midnight, what it shows and what has begun may differ by a day: the evening before comes
    // twice and belongs to the day that began. So the search starts a day early.
    let mut first = first_day(period, today.yesterday().ok()?);
    let mut from = midnight(first, zone)?;
    let mut to = midnight(next(period, first)?, zone)?;
    while to <= now {
        first = next(period, first)?;
        (from, to) = (to, midnight(next(period, first)?, zone)?);
    }
    Some(Window { from, to })
}

fn first_day(period: Period, date: Date) -> Date {
    match period {
        Period::Week => {
            let since_monday = date.weekday().to_monday_zero_offset();
            let back = jiff::Span::new().days(i64::from(since_monday));
            date.checked_sub(back).unwrap_or(date)
        }
        Period::Month => date.first_of_month(),
        _ => date,
    }
}

fn next(period: Period, first: Date) -> Option<Date> {
    let span = match period {
        Period::Week => jiff::Span::new().days(7),
        Period::Month => jiff::Span::new().months(1),
        _ => jiff::Span::new().days(1),
    };
    first.checked_add(span).ok()
}

/// The first moment of a day; where the clock leaves midnight out, the first after the gap.
fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(Timestamp::from_millis(start.as_millisecond()))
}

/// A zone as its IANA name.
pub(in crate::routing) mod zone_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::Zone;

    pub(in crate::routing) fn serialize<S: Serializer>(
        zone: &Zone,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(zone.name())
    }

    pub(in crate::routing) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Zone, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Zone::parse(&name).map_err(serde::de::Error::custom)
    }
}
