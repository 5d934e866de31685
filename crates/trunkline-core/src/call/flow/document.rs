//! The flow document: a graph of nodes whose JSON is its definition.
//!
//! `{"schema": 1, "start": "dial", "nodes": {"dial": {"kind": "dial", "destinations": [...], "on": {...}}}}`

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::dial::{DialDestination, DialNode, DialTo, Handover, Strategy, Switch};
use super::nodes::{Ability, HangUpNode, NodeKind};
use super::prelude::challenge_spoken;
use super::prompt::{Message, Prompt, Spoken};
use super::when::{RepeatTest, Test};
use crate::base::PhoneNumber;
use crate::base::id::PromptId;
use crate::call::DialOutcome;

/// The document format this version writes and reads.
pub const SCHEMA: u32 = 1;
/// Most nodes of one flow.
pub const NODES_MAX: usize = 200;
/// The way for every outcome that has none of its own.
pub const DEFAULT: &str = "default";
/// The outcome of a route node whose call nobody of its campaign took.
pub const NO_BUYER: &str = "no_buyer";
/// The outcome of a dial or route node after which the destination hung up. It goes on only when it is linked by its
/// own name: the caller has got what they called for.
pub const COMPLETED: &str = "completed";
/// What stands for the digit in the text of a challenge.
pub const DIGIT_MARK: &str = "{digit}";

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
pub struct Node {
    /// What it does.
    #[serde(flatten)]
    pub kind: NodeKind,
    /// Where its outcomes lead, by outcome or [`DEFAULT`]; a call whose outcome leads nowhere ends.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, String>,
    /// Where the builder draws it; no matter to calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place on the builder's canvas, in its own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

impl From<NodeKind> for Node {
    fn from(kind: NodeKind) -> Self {
        Self {
            kind,
            on: BTreeMap::new(),
            place: None,
        }
    }
}

/// A way out of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way<'a> {
    /// The node it leads to.
    pub to: &'a str,
    /// Its name in the node: `on:` with the outcome it is linked to, `choice:` with a key, `case:` and `arm:` with its place
    /// counted from 0, or `to`.
    pub name: String,
}

impl Node {
    /// Where an outcome leads.
    #[must_use]
    pub fn way(&self, outcome: &str) -> Option<Way<'_>> {
        let named = |outcome: &str| {
            let to = self.on.get(outcome)?;
            let name = format!("on:{outcome}");
            Some(Way { to, name })
        };
        match outcome {
            COMPLETED => named(COMPLETED),
            _ => named(outcome).or_else(|| named(DEFAULT)),
        }
    }

    /// Every node this one can lead to.
    pub fn leads_to(&self) -> impl Iterator<Item = &str> {
        let inner: Vec<&String> = match &self.kind {
            NodeKind::Menu(menu) => menu.choices.values().collect(),
            NodeKind::Branch(branch) => branch.cases.iter().map(|c| &c.to).collect(),
            NodeKind::Splitter(splitter) => splitter.arms.iter().map(|a| &a.to).collect(),
            NodeKind::GoTo(go_to) => vec![&go_to.to],
            _ => Vec::new(),
        };
        self.on.values().chain(inner).map(String::as_str)
    }
}

