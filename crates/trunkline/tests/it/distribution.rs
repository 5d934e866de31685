//! What is sold, to whom and on which terms, set up over the API: what is right is kept in versions, what is wrong changes
//! nothing, and nobody sees another account's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

fn id(thing: &Value) -> String {
    thing["id"].as_str().expect("an id").to_owned()
}

/// One of each thing: publisher, campaign, feed, buyer, destination, contract, list.
pub(crate) struct Set {
    publisher: Value,
    campaign: Value,
    feed: Value,
    buyer: Value,
    destination: Value,
    contract: Value,
    list: Value,
}

pub(crate) async fn one_of_each(house: &House) -> Set {
    let post = async |what: &str, body: Value| house.post(&format!("/api/v1/{what}"), body).await;
    let publisher = post("publishers", json!({"name": "Clicks & Co"})).await;
    let campaign = post("campaigns", json!({"name": "Solar", "vertical": "solar"})).await;
    let feed = json!({"campaign": id(&campaign), "publisher": id(&publisher)});
    let feed = post("feeds", feed).await;
    let buyer = json!({"name": "Sunny Roofs", "credit_limit": "5000.50", "zone": "America/Denver"});
    let buyer = post("buyers", buyer).await;
    let destination = json!({"buyer": id(&buyer), "name": "Front desk", "kind": "phone", "address": "(214) 555-0123"});
    let destination = post("destinations", destination).await;
    let contract = json!({"campaign": id(&campaign), "destination": id(&destination), "name": "Texas",
        "terms": {"priority": 10, "caps": [{"max": 20, "window": {"period": "day", "zone": "America/Chicago"}}]}});
    let contract = post("contracts", contract).await;
    let list = post("lists", json!({"name": "Never", "kind": "numbers"})).await;
    Set {
        publisher,
        campaign,
        feed,
        buyer,
        destination,
        contract,
        list,
    }
}

fn terms_of(thing: &Value) -> String {
    format!("/api/v1/terms/{}", id(thing))
}

async fn refused(
    house: &House,
    method: Method,
    path: &str,
    body: Value,
    status: StatusCode,
) -> Value {
    let answer = house
        .send_as(house.cookie(), method.clone(), path, Some(body.clone()))
        .await;
    let told = answer.status();
    let problem: Value = answer.json().await.expect("a problem");
    assert_eq!(told, status, "{method} {path} {body}: {problem}");
    problem
}

const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

