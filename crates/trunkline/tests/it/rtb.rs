//! Bids for calls from a publisher's side: pings over HTTP, buyers on loopback, and the call that comes for a bid.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{CallId, OpportunityId};
use trunkline_core::ledger::{Book, Party};
use trunkline_core::routing::{AttemptOutcome, ReasonCode};
use trunkline_engine::ports::{Bids, Books, Configuration, Opportunities};
use trunkline_sim::audio::Voice;
use trunkline_sim::carrier::{Behaviour, Carrier, Line};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::testing::TestDatabase;

use crate::calls::{furnish, plan};
use crate::flows::runs;
use crate::house::House;

const CALLER: &str = "+12145551301";
/// The phones of the buyers.
const PHONES: [&str; 2] = ["+12145550181", "+12145550182"];

fn id(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

/// A buyer's server that answers every ping the same; where it is.
async fn buyer(answer: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let body = answer.to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                let mut part = [0; 4_096];
                while let Ok(read @ 1..) = stream.read(&mut part).await {
                    bytes.extend_from_slice(&part[..read]);
                    // Every ping of these tests is one JSON object.
                    if bytes.ends_with(b"}") {
                        bytes.clear();
                        let sent = stream.write_all(answer.as_bytes()).await;
                        sent.expect("somebody reads it");
                    }
                }
            });
        }
    });
    address.to_string()
}

fn endpoint(address: &str) -> Value {
    json!({"schema": 1, "ping": {
        "request": {"method": "POST", "url": format!("http://{address}/"),
            "body": {"json": {"phone": "{phone_sha256}", "zip": "{zip}"}}},
        "answer": {
            "accept_when": {"read": {"from": {"json": "$.bid"}, "value": {"above": 0}}},
            "price": [{"json": "$.bid"}],
            "id": [{"json": "$.id"}],
            "min_seconds": [{"json": "$.seconds"}],
            "deliver_to": {"phone": [{"json": "$.number"}]},
        },
    }})
}

/// A campaign with a feed and one number of it; buyers come after.
struct Sale {
    house: House,
    carrier: Carrier,
    number: String,
    campaign: String,
    key: String,
    contracts: Vec<String>,
}

impl Sale {
    async fn open(feed_terms: Value) -> Self {
        // What is stored is read beside the program, which SQLite lets nobody do.
        let house = House::start_with(TestDatabase::postgres().await, |_, settings| {
            settings.replace("[http]", "[http]\nwebhooks_loopback = true")
        });
        let answers = Behaviour::Answer { after_ms: 0 };
        let (house, carrier, _, number) = furnish(house.await, answers).await;
        for phone in PHONES {
            let line = Line {
                behaviour: answers,
                voice: Voice::Tone { hz: 900.0 },
                hangs_up_after_ms: None,
            };
            carrier.connect(PhoneNumber::parse_e164(phone).expect("a number"), line);
        }
        let publisher = house
            .post("/api/v1/publishers", json!({"name": "Clicks & Co"}))
            .await;
        let campaign = house
            .post("/api/v1/campaigns", json!({"name": "Solar"}))
            .await;
        let feed =
            json!({"campaign": id(&campaign), "publisher": id(&publisher), "terms": feed_terms});
        let feed = house.post("/api/v1/feeds", feed).await;
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
        let of_feed = json!({"feed": id(&feed)});
        house.api(Method::PATCH, &path, Some(of_feed)).await;
        Self {
            key: feed["key"].as_str().expect("a key").to_owned(),
            campaign: id(&campaign),
            house,
            carrier,
            number,
            contracts: Vec::new(),
        }
    }

    async fn contract(&mut self, destination: Value, terms: Value) {
        let name = format!("Roofs {}", self.contracts.len());
        let buyer = self
            .house
            .post("/api/v1/buyers", json!({"name": name}))
            .await;
        let mut body = json!({"buyer": id(&buyer), "name": name});
        let all = body.as_object_mut().expect("an object");
        all.extend(destination.as_object().expect("an object").clone());
        let destination = self.house.post("/api/v1/destinations", body).await;
        let contract = json!({"campaign": self.campaign, "destination": id(&destination), "name": name, "terms": terms});
        let contract = self.house.post("/api/v1/contracts", contract).await;
        self.contracts.push(id(&contract));
    }

