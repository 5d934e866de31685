//! Opportunities with their traces, attempts, what came of them, and the past of people.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, CallId, ContractId, FeedId, OpportunityId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::routing::{Past, Performance, Person, Sha256, Taker};
use trunkline_engine::ports::routing::{
    AttemptRow, Opportunities, Opportunity, OpportunityFilter, OpportunityRecord,
};
use trunkline_engine::ports::{PortError, PortResult};

use super::trace;
use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::{Store, args};

macro_rules! columns {
    () => {
        "id, account, kind, call, campaign, feed, publisher, feed_version, plan_version, came_at, ended_at, reason, \
         contract, buyer, currency, revenue, payout, phone, phone_sha256, email_sha256"
    };
}

/// A list, the newest first. `$first` is what an index is chosen by.
macro_rules! opportunities {
    ($first:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM opportunity WHERE ",
            $first,
            " AND id < $3 AND came_at >= $4 AND came_at < $5 \
             AND (CAST($6 AS BIGINT) IS NULL OR campaign = $6) \
             AND (CAST($7 AS BIGINT) IS NULL OR buyer = $7) \
             AND (CAST($8 AS BIGINT) IS NULL OR publisher = $8) \
             AND (CAST($9 AS TEXT) IS NULL OR reason = $9) \
             ORDER BY id DESC LIMIT $10"
        )
    };
}

/// A person's past by one thing that recognises them.
macro_rules! past_by {
    ($column:literal) => {
        concat!(
            "SELECT opportunity, contract, came_at, phone, phone_sha256, email_sha256, campaign, feed, buyer, company, \
             connected_at, billable_at FROM taken WHERE account = $1 AND ",
            $column,
            " = $2 AND (contract = 0 OR offered_at IS NOT NULL) \
             ORDER BY came_at DESC, opportunity DESC, contract DESC LIMIT $3"
        )
    };
}

crate::statements! { "opportunity";
    PUT_OPPORTUNITY = "INSERT INTO opportunity (id, account, kind, call, campaign, feed, publisher, feed_version, plan_version, \
        came_at, ended_at, reason, contract, buyer, currency, revenue, payout, phone, phone_sha256, email_sha256, asked, \
        planned, trace, stopped_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20, $21, $22, $23, $24) ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, reason = excluded.reason, \
        contract = excluded.contract, buyer = excluded.buyer, revenue = excluded.revenue, payout = excluded.payout, \
        feed_version = excluded.feed_version, plan_version = excluded.plan_version, asked = excluded.asked, \
        planned = excluded.planned, trace = excluded.trace, stopped_by = excluded.stopped_by WHERE opportunity.account = excluded.account";
    PUT_CAME = "INSERT INTO taken (opportunity, contract, account, came_at, phone, phone_sha256, email_sha256, campaign, \
        feed, buyer, company) VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, 0, 0) \
        ON CONFLICT (opportunity, contract) DO NOTHING";
    PUT_ATTEMPT = "INSERT INTO attempt (opportunity, n, account, contract, destination, buyer, version, reservation, price, bid, \
        currency, started_at, connected_at, ended_at, connected_ms, outcome, reason, revenue, billable) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
        ON CONFLICT (opportunity, n) DO UPDATE SET reservation = excluded.reservation, price = excluded.price, \
        bid = excluded.bid, connected_at = excluded.connected_at, ended_at = excluded.ended_at, \
        connected_ms = excluded.connected_ms, outcome = excluded.outcome, reason = excluded.reason, \
        revenue = excluded.revenue, billable = excluded.billable WHERE attempt.account = excluded.account";
    OPPORTUNITY = concat!("SELECT ", columns!(), ", asked, planned, trace, stopped_by FROM opportunity WHERE account = $1 AND id = $2");
    OPPORTUNITIES_OF_CALL = concat!("SELECT ", columns!(), " FROM opportunity WHERE call = $2 AND +account = $1 ORDER BY id");
    OPEN_CALLS = "SELECT account, call FROM opportunity WHERE ended_at IS NULL AND call IS NOT NULL ORDER BY id";
    OPPORTUNITIES = opportunities!("account = $1 AND id >= $2");
    OPPORTUNITIES_OF_CAMPAIGN = opportunities!("account = $1 AND campaign = $6 AND id >= $2");
    OPPORTUNITIES_OF_BUYER = opportunities!("account = $1 AND buyer = $7 AND id >= $2");
    OPPORTUNITIES_OF_PUBLISHER = opportunities!("account = $1 AND publisher = $8 AND id >= $2");
    ATTEMPTS = "SELECT opportunity, n, account, contract, destination, buyer, version, reservation, price, bid, currency, \
        started_at, connected_at, ended_at, connected_ms, outcome, reason, revenue, billable FROM attempt \
        WHERE opportunity = $1 ORDER BY n";
    PERFORMANCE = "SELECT CAST(count(*) AS BIGINT) AS attempts, CAST(COALESCE(sum(latest.revenue), 0) AS BIGINT) AS revenue \
        FROM (SELECT COALESCE(a.revenue, 0) AS revenue FROM attempt AS a WHERE a.contract = $1 AND a.ended_at IS NOT NULL \
        AND a.outcome <> 'no_room' ORDER BY a.opportunity DESC, a.n DESC LIMIT $2) AS latest";
    PAST_BY_PHONE = past_by!("phone");
    PAST_BY_PHONE_SHA256 = past_by!("phone_sha256");
    PAST_BY_EMAIL = past_by!("email_sha256");
}

