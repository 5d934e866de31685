//! Calls as they are saved: whole, in any order, however often.

use trunkline_core::attribution::LabelKind;
use trunkline_core::base::id::CallId;
use trunkline_core::base::{Currency, Money, PhoneNumber, Timestamp};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy};
use trunkline_engine::call::control::{Attestation, Quality, RecordingState, Signalled, Verstat};
use trunkline_engine::ports::calls::{
    CallChange, CallCost, CallEventKind, CallEventRow, CallRecords, CallRow, CandidateRow, LegRow,
    ReasonRow, RecordingRow,
};
use trunkline_engine::ports::labels::{LabelRow, Said};

use super::World;
use super::world::{MINUTE, NOON, SetUp, google};

pub(crate) const ANN: u64 = 12_145_550_199;

pub(crate) const BOB: u64 = 12_145_550_198;

pub(crate) fn after(minutes: i64) -> Timestamp {
    NOON.plus_millis(minutes * MINUTE)
}

pub(crate) fn alone(call: CallRow) -> CallChange {
    CallChange {
        call,
        events: Vec::new(),
        recording: None,
        label: None,
    }
}

/// A call that was answered after a minute and talked for some.
pub(crate) fn answered(mut call: CallRow, talk_ms: i64) -> CallRow {
    let answered_at = call.started_at.plus_millis(MINUTE);
    call.state = CallState::Ended;
    call.result = Some(CallResult::Answered);
    call.answered_at = Some(answered_at);
    call.ended_at = Some(answered_at.plus_millis(talk_ms));
    call.talk_ms = talk_ms;
    call
}

pub(crate) fn missed(mut call: CallRow) -> CallRow {
    call.state = CallState::Ended;
    call.result = Some(CallResult::NoAnswer);
    call.ended_at = Some(call.started_at.plus_millis(MINUTE));
    call
}

fn usd(micros: i64) -> Money {
    Money::from_micros(micros, Currency::USD)
}

/// Gives a call legs and what they cost: 0.0306 in all, 0.024 of it for the dialled leg, and one that nobody knows of.
pub(crate) fn priced(call: &mut CallRow) {
    let leg = |to: Option<u64>, cost: Option<i64>| LegRow {
        trunk: call.trunk,
        to: to.map(PhoneNumber::from_digits),
        answered_at: call.started_at.plus_millis(MINUTE),
        connected_ms: Some(61_000),
        cost: cost.map(usd),
    };
    call.legs = vec![
        leg(Some(12_145_550_100), Some(24_000)),
        leg(None, Some(6_600)),
        leg(Some(442_079_460_018), None),
    ];
    call.cost = Some(CallCost {
        total: usd(30_600),
        outbound: usd(24_000),
    });
}

pub(crate) fn whole_change(world: &World, set_up: &SetUp) -> CallChange {
    let mut call = answered(world.call(set_up, ANN, NOON), 90_000);
    let recording = world.id();
    call.attestation = Some(Attestation::B);
    call.signalled = Signalled {
        verstat: Some(Verstat::Passed),
        diversion: Some(call.dialled),
    };
    call.destination = Some(PhoneNumber::from_digits(12_145_550_100).into());
    call.source = Some(google());
    call.session = Some(world.id());
    call.probability = Some(0.875);
    call.candidates = vec![
        CandidateRow {
            session: call.session,
            probability: 0.875,
            who: "Visitor 7f2k, phone".to_owned(),
            source: "Google Ads".to_owned(),
            reasons: vec![ReasonRow {
                words: "Tapped this number 2.7 s before the ring".to_owned(),
                weight: 8.5,
            }],
        },
        CandidateRow {
            session: None,
            probability: 0.125,
            who: "None of these".to_owned(),
            source: String::new(),
            reasons: Vec::new(),
        },
    ];
    call.ended_by = Some(EndedBy::Destination);
    call.end_reason = Some(EndReason::HungUp);
    call.sip_status = Some(200);
    call.q850 = Some(16);
    call.quality = Some(Quality {
        jitter_ms: 1.25,
        loss_percent: 0.0,
        mos: 4.4,
    });
    call.recording = Some(recording);
    call.review = true;
    priced(&mut call);
    let event = |minutes, kind, attempt| CallEventRow {
        id: world.id(),
        call: call.id,
        at: after(minutes),
        kind,
        attempt,
        destination: attempt.map(|_| PhoneNumber::from_digits(12_145_550_100).into()),
        sip_status: None,
        detail: "dial".to_owned(),
    };
    let events = vec![
        event(0, CallEventKind::Ring, None),
        event(0, CallEventKind::Flow, None),
        event(0, CallEventKind::Attempt, Some(1)),
        event(1, CallEventKind::Connected, Some(1)),
        event(3, CallEventKind::Ended, None),
    ];
    let recording = RecordingRow {
        id: recording,
        call: call.id,
        account: call.account,
        path: "2026/07/01/a.wav".to_owned(),
        state: RecordingState::Complete,
        duration_ms: 90_000,
        bytes: 2_880_044,
        started_at: after(1),
        deleted: None,
    };
    let label = LabelRow {
        id: world.id(),
        account: call.account,
        site: call.site,
        call: call.id,
        called_at: call.started_at,
        kind: LabelKind::Tap,
        session: call.session,
        said: Said {
            tapped: true,
            session: call.session,
            probability: 0.625,
        },
        at: after(3),
        said_by: None,
    };
    CallChange {
        call,
        events,
        recording: Some(recording),
        label: Some(label),
    }
}

