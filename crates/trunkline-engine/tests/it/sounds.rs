//! Sounds: who may hear which, what is spoken when a flow is published, and what stays in memory.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, CallId, FlowId, PromptId};
use trunkline_core::call::flow::{Prompt, Spoken};
use trunkline_engine::call::control::{Admission, CallControl, Sound};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::configuration::Everything;
use trunkline_engine::ports::sounds::{
    DecodedSound, Decoder, NotASound, PromptRow, SoundFiles, SoundKey, Speech, SpeechError,
};
use trunkline_engine::setup::{Setup, SetupError};

use crate::calls::Desk;
use crate::configuration::furnished;
use crate::flows::{document, flow};

/// Takes any text as a sound; one that begins with `bad` is none.
pub(crate) struct PlainDecoder;

impl Decoder for PlainDecoder {
    fn decode(&self, file: Vec<u8>) -> Result<DecodedSound, NotASound> {
        assert!(!file.starts_with(b"panic"), "a decoder that falls over");
        if file.starts_with(b"bad") {
            return Err(NotASound("the file is no sound".to_owned()));
        }
        Ok(DecodedSound {
            duration_ms: file.len() as u64,
            wav: file.to_ascii_uppercase(),
        })
    }

    fn ready(&self, wav: &[u8]) -> Option<Sound> {
        let sound = Sound {
            pcmu: wav.into(),
            pcma: wav.into(),
        };
        Some(sound).filter(|s| !s.pcmu.is_empty())
    }
}

/// Files in memory.
#[derive(Default)]
pub(crate) struct MemoryFiles {
    files: Mutex<BTreeMap<SoundKey, Vec<u8>>>,
    reads: AtomicUsize,
    /// Reads never end.
    stuck: AtomicBool,
}

impl MemoryFiles {
    /// Everything is gone.
    pub(crate) fn lose(&self) {
        self.files.lock().expect("files").clear();
    }

    /// Reads never end from now on.
    pub(crate) fn stick(&self) {
        self.stuck.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl SoundFiles for MemoryFiles {
    async fn read(&self, key: SoundKey) -> PortResult<Option<Vec<u8>>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(self.files.lock().expect("files").get(&key).cloned())
    }

    async fn write(&self, key: SoundKey, wav: Vec<u8>) -> PortResult<()> {
        self.files.lock().expect("files").insert(key, wav);
        Ok(())
    }

    async fn keep(&self, key: SoundKey) -> PortResult<bool> {
        Ok(self.files.lock().expect("files").contains_key(&key))
    }

    async fn remove_unused(
        &self,
        used: HashSet<SoundKey>,
        _before: Timestamp,
        _most: usize,
    ) -> PortResult<usize> {
        let mut files = self.files.lock().expect("files");
        let before = files.len();
        files.retain(|key, _| used.contains(key));
        Ok(before - files.len())
    }
}

/// Says texts back; those with `mute` in them cannot be spoken.
#[derive(Default)]
pub(crate) struct MemorySpeech {
    said: Mutex<Vec<String>>,
}

impl MemorySpeech {
    /// What was said since this was asked last.
    pub(crate) fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().expect("said"))
    }
}

#[async_trait]
impl Speech for MemorySpeech {
    fn engine(&self) -> &str {
        "memory"
    }

    fn resolved(&self, spoken: &Spoken) -> Spoken {
        let voice = spoken.voice.clone().or(Some("usual".to_owned()));
        Spoken {
            voice,
            ..spoken.clone()
        }
    }

    async fn speak(&self, spoken: &Spoken) -> Result<Vec<u8>, SpeechError> {
        if spoken.text.contains("mute") {
            return Err(SpeechError::Refused("there is no voice `mute`".to_owned()));
        }
        self.said.lock().expect("said").push(spoken.text.clone());
        Ok(spoken.text.clone().into_bytes())
    }
}

const OURS: AccountId = AccountId::from_raw(9);
const THEIRS: AccountId = AccountId::from_raw(10);
const FLOW: FlowId = FlowId::from_raw(77);

