//! Named SQL statements in the portable dialect, and their text for each engine.
//!
//! The dialect, so that one text does the same on both engines:
//! - Types are `BIGINT`, `DOUBLE PRECISION`, `TEXT`, `BYTEA`. Ids are made by the program, times are milliseconds UTC,
//!   flags 0 or 1, JSON is text that is never searched.
//! - No `ILIKE`, `::`, JSON operators, enums, or statements that change rows inside `WITH`.
//! - `sum` and `count` of whole numbers are wrapped: `CAST(sum(x) AS BIGINT)`; an argument that is only compared with NULL
//!   is too: `CAST($1 AS TEXT) IS NULL`.
//! - Every read whose order matters says it; `RETURNING` promises none. The update part of an upsert names the table.
//! - Rows to work on are picked by `WITH pick AS MATERIALIZED (SELECT … /*pg: FOR UPDATE SKIP LOCKED*/)`: inside
//!   `IN (…)` PostgreSQL may take more rows than the limit says.
//!
//! A statement is written once with `$1` placeholders. What only PostgreSQL understands stands in `/*pg: … */`
//! and is dropped for SQLite. To SQLite `$1` is a *name*, numbered by first appearance, so it becomes `?1` there.

use std::collections::HashMap;

/// One SQL statement with the name under which logs, errors and tests know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// `station.what`, for people.
    pub name: &'static str,
    /// Portable SQL with `$1` placeholders.
    pub sql: &'static str,
}

/// Declares the statements of a station and the list of all of them, so that none escapes the test that prepares
/// each one on both engines.
#[macro_export]
macro_rules! statements {
    ($station:literal; $($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: $crate::db::Statement = $crate::db::Statement {
            name: concat!($station, ".", stringify!($name)),
            sql: $sql,
        };)*
        /// Every statement of this station.
        pub(crate) const ALL: &[$crate::db::Statement] = &[$($name),*];
    };
}

/// The text for SQLite: `$n` becomes `?n`, `/*pg: … */` goes.
#[must_use]
pub fn for_sqlite(sql: &str) -> String {
    rewrite(sql, Engine::Sqlite)
}

/// The text for PostgreSQL: `/*pg: … */` loses its comment marks.
#[must_use]
pub fn for_postgres(sql: &str) -> String {
    rewrite(sql, Engine::Postgres)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

const PG_OPEN: &str = "/*pg:";

fn rewrite(sql: &str, engine: Engine) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(next) = rest.chars().next() {
        let taken = if let Some(inside) = rest.strip_prefix(PG_OPEN) {
            let end = inside.find("*/").unwrap_or(inside.len());
            if engine == Engine::Postgres {
                out.push_str(inside.get(..end).unwrap_or_default().trim());
            }
            (PG_OPEN.len() + end + 2).min(rest.len())
        } else if next == '\'' {
            let end = quoted_length(rest);
            out.push_str(&rest[..end]);
            end
        } else if next == '$' && engine == Engine::Sqlite {
            out.push('?');
            1
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

/// The length of the string literal at the start of `text`, its quotes included.
fn quoted_length(text: &str) -> usize {
    text[1..].find('\'').map_or(text.len(), |at| at + 2)
}

/// The engine's texts of the statements a connection has met, made once each.
pub(super) struct Texts {
    rewrite: fn(&str) -> String,
    known: HashMap<(usize, usize), Box<str>>,
}

impl Texts {
    pub(super) fn sqlite() -> Self {
        Texts {
            rewrite: for_sqlite,
            known: HashMap::new(),
        }
    }

    /// The text for this engine. Statements are constants, so the address of their SQL names them.
    pub(super) fn of(&mut self, statement: Statement) -> &str {
        let rewrite = self.rewrite;
        self.known
            .entry((statement.sql.as_ptr() as usize, statement.sql.len()))
            .or_insert_with(|| rewrite(statement.sql).into_boxed_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_numbers_for_sqlite_and_stay_for_postgresql() {
        let sql = "UPDATE t SET a = $2 WHERE id = $1";
        assert_eq!(for_sqlite(sql), "UPDATE t SET a = ?2 WHERE id = ?1");
        assert_eq!(for_postgres(sql), sql);
    }

    #[test]
    fn parts_for_postgresql_are_dropped_for_sqlite() {
        let sql = "SELECT id FROM t LIMIT $1 /*pg: FOR UPDATE SKIP LOCKED */";
        assert_eq!(for_sqlite(sql), "SELECT id FROM t LIMIT ?1 ");
        assert_eq!(
            for_postgres(sql),
            "SELECT id FROM t LIMIT $1 FOR UPDATE SKIP LOCKED"
        );
    }

    #[test]
    fn text_literals_are_left_alone() {
        let sql = "SELECT '$1 /*pg: x*/ é', 'it''s $2' WHERE a = $1";
        assert_eq!(
            for_sqlite(sql),
            "SELECT '$1 /*pg: x*/ é', 'it''s $2' WHERE a = ?1"
        );
    }
}
