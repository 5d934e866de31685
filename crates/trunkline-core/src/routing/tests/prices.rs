//! Prices: the first rule that fits, the billable test, and no loss by rounding.

use proptest::prelude::*;

use super::*;

fn book(json: &str) -> PriceBook {
    let rules: PriceRules = read(json);
    let compiled = rules.compile(&Shelf::default(), Currency::USD);
    compiled.unwrap_or_else(|p| panic!("{json} {:?}", messages(&p)))
}

fn one(rate: &str) -> PriceBook {
    book(&format!(r#"{{"rules": [{{"rate": {rate}}}]}}"#))
}

fn amount(book: &PriceBook, after: &After) -> Option<Money> {
    match book.charge(&plain(), NOW, after).expect("an amount") {
        Some(Charge::Amount { amount, .. }) => Some(amount),
        _ => None,
    }
}

fn talked(ms: i64) -> After {
    After {
        connected_ms: Some(ms),
        ..After::default()
    }
}

#[test]
fn a_call_is_billable_from_the_very_millisecond_on() {
    let book = book(r#"{"billable_from_s": 90, "rules": [{"rate": {"fixed": "45.00"}}]}"#);
    for (ms, pays) in [
        (89_999, None),
        (90_000, Some(usd("45"))),
        (90_001, Some(usd("45"))),
    ] {
        assert_eq!(amount(&book, &talked(ms)), pays, "{ms}");
    }
    let charge = book
        .charge(&plain(), NOW, &talked(89_999))
        .expect("a charge");
    let needed = Charge::NotBillable {
        connected_ms: 89_999,
        needed_ms: 90_000,
    };
    assert_eq!(charge, Some(needed));
    assert_eq!(
        amount(&book, &After::default()),
        Some(usd("45")),
        "a lead has no length"
    );
}

#[test]
fn every_rate_comes_to_what_it_says() {
    let tiers = r#"{"tiered": [{"from_s": 60, "amount": 20}, {"from_s": 120, "amount": 45}]}"#;
    let minute = r#"{"per_minute": {"amount": "0.60", "increment_s": 6, "most_s": 600}}"#;
    let bonus = r#"{"base_and_bonus": {"base": 10, "bonus": "5.50", "bonus_from_s": 300}}"#;
    let volume = r#"{"volume": [{"from": 0, "amount": 30}, {"from": 100, "amount": 25}]}"#;
    let bid = After {
        bid: Some(usd("31.25")),
        ..After::default()
    };
    let other = |text| After {
        other: Some(usd(text)),
        ..After::default()
    };
    let sold = |sold| After {
        sold,
        ..After::default()
    };
    let reported = |text| After {
        reported: Some(usd(text)),
        ..After::default()
    };
    for (rate, after, pays) in [
        (tiers, talked(59_999), Some("0")),
        (tiers, talked(60_000), Some("20")),
        (tiers, talked(119_999), Some("20")),
        (tiers, talked(120_000), Some("45")),
        (minute, talked(0), Some("0")),
        (minute, talked(1), Some("0.06")),
        (minute, talked(6_000), Some("0.06")),
        (minute, talked(6_001), Some("0.12")),
        (minute, talked(900_000), Some("6")),
        (bonus, talked(299_999), Some("10")),
        (bonus, talked(300_000), Some("15.5")),
        (volume, sold(99), Some("30")),
        (volume, sold(100), Some("25")),
        (r#"{"per_bid": {}}"#, bid, Some("31.25")),
        (r#"{"per_bid": {}}"#, After::default(), None),
        (r#"{"percent_of_other": 70}"#, other("33.33"), Some("23.33")),
        (
            r#"{"percent_of_other": "33.333333"}"#,
            other("0.02"),
            Some("0"),
        ),
        (r#"{"percent_of_other": 70}"#, After::default(), None),
        (r#"{"reported": {"most": 100}}"#, reported("80"), Some("80")),
        (
            r#"{"reported": {"most": 100}}"#,
            reported("180"),
            Some("100"),
        ),
        (r#"{"reported": {"most": 100}}"#, After::default(), None),
    ] {
        assert_eq!(
            amount(&one(rate), &after),
            pays.map(usd),
            "{rate} {after:?}"
        );
    }
}

#[test]
fn what_may_be_paid_at_most_is_known_before() {
    let before = Before {
        bid: Some(usd("60")),
        other: Some(usd("50")),
        sold: 100,
    };
    for (rate, most) in [
        (r#"{"fixed": 45}"#, Some("45")),
        (
            r#"{"tiered": [{"from_s": 60, "amount": 50}, {"from_s": 120, "amount": 45}]}"#,
            Some("50"),
        ),
        (r#"{"per_bid": {}}"#, Some("60")),
        (r#"{"percent_of_other": 50}"#, Some("25")),
        (
            r#"{"per_minute": {"amount": "0.60", "most_s": 600}}"#,
            Some("6"),
        ),
        (
            r#"{"base_and_bonus": {"base": 10, "bonus": 5, "bonus_from_s": 1}}"#,
            Some("15"),
        ),
        (
            r#"{"volume": [{"from": 0, "amount": 30}, {"from": 100, "amount": 25}]}"#,
            Some("25"),
        ),
        (r#"{"reported": {"most": 100}}"#, Some("100")),
    ] {
        let quote = one(rate).quote(&plain(), NOW, &before).expect("a quote");
        assert_eq!(quote.most, most.map(usd), "{rate}");
        assert_eq!(quote.is_bid, rate.contains("per_bid"));
    }
}

#[test]
fn the_first_rule_that_fits_fires_and_says_which() {
    let book = book(
        r#"{"rules": [
            {"when": {"field": {"name": "state", "value": {"is": "CA"}}}, "rate": {"fixed": 90}},
            {"schedule": {"zone": "America/Chicago", "weekly": [{"days": ["mon"], "from": "09:00", "to": "11:00"}]}, "rate": {"fixed": 60}},
            {"when": {"field": {"name": "state", "value": {"is": "TX"}}}, "rate": {"fixed": 50}}]}"#,
    );
    let charge =
        |facts: &Facts<'_>, at| book.charge(facts, at, &After::default()).expect("a charge");
    let amount = |rule, text| {
        Some(Charge::Amount {
            rule,
            amount: usd(text),
        })
    };
    assert_eq!(charge(&plain(), NOW), amount(1, "60"));
    assert_eq!(
        charge(&plain(), NOW.plus_millis(3_600_000)),
        amount(2, "50")
    );
    let mut known = known(&NO_TAGS);
    known.state = Some("CA");
    assert_eq!(charge(&facts(&known), NOW), amount(0, "90"));
    known.state = Some("NY");
    assert_eq!(charge(&facts(&known), NOW.plus_millis(3_600_000)), None);
}

#[test]
fn what_rules_cannot_mean_is_said_with_its_place() {
    for (json, place, said) in [
        (r#"{"rules": []}"#, "rules", "1 to"),
        (
            r#"{"rules": [{"rate": {"fixed": 1}}, {"rate": {"fixed": 2}}]}"#,
            "rules[0]",
            "never fire",
        ),
        (
            r#"{"rules": [{"rate": {"fixed": -1}}]}"#,
            "rules[0].rate",
            "out of range",
        ),
        (
            r#"{"rules": [{"rate": {"percent_of_other": 101}}]}"#,
            "rules[0].rate",
            "0 to 100",
        ),
        (
            r#"{"rules": [{"rate": {"tiered": []}}]}"#,
            "rules[0].rate",
            "tiers",
        ),
        (
            r#"{"rules": [{"rate": {"tiered": [{"from_s": 9, "amount": 1}, {"from_s": 9, "amount": 2}]}}]}"#,
            "rules[0].rate",
            "do not rise",
        ),
        (
            r#"{"rules": [{"rate": {"volume": [{"from": 1, "amount": 1}]}}]}"#,
            "rules[0].rate",
            "first sales",
        ),
        (
            r#"{"rules": [{"rate": {"per_minute": {"amount": 1, "most_s": 0}}}]}"#,
            "rules[0].rate",
            "steps",
        ),
        (
            r#"{"billable_from_s": 90000, "rules": [{"rate": {"fixed": 1}}]}"#,
            "billable_from_s",
            "out of range",
        ),
        (
            r#"{"rules": [{"when": {"any": []}, "rate": {"fixed": 1}}]}"#,
            "rules[0].when",
            "empty",
        ),
    ] {
        let rules: PriceRules = read(json);
        assert_problem(&rules.problems(&Shelf::default()), place, said);
    }
    for wrong in [
        r#"{"rules": [{"rate": {"fixed": "1e2"}}]}"#,
        r#"{"rules": [{"rate": {"fixed": 1, "per_bid": {}}}]}"#,
        r#"{"rules": [{"rate": {"per_bid": {"x": 1}}}]}"#,
    ] {
        assert!(
            serde_json::from_str::<PriceRules>(wrong).is_err(),
            "{wrong}"
        );
    }
}

proptest! {
    #[test]
    fn a_part_of_the_other_side_is_whole_cents_and_never_more_than_the_part(
        other in 0..1_000_000_000_000_i64,
        percent in 0..=100_000_000_i64,
    ) {
        let percent = Decimal::from_micros(percent);
        let book = one(&format!(r#"{{"percent_of_other": "{percent}"}}"#));
        let after = After {
            other: Some(Money::from_micros(other, Currency::USD)),
            ..After::default()
        };
        let got = amount(&book, &after).expect("an amount").micros();
        let exact = i128::from(other) * i128::from(percent.micros()) / 100_000_000;
        prop_assert_eq!(got % 10_000, 0);
        prop_assert!(i128::from(got) <= exact && exact - i128::from(got) < 10_000);
    }

    #[test]
    fn nothing_costs_more_than_what_was_said_before(
        ms in 0..10_000_000_i64,
        sold in 0..300_u32,
        rate in prop::sample::select(&[
            r#"{"fixed": 45}"#,
            r#"{"tiered": [{"from_s": 60, "amount": 50}, {"from_s": 120, "amount": 45}]}"#,
            r#"{"per_minute": {"amount": "0.61", "increment_s": 7, "most_s": 601}}"#,
            r#"{"base_and_bonus": {"base": 10, "bonus": 5, "bonus_from_s": 90}}"#,
            r#"{"volume": [{"from": 0, "amount": 30}, {"from": 100, "amount": 25}]}"#,
        ][..]),
    ) {
        let book = one(rate);
        let before = Before { sold, ..Before::default() };
        let most = book.quote(&plain(), NOW, &before).and_then(|q| q.most).expect("a most");
        let after = After { connected_ms: Some(ms), sold, ..After::default() };
        let pays = amount(&book, &after).expect("an amount");
        prop_assert!(pays.micros() <= most.micros(), "{rate} {pays} {most}");
    }
}
