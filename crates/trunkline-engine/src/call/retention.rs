//! How long recordings are kept: a job deletes the files of those that are over their time, and their rows say so.
//!
//! Files go first, then the row is marked: a run that breaks off is taken up by the next, and nothing is marked that is
//! still there. What is being written is never touched.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, RecordingId};

use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::ports::calls::RecordingRow;
use crate::ports::{CallRecords, PortResult};

/// How often to call [`Retention::run`].
pub const RETENTION_EVERY: Duration = Duration::from_secs(86_400);
/// Longest time recordings may be kept by a rule, in days.
pub const KEEP_DAYS_MAX: u32 = 3_650;
/// Recordings that are looked at together.
const BATCH: u32 = 200;
/// Recordings of one account that are deleted in a run; the rest waits for the next.
const ACCOUNT_MAX: usize = 20_000;
const DAY_MS: i64 = 86_400_000;

/// The files of recordings.
#[async_trait]
pub trait RecordingFiles: Send + Sync {
    /// Removes a recording and what belongs to it, by its path below the recordings folder. One that is not there is
    /// as good as removed.
    async fn remove(&self, path: &str) -> PortResult<()>;
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Recordings that were deleted.
    pub deleted: usize,
    /// Recordings that could not be.
    pub failed: usize,
}

/// Deletes recordings that are over their time.
pub struct Retention {
    moment: Moment,
    directory: SharedDirectory,
    records: Arc<dyn CallRecords>,
    files: Arc<dyn RecordingFiles>,
}

impl Retention {
    /// Over the stored calls and the recordings folder.
    #[must_use]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        records: Arc<dyn CallRecords>,
        files: Arc<dyn RecordingFiles>,
    ) -> Self {
        Self {
            moment,
            directory,
            records,
            files,
        }
    }

    /// Looks at every account that does not keep its recordings for ever, until `ends` says that the server ends: then the
    /// recording at hand is the last, and the next run goes on.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn run(&self, ends: &(dyn Fn() -> bool + Send + Sync)) -> PortResult<Swept> {
        let mut all = Swept::default();
        let directory = self.directory.now();
        for account in directory.accounts() {
            let Some(days) = account.recording_keep_days else {
                continue;
            };
            let swept = self.account(account.id, days, ends).await?;
            if swept != Swept::default() {
                tracing::info!(account = %account.id, days, deleted = swept.deleted, failed = swept.failed,
                    "recordings over their time were deleted");
            }
            all.deleted += swept.deleted;
            all.failed += swept.failed;
        }
        Ok(all)
    }

    async fn account(
        &self,
        account: AccountId,
        days: u32,
        ends: &(dyn Fn() -> bool + Send + Sync),
    ) -> PortResult<Swept> {
        let now = self.moment.now();
        let before = now.plus_millis(-i64::from(days) * DAY_MS);
        let because = format!("after {days} days");
        let mut swept = Swept::default();
        let mut after: Option<(Timestamp, RecordingId)> = None;
        'batches: while swept.deleted + swept.failed < ACCOUNT_MAX && !ends() {
            let kept = self.records.kept_recordings(account, before, after, BATCH);
            let kept = kept.await?;
            let Some(last) = kept.last() else { break };
            after = Some((last.started_at, last.id));
            for recording in &kept {
                if ends() {
                    break 'batches;
                }
                match self.delete(recording, now, &because).await {
                    Ok(()) => swept.deleted += 1,
                    Err(error) => {
                        tracing::warn!(recording = %recording.id, %error, "a recording could not be deleted");
                        swept.failed += 1;
                    }
                }
            }
        }
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        metrics::counter!("trunkline_recordings_deleted_total").increment(count(swept.deleted));
        metrics::counter!("trunkline_recordings_not_deleted_total").increment(count(swept.failed));
        Ok(swept)
    }

    async fn delete(
        &self,
        recording: &RecordingRow,
        now: Timestamp,
        because: &str,
    ) -> PortResult<()> {
        self.files.remove(&recording.path).await?;
        self.records
            .recording_deleted(recording.id, now, because)
            .await
    }
}