/// The statements that store an opportunity and that the person came.
pub(crate) fn put_opportunity(record: &OpportunityRecord) -> Result<Transaction, DbError> {
    let opportunity = &record.opportunity;
    let person = opportunity.person;
    let hash = |hash: Option<Sha256>| hash.map(Vec::from);
    let micros = |money: Option<Money>| money.map(Money::micros);
    let (contract, buyer) = opportunity.sold_to.unzip();
    let values = args![
        opportunity.id,
        opportunity.account,
        opportunity.kind,
        opportunity.call,
        opportunity.campaign,
        opportunity.feed,
        opportunity.publisher,
        opportunity.feed_version,
        opportunity.plan_version,
        opportunity.came_at,
        opportunity.ended_at,
        opportunity.reason,
        contract,
        buyer,
        &opportunity.currency,
        micros(opportunity.revenue),
        micros(opportunity.payout),
        person.phone,
        hash(person.phone_sha256),
        hash(person.email_sha256),
        trace::write_asked(&record.asked)?,
        trace::write_planned(&record.planned)?,
        trace::write_trace(&record.trace)?,
        trace::write_stopped(record.stopped_by)?,
    ];
    let came = args![
        opportunity.id,
        opportunity.account,
        opportunity.came_at,
        person.phone,
        hash(person.phone_sha256),
        hash(person.email_sha256),
        opportunity.campaign,
        opportunity.feed.map_or(0, FeedId::raw),
    ];
    Ok(Transaction::new()
        .step(PUT_OPPORTUNITY, values, Expect::Rows(1))
        .step(PUT_CAME, came, Expect::Any))
}

/// The statement that stores an attempt.
pub(crate) fn put_attempt(attempt: &AttemptRow) -> Vec<Val> {
    let micros = |money: Option<Money>| money.map(Money::micros);
    args![
        attempt.opportunity,
        attempt.n,
        attempt.account,
        attempt.contract,
        attempt.destination,
        attempt.buyer,
        attempt.version,
        attempt.reservation,
        micros(attempt.price),
        micros(attempt.bid),
        &attempt.currency,
        attempt.started_at,
        attempt.connected_at,
        attempt.ended_at,
        attempt.connected_ms,
        attempt.outcome,
        attempt.reason,
        micros(attempt.revenue),
        attempt.billable,
    ]
}

