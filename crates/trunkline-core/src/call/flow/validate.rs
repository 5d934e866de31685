//! What keeps a document from being published, and what its author should look at, each with its node and with what to
//! write instead.

use std::collections::BTreeSet;

use super::dial::Switch;
use super::document::{DEFAULT, FlowDocument, NO_BUYER, NODES_MAX, Node, SCHEMA};
use super::nodes::{Ability, NodeKind};
use super::prompt::{Prompt, TEXT_MAX};
use super::settings::settings;
use super::state::{TAG_NAME_MAX, is_tag_name};
use crate::base::id::{CampaignId, PromptId};
use crate::base::words;
use crate::call::{DialOutcome, RecordingConsent};

/// Longest name of a node, in characters.
const NAME_MAX: usize = 60;

words! {
    /// How much a problem matters.
    Severity {
        /// The flow cannot be published.
        Problem = "problem",
        /// It can, and somebody should look at it.
        Warning = "warning",
    }
}

/// Something wrong in a document, with the node it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowProblem {
    /// Name of the node, or empty for the document as a whole.
    pub node: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// What a document is checked against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownThings {
    /// The account's sounds.
    pub prompts: BTreeSet<PromptId>,
    /// The account's campaigns.
    pub campaigns: BTreeSet<CampaignId>,
    /// What this server's telephone side has.
    pub abilities: BTreeSet<Ability>,
    /// What the account chose about recording talks.
    pub recording_consent: RecordingConsent,
}

/// Collects what is found.
pub(super) struct Found(Vec<FlowProblem>);

impl Found {
    fn add(&mut self, node: &str, severity: Severity, message: impl Into<String>) {
        self.0.push(FlowProblem {
            node: node.to_owned(),
            severity,
            message: message.into(),
        });
    }

    pub(super) fn problem(&mut self, node: &str, message: impl Into<String>) {
        self.add(node, Severity::Problem, message);
    }

    fn warning(&mut self, node: &str, message: impl Into<String>) {
        self.add(node, Severity::Warning, message);
    }

    pub(super) fn range(
        &mut self,
        node: &str,
        what: &str,
        value: u32,
        allowed: std::ops::RangeInclusive<u32>,
    ) {
        if !allowed.contains(&value) {
            let (least, most) = (allowed.start(), allowed.end());
            self.problem(
                node,
                format!("{what} {value} is out of range; write {least} to {most}"),
            );
        }
    }

    pub(super) fn tag(&mut self, node: &str, name: &str) {
        if !is_tag_name(name) {
            self.problem(
                node,
                format!(
                    "`{name}` is no name of a tag; write 1 to {TAG_NAME_MAX} small letters, digits or _"
                ),
            );
        }
    }

    /// A node that plays needs exactly one of a sound and a text.
    pub(super) fn message(&mut self, node: &str, prompt: Option<PromptId>, text: Option<&String>) {
        match (prompt, text) {
            (Some(_), Some(_)) => self.problem(node, "has a sound and a text; write one of them"),
            (None, None) => self.problem(node, "says nothing; write a text or choose a sound"),
            _ => {}
        }
    }
}

impl FlowDocument {
    /// Everything that keeps the document from being published, and warnings.
    #[must_use]
    pub fn validate(&self, known: &KnownThings) -> Vec<FlowProblem> {
        let mut found = Found(Vec::new());
        if self.schema != SCHEMA {
            let message = format!("schema {} is not known; write {SCHEMA}", self.schema);
            found.problem("", message);
        }
        if self.nodes.len() > NODES_MAX {
            let message = format!(
                "{} nodes are too many; at most {NODES_MAX}",
                self.nodes.len()
            );
            found.problem("", message);
        }
        if !self.nodes.contains_key(&self.start) {
            let message = format!("the start node `{}` does not exist", self.start);
            found.problem("", message);
        }
        for (name, node) in &self.nodes {
            if name.is_empty() || name.chars().count() > NAME_MAX {
                found.problem(name, format!("write a name of 1 to {NAME_MAX} characters"));
            }
            settings(&mut found, name, &node.kind);
            prompts(&mut found, name, node, known);
            campaigns(&mut found, name, node, known);
            self.ways(&mut found, name, node);
            abilities(&mut found, name, node, known);
        }
        self.whole(&mut found, known);
        found.0
    }

