//! A stand-in for a site and its server: a page with a block, and the snippet's two addresses, which
//! note what they are told.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use trunkline_core::base::PhoneNumber;

/// The number the page prints, and the one that is assigned.
pub(crate) const PRINTED: PhoneNumber = PhoneNumber::from_digits(14_695_550_163);
pub(crate) const ASSIGNED: PhoneNumber = PhoneNumber::from_digits(14_695_550_101);
pub(crate) const AGENT: &str = "Mozilla/5.0 (iPhone) Mobile Safari";

/// A request as it was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) path: &'static str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |v| v.to_str().expect("text"))
    }
}

#[derive(Default)]
pub(crate) struct Seen {
    told: Mutex<Vec<Told>>,
    news: Notify,
    /// The next event is answered with 401.
    pub(crate) forgets: Mutex<bool>,
}

impl Seen {
    /// Everything so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().expect("a lock").clone()
    }

    /// Waits until something like this was told.
    pub(crate) async fn until(&self, found: impl Fn(&Told) -> bool) -> Told {
        loop {
            let news = self.news.notified();
            if let Some(told) = self.told().into_iter().find(&found) {
                return told;
            }
            news.await;
        }
    }

    fn note(&self, path: &'static str, headers: HeaderMap, body: &str) {
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        self.told.lock().expect("a lock").push(Told {
            path,
            headers,
            body,
        });
        self.news.notify_waiters();
    }
}

/// Starts the stub; its address and what it sees.
pub(crate) async fn start() -> (String, Arc<Seen>) {
    // The visitor's client wants a TLS provider, also for addresses without TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let seen = Arc::new(Seen::default());
    let base = format!("{address}/t/key");
    let page = move |State(seen): State<Arc<Seen>>, headers: HeaderMap| {
        let block = json!({"v": 1, "c": 7, "u": base, "k": "core.js", "t": [["swt_1", PRINTED.to_string()]], "r": []});
        let html = format!(
            "<head><script type=\"application/json\" id=\"trunkline-config\">{block}</script></head><a href=\"tel:{PRINTED}\"></a><a href=\"tel:{PRINTED}\"></a>"
        );
        async move {
            seen.note("page", headers, "");
            Html(html)
        }
    };
    let router = Router::new()
        .route("/t/key/assign", post(assign))
        .route("/t/key/event", post(event))
        .route("/bare", get(|| async { Html("<p>no block</p>") }))
        .fallback(get(page))
        .with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen)
}

async fn assign(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: String) -> Response {
    seen.note("assign", headers, &body);
    let consent = seen
        .told()
        .last()
        .map_or(0, |t| t.body["consent"].as_u64().unwrap_or(0));
    let token = (consent > 0).then_some("token");
    Json(json!({"token": token, "numbers": [{"t": "swt_1", "n": ASSIGNED.to_string()}], "kind": "pool", "ttl": 1800, "beat": 1, "c": 7})).into_response()
}

async fn event(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: String) -> StatusCode {
    seen.note("event", headers, &body);
    match std::mem::take(&mut *seen.forgets.lock().expect("a lock")) {
        true => StatusCode::UNAUTHORIZED,
        false => StatusCode::NO_CONTENT,
    }
}
