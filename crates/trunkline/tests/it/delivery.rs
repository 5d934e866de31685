//! Delivery to buyers over the API: what an endpoint must be, its secrets, what a mapping reads, and what was laid aside.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, OutboxEventId};
use trunkline_engine::ports::Outbox;
use trunkline_engine::ports::outbox::{AfterCrash, OutboxEvent};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};

use crate::house::House;

const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

fn id(thing: &Value) -> &str {
    thing["id"].as_str().expect("an id")
}

async fn refused(house: &House, method: Method, path: &str, body: &Value) -> Value {
    let answer = house
        .send_as(house.cookie(), method, path, Some(body.clone()))
        .await;
    let told = answer.status();
    let problem: Value = answer.json().await.expect("a problem");
    assert_eq!(told, INVALID, "{body}: {problem}");
    problem
}

/// The places of everything that is wrong.
fn places(problem: &Value) -> Vec<&str> {
    let all = problem["problems"].as_array().expect("problems").iter();
    all.map(|one| one["place"].as_str().expect("a place"))
        .collect()
}

pub(crate) fn endpoint(url: &str) -> Value {
    json!({"schema": 1, "settings": {"account": "77"},
        "post": {
            "request": {"method": "POST", "url": url, "auth": {"bearer": {"secret": "token"}},
                "body": {"json": {"account": "{setting.account}", "phone": "{phone}", "zip": "{zip}"}}},
            "answer": {"accept_when": {"read": {"from": {"json": "$.status"}, "value": {"is": "accepted"}}},
                "price": [{"json": "$.price"}], "id": [{"json": "$.id"}]}}})
}

