//! One side of a copy between databases: a transaction of its own over a PostgreSQL connection.

use std::pin::pin;

use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::values;
use crate::db::error::DbError;
use crate::db::row::Row;
use crate::db::value::Val;

/// An open transaction. Dropped without [`Side::commit`], it leaves nothing behind.
pub(in crate::db) struct Side {
    client: Client,
}

impl Side {
    /// For reading: what it sees does not change while it is open.
    pub(in crate::db) async fn source(config: &tokio_postgres::Config) -> Result<Self, DbError> {
        Self::begin(config, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    /// For writing.
    pub(in crate::db) async fn target(config: &tokio_postgres::Config) -> Result<Self, DbError> {
        Self::begin(config, "BEGIN").await
    }

    async fn begin(config: &tokio_postgres::Config, begin: &str) -> Result<Self, DbError> {
        let client = super::connect(config).await?;
        client
            .batch_execute(begin)
            .await
            .map_err(|error| DbError::from_postgres(begin, &error))?;
        Ok(Side { client })
    }

    /// Names of the columns of a table.
    pub(in crate::db) const COLUMNS: &'static str = "SELECT CAST(column_name AS TEXT) AS name, \
         CAST(data_type AS TEXT) AS type FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY column_name COLLATE \"C\"";

    pub(in crate::db) async fn rows(&self, sql: &str, args: Vec<Val>) -> Result<Vec<Row>, DbError> {
        let rows = self.client.query(sql, &values::borrowed(&args)).await;
        values::rows("copy", &rows.map_err(failed)?)
    }

    pub(in crate::db) async fn insert(
        &self,
        table: &str,
        columns: &[String],
        rows: Vec<Row>,
    ) -> Result<(), DbError> {
        let columns = columns.join(", ");
        let types = self.types(table, &columns).await?;
        let copy = format!("COPY {table} ({columns}) FROM STDIN BINARY");
        let sink = self.client.copy_in(&copy).await.map_err(failed)?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in &rows {
            writer
                .as_mut()
                .write(&values::borrowed(row.values()))
                .await
                .map_err(failed)?;
        }
        writer.finish().await.map(drop).map_err(failed)
    }

    async fn types(&self, table: &str, columns: &str) -> Result<Vec<Type>, DbError> {
        let probe = format!("SELECT {columns} FROM {table}");
        let prepared = self.client.prepare(&probe).await.map_err(failed)?;
        Ok(prepared
            .columns()
            .iter()
            .map(|column| column.type_().clone())
            .collect())
    }

    pub(in crate::db) async fn commit(self) -> Result<(), DbError> {
        self.client.batch_execute("COMMIT").await.map_err(failed)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as the argument of map_err"
)]
fn failed(error: tokio_postgres::Error) -> DbError {
    DbError::from_postgres("copy", &error)
}
