//! The demo business's web site: static pages with the real block in their head, and a telephone that
//! dials what the page shows.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::PhoneNumber;

use crate::audio::{Part, Speaker, Talk, Voice};
use crate::carrier::{Behaviour, CallHandle, Carrier, DialPlan, HangsUp, Progress};
use crate::chance::Chance;

/// Where the block goes.
const MARKER: &str = "<!-- trunkline:block -->";
/// Largest body of `POST /dial`, in bytes.
const DIAL_BODY_MAX: usize = 1_024;
/// Calls that can be asked about; older ones are forgotten.
const CALLS_MAX: usize = 100;
/// How the call of the person at the demo goes.
const RING_MS: u64 = 2_500;
const TALK_MS: u64 = 24_000;
const PATIENCE_MS: u64 = 40_000;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/demo-site"]
#[allow_missing = true]
struct Files;

/// Gives the site's block as it is now.
pub type BlockSource = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;
/// Finds the page of a call in the dashboard, by its caller; `None` while the server does not know it.
pub type Locate = Arc<dyn Fn(PhoneNumber) -> Option<String> + Send + Sync>;

/// What the demo site is made of.
#[derive(Clone)]
pub struct DemoSiteConfig {
    /// The block for the pages' heads.
    pub block: BlockSource,
    /// Finds a call in the dashboard.
    pub locate: Locate,
    /// Where the dashboard shows calls: one that was over at once is found there.
    pub calls: String,
    /// Where the dashboard shows leads.
    pub leads: String,
    /// Dials.
    pub carrier: Arc<Carrier>,
    /// First of the hundred numbers the person at the demo calls from.
    pub callers_from: PhoneNumber,
    /// Makes the voices.
    pub seed: u64,
}

/// A call that was placed here.
#[derive(Clone)]
struct Placed {
    id: u64,
    call: CallHandle,
    from: PhoneNumber,
    url: Option<String>,
}

struct Shared {
    config: DemoSiteConfig,
    placed: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    count: u64,
    recent: VecDeque<Placed>,
}

/// The running site. Dropping it ends it.
pub struct DemoSite {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for DemoSite {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl DemoSite {
    /// Serves on a listener.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(listener: TcpListener, config: DemoSiteConfig) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(Shared {
            config,
            placed: Mutex::default(),
        });
        let router = Router::new()
            .route("/dial", post(dial))
            .route("/dial/{call}", get(dialled))
            .route("/leads", get(leads))
            .fallback(file)
            .layer(DefaultBodyLimit::max(DIAL_BODY_MAX))
            .with_state(shared);
        let ended = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the demo site ended");
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

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[derive(Debug, Deserialize)]
struct DialRequest {
    number: String,
}

/// What the page's script follows.
#[derive(Debug, Serialize)]
struct DialAnswer {
    call: String,
    /// `ringing`, `talking`, `ended` of a call that was connected, or `refused` of one that was not.
    status: &'static str,
    /// The final SIP status of a call that was refused.
    sip_status: Option<u16>,
    dashboard_url: Option<String>,
    /// The log of calls, for one that has no page yet.
    calls_url: String,
}

async fn dial(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<DialRequest>, JsonRejection>,
) -> Response {
    let Ok(Json(request)) = body else {
        return problem(
            StatusCode::BAD_REQUEST,
            "Send the number the page shows, such as {\"number\": \"+14695550163\"}.",
        );
    };
    let Ok(number) = PhoneNumber::parse_e164(&request.number) else {
        return problem(StatusCode::BAD_REQUEST, "That is not a telephone number.");
    };
    match shared.place(number).await {
        Ok(placed) => (StatusCode::ACCEPTED, Json(shared.answer(&placed))).into_response(),
        Err(error) => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("The call was not placed: {error}."),
        ),
    }
}

async fn dialled(State(shared): State<Arc<Shared>>, Path(call): Path<String>) -> Response {
    let found = call
        .parse()
        .ok()
        .and_then(|id: u64| shared.hold().recent.iter().find(|p| p.id == id).cloned());
    match found {
        Some(placed) => Json(shared.answer(&placed)).into_response(),
        None => problem(StatusCode::NOT_FOUND, "There is no such call."),
    }
}

/// The log of leads in the dashboard; the pages do not know where that is.
async fn leads(State(shared): State<Arc<Shared>>) -> Redirect {
    Redirect::temporary(&shared.config.leads)
}

impl Shared {
    fn hold(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn place(&self, to: PhoneNumber) -> Result<Placed, crate::carrier::CarrierError> {
        let (id, from) = {
            let mut calls = self.hold();
            calls.count += 1;
            // The same number means the same visitor, so the same telephone dials it again.
            let before = calls
                .recent
                .iter()
                .find(|p| p.call.dialled() == to)
                .map(|p| p.from);
            let fresh =
                PhoneNumber::from_digits(self.config.callers_from.digits() + calls.count % 100);
            (calls.count, before.unwrap_or(fresh))
        };
        let mut chance = Chance::new(self.config.seed ^ id);
        let voice = Voice::Speech(Speaker {
            talk: Talk(chance.next()),
            part: Part::Caller,
            person: chance.next(),
        });
        let meets = vec![Behaviour::Answer { after_ms: RING_MS }];
        let plan = DialPlan {
            from,
            to,
            voice,
            talk_ms: TALK_MS,
            hang_up: HangsUp::Caller,
            patience_ms: PATIENCE_MS,
            meets,
        };
        let placed = Placed {
            id,
            call: self.config.carrier.dial(plan).await?,
            from,
            url: None,
        };
        let mut calls = self.hold();
        calls.recent.push_back(placed.clone());
        if calls.recent.len() > CALLS_MAX {
            calls.recent.pop_front();
        }
        Ok(placed)
    }

    fn answer(&self, placed: &Placed) -> DialAnswer {
        let (status, sip_status) = match placed.call.progress() {
            Progress::Dialling | Progress::Ringing => ("ringing", None),
            Progress::Talking => ("talking", None),
            Progress::Ended(ending) if ending.was_connected() => ("ended", None),
            Progress::Ended(ending) => ("refused", ending.status),
        };
        let url = placed
            .url
            .clone()
            .or_else(|| (self.config.locate)(placed.from));
        if placed.url.is_none() && url.is_some() {
            let mut calls = self.hold();
            if let Some(kept) = calls.recent.iter_mut().find(|p| p.id == placed.id) {
                kept.url.clone_from(&url);
            }
        }
        DialAnswer {
            call: placed.id.to_string(),
            status,
            sip_status,
            dashboard_url: url,
            calls_url: self.config.calls.clone(),
        }
    }
}

/// A file of the site; an address without ending is a page.
async fn file(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let path = uri.path().trim_matches('/');
    let name = match path {
        "" => "index.html".to_owned(),
        path if path.contains('.') => path.to_owned(),
        path => format!("{path}.html"),
    };
    let Some(file) = Files::get(&name) else {
        return (
            StatusCode::NOT_FOUND,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            "There is no such page.\n",
        )
            .into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, content_type(&name)),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    if !name.ends_with(".html") {
        return (headers, file.data.into_owned()).into_response();
    }
    match (shared.config.block)() {
        Ok(block) => (
            headers,
            String::from_utf8_lossy(&file.data).replace(MARKER, &block),
        )
            .into_response(),
        Err(error) => {
            // The page works without the block, as a site's would.
            tracing::warn!(error, "the demo page has no block");
            (headers, file.data.into_owned()).into_response()
        }
    }
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({"type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body.to_string(),
    )
        .into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}