    async fn plan(&self, group: Value) {
        let members = self.contracts.iter();
        let members: Vec<Value> = members
            .map(|contract| json!({"to": {"contract": contract}}))
            .collect();
        let mut main = json!({"members": members});
        let all = main.as_object_mut().expect("an object");
        all.extend(group.as_object().expect("an object").clone());
        let document = json!({"schema": 1, "start": "main", "groups": {"main": main}});
        let path = format!("/api/v1/campaigns/{}/plan", self.campaign);
        let body = json!({"seen": 0, "document": document});
        self.house.api(Method::PUT, &path, Some(body)).await;
    }

    /// Two buyers who bid, of which the first is better, and a margin of 20 %.
    async fn auction(feed_terms: Value) -> Self {
        let mut sale = Self::open(feed_terms).await;
        let bids = [
            json!({"bid": "40.00", "id": "a-1", "seconds": 1, "number": PHONES[0]}),
            json!({"bid": "39.00", "id": "b-1", "number": PHONES[1]}),
        ];
        for bid in bids {
            let address = buyer(bid).await;
            let terms = json!({"price": {"rules": [{"rate": {"per_bid": {}}}]}});
            let destination = json!({"kind": "http", "endpoint": endpoint(&address)});
            sale.contract(destination, terms).await;
        }
        sale.plan(json!({"method": "auction", "auction": {"margin_percent": 20}}))
            .await;
        sale
    }

    async fn send(&self, key: &str, body: &Value) -> reqwest::Response {
        let client = reqwest::Client::new();
        let request = client.post(self.house.url("/in/rtb")).bearer_auth(key);
        request.json(body).send().await.expect("an answer")
    }

