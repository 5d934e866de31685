//! The snippet's side of the server: the scripts, assignments, and beacons.

mod assets;
mod assign;
pub(crate) mod block;
mod cookie;
mod cors;
mod event;
mod leads;
pub(crate) mod preview;
mod settings;
pub(crate) mod token;

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{BoxError, Router};
use futures_util::FutureExt;
use http_body_util::BodyExt;
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
/// 413 when it is larger, 400 when it cannot be read or does not come in time.
pub(crate) async fn read_body<B>(body: B, max: usize) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    let mut whole = pin!(whole(body, max));
    // Most bodies are there with their head and need no clock.
    match whole.as_mut().now_or_never() {
        Some(read) => read,
        None => timeout(WHOLE_BODY_WAIT, whole)
            .await
            .unwrap_or_else(|_| Err(Problem::bad_request(NOT_READ))),
    }
}

const NOT_READ: &str = "The body could not be read.";

async fn whole<B>(body: B, max: usize) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    let mut body = pin!(body);
    let mut read = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request(NOT_READ))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if read.len() + data.len() > max {
            return Err(Problem::too_large(max));
        }
        read = if read.is_empty() {
            data
        } else {
            let mut both = Vec::from(read);
            both.extend_from_slice(&data);
            both.into()
        };
    }
    Ok(read)
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
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
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
    let (Parts { headers, .. }, body) = request.into_parts();
    let answer = assign::assign_on(app, &key, peer, headers, body).await;
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
