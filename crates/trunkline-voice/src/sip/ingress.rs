//! The door: every message is judged here before the stack sees it.
//!
//! Strangers get no answer. Malformed requests, unknown methods, `OPTIONS` pings and calls past the
//! admission limit are answered without state. What passes is sound, complete, and known.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Request, SipMessage};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use trunkline_engine::call::control::{CallControl, Transport};

use super::peers::Peers;
use super::raw::{Broken, Raw};
use super::reason::{self, Reasons};
use super::reply::Replies;
use super::validate::{self, ALLOW, Refusal, Sound};
use crate::call::admission::Gate;
use crate::counters::Counters;

/// `Retry-After` of a 503, in seconds: short when busy, longer when shutting down.
const RETRY_AFTER_BUSY_S: u32 = 5;
const RETRY_AFTER_DRAINING_S: u32 = 30;

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Give it to the stack as it is.
    Pass,
    /// Give it to the stack with this header line put in at the end of its headers.
    Insert { at: usize, line: String },
    /// Answer it and forget it.
    Answer(Vec<u8>),
    /// Say nothing.
    Drop,
}

/// Judges messages for all listeners of a station.
pub(crate) struct Ingress {
    control: Arc<dyn CallControl>,
    gate: Arc<Gate>,
    counters: Arc<Counters>,
    replies: Replies,
    reasons: Arc<Reasons>,
    peers: Arc<Peers>,
}

impl Ingress {
    pub(crate) fn new(
        control: Arc<dyn CallControl>,
        gate: Arc<Gate>,
        counters: Arc<Counters>,
        reasons: Arc<Reasons>,
        peers: Arc<Peers>,
        server: &str,
    ) -> Self {
        Self {
            control,
            gate,
            counters,
            replies: Replies::new(server),
            reasons,
            peers,
        }
    }

    /// A trunk's address was dialled or asked: its answers and requests are known from now on.
    pub(crate) fn expect(&self, peer: IpAddr) {
        self.peers.expect_trunk(peer);
    }

    /// Far ends that we call first.
    pub(crate) const fn peers(&self) -> &Arc<Peers> {
        &self.peers
    }

    /// Whether anything may be received from this address.
    pub(crate) fn knows(&self, remote: SocketAddr, transport: Transport) -> bool {
        self.control.trunk_by_address(remote, transport).is_some() || self.peers.knows(remote.ip())
    }

    /// Whether it is known only because calls go there: a buyer's telephone system.
    fn is_only_called(&self, remote: SocketAddr, transport: Transport) -> bool {
        self.peers.is_only_called(remote.ip())
            && self.control.trunk_by_address(remote, transport).is_none()
    }

    /// Judges one message.
    pub(crate) fn judge(
        &self,
        datagram: &[u8],
        remote: SocketAddr,
        transport: Transport,
    ) -> Verdict {
        if !self.knows(remote, transport) {
            self.counters.dropped_strangers.one();
            return Verdict::Drop;
        }
        let raw = match Raw::split(datagram) {
            Ok(raw) => raw,
            Err(Broken) => {
                self.counters.dropped_garbage.one();
                return Verdict::Drop;
            }
        };
        let available = datagram.len() - raw.body_at;
        if raw.is_response() {
            if raw.defect.is_some() {
                self.counters.dropped_garbage.one();
                return Verdict::Drop;
            }
            if self.is_only_called(remote, transport) && self.peers.is_led_astray(&raw, remote.ip())
            {
                tracing::warn!(
                    %remote,
                    "an answer leads to where calls must not go; it is not taken"
                );
                self.counters.dropped_garbage.one();
                return Verdict::Drop;
            }
            return completed(&raw, available, raw.value("content-length").is_some());
        }
        let judged = validate::judge(&raw, available).and_then(|sound| {
            if !sound.in_dialog
                && raw.method() == "INVITE"
                && self.is_only_called(remote, transport)
            {
                return Err(Refusal::new(403, "Forbidden"));
            }
            self.admit(&raw, datagram, sound).map(|()| sound)
        });
        match judged {
            Ok(sound) => {
                self.note_reason(&raw);
                completed(&raw, sound.body_length, sound.length_stated)
            }
            Err(refusal) => self.refuse(&raw, remote, &refusal),
        }
    }

