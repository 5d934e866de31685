//! Feeds of numbers and pools, and what distribution rings.

use trunkline_core::assignment::{PoolSettings, TrackingNumber};
use trunkline_core::base::id::{AccountId, FeedId};

use super::{Setup, SetupError, invalid};
use crate::directory::Directory;
use crate::ports::distribution::Delivery;

impl Setup {
    /// A number's feed is one of its account that is in use, and no destination of a buyer rings the number.
    pub(super) fn check_number_feed(
        &self,
        directory: &Directory,
        number: &TrackingNumber,
    ) -> Result<(), SetupError> {
        let before = directory.number(number.id);
        if before.and_then(|before| before.feed) != number.feed {
            self.check_feed(number.account, number.feed)?;
        }
        if before.is_some_and(|before| before.number == number.number) {
            return Ok(());
        }
        let market = self.directory.markets().of(number.account);
        let rings = market.as_ref().and_then(|market| {
            let mut all = market.destinations();
            all.find(|d| d.delivery == Delivery::Phone(number.number) && d.archived_at.is_none())
        });
        match rings {
            None => Ok(()),
            Some(destination) => Err(invalid(
                "number",
                format!(
                    "the destination `{}` rings this number; calls would go in a circle",
                    destination.name
                ),
            )),
        }
    }

    /// A pool's feed is one of its account that is in use.
    pub(super) fn check_pool_feed(
        &self,
        directory: &Directory,
        pool: &PoolSettings,
    ) -> Result<(), SetupError> {
        let before = directory.pool(pool.id).and_then(|p| p.settings.feed);
        if before == pool.feed {
            return Ok(());
        }
        self.check_feed(pool.account, pool.feed)
    }

    fn check_feed(&self, account: AccountId, feed: Option<FeedId>) -> Result<(), SetupError> {
        let Some(id) = feed else { return Ok(()) };
        let market = self.directory.markets().of(account);
        let feed = market.as_ref().and_then(|market| market.feed(id));
        match feed {
            None => Err(invalid("feed", "there is no such feed")),
            Some(feed) if feed.terms.is_none() => Err(invalid(
                "feed",
                "the feed, its campaign or its publisher is put away; take it out again first",
            )),
            Some(_) => Ok(()),
        }
    }
}
