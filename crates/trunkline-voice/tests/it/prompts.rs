//! A caller who is alone: answered early, hears prompts, and presses keys in every form telephones have.

use trunkline_core::call::flow::{FlowEvent, Gather, GatherEnd};
use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::{Action, CallEnd, CallLimits};

use crate::engine::Script;
use crate::peer::{Peer, sdp};
use crate::phone::{Ear, Mouth, hang_up, inform, noise, prompt, steps};
use crate::station::{Station, patiently};

const NUMBER: &str = "+13125550100";

pub(crate) fn gather() -> Gather {
    Gather {
        action: 1,
        prompt: None,
        digits_min: 1,
        digits_max: 4,
        terminator: Some('#'),
        timeout_ms: 20_000,
        between_ms: 20_000,
        barge_in: true,
    }
}

pub(crate) fn gathered(digits: &str, ended_by: GatherEnd) -> FlowEvent {
    FlowEvent::Gathered {
        action: 1,
        digits: digits.to_owned(),
        ended_by,
    }
}

/// A caller in a call that we answered, and what it says into.
pub(crate) async fn answered(script: Script) -> (Station, Peer, Mouth) {
    let station = Station::start().await;
    station.engine.script(NUMBER, script);
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let ok = caller.response(200).await;
    caller.ack("").await;
    let mouth = Mouth::new(ok.media());
    (station, caller, mouth)
}

/// The events of the call and its end, which must have come once; nothing may be left.
pub(crate) async fn the_end(station: &Station) -> (Vec<FlowEvent>, CallEnd) {
    let seen = patiently(station.engine.until_ended(1)).await;
    station.until_clean().await;
    assert_eq!(station.engine.seen()[0].ended.len(), 1, "reported once");
    (seen[0].events.clone(), seen[0].ended[0].clone())
}

#[tokio::test]
async fn a_caller_hears_a_prompt_to_its_end_and_is_hung_up() {
    let greeting = noise(1, 700);
    let script = Script {
        flow: Some(steps(vec![vec![Action::Play {
            action: 7,
            prompt: prompt("greeting"),
        }]])),
        sounds: vec![(prompt("greeting"), greeting.clone())],
        ..Script::default()
    };
    let (station, mut caller, _) = answered(script).await;
    let mut ear = Ear::default();
    ear.until(&caller, &greeting.pcmu).await;
    assert_eq!(ear.payload_type, 0);
    let before = ear.heard.len() - greeting.pcmu.len();
    assert!(before < 8000, "it begins at once: {before}");
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(events, [FlowEvent::Played { action: 7 }]);
    assert_eq!((end.by, end.reason), (EndedBy::System, EndReason::HungUp));
    assert_eq!((end.sip_status, end.talk_ms, end.q850), (None, 0, Some(16)));
    assert!(end.recording.is_none());
}

#[tokio::test]
async fn a_late_offer_is_answered_with_the_ack_and_its_codec_is_spoken() {
    let greeting = noise(2, 300);
    let script = Script {
        flow: Some(steps(vec![vec![Action::Play {
            action: 7,
            prompt: prompt("greeting"),
        }]])),
        sounds: vec![(prompt("greeting"), greeting.clone())],
        ..Script::default()
    };
    let station = Station::start().await;
    station.engine.script(NUMBER, script);
    let mut caller = Peer::bind(station.addr()).await;
    caller.dial(NUMBER, "", "").await;
    let ok = caller.response(200).await;
    assert!(ok.body.contains("RTP/AVP 0 8 101\r\n"), "{}", ok.body);
    let rtp = caller.rtp.local_addr().expect("an address");
    let answer = sdp(rtp, "sendrecv").replace("RTP/AVP 0 101", "RTP/AVP 8 101");
    caller.ack(&answer).await;
    let mut ear = Ear::default();
    ear.until(&caller, &greeting.pcma).await;
    assert_eq!(ear.payload_type, 8);
    caller.is_hung_up().await;
    the_end(&station).await;
}

#[tokio::test]
async fn a_missing_sound_is_passed_over() {
    let script = Script {
        flow: Some(steps(vec![vec![Action::Play {
            action: 7,
            prompt: prompt("nobody has it"),
        }]])),
        ..Script::default()
    };
    let (station, mut caller, _) = answered(script).await;
    caller.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert_eq!(events, [FlowEvent::NotHeard { action: 7 }]);
    assert_eq!(station.voice.counters().sounds_missing, 1);
}