/// A call as it is read back: its attempts tell when they began.
pub(crate) fn as_read(change: &CallChange) -> CallRow {
    let mut events = change.events.iter();
    let attempt = events.find(|e| e.kind == CallEventKind::Attempt);
    CallRow {
        dialled_at: attempt.map(|e| e.at),
        ..change.call.clone()
    }
}

pub(crate) async fn call(world: &World, id: CallId) -> CallRow {
    world.store.call(id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_saved_whole_however_often() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let change = whole_change(&world, &set_up);
        let ringing = alone(CallRow {
            id: change.call.id,
            attestation: change.call.attestation,
            signalled: change.call.signalled,
            ..world.call(&set_up, ANN, NOON)
        });
        store.save(&ringing).await.unwrap();
        for _ in 0..3 {
            store.save(&change).await.unwrap();
        }
        assert_eq!(call(&world, change.call.id).await, as_read(&change));
        assert_eq!(store.events(change.call.id).await.unwrap(), change.events);
        let recording = change.recording.unwrap();
        assert_eq!(
            store.recording(recording.id).await.unwrap(),
            Some(recording)
        );
        assert_eq!(store.call(world.id()).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_tells_when_its_last_destination_rang() {
    use CallEventKind::{Attempt, AttemptFailed, Connected, Ring, Tag};
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let up = world.call(&set_up, ANN, NOON);
        let taken = answered(up.clone(), 60_000);
        for (call, marks, expected) in [
            // Nobody was rung.
            (missed(up.clone()), vec![(0, Ring), (30, Tag)], None),
            // It rings still, after another one that was busy.
            (
                up.clone(),
                vec![(0, Ring), (5, Attempt), (8, AttemptFailed), (8, Attempt)],
                None,
            ),
            // The last one came to nothing, and a message followed.
            (
                missed(up.clone()),
                vec![(0, Ring), (5, Attempt), (25, AttemptFailed)],
                Some(20_000),
            ),
            // The caller gave up while it rang.
            (
                missed(up.clone()),
                vec![(0, Ring), (5, Attempt), (25, AttemptFailed), (40, Attempt)],
                Some(20_000),
            ),
            // It was answered after the minute; what was dialled after the talk is another matter.
            (
                taken,
                vec![
                    (0, Ring),
                    (5, Attempt),
                    (25, AttemptFailed),
                    (48, Attempt),
                    (60, Connected),
                    (90, Attempt),
                    (95, AttemptFailed),
                ],
                Some(12_000),
            ),
        ] {
            let call = CallRow {
                id: world.id(),
                ..call
            };
            let events = marks.iter().map(|(second, kind)| CallEventRow {
                id: world.id(),
                call: call.id,
                at: NOON.plus_millis(second * 1_000),
                kind: *kind,
                attempt: None,
                destination: None,
                sip_status: None,
                detail: String::new(),
            });
            let change = CallChange {
                events: events.collect(),
                ..alone(call.clone())
            };
            store.save(&change).await.unwrap();
            let read = store.call(call.id).await.unwrap().unwrap();
            assert_eq!(read.ring_ms(), expected, "{marks:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_save_never_takes_a_call_back() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let ringing = world.call(&set_up, ANN, NOON);
        let talking = CallRow {
            state: CallState::Talking,
            answered_at: Some(after(1)),
            ..ringing.clone()
        };
        let ended = answered(ringing.clone(), 60_000);
        let (first, second, third) = (alone(ended.clone()), alone(talking), alone(ringing));
        // Side by side, so that they may meet in one batch.
        let (first, second, third) =
            tokio::join!(biased; store.save(&first), store.save(&second), store.save(&third));
        first.and(second).and(third).unwrap();
        assert_eq!(call(&world, ended.id).await, ended);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_of_life_moves_forward_and_never_reaches_a_call_that_ended() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let up = world.call(&set_up, ANN, NOON);
        let over = missed(world.call(&set_up, BOB, NOON));
        store.save(&alone(up.clone())).await.unwrap();
        store.save(&alone(over.clone())).await.unwrap();
        store
            .progress(&[(up.id, after(5)), (over.id, after(5)), (up.id, after(4))])
            .await
            .unwrap();
        store.progress(&[]).await.unwrap();
        assert_eq!(call(&world, up.id).await.progress_at, after(5));
        assert_eq!(call(&world, over.id).await.progress_at, NOON);
        let open = store.open_calls().await.unwrap();
        assert_eq!(
            open.iter().map(|call| call.id).collect::<Vec<_>>(),
            vec![up.id]
        );
    }
}
