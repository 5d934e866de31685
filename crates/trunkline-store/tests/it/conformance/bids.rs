//! Bids that were asked for, and bids that were given for calls to come.

use trunkline_core::base::id::{AccountId, ContractId, OpportunityId};
use trunkline_core::base::{Currency, PhoneNumber, SipAddress};
use trunkline_core::routing::{GivenBid, NextBid, OpportunityKind, Person, ReasonCode};
use trunkline_engine::ports::bids::{BidRow, Bids, Gave, Give, GivenFilter, GivenState, Missed};
use trunkline_engine::ports::routing::{
    Asked, AttemptRow, Opportunities, Opportunity, OpportunityRecord,
};

use super::World;
use super::configuration::is_conflict;
use super::reservations::usd;
use super::world::{MINUTE, NOON};

const SECOND: i64 = 1_000;

fn number(n: u64) -> PhoneNumber {
    PhoneNumber::from_digits(13_125_550_100 + n)
}

fn asked(world: &World, account: AccountId, opportunity: OpportunityId) -> BidRow {
    BidRow {
        opportunity,
        attempt: 1,
        contract: world.id(),
        account,
        buyer: world.id(),
        destination: world.id(),
        asked_at: NOON,
        latency_ms: Some(212),
        amount: Some(usd(12_500_000)),
        currency: Currency::USD,
        reason: None,
        next: None,
        name: Some("their-1".to_owned()),
        said: Some("welcome".to_owned()),
        min_seconds: Some(90),
    }
}

fn record(world: &World, account: AccountId) -> OpportunityRecord {
    OpportunityRecord {
        opportunity: Opportunity {
            id: world.id(),
            account,
            kind: OpportunityKind::Call,
            call: None,
            campaign: world.id(),
            feed: Some(world.id()),
            publisher: None,
            feed_version: None,
            plan_version: None,
            came_at: NOON,
            ended_at: None,
            reason: None,
            sold_to: None,
            currency: Currency::USD,
            revenue: None,
            payout: Some(usd(10_000_000)),
            person: Person::default(),
        },
        asked: Asked::default(),
        planned: Vec::new(),
        stopped_by: None,
        trace: Vec::new(),
    }
}

/// Where a buyer wants a call without a number.
fn pbx() -> SipAddress {
    SipAddress::parse("sips:bid-7@pbx.example").unwrap()
}

/// A bid for a caller, of 30 s, with an attempt that waits for the call.
fn give(world: &World, account: AccountId, numbers: &[u64]) -> Give {
    let record = record(world, account);
    let opportunity = record.opportunity.id;
    let bid = GivenBid {
        id: world.id(),
        account,
        campaign: record.opportunity.campaign,
        feed: world.id(),
        opportunity,
        asked: [3; 32],
        caller: Some(PhoneNumber::from_digits(12_145_550_100)),
        caller_sha256: Some([9; 32]),
        amount: usd(10_000_000),
        min_seconds: 90,
        duplicate_days: Some(30),
        number: number(0),
        alone: false,
        given_at: NOON,
        expires_at: NOON.plus_millis(30 * SECOND),
        attempt: 1,
        contract: world.id(),
        to: Some(pbx().into()),
        reservation: world.id(),
        next: [None, Some(number(98).into()), Some(pbx().into())]
            .into_iter()
            .map(|to| NextBid {
                contract: ContractId::from_raw(5),
                amount: usd(11_000_000),
                to,
            })
            .collect(),
        call: None,
    };
    let attempt = AttemptRow {
        opportunity,
        n: 0,
        account,
        contract: bid.contract,
        destination: world.id(),
        buyer: world.id(),
        version: 1,
        reservation: Some(bid.reservation),
        price: Some(usd(12_500_000)),
        bid: Some(usd(12_500_000)),
        currency: Currency::USD,
        started_at: NOON,
        connected_at: None,
        ended_at: None,
        connected_ms: None,
        outcome: None,
        reason: None,
        revenue: None,
        billable: false,
    };
    Give {
        numbers: numbers.iter().copied().map(number).collect(),
        asked: vec![asked(world, account, opportunity)],
        record,
        attempts: vec![attempt],
        at: NOON,
        bid,
    }
}

/// The same for another ping of the same feed.
fn another(world: &World, first: &Give, ping: u8) -> Give {
    let numbers: Vec<u64> = Vec::new();
    let mut other = give(world, first.bid.account, &numbers);
    other.numbers.clone_from(&first.numbers);
    other.bid.feed = first.bid.feed;
    other.bid.asked = [ping; 32];
    other
}

