//! What was on offer, told over the API: who took it, which rule stopped the others, how caps stand, and what if it came
//! to the plan of today.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_core::base::id::{
    AccountId, BuyerId, CallId, CampaignId, CapId, ContractId, DestinationId, FeedId,
    OpportunityId, PublisherId, ReservationId,
};
use trunkline_core::base::{Currency, Money, PhoneNumber, Timestamp, Zone};
use trunkline_core::routing::{
    Attempt, AttemptOutcome, CapTake, CapUnit, CapWindow, Comer, Counting, Level, MostPrice,
    NoRoom, OpportunityKind, Outcome, Owner, Period, Person, PlaceOwner, Places, Refusal, Taker,
    TraceLine,
};
use trunkline_engine::ports::routing::{
    Asked, AttemptRow, Opportunities, Opportunity, OpportunityRecord, Reservations, Reserve,
    Reserved,
};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};

use crate::house::House;

fn text(thing: &Value, field: &str) -> String {
    thing[field].as_str().expect("text").to_owned()
}

/// A campaign with two contracts in a waterfall, as the API made it.
struct Set {
    campaign: Value,
    publisher: Value,
    feed: Value,
    buyers: Vec<Value>,
    destinations: Vec<Value>,
    contracts: Vec<Value>,
}

async fn set_up(house: &House) -> Set {
    let post = async |what: &str, body: Value| house.post(&format!("/api/v1/{what}"), body).await;
    let publisher = post("publishers", json!({"name": "Clicks & Co"})).await;
    let campaign = post("campaigns", json!({"name": "Solar"})).await;
    let feed = json!({"campaign": campaign["id"], "publisher": publisher["id"]});
    let feed = post("feeds", feed).await;
    let mut set = Set {
        campaign,
        publisher,
        feed,
        buyers: Vec::new(),
        destinations: Vec::new(),
        contracts: Vec::new(),
    };
    for (name, price) in [("Sunny Roofs", 45), ("Prairie Star", 30)] {
        let buyer = post("buyers", json!({"name": name})).await;
        let destination = json!({"buyer": buyer["id"], "name": "Front desk", "kind": "phone", "address": "(214) 555-0123",
            "terms": {"concurrency_max": 3}});
        let destination = post("destinations", destination).await;
        let terms = json!({"price": {"rules": [{"rate": {"fixed": price}}]},
            "caps": [{"name": "Days", "max": 20, "counts": "billable", "window": {"period": "day", "zone": "America/Chicago"}}]});
        let contract = json!({"campaign": set.campaign["id"], "destination": destination["id"], "name": format!("{name}, Texas"), "terms": terms});
        set.contracts.push(post("contracts", contract).await);
        set.buyers.push(buyer);
        set.destinations.push(destination);
    }
    let members: Vec<Value> = set
        .contracts
        .iter()
        .map(|c| json!({"to": {"contract": c["id"]}}))
        .collect();
    let plan = json!({"seen": 0, "document": {"schema": 1, "start": "main",
        "groups": {"main": {"method": "waterfall", "members": members}}}});
    let path = format!("/api/v1/campaigns/{}/plan", text(&set.campaign, "id"));
    house.api(Method::PUT, &path, Some(plan)).await;
    set
}

/// The store of a house that was killed.
async fn store(house: &House) -> Store {
    let key = std::fs::read(house.data().join("sealing.key")).expect("a key");
    let key: [u8; 32] = key.try_into().expect("32 bytes");
    let location = Location::parse(&house.database_url()).expect("a location");
    let opened = Store::open(&location, DbOptions::default(), &key).await;
    opened.expect("the store opens")
}

fn usd(units: i64) -> Money {
    Money::from_micros(units * 1_000_000, Currency::USD)
}

fn day(now: Timestamp) -> trunkline_core::routing::Window {
    let window = CapWindow {
        period: Period::Day,
        rolling: false,
        zone: Zone::parse("America/Chicago").expect("a zone"),
    };
    window.at(now)
}

