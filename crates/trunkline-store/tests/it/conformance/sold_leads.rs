//! Leads are sold, over the real store: at most as often as their terms allow, whatever buyers answer and wherever the
//! process ends, and each once on the books.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::time::Instant;
use trunkline_core::base::id::{AccountId, BuyerId, ContractId, DestinationId, OpportunityId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::lead::{LeadTerms, LegState, QueueRules, RunState, StepRefusal};
use trunkline_core::ledger::{Book, Party};
use trunkline_core::routing::delivery::{
    BreakerState, BreakerView, DeliverTo, Reading, RefusedAs, Verdict,
};
use trunkline_core::routing::{DuplicateRule, RoutePlan, VersionState};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::distribution::Distribution;
use trunkline_engine::lead::{
    Answered, ConsentSigner, LeadDesk, LeadError, LeadPorts, ReturnAsk, ReturnDecision, Sent,
};
use trunkline_engine::ports::buyers::{
    BuyerMail, BuyerOutcome, BuyerReport, BuyerRequest, MailRequest, NotSent,
};
use trunkline_engine::ports::configuration::{Configuration, Everything};
use trunkline_engine::ports::distribution::{
    Buyer, Contract, Delivery, Destination, DistributionRecords, TermsChange, TermsDocument,
    TermsOf, TermsVersion, ThingChange,
};
use trunkline_engine::ports::leads::{CameBy, LeadEventKind, LeadRow, Leads};
use trunkline_engine::ports::outbox::OutboxState;
use trunkline_engine::ports::{Books, Buyers, Outbox, Reservations};
use trunkline_engine::routing::Router;

use super::World;
use super::distribution::Things;
use super::reservations::adds_up;
use super::world::{MINUTE, NOON};

const ENDPOINT: &str = r#"{"schema": 1, "post": {"request": {"method": "POST", "url": "https://leads.roofs.example/in",
    "body": {"json": {"phone": "{phone}", "zip": "{zip}", "id": "{lead_id}"}}},
    "answer": {"accept_when": {"read": {"from": {"json": "$.ok"}, "value": {"is": "true"}}}}}}"#;
const FIELDS: &str = r#"[{"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
    {"name": "zip", "label": "ZIP", "type": "zip", "required": "ping"},
    {"name": "consent_text", "label": "Consent", "type": "consent_text"}]"#;
const FEED: &str = r#"{"payout": {"rules": [{"rate": {"percent_of_other": "70.1"}}]}}"#;
const TERMS: &str = r#"{"price": {"rules": [{"rate": {"fixed": 40}}]}, "payment": "net_terms"}"#;

/// A clock that is set by hand.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// What a buyer does with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Takes,
    Refuses,
    /// It has it, and its answer never comes.
    TakesInSilence,
    /// It never got it, and its answer never comes.
    Loses,
    Unreachable,
    /// It has it, and the process ends before its answer comes.
    TakesAsItEnds,
}

/// Buyers who do what is written, one thing for each time, the last for ever; and what each of them has.
#[derive(Default)]
struct Scripted {
    does: Mutex<HashMap<DestinationId, Vec<Does>>>,
    has: Mutex<Vec<(OpportunityId, DestinationId)>>,
}

fn reading(verdict: Verdict) -> BuyerOutcome {
    let reading = Reading {
        verdict,
        price: None,
        id: Some("theirs-1".to_owned()),
        reason: None,
        redirect_url: Some("https://buyer.example/thanks".to_owned()),
        expires_at: None,
        min_seconds: None,
        deliver_to: DeliverTo::default(),
        faults: Vec::new(),
    };
    BuyerOutcome::Answered(Box::new(reading), 200)
}

fn report(outcome: BuyerOutcome) -> BuyerReport {
    BuyerReport {
        outcome,
        latency_ms: 1,
        request_shown: String::new(),
        answer_shown: String::new(),
    }
}

