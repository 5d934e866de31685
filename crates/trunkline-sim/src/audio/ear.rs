//! Ears: how strong a tone is in what was heard, and whether two recordings are the same sound.

use std::f64::consts::TAU;

use super::RATE;

/// The part of a sound that is looked for first: 50 ms.
const MOMENT: usize = RATE / 20;
/// The parts of a sound that are compared: 100 ms.
const PIECE: usize = RATE / 10;
/// From where on two sounds are the same; coding as G.711 leaves more than 0.98.
const ALIKE: f64 = 0.9;

/// The share of the sound's energy that is the tone: near 1 for the pure tone, near 0 for anything
/// else (Goertzel's algorithm). 0 for silence.
#[must_use]
pub fn strength(samples: &[i16], hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / RATE as f64).cos();
    let (mut before, mut last, mut energy) = (0.0, 0.0, 0.0);
    for &sample in samples {
        let x = f64::from(sample);
        energy += x * x;
        (before, last) = (last, x + coefficient * last - before);
    }
    let power = last * last + before * before - coefficient * last * before;
    if energy == 0.0 {
        0.0
    } else {
        (2.0 * power / (energy * samples.len() as f64)).min(1.0)
    }
}

/// How much alike two sounds are, 0 to 1, when the second may start up to `delay_max` samples later
/// or earlier than the first: the highest normalised correlation.
#[must_use]
pub fn similarity(one: &[i16], other: &[i16], delay_max: usize) -> f64 {
    let shifts = (0..=delay_max).flat_map(|d| {
        [
            correlation(&one[d.min(one.len())..], other),
            correlation(one, &other[d.min(other.len())..]),
        ]
    });
    shifts.fold(0.0, f64::max)
}

/// Where in what was heard a sound begins, when it is there: found by its loudest moment, and then compared piece by piece,
/// of which a fifth may be lost on the way. `from`: where to begin to look.
#[must_use]
pub fn find(heard: &[i16], sound: &[i16], from: usize) -> Option<usize> {
    let energy = |samples: &[i16]| samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    let starts = (0..=sound.len().checked_sub(MOMENT)?).step_by(MOMENT / 5);
    let loudest = starts.max_by(|a, b| {
        let at = |start: usize| energy(&sound[start..start + MOMENT]);
        at(*a).total_cmp(&at(*b))
    })?;
    let moment = &sound[loudest..loudest + MOMENT];
    let average = energy(sound) / sound.len() as f64;
    let last = heard.len().checked_sub(sound.len())?;
    (from..=last).find(|&start| {
        let there = &heard[start + loudest..start + loudest + MOMENT];
        correlation(there, moment) >= ALIKE && {
            let pieces = sound.chunks(PIECE).zip(heard[start..].chunks(PIECE));
            let loud =
                pieces.filter(|(piece, _)| energy(piece) >= average * piece.len() as f64 / 10.0);
            let alike: Vec<bool> = loud
                .map(|(piece, there)| correlation(&there[..piece.len()], piece) >= ALIKE)
                .collect();
            let count = alike.iter().filter(|alike| **alike).count();
            count * 5 >= alike.len() * 4
        }
    })
}

fn correlation(one: &[i16], other: &[i16]) -> f64 {
    let (mut product, mut a, mut b) = (0.0, 0.0, 0.0);
    for (&x, &y) in one.iter().zip(other) {
        let (x, y) = (f64::from(x), f64::from(y));
        product += x * y;
        a += x * x;
        b += y * y;
    }
    if a == 0.0 || b == 0.0 {
        0.0
    } else {
        (product / (a * b).sqrt()).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Sound, Voice};

    fn tone(hz: f32, frames: usize) -> Vec<i16> {
        let mut sound = Sound::new(Voice::Tone { hz });
        (0..frames).flat_map(|_| sound.frame()).collect()
    }

    #[test]
    fn a_tone_is_told_from_others() {
        let heard = tone(440.0, 25);
        assert!(strength(&heard, 440.0) > 0.95);
        assert!(strength(&heard, 620.0) < 0.05);
        assert!(strength(&[0; 800], 440.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_tone_keeps_its_pitch_for_a_long_time() {
        let mut sound = Sound::new(Voice::Tone { hz: 440.5 });
        for _ in 0..50 * 600 {
            sound.frame();
        }
        let later: Vec<i16> = (0..50).flat_map(|_| sound.frame()).collect();
        assert!(strength(&later, 440.5) > 0.95);
    }

    #[test]
    fn a_sound_is_found_in_what_was_heard_also_when_a_packet_of_it_is_lost() {
        let speech = |seed: u64| -> Vec<i16> {
            let mut sound = Sound::new(Voice::Speech(crate::audio::Speaker {
                talk: crate::audio::Talk(seed),
                part: crate::audio::Part::Business,
                person: seed,
            }));
            (0..200).flat_map(|_| sound.frame()).skip(4_000).collect()
        };
        let (one, other) = (speech(1), speech(2));
        let mut heard = vec![0; 4_321];
        heard.extend(&one);
        heard.extend(tone(440.0, 25));
        assert_eq!(find(&heard, &one, 0), Some(4_321));
        assert_eq!(find(&heard, &one, 4_322), None);
        assert_eq!(find(&heard, &other, 0), None);
        heard[10_000..10_160].fill(0);
        assert_eq!(find(&heard, &one, 0), Some(4_321));
        assert_eq!(
            find(&heard[..20_000], &one, 0),
            None,
            "half of it is not it"
        );
        assert_eq!(find(&heard, &[], 0), None);
    }

    #[test]
    fn the_same_sound_is_found_at_another_place() {
        let whole = tone(330.0, 20);
        assert!(similarity(&whole, &whole[100..], 200) > 0.99);
        assert!(similarity(&whole, &tone(510.0, 20), 200) < 0.3);
    }
}
