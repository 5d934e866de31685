//! Speech-like sound: two people take turns, each in syllables of noise and voiced vowels.
//!
//! Nobody could write down what is said, but it looks and sounds like a telephone conversation: turns
//! of a few seconds that sometimes overlap, words, pauses for breath, a melody that falls over a
//! sentence. Vowels are a sawtooth through three resonators, as in a classic formant synthesiser
//! (Klatt, "Software for a cascade/parallel formant synthesizer", 1980).

use std::f32::consts::{PI, TAU};

use super::RATE;
use crate::chance::Chance;

/// First three formants of six vowels in Hz (Peterson and Barney, 1952, rounded).
const VOWELS: [[f32; 3]; 6] = [
    [730.0, 1_090.0, 2_440.0],
    [530.0, 1_840.0, 2_480.0],
    [270.0, 2_290.0, 3_010.0],
    [570.0, 840.0, 2_410.0],
    [300.0, 870.0, 2_240.0],
    [500.0, 1_500.0, 2_500.0],
];
/// Bandwidths of the formants in Hz.
const BANDWIDTHS: [f32; 3] = [80.0, 110.0, 160.0];
/// Loudness of the voiced part before the resonators.
const VOICED_LEVEL: f32 = 3_400.0;
/// Loudness of consonants.
const NOISE_LEVEL: f32 = 2_200.0;
/// The hiss of an open line.
const HISS: f32 = 5.0;
/// Louder and louder comes ever closer to this, as in a telephone's amplifier.
const PEAK: f32 = 22_000.0;
/// How fast a syllable swells and fades, in samples.
const SWELL: f32 = RATE as f32 * 0.02;

/// Whose part of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Answers the telephone and speaks first.
    Business,
    /// Called.
    Caller,
}

/// A conversation: whose turn it is when. The same number gives the same turns to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talk(pub u64);

/// A person in a conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speaker {
    /// The conversation.
    pub talk: Talk,
    /// Their part in it.
    pub part: Part,
    /// Who they are: decides pitch, timbre and speed.
    pub person: u64,
}

/// One turn, in samples.
#[derive(Debug, Clone, Copy)]
struct Turn {
    part: Part,
    start: usize,
    end: usize,
}

/// The turns of a conversation, without end.
#[derive(Debug)]
struct Turns {
    chance: Chance,
    next: Part,
    at: usize,
}

impl Turns {
    fn new(talk: Talk) -> Self {
        Self {
            chance: Chance::new(talk.0),
            next: Part::Business,
            at: seconds(0.3),
        }
    }
}

impl Iterator for Turns {
    type Item = Turn;

    fn next(&mut self) -> Option<Turn> {
        let part = self.next;
        let (median, spread) = match part {
            Part::Business => (2.6, 0.45),
            Part::Caller => (3.4, 0.55),
        };
        let length = self.chance.around(median, spread).clamp(0.6, 9.0);
        let turn = Turn {
            part,
            start: self.at,
            end: self.at + seconds(length),
        };
        // People start a little late, or a little early.
        let gap = -0.35 + 1.1 * self.chance.fraction();
        self.at = turn
            .end
            .saturating_add_signed((gap * RATE as f64) as isize)
            .max(turn.start + 1);
        self.next = match part {
            Part::Business => Part::Caller,
            Part::Caller => Part::Business,
        };
        Some(turn)
    }
}

fn seconds(s: f64) -> usize {
    (s * RATE as f64) as usize
}

/// One syllable: a consonant's noise, then a vowel, then silence.
#[derive(Debug, Clone, Copy)]
struct Syllable {
    start: usize,
    noise_end: usize,
    vowel_end: usize,
    end: usize,
    level: f32,
    pitch: f32,
}

/// A speaker at work.
#[derive(Debug)]
pub(super) struct Speech {
    part: Part,
    pitch: f32,
    tract: f32,
    pace: f32,
    chance: Chance,
    hiss: Chance,
    turns: Turns,
    turn: Option<Turn>,
    syllable: Option<Syllable>,
    syllables_to_breath: u64,
    resonators: [Resonator; 3],
    phase: f32,
    last_noise: f32,
    at: usize,
}

