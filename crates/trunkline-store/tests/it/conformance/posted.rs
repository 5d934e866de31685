//! Buyers who are rung at a SIP address, and buyers whose server is told of a call before it rings: what their attempts come
//! to, where the call goes, and what stays held.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::time::Instant;
use trunkline_core::base::id::{CapId, DestinationId};
use trunkline_core::base::{Callee, Country, PhoneNumber, SipAddress, Timestamp};
use trunkline_core::lead::AMBIGUOUS_MS;
use trunkline_core::routing::delivery::{
    BreakerView, DeliverTo, Reading, RefusedAs, Slot, Verdict,
};
use trunkline_core::routing::{AttemptOutcome, ReasonCode};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest, NotSent};
use trunkline_engine::ports::distribution::Delivery;
use trunkline_engine::ports::outbox::{AfterCrash, OutboxState};
use trunkline_engine::ports::{Buyers, Outbox, Reservations};
use trunkline_engine::routing::{CALL_POST, CallPosts, Planned};

use super::World;
use super::reservations::used;
use super::routed::{FIXED_40, Market, daily};

const CALLER: u64 = 12_145_550_166;
const PHONE: &str = "+12145558888";
/// A server that is told of calls, and may say where it wants them.
const TELLS: &str = r#"{"schema": 1, "post": {
    "request": {"method": "POST", "url": "https://roofs.test/post", "body": {"form": {"caller": "{phone}"}}},
    "answer": {"accept_when": {"read": {"from": {"json": "$.ok"}, "value": {"is": "true"}}}}}}"#;

/// A buyer's server that answers every post like this.
struct Server {
    answers: BuyerOutcome,
    posted: Mutex<Vec<BuyerRequest>>,
}

#[async_trait]
impl Buyers for Server {
    async fn ask(&self, _: &BuyerRequest, _: Instant) -> BuyerReport {
        panic!("nobody is asked for bids")
    }
    async fn post(&self, post: &BuyerRequest, _: Instant) -> BuyerReport {
        self.posted.lock().unwrap().push(post.clone());
        BuyerReport {
            outcome: self.answers.clone(),
            latency_ms: 1,
            request_shown: String::new(),
            answer_shown: String::new(),
        }
    }
    fn breaker(&self, _: DestinationId, _: Timestamp) -> BreakerView {
        panic!("nobody is asked for bids")
    }
}

impl Server {
    /// The price that it was told of the one call that it was told of.
    fn told_of(&self, planned: &Planned) -> String {
        let posted = self.posted.lock().unwrap();
        let [post] = &posted[..] else {
            panic!("{posted:?}")
        };
        assert_eq!(post.opportunity, planned.record.opportunity.id);
        post.values.known[&Slot::Price].clone()
    }
}

fn says(verdict: Verdict, deliver_to: DeliverTo) -> BuyerOutcome {
    let reading = Reading {
        verdict,
        price: None,
        id: None,
        reason: None,
        redirect_url: None,
        expires_at: None,
        min_seconds: None,
        deliver_to,
        faults: Vec::new(),
    };
    BuyerOutcome::Answered(Box::new(reading), 200)
}

fn pbx() -> SipAddress {
    SipAddress::parse("sip:sales@pbx.example").unwrap()
}

/// A market whose first contract tells this server, and is followed by a phone; both with a cap of one a day.
async fn told<'a>(
    world: &'a World,
    answers: BuyerOutcome,
) -> (Market<'a>, Arc<Server>, [CapId; 2]) {
    let caps: [CapId; 2] = [world.id(), world.id()];
    let terms = caps.map(|cap| format!("{{{FIXED_40}, {}}}", daily(cap, 1)));
    let mut market = Market::open(world, "waterfall", terms).await;
    market.leads_to(Delivery::Http(TELLS.to_owned())).await;
    let server = Arc::new(Server {
        answers,
        posted: Mutex::default(),
    });
    let store = Arc::new(world.store.clone());
    let moment = Moment::new(market.clock.clone(), 3);
    let buyers = Arc::clone(&server) as Arc<dyn Buyers>;
    let posts = CallPosts::new(moment, buyers, store, Country::US);
    market.router.post_with(posts);
    (market, server, caps)
}

