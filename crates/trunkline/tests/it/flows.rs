//! Call flows over the API: drafted, checked, tried, published, run by a call, rolled back, put away.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_sim::audio::{Voice, strength};
use trunkline_sim::carrier::{Behaviour, DialPlan};

use crate::calls::{dial, plan, ready};
use crate::house::House;

fn document(nodes: &Value) -> Value {
    json!({"schema": 1, "start": "start", "nodes": nodes})
}

/// A tag, then the business line.
fn tagged(value: &str) -> Value {
    document(&json!({
        "start": {"kind": "set_tag", "name": "line", "value": value, "on": {"done": "ring"}},
        "ring": {"kind": "dial", "destinations": [{"to": "business_line", "ring_timeout_s": 30}], "recording": "off"},
    }))
}

async fn status(house: &House, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = house
        .send_as(house.cookie(), method, path, Some(body))
        .await;
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_drafted_published_rolled_back_and_put_away_and_no_editor_is_lost() {
    let house = House::start().await;
    let made = house
        .post("/api/v1/flows", json!({"name": " Reception "}))
        .await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/flows/{id}");
    assert_eq!(
        (&made["name"], &made["edits"]),
        (&json!("Reception"), &json!(1))
    );
    assert_eq!(
        (&made["published"], &made["problems"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(made["changes"]["added"], json!(["dial"]));

    // What is wrong with a draft is told at its node, and never published.
    let greeting = document(&json!({
        "start": {"kind": "say", "text": "Hello", "on": {"done": "nowhere"}},
    }));
    let draft = format!("{path}/draft");
    let saved = house
        .api(
            Method::PUT,
            &draft,
            Some(json!({"edits": 1, "document": greeting})),
        )
        .await;
    assert_eq!(saved["edits"], 2);
    let problems = saved["problems"].to_string();
    assert!(
        problems.contains("`nowhere`, which does not exist"),
        "{problems}"
    );
    let publish = format!("{path}/publish");
    let (code, problem) = status(&house, Method::POST, &publish, json!({"edits": 2})).await;
    assert_eq!(
        (code, &problem["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("document"))
    );

    // Two editors saw change 2; the second is told.
    let first = json!({"edits": 2, "name": "Front desk", "document": tagged("one")});
    house.api(Method::PUT, &draft, Some(first)).await;
    let second = json!({"edits": 2, "document": tagged("two")});
    let (code, problem) = status(&house, Method::PUT, &draft, second).await;
    assert_eq!(code, StatusCode::CONFLICT, "{problem}");
    let (code, _) = status(&house, Method::POST, &publish, json!({"edits": 2})).await;
    assert_eq!(code, StatusCode::CONFLICT);

    let published = house.post(&publish, json!({"edits": 3})).await;
    assert_eq!(published["published"]["version"], 1);
    assert!(published["published"]["published_by"].is_string());
    assert_eq!(published["changes"]["changed"], json!([]));
    let (code, _) = status(&house, Method::POST, &publish, json!({"edits": 4})).await;
    assert_eq!(code, StatusCode::UNPROCESSABLE_ENTITY, "nothing to publish");

    let next = json!({"edits": 4, "document": tagged("two")});
    let drafted = house.api(Method::PUT, &draft, Some(next)).await;
    assert_eq!(drafted["changes"]["changed"], json!(["start"]));
    assert_eq!(
        drafted["published"]["document"],
        tagged("one"),
        "calls run what is published"
    );
    house.post(&publish, json!({"edits": 5})).await;
    let restored = house
        .post(&format!("{path}/versions/1/restore"), json!({"edits": 6}))
        .await;
    assert_eq!(restored["published"]["version"], 3);
    assert_eq!(
        (&restored["draft"], restored["draft"] == tagged("one")),
        (&tagged("one"), true)
    );
    let versions = house.get(&format!("{path}/versions")).await;
    let listed: Vec<i64> = (0..3)
        .filter_map(|n| versions["items"][n]["version"].as_i64())
        .collect();
    assert_eq!(listed, [3, 2, 1]);
    let (code, _) = status(
        &house,
        Method::POST,
        &format!("{path}/versions/9/restore"),
        json!({"edits": 7}),
    )
    .await;
    assert_eq!(code, StatusCode::UNPROCESSABLE_ENTITY);

    // A site that names it keeps it from being put away.
    let site = house.add_site().await;
    let site_path = format!("/api/v1/sites/{}", site.id);
    let named = house
        .api(Method::PATCH, &site_path, Some(json!({"flow": id})))
        .await;
    assert_eq!(named["flow"]["name"], "Front desk");
    assert_eq!(house.get(&path).await["sites"][0]["id"], site.id.as_str());
    let archive = format!("{path}/archive");
    let away = json!({"edits": 7, "archived": true});
    let (code, problem) = status(&house, Method::POST, &archive, away.clone()).await;
    assert_eq!(code, StatusCode::CONFLICT, "{problem}");
    house
        .api(Method::PATCH, &site_path, Some(json!({"flow": ""})))
        .await;
    assert!(house.post(&archive, away).await["archived_at"].is_i64());
    let (code, _) = status(&house, Method::PATCH, &site_path, json!({"flow": id})).await;
    assert_eq!(code, StatusCode::UNPROCESSABLE_ENTITY, "it is put away");
    let gone = house
        .send_as(house.cookie(), Method::DELETE, &path, None)
        .await;
    assert_eq!(gone.status(), StatusCode::CONFLICT, "it was published");
    let unused = house.post("/api/v1/flows", json!({"name": "Draft"})).await;
    let unused = unused["id"].as_str().expect("an id");
    let (code, _) = status(&house, Method::PATCH, &site_path, json!({"flow": unused})).await;
    assert_eq!(
        code,
        StatusCode::UNPROCESSABLE_ENTITY,
        "it is not published"
    );
    let gone = house
        .send_as(
            house.cookie(),
            Method::DELETE,
            &format!("/api/v1/flows/{unused}"),
            None,
        )
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_learns_which_nodes_there_are_and_which_this_server_can_do() {
    let house = House::start().await;
    let kinds = house.get("/api/v1/flow-nodes").await;
    let kinds = kinds["items"].as_array().expect("kinds");
    assert_eq!(kinds.len(), 18);
    let find = |word: &str| kinds.iter().find(|k| k["kind"] == word).expect("the kind");
    assert_eq!(find("dial")["missing"], json!([]));
    assert_eq!(find("webhook")["missing"], json!([]));
    assert_eq!(find("schedule")["template"]["zone"], "America/New_York");
    assert_eq!(find("menu")["outcomes"], json!(["invalid", "timeout"]));
    assert_eq!(find("menu")["template"]["tries"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_tried_with_a_made_up_call_and_nobody_is_rung() {
    let house = House::start().await;
    let nodes = json!({
        "start": {"kind": "schedule", "zone": "America/Chicago", "on": {"open": "menu", "closed": "mail"},
            "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}]},
        "menu": {"kind": "menu", "text": "Press 1.", "choices": {"1": "ads"}, "on": {"default": "mail"}},
        "ads": {"kind": "branch", "on": {"default": "office"},
            "cases": [{"when": {"source": {"field": "medium", "value": {"is": "cpc"}}}, "to": "sales"}]},
        "sales": {"kind": "dial", "destinations": [{"to": "+12145550177"}], "on": {"default": "office"}},
        "office": {"kind": "dial", "destinations": [{"to": "business_line"}], "on": {"default": "mail"}},
        "mail": {"kind": "voicemail", "greeting": {"text": "Leave a message."}},
    });
    let made = house
        .post(
            "/api/v1/flows",
            json!({"name": "Hours", "document": document(&nodes)}),
        )
        .await;
    let path = format!("/api/v1/flows/{}/try", made["id"].as_str().expect("an id"));
    // Monday, 23 November 2026, 10:00 in Chicago.
    let monday = 1_795_449_600_000_i64;
    let went = house
        .post(
            &path,
            json!({"at": monday, "caller": "+12145551234", "digits": ["7", "1"], "source": {"medium": "cpc"},
                "destinations": {"+12145550177": "busy", "business_line": "talks"}}),
        )
        .await;
    let nodes: Vec<&str> = went["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["node"].as_str())
        .collect();
    let mut path_taken = nodes.clone();
    path_taken.dedup();
    assert_eq!(
        path_taken,
        ["start", "menu", "ads", "sales", "office"],
        "{went}"
    );
    assert_eq!(
        (&went["ended_by"], &went["depth"]),
        (&json!("destination"), &json!(5))
    );
    let night = house
        .post(
            &path,
            json!({"at": monday + 43_200_000, "leaves_message": true}),
        )
        .await;
    assert!(
        night["steps"].to_string().contains("leaves a message"),
        "{night}"
    );
    for (body, field) in [
        (
            json!({"destinations": {"business_line": "sleeps"}}),
            "destinations",
        ),
        (json!({"destinations": {"nobody": "talks"}}), "destinations"),
        (json!({"caller": "me"}), "caller"),
        (json!({"source": {"channel": "pigeon"}}), "source"),
    ] {
        let (code, problem) = status(&house, Method::POST, &path, body.clone()).await;
        assert_eq!(code, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let broken = document(&json!({"start": {"kind": "go_to", "to": "start"}}));
    let went = house.post(&path, json!({"document": broken})).await;
    assert!(
        went["problems"].to_string().contains("without waiting"),
        "{went}"
    );
}

/// Publishes a flow of these nodes and gives it to every number.
pub(crate) async fn runs(house: &House, nodes: &Value) {
    let made = house
        .post(
            "/api/v1/flows",
            json!({"name": "Spoken", "document": document(nodes)}),
        )
        .await;
    let id = made["id"].as_str().expect("an id");
    house
        .post(&format!("/api/v1/flows/{id}/publish"), json!({"edits": 1}))
        .await;
    let numbers = house.get("/api/v1/numbers").await;
    for number in numbers["items"].as_array().expect("numbers") {
        let number = number["id"].as_str().expect("an id");
        house
            .api(
                Method::PATCH,
                &format!("/api/v1/numbers/{number}"),
                Some(json!({"flow": id})),
            )
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_answered_hears_the_tone_and_is_put_through_and_the_recording_rests_on_demand()
{
    let (house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    runs(
        &house,
        &json!({
            // Nobody speaks, so there is no message.
            "start": {"kind": "voicemail", "beep": true, "silence_s": 2, "on": {"empty": "ring"}},
            "ring": {"kind": "dial", "strategy": "simultaneous",
                "destinations": [{"to": "business_line"}, {"to": "+12145550189", "ring_timeout_s": 5}]},
        }),
    )
    .await;
    let mut arrivals = carrier.arrivals();
    let mute = DialPlan {
        voice: Voice::Silence,
        ..plan(&number, "+12145551234")
    };
    let caller = carrier.dial(mute).await.expect("a call");
    assert!(caller.answered().await, "by the flow");
    let business = arrivals.recv().await.expect("the business line rings");
    assert!(business.hears(500).await && caller.hears(4_000).await);
    assert!(
        strength(&caller.heard()[..3_200], 1_000.0) > 0.5,
        "the tone before a message"
    );
    let live = house.get("/api/v1/calls/live").await;
    let id = live["items"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/calls/{id}/recording");
    for way in ["pause", "resume"] {
        let answer = house
            .send_as(house.cookie(), Method::POST, &format!("{path}/{way}"), None)
            .await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{way}");
    }
    caller.hang_up();
    let call = house.newest_ended_call().await;
    let story = house.get(&format!("/api/v1/calls/{call}")).await;
    assert_eq!(
        (&story["result"], &story["recorded"]),
        (&json!("answered"), &json!(true)),
        "{story}"
    );
    let marks = story["timeline"].as_array().expect("marks");
    let kinds: Vec<&str> = marks.iter().filter_map(|m| m["kind"].as_str()).collect();
    for kind in ["connected", "recording_paused", "recording_resumed"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let late = house
        .send_as(house.cookie(), Method::POST, &format!("{path}/pause"), None)
        .await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_runs_the_published_version_and_its_record_names_it() {
    let (house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let made = house
        .post(
            "/api/v1/flows",
            json!({"name": "Tagged", "document": tagged("one")}),
        )
        .await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/flows/{id}");
    house
        .post(&format!("{path}/publish"), json!({"edits": 1}))
        .await;
    let draft = json!({"edits": 2, "document": tagged("two")});
    house
        .api(Method::PUT, &format!("{path}/draft"), Some(draft))
        .await;
    let numbers = house.get("/api/v1/numbers").await;
    let numbers = numbers["items"].as_array().expect("numbers");
    for own in numbers.iter().filter_map(|n| n["id"].as_str()) {
        let named = house
            .api(
                Method::PATCH,
                &format!("/api/v1/numbers/{own}"),
                Some(json!({"flow": id})),
            )
            .await;
        assert_eq!(named["flow"]["name"], "Tagged");
    }
    let caller = dial(&carrier, &number).await;
    assert!(caller.hears(200).await, "the business line answers");
    caller.hang_up();
    let call = house.newest_ended_call().await;
    let story = house.get(&format!("/api/v1/calls/{call}")).await;
    let flow = &story["flow"];
    assert_eq!(
        (&flow["name"], &flow["version"], &flow["depth"]),
        (&json!("Tagged"), &json!(1), &json!(2)),
        "{story}"
    );
    let marks = story["timeline"].as_array().expect("marks");
    let tag = marks.iter().find(|mark| mark["kind"] == "tag");
    assert_eq!(
        tag.map(|t| &t["title"]),
        Some(&json!("line: one")),
        "{story}"
    );
    assert_eq!(story["tags"], json!([{"name": "line", "value": "one"}]));
    assert_eq!(
        story["recorded"], false,
        "the account records, this node does not"
    );
    carrier.stop().await;
}
