//! The desk: records before dialling, toll limits, fail open, restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use trunkline_core::assignment::pool::COOL_DOWN_MS;
use trunkline_core::base::id::{AccountId, TrunkId};
use trunkline_core::base::{Callee, Country, Currency, PhoneNumber, SipHosts, Timestamp, Zone};
use trunkline_core::call::flow::{Ability, FlowEvent};
use trunkline_core::call::{
    CallResult, CallState, DialOutcome, EndReason, EndedBy, RecordingConsent, TollPolicy, TollRule,
};
use trunkline_core::report::QUALIFIED_SECONDS;
use trunkline_engine::assignment::Assignments;
use trunkline_engine::attribution::{Attributions, Matches, SharedModels};
use trunkline_engine::call::control::{
    Action, Admission, Arrival, CallControl, CallEnd, CallLimits, Cidr, Codec, Incoming, Signalled,
    Transport, TrunkProfile,
};
use trunkline_engine::call::trunk::TrunkSettings;
use trunkline_engine::call::{
    CallSettings, Calls, Keeper, Peers, STORE_WAIT, SalvagedRecording, Screener, Sounds,
};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::live::LiveBus;
use trunkline_engine::ports::calls::CallEventKind;
use trunkline_engine::ports::configuration::{Account, Everything, Trunk};
use trunkline_engine::ports::webhooks::Dialect;
use trunkline_engine::routing::Router;
use trunkline_engine::setup::Performers;

use crate::away::AwayStore;
use crate::configuration::NoNames;
use crate::ports::{
    HandClock, MemoryAsks, MemoryCalls, MemoryHistory, MemoryLabels, MemoryScreening, MemorySpool,
};
use crate::sounds::{MemoryFiles, MemorySpeech, PlainDecoder};
use crate::world::{POOL, SITE, everything};

pub(crate) const TRUNK: TrunkId = TrunkId::from_raw(7);
pub(crate) const BUSINESS: PhoneNumber = PhoneNumber::from_digits(12_142_345_678);

pub(crate) struct Desk {
    pub(crate) clock: Arc<HandClock>,
    pub(crate) records: Arc<MemoryCalls>,
    pub(crate) asks: Arc<MemoryAsks>,
    pub(crate) screening: Arc<MemoryScreening>,
    pub(crate) screener: Arc<Screener>,
    pub(crate) files: Arc<MemoryFiles>,
    pub(crate) speech: Arc<MemorySpeech>,
    pub(crate) sounds: Arc<Sounds>,
    spool: Arc<MemorySpool>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) assignments: Arc<Assignments>,
    pub(crate) directory: SharedDirectory,
    pub(crate) history: Arc<MemoryHistory>,
    pub(crate) labels: Arc<MemoryLabels>,
    pub(crate) matches: Matches,
    pub(crate) calls: Arc<Calls>,
}

pub(crate) async fn desk(toll: TollPolicy, second_line: Option<PhoneNumber>) -> Desk {
    desk_of(1, toll, second_line).await
}

/// A desk with a pool of so many numbers.
async fn desk_of(pool_size: u64, toll: TollPolicy, second_line: Option<PhoneNumber>) -> Desk {
    desk_with(pool_size, toll, second_line, |_| {}).await
}

