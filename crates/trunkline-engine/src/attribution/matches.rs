//! Who is this? The likeliest visitors of a call, for the person who answers it, and what that person says:
//! a label, an event, and the credit of the call.

use std::collections::HashSet;
use std::sync::Arc;

use trunkline_core::attribution::LabelKind;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SessionId, UserId};
use trunkline_core::call::CallResult;
use trunkline_core::visitor::{Device, Source};

use super::{Evidence, NOBODY, source_of, who};
use crate::assignment::{Assignments, visitor_label};
use crate::call::Calls;
use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::ports::calls::{CallEventKind, CallEventRow, CallRow};
use crate::ports::history::SessionRow;
use crate::ports::labels::{Confirmed, LabelRow, Said};
use crate::ports::{CallRecords, History, Labels, PortError, PortResult};

/// Visitors that are shown to the person who answers.
pub const MATCHES_MAX: usize = 3;

/// A visitor who may be calling.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The session.
    pub session: SessionId,
    /// The visitor, for people.
    pub who: String,
    /// What they use.
    pub device: Device,
    /// Where they came from.
    pub source: Source,
    /// The page they look at, or looked at last.
    pub page: String,
    /// When the visit began.
    pub since: Timestamp,
    /// Whether they are on the site now.
    pub live: bool,
    /// The probability that they called, 0 to 1.
    pub probability: f64,
}

/// Shows and takes confirmations.
pub struct Matches {
    evidence: Evidence,
    labels: Arc<dyn Labels>,
    assignments: Arc<Assignments>,
    calls: Arc<Calls>,
    directory: SharedDirectory,
    moment: Moment,
}

impl Matches {
    /// Over these stores and the calls in progress.
    #[must_use]
    pub fn new(
        history: Arc<dyn History>,
        records: Arc<dyn CallRecords>,
        labels: Arc<dyn Labels>,
        assignments: Arc<Assignments>,
        calls: Arc<Calls>,
        directory: SharedDirectory,
        moment: Moment,
    ) -> Self {
        Self {
            evidence: Evidence {
                history,
                calls: records,
            },
            labels,
            assignments,
            calls,
            directory,
            moment,
        }
    }

    /// The likeliest visitors of a call, likeliest first. While it goes on, visitors of its site who are there now
    /// fill the list: the number a person dials need not be one the page showed them.
    ///
    /// # Errors
    /// When visits cannot be read.
    pub async fn likeliest(&self, call: &CallRow) -> PortResult<Vec<Match>> {
        let mut found = Vec::with_capacity(MATCHES_MAX);
        let mut sessions: Vec<(SessionId, f64)> = call
            .candidates
            .iter()
            .filter_map(|c| Some((c.session?, c.probability)))
            .collect();
        if let Some(site) = call.site.filter(|_| call.ended_at.is_none()) {
            let there = self.assignments.latest_sessions(site, MATCHES_MAX);
            let known: HashSet<SessionId> = sessions.iter().map(|(id, _)| *id).collect();
            let others = there.into_iter().filter(|id| !known.contains(id));
            sessions.extend(others.map(|id| (id, 0.0)));
        }
        // Somebody who came twice is asked about once, by the likelier visit.
        let mut people = HashSet::new();
        for (session, probability) in sessions {
            if found.len() == MATCHES_MAX {
                break;
            }
            // One that is not stored yet is in nobody's story.
            let Some(story) = self.evidence.history.session_story(session).await? else {
                continue;
            };
            let row = &story.session;
            if !people.insert(row.visitor) {
                continue;
            }
            let now = self.assignments.session_now(row.site, session);
            let live = now.is_some();
            let (page, source) = now.unwrap_or_else(|| {
                let last = story.pages().last().map(|(_, page)| (*page).to_owned());
                let source = story.latest_source().clone();
                (last.unwrap_or_default(), source)
            });
            found.push(Match {
                session,
                who: visitor_label(row.visitor),
                device: row.device,
                source,
                page,
                since: row.started_at,
                live,
                probability,
            });
        }
        Ok(found)
    }

    /// Who said last who called, with the truth they told.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn confirmation(&self, call: &CallRow) -> PortResult<Option<LabelRow>> {
        if call.confirmed_at.is_none() {
            return Ok(None);
        }
        let label = self.labels.label_of(call.id).await?;
        Ok(label.filter(|l| l.kind == LabelKind::Confirmed))
    }

    /// Takes what a person said: the call is `session`'s, or none of the candidates'. The latest counts. The
    /// call as it stands then.
    ///
    /// # Errors
    /// When screening stopped the call, or may yet; when it cannot be saved. Nothing is then changed.
    pub async fn confirm(
        &self,
        call: &CallRow,
        session: Option<&SessionRow>,
        by: Option<UserId>,
    ) -> PortResult<CallRow> {
        if call.result == Some(CallResult::Blocked) {
            return Err(PortError::Conflict(
                "screening blocked the call, so it is credited to no visit; put the caller on the list of those who are \
                 let through, if they should have been"
                    .to_owned(),
            ));
        }
        if self.calls.is_challenged(call.id) {
            return Err(PortError::Conflict(
                "the caller has yet to press the key that screening asks for; say who it is once they are let through"
                    .to_owned(),
            ));
        }
        let now = self.moment.now();
        let of_session = match session {
            Some(session) => {
                let named = self
                    .evidence
                    .named_sessions(&[session.id], call.started_at)
                    .await?;
                named.into_iter().next().map(|row| row.source)
            }
            None => None,
        };
        let source = match self.directory.now().number(call.number) {
            Some(number) => source_of(number, of_session, false),
            None => of_session.or_else(|| call.source.clone()),
        };
        let label = LabelRow {
            id: self.moment.id_at(now),
            account: call.account,
            site: call.site,
            call: call.id,
            called_at: call.started_at,
            kind: LabelKind::Confirmed,
            session: session.map(|s| s.id),
            said: self.said(call).await?,
            at: now,
            said_by: by,
        };
        let event = CallEventRow {
            id: self.moment.id_at(now),
            call: call.id,
            at: now,
            kind: CallEventKind::Confirmed,
            attempt: None,
            destination: None,
            sip_status: None,
            detail: session.map_or_else(|| NOBODY.to_owned(), who),
        };
        let confirmed = Confirmed {
            label,
            source,
            event,
        };
        self.labels.confirm(&confirmed).await?;
        let credited = credited(call.clone(), &confirmed);
        Ok(self.calls.confirmed(credited, &confirmed))
    }

    /// What was said of the call when it came. Of a call that a tap tells of, what the model said without it.
    async fn said(&self, call: &CallRow) -> PortResult<Said> {
        if let Some(said) = self.calls.tapped(call.id) {
            return Ok(said);
        }
        let earlier = self.labels.label_of(call.id).await?.map(|l| l.said);
        let first = call.candidates.first();
        Ok(earlier.unwrap_or(Said {
            tapped: false,
            session: first.and_then(|c| c.session),
            probability: first.map_or(0.0, |c| c.probability),
        }))
    }
}

/// The credit of a call as a person said it; its candidates stay.
pub(crate) fn credited(mut call: CallRow, confirmed: &Confirmed) -> CallRow {
    call.session = confirmed.label.session;
    call.probability = confirmed.label.session.map(|_| 1.0);
    call.ambiguous = false;
    call.source.clone_from(&confirmed.source);
    call.confirmed_at = Some(confirmed.label.at);
    call
}