impl NodeKind {
    /// The word in the document.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Play(_) => "play",
            Self::Say(_) => "say",
            Self::RecordingNotice(_) => "recording_notice",
            Self::Menu(_) => "menu",
            Self::Gather(_) => "gather",
            Self::CollectZip(_) => "collect_zip",
            Self::Schedule(_) => "schedule",
            Self::Branch(_) => "branch",
            Self::Splitter(_) => "splitter",
            Self::SetTag(_) => "set_tag",
            Self::Dial(_) => "dial",
            Self::Route(_) => "route",
            Self::Voicemail(_) => "voicemail",
            Self::Webhook(_) => "webhook",
            Self::Survey(_) => "survey",
            Self::Challenge(_) => "challenge",
            Self::GoTo(_) => "go_to",
            Self::HangUp(_) => "hang_up",
        }
    }

    /// The outcomes it can have, [`DEFAULT`] left out. A webhook's answer may name others.
    #[must_use]
    pub fn outcomes(&self) -> Vec<&'static str> {
        match self {
            Self::Play(_)
            | Self::Say(_)
            | Self::RecordingNotice(_)
            | Self::SetTag(_)
            | Self::Survey(_) => vec!["done"],
            Self::Menu(_) => vec!["invalid", "timeout"],
            Self::Gather(_) | Self::CollectZip(_) => vec!["collected", "invalid", "timeout"],
            Self::Schedule(_) => vec!["open", "closed"],
            Self::Branch(_) | Self::Splitter(_) | Self::GoTo(_) | Self::HangUp(_) => Vec::new(),
            Self::Route(_) => vec![COMPLETED, NO_BUYER],
            Self::Dial(_) => {
                let failed = DialOutcome::ALL.iter().map(|outcome| outcome.word());
                [COMPLETED].into_iter().chain(failed).collect()
            }
            Self::Voicemail(_) => vec!["recorded", "empty"],
            Self::Webhook(_) => vec!["ok", "failed"],
            Self::Challenge(_) => vec!["passed", "failed"],
        }
    }

    /// Whether the call stays in it until somebody has done something, so that a circle through it turns slowly.
    #[must_use]
    pub const fn waits_for_people(&self) -> bool {
        matches!(
            self,
            Self::Menu(_)
                | Self::Gather(_)
                | Self::CollectZip(_)
                | Self::Dial(_)
                | Self::Route(_)
                | Self::Voicemail(_)
                | Self::Survey(_)
                | Self::Challenge(_)
        )
    }

    /// Whether the caller is answered for it, so that no ringing or busy tone can tell them anything afterwards.
    #[must_use]
    pub const fn answers_caller(&self) -> bool {
        matches!(
            self,
            Self::Play(_)
                | Self::Say(_)
                | Self::RecordingNotice(_)
                | Self::Menu(_)
                | Self::Gather(_)
                | Self::CollectZip(_)
                | Self::Voicemail(_)
                | Self::Survey(_)
                | Self::Challenge(_)
        )
    }

    /// Whether its talk is recorded, when it may be.
    #[must_use]
    pub fn records(&self) -> bool {
        self.handover()
            .is_some_and(|handover| handover.recording != Some(Switch::Off))
    }

    /// How those that it rings are connected; `None` when it rings nobody.
    #[must_use]
    pub const fn handover(&self) -> Option<Handover<'_>> {
        match self {
            Self::Dial(dial) => Some(dial.handover()),
            Self::Route(route) => Some(route.handover()),
            _ => None,
        }
    }

    /// The destinations that it names.
    #[must_use]
    pub fn destinations(&self) -> &[DialDestination] {
        match self {
            Self::Dial(dial) => &dial.destinations,
            _ => &[],
        }
    }

    /// Every prompt it may play, those with each digit of a challenge included.
    #[must_use]
    pub fn prompts(&self) -> Vec<Prompt> {
        let one = |prompt: Option<PromptId>, text: Option<&String>| {
            Prompt::of(prompt, text).into_iter().collect()
        };
        match self {
            Self::Play(node) => one(node.prompt, None),
            Self::Say(node) => vec![Prompt::Spoken(Spoken {
                text: node.text.clone(),
                voice: node.voice.clone(),
                language: node.language.clone(),
            })],
            Self::RecordingNotice(node) => one(node.prompt, node.text.as_ref()),
            Self::Menu(node) => one(node.prompt, node.text.as_ref()),
            Self::Gather(node) => one(node.prompt, node.text.as_ref()),
            Self::CollectZip(node) => one(node.prompt, node.text.as_ref()),
            Self::Dial(_) | Self::Route(_) => {
                let whisper = self.handover().and_then(|handover| handover.whisper);
                whisper.and_then(Message::as_prompt).into_iter().collect()
            }
            Self::Voicemail(node) => node
                .greeting
                .iter()
                .filter_map(Message::as_prompt)
                .collect(),
            Self::Survey(node) => node
                .questions
                .iter()
                .filter_map(|q| Prompt::of(q.prompt, q.text.as_ref()))
                .collect(),
            Self::Challenge(node) => match (node.prompt, &node.text, node.digit) {
                (None, Some(text), None) => ('0'..='9')
                    .map(|digit| Prompt::Spoken(challenge_spoken(text, digit)))
                    .collect(),
                (None, Some(text), Some(digit)) => {
                    vec![Prompt::Spoken(challenge_spoken(text, digit))]
                }
                _ => one(node.prompt, None),
            },
            Self::Schedule(_)
            | Self::Branch(_)
            | Self::Splitter(_)
            | Self::SetTag(_)
            | Self::Webhook(_)
            | Self::GoTo(_)
            | Self::HangUp(_) => Vec::new(),
        }
    }
}

impl Node {
    /// What it needs of whoever carries it out.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<Ability> {
        let mut needs = BTreeSet::new();
        for prompt in self.kind.prompts() {
            needs.insert(Ability::Play);
            if matches!(prompt, Prompt::Spoken(_)) {
                needs.insert(Ability::Speak);
            }
        }
        match &self.kind {
            NodeKind::Play(_) | NodeKind::RecordingNotice(_) => {
                needs.insert(Ability::Play);
            }
            NodeKind::Menu(_)
            | NodeKind::Gather(_)
            | NodeKind::CollectZip(_)
            | NodeKind::Survey(_)
            | NodeKind::Challenge(_) => {
                needs.extend([Ability::Play, Ability::Digits]);
            }
            NodeKind::Dial(dial)
                if dial.strategy == Strategy::Simultaneous && dial.destinations.len() > 1 =>
            {
                needs.insert(Ability::RingTogether);
            }
            NodeKind::Voicemail(_) => {
                needs.insert(Ability::Voicemail);
            }
            NodeKind::Webhook(_) => {
                needs.insert(Ability::Ask);
            }
            _ => {}
        }
        if let Some(handover) = self.kind.handover() {
            if handover.whisper.is_some() || handover.accept.is_some() {
                needs.insert(Ability::Screen);
            }
            if handover.detect_machine {
                needs.insert(Ability::DetectMachine);
            }
        }
        if self.on.contains_key(COMPLETED) {
            needs.insert(Ability::KeepCaller);
        }
        needs
    }
}

