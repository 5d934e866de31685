//! A call in progress: its record so far, where it stands in its flow, and how events change both.

use std::collections::HashMap;

use trunkline_core::attribution::LabelKind;
use trunkline_core::base::id::{CallEventId, CallLabelId, SessionId};
use trunkline_core::base::{Callee, Timestamp};
use trunkline_core::call::flow::{Activity, Doing, Facts, FlowAction, FlowEvent, FlowState, step};
use trunkline_core::call::{CallResult, CallState, DialOutcome, EndReason, EndedBy};

use super::control::{Arrival, CallEnd};
use super::failover::Route;
use super::legs::Meter;
use super::opening::Running;
use super::routing::Routed;
use crate::attribution::Tapped;
use crate::ports::calls::{CallEventKind, CallEventRow, CallRow, RecordingRow};
use crate::ports::labels::{LabelRow, Said};

/// Where a call in progress stands in its flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStep {
    /// The node's name.
    pub node: String,
    /// What the caller does in it.
    pub activity: Activity,
    /// Whom it rings now.
    pub rings: Vec<Callee>,
}

/// A call in progress.
#[derive(Debug)]
pub(super) struct ActiveCall {
    pub(super) row: CallRow,
    pub(super) arrival: Arrival,
    running: Running,
    pub(super) state: FlowState,
    pub(super) recording: Option<RecordingRow>,
    /// A person let its recording rest.
    pub(super) rests: bool,
    /// What a tap tells of it.
    pub(super) tapped: Option<Tapped>,
    /// Whom each attempt was to ring, the first attempt first.
    rung: Vec<Callee>,
    /// How each attempt may still be carried.
    pub(super) routes: HashMap<u32, Route>,
    /// What is known of the legs in the record, in their order.
    pub(super) meters: Vec<Meter>,
    /// What the last failed attempt came to.
    last_outcome: Option<DialOutcome>,
    /// Since when the destination that talks does.
    pub(super) talks_since: Option<Timestamp>,
    /// How many destinations were connected.
    pub(super) talks: u32,
    /// The plans it goes through, once it came to one.
    pub(super) routed: Option<Box<Routed>>,
}

impl ActiveCall {
    pub(super) fn new(
        row: CallRow,
        arrival: Arrival,
        running: Running,
        recording: Option<RecordingRow>,
        tapped: Option<Tapped>,
    ) -> Self {
        Self {
            row,
            arrival,
            running,
            state: FlowState::default(),
            recording,
            rests: false,
            tapped,
            rung: Vec::new(),
            routes: HashMap::new(),
            meters: Vec::new(),
            last_outcome: None,
            talks_since: None,
            talks: 0,
            routed: None,
        }
    }

    /// Walks the flow by one event and writes what it means into the record; gives the row to be kept, and what the
    /// flow wants next.
    pub(super) fn take(
        &mut self,
        id: CallEventId,
        event: FlowEvent,
        now: Timestamp,
    ) -> (Option<CallEventRow>, Vec<FlowAction>) {
        let talking = |state: &FlowState| matches!(state.doing, Doing::Talking { .. });
        let noted = self.failed_attempt(id, &event, now);
        let before = talking(&self.state);
        let running = &self.running;
        let facts = Facts {
            lines: running.lines,
            caller: self.row.caller,
            source: self.row.source.as_ref(),
            // Calls are not scored yet.
            score: None,
            calls_before: running.calls_before,
            answered_before: running.answered_before,
            turn: running.turn,
            recording_consent: running.recording_consent,
            now,
            seed: running.seed,
        };
        let state = std::mem::take(&mut self.state);
        let (state, actions) = step(&running.document, &facts, state, event);
        self.state = state;
        self.row.flow_depth = self.state.steps.into();
        let noted = match self.state.doing {
            Doing::Talking { attempt } if !before => Some(self.connected(id, attempt, now)),
            _ => noted,
        };
        (noted, actions)
    }

    /// Where it stands in its flow.
    pub(super) fn step(&self) -> CallStep {
        let mut ringing = match &self.state.doing {
            Doing::Dialling(dialling) => dialling.ringing.clone(),
            _ => Vec::new(),
        };
        ringing.sort_unstable();
        CallStep {
            node: self.state.node.clone(),
            activity: self.state.doing.activity(),
            rings: ringing
                .into_iter()
                .filter_map(|a| self.rung_by(a))
                .collect(),
        }
    }

    /// Whether the caller has yet to press the key that screening asks for, or never did.
    pub(super) fn at_challenge(&self) -> bool {
        self.running.challenge.as_ref() == Some(&self.state.node)
    }

    /// A destination is connected.
    fn connected(&mut self, id: CallEventId, attempt: u32, now: Timestamp) -> CallEventRow {
        self.talks_since = Some(now);
        self.talks += 1;
        self.row.state = CallState::Talking;
        self.row.result = Some(CallResult::Answered);
        self.row.answered_at.get_or_insert(now);
        if let Some(rung) = self.rung_by(attempt) {
            self.row.destination = Some(rung);
        }
        let mut row = self.event(id, now, CallEventKind::Connected);
        row.attempt = Some(attempt);
        row.destination.clone_from(&self.row.destination);
        row
    }

