//! Calls as the API shows them: the row of the log, and the whole story for the drawer.

use std::sync::Arc;

use serde::Serialize;
use trunkline_core::base::id::SessionId;
use trunkline_core::base::{Callee, Country, PhoneNumber, Timestamp};
use trunkline_core::call::screening::ScreeningVerdict;
use trunkline_core::call::{CallResult, CallState, DialOutcome};
use trunkline_engine::call::Calls;
use trunkline_engine::directory::Directory;
use trunkline_engine::ports::calls::{
    CallEventKind, CallEventRow, CallRow, ReasonRow, RecordingRow,
};
use trunkline_engine::ports::history::SessionStory;
use utoipa::ToSchema;

use super::matches::Confirmation;
use super::numbers::Named;
use super::rate_card::{CallCostItem, cost_of};
use super::screening::{CallScreening, ListedCaller};
use super::sessions::SourceItem;
use super::sites::account_defaults;
use crate::app::Web;
use crate::auth::Caller;
use crate::problem::Problem;

/// A call in the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct CallSummary {
    pub(super) id: String,
    /// `ringing`, `talking` or `ended`.
    pub(super) state: &'static str,
    /// `answered`, `no_answer`, `busy`, `failed`, `abandoned`, `refused`, `voicemail`, `turned_away`, `blocked` or
    /// `process_restarted`.
    pub(super) result: Option<&'static str>,
    pub(super) started_at: i64,
    pub(super) answered_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    pub(super) talk_seconds: i64,
    /// When the destination that answered was dialled, or else the last one; null when nobody was dialled.
    pub(super) dialled_at: Option<i64>,
    /// From then to its answer, or to when it came to nothing; null when nobody was dialled, and while it rings.
    pub(super) ring_seconds: Option<i64>,
    pub(super) caller: Option<String>,
    pub(super) caller_display: String,
    pub(super) number: CallNumber,
    pub(super) site: Option<Named>,
    pub(super) source: Option<SourceItem>,
    pub(super) session: Option<String>,
    pub(super) probability: Option<f64>,
    pub(super) ambiguous: bool,
    /// Whether a person said who called.
    pub(super) confirmed: bool,
    /// Whether the caller never called the account before; null where screening refused the call, since nobody looked.
    pub(super) first_time: Option<bool>,
    pub(super) destination: Option<String>,
    pub(super) destination_display: Option<String>,
    pub(super) recorded: bool,
    /// Of a call in progress whose talk is recorded: `on`, or `paused` at a person's wish; null otherwise.
    pub(super) recording_now: Option<&'static str>,
    /// Of a call in progress: where it stands in its flow.
    pub(super) step: Option<Step>,
    /// Whether a person should look at it: it was up when the process ended.
    pub(super) review: bool,
    /// Whether it is the server's own test, which is part of no figure.
    pub(super) synthetic: bool,
}

/// Where a call in progress stands in its flow.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CallStep)]
pub(super) struct Step {
    /// The name of the step; null for a call that is forwarded plainly.
    name: Option<String>,
    /// `hears`, `chooses`, `rings`, `talks`, `leaves_message` or `waits`.
    activity: &'static str,
    /// Whom it rings now.
    rings: Vec<String>,
}

/// The dialled number of a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct CallNumber {
    id: String,
    number: String,
    number_display: String,
    kind: &'static str,
    label: String,
}

impl CallNumber {
    pub(super) fn number(&self) -> &str {
        &self.number
    }
}

/// Names for what calls refer to.
pub(super) struct Names {
    directory: Arc<Directory>,
    calls: Arc<Calls>,
    home: Country,
}

impl Names {
    pub(super) fn of(app: &Web, caller: &Caller) -> Result<Self, Problem> {
        let (_, home) = account_defaults(app, caller)?;
        Ok(Self {
            directory: app.backend.directory.now(),
            calls: Arc::clone(&app.backend.calls),
            home,
        })
    }

    pub(super) fn display(&self, number: PhoneNumber) -> String {
        number.display_for(self.home)
    }

    /// Somebody who is rung, for people.
    fn callee(&self, to: &Callee) -> String {
        match to {
            Callee::Number(number) => self.display(*number),
            Callee::Sip(address) => address.to_string(),
        }
    }

