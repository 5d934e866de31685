//! The library of sounds and speech in the whole program: uploaded, heard, played and said by a flow, kept over a restart.

use std::f32::consts::TAU;
use std::path::PathBuf;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use trunkline_sim::audio::{Part, Sound, Speaker, Talk, Voice, find};
use trunkline_sim::carrier::{Behaviour, CallHandle, DialPlan, KeyForm};
use trunkline_store::testing::TestDatabase;

use crate::calls::{plan, ready};
use crate::carrier_side::{CarrierSide, next};
use crate::flows::runs;
use crate::house::House;

/// Samples as WAV with one channel of 16 bits.
pub(crate) fn wav_of(rate: u32, samples: impl Iterator<Item = i16>) -> Vec<u8> {
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let size = u32::try_from(data.len()).expect("a size");
    let mut file = b"RIFF".to_vec();
    file.extend((size + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(size.to_le_bytes());
    file.extend(data);
    file
}

/// A sound whose pitch moves, by where it is at each part of it (0 to 1).
pub(crate) fn wav(rate: u32, seconds: f32, hz: impl Fn(f32) -> f32) -> Vec<u8> {
    let count = (rate as f32 * seconds) as u32;
    let mut turns = 0.0_f32;
    let samples = (0..count).map(|n| {
        turns = (turns + hz(n as f32 / count as f32) / rate as f32).fract();
        (8_000.0 * (TAU * turns).sin()) as i16
    });
    wav_of(rate, samples)
}

/// A second of a tone.
fn tone(rate: u32, hz: f32) -> Vec<u8> {
    wav(rate, 1.0, |_| hz)
}

/// A sound no other is like: its pitch falls, and climbs again. Low enough to be the same after a part of a sample is lost
/// in resampling.
pub(crate) fn sweep(rate: u32) -> Vec<u8> {
    wav(rate, 1.5, |at| 300.0 + 600.0 * (at * 2.0 - 1.0).abs())
}

/// The samples of a WAV file, those of its channels in turns.
pub(crate) fn samples(file: &[u8]) -> Vec<i16> {
    let data = file.windows(4).position(|w| w == b"data").expect("data");
    let pairs = file[data + 8..].chunks_exact(2);
    pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// What a text sounds like.
pub(crate) async fn spoken(house: &House, text: &str) -> Vec<i16> {
    let answer = house
        .send_as(
            house.cookie(),
            Method::POST,
            "/api/v1/prompts/preview",
            Some(json!({"text": text})),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    samples(&answer.bytes().await.expect("a file"))
}

async fn send(house: &House, cookie: &str, name: &str, kind: &str, file: Vec<u8>) -> Response {
    let request = house
        .client
        .post(house.url(&format!("/api/v1/prompts?name={name}")))
        .header("origin", house.url(""))
        .header("cookie", cookie)
        .header("content-type", kind)
        .body(file);
    request.send().await.expect("an answer")
}

pub(crate) async fn upload(house: &House, name: &str, file: Vec<u8>) -> Value {
    let answer = send(house, house.cookie(), name, "audio/wav", file).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json().await.expect("JSON")
}

fn files(house: &House) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(house.data().join("prompts")).expect("the folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|p| p.extension().is_some_and(|e| e == "wav"))
        .collect()
}

async fn status(
    house: &House,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let answer = house.send_as(house.cookie(), method, path, body).await;
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_is_uploaded_heard_named_listed_in_pages_and_removed() {
    let mut house = House::start().await;
    let greeting = upload(&house, "Greeting", tone(44_100, 440.0)).await;
    assert_eq!(
        (
            &greeting["name"],
            &greeting["duration_ms"],
            &greeting["bytes"]
        ),
        (&json!("Greeting"), &json!(1_000), &json!(16_044))
    );
    upload(&house, "Same", tone(44_100, 440.0)).await;
    upload(&house, "Other", tone(8_000, 880.0)).await;
    assert_eq!(files(&house).len(), 2, "the same sound is stored once");

    let id = greeting["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/prompts/{id}");
    let (code, renamed) = status(
        &house,
        Method::PATCH,
        &path,
        Some(json!({"name": " Hello "})),
    )
    .await;
    assert_eq!((code, &renamed["name"]), (StatusCode::OK, &json!("Hello")));
    let first = house.get("/api/v1/prompts?limit=2").await;
    let cursor = first["next_cursor"].as_str().expect("more").to_owned();
    let second = house
        .get(&format!("/api/v1/prompts?limit=2&cursor={cursor}"))
        .await;
    let names: Vec<&str> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().expect("sounds"))
        .filter_map(|sound| sound["name"].as_str())
        .collect();
    assert_eq!(names, ["Other", "Same", "Hello"]);
    assert_eq!(second["next_cursor"], Value::Null);

    let copy = house.data().with_file_name("copy");
    let backed_up = house.command(&["backup", copy.to_str().expect("a path")]);
    assert!(backed_up.status.success(), "{backed_up:?}");
    let copied = std::fs::read_dir(copy.join("prompts")).expect("the folder");
    let sounds = copied.filter(|e| e.as_ref().is_ok_and(|e| e.path().is_file()));
    assert_eq!(sounds.count(), 2, "sounds are part of a backup");

    house.kill();
    house.start_again().await;
    let audio = house.url(&format!("{path}/audio"));
    let get = house.client.get(&audio).header("cookie", house.cookie());
    let whole = get.send().await.expect("an answer");
    assert_eq!(whole.headers()["content-type"], "audio/wav");
    let whole = whole.bytes().await.expect("a file");
    assert_eq!((&whole[..4], whole.len()), (&b"RIFF"[..], 16_044));
    let get = house.client.get(&audio).header("cookie", house.cookie());
    let part = get
        .header("range", "bytes=8-11")
        .send()
        .await
        .expect("an answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.text().await.expect("a part"), "WAVE");

    // A draft that plays it keeps it.
    let play =
        json!({"schema": 1, "start": "hello", "nodes": {"hello": {"kind": "play", "prompt": id}}});
    let flow = json!({"name": "Reception", "document": play});
    let flow = house.post("/api/v1/flows", flow).await;
    let used = house.get("/api/v1/prompts?limit=500").await;
    let user = &used["items"][2]["used_by"][0];
    assert_eq!(
        (&user["flow"], &user["name"]),
        (&flow["id"], &json!("Reception"))
    );
    let (code, problem) = status(&house, Method::DELETE, &path, None).await;
    assert_eq!(code, StatusCode::CONFLICT);
    assert!(
        problem["detail"].to_string().contains("Reception"),
        "{problem}"
    );
    let flow = flow["id"].as_str().expect("an id");
    status(
        &house,
        Method::DELETE,
        &format!("/api/v1/flows/{flow}"),
        None,
    )
    .await;
    let (code, _) = status(&house, Method::DELETE, &path, None).await;
    assert_eq!(code, StatusCode::NO_CONTENT);
    let (code, _) = status(&house, Method::GET, &format!("{path}/audio"), None).await;
    assert_eq!(code, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_and_whoever_may_not_is_refused() {
    let house = House::start().await;
    let owner = house.cookie().to_owned();
    let big = vec![0; 26 * 1024 * 1024];
    for (name, kind, file, code) in [
        (
            "A",
            "application/json",
            b"{}".to_vec(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            "A",
            "audio/mpeg",
            b"<!doctype html>".to_vec(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "A",
            "audio/wav",
            Vec::new(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "",
            "audio/wav",
            tone(8_000, 440.0),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("A", "audio/wav", big, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answer = send(&house, &owner, name, kind, file).await;
        assert_eq!(answer.status(), code, "{name} {kind}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let viewer = house
        .add_user("viewer@example.com", &["--role", "viewer"])
        .await;
    let answer = send(&house, &viewer, "A", "audio/wav", tone(8_000, 440.0)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(files(&house).is_empty());
    let unknown = json!({"schema": 1, "start": "hello",
        "nodes": {"hello": {"kind": "play", "prompt": "prm_0000000000000"}}});
    let flow = json!({"name": "Reception", "document": unknown});
    let flow = house.post("/api/v1/flows", flow).await;
    let problems = flow["problems"].as_array().expect("problems");
    let told =
        |p: &&Value| p["node"] == "hello" && p["message"].to_string().contains("does not exist");
    assert!(problems.iter().any(|p| told(&p)), "{flow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_spoken_by_the_engine_of_this_machine_and_without_one_flows_say_so() {
    let house = House::start().await;
    let say = |kinds: &Value| {
        let kinds = kinds["items"].as_array().expect("kinds").clone();
        kinds.into_iter().find(|k| k["kind"] == "say").expect("say")["missing"].to_string()
    };
    assert!(!say(&house.get("/api/v1/flow-nodes").await).contains("speak"));
    let text =
        json!({"text": "Thank you for calling. Press one for repairs.", "language": "en-US"});
    let answer = house
        .send_as(
            house.cookie(),
            Method::POST,
            "/api/v1/prompts/preview",
            Some(text),
        )
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let wav = answer.bytes().await.expect("a file");
    // One channel of 16 bits at 8 kHz, and more than a second of it.
    assert_eq!(
        (&wav[22..24], &wav[24..28]),
        (&[1, 0][..], &8_000_u32.to_le_bytes()[..])
    );
    assert!(wav.len() > 44 + 16_000, "{} bytes", wav.len());
    assert!(files(&house).is_empty(), "nothing of it is kept");
    let (code, problem) = status(
        &house,
        Method::POST,
        "/api/v1/prompts/preview",
        Some(json!({"text": "Hello", "voice": "../../etc/passwd"})),
    )
    .await;
    assert_eq!(
        (code, &problem["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("voice"))
    );

    let silent = House::start_with(TestDatabase::sqlite(), |_, settings| {
        format!("{settings}[speech]\nengine = \"none\"\n")
    })
    .await;
    assert!(say(&silent.get("/api/v1/flow-nodes").await).contains("speak texts"));
    let text = Some(json!({"text": "Hello"}));
    let (code, problem) = status(&silent, Method::POST, "/api/v1/prompts/preview", text).await;
    assert_eq!(
        (code, &problem["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("text"))
    );
}

/// Waits until the caller heard a sound that began at `from` or later; where it ended.
pub(crate) async fn hears(caller: &CallHandle, sound: &[i16], from: usize) -> usize {
    let mut looked_to = from;
    loop {
        let heard = caller.heard();
        if let Some(start) = find(&heard, sound, looked_to) {
            return start + sound.len();
        }
        looked_to = looked_to.max(heard.len().saturating_sub(sound.len()));
        let more = (heard.len() / 8 + 100) as u64;
        assert!(
            more < 120_000,
            "it was not heard in {} samples",
            heard.len()
        );
        assert!(
            caller.hears(more).await,
            "the call ended before it was heard"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_whose_sound_is_gone_lets_no_talk_be_recorded() {
    let side = CarrierSide::start().await;
    let notice = upload(&side.house, "Notice", wav(8_000, 0.4, |_| 440.0)).await;
    let nodes = json!({
        "start": {"kind": "recording_notice", "prompt": notice["id"], "on": {"done": "ring"}},
        "ring": {"kind": "dial", "destinations": [{"to": "business_line"}]},
    });
    side.flow("start", nodes).await;
    let file = files(&side.house).remove(0);
    let away = file.with_extension("away");
    for (name, gone) in [("CA1", true), ("CA2", false)] {
        let (from, to) = if gone { (&file, &away) } else { (&away, &file) };
        std::fs::rename(from, to).expect("moved");
        let first = side.call(name).await;
        assert_eq!(first.contains("<Play>"), !gone, "{first}");
        let here = [("CallSid", name), ("CallStatus", "in-progress")];
        let dial = side.ask(&next(&first), &here).await;
        assert!(dial.contains("<Dial"), "{dial}");
        assert_eq!(dial.contains(" record=\""), !gone, "{dial}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_every_prompt_presses_keys_in_every_form_and_leaves_a_message() {
    let (house, carrier, _, number) = ready(Behaviour::NoAnswer).await;
    let greeting = upload(&house, "Greeting", sweep(44_100)).await;
    let texts = [
        "Thank you for calling Lone Star Roofing.",
        "Press two for repairs.",
        "Please enter the ZIP code of your house.",
        "Nobody is free. Leave a message after the tone.",
    ];
    runs(
        &house,
        &json!({
            "start": {"kind": "play", "prompt": greeting["id"], "on": {"done": "hello"}},
            "hello": {"kind": "say", "text": texts[0], "on": {"done": "menu"}},
            "menu": {"kind": "menu", "text": texts[1], "choices": {"1": "mail"}, "tries": 2, "timeout_s": 2,
                "on": {"default": "again"}},
            "again": {"kind": "menu", "text": texts[1], "choices": {"2": "zip"}, "tries": 3, "timeout_s": 60,
                "on": {"default": "mail"}},
            "zip": {"kind": "collect_zip", "text": texts[2], "timeout_s": 30, "between_s": 20,
                "on": {"collected": "ring", "default": "mail"}},
            "ring": {"kind": "dial", "destinations": [{"to": "business_line", "ring_timeout_s": 5}],
                "on": {"default": "mail"}},
            "mail": {"kind": "voicemail", "greeting": {"text": texts[3]}, "silence_s": 30},
        }),
    )
    .await;
    let [hello, menu, zip, mail] = {
        let [a, b, c, d] = texts;
        [
            spoken(&house, a).await,
            spoken(&house, b).await,
            spoken(&house, c).await,
            spoken(&house, d).await,
        ]
    };
    let voice = Voice::Speech(Speaker {
        talk: Talk(7),
        part: Part::Business,
        person: 7,
    });
    let caller = DialPlan {
        voice,
        talk_ms: 180_000,
        ..plan(&number, "+12145551234")
    };
    let caller = carrier.dial(caller).await.expect("a call");
    assert!(caller.answered().await);
    let mut at = hears(&caller, &samples(&sweep(8_000)), 0).await;
    at = hears(&caller, &hello, at).await;
    // No key at all, twice, and then one that leads nowhere: it is asked again each time. The second menu is as patient as
    // a slow machine. Tones come first: whoever sends keys in a better form is not listened to for tones any more.
    at = hears(&caller, &menu, at).await;
    at = hears(&caller, &menu, at).await;
    at = hears(&caller, &menu, at).await;
    assert!(caller.press('9', KeyForm::Tone));
    at = hears(&caller, &menu, at).await;
    assert!(caller.press('2', KeyForm::Tone));
    at = hears(&caller, &zip, at).await;
    for (key, form) in [
        ('7', KeyForm::Info),
        ('5', KeyForm::Event),
        ('2', KeyForm::Event),
        ('0', KeyForm::Info),
        ('1', KeyForm::Event),
    ] {
        assert!(caller.press(key, form));
    }
    // Nobody answers.
    at = hears(&caller, &mail, at).await;
    let beep = samples(&wav(8_000, 0.2, |_| 1_000.0));
    at = hears(&caller, &beep, at).await;
    // So long the caller speaks.
    assert!(caller.hears((at / 8 + 12_000) as u64).await);
    caller.hang_up();

    let id = house.newest_ended_call().await;
    let path = format!("/api/v1/calls/{id}");
    let whole = |story: &Value| story["recording"]["state"] == "complete";
    let story = house.until(&path, whole).await;
    assert_eq!(story["result"], "voicemail", "{story}");
    let marks = story["timeline"].as_array().expect("marks");
    let of = |kind: &str, part: &str| -> Vec<&str> {
        let marks = marks.iter().filter(|m| m["kind"] == kind);
        marks.filter_map(|m| m[part].as_str()).collect()
    };
    assert_eq!(of("tag", "title"), ["zip: 75201"], "{story}");
    let steps = ["start", "hello", "menu", "again", "zip", "mail"];
    assert_eq!(of("flow", "title"), steps);
    assert_eq!(story["attempts"][0]["result"], "no_answer", "{story}");

    // The message is the caller's voice from the tone on, and plays from anywhere.
    let recording = format!("{path}/recording");
    let answer = house
        .send_as(house.cookie(), Method::GET, &recording, None)
        .await;
    assert_eq!(answer.headers()["content-type"], "audio/wav");
    let file = answer.bytes().await.expect("a file");
    let left: Vec<i16> = samples(&file).into_iter().step_by(2).collect();
    let energy = |second: &&[i16]| second.iter().map(|&s| i64::from(s).pow(2)).sum::<i64>();
    let loudest = left.chunks_exact(8_000).max_by_key(energy);
    let loudest = loudest.expect("some seconds");
    let mut said = Sound::new(voice);
    let said: Vec<i16> = (0..50 * 120).flat_map(|_| said.frame()).collect();
    assert!(
        find(&said, loudest, 0).is_some(),
        "it is what the caller said"
    );
    let get = house.client.get(house.url(&recording));
    let part = get
        .header("cookie", house.cookie())
        .header("range", "bytes=0-3");
    let part = part.send().await.expect("an answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.text().await.expect("a part"), "RIFF");
    carrier.stop().await;
}
