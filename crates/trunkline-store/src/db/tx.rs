//! A control-plane transaction: statements one by one, with the program deciding in between.
//!
//! On SQLite it holds the only writer, so it is for settings and jobs, never for the request path: there a transaction is
//! submitted whole.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::SyncSender;

use tokio::sync::oneshot;

use super::error::DbError;
use super::postgres::{self, Link};
use super::row::Row;
use super::sqlite::TxStep;
use super::statement::Statement;
use super::transaction::StepResult;
use super::value::Val;

/// What the closure given to [`super::Db::tx`] returns.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = Result<T, DbError>> + Send + 't>>;

/// An open transaction.
pub struct Tx {
    on: On,
    failed: bool,
    abandoned: bool,
}

enum On {
    Sqlite(SyncSender<TxStep>),
    /// Emptied when the transaction has ended. Dropped before, the connection is closed and the server rolls back.
    Postgres(Option<Box<Link>>),
}

impl Tx {
    pub(super) fn on_sqlite(steps: SyncSender<TxStep>) -> Self {
        Self::new(On::Sqlite(steps))
    }

    pub(super) async fn on_postgres(link: Link) -> Result<Self, DbError> {
        let mut tx = Self::new(On::Postgres(Some(Box::new(link))));
        tx.control("BEGIN").await?;
        Ok(tx)
    }

    fn new(on: On) -> Self {
        Tx {
            on,
            failed: false,
            abandoned: false,
        }
    }

    /// Runs a statement; the number of rows it changed.
    ///
    /// # Errors
    /// As [`DbError`] says. After an error the transaction can only be rolled back.
    pub async fn execute(&mut self, statement: Statement, args: Vec<Val>) -> Result<u64, DbError> {
        Ok(self.run(statement, args).await?.count)
    }

    /// Runs a statement; the rows it returned.
    ///
    /// # Errors
    /// As for [`Tx::execute`].
    pub async fn query(
        &mut self,
        statement: Statement,
        args: Vec<Val>,
    ) -> Result<Vec<Row>, DbError> {
        Ok(self.run(statement, args).await?.rows)
    }

    /// Runs a statement that returns at most one row.
    ///
    /// # Errors
    /// As for [`Tx::execute`].
    pub async fn query_opt(
        &mut self,
        statement: Statement,
        args: Vec<Val>,
    ) -> Result<Option<Row>, DbError> {
        Ok(self.query(statement, args).await?.into_iter().next())
    }

    /// Rolls back at the end although the closure returns a value: for "no" answers, which are not errors.
    pub fn abandon(&mut self) {
        self.abandoned = true;
    }

    async fn run(&mut self, statement: Statement, args: Vec<Val>) -> Result<StepResult, DbError> {
        if self.failed {
            return Err(DbError::other(
                statement.name,
                "the transaction has already failed",
            ));
        }
        let result = match &self.on {
            On::Sqlite(steps) => {
                let (done, answer) = oneshot::channel();
                let sent = steps.try_send(TxStep::Run {
                    statement,
                    args,
                    done,
                });
                match sent {
                    Ok(()) => answer.await.unwrap_or(Err(DbError::Closed)),
                    Err(_) => Err(DbError::Closed),
                }
            }
            On::Postgres(Some(link)) => postgres::run(link, statement, &args).await,
            On::Postgres(None) => Err(DbError::Closed),
        };
        self.failed = result.is_err();
        result
    }

    /// Commits, or rolls back when a statement failed or the transaction was abandoned.
    pub(super) async fn end(mut self) -> Result<(), DbError> {
        if self.failed {
            return Err(DbError::other(
                "COMMIT",
                "the transaction has already failed",
            ));
        }
        if self.abandoned {
            return self.control("ROLLBACK").await;
        }
        self.control("COMMIT").await
    }

    async fn control(&mut self, sql: &'static str) -> Result<(), DbError> {
        match &mut self.on {
            On::Sqlite(_) if sql == "ROLLBACK" => Ok(()),
            On::Sqlite(steps) => {
                let (done, answer) = oneshot::channel();
                steps
                    .try_send(TxStep::Commit(done))
                    .map_err(|_| DbError::Closed)?;
                answer.await.unwrap_or(Err(DbError::Closed))
            }
            On::Postgres(link) => {
                let Some(open) = link.as_ref() else {
                    return Err(DbError::Closed);
                };
                let client: &tokio_postgres::Client = open;
                client
                    .batch_execute(sql)
                    .await
                    .map_err(|error| DbError::from_postgres(sql, &error))?;
                if sql != "BEGIN" {
                    // Back to the pool: nothing is open on it any more.
                    drop(link.take());
                }
                Ok(())
            }
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let On::Postgres(link) = &mut self.on
            && let Some(link) = link.take()
        {
            drop(Link::take(*link));
        }
    }
}
