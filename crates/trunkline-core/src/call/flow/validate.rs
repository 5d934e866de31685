//! What keeps a document from being published, and what its author should look at, each with its node and with what to
//! write instead.

use std::collections::BTreeSet;

use super::dial::{
    Accept, DESTINATIONS_MAX, DialDestination, RING_TIMEOUT_S_MAX, RING_TIMEOUT_S_MIN, Switch,
};
use super::document::{DEFAULT, FlowDocument, NODES_MAX, Node, SCHEMA};
use super::nodes::{
    Ability, BETWEEN_S_MAX, BranchNode, DIGITS_MAX, GatherNode, MenuNode, NodeKind, SplitterNode,
    SurveyNode, TIMEOUT_S_MAX, TRIES_MAX, VOICEMAIL_S_MAX, VoicemailNode, WEBHOOK_MS_MAX,
};
use super::prompt::{Prompt, TEXT_MAX};
use super::state::{TAG_NAME_MAX, TAG_VALUE_MAX, is_tag_name};
use super::when::{DEPTH_MAX, TESTS_MAX, Test};
use crate::base::id::PromptId;
use crate::base::words;
use crate::call::DialOutcome;

/// Longest name of a node, in characters.
const NAME_MAX: usize = 60;
/// Most arms of a splitter, and most cases of a branch.
const WAYS_MAX: usize = 30;
/// Most questions of a survey.
const QUESTIONS_MAX: usize = 10;
/// Longest address of a webhook, in bytes.
const URL_MAX: usize = 2_000;
/// Shortest and longest silence that ends a message, in seconds.
const SILENCE_S: std::ops::RangeInclusive<u32> = 2..=30;

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
    /// What this server's telephone side has.
    pub abilities: BTreeSet<Ability>,
    /// Whether the account's talks are recorded without a notice.
    pub recording_waiver: bool,
}

/// Collects what is found.
struct Found(Vec<FlowProblem>);

impl Found {
    fn add(&mut self, node: &str, severity: Severity, message: impl Into<String>) {
        self.0.push(FlowProblem {
            node: node.to_owned(),
            severity,
            message: message.into(),
        });
    }

    fn problem(&mut self, node: &str, message: impl Into<String>) {
        self.add(node, Severity::Problem, message);
    }

    fn warning(&mut self, node: &str, message: impl Into<String>) {
        self.add(node, Severity::Warning, message);
    }

