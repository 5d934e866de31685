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
    let ringing = house.post("/api/v1/flows", flow_to(phone)).await;
    let circle = house.post("/api/v1/flows", flow_to(&own)).await;
    let publish = |flow: &Value| {
        let id = flow["id"].as_str().expect("an id");
        format!("/api/v1/flows/{id}/publish")
    };
    house.post(&publish(&ringing), json!({"edits": 1})).await;
    let publish_circle = publish(&circle);
    let number = |number: &str, business_line: &str, second_line: &str| {
        json!({"number": number, "kind": "static", "label": "Flyer", "trunk": trunk,
            "business_line": business_line, "second_line": second_line})
    };
    let fresh = "+13125557777";
    for (path, body, field) in [
        (publish_circle.as_str(), json!({"edits": 1}), "document"),
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
async fn a_number_that_leaves_a_site_makes_the_pasted_blocks_of_both_sites_old() {
    let house = House::start().await;
    let site = house.add_site().await;
    let body = json!({"name": "Second", "hosts": ["second.example"], "targets": [{"number": "+12145550111"}]});
    let second = house.post("/api/v1/sites", body).await;
    let second = second["id"].as_str().expect("an id").to_owned();
    let trunk = house
        .add_trunk("127.0.0.1:9".parse().expect("an address"))
        .await;
    let versions = || async {
        let mut all = Vec::new();
        for id in [&site.id, &second] {
            let told = house.get(&format!("/api/v1/sites/{id}")).await;
            all.push(told["config_version"].as_i64().expect("a version"));
        }
        all
    };
    let fresh = versions().await;
    let source = json!({"channel": "paid_search"});
    let body = json!({"number": "+13125550001", "kind": "source", "site": site.id, "source": source,
        "trunk": trunk, "business_line": BUSINESS_LINE});
    let number = house.post("/api/v1/numbers", body).await;
    let added = versions().await;
    assert_eq!(added, [fresh[0] + 1, fresh[1]]);
    let path = format!("/api/v1/numbers/{}", number["id"].as_str().expect("an id"));
    let moved = json!({"site": second, "target": ""});
    house.api(Method::PATCH, &path, Some(moved)).await;
    let after = versions().await;
    assert_eq!(after, [added[0] + 1, added[1] + 1]);
    let removed = house
        .send_as(house.cookie(), Method::DELETE, &path, None)
        .await;
    assert!(removed.status().is_success());
    assert_eq!(versions().await, [after[0], after[1] + 1]);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_seen_by_its_preview_alone_until_it_is_published_and_can_be_rolled_back() {
    let house = House::start().await;
    let site = house.add_site().await;
    let path = format!("/api/v1/sites/{}", site.id);
    let swap = json!({"mode": "selector", "selectors": [".phone"], "lease_on": "view"});
    let draft = house
        .api(
            Method::PUT,
            &format!("{path}/draft"),
            Some(json!({"swap": swap})),
        )
        .await;
    assert_eq!(draft["swap"]["mode"], "list", "nothing is published yet");
    assert_eq!(draft["draft"]["swap"]["mode"], "selector");
    let block = house.get(&format!("{path}/snippet")).await["block"].to_string();
    assert!(!block.contains(".phone"));

    let link = house.post(&format!("{path}/preview-link"), json!({})).await;
    let url = link["url"].as_str().expect("an address").to_owned();
    let token = url.split("tl_preview=").nth(1).expect("a token").to_owned();
    let shown = json!({"token": token, "page": url});
    let preview = house.page_post(&site, "preview", &shown.to_string()).await;
    assert_eq!(preview.status(), StatusCode::OK);
    let preview: Value = preview.json().await.expect("JSON");
    assert_eq!(preview["config"]["o"], ":is(.phone,.phone *)");
    let forged = json!({"token": format!("{token}A"), "page": url}).to_string();
    let refused = house.page_post(&site, "preview", &forged).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let page = format!("/?tl_preview={token}");
    let visit = house.assign(&site, &page, None, json!({})).await;
    assert_eq!(
        visit["token"],
        Value::Null,
        "looking at a draft is no visit"
    );
    assert_eq!(house.get("/api/v1/sessions").await["items"], json!([]));

    let before = draft["config_version"].as_i64().expect("a version");
    let published = house.post(&format!("{path}/publish"), json!({})).await;
    assert_eq!(published["config_version"].as_i64(), Some(before + 1));
    assert_eq!(published["swap"]["mode"], "selector");
    assert_eq!(published["draft"], Value::Null);
    let block = house.get(&format!("{path}/snippet")).await["block"].to_string();
    assert!(block.contains(".phone"));
    let visit = house.assign(&site, "/", None, json!({})).await;
    assert_eq!(visit["w"], "view");
    let wanted = house.assign(&site, "/", None, json!({"want": 1})).await;
    assert_eq!(wanted["w"], Value::Null);

    let versions = house.get(&format!("{path}/versions")).await;
    let numbers: Vec<i64> = versions["items"]
        .as_array()
        .expect("versions")
        .iter()
        .filter_map(|v| v["version"].as_i64())
        .collect();
    assert_eq!(numbers, [before + 1, before]);
    let restored = house
        .post(&format!("{path}/versions/{before}/restore"), json!({}))
        .await;
    assert_eq!(restored["swap"]["mode"], "list");
    assert_eq!(restored["config_version"].as_i64(), Some(before + 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn swap_settings_that_cannot_be_meant_are_refused_by_field() {
    let house = House::start().await;
    let site = house.add_site().await;
    let path = format!("/api/v1/sites/{}", site.id);
    for swap in [
        json!({"mode": "guess"}),
        json!({"mode": "selector"}),
        json!({"excluded_selectors": ["</script><script>"]}),
        json!({"attributes": ["onclick"]}),
        json!({"excluded_numbers": ["12"]}),
        json!({"proxy_path": "//evil.example"}),
        json!({"forms": [{"selector": "form"}]}),
    ] {
        for (method, path) in [
            (Method::PATCH, path.clone()),
            (Method::PUT, format!("{path}/draft")),
        ] {
            let body = json!({"swap": swap});
            let answer = house
                .send_as(house.cookie(), method, &path, Some(body))
                .await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{swap}");
            let problem: Value = answer.json().await.expect("JSON");
            assert_eq!(problem["field"], "swap", "{swap}: {problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_test_reaches_nothing_but_the_open_internet() {
    let house = House::start().await;
    let site = house.add_site().await;
    let path = format!("/api/v1/sites/{}/page-check", site.id);
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://127.0.0.1:1/",
        "http://localhost/",
        "file:///etc/passwd",
        "not an address",
    ] {
        let answer = house
            .send_as(
                house.cookie(),
                Method::POST,
                &path,
                Some(json!({"url": url})),
            )
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["field"], "url", "{url}: {problem}");
    }
}
