//! Bids for calls from the ping to the end of the call: what is promised is reserved until the call comes, what nobody calls
//! is free again, and the publisher is paid what was promised.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;
use trunkline_core::base::id::{AccountId, CapId, DestinationId};
use trunkline_core::base::{Country, PhoneNumber, Sha256, Timestamp};
use trunkline_core::call::screening::Vouched;
use trunkline_core::ledger::{Book, Party};
use trunkline_core::routing::delivery::BreakerView;
use trunkline_core::routing::{AttemptOutcome, GivenBid, ReasonCode};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::buyers::{BuyerReport, BuyerRequest};
use trunkline_engine::ports::calls::CallRow;
use trunkline_engine::ports::configuration::{Configuration, Everything};
use trunkline_engine::ports::{Buyers, Opportunities};
use trunkline_engine::routing::Router;
use trunkline_engine::routing::arrival::{Arrival, Came};
use trunkline_engine::routing::bidding::Auctions;
use trunkline_engine::routing::rtb::{CallBid, CallPing, Doorkeeper, Rtb};

use super::World;
use super::reservations::{adds_up, used};
use super::routed::{FIXED_40, Market, daily, router};

const CALLER: u64 = 12_145_550_177;
const OTHER: u64 = 12_145_550_178;
/// Whom screening refuses.
pub(super) const UNWANTED: u64 = 12_145_550_176;
const SECOND: i64 = 1_000;

/// Nobody has a server.
struct NoServers;

#[async_trait]
impl Buyers for NoServers {
    async fn ask(&self, _: &BuyerRequest, _: Instant) -> BuyerReport {
        panic!("nobody is asked")
    }
    async fn post(&self, _: &BuyerRequest, _: Instant) -> BuyerReport {
        panic!("nothing is posted")
    }
    fn breaker(&self, _: DestinationId, _: Timestamp) -> BreakerView {
        panic!("nobody is asked")
    }
}

/// Whoever stands at the door.
struct Door;

#[async_trait]
impl Doorkeeper for Door {
    async fn would_refuse(&self, _: AccountId, caller: PhoneNumber, _: Timestamp) -> bool {
        caller.digits() == UNWANTED
    }
}

/// A market whose feed has a number, and somebody who answers pings.
pub(super) struct Desk<'a> {
    pub(super) market: Market<'a>,
    pub(super) router: Arc<Router>,
    pub(super) rtb: Arc<Rtb>,
    number: PhoneNumber,
}

impl<'a> Desk<'a> {
    pub(super) async fn open(world: &'a World, terms: [String; 2]) -> Self {
        let market = Market::open(world, "waterfall", terms).await;
        let all = world.store.load().await.unwrap();
        let mut number = market.set_up.numbers[0].clone();
        number.feed = Some(market.things.feed.id);
        let digits = number.number;
        market.directory.replace(Directory::new(Everything {
            accounts: all.accounts,
            numbers: vec![number],
            ..Everything::default()
        }));
        let router = Arc::new(router(world, &market.directory, &market.clock).await);
        let moment = Moment::new(market.clock.clone(), 2);
        let store = Arc::new(world.store.clone());
        let auctions = Auctions::new(
            moment.clone(),
            Arc::new(NoServers),
            store.clone(),
            Country::US,
        );
        let directory = market.directory.clone();
        let door = Arc::new(Door);
        let rtb = Rtb::new(
            moment,
            directory,
            Arc::clone(&router),
            auctions,
            store,
            door,
        );
        Self {
            market,
            router,
            rtb,
            number: digits,
        }
    }

    pub(super) async fn ask(&self, caller: u64) -> CallBid {
        let caller = Some(PhoneNumber::from_digits(caller));
        self.ask_of(caller, None).await
    }

