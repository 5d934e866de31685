//! Caps: what fits, what stops, and how a day is spread.

use super::*;
use crate::base::Schedule;
use crate::base::id::{CapKind, IdMap};

fn cap(json: &str) -> Limit {
    let cap: Cap = read(json);
    cap.compile(&Shelf::default())
        .unwrap_or_else(|p| panic!("{:?}", messages(&p)))
}

fn uses(of: &[(i64, CapUse)]) -> IdMap<CapKind, CapUse> {
    of.iter().map(|(n, usage)| (cap_id(*n), *usage)).collect()
}

fn used(used: i64, reserved: i64) -> CapUse {
    CapUse {
        used,
        reserved,
        slice: None,
    }
}

fn daily(n: i64, more: &str) -> String {
    format!(
        r#"{{"id": "{}", "window": {{"period": "day", "zone": "UTC"}}{more}}}"#,
        cap_id(n)
    )
}

#[test]
fn one_more_fits_while_used_and_reserved_stay_under_the_most() {
    for (unit, max, usage, adds, fits) in [
        ("billable", "5", used(4, 0), 1, true),
        ("billable", "5", used(3, 2), 1, false),
        ("offered", "5", used(0, 5), 1, false),
        ("connected", "0", used(0, 0), 1, false),
        (
            "revenue",
            "100.50",
            used(60_000_000, 500_000),
            40_000_000,
            true,
        ),
        (
            "revenue",
            "100.50",
            used(60_000_000, 500_001),
            40_000_000,
            false,
        ),
        ("payout", "10", used(i64::MAX, i64::MAX), 1, false),
    ] {
        let limit = cap(&daily(1, &format!(r#", "counts": "{unit}", "max": {max}"#)));
        let adds = Adds {
            revenue: adds,
            payout: adds,
        };
        let got = room(&[limit], &plain(), &uses(&[(1, usage)]), adds);
        assert_eq!(got.is_ok(), fits, "{unit} {max} {usage:?} {got:?}");
        if let Err(stopped) = got {
            assert_eq!(
                (stopped.cap, stopped.used, stopped.paced),
                (cap_id(1), usage.used, false)
            );
        }
    }
    let unused = cap(&daily(1, r#", "max": 1"#));
    assert_eq!(
        room(&[unused], &plain(), &uses(&[]), Adds::default()),
        Ok(())
    );
}

#[test]
fn a_nested_cap_is_asked_when_the_one_around_it_is_about_the_opportunity() {
    let inner = daily(
        2,
        r#", "max": 1, "when": {"field": {"name": "state", "value": {"is": "TX"}}}"#,
    );
    let outer = |kind: &str| {
        let when = format!(r#"{{"field": {{"name": "kind", "value": {{"is": "{kind}"}}}}}}"#);
        cap(&daily(
            1,
            &format!(r#", "max": 10, "when": {when}, "caps": [{inner}]"#),
        ))
    };
    let full = uses(&[(2, used(1, 0))]);
    let stopped = room(&[outer("call")], &plain(), &full, Adds::default());
    assert_eq!(stopped.map_err(|s| s.cap), Err(cap_id(2)));
    assert_eq!(
        room(&[outer("lead")], &plain(), &full, Adds::default()),
        Ok(())
    );
    let mut elsewhere = known(&NO_TAGS);
    elsewhere.state = Some("CA");
    let facts = facts(&elsewhere);
    assert_eq!(
        room(&[outer("call")], &facts, &full, Adds::default()),
        Ok(())
    );
}

#[test]
fn a_counter_is_that_of_its_feed_when_feeds_are_counted_apart() {
    let (one, two) = (FeedId::from_raw(1), FeedId::from_raw(2));
    let together = cap(&daily(1, r#", "max": 1"#));
    assert_eq!(together.counter(one, NOW), together.counter(two, NOW));
    let apart = cap(&daily(1, r#", "max": 1, "per_feed": true"#));
    assert_ne!(apart.counter(one, NOW), apart.counter(two, NOW));
    assert!(apart.counter(one, NOW).window.contains(NOW));
}

#[test]
fn places_count_legs_and_what_reservations_take_of_one() {
    for (max, percent, legs, reserved, fits) in [
        (1, 100, 0, 0, true),
        (1, 100, 1, 0, false),
        (1, 100, 0, 1, false),
        (0, 100, 0, 0, false),
        (2, 0, 1, 50, true),
        (2, 50, 0, 2, true),
        (2, 50, 0, 3, false),
        (2, 255, 0, 1, true),
        (u32::MAX, 100, u32::MAX - 1, 0, true),
        (u32::MAX, 100, u32::MAX, u32::MAX, false),
    ] {
        let places = Places {
            max,
            reservation_percent: percent,
        };
        let live = Live { legs, reserved };
        assert_eq!(places.fit(live), fits, "{places:?} {live:?}");
    }
}

#[test]
fn a_day_is_spread_over_its_open_hours_and_catches_up_within_limits() {
    let hours: Schedule =
        read(r#"{"zone": "UTC", "weekly": [{"days": ["mon"], "from": "08:00", "to": "18:00"}]}"#);
    let limit = cap(&daily(
        1,
        r#", "max": 100, "pacing": {"catch_up_percent": 50}"#,
    ));
    for (moment, by_end, in_slice) in [
        ("2026-11-23T07:59:59Z", 0, 0),
        ("2026-11-23T08:00:00Z", 10, 15),
        ("2026-11-23T08:59:59Z", 10, 15),
        ("2026-11-23T12:30:00Z", 50, 15),
        ("2026-11-23T17:30:00Z", 100, 15),
        ("2026-11-23T18:00:00Z", 100, 0),
    ] {
        let got = pace(&limit, Some(&hours), at(moment)).expect("a pace");
        assert_eq!(
            (got.most_by_end, got.most_in_slice),
            (by_end, in_slice),
            "{moment}"
        );
        assert!(got.slice.contains(at(moment)));
    }
    assert_eq!(
        pace(&limit, Some(&hours), at("2026-11-24T12:00:00Z")),
        None,
        "closed all day"
    );
    let spread = pace(&limit, None, at("2026-11-24T12:00:00Z")).expect("a pace");
    assert_eq!(spread.most_by_end, 55, "13 of 24 hours, rounded up");
    let not_paced = cap(&daily(1, r#", "max": 100"#));
    assert_eq!(pace(&not_paced, None, NOW), None);
}

#[test]
fn a_paced_cap_stops_at_what_the_hour_may_take() {
    let limit = cap(&daily(1, r#", "max": 100, "pacing": {}"#));
    let usage = |used, taken| CapUse {
        used,
        reserved: 0,
        slice: Some(SliceUse {
            taken,
            most_in_slice: 10,
            most_by_end: 50,
        }),
    };
    for (usage, stopped) in [
        (usage(49, 9), None),
        (usage(50, 0), Some((50, true))),
        (usage(30, 10), Some((10, true))),
        (usage(100, 10), Some((100, false))),
    ] {
        let got = room(
            std::slice::from_ref(&limit),
            &plain(),
            &uses(&[(1, usage)]),
            Adds::default(),
        );
        assert_eq!(got.err().map(|s| (s.max, s.paced)), stopped, "{usage:?}");
    }
}

#[test]
fn what_a_cap_cannot_mean_is_said_with_its_place() {
    let id = cap_id(1);
    let deep = (0..4).fold(daily(9, r#", "max": 1"#), |inner, n| {
        daily(n, &format!(r#", "max": 1, "caps": [{inner}]"#))
    });
    for (json, place, said) in [
        (daily(1, r#", "max": -1"#), "max", "whole number"),
        (daily(1, r#", "max": 1.5"#), "max", "whole number"),
        (
            daily(1, r#", "max": -0.01, "counts": "revenue""#),
            "max",
            "amount",
        ),
        (
            format!(
                r#"{{"id": "{id}", "max": 1, "window": {{"period": "all", "rolling": true, "zone": "UTC"}}}}"#
            ),
            "window.rolling",
            "does not roll",
        ),
        (
            format!(
                r#"{{"id": "{id}", "max": 1, "window": {{"period": "week", "zone": "UTC"}}, "pacing": {{}}}}"#
            ),
            "pacing",
            "calendar day",
        ),
        (
            daily(1, r#", "max": 1, "pacing": {"catch_up_percent": 1001}"#),
            "pacing",
            "0 to 1000",
        ),
        (
            daily(1, r#", "max": 1, "when": {"all": []}"#),
            "when",
            "empty",
        ),
        (deep, "caps[0].caps[0].caps[0].caps[0]", "nested deeper"),
    ] {
        let cap: Cap = read(&json);
        assert_problem(&cap.problems(&Shelf::default()), place, said);
    }
    let twice = Layer {
        caps: vec![
            read(&daily(1, r#", "max": 1"#)),
            read(&daily(1, r#", "max": 2"#)),
        ],
        ..Layer::default()
    };
    assert_problem(&twice.problems(&Shelf::default()), "caps", "two caps");
    assert!(serde_json::from_str::<Cap>(&daily(1, r#", "max": 1, "maximum": 2"#)).is_err());
}
