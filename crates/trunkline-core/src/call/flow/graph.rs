//! The ways through a document: what can be reached, and circles that nobody slows down.

use std::collections::BTreeSet;

use super::document::{FlowDocument, Node};
use super::nodes::NodeKind;

impl FlowDocument {
    /// The nodes that calls can come to from the start; those a call may end in are passed through only when `passes`
    /// lets it.
    fn reached(&self, passes: impl Fn(&Node) -> bool) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.start.as_str()];
        while let Some(name) = open.pop() {
            let Some(node) = self.nodes.get(name) else {
                continue;
            };
            if seen.insert(name) && passes(node) {
                open.extend(node.leads_to());
            }
        }
        seen
    }

    /// The nodes that calls can come to.
    pub(super) fn reachable(&self) -> BTreeSet<&str> {
        self.reached(|_| true)
    }

    /// The nodes that calls can come to without having heard a recording notice.
    pub(super) fn reachable_without_notice(&self) -> BTreeSet<&str> {
        self.reached(|node| !matches!(node.kind, NodeKind::RecordingNotice(_)))
    }

    /// The nodes that calls can come to after the caller was answered by the flow itself.
    pub(super) fn reachable_answered(&self) -> BTreeSet<&str> {
        let reachable = self.reachable();
        let answering = self
            .nodes
            .iter()
            .filter(|(name, node)| reachable.contains(name.as_str()) && node.kind.answers_caller());
        let mut open: Vec<&str> = answering.flat_map(|(_, node)| node.leads_to()).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(node) = self.nodes.get(name)
                && seen.insert(name)
            {
                open.extend(node.leads_to());
            }
        }
        seen
    }

    /// The nodes of one circle in which nothing waits for anybody, in order; empty when there is none.
    pub(super) fn circle_without_waiting(&self) -> Vec<&str> {
        let mut left: BTreeSet<&str> = self.nodes.keys().map(String::as_str).collect();
        left.retain(|name| !self.nodes[*name].kind.waits_for_people());
        // Whatever leads to none of those that are left is in no circle of them.
        loop {
            let inside = |name: &str| {
                let mut ways = self.nodes[name].leads_to();
                ways.any(|to| left.contains(to))
            };
            let stay: BTreeSet<&str> = left.iter().copied().filter(|n| inside(n)).collect();
            if stay.len() == left.len() {
                break;
            }
            left = stay;
        }
        let Some(first) = left.iter().next().copied() else {
            return Vec::new();
        };
        // Every one of them leads to another, so following any way comes round.
        let mut path = vec![first];
        loop {
            let last = path.last().copied().unwrap_or(first);
            let next = self.nodes[last].leads_to().find(|to| left.contains(to));
            let Some(next) = next else {
                return path;
            };
            if let Some(place) = path.iter().position(|name| *name == next) {
                return path.split_off(place);
            }
            path.push(next);
        }
    }
}
