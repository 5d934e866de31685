//! The HTTP edge: the snippet's endpoints, the management API, the dashboard, and the server itself.
//!
//! Wire types live here and nowhere else. Handlers read a request, call one use case, and write its
//! answer; they decide nothing.

mod address;
mod api;
mod app;
mod auth;
mod health;
mod problem;
pub mod server;
mod snippet;
mod ui;

use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use trunkline_engine::directory::SiteEntry;

pub use address::TrustedProxies;
pub use api::openapi;
pub use app::{App, Backend, Web, WebSettings};
pub use auth::password;
pub use problem::Problem;

/// The block for the `<head>` of a site's pages, as the set-up page shows it.
///
/// # Errors
/// When the program was built without the snippet.
pub fn site_block(public_url: &str, site: &SiteEntry) -> Result<String, Problem> {
    snippet::block::block(public_url, site).map(|block| block.block)
}

/// Longest pause between two parts of a request's body.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// The router of the whole edge. A handler that panics answers 500 and ends nothing else.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(snippet::router())
        .merge(api::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(ui::serve)
        .with_state(app)
        .layer(SetResponseHeaderLayer::if_not_present(
            X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(RequestBodyTimeoutLayer::new(BODY_WAIT))
        .layer(CatchPanicLayer::new())
}