/// One question without a prompt, and how it ended.
async fn question(gather: Gather, talk: impl AsyncFnOnce(&mut Peer, &mut Mouth)) -> Vec<FlowEvent> {
    let script = Script {
        flow: Some(steps(vec![vec![Action::Gather(gather)]])),
        ..Script::default()
    };
    let (station, mut caller, mut mouth) = answered(script).await;
    // Who hears the station is heard by it.
    caller.hear().await;
    talk(&mut caller, &mut mouth).await;
    caller.is_hung_up().await;
    the_end(&station).await.0
}

#[tokio::test]
async fn keys_are_heard_as_telephone_events_once_each() {
    let events = question(gather(), async |caller, mouth| {
        for key in ['4', '4', '*', '#'] {
            mouth.press(caller, key).await;
        }
    })
    .await;
    assert_eq!(events, [gathered("44*", GatherEnd::Terminator)]);
}

#[tokio::test]
async fn keys_are_heard_as_info_of_both_kinds() {
    let events = question(gather(), async |caller, _| {
        inform(caller, '1', true).await;
        inform(caller, '2', false).await;
        inform(caller, '3', true).await;
        inform(caller, '9', false).await;
    })
    .await;
    assert_eq!(events, [gathered("1239", GatherEnd::Full)]);
}

#[tokio::test]
async fn keys_are_heard_as_tones() {
    let events = question(gather(), async |caller, mouth| {
        mouth.silence(caller, 100).await;
        for key in ['5', '5', '0', '#'] {
            mouth.sing(caller, key).await;
        }
    })
    .await;
    assert_eq!(events, [gathered("550", GatherEnd::Terminator)]);
}

#[tokio::test]
async fn a_key_that_comes_in_two_forms_was_pressed_once() {
    let events = question(gather(), async |caller, mouth| {
        // The tone leaks through beside the event, then again for the next key.
        mouth.press(caller, '7').await;
        mouth.sing(caller, '7').await;
        mouth.press(caller, '8').await;
        mouth.sing(caller, '8').await;
        mouth.press(caller, '#').await;
    })
    .await;
    assert_eq!(events, [gathered("78", GatherEnd::Terminator)]);
}

#[tokio::test]
async fn who_presses_nothing_or_stops_is_not_waited_for() {
    let short = Gather {
        timeout_ms: 300,
        between_ms: 300,
        ..gather()
    };
    let events = question(short.clone(), async |_, _| {}).await;
    assert_eq!(events, [gathered("", GatherEnd::Timeout)]);
    let patient = Gather {
        timeout_ms: 20_000,
        ..short
    };
    let events = question(patient, async |caller, mouth| {
        mouth.press(caller, '1').await;
        mouth.press(caller, '2').await;
    })
    .await;
    assert_eq!(events, [gathered("12", GatherEnd::Timeout)]);
}

#[tokio::test]
async fn a_key_ends_the_prompt_where_it_may() {
    let long = noise(3, 60_000);
    let asks = Gather {
        prompt: Some(prompt("choices")),
        digits_max: 1,
        ..gather()
    };
    let script = Script {
        flow: Some(steps(vec![vec![Action::Gather(asks)]])),
        sounds: vec![(prompt("choices"), long.clone())],
        ..Script::default()
    };
    let (station, mut caller, mut mouth) = answered(script).await;
    let mut ear = Ear::default();
    ear.until(&caller, &long.pcmu[..1600]).await;
    mouth.press(&caller, '6').await;
    caller.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert_eq!(events, [gathered("6", GatherEnd::Full)]);
}

