//! The promises of pools, swaps and the snippet's rules.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use regex::Regex;

use super::block::{SnippetRule, TestKind, snippet_rules};
use super::decide::SourceNumber;
use super::pool::{
    COOL_DOWN_MS, HARD_FLOOR_MS, LOCAL_IDLE_MS, PROVISIONAL_MS, SOFT_FLOOR_MS, STRICT_LOCK_MS,
};
use super::*;
use crate::base::id::{LeaseId, NumberId, PoolId, SessionId, SwapTargetId, VisitorId};
use crate::base::{Area, PhoneNumber, Timestamp};
use crate::visitor::{
    Arrival, Channel, Landing, OwnRule, OwnTest, Source, SourceRules, SourceSelector, classify,
    host_of,
};

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

#[test]
fn the_same_visitor_keeps_its_number_and_two_visitors_never_share_one() {
    let mut pool = pool(false, 2);
    assert_eq!(ask(&mut pool, 1, START), Some(0));
    assert_eq!(ask(&mut pool, 2, START), Some(1));
    assert_eq!(ask(&mut pool, 1, after(600_000)), Some(0));
    assert_eq!(ask(&mut pool, 3, after(10_000)), None);
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

#[test]
fn digits_are_replaced_in_place_only_between_numbers_of_one_shape() {
    let n = |t: &str| PhoneNumber::parse_e164(t).expect("a number");
    assert_eq!(
        replacement(n("+12145550100"), n("+13125550123")).formatted,
        None
    );
    let abroad = replacement(n("+12145550100"), n("+442079460018"));
    assert_eq!(abroad.formatted.as_deref(), Some("+44 20 7946 0018"));
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

/// The rules of a block as the browser compiles them.
fn compiled(rules: &[SnippetRule]) -> Vec<(&SnippetRule, Regex)> {
    let whole =
        |rule: &SnippetRule| Regex::new(&format!("(?i)^(?:{})$", rule.pattern)).expect("a pattern");
    rules.iter().map(|rule| (rule, whole(rule))).collect()
}

/// What the script in the browser does with the rules of its block.
fn browser(rules: &[(&SnippetRule, Regex)], page: &str, referrer: &str) -> Option<u64> {
    let landing = Landing::parse(page)?;
    let referrer = host_of(referrer);
    let (hit, _) = rules.iter().find(|(rule, pattern)| match rule.kind {
        TestKind::Parameters => {
            let values = rule
                .names
                .split(' ')
                .map(|n| landing.parameter(n).unwrap_or(""));
            pattern.is_match(&values.collect::<Vec<_>>().join(" "))
        }
        TestKind::Referrer => referrer.as_deref().is_some_and(|r| pattern.is_match(r)),
        TestKind::Always => true,
    })?;
    hit.numbers[0].map(|n| n.number.digits() - 12_145_550_100)
}

/// What the server would show for the same arrival.
fn server(plan: &SitePlan, owner: &SourceRules, page: &str, referrer: &str) -> Option<u64> {
    let landing = Landing::parse(page)?;
    let source = classify(
        &Arrival {
            landing: &landing,
            referrer,
        },
        &["a.example".to_owned()],
        owner,
    );
    let got = assign(&plan.targets[0], false, &source, &mut BTreeMap::new(), None)?;
    Some(got.replacement.number.digits() - 12_145_550_100)
}

#[test]
fn the_block_in_the_page_shows_what_the_server_would() {
    let pages = [
        "",
        "?gclid=1",
        "?msclkid=1",
        "?fbclid=1",
        "?ttclid=1",
        "?utm_source=google&utm_medium=cpc",
        "?utm_source=Google",
        "?utm_source=google&utm_medium=none",
        "?utm_source=facebook&utm_medium=cpc",
        "?utm_source=instagram&utm_medium=paid_social",
        "?utm_source=mailer&utm_medium=Email",
        "?utm_source=yelp.com&utm_medium=referral",
        "?utm_source=bing&utm_medium=ppc",
        "?utm_medium=cpc",
        "?utm_source=x&utm_medium=social",
        "?utm_source=partner&utm_medium=special",
        "?utm_source=google&utm_medium=cpc&gclid=1",
        "?dclid=1",
        "?utm_source=chatgpt.com",
        "?utm_source=youtube&utm_medium=cpc",
        "?utm_source=amazon",
        "?utm_source=fb&utm_medium=paid",
        "?utm_source=paypal&utm_medium=cpc",
        "?utm_source=podcast&utm_medium=audio",
        "?qr=van+7%2B",
        "?qr=van",
        "?partner=x&gclid=1",
        "?partner=",
        "?utm_source=mailer&utm_medium=email&gclid=1",
        "?gad_source=1",
        "?utm_source=google&utm_medium=paid_ads",
        "?utm_source=facebook&utm_medium=CPV",
        "?utm_source=newspaper.example&utm_medium=cpc",
        "?utm_source=newspaper.example&utm_medium=cpcv",
        "?utm_source=newspaper.example&utm_medium=cpm",
        "?utm_source=newspaper.example&utm_medium=paid-search",
        "?utm_source=newspaper.example&utm_medium=sem",
        "?utm_source=newspaper.example&utm_medium=retargeting",
        "?utm_source=chatgpt&utm_medium=cpc",
        "?utm_medium=email",
        "?utm_medium=special",
        "?utm_medium=none",
        "?utm_medium=whatever",
        "?utm_campaign=spring",
        "?utm_campaign=Spring+Cross-Network+2",
        "?utm_source=google&utm_medium=cpc&utm_campaign=cross-network",
        "?utm_source=partner&utm_medium=special&utm_campaign=a+cross-network+b",
    ];
    let referrers = [
        "",
        "https://www.google.com/",
        "https://www.google.co.uk/",
        "https://google.evil.com/",
        "https://l.facebook.com/",
        "https://www.yelp.com/",
        "https://yelp.com/",
        "https://chatgpt.com/",
        "https://mail.google.com/",
        "https://www.a.example/x",
        "https://other.example/",
        "https://www.youtube.com/watch?v=1",
        "https://www.amazon.de/",
        "https://www.paypal.com/checkout",
        "https://accounts.google.com/",
        "https://suche.web.de/",
        "https://web.de/",
        "https://m.yelp.com/",
        "https://blog.a.example/",
        "https://a.b.c.google.com.au/",
    ];
    let plans = [
        plan(
            vec![selector(Some(Channel::PaidSearch), None, Some("google"))],
            true,
        ),
        plan(
            vec![
                selector(None, None, Some("google")),
                selector(Some(Channel::PaidSocial), None, None),
            ],
            false,
        ),
        plan(
            vec![
                selector(None, Some("cpc"), None),
                selector(None, Some("none"), Some("google")),
                selector(Some(Channel::Email), None, None),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::Referral), None, Some("yelp.com")),
                selector(Some(Channel::Social), None, None),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::PaidSearch), None, None),
                selector(None, Some("special"), None),
                selector(Some(Channel::PaidSocial), None, Some("facebook")),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::Direct), None, None),
                selector(Some(Channel::Referral), None, None),
                selector(Some(Channel::AiAssistant), None, None),
            ],
            false,
        ),
        plan(
            vec![
                selector(Some(Channel::OrganicSearch), None, None),
                selector(Some(Channel::PaidVideo), None, None),
                selector(Some(Channel::OrganicShopping), None, None),
                selector(Some(Channel::Email), None, Some("gmail")),
                selector(None, None, Some("youtube.com")),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::PaidOther), None, None),
                selector(Some(Channel::CrossNetwork), None, None),
                selector(Some(Channel::CrossNetwork), None, Some("google")),
                selector(None, Some("paid_ads"), None),
                selector(Some(Channel::PaidSearch), Some("cpc"), Some("google")),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::Other), None, None),
                selector(Some(Channel::Display), None, None),
                selector(Some(Channel::PaidVideo), Some("cpv"), None),
                selector(Some(Channel::CrossNetwork), Some("cpc"), None),
            ],
            true,
        ),
        plan(vec![], true),
    ];
    let own = |name: &str, when, channel, source: &str| OwnRule {
        name: name.to_owned(),
        when,
        channel,
        medium: "partner".to_owned(),
        source: source.to_owned(),
    };
    let parameter = |name: &str, value: Option<&str>| OwnTest::Parameter {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    };
    let host = |host: &str| OwnTest::Referrer {
        host: host.to_owned(),
    };
    let owners = [
        SourceRules::default(),
        SourceRules {
            own: vec![
                own(
                    "Van",
                    parameter("qr", Some("Van 7+")),
                    Channel::Display,
                    "van",
                ),
                own("Yelp", host("yelp.com"), Channel::PaidSearch, "google"),
                own("Blog", host("blog.a.example"), Channel::Email, "mailer"),
                own(
                    "Any partner",
                    parameter("partner", None),
                    Channel::Direct,
                    "direct",
                ),
            ],
            tags_first: true,
            ignored: vec!["other.example".to_owned(), "google.com".to_owned()],
            ..SourceRules::default()
        },
    ];
    for (index, (plan, owner)) in plans
        .iter()
        .flat_map(|plan| owners.iter().map(move |owner| (plan, owner)))
        .enumerate()
    {
        let rules = snippet_rules(plan, &["www.a.example".to_owned()], owner);
        let rules = compiled(&rules);
        for page in pages {
            for referrer in referrers {
                let page = format!("https://www.a.example/{page}");
                assert_eq!(
                    browser(&rules, &page, referrer),
                    server(plan, owner, &page, referrer),
                    "plan and owner {index}: {page} from {referrer}"
                );
            }
        }
    }
}

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

#[test]
fn a_number_is_released_only_out_of_quarantine() {
    use NumberStage::{InUse, Quarantine, Released, Warming};
    for (from, to, may) in [
        (Warming, InUse, true),
        (InUse, Quarantine, true),
        (InUse, Released, false),
        (Warming, Released, false),
        (Quarantine, Released, true),
        (Quarantine, InUse, true),
        (Released, Quarantine, false),
        (Released, Warming, true),
        (InUse, InUse, true),
    ] {
        assert_eq!(from.may_become(to), may, "{from:?} to {to:?}");
    }
    let shown: Vec<_> = NumberStage::ALL.iter().filter(|s| s.is_shown()).collect();
    assert_eq!(shown, [&InUse]);
    assert!(Quarantine.takes_calls() && Warming.takes_calls() && !Released.takes_calls());
}
