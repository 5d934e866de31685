//! Lists in pages: a cursor is the place after which the next page starts.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use trunkline_core::base::{Id, IdKind, Timestamp};
use utoipa::ToSchema;

use crate::problem::Problem;

/// Rows of a page when nothing else is asked for.
pub(crate) const LIMIT_DEFAULT: u32 = 50;
/// Most rows of a page.
pub(crate) const LIMIT_MAX: u32 = 500;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits into one page.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }
}

/// The limit of a request, checked.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(LIMIT_DEFAULT),
        Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
        Some(_) => Err(Problem::invalid(
            "limit",
            format!("Write 1 to {LIMIT_MAX}."),
        )),
    }
}

/// The cursor after a row.
pub(crate) fn cursor<K: IdKind>(at: Timestamp, id: Id<K>) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&at.as_millis().to_be_bytes());
    bytes[8..].copy_from_slice(&id.raw().to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor back.
pub(crate) fn after<K: IdKind>(
    cursor: Option<&str>,
) -> Result<Option<(Timestamp, Id<K>)>, Problem> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let wrong = || Problem::invalid("cursor", "Send the `next_cursor` of the page before.");
    let bytes: [u8; 16] = URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| wrong())?
        .try_into()
        .map_err(|_| wrong())?;
    let half = |range: std::ops::Range<usize>| {
        let mut out = [0; 8];
        out.copy_from_slice(&bytes[range]);
        i64::from_be_bytes(out)
    };
    Ok(Some((
        Timestamp::from_millis(half(0..8)),
        Id::from_raw(half(8..16)),
    )))
}
