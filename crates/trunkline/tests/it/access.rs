//! Who may do what: every endpoint of the API, found through its own description.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

/// Every endpoint with its method, ids filled in with one that exists nowhere.
async fn endpoints(house: &House) -> Vec<(Method, String)> {
    let description: Value = house
        .client
        .get(house.url("/api/openapi.json"))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            found.push((method, path.replace("{id}", "nothing_0000000000000")));
        }
    }
    assert!(found.len() > 30, "the description lists the endpoints");
    found
}

/// A body the endpoint can read, so that only the missing right can stop it.
fn body(method: &Method, path: &str) -> Option<Value> {
    if method == Method::GET || method == Method::DELETE {
        return None;
    }
    Some(match path {
        "/api/v1/api-keys" => json!({"name": "a", "scopes": ["read"]}),
        "/api/v1/me/account" => json!({"account": "acc_0000000000000"}),
        "/api/v1/me/password" => json!({"current": "a", "new": "b"}),
        _ if path.starts_with("/api/v1/flows") => {
            json!({"name": "a", "document": {"schema": 1, "start": "a", "nodes": {"a": {"kind": "hang_up"}}}})
        }
        _ => json!({}),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_refuses_strangers() {
    let house = House::start().await;
    for (method, path) in endpoints(&house).await {
        if path == "/api/v1/login" {
            continue;
        }
        let answer = house
            .send_as("", method.clone(), &path, body(&method, &path))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "{method} {path} without a login"
        );
        let answer = house
            .send_as(
                "trunkline_login=forged",
                method.clone(),
                &path,
                body(&method, &path),
            )
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::UNAUTHORIZED,
            "{method} {path} with a forged login"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_changes_nothing() {
    let house = House::start().await;
    let added = house.command(&["user", "add", "viewer@example.com", "--role", "viewer"]);
    let told = String::from_utf8_lossy(&added.stdout).into_owned();
    let password = told
        .split("with the password ")
        .nth(1)
        .and_then(|t| t.lines().next())
        .expect("a password")
        .to_owned();
    let viewer = house.sign_in("viewer@example.com", &password).await;
    let own: BTreeSet<&str> = [
        "/api/v1/login",
        "/api/v1/logout",
        "/api/v1/me/account",
        "/api/v1/me/password",
    ]
    .into();
    for (method, path) in endpoints(&house).await {
        if own.contains(path.as_str()) || method == Method::GET {
            continue;
        }
        let answer = house
            .send_as(&viewer, method.clone(), &path, body(&method, &path))
            .await;
        assert_eq!(
            answer.status(),
            StatusCode::FORBIDDEN,
            "{method} {path} as a viewer"
        );
    }
    let site =
        json!({"name": "A", "hosts": ["a.example"], "targets": [{"number": "+12145550100"}]});
    let answer = house
        .send_as(&viewer, Method::POST, "/api/v1/sites", Some(site))
        .await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer = house
        .send_as(&viewer, Method::GET, "/api/v1/sites", None)
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_cookie_from_another_site_is_refused() {
    let house = House::start().await;
    let password = house.command(&["user", "add", "second@example.com"]);
    let told = String::from_utf8_lossy(&password.stdout).into_owned();
    let password = told
        .split("with the password ")
        .nth(1)
        .and_then(|t| t.lines().next())
        .expect("a password")
        .to_owned();
    let cookie = house.sign_in("second@example.com", &password).await;
    let request = house
        .client
        .post(house.url("/api/v1/logout"))
        .header("cookie", &cookie);
    let answer = request
        .header("origin", "https://evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let answer = house
        .send_as(&cookie, Method::GET, "/api/v1/me", None)
        .await;
    assert_eq!(answer.status(), StatusCode::OK, "the login still stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slowed_down() {
    let house = House::start().await;
    let mut statuses = BTreeSet::new();
    for _ in 0..8 {
        let body = json!({"email": "owner@localhost", "password": "a wrong password"});
        let answer = house
            .send_as("", Method::POST, "/api/v1/login", Some(body))
            .await;
        statuses.insert(answer.status().as_u16());
    }
    assert_eq!(statuses, BTreeSet::from([401, 429]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_and_nothing_after_it_is_removed() {
    let house = House::start().await;
    let key = house
        .post(
            "/api/v1/api-keys",
            json!({"name": "reports", "scopes": ["read"]}),
        )
        .await;
    let secret = key["key"].as_str().expect("the key").to_owned();
    let with_key = |method: Method, path: &'static str| {
        house
            .client
            .request(method, house.url(path))
            .bearer_auth(&secret)
    };
    let answer = with_key(Method::GET, "/api/v1/calls")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let site =
        json!({"name": "A", "hosts": ["a.example"], "targets": [{"number": "+12145550100"}]});
    let answer = with_key(Method::POST, "/api/v1/sites")
        .json(&site)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let listed = house.get("/api/v1/api-keys").await;
    assert!(
        listed["items"][0].get("key").is_none(),
        "the key is shown once"
    );
    house
        .api(
            Method::DELETE,
            &format!("/api/v1/api-keys/{}", key["id"].as_str().expect("an id")),
            None,
        )
        .await;
    let answer = with_key(Method::GET, "/api/v1/calls")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn the_description_in_the_repository_is_that_of_the_code() {
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .arg("openapi")
        .output()
        .expect("the program runs");
    let stored = include_str!("../../../../docs/api/openapi.json");
    let same = String::from_utf8_lossy(&told.stdout).trim_end() == stored.trim_end();
    assert!(same, "docs/api/openapi.json is stale: run `make generate`");
}
