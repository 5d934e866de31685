//! Numbers that leave a block: what is written of them, and when.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use trunkline_core::assignment::{Published, SwapTarget, TrackingNumber};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{NumberId, SwapTargetId};
use trunkline_engine::ports::configuration::Everything;
use trunkline_engine::setup::{Setup, SetupError};

use crate::calls::Desk;
use crate::configuration::{MemoryConfiguration, NoNames, furnished_with};
use crate::world::SITE;

/// The static number, which the block of the site shows to everybody else.
const SHOWN: NumberId = NumberId::from_raw(199);

/// A site without a pool.
async fn shown() -> (Desk, Setup, Arc<MemoryConfiguration>) {
    let (desk, setup, stored) = furnished_with(Everything::default(), Arc::new(NoNames)).await;
    let changed = stored.change(|all| {
        all.pools.clear();
        all.numbers.retain(|number| number.id == SHOWN);
    });
    changed.expect("stored");
    setup.reload().await.expect("read");
    (desk, setup, stored)
}

#[tokio::test]
async fn that_a_number_leaves_a_block_is_written_before_it_leaves() {
    let (desk, setup, stored) = shown().await;
    let directory = desk.directory.now();
    let in_force = Published {
        number: SHOWN,
        site: SITE,
        first: 0,
        last: None,
    };
    assert_eq!(directory.published(SHOWN), [in_force]);
    let left = Published {
        last: Some(1),
        ..in_force
    };
    let mut number = TrackingNumber::clone(directory.number(SHOWN).expect("the number"));
    (number.site, number.target) = (None, None);

    // As a crash between the two leaves it.
    stored.unchangeable.store(true, Ordering::SeqCst);
    let told = setup.put_number(&number).await;
    assert!(matches!(told, Err(SetupError::Port(_))), "{told:?}");
    assert_eq!(stored.stored().published, [left]);
    setup.reload().await.expect("read");
    let directory = desk.directory.now();
    assert_eq!(directory.published(SHOWN), [in_force], "it is still there");

    stored.unchangeable.store(false, Ordering::SeqCst);
    setup.put_number(&number).await.expect("changed");
    let directory = desk.directory.now();
    assert_eq!(directory.published(SHOWN), [left]);
    let version = directory.site(SITE).map(|site| site.site.config_version);
    assert_eq!(version, Some(2));
    assert_eq!(stored.stored().published, [left]);
}

#[tokio::test]
async fn that_a_publication_takes_a_number_away_is_written_before_it() {
    let (desk, setup, stored) = shown().await;
    let mut site = desk
        .directory
        .now()
        .site(SITE)
        .expect("a site")
        .site
        .clone();
    site.targets.remove(0);
    site.targets.push(SwapTarget {
        id: SwapTargetId::from_raw(4),
        label: "Other".to_owned(),
        number: PhoneNumber::from_digits(12_145_550_199),
    });
    stored.unchangeable.store(true, Ordering::SeqCst);
    let told = setup.put_site(site).await;
    assert!(matches!(told, Err(SetupError::Port(_))), "{told:?}");
    let noted = stored.stored().published;
    let noted: Vec<_> = noted.iter().map(|p| (p.number, p.site, p.last)).collect();
    assert_eq!(noted, [(SHOWN, SITE, Some(1))]);
}
