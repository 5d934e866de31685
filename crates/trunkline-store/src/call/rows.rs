//! A call, its events and its recording as rows, and back.

use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{FlowId, SessionId};
use trunkline_core::routing::{Keep, RecordingRules};
use trunkline_core::visitor::Source;
use trunkline_engine::call::control::{Quality, Signalled};
use trunkline_engine::ports::calls::{
    CallChange, CallEventRow, CallRow, CandidateRow, Deletion, KeptRecording, ReasonRow,
    RecordingRow,
};

use super::costs::{cost_values, read_cost, read_legs};
use crate::args;
use crate::convert::{
    called_address, called_number, from_json, json, read_callee, source, source_values,
};
use crate::db::{ColumnType, DbError, Record, RecordKind, Row, Val, Write};
use crate::labels::label_record;
use crate::screening::{read_screening, screening_values};

use ColumnType::{Int, Real, Text};

/// Columns of the credit as a save changes them: what a person said meanwhile stays.
macro_rules! credit {
    ($first:literal $(, $column:literal)*) => {
        concat!(credit!(@one $first), $(", ", credit!(@one $column),)* " ")
    };
    (@one $column:literal) => {
        concat!(
            $column,
            " = CASE WHEN call.confirmed_at > coalesce(excluded.confirmed_at, 0) THEN call.",
            $column,
            " ELSE excluded.",
            $column,
            " END"
        )
    };
}

/// A call is saved whole. What is saved late (from the spool, or by a slow path) never takes a call back to an earlier
/// state.
pub(super) static CALL: RecordKind = RecordKind {
    name: "call",
    table: "call",
    columns: &[
        ("id", Int),
        ("account", Int),
        ("trunk", Int),
        ("number", Int),
        ("dialled", Int),
        ("site", Int),
        ("caller", Int),
        ("caller_text", Text),
        ("attestation", Text),
        ("sip_call_id", Text),
        ("state", Text),
        ("result", Text),
        ("started_at", Int),
        ("answered_at", Int),
        ("ended_at", Int),
        ("progress_at", Int),
        ("talk_ms", Int),
        ("destination", Int),
        ("channel", Text),
        ("medium", Text),
        ("source", Text),
        ("ad_campaign", Text),
        ("term", Text),
        ("content", Text),
        ("rule", Text),
        ("session", Int),
        ("probability", Real),
        ("ambiguous", Int),
        ("first_time", Int),
        ("ended_by", Text),
        ("end_reason", Text),
        ("sip_status", Int),
        ("q850", Int),
        ("jitter_ms", Real),
        ("loss_percent", Real),
        ("mos", Real),
        ("recording", Int),
        ("review", Int),
        ("candidates", Text),
        ("model", Int),
        ("confirmed_at", Int),
        ("synthetic", Int),
        ("flow", Int),
        ("flow_version", Int),
        ("flow_depth", Int),
        ("screened", Text),
        ("screening", Text),
        ("verstat", Text),
        ("diversion", Int),
        ("toll_refused", Text),
        ("destination_sip", Text),
        ("legs", Text),
        ("telephony_cost", Int),
        ("outbound_cost", Int),
        ("cost_currency", Text),
    ],
    write: Write::Insert(concat!(
        "ON CONFLICT (id) DO UPDATE SET site = excluded.site, state = excluded.state, result = excluded.result, \
             answered_at = excluded.answered_at, ended_at = excluded.ended_at, progress_at = excluded.progress_at, \
             talk_ms = excluded.talk_ms, destination = excluded.destination, first_time = excluded.first_time, \
             ended_by = excluded.ended_by, end_reason = excluded.end_reason, sip_status = excluded.sip_status, \
             q850 = excluded.q850, jitter_ms = excluded.jitter_ms, loss_percent = excluded.loss_percent, \
             mos = excluded.mos, recording = excluded.recording, review = excluded.review, \
             candidates = excluded.candidates, model = excluded.model, flow_depth = excluded.flow_depth, \
             toll_refused = excluded.toll_refused, destination_sip = excluded.destination_sip, legs = excluded.legs, \
             telephony_cost = excluded.telephony_cost, outbound_cost = excluded.outbound_cost, \
             cost_currency = excluded.cost_currency, ",
        credit!(
            "channel",
            "medium",
            "source",
            "ad_campaign",
            "term",
            "content",
            "rule",
            "session",
            "probability",
            "ambiguous",
            "confirmed_at"
        ),
        "WHERE excluded.state = 'ended' OR call.state = excluded.state OR call.state = 'ringing'",
    )),
    key: 1,
};