    /// Answers a datagram that was too long to be read whole.
    pub(crate) fn refuse_cut(
        &self,
        datagram: &[u8],
        remote: SocketAddr,
        transport: Transport,
    ) -> Verdict {
        match Raw::split(datagram) {
            Ok(raw) if self.knows(remote, transport) && !raw.is_response() => {
                self.refuse(&raw, remote, &Refusal::new(513, "Message Too Large"))
            }
            _ => {
                self.counters.dropped_garbage.one();
                Verdict::Drop
            }
        }
    }

    /// Checks what depends on more than the message: its place in the stack and the limits.
    fn admit(&self, raw: &Raw<'_>, datagram: &[u8], sound: Sound) -> Result<(), Refusal> {
        if sound.in_dialog {
            // What the stack cannot read belongs to none of its dialogs.
            let readable = raw.value("via").is_some_and(|v| v.starts_with("SIP/2.0/"));
            return if readable || stack_reads(datagram).is_ok() {
                Ok(())
            } else {
                Err(Refusal::new(481, "Call/Transaction Does Not Exist"))
            };
        }
        match raw.method() {
            "OPTIONS" => Err(options()),
            "INVITE" => {
                stack_reads(datagram)?;
                self.gate
                    .admit(self.replies.fingerprint(raw), Instant::now())
                    .map_err(|busy| {
                        self.counters.refused_overload.one();
                        unavailable(match busy {
                            crate::call::admission::Busy::Overload => RETRY_AFTER_BUSY_S,
                            crate::call::admission::Busy::Draining => RETRY_AFTER_DRAINING_S,
                        })
                    })
            }
            "ACK" | "CANCEL" => Ok(()),
            _ => Err(Refusal::new(481, "Call/Transaction Does Not Exist")),
        }
    }

    fn refuse(&self, raw: &Raw<'_>, remote: SocketAddr, refusal: &Refusal) -> Verdict {
        if refusal.status != 200 && refusal.status != 503 {
            self.counters.refused_invalid.one();
        }
        // An ACK is never answered (RFC 3261, 17.1.1.3).
        if raw.method() == "ACK" {
            return Verdict::Drop;
        }
        self.replies
            .write(raw, remote, refusal)
            .map_or(Verdict::Drop, Verdict::Answer)
    }

    fn note_reason(&self, raw: &Raw<'_>) {
        if !matches!(raw.method(), "BYE" | "CANCEL") {
            return;
        }
        let cause = raw.values("reason").find_map(reason::q850);
        if let (Some(call_id), Some(cause)) = (raw.value("call-id"), cause) {
            self.reasons.note(call_id, cause);
        }
    }
}

/// A message whose body has no stated length gets one: the stack would lose the body, although
/// over UDP it reaches to the end of the datagram (RFC 3261, 18.3).
fn completed(raw: &Raw<'_>, body_length: usize, stated: bool) -> Verdict {
    if stated || body_length == 0 {
        return Verdict::Pass;
    }
    Verdict::Insert {
        at: raw.body_at - 2,
        line: format!("Content-Length: {body_length}\r\n"),
    }
}

/// Whether the stack will be able to work with an INVITE; it would drop it in silence otherwise.
fn stack_reads(datagram: &[u8]) -> Result<(), Refusal> {
    let bad = Refusal::new(400, "malformed INVITE");
    let Ok(SipMessage::Request(request)) = SipMessage::try_from(datagram) else {
        return Err(bad);
    };
    if is_usable(&request) {
        Ok(())
    } else {
        Err(bad)
    }
}

fn is_usable(request: &Request) -> bool {
    let key = TransactionKey::from_request(request, TransactionRole::Server);
    let from = request.from_header().and_then(|h| h.clone().typed());
    let to = request.to_header().and_then(|h| h.clone().typed());
    let contact = request.typed_contact_headers().is_ok_and(|c| !c.is_empty());
    key.is_ok() && from.is_ok() && to.is_ok() && contact
}

/// The answer to a ping: what we can do (RFC 3261, 11.2).
fn options() -> Refusal {
    let abilities = format!("{ALLOW}\r\nAccept: application/sdp\r\nSupported: timer");
    Refusal {
        status: 200,
        phrase: "OK",
        header: Some(("Allow", abilities)),
    }
}

fn unavailable(retry_after_s: u32) -> Refusal {
    Refusal {
        status: 503,
        phrase: "Service Unavailable",
        header: Some(("Retry-After", retry_after_s.to_string())),
    }
}
