//! From a prepared request to the one that goes out: its server, its headers, and the proof of who we are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT,
};
use http_body_util::Full;
use ring::hmac;
use trunkline_core::base::Timestamp;
use trunkline_core::routing::delivery::{Encoding, Method, Prepared, Proof, Step};
use url::{Host, Position, Url};

use crate::guard::URL_MAX;

const AGENT: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"), " (delivery)");

/// A server: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

/// A request that is ready to go out.
pub(super) struct Outgoing {
    pub(super) url: Url,
    pub(super) origin: Origin,
    pub(super) request: http::Request<Full<Bytes>>,
}

impl Outgoing {
    /// `Err` says why it may not go out, without anything of the address.
    pub(super) fn new(
        prepared: &Prepared,
        step: Step,
        now: Timestamp,
        loopback: bool,
    ) -> Result<Self, String> {
        if prepared.url.len() > URL_MAX {
            return Err("the address is too long".to_owned());
        }
        let url = Url::parse(&prepared.url).map_err(|_| "the address is none".to_owned())?;
        let local = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        let secure = url.scheme() == "https";
        let tried_out = loopback && local && url.scheme() == "http";
        if !(secure || tried_out) {
            return Err("the address is not https".to_owned());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let origin = Origin {
            secure,
            port: url.port_or_known_default().unwrap_or(443),
            host,
        };
        let path = url[Position::BeforePath..Position::AfterQuery].to_owned();
        let method = match prepared.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
        };
        let body = prepared.body.clone().unwrap_or_default();
        let unfit = |_| "a header cannot be sent as it is".to_owned();
        let mut request = http::Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = path
            .parse()
            .map_err(|_| "the address is none that can be sent".to_owned())?;
        let headers = request.headers_mut();
        let named = match url.port() {
            Some(port) => format!("{}:{port}", origin.host),
            None => origin.host.clone(),
        };
        headers.insert(HOST, named.parse().map_err(|_| unfit(()))?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        for (name, value) in prepared.headers.iter().chain(&proof(prepared, &path, now)) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit(()))?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unfit(()))?;
            headers.insert(name, value);
        }
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if step == Step::Post {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(Self {
            url,
            origin,
            request,
        })
    }
}

/// The headers that prove who we are, where arithmetic is needed.
fn proof(prepared: &Prepared, path: &str, now: Timestamp) -> Vec<(String, String)> {
    match &prepared.proof {
        Proof::None => Vec::new(),
        Proof::Basic { user, password } => {
            let pair = STANDARD.encode(format!("{user}:{password}"));
            vec![(AUTHORIZATION.to_string(), format!("Basic {pair}"))]
        }
        Proof::Signed {
            key,
            header,
            timestamp_header,
            prefix,
            encoding,
        } => {
            let what = prepared.body.as_deref().unwrap_or(path);
            let seconds = now.as_millis().div_euclid(1_000).to_string();
            let signed = match timestamp_header {
                Some(_) => format!("{seconds}.{what}"),
                None => what.to_owned(),
            };
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
            let tag = hmac::sign(&key, signed.as_bytes());
            let written = match encoding {
                Encoding::Hex => hex(tag.as_ref()),
                Encoding::Base64 => STANDARD.encode(tag.as_ref()),
            };
            let time = timestamp_header.clone().map(|name| (name, seconds));
            let own = (header.clone(), format!("{prefix}{written}"));
            time.into_iter().chain([own]).collect()
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
