//! The WAV file of a recording: a 44-byte header and interleaved samples, kept valid while it grows.
//!
//! Samples are written at their place, so a silence is a hole the file system fills with zeros.
//! The header is rewritten about once a second; players that trust it still read a killed file.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{FRAME_BYTES, SAMPLE_RATE};

/// Length of the canonical header: RIFF, `fmt ` of 16 bytes, `data`.
pub(super) const HEADER_BYTES: u64 = 44;
/// Longest recording whose size fits the 32-bit fields, in frames (37 hours).
pub(super) const FRAMES_MAX: u64 = (u32::MAX as u64 - HEADER_BYTES) / FRAME_BYTES;
/// Frames between two rewrites of the header.
const HEADER_EVERY: u64 = SAMPLE_RATE as u64;

/// A WAV file being written.
#[derive(Debug)]
pub(super) struct WavFile {
    file: File,
    frames: u64,
    header_frames: u64,
}

/// The header of a stereo PCM16 file with `frames` frames.
pub(super) fn header(frames: u64) -> [u8; HEADER_BYTES as usize] {
    let data = u32::try_from(frames.min(FRAMES_MAX) * FRAME_BYTES).unwrap_or(u32::MAX - 44);
    let mut bytes = [0u8; HEADER_BYTES as usize];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(0, b"RIFF");
    put(4, &(data + HEADER_BYTES as u32 - 8).to_le_bytes());
    put(8, b"WAVEfmt ");
    put(16, &16u32.to_le_bytes());
    put(20, &1u16.to_le_bytes());
    put(22, &2u16.to_le_bytes());
    put(24, &SAMPLE_RATE.to_le_bytes());
    put(28, &(SAMPLE_RATE * FRAME_BYTES as u32).to_le_bytes());
    put(32, &(FRAME_BYTES as u16).to_le_bytes());
    put(34, &16u16.to_le_bytes());
    put(36, b"data");
    put(40, &data.to_le_bytes());
    bytes
}

impl WavFile {
    /// Creates the file and its folder. An existing file is not overwritten.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all_at(&header(0), 0)?;
        Ok(Self {
            file,
            frames: 0,
            header_frames: 0,
        })
    }

    /// Writes interleaved samples at frame `at`; what lies between stays silent.
    pub(super) fn write(&mut self, at: u64, samples: &[u8]) -> io::Result<()> {
        let end = at + samples.len() as u64 / FRAME_BYTES;
        if end > FRAMES_MAX {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.file
            .write_all_at(samples, HEADER_BYTES + at * FRAME_BYTES)?;
        self.frames = self.frames.max(end);
        if self.frames >= self.header_frames + HEADER_EVERY {
            self.write_header()?;
        }
        Ok(())
    }

    /// Sets the final length, at least what was written, and completes the header.
    pub(super) fn finish(&mut self, frames: u64) -> io::Result<u64> {
        self.frames = self.frames.max(frames.min(FRAMES_MAX));
        self.file
            .set_len(HEADER_BYTES + self.frames * FRAME_BYTES)?;
        self.write_header()?;
        Ok(self.frames)
    }

    fn write_header(&mut self) -> io::Result<()> {
        self.header_frames = self.frames;
        self.file.write_all_at(&header(self.frames), 0)
    }
}
