//! What may not be changed of a number that a carrier charges for, and of one that was given back.

use trunkline_core::assignment::{NumberStage, TrackingNumber};

use super::{SetupError, invalid};
use crate::directory::Directory;

/// A number that is held at a carrier stays where its account is, so that it can be given back there; one that was given
/// back rings for somebody else now.
pub(super) fn check_holding(
    directory: &Directory,
    number: &TrackingNumber,
) -> Result<(), SetupError> {
    let Some(before) = directory.number(number.id) else {
        return Ok(());
    };
    if directory.is_given_back(number.id) {
        if number.stage != NumberStage::Released {
            return Err(invalid(
                "stage",
                "this number was given back to its carrier; buy it again to use it",
            ));
        }
        return Ok(());
    }
    let Some(holding) = directory.holding(number.id) else {
        return Ok(());
    };
    if number.number != before.number {
        return Err(invalid(
            "number",
            "the carrier charges for this number; give it back, and add the other one as a new number",
        ));
    }
    let there = directory.carrier(number.trunk).map(|c| c.whose());
    if number.trunk != before.trunk && (there.is_none() || there != holding.by) {
        return Err(invalid(
            "trunk",
            "the account at the carrier that this number was bought with is not the one of that trunk; give the number back \
             first, or choose a trunk with the same account",
        ));
    }
    Ok(())
}
