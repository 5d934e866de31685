//! A rehearsal: walks a document with a made-up caller by the interpreter's own `step`, and tells the path in words.

use std::collections::{BTreeMap, VecDeque};

use super::action::{DialTargets, FlowAction, FlowEvent, Gather, GatherEnd, RouteTarget};
use super::document::FlowDocument;
use super::facts::Facts;
use super::interpreter::step;
use super::prompt::Prompt;
use super::state::FlowState;
use crate::base::{Callee, PhoneNumber, Timestamp};
use crate::call::{DialOutcome, EndedBy};

/// Most steps that are told.
const TOLD_MAX: usize = 1_000;
/// Most characters of a text that are told.
const TEXT_TOLD: usize = 80;
/// How long a message of the made-up caller is, in milliseconds.
const MESSAGE_MS: u64 = 8_000;

/// What a destination does when it is rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes the call, talks, and hangs up.
    Talks,
    /// Takes the call and talks until the caller hangs up.
    KeepsTalking,
    /// Comes to nothing.
    Fails(DialOutcome),
}

/// How the caller and the others behave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// What the caller presses, an entry for each time they are asked; after the last they press nothing.
    pub digits: VecDeque<String>,
    /// What destinations do by number; those that are not here do not answer.
    pub destinations: BTreeMap<PhoneNumber, Behaviour>,
    /// Whom the campaign's plan names, an entry for each time it is asked; after the last it names nobody.
    pub routed: VecDeque<Vec<RouteTarget>>,
    /// Whether the caller leaves a message when asked to.
    pub leaves_message: bool,
    /// The outcome that webhooks name; `None`: they fail.
    pub webhook: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalStep {
    /// The node it happened in.
    pub node: String,
    /// When, in milliseconds from the start, as the rehearsal counts.
    pub at_ms: i64,
    /// What, as a sentence without its full stop.
    pub words: String,
    /// Of the entry into a node: the name of the way that led there.
    pub way: Option<String>,
}

/// How a rehearsal went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// What happened, in order.
    pub steps: Vec<RehearsalStep>,
    /// Who ended the call.
    pub ended_by: EndedBy,
    /// Nodes entered.
    pub depth: u32,
    /// What was learned.
    pub tags: BTreeMap<String, String>,
}

/// Walks the document. `facts.now` is when the call comes; a schedule later in the call sees the time that passed.
#[must_use]
pub fn rehearse(flow: &FlowDocument, facts: &Facts<'_>, script: Script) -> Rehearsal {
    let mut rehearsing = Rehearsing {
        script,
        elapsed_ms: 0,
        steps: Vec::new(),
    };
    let mut state = FlowState::default();
    let mut events = VecDeque::from([FlowEvent::Started]);
    while let Some(event) = events.pop_front()
        && rehearsing.steps.len() < TOLD_MAX
    {
        let now = facts.now.plus_millis(rehearsing.elapsed_ms);
        let facts = Facts { now, ..*facts };
        let (next, actions) = step(flow, &facts, state, event);
        state = next;
        for action in actions {
            rehearsing.act(&action, &mut events, facts.now);
        }
        rehearsing.name_nodes(&state.node);
    }
    Rehearsal {
        steps: rehearsing.steps,
        ended_by: state.ended.unwrap_or(EndedBy::System),
        depth: state.steps,
        tags: state.tags,
    }
}

struct Rehearsing {
    script: Script,
    elapsed_ms: i64,
    steps: Vec<RehearsalStep>,
}

impl Rehearsing {
    fn tell(&mut self, words: String) {
        let node = self.steps.last().map_or("", |s| &s.node).to_owned();
        self.steps.push(RehearsalStep {
            node,
            at_ms: self.elapsed_ms,
            words,
            way: None,
        });
    }

    fn pass(&mut self, ms: u32) {
        self.elapsed_ms += i64::from(ms);
    }

    /// Steps that were told before the first node belong to it.
    fn name_nodes(&mut self, node: &str) {
        for step in self.steps.iter_mut().filter(|s| s.node.is_empty()) {
            node.clone_into(&mut step.node);
        }
    }

    /// Does what is asked, as the script says, and tells the interpreter.
    fn act(&mut self, action: &FlowAction, events: &mut VecDeque<FlowEvent>, now: Timestamp) {
        match action {
            FlowAction::Enter { node, kind, way } => {
                self.steps.push(RehearsalStep {
                    node: node.clone(),
                    at_ms: self.elapsed_ms,
                    words: entered(kind, now),
                    way: way.clone(),
                });
            }
            FlowAction::Tag { name, value } => self.tell(format!("The tag {name} is {value}")),
            FlowAction::Play { action, prompt } => {
                self.tell(format!("The caller hears {}", told(prompt)));
                self.pass(speaking_ms(prompt));
                events.push_back(FlowEvent::Played { action: *action });
            }
            FlowAction::Gather(gather) => self.gather(gather, events),
            FlowAction::Route(routing) => {
                let targets = self.script.routed.pop_front().unwrap_or_default();
                if targets.is_empty() {
                    self.tell("The campaign has nobody who takes the call".to_owned());
                }
                events.push_back(FlowEvent::Routed {
                    action: routing.action,
                    targets,
                });
            }
            FlowAction::Dial(dial) => self.dial(dial, events),
            FlowAction::CancelDial { attempts } => {
                self.tell(format!("{} others ring no longer", attempts.len()));
            }
            FlowAction::Voicemail {
                action,
                greeting,
                max_ms,
                silence_ms,
                ..
            } => {
                if let Some(greeting) = greeting {
                    self.tell(format!("The caller hears {}", told(greeting)));
                    self.pass(speaking_ms(greeting));
                }
                let ms = if self.script.leaves_message {
                    MESSAGE_MS.min(u64::from(*max_ms))
                } else {
                    0
                };
                self.tell(match ms {
                    0 => "The caller says nothing".to_owned(),
                    _ => "The caller leaves a message".to_owned(),
                });
                self.pass(u32::try_from(ms).unwrap_or(*max_ms));
                self.pass(*silence_ms);
                events.push_back(FlowEvent::VoicemailRecorded {
                    action: *action,
                    ms,
                });
            }
            FlowAction::Ask { action, url, .. } => {
                let action = *action;
                let outcome = self.script.webhook.clone();
                match &outcome {
                    Some(word) => self.tell(format!("{url} is taken to answer {word}")),
                    None => self.tell(format!("{url} is taken to fail")),
                }
                events.push_back(match outcome {
                    Some(_) => FlowEvent::WebhookAnswered {
                        action,
                        outcome,
                        tags: BTreeMap::new(),
                    },
                    None => FlowEvent::WebhookFailed { action },
                });
            }
            FlowAction::HangUp { .. } => self.tell("The call ends".to_owned()),
        }
    }

