//! Puts packets in their place: by RTP timestamp inside a stream, by arrival between streams.
//!
//! A short window is held in memory so that late and reordered packets still find their place;
//! what leaves the window is given out as interleaved little-endian samples.

use super::SAMPLE_RATE;
use crate::media::Side;

/// Frames held before they are written (500 ms).
pub(super) const WINDOW: usize = SAMPLE_RATE as usize / 2;
/// Frames kept in the window when it slides (250 ms): how late a packet may come.
const KEPT: u64 = WINDOW as u64 / 2;
/// A timestamp this far from the packet's arrival is a jump of the sender, not jitter (400 ms).
const JUMP: i64 = SAMPLE_RATE as i64 * 2 / 5;

/// Where each side's stream lies on the common axis.
#[derive(Debug, Default, Clone, Copy)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    at: i64,
}

/// Both channels on one axis, counted in frames from the start of the recording.
#[derive(Debug)]
pub(super) struct Timeline {
    anchors: [Option<Anchor>; 2],
    window: Box<[[i16; 2]; WINDOW]>,
    /// First frame of the window.
    start: u64,
    /// End of what was placed.
    end: u64,
}

/// A run of frames that left the window.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run<'a> {
    pub(super) at: u64,
    pub(super) frames: &'a [[i16; 2]],
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            anchors: [None; 2],
            window: Box::new([[0; 2]; WINDOW]),
            start: 0,
            end: 0,
        }
    }
}

impl Timeline {
    /// The frame at which a packet starts. `arrived` is the frame of its arrival.
    pub(super) fn place(&mut self, side: Side, ssrc: u32, timestamp: u32, arrived: i64) -> i64 {
        let slot = &mut self.anchors[side.index()];
        if let Some(anchor) = slot.filter(|a| a.ssrc == ssrc) {
            let since = timestamp.wrapping_sub(anchor.timestamp).cast_signed();
            let at = anchor.at + i64::from(since);
            if (at - arrived).abs() <= JUMP {
                // Moving the anchor along keeps the difference far from its 31-bit range.
                if since > 0 {
                    *slot = Some(Anchor {
                        ssrc,
                        timestamp,
                        at,
                    });
                }
                return at;
            }
        }
        *slot = Some(Anchor {
            ssrc,
            timestamp,
            at: arrived,
        });
        arrived
    }

    /// Makes room for frames up to `end`; gives out what leaves the window.
    pub(super) fn slide_to(&mut self, end: u64, out: &mut impl FnMut(Run<'_>)) {
        if end <= self.start + WINDOW as u64 {
            return;
        }
        let new_start = end - KEPT;
        let leaving = (new_start - self.start).min(WINDOW as u64) as usize;
        let filled = self.end.saturating_sub(self.start).min(leaving as u64) as usize;
        if filled > 0 {
            out(Run {
                at: self.start,
                frames: &self.window[..filled],
            });
        }
        self.window.copy_within(leaving.., 0);
        self.window[WINDOW - leaving..].fill([0; 2]);
        self.start = new_start;
    }

    /// Sets one channel's samples at frame `at`. Samples before the window are too late and lost.
    pub(super) fn set(&mut self, side: Side, at: i64, samples: impl Iterator<Item = i16>) {
        for (frame, sample) in (at..).zip(samples) {
            let Ok(frame) = u64::try_from(frame) else {
                continue;
            };
            let Some(offset) = frame.checked_sub(self.start) else {
                continue;
            };
            if let Some(slot) = self.window.get_mut(offset as usize) {
                slot[side.index()] = sample;
                self.end = self.end.max(frame + 1);
            }
        }
    }

    /// Gives out everything that is left.
    pub(super) fn finish(&mut self, out: &mut impl FnMut(Run<'_>)) {
        let filled = self.end.saturating_sub(self.start).min(WINDOW as u64) as usize;
        if filled > 0 {
            out(Run {
                at: self.start,
                frames: &self.window[..filled],
            });
        }
        self.start = self.end.max(self.start);
        self.window.fill([0; 2]);
    }
}
