//! What a flow does with a call, event by event.

use super::*;
use crate::base::PhoneNumber;
use crate::call::DialOutcome;

const BUSINESS: PhoneNumber = PhoneNumber::from_digits(12_145_550_100);
const SECOND: PhoneNumber = PhoneNumber::from_digits(12_145_550_101);
const THIRD: PhoneNumber = PhoneNumber::from_digits(12_145_550_102);

fn lines(second: Option<PhoneNumber>) -> Lines {
    Lines {
        business_line: BUSINESS,
        second_line: second,
    }
}

fn failed(attempt: u32, outcome: DialOutcome) -> FlowEvent {
    FlowEvent::DialFailed {
        attempt,
        outcome,
        sip_status: None,
    }
}

/// Feeds the events and gives the actions of each.
fn walk(flow: &FlowDocument, lines: &Lines, events: &[FlowEvent]) -> Vec<Vec<FlowAction>> {
    let mut state = FlowState::default();
    events
        .iter()
        .map(|event| {
            let (next, actions) = step(flow, lines, std::mem::take(&mut state), *event);
            state = next;
            actions
        })
        .collect()
}

fn dial(attempt: u32, to: PhoneNumber) -> Vec<FlowAction> {
    vec![FlowAction::Dial {
        attempt,
        to,
        ring_timeout_ms: 30_000,
    }]
}

#[test]
fn a_busy_business_line_is_followed_by_the_second_line() {
    let got = walk(
        &FlowDocument::forward(),
        &lines(Some(SECOND)),
        &[
            FlowEvent::Started,
            failed(1, DialOutcome::Busy),
            failed(2, DialOutcome::NoAnswer),
        ],
    );
    assert_eq!(
        got,
        vec![
            dial(1, BUSINESS),
            dial(2, SECOND),
            vec![FlowAction::HangUp { sip_status: 480 }]
        ]
    );
}

#[test]
fn a_number_without_second_line_ends_with_what_the_business_line_said() {
    let got = walk(
        &FlowDocument::forward(),
        &lines(None),
        &[FlowEvent::Started, failed(1, DialOutcome::Busy)],
    );
    assert_eq!(got[1], vec![FlowAction::HangUp { sip_status: 486 }]);
}

#[test]
fn late_news_of_an_earlier_attempt_changes_nothing() {
    let got = walk(
        &FlowDocument::forward(),
        &lines(Some(SECOND)),
        &[
            FlowEvent::Started,
            failed(1, DialOutcome::NoAnswer),
            failed(1, DialOutcome::Failed),
            FlowEvent::Answered { attempt: 2 },
            FlowEvent::DestinationHungUp,
            failed(2, DialOutcome::Busy),
        ],
    );
    assert!(got[2].is_empty() && got[3].is_empty() && got[5].is_empty());
    assert_eq!(got[4], vec![FlowAction::HangUp { sip_status: 200 }]);
}

#[test]
fn a_loop_in_a_document_ends() {
    let mut flow = FlowDocument::forward();
    if let Some(Node::Dial(node)) = flow.nodes.get_mut("dial") {
        node.on.insert("default".to_owned(), "dial".to_owned());
    }
    assert!(flow.problems().is_empty());
    let (mut state, mut actions) = step(
        &flow,
        &lines(None),
        FlowState::default(),
        FlowEvent::Started,
    );
    let mut dials = 0;
    while let [FlowAction::Dial { attempt, .. }] = actions[..] {
        dials += 1;
        (state, actions) = step(
            &flow,
            &lines(None),
            state,
            failed(attempt, DialOutcome::Busy),
        );
    }
    assert_eq!(dials, STEPS_MAX);
    assert!(state.finished);
}

#[test]
fn outcomes_lead_to_other_nodes() {
    let mut flow = FlowDocument::forward();
    let other = DialNode {
        destinations: vec![DialDestination {
            to: DialTo::Number(THIRD),
            ring_timeout_s: 30,
        }],
        on: std::collections::BTreeMap::new(),
    };
    flow.nodes.insert("third".to_owned(), Node::Dial(other));
    if let Some(Node::Dial(node)) = flow.nodes.get_mut("dial") {
        node.on.insert("busy".to_owned(), "third".to_owned());
    }
    let got = walk(
        &flow,
        &lines(None),
        &[FlowEvent::Started, failed(1, DialOutcome::Busy)],
    );
    assert_eq!(got[1], dial(2, THIRD));
    let got = walk(
        &flow,
        &lines(None),
        &[FlowEvent::Started, failed(1, DialOutcome::NoAnswer)],
    );
    assert_eq!(got[1], vec![FlowAction::HangUp { sip_status: 480 }]);
}

#[test]
fn a_broken_document_is_told_node_by_node() {
    let mut flow = FlowDocument::forward();
    flow.start = "begin".to_owned();
    flow.schema = 9;
    if let Some(Node::Dial(node)) = flow.nodes.get_mut("dial") {
        node.on.insert("sometimes".to_owned(), "nowhere".to_owned());
        node.destinations[0].ring_timeout_s = 1;
    }
    let told: Vec<String> = flow
        .problems()
        .into_iter()
        .map(|p| format!("{}: {}", p.node, p.message))
        .collect();
    assert_eq!(
        told,
        [
            ": schema 9 is not known; write 1",
            ": the start node `begin` does not exist",
            "dial: a ring time of 1 s is out of range; write 5 to 120",
            "dial: `sometimes` is no outcome; write one of busy, no_answer, declined, unreachable, failed, refused or default",
            "dial: leads to `nowhere`, which does not exist",
            "dial: no way leads here; connect it or remove it",
        ]
    );
}
