//! Sounds for tests: tones, noise, voices and music, as G.711.

use std::f32::consts::{PI, TAU};
use std::sync::OnceLock;

use super::g711::Law;

/// Samples per second.
pub(crate) const RATE: f32 = 8_000.0;
/// Peak of a tone of 0 dBm0 (ITU-T G.711: full scale is +3.17 dBm0).
const ZERO_DBM0: f32 = 22_300.0;

/// Samples in so many milliseconds.
pub(crate) const fn samples(ms: usize) -> usize {
    ms * 8
}

/// Peak of a tone of so many dBm0.
pub(crate) fn peak(dbm0: f32) -> f32 {
    ZERO_DBM0 * 10f32.powf(dbm0 / 20.0)
}

/// A tone.
pub(crate) fn tone(hz: f32, dbm0: f32, ms: usize) -> Vec<f32> {
    let step = f64::from(TAU * hz / RATE);
    (0..samples(ms))
        .map(|n| peak(dbm0) * (step * n as f64).sin() as f32)
        .collect()
}

/// One sound over another; the longer gives the length.
pub(crate) fn mixed(one: &[f32], other: &[f32]) -> Vec<f32> {
    let at = |sound: &[f32], n: usize| sound.get(n).copied().unwrap_or(0.0);
    (0..one.len().max(other.len()))
        .map(|n| at(one, n) + at(other, n))
        .collect()
}

/// Chance for sounds (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn fraction(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.fraction()
    }
}

/// White noise whose power is that of a tone of so many dBm0.
pub(crate) fn noise(dbm0: f32, ms: usize, seed: u64) -> Vec<f32> {
    let mut chance = Chance(seed);
    let reach = peak(dbm0) * (1.5f32).sqrt();
    (0..samples(ms))
        .map(|_| chance.between(-reach, reach))
        .collect()
}

/// Somebody talks: vowels of three formants with a pitch that moves, consonants of noise, short pauses.
pub(crate) fn speech(seed: u64, ms: usize) -> Vec<f32> {
    /// Formants in Hz (Peterson and Barney, 1952).
    const VOWELS: [[f32; 3]; 6] = [
        [730.0, 1_090.0, 2_440.0],
        [660.0, 1_720.0, 2_410.0],
        [270.0, 2_290.0, 3_010.0],
        [570.0, 840.0, 2_410.0],
        [440.0, 1_020.0, 2_240.0],
        [490.0, 1_350.0, 1_690.0],
    ];
    let mut chance = Chance(seed);
    let base = chance.between(85.0, 260.0);
    let mut out = Vec::with_capacity(samples(ms) + samples(500));
    while out.len() < samples(ms) {
        let level = chance.between(0.3, 1.0);
        let consonant = samples(chance.between(0.0, 70.0) as usize);
        out.extend((0..consonant).map(|_| level * chance.between(-900.0, 900.0)));
        let vowel = VOWELS[(chance.fraction() * 6.0) as usize % 6];
        let (start, end) = (
            base * chance.between(0.8, 1.3),
            base * chance.between(0.8, 1.3),
        );
        let length = samples(chance.between(70.0, 260.0) as usize);
        let mut resonators = vowel.map(|hz| Resonator::new(hz, chance.between(60.0, 160.0)));
        let mut phase = 0.0f32;
        for n in 0..length {
            let along = n as f32 / length as f32;
            phase = (phase + (start + (end - start) * along) / RATE).fract();
            let swell = (PI * along).sin().powf(0.4);
            let source = (1.0 - 2.0 * phase) * 2_500.0 * level * swell;
            out.push(resonators.iter_mut().fold(source, |s, r| r.pass(s)));
        }
        if chance.fraction() < 0.3 {
            let rest = samples(chance.between(20.0, 350.0) as usize);
            out.extend((0..rest).map(|_| chance.between(-6.0, 6.0)));
        }
    }
    out.truncate(samples(ms));
    out
}

/// A band plays: chords of the tempered scale with harmonics and a beat.
pub(crate) fn music(seed: u64, ms: usize) -> Vec<f32> {
    let mut chance = Chance(seed);
    let mut out = vec![0.0; samples(ms)];
    let mut at = 0;
    while at < out.len() {
        let length = samples(chance.between(90.0, 600.0) as usize).min(out.len() - at);
        for _ in 0..1 + (chance.fraction() * 3.0) as usize {
            let hz = 110.0 * 2f32.powf((chance.fraction() * 44.0).floor() / 12.0);
            let level = chance.between(800.0, 5_000.0);
            let fall = chance.between(0.5, 8.0);
            let softness = chance.between(0.3, 0.7);
            for n in 0..length {
                let t = n as f32 / RATE;
                let sound: f32 = (1..=5)
                    .filter(|k| hz * (*k as f32) < 3_900.0)
                    .map(|k| softness.powi(k - 1) * (TAU * hz * k as f32 * t).sin())
                    .sum();
                out[at + n] += level * (-fall * t).exp() * sound;
            }
        }
        at += length.max(1);
    }
    out
}

/// A two-pole resonator with unity gain at 0 Hz.
struct Resonator {
    gain: f32,
    one: f32,
    two: f32,
    last: f32,
    before: f32,
}

impl Resonator {
    fn new(hz: f32, width: f32) -> Self {
        let radius = (-PI * width / RATE).exp();
        let two = -radius * radius;
        let one = 2.0 * radius * (TAU * hz / RATE).cos();
        Self {
            gain: 1.0 - one - two,
            one,
            two,
            last: 0.0,
            before: 0.0,
        }
    }

    fn pass(&mut self, sample: f32) -> f32 {
        let out = self.gain * sample + self.one * self.last + self.two * self.before;
        (self.before, self.last) = (self.last, out);
        out
    }
}

/// The sound as G.711: to each sample the nearest code word, found among the decoder's own values.
pub(crate) fn encoded(law: Law, sound: &[f32]) -> Vec<u8> {
    static WORDS: OnceLock<[Vec<(i16, u8)>; 2]> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        [Law::Mu, Law::A].map(|law| {
            let mut words: Vec<_> = (0..=255).map(|code| (law.decode(code), code)).collect();
            words.sort_unstable();
            words
        })
    });
    let words = match law {
        Law::Mu => &words[0],
        Law::A => &words[1],
    };
    sound
        .iter()
        .map(|&sample| {
            let above = words.partition_point(|(value, _)| f32::from(*value) < sample);
            let near = |index: usize| words.get(index.min(words.len() - 1)).expect("a word");
            let distance = |word: &(i16, u8)| (f32::from(word.0) - sample).abs();
            let (low, high) = (near(above.saturating_sub(1)), near(above));
            if distance(low) < distance(high) {
                low.1
            } else {
                high.1
            }
        })
        .collect()
}