/// A desk, and a setup over what it knows in an account with one flow of these nodes as its draft.
async fn library(nodes: &str) -> (Desk, Setup) {
    furnished(Everything {
        flows: vec![flow(FLOW, document(nodes), false)],
        ..Everything::default()
    })
    .await
}

async fn upload(setup: &Setup, id: i64, account: AccountId, file: &str) -> PromptRow {
    let id = PromptId::from_raw(id);
    let (name, file) = ("Greeting".to_owned(), file.as_bytes().to_vec());
    let added = setup.add_prompt(id, account, name, file, Timestamp::EPOCH);
    added.await.expect("a sound")
}

async fn call(desk: &Desk) -> CallId {
    match desk.calls.incoming(desk.incoming("+13125550100")).await {
        Admission::Accepted { call, .. } => call,
        Admission::Refused { status, .. } => panic!("refused with {status}"),
    }
}

async fn heard(desk: &Desk, call: CallId, prompt: &Prompt) -> Option<String> {
    let sound = desk.calls.sound(call, prompt).await?;
    Some(String::from_utf8(sound.pcmu.to_vec()).expect("a text"))
}

#[tokio::test]
async fn a_caller_hears_the_sounds_of_the_account_and_never_those_of_another() {
    let (desk, setup) = library(r#""start": {"kind": "hang_up"}"#).await;
    let ours = upload(&setup, 1, OURS, "ours").await;
    let theirs = upload(&setup, 2, THEIRS, "theirs").await;
    let id = call(&desk).await;
    let asset = |prompt: &PromptRow| Prompt::Asset(prompt.id);
    assert_eq!(
        heard(&desk, id, &asset(&ours)).await.as_deref(),
        Some("OURS")
    );
    assert_eq!(heard(&desk, id, &asset(&theirs)).await, None);
    let nowhere = Prompt::Asset(PromptId::from_raw(3));
    assert_eq!(heard(&desk, id, &nowhere).await, None);
    let nobody = CallId::from_raw(1);
    assert_eq!(heard(&desk, nobody, &asset(&ours)).await, None);
}

#[tokio::test]
async fn the_same_sound_is_stored_once_and_loaded_once_for_all_calls() {
    let (desk, setup) = library(r#""start": {"kind": "hang_up"}"#).await;
    let one = upload(&setup, 1, OURS, "same").await;
    let two = upload(&setup, 2, OURS, "same").await;
    assert_eq!(one.hash, two.hash);
    assert_eq!(desk.files.files.lock().expect("files").len(), 1);
    let id = call(&desk).await;
    let (one, two) = (Prompt::Asset(one.id), Prompt::Asset(two.id));
    let all = tokio::join!(
        desk.calls.sound(id, &one),
        desk.calls.sound(id, &two),
        desk.calls.sound(id, &one),
    );
    let all = [all.0, all.1, all.2].map(|sound| sound.expect("a sound"));
    assert!(all.iter().all(|sound| Arc::ptr_eq(sound, &all[0])));
    assert_eq!(desk.files.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sound_that_is_late_is_passed_over() {
    let (desk, setup) = library(r#""start": {"kind": "hang_up"}"#).await;
    let ours = upload(&setup, 1, OURS, "ours").await;
    let id = call(&desk).await;
    desk.files.stick();
    assert_eq!(heard(&desk, id, &Prompt::Asset(ours.id)).await, None);
}

#[tokio::test]
async fn what_is_no_sound_is_refused_and_leaves_nothing() {
    let (desk, setup) = library(r#""start": {"kind": "hang_up"}"#).await;
    for file in ["bad", "panic"] {
        let (id, file) = (PromptId::from_raw(1), file.as_bytes().to_vec());
        let added = setup.add_prompt(id, OURS, "A".to_owned(), file, Timestamp::EPOCH);
        let told = added.await.expect_err("no sound");
        assert!(
            matches!(told, SetupError::Invalid { field: "file", .. }),
            "{told:?}"
        );
    }
    assert!(desk.files.files.lock().expect("files").is_empty());
    assert!(desk.directory.now().prompts_of(OURS).is_empty());
}

#[tokio::test]
async fn publishing_speaks_every_text_once_each_digit_of_a_challenge_included() {
    let nodes = r#""start": {"kind": "say", "text": "Hello", "on": {"done": "menu"}},
        "menu": {"kind": "menu", "text": "Hello", "choices": {"1": "prove"}, "on": {"default": "prove"}},
        "prove": {"kind": "challenge", "text": "Press {digit}.", "on": {"default": "bye"}},
        "bye": {"kind": "say", "text": "Bye"}"#;
    let (desk, setup) = library(nodes).await;
    let published = setup.publish_flow(FLOW, 4, None, Timestamp::EPOCH).await;
    published.expect("published");
    let mut said = desk.speech.said();
    said.sort();
    let mut expected: Vec<String> = (0..10).map(|digit| format!("Press {digit}.")).collect();
    expected.extend(["Hello".to_owned(), "Bye".to_owned()]);
    expected.sort();
    assert_eq!(said, expected);
    let id = call(&desk).await;
    let seven = heard(&desk, id, &Prompt::text("Press 7.")).await;
    assert_eq!(seven.as_deref(), Some("PRESS 7."));
    assert_eq!(heard(&desk, id, &Prompt::text("Press x.")).await, None);

    assert_eq!(setup.speak_missing().await, 0, "all of it is there");
    desk.files.lose();
    assert_eq!(
        setup.speak_missing().await,
        12,
        "and made again when it is lost"
    );
}

#[tokio::test]
async fn a_text_that_cannot_be_spoken_keeps_its_flow_from_being_published() {
    let nodes = r#""start": {"kind": "say", "text": "Hello", "on": {"done": "odd"}},
        "odd": {"kind": "say", "text": "mute"}"#;
    let (desk, setup) = library(nodes).await;
    let told = setup.publish_flow(FLOW, 4, None, Timestamp::EPOCH).await;
    let told = told.expect_err("not published").to_string();
    assert_eq!(
        told,
        "node `odd` cannot be spoken: there is no voice `mute`"
    );
    let directory = desk.directory.now();
    assert_eq!(directory.flow(FLOW).expect("the flow").published, None);
}

#[tokio::test]
async fn a_sound_that_a_draft_plays_stays_and_one_that_is_not_there_is_a_problem_of_its_node() {
    let prompt = PromptId::from_raw(5);
    let nodes = format!(r#""start": {{"kind": "play", "prompt": "{prompt}"}}"#);
    let (desk, setup) = library(&nodes).await;
    let document = document(&nodes);
    let problems = setup.flow_problems(OURS, None, &document);
    let told: Vec<_> = problems.iter().map(|p| p.node.as_str()).collect();
    assert_eq!(told, ["start"], "{problems:?}");
    upload(&setup, 5, OURS, "hello").await;
    assert_eq!(setup.flow_problems(OURS, None, &document), []);
    assert_eq!(
        setup.flow_problems(THEIRS, None, &document).len(),
        1,
        "it is not theirs"
    );
    let kept = setup.delete_prompt(prompt).await;
    let kept = kept.expect_err("it is played").to_string();
    assert!(kept.contains("`Reception`"), "{kept}");
    assert!(
        !setup
            .delete_prompt(PromptId::from_raw(6))
            .await
            .expect("none")
    );

    upload(&setup, 6, OURS, "unused").await;
    assert!(
        setup
            .delete_prompt(PromptId::from_raw(6))
            .await
            .expect("removed")
    );
    let tidied = setup
        .tidy_sounds(&[], Timestamp::EPOCH)
        .await
        .expect("tidied");
    assert_eq!(tidied, 1, "its file goes, that of the other stays");
    let challenge = "Press {digit}.".to_owned();
    desk.sounds
        .speak_challenge(&challenge)
        .await
        .expect("spoken");
    for (challenges, gone) in [(&[challenge][..], 0), (&[], 10)] {
        let tidied = setup.tidy_sounds(challenges, Timestamp::EPOCH).await;
        assert_eq!(tidied.expect("tidied"), gone, "{challenges:?}");
    }
    let id = call(&desk).await;
    assert!(heard(&desk, id, &Prompt::Asset(prompt)).await.is_some());
}
