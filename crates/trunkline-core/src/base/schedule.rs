//! Opening hours: weekly blocks on the clock of a zone, with exceptions by date.
//!
//! A schedule is read off the clock on the wall. So a block inside the hour that is left out in spring is never open,
//! and a block inside the hour that comes twice in autumn is open both times. A block belongs to the day it begins
//! on, also the part of it after midnight: a holiday replaces the blocks that begin on it.

use std::fmt;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::time::{Timestamp, Zone};
use super::words;

/// Most blocks of a week.
pub const WEEKLY_MAX: usize = 50;
/// Most exceptions by date.
pub const HOLIDAYS_MAX: usize = 200;
/// Most blocks of one exception.
pub const HOLIDAY_BLOCKS_MAX: usize = 10;
const DAY_MINUTES: u16 = 24 * 60;

words! {
    /// A day of the week.
    Day {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

impl Day {
    /// The day before.
    #[must_use]
    pub const fn before(self) -> Self {
        match self {
            Self::Monday => Self::Sunday,
            Self::Tuesday => Self::Monday,
            Self::Wednesday => Self::Tuesday,
            Self::Thursday => Self::Wednesday,
            Self::Friday => Self::Thursday,
            Self::Saturday => Self::Friday,
            Self::Sunday => Self::Saturday,
        }
    }
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// A time on the clock: minutes since midnight, 00:00 to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl TryFrom<String> for TimeOfDay {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time of day; write it as 09:00, up to 24:00");
        let two = |part: &str| -> Option<u16> {
            let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|_| digits)
        };
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let (hours, minutes) = two(hours).zip(two(minutes)).ok_or_else(wrong)?;
        let total = hours * 60 + minutes;
        if minutes > 59 || total > DAY_MINUTES {
            return Err(wrong());
        }
        Ok(Self(total))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A day of the calendar, written as 2026-12-25.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarDate(Date);

impl TryFrom<String> for CalendarDate {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let date: Option<Date> = text.parse().ok().filter(|_| text.len() == 10);
        date.map(Self)
            .ok_or_else(|| format!("`{text}` is no date; write it as 2026-12-25"))
    }
}

impl From<CalendarDate> for String {
    fn from(date: CalendarDate) -> Self {
        date.0.to_string()
    }
}

/// A span of a day. One that ends at or before its beginning goes on into the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// The first minute that is open.
    pub from: TimeOfDay,
    /// The first minute that is not open any more.
    pub to: TimeOfDay,
}

impl Block {
    const fn over_midnight(self) -> bool {
        self.to.0 <= self.from.0
    }

    /// Whether a minute of the day it begins on lies in it.
    const fn holds(self, minute: u16) -> bool {
        self.from.0 <= minute && (minute < self.to.0 || self.over_midnight())
    }

    /// Whether a minute of the day after lies in it.
    const fn holds_after_midnight(self, minute: u16) -> bool {
        self.over_midnight() && minute < self.to.0
    }
}

/// A block that comes back every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeeklyBlock {
    /// The days it begins on.
    pub days: Vec<Day>,
    /// The first minute that is open.
    pub from: TimeOfDay,
    /// The first minute that is not open any more; at or before `from`: of the next day.
    pub to: TimeOfDay,
}

impl WeeklyBlock {
    /// Whether a minute of a day lies in it, the part after midnight of a block that began the day before included.
    #[must_use]
    pub fn holds(&self, day: Day, minute: u16) -> bool {
        let block = Block {
            from: self.from,
            to: self.to,
        };
        (self.days.contains(&day) && block.holds(minute))
            || (self.days.contains(&day.before()) && block.holds_after_midnight(minute))
    }
}

/// A date with hours of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// Which day.
    pub date: CalendarDate,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it is open; closed when empty.
    #[serde(default)]
    pub open: Vec<Block>,
}

/// When something is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Whose clock.
    #[serde(with = "zone_name")]
    pub zone: Zone,
    /// The blocks of every week.
    #[serde(default)]
    pub weekly: Vec<WeeklyBlock>,
    /// Dates that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
}

impl Schedule {
    /// Whether it is open at a moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let clock = self.zone.wall_clock(at);
        clock.is_some_and(|(today, minute)| self.is_open_by_clock(today, minute))
    }

    /// Whether it is open when its zone's clocks show a date and a minute of the day; for whoever read the clock already.
    #[must_use]
    pub fn is_open_by_clock(&self, today: Date, minute: u16) -> bool {
        let yesterday = today.yesterday().ok();
        self.any_block(today, |block| block.holds(minute))
            || yesterday
                .is_some_and(|day| self.any_block(day, |block| block.holds_after_midnight(minute)))
    }

    /// Whether any block that begins on `date` passes.
    fn any_block(&self, date: Date, passes: impl Fn(Block) -> bool) -> bool {
        if let Some(holiday) = self.holidays.iter().find(|h| h.date.0 == date) {
            return holiday.open.iter().copied().any(passes);
        }
        let day = Day::from(date.weekday());
        let mut todays = self.weekly.iter().filter(|w| w.days.contains(&day));
        todays.any(|w| {
            passes(Block {
                from: w.from,
                to: w.to,
            })
        })
    }

    /// What keeps the schedule from meaning what it says, in words.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut most = |count: usize, most: usize, what: &str| {
            if count > most {
                found.push(format!("has {count} {what}; at most {most}"));
            }
        };
        most(self.weekly.len(), WEEKLY_MAX, "weekly blocks");
        most(self.holidays.len(), HOLIDAYS_MAX, "dates");
        for holiday in &self.holidays {
            most(holiday.open.len(), HOLIDAY_BLOCKS_MAX, "blocks on one date");
        }
        if self.weekly.iter().any(|w| w.days.is_empty()) {
            found.push("has a weekly block without days; write days such as mon".to_owned());
        }
        if self.weekly.iter().all(|w| w.days.is_empty())
            && self.holidays.iter().all(|h| h.open.is_empty())
        {
            found.push("is never open; write weekly blocks".to_owned());
        }
        let mut dates: Vec<_> = self.holidays.iter().map(|h| h.date).collect();
        dates.sort_unstable();
        if let Some(twice) = dates.windows(2).find(|pair| pair[0] == pair[1]) {
            let date = String::from(twice[0]);
            found.push(format!(
                "has {date} twice; write all its blocks at one place"
            ));
        }
        found
    }
}

