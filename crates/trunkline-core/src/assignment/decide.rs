//! The decision for one arrival: a number for each swap target, with the reason.

use std::collections::BTreeMap;

use super::network::Network;
use super::number::NumberUse;
use super::pool::{Holder, Pick, PickReason, Pool, PoolNumber};
use super::site::PoolRule;
use super::swap::{Replacement, replacement};
use super::{SwapTarget, TrackingNumber};
use crate::base::id::{LeaseId, NumberId, PoolId, SessionId, SwapTargetId, VisitorId};
use crate::base::{Area, Timestamp, words};
use crate::visitor::Source;
use crate::visitor::SourceSelector;

/// What a site has for each of its targets; made from the directory, read-only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SitePlan {
    /// The targets in the site's order.
    pub targets: Vec<TargetPlan>,
    /// Whether a source number is shown in place of a pool number when both fit.
    pub source_numbers_win: bool,
}

/// What may be shown in place of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPlan {
    /// The target.
    pub target: SwapTarget,
    /// Its pools, the closest rule first.
    pub pools: Vec<PoolChoice>,
    /// Source numbers, closest selector first. Those of the pool are its overflow.
    pub by_source: Vec<SourceNumber>,
    /// The number for everybody else.
    pub fixed: Option<PoolNumber>,
}

/// A pool of a target with the visitors it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolChoice {
    /// The pool.
    pub pool: PoolId,
    /// Whom it is for.
    pub rule: PoolRule,
}

/// A source number of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceNumber {
    /// The sources it stands for; empty for a pool's general overflow.
    pub selector: SourceSelector,
    /// The number.
    pub number: PoolNumber,
    /// Whether it is only the overflow of the target's pool.
    pub overflow_only: bool,
}

impl TargetPlan {
    /// Sorts the numbers of a target that may be shown into a plan.
    #[must_use]
    pub fn new<'a>(
        target: SwapTarget,
        mut pools: Vec<PoolChoice>,
        numbers: impl Iterator<Item = &'a TrackingNumber>,
    ) -> Self {
        pools.sort_by_key(|p| (std::cmp::Reverse(p.rule.closeness()), p.pool));
        let mut plan = Self {
            target,
            pools,
            by_source: Vec::new(),
            fixed: None,
        };
        for number in numbers.filter(|n| n.stage.is_shown()) {
            let entry = PoolNumber {
                id: number.id,
                number: number.number,
            };
            match number.kind {
                NumberUse::Static => {
                    plan.fixed.get_or_insert(entry);
                }
                NumberUse::Source => plan.by_source.push(SourceNumber {
                    selector: number.selector.clone(),
                    number: entry,
                    overflow_only: number.pool.is_some(),
                }),
                NumberUse::Pool => {}
            }
        }
        plan.by_source
            .sort_by_key(|s| (std::cmp::Reverse(s.selector.closeness()), s.number.id));
        plan
    }

    fn for_source(&self, source: &Source, overflow: bool) -> Option<PoolNumber> {
        let fits = |s: &&SourceNumber| {
            s.selector.matches(source)
                && (overflow || !s.overflow_only)
                && (overflow || !s.selector.is_empty())
        };
        self.by_source.iter().find(fits).map(|s| s.number)
    }
}

