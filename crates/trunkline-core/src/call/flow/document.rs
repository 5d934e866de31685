//! The flow document: a graph of nodes whose JSON is its definition.
//!
//! `{"schema": 1, "start": "dial", "nodes": {"dial": {"kind": "dial", "destinations": [...], "on": {...}}}}`

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::lifecycle::DialOutcome;
use crate::base::PhoneNumber;

/// The document format this version writes and reads.
pub const SCHEMA: u32 = 1;
/// Most nodes of one flow.
pub const NODES_MAX: usize = 200;
/// Most destinations of one dial node.
pub const DESTINATIONS_MAX: usize = 10;
/// Longest ring time of one destination, in seconds.
pub const RING_TIMEOUT_S_MAX: u32 = 120;
const RING_TIMEOUT_S_MIN: u32 = 5;
const RING_TIMEOUT_S_DEFAULT: u32 = 30;

/// A whole call flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowDocument {
    /// Format, [`SCHEMA`].
    pub schema: u32,
    /// Name of the node a call enters first.
    pub start: String,
    /// The nodes by name.
    pub nodes: BTreeMap<String, Node>,
}

/// One node of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Node {
    /// Rings destinations one after the other and connects the first that answers.
    Dial(DialNode),
    /// Ends the call.
    HangUp {},
}

/// Settings of a dial node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialNode {
    /// Who is rung, in this order.
    pub destinations: Vec<DialDestination>,
    /// Where the call goes when nobody took it: by outcome of the last attempt (`busy`,
    /// `no_answer`, `declined`, `unreachable`, `failed`, `refused`) or `default`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, String>,
}

/// One destination of a dial node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialDestination {
    /// Whom to ring.
    pub to: DialTo,
    /// How long it may ring, in seconds.
    #[serde(default = "ring_timeout_default")]
    pub ring_timeout_s: u32,
}

const fn ring_timeout_default() -> u32 {
    RING_TIMEOUT_S_DEFAULT
}

/// Whom a dial node rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DialTo {
    /// The tracking number's business line.
    BusinessLine,
    /// The tracking number's second line; skipped when it has none.
    SecondLine,
    /// A fixed number.
    Number(PhoneNumber),
}

impl TryFrom<String> for DialTo {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "business_line" => Ok(Self::BusinessLine),
            "second_line" => Ok(Self::SecondLine),
            other => PhoneNumber::parse_e164(other).map(Self::Number).map_err(|_| {
                format!("`{other}` is no destination: write `business_line`, `second_line` or a number such as +12145550100")
            }),
        }
    }
}

impl From<DialTo> for String {
    fn from(to: DialTo) -> Self {
        match to {
            DialTo::BusinessLine => "business_line".to_owned(),
            DialTo::SecondLine => "second_line".to_owned(),
            DialTo::Number(number) => number.to_string(),
        }
    }
}

/// Something wrong in a document, with the node it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowProblem {
    /// Name of the node, or empty for the document as a whole.
    pub node: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl FlowDocument {
    /// The flow of a number that has none of its own: ring the business line, then the second line.
    #[must_use]
    pub fn forward() -> Self {
        let ring = |to| DialDestination {
            to,
            ring_timeout_s: RING_TIMEOUT_S_DEFAULT,
        };
        let dial = DialNode {
            destinations: vec![ring(DialTo::BusinessLine), ring(DialTo::SecondLine)],
            on: BTreeMap::new(),
        };
        Self {
            schema: SCHEMA,
            start: "dial".to_owned(),
            nodes: BTreeMap::from([("dial".to_owned(), Node::Dial(dial))]),
        }
    }

    /// The flow of a test call: it ends at once and rings nobody.
    #[must_use]
    pub fn ring_nobody() -> Self {
        Self {
            schema: SCHEMA,
            start: "end".to_owned(),
            nodes: BTreeMap::from([("end".to_owned(), Node::HangUp {})]),
        }
    }

    /// The fixed numbers that are rung, each with the name of its node.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, PhoneNumber)> {
        let dials = self.nodes.iter().filter_map(|(name, node)| match node {
            Node::Dial(dial) => Some((name.as_str(), dial)),
            Node::HangUp {} => None,
        });
        dials.flat_map(|(name, dial)| {
            dial.destinations.iter().filter_map(move |d| match d.to {
                DialTo::Number(number) => Some((name, number)),
                DialTo::BusinessLine | DialTo::SecondLine => None,
            })
        })
    }

    /// Everything that keeps the document from running; empty when it can be published.
    #[must_use]
    pub fn problems(&self) -> Vec<FlowProblem> {
        let mut found = Vec::new();
        let mut problem = |node: &str, message: String| {
            found.push(FlowProblem {
                node: node.to_owned(),
                message,
            });
        };
        if self.schema != SCHEMA {
            problem(
                "",
                format!("schema {} is not known; write {SCHEMA}", self.schema),
            );
        }
        if self.nodes.len() > NODES_MAX {
            problem(
                "",
                format!(
                    "{} nodes are too many; at most {NODES_MAX}",
                    self.nodes.len()
                ),
            );
        }
        if !self.nodes.contains_key(&self.start) {
            problem(
                "",
                format!("the start node `{}` does not exist", self.start),
            );
        }
        for (name, node) in &self.nodes {
            if let Node::Dial(dial) = node {
                for message in self.dial_problems(dial) {
                    problem(name, message);
                }
            }
        }
        for name in self
            .nodes
            .keys()
            .filter(|name| !self.reachable().contains(name.as_str()))
        {
            problem(
                name,
                "no way leads here; connect it or remove it".to_owned(),
            );
        }
        found
    }

    fn dial_problems(&self, dial: &DialNode) -> Vec<String> {
        let mut found = Vec::new();
        if dial.destinations.is_empty() || dial.destinations.len() > DESTINATIONS_MAX {
            found.push(format!(
                "has {} destinations; write 1 to {DESTINATIONS_MAX}",
                dial.destinations.len()
            ));
        }
        for destination in &dial.destinations {
            if !(RING_TIMEOUT_S_MIN..=RING_TIMEOUT_S_MAX).contains(&destination.ring_timeout_s) {
                found.push(format!(
                    "a ring time of {} s is out of range; write {RING_TIMEOUT_S_MIN} to {RING_TIMEOUT_S_MAX}",
                    destination.ring_timeout_s
                ));
            }
        }
        for (outcome, target) in &dial.on {
            if outcome != "default" && DialOutcome::from_word(outcome).is_none() {
                let known: Vec<_> = DialOutcome::ALL.iter().map(|o| o.word()).collect();
                found.push(format!(
                    "`{outcome}` is no outcome; write one of {} or default",
                    known.join(", ")
                ));
            }
            if !self.nodes.contains_key(target) {
                found.push(format!("leads to `{target}`, which does not exist"));
            }
        }
        found
    }

    fn reachable(&self) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.start.as_str()];
        while let Some(name) = open.pop() {
            if !seen.insert(name) {
                continue;
            }
            if let Some(Node::Dial(dial)) = self.nodes.get(name) {
                open.extend(dial.on.values().map(String::as_str));
            }
        }
        seen
    }
}
