//! Who sends: the feed behind a key, with everything of its account, and whether it may ask now.
//!
//! A key is looked up in memory, so one that opens nothing costs little; a network that keeps sending them is told less.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use trunkline_core::routing::ReasonCode;
use trunkline_engine::distribution::{FeedEntry, Market};

use crate::address::{ClientAddress, subscriber};
use crate::app::{App, Web};
use crate::auth::sha256;
use crate::problem::Problem;

/// A feed that may ask now. As an argument of a handler it is the one whose secret key stands in `Authorization`; others
/// get 401, and 429 when they ask too often.
#[derive(Debug, Clone)]
pub(crate) struct FeedCaller {
    /// Everything of its account, as it was when the request came.
    pub(crate) market: Arc<Market>,
    /// The feed.
    pub(crate) entry: FeedEntry,
}

impl FeedCaller {
    /// The feed with a form key, which is public.
    ///
    /// # Errors
    /// 404 when there is none, 429 when it asks too often.
    pub(crate) fn by_form_key(app: &Web, key: &str) -> Result<Self, Problem> {
        let markets = app.backend.directory.markets().now();
        let found = markets.by_form_key(key);
        let (market, entry) = found.ok_or_else(|| Problem::not_found("form"))?;
        Self::let_in(app, market, entry)
    }

    fn let_in(app: &Web, market: &Arc<Market>, entry: &FeedEntry) -> Result<Self, Problem> {
        let now = app.backend.moment.now();
        let feed = entry.feed.id;
        app.feed_rates
            .attempt(feed, entry.rate, now)
            .map_err(|retry_after_s| {
                metrics::counter!("trunkline_intake_rate_limited_total").increment(1);
                Problem::too_many(retry_after_s).because(ReasonCode::RateLimited)
            })?;
        Ok(Self {
            market: Arc::clone(market),
            entry: entry.clone(),
        })
    }
}

impl FromRequestParts<App> for FeedCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = key(&parts.headers).ok_or_else(|| {
            Problem::unauthorized("Send the feed's key as `Authorization: Bearer tlf_…`.")
                .because(ReasonCode::BadKey)
        })?;
        let markets = app.backend.directory.markets().now();
        match markets.by_key(&sha256(key.as_bytes())) {
            Some((market, entry)) => Self::let_in(app, market, entry),
            None => Err(nobodys(app, parts)),
        }
    }
}

/// A key that opens nothing.
fn nobodys(app: &App, parts: &Parts) -> Problem {
    let ClientAddress(address) = ClientAddress::of(parts, app);
    let now = app.backend.moment.now();
    match app.unknown_keys.attempt(subscriber(address), now) {
        Ok(()) => Problem::unauthorized(
            "No feed has this key. Copy it anew, or have another made: it is shown only once.",
        )
        .because(ReasonCode::BadKey),
        Err(retry_after_s) => {
            metrics::counter!("trunkline_http_credentials_refused_total").increment(1);
            Problem::too_many(retry_after_s).because(ReasonCode::RateLimited)
        }
    }
}

/// The key of a request: `Bearer KEY`, as the world writes it, or the key alone, as many partners' forms do.
fn key(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    match sent.split_once(' ') {
        Some((scheme, key)) => scheme.eq_ignore_ascii_case("bearer").then(|| key.trim()),
        None => Some(sent).filter(|key| !key.is_empty() && !key.eq_ignore_ascii_case("bearer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_key_is_read_as_partners_send_it() {
        for (sent, read) in [
            ("Bearer tlf_abc", Some("tlf_abc")),
            ("bearer  tlf_abc ", Some("tlf_abc")),
            ("tlf_abc", Some("tlf_abc")),
            ("Basic dXNlcjpwYXNz", None),
            ("Bearer ", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(sent));
            assert_eq!(key(&headers), read, "{sent:?}");
        }
        assert_eq!(key(&HeaderMap::new()), None);
    }
}
