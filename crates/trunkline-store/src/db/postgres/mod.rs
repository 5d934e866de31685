//! PostgreSQL: a pool of connections, and one task for the group commit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::NoTls;

use super::Lane;
use super::error::{DbError, with_causes};
use super::limits;
use super::record::Entry;
use super::row::Row;
use super::statement::{Statement, for_postgres};
use super::transaction::{Outcome, StepResult, Transaction};
use super::value::Val;

mod group;
mod side;
mod values;

pub(super) use side::Side;

type Pool = deadpool_postgres::Pool;
pub(super) type Link = deadpool_postgres::Object;

/// An open PostgreSQL database.
pub(super) struct Postgres {
    config: tokio_postgres::Config,
    pool: Pool,
    urgent: Pool,
    records: Mutex<Option<mpsc::Sender<Entry>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Postgres {
    /// Connects with at most `connections` connections, and `urgent` more for urgent reads, and starts the group commit.
    pub(super) fn open(
        config: tokio_postgres::Config,
        connections: usize,
        urgent: usize,
    ) -> Result<Self, DbError> {
        let pool = open_pool(&config, connections.max(2))?;
        let urgent = open_pool(&config, urgent.max(1))?;
        let (records, queue) = mpsc::channel(limits::WRITER_QUEUE_MAX);
        let writer = tokio::spawn(group::serve(pool.clone(), queue));
        Ok(Postgres {
            config,
            pool,
            urgent,
            records: Mutex::new(Some(records)),
            writer: Mutex::new(Some(writer)),
        })
    }

    pub(super) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// Hands an entry to the group commit, or refuses it at once when the queue is full.
    pub(super) fn enqueue(&self, entry: Entry) -> Result<(), DbError> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let records = records.as_ref().ok_or(DbError::Closed)?;
        records.try_send(entry).map_err(|error| match error {
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
        args: &[Val],
        limit_ms: u64,
    ) -> Result<Vec<Row>, DbError> {
        let link = match lane {
            Lane::Usual => self.link().await?,
            Lane::Urgent => link_of(&self.urgent).await?,
        };
        let read = run(&link, statement, args);
        match tokio::time::timeout(Duration::from_millis(limit_ms), read).await {
            Ok(result) => result.map(|result| result.rows),
            Err(_) => {
                // The server ends the statement by its own limit; this connection is not used again.
                drop(deadpool_postgres::Object::take(link));
                Err(DbError::TimedOut {
                    statement: statement.name.to_owned(),
                    limit_ms,
                })
            }
        }
    }

    pub(super) async fn link(&self) -> Result<Link, DbError> {
        link_of(&self.pool).await
    }

    /// Runs a transaction once; the caller decides about trying again.
    pub(super) async fn submit(&self, transaction: &Transaction) -> Result<Outcome, DbError> {
        let mut link = self.link().await?;
        let begun = link.transaction().await;
        let open = begun.map_err(|error| DbError::from_postgres("BEGIN", &error))?;
        let mut results = Vec::with_capacity(transaction.steps.len());
        for (index, step) in transaction.steps.iter().enumerate() {
            let prepared = open.prepare_cached(&for_postgres(step.statement.sql)).await;
            let prepared =
                prepared.map_err(|error| DbError::from_postgres(step.statement.name, &error))?;
            let result = run_prepared(&*open, step.statement, &prepared, &step.args).await?;
            if !step.expect.holds(result.count) {
                let rows = result.count;
                let undone = open.rollback().await;
                undone.map_err(|error| DbError::from_postgres("ROLLBACK", &error))?;
                return Ok(Outcome::Unexpected { index, rows });
            }
            results.push(result);
        }
        let committed = open.commit().await;
        committed.map_err(|error| DbError::from_postgres("COMMIT", &error))?;
        Ok(Outcome::Committed(results))
    }

    /// Waits until everything handed over so far is committed, and closes the connections.
    pub(super) async fn close(&self) {
        drop(
            self.records
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the group commit ended with a panic");
        }
        self.pool.close();
        self.urgent.close();
    }
}

/// A pool of connections, each with the time limit of statements.
fn open_pool(config: &tokio_postgres::Config, connections: usize) -> Result<Pool, DbError> {
    let mut limited = config.clone();
    let options = limited.get_options().unwrap_or_default().to_owned();
    limited.options(format!("{options} -c statement_timeout={}", limits::READ_MS_MAX).trim());
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(limited, NoTls, recycling))
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(Duration::from_millis(limits::CONNECTION_WAIT_MS_MAX)))
        .build()
        .map_err(|error| DbError::other("open connection pool", error))
}

async fn link_of(pool: &Pool) -> Result<Link, DbError> {
    pool.get().await.map_err(|error| DbError::from_pool(&error))
}

/// Runs one registered statement and collects what it returns.
pub(super) async fn run(
    link: &Link,
    statement: Statement,
    args: &[Val],
) -> Result<StepResult, DbError> {
    let prepared = link.prepare_cached(&for_postgres(statement.sql)).await;
    let prepared = prepared.map_err(|error| DbError::from_postgres(statement.name, &error))?;
    let client: &tokio_postgres::Client = link;
    run_prepared(client, statement, &prepared, args).await
}

async fn run_prepared(
    client: &impl tokio_postgres::GenericClient,
    statement: Statement,
    prepared: &tokio_postgres::Statement,
    args: &[Val],
) -> Result<StepResult, DbError> {
    let named = |error| DbError::from_postgres(statement.name, &error);
    let params = values::borrowed(args);
    if prepared.columns().is_empty() {
        let count = client.execute(prepared, &params).await.map_err(named)?;
        return Ok(StepResult {
            count,
            rows: Vec::new(),
        });
    }
    let rows = client.query(prepared, &params).await.map_err(named)?;
    let rows = values::rows(statement.name, &rows)?;
    Ok(StepResult {
        count: rows.len() as u64,
        rows,
    })
}

/// The configuration with limits, so that a network that goes silent is noticed. What the operator set is kept.
pub(super) fn bounded(mut config: tokio_postgres::Config) -> tokio_postgres::Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_millis(limits::CONNECT_MS_MAX));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_millis(limits::UNACKNOWLEDGED_MS_MAX));
    }
    let idle = Duration::from_millis(limits::KEEPALIVE_IDLE_MS);
    config.keepalives_idle(config.get_keepalives_idle().min(idle));
    config
}

/// A connection outside the pool and without a time limit for statements, for migrations and copies.
pub(super) async fn connect(
    config: &tokio_postgres::Config,
) -> Result<tokio_postgres::Client, DbError> {
    let connected = config.connect(NoTls).await;
    let (client, driver) =
        connected.map_err(|error| DbError::other("connect", with_causes(&error)))?;
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::warn!(%error, "a database connection was lost");
        }
    });
    Ok(client)
}
