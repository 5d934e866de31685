//! Values and rows in SQLite's own types.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::db::value::Val;

impl ToSql for Val {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Val::Null => ValueRef::Null,
            Val::Int(int) => ValueRef::Integer(*int),
            Val::Real(real) => ValueRef::Real(*real),
            Val::Text(text) => ValueRef::Text(text.as_bytes()),
            Val::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The value of a column.
pub(super) fn read(value: ValueRef<'_>) -> rusqlite::Result<Val> {
    Ok(match value {
        ValueRef::Null => Val::Null,
        ValueRef::Integer(int) => Val::Int(int),
        ValueRef::Real(real) => Val::Real(real),
        ValueRef::Text(bytes) => Val::Text(std::str::from_utf8(bytes)?.to_owned().into()),
        ValueRef::Blob(bytes) => Val::Blob(bytes.to_vec()),
    })
}
