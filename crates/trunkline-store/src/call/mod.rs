//! The record of calls: saved whole with their events through the group commit, listed by keyset.

use async_trait::async_trait;
use trunkline_core::attribution::{EarlierCall, NumberHistory};
use trunkline_core::base::id::{AccountId, CallId, NumberId, RecordingId, SiteId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::calls::{
    CallChange, CallCounts, CallEventRow, CallFilter, CallRecords, CallRow, CallsBefore,
    KeptRecording, NumberUseCount, OutboundUse, RecordingRow, TollRefused,
};

use crate::convert::port_error;
use crate::db::Expect;
use crate::{Store, args};

mod costs;
mod list;
mod rows;

pub(crate) use list::{ALL, call_columns};
pub(crate) use rows::{
    EVENT, KINDS, candidates_value, change_records, event_values, read_call, read_event,
    read_recording, some_source,
};

/// Earlier calls of a caller that are counted.
const COUNTED_MAX: i64 = 1_000;
/// Calls with refused destinations that are counted; a flood of them is as alarming as a thousand.
const TOLL_REFUSED_MAX: i64 = 1_000;

#[async_trait]
impl CallRecords for Store {
    async fn save(&self, change: &CallChange) -> PortResult<()> {
        let records = change_records(change).map_err(port_error)?;
        let recorded = self.db.record(records).map_err(port_error)?;
        recorded.durable().await.map_err(port_error)
    }

    async fn progress(&self, marks: &[(CallId, Timestamp)]) -> PortResult<()> {
        if marks.is_empty() {
            return Ok(());
        }
        let records = marks
            .iter()
            .map(|(call, at)| rows::PROGRESS.record(args![*call, *at]));
        let recorded = self.db.record(records.collect()).map_err(port_error)?;
        recorded.durable().await.map_err(port_error)
    }

    async fn open_calls(&self) -> PortResult<Vec<CallRow>> {
        self.many(list::OPEN_CALLS, args![], read_call).await
    }

    async fn last_ends(
        &self,
        started_since: Timestamp,
        ended_since: Timestamp,
    ) -> PortResult<Vec<(NumberId, Timestamp)>> {
        self.many(list::LAST_ENDS, args![started_since, ended_since], |row| {
            Ok((row.get("number")?, row.get("ended_at")?))
        })
        .await
    }

    async fn call(&self, id: CallId) -> PortResult<Option<CallRow>> {
        self.one(list::CALL, args![id], read_call).await
    }

    async fn events(&self, call: CallId) -> PortResult<Vec<CallEventRow>> {
        self.many(list::EVENTS, args![call], read_event).await
    }

    async fn calls(&self, filter: &CallFilter) -> PortResult<Vec<CallRow>> {
        let Some((statement, values)) = list::statement(filter) else {
            return Ok(Vec::new());
        };
        self.many(statement, values, read_call).await
    }

    async fn toll_refused(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<Vec<TollRefused>> {
        let values = args![account, since, TOLL_REFUSED_MAX];
        self.many(list::TOLL_REFUSED, values, |row| {
            Ok(TollRefused {
                rule: row.get("toll_refused")?,
                calls: row.get("calls")?,
                last_at: row.get("last_at")?,
                last_call: row.get("last_call")?,
            })
        })
        .await
    }

    async fn counts(&self, account: AccountId, today: Timestamp) -> PortResult<CallCounts> {
        let counts = self.one(list::COUNTS, args![account, today], |row| {
            Ok(CallCounts {
                all: row.get("total")?,
                today: row.get("today")?,
                live: row.get("live")?,
                ambiguous: row.get("ambiguous")?,
                missed: row.get("missed")?,
                ambiguous_today: row.get("ambiguous_today")?,
                missed_today: row.get("missed_today")?,
            })
        });
        Ok(counts.await?.unwrap_or_default())
    }

    async fn by_number(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<Vec<(NumberId, NumberUseCount)>> {
        self.many(list::BY_NUMBER, args![account, since], |row| {
            let count = NumberUseCount {
                calls: row.get("calls")?,
                last_call_at: row.get("last_call_at")?,
                callers: row.get("callers")?,
                strangers: row.get("strangers")?,
            };
            Ok((row.get("number")?, count))
        })
        .await
    }

    async fn earlier_call(
        &self,
        account: AccountId,
        site: Option<SiteId>,
        caller: PhoneNumber,
        since: Timestamp,
        before: Timestamp,
    ) -> PortResult<(bool, Option<EarlierCall>)> {
        let values = args![account, caller, before];
        let called = self.one_urgent(list::CALLED_BEFORE, values, |_| Ok(()));
        let values = args![account, caller, since, before, site];
        let credited = self.one_urgent(list::LAST_CREDITED, values, |row| {
            Ok(EarlierCall {
                session: row.get("session")?,
                visitor: row.get("visitor")?,
                at: row.get("started_at")?,
                probability: row.get::<Option<f64>>("probability")?.unwrap_or(0.0),
            })
        });
        let (called, credited) = tokio::try_join!(called, credited)?;
        Ok((called.is_some(), credited))
    }

    async fn calls_before(
        &self,
        account: AccountId,
        caller: PhoneNumber,
        before: Timestamp,
    ) -> PortResult<CallsBefore> {
        let values = args![account, caller, before, COUNTED_MAX];
        let count = self.one_urgent(list::COUNT_BEFORE, values, |row| row.get("calls"));
        let values = args![account, caller, before];
        let answered = self.one_urgent(list::LAST_ANSWERED, values, |row| row.get("destination"));
        let (count, answered_by) = tokio::try_join!(count, answered)?;
        Ok(CallsBefore {
            count: count.unwrap_or(0),
            answered_by,
        })
    }

    async fn number_history(
        &self,
        number: NumberId,
        before: Timestamp,
        limit: u32,
    ) -> PortResult<NumberHistory> {
        let read = |row: &crate::db::Row| -> Result<NumberHistory, crate::db::DbError> {
            let (calls, credited): (i64, i64) = (row.get("calls")?, row.get("credited")?);
            Ok(NumberHistory {
                calls: calls as f64,
                stray: (calls - credited) as f64,
            })
        };
        let history = self.one_urgent(list::NUMBER_HISTORY, args![number, before, limit], read);
        Ok(history.await?.unwrap_or_default())
    }

    async fn used_since(&self, account: AccountId, since: Timestamp) -> PortResult<OutboundUse> {
        let used = self.one_urgent(list::USED_SINCE, args![account, since], |row| {
            Ok(OutboundUse {
                minutes: row.get("minutes")?,
                spent_micros: row.get("spent")?,
            })
        });
        Ok(used.await?.unwrap_or_default())
    }

    async fn recording(&self, id: RecordingId) -> PortResult<Option<RecordingRow>> {
        self.one(list::RECORDING, args![id], read_recording).await
    }

    async fn kept_recordings(
        &self,
        account: AccountId,
        before: Timestamp,
        after: Option<(Timestamp, RecordingId)>,
        limit: u32,
    ) -> PortResult<Vec<KeptRecording>> {
        let first = (Timestamp::from_millis(i64::MIN), RecordingId::from_raw(0));
        let (at, id) = after.unwrap_or(first);
        let values = args![account, before, at, id, limit];
        let rows = self.many(list::KEPT_RECORDINGS, values, rows::read_kept_recording);
        // A line for each campaign that had the call; those of one recording are neighbours.
        let mut all: Vec<KeptRecording> = Vec::new();
        for row in rows.await? {
            match all
                .last_mut()
                .filter(|last| last.recording.id == row.recording.id)
            {
                Some(last) => last.campaigns.extend(row.campaigns),
                None => all.push(row),
            }
        }
        Ok(all)
    }

    async fn recording_deleted(
        &self,
        id: RecordingId,
        at: Timestamp,
        because: &str,
    ) -> PortResult<()> {
        let values = args![id, at, because];
        self.change(list::RECORDING_DELETED, values, Expect::Any)
            .await
            .map(drop)
    }

    async fn unfinished_recordings(&self) -> PortResult<Vec<RecordingRow>> {
        self.many(list::UNFINISHED_RECORDINGS, args![], read_recording)
            .await
    }
}