/// A zone as its IANA name.
mod zone_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Zone;

    pub(super) fn serialize<S: Serializer>(zone: &Zone, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(zone.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Zone, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Zone::parse(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(json: &str) -> Schedule {
        serde_json::from_str(json).expect("a schedule")
    }

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().expect("a moment");
        Timestamp::from_millis(moment.as_millisecond())
    }

    #[test]
    fn it_is_open_inside_its_blocks_and_on_no_other_day() {
        let hours = schedule(
            r#"{"zone": "America/Chicago",
                "weekly": [{"days": ["mon", "tue"], "from": "09:00", "to": "12:00"},
                           {"days": ["mon"], "from": "13:00", "to": "24:00"},
                           {"days": ["fri"], "from": "22:00", "to": "02:00"},
                           {"days": ["sun"], "from": "00:00", "to": "00:00"}],
                "holidays": [{"date": "2026-12-21", "name": "Party", "open": [{"from": "10:00", "to": "11:00"}]},
                             {"date": "2026-12-25"}]}"#,
        );
        assert_eq!(hours.problems(), [""; 0]);
        // Chicago is six hours behind UTC in winter. 2026-11-23 is a Monday.
        for (moment, open) in [
            ("2026-11-23T14:59:59Z", false),
            ("2026-11-23T15:00:00Z", true),
            ("2026-11-23T17:59:59Z", true),
            ("2026-11-23T18:00:00Z", false),
            ("2026-11-24T05:59:59Z", true),
            ("2026-11-24T06:00:00Z", false),
            ("2026-11-25T16:00:00Z", false),
            ("2026-11-28T03:59:00Z", false),
            ("2026-11-28T04:00:00Z", true),
            ("2026-11-28T07:59:00Z", true),
            ("2026-11-28T08:00:00Z", false),
            ("2026-11-29T06:00:00Z", true),
            ("2026-11-30T05:59:00Z", true),
            ("2026-11-30T06:00:00Z", false),
            ("2026-12-21T15:30:00Z", false),
            ("2026-12-21T16:30:00Z", true),
            // Friday, 25 December begins no block, so the night after it has none.
            ("2026-12-26T04:30:00Z", false),
            ("2026-12-26T07:30:00Z", false),
        ] {
            assert_eq!(hours.is_open(at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn the_hour_left_out_in_spring_is_never_open_and_the_one_that_comes_twice_is_open_twice() {
        let hours = schedule(
            r#"{"zone": "America/New_York",
                "weekly": [{"days": ["sun"], "from": "01:00", "to": "02:00"},
                           {"days": ["sat"], "from": "23:00", "to": "02:30"},
                           {"days": ["sun"], "from": "02:30", "to": "03:00"}]}"#,
        );
        // 2026-03-08, 02:00 is 03:00; 2026-11-01, 02:00 is 01:00 once more.
        for (moment, open) in [
            ("2026-03-08T06:30:00Z", true),
            ("2026-03-08T06:59:59Z", true),
            ("2026-03-08T07:00:00Z", false),
            ("2026-03-08T07:30:00Z", false),
            ("2026-11-01T05:30:00Z", true),
            ("2026-11-01T06:30:00Z", true),
            ("2026-11-01T07:15:00Z", true),
            ("2026-11-01T07:45:00Z", true),
            ("2026-11-01T08:00:00Z", false),
        ] {
            assert_eq!(hours.is_open(at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn a_schedule_is_written_as_it_was_read_and_says_what_is_wrong_with_it() {
        let text = r#"{"zone":"Europe/Berlin","weekly":[{"days":["mon","sun"],"from":"09:00","to":"24:00"}],"holidays":[{"date":"2026-12-25","open":[]}]}"#;
        let written = serde_json::to_string(&schedule(text)).expect("JSON");
        assert_eq!(written, text);
        for (wrong, said) in [
            (r#"{"zone": "Mars/Olympus"}"#, "IANA"),
            (
                r#"{"zone": "UTC", "weekly": [{"days": ["mo"], "from": "09:00", "to": "10:00"}]}"#,
                "mon",
            ),
            (
                r#"{"zone": "UTC", "weekly": [{"days": [], "from": "9:00", "to": "10:00"}]}"#,
                "09:00",
            ),
            (
                r#"{"zone": "UTC", "weekly": [{"days": [], "from": "09:60", "to": "24:01"}]}"#,
                "09:00",
            ),
            (
                r#"{"zone": "UTC", "holidays": [{"date": "2026-02-30"}]}"#,
                "2026-12-25",
            ),
        ] {
            let error = serde_json::from_str::<Schedule>(wrong).expect_err(wrong);
            assert!(error.to_string().contains(said), "{error}");
        }
        let never = schedule(
            r#"{"zone": "UTC", "weekly": [{"days": [], "from": "09:00", "to": "10:00"}],
                "holidays": [{"date": "2026-12-25"}, {"date": "2026-12-25"}]}"#,
        );
        assert_eq!(never.problems().len(), 3);
    }
}
