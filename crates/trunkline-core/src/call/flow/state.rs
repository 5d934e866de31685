//! Where a call stands in its flow: a plain value that can be stored between events.

use std::collections::{BTreeMap, VecDeque};

use crate::base::{Callee, words};
use crate::call::{DialOutcome, EndedBy};

/// Most tags of one call.
pub const TAGS_MAX: usize = 50;
/// Longest name of a tag, in characters.
pub const TAG_NAME_MAX: usize = 40;
/// Longest value of a tag, in characters; a longer one is cut.
pub const TAG_VALUE_MAX: usize = 200;

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowState {
    /// Name of the current node; empty before the start. After the end: where the call ended.
    pub node: String,
    /// Nodes entered so far; after the end, the depth that was reached.
    pub steps: u32,
    /// Counts what was asked of the performer, attempts left out; names what is in progress.
    pub action: u32,
    /// Counts the attempts made.
    pub attempt: u32,
    /// What is in progress.
    pub doing: Doing,
    /// What was learned or set.
    pub tags: BTreeMap<String, String>,
    /// Whether the caller was told that the call is recorded.
    pub notice: bool,
    /// How the last dial came to nothing.
    pub last: Option<DialOutcome>,
    /// Whether the caller left a message.
    pub message: bool,
    /// Who ended the call, once it is over for the flow.
    pub ended: Option<EndedBy>,
}

/// What is in progress.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Doing {
    /// Nothing yet, or nothing any more.
    #[default]
    Nothing,
    /// A prompt plays.
    Playing,
    /// The caller is asked.
    Gathering {
        /// How often it may be asked again.
        tries_left: u32,
        /// Which question of a survey.
        question: usize,
    },
    /// The campaign's plan is asked who is rung next.
    Routing,
    /// Destinations ring.
    Dialling(Dialling),
    /// A destination is connected.
    Talking {
        /// Its attempt.
        attempt: u32,
    },
    /// The caller leaves a message.
    Recording,
    /// Another server is asked.
    Asking,
}

words! {
    /// What a caller does at this moment, for whoever watches the call.
    Activity {
        /// Hears a prompt.
        Hears = "hears",
        /// Is asked for keys.
        Chooses = "chooses",
        /// Waits for a destination that rings.
        Rings = "rings",
        /// Talks with a destination.
        Talks = "talks",
        /// Leaves a message.
        LeavesMessage = "leaves_message",
        /// Waits while the next step is found out.
        Waits = "waits",
    }
}

impl Doing {
    /// What the caller does meanwhile.
    #[must_use]
    pub const fn activity(&self) -> Activity {
        match self {
            Self::Playing => Activity::Hears,
            Self::Gathering { .. } => Activity::Chooses,
            Self::Dialling(_) => Activity::Rings,
            Self::Talking { .. } => Activity::Talks,
            Self::Recording => Activity::LeavesMessage,
            Self::Nothing | Self::Asking | Self::Routing => Activity::Waits,
        }
    }
}

/// Destinations that ring and that are still to be rung.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dialling {
    /// Whom to ring after these.
    pub queue: VecDeque<Waiting>,
    /// The attempts in progress.
    pub ringing: Vec<u32>,
    /// The most telling failure so far of those rung together.
    pub failed: Option<DialOutcome>,
}

/// A destination that is still to be rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Whom to ring.
    pub to: Callee,
    /// How long it may ring, in milliseconds.
    pub ring_timeout_ms: u32,
}

/// Whether a text can be the name of a tag: lower-case letters, digits and `_`.
#[must_use]
pub fn is_tag_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=TAG_NAME_MAX).contains(&name.len()) && name.bytes().all(plain)
}

impl FlowState {
    /// Keeps a tag; one that has no proper name, or that is one too many, is left out. Tells what was kept.
    pub(super) fn tag(&mut self, name: &str, value: &str) -> Option<String> {
        let known = self.tags.contains_key(name);
        if !is_tag_name(name) || (!known && self.tags.len() >= TAGS_MAX) {
            return None;
        }
        let fits = |c: &char| !c.is_control();
        let value: String = value.chars().filter(fits).take(TAG_VALUE_MAX).collect();
        self.tags.insert(name.to_owned(), value.clone());
        Some(value)
    }
}
