//! Recordings: written once, listed when their time is over, deleted for good.

use trunkline_engine::call::control::RecordingState;
use trunkline_engine::ports::calls::{CallRecords, Deletion, RecordingRow};

use super::World;
use super::calls::{after, whole_change};

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_recording_is_not_unfinished_again() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let mut change = whole_change(&world, &set_up);
        let recording = change.recording.as_mut().unwrap();
        let id = recording.id;
        for (state, expected) in [
            (RecordingState::Writing, RecordingState::Writing),
            (RecordingState::Complete, RecordingState::Complete),
            (RecordingState::Writing, RecordingState::Complete),
        ] {
            change.recording.as_mut().unwrap().state = state;
            store.save(&change).await.unwrap();
            let unfinished = store.unfinished_recordings().await.unwrap();
            assert_eq!(
                unfinished.len(),
                usize::from(expected == RecordingState::Writing)
            );
            assert_eq!(store.recording(id).await.unwrap().unwrap().state, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_over_their_time_are_listed_once_and_one_that_was_deleted_stays_so() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let save = async |set_up, state, minutes| {
            let mut change = whole_change(&world, set_up);
            let recording = change.recording.as_mut().unwrap();
            recording.state = state;
            recording.started_at = after(minutes);
            store.save(&change).await.unwrap();
            change
        };
        let first = save(&set_up, RecordingState::Complete, 1).await;
        let second = save(&set_up, RecordingState::Partial, 1).await;
        let writing = save(&set_up, RecordingState::Writing, 2).await;
        let late = save(&set_up, RecordingState::Complete, 9).await;
        let theirs = save(&other, RecordingState::Complete, 1).await;
        let [first, second, writing, late, theirs] =
            [&first, &second, &writing, &late, &theirs].map(|c| c.recording.clone().unwrap());
        let account = set_up.account.id;
        let listed = async |from: Option<&RecordingRow>, limit| {
            let from = from.map(|r| (r.started_at, r.id));
            let kept = store.kept_recordings(account, after(9), from, limit);
            kept.await.unwrap()
        };
        assert_eq!(listed(None, 9).await, vec![first.clone(), second.clone()]);
        assert_eq!(listed(None, 1).await, vec![first.clone()]);
        assert_eq!(listed(Some(&first), 9).await, vec![second.clone()]);
        for recording in [&first, &writing] {
            let deleted = store.recording_deleted(recording.id, after(10), "after 90 days");
            deleted.await.unwrap();
        }
        let again = store.recording_deleted(first.id, after(11), "after 1 day");
        again.await.unwrap();
        assert_eq!(listed(None, 9).await, vec![second]);
        // A save that comes late, from the spool for example, takes nothing back.
        let mut change = whole_change(&world, &set_up);
        change.recording = Some(first.clone());
        store.save(&change).await.unwrap();
        let stored = async |id| store.recording(id).await.unwrap().unwrap();
        let gone = RecordingRow {
            state: RecordingState::Deleted,
            deleted: Some(Deletion {
                at: after(10),
                because: "after 90 days".to_owned(),
            }),
            ..first
        };
        assert_eq!(stored(gone.id).await, gone);
        for kept in [writing, late, theirs] {
            assert_eq!(stored(kept.id).await, kept);
        }
    }
}
