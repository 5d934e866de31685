//! Every key within the limits of Q.24, nothing beyond them, and no key in what people say or play.

use super::*;
use crate::media::sounds::{encoded, mixed, music, noise, samples, speech, tone};

/// The keys with their two frequencies.
fn pads() -> impl Iterator<Item = (Option<char>, f32, f32)> {
    let places = (0..4).flat_map(|row| (0..4).map(move |column| (row, column)));
    places.map(|(row, column)| {
        let key = KEYS.get(usize::from(CODES[row][column])).copied();
        (key, LOW[row], HIGH[column])
    })
}

/// A press with silence around it.
fn press(low: (f32, f32), high: (f32, f32), ms: usize) -> Vec<f32> {
    let mut sound = vec![0.0; samples(60)];
    sound.extend(mixed(&tone(low.0, low.1, ms), &tone(high.0, high.1, ms)));
    sound.extend(vec![0.0; samples(60)]);
    sound
}

/// The keys heard in packets of 20 ms.
fn heard(law: Law, sound: &[f32]) -> String {
    let mut detector = Detector::new(law);
    let bytes = encoded(law, sound);
    bytes
        .chunks(160)
        .filter_map(|packet| detector.hear(packet))
        .collect()
}

fn wanted(key: Option<char>) -> String {
    key.into_iter().collect()
}

#[test]
fn every_key_is_heard_at_every_level_it_may_have() {
    let presses = [
        (0.0, 40),
        (-3.0, 65),
        (-7.0, 400),
        (-16.0, 40),
        (-25.0, 40),
        (-32.0, 40),
    ];
    for (law, presses) in [(Law::Mu, &presses[..]), (Law::A, &presses[1..3])] {
        for (key, low, high) in pads() {
            for &(dbm0, ms) in presses {
                let sound = press((low, dbm0), (high, dbm0), ms);
                assert_eq!(
                    heard(law, &sound),
                    wanted(key),
                    "{low}+{high} Hz, {dbm0} dBm0, {ms} ms, {law:?}"
                );
            }
        }
    }
}

#[test]
fn a_whisper_of_a_tone_is_not_heard() {
    for (_, low, high) in pads() {
        assert_eq!(heard(Law::Mu, &press((low, -55.0), (high, -55.0), 200)), "");
    }
}

#[test]
fn the_two_tones_may_differ_in_strength_as_lines_make_them() {
    for (key, low, high) in pads() {
        for (twist, key) in [
            (-8.0, key),
            (-4.0, key),
            (4.0, key),
            (-14.0, None),
            (11.0, None),
        ] {
            let sound = press((low, -10.0 - twist / 2.0), (high, -10.0 + twist / 2.0), 60);
            assert_eq!(
                heard(Law::Mu, &sound),
                wanted(key),
                "{low}+{high} Hz, {twist} dB"
            );
        }
    }
}

#[test]
fn a_tone_may_be_off_by_what_the_standard_allows_and_no_more() {
    for (key, low, high) in pads() {
        for (off_low, off_high) in [
            (1.015, 1.015),
            (0.985, 0.985),
            (1.015, 0.985),
            (0.985, 1.0),
            (1.0, 1.015),
        ] {
            for twist in [-8.0, 0.0, 4.0] {
                let sound = press((low * off_low, -12.0), (high * off_high, -12.0 + twist), 50);
                assert_eq!(
                    heard(Law::Mu, &sound),
                    wanted(key),
                    "{low}*{off_low} + {high}*{off_high} Hz, {twist} dB"
                );
            }
        }
        for (off_low, off_high) in [
            (1.035, 1.0),
            (0.965, 1.0),
            (1.0, 1.035),
            (1.0, 0.965),
            (1.035, 0.965),
        ] {
            for twist in [-8.0, 0.0, 4.0] {
                let sound = press(
                    (low * off_low, -12.0),
                    (high * off_high, -12.0 + twist),
                    200,
                );
                assert_eq!(
                    heard(Law::Mu, &sound),
                    "",
                    "{low}*{off_low} + {high}*{off_high} Hz, {twist} dB"
                );
            }
        }
    }
}

