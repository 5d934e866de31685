//! The record of calls.

use async_trait::async_trait;
use trunkline_core::attribution::{EarlierCall, NumberHistory};
use trunkline_core::base::id::{
    AccountId, CallEventId, CallId, FlowId, ModelId, NumberId, RecordingId, SessionId, SiteId,
    TrunkId,
};
use trunkline_core::base::{Callee, Money, PhoneNumber, Timestamp};
use trunkline_core::call::screening::Screening;
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy, TollRule};
use trunkline_core::ledger::TelephonyLeg;
use trunkline_core::routing::Keep;
use trunkline_core::visitor::{Channel, Source};

use super::labels::LabelRow;
use super::{PortError, PortResult};
use crate::call::control::{Attestation, Quality, RecordingState, Signalled};

/// A call as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRow {
    /// Its id.
    pub id: CallId,
    /// The account of the number.
    pub account: AccountId,
    /// The trunk it came over.
    pub trunk: TrunkId,
    /// The tracking number.
    pub number: NumberId,
    /// The tracking number as dialled.
    pub dialled: PhoneNumber,
    /// The site the number is shown on.
    pub site: Option<SiteId>,
    /// The caller, when not withheld.
    pub caller: Option<PhoneNumber>,
    /// The caller as signalled.
    pub caller_text: String,
    /// STIR/SHAKEN attestation.
    pub attestation: Option<Attestation>,
    /// What else the carrier signalled.
    pub signalled: Signalled,
    /// Call-ID of the caller's leg.
    pub sip_call_id: String,
    /// Where it stands.
    pub state: CallState,
    /// What came of it.
    pub result: Option<CallResult>,
    /// When it came.
    pub started_at: Timestamp,
    /// When the destination that answered was dialled, or else the last one. Its attempts tell; it is stored with them.
    pub dialled_at: Option<Timestamp>,
    /// When the last of the destinations that came to nothing rang no longer, unless another one rings; stored with the
    /// attempts too.
    pub rang_until: Option<Timestamp>,
    /// When a destination answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Last sign of life while up.
    pub progress_at: Timestamp,
    /// Time connected, in milliseconds.
    pub talk_ms: i64,
    /// The destination that was rung last or answered.
    pub destination: Option<Callee>,
    /// Where the call came from, as far as attribution or the number tells.
    pub source: Option<Source>,
    /// The credited session.
    pub session: Option<SessionId>,
    /// Its probability, 0 to 1.
    pub probability: Option<f64>,
    /// Whether the credit is too weak to be reported without a mark.
    pub ambiguous: bool,
    /// Whether the caller called this account for the first time.
    pub first_time: bool,
    /// All candidates, as the model weighed them.
    pub candidates: Vec<CandidateRow>,
    /// The fitted model that weighed them; `None`: the one for new sites.
    pub model: Option<ModelId>,
    /// When a person said who called, or that it was none of the candidates; the credit is then theirs.
    pub confirmed_at: Option<Timestamp>,
    /// Whether it is the server's own test; then it is part of no figure.
    pub synthetic: bool,
    /// Which side ended it.
    pub ended_by: Option<EndedBy>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Final SIP status of the caller's leg, when never connected.
    pub sip_status: Option<u16>,
    /// Q.850 cause.
    pub q850: Option<u8>,
    /// Media quality.
    pub quality: Option<Quality>,
    /// Its recording.
    pub recording: Option<RecordingId>,
    /// Whether a person should look at it: it was connected when the process ended.
    pub review: bool,
    /// The flow it ran, with its version; `None` when it was forwarded plainly.
    pub flow: Option<(FlowId, i64)>,
    /// How many nodes of the flow it went through.
    pub flow_depth: i64,
    /// What screening found, when it found something.
    pub screening: Option<Screening>,
    /// The first toll rule that kept a destination of it from being dialled.
    pub toll_refused: Option<TollRule>,
    /// The legs that used minutes of a trunk, in the order in which they were answered.
    pub legs: Vec<LegRow>,
    /// What they cost, once it ended; `None`: no trunk of it has a rate.
    pub cost: Option<CallCost>,
}

