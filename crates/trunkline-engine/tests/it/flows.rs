//! The desk and call flows: which flow a call runs, what performers are asked, and what the record says of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_core::base::id::{AccountId, CallId, FlowId};
use trunkline_core::base::{Callee, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{Activity, FlowDocument, FlowEvent, GatherEnd, Prompt};
use trunkline_core::call::{
    CallResult, CallState, DialOutcome, EndReason, EndedBy, RecordingConsent, TollPolicy,
};
use trunkline_engine::call::control::{Action, Admission, CallControl, CallEnd, RecordingState};
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::asks::AskAnswer;
use trunkline_engine::ports::calls::{CallEventKind, CallsBefore};
use trunkline_engine::ports::configuration::{Everything, Flow, FlowVersion};

use crate::calls::{BUSINESS, Desk, desk_with};

const FLOW: FlowId = FlowId::from_raw(77);
const SECOND: PhoneNumber = PhoneNumber::from_digits(12_142_345_679);

pub(crate) fn document(nodes: &str) -> FlowDocument {
    let text = format!(r#"{{"schema": 1, "start": "start", "nodes": {{{nodes}}}}}"#);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

pub(crate) fn flow(id: FlowId, document: FlowDocument, published: bool) -> Flow {
    let version = FlowVersion {
        version: 3,
        document: Arc::new(document.clone()),
        at: Timestamp::EPOCH,
        by: None,
    };
    Flow {
        id,
        account: AccountId::from_raw(9),
        name: "Reception".to_owned(),
        draft: document,
        edits: 4,
        published: Some(version).filter(|_| published),
        archived_at: None,
        created_at: Timestamp::EPOCH,
    }
}

/// A desk whose one number runs a flow, in an account without a waiver.
async fn desk(nodes: &str) -> Desk {
    let running = flow(FLOW, document(nodes), true);
    let more = |all: &mut Everything| {
        all.flows.push(running);
        all.numbers.iter_mut().for_each(|n| n.flow = Some(FLOW));
        all.accounts
            .iter_mut()
            .for_each(|a| a.recording_consent = RecordingConsent::Notice);
    };
    desk_with(1, TollPolicy::default(), Some(SECOND), more).await
}

async fn call(desk: &Desk) -> (CallId, Vec<Action>) {
    match desk.calls.incoming(desk.incoming("+13125550100")).await {
        Admission::Accepted { call, actions, .. } => (call, actions),
        Admission::Refused { status, .. } => panic!("refused with {status}"),
    }
}

fn told(desk: &Desk) -> Vec<(CallEventKind, String)> {
    let saved = desk.records.saved.lock().expect("calls");
    let events = saved.iter().flat_map(|c| c.events.iter());
    events.map(|e| (e.kind, e.detail.clone())).collect()
}

#[tokio::test]
async fn a_number_runs_its_own_flow_else_its_sites_and_only_what_is_published() {
    let hello = document(r#""start": {"kind": "say", "text": "own"}"#);
    let site_flow = document(r#""start": {"kind": "say", "text": "site"}"#);
    let other = FlowId::from_raw(78);
    for (own, published, site, expected) in [
        (Some(FLOW), true, None, Some("own")),
        (Some(FLOW), true, Some(other), Some("own")),
        (None, true, Some(other), Some("site")),
        (Some(FLOW), false, Some(other), Some("site")),
        (Some(FLOW), false, None, None),
        (None, true, None, None),
    ] {
        let flows = [
            flow(FLOW, hello.clone(), published),
            flow(other, site_flow.clone(), true),
        ];
        let more = |all: &mut Everything| {
            all.flows.extend(flows);
            all.numbers.iter_mut().for_each(|n| n.flow = own);
            all.sites.iter_mut().for_each(|s| s.flow = site);
        };
        let desk = desk_with(1, TollPolicy::default(), None, more).await;
        let (_, actions) = call(&desk).await;
        let row = desk.records.last();
        match expected {
            Some(text) => {
                let heard = Prompt::text(text);
                let played = Action::Play {
                    action: 1,
                    prompt: heard,
                };
                assert_eq!(actions, [played]);
                assert!(row.flow.is_some_and(|(_, version)| version == 3));
                assert_eq!(row.flow_depth, 1);
            }
            None => {
                assert!(matches!(&actions[..], [Action::Dial(_)]), "{actions:?}");
                assert_eq!(row.flow, None);
            }
        }
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_in_a_menu_leaves_the_depth_and_the_way() {
    let desk = desk(
        r#""start": {"kind": "set_tag", "name": "lang", "value": "en", "on": {"done": "menu"}},
           "menu": {"kind": "menu", "text": "1", "choices": {"1": "menu"}}"#,
    )
    .await;
    let (id, actions) = call(&desk).await;
    assert!(
        matches!(&actions[..], [Action::Gather(g)] if g.action == 1),
        "{actions:?}"
    );
    let again = FlowEvent::Gathered {
        action: 1,
        digits: "1".to_owned(),
        ended_by: GatherEnd::Full,
    };
    desk.calls.event(id, again).await;
    assert!(
        desk.calls
            .event(id, FlowEvent::CallerHungUp)
            .await
            .is_empty()
    );
    desk.calls.ended(id, desk.end(EndReason::HungUp, 0)).await;
    let row = desk.records.last();
    assert_eq!(
        (row.result, row.flow_depth),
        (Some(CallResult::Abandoned), 3)
    );
    use CallEventKind::{Ended, Flow, Ring, Tag};
    let expected = [
        (Ring, ""),
        (Flow, "start"),
        (Tag, "lang: en"),
        (Flow, "menu"),
        (Flow, "menu"),
        (Ended, "hung_up"),
    ];
    assert_eq!(
        told(&desk),
        expected.map(|(kind, detail)| (kind, detail.to_owned()))
    );
}

#[tokio::test]
async fn destinations_ring_together_and_the_one_that_takes_the_call_is_the_records() {
    let desk = desk(
        r#""start": {"kind": "recording_notice", "text": "Recorded.", "on": {"done": "ring"}},
           "ring": {"kind": "dial", "strategy": "simultaneous", "caller_id": "tracking_number", "accept": {"digit": "1"},
             "destinations": [{"to": "business_line"}, {"to": "+442079460018"}, {"to": "second_line"}]}"#,
    )
    .await;
    let Admission::Accepted {
        call: id,
        recording,
        ..
    } = desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("accepted");
    };
    assert!(recording.is_some(), "a notice allows to record");
    let rung = desk.calls.event(id, FlowEvent::Played { action: 1 }).await;
    let [Action::Dial(dialling)] = &rung[..] else {
        panic!("{rung:?}");
    };
    let legs: Vec<u32> = dialling.legs.iter().map(|l| l.attempt).collect();
    assert_eq!(legs, [1, 3], "the destination abroad is refused");
    let shown = desk.records.last().dialled;
    assert!(dialling.record && dialling.legs.iter().all(|l| l.caller_id == Some(shown)));
    assert!(
        desk.calls
            .event(id, FlowEvent::Answered { attempt: 3 })
            .await
            .is_empty()
    );
    assert_eq!(
        desk.records.last().state,
        CallState::Ringing,
        "not connected before it accepts"
    );
    desk.clock.forward(2_000);
    assert_eq!(
        desk.calls
            .event(id, FlowEvent::Accepted { attempt: 3 })
            .await,
        [Action::CancelDial { attempts: vec![1] }]
    );
    let row = desk.records.last();
    assert_eq!(
        (row.state, row.destination),
        (CallState::Talking, Some(Callee::from(SECOND)))
    );
    assert_eq!(row.answered_at, Some(desk.clock.now()));
    let before = told(&desk).len();
    let late = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::Busy,
        sip_status: Some(486),
    };
    assert!(desk.calls.event(id, late).await.is_empty());
    assert_eq!(told(&desk).len(), before, "late news is no news");
}

#[tokio::test]
async fn when_every_destination_is_refused_the_flow_goes_on() {
    let desk = desk(
        r#""start": {"kind": "dial", "strategy": "simultaneous", "destinations": [{"to": "+442079460018"}, {"to": "+442079460019"}],
             "on": {"refused": "mail"}},
           "mail": {"kind": "voicemail"}"#,
    )
    .await;
    let (_, actions) = call(&desk).await;
    assert!(
        matches!(&actions[..], [Action::Voicemail(_)]),
        "{actions:?}"
    );
}

#[tokio::test]
async fn whoever_watches_a_call_is_told_what_its_caller_does() {
    let desk = desk(
        r#""start": {"kind": "say", "text": "Welcome.", "on": {"done": "menu"}},
           "menu": {"kind": "menu", "text": "Press 1.", "choices": {"1": "ring"}, "on": {"default": "mail"}},
           "ring": {"kind": "dial", "strategy": "simultaneous", "on": {"default": "mail"},
             "destinations": [{"to": "+442079460018"}, {"to": "business_line"}, {"to": "second_line"}]},
           "mail": {"kind": "voicemail", "on": {"default": "end"}}, "end": {"kind": "hang_up"}"#,
    )
    .await;
    let (id, _) = call(&desk).await;
    let stands = || {
        let step = desk.calls.step(id).expect("a call in progress");
        (step.node, step.activity, step.rings)
    };
    let alone = |node: &str, activity| (node.to_owned(), activity, Vec::new());
    assert_eq!(stands(), alone("start", Activity::Hears));
    desk.calls.event(id, FlowEvent::Played { action: 1 }).await;
    assert_eq!(stands(), alone("menu", Activity::Chooses));
    let pressed = FlowEvent::Gathered {
        action: 2,
        digits: "1".to_owned(),
        ended_by: GatherEnd::Full,
    };
    desk.calls.event(id, pressed).await;
    let (node, activity, rings) = stands();
    assert_eq!((node.as_str(), activity), ("ring", Activity::Rings));
    assert_eq!(
        rings,
        [BUSINESS, SECOND].map(Callee::from),
        "the refused one never rings"
    );
    for attempt in [2, 3] {
        let failed = FlowEvent::DialFailed {
            attempt,
            outcome: DialOutcome::NoAnswer,
            sip_status: None,
        };
        desk.calls.event(id, failed).await;
    }
    assert_eq!(stands(), alone("mail", Activity::LeavesMessage));
    let end = desk.end(EndReason::HungUp, 0);
    desk.calls.ended(id, end).await;
    assert_eq!(desk.calls.step(id), None);
}

#[tokio::test]
async fn a_message_is_recorded_without_a_waiver_and_the_call_says_so() {
    let desk = desk(
        r#""start": {"kind": "dial", "destinations": [{"to": "business_line"}], "on": {"no_answer": "mail"}},
           "mail": {"kind": "voicemail", "on": {"recorded": "end"}}, "end": {"kind": "hang_up"}"#,
    )
    .await;
    let Admission::Accepted {
        call: id,
        recording,
        ..
    } = desk.calls.incoming(desk.incoming("+13125550100")).await
    else {
        panic!("accepted");
    };
    assert_eq!(recording, None, "no waiver and no notice");
    let failed = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::NoAnswer,
        sip_status: None,
    };
    let asked = desk.calls.event(id, failed).await;
    let [Action::Voicemail(mail)] = &asked[..] else {
        panic!("{asked:?}");
    };
    let saved = desk.records.saved.lock().expect("calls").last().cloned();
    let row = saved
        .and_then(|s| s.recording)
        .expect("it is known before it is written");
    assert_eq!(
        (row.id, row.state),
        (mail.recording.id, RecordingState::Writing)
    );
    let left = FlowEvent::VoicemailRecorded {
        action: 1,
        ms: 4_000,
    };
    let next = desk.calls.event(id, left).await;
    assert!(matches!(&next[..], [Action::HangUp { .. }]), "{next:?}");
    let end = CallEnd {
        by: EndedBy::System,
        recording: Some(trunkline_engine::call::control::RecordingDone {
            duration_ms: 4_000,
            bytes: 1,
            state: RecordingState::Complete,
        }),
        ..desk.end(EndReason::HungUp, 0)
    };
    desk.calls.ended(id, end).await;
    let row = desk.records.last();
    assert_eq!(row.result, Some(CallResult::Voicemail));
    assert_eq!(row.recording, Some(mail.recording.id));
}

#[tokio::test]
async fn another_server_decides_and_its_silence_is_a_way_too() {
    let nodes = r#""start": {"kind": "set_tag", "name": "lang", "value": "en", "on": {"done": "crm"}},
        "crm": {"kind": "webhook", "url": "https://crm.example.com/", "on": {"vip": "vip", "ok": "ok", "failed": "failed"}},
        "vip": {"kind": "say", "text": "vip"}, "ok": {"kind": "say", "text": "ok"}, "failed": {"kind": "hang_up", "reason": "busy"}"#;
    let desk_vip = desk(nodes).await;
    let answer = AskAnswer {
        outcome: Some("vip".to_owned()),
        tags: BTreeMap::from([("tier".to_owned(), "gold".to_owned())]),
    };
    *desk_vip.asks.answer.lock().expect("asks") = Some(answer);
    let (id, actions) = call(&desk_vip).await;
    assert!(
        matches!(&actions[..], [Action::Play { prompt, .. }] if *prompt == Prompt::text("vip"))
    );
    let asked = desk_vip.asks.asked.lock().expect("asks")[0].clone();
    assert_eq!((asked.call, asked.node.as_str()), (id, "crm"));
    assert_eq!(asked.tags.get("lang").map(String::as_str), Some("en"));
    assert!(told(&desk_vip).contains(&(CallEventKind::Tag, "tier: gold".to_owned())));

    let silent = desk(nodes).await;
    let (id, actions) = call(&silent).await;
    let refused = Action::HangUp {
        status: 486,
        reason: "Busy Here",
    };
    assert_eq!(actions, [refused]);
    let end = CallEnd {
        by: EndedBy::System,
        ..silent.end(EndReason::NoDestination, 0)
    };
    silent.calls.ended(id, end).await;
    assert_eq!(silent.records.last().result, Some(CallResult::TurnedAway));
}

#[tokio::test]
async fn turns_are_counted_and_a_caller_comes_back_to_who_answered() {
    let nodes = r#""start": {"kind": "dial", "strategy": "round_robin",
        "destinations": [{"to": "+12142345671"}, {"to": "+12142345672"}, {"to": "+12142345673"}]}"#;
    let desk = desk(nodes).await;
    let first = async || {
        let (id, actions) = call(&desk).await;
        desk.calls
            .ended(id, desk.end(EndReason::Cancelled, 0))
            .await;
        match &actions[..] {
            [Action::Dial(dialling)] => dialling.legs[0]
                .to
                .number()
                .map_or(0, |to| to.digits() % 10),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        [first().await, first().await, first().await, first().await],
        [1, 2, 3, 1]
    );
    *desk.records.before.lock().expect("calls") = CallsBefore {
        count: 4,
        answered_by: Some(PhoneNumber::from_digits(12_142_345_673)),
    };
    assert_eq!([first().await, first().await], [3, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_database_does_not_keep_a_flow_from_ringing() {
    let desk = desk(
        r#""start": {"kind": "branch", "cases": [{"when": {"repeat": {"calls_at_least": 2}}, "to": "old"}], "on": {"default": "ring"}},
           "old": {"kind": "hang_up"}, "ring": {"kind": "dial", "destinations": [{"to": "business_line"}]}"#,
    )
    .await;
    desk.records
        .stuck
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let (_, actions) = call(&desk).await;
    assert!(matches!(&actions[..], [Action::Dial(_)]), "{actions:?}");
}
