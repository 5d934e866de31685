//! Leads: what came, where each stands, who was sent it, what happened to it, records of consent, and returns.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, BuyerId, ContractId, FeedId, OpportunityId};
use trunkline_core::base::{Sha256, Timestamp};
use trunkline_core::lead::{Link, ReturnState, ReturnUse};
use trunkline_engine::ports::leads::{
    ConsentRow, LeadChange, LeadEventRow, LeadFilter, LeadRow, LeadStored, Leads, ReturnRow,
};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Statement, Transaction, Val};
use crate::routing::opportunity::{PUT_ATTEMPT, put_attempt, put_opportunity};
use crate::{Store, args, outbox};

mod document;
mod rows;
mod sql;

pub(crate) use sql::ALL;

/// Most events of one change; their places follow from the lead's revision.
const EVENTS_MAX: i64 = 32;

/// The statements of a change. The first is the one that finds the lead as it was read.
pub(crate) fn change_steps(change: &LeadChange) -> Result<Transaction, DbError> {
    let lead = &change.lead;
    let one = Expect::Rows(1);
    let mut whole = if lead.revision == 0 {
        Transaction::new().step(sql::ADD_LEAD, rows::add_values(lead)?, one)
    } else {
        Transaction::new().step(sql::CHANGE_LEAD, rows::change_values(lead)?, one)
    };
    for (n, (leg, facts)) in lead.run.legs.iter().zip(&lead.legs).enumerate() {
        whole.push(sql::PUT_LEG, rows::leg_values(lead, n, leg, facts), one);
    }
    let first = lead.revision.saturating_mul(EVENTS_MAX);
    for (n, event) in (first..first.saturating_add(EVENTS_MAX)).zip(&change.events) {
        whole.push(sql::ADD_EVENT, rows::event_values(lead, n, event), one);
    }
    if let Some(consent) = &change.consent {
        whole.push(sql::ADD_CONSENT, rows::consent_values(consent)?, one);
    }
    if let Some(record) = &change.opportunity {
        whole.append(put_opportunity(record)?);
    }
    for attempt in &change.attempts {
        whole.push(PUT_ATTEMPT, put_attempt(attempt), one);
    }
    for event in &change.outbox {
        whole.push(outbox::PUT_EVENT, outbox::event_values(event), one);
    }
    for (id, delivery) in &change.delivered {
        let values = outbox::delivered_values(*id, delivery, lead.changed_at);
        whole.push(outbox::DELIVERED, values, Expect::Any);
    }
    Ok(whole)
}

impl Store {
    async fn store_change(&self, whole: Transaction) -> PortResult<LeadStored> {
        match self.db.submit(whole).await {
            Ok(Outcome::Committed(_)) => Ok(LeadStored::Yes),
            Ok(Outcome::Unexpected { index: 0, .. }) => Ok(LeadStored::Moved),
            Ok(Outcome::Unexpected { .. }) => {
                Err(PortError::Conflict("belongs to another account".to_owned()))
            }
            Err(error) if error.is_conflict() => Ok(LeadStored::Moved),
            Err(error) => Err(port_error(error)),
        }
    }

