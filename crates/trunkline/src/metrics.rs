//! `/metrics` for Prometheus, for the addresses that may read it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Config;

/// Adds the endpoint to a router.
pub(crate) fn with_metrics(
    router: Router,
    handle: Option<PrometheusHandle>,
    config: &Config,
) -> Router {
    let Some(handle) = handle else { return router };
    let allowed = Arc::new(config.http.metrics_allow.clone());
    let answer = move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| {
        // What a proxy passes on comes from elsewhere, whatever address the proxy has.
        let direct = !headers.contains_key("x-forwarded-for") && !headers.contains_key("forwarded");
        let peer = peer.ip().to_canonical();
        let may_read = direct && allowed.iter().any(|range| range.contains(&peer));
        let answer = if may_read {
            Ok(handle.render())
        } else {
            Err(StatusCode::NOT_FOUND)
        };
        std::future::ready(answer)
    };
    router.route("/metrics", get(answer))
}
