//! Past arrivals: read page by page for a replay of the source rules, and renamed.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SessionId, SiteId};
use trunkline_engine::ports::arrivals::{PastArrivals, PastVisit, Renamed};
use trunkline_engine::ports::history::{SessionRow, TouchRow};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::{each, port_error, source_values};
use crate::db::{DbError, Expect, Outcome, Transaction};
use crate::visitor::{read_session, read_touch, session_columns};
use crate::{Store, args};

crate::statements! { "arrivals";
    VISITS = concat!("SELECT ", session_columns!(), " FROM session WHERE site = $1 AND synthetic = 0 AND (started_at, id) > ($2, $3) \
        ORDER BY started_at, id LIMIT $4");
    SHOWN_VISITS = concat!("SELECT ", session_columns!(), " FROM session WHERE site = $1 AND synthetic = 0 AND started_at >= $2 \
        AND EXISTS (SELECT 1 FROM showing WHERE showing.session = session.id) ORDER BY started_at DESC, id DESC LIMIT $3");
    TOUCHES_BETWEEN = "SELECT t.id, t.session, t.at, t.page, t.referrer, t.channel, t.medium, t.source, t.ad_campaign, \
        t.term, t.content, t.rule, t.click_ids FROM session AS s JOIN touch AS t ON t.session = s.id \
        WHERE s.site = $1 AND s.synthetic = 0 AND (s.started_at, s.id) > ($2, $3) AND (s.started_at, s.id) <= ($4, $5) \
        ORDER BY s.started_at, s.id, t.at, t.id";
    RENAME_SESSION = "UPDATE session SET channel = $1, medium = $2, source = $3, ad_campaign = $4, term = $5, \
        content = $6, rule = $7 WHERE id = $8";
    RENAME_TOUCH = "UPDATE touch SET channel = $1, medium = $2, source = $3, ad_campaign = $4, term = $5, \
        content = $6, rule = $7 WHERE session = $8 AND id = $9";
    RENAME_CALLS = "UPDATE call SET channel = $1, medium = $2, source = $3, ad_campaign = $4, term = $5, \
        content = $6, rule = $7 WHERE session = $8 AND state = 'ended' AND rule = $9 AND channel = $10 AND source = $11";
}

#[async_trait]
impl PastArrivals for Store {
    async fn visits(
        &self,
        site: SiteId,
        since: Timestamp,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> PortResult<Vec<PastVisit>> {
        self.past_visits(site, since, after, limit)
            .await
            .map_err(port_error)
    }

    async fn shown(
        &self,
        site: SiteId,
        since: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<SessionRow>> {
        let rows = self.db.read(SHOWN_VISITS, args![site, since, limit]).await;
        let mut sessions = each(&rows.map_err(port_error)?, read_session).map_err(port_error)?;
        sessions.reverse();
        Ok(sessions)
    }

    async fn rename(&self, renamed: &[Renamed]) -> PortResult<u64> {
        let mut whole = Transaction::new();
        let mut calls = Vec::new();
        let mut steps = 0;
        for one in renamed {
            let mut row = source_values(one.after.clone()).to_vec();
            row.extend(args![one.session]);
            let mut of_calls = row.clone();
            let before = &one.before;
            of_calls.extend(args![&before.rule, before.channel, &before.source]);
            let rename = match one.touch {
                None => RENAME_SESSION,
                Some(touch) => {
                    row.extend(args![touch]);
                    RENAME_TOUCH
                }
            };
            calls.push(steps + 1);
            steps += 2;
            whole.push(rename, row, Expect::Any);
            whole.push(RENAME_CALLS, of_calls, Expect::Any);
        }
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(results) => Ok(calls
                .iter()
                .filter_map(|at| results.get(*at))
                .map(|r| r.count)
                .sum()),
            Outcome::Unexpected { .. } => {
                Err(PortError::Conflict("arrivals changed meanwhile".to_owned()))
            }
        }
    }
}

impl Store {
    async fn past_visits(
        &self,
        site: SiteId,
        since: Timestamp,
        after: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> Result<Vec<PastVisit>, DbError> {
        let first = (since.as_millis().saturating_sub(1), i64::MAX);
        let (at, id) = after.map_or(first, |(at, id)| (at.as_millis(), id.raw()));
        let values = args![site, at, id, limit];
        let sessions = each(&self.db.read(VISITS, values).await?, read_session)?;
        let Some(last) = sessions.last() else {
            return Ok(Vec::new());
        };
        let values = args![site, at, id, last.started_at, last.id];
        let touches = self.db.read(TOUCHES_BETWEEN, values).await?;
        // Both are in the order of the sessions.
        let mut touches = each(&touches, read_touch)?.into_iter().peekable();
        let with_own = |session: SessionRow| {
            let own = std::iter::from_fn(|| touches.next_if(|t| t.session == session.id));
            let own: Vec<TouchRow> = own.collect();
            (session, own)
        };
        Ok(sessions.into_iter().map(with_own).collect())
    }
}
