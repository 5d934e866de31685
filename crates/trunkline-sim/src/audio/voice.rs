//! The sound one end of a call makes, frame by frame; the same voice makes the same sound every time.

use std::f32::consts::TAU;

use super::speech::{Speaker, Speech};
use super::{FRAME, RATE};

/// Loudness of a test tone: a quarter of full scale.
const TONE_LEVEL: f32 = 8_192.0;

/// What one end says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Voice {
    /// Nothing, in packets.
    Silence,
    /// A pure tone, for checking audio by content.
    Tone {
        /// Its frequency; below 4,000.
        hz: f32,
    },
    /// Speech-like sound: one part of a conversation.
    Speech(Speaker),
}

/// A voice at work.
#[derive(Debug)]
pub struct Sound {
    voice: Voice,
    /// Samples made so far.
    at: usize,
    speech: Option<Speech>,
}

impl Sound {
    /// The voice from its start.
    #[must_use]
    pub fn new(voice: Voice) -> Self {
        let speech = match voice {
            Voice::Speech(speaker) => Some(Speech::new(speaker)),
            Voice::Silence | Voice::Tone { .. } => None,
        };
        Self {
            voice,
            at: 0,
            speech,
        }
    }

    /// The next 20 ms.
    pub fn frame(&mut self) -> [i16; FRAME] {
        let mut samples = [0; FRAME];
        for sample in &mut samples {
            *sample = self.sample();
            self.at += 1;
        }
        samples
    }

    fn sample(&mut self) -> i16 {
        match (self.voice, &mut self.speech) {
            (Voice::Tone { hz }, _) => {
                // Seconds alone keep the phase exact for hours.
                let turns = hz * ((self.at % RATE) as f32 / RATE as f32)
                    + hz.fract() * (self.at / RATE) as f32;
                (TONE_LEVEL * (TAU * turns.fract()).sin()) as i16
            }
            (Voice::Speech(_), Some(speech)) => speech.sample(),
            (Voice::Silence | Voice::Speech(_), _) => 0,
        }
    }
}
