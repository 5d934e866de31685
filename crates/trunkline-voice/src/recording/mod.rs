//! Recording of calls: stereo WAV, PCM16 at 8 kHz, caller left and destination right.
//!
//! The relay hands packets over a bounded queue and never waits; one writer thread puts them in
//! their place by RTP timestamp (`timeline`), writes the file (`wav`) and its waveform (`peaks`).
//! A killed process leaves a playable file, which [`salvage()`] completes at the next start.

mod adopt;
mod peaks;
mod salvage;
mod timeline;
mod wav;
mod writer;

pub use adopt::{adopt, recorded_frames};
pub use peaks::path as peaks_path;
pub use salvage::{RecordingFacts, salvage};
pub(crate) use writer::{Recorder, RecorderSettings, Tap};

/// Samples per second of a channel.
pub(crate) const SAMPLE_RATE: u32 = 8000;
/// Bytes of one moment: two channels of 16 bits.
pub(crate) const FRAME_BYTES: u64 = 4;

#[cfg(test)]
mod tests;
