//! A number that stands in blocks: pasted copies show it to everybody until they are refreshed, so nobody else may have it.
//!
//! Every page says which version of its block it carries. A number counts as used while pages tell of a version that
//! carried it, and stays held for a while after the last of them.

use crate::base::Timestamp;
use crate::base::id::{NumberId, SiteId};

/// How long a number is held after a page last told of a block that carries it, in days.
pub const PUBLISHED_HOLD_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

/// The versions of a site's block that carried a number; one for each site it was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The number.
    pub number: NumberId,
    /// The site.
    pub site: SiteId,
    /// The first version; 0 when it is not known.
    pub first: i64,
    /// The last; `None`: the one in force carries it.
    pub last: Option<i64>,
}

impl Published {
    /// Whether the block of this version carried the number.
    #[must_use]
    pub fn carried(&self, version: i64) -> bool {
        self.first <= version && self.last.is_none_or(|last| version <= last)
    }
}

/// A number that no pool, no other site and nobody else may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Whose block shows it.
    pub site: SiteId,
    /// When a page last told of such a block.
    pub seen_at: Timestamp,
    /// Until when it is held; later when another page tells of it.
    pub until: Timestamp,
}

/// The longest hold of a number, if there is one. `seen` tells when a page last told of a version for which a test holds.
#[must_use]
pub fn hold_of(
    published: &[Published],
    seen: impl Fn(SiteId, &dyn Fn(i64) -> bool) -> Option<Timestamp>,
    now: Timestamp,
) -> Option<Hold> {
    let holds = published.iter().filter_map(|published| {
        let seen_at = seen(published.site, &|version| published.carried(version))?;
        let until = seen_at.plus_millis(PUBLISHED_HOLD_DAYS * DAY_MS);
        (now < until).then_some(Hold {
            site: published.site,
            seen_at,
            until,
        })
    });
    holds.max_by_key(|hold| hold.until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_782_907_200_000);

    /// Held until, in days from now, when pages told of versions so many days ago.
    fn held(first: i64, last: Option<i64>, told: &[(i64, i64)]) -> Option<i64> {
        let published = Published {
            number: NumberId::from_raw(1),
            site: SiteId::from_raw(2),
            first,
            last,
        };
        let seen = |site: SiteId, carries: &dyn Fn(i64) -> bool| {
            assert_eq!(site, published.site);
            let of = told.iter().filter(|(version, _)| carries(*version));
            of.map(|(_, days)| NOW.plus_millis(-days * DAY_MS)).max()
        };
        let hold = hold_of(&[published], seen, NOW)?;
        Some(hold.until.millis_since(NOW) / DAY_MS)
    }

    #[test]
    fn a_number_is_held_for_thirty_days_after_the_last_page_that_told_of_it() {
        for (case, first, last, told, until) in [
            ("still in the block", 3, None, &[(3, 1)][..], Some(29)),
            ("an old copy", 3, Some(5), &[(5, 10), (6, 0)], Some(20)),
            (
                "the later of two copies",
                3,
                Some(5),
                &[(3, 4), (4, 9)],
                Some(26),
            ),
            ("only newer copies", 3, Some(5), &[(6, 0)], None),
            ("only older copies", 3, Some(5), &[(2, 0)], None),
            ("no page ever", 3, Some(5), &[], None),
            ("the last copy long gone", 3, Some(5), &[(5, 30)], None),
            ("one more day", 3, Some(5), &[(5, 29)], Some(1)),
            ("since nobody knows when", 0, Some(5), &[(1, 2)], Some(28)),
        ] {
            assert_eq!(held(first, last, told), until, "{case}");
        }
    }
}
