//! The kinds of nodes and their settings, as a document writes them.
//!
//! A document that is being worked on may be incomplete, so a setting that a person has yet to make may be empty here;
//! what must be there before a call may meet it, `validate` says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dial::{DialNode, RouteNode};
use super::prompt::{Message, id_or_none};
use super::when::Test;
use crate::base::id::PromptId;
use crate::base::{Schedule, words};

/// Most digits of one answer.
pub(super) const DIGITS_MAX: u32 = 20;
/// Most times a question is asked.
pub(super) const TRIES_MAX: u32 = 10;
/// Longest wait for the first digit, in seconds.
pub(super) const TIMEOUT_S_MAX: u32 = 60;
/// Longest wait between two digits, in seconds.
pub(super) const BETWEEN_S_MAX: u32 = 20;
/// Longest message that may be left, in seconds.
pub(super) const VOICEMAIL_S_MAX: u32 = 600;
/// Longest wait for the answer of a webhook, in milliseconds.
pub const WEBHOOK_MS_MAX: u32 = 5_000;

/// What a node does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NodeKind {
    /// Plays a sound.
    Play(PlayNode),
    /// Speaks a text.
    Say(SayNode),
    /// Says that the call is recorded; from here it may be.
    RecordingNotice(NoticeNode),
    /// Asks for one key and goes where it leads.
    Menu(MenuNode),
    /// Asks for digits and keeps them.
    Gather(GatherNode),
    /// Asks for a ZIP code and keeps it as the tag `zip`.
    CollectZip(ZipNode),
    /// Goes by the clock.
    Schedule(Schedule),
    /// Goes the way of the first case that is true.
    Branch(BranchNode),
    /// Sends a share of the calls each way.
    Splitter(SplitterNode),
    /// Keeps a word about the call.
    SetTag(SetTagNode),
    /// Rings destinations and connects the first that takes the call.
    Dial(DialNode),
    /// Hands the call to a campaign.
    Route(RouteNode),
    /// Lets the caller leave a message.
    Voicemail(VoicemailNode),
    /// Asks another server.
    Webhook(WebhookNode),
    /// Asks the caller questions, one after the other.
    Survey(SurveyNode),
    /// Lets only those on who press a digit.
    Challenge(ChallengeNode),
    /// Goes on at another node.
    GoTo(GoToNode),
    /// Ends the call.
    HangUp(HangUpNode),
}

/// The words of all kinds, in the order in which a builder offers them.
pub const KINDS: [&str; 18] = [
    "play",
    "say",
    "recording_notice",
    "menu",
    "gather",
    "collect_zip",
    "schedule",
    "branch",
    "splitter",
    "set_tag",
    "dial",
    "route",
    "voicemail",
    "webhook",
    "survey",
    "challenge",
    "go_to",
    "hang_up",
];

/// Settings of [`NodeKind::Play`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayNode {
    /// Which sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
}

/// Settings of [`NodeKind::Say`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SayNode {
    /// What is said.
    #[serde(default)]
    pub text: String,
    /// The voice, by the speech engine's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// The language, such as `en-US`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

words! {
    /// How a caller agrees to being recorded.
    Consent {
        /// By staying on the line after having been told.
        Announce = "announce",
    }
}

/// Settings of [`NodeKind::RecordingNotice`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeNode {
    /// The notice as a sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// The notice as a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How the caller agrees.
    #[serde(default = "announce")]
    pub consent: Consent,
}

const fn announce() -> Consent {
    Consent::Announce
}

/// Settings of [`NodeKind::Menu`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuNode {
    /// The choices as a sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// The choices as a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where each key leads: `0` to `9`, `*` or `#`.
    #[serde(default)]
    pub choices: BTreeMap<String, String>,
    /// Wait for a key after the prompt, in seconds.
    #[serde(default = "five")]
    pub timeout_s: u32,
    /// How often it is asked.
    #[serde(default = "three")]
    pub tries: u32,
    /// Whether a key ends the prompt.
    #[serde(default = "yes")]
    pub barge_in: bool,
}

/// Settings of [`NodeKind::Gather`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatherNode {
    /// The question as a sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// The question as a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Fewest digits that are an answer.
    #[serde(default = "one")]
    pub digits_min: u32,
    /// Most digits; the answer ends with them.
    #[serde(default = "one")]
    pub digits_max: u32,
    /// The key that ends an answer, `#` or `*`; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminator: Option<char>,
    /// Wait for the first digit after the prompt, in seconds.
    #[serde(default = "eight")]
    pub timeout_s: u32,
    /// Wait between two digits, in seconds.
    #[serde(default = "three")]
    pub between_s: u32,
    /// How often it is asked.
    #[serde(default = "three")]
    pub tries: u32,
    /// The name the digits are kept under.
    #[serde(default)]
    pub tag: String,
}

