//! The writer thread: takes packets of all recordings from one bounded queue and writes the files.
//!
//! Handing a packet over never waits: a full queue drops it and counts it, and the recording is
//! marked partial. Low disk space stops recordings, never calls.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use trunkline_engine::call::control::{RecordingDone, RecordingState};

use super::peaks::Peaks;
use super::timeline::{Run, Timeline, WINDOW};
use super::wav::{HEADER_BYTES, WavFile};
use super::{FRAME_BYTES, SAMPLE_RATE};
use crate::counters::Counters;
use crate::media::Side;
use crate::media::g711::Law;
use crate::media::rtp::Packet;

/// Packets waiting for the writer: more than a second of five hundred calls.
const QUEUE_MAX: usize = 65_536;
/// Messages taken from the queue at a time.
const BATCH_MAX: usize = 1024;
/// Pause between batches, so that a packet rarely has to wake the thread.
const PAUSE: Duration = Duration::from_millis(5);
/// Samples per queued piece: 30 ms; longer packets are split.
const PIECE_MAX: usize = 240;
/// Most pieces one packet is split into.
const PIECES_MAX: usize = 6;
/// How often free disk space is looked at.
const DISK_CHECK_EVERY: Duration = Duration::from_secs(5);
/// Longest wait for the writer to open or close a file.
const REPLY_WAIT: Duration = Duration::from_secs(10);

/// Settings of the recorder.
#[derive(Debug, Clone)]
pub(crate) struct RecorderSettings {
    /// Free bytes below which recordings stop.
    pub(crate) free_bytes_min: u64,
}

/// Handle of the writer thread; the thread ends when the last handle and tap are gone.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Message>,
    next: Arc<AtomicU32>,
}

/// The relay's end of one recording.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    slot: u32,
    started: Instant,
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "almost every message is a piece, and boxing it would allocate per packet"
)]
enum Message {
    Open {
        slot: u32,
        path: PathBuf,
        reply: oneshot::Sender<std::io::Result<()>>,
    },
    Piece(Piece),
    Close {
        slot: u32,
        length: Duration,
        dropped: u64,
        reply: oneshot::Sender<RecordingDone>,
    },
    Discard {
        slot: u32,
    },
}

#[derive(Debug)]
struct Piece {
    slot: u32,
    side: Side,
    law: Law,
    ssrc: u32,
    timestamp: u32,
    /// Frame of its arrival, counted from the start of the recording.
    arrived: u32,
    length: u8,
    codes: [u8; PIECE_MAX],
}

impl Recorder {
    /// Starts the writer thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(
        settings: RecorderSettings,
        counters: Arc<Counters>,
    ) -> std::io::Result<Self> {
        let (queue, messages) = mpsc::channel(QUEUE_MAX);
        let writer = Writer {
            recordings: HashMap::new(),
            settings,
            counters,
            disk_checked_at: Instant::now(),
            bytes: Vec::with_capacity(WINDOW * FRAME_BYTES as usize),
        };
        thread::Builder::new()
            .name("recording-writer".to_owned())
            .spawn(move || writer.run(messages))?;
        Ok(Self {
            queue,
            next: Arc::new(AtomicU32::new(0)),
        })
    }

    /// Opens the file and gives the tap for the relay; the recording's axis starts at `started`.
    ///
    /// # Errors
    /// When the file cannot be made, the disk is nearly full, or the writer does not answer.
    pub(crate) async fn open(&self, path: PathBuf, started: Instant) -> std::io::Result<Tap> {
        let slot = self.next.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let gone = || std::io::Error::other("the recording writer does not answer");
        let opening = async {
            self.queue
                .send(Message::Open { slot, path, reply })
                .await
                .map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        };
        tokio::time::timeout(REPLY_WAIT, opening)
            .await
            .map_err(|_| gone())??;
        Ok(Tap {
            slot,
            started,
            queue: self.queue.clone(),
            dropped: Arc::new(AtomicU64::new(0)),
        })
    }
}

