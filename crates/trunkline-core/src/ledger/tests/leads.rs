//! Leads: each buyer who shares one pays, and the publisher is paid once.

use proptest::prelude::*;

use super::*;

fn sold<'a>(leg: u32, buyer: BuyerTerms<'a>) -> Event<'a> {
    Event::LeadSold(LeadSold {
        lead: LEAD,
        offered_at: OFFERED,
        sold_at: ENDED,
        leg,
        buyer,
    })
}

/// Every leg in turn, with what was booked for those before.
fn all(events: &[Event<'_>], terms: &Terms<'_>) -> Vec<Posting> {
    let mut postings = Vec::new();
    for event in events {
        let more = booked(event, terms, &past(&postings, &[])).postings;
        postings.extend(more);
    }
    postings
}

#[test]
fn the_publisher_is_paid_the_promised_price_with_the_first_buyer_and_never_again() {
    let per_bid = price(90, r#"{"per_bid": {}}"#);
    let bids = |n, amount| BuyerTerms {
        bid: Some(usd(amount)),
        ..buyer(n, &per_bid)
    };
    let events = [
        sold(0, bids(1, "10")),
        sold(1, bids(2, "8.5")),
        sold(2, bids(3, "8")),
    ];
    let postings = all(&events, &terms(Some(Pay::Quoted(usd("12.25")))));
    let expected = [
        "sale:opp_0000000000008:0",
        "payout:opp_0000000000008:0",
        "sale:opp_0000000000008:1",
        "sale:opp_0000000000008:2",
    ];
    assert_eq!(keys(&postings), expected);
    assert_eq!(earned(&postings), usd("12.25"));
    let profit = profit(&postings, USD).expect("a profit");
    assert_eq!((profit.revenue, profit.gross), (usd("26.5"), usd("14.25")));
    // The third buyer's answer comes twice.
    let again = post(&events[2], &terms(None), &past(&postings, &[]), BOOKED);
    assert_eq!(again, Ok(Answer::Already(postings[3].key())));
}

#[test]
fn by_rules_the_payout_follows_what_is_taken() {
    let ten = fixed(0, "10");
    let part = price(0, r#"{"percent_of_other": "33.3"}"#);
    let whole = fixed(0, "15");
    for (gets, first, then) in [(&part, "3.33", "6.66"), (&whole, "10", "15")] {
        let terms = terms(by_rule(gets));
        let one = all(&[sold(0, buyer(1, &ten))], &terms);
        assert_eq!(earned(&one), usd(first));
        let two = all(&[sold(0, buyer(1, &ten)), sold(1, buyer(2, &ten))], &terms);
        assert_eq!(earned(&two), usd(then));
        assert_eq!(two[3].key().to_string(), "payout:opp_0000000000008:1");
    }
}

#[test]
fn a_lead_that_brings_nothing_pays_no_promise() {
    let nothing = fixed(0, "0");
    let came = first(
        &sold(0, buyer(1, &nothing)),
        &terms(Some(Pay::Quoted(usd("5")))),
    );
    assert_eq!(came.postings, []);
    assert_eq!(came.publisher, Some(Side::NotSold));
}

proptest! {
    /// Answers of buyers come in any order, and again.
    #[test]
    fn the_order_of_answers_and_repeated_ones_change_nothing(
        amounts in prop::collection::vec(0_i64..50_000_000, 1..6),
        promise in 0_i64..60_000_000,
        order in prop::collection::vec(0_usize..6, 0..12),
        kind in 0_usize..3,
    ) {
        let per_bid = price(0, r#"{"per_bid": {}}"#);
        let rules = [fixed(0, "15"), price(0, r#"{"percent_of_other": "66.67"}"#)];
        let pay = match rules.get(kind) {
            Some(price) => by_rule(price),
            None => Some(Pay::Quoted(Money::from_micros(promise, USD))),
        };
        let terms = terms(pay);
        let event = |place: usize| {
            let n = i64::try_from(place).expect("few");
            let bids = BuyerTerms {
                bid: Some(Money::from_micros(amounts[place], USD)),
                ..buyer(n, &per_bid)
            };
            sold(u32::try_from(place).expect("few"), bids)
        };
        let straight: Vec<Event<'_>> = (0..amounts.len()).map(event).collect();
        let expected = all(&straight, &terms);
        let mut postings = Vec::new();
        let mixed = order.iter().map(|place| place % amounts.len());
        for place in mixed.chain(0..amounts.len()) {
            let answer = post(&event(place), &terms, &past(&postings, &[]), BOOKED);
            if let Answer::Booked(came) = answer.expect("an answer") {
                postings.extend(came.postings);
            }
        }
        prop_assert_eq!(earned(&postings), earned(&expected));
        for n in 0..6 {
            prop_assert_eq!(owes(&postings, n), owes(&expected, n));
        }
        let taken: i64 = amounts.iter().sum();
        prop_assert_eq!(on(&postings, Book::Revenue, Party::House).micros(), taken);
    }
}
