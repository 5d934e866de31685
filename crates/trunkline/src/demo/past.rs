//! Three weeks before the demo began, so that reports, the reliability of attribution and advice have something to tell:
//! the same people in simulated time, through the server's own arrivals, beacons and calls under a clock set by hand.
//! No sound and no SIP: those calls have no recordings.

mod crowd;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Context;
use trunkline_clients::AskClient;
use trunkline_core::assignment::Network;
use trunkline_core::base::{Country, PhoneNumber, SipHosts, Timestamp};
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::{DialOutcome, EndReason, EndedBy, RecordingConsent};
use trunkline_core::visitor::{Consent, Device, Landing};
use trunkline_engine::assignment::sweep::SWEEP_EVERY_MS;
use trunkline_engine::assignment::{Assignments, Beacon, Known, Visit as Arrival};
use trunkline_engine::attribution::Attributions;
use trunkline_engine::call::control::{
    self, Action, Admission, CallControl, CallEnd, CallLimits, Incoming, Signalled,
};
use trunkline_engine::call::{CallSettings, Calls, Keeper, Peers, Screener};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::live::LiveBus;
use trunkline_engine::ports::Configuration;
use trunkline_engine::setup::Performers;
use trunkline_sim::carrier::{Behaviour, HangsUp};
use trunkline_sim::world::{Calendar, Conversation, Happening, Pace, Plan, Visit};
use trunkline_store::FileSpool;

use super::account::Demo;
use super::front_desk::UNWANTED;
use crate::wiring::{House, SystemResolver};

/// How far back, in days, and how long before the demo it ends, in milliseconds.
const DAYS: i64 = 21;
const GAP_MS: i64 = 3 * 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// How long a call of the past waits for the store: nobody stands before it.
const PATIENCE: Duration = Duration::from_secs(60);
const BEAT_MS: i64 = 20_000;
/// From the answer of `assign` to the first beacon, in milliseconds.
const SHOWN_AFTER_MS: i64 = 700;

/// A small business: forty visitors a day, of whom a third call.
const PACE: Pace = Pace {
    visitors_per_minute: 40.0 / 1_440.0,
    callers: 0.33,
    strangers_per_minute: 2.0 / 1_440.0,
    call_again: 0.12,
    visit_ms: 95_000.0,
    talk_ms: (150_000.0, 1_500_000.0),
    evenness: 1,
    opening: 0,
    calendar: Some(Calendar {
        weekday: 0,
        time_ms: 0,
    }),
};

/// Days after the start on which the caller calls whom the business does not let through, and when of the day.
const UNWANTED_DAYS: [i64; 2] = [12, 19];
const UNWANTED_MS: i64 = 4 * 3_600_000;

/// What would be said if the call were let through.
const fn unwanted() -> Conversation {
    Conversation {
        talk: 5,
        person: 5,
        talk_ms: 0,
        hang_up: HangsUp::Caller,
        patience_ms: 30_000,
        meets: Vec::new(),
    }
}

/// A clock that goes where it is told.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// What happens at a moment, to the visit or call with that index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Page(usize, String),
    Shown(usize),
    Beat(usize),
    Tap(usize),
    Ring(usize),
    HangUp(usize),
    Sweep,
}

/// Somebody's call.
struct Ringing {
    caller: PhoneNumber,
    /// The visit, or the printed number that is dialled.
    dials: Result<usize, PhoneNumber>,
    conversation: Conversation,
    again: Option<(u64, Conversation)>,
    /// Once it is connected: how it ends.
    up: Option<(trunkline_core::base::id::CallId, CallEnd)>,
}

struct Past<'a> {
    demo: &'a Demo,
    clock: Arc<HandClock>,
    directory: SharedDirectory,
    assignments: Arc<Assignments>,
    calls: Calls,
    keeper: Arc<Keeper>,
    steps: BinaryHeap<Reverse<(i64, Step)>>,
    visits: Vec<(Visit, Option<(Known, PhoneNumber)>)>,
    ringing: Vec<Ringing>,
    base: String,
}

