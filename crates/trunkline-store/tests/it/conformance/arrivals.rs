//! Source rules change and history is replayed.

use trunkline_core::base::Timestamp;
use trunkline_core::call::CallState;
use trunkline_core::visitor::{Channel, OwnRule, OwnTest, Source, SourceRules};
use trunkline_engine::ports::PastArrivals;
use trunkline_engine::ports::calls::{CallChange, CallRecords};
use trunkline_engine::ports::history::{History, Record};
use trunkline_engine::replay::{Named, replay};

use super::World;
use super::world::{MINUTE, NOON, google};

const EARLY: Timestamp = Timestamp::from_millis(0);

fn flyer() -> SourceRules {
    SourceRules {
        own: vec![OwnRule {
            name: "Flyer".to_owned(),
            when: OwnTest::Parameter {
                name: "qr".to_owned(),
                value: None,
            },
            channel: Channel::Display,
            medium: "print".to_owned(),
            source: "flyer".to_owned(),
        }],
        ..SourceRules::default()
    }
}

fn named(channel: Channel, source: &str) -> Named {
    Named {
        channel,
        source: source.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_renames_past_arrivals_and_their_calls_and_can_be_changed_back() {
    for world in World::both().await {
        let (store, set_up) = (&world.store, world.set_up().await);
        let direct = Source::direct();
        // More than one page of visits, every third by the flyer, each fifth with a later arrival.
        let mut sessions = Vec::new();
        let mut records = Vec::new();
        for n in 0..1_050_i64 {
            let mut session = world.session(&set_up, NOON.plus_millis(n / 2));
            session.source = direct.clone();
            session.clicks = Vec::new();
            session.referrer = String::new();
            session.landing = if n % 3 == 0 {
                format!("https://example.com/?qr={n}")
            } else {
                "https://example.com/".to_owned()
            };
            if n % 5 == 0 {
                let mut touch = world.touch(session.id, session.started_at.plus_millis(1));
                touch.page = "https://example.com/?gclid=1&qr=2".to_owned();
                records.push(Record::Touch(Box::new(touch)));
            }
            records.push(Record::Session(Box::new(session.clone())));
            sessions.push(session);
        }
        world.record(records).await;
        let mut ended = world.call(&set_up, 12_145_550_199, NOON);
        ended.session = Some(sessions[0].id);
        ended.source = Some(direct.clone());
        ended.state = CallState::Ended;
        ended.ended_at = Some(NOON);
        let mut of_number = ended.clone();
        let of_its_number = Source {
            rule: "source_number".to_owned(),
            ..google()
        };
        of_number.id = world.id();
        of_number.source = Some(of_its_number.clone());
        for call in [&ended, &of_number] {
            let change = CallChange {
                call: call.clone(),
                events: Vec::new(),
                recording: None,
                label: None,
            };
            store.save(&change).await.unwrap();
        }

        let rules = flyer();
        let tried = replay(store, &set_up.site, &rules, EARLY, false)
            .await
            .unwrap();
        assert_eq!((tried.arrivals, tried.calls), (1_260, 0));
        assert_eq!(tried.changed, 350 + 210);
        let count = |name: &Named| tried.sources.get(name).map(|c| (c.before, c.after));
        assert_eq!(count(&named(Channel::Display, "flyer")), Some((0, 560)));
        assert_eq!(count(&named(Channel::Direct, "direct")), Some((1_050, 700)));
        assert_eq!(count(&named(Channel::PaidSearch, "google")), Some((210, 0)));
        let first = store.session(sessions[0].id).await.unwrap().unwrap();
        assert_eq!(first.source, direct, "only tried");

        let applied = replay(store, &set_up.site, &rules, EARLY, true)
            .await
            .unwrap();
        assert_eq!((applied.changed, applied.calls), (560, 1));
        assert_eq!(applied.sources, tried.sources);
        let story = store.session_story(sessions[0].id).await.unwrap().unwrap();
        let rules_of: Vec<&str> = story.touches().map(|t| t.source.rule.as_str()).collect();
        assert_eq!(rules_of, ["own_flyer", "own_flyer"]);
        let call = |id| async move { store.call(id).await.unwrap().unwrap().source };
        assert_eq!(call(ended.id).await, Some(story.session.source.clone()));
        assert_eq!(
            call(of_number.id).await,
            Some(of_its_number),
            "the number's own source"
        );
        let again = replay(store, &set_up.site, &rules, EARLY, true)
            .await
            .unwrap();
        assert_eq!(
            (again.changed, again.arrivals),
            (0, 1_260),
            "nothing is left to do"
        );

        let back = replay(store, &set_up.site, &SourceRules::default(), EARLY, true)
            .await
            .unwrap();
        assert_eq!((back.changed, back.calls), (560, 1));
        assert_eq!(call(ended.id).await, Some(direct));

        // Only since a time, and only this site.
        let late = store
            .visits(set_up.site.id, NOON.plus_millis(524), None, 10)
            .await
            .unwrap();
        let ids: Vec<_> = late.iter().map(|(session, _)| session.id).collect();
        let mut last = [sessions[1_048].id, sessions[1_049].id];
        last.sort();
        assert_eq!(ids, last);
        assert!(
            store
                .visits(world.id(), EARLY, None, 10)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_visits_that_saw_a_number_come_oldest_first() {
    for world in World::both().await {
        let (store, set_up) = (&world.store, world.set_up().await);
        let mut seen = Vec::new();
        for minutes in 0..6 {
            let session = world.session(&set_up, NOON.plus_millis(minutes * MINUTE));
            let mut records = vec![Record::Session(Box::new(session.clone()))];
            // Every other visit came to a page without a number.
            if minutes % 2 == 0 {
                let lease =
                    world.lease(&set_up, set_up.numbers[0].id, &session, session.started_at);
                records.push(Record::Showing(world.showing(&lease, session.started_at)));
                seen.push(session.id);
            }
            world.record(records).await;
        }
        let shown = |since, limit| async move {
            let rows = store.shown(set_up.site.id, since, limit).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(shown(EARLY, 10).await, seen);
        assert_eq!(shown(EARLY, 2).await, seen[1..]);
        assert_eq!(shown(NOON.plus_millis(MINUTE), 10).await, seen[1..]);
    }
}
