//! Station **attribution** as a use case: gathers what is known about a call, lets the core weigh it,
//! and puts the candidates into words.

mod again;
mod learning;
mod matches;
mod models;
mod reliability;

use std::collections::HashMap;
use std::sync::Arc;

use trunkline_core::assignment::{NumberUse, TrackingNumber};
use trunkline_core::attribution::{
    CallFacts, Candidate, Credit, EarlierCall, Form, Known, Model, NumberHistory, Reason, Showing,
    Tap, WINDOW_DAYS, tap_label,
};
use trunkline_core::base::id::{AccountId, ModelId, NumberId, SessionId, SiteId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::visitor::{Channel, Device, Source};

pub use again::{AGAIN_CALLS_MAX, Again, Reweighed};
pub use learning::{FRESH_MIN, LABELS_MIN, LEARN_EVERY, Learning};
pub(crate) use matches::credited;
pub use matches::{MATCHES_MAX, Match, Matches};
pub use models::SharedModels;
pub use reliability::{RELIABILITY_LABELS_MAX, Reliability, ReliabilityCurve, reliability_of};

use crate::assignment::{Assignments, visitor_label};
use crate::ports::calls::{CandidateRow, ReasonRow};
use crate::ports::history::SessionRow;
use crate::ports::labels::Said;
use crate::ports::{CallRecords, History, PortResult};

/// Most showings of one number that are weighed for a call.
const SHOWINGS_MAX: u32 = 200;
/// How far back a tap can explain a call, in milliseconds.
const TAPS_SINCE_MS: i64 = 3_600_000;
/// How long a caller stays joined to the session of an earlier call, in days.
const EARLIER_CALL_DAYS: i64 = 90;
/// The latest calls of a number that tell how many strays it gets.
const NUMBER_CALLS: u32 = 200;
const DAY_MS: i64 = 86_400_000;
/// What a candidate that is no session is called.
const NOBODY: &str = "None of these";

/// What attribution says about a call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// All candidates, likeliest first.
    pub candidates: Vec<CandidateRow>,
    /// The credited session.
    pub session: Option<SessionId>,
    /// Its probability.
    pub probability: Option<f64>,
    /// Whether it is too weak to be reported without a mark.
    pub ambiguous: bool,
    /// Where the call came from.
    pub source: Option<Source>,
    /// Whether the caller never called the account before.
    pub first_time: bool,
    /// The fitted model that weighed it; `None`: the one for new sites.
    pub model: Option<ModelId>,
    /// When one session tapped the number seconds before the call.
    pub tapped: Option<Tapped>,
}

/// A call whose truth a tap tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tapped {
    /// The session that tapped.
    pub session: SessionId,
    /// What the model says without the tap.
    pub said: Said,
}

/// Everything that was known of a call when it came.
#[derive(Debug, Clone, PartialEq)]
struct Knowledge {
    call: CallFacts,
    showings: Vec<Showing>,
    taps: Vec<Tap>,
    earlier: Option<EarlierCall>,
    form: Option<Form>,
    called_before: bool,
}

impl Knowledge {
    fn known(&self) -> Known<'_> {
        Known {
            call: self.call,
            showings: &self.showings,
            taps: &self.taps,
            earlier: self.earlier,
            form: self.form,
        }
    }

    /// What a tap tells of the call, and what `model` would say without it.
    fn tapped(&self, model: &Model) -> Option<Tapped> {
        let session = tap_label(&self.taps, self.call.at)?.session?;
        // Who was never shown the number cannot have tapped it.
        self.showings.iter().find(|s| s.session == session)?;
        let (likeliest, probability) = model.without_taps(&self.known());
        let said = Said {
            tapped: true,
            session: likeliest,
            probability,
        };
        Some(Tapped { session, said })
    }
}

/// A call whose evidence is gathered.
#[derive(Debug, Clone, Copy)]
struct Asked {
    account: AccountId,
    /// The site of the number: visits of other sites of the account are no candidates.
    site: Option<SiteId>,
    number: NumberId,
    caller: Option<PhoneNumber>,
    at: Timestamp,
}

/// The stores of evidence.
#[derive(Clone)]
struct Evidence {
    history: Arc<dyn History>,
    calls: Arc<dyn CallRecords>,
}

