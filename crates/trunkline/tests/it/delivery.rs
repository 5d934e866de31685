//! Delivery to buyers over the API: what an endpoint must be, its secrets, what a mapping reads, and what was laid aside.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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
