//! Recordings: written once, listed when their time is over, deleted for good.

use trunkline_core::base::id::{AccountId, CallId, CampaignId};
use trunkline_core::routing::Keep;
use trunkline_engine::call::control::RecordingState;
use trunkline_engine::ports::Opportunities;
use trunkline_engine::ports::calls::{CallRecords, Deletion, KeptRecording, RecordingRow};
use trunkline_engine::ports::distribution::{DistributionRecords, ThingChange};

use super::World;
use super::calls::{after, whole_change};
use super::distribution::Things;
use super::opportunities::record;

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
            let kept: Vec<KeptRecording> = kept.await.unwrap();
            assert!(kept.iter().all(|one| one.campaigns.is_empty()));
            Vec::from_iter(kept.into_iter().map(|one| one.recording))
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

#[tokio::test(flavor = "multi_thread")]
async fn recordings_over_their_time_come_with_what_the_campaigns_of_their_calls_say() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let account = set_up.account.id;
        let campaign = async |account: AccountId, name: &str, keep| {
            let mut campaign = Things::new(&world, account).campaign;
            campaign.name = name.to_owned();
            campaign.recordings.keep = keep;
            let change = ThingChange::Campaign(campaign.clone());
            store.put_thing(&change, None).await.unwrap();
            campaign
        };
        let mut roofs = campaign(account, "Roof repair", Keep::Days(30)).await;
        let law = campaign(account, "Law", Keep::ForEver).await;
        let solar = campaign(account, "Solar", Keep::AsAccount).await;
        let theirs = campaign(other.account.id, "Theirs", Keep::ForEver).await;
        let mut calls = Vec::new();
        for minutes in 1..=4 {
            let mut change = whole_change(&world, &set_up);
            change.recording.as_mut().unwrap().started_at = after(minutes);
            store.save(&change).await.unwrap();
            calls.push(change.recording.unwrap());
        }
        let went = async |account: AccountId, call: CallId, campaign: CampaignId| {
            let mut one = record(&world, account);
            one.opportunity.call = Some(call);
            one.opportunity.campaign = campaign;
            store.put_opportunity(&one).await.unwrap();
        };
        went(account, calls[0].call, roofs.id).await;
        for campaign in [&roofs, &law, &solar, &roofs] {
            went(account, calls[1].call, campaign.id).await;
        }
        // The word of another account counts for nothing, and neither does a campaign that is nowhere.
        went(other.account.id, calls[2].call, theirs.id).await;
        went(account, calls[3].call, world.id()).await;

        let says = |all: &[(&str, Keep)]| -> Vec<(String, Keep)> {
            let owned = |(name, keep): &(&str, Keep)| ((*name).to_owned(), *keep);
            all.iter().map(owned).collect()
        };
        let first = |keep| says(&[("Roof repair", keep)]);
        let second = |keep| {
            let (law, solar) = (("Law", Keep::ForEver), ("Solar", Keep::AsAccount));
            says(&[("Roof repair", keep), law, solar, ("Roof repair", keep)])
        };
        let listed = async |from: Option<&RecordingRow>, limit| {
            let from = from.map(|r| (r.started_at, r.id));
            let kept = store.kept_recordings(account, after(9), from, limit);
            kept.await.unwrap()
        };
        // As it is stored now, also when the campaign is put away.
        for (keep, archived_at) in [(Keep::Days(30), None), (Keep::ForEver, Some(after(6)))] {
            roofs.recordings.keep = keep;
            roofs.archived_at = archived_at;
            let change = ThingChange::Campaign(roofs.clone());
            store.put_thing(&change, None).await.unwrap();
            let campaigns = [first(keep), second(keep), vec![], vec![]];
            let expected: Vec<_> = calls
                .iter()
                .cloned()
                .zip(campaigns)
                .map(|(recording, campaigns)| KeptRecording {
                    recording,
                    campaigns,
                })
                .collect();
            assert_eq!(listed(None, 9).await, expected);
            assert_eq!(listed(None, 2).await, expected[..2], "two, not two lines");
            assert_eq!(listed(Some(&calls[0]), 1).await, expected[1..2]);
            assert_eq!(listed(Some(&calls[1]), 9).await, expected[2..]);
        }
    }
}