    pub(super) fn summary(&self, call: &CallRow) -> CallSummary {
        let number = self.directory.number(call.number);
        let site = call.site.and_then(|id| self.directory.site(id));
        let withheld = || {
            if call.caller_text.is_empty() {
                "No caller ID".to_owned()
            } else {
                call.caller_text.clone()
            }
        };
        let talks = call.state == CallState::Talking && call.recording.is_some();
        let rests = self.calls.recording_rests(call.id).filter(|_| talks);
        let recording_now = rests.map(|rests| if rests { "paused" } else { "on" });
        CallSummary {
            id: call.id.to_string(),
            state: call.state.word(),
            result: call
                .result
                .filter(|_| call.ended_at.is_some())
                .map(CallResult::word),
            started_at: call.started_at.as_millis(),
            answered_at: call.answered_at.map(Timestamp::as_millis),
            ended_at: call.ended_at.map(Timestamp::as_millis),
            talk_seconds: call.talk_ms / 1_000,
            dialled_at: call.dialled_at.map(Timestamp::as_millis),
            ring_seconds: call.ring_ms().map(|ms| ms / 1_000),
            caller: call.caller.map(|c| c.to_string()),
            caller_display: call.caller.map_or_else(withheld, |c| self.display(c)),
            number: CallNumber {
                id: call.number.to_string(),
                number: call.dialled.to_string(),
                number_display: self.display(call.dialled),
                kind: number.map_or("static", |n| n.kind.word()),
                label: number.map_or_else(String::new, |n| n.label.clone()),
            },
            site: site.map(|s| Named {
                id: s.site.id.to_string(),
                name: s.site.name.clone(),
            }),
            source: call.source.as_ref().map(SourceItem::from),
            session: call.session.map(|s| s.to_string()),
            probability: call.probability,
            ambiguous: call.ambiguous,
            confirmed: call.confirmed_at.is_some(),
            synthetic: call.synthetic,
            first_time: (!refused_unseen(call)).then_some(call.first_time),
            destination: call.destination.as_ref().map(Callee::to_string),
            destination_display: call.destination.as_ref().map(|d| self.callee(d)),
            recorded: call.recording.is_some()
                && (call.answered_at.is_some() || call.result == Some(CallResult::Voicemail)),
            recording_now,
            step: self.step(call),
            review: call.review,
        }
    }
}

impl Names {
    fn step(&self, call: &CallRow) -> Option<Step> {
        let unended = call.state != CallState::Ended;
        let step = self.calls.step(call.id).filter(|_| unended)?;
        Some(Step {
            name: call.flow.map(|_| step.node),
            activity: step.activity.word(),
            rings: step.rings.iter().map(|to| self.callee(to)).collect(),
        })
    }
}

/// A call with its whole story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallDetail {
    #[serde(flatten)]
    pub(super) summary: CallSummary,
    pub(super) timeline: Vec<TimelineMark>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) recording: Option<RecordingItem>,
    pub(super) end: Option<End>,
    pub(super) quality: Option<QualityItem>,
    /// STIR/SHAKEN attestation: `A`, `B` or `C`.
    pub(super) attestation: Option<&'static str>,
    /// What came of the carrier's check of the caller's number: `passed`, `failed` or `unchecked`.
    pub(super) verstat: Option<&'static str>,
    /// The number that redirected the call to the tracking number, in E.164.
    pub(super) diversion: Option<String>,
    /// How far back showings were looked at, in days.
    pub(super) window_days: i64,
    /// The fitted model that weighed the candidates; null: the one for new sites.
    pub(super) model: Option<String>,
    /// The call flow it ran; null: it was forwarded plainly.
    pub(super) flow: Option<CallFlow>,
    /// What the flow learned or set, such as the ZIP code the caller typed; the last value of each name.
    pub(super) tags: Vec<Tag>,
    /// What a person said of the call.
    pub(super) confirmation: Option<Confirmation>,
    /// What screening found, when it found something.
    pub(super) screening: Option<CallScreening>,
    /// What its minutes cost, once it ended; null when no trunk of it has a rate card.
    pub(super) cost: Option<CallCostItem>,
    /// The list the caller is on now.
    pub(super) listed: Option<ListedCaller>,
}

