//! A campaign begins with what people of its trade ask for, and everything of it may be changed after.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

async fn refused(house: &House, method: Method, path: &str, body: Value) -> Value {
    let answer = house
        .send_as(house.cookie(), method, path, Some(body))
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    answer.json().await.expect("a problem")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trade_begins_with_fields_rules_caps_and_a_flow_that_hands_calls_on() {
    let house = House::start().await;
    let offered = house.get("/api/v1/verticals").await;
    let offered = offered["items"].as_array().expect("verticals");
    assert!(offered.len() >= 5, "{}", offered.len());
    for vertical in offered {
        let body =
            json!({"name": vertical["name"], "vertical": vertical["id"], "from_vertical": true});
        let campaign = house.post("/api/v1/campaigns", body).await;
        assert_eq!(campaign["fields"], vertical["fields"]);
        assert_eq!(campaign["duplicates"], vertical["duplicates"]);
        assert_eq!(campaign["leads"]["consent"], vertical["consent"]);
        let terms = &campaign["terms"]["live"]["document"];
        assert_eq!(terms["schedule"], vertical["terms"]["schedule"]);
        let caps = |of: &Value| of["caps"].as_array().expect("caps").clone();
        let (own, template) = (caps(terms), caps(&vertical["terms"]));
        assert_eq!(own.len(), template.len());
        for (own, template) in own.iter().zip(&template) {
            assert_eq!(own["max"], template["max"]);
            assert_ne!(own["id"], template["id"], "two campaigns share no cap");
        }

        let path = format!(
            "/api/v1/campaigns/{}/flow",
            campaign["id"].as_str().unwrap()
        );
        let made = house.post(&path, json!({})).await;
        let flow = house
            .get(&format!("/api/v1/flows/{}", made["id"].as_str().unwrap()))
            .await;
        let nodes = flow["draft"]["nodes"].as_object().expect("nodes");
        let route = nodes.values().find(|node| node["kind"] == "route");
        assert_eq!(route.expect("a route")["campaign"], campaign["id"]);
    }
    let plain = json!({"name": "Plain", "vertical": "solar"});
    let plain = house.post("/api/v1/campaigns", plain).await;
    assert_eq!(plain["fields"], json!([]), "only who asks gets it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_goes_before_what_the_trade_offers() {
    let house = House::start().await;
    let fields = json!([{"name": "phone", "label": "Phone", "type": "phone", "required": "post"}]);
    let body = json!({"name": "Roofs", "vertical": "home_services", "from_vertical": true,
        "fields": fields, "terms": {"priority": 7}});
    let campaign = house.post("/api/v1/campaigns", body).await;
    assert_eq!(campaign["fields"][0]["name"], "phone");
    assert_eq!(campaign["fields"].as_array().map(Vec::len), Some(1));
    let terms = &campaign["terms"]["live"]["document"];
    assert_eq!(
        (&terms["priority"], &terms["caps"]),
        (&json!(7), &Value::Null)
    );
    assert_ne!(campaign["duplicates"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_without_a_beginning_is_told_and_nothing_is_made() {
    let house = House::start().await;
    let body = json!({"name": "Coins", "vertical": "crypto", "from_vertical": true});
    let problem = refused(&house, Method::POST, "/api/v1/campaigns", body).await;
    assert!(problem.to_string().contains("home_services"), "{problem}");
    assert_eq!(house.get("/api/v1/campaigns").await["items"], json!([]));
    let plain = house
        .post("/api/v1/campaigns", json!({"name": "Coins"}))
        .await;
    let path = format!("/api/v1/campaigns/{}", plain["id"].as_str().unwrap());
    refused(&house, Method::POST, &format!("{path}/flow"), json!({})).await;
    assert_eq!(house.get("/api/v1/flows").await["items"], json!([]));
    let late = json!({"vertical": "solar", "from_vertical": true});
    refused(&house, Method::PATCH, &path, late).await;
}
