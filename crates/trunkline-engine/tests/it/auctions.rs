//! Auctions against buyers whose answers are scripted, on a clock that is set by hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};
use trunkline_core::base::id::{BuyerId, ContractId, DestinationId, OpportunityId};
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Timestamp, Zone};
use trunkline_core::routing::delivery::{
    BreakerState, BreakerView, DeliverTo, Endpoint, EndpointDocument, Fault, Reading, RefusedAs,
    Values, Verdict,
};
use trunkline_core::routing::{
    Auction, AuctionRules, AuctionTerms, BidOutcome, Facts, Known, OpportunityKind, ReasonCode,
    Shelf,
};
use trunkline_engine::ports::Buyers;
use trunkline_engine::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest, NotSent};
use trunkline_engine::routing::auction::{Ask, BidLine, Bidder, Fate, Held, hold};

const NOW: Timestamp = Timestamp::from_millis(1_795_449_600_000);

static NO_TAGS: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);
static ENDPOINT: LazyLock<Arc<Endpoint>> = LazyLock::new(|| {
    let document = r#"{"schema": 1, "ping": {
        "request": {"method": "POST", "url": "https://bids.example.test/", "body": {"json": {"zip": "{zip}"}}},
        "answer": {"accept_when": {"read": {"from": {"json": "$.ok"}, "value": {"is": "true"}}}}}}"#;
    let document: EndpointDocument = serde_json::from_str(document).expect("a document");
    Arc::new(document.compile().expect("an endpoint"))
});

/// What a buyer does when it is asked.
#[derive(Debug, Clone)]
struct Script {
    after_ms: u64,
    outcome: BuyerOutcome,
}

/// Buyers by their destinations.
#[derive(Debug, Default)]
struct Scripted {
    scripts: BTreeMap<DestinationId, Script>,
    resting: Vec<DestinationId>,
    asked: AtomicUsize,
    given_up: Arc<AtomicUsize>,
    deadlines: Mutex<Vec<Instant>>,
}

/// Counts a request that was dropped before it was answered.
struct OnItsWay(Arc<AtomicUsize>, bool);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if !self.1 {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Buyers for Scripted {
    async fn ask(&self, ping: &BuyerRequest, deadline: Instant) -> BuyerReport {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.deadlines.lock().expect("whole").push(deadline);
        let mut way = OnItsWay(Arc::clone(&self.given_up), false);
        let script = self.scripts[&ping.destination].clone();
        let answers = Instant::now() + Duration::from_millis(script.after_ms);
        let outcome = if answers > deadline {
            sleep_until(deadline).await;
            BuyerOutcome::TimedOut
        } else {
            sleep(Duration::from_millis(script.after_ms)).await;
            script.outcome
        };
        way.1 = true;
        BuyerReport {
            outcome,
            latency_ms: u32::try_from(script.after_ms).expect("short"),
            request_shown: format!("asked {}", ping.destination.raw()),
            answer_shown: "answered".to_owned(),
        }
    }

    async fn post(&self, _post: &BuyerRequest, _deadline: Instant) -> BuyerReport {
        panic!("an auction posts nothing")
    }

    fn breaker(&self, destination: DestinationId, _now: Timestamp) -> BreakerView {
        let open = self.resting.contains(&destination);
        BreakerView {
            state: if open {
                BreakerState::Open
            } else {
                BreakerState::Closed
            },
            until: None,
            failures: 0,
            asked: 0,
            timed_out: 0,
        }
    }
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).expect("an amount")
}

fn reading(verdict: Verdict) -> Reading {
    Reading {
        verdict,
        price: None,
        id: None,
        reason: None,
        redirect_url: None,
        expires_at: None,
        min_seconds: None,
        deliver_to: DeliverTo::default(),
        faults: Vec::new(),
    }
}

fn bids(amount: &str) -> BuyerOutcome {
    let price = Some(usd(amount));
    let reading = Reading {
        price,
        ..reading(Verdict::Accepted)
    };
    BuyerOutcome::Answered(Box::new(reading), 200)
}

fn says_no() -> BuyerOutcome {
    BuyerOutcome::Answered(Box::new(reading(Verdict::Refused(RefusedAs::Capped))), 200)
}

fn after(after_ms: u64, outcome: BuyerOutcome) -> Script {
    Script { after_ms, outcome }
}

fn buyers(scripts: impl IntoIterator<Item = Script>) -> Scripted {
    let scripts = (1..).map(DestinationId::from_raw).zip(scripts);
    Scripted {
        scripts: scripts.collect(),
        ..Scripted::default()
    }
}

