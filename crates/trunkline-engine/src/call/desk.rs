//! The desk: carries calls from the INVITE to the hang-up. It implements [`CallControl`] for every
//! performer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::id::{AccountId, CallId, FlowId, TrunkId};
use trunkline_core::base::{Country, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{FlowDocument, FlowEvent, Prompt};
use trunkline_core::call::screening::{Screening, ScreeningVerdict};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy};

use super::active::{ActiveCall, CallStep};
use super::bids::ByBid;
use super::control::{
    Action, Admission, Arrival, CallControl, CallEnd, CallLimits, Incoming, SOUND_WAIT_MS, Sound,
    Transport, TrunkProfile,
};
use super::keeper::Keeper;
use super::opening::{Running, open_row};
use super::peers::Peers;
use super::perform::reason_phrase;
use super::screening::{Question, Screener};
use super::sounds::Sounds;
use crate::assignment::Assignments;
use crate::attribution::{Attributions, Verdict, credited};
use crate::check::Checks;
use crate::clock::Moment;
use crate::directory::{Directory, SharedDirectory};
use crate::live::{LiveBus, LiveEvent};
use crate::ports::calls::{CallChange, CallEventKind, CallEventRow, CallRow, OutboundUse};
use crate::ports::labels::{Confirmed, Said};
use crate::ports::sounds::SoundKey;
use crate::ports::{Asks, CallRecords, Lines};
use crate::routing::Router;
use crate::routing::rtb::Rtb;

/// What [`CallSettings::store_wait`] is when nobody says otherwise.
pub const STORE_WAIT: Duration = Duration::from_millis(200);
/// Longest a performer waits for a sound.
const SOUND_WAIT: Duration = Duration::from_millis(SOUND_WAIT_MS);
/// How often to call [`Calls::flush_progress`].
pub const PROGRESS_FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Settings of the call station.
#[derive(Debug, Clone)]
pub struct CallSettings {
    /// Folder of the recordings.
    pub recordings: PathBuf,
    /// Limits of every call.
    pub limits: CallLimits,
    /// Longest a call waits for each thing that the store knows before it goes on without.
    pub store_wait: Duration,
    /// How numbers without country code are read when a trunk signals them.
    pub home: Country,
}

