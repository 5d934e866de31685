//! Calls over voice webhooks: the same flows as over SIP, told and asked by a carrier that signs like Twilio.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use trunkline_sim::carrier::Behaviour;

use crate::calls::dial;
use crate::carrier_side::{CarrierSide, NUMBER, PUBLIC_URL, TOKEN, found, incoming, next};
use crate::house::BUSINESS_LINE;

const TEAM: [&str; 2] = ["+12142345001", "+12142345002"];

/// A notice, a menu, two people who ring together and must press 1, a message.
fn reception() -> Value {
    json!({
        "notice": {"kind": "recording_notice", "text": "This call is recorded.", "on": {"done": "menu"}},
        "menu": {"kind": "menu", "text": "Press 1 for repairs & more.", "choices": {"1": "team"}, "tries": 2,
            "on": {"default": "message"}},
        "team": {"kind": "dial", "strategy": "simultaneous",
            "destinations": [{"to": TEAM[0]}, {"to": TEAM[1], "ring_timeout_s": 20}],
            "whisper": {"text": "A repair. Press 1."}, "accept": {"digit": "1"}, "caller_id": "tracking_number",
            "on": {"default": "message"}},
        "message": {"kind": "voicemail", "greeting": {"text": "Leave a message."}, "max_s": 90},
    })
}

/// The kinds of the marks in a call's timeline, in order.
fn marks(story: &Value) -> Vec<&str> {
    let timeline = story["timeline"].as_array().expect("marks");
    timeline.iter().filter_map(|m| m["kind"].as_str()).collect()
}