pub(super) static PROGRESS: RecordKind = RecordKind {
    name: "call_progress",
    table: "call",
    columns: &[("id", Int), ("progress_at", Int)],
    write: Write::Update("t.state <> 'ended' AND t.progress_at < new.progress_at"),
    key: 1,
};

pub(crate) static EVENT: RecordKind = RecordKind {
    name: "call_event",
    table: "call_event",
    columns: &[
        ("call", Int),
        ("id", Int),
        ("at", Int),
        ("kind", Text),
        ("attempt", Int),
        ("destination", Int),
        ("sip_status", Int),
        ("detail", Text),
        ("destination_sip", Text),
    ],
    write: Write::Insert("ON CONFLICT (call, id) DO NOTHING"),
    key: 2,
};

/// A recording that is whole or partial is never being written again, and one that was deleted stays so.
static RECORDING: RecordKind = RecordKind {
    name: "recording",
    table: "recording",
    columns: &[
        ("id", Int),
        ("call", Int),
        ("account", Int),
        ("path", Text),
        ("state", Text),
        ("duration_ms", Int),
        ("bytes", Int),
        ("started_at", Int),
    ],
    write: Write::Insert(
        "ON CONFLICT (id) DO UPDATE SET path = excluded.path, state = excluded.state, \
         duration_ms = excluded.duration_ms, bytes = excluded.bytes \
         WHERE recording.state <> 'deleted' AND (excluded.state <> 'writing' OR recording.state = 'writing')",
    ),
    key: 1,
};

pub(crate) const KINDS: &[&RecordKind] = &[&CALL, &PROGRESS, &EVENT, &RECORDING];

/// The records that save a change.
pub(crate) fn change_records(change: &CallChange) -> Result<Vec<Record>, DbError> {
    let mut records = Vec::with_capacity(change.events.len() + 2);
    records.push(CALL.record(call_values(&change.call)?));
    records.extend(
        change
            .events
            .iter()
            .map(|event| EVENT.record(event_values(event))),
    );
    records.extend(
        change
            .recording
            .as_ref()
            .map(|recording| RECORDING.record(recording_values(recording))),
    );
    records.extend(change.label.as_ref().map(label_record));
    Ok(records)
}

fn call_values(call: &CallRow) -> Result<Vec<Val>, DbError> {
    let mut values = args![
        call.id,
        call.account,
        call.trunk,
        call.number,
        call.dialled,
        call.site,
        call.caller,
        &call.caller_text,
        call.attestation,
        &call.sip_call_id,
        call.state,
        call.result,
        call.started_at,
        call.answered_at,
        call.ended_at,
        call.progress_at,
        call.talk_ms,
        called_number(call.destination.as_ref()),
    ];
    values.extend(some_source(call.source.as_ref()));
    values.extend(args![
        call.session,
        call.probability,
        call.ambiguous,
        call.first_time,
        call.ended_by,
        call.end_reason,
        call.sip_status,
        call.q850,
        call.quality.map(|quality| quality.jitter_ms),
        call.quality.map(|quality| quality.loss_percent),
        call.quality.map(|quality| quality.mos),
        call.recording,
        call.review,
    ]);
    values.push(candidates_value(&call.candidates)?);
    values.extend(args![call.model, call.confirmed_at, call.synthetic]);
    let (flow, version) = call.flow.unzip();
    values.extend(args![flow, version, call.flow_depth]);
    values.extend(screening_values(call.screening.as_ref())?);
    values.extend(args![
        call.signalled.verstat,
        call.signalled.diversion,
        call.toll_refused,
        called_address(call.destination.as_ref()),
    ]);
    values.extend(cost_values(call)?);
    Ok(values)
}

