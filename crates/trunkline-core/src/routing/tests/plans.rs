//! Plans: the first rule that stops each contract, the order of those that could, and turns.

use proptest::prelude::*;

use super::*;

fn planned(routes: &Routes, availability: &Availability) -> Plan {
    plan(
        routes,
        &offer(&plain(), &[]),
        availability,
        &Turns::default(),
        NOW,
        0,
    )
}

const FIXED: &str = r#""price": {"rules": [{"rate": {"fixed": 40}}]}"#;
const CLOSED: &str =
    r#""schedule": {"zone": "UTC", "weekly": [{"days": ["sat"], "from": "09:00", "to": "10:00"}]}"#;
const IN_CALIFORNIA: &str = r#""filter": {"field": {"name": "state", "value": {"is": "CA"}}}"#;
const NO_DUPLICATES: &str = r#""duplicates": [{"scope": "account", "action": "skip"}]"#;
const NEVER_BEFORE: &str = r#""prior_connects_max": 0"#;
const PREPAID: &str = r#""payment": "prepaid""#;
const NO_PLACE: &str = r#""concurrency_max": 0"#;

fn cap() -> String {
    format!(
        r#""caps": [{{"id": "{}", "max": 0, "window": {{"period": "day", "zone": "UTC"}}}}]"#,
        cap_id(1)
    )
}

fn layer(parts: &[&str]) -> String {
    format!("{{{}}}", parts.join(","))
}

