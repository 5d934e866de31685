//! The sound path of one end: RTP with G.711 in packets of 20 ms (RFC 3550, RFC 3551).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::call::KeyForm;
use super::keys::{Frame, KEYS_MAX, Pressing};
use super::sdp::Wants;
use crate::audio::{FRAME, RATE, Sound, Voice};

/// Time between packets.
pub(super) const PACKET: Duration = Duration::from_millis(20);
/// Most sound one end keeps: five minutes.
const HEARD_MAX: usize = 300 * RATE;
/// Header of an RTP packet without contributing sources.
const RTP_HEADER: usize = 12;
/// Largest packet that is read.
const PACKET_MAX: usize = 2_048;

/// What one end has heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    keeps: bool,
    samples: Vec<i16>,
    /// Source and timestamp of the packet that stands at `base`.
    anchor: Option<(u32, u32)>,
    base: usize,
    packets: u64,
}

impl Heard {
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            ..Self::default()
        }
    }

    pub(super) fn samples(&self) -> &[i16] {
        &self.samples
    }

    pub(super) const fn milliseconds(&self) -> u64 {
        self.packets * PACKET.as_millis() as u64
    }

    /// Puts a packet in its place by its timestamp.
    fn take(&mut self, source: u32, timestamp: u32, sound: &[i16]) {
        self.packets += 1;
        if !self.keeps {
            return;
        }
        let anchor = match self.anchor {
            Some((known, first)) if known == source => first,
            _ => {
                self.base = self.samples.len();
                self.anchor = Some((source, timestamp));
                timestamp
            }
        };
        let place = self.base + timestamp.wrapping_sub(anchor) as usize;
        let end = place.saturating_add(sound.len());
        if end > HEARD_MAX {
            return;
        }
        if end > self.samples.len() {
            self.samples.resize(end, 0);
        }
        self.samples[place..end].copy_from_slice(sound);
    }
}

/// Where sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Far {
    pub(super) wants: Wants,
    /// Whether this end speaks already.
    pub(super) speaking: bool,
}

/// A key that is pressed in the sound, and whom to tell when its last packet is sent.
type Key = (char, KeyForm, oneshot::Sender<()>);

/// The sound path; dropping it closes it.
#[derive(Debug)]
pub(super) struct Media {
    pub(super) local: SocketAddr,
    far: watch::Sender<Option<Far>>,
    keys: mpsc::Sender<Key>,
    task: JoinHandle<()>,
}

impl Drop for Media {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Media {
    /// Opens a port on `ip`. Nothing is sent before [`Self::turn_to`].
    ///
    /// # Errors
    /// When no port can be bound.
    pub(super) async fn open(
        ip: IpAddr,
        voice: Voice,
        heard: Arc<Mutex<Heard>>,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0)).await?;
        let local = socket.local_addr()?;
        let (far, to) = watch::channel(None);
        let (keys, pressed) = mpsc::channel(KEYS_MAX);
        let line = Line {
            socket,
            sound: Sound::new(voice),
            heard,
            source: u32::from(local.port()) << 8 | 1,
            sequence: 0,
            timestamp: 0,
            pressing: Pressing::default(),
            pressed_at: 0,
            down: Vec::new(),
        };
        let task = tokio::spawn(line.run(to, pressed));
        Ok(Self {
            local,
            far,
            keys,
            task,
        })
    }

    /// Presses a key in the sound; more than [`KEYS_MAX`] at once are lost. What it gives is told when the last packet of
    /// the key is sent, or never will be.
    pub(super) fn press(&self, key: char, form: KeyForm) -> oneshot::Receiver<()> {
        let (sent, up) = oneshot::channel();
        if self.keys.try_send((key, form, sent)).is_err() {
            tracing::debug!("a key was pressed after too many others");
        }
        up
    }

    /// Ends the sound; the port is free again.
    pub(super) fn close(&self) {
        self.task.abort();
    }

    /// The far end wants its sound there.
    pub(super) fn turn_to(&self, wants: Wants, speaking: bool) {
        self.far.send_replace(Some(Far { wants, speaking }));
    }
}

struct Line {
    socket: UdpSocket,
    sound: Sound,
    heard: Arc<Mutex<Heard>>,
    source: u32,
    sequence: u16,
    timestamp: u32,
    pressing: Pressing,
    /// The timestamp of the key that is down.
    pressed_at: u32,
    /// Who waits until the keys that are pressed are up again.
    down: Vec<oneshot::Sender<()>>,
}

