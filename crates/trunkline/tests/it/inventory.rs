//! What the owner of numbers is told: leaked numbers, where a number is in its life, how large a pool should be.

use reqwest::Method;
use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_sim::carrier::{Behaviour, DialPlan};
use trunkline_store::testing::TestDatabase;

use crate::calls::{plan, ready};
use crate::house::{House, Site};

/// The inventory's entry of a number.
async fn entry(house: &House, number: &str) -> Value {
    let all = house.get("/api/v1/numbers").await;
    let items = all["items"].as_array().expect("numbers");
    let own = items.iter().find(|n| n["number"] == number);
    own.cloned().expect("the number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_strangers_call_is_told_as_leaked_and_becomes_a_static_one() {
    let (house, carrier, site, number) = ready(Behaviour::Busy).await;
    for caller in 0..5 {
        let strange = DialPlan {
            from: PhoneNumber::from_digits(12_145_551_200 + caller),
            ..plan(&number, "+12145551200")
        };
        let call = carrier.dial(strange).await.expect("a call");
        assert!(!call.answered().await);
    }
    house.calls_ended(5).await;
    let told = entry(&house, &number).await;
    assert_eq!(told["callers_30d"], 5, "{told}");
    assert_eq!(told["strangers_30d"], 5, "{told}");
    assert_eq!(told["leaked"], true, "{told}");

    let path = format!(
        "/api/v1/numbers/{}/make-static",
        told["id"].as_str().expect("an id")
    );
    let nameless = house
        .send_as(
            house.cookie(),
            Method::POST,
            &path,
            Some(json!({"label": " "})),
        )
        .await;
    assert_eq!(nameless.status(), 422);
    let made = house.post(&path, json!({"label": "Yelp"})).await;
    assert_eq!(
        (&made["kind"], &made["label"]),
        (&json!("static"), &json!("Yelp"))
    );
    assert_eq!(
        (&made["pool"], &made["leaked"]),
        (&Value::Null, &json!(false))
    );
    // It is shown to nobody any more, and its calls have the name.
    let answer = house.assign(&site, "/", None, json!({})).await;
    assert_eq!(answer["numbers"], json!([]));
    let call = carrier
        .dial(plan(&number, "+12145551300"))
        .await
        .expect("a call");
    assert!(!call.answered().await);
    house.calls_ended(6).await;
    let id = house.newest_ended_call().await;
    let call = house.get(&format!("/api/v1/calls/{id}")).await;
    assert_eq!(call["source"]["source"], "Yelp", "{call}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_not_shown_while_it_warms_up_or_is_in_quarantine_and_takes_no_calls_once_released()
 {
    let (house, carrier, site, number) = ready(Behaviour::Busy).await;
    let id = entry(&house, &number).await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/api/v1/numbers/{id}");
    let shown = || async {
        let answer = house.assign(&site, "/", None, json!({})).await;
        answer["numbers"] != json!([])
    };
    let stage = |word: &'static str| {
        let path = path.clone();
        let house = &house;
        async move {
            let body = Some(json!({"stage": word}));
            house
                .send_as(house.cookie(), Method::PATCH, &path, body)
                .await
        }
    };
    assert!(shown().await);
    for word in ["warming", "quarantine"] {
        assert!(stage(word).await.status().is_success());
        assert!(!shown().await, "{word}");
        assert_eq!(entry(&house, &number).await["stage"], word);
    }
    // In quarantine it still rings; somebody called, so its release needs a second word.
    let call = carrier
        .dial(plan(&number, "+12145551200"))
        .await
        .expect("a call");
    assert_eq!(call.ended().await.status, Some(486));
    house.calls_ended(1).await;
    let refused = stage("released").await;
    assert_eq!(refused.status(), 409);
    let problem = refused.text().await.expect("a problem");
    assert!(problem.contains("1 call within 90 days"), "{problem}");
    house
        .api(
            Method::PATCH,
            &path,
            Some(json!({"stage": "released", "insist": true})),
        )
        .await;
    let call = carrier
        .dial(plan(&number, "+12145551200"))
        .await
        .expect("a call");
    assert_eq!(call.ended().await.status, Some(404));
    assert_eq!(stage("quarantine").await.status(), 422);
    assert!(stage("in_use").await.status().is_success());
    assert!(shown().await);
}

/// A house behind a proxy that is believed, with a site whose pool has so many numbers.
async fn behind_a_proxy(numbers: usize) -> (House, Site, String) {
    let believed = "[http]\ntrusted_proxies = [\"127.0.0.1/32\"]\n";
    let change = |_: &_, settings: String| settings.replace("[http]\n", believed);
    let house = House::start_with(TestDatabase::sqlite(), change).await;
    let site = house.add_site().await;
    let trunk = house
        .add_trunk("127.0.0.1:9".parse().expect("an address"))
        .await;
    house.add_pool(&site, &trunk, numbers).await;
    let pools = house.get("/api/v1/pools").await;
    let pool = pools["items"][0]["id"].as_str().expect("a pool").to_owned();
    (house, site, pool)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_pretends_to_be_many_visitors_empties_no_pool_and_the_owner_sees_its_network()
{
    let (house, site, pool) = behind_a_proxy(20).await;
    let mut given = 0;
    for host in 1..=60 {
        let answer = house
            .assign_from(&format!("203.0.113.{host}"), &site, "", None)
            .await;
        given += usize::from(answer["kind"] == "pool");
    }
    assert!(given < 20, "one network got all the numbers");
    let answer = house.assign_from("198.51.100.7", &site, "", None).await;
    assert_eq!(answer["kind"], "pool", "another network: {answer}");
    let told = house.get(&format!("/api/v1/pools/{pool}")).await;
    assert_eq!(told["turned_away"]["network"], "203.0.113.0/24", "{told}");
    assert_eq!(told["turned_away"]["times"], 60 - given, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_sent_again_with_ever_new_clicks_starts_no_more_sessions_than_strangers_do()
{
    let (house, site, _) = behind_a_proxy(1).await;
    let from = "203.0.113.9";
    let first = house.assign_from(from, &site, "?gclid=a", None).await;
    let token = first["token"].as_str().expect("a token");
    // The limit is 600 at once; any machine sends more of them than the ten a second that come back.
    let mut refused = false;
    for click in 0..5_000 {
        let query = format!("?gclid=b{click}");
        let answer = house.assign_from(from, &site, &query, Some(token)).await;
        refused = answer["token"].is_null();
        if refused {
            break;
        }
    }
    assert!(refused);
    let other = house.assign_from("198.51.100.7", &site, "", None).await;
    assert!(other["token"].is_string(), "somebody else: {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_runs_short_is_advised_to_grow() {
    let (house, _carrier, site, _) = ready(Behaviour::Busy).await;
    let pools = house.get("/api/v1/pools").await;
    let pool = pools["items"][0]["id"].as_str().expect("a pool").to_owned();
    let advice = |price: &str| {
        let path = format!("/api/v1/pools/{pool}/advice{price}");
        let house = &house;
        async move { house.get(&path).await }
    };
    let early = advice("").await;
    assert_eq!(
        (&early["enough"], &early["proposal"]),
        (&json!(false), &Value::Null)
    );
    // Sixty people come within seconds; the pool of one serves the first alone, the others see the overflow number.
    let trunk = house.get("/api/v1/trunks").await["items"][0]["id"].clone();
    let body = json!({"number": "+12145550177", "kind": "source", "pool": pool, "trunk": trunk, "business_line": "+12145550100"});
    house.post("/api/v1/numbers", body).await;
    for _ in 0..60 {
        let answer = house.assign(&site, "/", None, json!({})).await;
        let token = answer["token"].as_str().expect("a token");
        assert!(house.shown(&site, token).await.is_success());
    }
    let told = advice("?price_micros=1500000").await;
    assert_eq!(
        (&told["visits"], &told["enough"]),
        (&json!(60), &json!(true)),
        "{told}"
    );
    assert_eq!(
        (&told["size"], &told["proposal"]),
        (&json!(1), &json!("grow")),
        "{told}"
    );
    assert_eq!(
        (&told["by"], told["missing"].as_u64() > Some(10)),
        (&json!(1), true),
        "{told}"
    );
    let sizes = told["sizes"].as_array().expect("sizes");
    assert!(sizes.len() > 4, "{told}");
    for size in sizes {
        let cost = size["numbers"].as_i64().expect("a size") * 1_500_000;
        assert_eq!(size["monthly_cost_micros"], cost);
    }
    let overflow = |index: usize| sizes[index]["overflow"].as_f64().expect("a share");
    assert!(
        overflow(0) > 0.9 && overflow(sizes.len() - 1) < 0.01,
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_stood_in_a_block_goes_into_no_pool_while_pages_may_show_it() {
    let (mut house, carrier, site, pooled) = ready(Behaviour::Busy).await;
    let pool = entry(&house, &pooled).await["pool"]["id"].clone();
    let flyer = "+14695550177";
    let trunk = entry(&house, &pooled).await["trunk"]["id"].clone();
    let added = house
        .post(
            "/api/v1/numbers",
            json!({"number": flyer, "trunk": trunk, "business_line": "+12142345678", "kind": "source",
                "site": site.id, "source": {"channel": "email"}}),
        )
        .await;
    let path = format!("/api/v1/numbers/{}", added["id"].as_str().expect("an id"));
    let into_pool = || async {
        let body = json!({"kind": "pool", "pool": pool});
        house
            .send_as(house.cookie(), Method::PATCH, &path, Some(body))
            .await
    };
    assert_eq!(added["held"], Value::Null, "no page told of it yet");
    // A page tells that it carries the block with the number.
    let version = house.get(&format!("/api/v1/sites/{}", site.id)).await["config_version"].clone();
    house.assign(&site, "/", None, json!({"c": version})).await;
    let told = entry(&house, flyer).await;
    // Unless source numbers win, a pool for everybody keeps the number out of the block.
    assert_eq!(told["held"], Value::Null, "{told}");
    let wins = json!({"source_numbers_win": true});
    house
        .api(
            Method::PATCH,
            &format!("/api/v1/sites/{}", site.id),
            Some(wins),
        )
        .await;
    let version = house.get(&format!("/api/v1/sites/{}", site.id)).await["config_version"].clone();
    assert_eq!(entry(&house, flyer).await["held"], Value::Null);
    house.assign(&site, "/", None, json!({"c": version})).await;
    let told = entry(&house, flyer).await;
    assert_eq!(told["held"]["in_block"], true, "{told}");
    assert_eq!(told["held"]["site"]["id"], json!(site.id));

    let refused = into_pool().await;
    assert_eq!(refused.status(), 422);
    let problem = refused.text().await.expect("a problem");
    assert!(
        problem.contains("still show this number to everybody"),
        "{problem}"
    );

    // Out of the block it is held on, also after a restart; then no newer copy shows it.
    house
        .api(Method::PATCH, &path, Some(json!({"stage": "quarantine"})))
        .await;
    for restart in [false, true] {
        if restart {
            house.kill();
            house.start_again().await;
        }
        let held = entry(&house, flyer).await["held"].clone();
        assert_eq!(held["in_block"], false, "{held}");
        let (seen, until) = (held["seen_at"].as_i64(), held["until_at"].as_i64());
        let days = until.expect("an end") - seen.expect("a page");
        assert_eq!(days, 30 * 86_400_000);
    }
    let body = json!({"kind": "pool", "pool": pool, "stage": "in_use"});
    let refused = house
        .send_as(house.cookie(), Method::PATCH, &path, Some(body))
        .await;
    assert_eq!(refused.status(), 422);
    let release = |body: Value| {
        let (house, path) = (&house, &path);
        async move {
            house
                .send_as(house.cookie(), Method::PATCH, path, Some(body))
                .await
        }
    };
    let refused = release(json!({"stage": "released"})).await;
    assert_eq!(refused.status(), 409);
    let problem = refused.text().await.expect("a problem");
    assert!(problem.contains("Copies of the block"), "{problem}");
    let released = release(json!({"stage": "released", "insist": true})).await;
    assert!(released.status().is_success());
    // Whoever insists knows better than what pages told.
    let mut body = json!({"kind": "pool", "pool": pool, "stage": "in_use"});
    let refused = release(body.clone()).await;
    assert_eq!(refused.status(), 422);
    body["insist"] = json!(true);
    let taken = release(body).await;
    assert!(taken.status().is_success());
    carrier.stop().await;
}
