//! Files of every kind become what callers hear, and nothing else gets in.

use std::f32::consts::TAU;
use std::io::Cursor;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use proptest::prelude::*;

use super::*;

const MP3: &[u8] = include_bytes!("../../tests/data/tone.mp3");
const AAC: &[u8] = include_bytes!("../../tests/data/tone.aac");
const M4A: &[u8] = include_bytes!("../../tests/data/tone.m4a");

fn wav(spec: WavSpec, samples: impl Iterator<Item = f32>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut file, spec).expect("a writer");
    for sample in samples {
        match spec.sample_format {
            SampleFormat::Float => writer.write_sample(sample),
            SampleFormat::Int => {
                let full = (1_i64 << (spec.bits_per_sample - 1)) as f32;
                writer.write_sample((sample * full).clamp(-full, full - 1.0) as i32)
            }
        }
        .expect("written");
    }
    writer.finalize().expect("a file");
    file.into_inner()
}

fn spec(sample_rate: u32, channels: u16, bits: u16) -> WavSpec {
    WavSpec {
        channels,
        sample_rate,
        bits_per_sample: bits,
        sample_format: SampleFormat::Int,
    }
}

fn tone(rate: u32, hz: f32, gain: f32, seconds: f32) -> impl Iterator<Item = f32> {
    let count = (rate as f32 * seconds) as u32;
    (0..count).map(move |n| gain * (TAU * hz * n as f32 / rate as f32).sin())
}

fn decoded(file: Vec<u8>) -> (Vec<i16>, u64) {
    let sound = SoundDecoder.decode(file).expect("a sound");
    let reader = WavReader::new(Cursor::new(sound.wav)).expect("a WAV file");
    assert_eq!(reader.spec(), spec(8_000, 1, 16));
    let samples: Result<_, _> = reader.into_samples::<i16>().collect();
    (samples.expect("samples"), sound.duration_ms)
}

fn refused(file: Vec<u8>) -> String {
    SoundDecoder.decode(file).expect_err("no sound").to_string()
}

/// How much of a tone is in the middle of a sound: its amplitude, full scale being 1 (Goertzel).
fn level(samples: &[i16], hz: f32) -> f32 {
    let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let turn = TAU * hz / 8_000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in middle.iter().enumerate() {
        let angle = turn * n as f32;
        re += f32::from(*sample) * angle.cos();
        im += f32::from(*sample) * angle.sin();
    }
    2.0 * re.hypot(im) / middle.len() as f32 / 32_768.0
}

#[test]
fn a_tone_of_every_rate_width_and_number_of_channels_keeps_its_pitch_length_and_loudness() {
    for (rate, channels, bits) in [
        (8_000, 1, 16),
        (16_000, 1, 16),
        (44_100, 2, 16),
        (48_000, 2, 24),
        (22_050, 1, 8),
        (11_025, 6, 16),
        (6_000, 1, 16),
        (44_099, 1, 32),
        (192_000, 1, 16),
    ] {
        let mono = tone(rate, 1_000.0, 0.5, 1.0);
        let all = mono.flat_map(|s| std::iter::repeat_n(s, usize::from(channels)));
        let (samples, ms) = decoded(wav(spec(rate, channels, bits), all));
        let case = format!("{rate} Hz, {channels} channels, {bits} bits");
        assert!((999..=1_000).contains(&ms), "{case}: {ms} ms");
        let heard = level(&samples, 1_000.0);
        assert!((heard - 0.5).abs() < 0.01, "{case}: {heard}");
    }
}

#[test]
fn eight_kilohertz_with_sixteen_bits_pass_unchanged() {
    let file = wav(spec(8_000, 1, 16), tone(8_000, 440.0, 0.9, 0.5));
    let sound = SoundDecoder.decode(file.clone()).expect("a sound");
    assert_eq!(sound.wav, file);
}

#[test]
fn what_a_telephone_cannot_carry_is_filtered_out_and_not_folded_back() {
    for (hz, folded) in [(5_000.0, 3_000.0), (7_000.0, 1_000.0), (15_000.0, 1_000.0)] {
        let both = tone(44_100, hz, 0.4, 1.0).zip(tone(44_100, 500.0, 0.4, 1.0));
        let file = wav(spec(44_100, 1, 16), both.map(|(a, b)| a + b));
        let (samples, _) = decoded(file);
        let (heard, ghost) = (level(&samples, 500.0), level(&samples, folded));
        assert!((heard - 0.4).abs() < 0.01, "{hz}: {heard}");
        assert!(ghost < 0.001, "{hz} is heard at {folded}: {ghost}");
    }
}

#[test]
fn what_would_be_clipped_is_turned_down_as_a_whole() {
    let float = WavSpec {
        sample_format: SampleFormat::Float,
        ..spec(16_000, 1, 32)
    };
    let (samples, _) = decoded(wav(float, tone(16_000, 1_000.0, 3.0, 1.0)));
    let (heard, third) = (level(&samples, 1_000.0), level(&samples, 3_000.0));
    assert!(heard > 0.98 && third < 0.001, "{heard}, distorted {third}");
    // A square wave of full scale overshoots in every filter.
    let square = tone(44_100, 300.0, 1.0, 0.5).map(|s| if s < 0.0 { -1.0 } else { 1.0 });
    let (samples, _) = decoded(wav(spec(44_100, 1, 16), square));
    let at_top = samples.iter().filter(|s| s.abs() == i16::MAX).count();
    assert!(at_top < 20, "{at_top} samples are clipped");
}

