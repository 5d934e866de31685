//! Destinations that ring together, callers who hear ringing meanwhile, and what comes after a destination hung up.

use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::flow::{FlowEvent, Gather, GatherEnd};
use trunkline_core::call::{DialOutcome, EndReason, EndedBy};
use trunkline_engine::call::control::{Action, Dial, Dialling, Transport};

use crate::engine::{BUSINESS_LINE, Script};
use crate::media::{Scratch, channel, first_loud, share, tone};
use crate::peer::Peer;
use crate::phone::{Ear, Mouth, hang_up, linear, noise, prompt, steps};
use crate::prompts::{gather, gathered, the_end};
use crate::station::{Station, patiently};

const NUMBER: &str = "+13125550100";

/// A dialling of so many legs, each over a trunk of its own.
pub(crate) fn dialling(legs: i64) -> Dialling {
    Dialling {
        legs: (1..=legs)
            .map(|n| Dial {
                attempt: n as u32,
                trunk: TrunkId::from_raw(n + 1),
                to: PhoneNumber::from_digits(BUSINESS_LINE).into(),
                at: None,
                caller_id: None,
                redirected_by: None,
                ring_timeout_ms: 20_000,
            })
            .collect(),
        whisper: None,
        accept: None,
        detect_machine: false,
        record: true,
    }
}

/// A station, a caller, and so many lines, each behind a trunk of its own.
pub(crate) async fn lines(count: i64, script: Script) -> (Station, Peer, Vec<Peer>) {
    let station = Station::start().await;
    let caller = Peer::bind(station.addr()).await;
    let mut lines = Vec::new();
    for n in 1..=count {
        let line = Peer::bind(station.addr()).await;
        let id = TrunkId::from_raw(n + 1);
        station
            .engine
            .add_trunk(id, Some(line.addr()), Transport::Udp, false);
        lines.push(line);
    }
    station.engine.script(NUMBER, script);
    (station, caller, lines)
}

fn flow(actions: Vec<Vec<Action>>) -> Script {
    Script {
        flow: Some(steps(actions)),
        ..Script::default()
    }
}

#[tokio::test]
async fn the_first_that_answers_has_the_call_and_the_others_stop_ringing() {
    let (station, mut caller, mut lines) =
        lines(10, flow(vec![vec![Action::Dial(dialling(10))]])).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let mut invites = Vec::new();
    for line in &mut lines {
        let invite = line.asked("INVITE").await;
        line.answer(&invite, "180 Ringing", "", "").await;
        invites.push(invite);
    }
    caller.response(180).await;
    patiently(
        station
            .engine
            .until(|seen| seen.first().is_some_and(|call| call.events.len() == 10)),
    )
    .await;
    let ports: std::collections::HashSet<_> = invites.iter().map(|i| i.media().port()).collect();
    assert_eq!(ports.len(), 10, "each has ports of its own");
    assert_eq!(station.voice.counters().port_pairs, 11);
    let answer = lines[3].sdp("sendrecv");
    lines[3].answer(&invites[3], "200 OK", "", &answer).await;
    let ok = caller.response(200).await;
    caller.ack("").await;
    lines[3].asked("ACK").await;
    for (n, line) in lines.iter_mut().enumerate().filter(|(n, _)| *n != 3) {
        let cancel = line.asked("CANCEL").await;
        line.answer(&cancel, "200 OK", "", "").await;
        line.answer(&invites[n], "487 Request Terminated", "", "")
            .await;
        line.asked("ACK").await;
    }
    // Only the two that talk have ports.
    patiently(async {
        while station.voice.counters().port_pairs != 2 {
            tokio::time::sleep(crate::peer::QUIET / 30).await;
        }
    })
    .await;
    let mut mouth = Mouth::new(ok.media());
    let said = noise(31, 200);
    mouth.say(&caller, &said.pcmu).await;
    Ear::default().until(&lines[3], &said.pcmu).await;
    caller.hang_up().await;
    lines[3].is_hung_up().await;
    let (mut events, end) = the_end(&station).await;
    assert_eq!(
        events.split_off(10),
        [FlowEvent::Answered { attempt: 4 }, FlowEvent::CallerHungUp]
    );
    assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
}

#[tokio::test]
async fn of_two_answers_at_once_one_has_the_call_and_the_other_is_hung_up() {
    let (station, mut caller, mut lines) =
        lines(2, flow(vec![vec![Action::Dial(dialling(2))]])).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let [first, second] = &mut lines[..] else {
        unreachable!("two lines")
    };
    let to_first = first.asked("INVITE").await;
    let to_second = second.asked("INVITE").await;
    second.answer(&to_second, "180 Ringing", "", "").await;
    caller.response(180).await;
    let answer = first.sdp("sendrecv");
    first.answer(&to_first, "200 OK", "", &answer).await;
    first.asked("ACK").await;
    // The second picks up before the CANCEL reaches it.
    let cancel = second.asked("CANCEL").await;
    let answer = second.sdp("sendrecv");
    second.answer(&to_second, "200 OK", "", &answer).await;
    second.answer(&cancel, "200 OK", "", "").await;
    second.asked("ACK").await;
    second.is_hung_up().await;
    caller.response(200).await;
    caller.ack("").await;
    first.request("BYE", "", "").await;
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(
        events,
        [
            FlowEvent::Ringing { attempt: 2 },
            FlowEvent::Answered { attempt: 1 },
            FlowEvent::DestinationHungUp
        ]
    );
    assert_eq!(end.by, EndedBy::Destination);
}

