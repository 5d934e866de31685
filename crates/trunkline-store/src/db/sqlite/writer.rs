//! The writer thread: the only connection that writes, and the group commit.
//!
//! Records and submitted transactions that wait are put into one `BEGIN IMMEDIATE … COMMIT`; each gets its answer after
//! that commit. A control-plane transaction takes the writer for itself and sends its statements one by one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::{checkpoint, connection};
use crate::db::error::DbError;
use crate::db::limits;
use crate::db::record::{Entry, Record, RecordKind};
use crate::db::statement::{Statement, Texts, for_sqlite};
use crate::db::transaction::{Outcome, StepResult, Transaction};
use crate::db::value::Val;

/// Something for the writer to do.
pub(in crate::db) enum Work {
    /// Records: part of the next group commit.
    Records(Entry),
    /// A transaction submitted whole: part of the next group commit, in a savepoint of its own.
    Submit(Submit),
    /// A control-plane transaction: the writer serves it alone until it ends.
    Serve(Receiver<TxStep>),
    /// End the thread after everything before this.
    Stop,
}

/// A submitted transaction and its waiter.
pub(in crate::db) struct Submit {
    pub(in crate::db) transaction: Transaction,
    pub(in crate::db) done: oneshot::Sender<Result<Outcome, DbError>>,
}

/// A step of a control-plane transaction. When the sender goes away, the transaction is rolled back.
pub(in crate::db) enum TxStep {
    Run {
        statement: Statement,
        args: Vec<Val>,
        done: oneshot::Sender<Result<StepResult, DbError>>,
    },
    Commit(oneshot::Sender<Result<(), DbError>>),
}

/// Serves the queue until it is closed or [`Work::Stop`] arrives.
pub(super) fn serve(
    conn: &Connection,
    runtime: Handle,
    mut queue: mpsc::Receiver<Work>,
    restart_wanted: &Arc<AtomicBool>,
) {
    let mut writer = Writer {
        conn,
        texts: Texts::sqlite(),
        runtime,
        kinds: HashMap::new(),
    };
    let mut waiting = Vec::with_capacity(limits::BATCH_ENTRIES_MAX);
    let mut pace = Pace::new();
    while queue.blocking_recv_many(&mut waiting, limits::BATCH_ENTRIES_MAX) > 0 {
        if pace.is_busy(Instant::now()) {
            gather(&mut queue, &mut waiting);
        }
        pace.count(waiting.len());
        if !writer.work_through(waiting.drain(..)) {
            break;
        }
        if restart_wanted.swap(false, Ordering::Relaxed) {
            checkpoint::restart(conn);
        }
    }
    checkpoint::empty(conn);
}

/// Lets more come before a group is committed. Each commit writes the last page of every tree and index it adds to and
/// waits for the disk, whether it carries ten entries or hundreds.
fn gather(queue: &mut mpsc::Receiver<Work>, waiting: &mut Vec<Work>) {
    if waiting.len() < limits::BATCH_ENTRIES_MAX {
        std::thread::sleep(Duration::from_micros(limits::GATHER_US));
    }
    while waiting.len() < limits::BATCH_ENTRIES_MAX
        && let Ok(more) = queue.try_recv()
    {
        waiting.push(more);
    }
}

/// How much came lately, which decides whether to gather. One client that writes one entry after the other is never
/// made to wait: its groups hold one entry each.
struct Pace {
    since: Instant,
    groups: usize,
    entries: usize,
    busy: bool,
}

impl Pace {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            groups: 0,
            entries: 0,
            busy: false,
        }
    }

    fn is_busy(&mut self, now: Instant) -> bool {
        let seconds = now.duration_since(self.since).as_secs_f64();
        if seconds * 1e3 >= limits::PACE_MS {
            let crowded = self.entries as f64 >= self.groups as f64 * limits::GATHER_FROM_CROWD;
            let many = self.entries as f64 >= seconds * limits::GATHER_FROM_PER_SECOND;
            *self = Self {
                since: now,
                groups: 0,
                entries: 0,
                busy: crowded && many,
            };
        }
        self.busy
    }

    const fn count(&mut self, entries: usize) {
        self.groups += 1;
        self.entries += entries;
    }
}

