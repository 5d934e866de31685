//! The lines a tracking number forwards to: ones that may be dialled, and that lead to no circle.

use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::PhoneNumber;
use trunkline_core::call::TollRefusal;

use super::{SetupError, invalid};
use crate::directory::Directory;

/// The lines a number forwards to, each with its field.
fn lines(number: &TrackingNumber) -> impl Iterator<Item = (&'static str, PhoneNumber)> {
    let lines = [
        ("business_line", Some(number.business_line)),
        ("second_line", number.second_line),
    ];
    lines
        .into_iter()
        .filter_map(|(field, line)| Some((field, line?)))
}

/// A line that the toll rules never let be dialled is not taken on. One that a number has already stays: other changes of
/// the number must go on when the account's countries became fewer.
pub(super) fn check_lines(
    directory: &Directory,
    number: &TrackingNumber,
) -> Result<(), SetupError> {
    let Some(account) = directory.account(number.account) else {
        return Ok(());
    };
    let before = directory.number(number.id);
    let known = |line| before.is_some_and(|before| lines(before).any(|(_, known)| known == line));
    for (field, line) in lines(number).filter(|(_, line)| !known(*line)) {
        account
            .toll
            .allows(line)
            .map_err(|refusal| invalid(field, never_dialled(refusal)))?;
    }
    Ok(())
}

/// Why a destination is of no use, and what to do.
pub(super) fn never_dialled(refusal: TollRefusal) -> String {
    let todo = match refusal {
        TollRefusal::CountryNotAllowed(country) => format!(
            "write a number elsewhere, or let the operator allow calls to {} in the account's settings",
            country.name()
        ),
        _ => "write the number of an ordinary phone".to_owned(),
    };
    format!("{refusal}; {todo}")
}

/// A tracking number forwards to no tracking number, and nothing of its account rings it.
pub(super) fn check_circle(
    directory: &Directory,
    number: &TrackingNumber,
) -> Result<(), SetupError> {
    for (field, line) in lines(number) {
        if line == number.number {
            return Err(invalid(field, "a tracking number cannot forward to itself"));
        }
        // Whether somebody else's account has a number is nobody's business.
        match directory.number_by_digits(line) {
            Some(other) if other.account == number.account => {
                return Err(invalid(
                    field,
                    "this is a tracking number itself; calls would go in a circle",
                ));
            }
            Some(_) => {
                return Err(invalid(
                    field,
                    "this number cannot be rung from here; write another one",
                ));
            }
            None => {}
        }
    }
    match directory.dialled_by(number.account, number.number) {
        None => Ok(()),
        Some(what) => Err(invalid(
            "number",
            format!("{what} rings this number; calls would go in a circle"),
        )),
    }
}
