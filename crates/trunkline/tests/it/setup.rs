//! What cannot be set up, because calls would suffer from it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{BUSINESS_LINE, House};

fn flow_to(number: &str) -> Value {
    let dial = json!({"kind": "dial", "destinations": [{"to": number}]});
    json!({"name": "Hotline", "document": {"schema": 1, "start": "dial", "nodes": {"dial": dial}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_send_calls_in_a_circle_is_refused() {
    let house = House::start().await;
    let site = house.add_site().await;
    let trunk = house
        .add_trunk("127.0.0.1:9".parse().expect("an address"))
        .await;
    let own = house.add_pool(&site, &trunk, 1).await.remove(0);
    let phone = "+12145550177";
    house.post("/api/v1/flows", flow_to(phone)).await;
    let number = |number: &str, business_line: &str, second_line: &str| {
        json!({"number": number, "kind": "static", "label": "Flyer", "trunk": trunk,
            "business_line": business_line, "second_line": second_line})
    };
    let fresh = "+13125557777";
    for (path, body, field) in [
        ("/api/v1/flows", flow_to(&own), "document"),
        (
            "/api/v1/numbers",
            number(fresh, &own, phone),
            "business_line",
        ),
        ("/api/v1/numbers", number(fresh, phone, &own), "second_line"),
        (
            "/api/v1/numbers",
            number(fresh, fresh, phone),
            "business_line",
        ),
        // The other way round: the destination becomes a tracking number later.
        (
            "/api/v1/numbers",
            number(phone, BUSINESS_LINE, ""),
            "number",
        ),
        (
            "/api/v1/numbers",
            number(BUSINESS_LINE, phone, ""),
            "number",
        ),
    ] {
        let answer = house
            .send_as(house.cookie(), Method::POST, path, Some(body.clone()))
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
    house
        .post("/api/v1/numbers", number(fresh, BUSINESS_LINE, phone))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn source_rules_are_tried_saved_and_replayed() {
    let house = House::start().await;
    let site = house.add_site().await;
    for page in ["/?qr=van", "/?qr=van", "/"] {
        house.assign(&site, page, None, json!({})).await;
    }
    let rule = json!({"name": "Van", "parameter": "QR", "value": "van",
        "channel": "display", "medium": "Print", "source": "Van"});
    let rules = json!({"own": [rule], "tags_first": false, "ignored": ["Booking.example"]});
    let path = format!("/api/v1/sites/{}", site.id);
    let replay = format!("{path}/source-replay");

    let tried = house.post(&replay, json!({"source_rules": rules})).await;
    assert_eq!(
        (&tried["arrivals"], &tried["changed"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(tried["applied"], false);
    let first = &tried["sources"][0];
    assert_eq!((&first["before"], &first["after"]), (&json!(3), &json!(1)));

    for (body, field) in [
        (json!({"source_rules": rules, "apply": true}), "apply"),
        (
            json!({"source_rules": {"own": [{"name": "X", "channel": "display", "medium": "a", "source": "b"}],
                "tags_first": false, "ignored": []}}),
            "source_rules",
        ),
    ] {
        let answer = house
            .send_as(house.cookie(), Method::POST, &replay, Some(body.clone()))
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }

    let before = house.get(&path).await["config_version"].as_i64();
    let saved = house
        .api(Method::PATCH, &path, Some(json!({"source_rules": rules})))
        .await;
    assert_eq!(saved["source_rules"]["own"][0]["source"], "van");
    assert_eq!(saved["source_rules"]["ignored"], json!(["booking.example"]));
    assert_eq!(saved["config_version"].as_i64(), before.map(|v| v + 1));

    let applied = house.post(&replay, json!({"apply": true})).await;
    assert_eq!(
        (&applied["changed"], &applied["applied"]),
        (&json!(2), &json!(true))
    );
    let sessions = house.get("/api/v1/sessions").await;
    let rules: Vec<&str> = (0..3)
        .filter_map(|n| sessions["items"][n]["source"]["rule"].as_str())
        .collect();
    assert_eq!(rules, ["direct", "own_van", "own_van"]);
}
