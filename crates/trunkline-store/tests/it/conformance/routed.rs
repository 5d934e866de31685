//! Opportunities go through the plan of a campaign: what is reserved, who is asked next, what it comes to, and what a start
//! after a crash makes of what was open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use trunkline_core::base::id::{AccountId, BuyerId, CapId, ContractId, FeedId, PublisherId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::CallState;
use trunkline_core::call::screening::Vouched;
use trunkline_core::ledger::{Book, Party};
use trunkline_core::routing::{
    Attempt, AttemptOutcome, Outcome, Person, ReasonCode, RoutePlan, VersionState,
};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::distribution::Distribution;
use trunkline_engine::lead::sha256;
use trunkline_engine::ports::calls::{CallChange, CallRow};
use trunkline_engine::ports::configuration::{Configuration, Everything};
use trunkline_engine::ports::distribution::{
    Buyer, Contract, Delivery, Destination, DistributionRecords, TermsChange, TermsDocument,
    TermsOf, TermsVersion, ThingChange,
};
use trunkline_engine::ports::routing::Asked;
use trunkline_engine::ports::{Books, CallRecords, Opportunities, Reservations};
use trunkline_engine::routing::{CallEnding, Planned, Router, Wanted};

use super::World;
use super::distribution::Things;
use super::reservations::{adds_up, used};
use super::world::{NOON, SetUp};

pub(super) const FIXED_40: &str =
    r#""price": {"billable_from_s": 60, "rules": [{"rate": {"fixed": 40}}]}"#;
const PAYOUT: &str =
    r#"{"payout": {"billable_from_s": 60, "rules": [{"rate": {"percent_of_other": "70.1"}}]}}"#;

/// A clock that is set by hand.
pub(super) struct HandClock(AtomicI64);