#[tokio::test(flavor = "multi_thread")]
async fn terms_have_versions_that_are_staged_rolled_back_and_explained() {
    let mut house = House::start().await;
    let set = one_of_each(&house).await;
    let path = terms_of(&set.contract);
    let first = &set.contract["terms"]["live"];
    assert_eq!(
        (&first["version"], &first["state"]),
        (&json!(1), &json!("live"))
    );
    let cap = first["document"]["caps"][0]["id"].clone();
    assert!(cap.as_str().expect("an id").starts_with("cap_"));
    assert!(first["made_by"].is_string());

    // The cap keeps its id, and so its counter; a new one gets another.
    let mut document = first["document"].clone();
    document["weight"] = json!(3);
    let caps = document["caps"].as_array_mut().expect("caps");
    caps.push(json!({"max": 5, "window": {"period": "hour", "zone": "UTC"}}));
    let changed = house
        .api(
            Method::PUT,
            &path,
            Some(json!({"seen": 1, "document": document})),
        )
        .await;
    assert_eq!(changed["live"]["version"], 2);
    assert_eq!(changed["live"]["document"]["caps"][0]["id"], cap);
    assert_ne!(changed["live"]["document"]["caps"][1]["id"], cap);

    // To come, taken back, and to come again.
    let far = 4_102_444_800_000_i64;
    let staged = json!({"seen": 2, "document": {"weight": 9}, "live_at": far});
    let problem = refused(&house, Method::PUT, &path, staged, INVALID).await;
    assert_eq!(problem["field"], "live_at");
    let soon = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("a time")
            .as_millis(),
    )
    .expect("a time");
    let staged = json!({"seen": 2, "document": {"weight": 9}, "live_at": soon + 3_600_000});
    let told = house.api(Method::PUT, &path, Some(staged)).await;
    assert_eq!(
        (&told["newest"], &told["live"]["version"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(told["staged"]["document"], json!({"weight": 9}));
    let blind = json!({"seen": 2, "document": {}});
    refused(&house, Method::PUT, &path, blind, StatusCode::CONFLICT).await;
    let told = house
        .api(Method::DELETE, &format!("{path}/staged"), None)
        .await;
    assert_eq!(told["staged"], Value::Null);
    let staged = json!({"seen": 2, "document": {"weight": 8}, "live_at": soon + 1_500});
    let told = house.api(Method::PUT, &path, Some(staged)).await;
    assert_eq!(told["newest"], 4, "numbers are not used twice");
    let live = house.until(&path, |t| t["live"]["version"] == 4).await;
    assert_eq!(live["live"]["document"], json!({"weight": 8}));

    let restore = format!("{path}/versions/1/restore");
    let told = house.post(&restore, json!({"seen": 4})).await;
    assert_eq!(
        (&told["live"]["version"], &told["live"]["restores"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(told["live"]["document"]["caps"][0]["id"], cap);
    let versions = house.get(&format!("{path}/versions")).await;
    let states = versions["items"].as_array().expect("versions").iter();
    let states: Vec<_> = states
        .map(|v| v["state"].as_str().expect("a word"))
        .collect();
    assert_eq!(states, ["live", "past", "withdrawn", "past", "past"]);

    // Who says what.
    let buyer = json!({"seen": 1, "document": {"ring_timeout_s": 45, "concurrency_max": 4}});
    house
        .api(Method::PUT, &terms_of(&set.buyer), Some(buyer))
        .await;
    let destination = format!("/api/v1/destinations/{}", id(&set.destination));
    house
        .api(Method::PATCH, &destination, Some(json!({"paused": true})))
        .await;
    let told = house
        .get(&format!(
            "/api/v1/contracts/{}/effective",
            id(&set.contract)
        ))
        .await;
    let of = |field: &str| {
        let values = told["values"].as_array().expect("values").iter();
        let mut found = values.filter(|v| v["field"] == field);
        found.next().cloned().expect(field)
    };
    assert_eq!(of("ring_timeout_s")["value"], 45);
    assert_eq!(of("ring_timeout_s")["from"], "buyer");
    assert_eq!(of("priority")["from"], "contract");
    assert_eq!(
        (&of("weight")["value"], &of("weight")["from"]),
        (&json!(1), &json!("default"))
    );
    assert_eq!(of("reservation_percent")["value"], 100);
    assert_eq!(told["paused_by"], "destination");
    let together = told["together"].as_array().expect("values");
    assert!(
        together
            .iter()
            .any(|v| v["field"] == "caps" && v["from"] == "contract")
    );
    assert!(
        together
            .iter()
            .any(|v| v["field"] == "concurrency_max" && v["value"] == 4)
    );

    // All of it is there after a crash.
    house.kill();
    house.start_again().await;
    let again = house.get(&path).await;
    assert_eq!(again["live"]["version"], 5);
    let again = house.get(&format!("/api/v1/feeds/{}", id(&set.feed))).await;
    assert_eq!(again["key_prefix"], set.feed["key_prefix"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_its_place_and_changes_nothing() {
    let house = House::start().await;
    let set = one_of_each(&house).await;
    assert!(house.command(&["account", "add", "Other"]).status.success());
    let cookie = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let other = house
        .send_as(
            &cookie,
            Method::POST,
            "/api/v1/campaigns",
            Some(json!({"name": "Solar"})),
        )
        .await;
    let other: Value = other.json().await.expect("JSON");
    let foreign_cap = "cap_0000000000001";
    let list = "list_0000000000001";
    let terms = terms_of(&set.contract);
    let plan = format!("/api/v1/campaigns/{}/plan", id(&set.campaign));
    let feed_terms = terms_of(&set.feed);
    let day = json!({"period": "day", "zone": "America/Chicago"});
    let document = |document: Value| json!({"seen": 1, "document": document});
    let group = |members: Value| json!({"method": "waterfall", "members": members});
    let planned = |groups: Value| json!({"seen": 0, "document": {"schema": 1, "start": "a", "groups": groups}});
    let before = (
        house.get(&terms).await,
        house.get(&plan).await,
        house.get(&feed_terms).await,
    );
    for (path, body, place, said) in [
        (
            &terms,
            document(json!({"weight": 2_000_000})),
            "weight",
            "out of range",
        ),
        (
            &terms,
            document(json!({"priority": "high"})),
            "priority",
            "invalid type",
        ),
        (
            &terms,
            document(json!({"colour": "red"})),
            "colour",
            "unknown field",
        ),
        (
            &terms,
            document(
                json!({"caps": [{"max": 1, "window": {"period": "day", "zone": "Mars/Base"}}]}),
            ),
            "caps[0].window.zone",
            "Mars/Base",
        ),
        (
            &terms,
            document(json!({"caps": [{"id": foreign_cap, "max": 1, "window": day}]})),
            "caps",
            "no cap that stood here",
        ),
        (
            &terms,
            document(json!({"filter": {"field": {"name": "phone", "value": {"in_list": list}}}})),
            "filter.phone",
            "does not exist",
        ),
        (
            &terms,
            document(json!({"suppressed_by": [list]})),
            "suppressed_by",
            "does not exist",
        ),
        (&terms, json!({"document": {}}), "seen", "newest version"),
        (
            &feed_terms,
            document(json!({"pings": {"bid_valid_s": 3}})),
            "pings.bid_valid_s",
            "5 to 300",
        ),
        (
            &feed_terms,
            document(json!({"weight": 3})),
            "weight",
            "unknown field",
        ),
        (
            &plan,
            planned(
                json!({"a": group(json!([{"to": {"group": "b"}}])), "b": group(json!([{"to": {"group": "a"}}]))}),
            ),
            "groups.a",
            "goes round",
        ),
        (
            &plan,
            planned(json!({"a": group(json!([{"to": {"contract": "ctr_0000000000001"}}]))})),
            "",
            "does not exist in this campaign",
        ),
    ] {
        let problem = refused(&house, Method::PUT, path, body.clone(), INVALID).await;
        let places = problem["problems"].as_array().cloned().unwrap_or_default();
        let is = |p: &Value| {
            p["place"] == place && p["message"].as_str().is_some_and(|m| m.contains(said))
        };
        let field = problem["field"] == place
            && problem["detail"].as_str().is_some_and(|d| d.contains(said));
        assert!(field || places.iter().any(is), "{body}: {problem}");
    }
    let after = (
        house.get(&terms).await,
        house.get(&plan).await,
        house.get(&feed_terms).await,
    );
    assert_eq!(after, before, "nothing changed");

    let destination = |kind: &str, more: Value| {
        let mut body = json!({"buyer": id(&set.buyer), "name": "Other", "kind": kind});
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    for (what, body, field) in [
        ("publishers", json!({}), "name"),
        ("publishers", json!({"name": "CLICKS & CO"}), "name"),
        (
            "campaigns",
            json!({"name": "X", "vertical": "So Lar"}),
            "vertical",
        ),
        (
            "campaigns",
            json!({"name": "X", "fields": {"a": 1}}),
            "fields",
        ),
        (
            "campaigns",
            json!({"name": "X", "duplicates": [{"scope": "campaign", "action": "block", "fields": []}]}),
            "duplicates[0].fields",
        ),
        (
            "campaigns",
            json!({"name": "X", "terms": {"weight": 2_000_000}}),
            "weight",
        ),
        ("buyers", json!({"name": "X", "zone": "Mars/Base"}), "zone"),
        (
            "buyers",
            json!({"name": "X", "credit_limit": "NaN"}),
            "credit_limit",
        ),
        (
            "buyers",
            json!({"name": "X", "company": "buy_0000000000001"}),
            "company",
        ),
        ("destinations", destination("fax", json!({})), "kind"),
        (
            "destinations",
            destination("phone", json!({"address": "hello"})),
            "address",
        ),
        (
            "destinations",
            destination("sip", json!({"address": "pbx.example"})),
            "address",
        ),
        (
            "destinations",
            destination("email", json!({"address": "a@b.example, c@d.example"})),
            "address",
        ),
        (
            "destinations",
            destination("http", json!({"endpoint": {"url": "https://a.example"}})),
            "endpoint.url",
        ),
        ("destinations", destination("http", json!({})), "endpoint"),
        (
            "destinations",
            destination("phone", json!({"endpoint": {}})),
            "endpoint",
        ),
        (
            "contracts",
            json!({"campaign": id(&other), "destination": id(&set.destination), "name": "X"}),
            "campaign",
        ),
        (
            "contracts",
            json!({"campaign": id(&set.campaign), "destination": id(&set.destination), "name": "texas"}),
            "name",
        ),
        (
            "feeds",
            json!({"campaign": id(&other), "publisher": id(&set.publisher)}),
            "campaign",
        ),
        (
            "feeds",
            json!({"campaign": "camp_x", "publisher": id(&set.publisher)}),
            "campaign",
        ),
        ("lists", json!({"name": "X", "kind": "people"}), "kind"),
        ("lists", json!({"name": "never", "kind": "zips"}), "name"),
    ] {
        let path = format!("/api/v1/{what}");
        let count = house.get(&path).await["items"].as_array().map(Vec::len);
        let problem = refused(&house, Method::POST, &path, body.clone(), INVALID).await;
        assert_eq!(problem["field"], field, "{body}: {problem}");
        let after = house.get(&path).await["items"].as_array().map(Vec::len);
        assert_eq!(count, after, "{body}: nothing was made");
    }
    let twice = json!({"campaign": id(&set.campaign), "publisher": id(&set.publisher)});
    refused(
        &house,
        Method::POST,
        "/api/v1/feeds",
        twice,
        StatusCode::CONFLICT,
    )
    .await;
    // What is there stays what it is.
    let contract = format!("/api/v1/contracts/{}", id(&set.contract));
    let moved = json!({"campaign": id(&other)});
    refused(&house, Method::PATCH, &contract, moved, INVALID).await;
    let in_place = json!({"terms": {}});
    let problem = refused(&house, Method::PATCH, &contract, in_place, INVALID).await;
    assert_eq!(problem["field"], "terms");
    // Terms of another account are not there.
    for path in [terms_of(&set.contract), terms_of(&set.campaign["plan"])] {
        for more in ["", "/versions"] {
            let path = format!("{path}{more}");
            let answer = house.send_as(&cookie, Method::GET, &path, None).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let taken = json!({"seen": 1, "document": {}});
        let answer = house
            .send_as(&cookie, Method::PUT, &path, Some(taken))
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_is_not_put_away_and_says_who_uses_it() {
    let house = House::start().await;
    let set = one_of_each(&house).await;
    let archive = |what: &str, thing: &Value| format!("/api/v1/{what}/{}/archive", id(thing));
    let away = json!({"archived": true});
    let plan = format!("/api/v1/campaigns/{}/plan", id(&set.campaign));
    let member = json!({"to": {"contract": id(&set.contract)}});
    let document = json!({"schema": 1, "start": "main",
        "groups": {"main": {"method": "waterfall", "members": [member]}}});
    let told = house
        .api(
            Method::PUT,
            &plan,
            Some(json!({"seen": 0, "document": document})),
        )
        .await;
    assert_eq!(told["live"]["version"], 1);
    let list = id(&set.list);
    let suppressed = json!({"seen": 1, "document": {"suppressed_by": [list]}});
    house
        .api(Method::PUT, &terms_of(&set.contract), Some(suppressed))
        .await;
    let site = house.add_site().await;
    let trunk = house
        .add_trunk("127.0.0.1:9".parse().expect("an address"))
        .await;
    house.add_pool(&site, &trunk, 1).await;
    let number = house.get("/api/v1/numbers").await["items"][0].clone();
    let number = format!("/api/v1/numbers/{}", id(&number));
    let feed = json!({"feed": id(&set.feed)});
    let told = house.api(Method::PATCH, &number, Some(feed.clone())).await;
    assert_eq!(told["feed"], set.feed["id"]);
    let pool = house.get("/api/v1/pools").await["items"][0].clone();
    let pool = format!("/api/v1/pools/{}", id(&pool));
    let told = house.api(Method::PATCH, &pool, Some(feed)).await;
    assert_eq!(told["feed"], set.feed["id"]);
    let nowhere = json!({"feed": "feed_0000000000001"});
    let problem = refused(&house, Method::PATCH, &number, nowhere, INVALID).await;
    assert_eq!(problem["field"], "feed");
    for (what, thing, who) in [
        (
            "publishers",
            &set.publisher,
            "the feed of `Clicks & Co` for `Solar`",
        ),
        (
            "campaigns",
            &set.campaign,
            "the feed of `Clicks & Co` for `Solar`",
        ),
        (
            "feeds",
            &set.feed,
            "the number +13125551000, the pool `Visitors`",
        ),
        ("buyers", &set.buyer, "the destination `Front desk`"),
        ("destinations", &set.destination, "the contract `Texas`"),
        (
            "contracts",
            &set.contract,
            "the route plan of the campaign `Solar`",
        ),
    ] {
        let path = archive(what, thing);
        let problem = refused(
            &house,
            Method::POST,
            &path,
            away.clone(),
            StatusCode::CONFLICT,
        );
        let problem = problem.await;
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(who), "{what}: {detail}");
    }
    let path = format!("/api/v1/lists/{list}");
    let problem = refused(
        &house,
        Method::DELETE,
        &path,
        json!({}),
        StatusCode::CONFLICT,
    )
    .await;
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(detail.contains("the contract `Texas`"), "{detail}");

    // A version to come uses what it names as well.
    let staged = json!({"seen": 2, "document": {}, "live_at": null});
    house
        .api(Method::PUT, &terms_of(&set.contract), Some(staged))
        .await;
    house.api(Method::DELETE, &path, None).await;
    // What named it cannot come back.
    let restore = format!("{}/versions/2/restore", terms_of(&set.contract));
    let problem = refused(&house, Method::POST, &restore, json!({"seen": 3}), INVALID).await;
    assert_eq!(problem["field"], "suppressed_by");
    // From the outside in, everything can be put away, and taken out again.
    for path in [&number, &pool] {
        house
            .api(Method::PATCH, path, Some(json!({"feed": ""})))
            .await;
    }
    house.post(&archive("feeds", &set.feed), away.clone()).await;
    house
        .post(&archive("publishers", &set.publisher), away.clone())
        .await;
    house
        .post(&archive("campaigns", &set.campaign), away.clone())
        .await;
    let back = json!({"archived": false});
    let campaign = archive("campaigns", &set.campaign);
    let told = house.post(&campaign, back.clone()).await;
    assert_eq!(told["plan"]["live"]["version"], 1);
    house.post(&campaign, away.clone()).await;
    house
        .post(&archive("contracts", &set.contract), away.clone())
        .await;
    let path = archive("campaigns", &set.campaign);
    let problem = refused(
        &house,
        Method::POST,
        &path,
        back.clone(),
        StatusCode::CONFLICT,
    )
    .await;
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("does not exist in this campaign"),
        "{detail}"
    );
    let gone = house.get("/api/v1/campaigns").await;
    assert_eq!(gone["items"], json!([]));
    let gone = house.get("/api/v1/campaigns?archived=true").await;
    assert_eq!(gone["items"].as_array().map(Vec::len), Some(1));
    let path = archive("publishers", &set.publisher);
    house.post(&path, back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_feed_are_shown_once_and_lists_come_in_pages() {
    let house = House::start().await;
    let set = one_of_each(&house).await;
    let key = set.feed["key"]
        .as_str()
        .expect("the key is shown")
        .to_owned();
    assert!(
        key.starts_with("tlf_")
            && key.starts_with(set.feed["key_prefix"].as_str().expect("a prefix"))
    );
    let path = format!("/api/v1/feeds/{}", id(&set.feed));
    assert!(house.get(&path).await.get("key").is_none());
    let rotated = house.post(&format!("{path}/key"), json!({})).await;
    let second = rotated["key"].as_str().expect("the key is shown");
    assert_ne!(second, key);
    assert_eq!(rotated["form_key"], set.feed["form_key"]);
    for n in 0..4 {
        house
            .post("/api/v1/publishers", json!({"name": format!("P{n}")}))
            .await;
    }
    let mut names = Vec::new();
    let mut next = String::new();
    loop {
        let page = house
            .get(&format!("/api/v1/publishers?limit=2{next}"))
            .await;
        let items = page["items"].as_array().expect("items").clone();
        names.extend(
            items
                .iter()
                .map(|p| p["name"].as_str().expect("a name").to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(names, ["Clicks & Co", "P0", "P1", "P2", "P3"]);
    let of = |filter: &str| format!("/api/v1/contracts?{filter}");
    let found = house.get(&of(&format!("buyer={}", id(&set.buyer)))).await;
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let found = house.get(&of("buyer=buy_0000000000001")).await;
    assert_eq!(found["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_takes_all_items_or_none() {
    let house = House::start().await;
    let set = one_of_each(&house).await;
    let path = format!("/api/v1/lists/{}", id(&set.list));
    let put = async |kind: &str, query: &str, body: String| {
        let request = house.client.put(house.url(&format!("{path}/items{query}")));
        let request = request
            .header("cookie", house.cookie())
            .header("origin", house.url(""))
            .header("content-type", kind)
            .body(body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    let (status, told) = put(
        "text/plain",
        "",
        "(214) 555-0100\n\n+12145550101\n".to_owned(),
    )
    .await;
    assert_eq!((status, &told["items"]), (StatusCode::OK, &json!(2)));
    let bad = "+12145550102\nhello\n12\n".to_owned();
    let (status, told) = put("text/plain", "", bad).await;
    assert_eq!(status, INVALID);
    let places = told["problems"].as_array().expect("places").iter();
    let places: Vec<_> = places.map(|p| p["place"].clone()).collect();
    assert_eq!(places, ["line 2", "line 3"]);
    let contains = async |number: &str| {
        let told = house
            .get(&format!("{path}/contains?item=%2B{number}"))
            .await;
        told["contains"].as_bool().expect("whether")
    };
    assert!(contains("12145550100").await && !contains("12145550102").await);
    let csv = "phone,name\n\"+12145550109\",\"Ann, B\"\n".to_owned();
    let (status, told) = put("text/csv", "?header=true", csv).await;
    assert_eq!((status, &told["items"]), (StatusCode::OK, &json!(1)));
    assert!(contains("12145550109").await && !contains("12145550100").await);
    let (status, _) = put("application/json", "", "[]".to_owned()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let many: String = (0..60_000)
        .map(|n| format!("+1214{:07}\n", 2_000_000 + n))
        .collect();
    let (status, told) = put("text/plain", "", many).await;
    assert_eq!((status, &told["items"]), (StatusCode::OK, &json!(60_000)));
    let answer = house
        .send_as(house.cookie(), Method::GET, &format!("{path}/items"), None)
        .await;
    let text = answer.text().await.expect("a text");
    assert_eq!(text.lines().count(), 60_000);
    house.api(Method::DELETE, &path, None).await;
    let answer = house
        .send_as(house.cookie(), Method::GET, &path, None)
        .await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
