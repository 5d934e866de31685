//! The library of sounds and speech in the whole program: uploaded, heard, played and said by a flow, kept over a restart.

use std::f32::consts::TAU;
use std::path::PathBuf;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use trunkline_store::testing::TestDatabase;

use crate::house::House;

/// A second of a tone, as WAV with one channel of 16 bits.
fn tone(rate: u32, hz: f32) -> Vec<u8> {
    let samples = (0..rate).map(|n| (8_000.0 * (TAU * hz * n as f32 / rate as f32).sin()) as i16);
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

async fn upload(house: &House, name: &str, file: Vec<u8>) -> Value {
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
