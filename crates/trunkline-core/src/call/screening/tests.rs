use proptest::prelude::*;

use super::*;
use crate::base::Country;
use crate::base::id::{AccountId, ScreeningEntryId};

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const NUMBER: NumberId = NumberId::from_raw(1);
/// A number that places calls, and one of no assigned range.
const DALLAS: &str = "+12142345678";
const NOWHERE: &str = "+9991234567";

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(text).expect("a number")
}

fn pattern(text: &str) -> CallerPattern {
    CallerPattern::parse(text, Country::US).expect("a pattern")
}

fn entry(list: ListKind, text: &str) -> ListEntry {
    ListEntry {
        id: ScreeningEntryId::from_raw(1),
        account: AccountId::from_raw(9),
        list,
        pattern: pattern(text),
        note: String::new(),
        added_by: None,
        added_at: AT,
        expires_at: None,
    }
}

fn rules(entries: impl IntoIterator<Item = ListEntry>) -> ScreeningRules {
    ScreeningRules {
        settings: ScreeningSettings::default(),
        lists: entries.into_iter().collect(),
    }
}

/// A call of an ordinary number that the carrier knows, with nothing before it.
const fn call(caller: Caller) -> CallFacts<'static> {
    CallFacts {
        caller,
        vouched: Vouched::Partial,
        number: NUMBER,
        at: AT,
        recent: &[],
        earlier: Earlier::NotAsked,
        can_challenge: true,
    }
}

fn from(text: &str) -> CallFacts<'static> {
    call(Caller::Number(number(text)))
}

fn known(at: Timestamp) -> Earlier {
    Earlier::Known(EarlierTalks {
        known_at: Some(at),
        ..EarlierTalks::default()
    })
}

/// Calls of the caller before, so many milliseconds ago, on numbers of these ids.
fn recent(calls: &[(i64, i64)]) -> Vec<RecentCall> {
    let call = |&(ago, number): &(i64, i64)| RecentCall {
        at: AT.plus_millis(-ago),
        number: NumberId::from_raw(number),
    };
    calls.iter().map(call).collect()
}

fn points(settings: &ScreeningSettings, facts: &CallFacts<'_>) -> Vec<(SignKind, i32)> {
    let found = signs::found(settings, facts);
    found.iter().map(|sign| (sign.kind, sign.points)).collect()
}

#[test]
fn the_rules_are_asked_in_their_order() {
    let earlier = AT.plus_millis(-60_000);
    let lists = |allow: &str, block: &str| {
        let some = |list, text: &str| (!text.is_empty()).then(|| entry(list, text));
        rules(
            [some(ListKind::Allow, allow), some(ListKind::Block, block)]
                .into_iter()
                .flatten(),
        )
    };
    for (case, rules, facts, rule, word) in [
        (
            "an allowed number on a blocked range",
            lists(DALLAS, "+1214*"),
            from(DALLAS),
            ScreeningRule::AllowList,
            "pass",
        ),
        (
            "a blocked number in an allowed range",
            lists("+1214*", DALLAS),
            from(DALLAS),
            ScreeningRule::AllowList,
            "pass",
        ),
        (
            "a known caller in a blocked range",
            lists("", "+1214*"),
            CallFacts {
                earlier: known(earlier),
                ..from(DALLAS)
            },
            ScreeningRule::KnownCaller,
            "pass",
        ),
        (
            "a known caller whose number was blocked after",
            lists("", DALLAS),
            CallFacts {
                earlier: known(earlier),
                ..from(DALLAS)
            },
            ScreeningRule::BlockList,
            "block",
        ),
        (
            "a known caller, but the number is forged",
            lists("", "+1214*"),
            CallFacts {
                earlier: known(earlier),
                vouched: Vouched::Forged,
                ..from(DALLAS)
            },
            ScreeningRule::BlockList,
            "block",
        ),
        (
            "a stranger in a blocked range",
            lists("", "+1214*"),
            from(DALLAS),
            ScreeningRule::BlockList,
            "block",
        ),
        (
            "a stranger in a blocked range whose earlier calls are late",
            lists("", "+1214*"),
            CallFacts {
                earlier: Earlier::Late,
                ..from(DALLAS)
            },
            ScreeningRule::Late,
            "pass",
        ),
        (
            "a blocked number whose earlier calls are late",
            lists("", DALLAS),
            CallFacts {
                earlier: Earlier::Late,
                ..from(DALLAS)
            },
            ScreeningRule::BlockList,
            "block",
        ),
        (
            "an ordinary stranger",
            lists("", ""),
            from(DALLAS),
            ScreeningRule::Score,
            "pass",
        ),
        (
            "a withheld number",
            lists("", ""),
            call(Caller::Withheld),
            ScreeningRule::Score,
            "pass",
        ),
    ] {
        let decided = screen(&rules, &facts, 0);
        assert_eq!(
            (decided.rule, decided.verdict.word()),
            (rule, word),
            "{case}"
        );
        assert!(!decided.why.is_empty(), "{case}");
    }
}

