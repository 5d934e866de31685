//! Which rule decides, and what it makes of a call.

use super::*;

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
                unasked: Some(Unasked::NotSpoken),
                ..one
            },
            "pass",
            Some(40),
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
        unasked: Some(Unasked::Unable),
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
fn who_should_press_a_key_that_nobody_can_ask_for_is_let_through_and_the_reason_is_told() {
    let mut rules = rules([]);
    rules.settings.challenge_at = Some(40);
    rules.settings.anonymous = AnonymousPolicy::Challenge;
    for unasked in Unasked::ALL.iter().copied() {
        for caller in [Caller::Number(number(NOWHERE)), Caller::Withheld] {
            let facts = CallFacts {
                unasked: Some(unasked),
                ..call(caller)
            };
            let decided = screen(&rules, &facts, 0);
            assert_eq!(
                (decided.verdict, decided.rule),
                (ScreeningVerdict::Pass, ScreeningRule::Unasked)
            );
            assert!(decided.why.contains(unasked.phrase()), "{}", decided.why);
            assert!(decided.is_telling());
        }
    }
    // What points alone refuse is refused all the same.
    rules.settings.block_at = Some(80);
    let facts = CallFacts {
        unasked: Some(Unasked::NoEngine),
        vouched: Vouched::Forged,
        ..call(Caller::Withheld)
    };
    assert!(screen(&rules, &facts, 0).blocks());
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
