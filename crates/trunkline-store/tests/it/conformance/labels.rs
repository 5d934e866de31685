//! The truth of calls becomes known, people change their minds, and a site learns.

use std::sync::Arc;

use trunkline_core::attribution::{LabelKind, Model};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::SessionId;
use trunkline_core::call::CallState;
use trunkline_core::visitor::Source;
use trunkline_engine::attribution::{LABELS_MIN, Learning, SharedModels};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::ports::calls::{
    CallChange, CallEventKind, CallEventRow, CallRecords, CallRow, CandidateRow,
};
use trunkline_engine::ports::history::Record;
use trunkline_engine::ports::labels::{Confirmed, FittedModel, LabelRow, Labels, Said};
use trunkline_engine::ports::{Configuration, PastCalls};
use trunkline_engine::visit_retention::VisitDays;
use trunkline_store::Store;

use super::World;
use super::world::{MINUTE, NOON, SetUp, google};

const DAY: i64 = 86_400_000;

pub(super) fn after(minutes: i64) -> Timestamp {
    NOON.plus_millis(minutes * MINUTE)
}

pub(super) async fn save(store: &Store, call: &CallRow) {
    let change = CallChange {
        call: call.clone(),
        events: Vec::new(),
        recording: None,
        label: None,
    };
    store.save(&change).await.unwrap();
}

pub(super) fn candidate(session: Option<SessionId>, probability: f64) -> CandidateRow {
    CandidateRow {
        session,
        probability,
        who: "Visitor".to_owned(),
        source: "Google Ads".to_owned(),
        reasons: Vec::new(),
    }
}

fn label(world: &World, call: &CallRow, session: Option<SessionId>, at: Timestamp) -> LabelRow {
    LabelRow {
        id: world.id(),
        account: call.account,
        site: call.site,
        call: call.id,
        called_at: call.started_at,
        kind: LabelKind::Confirmed,
        session,
        said: Said {
            tapped: false,
            session: call.session,
            probability: 0.75,
        },
        at,
        said_by: Some(world.id()),
    }
}

pub(super) fn confirmed(
    world: &World,
    call: &CallRow,
    session: Option<SessionId>,
    at: Timestamp,
) -> Confirmed {
    Confirmed {
        label: label(world, call, session, at),
        source: session.map(|_| google()),
        event: CallEventRow {
            id: world.id(),
            call: call.id,
            at,
            kind: CallEventKind::Confirmed,
            attempt: None,
            destination: None,
            sip_status: None,
            detail: "Visitor".to_owned(),
        },
    }
}

