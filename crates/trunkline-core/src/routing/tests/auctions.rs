//! Auctions: which bids count, who wins, what is paid and offered.

use proptest::prelude::*;

use super::*;
use crate::base::MoneyError;

fn auction(json: &str) -> Auction {
    let rules: AuctionRules = read(json);
    let compiled = rules.compile(&Shelf::default(), Currency::USD);
    compiled.unwrap_or_else(|p| panic!("{json} {:?}", messages(&p)))
}

/// A bid of a company of its own, which need not be the only one among ten.
fn bid(n: i64, amount: &str) -> Bid {
    Bid {
        contract: contract(n),
        company: BuyerId::from_raw(n),
        amount: usd(amount),
        arrived_ms: 100,
        legs_max: 10,
        min_seconds: 0,
        bid_max: None,
        priority: 0,
        weight: 1,
    }
}

fn only(bid: Bid) -> Bid {
    Bid { legs_max: 1, ..bid }
}

fn settle(rules: &str, bids: &[Bid]) -> AuctionResult {
    settle_with(rules, bids, None, None)
}

fn settle_with(
    rules: &str,
    bids: &[Bid],
    floor: Option<&str>,
    publisher: Option<&str>,
) -> AuctionResult {
    let facts = plain();
    auction(rules).settle(bids, &asks(&facts, floor, publisher))
}

fn asks<'a>(
    facts: &'a Facts<'a>,
    floor: Option<&str>,
    publisher: Option<&str>,
) -> AuctionTerms<'a> {
    AuctionTerms {
        facts,
        floor: floor.map(usd),
        publisher_floor: publisher.map(usd),
        deadline_ms: 1_500,
        min_seconds: 60,
    }
}

#[test]
fn an_amount_is_a_plain_decimal_and_never_nan_or_negative() {
    for (text, amount) in [
        ("4.2", Ok(usd("4.20"))),
        (" 12 ", Ok(usd("12"))),
        ("0", Ok(usd("0"))),
        ("NaN", Err(())),
        ("-1", Err(())),
        ("inf", Err(())),
        ("1e3", Err(())),
        ("0x10", Err(())),
        ("1,000", Err(())),
        ("$5", Err(())),
        ("", Err(())),
        ("99999999999999999999", Err(())),
    ] {
        let got = read_amount(text, Currency::USD);
        assert_eq!(got.clone().map_err(|_| ()), amount, "{text} {got:?}");
    }
    let said = read_amount("-1", Currency::USD).expect_err("negative");
    assert_eq!(said, MoneyError::BadAmount("-1".to_owned()));
}

#[test]
fn a_bid_that_is_late_too_high_too_low_or_nothing_is_never_used() {
    let euro: Currency = "EUR".parse().expect("a currency");
    let late = Bid {
        arrived_ms: 1_501,
        ..bid(1, "90")
    };
    let high = Bid {
        bid_max: Some(usd("50")),
        ..bid(2, "50.000001")
    };
    let foreign = Bid {
        amount: Money::from_micros(80_000_000, euro),
        ..bid(5, "0")
    };
    let negative = Bid {
        amount: Money::from_micros(-1, Currency::USD),
        ..bid(6, "0")
    };
    let in_time = Bid {
        arrived_ms: 1_500,
        bid_max: Some(usd("10")),
        ..bid(7, "10")
    };
    let bids = [
        late,
        high,
        bid(3, "9.99"),
        bid(4, "0"),
        foreign,
        negative,
        in_time,
    ];
    let got = settle_with("{}", &bids, Some("10"), None);
    assert_eq!(
        got.bids,
        [
            BidOutcome::Late { by_ms: 1 },
            BidOutcome::AboveMax { max: usd("50") },
            BidOutcome::BelowFloor { floor: usd("10") },
            BidOutcome::Nothing,
            BidOutcome::Invalid,
            BidOutcome::Invalid,
            BidOutcome::Won { pays: usd("10") },
        ]
    );
    let reasons: Vec<_> = got.bids.iter().filter_map(BidOutcome::reason).collect();
    use ReasonCode::{BelowFloor, BidInvalid, BidLate, NoBid};
    assert_eq!(
        reasons,
        [
            BidLate, BidInvalid, BelowFloor, NoBid, BidInvalid, BidInvalid
        ]
    );
    let nobody = settle_with("{}", &bids[..6], Some("10"), None);
    assert_eq!(nobody.sale, Err(ReasonCode::NoCandidate));
}