#[tokio::test]
async fn one_whose_trunk_failed_rings_over_another_while_the_others_still_ring() {
    let all = dialling(3);
    let mut first = all.clone();
    first.legs.truncate(2);
    let mut again = all;
    again.legs.drain(..2);
    again.legs[0].attempt = 1;
    let script = flow(vec![vec![Action::Dial(first)], vec![Action::Dial(again)]]);
    let (station, mut caller, mut lines) = lines(3, script).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let [failing, ringing, next] = &mut lines[..] else {
        unreachable!("three lines")
    };
    let to_failing = failing.asked("INVITE").await;
    let to_ringing = ringing.asked("INVITE").await;
    ringing.answer(&to_ringing, "180 Ringing", "", "").await;
    caller.response(180).await;
    failing
        .answer(&to_failing, "503 Service Unavailable", "", "")
        .await;
    failing.asked("ACK").await;
    let to_next = next.asked("INVITE").await;
    let answer = next.sdp("sendrecv");
    next.answer(&to_next, "200 OK", "", &answer).await;
    next.asked("ACK").await;
    let cancel = ringing.asked("CANCEL").await;
    ringing.answer(&cancel, "200 OK", "", "").await;
    ringing
        .answer(&to_ringing, "487 Request Terminated", "", "")
        .await;
    ringing.asked("ACK").await;
    caller.response(200).await;
    caller.ack("").await;
    caller.hang_up().await;
    next.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(
        events,
        [
            FlowEvent::Ringing { attempt: 2 },
            FlowEvent::DialFailed {
                attempt: 1,
                outcome: DialOutcome::Failed,
                sip_status: Some(503),
            },
            FlowEvent::Answered { attempt: 1 },
            FlowEvent::CallerHungUp
        ]
    );
    assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
}

#[tokio::test]
async fn each_rings_for_its_own_time_and_how_it_failed_is_told() {
    let mut dialling = dialling(3);
    dialling.legs[1].ring_timeout_ms = 200;
    let refuse = Action::HangUp {
        status: 486,
        reason: "Busy Here",
    };
    let started = std::sync::atomic::AtomicU32::new(0);
    let script = Script {
        // The engine ends the call when all three have failed.
        flow: Some(std::sync::Arc::new(move |event| match event {
            FlowEvent::Started => vec![Action::Dial(dialling.clone())],
            FlowEvent::DialFailed { .. }
                if started.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2 =>
            {
                vec![refuse.clone()]
            }
            _ => Vec::new(),
        })),
        ..Script::default()
    };
    let (station, mut caller, mut lines) = lines(3, script).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let mut invites = Vec::new();
    for line in &mut lines {
        invites.push(line.asked("INVITE").await);
    }
    lines[1].answer(&invites[1], "180 Ringing", "", "").await;
    let cancel = lines[1].asked("CANCEL").await;
    lines[1].answer(&cancel, "200 OK", "", "").await;
    lines[1]
        .answer(&invites[1], "487 Request Terminated", "", "")
        .await;
    lines[0].answer(&invites[0], "486 Busy Here", "", "").await;
    lines[0].asked("ACK").await;
    lines[2].answer(&invites[2], "603 Decline", "", "").await;
    lines[2].asked("ACK").await;
    caller.response(486).await;
    caller.ack_refusal().await;
    let (events, end) = the_end(&station).await;
    let failed = |attempt, outcome, sip_status| FlowEvent::DialFailed {
        attempt,
        outcome,
        sip_status,
    };
    assert_eq!(
        events,
        [
            FlowEvent::Ringing { attempt: 2 },
            failed(2, DialOutcome::NoAnswer, None),
            failed(1, DialOutcome::Busy, Some(486)),
            failed(3, DialOutcome::Declined, Some(603)),
        ]
    );
    assert_eq!(
        (end.sip_status, end.reason),
        (Some(486), EndReason::NoDestination)
    );
}

