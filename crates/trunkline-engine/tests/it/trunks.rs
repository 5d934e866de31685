//! Several trunks: the order in which they are tried, the next one when one fails, and how they are.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{AccountId, CallId, TrunkId};
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::trunk::{
    CallerIdPolicy, CallerShown, HealthState, Ping, RegistrationNews, RegistrationState,
};
use trunkline_core::call::{DialOutcome, EndReason, TollPolicy};
use trunkline_engine::call::control::{Action, Admission, CallControl, Dial, TrunkProfile};
use trunkline_engine::call::trunk::{TestCall, TrunkControl, TrunkLines};
use trunkline_engine::clock::Moment;
use trunkline_engine::ports::calls::CallEventKind;
use trunkline_engine::ports::configuration::{Everything, Trunk};
use trunkline_engine::trunks::{CallMe, Trunks};

use crate::calls::{Desk, desk_with};

const OWN: TrunkId = TrunkId::from_raw(7);
const SECOND: TrunkId = TrunkId::from_raw(8);
const THIRD: TrunkId = TrunkId::from_raw(9);
const ACCOUNT: AccountId = AccountId::from_raw(9);
const DIALLED: &str = "+13125550100";

/// A desk whose call comes over one of three trunks; another one belongs to somebody else.
async fn three() -> Desk {
    let more = |all: &mut Everything| {
        let own = all.trunks[0].clone();
        let another = |id, name: &str, priority| {
            let mut trunk: Trunk = own.clone();
            trunk.profile.id = id;
            trunk.profile.name = name.to_owned();
            trunk.profile.settings.priority = priority;
            trunk
        };
        let mut second = another(SECOND, "Second", 20);
        second.profile.settings.caller_id = CallerIdPolicy {
            shown: CallerShown::TrackingNumber,
            ..CallerIdPolicy::default()
        };
        let third = another(THIRD, "Third", 10);
        let mut foreign = another(TrunkId::from_raw(6), "Foreign", 1);
        foreign.account = Some(AccountId::from_raw(77));
        all.trunks.extend([second, third, foreign]);
    };
    desk_with(1, TollPolicy::default(), None, more).await
}

fn trunks_of(desk: &Desk) -> Trunks {
    Trunks::new(
        Moment::new(desk.clock.clone(), 1),
        desk.directory.clone(),
        Arc::clone(&desk.calls),
    )
}

async fn start(desk: &Desk) -> (CallId, Dial) {
    let admission = desk.calls.incoming(desk.incoming(DIALLED)).await;
    let Admission::Accepted { call, actions, .. } = admission else {
        panic!("the call is accepted");
    };
    (call, leg(&actions))
}

fn leg(actions: &[Action]) -> Dial {
    match actions {
        [Action::Dial(dialling)] if dialling.legs.len() == 1 => dialling.legs[0].clone(),
        other => panic!("expected one leg, got {other:?}"),
    }
}

fn failed(outcome: DialOutcome, sip_status: Option<u16>) -> FlowEvent {
    FlowEvent::DialFailed {
        attempt: 1,
        outcome,
        sip_status,
    }
}

#[tokio::test]
async fn a_failed_trunk_is_followed_by_the_next_before_the_flow_hears_of_it() {
    let desk = three().await;
    let (call, first) = start(&desk).await;
    let dialled = PhoneNumber::parse_e164(DIALLED).expect("a number");
    assert_eq!((first.trunk, first.caller_id), (OWN, None));
    assert_eq!(first.redirected_by, Some(dialled));
    let broken = failed(DialOutcome::Failed, Some(503));
    let second = leg(&desk.calls.event(call, broken).await);
    assert_eq!(
        (second.trunk, second.attempt, second.to),
        (THIRD, 1, first.to)
    );
    let silent = failed(DialOutcome::Failed, None);
    let third = leg(&desk.calls.event(call, silent.clone()).await);
    // Each trunk shows the number that it is to show.
    assert_eq!((third.trunk, third.caller_id), (SECOND, Some(dialled)));
    // Nobody else's trunk is taken: the flow hears of the failure.
    let end = desk.calls.event(call, silent).await;
    assert!(
        matches!(end[..], [Action::HangUp { status: 502, .. }]),
        "{end:?}"
    );
    desk.calls
        .ended(call, desk.end(EndReason::NoDestination, 0))
        .await;
    let saved = desk.records.saved.lock().expect("calls");
    let events: Vec<_> = saved.iter().flat_map(|c| c.events.clone()).collect();
    use CallEventKind::{Attempt, AttemptFailed, Ended, NextTrunk, Ring};
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [Ring, Attempt, NextTrunk, NextTrunk, AttemptFailed, Ended]
    );
    assert_eq!(events[2].detail, "Carrier failed (503); trying Third");
    assert_eq!(events[3].detail, "Third failed (no answer); trying Second");
}

