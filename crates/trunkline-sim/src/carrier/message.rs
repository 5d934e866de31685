//! SIP messages, as far as a telephone needs them (RFC 3261): read from a datagram, and written.

use std::fmt::Write as _;

/// Most header lines that are read.
const HEADERS_MAX: usize = 128;

/// A SIP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) start: Start,
    /// Names in lower case and long form, in order.
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    Request { method: String, uri: String },
    Response { status: u16 },
}

impl Message {
    /// Reads a datagram; `None` when it is no SIP message.
    pub(super) fn read(datagram: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(datagram).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let start = read_start(lines.next()?)?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines.take(HEADERS_MAX) {
            if let (Some(rest), Some(last)) = (line.strip_prefix([' ', '\t']), headers.last_mut()) {
                // A folded line goes on with the header before it (RFC 3261, 7.3.1).
                last.1.push(' ');
                last.1.push_str(rest.trim());
                continue;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((long_name(name.trim()), value.trim().to_owned()));
        }
        let mut message = Self {
            start,
            headers,
            body: body.to_owned(),
        };
        let stated = message
            .header("content-length")
            .and_then(|v| v.parse::<usize>().ok());
        if let Some(length) = stated.filter(|l| message.body.is_char_boundary(*l)) {
            message.body.truncate(length);
        }
        Some(message)
    }

    /// The first header of a name, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    pub(super) fn call_id(&self) -> Option<&str> {
        self.header("call-id")
    }

    /// Number and method of `CSeq`.
    pub(super) fn sequence(&self) -> Option<(u32, &str)> {
        let (number, method) = self.header("cseq")?.split_once(' ')?;
        Some((number.parse().ok()?, method.trim()))
    }

    /// The method of a request.
    pub(super) fn method(&self) -> Option<&str> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The status of a response to `method`.
    pub(super) fn status_of(&self, method: &str) -> Option<u16> {
        match self.start {
            Start::Response { status } if self.sequence().is_some_and(|(_, m)| m == method) => {
                Some(status)
            }
            _ => None,
        }
    }

    /// The tag of `From` or `To`.
    pub(super) fn tag(&self, name: &str) -> Option<&str> {
        let value = self.header(name)?;
        let parameters = value.rsplit_once('>').map_or(value, |(_, rest)| rest);
        parameters
            .split(';')
            .find_map(|p| p.trim().strip_prefix("tag="))
    }

    /// `From` or `To` without its parameters.
    pub(super) fn party(&self, name: &str) -> Option<&str> {
        let value = self.header(name)?;
        let end = value
            .find('>')
            .map_or_else(|| value.find(';').unwrap_or(value.len()), |at| at + 1);
        Some(value[..end].trim())
    }

    /// The address in `Contact`.
    pub(super) fn contact(&self) -> Option<&str> {
        let value = self.header("contact")?;
        match value.split_once('<') {
            Some((_, rest)) => rest.split('>').next(),
            None => value.split(';').next(),
        }
    }

    /// A response to this request: what must be copied is (RFC 3261, 8.2.6.2). `tag` is added to `To`
    /// when it has none; `more` is whole header lines.
    pub(super) fn respond(
        &self,
        status: u16,
        phrase: &str,
        tag: &str,
        more: &str,
        body: &str,
    ) -> String {
        let mut text = format!("SIP/2.0 {status} {phrase}\r\n");
        for (name, value) in &self.headers {
            let canonical = match name.as_str() {
                "via" => "Via",
                "record-route" => "Record-Route",
                "from" => "From",
                "call-id" => "Call-ID",
                "cseq" => "CSeq",
                "to" => "To",
                _ => continue,
            };
            let _ = write!(text, "{canonical}: {value}");
            if name == "to" && self.tag("to").is_none() && status > 100 {
                let _ = write!(text, ";tag={tag}");
            }
            text.push_str("\r\n");
        }
        finish(text, more, body)
    }
}

/// Adds the last headers and the body.
pub(super) fn finish(mut text: String, more: &str, body: &str) -> String {
    text.push_str(more);
    if !body.is_empty() {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
    text
}

/// The user part of a SIP or tel address: `+12145550100`.
pub(super) fn user_of(uri: &str) -> Option<&str> {
    let inside = uri.split_once('<').map_or(uri, |(_, rest)| rest);
    let (_, rest) = inside.split_once(':')?;
    rest.split(['@', ';', '>', ':']).next()
}

fn read_start(line: &str) -> Option<Start> {
    let mut words = line.splitn(3, ' ');
    let (first, second, third) = (words.next()?, words.next()?, words.next()?);
    if first == "SIP/2.0" {
        return Some(Start::Response {
            status: second.parse().ok()?,
        });
    }
    (third == "SIP/2.0").then(|| Start::Request {
        method: first.to_owned(),
        uri: second.to_owned(),
    })
}

fn long_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "v" => "via".to_owned(),
        "f" => "from".to_owned(),
        "t" => "to".to_owned(),
        "i" => "call-id".to_owned(),
        "m" => "contact".to_owned(),
        "l" => "content-length".to_owned(),
        "c" => "content-type".to_owned(),
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:+12145550190@127.0.0.1:5070 SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1\r\n\
        Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2\r\nFrom: \"A; B\" <sip:+12065550111@127.0.0.1>;tag=abc\r\nTo: <sip:+12145550190@127.0.0.1>\r\n\
        Call-ID: 1@x\r\nCSeq: 7 INVITE\r\nContact: <sip:t@127.0.0.1:5062>;x=1\r\nContent-Length: 4\r\n\r\nv=0\nmore";

    #[test]
    fn a_request_is_read() {
        let message = Message::read(INVITE.as_bytes()).expect("a message");
        assert_eq!(message.method(), Some("INVITE"));
        assert_eq!(message.sequence(), Some((7, "INVITE")));
        assert_eq!(message.tag("from"), Some("abc"));
        assert_eq!(message.tag("to"), None);
        assert_eq!(
            message.party("from").and_then(user_of),
            Some("+12065550111")
        );
        assert_eq!(message.contact(), Some("sip:t@127.0.0.1:5062"));
        assert_eq!(message.body, "v=0\n");
    }

    #[test]
    fn a_response_copies_what_it_must() {
        let message = Message::read(INVITE.as_bytes()).expect("a message");
        let text = message.respond(180, "Ringing", "mine", "", "");
        let response = Message::read(text.as_bytes()).expect("a message");
        assert_eq!(response.status_of("INVITE"), Some(180));
        assert_eq!(
            response.headers.iter().filter(|(n, _)| n == "via").count(),
            2
        );
        assert_eq!(response.tag("to"), Some("mine"));
        assert_eq!(response.status_of("BYE"), None);
    }

    #[test]
    fn garbage_is_no_message() {
        for bytes in [
            &b"hello\r\n\r\n"[..],
            b"",
            b"INVITE x SIP/7.0\r\n\r\n",
            &[0xff; 40],
            b"SIP/2.0 abc x\r\n\r\n",
        ] {
            assert_eq!(Message::read(bytes), None);
        }
    }
}