    pub(super) async fn ask_of(
        &self,
        caller: Option<PhoneNumber>,
        caller_sha256: Option<Sha256>,
    ) -> CallBid {
        let market = self.market.directory.markets();
        let market = market.of(self.market.account()).unwrap();
        let feed = market.feed(self.market.things.feed.id).unwrap().clone();
        let ping = CallPing {
            market,
            feed,
            caller,
            caller_sha256,
            tags: BTreeMap::new(),
            min_bid: None,
            key: None,
            test: false,
        };
        self.rtb.ask(ping).await.unwrap()
    }

    pub(super) async fn bid(&self, caller: u64) -> GivenBid {
        match self.ask(caller).await {
            CallBid::Bid { bid, cached: false } => *bid,
            other => panic!("{other:?}"),
        }
    }

    /// A call of somebody comes to the number.
    pub(super) async fn comes(&self, caller: u64) -> (CallRow, Arrival) {
        let call = self.market.call(caller).await;
        let arrival = self.rtb.arrives(&self.came(&call)).await;
        (call, arrival)
    }

    pub(super) fn came(&self, call: &CallRow) -> Came {
        Came {
            account: self.market.account(),
            call: call.id,
            number: self.number,
            named: None,
            caller: call.caller,
            vouched: Vouched::Nothing,
            at: self.market.clock.now(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bid_holds_a_unit_until_its_call_has_come_and_ended() {
    for world in World::both().await {
        let caps: [CapId; 2] = [world.id(), world.id()];
        let terms = caps.map(|cap| format!("{{{FIXED_40}, {}}}", daily(cap, 1)));
        let desk = Desk::open(&world, terms).await;
        let (market, account) = (&desk.market, desk.market.account());
        let bid = desk.bid(CALLER).await;
        // 70.1 % of 40, from as many seconds on as the buyer pays.
        assert_eq!(bid.amount.micros(), 28_040_000);
        assert_eq!((bid.min_seconds, bid.number), (60, desk.number));
        assert_eq!(used(&world, account, caps[0]).await, [(0, 1)]);
        // The same again is the same; others are the second's, then nobody's.
        let CallBid::Bid { bid: same, cached } = desk.ask(CALLER).await else {
            panic!("it is bid on")
        };
        assert_eq!((*same, cached), (bid.clone(), true));
        let second = desk.bid(OTHER).await;
        assert_eq!(second.contract, market.contracts[1]);
        let CallBid::None { reason, .. } = desk.ask(OTHER + 1).await else {
            panic!("nobody has room")
        };
        assert_eq!(reason, ReasonCode::NoCandidate);

        market.clock.forward(20 * SECOND);
        let (call, arrival) = desk.comes(CALLER).await;
        assert_eq!(arrival, Arrival::Bid(Box::new(bid.clone())));
        // Nobody has it twice.
        let (_, again) = desk.comes(CALLER).await;
        assert_eq!(again, Arrival::Plain);
        let planned = desk.rtb.resume(&bid, &desk.came(&call)).await.unwrap();
        let mut planned = planned.expect("its plan");
        // A menu takes its time: what is reserved for a call that is up does not end.
        market.clock.forward(60 * SECOND);
        desk.router.expire().await.unwrap();
        let ringing = desk.router.next_to_ring(&mut planned).await.unwrap();
        let [one] = &ringing[..] else {
            panic!("{ringing:?}")
        };
        let row = &planned.attempts[one.place];
        assert_eq!(row.contract, market.contracts[0]);
        assert_eq!(row.reservation, Some(bid.reservation));
        desk.router.connect(&mut planned, one.place).await.unwrap();
        market.clock.forward(60 * SECOND);
        let ending = market.ending(call);
        desk.router.end_call(&ending, &mut [planned]).await.unwrap();
        let balances = market.balances().await;
        assert_eq!(balances[&(Book::Revenue, Party::House)], -40_000_000);
        assert_eq!(balances[&(Book::Payout, Party::House)], 28_040_000);
        assert_eq!(used(&world, account, caps[0]).await, [(1, 0)]);
        let stored = world.store.opportunity(account, bid.opportunity).await;
        let opportunity = stored.unwrap().unwrap().opportunity;
        assert_eq!(opportunity.sold_to.unzip().0, Some(market.contracts[0]));
        assert_eq!(opportunity.payout, Some(bid.amount));
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bid_that_nobody_calls_gives_back_what_it_held_and_a_late_call_is_told_so() {
    for world in World::both().await {
        let cap: CapId = world.id();
        let terms = [
            format!("{{{FIXED_40}, {}}}", daily(cap, 1)),
            "{\"paused\": true}".to_owned(),
        ];
        let desk = Desk::open(&world, terms).await;
        let (market, account) = (&desk.market, desk.market.account());
        let bid = desk.bid(CALLER).await;
        // Another caller is not the one, and leaves it as it is.
        let (_, arrival) = desk.comes(OTHER).await;
        let Arrival::Mismatch {
            bid: named,
            reason,
            refused,
        } = arrival
        else {
            panic!("{arrival:?}")
        };
        assert_eq!((named, reason), (bid.id, ReasonCode::PingMismatch));
        assert!(!refused, "the feed says nothing of it");
        // At its end it holds; behind the grace it does not.
        market.clock.forward(32 * SECOND);
        assert_eq!(desk.rtb.close_missed().await.unwrap(), 0);
        market.clock.forward(1);
        assert_eq!(desk.rtb.close_missed().await.unwrap(), 1);
        desk.router.expire().await.unwrap();
        assert_eq!(used(&world, account, cap).await, [(0, 0)]);
        let (_, arrival) = desk.comes(CALLER).await;
        let Arrival::Mismatch { reason, .. } = arrival else {
            panic!("{arrival:?}")
        };
        assert_eq!(reason, ReasonCode::Expired);
        let stored = world.store.opportunity(account, bid.opportunity).await;
        let opportunity = stored.unwrap().unwrap().opportunity;
        assert_eq!(opportunity.reason, Some(ReasonCode::Expired));
        assert_eq!(opportunity.call, None);
        // Who asks again is given another.
        let next = desk.bid(CALLER).await;
        assert_ne!(next.id, bid.id);
        assert_eq!(used(&world, account, cap).await, [(0, 1)]);
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_over_covers_what_was_promised() {
    for world in World::both().await {
        // The second pays less than the first, and more than the 28.04 that were promised.
        let second = r#"{"price": {"rules": [{"rate": {"fixed": 30}}]}}"#.to_owned();
        let desk = Desk::open(&world, [format!("{{{FIXED_40}}}"), second]).await;
        let market = &desk.market;
        let bid = desk.bid(CALLER).await;
        let next: Vec<_> = bid.next.iter().map(|next| next.contract).collect();
        assert_eq!(next, [market.contracts[1]]);
        let (call, _) = desk.comes(CALLER).await;
        let planned = desk.rtb.resume(&bid, &desk.came(&call)).await.unwrap();
        let mut planned = planned.expect("its plan");
        for contract in market.contracts {
            let ringing = desk.router.next_to_ring(&mut planned).await.unwrap();
            let [one] = &ringing[..] else {
                panic!("{ringing:?}")
            };
            assert_eq!(planned.attempts[one.place].contract, contract);
            if contract == market.contracts[0] {
                let busy = AttemptOutcome::Busy;
                desk.router
                    .give_up(&mut planned, one.place, busy, None)
                    .await;
            } else {
                desk.router.connect(&mut planned, one.place).await.unwrap();
            }
        }
        market.clock.forward(60 * SECOND);
        // The process ended here: the next one finds what was promised in what is stored.
        let plans = desk.router.restore_call(market.account(), call.id);
        let mut plans = plans.await.unwrap();
        let ending = market.ending(call);
        desk.router.end_call(&ending, &mut plans).await.unwrap();
        let balances = market.balances().await;
        assert_eq!(balances[&(Book::Revenue, Party::House)], -30_000_000);
        assert_eq!(balances[&(Book::Payout, Party::House)], 28_040_000);
        adds_up(&world, market.account()).await;
    }
}