#[test]
fn each_sign_has_its_points() {
    use SignKind::*;
    let settings = ScreeningSettings::default();
    let talks = |answered, short| {
        Earlier::Known(EarlierTalks {
            answered,
            short,
            known_at: None,
        })
    };
    let numbers = |count: i64| {
        recent(
            &(1..=count)
                .map(|n| (60_000 * n.min(9), n))
                .collect::<Vec<_>>(),
        )
    };
    let calls = |count: i64| {
        recent(
            &(1..=count)
                .map(|n| (60_000 * (n % 55 + 1), 1))
                .collect::<Vec<_>>(),
        )
    };
    let (three, four, many) = (numbers(3), numbers(4), numbers(40));
    let (ten, eleven, sixty) = (calls(9), calls(10), calls(60));
    let (soon, later) = (recent(&[(1_999, 1)]), recent(&[(2_000, 1)]));
    let (other, old) = (
        recent(&[(500, 2)]),
        recent(&[(600_000, 2), (600_001, 3), (700_000, 4)]),
    );
    let ordinary = from(DALLAS);
    for (case, facts, expected) in [
        ("nothing", ordinary, vec![]),
        (
            "A",
            CallFacts {
                vouched: Vouched::Full,
                ..ordinary
            },
            vec![(Attestation, -20)],
        ),
        (
            "C",
            CallFacts {
                vouched: Vouched::Gateway,
                ..ordinary
            },
            vec![(Attestation, 15)],
        ),
        (
            "none",
            CallFacts {
                vouched: Vouched::Nothing,
                ..ordinary
            },
            vec![(Attestation, 5)],
        ),
        (
            "forged",
            CallFacts {
                vouched: Vouched::Forged,
                ..ordinary
            },
            vec![(Attestation, 60)],
        ),
        ("withheld", call(Caller::Withheld), vec![(Withheld, 25)]),
        ("no number", call(Caller::Invalid), vec![(Unassigned, 40)]),
        ("no range", from(NOWHERE), vec![(Unassigned, 40)]),
        ("premium", from("+19002345678"), vec![(Unassigned, 40)]),
        ("toll-free", from("+18002345678"), vec![]),
        (
            "three numbers",
            CallFacts {
                recent: &three,
                ..ordinary
            },
            vec![],
        ),
        (
            "four numbers",
            CallFacts {
                recent: &four,
                ..ordinary
            },
            vec![(ManyNumbers, 40)],
        ),
        (
            "forty numbers",
            CallFacts {
                recent: &many,
                ..ordinary
            },
            vec![(ManyNumbers, 100), (Hourly, 50)],
        ),
        (
            "long ago",
            CallFacts {
                recent: &old,
                ..ordinary
            },
            vec![],
        ),
        (
            "at once",
            CallFacts {
                recent: &soon,
                ..ordinary
            },
            vec![(Repeat, 30)],
        ),
        (
            "two seconds",
            CallFacts {
                recent: &later,
                ..ordinary
            },
            vec![],
        ),
        (
            "at once on another number",
            CallFacts {
                recent: &other,
                ..ordinary
            },
            vec![],
        ),
        (
            "ten an hour",
            CallFacts {
                recent: &ten,
                ..ordinary
            },
            vec![],
        ),
        (
            "eleven an hour",
            CallFacts {
                recent: &eleven,
                ..ordinary
            },
            vec![(Hourly, 20)],
        ),
        (
            "sixty-one an hour",
            CallFacts {
                recent: &sixty,
                ..ordinary
            },
            vec![(Hourly, 50)],
        ),
        (
            "four short talks",
            CallFacts {
                earlier: talks(4, 4),
                ..ordinary
            },
            vec![],
        ),
        (
            "five short talks",
            CallFacts {
                earlier: talks(5, 4),
                ..ordinary
            },
            vec![(ShortTalks, 25)],
        ),
        (
            "five talks, three short",
            CallFacts {
                earlier: talks(5, 3),
                ..ordinary
            },
            vec![],
        ),
    ] {
        assert_eq!(points(&settings, &facts), expected, "{case}");
    }
}

