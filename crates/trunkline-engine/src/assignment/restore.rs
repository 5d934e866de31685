//! Brings pools back after a start, and in step with the directory after a change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trunkline_core::assignment::{Holder, Pool};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{PoolId, SiteId};

use super::live::SiteState;
use super::{Assignments, lock};
use crate::directory::PoolEntry;
use crate::ports::PortResult;
use crate::ports::history::OpenLease;

/// How far back leases are read at the start, in milliseconds; older ones are idle in any case.
const LEASES_SINCE_MS: i64 = 2 * 86_400_000;
/// Leases seen this shortly before the process ended count as visible at its start, in milliseconds.
const VISIBLE_BEFORE_END_MS: i64 = 120_000;

impl Assignments {
    /// Makes the pools of every site and puts the stored leases back.
    ///
    /// # Errors
    /// When the leases cannot be read.
    pub async fn restore(&self) -> PortResult<()> {
        self.reload();
        self.restore_blocks().await?;
        let now = self.moment.now();
        let leases = self
            .history
            .open_leases(now.plus_millis(-LEASES_SINCE_MS))
            .await?;
        let last_sign = leases
            .iter()
            .map(|l| l.seen_at.max(l.lease.started_at))
            .max()
            .unwrap_or(Timestamp::EPOCH);
        let directory = self.directory.now();
        for open in &leases {
            let site = directory.number(open.lease.number).and_then(|n| n.site);
            if let Some(state) = site.and_then(|site| self.state(site)) {
                put_back(&mut lock(&state), open, last_sign, now);
            }
        }
        Ok(())
    }

    /// Follows a change of the directory: new sites get a state; pools with other numbers or another strictness are made
    /// anew and take their holders over; the others stay as they are. Gives how many were made anew.
    pub fn reload(&self) -> usize {
        let directory = self.directory.now();
        let mut wanted: HashMap<SiteId, Vec<&PoolEntry>> = HashMap::new();
        for pool in directory.pools() {
            wanted.entry(pool.settings.site).or_default().push(pool);
        }
        // What takes long, the areas of numbers, is done while no page waits for the site.
        let fresh = wanted.iter().map(|(site, pools)| {
            let state = self.state(*site);
            let changed = changed(pools, state.as_ref().map(|state| lock(state)).as_deref());
            let made = changed.into_iter().map(|pool| {
                let made = Pool::new(pool.settings.strict, pool.numbers.clone());
                (pool.settings.id, made)
            });
            (*site, made.collect())
        });
        let mut fresh: HashMap<SiteId, Vec<(PoolId, Pool)>> = fresh.collect();
        let count = fresh.values().map(Vec::len).sum();
        let states: Vec<(SiteId, Arc<Mutex<SiteState>>)> = {
            let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
            sites.retain(|id, _| directory.site(*id).is_some());
            let states = directory.sites().map(|entry| {
                let state = sites.entry(entry.site.id).or_default();
                (entry.site.id, Arc::clone(state))
            });
            states.collect()
        };
        for (site, state) in states {
            let mut state = lock(&state);
            let there = |id: &PoolId| directory.pool(*id).is_some_and(|p| p.settings.site == site);
            state.pools.retain(|id, _| there(id));
            for (id, mut pool) in fresh.remove(&site).unwrap_or_default() {
                if let Some(before) = state.pools.get(&id) {
                    pool.inherit(before);
                }
                state.pools.insert(id, pool);
            }
        }
        count
    }
}

/// The pools of a site that are not in memory, or not as they are now.
fn changed<'a>(pools: &[&'a PoolEntry], state: Option<&SiteState>) -> Vec<&'a PoolEntry> {
    let stays = |pool: &PoolEntry| {
        let held = state.and_then(|state| state.pools.get(&pool.settings.id));
        held.is_some_and(|held| held.is_made_of(pool.settings.strict, &pool.numbers))
    };
    let changed = pools.iter().filter(|pool| !stays(pool));
    changed.copied().collect()
}

fn put_back(state: &mut SiteState, open: &OpenLease, last_sign: Timestamp, now: Timestamp) {
    let Some(pool) = state.pools.get_mut(&open.lease.pool) else {
        return;
    };
    let was_visible = open.confirmed_at.is_some()
        && last_sign.millis_since(open.seen_at) <= VISIBLE_BEFORE_END_MS;
    let holder = Holder {
        lease: open.lease.id,
        session: open.lease.session,
        visitor: open.lease.visitor,
        network: open.lease.network,
        since: open.lease.started_at,
        confirmed_at: open.confirmed_at,
    };
    let last_visible = if was_visible { now } else { open.seen_at };
    pool.restore(open.lease.number, holder, last_visible);
}
