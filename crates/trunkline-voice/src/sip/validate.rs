//! One judgement of every request before the stack sees it (RFC 3261, 8.2 and 16.3; RFC 4475).
//!
//! Pure: from the split message to "fine" or the status to answer with. The stack accepts some of
//! what is refused here and drops some of it in silence; both leave the sender guessing.

use super::raw::{self, Raw};

/// Methods we take part in; the value of `Allow`.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";
/// Methods that exist but are not ours: answered 405.
const OTHER_METHODS: [&str; 6] = [
    "REGISTER",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "MESSAGE",
    "REFER",
];
/// Headers that may be there only once (RFC 3261, table 2).
const SINGLE: [&str; 6] = [
    "from",
    "to",
    "call-id",
    "cseq",
    "max-forwards",
    "content-length",
];
/// Headers every request must have.
const MANDATORY: [&str; 5] = ["via", "from", "to", "call-id", "cseq"];
/// Extensions a request may require of us (RFC 4028).
const EXTENSIONS: [&str; 1] = ["timer"];
/// Largest CSeq number (RFC 3261, 8.1.1.5).
const CSEQ_MAX: u64 = (1 << 31) - 1;

/// The answer to a request that is not let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) phrase: &'static str,
    /// A header that tells the sender more.
    pub(crate) header: Option<(&'static str, String)>,
}

impl Refusal {
    pub(crate) const fn new(status: u16, phrase: &'static str) -> Self {
        Self {
            status,
            phrase,
            header: None,
        }
    }

    fn with(status: u16, phrase: &'static str, name: &'static str, value: String) -> Self {
        Self {
            status,
            phrase,
            header: Some((name, value)),
        }
    }
}

/// What the judgement learned about a sound request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sound {
    /// Length of the body inside the datagram.
    pub(crate) body_length: usize,
    /// Whether the request states its body's length.
    pub(crate) length_stated: bool,
    /// Whether it belongs to a dialog (its To has a tag).
    pub(crate) in_dialog: bool,
}

const fn bad(phrase: &'static str) -> Refusal {
    Refusal::new(400, phrase)
}

/// Judges a request of `available` body bytes.
///
/// # Errors
/// The answer for a request that is malformed or asks for what we do not do.
pub(crate) fn judge(raw: &Raw<'_>, available: usize) -> Result<Sound, Refusal> {
    let (method, uri) = request_line(raw)?;
    if let Some(defect) = raw.defect {
        return Err(bad(defect));
    }
    headers_present(raw)?;
    let known = ALLOW.split(", ").any(|m| m == method);
    let sequence_method = sequence(raw)?;
    if !known && !OTHER_METHODS.contains(&method) {
        return Err(Refusal::new(501, "Not Implemented"));
    }
    if sequence_method != method {
        return Err(bad("CSeq method does not match"));
    }
    let in_dialog = addresses(raw)?;
    scheme(uri)?;
    if !known {
        return Err(Refusal::with(
            405,
            "Method Not Allowed",
            "Allow",
            ALLOW.to_owned(),
        ));
    }
    hops(raw, method)?;
    let (body_length, length_stated) = length(raw, available)?;
    if !matches!(method, "ACK" | "CANCEL") {
        extensions(raw)?;
    }
    if method == "INVITE" {
        invite(raw, body_length)?;
    }
    Ok(Sound {
        body_length,
        length_stated,
        in_dialog,
    })
}

fn request_line<'a>(raw: &Raw<'a>) -> Result<(&'a str, &'a str), Refusal> {
    let mut words = raw.start_line.split(' ');
    let (Some(method), Some(uri), Some(version)) = (words.next(), words.next(), words.next())
    else {
        return Err(bad("malformed request line"));
    };
    let is_token = |c: u8| c.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&c);
    if words.next().is_some() || method.is_empty() || !method.bytes().all(is_token) {
        return Err(bad("malformed request line"));
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Refusal::new(505, "Version Not Supported"));
    }
    if uri.starts_with('<') || uri.is_empty() {
        return Err(bad("malformed request URI"));
    }
    Ok((method, uri))
}

fn headers_present(raw: &Raw<'_>) -> Result<(), Refusal> {
    for name in MANDATORY {
        if raw.value(name).is_none_or(str::is_empty) {
            return Err(bad("mandatory header missing"));
        }
    }
    for name in SINGLE {
        if raw.values(name).nth(1).is_some() {
            return Err(bad("header given twice"));
        }
    }
    for via in raw.values("via") {
        let vias = raw::split_outside(via, ',').ok_or(bad("malformed Via"))?;
        if vias.iter().any(|v| !is_via(v)) {
            return Err(bad("malformed Via"));
        }
    }
    Ok(())
}

fn is_via(via: &str) -> bool {
    let mut parts = via.split(';');
    // `SIP / 2.0 / UDP first.example.com` is legal, however odd.
    let mut words = parts
        .next()
        .unwrap_or_default()
        .splitn(3, '/')
        .map(str::trim);
    let protocol = words.next().is_some_and(|w| w.eq_ignore_ascii_case("SIP"));
    let version = words.next() == Some("2.0");
    let sent_by = words
        .next()
        .is_some_and(|w| w.split_ascii_whitespace().nth(1).is_some());
    protocol && version && sent_by && parts.all(|p| !p.trim().is_empty())
}