/// The call CA1 through the reception, where nobody answers: the document that asks for a message.
async fn at_the_voicemail(side: &CarrierSide) -> String {
    let here = [("CallSid", "CA1"), ("CallStatus", "in-progress")];
    let menu = side.ask(&next(&side.call("CA1").await), &here).await;
    let dial = side
        .ask(&next(&menu), &[here[0], here[1], ("Digits", "1")])
        .await;
    let missed = [here[0], here[1], ("DialCallStatus", "no-answer")];
    side.ask(&next(&dial), &missed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_walked_with_documents_that_twilios_own_builder_makes() {
    let side = CarrierSide::start().await;
    side.flow("notice", reception()).await;
    let notice = side.call("CA1").await;
    let step = next(&notice);
    side.assert_built(
        &notice,
        &json!([
            {"verb": "say", "args": ["This call is recorded."]},
            {"verb": "redirect", "args": [step], "with": {"method": "POST"}},
        ]),
    );
    let here = [("CallSid", "CA1"), ("CallStatus", "in-progress")];
    let menu = side.ask(&step, &here).await;
    let step = next(&menu);
    side.assert_built(
        &menu,
        &json!([
            {"verb": "gather", "with": {"input": "dtmf", "action": step, "method": "POST", "num_digits": "1",
                "finish_on_key": "", "timeout": "5", "action_on_empty_result": "true"},
                "in": [{"verb": "say", "args": ["Press 1 for repairs & more."]}]},
            {"verb": "redirect", "args": [step], "with": {"method": "POST"}},
        ]),
    );
    let again = side.ask(&step, &[here[0], here[1], ("Digits", "7")]).await;
    assert_ne!(next(&again), step, "a wrong key is asked again");
    let pressed = [here[0], here[1], ("Digits", "1")];
    let dial = side.ask(&next(&again), &pressed).await;
    let (step, urls) = (next(&dial), found(&dial, " url=\"", "\""));
    let legs = found(&dial, " statusCallback=\"", "\"");
    let recording = found(&dial, " recordingStatusCallback=\"", "\"").remove(0);
    let numbers: Vec<Value> = (0..2)
        .map(|n| {
            json!({"verb": "number", "args": [TEAM[n]], "with": {"url": urls[n], "status_callback": legs[n],
                "status_callback_event": "ringing answered completed"}})
        })
        .collect();
    side.assert_built(
        &dial,
        &json!([{"verb": "dial", "in": numbers, "with": {"action": step, "method": "POST", "timeout": "30",
            "time_limit": "14400", "answer_on_bridge": "true", "caller_id": NUMBER, "record": "record-from-answer-dual",
            "recording_status_callback": recording}}]),
    );
    // The first declines by pressing nothing, the second takes it.
    let leg =
        |name: &'static str, status: &'static str| [("CallSid", name), ("CallStatus", status)];
    side.tell(&legs[0], &leg("CB1", "ringing")).await;
    let asks = side.ask(&urls[0], &leg("CB1", "in-progress")).await;
    side.assert_built(
        &asks,
        &json!([
            {"verb": "gather", "with": {"input": "dtmf", "action": next(&asks), "method": "POST", "num_digits": "1",
                "finish_on_key": "", "timeout": "8", "action_on_empty_result": "true"},
                "in": [{"verb": "say", "args": ["A repair. Press 1."]}]},
            {"verb": "redirect", "args": [next(&asks)], "with": {"method": "POST"}},
        ]),
    );
    let asks = side.ask(&next(&asks), &leg("CB1", "in-progress")).await;
    let refused = side.ask(&next(&asks), &leg("CB1", "in-progress")).await;
    side.assert_built(&refused, &json!([{"verb": "hangup"}]));
    let asks = side.ask(&urls[1], &leg("CB2", "in-progress")).await;
    let one = [
        ("CallSid", "CB2"),
        ("CallStatus", "in-progress"),
        ("Digits", "1"),
    ];
    let taken = side.ask(&next(&asks), &one).await;
    side.assert_built(&taken, &json!([]));
    assert_eq!(side.ask(&next(&asks), &one).await, taken, "told twice");
    let late = side.ask(&urls[0], &leg("CB1", "in-progress")).await;
    side.assert_built(&late, &json!([{"verb": "hangup"}]));
    let done = [
        here[0],
        here[1],
        ("DialCallStatus", "completed"),
        ("DialCallSid", "CB2"),
        ("DialCallDuration", "61"),
    ];
    let end = side.ask(&step, &done).await;
    side.assert_built(&end, &json!([{"verb": "hangup"}]));
    let story = side.ended().await;
    assert_eq!(story["result"], "answered", "{story}");
    assert_eq!(story["talk_seconds"], 61, "{story}");
    assert_eq!(story["flow"]["depth"], 3, "{story}");
    assert_eq!(story["attestation"], "A", "{story}");
    let marks = marks(&story);
    let of = |kind: &str| marks.iter().filter(|m| **m == kind).count();
    assert_eq!(
        (of("flow"), of("attempt"), of("connected"), of("ended")),
        (2, 2, 1, 1),
        "{marks:?}"
    );
    assert_eq!(
        (&story["end"]["by"], &story["end"]["reason"]),
        (&json!("destination"), &json!("hung_up")),
        "{story}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_at_a_sip_address_is_rung_by_the_carrier() {
    let side = CarrierSide::start().await;
    let post =
        async |what: &str, body: Value| side.house.post(&format!("/api/v1/{what}"), body).await;
    let campaign = post("campaigns", json!({"name": "Solar"})).await;
    let buyer = post("buyers", json!({"name": "Roofs"})).await;
    let body = json!({"buyer": buyer["id"], "name": "Desk", "kind": "sip", "address": "sips:sales@pbx.example"});
    let destination = post("destinations", body).await;
    // However soon the buyer hangs up, it had the call.
    let terms = json!({"price": {"rules": [{"rate": {"fixed": 40}}]}, "recovery_s": 0});
    let body = json!({"campaign": campaign["id"], "destination": destination["id"], "name": "Texas", "terms": terms});
    let contract = post("contracts", body).await;
    let members = json!([{"to": {"contract": contract["id"]}}]);
    let document = json!({"schema": 1, "start": "main", "groups": {"main": {"method": "waterfall", "members": members}}});
    let path = format!(
        "/api/v1/campaigns/{}/plan",
        campaign["id"].as_str().expect("an id")
    );
    let body = json!({"seen": 0, "document": document});
    side.house.api(Method::PUT, &path, Some(body)).await;
    let sell = json!({
        "sell": {"kind": "route", "campaign": campaign["id"], "on": {"no_buyer": "ring"}},
        "ring": {"kind": "dial", "destinations": [{"to": "business_line"}]},
    });
    side.flow("sell", sell).await;

    let dial = side.call("CA1").await;
    let leg = found(&dial, " statusCallback=\"", "\"").remove(0);
    let rung = json!([{"verb": "sip", "args": ["sip:sales@pbx.example;transport=tls"], "with": {
        "status_callback": leg, "status_callback_event": "ringing answered completed"}}]);
    side.assert_built(
        &dial,
        &json!([{"verb": "dial", "in": rung, "with": {"action": next(&dial), "method": "POST", "timeout": "30",
            "time_limit": "14400", "answer_on_bridge": "true"}}]),
    );
    side.tell(&leg, &[("CallSid", "CB1"), ("CallStatus", "ringing")])
        .await;
    side.tell(&leg, &[("CallSid", "CB1"), ("CallStatus", "in-progress")])
        .await;
    let done = [
        ("CallSid", "CA1"),
        ("CallStatus", "in-progress"),
        ("DialCallStatus", "completed"),
        ("DialCallSid", "CB1"),
        ("DialCallDuration", "33"),
    ];
    let end = side.ask(&next(&dial), &done).await;
    side.assert_built(&end, &json!([{"verb": "hangup"}]));
    let story = side.ended().await;
    assert_eq!(story["result"], "answered", "{story}");
    assert_eq!(
        story["destination"], "sip:sales@pbx.example;transport=tls",
        "{story}"
    );
    assert_eq!(story["talk_seconds"], 33, "{story}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_and_the_message_is_fetched_from_the_carrier_once() {
    let side = CarrierSide::start().await;
    side.flow("notice", reception()).await;
    let message = at_the_voicemail(&side).await;
    let recording = found(&message, " recordingStatusCallback=\"", "\"").remove(0);
    side.assert_built(
        &message,
        &json!([
            {"verb": "say", "args": ["Leave a message."]},
            {"verb": "record", "with": {"action": next(&message), "method": "POST", "max_length": "90", "timeout": "5",
                "play_beep": "true", "finish_on_key": "", "trim": "trim-silence", "recording_status_callback": recording}},
            {"verb": "redirect", "args": [next(&message)], "with": {"method": "POST"}},
        ]),
    );
    // The recording is told twice, and before the end of the call.
    let (sound, served) = carriers_server(2_000).await;
    let told = [
        ("RecordingSid", "RE1"),
        ("RecordingUrl", sound.as_str()),
        ("RecordingStatus", "completed"),
    ];
    side.tell(&recording, &told).await;
    side.tell(&recording, &told).await;
    let hung_up = [
        ("CallSid", "CA1"),
        ("CallStatus", "completed"),
        ("RecordingDuration", "2"),
        ("Digits", "hangup"),
    ];
    side.assert_built(&side.ask(&next(&message), &hung_up).await, &json!([]));
    let story = side.ended().await;
    assert_eq!(story["result"], "voicemail", "{story}");
    assert_eq!(story["end"]["by"], "caller", "{story}");
    let path = format!("/api/v1/calls/{}", story["id"].as_str().expect("an id"));
    let whole = |story: &Value| story["recording"]["state"] == "complete";
    let story = side.house.until(&path, whole).await;
    assert_eq!(story["recording"]["seconds"], 2.0, "{story}");
    let peaks = side.house.get(&format!("{path}/peaks")).await;
    assert_eq!(peaks["caller"][0], 24, "{peaks}");
    let asked = served.await.expect("served");
    assert!(asked.starts_with("GET /RE1.wav "), "{asked}");
    assert!(
        asked.to_lowercase().contains("authorization: basic "),
        "{asked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_flow_ends_was_hung_up_when_the_caller_was_answered_and_refused_when_not() {
    let side = CarrierSide::start().await;
    side.flow("notice", reception()).await;
    let message = at_the_voicemail(&side).await;
    let spoken = [
        ("CallSid", "CA1"),
        ("CallStatus", "in-progress"),
        ("RecordingDuration", "2"),
        ("Digits", ""),
    ];
    side.ask(&next(&message), &spoken).await;
    side.house.calls_ended(1).await;
    let end = side.ended().await["end"].clone();
    assert_eq!(end["by"], "system", "{end}");
    assert_eq!(end["reason"], "hung_up", "{end}");
    assert_eq!(end["sip_status"], Value::Null, "{end}");

    side.flow(
        "ring",
        json!({"ring": {"kind": "dial", "destinations": [{"to": "business_line"}]}}),
    )
    .await;
    let ring = side.call("CA2").await;
    let busy = [
        ("CallSid", "CA2"),
        ("CallStatus", "in-progress"),
        ("DialCallStatus", "busy"),
    ];
    side.ask(&next(&ring), &busy).await;
    side.house.calls_ended(2).await;
    let end = side.ended().await["end"].clone();
    assert_eq!(end["reason"], "no_destination", "{end}");
    assert_eq!(end["sip_status"], 486, "{end}");
}

/// A carrier that gives one recording of this length to whoever asks first; what it was asked comes back.
async fn carriers_server(length_ms: u32) -> (String, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a request");
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.expect("bytes");
            assert!(read > 0, "the request breaks off");
            asked.extend_from_slice(&buffer[..read]);
        }
        let file = wav(length_ms);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            file.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream.write_all(&file).await.expect("sent");
        String::from_utf8(asked).expect("text")
    });
    (format!("http://{address}/RE1"), serving)
}

/// One channel of PCM at 8 kHz.
fn wav(length_ms: u32) -> Vec<u8> {
    let data = length_ms * 16;
    let mut file = b"RIFF".to_vec();
    file.extend((data + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8_000_u32.to_le_bytes());
    file.extend(16_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(data.to_le_bytes());
    file.extend((0..length_ms * 8).flat_map(|_| 8_000_i16.to_le_bytes()));
    file
}

/// Plain forwarding, told by the carrier in this order; what is kept of the call.
async fn record_of(side: &CarrierSide, name: &'static str, order: &[&str]) -> Value {
    let dial = side.call(name).await;
    assert_eq!(
        side.call(name).await,
        dial,
        "the same call, the same document"
    );
    let (step, leg) = (
        next(&dial),
        found(&dial, " statusCallback=\"", "\"").remove(0),
    );
    let status = side.url("status");
    let mut ends = Vec::new();
    for what in order {
        match *what {
            "ringing" => {
                side.tell(&leg, &[("CallSid", "CB"), ("CallStatus", "ringing")])
                    .await;
            }
            "answered" => {
                side.tell(&leg, &[("CallSid", "CB"), ("CallStatus", "in-progress")])
                    .await;
            }
            "leg over" => {
                let over = [
                    ("CallSid", "CB"),
                    ("CallStatus", "completed"),
                    ("CallDuration", "30"),
                ];
                side.tell(&leg, &over).await;
            }
            "dial over" => {
                let over = [
                    ("CallSid", name),
                    ("CallStatus", "completed"),
                    ("DialCallStatus", "completed"),
                    ("DialCallSid", "CB"),
                    ("DialCallDuration", "30"),
                ];
                ends.push(side.ask(&step, &over).await);
            }
            "over" => {
                side.tell(&status, &[("CallSid", name), ("CallStatus", "completed")])
                    .await;
            }
            other => panic!("{other}?"),
        }
    }
    ends.dedup();
    assert_eq!(ends.len(), 1, "the same step, the same document");
    let story = side.ended().await;
    json!({
        "result": story["result"], "end": story["end"], "talk_seconds": story["talk_seconds"],
        "destination": story["destination"], "marks": marks(&story),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_come_twice_late_and_out_of_order_make_one_record_and_the_same() {
    let side = CarrierSide::start().await;
    let expected = record_of(
        &side,
        "CA1",
        &["ringing", "answered", "leg over", "dial over", "over"],
    )
    .await;
    assert_eq!(expected["talk_seconds"], 30, "{expected}");
    assert_eq!(expected["result"], "answered", "{expected}");
    assert_eq!(expected["end"]["by"], "caller", "{expected}");
    for (name, order) in [
        (
            "CA2",
            &["dial over", "over", "answered", "ringing", "leg over"][..],
        ),
        (
            "CA3",
            &["over", "answered", "dial over", "dial over", "over"],
        ),
        (
            "CA4",
            &[
                "answered",
                "answered",
                "over",
                "over",
                "leg over",
                "dial over",
                "dial over",
            ],
        ),
        ("CA5", &["leg over", "ringing", "dial over", "answered"]),
    ] {
        assert_eq!(record_of(&side, name, order).await, expected, "{order:?}");
    }
    let calls = side.house.get("/api/v1/calls").await;
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(5), "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlives_the_server_rings_its_business_line_and_stays_one_record() {
    let mut side = CarrierSide::start().await;
    side.flow("notice", reception()).await;
    let notice = side.call("CA1").await;
    side.house.kill();
    side.house.start_again().await;
    let here = [
        ("CallSid", "CA1"),
        ("To", NUMBER),
        ("CallStatus", "in-progress"),
    ];
    let line = side.ask(&next(&notice), &here).await;
    let ring = json!([{"verb": "dial", "with": {"timeout": "60", "answer_on_bridge": "true"},
        "in": [{"verb": "number", "args": [BUSINESS_LINE]}]}]);
    side.assert_built(&line, &ring);
    side.assert_built(&side.call("CA1").await, &ring);
    let talked = [here[0], here[1], here[2], ("DialCallStatus", "completed")];
    let over = side.ask(&next(&notice), &talked).await;
    side.assert_built(&over, &json!([{"verb": "hangup"}]));
    let calls = side.house.get("/api/v1/calls").await;
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(1), "{calls}");
    assert_eq!(calls["items"][0]["result"], "process_restarted", "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_tells_its_addresses_keeps_its_keys_and_runs_only_flows_its_carrier_can_do() {
    let side = CarrierSide::start().await;
    let path = format!("/api/v1/trunks/{}/webhook", side.trunk);
    let told = side.house.get(&path).await;
    assert_eq!(told["call_url"], side.url("call"), "{told}");
    assert_eq!(told["status_url"], side.url("status"), "{told}");
    assert!(!told.to_string().contains(TOKEN), "{told}");
    assert!(side.url("call").starts_with(PUBLIC_URL));
    // The key stays when it is left out.
    let body = json!({"dialect": "twilio", "account_sid": "AC2", "api_token": "other"});
    let told = side.house.api(Method::PUT, &path, Some(body)).await;
    assert_eq!(
        (&told["account_sid"], &told["has_api_token"]),
        (&json!("AC2"), &json!(true))
    );
    side.flow("notice", reception()).await;
    side.call("CA1").await;
    for (body, status) in [
        (
            json!({"dialect": "morse", "account_sid": "AC1", "signing_key": "x"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({"dialect": "signalwire", "account_sid": "AC1"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({"dialect": "twilio", "account_sid": "", "signing_key": "x"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        // The number's flow whispers, which this carrier cannot do.
        (
            json!({"dialect": "telnyx", "account_sid": "AC1", "signing_key": "x"}),
            StatusCode::CONFLICT,
        ),
    ] {
        let answer = side
            .house
            .send_as(side.house.cookie(), Method::PUT, &path, Some(body.clone()))
            .await;
        assert_eq!(answer.status(), status, "{body}");
    }
    side.house.api(Method::DELETE, &path, None).await;
    let (status, _) = side.post(&side.url("call"), &incoming("CA2")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_flow_makes_the_same_record_over_sip_and_over_webhooks() {
    let side = CarrierSide::start().await;
    let line = Behaviour::Answer { after_ms: 0 };
    let (carrier, sip_number) = side.over_sip_too(line).await;
    let nodes = json!({
        "start": {"kind": "set_tag", "name": "line", "value": "one", "on": {"done": "ring"}},
        "ring": {"kind": "dial", "destinations": [{"to": "business_line"}], "recording": "off"},
    });
    side.flow("start", nodes).await;
    let caller = dial(&carrier, &sip_number).await;
    assert!(caller.hears(200).await, "the business line answers");
    caller.hang_up();
    side.house.calls_ended(1).await;
    let over_sip = side.ended().await;
    carrier.stop().await;
    let ring = side.call("CA1").await;
    let over = [
        ("CallSid", "CA1"),
        ("CallStatus", "completed"),
        ("DialCallStatus", "completed"),
        ("DialCallDuration", "1"),
    ];
    side.ask(&next(&ring), &over).await;
    side.house.calls_ended(2).await;
    let over_webhooks = side.ended().await;
    let kept = |story: &Value| {
        let end = &story["end"];
        json!([
            story["result"],
            story["flow"]["id"],
            story["flow"]["version"],
            story["flow"]["depth"],
            story["destination"],
            story["recorded"],
            story["attempts"][0]["result"],
            end["by"],
            end["reason"],
            end["sip_status"],
            marks(story)
        ])
    };
    assert_ne!(over_sip["id"], over_webhooks["id"]);
    assert_eq!(kept(&over_sip), kept(&over_webhooks));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_spoken_by_the_carrier_also_where_this_server_has_no_voice() {
    let side = CarrierSide::start_with("[speech]\nengine = \"none\"\n").await;
    let settings = json!({"anonymous": "challenge", "challenge_text": "Press {digit}."});
    let set = side
        .house
        .api(Method::PUT, "/api/v1/screening", Some(settings))
        .await;
    assert!(
        set["challenge_trouble"].is_string(),
        "over SIP nobody is asked"
    );
    for (name, right) in [("CA1", true), ("CA2", false)] {
        let mut withheld = incoming(name);
        withheld[2] = ("From", "Anonymous");
        let asks = side.ask(&side.url("call"), &withheld).await;
        let text = found(&asks, "<Say>", "</Say>").remove(0);
        let digit = text
            .strip_prefix("Press ")
            .and_then(|t| t.strip_suffix('.'));
        let digit = digit.expect("the account's text").to_owned();
        side.assert_built(
            &asks,
            &json!([
                {"verb": "gather", "with": {"input": "dtmf", "action": next(&asks), "method": "POST", "num_digits": "1",
                    "finish_on_key": "", "timeout": "8", "action_on_empty_result": "true"},
                    "in": [{"verb": "say", "args": [text]}]},
                {"verb": "redirect", "args": [next(&asks)], "with": {"method": "POST"}},
            ]),
        );
        let here = [("CallSid", name), ("CallStatus", "in-progress")];
        if right {
            let pressed = [here[0], here[1], ("Digits", digit.as_str())];
            let dial = side.ask(&next(&asks), &pressed).await;
            assert!(dial.contains(BUSINESS_LINE), "{dial}");
            let left = [here[0], ("CallStatus", "completed")];
            side.ask(&next(&dial), &left).await;
            continue;
        }
        let again = side.ask(&next(&asks), &here).await;
        let end = side.ask(&next(&again), &here).await;
        side.assert_built(&end, &json!([{"verb": "hangup"}]));
    }
    side.house.calls_ended(2).await;
    let story = side.ended().await;
    assert_eq!(story["result"], "blocked", "{story}");
    assert_eq!(
        (&story["screening"]["verdict"], &story["screening"]["rule"]),
        (&json!("challenge"), &json!("anonymous")),
        "{story}"
    );
}
