//! Kill -9 between bid, post and record: a lead is with at most one buyer, everything that was answered is there once, and
//! the books are what was sold. On both databases, with buyers that are real servers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trunkline_core::base::id::AccountId;
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::lead::{AMBIGUOUS_MS, RunState};
use trunkline_core::ledger::Book;
use trunkline_engine::ports::Books;
use trunkline_engine::ports::leads::{LeadEventKind, LeadEventRow, LeadFilter, LeadRow, Leads};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::testing::TestDatabase;

use crate::house::House;
use crate::leads::{Feed, feed};

/// Leads that were answered before the kill, at least.
const ANSWERED_MIN: usize = 30;
/// Partners who send at the same time.
const PARTNERS: u32 = 6;

/// A buyer's server, and how often each lead arrived at it.
#[derive(Clone, Default)]
struct Arrived(Arc<Mutex<BTreeMap<String, usize>>>);

impl Arrived {
    fn note(&self, lead: &str) {
        let mut arrived = self.0.lock().expect("a lock");
        *arrived.entry(lead.to_owned()).or_default() += 1;
    }

    fn all(&self) -> BTreeMap<String, usize> {
        self.0.lock().expect("a lock").clone()
    }
}

/// A server that refuses every fifth lead, never answers every seventh, and takes the rest.
async fn buyer(arrived: Arrived) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut count = 0_u32;
        while let Ok((stream, _)) = listener.accept().await {
            count += 1;
            tokio::spawn(serve(stream, arrived.clone(), count));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, arrived: Arrived, count: u32) {
    let mut read = Vec::new();
    let mut part = [0; 4_096];
    let body = loop {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(n) => read.extend_from_slice(&part[..n]),
        }
        let text = String::from_utf8_lossy(&read);
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str::<Value>(body)
        {
            break body;
        }
    };
    let lead = body["id"].as_str().unwrap_or_default().to_owned();
    let takes = !count.is_multiple_of(5);
    if takes {
        arrived.note(&lead);
    }
    if count.is_multiple_of(7) && takes {
        // It has the lead, and its answer never comes.
        std::future::pending::<()>().await;
    }
    let answer = json!({"ok": takes}).to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// What a partner was answered before the kill.
struct Told {
    lead: String,
    sold: bool,
}