#[tokio::test]
async fn a_caller_who_was_greeted_hears_ringing_and_then_the_destination_as_one_stream() {
    let greeting = noise(32, 200);
    let mut script = flow(vec![
        vec![Action::Play {
            action: 1,
            prompt: prompt("greeting"),
        }],
        vec![Action::Dial(dialling(2))],
    ]);
    script.sounds = vec![(prompt("greeting"), greeting.clone())];
    let (station, mut caller, mut lines) = lines(2, script).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let ok = caller.response(200).await;
    caller.ack("").await;
    let mut ear = Ear::default();
    ear.until(&caller, &greeting.pcmu).await;
    let to_first = lines[0].asked("INVITE").await;
    assert!(
        to_first.body.contains("RTP/AVP 0 101\r\n"),
        "{}",
        to_first.body
    );
    let ringing = linear(ear.listen(&caller, 600).await);
    let from = first_loud(&ringing);
    for hertz in [440.0, 480.0] {
        let heard = share(&ringing[from..from + 1600], hertz);
        assert!((0.4..0.6).contains(&heard), "{hertz}: {heard}");
    }
    let answer = lines[0].sdp("sendrecv");
    lines[0].answer(&to_first, "200 OK", "", &answer).await;
    lines[0].asked("ACK").await;
    // The caller hears the other end in the stream that it knows.
    let mut line_mouth = Mouth::new(to_first.media());
    let said = noise(33, 300);
    line_mouth.say(&lines[0], &said.pcmu).await;
    ear.until(&caller, &said.pcmu).await;
    // The caller was not spoken to by anybody at the other end: its packets pass as they are.
    let mut mouth = Mouth::new(ok.media());
    let reply = noise(34, 200);
    mouth.say(&caller, &reply.pcmu).await;
    Ear::default().until(&lines[0], &reply.pcmu).await;
    caller.hang_up().await;
    lines[0].is_hung_up().await;
    let (_, end) = the_end(&station).await;
    assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
}

#[tokio::test]
async fn after_the_destination_hung_up_the_caller_is_asked_and_rings_the_next() {
    let scratch = Scratch::new("survey");
    let survey = Gather {
        prompt: Some(prompt("how was it")),
        digits_max: 1,
        ..gather()
    };
    let mut second = dialling(2);
    second.legs.remove(0);
    second.record = false;
    let mut script = flow(vec![
        vec![Action::Dial(dialling(1))],
        vec![Action::Gather(survey)],
        vec![Action::Dial(second)],
        vec![hang_up()],
    ]);
    let question = noise(35, 200);
    script.sounds = vec![(prompt("how was it"), question.clone())];
    script.recording = Some(scratch.file());
    let (station, mut caller, mut lines) = lines(2, script).await;
    let [to_caller, to_line] = crate::peer::connect(&mut caller, &mut lines[0], NUMBER).await;
    station.until_recording().await;
    let (mut mouth, mut line_mouth) = (Mouth::new(to_caller), Mouth::new(to_line));
    let mut ear = Ear::default();
    let said = tone(700.0, 25).concat();
    line_mouth.say(&lines[0], &said).await;
    ear.until(&caller, &said).await;
    lines[0].hang_up().await;
    ear.until(&caller, &question.pcmu).await;
    mouth.press(&caller, '5').await;
    // The next destination: not recorded.
    let invite = lines[1].asked("INVITE").await;
    let answer = lines[1].sdp("sendrecv");
    lines[1].answer(&invite, "200 OK", "", &answer).await;
    lines[1].asked("ACK").await;
    let secret = tone(1700.0, 25).concat();
    Mouth::new(invite.media()).say(&lines[1], &secret).await;
    ear.until(&caller, &secret).await;
    lines[1].hang_up().await;
    caller.is_hung_up().await;
    let (events, end) = the_end(&station).await;
    assert_eq!(
        events,
        [
            FlowEvent::Answered { attempt: 1 },
            FlowEvent::DestinationHungUp,
            gathered("5", GatherEnd::Full),
            FlowEvent::Answered { attempt: 2 },
            FlowEvent::DestinationHungUp,
        ]
    );
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::Destination, EndReason::HungUp)
    );
    assert!(end.talk_ms > 0 && end.sip_status.is_none());
    assert!(end.recording.is_some());
    let right = channel(&scratch.file(), 1);
    let from = first_loud(&right);
    assert!(share(&right[from..from + 3_000], 700.0) > 0.98);
    let after = right.get(from + 4_400..).unwrap_or_default();
    assert!(
        after.iter().all(|s| *s == 0),
        "the second talk is not in it"
    );
}

#[tokio::test]
async fn a_caller_may_leave_while_it_hears_ringing() {
    let script = flow(vec![
        vec![Action::Play {
            action: 1,
            prompt: prompt("nothing"),
        }],
        vec![Action::Dial(dialling(3))],
    ]);
    let (station, mut caller, mut lines) = lines(3, script).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    caller.response(200).await;
    caller.ack("").await;
    let mut invites = Vec::new();
    for line in &mut lines {
        let invite = line.asked("INVITE").await;
        line.answer(&invite, "180 Ringing", "", "").await;
        invites.push(invite);
    }
    caller.hang_up().await;
    for (line, invite) in lines.iter_mut().zip(&invites) {
        let cancel = line.asked("CANCEL").await;
        line.answer(&cancel, "200 OK", "", "").await;
        line.answer(invite, "487 Request Terminated", "", "").await;
    }
    let (events, end) = the_end(&station).await;
    assert_eq!(events.last(), Some(&FlowEvent::CallerHungUp));
    assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
}
