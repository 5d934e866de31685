//! What reservations do to numbers: nothing is lost and nothing is left over, along every way that one can go.

use proptest::prelude::*;

use super::*;
use crate::base::id::AccountId;

const HOUR: i64 = 3_600_000;

fn slot(n: i64) -> Slot {
    let (from, to) = (NOW, NOW.plus_millis(HOUR));
    Slot {
        cap: cap_id(n),
        feed: None,
        window: Window { from, to },
        counts_until: to,
    }
}

fn took() -> Took {
    let slots = (1..).zip(CapUnit::ALL).map(|(n, counts)| TookSlot {
        slot: slot(n),
        counts: *counts,
        adds: if counts.is_money() { 50 } else { 1 },
    });
    let places = Places {
        max: 3,
        reservation_percent: 50,
    };
    let owner = PlaceOwner::Account(AccountId::from_raw(1));
    Took::new(slots.collect(), vec![(owner, places)])
}

fn progress() -> impl Strategy<Value = Progress> {
    let came = (any::<bool>(), -10..90_i64, -10..90_i64);
    let came = came.prop_map(|(billable, revenue, payout)| Came {
        billable,
        revenue,
        payout,
    });
    prop_oneof![
        Just(Progress::Offer),
        Just(Progress::Connect),
        came.prop_map(Progress::Settle),
        Just(Progress::Release),
        Just(Progress::Expire),
    ]
}

proptest! {
    #[test]
    fn a_reservation_never_has_more_than_it_took_and_nothing_reserved_when_it_is_over(
        offered: bool,
        steps in proptest::collection::vec(progress(), 0..6),
    ) {
        let took = took();
        let mut moved = begin(&took, offered);
        let mut sums = [(0, 0); 5];
        let mut places = (0, 0);
        let mut steps = steps.into_iter();
        loop {
            for change in &moved.slots {
                let place = took.slots.iter().position(|t| t.slot == change.slot).expect("a slot");
                sums[place].0 += change.used;
                sums[place].1 += change.reserved;
            }
            places = (places.0 + moved.legs, places.1 + moved.bids);
            let stage = moved.stage;
            for (took, (used, reserved)) in took.slots.iter().zip(sums) {
                prop_assert!(used >= 0 && reserved >= 0 && used + reserved <= took.adds);
                let whole = if stage.is_open() { used + reserved == took.adds } else { reserved == 0 };
                prop_assert!(whole);
            }
            let leg = matches!(stage, Stage::Offered | Stage::Connected);
            prop_assert_eq!(places, (i64::from(leg), i64::from(stage == Stage::Bid)));
            let Some(step) = steps.next() else { break };
            match advance(stage, &took, step) {
                Some(next) => {
                    prop_assert!(stage.is_open(), "what is over stays over");
                    moved = next;
                }
                None => moved.slots.clear(),
            }
            if moved.slots.is_empty() && moved.stage == stage {
                moved.legs = 0;
                moved.bids = 0;
            }
        }
    }

    #[test]
    fn slices_cover_every_moment_of_a_rolling_span(ago in 0..HOUR, later in 0..HOUR) {
        let json = format!(
            r#"{{"id": "{}", "max": 1, "window": {{"period": "hour", "zone": "UTC", "rolling": true}}}}"#,
            cap_id(1)
        );
        let limit = read::<Cap>(&json).compile(&Shelf::default()).expect("a cap");
        let now = NOW.plus_millis(later);
        let Counting::Rolling { slice, span_ms } = limit.counting(None, now.plus_millis(-ago)) else {
            panic!("it rolls");
        };
        prop_assert!(slice.contains(now.plus_millis(-ago)));
        let taken = SlotUse {
            slot: Slot { counts_until: slice.to.plus_millis(span_ms), window: slice, ..slot(1) },
            used: 0,
            reserved: 1,
        };
        prop_assert_eq!(limit.used(FeedId::from_raw(1), None, now, &[taken]).reserved, 1);
        let over = slice.to.plus_millis(span_ms);
        prop_assert_eq!(limit.used(FeedId::from_raw(1), None, over, &[taken]).reserved, 0);
    }
}

#[test]
fn a_call_takes_the_caps_of_its_levels_of_the_groups_around_it_and_of_those_inside() {
    let cap = |n: i64, counts: &str, more: &str| {
        format!(
            r#"{{"id": "{}", "counts": "{counts}", "max": 5, "window": {{"period": "day", "zone": "UTC"}}{more}}}"#,
            cap_id(n)
        )
    };
    let elsewhere = r#", "when": {"field": {"name": "state", "value": {"is": "NY"}}}"#;
    let inside = format!(
        r#", "caps": [{}, {}]"#,
        cap(2, "revenue", ""),
        cap(3, "payout", "")
    );
    let layer = format!(
        r#"{{"concurrency_max": 2, "caps": [{}, {}]}}"#,
        cap(1, "billable", &inside),
        cap(4, "billable", elsewhere)
    );
    let all = contracts(&[&layer]);
    let plan = format!(
        r#"{{"schema": 1, "start": "main", "groups": {{"main": {{"method": "waterfall", "concurrency_max": 9,
            "caps": [{}], "members": [{}]}}}}}}"#,
        cap(5, "offered", r#", "per_feed": true"#),
        member(contract(1))
    );
    let routes = routes(&plan, &all);
    let adds = Adds {
        revenue: 40,
        payout: 0,
    };
    let facts = plain();
    let feed = FeedId::from_raw(8);
    let takes = routes.cap_takes(contract(1), &facts, feed, adds, NOW);
    let got: Vec<_> = takes
        .iter()
        .map(|t| (t.cap, t.adds, t.feed, t.of))
        .collect();
    let own = Some(Owner::Terms(Level::Contract));
    let expected = [
        (cap_id(1), 1, None, own),
        (cap_id(2), 40, None, own),
        (cap_id(5), 1, Some(feed), Some(Owner::Group(0))),
    ];
    assert_eq!(got, expected, "money that is not there takes nothing");
    let places = routes.place_takes(AccountId::from_raw(6), contract(1));
    let got: Vec<_> = places
        .iter()
        .map(|(_, owner, p)| (owner.clone(), p.max))
        .collect();
    let group = PlaceOwner::Group(CampaignId::from_raw(1), "main".into());
    assert_eq!(got, [(PlaceOwner::Contract(contract(1)), 2), (group, 9)]);
    assert!(
        routes
            .cap_takes(contract(7), &facts, feed, adds, NOW)
            .is_empty()
    );
}
