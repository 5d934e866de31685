//! Kill -9 while assignments and calls run: what was answered is there exactly once afterwards, open
//! calls are closed with a reason, and recordings play. On both databases.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_sim::audio::Voice;
use trunkline_sim::carrier::{Behaviour, Carrier, CarrierConfig, DialPlan, HangsUp, Line};
use trunkline_store::testing::TestDatabase;

use crate::house::{BUSINESS_LINE, House, Page};

/// Visitors that were answered before the kill, at least.
const ANSWERED_MIN: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_by_a_kill_on_sqlite() {
    survive(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_by_a_kill_on_postgres() {
    survive(TestDatabase::postgres().await).await;
}

async fn survive(database: TestDatabase) {
    let mut house = House::start_on(database).await;
    let carrier = Carrier::start(CarrierConfig::new(house.sip))
        .await
        .expect("a carrier");
    let line = Line {
        behaviour: Behaviour::Answer { after_ms: 0 },
        voice: Voice::Tone { hz: 1_000.0 },
        hangs_up_after_ms: None,
    };
    carrier.connect(
        PhoneNumber::parse_e164(BUSINESS_LINE).expect("a number"),
        line,
    );
    let trunk = house.add_trunk(carrier.address()).await;
    let site = house.add_site().await;
    let numbers = house.add_pool(&site, &trunk, 200).await;
    house
        .api(
            reqwest::Method::PATCH,
            "/api/v1/settings/account",
            Some(json!({"recording_waiver": true})),
        )
        .await;

    let caller = carrier
        .dial(DialPlan {
            from: PhoneNumber::parse_e164("+12145551234").expect("a number"),
            to: PhoneNumber::parse_e164(&numbers[0]).expect("a number"),
            voice: Voice::Tone { hz: 440.0 },
            talk_ms: 600_000,
            hang_up: HangsUp::Caller,
            patience_ms: 10_000,
            meets: Vec::new(),
        })
        .await
        .expect("a call");
    assert!(caller.hears(6_500).await, "long enough for a sign of life");

    // Visitors ask, and show what they got, until the program is killed under them.
    let (tell, mut told) = tokio::sync::mpsc::channel(1_000);
    let page = house.page(&site);
    let visitors: Vec<_> = (0..4)
        .map(|_| tokio::spawn(visit_until_killed(page.clone(), tell.clone())))
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
    for visitor in visitors {
        visitor.await.expect("a visitor ends");
    }
    // And twice more: before it got anywhere, and when it has just closed what was left open.
    house.die_while_starting("");
    house.die_while_starting("closed what the last process left open");
    house.start_again().await;

    let sessions = all(&house, "/api/v1/sessions").await;
    let pool = house.get("/api/v1/pools").await["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let leases = house.get(&format!("/api/v1/pools/{pool}/leases")).await;
    let called = leases["items"].as_array().expect("leases").iter();
    let called = called.filter(|l| l["number"]["number"] == numbers[0].as_str());
    let states: Vec<_> = called.map(|l| &l["state"]).collect();
    assert_eq!(
        states,
        ["cooling"],
        "the caller who was cut off dials again"
    );
    let held: HashMap<&str, &str> = leases["items"]
        .as_array()
        .expect("leases")
        .iter()
        .filter_map(|l| Some((l["number"]["number"].as_str()?, l["session"].as_str()?)))
        .collect();
    let ids: HashSet<&str> = sessions.iter().filter_map(|s| s["id"].as_str()).collect();
    assert_eq!(ids.len(), sessions.len(), "no session twice");
    let (on, mut given, mut visits) = (house.database(), HashSet::new(), HashSet::new());
    for visit in answered.iter().filter(|v| v.assigned["kind"] == "pool") {
        let number = visit.assigned["numbers"][0]["n"].as_str();
        let number = number.expect("a number");
        assert!(given.insert(number), "{number} was given twice on {on}");
        let Some(session) = held.get(number) else {
            panic!("the lease of {number} is gone on {on}");
        };
        assert!(visits.insert(*session), "{session} has two numbers on {on}");
        assert!(ids.contains(session), "{session} is gone on {on}");
        let story = house.get(&format!("/api/v1/sessions/{session}")).await;
        let count = |what: &str| story[what].as_array().map_or(0, Vec::len);
        assert_eq!(count("touches"), 1, "one touch for one arrival on {on}");
        if visit.shown {
            assert_eq!(count("showings"), 1, "one showing of {number} on {on}");
        }
        // The page that is still open keeps its number.
        let token = visit.assigned["token"].as_str().expect("a token");
        let again = house.assign(&site, "/", Some(token), json!({})).await;
        assert_eq!(again["numbers"][0]["n"], number, "on {on}");
    }
    assert!(answered.iter().any(|v| v.shown), "some were shown");

    let calls = all(&house, "/api/v1/calls").await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&calls[0]["state"], &calls[0]["result"], &calls[0]["review"]),
        (&json!("ended"), &json!("answered"), &json!(true))
    );
    assert!(
        calls[0]["talk_seconds"].as_i64().is_some_and(|s| s >= 4),
        "closed at its last sign of life"
    );
    let id = calls[0]["id"].as_str().expect("an id");
    let call = house.get(&format!("/api/v1/calls/{id}")).await;
    assert_eq!(call["end"]["reason"], "process_restarted");
    assert_eq!(call["recording"]["state"], "partial");
    assert!(
        call["recording"]["seconds"]
            .as_f64()
            .is_some_and(|s| s >= 3.0),
        "{}",
        call["recording"]
    );
    let path = format!("/api/v1/calls/{id}/recording");
    let wav = house
        .send_as(house.cookie(), reqwest::Method::GET, &path, None)
        .await
        .bytes()
        .await
        .expect("sound");
    let size = u32::from_le_bytes(wav[4..8].try_into().expect("four bytes"));
    assert_eq!(
        size as usize + 8,
        wav.len(),
        "the recording's header tells its true size"
    );
    assert!(house.data().join("recordings").exists());
    carrier.stop().await;
}

/// What a visitor was told before the kill.
struct Visited {
    /// The answer to its question for numbers.
    assigned: Value,
    /// Whether it was acknowledged that the number is on the page.
    shown: bool,
}

/// One new visitor after the other: asks for a number and says that it is shown.
async fn visit_until_killed(page: Page, tell: tokio::sync::mpsc::Sender<Visited>) {
    while let Some(assigned) = page.assign().await {
        let shown = match assigned["token"].as_str() {
            Some(token) => page.shown(token).await,
            None => Some(false),
        };
        // An answer that the kill cut off acknowledges nothing.
        let visited = Visited {
            assigned,
            shown: shown.unwrap_or(false),
        };
        if tell.send(visited).await.is_err() || shown.is_none() {
            return;
        }
    }
}

/// All pages of a list.
async fn all(house: &House, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.get(&format!("{path}?limit=500{cursor}")).await;
        found.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}