/// The seven columns of a source, empty without one.
pub(crate) fn some_source(source: Option<&Source>) -> [Val; 7] {
    source.map_or([const { Val::Null }; 7], |s| source_values(s.clone()))
}

/// The candidates as their column holds them.
pub(crate) fn candidates_value(candidates: &[CandidateRow]) -> Result<Val, DbError> {
    let stored: Vec<StoredCandidate> = candidates.iter().map(StoredCandidate::from).collect();
    json(&stored)
}

/// A call, whichever statement selected it.
pub(crate) fn read_call(row: &Row) -> Result<CallRow, DbError> {
    let has_source = row.get::<Option<String>>("channel")?.is_some();
    let candidates: Vec<StoredCandidate> = from_json(row, "candidates")?;
    Ok(CallRow {
        id: row.get("id")?,
        account: row.get("account")?,
        trunk: row.get("trunk")?,
        number: row.get("number")?,
        dialled: row.get("dialled")?,
        site: row.get("site")?,
        caller: row.get("caller")?,
        caller_text: row.get("caller_text")?,
        attestation: row.get("attestation")?,
        sip_call_id: row.get("sip_call_id")?,
        state: row.get("state")?,
        result: row.get("result")?,
        started_at: row.get("started_at")?,
        dialled_at: told_by_attempts(row, "dialled_at")?,
        rang_until: told_by_attempts(row, "rang_until")?,
        answered_at: row.get("answered_at")?,
        ended_at: row.get("ended_at")?,
        progress_at: row.get("progress_at")?,
        talk_ms: row.get("talk_ms")?,
        destination: read_callee(row, "destination", "destination_sip")?,
        source: if has_source { Some(source(row)?) } else { None },
        session: row.get("session")?,
        probability: row.get("probability")?,
        ambiguous: row.get("ambiguous")?,
        first_time: row.get("first_time")?,
        candidates: candidates.into_iter().map(CandidateRow::from).collect(),
        model: row.get("model")?,
        confirmed_at: row.get("confirmed_at")?,
        synthetic: row.get("synthetic")?,
        ended_by: row.get("ended_by")?,
        end_reason: row.get("end_reason")?,
        sip_status: row.get("sip_status")?,
        q850: row.get("q850")?,
        quality: quality(row)?,
        recording: row.get("recording")?,
        review: row.get("review")?,
        flow: row
            .get::<Option<FlowId>>("flow")?
            .zip(row.get("flow_version")?),
        flow_depth: row.get("flow_depth")?,
        screening: read_screening(row)?,
        toll_refused: row.get("toll_refused")?,
        legs: read_legs(row)?,
        cost: read_cost(row)?,
        signalled: Signalled {
            verstat: row.get("verstat")?,
            diversion: row.get("diversion")?,
        },
    })
}

/// A spooled call is saved with its attempts, which tell it again.
fn told_by_attempts(row: &Row, column: &str) -> Result<Option<Timestamp>, DbError> {
    if row.has(column) {
        row.get(column)
    } else {
        Ok(None)
    }
}

fn quality(row: &Row) -> Result<Option<Quality>, DbError> {
    let known = (
        row.get("jitter_ms")?,
        row.get("loss_percent")?,
        row.get("mos")?,
    );
    Ok(match known {
        (Some(jitter_ms), Some(loss_percent), Some(mos)) => Some(Quality {
            jitter_ms,
            loss_percent,
            mos,
        }),
        _ => None,
    })
}

