//! The snippet's side of the server: the scripts, assignments, and beacons.

mod assets;
mod assign;
pub(crate) mod block;
mod cookie;
mod cors;
mod event;
pub(crate) mod preview;
mod settings;
pub(crate) mod token;

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{BoxError, Router};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::app::App;
use crate::problem::Problem;

/// Largest body of `assign`, in bytes.
pub(crate) const ASSIGN_BODY_MAX: usize = 8 * 1024;
/// Largest body of `event`, in bytes.
pub(crate) const EVENT_BODY_MAX: usize = 16 * 1024;

/// Longest wait for the whole of either.
const WHOLE_BODY_WAIT: Duration = Duration::from_secs(10);

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/t/{key}/loader.js", get(assets::loader))
        .route("/t/{file}", get(assets::module))
        .route(
            "/t/{key}/assign",
            post(assign::assign).options(cors::preflight),
        )
        .route(
            "/t/{key}/preview",
            post(preview::preview).options(cors::preflight),
        )
        .route(
            "/t/{key}/event",
            post(event::event).options(cors::preflight),
        )
}

/// Reads a body of at most `max` bytes.
///
/// # Errors
/// 413 when it is larger, 400 when it cannot be read.
async fn read_body<B>(body: B, max: usize) -> Result<Bytes, Problem>
where
    B: HttpBody<Error: Into<BoxError>>,
{
    match timeout(WHOLE_BODY_WAIT, Limited::new(body, max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(max)),
        Ok(Err(_)) | Err(_) => Err(Problem::bad_request("The body could not be read.")),
    }
}

/// Answers the request that every first page of every visit makes before the router is asked, which would cost as much as
/// the decision itself; gives back any other request.
///
/// # Errors
/// The request itself, when it is another one.
pub(crate) async fn answer_first<B>(
    app: &App,
    request: Request<B>,
    peer: IpAddr,
) -> Result<Response, Request<B>>
where
    B: HttpBody<Error: Into<BoxError>>,
{
    let key = request.uri().path().strip_prefix("/t/");
    let key = key.and_then(|rest| rest.strip_suffix("/assign"));
    let plain = |key: &&str| !key.contains(['/', '%']);
    let Some(key) = key
        .filter(plain)
        .filter(|_| request.method() == Method::POST)
    else {
        return Err(request);
    };
    let key = key.to_owned();
    let (head, body) = request.into_parts();
    let answer = assign::assign_on(app, &key, peer, &head, body).await;
    Ok(answer.unwrap_or_else(IntoResponse::into_response))
}

/// What is wrong with a body that is not the snippet's.
fn unreadable(error: &serde_json::Error) -> Problem {
    if error.is_data() && error.to_string().contains("struct") {
        return Problem::bad_request(
            "Send a JSON object as the snippet does; see the documentation.",
        );
    }
    Problem::bad_request(error.to_string())
}
