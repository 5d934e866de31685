//! The database layer: one thin shape over SQLite and PostgreSQL. Nothing of the domain is in this folder.
//!
//! - [`Db::read`] runs one statement on a reader and never waits for the writer; [`Db::read_urgent`] has readers of its
//!   own, for what a call or a page waits for.
//! - [`Db::submit`] runs a [`Transaction`] whole: statements with the number of rows each must change.
//! - [`Db::record`] puts rows of the hot path into the group commit and resolves after it; [`Db::record_behind`] does not wait.
//! - [`Db::tx`] is for settings and jobs, which decide between statements.
//!
//! SQL is written once ([`Statement`]) in the portable dialect, whose rules stand in the module [`statement`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

mod copy;
mod error;
pub mod limits;
mod migrate;
mod postgres;
mod record;
mod row;
mod sqlite;
pub mod statement;
mod transaction;
mod tx;
mod value;

pub use copy::{Copied, Table, copy};
pub use error::DbError;
pub use migrate::MigrationFile;
pub use record::{ColumnType, Record, RecordKind, Write};
pub use row::{ColumnRef, Row};
pub use statement::Statement;
pub use transaction::{Expect, Outcome, StepResult, Transaction};
pub use tx::{Tx, TxFuture};
pub use value::{FromVal, Val};

use record::Entry;

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file; it is created when missing.
    Sqlite(PathBuf),
    /// A server and a database on it.
    Postgres(Box<tokio_postgres::Config>),
}

impl Location {
    /// Reads `postgres://…`, `postgresql://…`, `sqlite:path` or a plain path.
    ///
    /// # Errors
    /// When a PostgreSQL address cannot be understood.
    pub fn parse(text: &str) -> Result<Self, DbError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let config = text.parse::<tokio_postgres::Config>();
            let config = config.map_err(|error| {
                DbError::other("read database address", error::with_causes(&error))
            })?;
            return Ok(Location::Postgres(Box::new(postgres::bounded(config))));
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"))
            .unwrap_or(text);
        Ok(Location::Sqlite(PathBuf::from(path)))
    }
}

/// How many connections to keep.
#[derive(Debug, Clone, Copy)]
pub struct DbOptions {
    /// Reader threads of SQLite.
    pub readers: usize,
    /// Connections to PostgreSQL.
    pub connections: usize,
    /// Reader threads of SQLite for urgent reads alone, beside the others.
    pub urgent_readers: usize,
    /// Connections to PostgreSQL for urgent reads alone, beside the others: each waits for the network.
    pub urgent_connections: usize,
}

impl Default for DbOptions {
    fn default() -> Self {
        DbOptions {
            readers: 4,
            connections: 16,
            urgent_readers: 2,
            urgent_connections: 4,
        }
    }
}

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    engine: Arc<Engine>,
    /// The readers of [`Db::read_urgent`].
    urgent: Lane,
}

