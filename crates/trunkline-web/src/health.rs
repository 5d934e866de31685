//! `/healthz`: the process runs. `/readyz`: it can serve, the store included.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::timeout;

use crate::app::App;

const READY_WAIT: Duration = Duration::from_secs(1);

pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, &'static str) {
    match timeout(READY_WAIT, app.backend.access.has_users()).await {
        Ok(Ok(_)) => (StatusCode::OK, "ready\n"),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        ),
    }
}