impl Speech {
    pub(super) fn new(speaker: Speaker) -> Self {
        let mut who = Chance::new(speaker.person);
        let high = who.happens(0.5);
        let (pitch, tract) = if high {
            (who.around(205.0, 0.09), 1.14)
        } else {
            (who.around(118.0, 0.12), 1.0)
        };
        let tract = tract * who.around(1.0, 0.03);
        let pace = who.around(1.0, 0.1);
        Self {
            part: speaker.part,
            pitch: pitch as f32,
            tract: tract as f32,
            pace: pace as f32,
            chance: Chance::new(speaker.talk.0 ^ speaker.person),
            hiss: Chance::new(speaker.person),
            turns: Turns::new(speaker.talk),
            turn: None,
            syllable: None,
            syllables_to_breath: 0,
            resonators: [Resonator::default(); 3],
            phase: 0.0,
            last_noise: 0.0,
            at: 0,
        }
    }

    pub(super) fn sample(&mut self) -> i16 {
        let at = self.at;
        self.at += 1;
        let sound = match self.syllable_at(at) {
            Some(syllable) => self.voiced(syllable, at) + self.noise(syllable, at),
            None => 0.0,
        };
        let hiss = (self.hiss.fraction() as f32 - 0.5) * 2.0 * HISS;
        (PEAK * ((sound + hiss) / PEAK).tanh()) as i16
    }

    /// The syllable that is spoken at a moment of an own turn.
    fn syllable_at(&mut self, at: usize) -> Option<Syllable> {
        if self.turn.is_none_or(|turn| at >= turn.end) {
            let part = self.part;
            self.turn = self
                .turns
                .by_ref()
                .find(|turn| turn.part == part && turn.end > at);
            self.syllables_to_breath = self.chance.between(5, 14);
        }
        let turn = self.turn.filter(|turn| at >= turn.start)?;
        if self.syllable.is_none_or(|s| at >= s.end) {
            self.syllable = Some(self.next_syllable(turn, at));
        }
        self.syllable
    }

    fn next_syllable(&mut self, turn: Turn, start: usize) -> Syllable {
        let pace = f64::from(self.pace);
        let noise = if self.chance.happens(0.65) {
            0.025 + 0.05 * self.chance.fraction()
        } else {
            0.0
        };
        let vowel = (0.08 + 0.13 * self.chance.fraction()) * pace;
        let mut rest = if self.chance.happens(0.35) {
            0.015 + 0.05 * self.chance.fraction()
        } else {
            0.0
        };
        self.syllables_to_breath = self.syllables_to_breath.saturating_sub(1);
        if self.syllables_to_breath == 0 {
            rest = 0.18 + 0.3 * self.chance.fraction();
            self.syllables_to_breath = self.chance.between(5, 14);
        }
        let vowels = self.chance.one(&VOWELS).copied().unwrap_or(VOWELS[0]);
        for ((resonator, hz), width) in self.resonators.iter_mut().zip(vowels).zip(BANDWIDTHS) {
            resonator.tune(hz * self.tract, width);
        }
        // The melody falls over a turn; stressed syllables rise above it.
        let progress = (start - turn.start) as f32 / (turn.end - turn.start).max(1) as f32;
        let stress = self.chance.happens(0.3);
        let pitch = self.pitch * (1.12 - 0.24 * progress) * if stress { 1.13 } else { 1.0 };
        let level = if stress {
            1.0
        } else {
            0.45 + 0.4 * self.chance.fraction() as f32
        };
        let noise_end = start + seconds(noise);
        let vowel_end = noise_end + seconds(vowel);
        Syllable {
            start,
            noise_end,
            vowel_end,
            end: vowel_end + seconds(rest).max(1),
            level,
            pitch,
        }
    }