    /// Where a node's outcomes lead.
    fn ways(&self, found: &mut Found, name: &str, node: &Node) {
        let outcomes = node.kind.outcomes();
        for outcome in node.on.keys() {
            let free = matches!(node.kind, NodeKind::Webhook(_));
            if outcome != DEFAULT && !free && !outcomes.contains(&outcome.as_str()) {
                let mut known = outcomes.clone();
                known.push(DEFAULT);
                let known = known.join(", ");
                found.problem(
                    name,
                    format!("`{outcome}` is no outcome; write one of {known}"),
                );
            }
        }
        for to in node.leads_to() {
            if !self.nodes.contains_key(to) {
                found.problem(name, format!("leads to `{to}`, which does not exist"));
            }
        }
        let rings = !node.kind.destinations().is_empty();
        let all_may_end = matches!(node.kind, NodeKind::Voicemail(_) | NodeKind::HangUp(_));
        if rings || all_may_end || outcomes == ["done"] {
            return;
        }
        let must_lead: Vec<&str> = match &node.kind {
            NodeKind::Branch(_) => vec![DEFAULT],
            NodeKind::Route(_) => vec![NO_BUYER],
            _ => outcomes,
        };
        let nowhere = must_lead.into_iter().filter(|o| node.way(o).is_none());
        for outcome in nowhere {
            found.problem(
                name,
                format!(
                    "a caller whose outcome is `{outcome}` would be cut off without a word; link it or `default`"
                ),
            );
        }
    }

    /// What only the whole document tells.
    fn whole(&self, found: &mut Found, known: &KnownThings) {
        let reachable = self.reachable();
        let unreachable = self.nodes.keys();
        for name in unreachable.filter(|name| !reachable.contains(name.as_str())) {
            found.problem(name, "no way leads here; connect it or remove it");
        }
        let circle = self.circle_without_waiting();
        if let Some(first) = circle.first() {
            let way = circle.join(" -> ");
            found.problem(
                first,
                format!(
                    "calls would go round {way} -> {first} without waiting for anybody; put a question or a dial between them"
                ),
            );
        }
        let unnoticed = self.reachable_without_notice();
        let answered = self.reachable_answered();
        for (name, node) in &self.nodes {
            let recording = node.kind.handover().and_then(|handover| handover.recording);
            if recording == Some(Switch::On)
                && known.recording_consent == RecordingConsent::Notice
                && unnoticed.contains(name.as_str())
            {
                found.warning(
                    name,
                    "is to be recorded, and callers come here without a recording notice: their talks are not recorded; put a recording_notice before it",
                );
            }
            let rings = !node.kind.destinations().is_empty();
            let ends = |o: &&DialOutcome| node.way(o.word()).is_none();
            if rings
                && answered.contains(name.as_str())
                && DialOutcome::ALL.iter().any(|o| ends(&o))
            {
                found.warning(
                    name,
                    "a caller whom nobody takes is cut off after having heard something; link `default`, to a voicemail for example",
                );
            }
        }
    }
}

/// What a node needs and this server has not.
fn abilities(found: &mut Found, name: &str, node: &Node, known: &KnownThings) {
    for ability in node.needs().difference(&known.abilities) {
        found.problem(
            name,
            format!("this server cannot {} yet; leave it out", ability.phrase()),
        );
    }
}

/// A campaign that is not the account's.
fn campaigns(found: &mut Found, name: &str, node: &Node, known: &KnownThings) {
    if let NodeKind::Route(route) = &node.kind
        && let Some(id) = route.campaign.filter(|id| !known.campaigns.contains(id))
    {
        let message = format!("the campaign `{id}` does not exist; choose another");
        found.problem(name, message);
    }
}

fn prompts(found: &mut Found, name: &str, node: &Node, known: &KnownThings) {
    let mut said = BTreeSet::new();
    for prompt in node.kind.prompts() {
        let message = match prompt {
            Prompt::Asset(id) if !known.prompts.contains(&id) => {
                format!("the sound `{id}` does not exist; choose another")
            }
            Prompt::Spoken(spoken) if spoken.text.trim().is_empty() => {
                "has an empty text; write what is to be said".to_owned()
            }
            Prompt::Spoken(spoken) if spoken.text.chars().count() > TEXT_MAX => {
                format!("has a text that is too long; at most {TEXT_MAX} characters")
            }
            Prompt::Asset(_) | Prompt::Spoken(_) => continue,
        };
        if said.insert(message.clone()) {
            found.problem(name, message);
        }
    }
}
