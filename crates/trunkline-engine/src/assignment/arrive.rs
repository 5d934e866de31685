//! One arrival: classify, decide under the site's lock, record, answer after the commit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::assignment::{
    Asker, Assigned, Basis, Holder, Network, PickReason, PoolChoice, assign,
};
use trunkline_core::base::id::{LeaseId, NumberId, PoolId, SessionId, VisitorId};
use trunkline_core::base::{Locality, Timestamp};
use trunkline_core::visitor::{
    Arrival, Channel, Consent, Device, Landing, Source, classify, starts_new_session,
};

use super::live::{LiveSession, Shown, SiteState, held};
use super::view::SiteSeen;
use super::{Assignments, InFlight, SESSIONS_PER_SITE_MAX, lock};
use crate::directory::SiteEntry;
use crate::ports::PortError;
use crate::ports::history::{Commit, LeaseRow, PageViewRow, Record, SessionRow, TouchRow};

/// Longest wait for the commit of an assignment; after it the source number is answered.
const COMMIT_WAIT: Duration = Duration::from_secs(2);
/// A lease this young may not be durable yet, in milliseconds.
const YOUNG_LEASE_MS: i64 = 3_000;

/// A page that asks for its numbers.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The site.
    pub site: Arc<SiteEntry>,
    /// The page, taken apart.
    pub landing: Landing,
    /// The page's address, without fragment.
    pub page: String,
    /// The referrer as told by the browser; may be empty.
    pub referrer: String,
    /// The network the visitor comes from.
    pub network: Network,
    /// The device.
    pub device: Device,
    /// Where the visitor's address is believed to be.
    pub locality: Option<Locality>,
    /// Whether the server itself asks, for a test.
    pub synthetic: bool,
    /// What the visitor allows.
    pub consent: Consent,
    /// Who the visitor is, from a token that was checked.
    pub known: Option<Known>,
    /// Version of the configuration the page carries.
    pub config_version: i64,
    /// Whether no pool number is to be given yet, because the visitor has not seen one. A number the session
    /// holds already stays.
    pub waits: bool,
}

/// A visitor the site has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The visitor.
    pub visitor: VisitorId,
    /// The session of the token.
    pub session: SessionId,
}

/// The numbers for a page.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The session, when there is one to beat for.
    pub session: Option<Known>,
    /// Its first lease.
    pub lease: Option<LeaseId>,
    /// A number for each target that has one.
    pub numbers: Vec<Assigned>,
}

impl Answer {
    /// The strongest reason among the numbers.
    #[must_use]
    pub fn basis(&self) -> Option<Basis> {
        self.numbers.iter().map(|n| n.basis).min()
    }
}

/// A decision, with the commit to wait for and what to take back when it fails.
struct Decided {
    answer: Answer,
    commit: Option<Commit>,
    given: Vec<(PoolId, NumberId, LeaseId)>,
    new_session: bool,
}

impl Assignments {
    /// Takes an arrival in. Never fails: without a session, under overload, or when the store is
    /// away, the answer carries the numbers of the source, and nothing is given or written.
    pub async fn arrive(&self, visit: Visit) -> Answer {
        let arrival = Arrival {
            landing: &visit.landing,
            referrer: &visit.referrer,
        };
        let site = &visit.site.site;
        let source = classify(&arrival, &site.hosts, &site.source_rules);
        let (Some(_in_flight), true) = (
            InFlight::enter(&self.in_flight),
            visit.consent != Consent::None,
        ) else {
            return without_session(&visit, &source);
        };
        if let Some(known) = visit.known {
            self.recall_latest(site.id, known.visitor).await;
        }
        let Some(decided) = self.decide(&visit, &source) else {
            metrics::counter!("trunkline_assign_fallback_total").increment(1);
            return without_session(&visit, &source);
        };
        let Some(commit) = decided.commit else {
            return decided.answer;
        };
        match timeout(COMMIT_WAIT, commit).await {
            Ok(Ok(Ok(()))) => decided.answer,
            failed => {
                tracing::warn!(site = %visit.site.site.id, ?failed, "an assignment was not recorded; answering with the source number");
                metrics::counter!("trunkline_assign_fallback_total").increment(1);
                self.take_back(&visit, &decided.answer, &decided.given, decided.new_session);
                without_session(&visit, &source)
            }
        }
    }

