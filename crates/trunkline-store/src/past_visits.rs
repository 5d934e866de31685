//! Page views and showings that are over their time are deleted, networks of leases emptied, in batches that walk along the
//! primary key.
//!
//! An id tells when it was drawn, and a page view comes after its session: so no index on the time is needed, which every
//! page view would pay for. Each batch first finds where it ends, so that rows that stay cost one look and no more.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{LeaseId, PageViewId, SessionId, ShowingId};
use trunkline_engine::ports::past_visits::{Batch, PastVisits};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::port_error;
use crate::db::{Expect, Outcome, Transaction};
use crate::{Store, args};

crate::statements! { "past_visits";
    NEXT_PAGE_VIEWS = "SELECT session, id FROM page_view WHERE (session, id) > ($1, $2) AND session < $3 \
        ORDER BY session, id LIMIT $4";
    DELETE_PAGE_VIEWS = "DELETE FROM page_view WHERE (session, id) > ($1, $2) AND (session, id) <= ($3, $4) AND at < $5 \
        AND NOT EXISTS (SELECT 1 FROM call AS c WHERE c.session = page_view.session)";
    NEXT_SHOWINGS = "SELECT id FROM showing WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
    /// A page may show a number for months: what counts is when it was last visible. Of one that has not ended that is when
    /// its session was seen last, also where no lease tells it: static and source numbers have none.
    DELETE_SHOWINGS = "DELETE FROM showing WHERE id > $1 AND id <= $2 AND at < $3 \
        AND NOT EXISTS (SELECT 1 FROM showing_end AS e WHERE e.showing = showing.id AND e.at >= $3) \
        AND NOT EXISTS (SELECT 1 FROM lease AS l WHERE l.id = showing.lease AND l.seen_at >= $3) \
        AND (EXISTS (SELECT 1 FROM showing_end AS o WHERE o.showing = showing.id) OR NOT EXISTS \
        (SELECT 1 FROM session AS v WHERE v.id = showing.session AND v.seen_at >= $3)) \
        AND NOT EXISTS (SELECT 1 FROM call AS c WHERE c.session = showing.session)";
    DELETE_SHOWING_ENDS = "DELETE FROM showing_end WHERE showing > $1 AND showing <= $2 \
        AND NOT EXISTS (SELECT 1 FROM showing AS s WHERE s.id = showing_end.showing)";
    NEXT_LEASES = "SELECT id FROM lease WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
    FORGET_NETWORKS = "UPDATE lease SET network = 0 WHERE id > $1 AND id <= $2 AND network <> 0";
}

#[async_trait]
impl PastVisits for Store {
    async fn delete_page_views(
        &self,
        before: Timestamp,
        after: Option<(SessionId, PageViewId)>,
        limit: u32,
    ) -> PortResult<Batch<(SessionId, PageViewId)>> {
        let (session, id) = after.map_or((0, 0), |(session, id)| (session.raw(), id.raw()));
        let floor = SessionId::floor_at(before);
        let next = self.many(NEXT_PAGE_VIEWS, args![session, id, floor, limit], |row| {
            Ok((row.get("session")?, row.get("id")?))
        });
        let next: Vec<(SessionId, PageViewId)> = next.await?;
        let Some((last_session, last_id)) = next.last().copied() else {
            return Ok(Batch {
                deleted: 0,
                last: None,
            });
        };
        let values = args![session, id, last_session, last_id, before];
        let deleted = self.change(DELETE_PAGE_VIEWS, values, Expect::Any).await?;
        Ok(Batch {
            deleted,
            last: (next.len() == limit as usize).then_some((last_session, last_id)),
        })
    }

    async fn delete_showings(
        &self,
        before: Timestamp,
        after: Option<ShowingId>,
        limit: u32,
    ) -> PortResult<Batch<ShowingId>> {
        let after = after.map_or(0, ShowingId::raw);
        let floor = ShowingId::floor_at(before);
        let next = self.many(NEXT_SHOWINGS, args![after, floor, limit], |row| {
            row.get("id")
        });
        let next: Vec<ShowingId> = next.await?;
        let Some(last) = next.last().copied() else {
            return Ok(Batch {
                deleted: 0,
                last: None,
            });
        };
        let both = Transaction::new()
            .step(DELETE_SHOWINGS, args![after, last, before], Expect::Any)
            .step(DELETE_SHOWING_ENDS, args![after, last], Expect::Any);
        let deleted = match self.db.submit(both).await.map_err(port_error)? {
            Outcome::Committed(results) => results.first().map_or(0, |result| result.count),
            Outcome::Unexpected { .. } => {
                return Err(PortError::Failed("a batch of showings".to_owned()));
            }
        };
        Ok(Batch {
            deleted,
            last: (next.len() == limit as usize).then_some(last),
        })
    }

    async fn forget_networks(
        &self,
        before: Timestamp,
        after: Option<LeaseId>,
        limit: u32,
    ) -> PortResult<Batch<LeaseId>> {
        let after = after.map_or(0, LeaseId::raw);
        let floor = LeaseId::floor_at(before);
        let next = self.many(NEXT_LEASES, args![after, floor, limit], |row| row.get("id"));
        let next: Vec<LeaseId> = next.await?;
        let Some(last) = next.last().copied() else {
            return Ok(Batch {
                deleted: 0,
                last: None,
            });
        };
        let values = args![after, last];
        Ok(Batch {
            deleted: self.change(FORGET_NETWORKS, values, Expect::Any).await?,
            last: Some(last),
        })
    }
}
