//! Copying a whole database into an empty one of either engine, and proving that nothing was lost on the way.

use super::error::DbError;
use super::row::Row;
use super::value::Val;
use super::{Db, Engine, limits, postgres, sqlite};

/// A table and the columns of its primary key.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// The name.
    pub name: &'static str,
    /// The columns of the primary key, in order.
    pub key: &'static [&'static str],
}

/// How many rows of a table were copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
}

/// One open transaction on one of the two databases.
enum Side {
    Sqlite(sqlite::Side),
    Postgres(postgres::Side),
}

/// Copies all rows of `tables` (in an order in which every row finds what it refers to) from one database to the other.
///
/// Everything happens in one transaction on each side: what is written meanwhile is not copied, and a failed copy leaves
/// the target as empty as it was. Before the commit, row counts and sums over all columns are compared.
///
/// # Errors
/// When a table of the target holds rows, when the schemas differ, when the comparison differs, or an engine fails.
pub async fn copy(from: &Db, to: &Db, tables: &[Table]) -> Result<Vec<Copied>, DbError> {
    let (from, to) = (Side::source(from).await?, Side::target(to).await?);
    for table in tables {
        refuse_rows(&to, table).await?;
    }
    let mut copied = Vec::with_capacity(tables.len());
    for table in tables {
        let columns = from.columns(table).await?;
        if columns != to.columns(table).await? {
            return Err(DbError::other(
                "copy",
                format!("the columns of {} differ", table.name),
            ));
        }
        let rows = copy_table(&from, &to, table, &names(&columns)).await?;
        compare(&from, &to, table, &columns).await?;
        copied.push(Copied {
            table: table.name,
            rows,
        });
    }
    to.commit().await?;
    Ok(copied)
}

async fn refuse_rows(to: &Side, table: &Table) -> Result<(), DbError> {
    let found = to
        .rows(
            &format!("SELECT 1 AS one FROM {} LIMIT 1", table.name),
            Vec::new(),
        )
        .await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(DbError::other(
        "copy",
        format!("the target is not empty: {} has rows", table.name),
    ))
}

/// Copies page by page in the order of the primary key.
async fn copy_table(
    from: &Side,
    to: &Side,
    table: &Table,
    columns: &[String],
) -> Result<u64, DbError> {
    let select = format!("SELECT {} FROM {}", columns.join(", "), table.name);
    let key = table.key.join(", ");
    let marks: Vec<String> = (1..=table.key.len()).map(|at| format!("${at}")).collect();
    let order = format!("ORDER BY {key} LIMIT {}", limits::COPY_PAGE_ROWS);
    let first = format!("{select} {order}");
    let next = format!("{select} WHERE ({key}) > ({}) {order}", marks.join(", "));
    let mut total = 0;
    let mut page = from.rows(&first, Vec::new()).await?;
    while let Some(last) = page.last() {
        let after = table
            .key
            .iter()
            .map(|column| last.get::<Val>(*column))
            .collect::<Result<Vec<_>, _>>()?;
        total += page.len() as u64;
        to.insert(table.name, columns, page).await?;
        page = from.rows(&next, after).await?;
    }
    Ok(total)
}

/// A prime, so that sums of remainders see a change in any digit and stay small for a billion rows.
const REMAINDER: i64 = 1_000_003;
/// Sums of floating point numbers depend on their order in the last digits.
const REAL_TOLERANCE: f64 = 1e-9;

async fn compare(from: &Side, to: &Side, table: &Table, columns: &[Column]) -> Result<(), DbError> {
    let sums: Vec<String> = columns.iter().map(Column::sum).collect();
    let sql = format!(
        "SELECT count(*) AS n, {} FROM {}",
        sums.join(", "),
        table.name
    );
    let (ours, theirs) = (
        from.rows(&sql, Vec::new()).await?,
        to.rows(&sql, Vec::new()).await?,
    );
    let (ours, theirs) = (
        ours.first().map(Row::values),
        theirs.first().map(Row::values),
    );
    let same = match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours
            .iter()
            .zip(theirs)
            .all(|(ours, theirs)| equal(ours, theirs)),
        _ => false,
    };
    if same {
        return Ok(());
    }
    let detail = format!(
        "{} differs after the copy: {ours:?} became {theirs:?}",
        table.name
    );
    Err(DbError::other("copy", detail))
}

fn equal(ours: &Val, theirs: &Val) -> bool {
    match (ours, theirs) {
        (Val::Real(ours), Val::Real(theirs)) => {
            (ours - theirs).abs() <= REAL_TOLERANCE * ours.abs().max(1.0)
        }
        _ => ours == theirs,
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Column {
    name: String,
    kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Int,
    Real,
    Bytes,
}

impl Column {
    fn read(row: &Row) -> Result<Self, DbError> {
        let kind = match row.get::<String>("type")?.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => Kind::Int,
            "real" | "double precision" => Kind::Real,
            "text" | "blob" | "bytea" => Kind::Bytes,
            other => {
                return Err(DbError::other(
                    "copy",
                    format!("no way to copy a column of type {other}"),
                ));
            }
        };
        let name = row.get("name")?;
        Ok(Column { name, kind })
    }

    fn sum(&self) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Int => format!("CAST(sum({name} % {REMAINDER}) AS BIGINT) AS {name}"),
            Kind::Real => format!("sum({name}) AS {name}"),
            Kind::Bytes => format!("CAST(sum(length({name})) AS BIGINT) AS {name}"),
        }
    }
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

impl Side {
    async fn source(db: &Db) -> Result<Self, DbError> {
        Ok(match db.engine() {
            Engine::Sqlite(db) => Side::Sqlite(sqlite::Side::source(db.path())?),
            Engine::Postgres(db) => Side::Postgres(postgres::Side::source(db.config()).await?),
        })
    }

    async fn target(db: &Db) -> Result<Self, DbError> {
        Ok(match db.engine() {
            Engine::Sqlite(db) => Side::Sqlite(sqlite::Side::target(db.path())?),
            Engine::Postgres(db) => Side::Postgres(postgres::Side::target(db.config()).await?),
        })
    }

    async fn rows(&self, sql: &str, args: Vec<Val>) -> Result<Vec<Row>, DbError> {
        match self {
            Side::Sqlite(side) => side.rows(sql, args).await,
            Side::Postgres(side) => side.rows(sql, args).await,
        }
    }

    async fn columns(&self, table: &Table) -> Result<Vec<Column>, DbError> {
        let sql = match self {
            Side::Sqlite(_) => sqlite::Side::COLUMNS,
            Side::Postgres(_) => postgres::Side::COLUMNS,
        };
        let rows = self.rows(sql, crate::args![table.name]).await?;
        rows.iter().map(Column::read).collect()
    }

    async fn insert(&self, table: &str, columns: &[String], rows: Vec<Row>) -> Result<(), DbError> {
        match self {
            Side::Sqlite(side) => side.insert(table, columns, rows).await,
            Side::Postgres(side) => side.insert(table, columns, rows).await,
        }
    }

    async fn commit(self) -> Result<(), DbError> {
        match self {
            Side::Sqlite(side) => side.commit().await,
            Side::Postgres(side) => side.commit().await,
        }
    }
}