struct Writer<'c> {
    conn: &'c Connection,
    texts: Texts,
    /// Where waiters are answered.
    runtime: Handle,
    /// The statement of each record kind, by the address of the kind.
    kinds: HashMap<usize, rusqlite::Statement<'c>>,
}

/// What the group commit is made of.
enum Item {
    Records(Entry),
    Submit(Submit),
}

/// An item that was carried out and waits for the commit.
enum Carried {
    Records(Entry),
    Submit(Submit, Result<Outcome, DbError>),
}

impl From<Carried> for Item {
    fn from(carried: Carried) -> Self {
        match carried {
            Carried::Records(entry) => Item::Records(entry),
            Carried::Submit(submit, _) => Item::Submit(submit),
        }
    }
}

impl<'c> Writer<'c> {
    /// Commits in the order of arrival; false when the thread shall end.
    fn work_through(&mut self, waiting: impl Iterator<Item = Work>) -> bool {
        let mut group = Vec::new();
        for work in waiting {
            match work {
                Work::Records(entry) => group.push(Item::Records(entry)),
                Work::Submit(submit) => group.push(Item::Submit(submit)),
                Work::Serve(steps) => {
                    self.commit(std::mem::take(&mut group));
                    self.serve_transaction(&steps);
                }
                Work::Stop => {
                    self.commit(group);
                    return false;
                }
            }
        }
        self.commit(group);
        true
    }

    fn commit(&mut self, group: Vec<Item>) {
        if group.is_empty() {
            return;
        }
        let started = Instant::now();
        metrics::histogram!("trunkline_store_batch_entries").record(group.len() as f64);
        match self.begin() {
            Ok(()) => match self.carry_out(group) {
                Ok(carried) => self.finish(carried),
                Err(group) => self.replay(group),
            },
            Err(error) => group.into_iter().for_each(|item| refuse(item, &error)),
        }
        metrics::histogram!("trunkline_store_commit_seconds").record(started.elapsed());
    }

    /// The fast path: no savepoint around records. Gives the group back, rolled back, when a record fails.
    fn carry_out(&mut self, group: Vec<Item>) -> Result<Vec<Carried>, Vec<Item>> {
        let mut carried = Vec::with_capacity(group.len());
        let mut items = group.into_iter();
        while let Some(item) = items.next() {
            match item {
                Item::Records(entry) => {
                    let written = self.write(&entry.records);
                    carried.push(Carried::Records(entry));
                    if written.is_err() {
                        self.rollback();
                        return Err(carried.into_iter().map(Item::from).chain(items).collect());
                    }
                }
                Item::Submit(submit) => {
                    carried.push(self.carry_out_submit(submit));
                    if self.is_lost() {
                        return Err(carried.into_iter().map(Item::from).chain(items).collect());
                    }
                }
            }
        }
        Ok(carried)
    }

    /// The slow path after a failure: each entry in a savepoint, the bad ones parked.
    fn replay(&mut self, group: Vec<Item>) {
        if let Err(error) = self.begin() {
            group.into_iter().for_each(|item| refuse(item, &error));
            return;
        }
        let mut carried = Vec::with_capacity(group.len());
        for item in group {
            if self.is_lost() {
                refuse(
                    item,
                    &DbError::other("batch", "the transaction was ended by the engine"),
                );
                continue;
            }
            match item {
                Item::Records(entry) => {
                    match self.in_savepoint(|writer| writer.write(&entry.records), |()| true) {
                        Ok(()) => carried.push(Carried::Records(entry)),
                        Err(error) => entry.park(error),
                    }
                }
                Item::Submit(submit) => carried.push(self.carry_out_submit(submit)),
            }
        }
        self.finish(carried);
    }

    fn carry_out_submit(&mut self, submit: Submit) -> Carried {
        let outcome = self.in_savepoint(
            |writer| writer.run_steps(&submit.transaction),
            Outcome::is_committed,
        );
        Carried::Submit(submit, outcome)
    }

    fn run_steps(&mut self, transaction: &Transaction) -> Result<Outcome, DbError> {
        let mut results = Vec::with_capacity(transaction.steps.len());
        for (index, step) in transaction.steps.iter().enumerate() {
            let result = connection::run(self.conn, &mut self.texts, step.statement, &step.args)?;
            if !step.expect.holds(result.count) {
                let rows = result.count;
                return Ok(Outcome::Unexpected { index, rows });
            }
            results.push(result);
        }
        Ok(Outcome::Committed(results))
    }