#[test]
fn a_score_is_compared_with_the_accounts_thresholds() {
    let forged = CallFacts {
        vouched: Vouched::Forged,
        ..from(NOWHERE)
    };
    let one = from(NOWHERE);
    for (case, challenge_at, block_at, facts, word, threshold) in [
        (
            "60 and 40 reach 100",
            None,
            Some(100),
            forged,
            "block",
            Some(100),
        ),
        ("and not 101", None, Some(101), forged, "pass", None),
        ("nobody is refused", None, None, forged, "pass", None),
        (
            "the middle band",
            Some(40),
            Some(100),
            one,
            "challenge",
            Some(40),
        ),
        ("below it", Some(41), Some(100), one, "pass", None),
        ("above it", Some(40), Some(100), forged, "block", Some(100)),
        (
            "nobody can be asked",
            Some(40),
            Some(100),
            CallFacts {
                can_challenge: false,
                ..one
            },
            "pass",
            None,
        ),
        (
            "late",
            Some(40),
            Some(100),
            CallFacts {
                earlier: Earlier::Late,
                ..forged
            },
            "pass",
            None,
        ),
    ] {
        let mut rules = rules([]);
        rules.settings.challenge_at = challenge_at;
        rules.settings.block_at = block_at;
        let decided = screen(&rules, &facts, 7);
        assert_eq!(
            (decided.verdict.word(), decided.threshold),
            (word, threshold),
            "{case}"
        );
        if word == "challenge" {
            assert_eq!(decided.verdict, ScreeningVerdict::Challenge { digit: '7' });
        }
    }
}

#[test]
fn withheld_numbers_follow_their_policy_and_statuses_their_reason() {
    use AnonymousPolicy::*;
    let withheld = call(Caller::Withheld);
    let mute = CallFacts {
        can_challenge: false,
        ..withheld
    };
    for (policy, facts, word) in [
        (Pass, withheld, "pass"),
        (Challenge, withheld, "challenge"),
        (Challenge, mute, "pass"),
        (Block, withheld, "block"),
        (Block, call(Caller::Invalid), "pass"),
    ] {
        let mut rules = rules([]);
        rules.settings.anonymous = policy;
        assert_eq!(screen(&rules, &facts, 0).verdict.word(), word, "{policy:?}");
    }
    let forged = CallFacts {
        vouched: Vouched::Forged,
        ..from(NOWHERE)
    };
    for (refusal, statuses) in [
        (RefusalPolicy::ByReason, [607, 433, 603]),
        (RefusalPolicy::Rejected, [608; 3]),
        (RefusalPolicy::Decline, [603; 3]),
    ] {
        let mut rules = rules([entry(ListKind::Block, DALLAS)]);
        rules.settings.anonymous = Block;
        rules.settings.refusal = refusal;
        let decided = [from(DALLAS), withheld, forged].map(|facts| screen(&rules, &facts, 0));
        let expected = statuses.map(|status| ScreeningVerdict::Block { status });
        assert_eq!(decided.map(|screening| screening.verdict), expected);
    }
}

#[test]
fn screening_that_is_off_lets_everybody_through() {
    let mut rules = rules([entry(ListKind::Block, DALLAS)]);
    rules.settings.on = false;
    assert_eq!(screen(&rules, &from(DALLAS), 0).rule, ScreeningRule::Off);
    assert!(!asks_for_earlier(&rules, &from(DALLAS)));
}

#[test]
fn nobody_asks_for_earlier_calls_that_could_change_nothing() {
    let forged = |text| CallFacts {
        vouched: Vouched::Forged,
        ..from(text)
    };
    for (case, entries, facts, asks) in [
        ("an ordinary stranger", vec![], from(DALLAS), false),
        (
            "55 points, and 25 more at most",
            vec![],
            CallFacts {
                vouched: Vouched::Gateway,
                ..from(NOWHERE)
            },
            false,
        ),
        ("60 and 40 points", vec![], forged(NOWHERE), true),
        (
            "an allowed number",
            vec![entry(ListKind::Allow, NOWHERE)],
            forged(NOWHERE),
            false,
        ),
        (
            "a blocked number",
            vec![entry(ListKind::Block, DALLAS)],
            from(DALLAS),
            false,
        ),
        (
            "a blocked range",
            vec![entry(ListKind::Block, "+1*")],
            from(DALLAS),
            true,
        ),
        (
            "a blocked range, forged",
            vec![entry(ListKind::Block, "+1*")],
            forged(DALLAS),
            false,
        ),
        ("no number", vec![], call(Caller::Withheld), false),
    ] {
        assert_eq!(asks_for_earlier(&rules(entries), &facts), asks, "{case}");
    }
}

