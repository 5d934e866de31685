//! What is true of every flow and every sequence of events, drawn by proptest.

use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::*;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "nowhere"];

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(&NAMES[..]).prop_map(str::to_owned)
}

fn ways() -> impl Strategy<Value = BTreeMap<String, String>> {
    let outcome = prop::sample::select(
        &[
            "default",
            "done",
            "completed",
            "busy",
            "no_answer",
            "invalid",
            "timeout",
            "collected",
            "open",
            "closed",
            "ok",
            "failed",
            "recorded",
            "passed",
            "vip",
        ][..],
    );
    prop::collection::btree_map(outcome.prop_map(str::to_owned), name(), 0..4)
}

fn kind() -> impl Strategy<Value = NodeKind> {
    let json = prop::sample::select(
        &[
            r#"{"kind": "say", "text": "x"}"#,
            r#"{"kind": "play"}"#,
            r#"{"kind": "recording_notice", "text": "x"}"#,
            r#"{"kind": "menu", "text": "x", "choices": {"1": "a", "2": "b"}, "tries": 2}"#,
            r#"{"kind": "gather", "text": "x", "digits_max": 3, "tag": "t", "tries": 0}"#,
            r#"{"kind": "collect_zip", "text": "x", "tries": 4000000000}"#,
            r#"{"kind": "schedule", "zone": "UTC"}"#,
            r#"{"kind": "branch", "cases": [{"when": {"tag": {"name": "t", "value": {"is": "1"}}}, "to": "c"}]}"#,
            r#"{"kind": "splitter", "arms": [{"percent": 50, "to": "a"}, {"percent": 30, "to": "d"}]}"#,
            r#"{"kind": "set_tag", "name": "t", "value": "1"}"#,
            r#"{"kind": "dial", "destinations": []}"#,
            r#"{"kind": "dial", "destinations": [{"to": "business_line"}, {"to": "second_line", "ring_timeout_s": 4000000000}]}"#,
            r#"{"kind": "dial", "strategy": "simultaneous", "destinations": [{"to": "business_line"}, {"to": "second_line"}]}"#,
            r#"{"kind": "dial", "strategy": "round_robin", "accept": {"digit": "1"}, "destinations": [{"to": "business_line"}]}"#,
            r#"{"kind": "route", "campaign": "camp_0000000000007"}"#,
            r#"{"kind": "route"}"#,
            r#"{"kind": "voicemail", "max_s": 4000000000}"#,
            r#"{"kind": "webhook", "url": "https://x.example/"}"#,
            r#"{"kind": "survey", "questions": [{"text": "x", "tag": "s"}, {"tag": "t", "digits": 0}]}"#,
            r#"{"kind": "challenge", "text": "{digit}"}"#,
            r#"{"kind": "go_to", "to": "b"}"#,
            r#"{"kind": "hang_up"}"#,
        ][..],
    );
    json.prop_map(|text| serde_json::from_str(text).expect(text))
}

fn document() -> impl Strategy<Value = FlowDocument> {
    let node = (kind(), ways()).prop_map(|(kind, on)| Node {
        kind,
        on,
        place: None,
    });
    let nodes = prop::collection::vec(node, 5);
    (nodes, name()).prop_map(|(nodes, start)| FlowDocument {
        schema: SCHEMA,
        start,
        nodes: NAMES.iter().map(|n| (*n).to_owned()).zip(nodes).collect(),
    })
}

fn event() -> impl Strategy<Value = FlowEvent> {
    let outcome = prop::sample::select(DialOutcome::ALL);
    // Most events are about what is in progress early in a call, some about what never was.
    let which = prop_oneof![8 => 0_u32..8, 1 => any::<u32>()];
    (which, 0..23_u32, "[0-9*#x]{0,8}", outcome).prop_map(|(which, what, digits, outcome)| {
        match what {
            0 => FlowEvent::Started,
            1..=4 => FlowEvent::Played { action: which },
            5..=8 => FlowEvent::Gathered {
                action: which,
                digits,
                ended_by: GatherEnd::Full,
            },
            9 => FlowEvent::Answered { attempt: which },
            10 => FlowEvent::Accepted { attempt: which },
            11 => FlowEvent::Ringing { attempt: which },
            12..=14 => FlowEvent::DialFailed {
                attempt: which,
                outcome,
                sip_status: None,
            },
            15 => FlowEvent::VoicemailRecorded {
                action: which,
                ms: u64::from(which) * 500,
            },
            16 => FlowEvent::WebhookAnswered {
                action: which,
                outcome: Some("vip".to_owned()),
                tags: tags(&[("t", &digits)]),
            },
            17 => FlowEvent::WebhookFailed { action: which },
            18 => FlowEvent::DestinationHungUp,
            19 => FlowEvent::NotTaken,
            20..=21 => FlowEvent::Routed {
                action: which,
                targets: targets(which % 4),
            },
            _ => FlowEvent::CallerHungUp,
        }
    })
}

