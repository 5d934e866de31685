//! The driving port of a call: how a performer (native SIP, voice webhooks) hands calls in and
//! learns what to do. A performer knows nothing of sites, sources or campaigns.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use trunkline_core::base::id::{CallId, RecordingId, TrunkId};
use trunkline_core::base::{Callee, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{Accept, FlowEvent, Gather, Prompt};
use trunkline_core::call::{EndReason, EndedBy};

use super::trunk::TrunkSettings;

/// What a performer may ask of the engine.
#[async_trait]
pub trait CallControl: Send + Sync + 'static {
    /// Which trunk may talk to us from this address; from memory. `None`: a stranger.
    fn trunk_by_address(
        &self,
        remote: SocketAddr,
        transport: Transport,
    ) -> Option<Arc<TrunkProfile>>;

    /// A trunk by its id; from memory.
    fn trunk(&self, id: TrunkId) -> Option<Arc<TrunkProfile>>;

    /// Takes a validated call in: finds its number, opens its record, attributes it and starts its
    /// flow. Never late: when attribution or the database is, the number's business line is dialled.
    async fn incoming(&self, call: Incoming) -> Admission;

    /// Tells what happened on the line and gets the next actions.
    async fn event(&self, call: CallId, event: FlowEvent) -> Vec<Action>;

    /// The sound of a prompt, from memory when it was played before; `None` when there is none, which a performer
    /// passes over as if it had been played. Never later than [`SOUND_WAIT_MS`].
    async fn sound(&self, call: CallId, prompt: &Prompt) -> Option<Arc<Sound>>;

    /// A sign of life while talking, every [`PROGRESS_EVERY_MS`].
    fn progress(&self, call: CallId, at: Timestamp);

    /// The call is over; exactly once per accepted call.
    async fn ended(&self, call: CallId, end: CallEnd);
}

/// How often a performer reports [`CallControl::progress`], in milliseconds.
pub const PROGRESS_EVERY_MS: u64 = 5_000;

/// Longest wait for [`CallControl::sound`], in milliseconds.
pub const SOUND_WAIT_MS: u64 = 1_000;

/// A sound ready to be played: one channel at 8 kHz, a byte per sample, in both variants of G.711. All calls that play
/// it share it.
#[derive(Debug, PartialEq, Eq)]
pub struct Sound {
    /// µ-law.
    pub pcmu: Box<[u8]>,
    /// A-law; as many samples.
    pub pcma: Box<[u8]>,
}

/// Transport of SIP signalling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A TCP connection.
    Tcp,
    /// A TCP connection under TLS.
    Tls,
}

impl Transport {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "udp" => Some(Self::Udp),
            "tcp" => Some(Self::Tcp),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }
}

/// An audio codec a trunk may be offered, in RTP terms (RFC 3551).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
}

impl Codec {
    /// The stored word, which is also the encoding name of SDP.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "PCMU" => Some(Self::Pcmu),
            "PCMA" => Some(Self::Pcma),
            _ => None,
        }
    }
}

/// A range of addresses, such as 203.0.113.0/24.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// The text is no address range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or range such as 203.0.113.7 or 203.0.113.0/24")]
pub struct ParseCidrError(pub String);

impl Cidr {
    /// Reads `address` or `address/prefix`.
    ///
    /// # Errors
    /// When the address is malformed or the prefix is longer than the address.
    pub fn parse(text: &str) -> Result<Self, ParseCidrError> {
        let wrong = || ParseCidrError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix
            .map_or(Ok(longest), str::parse::<u8>)
            .map_err(|_| wrong())?;
        if prefix > longest {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }

    /// Whether `ip` lies in the range. IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                (net.to_bits() ^ ip.to_bits()) & mask == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                (net.to_bits() ^ ip.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let longest = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix == longest {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

/// What a performer needs to know of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkProfile {
    /// The trunk.
    pub id: TrunkId,
    /// Its name, for logs.
    pub name: String,
    /// Addresses its requests may come from.
    pub addresses: Vec<Cidr>,
    /// Where outgoing calls are sent, once looked up; `None` for a trunk that only takes calls in.
    pub peer: Option<SocketAddr>,
    /// Transport of outgoing calls.
    pub transport: Transport,
    /// Codecs that may be offered, best first.
    pub codecs: Vec<Codec>,
    /// Whether the far end sits behind NAT, so that its media address is learned once.
    pub nat: bool,
    /// How it is spoken to.
    pub settings: TrunkSettings,
}

/// STIR/SHAKEN attestation as signalled by the carrier (ATIS-1000074).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attestation {
    /// Full: the carrier knows the caller and the right to the number.
    A,
    /// Partial: the carrier knows the caller.
    B,
    /// Gateway: the carrier knows where the call entered.
    C,
}

