//! Which versions of a site's block pages still carry: each page tells its own, and a number stays held while copies that
//! show it are about.

use std::collections::BTreeMap;

use trunkline_core::assignment::published::{Hold, PUBLISHED_HOLD_DAYS, hold_of};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{NumberId, SiteId};

use super::{Assignments, lock};
use crate::ports::PortResult;
use crate::ports::history::Record;

/// Versions of one site that are remembered; beyond it the one that was told of longest ago is forgotten.
const VERSIONS_MAX: usize = 200;
/// A version that pages tell of all the time is written down so often, in milliseconds.
const WRITTEN_EVERY_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// When pages last told of each version of a block.
#[derive(Debug, Default)]
pub(super) struct BlocksSeen(BTreeMap<i64, Seen>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Timestamp,
    written_at: Timestamp,
}

impl BlocksSeen {
    /// A page told of a version; gives whether that is to be written down.
    fn tell(&mut self, version: i64, now: Timestamp) -> bool {
        if let Some(seen) = self.0.get_mut(&version) {
            seen.at = seen.at.max(now);
            let due = now.millis_since(seen.written_at) >= WRITTEN_EVERY_MS;
            if due {
                seen.written_at = now;
            }
            return due;
        }
        self.remember(version, now);
        true
    }

    fn remember(&mut self, version: i64, at: Timestamp) {
        if self.0.len() >= VERSIONS_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, seen)| seen.at)
        {
            let oldest = *oldest.0;
            self.0.remove(&oldest);
        }
        let seen = Seen { at, written_at: at };
        self.0.insert(version, seen);
    }

    fn latest(&self, carries: impl Fn(i64) -> bool) -> Option<Timestamp> {
        let told = self.0.iter().filter(|(version, _)| carries(**version));
        told.map(|(_, seen)| seen.at).max()
    }
}

impl Assignments {
    /// A page of a site told which version of its block it carries. What no version ever was is not believed.
    pub(super) fn block_seen(&self, site: SiteId, version: i64) {
        let directory = self.directory.peek();
        let known = directory.site(site).map(|entry| entry.site.config_version);
        if !known.is_some_and(|newest| (1..=newest).contains(&version)) {
            return;
        }
        let now = self.moment.now();
        let told = |state| lock(state).blocks.tell(version, now);
        if self.state(site).as_deref().is_some_and(told) {
            // Nobody waits for it; when it is refused the next hour tells it again.
            let _ = self
                .history
                .record(vec![Record::BlockSeen(site, version, now)]);
        }
    }

    /// Why and until when nobody else may have a number that was published.
    #[must_use]
    pub fn hold(&self, number: NumberId) -> Option<Hold> {
        let directory = self.directory.now();
        let seen = |site: SiteId, carries: &dyn Fn(i64) -> bool| {
            let state = self.state(site)?;
            lock(&state).blocks.latest(carries)
        };
        hold_of(directory.published(number), seen, self.moment.now())
    }

    /// Remembers what pages told before the start.
    pub(super) async fn restore_blocks(&self) -> PortResult<()> {
        let since = self.moment.now().plus_millis(-PUBLISHED_HOLD_DAYS * DAY_MS);
        for (site, version, at) in self.history.blocks_seen(since).await? {
            if let Some(state) = self.state(site) {
                lock(&state).blocks.remember(version, at);
            }
        }
        Ok(())
    }
}
