//! What a flow does with a call, event by event.

mod dials;
mod laws;
mod problems;
mod rehearsals;
mod walks;

use std::collections::BTreeMap;

use super::*;
use crate::base::{PhoneNumber, Timestamp};
use crate::call::{DialOutcome, EndedBy, RecordingConsent};

pub(super) const BUSINESS: PhoneNumber = PhoneNumber::from_digits(12_145_550_100);
pub(super) const SECOND: PhoneNumber = PhoneNumber::from_digits(12_145_550_101);
pub(super) const THIRD: PhoneNumber = PhoneNumber::from_digits(12_145_550_102);
pub(super) const CALLER: PhoneNumber = PhoneNumber::from_digits(12_145_551_234);

pub(super) fn facts() -> Facts<'static> {
    Facts {
        lines: Lines {
            business_line: BUSINESS,
            second_line: Some(SECOND),
        },
        caller: Some(CALLER),
        source: None,
        score: None,
        calls_before: 0,
        answered_before: None,
        turn: 0,
        recording_consent: RecordingConsent::Notice,
        // A Monday, 16:00 UTC, 10:00 in Chicago.
        now: Timestamp::from_millis(1_795_449_600_000),
        seed: 7,
    }
}

/// A document whose first node is called `start`.
pub(super) fn flow(nodes: &str) -> FlowDocument {
    let text = format!(r#"{{"schema": 1, "start": "start", "nodes": {{{nodes}}}}}"#);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A node that says its own name, and after which the call ends.
pub(super) fn says(name: &str) -> String {
    format!(r#""{name}": {{"kind": "say", "text": "{name}"}}"#)
}

/// A call on its way through a flow.
pub(super) struct Walking<'a> {
    pub(super) flow: &'a FlowDocument,
    pub(super) facts: Facts<'a>,
    pub(super) state: FlowState,
}

impl<'a> Walking<'a> {
    pub(super) fn new(flow: &'a FlowDocument, facts: Facts<'a>) -> Self {
        Self {
            flow,
            facts,
            state: FlowState::default(),
        }
    }

    /// One event; the actions without the marks of the timeline.
    pub(super) fn tell(&mut self, event: FlowEvent) -> Vec<FlowAction> {
        let (state, actions) = step(
            self.flow,
            &self.facts,
            std::mem::take(&mut self.state),
            event,
        );
        self.state = state;
        let asked =
            |a: &FlowAction| !matches!(a, FlowAction::Enter { .. } | FlowAction::Tag { .. });
        actions.into_iter().filter(asked).collect()
    }

    pub(super) fn start(&mut self) -> Vec<FlowAction> {
        self.tell(FlowEvent::Started)
    }

    /// The caller presses keys when asked; nothing is an empty text.
    pub(super) fn press(&mut self, digits: &str) -> Vec<FlowAction> {
        let action = self.state.action;
        self.tell(FlowEvent::Gathered {
            action,
            digits: digits.to_owned(),
            ended_by: GatherEnd::Timeout,
        })
    }

    pub(super) fn fail(&mut self, attempt: u32, outcome: DialOutcome) -> Vec<FlowAction> {
        self.tell(FlowEvent::DialFailed {
            attempt,
            outcome,
            sip_status: None,
        })
    }

    /// What is in progress, in a word and what it is about.
    pub(super) fn hears(actions: &[FlowAction]) -> String {
        match actions.last() {
            Some(FlowAction::Play { prompt, .. }) => Self::words(Some(prompt)),
            Some(FlowAction::Gather(gather)) => Self::words(gather.prompt.as_ref()),
            Some(FlowAction::Dial(dial)) => {
                let rung: Vec<String> = dial.targets.iter().map(|t| t.to.to_string()).collect();
                rung.join(" ")
            }
            Some(FlowAction::Voicemail { .. }) => "voicemail".to_owned(),
            Some(FlowAction::Ask { url, .. }) => url.clone(),
            Some(FlowAction::HangUp { sip_status }) => format!("end {sip_status}"),
            _ => String::new(),
        }
    }

    fn words(prompt: Option<&Prompt>) -> String {
        match prompt {
            Some(Prompt::Spoken(spoken)) => spoken.text.clone(),
            Some(Prompt::Asset(id)) => id.to_string(),
            None => "nothing".to_owned(),
        }
    }
}

pub(super) fn tags(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    list.iter().map(own).collect()
}
