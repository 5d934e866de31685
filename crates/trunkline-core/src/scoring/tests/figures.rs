//! Log loss by day, tenths, drift, and challengers.

use super::world::Chance;
use super::*;
use crate::base::{Timestamp, Zone};

const DAY_MS: i64 = 86_400_000;
/// A Monday, noon in Chicago.
const NOON: Timestamp = Timestamp::from_millis(1_795_456_800_000);

/// `count` outcomes a day, of which so many in a hundred are a yes; what is said is one fifth.
fn told(shares: &[usize], count: usize) -> Vec<Said> {
    let all = shares.iter().enumerate();
    all.flat_map(|(day, share)| {
        (0..count).map(move |n| Said {
            at: NOON.plus_millis(day as i64 * DAY_MS + n as i64),
            probability: 0.2,
            yes: n * 100 < share * count,
        })
    })
    .collect()
}

fn chicago() -> Zone {
    Zone::parse("America/Chicago").unwrap()
}

#[test]
fn each_day_of_the_accounts_zone_has_its_log_loss() {
    let days = days(&told(&[20, 50], 100), &chicago());
    let dates: Vec<&str> = days.iter().map(|day| day.date.as_str()).collect();
    assert_eq!(dates, ["2026-11-23", "2026-11-24"]);
    let loss = |share: f64| -share * 0.2_f64.ln() - (1.0 - share) * 0.8_f64.ln();
    for (day, share) in days.iter().zip([0.2, 0.5]) {
        assert!((day.loss - loss(share)).abs() < 1e-12, "{day:?}");
        assert!((day.said - 0.2).abs() < 1e-12, "{day:?}");
        assert_eq!(day.outcomes, 100);
        assert_eq!(day.yes, (share * 100.0) as usize);
    }
    // Midnight in Chicago, not in Greenwich, ends a day.
    let late = Said {
        at: NOON.plus_millis(11 * 3_600_000),
        probability: 0.5,
        yes: true,
    };
    assert_eq!(
        super::super::days(&[late], &chicago())[0].date,
        "2026-11-23"
    );
}

#[test]
fn a_jump_of_the_log_loss_is_an_alarm_and_luck_is_none() {
    let of = |shares: &[usize], count| drift(&days(&told(shares, count), &chicago()));
    let calm = [20; 15];
    let mut jump = calm;
    jump[14] = 45;
    let found = of(&jump, 200).unwrap();
    assert_eq!(found.date, "2026-12-07");
    assert!(found.errors > 3.0 && found.loss > found.before + 0.3);
    assert_eq!(of(&calm, 200), None);
    // The same jump of a day with few outcomes says nothing, and a day that is better is no alarm.
    assert_eq!(of(&jump, 40), None);
    let mut better = calm;
    better[14] = 5;
    assert_eq!(of(&better, 200), None);
    assert_eq!(of(&[45], 200), None);
    assert_eq!(drift(&[]), None);
}

#[test]
fn tenths_say_what_was_said_and_what_came() {
    let mut chance = Chance(1);
    let all: Vec<Said> = (0..10_000)
        .map(|_| {
            let probability = chance.part();
            Said {
                at: NOON,
                probability,
                yes: chance.part() < probability,
            }
        })
        .collect();
    let table = tenths(&all);
    assert_eq!(table.len(), 10);
    for (place, bin) in table.iter().enumerate() {
        assert_eq!(bin.calls, 1_000);
        assert!((bin.said - (place as f64 + 0.5) / 10.0).abs() < 0.02);
        assert!((bin.said - bin.right).abs() < 0.05, "{bin:?}");
    }
}

#[test]
fn a_challenger_wins_by_more_than_luck_or_not_at_all() {
    let pairs = |count: usize, champion: f64, challenger: f64| {
        let pair = |n: usize| Pair {
            champion,
            challenger,
            yes: n.is_multiple_of(5),
        };
        (0..count).map(pair).collect::<Vec<_>>()
    };
    assert!(wins(&pairs(600, 0.5, 0.2)));
    assert!(!wins(&pairs(400, 0.5, 0.2)), "too few outcomes");
    assert!(!wins(&pairs(600, 0.2, 0.5)), "it is worse");
    assert!(!wins(&pairs(600, 0.2, 0.2)), "it is the same");
    assert!(!wins(&pairs(600, 0.21, 0.2)), "it is hardly better");
    assert!(!wins(&[]));
}
