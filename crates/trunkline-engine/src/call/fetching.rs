//! Fetches recordings from carriers after their calls and makes them ours. What is to be fetched is on disk from the moment
//! the carrier told of it, and every step can be done again: a crash loses nothing and doubles nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::ports::webhooks::{FetchError, FetchedRecording, RecordingFetch};
use crate::ports::{CarrierMedia, PortResult, RecordingFetches, RecordingMaker};

/// How often to call [`Fetching::run`].
pub const FETCH_EVERY: Duration = Duration::from_secs(2);
/// Recordings fetched in one run, one after the other.
const RUN_MAX: u32 = 8;
/// Wait after the first try that failed, in milliseconds; it doubles with every further one.
const RETRY_MS: i64 = 10_000;
/// Longest wait between two tries, in milliseconds.
const RETRY_MS_MAX: i64 = 3_600_000;
/// Tries before a recording is given up: more than a day of them.
const TRIES_MAX: u32 = 36;

/// Fetches recordings.
pub struct Fetching {
    fetches: Arc<dyn RecordingFetches>,
    media: Arc<dyn CarrierMedia>,
    maker: Arc<dyn RecordingMaker>,
    directory: SharedDirectory,
    moment: Moment,
    recordings: PathBuf,
}

impl Fetching {
    /// Into this folder.
    #[must_use]
    pub fn new(
        fetches: Arc<dyn RecordingFetches>,
        media: Arc<dyn CarrierMedia>,
        maker: Arc<dyn RecordingMaker>,
        directory: SharedDirectory,
        moment: Moment,
        recordings: PathBuf,
    ) -> Self {
        Self {
            fetches,
            media,
            maker,
            directory,
            moment,
            recordings,
        }
    }

    /// Fetches what is due; answers how many became ours. One run at a time.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn run(&self) -> PortResult<usize> {
        let due = self.fetches.due(self.moment.now(), RUN_MAX).await?;
        let mut fetched = 0;
        for fetch in due {
            match self.take(&fetch).await? {
                Ok(done) => {
                    self.fetches.settle(&fetch, Some(done)).await?;
                    fetched += 1;
                }
                Err(FetchError::Later(trouble)) if fetch.tries + 1 < TRIES_MAX => {
                    tracing::warn!(call = %fetch.call, trouble, "a recording could not be fetched; it is tried again");
                    metrics::counter!("trunkline_recording_fetch_failed_total").increment(1);
                    let wait = RETRY_MS.saturating_mul(1 << fetch.tries.min(16));
                    let next = self.moment.now().plus_millis(wait.min(RETRY_MS_MAX));
                    self.fetches.failed(fetch.call, &fetch.name, next).await?;
                }
                Err(FetchError::Later(trouble) | FetchError::Never(trouble)) => {
                    tracing::error!(call = %fetch.call, trouble, "a recording is given up");
                    metrics::counter!("trunkline_recording_given_up_total").increment(1);
                    self.fetches.settle(&fetch, None).await?;
                }
            }
        }
        Ok(fetched)
    }

    /// Fetches one and makes it part of our recording. The outer error is the store's.
    async fn take(
        &self,
        fetch: &RecordingFetch,
    ) -> PortResult<Result<FetchedRecording, FetchError>> {
        let recording = self.recordings.join(&fetch.path);
        let mut name = recording.clone().into_os_string();
        name.push(".fetched");
        let part = PathBuf::from(name);
        let webhook = self.directory.now().webhook(fetch.trunk).cloned();
        let login = webhook.as_ref().and_then(|w| w.login());
        if let Err(error) = self.media.fetch(&fetch.url, login, &part).await {
            return Ok(Err(error));
        }
        let begins_at = match fetch.begins_at {
            Some(begins_at) => begins_at,
            None => {
                let (maker, recording) = (Arc::clone(&self.maker), recording.clone());
                let length = off_thread(move || maker.length(&recording)).await;
                match length {
                    Ok(length) => self.fetches.begin(fetch.call, &fetch.name, length).await?,
                    Err(error) => return Ok(Err(error)),
                }
            }
        };
        let maker = Arc::clone(&self.maker);
        let joined = off_thread(move || {
            let joined = maker.join(&part, &recording, begins_at);
            // A file that is left is written over by the next try.
            let _ = std::fs::remove_file(&part);
            joined
        });
        Ok(joined.await)
    }
}

/// Work on the disk, away from the threads that answer requests.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(FetchError::Never(error.to_string()))
        }
        Ok(Err(error)) => Err(FetchError::Later(error.to_string())),
        Err(error) => Err(FetchError::Later(error.to_string())),
    }
}
