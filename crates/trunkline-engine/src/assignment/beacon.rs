//! Beacons: what a page tells about the numbers it shows. A beacon can only speak for the session of
//! its token, and only while that session still holds its lease.

use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::assignment::{Network, Pool};
use trunkline_core::base::id::{AccountId, LeaseId, ShowingId, SiteId};
use trunkline_core::base::{PhoneNumber, Timestamp};

use super::arrive::Known;
use super::live::{SiteState, held};
use super::view::SiteSeen;
use super::{Assignments, lock};
use crate::ports::PortError;
use crate::ports::history::{
    Commit, FormDetails, FormRow, PageViewRow, Record, ShowingRow, TapRow,
};

/// How often the last sight of a session is recorded at most, in milliseconds.
const RECORD_SEEN_EVERY_MS: i64 = 30_000;
/// A tap told within this counts as told at once: the time of its way, in milliseconds.
const PROMPT_TAP_MS: i64 = 2_000;
/// A tap told later than this says nothing any more, in milliseconds.
const LATE_TAP_MS: i64 = 60_000;
/// Longest wait for the commit of a showing or a tap.
const COMMIT_WAIT: Duration = Duration::from_secs(2);

/// One thing a page tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beacon {
    /// The numbers are on the page, in so many places.
    Shown {
        /// Places that were swapped; 0 tells nothing.
        swaps: u32,
        /// The page.
        page: String,
    },
    /// The page is visible.
    Beat,
    /// Another page of the site is looked at, without a new assignment.
    Page {
        /// The page.
        page: String,
    },
    /// A form was sent.
    Form {
        /// The account of the site.
        account: AccountId,
        /// The page.
        page: String,
        /// What was written into it.
        details: FormDetails,
    },
    /// A `tel:` link was tapped.
    Tap {
        /// The number of the link.
        number: PhoneNumber,
        /// How long ago, by the page's clock, in milliseconds: a page may tell it late.
        ago_ms: i64,
    },
}

/// What became of the beacons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeaconOutcome {
    /// Taken in.
    Taken,
    /// The session is over or its number has been given on; the page should ask again.
    Lost,
    /// The store is away or overloaded; nothing changed.
    Busy,
}

impl Assignments {
    /// Takes the beacons of one page in. Showings, taps and forms are durable when this returns. `lease` is
    /// the one the page's token names: when it was given on, nothing of the page counts. `network` is where the
    /// page speaks from now, whatever it came from.
    pub async fn beacons(
        &self,
        site: SiteId,
        known: Known,
        lease: Option<LeaseId>,
        network: Network,
        config_version: i64,
        beacons: Vec<Beacon>,
    ) -> BeaconOutcome {
        self.recall(site, known).await;
        let waits = beacons.iter().any(|b| {
            matches!(
                b,
                Beacon::Shown { .. } | Beacon::Tap { .. } | Beacon::Form { .. }
            )
        });
        let taken = match self.take(site, known, lease, network, config_version, beacons) {
            Ok(Some(taken)) => taken,
            Ok(None) => return BeaconOutcome::Lost,
            Err(_) => return BeaconOutcome::Busy,
        };
        let Some(commit) = taken.commit.filter(|_| waits) else {
            return BeaconOutcome::Taken;
        };
        match timeout(COMMIT_WAIT, commit).await {
            Ok(Ok(Ok(()))) => BeaconOutcome::Taken,
            _ => {
                // The page sends it again; the showing must then be recorded.
                if let Some(state) = self.state(site) {
                    unshow(&mut lock(&state), known, &taken.started);
                }
                BeaconOutcome::Busy
            }
        }
    }

    /// Changes memory and queues the records. `None`: the session is over or its number given on.
    fn take(
        &self,
        site: SiteId,
        known: Known,
        lease: Option<LeaseId>,
        network: Network,
        config_version: i64,
        beacons: Vec<Beacon>,
    ) -> Result<Option<Taken>, PortError> {
        let Some(state) = self.state(site) else {
            return Ok(None);
        };
        let now = self.moment.now();
        // What no version ever was is not believed.
        let newest = self
            .directory
            .peek()
            .site(site)
            .map(|entry| entry.site.config_version);
        let versions = 1..=newest.unwrap_or(0);
        let mut state = lock(&state);
        let state = &mut *state;
        let Some(live) = state
            .sessions
            .get_mut(&known.session)
            .filter(|s| s.visitor == known.visitor)
        else {
            return Ok(None);
        };
        let named = |lease: LeaseId| {
            let held = |pool: &Pool| {
                pool.held_by(known.visitor)
                    .is_some_and(|(_, h)| h.lease == lease)
            };
            state.pools.values().any(held)
        };
        if !live.shown.iter().all(|s| s.is_held(&state.pools)) || !lease.is_none_or(named) {
            return Ok(None);
        }
        let mut started = Vec::new();
        let mut records = Vec::new();
        for beacon in beacons {
            match beacon {
                Beacon::Shown { swaps: 0, .. } => {}
                Beacon::Shown { swaps, page } => {
                    started.extend(self.shown(state, known, swaps, &page, now, &mut records));
                    if !state
                        .sessions
                        .get(&known.session)
                        .is_some_and(|s| s.synthetic)
                    {
                        state.last_seen = Some(SiteSeen {
                            at: now,
                            page,
                            swaps,
                            config_version,
                        });
                    }
                }
                Beacon::Beat => {}
                Beacon::Page { page } => {
                    let Some(live) = state.sessions.get_mut(&known.session) else {
                        continue;
                    };
                    held(&page).clone_into(&mut live.page);
                    if live.one_more_page() {
                        records.push(Record::PageView(PageViewRow {
                            id: self.moment.id(),
                            session: known.session,
                            at: now,
                            page,
                        }));
                    }
                }
                Beacon::Form {
                    account,
                    page,
                    details,
                } => {
                    let live = state.sessions.get_mut(&known.session);
                    if live.is_some_and(|live| live.one_more_form()) {
                        records.push(Record::Form(Box::new(FormRow {
                            id: self.moment.id(),
                            account,
                            session: known.session,
                            visitor: known.visitor,
                            at: now,
                            page,
                            details,
                        })));
                    }
                }
                Beacon::Tap { number, ago_ms } => {
                    let tapped = self.tap(state, known, network, number, (now, ago_ms));
                    if tapped.is_none() {
                        metrics::counter!("trunkline_taps_refused_total").increment(1);
                    }
                    records.extend(tapped);
                }
            }
        }
        seen(state, known, now, &mut records);
        let live = state.sessions.get(&known.session);
        let tested = live.is_some_and(|live| live.synthetic);
        let block = Some(config_version).filter(|version| !tested && versions.contains(version));
        let due = block.filter(|version| state.blocks.is_due(*version, now));
        records.extend(due.map(|version| Record::BlockSeen(site, version, now)));
        let queued = (!records.is_empty()).then(|| self.history.record(records));
        match queued.transpose() {
            Ok(commit) => {
                if let Some(version) = block {
                    let bounds = self.block_bounds(site);
                    state.blocks.tell(version, now, due.is_some(), &bounds);
                }
                Ok(Some(Taken { commit, started }))
            }
            Err(error) => {
                unshow(state, known, &started);
                Err(error)
            }
        }
    }