/// Sold to the second contract; the first was over its cap.
fn record(set: &Set, account: AccountId, now: Timestamp) -> (OpportunityRecord, AttemptRow) {
    let contract = |at: usize| ContractId::parse(&text(&set.contracts[at], "id")).expect("an id");
    let buyer = |at: usize| BuyerId::parse(&text(&set.buyers[at], "id")).expect("an id");
    let id = OpportunityId::floor_at(now);
    let cap = &set.contracts[0]["terms"]["live"]["document"]["caps"][0];
    let room = NoRoom {
        cap: CapId::parse(&text(cap, "id")).expect("an id"),
        counts: CapUnit::Billable,
        used: 20,
        reserved: 0,
        adds: 1,
        max: 20,
        paced: false,
    };
    let destination = text(&set.destinations[1], "id");
    let record = OpportunityRecord {
        opportunity: Opportunity {
            id,
            account,
            kind: OpportunityKind::Lead,
            call: None,
            campaign: CampaignId::parse(&text(&set.campaign, "id")).expect("an id"),
            feed: Some(FeedId::parse(&text(&set.feed, "id")).expect("an id")),
            publisher: Some(PublisherId::parse(&text(&set.publisher, "id")).expect("an id")),
            feed_version: Some(1),
            plan_version: Some(1),
            came_at: now,
            ended_at: Some(now.plus_millis(90_000)),
            reason: None,
            sold_to: Some((contract(1), buyer(1))),
            currency: Currency::USD,
            revenue: Some(usd(30)),
            payout: Some(usd(20)),
            person: Person {
                phone: Some(PhoneNumber::from_digits(12_145_550_187)),
                ..Person::default()
            },
        },
        asked: Asked {
            tags: [("debt".to_owned(), "5000".to_owned())].into(),
            state: Some("TX".to_owned()),
            ..Asked::default()
        },
        planned: vec![Attempt::One(contract(1))],
        stopped_by: None,
        trace: vec![
            TraceLine {
                contract: contract(0),
                version: 1,
                outcome: Outcome::Refused(Refusal::Cap {
                    of: Owner::Terms(Level::Contract),
                    room,
                }),
            },
            TraceLine {
                contract: contract(1),
                version: 1,
                outcome: Outcome::Eligible {
                    price: Some(MostPrice {
                        rule: 0,
                        amount: usd(30),
                    }),
                    unpaid: false,
                    attempt: Some(0),
                },
            },
        ],
    };
    let attempt = AttemptRow {
        opportunity: id,
        n: 0,
        account,
        contract: contract(1),
        destination: DestinationId::parse(&destination).expect("an id"),
        buyer: buyer(1),
        version: 1,
        reservation: None,
        price: Some(usd(30)),
        bid: None,
        currency: Currency::USD,
        started_at: now,
        connected_at: Some(now.plus_millis(4_000)),
        ended_at: Some(now.plus_millis(90_000)),
        connected_ms: Some(86_000),
        outcome: Some(AttemptOutcome::Taken),
        reason: None,
        revenue: Some(usd(30)),
        billable: true,
    };
    (record, attempt)
}

