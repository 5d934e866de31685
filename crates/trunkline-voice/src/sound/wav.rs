//! WAV files: whole numbers and floating point through `hound`, G.711 as telephone systems save it, and the form in
//! which sounds are kept.

use std::io::Cursor;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use trunkline_engine::ports::sounds::NotASound;

use super::{RATE, Taker, no, unreadable};
use crate::media::g711::Law;

/// Samples handed on at a time.
const CHUNK: usize = 16_384;
/// Format tags of G.711 (RFC 2361).
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// How sounds are kept.
const KEPT: WavSpec = WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// Whether a file says that it is one.
pub(super) fn is_wav(file: &[u8]) -> bool {
    file.len() >= 12 && file.starts_with(b"RIFF") && &file[8..12] == b"WAVE"
}

/// Reads a file. One that breaks off is read as far as it goes.
pub(super) fn read(file: &[u8], taker: &mut Taker) -> Result<(), NotASound> {
    let Ok(mut reader) = WavReader::new(Cursor::new(file)) else {
        return read_g711(file, taker);
    };
    let spec = reader.spec();
    match spec.sample_format {
        SampleFormat::Int => {
            let full = (1_i64 << spec.bits_per_sample.clamp(1, 32).saturating_sub(1)) as f32;
            let samples = reader.samples::<i32>().map_while(Result::ok);
            hand_on(spec, samples.map(|s| s as f32 / full), taker)
        }
        SampleFormat::Float => {
            let samples = reader.samples::<f32>().map_while(Result::ok);
            hand_on(spec, samples, taker)
        }
    }
}

fn hand_on(
    spec: WavSpec,
    mut samples: impl Iterator<Item = f32>,
    taker: &mut Taker,
) -> Result<(), NotASound> {
    let channels = usize::from(spec.channels);
    let chunk = CHUNK / channels.max(1) * channels.max(1);
    let mut frames = Vec::with_capacity(chunk);
    loop {
        frames.clear();
        frames.extend(samples.by_ref().take(chunk.max(1)));
        if frames.is_empty() {
            return Ok(());
        }
        taker.take(spec.sample_rate, channels, &frames)?;
    }
}

/// Reads a file of G.711: the chunk `fmt ` says so, the chunk `data` holds a byte per sample.
fn read_g711(file: &[u8], taker: &mut Taker) -> Result<(), NotASound> {
    let format = chunk(file, *b"fmt ").ok_or_else(unreadable)?;
    let number = |at: usize| Some(u16::from_le_bytes(*format.get(at..)?.first_chunk()?));
    let rate = format.get(4..).and_then(|rest| rest.first_chunk());
    let (Some(tag), Some(channels), Some(rate)) = (number(0), number(2), rate) else {
        return Err(unreadable());
    };
    let law = match tag {
        A_LAW => Law::A,
        MU_LAW => Law::Mu,
        _ => {
            return Err(no(
                "the WAV file is compressed in a way that is not known; save it as PCM with 16 bits"
                    .to_owned(),
            ));
        }
    };
    let data = chunk(file, *b"data").ok_or_else(unreadable)?;
    let spec = WavSpec {
        channels,
        sample_rate: u32::from_le_bytes(*rate),
        ..KEPT
    };
    let samples = data.iter().map(|code| law.decode(*code));
    hand_on(spec, samples.map(|s| f32::from(s) / 32_768.0), taker)
}

/// What a chunk holds, as far as it is there.
fn chunk(file: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let own = *rest.first_chunk::<4>()?;
        let size = u32::from_le_bytes(*rest.get(4..)?.first_chunk()?);
        let size = usize::try_from(size).ok()?;
        let body = &rest[8..];
        if own == name {
            return Some(&body[..size.min(body.len())]);
        }
        // Chunks begin at even places.
        rest = body.get(size.checked_add(size % 2)?..)?;
    }
}

/// The file of samples as sounds are kept.
pub(super) fn write(samples: &[i16]) -> Result<Vec<u8>, NotASound> {
    let failed = |error: hound::Error| no(format!("the sound cannot be written: {error}"));
    let mut file = Cursor::new(Vec::with_capacity(64 + 2 * samples.len()));
    let mut writer = WavWriter::new(&mut file, KEPT).map_err(failed)?;
    for sample in samples {
        writer.write_sample(*sample).map_err(failed)?;
    }
    writer.finalize().map_err(failed)?;
    Ok(file.into_inner())
}

/// The samples of a kept file; `None` when it is no such file or damaged.
pub(super) fn stored(file: &[u8]) -> Option<Vec<i16>> {
    let mut reader = WavReader::new(Cursor::new(file)).ok()?;
    if reader.spec() != KEPT {
        return None;
    }
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().ok()?;
    Some(samples).filter(|samples| !samples.is_empty())
}
