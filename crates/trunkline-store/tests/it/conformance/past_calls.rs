//! Past calls are added up by source and weighed again.

use std::sync::Arc;

use trunkline_core::assignment::NumberUse;
use trunkline_core::attribution::TouchModel;
use trunkline_core::base::id::ModelId;
use trunkline_core::call::CallState;
use trunkline_core::visitor::{Channel, Source, SourceSelector};
use trunkline_engine::attribution::{Again, Reweighed, SharedModels};
use trunkline_engine::ports::Labels;
use trunkline_engine::ports::calls::{CallRecords, CallRow};
use trunkline_engine::ports::configuration::Configuration;
use trunkline_engine::ports::history::Record;
use trunkline_engine::ports::past_calls::{PastCallFilter, PastCalls};
use trunkline_engine::replay::Named;
use trunkline_engine::report::{SourceReport, sources};
use trunkline_engine::visit_retention::VisitDays;

use super::World;
use super::labels::{after, candidate, confirmed, directory, save};
use super::world::{NOON, SetUp, google};

fn ended(world: &World, set_up: &SetUp, minutes: i64) -> CallRow {
    let mut call = world.call(set_up, 12_145_550_199, after(minutes));
    call.state = CallState::Ended;
    call.answered_at = Some(after(minutes));
    call.ended_at = Some(after(minutes + 1));
    call.talk_ms = 60_000;
    call
}

fn bing() -> Source {
    Source {
        channel: Channel::OrganicSearch,
        medium: "organic".to_owned(),
        source: "bing".to_owned(),
        ..Source::direct()
    }
}