impl Line {
    async fn run(
        mut self,
        mut far: watch::Receiver<Option<Far>>,
        mut pressed: mpsc::Receiver<Key>,
    ) {
        // Nobody is there until a description says so.
        if far.wait_for(Option::is_some).await.is_err() {
            return;
        }
        // The first packet is full after its time, not before.
        let mut tick = interval_at(Instant::now() + PACKET, PACKET);
        // A late wake-up sends what was due: packets stand for moments.
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut buffer = [0; PACKET_MAX];
        loop {
            let now = *far.borrow_and_update();
            tokio::select! {
                _ = tick.tick() => {
                    self.send(now).await;
                    if self.pressing.is_over() {
                        for sent in self.down.drain(..) {
                            // Who does not wait for it any more needs no word.
                            let _ = sent.send(());
                        }
                    }
                }
                Some((key, form, sent)) = pressed.recv() => {
                    // Who knows no events is sent tones.
                    let knows = now.is_some_and(|far| far.wants.events.is_some());
                    let form = if knows { form } else { KeyForm::Tone };
                    self.pressing.press(key, form);
                    self.down.push(sent);
                }
                received = self.socket.recv_from(&mut buffer) => {
                    if let (Ok((length, from)), Some(now)) = (received, now) {
                        self.receive(&buffer[..length], from, now);
                    }
                }
            }
        }
    }

    async fn send(&mut self, far: Option<Far>) {
        let Some(Far {
            wants,
            speaking: true,
        }) = far
        else {
            return;
        };
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        let frame = match self.pressing.next() {
            Frame::Voice => Frame::Sound(Box::new(self.sound.frame())),
            key => key,
        };
        if !wants.listens {
            return;
        }
        let mut first = self.sequence == 0;
        let (payload_type, timestamp, payload) = match frame {
            Frame::Event {
                payload,
                first: begins,
            } => {
                if begins {
                    self.pressed_at = self.timestamp;
                }
                first |= begins;
                let payload_type = wants.events.unwrap_or_default();
                (payload_type, self.pressed_at, payload.to_vec())
            }
            Frame::Sound(samples) => {
                let payload = match wants.payload {
                    8 => PcmaEncoder::new().encode(samples.as_slice()),
                    _ => PcmuEncoder::new().encode(samples.as_slice()),
                };
                (wants.payload, self.timestamp, payload)
            }
            Frame::Voice => return,
        };
        let marker = if first { 0x80 } else { 0 };
        let mut packet = Vec::with_capacity(RTP_HEADER + FRAME);
        packet.extend([0x80, marker | payload_type]);
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(self.source.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        // Sound that cannot be sent now is worth nothing later.
        let _ = self.socket.send_to(&packet, wants.audio).await;
    }

    fn receive(&self, packet: &[u8], from: SocketAddr, far: Far) {
        let is_audio =
            packet.len() > RTP_HEADER && packet[0] == 0x80 && matches!(packet[1] & 0x7f, 0 | 8);
        if !is_audio || from.ip() != far.wants.audio.ip() {
            return;
        }
        let word = |at: usize| {
            u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]])
        };
        let sound = match packet[1] & 0x7f {
            8 => PcmaDecoder::new().decode(&packet[RTP_HEADER..]),
            _ => PcmuDecoder::new().decode(&packet[RTP_HEADER..]),
        };
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(word(8), word(4), &sound);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_packets_leave_silence_and_late_ones_find_their_place() {
        let mut heard = Heard::new(true);
        let packet = |v: i16| vec![v; FRAME];
        heard.take(1, 1_000, &packet(1));
        heard.take(1, 1_480, &packet(4));
        heard.take(1, 1_160, &packet(2));
        assert_eq!(heard.samples().len(), 4 * FRAME);
        assert_eq!(
            [
                heard.samples()[0],
                heard.samples()[FRAME],
                heard.samples()[2 * FRAME],
                heard.samples()[3 * FRAME]
            ],
            [1, 2, 0, 4]
        );
        heard.take(2, 77, &packet(5));
        assert_eq!(heard.samples()[4 * FRAME], 5);
        heard.take(2, 77_u32.wrapping_sub(9_000), &packet(6));
        assert_eq!(
            heard.samples().len(),
            5 * FRAME,
            "a packet from before the start is lost"
        );
    }
}
