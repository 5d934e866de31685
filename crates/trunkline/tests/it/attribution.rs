//! Attribution through the whole program: a tap labels its call, a person says who called, reports add up, past
//! calls are weighed again; and none of it crosses from one account to another.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_sim::carrier::Behaviour;

use crate::calls::{dial, ready};
use crate::house::House;

/// A visitor who saw the number, and a call on it that ended. With `tap` the visitor tapped it just before.
async fn a_call(tap: bool) -> (House, trunkline_sim::carrier::Carrier, String, String) {
    let (house, carrier, site, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let given = house
        .assign(&site, "/?utm_source=news&utm_medium=email", None, json!({}))
        .await;
    let token = given["token"].as_str().expect("a token").to_owned();
    assert_eq!(house.shown(&site, &token).await, StatusCode::NO_CONTENT);
    if tap {
        let tapped = json!([{"k": "tap", "n": number}]);
        let answer = house.event(&site, &token, tapped).await;
        assert_eq!(answer, StatusCode::NO_CONTENT);
    }
    let caller = dial(&carrier, &number).await;
    // Longer than the second after which a call may count as qualified.
    assert!(caller.hears(1_200).await, "the call is answered");
    caller.hang_up();
    let call = house.newest_ended_call().await;
    (house, carrier, site.id, call)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tapped_call_is_labelled_and_counts_in_the_reliability_of_its_site() {
    let (house, carrier, site, call) = a_call(true).await;
    let told = house
        .get(&format!("/api/v1/sites/{site}/reliability"))
        .await;
    assert_eq!(told["tapped"]["calls"], 1, "{told}");
    assert_eq!(told["tapped"]["right"], 1);
    assert_eq!(told["untapped"]["calls"], 0);
    assert_eq!(told["untapped"]["error"], Value::Null);
    assert_eq!(told["labels"][0], json!({"kind": "tap", "calls": 1}));
    assert_eq!(
        told["model"]["id"],
        Value::Null,
        "too few for a model of its own"
    );
    assert_eq!(told["model"]["delays"].as_array().map(Vec::len), Some(2));
    let nothing = format!("/api/v1/sites/{site}/reliability?from=0&to=1");
    assert_eq!(house.get(&nothing).await["tapped"]["calls"], 0);
    let detail = house.get(&format!("/api/v1/calls/{call}")).await;
    assert_eq!(detail["model"], Value::Null);
    carrier.stop().await;
}

/// Calls that are made at once.
const AT_ONCE: usize = 5;
/// Most times that so many are made: a tap that is too long ago labels no call.
const TIMES_MAX: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_enough_labelled_calls_gets_a_model_of_its_own_and_its_calls_name_it() {
    let (mut house, carrier, site, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let given = house.assign(&site, "/", None, json!({})).await;
    let token = given["token"].as_str().expect("a token").to_owned();
    assert_eq!(house.shown(&site, &token).await, StatusCode::NO_CONTENT);
    let reliability = format!("/api/v1/sites/{}/reliability", site.id);
    let needed = house.get(&reliability).await["model"]["labels_needed"]
        .as_u64()
        .expect("a number");
    let labels = |told: &Value| told["tapped"]["calls"].as_u64();
    let mut times = 0;
    while labels(&house.get(&reliability).await) < Some(needed) {
        times += 1;
        assert!(times <= TIMES_MAX, "the taps label no calls");
        let tapped = json!([{"k": "tap", "n": number}]);
        house.event(&site, &token, tapped).await;
        let mut callers = Vec::new();
        for _ in 0..AT_ONCE {
            callers.push(dial(&carrier, &number).await);
        }
        for caller in callers {
            caller.hang_up();
        }
        house.newest_ended_call().await;
    }
    carrier.stop().await;
    house.kill();
    // What is due is learned at the start.
    house.start_again().await;
    let learned = |told: &Value| told["model"]["id"].is_string();
    let told = house.until(&reliability, learned).await;
    assert!(told["model"]["labels"].as_u64() >= Some(needed), "{told}");
    let path = format!("/api/v1/sites/{}/attribution-replay", site.id);
    let found = house.post(&path, json!({"apply": true})).await;
    assert_eq!(found["model"], told["model"]["id"]);
    let newest = house.get("/api/v1/calls?limit=1").await["items"][0]["id"].clone();
    let newest = newest.as_str().expect("an id");
    let call = house.get(&format!("/api/v1/calls/{newest}")).await;
    assert_eq!(call["model"], told["model"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_who_called_and_may_change_their_mind() {
    let (house, carrier, site, call) = a_call(false).await;
    let path = format!("/api/v1/calls/{call}");
    let told = house.get(&format!("{path}/matches")).await;
    assert_eq!(told["matches"].as_array().map(Vec::len), Some(1), "{told}");
    let likeliest = &told["matches"][0];
    assert_eq!(likeliest["live"], true);
    assert_eq!(likeliest["source"]["source"], "news");
    assert!(
        likeliest["page"]
            .as_str()
            .is_some_and(|p| p.contains("utm_source=news"))
    );
    assert_eq!(told["confirmation"], Value::Null);
    let session = likeliest["session"].clone();

    let nobody = house
        .post(&format!("{path}/confirmation"), json!({"session": null}))
        .await;
    assert_eq!(nobody["confirmation"]["session"], Value::Null);
    assert!(nobody["confirmation"]["by"].is_string());
    let detail = house.get(&path).await;
    assert_eq!(
        (&detail["session"], &detail["confirmed"]),
        (&Value::Null, &json!(true))
    );

    let confirmed = house
        .post(&format!("{path}/confirmation"), json!({"session": session}))
        .await;
    assert_eq!(confirmed["matches"][0]["confirmed"], true);
    let detail = house.get(&path).await;
    assert_eq!(
        (&detail["session"], &detail["probability"]),
        (&session, &json!(1.0))
    );
    assert_eq!(detail["source"]["source"], "news");
    assert_eq!(detail["ambiguous"], false);
    let marks = detail["timeline"].as_array().expect("marks");
    let confirmations = marks.iter().filter(|m| m["kind"] == "confirmed").count();
    assert_eq!(confirmations, 2, "both are history");
    assert!(
        detail["candidates"][0]["probability"].as_f64() < Some(1.0),
        "they stay as weighed"
    );
    let told = house
        .get(&format!("/api/v1/sites/{site}/reliability"))
        .await;
    assert_eq!(told["untapped"]["calls"], 1, "the latest counts");
    assert_eq!(told["untapped"]["right"], 1);

    for wrong in [
        json!({}),
        json!({"session": 7}),
        json!({"session": "ses_0000000000000"}),
    ] {
        let answer = house
            .send_as(
                house.cookie(),
                Method::POST,
                &format!("{path}/confirmation"),
                Some(wrong.clone()),
            )
            .await;
        assert!(
            answer.status().is_client_error(),
            "{wrong}: {}",
            answer.status()
        );
    }
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_sources_adds_up_on_the_screen_and_in_the_file() {
    let (house, carrier, site, _) = a_call(false).await;
    for model in ["first", "last", "fifty_fifty", "w", "linear", "time_decay"] {
        let path = format!("/api/v1/reports/sources?site={site}&model={model}");
        let report = house.get(&path).await;
        assert_eq!(report["model"], model);
        let rows = report["sources"].as_array().expect("rows");
        let sum: f64 = rows
            .iter()
            .map(|r| r["expected"].as_f64().expect("a number"))
            .sum();
        assert!((sum - 1.0).abs() < 1e-9, "{report}");
        assert_eq!(report["total"]["credited"], 1);
        assert_eq!(report["total"]["answered"], 1);
        assert_eq!(report["qualified_seconds"], 90);
        assert_eq!(report["total"]["qualified"], 0, "the call was shorter");
        let news = rows
            .iter()
            .find(|r| r["source"] == "news")
            .expect("the source");
        assert_eq!(news["credited"], 1);
        assert!(news["low"].as_f64() <= news["expected"].as_f64());
        assert!(news["expected"].as_f64() <= news["high"].as_f64());
        assert!(
            rows.iter()
                .any(|r| r["label"] == "No visit" && r["source"].is_null())
        );
    }
    let settings = "/api/v1/settings/account";
    house
        .api(
            Method::PATCH,
            settings,
            Some(json!({"qualified_seconds": 1})),
        )
        .await;
    let report = house
        .get(&format!("/api/v1/reports/sources?site={site}"))
        .await;
    assert_eq!(report["qualified_seconds"], 1);
    assert_eq!(report["total"]["qualified"], 1, "{report}");
    for wrong in [0, 7_201] {
        let body = Some(json!({"qualified_seconds": wrong}));
        let refused = house
            .send_as(house.cookie(), Method::PATCH, settings, body)
            .await;
        assert_eq!(refused.status(), 422, "{wrong}");
    }
    let file = house
        .send_as(
            house.cookie(),
            Method::GET,
            "/api/v1/reports/sources.csv",
            None,
        )
        .await;
    assert!(
        file.headers()["content-type"]
            .to_str()
            .is_ok_and(|t| t.starts_with("text/csv"))
    );
    let text = file.text().await.expect("a body");
    assert!(text.starts_with("channel,source,calls_expected"), "{text}");
    assert!(text.contains("\r\n,Total,1.00,"), "{text}");
    for wrong in [
        "model=u_shaped",
        "from=0",
        "from=5&to=5",
        "site=site_x",
        "sites=1",
    ] {
        let path = format!("/api/v1/reports/sources?{wrong}");
        let answer = house
            .send_as(house.cookie(), Method::GET, &path, None)
            .await;
        assert!(
            answer.status().is_client_error(),
            "{wrong}: {}",
            answer.status()
        );
    }
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_calls_are_weighed_again_and_nothing_changes_under_the_same_model() {
    let (house, carrier, site, call) = a_call(true).await;
    let before = house.get(&format!("/api/v1/calls/{call}")).await;
    let path = format!("/api/v1/sites/{site}/attribution-replay");
    for apply in [false, true] {
        let found = house.post(&path, json!({"apply": apply})).await;
        assert_eq!(found["calls"], 1, "{found}");
        assert_eq!(
            (&found["changed"], &found["applied"]),
            (&json!(0), &json!(apply))
        );
        assert_eq!(found["credited_before"], found["credited_after"]);
    }
    let after = house.get(&format!("/api/v1/calls/{call}")).await;
    assert_eq!(after["session"], before["session"]);
    assert_eq!(after["source"], before["source"]);
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_sees_and_says_nothing_of_a_call() {
    let (house, carrier, site, call) = a_call(false).await;
    let session =
        house.get(&format!("/api/v1/calls/{call}/matches")).await["matches"][0]["session"].clone();
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let cookie = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let confirmation = json!({"session": session});
    for (method, path, body) in [
        (Method::GET, format!("/api/v1/calls/{call}/matches"), None),
        (
            Method::POST,
            format!("/api/v1/calls/{call}/confirmation"),
            Some(confirmation),
        ),
        (
            Method::GET,
            format!("/api/v1/sites/{site}/reliability"),
            None,
        ),
        (
            Method::POST,
            format!("/api/v1/sites/{site}/attribution-replay"),
            Some(json!({"apply": true})),
        ),
        (
            Method::GET,
            format!("/api/v1/reports/sources?site={site}"),
            None,
        ),
    ] {
        let answer = house.send_as(&cookie, method.clone(), &path, body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
    }
    let theirs = house
        .send_as(&cookie, Method::GET, "/api/v1/reports/sources", None)
        .await;
    let theirs: Value = theirs.json().await.expect("JSON");
    assert_eq!(theirs["sources"], json!([]));
    let detail = house.get(&format!("/api/v1/calls/{call}")).await;
    assert_eq!(detail["confirmed"], false);
    carrier.stop().await;
}
