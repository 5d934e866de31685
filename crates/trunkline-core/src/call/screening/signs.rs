//! The signs of an unwanted call and their points. Each says what it found in words, with the compared numbers.
//!
//! | sign | points |
//! |---|---|
//! | fully attested by the carrier (STIR/SHAKEN A) | −20 |
//! | attested as a gateway only (C) | 15 |
//! | not attested | 5 |
//! | found forged by the carrier | 60 |
//! | number withheld | 25 |
//! | number in no assigned range, or of one that places no calls | 40 |
//! | one more than `numbers_max` different numbers dialled in `numbers_minutes` | 40, and 10 for each further, at most 100 |
//! | the same number dialled again within two seconds | 30 |
//! | more than `hourly_calls_max` calls in an hour | 20, and 2 for each further, at most 50 |
//! | at least 5 earlier answered calls, four of five over within 6 seconds | 25 |

use std::collections::BTreeSet;

use super::settings::ScreeningSettings;
use super::{CallFacts, Caller, Earlier};
use crate::base::{NumberClass, words};

const ATTESTED_POINTS: i32 = -20;
const GATEWAY_POINTS: i32 = 15;
const UNATTESTED_POINTS: i32 = 5;
const FORGED_POINTS: i32 = 60;
const WITHHELD_POINTS: i32 = 25;
const UNASSIGNED_POINTS: i32 = 40;
const NUMBERS_POINTS: i32 = 40;
const NUMBERS_POINTS_EACH: i32 = 10;
const NUMBERS_POINTS_MAX: i32 = 100;
const REPEAT_POINTS: i32 = 30;
const HOURLY_POINTS: i32 = 20;
const HOURLY_POINTS_EACH: i32 = 2;
const HOURLY_POINTS_MAX: i32 = 50;
pub(super) const SHORT_TALKS_POINTS: i32 = 25;

/// A call to the same number again within this time is a machine's, in milliseconds.
const REPEAT_MS: i64 = 2_000;
/// Length of an hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;
/// Length of a minute, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// A talk that is over within this time was none, in milliseconds.
pub const SHORT_TALK_MS: i64 = 6_000;
/// Fewer answered calls say nothing of how long a caller talks.
const TALKS_MIN: u32 = 5;
/// Share of short talks from which they are a sign, in per cent.
const SHORT_PERCENT: u32 = 80;

words! {
    /// What the carrier vouches for (ATIS-1000074).
    Vouched {
        /// Attestation A: the caller and their right to the number.
        Full = "full",
        /// Attestation B: the caller.
        Partial = "partial",
        /// Attestation C: where the call entered.
        Gateway = "gateway",
        /// Nothing.
        Nothing = "nothing",
        /// The signature was looked at and is wrong.
        Forged = "forged",
    }
}

words! {
    /// A kind of sign.
    SignKind {
        /// What the carrier vouches for.
        Attestation = "attestation",
        /// The number is withheld.
        Withheld = "withheld",
        /// The number is none that places calls.
        Unassigned = "unassigned",
        /// Many different numbers were dialled.
        ManyNumbers = "many_numbers",
        /// The same number was dialled again at once.
        Repeat = "repeat",
        /// Many calls in an hour.
        Hourly = "hourly",
        /// Earlier talks were short.
        ShortTalks = "short_talks",
    }
}

/// A sign that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Its kind.
    pub kind: SignKind,
    /// Its points; below 0 it speaks for the call.
    pub points: i32,
    /// What was found, as a sentence without its full stop.
    pub words: String,
    /// What was counted.
    pub value: Option<u32>,
    /// What it was compared with.
    pub limit: Option<u32>,
}

impl Sign {
    fn new(kind: SignKind, points: i32, words: impl Into<String>) -> Self {
        Self {
            kind,
            points,
            words: words.into(),
            value: None,
            limit: None,
        }
    }

    fn compared(mut self, value: u32, limit: u32) -> Self {
        self.value = Some(value);
        self.limit = Some(limit);
        self
    }
}

/// All points together; what speaks for a call never makes them less than none.
pub(super) fn total(signs: &[Sign]) -> u32 {
    let sum: i32 = signs.iter().map(|sign| sign.points).sum();
    u32::try_from(sum).unwrap_or(0)
}

