//! Giving a number back to its carrier: only one that nobody can see any more, and only when a person repeats it.

use std::sync::Arc;

use trunkline_core::assignment::giving_back::{PUBLISHED_HOLD_DAYS, StillUsed, still_used};
use trunkline_core::assignment::{NumberStage, TrackingNumber};
use trunkline_core::base::{PhoneNumber, Timestamp};

use super::{Supply, SupplyError, invalid, not_there};
use crate::ports::carriers::{CarrierError, CarrierName};

const DAY_MS: i64 = 86_400_000;
/// A visitor whose page showed the number within this time holds it, in milliseconds.
const HELD_MS: i64 = 300_000;

impl Supply {
    /// Gives a number back to the carrier, when it is repeated. It takes no calls from then on; its history stays.
    ///
    /// # Errors
    /// When something else is repeated, the number is in use, or the carrier refuses.
    pub async fn give_back(
        self: &Arc<Self>,
        number: &TrackingNumber,
        repeated: PhoneNumber,
    ) -> Result<TrackingNumber, SupplyError> {
        if repeated != number.number {
            return Err(invalid(
                "number",
                "repeat the number that is to be given back",
            ));
        }
        if self.directory.now().is_given_back(number.id) {
            return Err(SupplyError::Conflict(
                "this number was given back already".to_owned(),
            ));
        }
        if let Some(why) = self.still_used(number).await? {
            return Err(SupplyError::Conflict(reason(why)));
        }
        let (whole, number) = (Arc::clone(self), number.clone());
        let giving = tokio::spawn(async move { whole.give(number).await });
        giving.await.map_err(|_| {
            SupplyError::Carrier(CarrierError::Unclear(
                "it ended early; do it again".to_owned(),
            ))
        })?
    }

    async fn give(&self, mut number: TrackingNumber) -> Result<TrackingNumber, SupplyError> {
        let carrier = self.carrier(number.trunk)?;
        let holding = self.directory.now().holding(number.id).cloned();
        let bought = holding.and_then(|h| h.by.map(|by| (by, h.name)));
        let name = match bought {
            // In another account its name says nothing, and what is not there is still paid for in its own.
            Some((by, _)) if by != carrier.whose() => {
                return Err(SupplyError::Conflict(elsewhere(&by)));
            }
            Some((_, name)) => name,
            // One that was claimed by hand, and is of this account.
            None => {
                let held = self.carriers.find(&carrier, number.number).await?;
                held.ok_or_else(|| not_there(&number))?.name
            }
        };
        self.carriers.give_back(&carrier, &name).await?;
        tracing::info!(
            number = number.number.masked(),
            "a number was given back to its carrier"
        );
        // It may have been changed while the carrier was asked.
        if let Some(now) = self.directory.now().number(number.id) {
            number = TrackingNumber::clone(now);
        }
        if number.stage != NumberStage::Released {
            number.stage = NumberStage::Released;
            number.stage_since = self.now();
            self.setup.put_number(&number).await?;
        }
        let noted = self.records.given_back(number.id, self.now());
        self.setup.change_elsewhere(noted).await?;
        Ok(number)
    }

    /// Why a number cannot be given back; what is not known counts against it.
    async fn still_used(&self, number: &TrackingNumber) -> Result<Option<StillUsed>, SupplyError> {
        let now = self.now();
        let since = now.plus_millis(-PUBLISHED_HOLD_DAYS * DAY_MS);
        let shown = self.history.showings_of(number.id, since, now, 1).await?;
        let seen_now = number
            .site
            .map(|site| self.assignments.visible_now(site, number.id, true))
            .unwrap_or_default();
        let seen = shown.iter().chain(&seen_now).map(|s| s.last_visible);
        let last: Option<Timestamp> = seen.max();
        let held = last.is_some_and(|last| now.millis_since(last) < HELD_MS);
        let in_blocks = self.assignments.hold(number.id).map(|hold| hold.until);
        Ok(still_used(number, held, last, in_blocks, now))
    }
}

fn elsewhere(by: &CarrierName) -> String {
    let account = if by.user.is_empty() {
        "another account".to_owned()
    } else {
        format!("the account {}", by.user)
    };
    format!(
        "this number was bought with {account} at {}; connect that one to the trunk again to give it back",
        by.dialect.word()
    )
}

fn reason(why: StillUsed) -> String {
    let quarantine = "put it into quarantine first, so that it is shown to nobody any more";
    match why {
        StillUsed::InPool => format!("this number is in a pool; {quarantine}"),
        StillUsed::ForSource => {
            format!("this number is shown to visitors of its sources; {quarantine}")
        }
        StillUsed::Static => format!("this number is in use as a static number; {quarantine}"),
        StillUsed::Held => {
            "a visitor has this number on the screen now; try again in a few minutes".to_owned()
        }
        StillUsed::Published(until) => format!(
            "this number was seen on a page within {PUBLISHED_HOLD_DAYS} days; it can be given back from {} on",
            until.to_rfc3339().get(..10).unwrap_or("then")
        ),
    }
}
