//! Live events as server-sent events (the HTML standard, "Server-sent events").

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Interval;
use trunkline_engine::live::LiveEvent;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::calls_view::Names;
use crate::app::App;
use crate::auth::{Caller, Credential, Need};
use crate::places::Place;
use crate::problem::Problem;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often a stream asks whether its login or key still stands. What ends one in this process, commands included, is
/// told at once; this is for a login whose time is over.
const LOGIN_CHECK_EVERY: Duration = Duration::from_secs(60);

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Events: `call` with a call as it stands now, `resync` when some were missed.
#[utoipa::path(get, path = "/live", tag = "call", operation_id = "live", responses((status = 200, description = "Server-sent events", content_type = "text/event-stream"), (status = 429, body = Problem)))]
async fn live(State(app): State<App>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let (place, again) = app.streams.open(caller.credential).ok_or_else(|| {
        Problem::too_many_at_once("Too many live streams are open. Close a tab of the dashboard.")
    })?;
    let listener = Listener {
        events: app.backend.live.listen(),
        app,
        caller,
        again,
        // The first tick comes at once: it finds a login that ended before the signal was subscribed to.
        check: tokio::time::interval(LOGIN_CHECK_EVERY),
        _place: place,
    };
    let events = stream::unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One open stream.
struct Listener {
    app: App,
    caller: Caller,
    events: broadcast::Receiver<LiveEvent>,
    again: watch::Receiver<()>,
    check: Interval,
    _place: Place<Credential>,
}

impl Listener {
    /// The next event for the caller; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event,
                asked = self.again.changed() => {
                    if asked.is_err() || !self.still_stands().await {
                        return None;
                    }
                    continue;
                }
                _ = self.check.tick() => {
                    if !self.still_stands().await {
                        return None;
                    }
                    continue;
                }
            };
            match event {
                Ok(event) if event.account() == self.caller.account => {
                    if let Some(event) = self.to_sse(&event) {
                        return Some(event);
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    return Some(Event::default().event("resync").data("{}"));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Whether the login or key still opens the same account. When nobody can tell, it does not: the
    /// dashboard connects again by itself.
    async fn still_stands(&self) -> bool {
        let now = self.caller.credential.caller(&self.app).await;
        now.is_ok_and(|now| now.account == self.caller.account && now.may(Need::Read).is_ok())
    }

    fn to_sse(&self, event: &LiveEvent) -> Option<Event> {
        let LiveEvent::Call(call) = event;
        let names = Names::of(&self.app, &self.caller).ok()?;
        let event = Event::default().event("call");
        event.json_data(names.summary(call)).ok()
    }
}