    /// Decides and queues the records, all under the site's lock so that they are queued in the order
    /// of the decisions. `None`: the site is unknown, full, or the queue is.
    fn decide(&self, visit: &Visit, source: &Source) -> Option<Decided> {
        let site = &visit.site.site;
        let state = self.state(site.id)?;
        let now = self.moment.now();
        let mut state = lock(&state);
        let kept = kept_source(&state, visit, source, now);
        let source = kept.as_ref().unwrap_or(source);
        let mut records = Vec::with_capacity(4);
        let (session, is_new) = self.session_of(&mut state, visit, source, now, &mut records)?;
        let touched = is_new || records.iter().any(|r| matches!(r, Record::Touch(_)));
        let live = state.sessions.get(&session)?;
        let known = Known {
            visitor: live.visitor,
            session,
        };
        let shown_source = if touched {
            Cow::Borrowed(source)
        } else {
            Cow::Owned(live.source.clone())
        };
        let mut numbers = Vec::with_capacity(visit.site.plan.targets.len());
        let mut given = Vec::new();
        for target in &visit.site.plan.targets {
            let asker = Asker {
                session,
                visitor: known.visitor,
                lease: self.moment.id_at(now),
                network: visit.network,
                area: visit.locality.as_ref().map(Locality::area),
                path: &visit.landing.path,
                now,
            };
            let holds = || {
                let held = |choice: &PoolChoice| {
                    let (_, holder) = state.pools.get(&choice.pool)?.held_by(known.visitor)?;
                    Some(holder.session == session)
                };
                target.pools.iter().any(|p| held(p) == Some(true))
            };
            let given_now = Some(asker).filter(|_| !visit.waits || holds());
            let win = visit.site.plan.source_numbers_win;
            if let Some(got) = assign(target, win, &shown_source, &mut state.pools, given_now) {
                given.extend(record_lease(&got, known, now, asker.lease, &mut records));
                numbers.push(got);
            }
        }
        let holders = || {
            numbers
                .iter()
                .filter_map(|n| n.lease.as_ref())
                .map(|(_, _, holder)| holder)
        };
        // Another page of the session may be waiting for the commit of this lease: what is queued
        // behind it is durable after it.
        let young = |holder: &Holder| now.millis_since(holder.since) <= YOUNG_LEASE_MS;
        if records.is_empty() && holders().any(young) {
            records.push(Record::SessionSeen(session, now));
        }
        let lease = holders().next().map(|holder| holder.lease);
        let block = told_block(visit).filter(|version| state.blocks.is_due(*version, now));
        records.extend(block.map(|version| Record::BlockSeen(site.id, version, now)));
        let answer = Answer {
            session: Some(known),
            lease,
            numbers,
        };
        let commit = match (!records.is_empty())
            .then(|| self.history.record(records))
            .transpose()
        {
            Ok(commit) => commit,
            Err(error) => {
                undo(&mut state, &answer, &given, is_new);
                if error != PortError::Overloaded {
                    tracing::warn!(%error, "an assignment could not be queued");
                }
                return None;
            }
        };
        show(&mut state, session, &answer, visit, now);
        if let Some(version) = told_block(visit) {
            let bounds = self.block_bounds(site.id);
            state.blocks.tell(version, now, block.is_some(), &bounds);
        }
        if touched
            && !is_new
            && let Some(live) = state.sessions.get_mut(&session)
        {
            live.source = shown_source.into_owned();
        }
        Some(Decided {
            answer,
            commit,
            given,
            new_session: is_new,
        })
    }