impl Tap {
    /// Hands a packet's audio over without waiting; returns how many pieces had to be dropped.
    pub(crate) fn offer(
        &self,
        side: Side,
        law: Law,
        packet: &Packet,
        payload: &[u8],
        now: Instant,
    ) -> u64 {
        let arrived = frames_in(now.saturating_duration_since(self.started));
        let mut dropped = 0;
        for (index, chunk) in payload.chunks(PIECE_MAX).take(PIECES_MAX).enumerate() {
            let offset = (index * PIECE_MAX) as u32;
            let mut codes = [0; PIECE_MAX];
            codes[..chunk.len()].copy_from_slice(chunk);
            let piece = Piece {
                slot: self.slot,
                side,
                law,
                ssrc: packet.ssrc,
                timestamp: packet.timestamp.wrapping_add(offset),
                arrived: arrived.saturating_add(offset),
                length: chunk.len() as u8,
                codes,
            };
            dropped += u64::from(self.queue.try_send(Message::Piece(piece)).is_err());
        }
        if dropped > 0 {
            self.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        dropped
    }

    /// Completes the file, which is as long as from its start to `until`; `None` when the writer does not answer (the file
    /// stays playable).
    pub(crate) async fn close(self, until: Instant) -> Option<RecordingDone> {
        let (reply, done) = oneshot::channel();
        let close = Message::Close {
            slot: self.slot,
            length: until.saturating_duration_since(self.started),
            dropped: self.dropped.load(Ordering::Relaxed),
            reply,
        };
        let closing = async {
            self.queue.send(close).await.ok()?;
            done.await.ok()
        };
        tokio::time::timeout(REPLY_WAIT, closing)
            .await
            .ok()
            .flatten()
    }
}

impl Tap {
    /// Removes the file: nothing was said.
    pub(crate) async fn discard(self) {
        let discard = self.queue.send(Message::Discard { slot: self.slot });
        let _ = tokio::time::timeout(REPLY_WAIT, discard).await;
    }
}

/// Frames in a span of time, held inside 32 bits (six days).
fn frames_in(span: Duration) -> u32 {
    u32::try_from(span.as_millis() * u128::from(SAMPLE_RATE) / 1000).unwrap_or(u32::MAX)
}

struct Writer {
    recordings: HashMap<u32, Recording>,
    settings: RecorderSettings,
    counters: Arc<Counters>,
    disk_checked_at: Instant,
    /// Where what is written next is put together; there is one writer, so one is enough for all recordings.
    bytes: Vec<u8>,
}

struct Recording {
    path: PathBuf,
    file: WavFile,
    timeline: Timeline,
    peaks: Peaks,
    stopped: bool,
}

impl Writer {
    fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while messages.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            for message in batch.drain(..) {
                self.take(message);
            }
            self.check_disk();
            thread::sleep(PAUSE);
        }
        for (_, recording) in self.recordings.drain() {
            recording.finish(Duration::ZERO, 0, &mut self.bytes);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Open { slot, path, reply } => {
                let opened = self.open(&path).map(|recording| {
                    self.recordings.insert(slot, recording);
                });
                // Nobody waits any more: the file would stay open for ever.
                if reply.send(opened).is_err() {
                    self.recordings.remove(&slot);
                }
            }
            Message::Piece(piece) => {
                if let Some(recording) = self.recordings.get_mut(&piece.slot) {
                    recording.take(&piece, &mut self.bytes);
                }
            }
            Message::Close {
                slot,
                length,
                dropped,
                reply,
            } => {
                if let Some(recording) = self.recordings.remove(&slot) {
                    let _ = reply.send(recording.finish(length, dropped, &mut self.bytes));
                }
            }
            Message::Discard { slot } => {
                if let Some(recording) = self.recordings.remove(&slot)
                    && let Err(error) = std::fs::remove_file(&recording.path)
                {
                    tracing::warn!(path = %recording.path.display(), %error, "an empty recording was not removed");
                }
            }
        }
    }

    fn open(&self, path: &Path) -> std::io::Result<Recording> {
        let file = WavFile::create(path)?;
        if is_nearly_full(path, self.settings.free_bytes_min) {
            self.counters.recording_low_disk.one();
            std::fs::remove_file(path)?;
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        Ok(Recording {
            path: path.to_owned(),
            file,
            timeline: Timeline::default(),
            peaks: Peaks::default(),
            stopped: false,
        })
    }

    fn check_disk(&mut self) {
        if self.disk_checked_at.elapsed() < DISK_CHECK_EVERY {
            return;
        }
        self.disk_checked_at = Instant::now();
        let Some(any) = self.recordings.values().next() else {
            return;
        };
        if !is_nearly_full(&any.path, self.settings.free_bytes_min) {
            return;
        }
        for recording in self.recordings.values_mut().filter(|r| !r.stopped) {
            tracing::warn!(path = %recording.path.display(), "recording stopped: disk nearly full");
            self.counters.recording_low_disk.one();
            recording.stopped = true;
        }
    }
}

