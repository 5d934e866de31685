//! The promises of assignment: pools, the choice for a target, the block's rules, numbers. What their tests share is here.

mod blocks;
mod choosing;
mod keeping;
mod numbers;
mod pools;

use super::decide::SourceNumber;
use super::*;
use crate::base::id::{LeaseId, NumberId, PoolId, SessionId, SwapTargetId, VisitorId};
use crate::base::{PhoneNumber, Timestamp};
use crate::visitor::{Channel, SourceSelector};

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn pool(strict: bool, size: u64) -> Pool {
    Pool::new(strict, (0..size).map(pool_number).collect())
}

fn pool_number(index: u64) -> PoolNumber {
    PoolNumber {
        id: NumberId::from_raw(index as i64),
        number: PhoneNumber::from_digits(12_145_550_100 + index),
    }
}

fn holder(who: i64, at: Timestamp) -> Holder {
    Holder {
        lease: LeaseId::from_raw(who * 1_000 + at.as_millis() % 1_000),
        session: SessionId::from_raw(who),
        visitor: VisitorId::from_raw(who),
        network: Network::UNKNOWN,
        since: at,
        confirmed_at: None,
    }
}

/// Asks for a number and, when one is given, confirms it at once.
fn ask(pool: &mut Pool, who: i64, at: Timestamp) -> Option<u64> {
    let pick = pool.pick(VisitorId::from_raw(who), None, at)?;
    let held = holder(who, at);
    pool.hold(&pick, held);
    assert!(pool.seen(pick.number.id, held.lease, true, at));
    Some(pick.number.number.digits() - 12_145_550_100)
}

fn after(ms: i64) -> Timestamp {
    START.plus_millis(ms)
}

fn selector(
    channel: Option<Channel>,
    medium: Option<&str>,
    source: Option<&str>,
) -> SourceSelector {
    SourceSelector {
        channel,
        medium: medium.map(str::to_owned),
        source: source.map(str::to_owned),
    }
}

fn plan(selectors: Vec<SourceSelector>, fixed: bool) -> SitePlan {
    let by_source = selectors
        .into_iter()
        .enumerate()
        .map(|(i, selector)| SourceNumber {
            selector,
            number: pool_number(i as u64 + 1),
            overflow_only: false,
        });
    let mut by_source: Vec<_> = by_source.collect();
    by_source.sort_by_key(|s| (std::cmp::Reverse(s.selector.closeness()), s.number.id));
    let target = SwapTarget {
        id: SwapTargetId::from_raw(1),
        label: String::new(),
        number: PhoneNumber::from_digits(12_145_550_100),
    };
    let target = TargetPlan {
        target,
        pools: Vec::new(),
        by_source,
        fixed: fixed.then(|| pool_number(0)),
    };
    SitePlan {
        targets: vec![target],
        source_numbers_win: false,
    }
}
