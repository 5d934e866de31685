//! One end's sockets, whom they listen to, and the stream the end receives.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::UdpSocket;
use trunkline_engine::call::control::TrunkProfile;

use super::super::ears::{Ears, Listening, Presses};
use super::super::g711::Law;
use super::super::latch::Latch;
use super::super::outgoing::Outgoing;
use super::super::player::{PACKET_BYTES, Player, Speech};
use super::super::ports::PortPair;
use super::super::quality::Quality;
use super::super::rtp;
use super::Signalled;

/// The two kinds of packets of an end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Rtp,
    Rtcp,
}

/// One end as the worker sees it.
pub(super) struct Port {
    pub(super) pair: PortPair,
    rtp: Latch,
    rtcp: Latch,
    trunk: Option<Arc<TrunkProfile>>,
    pub(super) law: Law,
    pub(super) events: Option<u8>,
    pub(super) quality: Quality,
    pub(super) heard_at: Instant,
    pub(super) outgoing: Outgoing,
    pub(super) player: Option<Player>,
    /// A sound that is over and was not told yet.
    pub(super) untold: Option<u32>,
    pub(super) ears: Option<Box<Ears>>,
    presses: Presses,
}

impl Port {
    pub(super) fn new(pair: PortPair) -> Self {
        Self {
            pair,
            rtp: Latch::default(),
            rtcp: Latch::default(),
            trunk: None,
            law: Law::Mu,
            events: None,
            quality: Quality::default(),
            heard_at: Instant::now(),
            outgoing: Outgoing::new(chance()),
            player: None,
            untold: None,
            ears: None,
            presses: Presses::default(),
        }
    }

    pub(super) fn signal(&mut self, signalled: Signalled) {
        let learns = signalled.trunk.nat;
        self.rtp.signal(signalled.rtp, learns);
        self.rtcp.signal(signalled.rtcp, learns);
        self.law = signalled.law;
        self.events = signalled.events;
        self.trunk = Some(signalled.trunk);
    }

    pub(super) fn listen(&mut self, listening: Option<Listening>) {
        let now = Instant::now();
        match listening {
            Some(listening) => {
                let (presses, law) = (self.presses, self.law);
                let ears = self
                    .ears
                    .get_or_insert_with(|| Box::new(Ears::new(presses, law, now)));
                ears.turn_to(listening, now);
            }
            None => {
                if let Some(ears) = self.ears.take() {
                    self.presses = ears.presses();
                }
            }
        }
    }

    /// Whether a packet from this address belongs to the end.
    pub(super) fn admits(&mut self, stream: Stream, from: SocketAddr) -> bool {
        let trunk = self.trunk.as_deref();
        let in_list = |ip| trunk.is_some_and(|t| t.admits(ip));
        match stream {
            Stream::Rtp => self.rtp.admits(from, in_list),
            Stream::Rtcp => self.rtcp.admits(from, in_list),
        }
    }

    pub(super) const fn socket(&self, stream: Stream) -> &UdpSocket {
        match stream {
            Stream::Rtp => &self.pair.rtp,
            Stream::Rtcp => &self.pair.rtcp,
        }
    }

    /// Sends to the end; `None` when it wants nothing, otherwise whether the socket took it.
    pub(super) fn send(&self, stream: Stream, datagram: &[u8]) -> Option<bool> {
        let target = match stream {
            Stream::Rtp => self.rtp.target(),
            Stream::Rtcp => self.rtcp.target(),
        }?;
        Some(self.socket(stream).try_send_to(datagram, target).is_ok())
    }

    /// Speaks to the end, or stops.
    pub(super) fn speak(&mut self, speech: Option<Speech>) {
        self.player = speech.map(Player::new);
        self.untold = None;
    }

    /// Says the next 20 ms of our own to the end; `None` when nothing is sent, otherwise whether the socket took it.
    pub(super) fn say(&mut self, now: Instant) -> Option<bool> {
        let player = self.player.as_mut()?;
        let mut sound = [0; PACKET_BYTES];
        let over = player.fill(self.law, &mut sound);
        self.untold = over.or(self.untold);
        // An end that cannot be sent to yet gets no packet; the sound goes on, as on any line.
        self.rtp.target()?;
        let mut datagram = [0; rtp::HEADER_BYTES + PACKET_BYTES];
        rtp::write(
            &mut datagram,
            self.law.payload_type(),
            self.outgoing.own(now),
        );
        datagram[rtp::HEADER_BYTES..].copy_from_slice(&sound);
        self.send(Stream::Rtp, &datagram)
    }

    /// Puts a packet of the other side into this end's stream, in place.
    pub(super) fn adopt(&mut self, packet: &rtp::Packet, datagram: &mut [u8], now: Instant) {
        if let Some(header) = self.outgoing.pass(packet, now) {
            rtp::rewrite(datagram, header);
        }
    }
}

/// Numbers a stream begins with; each process and stream has its own.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