#[tokio::test]
async fn what_the_destination_decided_is_final() {
    for (outcome, status) in [
        (DialOutcome::Busy, Some(486)),
        (DialOutcome::NoAnswer, Some(408)),
        (DialOutcome::NoAnswer, None),
        (DialOutcome::Declined, Some(603)),
        (DialOutcome::Unreachable, Some(404)),
    ] {
        let desk = three().await;
        let (call, _) = start(&desk).await;
        let next = desk.calls.event(call, failed(outcome, status)).await;
        assert!(
            matches!(next[..], [Action::HangUp { .. }]),
            "{outcome:?}: {next:?}"
        );
    }
}

#[tokio::test]
async fn late_news_of_an_attempt_moves_no_trunk() {
    let desk = three().await;
    let (call, _) = start(&desk).await;
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    let late = desk
        .calls
        .event(call, failed(DialOutcome::Failed, None))
        .await;
    assert_eq!(late, []);
}

#[tokio::test]
async fn failing_trunks_are_tried_last() {
    let desk = three().await;
    let trunks = trunks_of(&desk);
    let error = "no answer within 5 s".to_owned();
    trunks.pinged(OWN, Ping::Failed { error });
    let (call, first) = start(&desk).await;
    assert_eq!(first.trunk, THIRD);
    let broken = failed(DialOutcome::Failed, Some(500));
    assert_eq!(
        leg(&desk.calls.event(call, broken.clone()).await).trunk,
        SECOND
    );
    assert_eq!(leg(&desk.calls.event(call, broken).await).trunk, OWN);
    let alive = Ping::Answered {
        status: 200,
        rtt_ms: 9,
    };
    trunks.pinged(OWN, alive);
    assert_eq!(start(&desk).await.1.trunk, OWN);
}

#[tokio::test]
async fn the_state_of_a_trunk_follows_the_news_and_goes_with_it() {
    let desk = three().await;
    let trunks = trunks_of(&desk);
    let mut changes = trunks.changes();
    let refused = RegistrationNews::Refused { status: 403 };
    trunks.registered(SECOND, refused.clone());
    trunks.registered(TrunkId::from_raw(99), refused);
    let registration = trunks.state(SECOND).registration;
    assert_eq!(registration.state, RegistrationState::Refused);
    assert!(trunks.register_wait_ms(SECOND, 600) >= 240_000);
    assert_eq!(
        trunks.state(TrunkId::from_raw(99)).registration.state,
        RegistrationState::None
    );
    assert!(!changes.has_changed().expect("open"));
    desk.directory.replace(Default::default());
    assert!(changes.has_changed().expect("open"));
    changes.mark_unchanged();
    assert_eq!(
        trunks.state(SECOND).registration.state,
        RegistrationState::None
    );
    assert!(trunks.trunks().is_empty());
}

/// Lines that answer as they are told and remember what they were asked.
struct Lines {
    outcome: TestCall,
    rung: Mutex<Vec<(TrunkId, PhoneNumber, PhoneNumber)>>,
}

#[async_trait]
impl TrunkLines for Lines {
    async fn ping(&self, _trunk: &Arc<TrunkProfile>) -> Ping {
        Ping::Answered {
            status: 200,
            rtt_ms: 7,
        }
    }

    async fn ring(
        &self,
        trunk: &Arc<TrunkProfile>,
        to: PhoneNumber,
        from: PhoneNumber,
    ) -> TestCall {
        let rung = (trunk.id, to, from);
        self.rung.lock().expect("calls").push(rung);
        self.outcome.clone()
    }
}

#[tokio::test]
async fn a_test_call_obeys_the_toll_rules_and_shows_a_number_of_the_account() {
    let desk = three().await;
    let trunks = trunks_of(&desk);
    let phone = PhoneNumber::from_digits(12_142_345_678);
    assert_eq!(trunks.call_me(ACCOUNT, OWN, phone).await, CallMe::NoLine);
    assert_eq!(trunks.check(OWN).await, None);
    let lines = Arc::new(Lines {
        outcome: TestCall::Answered,
        rung: Mutex::default(),
    });
    trunks.attach(lines.clone());
    let tried = trunks.call_me(ACCOUNT, OWN, phone).await;
    assert_eq!(tried, CallMe::Tried(TestCall::Answered));
    let shown = PhoneNumber::parse_e164(DIALLED).expect("a number");
    assert_eq!(*lines.rung.lock().expect("calls"), [(OWN, phone, shown)]);
    for to in ["+19002345678", "+442079460018", "+882162345678"] {
        let to = PhoneNumber::parse_e164(to).expect("a number");
        let tried = trunks.call_me(ACCOUNT, OWN, to).await;
        assert!(matches!(tried, CallMe::Forbidden(_)), "{tried:?}");
    }
    assert_eq!(lines.rung.lock().expect("calls").len(), 1);
    let checked = trunks.check(OWN).await.expect("a trunk").health;
    assert_eq!((checked.state, checked.rtt_ms), (HealthState::Ok, Some(7)));
}
