//! Which pool a visitor is served from, and what is shown when it is empty or its network has its share.

use std::collections::BTreeMap;

use super::*;
use crate::assignment::pool::PROVISIONAL_MS;
use crate::visitor::Source;

#[test]
fn an_exhausted_pool_shows_the_overflow_number_of_the_source() {
    let mut plan = plan(
        vec![
            selector(Some(Channel::PaidSearch), None, None),
            SourceSelector::default(),
        ],
        false,
    );
    let target = &mut plan.targets[0];
    target.pools.push(PoolChoice {
        pool: PoolId::from_raw(1),
        rule: PoolRule::default(),
    });
    for number in &mut target.by_source {
        number.overflow_only = true;
    }
    let target = &plan.targets[0];
    let mut pools = BTreeMap::from([(PoolId::from_raw(1), pool(false, 1))]);
    let mut show = |who, channel| {
        let source = Source {
            channel,
            ..Source::direct()
        };
        let asker = Asker {
            session: SessionId::from_raw(who),
            visitor: VisitorId::from_raw(who),
            lease: LeaseId::from_raw(who),
            network: Network::UNKNOWN,
            area: None,
            path: "/",
            now: START,
        };
        let got = assign(target, false, &source, &mut pools, Some(asker)).expect("a number");
        (got.replacement.number.digits() - 12_145_550_100, got.basis)
    };
    assert_eq!(show(1, Channel::PaidSearch), (0, Basis::Pool));
    assert_eq!(show(1, Channel::PaidSearch), (0, Basis::Pool));
    assert_eq!(show(2, Channel::PaidSearch), (1, Basis::Overflow));
    assert_eq!(show(3, Channel::Email), (2, Basis::Overflow));
}

/// An asker of its own visitor and session, from a network, on a page.
fn asker(who: i64, network: Network, path: &str, now: Timestamp) -> Asker<'_> {
    Asker {
        session: SessionId::from_raw(who),
        visitor: VisitorId::from_raw(who),
        lease: LeaseId::from_raw(who * 1_000 + now.as_millis() % 1_000),
        network,
        area: None,
        path,
        now,
    }
}

fn network(text: &str) -> Network {
    Network::of(text.parse().expect("an address"))
}

/// A target with pools of these rules, the first with the id 1.
fn pooled(rules: Vec<PoolRule>) -> TargetPlan {
    let choice = |(index, rule)| PoolChoice {
        pool: PoolId::from_raw(index as i64 + 1),
        rule,
    };
    let choices = rules.into_iter().enumerate().map(choice).collect();
    let target = plan(Vec::new(), false).targets[0].target.clone();
    TargetPlan::new(target, choices, std::iter::empty())
}

#[test]
fn one_network_cannot_empty_a_pool_and_others_still_get_numbers() {
    let target = pooled(vec![PoolRule::default()]);
    let mut pools = BTreeMap::from([(PoolId::from_raw(1), pool(false, 20))]);
    let flood = network("203.0.113.9");
    let mut ask = |who: i64, from: Network, at: Timestamp| {
        let got = assign(
            &target,
            false,
            &Source::direct(),
            &mut pools,
            Some(asker(who, from, "/", at)),
        );
        let turned_away = pools[&PoolId::from_raw(1)].turned_away();
        (got.is_some(), turned_away)
    };
    // While the pool is half free, many people may well be behind one address.
    let given = (1..=100).filter(|who| ask(*who, flood, START).0).count();
    assert_eq!(given, 10);
    let (_, turned_away) = ask(101, flood, START);
    let turned_away = turned_away.expect("the owner is told");
    assert_eq!((turned_away.network, turned_away.times), (flood, 91));
    // A real visitor of another network, the visitor who holds a number, and a visitor behind our own proxy.
    assert!(ask(201, network("198.51.100.7"), START).0);
    assert!(ask(3, flood, START).0);
    assert!(ask(202, Network::UNKNOWN, START).0);
    // Pages that never confirm give their numbers back.
    assert!(ask(301, flood, after(PROVISIONAL_MS)).0);
}

#[test]
fn the_closest_pool_gives_the_number_and_the_next_one_when_it_is_empty() {
    let ads = PoolRule {
        sources: selector(Some(Channel::PaidSearch), None, None),
        page: String::new(),
    };
    let roofing = PoolRule {
        sources: SourceSelector::default(),
        page: "/roofing".to_owned(),
    };
    let target = pooled(vec![PoolRule::default(), ads, roofing]);
    let numbers =
        |first: u64, size: u64| Pool::new(false, (first..first + size).map(pool_number).collect());
    let id = PoolId::from_raw;
    let mut pools = BTreeMap::from([
        (id(1), numbers(0, 3)),
        (id(2), numbers(10, 1)),
        (id(3), numbers(20, 1)),
    ]);
    let mut show = |who, channel, path, ms| {
        let source = Source {
            channel,
            ..Source::direct()
        };
        let asker = asker(who, Network::UNKNOWN, path, after(ms));
        let got = assign(&target, false, &source, &mut pools, Some(asker));
        got.map(|got| got.replacement.number.digits() - 12_145_550_100)
    };
    assert_eq!(show(1, Channel::Direct, "/", 0), Some(0));
    assert_eq!(show(2, Channel::PaidSearch, "/", 0), Some(10));
    assert_eq!(show(3, Channel::Direct, "/roofing/hail", 0), Some(20));
    assert_eq!(show(4, Channel::Direct, "/roofing-tips", 0), Some(1));
    // The pool of the ads is taken: the general one helps out.
    assert_eq!(show(5, Channel::PaidSearch, "/", 0), Some(2));
    // A visit keeps its number when it goes on to a page with a pool of its own.
    assert_eq!(show(1, Channel::Direct, "/roofing", 1), Some(0));
}