impl Evidence {
    /// What was known of a call when it came, also long after it came.
    async fn gather(&self, asked: Asked) -> PortResult<Knowledge> {
        let Asked { number, at, .. } = asked;
        let since = at.plus_millis(-WINDOW_DAYS * DAY_MS);
        let (showings, taps, earlier, form, history) = tokio::try_join!(
            self.history.showings_of(number, since, at, SHOWINGS_MAX),
            self.history
                .taps_on(number, at.plus_millis(-TAPS_SINCE_MS), at),
            self.earlier(asked),
            self.form(asked),
            self.calls.number_history(number, at, NUMBER_CALLS),
        )?;
        let (called_before, earlier) = earlier;
        Ok(Knowledge {
            call: CallFacts {
                at,
                caller: asked.caller,
                number: history,
            },
            showings,
            taps,
            earlier,
            form,
            called_before,
        })
    }

    /// The latest form in which a visitor gave the caller's number.
    async fn form(&self, asked: Asked) -> PortResult<Option<Form>> {
        let Some(caller) = asked.caller else {
            return Ok(None);
        };
        let since = asked.at.plus_millis(-WINDOW_DAYS * DAY_MS);
        self.history
            .latest_form(asked.account, asked.site, caller, since, asked.at)
            .await
    }

    async fn earlier(&self, asked: Asked) -> PortResult<(bool, Option<EarlierCall>)> {
        let Some(caller) = asked.caller else {
            return Ok((false, None));
        };
        let since = asked.at.plus_millis(-EARLIER_CALL_DAYS * DAY_MS);
        self.calls
            .earlier_call(asked.account, asked.site, caller, since, asked.at)
            .await
    }

    /// The candidates' sessions, under the source of their latest arrival before the call.
    async fn sessions(
        &self,
        credit: &Credit,
        at: Timestamp,
    ) -> PortResult<HashMap<SessionId, SessionRow>> {
        let ids: Vec<SessionId> = credit.candidates.iter().filter_map(|c| c.session).collect();
        let rows = self.named_sessions(&ids, at).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Sessions under the source of their latest arrival until a moment.
    async fn named_sessions(
        &self,
        ids: &[SessionId],
        until: Timestamp,
    ) -> PortResult<Vec<SessionRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (mut rows, mut latest) = tokio::try_join!(
            self.history.sessions_by_id(ids),
            self.history.latest_sources(ids, until),
        )?;
        name_by(&mut rows, &mut latest);
        Ok(rows)
    }
}

/// Gathers and weighs.
pub struct Attributions {
    evidence: Evidence,
    assignments: Arc<Assignments>,
    models: SharedModels,
}

impl Attributions {
    /// Over these sources of evidence, weighed by these models.
    #[must_use]
    pub fn new(
        history: Arc<dyn History>,
        calls: Arc<dyn CallRecords>,
        assignments: Arc<Assignments>,
        models: SharedModels,
    ) -> Self {
        Self {
            evidence: Evidence { history, calls },
            assignments,
            models,
        }
    }

    /// Credits a call that came on `number` at `at`. Only a `synthetic` one, the server's own test, is weighed
    /// against the visit of the test too.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn credit(
        &self,
        number: &TrackingNumber,
        caller: Option<PhoneNumber>,
        at: Timestamp,
        synthetic: bool,
    ) -> PortResult<Verdict> {
        let asked = Asked {
            account: number.account,
            site: number.site,
            number: number.id,
            caller,
            at,
        };
        let mut knowledge = self.evidence.gather(asked).await?;
        knowledge.showings = self.with_memory(number, knowledge.showings, synthetic);
        let in_force = self.models.of(number.site);
        let credit = in_force.model.attribute(&knowledge.known());
        let sessions = self.evidence.sessions(&credit, at).await?;
        Ok(Verdict {
            model: in_force.id,
            tapped: knowledge.tapped(&in_force.model),
            ..verdict(number, &credit, &sessions, !knowledge.called_before)
        })
    }

    /// What memory alone says, for when the store is late: the sessions that have the number on their
    /// screen, and what the number itself tells.
    #[must_use]
    pub fn from_memory(&self, number: &TrackingNumber, at: Timestamp) -> Verdict {
        let showings = self.with_memory(number, Vec::new(), false);
        let in_force = self.models.of(number.site);
        let credit = in_force.model.attribute(&Known {
            call: CallFacts {
                at,
                caller: None,
                number: NumberHistory::default(),
            },
            showings: &showings,
            taps: &[],
            earlier: None,
            form: None,
        });
        let mut verdict = verdict(number, &credit, &HashMap::new(), false);
        verdict.model = in_force.id;
        for (row, candidate) in verdict.candidates.iter_mut().zip(&credit.candidates) {
            let shown = showings
                .iter()
                .find(|s| Some(s.session) == candidate.session);
            let Some((site, shown)) = number.site.zip(shown) else {
                continue;
            };
            row.who = visitor_label(shown.visitor);
            if let Some((_, source)) = self.assignments.session_now(site, shown.session) {
                row.source = source.label();
                if verdict.session == candidate.session {
                    verdict.source = source_of(number, Some(source), verdict.ambiguous);
                }
            }
        }
        verdict
    }

    /// Adds what memory knows better than the store: the last sight of sessions that are alive.
    fn with_memory(
        &self,
        number: &TrackingNumber,
        mut stored: Vec<Showing>,
        synthetic: bool,
    ) -> Vec<Showing> {
        if let Some(site) = number.site {
            stored.extend(self.assignments.visible_now(site, number.id, synthetic));
        }
        stored
    }
}

