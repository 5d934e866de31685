//! Brings pools back after a start, and in step with the directory after a change.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use trunkline_core::assignment::{Holder, Pool};
use trunkline_core::base::Timestamp;

use super::live::SiteState;
use super::{Assignments, lock};
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

    /// Follows a change of the directory: new sites get a state, changed pools keep their holders.
    pub fn reload(&self) {
        let directory = self.directory.now();
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        sites.retain(|id, _| directory.site(*id).is_some());
        for entry in directory.sites() {
            let state = sites
                .entry(entry.site.id)
                .or_insert_with(|| Arc::new(Mutex::new(SiteState::default())));
            let mut state = lock(state);
            let mut pools = BTreeMap::new();
            for pool in directory.pools_of_site(entry.site.id) {
                let mut fresh = Pool::new(pool.settings.strict, pool.numbers.clone());
                if let Some(before) = state.pools.get(&pool.settings.id) {
                    fresh.inherit(before);
                }
                pools.insert(pool.settings.id, fresh);
            }
            state.pools = pools;
        }
    }
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
