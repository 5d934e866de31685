//! How one number replaces another on a page.

use crate::base::PhoneNumber;

/// What a page shows in place of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The tracking number.
    pub number: PhoneNumber,
    /// The text to show where digits cannot be replaced one by one, because the numbers differ in
    /// country or length.
    pub formatted: Option<String>,
}

/// The replacement of `target` by `number`. Digits are replaced in place, keeping every printed
/// format, when both belong to the same country code and have as many national digits.
#[must_use]
pub fn replacement(target: PhoneNumber, number: PhoneNumber) -> Replacement {
    let both_north_american = target.is_north_american() && number.is_north_american();
    let in_place = both_north_american || {
        let (a, b) = (target.to_string(), number.to_string());
        let (x, y) = (target.national_digits(), number.national_digits());
        x.len() == y.len() && a.strip_suffix(&x) == b.strip_suffix(&y)
    };
    let formatted = (!in_place).then(|| number.international());
    Replacement { number, formatted }
}
