//! Traffic shapes: how many people come when, on what, from where, and how they call.
//!
//! Lengths of visits follow published figures of small businesses (two thirds within 120 s, 95 % within
//! 240 s), weekdays published call counts (most on Tuesday, fewest on Sunday). How long callers wait is not
//! published; those figures are assumptions, and the shapes differ in them on purpose.

/// Where the people of a shape live.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Homes {
    /// Most in the area codes of one town, some elsewhere in the country.
    Town {
        /// Its area codes.
        codes: &'static [u16],
        /// The share of the town.
        share: f64,
    },
    /// All over the United States, each area code alike.
    Nation,
}

/// A traffic shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it stands for.
    pub about: &'static str,
    /// New visits on a mean day, returns not counted.
    pub visits_per_day: f64,
    /// How busy each hour is, in any unit.
    pub hours: [f64; 24],
    /// How busy each weekday is from Monday on, in any unit.
    pub weekdays: [f64; 7],
    /// Bursts a day (a spot on the radio, a mailing), and how many times as busy those minutes are.
    pub bursts: (f64, f64),
    /// Median length of a visit, in milliseconds, and the spread of its logarithm.
    pub visit_ms: (f64, f64),
    /// Share of the visits on a telephone.
    pub phones: f64,
    /// Share of the visits that see the number.
    pub views: f64,
    /// Share of the visits that see it and call.
    pub calls: f64,
    /// Share of the readers who note the number and call later; median of that wait in milliseconds and
    /// the spread of its logarithm.
    pub later: (f64, f64, f64),
    /// Share of the callers who call once more.
    pub again: f64,
    /// Share of the people who come back.
    pub returns: f64,
    /// Share of the people who call from an office's one number.
    pub offices: f64,
    /// Share of desktop visits whose page stays open and visible for long.
    pub left_open: f64,
    /// Where they live.
    pub homes: Homes,
}

/// Days and evenings, with a dip at night.
const HOME_HOURS: [f64; 24] = [
    2.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 7.0, 8.0, 8.0, 8.0, 8.0, 8.0, 7.0, 7.0, 7.0, 7.0, 7.0,
    7.0, 6.0, 5.0, 4.0, 3.0,
];
/// Working hours.
const WORK_HOURS: [f64; 24] = [
    0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 1.0, 3.0, 7.0, 10.0, 10.0, 9.0, 7.0, 9.0, 9.0, 8.0, 6.0, 3.0,
    2.0, 1.5, 1.0, 1.0, 0.7, 0.5,
];
/// Most calls on Tuesday, fewest on Sunday.
const HOME_WEEK: [f64; 7] = [1.12, 1.20, 1.12, 1.05, 0.98, 0.85, 0.68];
const WORK_WEEK: [f64; 7] = [1.25, 1.35, 1.30, 1.25, 1.10, 0.40, 0.35];

const MINUTE_MS: f64 = 60_000.0;

/// The shapes.
pub const SHAPES: &[Shape] = &[
    Shape {
        name: "town",
        about: "a trade in one town: everybody calls from the same area codes",
        visits_per_day: 300.0,
        hours: HOME_HOURS,
        weekdays: HOME_WEEK,
        bursts: (0.0, 1.0),
        visit_ms: (95_000.0, 0.56),
        phones: 0.65,
        views: 0.6,
        calls: 0.05,
        later: (0.18, 25.0 * MINUTE_MS, 1.9),
        again: 0.15,
        returns: 0.15,
        offices: 0.03,
        left_open: 0.03,
        homes: Homes::Town {
            codes: &[214, 469, 972],
            share: 0.82,
        },
    },
    Shape {
        name: "nation",
        about: "a service for the whole country, with many visitors",
        visits_per_day: 1_500.0,
        hours: HOME_HOURS,
        weekdays: HOME_WEEK,
        bursts: (0.0, 1.0),
        visit_ms: (95_000.0, 0.56),
        phones: 0.55,
        views: 0.5,
        calls: 0.03,
        later: (0.2, 40.0 * MINUTE_MS, 2.0),
        again: 0.12,
        returns: 0.2,
        offices: 0.05,
        left_open: 0.04,
        homes: Homes::Nation,
    },
    Shape {
        name: "office",
        about: "sells to firms: desks, working hours, pages left open, switchboards, calls hours later",
        visits_per_day: 400.0,
        hours: WORK_HOURS,
        weekdays: WORK_WEEK,
        bursts: (0.0, 1.0),
        visit_ms: (130_000.0, 0.8),
        phones: 0.2,
        views: 0.5,
        calls: 0.04,
        later: (0.35, 120.0 * MINUTE_MS, 1.8),
        again: 0.25,
        returns: 0.35,
        offices: 0.45,
        left_open: 0.15,
        homes: Homes::Nation,
    },
    Shape {
        name: "bursts",
        about: "radio spots: four times a day ten minutes are twelve times as busy",
        visits_per_day: 500.0,
        hours: HOME_HOURS,
        weekdays: HOME_WEEK,
        bursts: (4.0, 12.0),
        visit_ms: (75_000.0, 0.6),
        phones: 0.75,
        views: 0.7,
        calls: 0.05,
        later: (0.12, 15.0 * MINUTE_MS, 1.6),
        again: 0.1,
        returns: 0.1,
        offices: 0.02,
        left_open: 0.02,
        homes: Homes::Town {
            codes: &[312, 773, 872, 708, 630, 847],
            share: 0.75,
        },
    },
];

impl Shape {
    /// By name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SHAPES.iter().find(|s| s.name == name)
    }
}