/// The call flow a call ran.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallFlow {
    id: String,
    name: String,
    version: i64,
    /// Nodes the call went through.
    depth: i64,
}

/// What a flow learned of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallTag)]
pub(super) struct Tag {
    name: String,
    value: String,
}

/// A mark of the timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineMark {
    at: i64,
    /// `first_touch`, `touch`, `page`, `number_shown`, `tap`, `ring`, `flow`, `attempt`,
    /// `attempt_failed`, `refused`, `connected`, `tag`, `screened`,
    /// `recording_paused`, `recording_resumed`, `ended` or `confirmed`.
    kind: &'static str,
    title: String,
    detail: String,
}

/// A visit the call could have come from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Candidate {
    /// Null for "none of these".
    session: Option<String>,
    probability: f64,
    who: String,
    source_label: String,
    reasons: Vec<Evidence>,
    credited: bool,
}

/// A piece of evidence about a candidate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Evidence {
    /// As a sentence, without its full stop.
    words: String,
    /// The natural logarithm of how many times as likely it makes the candidate against "none of these":
    /// above 0 for it, below 0 against it.
    weight: f64,
}

/// An attempt to reach a destination.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attempt {
    attempt: u32,
    destination: Option<String>,
    destination_display: Option<String>,
    started_at: i64,
    /// `answered`, an outcome such as `busy`, or null while it rings.
    result: Option<String>,
    ring_seconds: i64,
    sip_status: Option<u16>,
    /// Why it was not dialled.
    refusal: Option<String>,
}

/// A recording.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recording)]
pub(super) struct RecordingItem {
    id: String,
    seconds: f64,
    bytes: i64,
    channels: [&'static str; 2],
    /// `writing`, `complete`, `partial` or `deleted`.
    state: &'static str,
    /// When the file was deleted.
    deleted_at: Option<i64>,
    /// Why, as in "deleted after 90 days".
    deleted_because: Option<String>,
}

/// How the call ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallEnd)]
pub(super) struct End {
    by: &'static str,
    reason: &'static str,
    sip_status: Option<u16>,
    q850: Option<u8>,
}

/// What the media looked like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallQuality)]
pub(super) struct QualityItem {
    jitter_ms: f64,
    loss_percent: f64,
    mos: f64,
}

impl Names {
    pub(super) fn detail(
        &self,
        call: &CallRow,
        events: &[CallEventRow],
        story: Option<&SessionStory>,
        recording: Option<&RecordingRow>,
        window_days: i64,
    ) -> CallDetail {
        let mut timeline: Vec<TimelineMark> =
            story.map(|s| visit_marks(s, call)).unwrap_or_default();
        timeline.extend(events.iter().map(|e| self.call_mark(e, call)));
        timeline.sort_by_key(|mark| mark.at);
        CallDetail {
            summary: self.summary(call),
            timeline,
            candidates: candidates(call),
            attempts: self.attempts(call, events),
            recording: recording
                .filter(|r| r.bytes > 0 || r.state.word() == "writing")
                .map(|r| RecordingItem {
                    id: r.id.to_string(),
                    seconds: r.duration_ms as f64 / 1_000.0,
                    bytes: r.bytes,
                    channels: ["Caller", "Destination"],
                    state: r.state.word(),
                    deleted_at: r.deleted.as_ref().map(|d| d.at.as_millis()),
                    deleted_because: r.deleted.as_ref().map(|d| d.because.clone()),
                }),
            end: call.ended_by.zip(call.end_reason).map(|(by, reason)| End {
                by: by.word(),
                reason: reason.word(),
                sip_status: call.sip_status,
                q850: call.q850,
            }),
            quality: call.quality.map(|q| QualityItem {
                jitter_ms: q.jitter_ms,
                loss_percent: q.loss_percent,
                mos: q.mos,
            }),
            attestation: call
                .attestation
                .map(trunkline_engine::call::control::Attestation::word),
            verstat: call
                .signalled
                .verstat
                .map(trunkline_engine::call::control::Verstat::word),
            diversion: call.signalled.diversion.map(|number| number.to_string()),
            window_days,
            model: call.model.map(|m| m.to_string()),
            flow: call.flow.map(|(id, version)| {
                let flow = self.directory.flow(id);
                CallFlow {
                    id: id.to_string(),
                    name: flow.map_or_else(|| "Removed flow".to_owned(), |f| f.name.clone()),
                    version,
                    depth: call.flow_depth,
                }
            }),
            tags: tags(events),
            confirmation: None,
            screening: call.screening.as_ref().map(CallScreening::from),
            cost: cost_of(call, &self.directory, |number| self.display(number)),
            listed: None,
        }
    }

