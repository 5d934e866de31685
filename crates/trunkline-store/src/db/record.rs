//! Records: rows of the hot path, many of which are written by one transaction (group commit).
//!
//! This is the only place where a statement has two texts. A [`RecordKind`] describes a table once; from it come the
//! single-row statement (SQLite runs it in a loop, PostgreSQL only when a batch is replayed) and the `UNNEST`
//! statement by which PostgreSQL takes all rows of a kind at once.
//!
//! Every kind must be idempotent: a batch whose commit was not confirmed is written again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use super::error::DbError;
use super::statement::Statement;
use super::value::Val;

/// The type of a column, for PostgreSQL's arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `BIGINT`
    Int,
    /// `DOUBLE PRECISION`
    Real,
    /// `TEXT`
    Text,
    /// `BYTEA`
    Blob,
}

impl ColumnType {
    fn postgres_array(self) -> &'static str {
        match self {
            ColumnType::Int => "bigint[]",
            ColumnType::Real => "double precision[]",
            ColumnType::Text => "text[]",
            ColumnType::Blob => "bytea[]",
        }
    }
}

/// What a record does to its table.
#[derive(Debug, Clone, Copy)]
pub enum Write {
    /// `INSERT`, followed by this conflict clause (`ON CONFLICT …`), which may use `excluded`.
    Insert(&'static str),
    /// `UPDATE` of the row whose first column equals the record's first value. The text is what may stand
    /// after `AND`, with the record's values as `new.column` (`t.seen_at < new.seen_at`), or empty.
    Update(&'static str),
}

/// One kind of record: a table, its columns in order, and what to do when the row is there.
#[derive(Debug)]
pub struct RecordKind {
    /// The name in logs, metrics and errors.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// Names and types of the columns a record fills.
    pub columns: &'static [(&'static str, ColumnType)],
    /// Insert or update.
    pub write: Write,
    /// How many of the first columns name the row. PostgreSQL refuses to touch a row twice in one statement, so
    /// records of one batch with the same key go into statements that follow each other. 0: no two have the same key.
    pub key: usize,
}

impl RecordKind {
    /// A record of this kind. `values` are in the order of `columns`.
    #[must_use]
    pub fn record(&'static self, values: Vec<Val>) -> Record {
        debug_assert_eq!(values.len(), self.columns.len(), "{}", self.name);
        Record { kind: self, values }
    }

    /// The statement for one row, portable, with `$1` placeholders.
    #[must_use]
    pub fn row_sql(&self) -> String {
        let table = self.table;
        match self.write {
            Write::Insert(conflict) => {
                let marks = self.list(|at, _| format!("${}", at + 1));
                format!(
                    "INSERT INTO {table} ({}) VALUES ({marks}) {conflict}",
                    self.names()
                )
            }
            Write::Update(guard) => {
                let sets = self.list_from(1, |at, name| format!("{name} = ${}", at + 1));
                let guard = self.with_marks(guard);
                format!(
                    "UPDATE {table} AS t SET {sets} WHERE t.{} = $1{guard}",
                    self.columns[0].0
                )
            }
        }
    }

    /// The statement for all rows of a batch, PostgreSQL only: one array per column.
    #[must_use]
    pub fn batch_sql(&self) -> String {
        let table = self.table;
        let arrays =
            self.list(|at, _| format!("${}::{}", at + 1, self.columns[at].1.postgres_array()));
        match self.write {
            Write::Insert(conflict) => {
                let names = self.names();
                format!(
                    "INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays}) AS new({names}) {conflict}"
                )
            }
            Write::Update(guard) => {
                let sets = self.list_from(1, |_, name| format!("{name} = new.{name}"));
                let (key, names) = (self.columns[0].0, self.names());
                let guard = if guard.is_empty() {
                    String::new()
                } else {
                    format!(" AND {guard}")
                };
                format!(
                    "UPDATE {table} AS t SET {sets} FROM unnest({arrays}) AS new({names}) WHERE t.{key} = new.{key}{guard}"
                )
            }
        }
    }

    /// The guard for a single row: `new.column` becomes the placeholder of that column.
    fn with_marks(&self, guard: &str) -> String {
        if guard.is_empty() {
            return String::new();
        }
        let mut marks: Vec<(usize, &str)> = self
            .columns
            .iter()
            .map(|column| column.0)
            .enumerate()
            .collect();
        // Longest first, so that `new.seen` does not eat the start of `new.seen_at`.
        marks.sort_by_key(|(_, name)| std::cmp::Reverse(name.len()));
        let marked = marks.iter().fold(guard.to_owned(), |text, (at, name)| {
            text.replace(&format!("new.{name}"), &format!("${}", at + 1))
        });
        format!(" AND {marked}")
    }

    fn names(&self) -> String {
        self.list(|_, name| name.to_owned())
    }

    fn list(&self, item: impl Fn(usize, &str) -> String) -> String {
        self.list_from(0, item)
    }

    fn list_from(&self, first: usize, item: impl Fn(usize, &str) -> String) -> String {
        let columns = self.columns.iter().enumerate().skip(first);
        let items: Vec<String> = columns.map(|(at, (name, _))| item(at, name)).collect();
        items.join(", ")
    }
}

/// One row for the group-commit writer.
#[derive(Debug, Clone)]
pub struct Record {
    pub(super) kind: &'static RecordKind,
    pub(super) values: Vec<Val>,
}

