//! Only what is balanced can be built, and a key has one text.

use super::*;

const BUYER: Party = Party::Buyer(BuyerId::from_raw(1));

fn sale() -> PostingKey {
    Cause::Sale(Subject::Call(CALL)).key(0)
}

fn posting(entries: Vec<Entry>) -> Result<Posting, PostingError> {
    Posting::new(sale(), ENDED, BOOKED, entries)
}

fn owed(text: &str) -> Entry {
    Entry::debit(Book::BuyerReceivable, BUYER, usd(text))
}

fn revenue(text: &str) -> Entry {
    Entry::credit(Book::Revenue, Party::House, usd(text)).expect("an entry")
}

#[test]
fn what_is_not_balanced_is_not_a_posting() {
    let euro: Currency = "EUR".parse().expect("a currency");
    let foreign = Entry {
        amount: Money::from_micros(-45_000_000, euro),
        ..revenue("45")
    };
    let nobodys = Entry {
        party: Party::House,
        ..owed("45")
    };
    let many = || {
        let carrier = |n| Party::Carrier(TrunkId::from_raw(n));
        let mut entries: Vec<Entry> = (0..32)
            .map(|n| Entry::debit(Book::CarrierPayable, carrier(n), usd("1")))
            .collect();
        entries.push(revenue("32"));
        entries
    };
    let most = Money::from_micros(i64::MAX, USD);
    let huge = vec![
        Entry::debit(Book::Cash, Party::House, most),
        Entry::debit(Book::Payout, Party::House, most),
    ];
    for (entries, why) in [
        (vec![], PostingError::Count(0)),
        (vec![owed("45")], PostingError::Count(1)),
        (many(), PostingError::Count(33)),
        (
            vec![owed("45"), revenue("44.999999")],
            PostingError::Unbalanced(usd("0.000001")),
        ),
        (
            vec![owed("0"), revenue("0")],
            PostingError::Nothing(Book::BuyerReceivable),
        ),
        (
            vec![nobodys, revenue("45")],
            PostingError::WrongParty(Book::BuyerReceivable, PartyKind::House),
        ),
        (
            vec![owed("20"), owed("25"), revenue("45")],
            PostingError::Twice(Book::BuyerReceivable, BUYER),
        ),
        (
            vec![owed("45"), foreign],
            PostingError::Money(crate::base::MoneyError::CurrencyMismatch(USD, euro)),
        ),
        (huge, PostingError::Money(crate::base::MoneyError::Overflow)),
    ] {
        assert_eq!(posting(entries.clone()), Err(why), "{entries:?}");
    }
    let good = [posting(vec![owed("45"), revenue("45")]).expect("a posting")];
    assert_eq!(owes(&good, 1), usd("45"));
    assert_eq!(on(&good, Book::Revenue, Party::House), usd("45"));
}

#[test]
fn every_book_has_a_side_an_owner_and_a_sentence() {
    for book in Book::ALL {
        assert_eq!(Book::from_word(book.word()), Some(*book));
        assert!(book.sentence().ends_with('.'), "{}", book.word());
    }
    // Assets and costs on the left, debts and revenue on the right.
    let left: Vec<&str> = Book::ALL
        .iter()
        .filter(|book| book.grows_on() == BookSide::Debit)
        .map(|book| book.word())
        .collect();
    let expected = [
        "buyer_receivable",
        "cash",
        "payout",
        "telephony_cost",
        "enrichment_cost",
        "adjustments",
        "rounding",
    ];
    assert_eq!(left, expected);
}

#[test]
fn a_key_has_one_text_and_is_read_from_it() {
    let adjustment = AdjustmentId::from_raw(5);
    for key in [
        Cause::Sale(Subject::Call(CALL)).key(0),
        Cause::Sale(Subject::Lead(LEAD)).key(3),
        Cause::Payout(Subject::Lead(LEAD)).key(1),
        Cause::Telephony(CALL).key(0),
        Cause::Conversion(Subject::Call(CALL)).key(u32::MAX),
        Cause::Adjustment(adjustment).key(2),
    ] {
        assert_eq!(key.to_string().parse(), Ok(key), "{key}");
    }
    assert_eq!(sale().to_string(), "sale:call_0000000000007:0");
    for bad in [
        "",
        "sale",
        "sale:call_0000000000007",
        "sale:call_0000000000007:",
        "sale:call_0000000000007:00",
        "sale:call_0000000000007:+1",
        "sale:call_0000000000007:4294967296",
        "telephony:opp_0000000000008:0",
        "gift:call_0000000000007:0",
        "sale:buy_0000000000007:0",
    ] {
        assert!(bad.parse::<PostingKey>().is_err(), "{bad}");
    }
}