/// A desk for which more is set up.
pub(crate) async fn desk_with(
    pool_size: u64,
    toll: TollPolicy,
    second_line: Option<PhoneNumber>,
    more: impl FnOnce(&mut Everything),
) -> Desk {
    let clock = HandClock::new();
    let mut all = everything(pool_size, false);
    all.numbers
        .iter_mut()
        .for_each(|n| n.second_line = second_line);
    all.accounts.push(Account {
        id: AccountId::from_raw(9),
        name: "Account".to_owned(),
        zone: Zone::parse("America/Chicago").expect("a zone"),
        currency: Currency::USD,
        country: Country::US,
        toll,
        recording_consent: RecordingConsent::Waiver,
        recording_keep_days: None,
        qualified_seconds: QUALIFIED_SECONDS,
        created_at: Timestamp::EPOCH,
    });
    let peer = "127.0.0.1:5070".parse().expect("an address");
    all.trunks.push(Trunk {
        profile: TrunkProfile {
            id: TRUNK,
            name: "Carrier".to_owned(),
            addresses: vec![Cidr::parse("127.0.0.0/8").expect("a range")],
            peer: Some(peer),
            transport: Transport::Udp,
            codecs: vec![Codec::Pcmu],
            nat: false,
            settings: TrunkSettings::default(),
        },
        peer_host: Some("127.0.0.1".to_owned()),
        peer_port: 5070,
        account: None,
        created_at: Timestamp::EPOCH,
    });
    more(&mut all);
    let directory = SharedDirectory::default();
    directory.replace(Directory::new(all));
    let moment = Moment::new(clock.clone(), 0);
    let history = Arc::new(MemoryHistory::default());
    let records = Arc::new(MemoryCalls::default());
    let spool = Arc::new(MemorySpool::default());
    let assignments = Arc::new(Assignments::new(
        moment.clone(),
        directory.clone(),
        history.clone(),
    ));
    assignments.reload();
    let keeper = Arc::new(Keeper::new(
        records.clone(),
        spool.clone(),
        records.clone(),
        moment.clone(),
    ));
    keeper.reconcile().await.expect("an empty spool");
    let settings = CallSettings {
        recordings: PathBuf::from("recordings"),
        limits: CallLimits::default(),
        store_wait: STORE_WAIT,
        home: Country::US,
    };
    let attributions = Attributions::new(
        history.clone(),
        records.clone(),
        Arc::clone(&assignments),
        SharedModels::default(),
    );
    let live = LiveBus::default();
    let asks = Arc::new(MemoryAsks::default());
    let screening = Arc::new(MemoryScreening::default());
    let files = Arc::new(MemoryFiles::default());
    let speech = Arc::new(MemorySpeech::default());
    let sounds = Arc::new(Sounds::new(
        Arc::new(PlainDecoder),
        files.clone(),
        Some(speech.clone()),
    ));
    let abilities: BTreeSet<Ability> = Ability::ALL.iter().copied().collect();
    let performers = Performers {
        sip: abilities.clone(),
        webhooks: BTreeMap::from([(Dialect::Twilio, abilities)]),
    };
    let screener = Screener::new(
        screening.clone(),
        performers,
        Arc::clone(&sounds),
        STORE_WAIT,
    );
    let screener = Arc::new(screener);
    let calls = Calls::new(
        moment.clone(),
        directory.clone(),
        Arc::clone(&assignments),
        attributions,
        Arc::clone(&screener),
        records.clone(),
        Arc::clone(&keeper),
        live,
        Arc::default(),
        asks.clone(),
        Arc::clone(&sounds),
        Arc::new(Router::new(
            moment.clone(),
            directory.clone(),
            Arc::new(AwayStore),
            Arc::new(AwayStore),
            Arc::new(AwayStore),
        )),
        Peers::new(Arc::new(NoNames), SipHosts::default(), false),
        settings,
    );
    let calls = Arc::new(calls);
    let labels = Arc::new(MemoryLabels::default());
    let matches = Matches::new(
        history.clone(),
        records.clone(),
        labels.clone(),
        Arc::clone(&assignments),
        Arc::clone(&calls),
        directory.clone(),
        moment,
    );
    Desk {
        clock,
        records,
        asks,
        screening,
        screener,
        files,
        speech,
        sounds,
        spool,
        keeper,
        assignments,
        directory,
        history,
        labels,
        matches,
        calls,
    }
}

impl Desk {
    pub(crate) fn incoming(&self, dialled: &str) -> Incoming {
        Incoming {
            trunk: TRUNK,
            caller: Some(PhoneNumber::from_digits(12_145_551_234)),
            caller_text: "+12145551234".to_owned(),
            dialled: dialled.to_owned(),
            sip_call_id: "a@b".to_owned(),
            arrival: Arrival::Sip {
                remote: "127.0.0.1:5070".parse().expect("an address"),
            },
            attestation: None,
            signalled: Signalled::default(),
            received_at: self.clock.now(),
        }
    }

