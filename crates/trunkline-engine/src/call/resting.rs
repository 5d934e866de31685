//! A recording rests while something is said that must not be kept, such as a card number.

use std::sync::Arc;

use trunkline_core::base::id::{AccountId, CallId};

use super::control::Arrival;
use super::desk::{Calls, hold};
use crate::ports::Lines;
use crate::ports::calls::CallEventKind;

/// What came of asking that a recording rest or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rested {
    /// It does now.
    Done,
    /// The call is on the line, and nothing of it is being recorded.
    NotRecorded,
    /// There is no such call on the line.
    NoCall,
}

impl Calls {
    /// Names the performer that holds the lines; once, when it has started.
    pub fn reach(&self, lines: Arc<dyn Lines>) {
        // A second performer of the same lines would be a defect of the wiring; the first one stays.
        let _ = self.lines.set(lines);
    }

    /// Whether a person let the recording of a call on the line rest; `None` when nobody here can: the call has ended, or
    /// it came by webhook, and its carrier records it.
    #[must_use]
    pub fn recording_rests(&self, call: CallId) -> Option<bool> {
        hold(&self.active)
            .get(&call)
            .filter(|active| matches!(active.arrival, Arrival::Sip { .. }))
            .map(|active| active.rests)
    }

    /// Lets the recording of a call rest, or go on, and marks it in the timeline.
    pub async fn rest_recording(&self, account: AccountId, call: CallId, rest: bool) -> Rested {
        let on_the_line = hold(&self.active)
            .get(&call)
            .is_some_and(|active| active.row.account == account);
        let Some(lines) = self.lines.get().filter(|_| on_the_line) else {
            return Rested::NoCall;
        };
        if !lines.rest_recording(call, rest).await {
            return Rested::NotRecorded;
        }
        let kind = if rest {
            CallEventKind::RecordingPaused
        } else {
            CallEventKind::RecordingResumed
        };
        if let Some(active) = hold(&self.active).get_mut(&call) {
            active.rests = rest;
        }
        let event = self.mark(call, kind, String::new());
        self.keep(call, event.into_iter().collect(), false).await;
        Rested::Done
    }
}
