//! The interpreter: one pure function from an event to the next state and its actions.

use super::super::lifecycle::DialOutcome;
use super::document::{DialNode, DialTo, FlowDocument, Node};
use crate::base::PhoneNumber;

/// Most node entries of one call, so that a loop in a document ends.
pub const STEPS_MAX: u32 = 64;

/// The lines of the tracking number that a document may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// Where calls of the number go.
    pub business_line: PhoneNumber,
    /// Where they go when the business line does not take them.
    pub second_line: Option<PhoneNumber>,
}

/// Where a call stands in its flow: a plain value that can be stored between events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowState {
    /// Name of the current node; empty before the start.
    pub node: String,
    /// Index of the destination being rung in a dial node.
    pub position: usize,
    /// Attempts made so far; names the one in progress.
    pub attempt: u32,
    /// Nodes entered so far.
    pub steps: u32,
    /// Whether the call is over for the flow.
    pub finished: bool,
}

/// What happened on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEvent {
    /// The call was accepted.
    Started,
    /// The destination of `attempt` rings.
    Ringing {
        /// Which attempt.
        attempt: u32,
    },
    /// The destination of `attempt` answered and is connected.
    Answered {
        /// Which attempt.
        attempt: u32,
    },
    /// The attempt came to nothing.
    DialFailed {
        /// Which attempt.
        attempt: u32,
        /// How it failed.
        outcome: DialOutcome,
        /// Final SIP status, when there was one.
        sip_status: Option<u16>,
    },
    /// The caller hung up or cancelled.
    CallerHungUp,
    /// The connected destination hung up.
    DestinationHungUp,
}

/// What the performer is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowAction {
    /// Ring a destination.
    Dial {
        /// Counts the attempts of the call from 1.
        attempt: u32,
        /// Whom to ring.
        to: PhoneNumber,
        /// How long it may ring.
        ring_timeout_ms: u32,
    },
    /// End the call.
    HangUp {
        /// Final SIP status for a caller who was never connected.
        sip_status: u16,
    },
}

/// Walks the flow by one event. Events of an attempt that is no longer in progress change nothing.
#[must_use]
pub fn step(
    flow: &FlowDocument,
    lines: &Lines,
    mut state: FlowState,
    event: FlowEvent,
) -> (FlowState, Vec<FlowAction>) {
    if state.finished {
        return (state, Vec::new());
    }
    match event {
        FlowEvent::Started if state.node.is_empty() => {
            enter(flow, lines, state, &flow.start, DialOutcome::Failed)
        }
        FlowEvent::DialFailed {
            attempt, outcome, ..
        } if attempt == state.attempt => {
            state.position += 1;
            ring_next(flow, lines, state, outcome)
        }
        FlowEvent::CallerHungUp => {
            state.finished = true;
            (state, Vec::new())
        }
        FlowEvent::DestinationHungUp => hang_up(state, 200),
        FlowEvent::Started
        | FlowEvent::Ringing { .. }
        | FlowEvent::Answered { .. }
        | FlowEvent::DialFailed { .. } => (state, Vec::new()),
    }
}

fn enter(
    flow: &FlowDocument,
    lines: &Lines,
    mut state: FlowState,
    node: &str,
    last: DialOutcome,
) -> (FlowState, Vec<FlowAction>) {
    state.steps += 1;
    if state.steps > STEPS_MAX {
        return hang_up(state, last.caller_status());
    }
    node.clone_into(&mut state.node);
    state.position = 0;
    ring_next(flow, lines, state, last)
}

/// Rings the destination at the current position, or leaves the node when there is none left.
fn ring_next(
    flow: &FlowDocument,
    lines: &Lines,
    mut state: FlowState,
    last: DialOutcome,
) -> (FlowState, Vec<FlowAction>) {
    let Some(Node::Dial(dial)) = flow.nodes.get(&state.node) else {
        return hang_up(state, last.caller_status());
    };
    while let Some(destination) = dial.destinations.get(state.position) {
        if let Some(to) = resolve(destination.to, lines) {
            state.attempt += 1;
            let action = FlowAction::Dial {
                attempt: state.attempt,
                to,
                ring_timeout_ms: destination.ring_timeout_s.saturating_mul(1_000),
            };
            return (state, vec![action]);
        }
        state.position += 1;
    }
    match way_out(dial, last) {
        Some(next) => {
            let next = next.to_owned();
            enter(flow, lines, state, &next, last)
        }
        None => hang_up(state, last.caller_status()),
    }
}

fn way_out(dial: &DialNode, outcome: DialOutcome) -> Option<&str> {
    dial.on
        .get(outcome.word())
        .or_else(|| dial.on.get("default"))
        .map(String::as_str)
}

fn resolve(to: DialTo, lines: &Lines) -> Option<PhoneNumber> {
    match to {
        DialTo::BusinessLine => Some(lines.business_line),
        DialTo::SecondLine => lines.second_line,
        DialTo::Number(number) => Some(number),
    }
}

fn hang_up(mut state: FlowState, sip_status: u16) -> (FlowState, Vec<FlowAction>) {
    state.finished = true;
    (state, vec![FlowAction::HangUp { sip_status }])
}
