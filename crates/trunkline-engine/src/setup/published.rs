//! Numbers that stand in blocks: which versions carried which, and what may become of a number that copies still show.

use std::collections::BTreeSet;

use trunkline_core::assignment::published::PUBLISHED_HOLD_DAYS;
use trunkline_core::assignment::{NumberUse, Published, TrackingNumber};
use trunkline_core::base::id::SiteId;

use super::{Setup, SetupError, invalid};
use crate::assignment::Assignments;
use crate::directory::Directory;

impl Setup {
    /// Writes down which numbers came into the blocks of these sites and which left them: pasted copies show those that
    /// left until they are refreshed.
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
                let known = before.published(*number).iter().find(|p| p.site == id);
                noted.push(Published {
                    number: *number,
                    site: id,
                    first: known.map_or(0, |known| known.first),
                    last: Some(now.site.config_version - 1),
                });
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
    Err(invalid(
        if taken { "kind" } else { "site" },
        format!(
            "copies of the block of `{name}` still show this number to everybody; a page told of one on {seen}. It is free on \
             {until}, {PUBLISHED_HOLD_DAYS} days after the last page that tells of it: paste the block of `{name}` again \
             where it is old, take another number, or send `insist` when you know that no page shows it"
        ),
    ))
}
