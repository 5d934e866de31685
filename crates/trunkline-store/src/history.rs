//! The history of visits: the group commit of the hot path, and the reads of attribution and the dashboard.

use std::collections::HashMap;

use async_trait::async_trait;
use tokio::sync::oneshot;
use trunkline_core::attribution;
use trunkline_core::base::id::{AccountId, NumberId, SessionId, SiteId, VisitorId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::visitor::Source;
use trunkline_engine::ports::history::{
    Commit, History, OpenLease, Record, SessionFilter, SessionRow, SessionStory,
};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::port_error;
use crate::db::{self, DbError};
use crate::{Store, args, assignment, visitor};

#[async_trait]
impl History for Store {
    fn record(&self, records: Vec<Record>) -> Result<Commit, PortError> {
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            push(&mut rows, record).map_err(port_error)?;
        }
        let (done, commit) = oneshot::channel();
        let answer = move |result: Result<(), DbError>| {
            // Nobody waits for heartbeats and page views.
            let _ = done.send(result.map_err(port_error));
        };
        self.db.record_then(rows, answer).map_err(port_error)?;
        Ok(commit)
    }

    async fn open_leases(&self, since: Timestamp) -> PortResult<Vec<OpenLease>> {
        assignment::open_leases(&self.db, since)
            .await
            .map_err(port_error)
    }

    async fn blocks_seen(&self, since: Timestamp) -> PortResult<Vec<(SiteId, i64, Timestamp)>> {
        assignment::blocks_seen(&self.db, since)
            .await
            .map_err(port_error)
    }

    async fn session(&self, id: SessionId) -> PortResult<Option<SessionRow>> {
        visitor::session(&self.db, id).await.map_err(port_error)
    }

    async fn latest_session(
        &self,
        site: SiteId,
        visitor: VisitorId,
    ) -> PortResult<Option<SessionRow>> {
        visitor::latest_session(&self.db, site, visitor)
            .await
            .map_err(port_error)
    }

    async fn sessions_by_id(&self, ids: &[SessionId]) -> PortResult<Vec<SessionRow>> {
        visitor::sessions_by_id(&self.db, ids)
            .await
            .map_err(port_error)
    }

    async fn latest_sources(
        &self,
        ids: &[SessionId],
        until: Timestamp,
    ) -> PortResult<HashMap<SessionId, Source>> {
        visitor::latest_sources(&self.db, ids, until)
            .await
            .map_err(port_error)
    }

    async fn session_story(&self, id: SessionId) -> PortResult<Option<SessionStory>> {
        let db = &self.db;
        let Some(session) = visitor::session(db, id).await.map_err(port_error)? else {
            return Ok(None);
        };
        let (further_touches, page_views, showings, taps, forms) = tokio::try_join!(
            visitor::touches(db, id),
            visitor::page_views(db, id),
            assignment::showings_in(db, id),
            assignment::taps_in(db, id),
            visitor::forms(db, id),
        )
        .map_err(port_error)?;
        Ok(Some(SessionStory {
            session,
            further_touches,
            page_views,
            showings,
            taps,
            forms,
        }))
    }

    async fn sessions(&self, filter: &SessionFilter) -> PortResult<Vec<SessionRow>> {
        visitor::sessions(&self.db, filter)
            .await
            .map_err(port_error)
    }

    async fn showings_of(
        &self,
        number: NumberId,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<attribution::Showing>> {
        assignment::showings_of(&self.db, number, since, until, limit)
            .await
            .map_err(port_error)
    }

    async fn latest_form(
        &self,
        account: AccountId,
        site: Option<SiteId>,
        phone: PhoneNumber,
        since: Timestamp,
        until: Timestamp,
    ) -> PortResult<Option<attribution::Form>> {
        visitor::latest_form(&self.db, account, site, phone, since, until)
            .await
            .map_err(port_error)
    }

    async fn taps_on(
        &self,
        number: NumberId,
        since: Timestamp,
        until: Timestamp,
    ) -> PortResult<Vec<attribution::Tap>> {
        assignment::taps_on(&self.db, number, since, until)
            .await
            .map_err(port_error)
    }
}

fn push(rows: &mut Vec<db::Record>, record: Record) -> Result<(), DbError> {
    match record {
        Record::Session(session) => rows.push(visitor::session_record(*session)?),
        Record::SessionSeen(session, at) => {
            rows.push(visitor::SESSION_SEEN.record(args![session, at]));
        }
        Record::Touch(touch) => rows.push(visitor::touch_record(*touch)?),
        Record::PageView(view) => rows.push(visitor::page_view_record(view)),
        Record::Lease(lease) => rows.push(assignment::lease_record(&lease)),
        Record::LeaseConfirmed(lease, at) => {
            rows.extend(assignment::lease_confirmed_records(lease, at));
        }
        Record::LeaseSeen(lease, at) => rows.push(assignment::lease_seen_record(lease, at)),
        Record::LeaseEnded(lease, at) => rows.push(assignment::lease_ended_record(lease, at)),
        Record::Showing(showing) => rows.push(assignment::showing_record(showing)),
        Record::ShowingEnded(showing, at) => rows.push(assignment::showing_end_record(showing, at)),
        Record::Form(form) => rows.push(visitor::form_record(*form)),
        Record::BlockSeen(site, version, at) => {
            rows.push(assignment::BLOCK_SEEN.record(args![site, version, at]));
        }
        Record::Tap(tap) => rows.push(assignment::tap_record(&tap)),
    }
    Ok(())
}