/// A leg of a call that used minutes of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegRow {
    /// The trunk.
    pub trunk: TrunkId,
    /// The number that was dialled; `None`: the caller's own leg.
    pub to: Option<PhoneNumber>,
    /// When it was answered.
    pub answered_at: Timestamp,
    /// How long it was connected, once it is over, in milliseconds.
    pub connected_ms: Option<i64>,
    /// What it cost, once the call ended; `None`: nobody knows.
    pub cost: Option<Money>,
}

/// What the minutes of a call cost, as far as its trunks have rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCost {
    /// All of it.
    pub total: Money,
    /// What of it the dialled legs cost.
    pub outbound: Money,
}

/// What an account used of dialled legs since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboundUse {
    /// Minutes of connected legs, begun ones counted whole.
    pub minutes: i64,
    /// Micro-units that dialled legs of ended calls cost, as far as their trunks have rates.
    pub spent_micros: i64,
}

impl CallRow {
    /// What its minutes are owed for, leg by leg: those whose cost is known.
    #[must_use]
    pub fn telephony(&self) -> Vec<TelephonyLeg> {
        let priced = self.legs.iter().filter_map(|leg| {
            let (trunk, cost) = (leg.trunk, leg.cost?);
            Some(TelephonyLeg { trunk, cost })
        });
        priced.collect()
    }

    /// How long the destination that answered rang, or else the last one, in milliseconds; `None` when nobody was dialled,
    /// and while it rings.
    #[must_use]
    pub fn ring_ms(&self) -> Option<i64> {
        let from = self.dialled_at?;
        let until = self.answered_at.or(self.rang_until).or(self.ended_at)?;
        Some(until.millis_since(from).max(0))
    }
}

/// A candidate as stored, with its evidence in words.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateRow {
    /// The session; `None` is "none of these".
    pub session: Option<SessionId>,
    /// Its probability, 0 to 1.
    pub probability: f64,
    /// Who, for people: `Visitor 7f2k, phone`.
    pub who: String,
    /// Its source, for people.
    pub source: String,
    /// The evidence.
    pub reasons: Vec<ReasonRow>,
}

/// A piece of evidence as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ReasonRow {
    /// As a sentence, without its full stop.
    pub words: String,
    /// The natural logarithm of its likelihood ratio against "none of these": above 0 for the candidate,
    /// below 0 against it.
    pub weight: f64,
}

/// What kind of thing happened in a call; the marks of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallEventKind {
    /// The call came.
    Ring,
    /// The flow entered a node.
    Flow,
    /// A destination is being rung.
    Attempt,
    /// An attempt failed.
    AttemptFailed,
    /// The trunk of an attempt failed; it is tried over another one.
    NextTrunk,
    /// A destination answered.
    Connected,
    /// A rule forbade a destination.
    Refused,
    /// The call ended.
    Ended,
    /// A person said who called.
    Confirmed,
    /// The flow set a tag.
    Tag,
    /// Screening refused or challenged the caller.
    Screened,
    /// A publisher was given a bid for it, or for another call.
    Bid,
    /// A person let the recording rest.
    RecordingPaused,
    /// A person let it go on.
    RecordingResumed,
}

impl CallEventKind {
    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Flow => "flow",
            Self::Attempt => "attempt",
            Self::AttemptFailed => "attempt_failed",
            Self::NextTrunk => "next_trunk",
            Self::Connected => "connected",
            Self::Refused => "refused",
            Self::Ended => "ended",
            Self::Confirmed => "confirmed",
            Self::Tag => "tag",
            Self::Screened => "screened",
            Self::Bid => "bid",
            Self::RecordingPaused => "recording_paused",
            Self::RecordingResumed => "recording_resumed",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Ring,
            Self::Flow,
            Self::Attempt,
            Self::AttemptFailed,
            Self::NextTrunk,
            Self::Connected,
            Self::Refused,
            Self::Ended,
            Self::Confirmed,
            Self::Tag,
            Self::Screened,
            Self::Bid,
            Self::RecordingPaused,
            Self::RecordingResumed,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}

/// One event in the life of a call; append-only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEventRow {
    /// Its id; a repeated id changes nothing.
    pub id: CallEventId,
    /// The call.
    pub call: CallId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: CallEventKind,
    /// Which attempt, for those about one.
    pub attempt: Option<u32>,
    /// The destination, for those about one.
    pub destination: Option<Callee>,
    /// Final SIP status, for failed attempts.
    pub sip_status: Option<u16>,
    /// A word or sentence: outcome, node, refusal.
    pub detail: String,
}

