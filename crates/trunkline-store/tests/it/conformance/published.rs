//! Numbers in blocks, which blocks pages carry, and what tests of a site found.

use trunkline_core::assignment::{Network, Published};
use trunkline_core::base::Locality;
use trunkline_engine::check::CheckResult;
use trunkline_engine::ports::history::Record;
use trunkline_engine::ports::{CheckRecords, Configuration, History};

use super::World;
use super::world::{MINUTE, NOON};

#[tokio::test(flavor = "multi_thread")]
async fn it_is_remembered_which_blocks_carried_a_number_and_the_number_can_still_be_deleted() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let number = set_up.numbers[1].id;
        let mut published = Published {
            number,
            site: set_up.site.id,
            first: 3,
            last: None,
        };
        let stored = async || store.load().await.unwrap().published;
        store.put_published(&published).await.unwrap();
        assert_eq!(stored().await, [published]);
        published.last = Some(9);
        store.put_published(&published).await.unwrap();
        assert_eq!(stored().await, [published]);
        assert!(store.delete_number(number).await.unwrap());
        assert_eq!(stored().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_page_that_told_of_a_block_counts_in_whatever_order_they_are_recorded() {
    for world in World::both().await {
        let (one, two) = (world.set_up().await.site.id, world.set_up().await.site.id);
        let at = |minutes| NOON.plus_millis(minutes * MINUTE);
        let told = vec![
            Record::BlockSeen(one, 4, at(3)),
            Record::BlockSeen(one, 4, at(1)),
            Record::BlockSeen(one, 5, at(2)),
            Record::BlockSeen(two, 4, at(0)),
        ];
        world.record(told.clone()).await;
        world.record(told).await;
        world.record(vec![Record::BlockSeen(one, 5, at(0))]).await;
        let seen = world.store.blocks_seen(NOON).await.unwrap();
        assert_eq!(seen, [(two, 4, at(0)), (one, 5, at(2)), (one, 4, at(3))]);
        let late = world.store.blocks_seen(at(3)).await.unwrap();
        assert_eq!(late, [(one, 4, at(3))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_keeps_the_network_and_a_visit_from_abroad_its_country() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let mut session = world.session(&set_up, NOON);
        session.locality = Some(Locality::abroad("FR".parse().unwrap()));
        let mut lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        lease.network = Network::of("2001:db8:7::1".parse().unwrap());
        let showing = world.showing(&lease, NOON);
        world
            .record(vec![
                Record::Session(Box::new(session.clone())),
                Record::Lease(lease.clone()),
                Record::Showing(showing),
            ])
            .await;
        let stored = world.store.session(session.id).await.unwrap();
        assert_eq!(stored.unwrap().locality, session.locality);
        let open = world.store.open_leases(NOON).await.unwrap();
        assert_eq!(open[0].lease, lease);
        let shown = world.store.showings_of(lease.number, NOON, NOON, 9).await;
        let area = session.locality.as_ref().map(Locality::area);
        assert_eq!(shown.unwrap()[0].area, area);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_result_of_a_test_is_kept_for_each_site_that_is_there() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let mut found = CheckResult {
            at: NOON,
            took_ms: 812,
            page: "https://example.com/kontakt?a=ü".to_owned(),
            number: Some(set_up.numbers[0].number),
            call: Some(world.id()),
            wrong: None,
        };
        store.put_check(set_up.site.id, &found).await.unwrap();
        found.at = NOON.plus_millis(MINUTE);
        (found.number, found.call) = (None, None);
        found.wrong = Some("the page does not answer".to_owned());
        store.put_check(set_up.site.id, &found).await.unwrap();
        store.put_check(world.id(), &found).await.unwrap();
        let kept = store.checks().await.unwrap();
        assert_eq!(kept, [(set_up.site.id, found)]);
    }
}