#[async_trait]
impl Buyers for Scripted {
    async fn ask(&self, _: &BuyerRequest, _: Instant) -> BuyerReport {
        report(BuyerOutcome::TimedOut)
    }

    async fn post(&self, post: &BuyerRequest, _: Instant) -> BuyerReport {
        let does = {
            let mut all = self.does.lock().unwrap();
            let own = all.entry(post.destination).or_default();
            match own.len() {
                0 => Does::Takes,
                1 => own[0],
                _ => own.remove(0),
            }
        };
        let takes = [Does::Takes, Does::TakesInSilence, Does::TakesAsItEnds];
        if takes.contains(&does) {
            let sold = (post.opportunity, post.destination);
            self.has.lock().unwrap().push(sold);
        }
        if does == Does::TakesAsItEnds {
            std::future::pending::<()>().await;
        }
        report(match does {
            Does::TakesAsItEnds | Does::Takes => reading(Verdict::Accepted),
            Does::Refuses => reading(Verdict::Refused(RefusedAs::Capped)),
            Does::TakesInSilence | Does::Loses => BuyerOutcome::TimedOut,
            Does::Unreachable => BuyerOutcome::NotSent(NotSent::Unreachable("refused".to_owned())),
        })
    }

    fn breaker(&self, _: DestinationId, _: Timestamp) -> BreakerView {
        BreakerView {
            state: BreakerState::Closed,
            until: None,
            failures: 0,
            asked: 0,
            timed_out: 0,
        }
    }
}

struct NoMail;

#[async_trait]
impl BuyerMail for NoMail {
    fn is_set_up(&self) -> bool {
        false
    }

    async fn send(&self, _: &MailRequest, _: Instant) -> BuyerReport {
        report(BuyerOutcome::NotSent(NotSent::Refused(
            "no mail".to_owned(),
        )))
    }
}

/// A campaign with a feed and three buyers, and the desk.
struct Market<'a> {
    world: &'a World,
    account: AccountId,
    things: Things,
    contracts: Vec<ContractId>,
    destinations: Vec<DestinationId>,
    buyers: Vec<BuyerId>,
    clock: Arc<HandClock>,
    directory: SharedDirectory,
    scripted: Arc<Scripted>,
    desk: Arc<LeadDesk>,
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

fn queue() -> Option<QueueRules> {
    Some(QueueRules {
        keep_h: 1,
        every_min: 5,
        tries_max: 2,
    })
}

impl<'a> Market<'a> {
    async fn open(world: &'a World, terms: LeadTerms) -> Self {
        Self::open_with(world, terms, TERMS, Vec::new()).await
    }