    async fn one_lead(
        &self,
        statement: Statement,
        values: Vec<Val>,
    ) -> PortResult<Option<LeadRow>> {
        match self.one_urgent(statement, values, rows::lead).await? {
            Some(lead) => self.with_legs(lead).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with_legs(&self, mut lead: LeadRow) -> PortResult<LeadRow> {
        let currency = lead.currency;
        let legs = self.many_urgent(sql::LEGS, args![lead.id], |row| {
            rows::read_leg(row, currency)
        });
        (lead.run.legs, lead.legs) = legs.await?.into_iter().unzip();
        Ok(lead)
    }
}

#[async_trait]
impl Leads for Store {
    async fn put_lead(&self, change: &LeadChange) -> PortResult<LeadStored> {
        let whole = change_steps(change).map_err(port_error)?;
        self.store_change(whole).await
    }

    async fn lead(&self, id: OpportunityId) -> PortResult<Option<LeadRow>> {
        self.one_lead(sql::LEAD, args![id]).await
    }

    async fn lead_by_key(&self, feed: FeedId, key: &str) -> PortResult<Option<LeadRow>> {
        self.one_lead(sql::LEAD_BY_KEY, args![feed, key]).await
    }

    async fn lead_by_ping(
        &self,
        feed: FeedId,
        fingerprint: &Sha256,
    ) -> PortResult<Option<LeadRow>> {
        let values = args![feed, fingerprint.as_slice()];
        self.one_lead(sql::LEAD_BY_PING, values).await
    }

    async fn leads(&self, filter: &LeadFilter) -> PortResult<Vec<LeadRow>> {
        let statement = match filter.campaign {
            Some(_) => sql::LEADS_OF_CAMPAIGN,
            None => sql::LEADS,
        };
        // An id is drawn when its lead comes, or soon after.
        let values = args![
            filter.account,
            OpportunityId::floor_at(filter.from),
            filter.before.map_or(i64::MAX, OpportunityId::raw),
            filter.from,
            filter.to,
            filter.campaign,
            filter.feed,
            filter.publisher,
            filter.buyer,
            filter.state,
            filter.test,
            filter.person.map(Vec::from),
            filter.limit,
        ];
        let mut found = Vec::new();
        for lead in self.many(statement, values, rows::lead).await? {
            found.push(self.with_legs(lead).await?);
        }
        Ok(found)
    }

    async fn lead_events(&self, id: OpportunityId) -> PortResult<Vec<LeadEventRow>> {
        self.many(sql::EVENTS, args![id], rows::event).await
    }

    async fn leads_due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<OpportunityId>> {
        self.many(sql::LEADS_DUE, args![now, limit], |row| row.get("id"))
            .await
    }

    async fn leads_open(
        &self,
        after: Option<OpportunityId>,
        limit: u32,
    ) -> PortResult<Vec<OpportunityId>> {
        let after = after.map_or(0, OpportunityId::raw);
        self.many(sql::LEADS_OPEN, args![after, limit], |row| row.get("id"))
            .await
    }

    async fn last_consent(&self, account: AccountId) -> PortResult<Option<Link>> {
        self.one_urgent(sql::LAST_CONSENT, args![account], rows::link)
            .await
    }

    async fn consents(
        &self,
        account: AccountId,
        from: u64,
        limit: u32,
    ) -> PortResult<Vec<ConsentRow>> {
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        self.many(sql::CONSENTS, args![account, from, limit], rows::consent)
            .await
    }

    async fn lead_return(
        &self,
        lead: OpportunityId,
        contract: ContractId,
    ) -> PortResult<Option<ReturnRow>> {
        self.one(sql::RETURN, args![lead, contract], rows::return_row)
            .await
    }

    async fn lead_returns(&self, lead: OpportunityId) -> PortResult<Vec<ReturnRow>> {
        self.many(sql::RETURNS, args![lead], rows::return_row).await
    }

    async fn put_return(
        &self,
        row: &ReturnRow,
        was: Option<ReturnState>,
        lead: Option<&LeadChange>,
    ) -> PortResult<LeadStored> {
        let one = Expect::Rows(1);
        let mut whole = match was {
            None => Transaction::new().step(sql::ADD_RETURN, rows::return_values(row), one),
            Some(was) => {
                let values = args![
                    row.lead,
                    row.contract,
                    row.account,
                    was,
                    row.of.state,
                    row.of.percent,
                    row.decided_by,
                    row.decided_at,
                    &row.answer,
                ];
                Transaction::new().step(sql::CHANGE_RETURN, values, one)
            }
        };
        let guard = whole.len();
        if let Some(change) = lead {
            whole.append(change_steps(change).map_err(port_error)?);
        }
        match self.db.submit(whole).await {
            Ok(Outcome::Committed(_)) => Ok(LeadStored::Yes),
            Ok(Outcome::Unexpected { index, .. }) if index == 0 || index == guard => {
                Ok(LeadStored::Moved)
            }
            Ok(Outcome::Unexpected { .. }) => {
                Err(PortError::Conflict("belongs to another account".to_owned()))
            }
            Err(error) if error.is_conflict() => Ok(LeadStored::Moved),
            Err(error) => Err(port_error(error)),
        }
    }

    async fn return_use(
        &self,
        account: AccountId,
        buyer: BuyerId,
        since: Timestamp,
    ) -> PortResult<ReturnUse> {
        let values = || args![account, buyer, since];
        let received = self.one(sql::RECEIVED, values(), |row| row.get("received"));
        let asked = self.one(sql::ASKED_BACK, values(), |row| row.get("asked"));
        Ok(ReturnUse {
            received: received.await?.unwrap_or(0),
            asked: asked.await?.unwrap_or(0),
        })
    }
}
