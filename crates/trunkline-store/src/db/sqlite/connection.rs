//! One SQLite connection: how it is opened, and how it runs a statement.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::values;
use crate::db::error::DbError;
use crate::db::limits;
use crate::db::row::Row;
use crate::db::statement::{Statement, Texts};
use crate::db::transaction::StepResult;
use crate::db::value::Val;

/// A connection that may write. Every commit is on the disk before it returns; checkpoints are somebody else's work.
pub(super) fn open_writer(path: &Path) -> Result<Connection, DbError> {
    let conn = open(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    // Larger pages than usual: a group commit writes fewer of them. It counts for a new file only.
    // A small cache: while the file is below 1 GiB, each commit walks the whole of it (SQLite moves pages by way of a page
    // number at 1 GiB and afterwards drops everything above the end of the file).
    let pragmas = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; \
                   PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;";
    run_pragmas(&conn, pragmas)?;
    Ok(conn)
}

/// A connection that can only read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, DbError> {
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    run_pragmas(
        &conn,
        "PRAGMA query_only = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(conn)
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, DbError> {
    let open = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(Duration::from_millis(limits::BUSY_MS_MAX))?;
        conn.set_prepared_statement_cache_capacity(limits::PREPARED_MAX);
        // Keep the plan of a prepared statement. Without this, SQLite with STAT4 prepares a statement anew
        // whenever a value of its WHERE clause changes.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(conn)
    };
    open().map_err(|error| DbError::other(format!("open {}", path.display()), error))
}

fn run_pragmas(conn: &Connection, pragmas: &str) -> Result<(), DbError> {
    conn.execute_batch(pragmas)
        .map_err(|error| DbError::from_sqlite("pragma", &error))
}

/// Runs one registered statement and collects what it returns.
pub(super) fn run(
    conn: &Connection,
    texts: &mut Texts,
    statement: Statement,
    args: &[Val],
) -> Result<StepResult, DbError> {
    run_text(conn, texts.of(statement), args)
        .map_err(|error| DbError::from_sqlite(statement.name, &error))
}

/// Runs one SQL text with `?1` placeholders.
pub(super) fn run_text(conn: &Connection, sql: &str, args: &[Val]) -> rusqlite::Result<StepResult> {
    let mut prepared = conn.prepare_cached(sql)?;
    if prepared.column_count() == 0 {
        let count = prepared.execute(rusqlite::params_from_iter(args))? as u64;
        return Ok(StepResult {
            count,
            rows: Vec::new(),
        });
    }
    let names: Arc<[String]> = prepared.column_names().map(str::to_owned).collect();
    let mut rows = Vec::new();
    let mut cursor = prepared.query(rusqlite::params_from_iter(args))?;
    while let Some(row) = cursor.next()? {
        let read = (0..names.len()).map(|at| values::read(row.get_ref(at)?));
        rows.push(Row::new(
            Arc::clone(&names),
            read.collect::<rusqlite::Result<_>>()?,
        ));
    }
    Ok(StepResult {
        count: rows.len() as u64,
        rows,
    })
}
