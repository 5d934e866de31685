//! A call in progress: its record so far, where it stands in its flow, and how events change both.

use std::sync::Arc;

use trunkline_core::attribution::LabelKind;
use trunkline_core::base::id::{CallEventId, CallLabelId, SessionId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::flow::{FlowAction, FlowDocument, FlowEvent, FlowState, Lines, step};
use trunkline_core::call::{CallResult, CallState, DialOutcome, EndReason};

use super::control::CallEnd;
use crate::attribution::Tapped;
use crate::ports::calls::{CallEventKind, CallEventRow, CallRow, RecordingRow};
use crate::ports::labels::{LabelRow, Said};

/// A call in progress.
#[derive(Debug)]
pub(super) struct ActiveCall {
    pub(super) row: CallRow,
    pub(super) flow: Arc<FlowDocument>,
    pub(super) lines: Lines,
    pub(super) state: FlowState,
    pub(super) recording: Option<RecordingRow>,
    /// What a tap tells of it.
    pub(super) tapped: Option<Tapped>,
    /// What the last failed attempt came to.
    last_outcome: Option<DialOutcome>,
}

impl ActiveCall {
    pub(super) fn new(
        row: CallRow,
        flow: Arc<FlowDocument>,
        lines: Lines,
        recording: Option<RecordingRow>,
        tapped: Option<Tapped>,
    ) -> Self {
        Self {
            row,
            flow,
            lines,
            state: FlowState::default(),
            recording,
            tapped,
            last_outcome: None,
        }
    }

    /// Walks the flow by one event.
    pub(super) fn step(&mut self, event: FlowEvent) -> Vec<FlowAction> {
        let (state, actions) = step(
            &self.flow,
            &self.lines,
            std::mem::take(&mut self.state),
            event,
        );
        self.state = state;
        actions
    }

    /// Writes an event of the line into the record; gives the row to be kept.
    pub(super) fn note(
        &mut self,
        id: CallEventId,
        event: &FlowEvent,
        now: Timestamp,
    ) -> Option<CallEventRow> {
        let mut row = self.event(id, now, CallEventKind::Flow);
        match *event {
            FlowEvent::Answered { attempt } if self.row.state == CallState::Ringing => {
                self.row.state = CallState::Talking;
                self.row.result = Some(CallResult::Answered);
                self.row.answered_at = Some(now);
                row.kind = CallEventKind::Connected;
                row.attempt = Some(attempt);
            }
            FlowEvent::DialFailed {
                attempt,
                outcome,
                sip_status,
            } => {
                self.last_outcome = Some(outcome);
                row.kind = if outcome == DialOutcome::Refused {
                    CallEventKind::Refused
                } else {
                    CallEventKind::AttemptFailed
                };
                row.attempt = Some(attempt);
                row.sip_status = sip_status;
                outcome.word().clone_into(&mut row.detail);
            }
            FlowEvent::Started
            | FlowEvent::Ringing { .. }
            | FlowEvent::Answered { .. }
            | FlowEvent::CallerHungUp
            | FlowEvent::DestinationHungUp => return None,
        }
        row.destination = self.row.destination;
        Some(row)
    }

    /// Writes the start of an attempt into the record.
    pub(super) fn attempt(
        &mut self,
        id: CallEventId,
        attempt: u32,
        to: PhoneNumber,
        now: Timestamp,
    ) -> CallEventRow {
        self.row.destination = Some(to);
        let mut row = self.event(id, now, CallEventKind::Attempt);
        row.attempt = Some(attempt);
        row.destination = Some(to);
        self.state.node.clone_into(&mut row.detail);
        row
    }

    /// Closes the record.
    pub(super) fn close(&mut self, id: CallEventId, end: &CallEnd) -> CallEventRow {
        let row = &mut self.row;
        row.state = CallState::Ended;
        row.ended_at = Some(end.ended_at);
        row.progress_at = end.ended_at;
        row.ended_by = Some(end.by);
        row.end_reason = Some(end.reason);
        row.q850 = end.q850;
        row.quality = end.quality;
        row.talk_ms = i64::try_from(end.talk_ms).unwrap_or(i64::MAX);
        if row.answered_at.is_none() {
            row.sip_status = end.sip_status;
            row.result = Some(match end.reason {
                EndReason::Cancelled => CallResult::Abandoned,
                _ => self
                    .last_outcome
                    .map_or(CallResult::Failed, DialOutcome::result),
            });
        }
        if end.recording.is_none() {
            // Nobody answered, so nothing was recorded.
            row.recording = None;
            self.recording = None;
        }
        if let (Some(recording), Some(done)) = (&mut self.recording, &end.recording) {
            recording.state = done.state;
            recording.duration_ms = i64::try_from(done.duration_ms).unwrap_or(i64::MAX);
            recording.bytes = i64::try_from(done.bytes).unwrap_or(i64::MAX);
        }
        let mut event = self.event(id, end.ended_at, CallEventKind::Ended);
        event.sip_status = self.row.sip_status;
        end.reason.word().clone_into(&mut event.detail);
        event
    }

    /// The truth that a tap tells of the call, unless a person said it already.
    pub(super) fn tap_label(&self, id: CallLabelId, at: Timestamp) -> Option<LabelRow> {
        let row = &self.row;
        let tapped = self.tapped.filter(|_| row.confirmed_at.is_none())?;
        Some(LabelRow {
            id,
            account: row.account,
            site: row.site,
            call: row.id,
            called_at: row.started_at,
            kind: LabelKind::Tap,
            session: Some(tapped.session),
            said: tapped.said,
            at,
            said_by: None,
        })
    }

    /// The truth of the server's own test: the session of its visit called.
    pub(super) fn test_label(
        &self,
        id: CallLabelId,
        session: SessionId,
        at: Timestamp,
    ) -> LabelRow {
        let row = &self.row;
        let likeliest = row.candidates.first();
        LabelRow {
            id,
            account: row.account,
            site: row.site,
            call: row.id,
            called_at: row.started_at,
            kind: LabelKind::Synthetic,
            session: Some(session),
            said: Said {
                tapped: false,
                session: likeliest.and_then(|c| c.session),
                probability: likeliest.map_or(0.0, |c| c.probability),
            },
            at,
            said_by: None,
        }
    }

    pub(super) fn event(
        &self,
        id: CallEventId,
        at: Timestamp,
        kind: CallEventKind,
    ) -> CallEventRow {
        CallEventRow {
            id,
            call: self.row.id,
            at,
            kind,
            attempt: None,
            destination: None,
            sip_status: None,
            detail: String::new(),
        }
    }
}