impl Record {
    /// The name of its kind.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        self.kind.name
    }

    /// The same as a statement of a transaction that is submitted whole. The text of a kind is made once.
    pub(crate) fn into_step(self) -> (Statement, Vec<Val>) {
        static TEXTS: Mutex<BTreeMap<&'static str, &'static str>> = Mutex::new(BTreeMap::new());
        // The map is valid between two statements, whoever panicked.
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.kind.name;
        let sql = texts
            .entry(name)
            .or_insert_with(|| Box::leak(self.kind.row_sql().into_boxed_str()));
        (Statement { name, sql }, self.values)
    }

    /// Its columns with their values.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &Val)> {
        self.kind
            .columns
            .iter()
            .map(|(name, _)| *name)
            .zip(&self.values)
    }
}

/// Records that are written together, with the one who waits for them, if anybody does.
pub(super) struct Entry {
    pub(super) records: Vec<Record>,
    pub(super) done: Option<Done>,
}

/// Called once with the fate of an entry, on the thread that knows it: it must be quick.
pub(super) type Done = Box<dyn FnOnce(Result<(), DbError>) + Send + Sync>;

impl Entry {
    /// Tells the waiter; call it only after the commit or when nothing will be committed.
    pub(super) fn answer(self, result: Result<(), DbError>) {
        if let Some(done) = self.done {
            done(result);
        }
    }

    /// Called when an entry can never be written: counted and logged, so that nothing vanishes in silence.
    pub(super) fn park(self, error: DbError) {
        let kinds: Vec<&str> = self.records.iter().map(|record| record.kind.name).collect();
        metrics::counter!("trunkline_store_parked_total").increment(1);
        tracing::error!(kinds = kinds.join(","), %error, "records could not be stored and are parked");
        self.answer(Err(error));
    }
}

/// Rows of one kind with different keys, in the order of arrival: one statement.
pub(super) struct KindBatch<'e> {
    pub(super) kind: &'static RecordKind,
    pub(super) rows: Vec<&'e [Val]>,
}

/// Sorts a batch by kind, inserts before updates (an update may be of a row that its own batch inserts). Running the
/// result in order comes to the same as writing the records one after the other.
pub(super) fn by_kind<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Vec<KindBatch<'e>> {
    let mut kinds: Vec<KindBatch<'e>> = Vec::new();
    for record in entries.into_iter().flat_map(|entry| &entry.records) {
        let known = kinds
            .iter_mut()
            .find(|batch| std::ptr::eq(batch.kind, record.kind));
        match known {
            Some(batch) => batch.rows.push(&record.values),
            None => kinds.push(KindBatch {
                kind: record.kind,
                rows: vec![&record.values],
            }),
        }
    }
    kinds.sort_by_key(|batch| matches!(batch.kind.write, Write::Update(_)));
    kinds.into_iter().flat_map(in_waves).collect()
}

/// Splits a batch so that no key comes twice: the first record of each key, then the second, and so on.
fn in_waves(batch: KindBatch<'_>) -> Vec<KindBatch<'_>> {
    let KindBatch { kind, rows } = batch;
    let mut met: HashMap<Vec<KeyPart<'_>>, usize> = HashMap::with_capacity(rows.len());
    let mut waves: Vec<KindBatch<'_>> = Vec::with_capacity(1);
    for row in rows {
        let key: Vec<KeyPart<'_>> = row[..kind.key].iter().map(KeyPart::of).collect();
        let before = if key.is_empty() {
            &mut 0
        } else {
            met.entry(key).or_insert(0)
        };
        match waves.get_mut(*before) {
            Some(wave) => wave.rows.push(row),
            None => waves.push(KindBatch {
                kind,
                rows: vec![row],
            }),
        }
        *before += 1;
    }
    waves
}

/// A value as part of a key; reals never name a row.
#[derive(PartialEq, Eq, Hash)]
enum KeyPart<'v> {
    Nothing,
    Int(i64),
    Text(&'v str),
    Blob(&'v [u8]),
}

impl<'v> KeyPart<'v> {
    fn of(value: &'v Val) -> Self {
        match value {
            Val::Null | Val::Real(_) => KeyPart::Nothing,
            Val::Int(int) => KeyPart::Int(*int),
            Val::Text(text) => KeyPart::Text(text),
            Val::Blob(bytes) => KeyPart::Blob(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    static SEEN: RecordKind = RecordKind {
        name: "seen",
        table: "session",
        columns: &[("id", ColumnType::Int), ("seen_at", ColumnType::Int)],
        write: Write::Update("t.seen_at < new.seen_at"),
        key: 1,
    };

    fn entry(id: i64, seen: i64) -> Entry {
        Entry {
            records: vec![SEEN.record(args![id, seen])],
            done: None,
        }
    }

    #[test]
    fn records_with_one_key_are_written_one_after_the_other() {
        let entries = [
            entry(1, 10),
            entry(2, 20),
            entry(1, 30),
            entry(1, 25),
            entry(2, 40),
        ];
        let waves: Vec<Vec<Vec<Val>>> = by_kind(&entries)
            .iter()
            .map(|wave| wave.rows.iter().map(|row| row.to_vec()).collect())
            .collect();
        let expected: Vec<Vec<Vec<Val>>> = vec![
            vec![args![1_i64, 10_i64], args![2_i64, 20_i64]],
            vec![args![1_i64, 30_i64], args![2_i64, 40_i64]],
            vec![args![1_i64, 25_i64]],
        ];
        assert_eq!(waves, expected);
    }

    #[test]
    fn both_texts_name_the_same_columns() {
        assert_eq!(
            SEEN.batch_sql(),
            "UPDATE session AS t SET seen_at = new.seen_at FROM unnest($1::bigint[], $2::bigint[]) AS new(id, seen_at) \
             WHERE t.id = new.id AND t.seen_at < new.seen_at"
        );
        assert_eq!(
            SEEN.row_sql(),
            "UPDATE session AS t SET seen_at = $2 WHERE t.id = $1 AND t.seen_at < $2"
        );
    }
}
