//! The address a visitor landed on: host, path, and the parameters that tell where they came from.

/// Longest address that is read, in bytes; more is cut off by the edge before it comes here.
pub const URL_MAX: usize = 2_048;
/// Most parameters of one address that are looked at.
const PARAMETERS_MAX: usize = 64;
/// Longest value that is kept of a parameter, in characters.
const VALUE_MAX: usize = 256;

/// Click identifiers that ad platforms append, with the platform (vendors' documented names).
pub const CLICK_IDS: &[&str] = &[
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "msclkid",
    "ttclid",
    "li_fat_id",
    "fbclid",
    "twclid",
    "rdt_cid",
    "epik",
    "yclid",
    "sccid",
    "irclickid",
];

/// A click identifier found on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickId {
    /// Parameter name, one of [`CLICK_IDS`].
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// A page address taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// Host in lower case, without port.
    pub host: String,
    /// Path, starting with a slash.
    pub path: String,
    /// Names in lower case and values of the parameters, one after the other.
    text: String,
    parameters: Vec<Parameter>,
}

/// Where a parameter lies in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parameter {
    begins_at: usize,
    name_ends_at: usize,
    ends_at: usize,
}

impl Landing {
    /// Reads an `http` or `https` address; `None` when it is none or too long.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        if url.len() > URL_MAX {
            return None;
        }
        let (authority, rest) = split_authority(url)?;
        let host = host_in(authority)?;
        let rest = rest.split('#').next().unwrap_or("");
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let pairs = || {
            let pairs = query.split('&').filter(|pair| !pair.is_empty());
            pairs.take(PARAMETERS_MAX)
        };
        let mut text = String::with_capacity(query.len());
        let mut parameters = Vec::with_capacity(pairs().count());
        parameters.extend(pairs().map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let begins_at = text.len();
            decode(name, &mut text);
            text[begins_at..].make_ascii_lowercase();
            let name_ends_at = text.len();
            decode(value, &mut text);
            cut(&mut text, name_ends_at);
            Parameter {
                begins_at,
                name_ends_at,
                ends_at: text.len(),
            }
        }));
        let path = if path.is_empty() { "/" } else { path };
        Some(Self {
            host,
            path: path.to_owned(),
            text,
            parameters,
        })
    }

    /// The first value of a parameter that is not empty.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find_map(|at| {
            let value = self.text[at.name_ends_at..at.ends_at].trim();
            let is_it = !value.is_empty() && &self.text[at.begins_at..at.name_ends_at] == name;
            is_it.then_some(value)
        })
    }

    /// Every click identifier on the address.
    pub fn click_ids(&self) -> impl Iterator<Item = ClickId> {
        CLICK_IDS.iter().filter_map(|&name| {
            self.parameter(name).map(|value| ClickId {
                name,
                value: value.to_owned(),
            })
        })
    }
}

/// The host of an `http` or `https` address, in lower case, without port or credentials.
#[must_use]
pub fn host_of(url: &str) -> Option<String> {
    host_in(split_authority(url)?.0)
}

fn host_in(authority: &str) -> Option<String> {
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    };
    let host = host.trim_end_matches('.');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_[]:".contains(&b);
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(plain))
        .then(|| host.to_ascii_lowercase())
}

/// Keeps the first [`VALUE_MAX`] characters of the value that begins at `from`.
fn cut(text: &mut String, from: usize) {
    let value = &text[from..];
    // Most values are shorter even in bytes.
    if value.len() > VALUE_MAX
        && let Some((end, _)) = value.char_indices().nth(VALUE_MAX)
    {
        text.truncate(from + end);
    }
}

fn strip_scheme(url: &str) -> Option<&str> {
    let lower = |prefix: &str| {
        url.get(..prefix.len())
            .filter(|p| p.eq_ignore_ascii_case(prefix))
            .map(|_| &url[prefix.len()..])
    };
    lower("https://").or_else(|| lower("http://"))
}

/// Host with port and credentials, and everything after it.
fn split_authority(url: &str) -> Option<(&str, &str)> {
    let rest = strip_scheme(url)?;
    let end = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#'));
    Some(rest.split_at(end.unwrap_or(rest.len())))
}

/// Percent-decoding of `application/x-www-form-urlencoded`, appended to `to`; malformed escapes stay as they are.
fn decode(text: &str, to: &mut String) {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|b| matches!(b, b'%' | b'+')) {
        to.push_str(text);
        return;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'+' => out.push(b' '),
            b'%' => {
                let digit = |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
                if let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) {
                    out.push((high * 16 + low) as u8);
                    at += 2;
                } else {
                    out.push(b'%');
                }
            }
            other => out.push(other),
        }
        at += 1;
    }
    to.push_str(&String::from_utf8_lossy(&out));
}
