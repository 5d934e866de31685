//! A WAV file as an answer: whole, or the range that a player asks for (RFC 9110, 14).

use std::io::SeekFrom;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::problem::Problem;

/// Answers with a file; `what` it is, for people, when it is not there.
///
/// # Errors
/// 404 when it is not there.
pub(super) async fn answer(
    path: &Path,
    headers: &HeaderMap,
    what: &'static str,
) -> Result<Response, Problem> {
    let missing = |_| Problem::not_found(what);
    let mut file = tokio::fs::File::open(path).await.map_err(missing)?;
    let size = file.metadata().await.map_err(missing)?.len();
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let common = [
        (header::CONTENT_TYPE, "audio/wav"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    match asked.map(|text| range(text, size)) {
        None | Some(Range::Ignored) => {
            let body = Body::from_stream(ReaderStream::new(file));
            Ok((common, [(header::CONTENT_LENGTH, size)], body).into_response())
        }
        Some(Range::Unsatisfiable) => {
            let size = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            Ok((StatusCode::RANGE_NOT_SATISFIABLE, size).into_response())
        }
        Some(Range::Part(from, to)) => {
            file.seek(SeekFrom::Start(from))
                .await
                .map_err(|_| Problem::internal())?;
            let length = to - from + 1;
            let body = Body::from_stream(ReaderStream::new(file.take(length)));
            let place = [(header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}"))];
            Ok((
                StatusCode::PARTIAL_CONTENT,
                common,
                place,
                [(header::CONTENT_LENGTH, length)],
                body,
            )
                .into_response())
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// Not a single byte range: the whole is answered.
    Ignored,
    Unsatisfiable,
    /// First and last byte.
    Part(u64, u64),
}

/// Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`.
fn range(text: &str, size: u64) -> Range {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|t| t.split_once('-')) else {
        return Range::Ignored;
    };
    let end = size.saturating_sub(1);
    let part = match (first.trim(), last.trim()) {
        ("", tail) => tail
            .parse::<u64>()
            .ok()
            .map(|n| (size.saturating_sub(n), end)),
        (from, "") => from.parse().ok().map(|from| (from, end)),
        (from, to) => from
            .parse()
            .ok()
            .zip(to.parse::<u64>().ok())
            .map(|(from, to)| (from, to.min(end))),
    };
    match part {
        None => Range::Ignored,
        Some((from, to)) if size == 0 || from > to || from >= size => Range::Unsatisfiable,
        Some((from, to)) => Range::Part(from, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_browsers_send_them() {
        for (text, expected) in [
            ("bytes=0-", Range::Part(0, 99)),
            ("bytes=10-19", Range::Part(10, 19)),
            ("bytes=90-200", Range::Part(90, 99)),
            ("bytes=-5", Range::Part(95, 99)),
            ("bytes=100-", Range::Unsatisfiable),
            ("bytes=5-2", Range::Unsatisfiable),
            ("bytes=0-1,5-6", Range::Ignored),
            ("items=0-1", Range::Ignored),
        ] {
            assert_eq!(range(text, 100), expected, "{text}");
        }
    }
}
