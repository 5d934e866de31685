//! Keys as tones in the sound (ITU-T Q.23), found by Goertzel's algorithm within the limits of Q.24.
//!
//! A key is one tone of a low and one of a high group at once. Every 6 ms the last 25 ms are looked at: the strongest of
//! each group is found at its nominal frequency, then both tones are measured as they are (frequency by the turn of the
//! phase, the stronger taken out before the weaker is measured), and taken out of the sound. What makes it a key is that
//! nearly nothing is left: a voice or a melody that happens to have both frequencies has harmonics, other notes or breath
//! beside them. A press is two such looks in a row, its end 50 ms without one.

use std::f32::consts::{PI, TAU};

use super::KEYS;
use crate::media::g711::Law;

/// Samples per second.
const RATE: f32 = 8_000.0;
/// Samples of one look, 25.5 ms: the longest of which a tone of 40 ms (Q.24's shortest) holds two.
const WINDOW: usize = 204;
const HALF: usize = WINDOW / 2;
/// Samples between two looks, 6.4 ms.
const HOP: usize = 51;
/// Frequencies of the low and of the high group in Hz (Q.23).
const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The event codes of the keys, low group by high group. The last column is A to D.
const CODES: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];
/// How far a tone may be from its frequency: 1.5 % must pass and 3.5 % must not (Q.24).
const OFF_MAX: f32 = 0.025;
/// The high tone against the low one in dB: -8 to +4 must pass (Q.24); one more for what is measured.
const TWIST: std::ops::RangeInclusive<f32> = -9.0..=5.0;
/// Mean square of the quietest sound that is looked at, -40 dBm0. -25 must be heard, -55 must not (Q.24).
const POWER_MIN: f32 = 158.0 * 158.0;
/// Share of the energy that may be left without the two tones: noise 12 dB below them.
const REST_MAX: f32 = 0.06;
/// Share that the two nominal frequencies must have for a closer look. Tones at the edge of their tolerance have at least
/// this.
const SHARE_MIN: f32 = 0.15;
/// Looks without the key that end a press: interruptions of 10 ms do not, pauses of 40 ms do (Q.24).
const QUIET_LOOKS: u8 = 8;

/// Listens to one stream.
#[derive(Debug, Clone)]
pub(crate) struct Detector {
    law: Law,
    /// Goertzel's coefficients of both groups.
    coefficients: [[f32; 4]; 2],
    samples: [f32; WINDOW],
    /// Samples of the next hop that are there.
    fresh: usize,
    /// What the last look saw.
    before: Option<u8>,
    pressed: Option<u8>,
    quiet: u8,
}

impl Detector {
    /// For a stream of this law.
    pub(crate) fn new(law: Law) -> Self {
        let coefficient = |hz: f32| 2.0 * (TAU * hz / RATE).cos();
        Self {
            law,
            coefficients: [LOW.map(coefficient), HIGH.map(coefficient)],
            samples: [0.0; WINDOW],
            fresh: 0,
            before: None,
            pressed: None,
            quiet: 0,
        }
    }

    /// Hears a packet's payload; gives the key when a press begins. Of packets longer than two presses (160 ms) the last
    /// key is told.
    pub(crate) fn hear(&mut self, payload: &[u8]) -> Option<char> {
        let mut told = None;
        for &code in payload {
            self.samples[WINDOW - HOP + self.fresh] = f32::from(self.law.decode(code));
            self.fresh += 1;
            if self.fresh == HOP {
                let seen = look(&self.samples, &self.coefficients);
                told = self.after(seen).or(told);
                self.samples.copy_within(HOP.., 0);
                self.fresh = 0;
            }
        }
        told
    }

    /// What follows from a look.
    fn after(&mut self, seen: Option<u8>) -> Option<char> {
        let sure = seen.filter(|_| seen == self.before);
        self.before = seen;
        if sure.is_none() {
            self.quiet = self.quiet.saturating_add(1);
            if self.quiet >= QUIET_LOOKS {
                self.pressed = None;
            }
            return None;
        }
        self.quiet = 0;
        if sure == self.pressed {
            return None;
        }
        self.pressed = sure;
        KEYS.get(usize::from(sure?)).copied()
    }
}