pub(super) fn hash(row: &Row, column: &'static str) -> Result<Option<Sha256>, DbError> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let hash = Sha256::try_from(bytes);
    hash.map(Some)
        .map_err(|_| DbError::other(format!("read {column}"), "it is no hash"))
}

fn person(row: &Row) -> Result<Person, DbError> {
    Ok(Person {
        phone: row.get("phone")?,
        phone_sha256: hash(row, "phone_sha256")?,
        email_sha256: hash(row, "email_sha256")?,
    })
}

pub(super) fn money(
    row: &Row,
    column: &'static str,
    currency: Currency,
) -> Result<Option<Money>, DbError> {
    let micros: Option<i64> = row.get(column)?;
    Ok(micros.map(|micros| Money::from_micros(micros, currency)))
}

fn read_opportunity(row: &Row) -> Result<Opportunity, DbError> {
    let currency: Currency = row.get("currency")?;
    let contract: Option<ContractId> = row.get("contract")?;
    Ok(Opportunity {
        id: row.get("id")?,
        account: row.get("account")?,
        kind: row.get("kind")?,
        call: row.get("call")?,
        campaign: row.get("campaign")?,
        feed: row.get("feed")?,
        publisher: row.get("publisher")?,
        feed_version: row.get("feed_version")?,
        plan_version: row.get("plan_version")?,
        came_at: row.get("came_at")?,
        ended_at: row.get("ended_at")?,
        reason: row.get("reason")?,
        sold_to: contract.zip(row.get("buyer")?),
        currency,
        revenue: money(row, "revenue", currency)?,
        payout: money(row, "payout", currency)?,
        person: person(row)?,
    })
}

fn read_record(row: &Row) -> Result<OpportunityRecord, DbError> {
    let opportunity = read_opportunity(row)?;
    Ok(OpportunityRecord {
        asked: trace::read_asked(row)?,
        planned: trace::read_planned(row)?,
        trace: trace::read_trace(row, opportunity.currency)?,
        stopped_by: trace::read_stopped(row)?,
        opportunity,
    })
}

fn read_attempt(row: &Row) -> Result<AttemptRow, DbError> {
    let currency: Currency = row.get("currency")?;
    Ok(AttemptRow {
        opportunity: row.get("opportunity")?,
        n: row.get("n")?,
        account: row.get("account")?,
        contract: row.get("contract")?,
        destination: row.get("destination")?,
        buyer: row.get("buyer")?,
        version: row.get("version")?,
        reservation: row.get("reservation")?,
        price: money(row, "price", currency)?,
        bid: money(row, "bid", currency)?,
        currency,
        started_at: row.get("started_at")?,
        connected_at: row.get("connected_at")?,
        ended_at: row.get("ended_at")?,
        connected_ms: row.get("connected_ms")?,
        outcome: row.get("outcome")?,
        reason: row.get("reason")?,
        revenue: money(row, "revenue", currency)?,
        billable: row.get("billable")?,
    })
}

fn read_past(row: &Row) -> Result<Past, DbError> {
    let contract: ContractId = row.get("contract")?;
    let to = (contract.raw() != 0).then_some(contract);
    let taker = |contract| {
        Ok::<_, DbError>(Taker {
            contract,
            buyer: row.get("buyer")?,
            company: row.get("company")?,
        })
    };
    Ok(Past {
        opportunity: row.get("opportunity")?,
        at: row.get("came_at")?,
        person: person(row)?,
        campaign: row.get("campaign")?,
        feed: row.get("feed")?,
        to: to.map(taker).transpose()?,
        connected: row.get::<Option<Timestamp>>("connected_at")?.is_some(),
        billable: row.get::<Option<Timestamp>>("billable_at")?.is_some(),
    })
}

#[async_trait]
impl Opportunities for Store {
    async fn put_opportunity(&self, record: &OpportunityRecord) -> PortResult<()> {
        let whole = put_opportunity(record).map_err(port_error)?;
        self.submit_all(whole).await
    }

