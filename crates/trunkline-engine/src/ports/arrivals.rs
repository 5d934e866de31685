//! Past arrivals: what a replay of the source rules reads and renames.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SessionId, SiteId, TouchId};
use trunkline_core::visitor::Source;

use super::PortResult;
use super::history::{SessionRow, TouchRow};

/// A session with its touches after the first, in order of time.
pub type PastVisit = (SessionRow, Vec<TouchRow>);

/// An arrival whose source has another name now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The session.
    pub session: SessionId,
    /// The touch; `None` is the session's first.
    pub touch: Option<TouchId>,
    /// The source as it is stored.
    pub before: Source,
    /// The source it gets.
    pub after: Source,
}

/// Past arrivals.
#[async_trait]
pub trait PastArrivals: Send + Sync {
    /// Visits of a site that started at or after `since`, oldest first, those after `after` in that
    /// order, at most `limit`.
    async fn visits(
        &self,
        site: SiteId,
        since: Timestamp,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> PortResult<Vec<PastVisit>>;
    /// The latest visits of a site that started at or after `since` and were shown a number, oldest first, at most
    /// `limit`.
    async fn shown(
        &self,
        site: SiteId,
        since: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<SessionRow>>;
    /// Gives arrivals other sources, all or none, and with them the ended calls of their sessions that
    /// carry such a source. Gives the number of calls.
    async fn rename(&self, renamed: &[Renamed]) -> PortResult<u64>;
}
