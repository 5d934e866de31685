//! Page views and showings that are over their time are deleted; what a call was credited to stays.

use std::sync::Arc;

use trunkline_core::assignment::Network;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{PageViewId, SessionId, ShowingId};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::ports::history::{PageViewRow, Record, SessionRow, ShowingRow};
use trunkline_engine::ports::{History, PastVisits};
use trunkline_engine::visit_retention::{Forgotten, VisitDays, VisitRetention};

use super::World;
use super::labels::save;
use super::world::{MINUTE, NOON, SetUp};

const DAY: i64 = 24 * 60 * MINUTE;

/// A clock that stands still.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn after(days: i64) -> Timestamp {
    NOON.plus_millis(days * DAY)
}

/// A session whose page shows the first number and is looked at three times, on the days given.
async fn visit(world: &World, set_up: &SetUp, days: [i64; 3]) -> SessionRow {
    let session = world.session(set_up, after(days[0]));
    let lease = world.lease(set_up, set_up.numbers[0].id, &session, after(days[0]));
    let mut records = vec![
        Record::Session(Box::new(session.clone())),
        Record::Touch(Box::new(world.touch(session.id, after(days[1])))),
        Record::Lease(lease.clone()),
    ];
    for day in days {
        let showing = world.showing(&lease, after(day));
        records.push(Record::ShowingEnded(
            showing.id,
            after(day).plus_millis(MINUTE),
        ));
        records.push(Record::Showing(showing));
        records.push(Record::PageView(PageViewRow {
            id: world.id(),
            session: session.id,
            at: after(day),
            page: "https://example.com/offer".to_owned(),
        }));
    }
    world.record(records).await;
    session
}

/// How many page views and showings of a session there are, and how many of its arrivals.
async fn left(world: &World, session: SessionId) -> (usize, usize, usize) {
    let story = world.store.session_story(session).await.unwrap().unwrap();
    (
        story.page_views.len(),
        story.showings.len(),
        story.touches().count(),
    )
}