async fn given(world: &World, give: &Give) -> GivenBid {
    match world.store.give(give).await.unwrap() {
        Gave::Yes(bid) => *bid,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_buyers_answered_is_read_as_it_was_written_and_only_by_its_account() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let other = world.set_up().await.account.id;
        let store = &world.store;
        let opportunity = world.id();
        let mut one = asked(&world, account, opportunity);
        let silent = BidRow {
            latency_ms: None,
            amount: None,
            reason: Some(ReasonCode::TimedOut),
            name: None,
            said: None,
            min_seconds: None,
            ..asked(&world, account, opportunity)
        };
        store
            .put_bids(&[one.clone(), silent.clone()])
            .await
            .unwrap();
        let read = store.bids(account, opportunity).await.unwrap();
        assert_eq!(read, [one.clone(), silent.clone()]);
        assert_eq!(store.bids(other, opportunity).await.unwrap(), []);
        // One that answers late is written over what was written without it.
        let late = BidRow {
            latency_ms: Some(1_700),
            amount: Some(usd(1)),
            reason: Some(ReasonCode::BidLate),
            ..silent
        };
        one.next = Some(0);
        one.reason = Some(ReasonCode::AuctionLost);
        store.put_bids(&[late.clone(), one.clone()]).await.unwrap();
        let read = store.bids(account, opportunity).await.unwrap();
        assert_eq!(read, [one.clone(), late]);
        let stolen = BidRow {
            account: other,
            ..one
        };
        assert!(is_conflict(&store.put_bids(&[stolen]).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bid_is_given_with_all_that_belongs_to_it() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let give = give(&world, account, &[1]);
        let bid = given(&world, &give).await;
        assert_eq!((bid.number, bid.alone), (number(1), true));
        let read = store.given_bid(bid.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&bid));
        let record = store.opportunity(account, bid.opportunity).await.unwrap();
        assert_eq!(record, Some(give.record.clone()));
        let attempts = store.attempts(bid.opportunity).await.unwrap();
        assert_eq!(attempts, give.attempts);
        let bids = store.bids(account, bid.opportunity).await.unwrap();
        assert_eq!(bids, give.asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bids_of_a_feed_are_listed_by_what_became_of_them() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let other = world.set_up().await.account.id;
        let store = &world.store;
        let first = give(&world, account, &[21, 22, 23]);
        let called = given(&world, &first).await;
        let missed = given(&world, &another(&world, &first, 4)).await;
        let mut third = another(&world, &first, 5);
        third.bid.expires_at = NOON.plus_millis(90 * SECOND);
        let waiting = given(&world, &third).await;
        let at = NOON.plus_millis(SECOND);
        assert!(store.arrived(called.id, world.id(), at).await.unwrap());
        let over = NOON.plus_millis(MINUTE);
        store.close_missed(over, 100).await.unwrap();
        let filter = GivenFilter {
            account,
            feed: first.bid.feed,
            state: None,
            before: None,
            limit: 10,
        };
        let listed = async |filter: GivenFilter| {
            let rows = store.given_of(&filter).await.unwrap();
            let row = rows.iter().map(|row| (row.bid.id, row.state()));
            row.collect::<Vec<_>>()
        };
        let all = [
            (waiting.id, GivenState::Waiting),
            (missed.id, GivenState::Missed),
            (called.id, GivenState::Called),
        ];
        assert_eq!(listed(filter).await, all);
        for (id, state) in all {
            let state = Some(state);
            let one = listed(GivenFilter { state, ..filter }).await;
            assert_eq!(one.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id]);
        }
        let (before, limit) = (Some(waiting.id), 1);
        let next = listed(GivenFilter {
            before,
            limit,
            ..filter
        })
        .await;
        assert_eq!(next, all[1..2]);
        let stranger = GivenFilter {
            account: other,
            ..filter
        };
        assert_eq!(listed(stranger).await, []);
        let found = store.given_for(account, called.opportunity).await.unwrap();
        assert_eq!(
            (found[0].bid.id, found[0].arrived_at),
            (called.id, Some(at))
        );
        let found = store.given_for(other, called.opportunity).await.unwrap();
        assert_eq!(found, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_ping_is_given_one_bid_as_long_as_it_holds() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let first = give(&world, account, &[2, 3]);
        let bid = given(&world, &first).await;
        let mut again = another(&world, &first, 3);
        let gave = store.give(&again).await.unwrap();
        assert_eq!(gave, Gave::Same(Box::new(bid.clone())));
        assert_eq!(store.given_bid(again.bid.id).await.unwrap(), None);
        let found = async |at| store.given_to(bid.feed, bid.asked, at).await.unwrap();
        assert_eq!(found(NOON).await.as_ref(), Some(&bid));
        assert_eq!(found(bid.expires_at).await.as_ref(), Some(&bid));
        let over = bid.expires_at.plus_millis(1);
        assert_eq!(found(over).await, None);
        let other = store.given_to(world.id(), bid.asked, NOON).await.unwrap();
        assert_eq!(other, None, "another feed's");
        again.at = over;
        again.bid.expires_at = over.plus_millis(30 * SECOND);
        let next = given(&world, &again).await;
        assert_ne!(next.id, bid.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_pings_are_given_one_bid() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let first = give(&world, account, &[4, 5, 6, 7]);
        let all: Vec<Give> = (0..8).map(|_| another(&world, &first, 3)).collect();
        let racing = all.iter().map(|give| store.give(give));
        let answers = futures_util::future::try_join_all(racing).await.unwrap();
        let won = answers.iter().filter(|gave| matches!(gave, Gave::Yes(_)));
        assert_eq!(won.count(), 1);
        let named = |gave: &Gave| match gave {
            Gave::Yes(bid) | Gave::Same(bid) => bid.id,
            Gave::NoNumber => panic!("there are numbers"),
        };
        let first = named(&answers[0]);
        assert!(answers.iter().all(|gave| named(gave) == first));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_promised_once_and_shared_only_for_known_callers() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let first = give(&world, account, &[8, 9]);
        let one = given(&world, &first).await;
        let two = given(&world, &another(&world, &first, 4)).await;
        let three = given(&world, &another(&world, &first, 5)).await;
        assert_eq!((one.number, one.alone), (number(8), true));
        assert_eq!((two.number, two.alone), (number(9), true));
        assert_eq!((three.number, three.alone), (number(8), false));
        let mut nobody = another(&world, &first, 6);
        nobody.bid.caller = None;
        nobody.bid.caller_sha256 = None;
        assert_eq!(store.give(&nobody).await.unwrap(), Gave::NoNumber);
        assert_eq!(store.given_bid(nobody.bid.id).await.unwrap(), None);
        // The newest first; none of before.
        let at = async |since| store.given_at(number(8), since, 10).await.unwrap();
        assert_eq!(at(NOON).await, [three.clone(), one.clone()]);
        assert_eq!(at(NOON.plus_millis(1)).await, []);
        // A call frees the number and its ping.
        let call = world.id();
        assert!(store.arrived(one.id, call, NOON).await.unwrap());
        assert!(!store.arrived(one.id, world.id(), NOON).await.unwrap());
        assert_eq!(at(NOON).await, [three]);
        let read = store.given_bid(one.id).await.unwrap().unwrap();
        assert_eq!(read.call, Some(call));
        let of_call = store.opportunities_of_call(account, call).await.unwrap();
        assert_eq!(of_call.len(), 1);
        assert_eq!(of_call[0].id, one.opportunity);
        let same = store.given_to(one.feed, one.asked, NOON).await.unwrap();
        assert_eq!(same, None);
        let free = given(&world, &nobody).await;
        assert_eq!((free.number, free.alone), (number(8), true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bid_that_nobody_called_is_closed_with_its_opportunity() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let first = give(&world, account, &[11]);
        let missed = given(&world, &first).await;
        let mut later = another(&world, &first, 4);
        later.bid.expires_at = NOON.plus_millis(MINUTE);
        let later = given(&world, &later).await;
        let called = given(&world, &another(&world, &first, 5)).await;
        assert!(store.arrived(called.id, world.id(), NOON).await.unwrap());
        let now = NOON.plus_millis(31 * SECOND);
        let own = |missed: &Missed| missed.account == account;
        let mut closed = store.close_missed(now, 1_000).await.unwrap();
        closed.retain(own);
        let expected = Missed {
            bid: missed.id,
            account,
            opportunity: missed.opportunity,
        };
        assert_eq!(closed, [expected]);
        let again = store.close_missed(now, 1_000).await.unwrap();
        assert!(!again.iter().any(own));
        let record = store
            .opportunity(account, missed.opportunity)
            .await
            .unwrap();
        let opportunity = record.unwrap().opportunity;
        assert_eq!(opportunity.ended_at, Some(now));
        assert_eq!(opportunity.reason, Some(ReasonCode::Expired));
        assert_eq!(opportunity.payout, None, "nothing is promised any more");
        let attempts = store.attempts(missed.opportunity).await.unwrap();
        assert_eq!(attempts[0].ended_at, Some(now));
        assert_eq!(attempts[0].reason, Some(ReasonCode::Expired));
        // What was called, and what holds still, stays open.
        for open in [&called, &later] {
            let record = store.opportunity(account, open.opportunity).await.unwrap();
            assert_eq!(record.unwrap().opportunity.ended_at, None);
        }
        // A call that comes now finds it, and finds it over.
        let found = store.given_at(missed.number, NOON, 10).await.unwrap();
        assert!(found.iter().any(|bid| bid.id == missed.id));
        assert!(!store.arrived(missed.id, world.id(), now).await.unwrap());
    }
}
