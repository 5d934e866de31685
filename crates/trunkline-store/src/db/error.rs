//! What can go wrong between the program and its database, sorted by what the caller may do about it.

/// A failure of the database layer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique, foreign-key or check constraint said no. Trying again changes nothing.
    #[error("{statement}: conflict with an existing row: {detail}")]
    Conflict {
        /// The name of the statement.
        statement: String,
        /// The engine's own words.
        detail: String,
    },
    /// Two transactions met (PostgreSQL 40001 and 40P01, SQLite `BUSY`) or the connection was lost. Trying again may help.
    #[error("{statement}: try again: {detail}")]
    Retry {
        /// The name of the statement.
        statement: String,
        /// The engine's own words.
        detail: String,
    },
    /// The named queue is full. Nothing was stored.
    #[error("the queue {queue} is full")]
    QueueFull {
        /// The name of the queue.
        queue: &'static str,
    },
    /// A read went over its time limit and was ended.
    #[error("{statement}: ended after {limit_ms} ms")]
    TimedOut {
        /// The name of the statement.
        statement: String,
        /// The limit.
        limit_ms: u64,
    },
    /// A column was missing or held another kind of value.
    #[error("column {column}: expected {expected}, found {found}")]
    Column {
        /// The column as the caller named it.
        column: String,
        /// The kind that was asked for.
        expected: &'static str,
        /// The kind that was there.
        found: &'static str,
    },
    /// The database has been closed.
    #[error("the database is closed")]
    Closed,
    /// Everything else: disk full, syntax, a lost server, a broken file.
    #[error("{statement}: {detail}")]
    Other {
        /// The name of the statement or of the work.
        statement: String,
        /// The engine's own words.
        detail: String,
    },
}

impl DbError {
    /// A failure that belongs to no other kind.
    pub fn other(statement: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        DbError::Other {
            statement: statement.into(),
            detail: detail.to_string(),
        }
    }

    /// Whether running the same transaction again may succeed.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self, DbError::Retry { .. })
    }

    /// Whether a constraint refused the row.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, DbError::Conflict { .. })
    }

    /// The same failure for another waiter of the same batch.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            DbError::Conflict { statement, detail } => DbError::Conflict {
                statement: statement.clone(),
                detail: detail.clone(),
            },
            DbError::Retry { statement, detail } => DbError::Retry {
                statement: statement.clone(),
                detail: detail.clone(),
            },
            DbError::QueueFull { queue } => DbError::QueueFull { queue },
            DbError::Closed => DbError::Closed,
            other => DbError::other("batch", other),
        }
    }

    pub(super) fn from_sqlite(statement: &str, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let statement = statement.to_owned();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => DbError::Conflict { statement, detail },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                DbError::Retry { statement, detail }
            }
            _ => DbError::Other { statement, detail },
        }
    }

    pub(super) fn from_postgres(statement: &str, error: &tokio_postgres::Error) -> Self {
        let statement = statement.to_owned();
        let Some(db) = error.as_db_error() else {
            let detail = with_causes(error);
            return if error.is_closed() {
                DbError::Retry { statement, detail }
            } else {
                DbError::Other { statement, detail }
            };
        };
        let detail = format!("{} ({})", db.message(), db.code().code());
        match db.code().code() {
            "40001" | "40P01" | "57P01" | "57P02" | "57P03" | "53300" => {
                DbError::Retry { statement, detail }
            }
            "57014" => DbError::TimedOut {
                statement,
                limit_ms: super::limits::READ_MS_MAX,
            },
            code if code.starts_with("23") => DbError::Conflict { statement, detail },
            _ => DbError::Other { statement, detail },
        }
    }

    pub(super) fn from_pool(error: &deadpool_postgres::PoolError) -> Self {
        let statement = "connect".to_owned();
        match error {
            deadpool_postgres::PoolError::Timeout(_) => DbError::QueueFull {
                queue: "postgres connections",
            },
            deadpool_postgres::PoolError::Backend(cause) => DbError::Retry {
                statement,
                detail: with_causes(cause),
            },
            other => DbError::Other {
                statement,
                detail: other.to_string(),
            },
        }
    }
}

/// The message with those of its causes, which is where tokio-postgres keeps the useful part.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
