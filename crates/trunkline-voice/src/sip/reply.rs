//! Stateless answers: what is refused is answered from the request alone and then forgotten.
//!
//! The To tag is derived from the request, so that a retransmission gets the very same answer
//! (RFC 3261, 8.2.7).

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::net::SocketAddr;

use super::raw::{self, Raw};
use super::validate::Refusal;

/// Builds answers; one per station, so that tags cannot be guessed.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    tags: RandomState,
    server: String,
}

impl Replies {
    pub(crate) fn new(server: &str) -> Self {
        Self {
            tags: RandomState::new(),
            server: server.to_owned(),
        }
    }

    /// The answer to a request from `remote`; `None` when it has no Via to send it along.
    pub(crate) fn write(
        &self,
        raw: &Raw<'_>,
        remote: SocketAddr,
        answer: &Refusal,
    ) -> Option<Vec<u8>> {
        let mut text = format!("SIP/2.0 {} {}\r\n", answer.status, answer.phrase);
        let mut vias = raw.values("via");
        let top = vias.next()?;
        let _ = write!(text, "Via: {}\r\n", received(top, remote));
        for via in vias {
            let _ = write!(text, "Via: {via}\r\n");
        }
        for (name, wire) in [("from", "From"), ("call-id", "Call-ID"), ("cseq", "CSeq")] {
            if let Some(value) = raw.value(name) {
                let _ = write!(text, "{wire}: {value}\r\n");
            }
        }
        if let Some(to) = raw.value("to") {
            let tagged = raw::address(to)
                .is_some_and(|(_, parameters)| raw::parameter(&parameters, "tag").is_some());
            let _ = if tagged {
                write!(text, "To: {to}\r\n")
            } else {
                write!(text, "To: {to};tag={:016x}\r\n", self.tag(raw, top))
            };
        }
        if let Some((name, value)) = &answer.header {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Server: {}\r\nContent-Length: 0\r\n\r\n", self.server);
        Some(text.into_bytes())
    }

    fn tag(&self, raw: &Raw<'_>, via: &str) -> u64 {
        self.tags.hash_one((
            via,
            raw.value("call-id"),
            raw.value("from"),
            raw.value("cseq"),
        ))
    }

    /// A number that is the same for every retransmission of a request.
    pub(crate) fn fingerprint(&self, raw: &Raw<'_>) -> u64 {
        self.tag(raw, raw.value("via").unwrap_or_default())
    }
}

/// The topmost Via with where the request really came from (RFC 3261, 18.2.1; RFC 3581, 4).
fn received(via: &str, remote: SocketAddr) -> String {
    let (top, rest) = via.split_at(via.find(',').unwrap_or(via.len()));
    let mut text = String::with_capacity(via.len() + 48);
    for (index, part) in top.split(';').enumerate() {
        let name = part.split('=').next().unwrap_or_default().trim();
        if index == 0 {
            text.push_str(part);
        } else if !name.eq_ignore_ascii_case("received") && !name.eq_ignore_ascii_case("rport") {
            let _ = write!(text, ";{part}");
        }
    }
    let _ = write!(
        text,
        ";received={};rport={}{rest}",
        remote.ip(),
        remote.port()
    );
    text
}
