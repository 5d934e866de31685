//! The RTP stream that one side receives, whoever's sound is in it.
//!
//! Packets of the other side pass as they are until we have said something ourselves. From then on everything this side
//! gets is one stream: one SSRC, sequence numbers without a hole, timestamps that go on by the time that passed. A new
//! speaker in it begins with the marker bit. So a phone never meets a second source in a call, which some mute.

use std::time::{Duration, Instant};

use super::rtp::Packet;

/// Samples of a packet of ours.
pub(crate) const PACKET_SAMPLES: u32 = 160;
/// Packets of ours this far apart are not one sound.
const PAUSE: Duration = Duration::from_millis(400);
/// A packet is newer than another when its sequence number is ahead by less than this (RFC 3550, A.1).
const HALF: u16 = 0x8000;

/// What a packet's header says of its place in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) marker: bool,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

/// The stream towards one side.
#[derive(Debug)]
pub(crate) struct Outgoing {
    last: Option<Last>,
    /// What the stream begins with when nothing was passed on before.
    first: Header,
    /// We have said something: what follows is put into our stream.
    ours: bool,
    /// The stream of the other side that is being passed on.
    source: Option<Source>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// When the timestamp was sent first: telephone events repeat theirs.
    at: Instant,
}

/// What to add to a passed packet's numbers.
#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Outgoing {
    /// A stream in which nothing was sent. `chance` makes its first numbers hard to guess (RFC 3550, 5.1).
    pub(crate) const fn new(chance: u64) -> Self {
        Self {
            last: None,
            first: Header {
                marker: true,
                sequence: (chance >> 48) as u16,
                timestamp: (chance >> 16) as u32,
                ssrc: chance as u32,
            },
            ours: false,
            source: None,
        }
    }

    /// Whether packets of the other side no longer pass unchanged.
    pub(crate) const fn is_ours(&self) -> bool {
        self.ours
    }

    /// The header of a packet of ours.
    pub(crate) fn own(&mut self, now: Instant) -> Header {
        let header = match self.last {
            None => self.first,
            Some(last) => {
                // Our own packets keep the pace of the sound, however late the timer is.
                let passed = now.saturating_duration_since(last.at);
                let goes_on = self.ours && self.source.is_none() && passed < PAUSE;
                let since = if goes_on {
                    PACKET_SAMPLES
                } else {
                    samples(passed)
                };
                Header {
                    marker: !goes_on,
                    sequence: last.sequence.wrapping_add(1),
                    timestamp: last.timestamp.wrapping_add(since),
                    ssrc: last.ssrc,
                }
            }
        };
        self.ours = true;
        self.source = None;
        self.note(header, now);
        header
    }

    /// A packet of the other side is passed on: the header it gets, or `None` when it passes as it is.
    pub(crate) fn pass(&mut self, packet: &Packet, now: Instant) -> Option<Header> {
        if !self.ours {
            let header = Header {
                marker: false,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                ssrc: packet.ssrc,
            };
            self.note(header, now);
            return None;
        }
        let last = self.last?;
        let known = self.source.filter(|s| s.ssrc == packet.ssrc);
        let source = known.unwrap_or_else(|| {
            let since = samples(now.saturating_duration_since(last.at));
            Source {
                ssrc: packet.ssrc,
                sequence: last.sequence.wrapping_add(1).wrapping_sub(packet.sequence),
                timestamp: last
                    .timestamp
                    .wrapping_add(since)
                    .wrapping_sub(packet.timestamp),
            }
        });
        self.source = Some(source);
        let header = Header {
            marker: known.is_none(),
            sequence: packet.sequence.wrapping_add(source.sequence),
            timestamp: packet.timestamp.wrapping_add(source.timestamp),
            ssrc: last.ssrc,
        };
        self.note(header, now);
        Some(header)
    }

    fn note(&mut self, header: Header, now: Instant) {
        let mut at = now;
        if let Some(last) = self.last.filter(|last| last.ssrc == header.ssrc) {
            let ahead = header.sequence.wrapping_sub(last.sequence);
            if ahead == 0 || ahead >= HALF {
                return;
            }
            if last.timestamp == header.timestamp {
                at = last.at;
            }
        }
        self.last = Some(Last {
            ssrc: header.ssrc,
            sequence: header.sequence,
            timestamp: header.timestamp,
            at,
        });
    }
}

