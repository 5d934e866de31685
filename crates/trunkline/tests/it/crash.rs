//! Kill -9 while visitors come and tap and callers talk: what was answered is there exactly once afterwards, each by its
//! own id; open calls are closed with a reason, and recordings play. On both databases.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::SessionId;
use trunkline_sim::audio::Voice;
use trunkline_sim::carrier::{
    Behaviour, CallHandle, Carrier, CarrierConfig, DialPlan, HangsUp, Line,
};
use trunkline_store::testing::TestDatabase;

use crate::house::{BUSINESS_LINE, House, Page, Site};

/// Visitors that were answered before the kill, at least; of them those whose tap was, at least.
const ANSWERED_MIN: usize = 60;
const TAPPED_MIN: usize = 10;
/// Callers who tapped first and talk when the process is killed.
const TALKING: usize = 3;
/// How long each of them has heard the business by then: beyond a sign of life, which comes every 5 s.
const HEARD_MS: u64 = 6_500;

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
    let (carrier, site, numbers) = furnished(&house).await;
    let page = house.page(&site);

    // One call that ended before; then callers who talk: some of visitors who tapped, one out of the blue.
    let gone = visit(&page).await.expect("an answer");
    let caller = dial(&carrier, gone.number(), 0).await;
    assert!(caller.hears(1_000).await);
    caller.hang_up();
    let over = house.newest_ended_call().await;
    let over = house.get(&format!("/api/v1/calls/{over}")).await;
    let mut callers = Vec::new();
    let mut known = vec![gone];
    for from in 1..=TALKING {
        let visited = visit(&page).await.expect("an answer");
        assert_eq!((visited.shown, visited.tapped), (true, true));
        callers.push(dial(&carrier, visited.number(), from).await);
        known.push(visited);
    }
    let unseen = numbers.last().expect("numbers");
    callers.push(dial(&carrier, unseen, TALKING + 1).await);
    for caller in &callers {
        assert!(
            caller.hears(HEARD_MS).await,
            "long enough for a sign of life"
        );
    }
    let open = all(&house, "/api/v1/calls?live=true").await;
    assert_eq!(open.len(), TALKING + 1);
    assert!(open.iter().all(|call| call["state"] == "talking"));

    // Visitors ask, show what they got, and tap it, until the program is killed under them.
    let (tell, mut told) = tokio::sync::mpsc::channel(1_000);
    let visitors: Vec<_> = (0..4)
        .map(|_| tokio::spawn(visit_until_killed(page.clone(), tell.clone())))
        .collect();
    drop(tell);
    let mut answered = known;
    let tapped = |all: &[Visited]| all.iter().filter(|v| v.tapped).count();
    while answered.len() < ANSWERED_MIN || tapped(&answered) < TALKING + 1 + TAPPED_MIN {
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

    visits_are_there(&house, &site, &answered).await;
    calls_are_there(&house, &over, &open).await;
    let leases = leases(&house).await;
    let states: Vec<_> = leases
        .iter()
        .filter(|lease| lease["number"]["number"] == unseen.as_str())
        .map(|lease| &lease["state"])
        .collect();
    assert_eq!(
        states,
        ["cooling"],
        "the caller who was cut off dials again"
    );
    assert!(house.data().join("recordings").exists());
    carrier.stop().await;
}

/// A carrier whose business line talks, a site, and a pool; calls are recorded.
async fn furnished(house: &House) -> (Carrier, Site, Vec<String>) {
    let carrier = Carrier::start(CarrierConfig::new(house.sip))
        .await
        .expect("a carrier");
    let line = Line {
        behaviour: Behaviour::Answer { after_ms: 0 },
        voice: Voice::Tone { hz: 1_000.0 },
        hangs_up_after_ms: None,
    };
    carrier.connect(parsed(BUSINESS_LINE), line);
    let trunk = house.add_trunk(carrier.address()).await;
    let site = house.add_site().await;
    let numbers = house.add_pool(&site, &trunk, 200).await;
    let waiver = json!({"recording_waiver": true});
    house
        .api(Method::PATCH, "/api/v1/settings/account", Some(waiver))
        .await;
    (carrier, site, numbers)
}

fn parsed(number: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(number).expect("a number")
}

async fn dial(carrier: &Carrier, to: &str, from: usize) -> CallHandle {
    let plan = DialPlan {
        from: parsed(&format!("+1214555{:04}", 1_200 + from)),
        to: parsed(to),
        voice: Voice::Tone { hz: 440.0 },
        talk_ms: 600_000,
        hang_up: HangsUp::Caller,
        patience_ms: 30_000,
        meets: Vec::new(),
    };
    carrier.dial(plan).await.expect("a call")
}

/// What a visitor was told before the kill.
struct Visited {
    /// The answer to its question for numbers.
    assigned: Value,
    /// Whether it was acknowledged that the number is on the page.
    shown: bool,
    /// Whether its tap was acknowledged.
    tapped: bool,
}

impl Visited {
    fn number(&self) -> &str {
        self.assigned["numbers"][0]["n"].as_str().expect("a number")
    }

    fn token(&self) -> &str {
        self.assigned["token"].as_str().expect("a token")
    }

    /// The id of its session: the fourth field of the token, after its version, the site and the visitor.
    fn session(&self) -> String {
        let bytes = URL_SAFE_NO_PAD.decode(self.token()).expect("base64url");
        let raw = bytes[17..25].try_into().expect("eight bytes");
        SessionId::from_raw(i64::from_be_bytes(raw)).to_string()
    }
}

