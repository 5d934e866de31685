//! What the ledger promises, one file of promises for each room.

mod calls;
mod corrections;
mod entries;
mod holds;
mod laws;
mod leads;
mod minutes;
mod reports;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::*;
use crate::base::id::{AdjustmentId, BuyerId, CallId, OpportunityId, PublisherId, TrunkId};
use crate::base::{Currency, Money, Timestamp, Zone};
use crate::routing::{Facts, Known, OpportunityKind, Payment, PriceBook, PriceRules, Shelf};

const USD: Currency = Currency::USD;
/// 2026-11-23, a Monday, 10:00 in Chicago.
const OFFERED: Timestamp = Timestamp::from_millis(1_795_449_600_000);
const ENDED: Timestamp = OFFERED.plus_millis(200_000);
const BOOKED: Timestamp = OFFERED.plus_millis(200_040);

static NO_TAGS: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);
static FACTS: LazyLock<Facts<'static>> = LazyLock::new(|| {
    let known = Known {
        kind: OpportunityKind::Call,
        tags: &NO_TAGS,
        phone: None,
        phone_sha256: None,
        email_sha256: None,
        zip: None,
        state: None,
        country: None,
        source: None,
        score: None,
        attestation: None,
        times_before: 0,
    };
    Facts::of(&known, &Zone::parse("UTC").expect("a zone"), OFFERED)
});

fn usd(text: &str) -> Money {
    Money::parse(text, USD).expect("an amount")
}

/// One rule that fits always, from so many seconds on.
fn price(billable_from_s: u32, rate: &str) -> PriceBook {
    let json =
        format!(r#"{{"billable_from_s": {billable_from_s}, "rules": [{{"rate": {rate}}}]}}"#);
    let rules: PriceRules = serde_json::from_str(&json).expect(&json);
    rules.compile(&Shelf::default(), USD).expect(&json)
}

fn fixed(billable_from_s: u32, amount: &str) -> PriceBook {
    price(billable_from_s, &format!(r#"{{"fixed": "{amount}"}}"#))
}

fn buyer_id(n: i64) -> BuyerId {
    BuyerId::from_raw(n)
}

const CALL: CallId = CallId::from_raw(7);
const LEAD: OpportunityId = OpportunityId::from_raw(8);
const PUBLISHER: PublisherId = PublisherId::from_raw(9);

fn buyer(n: i64, price: &PriceBook) -> BuyerTerms<'_> {
    BuyerTerms {
        buyer: buyer_id(n),
        payment: Payment::NetTerms,
        price,
        bid: None,
        sold: 0,
    }
}

fn leg(n: i64, price: &PriceBook, connected_ms: Option<i64>) -> CallLeg<'_> {
    CallLeg {
        terms: buyer(n, price),
        connected_ms,
    }
}

fn terms<'a>(pay: Option<Pay<'a>>) -> Terms<'a> {
    Terms {
        currency: USD,
        facts: &FACTS,
        publisher: pay.map(|pay| PublisherTerms {
            publisher: PUBLISHER,
            pay,
        }),
        conversion_window_ms: CONVERSION_WINDOW_MS,
    }
}

fn by_rule(price: &PriceBook) -> Option<Pay<'_>> {
    Some(Pay::ByRule {
        price,
        sold: 0,
        loss_allowed: false,
    })
}

fn call<'a>(legs: &'a [CallLeg<'a>]) -> Event<'a> {
    Event::CallEnded(CallEnded {
        call: CALL,
        offered_at: OFFERED,
        ended_at: ENDED,
        legs,
        telephony: &[],
    })
}

/// What an event comes to when it is decided at `BOOKED`.
fn booked(event: &Event<'_>, terms: &Terms<'_>, history: &History<'_>) -> Booked {
    match post(event, terms, history, BOOKED).expect("an answer") {
        Answer::Booked(booked) => booked,
        other => panic!("{other:?}"),
    }
}

/// The same for the first event of a call or lead.
fn first(event: &Event<'_>, terms: &Terms<'_>) -> Booked {
    booked(event, terms, &History::default())
}

fn on(postings: &[Posting], book: Book, party: Party) -> Money {
    balance(postings.iter().flat_map(Posting::entries), book, party, USD).expect("a balance")
}

fn owes(postings: &[Posting], n: i64) -> Money {
    on(postings, Book::BuyerReceivable, Party::Buyer(buyer_id(n)))
}

fn earned(postings: &[Posting]) -> Money {
    on(
        postings,
        Book::PublisherPayable,
        Party::Publisher(PUBLISHER),
    )
}

fn keys(postings: &[Posting]) -> Vec<String> {
    postings.iter().map(|p| p.key().to_string()).collect()
}

fn past<'a>(postings: &'a [Posting], reports: &'a [Reported]) -> History<'a> {
    History { postings, reports }
}