impl Attestation {
    /// The letter.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// What the carrier found when it checked the caller's number (ATIS-1000074).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verstat {
    /// The number is the caller's.
    Passed,
    /// The signature was wrong: the number may be forged.
    Failed,
    /// It was not checked.
    Unchecked,
}

impl Verstat {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unchecked => "unchecked",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "passed" => Some(Self::Passed),
            "failed" => Some(Self::Failed),
            "unchecked" => Some(Self::Unchecked),
            _ => None,
        }
    }
}

/// What the carrier signalled of a call beside the caller's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signalled {
    /// What came of checking the caller's number.
    pub verstat: Option<Verstat>,
    /// The number that redirected the call to us (Diversion, RFC 5806).
    pub diversion: Option<PhoneNumber>,
}

/// How a call reached us, which is also how its other legs go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Over SIP.
    Sip {
        /// Address of the far end.
        remote: SocketAddr,
    },
    /// By a webhook of its trunk's carrier, who dials for us.
    Webhook,
}

/// A call that arrived.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The trunk it came over.
    pub trunk: TrunkId,
    /// The caller's number, when it is one and not withheld.
    pub caller: Option<PhoneNumber>,
    /// The caller as signalled, at most 128 characters.
    pub caller_text: String,
    /// The dialled number as signalled: user part of the request URI.
    pub dialled: String,
    /// The carrier's name of the call: Call-ID of the incoming leg, or the call's SID at a carrier that talks by
    /// webhooks.
    pub sip_call_id: String,
    /// How it reached us.
    pub arrival: Arrival,
    /// Attestation, when the carrier passed it on.
    pub attestation: Option<Attestation>,
    /// What else it signalled.
    pub signalled: Signalled,
    /// When we heard of it.
    pub received_at: Timestamp,
}

/// The answer to an incoming call.
#[derive(Debug, Clone)]
pub enum Admission {
    /// Carry out the actions.
    Accepted {
        /// The call.
        call: CallId,
        /// Where to record, when its talks may be recorded; [`Dialling::record`] says which are.
        recording: Option<RecordingPlan>,
        /// Its limits.
        limits: CallLimits,
        /// The first actions.
        actions: Vec<Action>,
    },
    /// Refuse with a final status.
    Refused {
        /// SIP status, 4xx to 6xx.
        status: u16,
        /// Reason phrase.
        reason: &'static str,
        /// Value of `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
}

/// Where a call's recording goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingPlan {
    /// The recording.
    pub id: RecordingId,
    /// The file to write; its folder exists or can be made.
    pub path: PathBuf,
}

/// Limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Longest length from answer, in milliseconds.
    pub max_call_ms: u64,
    /// Longest time without a packet from both sides while talking, in milliseconds; one side alone
    /// may be silent ten times as long.
    pub rtp_inactivity_ms: u64,
    /// Session interval asked for (RFC 4028), in seconds.
    pub session_expires_s: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            max_call_ms: 4 * 3_600_000,
            rtp_inactivity_ms: 60_000,
            session_expires_s: 1_800,
        }
    }
}

