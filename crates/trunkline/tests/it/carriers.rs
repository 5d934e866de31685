//! Numbers from a carrier, through the API: connected, searched, bought once, pointed at us, given back.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use trunkline_sim::number_shop::{ACCOUNT, ACCOUNT_NAME, KEY, Manner, NumberShop, Stock};
use trunkline_store::testing::TestDatabase;

use crate::house::{BUSINESS_LINE, House};

const WANTED: &str = "+12145550701";

struct World {
    house: House,
    shop: NumberShop,
    trunk: String,
}

impl World {
    /// A house whose trunk has an account at a carrier on loopback.
    async fn new(dialect: &str) -> Self {
        Self::on(TestDatabase::sqlite(), dialect).await
    }

    async fn on(database: TestDatabase, dialect: &str) -> Self {
        let house = House::start_with(database, |_, settings| {
            settings.replace("[http]\n", "[http]\nwebhooks_loopback = true\n")
        })
        .await;
        let stock = vec![
            Stock::local(WANTED, "Dallas", "TX"),
            Stock::local("+12145550702", "Dallas", "TX"),
        ];
        let shop = NumberShop::open(stock).await.expect("a shop");
        let trunk = json!({"name": "Carrier", "addresses": ["127.0.0.1"], "shared": false});
        let trunk = house.post("/api/v1/trunks", trunk).await;
        let trunk = trunk["id"].as_str().expect("an id").to_owned();
        let world = Self { house, shop, trunk };
        world.connect(dialect).await;
        world
    }

