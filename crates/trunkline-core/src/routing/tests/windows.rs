//! Windows of caps: on days when clocks are set, in five zones, and for any moment.

use proptest::prelude::*;

use super::*;

const ZONES: [&str; 8] = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    // Midnight is left out or comes twice; a whole day was left out.
    "America/Havana",
    "America/St_Johns",
    "Pacific/Apia",
];

fn window(period: Period, zone: &str) -> CapWindow {
    CapWindow {
        period,
        rolling: false,
        zone: Zone::parse(zone).expect("a zone"),
    }
}

#[test]
fn days_are_as_long_as_the_calendar_has_them_when_clocks_are_set() {
    const HOUR: i64 = 3_600_000;
    for (zone, moment, from, halves) in [
        (
            "America/New_York",
            "2026-03-08T12:00:00Z",
            "2026-03-08T05:00:00Z",
            46,
        ),
        (
            "America/New_York",
            "2026-11-01T12:00:00Z",
            "2026-11-01T04:00:00Z",
            50,
        ),
        (
            "America/New_York",
            "2026-11-02T04:59:59Z",
            "2026-11-01T04:00:00Z",
            50,
        ),
        (
            "Europe/Berlin",
            "2026-03-29T00:59:59Z",
            "2026-03-28T23:00:00Z",
            46,
        ),
        (
            "Europe/Berlin",
            "2026-10-25T22:59:59Z",
            "2026-10-24T22:00:00Z",
            50,
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-05T03:00:00Z",
            "2026-04-04T13:00:00Z",
            49,
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04T03:00:00Z",
            "2026-10-03T13:30:00Z",
            47,
        ),
        (
            "America/Sao_Paulo",
            "2026-10-18T12:00:00Z",
            "2026-10-18T03:00:00Z",
            48,
        ),
        (
            "America/Sao_Paulo",
            "2026-02-15T12:00:00Z",
            "2026-02-15T03:00:00Z",
            48,
        ),
        // It did set clocks at midnight once: the day began at 01:00.
        (
            "America/Sao_Paulo",
            "2017-10-15T12:00:00Z",
            "2017-10-15T03:00:00Z",
            46,
        ),
        (
            "America/Sao_Paulo",
            "2018-02-17T12:00:00Z",
            "2018-02-17T02:00:00Z",
            50,
        ),
        (
            "Africa/Casablanca",
            "2026-02-15T12:00:00Z",
            "2026-02-14T23:00:00Z",
            50,
        ),
        (
            "Africa/Casablanca",
            "2026-03-22T12:00:00Z",
            "2026-03-22T00:00:00Z",
            46,
        ),
    ] {
        let got = window(Period::Day, zone).at(at(moment));
        assert_eq!(got.from, at(from), "{zone} {moment}");
        assert_eq!(got.millis(), halves * HOUR / 2, "{zone} {moment}");
    }
}

#[test]
fn weeks_begin_on_monday_months_on_the_first_and_hours_where_clocks_are_set() {
    for (period, zone, moment, from, to) in [
        (
            Period::Minute,
            "UTC",
            "2026-11-23T16:00:59.999Z",
            "2026-11-23T16:00:00Z",
            "2026-11-23T16:01:00Z",
        ),
        (
            Period::Hour,
            "Asia/Kolkata",
            "2026-11-23T16:00:00Z",
            "2026-11-23T15:30:00Z",
            "2026-11-23T16:30:00Z",
        ),
        (
            Period::Week,
            "America/New_York",
            "2026-11-01T12:00:00Z",
            "2026-10-26T04:00:00Z",
            "2026-11-02T05:00:00Z",
        ),
        (
            Period::Week,
            "America/New_York",
            "2026-11-02T05:00:00Z",
            "2026-11-02T05:00:00Z",
            "2026-11-09T05:00:00Z",
        ),
        (
            Period::Month,
            "Europe/Berlin",
            "2026-03-29T12:00:00Z",
            "2026-02-28T23:00:00Z",
            "2026-03-31T22:00:00Z",
        ),
        (
            Period::Month,
            "UTC",
            "2028-02-29T23:59:59Z",
            "2028-02-01T00:00:00Z",
            "2028-03-01T00:00:00Z",
        ),
        // 01:xx comes twice and is two hours; then half an hour more at Lord Howe.
        (
            Period::Hour,
            "America/New_York",
            "2026-11-01T05:30:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-01T06:00:00Z",
        ),
        (
            Period::Hour,
            "America/New_York",
            "2026-11-01T06:30:00Z",
            "2026-11-01T06:00:00Z",
            "2026-11-01T07:00:00Z",
        ),
        (
            Period::Hour,
            "Australia/Lord_Howe",
            "2026-04-04T14:59:00Z",
            "2026-04-04T14:00:00Z",
            "2026-04-04T15:00:00Z",
        ),
        (
            Period::Hour,
            "Australia/Lord_Howe",
            "2026-04-04T15:00:00Z",
            "2026-04-04T15:00:00Z",
            "2026-04-04T15:30:00Z",
        ),
        (
            Period::Hour,
            "Australia/Lord_Howe",
            "2026-10-03T15:30:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-03T16:00:00Z",
        ),
        // The evening of 2010-11-06 comes twice at St. John's; its second part belongs to the 7th, which had begun.
        (
            Period::Day,
            "America/St_Johns",
            "2010-11-07T03:00:00Z",
            "2010-11-07T02:30:00Z",
            "2010-11-08T03:30:00Z",
        ),
    ] {
        let got = window(period, zone).at(at(moment));
        assert_eq!(
            (got.from, got.to),
            (at(from), at(to)),
            "{period:?} {zone} {moment}"
        );
    }
}

#[test]
fn a_rolling_window_ends_now_and_all_has_no_end() {
    let rolling = CapWindow {
        rolling: true,
        ..window(Period::Day, "UTC")
    };
    let got = rolling.at(NOW);
    assert!(got.contains(NOW) && got.contains(NOW.plus_millis(1 - 86_400_000)));
    assert!(!got.contains(NOW.plus_millis(-86_400_000)));
    assert_eq!(window(Period::All, "UTC").at(NOW), Window::ALL);
}

#[test]
fn a_zone_that_does_not_exist_is_named() {
    let wrong = r#"{"period": "day", "zone": "Mars/Olympus"}"#;
    let error = serde_json::from_str::<CapWindow>(wrong).expect_err("no zone");
    assert!(error.to_string().contains("Mars/Olympus"), "{error}");
}

proptest! {
    #[test]
    fn windows_contain_their_moment_and_follow_each_other_without_gap_or_overlap(
        zone in prop::sample::select(&ZONES[..]),
        period in prop::sample::select(&[Period::Minute, Period::Hour, Period::Day, Period::Week, Period::Month][..]),
        moment in 1_230_768_000_000_i64..2_000_000_000_000,
    ) {
        let window = window(period, zone);
        let mut at = Timestamp::from_millis(moment);
        let mut here = window.at(at);
        prop_assert!(here.contains(at), "{zone} {at:?} {here:?}");
        for _ in 0..40 {
            let next = window.at(here.to);
            prop_assert_eq!(next.from, here.to, "{} {:?}", zone, here);
            prop_assert!(next.to > next.from);
            // Every moment of it has the same window.
            for inside in [next.from, next.from.plus_millis(next.millis() / 2), next.to.plus_millis(-1)] {
                prop_assert_eq!(window.at(inside), next, "{} {:?}", zone, inside);
            }
            at = next.from;
            here = next;
        }
        prop_assert!(at > Timestamp::from_millis(moment));
    }
}
