//! The HTTP edge: the snippet's endpoints, the management API, the dashboard, and the server itself.
//!
//! Wire types live here and nowhere else. Handlers read a request, call one use case, and write its
//! answer; they decide nothing.

mod address;
mod api;
mod app;
mod auth;
mod health;
pub mod intake;
mod places;
mod problem;
pub mod server;
mod snippet;
mod ui;
pub mod voice;

use axum::Router;
use axum::routing::get;
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

/// The router of the whole edge.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(snippet::router())
        .merge(api::router())
        .merge(intake::leads::router())
        .merge(voice::router())
        .merge(intake::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(ui::serve)
        .with_state(app)
}