/// Bidder `n`, asked at its destination, waited for 800 ms.
fn bidder(n: i64) -> Bidder {
    let request = BuyerRequest {
        destination: DestinationId::from_raw(n),
        opportunity: OpportunityId::from_raw(7),
        endpoint: Arc::clone(&ENDPOINT),
        values: Values::default(),
        secrets: Arc::default(),
        currency: Currency::USD,
        bid_max: None,
        home: Country::US,
        now: NOW,
    };
    Bidder {
        contract: ContractId::from_raw(n),
        company: BuyerId::from_raw(n),
        priority: 0,
        weight: 1,
        bid_max: None,
        legs_max: 1,
        min_seconds: 0,
        price: None,
        ask: Some(Box::new(Ask {
            request,
            timeout_ms: 800,
        })),
    }
}

fn believed_up_to(n: i64, most: &str) -> Bidder {
    Bidder {
        bid_max: Some(usd(most)),
        ..bidder(n)
    }
}

fn auction(rules: &str) -> Auction {
    let rules: AuctionRules = serde_json::from_str(rules).expect("rules");
    let auction = rules.compile(&Shelf::default(), Currency::USD);
    auction.expect("an auction")
}

fn facts() -> Facts<'static> {
    let known = Known {
        kind: OpportunityKind::Call,
        tags: &NO_TAGS,
        phone: PhoneNumber::parse_e164("+12145550100").ok(),
        phone_sha256: None,
        email_sha256: None,
        zip: None,
        state: None,
        country: None,
        source: None,
        score: None,
        attestation: None,
        times_before: 0,
    };
    Facts::of(&known, &Zone::parse("UTC").expect("a zone"), NOW)
}