fn named(source: &Source) -> Option<Named> {
    Some(Named {
        channel: source.channel,
        source: source.source.clone(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_shared_among_sources_by_probability_and_touch_and_add_up() {
    for world in World::both().await {
        let (store, set_up) = (&world.store, world.set_up().await);
        // Ann came by an ad and again by a search; Bob came directly.
        let ann = world.session(&set_up, NOON);
        let mut bob = world.session(&set_up, NOON);
        bob.source = Source::direct();
        let mut again = world.touch(ann.id, after(5));
        again.source = bing();
        world
            .record(vec![
                Record::Session(Box::new(ann.clone())),
                Record::Session(Box::new(bob.clone())),
                Record::Touch(Box::new(again)),
            ])
            .await;
        let mut unsure = ended(&world, &set_up, 10);
        unsure.candidates = vec![
            candidate(Some(ann.id), 0.6),
            candidate(Some(bob.id), 0.3),
            candidate(None, 0.1),
        ];
        unsure.session = Some(ann.id);
        unsure.source = Some(bing());
        let mut told = ended(&world, &set_up, 11);
        told.candidates = vec![candidate(Some(ann.id), 0.9), candidate(None, 0.1)];
        told.answered_at = None;
        told.talk_ms = 0;
        let mut late = ended(&world, &set_up, 60);
        late.candidates = vec![candidate(None, 1.0)];
        for call in [&unsure, &told, &late] {
            save(store, call).await;
        }
        let mut ringing = ended(&world, &set_up, 12);
        ringing.state = CallState::Ringing;
        save(store, &ringing).await;
        let mut confirmed = confirmed(&world, &told, Some(bob.id), after(12));
        confirmed.source = Some(Source::direct());
        store.confirm(&confirmed).await.unwrap();

        let directory = directory(store).await.now();
        let filter = PastCallFilter {
            account: set_up.account.id,
            site: Some(set_up.site.id),
            from: NOON,
            to: after(60),
        };
        let report = async |model| match sources(store, &directory, filter, model).await {
            Ok(SourceReport::Table(table)) => table,
            other => panic!("{other:?}"),
        };
        let table = report(TouchModel::Linear).await;
        let expected = |source| table.sources.get(&source).map_or(0.0, |f| f.expected);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} for {b}");
        near(expected(named(&google())), 0.3);
        near(expected(named(&bing())), 0.3);
        near(expected(named(&Source::direct())), 0.3 + 1.0);
        near(expected(None), 0.1);
        let total = table.total();
        near(total.expected, 2.0);
        assert_eq!(table.calls, 2, "those that ended within the period");
        assert_eq!(
            (total.credited, total.answered, total.talk_ms),
            (2, 1, 60_000)
        );
        let last = report(TouchModel::Last).await;
        near(last.sources[&named(&bing())].expected, 0.6);
        let first = report(TouchModel::First).await;
        near(first.sources[&named(&google())].expected, 0.6);

        let others = PastCallFilter {
            account: world.id(),
            ..filter
        };
        assert!(store.past_calls(others, None, 9).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_calls_are_weighed_again_page_by_page_and_what_a_person_said_stays() {
    for world in World::both().await {
        let (store, set_up) = (&world.store, world.set_up().await);
        let session = world.session(&set_up, NOON);
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let showing = world.showing(&lease, NOON);
        world
            .record(vec![
                Record::LeaseConfirmed(lease.id, NOON),
                Record::Lease(lease),
                Record::ShowingEnded(showing.id, after(500)),
                Record::Showing(showing),
                Record::Session(Box::new(session.clone())),
            ])
            .await;
        // More than one page of calls that were credited to nobody while the store was late.
        let calls: Vec<CallRow> = (1..=205)
            .map(|n| {
                let mut call = ended(&world, &set_up, n);
                call.caller = None;
                call.model = Some(ModelId::from_raw(1));
                call
            })
            .collect();
        for call in &calls {
            save(store, call).await;
        }
        let told = confirmed(&world, &calls[3], None, after(300));
        store.confirm(&told).await.unwrap();

        let shared = Arc::new(store.patient());
        let again = Again::new(
            shared.clone(),
            shared.clone(),
            shared,
            directory(store).await,
            SharedModels::default(),
            VisitDays::default(),
        );
        let run = async |apply| again.run(&set_up.site, NOON, after(400), apply).await;
        let tried = run(false).await.unwrap();
        let expected = Reweighed {
            calls: 205,
            confirmed: 1,
            changed: 204,
            credited_after: 204,
            ambiguous_after: tried.ambiguous_after,
            ..Reweighed::default()
        };
        assert_eq!(tried, expected);
        assert_eq!(
            store.call(calls[0].id).await.unwrap().unwrap().session,
            None
        );
        assert_eq!(run(true).await.unwrap(), expected);
        let first = store.call(calls[0].id).await.unwrap().unwrap();
        assert_eq!((first.session, first.model), (Some(session.id), None));
        assert_eq!(first.source, Some(google()));
        assert_eq!(first.talk_ms, calls[0].talk_ms);
        let kept = store.call(calls[3].id).await.unwrap().unwrap();
        assert_eq!((kept.session, kept.confirmed_at), (None, Some(after(300))));
        let once_more = run(true).await.unwrap();
        assert_eq!((once_more.changed, once_more.credited_before), (0, 204));
    }
}

/// A pool of one and thirty visitors from everywhere: twenty-nine of them look at its general overflow.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_a_general_overflow_number_is_shared_among_those_who_saw_it() {
    const VISITORS: usize = 30;
    for world in World::both().await {
        let (store, mut set_up) = (&world.store, world.set_up().await);
        let [_, general, named_one] = &mut set_up.numbers[..] else {
            panic!("three numbers");
        };
        general.kind = NumberUse::Source;
        named_one.kind = NumberUse::Source;
        named_one.selector = SourceSelector {
            channel: Some(Channel::OrganicSearch),
            medium: None,
            source: Some("bing".to_owned()),
        };
        store.put_number(general).await.unwrap();
        store.put_number(named_one).await.unwrap();
        let (general, named_one) = (general.id, named_one.id);
        let source = |index: usize| Source {
            source: format!("site-{index}"),
            ..bing()
        };
        for index in 0..VISITORS {
            let mut session = world.session(&set_up, NOON);
            session.source = source(index);
            let mut showing = world.showing(&world.lease(&set_up, general, &session, NOON), NOON);
            showing.lease = None;
            let ended = Record::ShowingEnded(showing.id, after(10));
            let session = Record::Session(Box::new(session));
            let records = vec![session, Record::Showing(showing), ended];
            world.record(records).await;
        }
        let mut by_many = ended(&world, &set_up, 5);
        by_many.number = general;
        let mut by_source = ended(&world, &set_up, 6);
        by_source.number = named_one;
        for call in [&mut by_many, &mut by_source] {
            call.caller = None;
            save(store, call).await;
        }
        let directory = directory(store).await;
        let shared = Arc::new(store.patient());
        let again = Again::new(
            shared.clone(),
            shared.clone(),
            shared,
            directory.clone(),
            SharedModels::default(),
            VisitDays::default(),
        );
        again
            .run(&set_up.site, NOON, after(60), true)
            .await
            .unwrap();
        let credited = store.call(by_many.id).await.unwrap().unwrap();
        assert!(credited.ambiguous && credited.source.is_some(), "a guess");
        let filter = PastCallFilter {
            account: set_up.account.id,
            site: Some(set_up.site.id),
            from: NOON,
            to: after(60),
        };
        let report = sources(store, &directory.now(), filter, TouchModel::Linear).await;
        let Ok(SourceReport::Table(table)) = report else {
            panic!("{report:?}");
        };
        let share = 1.0 / VISITORS as f64;
        let kept = (0..VISITORS).filter_map(|index| table.sources.get(&named(&source(index))));
        let expected: Vec<f64> = kept.map(|figures| figures.expected).collect();
        assert_eq!(expected.len(), 20, "as many candidates as are kept");
        assert!(expected.iter().all(|e| *e <= share), "{expected:?}");
        let certain = table.sources[&named(&bing())].expected;
        assert!((certain - 1.0).abs() < 1e-9, "the number names its source");
        assert!((table.total().expected - 2.0).abs() < 1e-9);
    }
}

/// Ann's second call came of another visit than her first, as the person who answered it said.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_call_follows_the_one_a_person_confirmed_also_when_weighed_again() {
    for world in World::both().await {
        let (store, set_up) = (&world.store, world.set_up().await);
        let [first, second] = [world.session(&set_up, NOON), world.session(&set_up, NOON)];
        let lease = world.lease(&set_up, set_up.numbers[0].id, &first, NOON);
        let showing = world.showing(&lease, NOON);
        world
            .record(vec![
                Record::Session(Box::new(first.clone())),
                Record::Session(Box::new(second.clone())),
                Record::LeaseConfirmed(lease.id, NOON),
                Record::Lease(lease),
                Record::ShowingEnded(showing.id, after(10)),
                Record::Showing(showing),
            ])
            .await;
        let calls = [9, 2_000, 2_010].map(|minutes| ended(&world, &set_up, minutes));
        for call in &calls {
            save(store, call).await;
        }
        let told = confirmed(&world, &calls[1], Some(second.id), after(2_005));
        store.confirm(&told).await.unwrap();
        let shared = Arc::new(store.patient());
        let again = Again::new(
            shared.clone(),
            shared.clone(),
            shared,
            directory(store).await,
            SharedModels::default(),
            VisitDays::default(),
        );
        let run = again.run(&set_up.site, NOON, after(3_000), true).await;
        assert_eq!(run.unwrap().confirmed, 1);
        let mut credited = Vec::new();
        for call in &calls {
            credited.push(store.call(call.id).await.unwrap().unwrap().session);
        }
        let expected = [first.id, second.id, second.id].map(Some);
        assert_eq!(credited, expected);
    }
}
