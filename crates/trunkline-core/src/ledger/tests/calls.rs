//! A call that ended: two sides, each by its own rule.

use super::*;

#[test]
fn each_side_follows_its_own_rule() {
    let pays = fixed(90, "45");
    let gets = fixed(60, "30");
    for (ms, revenue, payout, why) in [
        (Some(120_000), "45", "30", "both"),
        (Some(90_000), "45", "30", "from the very millisecond on"),
        (Some(89_999), "0", "0", "payable, but nothing was taken"),
        (Some(59_999), "0", "0", "neither"),
        (None, "0", "0", "nobody answered"),
    ] {
        let came = first(&call(&[leg(1, &pays, ms)]), &terms(by_rule(&gets)));
        assert_eq!(owes(&came.postings, 1), usd(revenue), "{why}");
        assert_eq!(earned(&came.postings), usd(payout), "{why}");
    }
    // Converted and not payable.
    let slow = fixed(150, "30");
    let came = first(
        &call(&[leg(1, &pays, Some(120_000))]),
        &terms(by_rule(&slow)),
    );
    assert_eq!(keys(&came.postings), ["sale:call_0000000000007:0"]);
    let short = Side::TooShort {
        connected_ms: 120_000,
        needed_ms: 150_000,
    };
    assert_eq!(came.publisher, Some(short));
}

#[test]
fn a_publisher_is_paid_more_than_was_taken_only_where_the_terms_allow_a_loss() {
    let pays = fixed(90, "20");
    let gets = fixed(60, "30");
    for (ms, loss_allowed, payout) in [
        (120_000, false, "20"),
        (120_000, true, "30"),
        (75_000, false, "0"),
        (75_000, true, "30"),
    ] {
        let pay = Pay::ByRule {
            price: &gets,
            sold: 0,
            loss_allowed,
        };
        let came = first(&call(&[leg(1, &pays, Some(ms))]), &terms(Some(pay)));
        assert_eq!(earned(&came.postings), usd(payout), "{ms} {loss_allowed}");
        let Some(Side::Amount { asked, amount, .. }) = came.publisher else {
            panic!("{:?}", came.publisher);
        };
        assert_eq!((asked, amount), (usd("30"), usd(payout)));
    }
}

