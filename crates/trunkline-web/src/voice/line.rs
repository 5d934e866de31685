//! A call as its carrier tells it, between two requests, and the memory of all of them.
//!
//! The carrier may tell things twice, late, and out of order. Of each step the document that was given is kept, so that
//! the same request gets the same answer; what is over changes nothing any more.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, TrunkId};
use trunkline_core::call::DialOutcome;
use trunkline_engine::call::control::{CallLimits, Dialling};

/// Calls in memory, those that ended a moment ago included; of one more its business line is rung without a record.
const LINES_MAX: usize = 20_000;
/// Documents of one call that are kept for requests that come again.
const ANSWERS_MAX: usize = 32;

/// What the carrier does for a call.
#[derive(Debug, Default)]
pub(super) enum Doing {
    /// Nothing yet, or nothing any more.
    #[default]
    Nothing,
    /// A prompt plays.
    Playing {
        /// Names it to the engine.
        action: u32,
        /// Whether there is such a sound.
        heard: bool,
    },
    /// The caller is asked.
    Gathering {
        /// Names it to the engine.
        action: u32,
        /// Most digits.
        digits_max: u32,
    },
    /// The caller leaves a message.
    Recording {
        /// Names it to the engine.
        action: u32,
    },
    /// Destinations ring, or one of them talks.
    Dialling(Box<Dialling>),
}

/// One destination of a dial.
#[derive(Debug, Default)]
pub(super) struct Leg {
    /// The carrier's name of the leg.
    pub(super) name: Option<String>,
    /// Whether the engine knows that it rings.
    pub(super) rings: bool,
    /// Whether it picked up.
    pub(super) picked_up: bool,
    /// What it came to without taking the call.
    pub(super) failed: Option<DialOutcome>,
    /// Who picked up, by the carrier's machine detection.
    pub(super) answered_by: Option<String>,
    /// How long it was connected, once it is over, in milliseconds.
    pub(super) lasted_ms: Option<u64>,
}

/// A call.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) call: CallId,
    pub(super) limits: CallLimits,
    pub(super) doing: Doing,
    /// The step whose request is awaited.
    pub(super) step: u32,
    /// Whether the caller was answered.
    pub(super) answered: bool,
    /// The legs of the dial in progress, by attempt.
    pub(super) legs: BTreeMap<u32, Leg>,
    /// The attempt that talks, and since when.
    pub(super) connected: Option<(u32, Timestamp)>,
    /// Time connected in dials that are over, in milliseconds.
    pub(super) talk_ms: u64,
    /// Whether the last dial connected nobody, and the caller has heard nothing since.
    pub(super) unreached: bool,
    /// Whether the last thing that happened is that a destination hung up.
    pub(super) destination_left: bool,
    /// Whether a recording is to be expected.
    pub(super) recorded: bool,
    /// Since when the carrier says that the caller is gone, while the end of a dial is still to be told.
    pub(super) left_at: Option<Timestamp>,
    /// Whether the engine was told the end.
    pub(super) ended: bool,
    answers: VecDeque<(u32, String)>,
}

impl Line {
    pub(super) fn new(call: CallId, limits: CallLimits) -> Self {
        Self {
            call,
            limits,
            doing: Doing::Nothing,
            step: 0,
            answered: false,
            legs: BTreeMap::new(),
            connected: None,
            talk_ms: 0,
            unreached: false,
            destination_left: false,
            recorded: false,
            left_at: None,
            ended: false,
            answers: VecDeque::new(),
        }
    }

    /// The caller is answered, and hears or says something.
    pub(super) const fn answers_itself(&mut self) {
        self.answered = true;
        self.unreached = false;
    }

    /// The document that a step was answered with; of one that is long past, the latest.
    pub(super) fn answer_to(&self, step: u32) -> Option<&str> {
        let given = self.answers.iter().find(|(s, _)| *s == step);
        let latest = || self.answers.back().filter(|(s, _)| *s > step);
        given.or_else(latest).map(|(_, answer)| answer.as_str())
    }

    /// Keeps the document that a step is answered with.
    pub(super) fn keep(&mut self, step: u32, answer: &str) {
        if self.answers.len() >= ANSWERS_MAX {
            self.answers.pop_front();
        }
        self.answers.push_back((step, answer.to_owned()));
    }
}

/// What is known of a call at a carrier.
#[derive(Debug, Default)]
pub(super) enum Known {
    /// It is being taken in.
    #[default]
    Nothing,
    /// It has no record here; this is what its carrier is told.
    Foreign(String),
    /// It is ours.
    Ours(Box<Line>),
}

