//! Messages of callers: greeted, recorded by content, ended in every way.

use std::path::PathBuf;

use trunkline_core::base::id::RecordingId;
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::{Action, CallEnd, RecordingPlan, RecordingState, Voicemail};

use crate::engine::Script;
use crate::media::{Scratch, channel, mu_law, share};
use crate::peer::Peer;
use crate::phone::{Ear, Mouth, linear, noise, prompt, steps, voice};
use crate::prompts::{answered, the_end};
use crate::station::Station;

fn voicemail(file: PathBuf) -> Voicemail {
    Voicemail {
        action: 4,
        greeting: Some(prompt("greeting")),
        max_ms: 20_000,
        silence_ms: 15_000,
        beep: true,
        recording: RecordingPlan {
            id: RecordingId::from_raw(9),
            path: file,
        },
    }
}

/// A caller who heard greeting and tone, and may speak now.
async fn after_the_tone(voicemail: Voicemail) -> (Station, Peer, Mouth, Ear) {
    let greeting = noise(21, 300);
    let script = Script {
        flow: Some(steps(vec![vec![Action::Voicemail(voicemail)]])),
        sounds: vec![(prompt("greeting"), greeting.clone())],
        ..Script::default()
    };
    let (station, caller, mouth) = answered(script).await;
    let mut ear = Ear::default();
    ear.until(&caller, &greeting.pcmu).await;
    let beep = linear(ear.listen(&caller, 500).await);
    let loud = &beep[crate::media::first_loud(&beep)..];
    assert!(share(&loud[..1600], 1000.0) > 0.98, "a tone of 1 kHz");
    station.until_recording().await;
    (station, caller, mouth, ear)
}

fn recorded_ms(events: &[FlowEvent]) -> u64 {
    events
        .iter()
        .find_map(|event| match event {
            FlowEvent::VoicemailRecorded { action: 4, ms } => Some(*ms),
            _ => None,
        })
        .expect("a message")
}

/// The recording holds what was said, and nothing else.
fn is_recorded(end: &CallEnd, file: &PathBuf, said: &[u8]) {
    let recording = end.recording.as_ref().expect("a recording");
    assert_eq!(recording.state, RecordingState::Complete);
    assert!(recording.duration_ms * 8 >= said.len() as u64);
    let left: Vec<u8> = channel(file, 0).into_iter().map(mu_law).collect();
    assert!(
        left.windows(said.len()).any(|w| w == said),
        "the caller is heard, every sample"
    );
    assert!(
        channel(file, 1).iter().all(|s| *s == 0),
        "nobody else, not even the tone"
    );
}

#[tokio::test]
async fn silence_ends_a_message_and_is_no_part_of_it() {
    let scratch = Scratch::new("silence");
    let plan = Voicemail {
        silence_ms: 600,
        ..voicemail(scratch.file())
    };
    let (station, mut caller, mut mouth, _) = after_the_tone(plan).await;
    let said = voice(1, 2_000);
    mouth.say(&caller, &said).await;
    mouth.silence(&caller, 800).await;
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    let ms = recorded_ms(&events);
    // Without the silence, to the slack of a busy machine.
    assert!((1_500..2_700).contains(&ms), "{ms}");
    assert_eq!((end.by, end.reason), (EndedBy::System, EndReason::HungUp));
    is_recorded(&end, &scratch.file(), &said);
}

#[tokio::test]
async fn a_caller_who_says_nothing_leaves_no_file() {
    let scratch = Scratch::new("nothing");
    let plan = Voicemail {
        silence_ms: 300,
        greeting: None,
        beep: false,
        ..voicemail(scratch.file())
    };
    let script = Script {
        flow: Some(steps(vec![vec![Action::Voicemail(plan)]])),
        ..Script::default()
    };
    let (station, mut caller, _) = answered(script).await;
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(recorded_ms(&events), 0);
    assert!(end.recording.is_none());
    assert!(!scratch.file().exists());
}

#[tokio::test]
async fn a_key_ends_a_message() {
    let scratch = Scratch::new("key");
    let (station, mut caller, mut mouth, _) = after_the_tone(voicemail(scratch.file())).await;
    let said = voice(2, 1_500);
    mouth.say(&caller, &said).await;
    mouth.press(&caller, '#').await;
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    let ms = recorded_ms(&events);
    assert!(ms >= 1_000, "{ms}");
    is_recorded(&end, &scratch.file(), &said);
}

#[tokio::test]
async fn a_message_has_a_longest_length() {
    let scratch = Scratch::new("longest");
    let plan = Voicemail {
        max_ms: 1_500,
        ..voicemail(scratch.file())
    };
    let (station, mut caller, mut mouth, _) = after_the_tone(plan).await;
    let said = voice(3, 2_500);
    mouth.say(&caller, &said).await;
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert!((500..=1_600).contains(&recorded_ms(&events)), "{events:?}");
    is_recorded(&end, &scratch.file(), &said[..8_000]);
}

#[tokio::test]
async fn a_message_that_ends_with_the_call_is_told_before_the_hang_up() {
    let scratch = Scratch::new("hang-up");
    let (station, mut caller, mut mouth, _) = after_the_tone(voicemail(scratch.file())).await;
    let said = voice(4, 2_000);
    mouth.say(&caller, &said).await;
    caller.hang_up().await;
    let (events, end) = the_end(&station).await;
    assert!(recorded_ms(&events) >= 1_500, "{events:?}");
    assert_eq!(events.len(), 2);
    assert_eq!(events[1], FlowEvent::CallerHungUp);
    assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
    is_recorded(&end, &scratch.file(), &said);
}

#[tokio::test]
async fn a_caller_who_leaves_during_the_greeting_left_no_message() {
    let scratch = Scratch::new("greeting");
    let script = Script {
        flow: Some(steps(vec![vec![Action::Voicemail(voicemail(
            scratch.file(),
        ))]])),
        sounds: vec![(prompt("greeting"), noise(22, 60_000))],
        ..Script::default()
    };
    let (station, mut caller, _) = answered(script).await;
    Ear::default().listen(&caller, 40).await;
    caller.hang_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(events, [FlowEvent::CallerHungUp]);
    assert!(end.recording.is_none());
    assert!(!scratch.file().exists());
}