    /// The session the arrival belongs to; started when there is none or the last one is over.
    fn session_of(
        &self,
        state: &mut SiteState,
        visit: &Visit,
        source: &Source,
        now: Timestamp,
        records: &mut Vec<Record>,
    ) -> Option<(SessionId, bool)> {
        let click = visit.landing.click_ids().next();
        let going_on = current(state, visit)
            .filter(|(_, s)| !starts_new_session(s.seen_at, s.click.as_ref(), click.as_ref(), now))
            .map(|(id, _)| id);
        if let Some(id) = going_on {
            let session = state.sessions.get_mut(&id)?;
            session.seen_at = now;
            let arrived = source.channel != Channel::Direct
                && (source != &session.source || click != session.click);
            let moved = arrived || path(&session.page) != path(held(&visit.page));
            if moved && session.one_more_page() {
                records.push(if arrived {
                    self.touch(id, visit, source, now)
                } else {
                    Record::PageView(PageViewRow {
                        id: self.moment.id_at(now),
                        session: id,
                        at: now,
                        page: visit.page.clone(),
                    })
                });
            }
            return Some((id, false));
        }
        if state.sessions.len() >= SESSIONS_PER_SITE_MAX || self.is_full() {
            return None;
        }
        let visitor = visit
            .known
            .map_or_else(|| self.moment.id_at(now), |k| k.visitor);
        let id = self.moment.id_at(now);
        records.push(Record::Session(Box::new(session_row(
            id, visitor, visit, source, now,
        ))));
        let live = LiveSession {
            visitor,
            device: visit.device,
            area: visit.locality.as_ref().map(Locality::area),
            synthetic: visit.synthetic,
            seen_at: now,
            recorded_at: now,
            source: source.clone(),
            click,
            page: held(&visit.page).to_owned(),
            told: false,
            pages: 1,
            forms: 0,
            taps: (0, Timestamp::EPOCH),
            shown: Vec::new(),
        };
        self.sessions.fetch_add(1, Ordering::Relaxed);
        state.sessions.insert(id, Box::new(live));
        state.by_visitor.insert(visitor, id);
        Some((id, true))
    }

    fn touch(&self, session: SessionId, visit: &Visit, source: &Source, at: Timestamp) -> Record {
        Record::Touch(Box::new(TouchRow {
            id: self.moment.id_at(at),
            session,
            at,
            page: visit.page.clone(),
            referrer: visit.referrer.clone(),
            source: source.clone(),
            clicks: visit.landing.click_ids().collect(),
        }))
    }

    /// Takes back what was given but not recorded.
    fn take_back(
        &self,
        visit: &Visit,
        answer: &Answer,
        given: &[(PoolId, NumberId, LeaseId)],
        new_session: bool,
    ) {
        if let Some(state) = self.state(visit.site.site.id) {
            undo(&mut lock(&state), answer, given, new_session);
        }
    }
}

/// Remembers what the session sees: the numbers of this answer, and those of targets without an answer
/// as long as they are its own. An open showing of a number that stays goes on.
fn show(state: &mut SiteState, session: SessionId, answer: &Answer, visit: &Visit, now: Timestamp) {
    if !visit.synthetic {
        let seen = state.last_seen.get_or_insert_with(SiteSeen::nothing);
        seen.at = now;
        seen.page.clone_from(&visit.page);
        seen.config_version = visit.config_version;
    }
    let SiteState {
        pools, sessions, ..
    } = state;
    let Some(live) = sessions.get_mut(&session) else {
        return;
    };
    held(&visit.page).clone_into(&mut live.page);
    let fresh = answer.numbers.iter().map(|got| {
        let mut fresh = Shown::from(got);
        let before = live
            .shown
            .iter()
            .find(|s| s.number == fresh.number && s.lease == fresh.lease);
        fresh.showing = before.and_then(|s| s.showing);
        fresh
    });
    let mut shown: Vec<Shown> = fresh.collect();
    let answered = |s: &Shown| answer.numbers.iter().any(|got| got.target == s.target);
    shown.extend(
        live.shown
            .drain(..)
            .filter(|s| !answered(s) && s.is_held(pools)),
    );
    live.shown = shown;
}

