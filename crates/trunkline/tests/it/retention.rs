//! How long recordings are kept, in the whole program: a campaign says it over the API, the job deletes, and the call says why.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_core::base::id::CallId;
use trunkline_store::db::{Db, DbOptions, Expect, Location, Statement, Transaction};
use trunkline_store::schema::MIGRATIONS;

use crate::house::House;
use crate::routing::{ANSWERS, BUSY, Sale};

const DAY_MS: i64 = 86_400_000;

/// Lets recordings of a call be so many days older.
const AGE: Statement = Statement {
    name: "test.AGE_RECORDING",
    sql: "UPDATE recording SET started_at = started_at - $2 WHERE call = $1",
};

async fn age(house: &House, call: &str, days: i64) {
    let location = Location::parse(&house.database_url()).expect("a location");
    let db = Db::open(&location, DbOptions::default(), MIGRATIONS).await;
    let db = db.expect("a database");
    let call = CallId::parse(call).expect("an id").raw();
    let values = vec![call.into(), (days * DAY_MS).into()];
    let older = Transaction::new().step(AGE, values, Expect::Rows(1));
    db.submit(older).await.expect("written");
    db.close().await;
}

async fn sound(house: &House, call: &str) -> StatusCode {
    let path = format!("/api/v1/calls/{call}/recording");
    let answer = house.send_as(house.cookie(), Method::GET, &path, None);
    answer.await.status()
}

/// Sound files in the data folder of the server.
fn files(house: &House) -> usize {
    let mut folders = vec![house.data().join("recordings")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += usize::from(path.extension().is_some_and(|kind| kind == "wav"));
            }
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_of_a_campaigns_calls_are_kept_as_it_says_and_the_call_says_why_one_is_gone() {
    let terms = [json!({}), json!({}), json!({})];
    let phones = [(ANSWERS, None), (BUSY, None), (BUSY, None)];
    let mut sale = Sale::open("waterfall", terms, phones).await;
    let mut calls = Vec::new();
    for from in 0..2 {
        let caller = sale.dial(from).await;
        assert!(caller.answered().await && caller.hears(1_000).await);
        caller.hang_up();
        sale.house.calls_ended(from + 1).await;
        calls.push(sale.house.newest_ended_call().await);
    }
    let house = &mut sale.house;
    let campaigns = house.get("/api/v1/campaigns").await;
    let campaign = &campaigns["items"][0];
    let path = format!(
        "/api/v1/campaigns/{}",
        campaign["id"].as_str().expect("an id")
    );
    assert_eq!(campaign["recordings"], json!({"keep": "as_account"}));
    for rules in [
        json!({"keep": {"days": 30}}),
        json!({"keep": "for_ever"}),
        json!({"keep": {"days": 7}}),
    ] {
        let body = json!({"recordings": rules});
        let changed = house.api(Method::PATCH, &path, Some(body)).await;
        assert_eq!(changed["recordings"], rules);
        assert_eq!(house.get(&path).await["recordings"], rules);
    }
    assert_eq!(files(house), 2);

    // The account keeps for ever; the campaign seven days. The job runs at the start.
    age(house, &calls[0], 8).await;
    age(house, &calls[1], 6).await;
    house.kill();
    house.start_again().await;
    let path = |call: &str| format!("/api/v1/calls/{call}");
    let gone = |call: &Value| call["recording"]["state"] == "deleted";
    let first = house.until(&path(&calls[0]), gone).await;
    let recording = &first["recording"];
    assert_eq!(
        recording["deleted_because"],
        "after 7 days, as the campaign Solar says"
    );
    let at = recording["deleted_at"].as_i64().expect("a time");
    let began = first["started_at"].as_i64().expect("a time");
    assert!(at >= began, "{first}");
    assert_eq!(first["result"], "answered", "the call is kept");
    let second = house.get(&path(&calls[1])).await;
    assert_eq!(second["recording"]["state"], "complete", "{second}");
    assert_eq!(second["recording"]["deleted_because"], Value::Null);
    assert_eq!(files(house), 1);
    assert_eq!(sound(house, &calls[0]).await, StatusCode::NOT_FOUND);
    assert_eq!(sound(house, &calls[1]).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_to_is_refused_at_its_field() {
    let house = House::start().await;
    let campaign = house
        .post("/api/v1/campaigns", json!({"name": "Solar"}))
        .await;
    let path = format!(
        "/api/v1/campaigns/{}",
        campaign["id"].as_str().expect("an id")
    );
    for (rules, field, says) in [
        (
            json!({"keep": {"days": 0}}),
            "recordings.keep.days",
            "write 1 to 3650",
        ),
        (
            json!({"keep": {"days": 3_651}}),
            "recordings.keep.days",
            "write 1 to 3650",
        ),
        (json!({"keep": {"days": -1}}), "recordings.keep.days", "u32"),
        (json!({"keep": "never"}), "recordings.keep", "`for_ever`"),
        (json!({"days": 30}), "recordings.days", "expected `keep`"),
        (json!(30), "recordings", "struct"),
    ] {
        for (method, path) in [
            (Method::PATCH, path.as_str()),
            (Method::POST, "/api/v1/campaigns"),
        ] {
            let body = json!({"name": "Roofs", "recordings": rules});
            let answer = house
                .send_as(house.cookie(), method, path, Some(body))
                .await;
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{rules}");
            let problem: Value = answer.json().await.expect("a problem");
            assert_eq!(problem["field"], field, "{problem}");
            assert!(
                problem["detail"].as_str().expect("words").contains(says),
                "{problem}"
            );
        }
    }
    assert_eq!(
        house.get(&path).await["recordings"],
        json!({"keep": "as_account"})
    );
    let made = json!({"name": "Roofs", "recordings": {"keep": {"days": 3_650}}});
    let made = house.post("/api/v1/campaigns", made).await;
    assert_eq!(made["recordings"], json!({"keep": {"days": 3_650}}));
}
