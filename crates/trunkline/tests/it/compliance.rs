//! Who must not be sold, over the API: lists are uploaded, named by a campaign, stop pings and posts, say so in words, and are
//! nobody else's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_core::base::sha256_text;
use trunkline_engine::lead::sha256;

use crate::house::House;
use crate::leads::{Feed, feed};

const SUED: &str = "+12145550166";
const ASKED: &str = "+12145550155";

fn id(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

fn hash(number: &str) -> String {
    sha256_text(sha256(number.as_bytes()))
}

async fn list(house: &House, name: &str, kind: &str, items: String) -> String {
    let body = json!({"name": name, "kind": kind});
    let list = id(&house.post("/api/v1/lists", body).await);
    let path = format!("/api/v1/lists/{list}/items");
    let request = house.client.put(house.url(&path));
    let request = request
        .header("cookie", house.cookie())
        .header("origin", house.url(""))
        .header("content-type", "text/plain")
        .body(items);
    let status = request.send().await.expect("an answer").status();
    assert_eq!(status, StatusCode::OK, "{name}");
    list
}

async fn told(house: &House, feed: &Feed, path: &str, body: Value) -> Value {
    let request = house.client.post(house.url(path)).bearer_auth(&feed.key);
    let answer = request.json(&body).send().await.expect("an answer");
    let status = answer.status();
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(status, StatusCode::OK, "{path} {body}: {told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_people_who_must_not_be_sold_stop_pings_and_posts_and_say_so() {
    let house = House::start().await;
    let feed = feed(&house, &json!({"kind": "none"}), json!({})).await;
    let plain = list(&house, "Asked not to", "numbers", format!("{ASKED}\n")).await;
    let hashed = list(&house, "Sue & Sons", "hashes", format!("{}\n", hash(SUED))).await;
    let campaign = format!("/api/v1/campaigns/{}", feed.campaign);
    let compliance =
        json!({"do_not_call": [plain], "litigators": [hashed], "attestation_min": "partial"});
    let body = json!({"compliance": compliance});
    let changed = house.api(Method::PATCH, &campaign, Some(body)).await;
    assert_eq!(changed["compliance"], compliance);
    assert_eq!(house.get(&campaign).await["compliance"], compliance);

    // Each list says what it is used for, is asked by number, and stays.
    for (list, number, role) in [
        (&plain, ASKED, "do_not_call"),
        (&hashed, SUED, "litigators"),
    ] {
        let path = format!("/api/v1/lists/{list}");
        let shown = house.get(&path).await;
        assert_eq!(
            shown["used"],
            json!([{"role": role, "by": "the campaign Solar"}])
        );
        assert_eq!(shown["uses"], 1);
        let item = number.replace('+', "%2B");
        let contains = house.get(&format!("{path}/contains?item={item}")).await;
        assert_eq!(contains["contains"], true, "{role}");
        let answer = house
            .send_as(house.cookie(), Method::DELETE, &path, None)
            .await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        let problem: Value = answer.json().await.expect("a problem");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(
            detail.contains("the compliance of the campaign `Solar`"),
            "{detail}"
        );
    }

    for (number, code, name) in [
        (ASKED, "DNC", "Asked not to"),
        (SUED, "LITIGATOR", "Sue & Sons"),
    ] {
        let post = json!({"phone": number, "zip": "75201"});
        let ping = json!({"phone_sha256": hash(number), "zip": "75201"});
        for (path, body) in [("/in/lead", post), ("/in/ping", ping)] {
            let told = told(&house, &feed, path, body).await;
            let said = told.to_string();
            assert_eq!(told["status"], "rejected", "{said}");
            assert!(said.contains(code), "{said}");
            assert!(!said.contains(name), "lists are the account's own: {said}");
        }
        let query = format!("/api/v1/opportunities?reason={code}");
        let page = house.get(&query).await;
        let items = page["items"].as_array().expect("opportunities");
        assert_eq!(items.len(), 2, "{page}");
        for item in items {
            assert_eq!(
                (&item["state"], &item["revenue_micros"]),
                (&json!("unsold"), &Value::Null)
            );
            let path = format!("/api/v1/opportunities/{}", id(item));
            let one = house.get(&path).await;
            let stopped = one["stopped"].as_str().expect("a sentence");
            assert!(stopped.contains(name), "{stopped}");
            assert_eq!(one["trace"], json!([]));
            let what_if = format!("{path}/what-if");
            let would = house.post(&what_if, json!({"at": "now"})).await;
            for side in ["before", "today"] {
                assert_eq!(would[side]["reason"]["code"], code, "{would}");
                assert_eq!(would[side]["told"], stopped, "{would}");
            }
        }
    }
    let sold = json!({"phone": "+12145550144", "zip": "75201"});
    assert_eq!(
        told(&house, &feed, "/in/lead", sold).await["status"],
        "sold"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_names_lists_of_its_own_account_and_of_numbers() {
    let house = House::start().await;
    let campaign = house
        .post("/api/v1/campaigns", json!({"name": "Solar"}))
        .await;
    let campaign = format!("/api/v1/campaigns/{}", id(&campaign));
    let texts = list(&house, "Makes", "texts", "Ford\n".to_owned()).await;
    let own = list(&house, "Asked not to", "numbers", format!("{ASKED}\n")).await;
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let cookie = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let theirs = json!({"name": "Theirs", "kind": "numbers"});
    let theirs = house
        .send_as(&cookie, Method::POST, "/api/v1/lists", Some(theirs))
        .await;
    let theirs = id(&theirs.json().await.expect("JSON"));

    for (compliance, field) in [
        (json!({"litigators": [theirs]}), "compliance.litigators"),
        (
            json!({"do_not_call": ["list_0000000000001"]}),
            "compliance.do_not_call",
        ),
        (json!({"do_not_call": [texts]}), "compliance.do_not_call"),
        (
            json!({"attestation_min": "forged"}),
            "compliance.attestation_min",
        ),
        (json!({"do_not_call": ["Makes"]}), "compliance.do_not_call"),
        (json!({"dnc": []}), "compliance.dnc"),
    ] {
        let body = json!({"compliance": compliance});
        let answer = house
            .send_as(house.cookie(), Method::PATCH, &campaign, Some(body))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{compliance}"
        );
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["field"], field, "{problem}");
        assert_eq!(house.get(&campaign).await["compliance"], json!({}));
    }
    // Nor does anybody else see, ask or use a list of ours.
    for path in [
        format!("/api/v1/lists/{own}"),
        format!("/api/v1/lists/{own}/contains?item=%2B12145550155"),
    ] {
        let answer = house.send_as(&cookie, Method::GET, &path, None).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let body = json!({"name": "Solar", "compliance": {"do_not_call": [own]}});
    let answer = house
        .send_as(&cookie, Method::POST, "/api/v1/campaigns", Some(body))
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
