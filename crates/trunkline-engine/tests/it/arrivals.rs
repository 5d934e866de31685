//! Arrivals: who gets which number over time, overload and restarts.

use std::sync::atomic::Ordering;

use trunkline_core::assignment::{Basis, Network};
use trunkline_core::base::id::{LeaseId, NumberId, SessionId, VisitorId};
use trunkline_engine::assignment::BeaconOutcome;
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::history::{LeaseRow, OpenLease, Record};

use crate::world::{POOL, SITE, TARGET, index, world};

#[tokio::test]
async fn an_idle_number_is_handed_on_after_its_time_and_its_page_is_told() {
    let world = world(1, false);
    let (_, first) = world.visit(None).await;
    let (got, _) = world.visit(None).await;
    assert_eq!(
        got, 99,
        "the pool has none to give, so the static number is shown"
    );
    world.clock.forward(59_999);
    assert_eq!(index(&world.arrive("", None).await), 99);
    world.clock.forward(1);
    assert_eq!(index(&world.arrive("", None).await), 0);
    assert_eq!(
        world.beat(first).await,
        BeaconOutcome::Lost,
        "the page must ask again"
    );
}

#[tokio::test]
async fn heartbeats_keep_a_number_for_as_long_as_the_page_is_visible() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    for _ in 0..60 {
        world.clock.forward(20_000);
        assert_eq!(world.beat(known).await, BeaconOutcome::Taken);
        assert_eq!(index(&world.arrive("", None).await), 99);
    }
}

#[tokio::test]
async fn a_returning_visitor_keeps_its_number_and_gets_a_new_session() {
    let world = world(2, false);
    let (number, first) = world.visit(None).await;
    world.clock.forward(31 * 60_000);
    world.assignments.sweep();
    let (again, second) = world.visit(Some(first)).await;
    assert_eq!(again, number);
    assert_eq!(second.visitor, first.visitor);
    assert_ne!(second.session, first.session);
}

#[tokio::test]
async fn a_number_its_visitor_comes_back_for_goes_to_nobody_else_meanwhile() {
    for numbers in [1, 2] {
        let world = world(numbers, false);
        let (number, known) = world.visit(None).await;
        if numbers == 2 {
            // Another one that was out of sight for less long.
            world.clock.forward(60_000);
            world.visit(None).await;
        }
        world.clock.forward(10 * 60_000);
        let back = index(&world.arrive("", Some(known)).await);
        let stranger = index(&world.arrive("", None).await);
        assert_eq!(back, number);
        assert_eq!(stranger, if numbers == 2 { 1 } else { 99 });
        assert_eq!(world.shown(known).await, BeaconOutcome::Taken);
    }
}

#[tokio::test]
async fn who_keeps_a_number_and_never_tells_of_it_leaves_it_for_another_in_the_records_too() {
    let world = world(2, false);
    let (longest, _) = world.visit(None).await;
    world.clock.forward(10_000);
    let (number, known) = world.visit(None).await;
    world.clock.forward(10 * 60_000);
    let kept = world.arrive("", Some(known)).await;
    assert_eq!(index(&kept), number);
    world.clock.forward(90_000);
    let again = world.arrive("", Some(known)).await;
    assert_eq!(index(&again), longest, "as one who has no number");
    let ended =
        |r: &Record| matches!(r, Record::LeaseEnded(lease, _) if Some(*lease) == kept.lease);
    assert_eq!(world.history.count(ended), 1, "not both after a restart");
    assert_eq!(world.shown(known).await, BeaconOutcome::Taken);
}

#[tokio::test]
async fn a_page_without_the_number_returns_its_lease() {
    let world = world(1, false);
    let silent = world.arrive("", None).await;
    assert_eq!(silent.basis(), Some(Basis::Pool));
    world.clock.forward(89_999);
    assert_eq!(index(&world.arrive("", None).await), 99);
    world.clock.forward(1);
    assert_eq!(index(&world.arrive("", None).await), 0);
}

#[tokio::test]
async fn overload_is_answered_with_the_source_number_and_leaves_nothing_behind() {
    let world = world(2, false);
    world.history.full.store(true, Ordering::SeqCst);
    let answer = world.arrive("", None).await;
    assert_eq!((index(&answer), answer.session), (99, None));
    world.history.full.store(false, Ordering::SeqCst);
    world.history.failing.store(true, Ordering::SeqCst);
    let answer = world.arrive("", None).await;
    assert_eq!((index(&answer), answer.session), (99, None));
    world.history.failing.store(false, Ordering::SeqCst);
    assert_eq!(world.history.leases(), 0);
    let (first, _) = world.visit(None).await;
    let (second, _) = world.visit(None).await;
    assert_eq!([first, second], [0, 1], "both numbers are free after all");
}