#[test]
fn the_first_rule_in_the_order_of_evaluation_is_the_reason() {
    let cap = cap();
    // Each contract has one rule more that would stop it, and the earliest is told.
    let rules = [
        ("", ReasonCode::BelowFloor),
        (NO_PLACE, ReasonCode::ConcurrencyFull),
        (&cap, ReasonCode::CapReached),
        (PREPAID, ReasonCode::BalanceLow),
        (NEVER_BEFORE, ReasonCode::PriorConnects),
        (NO_DUPLICATES, ReasonCode::BuyerDuplicate),
        (IN_CALIFORNIA, ReasonCode::FilterMismatch),
        (CLOSED, ReasonCode::ContractClosed),
        (r#""paused": true"#, ReasonCode::ContractPaused),
    ];
    let mut parts = vec![FIXED];
    let mut layers = Vec::new();
    for (rule, _) in rules {
        parts.extend(Some(rule).filter(|r| !r.is_empty()));
        layers.push(layer(&parts));
    }
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    let routes = one_group("waterfall", &layers);
    let facts = plain();
    let past = [Past {
        opportunity: OpportunityId::from_raw(1),
        at: NOW.plus_millis(-1),
        person: comer().person,
        campaign: CampaignId::from_raw(1),
        feed: FeedId::from_raw(1),
        to: None,
        connected: true,
        billable: true,
    }];
    let offer = Offer {
        floor: Some(usd("41")),
        prior_connects: 1,
        ..offer(&facts, &past)
    };
    let got = plan(
        &routes,
        &offer,
        &Availability::default(),
        &Turns::default(),
        NOW,
        0,
    );
    let expected: Vec<_> = rules.iter().map(|(_, reason)| Some(*reason)).collect();
    assert_eq!(reasons(&got), expected);
    assert_eq!(got.attempts, []);
    let said: Vec<String> = got
        .trace
        .iter()
        .map(|line| routes.explain(line, &facts))
        .collect();
    assert_eq!(
        said,
        [
            "The price is 40.00 USD, and 41.00 USD are asked for",
            "Calls at the same time of the contract: 0 and 0 reserved; at most 0",
            "The cap of the contract: 0 billable used, 0 reserved, 1 more; at most 0",
            "0.00 USD are available, and the price is up to 40.00 USD",
            "Connections before: 1; at most 0",
            "The same person came on 2026-11-23T15:59:59.999Z as opp_0000000000001",
            "The filter of the contract: state `CA` is wanted; it is `TX`",
            "Closed by the hours of the contract",
            "Paused on the level of the contract",
        ]
    );
}

#[test]
fn a_balance_covers_the_price_with_credit_and_without_what_is_reserved() {
    let routes = one_group("waterfall", &[&layer(&[FIXED, PREPAID])]);
    for (balance, credit, reserved, covers) in [
        ("40", "0", "0", true),
        ("39.999999", "0", "0", false),
        ("-60", "100", "0", true),
        ("100", "0", "60.000001", false),
    ] {
        let balance = Balance {
            balance: usd(balance),
            credit: usd(credit),
            reserved: usd(reserved),
        };
        let availability = Availability {
            balances: [(BuyerId::from_raw(1), balance)].into_iter().collect(),
            ..Availability::default()
        };
        let got = planned(&routes, &availability);
        assert_eq!(!got.attempts.is_empty(), covers, "{balance:?}");
    }
}

#[test]
fn nothing_is_offered_shortly_before_closing() {
    let hours = r#""schedule": {"zone": "America/Chicago", "weekly": [{"days": ["mon"], "from": "09:00", "to": "10:05"}]}"#;
    let routes = one_group(
        "waterfall",
        &[
            &layer(&[hours, r#""last_call_s": 299"#]),
            &layer(&[hours, r#""last_call_s": 300"#]),
        ],
    );
    let got = planned(&routes, &Availability::default());
    assert_eq!(asked(&got), [1]);
    assert_eq!(
        routes.explain(&got.trace[1], &plain()),
        "Closes too soon by the hours of the contract"
    );
}

#[test]
fn suppression_lists_know_numbers_hashes_and_zip_codes() {
    let hash = "07".repeat(32);
    let lists = [
        (ItemKind::Numbers, "+12145550100", true),
        (ItemKind::Numbers, "+12145550101", false),
        (ItemKind::Hashes, hash.as_str(), true),
        (ItemKind::Zips, "75201", true),
        (ItemKind::Zips, "75202", false),
    ];
    for (kind, item, stops) in lists {
        let list = ItemList::read(kind, [item], Country::US).expect("a list");
        let id = ItemListId::from_raw(1);
        let shelf = Shelf {
            lists: [(id, Arc::new(list))].into(),
            ..Shelf::default()
        };
        let says: Layer = read(&format!(r#"{{"suppressed_by": ["{id}"]}}"#));
        let nothing = Layer::default();
        let layers = Layers {
            account: &nothing,
            campaign: &nothing,
            buyer: &says,
            destination: &nothing,
            contract: &nothing,
        };
        let terms = ContractTerms::resolve(parties(1), &layers, &shelf, Currency::USD);
        let all = [(contract(1), Arc::new(terms.expect("terms")))].into();
        let json = format!(
            r#"{{"schema": 1, "start": "m", "groups": {{"m": {{"method": "waterfall", "members": [{}]}}}}}}"#,
            member(contract(1))
        );
        let mut known = known(&NO_TAGS);
        known.email_sha256 = parse_sha256(&hash);
        known.zip = Some("75201");
        let facts = facts(&known);
        let got = plan(
            &routes(&json, &all),
            &offer(&facts, &[]),
            &Availability::default(),
            &Turns::default(),
            NOW,
            0,
        );
        assert_eq!(
            reasons(&got)[0],
            stops.then_some(ReasonCode::Suppressed),
            "{kind:?} {item}"
        );
    }
}

#[test]
fn a_buyer_who_had_the_person_is_left_out_or_does_not_pay() {
    let price = r#""price": {"rules": [{"rate": {"fixed": 40}}]}"#;
    let other = layer(&[
        price,
        r#""duplicates": [{"scope": "account", "action": "other_buyer"}]"#,
    ]);
    let unpaid = layer(&[
        price,
        r#""duplicates": [{"scope": "buyer", "action": "unpaid"}]"#,
    ]);
    let routes = one_group("waterfall", &[&other, &other, &unpaid, &unpaid]);
    let had = |n: i64| Past {
        opportunity: OpportunityId::from_raw(n),
        at: NOW.plus_millis(-n),
        person: comer().person,
        campaign: CampaignId::from_raw(1),
        feed: FeedId::from_raw(1),
        to: Some(parties(n).taker()),
        connected: true,
        billable: true,
    };
    let facts = plain();
    let look = |past: &[Past]| {
        plan(
            &routes,
            &offer(&facts, past),
            &Availability::default(),
            &Turns::default(),
            NOW,
            0,
        )
    };
    let got = look(&[had(1)]);
    assert_eq!(asked(&got), [2, 3, 4]);
    let got = look(&[had(3)]);
    assert_eq!(asked(&got), [1, 2, 3, 4]);
    let unpaid: Vec<bool> = got
        .trace
        .iter()
        .map(|l| matches!(l.outcome, Outcome::Eligible { unpaid: true, .. }))
        .collect();
    assert_eq!(unpaid, [false, false, true, false]);
    let got = look(&[had(2), had(1)]);
    assert_eq!(
        asked(&got),
        [3, 4],
        "each of the buyers who had the person, not only the latest"
    );
}

#[test]
fn money_caps_of_a_group_are_compared_with_what_each_member_would_pay() {
    let all = contracts(&[
        r#"{"price": {"rules": [{"rate": {"fixed": 40}}]}}"#,
        r#"{"price": {"rules": [{"rate": {"fixed": 30}}]}}"#,
    ]);
    let groups = format!(
        r#""main": {{"method": "waterfall", "members": [{}, {}], "caps": [{{"id": "{}", "counts": "revenue",
            "max": "99.99", "window": {{"period": "day", "zone": "UTC"}}}}]}}"#,
        member(contract(1)),
        member(contract(2)),
        cap_id(1)
    );
    let usage = CapUse {
        used: 60_000_000,
        ..CapUse::default()
    };
    let availability = Availability {
        caps: [(cap_id(1), usage)].into_iter().collect(),
        ..Availability::default()
    };
    let routes = tree(&groups, 5, &all);
    let got = planned(&routes, &availability);
    assert_eq!(asked(&got), [2]);
    let said = routes.explain(&got.trace[0], &plain());
    let wanted = "The cap of the group `main`: 60.00 USD revenue used, 0.00 USD reserved, 40.00 USD more; at most 99.99 USD";
    assert_eq!(said, wanted);
}

#[test]
fn a_price_that_is_bid_needs_an_auction() {
    let bids =
        r#"{"price": {"rules": [{"rate": {"per_bid": {}}}]}, "payment": "prepaid", "bid_max": 50}"#;
    let got = planned(&one_group("weighted", &[bids]), &Availability::default());
    assert_eq!(reasons(&got), [Some(ReasonCode::NoPrice)]);
    let routes = one_group("auction", &[bids, "{}"]);
    let got = planned(&routes, &Availability::default());
    assert_eq!(
        reasons(&got),
        [Some(ReasonCode::BalanceLow), None],
        "the limit of a bid must be covered"
    );
    let group = 0;
    let contracts = vec![contract(2)];
    assert_eq!(got.attempts, [Attempt::Auction { group, contracts }]);
    assert!(routes.auction(0).is_some() && routes.auction(1).is_none());
}

fn tree(
    groups: &str,
    attempts_max: u16,
    contracts: &BTreeMap<ContractId, Arc<ContractTerms>>,
) -> Routes {
    let json = format!(
        r#"{{"schema": 1, "start": "main", "attempts_max": {attempts_max}, "groups": {{{groups}}}}}"#
    );
    routes(&json, contracts)
}

#[test]
fn a_group_is_one_member_or_its_members_stand_for_themselves() {
    let all = contracts(&["{}", "{}", "{}", "{}"]);
    let inner: Vec<String> = (1..=3).map(|n| member(contract(n))).collect();
    let lone = member(contract(4));
    for (flat, of_lone) in [(true, 3), (false, 6)] {
        let groups = format!(
            r#""main": {{"method": "weighted", "members": [{{"to": {{"group": "three"}}, "flat": {flat}}}, {lone}]}},
               "three": {{"method": "weighted", "members": [{}]}}"#,
            inner.join(",")
        );
        let routes = tree(&groups, 4, &all);
        let mut turns = Turns::default();
        let mut first = BTreeMap::new();
        for _ in 0..12 {
            let got = plan(
                &routes,
                &offer(&plain(), &[]),
                &Availability::default(),
                &turns,
                NOW,
                0,
            );
            assert_eq!(got.attempts.len(), 4, "everybody is in the waterfall");
            *first.entry(asked(&got)[0]).or_insert(0) += 1;
            turns.take(&got.turns, 0);
        }
        assert_eq!(first[&4], of_lone, "flat {flat}: {first:?}");
        assert_eq!(turns.credits(), [], "twelve is a whole number of cycles");
    }
}

#[test]
fn what_a_group_says_holds_for_everybody_in_it() {
    let all = contracts(&["{}", "{}", "{}"]);
    let cap = cap();
    for (more, reason) in [
        (IN_CALIFORNIA, ReasonCode::FilterMismatch),
        (CLOSED, ReasonCode::ContractClosed),
        (&cap, ReasonCode::CapReached),
        (NO_PLACE, ReasonCode::ConcurrencyFull),
    ] {
        for flat in [true, false] {
            let groups = format!(
                r#""main": {{"method": "waterfall", "members": [{{"to": {{"group": "a"}}, "flat": {flat}}}, {}]}},
                   "a": {{"method": "waterfall", "members": [{{"to": {{"group": "b"}}}}, {}], {more}}},
                   "b": {{"method": "waterfall", "members": [{}]}}"#,
                member(contract(1)),
                member(contract(2)),
                member(contract(3))
            );
            let routes = tree(&groups, 5, &all);
            let got = planned(&routes, &Availability::default());
            assert_eq!(asked(&got), [1]);
            let stopped = got.trace.iter().filter(|l| l.contract != contract(1));
            for line in stopped {
                let Outcome::Refused(refusal) = line.outcome else {
                    panic!("{line:?}");
                };
                assert_eq!(refusal.reason(), reason);
                assert!(routes.explain(line, &plain()).contains("the group `a`"));
            }
        }
    }
}

#[test]
fn turns_are_taken_only_by_attempts_that_are_made() {
    let routes = one_group(
        "weighted",
        &["{}", "{}", r#"{"priority": 1}"#, r#"{"priority": 1}"#],
    );
    let mut turns = Turns::default();
    let mut seen = Vec::new();
    // The second priority is reached at every third opportunity only, and still takes turns evenly.
    for n in 0..12 {
        let got = plan(
            &routes,
            &offer(&plain(), &[]),
            &Availability::default(),
            &turns,
            NOW,
            0,
        );
        let last = if n % 3 == 2 { 2 } else { 0 };
        seen.push(asked(&got)[usize::from(last)]);
        turns.take(&got.turns, last);
    }
    let count = |n| seen.iter().filter(|seen| **seen == n).count();
    assert_eq!(
        (count(1), count(2), count(3), count(4)),
        (4, 4, 2, 2),
        "{seen:?}"
    );
}

#[test]
fn turns_of_opportunities_that_are_planned_together_add_up() {
    let routes = one_group("weighted", &[r#"{"weight": 3}"#, "{}"]);
    let mut turns = Turns::default();
    let mut first = BTreeMap::new();
    for _ in 0..10 {
        let pair = [0, 1].map(|chance| {
            plan(
                &routes,
                &offer(&plain(), &[]),
                &Availability::default(),
                &turns,
                NOW,
                chance,
            )
        });
        for got in pair {
            *first.entry(asked(&got)[0]).or_insert(0) += 1;
            turns.take(&got.turns, 0);
        }
    }
    assert!(
        (14..=16).contains(&first[&1]),
        "three in four of twenty: {first:?}"
    );
    let stored = Turns::stored(turns.credits());
    assert_eq!(stored.credits(), turns.credits());
}

#[test]
fn no_more_attempts_are_planned_than_are_allowed_and_the_others_are_still_eligible() {
    let all = contracts(&["{}", "{}", "{}"]);
    let members: Vec<String> = all.keys().map(|id| member(*id)).collect();
    let groups = format!(
        r#""main": {{"method": "waterfall", "members": [{}]}}"#,
        members.join(",")
    );
    let routes = tree(&groups, 2, &all);
    let got = planned(&routes, &Availability::default());
    assert_eq!(asked(&got), [1, 2]);
    assert_eq!(reasons(&got), [None, None, None]);
    assert_eq!(
        routes.explain(&got.trace[2], &plain()),
        "Could take it; others come first"
    );
}

#[test]
fn all_at_once_is_one_attempt_of_everybody_below() {
    let all = contracts(&["{}", r#"{"paused": true}"#, "{}"]);
    let groups = format!(
        r#""main": {{"method": "simultaneous", "members": [{{"to": {{"group": "a"}}}}, {}]}},
           "a": {{"method": "weighted", "members": [{}, {}]}}"#,
        member(contract(1)),
        member(contract(2)),
        member(contract(3))
    );
    let got = planned(&tree(&groups, 5, &all), &Availability::default());
    let contracts = vec![contract(3), contract(1)];
    assert_eq!(
        got.attempts,
        [Attempt::Together {
            group: 0,
            contracts
        }]
    );
}

#[test]
fn every_cap_that_may_be_asked_is_told_once() {
    let routes = one_group("waterfall", &[&layer(&[&cap()]), "{}"]);
    let ids: Vec<CapId> = routes.limits().iter().map(|l| l.id).collect();
    assert_eq!(ids, [cap_id(1)]);
}

/// A contract with some of the rules, drawn.
fn drawn_layer() -> impl Strategy<Value = String> {
    let parts = prop::sample::subsequence(
        vec![
            FIXED,
            CLOSED,
            IN_CALIFORNIA,
            PREPAID,
            NO_PLACE,
            r#""filter": {"any": [{"tag": {"name": "a", "value": {"is": "1"}}}, {"field": {"name": "score", "value": {"at_least": 50}}}]}"#,
        ],
        0..3,
    );
    (parts, -1..2_i32, 0..4_u32).prop_map(|(parts, priority, weight)| {
        let mut all: Vec<String> = parts.into_iter().map(str::to_owned).collect();
        if all.iter().filter(|p| p.starts_with(r#""filter""#)).count() > 1 {
            all.pop();
        }
        all.push(format!(r#""priority": {priority}, "weight": {weight}"#));
        format!("{{{}}}", all.join(","))
    })
}

proptest! {
    #[test]
    fn a_plan_is_the_same_for_the_same_and_holds_nobody_who_was_refused(
        layers in prop::collection::vec(drawn_layer(), 1..12),
        method in prop::sample::select(Method::ALL),
        inner in prop::sample::select(Method::ALL),
        split in 0..12_usize,
        tag in prop::sample::select(&["0", "1"][..]),
        credits in prop::collection::vec(-5..5_i64, 12),
        chance in any::<u64>(),
    ) {
        let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
        let all = contracts(&layers);
        let members: Vec<String> = all.keys().map(|id| member(*id)).collect();
        let (outside, inside) = members.split_at(split.min(members.len() - 1));
        let outside = outside.iter().map(|m| format!("{m},")).collect::<String>();
        let groups = format!(
            r#""main": {{"method": "{}", "members": [{outside}{{"to": {{"group": "a"}}}}]}},
               "a": {{"method": "{}", "members": [{}]}}"#,
            method.word(), inner.word(), inside.join(",")
        );
        let routes = tree(&groups, 100, &all);
        let tags = tags(&[("a", tag)]);
        let facts = facts(&known(&tags));
        let turns = Turns::stored((1..).map(|n| Turn::Contract(contract(n))).zip(credits));
        let offer = offer(&facts, &[]);
        let decide = || plan(&routes, &offer, &Availability::default(), &turns, NOW, chance);
        let got = decide();
        prop_assert_eq!(&got, &decide());
        prop_assert_eq!(got.trace.len(), all.len());

        let mut asked_by = asked(&got);
        let count = asked_by.len();
        asked_by.sort_unstable();
        asked_by.dedup();
        prop_assert_eq!(asked_by.len(), count, "nobody is asked twice");
        for line in &got.trace {
            let is_asked = asked_by.contains(&line.contract.raw());
            match line.outcome {
                Outcome::Refused(_) => prop_assert!(!is_asked, "{:?}", line),
                Outcome::Eligible { attempt: Some(attempt), .. } => {
                    let attempt = &got.attempts[usize::from(attempt)];
                    prop_assert!(attempt.contracts().contains(&line.contract));
                }
                Outcome::Eligible { attempt: None, .. } => prop_assert!(false, "{:?}", line),
            }
            prop_assert!(!routes.explain(line, &facts).is_empty());
        }
        for change in &got.turns {
            prop_assert_eq!(change.credits.iter().map(|(_, by)| by).sum::<i64>(), 0);
            prop_assert!(usize::from(change.from) < got.attempts.len());
        }
    }
}