    fn call_mark(&self, event: &CallEventRow, call: &CallRow) -> TimelineMark {
        let destination = event
            .destination
            .as_ref()
            .map_or_else(|| "Destination".to_owned(), |d| self.callee(d));
        let (title, detail) = match event.kind {
            CallEventKind::Ring => ("Ring".to_owned(), self.display(call.dialled)),
            // The node's name says more than the word: it is what its author called it.
            CallEventKind::Flow => (event.detail.clone(), "step of the call flow".to_owned()),
            CallEventKind::Attempt => (destination, "ringing".to_owned()),
            CallEventKind::AttemptFailed => (destination, outcome_words(&event.detail).to_owned()),
            CallEventKind::NextTrunk => (destination, event.detail.clone()),
            CallEventKind::Refused => (destination, event.detail.clone()),
            CallEventKind::Connected => (destination, "connected".to_owned()),
            CallEventKind::Ended => (ended_title(call), String::new()),
            CallEventKind::Confirmed => ("Caller confirmed".to_owned(), event.detail.clone()),
            CallEventKind::Tag => (event.detail.clone(), "set by the call flow".to_owned()),
            CallEventKind::Screened => ("Screening".to_owned(), event.detail.clone()),
            CallEventKind::Bid => ("Bid".to_owned(), event.detail.clone()),
            CallEventKind::RecordingPaused => ("Recording paused".to_owned(), String::new()),
            CallEventKind::RecordingResumed => ("Recording resumed".to_owned(), String::new()),
        };
        TimelineMark {
            at: event.at.as_millis(),
            kind: event.kind.word(),
            title,
            detail,
        }
    }

