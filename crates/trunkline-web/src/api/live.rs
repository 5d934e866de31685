//! Live events as server-sent events (the HTML standard, "Server-sent events").

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use trunkline_engine::live::LiveEvent;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::calls_view::Names;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A stream ends after this, so that a login that ended does not go on listening.
const STREAM_MAX: Duration = Duration::from_secs(3_600);

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Events: `call` with a call as it stands now, `resync` when some were missed.
#[utoipa::path(get, path = "/live", tag = "call", operation_id = "live", responses((status = 200, description = "Server-sent events", content_type = "text/event-stream")))]
async fn live(State(app): State<App>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let events = BroadcastStream::new(app.backend.live.listen());
    let stream = events.filter_map(move |event| {
        let event = to_sse(&app, &caller, event);
        std::future::ready(event)
    });
    let stream = stream.take_until(tokio::time::sleep(STREAM_MAX));
    Ok(Sse::new(boxed(stream)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn boxed(
    stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> futures_util::stream::BoxStream<'static, Result<Event, Infallible>> {
    stream.boxed()
}

fn to_sse(
    app: &App,
    caller: &Caller,
    event: Result<LiveEvent, BroadcastStreamRecvError>,
) -> Option<Result<Event, Infallible>> {
    let event = match event {
        Ok(event) if event.account() == caller.account => event,
        Ok(_) => return None,
        Err(BroadcastStreamRecvError::Lagged(_)) => {
            return Some(Ok(Event::default().event("resync").data("{}")));
        }
    };
    let LiveEvent::Call(call) = event;
    let names = Names::of(app, caller).ok()?;
    Event::default()
        .event("call")
        .json_data(names.summary(&call))
        .ok()
        .map(Ok)
}
