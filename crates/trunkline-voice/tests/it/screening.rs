//! Destinations that must hear a whisper, press a key or be a person before they get the call.

use trunkline_core::call::flow::{Accept, FlowEvent};
use trunkline_core::call::{DialOutcome, EndReason};
use trunkline_engine::call::control::{Action, Dialling};

use crate::engine::Script;
use crate::peer::{Message, Peer};
use crate::phone::{Ear, Mouth, inform, noise, prompt, steps, voice};
use crate::prompts::the_end;
use crate::station::Station;
use crate::together::{dialling, lines};

const NUMBER: &str = "+13125550100";

fn screened() -> Dialling {
    Dialling {
        whisper: Some(prompt("from the site")),
        accept: Some(Accept {
            digit: '1',
            tries: 2,
        }),
        ..dialling(1)
    }
}

fn script(dialling: Dialling, whisper_ms: usize) -> Script {
    Script {
        flow: Some(steps(vec![vec![Action::Dial(dialling)]])),
        sounds: vec![(prompt("from the site"), noise(41, whisper_ms))],
        ..Script::default()
    }
}

/// A destination that picked up while the caller still hears ringing; and what it is asked to say into.
async fn picked_up(script: Script) -> (Station, Peer, Peer, Message) {
    let (station, mut caller, mut lines) = lines(1, script).await;
    let mut line = lines.remove(0);
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = line.asked("INVITE").await;
    line.answer(&invite, "180 Ringing", "", "").await;
    caller.response(180).await;
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "200 OK", "", &answer).await;
    line.asked("ACK").await;
    (station, caller, line, invite)
}

#[tokio::test]
async fn who_hears_the_whisper_and_presses_the_key_gets_the_call() {
    let whisper = noise(41, 400);
    let (station, mut caller, mut line, invite) = picked_up(script(screened(), 400)).await;
    let mut ear = Ear::default();
    ear.until(&line, &whisper.pcmu).await;
    assert!(
        caller.hears_nothing().await,
        "the caller hears ringing, not the whisper"
    );
    let mut line_mouth = Mouth::new(invite.media());
    line_mouth.press(&line, '1').await;
    let ok = caller.response(200).await;
    caller.ack("").await;
    let said = noise(42, 200);
    let mut mouth = Mouth::new(ok.media());
    mouth.say(&caller, &said.pcmu).await;
    ear.until(&line, &said.pcmu).await;
    let reply = noise(43, 200);
    line_mouth.say(&line, &reply.pcmu).await;
    Ear::default().until(&caller, &reply.pcmu).await;
    caller.hang_up().await;
    line.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(
        events,
        [
            FlowEvent::Ringing { attempt: 1 },
            FlowEvent::Answered { attempt: 1 },
            FlowEvent::Accepted { attempt: 1 },
            FlowEvent::CallerHungUp,
        ]
    );
    assert!(end.talk_ms > 0);
}

#[tokio::test]
async fn a_key_by_info_is_a_key_too_and_ends_the_whisper() {
    let (station, mut caller, mut line, _) = picked_up(script(screened(), 60_000)).await;
    inform(&mut line, '1', true).await;
    caller.response(200).await;
    caller.ack("").await;
    caller.hang_up().await;
    line.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert!(events.contains(&FlowEvent::Accepted { attempt: 1 }));
}

#[tokio::test]
async fn who_presses_other_keys_does_not_get_the_call() {
    let (station, mut caller, mut line, invite) = picked_up(script(screened(), 60_000)).await;
    let mut mouth = Mouth::new(invite.media());
    mouth.press(&line, '3').await;
    mouth.press(&line, '2').await;
    line.is_hung_up().await;
    // The flow is over; nobody picked up for the caller.
    caller.response(480).await;
    caller.ack_refusal().await;
    let (events, end) = the_end(&station).await;
    let failed = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::NotAccepted,
        sip_status: None,
    };
    assert_eq!(events.last(), Some(&failed));
    assert_eq!(end.reason, EndReason::NoDestination);
}

#[tokio::test]
async fn who_hangs_up_during_the_whisper_does_not_get_the_call() {
    let (station, mut caller, mut line, _) = picked_up(script(screened(), 60_000)).await;
    line.hang_up().await;
    caller.response(480).await;
    caller.ack_refusal().await;
    let (events, _) = the_end(&station).await;
    assert!(matches!(
        events.last(),
        Some(FlowEvent::DialFailed {
            outcome: DialOutcome::NotAccepted,
            ..
        })
    ));
}

#[tokio::test]
async fn a_caller_who_gives_up_during_the_whisper_ends_both() {
    let (station, mut caller, mut line, _) = picked_up(script(screened(), 60_000)).await;
    caller.cancel().await;
    caller.response(487).await;
    caller.ack_refusal().await;
    line.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(events.last(), Some(&FlowEvent::CallerHungUp));
    assert_eq!(end.reason, EndReason::Cancelled);
}

#[tokio::test]
async fn of_two_that_are_screened_at_once_the_first_to_press_the_key_gets_the_call() {
    let plan = Dialling {
        legs: dialling(2).legs,
        ..screened()
    };
    let (station, mut caller, mut lines) = lines(2, script(plan, 60_000)).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let mut asked = Vec::new();
    for line in &mut lines {
        let invite = line.asked("INVITE").await;
        let answer = line.sdp("sendrecv");
        line.answer(&invite, "200 OK", "", &answer).await;
        line.asked("ACK").await;
        asked.push(invite);
    }
    let whisper = noise(41, 60_000);
    for line in &lines {
        Ear::default().until(line, &whisper.pcmu[..800]).await;
    }
    Mouth::new(asked[1].media()).press(&lines[1], '1').await;
    caller.response(200).await;
    caller.ack("").await;
    lines[0].is_hung_up().await;
    caller.hang_up().await;
    lines[1].is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert!(events.contains(&FlowEvent::Accepted { attempt: 2 }));
    assert!(
        !events
            .iter()
            .any(|e| matches!(e, FlowEvent::DialFailed { .. })),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_machine_does_not_get_the_call_and_a_person_does() {
    let plan = Dialling {
        detect_machine: true,
        ..dialling(1)
    };
    let greeting = voice(5, 8_000);
    let (station, mut caller, mut line, invite) = picked_up(script(plan.clone(), 20)).await;
    // It talks on and on.
    let mut mouth = Mouth::new(invite.media());
    tokio::select! {
        () = mouth.say(&line, &greeting) => {}
        refused = caller.response(480) => drop(refused),
    }
    caller.ack_refusal().await;
    line.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert!(matches!(
        events.last(),
        Some(FlowEvent::DialFailed {
            outcome: DialOutcome::Machine,
            ..
        })
    ));

    let (station, mut caller, mut line, invite) = picked_up(script(plan, 20)).await;
    let mut mouth = Mouth::new(invite.media());
    // A short "hello", then waiting.
    mouth.silence(&line, 200).await;
    mouth.say(&line, &voice(6, 600)).await;
    mouth.silence(&line, 2_500).await;
    caller.response(200).await;
    caller.ack("").await;
    caller.hang_up().await;
    line.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert!(events.contains(&FlowEvent::Accepted { attempt: 1 }));
}