    async fn connect(&self, dialect: &str) {
        let body = json!({"dialect": dialect, "account_sid": ACCOUNT, "api_key": KEY,
            "api_url": self.shop.url(), "sip_connection": "sip-9"});
        let path = format!("/api/v1/trunks/{}/carrier", self.trunk);
        let told = self.house.api(Method::PUT, &path, Some(body)).await;
        assert!(!told.to_string().contains(KEY), "{told}");
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Response {
        let house = &self.house;
        house
            .send_as(house.cookie(), method, path, Some(body))
            .await
    }

    async fn offer(&self, number: &str) -> Value {
        let wanted = json!({"trunk": self.trunk, "number": number, "kind": "local",
            "business_line": BUSINESS_LINE, "label": "Flyer"});
        self.house.post("/api/v1/purchases", wanted).await
    }

    async fn confirm(&self, offer: &Value, said: Value) -> (StatusCode, Value) {
        let path = format!(
            "/api/v1/purchases/{}/confirm",
            offer["id"].as_str().expect("an id")
        );
        let answer = self.send(Method::POST, &path, said).await;
        (answer.status(), answer.json().await.expect("JSON"))
    }

    async fn bought(&self, number: &str) -> Value {
        let offer = self.offer(number).await;
        let (status, told) = self.confirm(&offer, repeated(&offer)).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        self.house
            .get(&format!(
                "/api/v1/numbers/{}",
                told["tracking_number"].as_str().expect("an id")
            ))
            .await
    }
}

fn repeated(offer: &Value) -> Value {
    json!({"number": offer["number"], "monthly_micros": offer["monthly_micros"], "currency": offer["currency"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_bought_at_the_price_that_was_repeated_and_at_no_other() {
    let [sqlite, postgres] = TestDatabase::both().await;
    for database in [sqlite, postgres] {
        let world = World::on(database, "twilio").await;
        let house = &world.house;
        let trunk = &world.trunk;
        let test = format!("/api/v1/trunks/{trunk}/carrier/test");
        let told = house.post(&test, json!({})).await;
        assert_eq!(told["account_name"], ACCOUNT_NAME);
        let offers = format!("/api/v1/trunks/{trunk}/carrier/offers?area_code=214&contains=0701");
        let offers = house.get(&offers).await;
        assert_eq!(offers["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(offers["items"][0]["number"], WANTED);
        assert_eq!(offers["items"][0]["monthly_micros"], 1_150_000);

        let offer = world.offer(WANTED).await;
        assert_eq!(offer["state"], "offered");
        assert_eq!(
            (&offer["monthly_micros"], &offer["currency"]),
            (&json!(1_150_000), &json!("USD"))
        );
        for (field, other) in [
            ("number", json!("+12145550702")),
            ("monthly_micros", json!(1_150_001)),
            ("monthly_micros", Value::Null),
            ("currency", json!("EUR")),
            ("currency", json!("")),
        ] {
            let mut said = repeated(&offer);
            said[field] = other;
            let (status, told) = world.confirm(&offer, said).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
            assert_eq!(told["field"], field, "{told}");
        }
        assert!(world.shop.sold().is_empty(), "nothing was bought");

        let (status, told) = world.confirm(&offer, repeated(&offer)).await;
        assert_eq!((status, &told["state"]), (StatusCode::OK, &json!("bought")));
        // Said again it is the same purchase.
        let (status, again) = world.confirm(&offer, repeated(&offer)).await;
        assert_eq!((status, again), (StatusCode::OK, told.clone()));
        assert_eq!(world.shop.times(&Method::POST, "/IncomingPhoneNumbers"), 1);

        let number = told["tracking_number"].as_str().expect("an id");
        let number = house.get(&format!("/api/v1/numbers/{number}")).await;
        assert_eq!(number["number"], WANTED);
        assert_eq!(
            (&number["label"], &number["kind"]),
            (&json!("Flyer"), &json!("static"))
        );
        assert_eq!(number["trunk"]["id"], *trunk);
        let cost = &number["cost"];
        assert_eq!(
            (
                &cost["monthly_micros"],
                &cost["setup_micros"],
                &cost["currency"]
            ),
            (&json!(1_150_000), &json!(0), &json!("USD"))
        );
        assert_eq!(world.shop.sold()[0].points["TrunkSid"], "sip-9");
        let listed = house.get("/api/v1/purchases").await;
        assert_eq!(listed["items"][0]["state"], "bought");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_a_webhook_trunk_is_pointed_at_our_webhook() {
    let world = World::new("twilio").await;
    let webhook = json!({"dialect": "twilio", "account_sid": ACCOUNT, "signing_key": "a-token"});
    let path = format!("/api/v1/trunks/{}/webhook", world.trunk);
    let none = world.house.get(&path).await;
    assert_eq!(none, Value::Null, "a trunk without one is no error");
    let webhook = world.house.api(Method::PUT, &path, Some(webhook)).await;
    assert_eq!(webhook["last_believed_at"], Value::Null);
    let number = world.bought(WANTED).await;
    let points = world.shop.sold()[0].points.clone();
    assert_eq!(json!(points["VoiceUrl"]), webhook["call_url"]);
    assert_eq!(json!(points["StatusCallback"]), webhook["status_url"]);
    // Somebody led it elsewhere at the carrier.
    world
        .shop
        .answer_next(Method::POST, "/IncomingPhoneNumbers/", Manner::Fails(500));
    let path = format!(
        "/api/v1/numbers/{}/point",
        number["id"].as_str().expect("an id")
    );
    let failed = world.send(Method::POST, &path, json!({})).await;
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);
    let pointed = world.send(Method::POST, &path, json!({})).await;
    assert_eq!(pointed.status(), StatusCode::NO_CONTENT);
    // Its carrier is Twilio, so its numbers cannot come from another.
    let other = json!({"dialect": "telnyx", "api_key": KEY, "api_url": world.shop.url()});
    let path = format!("/api/v1/trunks/{}/carrier", world.trunk);
    let refused = world.send(Method::PUT, &path, other).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_whose_numbers_come_from_a_carrier_takes_no_webhook_of_another() {
    let world = World::new("signalwire").await;
    let path = format!("/api/v1/trunks/{}/webhook", world.trunk);
    let webhook = |dialect: &str| {
        let body = json!({"dialect": dialect, "account_sid": ACCOUNT, "signing_key": "a-token"});
        world.send(Method::PUT, &path, body)
    };
    for other in ["twilio", "telnyx"] {
        let refused = webhook(other).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let told: Value = refused.json().await.expect("JSON");
        assert_eq!(told["field"], "dialect", "{told}");
        assert!(told["detail"].to_string().contains("signalwire"), "{told}");
    }
    assert_eq!(webhook("signalwire").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_held_at_a_carrier_moves_only_where_its_account_is() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let number = world.bought(WANTED).await;
    let path = format!("/api/v1/numbers/{}", number["id"].as_str().expect("an id"));
    let trunk = async |carrier: Option<&str>| {
        let trunk = json!({"name": "Other", "addresses": ["127.0.0.1"], "shared": false});
        let trunk = house.post("/api/v1/trunks", trunk).await;
        if let Some(account) = carrier {
            let body = json!({"dialect": "twilio", "account_sid": account, "api_key": KEY,
                "api_url": world.shop.url(), "sip_connection": "sip-9"});
            let id = trunk["id"].as_str().expect("an id");
            let carrier = format!("/api/v1/trunks/{id}/carrier");
            house.api(Method::PUT, &carrier, Some(body)).await;
        }
        trunk["id"].clone()
    };
    let moved = async |to: &Value| {
        let answer = world.send(Method::PATCH, &path, json!({"trunk": to})).await;
        let status = answer.status();
        let told: Value = answer.json().await.expect("JSON");
        (status, told)
    };
    for account in [None, Some("AC-another")] {
        let to = trunk(account).await;
        let (status, told) = moved(&to).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        assert_eq!(told["field"], "trunk", "{told}");
        assert_eq!(house.get(&path).await["trunk"]["id"], json!(world.trunk));
    }
    let same = trunk(Some(ACCOUNT)).await;
    let (status, told) = moved(&same).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["trunk"]["id"], same);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_whose_answer_is_lost_is_looked_up_and_never_made_twice() {
    for (dialect, path) in [
        ("twilio", "/IncomingPhoneNumbers"),
        ("telnyx", "/number_orders"),
    ] {
        let mut world = World::new(dialect).await;
        let offer = world.offer(WANTED).await;
        let posted = if dialect == "twilio" {
            "/IncomingPhoneNumbers"
        } else {
            "/number_orders"
        };
        world
            .shop
            .answer_next(Method::POST, path, Manner::BreaksOff);
        let (status, told) = world.confirm(&offer, repeated(&offer)).await;
        // The job that looks it up may have been there before.
        match told["state"].as_str() {
            Some("sending") => assert_eq!(status, StatusCode::ACCEPTED, "{told}"),
            _ => assert_eq!((status, &told["state"]), (StatusCode::OK, &json!("bought"))),
        }
        // Told again it stays the same purchase, and nobody else can begin another of this number.
        let (status, told) = world.confirm(&offer, repeated(&offer)).await;
        assert!(status.is_success(), "{told}");
        assert_eq!(world.shop.times(&Method::POST, posted), 1, "{dialect}");
        // The program dies before it looked; the next one finds out.
        world.house.kill();
        world.house.start_again().await;
        let purchase = format!("/api/v1/purchases/{}", offer["id"].as_str().expect("an id"));
        let known = world
            .house
            .until(&purchase, |p| p["state"] == "bought")
            .await;
        assert_eq!(known["monthly_micros"], offer["monthly_micros"]);
        let numbers = world.house.get("/api/v1/numbers").await;
        assert_eq!(numbers["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(numbers["items"][0]["number"], WANTED);
        assert_eq!(world.shop.times(&Method::POST, posted), 1, "{dialect}");
        assert_eq!(world.shop.sold().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_carrier_refuses_is_told_and_not_bought() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let offer = world.offer(WANTED).await;
    let path = "/IncomingPhoneNumbers";
    world
        .shop
        .answer_next(Method::POST, path, Manner::Busy { retry_after_s: 17 });
    let purchase = format!(
        "/api/v1/purchases/{}/confirm",
        offer["id"].as_str().expect("an id")
    );
    let busy = world.send(Method::POST, &purchase, repeated(&offer)).await;
    assert_eq!(busy.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(busy.headers()["retry-after"], "17");
    // What was refused is over; it is asked anew.
    let (status, told) = world.confirm(&offer, repeated(&offer)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    let said = told["detail"].as_str().unwrap_or_default();
    assert!(
        said.contains("not bought") && said.contains("look for another"),
        "{told}"
    );
    let path_of = format!("/api/v1/purchases/{}", offer["id"].as_str().expect("an id"));
    assert_eq!(house.get(&path_of).await["state"], "refused");
    assert_eq!(world.shop.times(&Method::POST, path), 1, "asked once");
    let offer = world.offer(WANTED).await;
    world
        .shop
        .answer_next(Method::POST, path, Manner::SoldMeanwhile);
    let (status, told) = world.confirm(&offer, repeated(&offer)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        told["detail"]
            .as_str()
            .is_some_and(|d| d.contains("meanwhile")),
        "{told}"
    );
    let wanted = json!({"trunk": world.trunk, "number": WANTED, "business_line": BUSINESS_LINE});
    let gone = world.send(Method::POST, "/api/v1/purchases", wanted).await;
    assert_eq!(gone.status(), StatusCode::CONFLICT);
    assert!(world.shop.sold().is_empty());
    assert_eq!(house.get("/api/v1/numbers").await["items"], json!([]));
    // A wrong key is told as such, and nothing of it is shown.
    let wrong = json!({"dialect": "twilio", "account_sid": ACCOUNT, "api_key": "wrong-one", "api_url": world.shop.url()});
    let carrier = format!("/api/v1/trunks/{}/carrier", world.trunk);
    house.api(Method::PUT, &carrier, Some(wrong)).await;
    let told = world
        .send(Method::POST, &format!("{carrier}/test"), json!({}))
        .await;
    assert_eq!(told.status(), StatusCode::BAD_GATEWAY);
    let told = told.text().await.expect("a body");
    assert!(
        told.contains("Authenticate") && !told.contains("wrong-one"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_carrier_is_kept_sealed_and_goes_nowhere_else() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let carrier = format!("/api/v1/trunks/{}/carrier", world.trunk);
    for path in [carrier.as_str(), "/api/v1/carriers", "/api/v1/trunks"] {
        let told = house.get(path).await.to_string();
        assert!(!told.contains(KEY), "{path}");
    }
    let elsewhere =
        json!({"dialect": "twilio", "account_sid": ACCOUNT, "api_url": "https://evil.example"});
    let refused = world.send(Method::PUT, &carrier, elsewhere).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused: Value = refused.json().await.expect("JSON");
    assert_eq!(refused["field"], "api_key", "{refused}");
    // At the same place it stays.
    let same = json!({"dialect": "twilio", "account_sid": ACCOUNT, "api_url": world.shop.url()});
    house.api(Method::PUT, &carrier, Some(same)).await;
    let told = house.post(&format!("{carrier}/test"), json!({})).await;
    assert_eq!(told["account_name"], ACCOUNT_NAME);
    for (change, field) in [
        (json!({"api_url": "https://a.example/path"}), "api_url"),
        (json!({"api_url": "https://u:p@a.example"}), "api_url"),
        (json!({"api_url": "ftp://a.example"}), "api_url"),
        (json!({"dialect": "other"}), "dialect"),
        (json!({"account_sid": ""}), "account_sid"),
        (json!({"dialect": "signalwire", "api_url": ""}), "api_url"),
        (
            json!({"own_price_micros": -1, "own_price_currency": "USD"}),
            "own_price",
        ),
        (
            json!({"own_price_micros": 1, "own_price_currency": "dollar"}),
            "own_price_currency",
        ),
    ] {
        let mut body = json!({"dialect": "twilio", "account_sid": ACCOUNT, "api_key": KEY});
        let fields = change.as_object().expect("fields").clone();
        body.as_object_mut().expect("an object").extend(fields);
        let answer = world.send(Method::PUT, &carrier, body).await;
        assert_eq!(
            answer.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{change}"
        );
        let told: Value = answer.json().await.expect("JSON");
        assert_eq!(told["field"], field, "{change}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_in_use_is_not_given_back_and_a_repeated_one_out_of_use_is() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let number = world.bought(WANTED).await;
    let path = format!("/api/v1/numbers/{}", number["id"].as_str().expect("an id"));
    let back = format!("{path}/give-back");
    let give = |said: &str| world.send(Method::POST, &back, json!({"number": said}));
    assert_eq!(give("").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        give("+12145550702").await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let refused = give(WANTED).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let told = refused.text().await.expect("a body");
    assert!(told.contains("static number"), "{told}");
    // Nor deleted behind the carrier's back.
    let deleted = world.send(Method::DELETE, &path, json!({})).await;
    assert_eq!(deleted.status(), StatusCode::CONFLICT);
    assert_eq!(world.shop.sold().len(), 1);

    let quiet = Some(json!({"stage": "quarantine"}));
    house.api(Method::PATCH, &path, quiet).await;
    // The carrier breaks off in the middle of it: done again it is done.
    world
        .shop
        .answer_next(Method::DELETE, "/IncomingPhoneNumbers", Manner::Fails(500));
    assert_eq!(give(WANTED).await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(house.get(&path).await["stage"], "quarantine");
    let given = give(WANTED).await;
    assert_eq!(given.status(), StatusCode::OK);
    let given: Value = given.json().await.expect("JSON");
    assert_eq!(given["stage"], "released");
    assert!(given["cost"]["given_back_at"].is_i64(), "{given}");
    assert!(world.shop.sold().is_empty());
    assert_eq!(give(WANTED).await.status(), StatusCode::CONFLICT, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_on_somebodys_screen_is_not_given_back() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let site = house.add_site().await;
    let number = world.bought(WANTED).await;
    let path = format!("/api/v1/numbers/{}", number["id"].as_str().expect("an id"));
    let shown = json!({"kind": "source", "site": site.id, "source": {"channel": "direct"}});
    house.api(Method::PATCH, &path, Some(shown)).await;
    let answer = house.assign(&site, "/", None, json!({})).await;
    let token = answer["token"].as_str().expect("a token");
    assert!(house.shown(&site, token).await.is_success());
    let quiet = Some(json!({"stage": "quarantine"}));
    house.api(Method::PATCH, &path, quiet).await;
    let said = json!({"number": WANTED});
    let refused = world
        .send(Method::POST, &format!("{path}/give-back"), said)
        .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let told = refused.text().await.expect("a body");
    assert!(told.contains("on the screen"), "{told}");
    assert_eq!(world.shop.sold().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_copies_of_a_block_show_is_not_given_back() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let site = house.add_site().await;
    let number = world.bought(WANTED).await;
    let path = format!("/api/v1/numbers/{}", number["id"].as_str().expect("an id"));
    let shown = json!({"kind": "source", "site": site.id, "source": {"channel": "organic_search"}});
    house.api(Method::PATCH, &path, Some(shown)).await;
    // A page of somebody else, which carries the block with the number.
    let version = house.get(&format!("/api/v1/sites/{}", site.id)).await["config_version"].clone();
    house.assign(&site, "/", None, json!({"c": version})).await;
    assert_eq!(house.get(&path).await["held"]["in_block"], true);
    let quiet = Some(json!({"stage": "quarantine"}));
    house.api(Method::PATCH, &path, quiet).await;
    let said = json!({"number": WANTED});
    let refused = world
        .send(Method::POST, &format!("{path}/give-back"), said)
        .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let told = refused.text().await.expect("a body");
    assert!(told.contains("seen on a page within 30 days"), "{told}");
    assert_eq!(world.shop.sold().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_spends_and_no_account_sees_anothers_purchases() {
    let world = World::new("twilio").await;
    let house = &world.house;
    let offer = world.offer(WANTED).await;
    let id = offer["id"].as_str().expect("an id");
    let owner = house
        .add_user("owner@example.com", &["--role", "owner"])
        .await;
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let operator = house
        .add_user("op@other.example", &["--account", "Other", "--operator"])
        .await;
    let trunk = &world.trunk;
    let carrier = format!("/api/v1/trunks/{trunk}/carrier");
    let confirm = format!("/api/v1/purchases/{id}/confirm");
    let close = format!("/api/v1/purchases/{id}/close");
    for (method, path) in [
        (Method::GET, "/api/v1/carriers".to_owned()),
        (Method::GET, carrier.clone()),
        (Method::PUT, carrier.clone()),
        (Method::DELETE, carrier.clone()),
        (Method::POST, format!("{carrier}/test")),
        (Method::GET, format!("{carrier}/offers")),
        (Method::GET, format!("{carrier}/numbers")),
        (Method::GET, "/api/v1/purchases".to_owned()),
        (Method::POST, "/api/v1/purchases".to_owned()),
        (Method::POST, confirm.clone()),
        (Method::POST, close.clone()),
    ] {
        let body = (method != Method::GET).then(|| repeated(&offer));
        let answer = house.send_as(&owner, method.clone(), &path, body).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path}");
    }
    // An operator who looks at another account sees neither the trunk nor the purchase of this one.
    let strange = house.send_as(&operator, Method::GET, &carrier, None).await;
    assert_eq!(strange.status(), StatusCode::NOT_FOUND);
    let said = Some(repeated(&offer));
    let strange = house.send_as(&operator, Method::POST, &confirm, said).await;
    assert_eq!(strange.status(), StatusCode::NOT_FOUND);
    let strange = house.send_as(&operator, Method::POST, &close, None).await;
    assert_eq!(strange.status(), StatusCode::NOT_FOUND);
    let early = world.send(Method::POST, &close, json!({})).await;
    assert_eq!(early.status(), StatusCode::CONFLICT, "nothing was sent yet");
    let key = json!({"name": "k", "scopes": ["read", "write"]});
    let key = house.post("/api/v1/api-keys", key).await;
    let request = house
        .client
        .post(house.url(&confirm))
        .json(&repeated(&offer));
    let by_key = request.bearer_auth(key["key"].as_str().expect("a key"));
    let by_key = by_key.send().await.expect("an answer");
    assert_eq!(by_key.status(), StatusCode::FORBIDDEN, "a key buys nothing");
    assert!(world.shop.sold().is_empty());
}