impl HandClock {
    pub(super) fn forward(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A campaign with a feed and two contracts of two buyers, and somebody who routes.
pub(super) struct Market<'a> {
    pub(super) world: &'a World,
    pub(super) set_up: SetUp,
    pub(super) things: Things,
    pub(super) contracts: [ContractId; 2],
    pub(super) buyers: [BuyerId; 2],
    pub(super) clock: Arc<HandClock>,
    pub(super) directory: SharedDirectory,
    pub(super) router: Router,
}

fn version(of: impl Into<TermsOf>, account: AccountId, document: TermsDocument) -> TermsVersion {
    TermsVersion {
        of: of.into(),
        account,
        version: 1,
        document,
        state: VersionState::Live,
        live_at: NOON,
        made_at: NOON,
        made_by: None,
        restores: None,
    }
}

impl<'a> Market<'a> {
    /// `terms` are those of the two contracts.
    pub(super) async fn open(world: &'a World, method: &str, terms: [String; 2]) -> Self {
        let set_up = world.set_up().await;
        let (store, account) = (&world.store, set_up.account.id);
        let mut things = Things::new(world, account);
        things.campaign.paused = false;
        things.campaign.duplicates.clear();
        let other_buyer = Buyer {
            id: world.id(),
            name: "Moon Roofs".to_owned(),
            ..things.buyer.clone()
        };
        let other_destination = Destination {
            id: world.id(),
            name: "Desk".to_owned(),
            buyer: other_buyer.id,
            delivery: Delivery::Phone(PhoneNumber::from_digits(12_145_558_888)),
            ..things.destination.clone()
        };
        let other = Contract {
            id: world.id(),
            name: "Oklahoma".to_owned(),
            destination: other_destination.id,
            ..things.contract.clone()
        };
        things.put(store).await;
        store
            .put_thing(&ThingChange::Buyer(other_buyer.clone()), None)
            .await
            .unwrap();
        store
            .put_thing(&ThingChange::Destination(other_destination), None)
            .await
            .unwrap();
        store
            .put_thing(&ThingChange::Contract(other.clone()), None)
            .await
            .unwrap();
        let contracts = [things.contract.id, other.id];
        let mut documents = Vec::new();
        for (contract, terms) in contracts.iter().zip(&terms) {
            let layer = Arc::new(serde_json::from_str(terms).unwrap());
            documents.push(version(*contract, account, TermsDocument::Layer(layer)));
        }
        let feed = Arc::new(serde_json::from_str(PAYOUT).unwrap());
        documents.push(version(things.feed.id, account, TermsDocument::Feed(feed)));
        let plan: RoutePlan = serde_json::from_str(&format!(
            r#"{{"schema": 1, "start": "main", "groups": {{"main": {{"method": "{method}", "members": [
                {{"to": {{"contract": "{}"}}}}, {{"to": {{"contract": "{}"}}}}]}}}}}}"#,
            contracts[0], contracts[1]
        ))
        .unwrap();
        let plan = TermsDocument::Plan(Arc::new(plan));
        documents.push(version(things.campaign.plan, account, plan));
        for version in documents {
            let change = TermsChange {
                version,
                live: None,
                withdraws: None,
            };
            store.change_terms(&change).await.unwrap();
        }
        let directory = SharedDirectory::default();
        let all = store.load().await.unwrap();
        directory.replace(Directory::new(Everything {
            accounts: all.accounts,
            ..Everything::default()
        }));
        let clock = Arc::new(HandClock(AtomicI64::new(NOON.as_millis())));
        let buyers = [things.buyer.id, other_buyer.id];
        let router = router(world, &directory, &clock).await;
        Self {
            world,
            set_up,
            things,
            contracts,
            buyers,
            clock,
            directory,
            router,
        }
    }

    pub(super) fn account(&self) -> AccountId {
        self.set_up.account.id
    }

    /// The first contract leads here from now on.
    pub(super) async fn leads_to(&mut self, delivery: Delivery) {
        self.things.destination.delivery = delivery;
        let changed = ThingChange::Destination(self.things.destination.clone());
        self.world.store.put_thing(&changed, None).await.unwrap();
        self.router = router(self.world, &self.directory, &self.clock).await;
    }

    /// A call that came.
    pub(super) async fn call(&self, digits: u64) -> CallRow {
        let now = self.clock.now();
        let call = self.world.call(&self.set_up, digits, now);
        self.world.store.save(&change(&call)).await.unwrap();
        call
    }

    pub(super) async fn plan(&self, call: &CallRow) -> Planned {
        let wanted = Wanted {
            id: self.world.id(),
            account: self.account(),
            kind: trunkline_core::routing::OpportunityKind::Call,
            call: Some(call.id),
            campaign: self.things.campaign.id,
            feed: Some(self.things.feed.id),
            person: Person {
                phone: call.caller,
                phone_sha256: call
                    .caller
                    .map(|phone| sha256(phone.to_string().as_bytes())),
                email_sha256: None,
            },
            asked: Asked {
                attestation: Some(Vouched::Partial),
                ..Asked::default()
            },
            floor: None,
            unwanted: false,
            came_at: self.clock.now(),
        };
        self.router.plan(wanted).await.unwrap()
    }

    /// The end of a call, with its last change.
    pub(super) fn ending(&self, mut call: CallRow) -> CallEnding {
        call.state = CallState::Ended;
        call.ended_at = Some(self.clock.now());
        CallEnding {
            account: self.account(),
            call: call.id,
            ended_at: self.clock.now(),
            caller_left: false,
            change: Some(Box::new(change(&call))),
            telephony: Vec::new(),
        }
    }

    /// Rings the next one, who must be this one.
    pub(super) async fn rings(&self, planned: &mut Planned, contract: usize) -> usize {
        let ringing = self.router.next_to_ring(planned).await.unwrap();
        let [one] = &ringing[..] else {
            panic!("{ringing:?}")
        };
        let row = &planned.attempts[one.place];
        assert_eq!(row.contract, self.contracts[contract]);
        one.place
    }

    pub(super) async fn balances(&self) -> BTreeMap<(Book, Party), i64> {
        let balances = self.world.store.balances(self.account()).await.unwrap();
        let pair = |b: &trunkline_engine::ports::books::BookBalance| {
            ((b.book, b.party), b.amount.micros())
        };
        balances.iter().map(pair).collect()
    }

    pub(super) async fn outcomes(
        &self,
        planned: &Planned,
    ) -> Vec<(Option<AttemptOutcome>, Option<ReasonCode>)> {
        let id = planned.record.opportunity.id;
        let rows = self.world.store.attempts(id).await.unwrap();
        rows.iter().map(|row| (row.outcome, row.reason)).collect()
    }
}

