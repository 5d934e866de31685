//! How long recordings are kept.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, CallId, RecordingId};
use trunkline_core::call::TollPolicy;
use trunkline_core::routing::Keep;
use trunkline_engine::call::Retention;
use trunkline_engine::call::control::RecordingState;
use trunkline_engine::call::retention::{RecordingFiles, Swept};
use trunkline_engine::clock::{Clock, Moment};
use trunkline_engine::ports::calls::{Deletion, RecordingRow};
use trunkline_engine::ports::{PortError, PortResult};

use crate::calls::{Desk, desk_with};
use crate::distribution::keeps;

const DAY_MS: i64 = 86_400_000;

/// The server does not end.
fn goes_on() -> bool {
    false
}

/// Takes down what is removed; files with `stuck` in their path cannot be.
#[derive(Default)]
struct MemoryRecordings(Mutex<Vec<String>>);

#[async_trait]
impl RecordingFiles for MemoryRecordings {
    async fn remove(&self, path: &str) -> PortResult<()> {
        if path.contains("stuck") {
            return Err(PortError::Failed("told to fail".to_owned()));
        }
        self.0.lock().expect("files").push(path.to_owned());
        Ok(())
    }
}

fn recording(id: i64, account: i64, state: RecordingState, at: Timestamp) -> RecordingRow {
    RecordingRow {
        id: RecordingId::from_raw(id),
        call: CallId::from_raw(id),
        account: AccountId::from_raw(account),
        path: format!("{id}.wav"),
        state,
        duration_ms: 1_000,
        bytes: 32_044,
        started_at: at,
        deleted: None,
    }
}

/// A desk whose account keeps recordings for so long, with these recordings.
async fn house(
    keep_days: Option<u32>,
    recordings: impl FnOnce(Timestamp) -> Vec<RecordingRow>,
) -> (Desk, Retention, Arc<MemoryRecordings>) {
    let desk = desk_with(1, TollPolicy::default(), None, |all| {
        for account in &mut all.accounts {
            account.recording_keep_days = keep_days;
        }
    })
    .await;
    *desk.records.recordings.lock().expect("recordings") = recordings(desk.clock.now());
    let files = Arc::new(MemoryRecordings::default());
    let retention = Retention::new(
        Moment::new(desk.clock.clone(), 0),
        desk.directory.clone(),
        desk.records.clone(),
        files.clone(),
    );
    (desk, retention, files)
}

fn states(desk: &Desk) -> Vec<(i64, RecordingState)> {
    let recordings = desk.records.recordings.lock().expect("recordings");
    recordings.iter().map(|r| (r.id.raw(), r.state)).collect()
}

#[tokio::test]
async fn recordings_over_their_time_are_deleted_once_and_say_why() {
    use RecordingState::{Complete, Deleted, Partial, Writing};
    let (desk, retention, files) = house(Some(90), |now| {
        let old = now.plus_millis(-91 * DAY_MS);
        let mut stuck = recording(5, 9, Complete, old);
        stuck.path = "stuck.wav".to_owned();
        vec![
            recording(1, 9, Complete, old),
            recording(2, 9, Partial, old),
            recording(3, 9, Writing, old),
            recording(4, 8, Complete, old),
            stuck,
            recording(6, 9, Complete, now.plus_millis(-90 * DAY_MS)),
        ]
    })
    .await;
    let swept = retention.run(&goes_on).await.expect("a run");
    assert_eq!((swept.deleted, swept.failed), (2, 1));
    assert_eq!(*files.0.lock().expect("files"), ["1.wav", "2.wav"]);
    let expected = [
        (1, Deleted),
        (2, Deleted),
        (3, Writing),
        (4, Complete),
        (5, Complete),
        (6, Complete),
    ];
    assert_eq!(states(&desk), expected);
    let first = desk.records.recordings.lock().expect("recordings")[0].clone();
    let told = Deletion {
        at: desk.clock.now(),
        because: "after 90 days, as the account says".to_owned(),
    };
    assert_eq!(first.deleted, Some(told));

    // The next run finds what could not be deleted, and what is over its time by then.
    desk.clock.forward(1);
    let swept = retention.run(&goes_on).await.expect("a run");
    assert_eq!((swept.deleted, swept.failed), (1, 1));
    assert_eq!(files.0.lock().expect("files").len(), 3);
}

/// What the campaigns of a call say of its recording, which has the id of the call.
fn handled<const N: usize>(desk: &Desk, call: i64, says: [(&str, Keep); N]) {
    let says = says.map(|(name, keep)| (name.to_owned(), keep));
    let mut handled = desk.records.handled.lock().expect("campaigns");
    handled.insert(CallId::from_raw(call), says.into());
}

fn reasons(desk: &Desk) -> Vec<Option<String>> {
    let recordings = desk.records.recordings.lock().expect("recordings");
    let because = |r: &RecordingRow| r.deleted.as_ref().map(|d| d.because.clone());
    recordings.iter().map(because).collect()
}

