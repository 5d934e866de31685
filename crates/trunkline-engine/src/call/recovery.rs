//! The start after a crash: closes calls that were up, mends the recordings they left, and lets their
//! numbers cool down.

use trunkline_core::assignment::pool::COOL_DOWN_MS;
use trunkline_core::base::id::CallEventId;
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy};

use super::control::RecordingState;
use super::desk::Calls;
use super::legs::close_left;
use crate::ports::PortResult;
use crate::ports::calls::{CallChange, CallEventKind, CallEventRow, CallRow, RecordingRow};
use crate::routing::CallEnding;

/// What a half-written recording turned out to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SalvagedRecording {
    /// Length, in milliseconds.
    pub duration_ms: u64,
    /// Size of the mended file.
    pub bytes: u64,
}

/// What the start found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Calls that were closed.
    pub calls: usize,
    /// Recordings that were mended.
    pub recordings: usize,
    /// Opportunities of calls that had ended, which were closed.
    pub opportunities: usize,
}

impl Calls {
    /// Closes every call the last process left open: a call that was talking ends at its last sign of
    /// life and is marked for review; one that was ringing ends as it was. `salvage` mends a recording
    /// by its path below the recordings folder and tells what is in it.
    ///
    /// # Errors
    /// When the open calls cannot be read or closed.
    pub async fn recover(
        &self,
        salvage: impl Fn(&str) -> Option<SalvagedRecording> + Send + Sync,
    ) -> PortResult<Recovered> {
        // Changes that only reached the spool come first: they may close a call that looks open.
        self.keeper.reconcile().await?;
        let mut found = Recovered::default();
        for recording in self.records.unfinished_recordings().await? {
            if let Some(call) = self.records.call(recording.call).await? {
                let recording = mend(recording, &salvage);
                self.records
                    .save(&CallChange {
                        call,
                        events: Vec::new(),
                        recording: Some(recording),
                        label: None,
                    })
                    .await?;
                found.recordings += 1;
            }
        }
        for call in self.records.open_calls().await? {
            let mut change = close(call, self.moment.id());
            let ended_at = change.call.ended_at.unwrap_or(change.call.progress_at);
            close_left(&mut change.call, &self.directory.now(), ended_at);
            self.close_open(change).await?;
            found.calls += 1;
        }
        found.opportunities = self.close_opportunities().await?;
        if found != Recovered::default() {
            tracing::warn!(
                calls = found.calls,
                recordings = found.recordings,
                opportunities = found.opportunities,
                "closed what the last process left open"
            );
        }
        self.cool_down().await?;
        Ok(found)
    }

    /// Closes a call that was up. What it was sold for by then is stored with it; what was only reserved is free again.
    async fn close_open(&self, change: CallChange) -> PortResult<()> {
        let (account, call) = (change.call.account, change.call.id);
        let mut plans = self.router.restore_call(account, call).await?;
        if plans.is_empty() {
            return self.keeper.save(&change).await;
        }
        let ending = CallEnding {
            account,
            call,
            ended_at: change.call.ended_at.unwrap_or(change.call.progress_at),
            caller_left: false,
            telephony: change.call.telephony(),
            change: Some(Box::new(change)),
        };
        self.router.end_call(&ending, &mut plans).await
    }

    /// Closes the opportunities of calls that had ended when the store was away, and of calls of which nothing else was
    /// stored.
    async fn close_opportunities(&self) -> PortResult<usize> {
        let mut closed = 0;
        for (account, call) in self.router.open_calls().await? {
            let mut plans = self.router.restore_call(account, call).await?;
            let row = self.records.call(call).await?;
            let came = plans.first().map(|plan| plan.record.opportunity.came_at);
            let telephony = row.as_ref().map(CallRow::telephony).unwrap_or_default();
            let Some(ended_at) = row.and_then(|row| row.ended_at).or(came) else {
                continue;
            };
            let ending = CallEnding {
                account,
                call,
                ended_at,
                caller_left: false,
                change: None,
                telephony,
            };
            closed += plans.len();
            self.router.end_call(&ending, &mut plans).await?;
        }
        Ok(closed)
    }

    /// Lets the numbers of calls that ended a moment ago cool down, those of calls that were just closed
    /// included: callers who were cut off dial again.
    async fn cool_down(&self) -> PortResult<()> {
        let ended_since = self.moment.now().plus_millis(-COOL_DOWN_MS);
        let longest_ms = i64::try_from(self.settings.limits.max_call_ms).unwrap_or(i64::MAX);
        let started_since = ended_since.plus_millis(-longest_ms);
        let ends = self.records.last_ends(started_since, ended_since).await?;
        for (number, ended_at) in ends {
            self.assignments.cool_down(number, ended_at);
        }
        Ok(())
    }
}

fn mend(
    mut recording: RecordingRow,
    salvage: &impl Fn(&str) -> Option<SalvagedRecording>,
) -> RecordingRow {
    recording.state = RecordingState::Partial;
    if let Some(salvaged) = salvage(&recording.path) {
        recording.duration_ms = i64::try_from(salvaged.duration_ms).unwrap_or(i64::MAX);
        recording.bytes = i64::try_from(salvaged.bytes).unwrap_or(i64::MAX);
    }
    recording
}

fn close(mut call: CallRow, event: CallEventId) -> CallChange {
    let ended_at = call
        .progress_at
        .max(call.answered_at.unwrap_or(call.started_at));
    call.state = CallState::Ended;
    call.ended_at = Some(ended_at);
    call.ended_by = Some(EndedBy::System);
    call.end_reason = Some(EndReason::ProcessRestarted);
    if let Some(answered) = call.answered_at {
        call.talk_ms = ended_at.millis_since(answered).max(0);
        call.review = true;
    } else {
        call.result = Some(CallResult::ProcessRestarted);
    }
    let event = CallEventRow {
        id: event,
        call: call.id,
        at: ended_at,
        kind: CallEventKind::Ended,
        attempt: None,
        destination: None,
        sip_status: None,
        detail: EndReason::ProcessRestarted.word().to_owned(),
    };
    CallChange {
        call,
        events: vec![event],
        recording: None,
        label: None,
    }
}
