//! The file that keeps calls while the database is away.

use trunkline_engine::ports::PortError;
use trunkline_engine::ports::calls::{CallChange, CallSpool};
use trunkline_store::FileSpool;
use trunkline_store::testing::TestDatabase;

use crate::conformance::World;
use crate::conformance::world::NOON;

async fn changes(world: &World, count: i64) -> Vec<CallChange> {
    let set_up = world.set_up().await;
    (0..count)
        .map(|n| CallChange {
            call: world.call(&set_up, 12_145_550_199, NOON.plus_millis(n)),
            events: Vec::new(),
            recording: None,
            label: None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spooled_changes_come_back_in_order_until_they_are_forgotten() {
    let world = World::on(TestDatabase::sqlite()).await;
    let path = format!("{}.spool", world.database.url);
    let spool = FileSpool::open(path.as_ref()).unwrap();
    assert!(spool.pending().unwrap().is_empty());
    let mut changes = changes(&world, 5).await;
    let set_up = world.set_up().await;
    changes[2] = crate::conformance::calls::whole_change(&world, &set_up);
    for change in &changes {
        spool.append(change).unwrap();
    }
    assert_eq!(spool.pending().unwrap(), changes);
    spool.forget(2).unwrap();
    drop(spool);
    let spool = FileSpool::open(path.as_ref()).unwrap();
    assert_eq!(spool.pending().unwrap(), changes[2..]);
    spool.append(&changes[0]).unwrap();
    spool.forget(3).unwrap();
    assert_eq!(spool.pending().unwrap(), changes[..1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_a_crash_cut_off_costs_only_itself() {
    let world = World::on(TestDatabase::sqlite()).await;
    let path = format!("{}.spool", world.database.url);
    let changes = changes(&world, 3).await;
    let spool = FileSpool::open(path.as_ref()).unwrap();
    spool.append(&changes[0]).unwrap();
    spool.append(&changes[1]).unwrap();
    drop(spool);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let spool = FileSpool::open(path.as_ref()).unwrap();
    spool.append(&changes[2]).unwrap();
    assert_eq!(
        spool.pending().unwrap(),
        [changes[0].clone(), changes[2].clone()]
    );
    spool.forget(1).unwrap();
    assert_eq!(spool.pending().unwrap(), changes[2..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_an_older_version_is_read_without_the_columns_that_came_since() {
    let world = World::on(TestDatabase::sqlite()).await;
    let path = format!("{}.spool", world.database.url);
    let changes = changes(&world, 1).await;
    let spool = FileSpool::open(path.as_ref()).unwrap();
    spool.append(&changes[0]).unwrap();
    drop(spool);
    let line = std::fs::read_to_string(&path).unwrap();
    let older = line.replace(",[\"toll_refused\",null]", "");
    assert_ne!(older, line, "the column is the last one");
    std::fs::write(&path, older).unwrap();
    let spool = FileSpool::open(path.as_ref()).unwrap();
    assert_eq!(spool.pending().unwrap(), changes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_says_so() {
    let world = World::on(TestDatabase::sqlite()).await;
    let path = format!("{}.spool", world.database.url);
    let spool = FileSpool::with_limit(path.as_ref(), 2_000).unwrap();
    let changes = changes(&world, 3).await;
    let results: Vec<_> = changes.iter().map(|change| spool.append(change)).collect();
    assert!(results[0].is_ok());
    assert_eq!(results[2], Err(PortError::Overloaded));
    assert!(!spool.pending().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_line_that_a_crash_cut_off_costs_only_itself() {
    let world = World::on(TestDatabase::sqlite()).await;
    let path = format!("{}.spool", world.database.url);
    let parked = format!("{}.parked", world.database.url);
    let changes = changes(&world, 2).await;
    let spool = FileSpool::open(path.as_ref()).unwrap();
    spool.park(&changes[0]).unwrap();
    let whole = std::fs::read(&parked).unwrap();
    std::fs::write(&parked, &whole[..whole.len() - 20]).unwrap();
    spool.park(&changes[1]).unwrap();
    // What was parked is in the form of the spool, so that a person can put it back.
    drop(spool);
    std::fs::copy(&parked, &path).unwrap();
    let spool = FileSpool::open(path.as_ref()).unwrap();
    assert_eq!(spool.pending().unwrap(), changes[1..]);
}
