//! How long recordings are kept: a job deletes the files of those that are over their time, and their rows say so.
//!
//! The account says how long, and the campaigns that handled a call may say otherwise; which of them wins is the core's
//! ([`kept`]). Files go first, then the row is marked: a run that breaks off is taken up by the next, and nothing is marked
//! that is still there. What is being written is never touched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, RecordingId};
use trunkline_core::routing::{Keep, Kept, kept};

use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::ports::calls::{KeptRecording, RecordingRow};
use crate::ports::configuration::Account;
use crate::ports::{CallRecords, PortResult};

/// How often to call [`Retention::run`].
pub const RETENTION_EVERY: Duration = Duration::from_secs(86_400);
/// Recordings that are looked at together.
const BATCH: u32 = 500;
/// Recordings of one account that are deleted in a run; the next goes on.
const DELETED_MAX: usize = 20_000;
/// Recordings of one account that are looked at in a run, because some campaign keeps its own for so short a time; the next
/// goes on.
const LOOKED_AT_MAX: usize = 2_000_000;
const DAY_MS: i64 = 86_400_000;

/// A place in the recordings of an account, oldest first.
type Place = (Timestamp, RecordingId);

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
    /// Where runs stopped that came to their limit.
    stopped_at: Mutex<HashMap<AccountId, Place>>,
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
            stopped_at: Mutex::default(),
        }
    }

    /// Looks at every account that does not keep all of its recordings for ever, until `ends` says that the server ends:
    /// then the recording at hand is the last, and the next run goes on.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn run(&self, ends: &(dyn Fn() -> bool + Send + Sync)) -> PortResult<Swept> {
        let mut all = Swept::default();
        let directory = self.directory.now();
        for account in directory.accounts() {
            let Some(days) = self.days_least(account) else {
                continue;
            };
            let swept = self.account(account.id, days, ends).await?;
            if swept != Swept::default() {
                tracing::info!(account = %account.id, deleted = swept.deleted, failed = swept.failed,
                    "recordings over their time were deleted");
            }
            all.deleted += swept.deleted;
            all.failed += swept.failed;
        }
        Ok(all)
    }

    /// The shortest time after which a recording of an account may be deleted; `None` when none ever is. It only says which
    /// are looked at: what is deleted is decided by what is stored.
    fn days_least(&self, account: &Account) -> Option<u32> {
        let market = self.directory.markets().of(account.id);
        let campaigns = market.iter().flat_map(|market| market.campaigns());
        let own = campaigns.filter_map(|entry| match entry.campaign.recordings.keep {
            Keep::Days(days) => Some(days),
            Keep::AsAccount | Keep::ForEver => None,
        });
        own.chain(account.recording_keep_days).min()
    }

    async fn account(
        &self,
        account: AccountId,
        days_least: u32,
        ends: &(dyn Fn() -> bool + Send + Sync),
    ) -> PortResult<Swept> {
        let now = self.moment.now();
        let before = days_before(now, days_least);
        let mut swept = Swept::default();
        let mut looked_at = 0;
        let mut after = self.stopped().remove(&account);
        'batches: while !ends() {
            if looked_at >= LOOKED_AT_MAX || swept.deleted + swept.failed >= DELETED_MAX {
                self.stopped().extend(after.map(|place| (account, place)));
                break;
            }
            let batch = self
                .records
                .kept_recordings(account, before, after, BATCH)
                .await?;
            let Some(last) = batch.last() else { break };
            // Asked again for each batch: whoever keeps for ever from now on is not to wait for the end of the run.
            let directory = self.directory.now();
            let account_days = directory
                .account(account)
                .and_then(|account| account.recording_keep_days);
            after = Some((last.recording.started_at, last.recording.id));
            looked_at += batch.len();
            for one in &batch {
                if ends() {
                    break 'batches;
                }
                let Some(because) = over(one, account_days, now) else {
                    continue;
                };
                let recording = &one.recording;
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

    fn stopped(&self) -> MutexGuard<'_, HashMap<AccountId, Place>> {
        // A place is valid by itself, also when another thread panicked: at worst a run begins at the oldest again.
        self.stopped_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.plus_millis(-i64::from(days) * DAY_MS)
}

/// Why a recording is over its time; `None` when it is not.
fn over(one: &KeptRecording, account_days: Option<u32>, now: Timestamp) -> Option<String> {
    let campaigns = one.campaigns.iter();
    let kept = kept(account_days, campaigns.map(|(name, keep)| (name, *keep)));
    match kept {
        Kept::Days { days, .. } if one.recording.started_at < days_before(now, days) => {
            kept.because()
        }
        Kept::Days { .. } | Kept::ForEver => None,
    }
}