#[tokio::test]
async fn a_page_whose_number_nobody_has_seen_takes_none_until_it_is_wanted() {
    let world = world(1, false);
    let waiting = world.arrive_as("", None, true).await;
    assert_eq!((index(&waiting), waiting.lease), (99, None));
    let known = waiting.session.expect("the visit is recorded");
    assert_eq!(world.history.leases(), 0);
    let wanted = world.arrive_as("", Some(known), false).await;
    assert_eq!(index(&wanted), 0);
    let later = world.arrive_as("next", Some(known), true).await;
    assert_eq!(index(&later), 0, "a number the session holds stays");
    assert_eq!(later.lease, wanted.lease);
}

#[tokio::test]
async fn after_a_restart_visible_numbers_stay_with_their_visitors_for_a_minute() {
    let world = world(2, false);
    let now = world.clock.now();
    let lease = |index: i64, seen_ago: i64| OpenLease {
        lease: LeaseRow {
            id: LeaseId::from_raw(500 + index),
            number: NumberId::from_raw(100 + index),
            pool: POOL,
            target: TARGET,
            session: SessionId::from_raw(600 + index),
            visitor: VisitorId::from_raw(700 + index),
            started_at: now.plus_millis(-3_600_000),
            network: Network::UNKNOWN,
        },
        confirmed_at: Some(now.plus_millis(-3_600_000)),
        seen_at: now.plus_millis(-seen_ago),
    };
    // The process was away for ten minutes: number 0 was visible until its end, number 1 long before.
    *world.history.open.lock().expect("leases") = vec![lease(0, 600_000), lease(1, 3_000_000)];
    world.assignments.restore().await.expect("restored");
    assert_eq!(index(&world.arrive("", None).await), 1);
    assert_eq!(
        index(&world.arrive("", None).await),
        99,
        "number 0 may still be on a screen"
    );
    world.clock.forward(60_000);
    assert_eq!(index(&world.arrive("", None).await), 0);
}

#[tokio::test]
async fn a_page_that_lost_its_number_asks_again_and_keeps_the_next_one() {
    let world = world(1, false);
    let (_, first) = world.visit(None).await;
    world.clock.forward(61_000);
    let (taken, second) = world.visit(None).await;
    assert_eq!(taken, 0);
    assert_eq!(world.beat(first).await, BeaconOutcome::Lost);
    world.clock.forward(61_000);
    let again = world.arrive("", Some(first)).await;
    assert_eq!(
        (index(&again), again.session),
        (0, Some(first)),
        "the same session, by its token"
    );
    assert_eq!(world.shown(first).await, BeaconOutcome::Taken);
    assert_eq!(world.beat(first).await, BeaconOutcome::Taken);
    assert_eq!(world.beat(second).await, BeaconOutcome::Lost);
}

#[tokio::test]
async fn a_full_queue_does_not_take_away_a_number_that_is_in_use() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    world.history.full.store(true, Ordering::SeqCst);
    assert_eq!(
        index(
            &world
                .arrive("?utm_source=mail&utm_medium=email", Some(known))
                .await
        ),
        99
    );
    world.history.full.store(false, Ordering::SeqCst);
    assert_eq!(world.beat(known).await, BeaconOutcome::Taken);
    world
        .arrive("?utm_source=mail&utm_medium=email", Some(known))
        .await;
    assert_eq!(
        world
            .history
            .count(|r| matches!(r, Record::Touch(t) if t.source.source == "mail")),
        1
    );
}

#[tokio::test]
async fn who_only_asks_for_numbers_is_soon_out_of_memory_and_who_looks_at_one_stays() {
    let world = world(3, false);
    let asked = world.arrive("", None).await.session.expect("a session");
    let (_, looked) = world.visit(None).await;
    world.clock.forward(181_000);
    world.assignments.sweep();
    let held = world.assignments.latest_sessions(SITE, 10);
    assert_eq!(held, [looked.session]);
    // A person who goes on after all is the same visitor as before.
    let again = world.arrive("", Some(asked)).await;
    assert_eq!(again.session.map(|k| k.visitor), Some(asked.visitor));
}