/// The event code of the key whose two tones these samples are.
fn look(samples: &[f32; WINDOW], coefficients: &[[f32; 4]; 2]) -> Option<u8> {
    let whole = energy(samples);
    if whole < POWER_MIN * WINDOW as f32 {
        return None;
    }
    let [(row, low), (column, high)] = coefficients.map(|group| strongest(samples, &group));
    if low + high < SHARE_MIN * whole {
        return None;
    }
    let mut rest = *samples;
    let [low, high] = if low > high {
        take_out(&mut rest, [LOW[row], HIGH[column]])
    } else {
        let [high, low] = take_out(&mut rest, [HIGH[column], LOW[row]]);
        [low, high]
    };
    let near = |tone: Tone, hz: f32| (tone.hz / hz - 1.0).abs() <= OFF_MAX;
    let twist = 10.0 * (high.power() / low.power()).log10();
    let is_key = near(low, LOW[row])
        && near(high, HIGH[column])
        && TWIST.contains(&twist)
        && energy(&rest) <= REST_MAX * whole;
    is_key.then(|| CODES[row][column])
}

/// The strongest frequency of a group and the energy it has in the samples.
fn strongest(samples: &[f32; WINDOW], group: &[f32; 4]) -> (usize, f32) {
    let mut best = (0, 0.0);
    for (index, coefficient) in group.iter().enumerate() {
        let (mut last, mut before) = (0.0, 0.0);
        for sample in samples {
            (before, last) = (last, sample + coefficient * last - before);
        }
        let square = last * last + before * before - coefficient * last * before;
        let energy = 2.0 * square / WINDOW as f32;
        if energy > best.1 {
            best = (index, energy);
        }
    }
    best
}

/// A tone as it was measured: `re * cos + im * sin` of its frequency.
#[derive(Debug, Clone, Copy)]
struct Tone {
    hz: f32,
    re: f32,
    im: f32,
}

impl Tone {
    /// The tone nearest to a frequency. Over the two halves its phase turns by as much as it is off, which says where it
    /// really is.
    fn measured(samples: &[f32; WINDOW], near_hz: f32) -> Self {
        let mut hz = near_hz;
        for _ in 0..2 {
            let [(a_re, a_im), (b_re, b_im)] = halves(samples, hz);
            let turn = (b_im * a_re - b_re * a_im).atan2(b_re * a_re + b_im * a_im);
            hz -= turn * RATE / (TAU * HALF as f32);
        }
        let [a, b] = halves(samples, hz);
        Self {
            hz,
            re: 2.0 * (a.0 + b.0) / WINDOW as f32,
            im: 2.0 * (a.1 + b.1) / WINDOW as f32,
        }
    }

    const fn power(self) -> f32 {
        (self.re * self.re + self.im * self.im) / 2.0
    }

    /// Adds the tone `times` over: -1 takes it out.
    fn mix_into(self, samples: &mut [f32; WINDOW], times: f32) {
        let mut turning = Turning::new(self.hz);
        for sample in samples {
            let (cos, sin) = turning.next();
            *sample += times * (self.re * cos + self.im * sin);
        }
    }
}

/// Measures two tones, the stronger first, and takes them out. Each is measured again without the other.
fn take_out(rest: &mut [f32; WINDOW], near_hz: [f32; 2]) -> [Tone; 2] {
    let mut tones = near_hz.map(|hz| Tone {
        hz,
        re: 0.0,
        im: 0.0,
    });
    for _ in 0..2 {
        for tone in &mut tones {
            tone.mix_into(rest, 1.0);
            *tone = Tone::measured(rest, tone.hz);
            tone.mix_into(rest, -1.0);
        }
    }
    tones
}

/// Cosine and sine of a frequency, sample by sample.
struct Turning {
    step: (f32, f32),
    now: (f32, f32),
}

impl Turning {
    fn new(hz: f32) -> Self {
        let (sin, cos) = (2.0 * PI * hz / RATE).sin_cos();
        Self {
            step: (cos, sin),
            now: (1.0, 0.0),
        }
    }

    const fn next(&mut self) -> (f32, f32) {
        let (now, step) = (self.now, self.step);
        self.now = (
            now.0 * step.0 - now.1 * step.1,
            now.0 * step.1 + now.1 * step.0,
        );
        now
    }
}

/// How much of a frequency's cosine and sine is in either half.
fn halves(samples: &[f32; WINDOW], hz: f32) -> [(f32, f32); 2] {
    let mut turning = Turning::new(hz);
    let mut of = |part: &[f32]| {
        part.iter().fold((0.0, 0.0), |(re, im), sample| {
            let (cos, sin) = turning.next();
            (re + sample * cos, im + sample * sin)
        })
    };
    let (first, second) = samples.split_at(HALF);
    [of(first), of(second)]
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|s| s * s).sum()
}

#[cfg(test)]
mod tests;