    /// A ping that is decided.
    async fn ping(&self, body: Value) -> Value {
        let answer = self.send(&self.key, &body).await;
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// What is stored, read beside the running program.
    async fn store(&self) -> Store {
        let location = Location::parse(&self.house.database_url()).expect("a location");
        let key = std::fs::read(self.house.data().join("sealing.key")).expect("a key");
        let key = key.try_into().expect("32 bytes");
        let store = Store::open(&location, DbOptions::default(), &key).await;
        store.expect("a store")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bid_is_given_kept_and_called_and_everybody_is_paid_what_was_promised() {
    let sale = Sale::auction(json!({})).await;
    let ping = json!({"caller": CALLER, "tags": {"zip": "75201"}, "sip_ok": true});
    let bid = sale.ping(ping.clone()).await;
    assert_eq!(bid["decision"], "bid", "{bid}");
    // 20 % less than the best bid.
    assert_eq!(
        (&bid["amount"], &bid["currency"]),
        (&json!("32.00"), &json!("USD"))
    );
    assert_eq!(bid["terms"]["min_seconds"], 1);
    assert_eq!(bid["terms"]["starts_on"], "connect");
    assert_eq!(bid["deliver_to"]["e164"], json!(sale.number));
    assert_eq!(bid["expires_in_s"], 30);
    assert_eq!(bid["cached"], false);

    // The same ping is answered the same, but for saying so; another one is another.
    let again = sale
        .send(&sale.key, &ping)
        .await
        .text()
        .await
        .expect("a body");
    let same = bid.to_string();
    let cached: Value = serde_json::from_str(&again).expect("JSON");
    let mut expected: Value = serde_json::from_str(&same).expect("JSON");
    expected["cached"] = json!(true);
    assert_eq!(cached, expected);
    let third = sale
        .send(&sale.key, &ping)
        .await
        .text()
        .await
        .expect("a body");
    assert_eq!(again, third, "to the byte");
    let other = sale
        .ping(json!({"caller": "+12145551399", "tags": {"zip": "75201"}}))
        .await;
    assert_ne!(other["bid_id"], bid["bid_id"]);

    // The call comes, from who was named: the buyer who bid most is rung at the number that it named.
    let mut arrivals = sale.carrier.arrivals();
    let caller = sale
        .carrier
        .dial(plan(&sale.number, CALLER))
        .await
        .expect("a call");
    assert!(caller.answered().await);
    let rung = arrivals.recv().await.expect("somebody rings");
    assert_eq!(rung.dialled().to_string(), PHONES[0]);
    assert!(caller.hears(1_500).await, "long enough to be billed");
    caller.hang_up();
    let call = sale.house.newest_ended_call().await;
    let store = sale.store().await;
    let account = store.load().await.expect("a configuration").accounts[0].id;
    let opportunity = OpportunityId::parse(bid["trace_id"].as_str().expect("an id"));
    let opportunity = opportunity.expect("an id");
    let record = store.opportunity(account, opportunity).await.expect("read");
    let record = record.expect("a record").opportunity;
    assert_eq!(record.call, CallId::parse(&call).ok());
    assert_eq!(record.reason, None);
    assert_eq!(
        record.revenue.map(trunkline_core::base::Money::micros),
        Some(40_000_000)
    );
    assert_eq!(
        record.payout.map(trunkline_core::base::Money::micros),
        Some(32_000_000)
    );
    let attempts = store.attempts(opportunity).await.expect("attempts");
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Taken));
    assert_eq!(
        attempts[0].bid.map(trunkline_core::base::Money::micros),
        Some(40_000_000)
    );
    let rows = store.bids(account, opportunity).await.expect("bids");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.amount.map(trunkline_core::base::Money::micros),
                row.reason,
                row.next,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some(40_000_000), None, None),
            (Some(39_000_000), Some(ReasonCode::AuctionLost), Some(0)),
        ]
    );
    let balances = store.balances(account).await.expect("balances");
    let of_house = |book| {
        let mut own = balances.iter();
        own.find(|b| b.book == book && b.party == Party::House)
            .map(|b| b.amount.micros())
    };
    assert_eq!(of_house(Book::Revenue), Some(-40_000_000));
    assert_eq!(of_house(Book::Payout), Some(32_000_000));
    assert_eq!(store.verify(account).await.expect("sums"), []);
    store.db().close().await;

    // The API tells the same: each bid with its buyer, and what the publisher was given.
    let shown = sale
        .house
        .get(&format!("/api/v1/opportunities/{opportunity}"))
        .await;
    let bids = shown["bids"].as_array().expect("bids");
    let told: Vec<_> = bids
        .iter()
        .map(|bid| (bid["outcome"].as_str(), bid["bid_micros"].as_i64()))
        .collect();
    let (won, next) = (Some("won"), Some("next"));
    assert_eq!(told, [(won, Some(40_000_000)), (next, Some(39_000_000))]);
    assert_eq!(bids[1]["reason"]["code"], "AUCTION_LOST");
    assert_eq!(bids[1]["place"], 1);
    assert!(bids[0]["latency_ms"].is_u64(), "{shown}");
    let given = &shown["given"][0];
    assert_eq!(given["id"], bid["bid_id"]);
    assert_eq!(given["state"], "called");
    assert_eq!(given["amount_micros"], 32_000_000);
    assert_eq!(given["call"], json!(call));
    assert_eq!(given["buyer"], bids[0]["buyer"]);
    let feeds = sale.house.get("/api/v1/feeds").await;
    let feed = id(&feeds["items"][0]);
    let listed = async |query: &str| {
        let path = format!("/api/v1/feeds/{feed}/bids?{query}");
        let page = sale.house.get(&path).await;
        let items = page["items"].as_array().expect("items").clone();
        let ids = items.iter().map(|item| item["id"].clone());
        (ids.collect::<Vec<_>>(), page["next_cursor"].clone())
    };
    assert_eq!(
        listed("state=called").await,
        (vec![bid["bid_id"].clone()], Value::Null)
    );
    let (first, cursor) = listed("limit=1").await;
    assert_eq!(first, [other["bid_id"].clone()], "the newest first");
    let cursor = cursor.as_str().expect("a second page").to_owned();
    let (second, end) = listed(&format!("limit=1&cursor={cursor}")).await;
    assert_eq!((second, end), (vec![bid["bid_id"].clone()], Value::Null));

    // What was called is not given again.
    let fresh = sale.ping(ping).await;
    assert_eq!(fresh["cached"], false);
    assert_ne!(fresh["bid_id"], bid["bid_id"]);
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_caller_is_refused_or_an_ordinary_call_as_the_feed_says() {
    for (on_mismatch, answered) in [("reject", false), ("ordinary", true)] {
        let sale = Sale::auction(json!({"pings": {"on_mismatch": on_mismatch}})).await;
        let bid = sale.ping(json!({"caller": CALLER})).await;
        assert_eq!(bid["decision"], "bid", "{bid}");
        let other = plan(&sale.number, "+12145551398");
        let caller = sale.carrier.dial(other).await.expect("a call");
        assert_eq!(caller.answered().await, answered, "{on_mismatch}");
        caller.hang_up();
        let id = sale.house.newest_ended_call().await;
        let call = sale.house.get(&format!("/api/v1/calls/{id}")).await;
        let marks = call["timeline"].as_array().expect("marks");
        let told = marks.iter().find(|mark| mark["kind"] == "bid");
        let told = told.expect("it says why")["detail"].to_string();
        assert!(told.contains("PING_MISMATCH"), "{told}");
        assert!(
            told.contains(bid["bid_id"].as_str().expect("an id")),
            "{told}"
        );
        // The bid waits still for its caller.
        let caller = sale
            .carrier
            .dial(plan(&sale.number, CALLER))
            .await
            .expect("a call");
        assert!(caller.answered().await);
        caller.hang_up();
        sale.carrier.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_with_a_price_of_their_own_make_a_bid_by_the_terms_of_the_feed() {
    let payout = json!({"billable_from_s": 30, "rules": [{"rate": {"percent_of_other": 60}}]});
    let mut sale = Sale::open(json!({"payout": payout})).await;
    let price = |amount: u32, from: u32| json!({"price": {"billable_from_s": from, "rules": [{"rate": {"fixed": amount}}]}});
    let phone = |n: usize| json!({"kind": "phone", "address": PHONES[n]});
    sale.contract(phone(0), price(20, 90)).await;
    sale.contract(phone(1), price(50, 10)).await;
    sale.plan(json!({"method": "waterfall"})).await;
    let bid = sale.ping(json!({"caller": CALLER})).await;
    assert_eq!(bid["amount"], "12.00", "60 % of the first: {bid}");
    assert_eq!(
        bid["terms"]["min_seconds"], 90,
        "never less than the buyer's"
    );
    // Whoever wants more is told of the second.
    let more = sale.ping(json!({"caller": CALLER, "min_bid": "25"})).await;
    assert_eq!(
        (&more["amount"], &more["terms"]["min_seconds"]),
        (&json!("30.00"), &json!(30))
    );
    let most = sale.ping(json!({"caller": CALLER, "min_bid": "31"})).await;
    assert_eq!(most["decision"], "no_bid");
    assert_eq!(most["reason_code"], "BELOW_FLOOR");
    assert!(
        most["trace_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("opp_"))
    );
    sale.carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_answer_says_what_to_do() {
    let rate = json!({"rate": {"per_minute": 1, "burst": 9}, "paused": true});
    let sale = Sale::auction(rate).await;
    let refused = async |key: &str, body: Value| {
        let answer = sale.send(key, &body).await;
        let status = answer.status().as_u16();
        let after = answer.headers().get("retry-after").cloned();
        let problem: Value = answer.json().await.expect("a problem");
        (status, problem["reason_code"].clone(), after.is_some())
    };
    let bad = refused("tlf_nobodys", json!({})).await;
    assert_eq!(bad, (401, json!("BAD_KEY"), false));
    for body in [
        json!({"caller": "perhaps"}),
        json!({"min_bid": "NaN"}),
        json!({"min_bid": "-1"}),
        json!({"unknown": "x"}),
        json!([1]),
    ] {
        let told = refused(&sale.key, body.clone()).await;
        assert_eq!(told, (400, json!("INVALID_FIELD"), false), "{body}");
    }
    // A feed that is paused decides: no bid.
    let paused = sale.ping(json!({"caller": CALLER})).await;
    assert_eq!(
        (&paused["decision"], &paused["reason_code"]),
        (&json!("no_bid"), &json!("FEED_PAUSED"))
    );
    // A test is decided by its ZIP code alone.
    let test = |zip: &str| json!({"test": true, "tags": {"zip": zip}});
    let sold = sale.ping(test("90100")).await;
    assert_eq!(
        (&sold["decision"], &sold["test"]),
        (&json!("bid"), &json!(true))
    );
    let unsold = sale.ping(test("90199")).await;
    assert_eq!(unsold["reason_code"], "NO_CANDIDATE");
    // Nine were let in.
    let _ = sale.ping(test("90198")).await;
    let over = refused(&sale.key, json!({"caller": CALLER})).await;
    assert_eq!(over, (429, json!("RATE_LIMITED"), true));
    sale.carrier.stop().await;
}