    pub(crate) fn end(&self, reason: EndReason, talk_ms: u64) -> CallEnd {
        CallEnd {
            by: EndedBy::Caller,
            reason,
            sip_status: None,
            q850: None,
            ended_at: self.clock.now(),
            talk_ms,
            caller_ms: None,
            quality: None,
            recording: None,
        }
    }
}

fn dialled(actions: &[Action]) -> PhoneNumber {
    match actions {
        [Action::Dial(dialling)] if dialling.legs.len() == 1 => {
            dialling.legs[0].to.number().expect("a number")
        }
        other => panic!("expected one dial, got {other:?}"),
    }
}

#[tokio::test]
async fn a_call_is_recorded_before_it_is_dialled_and_closed_when_it_ends() {
    let desk = desk(TollPolicy::default(), None).await;
    let Admission::Accepted {
        call,
        recording,
        actions,
        ..
    } = desk.calls.incoming(desk.incoming("3125550100")).await
    else {
        panic!("the call is accepted");
    };
    assert_eq!(dialled(&actions), BUSINESS);
    assert_eq!(desk.records.last().state, CallState::Ringing);
    assert!(recording.is_some_and(|r| r.path.starts_with("recordings")));
    desk.clock.forward(4_000);
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    assert_eq!(desk.records.last().state, CallState::Talking);
    desk.clock.forward(60_000);
    desk.calls
        .ended(call, desk.end(EndReason::HungUp, 60_000))
        .await;
    let row = desk.records.last();
    assert_eq!(
        (row.state, row.result, row.talk_ms),
        (CallState::Ended, Some(CallResult::Answered), 60_000)
    );
    assert_eq!(desk.calls.in_progress_count(), 0);
}

#[tokio::test]
async fn unknown_numbers_and_other_trunks_get_404() {
    let desk = desk(TollPolicy::default(), None).await;
    for dialled in ["+19995550100", "nonsense", ""] {
        let answer = desk.calls.incoming(desk.incoming(dialled)).await;
        assert!(
            matches!(answer, Admission::Refused { status: 404, .. }),
            "{dialled}"
        );
    }
    let mut foreign = desk.incoming("+13125550100");
    foreign.trunk = TrunkId::from_raw(8);
    foreign.arrival = Arrival::Sip {
        remote: "198.51.100.7:5060".parse().expect("an address"),
    };
    assert!(matches!(
        desk.calls.incoming(foreign).await,
        Admission::Refused { status: 404, .. }
    ));
    assert!(desk.records.saved.lock().expect("calls").is_empty());
}

#[tokio::test]
async fn a_busy_business_line_is_followed_by_the_second_line_and_the_story_is_kept() {
    let second = PhoneNumber::from_digits(12_142_345_679);
    let desk = desk(TollPolicy::default(), Some(second)).await;
    let Admission::Accepted { call, .. } = desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("the call is accepted");
    };
    let busy = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::Busy,
        sip_status: Some(486),
    };
    assert_eq!(dialled(&desk.calls.event(call, busy).await), second);
    let none = FlowEvent::DialFailed {
        attempt: 2,
        outcome: DialOutcome::NoAnswer,
        sip_status: None,
    };
    assert_eq!(
        desk.calls.event(call, none).await,
        [Action::HangUp {
            status: 480,
            reason: "Temporarily Unavailable"
        }]
    );
    desk.calls
        .ended(call, desk.end(EndReason::NoDestination, 0))
        .await;
    assert_eq!(desk.records.last().result, Some(CallResult::NoAnswer));
    let kinds: Vec<_> = desk
        .records
        .saved
        .lock()
        .expect("calls")
        .iter()
        .flat_map(|c| c.events.iter().map(|e| e.kind))
        .collect();
    use CallEventKind::{Attempt, AttemptFailed, Ended, Ring};
    assert_eq!(
        kinds,
        [Ring, Attempt, AttemptFailed, Attempt, AttemptFailed, Ended]
    );
}