/// A recording that is there, with what decides how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRecording {
    /// The recording.
    pub recording: RecordingRow,
    /// The campaigns that handled its call by their names, and what each says, in the order in which the call came to them;
    /// one that had it several times is there as often.
    pub campaigns: Vec<(String, Keep)>,
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRow {
    /// Its id.
    pub id: RecordingId,
    /// The call.
    pub call: CallId,
    /// The account.
    pub account: AccountId,
    /// Path below the recordings folder.
    pub path: String,
    /// Whether it is whole.
    pub state: RecordingState,
    /// Length, in milliseconds.
    pub duration_ms: i64,
    /// Size of the file.
    pub bytes: i64,
    /// When it started.
    pub started_at: Timestamp,
    /// When and why its file was deleted.
    pub deleted: Option<Deletion>,
}

/// That the file of a recording was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// Why, for people, as in "deleted after 90 days".
    pub because: String,
}

/// What is saved of a call in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct CallChange {
    /// The call as it stands now.
    pub call: CallRow,
    /// What happened since the last save.
    pub events: Vec<CallEventRow>,
    /// Its recording, when it changed.
    pub recording: Option<RecordingRow>,
    /// Its truth, when it became known by itself.
    pub label: Option<LabelRow>,
}

/// Which calls to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallFilter {
    /// The account; required.
    pub account: Option<AccountId>,
    /// Came at or after.
    pub from: Option<Timestamp>,
    /// Came before.
    pub to: Option<Timestamp>,
    /// Only calls that did not end.
    pub live: bool,
    /// Only this result.
    pub result: Option<CallResult>,
    /// Only this channel.
    pub channel: Option<Channel>,
    /// Only this source.
    pub source: Option<String>,
    /// Only this medium.
    pub medium: Option<String>,
    /// Only calls on this site.
    pub site: Option<SiteId>,
    /// Only calls on this number.
    pub number: Option<NumberId>,
    /// Only this caller.
    pub caller: Option<PhoneNumber>,
    /// Only calls credited to this session.
    pub session: Option<SessionId>,
    /// Only ambiguous ones.
    pub ambiguous: bool,
    /// Only missed ones: ended without being answered, and not blocked.
    pub missed: bool,
    /// Only recorded ones.
    pub recorded: bool,
    /// The server's own test calls, which are left out otherwise.
    pub synthetic: bool,
    /// Only calls before this one (keyset paging by start, then id).
    pub after: Option<(Timestamp, CallId)>,
    /// Most rows.
    pub limit: u32,
}

/// How many calls there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallCounts {
    /// All.
    pub all: i64,
    /// Since the given start of today.
    pub today: i64,
    /// In progress.
    pub live: i64,
    /// Ambiguous.
    pub ambiguous: i64,
    /// Ended without being answered, and not blocked.
    pub missed: i64,
    /// Ambiguous ones since the start of today.
    pub ambiguous_today: i64,
    /// Missed ones since the start of today.
    pub missed_today: i64,
}

/// Calls of an account with destinations that a toll rule refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TollRefused {
    /// The rule.
    pub rule: TollRule,
    /// How many calls, of the latest ones.
    pub calls: i64,
    /// When the last of them came.
    pub last_at: Timestamp,
    /// The last of them.
    pub last_call: CallId,
}

/// A caller's earlier calls to an account, without those that were blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallsBefore {
    /// How many; counted up to a thousand.
    pub count: u32,
    /// Who answered the last one that was answered.
    pub answered_by: Option<PhoneNumber>,
}

/// Calls on a number, for the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NumberUseCount {
    /// Calls since the given moment.
    pub calls: i64,
    /// When the last one came.
    pub last_call_at: Option<Timestamp>,
    /// Different callers; each call with a withheld number counts as one.
    pub callers: i64,
    /// Those of them with an ended call that belonged to no visit.
    pub strangers: i64,
}

