//! The log of calls: its filters, counts and pages, and the figures that are read from it.

use std::collections::HashSet;

use trunkline_core::attribution::NumberHistory;
use trunkline_core::base::PhoneNumber;
use trunkline_core::call::{CallResult, CallState};
use trunkline_core::visitor::Channel;
use trunkline_engine::ports::calls::{
    CallCounts, CallFilter, CallRecords, CallRow, NumberUseCount, OutboundUse,
};
use trunkline_engine::ports::history::{History, Record};

use super::World;
use super::calls::{ANN, BOB, after, alone, answered, missed};
use super::world::{NOON, google};

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
        assert_eq!(
            store.used_since(account, NOON).await.unwrap(),
            OutboundUse::default()
        );
        assert_eq!(store.last_ends(NOON, NOON).await.unwrap(), []);
        let ann = PhoneNumber::from_digits(ANN);
        let earlier = store
            .earlier_call(account, None, ann, NOON, after(60))
            .await;
        assert_eq!(earlier.unwrap(), (false, None));
        let history = store.number_history(number, after(60), 10).await.unwrap();
        assert_eq!(history, NumberHistory::default());
        let seen = store.showings_of(number, NOON, after(60), 10).await;
        assert_eq!(seen.unwrap(), []);
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
async fn begun_minutes_count_whole() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let minutes = async |since| {
            store
                .used_since(set_up.account.id, since)
                .await
                .unwrap()
                .minutes
        };
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