    /// An attempt in progress came to nothing; late news of another one is no news.
    fn failed_attempt(
        &mut self,
        id: CallEventId,
        event: &FlowEvent,
        now: Timestamp,
    ) -> Option<CallEventRow> {
        let FlowEvent::DialFailed {
            attempt,
            outcome,
            sip_status,
        } = *event
        else {
            return None;
        };
        if !self.rings(attempt) {
            return None;
        }
        self.last_outcome = Some(outcome);
        let kind = match outcome {
            DialOutcome::Refused => CallEventKind::Refused,
            _ => CallEventKind::AttemptFailed,
        };
        let last = matches!(&self.state.doing, Doing::Dialling(d) if d.ringing.len() == 1);
        if last && kind == CallEventKind::AttemptFailed && self.row.answered_at.is_none() {
            self.row.rang_until = Some(now);
        }
        let mut row = self.event(id, now, kind);
        row.attempt = Some(attempt);
        row.sip_status = sip_status;
        row.destination = self.rung_by(attempt);
        outcome.word().clone_into(&mut row.detail);
        Some(row)
    }

    /// Whether an attempt is in progress.
    pub(super) fn rings(&self, attempt: u32) -> bool {
        matches!(&self.state.doing, Doing::Dialling(d) if d.ringing.contains(&attempt))
    }

    fn rung_by(&self, attempt: u32) -> Option<Callee> {
        let place = usize::try_from(attempt).ok()?.checked_sub(1)?;
        self.rung.get(place).cloned()
    }

    /// Keeps whom the next attempt is to ring, before it is known whether it may.
    pub(super) fn aims_at(&mut self, to: Callee) {
        self.rung.push(to);
    }

    /// Writes the start of an attempt into the record: its destination is dialled.
    pub(super) fn attempt(
        &mut self,
        id: CallEventId,
        attempt: u32,
        to: &Callee,
        now: Timestamp,
    ) -> CallEventRow {
        self.row.destination = Some(to.clone());
        if self.row.answered_at.is_none() {
            self.row.dialled_at = Some(now);
            self.row.rang_until = None;
        }
        let mut row = self.event(id, now, CallEventKind::Attempt);
        row.attempt = Some(attempt);
        row.destination = Some(to.clone());
        self.state.node.clone_into(&mut row.detail);
        row
    }

    /// Closes the record.
    pub(super) fn close(&mut self, id: CallEventId, end: &CallEnd) -> CallEventRow {
        let at_challenge = self.at_challenge();
        let row = &mut self.row;
        // A performer may have looked at the clock before its news of the answer was taken in.
        let answered = row.answered_at.unwrap_or(end.ended_at);
        let ended_at = end.ended_at.max(answered);
        row.state = CallState::Ended;
        row.ended_at = Some(ended_at);
        row.progress_at = ended_at;
        row.ended_by = Some(end.by);
        row.end_reason = Some(end.reason);
        row.q850 = end.q850;
        row.quality = end.quality;
        row.talk_ms = i64::try_from(end.talk_ms).unwrap_or(i64::MAX);
        if row.answered_at.is_none() {
            row.sip_status = end.sip_status;
            let caller_left = end.reason == EndReason::Cancelled
                || (end.reason == EndReason::HungUp && end.by == EndedBy::Caller);
            row.result = Some(match self.last_outcome {
                _ if self.state.message => CallResult::Voicemail,
                // Whoever hangs up instead of pressing the key did not press it.
                _ if at_challenge && (caller_left || self.state.ended == Some(EndedBy::System)) => {
                    CallResult::Blocked
                }
                _ if caller_left => CallResult::Abandoned,
                Some(outcome) => outcome.result(),
                None if self.state.ended == Some(EndedBy::System) => CallResult::TurnedAway,
                None => CallResult::Failed,
            });
        }
        if end.recording.is_none() {
            // Nobody talked and no message was left, so nothing was recorded.
            row.recording = None;
            self.recording = None;
        }
        if let (Some(recording), Some(done)) = (&mut self.recording, &end.recording) {
            recording.state = done.state;
            recording.duration_ms = i64::try_from(done.duration_ms).unwrap_or(i64::MAX);
            recording.bytes = i64::try_from(done.bytes).unwrap_or(i64::MAX);
        }
        let mut event = self.event(id, ended_at, CallEventKind::Ended);
        event.sip_status = self.row.sip_status;
        end.reason.word().clone_into(&mut event.detail);
        event
    }

    /// The truth that a tap tells of the call, unless a person said it already or the call was blocked.
    pub(super) fn tap_label(&self, id: CallLabelId, at: Timestamp) -> Option<LabelRow> {
        let row = &self.row;
        let telling = row.confirmed_at.is_none() && row.result != Some(CallResult::Blocked);
        let tapped = self.tapped.filter(|_| telling)?;
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

    /// Screening lets the caller on only with a key.
    pub(super) fn screened(&self, id: CallEventId, at: Timestamp, why: String) -> CallEventRow {
        CallEventRow {
            detail: why,
            ..self.event(id, at, CallEventKind::Screened)
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
