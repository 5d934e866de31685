//! Which pages may talk to a site: an Origin of its hosts is echoed, without credentials. Origin is a
//! filter, not authentication.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use trunkline_core::visitor::host_of;
use trunkline_engine::directory::SiteEntry;

use crate::app::App;
use crate::problem::Problem;

/// The Origin to echo, which holds no part of the request.
///
/// # Errors
/// 403 when the page is of another site, or names none.
pub(super) fn allowed(site: &SiteEntry, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let origin = headers.get(header::ORIGIN);
    let host = origin.and_then(|o| o.to_str().ok()).and_then(host_of);
    match (origin, host) {
        (Some(origin), Some(host)) if site.site.has_host(&host) => {
            HeaderValue::from_bytes(origin.as_bytes()).map_err(|_| Problem::internal())
        }
        _ => Err(Problem::forbidden(
            "This page's host is not one of the site's. Add it under Sites, or paste the block of the right site.",
        )),
    }
}

/// Adds the echo to a response.
pub(super) fn echo(origin: HeaderValue, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers a preflight. The snippet never causes one; an own integration with a JSON content type may.
pub(super) async fn preflight(
    State(app): State<App>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let directory = app.backend.directory.now();
    let site = directory.site_by_key(&key).ok_or_else(unknown_site)?;
    let mut response = echo(
        allowed(site, &headers)?,
        StatusCode::NO_CONTENT.into_response(),
    );
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("86400"),
    );
    Ok(response)
}

pub(super) fn unknown_site() -> Problem {
    Problem {
        detail: "No site has this key. Paste the block from the Sites page again.".to_owned(),
        ..Problem::not_found("site")
    }
}