/// One lead after the other, every second one with a ping before it, until nobody answers.
async fn send_until_killed(
    client: reqwest::Client,
    base: String,
    key: String,
    partner: u32,
    tell: tokio::sync::mpsc::Sender<Told>,
) {
    let ask = async |path: &str, body: Value| -> Option<Value> {
        let request = client.post(format!("{base}{path}"));
        let request = request.header("authorization", format!("Bearer {key}"));
        request.json(&body).send().await.ok()?.json().await.ok()
    };
    for n in 0.. {
        let phone = format!("+1214{partner}{n:06}");
        let mut lead =
            json!({"phone": phone, "zip": "75201", "idempotency_key": format!("{partner}-{n}")});
        let path = if n % 2 == 0 {
            "/in/lead"
        } else {
            let hash = trunkline_engine::lead::sha256(phone.as_bytes());
            let hash = trunkline_core::base::sha256_text(hash);
            let Some(ping) = ask("/in/ping", json!({"zip": "75201", "phone_sha256": hash})).await
            else {
                return;
            };
            if ping["ping_id"].is_null() {
                continue;
            }
            lead["ping_id"] = ping["ping_id"].clone();
            "/in/post"
        };
        let Some(answer) = ask(path, lead).await else {
            return;
        };
        let told = Told {
            lead: answer["lead_id"].as_str().unwrap_or_default().to_owned(),
            sold: answer["status"] == "sold",
        };
        if tell.send(told).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_with_one_buyer_whenever_the_process_is_killed_on_sqlite() {
    survive(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_with_one_buyer_whenever_the_process_is_killed_on_postgres() {
    survive(TestDatabase::postgres().await).await;
}

async fn survive(database: TestDatabase) {
    let loopback = |_: &std::path::Path, settings: String| {
        settings.replace("[http]\n", "[http]\nwebhooks_loopback = true\n")
    };
    let mut house = House::start_with(database, loopback).await;
    let arrived = Arrived::default();
    let address = buyer(arrived.clone()).await;
    let endpoint = json!({"schema": 1, "post": {
        "request": {"method": "POST", "url": format!("http://{address}/in"), "timeout_ms": 1_000,
            "body": {"json": {"id": "{lead_id}", "phone": "{phone}"}}},
        "answer": {"accept_when": {"read": {"from": {"json": "$.ok"}, "value": {"is": "true"}}}}}});
    let destination = json!({"kind": "http", "endpoint": endpoint});
    let feed: Feed = feed(&house, &destination, json!({})).await;

    let (tell, mut told) = tokio::sync::mpsc::channel(1_000);
    let partners: Vec<_> = (0..PARTNERS)
        .map(|partner| {
            let (client, base) = (house.client.clone(), house.url(""));
            tokio::spawn(send_until_killed(
                client,
                base,
                feed.key.clone(),
                partner,
                tell.clone(),
            ))
        })
        .collect();
    drop(tell);
    let mut answered = Vec::new();
    while answered.len() < ANSWERED_MIN {
        answered.push(told.recv().await.expect("an answer"));
    }
    house.kill();
    while let Some(answer) = told.recv().await {
        answered.push(answer);
    }
    for partner in partners {
        partner.await.expect("a partner ends");
    }
    house.die_while_starting("");
    house.start_again().await;

    // What was being sent is unknown, and what never was is sent: nothing is waited for in the end.
    house
        .until("/api/v1/leads?limit=500&state=validating", |page| {
            page["items"] == json!([])
        })
        .await;
    let on = house.database().to_owned();
    let account = house.get("/api/v1/me").await["account"]["id"].clone();
    let account = AccountId::parse(account.as_str().expect("an account")).expect("its id");
    // Whatever goes on now ends, so that everything is looked at as of one moment.
    house.kill();
    let key = std::fs::read(house.data().join("sealing.key")).expect("a key");
    let key: [u8; 32] = key.try_into().expect("32 bytes");
    let location = Location::parse(&house.database_url()).expect("a location");
    let store = Store::open(&location, DbOptions::default(), &key)
        .await
        .expect("a store");
    let leads = leads(&store, account).await;
    for told in &answered {
        let found = leads.iter().find(|lead| lead.id.to_string() == told.lead);
        let found = found.unwrap_or_else(|| panic!("{} is gone on {on}", told.lead));
        if told.sold {
            assert_eq!(found.run.state, RunState::Sold, "{} on {on}", told.lead);
        }
    }
    let times = arrived.all();
    for lead in &leads {
        assert!(lead.run.accepted() <= 1, "{} on {on}", lead.id);
        if times
            .get(&lead.id.to_string())
            .is_some_and(|times| *times > 1)
        {
            window_was_over(&store, lead).await;
        }
    }
    assert_eq!(store.verify(account).await.expect("a look"), [], "on {on}");
    let sum = |of: fn(&LeadRow) -> Option<Money>| -> i64 {
        leads.iter().filter_map(of).map(Money::micros).sum()
    };
    let mut on_books = (0, 0);
    for balance in store.balances(account).await.expect("balances") {
        match balance.book {
            Book::BuyerReceivable => on_books.0 += balance.amount.micros(),
            Book::PublisherPayable => on_books.1 -= balance.amount.micros(),
            _ => {}
        }
    }
    let sold = (sum(|lead| lead.revenue), sum(|lead| lead.payout));
    assert_eq!(on_books, sold, "on {on}");
    assert!(sold.0 > 0);
    store.db().close().await;
}

async fn leads(store: &Store, account: AccountId) -> Vec<LeadRow> {
    let filter = LeadFilter {
        account,
        from: Timestamp::EPOCH,
        to: Timestamp::from_millis(i64::MAX),
        campaign: None,
        feed: None,
        publisher: None,
        buyer: None,
        state: None,
        test: None,
        person: None,
        before: None,
        limit: 100_000,
    };
    store.leads(&filter).await.expect("leads")
}

/// A lead arrived at a second buyer: behind the whole window of the first, who did not answer, or after the first refused.
async fn window_was_over(store: &Store, lead: &LeadRow) {
    let events = store.lead_events(lead.id).await.expect("events");
    let mut silent = None;
    for LeadEventRow { event, .. } in &events {
        match event.kind {
            LeadEventKind::NoAnswer => silent = Some(event.at),
            LeadEventKind::Sending => {
                if let Some(since) = silent {
                    let waited = event.at.millis_since(since);
                    assert!(waited >= AMBIGUOUS_MS, "{}: only {waited} ms", lead.id);
                    return;
                }
            }
            _ => {}
        }
    }
    panic!("{} arrived twice: {events:?}", lead.id);
}