/// Saves and reads calls.
#[async_trait]
pub trait CallRecords: Send + Sync {
    /// Saves a call with its new events, in one transaction. The same change twice changes nothing.
    async fn save(&self, change: &CallChange) -> PortResult<()>;
    /// Moves the sign of life of calls in progress; never of one that ended.
    async fn progress(&self, marks: &[(CallId, Timestamp)]) -> PortResult<()>;
    /// Calls that did not end, oldest first.
    async fn open_calls(&self) -> PortResult<Vec<CallRow>>;
    /// When the last call of each number ended that was not blocked, of calls that came at or after `started_since` and ended
    /// at or after `ended_since`.
    async fn last_ends(
        &self,
        started_since: Timestamp,
        ended_since: Timestamp,
    ) -> PortResult<Vec<(NumberId, Timestamp)>>;
    /// A call.
    async fn call(&self, id: CallId) -> PortResult<Option<CallRow>>;
    /// The events of a call in order of time, then id.
    async fn events(&self, call: CallId) -> PortResult<Vec<CallEventRow>>;
    /// Calls, newest first. Candidates are left out.
    async fn calls(&self, filter: &CallFilter) -> PortResult<Vec<CallRow>>;
    /// What toll rules refused of an account's calls since a moment, by rule; of the latest calls only.
    async fn toll_refused(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<Vec<TollRefused>>;
    /// Counts for the tabs of the log.
    async fn counts(&self, account: AccountId, today: Timestamp) -> PortResult<CallCounts>;
    /// Calls by number of an account since a moment.
    async fn by_number(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<Vec<(NumberId, NumberUseCount)>>;
    /// Whether the caller called the account before a moment, and the last call until then that was credited
    /// to a session, since another. Where a site is given, the session is one of that site: a visit of another
    /// one says nothing about who calls this one's number.
    async fn earlier_call(
        &self,
        account: AccountId,
        site: Option<SiteId>,
        caller: PhoneNumber,
        since: Timestamp,
        before: Timestamp,
    ) -> PortResult<(bool, Option<EarlierCall>)>;
    /// The calls of a caller to an account before a moment.
    async fn calls_before(
        &self,
        account: AccountId,
        caller: PhoneNumber,
        before: Timestamp,
    ) -> PortResult<CallsBefore>;
    /// What the latest calls on a number before a moment say: how many there were, at most `limit`, and how
    /// many of them were credited to nobody.
    async fn number_history(
        &self,
        number: NumberId,
        before: Timestamp,
        limit: u32,
    ) -> PortResult<NumberHistory>;
    /// What an account used of dialled legs since a moment: calls that came at or after it.
    async fn used_since(&self, account: AccountId, since: Timestamp) -> PortResult<OutboundUse>;
    /// A recording.
    async fn recording(&self, id: RecordingId) -> PortResult<Option<RecordingRow>>;
    /// Recordings of an account that are whole or partial and began before a moment, oldest first and after this one, with
    /// what the campaigns of their calls say as it is stored now. No more than `limit` are looked at.
    async fn kept_recordings(
        &self,
        account: AccountId,
        before: Timestamp,
        after: Option<(Timestamp, RecordingId)>,
        limit: u32,
    ) -> PortResult<Vec<KeptRecording>>;
    /// Marks a recording as deleted; one that is being written or was deleted before stays as it is, and no later save
    /// of its call takes it back.
    async fn recording_deleted(
        &self,
        id: RecordingId,
        at: Timestamp,
        because: &str,
    ) -> PortResult<()>;
    /// Recordings that are still being written, for the start of the process.
    async fn unfinished_recordings(&self) -> PortResult<Vec<RecordingRow>>;
}

/// A bounded file that keeps changes of calls while the database is away.
pub trait CallSpool: Send + Sync {
    /// Appends a change durably.
    ///
    /// # Errors
    /// [`PortError::Overloaded`] when the file has reached its limit.
    fn append(&self, change: &CallChange) -> Result<(), PortError>;
    /// All changes in order, to be saved again.
    ///
    /// # Errors
    /// When the file cannot be read. Lines that cannot be read are skipped and counted in the log.
    fn pending(&self) -> Result<Vec<CallChange>, PortError>;
    /// Puts a change that can never be saved aside, durably, for a person to look at.
    ///
    /// # Errors
    /// When it cannot be written.
    fn park(&self, change: &CallChange) -> Result<(), PortError>;
    /// Forgets the first `count` changes: they are saved.
    ///
    /// # Errors
    /// When the file cannot be rewritten.
    fn forget(&self, count: usize) -> Result<(), PortError>;
}
