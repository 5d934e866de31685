//! Trunks whose carrier talks to us by voice webhooks instead of SIP, and the recordings such a carrier keeps for us.

use std::path::Path;

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, CallId, RecordingId, TrunkId};

use super::PortResult;
use crate::call::control::RecordingState;

/// How a carrier speaks: all of them speak like Twilio, and sign differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// Twilio's own TwiML.
    Twilio,
    /// Telnyx TeXML.
    Telnyx,
    /// SignalWire's compatibility XML.
    SignalWire,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Twilio, Self::Telnyx, Self::SignalWire];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::SignalWire => "signalwire",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.word() == word)
    }
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whoever signs or sends with it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How the carrier of a trunk talks to us by webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTrunk {
    /// The trunk.
    pub trunk: TrunkId,
    /// How it speaks.
    pub dialect: Dialect,
    /// The account at the carrier: account SID, project id.
    pub carrier_account: String,
    /// What its requests are signed with: the auth token, the signing key, or the public key.
    pub signing_key: Secret,
    /// What we prove ourselves with when we fetch recordings; `None`: the signing key, or nothing where that is public.
    pub api_token: Option<Secret>,
    /// When it was set.
    pub set_at: Timestamp,
}

impl WebhookTrunk {
    /// User name and password for the carrier's own server, where it asks for them.
    #[must_use]
    pub fn login(&self) -> Option<(&str, &str)> {
        let token = match (&self.api_token, self.dialect) {
            (Some(token), _) => token,
            // A public key proves nothing, and recordings there need no proof.
            (None, Dialect::Telnyx) => return None,
            (None, Dialect::Twilio | Dialect::SignalWire) => &self.signing_key,
        };
        Some((&self.carrier_account, token.reveal()))
    }
}

/// A recording that is to be fetched from the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFetch {
    /// The call.
    pub call: CallId,
    /// The carrier's name of the recording.
    pub name: String,
    /// Our recording of the call, which it becomes a part of.
    pub recording: RecordingId,
    /// Whose call it is.
    pub account: AccountId,
    /// The trunk, whose credentials open it.
    pub trunk: TrunkId,
    /// Where it lies.
    pub url: String,
    /// Path of our recording below the recordings folder.
    pub path: String,
    /// Tries so far that failed.
    pub tries: u32,
    /// Where in our recording it begins, in samples; `None` until that is decided.
    pub begins_at: Option<u64>,
    /// When the carrier told of it.
    pub told_at: Timestamp,
}

/// What came of a recording that was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchedRecording {
    /// Whether it is whole.
    pub state: RecordingState,
    /// Length of our recording, in milliseconds.
    pub duration_ms: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// Keeps what is to be fetched, so that a crash loses nothing.
#[async_trait]
pub trait RecordingFetches: Send + Sync {
    /// Notes a recording; one that is noted already changes nothing. Answers whether it is new.
    async fn note(&self, fetch: &RecordingFetch) -> PortResult<bool>;
    /// What is due of calls that ended, oldest first.
    async fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<RecordingFetch>>;
    /// Decides where in our recording a part begins; what was decided before stays, and is answered.
    async fn begin(&self, call: CallId, name: &str, begins_at: u64) -> PortResult<u64>;
    /// A try failed; it is tried again at `next_at`.
    async fn failed(&self, call: CallId, name: &str, next_at: Timestamp) -> PortResult<()>;
    /// It is part of our recording, or is given up.
    async fn settle(
        &self,
        fetch: &RecordingFetch,
        done: Option<FetchedRecording>,
    ) -> PortResult<()>;
    /// Whether a call with the carrier's name for it was recorded on a trunk.
    async fn is_known(&self, trunk: TrunkId, name: &str) -> PortResult<bool>;
}

/// Why a recording could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Another try may help.
    #[error("{0}")]
    Later(String),
    /// No try will.
    #[error("{0}")]
    Never(String),
}

/// Fetches from carriers.
#[async_trait]
pub trait CarrierMedia: Send + Sync {
    /// Writes what lies at `url` to a file, whole or not at all. Credentials go out only over TLS, and only to this
    /// address, not to one it redirects to.
    async fn fetch(
        &self,
        url: &str,
        login: Option<(&str, &str)>,
        to: &Path,
    ) -> Result<(), FetchError>;
}

/// Makes our recording of what was fetched.
pub trait RecordingMaker: Send + Sync {
    /// How many samples our recording has; 0 when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    fn length(&self, recording: &Path) -> std::io::Result<u64>;
    /// Puts a fetched file into our recording from this sample on; what stood there is replaced. Writes its waveform.
    ///
    /// # Errors
    /// When it is no sound that can be read, or the disk refuses.
    fn join(
        &self,
        fetched: &Path,
        recording: &Path,
        begins_at: u64,
    ) -> std::io::Result<FetchedRecording>;
}
