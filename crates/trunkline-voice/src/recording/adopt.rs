//! Making a recording of ours of a sound that a carrier recorded: WAV with PCM or G.711, one channel or two, at any usual
//! rate. Doing it again with the same file and place changes nothing. Blocks on the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::salvage::{RecordingFacts, salvage};
use super::wav::{FRAMES_MAX, HEADER_BYTES, header};
use super::{FRAME_BYTES, SAMPLE_RATE, peaks};
use crate::media::g711::Law;

/// Bytes read and written at a time.
const BUFFER: usize = 64 * 1024;
/// Chunks looked at before the samples, and bytes of one that is skipped.
const CHUNKS_MAX: u32 = 64;
/// Rates that carriers record at, in samples per second.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Pcm16,
    G711(Law),
}

/// What a file says of its samples.
#[derive(Debug, Clone, Copy)]
struct Format {
    coding: Coding,
    channels: u16,
    rate: u32,
}

/// How many frames a recording has; 0 when there is none.
///
/// # Errors
/// When it is there and is none of ours.
pub fn recorded_frames(recording: &Path) -> io::Result<u64> {
    match std::fs::metadata(recording) {
        Ok(_) => {
            let facts = salvage(recording)?;
            Ok(facts.bytes.saturating_sub(HEADER_BYTES) / FRAME_BYTES)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Puts a sound into a recording from this frame on, in place of whatever stood there, and writes its waveform. The first
/// channel is the caller, the second the destination; a sound of one channel is the caller's.
///
/// # Errors
/// `InvalidData` when it is no sound that can be read; otherwise when the disk refuses.
pub fn adopt(sound: &Path, recording: &Path, begins_at: u64) -> io::Result<RecordingFacts> {
    let mut from = BufReader::with_capacity(BUFFER, File::open(sound)?);
    let (format, length) = open(&mut from)?;
    if let Some(folder) = recording.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut to = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(recording)?;
    let begins_at = begins_at.min(FRAMES_MAX);
    to.set_len(HEADER_BYTES + begins_at * FRAME_BYTES)?;
    to.write_all(&header(begins_at))?;
    to.seek(SeekFrom::End(0))?;
    let mut out = BufWriter::with_capacity(BUFFER, to);
    copy(&mut from, format, length, FRAMES_MAX - begins_at, &mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    // The waveform is made anew of the whole.
    match std::fs::remove_file(peaks::path(recording)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    salvage(recording)
}

/// Finds the samples: their format and how many bytes they are.
fn open(from: &mut impl Read) -> io::Result<(Format, u64)> {
    let mut start = [0; 12];
    exact(from, &mut start)?;
    if start[..4] != *b"RIFF" || start[8..] != *b"WAVE" {
        return Err(unreadable("no WAV file"));
    }
    let mut format = None;
    for _ in 0..CHUNKS_MAX {
        let mut head = [0; 8];
        exact(from, &mut head)?;
        let [a, b, c, d] = [head[4], head[5], head[6], head[7]];
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        match &head[..4] {
            b"fmt " => format = Some(read_format(from, length)?),
            b"data" => {
                let format = format.ok_or_else(|| unreadable("samples without a format"))?;
                return Ok((format, length));
            }
            // Chunks begin at even places.
            _ => skip(from, length + length % 2)?,
        }
    }
    Err(unreadable("no samples"))
}

fn read_format(from: &mut impl Read, length: u64) -> io::Result<Format> {
    let mut fields = [0; 16];
    if length < 16 {
        return Err(unreadable("a format that is too short"));
    }
    exact(from, &mut fields)?;
    skip(from, length - 16 + length % 2)?;
    let half = |at: usize| u16::from_le_bytes([fields[at], fields[at + 1]]);
    let rate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
    let coding = match (half(0), half(14)) {
        (1 | 0xfffe, 16) => Coding::Pcm16,
        (6, 8) => Coding::G711(Law::A),
        (7, 8) => Coding::G711(Law::Mu),
        _ => {
            return Err(unreadable(
                "samples that are neither PCM of 16 bits nor G.711",
            ));
        }
    };
    let channels = half(2);
    if !matches!(channels, 1 | 2) || !RATES.contains(&rate) {
        return Err(unreadable("channels or a rate that no call has"));
    }
    Ok(Format {
        coding,
        channels,
        rate,
    })
}

/// Copies samples as frames of ours, at most so many.
fn copy(
    from: &mut impl Read,
    format: Format,
    length: u64,
    frames_max: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let width = match format.coding {
        Coding::Pcm16 => 2,
        Coding::G711(_) => 1,
    };
    let frame_bytes = width * usize::from(format.channels);
    let whole = length / frame_bytes as u64;
    let mut bytes = [0; 4];
    // Frames of the source that make one of ours, summed up.
    let (mut sum, mut count) = ([0_i64; 2], 0_i64);
    let mut written = 0;
    for frame in 0..whole {
        let bytes = &mut bytes[..frame_bytes];
        match from.read_exact(bytes) {
            Ok(()) => {}
            // What the head promises beyond the end is not there.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        let sample = |channel: usize| match format.coding {
            Coding::Pcm16 => i16::from_le_bytes([bytes[channel * 2], bytes[channel * 2 + 1]]),
            Coding::G711(law) => law.decode(bytes[channel]),
        };
        sum[0] += i64::from(sample(0));
        sum[1] += if format.channels == 2 {
            i64::from(sample(1))
        } else {
            0
        };
        count += 1;
        let due = (frame + 1) * u64::from(SAMPLE_RATE) / u64::from(format.rate);
        if due > written {
            if written >= frames_max {
                break;
            }
            for channel in sum {
                out.write_all(&((channel / count) as i16).to_le_bytes())?;
            }
            written += 1;
            (sum, count) = ([0; 2], 0);
        }
    }
    Ok(())
}

fn skip(from: &mut impl Read, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut from.take(length), &mut io::sink())?;
    if skipped < length {
        return Err(unreadable("a file that breaks off"));
    }
    Ok(())
}

fn exact(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<()> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => unreadable("a file that breaks off"),
        _ => error,
    })
}

fn unreadable(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
