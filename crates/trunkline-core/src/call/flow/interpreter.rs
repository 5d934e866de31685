//! The interpreter: one pure function from an event to the next state and its actions.

use super::action::{FlowAction, FlowEvent};
use super::document::{COMPLETED, FlowDocument, Node, Way};
use super::facts::Facts;
use super::nodes::{HangUpReason, NodeKind, VoicemailNode};
use super::prompt::{Message, Prompt, Spoken};
use super::state::{Doing, FlowState};
use crate::call::{DialOutcome, EndedBy};

/// Most node entries of one call, so that a circle in a document ends.
pub const STEPS_MAX: u32 = 100;
/// A shorter message is none, in milliseconds.
pub const MESSAGE_MS_MIN: u64 = 1_000;
/// What a caller who was never answered gets when nothing says how the call failed: temporarily unavailable.
const UNAVAILABLE: u16 = 480;

/// Walks the flow by one event. The same arguments give the same answer, and events of what is no longer in progress
/// change nothing. Of the actions at most one waits for an event, and it is the last.
#[must_use]
pub fn step(
    flow: &FlowDocument,
    facts: &Facts<'_>,
    state: FlowState,
    event: FlowEvent,
) -> (FlowState, Vec<FlowAction>) {
    let mut walk = Walk {
        flow,
        facts,
        state,
        actions: Vec::new(),
    };
    if walk.state.ended.is_none() {
        walk.on(event);
    }
    (walk.state, walk.actions)
}

/// One step in the making.
pub(super) struct Walk<'a> {
    flow: &'a FlowDocument,
    pub(super) facts: &'a Facts<'a>,
    pub(super) state: FlowState,
    pub(super) actions: Vec<FlowAction>,
}

/// What comes after something was begun or is done.
pub(super) enum Next<'a> {
    /// An event.
    Event,
    /// The node this way leads to, or the end when there is none.
    Node(Option<Way<'a>>),
    /// The first node.
    Start,
    /// The end, with this status for a caller who was never answered.
    End(u16),
}

impl<'a> Walk<'a> {
    fn on(&mut self, event: FlowEvent) {
        let Some(next) = self.after(event) else {
            return;
        };
        self.go(next);
    }

