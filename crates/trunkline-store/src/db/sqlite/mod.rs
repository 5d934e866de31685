//! SQLite: one writer thread, some reader threads and a checkpoint thread, all over one file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode, InterruptHandle};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::Lane;
use super::error::DbError;
use super::limits;
use super::row::Row;
use super::statement::Statement;
use super::value::Val;

mod checkpoint;
mod connection;
mod reader;
mod side;
mod values;
mod writer;

pub(super) use side::Side;
pub(super) use writer::{Submit, TxStep, Work};

/// An open SQLite database.
pub(super) struct Sqlite {
    path: PathBuf,
    work: mpsc::Sender<Work>,
    reads: mpsc::Sender<reader::ReadJob>,
    urgent: mpsc::Sender<reader::ReadJob>,
    threads: Mutex<Option<Threads>>,
    /// Held as long as the database is open; a second program is refused.
    _lock: File,
}

struct Threads {
    writer: JoinHandle<()>,
    checkpoints: checkpoint::Checkpoints,
}

impl Sqlite {
    /// Opens (and creates) the file, brings the schema up to date with `migrate`, and starts the threads.
    pub(super) fn open(
        path: &Path,
        readers: usize,
        urgent: usize,
        migrate: impl FnOnce(&mut Connection) -> Result<(), DbError>,
    ) -> Result<Self, DbError> {
        let lock = lock(path)?;
        let mut conn = connection::open_writer(path)?;
        migrate(&mut conn)?;
        let restart_wanted = Arc::new(AtomicBool::new(false));
        let (reads, _) = reader::start(path, "store-read", readers, 1)?;
        let (urgent, _) = reader::start(path, "store-urgent", urgent, limits::URGENT_TOGETHER_MAX)?;
        let checkpoints = checkpoint::start(path, Arc::clone(&restart_wanted))?;
        let (work, queue) = mpsc::channel(limits::WRITER_QUEUE_MAX);
        let runtime = Handle::current();
        let writer = std::thread::Builder::new()
            .name("store-write".to_owned())
            .spawn(move || writer::serve(&conn, runtime, queue, &restart_wanted))
            .map_err(|error| DbError::other("start writer thread", error))?;
        Ok(Sqlite {
            path: path.to_owned(),
            work,
            reads,
            urgent,
            threads: Mutex::new(Some(Threads {
                writer,
                checkpoints,
            })),
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Hands work to the writer, or refuses it at once when the queue is full.
    pub(super) fn enqueue(&self, work: Work) -> Result<(), DbError> {
        self.work.try_send(work).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                metrics::counter!("trunkline_store_queue_full_total").increment(1);
                DbError::QueueFull { queue: "writer" }
            }
            mpsc::error::TrySendError::Closed(_) => DbError::Closed,
        })
    }

    pub(super) async fn read(
        &self,
        lane: Lane,
        statement: Statement,
        args: Vec<Val>,
        limit_ms: u64,
    ) -> Result<Vec<Row>, DbError> {
        let (done, answer) = oneshot::channel();
        let job = reader::ReadJob {
            statement,
            args,
            limit_ms,
            done,
        };
        let queue = match lane {
            Lane::Usual => &self.reads,
            Lane::Urgent => &self.urgent,
        };
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => DbError::QueueFull { queue: "reads" },
            mpsc::error::TrySendError::Closed(_) => DbError::Closed,
        })?;
        answer.await.map_err(|_| DbError::Closed)?
    }

    /// Waits until everything handed over so far is on the disk, and ends the threads.
    pub(super) async fn close(&self) {
        // `send` waits for a place, which is right here: what is queued must be written.
        let _ = self.work.send(Work::Stop).await;
        let threads = self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(threads) = threads else { return };
        let joined = tokio::task::spawn_blocking(move || {
            let Threads {
                writer,
                checkpoints,
            } = threads;
            let checkpoint::Checkpoints { stop, thread } = checkpoints;
            drop(stop);
            (writer.join(), thread.join())
        });
        if !matches!(joined.await, Ok((Ok(()), Ok(())))) {
            tracing::error!("a thread of the database ended with a panic");
        }
    }

    /// Writes a consistent copy of the whole database to a new file. A copy that nobody waits for any more is broken
    /// off, so that it delays no end of the program.
    pub(super) async fn backup(&self, to: &Path) -> Result<(), DbError> {
        let (from, to) = (self.path.clone(), to.to_owned());
        let opened = tokio::task::spawn_blocking(move || connection::open_writer(&from));
        let broken = |error: tokio::task::JoinError| DbError::other("backup", error);
        let conn = opened.await.map_err(broken)??;
        let _broken_off = BreakOff(conn.get_interrupt_handle());
        let copied = tokio::task::spawn_blocking(move || {
            let target = to.to_string_lossy().into_owned();
            let run = conn.execute("VACUUM INTO ?1", [target]);
            if let Err(error) = &run
                && error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
            {
                // Half a copy must not be taken for a whole one.
                let _ = std::fs::remove_file(&to);
            }
            run.map(drop)
                .map_err(|error| DbError::from_sqlite("backup", &error))
        });
        copied.await.map_err(broken)?
    }
}

/// Breaks off what its connection does when it is dropped.
struct BreakOff(InterruptHandle);

impl Drop for BreakOff {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

fn lock(path: &Path) -> Result<File, DbError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::create(&name)
        .map_err(|error| DbError::other(format!("open {}", path.display()), error))?;
    file.try_lock().map_err(|_| {
        DbError::other(
            format!("open {}", path.display()),
            "another program has this database open",
        )
    })?;
    Ok(file)
}