/// One call in memory. Its requests are handled one after the other.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) known: tokio::sync::Mutex<Known>,
    seen_at: AtomicI64,
}

impl Slot {
    /// When its carrier was last heard of.
    pub(super) fn seen_at(&self) -> Timestamp {
        Timestamp::from_millis(self.seen_at.load(Ordering::Relaxed))
    }
}

/// Names a call at its carrier.
type Name = (TrunkId, String);

#[derive(Debug, Default)]
struct Memory {
    by_name: HashMap<Name, Arc<Slot>>,
    by_call: HashMap<CallId, (TrunkId, Arc<Slot>)>,
}

/// All calls whose carriers talk by webhooks.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<Memory>);

impl Lines {
    fn hold(&self) -> MutexGuard<'_, Memory> {
        // Every change is complete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a call that its carrier names; a new one when it is told for the first time. `None`: no place is left.
    pub(super) fn place(&self, trunk: TrunkId, name: &str, now: Timestamp) -> Option<Arc<Slot>> {
        let mut memory = self.hold();
        let name = (trunk, name.to_owned());
        let full = memory.by_name.len() >= LINES_MAX;
        let slot = match memory.by_name.get(&name) {
            Some(slot) => Arc::clone(slot),
            None if full => return None,
            None => {
                let slot = Arc::new(Slot {
                    known: tokio::sync::Mutex::default(),
                    seen_at: AtomicI64::new(0),
                });
                memory.by_name.insert(name, Arc::clone(&slot));
                slot
            }
        };
        slot.seen_at.store(now.as_millis(), Ordering::Relaxed);
        Some(slot)
    }

    /// Gives a place the call it is for.
    pub(super) fn name(&self, trunk: TrunkId, call: CallId, slot: &Arc<Slot>) {
        self.hold().by_call.insert(call, (trunk, Arc::clone(slot)));
    }

    /// A call that its carrier names.
    pub(super) fn named(&self, trunk: TrunkId, name: &str, now: Timestamp) -> Option<Arc<Slot>> {
        let memory = self.hold();
        let slot = memory.by_name.get(&(trunk, name.to_owned()))?;
        slot.seen_at.store(now.as_millis(), Ordering::Relaxed);
        Some(Arc::clone(slot))
    }

    /// A call of ours on a trunk.
    pub(super) fn call(&self, trunk: TrunkId, call: CallId, now: Timestamp) -> Option<Arc<Slot>> {
        let memory = self.hold();
        let (own, slot) = memory.by_call.get(&call)?;
        slot.seen_at.store(now.as_millis(), Ordering::Relaxed);
        (*own == trunk).then(|| Arc::clone(slot))
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(TrunkId, Arc<Slot>)> {
        let memory = self.hold();
        let all = memory.by_name.iter();
        all.map(|((trunk, _), slot)| (*trunk, Arc::clone(slot)))
            .collect()
    }

    /// Forgets calls.
    pub(super) fn forget(&self, gone: &[Arc<Slot>]) {
        let is_gone = |slot: &Arc<Slot>| gone.iter().any(|g| Arc::ptr_eq(g, slot));
        let mut memory = self.hold();
        memory.by_name.retain(|_, slot| !is_gone(slot));
        memory.by_call.retain(|_, (_, slot)| !is_gone(slot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_comes_again_gets_what_it_got() {
        let mut line = Line::new(CallId::from_raw(1), CallLimits::default());
        for step in 0..40 {
            line.keep(step, &format!("answer {step}"));
        }
        assert_eq!(line.answer_to(39), Some("answer 39"));
        assert_eq!(line.answer_to(20), Some("answer 20"));
        assert_eq!(line.answer_to(2), Some("answer 39"), "long past");
        assert_eq!(line.answer_to(40), None, "not answered yet");
    }

    #[test]
    fn a_call_is_found_by_its_name_on_its_own_trunk_only() {
        let lines = Lines::default();
        let (one, other) = (TrunkId::from_raw(1), TrunkId::from_raw(2));
        let now = Timestamp::from_millis(5);
        let slot = lines.place(one, "CA1", now).expect("a place");
        let again = lines.place(one, "CA1", now).expect("a place");
        assert!(Arc::ptr_eq(&slot, &again));
        let call = CallId::from_raw(9);
        lines.name(one, call, &slot);
        assert!(lines.call(one, call, now).is_some());
        assert!(lines.call(other, call, now).is_none());
        assert!(lines.named(other, "CA1", now).is_none());
        lines.forget(&[slot]);
        assert!(lines.named(one, "CA1", now).is_none());
        assert!(lines.call(one, call, now).is_none());
    }
}
