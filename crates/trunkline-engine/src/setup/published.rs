//! Numbers that stand in blocks: which versions carried which, and what may become of a number that copies still show.

use std::collections::BTreeSet;

use trunkline_core::assignment::published::PUBLISHED_HOLD_DAYS;
use trunkline_core::assignment::{NumberUse, Published, TrackingNumber};
use trunkline_core::base::id::{NumberId, SiteId};

use super::{Setup, SetupError, invalid};
use crate::assignment::Assignments;
use crate::directory::{Change, Directory};

impl Setup {
    /// Writes down which numbers a change is going to take out of the blocks of these sites: pasted copies show them until
    /// they are refreshed. It is written first, so that no crash leaves such a number free; a number that is still in the
    /// block in force counts as in it whatever was written.
    pub(super) async fn note_leaving(
        &self,
        directory: &Directory,
        change: Change<'_>,
        sites: &BTreeSet<SiteId>,
    ) -> Result<(), SetupError> {
        for id in sites.iter().copied() {
            let Some(now) = directory.site(id) else {
                continue;
            };
            let Some(next) = directory.site_after(id, &change) else {
                continue;
            };
            let (carried, carries) = (now.block_numbers(), next.block_numbers());
            for number in carried.difference(&carries) {
                // Whoever removes a number says that nobody ever saw it; what was written goes with it.
                if matches!(change, Change::NoNumber(gone) if gone == *number) {
                    continue;
                }
                let published = left(directory, *number, id, now.site.config_version);
                self.to_change().put_published(&published).await?;
            }
        }
        Ok(())
    }

    /// Writes down which numbers came into the blocks of these sites, and which left them if that is not written yet.
    pub(super) async fn note_blocks(
        &self,
        before: &Directory,
        sites: BTreeSet<SiteId>,
    ) -> Result<(), SetupError> {
        let after = self.directory.now();
        let mut noted = Vec::new();
        for id in sites {
            let Some(now) = after.site(id) else { continue };
            let carried = before.site(id).map(|site| site.block_numbers());
            let (carried, carries) = (carried.unwrap_or_default(), now.block_numbers());
            for number in carries.difference(&carried) {
                let known = before.published(*number).iter().find(|p| p.site == id);
                // What carried it before still counts: there may be old copies of that too.
                let first = known.map_or(now.site.config_version, |known| known.first);
                noted.push(Published {
                    number: *number,
                    site: id,
                    first,
                    last: None,
                });
            }
            for number in carried.difference(&carries) {
                let left = left(before, *number, id, now.site.config_version - 1);
                if !after.published(*number).contains(&left) {
                    noted.push(left);
                }
            }
        }
        if noted.is_empty() {
            return Ok(());
        }
        for published in &noted {
            // A number that was deleted was never shown.
            if after.number(published.number).is_some() {
                self.to_change().put_published(published).await?;
            }
        }
        Ok(self.read_back().await?)
    }
}

/// What is written of a number that leaves a site's block after a version.
fn left(before: &Directory, number: NumberId, site: SiteId, last: i64) -> Published {
    let known = before.published(number).iter().find(|p| p.site == site);
    Published {
        number,
        site,
        first: known.map_or(0, |known| known.first),
        last: Some(last),
    }
}

/// A published number goes into no pool and to no other site while pages may show it, and is given back, only when
/// somebody insists.
pub(super) fn check_hold(
    assignments: &Assignments,
    directory: &Directory,
    number: &TrackingNumber,
) -> Result<(), SetupError> {
    let Some(before) = directory.number(number.id) else {
        return Ok(());
    };
    let Some(hold) = assignments.hold(number.id) else {
        return Ok(());
    };
    let taken = number.kind == NumberUse::Pool && before.kind != NumberUse::Pool;
    let moved = number.site.is_some_and(|site| site != hold.site) && number.site != before.site;
    if !taken && !moved {
        return Ok(());
    }
    let Some(site) = directory.site(hold.site).map(|entry| &entry.site) else {
        return Ok(());
    };
    let name = &site.name;
    let (seen, until) = (site.zone.day(hold.seen_at), site.zone.day(hold.until));
    let (field, cannot) = if taken {
        ("kind", "go into a pool")
    } else {
        ("site", "move to another site")
    };
    Err(invalid(
        field,
        format!(
            "this number cannot {cannot} yet: copies of the block of `{name}` still show this number to everybody, and a page \
             told of one on {seen}. It may on {until}, {PUBLISHED_HOLD_DAYS} days after the last page that tells of it. Paste \
             the block of `{name}` again where it is old, and wait until then; or take another number; or send `insist` when \
             you know that no page shows it"
        ),
    ))
}
