//! A buyer's server on loopback: bids when it is asked, takes what is posted, is late, refuses, or says nothing.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::PhoneNumber;

use crate::chance::Chance;

/// Largest body of a request, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// For how long a server that says nothing holds a request: longer than anybody waits.
const SILENT: Duration = Duration::from_secs(40);

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temper {
    /// What it bids, in cents; amounts between the two.
    pub bids: (u64, u64),
    /// How long it thinks, in milliseconds.
    pub thinks_ms: (u64, u64),
    /// Share of pings for which it has no bid.
    pub passes: f64,
    /// Share of posts that it refuses.
    pub refuses: f64,
    /// Share of requests that it never answers.
    pub silent: f64,
    /// The telephone that it wants calls on.
    pub phone: Option<PhoneNumber>,
    /// How long a call must last, in seconds.
    pub min_seconds: u32,
}

struct Shared {
    temper: Temper,
    chance: Mutex<Chance>,
}

/// A running server. Dropping it ends it.
pub struct BuyerServer {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for BuyerServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a request meets.
struct Mood {
    thinks: Duration,
    passes: bool,
    refuses: bool,
    silent: bool,
    cents: u64,
    id: u64,
}

impl Shared {
    fn mood(&self) -> Mood {
        let temper = &self.temper;
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        Mood {
            thinks: Duration::from_millis(chance.between(temper.thinks_ms.0, temper.thinks_ms.1)),
            passes: chance.happens(temper.passes),
            refuses: chance.happens(temper.refuses),
            silent: chance.happens(temper.silent),
            cents: chance.between(temper.bids.0, temper.bids.1),
            id: chance.next(),
        }
    }
}

impl BuyerServer {
    /// Opens a port on loopback.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn open(temper: Temper, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(Shared {
            temper,
            chance: Mutex::new(Chance::new(seed)),
        });
        let router = Router::new()
            .route("/ping", post(ping))
            .route("/post", post(take))
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .with_state(shared);
        let ended = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "a buyer's server ended");
                    }
                }
                () = ended.cancelled() => {}
            }
        });
        Ok(Self {
            address,
            stop,
            tasks,
        })
    }

    /// Where it is, such as `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn ping(State(shared): State<Arc<Shared>>, Json(_): Json<Value>) -> Json<Value> {
    let mood = shared.mood();
    sleep(if mood.silent { SILENT } else { mood.thinks }).await;
    if mood.passes {
        return Json(json!({"bid": "0", "reason": "no coverage"}));
    }
    let number = shared.temper.phone.map(|phone| phone.to_string());
    Json(json!({
        "bid": format!("{}.{:02}", mood.cents / 100, mood.cents % 100),
        "id": format!("q-{:016x}", mood.id),
        "seconds": shared.temper.min_seconds,
        "number": number,
    }))
}

async fn take(State(shared): State<Arc<Shared>>, Json(_): Json<Value>) -> Json<Value> {
    let mood = shared.mood();
    sleep(if mood.silent { SILENT } else { mood.thinks }).await;
    if mood.refuses {
        return Json(json!({"status": "refused", "reason": "duplicate of a customer"}));
    }
    Json(json!({"status": "accepted", "id": format!("l-{:016x}", mood.id)}))
}
