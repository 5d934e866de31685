//! Files that are sent as the body of a request: bounded in size and time.

use std::time::Duration;

use axum::body::{Body as RawBody, to_bytes};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::problem::Problem;

/// Most of a file that is too large, and longest time, that is taken off the line before it is refused.
const DRAIN_BYTES_MAX: usize = 128 * 1024 * 1024;
const DRAIN_WAIT: Duration = Duration::from_secs(30);

/// A file that is sent as the body, of at most so many bytes and within a time.
///
/// # Errors
/// 413 when it is too large, 400 when it does not arrive.
pub(crate) async fn whole(
    headers: &HeaderMap,
    body: RawBody,
    bytes_max: usize,
    wait: Duration,
) -> Result<Vec<u8>, Problem> {
    let told = headers.get(header::CONTENT_LENGTH);
    let told = told.and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|bytes| bytes > bytes_max) {
        let _ = timeout(DRAIN_WAIT, drain(body)).await;
        return Err(Problem::too_large(bytes_max));
    }
    let read = timeout(wait, to_bytes(body, bytes_max)).await;
    let read = read.map_err(|_| {
        let seconds = wait.as_secs();
        Problem::bad_request(format!("The file did not arrive within {seconds} s."))
    })?;
    match read {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if too_long(&error) => Err(Problem::too_large(bytes_max)),
        Err(_) => Err(Problem::bad_request("The file broke off. Send it again.")),
    }
}

/// Takes what is still being sent and keeps nothing of it: a browser that cannot finish sending shows a broken connection
/// instead of our answer.
async fn drain(body: RawBody) {
    let mut chunks = body.into_data_stream();
    let mut drained = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        drained += chunk.len();
        if drained > DRAIN_BYTES_MAX {
            return;
        }
    }
}

fn too_long(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