/// Lets three weeks pass on an empty house that was set up.
///
/// # Errors
/// When the store refuses.
pub(super) async fn pass(
    house: &House,
    demo: &Demo,
    site_base: &str,
    data: &Path,
    seed: u64,
) -> anyhow::Result<()> {
    let end = house.backend.moment.now().plus_millis(-GAP_MS);
    let start = end.plus_millis(-DAYS * DAY_MS);
    let clock = Arc::new(HandClock(AtomicI64::new(start.as_millis())));
    let moment = Moment::new(clock.clone(), 0);
    let mut all = house.store.load().await?;
    for account in &mut all.accounts {
        account.recording_consent = RecordingConsent::Notice;
    }
    let now = house.backend.directory.now();
    for trunk in &mut all.trunks {
        trunk.profile.peer = now.trunk(trunk.profile.id).and_then(|t| t.profile.peer);
    }
    let directory = SharedDirectory::default();
    directory.replace(Directory::new(all));
    let store = Arc::new(house.store.clone());
    let assignments = Arc::new(Assignments::new(
        moment.clone(),
        directory.clone(),
        store.clone(),
    ));
    assignments.reload();
    let spool = data.join("past.spool");
    let spooling = Arc::new(FileSpool::open(&spool)?);
    let keeper = Keeper::new(store.clone(), spooling, store.clone(), moment.clone());
    let keeper = Arc::new(keeper);
    keeper.reconcile().await?;
    let attributions = Attributions::new(
        store.clone(),
        store.clone(),
        Arc::clone(&assignments),
        house.backend.models.clone(),
    );
    let settings = CallSettings {
        recordings: data.join("recordings"),
        limits: CallLimits::default(),
        store_wait: PATIENCE,
        home: Country::US,
    };
    let sounds = Arc::clone(&house.backend.sounds);
    let screener = Screener::new(store.clone(), Performers::default(), sounds, PATIENCE);
    screener.reload().await?;
    let calls = Calls::new(
        moment,
        directory.clone(),
        Arc::clone(&assignments),
        attributions,
        Arc::new(screener),
        store,
        Arc::clone(&keeper),
        LiveBus::default(),
        Arc::clone(&house.backend.checks),
        Arc::new(AskClient::new(false)),
        Arc::clone(&house.backend.sounds),
        Arc::clone(&house.backend.router),
        Peers::new(Arc::new(SystemResolver), SipHosts::default(), false),
        settings,
    );
    let past = Past {
        demo,
        clock,
        directory,
        assignments,
        calls,
        keeper,
        steps: BinaryHeap::new(),
        visits: Vec::new(),
        ringing: Vec::new(),
        base: site_base.to_owned(),
    };
    past.go(start, end, Plan::new(seed, PACE)).await?;
    std::fs::remove_file(&spool).ok();
    Ok(())
}

