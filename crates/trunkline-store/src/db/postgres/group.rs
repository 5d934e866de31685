//! The group commit on PostgreSQL: one batch, one transaction, one `UNNEST` statement per kind of record.
//!
//! One task writes one batch after the other on a connection of its own, so records take effect in the order in which
//! they were handed over. All statements of a batch travel together; the answer to `COMMIT` is the only wait.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio_postgres::Statement as Prepared;
use tokio_postgres::types::ToSql;

use super::values::{Array, borrowed};
use super::{Link, Pool};
use crate::db::error::DbError;
use crate::db::limits;
use crate::db::record::{Entry, KindBatch, RecordKind, by_kind};
use crate::db::statement::for_postgres;

/// Writes batches until the queue is closed.
pub(super) async fn serve(pool: Pool, mut queue: mpsc::Receiver<Entry>) {
    let mut waiting = Vec::with_capacity(limits::BATCH_ENTRIES_MAX);
    let mut link = None;
    while queue
        .recv_many(&mut waiting, limits::BATCH_ENTRIES_MAX)
        .await
        > 0
    {
        let started = Instant::now();
        metrics::histogram!("trunkline_store_batch_entries").record(waiting.len() as f64);
        commit(&pool, &mut link, std::mem::take(&mut waiting)).await;
        metrics::histogram!("trunkline_store_commit_seconds").record(started.elapsed());
    }
}

/// A connection and what has been prepared on it.
struct Writer {
    link: Link,
    batch: HashMap<usize, Prepared>,
    row: HashMap<usize, Prepared>,
}

/// Commits a batch. A lost or silent connection and a deadlock are tried again, a bad record is found by a replay.
///
/// A batch that was given up may have been committed after all: writing records again changes nothing.
async fn commit(pool: &Pool, writer: &mut Option<Writer>, entries: Vec<Entry>) {
    let mut pause = Duration::from_millis(limits::RETRY_PAUSE_MS);
    let mut tries = 0;
    loop {
        let failure = match within(limits::BATCH_MS_MAX, connected(pool, writer)).await {
            Ok(writer) => match within(limits::BATCH_MS_MAX, writer.write_batch(&entries)).await {
                Ok(()) => return entries.into_iter().for_each(|entry| entry.answer(Ok(()))),
                Err(error) if !error.is_retry() => {
                    match within(limits::REPLAY_MS_MAX, writer.replay(&entries)).await {
                        Ok(results) => return answer_each(entries, results),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            },
            Err(error) => error,
        };
        tries += 1;
        // A transaction may be open on it: nobody else may get this connection from the pool.
        if let Some(broken) = writer.take() {
            drop(Link::take(broken.link));
        }
        if tries > limits::RETRIES_MAX {
            return entries
                .into_iter()
                .for_each(|entry| entry.park(failure.again()));
        }
        tracing::warn!(error = %failure, tries, "a batch of records is written again");
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// Waits for `work` at most `limit_ms`; a server that does not answer counts as a lost connection.
async fn within<T>(
    limit_ms: u64,
    work: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    let done = tokio::time::timeout(Duration::from_millis(limit_ms), work).await;
    done.unwrap_or_else(|_| {
        Err(DbError::Retry {
            statement: "batch".to_owned(),
            detail: format!("no answer within {limit_ms} ms"),
        })
    })
}

async fn connected<'w>(
    pool: &Pool,
    writer: &'w mut Option<Writer>,
) -> Result<&'w mut Writer, DbError> {
    let ready = match writer.take() {
        Some(known) if !known.link.is_closed() => known,
        _ => Writer {
            link: pool
                .get()
                .await
                .map_err(|error| DbError::from_pool(&error))?,
            batch: HashMap::new(),
            row: HashMap::new(),
        },
    };
    Ok(writer.insert(ready))
}

fn answer_each(entries: Vec<Entry>, results: Vec<Result<(), DbError>>) {
    for (entry, result) in entries.into_iter().zip(results) {
        match result {
            Ok(()) => entry.answer(Ok(())),
            Err(error) => entry.park(error),
        }
    }
}

impl Writer {
    /// Sends `BEGIN`, a statement per kind and `COMMIT` without waiting in between. When one statement fails, the server
    /// turns the `COMMIT` into a rollback.
    async fn write_batch(&mut self, entries: &[Entry]) -> Result<(), DbError> {
        let batches = by_kind(entries);
        for batch in &batches {
            self.prepare(batch.kind).await?;
        }
        let mut statements = Vec::with_capacity(batches.len());
        for batch in &batches {
            statements.push((batch, arrays(batch)?));
        }
        let client: &tokio_postgres::Client = &self.link;
        let writes = statements.iter().map(|(batch, arrays)| {
            let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::borrowed).collect();
            let prepared = &self.batch[&address(batch.kind)];
            async move {
                let written = client.execute(prepared, &params).await;
                written
                    .map(drop)
                    .map_err(|error| DbError::from_postgres(batch.kind.name, &error))
            }
        });
        // The first poll of each future sends its message, in this order.
        let (begun, written, committed) = tokio::join!(biased; control(client, "BEGIN"), join_all(writes), control(client, "COMMIT"));
        begun?;
        written.into_iter().collect::<Result<(), _>>()?;
        committed
    }

    /// Writes entry by entry, each in a savepoint, so that a bad one costs only itself.
    async fn replay(&mut self, entries: &[Entry]) -> Result<Vec<Result<(), DbError>>, DbError> {
        for record in entries.iter().flat_map(|entry| &entry.records) {
            self.prepare(record.kind).await?;
        }
        let client: &tokio_postgres::Client = &self.link;
        control(client, "BEGIN").await?;
        let mut results = Vec::with_capacity(entries.len());
        for entry in entries {
            control(client, "SAVEPOINT entry").await?;
            let mut result = Ok(());
            for record in &entry.records {
                let prepared = &self.row[&address(record.kind)];
                let written = client.execute(prepared, &borrowed(&record.values)).await;
                result = written
                    .map(drop)
                    .map_err(|error| DbError::from_postgres(record.kind.name, &error));
                if result.is_err() {
                    break;
                }
            }
            match &result {
                Ok(()) => {}
                Err(error) if error.is_retry() => return Err(error.again()),
                Err(_) => control(client, "ROLLBACK TO entry").await?,
            }
            control(client, "RELEASE entry").await?;
            results.push(result);
        }
        control(client, "COMMIT").await?;
        Ok(results)
    }

    async fn prepare(&mut self, kind: &'static RecordKind) -> Result<(), DbError> {
        let address = address(kind);
        if self.batch.contains_key(&address) {
            return Ok(());
        }
        let named = |error| DbError::from_postgres(kind.name, &error);
        let batch = self
            .link
            .prepare(&for_postgres(&kind.batch_sql()))
            .await
            .map_err(named)?;
        let row = self
            .link
            .prepare(&for_postgres(&kind.row_sql()))
            .await
            .map_err(named)?;
        self.batch.insert(address, batch);
        self.row.insert(address, row);
        Ok(())
    }
}

fn arrays<'b>(batch: &'b KindBatch<'_>) -> Result<Vec<Array<'b>>, DbError> {
    let columns = batch.kind.columns.iter().enumerate();
    columns
        .map(|(at, (_, column))| Array::of(*column, at, &batch.rows))
        .collect()
}

fn address(kind: &'static RecordKind) -> usize {
    std::ptr::from_ref(kind) as usize
}

async fn control(client: &tokio_postgres::Client, sql: &str) -> Result<(), DbError> {
    client
        .batch_execute(sql)
        .await
        .map_err(|error| DbError::from_postgres(sql, &error))
}