async fn buyer(house: &House) -> String {
    let buyer = house.post("/api/v1/buyers", json!({"name": "Roofs"})).await;
    id(&buyer).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_cannot_work_is_not_saved_and_each_problem_has_its_place() {
    let house = House::start().await;
    let buyer = buyer(&house).await;
    let with = |endpoint: Value| json!({"buyer": buyer, "name": "Server", "kind": "http", "endpoint": endpoint});
    let path = "/api/v1/destinations";
    let mut wrong = endpoint("https://leads.roofs.example/in/{nothing}");
    wrong["post"]["request"]["timeout_ms"] = json!(5);
    wrong["post"]["answer"]["price"] = json!([{"json": "price["}]);
    let problem = refused(&house, Method::POST, path, &with(wrong)).await;
    let found = places(&problem);
    for place in [
        "endpoint.post.request.url",
        "endpoint.post.request.timeout_ms",
        "endpoint.post.answer.price[0]",
    ] {
        assert!(found.contains(&place), "{place}: {problem}");
    }
    for (url, place) in [
        ("http://leads.roofs.example/in", "endpoint.post.request.url"),
        (
            "https://user:pw@roofs.example/",
            "endpoint.post.request.url",
        ),
        ("https://buyer.example/in", "endpoint.post.request.url"),
        ("ftp://roofs.example/", "endpoint.post.request.url"),
    ] {
        let problem = refused(&house, Method::POST, path, &with(endpoint(url))).await;
        assert_eq!(places(&problem), [place], "{url}: {problem}");
    }
    let unread =
        json!({"schema": 1, "post": {"request": {"method": "TELL", "url": "https://a.example/"}}});
    let problem = refused(&house, Method::POST, path, &with(unread)).await;
    assert_eq!(places(&problem), ["endpoint.post.request.method"]);

    // Letters.
    let mail = |endpoint: Value| json!({"buyer": buyer, "name": "Box", "kind": "email", "address": "a@roofs.example", "endpoint": endpoint});
    let words = json!({"subject": "Lead {lead_id}", "body": "{setting.x}"});
    let problem = refused(&house, Method::POST, path, &mail(words)).await;
    assert_eq!(places(&problem), ["endpoint.body"]);
    let to_others = json!({"to": ["b@roofs.example"], "subject": "Lead", "body": "Call {phone}"});
    let problem = refused(&house, Method::POST, path, &mail(to_others)).await;
    assert_eq!(places(&problem), ["endpoint.to"]);
    let words = json!({"subject": "Lead {lead_id}", "body": "Call {phone}"});
    let made = house.post(path, mail(words)).await;
    assert_eq!(made["endpoint"]["to"], json!(["a@roofs.example"]));
    // The letter goes where the address goes.
    let own = format!("{path}/{}", id(&made));
    let moved = house
        .api(
            Method::PATCH,
            &own,
            Some(json!({"address": "c@roofs.example"})),
        )
        .await;
    assert_eq!(moved["endpoint"]["to"], json!(["c@roofs.example"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_an_endpoint_are_set_and_never_shown() {
    let mut house = House::start().await;
    let buyer = buyer(&house).await;
    let path = "/api/v1/destinations";
    let body = json!({"buyer": buyer, "name": "Server", "kind": "http",
        "endpoint": endpoint("https://leads.roofs.example/in"), "secrets": {"old": "0ld-s3cr3t"}});
    let made = house.post(path, body).await;
    let shown = json!([{"name": "old", "set": true, "used": false}, {"name": "token", "set": false, "used": true}]);
    assert_eq!(made["secrets"], shown);
    let own = format!("{path}/{}", id(&made));
    let change = json!({"secrets": {"old": null, "token": "t0p-s3cr3t"}});
    let changed = house.api(Method::PATCH, &own, Some(change)).await;
    let shown = json!([{"name": "token", "set": true, "used": true}]);
    assert_eq!(changed["secrets"], shown);
    for bad in [
        json!({"a b": "x"}),
        json!({"token": ""}),
        json!({"token": "two\nlines"}),
        json!({"token": "x".repeat(3_000)}),
    ] {
        let problem = refused(&house, Method::PATCH, &own, &json!({"secrets": bad})).await;
        assert_eq!(problem["field"], "secrets", "{problem}");
    }
    // They are there after a restart, and nowhere on a page.
    house.kill();
    house.start_again().await;
    let read = house.get(&own).await;
    assert_eq!(read["secrets"], shown);
    assert!(!read.to_string().contains("s3cr3t"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_cannot_work_are_not_saved() {
    let house = House::start().await;
    let path = "/api/v1/campaigns";
    let with = |fields: Value| json!({"name": "Solar", "fields": fields});
    let phone = json!({"name": "phone", "label": "Phone", "type": "phone", "required": "post"});
    for (fields, place) in [
        (json!({"fields": []}), "fields"),
        (json!([{"name": "phone"}]), "fields[0]"),
        (
            json!([phone, {"name": "x", "label": "X", "type": "fax"}]),
            "fields[1].type",
        ),
        (
            json!([phone, {"name": "Age!", "label": "Age", "type": "text"}]),
            "fields[1].name",
        ),
        (
            json!([phone, {"name": "a", "label": "A", "type": "text", "pattern": "("}]),
            "fields[1].pattern",
        ),
    ] {
        let problem = refused(&house, Method::POST, path, &with(fields.clone())).await;
        assert_eq!(problem["field"], place, "{fields}: {problem}");
    }
    let made = house.post(path, with(json!([phone]))).await;
    assert_eq!(made["fields"], json!([phone]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_bench_tells_what_would_be_sent_and_what_an_answer_means() {
    let house = House::start().await;
    let buyer = buyer(&house).await;
    let body = json!({"buyer": buyer, "name": "Server", "kind": "http",
        "endpoint": endpoint("https://leads.roofs.example/in"), "secrets": {"token": "t0p-s3cr3t"}});
    let made = house.post("/api/v1/destinations", body).await;
    let path = format!("/api/v1/destinations/{}/try-answer", id(&made));
    // Nothing given: the request with values of nobody, and without secrets.
    let told = house.post(&path, json!({"values": {"zip": "10001"}})).await;
    let request = &told["requests"][0];
    assert_eq!(
        (&request["step"], &request["trouble"]),
        (&json!("post"), &Value::Null)
    );
    let sent: Value =
        serde_json::from_str(request["body"].as_str().expect("a body")).expect("JSON");
    assert_eq!(
        sent,
        json!({"account": "77", "phone": "+12145550123", "zip": "10001"})
    );
    assert!(
        !told.to_string().contains("s3cr3t") && told.to_string().contains("Bearer ***"),
        "{told}"
    );
    // Answers.
    for (status, said, reading) in [
        (
            200,
            r#"{"status": "accepted", "price": 12.5, "id": "x1"}"#,
            json!(["accepted", null, "12.5", "x1", 0]),
        ),
        (
            200,
            r#"{"status": "rejected"}"#,
            json!(["refused", "no_coverage", null, null, 0]),
        ),
        (
            200,
            r#"{"status": "accepted", "price": "NaN"}"#,
            json!(["accepted", null, null, null, 1]),
        ),
        (429, "", json!(["refused", "rate_limited", null, null, 0])),
        (500, "<h1>sorry", json!(["unknown", null, null, null, 0])),
    ] {
        let told = house
            .post(&path, json!({"status": status, "body": said}))
            .await;
        let read = &told["reading"];
        let faults = read["faults"].as_array().map(Vec::len);
        let found = json!([
            read["verdict"],
            read["refused_as"],
            read["price"],
            read["id"],
            faults
        ]);
        assert_eq!(found, reading, "{status} {said}: {told}");
        assert_eq!(told["rules"][0]["rule"], "accept_when");
    }
    // A document that is not saved yet, and what cannot be tried.
    let mut other = endpoint("https://leads.roofs.example/in");
    other["post"]["answer"]["accept_when"]["read"]["value"] = json!({"is": "yes"});
    let told = house
        .post(
            &path,
            json!({"status": 200, "body": r#"{"status": "yes"}"#, "endpoint": other}),
        )
        .await;
    assert_eq!(told["reading"]["verdict"], "accepted");
    other["post"]["request"]["url"] = json!("https://{nothing}/");
    for (wrong, field) in [
        (json!({"endpoint": other}), "endpoint.post.request.url"),
        (json!({"status": 99}), "status"),
        (json!({"status": 200, "step": "ping"}), "step"),
        (json!({"values": {"nonsense": "x"}}), "values"),
    ] {
        let problem = refused(&house, Method::POST, &path, &wrong).await;
        assert_eq!(problem["field"], field, "{wrong}: {problem}");
    }
    // A letter.
    let body =
        json!({"buyer": buyer, "name": "Box", "kind": "email", "address": "a@roofs.example"});
    let box_ = house.post("/api/v1/destinations", body).await;
    let told = house
        .post(
            &format!("/api/v1/destinations/{}/try-answer", id(&box_)),
            json!({}),
        )
        .await;
    assert_eq!(told["letter"]["to"], json!(["a@roofs.example"]));
    assert!(
        told["letter"]["body"]
            .as_str()
            .expect("a text")
            .contains("Phone: +12145550123"),
        "{told}"
    );
    // Presets are whole documents, and a server that nobody asked is not left alone.
    let presets = house.get("/api/v1/endpoint-presets").await;
    assert_eq!(presets["items"].as_array().map(Vec::len), Some(6));
    assert_eq!(presets["items"][0]["document"]["schema"], 1);
    let breaker = house
        .get(&format!("/api/v1/destinations/{}/breaker", id(&made)))
        .await;
    assert_eq!(breaker["state"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_laid_aside_is_listed_and_sent_again_by_its_own_account_alone() {
    let mut house = House::start().await;
    let me = house.get("/api/v1/me").await;
    let account = AccountId::parse(me["account"]["id"].as_str().expect("an id")).expect("an id");
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let other = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    house.kill();
    // Two events of a kind that nobody delivers; one of them was on its way when the process ended.
    let file = format!("sqlite:{}", house.data().join("trunkline.db").display());
    let database = Location::parse(&file).expect("a database");
    let key = std::fs::read(house.data().join("sealing.key")).expect("a key");
    let key = key.try_into().expect("32 bytes");
    let store = Store::open(&database, DbOptions::default(), &key);
    let store = store.await.expect("opened");
    let now = Timestamp::from_millis(1_795_449_600_000);
    let event = |raw: i64| OutboxEvent {
        id: OutboxEventId::from_raw(raw),
        account,
        kind: "telegram".to_owned(),
        about: Some(raw),
        body: r#"{"phone": "+12145550123"}"#.to_owned(),
        after_crash: AfterCrash::Unknown,
        due_at: now,
        made_at: now,
    };
    store.put_event(&event(1)).await.expect("stored");
    assert_eq!(store.take(now, 10).await.expect("taken").len(), 1);
    store.put_event(&event(2)).await.expect("stored");
    store.db().close().await;
    drop(store);
    house.start_again().await;
    let dead = house
        .until("/api/v1/outbox", |page| {
            page["items"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await;
    let one = &dead["items"][0];
    assert_eq!(
        (&one["kind"], &one["state"], &one["tries"]),
        (&json!("telegram"), &json!("dead"), &json!(1))
    );
    assert!(
        one["trouble"]
            .as_str()
            .expect("words")
            .contains("`telegram`"),
        "{one}"
    );
    assert!(
        !dead.to_string().contains("2145550123"),
        "what is in it is not shown"
    );
    let unknown = house.get("/api/v1/outbox?state=unknown").await;
    assert_eq!(unknown["items"].as_array().map(Vec::len), Some(1));
    let problem = house
        .send_as(
            house.cookie(),
            Method::GET,
            "/api/v1/outbox?state=lost",
            None,
        )
        .await;
    assert_eq!(problem.status(), INVALID);
    // Nobody else sees or sends them.
    let resend = format!("/api/v1/outbox/{}/resend", id(&unknown["items"][0]));
    let seen = house
        .send_as(&other, Method::GET, "/api/v1/outbox", None)
        .await;
    let seen: Value = seen.json().await.expect("a page");
    assert_eq!(seen["items"], json!([]));
    let strange = house.send_as(&other, Method::POST, &resend, None).await;
    assert_eq!(strange.status(), StatusCode::NOT_FOUND);
    // Sent again, it is dead like the other one; what is not laid aside cannot be.
    let sent = house
        .send_as(house.cookie(), Method::POST, &resend, None)
        .await;
    assert_eq!(sent.status(), StatusCode::NO_CONTENT);
    house
        .until("/api/v1/outbox", |page| {
            page["items"].as_array().is_some_and(|all| all.len() == 2)
        })
        .await;
    let first = house.get("/api/v1/outbox?limit=1").await;
    let next = first["next_cursor"].as_str().expect("another page");
    let rest = house
        .get(&format!("/api/v1/outbox?limit=1&cursor={next}"))
        .await;
    assert_ne!(rest["items"][0]["id"], first["items"][0]["id"]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let missing = "/api/v1/outbox/out_0000000000000/resend";
    let gone = house
        .send_as(house.cookie(), Method::POST, missing, None)
        .await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}
