//! Where visitors came from: what a new source begins, and what a direct return keeps of the one before.

use trunkline_core::base::id::SessionId;
use trunkline_core::visitor::Channel;
use trunkline_engine::assignment::{Answer, Assignments, Known};
use trunkline_engine::clock::Moment;
use trunkline_engine::ports::History;
use trunkline_engine::ports::history::Record;

use crate::world::{SITE, World, world};

#[tokio::test]
async fn a_direct_return_keeps_the_source_of_the_visit_before_for_thirty_days() {
    let day = 86_400_000;
    for (away, kept) in [(day, true), (29 * day, true), (31 * day, false)] {
        let world = world(3, false);
        let first = world.arrive("?gclid=1", None).await;
        world.clock.forward(away);
        let again = world.arrive("", first.session).await;
        assert_ne!(again.session, first.session, "a new visit");
        let id = again.session.expect("a session").session;
        let row = world
            .history
            .session(id)
            .await
            .expect("read")
            .expect("a row");
        let told = (
            row.source.channel == Channel::PaidSearch,
            row.source.rule.as_str(),
        );
        let expected = if kept { "last_non_direct" } else { "direct" };
        assert_eq!(told, (kept, expected), "{away}");
        // A page further on the same visit is no arrival of its own.
        world.arrive("about", again.session).await;
        assert_eq!(world.history.count(|r| matches!(r, Record::Touch(_))), 0);
    }
}

/// A visit that is over and out of memory, one half hour after its last sign.
async fn visit_over(world: &World) {
    world.clock.forward(31 * 60_000);
    world.assignments.sweep();
}

async fn source_of(world: &World, answer: &Answer) -> (String, String) {
    let id = answer.session.expect("a session").session;
    let row = world.history.session(id).await.expect("read");
    let source = row.expect("a row").source;
    (source.source, source.rule)
}

#[tokio::test]
async fn a_direct_return_keeps_the_latest_source_of_the_visit_before_not_its_first() {
    for landing in ["", "?utm_source=google&utm_medium=organic"] {
        let world = world(3, false);
        let first = world.arrive(landing, None).await;
        world
            .arrive("?utm_source=mailer&utm_medium=email", first.session)
            .await;
        visit_over(&world).await;
        let again = world.arrive("", first.session).await;
        assert_ne!(again.session, first.session, "a new visit");
        let told = source_of(&world, &again).await;
        assert_eq!(told, ("mailer".to_owned(), "last_non_direct".to_owned()));
    }
}

#[tokio::test]
async fn after_a_restart_in_the_middle_of_a_visit_its_latest_source_is_remembered() {
    let world = world(3, false);
    let first = world.arrive("", None).await;
    world
        .arrive("?utm_source=mailer&utm_medium=email", first.session)
        .await;
    let moment = Moment::new(world.clock.clone(), 0);
    let restarted = Assignments::new(moment, world.directory.clone(), world.history.clone());
    restarted.reload();
    let world = World {
        assignments: restarted,
        ..world
    };
    let again = world.arrive("about", first.session).await;
    assert_eq!(again.session, first.session, "the same visit");
    let known = first.session.expect("a session");
    let (_, source) = world
        .assignments
        .session_now(SITE, known.session)
        .expect("in memory");
    assert_eq!(source.channel, Channel::Email);
}

#[tokio::test]
async fn a_visitor_known_by_the_cookie_alone_keeps_the_source_too() {
    let world = world(3, false);
    let first = world.arrive("?gclid=1", None).await;
    let known = first.session.expect("a session");
    visit_over(&world).await;
    let by_cookie = Known {
        visitor: known.visitor,
        session: SessionId::from_raw(77),
    };
    let again = world.arrive("", Some(by_cookie)).await;
    let told = source_of(&world, &again).await;
    assert_eq!(told, ("google".to_owned(), "last_non_direct".to_owned()));
}

#[tokio::test]
async fn a_paid_click_starts_a_new_session_and_its_source_is_recorded() {
    let world = world(2, false);
    let (_, first) = world.visit(None).await;
    let answer = world
        .arrive("?gclid=x&utm_source=google&utm_medium=cpc", Some(first))
        .await;
    assert_ne!(answer.session.expect("a session").session, first.session);
    let told = world.history.count(|r| matches!(r, Record::Session(s) if s.source.source == "google" && s.source.medium == "cpc"));
    assert_eq!(told, 1);
}
