//! The benchmark `auction`: fifty buyers on loopback are asked for a bid over HTTP, each answers after a time of its own, and
//! the auction is settled. What is told is the time from the moment at which the slowest of them sent its answer to the
//! moment at which the result is there: reading fifty answers, the auction, and waiting for a processor, which the buyers
//! use too.
#![allow(clippy::print_stdout)] // what it tells goes to standard output

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use trunkline_clients::BuyerClient;
use trunkline_core::base::id::{BuyerId, ContractId, DestinationId, OpportunityId};
use trunkline_core::base::{Country, Currency, PhoneNumber, Timestamp, Zone};
use trunkline_core::routing::delivery::{Endpoint, EndpointDocument, Values};
use trunkline_core::routing::{
    Auction, AuctionRules, AuctionTerms, Facts, Known, OpportunityKind, Shelf,
};
use trunkline_engine::ports::Buyers;
use trunkline_engine::ports::buyers::BuyerRequest;
use trunkline_engine::routing::auction::{Ask, Bidder, hold};

const NOON: Timestamp = Timestamp::from_millis(1_795_449_600_000);
const BIDDERS: usize = 50;
const AUCTIONS: usize = 1_000;
/// Auctions before anything is measured: connections are made and kept.
const WARM_UP: usize = 20;
/// Shortest and longest time of a buyer, in milliseconds.
const THINKS_MS: (u64, u64) = (5, 40);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// When each buyer sent its last answer.
type Sent = Arc<Mutex<Vec<Option<Instant>>>>;

/// Numbers that look as if by chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let sent: Sent = Arc::new(Mutex::new(vec![None; BIDDERS]));
    let mut endpoints = Vec::with_capacity(BIDDERS);
    for place in 0..BIDDERS {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        endpoints.push(endpoint(&listener.local_addr()?.to_string())?);
        tokio::spawn(buyer(listener, place, Arc::clone(&sent)));
    }
    let buyers: Arc<dyn Buyers> = Arc::new(BuyerClient::new(true));
    let rules: AuctionRules = serde_json::from_str(r#"{"margin_percent": 15}"#)?;
    let auction = rules.compile(&Shelf::default(), Currency::USD);
    let auction = auction.map_err(|problems| format!("{problems:?}"))?;
    let mut overhead_us = Vec::with_capacity(AUCTIONS);
    for round in 0..WARM_UP + AUCTIONS {
        let us = one(&buyers, &auction, &endpoints, &sent).await?;
        if round >= WARM_UP {
            overhead_us.push(us);
        }
    }
    overhead_us.sort_unstable();
    let at = |share: f64| {
        let place = ((overhead_us.len() - 1) as f64 * share) as usize;
        overhead_us[place] as f64 / 1_000.0
    };
    println!(
        "{{\"bidders\": {BIDDERS}, \"auctions\": {AUCTIONS}, \"overhead_p50_ms\": {:.3}, \"overhead_p99_ms\": {:.3}, \
         \"overhead_max_ms\": {:.3}}}",
        at(0.5),
        at(0.99),
        at(1.0),
    );
    Ok(())
}

/// Holds one auction; microseconds from the slowest answer to the result.
async fn one(
    buyers: &Arc<dyn Buyers>,
    auction: &Auction,
    endpoints: &[Arc<Endpoint>],
    sent: &Sent,
) -> Result<u64, AnyError> {
    let tags = BTreeMap::from([("zip".to_owned(), "75201".to_owned())]);
    let known = Known {
        kind: OpportunityKind::Call,
        tags: &tags,
        phone: PhoneNumber::parse_e164("+12145550100").ok(),
        phone_sha256: Some([7; 32]),
        email_sha256: None,
        zip: Some("75201"),
        state: None,
        country: None,
        source: None,
        score: None,
        attestation: None,
        times_before: 0,
    };
    let facts = Facts::of(&known, &Zone::parse("UTC")?, NOON);
    let values = Values::of(&known);
    let terms = AuctionTerms {
        facts: &facts,
        floor: None,
        publisher_floor: None,
        deadline_ms: 1_500,
        min_seconds: 30,
    };
    let began = Instant::now();
    let bidders = (1..).zip(endpoints);
    let bidders = bidders.map(|(n, endpoint)| bidder(n, endpoint, &values));
    let held = hold(buyers, auction, bidders.collect(), &terms, began).await;
    let over = Instant::now();
    let answered = held.lines.iter().filter(|line| line.amount.is_some());
    if answered.count() != BIDDERS {
        let line = held.lines.iter().find(|line| line.amount.is_none());
        return Err(format!("a buyer did not bid: {line:?}").into());
    }
    held.sale
        .map_err(|reason| format!("nothing was sold: {reason:?}"))?;
    let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
    let slowest = sent.iter().flatten().max().ok_or("nobody answered")?;
    Ok(u64::try_from(
        over.saturating_duration_since(*slowest).as_micros(),
    )?)
}

fn bidder(n: i64, endpoint: &Arc<Endpoint>, values: &Values) -> Bidder {
    Bidder {
        contract: ContractId::from_raw(n),
        company: BuyerId::from_raw(n),
        priority: 0,
        weight: 1,
        bid_max: None,
        legs_max: 1,
        min_seconds: 60,
        price: None,
        ask: Some(Box::new(Ask {
            request: BuyerRequest {
                destination: DestinationId::from_raw(n),
                opportunity: OpportunityId::from_raw(1),
                endpoint: Arc::clone(endpoint),
                values: values.clone(),
                secrets: Arc::default(),
                currency: Currency::USD,
                bid_max: None,
                home: Country::US,
                now: NOON,
            },
            timeout_ms: 1_000,
        })),
    }
}

fn endpoint(address: &str) -> Result<Arc<Endpoint>, AnyError> {
    let document = format!(
        r#"{{"schema": 1, "ping": {{
            "request": {{"method": "POST", "url": "http://{address}/bid", "body": {{"json": {{
                "phone_sha256": "{{phone_sha256}}", "zip": "{{zip}}", "opportunity": "{{opportunity_id|\"\"}}",
                "deadline_ms": "{{deadline_ms}}"}}}}}},
            "answer": {{"accept_when": {{"read": {{"from": {{"json": "$.bid"}}, "value": {{"above": 0}}}}}},
                "price": [{{"json": "$.bid"}}], "id": [{{"json": "$.id"}}]}}}}}}"#
    );
    let document: EndpointDocument = serde_json::from_str(&document)?;
    let endpoint = document.compile();
    Ok(Arc::new(
        endpoint.map_err(|problems| format!("{problems:?}"))?,
    ))
}

/// A buyer's server: bids on everything, after a while.
async fn buyer(listener: TcpListener, place: usize, sent: Sent) {
    let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (place as u64 + 1);
    while let Ok((stream, _)) = listener.accept().await {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        tokio::spawn(answers(stream, place, Arc::clone(&sent), Chance(seed)));
    }
}

/// Answers every request of a connection.
async fn answers(mut stream: TcpStream, place: usize, sent: Sent, mut chance: Chance) {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        while let Some(whole) = request_len(&bytes) {
            bytes.drain(..whole);
            let (least, most) = THINKS_MS;
            sleep(Duration::from_millis(least + chance.below(most - least))).await;
            let body = format!(
                r#"{{"bid": "{}.{:02}", "id": "b-{}"}}"#,
                10 + chance.below(40),
                chance.below(100),
                chance.below(1_000_000)
            );
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            sent.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(Instant::now());
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
}

/// How long the first request in the bytes is; `None` while it is not whole.
fn request_len(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    (bytes.len() >= head + length).then_some(head + length)
}
