//! The five kinds of value both engines understand, and how Rust types become them and come back.

use std::borrow::Cow;

/// One value on its way to or from a database.
///
/// Flags are `Int` 0 or 1, times are `Int` milliseconds UTC, money is `Int` micro-units, JSON is `Text`.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    /// Absent.
    Null,
    /// A 64-bit whole number.
    Int(i64),
    /// A 64-bit floating point number.
    Real(f64),
    /// UTF-8 text.
    Text(Cow<'static, str>),
    /// Raw bytes.
    Blob(Vec<u8>),
}

impl Val {
    /// The kind, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Int(_) => "int",
            Val::Real(_) => "real",
            Val::Text(_) => "text",
            Val::Blob(_) => "blob",
        }
    }
}

/// Builds the argument list of a statement: `args![id, name, None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Val::from($value)),*] };
}

macro_rules! from_int {
    ($($int:ty),*) => {$(
        impl From<$int> for Val {
            fn from(value: $int) -> Self {
                Val::Int(i64::from(value))
            }
        }
    )*};
}
from_int!(i64, i32, u32, u16, u8, bool);

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Val::Real(value)
    }
}
impl From<f32> for Val {
    fn from(value: f32) -> Self {
        Val::Real(f64::from(value))
    }
}
impl From<String> for Val {
    /// PostgreSQL cannot store U+0000 and SQLite cuts text there: it becomes U+FFFD on both.
    fn from(value: String) -> Self {
        if value.contains('\0') {
            return Val::Text(Cow::Owned(value.replace('\0', "\u{FFFD}")));
        }
        Val::Text(Cow::Owned(value))
    }
}
impl From<&str> for Val {
    fn from(value: &str) -> Self {
        Val::from(value.to_owned())
    }
}
impl From<&String> for Val {
    fn from(value: &String) -> Self {
        Val::from(value.clone())
    }
}
impl From<Box<str>> for Val {
    fn from(value: Box<str>) -> Self {
        Val::from(String::from(value))
    }
}
impl From<std::sync::Arc<str>> for Val {
    fn from(value: std::sync::Arc<str>) -> Self {
        Val::from(value.as_ref().to_owned())
    }
}
impl From<Vec<u8>> for Val {
    fn from(value: Vec<u8>) -> Self {
        Val::Blob(value)
    }
}
impl From<&[u8]> for Val {
    fn from(value: &[u8]) -> Self {
        Val::Blob(value.to_vec())
    }
}
impl<T> From<Option<T>> for Val
where
    Val: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Val::Null, Val::from)
    }
}

/// A Rust type that can be read out of a [`Val`].
pub trait FromVal: Sized {
    /// What a reader of an error message should know was expected.
    const EXPECTED: &'static str;

    /// The value, or nothing when the kind (or the range) does not fit.
    fn from_val(value: &Val) -> Option<Self>;
}

impl FromVal for i64 {
    const EXPECTED: &'static str = "int";
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Int(int) => Some(*int),
            _ => None,
        }
    }
}

macro_rules! from_val_int {
    ($($int:ty),*) => {$(
        impl FromVal for $int {
            const EXPECTED: &'static str = stringify!($int);
            fn from_val(value: &Val) -> Option<Self> {
                i64::from_val(value).and_then(|int| <$int>::try_from(int).ok())
            }
        }
    )*};
}
from_val_int!(i32, u64, u32, u16, u8, usize);

impl FromVal for bool {
    const EXPECTED: &'static str = "flag 0 or 1";
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Int(0) => Some(false),
            Val::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromVal for f64 {
    const EXPECTED: &'static str = "real";
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Real(real) => Some(*real),
            _ => None,
        }
    }
}

impl FromVal for String {
    const EXPECTED: &'static str = "text";
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        }
    }
}

impl FromVal for Vec<u8> {
    const EXPECTED: &'static str = "blob";
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromVal for Val {
    const EXPECTED: &'static str = "any value";
    fn from_val(value: &Val) -> Option<Self> {
        Some(value.clone())
    }
}

impl<T: FromVal> FromVal for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::Null => Some(None),
            other => T::from_val(other).map(Some),
        }
    }
}
