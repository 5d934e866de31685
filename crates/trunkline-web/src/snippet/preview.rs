//! `POST /t/{site_key}/preview`: a browser that was sent to the site with a preview link gets the draft. Nothing is
//! recorded and no number is given: where a pool would give one, the first of its numbers stands for all.
//!
//! The link's token is `base64url(version, site, expiry, HMAC-SHA-256 of all that)`.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::SiteId;
use trunkline_core::visitor::{Arrival, Landing, classify};
use trunkline_engine::directory::{Directory, SiteEntry};
use trunkline_engine::page_check::sample_numbers;

use super::assign::NumberAnswer;
use super::{ASSIGN_BODY_MAX, block, cors, read_body, unreadable};
use crate::app::App;
use crate::problem::Problem;

/// The parameter of the page's address that carries the token.
pub(crate) const PARAMETER: &str = "tl_preview";
/// How long a link shows the draft, in milliseconds.
pub(crate) const LINK_MS: i64 = 3_600_000;

/// Tells these tokens from those of sessions.
const VERSION: u8 = 3;
const FIELDS: usize = 1 + 2 * 8;
const TAG: usize = 32;

/// The text of a link's token.
#[must_use]
pub(crate) fn seal(key: &hmac::Key, site: SiteId, expires_at: Timestamp) -> String {
    let mut bytes = [0; FIELDS + TAG];
    bytes[0] = VERSION;
    bytes[1..9].copy_from_slice(&site.raw().to_be_bytes());
    bytes[9..17].copy_from_slice(&expires_at.as_millis().to_be_bytes());
    let tag = hmac::sign(key, &bytes[..FIELDS]);
    bytes[FIELDS..].copy_from_slice(tag.as_ref());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a token is genuine, of this site, and not over.
#[must_use]
fn opens(text: &str, key: &hmac::Key, site: SiteId, now: Timestamp) -> bool {
    let mut bytes = [0; FIELDS + TAG];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
    if length != Ok(FIELDS + TAG) || bytes[0] != VERSION {
        return false;
    }
    let mut expiry = [0; 8];
    expiry.copy_from_slice(&bytes[9..17]);
    hmac::verify(key, &bytes[..FIELDS], &bytes[FIELDS..]).is_ok()
        && bytes[1..9] == site.raw().to_be_bytes()
        && i64::from_be_bytes(expiry) > now.as_millis()
}

#[derive(Debug, Deserialize)]
struct PreviewRequest {
    token: String,
    page: String,
    #[serde(default, rename = "ref")]
    referrer: String,
}

#[derive(Debug, Serialize)]
struct PreviewAnswer {
    /// The block's configuration as the draft would make it.
    config: Box<RawValue>,
    numbers: Vec<NumberAnswer>,
    /// The labels of the targets.
    labels: Vec<String>,
}

pub(super) async fn preview(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let directory = app.backend.directory.now();
    let site = directory.site_by_key(&key).ok_or_else(cors::unknown_site)?;
    let origin = cors::allowed(site, &head.headers)?;
    let answer = match answer(&app, &directory, site, body).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_response(),
    };
    Ok(cors::echo(origin, answer))
}

async fn answer(
    app: &App,
    directory: &Directory,
    site: &SiteEntry,
    body: Body,
) -> Result<Response, Problem> {
    let body = read_body(body, ASSIGN_BODY_MAX).await?;
    let request: PreviewRequest = serde_json::from_slice(&body).map_err(|e| unreadable(&e))?;
    let now = app.backend.moment.now();
    if !opens(&request.token, &app.token_key, site.site.id, now) {
        return Err(Problem::forbidden(
            "This preview link has ended. Make a new one on the site's page.",
        ));
    }
    let draft = directory
        .draft_of(site.site.id)
        .ok_or_else(cors::unknown_site)?;
    let landing = Landing::parse(&request.page)
        .ok_or_else(|| Problem::invalid("page", "Send the page's whole address."))?;
    let arrival = Arrival {
        landing: &landing,
        referrer: &request.referrer,
    };
    let source = classify(&arrival, &draft.site.hosts, &draft.site.source_rules);
    let config = block::config(&app.settings.public_url, &draft)?;
    let answer = PreviewAnswer {
        config: RawValue::from_string(config).map_err(|_| Problem::internal())?,
        numbers: sample_numbers(directory, &draft, &source, &landing.path)
            .iter()
            .filter_map(|(target, shown)| Some(NumberAnswer::new(target.id, shown.as_ref()?)))
            .collect(),
        labels: draft.site.targets.iter().map(|t| t.label.clone()).collect(),
    };
    let json = serde_json::to_vec(&answer).map_err(|_| Problem::internal())?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_own_sites_draft_for_its_hour_and_is_no_session() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let (site, now) = (
            SiteId::from_raw(1),
            Timestamp::from_millis(1_800_000_000_000),
        );
        let text = seal(&key, site, now.plus_millis(LINK_MS));
        assert!(opens(&text, &key, site, now));
        assert!(!opens(&text, &key, site, now.plus_millis(LINK_MS)));
        assert!(!opens(&text, &key, SiteId::from_raw(2), now));
        assert!(!opens(
            &text,
            &hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]),
            site,
            now
        ));
        for other in ["", "A", &text[1..], &text.replace(&text[20..24], "AAAA")] {
            assert!(!opens(other, &key, site, now), "{other}");
        }
        assert_eq!(
            super::super::token::Token::open(&text, &key, site, now),
            None
        );
    }
}