/// Holds a first-price auction of 1,500 ms that keeps 10 %.
async fn held(scripted: Scripted, bidders: Vec<Bidder>) -> (Held, Arc<Scripted>) {
    held_by(r#"{"margin_percent": 10}"#, scripted, bidders, 1_500).await
}

async fn held_by(
    rules: &str,
    scripted: Scripted,
    bidders: Vec<Bidder>,
    deadline_ms: u32,
) -> (Held, Arc<Scripted>) {
    let scripted = Arc::new(scripted);
    let buyers: Arc<dyn Buyers> = Arc::clone(&scripted) as _;
    let facts = facts();
    let terms = AuctionTerms {
        facts: &facts,
        floor: None,
        publisher_floor: None,
        deadline_ms,
        min_seconds: 30,
    };
    let began = Instant::now();
    let held = hold(&buyers, &auction(rules), bidders, &terms, began).await;
    (held, scripted)
}

fn reasons(held: &Held) -> Vec<Option<ReasonCode>> {
    held.lines.iter().map(|line| line.fate.reason()).collect()
}

#[tokio::test(start_paused = true)]
async fn everybody_is_asked_at_once_and_the_best_bid_wins() {
    let began = Instant::now();
    let scripts = [
        after(300, bids("10")),
        after(200, bids("30")),
        after(250, bids("20")),
    ];
    let (held, scripted) = held(buyers(scripts), vec![bidder(1), bidder(2), bidder(3)]).await;
    let sale = held.sale.as_ref().expect("a sale");
    assert_eq!(
        began.elapsed(),
        Duration::from_millis(300),
        "not one after the other"
    );
    assert_eq!(held.took_ms, 300);
    assert!(!held.closed_early);
    assert_eq!(sale.legs, [1]);
    assert_eq!(sale.revenue, usd("30"));
    assert_eq!(sale.offer, usd("27"));
    assert_eq!(sale.min_seconds, 30);
    assert_eq!(
        held.lines[1].fate,
        Fate::Bid(BidOutcome::Won { pays: usd("30") })
    );
    assert_eq!(
        reasons(&held),
        [
            Some(ReasonCode::AuctionLost),
            None,
            Some(ReasonCode::AuctionLost)
        ]
    );
    let latencies: Vec<_> = held.lines.iter().map(|line| line.latency_ms).collect();
    assert_eq!(latencies, [Some(300), Some(200), Some(250)]);
    assert_eq!(held.lines[1].request_shown, "asked 2");
    assert!(held.outstanding.is_empty());
    let deadlines = scripted.deadlines.lock().expect("whole");
    let each = began + Duration::from_millis(800);
    assert!(
        deadlines.iter().all(|deadline| *deadline == each),
        "one deadline for all"
    );
}

#[tokio::test(start_paused = true)]
async fn it_ends_as_soon_as_nobody_can_bid_more() {
    let scripts = [
        after(100, bids("40")),
        after(50, bids("5")),
        after(700, bids("39")),
    ];
    let bidders = vec![
        believed_up_to(1, "40"),
        believed_up_to(2, "50"),
        believed_up_to(3, "40"),
    ];
    let (mut held, _) = held(buyers(scripts), bidders).await;
    // The third could bid 40 too, and a tie goes to who was first.
    assert_eq!(held.took_ms, 100);
    assert!(held.closed_early);
    assert_eq!(held.sale.as_ref().expect("a sale").legs, [0]);
    assert_eq!(held.lines[2].fate, Fate::Unanswered);
    // What it bids afterwards is written down, and changes nothing.
    assert_eq!(held.outstanding.len(), 1);
    let (place, line) = held.outstanding.next().await.expect("an answer");
    assert_eq!(place, 2);
    assert_eq!(line.amount, Some(usd("39")));
    assert_eq!(line.fate, Fate::NoBid(ReasonCode::BidLate));
    assert_eq!(line.latency_ms, Some(700));
    assert!(held.outstanding.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_whoever_could_still_win() {
    for last in [bidder(2), believed_up_to(2, "10.01")] {
        let scripts = [after(10, bids("10")), after(500, bids("1"))];
        let (held, _) = held(buyers(scripts), vec![believed_up_to(1, "10"), last]).await;
        assert_eq!(held.took_ms, 500);
        assert!(!held.closed_early);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_price_needs_every_bid() {
    let scripts = [after(10, bids("30")), after(500, bids("20"))];
    let bidders = vec![believed_up_to(1, "30"), believed_up_to(2, "29")];
    let rules = r#"{"pays": "second_price"}"#;
    let (held, _) = held_by(rules, buyers(scripts), bidders, 1_500).await;
    assert_eq!(held.took_ms, 500);
    assert_eq!(held.sale.expect("a sale").revenue, usd("20.01"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_behind_the_deadline_is_late_and_never_used() {
    let scripts = [after(200, bids("10")), after(600, bids("99"))];
    let bidders = vec![bidder(1), bidder(2)];
    let (mut held, scripted) = held_by("{}", buyers(scripts), bidders, 400).await;
    assert_eq!(held.took_ms, 400);
    assert_eq!(held.sale.as_ref().expect("a sale").legs, [0]);
    assert_eq!(reasons(&held), [None, Some(ReasonCode::TimedOut)]);
    let (place, late) = held.outstanding.next().await.expect("an answer");
    assert_eq!((place, late.amount), (1, Some(usd("99"))));
    assert_eq!(late.fate.reason(), Some(ReasonCode::BidLate));
    assert_eq!(scripted.given_up.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_waited_for_any_more_is_given_up() {
    let scripts = [after(10, says_no()), after(700, bids("9"))];
    let (held, scripted) = held_by("{}", buyers(scripts), vec![bidder(1), bidder(2)], 100).await;
    assert_eq!(held.outstanding.len(), 1);
    drop(held);
    while scripted.given_up.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_buyer_that_is_slower_than_its_own_time_has_timed_out() {
    let scripts = [after(900, bids("99")), after(20, bids("10"))];
    let (held, _) = held(buyers(scripts), vec![bidder(1), bidder(2)]).await;
    assert_eq!(
        held.took_ms, 800,
        "its own time is over before that of the auction"
    );
    assert_eq!(reasons(&held), [Some(ReasonCode::TimedOut), None]);
    assert_eq!(held.lines[0].fate, Fate::NoBid(ReasonCode::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_its_reason() {
    let odd = |fault| {
        let reading = Reading {
            faults: vec![fault],
            ..reading(Verdict::Accepted)
        };
        BuyerOutcome::Answered(Box::new(reading), 200)
    };
    let no = |refused| BuyerOutcome::Answered(Box::new(reading(Verdict::Refused(refused))), 200);
    let table = [
        (no(RefusedAs::Capped), ReasonCode::NoBid),
        (no(RefusedAs::Duplicate), ReasonCode::BuyerDuplicate),
        (no(RefusedAs::Suppressed), ReasonCode::Suppressed),
        (odd(Fault::PriceInvalid), ReasonCode::BidInvalid),
        (odd(Fault::PriceAboveMax), ReasonCode::BidInvalid),
        // A yes without a price, of somebody whose contract names none.
        (
            BuyerOutcome::Answered(Box::new(reading(Verdict::Accepted)), 200),
            ReasonCode::BidInvalid,
        ),
        (
            BuyerOutcome::Answered(Box::new(reading(Verdict::Unknown)), 200),
            ReasonCode::BidInvalid,
        ),
        (bids("0"), ReasonCode::NoBid),
        (BuyerOutcome::TimedOut, ReasonCode::TimedOut),
        (
            BuyerOutcome::BrokeOff("reset".to_owned()),
            ReasonCode::BidInvalid,
        ),
        (
            BuyerOutcome::NotSent(NotSent::Resting),
            ReasonCode::BreakerOpen,
        ),
        (
            BuyerOutcome::NotSent(NotSent::Busy),
            ReasonCode::SystemError,
        ),
    ];
    for (outcome, reason) in table {
        let (held, _) = held(buyers([after(1, outcome.clone())]), vec![bidder(1)]).await;
        assert_eq!(reasons(&held), [Some(reason)], "{outcome:?}");
        assert_eq!(held.sale, Err(ReasonCode::NoCandidate), "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_rests_is_not_asked() {
    let scripted = Scripted {
        resting: vec![DestinationId::from_raw(1)],
        ..buyers([after(1, bids("50")), after(2, bids("10"))])
    };
    let (held, scripted) = held(scripted, vec![bidder(1), bidder(2)]).await;
    assert_eq!(reasons(&held), [Some(ReasonCode::BreakerOpen), None]);
    assert_eq!(scripted.asked.load(Ordering::SeqCst), 1);
    assert_eq!(held.lines[0].latency_ms, None);
}

#[tokio::test(start_paused = true)]
async fn a_price_by_contract_counts_whatever_a_server_says() {
    let fixed = |n, price| Bidder {
        price: Some(usd(price)),
        ..bidder(n)
    };
    let phone = Bidder {
        ask: None,
        ..fixed(3, "12")
    };
    let scripts = [after(5, bids("99")), after(6, bids("20"))];
    let (held, scripted) = held(buyers(scripts), vec![fixed(1, "15"), bidder(2), phone]).await;
    let amounts: Vec<_> = held.lines.iter().map(|line| line.amount).collect();
    assert_eq!(amounts, [Some(usd("15")), Some(usd("20")), Some(usd("12"))]);
    let sale = held.sale.expect("a sale");
    assert_eq!((sale.legs, sale.next), (vec![1], vec![]));
    assert_eq!(
        scripted.asked.load(Ordering::SeqCst),
        2,
        "a phone is not asked"
    );
}

#[tokio::test(start_paused = true)]
async fn with_nobody_to_ask_it_is_over_at_once() {
    let (empty, _) = held(buyers([]), Vec::new()).await;
    assert_eq!(empty.sale, Err(ReasonCode::NoCandidate));
    assert_eq!(empty.took_ms, 0);
    // Neither a server nor a price.
    let nobody = Bidder {
        ask: None,
        ..bidder(1)
    };
    let (nothing, _) = held(buyers([]), vec![nobody]).await;
    assert_eq!(reasons(&nothing), [Some(ReasonCode::NoPrice)]);
}

#[tokio::test(start_paused = true)]
async fn the_promise_is_never_shorter_than_the_winner_asks() {
    let asks = |amount, min_seconds| {
        let reading = Reading {
            price: Some(usd(amount)),
            min_seconds,
            ..reading(Verdict::Accepted)
        };
        BuyerOutcome::Answered(Box::new(reading), 200)
    };
    for (said, own, promised) in [
        (None, 0, 30),
        (Some(90), 0, 90),
        (Some(10), 0, 30),
        (Some(60), 75, 75),
    ] {
        let script = after(1, asks("10", said));
        let one = Bidder {
            min_seconds: own,
            ..bidder(1)
        };
        let (held, _) = held(buyers([script]), vec![one]).await;
        let sale = held.sale.expect("a sale");
        assert_eq!(sale.min_seconds, promised, "{said:?} {own}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_bids_take_over_while_something_is_left() {
    let scripts = [
        after(1, bids("10")),
        after(2, bids("8")),
        after(3, bids("9.50")),
        after(4, bids("9")),
    ];
    let bidders = (1..=4).map(bidder).collect();
    let (held, _) = held(buyers(scripts), bidders).await;
    let sale = held.sale.expect("a sale");
    // 9 are offered: who bids 8 would lose money.
    assert_eq!(sale.offer, usd("9"));
    assert_eq!((sale.legs, sale.next), (vec![0], vec![2, 3]));
    let fates: Vec<&Fate> = held.lines.iter().map(|line: &BidLine| &line.fate).collect();
    assert_eq!(fates[2], &Fate::Bid(BidOutcome::Next { place: 0 }));
    assert_eq!(fates[1], &Fate::Bid(BidOutcome::Lost { best: usd("10") }));
}

#[tokio::test(start_paused = true)]
async fn fifty_are_asked_in_the_time_of_one() {
    let scripts: Vec<Script> = (1..=50)
        .map(|n| after(400, bids(&format!("{n}"))))
        .collect();
    let (held, scripted) = held(buyers(scripts), (1..=50).map(bidder).collect()).await;
    assert_eq!(held.took_ms, 400);
    assert_eq!(scripted.asked.load(Ordering::SeqCst), 50);
    assert_eq!(held.sale.expect("a sale").legs, [49]);
}
