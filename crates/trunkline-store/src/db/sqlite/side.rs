//! One side of a copy between databases: a transaction of its own over a SQLite file.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::connection;
use crate::db::error::DbError;
use crate::db::row::Row;
use crate::db::statement::for_sqlite;
use crate::db::value::Val;

/// An open transaction. Dropped without [`Side::commit`], it leaves nothing behind.
pub(in crate::db) struct Side {
    conn: Arc<Mutex<Connection>>,
}

impl Side {
    /// For reading: what it sees does not change while it is open.
    pub(in crate::db) fn source(path: &Path) -> Result<Self, DbError> {
        Self::begin(connection::open_reader(path)?, "BEGIN")
    }

    /// For writing.
    pub(in crate::db) fn target(path: &Path) -> Result<Self, DbError> {
        Self::begin(connection::open_writer(path)?, "BEGIN IMMEDIATE")
    }

    fn begin(conn: Connection, begin: &str) -> Result<Self, DbError> {
        conn.execute_batch(begin)
            .map_err(|error| DbError::from_sqlite(begin, &error))?;
        Ok(Side {
            conn: Arc::new(Mutex::new(conn)),
        })
    }

    /// Names of the columns of a table, in order.
    pub(in crate::db) const COLUMNS: &'static str =
        "SELECT name, type FROM pragma_table_info($1) ORDER BY name";

    pub(in crate::db) async fn rows(&self, sql: &str, args: Vec<Val>) -> Result<Vec<Row>, DbError> {
        let sql = for_sqlite(sql);
        self.with(move |conn| Ok(connection::run_text(conn, &sql, &args)?.rows))
            .await
    }

    pub(in crate::db) async fn insert(
        &self,
        table: &str,
        columns: &[String],
        rows: Vec<Row>,
    ) -> Result<(), DbError> {
        let marks: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            columns.join(", "),
            marks.join(", ")
        );
        self.with(move |conn| {
            let mut insert = conn.prepare_cached(&sql)?;
            for row in &rows {
                insert.execute(rusqlite::params_from_iter(row.values()))?;
            }
            Ok(())
        })
        .await
    }

    pub(in crate::db) async fn commit(self) -> Result<(), DbError> {
        self.with(|conn| conn.execute_batch("COMMIT")).await
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let conn = Arc::clone(&self.conn);
        let done = tokio::task::spawn_blocking(move || {
            let conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
            work(&conn).map_err(|error| DbError::from_sqlite("copy", &error))
        });
        done.await.map_err(|error| DbError::other("copy", error))?
    }
}