    fn range(
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

    fn tag(&mut self, node: &str, name: &str) {
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
    fn message(&mut self, node: &str, prompt: Option<PromptId>, text: Option<&String>) {
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
            if let NodeKind::Dial(dial) = &node.kind
                && dial.recording == Some(Switch::On)
                && !known.recording_waiver
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

/// The settings of a node by themselves.
fn settings(found: &mut Found, name: &str, kind: &NodeKind) {
    match kind {
        NodeKind::Play(node) if node.prompt.is_none() => {
            found.problem(name, "plays nothing; choose a sound");
        }
        NodeKind::Play(_) | NodeKind::Say(_) | NodeKind::HangUp(_) => {}
        NodeKind::RecordingNotice(node) => {
            found.message(name, node.prompt, node.text.as_ref());
        }
        NodeKind::Menu(node) => menu(found, name, node),
        NodeKind::Gather(node) => gather(found, name, node),
        NodeKind::CollectZip(node) => {
            found.message(name, node.prompt, node.text.as_ref());
            found.range(name, "a wait of", node.timeout_s, 1..=TIMEOUT_S_MAX);
            found.range(name, "a wait of", node.between_s, 1..=BETWEEN_S_MAX);
            found.range(name, "a number of tries of", node.tries, 1..=TRIES_MAX);
        }
        NodeKind::Schedule(schedule) => {
            for problem in schedule.problems() {
                found.problem(name, problem);
            }
        }
        NodeKind::Branch(node) => branch(found, name, node),
        NodeKind::Splitter(node) => splitter(found, name, node),
        NodeKind::SetTag(node) => {
            found.tag(name, &node.name);
            if node.value.chars().count() > TAG_VALUE_MAX {
                let message =
                    format!("has a value that is too long; at most {TAG_VALUE_MAX} characters");
                found.problem(name, message);
            }
        }
        NodeKind::Dial(node) => {
            destinations(found, name, &node.destinations);
            if let Some(whisper) = &node.whisper {
                found.message(name, whisper.prompt, whisper.text.as_ref());
            }
            if let Some(Accept { digit, tries }) = node.accept {
                key(found, name, digit);
                found.range(name, "a number of tries of", tries, 1..=TRIES_MAX);
            }
        }
        NodeKind::Route(node) => {
            destinations(found, name, &node.destinations);
            if node.campaign.trim().is_empty() {
                found.problem(name, "names no campaign; write its name");
            }
        }
        NodeKind::Voicemail(node) => voicemail(found, name, node),
        NodeKind::Webhook(node) => {
            let plain = node.url.bytes().all(|b| b.is_ascii_graphic());
            let host = ["https://", "http://"]
                .iter()
                .find_map(|scheme| node.url.strip_prefix(scheme));
            let host = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
            if !host || !plain || node.url.len() > URL_MAX {
                found.problem(
                    name,
                    "asks no address; write one such as https://crm.example.com/calls",
                );
            }
            found.range(name, "a wait of", node.timeout_ms, 100..=WEBHOOK_MS_MAX);
        }
        NodeKind::Survey(node) => survey(found, name, node),
        NodeKind::Challenge(node) => {
            found.message(name, node.prompt, node.text.as_ref());
            if let Some(digit) = node.digit {
                key(found, name, digit);
            } else if node.prompt.is_some() {
                found.problem(
                    name,
                    "plays a sound that cannot name the digit; write the digit, or a text with {digit}",
                );
            } else if node.text.as_ref().is_some_and(|t| !t.contains("{digit}")) {
                found.problem(name, "does not say which digit; write {digit} in the text");
            }
        }
        NodeKind::GoTo(node) => {
            if node.to.is_empty() {
                found.problem(name, "goes nowhere; write the name of a node");
            }
        }
    }
}

fn is_key(key: &str) -> bool {
    key.len() == 1
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
}

fn key(found: &mut Found, name: &str, digit: char) {
    if !is_key(digit.encode_utf8(&mut [0; 4])) {
        found.problem(
            name,
            format!("`{digit}` is no key; write one of 0 to 9, * or #"),
        );
    }
}

fn menu(found: &mut Found, name: &str, menu: &MenuNode) {
    found.message(name, menu.prompt, menu.text.as_ref());
    if menu.choices.is_empty() {
        found.problem(name, "has no choices; write where keys lead");
    }
    for choice in menu.choices.keys().filter(|choice| !is_key(choice)) {
        found.problem(
            name,
            format!("`{choice}` is no key; write one of 0 to 9, * or #"),
        );
    }
    found.range(name, "a wait of", menu.timeout_s, 1..=TIMEOUT_S_MAX);
    found.range(name, "a number of tries of", menu.tries, 1..=TRIES_MAX);
}

fn gather(found: &mut Found, name: &str, gather: &GatherNode) {
    found.message(name, gather.prompt, gather.text.as_ref());
    found.range(
        name,
        "a number of digits of",
        gather.digits_max,
        1..=DIGITS_MAX,
    );
    if gather.digits_min > gather.digits_max || gather.digits_min == 0 {
        let (least, most) = (gather.digits_min, gather.digits_max);
        found.problem(
            name,
            format!(
                "asks for {least} to {most} digits; write at least 1, and the smaller number first"
            ),
        );
    }
    if let Some(terminator) = gather.terminator.filter(|t| !matches!(t, '#' | '*')) {
        found.problem(name, format!("`{terminator}` ends no answer; write # or *"));
    }
    found.range(name, "a wait of", gather.timeout_s, 1..=TIMEOUT_S_MAX);
    found.range(name, "a wait of", gather.between_s, 1..=BETWEEN_S_MAX);
    found.range(name, "a number of tries of", gather.tries, 1..=TRIES_MAX);
    found.tag(name, &gather.tag);
}

fn branch(found: &mut Found, name: &str, branch: &BranchNode) {
    if branch.cases.is_empty() || branch.cases.len() > WAYS_MAX {
        let count = branch.cases.len();
        found.problem(name, format!("has {count} cases; write 1 to {WAYS_MAX}"));
    }
    for (place, case) in branch.cases.iter().enumerate() {
        let (mut count, mut deepest) = (0, 0);
        case.when.each(1, &mut |test, depth| {
            count += 1;
            deepest = deepest.max(depth);
            if let Test::Tag(tag) = test {
                found.tag(name, &tag.name);
            }
        });
        if count > TESTS_MAX || deepest > DEPTH_MAX {
            found.problem(
                name,
                format!(
                    "case {} has {count} comparisons, {deepest} deep; at most {TESTS_MAX}, {DEPTH_MAX} deep",
                    place + 1
                ),
            );
        }
    }
}

fn splitter(found: &mut Found, name: &str, splitter: &SplitterNode) {
    if splitter.arms.is_empty() || splitter.arms.len() > WAYS_MAX {
        let count = splitter.arms.len();
        found.problem(name, format!("has {count} arms; write 1 to {WAYS_MAX}"));
        return;
    }
    let sum: u64 = splitter.arms.iter().map(|a| u64::from(a.percent)).sum();
    if sum != 100 {
        found.problem(
            name,
            format!("shares {sum} per cent of the calls; the arms must make 100"),
        );
    }
}

fn destinations(found: &mut Found, name: &str, destinations: &[DialDestination]) {
    if destinations.is_empty() || destinations.len() > DESTINATIONS_MAX {
        let count = destinations.len();
        found.problem(
            name,
            format!("has {count} destinations; write 1 to {DESTINATIONS_MAX}"),
        );
    }
    for destination in destinations {
        found.range(
            name,
            "a ring time in seconds of",
            destination.ring_timeout_s,
            RING_TIMEOUT_S_MIN..=RING_TIMEOUT_S_MAX,
        );
    }
}

fn voicemail(found: &mut Found, name: &str, voicemail: &VoicemailNode) {
    if let Some(greeting) = &voicemail.greeting {
        found.message(name, greeting.prompt, greeting.text.as_ref());
    } else if !voicemail.beep {
        found.problem(
            name,
            "tells nobody to speak; write a greeting, or let it beep",
        );
    }
    found.range(name, "a length of", voicemail.max_s, 5..=VOICEMAIL_S_MAX);
    found.range(name, "a silence of", voicemail.silence_s, SILENCE_S);
}

fn survey(found: &mut Found, name: &str, survey: &SurveyNode) {
    if survey.questions.is_empty() || survey.questions.len() > QUESTIONS_MAX {
        let count = survey.questions.len();
        found.problem(
            name,
            format!("has {count} questions; write 1 to {QUESTIONS_MAX}"),
        );
    }
    for question in &survey.questions {
        found.message(name, question.prompt, question.text.as_ref());
        found.tag(name, &question.tag);
        found.range(
            name,
            "a number of digits of",
            question.digits,
            1..=DIGITS_MAX,
        );
    }
}