    /// What comes after an event; `None` when it changes nothing further.
    fn after(&mut self, event: FlowEvent) -> Option<Next<'a>> {
        let current = self.state.action;
        match event {
            FlowEvent::CallerHungUp => {
                self.state.doing = Doing::Nothing;
                self.state.ended = Some(EndedBy::Caller);
                return None;
            }
            FlowEvent::Started if self.state.node.is_empty() => {
                return Some(Next::Start);
            }
            _ => {}
        }
        let node = self.flow.nodes.get(&self.state.node)?;
        match (event, &self.state.doing) {
            (FlowEvent::Played { action }, Doing::Playing) if action == current => {
                // Only who heard the notice was told.
                self.state.notice |= matches!(node.kind, NodeKind::RecordingNotice(_));
                Some(Next::Node(node.way("done")))
            }
            (FlowEvent::NotHeard { action }, Doing::Playing) if action == current => {
                Some(Next::Node(node.way("done")))
            }
            (FlowEvent::Gathered { action, digits, .. }, Doing::Gathering { .. })
                if action == current =>
            {
                self.answered(node, &digits)
            }
            (FlowEvent::Answered { attempt }, Doing::Dialling(_))
                if !node.kind.handover().is_some_and(|h| h.screens()) =>
            {
                self.connected(attempt)
            }
            (FlowEvent::Accepted { attempt }, Doing::Dialling(_)) => self.connected(attempt),
            (FlowEvent::Routed { action, targets }, Doing::Routing) if action == current => {
                Some(self.routed(node, &targets))
            }
            (FlowEvent::NotTaken, Doing::Talking { .. }) => Some(self.route(node, None)),
            (
                FlowEvent::DialFailed {
                    attempt, outcome, ..
                },
                Doing::Dialling(_),
            ) => self.attempt_failed(node, attempt, outcome),
            (FlowEvent::VoicemailRecorded { action, ms }, Doing::Recording)
                if action == current =>
            {
                let recorded = ms >= MESSAGE_MS_MIN;
                self.state.message |= recorded;
                let outcome = if recorded { "recorded" } else { "empty" };
                Some(Next::Node(node.way(outcome)))
            }
            (
                FlowEvent::WebhookAnswered {
                    action,
                    outcome,
                    tags,
                },
                Doing::Asking,
            ) if action == current => {
                for (name, value) in &tags {
                    self.tag(name, value);
                }
                // An outcome that the node does not know is as good as none.
                let named = outcome.filter(|word| node.on.contains_key(word));
                Some(Next::Node(node.way(named.as_deref().unwrap_or("ok"))))
            }
            (FlowEvent::WebhookFailed { action }, Doing::Asking) if action == current => {
                Some(Next::Node(node.way("failed")))
            }
            (FlowEvent::DestinationHungUp, Doing::Talking { .. }) => {
                Some(match node.way(COMPLETED) {
                    Some(way) => Next::Node(Some(way)),
                    None => Next::End(200),
                })
            }
            _ => None,
        }
    }

    /// Goes on until something waits for an event or the call is over.
    fn go(&mut self, mut next: Next<'a>) {
        loop {
            let (name, way) = match next {
                Next::Event => return,
                Next::Start => (self.flow.start.as_str(), None),
                Next::Node(Some(way)) if self.state.steps < STEPS_MAX => (way.to, Some(way.name)),
                Next::Node(_) => return self.end(self.failure_status()),
                Next::End(status) => return self.end(status),
            };
            let Some(node) = self.flow.nodes.get(name) else {
                return self.end(self.failure_status());
            };
            self.state.steps += 1;
            name.clone_into(&mut self.state.node);
            self.state.doing = Doing::Nothing;
            self.actions.push(FlowAction::Enter {
                node: name.to_owned(),
                kind: node.kind.word(),
                way,
            });
            next = self.begin(node);
        }
    }

    /// Begins what a node does.
    fn begin(&mut self, node: &'a Node) -> Next<'a> {
        match &node.kind {
            NodeKind::Play(play) => self.play(node, Prompt::of(play.prompt, None)),
            NodeKind::Say(say) => {
                let spoken = Spoken {
                    text: say.text.clone(),
                    voice: say.voice.clone(),
                    language: say.language.clone(),
                };
                self.play(node, Some(Prompt::Spoken(spoken)))
            }
            NodeKind::RecordingNotice(notice) => {
                self.play(node, Prompt::of(notice.prompt, notice.text.as_ref()))
            }
            NodeKind::Menu(_)
            | NodeKind::Gather(_)
            | NodeKind::CollectZip(_)
            | NodeKind::Survey(_)
            | NodeKind::Challenge(_) => self.ask_first(node),
            NodeKind::Schedule(schedule) => {
                let open = schedule.is_open(self.facts.now);
                Next::Node(node.way(if open { "open" } else { "closed" }))
            }
            NodeKind::Branch(branch) => {
                let mut cases = branch.cases.iter().enumerate();
                let fits = cases.find(|(_, case)| case.when.holds(self.facts, &self.state.tags));
                let case = fits.map(|(place, case)| Way {
                    to: &case.to,
                    name: format!("case:{place}"),
                });
                Next::Node(case.or_else(|| node.way("default")))
            }
            NodeKind::Splitter(splitter) => {
                let mut left = self.facts.draw(&self.state.node, 100);
                let arm = splitter.arms.iter().enumerate().find(|(_, arm)| {
                    let share = u64::from(arm.percent);
                    let drawn = left < share;
                    left = left.saturating_sub(share);
                    drawn
                });
                let arm = arm.map(|(place, arm)| Way {
                    to: &arm.to,
                    name: format!("arm:{place}"),
                });
                Next::Node(arm.or_else(|| node.way("default")))
            }
            NodeKind::SetTag(set) => {
                self.tag(&set.name, &set.value);
                Next::Node(node.way("done"))
            }
            NodeKind::Dial(dial) => self.dial(node, dial),
            NodeKind::Route(_) => self.route(node, None),
            NodeKind::Voicemail(voicemail) => self.voicemail(voicemail),
            NodeKind::Webhook(webhook) => {
                let action = self.next_action(Doing::Asking);
                self.actions.push(FlowAction::Ask {
                    action,
                    url: webhook.url.clone(),
                    timeout_ms: webhook.timeout_ms,
                });
                Next::Event
            }
            NodeKind::GoTo(go_to) => Next::Node(Some(Way {
                to: &go_to.to,
                name: "to".to_owned(),
            })),
            NodeKind::HangUp(hang_up) => Next::End(match hang_up.reason {
                None | Some(HangUpReason::Normal) => self.failure_status(),
                Some(HangUpReason::Busy) => 486,
                Some(HangUpReason::Rejected) => 603,
            }),
        }
    }

    fn play(&mut self, node: &'a Node, prompt: Option<Prompt>) -> Next<'a> {
        let Some(prompt) = prompt else {
            return Next::Node(node.way("done"));
        };
        let action = self.next_action(Doing::Playing);
        self.actions.push(FlowAction::Play { action, prompt });
        Next::Event
    }

    fn voicemail(&mut self, node: &VoicemailNode) -> Next<'a> {
        let action = self.next_action(Doing::Recording);
        self.actions.push(FlowAction::Voicemail {
            action,
            greeting: node.greeting.as_ref().and_then(Message::as_prompt),
            max_ms: node.max_s.saturating_mul(1_000),
            silence_ms: node.silence_s.saturating_mul(1_000),
            beep: node.beep,
        });
        Next::Event
    }

    /// Names the next thing that is asked of the performer.
    pub(super) fn next_action(&mut self, doing: Doing) -> u32 {
        self.state.doing = doing;
        self.state.action += 1;
        self.state.action
    }

    /// Keeps a tag and tells so.
    pub(super) fn tag(&mut self, name: &str, value: &str) {
        if let Some(value) = self.state.tag(name, value) {
            let name = name.to_owned();
            self.actions.push(FlowAction::Tag { name, value });
        }
    }

    /// What a caller who was never answered is told.
    pub(super) fn failure_status(&self) -> u16 {
        self.state
            .last
            .map_or(UNAVAILABLE, DialOutcome::caller_status)
    }

    fn end(&mut self, sip_status: u16) {
        let talked = matches!(self.state.doing, Doing::Talking { .. });
        self.state.doing = Doing::Nothing;
        self.state.ended = Some(if talked {
            EndedBy::Destination
        } else {
            EndedBy::System
        });
        self.actions.push(FlowAction::HangUp { sip_status });
    }
}