/// The desk.
pub struct Calls {
    pub(super) moment: Moment,
    pub(super) directory: SharedDirectory,
    pub(super) assignments: Arc<Assignments>,
    attributions: Attributions,
    screener: Arc<Screener>,
    pub(super) records: Arc<dyn CallRecords>,
    pub(super) keeper: Arc<Keeper>,
    live: LiveBus,
    checks: Arc<Checks>,
    pub(super) asks: Arc<dyn Asks>,
    sounds: Arc<Sounds>,
    pub(super) router: Arc<Router>,
    pub(super) peers: Arc<Peers>,
    pub(super) settings: CallSettings,
    /// Boxed: a map sets aside room for up to twice as many as there are.
    pub(super) active: Mutex<HashMap<CallId, Box<ActiveCall>>>,
    marks: Mutex<HashMap<CallId, Timestamp>>,
    /// What ended legs used today by account: start of the day, minutes and money.
    pub(super) used: Mutex<HashMap<AccountId, (Timestamp, OutboundUse)>>,
    /// Calls of each flow that takes turns, since the start.
    pub(super) turns: Mutex<HashMap<FlowId, u64>>,
    /// Whoever holds the lines of calls in progress.
    pub(super) lines: OnceLock<Arc<dyn Lines>>,
    pub(super) rtb: OnceLock<Arc<Rtb>>,
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
        screener: Arc<Screener>,
        records: Arc<dyn CallRecords>,
        keeper: Arc<Keeper>,
        live: LiveBus,
        checks: Arc<Checks>,
        asks: Arc<dyn Asks>,
        sounds: Arc<Sounds>,
        router: Arc<Router>,
        peers: Arc<Peers>,
        settings: CallSettings,
    ) -> Self {
        Self {
            moment,
            directory,
            assignments,
            attributions,
            screener,
            records,
            keeper,
            live,
            checks,
            asks,
            sounds,
            router,
            peers,
            settings,
            active: Mutex::default(),
            marks: Mutex::default(),
            used: Mutex::default(),
            turns: Mutex::default(),
            lines: OnceLock::new(),
            rtb: OnceLock::new(),
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

    /// Where a call in progress stands in its flow.
    #[must_use]
    pub fn step(&self, call: CallId) -> Option<CallStep> {
        Some(hold(&self.active).get(&call)?.step())
    }

    /// Whether the caller of a call in progress has yet to press the key that screening asks for.
    pub(crate) fn is_challenged(&self, call: CallId) -> bool {
        hold(&self.active)
            .get(&call)
            .is_some_and(|call| call.at_challenge())
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
        self.renew_reservations().await;
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
            let shares_address = match incoming.arrival {
                Arrival::Sip { remote } => trunk.admits(remote.ip()),
                Arrival::Webhook => false,
            };
            trunk.id == incoming.trunk || shares_address
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
        match incoming.arrival {
            Arrival::Sip { remote } => self.checks.is_call(remote, incoming.trunk),
            Arrival::Webhook => false,
        }
    }

    async fn credit(&self, number: &TrackingNumber, incoming: &Incoming) -> Verdict {
        let credit = self.attributions.credit(
            number,
            incoming.caller,
            incoming.received_at,
            self.is_test(incoming),
        );
        let trouble = match timeout(self.settings.store_wait, credit).await {
            Ok(Ok(verdict)) => return verdict,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(trouble, "a call is attributed from memory alone");
        metrics::counter!("trunkline_attribution_missed_total").increment(1);
        self.attributions.from_memory(number, incoming.received_at)
    }

    /// Refuses a call that screening stopped, and keeps its record. It costs and counts nothing else: it is credited to no
    /// visit, keeps no number from visitors, and uses no minutes.
    async fn block(
        &self,
        call: CallId,
        number: &TrackingNumber,
        incoming: &Incoming,
        screening: Screening,
    ) -> Admission {
        let status = match screening.verdict {
            ScreeningVerdict::Block { status } => status,
            ScreeningVerdict::Pass | ScreeningVerdict::Challenge { .. } => 603,
        };
        metrics::counter!("trunkline_call_screened_total", "verdict" => "block").increment(1);
        let now = self.moment.now();
        let row = CallRow {
            state: CallState::Ended,
            result: Some(CallResult::Blocked),
            ended_at: Some(now),
            progress_at: now,
            ended_by: Some(EndedBy::System),
            end_reason: Some(EndReason::Screened),
            sip_status: Some(status),
            screening: Some(screening.clone()),
            ..open_row(call, number, incoming, Verdict::default(), false)
        };
        let event = |kind, at, detail: String| CallEventRow {
            id: self.moment.id(),
            call,
            at,
            kind,
            attempt: None,
            destination: None,
            sip_status: None,
            detail,
        };
        let change = CallChange {
            call: row,
            events: vec![
                event(CallEventKind::Ring, incoming.received_at, String::new()),
                event(CallEventKind::Screened, now, screening.why),
                CallEventRow {
                    sip_status: Some(status),
                    ..event(
                        CallEventKind::Ended,
                        now,
                        EndReason::Screened.word().to_owned(),
                    )
                },
            ],
            recording: None,
            label: None,
        };
        self.tell(&change.call);
        self.keeper.keep(&change).await;
        Admission::Refused {
            status,
            reason: reason_phrase(status),
            retry_after_s: None,
        }
    }

    /// What the prompt of a call is found by; never a sound of another account.
    fn sound_key(&self, call: CallId, prompt: &Prompt) -> Option<SoundKey> {
        let account = hold(&self.active).get(&call)?.row.account;
        match prompt {
            Prompt::Asset(id) => {
                let directory = self.directory.peek();
                let own = directory.prompt(*id).filter(|p| p.account == account)?;
                Some(SoundKey::Stored(own.hash))
            }
            Prompt::Spoken(spoken) => self.sounds.spoken_key(spoken),
        }
    }

    pub(super) fn tell(&self, row: &CallRow) {
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

/// Puts the flow of a call behind a challenge, when screening says so; tells why.
fn challenge(
    running: &mut Running,
    question: Option<&Question>,
    screening: Option<&Screening>,
) -> Option<String> {
    let screening = screening?;
    let ScreeningVerdict::Challenge { digit } = screening.verdict else {
        return None;
    };
    metrics::counter!("trunkline_call_screened_total", "verdict" => "challenge").increment(1);
    running.challenge(question?.challenge_text(), digit);
    Some(screening.why.clone())
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

    async fn sound(&self, call: CallId, prompt: &Prompt) -> Option<Arc<Sound>> {
        let key = self.sound_key(call, prompt);
        let trouble = match key {
            Some(key) => match timeout(SOUND_WAIT, self.sounds.sound(key)).await {
                Ok(Ok(Some(sound))) => return Some(sound),
                Ok(Ok(None)) => "it is not kept".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it was not loaded in time".to_owned(),
            },
            None => "there is no such sound".to_owned(),
        };
        metrics::counter!("trunkline_sound_missed_total").increment(1);
        tracing::warn!(call = %call, trouble, "a caller did not hear a prompt");
        None
    }

    async fn incoming(&self, mut incoming: Incoming) -> Admission {
        let named = self.dialled_bid(&mut incoming).await;
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
        let call: CallId = self.moment.id();
        // A test rings nobody, is not recorded or screened, and keeps no number from visitors.
        let synthetic = self.is_test(&incoming);
        let mut question = (!synthetic).then(|| {
            let seed = call.raw().cast_unsigned();
            let dialect = directory.webhook(incoming.trunk).map(|w| w.dialect);
            self.screener.question(&number, &incoming, dialect, seed)
        });
        if let Some(refusal) = question.as_ref().and_then(Question::refused) {
            return self.block(call, &number, &incoming, refusal).await;
        }
        let decide = async {
            match &mut question {
                Some(question) => Some(self.screener.decide(question).await),
                None => None,
            }
        };
        let (verdict, screening) = tokio::join!(self.credit(&number, &incoming), decide);
        if let Some(refusal) = screening.clone().filter(Screening::blocks) {
            return self.block(call, &number, &incoming, refusal).await;
        }
        let mut by_bid = if synthetic {
            ByBid::default()
        } else {
            let directory = directory.as_ref();
            self.by_bid(directory, &number, named, &incoming, call)
                .await
        };
        if by_bid.refused {
            let why = by_bid.told.take().unwrap_or_default();
            return self.turn_away(call, &number, &incoming, why).await;
        }
        let tapped = verdict.tapped;
        let mut row = open_row(call, &number, &incoming, verdict, synthetic);
        let mut running = self.choose_flow(&directory, &account, &number, &row).await;
        let challenged = challenge(&mut running, question.as_ref(), screening.as_ref());
        row.screening = screening.filter(Screening::is_telling);
        let (plan, recording) = self.plan_recording(&running, &row).unzip();
        row.flow = running.flow;
        row.recording = plan.as_ref().map(|plan| plan.id);
        let mut active = ActiveCall::new(row, incoming.arrival, running, recording, tapped);
        let mut events =
            vec![active.event(self.moment.id(), incoming.received_at, CallEventKind::Ring)];
        if let Some(why) = challenged {
            events.push(active.screened(self.moment.id(), incoming.received_at, why));
        }
        active.routed = by_bid.routed;
        if let Some(told) = by_bid.told {
            events.push(CallEventRow {
                detail: told,
                ..active.event(self.moment.id(), incoming.received_at, CallEventKind::Bid)
            });
        }
        let (_, actions) = active.take(self.moment.id(), FlowEvent::Started, incoming.received_at);
        hold(&self.active).insert(call, Box::new(active));
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
        let event = self.as_taken(call, event, now);
        let (noted, actions) = self.walk(call, event, now).await;
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
        let directory = self.directory.now();
        let (ended, routed, talks) = {
            let mut active = hold(&self.active);
            let Some(call) = active.get_mut(&call) else {
                return;
            };
            let event = call.close(self.moment.id(), &end);
            call.close_legs(&directory, &end);
            let change = CallChange {
                call: call.row.clone(),
                events: vec![event],
                recording: call.recording.clone(),
                label: match self.checks.session() {
                    Some(session) if call.row.synthetic => {
                        Some(call.test_label(self.moment.id(), session, end.ended_at))
                    }
                    _ => call.tap_label(self.moment.id(), end.ended_at),
                },
            };
            (change, call.routed.take(), call.talks)
        };
        hold(&self.marks).remove(&call);
        self.count_use(&ended.call);
        match ended.call.result {
            _ if ended.call.synthetic => {}
            Some(CallResult::Blocked) => self.assignments.call_blocked(ended.call.number),
            _ => self.assignments.call_ended(ended.call.number),
        }
        if !self.settle(routed, talks, &end, &ended).await {
            self.keeper.keep(&ended).await;
        }
        hold(&self.active).remove(&call);
        self.tell(&ended.call);
    }
}
