//! Holds: never more than is available, never settled twice, and nothing is lost.

use proptest::prelude::*;

use super::*;
use crate::base::id::HoldId;
use crate::routing::Balance;

const NOW: Timestamp = OFFERED;
const MINUTE_MS: i64 = 60_000;

fn funds(balance: &str, credit_limit: &str, held: &str) -> Funds {
    Funds {
        balance: usd(balance),
        credit_limit: usd(credit_limit),
        held: usd(held),
    }
}

fn place(amount: Money, funds: &Funds, lasts_ms: i64) -> Result<Hold, HoldError> {
    let until = NOW.plus_millis(lasts_ms);
    let id = HoldId::from_raw(1);
    Hold::place(id, LEAD, buyer_id(1), amount, funds, NOW, until)
}

fn placed() -> Hold {
    place(usd("10"), &funds("10", "0", "0"), MINUTE_MS).expect("a hold")
}

#[test]
fn balance_and_credit_less_what_is_held_is_available_to_the_micro_unit() {
    for (funds, available) in [
        (funds("10", "0", "0"), "10"),
        (funds("10", "5", "12.000001"), "2.999999"),
        (funds("-5", "5", "0"), "0"),
        (funds("-6", "5", "0"), "-1"),
    ] {
        assert_eq!(funds.available(), Ok(usd(available)), "{funds:?}");
        let asked: Balance = funds.into();
        assert_eq!(asked.available(), usd(available), "routing sees the same");
        let more = usd(available).plus(usd("0.000001")).expect("a sum");
        let refused = place(more, &funds, MINUTE_MS);
        if more.micros() > 0 {
            let why = HoldError::NotEnough {
                wanted: more,
                available: usd(available),
            };
            assert_eq!(refused, Err(why), "{funds:?}");
        } else {
            assert_eq!(refused, Err(HoldError::NotPositive(more)));
        }
    }
    let enough = funds("10", "0", "0");
    for lasts_ms in [0, -1, HOLD_MS_MAX + 1] {
        let placed = place(usd("1"), &enough, lasts_ms);
        assert_eq!(placed, Err(HoldError::BadTime(lasts_ms)));
    }
}

#[test]
fn a_hold_ends_once() {
    let later = NOW.plus_millis(MINUTE_MS);
    let ends = [
        placed().settle(usd("10")),
        placed().settle(usd("0.000001")),
        placed().release(),
        placed().expire(later),
    ];
    for end in ends {
        let hold = end.expect("an end");
        assert_eq!(hold.held(), usd("0"));
        let over = Err(HoldError::Over(hold.state()));
        assert_eq!(hold.clone().settle(usd("1")), over);
        assert_eq!(hold.clone().release(), over);
        assert_eq!(hold.clone().expire(later), over);
        assert_eq!(hold.clone().renew(NOW, later), over);
    }
}

#[test]
fn impossible_moves_say_why() {
    let later = NOW.plus_millis(MINUTE_MS);
    let early = HoldError::TooEarly(later);
    assert_eq!(placed().expire(later.plus_millis(-1)), Err(early));
    assert_eq!(
        placed().settle(usd("10.000001")),
        Err(HoldError::MoreThanHeld {
            wanted: usd("10.000001"),
            held: usd("10"),
        })
    );
    assert_eq!(
        placed().settle(usd("0")),
        Err(HoldError::NotPositive(usd("0")))
    );
    let late = placed().renew(later, later.plus_millis(1));
    assert_eq!(late, Err(HoldError::TooLate(later)));
    let renewed = placed().renew(NOW, NOW.plus_millis(2 * MINUTE_MS));
    let renewed = renewed.expect("a hold");
    assert!(renewed.clone().expire(later).is_err());
    let part = renewed.settle(usd("7.5")).expect("a hold");
    assert_eq!((part.settled(), part.freed()), (usd("7.5"), Ok(usd("2.5"))));
}

#[test]
fn only_holds_that_can_be_are_restored() {
    let ids = (HoldId::from_raw(1), LEAD, buyer_id(1));
    let restore =
        |amount, state, settled| Hold::restore(ids, usd(amount), NOW, state, usd(settled));
    assert!(restore("10", HoldState::Settled, "10").is_ok());
    assert!(restore("10", HoldState::Placed, "0").is_ok());
    for (amount, state, settled) in [
        ("0", HoldState::Placed, "0"),
        ("10", HoldState::Settled, "10.000001"),
        ("10", HoldState::Settled, "-1"),
        ("10", HoldState::Settled, "0"),
        ("10", HoldState::Placed, "1"),
        ("10", HoldState::Released, "1"),
    ] {
        assert!(
            restore(amount, state, settled).is_err(),
            "{amount} {settled}"
        );
    }
}

#[derive(Debug, Clone)]
enum Move {
    Place(i64),
    Settle(usize, i64),
    Release(usize),
    Expire(usize),
    Wait(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => (0_i64..60).prop_map(Move::Place),
        2 => (0_usize..20, 0_i64..60).prop_map(|(hold, amount)| Move::Settle(hold, amount)),
        1 => (0_usize..20).prop_map(Move::Release),
        1 => (0_usize..20).prop_map(Move::Expire),
        1 => (0_i64..90_000).prop_map(Move::Wait),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    /// Whatever comes in whatever order, the wallet never goes below its limit, and every micro-unit that was set aside
    /// is held, on the books, or free again.
    #[test]
    fn nothing_is_held_that_is_not_there_and_nothing_is_lost(
        start in 0_i64..200,
        credit in 0_i64..50,
        moves in moves(),
    ) {
        let micros = |n| Money::from_micros(n, USD);
        let mut now = NOW;
        let mut holds: Vec<Hold> = Vec::new();
        let (mut balance, mut set_aside, mut settled) = (start, 0_i64, 0_i64);
        for step in moves {
            let held: i64 = holds.iter().map(|hold| hold.held().micros()).sum();
            let moved = match step {
                Move::Place(amount) => {
                    let funds = Funds { balance: micros(balance), credit_limit: micros(credit), held: micros(held) };
                    let until = now.plus_millis(MINUTE_MS);
                    let id = HoldId::from_raw(i64::try_from(holds.len()).expect("few"));
                    let placed = Hold::place(id, LEAD, buyer_id(1), micros(amount), &funds, now, until);
                    let fits = amount > 0 && amount <= balance + credit - held;
                    prop_assert_eq!(placed.is_ok(), fits);
                    if let Ok(hold) = placed {
                        set_aside += amount;
                        holds.push(hold);
                    }
                    continue;
                }
                Move::Wait(ms) => {
                    now = now.plus_millis(ms);
                    continue;
                }
                Move::Settle(at, amount) => (at, holds.get(at).cloned().map(|h| h.settle(micros(amount)))),
                Move::Release(at) => (at, holds.get(at).cloned().map(Hold::release)),
                Move::Expire(at) => (at, holds.get(at).cloned().map(|h| h.expire(now))),
            };
            if let (at, Some(Ok(hold))) = moved {
                prop_assert_eq!(holds[at].state(), HoldState::Placed, "it ended twice");
                balance -= hold.settled().micros();
                settled += hold.settled().micros();
                holds[at] = hold;
            }
            let held: i64 = holds.iter().map(|hold| hold.held().micros()).sum();
            let free: i64 = holds.iter().map(|hold| hold.freed().expect("a sum").micros()).sum();
            prop_assert!(balance - held >= -credit);
            prop_assert_eq!(held + settled + free, set_aside);
            prop_assert_eq!(balance + settled, start);
        }
    }
}