/// The directory as it is stored.
pub(super) async fn directory(store: &Store) -> SharedDirectory {
    let shared = SharedDirectory::default();
    shared.replace(Directory::new(store.load().await.unwrap()));
    shared
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        NOON
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_said_last_stays_whatever_is_saved_later() {
    for world in World::both().await {
        let (store, set_up) = (&world.store, world.set_up().await);
        let (ann, bob) = (world.id(), world.id());
        let mut call = world.call(&set_up, 12_145_550_199, NOON);
        call.state = CallState::Talking;
        call.session = Some(ann);
        call.probability = Some(0.75);
        call.ambiguous = true;
        call.source = Some(Source::direct());
        call.candidates = vec![candidate(Some(ann), 0.75), candidate(None, 0.25)];
        save(store, &call).await;

        let first = confirmed(&world, &call, Some(bob), after(1));
        store.confirm(&first).await.unwrap();
        store.confirm(&first).await.unwrap();
        // What was spooled before the confirmation is saved after it.
        call.state = CallState::Ended;
        call.ended_at = Some(after(2));
        save(store, &call).await;
        let stored = store.call(call.id).await.unwrap().unwrap();
        assert_eq!(
            (stored.session, stored.probability, stored.ambiguous),
            (Some(bob), Some(1.0), false)
        );
        assert_eq!(stored.source, Some(google()));
        assert_eq!(stored.confirmed_at, Some(after(1)));
        assert_eq!(stored.state, CallState::Ended);
        assert_eq!(stored.candidates, call.candidates);

        let second = confirmed(&world, &call, None, after(5));
        store.confirm(&second).await.unwrap();
        store.recredit(&[call.clone()]).await.unwrap();
        let stored = store.call(call.id).await.unwrap().unwrap();
        assert_eq!((stored.session, stored.probability), (None, None));
        assert_eq!(stored.source, None);
        let latest = store.label_of(call.id).await.unwrap();
        assert_eq!(latest, Some(second.label.clone()));
        let found = store.labels(set_up.site.id, NOON, after(9), 9).await;
        assert_eq!(found.unwrap(), [second.label], "history stays, one counts");
        let events = store.events(call.id).await.unwrap();
        assert_eq!(events, [first.event, second.event]);
        let of_others = store.labels(world.id(), NOON, after(9), 9).await.unwrap();
        let before = store.labels(set_up.site.id, after(-9), NOON, 9).await;
        assert!(of_others.is_empty() && before.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_usable_model_of_each_site_is_found() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let fitted = |at, labels| {
            let mut fitted = FittedModel {
                id: world.id(),
                site: set_up.site.id,
                fitted_at: at,
                model: Model::default(),
            };
            fitted.model.labels = labels;
            fitted
        };
        assert_eq!(world.store.models().await.unwrap(), []);
        let (old, new) = (fitted(NOON, 1), fitted(after(1), 2));
        world.store.add_model(&new).await.unwrap();
        world.store.add_model(&old).await.unwrap();
        assert_eq!(world.store.models().await.unwrap(), [new]);
    }
}

/// A call of somebody who saw the number an hour before, while another visitor looks at it. A person said so.
async fn call_an_hour_later(world: &World, set_up: &SetUp, n: i64) {
    let at = NOON.plus_millis(n * DAY / 8);
    let number = set_up.numbers[0].id;
    let mut records = Vec::new();
    let mut sessions = Vec::new();
    for (first, last) in [(-70, -60), (-3, 1)] {
        let session = world.session(set_up, at.plus_millis(first * MINUTE));
        let begun = at.plus_millis(first * MINUTE);
        let lease = world.lease(set_up, number, &session, begun);
        let showing = world.showing(&lease, begun);
        records.extend([
            Record::LeaseConfirmed(lease.id, begun),
            Record::Lease(lease),
            Record::ShowingEnded(showing.id, at.plus_millis(last * MINUTE)),
            Record::Showing(showing),
            Record::Session(Box::new(session.clone())),
        ]);
        sessions.push(session.id);
    }
    world.record(records).await;
    let caller = 12_145_550_000 + u64::try_from(n).unwrap();
    let mut call = world.call(set_up, caller, at);
    call.state = CallState::Ended;
    call.ended_at = Some(at.plus_millis(MINUTE));
    save(&world.store, &call).await;
    let told = confirmed(world, &call, Some(sessions[0]), at.plus_millis(MINUTE));
    world.store.confirm(&told).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_learns_from_its_own_calls_and_knows_it_after_a_restart() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let site = set_up.site.id;
        let directory = directory(&world.store).await;
        let learning = |models: &SharedModels| {
            let store = Arc::new(world.store.patient());
            Learning::new(
                store.clone(),
                store.clone(),
                (store.clone(), store),
                directory.clone(),
                models.clone(),
                Moment::new(Arc::new(Noon), 3),
                VisitDays::default(),
            )
        };
        let models = SharedModels::default();
        let learner = learning(&models);
        let labels = i64::try_from(LABELS_MIN).unwrap();
        for n in 0..labels - 1 {
            call_an_hour_later(&world, &set_up, n).await;
        }
        let night = NOON.plus_millis(labels * DAY / 8 + DAY);
        assert_eq!(learner.due(night).await.unwrap(), [], "too few labels");
        call_an_hour_later(&world, &set_up, labels - 1).await;
        assert_eq!(learner.due(night).await.unwrap(), [site]);
        let long_after = NOON.plus_millis(300 * DAY);
        let due = learner.due(long_after).await.unwrap();
        assert_eq!(due, [], "calls too old to learn from");

        let new = models.delay_curve(site, trunkline_core::visitor::Device::Phone);
        let lessons = learner.lessons(site, night).await.unwrap().unwrap();
        assert_eq!(lessons.labels(), usize::try_from(LABELS_MIN).unwrap());
        learner.adopt(site, lessons.fit(), night).await.unwrap();
        assert_eq!(models.fitted_at(site), Some(night));
        let learned = models.delay_curve(site, trunkline_core::visitor::Device::Phone);
        // The step of 15 to 60 minutes off the screen and the next one, where these callers are.
        assert!(learned[5].1 > 3.0 * new[5].1, "{learned:?} after {new:?}");
        assert_eq!(learner.due(night).await.unwrap(), [], "nothing new");
        let next = night.plus_millis(2 * DAY);
        assert_eq!(
            learner.due(next).await.unwrap(),
            [],
            "nothing new overnight"
        );
        // One more at 23:00 in the site's zone, after the model of 20:00.
        call_an_hour_later(&world, &set_up, labels + 9).await;
        let late = night.plus_millis(3 * 60 * MINUTE + 30 * MINUTE);
        assert_eq!(learner.due(late).await.unwrap(), [], "it waits");
        let midnight = night.plus_millis(4 * 60 * MINUTE);
        assert_eq!(learner.due(midnight).await.unwrap(), [site]);

        let restarted = SharedModels::default();
        assert_eq!(learning(&restarted).load().await.unwrap(), 1);
        assert_eq!(restarted.fitted(site), models.fitted(site));
    }
}