pub(crate) fn event_values(event: &CallEventRow) -> Vec<Val> {
    args![
        event.call,
        event.id,
        event.at,
        event.kind,
        event.attempt,
        called_number(event.destination.as_ref()),
        event.sip_status,
        &event.detail,
        called_address(event.destination.as_ref()),
    ]
}

pub(crate) fn read_event(row: &Row) -> Result<CallEventRow, DbError> {
    Ok(CallEventRow {
        id: row.get("id")?,
        call: row.get("call")?,
        at: row.get("at")?,
        kind: row.get("kind")?,
        attempt: row.get("attempt")?,
        destination: read_callee(row, "destination", "destination_sip")?,
        sip_status: row.get("sip_status")?,
        detail: row.get("detail")?,
    })
}

fn recording_values(recording: &RecordingRow) -> Vec<Val> {
    args![
        recording.id,
        recording.call,
        recording.account,
        &recording.path,
        recording.state,
        recording.duration_ms,
        recording.bytes,
        recording.started_at,
    ]
}

pub(crate) fn read_recording(row: &Row) -> Result<RecordingRow, DbError> {
    Ok(RecordingRow {
        id: row.get("id")?,
        call: row.get("call")?,
        account: row.get("account")?,
        path: row.get("path")?,
        state: row.get("state")?,
        duration_ms: row.get("duration_ms")?,
        bytes: row.get("bytes")?,
        started_at: row.get("started_at")?,
        deleted: read_deletion(row)?,
    })
}

/// A recording with one campaign that had its call, or none.
pub(super) fn read_kept_recording(row: &Row) -> Result<KeptRecording, DbError> {
    let campaign: Option<String> = row.get("campaign")?;
    let says = |name: String| -> Result<(String, Keep), DbError> {
        let rules: RecordingRules = from_json(row, "recordings")?;
        Ok((name, rules.keep))
    };
    Ok(KeptRecording {
        recording: read_recording(row)?,
        campaigns: campaign.map(says).transpose()?.into_iter().collect(),
    })
}

/// A recording that is being saved is never one that was deleted, and its spooled row does not say so.
fn read_deletion(row: &Row) -> Result<Option<Deletion>, DbError> {
    if !row.has("deleted_at") {
        return Ok(None);
    }
    let Some(at) = row.get("deleted_at")? else {
        return Ok(None);
    };
    let because: Option<String> = row.get("deleted_because")?;
    Ok(Some(Deletion {
        at,
        because: because.unwrap_or_default(),
    }))
}

/// A candidate inside the JSON column.
#[derive(Serialize, Deserialize)]
struct StoredCandidate {
    session: Option<i64>,
    probability: f64,
    who: String,
    source: String,
    reasons: Vec<StoredReason>,
}

#[derive(Serialize, Deserialize)]
struct StoredReason {
    words: String,
    weight: f64,
}

impl From<&CandidateRow> for StoredCandidate {
    fn from(candidate: &CandidateRow) -> Self {
        StoredCandidate {
            session: candidate.session.map(SessionId::raw),
            probability: candidate.probability,
            who: candidate.who.clone(),
            source: candidate.source.clone(),
            reasons: candidate
                .reasons
                .iter()
                .map(|r| StoredReason {
                    words: r.words.clone(),
                    weight: r.weight,
                })
                .collect(),
        }
    }
}

impl From<StoredCandidate> for CandidateRow {
    fn from(candidate: StoredCandidate) -> Self {
        CandidateRow {
            session: candidate.session.map(SessionId::from_raw),
            probability: candidate.probability,
            who: candidate.who,
            source: candidate.source,
            reasons: candidate
                .reasons
                .into_iter()
                .map(|r| ReasonRow {
                    words: r.words,
                    weight: r.weight,
                })
                .collect(),
        }
    }
}
