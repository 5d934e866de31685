//! A test visit leaves at once: its numbers are free again, and memory forgets it.

use trunkline_core::base::id::{SessionId, SiteId};

use super::{Assignments, lock};
use crate::ports::history::Record;

impl Assignments {
    /// Ends the server's own test visit. Visits of people are left alone.
    pub fn end_synthetic(&self, site: SiteId, session: SessionId) {
        let Some(state) = self.state(site) else {
            return;
        };
        let now = self.moment.now();
        let mut records = Vec::new();
        {
            let mut state = lock(&state);
            if !state.sessions.get(&session).is_some_and(|s| s.synthetic) {
                return;
            }
            let Some(live) = state.sessions.remove(&session) else {
                return;
            };
            state.by_visitor.remove(&live.visitor);
            for shown in live.shown {
                if let Some((pool, lease)) = shown.lease {
                    if let Some(pool) = state.pools.get_mut(&pool) {
                        pool.release(shown.number, lease);
                    }
                    records.push(Record::LeaseEnded(lease, now));
                }
                records.extend(shown.showing.map(|(id, _)| Record::ShowingEnded(id, now)));
            }
        }
        if !records.is_empty() && self.history.record(records).is_err() {
            // The lease ends by itself, as that of a visitor who left.
            metrics::counter!("trunkline_sweep_dropped_total").increment(1);
        }
    }
}
