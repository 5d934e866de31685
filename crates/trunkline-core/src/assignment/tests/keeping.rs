//! A number whose visitor comes back for it is safe until the page can have told of it, and no longer.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::assignment::pool::{HARD_FLOOR_MS, PROVISIONAL_MS};
use crate::visitor::Source;

const POOL: PoolId = PoolId::from_raw(1);

/// A site with one pool, and visitors who come in sessions of their own.
struct Visits {
    target: TargetPlan,
    pools: BTreeMap<PoolId, Pool>,
    leases: i64,
}

impl Visits {
    fn of(size: u64) -> Self {
        let choice = PoolChoice {
            pool: POOL,
            rule: PoolRule::default(),
        };
        let target = plan(Vec::new(), false).targets[0].target.clone();
        Self {
            target: TargetPlan::new(target, vec![choice], std::iter::empty()),
            pools: BTreeMap::from([(POOL, pool(false, size))]),
            leases: 0,
        }
    }

    /// A page of a visitor's session asks; the number and its lease.
    fn ask(&mut self, who: i64, session: i64, now: Timestamp) -> Option<(NumberId, LeaseId)> {
        self.leases += 1;
        let asker = Asker {
            session: SessionId::from_raw(who * 1_000 + session),
            visitor: VisitorId::from_raw(who),
            lease: LeaseId::from_raw(self.leases),
            network: Network::UNKNOWN,
            area: None,
            path: "/",
            now,
        };
        let (target, pools) = (&self.target, &mut self.pools);
        let got = assign(target, false, &Source::direct(), pools, Some(asker))?;
        let (_, _, holder) = got.lease.expect("a number of the pool");
        Some((got.number, holder.lease))
    }

    /// A page tells that it shows the number of a lease; whether that still holds it.
    fn tell(&mut self, (number, lease): (NumberId, LeaseId), now: Timestamp) -> bool {
        let pool = self.pools.get_mut(&POOL).expect("the pool");
        pool.seen(number, lease, true, now)
    }
}

#[test]
fn who_comes_back_for_a_number_has_it_alone_until_the_page_can_have_told() {
    let mut visits = Visits::of(1);
    let first = visits.ask(1, 0, START).expect("a number");
    assert!(visits.tell(first, START));
    let back = 600_000;
    assert_eq!(visits.ask(1, 0, after(back)), Some(first));
    assert_eq!(visits.ask(2, 0, after(back)), None);
    let told = back + PROVISIONAL_MS - 1;
    assert_eq!(visits.ask(2, 0, after(told)), None);
    assert!(visits.tell(first, after(told)));
    assert_eq!(visits.ask(2, 0, after(told + HARD_FLOOR_MS - 1)), None);
    assert!(visits.ask(2, 0, after(told + HARD_FLOOR_MS)).is_some());
    assert!(!visits.tell(first, after(told + HARD_FLOOR_MS)));
}

#[test]
fn a_page_that_never_tells_holds_no_number_by_asking_for_it() {
    // Within one session, and with a new one each time, as a script makes them with click identifiers.
    for sessions in [1, 1_000] {
        let mut visits = Visits::of(1);
        let first = visits.ask(1, 0, START).expect("a number");
        assert!(visits.tell(first, START));
        let back = 600_000;
        for (asked, ms) in (0..PROVISIONAL_MS).step_by(10_000).enumerate() {
            let session = asked as i64 % sessions;
            assert!(visits.ask(1, session, after(back + ms)).is_some());
            assert_eq!(visits.ask(2, 0, after(back + ms)), None);
        }
        let over = after(back + PROVISIONAL_MS);
        assert!(visits.ask(2, 0, over).is_some(), "{sessions} sessions");
        assert_eq!(visits.ask(1, 0, over), None);
    }
}

#[test]
fn who_came_back_and_told_nothing_asks_as_one_who_has_no_number() {
    let mut visits = Visits::of(2);
    let first = visits.ask(1, 0, START).expect("a number");
    assert!(visits.tell(first, START));
    let other = visits.ask(2, 0, START).expect("the other one");
    assert!(visits.tell(other, after(-300_000)));
    let back = after(600_000);
    assert_eq!(visits.ask(1, 0, back), Some(first));
    let late = back.plus_millis(PROVISIONAL_MS);
    let again = visits.ask(1, 0, late).expect("a number");
    assert_eq!(again.0, other.0, "the one out of sight longest");
    let held = |visits: &Visits| {
        let slots = visits.pools[&POOL].slots();
        slots.filter_map(|slot| slot.holder).count()
    };
    assert_eq!(held(&visits), 1, "it left the one it had");
    assert!(!visits.tell(first, late));
    assert!(visits.tell(again, late));
}

/// Whom a number was given to last, until when it is theirs, and whether their page told of it.
#[derive(Debug, Clone, Copy)]
struct Promise {
    who: i64,
    until: Timestamp,
    told: bool,
}

proptest! {
    /// Whoever is given a number has it alone for 90 seconds, and for 60 from when the page last told of it. Asking again
    /// adds nothing, in a new session neither; and whoever gets none was right to, for every number was somebody's.
    #[test]
    fn no_number_is_given_to_two_visitors_at_once_and_none_is_held_by_asking(
        size in 1_u64..4,
        steps in prop::collection::vec((0_u8..5, 1_i64..6, 0_i64..100_000), 1..150),
    ) {
        let mut visits = Visits::of(size);
        let mut now = START;
        let mut promises: BTreeMap<NumberId, Promise> = BTreeMap::new();
        let mut given: BTreeMap<i64, (NumberId, LeaseId)> = BTreeMap::new();
        let mut sessions: BTreeMap<i64, i64> = BTreeMap::new();
        for (what, who, wait) in steps {
            now = now.plus_millis(wait);
            if what >= 3 {
                let Some(page) = given.get(&who).copied() else { continue };
                if visits.tell(page, now) {
                    let promise = promises.get_mut(&page.0).expect("it was given");
                    prop_assert_eq!(promise.who, who);
                    *promise = Promise { who, until: now.plus_millis(HARD_FLOOR_MS), told: true };
                }
                continue;
            }
            let session = sessions.entry(who).or_default();
            *session += i64::from(what == 2);
            let Some(got) = visits.ask(who, *session, now) else {
                prop_assert!(promises.values().all(|p| p.until > now) && promises.len() as u64 == size);
                continue;
            };
            given.insert(who, got);
            let before = promises.get(&got.0).copied();
            if let Some(other) = before.filter(|p| p.who != who) {
                prop_assert!(other.until <= now, "{other:?} at {now:?}");
            }
            let runs = |p: &Promise| p.who == who && !p.told && p.until > now;
            if !before.as_ref().is_some_and(runs) {
                let until = now.plus_millis(PROVISIONAL_MS);
                promises.insert(got.0, Promise { who, until, told: false });
            }
        }
    }
}