#[test]
fn ties_go_to_priority_then_weight_then_the_earliest() {
    let tie = |n, priority, weight, arrived_ms| Bid {
        priority,
        weight,
        arrived_ms,
        ..bid(n, "20")
    };
    for (bids, winner) in [
        ([tie(1, 1, 9, 1), tie(2, 0, 1, 9), bid(3, "19.99")], 1),
        ([tie(1, 0, 1, 1), tie(2, 0, 2, 9), bid(3, "20.01")], 2),
        ([tie(1, 0, 1, 1), tie(2, 0, 2, 9), bid(3, "1")], 1),
        ([tie(1, 0, 2, 5), tie(2, 0, 2, 4), bid(3, "1")], 1),
        ([tie(2, 0, 2, 5), tie(1, 0, 2, 5), bid(3, "1")], 1),
    ] {
        assert_eq!(
            settle("{}", &bids).sale.expect("a sale").legs,
            [winner],
            "{bids:?}"
        );
    }
}

#[test]
fn the_winner_pays_its_bid_or_a_cent_more_than_the_second() {
    let second = r#"{"pays": "second_price"}"#;
    let same_company = Bid {
        company: BuyerId::from_raw(1),
        ..bid(3, "49")
    };
    for (rules, bids, floor, pays) in [
        ("{}", vec![bid(1, "50"), bid(2, "30")], None, "50"),
        (second, vec![bid(1, "50"), bid(2, "30")], None, "30.01"),
        (second, vec![bid(1, "50"), bid(2, "30")], Some("40"), "40"),
        (second, vec![bid(1, "50"), bid(2, "50")], None, "50"),
        (second, vec![bid(1, "50")], Some("12"), "12"),
        (second, vec![bid(1, "50")], None, "50"),
        (
            second,
            vec![bid(1, "50"), same_company, bid(2, "30")],
            None,
            "30.01",
        ),
    ] {
        let sale = settle_with(rules, &bids, floor, None).sale.expect("a sale");
        assert_eq!(
            (sale.legs, sale.revenue),
            (vec![0], usd(pays)),
            "{rules} {bids:?} {floor:?}"
        );
    }
}

