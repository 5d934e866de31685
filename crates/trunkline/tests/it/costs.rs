//! What minutes cost: rate cards of trunks through the API, calls over SIP and webhooks with their cost on the books, the
//! limit of money for a day, and what a kill leaves of it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use trunkline_sim::carrier::{Behaviour, Carrier, Why};
use trunkline_store::testing::TestDatabase;

use crate::calls::{self, dial, furnish, ready};
use crate::carrier_side::{CarrierSide, next};
use crate::house::House;

/// An hour is counted of every leg that is answered, however long a test takes: callers' legs cost 0.36, dialled ones 0.72.
pub(crate) fn by_the_hour() -> Value {
    let rate = |per_minute_micros: i64| json!({"per_minute_micros": per_minute_micros, "first_s": 3600, "next_s": 1});
    let mut north_america = rate(12_000);
    north_america["prefix"] = json!("+1");
    json!({"inbound": rate(6_000), "prefixes": [north_america]})
}

/// Gives every trunk a rate card.
pub(crate) async fn price(house: &House, card: &Value) {
    let trunks = house.get("/api/v1/trunks").await;
    for trunk in trunks["items"].as_array().expect("trunks") {
        let path = format!("/api/v1/trunks/{}", trunk["id"].as_str().expect("an id"));
        let body = Some(json!({"rate_card": card}));
        house.api(Method::PATCH, &path, body).await;
    }
}

/// That the books and everything else add up, once the server is no more.
fn adds_up(house: &mut House) {
    house.kill();
    let verified = house.command(&["db", "verify"]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    let more = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success(), "{said}{more}");
    assert!(said.contains("agree"), "{said}");
}

