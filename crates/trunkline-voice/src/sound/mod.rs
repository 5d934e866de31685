//! Sounds that callers hear: files that people upload or speech engines make become one channel of 16 bits at 8 kHz,
//! once, and those become both variants of G.711 when they are played.
//!
//! Nothing here touches a disk or a socket. Loudness stays as it is; only what would be clipped is turned down as a whole.

mod coded;
mod resample;
#[cfg(test)]
mod tests;
mod wav;

use audio_codec::Encoder;
use audio_codec::pcma::PcmaEncoder;
use audio_codec::pcmu::PcmuEncoder;
use trunkline_engine::call::control::Sound;
use trunkline_engine::ports::sounds::{DecodedSound, Decoder, NotASound, SOUND_MS_MAX};

use resample::Resampler;

/// Samples per second of everything that is played.
const RATE: u32 = 8_000;
/// Sample rates that are read.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Most channels that are read; they are mixed into one.
const CHANNELS_MAX: usize = 8;
/// A sound that is never louder is silence: -54 dB of full scale.
const SILENT_BELOW: f32 = 0.002;
/// Samples beyond this are nonsense of a file in floating point, and cut.
const SAMPLE_MAX: f32 = 16.0;
/// Shortest sound, in milliseconds.
const SOUND_MS_MIN: u64 = 100;

/// Reads sounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SoundDecoder;

impl Decoder for SoundDecoder {
    fn decode(&self, file: Vec<u8>) -> Result<DecodedSound, NotASound> {
        let mut taker = Taker::default();
        if file.is_empty() {
            return Err(no("the file is empty; choose a sound".to_owned()));
        }
        if wav::is_wav(&file) {
            wav::read(&file, &mut taker)?;
        } else {
            coded::read(file, &mut taker)?;
        }
        let samples = taker.finish()?;
        Ok(DecodedSound {
            duration_ms: millis(samples.len()),
            wav: wav::write(&samples)?,
        })
    }

    fn ready(&self, wav: &[u8]) -> Option<Sound> {
        let samples = wav::stored(wav)?;
        Some(Sound {
            pcmu: PcmuEncoder::new().encode(&samples).into(),
            pcma: PcmaEncoder::new().encode(&samples).into(),
        })
    }
}

fn no(why: String) -> NotASound {
    NotASound(why)
}

/// What people are told of a file that is none of these.
fn unreadable() -> NotASound {
    no("the file is no sound that can be read; choose a WAV, MP3 or AAC (M4A) file".to_owned())
}

const fn millis(samples: usize) -> u64 {
    samples as u64 * 1_000 / RATE as u64
}

/// Takes what a file holds, piece by piece, so that only the 8 kHz are ever held whole.
#[derive(Default)]
struct Taker {
    /// Its rate, once that is known.
    resampler: Option<(u32, Resampler)>,
    mixed: Vec<f32>,
    out: Vec<f32>,
}

impl Taker {
    /// The next frames: the samples of all channels, then of the next moment. Full scale is 1.
    fn take(&mut self, rate: u32, channels: usize, frames: &[f32]) -> Result<(), NotASound> {
        if !(1..=CHANNELS_MAX).contains(&channels) {
            return Err(no(format!(
                "the file has {channels} channels; 1 to {CHANNELS_MAX} can be read, mono is best"
            )));
        }
        let (was, resampler) = match &mut self.resampler {
            Some((was, resampler)) => (*was, resampler),
            None if RATES.contains(&rate) => {
                let (_, resampler) = self.resampler.insert((rate, Resampler::new(rate, RATE)));
                (rate, resampler)
            }
            None => {
                let (least, most) = (RATES.start(), RATES.end());
                return Err(no(format!(
                    "the file has a sample rate of {rate} Hz; {least} to {most} Hz can be read"
                )));
            }
        };
        if was != rate {
            return Err(no(
                "the sample rate changes within the file; save it again with one rate".to_owned(),
            ));
        }
        self.mixed.clear();
        let share = 1.0 / channels as f32;
        self.mixed
            .extend(frames.chunks_exact(channels).map(|frame| {
                let sum: f32 = frame.iter().map(|sample| sane(*sample)).sum();
                sum * share
            }));
        resampler.push(&self.mixed, &mut self.out);
        if millis(self.out.len()) > SOUND_MS_MAX {
            let minutes = SOUND_MS_MAX / 60_000;
            return Err(no(format!(
                "the sound is longer than {minutes} minutes; choose a shorter one"
            )));
        }
        Ok(())
    }

    /// Everything, at 8 kHz.
    fn finish(mut self) -> Result<Vec<i16>, NotASound> {
        if let Some((_, resampler)) = self.resampler {
            resampler.finish(&mut self.out);
        }
        if millis(self.out.len()) < SOUND_MS_MIN {
            return Err(no(format!(
                "the sound is shorter than {SOUND_MS_MIN} ms; choose one that can be heard"
            )));
        }
        let loudest = self.out.iter().fold(0_f32, |most, s| most.max(s.abs()));
        if loudest < SILENT_BELOW {
            return Err(no(
                "nothing can be heard in the file; record it louder".to_owned()
            ));
        }
        // Filters overshoot, and files in floating point may be too loud: turned down as a whole, nothing is distorted.
        let full = f32::from(i16::MAX) / f32::from(i16::MIN).abs();
        let gain = if loudest > full { full / loudest } else { 1.0 };
        let scale = gain * 32_768.0;
        let sample = |s: &f32| (s * scale).round().clamp(-32_768.0, 32_767.0) as i16;
        Ok(self.out.iter().map(sample).collect())
    }
}

fn sane(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-SAMPLE_MAX, SAMPLE_MAX)
    } else {
        0.0
    }
}