#[tokio::test]
async fn a_forbidden_destination_is_not_dialled_and_the_reason_is_told() {
    let abroad = PhoneNumber::from_digits(442_079_460_018);
    for (policy, second, reason, rule) in [
        (
            TollPolicy {
                countries_allowed: vec!["CA".parse().expect("a country")],
                ..TollPolicy::default()
            },
            None,
            "calls to the United States are not allowed for this account",
            TollRule::CountryNotAllowed,
        ),
        (
            TollPolicy {
                concurrent_calls_max: 0,
                ..TollPolicy::default()
            },
            None,
            "the account already has 0 calls in progress",
            TollRule::TooManyCalls,
        ),
        (
            TollPolicy {
                daily_minutes_max: 0,
                ..TollPolicy::default()
            },
            Some(abroad),
            "the account has used its 0 minutes of today",
            TollRule::MinutesSpent,
        ),
    ] {
        let desk = desk(policy, second).await;
        let Admission::Accepted { call, actions, .. } =
            desk.calls.incoming(desk.incoming("+13125550100")).await
        else {
            panic!("the call is accepted");
        };
        assert_eq!(
            actions,
            [Action::HangUp {
                status: 603,
                reason: "Decline"
            }]
        );
        let told = desk.records.saved.lock().expect("calls")[0].events.clone();
        let refused = told
            .iter()
            .find(|e| e.kind == CallEventKind::Refused)
            .expect("a refusal");
        assert_eq!(refused.detail, reason);
        assert_eq!(refused.destination, Some(Callee::from(BUSINESS)));
        let rang = told.iter().any(|e| e.kind == CallEventKind::Attempt);
        assert!(!rang, "what is refused never rings: {told:?}");
        desk.calls
            .ended(call, desk.end(EndReason::NoDestination, 0))
            .await;
        let last = desk.records.last();
        assert_eq!(last.result, Some(CallResult::Refused));
        assert_eq!(last.destination, None, "nobody was reached");
        assert_eq!(last.toll_refused, Some(rule), "the alarm of the account");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_dialled_and_kept_while_the_database_is_away_or_stuck() {
    for stuck in [false, true] {
        let desk = desk(TollPolicy::default(), None).await;
        let trouble = if stuck {
            &desk.records.stuck
        } else {
            &desk.records.away
        };
        trouble.store(true, Ordering::SeqCst);
        let started = tokio::time::Instant::now();
        let Admission::Accepted { call, actions, .. } =
            desk.calls.incoming(desk.incoming("+13125550100")).await
        else {
            panic!("the call is accepted");
        };
        assert_eq!(dialled(&actions), BUSINESS);
        assert!(
            started.elapsed().as_millis() <= 1_000,
            "the caller hardly waits"
        );
        desk.calls
            .ended(call, desk.end(EndReason::HungUp, 1_000))
            .await;
        assert!(desk.records.saved.lock().expect("calls").is_empty());
        trouble.store(false, Ordering::SeqCst);
        assert_eq!(desk.keeper.reconcile().await, Ok(2));
        assert_eq!(desk.records.last().state, CallState::Ended);
        assert!(desk.spool.0.lock().expect("spool").is_empty());
    }
}

#[tokio::test]
async fn a_call_that_can_never_be_saved_is_parked_and_blocks_no_other() {
    let desk = desk(TollPolicy::default(), None).await;
    desk.records.refusing.store(true, Ordering::SeqCst);
    desk.calls.incoming(desk.incoming("+13125550100")).await;
    assert_eq!(desk.keeper.reconcile().await, Ok(1));
    assert_eq!(desk.spool.1.load(Ordering::SeqCst), 1);
    desk.records.refusing.store(false, Ordering::SeqCst);
    desk.calls.incoming(desk.incoming("+13125550100")).await;
    assert_eq!(desk.records.saved.lock().expect("calls").len(), 1);
}

#[tokio::test]
async fn a_missed_call_leaves_no_recording() {
    let desk = desk(TollPolicy::default(), None).await;
    let Admission::Accepted { call, .. } = desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("the call is accepted");
    };
    desk.calls
        .ended(call, desk.end(EndReason::Cancelled, 0))
        .await;
    assert_eq!(desk.records.last().recording, None);
    assert!(
        desk.records
            .saved
            .lock()
            .expect("calls")
            .iter()
            .all(|c| c.recording.is_none())
    );
}

#[tokio::test]
async fn minutes_of_calls_in_progress_count() {
    let desk = desk(
        TollPolicy {
            daily_minutes_max: 10,
            ..TollPolicy::default()
        },
        None,
    )
    .await;
    let Admission::Accepted { call, .. } = desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("the call is accepted");
    };
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    desk.clock.forward(11 * 60_000);
    let Admission::Accepted { actions, .. } =
        desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("the call is accepted");
    };
    assert_eq!(
        actions,
        [Action::HangUp {
            status: 603,
            reason: "Decline"
        }]
    );
}

