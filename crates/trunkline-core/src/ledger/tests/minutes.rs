//! What minutes come to on the books.

use super::*;

const NEAR: TrunkId = TrunkId::from_raw(1);
const FAR: TrunkId = TrunkId::from_raw(2);

fn used(trunk: TrunkId, cost: &str) -> TelephonyLeg {
    TelephonyLeg {
        trunk,
        cost: usd(cost),
    }
}

fn ended<'a>(legs: &'a [CallLeg<'a>], telephony: &'a [TelephonyLeg]) -> Event<'a> {
    Event::CallEnded(CallEnded {
        call: CALL,
        offered_at: OFFERED,
        ended_at: ENDED,
        legs,
        telephony,
    })
}

#[test]
fn legs_of_one_carrier_are_owed_together_and_free_ones_owe_nothing() {
    let telephony = [
        used(NEAR, "0.011"),
        used(NEAR, "0.015"),
        used(FAR, "0"),
        used(FAR, "0.01"),
    ];
    let came = first(&ended(&[], &telephony), &terms(None));
    assert_eq!(keys(&came.postings), ["telephony:call_0000000000007:0"]);
    let owed = |trunk| on(&came.postings, Book::CarrierPayable, Party::Carrier(trunk));
    assert_eq!(owed(NEAR), usd("0.026"));
    assert_eq!(owed(FAR), usd("0.01"));
    assert_eq!(
        on(&came.postings, Book::TelephonyCost, Party::House),
        usd("0.036")
    );
    let profit = profit(&came.postings, USD).expect("a profit");
    assert_eq!(profit.net, usd("-0.036"));
    let free = first(&ended(&[], &[used(FAR, "0")]), &terms(None));
    assert_eq!(keys(&free.postings), Vec::<String>::new());
}

#[test]
fn minutes_and_sales_are_booked_once_each_in_either_order() {
    let pays = fixed(0, "45");
    let legs = [leg(1, &pays, Some(120_000))];
    let telephony = [used(NEAR, "0.026")];
    let together = first(&ended(&legs, &telephony), &terms(None)).postings;
    let minutes = telephony_cost(CALL, &telephony, USD, ENDED, BOOKED);
    let minutes = minutes.expect("a cost").expect("a posting");
    assert!(
        together.contains(&minutes),
        "the same, however it is booked"
    );

    // The minutes first: the sale follows, without them.
    let before = [minutes];
    let after = booked(&ended(&legs, &telephony), &terms(None), &past(&before, &[]));
    assert_eq!(keys(&after.postings), ["sale:call_0000000000007:0"]);
    // Everything was booked: nothing follows.
    let again = post(
        &ended(&legs, &telephony),
        &terms(None),
        &past(&together, &[]),
        BOOKED,
    );
    let sale = Cause::Sale(Subject::Call(CALL)).key(0);
    assert_eq!(again, Ok(Answer::Already(sale)));
}

#[test]
fn what_does_not_fit_is_an_error_and_books_nothing() {
    let posted = |telephony: &[TelephonyLeg]| {
        let event = ended(&[], telephony);
        post(&event, &terms(None), &History::default(), BOOKED)
    };
    let dear = TelephonyLeg {
        trunk: NEAR,
        cost: Money::from_micros(i64::MAX, USD),
    };
    let overflow = PostError::Money(crate::base::MoneyError::Overflow);
    assert_eq!(posted(&[dear, dear]), Err(overflow));
    let below = used(NEAR, "-1");
    assert_eq!(posted(&[below]), Err(PostError::Negative(usd("-1"))));
    let many = vec![used(NEAR, "0.01"); LEGS_MAX + 1];
    assert_eq!(posted(&many), Err(PostError::TooManyLegs(LEGS_MAX + 1)));
}
