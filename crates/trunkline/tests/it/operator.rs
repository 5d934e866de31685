//! What an operator does with the whole: a backup that is put back, and a move to the other database.

use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_sim::carrier::Behaviour;
use trunkline_store::testing::TestDatabase;

use crate::calls::{dial, ready};
use crate::house::House;

fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    told(output)
}

/// A house with one recorded call; the call.
async fn with_a_call() -> (House, Value) {
    let (house, carrier, site, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let answer = house.assign(&site, "/?gclid=x", None, json!({})).await;
    let token = answer["token"].as_str().expect("a token");
    assert!(house.shown(&site, token).await.is_success());
    let caller = dial(&carrier, &number).await;
    assert!(caller.answered().await && caller.hears(1_000).await);
    caller.hang_up();
    let id = house.newest_ended_call().await;
    let call = house.get(&format!("/api/v1/calls/{id}")).await;
    assert!(call["recording"].is_object(), "{call}");
    (house, call)
}

/// The recording of a call, as a browser fetches it.
async fn recording(house: &House, call: &Value) -> Vec<u8> {
    let path = format!(
        "/api/v1/calls/{}/recording",
        call["id"].as_str().expect("an id")
    );
    let answer = house
        .send_as(house.cookie(), Method::GET, &path, None)
        .await;
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.bytes().await.expect("sound").to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_brings_back_calls_recordings_and_settings() {
    let (mut house, call) = with_a_call().await;
    let sound = recording(&house, &call).await;
    let sites = house.get("/api/v1/sites").await;
    let kept = tempfile::TempDir::new().expect("a folder");
    let kept = kept.path().join("backup");
    let to = |path: &Path| path.to_string_lossy().into_owned();
    done(&house.command(&["backup", &to(&kept)]));
    let again = house.command(&["backup", &to(&kept)]);
    assert!(!again.status.success(), "a backup is never written over");

    let refused = house.command(&["restore", &to(&kept)]);
    assert!(
        told(&refused).contains("a server runs"),
        "{}",
        told(&refused)
    );
    house.kill();
    let refused = house.command(&["restore", &to(&kept)]);
    assert!(
        told(&refused).contains("holds a database already"),
        "{}",
        told(&refused)
    );
    std::fs::remove_dir_all(house.data()).expect("the data folder is lost");
    done(&house.command(&["restore", &to(&kept)]));
    std::fs::write(house.data().join("started"), "").expect("a mark");
    house.start_again().await;
    let id = call["id"].as_str().expect("an id");
    assert_eq!(house.get(&format!("/api/v1/calls/{id}")).await, call);
    assert_eq!(
        house.get("/api/v1/sites").await["items"][0]["key"],
        sites["items"][0]["key"]
    );
    assert_eq!(recording(&house, &call).await, sound);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_copied_to_the_other_database_and_the_server_goes_on_there() {
    let (mut house, call) = with_a_call().await;
    let target = TestDatabase::postgres().await;
    let refused = house.command(&["db", "copy", "--to", &target.url]);
    assert!(
        told(&refused).contains("a server runs"),
        "{}",
        told(&refused)
    );
    house.kill();
    let copied = done(&house.command(&["db", "copy", "--to", &target.url]));
    assert!(copied.contains("copied and compared"), "{copied}");
    let twice = house.command(&["db", "copy", "--to", &target.url]);
    assert!(!twice.status.success(), "only into an empty database");
    house.move_to(target);
    house.start_again().await;
    assert_eq!(house.database(), "postgres");
    let id = call["id"].as_str().expect("an id");
    assert_eq!(house.get(&format!("/api/v1/calls/{id}")).await, call);
}
