//! Callers call.

use std::collections::HashSet;

use trunkline_core::attribution::{EarlierCall, LabelKind, NumberHistory};
use trunkline_core::base::id::CallId;
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy};
use trunkline_core::visitor::Channel;
use trunkline_engine::call::control::{Attestation, Quality, RecordingState, Signalled, Verstat};
use trunkline_engine::ports::calls::{
    CallChange, CallCounts, CallEventKind, CallEventRow, CallFilter, CallRecords, CallRow,
    CallsBefore, CandidateRow, Deletion, NumberUseCount, ReasonRow, RecordingRow,
};
use trunkline_engine::ports::history::{History, Record};
use trunkline_engine::ports::labels::{LabelRow, Said};

use super::World;
use super::world::{MINUTE, NOON, SetUp, google};

pub(crate) const ANN: u64 = 12_145_550_199;
const BOB: u64 = 12_145_550_198;

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
fn answered(mut call: CallRow, talk_ms: i64) -> CallRow {
    let answered_at = call.started_at.plus_millis(MINUTE);
    call.state = CallState::Ended;
    call.result = Some(CallResult::Answered);
    call.answered_at = Some(answered_at);
    call.ended_at = Some(answered_at.plus_millis(talk_ms));
    call.talk_ms = talk_ms;
    call
}

fn missed(mut call: CallRow) -> CallRow {
    call.state = CallState::Ended;
    call.result = Some(CallResult::NoAnswer);
    call.ended_at = Some(call.started_at.plus_millis(MINUTE));
    call
}

