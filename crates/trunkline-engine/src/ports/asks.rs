//! Asking another server what to do with a call, for webhook nodes of call flows.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use trunkline_core::base::id::CallId;
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::visitor::Source;

/// What another server is told and asked.
#[derive(Debug, Clone, PartialEq)]
pub struct AskRequest {
    /// Who is asked, as a person wrote it.
    pub url: String,
    /// Longest wait.
    pub wait: Duration,
    /// The call.
    pub call: CallId,
    /// The node that asks.
    pub node: String,
    /// The caller, when not withheld.
    pub caller: Option<PhoneNumber>,
    /// The tracking number that was dialled.
    pub dialled: PhoneNumber,
    /// When the call came.
    pub started_at: Timestamp,
    /// Where it came from, as far as it is known.
    pub source: Option<Source>,
    /// What the flow has learned so far.
    pub tags: BTreeMap<String, String>,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskAnswer {
    /// The outcome it names.
    pub outcome: Option<String>,
    /// The tags it sets.
    pub tags: BTreeMap<String, String>,
}

/// Asks other servers.
#[async_trait]
pub trait Asks: Send + Sync {
    /// The answer; `None` when there is none in time, or none that can be read.
    async fn ask(&self, request: &AskRequest) -> Option<AskAnswer>;
}
