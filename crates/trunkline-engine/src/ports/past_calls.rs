//! Past calls with their candidates: what reports add up, and what attribution weighs again.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, CallId, SessionId, SiteId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::visitor::Source;

use super::PortResult;
use super::calls::CallRow;

/// Which past calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastCallFilter {
    /// The account.
    pub account: AccountId,
    /// Only this site.
    pub site: Option<SiteId>,
    /// Came at or after.
    pub from: Timestamp,
    /// Came before.
    pub to: Timestamp,
}

/// One arrival of a session, as reports share credit among arrivals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTouch {
    /// The session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// Where it came from.
    pub source: Source,
}

/// Past calls.
#[async_trait]
pub trait PastCalls: Send + Sync {
    /// Ended calls with their candidates, oldest first, those after `after` in that order, at most `limit`.
    async fn past_calls(
        &self,
        filter: PastCallFilter,
        after: Option<(Timestamp, CallId)>,
        limit: u32,
    ) -> PortResult<Vec<CallRow>>;
    /// The latest callers of a site since a moment, at most `limit`; each call counts.
    async fn callers(
        &self,
        account: AccountId,
        site: SiteId,
        since: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<PhoneNumber>>;
    /// Every arrival of these sessions, in order of time for each session.
    async fn touches_of(&self, sessions: &[SessionId]) -> PortResult<Vec<PastTouch>>;
    /// Gives ended calls the credit, candidates and model they carry now; one that a person confirmed
    /// meanwhile keeps its own.
    async fn recredit(&self, calls: &[CallRow]) -> PortResult<()>;
}