pub(crate) fn whole_change(world: &World, set_up: &SetUp) -> CallChange {
    let mut call = answered(world.call(set_up, ANN, NOON), 90_000);
    let recording = world.id();
    call.attestation = Some(Attestation::B);
    call.signalled = Signalled {
        verstat: Some(Verstat::Passed),
        diversion: Some(call.dialled),
    };
    call.destination = Some(PhoneNumber::from_digits(12_145_550_100));
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
    let event = |minutes, kind, attempt| CallEventRow {
        id: world.id(),
        call: call.id,
        at: after(minutes),
        kind,
        attempt,
        destination: attempt.map(|_| PhoneNumber::from_digits(12_145_550_100)),
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

async fn call(world: &World, id: CallId) -> CallRow {
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
        assert_eq!(call(&world, change.call.id).await, change.call);
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
async fn a_finished_recording_is_not_unfinished_again() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let mut change = whole_change(&world, &set_up);
        let recording = change.recording.as_mut().unwrap();
        let id = recording.id;
        for (state, expected) in [
            (RecordingState::Writing, RecordingState::Writing),
            (RecordingState::Complete, RecordingState::Complete),
            (RecordingState::Writing, RecordingState::Complete),
        ] {
            change.recording.as_mut().unwrap().state = state;
            store.save(&change).await.unwrap();
            let unfinished = store.unfinished_recordings().await.unwrap();
            assert_eq!(
                unfinished.len(),
                usize::from(expected == RecordingState::Writing)
            );
            assert_eq!(store.recording(id).await.unwrap().unwrap().state, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_over_their_time_are_listed_once_and_one_that_was_deleted_stays_so() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let save = async |set_up, state, minutes| {
            let mut change = whole_change(&world, set_up);
            let recording = change.recording.as_mut().unwrap();
            recording.state = state;
            recording.started_at = after(minutes);
            store.save(&change).await.unwrap();
            change
        };
        let first = save(&set_up, RecordingState::Complete, 1).await;
        let second = save(&set_up, RecordingState::Partial, 1).await;
        let writing = save(&set_up, RecordingState::Writing, 2).await;
        let late = save(&set_up, RecordingState::Complete, 9).await;
        let theirs = save(&other, RecordingState::Complete, 1).await;
        let [first, second, writing, late, theirs] =
            [&first, &second, &writing, &late, &theirs].map(|c| c.recording.clone().unwrap());
        let account = set_up.account.id;
        let listed = async |from: Option<&RecordingRow>, limit| {
            let from = from.map(|r| (r.started_at, r.id));
            let kept = store.kept_recordings(account, after(9), from, limit);
            kept.await.unwrap()
        };
        assert_eq!(listed(None, 9).await, vec![first.clone(), second.clone()]);
        assert_eq!(listed(None, 1).await, vec![first.clone()]);
        assert_eq!(listed(Some(&first), 9).await, vec![second.clone()]);
        for recording in [&first, &writing] {
            let deleted = store.recording_deleted(recording.id, after(10), "after 90 days");
            deleted.await.unwrap();
        }
        let again = store.recording_deleted(first.id, after(11), "after 1 day");
        again.await.unwrap();
        assert_eq!(listed(None, 9).await, vec![second]);
        // A save that comes late, from the spool for example, takes nothing back.
        let mut change = whole_change(&world, &set_up);
        change.recording = Some(first.clone());
        store.save(&change).await.unwrap();
        let stored = async |id| store.recording(id).await.unwrap().unwrap();
        let gone = RecordingRow {
            state: RecordingState::Deleted,
            deleted: Some(Deletion {
                at: after(10),
                because: "after 90 days".to_owned(),
            }),
            ..first
        };
        assert_eq!(stored(gone.id).await, gone);
        for kept in [writing, late, theirs] {
            assert_eq!(stored(kept.id).await, kept);
        }
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

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_filtered_counted_and_paged() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let mut calls = Vec::new();
        for n in 0..24 {
            let mut call = world.call(&set_up, if n % 2 == 0 { ANN } else { BOB }, after(n / 2));
            call = match n % 4 {
                0 => answered(call, n * 1_000),
                1 => missed(call),
                2 => call,
                _ => answered(call, 61_000),
            };
            if n % 3 == 0 {
                call.source = Some(google());
                call.session = Some(world.id());
            }
            call.ambiguous = n % 5 == 0;
            call.recording = (n % 4 == 3).then(|| world.id());
            call.number = set_up.numbers[usize::from(n % 6 == 0)].id;
            calls.push(call);
        }
        for call in &calls {
            store.save(&alone(call.clone())).await.unwrap();
        }
        store
            .save(&alone(world.call(&other, ANN, after(50))))
            .await
            .unwrap();
        calls.reverse();
        let base = CallFilter {
            account: Some(set_up.account.id),
            limit: 100,
            ..CallFilter::default()
        };
        type Test = fn(&CallRow) -> bool;
        let (number, site) = (set_up.numbers[1].id, set_up.site.id);
        let session = calls.iter().find_map(|call| call.session);
        let on_number = calls.iter().filter(|call| call.number == number).count();
        let cases: [(CallFilter, Test); 13] = [
            (base.clone(), |_| true),
            (
                CallFilter {
                    live: true,
                    ..base.clone()
                },
                |call| call.state != CallState::Ended,
            ),
            (
                CallFilter {
                    result: Some(CallResult::NoAnswer),
                    ..base.clone()
                },
                |call| call.result == Some(CallResult::NoAnswer),
            ),
            (
                CallFilter {
                    channel: Some(Channel::PaidSearch),
                    ..base.clone()
                },
                |call| call.source.is_some(),
            ),
            (
                CallFilter {
                    source: Some("google".to_owned()),
                    medium: Some("cpc".to_owned()),
                    ..base.clone()
                },
                |call| call.source.is_some(),
            ),
            (
                CallFilter {
                    source: Some("bing".to_owned()),
                    ..base.clone()
                },
                |_| false,
            ),
            (
                CallFilter {
                    caller: Some(PhoneNumber::from_digits(BOB)),
                    ..base.clone()
                },
                |call| call.caller == Some(PhoneNumber::from_digits(BOB)),
            ),
            (
                CallFilter {
                    ambiguous: true,
                    ..base.clone()
                },
                |call| call.ambiguous,
            ),
            (
                CallFilter {
                    missed: true,
                    ..base.clone()
                },
                |call| call.state == CallState::Ended && call.answered_at.is_none(),
            ),
            (
                CallFilter {
                    recorded: true,
                    ..base.clone()
                },
                |call| call.recording.is_some(),
            ),
            (
                CallFilter {
                    from: Some(after(3)),
                    to: Some(after(6)),
                    ..base.clone()
                },
                |call| (after(3)..after(6)).contains(&call.started_at),
            ),
            (
                CallFilter {
                    site: Some(world.id()),
                    ..base.clone()
                },
                |_| false,
            ),
            (
                CallFilter {
                    site: Some(site),
                    recorded: true,
                    ambiguous: true,
                    ..base.clone()
                },
                |call| call.recording.is_some() && call.ambiguous,
            ),
        ];
        for (filter, test) in cases {
            let expected: Vec<_> = calls.iter().filter(|call| test(call)).cloned().collect();
            assert_eq!(store.calls(&filter).await.unwrap(), expected, "{filter:?}");
        }
        let by_session = CallFilter {
            session,
            ..base.clone()
        };
        assert_eq!(store.calls(&by_session).await.unwrap().len(), 1);
        let by_number = CallFilter {
            number: Some(number),
            ..base.clone()
        };
        assert_eq!(store.calls(&by_number).await.unwrap().len(), on_number);
        assert!(
            store
                .calls(&CallFilter::default())
                .await
                .unwrap()
                .is_empty(),
            "no account, no calls"
        );
        let mut paged = CallFilter { limit: 5, ..base };
        let mut listed = Vec::new();
        loop {
            let page = store.calls(&paged).await.unwrap();
            let Some(last) = page.last() else { break };
            paged.after = Some((last.started_at, last.id));
            listed.extend(page);
        }
        assert_eq!(listed, calls);
        let count = |test: Test| calls.iter().filter(|call| test(call)).count() as i64;
        let lost: Test = |call| call.state == CallState::Ended && call.answered_at.is_none();
        let today = |test: Test| {
            let of_today = calls.iter().filter(|call| call.started_at >= after(10));
            of_today.filter(|call| test(call)).count() as i64
        };
        let counts = CallCounts {
            all: 24,
            today: 4,
            live: count(|call| call.state != CallState::Ended),
            ambiguous: count(|call| call.ambiguous),
            missed: count(lost),
            ambiguous_today: today(|call| call.ambiguous),
            missed_today: today(lost),
        };
        assert_eq!(
            store.counts(set_up.account.id, after(10)).await.unwrap(),
            counts
        );
        let uses = store.by_number(set_up.account.id, after(10)).await.unwrap();
        let used = |n: usize, count, minutes| {
            let number = set_up.numbers[n].id;
            let mut own: Vec<_> = calls.iter().filter(|c| c.number == number).collect();
            own.truncate(count);
            let who = |c: &&CallRow| c.caller.map_or(-c.id.raw(), |p| p.digits() as i64);
            let stranger = |c: &&&CallRow| c.session.is_none() && c.state == CallState::Ended;
            let different = |all: Vec<i64>| all.into_iter().collect::<HashSet<_>>().len() as i64;
            let use_count = NumberUseCount {
                calls: count as i64,
                last_call_at: Some(after(minutes)),
                callers: different(own.iter().map(who).collect()),
                strangers: different(own.iter().filter(stranger).map(who).collect()),
            };
            (number, use_count)
        };
        assert_eq!(uses, vec![used(0, 4, 11)]);
        let uses = store.by_number(set_up.account.id, NOON).await.unwrap();
        assert_eq!(uses, vec![used(0, 20, 11), used(1, 4, 9)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_caller_is_recognised() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let ann = PhoneNumber::from_digits(ANN);
        let known = async |since| {
            store
                .earlier_call(set_up.account.id, ann, since, after(60))
                .await
                .unwrap()
        };
        assert_eq!(known(NOON).await, (false, None));
        let session = world.session(&set_up, NOON);
        world
            .record(vec![Record::Session(Box::new(session.clone()))])
            .await;
        let mut credited = missed(world.call(&set_up, ANN, after(1)));
        credited.session = Some(session.id);
        credited.probability = Some(0.75);
        store.save(&alone(credited)).await.unwrap();
        store
            .save(&alone(missed(world.call(&set_up, ANN, after(2)))))
            .await
            .unwrap();
        let earlier = EarlierCall {
            session: session.id,
            visitor: session.visitor,
            at: after(1),
            probability: 0.75,
        };
        assert_eq!(known(NOON).await, (true, Some(earlier)));
        assert_eq!(known(after(2)).await, (true, None));
        let account = set_up.account.id;
        let first = store.earlier_call(account, ann, NOON, after(1)).await;
        assert_eq!(first.unwrap(), (false, None), "a call is not its own past");
        let history = async |limit| {
            let number = set_up.numbers[0].id;
            let found = store.number_history(number, after(3), limit).await;
            let found = found.unwrap();
            (found.calls, found.stray)
        };
        assert_eq!(history(10).await, (2.0, 1.0));
        assert_eq!(history(1).await, (1.0, 1.0));
        let elsewhere = store
            .earlier_call(other.account.id, ann, NOON, after(60))
            .await
            .unwrap();
        assert_eq!(elsewhere, (false, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_earlier_calls_are_counted_and_who_answered_last_is_known() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let ann = PhoneNumber::from_digits(ANN);
        let before = async |account, at| store.calls_before(account, ann, at).await.unwrap();
        let account = set_up.account.id;
        assert_eq!(before(account, after(9)).await, CallsBefore::default());
        let taken_by = |minutes, digits| {
            let mut call = answered(world.call(&set_up, ANN, after(minutes)), 1_000);
            call.destination = Some(PhoneNumber::from_digits(digits));
            call
        };
        let mut test = taken_by(4, 12_145_550_179);
        test.synthetic = true;
        for call in [
            taken_by(1, 12_145_550_171),
            taken_by(2, 12_145_550_172),
            missed(world.call(&set_up, ANN, after(3))),
            answered(world.call(&set_up, BOB, after(3)), 1_000),
            test,
        ] {
            store.save(&alone(call)).await.unwrap();
        }
        let known = |count, digits| CallsBefore {
            count,
            answered_by: Some(PhoneNumber::from_digits(digits)),
        };
        assert_eq!(before(account, after(9)).await, known(3, 12_145_550_172));
        assert_eq!(before(account, after(2)).await, known(1, 12_145_550_171));
        assert_eq!(
            before(other.account.id, after(9)).await,
            CallsBefore::default()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn begun_minutes_count_whole() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let minutes = async |since| store.minutes_since(set_up.account.id, since).await.unwrap();
        assert_eq!(minutes(NOON).await, 0);
        let mut talking = world.call(&set_up, ANN, after(4));
        talking.state = CallState::Talking;
        talking.answered_at = Some(after(5));
        talking.progress_at = after(7).plus_millis(1);
        for call in [
            answered(world.call(&set_up, ANN, NOON), 60_000),
            answered(world.call(&set_up, BOB, after(2)), 60_001),
            missed(world.call(&set_up, ANN, after(3))),
            talking,
            world.call(&set_up, BOB, after(5)),
        ] {
            store.save(&alone(call)).await.unwrap();
        }
        assert_eq!(minutes(NOON).await, 1 + 2 + 3);
        assert_eq!(minutes(after(1)).await, 2 + 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_end_of_each_number_is_found_by_time() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let over = |number: usize, started_at, ended_at| {
            let mut call = missed(world.call(&set_up, ANN, started_at));
            call.number = set_up.numbers[number].id;
            call.ended_at = Some(ended_at);
            call
        };
        for call in [
            over(0, after(1), after(3)),
            over(0, after(2), after(5)),
            over(1, NOON, after(9)),
            world.call(&set_up, BOB, after(4)),
        ] {
            store.save(&alone(call)).await.unwrap();
        }
        let ends = async |started, ended| store.last_ends(started, ended).await.unwrap();
        let [first, second] = [0, 1].map(|number| set_up.numbers[number].id);
        assert_eq!(
            ends(NOON, NOON).await,
            vec![(first, after(5)), (second, after(9))]
        );
        assert_eq!(ends(after(1), NOON).await, vec![(first, after(5))]);
        assert_eq!(ends(NOON, after(6)).await, vec![(second, after(9))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_call_is_in_no_figure_and_no_memory() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let (account, number) = (set_up.account.id, set_up.numbers[0].id);
        let mut visit = world.session(&set_up, NOON);
        visit.synthetic = true;
        let lease = world.lease(&set_up, number, &visit, NOON);
        let showing = world.showing(&lease, NOON);
        world
            .record(vec![
                Record::Session(Box::new(visit.clone())),
                Record::Lease(lease),
                Record::Showing(showing),
            ])
            .await;
        let mut call = answered(world.call(&set_up, ANN, NOON), 90_000);
        call.synthetic = true;
        call.session = Some(visit.id);
        call.probability = Some(0.9);
        call.ambiguous = true;
        let store = &world.store;
        store.save(&alone(call.clone())).await.unwrap();
        assert_eq!(store.call(call.id).await.unwrap(), Some(call.clone()));

        let listed = async |synthetic| {
            let filter = CallFilter {
                account: Some(account),
                synthetic,
                limit: 10,
                ..CallFilter::default()
            };
            store.calls(&filter).await.unwrap().len()
        };
        assert_eq!((listed(false).await, listed(true).await), (0, 1));
        let counts = store.counts(account, NOON).await.unwrap();
        assert_eq!(counts, CallCounts::default());
        assert_eq!(store.by_number(account, NOON).await.unwrap(), []);
        assert_eq!(store.minutes_since(account, NOON).await.unwrap(), 0);
        assert_eq!(store.last_ends(NOON, NOON).await.unwrap(), []);
        let ann = PhoneNumber::from_digits(ANN);
        let earlier = store.earlier_call(account, ann, NOON, after(60)).await;
        assert_eq!(earlier.unwrap(), (false, None));
        let history = store.number_history(number, after(60), 10).await.unwrap();
        assert_eq!(history, NumberHistory::default());
        let seen = store.showings_of(number, NOON, after(60), 10).await;
        assert_eq!(seen.unwrap(), []);
    }
}
