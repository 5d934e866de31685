//! Past calls with their candidates, the arrivals behind them, and the credit they get when they are weighed again.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, CallId, SessionId, SiteId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::calls::CallRow;
use trunkline_engine::ports::past_calls::{PastCallFilter, PastCalls, PastTouch};

use crate::call::{call_columns, candidates_value, read_call, some_source};
use crate::convert::{port_error, source};
use crate::db::{ColumnType, DbError, Record, RecordKind, Row, Val, Write};
use crate::{Store, args};

/// A hundred ids; what is not needed of them repeats the first.
macro_rules! hundred {
    () => {
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
         $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, \
         $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, \
         $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, \
         $79, $80, $81, $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, \
         $98, $99, $100"
    };
}

/// Ids of one [`FIRST_TOUCHES`] or [`FURTHER_TOUCHES`].
const IDS_AT_ONCE: usize = 100;

crate::statements! { "past_calls";
    PAST_CALLS = concat!("SELECT ", call_columns!(), ", candidates FROM call WHERE account = $1 AND synthetic = 0 \
        AND (started_at, id) > ($2, $3) AND started_at < $4 AND state = 'ended' \
        AND (result IS NULL OR result <> 'blocked') \
        AND (CAST($5 AS BIGINT) IS NULL OR site = $5) ORDER BY started_at, id LIMIT $6");
    CALLERS = "SELECT caller FROM call WHERE account = $1 AND synthetic = 0 AND started_at >= $3 AND site = $2 AND caller IS NOT NULL \
        AND (result IS NULL OR result <> 'blocked') \
        ORDER BY started_at DESC, id DESC LIMIT $4";
    FIRST_TOUCHES = concat!("SELECT id AS session, started_at AS at, channel, medium, source, ad_campaign, term, content, \
        rule FROM session WHERE id IN (", hundred!(), ") ORDER BY id");
    FURTHER_TOUCHES = concat!("SELECT session, at, channel, medium, source, ad_campaign, term, content, rule FROM touch \
        WHERE session IN (", hundred!(), ") ORDER BY session, at, id");
}

use ColumnType::{Int, Real, Text};

/// The credit of an ended call as it is weighed again; what a person said stays.
static RECREDITED: RecordKind = RecordKind {
    name: "call_recredited",
    table: "call",
    columns: &[
        ("id", Int),
        ("session", Int),
        ("probability", Real),
        ("ambiguous", Int),
        ("channel", Text),
        ("medium", Text),
        ("source", Text),
        ("ad_campaign", Text),
        ("term", Text),
        ("content", Text),
        ("rule", Text),
        ("candidates", Text),
        ("model", Int),
    ],
    write: Write::Update("t.confirmed_at IS NULL AND t.state = 'ended'"),
    key: 1,
};

pub(crate) const KINDS: &[&RecordKind] = &[&RECREDITED];

#[async_trait]
impl PastCalls for Store {
    async fn past_calls(
        &self,
        filter: PastCallFilter,
        after: Option<(Timestamp, CallId)>,
        limit: u32,
    ) -> PortResult<Vec<CallRow>> {
        let first = (filter.from.as_millis().saturating_sub(1), i64::MAX);
        let (at, id) = after.map_or(first, |(at, id)| (at.as_millis(), id.raw()));
        let values = args![filter.account, at, id, filter.to, filter.site, limit];
        self.many(PAST_CALLS, values, read_call).await
    }

    async fn callers(
        &self,
        account: AccountId,
        site: SiteId,
        since: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<PhoneNumber>> {
        let values = args![account, site, since, limit];
        self.many(CALLERS, values, |row| row.get("caller")).await
    }

    async fn touches_of(&self, sessions: &[SessionId]) -> PortResult<Vec<PastTouch>> {
        let mut found = Vec::with_capacity(sessions.len());
        for some in sessions.chunks(IDS_AT_ONCE) {
            found.extend(self.many(FIRST_TOUCHES, filled(some), read_touch).await?);
            found.extend(self.many(FURTHER_TOUCHES, filled(some), read_touch).await?);
        }
        found.sort_by_key(|touch| (touch.session, touch.at));
        Ok(found)
    }

    async fn recredit(&self, calls: &[CallRow]) -> PortResult<()> {
        let records: Result<Vec<Record>, DbError> = calls.iter().map(recredited).collect();
        let records = records.map_err(port_error)?;
        if records.is_empty() {
            return Ok(());
        }
        let recorded = self.db.record(records).map_err(port_error)?;
        recorded.durable().await.map_err(port_error)
    }
}

fn recredited(call: &CallRow) -> Result<Record, DbError> {
    let mut values = args![call.id, call.session, call.probability, call.ambiguous];
    values.extend(some_source(call.source.as_ref()));
    values.push(candidates_value(&call.candidates)?);
    values.extend(args![call.model]);
    Ok(RECREDITED.record(values))
}

fn read_touch(row: &Row) -> Result<PastTouch, DbError> {
    Ok(PastTouch {
        session: row.get("session")?,
        at: row.get("at")?,
        source: source(row)?,
    })
}

/// As many values as a statement of [`IDS_AT_ONCE`] ids takes.
fn filled(some: &[SessionId]) -> Vec<Val> {
    let first = some.first().into_iter().cycle();
    let filled = some.iter().chain(first).take(IDS_AT_ONCE);
    filled.map(|id| Val::from(*id)).collect()
}
