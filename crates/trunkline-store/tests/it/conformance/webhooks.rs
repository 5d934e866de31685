//! Trunks whose carrier talks by webhooks, and recordings that are to be fetched from carriers.

use trunkline_core::base::id::CallId;
use trunkline_core::call::CallState;
use trunkline_engine::call::control::RecordingState;
use trunkline_engine::ports::calls::{CallChange, CallRecords, RecordingRow};
use trunkline_engine::ports::configuration::Configuration;
use trunkline_engine::ports::webhooks::{
    Dialect, FetchedRecording, RecordingFetch, RecordingFetches, Secret, WebhookTrunk,
};

use super::World;
use super::world::{MINUTE, NOON, SetUp};

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_carriers_are_sealed_loaded_replaced_and_forgotten() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let loaded = async || store.load().await.unwrap().webhooks;
        let mut webhook = WebhookTrunk {
            trunk: set_up.trunk.profile.id,
            dialect: Dialect::Twilio,
            carrier_account: "AC1".to_owned(),
            signing_key: Secret::new("a token nobody may see"),
            api_token: Some(Secret::new("another")),
            set_at: NOON,
        };
        assert_eq!(loaded().await, []);
        store.put_webhook(&webhook).await.unwrap();
        assert_eq!(loaded().await, [webhook.clone()]);
        webhook.dialect = Dialect::SignalWire;
        webhook.signing_key = Secret::new("a new one");
        webhook.api_token = None;
        store.put_webhook(&webhook).await.unwrap();
        assert_eq!(loaded().await, [webhook.clone()]);
        assert!(store.delete_webhook(webhook.trunk).await.unwrap());
        assert!(!store.delete_webhook(webhook.trunk).await.unwrap());
        assert_eq!(loaded().await, []);
        assert!(!format!("{webhook:?}").contains("a new one"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_goes_takes_its_keys_with_it() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let webhook = WebhookTrunk {
            trunk: set_up.trunk.profile.id,
            dialect: Dialect::Telnyx,
            carrier_account: "AC1".to_owned(),
            signing_key: Secret::new("key"),
            api_token: None,
            set_at: NOON,
        };
        store.put_webhook(&webhook).await.unwrap();
        assert!(
            store.delete_trunk(webhook.trunk).await.is_err(),
            "numbers are bound to it"
        );
        assert_eq!(
            store.load().await.unwrap().webhooks,
            std::slice::from_ref(&webhook)
        );
        for number in &set_up.numbers {
            store.delete_number(number.id).await.unwrap();
        }
        assert!(store.delete_trunk(webhook.trunk).await.unwrap());
        assert_eq!(store.load().await.unwrap().webhooks, []);
    }
}

/// An ended or talking call that is recorded at its carrier.
async fn recorded(world: &World, set_up: &SetUp, state: CallState) -> (CallId, RecordingRow) {
    let mut call = world.call(set_up, 12_145_551_234, NOON);
    call.state = state;
    call.sip_call_id = format!("CA{}", call.id.raw());
    let recording = RecordingRow {
        id: world.id(),
        call: call.id,
        account: call.account,
        path: format!("{}.wav", call.id),
        state: RecordingState::Writing,
        duration_ms: 0,
        bytes: 0,
        started_at: NOON,
        deleted: None,
    };
    call.recording = Some(recording.id);
    let change = CallChange {
        call: call.clone(),
        events: Vec::new(),
        recording: Some(recording.clone()),
        label: None,
    };
    world.store.save(&change).await.unwrap();
    (call.id, recording)
}

fn fetch(set_up: &SetUp, call: CallId, recording: &RecordingRow, name: &str) -> RecordingFetch {
    RecordingFetch {
        call,
        name: name.to_owned(),
        recording: recording.id,
        account: recording.account,
        trunk: set_up.trunk.profile.id,
        url: "https://carrier.example/RE1".to_owned(),
        path: recording.path.clone(),
        tries: 0,
        begins_at: None,
        told_at: NOON,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_fetched_after_its_call_once_and_again_after_a_failure() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let (talking, theirs) = recorded(&world, &set_up, CallState::Talking).await;
        let (ended, ours) = recorded(&world, &set_up, CallState::Ended).await;
        let mut told = fetch(&set_up, ended, &ours, "RE1");
        assert!(store.note(&told).await.unwrap());
        assert!(!store.note(&told).await.unwrap(), "told twice");
        assert!(
            store
                .note(&fetch(&set_up, talking, &theirs, "RE2"))
                .await
                .unwrap()
        );
        assert_eq!(store.due(NOON, 9).await.unwrap(), [told.clone()]);
        let later = NOON.plus_millis(MINUTE);
        store.failed(ended, "RE1", later).await.unwrap();
        assert_eq!(store.due(NOON, 9).await.unwrap(), []);
        assert_eq!(store.begin(ended, "RE1", 8_000).await.unwrap(), 8_000);
        assert_eq!(
            store.begin(ended, "RE1", 9).await.unwrap(),
            8_000,
            "decided"
        );
        (told.tries, told.begins_at) = (1, Some(8_000));
        assert_eq!(store.due(later, 9).await.unwrap(), [told.clone()]);
        let done = FetchedRecording {
            state: RecordingState::Complete,
            duration_ms: 2_000,
            bytes: 64_044,
        };
        store.settle(&told, Some(done)).await.unwrap();
        assert_eq!(store.due(later, 9).await.unwrap(), []);
        assert!(
            !store.note(&told).await.unwrap(),
            "told after it was fetched"
        );
        let stored = store.recording(ours.id).await.unwrap().unwrap();
        assert_eq!(
            (stored.state, stored.duration_ms, stored.bytes),
            (RecordingState::Complete, 2_000, 64_044)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_given_up_is_partial_and_keeps_what_was_fetched_before() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let (call, recording) = recorded(&world, &set_up, CallState::Ended).await;
        let told = fetch(&set_up, call, &recording, "RE1");
        let more = fetch(&set_up, call, &recording, "RE2");
        store.note(&told).await.unwrap();
        store.note(&more).await.unwrap();
        let done = FetchedRecording {
            state: RecordingState::Complete,
            duration_ms: 1_000,
            bytes: 32_044,
        };
        store.settle(&told, Some(done)).await.unwrap();
        store.settle(&more, None).await.unwrap();
        let stored = store.recording(recording.id).await.unwrap().unwrap();
        assert_eq!(
            (stored.state, stored.duration_ms),
            (RecordingState::Complete, 1_000)
        );
        let (call, recording) = recorded(&world, &set_up, CallState::Ended).await;
        let told = fetch(&set_up, call, &recording, "RE1");
        store.note(&told).await.unwrap();
        store.settle(&told, None).await.unwrap();
        let stored = store.recording(recording.id).await.unwrap().unwrap();
        assert_eq!(stored.state, RecordingState::Partial);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_known_by_its_carriers_name_on_its_own_trunk() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let (call, _) = recorded(&world, &set_up, CallState::Ended).await;
        let name = format!("CA{}", call.raw());
        let trunk = set_up.trunk.profile.id;
        assert!(store.is_known(trunk, &name).await.unwrap());
        assert!(!store.is_known(trunk, "CA").await.unwrap());
        assert!(!store.is_known(world.id(), &name).await.unwrap());
    }
}
