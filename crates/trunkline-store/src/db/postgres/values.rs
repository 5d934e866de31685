//! Values and rows in PostgreSQL's own types.

use std::error::Error;
use std::sync::Arc;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::db::error::DbError;
use crate::db::record::ColumnType;
use crate::db::row::Row;
use crate::db::value::Val;

impl ToSql for Val {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Val::Null => Ok(IsNull::Yes),
            Val::Int(int) if *ty == Type::INT8 => int.to_sql(ty, out),
            Val::Int(int) if *ty == Type::INT4 => i32::try_from(*int)?.to_sql(ty, out),
            Val::Real(real) if *ty == Type::FLOAT8 => real.to_sql(ty, out),
            Val::Text(text) if <&str as ToSql>::accepts(ty) => text.as_ref().to_sql(ty, out),
            Val::Blob(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            other => Err(format!("a value of kind {} where {ty} is wanted", other.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A list of values in the form the driver wants.
pub(super) fn borrowed(args: &[Val]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}

/// One column of a batch of records, as a PostgreSQL array.
pub(super) enum Array<'v> {
    Int(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<&'v str>>),
    Blob(Vec<Option<&'v [u8]>>),
}

impl<'v> Array<'v> {
    /// The values of the column at `at` in all rows.
    pub(super) fn of(column: ColumnType, at: usize, rows: &[&'v [Val]]) -> Result<Self, DbError> {
        let wrong = |value: &Val| DbError::Column {
            column: format!("#{at}"),
            expected: "the type of the column",
            found: value.kind(),
        };
        let values = rows.iter().map(|row| &row[at]);
        Ok(match column {
            ColumnType::Int => Array::Int(collect(values, |value| match value {
                Val::Null => Ok(None),
                Val::Int(int) => Ok(Some(*int)),
                other => Err(wrong(other)),
            })?),
            ColumnType::Real => Array::Real(collect(values, |value| match value {
                Val::Null => Ok(None),
                Val::Real(real) => Ok(Some(*real)),
                other => Err(wrong(other)),
            })?),
            ColumnType::Text => Array::Text(collect(values, |value| match value {
                Val::Null => Ok(None),
                Val::Text(text) => Ok(Some(text.as_ref())),
                other => Err(wrong(other)),
            })?),
            ColumnType::Blob => Array::Blob(collect(values, |value| match value {
                Val::Null => Ok(None),
                Val::Blob(bytes) => Ok(Some(bytes.as_slice())),
                other => Err(wrong(other)),
            })?),
        })
    }

    pub(super) fn borrowed(&self) -> &(dyn ToSql + Sync) {
        match self {
            Array::Int(values) => values,
            Array::Real(values) => values,
            Array::Text(values) => values,
            Array::Blob(values) => values,
        }
    }
}

fn collect<'v, T>(
    values: impl Iterator<Item = &'v Val>,
    read: impl Fn(&'v Val) -> Result<Option<T>, DbError>,
) -> Result<Vec<Option<T>>, DbError> {
    values.map(read).collect()
}

/// Rows as the portable kind.
pub(super) fn rows(statement: &str, rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, DbError> {
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let names: Arc<[String]> = first
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let read = |row: &tokio_postgres::Row| {
        let values = (0..names.len()).map(|at| read(row, at));
        let values = values.collect::<Result<Vec<Val>, _>>();
        values.map(|values| Row::new(Arc::clone(&names), values))
    };
    let rows = rows.iter().map(read).collect::<Result<_, _>>();
    rows.map_err(|error| DbError::from_postgres(statement, &error))
}

fn read(row: &tokio_postgres::Row, at: usize) -> Result<Val, tokio_postgres::Error> {
    Ok(match *row.columns()[at].type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.into(),
        Type::INT2 => row.try_get::<_, Option<i16>>(at)?.map(i32::from).into(),
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.into(),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(at)?.into(),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(at)?.into(),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.into(),
        // Everything else is asked for as text; the driver refuses what is not.
        _ => row.try_get::<_, Option<String>>(at)?.into(),
    })
}
