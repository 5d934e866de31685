//! Real SIP calls with real sound: attributed, recorded, connected, refused.

use std::net::SocketAddr;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_sim::audio::{Voice, strength};
use trunkline_sim::carrier::{
    Behaviour, CallHandle, Carrier, CarrierConfig, DialPlan, HangsUp, Line, Why,
};

use crate::house::{BUSINESS_LINE, House, Site};

const CALLER: &str = "+12145551234";
/// What the caller and the business line send: tones that are told apart by ear.
const CALLER_HZ: f32 = 440.0;
const BUSINESS_HZ: f32 = 1_000.0;

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(text).expect("a number")
}

/// A carrier whose business line does this.
pub(crate) async fn carrier(trunk: SocketAddr, behaviour: Behaviour) -> Carrier {
    let carrier = Carrier::start(CarrierConfig::new(trunk))
        .await
        .expect("a carrier");
    let line = Line {
        behaviour,
        voice: Voice::Tone { hz: BUSINESS_HZ },
        hangs_up_after_ms: None,
    };
    carrier.connect(number(BUSINESS_LINE), line);
    carrier
}

pub(crate) fn plan(to: &str, from: &str) -> DialPlan {
    DialPlan {
        from: number(from),
        to: number(to),
        voice: Voice::Tone { hz: CALLER_HZ },
        talk_ms: 60_000,
        hang_up: HangsUp::Caller,
        patience_ms: 30_000,
        meets: Vec::new(),
    }
}

pub(crate) async fn dial(carrier: &Carrier, to: &str) -> CallHandle {
    carrier.dial(plan(to, CALLER)).await.expect("a call")
}

/// A house with a carrier, a site and one pool number.
pub(crate) async fn ready(behaviour: Behaviour) -> (House, Carrier, Site, String) {
    furnish(House::start().await, behaviour).await
}

/// Gives a house a carrier, a site and one pool number.
pub(crate) async fn furnish(house: House, behaviour: Behaviour) -> (House, Carrier, Site, String) {
    let carrier = carrier(house.sip, behaviour).await;
    let trunk = house.add_trunk(carrier.address()).await;
    let site = house.add_site().await;
    let numbers = house.add_pool(&site, &trunk, 1).await;
    house
        .api(
            reqwest::Method::PATCH,
            "/api/v1/settings/account",
            Some(json!({"recording_waiver": true})),
        )
        .await;
    (house, carrier, site, numbers[0].clone())
}

