//! The visitor's cookie, for sites whose own server passes a path on to this one (`proxy_path`): set by HTTP on the site's
//! own host, it outlives what browsers let scripts keep. Only with consent to storage, and 13 months from the first visit
//! at most; it is not renewed.
//!
//! `base64url(version, site, visitor, expiry, HMAC-SHA-256 of all that)`. On a request from another origin browsers
//! neither send nor take it.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SiteId, VisitorId};

/// Its name.
const NAME: &str = "tl_v";
/// How long it lasts from the first visit: 13 months.
const LIFE_MS: i64 = 395 * 86_400_000;
/// Tells it from the tokens of sessions and previews.
const VERSION: u8 = 4;
const FIELDS: usize = 1 + 3 * 8;
const TAG: usize = 32;

/// A visitor that was met before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remembered {
    pub(super) visitor: VisitorId,
    expires_at: Timestamp,
}

/// The visitor that the request's cookie names, if it is genuine, of this site, and not over.
pub(super) fn read(
    headers: &HeaderMap,
    key: &hmac::Key,
    site: SiteId,
    now: Timestamp,
) -> Option<Remembered> {
    let mut pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let text = pairs.find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))?;
    open(text, key, site, now)
}

fn open(text: &str, key: &hmac::Key, site: SiteId, now: Timestamp) -> Option<Remembered> {
    let mut bytes = [0; FIELDS + TAG];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    if length != FIELDS + TAG || bytes[0] != VERSION {
        return None;
    }
    hmac::verify(key, &bytes[..FIELDS], &bytes[FIELDS..]).ok()?;
    let field = |index: usize| {
        let mut out = [0; 8];
        out.copy_from_slice(&bytes[1 + index * 8..9 + index * 8]);
        i64::from_be_bytes(out)
    };
    let remembered = Remembered {
        visitor: VisitorId::from_raw(field(1)),
        expires_at: Timestamp::from_millis(field(2)),
    };
    (SiteId::from_raw(field(0)) == site && remembered.expires_at > now).then_some(remembered)
}

/// The header that remembers a visitor below `path`: for as long as a cookie of the same visitor had left, or anew.
pub(super) fn remember(
    visitor: VisitorId,
    before: Option<Remembered>,
    place: (&str, SiteId, bool),
    key: &hmac::Key,
    now: Timestamp,
) -> Option<HeaderValue> {
    let (path, site, secure) = place;
    let same = before.filter(|before| before.visitor == visitor);
    let expires_at = same.map_or_else(|| now.plus_millis(LIFE_MS), |before| before.expires_at);
    let mut bytes = [0; FIELDS + TAG];
    bytes[0] = VERSION;
    let fields = [site.raw(), visitor.raw(), expires_at.as_millis()];
    for (index, field) in fields.into_iter().enumerate() {
        bytes[1 + index * 8..9 + index * 8].copy_from_slice(&field.to_be_bytes());
    }
    let tag = hmac::sign(key, &bytes[..FIELDS]);
    bytes[FIELDS..].copy_from_slice(tag.as_ref());
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let seconds = expires_at.millis_since(now) / 1_000;
    header_value(&text, path, seconds, secure)
}

/// The header that forgets the visitor.
pub(super) fn forget(path: &str, secure: bool) -> Option<HeaderValue> {
    header_value("", path, 0, secure)
}

fn header_value(text: &str, path: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{NAME}={text}; Path={path}; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}");
    HeaderValue::from_str(&cookie).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_remembered_on_its_own_site_for_thirteen_months_and_no_longer() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let (site, visitor) = (SiteId::from_raw(1), VisitorId::from_raw(2));
        let now = Timestamp::from_millis(1_800_000_000_000);
        let set = remember(visitor, None, ("/tl", site, true), &key, now).expect("a cookie");
        let text = set.to_str().expect("ascii").to_owned();
        assert!(
            text.ends_with("; Path=/tl; Max-Age=34128000; SameSite=Lax; HttpOnly; Secure"),
            "{text}"
        );
        let sent = |text: &str| {
            let mut headers = HeaderMap::new();
            let value = format!("other=1; {}", text.split(';').next().unwrap_or(""));
            headers.insert(
                header::COOKIE,
                HeaderValue::from_str(&value).expect("a value"),
            );
            headers
        };
        let later = now.plus_millis(LIFE_MS - 1_000);
        let found = read(&sent(&text), &key, site, later).expect("remembered");
        assert_eq!(found.visitor, visitor);
        assert_eq!(
            read(&sent(&text), &key, site, now.plus_millis(LIFE_MS)),
            None
        );
        assert_eq!(read(&sent(&text), &key, SiteId::from_raw(9), now), None);
        assert_eq!(read(&sent("tl_v=forged"), &key, site, now), None);
        let again =
            remember(visitor, Some(found), ("/tl", site, true), &key, later).expect("a cookie");
        assert!(
            again.to_str().expect("ascii").contains("Max-Age=1;"),
            "it is not renewed"
        );
    }
}
