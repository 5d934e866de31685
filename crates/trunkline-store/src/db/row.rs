//! One row of an answer, read by position or by column name.

use std::sync::Arc;

use super::error::DbError;
use super::value::{FromVal, Val};

/// One row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    names: Arc<[String]>,
    values: Vec<Val>,
}

impl Row {
    /// A row of these columns.
    pub(crate) fn new(names: Arc<[String]>, values: Vec<Val>) -> Self {
        Row { names, values }
    }

    /// The value of a column, by position (`row.get::<i64>(0)`) or name (`row.get::<i64>("id")`).
    ///
    /// # Errors
    /// When the column is not there or holds another kind of value: a fault in the program or the schema.
    pub fn get<T: FromVal>(&self, column: impl ColumnRef) -> Result<T, DbError> {
        let value = column.find(&self.names).and_then(|at| self.values.get(at));
        let value = value.ok_or_else(|| DbError::Column {
            column: column.label(),
            expected: T::EXPECTED,
            found: "no such column",
        })?;
        T::from_val(value).ok_or_else(|| DbError::Column {
            column: column.label(),
            expected: T::EXPECTED,
            found: value.kind(),
        })
    }

    /// Whether there is such a column: spooled rows are as the version that wrote them knew the table.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    /// All values in column order.
    #[must_use]
    pub fn values(&self) -> &[Val] {
        &self.values
    }

    /// All column names in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// A way to name a column: its position or its name.
pub trait ColumnRef: Copy {
    /// The position among `names`.
    fn find(self, names: &[String]) -> Option<usize>;
    /// The column as written in an error message.
    fn label(self) -> String;
}

impl ColumnRef for usize {
    fn find(self, names: &[String]) -> Option<usize> {
        (self < names.len()).then_some(self)
    }
    fn label(self) -> String {
        format!("#{self}")
    }
}

impl ColumnRef for &str {
    fn find(self, names: &[String]) -> Option<usize> {
        names.iter().position(|name| name == self)
    }
    fn label(self) -> String {
        self.to_owned()
    }
}
