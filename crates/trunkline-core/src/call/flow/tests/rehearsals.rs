//! Drafts walked by made-up callers.

use super::*;

/// A flow of everyday use.
pub(super) fn reception() -> FlowDocument {
    flow(
        r#""start": {"kind": "recording_notice", "text": "This call may be recorded.", "on": {"done": "hours"}},
           "hours": {"kind": "schedule", "zone": "America/Chicago",
             "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}],
             "on": {"open": "menu", "closed": "mail"}},
           "menu": {"kind": "menu", "text": "Press 1 for repairs, 2 for anything else.", "choices": {"1": "zip", "2": "office"},
             "on": {"default": "office"}},
           "zip": {"kind": "collect_zip", "text": "Type your ZIP code.", "on": {"default": "near"}},
           "near": {"kind": "branch", "cases": [{"when": {"tag": {"name": "zip", "value": {"starts_with": "752"}}}, "to": "team"}],
             "on": {"default": "office"}},
           "team": {"kind": "dial", "strategy": "simultaneous", "recording": "on",
             "destinations": [{"to": "+12145550101"}, {"to": "+12145550102"}], "on": {"default": "office"}},
           "office": {"kind": "dial", "destinations": [{"to": "business_line"}], "on": {"default": "mail"}},
           "mail": {"kind": "voicemail", "greeting": {"text": "Leave a message."}, "on": {"empty": "sorry"}},
           "sorry": {"kind": "hang_up"}"#,
    )
}

fn script(digits: &[&str], destinations: &[(PhoneNumber, Behaviour)]) -> Script {
    Script {
        digits: digits.iter().map(|d| (*d).to_owned()).collect(),
        destinations: destinations.iter().copied().collect(),
        routed: [].into(),
        leaves_message: true,
        webhook: None,
    }
}

#[test]
fn a_rehearsal_tells_the_path_in_words() {
    let talks = [
        (SECOND, Behaviour::Fails(DialOutcome::Busy)),
        (THIRD, Behaviour::Talks),
    ];
    let went = rehearse(&reception(), &facts(), script(&["7", "1", "75201"], &talks));
    let told: Vec<String> = went
        .steps
        .iter()
        .map(|s| format!("{}: {}", s.node, s.words))
        .collect();
    assert_eq!(
        told,
        [
            "start: Enters a recording notice node",
            "start: The caller hears “This call may be recorded.”",
            "hours: Looks at the clock: 2026-11-23T16:00:01.742Z",
            "menu: Enters a menu node",
            "menu: The caller hears “Press 1 for repairs, 2 for anything else.”",
            "menu: The caller presses 7",
            "menu: The caller hears “Press 1 for repairs, 2 for anything else.”",
            "menu: The caller presses 1",
            "zip: Enters a collect zip node",
            "zip: The caller hears “Type your ZIP code.”",
            "zip: The caller presses 75201",
            "zip: The tag zip is 75201",
            "near: Looks at what is known of the call",
            "team: Enters a dial node",
            "team: +1 214-555-0101 is rung: busy",
            "team: +1 214-555-0102 is rung and takes the call, recorded",
            "team: The call ends",
        ]
    );
    assert_eq!(went.ended_by, EndedBy::Destination);
    assert_eq!((went.depth, went.tags.len()), (6, 1));
}

#[test]
fn a_rehearsal_names_the_way_that_led_to_each_node() {
    let ways = |digits: &[&str]| {
        let went = rehearse(&reception(), &facts(), script(digits, &[]));
        let entered = went.steps.into_iter().filter(|s| s.way.is_some());
        let names = entered.map(|s| format!("{} {}", s.way.unwrap_or_default(), s.node));
        names.collect::<Vec<_>>()
    };
    let beginning = ["on:done hours", "on:open menu"];
    for (digits, then) in [
        // Both lead to the office, and only one of them was gone.
        (&["2"][..], &["choice:2 office", "on:default mail"][..]),
        (&["7", "", ""], &["on:default office", "on:default mail"]),
        (
            &["1", "75201"],
            &[
                "choice:1 zip",
                "on:default near",
                "case:0 team",
                "on:default office",
                "on:default mail",
            ],
        ),
        (
            &["1", "60601"],
            &[
                "choice:1 zip",
                "on:default near",
                "on:default office",
                "on:default mail",
            ],
        ),
    ] {
        assert_eq!(ways(digits), [&beginning[..], then].concat(), "{digits:?}");
    }
}

#[test]
fn nobody_answers_and_the_office_is_closed() {
    let silent = rehearse(&reception(), &facts(), script(&["2"], &[]));
    let last: Vec<&str> = silent
        .steps
        .iter()
        .rev()
        .take(3)
        .map(|s| s.words.as_str())
        .collect();
    assert_eq!(
        last,
        [
            "The call ends",
            "The caller leaves a message",
            "The caller hears “Leave a message.”"
        ]
    );
    let late = Facts {
        now: facts().now.plus_millis(12 * 3_600_000),
        ..facts()
    };
    let closed = rehearse(&reception(), &late, Script::default());
    let nodes: Vec<&str> = closed.steps.iter().map(|s| s.node.as_str()).collect();
    assert!(
        nodes.contains(&"sorry") && !nodes.contains(&"menu"),
        "{nodes:?}"
    );
    let kept = [(BUSINESS, Behaviour::KeepsTalking)];
    let talked = rehearse(&reception(), &facts(), script(&["2"], &kept));
    assert_eq!(talked.ended_by, EndedBy::Caller);
}

#[test]
fn a_rehearsal_of_a_broken_draft_ends_too() {
    let circle = flow(r#""start": {"kind": "say", "text": "again", "on": {"default": "start"}}"#);
    let went = rehearse(&circle, &facts(), Script::default());
    assert_eq!(went.depth, STEPS_MAX);
    let broken = flow(r#""start": {"kind": "webhook", "on": {"default": "nowhere"}}"#);
    let went = rehearse(&broken, &facts(), Script::default());
    assert_eq!(went.ended_by, EndedBy::System);
}
