//! What pages tell: taps, forms, pages and showings, each within its bounds.

use std::sync::atomic::Ordering;

use trunkline_core::assignment::Network;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{AccountId, LeaseId};
use trunkline_engine::assignment::{
    Beacon, BeaconOutcome, FORMS_PER_SESSION_MAX, Known, PAGES_PER_SESSION_MAX, TAP_EVERY_MS,
    TAPS_PER_SESSION_MAX,
};
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::history::{FormDetails, Record, TapRow};

use crate::world::{FIRST, SITE, World, index, world};

impl World {
    /// A page tells a tap on the number with this index, so long ago; gives the taps recorded so far.
    async fn tap(&self, known: Known, index: u64, ago_ms: i64) -> Vec<TapRow> {
        let number = PhoneNumber::from_digits(FIRST + index);
        let tap = vec![Beacon::Tap { number, ago_ms }];
        let told = self
            .assignments
            .beacons(SITE, known, None, Network::UNKNOWN, 1, tap)
            .await;
        assert_eq!(told, BeaconOutcome::Taken);
        let records = self.history.records.lock().expect("records");
        let taps = records.iter().filter_map(|r| match r {
            Record::Tap(tap) => Some(tap.clone()),
            _ => None,
        });
        taps.collect()
    }
}

#[tokio::test]
async fn a_tap_counts_only_on_a_number_that_is_on_the_screen_of_the_session() {
    let world = world(2, false);
    let answer = world.arrive("", None).await;
    let (number, known) = (index(&answer), answer.session.expect("a session"));
    assert_eq!(world.tap(known, number, 0).await.len(), 0, "not shown yet");
    world.shown(known).await;
    assert_eq!(world.tap(known, number, 0).await.len(), 1);
    world.clock.forward(TAP_EVERY_MS);
    assert_eq!(world.tap(known, 1 - number, 0).await.len(), 1, "another's");
    world.clock.forward(61_000);
    world.assignments.sweep();
    assert_eq!(world.tap(known, number, 0).await.len(), 1, "long silent");
    world.shown(known).await;
    assert_eq!(world.tap(known, number, 0).await.len(), 2);
}

#[tokio::test]
async fn a_script_that_taps_without_end_leaves_a_person_s_share_of_taps() {
    let world = world(1, false);
    let (number, known) = world.visit(None).await;
    for _ in 0..100 {
        world.tap(known, number, 0).await;
    }
    assert_eq!(
        world.tap(known, number, 0).await.len(),
        1,
        "one wish to call"
    );
    let mut taps = 1;
    for _ in 0..100 {
        world.clock.forward(TAP_EVERY_MS);
        taps = world.tap(known, number, 0).await.len();
    }
    assert_eq!(taps, TAPS_PER_SESSION_MAX as usize);
}

#[tokio::test]
async fn a_tap_that_is_told_late_keeps_its_time_and_is_marked() {
    let world = world(1, false);
    let (number, known) = world.visit(None).await;
    world.clock.forward(50_000);
    let now = world.clock.now();
    let taps = world.tap(known, number, 20_000).await;
    let told = |tap: &TapRow| (tap.at, tap.late);
    assert_eq!(told(&taps[0]), (now.plus_millis(-20_000), true));
    // Before the number was on the screen, or too long ago to be believed.
    assert_eq!(world.tap(known, number, 50_001).await.len(), 1);
    for _ in 0..3 {
        world.clock.forward(20_000);
        world.beat(known).await;
    }
    assert_eq!(world.tap(known, number, 60_001).await.len(), 1);
    let now = world.clock.now();
    let taps = world.tap(known, number, 1_500).await;
    assert_eq!(told(&taps[1]), (now, false), "the time of its way");
}

#[tokio::test]
async fn a_session_sends_a_handful_of_forms_and_no_more() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    let form = || Beacon::Form {
        account: AccountId::from_raw(9),
        page: "https://a.example/".to_owned(),
        details: FormDetails::default(),
    };
    for _ in 0..30 {
        let sent = world
            .assignments
            .beacons(SITE, known, None, Network::UNKNOWN, 1, vec![form()]);
        assert_eq!(sent.await, BeaconOutcome::Taken);
    }
    let kept = world.history.count(|r| matches!(r, Record::Form(_)));
    assert_eq!(kept, FORMS_PER_SESSION_MAX as usize);
}

#[tokio::test]
async fn a_token_of_a_lease_that_was_given_on_speaks_for_nobody() {
    let world = world(1, false);
    let answer = world.arrive("", None).await;
    let (known, lease) = (answer.session.expect("a session"), answer.lease);
    assert_eq!(
        world
            .assignments
            .beacons(SITE, known, lease, Network::UNKNOWN, 1, vec![Beacon::Beat])
            .await,
        BeaconOutcome::Taken
    );
    let other = Some(LeaseId::from_raw(1));
    assert_eq!(
        world
            .assignments
            .beacons(SITE, known, other, Network::UNKNOWN, 1, vec![Beacon::Beat])
            .await,
        BeaconOutcome::Lost
    );
}

#[tokio::test]
async fn a_showing_that_could_not_be_recorded_is_recorded_when_it_is_told_again() {
    for full in [true, false] {
        let world = world(1, false);
        let known = world.arrive("", None).await.session.expect("a session");
        let trouble = if full {
            &world.history.full
        } else {
            &world.history.failing
        };
        trouble.store(true, Ordering::SeqCst);
        assert_eq!(world.shown(known).await, BeaconOutcome::Busy);
        trouble.store(false, Ordering::SeqCst);
        assert_eq!(world.shown(known).await, BeaconOutcome::Taken);
        assert_eq!(world.history.count(|r| matches!(r, Record::Showing(_))), 1);
        assert_eq!(
            world
                .history
                .count(|r| matches!(r, Record::LeaseConfirmed(..))),
            1
        );
    }
}

#[tokio::test]
async fn a_silent_showing_is_ended_once_at_its_last_sight() {
    let world = world(1, false);
    world.visit(None).await;
    let seen = world.clock.now();
    world.clock.forward(61_000);
    world.assignments.sweep();
    world.assignments.sweep();
    let ends = world
        .history
        .count(|r| matches!(r, Record::ShowingEnded(_, at) if *at == seen));
    assert_eq!(ends, 1);
}

#[tokio::test]
async fn a_session_records_so_many_pages_and_no_more() {
    let world = world(1, false);
    let (_, known) = world.visit(None).await;
    for _ in 0..30 {
        let page = |n| Beacon::Page {
            page: format!("https://a.example/{n}"),
        };
        let pages = (0..32).map(page).collect();
        let outcome = world
            .assignments
            .beacons(SITE, known, None, Network::UNKNOWN, 1, pages)
            .await;
        assert_eq!(outcome, BeaconOutcome::Taken);
    }
    for n in 0..10 {
        let answer = world
            .arrive(&format!("?utm_source=s{n}"), Some(known))
            .await;
        assert_eq!(index(&answer), 0, "its numbers it still gets");
    }
    let pages = |r: &Record| {
        matches!(
            r,
            Record::Session(_) | Record::PageView(_) | Record::Touch(_)
        )
    };
    let recorded = u32::try_from(world.history.count(pages)).expect("a count");
    assert_eq!(recorded, PAGES_PER_SESSION_MAX);
}