impl Recording {
    fn take(&mut self, piece: &Piece, bytes: &mut Vec<u8>) {
        if self.stopped {
            return;
        }
        let codes = &piece.codes[..usize::from(piece.length)];
        let arrived = i64::from(piece.arrived);
        let at = self
            .timeline
            .place(piece.side, piece.ssrc, piece.timestamp, arrived);
        let end = u64::try_from(at + codes.len() as i64).unwrap_or(0);
        let mut result = Ok(());
        let Self {
            timeline,
            file,
            peaks,
            ..
        } = self;
        timeline.slide_to(end, &mut |run| result = write_run(file, peaks, bytes, &run));
        timeline.set(
            piece.side,
            at,
            codes.iter().map(|code| piece.law.decode(*code)),
        );
        self.note(result);
    }

    fn finish(mut self, length: Duration, dropped: u64, bytes: &mut Vec<u8>) -> RecordingDone {
        let mut result = Ok(());
        let Self {
            timeline,
            file,
            peaks,
            ..
        } = &mut self;
        timeline.finish(&mut |run| result = write_run(file, peaks, bytes, &run));
        self.note(result);
        let length = if self.stopped {
            0
        } else {
            u64::from(frames_in(length))
        };
        let frames = self.file.finish(length).unwrap_or(0);
        self.peaks.extend_to(frames);
        if let Err(error) = self.peaks.write(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "waveform not written");
        }
        let whole = !self.stopped && dropped == 0;
        RecordingDone {
            duration_ms: frames * 1000 / u64::from(SAMPLE_RATE),
            bytes: HEADER_BYTES + frames * FRAME_BYTES,
            state: if whole {
                RecordingState::Complete
            } else {
                RecordingState::Partial
            },
        }
    }

    fn note(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result
            && !self.stopped
        {
            tracing::warn!(path = %self.path.display(), %error, "recording stopped");
            self.stopped = true;
        }
    }
}

fn write_run(
    file: &mut WavFile,
    peaks: &mut Peaks,
    bytes: &mut Vec<u8>,
    run: &Run<'_>,
) -> std::io::Result<()> {
    bytes.clear();
    for [left, right] in run.frames {
        bytes.extend_from_slice(&left.to_le_bytes());
        bytes.extend_from_slice(&right.to_le_bytes());
    }
    peaks.add(run.at, run.frames);
    file.write(run.at, bytes)
}

/// Whether the file system of `path` has less than `free_bytes_min` left. Unknown counts as enough.
fn is_nearly_full(path: &Path, free_bytes_min: u64) -> bool {
    let folder = path.parent().unwrap_or(path);
    rustix::fs::statvfs(folder).is_ok_and(|fs| fs.f_bavail * fs.f_frsize < free_bytes_min)
}
