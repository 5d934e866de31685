//! What is held in memory of a site: its pools and the sessions that are alive.

use std::collections::{BTreeMap, HashMap};

use trunkline_core::assignment::{Assigned, Pool, assign};
use trunkline_core::base::id::{LeaseId, NumberId, PoolId, SessionId, ShowingId, VisitorId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::visitor::{ClickId, Source};

use super::view::SiteSeen;
use crate::directory::SiteEntry;
use crate::ports::history::SessionRow;

/// A number a session sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) number: NumberId,
    pub(super) digits: PhoneNumber,
    /// The lease, for pool numbers.
    pub(super) lease: Option<(PoolId, LeaseId)>,
    /// The open showing, once a beacon said so, and when it started.
    pub(super) showing: Option<(ShowingId, Timestamp)>,
}

/// A session that is alive.
#[derive(Debug, Clone)]
pub(super) struct LiveSession {
    pub(super) visitor: VisitorId,
    pub(super) seen_at: Timestamp,
    /// When `seen_at` was last recorded.
    pub(super) recorded_at: Timestamp,
    pub(super) source: Source,
    pub(super) click: Option<ClickId>,
    pub(super) page: String,
    pub(super) shown: Vec<Shown>,
}

/// Pools and sessions of one site.
#[derive(Debug, Default)]
pub(super) struct SiteState {
    pub(super) pools: BTreeMap<PoolId, Pool>,
    pub(super) sessions: HashMap<SessionId, LiveSession>,
    pub(super) by_visitor: HashMap<VisitorId, SessionId>,
    pub(super) last_seen: Option<SiteSeen>,
}

impl SiteState {
    /// Puts a stored session back, with the numbers it sees according to the pools.
    pub(super) fn recall(&mut self, row: &SessionRow, entry: &SiteEntry) {
        let shown = self.shown_to(row.visitor, row.id, &row.source, entry);
        let live = LiveSession {
            visitor: row.visitor,
            seen_at: row.seen_at,
            recorded_at: row.seen_at,
            source: row.source.clone(),
            click: row.click.clone(),
            page: row.landing.clone(),
            shown,
        };
        self.sessions.entry(row.id).or_insert(live);
        self.by_visitor.entry(row.visitor).or_insert(row.id);
    }

    fn shown_to(
        &self,
        visitor: VisitorId,
        session: SessionId,
        source: &Source,
        entry: &SiteEntry,
    ) -> Vec<Shown> {
        let mut shown = Vec::new();
        for target in &entry.plan.targets {
            let held = target.pool.and_then(|id| {
                let (number, holder) = self.pools.get(&id)?.held_by(visitor)?;
                (holder.session == session).then_some((number, (id, holder.lease)))
            });
            if let Some((number, lease)) = held {
                shown.push(Shown {
                    number: number.id,
                    digits: number.number,
                    lease: Some(lease),
                    showing: None,
                });
            } else if let Some(fixed) =
                assign(target, entry.plan.source_numbers_win, source, None, None)
            {
                shown.push(Shown::from(&fixed));
            }
        }
        shown
    }
}

impl From<&Assigned> for Shown {
    fn from(assigned: &Assigned) -> Self {
        Self {
            number: assigned.number,
            digits: assigned.replacement.number,
            lease: assigned
                .lease
                .as_ref()
                .map(|(pool, _, holder)| (*pool, holder.lease)),
            showing: None,
        }
    }
}