fn retention(world: &World, days: u32, now: Timestamp) -> VisitRetention {
    let visits: Arc<dyn PastVisits> = Arc::new(world.store.patient());
    VisitRetention::new(
        Moment::new(Arc::new(At(now)), 0),
        visits,
        VisitDays::new(days),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_over_their_time_lose_their_pages_and_what_a_call_was_credited_to_stays() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let old = visit(&world, &set_up, [0, 1, 1]).await;
        // Still there on the day of the run, in a tab that was never closed.
        let long = visit(&world, &set_up, [0, 2, 95]).await;
        let credited = visit(&world, &set_up, [0, 1, 1]).await;
        let mut call = world.call(&set_up, 14_695_550_123, after(1));
        call.session = Some(credited.id);
        save(&world.store, &call).await;

        let now = after(95);
        let kept = retention(&world, 0, now).run().await.unwrap();
        assert_eq!(kept, Forgotten::default(), "for ever");
        let early = retention(&world, 96, now).run().await.unwrap();
        assert_eq!(early, Forgotten::default(), "not over their time");
        let run = retention(&world, 90, now).run().await.unwrap();
        let expected = Forgotten {
            page_views: 5,
            showings: 5,
            ..Forgotten::default()
        };
        assert_eq!(run, expected);
        assert_eq!(left(&world, old.id).await, (0, 0, 2), "arrivals stay");
        assert_eq!(left(&world, long.id).await, (1, 1, 2));
        assert_eq!(left(&world, credited.id).await, (3, 3, 2));
        let again = retention(&world, 90, now).run().await.unwrap();
        assert_eq!(again, Forgotten::default(), "a second run finds nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_showing_that_a_page_still_shows_stays_however_old_it_is() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let session = world.session(&set_up, NOON);
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let showing = world.showing(&lease, NOON);
        world
            .record(vec![
                Record::Session(Box::new(session.clone())),
                Record::Lease(lease.clone()),
                Record::LeaseSeen(lease.id, after(94)),
                Record::Showing(showing),
            ])
            .await;
        let run = retention(&world, 90, after(95)).run().await.unwrap();
        assert_eq!(run, Forgotten::default());
        assert_eq!(left(&world, session.id).await, (0, 1, 1));
        let later = retention(&world, 90, after(185)).run().await.unwrap();
        assert_eq!(later.showings, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_without_a_lease_that_a_page_still_shows_stays_too() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let session = world.session(&set_up, NOON);
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let showing = || ShowingRow {
            lease: None,
            ..world.showing(&lease, NOON)
        };
        let (open, closed) = (showing(), showing());
        world
            .record(vec![
                Record::Session(Box::new(session.clone())),
                Record::SessionSeen(session.id, after(94)),
                Record::ShowingEnded(closed.id, after(1)),
                Record::Showing(open),
                Record::Showing(closed),
            ])
            .await;
        let run = retention(&world, 90, after(95)).run().await.unwrap();
        assert_eq!(run.showings, 1, "the one that ended");
        assert_eq!(left(&world, session.id).await, (0, 1, 1));
        let later = retention(&world, 90, after(185)).run().await.unwrap();
        assert_eq!(later.showings, 1, "the page went away");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_go_on_where_the_one_before_ended_and_miss_nothing() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        for _ in 0..3 {
            visit(&world, &set_up, [0, 0, 0]).await;
        }
        let (mut views, mut showings) = (Vec::new(), Vec::new());
        let mut place: Option<(SessionId, PageViewId)> = None;
        loop {
            let batch = world.store.delete_page_views(after(1), place, 4).await;
            let batch = batch.unwrap();
            views.push(batch.deleted);
            place = batch.last;
            if place.is_none() {
                break;
            }
        }
        let mut place: Option<ShowingId> = None;
        loop {
            let batch = world.store.delete_showings(after(1), place, 4).await;
            let batch = batch.unwrap();
            showings.push(batch.deleted);
            place = batch.last;
            if place.is_none() {
                break;
            }
        }
        assert_eq!((views, showings), (vec![4, 4, 1], vec![4, 4, 1]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reached_its_limit_is_taken_up_by_the_next() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let session = world.session(&set_up, NOON);
        let view = |_| {
            Record::PageView(PageViewRow {
                id: world.id(),
                session: session.id,
                at: NOON,
                page: "https://example.com/offer".to_owned(),
            })
        };
        world
            .record(vec![Record::Session(Box::new(session.clone()))])
            .await;
        world.record((0..700).map(view).collect()).await;
        let one = retention(&world, 90, after(95)).with_batches(1);
        let told = |page_views, more| Forgotten {
            page_views,
            more,
            ..Forgotten::default()
        };
        assert_eq!(one.run().await.unwrap(), told(500, true));
        assert_eq!(one.run().await.unwrap(), told(200, false));
        assert_eq!(left(&world, session.id).await, (0, 0, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_of_a_lease_is_forgotten_after_two_days_however_the_lease_ended() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let session = world.session(&set_up, NOON);
        // Given and never heard of again, as by whoever leaves at once: nobody records its end.
        let mut lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        lease.network = Network::of("203.0.113.7".parse().unwrap());
        world.record(vec![Record::Lease(lease.clone())]).await;
        let networks = async || -> Vec<Network> {
            let open = world.store.open_leases(NOON).await.unwrap();
            open.iter().map(|open| open.lease.network).collect()
        };
        let given_at = lease.id.drawn_at();
        for (days, forgotten) in [(1, 0), (3, 1), (3, 0)] {
            let now = given_at.plus_millis(days * DAY);
            // Also where visits are kept for ever.
            let run = retention(&world, 0, now).run().await.unwrap();
            let expected = Forgotten {
                networks: forgotten,
                ..Forgotten::default()
            };
            assert_eq!(run, expected, "after {days} days");
            let held = networks().await;
            let known = days < 2;
            assert_eq!(
                held.iter().any(|n| n.is_known()),
                known,
                "after {days} days"
            );
        }
    }
}
