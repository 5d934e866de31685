//! Calls through plans, with real SIP: who is rung, in which order, who pays what, what is said of those who were not asked,
//! and what a kill leaves of it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_core::base::id::{AccountId, BuyerId, CallId, ContractId, PublisherId};
use trunkline_core::base::{Callee, PhoneNumber};
use trunkline_core::ledger::{Book, Party};
use trunkline_core::routing::{AttemptOutcome, Outcome, ReasonCode};
use trunkline_engine::ports::routing::{AttemptRow, OpportunityRecord};
use trunkline_engine::ports::{Books, CallRecords, Configuration, Opportunities, Reservations};
use trunkline_sim::audio::Voice;
use trunkline_sim::carrier::{Behaviour, CallHandle, Carrier, Line, Progress};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::testing::TestDatabase;

use crate::calls::{furnish, plan};
use crate::costs::{by_the_hour, price};
use crate::flows::runs;
use crate::house::{BUSINESS_LINE, House};

/// The phones of the buyers.
const PHONES: [&str; 3] = ["+12145550171", "+12145550172", "+12145550173"];
/// 40 from a second on, and 25 of it for the publisher.
const PRICE: &str = r#"{"billable_from_s": 1, "rules": [{"rate": {"fixed": 40}}]}"#;
const PAYOUT: &str = r#"{"billable_from_s": 1, "rules": [{"rate": {"fixed": 25}}]}"#;

