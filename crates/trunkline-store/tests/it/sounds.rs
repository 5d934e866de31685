//! The folder of sounds.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use trunkline_core::base::Timestamp;
use trunkline_engine::ports::sounds::{SoundFiles, SoundHash, SoundKey};
use trunkline_store::SoundFolder;

const ONE: SoundKey = SoundKey::Stored(SoundHash([1; 32]));
const TWO: SoundKey = SoundKey::Spoken(SoundHash([2; 32]));
/// After everything in these tests.
const LATER: Timestamp = Timestamp::from_millis(i64::MAX);

fn folder() -> (TempDir, SoundFolder) {
    let place = TempDir::new().unwrap();
    let folder = SoundFolder::open(&place.path().join("prompts")).unwrap();
    (place, folder)
}

#[tokio::test]
async fn a_sound_is_found_by_its_key_alone_over_a_restart() {
    let (place, folder) = folder();
    assert_eq!(folder.read(ONE).await.unwrap(), None);
    assert!(!folder.keep(ONE).await.unwrap());
    folder.write(ONE, b"one".to_vec()).await.unwrap();
    folder.write(ONE, b"one again".to_vec()).await.unwrap();
    let same = SoundKey::Spoken(SoundHash([1; 32]));
    assert_eq!(folder.read(same).await.unwrap(), None);
    drop(folder);
    let folder = SoundFolder::open(&place.path().join("prompts")).unwrap();
    assert_eq!(folder.read(ONE).await.unwrap().unwrap(), b"one again");
    assert!(folder.keep(ONE).await.unwrap());
}

#[tokio::test]
async fn what_a_killed_process_was_writing_is_cleared_away() {
    let (place, folder) = folder();
    folder.write(ONE, b"one".to_vec()).await.unwrap();
    drop(folder);
    let half = place.path().join("prompts/half.wav.7.new");
    std::fs::write(&half, b"ha").unwrap();
    let folder = SoundFolder::open(&place.path().join("prompts")).unwrap();
    assert!(!half.exists());
    assert!(folder.keep(ONE).await.unwrap());
}

#[tokio::test]
async fn what_nothing_uses_goes_when_it_is_old_and_no_other_file_does() {
    let (place, folder) = folder();
    let other = place.path().join("prompts/readme.txt");
    std::fs::write(&other, b"mine").unwrap();
    for key in [ONE, TWO] {
        folder.write(key, b"sound".to_vec()).await.unwrap();
        let file = place.path().join("prompts").join(key.file_name());
        let file = std::fs::File::options().append(true).open(file).unwrap();
        let day_ago = SystemTime::now() - Duration::from_secs(86_400);
        file.set_modified(day_ago).unwrap();
    }
    let none = HashSet::new;
    let before = Timestamp::from_millis(1_000);
    let remove = async |used, before, most| folder.remove_unused(used, before, most).await.unwrap();
    assert_eq!(remove(none(), before, 9).await, 0, "they are younger");
    assert_eq!(
        remove([ONE, TWO].into(), LATER, 9).await,
        0,
        "both are used"
    );
    assert_eq!(remove(none(), LATER, 0).await, 0, "no more than that");
    assert!(folder.keep(ONE).await.unwrap());
    let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
    let hour_ago = hour_ago.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let hour_ago = Timestamp::from_millis(i64::try_from(hour_ago.as_millis()).unwrap());
    assert_eq!(
        remove(none(), hour_ago, 9).await,
        1,
        "what was just kept stays"
    );
    assert!(folder.keep(ONE).await.unwrap());
    assert!(!folder.keep(TWO).await.unwrap());
    assert!(other.exists());
}
