//! Choosing a password.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_new_passwords_at_the_same_time_one_is_taken() {
    let house = House::start().await;
    let password = house.user_with_password("second@example.com", &[]);
    let cookie = house.sign_in("second@example.com", &password).await;
    let change = |new: &str| {
        let body = json!({"current": password, "new": new});
        house.send_as(&cookie, Method::POST, "/api/v1/me/password", Some(body))
    };
    let (first, second) = ("the first of two passwords", "the second of two passwords");
    let (one, other) = tokio::join!(change(first), change(second));
    let taken = [one.status(), other.status()].map(|status| status == StatusCode::NO_CONTENT);
    let count = taken.iter().filter(|taken| **taken).count();
    assert_eq!(count, 1, "{taken:?}");
    let now = if taken[0] { first } else { second };
    let body = json!({"email": "second@example.com", "password": now});
    let signed_in = house.send_as("", Method::POST, "/api/v1/login", Some(body));
    assert_eq!(signed_in.await.status(), StatusCode::OK);
}
