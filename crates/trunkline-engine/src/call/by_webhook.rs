//! What a performer over voice webhooks needs of the engine besides [`CallControl`]: how a trunk's carrier talks, whom to
//! ring for a call of which nothing is known any more, and where to leave word of a recording the carrier keeps.
//!
//! [`CallControl`]: super::control::CallControl

use std::sync::Arc;

use tokio::time::timeout;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{CallId, TrunkId};
use trunkline_core::call::TollUse;

use super::desk::{Calls, hold};
use crate::ports::RecordingFetches;
use crate::ports::calls::RecordingRow;
use crate::ports::webhooks::{RecordingFetch, WebhookTrunk};
use crate::ports::{CallRecords, PortResult};

/// A recording that a carrier keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierRecording {
    /// The carrier's name of it.
    pub name: String,
    /// Where it lies.
    pub url: String,
}

/// Calls whose carrier talks by webhooks.
pub struct WebhookCalls {
    calls: Arc<Calls>,
    records: Arc<dyn CallRecords>,
    fetches: Arc<dyn RecordingFetches>,
}

impl WebhookCalls {
    /// Beside the desk.
    #[must_use]
    pub fn new(
        calls: Arc<Calls>,
        records: Arc<dyn CallRecords>,
        fetches: Arc<dyn RecordingFetches>,
    ) -> Self {
        Self {
            calls,
            records,
            fetches,
        }
    }

    /// How the carrier of a trunk talks; from memory. `None`: not by webhooks.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<Arc<WebhookTrunk>> {
        self.calls.directory.peek().webhook(id).cloned()
    }

    /// The business line of a number on a trunk, for a call whose flow is lost; from memory. `None` when there is no such
    /// number, or its line may not be dialled.
    #[must_use]
    pub fn fallback(&self, trunk: TrunkId, dialled: &str) -> Option<PhoneNumber> {
        let directory = self.calls.directory.now();
        let number = PhoneNumber::parse(dialled, self.calls.settings.home).ok()?;
        let number = directory.number_by_digits(number)?;
        let account = directory.account(number.account)?;
        let line = number.business_line;
        let may = account
            .toll
            .permit(&line.into(), TollUse::default())
            .is_ok();
        (number.trunk == trunk && number.stage.takes_calls() && may).then_some(line)
    }

    /// Whether a call the carrier knows by this name was recorded: then it is from before the last start. `false` when
    /// the store is late, so that the call is not lost for it.
    pub async fn is_known(&self, trunk: TrunkId, name: &str) -> bool {
        let asked = timeout(
            self.calls.settings.store_wait,
            self.fetches.is_known(trunk, name),
        )
        .await;
        asked.is_ok_and(|known| known.unwrap_or(false))
    }

    /// Leaves word of a recording, to be fetched after the call; on disk when this returns. The same word twice changes
    /// nothing, and one of a call that is not recorded neither. Answers whether it is new.
    ///
    /// # Errors
    /// When the store is away: the carrier should tell it again.
    pub async fn recorded(
        &self,
        trunk: TrunkId,
        call: CallId,
        recording: CarrierRecording,
    ) -> PortResult<bool> {
        let Some(own) = self.recording_of(trunk, call).await? else {
            return Ok(false);
        };
        let fetch = RecordingFetch {
            call,
            name: recording.name,
            recording: own.id,
            account: own.account,
            trunk,
            url: recording.url,
            path: own.path,
            tries: 0,
            begins_at: None,
            told_at: self.calls.moment.now(),
        };
        self.fetches.note(&fetch).await
    }

    /// Our recording of a call on that trunk, when it has one.
    async fn recording_of(&self, trunk: TrunkId, call: CallId) -> PortResult<Option<RecordingRow>> {
        let active = hold(&self.calls.active).get(&call).map(|active| {
            let own = active.row.trunk == trunk;
            active.recording.clone().filter(|_| own)
        });
        if let Some(recording) = active {
            return Ok(recording);
        }
        let stored = self.records.call(call).await?;
        match stored
            .filter(|c| c.trunk == trunk)
            .and_then(|c| c.recording)
        {
            Some(id) => self.records.recording(id).await,
            None => Ok(None),
        }
    }
}