fn targets(count: u32) -> Vec<RouteTarget> {
    let target = |to: PhoneNumber| RouteTarget {
        to: to.into(),
        ring_timeout_ms: 20_000,
    };
    let lines = [BUSINESS, SECOND, THIRD].into_iter().cycle();
    lines.take(count as usize).map(target).collect()
}

fn waits(action: &FlowAction) -> bool {
    !matches!(
        action,
        FlowAction::Enter { .. } | FlowAction::Tag { .. } | FlowAction::CancelDial { .. }
    )
}

/// Whether an event is about an action that is not the one in progress.
const fn names_another(event: &FlowEvent, current: u32) -> bool {
    match event {
        FlowEvent::Played { action }
        | FlowEvent::Gathered { action, .. }
        | FlowEvent::VoicemailRecorded { action, .. }
        | FlowEvent::WebhookAnswered { action, .. }
        | FlowEvent::WebhookFailed { action }
        | FlowEvent::Routed { action, .. } => *action != current,
        _ => false,
    }
}

/// The event that answers what is in progress, as a performer would tell it.
fn answer(state: &FlowState, draw: u32) -> FlowEvent {
    let action = state.action;
    match &state.doing {
        Doing::Nothing => FlowEvent::Started,
        Doing::Playing => FlowEvent::Played { action },
        Doing::Gathering { .. } => FlowEvent::Gathered {
            action,
            digits: (draw % 4).to_string(),
            ended_by: GatherEnd::Full,
        },
        Doing::Dialling(dialling) => FlowEvent::DialFailed {
            attempt: dialling.ringing[0],
            outcome: DialOutcome::Busy,
            sip_status: None,
        },
        Doing::Routing => FlowEvent::Routed {
            action,
            targets: targets(draw % 3),
        },
        Doing::Talking { .. } => FlowEvent::DestinationHungUp,
        Doing::Recording => FlowEvent::VoicemailRecorded {
            action,
            ms: u64::from(draw),
        },
        Doing::Asking => FlowEvent::WebhookFailed { action },
    }
}

proptest! {
    #[test]
    fn any_events_in_any_flow_ask_for_one_thing_at_a_time_and_the_same_again(
        document in document(), events in prop::collection::vec(event(), 1..60), seed in any::<u64>()
    ) {
        let facts = Facts { seed, ..facts() };
        let mut state = FlowState::default();
        for event in std::iter::once(FlowEvent::Started).chain(events) {
            let before = state.clone();
            let (next, actions) = step(&document, &facts, state.clone(), event.clone());
            let again = step(&document, &facts, state, event.clone());
            prop_assert_eq!((&next, &actions), (&again.0, &again.1));
            let waiting = actions.iter().filter(|a| waits(a)).count();
            prop_assert!(waiting <= 1, "{:?}", actions);
            prop_assert!(waiting == 0 || actions.last().is_some_and(waits));
            prop_assert!(next.steps <= STEPS_MAX && next.tags.len() <= TAGS_MAX);
            if before.ended.is_some() {
                prop_assert_eq!(&before, &next);
                prop_assert!(actions.is_empty());
            }
            // The call hangs in the air at no time: something is in progress, or it is over.
            prop_assert!(next.ended.is_some() || next.doing != Doing::Nothing);
            // What is asked has a name of its own.
            if waiting == 1 && next.ended.is_none() {
                prop_assert!(next.action > before.action || next.attempt > before.attempt);
            }
            // Late news of another action is no news.
            if names_another(&event, before.action) {
                prop_assert_eq!(&before, &next);
            }
            state = next;
        }
    }

    #[test]
    fn every_call_ends_when_everything_asked_is_answered(document in document(), seed in any::<u64>(), draw in any::<u32>()) {
        let mut document = document;
        for node in document.nodes.values_mut() {
            if let NodeKind::CollectZip(zip) = &mut node.kind {
                zip.tries = 10;
            }
        }
        let facts = Facts { seed, ..facts() };
        let mut state = FlowState::default();
        let mut told = 0_u32;
        while state.ended.is_none() {
            let event = answer(&state, draw.rotate_left(told));
            state = step(&document, &facts, state, event).0;
            told += 1;
            prop_assert!(told <= STEPS_MAX * 11, "{:?}", state);
        }
    }

    #[test]
    fn a_document_is_read_as_it_was_written(document in document()) {
        let written = serde_json::to_string(&document).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<FlowDocument>(&written).expect("a document"), document);
    }

    #[test]
    fn no_document_breaks_the_checks_or_a_rehearsal(document in document(), digits in prop::collection::vec("[0-9]{0,6}", 0..8)) {
        let _ = document.validate(&KnownThings::default());
        let script = Script { digits: digits.into(), leaves_message: true, ..Script::default() };
        let went = rehearse(&document, &facts(), script);
        prop_assert!(went.depth <= STEPS_MAX);
    }
}
