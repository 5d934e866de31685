//! The mark of a device on which somebody has signed in before: it tells the owner of a name from strangers who guess at
//! it, without a row anywhere. It opens nothing; it only has a budget of attempts of its own.
//!
//! `base64url(serial, expiry, HMAC-SHA-256 of version, both and the name)`, in one cookie per name.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use trunkline_core::base::Timestamp;

/// How long a mark lasts after the last sign-in: 180 days.
const LIFE_MS: i64 = 180 * 86_400_000;
/// Where it is sent to and nowhere else.
const PATH: &str = "/api/v1/login";
/// What its tag begins with; tells it from everything else that is signed with the same key.
const VERSION: &[u8] = b"device mark 1\0";
/// What the name of its cookie is made with.
const COOKIE_VERSION: &[u8] = b"device mark cookie 1\0";
/// Bytes of a cookie's name that tell one person from the next on the same device.
const COOKIE_BYTES: usize = 6;
const SERIAL: usize = 16;
const FIELDS: usize = SERIAL + 8;
const TAG: usize = 32;

/// The serial of a device.
pub(crate) type Serial = [u8; SERIAL];

/// The device that the request's cookie names, if its mark is genuine, of this name, and not over.
pub(crate) fn read(
    headers: &HeaderMap,
    key: &hmac::Key,
    name: &str,
    now: Timestamp,
) -> Option<Serial> {
    let cookie = cookie_name(key, name);
    let mut pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, text) = pairs.find(|(name, _)| *name == cookie)?;
    let mut bytes = [0; FIELDS + TAG];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    let (fields, tag) = bytes.split_at(FIELDS);
    if length != FIELDS + TAG || hmac::verify(key, &signed(fields, name), tag).is_err() {
        return None;
    }
    let (mut serial, mut expiry) = ([0; SERIAL], [0; 8]);
    serial.copy_from_slice(&fields[..SERIAL]);
    expiry.copy_from_slice(&fields[SERIAL..]);
    (i64::from_be_bytes(expiry) > now.as_millis()).then_some(serial)
}

/// The header that marks a device for a name, from now on for the whole time.
pub(crate) fn set(
    serial: &Serial,
    key: &hmac::Key,
    name: &str,
    now: Timestamp,
    secure: bool,
) -> Option<HeaderValue> {
    let mut bytes = [0; FIELDS + TAG];
    bytes[..SERIAL].copy_from_slice(serial);
    let expiry = now.plus_millis(LIFE_MS).as_millis();
    bytes[SERIAL..FIELDS].copy_from_slice(&expiry.to_be_bytes());
    let tag = hmac::sign(key, &signed(&bytes[..FIELDS], name));
    bytes[FIELDS..].copy_from_slice(tag.as_ref());
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let cookie = cookie_name(key, name);
    let (seconds, secure) = (LIFE_MS / 1_000, if secure { "; Secure" } else { "" });
    let value = format!(
        "{cookie}={text}; Path={PATH}; Max-Age={seconds}; SameSite=Strict; HttpOnly{secure}"
    );
    HeaderValue::from_str(&value).ok()
}

fn signed(fields: &[u8], name: &str) -> Vec<u8> {
    [VERSION, fields, name.as_bytes()].concat()
}

/// One cookie for each person of a device; its name does not tell whose.
fn cookie_name(key: &hmac::Key, name: &str) -> String {
    let tag = hmac::sign(key, &[COOKIE_VERSION, name.as_bytes()].concat());
    let short = URL_SAFE_NO_PAD.encode(&tag.as_ref()[..COOKIE_BYTES]);
    format!("trunkline_device_{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const ANN: &str = "ann@example.com";

    fn sent(cookies: &[&HeaderValue]) -> HeaderMap {
        let pairs = cookies.iter().map(|value| {
            let text = value.to_str().expect("ascii");
            text.split(';').next().expect("a pair")
        });
        let line = pairs.collect::<Vec<_>>().join("; ");
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_str(&line).expect("a value"),
        );
        headers
    }

    #[test]
    fn a_mark_is_for_one_name_and_its_time_and_cannot_be_forged() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let anns = set(&[1; 16], &key, ANN, NOON, true).expect("a cookie");
        let bobs = set(&[2; 16], &key, "bob@example.com", NOON, true).expect("a cookie");
        let both = sent(&[&bobs, &anns]);
        assert_eq!(read(&both, &key, ANN, NOON), Some([1; 16]));
        assert_eq!(read(&both, &key, "bob@example.com", NOON), Some([2; 16]));
        assert_eq!(read(&both, &key, "cem@example.com", NOON), None);
        let last = NOON.plus_millis(LIFE_MS - 1);
        assert_eq!(read(&both, &key, ANN, last), Some([1; 16]));
        assert_eq!(read(&both, &key, ANN, NOON.plus_millis(LIFE_MS)), None);

        // The mark of one name under the cookie of another, and one signed with another key.
        let name = anns
            .to_str()
            .expect("ascii")
            .split('=')
            .next()
            .expect("a name");
        let text = bobs.to_str().expect("ascii").split(['=', ';']).nth(1);
        let moved = format!("{name}={}", text.expect("a value"));
        let moved = HeaderValue::from_str(&moved).expect("a value");
        assert_eq!(read(&sent(&[&moved]), &key, ANN, NOON), None);
        let other = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        assert_eq!(read(&both, &other, ANN, NOON), None);
        assert!(anns.to_str().expect("ascii").ends_with(
            "; Path=/api/v1/login; Max-Age=15552000; SameSite=Strict; HttpOnly; Secure"
        ));
    }
}