/// What the performer is to do next. Of the actions of one answer at most one waits for an event; it is the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Answer the caller, unless that was done, and play to its end; then tell [`FlowEvent::Played`].
    Play {
        /// Names it in the event.
        action: u32,
        /// What.
        prompt: Prompt,
    },
    /// Answer the caller, unless that was done, play and listen for keys; then tell [`FlowEvent::Gathered`].
    Gather(Gather),
    /// Ring destinations together; one that failed may be among them again over another trunk, as the same attempt,
    /// while others still ring. The first that answers is connected and told as [`FlowEvent::Answered`]; when they are
    /// screened, it is told when it picks up, and as [`FlowEvent::Accepted`] when it is connected.
    Dial(Dialling),
    /// Ring these no longer, if that was not ended already.
    CancelDial {
        /// Which attempts.
        attempts: Vec<u32>,
    },
    /// Answer the caller, unless that was done, and record a message; then tell [`FlowEvent::VoicemailRecorded`], also
    /// before [`FlowEvent::CallerHungUp`] when the caller ends it so.
    Voicemail(Voicemail),
    /// End the call; a caller who was never answered gets this final status.
    HangUp {
        /// SIP status; 200 means BYE.
        status: u16,
        /// Reason phrase.
        reason: &'static str,
    },
}

/// A message to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voicemail {
    /// Names it in the event.
    pub action: u32,
    /// What the caller hears first.
    pub greeting: Option<Prompt>,
    /// Longest message, in milliseconds.
    pub max_ms: u32,
    /// Silence that ends it, in milliseconds.
    pub silence_ms: u32,
    /// Whether a tone says when to speak.
    pub beep: bool,
    /// Where it goes; the call's one recording, which goes on when it has begun.
    pub recording: RecordingPlan,
}

/// Outgoing legs that ring together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialling {
    /// One to ten legs.
    pub legs: Vec<Dial>,
    /// What a destination hears before it is connected.
    pub whisper: Option<Prompt>,
    /// The key it must press; otherwise the attempt failed as `not_accepted`.
    pub accept: Option<Accept>,
    /// Whether an answering machine counts as failed, as `machine`.
    pub detect_machine: bool,
    /// Whether the talk is recorded, from the moment both are connected.
    pub record: bool,
}

/// An outgoing leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Counts the attempts of the call from 1.
    pub attempt: u32,
    /// The trunk to use; for a SIP address that whose codecs and caller-ID policy hold.
    pub trunk: TrunkId,
    /// Whom to ring.
    pub to: Callee,
    /// Where a SIP address is, looked up and allowed; the call goes there and not to the trunk's far end. A performer whose
    /// carrier dials leaves it to the carrier.
    pub at: Option<SocketAddr>,
    /// The number to show; `None` passes the caller's own on as signalled.
    pub caller_id: Option<PhoneNumber>,
    /// The tracking number that was dialled, for trunks that are told it.
    pub redirected_by: Option<PhoneNumber>,
    /// How long it may ring, in milliseconds.
    pub ring_timeout_ms: u32,
}

/// How a call ended, told by the performer.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEnd {
    /// Which side ended it.
    pub by: EndedBy,
    /// Why.
    pub reason: EndReason,
    /// Final SIP status of the caller's leg, when it was never connected.
    pub sip_status: Option<u16>,
    /// Q.850 cause of a `Reason` header (RFC 3326).
    pub q850: Option<u8>,
    /// When.
    pub ended_at: Timestamp,
    /// Time connected, in milliseconds; 0 when never connected.
    pub talk_ms: u64,
    /// How long the caller's leg was answered, in milliseconds; 0 when it never was. `None`: the performer does not know, and
    /// the desk's own clock counts.
    pub caller_ms: Option<u64>,
    /// What the media looked like.
    pub quality: Option<Quality>,
    /// What was recorded.
    pub recording: Option<RecordingDone>,
}

/// Media quality over a call, worst direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Interarrival jitter (RFC 3550, 6.4.1), in milliseconds.
    pub jitter_ms: f64,
    /// Packets lost, in per cent of expected.
    pub loss_percent: f64,
    /// Estimated mean opinion score (ITU-T G.107 simplified), 1.0 to 4.5.
    pub mos: f64,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingDone {
    /// Length, in milliseconds.
    pub duration_ms: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Whether it is whole.
    pub state: RecordingState,
}

/// Whether a recording is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingState {
    /// Being written.
    Writing,
    /// Everything that was heard is in it.
    Complete,
    /// Parts are missing: the disk was full or slow, or the process ended.
    Partial,
    /// Its file is gone.
    Deleted,
}

impl RecordingState {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Deleted => "deleted",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "writing" => Some(Self::Writing),
            "complete" => Some(Self::Complete),
            "partial" => Some(Self::Partial),
            "deleted" => Some(Self::Deleted),
            _ => None,
        }
    }
}