pub(super) async fn router(
    world: &World,
    directory: &SharedDirectory,
    clock: &Arc<HandClock>,
) -> Router {
    let store = Arc::new(world.store.clone());
    let distribution = Distribution::new(store.clone(), directory.clone());
    distribution.reload().await.unwrap();
    let moment = Moment::new(clock.clone(), 1);
    Router::new(
        moment,
        directory.clone(),
        store.clone(),
        store.clone(),
        store,
    )
    .waiting(Duration::from_secs(30), Duration::from_secs(30))
}

fn change(call: &CallRow) -> CallChange {
    CallChange {
        call: call.clone(),
        events: Vec::new(),
        recording: None,
        label: None,
    }
}

pub(super) fn daily(cap: CapId, max: u32) -> String {
    format!(
        r#""caps": [{{"id": "{cap}", "max": {max}, "window": {{"period": "day", "zone": "America/Chicago"}}}}]"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_down_a_waterfall_and_everybody_is_paid_to_the_micro_unit() {
    for world in World::both().await {
        let caps: [CapId; 2] = [world.id(), world.id()];
        let terms = [
            format!("{{{FIXED_40}, {}}}", daily(caps[0], 5)),
            format!("{{{FIXED_40}, {}}}", daily(caps[1], 1)),
        ];
        let market = Market::open(&world, "waterfall", terms).await;
        let (account, store) = (market.account(), &world.store);
        let call = market.call(12_145_550_199).await;
        let mut planned = market.plan(&call).await;
        assert!(planned.has_more());

        let first = market.rings(&mut planned, 0).await;
        assert_eq!(planned.attempts[first].started_at, NOON);
        assert_eq!(used(&world, account, caps[0]).await, [(0, 1)]);
        market
            .router
            .give_up(&mut planned, first, AttemptOutcome::Busy, None)
            .await;
        assert_eq!(used(&world, account, caps[0]).await, [(0, 0)]);
        let second = market.rings(&mut planned, 1).await;
        market.clock.forward(4_000);
        market.router.connect(&mut planned, second).await.unwrap();
        market.clock.forward(60_000);
        let ending = market.ending(call.clone());
        let mut plans = [planned.clone()];
        market.router.end_call(&ending, &mut plans).await.unwrap();
        market.router.end_call(&ending, &mut plans).await.unwrap();

        // 70.1 % of 40, down to the cent.
        let publisher: PublisherId = market.things.publisher.id;
        assert_eq!(
            market.balances().await,
            BTreeMap::from([
                (
                    (Book::BuyerReceivable, Party::Buyer(market.buyers[1])),
                    40_000_000
                ),
                ((Book::Revenue, Party::House), -40_000_000),
                ((Book::Payout, Party::House), 28_040_000),
                (
                    (Book::PublisherPayable, Party::Publisher(publisher)),
                    -28_040_000
                ),
            ])
        );
        adds_up(&world, account).await;
        assert_eq!(used(&world, account, caps[1]).await, [(1, 0)]);
        assert_eq!(
            market.outcomes(&planned).await,
            [
                (Some(AttemptOutcome::Busy), None),
                (Some(AttemptOutcome::Taken), None)
            ]
        );
        let stored = store
            .opportunity(account, planned.record.opportunity.id)
            .await
            .unwrap()
            .unwrap();
        let opportunity = &stored.opportunity;
        assert_eq!(
            (opportunity.sold_to, opportunity.reason),
            (Some((market.contracts[1], market.buyers[1])), None)
        );
        assert_eq!(opportunity.ended_at, Some(ending.ended_at));
        assert_eq!(
            (
                opportunity.revenue.map(trunkline_core::base::Money::micros),
                opportunity.payout.map(trunkline_core::base::Money::micros)
            ),
            (Some(40_000_000), Some(28_040_000))
        );
        assert_eq!(
            store.call(call.id).await.unwrap().unwrap().state,
            CallState::Ended
        );

        // The second contract is full now: it is not asked, and the trace says why.
        let next = market.call(12_145_550_198).await;
        let mut planned = market.plan(&next).await;
        assert_eq!(planned.record.planned, [Attempt::One(market.contracts[0])]);
        let reasons: Vec<_> = planned
            .record
            .trace
            .iter()
            .map(|line| match line.outcome {
                Outcome::Refused(refusal) => Some(refusal.reason()),
                Outcome::Eligible { .. } => None,
            })
            .collect();
        assert_eq!(reasons, [None, Some(ReasonCode::CapReached)]);
        let place = market.rings(&mut planned, 0).await;
        market
            .router
            .give_up(&mut planned, place, AttemptOutcome::NoAnswer, None)
            .await;
        assert_eq!(market.router.next_to_ring(&mut planned).await.unwrap(), []);
        planned.run_out(market.clock.now());
        let ending = market.ending(next);
        market
            .router
            .end_call(&ending, std::slice::from_mut(&mut planned))
            .await
            .unwrap();
        let stored = store
            .opportunity(account, planned.record.opportunity.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored.opportunity.reason, Some(ReasonCode::NotTaken));
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_place_is_taken_once_and_free_again_when_nobody_answers() {
    for world in World::both().await {
        let cap: CapId = world.id();
        let terms = [
            format!("{{{FIXED_40}, {}}}", daily(cap, 1)),
            r#"{"paused": true}"#.to_owned(),
        ];
        let market = Market::open(&world, "waterfall", terms).await;
        let calls = [
            market.call(12_145_550_191).await,
            market.call(12_145_550_192).await,
        ];
        // Both were planned when there was room.
        let mut first = market.plan(&calls[0]).await;
        let mut second = market.plan(&calls[1]).await;
        let place = market.rings(&mut first, 0).await;
        assert_eq!(market.router.next_to_ring(&mut second).await.unwrap(), []);
        let refused = second.attempts.last().unwrap();
        assert_eq!(
            (refused.outcome, refused.reason, refused.reservation),
            (
                Some(AttemptOutcome::NoRoom),
                Some(ReasonCode::CapReached),
                None
            )
        );
        market
            .router
            .give_up(&mut first, place, AttemptOutcome::NoAnswer, None)
            .await;
        let mut third = market.plan(&market.call(12_145_550_193).await).await;
        market.rings(&mut third, 0).await;
        // Nobody says anything more of the third, whose program was killed.
        market.clock.forward(89_999);
        assert_eq!(market.router.expire().await.unwrap(), 0);
        market.clock.forward(1);
        assert_eq!(market.router.expire().await.unwrap(), 1);
        let free = used(&world, market.account(), cap).await;
        assert_eq!(free, [(0, 0)]);
        adds_up(&world, market.account()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_split_by_weight_exactly_after_every_cycle() {
    for world in World::both().await {
        let terms = [
            format!(r#"{{{FIXED_40}, "weight": 3}}"#),
            format!(r#"{{{FIXED_40}, "weight": 1}}"#),
        ];
        let market = Market::open(&world, "weighted", terms).await;
        let mut times = [0, 0];
        for n in 0..8 {
            let call = market.call(12_145_550_100 + n).await;
            let mut planned = market.plan(&call).await;
            let ringing = market.router.next_to_ring(&mut planned).await.unwrap();
            let first = planned.attempts[ringing[0].place].contract;
            times[usize::from(first == market.contracts[1])] += 1;
            let ending = market.ending(call);
            market
                .router
                .end_call(&ending, std::slice::from_mut(&mut planned))
                .await
                .unwrap();
            if n == 3 {
                assert_eq!(times, [3, 1]);
            }
        }
        assert_eq!(times, [6, 2]);
        adds_up(&world, market.account()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_books_what_was_sold_by_the_last_sign_of_life_and_frees_the_rest() {
    for world in World::both().await {
        let cap: CapId = world.id();
        let terms = [
            format!("{{{FIXED_40}, {}}}", daily(cap, 9)),
            "{}".to_owned(),
        ];
        let market = Market::open(&world, "waterfall", terms).await;
        let (account, store) = (market.account(), &world.store);
        let talks = async |digits: u64, ms: i64| {
            let mut call = market.call(digits).await;
            let mut planned = market.plan(&call).await;
            let place = market.rings(&mut planned, 0).await;
            market.router.connect(&mut planned, place).await.unwrap();
            call.answered_at = Some(market.clock.now());
            call.progress_at = market.clock.now().plus_millis(ms);
            store.save(&change(&call)).await.unwrap();
            call
        };
        let long = talks(12_145_550_191, 60_000).await;
        let short = talks(12_145_550_192, 59_999).await;
        let ringing = market.call(12_145_550_193).await;
        let mut planned = market.plan(&ringing).await;
        market.rings(&mut planned, 0).await;
        assert_eq!(used(&world, account, cap).await, [(0, 3)]);
        market.clock.forward(3_600_000);

        // Another process on the same store. It is killed too, and starts again.
        for start in 0..2 {
            let router = router(&world, &market.directory, &market.clock).await;
            let open = router.open_calls().await.unwrap();
            let all = [&long, &short, &ringing];
            let known: Vec<_> = all.iter().map(|call| (account, call.id)).collect();
            assert_eq!(open, if start == 0 { known } else { Vec::new() });
            for call in all {
                let mut plans = router.restore_call(account, call.id).await.unwrap();
                let mut ended = call.clone();
                ended.state = CallState::Ended;
                ended.ended_at = Some(call.progress_at);
                let ending = CallEnding {
                    account,
                    call: call.id,
                    ended_at: call.progress_at,
                    caller_left: false,
                    change: Some(Box::new(change(&ended))),
                    telephony: Vec::new(),
                };
                router.end_call(&ending, &mut plans).await.unwrap();
            }
        }
        let balances = market.balances().await;
        let receivable = (Book::BuyerReceivable, Party::Buyer(market.buyers[0]));
        assert_eq!(balances.get(&receivable), Some(&40_000_000), "one of three");
        assert_eq!(used(&world, account, cap).await, [(1, 0)]);
        adds_up(&world, account).await;
        let stock = store
            .stock(account, market.clock.now(), NOON)
            .await
            .unwrap();
        assert!(stock.places.is_empty());
        for (call, reason) in [(&short, None), (&ringing, Some(ReasonCode::NotTaken))] {
            let found = store.opportunities_of_call(account, call.id).await.unwrap();
            assert_eq!(found[0].reason, reason, "{:?}", found[0]);
            assert!(found[0].ended_at.is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_feed_does_not_take_is_recorded_with_its_reason_and_nobody_is_asked() {
    for world in World::both().await {
        let terms = [format!("{{{FIXED_40}}}"), "{}".to_owned()];
        let mut market = Market::open(&world, "waterfall", terms).await;
        market.things.feed.paused = true;
        let feed = ThingChange::Feed(market.things.feed.clone());
        world.store.put_thing(&feed, None).await.unwrap();
        market.router = router(&world, &market.directory, &market.clock).await;
        let mut planned = market.plan(&market.call(12_145_550_191).await).await;
        let opportunity = &planned.record.opportunity;
        assert_eq!(opportunity.reason, Some(ReasonCode::FeedPaused));
        assert_eq!(opportunity.feed, Some::<FeedId>(market.things.feed.id));
        assert_eq!(market.router.next_to_ring(&mut planned).await.unwrap(), []);
        let id = planned.record.opportunity.id;
        let stored = world.store.opportunity(market.account(), id).await.unwrap();
        assert_eq!(
            stored.unwrap().opportunity.reason,
            Some(ReasonCode::FeedPaused)
        );
    }
}
