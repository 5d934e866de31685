//! Leads through every face by real requests: posts, pings, forms of pages, the snippet, tables. Each is answered, sold, in
//! the log and on the books once, and nobody sees another's.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use trunkline_store::testing::TestDatabase;

use crate::house::{HOST, House};

/// A feed whose leads two buyers take, the first of whom may be full.
pub(crate) struct Feed {
    pub(crate) key: String,
    form_key: String,
    id: String,
    pub(crate) campaign: String,
    contract: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn fields() -> Value {
    json!([
        {"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
        {"name": "email", "label": "E-mail", "type": "email"},
        {"name": "first_name", "label": "First name", "type": "text", "personal": true},
        {"name": "last_name", "label": "Last name", "type": "text", "personal": true},
        {"name": "zip", "label": "ZIP code", "type": "zip", "required": "ping"},
        {"name": "landing_page", "label": "Page", "type": "url"},
        {"name": "consent_text", "label": "Consent", "type": "consent_text"},
    ])
}

/// Sets a feed up as the owner of the house. `destination` is that of both buyers, beside their names.
pub(crate) async fn feed(house: &House, destination: &Value, leads: Value) -> Feed {
    let post = async |what: &str, body: Value| house.post(&format!("/api/v1/{what}"), body).await;
    let publisher = post("publishers", json!({"name": "Clicks & Co"})).await;
    let campaign = json!({"name": "Solar", "fields": fields(), "leads": leads});
    let campaign = text(&post("campaigns", campaign).await["id"]);
    let terms = json!({"payout": {"rules": [{"rate": {"percent_of_other": "70"}}]}});
    let feed = json!({"campaign": campaign, "publisher": publisher["id"], "terms": terms});
    let feed = post("feeds", feed).await;
    let mut contracts = Vec::new();
    for (name, price) in [("Sunny Roofs", 40), ("Moon Roofs", 30)] {
        let buyer = post("buyers", json!({"name": name})).await;
        let mut to = destination.clone();
        to["buyer"] = buyer["id"].clone();
        to["name"] = json!("Desk");
        let to = post("destinations", to).await;
        let terms =
            json!({"payment": "net_terms", "price": {"rules": [{"rate": {"fixed": price}}]}});
        let contract =
            json!({"campaign": campaign, "destination": to["id"], "name": name, "terms": terms});
        contracts.push(text(&post("contracts", contract).await["id"]));
    }
    let members: Vec<Value> = contracts
        .iter()
        .map(|contract| json!({"to": {"contract": contract}}))
        .collect();
    let plan = json!({"seen": 0, "document": {"schema": 1, "start": "main",
        "groups": {"main": {"method": "waterfall", "members": members}}}});
    let path = format!("/api/v1/campaigns/{campaign}/plan");
    house.api(Method::PUT, &path, Some(plan)).await;
    Feed {
        key: text(&feed["key"]),
        form_key: text(&feed["form_key"]),
        id: text(&feed["id"]),
        campaign,
        contract: contracts.remove(0),
    }
}

/// Where nothing is sent: the buyers look here.
fn nowhere() -> Value {
    json!({"kind": "none"})
}

async fn send(house: &House, key: &str, path: &str, kind: &str, body: &str) -> Response {
    let request = house.client.post(house.url(path));
    let request = request
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", kind)
        .body(body.to_owned());
    request.send().await.expect("an answer")
}

async fn answered(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.expect("JSON"))
}

/// JSON to a face of the feed; what is answered must be 200.
async fn told(house: &House, feed: &Feed, path: &str, body: &Value) -> Value {
    let sent = send(
        house,
        &feed.key,
        path,
        "application/json",
        &body.to_string(),
    )
    .await;
    let (status, answer) = answered(sent).await;
    assert_eq!(status, StatusCode::OK, "{path} {body}: {answer}");
    answer
}

fn ann(n: u32) -> Value {
    json!({"phone": format!("(214) 555-{n:04}"), "zip": "75201", "first_name": "Ann"})
}

async fn log(house: &House, query: &str) -> Vec<Value> {
    let page = house.get(&format!("/api/v1/leads?limit=500&{query}")).await;
    page["items"].as_array().expect("leads").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_taken_in_each_dialect_sold_and_in_the_log() {
    for database in [TestDatabase::sqlite(), TestDatabase::postgres().await] {
        let house = House::start_on(database).await;
        let feed = feed(&house, &nowhere(), json!({})).await;
        for (kind, body) in [
            ("application/json", ann(100).to_string()),
            ("application/x-www-form-urlencoded", "Primary-Phone=2145550101&Zip+Code=75201&FName=Ann".to_owned()),
            ("text/xml", "<lead><contact><phone>2145550102</phone></contact><phone>2145550102</phone><zip>75201</zip></lead>".to_owned()),
        ] {
            let sent = send(&house, &feed.key, "/in/lead", kind, &body).await;
            let (status, answer) = answered(sent).await;
            assert_eq!(status, StatusCode::OK, "{kind}: {answer}");
            assert_eq!((&answer["status"], &answer["price"]), (&json!("sold"), &json!("28")), "{answer}");
            let id = text(&answer["lead_id"]);
            let request = house.client.get(house.url(&format!("/in/leads/{id}")));
            let request = request.header("authorization", format!("Bearer {}", feed.key));
            let (_, again) = answered(request.send().await.expect("an answer")).await;
            assert_eq!(again["status"], "sold");
            let lead = house.get(&format!("/api/v1/leads/{id}")).await;
            assert_eq!(lead["state"], "sold");
            assert_eq!((&lead["revenue"], &lead["payout"]), (&json!("40"), &json!("28")));
            assert_eq!(lead["legs"][0]["state"], "accepted");
            assert_eq!(lead["fields"]["zip"], "75201");
            let kinds: Vec<_> = lead["events"].as_array().expect("events").iter().map(|e| text(&e["kind"])).collect();
            assert_eq!(kinds, ["posted", "sending", "accepted", "sold"]);
        }
        // A key of the partner's own.
        let mut keyed = ann(200);
        keyed["idempotency_key"] = json!("order-1");
        let first = told(&house, &feed, "/in/lead", &keyed).await;
        let second = told(&house, &feed, "/in/lead", &keyed).await;
        assert_eq!(first["lead_id"], second["lead_id"]);
        assert_eq!(
            (&first["cached"], &second["cached"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(log(&house, "").await.len(), 4);
        assert_eq!(log(&house, "person=%2B12145550100").await.len(), 1);
        assert_eq!(log(&house, "state=unsold").await.len(), 0);
        let csv = house
            .send_as(house.cookie(), Method::GET, "/api/v1/leads.csv", None)
            .await;
        assert_eq!(csv.text().await.expect("a table").lines().count(), 5);

        // A return.
        let id = text(&first["lead_id"]);
        let path = format!("/api/v1/leads/{id}/returns");
        let ask = json!({"contract": feed.contract, "reason": "wrong_number"});
        let asked = house.post(&path, ask.clone()).await;
        assert_eq!(asked["state"], "requested");
        let again = house
            .send_as(house.cookie(), Method::POST, &path, Some(ask))
            .await;
        assert_eq!(again.status(), StatusCode::CONFLICT);
        let decide = format!("{path}/{}", feed.contract);
        let decided = house
            .post(&decide, json!({"decision": "approve", "percent": 50}))
            .await;
        assert_eq!(
            (&decided["state"], &decided["percent"]),
            (&json!("approved"), &json!(50))
        );
        assert_eq!(
            house.get(&format!("/api/v1/leads/{id}")).await["state"],
            "returned"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_tells_nobody_and_its_post_is_sold_for_what_was_promised() {
    let house = House::start().await;
    let feed = feed(&house, &nowhere(), json!({})).await;
    let hash = trunkline_core::base::sha256_text(trunkline_engine::lead::sha256(b"+12145550100"));
    let ping = json!({"zip": "75201", "phone_sha256": hash, "first_name": "Ann"});
    let first = told(&house, &feed, "/in/ping", &ping).await;
    assert_eq!(
        (&first["status"], &first["price"]),
        (&json!("accepted"), &json!("28"))
    );
    let again = told(&house, &feed, "/in/ping", &ping).await;
    for same in ["ping_id", "price", "expires_at"] {
        assert_eq!(first[same], again[same]);
    }
    assert_eq!(again["cached"], true);
    let lead = house
        .get(&format!("/api/v1/leads/{}", text(&first["ping_id"])))
        .await;
    assert_eq!(
        lead["fields"],
        json!({"zip": "75201"}),
        "nobody's name is kept"
    );

    let mut post = ann(100);
    post["ping_id"] = first["ping_id"].clone();
    let mut changed = post.clone();
    changed["zip"] = json!("75202");
    let told_changed = told(&house, &feed, "/in/post", &changed).await;
    assert_eq!(told_changed["reason_code"], "PING_MISMATCH");
    assert_eq!(
        (&told_changed["status"], &told_changed["field"]),
        (&json!("rejected"), &json!("zip"))
    );
    let sold = told(&house, &feed, "/in/post", &post).await;
    assert_eq!(
        (&sold["status"], &sold["price"]),
        (&json!("sold"), &first["price"])
    );
    let same = told(&house, &feed, "/in/post", &post).await;
    assert_eq!(
        (&same["lead_id"], &same["cached"]),
        (&sold["lead_id"], &json!(true))
    );
    let dear = json!({"zip": "75209", "min_price": "28.01"});
    let refused = told(&house, &feed, "/in/ping", &dear).await;
    assert_eq!(
        (&refused["status"], &refused["reason_code"]),
        (&json!("rejected"), &json!("BELOW_FLOOR"))
    );
    assert_eq!(refused["ping_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_has_a_reason_and_leaves_nothing() {
    let house = House::start().await;
    let feed = feed(
        &house,
        &nowhere(),
        json!({"consent": {"needs": "trusted_form"}}),
    )
    .await;
    let json_kind = "application/json";
    let large = format!(r#"{{"phone": "{}"}}"#, "1".repeat(300_000));
    for (path, kind, body, status, code) in [
        (
            "/in/lead",
            json_kind,
            r#"{"phone": "2145550100"}"#,
            422,
            "MISSING_FIELD",
        ),
        (
            "/in/lead",
            json_kind,
            r#"{"phone": "12", "zip": "75201"}"#,
            422,
            "INVALID_FIELD",
        ),
        (
            "/in/lead",
            json_kind,
            r#"{"phone": NaN, "zip": "75201"}"#,
            400,
            "",
        ),
        ("/in/lead", json_kind, r#"{"a": 1, "a": 2}"#, 400, ""),
        (
            "/in/lead",
            "text/xml",
            r#"<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>"#,
            400,
            "",
        ),
        ("/in/lead", "image/png", "x", 415, ""),
        ("/in/lead", json_kind, &large, 413, ""),
        (
            "/in/ping",
            json_kind,
            r#"{"zip": "75201", "min_price": "-1"}"#,
            422,
            "",
        ),
        (
            "/in/ping",
            json_kind,
            r#"{"zip": "75201", "min_price": "NaN"}"#,
            422,
            "",
        ),
        (
            "/in/ping",
            json_kind,
            r#"{"zip": "75201", "min_price": "1e9"}"#,
            422,
            "",
        ),
        (
            "/in/post",
            json_kind,
            r#"{"phone": "2145550100", "zip": "75201"}"#,
            422,
            "",
        ),
        (
            "/in/post",
            json_kind,
            r#"{"ping_id": "opp_0000000000001", "phone": "2145550100", "zip": "75201"}"#,
            404,
            "",
        ),
        (
            "/in/lead",
            json_kind,
            r#"{"ping_id": "opp_0000000000001"}"#,
            422,
            "",
        ),
        ("/in/lead", json_kind, r#"{"test": "perhaps"}"#, 422, ""),
    ] {
        let sent = send(&house, &feed.key, path, kind, body).await;
        let head: String = body.chars().take(80).collect();
        let (told, problem) = answered(sent).await;
        assert_eq!(told.as_u16(), status, "{path} {head}: {problem}");
        assert_eq!(
            problem["reason_code"].as_str().unwrap_or_default(),
            code,
            "{head}: {problem}"
        );
        assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()));
    }
    let nobody = send(&house, "tlf_nobodys", "/in/lead", json_kind, "{}").await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(log(&house, "").await.len(), 0, "nothing is kept");
    // What is a lead without the proof that the campaign asks for is refused, and in the log.
    let refused = told(&house, &feed, "/in/lead", &ann(100)).await;
    assert_eq!(
        (&refused["status"], &refused["reason_code"]),
        (&json!("rejected"), &json!("CONSENT_MISSING"))
    );
    assert_eq!(log(&house, "state=rejected").await.len(), 1);
    // A feed that is paused keeps nothing.
    let pause = json!({"paused": true});
    let path = format!("/api/v1/feeds/{}", feed.id);
    house.api(Method::PATCH, &path, Some(pause)).await;
    let paused = told(&house, &feed, "/in/lead", &ann(101)).await;
    assert_eq!(
        (&paused["reason_code"], &paused["lead_id"]),
        (&json!("FEED_PAUSED"), &Value::Null)
    );
    assert_eq!(log(&house, "").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_asks_too_often_waits() {
    let house = House::start().await;
    let feed = feed(&house, &nowhere(), json!({})).await;
    let path = format!("/api/v1/terms/{}", feed.id);
    let terms = json!({"seen": 1, "document": {"rate": {"per_minute": 1, "burst": 2}}});
    house.api(Method::PUT, &path, Some(terms)).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let sent = send(
            &house,
            &feed.key,
            "/in/ping",
            "application/json",
            r#"{"zip": "75201"}"#,
        )
        .await;
        let waits = sent.headers().contains_key("retry-after");
        statuses.push((sent.status().as_u16(), waits));
    }
    assert_eq!(statuses, [(200, false), (200, false), (429, true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_pages_are_leads_with_a_signed_record_of_consent() {
    let house = House::start().await;
    let site = house.add_site().await;
    let feed = feed(
        &house,
        &nowhere(),
        json!({"consent": {"needs": "own_record"}}),
    )
    .await;
    let form = async |origin: &str, body: &str| {
        let request = house
            .client
            .post(house.url(&format!("/in/{}/lead", feed.form_key)));
        let request = request
            .header("origin", origin)
            .header("referer", format!("https://{HOST}/quote"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        request.send().await.expect("an answer")
    };
    let own = format!("https://{HOST}");
    let body = "phone=2145550100&zip=75201&consent_text=I+agree+to+be+called";
    let stranger = form("https://evil.example", body).await;
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
    let wrong = form(&own, "zip=75201").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.headers()["access-control-allow-origin"], own.as_str());
    let sent = form(&own, body).await;
    assert_eq!(sent.headers()["access-control-allow-origin"], own.as_str());
    let (status, answer) = answered(sent).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(
        answer.as_object().expect("an object").len(),
        2,
        "no price and no buyer: {answer}"
    );
    let path = format!("/api/v1/leads/{}", text(&answer["lead_id"]));
    let lead = house.until(&path, |lead| lead["state"] == "sold").await;
    let consent = &lead["consent"];
    assert_eq!(
        (&consent["number"], &consent["intact"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(consent["text"], "I agree to be called");
    assert_eq!(consent["page_url"], format!("https://{HOST}/quote"));

    // The snippet tells of a form: the lead has its visit.
    let swap = json!({"swap": {"forms": [{"selector": "form", "phone": "phone", "name": "name", "zip": "zip",
        "consent_text": "I agree."}], "lead_feed": feed.id}});
    house
        .api(
            Method::PATCH,
            &format!("/api/v1/sites/{}", site.id),
            Some(swap),
        )
        .await;
    let assigned = house
        .assign(&site, "/?utm_source=google&utm_medium=cpc", None, json!({}))
        .await;
    let token = text(&assigned["token"]);
    let told = json!([{"k": "form", "page": format!("https://{HOST}/contact"), "phone": "(469) 555-0123",
        "name": "Ann Lee", "zip": "75201", "consent": "I agree."}]);
    for _ in 0..2 {
        // A page may send it again.
        assert_eq!(
            house.event(&site, &token, told.clone()).await,
            StatusCode::NO_CONTENT
        );
    }
    let found = log(&house, "person=%2B14695550123").await;
    assert_eq!(found.len(), 1, "once");
    assert_eq!(
        (&found[0]["came_by"], &found[0]["source"]),
        (&json!("snippet"), &json!("google"))
    );
    let path = format!("/api/v1/leads/{}", text(&found[0]["id"]));
    let lead = house.until(&path, |lead| lead["state"] == "sold").await;
    assert_eq!(lead["fields"]["last_name"], "Lee");
    assert_eq!(
        (&lead["consent"]["number"], &lead["consent"]["intact"]),
        (&json!(2), &json!(true))
    );
    assert!(lead["session"].is_string());
    // Without a token nothing changes.
    let forged = house.event(&site, "forged", told).await;
    assert_eq!(forged, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_tried_taken_in_and_never_doubled() {
    let house = House::start().await;
    let feed = feed(&house, &nowhere(), json!({})).await;
    let table = "Phone,ZIP,First Name\n2145550100,75201,Ann\n2145550100,75201,Ann again\n12,75201,Bob\n\"2145550101\",2134,\"O'Neil, Cy\"\na,b,c,d\n";
    let import = async |query: &str| {
        let path = format!("/api/v1/feeds/{}/import?{query}", feed.id);
        let request = house
            .client
            .post(house.url(&path))
            .header("cookie", house.cookie());
        let request = request
            .header("origin", house.url(""))
            .header("content-type", "text/csv")
            .body(table);
        answered(request.send().await.expect("an answer")).await
    };
    let fates = |told: &Value| -> Vec<String> {
        let rows = told["rows"].as_array().expect("rows").iter();
        rows.map(|row| text(&row["fate"])).collect()
    };
    let (status, dry) = import("dry_run=true").await;
    assert_eq!(status, StatusCode::OK, "{dry}");
    assert_eq!(
        fates(&dry),
        ["good", "same", "refused", "good", "unreadable"]
    );
    assert_eq!(dry["rows"][2]["reason_code"], "INVALID_FIELD:phone");
    assert_eq!(log(&house, "").await.len(), 0);
    let (_, taken) = import("").await;
    assert_eq!(
        fates(&taken),
        ["kept", "same", "refused", "kept", "unreadable"]
    );
    let (_, again) = import("").await;
    assert_eq!(
        fates(&again),
        ["known", "same", "refused", "known", "unreadable"]
    );
    assert_eq!(log(&house, "").await.len(), 2);
    house
        .until("/api/v1/leads?state=sold", |page| {
            page["items"]
                .as_array()
                .is_some_and(|items| items.len() == 2)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_the_leads_of_another_account_or_feed() {
    let house = House::start().await;
    let own = feed(&house, &nowhere(), json!({})).await;
    let sold = told(&house, &own, "/in/lead", &ann(100)).await;
    let id = text(&sold["lead_id"]);
    let publisher = house
        .post("/api/v1/publishers", json!({"name": "Other"}))
        .await;
    let other = json!({"campaign": own.campaign, "publisher": publisher["id"]});
    let other = house.post("/api/v1/feeds", other).await;
    let request = house.client.get(house.url(&format!("/in/leads/{id}")));
    let request = request.header("authorization", format!("Bearer {}", text(&other["key"])));
    let status = request.send().await.expect("an answer").status();
    assert_eq!(status, StatusCode::NOT_FOUND);

    assert!(house.command(&["account", "add", "Other"]).status.success());
    let cookie = house
        .add_user("owner@other.example", &["--account", "Other"])
        .await;
    let ask = json!({"contract": own.contract, "reason": "other"});
    for (method, path, body) in [
        (Method::GET, format!("/api/v1/leads/{id}"), None),
        (
            Method::POST,
            format!("/api/v1/leads/{id}/returns"),
            Some(ask),
        ),
        (
            Method::POST,
            format!("/api/v1/leads/{id}/returns/{}", own.contract),
            Some(json!({"decision": "approve"})),
        ),
        (
            Method::POST,
            format!("/api/v1/leads/{id}/legs/{}", own.contract),
            Some(json!({"taken": true})),
        ),
    ] {
        let answer = house.send_as(&cookie, method.clone(), &path, body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
    }
    let theirs = house
        .send_as(&cookie, Method::GET, "/api/v1/leads", None)
        .await;
    let theirs: Value = theirs.json().await.expect("JSON");
    assert_eq!(theirs["items"], json!([]));
}