/// One of the first contract's sales of the day, and one of its destination's places.
fn reserve(set: &Set, record: &OpportunityRecord, now: Timestamp) -> Reserve {
    let opportunity = &record.opportunity;
    let contract = ContractId::parse(&text(&set.contracts[0], "id")).expect("an id");
    let buyer = BuyerId::parse(&text(&set.buyers[0], "id")).expect("an id");
    let cap = &set.contracts[0]["terms"]["live"]["document"]["caps"][0];
    let destination = DestinationId::parse(&text(&set.destinations[0], "id")).expect("an id");
    Reserve {
        id: ReservationId::floor_at(now),
        account: opportunity.account,
        comer: Comer {
            opportunity: opportunity.id,
            person: opportunity.person,
            campaign: opportunity.campaign,
            feed: opportunity.feed.expect("a feed"),
        },
        came_at: now,
        taker: Taker {
            contract,
            buyer,
            company: buyer,
        },
        offered: true,
        caps: vec![CapTake {
            of: Some(Owner::Terms(Level::Contract)),
            cap: CapId::parse(&text(cap, "id")).expect("an id"),
            feed: None,
            counts: CapUnit::Billable,
            adds: 1,
            max: 20,
            counting: Counting::Calendar(day(now)),
        }],
        places: vec![(
            Owner::Terms(Level::Destination),
            PlaceOwner::Destination(destination),
            Places {
                max: 3,
                reservation_percent: 100,
            },
        )],
        hold: None,
        duplicates: Vec::new(),
        turns: Vec::new(),
        at: now,
        expires_at: now.plus_millis(3_600_000),
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.expect("a time").as_millis();
    Timestamp::from_millis(i64::try_from(ms).expect("a time"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opportunity_is_told_with_names_numbers_and_what_would_be_today() {
    let mut house = House::start().await;
    let set = set_up(&house).await;
    let me = house.get("/api/v1/me").await;
    let account = AccountId::parse(&text(&me["account"], "id")).expect("an id");
    assert_eq!(
        house.get("/api/v1/opportunities").await["items"],
        json!([]),
        "nothing came yet"
    );
    let now = now();
    let (record, attempt) = record(&set, account, now);
    house.kill();
    let store = store(&house).await;
    store.put_opportunity(&record).await.expect("stored");
    store.put_attempts(&[attempt]).await.expect("stored");
    let reserved = store.reserve(&reserve(&set, &record, now)).await;
    assert_eq!(reserved.expect("decided"), Reserved::Yes);
    drop(store);
    house.start_again().await;

    let page = house.get("/api/v1/opportunities").await;
    let listed = &page["items"][0];
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["state"], "sold");
    assert_eq!(listed["buyer"]["name"], "Prairie Star");
    assert_eq!(listed["campaign"]["name"], "Solar");
    assert_eq!(listed["publisher"]["name"], "Clicks & Co");
    assert_eq!(listed["phone_display"], "(214) 555-0187");
    assert_eq!(
        (&listed["revenue_micros"], &listed["payout_micros"]),
        (&json!(30_000_000), &json!(20_000_000))
    );
    let of = async |filter: String| {
        let page = house.get(&format!("/api/v1/opportunities?{filter}")).await;
        page["items"].as_array().expect("items").len()
    };
    for (filter, found) in [
        (format!("campaign={}", text(&set.campaign, "id")), 1),
        (format!("buyer={}", text(&set.buyers[1], "id")), 1),
        (format!("buyer={}", text(&set.buyers[0], "id")), 0),
        (format!("publisher={}", text(&set.publisher, "id")), 1),
        ("reason=NO_CANDIDATE".to_owned(), 0),
        (format!("from={}", now.as_millis() + 1), 0),
        (format!("to={}", now.as_millis()), 0),
    ] {
        assert_eq!(of(filter.clone()).await, found, "{filter}");
    }
    for wrong in ["campaign=camp", "reason=WHY", "cursor=x", "limit=0"] {
        let path = format!("/api/v1/opportunities?{wrong}");
        let answer = house
            .send_as(house.cookie(), Method::GET, &path, None)
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }

    // The trace: the taker first, the other with the rule that stopped it.
    let path = format!("/api/v1/opportunities/{}", text(listed, "id"));
    let told = house.get(&path).await;
    let (taker, other) = (&told["trace"][0], &told["trace"][1]);
    assert_eq!(taker["became"], "sold");
    assert_eq!(taker["contract"]["name"], "Prairie Star, Texas");
    assert_eq!(taker["price_micros"], 30_000_000);
    assert_eq!(other["became"], "stopped");
    assert_eq!(other["buyer"]["name"], "Sunny Roofs");
    assert_eq!(other["reason"]["code"], "CAP_REACHED");
    assert_eq!(other["told"], "Over the cap Days of the contract.");
    let compared = other["compared"].as_array().expect("numbers").iter();
    let compared: Vec<_> = compared
        .map(|c| (c["name"].clone(), c["value"].clone()))
        .collect();
    assert_eq!(
        compared,
        [
            (json!("used"), json!(20)),
            (json!("reserved"), json!(0)),
            (json!("more"), json!(1)),
            (json!("at most"), json!(20))
        ]
    );
    assert_eq!(told["attempts"][0]["outcome"], "taken");
    assert_eq!(told["attempts"][0]["destination"]["name"], "Front desk");
    assert_eq!(told["asked"]["tags"]["debt"], "5000");
    assert_eq!(
        told["planned"][0]["contracts"][0]["name"],
        "Prairie Star, Texas"
    );

    // Caps: one of twenty is reserved, and one of three lines is taken.
    let standing = house.get("/api/v1/caps").await;
    let of_first = |list: &Value, of: &Value| {
        let mut items = list.as_array().expect("items").iter();
        items.find(|i| i["of"]["id"] == of["id"]).cloned()
    };
    let cap = of_first(&standing["caps"], &set.contracts[0]).expect("a cap");
    assert_eq!(
        (&cap["used"], &cap["reserved"], &cap["left"], &cap["max"]),
        (&json!(0), &json!(1), &json!(19), &json!(20))
    );
    assert_eq!(cap["of"]["name"], "Sunny Roofs, Texas");
    assert_eq!(cap["of"]["buyer"]["name"], "Sunny Roofs");
    let place = of_first(&standing["concurrency"], &set.destinations[0]).expect("places");
    assert_eq!(
        (&place["legs"], &place["left"], &place["max"]),
        (&json!(1), &json!(2), &json!(3))
    );
    let only = format!("/api/v1/caps?buyer={}", text(&set.buyers[1], "id"));
    let only = house.get(&only).await;
    assert!(of_first(&only["caps"], &set.contracts[0]).is_none());
    assert!(of_first(&only["caps"], &set.contracts[1]).is_some());

    // What if: with its cap free the first would be asked first; nothing is changed by asking.
    let what_if = format!("{path}/what-if");
    let answer = house.post(&what_if, json!({})).await;
    let names = |side: &Value| -> Vec<String> {
        let planned = side["planned"].as_array().expect("attempts").iter();
        planned.map(|p| text(&p["contracts"][0], "name")).collect()
    };
    assert_eq!(names(&answer["before"]), ["Prairie Star, Texas"]);
    assert_eq!(
        names(&answer["today"]),
        ["Sunny Roofs, Texas", "Prairie Star, Texas"]
    );
    assert_eq!(
        answer["changed"][0]["contract"]["name"],
        "Sunny Roofs, Texas"
    );
    assert_eq!(answer["changed"][0]["how"], "more");
    assert_eq!(answer["changed"][1]["how"], "later");
    let contract = format!("/api/v1/contracts/{}", text(&set.contracts[0], "id"));
    house
        .api(Method::PATCH, &contract, Some(json!({"paused": true})))
        .await;
    let answer = house.post(&what_if, json!({"at": "now"})).await;
    assert_eq!(names(&answer["today"]), ["Prairie Star, Texas"]);
    let stopped = answer["today"]["trace"][1].clone();
    assert_eq!(stopped["reason"]["code"], "CONTRACT_PAUSED");
    assert_eq!(stopped["told"], "The contract is paused.");
    assert_eq!(house.get(&path).await["trace"], told["trace"]);
    let feed = format!("/api/v1/feeds/{}", text(&set.feed, "id"));
    house
        .api(Method::PATCH, &feed, Some(json!({"paused": true})))
        .await;
    let answer = house.post(&what_if, json!({"at": "now"})).await;
    assert_eq!(answer["today"]["reason"]["code"], "FEED_PAUSED");
    assert_eq!(answer["today"]["planned"], json!([]));

    // Another account sees none of it.
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let other = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::POST, what_if, Some(json!({}))),
        (
            Method::GET,
            format!("/api/v1/calls/{}/opportunities", CallId::floor_at(now)),
            None,
        ),
    ] {
        let answer = house.send_as(&other, method, &path, body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for (path, field) in [("opportunities", "items"), ("caps", "caps")] {
        let path = format!("/api/v1/{path}");
        let theirs = house.send_as(&other, Method::GET, &path, None).await;
        let theirs: Value = theirs.json().await.expect("JSON");
        assert_eq!(theirs[field], json!([]), "{path}");
    }
}