#[test]
fn mp3_and_aac_are_read() {
    for (file, what) in [(MP3, "MP3"), (AAC, "AAC"), (M4A, "M4A")] {
        let (samples, ms) = decoded(file.to_vec());
        assert!((1_150..1_350).contains(&ms), "{what}: {ms} ms");
        let (heard, ghost) = (level(&samples, 440.0), level(&samples, 1_440.0));
        assert!(heard > 0.08 && ghost < 0.01, "{what}: {heard}, {ghost}");
    }
}

#[test]
fn g711_as_telephone_systems_save_it_is_read() {
    let samples: Vec<i16> = tone(8_000, 440.0, 0.5, 0.5)
        .map(|s| (s * 32_768.0) as i16)
        .collect();
    for (tag, data) in [
        (7_u16, PcmuEncoder::new().encode(&samples)),
        (6, PcmaEncoder::new().encode(&samples)),
    ] {
        let size = u32::try_from(data.len()).expect("a size");
        let mut file = b"RIFF\0\0\0\0WAVEfact\x04\0\0\0\0\0\0\0fmt \x12\0\0\0".to_vec();
        file.extend(tag.to_le_bytes());
        file.extend(1_u16.to_le_bytes());
        file.extend(8_000_u32.to_le_bytes());
        file.extend(8_000_u32.to_le_bytes());
        file.extend([1, 0, 8, 0, 0, 0]);
        file.extend(b"data");
        file.extend(size.to_le_bytes());
        file.extend(data);
        let (heard, _) = decoded(file);
        assert!((level(&heard, 440.0) - 0.5).abs() < 0.02, "format {tag}");
    }
}

#[test]
fn a_file_that_breaks_off_is_read_as_far_as_it_goes() {
    let mut file = wav(spec(8_000, 1, 16), tone(8_000, 440.0, 0.5, 2.0));
    file.truncate(44 + 8_000 * 2);
    assert_eq!(decoded(file).1, 1_000);
    let (samples, _) = decoded(MP3[..MP3.len() / 2].to_vec());
    assert!(level(&samples, 440.0) > 0.08);
}

#[test]
fn what_is_no_sound_is_refused_with_what_was_expected() {
    let quiet = wav(spec(8_000, 1, 16), tone(8_000, 440.0, 0.0005, 1.0));
    let short = wav(spec(8_000, 1, 16), tone(8_000, 440.0, 0.5, 0.05));
    let long = wav(spec(8_000, 1, 8), tone(8_000, 440.0, 0.5, 601.0));
    let slow = wav(spec(2_000, 1, 16), tone(2_000, 440.0, 0.5, 1.0));
    for (file, told) in [
        (Vec::new(), "the file is empty"),
        (b"<!doctype html>".to_vec(), "choose a WAV, MP3 or AAC"),
        (vec![0; 100_000], "choose a WAV, MP3 or AAC"),
        (
            b"RIFF\xff\xff\xff\xffWAVE".to_vec(),
            "choose a WAV, MP3 or AAC",
        ),
        (quiet, "nothing can be heard"),
        (short, "shorter than 100 ms"),
        (long, "longer than 10 minutes"),
        (slow, "4000 to 192000 Hz can be read"),
    ] {
        let message = refused(file);
        assert!(message.contains(told), "{message}, and not {told}");
    }
}

#[test]
fn what_is_kept_becomes_both_variants_of_g711() {
    let file = wav(spec(16_000, 1, 16), tone(16_000, 440.0, 0.5, 0.5));
    let kept = SoundDecoder.decode(file).expect("a sound").wav;
    let sound = SoundDecoder.ready(&kept).expect("a sound");
    assert_eq!((sound.pcmu.len(), sound.pcma.len()), (4_000, 4_000));
    for (law, codes) in [
        (crate::media::g711::Law::Mu, &sound.pcmu),
        (crate::media::g711::Law::A, &sound.pcma),
    ] {
        let heard: Vec<i16> = codes.iter().map(|code| law.decode(*code)).collect();
        assert!((level(&heard, 440.0) - 0.5).abs() < 0.02, "{law:?}");
    }
    assert_eq!(SoundDecoder.ready(b"RIFF"), None);
    let stereo = wav(spec(8_000, 2, 16), tone(8_000, 440.0, 0.5, 1.0));
    assert_eq!(SoundDecoder.ready(&stereo), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever is uploaded ends with an answer.
    #[test]
    fn damaged_files_are_answered(
        which in 0_usize..4,
        hits in proptest::collection::vec((0_usize..6_000, any::<u8>()), 1..40),
    ) {
        let whole = wav(spec(8_000, 1, 16), tone(8_000, 440.0, 0.5, 0.5));
        let mut file = [MP3, AAC, M4A, &whole][which].to_vec();
        for (at, byte) in hits {
            let at = at % file.len();
            file[at] = byte;
        }
        if let Ok(sound) = SoundDecoder.decode(file) {
            prop_assert!(SoundDecoder.ready(&sound.wav).is_some());
        }
    }
}