    fn gather(&mut self, gather: &Gather, events: &mut VecDeque<FlowEvent>) {
        if let Some(prompt) = &gather.prompt {
            self.tell(format!("The caller hears {}", told(prompt)));
            self.pass(speaking_ms(prompt));
        }
        let pressed = self.script.digits.pop_front().unwrap_or_default();
        let ended = gather.terminator.is_some_and(|t| pressed.contains(t));
        let before = pressed.split(|c| Some(c) == gather.terminator).next();
        let most = usize::try_from(gather.digits_max).unwrap_or(usize::MAX);
        let digits: String = before.unwrap_or("").chars().take(most).collect();
        let ended_by = match digits.len() {
            count if count == most => GatherEnd::Full,
            _ if ended => GatherEnd::Terminator,
            _ => GatherEnd::Timeout,
        };
        if digits.is_empty() {
            self.pass(gather.timeout_ms);
            self.tell("The caller presses nothing".to_owned());
        } else {
            self.tell(format!("The caller presses {digits}"));
            if ended_by == GatherEnd::Timeout {
                self.pass(gather.between_ms);
            }
        }
        events.push_back(FlowEvent::Gathered {
            action: gather.action,
            digits,
            ended_by,
        });
    }

    fn dial(&mut self, dial: &DialTargets, events: &mut VecDeque<FlowEvent>) {
        let recorded = if dial.record { ", recorded" } else { "" };
        let mut longest = 0;
        let mut taken = false;
        for target in &dial.targets {
            let number = target.to.number();
            let behaves = number.and_then(|n| self.script.destinations.get(&n).copied());
            let behaves = behaves.unwrap_or(Behaviour::Fails(DialOutcome::NoAnswer));
            let attempt = target.attempt;
            let to = match &target.to {
                Callee::Number(number) => number.international(),
                Callee::Sip(address) => address.to_string(),
            };
            match behaves {
                Behaviour::Fails(outcome) => {
                    self.tell(format!("{to} is rung: {}", failed(outcome)));
                    if outcome == DialOutcome::NoAnswer {
                        longest = longest.max(target.ring_timeout_ms);
                    }
                    events.push_back(FlowEvent::DialFailed {
                        attempt,
                        outcome,
                        sip_status: None,
                    });
                }
                Behaviour::Talks | Behaviour::KeepsTalking if taken => {
                    self.tell(format!("{to} is rung too"));
                }
                Behaviour::Talks | Behaviour::KeepsTalking => {
                    taken = true;
                    self.tell(format!("{to} is rung and takes the call{recorded}"));
                    events.push_back(FlowEvent::Answered { attempt });
                    if dial.screens() {
                        events.push_back(FlowEvent::Accepted { attempt });
                    }
                    events.push_back(match behaves {
                        Behaviour::KeepsTalking => FlowEvent::CallerHungUp,
                        _ => FlowEvent::DestinationHungUp,
                    });
                }
            }
        }
        if !taken {
            self.pass(longest);
        }
    }
}

fn entered(kind: &str, now: Timestamp) -> String {
    match kind {
        "schedule" => format!("Looks at the clock: {}", now.to_rfc3339()),
        "branch" => "Looks at what is known of the call".to_owned(),
        "splitter" => "Draws the call's share".to_owned(),
        "hang_up" => "Hangs up".to_owned(),
        other => format!("Enters a {} node", other.replace('_', " ")),
    }
}

fn failed(outcome: DialOutcome) -> &'static str {
    match outcome {
        DialOutcome::Busy => "busy",
        DialOutcome::NoAnswer => "nobody answers",
        DialOutcome::Declined => "declined",
        DialOutcome::Unreachable => "there is no such number",
        DialOutcome::Failed => "it cannot be reached",
        DialOutcome::Refused => "a rule of the account forbids it",
        DialOutcome::NotAccepted => "nobody presses the key that takes the call",
        DialOutcome::Machine => "a machine answers",
    }
}

fn told(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Asset(id) => format!("the sound {id}"),
        Prompt::Spoken(spoken) => {
            let cut: String = spoken.text.chars().take(TEXT_TOLD).collect();
            let more = if cut.len() < spoken.text.len() {
                "…"
            } else {
                ""
            };
            format!("“{cut}{more}”")
        }
    }
}

/// How long a prompt takes, roughly: 15 characters a second, and 5 seconds for a sound.
fn speaking_ms(prompt: &Prompt) -> u32 {
    match prompt {
        Prompt::Asset(_) => 5_000,
        Prompt::Spoken(spoken) => {
            u32::try_from(spoken.text.chars().count()).map_or(60_000, |c| c.saturating_mul(67))
        }
    }
}
