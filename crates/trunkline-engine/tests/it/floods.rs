//! A pool that one network floods, over a restart.

use trunkline_core::assignment::Network;
use trunkline_core::assignment::tappers::TAPPERS_MIN;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{LeaseId, NumberId, SessionId, VisitorId};
use trunkline_engine::assignment::{Beacon, BeaconOutcome};
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::history::{LeaseRow, OpenLease, Record};

use crate::world::{POOL, SITE, TARGET, index, world};

const OVERFLOW: u64 = 99;

fn network(ip: &str) -> Network {
    Network::of(ip.parse().expect("an address"))
}

#[tokio::test]
async fn a_restart_does_not_give_a_network_its_share_once_more() {
    let world = world(12, false);
    let flood = network("203.0.113.7");
    let now = world.clock.now();
    // What the last process left: eight of twelve numbers are held, three of them by one network, which is its share.
    let lease = |number: i64, network| OpenLease {
        lease: LeaseRow {
            id: LeaseId::from_raw(500 + number),
            number: NumberId::from_raw(100 + number),
            pool: POOL,
            target: TARGET,
            session: SessionId::from_raw(600 + number),
            visitor: VisitorId::from_raw(700 + number),
            started_at: now.plus_millis(-60_000),
            network,
        },
        confirmed_at: Some(now.plus_millis(-50_000)),
        seen_at: now.plus_millis(-5_000),
    };
    let holder = |number| if number < 3 { flood } else { Network::UNKNOWN };
    let left = (0..8).map(|number| lease(number, holder(number))).collect();
    *world.history.open.lock().expect("leases") = left;
    world.assignments.restore().await.expect("restored");
    for _ in 0..4 {
        let answer = world.arrive_from(network("203.0.113.200")).await;
        assert_eq!(index(&answer), OVERFLOW, "the network has its share");
    }
    let other = world.arrive_from(network("198.51.100.7")).await;
    assert!(index(&other) < 12, "others still get numbers");
    let turned = world.assignments.turned_away(SITE, POOL);
    assert_eq!(turned.map(|t| t.network), Some(flood));
}

#[tokio::test]
async fn a_lease_is_written_with_the_network_it_was_given_to() {
    let world = world(2, false);
    let from = network("2001:db8:1::7");
    world.arrive_from(from).await;
    let records = world.history.records.lock().expect("records");
    let leases: Vec<Network> = records
        .iter()
        .filter_map(|record| match record {
            Record::Lease(lease) => Some(lease.network),
            _ => None,
        })
        .collect();
    assert_eq!(leases, [from]);
}

#[tokio::test]
async fn a_network_has_a_few_taps_on_a_number_that_all_see_and_its_own_on_its_own() {
    let flood = network("203.0.113.7");
    // The second world has a number of its own for each visit; half of them go to one network in any case.
    for (numbers, recorded) in [(0, TAPPERS_MIN), (60, 30)] {
        let world = world(numbers, false);
        for _ in 0..30 {
            let answer = world.arrive_from(flood).await;
            let known = answer.session.expect("a session");
            assert_eq!(world.shown(known).await, BeaconOutcome::Taken);
            let tap = Beacon::Tap {
                number: answer.numbers[0].replacement.number,
                ago_ms: 0,
            };
            let told = world
                .assignments
                .beacons(SITE, known, None, flood, 1, vec![tap]);
            assert_eq!(told.await, BeaconOutcome::Taken);
        }
        let taps = world.history.count(|r| matches!(r, Record::Tap(_)));
        assert_eq!(taps, recorded, "{numbers} numbers");
    }
}

#[tokio::test]
async fn what_pages_tell_of_their_blocks_is_written_once_an_hour_and_known_after_a_restart() {
    let world = world(2, false);
    let told = |world: &crate::world::World| -> Vec<(i64, Timestamp)> {
        let records = world.history.records.lock().expect("records");
        let told = records.iter().filter_map(|record| match record {
            Record::BlockSeen(_, version, at) => Some((*version, *at)),
            _ => None,
        });
        told.collect()
    };
    let first = world.clock.now();
    for _ in 0..3 {
        world.arrive("", None).await;
    }
    assert_eq!(told(&world), [(1, first)]);
    world.clock.forward(3_600_000);
    let later = world.clock.now();
    world.arrive("", None).await;
    assert_eq!(told(&world), [(1, first), (1, later)]);
    let overflow = NumberId::from_raw(199);
    assert_eq!(
        world.assignments.hold(overflow),
        None,
        "no block carried it"
    );
    world.publish(overflow);
    let hold = world.assignments.hold(overflow).expect("a hold");
    assert_eq!(hold.seen_at, later);
    assert_eq!(hold.until, later.plus_millis(30 * 86_400_000));
    assert_eq!(world.assignments.hold(NumberId::from_raw(100)), None);

    let restarted = world.restarted();
    assert_eq!(restarted.hold(overflow), None);
    restarted.restore().await.expect("restored");
    assert_eq!(restarted.hold(overflow), Some(hold));
    world.clock.forward(30 * 86_400_000);
    assert_eq!(
        restarted.hold(overflow),
        None,
        "nobody told of it for 30 days"
    );
}

#[tokio::test]
async fn an_old_block_is_believed_of_pages_the_site_met_and_of_no_stranger() {
    let overflow = NumberId::from_raw(199);
    for by_beacon in [true, false] {
        let world = world(2, false);
        world.publish(overflow);
        let met = world.arrive("", None).await.session.expect("a session");
        assert_eq!(world.assignments.hold(overflow), None, "a stranger says so");
        if by_beacon {
            assert_eq!(world.shown(met).await, BeaconOutcome::Taken);
        } else {
            world.arrive("", Some(met)).await;
        }
        let hold = world.assignments.hold(overflow).expect("a hold");
        assert_eq!(hold.seen_at, world.clock.now());
    }
}
