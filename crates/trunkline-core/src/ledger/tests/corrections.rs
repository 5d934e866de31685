//! Corrections are postings of their own, never take back more than there is, and leave nothing over.

use super::*;

const SALE: PostingKey = PostingKey {
    cause: Cause::Sale(Subject::Call(CALL)),
    n: 0,
};
const PAYOUT: PostingKey = PostingKey {
    cause: Cause::Payout(Subject::Call(CALL)),
    n: 0,
};

fn adjustment(n: i64) -> AdjustmentId {
    AdjustmentId::from_raw(n)
}

fn sold() -> Vec<Posting> {
    let pays = fixed(0, "45");
    let gets = fixed(0, "30");
    first(&call(&[leg(1, &pays, Some(1))]), &terms(by_rule(&gets))).postings
}

fn take_back(
    n: i64,
    parts: &[(PostingKey, Part)],
    postings: &[Posting],
) -> Result<Answer, PostError> {
    let event = Event::Reversed(Reversed {
        adjustment: adjustment(n),
        takes_back: parts,
    });
    let later = BOOKED.plus_millis(86_400_000);
    post(&event, &terms(None), &past(postings, &[]), later)
}

fn back(n: i64, parts: &[(PostingKey, Part)], postings: &mut Vec<Posting>) {
    match take_back(n, parts, postings) {
        Ok(Answer::Booked(more)) => postings.extend(more.postings),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_return_takes_back_a_part_then_the_rest_and_names_the_original() {
    let mut postings = sold();
    back(1, &[(SALE, Part::Amount(usd("15.000001")))], &mut postings);
    assert_eq!(owes(&postings, 1), usd("29.999999"));
    let last = postings.last().expect("a posting");
    assert_eq!(last.about(), Some(SALE));
    assert_eq!(last.occurred_at(), ENDED, "in the profit of its own day");
    assert_eq!(last.booked_at(), BOOKED.plus_millis(86_400_000));
    back(
        2,
        &[(SALE, Part::Whole), (PAYOUT, Part::Whole)],
        &mut postings,
    );
    assert_eq!(
        (owes(&postings, 1), earned(&postings)),
        (usd("0"), usd("0"))
    );
    let triple = triple(&postings, Book::Revenue, USD).expect("a triple");
    let expected = Triple {
        gross: usd("45"),
        returned: usd("45"),
        net: usd("0"),
    };
    assert_eq!(triple, expected);
    let again = take_back(2, &[(SALE, Part::Whole)], &postings);
    assert_eq!(
        again,
        Ok(Answer::Already(Cause::Adjustment(adjustment(2)).key(0)))
    );
}

#[test]
fn more_than_is_left_is_never_taken_back() {
    let mut postings = sold();
    back(1, &[(SALE, Part::Amount(usd("40")))], &mut postings);
    let too_much = |wanted, left| PostError::MoreThanLeft {
        key: SALE,
        wanted: usd(wanted),
        left: usd(left),
    };
    let reversal = Cause::Adjustment(adjustment(1)).key(0);
    let unknown = Cause::Telephony(CALL).key(0);
    let part = |amount| (SALE, Part::Amount(usd(amount)));
    for (parts, why) in [
        (vec![part("5.000001")], too_much("5.000001", "5")),
        (vec![part("3"), part("3")], too_much("3", "2")),
        (vec![part("5"), (SALE, Part::Whole)], too_much("0", "0")),
        (vec![part("0")], PostError::NotPositive(usd("0"))),
        (vec![part("-1")], PostError::NotPositive(usd("-1"))),
        (vec![], PostError::CorrectedCount(0)),
        (vec![part("0.01"); 65], PostError::CorrectedCount(65)),
        (vec![(unknown, Part::Whole)], PostError::Unknown(unknown)),
        (
            vec![(reversal, Part::Whole)],
            PostError::CorrectsCorrection(reversal),
        ),
    ] {
        assert_eq!(take_back(2, &parts, &postings), Err(why), "{parts:?}");
    }
}

#[test]
fn parts_of_a_posting_with_many_entries_leave_nothing_over() {
    let key = Cause::Telephony(CALL).key(0);
    let carrier = |n| Party::Carrier(TrunkId::from_raw(n));
    let owed = |n, micros| {
        let amount = Money::from_micros(micros, USD);
        Entry::credit(Book::CarrierPayable, carrier(n), amount).expect("an entry")
    };
    let cost = Entry::debit(
        Book::TelephonyCost,
        Party::House,
        Money::from_micros(10, USD),
    );
    let entries = vec![cost, owed(1, 3), owed(2, 3), owed(3, 4)];
    let original = Posting::new(key, ENDED, BOOKED, entries).expect("a posting");
    for first in 1..10 {
        let mut postings = vec![original.clone()];
        let part = Part::Amount(Money::from_micros(first, USD));
        back(1, &[(key, part)], &mut postings);
        let left = on(&postings, Book::TelephonyCost, Party::House);
        assert_eq!(left.micros(), 10 - first);
        back(2, &[(key, Part::Whole)], &mut postings);
        let over: Vec<i64> = (1..=3)
            .map(|n| on(&postings, Book::CarrierPayable, carrier(n)).micros())
            .collect();
        assert_eq!(over, [0, 0, 0], "{first}");
    }
}

#[test]
fn what_is_given_by_hand_names_what_it_is_about_and_takes_nothing_back() {
    let mut postings = sold();
    let gift = |n, to, amount| {
        Event::Given(Given {
            adjustment: adjustment(n),
            to,
            amount: usd(amount),
            about: Some(SALE),
        })
    };
    let to_buyer = Recipient::Buyer(buyer_id(1), Payment::NetTerms);
    for (n, (to, amount)) in (1..).zip([
        (to_buyer, "5"),
        (Recipient::Publisher(PUBLISHER), "-2"),
        (Recipient::Buyer(buyer_id(1), Payment::Prepaid), "1"),
    ]) {
        let event = gift(n, to, amount);
        let more = booked(&event, &terms(None), &past(&postings, &[])).postings;
        assert_eq!(more[0].about(), Some(SALE));
        assert_eq!(more[0].occurred_at(), ENDED);
        postings.extend(more);
    }
    assert_eq!(
        (owes(&postings, 1), earned(&postings)),
        (usd("40"), usd("28"))
    );
    let wallet = on(&postings, Book::BuyerWallet, Party::Buyer(buyer_id(1)));
    assert_eq!(wallet, usd("1"));
    let profit = profit(&postings, USD).expect("a profit");
    assert_eq!((profit.gross, profit.net), (usd("15"), usd("11")));
    // All of the sale can still be taken back.
    back(9, &[(SALE, Part::Whole)], &mut postings);
    assert_eq!(on(&postings, Book::Revenue, Party::House), usd("0"));
}

#[test]
fn nothing_is_given_in_another_currency() {
    let euro: Currency = "EUR".parse().expect("a currency");
    let event = Event::Given(Given {
        adjustment: adjustment(1),
        to: Recipient::Publisher(PUBLISHER),
        amount: Money::from_micros(1, euro),
        about: None,
    });
    let posted = post(&event, &terms(None), &History::default(), BOOKED);
    let why = crate::base::MoneyError::CurrencyMismatch(USD, euro);
    assert_eq!(posted, Err(PostError::Money(why)));
}
