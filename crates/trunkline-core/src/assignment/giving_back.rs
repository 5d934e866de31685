//! Whether a number can be given back to its carrier: not while anybody may still see it.

use crate::base::Timestamp;

use super::number::{NumberStage, NumberUse, TrackingNumber};

/// A number that was printed or carried in a page's block is kept so many days after it was last seen: pages and papers
/// are kept longer than visits.
pub const PUBLISHED_HOLD_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

/// Why a number cannot be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillUsed {
    /// Its pool may show it.
    InPool,
    /// It is shown to visitors of its sources.
    ForSource,
    /// It is printed, or shown to everybody.
    Static,
    /// A visitor holds it.
    Held,
    /// It was seen lately where others may see it too; it may be given back from then on.
    Published(Timestamp),
}

/// Why `number` cannot be given back at `now`; `None` when it can. `held`: a visitor holds it. `last_seen`: when it was
/// last known to be on a page. `in_blocks`: until when copies of a site's block may show it to everybody.
#[must_use]
pub fn still_used(
    number: &TrackingNumber,
    held: bool,
    last_seen: Option<Timestamp>,
    in_blocks: Option<Timestamp>,
    now: Timestamp,
) -> Option<StillUsed> {
    if matches!(number.stage, NumberStage::Warming | NumberStage::InUse) {
        return Some(match number.kind {
            NumberUse::Pool => StillUsed::InPool,
            NumberUse::Source => StillUsed::ForSource,
            NumberUse::Static => StillUsed::Static,
        });
    }
    if held {
        return Some(StillUsed::Held);
    }
    let seen = last_seen.filter(|_| number.kind != NumberUse::Pool);
    let seen = seen.map(|seen| seen.plus_millis(PUBLISHED_HOLD_DAYS * DAY_MS));
    let until = seen.max(in_blocks)?;
    (until > now).then_some(StillUsed::Published(until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PhoneNumber;
    use crate::base::id::{AccountId, NumberId, TrunkId};
    use crate::visitor::SourceSelector;

    const NOW: Timestamp = Timestamp::from_millis(1_782_907_200_000);

    fn number(kind: NumberUse, stage: NumberStage) -> TrackingNumber {
        TrackingNumber {
            id: NumberId::from_raw(1),
            account: AccountId::from_raw(1),
            trunk: TrunkId::from_raw(1),
            number: PhoneNumber::from_digits(12_145_550_100),
            kind,
            label: String::new(),
            site: None,
            target: None,
            pool: None,
            selector: SourceSelector::default(),
            business_line: PhoneNumber::from_digits(12_142_345_678),
            second_line: None,
            flow: None,
            feed: None,
            stage,
            stage_since: NOW,
            created_at: NOW,
        }
    }

    #[test]
    fn a_number_is_given_back_only_when_nobody_can_see_it_any_more() {
        use NumberStage::{InUse, Quarantine, Released, Warming};
        use NumberUse::{Pool, Source, Static};
        let ago = |days: i64| Some(NOW.plus_millis(-days * DAY_MS));
        let until = |days: i64| Some(StillUsed::Published(NOW.plus_millis(days * DAY_MS)));
        let cases = [
            (Pool, InUse, false, None, Some(StillUsed::InPool)),
            (Pool, Warming, false, None, Some(StillUsed::InPool)),
            (Source, InUse, false, None, Some(StillUsed::ForSource)),
            (Static, InUse, false, None, Some(StillUsed::Static)),
            (Pool, Quarantine, true, ago(0), Some(StillUsed::Held)),
            (Pool, Released, true, ago(0), Some(StillUsed::Held)),
            // One visitor saw it, and holds it no longer.
            (Pool, Quarantine, false, ago(1), None),
            (Source, Quarantine, false, ago(1), until(29)),
            (Static, Released, false, ago(29), until(1)),
            (Static, Quarantine, false, ago(30), None),
            (Source, Quarantine, false, None, None),
        ];
        for (kind, stage, held, seen, expected) in cases {
            let told = still_used(&number(kind, stage), held, seen, None, NOW);
            assert_eq!(told, expected, "{kind:?} {stage:?} {held} {seen:?}");
        }
        // Blocks show it to everybody, whatever its kind and stage.
        let blocks = |days: i64| Some(NOW.plus_millis(days * DAY_MS));
        for (kind, stage, seen, in_blocks, expected) in [
            (Pool, Quarantine, ago(1), blocks(5), until(5)),
            (Static, Released, ago(1), blocks(5), until(29)),
            (Source, Released, ago(29), blocks(5), until(5)),
            (Pool, Released, None, blocks(0), None),
        ] {
            let told = still_used(&number(kind, stage), false, seen, in_blocks, NOW);
            assert_eq!(told, expected, "{kind:?} {stage:?} {seen:?} {in_blocks:?}");
        }
    }
}
