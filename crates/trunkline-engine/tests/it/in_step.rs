//! What is done again and again so that memory says what is so: hosts of trunks are looked up, the store is read only
//! when a change may have passed memory by, and what did not change stays as it is.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::id::{NumberId, TrunkId};
use trunkline_engine::assignment::BeaconOutcome;
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::configuration::{Everything, Resolver, Trunk};
use trunkline_engine::setup::SetupError;

use crate::calls::TRUNK;
use crate::configuration::furnished_with;
use crate::world::{everything, world};

const NAMED: TrunkId = TrunkId::from_raw(8);
const NUMBER: NumberId = NumberId::from_raw(100);

/// Every name has one address, which ends in this; with 0 nothing is found.
struct Names(AtomicU8);

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _: &str, port: u16) -> Vec<SocketAddr> {
        let last = self.0.load(Ordering::SeqCst);
        let at = (last != 0).then(|| (Ipv4Addr::new(127, 0, 0, last), port).into());
        at.into_iter().collect()
    }
}

#[tokio::test]
async fn a_host_that_moved_is_found_and_the_store_is_not_read_for_it() {
    let names = Arc::new(Names(AtomicU8::new(1)));
    let (desk, setup, stored) = furnished_with(Everything::default(), names.clone()).await;
    let mut named = Trunk::clone(desk.directory.now().trunk(TRUNK).expect("a trunk"));
    named.profile.id = NAMED;
    named.peer_host = Some("sip.carrier.example".to_owned());
    stored.add_trunk(named);
    setup.reload().await.expect("read");
    let before = desk.directory.now();
    let loads = stored.loads.load(Ordering::SeqCst);
    let mut changes = desk.directory.changes();
    changes.mark_unchanged();

    setup.keep_in_step().await.expect("looked up");
    assert!(!changes.has_changed().expect("open"), "nothing moved");

    names.0.store(2, Ordering::SeqCst);
    setup.keep_in_step().await.expect("looked up");
    let after = desk.directory.now();
    let peer = |directory: &Directory| directory.profile(NAMED).and_then(|p| p.peer);
    assert_eq!(peer(&before), Some(([127, 0, 0, 1], 5070).into()));
    assert_eq!(peer(&after), Some(([127, 0, 0, 2], 5070).into()));
    let trunk = after.trunk(NAMED).map(|t| t.profile.peer);
    assert_eq!(trunk, Some(peer(&after)), "both looks of a trunk agree");
    assert_eq!(stored.loads.load(Ordering::SeqCst), loads, "reads");
    let same = |of: &Directory| Arc::clone(of.number(NUMBER).expect("a number"));
    assert!(Arc::ptr_eq(&same(&before), &same(&after)), "it is shared");
    let own = |of: &Directory| Arc::clone(of.trunk(TRUNK).expect("a trunk"));
    assert!(Arc::ptr_eq(&own(&before), &own(&after)), "it did not move");
}

#[tokio::test]
async fn a_host_that_nobody_finds_at_the_start_is_missed_until_it_is_found() {
    let names = Arc::new(Names(AtomicU8::new(0)));
    let (desk, setup, stored) = furnished_with(Everything::default(), names.clone()).await;
    assert!(!setup.misses_a_host(), "no trunk has a name");
    let mut named = Trunk::clone(desk.directory.now().trunk(TRUNK).expect("a trunk"));
    named.profile.id = NAMED;
    named.profile.peer = None;
    named.peer_host = Some("sip.carrier.example".to_owned());
    stored.add_trunk(named);
    setup.reload().await.expect("read");
    assert!(setup.misses_a_host());
    setup.keep_in_step().await.expect("looked up");
    assert!(setup.misses_a_host(), "still away");

    names.0.store(1, Ordering::SeqCst);
    setup.keep_in_step().await.expect("looked up");
    assert!(!setup.misses_a_host());
}

#[tokio::test]
async fn a_change_that_was_stored_and_not_read_back_is_seen_later() {
    let names = Arc::new(Names(AtomicU8::new(1)));
    let (desk, setup, stored) = furnished_with(Everything::default(), names).await;
    let mut number = TrackingNumber::clone(desk.directory.now().number(NUMBER).expect("one"));
    number.label = "Yelp".to_owned();
    stored.unreadable.store(true, Ordering::SeqCst);
    let told = setup.put_number(&number).await;
    assert!(matches!(told, Err(SetupError::Port(_))), "{told:?}");
    setup.keep_in_step().await.expect_err("still away");
    stored.unreadable.store(false, Ordering::SeqCst);
    setup.keep_in_step().await.expect("read");
    let label = |of: &Directory| of.number(NUMBER).map(|n| n.label.clone());
    assert_eq!(label(&desk.directory.now()).as_deref(), Some("Yelp"));
    let loads = stored.loads.load(Ordering::SeqCst);
    setup.keep_in_step().await.expect("looked up");
    assert_eq!(stored.loads.load(Ordering::SeqCst), loads, "once is enough");
}

#[tokio::test]
async fn a_pool_whose_numbers_did_not_change_is_not_made_anew() {
    let world = world(3, false);
    let (_, known) = world.visit(None).await;
    assert_eq!(world.assignments.reload(), 0, "nothing changed");

    let mut all = everything(3, false);
    all.pools[0].name = "Another name".to_owned();
    all.numbers[0].label = "Another label".to_owned();
    world.directory.replace(Directory::new(all));
    assert_eq!(world.assignments.reload(), 0, "names are not in a pool");

    world
        .directory
        .replace(Directory::new(everything(4, false)));
    assert_eq!(world.assignments.reload(), 1, "a number more");
    world.directory.replace(Directory::new(everything(4, true)));
    assert_eq!(world.assignments.reload(), 1, "another strictness");
    assert_eq!(world.beat(known).await, BeaconOutcome::Taken, "it is kept");
}
