//! The sweep: ends showings of pages that went silent, and forgets sessions that are over and taps of an hour ago.

use std::sync::atomic::Ordering;

use trunkline_core::base::Timestamp;
use trunkline_core::visitor::SESSION_IDLE_MS;

use super::live::{LiveSession, SiteState};
use super::{Assignments, lock};
use crate::ports::history::Record;

/// How often to sweep, in milliseconds.
pub const SWEEP_EVERY_MS: u64 = 15_000;
/// A session of which no page ever told that it shows a number is forgotten after this long, in milliseconds: twice the
/// life of a lease that nobody confirms. A person who goes on is read back; what only asks for numbers fills no memory.
const UNTOLD_MS: i64 = 180_000;
/// A page that was silent this long no longer shows its number, in milliseconds: three heartbeats.
const SILENT_MS: i64 = 60_000;

impl Assignments {
    /// Sweeps every site once.
    pub fn sweep(&self) {
        let now = self.moment.now();
        let mut sessions = 0;
        for state in self.states() {
            let records = {
                let mut state = lock(&state);
                let records = sweep_site(&mut state, now);
                sessions += state.sessions.len();
                records
            };
            if !records.is_empty() && self.history.record(records).is_err() {
                // The end of a showing is also told by the lease and the session; nothing is lost.
                metrics::counter!("trunkline_sweep_dropped_total").increment(1);
            }
        }
        self.sessions.store(sessions, Ordering::Relaxed);
    }
}

/// How long a silent session is kept in memory, in milliseconds.
const fn kept_ms(session: &LiveSession) -> i64 {
    if session.told {
        SESSION_IDLE_MS
    } else {
        UNTOLD_MS
    }
}

fn sweep_site(state: &mut SiteState, now: Timestamp) -> Vec<Record> {
    let mut records = Vec::new();
    for session in state.sessions.values_mut() {
        if now.millis_since(session.seen_at) < SILENT_MS {
            continue;
        }
        let ended_at = session.seen_at;
        let open = session.shown.iter_mut().filter_map(|s| s.showing.take());
        records.extend(open.map(|(showing, _)| Record::ShowingEnded(showing, ended_at)));
    }
    state
        .sessions
        .retain(|_, session| now.millis_since(session.seen_at) <= kept_ms(session));
    state.tappers.retain(|_, tappers| !tappers.forget(now));
    let sessions = &state.sessions;
    state
        .by_visitor
        .retain(|_, session| sessions.contains_key(session));
    records
}
