//! The whole database moves from one engine to the other and back.

use trunkline_core::assignment::TrackingNumber;
use trunkline_engine::ports::access::{Access, User};
use trunkline_engine::ports::calls::CallRecords;
use trunkline_engine::ports::configuration::Configuration;
use trunkline_engine::ports::distribution::{Buyer, DistributionRecords, ThingChange};
use trunkline_engine::ports::history::{History, Record, TapRow};
use trunkline_store::db::{Db, DbOptions, Location, copy};
use trunkline_store::schema::{MIGRATIONS, TABLES};
use trunkline_store::testing::TestDatabase;

use super::calls::{as_read, whole_change};
use super::distribution::Things;
use super::world::{NOON, World, open};

async fn empty(database: &TestDatabase) -> Db {
    let location = Location::parse(&database.url).unwrap();
    Db::open(&location, DbOptions::default(), MIGRATIONS)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_database_tells_the_same_story() {
    let [first, second] = World::both().await;
    let [third, fourth] = TestDatabase::both().await;
    for (world, target) in [(first, fourth), (second, third)] {
        let set_up = world.set_up().await;
        let store = &world.store;
        let ann = User {
            id: world.id(),
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            password_hash: "x".to_owned(),
            password_once: false,
            totp_secret: Some("JBSWY3DPEHPK3PXP".to_owned()),
            operator: false,
            created_at: NOON,
        };
        store.put_user(&ann).await.unwrap();
        store.instance_secret("tokens", [5; 32]).await.unwrap();
        let session = world.session(&set_up, NOON);
        let lease = world.lease(&set_up, set_up.numbers[0].id, &session, NOON);
        let showing = world.showing(&lease, NOON);
        let tap = TapRow {
            late: false,
            id: world.id(),
            number: lease.number,
            session: session.id,
            at: NOON,
        };
        world
            .record(vec![
                Record::Session(Box::new(session.clone())),
                Record::Touch(Box::new(world.touch(session.id, NOON))),
                Record::Lease(lease),
                Record::ShowingEnded(showing.id, NOON),
                Record::Showing(showing),
                Record::Tap(tap),
            ])
            .await;
        let things = Things::new(&world, set_up.account.id);
        things.put(store).await;
        // A company that is younger than who belongs to it.
        let company = Buyer {
            id: world.id(),
            name: "Holding".to_owned(),
            ..things.buyer.clone()
        };
        let member = Buyer {
            company: Some(company.id),
            ..things.buyer.clone()
        };
        for buyer in [company, member] {
            let buyer = ThingChange::Buyer(buyer);
            store.put_thing(&buyer, None).await.unwrap();
        }
        let number = TrackingNumber {
            feed: Some(things.feed.id),
            ..set_up.numbers[0].clone()
        };
        store.put_number(&number).await.unwrap();
        let numbers = store.load().await.unwrap().numbers;
        let change = whole_change(&world, &set_up);
        store.save(&change).await.unwrap();

        let empty = empty(&target).await;
        let copied = copy(store.db(), &empty, TABLES).await.unwrap();
        let rows = |name: &str| {
            copied
                .iter()
                .find(|copied| copied.table == name)
                .unwrap()
                .rows
        };
        assert_eq!(
            (
                rows("session"),
                rows("call_event"),
                rows("credential"),
                rows("tracking_number")
            ),
            (1, 5, 1, 3)
        );
        empty.close().await;
        drop(empty);

        let moved = open(&target).await;
        assert_eq!(
            moved.user(ann.id).await.unwrap(),
            Some(ann),
            "secrets open with the same key file"
        );
        assert_eq!(
            moved.instance_secret("tokens", [6; 32]).await.unwrap(),
            [5; 32]
        );
        assert_eq!(moved.load().await.unwrap().numbers, numbers);
        let account = set_up.account.id;
        let market = moved.load_distribution(account).await.unwrap();
        let before = store.load_distribution(account).await.unwrap();
        assert_eq!(market.buyers, before.buyers);
        assert_eq!(market.feeds, [things.feed]);
        let story = moved.session_story(session.id).await.unwrap();
        assert_eq!(story, store.session_story(session.id).await.unwrap());
        assert_eq!(
            moved.call(change.call.id).await.unwrap(),
            Some(as_read(&change))
        );
        assert_eq!(moved.events(change.call.id).await.unwrap(), change.events);
    }
}
