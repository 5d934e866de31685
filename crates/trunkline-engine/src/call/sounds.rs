//! The sounds of calls: uploads are converted once, texts are spoken once, and what was played stays in memory for the
//! next call.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::digest::{Context, SHA256};
use tokio::sync::Semaphore;
use trunkline_core::base::Timestamp;
use trunkline_core::call::flow::{FlowDocument, Spoken, challenge_spoken};

use super::control::Sound;
use super::desk::hold;
use super::sound_cache::{SOUND_BYTES_MAX, SoundCache};
use crate::ports::sounds::{
    DecodedSound, Decoder, NotASound, SoundFiles, SoundHash, SoundKey, Speech, SpeechError,
};
use crate::ports::{PortError, PortResult};

/// Texts that are spoken at one time.
const SPEAK_AT_ONCE_MAX: usize = 2;
/// Longest it takes to speak the texts of one flow or of one challenge; what is done by then is kept.
const SPEAK_WAIT: Duration = Duration::from_secs(120);
/// Sounds that are loaded at one time, each of them once.
const LOADS: usize = 16;
/// How long a sound that nothing uses any more is kept: calls may still hear it, and a flow be rolled back, in
/// milliseconds.
const UNUSED_MS: i64 = 7 * 86_400_000;
/// Files removed in one run.
const REMOVED_MAX: usize = 1_000;

/// Why an upload was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is no sound that callers could hear.
    #[error(transparent)]
    Sound(#[from] NotASound),
    /// It could not be kept.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A sound that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenIn {
    /// What it sounds like.
    pub hash: SoundHash,
    /// Length, in milliseconds.
    pub duration_ms: u64,
    /// Size of its file.
    pub bytes: u64,
}

/// The sounds. Everything here is shared by all accounts: who may hear what is decided before.
pub struct Sounds {
    decoder: Arc<dyn Decoder>,
    files: Arc<dyn SoundFiles>,
    speech: Option<Arc<dyn Speech>>,
    speaking: Semaphore,
    cache: Mutex<SoundCache>,
    /// A sound is loaded by one at a time; keys share these by their hash.
    loading: [tokio::sync::Mutex<()>; LOADS],
}

impl Sounds {
    /// Over a decoder, a place for files, and a speech engine when there is one.
    #[must_use]
    pub fn new(
        decoder: Arc<dyn Decoder>,
        files: Arc<dyn SoundFiles>,
        speech: Option<Arc<dyn Speech>>,
    ) -> Self {
        Self {
            decoder,
            files,
            speech,
            speaking: Semaphore::new(SPEAK_AT_ONCE_MAX),
            cache: Mutex::new(SoundCache::new(SOUND_BYTES_MAX)),
            loading: std::array::from_fn(|_| tokio::sync::Mutex::default()),
        }
    }

