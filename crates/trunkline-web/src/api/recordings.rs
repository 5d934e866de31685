//! Recordings: the sound with range requests, and the peaks its waveform is drawn from.

use std::io::SeekFrom;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use trunkline_core::base::id::CallId;
use trunkline_engine::call::Rested;
use trunkline_engine::ports::calls::RecordingRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::calls::find;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Longest peaks file that is read, in bytes: a call of 24 hours.
const PEAKS_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sound))
        .routes(routes!(peaks))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// The recording as WAV, caller left, destination right. Range requests work (RFC 9110, 14).
#[utoipa::path(get, path = "/calls/{id}/recording", tag = "call", operation_id = "callRecording", params(("id" = String, Path)), responses((status = 200, description = "WAV, two channels", content_type = "audio/wav"), (status = 206, description = "The range asked for", content_type = "audio/wav"), (status = 404, body = Problem)))]
async fn sound(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Need::Recordings)?;
    let recording = recording(&app, &caller, &id).await?;
    let path = app.settings.recordings.join(&recording.path);
    let missing = |_| Problem::not_found("recording");
    let mut file = tokio::fs::File::open(&path).await.map_err(missing)?;
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

/// Lets the recording of a call in progress rest, while something is said that must not be kept. The rest is silence in the
/// recording, as long as it took.
#[utoipa::path(post, path = "/calls/{id}/recording/pause", tag = "call", operation_id = "pauseRecording", params(("id" = String, Path)), responses((status = 204, description = "It rests"), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn pause(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    rest(&app, &caller, &id, true).await
}

/// Lets the recording of a call in progress go on.
#[utoipa::path(post, path = "/calls/{id}/recording/resume", tag = "call", operation_id = "resumeRecording", params(("id" = String, Path)), responses((status = 204, description = "It goes on"), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    rest(&app, &caller, &id, false).await
}

async fn rest(app: &Web, caller: &Caller, id: &str, rest: bool) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let missing = || Problem::not_found("call");
    let call = CallId::parse(id).map_err(|_| missing())?;
    let calls = &app.backend.calls;
    match calls.rest_recording(caller.account, call, rest).await {
        Rested::Done => Ok(StatusCode::NO_CONTENT),
        Rested::NotRecorded => Err(Problem::conflict(
            "Nothing of this call is being recorded now. A recording begins when a recorded talk or message does.",
        )),
        // One that ended is there and cannot be paused; one of somebody else is not there.
        Rested::NoCall => {
            find(app, caller, id).await?;
            Err(Problem::conflict(
                "This call has ended. Only the recording of a call in progress can be paused.",
            ))
        }
    }
}

/// Peaks of both channels, for the waveform.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Peaks {
    /// Peaks per second of sound.
    per_second: u32,
    /// Loudest sample of each interval, 0 to 100.
    caller: Vec<u8>,
    destination: Vec<u8>,
}

/// Peaks of both channels, for the waveform.
#[utoipa::path(get, path = "/calls/{id}/peaks", tag = "call", operation_id = "callPeaks", params(("id" = String, Path)), responses((status = 200, body = Peaks), (status = 404, body = Problem)))]
async fn peaks(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Peaks>, Problem> {
    caller.may(Need::Recordings)?;
    let recording = recording(&app, &caller, &id).await?;
    let path = app
        .settings
        .recordings
        .join(format!("{}.peaks.json", recording.path));
    let missing = |_| Problem::not_found("waveform");
    let file = tokio::fs::File::open(&path).await.map_err(missing)?;
    let mut bytes = Vec::new();
    file.take(PEAKS_BYTES_MAX)
        .read_to_end(&mut bytes)
        .await
        .map_err(missing)?;
    let peaks: Peaks =
        serde_json::from_slice(&bytes).map_err(|_| Problem::not_found("waveform"))?;
    Ok(Json(peaks))
}

async fn recording(app: &Web, caller: &Caller, call: &str) -> Result<RecordingRow, Problem> {
    let call = find(app, caller, call).await?;
    let missing = || Problem::not_found("recording");
    let id = call.recording.ok_or_else(missing)?;
    app.backend
        .records
        .recording(id)
        .await?
        .filter(|r| r.account == caller.account)
        .ok_or_else(missing)
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