#[tokio::test]
async fn the_campaigns_of_a_call_say_how_long_its_recording_is_kept() {
    use RecordingState::Complete;
    let (desk, retention, files) = house(Some(90), |now| {
        let ages = [31, 31, 31, 31, 91, 91, 91, 30];
        let old = |days: i64| now.plus_millis(-days * DAY_MS);
        let ages = ages.into_iter().zip(1..);
        ages.map(|(days, id)| recording(id, 9, Complete, old(days)))
            .collect()
    })
    .await;
    keeps(desk.directory.clone(), Keep::Days(30)).await;
    let roofs = ("Roof repair", Keep::Days(30));
    handled(&desk, 1, [roofs]);
    handled(&desk, 2, [roofs, ("Solar", Keep::AsAccount)]);
    handled(&desk, 3, [roofs, ("Law", Keep::ForEver)]);
    handled(&desk, 5, [("Mortgage", Keep::Days(365))]);
    handled(&desk, 6, [roofs, ("Solar", Keep::AsAccount), roofs]);
    handled(&desk, 8, [roofs]);
    let swept = retention.run(&goes_on).await.expect("a run");
    assert_eq!((swept.deleted, swept.failed), (3, 0));
    assert_eq!(*files.0.lock().expect("files"), ["1.wav", "6.wav", "7.wav"]);
    let by_account = Some("after 90 days, as the account says".to_owned());
    let by_campaign = Some("after 30 days, as the campaign Roof repair says".to_owned());
    let expected = [
        by_campaign.clone(),
        None,
        None,
        None,
        None,
        by_account.clone(),
        by_account,
        None,
    ];
    assert_eq!(reasons(&desk), expected);

    // A day is over to the millisecond.
    desk.clock.forward(1);
    assert_eq!(retention.run(&goes_on).await.expect("a run").deleted, 1);
    assert_eq!(reasons(&desk)[7], by_campaign);
}

#[tokio::test]
async fn an_account_that_keeps_for_ever_deletes_what_its_campaigns_do_not_keep() {
    let many = |now: Timestamp| {
        let old = now.plus_millis(-2 * DAY_MS);
        let many = (1..=1_200).map(|id| recording(id, 9, RecordingState::Complete, old));
        many.collect()
    };
    let (desk, retention, _) = house(None, many).await;
    handled(&desk, 1_200, [("Solar", Keep::Days(1))]);
    // Nobody is asked as long as the market knows of no campaign that deletes.
    desk.records.away.store(true, Ordering::SeqCst);
    keeps(desk.directory.clone(), Keep::ForEver).await;
    assert_eq!(retention.run(&goes_on).await, Ok(Swept::default()));
    desk.records.away.store(false, Ordering::SeqCst);

    keeps(desk.directory.clone(), Keep::Days(1)).await;
    assert_eq!(retention.run(&goes_on).await.expect("a run").deleted, 1);
    let reasons = reasons(&desk);
    let (last, others) = reasons.split_last().expect("recordings");
    let because = "after 1 day, as the campaign Solar says";
    assert_eq!(last.as_deref(), Some(because));
    assert!(others.iter().all(Option::is_none));
}

#[tokio::test]
async fn a_run_that_came_to_its_limit_is_gone_on_with_where_it_stopped() {
    let (_desk, retention, files) = house(Some(1), |now| {
        let old = now.plus_millis(-2 * DAY_MS);
        let stuck = (1..=20_000).map(|id| {
            let mut stuck = recording(id, 9, RecordingState::Complete, old);
            stuck.path = "stuck.wav".to_owned();
            stuck
        });
        let last = recording(20_001, 9, RecordingState::Complete, old);
        stuck.chain([last]).collect()
    })
    .await;
    for (run, expected) in [(1, (0, 20_000)), (2, (1, 0)), (3, (0, 20_000))] {
        let swept = retention.run(&goes_on).await.expect("a run");
        assert_eq!((swept.deleted, swept.failed), expected, "run {run}");
    }
    assert_eq!(*files.0.lock().expect("files"), ["20001.wav"]);
}

#[tokio::test]
async fn without_a_rule_every_recording_stays() {
    let old = |now: Timestamp| now.plus_millis(-3_000 * DAY_MS);
    let one = |now| vec![recording(1, 9, RecordingState::Complete, old(now))];
    let (desk, retention, files) = house(None, one).await;
    assert_eq!(retention.run(&goes_on).await, Ok(Swept::default()));
    assert!(files.0.lock().expect("files").is_empty());
    desk.records.away.store(true, Ordering::SeqCst);
    assert_eq!(
        retention.run(&goes_on).await,
        Ok(Swept::default()),
        "nothing is asked"
    );
}

#[tokio::test]
async fn many_recordings_are_deleted_batch_by_batch() {
    let (desk, retention, _) = house(Some(1), |now| {
        let old = now.plus_millis(-2 * DAY_MS);
        let many = (1..=450).map(|id| recording(id, 9, RecordingState::Complete, old));
        many.collect()
    })
    .await;
    assert_eq!(retention.run(&goes_on).await.expect("a run").deleted, 450);
    let deleted = |(_, state): &(i64, RecordingState)| *state == RecordingState::Deleted;
    assert!(states(&desk).iter().all(deleted));
}

#[tokio::test]
async fn the_end_of_the_server_waits_for_one_recording_at_most() {
    let (desk, retention, files) = house(Some(1), |now| {
        let old = now.plus_millis(-2 * DAY_MS);
        let many = (1..=450).map(|id| recording(id, 9, RecordingState::Complete, old));
        many.collect()
    })
    .await;
    // The server is asked to end while the third is being removed.
    let ends = || files.0.lock().expect("files").len() >= 3;
    let swept = retention.run(&ends).await.expect("a run");
    assert_eq!((swept.deleted, swept.failed), (3, 0));
    let deleted = |(_, state): &&(i64, RecordingState)| *state == RecordingState::Deleted;
    let marked = states(&desk);
    assert_eq!(marked.iter().filter(deleted).count(), 3, "each is marked");
    assert_eq!(retention.run(&ends).await, Ok(Swept::default()));
    let rest = retention.run(&goes_on).await.expect("a run");
    assert_eq!(rest.deleted, 447);
}