impl FlowDocument {
    /// A flow of one node.
    fn of_one(name: &str, kind: NodeKind) -> Self {
        Self {
            schema: SCHEMA,
            start: name.to_owned(),
            nodes: BTreeMap::from([(name.to_owned(), kind.into())]),
        }
    }

    /// The flow of a number that has none of its own: ring the business line, then the second line.
    #[must_use]
    pub fn forward() -> Self {
        let lines = [DialTo::BusinessLine, DialTo::SecondLine].map(DialDestination::new);
        Self::of_one("dial", NodeKind::Dial(DialNode::sequence(lines.into())))
    }

    /// The flow of a test call: it ends at once and rings nobody.
    #[must_use]
    pub fn ring_nobody() -> Self {
        Self::of_one("end", NodeKind::HangUp(HangUpNode::default()))
    }

    /// The fixed numbers that are rung, each with the name of its node.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, PhoneNumber)> {
        self.nodes.iter().flat_map(|(name, node)| {
            let rung = node.kind.destinations().iter();
            rung.filter_map(move |d| match d.to {
                DialTo::Number(number) => Some((name.as_str(), number)),
                DialTo::BusinessLine | DialTo::SecondLine => None,
            })
        })
    }

    /// Every text that is to be spoken, once.
    #[must_use]
    pub fn spoken(&self) -> BTreeSet<Spoken> {
        self.spoken_by().map(|(_, spoken)| spoken).collect()
    }

    /// The texts that are to be spoken, each with the name of its node.
    pub fn spoken_by(&self) -> impl Iterator<Item = (&str, Spoken)> {
        self.prompts().filter_map(|(name, prompt)| match prompt {
            Prompt::Spoken(spoken) => Some((name, spoken)),
            Prompt::Asset(_) => None,
        })
    }

    /// Whether it plays this stored sound.
    #[must_use]
    pub fn plays(&self, sound: PromptId) -> bool {
        self.prompts()
            .any(|(_, prompt)| prompt == Prompt::Asset(sound))
    }

    /// Everything that may be played, each with the name of its node.
    fn prompts(&self) -> impl Iterator<Item = (&str, Prompt)> {
        self.nodes.iter().flat_map(|(name, node)| {
            let prompts = node.kind.prompts().into_iter();
            prompts.map(move |prompt| (name.as_str(), prompt))
        })
    }

    /// Whether any of its talks may be recorded once a notice was given.
    #[must_use]
    pub fn has_notice(&self) -> bool {
        let notice = |node: &Node| matches!(node.kind, NodeKind::RecordingNotice(_));
        self.nodes.values().any(notice)
    }

    /// Whether it goes by how often the caller called, or by who answered them.
    #[must_use]
    pub fn asks_for_earlier_calls(&self) -> bool {
        self.nodes.values().any(|node| match &node.kind {
            NodeKind::Dial(dial) => dial.strategy == Strategy::RoundRobin,
            NodeKind::Branch(branch) => branch.cases.iter().any(|case| {
                let mut counts = false;
                case.when.each(1, &mut |test, _| {
                    counts |= matches!(test, Test::Repeat(RepeatTest::CallsAtLeast(_)));
                });
                counts
            }),
            _ => false,
        })
    }
}

/// What differs between two documents, by names of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowChanges {
    /// Nodes that are new.
    pub added: Vec<String>,
    /// Nodes that do or lead to something else.
    pub changed: Vec<String>,
    /// Nodes that are gone.
    pub removed: Vec<String>,
    /// Whether calls begin at another node.
    pub start: bool,
}

impl FlowChanges {
    /// What becomes different for calls when `after` takes the place of `before`. Where nodes are drawn is no difference.
    #[must_use]
    pub fn between(before: Option<&FlowDocument>, after: &FlowDocument) -> Self {
        let empty = BTreeMap::new();
        let old = before.map_or(&empty, |b| &b.nodes);
        let same = |a: &Node, b: &Node| a.kind == b.kind && a.on == b.on;
        let mut changes = Self {
            start: before.is_some_and(|b| b.start != after.start),
            ..Self::default()
        };
        for (name, node) in &after.nodes {
            match old.get(name) {
                None => changes.added.push(name.clone()),
                Some(was) if !same(was, node) => changes.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        let gone = old.keys().filter(|name| !after.nodes.contains_key(*name));
        changes.removed = gone.cloned().collect();
        changes
    }

    /// Whether nothing differs for calls.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
