//! What an account writes: lists, patterns, settings; and the memory of callers beside them.

use super::*;

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