    fn voiced(&mut self, syllable: Syllable, at: usize) -> f32 {
        let mut sound = 0.0;
        if (syllable.noise_end..syllable.vowel_end).contains(&at) {
            // A trace of vibrato keeps the vowel alive.
            let waver = 1.0 + 0.012 * (TAU * 5.5 * at as f32 / RATE as f32).sin();
            self.phase = (self.phase + syllable.pitch * waver / RATE as f32).fract();
            sound = (1.0 - 2.0 * self.phase)
                * VOICED_LEVEL
                * syllable.level
                * swell(at, syllable.noise_end, syllable.vowel_end);
        }
        // The resonators ring on after the vowel.
        self.resonators
            .iter_mut()
            .fold(sound, |sound, resonator| resonator.pass(sound))
    }

    fn noise(&mut self, syllable: Syllable, at: usize) -> f32 {
        if !(syllable.start..syllable.noise_end).contains(&at) {
            return 0.0;
        }
        let white = self.chance.fraction() as f32 * 2.0 - 1.0;
        // The difference of neighbours keeps the hiss of an s, not the rumble.
        let bright = white - self.last_noise;
        self.last_noise = white;
        bright * NOISE_LEVEL * syllable.level * swell(at, syllable.start, syllable.noise_end)
    }
}

/// 0 at both ends, 1 between.
fn swell(at: usize, start: usize, end: usize) -> f32 {
    let edge = (at - start).min(end - at) as f32 / SWELL;
    0.5 - 0.5 * (PI * edge.min(1.0)).cos()
}

/// A two-pole resonator with unity gain at 0 Hz.
#[derive(Debug, Clone, Copy, Default)]
struct Resonator {
    gain: f32,
    one: f32,
    two: f32,
    last: f32,
    before: f32,
}

impl Resonator {
    fn tune(&mut self, hz: f32, width: f32) {
        let radius = (-PI * width / RATE as f32).exp();
        self.two = -radius * radius;
        self.one = 2.0 * radius * (TAU * hz.min(3_700.0) / RATE as f32).cos();
        self.gain = 1.0 - self.one - self.two;
    }

    fn pass(&mut self, sample: f32) -> f32 {
        let out = self.gain * sample + self.one * self.last + self.two * self.before;
        (self.before, self.last) = (self.last, out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Sound, Voice, similarity};

    fn speak(part: Part, person: u64, frames: usize) -> Vec<i16> {
        let mut sound = Sound::new(Voice::Speech(Speaker {
            talk: Talk(5),
            part,
            person,
        }));
        (0..frames).flat_map(|_| sound.frame()).collect()
    }

    fn loudness(samples: &[i16]) -> f64 {
        (samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn the_same_person_says_the_same_thing_again() {
        assert_eq!(speak(Part::Caller, 3, 200), speak(Part::Caller, 3, 200));
        let other = speak(Part::Caller, 4, 200);
        assert!(similarity(&speak(Part::Caller, 3, 200), &other, 40) < 0.5);
    }

    #[test]
    fn both_sides_take_turns() {
        let (business, caller) = (
            speak(Part::Business, 1, 50 * 60),
            speak(Part::Caller, 2, 50 * 60),
        );
        let speaks = |samples: &[i16]| -> Vec<bool> {
            samples
                .chunks(RATE / 4)
                .map(|c| loudness(c) > 300.0)
                .collect()
        };
        let (b, c) = (speaks(&business), speaks(&caller));
        let share = |who: &[bool]| who.iter().filter(|s| **s).count() as f64 / who.len() as f64;
        assert!(
            share(&b) > 0.2 && share(&c) > 0.2,
            "{} {}",
            share(&b),
            share(&c)
        );
        let both = b.iter().zip(&c).filter(|(b, c)| **b && **c).count() as f64 / b.len() as f64;
        assert!(both < 0.3, "{both}");
        assert!(
            b.iter().position(|s| *s) < c.iter().position(|s| *s),
            "the business speaks first"
        );
    }

    #[test]
    fn speech_is_loud_enough_and_never_cut() {
        for person in 0..12 {
            let samples = speak(Part::Business, person, 50 * 20);
            let loudest = samples
                .iter()
                .map(|s| i32::from(*s).abs())
                .max()
                .unwrap_or(0);
            assert!(
                (3_000..PEAK as i32).contains(&loudest),
                "person {person}: {loudest}"
            );
        }
    }
}
