//! The desk: carries calls from the INVITE to the hang-up. It implements [`CallControl`] for every
//! performer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::id::{AccountId, CallId, TrunkId};
use trunkline_core::base::{Country, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{FlowAction, FlowDocument, FlowEvent, Lines};
use trunkline_core::call::{CallState, DialOutcome, TollUse};

use super::active::ActiveCall;
use super::control::{
    Action, Admission, CallControl, CallEnd, CallLimits, Dial, Incoming, RecordingPlan,
    RecordingState, Transport, TrunkProfile,
};
use super::keeper::Keeper;
use crate::assignment::Assignments;
use crate::attribution::{Attributions, Verdict, credited};
use crate::check::Checks;
use crate::clock::Moment;
use crate::directory::{Directory, SharedDirectory};
use crate::live::{LiveBus, LiveEvent};
use crate::ports::CallRecords;
use crate::ports::calls::{CallChange, CallEventKind, CallEventRow, CallRow, RecordingRow};
use crate::ports::configuration::Account;
use crate::ports::labels::{Confirmed, Said};

/// Longest a call waits for attribution before it goes on without.
const ATTRIBUTION_WAIT: Duration = Duration::from_millis(200);
/// Most characters kept of a caller as signalled.
const CALLER_TEXT_MAX: usize = 128;
/// How often to call [`Calls::flush_progress`].
pub const PROGRESS_FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Settings of the call station.
#[derive(Debug, Clone)]
pub struct CallSettings {
    /// Folder of the recordings.
    pub recordings: PathBuf,
    /// Limits of every call.
    pub limits: CallLimits,
    /// How numbers without country code are read when a trunk signals them.
    pub home: Country,
}

/// The desk.
pub struct Calls {
    pub(super) moment: Moment,
    directory: SharedDirectory,
    pub(super) assignments: Arc<Assignments>,
    attributions: Attributions,
    pub(super) records: Arc<dyn CallRecords>,
    pub(super) keeper: Arc<Keeper>,
    live: LiveBus,
    checks: Arc<Checks>,
    pub(super) settings: CallSettings,
    active: Mutex<HashMap<CallId, ActiveCall>>,
    marks: Mutex<HashMap<CallId, Timestamp>>,
    /// Minutes of ended legs today by account: start of the day, minutes.
    minutes: Mutex<HashMap<AccountId, (Timestamp, i64)>>,
}

impl Calls {
    /// A desk with no call in progress.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "every argument is a different collaborator, named where it is wired"
    )]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        assignments: Arc<Assignments>,
        attributions: Attributions,
        records: Arc<dyn CallRecords>,
        keeper: Arc<Keeper>,
        live: LiveBus,
        checks: Arc<Checks>,
        settings: CallSettings,
    ) -> Self {
        Self {
            moment,
            directory,
            assignments,
            attributions,
            records,
            keeper,
            live,
            checks,
            settings,
            active: Mutex::default(),
            marks: Mutex::default(),
            minutes: Mutex::default(),
        }
    }

    /// Calls in progress of an account, oldest first; the server's own tests are left out.
    #[must_use]
    pub fn in_progress(&self, account: AccountId) -> Vec<CallRow> {
        let active = hold(&self.active);
        let mut rows: Vec<CallRow> = active
            .values()
            .filter(|c| c.row.account == account && !c.row.synthetic)
            .map(|c| c.row.clone())
            .collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// Takes over what a person said of a call, which is saved already; the call as it stands.
    pub(crate) fn confirmed(&self, ended: CallRow, confirmed: &Confirmed) -> CallRow {
        let row = match hold(&self.active).get_mut(&ended.id) {
            Some(active) => {
                active.row = credited(active.row.clone(), confirmed);
                active.row.clone()
            }
            None => ended,
        };
        self.tell(&row);
        row
    }

    /// What was said of a call in progress without the tap that tells its truth.
    pub(crate) fn tapped(&self, call: CallId) -> Option<Said> {
        let active = hold(&self.active);
        Some(active.get(&call)?.tapped?.said)
    }

    /// How many calls are in progress.
    #[must_use]
    pub fn in_progress_count(&self) -> usize {
        hold(&self.active).len()
    }

    /// Writes the signs of life that came in; call it every
    /// [`PROGRESS_FLUSH_EVERY`].
    pub async fn flush_progress(&self) {
        let marks: Vec<(CallId, Timestamp)> = hold(&self.marks).drain().collect();
        if marks.is_empty() {
            return;
        }
        if let Err(error) = self.records.progress(&marks).await {
            // The next mark of each call comes within 5 s.
            tracing::warn!(%error, calls = marks.len(), "signs of life were not recorded");
        }
    }

    /// The number that was dialled. Trunks may share a carrier's address, so a number is found on any
    /// trunk that this far end may speak for; a number bound to another carrier is not.
    fn find_number(
        &self,
        directory: &Directory,
        incoming: &Incoming,
    ) -> Option<Arc<TrackingNumber>> {
        let number = PhoneNumber::parse(&incoming.dialled, self.settings.home).ok()?;
        let number = directory.number_by_digits(number)?;
        if !number.stage.takes_calls() {
            return None;
        }
        if self.is_test(incoming) {
            return Some(Arc::clone(number));
        }
        let speaks_for = |trunk: &TrunkProfile| {
            let ip = incoming.remote.ip();
            trunk.id == incoming.trunk || trunk.addresses.iter().any(|range| range.contains(ip))
        };
        directory
            .profile(number.trunk)
            .filter(|t| speaks_for(t))
            .map(|_| Arc::clone(number))
    }

    /// Whether the call is the server's own test.
    fn is_test(&self, incoming: &Incoming) -> bool {
        self.checks.is_call(incoming.remote, incoming.trunk)
    }

    async fn credit(&self, number: &TrackingNumber, incoming: &Incoming) -> Verdict {
        let credit = self.attributions.credit(
            number,
            incoming.caller,
            incoming.received_at,
            self.is_test(incoming),
        );
        let trouble = match timeout(ATTRIBUTION_WAIT, credit).await {
            Ok(Ok(verdict)) => return verdict,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(trouble, "a call is attributed from memory alone");
        metrics::counter!("trunkline_attribution_missed_total").increment(1);
        self.attributions.from_memory(number, incoming.received_at)
    }

    fn plan_recording(
        &self,
        account: &Account,
        call: CallId,
        at: Timestamp,
    ) -> Option<(RecordingPlan, RecordingRow)> {
        if !account.recording_waiver {
            return None;
        }
        let id = self.moment.id();
        let day = at.to_rfc3339().chars().take(10).collect::<String>();
        let relative = format!("{}/{day}/{id}.wav", account.id);
        let plan = RecordingPlan {
            id,
            path: self.settings.recordings.join(&relative),
        };
        let row = RecordingRow {
            id,
            call,
            account: account.id,
            path: relative,
            state: RecordingState::Writing,
            duration_ms: 0,
            bytes: 0,
            started_at: at,
        };
        Some((plan, row))
    }

    /// Turns the flow's actions into a performer's, refusing destinations that toll rules forbid: the
    /// flow then goes on as if the attempt had failed.
    async fn perform(
        &self,
        call: CallId,
        mut actions: Vec<FlowAction>,
        events: &mut Vec<CallEventRow>,
    ) -> Vec<Action> {
        let mut out = Vec::with_capacity(actions.len());
        while let Some(action) = actions.pop() {
            match action {
                FlowAction::HangUp { sip_status } => out.push(Action::HangUp {
                    status: sip_status,
                    reason: reason_phrase(sip_status),
                }),
                FlowAction::Dial {
                    attempt,
                    to,
                    ring_timeout_ms,
                } => match self.permit(call, attempt, to, events).await {
                    Some(trunk) => out.push(Action::Dial(Dial {
                        attempt,
                        trunk,
                        to,
                        caller_id: None,
                        ring_timeout_ms,
                    })),
                    None => actions = self.refused(call, attempt, events),
                },
            }
        }
        out
    }

    /// The trunk to dial over, when the destination may be dialled.
    async fn permit(
        &self,
        call: CallId,
        attempt: u32,
        to: PhoneNumber,
        events: &mut Vec<CallEventRow>,
    ) -> Option<TrunkId> {
        let (account, own_trunk) = {
            let mut active = hold(&self.active);
            let call = active.get_mut(&call)?;
            events.push(call.attempt(self.moment.id(), attempt, to, self.moment.now()));
            (call.row.account, call.row.trunk)
        };
        let directory = self.directory.now();
        let account = directory.account(account)?.clone();
        let used = self.toll_use(&account).await;
        let refusal = account.toll.permit(to, used).err();
        let trunk = directory.outbound(own_trunk, account.id).map(|t| t.id);
        let reason = match (refusal, trunk) {
            (None, Some(trunk)) => return Some(trunk),
            (Some(refusal), _) => {
                metrics::counter!("trunkline_toll_refused_total", "reason" => refusal.word())
                    .increment(1);
                tracing::warn!(account = %account.id, to = %to.masked(), reason = refusal.word(), "a destination was refused");
                refusal.to_string()
            }
            (None, None) => "no trunk can dial out; set a peer on one".to_owned(),
        };
        let mut active = hold(&self.active);
        let call = active.get_mut(&call)?;
        let mut event = call.event(self.moment.id(), self.moment.now(), CallEventKind::Refused);
        event.attempt = Some(attempt);
        event.destination = Some(to);
        event.detail = reason;
        events.push(event);
        None
    }

    fn refused(&self, call: CallId, attempt: u32, events: &[CallEventRow]) -> Vec<FlowAction> {
        let event = FlowEvent::DialFailed {
            attempt,
            outcome: DialOutcome::Refused,
            sip_status: None,
        };
        let mut active = hold(&self.active);
        let Some(call) = active.get_mut(&call) else {
            return Vec::new();
        };
        // The refusal with its reason is in the events already; this only moves the flow on.
        let _ = call.note(self.moment.id(), &event, self.moment.now());
        debug_assert!(
            events
                .last()
                .is_some_and(|e| e.kind == CallEventKind::Refused)
        );
        call.step(event)
    }

    /// Calls in progress and minutes of today, those of calls in progress included. Minutes of ended
    /// calls are read once a day and account, then counted.
    async fn toll_use(&self, account: &Account) -> TollUse {
        let now = self.moment.now();
        let (concurrent, running) = {
            let active = hold(&self.active);
            let own = active
                .values()
                .filter(|c| c.row.account == account.id && !c.row.synthetic);
            let minutes = |c: &ActiveCall| {
                c.row
                    .answered_at
                    .map_or(0, |at| begun_minutes(now.millis_since(at)))
            };
            own.fold((0_u32, 0), |(calls, sum), call| {
                (calls + 1, sum + minutes(call))
            })
        };
        let today = account.zone.start_of_day(now);
        let known = hold(&self.minutes).get(&account.id).copied();
        let ended = match known {
            Some((day, minutes)) if day == today => minutes,
            _ => self.read_minutes(account.id, today).await.unwrap_or(0),
        };
        TollUse {
            concurrent_calls: concurrent,
            minutes_today: u32::try_from(ended + running).unwrap_or(u32::MAX),
        }
    }

    /// Minutes of calls that ended since the start of the day; `None` when the store is late, so that a
    /// call is not lost for it.
    async fn read_minutes(&self, account: AccountId, today: Timestamp) -> Option<i64> {
        let read = timeout(ATTRIBUTION_WAIT, self.records.minutes_since(account, today)).await;
        let minutes = read.ok()?.ok()?;
        hold(&self.minutes).insert(account, (today, minutes));
        Some(minutes)
    }

    fn count_minutes(&self, account: AccountId, talk_ms: i64) {
        if let Some((_, minutes)) = hold(&self.minutes).get_mut(&account) {
            *minutes += begun_minutes(talk_ms);
        }
    }

    fn tell(&self, row: &CallRow) {
        if row.synthetic {
            return;
        }
        self.live.tell(LiveEvent::Call(Arc::new(row.clone())));
    }

    /// Saves and publishes a call as it stands.
    async fn keep(&self, call: CallId, events: Vec<CallEventRow>, with_recording: bool) {
        let change = {
            let active = hold(&self.active);
            let Some(call) = active.get(&call) else {
                return;
            };
            let recording = call.recording.clone().filter(|_| with_recording);
            CallChange {
                call: call.row.clone(),
                events,
                recording,
                label: None,
            }
        };
        self.tell(&change.call);
        self.keeper.keep(&change).await;
    }
}

pub(super) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in another call must not end this one: every change of the map is complete.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl CallControl for Calls {
    fn trunk_by_address(
        &self,
        remote: SocketAddr,
        transport: Transport,
    ) -> Option<Arc<TrunkProfile>> {
        self.checks.trunk(remote, transport).or_else(|| {
            let directory = self.directory.peek();
            directory
                .profile_by_address(remote.ip(), transport)
                .cloned()
        })
    }

    fn trunk(&self, id: TrunkId) -> Option<Arc<TrunkProfile>> {
        self.directory.peek().profile(id).cloned()
    }

    async fn incoming(&self, incoming: Incoming) -> Admission {
        let directory = self.directory.now();
        let Some(number) = self.find_number(&directory, &incoming) else {
            metrics::counter!("trunkline_call_unknown_number_total").increment(1);
            return Admission::Refused {
                status: 404,
                reason: "Not Found",
                retry_after_s: None,
            };
        };
        let Some(account) = directory.account(number.account).cloned() else {
            return Admission::Refused {
                status: 404,
                reason: "Not Found",
                retry_after_s: None,
            };
        };
        let verdict = self.credit(&number, &incoming).await;
        let call = self.moment.id();
        let synthetic = self.is_test(&incoming);
        // A test rings nobody, is not recorded, and keeps no number from visitors.
        let recording = (!synthetic)
            .then(|| self.plan_recording(&account, call, incoming.received_at))
            .flatten();
        let (plan, recording_row) = recording.unzip();
        let tapped = verdict.tapped;
        let mut row = open_row(call, &number, &incoming, verdict, plan.as_ref());
        row.synthetic = synthetic;
        row.first_time &= !synthetic;
        let own = number.flow.and_then(|id| directory.flow(id));
        let flow = match own {
            _ if synthetic => FlowDocument::ring_nobody(),
            Some(own) => own.document.clone(),
            None => FlowDocument::forward(),
        };
        let lines = Lines {
            business_line: number.business_line,
            second_line: number.second_line,
        };
        let mut active = ActiveCall::new(row, Arc::new(flow), lines, recording_row, tapped);
        let mut events =
            vec![active.event(self.moment.id(), incoming.received_at, CallEventKind::Ring)];
        let actions = active.step(FlowEvent::Started);
        hold(&self.active).insert(call, active);
        if !synthetic {
            self.assignments.call_started(number.id);
            metrics::counter!("trunkline_calls_total").increment(1);
        }
        let actions = self.perform(call, actions, &mut events).await;
        self.keep(call, events, false).await;
        Admission::Accepted {
            call,
            recording: plan,
            limits: self.settings.limits,
            actions,
        }
    }

    async fn event(&self, call: CallId, event: FlowEvent) -> Vec<Action> {
        let now = self.moment.now();
        let (noted, actions) = {
            let mut active = hold(&self.active);
            let Some(active) = active.get_mut(&call) else {
                return Vec::new();
            };
            (
                active.note(self.moment.id(), &event, now),
                active.step(event),
            )
        };
        let mut events: Vec<CallEventRow> = noted.into_iter().collect();
        let actions = self.perform(call, actions, &mut events).await;
        if !events.is_empty() {
            // A recording starts when somebody answers.
            let connected = events.iter().any(|e| e.kind == CallEventKind::Connected);
            self.keep(call, events, connected).await;
        }
        actions
    }

    fn progress(&self, call: CallId, at: Timestamp) {
        if let Some(active) = hold(&self.active).get_mut(&call) {
            active.row.progress_at = at;
        }
        hold(&self.marks).insert(call, at);
    }

    async fn ended(&self, call: CallId, end: CallEnd) {
        let ended = {
            let mut active = hold(&self.active);
            let Some(call) = active.get_mut(&call) else {
                return;
            };
            let event = call.close(self.moment.id(), &end);
            CallChange {
                call: call.row.clone(),
                events: vec![event],
                recording: call.recording.clone(),
                label: match self.checks.session() {
                    Some(session) if call.row.synthetic => {
                        Some(call.test_label(self.moment.id(), session, end.ended_at))
                    }
                    _ => call.tap_label(self.moment.id(), end.ended_at),
                },
            }
        };
        hold(&self.marks).remove(&call);
        self.count_minutes(ended.call.account, ended.call.talk_ms);
        if !ended.call.synthetic {
            self.assignments.call_ended(ended.call.number);
        }
        self.keeper.keep(&ended).await;
        hold(&self.active).remove(&call);
        self.tell(&ended.call);
    }
}

/// Minutes of a connected leg, the last one counted whole.
const fn begun_minutes(ms: i64) -> i64 {
    (ms + 59_999) / 60_000
}

fn open_row(
    call: CallId,
    number: &TrackingNumber,
    incoming: &Incoming,
    verdict: Verdict,
    recording: Option<&RecordingPlan>,
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
        sip_call_id: incoming.sip_call_id.clone(),
        state: CallState::Ringing,
        result: None,
        started_at: incoming.received_at,
        answered_at: None,
        ended_at: None,
        progress_at: incoming.received_at,
        talk_ms: 0,
        destination: None,
        source: verdict.source,
        session: verdict.session,
        probability: verdict.probability,
        ambiguous: verdict.ambiguous,
        first_time: verdict.first_time,
        candidates: verdict.candidates,
        model: verdict.model,
        confirmed_at: None,
        synthetic: false,
        ended_by: None,
        end_reason: None,
        sip_status: None,
        q850: None,
        quality: None,
        recording: recording.map(|r| r.id),
        review: false,
    }
}

/// Reason phrases of RFC 3261, section 21, for the statuses a flow ends with.
const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        502 => "Bad Gateway",
        603 => "Decline",
        _ => "Call Ended",
    }
}