words! {
    /// Why a number is shown.
    Basis {
        /// The session's own, from the pool.
        Pool = "pool",
        /// The pool had none to give: the overflow of the source.
        Overflow = "overflow",
        /// The number of the source.
        Source = "source",
        /// The number for everybody.
        Static = "static",
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker<'a> {
    /// The session.
    pub session: SessionId,
    /// The visitor it belongs to.
    pub visitor: VisitorId,
    /// The lease to use when a new number is given.
    pub lease: LeaseId,
    /// The network the visitor comes from.
    pub network: Network,
    /// Where the visitor is believed to be.
    pub area: Option<Area>,
    /// Path of the page that asks.
    pub path: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// The number for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The target.
    pub target: SwapTargetId,
    /// The tracking number's id.
    pub number: NumberId,
    /// What the page shows.
    pub replacement: Replacement,
    /// Why it.
    pub basis: Basis,
    /// For a pool number: the pool, what was picked, and the lease that now holds it.
    pub lease: Option<(PoolId, Pick, Holder)>,
}

/// Decides for one target. `asker` is `None` for visitors without a session (no consent, overload):
/// they never get a pool number. `pools` holds the pools of the site.
///
/// The closest pool whose rule fits gives a number; when it has none to give, the next one is asked.
#[must_use]
pub fn assign(
    plan: &TargetPlan,
    source_numbers_win: bool,
    source: &Source,
    pools: &mut BTreeMap<PoolId, Pool>,
    asker: Option<Asker<'_>>,
) -> Option<Assigned> {
    let named = plan.for_source(source, false);
    if let (Some(number), true) = (named, source_numbers_win) {
        return Some(fixed(plan, number, Basis::Source));
    }
    if let Some(got) = asker.and_then(|asker| from_pools(plan, source, pools, asker)) {
        return Some(got);
    }
    if let Some(number) = named {
        return Some(fixed(plan, number, Basis::Source));
    }
    let overflow = plan.for_source(source, true);
    if let Some(number) = overflow.filter(|_| !plan.pools.is_empty()) {
        return Some(fixed(plan, number, Basis::Overflow));
    }
    plan.fixed.map(|number| fixed(plan, number, Basis::Static))
}

/// A number of one of the target's pools: the one the session has, as long as its source is one the pool is for; else of
/// the closest pool that has one to give.
fn from_pools(
    plan: &TargetPlan,
    source: &Source,
    pools: &mut BTreeMap<PoolId, Pool>,
    asker: Asker<'_>,
) -> Option<Assigned> {
    let holds = |choice: &&PoolChoice| {
        let pool = pools.get(&choice.pool);
        let held = pool.and_then(|pool| pool.held_by(asker.visitor));
        held.is_some_and(|(_, holder)| holder.session == asker.session)
            && choice.rule.sources.matches(source)
    };
    let kept = plan.pools.iter().find(holds);
    let fitting = plan
        .pools
        .iter()
        .filter(|choice| choice.rule.fits(source, asker.path));
    for choice in kept.into_iter().chain(fitting) {
        let Some(pool) = pools.get_mut(&choice.pool) else {
            continue;
        };
        if pool.turns_away(asker.visitor, asker.network, asker.now) {
            continue;
        }
        if let Some(pick) = pool.pick(asker.visitor, asker.area, asker.now) {
            let holder = take(pool, &pick, asker);
            return Some(Assigned {
                target: plan.target.id,
                number: pick.number.id,
                replacement: replacement(plan.target.number, pick.number.number),
                basis: Basis::Pool,
                lease: Some((choice.pool, pick, holder)),
            });
        }
    }
    None
}

/// Gives the picked number to the asker. A number the visitor kept within the same session keeps
/// its lease, and is safe until the page can have told of it; a new session of the visitor gets a lease of its own.
fn take(pool: &mut Pool, pick: &Pick, asker: Asker<'_>) -> Holder {
    let held = pool
        .held_by(asker.visitor)
        .map(|(_, holder)| holder)
        .filter(|h| h.session == asker.session && pick.reason == PickReason::Kept);
    if let Some(holder) = held {
        pool.keep(pick.number.id, holder.lease, asker.now);
        return holder;
    }
    let holder = Holder {
        lease: asker.lease,
        session: asker.session,
        visitor: asker.visitor,
        network: asker.network,
        since: asker.now,
        confirmed_at: None,
    };
    pool.hold(pick, holder);
    holder
}

fn fixed(plan: &TargetPlan, number: PoolNumber, basis: Basis) -> Assigned {
    let replacement = replacement(plan.target.number, number.number);
    Assigned {
        target: plan.target.id,
        number: number.id,
        replacement,
        basis,
        lease: None,
    }
}