#[tokio::test]
async fn calls_of_a_process_that_died_are_closed_at_their_last_sign_of_life() {
    let desk = desk(TollPolicy::default(), None).await;
    let Admission::Accepted { call, .. } = desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("the call is accepted");
    };
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    let mut talking = desk.records.last();
    talking.progress_at = desk.clock.now().plus_millis(35_000);
    let mut ringing = desk.records.saved.lock().expect("calls")[0].call.clone();
    ringing.id = trunkline_core::base::id::CallId::from_raw(77);
    *desk.records.open.lock().expect("calls") = vec![talking, ringing];
    let found = desk
        .calls
        .recover(|_| None::<SalvagedRecording>)
        .await
        .expect("recovered");
    assert_eq!(found.calls, 2);
    let saved = desk.records.saved.lock().expect("calls");
    let [first, second] = &saved[saved.len() - 2..] else {
        panic!("two calls")
    };
    assert_eq!(
        (first.call.talk_ms, first.call.review, first.call.result),
        (35_000, true, Some(CallResult::Answered))
    );
    assert_eq!(
        (second.call.review, second.call.result),
        (false, Some(CallResult::ProcessRestarted))
    );
    assert!(
        saved
            .iter()
            .rev()
            .take(2)
            .all(|c| c.call.end_reason == Some(EndReason::ProcessRestarted))
    );
}

#[tokio::test]
async fn numbers_of_calls_that_ended_before_a_restart_or_by_it_cool_down_after_it() {
    let before = desk_of(2, TollPolicy::default(), None).await;
    let mut calls = Vec::new();
    for dialled in ["+13125550100", "+13125550101"] {
        let Admission::Accepted { call, .. } =
            before.calls.incoming(before.incoming(dialled)).await
        else {
            panic!("the call is accepted");
        };
        calls.push(call);
    }
    let end = before.end(EndReason::Cancelled, 0);
    before.calls.ended(calls[0], end).await;
    let ended_at = before.clock.now();
    let up = before.records.saved.lock().expect("calls")[1].call.clone();
    assert_eq!(up.id, calls[1]);

    // The process is killed during the second call and away for a minute.
    let after = desk_of(2, TollPolicy::default(), None).await;
    after.clock.forward(60_000);
    after
        .records
        .saved
        .lock()
        .expect("calls")
        .extend(before.records.saved.lock().expect("calls").drain(..));
    *after.records.open.lock().expect("calls") = vec![up];
    let recovered = after.calls.recover(|_| None::<SalvagedRecording>).await;
    assert_eq!(recovered.expect("recovered").calls, 1);
    let view = after.assignments.pool_view(SITE, POOL);
    let cooling: Vec<_> = view
        .iter()
        .map(|number| number.slot.cooling_until)
        .collect();
    assert_eq!(cooling, [ended_at.plus_millis(COOL_DOWN_MS); 2]);
}