/// Gives sessions the source of their latest arrival: what a call is credited to, and what lists show.
pub fn name_by(rows: &mut [SessionRow], latest: &mut HashMap<SessionId, Source>) {
    for row in rows {
        if let Some(source) = latest.remove(&row.id) {
            row.source = source;
        }
    }
}

fn verdict(
    number: &TrackingNumber,
    credit: &Credit,
    sessions: &HashMap<SessionId, SessionRow>,
    first_time: bool,
) -> Verdict {
    let row = |candidate: &Candidate| {
        let session = candidate.session.and_then(|id| sessions.get(&id));
        CandidateRow {
            session: candidate.session,
            probability: candidate.probability,
            who: session.map_or_else(|| NOBODY.to_owned(), who),
            source: session.map_or_else(String::new, |s| s.source.label()),
            reasons: candidate.reasons.iter().map(reason).collect(),
        }
    };
    let credited = credit.credited();
    let session = credited.and_then(|c| c.session);
    let of_session = session
        .and_then(|id| sessions.get(&id))
        .map(|s| s.source.clone());
    Verdict {
        candidates: credit.candidates.iter().map(row).collect(),
        session,
        probability: credited.map(|c| c.probability),
        ambiguous: credit.is_ambiguous(),
        source: source_of(number, of_session, credit.is_ambiguous()),
        first_time,
        model: None,
        tapped: None,
    }
}

fn reason(reason: &Reason) -> ReasonRow {
    ReasonRow {
        words: reason.evidence.sentence(),
        weight: reason.weight,
    }
}

/// The source of the call: a source number says it by itself, else the credited session's; a number
/// printed somewhere stands for its own label.
fn source_of(
    number: &TrackingNumber,
    of_session: Option<Source>,
    ambiguous: bool,
) -> Option<Source> {
    let selector = &number.selector;
    let by_number = |channel, medium: &str, source: &str, rule: &str| Source {
        channel,
        medium: medium.to_owned(),
        source: source.to_owned(),
        rule: rule.to_owned(),
        ..Source::direct()
    };
    match number.kind {
        NumberUse::Source if !selector.is_empty() => {
            let certain = of_session.filter(|s| !ambiguous && selector.matches(s));
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            let channel = selector.channel.unwrap_or(Channel::Other);
            let own = || {
                by_number(
                    channel,
                    &text(&selector.medium),
                    &text(&selector.source),
                    "source_number",
                )
            };
            Some(certain.unwrap_or_else(own))
        }
        NumberUse::Static if !number.label.is_empty() => {
            // A guess among all who see the number is no reason to say otherwise than what is printed on it.
            let certain = of_session.filter(|_| !ambiguous);
            let own = || by_number(Channel::Other, "static", &number.label, "static_number");
            Some(certain.unwrap_or_else(own))
        }
        NumberUse::Static | NumberUse::Source | NumberUse::Pool => of_session,
    }
}

fn who(session: &SessionRow) -> String {
    let device = match session.device {
        Device::Phone => "phone",
        Device::Tablet => "tablet",
        Device::Desktop => "desktop",
    };
    format!("{}, {device}", visitor_label(session.visitor))
}
