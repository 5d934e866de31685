//! What is said of documents before they are published.

use super::*;
use crate::base::id::{CampaignId, PromptId};

fn known() -> KnownThings {
    KnownThings {
        prompts: [PromptId::from_raw(5)].into(),
        campaigns: [CampaignId::from_raw(7)].into(),
        abilities: Ability::ALL.iter().copied().collect(),
        recording_consent: RecordingConsent::Notice,
    }
}

fn told(document: &FlowDocument, known: &KnownThings) -> Vec<String> {
    let line = |p: FlowProblem| {
        let mark = if p.severity == Severity::Warning {
            "? "
        } else {
            ""
        };
        format!("{mark}{}: {}", p.node, p.message)
    };
    document.validate(known).into_iter().map(line).collect()
}

#[test]
fn plain_forwarding_and_a_whole_flow_have_nothing_to_be_said_of_them() {
    assert_eq!(
        told(&FlowDocument::forward(), &KnownThings::default()),
        [""; 0]
    );
    assert_eq!(
        told(&FlowDocument::ring_nobody(), &KnownThings::default()),
        [""; 0]
    );
    assert_eq!(told(&super::rehearsals::reception(), &known()), [""; 0]);
}

#[test]
fn a_broken_document_is_told_node_by_node() {
    let mut document = FlowDocument::forward();
    document.start = "begin".to_owned();
    document.schema = 9;
    if let Some(node) = document.nodes.get_mut("dial") {
        node.on.insert("sometimes".to_owned(), "nowhere".to_owned());
        if let NodeKind::Dial(dial) = &mut node.kind {
            dial.destinations[0].ring_timeout_s = 1;
        }
    }
    assert_eq!(
        told(&document, &known()),
        [
            ": schema 9 is not known; write 1",
            ": the start node `begin` does not exist",
            "dial: a ring time in seconds of 1 is out of range; write 5 to 120",
            "dial: `sometimes` is no outcome; write one of completed, busy, no_answer, declined, unreachable, failed, refused, not_accepted, machine, default",
            "dial: leads to `nowhere`, which does not exist",
            "dial: no way leads here; connect it or remove it",
        ]
    );
}

