//! What a side hears from us, 20 ms at a time: a shared sound once or over and over, and silence between sounds.

use std::sync::Arc;

use trunkline_engine::call::control::Sound;

use super::g711::Law;
use super::outgoing::PACKET_SAMPLES;

/// Bytes of a packet's sound.
pub(crate) const PACKET_BYTES: usize = PACKET_SAMPLES as usize;

/// What is to be played.
#[derive(Debug, Clone)]
pub(crate) enum Speech {
    /// Packets of silence, which keep the way open and the far end's watch content.
    Silence,
    /// To its end; then silence. The number names it when it is over.
    Once(u32, Arc<Sound>),
    /// From its beginning again whenever it ended.
    Repeat(Arc<Sound>),
}

/// Plays one speech.
#[derive(Debug)]
pub(crate) struct Player {
    speech: Speech,
    at: usize,
}

impl Player {
    pub(crate) const fn new(speech: Speech) -> Self {
        Self { speech, at: 0 }
    }

    /// Writes the next packet's sound; names the sound that is over with it.
    pub(crate) fn fill(&mut self, law: Law, packet: &mut [u8; PACKET_BYTES]) -> Option<u32> {
        let (sound, repeats) = match &self.speech {
            Speech::Silence => {
                packet.fill(law.silence());
                return None;
            }
            Speech::Once(_, sound) => (sound, false),
            Speech::Repeat(sound) => (sound, true),
        };
        let codes = match law {
            Law::Mu => &sound.pcmu,
            Law::A => &sound.pcma,
        };
        let mut filled = 0;
        while filled < PACKET_BYTES {
            let left = codes.get(self.at..).unwrap_or_default();
            let count = left.len().min(PACKET_BYTES - filled);
            packet[filled..filled + count].copy_from_slice(&left[..count]);
            self.at += count;
            filled += count;
            if self.at < codes.len() {
                continue;
            }
            if repeats && !codes.is_empty() {
                self.at = 0;
                continue;
            }
            packet[filled..].fill(law.silence());
            break;
        }
        if repeats || self.at < codes.len() {
            return None;
        }
        match std::mem::replace(&mut self.speech, Speech::Silence) {
            Speech::Once(id, _) => Some(id),
            Speech::Silence | Speech::Repeat(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(length: usize) -> Arc<Sound> {
        Arc::new(Sound {
            pcmu: (0..length).map(|n| n as u8).collect(),
            pcma: (0..length).map(|n| !(n as u8)).collect(),
        })
    }

    #[test]
    fn a_sound_is_heard_whole_and_told_with_its_last_packet() {
        for (length, packets) in [(0, 1), (1, 1), (160, 1), (161, 2), (320, 2), (1000, 7)] {
            for law in [Law::Mu, Law::A] {
                let sound = sound(length);
                let mut player = Player::new(Speech::Once(9, Arc::clone(&sound)));
                let mut heard = Vec::new();
                let mut packet = [0; PACKET_BYTES];
                let over = (1..=10).find(|_| {
                    let over = player.fill(law, &mut packet);
                    heard.extend_from_slice(&packet);
                    over == Some(9)
                });
                assert_eq!(over, Some(packets), "{length}");
                let codes = match law {
                    Law::Mu => &sound.pcmu,
                    Law::A => &sound.pcma,
                };
                assert_eq!(heard[..length], codes[..]);
                assert!(heard[length..].iter().all(|c| *c == law.silence()));
                assert_eq!(player.fill(law, &mut packet), None, "told once");
                assert_eq!(packet, [law.silence(); PACKET_BYTES]);
            }
        }
    }

    #[test]
    fn a_repeated_sound_has_no_seam_and_no_end() {
        let sound = sound(250);
        let mut player = Player::new(Speech::Repeat(Arc::clone(&sound)));
        let mut packet = [0; PACKET_BYTES];
        for n in 0..20 {
            assert_eq!(player.fill(Law::Mu, &mut packet), None);
            for (i, code) in packet.iter().enumerate() {
                assert_eq!(*code, sound.pcmu[(n * PACKET_BYTES + i) % 250]);
            }
        }
        // An empty one is silence, not an endless loop.
        let mut player = Player::new(Speech::Repeat(Arc::new(Sound {
            pcmu: Box::default(),
            pcma: Box::default(),
        })));
        assert_eq!(player.fill(Law::A, &mut packet), None);
        assert_eq!(packet, [Law::A.silence(); PACKET_BYTES]);
    }
}
