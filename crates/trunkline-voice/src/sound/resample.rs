//! From any sample rate to another: a windowed sinc (Kaiser, about 80 dB), which lets nothing above half the lower rate
//! through. It keeps exact time, and the same rate passes unchanged.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 24.0;
/// Where the filter begins to fall, as a part of half the lower rate: with the crossings above it is down at its end.
const PASS: f64 = 0.9;
/// Shape of the Kaiser window.
const BETA: f64 = 8.0;
/// Most positions between two samples for which the filter is computed; the nearest one is taken.
const PHASES_MAX: u64 = 512;

/// Turns a stream of samples into one of another rate.
#[derive(Debug)]
pub(super) struct Resampler {
    from: u64,
    to: u64,
    /// Samples on each side that a new one is made of.
    half: usize,
    phases: u64,
    /// The filter at each phase, one after the other.
    taps: Vec<f32>,
    /// Samples that are still needed, beginning with the one `half` before `start`.
    held: Vec<f32>,
    /// Place in the input of `held[half]`.
    start: u64,
    /// How many samples came, and how many were made.
    came: u64,
    made: u64,
}

impl Resampler {
    /// From one rate to another, in samples per second.
    pub(super) fn new(from: u32, to: u32) -> Self {
        let (from, to) = (u64::from(from), u64::from(to));
        let narrower = (to as f64 / from as f64).min(1.0);
        let half = (CROSSINGS / narrower).ceil() as usize;
        let phases = (to / gcd(from, to)).min(PHASES_MAX);
        let taps = if from == to {
            Vec::new()
        } else {
            filter(half, phases, narrower * PASS)
        };
        Self {
            from,
            to,
            half,
            phases,
            taps,
            held: vec![0.0; half],
            start: 0,
            came: 0,
            made: 0,
        }
    }

    /// The next samples; what can be made of them is appended.
    pub(super) fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.came += samples.len() as u64;
        if self.from == self.to {
            out.extend_from_slice(samples);
            return;
        }
        self.held.extend_from_slice(samples);
        self.make(out);
    }

    /// The last samples that can be made.
    pub(super) fn finish(mut self, out: &mut Vec<f32>) {
        if self.from == self.to {
            return;
        }
        self.held.resize(self.held.len() + self.half + 1, 0.0);
        self.make(out);
    }

    fn make(&mut self, out: &mut Vec<f32>) {
        let width = 2 * self.half;
        loop {
            let ticks = self.made * self.from;
            if ticks >= self.came * self.to {
                break;
            }
            let mut place = ticks / self.to;
            let rest = ticks % self.to;
            let mut phase = (rest * self.phases + self.to / 2) / self.to;
            if phase == self.phases {
                (place, phase) = (place + 1, 0);
            }
            // The samples from `half - 1` before the place to `half` after it.
            let first = (place - self.start) as usize + 1;
            let Some(around) = self.held.get(first..first + width) else {
                break;
            };
            let taps = &self.taps[phase as usize * width..][..width];
            out.push(around.iter().zip(taps).map(|(a, b)| a * b).sum());
            self.made += 1;
        }
        let next = self.made * self.from / self.to;
        let unneeded = (next - self.start) as usize;
        self.held.drain(..unneeded.min(self.held.len()));
        self.start = next;
    }
}

/// The filter of every phase; each lets a constant through unchanged.
fn filter(half: usize, phases: u64, cutoff: f64) -> Vec<f32> {
    let mut taps = Vec::with_capacity(2 * half * phases as usize);
    for phase in 0..phases {
        let between = phase as f64 / phases as f64;
        let at = |n: usize| n as f64 - (half as f64 - 1.0) - between;
        let own: Vec<f64> = (0..2 * half)
            .map(|n| sinc(at(n) * cutoff) * kaiser(at(n) / half as f64))
            .collect();
        let sum: f64 = own.iter().sum();
        taps.extend(own.iter().map(|tap| (tap / sum) as f32));
    }
    taps
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// The window of Kaiser, from -1 to 1.
fn kaiser(x: f64) -> f64 {
    bessel(BETA * (1.0 - x * x).max(0.0).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of order 0, as its series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..40 {
        term *= (x / (2.0 * f64::from(n))).powi(2);
        sum += term;
    }
    sum
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
