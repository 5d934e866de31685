//! Callers who have called before.

use trunkline_core::attribution::EarlierCall;
use trunkline_core::base::PhoneNumber;
use trunkline_engine::ports::calls::{CallRecords, CallsBefore};
use trunkline_engine::ports::history::Record;

use super::World;
use super::calls::{ANN, BOB, after, alone, answered, missed};
use super::world::NOON;

#[tokio::test(flavor = "multi_thread")]
async fn a_known_caller_is_recognised() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let ann = PhoneNumber::from_digits(ANN);
        let known = async |since| {
            store
                .earlier_call(set_up.account.id, None, ann, since, after(60))
                .await
                .unwrap()
        };
        assert_eq!(known(NOON).await, (false, None));
        let session = world.session(&set_up, NOON);
        world
            .record(vec![Record::Session(Box::new(session.clone()))])
            .await;
        let mut credited = missed(world.call(&set_up, ANN, after(1)));
        credited.session = Some(session.id);
        credited.probability = Some(0.75);
        store.save(&alone(credited)).await.unwrap();
        store
            .save(&alone(missed(world.call(&set_up, ANN, after(2)))))
            .await
            .unwrap();
        let earlier = EarlierCall {
            session: session.id,
            visitor: session.visitor,
            at: after(1),
            probability: 0.75,
        };
        assert_eq!(known(NOON).await, (true, Some(earlier)));
        assert_eq!(known(after(2)).await, (true, None));
        let account = set_up.account.id;
        let first = store.earlier_call(account, None, ann, NOON, after(1)).await;
        assert_eq!(first.unwrap(), (false, None), "a call is not its own past");
        let history = async |limit| {
            let number = set_up.numbers[0].id;
            let found = store.number_history(number, after(3), limit).await;
            let found = found.unwrap();
            (found.calls, found.stray)
        };
        assert_eq!(history(10).await, (2.0, 1.0));
        assert_eq!(history(1).await, (1.0, 1.0));
        let elsewhere = store
            .earlier_call(other.account.id, None, ann, NOON, after(60))
            .await
            .unwrap();
        assert_eq!(elsewhere, (false, None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_one_site_is_no_visitor_of_another_site_of_the_account() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let ann = PhoneNumber::from_digits(ANN);
        let here = world.session(&set_up, NOON);
        let mut there = world.session(&set_up, NOON);
        there.site = other.site.id;
        for (minute, session) in [(1, &here), (2, &there)] {
            let row = Record::Session(Box::new(session.clone()));
            world.record(vec![row]).await;
            let mut call = missed(world.call(&set_up, ANN, after(minute)));
            call.session = Some(session.id);
            store.save(&alone(call)).await.unwrap();
        }
        let latest = async |site| {
            let account = set_up.account.id;
            let found = store.earlier_call(account, site, ann, NOON, after(60));
            let (called, earlier) = found.await.unwrap();
            assert!(called, "the account was called before, whichever site");
            earlier.map(|call| (call.session, call.at))
        };
        assert_eq!(latest(None).await, Some((there.id, after(2))));
        assert_eq!(
            latest(Some(here.site)).await,
            Some((here.id, after(1))),
            "a later call of another site's visitor does not hide it"
        );
        assert_eq!(latest(Some(there.site)).await, Some((there.id, after(2))));
        assert_eq!(latest(Some(world.id())).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_earlier_calls_are_counted_and_who_answered_last_is_known() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let ann = PhoneNumber::from_digits(ANN);
        let before = async |account, at| store.calls_before(account, ann, at).await.unwrap();
        let account = set_up.account.id;
        assert_eq!(before(account, after(9)).await, CallsBefore::default());
        let taken_by = |minutes, digits| {
            let mut call = answered(world.call(&set_up, ANN, after(minutes)), 1_000);
            call.destination = Some(PhoneNumber::from_digits(digits).into());
            call
        };
        let mut test = taken_by(4, 12_145_550_179);
        test.synthetic = true;
        for call in [
            taken_by(1, 12_145_550_171),
            taken_by(2, 12_145_550_172),
            missed(world.call(&set_up, ANN, after(3))),
            answered(world.call(&set_up, BOB, after(3)), 1_000),
            test,
        ] {
            store.save(&alone(call)).await.unwrap();
        }
        let known = |count, digits| CallsBefore {
            count,
            answered_by: Some(PhoneNumber::from_digits(digits)),
        };
        assert_eq!(before(account, after(9)).await, known(3, 12_145_550_172));
        assert_eq!(before(account, after(2)).await, known(1, 12_145_550_171));
        assert_eq!(
            before(other.account.id, after(9)).await,
            CallsBefore::default()
        );
    }
}
