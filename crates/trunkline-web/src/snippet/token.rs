//! Assignment tokens: what lets a page speak for its session, and for nothing else.
//!
//! `base64url(version, site, visitor, session, lease, expiry, HMAC-SHA-256 of all that)`. Refreshed by
//! each assignment.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{LeaseId, SessionId, SiteId, VisitorId};

const VERSION: u8 = 1;
const FIELDS: usize = 1 + 5 * 8;
const TAG: usize = 32;
/// How long a token opens, in milliseconds: the memory of attribution, 30 days rolling.
pub(crate) const LIFE_MS: i64 = 30 * 86_400_000;

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// The site it was given on.
    pub site: SiteId,
    /// The visitor.
    pub visitor: VisitorId,
    /// The session.
    pub session: SessionId,
    /// The session's first lease, when it had one.
    pub lease: Option<LeaseId>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Token {
    /// The signed text.
    #[must_use]
    pub(crate) fn seal(&self, key: &hmac::Key) -> String {
        let mut bytes = [0; FIELDS + TAG];
        bytes[0] = VERSION;
        let lease = self.lease.map_or(0, LeaseId::raw);
        let fields = [
            self.site.raw(),
            self.visitor.raw(),
            self.session.raw(),
            lease,
            self.expires_at.as_millis(),
        ];
        for (index, field) in fields.into_iter().enumerate() {
            bytes[1 + index * 8..9 + index * 8].copy_from_slice(&field.to_be_bytes());
        }
        let tag = hmac::sign(key, &bytes[..FIELDS]);
        bytes[FIELDS..].copy_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text back; `None` when it is forged, of another site, or has ended.
    #[must_use]
    pub(crate) fn open(text: &str, key: &hmac::Key, site: SiteId, now: Timestamp) -> Option<Self> {
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
        let token = Self {
            site: SiteId::from_raw(field(0)),
            visitor: VisitorId::from_raw(field(1)),
            session: SessionId::from_raw(field(2)),
            lease: Some(field(3)).filter(|l| *l != 0).map(LeaseId::from_raw),
            expires_at: Timestamp::from_millis(field(4)),
        };
        (token.site == site && token.expires_at > now).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_genuine_token_of_this_site_and_time_opens() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let now = Timestamp::from_millis(1_800_000_000_000);
        let token = Token {
            site: SiteId::from_raw(1),
            visitor: VisitorId::from_raw(2),
            session: SessionId::from_raw(3),
            lease: None,
            expires_at: now.plus_millis(LIFE_MS),
        };
        let text = token.seal(&key);
        assert_eq!(Token::open(&text, &key, token.site, now), Some(token));
        assert_eq!(Token::open(&text, &key, SiteId::from_raw(9), now), None);
        assert_eq!(Token::open(&text, &key, token.site, token.expires_at), None);
        let other = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        assert_eq!(Token::open(&text, &other, token.site, now), None);
        for index in 0..text.len() {
            let mut bent = text.clone().into_bytes();
            bent[index] = if bent[index] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).expect("ascii");
            assert_eq!(Token::open(&bent, &key, token.site, now), None, "{index}");
        }
        assert_eq!(Token::open("", &key, token.site, now), None);
        assert_eq!(Token::open(&"A".repeat(4_000), &key, token.site, now), None);
    }
}