    async fn open_with(
        world: &'a World,
        terms: LeadTerms,
        contract_terms: &str,
        duplicates: Vec<DuplicateRule>,
    ) -> Self {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let mut things = Things::new(world, account);
        things.campaign.paused = false;
        things.campaign.fields = FIELDS.to_owned();
        things.campaign.leads = terms;
        things.campaign.duplicates = duplicates;
        things.destination.delivery = Delivery::Http(ENDPOINT.to_owned());
        things.buyer.credit_limit_micros = None;
        things.put(store).await;
        let (mut contracts, mut destinations, mut buyers) = (
            vec![things.contract.id],
            vec![things.destination.id],
            vec![things.buyer.id],
        );
        for n in 1..3 {
            let buyer = Buyer {
                id: world.id(),
                name: format!("Buyer {n}"),
                ..things.buyer.clone()
            };
            let destination = Destination {
                id: world.id(),
                name: format!("Server {n}"),
                buyer: buyer.id,
                ..things.destination.clone()
            };
            let contract = Contract {
                id: world.id(),
                name: format!("Contract {n}"),
                destination: destination.id,
                ..things.contract.clone()
            };
            contracts.push(contract.id);
            destinations.push(destination.id);
            buyers.push(buyer.id);
            for thing in [
                ThingChange::Buyer(buyer),
                ThingChange::Destination(destination),
                ThingChange::Contract(contract),
            ] {
                store.put_thing(&thing, None).await.unwrap();
            }
        }
        let layer =
            || TermsDocument::Layer(Arc::new(serde_json::from_str(contract_terms).unwrap()));
        let mut documents: Vec<_> = contracts
            .iter()
            .map(|contract| version(*contract, account, layer()))
            .collect();
        let feed = Arc::new(serde_json::from_str(FEED).unwrap());
        documents.push(version(things.feed.id, account, TermsDocument::Feed(feed)));
        let members: Vec<String> = contracts
            .iter()
            .map(|contract| format!(r#"{{"to": {{"contract": "{contract}"}}}}"#))
            .collect();
        let plan: RoutePlan = serde_json::from_str(&format!(
            r#"{{"schema": 1, "start": "main", "groups": {{"main": {{"method": "waterfall", "members": [{}]}}}}}}"#,
            members.join(",")
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
        let distribution = Distribution::new(Arc::new(store.clone()), directory.clone());
        distribution.reload().await.unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(NOON.as_millis())));
        let scripted = Arc::new(Scripted::default());
        let desk = desk(world, &directory, &clock, &scripted).await;
        Self {
            world,
            account,
            things,
            contracts,
            destinations,
            buyers,
            clock,
            directory,
            scripted,
            desk,
        }
    }

    /// The process ended, and another one starts on the same store.
    async fn restarted(&mut self) {
        let desk = desk(self.world, &self.directory, &self.clock, &self.scripted);
        self.desk = desk.await;
    }

    fn script(&self, all: &[(usize, &[Does])]) {
        let mut does = self.scripted.does.lock().unwrap();
        for (n, script) in all {
            does.insert(self.destinations[*n], script.to_vec());
        }
    }

    fn sent(&self, form: &[(&str, &str)]) -> Sent {
        let market = self.directory.markets().of(self.account).unwrap();
        let feed = market.feed(self.things.feed.id).unwrap().clone();
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Sent {
            market,
            feed,
            by: CameBy::Post,
            form: form.iter().map(pair).collect(),
            key: None,
            test: false,
            price_min: None,
            page: None,
            visit: None,
        }
    }

    async fn post(&self, phone: &str) -> Result<Answered, LeadError> {
        let sent = self.sent(&[("phone", phone), ("zip", "75201")]);
        self.desk.post(sent).await
    }

    fn forward(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Goes on with everything that is due until nobody works on anything.
    async fn go_on(&self) {
        loop {
            let begun = self.desk.go_on().await.unwrap();
            self.desk.at_rest().await;
            if begun == 0 {
                return;
            }
        }
    }

    async fn lead(&self, id: OpportunityId) -> LeadRow {
        self.world.store.lead(id).await.unwrap().unwrap()
    }

    /// Who has a lead, by what buyers know.
    fn has(&self, id: OpportunityId) -> Vec<DestinationId> {
        let has = self.scripted.has.lock().unwrap();
        has.iter()
            .filter(|(lead, _)| *lead == id)
            .map(|(_, to)| *to)
            .collect()
    }

    /// What a buyer owes, and what the publisher is owed, in micro-units.
    async fn money(&self) -> (BTreeMap<BuyerId, i64>, i64) {
        let balances = self.world.store.balances(self.account).await.unwrap();
        let (mut owed, mut payable) = (BTreeMap::new(), 0);
        for balance in balances {
            match (balance.book, balance.party) {
                (Book::BuyerReceivable, Party::Buyer(buyer)) => {
                    owed.insert(buyer, balance.amount.micros());
                }
                (Book::PublisherPayable, Party::Publisher(_)) => {
                    payable = -balance.amount.micros();
                }
                _ => {}
            }
        }
        (owed, payable)
    }

    async fn kinds(&self, id: OpportunityId) -> Vec<LeadEventKind> {
        let events = self.world.store.lead_events(id).await.unwrap();
        events.iter().map(|row| row.event.kind).collect()
    }
}

async fn desk(
    world: &World,
    directory: &SharedDirectory,
    clock: &Arc<HandClock>,
    scripted: &Arc<Scripted>,
) -> Arc<LeadDesk> {
    let store = Arc::new(world.store.clone());
    let moment = Moment::new(clock.clone(), 0);
    moment.go_on_after(world.store.newest_id().await.unwrap());
    let router = Router::new(
        moment.clone(),
        directory.clone(),
        store.clone(),
        store.clone(),
        store.clone(),
    );
    let ports = LeadPorts {
        leads: store.clone(),
        opportunities: store.clone(),
        books: store.clone(),
        outbox: store,
        buyers: scripted.clone(),
        mail: Arc::new(NoMail),
    };
    let signer = ConsentSigner::new(&[5; 32]).unwrap();
    LeadDesk::new(moment, directory.clone(), Arc::new(router), ports, signer)
}

const UNIT: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_goes_to_the_next_buyer_and_the_money_is_booked_with_the_sale() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        market.script(&[(0, &[Does::Refuses]), (1, &[Does::Unreachable])]);
        let answered = market.post("2145550100").await.unwrap();
        let row = &answered.lead;
        assert_eq!((row.run.state, row.run.accepted()), (RunState::Sold, 1));
        assert_eq!(
            row.payout,
            Some(Money::from_micros(28_040_000, Currency::USD))
        );
        assert_eq!(market.has(row.id), [market.destinations[2]]);
        let (owed, payable) = market.money().await;
        assert_eq!(owed, [(market.buyers[2], 40 * UNIT)].into());
        assert_eq!(payable, 28_040_000);
        let kinds = market.kinds(row.id).await;
        let told = [
            LeadEventKind::Posted,
            LeadEventKind::Sending,
            LeadEventKind::Declined,
            LeadEventKind::Sending,
            LeadEventKind::Declined,
            LeadEventKind::Sending,
            LeadEventKind::Accepted,
            LeadEventKind::Sold,
        ];
        assert_eq!(kinds, told);
        // What was never sent is laid aside for a person, and cannot go to a second buyer from there.
        let dead = world
            .store
            .events_in(market.account, OutboxState::Dead, None, 10);
        let dead = dead.await.unwrap();
        assert_eq!(dead.len(), 1);
        let again = market.desk.deliver(&dead[0].event).await;
        assert!(matches!(
            again,
            trunkline_engine::ports::outbox::Delivery::Dead(_)
        ));
        assert_eq!(market.has(row.id).len(), 1);
        let legs: Vec<_> = row
            .legs
            .iter()
            .map(|leg| leg.buyers_name.is_some())
            .collect();
        assert_eq!(legs, [false, false, true]);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_does_not_answer_holds_the_lead_until_the_window_is_over() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        market.script(&[(0, &[Does::TakesInSilence])]);
        let row = market.post("2145550100").await.unwrap().lead;
        assert_eq!((row.run.state, row.run.accepted()), (RunState::Selling, 0));
        market.forward(29_000);
        market.go_on().await;
        assert_eq!(
            market.lead(row.id).await.legs.len(),
            1,
            "nobody else is asked"
        );
        // The buyer tells that they took it: it is sold, to them.
        let told = market
            .desk
            .tell(row.id, market.contracts[0], true)
            .await
            .unwrap();
        assert_eq!(told.run.state, RunState::Sold);
        assert_eq!(market.has(row.id), [market.destinations[0]]);
        assert_eq!(
            market.money().await.0,
            [(market.buyers[0], 40 * UNIT)].into()
        );

        // Another one, of which nobody tells anything: behind the window the next has it.
        market.script(&[(0, &[Does::Loses])]);
        let row = market.post("2145550101").await.unwrap().lead;
        market.forward(30_000);
        market.go_on().await;
        let row = market.lead(row.id).await;
        assert_eq!(row.run.state, RunState::Sold);
        assert_eq!(market.has(row.id), [market.destinations[1]]);
        // Now the first says that they had it: it is sold elsewhere, and nothing is booked twice.
        let told = market
            .desk
            .tell(row.id, market.contracts[0], true)
            .await
            .unwrap();
        assert_eq!(told.run.accepted(), 1);
        assert!(market.kinds(row.id).await.contains(&LeadEventKind::TooLate));
        let (owed, payable) = market.money().await;
        assert_eq!(owed.values().sum::<i64>(), 80 * UNIT);
        assert_eq!(payable, 56_080_000);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_sent_when_the_process_ended_may_have_arrived() {
    for world in World::both().await {
        let mut market = Market::open(&world, LeadTerms::default()).await;
        market.script(&[(0, &[Does::TakesAsItEnds])]);
        let sent = market.sent(&[("phone", "2145550100"), ("zip", "75201")]);
        let id = market.desk.take(sent).await.unwrap().lead.id;
        while market.has(id).is_empty() {
            tokio::task::yield_now().await;
        }
        market.restarted().await;
        assert_eq!(market.desk.recover().await.unwrap(), 1);
        market.desk.at_rest().await;
        let row = market.lead(id).await;
        assert_eq!(row.run.state, RunState::Selling);
        assert!(matches!(row.run.legs[0].state, LegState::Unknown { .. }));
        let unknown = world
            .store
            .events_in(market.account, OutboxState::Unknown, None, 10);
        assert_eq!(unknown.await.unwrap().len(), 1, "a person sees it");
        market.forward(29_000);
        market.go_on().await;
        assert_eq!(market.has(id).len(), 1, "nobody else has it meanwhile");
        // The buyer tells that it came.
        let told = market
            .desk
            .tell(id, market.contracts[0], true)
            .await
            .unwrap();
        assert_eq!(told.run.state, RunState::Sold);
        assert_eq!(
            market.money().await.0,
            [(market.buyers[0], 40 * UNIT)].into()
        );
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_one_lead_and_another_lead_under_it_is_refused() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let sent = |zip: &str| Sent {
            key: Some("k1".to_owned()),
            ..market.sent(&[("phone", "2145550100"), ("zip", zip)])
        };
        let both = tokio::join!(
            market.desk.post(sent("75201")),
            market.desk.post(sent("75201"))
        );
        let (one, two) = (both.0.unwrap(), both.1.unwrap());
        assert_eq!(one.lead.id, two.lead.id);
        assert_ne!(one.cached, two.cached);
        market.desk.at_rest().await;
        assert_eq!(market.has(one.lead.id).len(), 1);
        let other = market.desk.post(sent("75202")).await;
        assert_eq!(other.err(), Some(LeadError::KeyUsed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_bid_on_once_and_its_post_must_be_its_own() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let form = [("zip", "75201"), ("phone", "2145550100")];
        let ping = || Sent {
            by: CameBy::Ping,
            ..market.sent(&form)
        };
        let both = tokio::join!(market.desk.ping(ping()), market.desk.ping(ping()));
        let (one, two) = (both.0.unwrap(), both.1.unwrap());
        assert_eq!(one.lead, two.lead, "the same offer");
        assert_ne!(one.cached, two.cached);
        let offer = one.lead.run.ping.as_ref().unwrap().offer.unwrap();
        assert_eq!(offer.quoted.map(Money::micros), Some(28_040_000));
        let id = one.lead.id;
        let lead = &market.lead(id).await.run.ping.unwrap().lead;
        assert_eq!(lead.phone, None, "a ping tells nobody's number");

        for (form, wrong) in [
            ([("zip", "75202"), ("phone", "2145550100")], "zip"),
            ([("zip", "75201"), ("phone", "2145550101")], "phone_sha256"),
        ] {
            let changed = market.desk.post_of_ping(id, market.sent(&form)).await;
            let field = wrong.to_owned();
            assert_eq!(
                changed.err(),
                Some(LeadError::Step(StepRefusal::Changed { field }))
            );
        }
        let stranger = market
            .desk
            .post_of_ping(world.id(), market.sent(&form))
            .await;
        assert_eq!(stranger.err(), Some(LeadError::NoSuchPing));
        let sold = market
            .desk
            .post_of_ping(id, market.sent(&form))
            .await
            .unwrap();
        assert_eq!((sold.lead.id, sold.lead.run.state), (id, RunState::Sold));
        assert_eq!(sold.lead.payout, offer.quoted, "as it was promised");
        let again = market
            .desk
            .post_of_ping(id, market.sent(&form))
            .await
            .unwrap();
        assert!(again.cached);
        assert_eq!(market.has(id).len(), 1);
        let reservations = world.store.reservations(id).await.unwrap();
        assert_eq!(
            reservations.len(),
            1,
            "the post goes on with what the ping took"
        );

        // An offer ends.
        let other = Sent {
            by: CameBy::Ping,
            ..market.sent(&[("zip", "75204")])
        };
        let late = market.desk.ping(other).await.unwrap().lead.id;
        market.forward(MINUTE);
        let form = [("zip", "75204"), ("phone", "2145550107")];
        let expired = market.desk.post_of_ping(late, market.sent(&form)).await;
        assert!(matches!(
            expired.err(),
            Some(LeadError::Step(StepRefusal::Expired(_)))
        ));
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_leads_have_as_many_buyers_as_they_may_and_the_publisher_is_paid_once_for_each() {
    for world in World::both().await {
        let terms = LeadTerms {
            buyers_max: 2,
            ..LeadTerms::default()
        };
        let market = Market::open(&world, terms).await;
        let row = market.post("2145550100").await.unwrap().lead;
        assert_eq!((row.run.state, row.run.accepted()), (RunState::Sold, 2));
        assert_eq!(market.has(row.id), market.destinations[..2]);
        let (owed, payable) = market.money().await;
        assert_eq!(owed.values().copied().collect::<Vec<_>>(), [40 * UNIT; 2]);
        assert_eq!(payable, 56_080_000);
        assert_eq!(row.revenue.map(Money::micros), Some(80 * UNIT));
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_took_waits_and_is_offered_again() {
    for world in World::both().await {
        let terms = LeadTerms {
            queue: queue(),
            ..LeadTerms::default()
        };
        let market = Market::open(&world, terms).await;
        let no = &[Does::Refuses][..];
        market.script(&[(0, no), (1, no), (2, no)]);
        let row = market.post("2145550100").await.unwrap().lead;
        assert_eq!(row.run.state, RunState::Queued);
        assert_eq!(row.reason.as_deref(), Some("BUYER_REJECTED"));
        market.go_on().await;
        assert_eq!(
            market.lead(row.id).await.run.state,
            RunState::Queued,
            "it waits"
        );
        market.script(&[(1, &[Does::Takes])]);
        market.forward(5 * MINUTE);
        market.go_on().await;
        let row = market.lead(row.id).await;
        assert_eq!(row.run.state, RunState::Sold);
        assert_eq!(market.has(row.id), [market.destinations[1]]);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_touch_no_buyer_no_money_and_no_cap() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let test = |zip: &str, by| Sent {
            test: true,
            by,
            ..market.sent(&[("phone", "2145550100"), ("zip", zip)])
        };
        for (zip, state) in [
            ("90100", RunState::Sold),
            ("75201", RunState::Sold),
            ("90199", RunState::Unsold),
            ("90198", RunState::Rejected),
            ("90197", RunState::Rejected),
            ("90196", RunState::Selling),
            ("90195", RunState::Selling),
        ] {
            let row = market
                .desk
                .post(test(zip, CameBy::Post))
                .await
                .unwrap()
                .lead;
            assert_eq!(row.run.state, state, "{zip}");
            market.forward(31_000);
            market.go_on().await;
            let after = market.lead(row.id).await.run.state;
            let settled = match zip {
                "90196" => RunState::Sold,
                "90195" => RunState::Unsold,
                _ => state,
            };
            assert_eq!(after, settled, "{zip}");
            assert_eq!(world.store.reservations(row.id).await.unwrap(), []);
        }
        let ping = market
            .desk
            .ping(test("90100", CameBy::Ping))
            .await
            .unwrap()
            .lead;
        assert_eq!(ping.run.state, RunState::PingAccepted);
        let ping = market
            .desk
            .ping(test("90199", CameBy::Ping))
            .await
            .unwrap()
            .lead;
        assert_eq!(ping.run.state, RunState::PingRejected);
        assert_eq!(market.scripted.has.lock().unwrap().len(), 0);
        assert_eq!(market.money().await, (BTreeMap::new(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_is_not_sold_twice_where_the_campaign_says_so() {
    for world in World::both().await {
        let rules = r#"[{"scope": "campaign", "action": "block", "after": "any", "within_h": 24}]"#;
        let rules = serde_json::from_str(rules).unwrap();
        let market = Market::open_with(&world, LeadTerms::default(), TERMS, rules).await;
        let first = market.post("2145550100").await.unwrap().lead;
        assert_eq!(first.run.state, RunState::Sold);
        let second = market.post("(214) 555-0100").await.unwrap().lead;
        assert_eq!(second.run.state, RunState::Rejected);
        assert_eq!(second.reason.as_deref(), Some("DUPLICATE"));
        assert_eq!(market.has(second.id), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_never_overshot_by_leads_that_come_at_once() {
    for world in World::both().await {
        let capped = format!(
            r#"{{"price": {{"rules": [{{"rate": {{"fixed": 40}}}}]}}, "payment": "net_terms",
                "caps": [{{"id": "{}", "max": 2, "window": {{"period": "day", "zone": "UTC"}}}}]}}"#,
            world.id::<trunkline_core::base::id::CapKind>()
        );
        let market = Market::open_with(&world, LeadTerms::default(), &capped, Vec::new()).await;
        let mut posts = Vec::new();
        for n in 0..10 {
            let desk = market.desk.clone();
            let sent = market.sent(&[("phone", &format!("21455501{n:02}")), ("zip", "75201")]);
            posts.push(tokio::spawn(
                async move { desk.post(sent).await.unwrap().lead },
            ));
        }
        let mut sold = 0;
        for post in posts {
            sold += usize::from(post.await.unwrap().run.state == RunState::Sold);
        }
        // The cap has one id in all three contracts: it is one cap.
        assert!((1..=6).contains(&sold), "{sold}");
        let owed: i64 = market.money().await.0.values().sum();
        assert_eq!(owed, i64::try_from(sold).unwrap() * 40 * UNIT);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_decided_within_the_terms() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let row = market.post("2145550100").await.unwrap().lead;
        let ask = |contract| ReturnAsk {
            lead: row.id,
            contract,
            reason: trunkline_core::lead::ReturnReason::WrongNumber,
            note: "A florist".to_owned(),
        };
        let account = market.account;
        let theirs = market
            .desk
            .ask_return(account, &ask(market.contracts[1]))
            .await;
        assert!(theirs.is_err(), "they do not have it");
        let foreign = market
            .desk
            .ask_return(world.id(), &ask(market.contracts[0]))
            .await;
        assert!(foreign.is_err(), "another account's");
        let contract = market.contracts[0];
        market
            .desk
            .ask_return(account, &ask(contract))
            .await
            .unwrap();
        assert!(
            market
                .desk
                .ask_return(account, &ask(contract))
                .await
                .is_err()
        );
        let decision = ReturnDecision {
            lead: row.id,
            contract,
            what: trunkline_core::lead::ReturnEvent::Approve { percent: 100 },
            answer: String::new(),
            by: None,
        };
        for _ in 0..2 {
            let back = market.desk.decide_return(account, &decision).await.unwrap();
            assert_eq!(back.of.percent, 100);
        }
        let lead = market.lead(row.id).await;
        assert_eq!(lead.run.state, RunState::Returned);
        let late = market.post("2145550101").await.unwrap().lead;
        market.forward(97 * 60 * MINUTE);
        let late = ReturnAsk {
            lead: late.id,
            ..ask(contract)
        };
        assert!(
            market.desk.ask_return(account, &late).await.is_err(),
            "too late"
        );
    }
}

/// How many buyers may have it, whether it is queued, what each buyer does, and what happens when.
type Script = (u8, bool, Vec<Vec<Does>>, Vec<(u8, i64)>);

/// What is drawn: what buyers do, and between which of them the process ends.
fn scripts() -> impl Strategy<Value = Script> {
    let does = prop::sample::select(
        &[
            Does::Takes,
            Does::Refuses,
            Does::TakesInSilence,
            Does::Loses,
            Does::Unreachable,
        ][..],
    );
    let script = prop::collection::vec(does, 1..4);
    let steps = prop::collection::vec((0..6_u8, 1..40_000_i64), 1..8);
    (
        1..3_u8,
        any::<bool>(),
        prop::collection::vec(script, 3),
        steps,
    )
}

/// A lead is sold at most as often as its terms allow: by our books always; by what buyers know never to more, unless a
/// buyer who has it kept silent for the whole window.
#[test]
fn a_lead_is_sold_at_most_as_often_as_its_terms_allow() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let worlds = runtime.block_on(World::both());
    for world in &worlds {
        let mut runner = TestRunner::new(Config {
            cases: 12,
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(&scripts(), |(buyers_max, queued, does, steps)| {
                runtime.block_on(one_story(world, buyers_max, queued, does, steps))
            })
            .unwrap();
    }
}

async fn one_story(
    world: &World,
    buyers_max: u8,
    queued: bool,
    does: Vec<Vec<Does>>,
    steps: Vec<(u8, i64)>,
) -> Result<(), TestCaseError> {
    let terms = LeadTerms {
        buyers_max,
        queue: queue().filter(|_| queued),
        ..LeadTerms::default()
    };
    let mut market = Market::open(world, terms).await;
    for (n, script) in does.iter().enumerate() {
        market.script(&[(n, script)]);
    }
    let silent = does.iter().flatten().any(|d| *d == Does::TakesInSilence);
    let id = market.post("2145550100").await.unwrap().lead.id;
    for (what, ms) in steps {
        market.forward(ms);
        match what {
            0 => market.restarted().await,
            1 => {
                market.desk.recover().await.unwrap();
                market.desk.at_rest().await;
            }
            2..=3 => {
                let contract = market.contracts[usize::from(what - 2)];
                // A late word of a buyer; one who was never asked has none.
                let _ = market.desk.tell(id, contract, ms % 2 == 0).await;
                market.desk.at_rest().await;
            }
            _ => market.go_on().await,
        }
        let row = market.lead(id).await;
        let max = usize::from(buyers_max);
        prop_assert!(row.run.accepted() <= max);
        let known = market.has(id);
        if !silent {
            prop_assert!(known.len() <= max, "{known:?}");
        }
        let taken =
            |leg: &&trunkline_core::lead::Leg| matches!(leg.state, LegState::Accepted { .. });
        let mut companies: Vec<_> = row
            .run
            .legs
            .iter()
            .filter(taken)
            .map(|l| l.company)
            .collect();
        companies.sort_unstable();
        prop_assert!(companies.is_sorted_by(|a, b| a < b));
        // What is on the books is what was sold, to the micro-unit.
        let (owed, payable) = market.money().await;
        let sold = i64::try_from(row.run.accepted()).unwrap();
        prop_assert_eq!(owed.values().sum::<i64>(), sold * 40 * UNIT);
        prop_assert_eq!(payable, sold * 28_040_000);
    }
    adds_up(world, market.account).await;
    Ok(())
}
