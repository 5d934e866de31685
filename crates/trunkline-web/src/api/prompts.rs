//! The library of sounds that call flows play: uploaded once, heard in the browser, named, removed. And what a text sounds
//! like.

use std::time::Duration;

use axum::Json;
use axum::body::Body as RawBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::PromptId;
use trunkline_core::call::flow::{Spoken, TEXT_MAX};
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::sounds::{PromptRow, SoundKey, SpeechError};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::page::{Page, after, cursor, limit};
use super::sound_file;
use super::upload::whole;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Largest file that is taken in, in bytes: ten minutes of WAV for telephones are 10 MB, of MP3 at its best 24 MB.
const UPLOAD_BYTES_MAX: usize = 25 * 1024 * 1024;
/// Longest an upload may take.
const UPLOAD_WAIT: Duration = Duration::from_secs(120);
/// Longest name of a voice or language, in characters.
const VOICE_MAX: usize = 60;
/// What uploads say they are. What they are is found by looking.
const AUDIO: [&str; 15] = [
    "audio/wav",
    "audio/x-wav",
    "audio/wave",
    "audio/vnd.wave",
    "audio/x-pn-wav",
    "audio/mpeg",
    "audio/mp3",
    "audio/x-mp3",
    "audio/mpeg3",
    "audio/aac",
    "audio/aacp",
    "audio/x-aac",
    "audio/mp4",
    "audio/m4a",
    "audio/x-m4a",
];

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(preview))
        .routes(routes!(rename, delete))
        .routes(routes!(audio))
}

/// A stored sound.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prompt)]
struct PromptItem {
    id: String,
    name: String,
    duration_ms: i64,
    /// Size of the file, which is WAV with one channel, 16 bits and 8 kHz.
    bytes: i64,
    created_at: i64,
    /// Flows that play it, in their draft or as published.
    used_by: Vec<PromptUser>,
}

/// A flow that plays a sound.
#[derive(Debug, Serialize, ToSchema)]
struct PromptUser {
    flow: String,
    name: String,
}

/// Which page of the library.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Where the page before ended.
    cursor: Option<String>,
    /// Rows of the page; 50 when left out, at most 500.
    limit: Option<u32>,
}

/// Name of an upload.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// Name of the sound, 1 to 120 characters.
    name: Option<String>,
}

/// A sound file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it stands for the body in the description")]
struct SoundFile(Vec<u8>);

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
struct PromptInput {
    name: String,
}

/// A text to hear.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PromptPreviewInput)]
struct PreviewInput {
    text: String,
    /// By the speech engine's name for it; its own when left out.
    voice: Option<String>,
    /// Such as `en-US`; the speech engine's own when left out.
    language: Option<String>,
}

/// The stored sounds of the account, newest first.
#[utoipa::path(get, path = "/prompts", tag = "call", operation_id = "listPrompts", params(ListQuery), responses((status = 200, body = Page<PromptItem>), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<Page<PromptItem>>, Problem> {
    caller.may(Need::Read)?;
    let most = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let after = after(query.cursor.as_deref())?;
    let directory = app.backend.directory.now();
    let own = directory.prompts_of(caller.account);
    let mut left = own
        .into_iter()
        .rev()
        .filter(|p| after.is_none_or(|(_, id)| p.id < id));
    let page: Vec<_> = left.by_ref().take(most).collect();
    let last = page.last().filter(|_| left.next().is_some());
    Ok(Json(Page {
        next_cursor: last.map(|p| cursor(p.created_at, p.id)),
        items: page.iter().map(|p| item(&directory, p)).collect(),
    }))
}

/// Takes a sound into the library: WAV, MP3 or AAC, of at most ten minutes and 25 MiB, as the body. It is converted to what
/// telephones carry; the same sound is kept once.
#[utoipa::path(post, path = "/prompts", tag = "call", operation_id = "uploadPrompt", params(UploadQuery), request_body(content = SoundFile, content_type = "audio/wav", description = "The file, with its own Content-Type: audio/wav, audio/mpeg, audio/aac or audio/mp4"), responses((status = 201, body = PromptItem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn upload(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<UploadQuery>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<(StatusCode, Json<PromptItem>), Problem> {
    caller.may(Need::Write)?;
    check_kind(&headers)?;
    let name = query.name.unwrap_or_default().trim().to_owned();
    let place = app.uploads.take(caller.account);
    let _place = place.ok_or_else(|| {
        Problem::too_many_at_once("Other sounds are being taken in. Send this one after them.")
    })?;
    let file = whole(&headers, body, UPLOAD_BYTES_MAX, UPLOAD_WAIT).await?;
    let (id, now) = (app.backend.moment.id(), app.backend.moment.now());
    let setup = &app.backend.setup;
    let prompt = setup
        .add_prompt(id, caller.account, name, file, now)
        .await?;
    let directory = app.backend.directory.now();
    Ok((StatusCode::CREATED, Json(item(&directory, &prompt))))
}

fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let plain = kind.split(';').next().unwrap_or_default().trim();
    if AUDIO.iter().any(|known| known.eq_ignore_ascii_case(plain)) {
        return Ok(());
    }
    Err(Problem::unsupported(
        "Send a WAV, MP3 or AAC file with its Content-Type: audio/wav, audio/mpeg, audio/aac or audio/mp4.",
    ))
}

/// What a text sounds like: a WAV file. Nothing is kept.
#[utoipa::path(post, path = "/prompts/preview", tag = "call", operation_id = "previewPrompt", request_body = PreviewInput, responses((status = 200, description = "WAV, one channel", content_type = "audio/wav"), (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
async fn preview(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<PreviewInput>,
) -> Result<Response, Problem> {
    caller.may(Need::Write)?;
    let spoken = spoken(input)?;
    let place = app.previews.take(caller.account);
    let _place = place.ok_or_else(|| {
        Problem::too_many_at_once("Another text is being spoken. Listen to this one after it.")
    })?;
    let wav = app.backend.sounds.preview(&spoken).await;
    let wav = wav.map_err(|error| match error {
        SpeechError::NoEngine => Problem::invalid(
            "text",
            "This server has no speech engine. The operator can install one, or upload a sound instead.",
        ),
        SpeechError::Refused(why) => Problem::invalid("voice", why),
        SpeechError::Failed(why) => {
            tracing::warn!(why, "a text could not be spoken");
            Problem::unavailable("The speech engine failed. The log of the server says why.")
        }
    })?;
    let headers = [
        (header::CONTENT_TYPE, "audio/wav"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, wav).into_response())
}

fn spoken(input: PreviewInput) -> Result<Spoken, Problem> {
    let length = input.text.chars().count();
    if input.text.trim().is_empty() || length > TEXT_MAX {
        let message = format!("Write a text of 1 to {TEXT_MAX} characters.");
        return Err(Problem::invalid("text", message));
    }
    for (field, value) in [("voice", &input.voice), ("language", &input.language)] {
        if value
            .as_ref()
            .is_some_and(|v| v.chars().count() > VOICE_MAX)
        {
            let message = format!("Write at most {VOICE_MAX} characters.");
            return Err(Problem::invalid(field, message));
        }
    }
    let named = |value: Option<String>| value.filter(|v| !v.is_empty());
    Ok(Spoken {
        text: input.text,
        voice: named(input.voice),
        language: named(input.language),
    })
}

/// Gives a stored sound another name.
#[utoipa::path(patch, path = "/prompts/{id}", tag = "call", operation_id = "renamePrompt", params(("id" = String, Path)), request_body = PromptInput, responses((status = 200, body = PromptItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn rename(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<PromptInput>,
) -> Result<Json<PromptItem>, Problem> {
    caller.may(Need::Write)?;
    let prompt = find(&app, &caller, &id)?;
    let name = input.name.trim().to_owned();
    app.backend.setup.rename_prompt(prompt.id, name).await?;
    let prompt = find(&app, &caller, &id)?;
    Ok(Json(item(&app.backend.directory.now(), &prompt)))
}

/// Removes a stored sound that no flow plays; 409 names those that do, drafts included.
#[utoipa::path(delete, path = "/prompts/{id}", tag = "call", operation_id = "deletePrompt", params(("id" = String, Path)), responses((status = 204, description = "Removed"), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Write)?;
    let prompt = find(&app, &caller, &id)?;
    app.backend.setup.delete_prompt(prompt.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sound as WAV. Range requests work (RFC 9110, 14).
#[utoipa::path(get, path = "/prompts/{id}/audio", tag = "call", operation_id = "promptAudio", params(("id" = String, Path)), responses((status = 200, description = "WAV, one channel", content_type = "audio/wav"), (status = 206, description = "The range asked for", content_type = "audio/wav"), (status = 404, body = Problem)))]
async fn audio(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Need::Read)?;
    let prompt = find(&app, &caller, &id)?;
    let file = SoundKey::Stored(prompt.hash).file_name();
    sound_file::answer(&app.settings.prompts.join(file), &headers, "sound").await
}

fn find(app: &Web, caller: &Caller, id: &str) -> Result<PromptRow, Problem> {
    let missing = || Problem::not_found("sound");
    let id = PromptId::parse(id).map_err(|_| missing())?;
    let directory = app.backend.directory.now();
    let prompt = directory.prompt(id);
    let prompt = prompt.filter(|p| p.account == caller.account);
    Ok(PromptRow::clone(prompt.ok_or_else(missing)?))
}

fn item(directory: &Directory, prompt: &PromptRow) -> PromptItem {
    let users = directory.users_of_prompt(prompt);
    PromptItem {
        id: prompt.id.to_string(),
        name: prompt.name.clone(),
        duration_ms: prompt.duration_ms,
        bytes: prompt.bytes,
        created_at: prompt.created_at.as_millis(),
        used_by: users
            .iter()
            .map(|flow| PromptUser {
                flow: flow.id.to_string(),
                name: flow.name.clone(),
            })
            .collect(),
    }
}
