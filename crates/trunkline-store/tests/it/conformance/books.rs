//! The books: what is booked is booked once, balances are the sum of entries, and what belongs together is stored together.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_core::base::id::{AccountId, BuyerId};
use trunkline_core::base::{Currency, Timestamp, Zone};
use trunkline_core::call::CallState;
use trunkline_core::ledger::{
    Answer, Book, Booked, Cause, Entry, Event, ExternalId, Given, Part, Party, Posting, Recipient,
    Reported, Reversed, Subject, Terms,
};
use trunkline_core::routing::{Came, CapUnit, Facts, Known, OpportunityKind, Payment, Stage};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::ledger::{book, subjects_of};
use trunkline_engine::ports::books::{BookedBefore, Ending, Seen, Settlement, Sold, Stored};
use trunkline_engine::ports::outbox::{AfterCrash, OutboxEvent, OutboxState};
use trunkline_engine::ports::routing::{HoldTake, Reserve, Reserved};
use trunkline_engine::ports::{Books, CallRecords, Opportunities, Outbox, PortError, Reservations};

use super::World;
use super::calls::whole_change;
use super::reservations::{adds_up, hourly, plain, top_up, usd, used};
use super::world::NOON;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOON
    }
}

/// A sale out of a wallet.
pub(crate) fn sale(subject: Subject, buyer: BuyerId, micros: i64) -> Posting {
    let key = Cause::Sale(subject).key(0);
    let entries = vec![
        Entry::debit(Book::BuyerWallet, Party::Buyer(buyer), usd(micros)),
        Entry::credit(Book::Revenue, Party::House, usd(micros)).unwrap(),
    ];
    Posting::new(key, NOON, NOON.plus_millis(1), entries).unwrap()
}

