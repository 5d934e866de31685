//! Completing a recording whose process was killed: sizes set right, waveform written.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::peaks::{self, Peaks};
use super::wav::{FRAMES_MAX, HEADER_BYTES, header};
use super::{FRAME_BYTES, SAMPLE_RATE};

/// What a salvaged recording holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingFacts {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Frames read at a time.
const CHUNK_FRAMES: usize = 4096;

/// Makes the file a killed process left playable to its last whole frame and writes its waveform
/// when that is missing. Doing it again changes nothing. Blocks on the disk.
///
/// # Errors
/// When the file is missing, is not one of our recordings, or cannot be written.
pub fn salvage(path: &Path) -> io::Result<RecordingFacts> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let mut start = [0u8; HEADER_BYTES as usize];
    file.read_exact(&mut start)?;
    if start[..4] != *b"RIFF" || start[8..40] != header(0)[8..40] {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a recording of ours",
        ));
    }
    let frames = ((length - HEADER_BYTES) / FRAME_BYTES).min(FRAMES_MAX);
    let bytes = HEADER_BYTES + frames * FRAME_BYTES;
    if bytes != length {
        file.set_len(bytes)?;
    }
    let whole = header(frames);
    if whole != start {
        file.write_all_at(&whole, 0)?;
    }
    if whole != start || !peaks::path(path).exists() {
        read_peaks(&mut file, frames)?.write(path)?;
    }
    Ok(RecordingFacts {
        duration_ms: frames * 1000 / u64::from(SAMPLE_RATE),
        bytes,
    })
}

fn read_peaks(file: &mut File, frames: u64) -> io::Result<Peaks> {
    file.seek(SeekFrom::Start(HEADER_BYTES))?;
    let mut reader = BufReader::with_capacity(CHUNK_FRAMES * FRAME_BYTES as usize, file);
    let mut peaks = Peaks::default();
    let mut chunk = Vec::with_capacity(CHUNK_FRAMES);
    let mut at = 0;
    while at < frames {
        let mut bytes = [0u8; FRAME_BYTES as usize];
        chunk.clear();
        while chunk.len() < CHUNK_FRAMES && at + (chunk.len() as u64) < frames {
            reader.read_exact(&mut bytes)?;
            let [a, b, c, d] = bytes;
            chunk.push([i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])]);
        }
        peaks.add(at, &chunk);
        at += chunk.len() as u64;
    }
    peaks.extend_to(frames);
    Ok(peaks)
}