    /// The first beacon with swaps confirms the lease and starts a showing; a later one on another
    /// page keeps it going. Gives the showings that started.
    fn shown(
        &self,
        state: &mut SiteState,
        known: Known,
        swaps: u32,
        page: &str,
        now: Timestamp,
        records: &mut Vec<Record>,
    ) -> Vec<ShowingId> {
        let SiteState {
            pools, sessions, ..
        } = state;
        let mut started = Vec::new();
        let Some(live) = sessions.get_mut(&known.session) else {
            return started;
        };
        for shown in &mut live.shown {
            if let Some((pool, lease)) = shown.lease {
                let held = pools
                    .get_mut(&pool)
                    .is_some_and(|p| p.seen(shown.number, lease, true, now));
                if !held {
                    continue;
                }
            }
            if shown.showing.is_some() {
                continue;
            }
            let id = self.moment.id();
            shown.showing = Some((id, now));
            live.told = true;
            started.push(id);
            records.extend(
                shown
                    .lease
                    .map(|(_, lease)| Record::LeaseConfirmed(lease, now)),
            );
            records.push(Record::Showing(ShowingRow {
                id,
                number: shown.number,
                session: known.session,
                visitor: known.visitor,
                lease: shown.lease.map(|(_, lease)| lease),
                at: now,
                page: page.to_owned(),
                swaps,
            }));
        }
        started
    }

    /// A tap counts only on a number that is on the session's screen, from when it came there, and only so often. On
    /// one that others see too, a network has so many: their taps would decide calls of all. One that is told late
    /// keeps the time it had, as far as that can be believed.
    fn tap(
        &self,
        state: &mut SiteState,
        known: Known,
        network: Network,
        number: PhoneNumber,
        (now, ago_ms): (Timestamp, i64),
    ) -> Option<Record> {
        let SiteState {
            sessions, tappers, ..
        } = state;
        let live = sessions.get_mut(&known.session)?;
        let shown = live.shown.iter().find(|s| s.digits == number)?;
        let (number, (_, since)) = (shown.number, shown.showing?);
        let own = shown.lease.is_some();
        let late = ago_ms > PROMPT_TAP_MS;
        let at = if late { now.plus_millis(-ago_ms) } else { now };
        let possible = ago_ms <= LATE_TAP_MS && at >= since;
        let mut believed = || {
            own || tappers
                .entry(number)
                .or_default()
                .believe(known.session, network, now)
        };
        (possible && live.one_more_tap(at) && believed()).then(|| {
            Record::Tap(TapRow {
                id: self.moment.id(),
                number,
                session: known.session,
                at,
                late,
            })
        })
    }
}

/// Beacons that were taken in.
struct Taken {
    commit: Option<Commit>,
    started: Vec<ShowingId>,
}

/// Takes back showings that were not recorded.
fn unshow(state: &mut SiteState, known: Known, started: &[ShowingId]) {
    if let Some(live) = state.sessions.get_mut(&known.session) {
        for shown in &mut live.shown {
            shown.showing = shown.showing.filter(|(id, _)| !started.contains(id));
        }
    }
}

/// Every beacon says that the page is visible.
fn seen(state: &mut SiteState, known: Known, now: Timestamp, records: &mut Vec<Record>) {
    let SiteState {
        pools, sessions, ..
    } = state;
    let Some(live) = sessions.get_mut(&known.session) else {
        return;
    };
    live.seen_at = now;
    let record = now.millis_since(live.recorded_at) >= RECORD_SEEN_EVERY_MS;
    for shown in &live.shown {
        if let Some((pool, lease)) = shown.lease {
            if let Some(pool) = pools.get_mut(&pool) {
                pool.seen(shown.number, lease, false, now);
            }
            if record && shown.showing.is_some() {
                records.push(Record::LeaseSeen(lease, now));
            }
        }
    }
    if record {
        live.recorded_at = now;
        records.push(Record::SessionSeen(known.session, now));
    }
}
