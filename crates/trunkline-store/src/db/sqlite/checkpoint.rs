//! The checkpoint thread: moves the write-ahead log into the database file from a connection of its own.
//!
//! A checkpoint on the writer makes the slowest answers slow. A passive checkpoint waits for nobody, and for
//! that reason never reaches the end of the log while writing goes on; past a size it asks the writer to restart the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::connection;
use crate::db::error::DbError;
use crate::db::limits;

/// The running thread; dropping the sender ends it.
pub(super) struct Checkpoints {
    pub(super) stop: SyncSender<()>,
    pub(super) thread: JoinHandle<()>,
}

/// Starts the thread. It sets `restart_wanted` when the log has grown too large.
pub(super) fn start(path: &Path, restart_wanted: Arc<AtomicBool>) -> Result<Checkpoints, DbError> {
    let conn = connection::open_writer(path)?;
    let (stop, stopped) = sync_channel(0);
    let log = log_path(path);
    let page_bytes = conn
        .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))
        .map_err(|error| DbError::from_sqlite("pragma", &error))?;
    let thread = std::thread::Builder::new()
        .name("store-checkpoint".to_owned())
        .spawn(move || {
            serve(
                &conn,
                &log,
                u64::from(page_bytes),
                &stopped,
                &restart_wanted,
            );
        })
        .map_err(|error| DbError::other("start checkpoint thread", error))?;
    Ok(Checkpoints { stop, thread })
}

fn serve(
    conn: &Connection,
    log: &Path,
    page_bytes: u64,
    stopped: &Receiver<()>,
    restart_wanted: &AtomicBool,
) {
    let pause = Duration::from_millis(limits::CHECKPOINT_EVERY_MS);
    while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        let bytes = std::fs::metadata(log).map_or(0, |file| file.len());
        metrics::gauge!("trunkline_store_wal_bytes").set(bytes as f64);
        match frames(conn, "PASSIVE") {
            Ok((log_frames, _)) => {
                // The file keeps its size after a restart; what counts is how much of it is in use.
                if log_frames * page_bytes > limits::WAL_BYTES_MAX {
                    restart_wanted.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => tracing::warn!(%error, "passive checkpoint failed"),
        }
    }
}

/// Restarts the log from its beginning; run by the writer between two batches.
pub(super) fn restart(conn: &Connection) {
    move_all(conn, "RESTART");
}

/// Empties the log, so that the file alone is the whole database; run by the writer at its end. A reader that is still
/// busy then only keeps the log as it is.
pub(super) fn empty(conn: &Connection) {
    move_all(conn, "TRUNCATE");
}

fn move_all(conn: &Connection, mode: &str) {
    let brief = Duration::from_millis(limits::WAL_RESTART_MS_MAX);
    let usual = Duration::from_millis(limits::BUSY_MS_MAX);
    let result = conn.busy_timeout(brief).and_then(|()| frames(conn, mode));
    if let Err(error) = result.and_then(|_| conn.busy_timeout(usual)) {
        tracing::warn!(%error, "the write-ahead log could not be moved");
    }
}

/// Runs a checkpoint; returns the frames in the log and those already moved.
fn frames(conn: &Connection, mode: &str) -> rusqlite::Result<(u64, u64)> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let known = |at| {
            row.get::<_, i64>(at)
                .map(|frames| u64::try_from(frames).unwrap_or(0))
        };
        Ok((known(1)?, known(2)?))
    })
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
