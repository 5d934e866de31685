//! Sounds that are made, not stored: the ringing a caller hears and the tone that says when to speak. Made once for all
//! calls.

use std::f64::consts::TAU;
use std::sync::{Arc, LazyLock};

use trunkline_engine::call::control::Sound;

use super::g711::Law;

const RATE: usize = 8_000;
/// Peak of each of the two tones of ringing: about -19 dBm0 (ITU-T E.180 allows down to -25).
const RING_PEAK: f64 = 2_500.0;
/// Peak of the tone before a message.
const BEEP_PEAK: f64 = 8_000.0;

static RINGING: LazyLock<Arc<Sound>> = LazyLock::new(|| {
    // The precise ringing tone of North America: 440 and 480 Hz, two seconds on, four off. Six seconds hold
    // whole periods of both, so it can be repeated without a click.
    let on = 2 * RATE;
    made(6 * RATE, |n, seconds| {
        let tones = (TAU * 440.0 * seconds).sin() + (TAU * 480.0 * seconds).sin();
        if n < on { RING_PEAK * tones } else { 0.0 }
    })
});

static BEEP: LazyLock<Arc<Sound>> = LazyLock::new(|| {
    let length = RATE * 2 / 5;
    made(length, |_, seconds| {
        BEEP_PEAK * (TAU * 1_000.0 * seconds).sin()
    })
});

/// What a caller hears while destinations ring; to be repeated.
pub(crate) fn ringing() -> Arc<Sound> {
    Arc::clone(&RINGING)
}

/// The tone before a message: 1 kHz, 400 ms.
pub(crate) fn beep() -> Arc<Sound> {
    Arc::clone(&BEEP)
}

fn made(length: usize, wave: impl Fn(usize, f64) -> f64) -> Arc<Sound> {
    let samples: Vec<i16> = (0..length)
        .map(|n| wave(n, n as f64 / RATE as f64) as i16)
        .collect();
    let in_law = |law: Law| samples.iter().map(|s| law.encode(*s)).collect();
    Arc::new(Sound {
        pcmu: in_law(Law::Mu),
        pcma: in_law(Law::A),
    })
}
