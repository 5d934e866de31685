//! Buyers' servers as they were ordered, over real HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_core::base::PhoneNumber;
use trunkline_sim::trade::{BuyerServer, Temper};

const STEADY: Temper = Temper {
    bids: (1_405, 1_405),
    thinks_ms: (0, 0),
    passes: 0.0,
    refuses: 0.0,
    silent: 0.0,
    phone: Some(PhoneNumber::from_digits(12_145_550_170)),
    min_seconds: 20,
};

async fn asked(server: &BuyerServer, path: &str) -> Result<Value, reqwest::Error> {
    let request = reqwest::Client::new().post(format!("{}{path}", server.url()));
    let request = request.json(&json!({"zip": "75201"}));
    let request = request.timeout(Duration::from_millis(700));
    request.send().await?.json().await
}

async fn answer(temper: Temper, path: &str) -> Result<Value, reqwest::Error> {
    let server = BuyerServer::open(temper, 7).await.expect("a server");
    let told = asked(&server, path).await;
    server.stop().await;
    told
}

#[tokio::test]
async fn a_server_bids_passes_takes_refuses_or_says_nothing() {
    let bid = answer(STEADY, "/ping").await.expect("a bid");
    assert_eq!(
        (&bid["bid"], &bid["number"]),
        (&json!("14.05"), &json!("+12145550170"))
    );
    assert_eq!(bid["seconds"], 20);
    let passes = Temper {
        passes: 1.0,
        ..STEADY
    };
    let pass = answer(passes, "/ping").await.expect("an answer");
    assert_eq!(
        (&pass["bid"], &pass["reason"]),
        (&json!("0"), &json!("no coverage"))
    );
    let taken = answer(STEADY, "/post").await.expect("an answer");
    assert_eq!(taken["status"], "accepted");
    let refuses = Temper {
        refuses: 1.0,
        ..STEADY
    };
    let refused = answer(refuses, "/post").await.expect("an answer");
    assert_eq!(refused["status"], "refused");
    let silent = Temper {
        silent: 1.0,
        ..STEADY
    };
    for path in ["/ping", "/post"] {
        let waited = answer(silent, path).await.expect_err("no answer");
        assert!(waited.is_timeout(), "{waited}");
    }
}
