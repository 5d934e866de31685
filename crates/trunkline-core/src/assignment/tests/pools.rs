//! Who gets which number of a pool, and for how long it stays.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::assignment::pool::{
    COOL_DOWN_MS, HARD_FLOOR_MS, LOCAL_IDLE_MS, PROVISIONAL_MS, SOFT_FLOOR_MS, STRICT_LOCK_MS,
};
use crate::base::Area;

#[test]
fn the_same_visitor_keeps_its_number_and_two_visitors_never_share_one() {
    let mut pool = pool(false, 2);
    assert_eq!(ask(&mut pool, 1, START), Some(0));
    assert_eq!(ask(&mut pool, 2, START), Some(1));
    assert_eq!(ask(&mut pool, 1, after(600_000)), Some(0));
    assert_eq!(ask(&mut pool, 3, after(10_000)), None);
}

#[test]
fn a_pool_knows_what_it_is_made_of() {
    let mut made = pool(false, 2);
    ask(&mut made, 1, START);
    let numbers: Vec<PoolNumber> = made.slots().map(|slot| slot.number).collect();
    assert!(made.is_made_of(false, &numbers), "whoever holds them");
    assert!(!made.is_made_of(true, &numbers), "another strictness");
    assert!(!made.is_made_of(false, &numbers[..1]), "a number less");
    let turned: Vec<PoolNumber> = numbers.iter().rev().copied().collect();
    assert!(!made.is_made_of(false, &turned), "another order");
}

#[test]
fn the_number_out_of_sight_longest_is_handed_on_but_never_within_a_minute() {
    let mut pool = pool(false, 2);
    ask(&mut pool, 1, START);
    ask(&mut pool, 2, after(30_000));
    assert_eq!(ask(&mut pool, 3, after(HARD_FLOOR_MS - 1)), None);
    let pick = pool
        .pick(VisitorId::from_raw(3), None, after(HARD_FLOOR_MS))
        .expect("a number");
    assert_eq!((pick.slot, pick.reason), (0, PickReason::SilentHolder));
    assert_eq!(pick.ended.map(|h| h.visitor), Some(VisitorId::from_raw(1)));
    let pick = pool
        .pick(VisitorId::from_raw(3), None, after(SOFT_FLOOR_MS))
        .expect("a number");
    assert_eq!(pick.reason, PickReason::LongestIdle);
}

#[test]
fn a_visitor_gets_a_number_of_its_own_area_unless_that_was_seen_lately() {
    // Chicago, Dallas, Houston, Dallas.
    let numbers = [
        13_125_550_100,
        12_145_550_100,
        17_135_550_100,
        12_145_550_101,
    ];
    let numbers = numbers
        .iter()
        .enumerate()
        .map(|(index, digits)| PoolNumber {
            id: NumberId::from_raw(index as i64),
            number: PhoneNumber::from_digits(*digits),
        });
    let mut pool = Pool::new(false, numbers.collect());
    let area = |state, place| Area::new(state, place);
    let mut give = |who, area, at| {
        let pick = pool.pick(VisitorId::from_raw(who), area, at)?;
        pool.hold(&pick, holder(who, at));
        pool.seen(pick.number.id, holder(who, at).lease, true, at);
        Some((pick.slot, pick.reason))
    };
    let dallas = area("TX", "Dallas");
    assert_eq!(give(1, dallas, START), Some((1, PickReason::Local)));
    assert_eq!(give(2, area("TX", ""), START), Some((2, PickReason::Local)));
    assert_eq!(
        give(3, area("WA", "Seattle"), START),
        Some((0, PickReason::LongestIdle))
    );
    assert_eq!(give(4, dallas, START), Some((3, PickReason::Local)));
    // All were seen; a local number is no reason to hand one on sooner than another.
    let soon = after(LOCAL_IDLE_MS - 1);
    assert_eq!(give(5, dallas, soon), Some((0, PickReason::LongestIdle)));
    assert_eq!(
        give(6, dallas, after(LOCAL_IDLE_MS)),
        Some((1, PickReason::Local))
    );
    assert_eq!(
        give(6, area("IL", "Chicago"), after(LOCAL_IDLE_MS)),
        Some((1, PickReason::Kept))
    );
}

#[test]
fn a_strict_pool_locks_for_half_an_hour() {
    let mut pool = pool(true, 1);
    ask(&mut pool, 1, START);
    assert_eq!(ask(&mut pool, 2, after(STRICT_LOCK_MS - 1)), None);
    assert_eq!(ask(&mut pool, 2, after(STRICT_LOCK_MS)), Some(0));
}

#[test]
fn a_page_without_the_number_gives_its_lease_back() {
    let mut pool = pool(false, 1);
    let pick = pool
        .pick(VisitorId::from_raw(1), None, START)
        .expect("a number");
    let held = holder(1, START);
    pool.hold(&pick, held);
    assert!(
        pool.seen(pick.number.id, held.lease, false, after(10_000)),
        "a heartbeat does not confirm"
    );
    assert_eq!(ask(&mut pool, 2, after(PROVISIONAL_MS - 1)), None);
    assert_eq!(ask(&mut pool, 2, after(PROVISIONAL_MS)), Some(0));
    assert!(
        !pool.seen(pick.number.id, held.lease, true, after(PROVISIONAL_MS)),
        "the old lease is over"
    );
}

