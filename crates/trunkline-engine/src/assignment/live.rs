//! What is held in memory of a site: its pools and the sessions that are alive.

use std::collections::BTreeMap;

use trunkline_core::assignment::{Assigned, Pool, Tappers, assign};
use trunkline_core::base::id::{
    IdMap, LeaseId, NumberId, NumberKind, PoolId, SessionId, SessionKind, ShowingId, SwapTargetId,
    VisitorId, VisitorKind,
};
use trunkline_core::base::{Area, Locality, PhoneNumber, Timestamp};
use trunkline_core::visitor::{ClickId, Device, Source};

use super::blocks::BlocksSeen;
use super::view::SiteSeen;
use super::{FORMS_PER_SESSION_MAX, PAGES_PER_SESSION_MAX, TAP_EVERY_MS, TAPS_PER_SESSION_MAX};
use crate::directory::SiteEntry;
use crate::ports::history::SessionRow;

/// Longest start of a page's address that is held in memory of a live session, in bytes.
const PAGE_HELD_MAX: usize = 512;

/// The part of a page's address that is held in memory; what is stored is whole.
pub(super) fn held(page: &str) -> &str {
    &page[..page.floor_char_boundary(PAGE_HELD_MAX)]
}

/// A number a session sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The target it stands for.
    pub(super) target: SwapTargetId,
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
    pub(super) device: Device,
    pub(super) area: Option<Area>,
    /// Whether it is the server's own test.
    pub(super) synthetic: bool,
    pub(super) seen_at: Timestamp,
    /// When `seen_at` was last recorded.
    pub(super) recorded_at: Timestamp,
    pub(super) source: Source,
    pub(super) click: Option<ClickId>,
    /// Where it was last, see [`held`].
    pub(super) page: String,
    /// Whether a page of it told that a number is on the screen, since it is in memory.
    pub(super) told: bool,
    /// Arrivals and page views that were recorded of it since it is in memory.
    pub(super) pages: u32,
    /// Forms that were recorded of it since it is in memory.
    pub(super) forms: u32,
    /// Taps that were recorded of it since it is in memory, and when the last one was.
    pub(super) taps: (u32, Timestamp),
    pub(super) shown: Vec<Shown>,
}

impl LiveSession {
    /// Whether one more arrival or page view of the session is recorded; counts it.
    pub(super) fn one_more_page(&mut self) -> bool {
        let room = self.pages < PAGES_PER_SESSION_MAX;
        self.pages += u32::from(room);
        room
    }

    /// Whether one more form of the session is recorded; counts it.
    pub(super) fn one_more_form(&mut self) -> bool {
        let room = self.forms < FORMS_PER_SESSION_MAX;
        self.forms += u32::from(room);
        room
    }

    /// Whether one more tap at a moment is recorded; counts it.
    pub(super) fn one_more_tap(&mut self, at: Timestamp) -> bool {
        let (taps, last) = self.taps;
        let room = taps < TAPS_PER_SESSION_MAX && at.millis_since(last) >= TAP_EVERY_MS;
        if room {
            self.taps = (taps + 1, at);
        }
        room
    }
}

/// Pools and sessions of one site.
#[derive(Debug, Default)]
pub(super) struct SiteState {
    pub(super) pools: BTreeMap<PoolId, Pool>,
    /// Boxed, because the map moves what it holds each time it grows.
    pub(super) sessions: IdMap<SessionKind, Box<LiveSession>>,
    pub(super) by_visitor: IdMap<VisitorKind, SessionId>,
    /// Who tapped numbers that many see at once.
    pub(super) tappers: IdMap<NumberKind, Tappers>,
    pub(super) last_seen: Option<SiteSeen>,
    pub(super) blocks: BlocksSeen,
}

impl SiteState {
    /// Puts a stored session back, with the numbers it sees according to the pools. The row's source is that of
    /// its latest arrival.
    pub(super) fn recall(&mut self, row: &SessionRow, entry: &SiteEntry) {
        let shown = self.shown_to(row.visitor, row.id, &row.source, entry);
        let live = LiveSession {
            visitor: row.visitor,
            device: row.device,
            area: row.locality.as_ref().map(Locality::area),
            synthetic: row.synthetic,
            seen_at: row.seen_at,
            recorded_at: row.seen_at,
            source: row.source.clone(),
            click: row.clicks.first().cloned(),
            page: held(&row.landing).to_owned(),
            told: false,
            pages: 0,
            forms: 0,
            taps: (0, Timestamp::EPOCH),
            shown,
        };
        self.sessions
            .entry(row.id)
            .or_insert_with(|| Box::new(live));
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
            let held = target.pools.iter().find_map(|choice| {
                let held = self.pools.get(&choice.pool)?.held_by(visitor)?;
                Some((choice.pool, held)).filter(|(_, (_, holder))| holder.session == session)
            });
            // A pool number that was given on is not made up for: the page must ask again.
            if let Some((pool, (number, holder))) = held {
                shown.push(Shown {
                    target: target.target.id,
                    number: number.id,
                    digits: number.number,
                    lease: Some((pool, holder.lease)),
                    showing: None,
                });
            } else if !target.pools.iter().any(|p| p.rule.sources.matches(source)) {
                let win = entry.plan.source_numbers_win;
                let fixed = assign(target, win, source, &mut BTreeMap::new(), None);
                shown.extend(fixed.as_ref().map(Shown::from));
            }
        }
        shown
    }
}

impl Shown {
    /// Whether the number still is the session's: always for numbers without a lease.
    pub(super) fn is_held(&self, pools: &BTreeMap<PoolId, Pool>) -> bool {
        self.lease.is_none_or(|(pool, lease)| {
            let slot = pools.get(&pool).and_then(|p| p.slot(self.number));
            slot.and_then(|s| s.holder)
                .is_some_and(|h| h.lease == lease)
        })
    }
}

impl From<&Assigned> for Shown {
    fn from(assigned: &Assigned) -> Self {
        Self {
            target: assigned.target,
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
