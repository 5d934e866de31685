//! The snippet's side of the server: the scripts, assignments, and beacons.

mod assets;
mod assign;
pub(crate) mod block;
mod cors;
mod event;
pub(crate) mod token;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// Largest body of `assign`, in bytes.
pub(crate) const ASSIGN_BODY_MAX: usize = 8 * 1024;
/// Largest body of `event`, in bytes.
pub(crate) const EVENT_BODY_MAX: usize = 16 * 1024;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/t/{key}/loader.js", get(assets::loader))
        .route("/t/{file}", get(assets::core))
        .route(
            "/t/{key}/assign",
            post(assign::assign)
                .options(cors::preflight)
                .layer(DefaultBodyLimit::max(ASSIGN_BODY_MAX)),
        )
        .route(
            "/t/{key}/event",
            post(event::event)
                .options(cors::preflight)
                .layer(DefaultBodyLimit::max(EVENT_BODY_MAX)),
        )
}
