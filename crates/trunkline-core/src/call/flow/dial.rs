//! Whom a dial or route node rings, in which order, and what a destination must do to get the call.

use serde::{Deserialize, Serialize};

use super::prompt::{Message, id_or_none};
use crate::base::id::CampaignId;
use crate::base::{PhoneNumber, words};

/// Most destinations of one node.
pub const DESTINATIONS_MAX: usize = 10;
/// Longest ring time of one destination, in seconds.
pub const RING_TIMEOUT_S_MAX: u32 = 120;
/// Shortest ring time of one destination, in seconds.
pub const RING_TIMEOUT_S_MIN: u32 = 5;
const RING_TIMEOUT_S_DEFAULT: u32 = 30;

words! {
    /// In which order destinations are rung.
    Strategy {
        /// One after the other, as written.
        Sequence = "sequence",
        /// All at once; the first that takes the call has it.
        Simultaneous = "simultaneous",
        /// One after the other, each call beginning with the next one; a caller comes back to who answered before.
        RoundRobin = "round_robin",
    }
}

words! {
    /// On or off.
    Switch {
        /// On.
        On = "on",
        /// Off.
        Off = "off",
    }
}

words! {
    /// The number a destination sees.
    ShownNumber {
        /// The caller's own, as signalled.
        Caller = "caller",
        /// The tracking number that was dialled.
        TrackingNumber = "tracking_number",
    }
}

/// Settings of a dial node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialNode {
    /// Who is rung.
    #[serde(default)]
    pub destinations: Vec<DialDestination>,
    /// In which order.
    #[serde(default = "sequence", skip_serializing_if = "is_sequence")]
    pub strategy: Strategy,
    /// What a destination hears before it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Message>,
    /// The key a destination must press to get the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// Whether an answering machine counts as no answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub detect_machine: bool,
    /// Whether the talk is recorded; when left out, wherever it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Switch>,
    /// The number destinations see.
    #[serde(default = "caller", skip_serializing_if = "is_caller")]
    pub caller_id: ShownNumber,
}

/// The key a destination must press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Which one.
    pub digit: char,
    /// How often it is asked.
    #[serde(default = "two")]
    pub tries: u32,
}

/// Settings of a route node: the campaign's plan says who is rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteNode {
    /// The campaign; that of the feed which the call came through when left out.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignId>,
    /// What a buyer hears before it is connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Message>,
    /// The key a buyer must press to get the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// Whether an answering machine counts as no answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub detect_machine: bool,
    /// Whether the talk is recorded; when left out, wherever it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Switch>,
    /// The number buyers see.
    #[serde(default = "caller", skip_serializing_if = "is_caller")]
    pub caller_id: ShownNumber,
}

/// How a destination is connected once it picked up, be it of a dial or of a route node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handover<'a> {
    /// What it hears before it is connected.
    pub whisper: Option<&'a Message>,
    /// The key it must press.
    pub accept: Option<Accept>,
    /// Whether an answering machine counts as no answer.
    pub detect_machine: bool,
    /// Whether the talk is recorded; `None`: wherever it may be.
    pub recording: Option<Switch>,
    /// The number it sees.
    pub caller_id: ShownNumber,
}

impl Handover<'_> {
    /// Whether it is found fit before it is connected.
    #[must_use]
    pub const fn screens(&self) -> bool {
        self.whisper.is_some() || self.accept.is_some() || self.detect_machine
    }
}

/// One destination of a dial node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialDestination {
    /// Whom to ring.
    pub to: DialTo,
    /// How long it may ring, in seconds.
    #[serde(default = "ring_timeout_default")]
    pub ring_timeout_s: u32,
}

impl DialDestination {
    /// Rings for the usual time.
    #[must_use]
    pub const fn new(to: DialTo) -> Self {
        Self {
            to,
            ring_timeout_s: RING_TIMEOUT_S_DEFAULT,
        }
    }
}

impl DialNode {
    /// How a destination is connected.
    pub(super) const fn handover(&self) -> Handover<'_> {
        Handover {
            whisper: self.whisper.as_ref(),
            accept: self.accept,
            detect_machine: self.detect_machine,
            recording: self.recording,
            caller_id: self.caller_id,
        }
    }

    /// Rings these one after the other, and asks nothing of them.
    #[must_use]
    pub const fn sequence(destinations: Vec<DialDestination>) -> Self {
        Self {
            destinations,
            strategy: Strategy::Sequence,
            whisper: None,
            accept: None,
            detect_machine: false,
            recording: None,
            caller_id: ShownNumber::Caller,
        }
    }
}

impl RouteNode {
    /// Hands the call to this campaign, and asks nothing of buyers.
    #[must_use]
    pub const fn to(campaign: CampaignId) -> Self {
        Self {
            campaign: Some(campaign),
            whisper: None,
            accept: None,
            detect_machine: false,
            recording: None,
            caller_id: ShownNumber::Caller,
        }
    }

    /// How a buyer is connected.
    pub(super) const fn handover(&self) -> Handover<'_> {
        Handover {
            whisper: self.whisper.as_ref(),
            accept: self.accept,
            detect_machine: self.detect_machine,
            recording: self.recording,
            caller_id: self.caller_id,
        }
    }
}

/// Whom a node rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DialTo {
    /// The tracking number's business line.
    BusinessLine,
    /// The tracking number's second line; skipped when it has none.
    SecondLine,
    /// A fixed number.
    Number(PhoneNumber),
}

impl TryFrom<String> for DialTo {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "business_line" => Ok(Self::BusinessLine),
            "second_line" => Ok(Self::SecondLine),
            other => PhoneNumber::parse_e164(other).map(Self::Number).map_err(|_| {
                format!("`{other}` is no destination: write `business_line`, `second_line` or a number such as +12145550100")
            }),
        }
    }
}

impl From<DialTo> for String {
    fn from(to: DialTo) -> Self {
        match to {
            DialTo::BusinessLine => "business_line".to_owned(),
            DialTo::SecondLine => "second_line".to_owned(),
            DialTo::Number(number) => number.to_string(),
        }
    }
}

const fn ring_timeout_default() -> u32 {
    RING_TIMEOUT_S_DEFAULT
}
const fn two() -> u32 {
    2
}
const fn sequence() -> Strategy {
    Strategy::Sequence
}
const fn caller() -> ShownNumber {
    ShownNumber::Caller
}
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference to the field"
)]
const fn is_sequence(strategy: &Strategy) -> bool {
    matches!(strategy, Strategy::Sequence)
}
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference to the field"
)]
const fn is_caller(shown: &ShownNumber) -> bool {
    matches!(shown, ShownNumber::Caller)
}
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference to the field"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