#[tokio::test]
async fn keys_pressed_before_the_end_of_a_prompt_that_must_be_heard_do_not_count() {
    let notice = noise(4, 600);
    let asks = Gather {
        prompt: Some(prompt("notice")),
        barge_in: false,
        digits_max: 1,
        ..gather()
    };
    let script = Script {
        flow: Some(steps(vec![vec![Action::Gather(asks)]])),
        sounds: vec![(prompt("notice"), notice.clone())],
        ..Script::default()
    };
    let (station, mut caller, mut mouth) = answered(script).await;
    let mut ear = Ear::default();
    ear.until(&caller, &notice.pcmu[..160]).await;
    mouth.press(&caller, '6').await;
    ear.until(&caller, &notice.pcmu).await;
    // Its last packet is told to the call before this silence ends.
    ear.listen(&caller, 200).await;
    mouth.press(&caller, '5').await;
    caller.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert_eq!(events, [gathered("5", GatherEnd::Full)]);
}

#[tokio::test]
async fn keys_pressed_between_two_questions_belong_to_the_second() {
    let menu = Gather {
        digits_max: 1,
        ..gather()
    };
    let second = Gather {
        prompt: Some(prompt("second")),
        digits_max: 2,
        ..gather()
    };
    let script = Script {
        flow: Some(steps(vec![
            vec![Action::Gather(menu)],
            vec![Action::Gather(second)],
        ])),
        sounds: vec![(prompt("second"), noise(5, 60_000))],
        ..Script::default()
    };
    let (station, mut caller, mut mouth) = answered(script).await;
    for key in ['1', '2', '3'] {
        mouth.press(&caller, key).await;
    }
    caller.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert_eq!(
        events,
        [
            gathered("1", GatherEnd::Full),
            gathered("23", GatherEnd::Full)
        ]
    );
}

#[tokio::test]
async fn packets_of_strangers_press_no_keys() {
    let script = Script {
        flow: Some(steps(vec![vec![Action::Gather(gather())]])),
        ..Script::default()
    };
    let (station, mut caller, mut mouth) = answered(script).await;
    mouth.press(&caller, '1').await;
    let stranger = Peer::bind(station.addr()).await;
    mouth.press(&stranger, '9').await;
    mouth.press(&caller, '2').await;
    mouth.press(&caller, '#').await;
    caller.is_hung_up().await;
    let (events, _) = the_end(&station).await;
    assert_eq!(events, [gathered("12", GatherEnd::Terminator)]);
    assert_eq!(station.voice.counters().rtp_strangers, 6);
}

#[tokio::test]
async fn a_caller_may_hang_up_while_a_prompt_plays_or_a_question_waits() {
    let plays = Action::Play {
        action: 1,
        prompt: prompt("long"),
    };
    let asks = Action::Gather(gather());
    for action in [plays, asks] {
        let script = Script {
            flow: Some(steps(vec![vec![action]])),
            sounds: vec![(prompt("long"), noise(6, 60_000))],
            ..Script::default()
        };
        let (station, mut caller, _) = answered(script).await;
        Ear::default().listen(&caller, 40).await;
        caller.hang_up().await;
        let (events, end) = the_end(&station).await;
        assert_eq!(events, [FlowEvent::CallerHungUp]);
        assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
        assert_eq!((end.sip_status, end.talk_ms), (None, 0));
    }
}

#[tokio::test]
async fn a_caller_who_is_alone_may_hold_and_come_back() {
    let script = Script {
        flow: Some(steps(vec![vec![Action::Gather(gather())]])),
        ..Script::default()
    };
    let (station, mut caller, mut mouth) = answered(script).await;
    for (direction, mirrored) in [("sendonly", "recvonly"), ("sendrecv", "sendrecv")] {
        let offer = caller.sdp(direction);
        caller.request("INVITE", "", &offer).await;
        let ok = caller.response(200).await;
        assert!(
            ok.body.contains(&format!("a={mirrored}\r\n")),
            "{}",
            ok.body
        );
        caller.ack("").await;
    }
    mouth.press(&caller, '#').await;
    caller.is_hung_up().await;
    the_end(&station).await;
}

#[tokio::test]
async fn a_caller_who_vanished_from_a_prompt_is_found_by_the_session_timer() {
    let limits = CallLimits {
        session_expires_s: 3,
        ..CallLimits::default()
    };
    let script = Script {
        flow: Some(steps(vec![vec![Action::Gather(gather())], vec![hang_up()]])),
        limits,
        ..Script::default()
    };
    let (station, caller, _) = answered(script).await;
    // It answers nothing any more.
    drop(caller);
    let (_, end) = the_end(&station).await;
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::System, EndReason::SessionExpired)
    );
}
