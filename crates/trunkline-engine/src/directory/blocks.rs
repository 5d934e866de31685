//! What the blocks of sites carry: now, with a draft published, and after a change that is not made yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use trunkline_core::assignment::block::snippet_rules;
use trunkline_core::assignment::{
    NumberUse, PoolChoice, PoolNumber, PoolSettings, Published, Site, SiteContent, SitePlan,
    SwapTarget, TargetPlan, TrackingNumber,
};
use trunkline_core::base::id::{NumberId, PoolId, SiteId, SwapTargetId};

use super::{Directory, PoolEntry, SiteEntry};

/// A change of what blocks are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'a> {
    /// A site gets this content.
    Site(&'a Site),
    /// A number is new, or is this now.
    Number(&'a TrackingNumber),
    /// A number goes.
    NoNumber(NumberId),
    /// A pool is new, or is this now.
    Pool(&'a PoolSettings),
    /// A pool goes.
    NoPool(PoolId),
}

impl Directory {
    /// A site as it would be with its draft published; as it is when there is none.
    #[must_use]
    pub fn draft_of(&self, id: SiteId) -> Option<SiteEntry> {
        let site = &self.sites.get(&id)?.site;
        let drafted = SiteContent::worked_on(site).applied(site);
        self.site_after(id, &Change::Site(&drafted))
    }

    /// A site as it would be after a change.
    #[must_use]
    pub(crate) fn site_after(&self, id: SiteId, change: &Change<'_>) -> Option<SiteEntry> {
        let mut site = self.sites.get(&id)?.site.clone();
        let of_site = |n: &&Arc<TrackingNumber>| n.site == Some(id);
        let numbers = self.numbers.values().filter(of_site);
        let mut numbers: Vec<Arc<TrackingNumber>> = numbers.map(Arc::clone).collect();
        let pools = self.pools.iter().filter(|(_, p)| p.settings.site == id);
        let mut pools: HashMap<PoolId, Arc<PoolEntry>> =
            pools.map(|(id, pool)| (*id, Arc::clone(pool))).collect();
        match *change {
            Change::Site(next) if next.id == id => site = next.clone(),
            Change::Site(_) => {}
            Change::Number(next) => {
                numbers.retain(|number| number.id != next.id);
                numbers.extend((next.site == Some(id)).then(|| Arc::new(next.clone())));
            }
            Change::NoNumber(gone) => numbers.retain(|number| number.id != gone),
            Change::Pool(next) => {
                pools.remove(&next.id);
                if next.site == id {
                    let pool = PoolEntry {
                        settings: next.clone(),
                        numbers: pool_numbers(&numbers, next.id),
                    };
                    pools.insert(next.id, Arc::new(pool));
                }
            }
            Change::NoPool(gone) => {
                pools.remove(&gone);
            }
        }
        // Of several that could stand for a target the oldest does.
        numbers.sort_by_key(|number| number.id);
        Some(site_entry(site, &numbers, &pools))
    }
}

impl SiteEntry {
    /// The numbers its block carries.
    #[must_use]
    pub fn block_numbers(&self) -> BTreeSet<NumberId> {
        let numbers = self.rules.iter().flat_map(|rule| rule.numbers.iter());
        numbers.flatten().map(|number| number.id).collect()
    }
}

/// The numbers of a pool that may be shown, oldest first.
pub(super) fn pool_numbers(numbers: &[Arc<TrackingNumber>], pool: PoolId) -> Vec<PoolNumber> {
    let own = |n: &&Arc<TrackingNumber>| {
        n.stage.is_shown() && n.kind == NumberUse::Pool && n.pool == Some(pool)
    };
    let mut found: Vec<_> = numbers
        .iter()
        .filter(own)
        .map(|n| PoolNumber {
            id: n.id,
            number: n.number,
        })
        .collect();
    found.sort_by_key(|n| n.id);
    found
}

/// A site with what its targets may show.
pub(super) fn site_entry(
    site: Site,
    numbers: &[Arc<TrackingNumber>],
    pools: &HashMap<PoolId, Arc<PoolEntry>>,
) -> SiteEntry {
    let first = site.targets.first().map(|t| t.id);
    let target_plan = |target: &SwapTarget| {
        let own =
            |p: &&Arc<PoolEntry>| p.settings.site == site.id && p.settings.target == target.id;
        let choice = |p: &Arc<PoolEntry>| PoolChoice {
            pool: p.settings.id,
            rule: p.settings.rule.clone(),
        };
        let pools = pools.values().filter(own).map(choice).collect();
        let own = numbers
            .iter()
            .filter(|n| n.site == Some(site.id) && belongs(n, target.id, first))
            .map(AsRef::as_ref);
        TargetPlan::new(target.clone(), pools, own)
    };
    let plan = SitePlan {
        targets: site.targets.iter().map(target_plan).collect(),
        source_numbers_win: site.source_numbers_win,
    };
    let rules = snippet_rules(&plan, &site.hosts, &site.source_rules);
    SiteEntry { site, plan, rules }
}

/// What was written down, and what the blocks in force carry besides.
pub(super) fn published<'a>(
    written: Vec<Published>,
    sites: impl Iterator<Item = &'a Arc<SiteEntry>>,
) -> HashMap<NumberId, Vec<Published>> {
    let mut published: HashMap<NumberId, Vec<Published>> = HashMap::new();
    for one in written {
        published.entry(one.number).or_default().push(one);
    }
    for site in sites {
        let id = site.site.id;
        for number in site.block_numbers() {
            let known = published.entry(number).or_default();
            match known.iter_mut().find(|p| p.site == id) {
                // It was to leave the block, and did not.
                Some(known) => known.last = None,
                None => known.push(Published {
                    number,
                    site: id,
                    first: 0,
                    last: None,
                }),
            }
        }
    }
    published
}

/// A number without a target of its own stands for the site's first.
fn belongs(number: &TrackingNumber, target: SwapTargetId, first: Option<SwapTargetId>) -> bool {
    number.target.or(first) == Some(target)
}
