//! Call flows: the document a user authors, and the one interpreter that walks it.
//!
//! A document (`document`, `nodes`, `dial`, `when`, `prompt`) is looked through before it is published (`validate`,
//! `settings`, `graph`).
//! [`step`] takes it, what is known of the call (`facts`) and where the call stands (`state`), and answers an event with
//! the next state and actions (`action`). [`rehearse`] walks a draft with a made-up caller by the same function.

mod action;
mod asking;
mod dial;
mod dialling;
mod document;
mod facts;
mod graph;
mod interpreter;
mod nodes;
mod prelude;
mod prompt;
mod rehearsal;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod validate;
mod when;

pub use action::{
    DialTarget, DialTargets, FlowAction, FlowEvent, Gather, GatherEnd, RouteTarget, Routing,
};
pub use dial::{
    Accept, DESTINATIONS_MAX, DialDestination, DialNode, DialTo, Handover, RING_TIMEOUT_S_MAX,
    RING_TIMEOUT_S_MIN, RouteNode, ShownNumber, Strategy, Switch,
};
pub use document::{
    COMPLETED, DEFAULT, DIGIT_MARK, FlowChanges, FlowDocument, NO_BUYER, NODES_MAX, Node, Place,
    SCHEMA, Way,
};
pub use facts::{Facts, Lines};
pub use interpreter::{MESSAGE_MS_MIN, STEPS_MAX, step};
pub use nodes::{
    Ability, Arm, BranchNode, Case, ChallengeNode, Consent, GatherNode, GoToNode, HangUpNode,
    HangUpReason, KINDS, MenuNode, NodeKind, NoticeNode, PlayNode, Question, SayNode, SetTagNode,
    SplitterNode, SurveyNode, VoicemailNode, WEBHOOK_MS_MAX, WebhookNode, ZipNode,
};
pub use prelude::challenge_spoken;
pub use prompt::{Message, Prompt, Spoken, TEXT_MAX};
pub use rehearsal::{Behaviour, Rehearsal, RehearsalStep, Script, rehearse};
pub use state::{
    Activity, Dialling, Doing, FlowState, TAG_NAME_MAX, TAG_VALUE_MAX, TAGS_MAX, Waiting,
    is_tag_name,
};
pub use validate::{FlowProblem, KnownThings, Severity};
pub use when::{
    CallerTest, GeoTest, RepeatTest, ScoreTest, SourceField, SourceTest, TagTest, Test, TextTest,
};