fn id(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

/// A campaign with three buyers behind one number; nobody of them, and the business line.
pub(crate) struct Sale {
    pub(crate) house: House,
    carrier: Carrier,
    number: String,
    publisher: PublisherId,
    buyers: Vec<BuyerId>,
    destinations: Vec<String>,
    contracts: Vec<ContractId>,
}

pub(crate) const BUSY: Behaviour = Behaviour::Busy;
pub(crate) const ANSWERS: Behaviour = Behaviour::Answer { after_ms: 0 };

impl Sale {
    /// `terms` are more of each contract, and `method` orders them.
    pub(crate) async fn open(
        method: &str,
        terms: [Value; 3],
        phones: [(Behaviour, Option<u64>); 3],
    ) -> Self {
        // What is stored is read beside the program, which SQLite lets nobody do.
        Self::open_on(TestDatabase::postgres().await, method, terms, phones).await
    }

    async fn open_on(
        database: TestDatabase,
        method: &str,
        terms: [Value; 3],
        phones: [(Behaviour, Option<u64>); 3],
    ) -> Self {
        Self::open_in(House::start_on(database).await, method, terms, phones).await
    }

    async fn open_in(
        house: House,
        method: &str,
        terms: [Value; 3],
        phones: [(Behaviour, Option<u64>); 3],
    ) -> Self {
        let (house, carrier, _, number) = furnish(house, ANSWERS).await;
        let post =
            async |what: &str, body: Value| house.post(&format!("/api/v1/{what}"), body).await;
        let publisher = post("publishers", json!({"name": "Clicks & Co"})).await;
        let campaign = post("campaigns", json!({"name": "Solar"})).await;
        let feed = json!({"campaign": id(&campaign), "publisher": id(&publisher)});
        let feed = post("feeds", feed).await;
        let payout: Value = serde_json::from_str(PAYOUT).expect("JSON");
        let seen = &feed["terms"]["newest"];
        let body = json!({"seen": seen, "document": {"payout": payout}});
        let path = format!("/api/v1/terms/{}", id(&feed));
        house.api(Method::PUT, &path, Some(body)).await;
        let (mut buyers, mut destinations, mut contracts) = (Vec::new(), Vec::new(), Vec::new());
        for (n, (more, (behaviour, hangs_up_after_ms))) in terms.into_iter().zip(phones).enumerate()
        {
            let line = Line {
                behaviour,
                voice: Voice::Tone { hz: 900.0 },
                hangs_up_after_ms,
            };
            carrier.connect(PhoneNumber::parse_e164(PHONES[n]).expect("a number"), line);
            let buyer = post("buyers", json!({"name": format!("Roofs {n}")})).await;
            let destination =
                json!({"buyer": id(&buyer), "name": "Desk", "kind": "phone", "address": PHONES[n]});
            let destination = post("destinations", destination).await;
            let price: Value = serde_json::from_str(PRICE).expect("JSON");
            let mut terms = json!({"price": price});
            let all = terms.as_object_mut().expect("an object");
            all.extend(more.as_object().expect("an object").clone());
            let contract = json!({"campaign": id(&campaign), "destination": id(&destination), "name": format!("Texas {n}"), "terms": terms});
            let contract = post("contracts", contract).await;
            buyers.push(BuyerId::parse(&id(&buyer)).expect("an id"));
            contracts.push(ContractId::parse(&id(&contract)).expect("an id"));
            destinations.push(id(&destination));
        }
        let members: Vec<Value> = contracts
            .iter()
            .map(|contract| json!({"to": {"contract": contract.to_string()}}))
            .collect();
        let document = json!({"schema": 1, "start": "main", "groups": {"main": {"method": method, "members": members}}});
        let path = format!("/api/v1/campaigns/{}/plan", id(&campaign));
        let body = json!({"seen": 0, "document": document});
        house.api(Method::PUT, &path, Some(body)).await;
        runs(
            &house,
            &json!({
                "start": {"kind": "route", "on": {"no_buyer": "ring"}},
                "ring": {"kind": "dial", "destinations": [{"to": "business_line"}]},
            }),
        )
        .await;
        let numbers = house.get("/api/v1/numbers").await;
        let path = format!("/api/v1/numbers/{}", id(&numbers["items"][0]));
        let body = json!({"feed": id(&feed)});
        house.api(Method::PATCH, &path, Some(body)).await;
        Self {
            publisher: PublisherId::parse(&id(&publisher)).expect("an id"),
            house,
            carrier,
            number,
            buyers,
            destinations,
            contracts,
        }
    }

    pub(crate) async fn dial(&self, from: usize) -> CallHandle {
        let plan = plan(&self.number, &format!("+1214555{:04}", 1_200 + from));
        self.carrier.dial(plan).await.expect("a call")
    }

    /// What is stored, read beside the running program.
    async fn store(&self) -> (Store, AccountId) {
        let location = Location::parse(&self.house.database_url()).expect("a location");
        let key = std::fs::read(self.house.data().join("sealing.key")).expect("a key");
        let key = key.try_into().expect("32 bytes");
        let store = Store::open(&location, DbOptions::default(), &key).await;
        let store = store.expect("a store");
        let account = store.load().await.expect("a configuration").accounts[0].id;
        (store, account)
    }

    /// What came of the newest call.
    async fn came_of_it(&self) -> Told {
        let call = self.house.newest_ended_call().await;
        self.told(CallId::parse(&call).expect("an id")).await
    }

    async fn told(&self, call: CallId) -> Told {
        let (store, account) = self.store().await;
        let of_call = store.opportunities_of_call(account, call).await;
        let of_call = of_call.expect("opportunities");
        assert_eq!(of_call.len(), 1, "one for each call");
        let id = of_call[0].id;
        let record = store.opportunity(account, id).await.expect("read");
        let row = store.call(call).await.expect("read").expect("a call");
        let balances = store.balances(account).await.expect("balances");
        let told = Told {
            record: record.expect("a record"),
            attempts: store.attempts(id).await.expect("attempts"),
            balances: balances
                .iter()
                .map(|b| ((b.book, b.party), b.amount.micros()))
                .collect(),
            answered_by: row.destination,
        };
        assert_eq!(store.verify(account).await.expect("sums"), []);
        let from = trunkline_core::base::Timestamp::EPOCH;
        let stock = store.stock(account, from, from).await.expect("stock");
        assert!(stock.places.is_empty(), "{:?}", stock.places);
        assert!(stock.slots.iter().all(|slot| slot.reserved == 0));
        store.db().close().await;
        told
    }

    /// The place of a contract among the three.
    fn place(&self, contract: ContractId) -> usize {
        let mut contracts = self.contracts.iter();
        contracts.position(|c| *c == contract).expect("one of them")
    }
}

struct Told {
    record: OpportunityRecord,
    attempts: Vec<AttemptRow>,
    balances: BTreeMap<(Book, Party), i64>,
    answered_by: Option<Callee>,
}

impl Told {
    /// What is on the books when the minutes of calls cost so much.
    fn minutes(&self, micros: i64) -> [((Book, Party), i64); 2] {
        let mut parties = self.balances.keys().map(|(_, party)| *party);
        let carrier = parties.find(|party| matches!(party, Party::Carrier(_)));
        [
            ((Book::TelephonyCost, Party::House), micros),
            ((Book::CarrierPayable, carrier.expect("a carrier")), -micros),
        ]
    }

    fn outcomes(&self, sale: &Sale) -> Vec<(usize, Option<AttemptOutcome>)> {
        let rows = self.attempts.iter();
        rows.map(|row| (sale.place(row.contract), row.outcome))
            .collect()
    }

    /// Why each contract was not asked; `None` for those that could have it.
    fn refusals(&self) -> Vec<Option<ReasonCode>> {
        let lines = self.record.trace.iter();
        lines
            .map(|line| match line.outcome {
                Outcome::Refused(refusal) => Some(refusal.reason()),
                Outcome::Eligible { .. } => None,
            })
            .collect()
    }
}

/// What is on the books after so many calls of one buyer.
fn sold(sale: &Sale, buyer: usize, calls: i64) -> BTreeMap<(Book, Party), i64> {
    let (paid, pays) = (calls * 25_000_000, calls * 40_000_000);
    BTreeMap::from([
        (
            (Book::BuyerReceivable, Party::Buyer(sale.buyers[buyer])),
            pays,
        ),
        ((Book::Revenue, Party::House), -pays),
        ((Book::Payout, Party::House), paid),
        (
            (Book::PublisherPayable, Party::Publisher(sale.publisher)),
            -paid,
        ),
    ])
}

/// The next phone that rings.
async fn rings(arrivals: &mut tokio::sync::broadcast::Receiver<CallHandle>) -> CallHandle {
    arrivals.recv().await.expect("somebody rings")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_down_a_waterfall_and_a_full_contract_is_never_rung() {
    let full =
        json!({"caps": [{"max": 0, "window": {"period": "day", "zone": "America/Chicago"}}]});
    let once =
        json!({"caps": [{"max": 1, "window": {"period": "day", "zone": "America/Chicago"}}]});
    let terms = [full, json!({}), once];
    let sale = Sale::open(
        "waterfall",
        terms,
        [(ANSWERS, None), (BUSY, None), (ANSWERS, None)],
    )
    .await;
    let mut arrivals = sale.carrier.arrivals();
    let caller = sale.dial(1).await;
    assert!(caller.answered().await);
    assert!(caller.hears(1_500).await, "long enough to be billed");
    caller.hang_up();
    let told = sale.came_of_it().await;
    let rung = [
        rings(&mut arrivals).await.dialled(),
        rings(&mut arrivals).await.dialled(),
    ];
    assert_eq!(
        rung.map(|number| number.to_string()),
        [PHONES[1], PHONES[2]]
    );
    assert!(arrivals.try_recv().is_err(), "nobody else");
    assert_eq!(
        told.outcomes(&sale),
        [
            (1, Some(AttemptOutcome::Busy)),
            (2, Some(AttemptOutcome::Taken))
        ]
    );
    assert_eq!(told.refusals(), [Some(ReasonCode::CapReached), None, None]);
    assert_eq!(told.balances, sold(&sale, 2, 1));
    let opportunity = &told.record.opportunity;
    assert_eq!(
        opportunity.sold_to,
        Some((sale.contracts[2], sale.buyers[2]))
    );
    assert_eq!(
        opportunity.revenue.map(trunkline_core::base::Money::micros),
        Some(40_000_000)
    );
    assert_eq!(
        opportunity.payout.map(trunkline_core::base::Money::micros),
        Some(25_000_000)
    );
    assert!(told.attempts[1].billable && told.attempts[1].connected_ms >= Some(1_000));

    // The second is full too now, and the first is busy: the business line is rung.
    let caller = sale.dial(2).await;
    assert!(caller.answered().await);
    caller.hang_up();
    sale.house.calls_ended(2).await;
    let told = sale.came_of_it().await;
    assert_eq!(told.outcomes(&sale), [(1, Some(AttemptOutcome::Busy))]);
    let capped = Some(ReasonCode::CapReached);
    assert_eq!(told.refusals(), [capped, None, capped]);
    assert_eq!(told.record.opportunity.reason, Some(ReasonCode::NotTaken));
    assert_eq!(
        told.answered_by.map(|n| n.to_string()),
        Some(BUSINESS_LINE.to_owned())
    );
    assert_eq!(told.balances, sold(&sale, 2, 1), "nobody paid for it");
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_hangs_up_at_once_did_not_take_the_call_and_the_next_is_rung() {
    let phones = [(ANSWERS, Some(200)), (BUSY, None), (ANSWERS, None)];
    let sale = Sale::open("waterfall", [json!({}), json!({}), json!({})], phones).await;
    let mut arrivals = sale.carrier.arrivals();
    let caller = sale.dial(1).await;
    for phone in PHONES {
        let one = rings(&mut arrivals).await;
        assert_eq!(one.dialled().to_string(), phone);
        if phone == PHONES[2] {
            assert!(one.hears(1_500).await, "the caller is still there");
        }
    }
    caller.hang_up();
    let told = sale.came_of_it().await;
    assert_eq!(
        told.outcomes(&sale),
        [
            (0, Some(AttemptOutcome::GivenBack)),
            (1, Some(AttemptOutcome::Busy)),
            (2, Some(AttemptOutcome::Taken)),
        ]
    );
    assert_eq!(told.balances, sold(&sale, 2, 1), "the first does not pay");
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_ring_together_the_first_to_answer_has_the_call() {
    let phones = [
        (Behaviour::NoAnswer, None),
        (Behaviour::Answer { after_ms: 300 }, None),
        (Behaviour::NoAnswer, None),
    ];
    let cap = || json!({"caps": [{"max": 1, "window": {"period": "day", "zone": "UTC"}}]});
    let sale = Sale::open("simultaneous", [cap(), cap(), cap()], phones).await;
    let mut arrivals = sale.carrier.arrivals();
    let caller = sale.dial(1).await;
    let mut others = Vec::new();
    for _ in PHONES {
        let one = rings(&mut arrivals).await;
        if one.dialled().to_string() != PHONES[1] {
            others.push(one);
        }
    }
    assert!(caller.answered().await && caller.hears(1_500).await);
    for other in &others {
        other.ended().await;
        assert!(
            matches!(other.progress(), Progress::Ended(_)),
            "rings no longer"
        );
    }
    caller.hang_up();
    let told = sale.came_of_it().await;
    let mut outcomes = told.outcomes(&sale);
    outcomes.sort_unstable_by_key(|(place, _)| *place);
    assert_eq!(
        outcomes,
        [
            (0, Some(AttemptOutcome::Lost)),
            (1, Some(AttemptOutcome::Taken)),
            (2, Some(AttemptOutcome::Lost)),
        ]
    );
    assert_eq!(told.balances, sold(&sale, 1, 1));
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_split_by_weight() {
    let terms = [
        json!({"weight": 2}),
        json!({"weight": 1}),
        json!({"weight": 1}),
    ];
    let sale = Sale::open("weighted", terms, [(ANSWERS, None); 3]).await;
    let mut arrivals = sale.carrier.arrivals();
    let mut times = BTreeMap::new();
    for n in 0..4 {
        let caller = sale.dial(n).await;
        let one = rings(&mut arrivals).await;
        *times.entry(one.dialled().to_string()).or_insert(0) += 1;
        assert!(caller.answered().await);
        caller.hang_up();
        sale.house.calls_ended(n + 1).await;
    }
    let split = PHONES.map(|phone| times.get(phone).copied().unwrap_or(0));
    assert_eq!(split, [2, 1, 1]);
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_sold_call_is_told_with_its_minutes() {
    let terms = [json!({}), json!({}), json!({})];
    let sale = Sale::open("waterfall", terms, [(ANSWERS, None); 3]).await;
    price(&sale.house, &by_the_hour()).await;
    let caller = sale.dial(1).await;
    assert!(caller.answered().await);
    assert!(caller.hears(1_500).await, "long enough to be billed");
    caller.hang_up();
    let told = sale.came_of_it().await;
    let path = format!("/api/v1/opportunities/{}", told.record.opportunity.id);
    let one = sale.house.get(&path).await;
    let left = (&one["telephony_cost_micros"], &one["profit_micros"]);
    // 40 less 25 less 1.08.
    assert_eq!(left, (&json!(1_080_000), &json!(13_920_000)), "{one}");
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_nor_doubles_what_a_call_came_to_on_sqlite() {
    survive(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_nor_doubles_what_a_call_came_to_on_postgres() {
    survive(TestDatabase::postgres().await).await;
}

/// One caller talks beyond a sign of life, which comes every 5 s; then another is with a phone that rings.
async fn survive(database: TestDatabase) {
    let busy_for_others = json!({"concurrency_max": 1});
    let terms = [busy_for_others, json!({}), json!({})];
    let phones = [
        (ANSWERS, None),
        (Behaviour::NoAnswer, None),
        (ANSWERS, None),
    ];
    let mut sale = Sale::open_on(database, "waterfall", terms, phones).await;
    price(&sale.house, &by_the_hour()).await;
    let mut arrivals = sale.carrier.arrivals();
    let talks = sale.dial(1).await;
    assert!(talks.hears(6_500).await, "long enough for a sign of life");
    assert_eq!(rings(&mut arrivals).await.dialled().to_string(), PHONES[0]);
    let waits = sale.dial(2).await;
    let rung = rings(&mut arrivals).await;
    assert_eq!(
        rung.dialled().to_string(),
        PHONES[1],
        "the first is busy with the other"
    );
    assert!(waits.ringing().await);
    let live = sale.house.get("/api/v1/calls/live").await;
    let mut open: Vec<CallId> = live["items"]
        .as_array()
        .expect("calls")
        .iter()
        .map(|call| CallId::parse(call["id"].as_str().expect("an id")).expect("an id"))
        .collect();
    open.sort_unstable();
    assert_eq!(open.len(), 2);
    sale.house.kill();
    sale.house.die_while_starting("");
    sale.house
        .die_while_starting("closed what the last process left open");
    sale.house.start_again().await;
    sale.house.kill();

    let told = sale.told(open[0]).await;
    let with_minutes = sold(&sale, 0, 1).into_iter().chain(told.minutes(1_080_000));
    assert_eq!(
        told.balances,
        with_minutes.collect(),
        "what was talked is paid, once, and so are its minutes"
    );
    assert_eq!(told.outcomes(&sale), [(0, Some(AttemptOutcome::Taken))]);
    let talked = told.attempts[0].connected_ms;
    assert!((4_000..60_000).contains(&talked.unwrap_or(0)), "{talked:?}");
    let told = sale.told(open[1]).await;
    assert_eq!(told.outcomes(&sale), [(1, Some(AttemptOutcome::Failed))]);
    assert_eq!(told.refusals()[0], Some(ReasonCode::ConcurrencyFull));
    assert_eq!(told.record.opportunity.reason, Some(ReasonCode::NotTaken));
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyers_telephone_system_is_rung_at_its_address_and_the_next_when_it_is_nowhere() {
    let house = House::start_with(TestDatabase::postgres().await, |_, settings| {
        settings.replace(
            "[voice]\n",
            "[voice]\nsip_hosts = [\"127.0.0.1\", \"nowhere.invalid\"]\nprivate_peers = true\n",
        )
    })
    .await;
    let phones = [(ANSWERS, None), (BUSY, None), (ANSWERS, None)];
    let terms = [json!({}), json!({}), json!({})];
    let sale = Sale::open_in(house, "waterfall", terms, phones).await;
    let exchange = sale.carrier.address();
    let addresses = [
        "sip:sales@nowhere.invalid".to_owned(),
        format!("sip:{}@{exchange}", PHONES[1]),
        format!("sip:{}@{exchange}", PHONES[2]),
    ];
    for (destination, address) in sale.destinations.iter().zip(&addresses) {
        let body = json!({"kind": "sip", "address": address});
        let path = format!("/api/v1/destinations/{destination}");
        let changed = sale.house.api(Method::PATCH, &path, Some(body)).await;
        assert_eq!(changed["address"], address.as_str(), "{changed}");
    }
    let mut arrivals = sale.carrier.arrivals();
    let caller = sale.dial(1).await;
    assert!(caller.answered().await);
    assert!(caller.hears(1_500).await, "long enough to be billed");
    caller.hang_up();
    let told = sale.came_of_it().await;
    let rung = [
        rings(&mut arrivals).await.dialled(),
        rings(&mut arrivals).await.dialled(),
    ];
    assert_eq!(
        rung.map(|number| number.to_string()),
        [PHONES[1], PHONES[2]]
    );
    assert_eq!(
        told.outcomes(&sale),
        [
            (0, Some(AttemptOutcome::Failed)),
            (1, Some(AttemptOutcome::Busy)),
            (2, Some(AttemptOutcome::Taken))
        ]
    );
    assert_eq!(told.attempts[0].reason, Some(ReasonCode::Unreachable));
    assert_eq!(told.balances, sold(&sale, 2, 1));
    let answered_by = told.answered_by.map(|to| to.to_string());
    assert_eq!(answered_by.as_deref(), Some(addresses[2].as_str()));
    let call = sale.house.newest_ended_call().await;
    let story = sale.house.get(&format!("/api/v1/calls/{call}")).await;
    assert_eq!(story["destination"], addresses[2].as_str(), "{story}");
    let refused = story["timeline"].as_array().expect("marks").iter();
    let refused = refused.filter(|mark| mark["kind"] == "refused").count();
    assert_eq!(refused, 1, "{story}");
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_operators_word_no_address_is_rung() {
    for (said, missing) in [
        ("", "voice.sip_hosts"),
        ("sip_hosts = [\"127.0.0.1\"]\n", "voice.private_peers"),
    ] {
        let voice = format!("[voice]\n{said}");
        let house = House::start_with(TestDatabase::postgres().await, |_, settings| {
            settings.replace("[voice]\n", &voice)
        })
        .await;
        let phones = [(ANSWERS, None), (BUSY, None), (ANSWERS, None)];
        let terms = [json!({}), json!({}), json!({})];
        let sale = Sale::open_in(house, "waterfall", terms, phones).await;
        let address = format!("sip:{}@{}", PHONES[0], sale.carrier.address());
        let path = format!("/api/v1/destinations/{}", sale.destinations[0]);
        let body = json!({"kind": "sip", "address": address});
        sale.house.api(Method::PATCH, &path, Some(body)).await;
        let mut arrivals = sale.carrier.arrivals();
        let caller = sale.dial(1).await;
        assert!(caller.answered().await);
        caller.hang_up();
        let told = sale.came_of_it().await;
        let first = rings(&mut arrivals).await.dialled();
        assert_eq!(first.to_string(), PHONES[1], "the first is not rung");
        assert_eq!(told.attempts[0].reason, Some(ReasonCode::Unreachable));
        let call = sale.house.newest_ended_call().await;
        let story = sale.house.get(&format!("/api/v1/calls/{call}")).await;
        assert!(story.to_string().contains(missing), "{story}");
        sale.carrier.stop().await;
    }
}