/// Which readers a read waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Usual,
    Urgent,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Opens a database and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached, is open in another program (SQLite), or a migration fails.
    pub async fn open(
        location: &Location,
        options: DbOptions,
        migrations: &'static [MigrationFile],
    ) -> Result<Self, DbError> {
        let engine = match location {
            Location::Sqlite(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || {
                    let (readers, urgent) = (options.readers.max(1), options.urgent_readers.max(1));
                    sqlite::Sqlite::open(&path, readers, urgent, |conn| {
                        migrate::on_sqlite(conn, migrations)
                    })
                });
                Engine::Sqlite(
                    opened
                        .await
                        .map_err(|error| DbError::other("open", error))??,
                )
            }
            Location::Postgres(config) => {
                migrate::on_postgres(config, migrations).await?;
                Engine::Postgres(postgres::Postgres::open(
                    (**config).clone(),
                    options.connections,
                    options.urgent_connections,
                )?)
            }
        };
        Ok(Db {
            engine: Arc::new(engine),
            urgent: Lane::Urgent,
        })
    }

    /// The rows of one statement, within [`limits::READ_MS_MAX`].
    ///
    /// # Errors
    /// As [`DbError`] says; a full queue is refused at once.
    pub async fn read(&self, statement: Statement, args: Vec<Val>) -> Result<Vec<Row>, DbError> {
        self.read_within(statement, args, limits::READ_MS_MAX).await
    }

    /// The rows of one statement, within a time limit of its own (at most [`limits::READ_MS_MAX`] on PostgreSQL).
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn read_within(
        &self,
        statement: Statement,
        args: Vec<Val>,
        limit_ms: u64,
    ) -> Result<Vec<Row>, DbError> {
        self.read_on(Lane::Usual, statement, args, limit_ms).await
    }

    /// The same database for jobs and reports: nothing it reads is urgent.
    #[must_use]
    pub fn patient(&self) -> Self {
        Db {
            engine: Arc::clone(&self.engine),
            urgent: Lane::Usual,
        }
    }

    /// The rows of one statement that a call, a page or a sign-in waits for: lists and exports never stand before it.
    /// For look-ups by an index alone.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn read_urgent(
        &self,
        statement: Statement,
        args: Vec<Val>,
    ) -> Result<Vec<Row>, DbError> {
        self.read_on(self.urgent, statement, args, limits::READ_MS_MAX)
            .await
    }

    async fn read_on(
        &self,
        lane: Lane,
        statement: Statement,
        args: Vec<Val>,
        limit_ms: u64,
    ) -> Result<Vec<Row>, DbError> {
        match &*self.engine {
            Engine::Sqlite(db) => db.read(lane, statement, args, limit_ms).await,
            Engine::Postgres(db) => db.read(lane, statement, &args, limit_ms).await,
        }
    }

    /// The row of a statement that returns at most one.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn read_opt(
        &self,
        statement: Statement,
        args: Vec<Val>,
    ) -> Result<Option<Row>, DbError> {
        Ok(self.read(statement, args).await?.into_iter().next())
    }

    /// Runs a transaction whole. It is durable when this returns [`Outcome::Committed`].
    ///
    /// # Errors
    /// As [`DbError`] says; "try again" is tried again here, a few times.
    pub async fn submit(&self, transaction: Transaction) -> Result<Outcome, DbError> {
        match &*self.engine {
            Engine::Sqlite(db) => {
                let (done, answer) = oneshot::channel();
                db.enqueue(sqlite::Work::Submit(sqlite::Submit { transaction, done }))?;
                answer.await.map_err(|_| DbError::Closed)?
            }
            Engine::Postgres(db) => {
                let mut retry = Retry::new();
                loop {
                    match db.submit(&transaction).await {
                        Err(error) if retry.again(&error) => retry.pause().await,
                        result => return result,
                    }
                }
            }
        }
    }

    /// Puts records that belong together into the group commit. They are refused, or handed over in this call; the
    /// returned [`Recorded`] resolves after the commit.
    ///
    /// # Errors
    /// [`DbError::QueueFull`] at once when too much waits.
    pub fn record(&self, records: Vec<Record>) -> Result<Recorded, DbError> {
        let (done, answer) = oneshot::channel();
        self.record_then(records, move |result| {
            // A waiter that went away no longer wants to know.
            let _ = done.send(result);
        })?;
        Ok(Recorded(answer))
    }

    /// Puts records into the group commit; `done` is called after the commit, on the writer's own thread.
    ///
    /// # Errors
    /// As for [`Db::record`]; `done` is then not called.
    pub fn record_then(
        &self,
        records: Vec<Record>,
        done: impl FnOnce(Result<(), DbError>) + Send + Sync + 'static,
    ) -> Result<(), DbError> {
        self.enqueue(Entry {
            records,
            done: Some(Box::new(done)),
        })
    }

    /// Puts records into the group commit and does not wait. A failure is counted and logged.
    ///
    /// # Errors
    /// As for [`Db::record`].
    pub fn record_behind(&self, records: Vec<Record>) -> Result<(), DbError> {
        self.enqueue(Entry {
            records,
            done: None,
        })
    }

    fn enqueue(&self, entry: Entry) -> Result<(), DbError> {
        match &*self.engine {
            Engine::Sqlite(db) => db.enqueue(sqlite::Work::Records(entry)),
            Engine::Postgres(db) => db.enqueue(entry),
        }
    }

    /// Runs a control-plane transaction: `db.tx(|t| Box::pin(async move { … }))`. The closure may run more than once.
    ///
    /// # Errors
    /// What the closure returns, or the failure of the commit.
    pub async fn tx<T: Send>(
        &self,
        mut work: impl for<'t> FnMut(&'t mut Tx) -> TxFuture<'t, T> + Send,
    ) -> Result<T, DbError> {
        let mut retry = Retry::new();
        loop {
            let mut tx = self.begin().await?;
            let result = match work(&mut tx).await {
                Ok(value) => tx.end().await.map(|()| value),
                Err(error) => Err(error),
            };
            match result {
                Err(error) if retry.again(&error) => retry.pause().await,
                result => return result,
            }
        }
    }

    async fn begin(&self) -> Result<Tx, DbError> {
        match &*self.engine {
            Engine::Sqlite(db) => {
                let (steps, served) = std::sync::mpsc::sync_channel(1);
                db.enqueue(sqlite::Work::Serve(served))?;
                Ok(Tx::on_sqlite(steps))
            }
            Engine::Postgres(db) => Tx::on_postgres(db.link().await?).await,
        }
    }

    /// Writes a consistent copy of a SQLite database to a new file, while the program runs.
    ///
    /// # Errors
    /// When the file exists or cannot be written, and on PostgreSQL, which has its own tools for this.
    pub async fn backup(&self, to: &Path) -> Result<(), DbError> {
        match &*self.engine {
            Engine::Sqlite(db) => db.backup(to).await,
            Engine::Postgres(_) => Err(DbError::other(
                "backup",
                "use pg_dump for a PostgreSQL database",
            )),
        }
    }

    /// Waits until everything handed over so far is durable and ends all threads and connections.
    pub async fn close(&self) {
        match &*self.engine {
            Engine::Sqlite(db) => db.close().await,
            Engine::Postgres(db) => db.close().await,
        }
    }

    /// `sqlite` or `postgres`, for logs.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match &*self.engine {
            Engine::Sqlite(_) => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// A promise that is kept when records are durable.
#[derive(Debug)]
pub struct Recorded(oneshot::Receiver<Result<(), DbError>>);

impl Recorded {
    /// Waits for the commit.
    ///
    /// # Errors
    /// When the records could not be stored; they are then counted as parked.
    pub async fn durable(self) -> Result<(), DbError> {
        self.0.await.map_err(|_| DbError::Closed)?
    }
}

/// Bounded repetition with growing pauses.
struct Retry {
    left: u32,
    pause: Duration,
}

impl Retry {
    fn new() -> Self {
        Retry {
            left: limits::RETRIES_MAX,
            pause: Duration::from_millis(limits::RETRY_PAUSE_MS),
        }
    }

    fn again(&mut self, error: &DbError) -> bool {
        if !error.is_retry() || self.left == 0 {
            return false;
        }
        self.left -= 1;
        true
    }

    async fn pause(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause *= 2;
    }
}