/// Samples in a span of time: at least a packet, so that no two speakers share a timestamp.
fn samples(span: Duration) -> u32 {
    let samples = span.as_micros() * 8 / 1000;
    u32::try_from(samples)
        .unwrap_or(u32::MAX)
        .max(PACKET_SAMPLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet {
        Packet {
            payload_type: 0,
            sequence,
            timestamp,
            ssrc,
            payload: 12..172,
        }
    }

    #[test]
    fn a_side_that_heard_nothing_of_ours_gets_packets_as_they_are() {
        let now = Instant::now();
        let mut stream = Outgoing::new(7);
        for (ssrc, sequence) in [(1, 5), (1, 6), (2, 900), (1, 65_535), (1, 0)] {
            assert_eq!(stream.pass(&packet(ssrc, sequence, 0), now), None);
        }
    }

    #[test]
    fn our_sound_goes_on_where_the_other_side_stopped_and_back() {
        let start = Instant::now();
        let ms = |n| start + Duration::from_millis(n);
        let mut stream = Outgoing::new(7);
        stream.pass(&packet(42, 65_534, 1_000), ms(0));
        // A late one changes nothing.
        stream.pass(&packet(42, 65_530, 360), ms(1));
        let first = stream.own(ms(100));
        assert_eq!(
            first,
            Header {
                marker: true,
                sequence: 65_535,
                timestamp: 1_800,
                ssrc: 42
            }
        );
        let second = stream.own(ms(125));
        assert_eq!(
            second,
            Header {
                marker: false,
                sequence: 0,
                timestamp: 1_960,
                ssrc: 42
            }
        );
        // Another source is put into the same stream.
        let passed = stream.pass(&packet(9, 77, 5_000), ms(145));
        assert_eq!(
            passed,
            Some(Header {
                marker: true,
                sequence: 1,
                timestamp: 2_120,
                ssrc: 42
            })
        );
        // Its next packets keep their distances: a lost one leaves a hole, a late one finds its place.
        let at = |sequence, timestamp, now, stream: &mut Outgoing| {
            let header = stream.pass(&packet(9, sequence, timestamp), now);
            header.map(|h| (h.marker, h.sequence, h.timestamp))
        };
        assert_eq!(at(79, 5_320, ms(185), &mut stream), Some((false, 3, 2_440)));
        assert_eq!(at(78, 5_160, ms(186), &mut stream), Some((false, 2, 2_280)));
        // A digit repeats its timestamp; we go on by the time since it began.
        at(80, 5_480, ms(205), &mut stream);
        at(81, 5_480, ms(225), &mut stream);
        let ours = stream.own(ms(245));
        assert_eq!((ours.sequence, ours.timestamp), (6, 2_600 + 320));
    }

    #[test]
    fn a_stream_of_our_own_begins_anywhere() {
        let now = Instant::now();
        let mut stream = Outgoing::new(0xabcd_0000_1234_5678);
        let first = stream.own(now);
        assert!(first.marker);
        assert_eq!((first.sequence, first.ssrc), (0xabcd, 0x1234_5678));
        let second = stream.own(now + Duration::from_millis(20));
        assert_eq!(
            second.timestamp.wrapping_sub(first.timestamp),
            PACKET_SAMPLES
        );
        assert!(!second.marker);
        // After a pause it goes on where time is by then.
        let third = stream.own(now + Duration::from_millis(1_020));
        assert!(third.marker);
        assert_eq!(third.timestamp.wrapping_sub(second.timestamp), 8_000);
    }
}
