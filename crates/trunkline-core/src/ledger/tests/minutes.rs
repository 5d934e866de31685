//! What minutes cost, to the micro-unit.

use super::*;

fn rate(per_minute: &str, increment: Increment, minimum_s: u32) -> TelephonyRate {
    TelephonyRate {
        per_minute: usd(per_minute),
        increment,
        minimum_s,
    }
}

#[test]
fn time_that_is_begun_is_counted_in_steps_after_the_minimum() {
    use Increment::{OneMinute, OneSecond, SixSeconds};
    for (increment, minimum_s, ms, counted, cost) in [
        (OneSecond, 0, Some(0), 0, "0"),
        (OneSecond, 0, Some(1), 1, "0.0001"),
        (OneSecond, 0, Some(61_000), 61, "0.0061"),
        (OneSecond, 0, Some(61_001), 62, "0.0062"),
        (SixSeconds, 0, Some(6_000), 6, "0.0006"),
        (SixSeconds, 0, Some(6_001), 12, "0.0012"),
        (SixSeconds, 60, Some(1), 60, "0.006"),
        (SixSeconds, 60, Some(60_001), 66, "0.0066"),
        (SixSeconds, 30, Some(37_000), 42, "0.0042"),
        (OneMinute, 0, Some(1), 60, "0.006"),
        (OneMinute, 60, Some(60_000), 60, "0.006"),
        (OneMinute, 60, Some(60_001), 120, "0.012"),
        (OneMinute, 60, None, 0, "0"),
        (OneSecond, 30, Some(0), 30, "0.003"),
    ] {
        let rate = rate("0.006", increment, minimum_s);
        let case = format!("{} after {minimum_s} s, {ms:?} ms", increment.word());
        assert_eq!(rate.counted_s(ms), counted, "{case}");
        assert_eq!(rate.cost(ms), Ok(usd(cost)), "{case}");
    }
    // 0.0079 / 60 = 0.00013166…
    let fine = rate("0.0079", Increment::OneSecond, 0);
    assert_eq!(fine.cost(Some(1_000)), Ok(usd("0.000132")));
}

#[test]
fn legs_of_one_carrier_are_owed_together_and_unanswered_ones_cost_nothing() {
    let (near, far) = (TrunkId::from_raw(1), TrunkId::from_raw(2));
    let used = |trunk, per_minute, connected_ms| TelephonyLeg {
        trunk,
        rate: rate(per_minute, Increment::SixSeconds, 0),
        connected_ms,
    };
    let telephony = [
        used(near, "0.0055", Some(120_000)),
        used(near, "0.01", Some(90_000)),
        used(far, "0.02", None),
        used(far, "0.02", Some(30_000)),
    ];
    let event = Event::CallEnded(CallEnded {
        call: CALL,
        offered_at: OFFERED,
        ended_at: ENDED,
        legs: &[],
        telephony: &telephony,
    });
    let came = first(&event, &terms(None));
    assert_eq!(keys(&came.postings), ["telephony:call_0000000000007:0"]);
    let owed = |trunk| on(&came.postings, Book::CarrierPayable, Party::Carrier(trunk));
    assert_eq!(owed(near), usd("0.026"));
    assert_eq!(owed(far), usd("0.01"));
    assert_eq!(
        on(&came.postings, Book::TelephonyCost, Party::House),
        usd("0.036")
    );
    let profit = profit(&came.postings, USD).expect("a profit");
    assert_eq!(profit.net, usd("-0.036"));
}

#[test]
fn what_does_not_fit_is_an_error_and_books_nothing() {
    let dear = |trunk| TelephonyLeg {
        trunk: TrunkId::from_raw(trunk),
        rate: TelephonyRate {
            per_minute: Money::from_micros(i64::MAX, USD),
            increment: Increment::OneMinute,
            minimum_s: 0,
        },
        connected_ms: Some(60_000),
    };
    let posted = |telephony: &[TelephonyLeg]| {
        let event = Event::CallEnded(CallEnded {
            call: CALL,
            offered_at: OFFERED,
            ended_at: ENDED,
            legs: &[],
            telephony,
        });
        post(&event, &terms(None), &History::default(), BOOKED)
    };
    let overflow = PostError::Money(crate::base::MoneyError::Overflow);
    assert_eq!(posted(&[dear(1), dear(2)]), Err(overflow));
    let below = TelephonyLeg {
        rate: rate("-1", Increment::OneMinute, 0),
        ..dear(1)
    };
    assert_eq!(posted(&[below]), Err(PostError::Negative(usd("-1"))));
    let many = vec![dear(1); 65];
    assert_eq!(posted(&many), Err(PostError::TooManyLegs(65)));
}