#[test]
fn the_publisher_is_offered_what_is_left_of_it() {
    let texan = r#"{"field": {"name": "state", "value": {"is": "TX"}}}"#;
    let elsewhere = r#"{"field": {"name": "state", "value": {"is": "CA"}}}"#;
    let modifiers =
        |list: &str| format!(r#"{{"margin_percent": 10, "margin_min": 5, "modifiers": [{list}]}}"#);
    for (rules, publisher, offer) in [
        ("{}".to_owned(), None, Ok("80")),
        (r#"{"margin_percent": 15}"#.to_owned(), None, Ok("68")),
        (
            r#"{"margin_percent": "33.333333"}"#.to_owned(),
            None,
            Ok("53.33"),
        ),
        (
            r#"{"margin_percent": 5, "margin_amount": 10}"#.to_owned(),
            None,
            Ok("70"),
        ),
        (r#"{"offer_max": "60.00"}"#.to_owned(), None, Ok("60")),
        (
            r#"{"margin_amount": 80}"#.to_owned(),
            None,
            Err(ReasonCode::MarginLow),
        ),
        (r#"{"margin_percent": 15}"#.to_owned(), Some("68"), Ok("68")),
        (
            r#"{"margin_percent": 15}"#.to_owned(),
            Some("68.01"),
            Err(ReasonCode::BelowFloor),
        ),
        (
            modifiers(r#"{"change": {"add": -2}}, {"change": {"multiply": "0.5"}}"#),
            None,
            Ok("35"),
        ),
        (
            modifiers(r#"{"change": {"multiply": "0.5"}}, {"change": {"add": -2}}"#),
            None,
            Ok("34"),
        ),
        (
            modifiers(&format!(r#"{{"when": {texan}, "change": {{"set": 20}}}}"#)),
            None,
            Ok("20"),
        ),
        (
            modifiers(&format!(
                r#"{{"when": {elsewhere}, "change": {{"set": 20}}}}"#
            )),
            None,
            Ok("72"),
        ),
        (
            modifiers(&format!(
                r#"{{"when": {texan}, "change": {{"reject": {{}}}}}}"#
            )),
            None,
            Err(ReasonCode::MarginLow),
        ),
        (modifiers(r#"{"change": {"add": 100}}"#), None, Ok("75")),
        (
            r#"{"loss_allowed": true, "modifiers": [{"change": {"add": 100}}]}"#.to_owned(),
            None,
            Ok("180"),
        ),
    ] {
        let got = settle_with(&rules, &[bid(1, "80")], None, publisher).sale;
        assert_eq!(
            got.map(|sale| sale.offer),
            offer.map(usd),
            "{rules} {publisher:?}"
        );
    }
}

#[test]
fn the_promised_length_is_never_less_than_a_buyer_asks() {
    let long = Bid {
        min_seconds: 120,
        ..bid(1, "50")
    };
    let short = Bid {
        min_seconds: 30,
        ..bid(2, "40")
    };
    assert_eq!(
        settle("{}", &[long, short])
            .sale
            .expect("a sale")
            .min_seconds,
        120
    );
    assert_eq!(settle("{}", &[short]).sale.expect("a sale").min_seconds, 60);
    let both = settle(r#"{"legs_max": 2}"#, &[short, long])
        .sale
        .expect("a sale");
    assert_eq!((both.legs.len(), both.min_seconds), (2, 120));
}

#[test]
fn next_bids_go_down_to_break_even_with_what_was_promised() {
    let bids = [bid(1, "80"), bid(2, "68"), bid(3, "67.99"), bid(4, "75")];
    let got = settle(r#"{"margin_percent": 15}"#, &bids);
    let sale = got.sale.clone().expect("a sale");
    assert_eq!((sale.offer, sale.next), (usd("68"), vec![3, 1]));
    assert_eq!(got.bids[3], BidOutcome::Next { place: 0 });
    assert_eq!(got.bids[2], BidOutcome::Lost { best: usd("80") });
    let more = settle(r#"{"margin_percent": 15, "next_margin_min": 5}"#, &bids);
    assert_eq!(more.sale.expect("a sale").next, [3]);
}

#[test]
fn a_lead_is_shared_when_that_brings_more_and_never_twice_to_a_company() {
    let three = r#"{"legs_max": 3}"#;
    let among = |bid: Bid, legs_max| Bid { legs_max, ..bid };
    let sister = |bid: Bid| Bid {
        company: BuyerId::from_raw(1),
        ..bid
    };
    for (bids, legs, revenue) in [
        (
            vec![only(bid(1, "50")), bid(2, "20"), bid(3, "20"), bid(4, "20")],
            vec![1, 2, 3],
            "60",
        ),
        (
            vec![only(bid(1, "60")), bid(2, "20"), bid(3, "20"), bid(4, "20")],
            vec![0],
            "60",
        ),
        (
            vec![
                only(bid(1, "50")),
                among(bid(2, "30"), 2),
                among(bid(3, "30"), 2),
                bid(4, "10"),
            ],
            vec![1, 2],
            "60",
        ),
        (
            vec![bid(1, "30"), sister(bid(2, "29")), bid(3, "10")],
            vec![0, 2],
            "40",
        ),
        (vec![bid(1, "30")], vec![0], "30"),
        (
            vec![bid(1, "9"), bid(2, "9"), bid(3, "9"), bid(4, "9")],
            vec![0, 1, 2],
            "27",
        ),
    ] {
        let sale = settle(three, &bids).sale.expect("a sale");
        assert_eq!((sale.legs, sale.revenue), (legs, usd(revenue)), "{bids:?}");
    }
}

#[test]
fn an_auction_closes_early_only_when_nothing_can_change_it() {
    let facts = plain();
    let asks = asks(&facts, None, None);
    let can_close = |rules: &str, bids: &[Bid], outstanding: &[Option<Bid>]| {
        auction(rules).can_close(bids, outstanding, &asks)
    };
    let best = bid(1, "50");
    let later = |bid: Bid| {
        Some(Bid {
            arrived_ms: 101,
            ..bid
        })
    };
    let late = Bid {
        arrived_ms: 1_501,
        ..bid(1, "50")
    };
    for (rules, bids, outstanding, closes) in [
        ("{}", vec![], vec![], true),
        ("{}", vec![best], vec![], true),
        ("{}", vec![], vec![later(bid(2, "1"))], false),
        ("{}", vec![best], vec![later(bid(2, "49.99"))], true),
        ("{}", vec![best], vec![later(bid(2, "50"))], true),
        (
            "{}",
            vec![best],
            vec![later(Bid {
                priority: -1,
                ..bid(2, "50")
            })],
            false,
        ),
        ("{}", vec![best], vec![later(bid(2, "50.01"))], false),
        ("{}", vec![best], vec![None], false),
        ("{}", vec![late], vec![later(bid(2, "1"))], false),
        (
            r#"{"pays": "second_price"}"#,
            vec![best],
            vec![later(bid(2, "1"))],
            false,
        ),
        (
            r#"{"legs_max": 2}"#,
            vec![best],
            vec![later(bid(2, "1"))],
            false,
        ),
    ] {
        assert_eq!(
            can_close(rules, &bids, &outstanding),
            closes,
            "{rules} {bids:?} {outstanding:?}"
        );
    }
}

fn drawn_bid() -> impl Strategy<Value = Bid> {
    (
        1..7_i64,
        0..3_i64,
        0..6_000_i64,
        1..4_u8,
        0..1_600_u32,
        0..3_i32,
    )
        .prop_map(
            |(company, contract_of, cents, legs_max, arrived_ms, priority)| Bid {
                company: BuyerId::from_raw(company),
                contract: contract(company * 10 + contract_of),
                amount: Money::from_micros(cents * 10_000, Currency::USD),
                legs_max,
                arrived_ms,
                priority,
                ..bid(1, "0")
            },
        )
}

fn drawn_rules() -> impl Strategy<Value = AuctionRules> {
    let change = prop_oneof![
        (-50..50_i64).prop_map(|n| Change::Add(Decimal::from_micros(n * 333_333))),
        (0..30_i64).prop_map(|n| Change::Multiply(Decimal::from_micros(n * 100_001))),
        (0..80_i64).prop_map(|n| Change::Set(Decimal::from_micros(n * 1_000_001))),
    ];
    let modifiers = prop::collection::vec(
        change.prop_map(|change| Modifier { when: None, change }),
        0..4,
    );
    (
        0..=100_i64,
        0..10_i64,
        0..10_i64,
        any::<bool>(),
        1..4_u8,
        modifiers,
    )
        .prop_map(
            |(percent, amount, least, second, legs_max, modifiers)| AuctionRules {
                margin_percent: Decimal::from_micros(percent * 999_999),
                margin_amount: Decimal::from_micros(amount * 1_000_000),
                margin_min: Decimal::from_micros(least * 1_000_000),
                pays: if second {
                    Pays::SecondPrice
                } else {
                    Pays::FirstPrice
                },
                legs_max: if second { 1 } else { legs_max },
                modifiers,
                ..AuctionRules::default()
            },
        )
}

/// The most that any set of bids brings, with the fewest legs: all sets are tried.
fn by_force(bids: &[Bid], legs_max: u8) -> (i64, usize) {
    let usable: Vec<&Bid> = bids
        .iter()
        .filter(|b| b.arrived_ms <= 1_500 && b.amount.micros() > 0)
        .collect();
    let mut best = (0, 0);
    for set in 1_u32..1 << usable.len() {
        let of: Vec<&&Bid> = usable
            .iter()
            .enumerate()
            .filter(|(i, _)| set & (1 << i) != 0)
            .map(|(_, b)| b)
            .collect();
        let mut companies: Vec<_> = of.iter().map(|b| b.company).collect();
        companies.sort_unstable();
        companies.dedup();
        let fits = of.len() <= usize::from(legs_max)
            && companies.len() == of.len()
            && of.iter().all(|b| usize::from(b.legs_max) >= of.len());
        let sum = of.iter().map(|b| b.amount.micros()).sum::<i64>();
        if fits && (sum > best.0 || (sum == best.0 && of.len() < best.1)) {
            best = (sum, of.len());
        }
    }
    best
}

proptest! {
    #[test]
    fn a_shared_choice_is_the_best_of_all_sets(
        bids in prop::collection::vec(drawn_bid(), 0..9),
        legs_max in 1..4_u8,
    ) {
        let rules = format!(r#"{{"legs_max": {legs_max}}}"#);
        let got = settle(&rules, &bids);
        let (sum, legs) = by_force(&bids, legs_max);
        match got.sale {
            Ok(sale) => prop_assert_eq!((sale.revenue.micros(), sale.legs.len()), (sum, legs)),
            Err(reason) => prop_assert_eq!((reason, sum), (ReasonCode::NoCandidate, 0)),
        }
    }

    #[test]
    fn nothing_is_offered_that_is_not_taken(
        bids in prop::collection::vec(drawn_bid(), 1..9),
        rules in drawn_rules(),
        floor in prop::option::of(1..40_i64),
    ) {
        let facts = plain();
        let asks = AuctionTerms {
            floor: floor.map(|f| Money::from_micros(f * 1_000_000, Currency::USD)),
            ..asks(&facts, None, None)
        };
        let ready = rules.compile(&Shelf::default(), Currency::USD).expect("rules");
        let got = ready.settle(&bids, &asks);
        prop_assert_eq!(&got, &ready.settle(&bids, &asks));
        prop_assert_eq!(got.bids.len(), bids.len());
        let Ok(sale) = got.sale else { return Ok(()) };
        let offer = sale.offer.micros();
        prop_assert!(offer > 0 && offer % 10_000 == 0);
        prop_assert!(offer + rules.margin_min.micros() <= sale.revenue.micros());
        let pays: i64 = got.bids.iter().map(|o| match o {
            BidOutcome::Won { pays } => pays.micros(),
            _ => 0,
        }).sum();
        prop_assert_eq!(pays, sale.revenue.micros());
        for (place, outcome) in got.bids.iter().enumerate() {
            if let BidOutcome::Won { pays } = outcome {
                prop_assert!(pays.micros() <= bids[place].amount.micros());
                prop_assert!(floor.is_none_or(|f| pays.micros() >= f * 1_000_000));
            }
        }
        // Whoever takes over from whomever, what is left covers the offer.
        for next in &sale.next {
            for leg in &sale.legs {
                let own = if sale.legs.len() == 1 { sale.revenue } else { bids[*leg].amount };
                let left = sale.revenue.micros() - own.micros() + bids[*next].amount.micros();
                prop_assert!(left >= offer);
            }
        }
    }
}
