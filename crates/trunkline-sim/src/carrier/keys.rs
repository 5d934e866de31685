//! Keys that are pressed, as telephones send them: telephone events (RFC 4733), an INFO request, or a pair of tones (ITU-T
//! Q.23).

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::time::Duration;

use super::call::KeyForm;
use super::media::PACKET;
use crate::audio::{FRAME, RATE};

/// Keys that may wait; nobody presses more at once.
pub(super) const KEYS_MAX: usize = 32;
/// The content of an INFO request that presses a key.
pub(super) const RELAY: &str = "application/dtmf-relay";
/// Packets in which a key is down, and in which it is up again before the next.
const DOWN: usize = 5;
const UP: usize = 5;
/// How long nothing is pressed after a key whose packets are all sent: the next may take another way, and must not be there
/// first.
pub(super) const UP_TIME: Duration = PACKET.saturating_mul(UP as u32);
/// How often the end of an event is sent (RFC 4733, section 2.5.1.4).
const ENDS: usize = 3;
/// Volume of an event, in dB below full scale.
const VOLUME: u8 = 10;
/// Loudness of each tone of a pair.
const LEVEL: f32 = 6_000.0;
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// The body of an INFO request that presses a key.
pub(super) fn relay(key: char) -> String {
    format!("Signal={key}\r\nDuration=160\r\n")
}

/// What the next packet holds in place of the voice.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Frame {
    /// Sound.
    Sound(Box<[i16; FRAME]>),
    /// A telephone event: its payload, and whether it is the first of its key.
    Event { payload: [u8; 4], first: bool },
    /// The voice, as if no key were pressed.
    Voice,
}

/// The packets of keys that are pressed, one key after the other.
#[derive(Debug, Default)]
pub(super) struct Pressing(VecDeque<Frame>);

impl Pressing {
    /// Puts a key behind those that are pressed already; one that is on no keypad is none.
    pub(super) fn press(&mut self, key: char, form: KeyForm) {
        match form {
            KeyForm::Event => self.0.extend(event(key).into_iter().flatten()),
            KeyForm::Tone => self.0.extend(tones(key).into_iter().flatten()),
            KeyForm::Info => {}
        }
    }

    /// Whether every packet of every key was taken.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// What the next packet holds.
    pub(super) fn next(&mut self) -> Frame {
        self.0.pop_front().unwrap_or(Frame::Voice)
    }
}

fn event(key: char) -> Option<impl Iterator<Item = Frame>> {
    let code = u8::try_from("0123456789*#ABCD".find(key)?).ok()?;
    let packet = move |step: usize| {
        let end = if step < DOWN { 0 } else { 0x80 };
        let held = u16::try_from((step + 1).min(DOWN) * FRAME).unwrap_or(u16::MAX);
        let [high, low] = held.to_be_bytes();
        Frame::Event {
            payload: [code, end | VOLUME, high, low],
            first: step == 0,
        }
    };
    let packets = (0..DOWN + ENDS).map(packet);
    Some(packets.chain((0..UP).map(|_| Frame::Voice)))
}

fn tones(key: char) -> Option<impl Iterator<Item = Frame>> {
    let place = "123A456B789C*0#D".find(key)?;
    let (row, column) = (ROWS[place / 4], COLUMNS[place % 4]);
    let frame = move |index: usize| {
        let samples = std::array::from_fn(|n| {
            let at = (index * FRAME + n) as f32 / RATE as f32;
            (LEVEL * ((TAU * row * at).sin() + (TAU * column * at).sin())) as i16
        });
        Frame::Sound(Box::new(samples))
    };
    let silence = (0..UP).map(|_| Frame::Sound(Box::new([0; FRAME])));
    Some((0..DOWN).map(frame).chain(silence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::strength;

    #[test]
    fn a_key_is_one_event_from_its_first_packet_to_its_three_ends() {
        let mut pressing = Pressing::default();
        pressing.press('#', KeyForm::Event);
        let packets: Vec<Frame> = (0..DOWN + ENDS + UP).map(|_| pressing.next()).collect();
        let first = Frame::Event {
            payload: [11, VOLUME, 0, 160],
            first: true,
        };
        assert_eq!(packets[0], first);
        let last = Frame::Event {
            payload: [11, 0x80 | VOLUME, 3, 32],
            first: false,
        };
        assert_eq!(
            packets[DOWN..DOWN + ENDS],
            [last.clone(), last.clone(), last]
        );
        assert!(packets[DOWN + ENDS..].iter().all(|f| *f == Frame::Voice));
    }

    #[test]
    fn a_key_is_the_two_tones_of_its_row_and_column() {
        let mut pressing = Pressing::default();
        pressing.press('8', KeyForm::Tone);
        let mut heard = Vec::new();
        for _ in 0..DOWN {
            let Frame::Sound(samples) = pressing.next() else {
                panic!("sound");
            };
            heard.extend(*samples);
        }
        for hz in [852.0, 1_336.0] {
            assert!((strength(&heard, hz) - 0.5).abs() < 0.05, "{hz}");
        }
        pressing.press('?', KeyForm::Event);
        assert_eq!(pressing.next(), Frame::Sound(Box::new([0; FRAME])));
    }
}
