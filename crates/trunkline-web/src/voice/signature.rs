//! Whether a request comes from the carrier it says it comes from.
//!
//! Twilio and SignalWire: base64 of HMAC-SHA1 over the exact public address and the sorted parameters of a form; a JSON body
//! is bound by its SHA-256 in the address. Telnyx: Ed25519 over `timestamp|body`, not older than five minutes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use ring::{digest, hmac, signature};
use trunkline_core::base::Timestamp;
use trunkline_engine::ports::webhooks::{Dialect, WebhookTrunk};
use url::form_urlencoded;

use super::params::{Params, ParamsError};

/// How far a timestamp may be from our clock, in seconds.
const CLOCK_S_MAX: i64 = 300;

/// A request as it came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The addresses it may have been sent to, as the carrier wrote them.
    pub(super) urls: &'a [String],
    /// Its query.
    pub(super) query: Option<&'a str>,
    /// Its headers.
    pub(super) headers: &'a HeaderMap,
    /// Its body.
    pub(super) body: &'a [u8],
    /// When it came.
    pub(super) now: Timestamp,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forged {
    #[error("the request carries no signature")]
    Unsigned,
    #[error("the signature does not fit the request")]
    Wrong,
    #[error("the signature is too old, or a clock is wrong")]
    Stale,
    #[error(transparent)]
    Unreadable(#[from] ParamsError),
}

/// The parameters of a request that is the carrier's.
pub(super) fn verify(webhook: &WebhookTrunk, request: Request<'_>) -> Result<Params, Forged> {
    let key = webhook.signing_key.reveal();
    match webhook.dialect {
        Dialect::Twilio => by_address(key, &["x-twilio-signature"], request),
        Dialect::SignalWire => by_address(
            key,
            &["x-signalwire-signature", "x-twilio-signature"],
            request,
        ),
        Dialect::Telnyx => by_body(key, request),
    }
}

fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

fn is_json(request: &Request<'_>) -> bool {
    header(request, "content-type").is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or(kind).trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

fn params(request: &Request<'_>) -> Result<Params, Forged> {
    Ok(if is_json(request) {
        Params::from_json(request.body)?
    } else {
        Params::from_form(request.body)?
    })
}

fn by_address(key: &str, names: &[&str], request: Request<'_>) -> Result<Params, Forged> {
    let mut given = names.iter().filter_map(|name| header(&request, name));
    let given = given.next().ok_or(Forged::Unsigned)?;
    let given = STANDARD.decode(given.trim()).map_err(|_| Forged::Wrong)?;
    let bound = request.query.and_then(|query| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "bodySHA256")
    });
    let told = params(&request)?;
    let signed = match (&bound, is_json(&request)) {
        (Some((_, wanted)), _) => {
            let found = digest::digest(&digest::SHA256, request.body);
            let found = hex(found.as_ref());
            // Both are public: only the signature over the address is a secret's work.
            if !wanted.eq_ignore_ascii_case(&found) {
                return Err(Forged::Wrong);
            }
            Vec::new()
        }
        // Nothing would bind this body.
        (None, true) => return Err(Forged::Wrong),
        (None, false) => told.signed(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let fits = |url: &String| {
        let mut text = url.clone();
        for (name, value) in &signed {
            text.push_str(name);
            text.push_str(value);
        }
        hmac::verify(&key, text.as_bytes(), &given).is_ok()
    };
    if request.urls.iter().any(fits) {
        Ok(told)
    } else {
        Err(Forged::Wrong)
    }
}

fn by_body(key: &str, request: Request<'_>) -> Result<Params, Forged> {
    let given = header(&request, "telnyx-signature-ed25519").ok_or(Forged::Unsigned)?;
    let stamp = header(&request, "telnyx-timestamp").ok_or(Forged::Unsigned)?;
    let at: i64 = stamp.parse().map_err(|_| Forged::Wrong)?;
    let given = STANDARD.decode(given.trim()).map_err(|_| Forged::Wrong)?;
    let key = STANDARD.decode(key.trim()).map_err(|_| Forged::Wrong)?;
    let mut text = format!("{stamp}|").into_bytes();
    text.extend_from_slice(request.body);
    let key = signature::UnparsedPublicKey::new(&signature::ED25519, key);
    key.verify(&text, &given).map_err(|_| Forged::Wrong)?;
    let now_s = request.now.as_millis() / 1_000;
    if now_s.abs_diff(at) > CLOCK_S_MAX.unsigned_abs() {
        return Err(Forged::Stale);
    }
    params(&request)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The addresses a carrier may have written for a request: with its port and without, as carriers sign both ways.
pub(super) fn spellings(base: &str, path_and_query: &str) -> Vec<String> {
    let whole = format!("{base}{path_and_query}");
    let Some((scheme, rest)) = base.split_once("://") else {
        return vec![whole];
    };
    let usual = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return vec![whole],
    };
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let literal = host.rfind(']').map_or(0, |at| at + 1);
    let other = match host[literal..].rfind(':') {
        Some(at) => host[..literal + at].to_owned(),
        None => format!("{host}{usual}"),
    };
    vec![whole, format!("{scheme}://{other}{path}{path_and_query}")]
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use trunkline_core::base::id::TrunkId;
    use trunkline_engine::ports::webhooks::Secret;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn webhook(dialect: Dialect, key: &str) -> WebhookTrunk {
        WebhookTrunk {
            trunk: TrunkId::from_raw(1),
            dialect,
            carrier_account: "AC1".to_owned(),
            signing_key: Secret::new(key),
            api_token: None,
            set_at: NOW,
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = value.parse().expect("a header");
            (http::HeaderName::from_static(name), value)
        });
        pairs.collect()
    }

    fn request<'a>(urls: &'a [String], headers: &'a HeaderMap, body: &'a [u8]) -> Request<'a> {
        Request {
            urls,
            query: None,
            headers,
            body,
            now: NOW,
        }
    }

    /// The example of Twilio's own documentation.
    #[test]
    fn the_published_example_is_genuine_and_any_change_is_not() {
        let webhook = webhook(Dialect::Twilio, "12345");
        let urls = ["https://mycompany.com/myapp.php?foo=1&bar=2".to_owned()];
        let body = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
        let genuine = headers(&[("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")]);
        let told = verify(&webhook, request(&urls, &genuine, body)).expect("genuine");
        assert_eq!(told.get("Digits"), Some("1234"));
        let other = ["https://mycompany.com/myapp.php?foo=1&bar=3".to_owned()];
        assert_eq!(
            verify(&webhook, request(&other, &genuine, body)),
            Err(Forged::Wrong)
        );
        let changed = body.to_ascii_lowercase();
        assert_eq!(
            verify(&webhook, request(&urls, &genuine, &changed)),
            Err(Forged::Wrong)
        );
        let unsigned = HeaderMap::new();
        assert_eq!(
            verify(&webhook, request(&urls, &unsigned, body)),
            Err(Forged::Unsigned)
        );
    }

    #[test]
    fn a_json_body_without_its_sum_in_the_address_is_not_believed() {
        let webhook = webhook(Dialect::Twilio, "12345");
        let urls = ["https://mycompany.com/x".to_owned()];
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
        let signed = STANDARD.encode(hmac::sign(&key, urls[0].as_bytes()));
        let headers = headers(&[
            ("x-twilio-signature", &signed),
            ("content-type", "application/json"),
        ]);
        assert_eq!(
            verify(&webhook, request(&urls, &headers, b"{}")),
            Err(Forged::Wrong)
        );
    }

    #[test]
    fn telnyx_signs_the_body_and_the_moment() {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
        let webhook = webhook(
            Dialect::Telnyx,
            &STANDARD.encode(pair.public_key().as_ref()),
        );
        let body = b"CallSid=v3%3Aabc&CallStatus=ringing";
        let sign = |stamp: &str| {
            let text = [stamp.as_bytes(), b"|", body].concat();
            STANDARD.encode(pair.sign(&text).as_ref())
        };
        let with = |stamp: &str, signed: &str| {
            headers(&[
                ("telnyx-timestamp", stamp),
                ("telnyx-signature-ed25519", signed),
            ])
        };
        let now = "1800000000";
        let genuine = with(now, &sign(now));
        let told = verify(&webhook, request(&[], &genuine, body)).expect("genuine");
        assert_eq!(told.get("CallSid"), Some("v3:abc"));
        assert_eq!(
            verify(&webhook, request(&[], &genuine, b"x=1")),
            Err(Forged::Wrong)
        );
        let old = "1799999000";
        let stale = with(old, &sign(old));
        assert_eq!(
            verify(&webhook, request(&[], &stale, body)),
            Err(Forged::Stale)
        );
        let moved = with("1800000001", &sign(now));
        assert_eq!(
            verify(&webhook, request(&[], &moved, body)),
            Err(Forged::Wrong)
        );
    }

    #[test]
    fn an_address_is_tried_with_its_port_and_without() {
        for (base, other) in [
            ("https://a.example", "https://a.example:443/x?y=1"),
            (
                "https://a.example:8443/prefix",
                "https://a.example/prefix/x?y=1",
            ),
            ("http://[::1]:8080", "http://[::1]/x?y=1"),
            ("http://[::1]", "http://[::1]:80/x?y=1"),
        ] {
            let both = spellings(base, "/x?y=1");
            assert_eq!(both, [format!("{base}/x?y=1"), other.to_owned()]);
        }
    }
}
