//! For which bid a call is that comes to a number.

use super::*;
use crate::base::id::{AccountId, GivenBidId, ReservationId};

const CALLER: &str = "+12145550100";
const OTHER: &str = "+12145550199";
const HASH: Sha256 = [7; 32];

fn bid(n: i64, seconds_left: i64) -> GivenBid {
    GivenBid {
        id: GivenBidId::from_raw(n),
        account: AccountId::from_raw(1),
        campaign: CampaignId::from_raw(1),
        feed: FeedId::from_raw(1),
        opportunity: OpportunityId::from_raw(n),
        asked: [1; 32],
        caller: Some(number(CALLER)),
        caller_sha256: Some(HASH),
        amount: usd("10"),
        min_seconds: 30,
        duplicate_days: None,
        number: number("+13125550111"),
        alone: true,
        given_at: NOW.plus_millis(-10_000),
        expires_at: NOW.plus_millis(seconds_left * 1_000),
        attempt: 0,
        contract: contract(n),
        to: None,
        reservation: ReservationId::from_raw(n),
        next: Vec::new(),
        call: None,
    }
}

fn shared(n: i64, seconds_left: i64) -> GivenBid {
    GivenBid {
        alone: false,
        ..bid(n, seconds_left)
    }
}

fn for_anybody(n: i64, seconds_left: i64) -> GivenBid {
    GivenBid {
        caller: None,
        caller_sha256: None,
        ..bid(n, seconds_left)
    }
}

fn by_hash(n: i64) -> GivenBid {
    GivenBid {
        caller: None,
        ..shared(n, 10)
    }
}

fn of_other(n: i64) -> GivenBid {
    GivenBid {
        caller: Some(number(OTHER)),
        caller_sha256: None,
        ..bid(n, 10)
    }
}

fn from(caller: Option<&str>) -> Arriving {
    Arriving {
        named: None,
        caller: caller.map(number),
        caller_sha256: caller.filter(|c| *c == CALLER).map(|_| HASH),
        at: NOW,
    }
}

#[test]
fn a_call_is_for_the_bid_that_its_number_or_its_caller_says() {
    use Arrives::{For, Not, Plain};
    let (expired, mismatch) = (ReasonCode::Expired, ReasonCode::PingMismatch);
    let known = Some(CALLER);
    for (said, bids, who, answer) in [
        ("nothing was given", vec![], known, Plain),
        ("its own number", vec![bid(1, 10)], known, For(0)),
        (
            "a number alone needs no caller",
            vec![bid(1, 10)],
            None,
            For(0),
        ),
        (
            "asked for anybody",
            vec![for_anybody(1, 10)],
            Some(OTHER),
            For(0),
        ),
        (
            "another caller",
            vec![bid(1, 10)],
            Some(OTHER),
            Not(0, mismatch),
        ),
        ("within the grace", vec![bid(1, -2)], known, For(0)),
        ("behind the grace", vec![bid(1, -3)], known, Not(0, expired)),
        (
            "behind it, nobody knows who",
            vec![bid(1, -3)],
            None,
            Not(0, expired),
        ),
        (
            "another caller, behind it",
            vec![bid(1, -3)],
            Some(OTHER),
            Plain,
        ),
        (
            "a shared number, its caller",
            vec![shared(1, 10)],
            known,
            For(0),
        ),
        ("a shared number, its hash", vec![by_hash(1)], known, For(0)),
        (
            "a shared number without caller",
            vec![shared(1, 10)],
            None,
            Plain,
        ),
        (
            "a shared number, another caller",
            vec![shared(1, 10)],
            Some(OTHER),
            Plain,
        ),
        (
            "shared, behind its end",
            vec![shared(1, -9)],
            known,
            Not(0, expired),
        ),
        (
            "the caller goes first",
            vec![for_anybody(1, 10), shared(2, 10)],
            known,
            For(1),
        ),
        (
            "beside one alone of another",
            vec![of_other(1), shared(2, 10)],
            known,
            For(1),
        ),
        (
            "the newest of several",
            vec![shared(2, 10), shared(1, 10)],
            known,
            For(0),
        ),
        (
            "one that holds",
            vec![shared(2, -9), shared(1, 10)],
            known,
            For(1),
        ),
    ] {
        assert_eq!(arrives(&bids, &from(who)), answer, "{said}");
    }
}

#[test]
fn what_is_named_is_meant_and_no_other() {
    use Arrives::{For, Not, Plain};
    let named = |n, caller| Arriving {
        named: Some(GivenBidId::from_raw(n)),
        ..from(caller)
    };
    let bids = [shared(1, 10), shared(2, 10), shared(3, -9)];
    for (who, answer) in [
        (named(2, Some(CALLER)), For(1)),
        (named(2, None), For(1)),
        (named(2, Some(OTHER)), Not(1, ReasonCode::PingMismatch)),
        (named(3, Some(CALLER)), Not(2, ReasonCode::Expired)),
        (named(4, Some(CALLER)), Plain),
    ] {
        assert_eq!(arrives(&bids, &who), answer, "{who:?}");
    }
}
