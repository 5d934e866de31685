//! What legs cost, to the micro-unit.

use proptest::prelude::*;

use super::rates::{PER_MINUTE_MICROS_MAX, PREFIXES_MAX};
use super::*;
use crate::base::{Currency, Money, PhoneNumber};

const USD: Currency = Currency::USD;

fn usd(text: &str) -> Money {
    Money::parse(text, USD).expect("an amount")
}

fn rate(per_minute: &str, first_s: u16, next_s: u16) -> LegRate {
    let increments = Increments::new(first_s, next_s).expect("steps");
    LegRate::new(usd(per_minute), increments).expect("a rate")
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).expect("a prefix")
}

fn number(digits: u64) -> PhoneNumber {
    PhoneNumber::from_digits(digits)
}

#[test]
fn time_that_is_begun_is_counted_in_steps_after_the_first() {
    for (first_s, next_s, ms, counted, cost) in [
        (1, 1, 0, 1, "0.0001"),
        (1, 1, 1, 1, "0.0001"),
        (1, 1, 61_000, 61, "0.0061"),
        (1, 1, 61_001, 62, "0.0062"),
        (6, 6, 6_000, 6, "0.0006"),
        (6, 6, 6_001, 12, "0.0012"),
        (60, 6, 1, 60, "0.006"),
        (60, 6, 60_001, 66, "0.0066"),
        (30, 6, 29_000, 30, "0.003"),
        (30, 6, 37_000, 42, "0.0042"),
        (60, 60, 1, 60, "0.006"),
        (60, 60, 60_000, 60, "0.006"),
        (60, 60, 60_001, 120, "0.012"),
        (60, 60, -5, 60, "0.006"),
    ] {
        let rate = rate("0.006", first_s, next_s);
        let case = format!("{first_s}/{next_s}, {ms} ms");
        assert_eq!(rate.increments().counted_s(ms), counted, "{case}");
        assert_eq!(rate.cost_of(ms), Ok(usd(cost)), "{case}");
    }
}

#[test]
fn a_cost_is_rounded_up_to_the_micro_unit() {
    // 0.0079 / 60 = 0.000131666…, and a third of a micro-unit is one.
    assert_eq!(rate("0.0079", 1, 1).cost_of(1_000), Ok(usd("0.000132")));
    assert_eq!(rate("0.00002", 1, 1).cost_of(1_000), Ok(usd("0.000001")));
    assert_eq!(rate("0", 60, 60).cost_of(600_000), Ok(usd("0")));
}

#[test]
fn the_longest_prefix_of_the_number_decides() {
    let card = RateCard::new(
        USD,
        Some(rate("0.0055", 6, 6)),
        Some(rate("0.5", 60, 60)),
        vec![
            (prefix("+1"), rate("0.006", 6, 6)),
            (prefix("1 876"), rate("0.35", 60, 60)),
            (prefix("44"), rate("0.02", 1, 1)),
            (prefix("447"), rate("0.04", 1, 1)),
            (prefix("12145550100"), rate("0.001", 1, 1)),
        ],
    )
    .expect("a card");
    for (to, per_minute) in [
        (None, "0.0055"),
        (Some(12_145_550_101), "0.006"),
        (Some(12_145_550_100), "0.001"),
        (Some(18_765_550_100), "0.35"),
        (Some(442_079_460_018), "0.02"),
        (Some(447_700_900_123), "0.04"),
        (Some(33_123_456_789), "0.5"),
    ] {
        let found = card.rate_of(to.map(number)).map(|rate| rate.per_minute());
        assert_eq!(found, Some(usd(per_minute)), "{to:?}");
    }
}

#[test]
fn a_leg_that_no_rate_is_for_costs_nobody_knows_what() {
    let of_prefix = vec![(prefix("1"), rate("0.006", 6, 6))];
    let card = RateCard::new(USD, None, None, of_prefix).expect("a card");
    assert_eq!(card.rate_of(None), None);
    assert_eq!(card.rate_of(Some(number(442_079_460_018))), None);
    assert!(!card.is_empty());
    let empty = RateCard::new(USD, None, None, Vec::new()).expect("a card");
    assert!(empty.is_empty());
}

