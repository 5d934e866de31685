//! What the minutes of a call cost: stored with its end, booked once, and added up for a day.

use std::sync::Arc;

use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::ledger::{Book, Cause, Party};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::ledger::store_end;
use trunkline_engine::ports::books::{BookBalance, Books};
use trunkline_engine::ports::calls::{CallChange, CallCost, CallRecords, CallRow, OutboundUse};

use super::World;
use super::calls::{ANN, BOB, after, alone, answered, missed, priced, whole_change};
use super::world::NOON;

struct Evening;

impl Clock for Evening {
    fn now(&self) -> Timestamp {
        after(300)
    }
}

fn usd(micros: i64) -> Money {
    Money::from_micros(micros, Currency::USD)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_call_and_its_cost_are_stored_together_and_once() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let moment = Moment::new(Arc::new(Evening), 3);
        let change = whole_change(&world, &set_up);
        let (account, call) = (change.call.account, change.call.id);
        for _ in 0..3 {
            store_end(store, &moment, &change).await.unwrap();
        }
        let stored = store.call(call).await.unwrap().unwrap();
        let told = (stored.state, stored.legs, stored.cost);
        let CallRow {
            state, legs, cost, ..
        } = change.call.clone();
        assert_eq!(told, (state, legs, cost));
        let events = store.events(call).await.unwrap();
        assert_eq!(events.len(), change.events.len());
        let on = |book, party, micros| BookBalance {
            book,
            party,
            amount: usd(micros),
            held: usd(0),
        };
        let carrier = Party::Carrier(change.call.trunk);
        assert_eq!(
            store.balances(account).await.unwrap(),
            [
                on(Book::CarrierPayable, carrier, -30_600),
                on(Book::TelephonyCost, Party::House, 30_600),
            ]
        );
        let key = Cause::Telephony(call).key(0);
        let (posting, _) = store.posting(account, key).await.unwrap().unwrap();
        let ended_at = change.call.ended_at.unwrap();
        assert_eq!(
            (posting.occurred_at(), posting.booked_at()),
            (ended_at, after(300))
        );
        assert_eq!(store.verify(account).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_store_the_same_end_at_once_book_it_once() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let moment = Moment::new(Arc::new(Evening), 3);
        let change = whole_change(&world, &set_up);
        let account = change.call.account;
        let end = || store_end(store, &moment, &change);
        let (one, two, three) = tokio::join!(end(), end(), end());
        one.and(two).and(three).unwrap();
        let postings = store
            .postings_of(account, Party::House, None, 10)
            .await
            .unwrap();
        assert_eq!(postings.len(), 1);
        assert_eq!(store.verify(account).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cost_nothing_or_nobody_knows_what_is_stored_without_a_posting() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let moment = Moment::new(Arc::new(Evening), 3);
        let unknown = missed(world.call(&set_up, ANN, NOON));
        let mut free = answered(world.call(&set_up, BOB, NOON), 60_000);
        priced(&mut free);
        for leg in &mut free.legs {
            leg.cost = leg.cost.map(|_| usd(0));
        }
        free.cost = Some(CallCost {
            total: usd(0),
            outbound: usd(0),
        });
        for call in [unknown, free] {
            let change: CallChange = alone(call);
            store_end(store, &moment, &change).await.unwrap();
            let stored = store.call(change.call.id).await.unwrap();
            assert_eq!(stored.as_ref(), Some(&change.call));
        }
        assert_eq!(store.balances(set_up.account.id).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_dialled_legs_adds_up_for_its_own_account_since_a_moment() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let cost = |set_up, minute, synthetic| {
            let mut call = answered(world.call(set_up, ANN, after(minute)), 60_000);
            priced(&mut call);
            CallRow { synthetic, ..call }
        };
        let mut foreign = cost(&set_up, 2, false);
        let euro: Currency = "EUR".parse().unwrap();
        for leg in &mut foreign.legs {
            leg.cost = leg.cost.map(|c| Money::from_micros(c.micros(), euro));
        }
        if let Some(cost) = &mut foreign.cost {
            cost.total = Money::from_micros(cost.total.micros(), euro);
            cost.outbound = Money::from_micros(cost.outbound.micros(), euro);
        }
        for call in [
            cost(&set_up, 0, false),
            cost(&set_up, 1, false),
            // Another currency, the server's own test, another account, a call without a cost.
            foreign,
            cost(&set_up, 3, true),
            cost(&other, 3, false),
            answered(world.call(&set_up, BOB, after(4)), 1),
        ] {
            store.save(&alone(call)).await.unwrap();
        }
        let used = async |since| store.used_since(set_up.account.id, since).await.unwrap();
        let sum = |minutes, spent_micros| OutboundUse {
            minutes,
            spent_micros,
        };
        assert_eq!(used(NOON).await, sum(4, 48_000));
        assert_eq!(used(after(1)).await, sum(3, 24_000));
        assert_eq!(used(after(5)).await, sum(0, 0));
    }
}
