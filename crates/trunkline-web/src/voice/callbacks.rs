//! What a carrier tells by the way: where calls and legs stand, what picked up, that a recording is there. Any of it may
//! come twice, late, or out of order. Also the sounds it fetches.

use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, PromptId, TrunkId};
use trunkline_core::call::flow::Prompt;
use trunkline_engine::call::CarrierRecording;
use trunkline_engine::call::control::{CallControl, Sound};

use super::addresses::is_ours;
use super::dialect::has_left;
use super::hearing::Told;
use super::line::Known;
use super::perform::Performer;
use crate::app::App;
use crate::problem::Problem;

/// Longest address of a recording, in bytes.
const URL_MAX: usize = 2_048;
/// Bytes of the head of a sound that is served.
const SOUND_HEAD: usize = 58;

/// Where a call of the trunk stands.
pub(super) async fn status(
    State(app): State<App>,
    Path(trunk): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let told = Told::hear(app, &trunk, false, request).await?;
    if !has_left(&told.params) {
        return Ok(StatusCode::NO_CONTENT);
    }
    noted(async move {
        let named = told.name("CallSid");
        let Some(slot) = named.and_then(|n| told.app.lines.named(told.trunk(), n, told.now)) else {
            return;
        };
        if let Known::Ours(line) = &mut *slot.known.lock().await {
            told.performer().over(line).await;
        }
    })
    .await
}

/// Where a leg stands.
pub(super) async fn leg(
    State(app): State<App>,
    Path((trunk, call, attempt)): Path<(String, String, u32)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let told = Told::hear(app, &trunk, true, request).await?;
    noted(async move {
        let Some((_, slot)) = told.slot(&call) else {
            return;
        };
        if let Known::Ours(line) = &mut *slot.known.lock().await {
            told.performer().leg(line, attempt, &told.params).await;
        }
    })
    .await
}

/// What picked up.
pub(super) async fn machine(
    State(app): State<App>,
    Path((trunk, call, attempt)): Path<(String, String, u32)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let told = Told::hear(app, &trunk, true, request).await?;
    noted(async move {
        let Some((_, slot)) = told.slot(&call) else {
            return;
        };
        if let Known::Ours(line) = &mut *slot.known.lock().await {
            Performer::machine(line, attempt, &told.params);
        }
    })
    .await
}

/// A recording is there. It is on disk before this is answered; while the store is away the carrier is asked to come
/// again.
pub(super) async fn recording(
    State(app): State<App>,
    Path((trunk, call)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let told = Told::hear(app, &trunk, true, request).await?;
    let state = told.params.get("RecordingStatus").unwrap_or("completed");
    let url = told
        .params
        .get("RecordingUrl")
        .filter(|u| u.len() <= URL_MAX);
    let (Ok(call), Some(name), Some(url), "completed") =
        (CallId::parse(&call), told.name("RecordingSid"), url, state)
    else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let recording = CarrierRecording {
        name: name.to_owned(),
        url: super::dialect::sound_of(told.webhook.dialect, url),
    };
    let webhooks = &told.app.backend.webhooks;
    webhooks.recorded(told.trunk(), call, recording).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes to the end, also when the carrier hangs up on us.
async fn noted(note: impl Future<Output = ()> + Send + 'static) -> Result<StatusCode, Problem> {
    tokio::spawn(note).await.map_err(|error| {
        tracing::error!(%error, "news of a call over webhooks were lost");
        Problem::internal()
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// A sound of a call, as WAV. Its address is its key, and ends.
pub(super) async fn sound(
    State(app): State<App>,
    Path((trunk, call, prompt, until)): Path<(String, String, String, i64)>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("sound");
    let ours = is_ours(&app.token_key, uri.path(), uri.query());
    if !ours || Timestamp::from_millis(until) < app.backend.moment.now() {
        return Err(missing());
    }
    let trunk = TrunkId::parse(&trunk).map_err(|_| missing())?;
    app.backend.webhooks.trunk(trunk).ok_or_else(missing)?;
    let call = CallId::parse(&call).map_err(|_| missing())?;
    let prompt = PromptId::parse(&prompt).map_err(|_| missing())?;
    let sound = app.backend.calls.sound(call, &Prompt::Asset(prompt)).await;
    let sound = sound.ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, "audio/x-wav"),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    Ok((headers, wav(&sound)).into_response())
}

/// The sound as a file: µ-law, one channel, 8 kHz.
fn wav(sound: &Sound) -> Vec<u8> {
    let data = u32::try_from(sound.pcmu.len()).unwrap_or(u32::MAX - 64);
    let padded = data + data % 2;
    let mut file = Vec::with_capacity(SOUND_HEAD + sound.pcmu.len() + 1);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(padded + 50).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&18_u32.to_le_bytes());
    for half in [7_u16, 1] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    for rate in [8_000_u32, 8_000] {
        file.extend_from_slice(&rate.to_le_bytes());
    }
    for half in [1_u16, 8, 0] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(b"fact");
    file.extend_from_slice(&4_u32.to_le_bytes());
    file.extend_from_slice(&data.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data.to_le_bytes());
    file.extend_from_slice(&sound.pcmu);
    if data % 2 == 1 {
        file.push(0);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_a_whole_wav_file() {
        for length in [0, 1, 2, 8_001] {
            let samples = vec![0x7f_u8; length];
            let sound = Sound {
                pcmu: samples.clone().into(),
                pcma: samples.into(),
            };
            let file = wav(&sound);
            let at = |place: usize| {
                let bytes = file[place..place + 4].try_into().expect("four bytes");
                u32::from_le_bytes(bytes) as usize
            };
            assert_eq!(&file[..4], b"RIFF");
            assert_eq!(at(4) + 8, file.len());
            assert_eq!(&file[50..54], b"data");
            assert_eq!(at(54), length);
            assert_eq!(file.len(), SOUND_HEAD + length + length % 2);
        }
    }
}
