//! Bringing the schema up to date: one set of files in the portable dialect, run by refinery on either engine.

use refinery::{Migration, Runner};

use super::error::{DbError, with_causes};
use super::postgres;
use super::statement::{for_postgres, for_sqlite};

/// A migration file: its name as refinery reads it (`V0001__what_changes`) and its text.
#[derive(Debug, Clone, Copy)]
pub struct MigrationFile {
    /// The file name without its ending.
    pub name: &'static str,
    /// The SQL in the portable dialect.
    pub sql: &'static str,
}

/// Any number, the same in every version of the program: whoever holds this PostgreSQL lock migrates.
const MIGRATION_LOCK: i64 = 7_267_185_901;

/// Runs what is missing on a SQLite file.
pub(super) fn on_sqlite(
    conn: &mut rusqlite::Connection,
    files: &[MigrationFile],
) -> Result<(), DbError> {
    let runner = runner(files, sqlite_text)?;
    runner
        .run(conn)
        .map(drop)
        .map_err(|error| DbError::other("migrate", with_causes(&error)))
}

/// Runs what is missing on a PostgreSQL database, one program at a time.
pub(super) async fn on_postgres(
    config: &tokio_postgres::Config,
    files: &[MigrationFile],
) -> Result<(), DbError> {
    let runner = runner(files, for_postgres)?;
    let mut client = postgres::connect(config).await?;
    let named = |error| DbError::from_postgres("migrate", &error);
    // The lock ends with the connection, however this function is left.
    client
        .execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK])
        .await
        .map_err(named)?;
    let done = runner.run_async(&mut client).await;
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK])
        .await
        .map_err(named)?;
    done.map(drop)
        .map_err(|error| DbError::other("migrate", with_causes(&error)))
}

fn runner(files: &[MigrationFile], translate: fn(&str) -> String) -> Result<Runner, DbError> {
    let read = |file: &MigrationFile| Migration::unapplied(file.name, &translate(file.sql));
    let migrations = files.iter().map(read).collect::<Result<Vec<_>, _>>();
    let migrations = migrations.map_err(|error| DbError::other("migrate", with_causes(&error)))?;
    Ok(Runner::new(&migrations)
        .set_abort_divergent(true)
        .set_abort_missing(true))
}

/// SQLite's text: its type names, and every table strict. `BIGINT PRIMARY KEY` would be a second index beside the row id,
/// and a strict table refuses `BIGINT`.
fn sqlite_text(sql: &str) -> String {
    let sql = for_sqlite(sql)
        .replace("BIGINT", "INTEGER")
        .replace("DOUBLE PRECISION", "REAL")
        .replace("BYTEA", "BLOB");
    let mut out = String::with_capacity(sql.len() + 256);
    for statement in sql.split_inclusive(';') {
        let is_table = statement
            .lines()
            .any(|line| line.trim_start().starts_with("CREATE TABLE"));
        match statement.strip_suffix(';') {
            Some(body) if is_table => {
                out.push_str(body.trim_end());
                // A key of several columns is the table itself, not an index beside it.
                let keyed = body
                    .lines()
                    .any(|line| line.trim_start().starts_with("PRIMARY KEY ("));
                out.push_str(if keyed {
                    " STRICT, WITHOUT ROWID;"
                } else {
                    " STRICT;"
                });
            }
            _ => out.push_str(statement),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_two_columns_is_the_table_itself() {
        let portable = "CREATE TABLE t (\n    a BIGINT NOT NULL,\n    b BIGINT NOT NULL,\n    PRIMARY KEY (a, b)\n);";
        assert!(sqlite_text(portable).ends_with("PRIMARY KEY (a, b)\n) STRICT, WITHOUT ROWID;"));
    }

    #[test]
    fn tables_become_strict_and_types_sqlites_own() {
        let portable = "-- A table.\nCREATE TABLE t (id BIGINT PRIMARY KEY, x DOUBLE PRECISION, b BYTEA) \
                        /*pg: WITH (fillfactor = 80)*/;\nCREATE INDEX t_x ON t (x);\n";
        assert_eq!(
            sqlite_text(portable),
            "-- A table.\nCREATE TABLE t (id INTEGER PRIMARY KEY, x REAL, b BLOB) STRICT;\nCREATE INDEX t_x ON t (x);\n"
        );
    }
}
