//! A SIP message as it lies in a datagram: start line, headers, body, without interpretation.
//!
//! The stack's own parser is forgiving; what is judged here is what was really sent. Everything is
//! bounded and borrowed from the datagram.

use std::borrow::Cow;

/// Most header lines that are read.
const HEADERS_MAX: usize = 160;

/// The header names the judgement looks at, in their long form. Compact forms are RFC 3261, 7.3.3.
const COMPACT: [(&str, &str); 10] = [
    ("v", "via"),
    ("f", "from"),
    ("t", "to"),
    ("i", "call-id"),
    ("m", "contact"),
    ("l", "content-length"),
    ("c", "content-type"),
    ("e", "content-encoding"),
    ("k", "supported"),
    ("x", "session-expires"),
];

/// The bytes are no SIP message: there is no start line to be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// A message split into its parts.
#[derive(Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) start_line: &'a str,
    headers: Vec<(&'a str, Cow<'a, str>)>,
    /// Where the body starts in the datagram.
    pub(crate) body_at: usize,
    /// Set when a header line could not be read.
    pub(crate) defect: Option<&'static str>,
}

impl<'a> Raw<'a> {
    /// Splits a datagram.
    ///
    /// # Errors
    /// When there is no start line.
    pub(crate) fn split(datagram: &'a [u8]) -> Result<Self, Broken> {
        let found = datagram.windows(4).position(|w| w == b"\r\n\r\n");
        let end = found.unwrap_or(datagram.len());
        let mut lines = datagram[..end].split(|b| *b == b'\n').map(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            std::str::from_utf8(line)
        });
        let start_line = lines.next().and_then(Result::ok).ok_or(Broken)?;
        if !start_line.contains("SIP/") {
            return Err(Broken);
        }
        let (body_at, defect) = match found {
            Some(end) => (end + 4, None),
            None => (end, Some("headers without an end")),
        };
        let mut raw = Self {
            start_line,
            headers: Vec::new(),
            body_at,
            defect,
        };
        for line in lines {
            match line {
                Ok("") if found.is_none() => {}
                Ok(line) => raw.take_line(line),
                Err(_) => raw.note("header is not UTF-8"),
            }
        }
        Ok(raw)
    }

    fn take_line(&mut self, line: &'a str) {
        if self.headers.len() >= HEADERS_MAX {
            return self.note("too many headers");
        }
        if line.starts_with([' ', '\t']) {
            match self.headers.last_mut() {
                Some((_, value)) => {
                    let value = value.to_mut();
                    if !value.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(line.trim());
                }
                None => self.note("folded line without a header"),
            }
            return;
        }
        match line.split_once(':') {
            Some((name, value)) if !name.trim().is_empty() => {
                self.headers
                    .push((name.trim(), Cow::Borrowed(value.trim())));
            }
            _ => self.note("header line without a colon"),
        }
    }

    fn note(&mut self, defect: &'static str) {
        self.defect = self.defect.or(Some(defect));
    }

    /// Whether this is a response.
    pub(crate) fn is_response(&self) -> bool {
        self.start_line.starts_with("SIP/")
    }

    /// All values of a header (name in lower case, long form), in order.
    pub(crate) fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.headers
            .iter()
            .filter(move |(given, _)| is_named(given, name))
            .map(|(_, value)| value.as_ref())
    }

    /// The first value of a header.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| is_named(given, name))
            .map(|(_, value)| value.as_ref())
    }

    /// The method of the request line.
    pub(crate) fn method(&self) -> &str {
        self.start_line.split(' ').next().unwrap_or_default()
    }
}

fn is_named(given: &str, name: &str) -> bool {
    given.eq_ignore_ascii_case(name)
        || (given.len() == 1
            && COMPACT
                .iter()
                .any(|(short, long)| *long == name && given.eq_ignore_ascii_case(short)))
}

/// Splits at a separator that is outside quotes and angle brackets. `None` when they do not balance.
pub(crate) fn split_outside(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !angle => quoted = !quoted,
            _ if quoted => {}
            '<' if angle => return None,
            '<' => angle = true,
            '>' if !angle => return None,
            '>' => angle = false,
            _ if c == separator && !angle => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted && !angle).then_some(parts)
}

/// The URI of a name-addr or addr-spec, and the header parameters after it. `None` when malformed.
pub(crate) fn address(value: &str) -> Option<(&str, Vec<&str>)> {
    let mut parts = split_outside(value, ';')?.into_iter();
    let first = parts.next()?.trim();
    let uri = match (outside_quotes(first, '<'), first.strip_suffix('>')) {
        (Some(open), Some(body)) => body.get(open + 1..)?,
        (None, None) => first,
        _ => return None,
    };
    Some((uri.trim(), parts.map(str::trim).collect()))
}

/// The value of a parameter such as `tag`.
pub(crate) fn parameter<'a>(parameters: &[&'a str], name: &str) -> Option<&'a str> {
    parameters.iter().find_map(|p| {
        let (given, value) = p.split_once('=').unwrap_or((p, ""));
        given
            .trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim())
    })
}

fn outside_quotes(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}
