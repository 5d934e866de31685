//! The snippet's scripts, built by `web/snippet` and embedded.

use std::sync::OnceLock;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::block;
use super::cors::unknown_site;
use crate::app::App;
use crate::auth::sha256;
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/snippet/dist"]
#[allow_missing = true]
struct Scripts;

/// A script of the snippet.
///
/// # Errors
/// 503 when the program was built without it.
pub(super) fn script(name: &str) -> Result<String, Problem> {
    let file = Scripts::get(name).ok_or_else(|| {
        Problem::unavailable(
            "This server was built without the snippet. Run `make web` and build again.",
        )
    })?;
    String::from_utf8(file.data.into_owned()).map_err(|_| Problem::internal())
}

/// File name of the core script with the hash of its content, so that it can be cached for ever.
pub(super) fn core_name() -> Result<String, Problem> {
    static NAME: OnceLock<String> = OnceLock::new();
    hashed("core", &NAME)
}

/// File name of the extras, which the core knows from its build.
fn extras_name() -> Result<String, Problem> {
    static NAME: OnceLock<String> = OnceLock::new();
    hashed("extras", &NAME)
}

fn hashed(script_name: &str, name: &OnceLock<String>) -> Result<String, Problem> {
    if let Some(name) = name.get() {
        return Ok(name.clone());
    }
    let hash = sha256(script(&format!("{script_name}.js"))?.as_bytes());
    let hex: String = hash[..5].iter().map(|b| format!("{b:02x}")).collect();
    Ok(name
        .get_or_init(|| format!("{script_name}.{hex}.js"))
        .clone())
}

/// `GET /t/core.{hash}.js` and `GET /t/extras.{hash}.js`
pub(super) async fn module(Path(file): Path<String>) -> Result<Response, Problem> {
    let (name, current) = match file.split('.').next() {
        Some("core") if file.ends_with(".js") => ("core.js", core_name()?),
        Some("extras") if file.ends_with(".js") => ("extras.js", extras_name()?),
        _ => return Err(Problem::not_found("script")),
    };
    // Pages with an older block ask for an older hash; they get the script of today, for an hour.
    let lasting = if file == current {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, lasting),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    Ok((headers, script(name)?).into_response())
}

/// `GET /t/{site_key}/loader.js`: the loader with the site's configuration, as one file.
pub(super) async fn loader(
    State(app): State<App>,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    let directory = app.backend.directory.now();
    let site = directory.site_by_key(&key).ok_or_else(unknown_site)?;
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    Ok((headers, block::one_file(&app.settings.public_url, site)?).into_response())
}