/// The signs of a call.
pub(super) fn found(settings: &ScreeningSettings, facts: &CallFacts<'_>) -> Vec<Sign> {
    [
        attestation(facts),
        shown_number(facts),
        many_numbers(settings, facts),
        repeat(facts),
        hourly(settings, facts),
        short_talks(facts),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn attestation(facts: &CallFacts<'_>) -> Option<Sign> {
    let (points, words) = match facts.vouched {
        Vouched::Full => (ATTESTED_POINTS, "The carrier vouches for the caller (A)"),
        Vouched::Partial => return None,
        Vouched::Gateway => (
            GATEWAY_POINTS,
            "The carrier knows only where the call entered (C)",
        ),
        Vouched::Nothing => (UNATTESTED_POINTS, "No carrier vouches for the caller"),
        Vouched::Forged => (
            FORGED_POINTS,
            "The carrier found the caller's number forged",
        ),
    };
    Some(Sign::new(SignKind::Attestation, points, words))
}

fn shown_number(facts: &CallFacts<'_>) -> Option<Sign> {
    let unassigned = |words| Some(Sign::new(SignKind::Unassigned, UNASSIGNED_POINTS, words));
    match facts.caller {
        Caller::Withheld => {
            let words = "The caller withholds the number";
            Some(Sign::new(SignKind::Withheld, WITHHELD_POINTS, words))
        }
        Caller::Invalid => unassigned("The caller shows digits that are no phone number"),
        Caller::Number(number) => match number.class() {
            NumberClass::Unknown => unassigned("The caller's number lies in no assigned range"),
            NumberClass::Premium | NumberClass::Special => {
                unassigned("The caller's number is of a range that places no calls")
            }
            NumberClass::Ordinary | NumberClass::TollFree => None,
        },
    }
}

fn count(found: usize) -> u32 {
    u32::try_from(found).unwrap_or(u32::MAX)
}

/// Points that grow with what goes beyond a limit.
fn beyond(value: u32, limit: u32, first: i32, each: i32, most: i32) -> i32 {
    let further = i32::try_from(value.saturating_sub(limit).saturating_sub(1)).unwrap_or(i32::MAX);
    first.saturating_add(further.saturating_mul(each)).min(most)
}

fn many_numbers(settings: &ScreeningSettings, facts: &CallFacts<'_>) -> Option<Sign> {
    let (limit, minutes) = (settings.numbers_max, settings.numbers_minutes);
    let since = i64::from(minutes) * MINUTE_MS;
    let lately = facts
        .recent
        .iter()
        .filter(|call| facts.at.millis_since(call.at) < since);
    let numbers: BTreeSet<_> = lately
        .map(|call| call.number)
        .chain([facts.number])
        .collect();
    let dialled = count(numbers.len());
    if dialled <= limit {
        return None;
    }
    let points = beyond(
        dialled,
        limit,
        NUMBERS_POINTS,
        NUMBERS_POINTS_EACH,
        NUMBERS_POINTS_MAX,
    );
    let words =
        format!("Dialled {dialled} different numbers in {minutes} minutes, more than {limit}");
    Some(Sign::new(SignKind::ManyNumbers, points, words).compared(dialled, limit))
}

fn repeat(facts: &CallFacts<'_>) -> Option<Sign> {
    let again = |call: &&super::RecentCall| {
        call.number == facts.number && facts.at.millis_since(call.at) < REPEAT_MS
    };
    facts.recent.iter().find(again)?;
    let words = "Dialled the same number again within 2 seconds";
    Some(Sign::new(SignKind::Repeat, REPEAT_POINTS, words))
}

fn hourly(settings: &ScreeningSettings, facts: &CallFacts<'_>) -> Option<Sign> {
    let limit = settings.hourly_calls_max;
    let lately = facts
        .recent
        .iter()
        .filter(|call| facts.at.millis_since(call.at) < HOUR_MS);
    let calls = count(lately.count()).saturating_add(1);
    if calls <= limit {
        return None;
    }
    let points = beyond(
        calls,
        limit,
        HOURLY_POINTS,
        HOURLY_POINTS_EACH,
        HOURLY_POINTS_MAX,
    );
    let words = format!("Called {calls} times in an hour, more than {limit}");
    Some(Sign::new(SignKind::Hourly, points, words).compared(calls, limit))
}

fn short_talks(facts: &CallFacts<'_>) -> Option<Sign> {
    let Earlier::Known(talks) = facts.earlier else {
        return None;
    };
    let most = u64::from(talks.short) * 100 >= u64::from(talks.answered) * u64::from(SHORT_PERCENT);
    if talks.answered < TALKS_MIN || !most {
        return None;
    }
    let words = format!(
        "{} of {} earlier answered calls were over within {} seconds",
        talks.short,
        talks.answered,
        SHORT_TALK_MS / 1_000
    );
    let sign = Sign::new(SignKind::ShortTalks, SHORT_TALKS_POINTS, words);
    Some(sign.compared(talks.short, talks.answered))
}
