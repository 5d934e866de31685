//! How a call is shown to a destination: From, P-Asserted-Identity, Privacy and Diversion. Pure.

use trunkline_core::base::{Country, PhoneNumber};
use trunkline_engine::call::trunk::TrunkSettings;

use super::CallerId;

/// User parts and the headers made of them, as the trunk wants numbers written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Presentation {
    /// User part of From; `None`: anonymous.
    pub(super) from: Option<String>,
    /// User part of P-Asserted-Identity.
    pub(super) asserted: Option<String>,
    /// Whether `Privacy: id` is asked for.
    pub(super) private: bool,
    /// User part of Diversion.
    pub(super) diversion: Option<String>,
}

/// How `caller` is shown over a trunk when the tracking number `redirected_by` was dialled.
pub(super) fn present(
    trunk: &TrunkSettings,
    instance: Country,
    caller: &CallerId,
    redirected_by: Option<PhoneNumber>,
) -> Presentation {
    let write = |number: PhoneNumber| trunk.formats.write(number, instance);
    let policy = &trunk.caller_id;
    let from = match caller {
        CallerId::Number(number) => Some(write(*number)),
        CallerId::AsSignalled(user) => Some(user.clone()).filter(|user| is_plain_user(user)),
        CallerId::Withheld => None,
    };
    let known = match caller {
        CallerId::Number(number) => Some(*number),
        // Who hides, or is no number, is vouched for with ours.
        CallerId::AsSignalled(_) | CallerId::Withheld => redirected_by,
    };
    let diverted = redirected_by.filter(|number| *caller != CallerId::Number(*number));
    Presentation {
        private: policy.asserted && from.is_none(),
        from,
        asserted: known.filter(|_| policy.asserted).map(write),
        diversion: diverted.filter(|_| policy.diversion).map(write),
    }
}

/// A user part that may be passed on as it was signalled.
fn is_plain_user(user: &str) -> bool {
    (1..=64).contains(&user.len())
        && user
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-_.*".contains(&b))
}

#[cfg(test)]
mod tests {
    use trunkline_core::call::trunk::{CallerIdPolicy, NumberFormats, NumberStyle};

    use super::*;

    #[test]
    fn a_caller_is_shown_as_the_trunk_wants_it() {
        let caller = CallerId::Number(PhoneNumber::from_digits(12_145_550_100));
        let ours = PhoneNumber::from_digits(13_125_550_100);
        let text = |user: &str| CallerId::AsSignalled(user.to_owned());
        let plain = (false, false);
        let all = (true, true);
        // from, asserted, private, diversion
        for (caller, (asserted, diversion), shown) in [
            (&caller, plain, "12145550100 - false -"),
            (&caller, all, "12145550100 12145550100 false 13125550100"),
            (&CallerId::Withheld, plain, "- - false -"),
            (&CallerId::Withheld, all, "- 13125550100 true 13125550100"),
            (&text("bob"), all, "bob 13125550100 false 13125550100"),
            (&text("a b\r\nX: y"), all, "- 13125550100 true 13125550100"),
            (
                &CallerId::Number(ours),
                all,
                "13125550100 13125550100 false -",
            ),
        ] {
            let trunk = TrunkSettings {
                formats: NumberFormats {
                    style: NumberStyle::E164,
                    ..NumberFormats::default()
                },
                caller_id: CallerIdPolicy {
                    asserted,
                    diversion,
                    ..CallerIdPolicy::default()
                },
                ..TrunkSettings::default()
            };
            let got = present(&trunk, Country::US, caller, Some(ours));
            let or_dash = |user: Option<String>| user.unwrap_or_else(|| "-".to_owned());
            let told = format!(
                "{} {} {} {}",
                or_dash(got.from),
                or_dash(got.asserted),
                got.private,
                or_dash(got.diversion)
            );
            assert_eq!(told, shown, "{caller:?}");
        }
    }
}