    /// Whether texts can be spoken.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.speech.is_some()
    }

    /// Converts an uploaded file and keeps it.
    ///
    /// # Errors
    /// When it is no sound, or could not be kept.
    pub async fn take_in(&self, file: Vec<u8>) -> Result<TakenIn, UploadError> {
        let sound = self.decode(file).await?;
        let taken = TakenIn {
            hash: finish(digest(&sound.wav)),
            duration_ms: sound.duration_ms,
            bytes: sound.wav.len() as u64,
        };
        let key = SoundKey::Stored(taken.hash);
        if !self.files.keep(key).await? {
            self.files.write(key, sound.wav).await?;
        }
        Ok(taken)
    }

    /// Speaks a text and gives the WAV file; nothing is kept.
    ///
    /// # Errors
    /// When there is no engine or it cannot.
    pub async fn preview(&self, spoken: &Spoken) -> Result<Vec<u8>, SpeechError> {
        let speech = self.speech.as_ref().ok_or(SpeechError::NoEngine)?;
        let gone = |_| SpeechError::Failed("the server ends".to_owned());
        let _place = self.speaking.acquire().await.map_err(gone)?;
        let file = speech.speak(&speech.resolved(spoken)).await?;
        let failed = |error: NotASound| SpeechError::Failed(error.to_string());
        Ok(self.decode(file).await.map_err(failed)?.wav)
    }

    /// Speaks what a flow says and is not kept yet; the number of texts that were spoken.
    ///
    /// # Errors
    /// With the node whose text cannot be spoken.
    pub async fn speak_all(&self, flow: &FlowDocument) -> Result<usize, (String, SpeechError)> {
        let spoken = self.speak_each(flow.spoken_by()).await;
        spoken.map_err(|(node, error)| (node.to_owned(), error))
    }

    /// Speaks what challenged callers hear, for each digit, and is not kept yet; the number of texts that were spoken.
    ///
    /// # Errors
    /// When a text cannot be spoken.
    pub async fn speak_challenge(&self, text: &str) -> Result<usize, SpeechError> {
        let texts = challenge_texts(text).map(|spoken| ((), spoken));
        self.speak_each(texts).await.map_err(|((), error)| error)
    }

    /// Speaks texts, each once; the first that cannot be spoken ends it, with whose it was.
    async fn speak_each<Of>(
        &self,
        texts: impl Iterator<Item = (Of, Spoken)>,
    ) -> Result<usize, (Of, SpeechError)> {
        let until = tokio::time::Instant::now() + SPEAK_WAIT;
        let mut count = 0;
        for (of, text) in texts {
            let one = tokio::time::timeout_at(until, self.speak_once(&text));
            let late = || {
                let seconds = SPEAK_WAIT.as_secs();
                let why =
                    format!("{seconds} s were not enough; what is spoken is kept, so do it again");
                SpeechError::Failed(why)
            };
            match one.await.map_err(|_| late()).flatten() {
                Ok(new) => count += usize::from(new),
                Err(error) => return Err((of, error)),
            }
        }
        Ok(count)
    }

    /// Whether a call would hear this text: its sound is loaded, and in memory from then on.
    pub(super) async fn is_heard(&self, spoken: &Spoken) -> bool {
        match self.spoken_key(spoken) {
            Some(key) => matches!(self.sound(key).await, Ok(Some(_))),
            None => false,
        }
    }

    /// Whether what challenged callers hear is kept for each digit.
    pub(super) async fn challenge_is_kept(&self, text: &str) -> bool {
        for spoken in challenge_texts(text) {
            let Some(key) = self.spoken_key(&spoken) else {
                return false;
            };
            if !matches!(self.files.keep(key).await, Ok(true)) {
                return false;
            }
        }
        true
    }

    /// Speaks and keeps a text, unless that was done; whether it had to be.
    async fn speak_once(&self, spoken: &Spoken) -> Result<bool, SpeechError> {
        let key = self.spoken_key(spoken).ok_or(SpeechError::NoEngine)?;
        let failed = |error: PortError| SpeechError::Failed(error.to_string());
        if self.files.keep(key).await.map_err(failed)? {
            return Ok(false);
        }
        let wav = self.preview(spoken).await?;
        self.files.write(key, wav).await.map_err(failed)?;
        Ok(true)
    }

    /// What a spoken text is found by; `None` without an engine.
    pub(super) fn spoken_key(&self, spoken: &Spoken) -> Option<SoundKey> {
        let speech = self.speech.as_ref()?;
        let spoken = speech.resolved(spoken);
        let voice = spoken.voice.unwrap_or_default();
        let language = spoken.language.unwrap_or_default();
        let parts = [speech.engine(), &voice, &language, &spoken.text];
        Some(SoundKey::Spoken(hash(&parts.map(str::as_bytes))))
    }

    /// A sound ready to be played, from memory when it is there; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn sound(&self, key: SoundKey) -> PortResult<Option<Arc<Sound>>> {
        if let Some(sound) = hold(&self.cache).get(key) {
            return Ok(Some(sound));
        }
        let (SoundKey::Stored(hash) | SoundKey::Spoken(hash)) = key;
        let _loading = self.loading[usize::from(hash.0[0]) % LOADS].lock().await;
        // Whoever was first has loaded it meanwhile.
        if let Some(sound) = hold(&self.cache).get(key) {
            return Ok(Some(sound));
        }
        let Some(wav) = self.files.read(key).await? else {
            return Ok(None);
        };
        let decoder = Arc::clone(&self.decoder);
        let ready = tokio::task::spawn_blocking(move || decoder.ready(&wav)).await;
        let damaged = || PortError::Failed(format!("{} is damaged", key.file_name()));
        let sound = Arc::new(ready.ok().flatten().ok_or_else(damaged)?);
        hold(&self.cache).put(key, Arc::clone(&sound));
        Ok(Some(sound))
    }

    /// Removes files that nothing uses any more; how many.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn tidy<'a>(
        &self,
        stored: impl Iterator<Item = SoundHash>,
        flows: impl Iterator<Item = &'a FlowDocument>,
        challenges: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> PortResult<usize> {
        let mut used: HashSet<SoundKey> = stored.map(SoundKey::Stored).collect();
        let texts = flows.flat_map(FlowDocument::spoken);
        let texts = texts.chain(challenges.flat_map(challenge_texts));
        used.extend(texts.filter_map(|text| self.spoken_key(&text)));
        let before = now.plus_millis(-UNUSED_MS);
        self.files.remove_unused(used, before, REMOVED_MAX).await
    }

    async fn decode(&self, file: Vec<u8>) -> Result<DecodedSound, NotASound> {
        let decoder = Arc::clone(&self.decoder);
        let decoded = tokio::task::spawn_blocking(move || decoder.decode(file)).await;
        // A file that makes a decoder fall over is not one that could be read.
        decoded.unwrap_or_else(|_| Err(NotASound("the file is damaged".to_owned())))
    }
}

/// What challenged callers hear, for each digit.
fn challenge_texts(text: &str) -> impl Iterator<Item = Spoken> {
    ('0'..='9').map(move |digit| challenge_spoken(text, digit))
}

/// The hash of parts, which are told apart by their lengths.
fn hash(parts: &[&[u8]]) -> SoundHash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    finish(context)
}

fn digest(content: &[u8]) -> Context {
    let mut context = Context::new(&SHA256);
    context.update(content);
    context
}

fn finish(context: Context) -> SoundHash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    SoundHash(bytes)
}
