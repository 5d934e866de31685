//! Recordings: the sound with range requests, and the peaks its waveform is drawn from.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use trunkline_core::base::id::CallId;
use trunkline_engine::call::Rested;
use trunkline_engine::ports::calls::RecordingRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::calls::find;
use super::sound_file;
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
    sound_file::answer(&path, &headers, "recording").await
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
            "Nothing of this call is being recorded here now. A recording begins when a recorded talk or message does; a call that \
             came by webhook is recorded by its carrier and cannot be paused from here.",
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