#[test]
fn what_is_no_rate_card_is_refused_with_what_to_write() {
    for text in ["", "+", "0", "01", "1a", "+1-2", "++1", "1234567890123456"] {
        let told = Prefix::parse(text).expect_err(text).to_string();
        assert!(told.contains("country code"), "{told}");
    }
    for (first_s, next_s) in [(0, 1), (1, 0), (3_601, 1), (60, 3_601)] {
        let told = Increments::new(first_s, next_s);
        assert_eq!(told, Err(RateError::Step), "{first_s}/{next_s}");
    }
    let seconds = Increments::SECONDS;
    let dear = Money::from_micros(PER_MINUTE_MICROS_MAX + 1, USD);
    for per_minute in [usd("-0.000001"), dear] {
        let told = LegRate::new(per_minute, seconds);
        assert_eq!(told, Err(RateError::PerMinute), "{per_minute}");
    }
    let one = || (prefix("1"), rate("0.006", 6, 6));
    let twice = RateCard::new(USD, None, None, vec![one(), one()]);
    assert_eq!(twice, Err(RateError::Twice(prefix("1"))));
    let many = vec![one(); PREFIXES_MAX + 1];
    let told = RateCard::new(USD, None, None, many);
    assert_eq!(told, Err(RateError::TooMany(PREFIXES_MAX + 1)));
    let euro: Currency = "EUR".parse().expect("a currency");
    let foreign = LegRate::new(Money::zero(euro), seconds).ok();
    let told = RateCard::new(USD, foreign, None, Vec::new());
    assert_eq!(told, Err(RateError::Currency(euro, USD)));
}

proptest! {
    #[test]
    fn a_longer_leg_never_costs_less_and_no_leg_less_than_its_seconds(
        per_minute in 0..PER_MINUTE_MICROS_MAX,
        first_s in 1_u16..120,
        next_s in 1_u16..120,
        ms in 0_i64..86_400_000,
        more_ms in 0_i64..600_000,
    ) {
        let increments = Increments::new(first_s, next_s).expect("steps");
        let rate = LegRate::new(Money::from_micros(per_minute, USD), increments).expect("a rate");
        let cost = rate.cost_of(ms).expect("a cost").micros();
        let longer = rate.cost_of(ms + more_ms).expect("a cost").micros();
        prop_assert!(longer >= cost);
        let counted = increments.counted_s(ms);
        prop_assert!(counted * 1_000 >= ms, "time is left out");
        prop_assert!(counted >= i64::from(first_s));
        prop_assert!(counted - ms / 1_000 <= i64::from(first_s.max(next_s)));
        // Rounded up, and by less than one.
        let exact = i128::from(per_minute) * i128::from(counted);
        prop_assert!(i128::from(cost) * 60 >= exact);
        prop_assert!(i128::from(cost) * 60 < exact + 60);
    }

    #[test]
    fn the_prefix_that_is_found_is_the_longest_of_all(
        digits in 1_000_000_u64..999_999_999_999_999,
        lengths in prop::collection::btree_set(1_usize..16, 0..6),
        strangers in prop::collection::btree_set(1_u64..100_000, 0..20),
    ) {
        let text = digits.to_string();
        let own = lengths.iter().filter_map(|n| text.get(..*n));
        let others: Vec<String> = strangers.iter().map(ToString::to_string).collect();
        let mut all: Vec<&str> = own.chain(others.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        // Each rate says how long its prefix is.
        let rated = |p: &&str| {
            let length = i64::try_from(p.len()).expect("short");
            let rate = LegRate::new(Money::from_micros(length, USD), Increments::SECONDS);
            (prefix(p), rate.expect("a rate"))
        };
        let card = RateCard::new(USD, None, None, all.iter().map(rated).collect());
        let found = card.expect("a card").rate_of(Some(number(digits)));
        let longest = all.iter().filter(|p| text.starts_with(**p)).map(|p| p.len()).max();
        let longest = longest.map(|length| i64::try_from(length).expect("short"));
        prop_assert_eq!(found.map(|rate| rate.per_minute().micros()), longest);
    }
}
