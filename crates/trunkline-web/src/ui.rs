//! The dashboard, built by `web/dashboard` and embedded: hashed files are cached for ever, every other
//! path of the dashboard gets its start page.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// Content security policy of our own pages.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dashboard/dist"]
#[allow_missing = true]
struct Files;

/// Shown when the program was built without the dashboard.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Trunkline</title><body style=\"font:16px/1.5 system-ui;margin:15vh auto;max-width:34em;padding:0 1em\"><h1 style=\"font-size:20px\">The dashboard is not in this build</h1><p>The server works; calls and pages are served. To see the dashboard, run <code>make web</code> in the source folder and build the program again.</p></body></html>";

pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(response) = file(path, &headers) {
        return response;
    }
    if path.starts_with("api/") || path.starts_with("t/") || path.starts_with("assets/") {
        return crate::problem::Problem::not_found("address").into_response();
    }
    file("index.html", &headers)
        .unwrap_or_else(|| page(StatusCode::OK, MISSING.to_owned().into_bytes()))
}

/// A file in the smallest encoding the browser takes.
fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    if path.is_empty() || path.ends_with(".br") || path.ends_with(".gz") {
        return None;
    }
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let packed = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .find_map(|(name, ending)| {
            let takes = accepted
                .split(',')
                .any(|a| a.trim().split(';').next() == Some(name));
            Files::get(&format!("{path}{ending}"))
                .filter(|_| takes)
                .map(|file| (file, Some(name)))
        });
    let (file, encoding) = packed.or_else(|| Files::get(path).map(|file| (file, None)))?;
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = page(StatusCode::OK, file.data.into_owned());
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type(path)),
    );
    out.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static(cache),
    );
    out.insert(
        header::VARY,
        header::HeaderValue::from_static("Accept-Encoding"),
    );
    if let Some(encoding) = encoding {
        out.insert(
            header::CONTENT_ENCODING,
            header::HeaderValue::from_static(encoding),
        );
    }
    Some(response)
}

fn page(status: StatusCode, body: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (status, headers, body).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
