//! How printed digits are replaced, and the life of a number.

use super::*;

#[test]
fn digits_are_replaced_in_place_only_between_numbers_of_one_shape() {
    let n = |t: &str| PhoneNumber::parse_e164(t).expect("a number");
    assert_eq!(
        replacement(n("+12145550100"), n("+13125550123")).formatted,
        None
    );
    let abroad = replacement(n("+12145550100"), n("+442079460018"));
    assert_eq!(abroad.formatted.as_deref(), Some("+44 20 7946 0018"));
}

#[test]
fn a_number_is_released_only_out_of_quarantine() {
    use NumberStage::{InUse, Quarantine, Released, Warming};
    for (from, to, may) in [
        (Warming, InUse, true),
        (InUse, Quarantine, true),
        (InUse, Released, false),
        (Warming, Released, false),
        (Quarantine, Released, true),
        (Quarantine, InUse, true),
        (Released, Quarantine, false),
        (Released, Warming, true),
        (InUse, InUse, true),
    ] {
        assert_eq!(from.may_become(to), may, "{from:?} to {to:?}");
    }
    let shown: Vec<_> = NumberStage::ALL.iter().filter(|s| s.is_shown()).collect();
    assert_eq!(shown, [&InUse]);
    assert!(Quarantine.takes_calls() && Warming.takes_calls() && !Released.takes_calls());
}