#[test]
fn keys_are_heard_through_noise() {
    for (key, low, high) in pads() {
        for seed in 0..8 {
            let sound = press((low, -13.0), (high, -13.0), 80);
            // 15 dB below the two tones together.
            let hiss = noise(-25.0, 200, seed);
            assert_eq!(
                heard(Law::Mu, &mixed(&sound, &hiss)),
                wanted(key),
                "{low}+{high} Hz, noise {seed}"
            );
        }
    }
}

#[test]
fn pauses_part_presses_and_interruptions_do_not() {
    let digit = |ms| mixed(&tone(770.0, -9.0, ms), &tone(1_336.0, -9.0, ms));
    for (pause_ms, keys) in [(0, "5"), (5, "5"), (10, "5"), (40, "55"), (70, "55")] {
        // The place of the pause among the looks does not matter.
        for shift in 0..HOP {
            let mut sound = vec![0.0; shift];
            sound.extend(digit(60));
            sound.extend(vec![0.0; samples(pause_ms)]);
            sound.extend(digit(60));
            assert_eq!(
                heard(Law::Mu, &sound),
                keys,
                "{pause_ms} ms, shifted by {shift}"
            );
        }
    }
    let mut number = Vec::new();
    for key in "0123456789*#".chars() {
        let (_, low, high) = pads().find(|pad| pad.0 == Some(key)).expect("a key");
        number.extend(mixed(&tone(low, -9.0, 50), &tone(high, -9.0, 50)));
        number.extend(vec![0.0; samples(45)]);
    }
    assert_eq!(heard(Law::A, &number), "0123456789*#");
}

#[test]
fn a_click_of_a_tone_is_no_press() {
    for (_, low, high) in pads() {
        for shift in 0..HOP {
            let mut sound = vec![0.0; samples(60) + shift];
            sound.extend(mixed(&tone(low, -9.0, 23), &tone(high, -9.0, 23)));
            sound.extend(vec![0.0; samples(60)]);
            assert_eq!(heard(Law::Mu, &sound), "", "{low}+{high} Hz");
        }
    }
}

#[test]
fn one_tone_alone_and_three_at_once_are_no_key() {
    for (_, low, high) in pads() {
        for hz in [low, high] {
            let alone = tone(hz, -9.0, 300);
            assert_eq!(heard(Law::Mu, &alone), "", "{hz} Hz");
            let three = mixed(
                &press((low, -9.0), (high, -9.0), 300),
                &tone(2.0 * hz, -12.0, 420),
            );
            assert_eq!(
                heard(Law::Mu, &three),
                "",
                "{low}+{high} Hz with {} Hz",
                2.0 * hz
            );
        }
    }
    let dial_tone = mixed(&tone(350.0, -10.0, 2_000), &tone(440.0, -10.0, 2_000));
    let busy = mixed(&tone(480.0, -10.0, 2_000), &tone(620.0, -10.0, 2_000));
    let fax = tone(1_100.0, -10.0, 2_000);
    for sound in [dial_tone, busy, fax] {
        assert_eq!(heard(Law::Mu, &sound), "");
    }
}

#[test]
fn nobody_presses_a_key_by_talking_or_playing() {
    let sounds = [
        ("speech", speech(1, 60_000)),
        ("speech", speech(2, 60_000)),
        ("music", music(1, 60_000)),
        ("noise", noise(-15.0, 10_000, 3)),
    ];
    for (name, sound) in sounds {
        assert_eq!(heard(Law::Mu, &sound), "", "{name}");
    }
}

#[test]
#[ignore = "listens for minutes"]
fn nobody_presses_a_key_in_an_hour_of_talk_and_an_hour_of_music() {
    for seed in 0..60 {
        for (name, sound) in [
            ("speech", speech(1_000 + seed, 60_000)),
            ("music", music(1_000 + seed, 60_000)),
        ] {
            assert_eq!(heard(Law::Mu, &sound), "", "{name} {seed}");
        }
    }
}

#[test]
fn a_packet_of_any_size_is_heard() {
    let bytes = encoded(Law::Mu, &press((852.0, -9.0), (1_209.0, -9.0), 80));
    for size in [1, 7, 80, 160, 240, 480] {
        let mut detector = Detector::new(Law::Mu);
        let keys: String = bytes
            .chunks(size)
            .filter_map(|packet| detector.hear(packet))
            .collect();
        assert_eq!(keys, "7", "packets of {size}");
    }
}
