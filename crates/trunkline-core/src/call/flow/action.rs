//! What a flow asks of a performer, and what a performer tells it. Native SIP and voice webhooks can both do all of it.

use std::collections::BTreeMap;

use super::dial::{Accept, ShownNumber};
use super::prompt::Prompt;
use crate::base::Callee;
use crate::base::id::CampaignId;
use crate::base::words;
use crate::call::DialOutcome;

/// What the performer is to do next. Of the actions of one step at most one waits for an event; it is the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowAction {
    /// The call entered a node; for its timeline.
    Enter {
        /// The node's name.
        node: String,
        /// The word of its kind.
        kind: &'static str,
        /// The name of the way that led here, as [`Way`](super::Way) has it; `None` at the start.
        way: Option<String>,
    },
    /// A tag was set.
    Tag {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Play to the caller, whole; answered by [`FlowEvent::Played`].
    Play {
        /// Names it in the event.
        action: u32,
        /// What.
        prompt: Prompt,
    },
    /// Play and listen for keys; answered by [`FlowEvent::Gathered`].
    Gather(Gather),
    /// Ask the plan of a campaign who is rung next; answered by [`FlowEvent::Routed`].
    Route(Routing),
    /// Ring destinations, all of them at once; answered by events of their attempts. The first that is connected has the
    /// call.
    Dial(DialTargets),
    /// Ring these no longer; another one is connected.
    CancelDial {
        /// Which attempts.
        attempts: Vec<u32>,
    },
    /// Record a message of the caller; answered by [`FlowEvent::VoicemailRecorded`].
    Voicemail {
        /// Names it in the event.
        action: u32,
        /// What the caller hears first.
        greeting: Option<Prompt>,
        /// Longest message, in milliseconds.
        max_ms: u32,
        /// Silence that ends it, in milliseconds.
        silence_ms: u32,
        /// Whether a tone says when to speak.
        beep: bool,
    },
    /// Ask another server; answered by [`FlowEvent::WebhookAnswered`] or [`FlowEvent::WebhookFailed`].
    Ask {
        /// Names it in the event.
        action: u32,
        /// Who is asked.
        url: String,
        /// Longest wait, in milliseconds.
        timeout_ms: u32,
    },
    /// End the call.
    HangUp {
        /// Final SIP status for a caller who was never answered; 200 when there is nothing to say.
        sip_status: u16,
    },
}

/// A question to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gather {
    /// Names it in the event.
    pub action: u32,
    /// What is played.
    pub prompt: Option<Prompt>,
    /// Fewest digits that are an answer; the performer need not look at it.
    pub digits_min: u32,
    /// Most digits; the answer ends with them.
    pub digits_max: u32,
    /// The key that ends an answer and is not part of it.
    pub terminator: Option<char>,
    /// Wait for the first digit after the prompt, in milliseconds.
    pub timeout_ms: u32,
    /// Wait between two digits, in milliseconds.
    pub between_ms: u32,
    /// Whether a key ends the prompt; keys pressed before its end are not heard otherwise.
    pub barge_in: bool,
}

/// A call that is handed to a campaign, or that nobody it was offered to took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routing {
    /// Names it in the event.
    pub action: u32,
    /// The campaign; `None`: that of the feed which the call came through.
    pub campaign: Option<CampaignId>,
    /// The attempt that the first of those who are rung next will be.
    pub next_attempt: u32,
}

/// Destinations that ring at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialTargets {
    /// One to ten of them.
    pub targets: Vec<DialTarget>,
    /// What a destination hears before it is connected.
    pub whisper: Option<Prompt>,
    /// The key it must press.
    pub accept: Option<Accept>,
    /// Whether an answering machine counts as no answer.
    pub detect_machine: bool,
    /// Whether the talk is recorded, from the moment both are connected.
    pub record: bool,
    /// The number destinations see.
    pub caller_id: ShownNumber,
}

impl DialTargets {
    /// Whether a destination that answered is connected only once it was found fit: the performer then tells
    /// [`FlowEvent::Accepted`]; otherwise [`FlowEvent::Answered`] connects it.
    #[must_use]
    pub const fn screens(&self) -> bool {
        self.whisper.is_some() || self.accept.is_some() || self.detect_machine
    }
}

/// One destination that rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialTarget {
    /// Counts the attempts of the call from 1.
    pub attempt: u32,
    /// Whom to ring.
    pub to: Callee,
    /// How long it may ring, in milliseconds.
    pub ring_timeout_ms: u32,
}

/// One of those whom a plan has rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTarget {
    /// Whom to ring.
    pub to: Callee,
    /// How long it may ring, in milliseconds.
    pub ring_timeout_ms: u32,
}

words! {
    /// What ended an answer of the caller.
    GatherEnd {
        /// The terminator was pressed.
        Terminator = "terminator",
        /// All digits are there.
        Full = "full",
        /// No further digit came in time.
        Timeout = "timeout",
    }
}

/// What happened on the line. Events of an attempt or action that is no longer in progress change nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowEvent {
    /// The call was accepted.
    Started,
    /// A prompt was played to its end.
    Played {
        /// Which action.
        action: u32,
    },
    /// A prompt could not be played and was passed over.
    NotHeard {
        /// Which action.
        action: u32,
    },
    /// A question was answered or not.
    Gathered {
        /// Which action.
        action: u32,
        /// The keys, without the terminator.
        digits: String,
        /// What ended the answer.
        ended_by: GatherEnd,
    },
    /// The destination of `attempt` rings.
    Ringing {
        /// Which attempt.
        attempt: u32,
    },
    /// The destination of `attempt` picked up. It is connected with it, unless it is screened first.
    Answered {
        /// Which attempt.
        attempt: u32,
    },
    /// The destination of `attempt` was screened and is connected.
    Accepted {
        /// Which attempt.
        attempt: u32,
    },
    /// The attempt came to nothing.
    DialFailed {
        /// Which attempt.
        attempt: u32,
        /// How it failed.
        outcome: DialOutcome,
        /// Final SIP status, when there was one.
        sip_status: Option<u16>,
    },
    /// The plan says who is rung next.
    Routed {
        /// Which action.
        action: u32,
        /// Who, in the order of their attempts; nobody when the plan has come to its end.
        targets: Vec<RouteTarget>,
    },
    /// The connected destination hung up so early that it did not take the call, and the caller is still there.
    NotTaken,
    /// The caller's message is over.
    VoicemailRecorded {
        /// Which action.
        action: u32,
        /// How long it is, without the silence at its end.
        ms: u64,
    },
    /// The other server answered.
    WebhookAnswered {
        /// Which action.
        action: u32,
        /// The outcome it names.
        outcome: Option<String>,
        /// The tags it sets.
        tags: BTreeMap<String, String>,
    },
    /// The other server did not answer in time or not with what it should.
    WebhookFailed {
        /// Which action.
        action: u32,
    },
    /// The caller hung up or cancelled.
    CallerHungUp,
    /// The connected destination hung up.
    DestinationHungUp,
}