    async fn put_attempts(&self, attempts: &[AttemptRow]) -> PortResult<()> {
        let mut whole = Transaction::new();
        for attempt in attempts {
            whole.push(PUT_ATTEMPT, put_attempt(attempt), Expect::Rows(1));
        }
        self.submit_all(whole).await
    }

    async fn opportunity(
        &self,
        account: AccountId,
        id: OpportunityId,
    ) -> PortResult<Option<OpportunityRecord>> {
        self.one(OPPORTUNITY, args![account, id], read_record).await
    }

    async fn opportunities_of_call(
        &self,
        account: AccountId,
        call: CallId,
    ) -> PortResult<Vec<Opportunity>> {
        self.many(
            OPPORTUNITIES_OF_CALL,
            args![account, call],
            read_opportunity,
        )
        .await
    }

    async fn open_calls(&self) -> PortResult<Vec<(AccountId, CallId)>> {
        let found = self.many(OPEN_CALLS, args![], |row| {
            Ok((row.get("account")?, row.get("call")?))
        });
        let mut calls: Vec<(AccountId, CallId)> = found.await?;
        calls.dedup();
        Ok(calls)
    }

    async fn opportunities(&self, filter: &OpportunityFilter) -> PortResult<Vec<Opportunity>> {
        let statement = if filter.campaign.is_some() {
            OPPORTUNITIES_OF_CAMPAIGN
        } else if filter.buyer.is_some() {
            OPPORTUNITIES_OF_BUYER
        } else if filter.publisher.is_some() {
            OPPORTUNITIES_OF_PUBLISHER
        } else {
            OPPORTUNITIES
        };
        // An id is drawn when its opportunity comes, or soon after.
        let values = args![
            filter.account,
            OpportunityId::floor_at(filter.from),
            filter.before.map_or(i64::MAX, OpportunityId::raw),
            filter.from,
            filter.to,
            filter.campaign,
            filter.buyer,
            filter.publisher,
            filter.reason,
            filter.limit,
        ];
        self.many(statement, values, read_opportunity).await
    }

    async fn attempts(&self, opportunity: OpportunityId) -> PortResult<Vec<AttemptRow>> {
        self.many(ATTEMPTS, args![opportunity], read_attempt).await
    }

    async fn past(&self, account: AccountId, person: &Person, limit: u32) -> PortResult<Vec<Past>> {
        let by: [(_, Option<Val>); 3] = [
            (PAST_BY_PHONE, person.phone.map(Val::from)),
            (
                PAST_BY_PHONE_SHA256,
                person.phone_sha256.map(|hash| Vec::from(hash).into()),
            ),
            (
                PAST_BY_EMAIL,
                person.email_sha256.map(|hash| Vec::from(hash).into()),
            ),
        ];
        let mut found: Vec<Past> = Vec::new();
        for (statement, value) in by {
            let Some(value) = value else { continue };
            let values = args![account, value, limit];
            found.extend(self.many_urgent(statement, values, read_past).await?);
        }
        let contract = |past: &Past| past.to.map_or(0, |to| to.contract.raw());
        found.sort_by_key(|past| std::cmp::Reverse((past.at, past.opportunity, contract(past))));
        found.dedup_by_key(|past| (past.opportunity, contract(past)));
        Ok(found)
    }

    async fn performance(&self, contract: ContractId, wanted: u32) -> PortResult<Performance> {
        let found = self.one(PERFORMANCE, args![contract, wanted], |row| {
            Ok(Performance {
                attempts: row.get("attempts")?,
                revenue: row.get("revenue")?,
            })
        });
        Ok(found.await?.unwrap_or_default())
    }
}

impl Store {
    /// Runs a transaction whose rows belong to the account that they are stored for.
    pub(crate) async fn submit_all(&self, whole: Transaction) -> PortResult<()> {
        if whole.is_empty() {
            return Ok(());
        }
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => {
                Err(PortError::Conflict("belongs to another account".to_owned()))
            }
        }
    }
}
