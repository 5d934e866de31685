//! Voice: calls over SIP, their media and their recording.
//!
//! [`Voice::start`] listens on UDP and TCP, judges what arrives, hands each call to the engine
//! through [`trunkline_engine::call::control::CallControl`] and performs the actions it answers:
//! speaks with callers, rings destinations, screens them, connects the two legs, relays their audio, records it. The
//! station knows nothing of sites, campaigns or money.
#![warn(missing_docs)]

mod call;
mod config;
mod counters;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod media;
mod recording;
mod sip;
mod sound;
mod tasks;
mod trunk;
mod voice;

use trunkline_core::call::flow::Ability;

/// What of call flows this performer can do beyond ringing one destination after the other.
pub const ABILITIES: &[Ability] = &[
    Ability::Play,
    Ability::Digits,
    Ability::RingTogether,
    Ability::Screen,
    Ability::DetectMachine,
    Ability::Voicemail,
    Ability::KeepCaller,
];

pub use config::VoiceConfig;
pub use counters::Snapshot;
pub use recording::{RecordingFacts, adopt, peaks_path, recorded_frames, salvage};
pub use sip::tls::TlsListen;
pub use sound::SoundDecoder;
pub use voice::Voice;
