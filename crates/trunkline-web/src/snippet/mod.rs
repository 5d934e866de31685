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

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::app::App;
use crate::problem::Problem;

/// Largest body of `assign`, in bytes.
pub(crate) const ASSIGN_BODY_MAX: usize = 8 * 1024;
/// Largest body of `event`, in bytes.
pub(crate) const EVENT_BODY_MAX: usize = 16 * 1024;

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
async fn read_body(body: Body, max: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, max).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(max)),
        Err(_) => Err(Problem::bad_request("The body could not be read.")),
    }
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