#[test]
fn per_cent_of_the_other_side_go_down_to_the_cent_in_both_directions() {
    let pays = fixed(0, "33.33");
    let gets = price(0, r#"{"percent_of_other": 70}"#);
    let came = first(&call(&[leg(1, &pays, Some(1))]), &terms(by_rule(&gets)));
    // 23.331
    assert_eq!(earned(&came.postings), usd("23.33"));
    let profit = profit(&came.postings, USD).expect("a profit");
    assert_eq!((profit.gross, profit.net), (usd("10"), usd("10")));

    // The buyer pays a part of what the publisher asks, and the publisher gets no more than that.
    let part = price(0, r#"{"percent_of_other": 75}"#);
    let asks = fixed(0, "20.01");
    let came = first(&call(&[leg(1, &part, Some(1))]), &terms(by_rule(&asks)));
    // 15.0075
    assert_eq!(owes(&came.postings, 1), usd("15"));
    assert_eq!(earned(&came.postings), usd("15"));

    // Each a part of the other: nobody can say, so nothing is booked.
    let came = first(&call(&[leg(1, &part, Some(1))]), &terms(by_rule(&gets)));
    assert_eq!(came.postings, []);
    assert_eq!(came.publisher, Some(Side::Open { rule: Some(0) }));
}

#[test]
fn an_earlier_leg_is_billed_only_when_it_met_its_own_rule() {
    let quick = fixed(10, "5");
    let slow = fixed(90, "45");
    let gets = price(0, r#"{"percent_of_other": 50}"#);
    let legs = [
        leg(1, &quick, None),
        leg(2, &slow, Some(12_000)),
        leg(3, &quick, Some(12_000)),
        leg(4, &slow, Some(100_000)),
    ];
    let came = first(&call(&legs), &terms(by_rule(&gets)));
    let expected = [
        "sale:call_0000000000007:2",
        "sale:call_0000000000007:3",
        "payout:call_0000000000007:0",
    ];
    assert_eq!(keys(&came.postings), expected);
    let owed: Vec<Money> = (1..=4).map(|n| owes(&came.postings, n)).collect();
    assert_eq!(owed, [usd("0"), usd("0"), usd("5"), usd("45")]);
    assert_eq!(earned(&came.postings), usd("25"));
    assert_eq!(came.buyers[0], Side::NotConnected);
}

#[test]
fn the_publishers_clock_is_that_of_the_leg_that_is_paid_for() {
    let pays = fixed(30, "45");
    let never = fixed(600, "45");
    let tiers = r#"{"tiered": [{"from_s": 60, "amount": 10}, {"from_s": 120, "amount": 25}]}"#;
    let gets = price(0, tiers);
    let legs = [leg(1, &never, Some(130_000)), leg(2, &pays, Some(70_000))];
    let came = first(&call(&legs), &terms(by_rule(&gets)));
    assert_eq!(earned(&came.postings), usd("10"));
}

#[test]
fn prepaid_buyers_draw_on_their_wallet() {
    let pays = fixed(0, "12.5");
    let mut prepaid = leg(1, &pays, Some(1));
    prepaid.terms.payment = Payment::Prepaid;
    let came = first(&call(&[prepaid]), &terms(None));
    let wallet = on(&came.postings, Book::BuyerWallet, Party::Buyer(buyer_id(1)));
    assert_eq!(wallet, usd("-12.5"));
    assert_eq!(owes(&came.postings, 1), usd("0"));
}

#[test]
fn a_bid_is_what_it_pays_and_a_promise_is_kept_once_it_sold() {
    let per_bid = price(60, r#"{"per_bid": {}}"#);
    for (ms, bid, revenue, payout) in [
        (60_000, Some("31.250001"), "31.250001", "25"),
        (59_999, Some("31.250001"), "0", "0"),
        (60_000, Some("20"), "20", "25"),
        (60_000, None, "0", "0"),
    ] {
        let mut by_bid = leg(1, &per_bid, Some(ms));
        by_bid.terms.bid = bid.map(usd);
        let came = first(&call(&[by_bid]), &terms(Some(Pay::Quoted(usd("25")))));
        assert_eq!(owes(&came.postings, 1), usd(revenue), "{ms} {bid:?}");
        assert_eq!(earned(&came.postings), usd(payout), "{ms} {bid:?}");
    }
}

#[test]
fn a_call_is_booked_once() {
    let pays = fixed(0, "45");
    let legs = [leg(1, &pays, Some(1))];
    let event = call(&legs);
    let came = first(&event, &terms(None));
    let posted = &came.postings[0];
    assert_eq!((posted.occurred_at(), posted.booked_at()), (ENDED, BOOKED));
    let again = post(&event, &terms(None), &past(&came.postings, &[]), BOOKED);
    assert_eq!(again, Ok(Answer::Already(posted.key())));
    assert_eq!(first(&event, &terms(None)), came, "the same, byte for byte");
}

#[test]
fn prices_of_another_currency_and_below_zero_book_nothing() {
    let euro: Currency = "EUR".parse().expect("a currency");
    let pays = price(0, r#"{"per_bid": {}}"#);
    let mut odd = leg(1, &pays, Some(1));
    for (bid, why) in [
        (usd("-1"), PostError::Negative(usd("-1"))),
        (
            Money::from_micros(1, euro),
            PostError::Money(crate::base::MoneyError::CurrencyMismatch(USD, euro)),
        ),
    ] {
        odd.terms.bid = Some(bid);
        let posted = post(&call(&[odd]), &terms(None), &History::default(), BOOKED);
        assert_eq!(posted, Err(why), "{bid}");
    }
}
