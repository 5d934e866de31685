//! Call flows: the document a user authors, and the one interpreter that walks it.

mod document;
mod interpreter;
#[cfg(test)]
mod tests;

pub use document::{
    DESTINATIONS_MAX, DialDestination, DialNode, DialTo, FlowDocument, FlowProblem, NODES_MAX,
    Node, RING_TIMEOUT_S_MAX, SCHEMA,
};
pub use interpreter::{FlowAction, FlowEvent, FlowState, Lines, STEPS_MAX, step};