#[test]
fn every_node_says_what_is_wrong_with_its_settings() {
    let id = PromptId::from_raw(6);
    for (node, said) in [
        (r#"{"kind": "play"}"#.to_owned(), "choose a sound"),
        (format!(r#"{{"kind": "play", "prompt": "{id}"}}"#), "does not exist"),
        (r#"{"kind": "say"}"#.to_owned(), "empty text"),
        (r#"{"kind": "recording_notice"}"#.to_owned(), "says nothing"),
        (r#"{"kind": "menu", "text": "?", "choices": {"12": "start"}, "on": {"default": "start"}}"#.to_owned(), "`12` is no key"),
        (r#"{"kind": "menu", "text": "?", "on": {"default": "start"}}"#.to_owned(), "no choices"),
        (r#"{"kind": "menu", "text": "?", "choices": {"1": "start"}, "on": {"invalid": "start"}}"#.to_owned(), "outcome is `timeout`"),
        (r#"{"kind": "menu", "text": "?", "choices": {"1": "start"}, "tries": 99, "on": {"default": "start"}}"#.to_owned(), "1 to 10"),
        (r#"{"kind": "gather", "text": "?", "tag": "Zip!", "on": {"default": "start"}}"#.to_owned(), "no name of a tag"),
        (r#"{"kind": "gather", "text": "?", "tag": "a", "digits_min": 4, "digits_max": 3, "on": {"default": "start"}}"#.to_owned(), "4 to 3"),
        (r#"{"kind": "gather", "text": "?", "tag": "a", "terminator": "x", "on": {"default": "start"}}"#.to_owned(), "`x` ends no answer"),
        (r#"{"kind": "collect_zip", "text": "?", "timeout_s": 0, "on": {"default": "start"}}"#.to_owned(), "1 to 60"),
        (r#"{"kind": "schedule", "zone": "UTC", "on": {"default": "start"}}"#.to_owned(), "never open"),
        (r#"{"kind": "schedule", "zone": "UTC", "weekly": [{"days": ["mon"], "from": "09:00", "to": "10:00"}], "on": {"open": "start"}}"#.to_owned(), "`closed`"),
        (r#"{"kind": "branch", "cases": [], "on": {"default": "start"}}"#.to_owned(), "0 cases"),
        (r#"{"kind": "branch", "cases": [{"when": {"all": []}, "to": "start"}]}"#.to_owned(), "`default`"),
        (r#"{"kind": "splitter", "arms": [{"percent": 40, "to": "start"}]}"#.to_owned(), "40 per cent"),
        (r#"{"kind": "set_tag", "name": ""}"#.to_owned(), "no name of a tag"),
        (r#"{"kind": "dial", "destinations": []}"#.to_owned(), "0 destinations"),
        (r#"{"kind": "dial", "destinations": [{"to": "business_line"}], "accept": {"digit": "x"}}"#.to_owned(), "`x` is no key"),
        (r#"{"kind": "dial", "destinations": [{"to": "business_line"}], "whisper": {}}"#.to_owned(), "says nothing"),
        (r#"{"kind": "route", "campaign": "camp_0000000000008", "on": {"no_buyer": "start"}}"#.to_owned(), "`camp_0000000000008` does not exist"),
        (r#"{"kind": "route", "campaign": "camp_0000000000007"}"#.to_owned(), "outcome is `no_buyer`"),
        (r#"{"kind": "voicemail", "beep": false}"#.to_owned(), "nobody to speak"),
        (r#"{"kind": "voicemail", "max_s": 9999}"#.to_owned(), "5 to 600"),
        (r#"{"kind": "webhook", "url": "ftp://x", "on": {"default": "start"}}"#.to_owned(), "asks no address"),
        (r#"{"kind": "webhook", "url": "https://x.example/", "timeout_ms": 9000, "on": {"default": "start"}}"#.to_owned(), "100 to 5000"),
        (r#"{"kind": "survey", "questions": []}"#.to_owned(), "0 questions"),
        (r#"{"kind": "challenge", "text": "Press one", "on": {"default": "start"}}"#.to_owned(), "which digit"),
        (format!(r#"{{"kind": "challenge", "prompt": "{id}", "on": {{"default": "start"}}}}"#), "cannot name the digit"),
        (r#"{"kind": "go_to"}"#.to_owned(), "goes nowhere"),
    ] {
        let document = flow(&format!(r#""start": {node}"#));
        let all = told(&document, &known());
        assert!(all.iter().any(|line| line.contains(said)), "{node}: {all:?}");
        assert!(all.iter().all(|line| line.starts_with("start: ")), "{all:?}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_reason() {
    for (node, said) in [
        (r#"{"kind": "teleport"}"#, "teleport"),
        (r#"{"kind": "say", "txt": "x"}"#, "txt"),
        (r#"{"kind": "hang_up", "reason": "tired"}"#, "tired"),
        (r#"{"kind": "play", "prompt": "flow_0000000000001"}"#, "prm"),
        (
            r#"{"kind": "dial", "destinations": [{"to": "0800"}]}"#,
            "business_line",
        ),
        (r#"{"kind": "schedule", "zone": "Dallas"}"#, "IANA"),
    ] {
        let text = format!(r#"{{"schema": 1, "start": "a", "nodes": {{"a": {node}}}}}"#);
        let error = serde_json::from_str::<FlowDocument>(&text).expect_err(node);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_builder_can_begin_every_kind_of_node_with_nothing_but_its_word() {
    for kind in KINDS {
        let zone = if kind == "schedule" {
            r#", "zone": "UTC""#
        } else {
            ""
        };
        let fresh: Node =
            serde_json::from_str(&format!(r#"{{"kind": "{kind}"{zone}}}"#)).expect(kind);
        assert_eq!(fresh.kind.word(), kind);
    }
}

#[test]
fn a_document_is_written_as_it_was_read() {
    let text = r#"{"schema":1,"start":"dial","nodes":{"dial":{"kind":"dial","destinations":[{"to":"business_line","ring_timeout_s":30},{"to":"second_line","ring_timeout_s":30}]}}}"#;
    let written = serde_json::to_string(&FlowDocument::forward()).expect("JSON");
    assert_eq!(written, text);
    let reception = super::rehearsals::reception();
    let written = serde_json::to_string(&reception).expect("JSON");
    assert_eq!(
        serde_json::from_str::<FlowDocument>(&written).expect("a document"),
        reception
    );
}

#[test]
fn a_circle_in_which_nobody_is_waited_for_is_told() {
    let circle = flow(
        r#""start": {"kind": "say", "text": "a", "on": {"done": "b"}},
           "b": {"kind": "go_to", "to": "c"}, "c": {"kind": "set_tag", "name": "x", "on": {"done": "b"}}"#,
    );
    let all = told(&circle, &known());
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(
        all[0].starts_with("b: calls would go round b -> c -> b"),
        "{all:?}"
    );
    let slow = flow(
        r#""start": {"kind": "menu", "text": "?", "choices": {"1": "again"}, "on": {"default": "again"}},
           "again": {"kind": "go_to", "to": "start"}"#,
    );
    assert_eq!(told(&slow, &known()), [""; 0]);
}

#[test]
fn recording_without_notice_and_silence_after_a_greeting_are_warned_of() {
    let document = flow(
        r#""start": {"kind": "splitter", "arms": [{"percent": 50, "to": "note"}, {"percent": 50, "to": "ring"}]},
           "note": {"kind": "recording_notice", "text": "Recorded.", "on": {"done": "ring"}},
           "ring": {"kind": "dial", "destinations": [{"to": "business_line"}], "recording": "on"}"#,
    );
    let all = told(&document, &known());
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("? ring: is to be recorded"), "{all:?}");
    assert!(
        all[1].starts_with("? ring: a caller whom nobody takes"),
        "{all:?}"
    );
    let waiver = KnownThings {
        recording_consent: RecordingConsent::Waiver,
        ..known()
    };
    assert_eq!(told(&document, &waiver).len(), 1);
}

#[test]
fn what_the_server_cannot_do_is_never_published() {
    let document = flow(
        r#""start": {"kind": "dial", "strategy": "simultaneous", "destinations": [{"to": "business_line"}, {"to": "second_line"}],
             "accept": {"digit": "1"}, "detect_machine": true, "on": {"completed": "ask", "default": "mail"}},
           "ask": {"kind": "survey", "questions": [{"text": "?", "tag": "a"}]},
           "mail": {"kind": "voicemail", "on": {"default": "hook"}},
           "hook": {"kind": "webhook", "url": "https://x.example/", "on": {"default": "end"}}, "end": {"kind": "hang_up"}"#,
    );
    let bare = KnownThings::default();
    let missing = told(&document, &bare);
    for ability in Ability::ALL {
        let said = missing.iter().any(|line| line.contains(ability.phrase()));
        assert!(said, "{}", ability.word());
    }
    let all = told(&document, &known());
    assert!(all.iter().all(|line| !line.contains("cannot")), "{all:?}");
}

#[test]
fn changes_are_told_by_node_and_a_move_on_the_canvas_is_none() {
    let before = super::rehearsals::reception();
    let mut after = before.clone();
    after.nodes.remove("sorry");
    after.nodes.insert(
        "new".to_owned(),
        NodeKind::HangUp(HangUpNode::default()).into(),
    );
    for (name, node) in &mut after.nodes {
        node.place = Some(Place { x: 1, y: 2 });
        if name == "menu" {
            node.on.clear();
        }
    }
    let changes = FlowChanges::between(Some(&before), &after);
    assert_eq!(changes.added, ["new"]);
    assert_eq!(changes.changed, ["menu"]);
    assert_eq!(changes.removed, ["sorry"]);
    assert!(!changes.start);
    assert_eq!(
        FlowChanges::between(None, &before).added.len(),
        before.nodes.len()
    );
    assert!(FlowChanges::between(Some(&before), &before).is_empty());
}
