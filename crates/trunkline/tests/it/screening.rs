//! Screening over SIP: blocked callers get a status and leave a record, and nothing else.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use trunkline_sim::audio::{Voice, find};
use trunkline_sim::carrier::{Behaviour, Carrier, DialPlan, KeyForm, Why};
use trunkline_store::testing::TestDatabase;

use crate::calls::{dial, furnish, plan, ready};
use crate::house::{BUSINESS_LINE, House};
use crate::prompts::{hears, spoken};

const CALLER: &str = "+12145551234";
/// Longest wait for an answer to an INVITE: a loaded machine may be slow, a broken program never answers.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

async fn newest(house: &House) -> Value {
    let id = house.newest_ended_call().await;
    house.get(&format!("/api/v1/calls/{id}")).await
}

async fn refused(carrier: &Carrier, to: &str) -> Option<u16> {
    let ending = dial(carrier, to).await.ended().await;
    assert_eq!(ending.why, Why::Refused);
    ending.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_caller_gets_a_status_and_a_record_until_they_are_let_through() {
    let (house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let entries = "/api/v1/screening/entries";
    let blocked = house
        .post(
            entries,
            json!({"list": "block", "caller": "(214) 555-1234", "note": "sells windows"}),
        )
        .await;
    assert_eq!(blocked["caller"], CALLER);
    assert_eq!(refused(&carrier, &number).await, Some(607));
    let call = newest(&house).await;
    assert_eq!(call["result"], "blocked");
    assert_eq!(call["first_time"], Value::Null, "nobody looked");
    assert_eq!(call["end"]["reason"], "screened");
    assert_eq!(call["end"]["sip_status"], 607);
    assert_eq!(call["screening"]["verdict"], "block");
    assert_eq!(call["screening"]["rule"], "block_list");
    assert_eq!(call["screening"]["why"], "On the block list: sells windows");
    assert_eq!(call["listed"]["list"], "block");
    assert_eq!(
        (&call["attempts"], &call["candidates"]),
        (&json!([]), &json!([]))
    );
    let marks = call["timeline"].as_array().expect("marks");
    let kinds: Vec<&str> = marks.iter().filter_map(|m| m["kind"].as_str()).collect();
    assert_eq!(kinds, ["ring", "screened", "ended"]);

    let path = format!(
        "/api/v1/calls/{}/confirmation",
        call["id"].as_str().expect("an id")
    );
    let nobody = Some(json!({"session": null}));
    let answer = house
        .send_as(house.cookie(), Method::POST, &path, nobody)
        .await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: Value = answer.json().await.expect("JSON");
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("screening blocked the call"), "{problem}");

    let listed = house.get("/api/v1/calls?result=blocked").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    let missed = house.get("/api/v1/calls?missed=true").await;
    assert_eq!(missed["items"], json!([]));
    assert_eq!(house.get("/api/v1/calls/counts").await["missed"], 0);
    let screening = house.get("/api/v1/screening").await;
    assert_eq!(screening["stopped"]["refused"], 1);
    assert_eq!(screening["entries"], 1);

    let csv = house
        .send_as(
            house.cookie(),
            Method::GET,
            "/api/v1/screening/entries.csv",
            None,
        )
        .await;
    let csv = csv.text().await.expect("a file");
    let row = "block,+12145551234,sells windows,";
    assert!(
        csv.lines().nth(1).is_some_and(|line| line.starts_with(row)),
        "{csv}"
    );

    house
        .post(entries, json!({"list": "allow", "caller": CALLER}))
        .await;
    assert_eq!(
        house.get(entries).await["items"].as_array().map(Vec::len),
        Some(1)
    );
    let caller = dial(&carrier, &number).await;
    assert!(caller.answered().await);
    caller.hang_up();
    caller.ended().await;
    house.calls_ended(2).await;
    let call = newest(&house).await;
    assert_eq!(
        (&call["result"], &call["first_time"]),
        (&json!("answered"), &json!(true))
    );
    assert_eq!(call["screening"]["rule"], "allow_list");

    let path = format!(
        "/api/v1/calls/{}/block-caller",
        call["id"].as_str().expect("an id")
    );
    let again = house.post(&path, json!({})).await;
    assert_eq!(refused(&carrier, &number).await, Some(607));
    let id = again["id"].as_str().expect("an id");
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        let path = format!("{entries}/{id}");
        let answer = house
            .send_as(house.cookie(), Method::DELETE, &path, None)
            .await;
        assert_eq!(answer.status(), status);
    }
    house.calls_ended(3).await;
    assert_eq!(house.get("/api/v1/calls/live").await["items"], json!([]));
    assert_eq!(carrier.in_progress(), 0);
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_caller_who_dials_number_after_number_is_caught() {
    let (house, carrier, _, _) = ready(Behaviour::Busy).await;
    let trunk = house.get("/api/v1/trunks").await["items"][0]["id"].clone();
    let trunk = trunk.as_str().expect("an id");
    let mut statuses = Vec::new();
    for number in more_numbers(&house, trunk, 11).await {
        statuses.push(refused(&carrier, &number).await);
    }
    // 5 points for no attestation, 40 at the fourth number and 10 for each further; 100 are too many.
    let mut expected = vec![Some(486); 9];
    expected.extend([Some(603); 2]);
    assert_eq!(statuses, expected);
    let call = newest(&house).await;
    let screening = &call["screening"];
    assert_eq!(
        (&screening["rule"], &screening["threshold"]),
        (&json!("score"), &json!(100))
    );
    let reasons = screening["reasons"].as_array().expect("reasons");
    let many = reasons
        .iter()
        .find(|r| r["kind"] == "many_numbers")
        .expect("the sign");
    assert_eq!((&many["value"], &many["limit"]), (&json!(11), &json!(3)));
    assert_eq!(house.get("/api/v1/calls/live").await["items"], json!([]));
    carrier.stop().await;
}

async fn more_numbers(house: &House, trunk: &str, count: usize) -> Vec<String> {
    let mut numbers = Vec::new();
    for n in 0..count {
        let number = format!("+1312555{:04}", 6_000 + n);
        let body = json!({"number": number, "trunk": trunk, "business_line": BUSINESS_LINE});
        house.post("/api/v1/numbers", body).await;
        numbers.push(number);
    }
    numbers
}

/// Calls without a number; the final status.
async fn anonymous_call(sip: SocketAddr, to: &str, branch: &str) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let here = socket.local_addr().expect("an address");
    let head = |method: &str, to_tag: &str| {
        format!(
            "{method} sip:{to}@{sip} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a{branch}\r\n\
             To: <sip:{to}@{sip}>{to_tag}\r\nCall-ID: {branch}@{here}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:anonymous@{here}>\r\nPrivacy: id\r\nContent-Length: 0\r\n\r\n"
        )
    };
    socket
        .send_to(head("INVITE", "").as_bytes(), sip)
        .await
        .expect("sent");
    let mut buffer = [0; 4_096];
    loop {
        let received = tokio::time::timeout(ANSWER_WAIT, socket.recv(&mut buffer));
        let length = received.await.expect("an answer").expect("a datagram");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let status: u16 = text
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .expect("a status");
        if status >= 200 {
            let tag = text.lines().find(|line| line.starts_with("To:"));
            let tag = tag
                .and_then(|line| line.split_once(";tag="))
                .map_or("", |(_, tag)| tag);
            let acknowledged = head("ACK", &format!(";tag={}", tag.trim()));
            socket
                .send_to(acknowledged.as_bytes(), sip)
                .await
                .expect("sent");
            return status;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withheld_numbers_are_taken_until_the_account_says_otherwise() {
    let (house, carrier, _, number) = ready(Behaviour::Busy).await;
    assert_eq!(anonymous_call(house.sip, &number, "one").await, 486);
    let answer = house
        .send_as(
            house.cookie(),
            Method::PUT,
            "/api/v1/screening",
            Some(json!({"anonymous": "never"})),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let set = house
        .api(
            Method::PUT,
            "/api/v1/screening",
            Some(json!({"anonymous": "block"})),
        )
        .await;
    assert_eq!(set["settings"]["block_at"], 100);
    assert_eq!(anonymous_call(house.sip, &number, "two").await, 433);
    house.calls_ended(2).await;
    let call = newest(&house).await;
    assert_eq!(
        (&call["result"], &call["caller"]),
        (&json!("blocked"), &Value::Null)
    );
    assert_eq!(call["screening"]["rule"], "anonymous");
    let path = format!(
        "/api/v1/calls/{}/block-caller",
        call["id"].as_str().expect("an id")
    );
    let answer = house
        .send_as(house.cookie(), Method::POST, &path, Some(json!({})))
        .await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    carrier.stop().await;
}

/// Settings under which every unknown caller has to press a key.
async fn challenging(house: &House) -> Value {
    let settings = json!({"challenge_at": 1, "challenge_text": "To be connected, press {digit}."});
    house
        .api(Method::PUT, "/api/v1/screening", Some(settings))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenged_caller_hears_which_key_and_is_put_through_when_they_press_it() {
    let (house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    assert_eq!(challenging(&house).await["challenge_trouble"], Value::Null);
    let mute = DialPlan {
        voice: Voice::Silence,
        ..plan(&number, CALLER)
    };
    let caller = carrier.dial(mute).await.expect("a call");
    assert!(caller.answered().await);
    let beginning = spoken(&house, "To be connected, press").await;
    hears(&caller, &beginning[..beginning.len() / 2], 0).await;
    let mut texts = Vec::new();
    for digit in '0'..='9' {
        let text = format!("To be connected, press {digit}.");
        texts.push((digit, spoken(&house, &text).await));
    }
    let longest = texts.iter().map(|(_, text)| text.len()).max();
    assert!(
        caller
            .hears((longest.unwrap_or(0) / 8 + 1_000) as u64)
            .await
    );
    let heard = caller.heard();
    let asked: Vec<char> = texts
        .iter()
        .filter(|(_, text)| {
            // Ten texts begin alike: the digit tells.
            let digit = &text[text.len() * 3 / 5..];
            find(&heard, digit, 0).is_some()
        })
        .map(|(digit, _)| *digit)
        .collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let mut arrivals = carrier.arrivals();
    assert!(caller.press(asked[0], KeyForm::Event));
    let business = arrivals.recv().await.expect("the business line rings");
    assert!(business.hears(200).await);
    caller.hang_up();
    let call = newest(&house).await;
    assert_eq!(call["result"], "answered", "{call}");
    assert_eq!(call["screening"]["verdict"], "challenge", "{call}");
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_speech_engine_nobody_fails_at_a_question_they_cannot_hear() {
    let house = House::start_with(TestDatabase::sqlite(), |_, settings| {
        format!("{settings}[speech]\nengine = \"none\"\n")
    })
    .await;
    let (house, carrier, _, number) = furnish(house, Behaviour::Answer { after_ms: 0 }).await;
    let set = challenging(&house).await;
    let told = set["challenge_trouble"].as_str().expect("a warning");
    assert!(told.contains("There is no speech engine"), "{told}");
    let caller = dial(&carrier, &number).await;
    assert!(caller.hears(200).await, "the business line answers");
    caller.hang_up();
    let call = newest(&house).await;
    let screening = &call["screening"];
    assert_eq!(
        (&call["result"], &screening["verdict"], &screening["rule"]),
        (&json!("answered"), &json!("pass"), &json!("unasked")),
        "{call}"
    );
    let why = screening["why"].as_str().expect("a reason");
    assert!(why.contains("there is no speech engine to say it"), "{why}");
    carrier.stop().await;
}