async fn newest(house: &House) -> Value {
    let id = house.newest_ended_call().await;
    house.get(&format!("/api/v1/calls/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_card_is_kept_refused_with_its_field_and_removed() {
    let (house, carrier, _, _) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let trunk = house.get("/api/v1/trunks").await["items"][0].clone();
    assert_eq!(trunk["rate_card"], Value::Null);
    let path = format!("/api/v1/trunks/{}", trunk["id"].as_str().expect("an id"));
    let put = async |card: Value| {
        let body = Some(json!({"rate_card": card}));
        let answer = house
            .send_as(house.cookie(), Method::PATCH, &path, body)
            .await;
        let status = answer.status();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    let (_, saved) = put(by_the_hour()).await;
    let shown = saved["rate_card"].clone();
    assert_eq!(shown["currency"], "USD", "{saved}");
    assert_eq!(shown["inbound"]["per_minute_micros"], 6_000);
    assert_eq!(
        (&shown["outbound"], &shown["prefixes"][0]["prefix"]),
        (&Value::Null, &json!("+1"))
    );
    assert_eq!(house.get(&path).await["rate_card"], shown);

    let rate = json!({"per_minute_micros": 6_000, "first_s": 6, "next_s": 6});
    for (card, field) in [
        (json!({"currency": "dollars"}), "rate_card.currency"),
        (
            json!({"inbound": {"per_minute_micros": -1, "first_s": 6, "next_s": 6}}),
            "rate_card.inbound",
        ),
        (
            json!({"outbound": {"per_minute_micros": 1, "first_s": 0, "next_s": 6}}),
            "rate_card.outbound",
        ),
        (
            json!({"prefixes": [{"prefix": "011", "per_minute_micros": 1, "first_s": 6, "next_s": 6}]}),
            "rate_card.prefixes",
        ),
    ] {
        let (status, told) = put(card.clone()).await;
        assert_eq!(
            (status, &told["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{card}: {told}"
        );
    }
    // A trunk of one account has its currency.
    let body = Some(json!({"shared": false, "rate_card": {"currency": "EUR", "inbound": rate}}));
    let refused = house
        .send_as(house.cookie(), Method::PATCH, &path, body)
        .await;
    let told: Value = refused.json().await.expect("JSON");
    assert_eq!(told["field"], "rate_card.currency", "{told}");
    assert_eq!(
        house.get(&path).await["rate_card"],
        shown,
        "what is refused changes nothing"
    );

    // Who is not the operator writes none.
    let member = house.add_user("owner@other.example", &[]).await;
    let body = Some(json!({"rate_card": {}}));
    let refused = house.send_as(&member, Method::PATCH, &path, body).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let (_, removed) = put(json!({})).await;
    assert_eq!(removed["rate_card"], Value::Null);
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_tells_what_its_minutes_cost_and_the_books_agree() {
    let (mut house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    let caller = dial(&carrier, &number).await;
    assert!(caller.answered().await);
    caller.hang_up();
    let unpriced = newest(&house).await;
    assert_eq!(unpriced["cost"], Value::Null, "not nothing: nobody knows");

    price(&house, &by_the_hour()).await;
    let caller = dial(&carrier, &number).await;
    assert!(caller.answered().await && caller.hears(500).await);
    caller.hang_up();
    house.calls_ended(2).await;
    let call = newest(&house).await;
    let cost = &call["cost"];
    assert_eq!(
        (&cost["micros"], &cost["currency"], &cost["whole"]),
        (&json!(1_080_000), &json!("USD"), &json!(true)),
        "{call}"
    );
    let legs = cost["legs"].as_array().expect("legs");
    let mut told: Vec<_> = legs
        .iter()
        .map(|leg| (leg["to_display"].is_null(), leg["micros"].as_i64()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [(false, Some(720_000)), (true, Some(360_000))]);
    assert!(
        legs.iter()
            .all(|leg| leg["connected_ms"].as_i64() > Some(0)),
        "{cost}"
    );
    adds_up(&mut house);
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_webhook_costs_what_its_carrier_says_it_lasted() {
    let mut side = CarrierSide::start().await;
    let rate = |per_minute_micros: i64, step: u16| json!({"per_minute_micros": per_minute_micros, "first_s": step, "next_s": step});
    price(
        &side.house,
        &json!({"inbound": rate(6_000, 6), "outbound": rate(12_000, 60)}),
    )
    .await;
    let document = side.call("CA1").await;
    let done = [
        ("CallSid", "CA1"),
        ("CallStatus", "in-progress"),
        ("DialCallStatus", "completed"),
        ("DialCallDuration", "61"),
    ];
    side.ask(&next(&document), &done).await;
    let story = side.ended().await;
    assert_eq!(story["talk_seconds"], 61, "{story}");
    // 66 s of 0.006 a minute, two minutes of 0.012.
    assert_eq!(story["cost"]["micros"], 30_600, "{story}");
    adds_up(&mut side.house);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_the_day_has_an_end_that_a_restart_does_not_move() {
    let (mut house, carrier, _, number) = ready(Behaviour::Answer { after_ms: 0 }).await;
    price(&house, &by_the_hour()).await;
    let settings = "/api/v1/settings/account";
    assert_eq!(
        house.get(settings).await["daily_spend_max_micros"],
        Value::Null
    );
    let limit = async |house: &House, micros: i64| {
        let body = Some(json!({"daily_spend_max_micros": micros}));
        house
            .send_as(house.cookie(), Method::PATCH, settings, body)
            .await
            .status()
    };
    for wrong in [-1, 1_000_000_000_001] {
        assert_eq!(limit(&house, wrong).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    // Two calls cost 0.72 each when they are dialled: after the second one 1.00 is spent.
    assert!(limit(&house, 1_000_000).await.is_success());
    for n in 1..=2 {
        let caller = dial(&carrier, &number).await;
        assert!(caller.answered().await, "call {n}");
        caller.hang_up();
        house.calls_ended(n).await;
    }
    let refused = async |house: &House, carrier: &Carrier, ended: usize| {
        let ending = dial(carrier, &number).await.ended().await;
        assert_eq!((ending.why, ending.status), (Why::Refused, Some(603)));
        house.calls_ended(ended).await;
        newest(house).await
    };
    let call = refused(&house, &carrier, 3).await;
    assert_eq!(call["result"], "refused");
    let reason = "the account has spent 1.44 USD on outgoing calls today, and 1.00 USD is the most for a day";
    assert_eq!(call["attempts"][0]["refusal"], reason, "{call}");
    assert_eq!(call["cost"]["micros"], 0, "nobody answered");
    let alarms = house.get("/api/v1/alarms").await;
    assert_eq!(alarms["items"][0]["rule"], "money_spent", "{alarms}");

    house.kill();
    house.start_again().await;
    // It listens somewhere else now; calls still go out to the first.
    let next = calls::carrier(house.sip, Behaviour::Answer { after_ms: 0 }).await;
    let call = refused(&house, &next, 4).await;
    assert_eq!(
        call["attempts"][0]["refusal"], reason,
        "read from the store"
    );
    // Raised, and taken away.
    for (n, micros) in [(5, 2_000_000), (6, 0)] {
        assert!(limit(&house, micros).await.is_success());
        let caller = dial(&next, &number).await;
        assert!(caller.answered().await, "up to {micros}");
        caller.hang_up();
        house.calls_ended(n).await;
    }
    next.stop().await;
    carrier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_nor_doubles_what_minutes_cost_on_sqlite() {
    survive(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_neither_loses_nor_doubles_what_minutes_cost_on_postgres() {
    survive(TestDatabase::postgres().await).await;
}

/// One call ended, another talks beyond a sign of life, which comes every 5 s.
async fn survive(database: TestDatabase) {
    let house = House::start_on(database).await;
    let (mut house, carrier, _, number) = furnish(house, Behaviour::Answer { after_ms: 0 }).await;
    price(&house, &by_the_hour()).await;
    let caller = dial(&carrier, &number).await;
    assert!(caller.answered().await);
    caller.hang_up();
    house.calls_ended(1).await;
    let talks = dial(&carrier, &number).await;
    assert!(talks.hears(6_500).await, "long enough for a sign of life");
    house.kill();
    house.die_while_starting("");
    house.die_while_starting("closed what the last process left open");
    house.start_again().await;
    house.calls_ended(2).await;
    let calls = house.get("/api/v1/calls").await;
    for call in calls["items"].as_array().expect("calls") {
        let path = format!("/api/v1/calls/{}", call["id"].as_str().expect("an id"));
        let call = house.get(&path).await;
        assert_eq!(call["cost"]["micros"], 1_080_000, "{call}");
        assert_eq!(
            call["cost"]["legs"].as_array().map(Vec::len),
            Some(2),
            "{call}"
        );
    }
    adds_up(&mut house);
    carrier.stop().await;
}
