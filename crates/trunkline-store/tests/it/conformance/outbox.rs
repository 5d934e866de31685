//! What is to be told outside: taken once, and never sent twice where nobody knows whether it arrived.

use trunkline_engine::ports::Outbox;
use trunkline_engine::ports::outbox::{AfterCrash, Delivery, OutboxEvent, OutboxState};

use super::World;
use super::world::{MINUTE, NOON};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_taken_once_and_after_a_crash_as_its_kind_says() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let event = |after_crash, due_ms| OutboxEvent {
            id: world.id(),
            account,
            kind: "webhook".to_owned(),
            about: Some(7),
            body: "{}".to_owned(),
            after_crash,
            due_at: NOON.plus_millis(due_ms),
            made_at: NOON,
        };
        let resend = event(AfterCrash::Resend, 1);
        let unknown = event(AfterCrash::Unknown, 0);
        let later = event(AfterCrash::Resend, MINUTE);
        for one in [&resend, &unknown, &later, &resend] {
            store.put_event(one).await.unwrap();
        }
        let now = NOON.plus_millis(1_000);
        let taken = store.take(now, 10).await.unwrap();
        let ids: Vec<_> = taken.iter().map(|row| row.event.id).collect();
        assert_eq!(ids, [unknown.id, resend.id], "the longest due first");
        assert_eq!(taken[1].event, resend);
        assert_eq!((taken[1].state, taken[1].tries), (OutboxState::Sending, 1));
        assert_eq!(store.take(now, 10).await.unwrap(), [], "once");
        assert_eq!(store.after_crash(now).await.unwrap(), (1, 1));
        let again = store.take(now, 10).await.unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].event.id, again[0].tries), (resend.id, 2));
        let why = "it answered 500".to_owned();
        let delivery = Delivery::Again(now.plus_millis(10), why);
        assert!(store.delivered(resend.id, &delivery, now).await.unwrap());
        assert!(!store.delivered(resend.id, &delivery, now).await.unwrap());
        let third = store.take(now.plus_millis(10), 10).await.unwrap();
        assert_eq!(third[0].trouble, "it answered 500");
        let done = store.delivered(resend.id, &Delivery::Done, now).await;
        assert!(done.unwrap());
        let lost = store.events_in(account, OutboxState::Unknown, None, 10);
        assert_eq!(lost.await.unwrap()[0].event.id, unknown.id);
        assert!(!store.send_again(account, resend.id, now).await.unwrap());
        assert!(!store.send_again(world.id(), unknown.id, now).await.unwrap());
        assert!(store.send_again(account, unknown.id, now).await.unwrap());
        let anew = store.take(now, 10).await.unwrap();
        assert_eq!((anew[0].event.id, anew[0].tries), (unknown.id, 1));
        assert_eq!(anew.len(), 1);
    }
}