    fn write(&mut self, records: &[Record]) -> Result<(), DbError> {
        for record in records {
            let named = |error| DbError::from_sqlite(record.kind.name, &error);
            let statement = self.prepared(record.kind)?;
            for (at, value) in record.values.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, value).map_err(named)?;
            }
            statement.raw_execute().map_err(named)?;
        }
        Ok(())
    }

    fn prepared(
        &mut self,
        kind: &'static RecordKind,
    ) -> Result<&mut rusqlite::Statement<'c>, DbError> {
        use std::collections::hash_map::Entry as Slot;
        let address = std::ptr::from_ref(kind) as usize;
        match self.kinds.entry(address) {
            Slot::Occupied(known) => Ok(known.into_mut()),
            Slot::Vacant(new) => {
                let prepared = self.conn.prepare(&for_sqlite(&kind.row_sql()));
                Ok(new.insert(prepared.map_err(|error| DbError::from_sqlite(kind.name, &error))?))
            }
        }
    }

    /// Commits and has everybody answered.
    fn finish(&mut self, carried: Vec<Carried>) {
        let committed = self.control("COMMIT");
        if committed.is_err() {
            self.rollback();
        }
        // Inside the runtime a waiter is woken without a system call, and the writer is free for the next group.
        self.runtime
            .spawn(async move { answer(carried, &committed) });
    }

    /// Runs `work` in a savepoint, which is undone on an error or when the result is not worth keeping.
    fn in_savepoint<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, DbError>,
        keep: impl FnOnce(&T) -> bool,
    ) -> Result<T, DbError> {
        self.control("SAVEPOINT entry")?;
        let result = work(self);
        if !result.as_ref().is_ok_and(keep) {
            self.control("ROLLBACK TO entry")?;
        }
        self.control("RELEASE entry")?;
        result
    }

    /// Lets one control-plane transaction run its statements until it commits, goes away or falls silent.
    fn serve_transaction(&mut self, steps: &Receiver<TxStep>) {
        let begun = self.begin();
        let idle = Duration::from_millis(limits::TX_IDLE_MS_MAX);
        loop {
            match steps.recv_timeout(idle) {
                Ok(TxStep::Run {
                    statement,
                    args,
                    done,
                }) => {
                    let result = match &begun {
                        Ok(()) => connection::run(self.conn, &mut self.texts, statement, &args),
                        Err(error) => Err(error.again()),
                    };
                    let _ = done.send(result);
                }
                Ok(TxStep::Commit(done)) => {
                    let committed = begun.and_then(|()| self.control("COMMIT"));
                    if committed.is_err() {
                        self.rollback();
                    }
                    let _ = done.send(committed);
                    return;
                }
                Err(silence) => {
                    if silence == RecvTimeoutError::Timeout {
                        tracing::warn!("a transaction kept the writer waiting and was rolled back");
                    }
                    self.rollback();
                    return;
                }
            }
        }
    }

    /// Whether SQLite has ended the transaction by itself, as it does when the disk is full; what is written then would be
    /// a transaction of its own.
    fn is_lost(&self) -> bool {
        self.conn.is_autocommit()
    }

    fn begin(&self) -> Result<(), DbError> {
        self.control("BEGIN IMMEDIATE")
    }

    fn rollback(&self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::error!(%error, "rollback failed");
        }
    }

    fn control(&self, sql: &'static str) -> Result<(), DbError> {
        let run = || self.conn.prepare_cached(sql)?.execute([]);
        run()
            .map(drop)
            .map_err(|error| DbError::from_sqlite(sql, &error))
    }
}

fn answer(carried: Vec<Carried>, committed: &Result<(), DbError>) {
    let again = || committed.as_ref().copied().map_err(DbError::again);
    for item in carried {
        match item {
            Carried::Records(entry) => entry.answer(again()),
            Carried::Submit(submit, outcome) => {
                let _ = submit
                    .done
                    .send(outcome.and_then(|outcome| again().map(|()| outcome)));
            }
        }
    }
}

fn refuse(item: Item, error: &DbError) {
    match item {
        Item::Records(entry) => entry.park(error.again()),
        Item::Submit(submit) => {
            let _ = submit.done.send(Err(error.again()));
        }
    }
}
