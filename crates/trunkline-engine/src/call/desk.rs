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
use trunkline_core::base::id::{AccountId, CallId, FlowId, TrunkId};
use trunkline_core::base::{Country, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{FlowDocument, FlowEvent, Prompt};

use super::active::ActiveCall;
use super::control::{
    Action, Admission, CallControl, CallEnd, CallLimits, Incoming, Sound, Transport, TrunkProfile,
};
use super::keeper::Keeper;
use super::opening::open_row;
use crate::assignment::Assignments;
use crate::attribution::{Attributions, Verdict, credited};
use crate::check::Checks;
use crate::clock::Moment;
use crate::directory::{Directory, SharedDirectory};
use crate::live::{LiveBus, LiveEvent};
use crate::ports::calls::{CallChange, CallEventKind, CallEventRow, CallRow};
use crate::ports::labels::{Confirmed, Said};
use crate::ports::{Asks, CallRecords};

/// Longest a call waits for attribution before it goes on without.
const ATTRIBUTION_WAIT: Duration = Duration::from_millis(200);
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
    pub(super) directory: SharedDirectory,
    pub(super) assignments: Arc<Assignments>,
    attributions: Attributions,
    pub(super) records: Arc<dyn CallRecords>,
    pub(super) keeper: Arc<Keeper>,
    live: LiveBus,
    checks: Arc<Checks>,
    pub(super) asks: Arc<dyn Asks>,
    pub(super) settings: CallSettings,
    pub(super) active: Mutex<HashMap<CallId, ActiveCall>>,
    marks: Mutex<HashMap<CallId, Timestamp>>,
    /// Minutes of ended legs today by account: start of the day, minutes.
    pub(super) minutes: Mutex<HashMap<AccountId, (Timestamp, i64)>>,
    /// Calls of each flow that takes turns, since the start.
    pub(super) turns: Mutex<HashMap<FlowId, u64>>,
    /// The flow of numbers that have none.
    pub(super) forward: Arc<FlowDocument>,
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
        asks: Arc<dyn Asks>,
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
            asks,
            settings,
            active: Mutex::default(),
            marks: Mutex::default(),
            minutes: Mutex::default(),
            turns: Mutex::default(),
            forward: Arc::new(FlowDocument::forward()),
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
        let number = self.read_dialled(directory, incoming)?;
        let number = directory.number_by_digits(number)?;
        if !number.stage.takes_calls() {
            return None;
        }
        if self.is_test(incoming) {
            return Some(Arc::clone(number));
        }
        let speaks_for = |trunk: &TrunkProfile| {
            let ip = incoming.remote.ip();
            trunk.id == incoming.trunk || trunk.admits(ip)
        };
        directory
            .profile(number.trunk)
            .filter(|t| speaks_for(t))
            .map(|_| Arc::clone(number))
    }

    /// The dialled number, in the way its trunk writes numbers.
    fn read_dialled(&self, directory: &Directory, incoming: &Incoming) -> Option<PhoneNumber> {
        let home = self.settings.home;
        let read = directory.profile(incoming.trunk).and_then(|trunk| {
            let formats = &trunk.settings.formats;
            formats.read_dialled(&incoming.dialled, home)
        });
        read.or_else(|| PhoneNumber::parse(&incoming.dialled, home).ok())
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

    fn tell(&self, row: &CallRow) {
        if row.synthetic {
            return;
        }
        self.live.tell(LiveEvent::Call(Arc::new(row.clone())));
    }

    /// Saves and publishes a call as it stands.
    pub(super) async fn keep(&self, call: CallId, events: Vec<CallEventRow>, with_recording: bool) {
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

/// Whether a message is to be recorded.
fn records(actions: &[Action]) -> bool {
    actions.iter().any(|a| matches!(a, Action::Voicemail(_)))
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

    async fn sound(&self, _call: CallId, _prompt: &Prompt) -> Option<Arc<Sound>> {
        None
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
        // A test rings nobody, is not recorded, and keeps no number from visitors.
        let synthetic = self.is_test(&incoming);
        let tapped = verdict.tapped;
        let mut row = open_row(call, &number, &incoming, verdict, synthetic);
        let running = self.choose_flow(&directory, &account, &number, &row).await;
        let (plan, recording) = self.plan_recording(&running, &row).unzip();
        row.flow = running.flow;
        row.recording = plan.as_ref().map(|plan| plan.id);
        let mut active = ActiveCall::new(row, running, recording, tapped);
        let mut events =
            vec![active.event(self.moment.id(), incoming.received_at, CallEventKind::Ring)];
        let (_, actions) = active.take(self.moment.id(), FlowEvent::Started, incoming.received_at);
        hold(&self.active).insert(call, active);
        if !synthetic {
            self.assignments.call_started(number.id);
            metrics::counter!("trunkline_calls_total").increment(1);
        }
        let actions = self.perform(call, actions, &mut events).await;
        self.keep(call, events, records(&actions)).await;
        Admission::Accepted {
            call,
            recording: plan,
            limits: self.settings.limits,
            actions,
        }
    }

    async fn event(&self, call: CallId, event: FlowEvent) -> Vec<Action> {
        if let Some((row, action)) = self.fail_over(call, &event) {
            self.keep(call, vec![row], false).await;
            return vec![action];
        }
        let now = self.moment.now();
        let (noted, actions) = {
            let mut active = hold(&self.active);
            let Some(active) = active.get_mut(&call) else {
                return Vec::new();
            };
            active.take(self.moment.id(), event, now)
        };
        let mut events: Vec<CallEventRow> = noted.into_iter().collect();
        let actions = self.perform(call, actions, &mut events).await;
        if !events.is_empty() {
            // A recording starts when somebody answers, or with a message.
            let connected = events.iter().any(|e| e.kind == CallEventKind::Connected);
            self.keep(call, events, connected || records(&actions))
                .await;
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
