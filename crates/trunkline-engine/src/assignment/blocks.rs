//! Which versions of a site's block pages still carry: each page tells its own, and a number stays held while copies that
//! show it are about.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_core::assignment::published::{Hold, PUBLISHED_HOLD_DAYS, hold_of};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{NumberId, SiteId};

use super::{Assignments, lock};
use crate::ports::PortResult;

/// Versions of one site that are remembered. Beyond it one goes that says nothing of any number that another does not
/// say, so there are never more than that and those at which a number came or went.
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
    /// Whether it is to be written down that a page tells of a version.
    pub(super) fn is_due(&self, version: i64, now: Timestamp) -> bool {
        let seen = self.0.get(&version);
        seen.is_none_or(|seen| now.millis_since(seen.written_at) >= WRITTEN_EVERY_MS)
    }

    /// A page told of a version, which was written down or is not due. `bounds` are the versions at which numbers came
    /// into the block or were gone from it.
    pub(super) fn tell(
        &mut self,
        version: i64,
        now: Timestamp,
        written: bool,
        bounds: &dyn Fn() -> BTreeSet<i64>,
    ) {
        if let Some(seen) = self.0.get_mut(&version) {
            seen.at = seen.at.max(now);
            if written {
                seen.written_at = now;
            }
            return;
        }
        self.remember(version, now, bounds);
    }

    fn remember(&mut self, version: i64, at: Timestamp, bounds: &dyn Fn() -> BTreeSet<i64>) {
        let seen = Seen { at, written_at: at };
        self.0.insert(version, seen);
        if self.0.len() > VERSIONS_MAX
            && let Some(needless) = self.needless(&bounds())
        {
            self.0.remove(&needless);
        }
    }

    /// The version told of longest ago beside which stands another that carries the same numbers and was told of later.
    fn needless(&self, bounds: &BTreeSet<i64>) -> Option<i64> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let same =
            pairs.filter(|((one, _), (next, _))| bounds.range(**one + 1..=**next).next().is_none());
        let earlier = same.map(|(one, next)| if one.1.at <= next.1.at { one } else { next });
        let oldest = earlier.min_by_key(|(_, seen)| seen.at);
        oldest.map(|(version, _)| *version)
    }

    fn latest(&self, carries: impl Fn(i64) -> bool) -> Option<Timestamp> {
        let told = self.0.iter().filter(|(version, _)| carries(**version));
        told.map(|(_, seen)| seen.at).max()
    }
}

impl Assignments {
    /// The versions of a site's block at which numbers came into it or were gone from it, looked up when asked for.
    pub(super) fn block_bounds(&self, site: SiteId) -> impl Fn() -> BTreeSet<i64> {
        move || {
            let directory = self.directory.peek();
            let of_site = directory.all_published().filter(|p| p.site == site);
            let bounds = of_site.flat_map(|p| [Some(p.first), p.last.map(|last| last + 1)]);
            bounds.flatten().collect()
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
                let bounds = self.block_bounds(site);
                lock(&state).blocks.remember(version, at, &bounds);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::EPOCH.plus_millis(minutes * 60_000)
    }

    #[test]
    fn a_flood_of_versions_takes_no_sight_of_a_number_away() {
        // One number stood in the versions 10 to 12, another came with version 40.
        let bounds = || BTreeSet::from([10, 13, 40]);
        let mut blocks = BlocksSeen::default();
        blocks.tell(11, at(1), true, &bounds);
        blocks.tell(45, at(2), true, &bounds);
        for version in (1..10).chain(13..40).chain(46..2_000) {
            blocks.tell(version, at(3 + version), true, &bounds);
        }
        assert!(blocks.0.len() <= VERSIONS_MAX, "{}", blocks.0.len());
        let first = blocks.latest(|version| (10..=12).contains(&version));
        assert_eq!(first, Some(at(1)), "the only page that told of it");
        let second = blocks.latest(|version| version >= 40);
        assert_eq!(second, Some(at(2_002)), "the latest of many");
    }

    #[test]
    fn no_version_is_forgotten_whose_numbers_no_other_carries() {
        // Every version has numbers of its own.
        let bounds = || (1..=300).collect();
        let mut blocks = BlocksSeen::default();
        for version in 1..=300 {
            blocks.tell(version, at(version), true, &bounds);
        }
        for version in 1..=300 {
            assert_eq!(blocks.latest(|v| v == version), Some(at(version)));
        }
    }
}
