//! What pages may do: ask for numbers, tell what happened, and nothing else.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{BUSINESS_LINE, HOST, House, Site};

async fn with_pool(size: usize) -> (House, Site, Vec<String>) {
    let house = House::start().await;
    let site = house.add_site().await;
    let trunk = house
        .add_trunk("127.0.0.1:9".parse().expect("an address"))
        .await;
    let numbers = house.add_pool(&site, &trunk, size).await;
    (house, site, numbers)
}

fn number(answer: &Value) -> String {
    answer["numbers"][0]["n"]
        .as_str()
        .expect("a number")
        .to_owned()
}

fn token(answer: &Value) -> String {
    answer["token"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_visitors_get_different_numbers_and_each_keeps_its_own() {
    let (house, site, _) = with_pool(2).await;
    let first = house.assign(&site, "/", None, json!({})).await;
    let second = house.assign(&site, "/", None, json!({})).await;
    assert_ne!(number(&first), number(&second));
    let again = house
        .assign(&site, "/contact", Some(&token(&first)), json!({}))
        .await;
    assert_eq!(number(&again), number(&first));
    assert_eq!(again["kind"], "pool");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_visitor_of_a_pool_of_two_gets_the_overflow_number_of_its_source() {
    let (house, site, _) = with_pool(2).await;
    let pools = house.get("/api/v1/pools").await;
    let trunks = house.get("/api/v1/trunks").await;
    for (number, source) in [
        ("+13125552001", json!({"channel": "paid_search"})),
        ("+13125552002", json!({})),
    ] {
        let body = json!({"number": number, "kind": "source", "pool": pools["items"][0]["id"], "source": source,
            "trunk": trunks["items"][0]["id"], "business_line": BUSINESS_LINE});
        house.post("/api/v1/numbers", body).await;
    }
    for _ in 0..2 {
        let answer = house.assign(&site, "/", None, json!({})).await;
        assert_eq!(
            house.shown(&site, &token(&answer)).await,
            StatusCode::NO_CONTENT
        );
    }
    let paid = house.assign(&site, "/?gclid=x", None, json!({})).await;
    assert_eq!(
        (number(&paid).as_str(), paid["kind"].as_str()),
        ("+13125552001", Some("source"))
    );
    let typed = house.assign(&site, "/", None, json!({})).await;
    assert_eq!(number(&typed), "+13125552002");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_for_a_visitor_who_does_not_consent() {
    let (house, site, _) = with_pool(2).await;
    let answer = house.assign(&site, "/", None, json!({"consent": 0})).await;
    assert_eq!(answer["token"], Value::Null);
    assert_eq!(
        answer["numbers"],
        json!([]),
        "a pool number would need a session"
    );
    assert_eq!(house.get("/api/v1/sessions").await["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_foreign_token_changes_nothing() {
    let (house, site, _) = with_pool(2).await;
    let answer = house.assign(&site, "/", None, json!({})).await;
    let genuine = token(&answer);
    let mut forged = genuine.clone().into_bytes();
    let last = forged.len() - 5;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ascii");
    for bad in [forged.as_str(), "", "x", &"A".repeat(3_000)] {
        assert_eq!(house.shown(&site, bad).await, StatusCode::UNAUTHORIZED);
    }
    let other = json!({"name": "Other", "hosts": [HOST], "targets": [{"number": "+12145550199"}]});
    let other = house.post("/api/v1/sites", other).await;
    let other = Site {
        id: other["id"].as_str().expect("an id").to_owned(),
        key: other["key"].as_str().expect("a key").to_owned(),
        target: String::new(),
    };
    assert_eq!(
        house.shown(&other, &genuine).await,
        StatusCode::UNAUTHORIZED,
        "a token of another site"
    );
    let pool = house.get("/api/v1/pools").await["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let leases = house.get(&format!("/api/v1/pools/{pool}/leases")).await;
    let states: BTreeSet<&str> = leases["items"]
        .as_array()
        .expect("leases")
        .iter()
        .filter_map(|l| l["state"].as_str())
        .collect();
    assert_eq!(
        states,
        BTreeSet::from(["idle", "provisional"]),
        "no beacon confirmed anything"
    );
    assert_eq!(house.shown(&site, &genuine).await, StatusCode::NO_CONTENT);
    assert_eq!(
        house.shown(&site, &genuine).await,
        StatusCode::NO_CONTENT,
        "told twice"
    );
    let sessions = house.get("/api/v1/sessions").await;
    let session = sessions["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let story = house.get(&format!("/api/v1/sessions/{session}")).await;
    assert_eq!(
        story["showings"].as_array().map(Vec::len),
        Some(1),
        "a replayed beacon starts no second showing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_of_pages_get_a_clear_answer_and_change_nothing() {
    let (house, site, _) = with_pool(2).await;
    let page = format!("https://{HOST}/");
    let far = "x".repeat(9_000);
    for (body, status) in [
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("[]".to_owned(), 400),
        (json!({"v": 1, "page": 3}).to_string(), 400),
        ("[]".to_owned(), 400),
        (json!({"v": 99, "page": page}).to_string(), 422),
        (
            json!({"v": 1, "page": "https://evil.example/"}).to_string(),
            422,
        ),
        (json!({"v": 1, "page": "javascript:1"}).to_string(), 422),
        (json!({"v": 1, "page": page, "consent": 9}).to_string(), 422),
        (json!({"v": 1, "page": page, "ref": far}).to_string(), 413),
    ] {
        let answer = house.page_post(&site, "assign", &body).await;
        assert_eq!(answer.status().as_u16(), status, "{body}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.expect("JSON");
        assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()));
    }
    let unknown = Site {
        id: String::new(),
        key: "nothing".to_owned(),
        target: String::new(),
    };
    assert_eq!(
        house.page_post(&unknown, "assign", "{}").await.status(),
        StatusCode::NOT_FOUND
    );
    let foreign = house
        .client
        .post(house.url(&format!("/t/{}/assign", site.key)));
    let foreign = foreign
        .header("origin", "https://evil.example")
        .body("{}")
        .send()
        .await
        .expect("an answer");
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    assert!(
        foreign
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
    assert_eq!(house.get("/api/v1/sessions").await["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_be_escaped_and_only_post_asks_for_numbers() {
    let (house, site, _) = with_pool(2).await;
    let escaped: String = site.key.bytes().map(|b| format!("%{b:02x}")).collect();
    let escaped = Site {
        id: site.id.clone(),
        key: escaped,
        target: site.target.clone(),
    };
    let body = json!({"v": 1, "c": 1, "page": format!("https://{HOST}/"), "consent": 2});
    let plain = house.page_post(&site, "assign", &body.to_string()).await;
    let other = house.page_post(&escaped, "assign", &body.to_string()).await;
    for answer in [plain, other] {
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["kind"], "pool");
    }
    let url = house.url(&format!("/t/{}/assign", site.key));
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = house.client.request(method, &url);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crawlers_get_the_original_number() {
    let (house, site, _) = with_pool(2).await;
    let body = json!({"v": 1, "page": format!("https://{HOST}/")}).to_string();
    let request = house
        .client
        .post(house.url(&format!("/t/{}/assign", site.key)))
        .header("origin", format!("https://{HOST}"));
    let answer = request
        .header("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")
        .body(body)
        .send()
        .await
        .expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(
        (answer["numbers"].clone(), answer["token"].clone()),
        (json!([]), Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_carries_source_numbers_so_that_no_request_is_needed() {
    let house = House::start().await;
    let site = house.add_site().await;
    let trunk = house
        .add_trunk("127.0.0.1:9".parse().expect("an address"))
        .await;
    let before = house.get(&format!("/api/v1/sites/{}", site.id)).await["config_version"]
        .as_i64()
        .expect("a version");
    let body = json!({"number": "+13125553001", "kind": "source", "site": site.id, "source": {"channel": "paid_search"},
        "trunk": trunk, "business_line": BUSINESS_LINE});
    house.post("/api/v1/numbers", body).await;
    let after = house.get(&format!("/api/v1/sites/{}", site.id)).await["config_version"]
        .as_i64()
        .expect("a version");
    assert!(after > before, "the block changed, so its version did");
    let snippet = house
        .get(&format!("/api/v1/sites/{}/snippet", site.id))
        .await;
    let built = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../web/snippet/dist/manifest.json"
    );
    let built: Value =
        serde_json::from_slice(&std::fs::read(built).expect("a manifest")).expect("JSON");
    for (form, hash, built_hash) in [
        ("block", "csp_hash", "loader_csp"),
        ("all_inline", "all_inline_csp_hash", "inline_csp"),
    ] {
        let block = snippet[form].as_str().expect("a block");
        assert!(block.contains("+13125553001") && block.contains(&site.target));
        let built_hash = built[built_hash].as_str().expect("a hash");
        assert_eq!(snippet[hash], format!("'{built_hash}'"), "{form}");
    }
    let answer = house.assign(&site, "/?gclid=x", None, json!({})).await;
    assert_eq!(
        (number(&answer).as_str(), answer["kind"].as_str()),
        ("+13125553001", Some("source"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_unique_and_mistakes_are_explained() {
    let (house, site, numbers) = with_pool(1).await;
    let trunk = house.get("/api/v1/trunks").await["items"][0]["id"].clone();
    for (body, field) in [
        (
            json!({"number": numbers[0], "trunk": trunk, "business_line": BUSINESS_LINE}),
            "number",
        ),
        (
            json!({"number": "12", "trunk": trunk, "business_line": BUSINESS_LINE}),
            "number",
        ),
        (
            json!({"number": "+13125557777", "trunk": trunk, "business_line": numbers[0]}),
            "business_line",
        ),
        (
            json!({"number": "+13125557777", "trunk": "trk_0000000000000", "business_line": BUSINESS_LINE}),
            "trunk",
        ),
        (
            json!({"number": "+13125557777", "kind": "source", "site": site.id, "trunk": trunk, "business_line": BUSINESS_LINE}),
            "source",
        ),
    ] {
        let answer = house
            .send_as(
                house.cookie(),
                Method::POST,
                "/api/v1/numbers",
                Some(body.clone()),
            )
            .await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!(problem["field"], field, "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_kept_only_where_the_site_asks_for_it() {
    let (house, site, _) = with_pool(2).await;
    let first = house.assign(&site, "/", None, json!({})).await;
    let form = json!([{"k": "form", "page": format!("https://{HOST}/contact"), "phone": "(469) 555-0123",
        "name": " Ann ", "zip": "", "consent": "I agree."}]);
    let token = token(&first);
    assert_eq!(house.shown(&site, &token).await, StatusCode::NO_CONTENT);
    let sent = house.event(&site, &token, form.clone()).await;
    assert_eq!(sent, StatusCode::NO_CONTENT);
    let session = house.get("/api/v1/sessions").await["items"][0]["id"].clone();
    let path = format!("/api/v1/sessions/{}", session.as_str().expect("an id"));
    assert_eq!(
        house.get(&path).await["forms"],
        json!([]),
        "the site keeps no forms"
    );

    let swap =
        json!({"swap": {"forms": [{"selector": "#contact", "phone": "tel", "name": "name"}]}});
    house
        .api(
            Method::PATCH,
            &format!("/api/v1/sites/{}", site.id),
            Some(swap),
        )
        .await;
    let sent = house.event(&site, &token, form).await;
    assert_eq!(sent, StatusCode::NO_CONTENT);
    let kept = house.get(&path).await["forms"][0].clone();
    assert_eq!(kept["phone"], "+14695550123");
    assert_eq!(kept["phone_display"], "(469) 555-0123");
    assert_eq!((&kept["name"], &kept["zip"]), (&json!("Ann"), &Value::Null));
    assert_eq!(kept["consent"], "I agree.");
}