/// The visitor's latest session that is in memory.
fn current<'a>(state: &'a SiteState, visit: &Visit) -> Option<(SessionId, &'a LiveSession)> {
    let known = visit.known?;
    let latest = state.by_visitor.get(&known.visitor).copied();
    let id = latest.unwrap_or(known.session);
    let session = state.sessions.get(&id)?;
    (session.visitor == known.visitor).then_some((id, session))
}

/// The source that a new visit keeps which came directly.
fn kept_source(
    state: &SiteState,
    visit: &Visit,
    source: &Source,
    now: Timestamp,
) -> Option<Source> {
    if source.channel != Channel::Direct {
        return None;
    }
    let (_, before) = current(state, visit)?;
    if !starts_new_session(before.seen_at, before.click.as_ref(), None, now) {
        return None;
    }
    let rules = &visit.site.site.source_rules;
    rules.kept(&before.source, before.seen_at, now)
}

/// Takes back the leases given by one decision, and its session when that was new.
fn undo(
    state: &mut SiteState,
    answer: &Answer,
    given: &[(PoolId, NumberId, LeaseId)],
    forget_session: bool,
) {
    for (pool, number, lease) in given {
        if let Some(pool) = state.pools.get_mut(pool) {
            pool.release(*number, *lease);
        }
    }
    if let Some(known) = answer.session.filter(|_| forget_session) {
        state.sessions.remove(&known.session);
        state.by_visitor.remove(&known.visitor);
    }
}

/// A lease is recorded when it is new; with it the end of the one that held the number before. Gives
/// what was given.
fn record_lease(
    got: &Assigned,
    known: Known,
    now: Timestamp,
    drawn: LeaseId,
    records: &mut Vec<Record>,
) -> Option<(PoolId, NumberId, LeaseId)> {
    let (pool, pick, holder) = got
        .lease
        .as_ref()
        .filter(|(_, _, holder)| holder.lease == drawn)?;
    let ended = pick.ended.filter(|_| pick.reason != PickReason::Kept);
    let ended = ended.iter().chain(&pick.left);
    records.extend(ended.map(|holder| Record::LeaseEnded(holder.lease, now)));
    records.push(Record::Lease(LeaseRow {
        id: holder.lease,
        number: got.number,
        pool: *pool,
        target: got.target,
        session: known.session,
        visitor: known.visitor,
        started_at: now,
        network: holder.network,
    }));
    Some((*pool, got.number, holder.lease))
}

fn session_row(
    id: SessionId,
    visitor: VisitorId,
    visit: &Visit,
    source: &Source,
    now: Timestamp,
) -> SessionRow {
    SessionRow {
        id,
        site: visit.site.site.id,
        account: visit.site.site.account,
        visitor,
        consent: visit.consent,
        device: visit.device,
        locality: visit.locality.clone(),
        synthetic: visit.synthetic,
        started_at: now,
        seen_at: now,
        source: source.clone(),
        landing: visit.page.clone(),
        referrer: visit.referrer.clone(),
        clicks: visit.landing.click_ids().collect(),
    }
}

/// The version of its block that a page tells of, when it is believed: an older one than that in force holds numbers that
/// left the block, so it counts only of somebody whom the site met before. A test tells nothing.
fn told_block(visit: &Visit) -> Option<i64> {
    let (version, newest) = (visit.config_version, visit.site.site.config_version);
    let met = visit.known.is_some() && (1..newest).contains(&version);
    (!visit.synthetic && (version == newest || met)).then_some(version)
}

/// A page's address without its query.
fn path(page: &str) -> &str {
    page.split('?').next().unwrap_or(page)
}

/// The numbers of the source, from the directory alone: nothing is given, nothing is written.
fn without_session(visit: &Visit, source: &Source) -> Answer {
    let plan = &visit.site.plan;
    let numbers = plan
        .targets
        .iter()
        .filter_map(|t| {
            assign(
                t,
                plan.source_numbers_win,
                source,
                &mut BTreeMap::new(),
                None,
            )
        })
        .collect();
    Answer {
        session: None,
        lease: None,
        numbers,
    }
}
