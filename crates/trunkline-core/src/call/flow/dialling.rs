//! The interpreter's part for nodes that ring destinations.

use std::collections::VecDeque;

use super::action::{DialTarget, DialTargets, FlowAction, RouteTarget, Routing};
use super::dial::{DialDestination, DialNode, DialTo, Strategy};
use super::document::{NO_BUYER, Node};
use super::facts::Facts;
use super::interpreter::{Next, Walk};
use super::nodes::NodeKind;
use super::prompt::Message;
use super::state::{Dialling, Doing, Waiting};
use crate::base::Callee;
use crate::call::{DialOutcome, may_record_untold};

/// Most attempts of one call after which a plan is asked again.
const DIALS_MAX: u32 = 50;

impl<'a> Walk<'a> {
    /// Begins to ring.
    pub(super) fn dial(&mut self, node: &'a Node, dial: &DialNode) -> Next<'a> {
        let dialling = Dialling {
            queue: in_order(&dial.destinations, dial.strategy, self.facts),
            ..Dialling::default()
        };
        self.ring(node, dialling, DialOutcome::Failed)
    }

    /// Asks the plan of the node's campaign who is rung next; `last` is what the attempt before came to.
    pub(super) fn route(&mut self, node: &'a Node, last: Option<DialOutcome>) -> Next<'a> {
        self.state.last = last.or(self.state.last);
        let NodeKind::Route(route) = &node.kind else {
            return Next::End(self.failure_status());
        };
        if self.state.attempt >= DIALS_MAX {
            return Next::Node(node.way(NO_BUYER));
        }
        let action = self.next_action(Doing::Routing);
        self.actions.push(FlowAction::Route(Routing {
            action,
            campaign: route.campaign,
            next_attempt: self.state.attempt + 1,
        }));
        Next::Event
    }

    /// Rings those whom the plan names, or leaves the node when it names nobody.
    pub(super) fn routed(&mut self, node: &'a Node, targets: &[RouteTarget]) -> Next<'a> {
        if targets.is_empty() {
            return Next::Node(node.way(NO_BUYER));
        }
        let waiting = targets.iter().map(|target| Waiting {
            to: target.to.clone(),
            ring_timeout_ms: target.ring_timeout_ms,
        });
        self.ring_at_once(node, Dialling::default(), waiting.collect())
    }

    /// Rings the next destinations, or leaves the node when there are none.
    fn ring(&mut self, node: &'a Node, mut dialling: Dialling, last: DialOutcome) -> Next<'a> {
        let together = match &node.kind {
            NodeKind::Dial(dial) if dial.strategy == Strategy::Simultaneous => dialling.queue.len(),
            _ => 1,
        };
        let count = together.min(dialling.queue.len());
        let next: Vec<Waiting> = dialling.queue.drain(..count).collect();
        if next.is_empty() {
            self.state.last = Some(last);
            return Next::Node(node.way(last.word()));
        }
        self.ring_at_once(node, dialling, next)
    }

    fn ring_at_once(
        &mut self,
        node: &'a Node,
        mut dialling: Dialling,
        next: Vec<Waiting>,
    ) -> Next<'a> {
        let Some(handover) = node.kind.handover() else {
            return Next::End(self.failure_status());
        };
        let mut targets = Vec::with_capacity(next.len());
        for waiting in next {
            self.state.attempt += 1;
            targets.push(DialTarget {
                attempt: self.state.attempt,
                to: waiting.to,
                ring_timeout_ms: waiting.ring_timeout_ms,
            });
        }
        dialling.ringing = targets.iter().map(|t| t.attempt).collect();
        dialling.failed = None;
        self.state.doing = Doing::Dialling(dialling);
        let untold = |target: &DialTarget| {
            let (chosen, caller) = (self.facts.recording_consent, self.facts.caller);
            may_record_untold(chosen, caller, target.to.number())
        };
        let record = node.kind.records() && (self.state.notice || targets.iter().all(untold));
        self.actions.push(FlowAction::Dial(DialTargets {
            targets,
            whisper: handover.whisper.and_then(Message::as_prompt),
            accept: handover.accept,
            detect_machine: handover.detect_machine,
            record,
            caller_id: handover.caller_id,
        }));
        Next::Event
    }

    /// A destination has the call; the others ring no longer.
    pub(super) fn connected(&mut self, attempt: u32) -> Option<Next<'a>> {
        let Doing::Dialling(dialling) = &self.state.doing else {
            return None;
        };
        if !dialling.ringing.contains(&attempt) {
            return None;
        }
        let others = dialling.ringing.iter().copied();
        let attempts: Vec<u32> = others.filter(|other| *other != attempt).collect();
        self.state.doing = Doing::Talking { attempt };
        if !attempts.is_empty() {
            self.actions.push(FlowAction::CancelDial { attempts });
        }
        None
    }

    /// A destination did not take the call; when it was the last of those that ring, the next is rung.
    pub(super) fn attempt_failed(
        &mut self,
        node: &'a Node,
        attempt: u32,
        outcome: DialOutcome,
    ) -> Option<Next<'a>> {
        let Doing::Dialling(dialling) = &mut self.state.doing else {
            return None;
        };
        let place = dialling.ringing.iter().position(|a| *a == attempt)?;
        dialling.ringing.swap_remove(place);
        let before = dialling.failed;
        let most = before
            .filter(|b| b.tells() > outcome.tells())
            .unwrap_or(outcome);
        dialling.failed = Some(most);
        if !dialling.ringing.is_empty() {
            return None;
        }
        let dialling = std::mem::take(dialling);
        Some(match &node.kind {
            NodeKind::Route(_) => self.route(node, Some(most)),
            _ => self.ring(node, dialling, most),
        })
    }
}

/// Whom to ring, in order, each once.
fn in_order(
    destinations: &[DialDestination],
    strategy: Strategy,
    facts: &Facts<'_>,
) -> VecDeque<Waiting> {
    let mut queue: VecDeque<Waiting> = VecDeque::with_capacity(destinations.len());
    for destination in destinations {
        let Some(to) = callee(destination.to, facts) else {
            continue;
        };
        let ring_timeout_ms = destination.ring_timeout_s.saturating_mul(1_000);
        if strategy == Strategy::Sequence || queue.iter().all(|w| w.to != to) {
            queue.push_back(Waiting {
                to,
                ring_timeout_ms,
            });
        }
    }
    if strategy == Strategy::RoundRobin && !queue.is_empty() {
        let turn = facts.turn % queue.len() as u64;
        queue.rotate_left(usize::try_from(turn).unwrap_or(0));
        let known = queue
            .iter()
            .position(|w| w.to.number().is_some() && w.to.number() == facts.answered_before);
        if let Some(waiting) = known.and_then(|place| queue.remove(place)) {
            queue.push_front(waiting);
        }
    }
    queue
}

fn callee(to: DialTo, facts: &Facts<'_>) -> Option<Callee> {
    let number = match to {
        DialTo::BusinessLine => Some(facts.lines.business_line),
        DialTo::SecondLine => facts.lines.second_line,
        DialTo::Number(number) => Some(number),
    };
    number.map(Callee::Number)
}
