//! What is decided about calls, and from what. The calls and rules that these tests share are here; each file is one idea.

mod laws;
mod lists;
mod points;
mod verdicts;

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
        unasked: None,
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
