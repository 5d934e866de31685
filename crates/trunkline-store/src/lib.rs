//! The store: the engine's ports over SQLite (one file, the default) and PostgreSQL.
//!
//! One set of migrations and of statements serves both engines, and one conformance story is run on both. The folder
//! [`db`] is the thin layer over the engines and knows nothing of the domain; beside it there is one file per port and
//! station, holding its statements, its record kinds, and how its rows become the engine's types. The store knows no
//! rules: it writes what it is told and reads what it is asked.
//!
//! To add a statement: put it into the `statements!` list of its station. To add a kind of record for the hot path:
//! declare a `RecordKind` and list it in [`schema`]. Tests prepare every one of them on both engines.
#![warn(missing_docs)]

use std::sync::Arc;

use trunkline_engine::ports::{PortError, PortResult};

mod access;
mod arrivals;
mod assignment;
mod call;
mod carriers;
mod checks;
mod configuration;
mod convert;
pub mod db;
mod distribution;
mod history;
mod labels;
mod lead;
mod ledger;
mod newest;
mod outbox;
mod past_calls;
mod past_visits;
mod routing;
pub mod schema;
mod screening;
pub mod seal;
mod sounds;
mod spool;
#[cfg(feature = "testing")]
pub mod testing;
mod trunks;
mod visitor;
mod webhooks;

pub use sounds::SoundFolder;
pub use spool::{FileSpool, SPOOL_BYTES_MAX};

use convert::{each, port_error};
use db::{Db, DbError, DbOptions, Expect, Location, Outcome, Row, Statement, Transaction, Val};
use seal::Sealer;

/// The engine's ports over one database. Clones share it.
#[derive(Clone)]
pub struct Store {
    db: Db,
    sealer: Arc<Sealer>,
}

impl Store {
    /// Opens a database, brings its schema up to date, and checks that `sealing_key` is the one its secrets are sealed with.
    ///
    /// # Errors
    /// When the database cannot be opened or the key is another installation's.
    pub async fn open(
        location: &Location,
        options: DbOptions,
        sealing_key: &[u8; seal::KEY_BYTES],
    ) -> Result<Self, DbError> {
        let store = Store {
            db: Db::open(location, options, schema::MIGRATIONS).await?,
            sealer: Arc::new(Sealer::new(sealing_key)?),
        };
        store.check_key().await?;
        Ok(store)
    }

    /// The same store for jobs and reports: its look-ups wait behind those that a call or a page waits for.
    #[must_use]
    pub fn patient(&self) -> Self {
        Store {
            db: self.db.patient(),
            sealer: Arc::clone(&self.sealer),
        }
    }

    /// The database below, for backup, copy and close.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Runs one statement that must change exactly one row.
    async fn put(&self, statement: Statement, values: Vec<Val>) -> PortResult<()> {
        self.change(statement, values, Expect::Rows(1))
            .await
            .map(drop)
    }

    /// Runs one statement; the number of rows it changed.
    async fn change(
        &self,
        statement: Statement,
        values: Vec<Val>,
        expect: Expect,
    ) -> PortResult<u64> {
        let transaction = Transaction::new().step(statement, values, expect);
        match self.db.submit(transaction).await.map_err(port_error)? {
            Outcome::Committed(results) => Ok(results.first().map_or(0, |result| result.count)),
            Outcome::Unexpected { rows, .. } => {
                let name = statement.name;
                Err(PortError::Failed(format!("{name}: changed {rows} rows")))
            }
        }
    }

    /// The row of a look-up that somebody waits for; see [`Db::read_urgent`].
    async fn one_urgent<T>(
        &self,
        statement: Statement,
        values: Vec<Val>,
        read: impl Fn(&Row) -> Result<T, DbError>,
    ) -> PortResult<Option<T>> {
        let found = self.many_urgent(statement, values, read).await?;
        Ok(found.into_iter().next())
    }

    /// The rows of a look-up that somebody waits for; see [`Db::read_urgent`].
    async fn many_urgent<T>(
        &self,
        statement: Statement,
        values: Vec<Val>,
        read: impl Fn(&Row) -> Result<T, DbError>,
    ) -> PortResult<Vec<T>> {
        let rows = self.db.read_urgent(statement, values).await;
        each(&rows.map_err(port_error)?, read).map_err(port_error)
    }

    async fn one<T>(
        &self,
        statement: Statement,
        values: Vec<Val>,
        read: impl Fn(&Row) -> Result<T, DbError>,
    ) -> PortResult<Option<T>> {
        let row = self
            .db
            .read_opt(statement, values)
            .await
            .map_err(port_error)?;
        row.as_ref().map(read).transpose().map_err(port_error)
    }

    async fn many<T>(
        &self,
        statement: Statement,
        values: Vec<Val>,
        read: impl Fn(&Row) -> Result<T, DbError>,
    ) -> PortResult<Vec<T>> {
        let rows = self.db.read(statement, values).await.map_err(port_error)?;
        each(&rows, read).map_err(port_error)
    }
}
