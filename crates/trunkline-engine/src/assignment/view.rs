//! What the dashboard and attribution may look at of the memory: who holds what now.

use trunkline_core::assignment::{SlotView, TurnedAway};
use trunkline_core::attribution;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{NumberId, PoolId, SessionId, SiteId, VisitorId};
use trunkline_core::visitor::Source;

use super::live::LiveSession;
use super::{Assignments, lock};

/// Most sessions of a site that are looked through for the latest.
const LOOKED_THROUGH_MAX: usize = 10_000;

/// When and where the snippet of a site was last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSeen {
    /// When.
    pub at: Timestamp,
    /// The page.
    pub page: String,
    /// Places that were swapped on it.
    pub swaps: u32,
    /// Version of the configuration the page carried.
    pub config_version: i64,
}

impl SiteSeen {
    /// Of a site whose snippet was not heard of yet.
    pub(super) const fn nothing() -> Self {
        Self {
            at: Timestamp::EPOCH,
            page: String::new(),
            swaps: 0,
            config_version: 0,
        }
    }
}

/// A number of a pool with the session that holds it.
#[derive(Debug, Clone)]
pub struct PoolView {
    /// The slot.
    pub slot: SlotView,
    /// Source and page of the holder, while its session is alive.
    pub holder: Option<(Source, String)>,
}

impl Assignments {
    /// When the snippet of a site was last heard of, since the start of the process.
    #[must_use]
    pub fn site_seen(&self, site: SiteId) -> Option<SiteSeen> {
        self.state(site).and_then(|s| lock(&s).last_seen.clone())
    }

    /// Who holds the numbers of a pool.
    #[must_use]
    pub fn pool_view(&self, site: SiteId, pool: PoolId) -> Vec<PoolView> {
        let Some(state) = self.state(site) else {
            return Vec::new();
        };
        let state = lock(&state);
        let Some(pool) = state.pools.get(&pool) else {
            return Vec::new();
        };
        let view = |slot: SlotView| {
            let session = slot.holder.and_then(|h| state.sessions.get(&h.session));
            PoolView {
                slot,
                holder: session.map(|s| (s.source.clone(), s.page.clone())),
            }
        };
        pool.slots().map(view).collect()
    }

    /// Visitors of a pool who got no number because their network held its share, since the start of the process.
    #[must_use]
    pub fn turned_away(&self, site: SiteId, pool: PoolId) -> Option<TurnedAway> {
        let state = self.state(site)?;
        lock(&state).pools.get(&pool)?.turned_away()
    }

    /// Sessions in memory that were shown a number; fresher than the store, which learns of the last
    /// sight only now and then. Those of the server's own tests only `with_synthetic`.
    #[must_use]
    pub fn visible_now(
        &self,
        site: SiteId,
        number: NumberId,
        with_synthetic: bool,
    ) -> Vec<attribution::Showing> {
        let Some(state) = self.state(site) else {
            return Vec::new();
        };
        let state = lock(&state);
        let told = |session: &LiveSession| with_synthetic || !session.synthetic;
        // A pool number is on the screens of its holder alone.
        let slot = state.pools.values().find_map(|pool| pool.slot(number));
        if let Some(slot) = slot {
            let holder = slot
                .holder
                .and_then(|h| Some((h.session, state.sessions.get(&h.session)?)));
            return holder
                .filter(|(_, session)| told(session))
                .and_then(|(id, session)| showing(id, session, number))
                .into_iter()
                .collect();
        }
        let all = state
            .sessions
            .iter()
            .filter(|(_, session)| told(session))
            .filter_map(|(id, session)| showing(*id, session, number));
        all.collect()
    }

    /// The sessions of a site that were heard of last, latest first, at most `limit`. None of a site with more than
    /// 10,000 sessions in memory: among so many the latest tell nothing.
    #[must_use]
    pub fn latest_sessions(&self, site: SiteId, limit: usize) -> Vec<SessionId> {
        let Some(state) = self.state(site) else {
            return Vec::new();
        };
        let state = lock(&state);
        if state.sessions.len() > LOOKED_THROUGH_MAX {
            return Vec::new();
        }
        let mut all: Vec<(Timestamp, SessionId)> = state
            .sessions
            .iter()
            .filter(|(_, session)| !session.synthetic)
            .map(|(id, session)| (session.seen_at, *id))
            .collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all.into_iter().take(limit).map(|(_, id)| id).collect()
    }

    /// The page and source a live session is on.
    #[must_use]
    pub fn session_now(&self, site: SiteId, session: SessionId) -> Option<(String, Source)> {
        let state = self.state(site)?;
        let state = lock(&state);
        state
            .sessions
            .get(&session)
            .map(|s| (s.page.clone(), s.source.clone()))
    }
}

fn showing(id: SessionId, session: &LiveSession, number: NumberId) -> Option<attribution::Showing> {
    let shown = session.shown.iter().find(|s| s.number == number)?;
    let (_, since) = shown.showing?;
    Some(attribution::Showing {
        session: id,
        visitor: session.visitor,
        first_visible: since,
        last_visible: session.seen_at,
        confirmed: true,
        device: session.device,
        area: session.area,
        page: attribution::PageKind::of(&session.page),
    })
}

/// A short name for a visitor, for people: `Visitor 7f2k`.
#[must_use]
pub fn visitor_label(visitor: VisitorId) -> String {
    // The low bits of an id are its sequence; mixing them gives neighbours different names.
    let mixed = visitor
        .raw()
        .cast_unsigned()
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        >> 44;
    let letters = b"0123456789abcdefghjkmnpqrstvwxyz";
    let letter = |shift: u32| char::from(letters[(mixed >> shift & 31) as usize]);
    format!(
        "Visitor {}{}{}{}",
        letter(15),
        letter(10),
        letter(5),
        letter(0)
    )
}
