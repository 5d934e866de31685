//! Sounds that callers hear: how an uploaded file is read, where sounds are kept, and who speaks texts.

use std::collections::HashSet;
use std::fmt;

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, PromptId};
use trunkline_core::call::flow::Spoken;

use super::PortResult;
use crate::call::control::Sound;

/// Longest sound, in milliseconds.
pub const SOUND_MS_MAX: u64 = 600_000;

/// SHA-256, which names a sound by what is in it or by what it says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundHash(pub [u8; 32]);

impl SoundHash {
    /// From its printed form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for SoundHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SoundHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a stored sound is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SoundKey {
    /// An uploaded sound, by its content.
    Stored(SoundHash),
    /// A spoken text, by the engine, the voice, the language and the text.
    Spoken(SoundHash),
}

impl SoundKey {
    /// The name of its file.
    #[must_use]
    pub fn file_name(self) -> String {
        match self {
            Self::Stored(hash) => format!("{hash}.wav"),
            Self::Spoken(hash) => format!("spoken-{hash}.wav"),
        }
    }

    /// The key of a file with this name; `None` for files of others.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".wav")?;
        match stem.strip_prefix("spoken-") {
            Some(hash) => SoundHash::parse(hash).map(Self::Spoken),
            None => SoundHash::parse(stem).map(Self::Stored),
        }
    }
}

/// A sound in the library of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRow {
    /// Its id.
    pub id: PromptId,
    /// Whose it is.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// What it sounds like; the same sound is kept once.
    pub hash: SoundHash,
    /// Length, in milliseconds.
    pub duration_ms: i64,
    /// Size of its file.
    pub bytes: i64,
    /// When it was uploaded.
    pub created_at: Timestamp,
}

/// A sound as it is kept: a WAV file of one channel, 16 bits, 8 kHz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedSound {
    /// The file.
    pub wav: Vec<u8>,
    /// Length, in milliseconds.
    pub duration_ms: u64,
}

/// Why a file is no sound that callers could hear: what it is, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotASound(pub String);

/// Reads sounds. Both block, for as long as arithmetic over ten minutes of sound takes.
pub trait Decoder: Send + Sync {
    /// Makes a file that somebody uploaded, or a speech engine made, into what is kept.
    ///
    /// # Errors
    /// When it cannot be read, is longer than [`SOUND_MS_MAX`], or nothing is to be heard in it.
    fn decode(&self, file: Vec<u8>) -> Result<DecodedSound, NotASound>;

    /// Makes what is kept into what is played; `None` when it is damaged.
    fn ready(&self, wav: &[u8]) -> Option<Sound>;
}

/// Where the files of sounds are kept.
#[async_trait]
pub trait SoundFiles: Send + Sync {
    /// The file of a sound.
    async fn read(&self, key: SoundKey) -> PortResult<Option<Vec<u8>>>;
    /// Keeps a file, whole or not at all; durable when it returns.
    async fn write(&self, key: SoundKey, wav: Vec<u8>) -> PortResult<()>;
    /// Whether there is a file; it then counts as written now.
    async fn keep(&self, key: SoundKey) -> PortResult<bool>;
    /// Removes up to `most` files that are not in `used` and were last kept before this; how many it were.
    async fn remove_unused(
        &self,
        used: HashSet<SoundKey>,
        before: Timestamp,
        most: usize,
    ) -> PortResult<usize>;
}

/// Why a text is not spoken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// There is no speech engine.
    #[error("this server has no speech engine")]
    NoEngine,
    /// The engine is there and cannot say it: which voice or language it lacks, and which it has.
    #[error("{0}")]
    Refused(String),
    /// The engine failed or took too long.
    #[error("the speech engine failed: {0}")]
    Failed(String),
}

/// Speaks texts.
#[async_trait]
pub trait Speech: Send + Sync {
    /// Its name, for people and as part of what names a spoken text.
    fn engine(&self) -> &str;
    /// The same text with the voice and language it is spoken in when none were asked for.
    fn resolved(&self, spoken: &Spoken) -> Spoken;
    /// A sound file with the text spoken, within a bounded time and size.
    async fn speak(&self, spoken: &Spoken) -> Result<Vec<u8>, SpeechError>;
}
