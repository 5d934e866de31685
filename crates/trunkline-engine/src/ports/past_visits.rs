//! Page views, showings and networks that are over their time.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{LeaseId, PageViewId, SessionId, ShowingId};

use super::PortResult;

/// What one batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<K> {
    /// Rows that were deleted or emptied.
    pub deleted: u64,
    /// Where the next batch goes on; `None`: nothing older is left.
    pub last: Option<K>,
}

/// Deletes what is over its time, batch by batch. What belongs to a session that a call was credited to stays with the
/// call, and so does what a page still shows.
#[async_trait]
pub trait PastVisits: Send + Sync {
    /// Looks at the next page views after `after`, at most `limit`, and deletes those before `before`.
    async fn delete_page_views(
        &self,
        before: Timestamp,
        after: Option<(SessionId, PageViewId)>,
        limit: u32,
    ) -> PortResult<Batch<(SessionId, PageViewId)>>;
    /// Looks at the next showings after `after`, at most `limit`, and deletes those that were last visible before
    /// `before`, with their ends.
    async fn delete_showings(
        &self,
        before: Timestamp,
        after: Option<ShowingId>,
        limit: u32,
    ) -> PortResult<Batch<ShowingId>>;
    /// Empties the networks of the next leases after `after`, at most `limit`, that were given before `before`.
    async fn forget_networks(
        &self,
        before: Timestamp,
        after: Option<LeaseId>,
        limit: u32,
    ) -> PortResult<Batch<LeaseId>>;
}
