//! What holds of any rules and any call.

use proptest::prelude::*;

use super::*;

fn vouched() -> impl Strategy<Value = Vouched> {
    prop::sample::select(Vouched::ALL)
}

fn earlier() -> impl Strategy<Value = Earlier> {
    prop_oneof![
        Just(Earlier::NotAsked),
        Just(Earlier::Late),
        (0..20_u32, 0..20_u32, prop::option::of(-9_000_000..0_i64)).prop_map(
            |(answered, short, known)| {
                Earlier::Known(EarlierTalks {
                    answered,
                    short: short.min(answered),
                    known_at: known.map(|ms| AT.plus_millis(ms)),
                })
            }
        ),
    ]
}

fn settings() -> impl Strategy<Value = ScreeningSettings> {
    let policy = prop::sample::select(AnonymousPolicy::ALL);
    (
        policy,
        prop::option::of(1..60_u32),
        prop::option::of(60..200_u32),
    )
        .prop_map(|(anonymous, challenge_at, block_at)| ScreeningSettings {
            anonymous,
            challenge_at,
            block_at,
            ..ScreeningSettings::default()
        })
}

proptest! {
    #[test]
    fn an_allowed_caller_is_never_stopped(
        settings in settings(),
        vouched in vouched(),
        earlier in earlier(),
        calls in prop::collection::vec((0..4_000_000_i64, 1..30_i64), 0..64),
        prefix in any::<bool>(),
        chance in any::<u64>(),
    ) {
        let allowed = if prefix { "+1214*" } else { DALLAS };
        let blocked = if prefix { DALLAS } else { "+1*" };
        let lists = [entry(ListKind::Allow, allowed), entry(ListKind::Block, blocked)];
        let rules = ScreeningRules { settings, lists: lists.into_iter().collect() };
        let recent = recent(&calls);
        let facts = CallFacts { vouched, earlier, recent: &recent, ..from(DALLAS) };
        prop_assert_eq!(screen(&rules, &facts, chance).verdict, ScreeningVerdict::Pass);
    }

    #[test]
    fn the_order_of_facts_and_entries_decides_nothing(
        settings in settings(),
        vouched in vouched(),
        earlier in earlier(),
        calls in prop::collection::vec((0..4_000_000_i64, 1..30_i64), 0..64)
            .prop_flat_map(|calls| (Just(calls.clone()), Just(calls).prop_shuffle())),
        listed in prop::collection::vec(prop::sample::select(&["+1*", "+12*", "+1214*", "+44*", NOWHERE][..]), 0..5),
        caller in prop::sample::select(&[DALLAS, NOWHERE][..]),
        chance in any::<u64>(),
    ) {
        let decide = |calls: &[(i64, i64)], entries: &[&str]| {
            let entries = entries.iter().map(|text| entry(ListKind::Block, text));
            let rules = ScreeningRules { settings: settings.clone(), lists: entries.collect() };
            let recent = recent(calls);
            screen(&rules, &CallFacts { vouched, earlier, recent: &recent, ..from(caller) }, chance)
        };
        let backwards: Vec<&str> = listed.iter().rev().copied().collect();
        prop_assert_eq!(decide(&calls.0, &listed), decide(&calls.1, &backwards));
    }

    #[test]
    fn what_earlier_calls_can_change_is_asked_for(
        settings in settings(),
        vouched in vouched(),
        talks in earlier(),
        calls in prop::collection::vec((0..4_000_000_i64, 1..30_i64), 0..64),
        listed in prop::option::of(prop::sample::select(&["+1*", DALLAS][..])),
        caller in prop::sample::select(&[DALLAS, NOWHERE][..]),
    ) {
        // Those blocked by number were blocked after every earlier call.
        let entries = listed.into_iter().map(|text| entry(ListKind::Block, text));
        let rules = ScreeningRules { settings, lists: entries.collect() };
        let recent = recent(&calls);
        let facts = CallFacts { vouched, recent: &recent, ..from(caller) };
        if !asks_for_earlier(&rules, &facts) {
            let with = CallFacts { earlier: talks, ..facts };
            prop_assert_eq!(screen(&rules, &facts, 0).verdict, screen(&rules, &with, 0).verdict);
        }
    }
}
