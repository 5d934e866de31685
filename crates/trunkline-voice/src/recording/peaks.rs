//! The waveform of a recording: the loudest sample of each moment and channel, 0 to 100.
//!
//! Written beside the recording as `<file>.peaks.json`:
//! `{"per_second":10,"caller":[0…100],"destination":[0…100]}`. Long recordings are thinned to half
//! the moments per second as often as needed, so the file and the memory stay small.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::SAMPLE_RATE;
use crate::media::Side;

/// Most moments per channel; above, neighbours are merged.
const MOMENTS_MAX: usize = 6000;
/// Moments per second at the start.
const PER_SECOND: u64 = 10;

/// Collects peaks while a recording is written or read.
#[derive(Debug)]
pub(super) struct Peaks {
    frames_per_moment: u64,
    channels: [Vec<u8>; 2],
}

/// Where the waveform of a recording lies.
#[must_use]
pub fn path(recording: &Path) -> PathBuf {
    let mut name: OsString = recording.as_os_str().to_owned();
    name.push(".peaks.json");
    PathBuf::from(name)
}

impl Default for Peaks {
    fn default() -> Self {
        Self {
            frames_per_moment: u64::from(SAMPLE_RATE) / PER_SECOND,
            channels: [Vec::new(), Vec::new()],
        }
    }
}

impl Peaks {
    /// Takes in frames that start at `at`.
    pub(super) fn add(&mut self, at: u64, frames: &[[i16; 2]]) {
        for (frame, samples) in (at..).zip(frames) {
            let moment = self.moment_of(frame);
            for (channel, sample) in self.channels.iter_mut().zip(samples) {
                let level = (u32::from(sample.unsigned_abs()) * 100 / 32_768) as u8;
                channel[moment] = channel[moment].max(level);
            }
        }
    }

    /// Lengthens the waveform to `frames` frames.
    pub(super) fn extend_to(&mut self, frames: u64) {
        if let Some(last) = frames.checked_sub(1) {
            self.moment_of(last);
        }
    }

    /// Writes the file beside `recording`.
    pub(super) fn write(&self, recording: &Path) -> io::Result<()> {
        std::fs::write(path(recording), self.to_json())
    }

    pub(super) fn to_json(&self) -> String {
        let per_second = f64::from(SAMPLE_RATE) / self.frames_per_moment as f64;
        let mut text = format!("{{\"per_second\":{per_second}");
        for (name, side) in [("caller", Side::Caller), ("destination", Side::Destination)] {
            let _ = write!(text, ",\"{name}\":[");
            for (index, level) in self.channels[side.index()].iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                let _ = write!(text, "{comma}{level}");
            }
            text.push(']');
        }
        text.push('}');
        text
    }

    /// Index of a frame's moment, which exists afterwards.
    fn moment_of(&mut self, frame: u64) -> usize {
        while frame / self.frames_per_moment >= MOMENTS_MAX as u64 {
            self.thin();
        }
        let moment = (frame / self.frames_per_moment) as usize;
        for channel in &mut self.channels {
            if channel.len() <= moment {
                channel.resize(moment + 1, 0);
            }
        }
        moment
    }

    fn thin(&mut self) {
        for channel in &mut self.channels {
            *channel = channel
                .chunks(2)
                .map(|pair| pair.iter().copied().max().unwrap_or(0))
                .collect();
        }
        self.frames_per_moment *= 2;
    }
}
