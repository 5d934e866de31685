//! Where visitors are, by the operator's own city database: kept with the visit, and evidence of who called.

use std::net::Ipv4Addr;

use reqwest::StatusCode;
use serde_json::{Value, json};
use trunkline_sim::carrier::Behaviour;
use trunkline_store::testing::TestDatabase;

use crate::calls::{dial, furnish};
use crate::house::House;
use crate::mmdb::{city, file};

/// A house whose city database has this record for the tests' own address.
async fn house_in(country: &'static str, state: &'static str, place: &'static str) -> House {
    let bytes = file(
        "Test-City",
        &[(Ipv4Addr::LOCALHOST, city(country, state, place))],
    );
    let add = |folder: &std::path::Path, settings: String| {
        let path = folder.join("city.mmdb");
        std::fs::write(&path, bytes).expect("a database");
        format!("{settings}[geo]\nfile = {path:?}\n")
    };
    House::start_with(TestDatabase::sqlite(), add).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_from_where_a_visitor_is_has_that_as_evidence_before_and_after_a_restart() {
    let house = house_in("US", "TX", "Dallas").await;
    let (mut house, carrier, site, number) =
        furnish(house, Behaviour::Answer { after_ms: 0 }).await;
    let given = house.assign(&site, "/", None, json!({})).await;
    let token = given["token"].as_str().expect("a token").to_owned();
    assert_eq!(house.shown(&site, &token).await, StatusCode::NO_CONTENT);
    let visit = house.get("/api/v1/sessions").await["items"][0].clone();
    assert_eq!(
        (&visit["state"], &visit["place"]),
        (&json!("TX"), &json!("Dallas"))
    );
    // Its area code, 214, is that of Dallas.
    let caller = dial(&carrier, &number).await;
    assert!(caller.hears(200).await, "the call is answered");
    caller.hang_up();
    let call = house.newest_ended_call().await;
    let told = reasons(&house.get(&format!("/api/v1/calls/{call}")).await);
    assert!(told.contains("Is in Dallas, TX"), "{told}");
    carrier.stop().await;

    // Memory is gone; the store knows.
    house.kill();
    house.start_again().await;
    let id = visit["id"].as_str().expect("an id");
    let visit = house.get(&format!("/api/v1/sessions/{id}")).await;
    assert_eq!(visit["place"], "Dallas");
    let path = format!("/api/v1/sites/{}/attribution-replay", site.id);
    assert_eq!(
        house.post(&path, json!({"apply": true})).await["changed"],
        0
    );
}

/// The candidates of a call as text.
fn reasons(call: &Value) -> String {
    call["candidates"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_from_elsewhere_has_a_country_and_no_state_and_the_callers_is_compared_with_it() {
    // Bavaria has two letters too.
    let house = house_in("DE", "BY", "Munich").await;
    let (house, carrier, site, number) = furnish(house, Behaviour::Answer { after_ms: 0 }).await;
    let given = house.assign(&site, "/", None, json!({})).await;
    let token = given["token"].as_str().expect("a token").to_owned();
    assert_eq!(house.shown(&site, &token).await, StatusCode::NO_CONTENT);
    let caller = dial(&carrier, &number).await;
    assert!(caller.hears(200).await, "the call is answered");
    caller.hang_up();
    let call = house.newest_ended_call().await;
    let told = reasons(&house.get(&format!("/api/v1/calls/{call}")).await);
    let expected = "Is in Germany; the caller's number is from the United States";
    assert!(told.contains(expected), "{told}");
    carrier.stop().await;
    let visit = house.get("/api/v1/sessions").await["items"][0].clone();
    assert_eq!(visit["country"], "Germany");
    assert_eq!(
        (&visit["state"], &visit["place"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_from_an_island_within_the_north_american_plan_is_from_no_other_country() {
    let house = house_in("PR", "", "San Juan").await;
    let (house, carrier, site, number) = furnish(house, Behaviour::Answer { after_ms: 0 }).await;
    let given = house.assign(&site, "/", None, json!({})).await;
    let token = given["token"].as_str().expect("a token").to_owned();
    assert_eq!(house.shown(&site, &token).await, StatusCode::NO_CONTENT);
    let caller = dial(&carrier, &number).await;
    assert!(caller.hears(200).await, "the call is answered");
    caller.hang_up();
    let call = house.newest_ended_call().await;
    let told = reasons(&house.get(&format!("/api/v1/calls/{call}")).await);
    assert!(!told.contains("Is in"), "{told}");
    carrier.stop().await;
    let visit = house.get("/api/v1/sessions").await["items"][0].clone();
    assert_eq!(visit["country"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_wrong_file_is_explained_and_keeps_no_server_from_starting() {
    for (bytes, told) in [
        (None, "cannot be read"),
        (
            Some(b"id,city\n".to_vec()),
            "is no database in the MaxMind DB format",
        ),
        (
            Some(file("Test-Country", &[])),
            "is a database of the kind `Test-Country`",
        ),
    ] {
        let add = |folder: &std::path::Path, settings: String| {
            let path = folder.join("city.mmdb");
            if let Some(bytes) = bytes {
                std::fs::write(&path, bytes).expect("a file");
            }
            format!("{settings}[geo]\nfile = {path:?}\n")
        };
        let house = House::start_with(TestDatabase::sqlite(), add).await;
        let checked = house.command(&["check-config"]);
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(
            said.contains("warning: geo.file: ") && said.contains(told),
            "{said}"
        );
    }
}