    fn attempts(&self, call: &CallRow, events: &[CallEventRow]) -> Vec<Attempt> {
        let about = |kind: CallEventKind, attempt: Option<u32>| {
            events
                .iter()
                .find(move |e| e.kind == kind && e.attempt == attempt)
        };
        // What was refused was never dialled: it has no start.
        let begins = |e: &&CallEventRow| match e.kind {
            CallEventKind::Attempt => true,
            CallEventKind::Refused => about(CallEventKind::Attempt, e.attempt).is_none(),
            _ => false,
        };
        events
            .iter()
            .filter(begins)
            .map(|start| {
                let failed = about(CallEventKind::AttemptFailed, start.attempt);
                let refused = about(CallEventKind::Refused, start.attempt);
                let connected = about(CallEventKind::Connected, start.attempt);
                let end = failed
                    .or(refused)
                    .or(connected)
                    .map(|e| e.at)
                    .or(call.ended_at);
                let result = connected.map(|_| "answered".to_owned());
                let result =
                    result.or_else(|| refused.map(|_| DialOutcome::Refused.word().to_owned()));
                let result = result.or_else(|| failed.map(|e| e.detail.clone()));
                Attempt {
                    attempt: start.attempt.unwrap_or(0),
                    destination: start.destination.as_ref().map(Callee::to_string),
                    destination_display: start.destination.as_ref().map(|d| self.callee(d)),
                    started_at: start.at.as_millis(),
                    result: result.or_else(|| call.ended_at.map(|_| "abandoned".to_owned())),
                    ring_seconds: end.map_or(0, |end| end.millis_since(start.at).max(0) / 1_000),
                    sip_status: failed.and_then(|e| e.sip_status),
                    refusal: refused.map(|e| e.detail.clone()),
                }
            })
            .collect()
    }
}

/// Whether screening refused a call before anything was looked up for it.
fn refused_unseen(call: &CallRow) -> bool {
    let verdict = call.screening.as_ref().map(|s| s.verdict);
    matches!(verdict, Some(ScreeningVerdict::Block { .. }))
}

/// The tags of a call as its events name them: `name: value`, where a name has no colon.
fn tags(events: &[CallEventRow]) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    let set = events.iter().filter(|e| e.kind == CallEventKind::Tag);
    for (name, value) in set.filter_map(|e| e.detail.split_once(": ")) {
        match tags.iter_mut().find(|tag| tag.name == name) {
            Some(tag) => value.clone_into(&mut tag.value),
            None => tags.push(Tag {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
        }
    }
    tags
}

/// Marks of the credited visit, up to the call.
fn visit_marks(story: &SessionStory, call: &CallRow) -> Vec<TimelineMark> {
    let mut marks = Vec::new();
    for (index, touch) in story.touches().enumerate() {
        let kind = if index == 0 { "first_touch" } else { "touch" };
        let title = if index == 0 {
            "First touch".to_owned()
        } else {
            "Touch".to_owned()
        };
        marks.push(TimelineMark {
            at: touch.at.as_millis(),
            kind,
            title,
            detail: touch.source.label(),
        });
    }
    let pages = story.pages();
    marks.extend(pages.into_iter().map(|(at, page)| TimelineMark {
        at: at.as_millis(),
        kind: "page",
        title: match path_of(page) {
            "/" => "Home page (/)".to_owned(),
            path => path.to_owned(),
        },
        detail: String::new(),
    }));
    let shown = story
        .showings
        .iter()
        .filter(|(s, _)| s.number == call.number);
    marks.extend(shown.map(|(s, _)| TimelineMark {
        at: s.at.as_millis(),
        kind: "number_shown",
        title: "Number shown".to_owned(),
        detail: path_of(&s.page).to_owned(),
    }));
    let taps = story.taps.iter().filter(|t| t.number == call.number);
    marks.extend(taps.map(|t| TimelineMark {
        at: t.at.as_millis(),
        kind: "tap",
        title: "Tap to call".to_owned(),
        detail: String::new(),
    }));
    marks.retain(|mark| mark.at <= call.started_at.as_millis());
    marks
}

/// Path of a page's address, for people.
fn path_of(page: &str) -> &str {
    let rest = page.split_once("://").map_or(page, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split(['?', '#']).next().unwrap_or(path)
}

fn candidates(call: &CallRow) -> Vec<Candidate> {
    let credited = |session: Option<SessionId>| session.is_some() && session == call.session;
    let row = call.candidates.iter().map(|c| Candidate {
        session: c.session.map(|s| s.to_string()),
        probability: c.probability,
        who: c.who.clone(),
        source_label: c.source.clone(),
        reasons: c.reasons.iter().map(evidence).collect(),
        credited: credited(c.session),
    });
    row.collect()
}

fn evidence(reason: &ReasonRow) -> Evidence {
    Evidence {
        words: reason.words.clone(),
        weight: reason.weight,
    }
}

fn outcome_words(outcome: &str) -> &str {
    match DialOutcome::from_word(outcome) {
        Some(DialOutcome::Busy) => "busy",
        Some(DialOutcome::NoAnswer) => "no answer",
        Some(DialOutcome::Declined) => "declined",
        Some(DialOutcome::Unreachable) => "not reachable",
        Some(DialOutcome::Failed) => "failed",
        Some(DialOutcome::Refused) => "not dialled",
        Some(DialOutcome::NotAccepted) => "not accepted",
        Some(DialOutcome::Machine) => "answering machine",
        None => outcome,
    }
}

fn ended_title(call: &CallRow) -> String {
    use trunkline_core::call::{EndReason, EndedBy};
    let title = match (call.ended_by, call.end_reason) {
        (_, Some(EndReason::Cancelled)) => "Caller gave up",
        (_, Some(EndReason::ProcessRestarted)) => "Server restarted",
        _ if call.result == Some(CallResult::Blocked) => "Blocked",
        (_, Some(EndReason::NoDestination)) => "Nobody took it",
        (_, Some(EndReason::MaxLength)) => "Longest length",
        (_, Some(EndReason::RtpInactivity)) => "No sound",
        (Some(EndedBy::Caller), _) => "Caller ended",
        (Some(EndedBy::Destination), _) => "Destination ended",
        _ => "Ended",
    };
    title.to_owned()
}