impl Past<'_> {
    async fn go(mut self, start: Timestamp, end: Timestamp, plan: Plan) -> anyhow::Result<()> {
        self.after(start, SWEEP_EVERY_MS as i64, Step::Sweep);
        for days in UNWANTED_DAYS {
            let at = start.plus_millis(days * DAY_MS + UNWANTED_MS);
            let printed = self.demo.printed.first().copied();
            let dialled = printed.context("no printed number")?;
            self.ring_at(at, UNWANTED, Err(dialled), unwanted(), None);
        }
        let mut crowds = crowd::moments(start).into_iter().peekable();
        for entry in plan {
            let at = start.plus_millis(i64::try_from(entry.at_ms)?);
            if at > end {
                break;
            }
            while let Some(moment) = crowds.next_if(|moment| *moment <= at) {
                self.crowd(moment).await;
            }
            self.run_until(at).await;
            // A machine that is busy for a moment spools a call, and those after it wait behind it.
            self.keeper.reconcile().await?;
            self.set(at.max(self.clock.now()));
            match entry.what {
                Happening::Visit(visit) => self.arrive(*visit).await,
                Happening::Stranger(stranger) => {
                    let printed = &self.demo.printed;
                    let index = usize::try_from(stranger.printed % printed.len().max(1) as u64)?;
                    let dialled = printed.get(index).copied().context("no printed number")?;
                    self.ring_at(
                        at,
                        stranger.caller,
                        Err(dialled),
                        stranger.conversation,
                        None,
                    );
                }
            }
        }
        // Calls that are up come to their end; nobody arrives any more.
        self.run_until(end.plus_millis(GAP_MS / 2)).await;
        self.keeper.reconcile().await?;
        Ok(())
    }

    fn set(&self, at: Timestamp) {
        self.clock.0.store(at.as_millis(), Ordering::Relaxed);
    }

    fn after(&mut self, at: Timestamp, ms: i64, step: Step) {
        self.steps
            .push(Reverse((at.plus_millis(ms).as_millis(), step)));
    }

    fn ring_at(
        &mut self,
        at: Timestamp,
        caller: PhoneNumber,
        dials: Result<usize, PhoneNumber>,
        conversation: Conversation,
        again: Option<(u64, Conversation)>,
    ) {
        self.ringing.push(Ringing {
            caller,
            dials,
            conversation,
            again,
            up: None,
        });
        self.after(at, 0, Step::Ring(self.ringing.len() - 1));
    }

    async fn run_until(&mut self, until: Timestamp) {
        while let Some(Reverse((at, _))) = self.steps.peek()
            && *at <= until.as_millis()
        {
            let Some(Reverse((at, step))) = self.steps.pop() else {
                return;
            };
            let at = Timestamp::from_millis(at);
            self.set(at);
            match step {
                Step::Page(visit, path) => {
                    let page = format!("{}{path}", self.base);
                    self.tell(visit, Beacon::Page { page }).await;
                }
                Step::Shown(visit) => {
                    let page = format!("{}{}", self.base, self.visits[visit].0.pages[0].path);
                    self.tell(visit, Beacon::Shown { swaps: 8, page }).await;
                }
                Step::Beat(visit) => self.tell(visit, Beacon::Beat).await,
                Step::Tap(visit) => {
                    if let Some((_, number)) = self.visits[visit].1 {
                        self.tell(visit, Beacon::Tap { number, ago_ms: 0 }).await;
                    }
                }
                Step::Ring(call) => self.ring(call, at).await,
                Step::HangUp(call) => self.hang_up(call, at).await,
                Step::Sweep => {
                    self.assignments.sweep();
                    self.after(at, SWEEP_EVERY_MS as i64, Step::Sweep);
                }
            }
        }
    }

    async fn tell(&self, visit: usize, beacon: Beacon) {
        if let Some((known, _)) = self.visits[visit].1 {
            let told = vec![beacon];
            self.assignments
                .beacons(self.demo.site, known, None, Network::UNKNOWN, 1, told)
                .await;
        }
    }

    async fn arrive(&mut self, visit: Visit) {
        let at = self.clock.now();
        let page = format!("{}{}", self.base, visit.pages[0].path);
        let directory = self.directory.now();
        let (Some(site), Some(landing)) = (directory.site(self.demo.site), Landing::parse(&page))
        else {
            return;
        };
        let answer = self
            .assignments
            .arrive(Arrival {
                site: Arc::clone(site),
                landing,
                page,
                referrer: visit.referrer.to_owned(),
                network: Network::UNKNOWN,
                device: Device::from_user_agent(visit.agent),
                locality: None,
                synthetic: false,
                consent: Consent::from_level(visit.consent).unwrap_or(Consent::None),
                known: None,
                config_version: 1,
                waits: false,
            })
            .await;
        let number = answer.numbers.first().map(|n| n.replacement.number);
        let index = self.visits.len();
        self.after(at, SHOWN_AFTER_MS, Step::Shown(index));
        let mut ms = 0;
        for (nth, stay) in visit.pages.iter().enumerate() {
            if nth > 0 {
                self.after(at, ms, Step::Page(index, stay.path.clone()));
            }
            ms += i64::try_from(stay.ms).unwrap_or(0);
        }
        for beat in 1..=ms / BEAT_MS {
            self.after(at, beat * BEAT_MS, Step::Beat(index));
        }
        if let (Some(call), Some(_)) = (visit.call.clone(), number) {
            let rings = i64::try_from(call.after_ms).unwrap_or(0);
            if let Some(tapped) = call.tapped_ms {
                let before = i64::try_from(tapped).unwrap_or(0);
                self.after(
                    at,
                    (rings - before).max(SHOWN_AFTER_MS + 1),
                    Step::Tap(index),
                );
            }
            let at = at.plus_millis(rings);
            self.ring_at(at, call.caller, Ok(index), call.conversation, call.again);
        }
        self.visits.push((visit, answer.session.zip(number)));
    }

    /// The call comes, and what the lines do with it is played at once up to where it is connected.
    async fn ring(&mut self, index: usize, at: Timestamp) {
        let ringing = &self.ringing[index];
        let dialled = match ringing.dials {
            Err(printed) => Some(printed),
            Ok(visit) => self.visits[visit].1.map(|(_, number)| number),
        };
        let (Some(dialled), caller) = (dialled, ringing.caller) else {
            return;
        };
        let conversation = ringing.conversation.clone();
        let directory = self.directory.now();
        let Some(number) = directory.number_by_digits(dialled) else {
            return;
        };
        let Some(remote) = directory.profile(number.trunk).and_then(|p| p.peer) else {
            return;
        };
        let incoming = Incoming {
            trunk: number.trunk,
            caller: Some(caller),
            caller_text: caller.to_string(),
            dialled: dialled.to_string(),
            sip_call_id: format!("past-{index}"),
            arrival: control::Arrival::Sip { remote },
            attestation: None,
            signalled: Signalled::default(),
            received_at: at,
        };
        let Admission::Accepted { call, actions, .. } = self.calls.incoming(incoming).await else {
            return;
        };
        let mut now = at;
        let mut actions = actions;
        let mut connected = false;
        for (nth, behaviour) in conversation.meets.iter().enumerate() {
            let attempt = u32::try_from(nth + 1).unwrap_or(1);
            if !matches!(actions.as_slice(), [Action::Dial(_)]) {
                break;
            }
            let failed = |outcome, sip_status| FlowEvent::DialFailed {
                attempt,
                outcome,
                sip_status,
            };
            let (ms, event) = match behaviour {
                Behaviour::Answer { after_ms } => (*after_ms, FlowEvent::Answered { attempt }),
                Behaviour::NoAnswer => (25_000, failed(DialOutcome::NoAnswer, None)),
                Behaviour::Busy => (900, failed(DialOutcome::Busy, Some(486))),
                Behaviour::Decline => (3_000, failed(DialOutcome::Busy, Some(603))),
                Behaviour::Fail => (600, failed(DialOutcome::Failed, Some(503))),
            };
            now = now.plus_millis(i64::try_from(ms).unwrap_or(0));
            self.set(now);
            connected = matches!(event, FlowEvent::Answered { .. });
            actions = self.calls.event(call, event).await;
            if connected {
                break;
            }
        }
        let talk_ms = if connected { conversation.talk_ms } else { 0 };
        let ends = now.plus_millis(i64::try_from(talk_ms).unwrap_or(0));
        let by = match conversation.hang_up {
            HangsUp::Caller => EndedBy::Caller,
            HangsUp::Destination if connected => EndedBy::Destination,
            HangsUp::Destination => EndedBy::Caller,
        };
        let end = CallEnd {
            by,
            reason: if connected {
                EndReason::HungUp
            } else {
                EndReason::NoDestination
            },
            sip_status: None,
            q850: None,
            ended_at: ends,
            talk_ms,
            caller_ms: None,
            quality: None,
            recording: None,
        };
        self.ringing[index].up = Some((call, end));
        self.after(ends, 0, Step::HangUp(index));
    }

    async fn hang_up(&mut self, index: usize, at: Timestamp) {
        let ringing = &mut self.ringing[index];
        let Some((call, end)) = ringing.up.take() else {
            return;
        };
        let again = ringing.again.take();
        let (caller, dials) = (ringing.caller, ringing.dials);
        self.calls.ended(call, end).await;
        if let Some((wait, conversation)) = again {
            let at = at.plus_millis(i64::try_from(wait).unwrap_or(0));
            self.ring_at(at, caller, dials, conversation, None);
        }
    }
}