/// Checks CSeq and gives its method.
fn sequence<'a>(raw: &'a Raw<'_>) -> Result<&'a str, Refusal> {
    let malformed = || bad("malformed CSeq");
    let value = raw.value("cseq").ok_or_else(malformed)?;
    let mut words = value.split_ascii_whitespace();
    let number: u64 = words
        .next()
        .and_then(|n| n.parse().ok())
        .ok_or_else(malformed)?;
    let method = words.next().ok_or_else(malformed)?;
    if number > CSEQ_MAX || words.next().is_some() {
        return Err(malformed());
    }
    Ok(method)
}

/// Checks From, To and Contact; says whether To has a tag.
fn addresses(raw: &Raw<'_>) -> Result<bool, Refusal> {
    let from = raw.value("from").unwrap_or_default();
    let from = parts(from).ok_or(bad("malformed From"))?;
    if raw::parameter(&from, "tag").is_none_or(str::is_empty) {
        return Err(bad("From without a tag"));
    }
    let to = raw.value("to").unwrap_or_default();
    let to = parts(to).ok_or(bad("malformed To"))?;
    for value in raw.values("contact").filter(|v| *v != "*") {
        let contacts = raw::split_outside(value, ',').ok_or(bad("malformed Contact"))?;
        if contacts.iter().any(|c| parts(c).is_none()) {
            return Err(bad("malformed Contact"));
        }
    }
    Ok(raw::parameter(&to, "tag").is_some())
}

/// The parameters of an address header; `None` when it is malformed.
fn parts(value: &str) -> Option<Vec<&str>> {
    let (uri, parameters) = raw::address(value)?;
    let sound = uri.contains(':')
        && !uri.contains(char::is_whitespace)
        && parameters.iter().all(|p| !p.is_empty());
    sound.then_some(parameters)
}

fn scheme(uri: &str) -> Result<(), Refusal> {
    let (scheme, rest) = uri.split_once(':').ok_or(bad("malformed request URI"))?;
    match scheme.to_ascii_lowercase().as_str() {
        // A `?` would smuggle headers into the request (RFC 3261, 19.1.1).
        "sip" if rest.contains('?') => Err(bad("malformed request URI")),
        "sip" => host(rest),
        "tel" => Ok(()),
        _ => Err(Refusal::new(416, "Unsupported URI Scheme")),
    }
}

/// The host of a SIP URI: an IPv6 address must be in brackets.
fn host(rest: &str) -> Result<(), Refusal> {
    let after_user = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = after_user.split(';').next().unwrap_or_default();
    let sound = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').is_some_and(|(address, port)| {
            address.parse::<std::net::Ipv6Addr>().is_ok() && is_port_or_nothing(port)
        }),
        None => {
            let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            !name.is_empty() && is_port_or_nothing(port)
        }
    };
    if sound {
        Ok(())
    } else {
        Err(bad("malformed request URI"))
    }
}

fn is_port_or_nothing(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|p| p.parse::<u16>().is_ok())
}

fn hops(raw: &Raw<'_>, method: &str) -> Result<(), Refusal> {
    match raw.value("max-forwards").map(str::parse::<u8>) {
        Some(Err(_)) => Err(bad("malformed Max-Forwards")),
        // We forward calls, so a call that has gone round is stopped here.
        Some(Ok(0)) if method == "INVITE" => Err(Refusal::new(483, "Too Many Hops")),
        _ => Ok(()),
    }
}

fn length(raw: &Raw<'_>, available: usize) -> Result<(usize, bool), Refusal> {
    match raw.value("content-length").map(str::parse::<usize>) {
        None => Ok((available, false)),
        Some(Ok(stated)) if stated <= available => Ok((stated, true)),
        Some(_) => Err(bad("Content-Length does not fit the message")),
    }
}

fn extensions(raw: &Raw<'_>) -> Result<(), Refusal> {
    let unknown: Vec<&str> = raw
        .values("require")
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .filter(|e| !e.is_empty() && !EXTENSIONS.iter().any(|k| k.eq_ignore_ascii_case(e)))
        .collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(Refusal::with(
            420,
            "Bad Extension",
            "Unsupported",
            unknown.join(", "),
        ))
    }
}

fn invite(raw: &Raw<'_>, body_length: usize) -> Result<(), Refusal> {
    if raw
        .value("contact")
        .is_none_or(|c| c.is_empty() || c == "*")
    {
        return Err(bad("INVITE without a Contact"));
    }
    if body_length == 0 {
        return Ok(());
    }
    let unsupported = |name, value: &str| {
        Err(Refusal::with(
            415,
            "Unsupported Media Type",
            name,
            value.to_owned(),
        ))
    };
    if raw
        .value("content-encoding")
        .is_some_and(|e| !e.eq_ignore_ascii_case("identity"))
    {
        return unsupported("Accept-Encoding", "identity");
    }
    let kind = raw.value("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/sdp") {
        Ok(())
    } else {
        unsupported("Accept", "application/sdp")
    }
}