async fn posts_in(world: &World, market: &Market<'_>, state: OutboxState) -> usize {
    let rows = world
        .store
        .events_in(market.account(), state, None, 10)
        .await
        .unwrap();
    for row in &rows {
        assert_eq!(row.event.kind, CALL_POST);
        assert_eq!(row.event.after_crash, AfterCrash::Unknown);
        assert_eq!(row.tries, 1);
    }
    rows.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sip_address_is_rung_and_one_that_cannot_be_read_is_unreachable() {
    for world in World::both().await {
        let terms = [format!("{{{FIXED_40}}}"), format!("{{{FIXED_40}}}")];
        let mut market = Market::open(&world, "waterfall", terms).await;
        let address = pbx().to_string();
        market.leads_to(Delivery::Sip(address)).await;
        let call = market.call(CALLER).await;
        let mut planned = market.plan(&call).await;
        let ringing = market.router.next_to_ring(&mut planned).await.unwrap();
        assert_eq!(ringing[0].to, Callee::Sip(pbx()));
        market
            .router
            .give_up(
                &mut planned,
                ringing[0].place,
                AttemptOutcome::Failed,
                Some(ReasonCode::Unreachable),
            )
            .await;
        let next = market.rings(&mut planned, 1).await;
        market.router.connect(&mut planned, next).await.unwrap();
        assert_eq!(
            market.outcomes(&planned).await,
            [
                (Some(AttemptOutcome::Failed), Some(ReasonCode::Unreachable)),
                (None, None)
            ]
        );

        // What an older server let in, and nobody can ring.
        market.clock.forward(1_000);
        market
            .leads_to(Delivery::Sip("sip:nobody".to_owned()))
            .await;
        let call = market.call(CALLER + 1).await;
        let mut planned = market.plan(&call).await;
        let next = market.rings(&mut planned, 1).await;
        market.router.connect(&mut planned, next).await.unwrap();
        let row = &planned.attempts[0];
        assert_eq!(row.contract, market.contracts[0]);
        assert_eq!(
            (row.reason, row.reservation),
            (Some(ReasonCode::Unreachable), None)
        );
        assert_eq!(
            market.outcomes(&planned).await,
            [
                (Some(AttemptOutcome::Failed), Some(ReasonCode::Unreachable)),
                (None, None)
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_is_told_of_the_call_once_and_rung_where_its_answer_says() {
    let phone = PhoneNumber::parse_e164(PHONE).ok();
    for phone in [None, phone] {
        for world in World::both().await {
            let to = DeliverTo {
                phone,
                sip: Some(pbx()),
            };
            let expected = to.callee();
            let (market, server, caps) = told(&world, says(Verdict::Accepted, to)).await;
            let call = market.call(CALLER).await;
            let mut planned = market.plan(&call).await;
            let ringing = market.router.next_to_ring(&mut planned).await.unwrap();
            let [one] = &ringing[..] else {
                panic!("{ringing:?}")
            };
            assert_eq!(planned.attempts[one.place].contract, market.contracts[0]);
            assert_eq!(Some(one.to.clone()), expected);
            assert_eq!(used(&world, market.account(), caps[0]).await, [(0, 1)]);
            assert_eq!(server.told_of(&planned), "40");
            assert_eq!(posts_in(&world, &market, OutboxState::Done).await, 1);
            assert_eq!(posts_in(&world, &market, OutboxState::Sending).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_it_or_says_not_where_is_passed_over_and_keeps_nothing() {
    let refused = Verdict::Refused(RefusedAs::Capped);
    let nowhere = NotSent::Unreachable("no route".to_owned());
    for (answers, outcome, reason, state) in [
        (
            says(refused, DeliverTo::default()),
            AttemptOutcome::Declined,
            ReasonCode::BuyerRejected,
            OutboxState::Done,
        ),
        (
            // It takes it, and nobody knows where.
            says(Verdict::Accepted, DeliverTo::default()),
            AttemptOutcome::Failed,
            ReasonCode::Unreachable,
            OutboxState::Done,
        ),
        (
            BuyerOutcome::NotSent(nowhere),
            AttemptOutcome::Failed,
            ReasonCode::TimedOut,
            OutboxState::Dead,
        ),
    ] {
        for world in World::both().await {
            let (market, server, caps) = told(&world, answers.clone()).await;
            let call = market.call(CALLER).await;
            let mut planned = market.plan(&call).await;
            let next = market.rings(&mut planned, 1).await;
            market.router.connect(&mut planned, next).await.unwrap();
            let first = (Some(outcome), Some(reason));
            assert_eq!(market.outcomes(&planned).await, [first, (None, None)]);
            assert_eq!(used(&world, market.account(), caps[0]).await, [(0, 0)]);
            assert_eq!(server.posted.lock().unwrap().len(), 1);
            assert_eq!(posts_in(&world, &market, state).await, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_the_next_is_rung_and_what_was_taken_is_held_until_it_is_known() {
    for world in World::both().await {
        let (market, server, caps) = told(&world, BuyerOutcome::TimedOut).await;
        let call = market.call(CALLER).await;
        let mut planned = market.plan(&call).await;
        let next = market.rings(&mut planned, 1).await;
        market.router.connect(&mut planned, next).await.unwrap();
        let unknown = (Some(AttemptOutcome::Unknown), Some(ReasonCode::TimedOut));
        assert_eq!(market.outcomes(&planned).await, [unknown, (None, None)]);
        assert_eq!(server.posted.lock().unwrap().len(), 1, "never twice");
        assert_eq!(posts_in(&world, &market, OutboxState::Unknown).await, 1);
        // Also when the call is over before.
        let ending = market.ending(call);
        market
            .router
            .end_call(&ending, &mut [planned])
            .await
            .unwrap();
        let account = market.account();
        market.clock.forward(AMBIGUOUS_MS - 1);
        market.router.expire().await.unwrap();
        assert_eq!(used(&world, account, caps[0]).await, [(0, 1)]);
        market.clock.forward(1_001);
        let ended = world.store.expire(market.clock.now(), 10).await.unwrap();
        assert_eq!(ended, 1);
        assert_eq!(used(&world, account, caps[0]).await, [(0, 0)]);
    }
}