/// The newest call once it has ended.
async fn ended(house: &House) -> Value {
    let id = house.newest_ended_call().await;
    house.get(&format!("/api/v1/calls/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitors_call_is_attributed_recorded_and_connected_with_sound_both_ways() {
    let (house, carrier, site, pool_number) = ready(Behaviour::Answer { after_ms: 200 }).await;
    let answer = house
        .assign(
            &site,
            "/storm?utm_source=google&utm_medium=cpc&utm_term=hail&gclid=x",
            None,
            json!({}),
        )
        .await;
    assert_eq!(answer["numbers"][0]["n"], json!(pool_number));
    let token = answer["token"].as_str().expect("a token");
    assert!(house.shown(&site, token).await.is_success());
    assert!(
        house
            .event(
                &site,
                token,
                json!([{"k": "tap", "n": pool_number, "ago": 10}])
            )
            .await
            .is_success()
    );

    let mut arrivals = carrier.arrivals();
    let caller = dial(&carrier, &pool_number).await;
    let business = arrivals.recv().await.expect("the business line rings");
    assert!(caller.answered().await);
    assert!(caller.hears(1_500).await && business.hears(1_500).await);
    let live = house.get("/api/v1/calls/live").await;
    assert_eq!(live["items"][0]["state"], "talking");
    assert!(
        strength(&caller.heard()[4_000..], f64::from(BUSINESS_HZ)) > 0.9,
        "the caller hears the business"
    );
    assert!(
        strength(&business.heard()[4_000..], f64::from(CALLER_HZ)) > 0.9,
        "the business hears the caller"
    );
    caller.hang_up();
    business.ended().await;

    let call = ended(&house).await;
    assert_eq!(call["result"], "answered");
    assert_eq!(call["source"]["source"], "google");
    assert_eq!(call["source"]["medium"], "cpc");
    assert_eq!(call["source"]["term"], "hail");
    assert!(call["probability"].as_f64().expect("a probability") > 0.95);
    let reasons = call["candidates"][0]["reasons"].to_string();
    assert!(reasons.contains("Tapped this number"), "{reasons}");
    assert_eq!(
        call["candidates"].as_array().map(Vec::len),
        Some(2),
        "the visit, and none of these"
    );
    let kinds: Vec<&str> = call["timeline"]
        .as_array()
        .expect("marks")
        .iter()
        .filter_map(|m| m["kind"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "first_touch",
            "page",
            "number_shown",
            "tap",
            "ring",
            "attempt",
            "connected",
            "ended"
        ]
    );

    let path = format!(
        "/api/v1/calls/{}/recording",
        call["id"].as_str().expect("an id")
    );
    let wav = house
        .send_as(house.cookie(), reqwest::Method::GET, &path, None)
        .await
        .bytes()
        .await
        .expect("sound");
    let (left, right) = channels(&wav);
    assert!(
        strength(&left[4_000..], f64::from(CALLER_HZ)) > 0.9,
        "left is the caller"
    );
    assert!(
        strength(&right[4_000..], f64::from(BUSINESS_HZ)) > 0.9,
        "right is the business"
    );
    carrier.stop().await;
}

/// The two channels of a recording, up to the shorter one's last sound.
fn channels(wav: &[u8]) -> (Vec<i16>, Vec<i16>) {
    assert_eq!(&wav[..4], b"RIFF");
    let data = wav
        .windows(4)
        .position(|w| w == b"data")
        .expect("a data chunk")
        + 8;
    let samples: Vec<i16> = wav[data..]
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect();
    let channel = |offset: usize| {
        samples
            .iter()
            .skip(offset)
            .step_by(2)
            .copied()
            .take(12_000)
            .collect()
    };
    (channel(0), channel(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_business_line_is_followed_by_the_second_line() {
    let (house, carrier, _, pool_number) = ready(Behaviour::Busy).await;
    let second = "+12142345679";
    let line = Line {
        behaviour: Behaviour::Answer { after_ms: 0 },
        voice: Voice::Tone { hz: BUSINESS_HZ },
        hangs_up_after_ms: Some(500),
    };
    carrier.connect(number(second), line);
    let id = house.get("/api/v1/numbers").await["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    house
        .api(
            reqwest::Method::PATCH,
            &format!("/api/v1/numbers/{id}"),
            Some(json!({"second_line": second})),
        )
        .await;
    let caller = dial(&carrier, &pool_number).await;
    assert!(caller.answered().await);
    assert_eq!(caller.ended().await.why, Why::FarHungUp);
    let call = ended(&house).await;
    let results: Vec<&str> = call["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .filter_map(|a| a["result"].as_str())
        .collect();
    assert_eq!(results, ["busy", "answered"]);
    assert_eq!(call["end"]["by"], "destination");
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn premium_and_foreign_lines_are_refused_when_set_up_and_when_dialled() {
    let (house, carrier, _, _) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let trunk = house.get("/api/v1/trunks").await["items"][0]["id"].clone();
    let abroad = "+442079460018";
    let tracking = "+13125554000";
    let number = |line: &str| json!({"number": tracking, "trunk": trunk, "business_line": line});
    for (line, reason) in [
        ("+19002345678", "premium-rate numbers are never dialled; "),
        (
            abroad,
            "calls to the United Kingdom are not allowed for this account; ",
        ),
    ] {
        let body = Some(number(line));
        let refused = house
            .send_as(house.cookie(), Method::POST, "/api/v1/numbers", body)
            .await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let told: Value = refused.json().await.expect("JSON");
        assert_eq!(told["field"], "business_line");
        let detail = told["detail"].as_str().expect("a reason");
        assert!(detail.starts_with(reason), "{detail}");
    }
    // One that was allowed when it was set up is refused call by call.
    let allow = async |countries: Value| {
        let body = Some(json!({"countries_allowed": countries}));
        house
            .api(Method::PATCH, "/api/v1/settings/account", body)
            .await;
    };
    allow(json!(["US", "GB"])).await;
    house.post("/api/v1/numbers", number(abroad)).await;
    allow(json!(["US"])).await;
    let settings = house.get("/api/v1/settings/account").await;
    assert_eq!(
        settings["lines_refused"],
        json!([{"line": abroad, "line_display": "+44 20 7946 0018", "reason": "calls to the United Kingdom are not allowed for this account"}]),
        "the owner is told what the change does"
    );
    let caller = dial(&carrier, tracking).await;
    let ending = caller.ended().await;
    assert_eq!((ending.why, ending.status), (Why::Refused, Some(603)));
    let call = ended(&house).await;
    assert_eq!(call["result"], "refused");
    let reason = "calls to the United Kingdom are not allowed for this account";
    assert_eq!(call["attempts"][0]["refusal"], reason);
    let unrung = (&call["destination"], &call["ring_seconds"]);
    assert_eq!(unrung, (&Value::Null, &Value::Null), "it never rang");
    let marks = call["timeline"].as_array().expect("marks");
    assert!(marks.iter().all(|mark| mark["kind"] != "attempt"), "{call}");
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_numbers_get_404_and_leave_no_call() {
    let (house, carrier, _, _) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let ending = dial(&carrier, "+13125559999").await.ended().await;
    assert_eq!((ending.why, ending.status), (Why::Refused, Some(404)));
    assert_eq!(house.get("/api/v1/calls").await["items"], json!([]));
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_caller_goes_back_to_the_earlier_visit() {
    let (house, carrier, site, pool_number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let trunk = house.get("/api/v1/trunks").await["items"][0]["id"].clone();
    let flyer = "+13125555001";
    house
        .post(
            "/api/v1/numbers",
            json!({"number": flyer, "trunk": trunk, "business_line": BUSINESS_LINE}),
        )
        .await;
    let answer = house.assign(&site, "/?msclkid=1", None, json!({})).await;
    assert!(
        house
            .shown(&site, answer["token"].as_str().expect("a token"))
            .await
            .is_success()
    );
    let mut sessions = Vec::new();
    for dialled in [pool_number.as_str(), flyer] {
        let caller = dial(&carrier, dialled).await;
        assert!(caller.answered().await);
        caller.hang_up();
        caller.ended().await;
        let call = ended(&house).await;
        sessions.push((call["session"].clone(), call["first_time"].clone()));
    }
    assert!(sessions[0].0.is_string());
    assert_eq!(
        sessions[1].0, sessions[0].0,
        "the second call is credited to the same visit"
    );
    assert_eq!(
        (sessions[0].1.clone(), sessions[1].1.clone()),
        (json!(true), json!(false))
    );
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_may_not_be_dialled_is_an_alarm_of_its_account() {
    let (house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let alarms = "/api/v1/alarms";
    assert_eq!(house.get(alarms).await["items"], json!([]));
    let settings = json!({"countries_allowed": ["CA"]});
    house
        .api(
            reqwest::Method::PATCH,
            "/api/v1/settings/account",
            Some(settings),
        )
        .await;
    let caller = dial(&carrier, &number).await;
    let ending = caller.ended().await;
    assert_eq!((ending.why, ending.status), (Why::Refused, Some(603)));
    let call = ended(&house).await;
    let told = &house.get(alarms).await["items"];
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told[0]["rule"], "country_not_allowed");
    let message = told[0]["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("A call was to be put"),
        "no flow is blamed: {message}"
    );
    assert_eq!(
        (&told[0]["calls"], &told[0]["last_call"]),
        (&json!(1), &call["id"])
    );
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let stranger = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let theirs = house
        .send_as(&stranger, reqwest::Method::GET, alarms, None)
        .await;
    let theirs: Value = theirs.json().await.expect("JSON");
    assert_eq!(theirs["items"], json!([]), "nobody else hears of it");
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_of_a_talk_rests_and_goes_on_and_the_live_list_says_so() {
    let (house, carrier, _site, pool_number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let caller = dial(&carrier, &pool_number).await;
    assert!(caller.answered().await && caller.hears(500).await);
    let is = |word: Value| move |live: &Value| live["items"][0]["recording_now"] == word;
    let live = house.until("/api/v1/calls/live", is(json!("on"))).await;
    let id = live["items"][0]["id"].as_str().expect("an id").to_owned();
    for (what, word) in [("pause", "paused"), ("resume", "on"), ("pause", "paused")] {
        let path = format!("/api/v1/calls/{id}/recording/{what}");
        house.post(&path, json!({})).await;
        let live = house.get("/api/v1/calls/live").await;
        assert_eq!(live["items"][0]["recording_now"], word, "{what}: {live}");
    }
    caller.hang_up();
    let call = ended(&house).await;
    assert_eq!(call["recording_now"], Value::Null, "{call}");
    let kinds: Vec<&str> = call["timeline"]
        .as_array()
        .expect("marks")
        .iter()
        .filter_map(|mark| mark["kind"].as_str())
        .filter(|kind| kind.starts_with("recording"))
        .collect();
    assert_eq!(
        kinds,
        ["recording_paused", "recording_resumed", "recording_paused"]
    );
    carrier.stop().await;
}
