//! The one recording of a call: begun with the first talk or message that is to be recorded, resting in between.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use trunkline_core::base::id::CallId;
use trunkline_engine::call::control::{RecordingDone, RecordingState};

use super::Call;
use crate::media::relay::Relay;
use crate::recording::{Recorder, Tap};
use crate::tasks::Tasks;

/// A recording that was planned but whose file could not be made.
const NOT_RECORDED: RecordingDone = RecordingDone {
    duration_ms: 0,
    bytes: 0,
    state: RecordingState::Partial,
};

/// What a call is recorded with.
#[derive(Default)]
pub(super) struct Taping {
    path: Option<PathBuf>,
    file: File,
    /// Something is being said that is to be recorded.
    wanted: bool,
    /// A person asked that it rest.
    paused: bool,
    /// Something was recorded that is worth a file.
    worth: bool,
    rests_since: Option<Instant>,
}

#[derive(Default)]
enum File {
    #[default]
    None,
    Opening(JoinHandle<io::Result<Tap>>),
    Open(Tap),
    Failed,
}

impl Taping {
    pub(super) fn plan(&mut self, path: PathBuf) {
        self.path.get_or_insert(path);
    }

    /// From now on what is said is recorded. `worth` says whether it is to be kept whatever is said.
    async fn begin(&mut self, relay: &Relay, recorder: &Recorder, tasks: &Tasks, worth: bool) {
        let Some(path) = &self.path else { return };
        self.wanted = true;
        self.worth |= worth;
        self.rests_since = None;
        if matches!(self.file, File::None) {
            let (recorder, path, started) = (recorder.clone(), path.clone(), Instant::now());
            self.file =
                File::Opening(tasks.spawn(async move { recorder.open(path, started).await }));
        }
        self.settle(relay).await;
    }

    /// What was recorded is to be kept.
    pub(super) const fn keep(&mut self) {
        self.worth = true;
    }

    /// What is said now is not recorded.
    pub(super) async fn rest(&mut self, relay: &Relay) {
        if self.wanted {
            self.wanted = false;
            self.rests_since = Some(Instant::now());
            self.settle(relay).await;
        }
    }

    /// Lets the recording rest, or go on, on a person's word; `false` when nothing is being recorded.
    pub(super) async fn pause(&mut self, relay: &Relay, paused: bool) -> bool {
        let recorded = self.wanted && !matches!(self.file, File::None | File::Failed);
        if recorded {
            self.paused = paused;
            self.settle(relay).await;
        }
        recorded
    }

    async fn settle(&self, relay: &Relay) {
        let tap = match &self.file {
            File::Open(tap) if self.wanted && !self.paused => Some(tap.clone()),
            _ => None,
        };
        relay.record(tap).await;
    }

    /// Resolves when the file is open or could not be made; then call [`Self::opened`].
    pub(super) async fn opening(&mut self) -> io::Result<Tap> {
        match &mut self.file {
            File::Opening(opening) => match opening.await {
                Ok(opened) => opened,
                Err(error) => Err(io::Error::other(error)),
            },
            _ => std::future::pending().await,
        }
    }

    pub(super) async fn opened(&mut self, id: CallId, opened: io::Result<Tap>, relay: &Relay) {
        self.file = match opened {
            Ok(tap) => File::Open(tap),
            Err(error) => {
                tracing::warn!(%id, %error, "call not recorded");
                File::Failed
            }
        };
        self.settle(relay).await;
    }

    /// Completes the file; the relay is over.
    pub(super) async fn finish(mut self) -> Option<RecordingDone> {
        if matches!(self.file, File::Opening(_)) {
            self.file = match self.opening().await {
                Ok(tap) => File::Open(tap),
                Err(_) => File::Failed,
            };
        }
        match self.file {
            File::None | File::Opening(_) => None,
            File::Failed => Some(NOT_RECORDED),
            File::Open(tap) if self.worth => {
                let until = self.rests_since.unwrap_or_else(Instant::now);
                Some(tap.close(until).await.unwrap_or(NOT_RECORDED))
            }
            File::Open(tap) => {
                tap.discard().await;
                None
            }
        }
    }
}

impl Call {
    /// From now on what is said is recorded.
    pub(super) async fn begin_recording(&mut self, worth: bool) {
        let core = &self.core;
        self.taping
            .begin(&self.relay, &core.recorder, &core.tasks, worth)
            .await;
    }
}

/// Milliseconds of a span of time.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
