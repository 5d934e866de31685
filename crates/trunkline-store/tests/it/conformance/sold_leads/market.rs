//! A campaign with a feed and three buyers who do what is written for them, and the lead desk over the real store.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::time::Instant;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, BuyerId, ContractId, DestinationId, OpportunityId};
use trunkline_core::lead::{LeadTerms, QueueRules};
use trunkline_core::ledger::{Book, Party};
use trunkline_core::routing::delivery::{
    BreakerState, BreakerView, DeliverTo, Reading, RefusedAs, Verdict,
};
use trunkline_core::routing::{DuplicateRule, RoutePlan, VersionState};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::distribution::Distribution;
use trunkline_engine::lead::{Answered, ConsentSigner, LeadDesk, LeadError, LeadPorts, Sent};
use trunkline_engine::ports::buyers::{
    BuyerMail, BuyerOutcome, BuyerReport, BuyerRequest, MailRequest, NotSent,
};
use trunkline_engine::ports::configuration::{Configuration, Everything};
use trunkline_engine::ports::distribution::{
    Buyer, Contract, Delivery, Destination, DistributionRecords, TermsChange, TermsDocument,
    TermsOf, TermsVersion, ThingChange,
};
use trunkline_engine::ports::leads::{CameBy, LeadEventKind, LeadRow, Leads};
use trunkline_engine::ports::{Books, Buyers};
use trunkline_engine::routing::Router;

use super::super::World;
use super::super::distribution::Things;
use super::super::world::NOON;

pub(super) const ENDPOINT: &str = r#"{"schema": 1, "post": {"request": {"method": "POST", "url": "https://leads.roofs.example/in",
    "body": {"json": {"phone": "{phone}", "zip": "{zip}", "id": "{lead_id}"}}},
    "answer": {"accept_when": {"read": {"from": {"json": "$.ok"}, "value": {"is": "true"}}}}}}"#;
pub(super) const FIELDS: &str = r#"[{"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
    {"name": "zip", "label": "ZIP", "type": "zip", "required": "ping"},
    {"name": "consent_text", "label": "Consent", "type": "consent_text"}]"#;
pub(super) const FEED: &str = r#"{"payout": {"rules": [{"rate": {"percent_of_other": "70.1"}}]}}"#;
pub(super) const TERMS: &str =
    r#"{"price": {"rules": [{"rate": {"fixed": 40}}]}, "payment": "net_terms"}"#;

/// A clock that is set by hand.
pub(super) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// What a buyer does with what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
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
pub(super) struct Scripted {
    pub(super) does: Mutex<HashMap<DestinationId, Vec<Does>>>,
    pub(super) has: Mutex<Vec<(OpportunityId, DestinationId)>>,
}

pub(super) fn reading(verdict: Verdict) -> BuyerOutcome {
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

pub(super) fn report(outcome: BuyerOutcome) -> BuyerReport {
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

pub(super) struct NoMail;

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
pub(super) struct Market<'a> {
    pub(super) world: &'a World,
    pub(super) account: AccountId,
    pub(super) things: Things,
    pub(super) contracts: Vec<ContractId>,
    pub(super) destinations: Vec<DestinationId>,
    pub(super) buyers: Vec<BuyerId>,
    pub(super) clock: Arc<HandClock>,
    pub(super) directory: SharedDirectory,
    pub(super) scripted: Arc<Scripted>,
    pub(super) desk: Arc<LeadDesk>,
}

pub(super) fn version(
    of: impl Into<TermsOf>,
    account: AccountId,
    document: TermsDocument,
) -> TermsVersion {
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

pub(super) fn queue() -> Option<QueueRules> {
    Some(QueueRules {
        keep_h: 1,
        every_min: 5,
        tries_max: 2,
    })
}

impl<'a> Market<'a> {
    pub(super) async fn open(world: &'a World, terms: LeadTerms) -> Self {
        Self::open_with(world, terms, TERMS, Vec::new()).await
    }

    pub(super) async fn open_with(
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
    pub(super) async fn restarted(&mut self) {
        let desk = desk(self.world, &self.directory, &self.clock, &self.scripted);
        self.desk = desk.await;
    }

    pub(super) fn script(&self, all: &[(usize, &[Does])]) {
        let mut does = self.scripted.does.lock().unwrap();
        for (n, script) in all {
            does.insert(self.destinations[*n], script.to_vec());
        }
    }

    pub(super) fn sent(&self, form: &[(&str, &str)]) -> Sent {
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

    pub(super) async fn post(&self, phone: &str) -> Result<Answered, LeadError> {
        let sent = self.sent(&[("phone", phone), ("zip", "75201")]);
        self.desk.post(sent).await
    }

    pub(super) fn forward(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Goes on with everything that is due until nobody works on anything.
    pub(super) async fn go_on(&self) {
        loop {
            let begun = self.desk.go_on().await.unwrap();
            self.desk.at_rest().await;
            if begun == 0 {
                return;
            }
        }
    }

    pub(super) async fn lead(&self, id: OpportunityId) -> LeadRow {
        self.world.store.lead(id).await.unwrap().unwrap()
    }

    /// Who has a lead, by what buyers know.
    pub(super) fn has(&self, id: OpportunityId) -> Vec<DestinationId> {
        let has = self.scripted.has.lock().unwrap();
        has.iter()
            .filter(|(lead, _)| *lead == id)
            .map(|(_, to)| *to)
            .collect()
    }

    /// What a buyer owes, and what the publisher is owed, in micro-units.
    pub(super) async fn money(&self) -> (BTreeMap<BuyerId, i64>, i64) {
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

    pub(super) async fn kinds(&self, id: OpportunityId) -> Vec<LeadEventKind> {
        let events = self.world.store.lead_events(id).await.unwrap();
        events.iter().map(|row| row.event.kind).collect()
    }
}

pub(super) async fn desk(
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