/// Settings of [`NodeKind::CollectZip`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZipNode {
    /// The question as a sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// The question as a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Wait for the first digit after the prompt, in seconds.
    #[serde(default = "eight")]
    pub timeout_s: u32,
    /// Wait between two digits, in seconds.
    #[serde(default = "three")]
    pub between_s: u32,
    /// How often it is asked.
    #[serde(default = "three")]
    pub tries: u32,
}

/// Settings of [`NodeKind::Branch`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchNode {
    /// The cases, the first that is true decides.
    #[serde(default)]
    pub cases: Vec<Case>,
}

/// One case of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What must be true.
    pub when: Test,
    /// Where it leads.
    pub to: String,
}

/// Settings of [`NodeKind::Splitter`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitterNode {
    /// The arms; their shares make 100.
    #[serde(default)]
    pub arms: Vec<Arm>,
}

/// One arm of a splitter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Its share of the calls, in per cent.
    pub percent: u32,
    /// Where it leads.
    pub to: String,
}

/// Settings of [`NodeKind::SetTag`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTagNode {
    /// The tag's name.
    #[serde(default)]
    pub name: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}

/// Settings of [`NodeKind::Voicemail`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoicemailNode {
    /// What the caller hears first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Message>,
    /// Longest message, in seconds.
    #[serde(default = "two_minutes")]
    pub max_s: u32,
    /// Silence that ends it, in seconds.
    #[serde(default = "five")]
    pub silence_s: u32,
    /// Whether a tone says when to speak.
    #[serde(default = "yes")]
    pub beep: bool,
}

/// Settings of [`NodeKind::Webhook`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookNode {
    /// Who is asked.
    #[serde(default)]
    pub url: String,
    /// Longest wait for the answer, in milliseconds.
    #[serde(default = "two_seconds")]
    pub timeout_ms: u32,
}

/// Settings of [`NodeKind::Survey`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyNode {
    /// The questions in order.
    #[serde(default)]
    pub questions: Vec<Question>,
}

/// One question of a survey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question as a sound.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// The question as a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The name its answer is kept under.
    #[serde(default)]
    pub tag: String,
    /// How many digits an answer has.
    #[serde(default = "one")]
    pub digits: u32,
}

/// Settings of [`NodeKind::Challenge`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeNode {
    /// What to press, as a sound; only with a digit of one's own.
    #[serde(default, with = "id_or_none", skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptId>,
    /// What to press, as a text; `{digit}` stands for the digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The digit; drawn for each call when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digit: Option<char>,
}

/// Settings of [`NodeKind::GoTo`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoToNode {
    /// Where.
    #[serde(default)]
    pub to: String,
}

words! {
    /// How a caller who was never answered is turned away.
    HangUpReason {
        /// As the last attempt ended.
        Normal = "normal",
        /// As a busy line.
        Busy = "busy",
        /// As a call that is not wanted.
        Rejected = "rejected",
    }
}

/// Settings of [`NodeKind::HangUp`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HangUpNode {
    /// How a caller who was never answered is turned away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<HangUpReason>,
}

const fn yes() -> bool {
    true
}
const fn one() -> u32 {
    1
}
const fn three() -> u32 {
    3
}
const fn five() -> u32 {
    5
}
const fn eight() -> u32 {
    8
}
const fn two_minutes() -> u32 {
    120
}
const fn two_seconds() -> u32 {
    2_000
}

words! {
    /// Something a flow needs of whoever carries it out. A performer says which of them it has; a flow that needs another
    /// one cannot be published.
    Ability {
        /// Plays a sound to the caller.
        Play = "play",
        /// Turns a text into a sound.
        Speak = "speak",
        /// Hears which keys the caller presses.
        Digits = "digits",
        /// Rings several destinations at once.
        RingTogether = "ring_together",
        /// Speaks with a destination before it is connected: whisper, press a key to accept.
        Screen = "screen",
        /// Tells a machine that answers from a person.
        DetectMachine = "detect_machine",
        /// Keeps the caller on the line when the destination hangs up.
        KeepCaller = "keep_caller",
        /// Records a message of the caller.
        Voicemail = "voicemail",
        /// Asks other servers during a call.
        Ask = "ask",
    }
}

impl Ability {
    /// What it is, for people, as in "this server cannot …".
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Play => "play sounds",
            Self::Speak => "speak texts",
            Self::Digits => "hear keys",
            Self::RingTogether => "ring several destinations at once",
            Self::Screen => "speak with a destination before it is connected",
            Self::DetectMachine => "tell answering machines from people",
            Self::KeepCaller => "keep the caller when the destination hangs up",
            Self::Voicemail => "record messages",
            Self::Ask => "ask other servers during a call",
        }
    }
}
