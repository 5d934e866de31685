//! How a call begins: which flow it runs, what the flow may know of it, where it is recorded, and its first record.

use std::sync::Arc;

use tokio::time::timeout;
use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::id::{AccountId, CallId, FlowId, RecordingId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::flow::{FlowDocument, Lines};
use trunkline_core::call::{CallState, RecordingConsent};

use super::control::{Incoming, RecordingPlan, RecordingState};
use super::desk::{Calls, hold};
use crate::attribution::Verdict;
use crate::directory::Directory;
use crate::ports::calls::{CallRow, CallsBefore, RecordingRow};
use crate::ports::configuration::Account;

/// Most characters kept of a caller as signalled.
const CALLER_TEXT_MAX: usize = 128;

/// The flow that a call runs, and what of its facts stays the same.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) document: Arc<FlowDocument>,
    /// Which flow and version; `None` for plain forwarding.
    pub(super) flow: Option<(FlowId, i64)>,
    pub(super) lines: Lines,
    pub(super) calls_before: u32,
    pub(super) answered_before: Option<PhoneNumber>,
    pub(super) turn: u64,
    pub(super) recording_consent: RecordingConsent,
    pub(super) seed: u64,
    /// The node in front of the flow at which the caller must press a key.
    pub(super) challenge: Option<String>,
}

impl Running {
    /// Lets the caller into the flow only with this key.
    pub(super) fn challenge(&mut self, text: &str, digit: char) {
        let (document, node) = self.document.challenged(text, digit);
        self.document = Arc::new(document);
        self.challenge = Some(node);
    }
}

impl Calls {
    /// Chooses the flow of a call and gathers what it asks for.
    pub(super) async fn choose_flow(
        &self,
        directory: &Directory,
        account: &Account,
        number: &TrackingNumber,
        row: &CallRow,
    ) -> Running {
        let own = directory.flow_of(number);
        let document = match &own {
            _ if row.synthetic => Arc::new(FlowDocument::ring_nobody()),
            Some((_, version)) => Arc::clone(&version.document),
            None => Arc::clone(&self.forward),
        };
        let flow = own
            .filter(|_| !row.synthetic)
            .map(|(id, version)| (id, version.version));
        let mut running = Running {
            flow,
            lines: Lines {
                business_line: number.business_line,
                second_line: number.second_line,
            },
            calls_before: u32::from(!row.first_time),
            answered_before: None,
            turn: 0,
            recording_consent: account.recording_consent,
            seed: row.id.raw().cast_unsigned(),
            challenge: None,
            document,
        };
        if let Some((id, _)) = flow
            && running.document.asks_for_earlier_calls()
        {
            running.turn = self.next_turn(id);
            let earlier = self.calls_before(account.id, row).await;
            running.calls_before = running.calls_before.max(earlier.count);
            running.answered_before = earlier.answered_by;
        }
        running
    }

    /// Counts the calls of a flow since the start of the server.
    fn next_turn(&self, flow: FlowId) -> u64 {
        let mut turns = hold(&self.turns);
        let turn = turns.entry(flow).or_default();
        let this = *turn;
        *turn = turn.wrapping_add(1);
        this
    }

    /// The caller's earlier calls; none when the store is late, so that a call is not lost for it.
    async fn calls_before(&self, account: AccountId, row: &CallRow) -> CallsBefore {
        let Some(caller) = row.caller else {
            return CallsBefore::default();
        };
        let read = self.records.calls_before(account, caller, row.started_at);
        match timeout(self.settings.store_wait, read).await {
            Ok(Ok(earlier)) => earlier,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(call = %row.id, "a call flow goes on without the caller's earlier calls");
                CallsBefore::default()
            }
        }
    }

    /// Where a call is recorded, when its talks may be: because the account or the law of
    /// both ends lets them, or because the flow tells callers so.
    pub(super) fn plan_recording(
        &self,
        running: &Running,
        row: &CallRow,
    ) -> Option<(RecordingPlan, RecordingRow)> {
        // A test is not recorded.
        let untold = running.recording_consent != RecordingConsent::Notice;
        let may = untold || running.document.has_notice();
        (may && !row.synthetic).then(|| self.new_recording(row, row.started_at))
    }

    /// Where a message is recorded: the call's recording, or a new one.
    pub(super) fn plan_message(&self, call: CallId) -> Option<RecordingPlan> {
        let mut active = hold(&self.active);
        let call = active.get_mut(&call)?;
        if let Some(recording) = &call.recording {
            return Some(self.plan_of(recording.id, &recording.path));
        }
        let (plan, recording) = self.new_recording(&call.row, self.moment.now());
        call.row.recording = Some(plan.id);
        call.recording = Some(recording);
        Some(plan)
    }

    fn plan_of(&self, id: RecordingId, path: &str) -> RecordingPlan {
        RecordingPlan {
            id,
            path: self.settings.recordings.join(path),
        }
    }

    fn new_recording(&self, row: &CallRow, at: Timestamp) -> (RecordingPlan, RecordingRow) {
        let id: RecordingId = self.moment.id();
        let day = at.to_rfc3339().chars().take(10).collect::<String>();
        let path = format!("{}/{day}/{id}.wav", row.account);
        let plan = self.plan_of(id, &path);
        let recording = RecordingRow {
            id,
            call: row.id,
            account: row.account,
            path,
            state: RecordingState::Writing,
            duration_ms: 0,
            bytes: 0,
            started_at: at,
            deleted: None,
        };
        (plan, recording)
    }
}

/// The first record of a call.
pub(super) fn open_row(
    call: CallId,
    number: &TrackingNumber,
    incoming: &Incoming,
    verdict: Verdict,
    synthetic: bool,
) -> CallRow {
    CallRow {
        id: call,
        account: number.account,
        trunk: number.trunk,
        number: number.id,
        dialled: number.number,
        site: number.site,
        caller: incoming.caller,
        caller_text: incoming.caller_text.chars().take(CALLER_TEXT_MAX).collect(),
        attestation: incoming.attestation,
        signalled: incoming.signalled,
        sip_call_id: incoming.sip_call_id.clone(),
        state: CallState::Ringing,
        result: None,
        started_at: incoming.received_at,
        dialled_at: None,
        rang_until: None,
        answered_at: None,
        ended_at: None,
        progress_at: incoming.received_at,
        talk_ms: 0,
        destination: None,
        source: verdict.source,
        session: verdict.session,
        probability: verdict.probability,
        ambiguous: verdict.ambiguous,
        first_time: verdict.first_time && !synthetic,
        candidates: verdict.candidates,
        model: verdict.model,
        confirmed_at: None,
        synthetic,
        ended_by: None,
        end_reason: None,
        sip_status: None,
        q850: None,
        quality: None,
        recording: None,
        review: false,
        flow: None,
        flow_depth: 0,
        screening: None,
        toll_refused: None,
        legs: Vec::new(),
        cost: None,
    }
}