#[test]
fn lists_find_a_number_by_itself_and_by_its_beginnings() {
    let ended = ListEntry {
        expires_at: Some(AT),
        ..entry(ListKind::Block, "+1312*")
    };
    let lists: CallerLists = [
        entry(ListKind::Block, DALLAS),
        entry(ListKind::Block, "+1 (900)*"),
        entry(ListKind::Block, "+442079460018*"),
        entry(ListKind::Allow, "+4420*"),
        ended,
    ]
    .into_iter()
    .collect();
    for (caller, blocked, allowed) in [
        (DALLAS, true, false),
        ("+12142345679", false, false),
        ("+19005550100", true, false),
        ("+442079460018", true, true),
        ("+442079460019", false, true),
        ("+13125550100", false, false),
    ] {
        let found = |list| lists.find(list, number(caller), AT).is_some();
        assert_eq!(
            (found(ListKind::Block), found(ListKind::Allow)),
            (blocked, allowed),
            "{caller}"
        );
    }
}

#[test]
fn patterns_read_as_people_write_them() {
    for (text, shown) in [
        ("(214) 234-5678", Some(DALLAS)),
        ("+1 900*", Some("+1900*")),
        ("+44 20 *", Some("+4420*")),
        ("*", None),
        ("+*", None),
        ("900*", None),
        ("+0123*", None),
        ("+123456789012345*", None),
        ("+12x*", None),
        ("nobody", None),
        ("", None),
    ] {
        let read = CallerPattern::parse(text, Country::US)
            .ok()
            .map(|p| p.to_string());
        assert_eq!(read.as_deref(), shown, "{text}");
    }
}

#[test]
fn settings_say_which_field_is_wrong() {
    let changed = |change: fn(&mut ScreeningSettings)| {
        let mut settings = ScreeningSettings::default();
        change(&mut settings);
        settings.check().err().map(|fault| fault.field)
    };
    for (change, field) in [
        ((|_| ()) as fn(&mut ScreeningSettings), None),
        (|s| s.known_talk_s = 0, Some("known_talk_s")),
        (|s| s.block_at = Some(501), Some("block_at")),
        (|s| s.challenge_at = Some(0), Some("challenge_at")),
        (|s| s.challenge_at = Some(100), Some("challenge_at")),
        (|s| s.numbers_max = 0, Some("numbers_max")),
        (|s| s.numbers_minutes = 61, Some("numbers_minutes")),
        (|s| s.hourly_calls_max = 61, Some("hourly_calls_max")),
        (
            |s| s.challenge_text = "Press a key.".to_owned(),
            Some("challenge_text"),
        ),
        (
            |s| s.challenge_text = format!("{{digit}}{}", "x".repeat(300)),
            Some("challenge_text"),
        ),
    ] {
        assert_eq!(changed(change), field);
    }
}

#[test]
fn the_memory_of_callers_is_bounded_and_an_hour_long() {
    let mut memory = RecentCallers::default();
    let account = AccountId::from_raw(9);
    let at = |ms: i64| RecentCall {
        at: AT.plus_millis(ms),
        number: NUMBER,
    };
    let caller = number(DALLAS);
    for calls in 0..100 {
        let before = memory.note(account, caller, at(calls));
        let expected = usize::try_from(calls)
            .expect("a count")
            .min(CALLS_PER_CALLER_MAX);
        assert_eq!(before.len(), expected);
    }
    let other = memory.note(AccountId::from_raw(8), caller, at(100));
    assert!(other.is_empty(), "accounts do not see each other's callers");
    assert_eq!(
        memory.note(account, caller, at(3_600_099)),
        [],
        "an hour later"
    );
    let flood = CALLERS_MAX as u64 * 2;
    for made_up in 0..flood {
        memory.note(
            account,
            PhoneNumber::from_digits(13_000_000_000 + made_up),
            at(3_600_100),
        );
        assert!(memory.len() <= CALLERS_MAX);
    }
    let last = PhoneNumber::from_digits(13_000_000_000 + flood - 1);
    assert_eq!(memory.note(account, last, at(3_600_200)).len(), 1);
}

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
