//! The demo site carries the block of the moment and dials what the page shows.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tokio::net::TcpListener;
use trunkline_core::base::PhoneNumber;
use trunkline_sim::audio::Voice;
use trunkline_sim::carrier::{Behaviour, Carrier, CarrierConfig, Line};
use trunkline_sim::demo_site::{DemoSite, DemoSiteConfig};

const SHOWN: PhoneNumber = PhoneNumber::from_digits(14_695_550_101);

async fn site(trunk: SocketAddr) -> DemoSite {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let carrier = Carrier::start(CarrierConfig::new(trunk))
        .await
        .expect("a carrier");
    let count = AtomicU32::new(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let config = DemoSiteConfig {
        block: Arc::new(move || {
            Ok(format!(
                "<b>block {}</b>",
                count.fetch_add(1, Ordering::Relaxed)
            ))
        }),
        locate: Arc::new(|caller| Some(format!("http://dashboard/calls/{caller}"))),
        leads: "http://dashboard/leads".to_owned(),
        carrier: Arc::new(carrier),
        calls: "http://dashboard/calls".to_owned(),
        callers_from: PhoneNumber::from_digits(17_375_550_100),
        seed: 1,
    };
    DemoSite::start(listener, config).expect("a site")
}

#[tokio::test]
async fn every_page_carries_the_block_of_the_moment() {
    let site = site("127.0.0.1:9".parse().expect("an address")).await;
    for (path, block) in [
        ("/", "block 0"),
        ("/contact", "block 1"),
        ("/?gclid=x", "block 2"),
    ] {
        let page = reqwest::get(format!("http://{}{path}", site.address()))
            .await
            .expect("an answer");
        assert!(
            page.headers()["content-type"]
                .to_str()
                .expect("text")
                .starts_with("text/html")
        );
        let html = page.text().await.expect("a page");
        assert!(html.contains(block), "{path}");
        assert!(!html.contains("trunkline:block"), "{path}");
    }
    let missing = reqwest::get(format!("http://{}/nothing", site.address()))
        .await
        .expect("an answer");
    assert_eq!(missing.status(), 404);
    site.stop().await;
}

#[tokio::test]
async fn the_number_shown_is_dialled_and_followed() {
    let far = Carrier::start(CarrierConfig::new(
        "127.0.0.1:9".parse().expect("an address"),
    ))
    .await
    .expect("a carrier");
    far.connect(
        SHOWN,
        Line {
            behaviour: Behaviour::Answer { after_ms: 0 },
            voice: Voice::Silence,
            hangs_up_after_ms: Some(50),
        },
    );
    let mut arrivals = far.arrivals();
    let site = site(far.address()).await;
    let dial = format!("http://{}/dial", site.address());
    let client = reqwest::Client::new();
    let post = async |body: &str| {
        client
            .post(&dial)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .expect("an answer")
    };
    let placed = post("{\"number\":\"+14695550101\"}").await;
    assert_eq!(placed.status(), 202);
    let placed: Value = serde_json::from_str(&placed.text().await.expect("text")).expect("JSON");
    let arrived = arrivals.recv().await.expect("a call");
    assert_eq!(arrived.dialled(), SHOWN);
    arrived.ended().await;
    let follow = format!("{dial}/{}", placed["call"].as_str().expect("an id"));
    let ended = loop {
        let now: Value = serde_json::from_str(
            &client
                .get(&follow)
                .send()
                .await
                .expect("an answer")
                .text()
                .await
                .expect("text"),
        )
        .expect("JSON");
        if now["status"] == "ended" {
            break now;
        }
    };
    let caller = arrived.caller().expect("a caller");
    assert_eq!(
        ended["dashboard_url"],
        format!("http://dashboard/calls/{caller}")
    );
    for (body, status) in [
        ("{\"number\":\"911\"}", 400),
        ("nonsense", 400),
        (&*"9".repeat(4_000), 400),
    ] {
        let refused = post(body).await;
        assert_eq!(refused.status(), status);
        assert_eq!(
            refused.headers()["content-type"],
            "application/problem+json"
        );
    }
    assert_eq!(
        client
            .get(format!("{dial}/77"))
            .send()
            .await
            .expect("an answer")
            .status(),
        404
    );
}

#[tokio::test]
async fn a_call_that_is_refused_is_told_apart_from_one_that_ended() {
    let far = Carrier::start(CarrierConfig::new(
        "127.0.0.1:9".parse().expect("an address"),
    ))
    .await
    .expect("a carrier");
    far.connect(
        SHOWN,
        Line {
            behaviour: Behaviour::Busy,
            voice: Voice::Silence,
            hangs_up_after_ms: None,
        },
    );
    let mut arrivals = far.arrivals();
    let site = site(far.address()).await;
    let dial = format!("http://{}/dial", site.address());
    let client = reqwest::Client::new();
    let read = async |request: reqwest::RequestBuilder| -> Value {
        let text = request.send().await.expect("an answer").text().await;
        serde_json::from_str(&text.expect("text")).expect("JSON")
    };
    let placed = client
        .post(&dial)
        .header("content-type", "application/json")
        .body("{\"number\":\"+14695550101\"}");
    let placed = read(placed).await;
    arrivals.recv().await.expect("a call").ended().await;
    let follow = format!("{dial}/{}", placed["call"].as_str().expect("an id"));
    let told = loop {
        let now = read(client.get(&follow)).await;
        if now["status"] != "ringing" {
            break now;
        }
    };
    assert_eq!(
        (&told["status"], &told["sip_status"], &told["calls_url"]),
        (
            &"refused".into(),
            &486.into(),
            &"http://dashboard/calls".into()
        )
    );
}
