//! How well one direction of a call was received: jitter, loss and an estimate of MOS.
//!
//! Jitter is the running estimate of RFC 3550 A.8, loss the expected minus received count of A.3,
//! MOS the simplified E-model (ITU-T G.107 with the usual approximations for G.711: a fixed
//! effective delay, 2.5 R points per percent lost).

use std::time::Instant;

use super::rtp::Packet;

/// A call whose one side sent this many packets, 5 s of sound, while nothing came from the other, was
/// heard in one direction only.
const ONE_WAY_PACKETS: u64 = 250;
/// Clock rate of G.711 in samples per millisecond.
const SAMPLES_PER_MS: f64 = 8.0;
/// A sequence jump beyond this is a restart of the sender, not loss (RFC 3550 A.1 `MAX_DROPOUT`).
const RESTART_GAP: u16 = 3000;

/// What was measured over one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) jitter_ms: f64,
}

/// Statistics of the packets received from one side.
#[derive(Debug, Default)]
pub(crate) struct Quality {
    stream: Option<Stream>,
    received: u64,
    /// Expected by streams that have ended (the sender restarted).
    expected_before: u64,
    jitter: f64,
}

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    first: u64,
    /// Highest sequence number, extended by its wraps.
    highest: u64,
    last_audio: Option<(Instant, u32)>,
}

impl Quality {
    /// Counts a packet that arrived at `now`; `audio` is false for telephone events, whose
    /// timestamps stand still and would distort the jitter.
    pub(crate) fn on_packet(&mut self, packet: &Packet, audio: bool, now: Instant) {
        self.received += 1;
        let Some(stream) = self.stream.as_mut().filter(|s| s.continues(packet)) else {
            self.restart(packet, audio, now);
            return;
        };
        stream.advance(packet.sequence);
        if !audio {
            return;
        }
        if let Some((at, timestamp)) = stream.last_audio {
            let arrived = now.duration_since(at).as_secs_f64() * 1000.0 * SAMPLES_PER_MS;
            let sent = f64::from(packet.timestamp.wrapping_sub(timestamp).cast_signed());
            self.jitter += ((arrived - sent).abs() - self.jitter) / 16.0;
        }
        stream.last_audio = Some((now, packet.timestamp));
    }

    /// The figures so far.
    pub(crate) fn measured(&self) -> Measured {
        let current = self.stream.as_ref().map_or(0, Stream::expected);
        let expected = self.expected_before + current;
        Measured {
            received: self.received,
            lost: expected.saturating_sub(self.received),
            jitter_ms: self.jitter / SAMPLES_PER_MS,
        }
    }

    fn restart(&mut self, packet: &Packet, audio: bool, now: Instant) {
        self.expected_before += self.stream.as_ref().map_or(0, Stream::expected);
        let sequence = u64::from(packet.sequence);
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            first: sequence,
            highest: sequence,
            last_audio: audio.then_some((now, packet.timestamp)),
        });
    }
}

impl Stream {
    fn continues(&self, packet: &Packet) -> bool {
        let gap = packet.sequence.wrapping_sub(self.highest as u16);
        packet.ssrc == self.ssrc && !(RESTART_GAP..=u16::MAX - RESTART_GAP).contains(&gap)
    }

    fn advance(&mut self, sequence: u16) {
        let gap = sequence.wrapping_sub(self.highest as u16);
        if gap < RESTART_GAP {
            self.highest += u64::from(gap);
        }
    }

    const fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }
}

impl Measured {
    /// Share of the expected packets that never came, 0 to 100.
    pub(crate) fn loss_percent(&self) -> f64 {
        let expected = self.received + self.lost;
        if expected == 0 {
            0.0
        } else {
            self.lost as f64 * 100.0 / expected as f64
        }
    }

    /// Mean opinion score from 1.0 (bad) to about 4.4 (as good as G.711 gets).
    pub(crate) fn mos(&self) -> f64 {
        let delay_ms = self.jitter_ms.mul_add(2.0, 10.0);
        let delay_points = if delay_ms < 160.0 {
            delay_ms / 40.0
        } else {
            (delay_ms - 120.0) / 10.0
        };
        let r = 2.5f64
            .mul_add(-self.loss_percent(), 93.2 - delay_points)
            .clamp(0.0, 100.0);
        (7e-6 * r * (r - 60.0))
            .mul_add(100.0 - r, 0.035f64.mul_add(r, 1.0))
            .clamp(1.0, 5.0)
    }

    /// The direction a listener would complain about first. A direction from which nothing came while
    /// the other talked has lost everything.
    pub(crate) fn worse(self, other: Self) -> Self {
        match (self.received, other.received) {
            (0, heard) | (heard, 0) if heard >= ONE_WAY_PACKETS => Self {
                received: 0,
                lost: heard,
                jitter_ms: 0.0,
            },
            (0, _) => other,
            (_, 0) => self,
            _ if self.mos() <= other.mos() => self,
            _ => other,
        }
    }
}