async fn on_books(world: &World, account: AccountId) -> BTreeMap<(Book, Party), (i64, i64)> {
    let balances = world.store.balances(account).await.unwrap();
    let pair = |b: &trunkline_engine::ports::books::BookBalance| {
        ((b.book, b.party), (b.amount.micros(), b.held.micros()))
    };
    balances.iter().map(pair).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_settled_with_everything_that_belongs_to_it_and_only_once() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let account = set_up.account.id;
        let store = &world.store;
        let mut change = whole_change(&world, &set_up);
        change.call.state = CallState::Ended;
        let subject = Subject::Call(change.call.id);
        let cap = world.id();
        let reserve = Reserve {
            caps: vec![
                hourly(cap, CapUnit::Billable, 1, 1),
                hourly(world.id(), CapUnit::Revenue, 50, 50),
            ],
            hold: Some(HoldTake {
                id: world.id(),
                amount: usd(50),
                credit_limit: usd(0),
            }),
            ..plain(&world, account)
        };
        let taker = reserve.taker;
        top_up(&world, account, taker.buyer, 80).await;
        assert_eq!(store.reserve(&reserve).await.unwrap(), Reserved::Yes);
        let lost = plain(&world, account);
        assert_eq!(store.reserve(&lost).await.unwrap(), Reserved::Yes);

        let before = store.booked_before(account, &[subject]).await.unwrap();
        let nothing = BookedBefore {
            seen: vec![Seen { subject, times: 0 }],
            ..BookedBefore::default()
        };
        assert_eq!(before, nothing);
        let posting = sale(subject, taker.buyer, 40);
        let came = Came {
            billable: true,
            revenue: 40,
            payout: 0,
        };
        let event = OutboxEvent {
            id: world.id(),
            account,
            kind: "call.finalized".to_owned(),
            about: Some(change.call.id.raw()),
            body: "{}".to_owned(),
            after_crash: AfterCrash::Resend,
            due_at: NOON,
            made_at: NOON,
        };
        let settlement = Settlement {
            seen: before.seen,
            postings: vec![(world.id(), posting.clone())],
            reservations: vec![
                (reserve.id, Ending::Settled(came)),
                (lost.id, Ending::Released),
            ],
            sold: vec![(Sold::Contract(taker.contract), NOON)],
            call: Some(Box::new(change.clone())),
            outbox: vec![event.clone()],
            ..Settlement::default()
        };
        let settle = async |what: &Settlement| store.book(account, what, NOON).await.unwrap();
        assert_eq!(settle(&settlement).await, Stored::Yes);
        assert_eq!(settle(&settlement).await, Stored::Moved, "once");
        let again = Settlement {
            seen: Vec::new(),
            postings: vec![(world.id(), posting.clone())],
            ..Settlement::default()
        };
        assert_eq!(settle(&again).await, Stored::Already(posting.key()));

        assert!(store.call(change.call.id).await.unwrap().is_some());
        assert_eq!(store.events(change.call.id).await.unwrap().len(), 5);
        let read = store.reservation(reserve.id).await.unwrap().unwrap();
        assert_eq!((read.stage, read.ended_at), (Stage::Settled, Some(NOON)));
        assert_eq!(used(&world, account, cap).await, [(1, 0)]);
        let stock = store.stock(account, NOON, NOON).await.unwrap();
        assert_eq!(stock.sold, [(taker.contract, 1)]);
        let past = store
            .past(account, &reserve.comer.person, 10)
            .await
            .unwrap();
        let of = |o| past.iter().find(|p| p.opportunity == o).unwrap();
        let sold = of(reserve.comer.opportunity);
        assert!(sold.connected && sold.billable && sold.to == Some(taker));
        assert!(!of(lost.comer.opportunity).connected);
        let due = store.take(NOON, 10).await.unwrap();
        assert_eq!(
            (&due[0].event, due[0].state),
            (&event, OutboxState::Sending)
        );
        let books = on_books(&world, account).await;
        let wallet = (Book::BuyerWallet, Party::Buyer(taker.buyer));
        assert_eq!(books[&wallet], (-40, 0), "the rest of the hold is free");
        assert_eq!(books[&(Book::Revenue, Party::House)], (-40, 0));
        assert_eq!(store.holds(account, taker.buyer).await.unwrap(), []);
        let history = store.booked_before(account, &[subject]).await.unwrap();
        assert_eq!(history.postings, std::slice::from_ref(&posting));
        assert_eq!(history.seen[0].times, 1);
        let found = store.posting(account, posting.key()).await.unwrap();
        assert_eq!(found, Some((posting.clone(), Some(subject))));
        let party = Party::Buyer(taker.buyer);
        let statement = store.postings_of(account, party, None, 1).await.unwrap();
        assert_eq!(statement[0].1, posting);
        let older = store.postings_of(account, party, Some(statement[0].0), 10);
        assert_eq!(older.await.unwrap().len(), 1, "the top-up");
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_that_does_not_fit_stores_nothing_of_itself() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let reserve = plain(&world, account);
        assert_eq!(store.reserve(&reserve).await.unwrap(), Reserved::Yes);
        let buyer = reserve.taker.buyer;
        let subject = Subject::Lead(reserve.comer.opportunity);
        // The wallet has another currency than what is booked.
        top_up(&world, account, buyer, 80).await;
        let euros = |micros| {
            trunkline_core::base::Money::from_micros(micros, "EUR".parse::<Currency>().unwrap())
        };
        let entries = vec![
            Entry::debit(Book::BuyerWallet, Party::Buyer(buyer), euros(5)),
            Entry::credit(Book::Revenue, Party::House, euros(5)).unwrap(),
        ];
        let key = Cause::Sale(subject).key(0);
        let posting = Posting::new(key, NOON, NOON, entries).unwrap();
        let settlement = Settlement {
            seen: vec![Seen { subject, times: 0 }],
            postings: vec![(world.id(), posting)],
            reservations: vec![(reserve.id, Ending::Settled(Came::default()))],
            ..Settlement::default()
        };
        let failed = store.book(account, &settlement, NOON).await;
        assert!(matches!(failed, Err(PortError::Conflict(_))), "{failed:?}");
        let read = store.reservation(reserve.id).await.unwrap().unwrap();
        assert_eq!(read.stage, Stage::Offered);
        let before = store.booked_before(account, &[subject]).await.unwrap();
        assert_eq!((before.postings.len(), before.seen[0].times), (0, 0));
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_that_meet_take_no_more_back_than_there_is() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let buyer = BuyerId::from_raw(5);
        let subject = Subject::Lead(world.id());
        let posting = sale(subject, buyer, 100);
        let report = Reported {
            buyer,
            external: ExternalId::read("order 7").unwrap(),
            n: 0,
        };
        let settlement = Settlement {
            seen: vec![Seen { subject, times: 0 }],
            postings: vec![(world.id(), posting.clone())],
            report: Some((subject, report.clone())),
            ..Settlement::default()
        };
        assert_eq!(
            store.book(account, &settlement, NOON).await.unwrap(),
            Stored::Yes
        );
        let before = store.booked_before(account, &[subject]).await.unwrap();
        assert_eq!(before.reports, [report]);

        let moment = Moment::new(Arc::new(Noon), 3);
        let tags = BTreeMap::new();
        let known = Known {
            kind: OpportunityKind::Lead,
            tags: &tags,
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
        let facts = Facts::of(&known, &Zone::parse("UTC").unwrap(), NOON);
        let terms = Terms {
            currency: Currency::USD,
            facts: &facts,
            publisher: None,
            conversion_window_ms: 0,
        };
        let key = posting.key();
        let subjects = subjects_of(store, account, [key]).await.unwrap();
        assert_eq!(subjects, [subject]);
        let takes_back = [(key, Part::Amount(usd(60)))];
        let (one, two) = (world.id(), world.id());
        let take_back = async |adjustment| {
            let reversed = Reversed {
                adjustment,
                takes_back: &takes_back,
            };
            let event = Event::Reversed(reversed);
            let with = |_: &Booked| Settlement::default();
            book(store, &moment, account, &subjects, &event, &terms, with).await
        };
        let (a, b) = tokio::join!(take_back(one), take_back(two));
        assert!(a.is_ok() != b.is_ok(), "one of them: {a:?} {b:?}");
        let winner = if a.is_ok() { one } else { two };
        let again = take_back(winner).await.unwrap();
        assert!(matches!(again, Answer::Already(_)), "{again:?}");

        let given = Event::Given(Given {
            adjustment: world.id(),
            to: Recipient::Buyer(buyer, Payment::Prepaid),
            amount: usd(7),
            about: None,
        });
        let give = async || {
            let with = |_: &Booked| Settlement::default();
            let answer = book(store, &moment, account, &[], &given, &terms, with).await;
            answer.unwrap()
        };
        assert!(matches!(give().await, Answer::Booked(_)));
        assert!(matches!(give().await, Answer::Already(_)), "once");
        let books = on_books(&world, account).await;
        assert_eq!(books[&(Book::BuyerWallet, Party::Buyer(buyer))], (33, 0));
        adds_up(&world, account).await;
    }
}
