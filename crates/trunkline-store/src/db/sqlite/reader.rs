//! Reader threads: read-only connections that answer one query at a time, each under a time limit.
//!
//! Reads never touch the writer, so a slow report delays no assignment. Each query is its own short transaction: a long
//! one would keep the write-ahead log from being restarted. Look-ups that wait together may share one: after every commit
//! of the writer a transaction begins with an empty cache, and the look-ups of one call need the same pages.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::connection;
use crate::db::error::DbError;
use crate::db::limits;
use crate::db::row::Row;
use crate::db::statement::{Statement, Texts};
use crate::db::value::Val;

/// How many steps of SQLite's machine pass between two looks at the clock.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

pub(super) struct ReadJob {
    pub(super) statement: Statement,
    pub(super) args: Vec<Val>,
    pub(super) limit_ms: u64,
    pub(super) done: oneshot::Sender<Result<Vec<Row>, DbError>>,
}

type Jobs = Arc<Mutex<mpsc::Receiver<ReadJob>>>;

/// Starts `count` threads that share one queue; their names begin with `name`. A thread takes up to `together` waiting
/// jobs into one transaction.
pub(super) fn start(
    path: &Path,
    name: &str,
    count: usize,
    together: usize,
) -> Result<(mpsc::Sender<ReadJob>, Vec<JoinHandle<()>>), DbError> {
    let (sender, receiver) = mpsc::channel(limits::READ_QUEUE_MAX);
    let jobs: Jobs = Arc::new(Mutex::new(receiver));
    let mut threads = Vec::with_capacity(count);
    for number in 0..count {
        let mut conn = connection::open_reader(path)?;
        let jobs = Arc::clone(&jobs);
        let thread = std::thread::Builder::new()
            .name(format!("{name}-{number}"))
            .spawn(move || serve(&mut conn, &jobs, together))
            .map_err(|error| DbError::other("start reader thread", error))?;
        threads.push(thread);
    }
    Ok((sender, threads))
}

fn serve(conn: &mut Connection, jobs: &Jobs, together: usize) {
    let mut texts = Texts::sqlite();
    let mut taken = Vec::with_capacity(together);
    loop {
        // Whoever holds the lock waits for the next job; the others wait for the lock.
        let count = jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv_many(&mut taken, together);
        if count == 0 {
            return;
        }
        taken.retain(|job| !job.done.is_closed());
        // Should it fail, each look-up is a transaction of its own, and tells its own failure.
        let shared = taken.len() > 1 && conn.execute_batch("BEGIN").is_ok();
        let answers: Vec<_> = taken
            .drain(..)
            .map(|job| (read(conn, &mut texts, &job), job.done))
            .collect();
        if shared && let Err(error) = conn.execute_batch("ROLLBACK") {
            tracing::warn!(%error, "a shared read transaction was not open any more");
        }
        // All at once: who waits for several of them is woken once.
        for (answer, done) in answers {
            let _ = done.send(answer);
        }
    }
}

fn read(conn: &mut Connection, texts: &mut Texts, job: &ReadJob) -> Result<Vec<Row>, DbError> {
    let deadline = Instant::now() + Duration::from_millis(job.limit_ms);
    let over = move || Instant::now() >= deadline;
    let watch = conn.progress_handler(STEPS_BETWEEN_LOOKS, Some(over));
    watch.map_err(|error| DbError::from_sqlite(job.statement.name, &error))?;
    match connection::run(conn, texts, job.statement, &job.args) {
        Ok(result) => Ok(result.rows),
        Err(_) if over() => Err(DbError::TimedOut {
            statement: job.statement.name.to_owned(),
            limit_ms: job.limit_ms,
        }),
        Err(error) => Err(error),
    }
}