#[test]
fn a_number_in_a_call_stays_and_cools_down_after_it() {
    let mut pool = pool(false, 1);
    ask(&mut pool, 1, START);
    pool.call_started(NumberId::from_raw(0));
    assert_eq!(ask(&mut pool, 2, after(3_600_000)), None);
    pool.call_ended(NumberId::from_raw(0), after(3_600_000));
    assert_eq!(ask(&mut pool, 2, after(3_600_000 + COOL_DOWN_MS - 1)), None);
    assert_eq!(
        ask(&mut pool, 1, after(3_600_000 + COOL_DOWN_MS - 1)),
        Some(0)
    );
    assert_eq!(
        ask(&mut pool, 2, after(3_600_000 + COOL_DOWN_MS * 2)),
        Some(0)
    );
}

#[test]
fn what_is_left_of_a_cool_down_goes_on_after_a_restart() {
    let mut pool = pool(false, 1);
    pool.restore_cool_down(NumberId::from_raw(0), START);
    assert_eq!(ask(&mut pool, 1, after(COOL_DOWN_MS - 1)), None);
    assert_eq!(ask(&mut pool, 1, after(COOL_DOWN_MS)), Some(0));
}

#[test]
fn a_number_counts_as_free_exactly_when_a_new_visitor_would_get_it() {
    for strict in [false, true] {
        let mut pool = pool(strict, 1);
        ask(&mut pool, 1, START);
        pool.call_started(NumberId::from_raw(0));
        pool.call_ended(NumberId::from_raw(0), START);
        let step = 5_000;
        for at in (0..STRICT_LOCK_MS * 2).step_by(step).map(after) {
            let free = pool.slots().filter(|s| s.may_be_given(strict, at)).count();
            let picked = pool.pick(VisitorId::from_raw(2), None, at);
            assert_eq!(free, usize::from(picked.is_some()), "{strict}, {at:?}");
        }
        let late = after(STRICT_LOCK_MS * 2);
        let pick = pool
            .pick(VisitorId::from_raw(2), None, late)
            .expect("a number");
        pool.hold(&pick, holder(2, late));
        for ms in [0, PROVISIONAL_MS - 1, PROVISIONAL_MS] {
            let at = late.plus_millis(ms);
            let free = pool.slots().filter(|s| s.may_be_given(strict, at)).count();
            let picked = pool.pick(VisitorId::from_raw(3), None, at);
            assert_eq!(
                free,
                usize::from(picked.is_some()),
                "{strict}, {ms} ms later"
            );
        }
    }
}

#[test]
fn what_a_number_does_now_follows_its_holder() {
    let mut loose = pool(false, 1);
    let now = |pool: &Pool, strict, ms| {
        let slot = pool.slot(NumberId::from_raw(0)).expect("a slot");
        slot.use_now(strict, after(ms))
    };
    assert_eq!(now(&loose, false, 0), SlotUse::Idle);
    let pick = loose
        .pick(VisitorId::from_raw(1), None, START)
        .expect("a number");
    loose.hold(&pick, holder(1, START));
    assert_eq!(now(&loose, false, 0), SlotUse::Provisional);
    assert_eq!(now(&loose, false, PROVISIONAL_MS), SlotUse::Idle);
    ask(&mut loose, 1, START);
    assert_eq!(now(&loose, false, HARD_FLOOR_MS - 1), SlotUse::Held);
    assert_eq!(now(&loose, false, SOFT_FLOOR_MS - 1), SlotUse::Held);
    assert_eq!(now(&loose, false, SOFT_FLOOR_MS), SlotUse::Idle);
    assert_eq!(now(&loose, true, STRICT_LOCK_MS - 1), SlotUse::Held);
    loose.call_started(NumberId::from_raw(0));
    assert_eq!(now(&loose, false, SOFT_FLOOR_MS), SlotUse::InCall);
    loose.call_ended(NumberId::from_raw(0), after(SOFT_FLOOR_MS));
    assert_eq!(now(&loose, false, SOFT_FLOOR_MS), SlotUse::Cooling);
}

#[test]
fn a_pool_that_changes_size_keeps_its_holders() {
    let mut before = pool(false, 2);
    ask(&mut before, 1, START);
    ask(&mut before, 2, START);
    let mut after_change = Pool::new(false, vec![pool_number(1), pool_number(5)]);
    after_change.inherit(&before);
    assert_eq!(ask(&mut after_change, 2, after(1_000)), Some(1));
    assert_eq!(ask(&mut after_change, 3, after(1_000)), Some(5));
}

proptest! {
    /// Whatever happens, no number is visible to two sessions within the hard floor, and the sets
    /// inside the pool agree with its slots.
    #[test]
    fn no_number_is_ever_shown_to_two_sessions_within_the_floor(
        size in 1_u64..5,
        steps in prop::collection::vec((0_u8..4, 1_i64..9, 0_i64..120_000), 1..120),
    ) {
        let mut pool = pool(false, size);
        let mut now = START;
        let mut last_seen: Vec<Option<(i64, Timestamp)>> = vec![None; size as usize];
        let mut calls = HashSet::new();
        for (what, who, wait) in steps {
            now = now.plus_millis(wait);
            match what {
                0 | 1 => if let Some(slot) = ask(&mut pool, who, now) {
                    let slot = slot as usize;
                    if let Some((other, at)) = last_seen[slot] {
                        prop_assert!(other == who || now.millis_since(at) >= HARD_FLOOR_MS);
                        prop_assert!(other == who || !calls.contains(&slot));
                    }
                    last_seen[slot] = Some((who, now));
                },
                2 => if calls.insert((who % size as i64) as usize) {
                    pool.call_started(NumberId::from_raw(who % size as i64));
                },
                _ => if calls.remove(&((who % size as i64) as usize)) {
                    pool.call_ended(NumberId::from_raw(who % size as i64), now);
                },
            }
        }
    }
}