/// A new visitor asks for a number, says that it is shown, and taps it; `None` when nobody answers any more. What the
/// kill cut off acknowledges nothing.
async fn visit(page: &Page) -> Option<Visited> {
    let assigned = page.assign().await?;
    let mut visited = Visited {
        assigned,
        shown: false,
        tapped: false,
    };
    if visited.assigned["kind"] == "pool" {
        let token = visited.token().to_owned();
        visited.shown = page.shown(&token).await.unwrap_or(false);
        let tapped = page.tapped(&token, visited.number()).await;
        visited.tapped = visited.shown && tapped.unwrap_or(false);
    }
    Some(visited)
}

/// One new visitor after the other.
async fn visit_until_killed(page: Page, tell: tokio::sync::mpsc::Sender<Visited>) {
    while let Some(visited) = visit(&page).await {
        if tell.send(visited).await.is_err() {
            return;
        }
    }
}

/// Every visit that was answered has its session, its lease, its touch, its showing and its tap, once.
async fn visits_are_there(house: &House, site: &Site, answered: &[Visited]) {
    let on = house.database();
    let times = counted(&all(house, "/api/v1/sessions").await, "id");
    assert!(times.values().all(|n| *n == 1), "a session twice on {on}");
    let leases = leases(house).await;
    let mut given = HashMap::new();
    for visit in answered.iter().filter(|v| v.assigned["kind"] == "pool") {
        let (number, session) = (visit.number(), visit.session());
        let before = given.insert(number, session.clone());
        assert_eq!(before, None, "{number} was given twice on {on}");
        assert_eq!(times.get(&session), Some(&1), "{session} is gone on {on}");
        let held: Vec<_> = leases
            .iter()
            .filter(|lease| lease["number"]["number"] == number)
            .filter_map(|lease| lease["session"].as_str())
            .collect();
        assert_eq!(held, [session.as_str()], "the lease of {number} on {on}");
        let story = house.get(&format!("/api/v1/sessions/{session}")).await;
        let of_number = |what: &str| {
            let items = story[what].as_array().expect("a list").iter();
            items.filter(|item| item["number"] == number).count()
        };
        let touches = story["touches"].as_array().map(Vec::len);
        assert_eq!(touches, Some(1), "one touch for one arrival on {on}");
        for (what, acknowledged) in [("showings", visit.shown), ("taps", visit.tapped)] {
            let there = of_number(what);
            let right = if acknowledged { there == 1 } else { there <= 1 };
            assert!(right, "{there} {what} of {number} in {session} on {on}");
        }
        // The page that is still open keeps its number.
        let again = house
            .assign(site, "/", Some(visit.token()), json!({}))
            .await;
        assert_eq!(again["numbers"][0]["n"], number, "on {on}");
    }
}

/// The call that was over is as it was; those that were open are closed at their last sign of life, with a recording
/// that plays and the visit they were credited to; and there is no other.
async fn calls_are_there(house: &House, over: &Value, open: &[Value]) {
    let on = house.database();
    let id = |call: &Value| call["id"].as_str().expect("an id").to_owned();
    let times = counted(&all(house, "/api/v1/calls").await, "id");
    let known: HashMap<_, _> = open.iter().chain([over]).map(|c| (id(c), 1)).collect();
    assert_eq!(times, known, "each call once on {on}");
    let after = house.get(&format!("/api/v1/calls/{}", id(over))).await;
    assert_eq!(&after, over, "a call that was over on {on}");
    for before in open {
        let id = id(before);
        let call = house.get(&format!("/api/v1/calls/{id}")).await;
        for same in [
            "started_at",
            "answered_at",
            "caller",
            "number",
            "source",
            "probability",
        ] {
            assert_eq!(call[same], before[same], "{same} of {id} on {on}");
        }
        assert_eq!(
            (&call["state"], &call["result"], &call["review"]),
            (&json!("ended"), &json!("answered"), &json!(true))
        );
        let talked = call["talk_seconds"].as_i64();
        assert!(
            talked.is_some_and(|s| s >= 4),
            "closed at its last sign of life: {talked:?}"
        );
        assert_eq!(call["end"]["reason"], "process_restarted");
        let kinds = counted(call["timeline"].as_array().expect("marks"), "kind");
        for once in ["ring", "attempt", "connected", "ended"] {
            assert_eq!(kinds.get(once), Some(&1), "{once} of {id} on {on}");
        }
        plays(house, &call).await;
    }
}

/// The recording of a call that was cut off tells its true size.
async fn plays(house: &House, call: &Value) {
    let recording = &call["recording"];
    assert_eq!(recording["state"], "partial");
    let seconds = recording["seconds"].as_f64();
    assert!(seconds.is_some_and(|s| s >= 3.0), "{recording}");
    let id = call["id"].as_str().expect("an id");
    let path = format!("/api/v1/calls/{id}/recording");
    let answer = house
        .send_as(house.cookie(), Method::GET, &path, None)
        .await;
    let wav = answer.bytes().await.expect("sound");
    let size = u32::from_le_bytes(wav[4..8].try_into().expect("four bytes"));
    assert_eq!(size as usize + 8, wav.len(), "the header of {id}");
}

/// How often each value of a field is there.
fn counted(items: &[Value], field: &str) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for value in items.iter().filter_map(|item| item[field].as_str()) {
        *times.entry(value.to_owned()).or_default() += 1;
    }
    times
}

/// The numbers of the pool that somebody holds.
async fn leases(house: &House) -> Vec<Value> {
    let pools = house.get("/api/v1/pools").await;
    let pool = pools["items"][0]["id"].as_str().expect("an id");
    let leases = house.get(&format!("/api/v1/pools/{pool}/leases")).await;
    leases["items"].as_array().expect("leases").clone()
}

/// All pages of a list.
async fn all(house: &House, path: &str) -> Vec<Value> {
    let join = if path.contains('?') { '&' } else { '?' };
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house.get(&format!("{path}{join}limit=500{cursor}")).await;
        found.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}
