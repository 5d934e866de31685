//! Toll-fraud limits: what an account may dial, and how much of it.

use crate::base::{Callee, Country, Money, NumberClass, PhoneNumber, words};

/// Limits of one account on outgoing legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TollPolicy {
    /// Countries that may be dialled.
    pub countries_allowed: Vec<Country>,
    /// Most calls of the account at one time.
    pub concurrent_calls_max: u32,
    /// Most minutes of outgoing legs in one day of the account's zone.
    pub daily_minutes_max: u32,
    /// Most money of outgoing legs in one day of the account's zone, as far as the trunks' rate cards tell; `None`: however
    /// much.
    pub daily_spend_max: Option<Money>,
}

impl Default for TollPolicy {
    fn default() -> Self {
        Self {
            countries_allowed: vec![Country::US],
            concurrent_calls_max: 100,
            daily_minutes_max: 10_000,
            daily_spend_max: None,
        }
    }
}

/// What the account has used, as known when a leg is about to be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TollUse {
    /// Calls in progress, this one included.
    pub concurrent_calls: u32,
    /// Minutes of outgoing legs today, begun minutes counted whole.
    pub minutes_today: u32,
    /// What outgoing legs cost today, those of calls in progress by what they cost so far; `None`: nobody knows, or
    /// nobody asks.
    pub spent_today: Option<Money>,
}

/// Why a destination is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TollRefusal {
    /// Premium and shared-cost ranges are never dialled.
    #[error("premium-rate numbers are never dialled")]
    PremiumRange,
    /// The digits name no assigned range, so neither its country nor its price is known.
    #[error("the number lies in no assigned range")]
    UnassignedRange,
    /// The number's country is not on the account's list.
    #[error("calls to {} are not allowed for this account", .0.name())]
    CountryNotAllowed(Country),
    /// Too many calls at once.
    #[error("the account already has {limit} calls in progress")]
    TooManyCalls {
        /// The limit.
        limit: u32,
    },
    /// The day's minutes are spent.
    #[error("the account has used its {limit} minutes of today")]
    MinutesSpent {
        /// The limit.
        limit: u32,
    },
    /// The day's money is spent.
    #[error(
        "the account has spent {spent} on outgoing calls today, and {limit} is the most for a day"
    )]
    MoneySpent {
        /// What was spent.
        spent: Money,
        /// The limit.
        limit: Money,
    },
}

impl TollRefusal {
    /// The rule behind it.
    #[must_use]
    pub const fn rule(self) -> TollRule {
        match self {
            Self::PremiumRange => TollRule::PremiumRange,
            Self::UnassignedRange => TollRule::UnassignedRange,
            Self::CountryNotAllowed(_) => TollRule::CountryNotAllowed,
            Self::TooManyCalls { .. } => TollRule::TooManyCalls,
            Self::MinutesSpent { .. } => TollRule::MinutesSpent,
            Self::MoneySpent { .. } => TollRule::MoneySpent,
        }
    }

    /// The word of its rule.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.rule().word()
    }
}

words! {
    /// A rule that keeps a destination from being dialled.
    TollRule {
        /// Premium and shared-cost ranges.
        PremiumRange = "premium_range",
        /// Digits in no assigned range.
        UnassignedRange = "unassigned_range",
        /// A country that is not on the account's list.
        CountryNotAllowed = "country_not_allowed",
        /// Too many calls at once.
        TooManyCalls = "too_many_calls",
        /// The minutes of the day are spent.
        MinutesSpent = "minutes_spent",
        /// The money of the day is spent.
        MoneySpent = "money_spent",
    }
}

impl TollPolicy {
    /// Whether `to` is a number that may be dialled at all, however much the account has used.
    ///
    /// # Errors
    /// The first rule that forbids it.
    pub fn allows(&self, to: PhoneNumber) -> Result<(), TollRefusal> {
        let class = to.class();
        match class {
            NumberClass::Premium | NumberClass::Special => return Err(TollRefusal::PremiumRange),
            NumberClass::Unknown => return Err(TollRefusal::UnassignedRange),
            NumberClass::Ordinary | NumberClass::TollFree => {}
        }
        match to.country() {
            Some(country) if self.countries_allowed.contains(&country) => {}
            // Toll-free numbers of North America belong to no single country of the plan.
            None if class == NumberClass::TollFree
                && to.is_north_american()
                && self.countries_allowed.contains(&Country::US) => {}
            Some(country) => return Err(TollRefusal::CountryNotAllowed(country)),
            None => return Err(TollRefusal::UnassignedRange),
        }
        Ok(())
    }

    /// Whether `to` may be dialled now. No carrier is paid for a SIP address: which country it is in, how many minutes
    /// were used and what they cost says nothing about it, how many calls there are does.
    ///
    /// # Errors
    /// The first limit that forbids it.
    pub fn permit(&self, to: &Callee, used: TollUse) -> Result<(), TollRefusal> {
        let number = to.number();
        if let Some(number) = number {
            self.allows(number)?;
        }
        if used.concurrent_calls > self.concurrent_calls_max {
            return Err(TollRefusal::TooManyCalls {
                limit: self.concurrent_calls_max,
            });
        }
        if number.is_some() && used.minutes_today >= self.daily_minutes_max {
            return Err(TollRefusal::MinutesSpent {
                limit: self.daily_minutes_max,
            });
        }
        if number.is_some()
            && let (Some(limit), Some(spent)) = (self.daily_spend_max, used.spent_today)
            && spent.currency() == limit.currency()
            && spent.micros() >= limit.micros()
        {
            return Err(TollRefusal::MoneySpent { spent, limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordinary_numbers_of_allowed_countries_are_dialled() {
        let policy = TollPolicy::default();
        let check = |text: &str| {
            let number = PhoneNumber::parse_e164(text).expect("a number");
            policy
                .permit(&number.into(), TollUse::default())
                .map_err(TollRefusal::word)
        };
        for (to, expected) in [
            ("+12142345678", Ok(())),
            ("+18002345678", Ok(())),
            ("+19002345678", Err("premium_range")),
            ("+18762345678", Err("country_not_allowed")),
            ("+442079460018", Err("country_not_allowed")),
            ("+882162345678", Err("unassigned_range")),
            ("+9991234567", Err("unassigned_range")),
        ] {
            assert_eq!(check(to), expected, "{to}");
        }
    }

    #[test]
    fn a_refusal_names_the_country() {
        let policy = TollPolicy::default();
        let abroad = PhoneNumber::from_digits(442_079_460_018);
        let told = policy.allows(abroad).map_err(|refusal| refusal.to_string());
        let expected = "calls to the United Kingdom are not allowed for this account";
        assert_eq!(told, Err(expected.to_owned()));
    }

    #[test]
    fn minutes_and_concurrency_have_an_end() {
        let policy = TollPolicy {
            concurrent_calls_max: 2,
            daily_minutes_max: 10,
            ..TollPolicy::default()
        };
        let number = Callee::Number(PhoneNumber::from_digits(12_142_345_678));
        let address = crate::base::SipAddress::parse("sip:sales@pbx.example");
        let address = Callee::Sip(address.expect("an address"));
        let permit = |to: &Callee, concurrent_calls, minutes_today| {
            policy.permit(
                to,
                TollUse {
                    concurrent_calls,
                    minutes_today,
                    ..TollUse::default()
                },
            )
        };
        let many = Err(TollRefusal::TooManyCalls { limit: 2 });
        assert_eq!(permit(&number, 2, 9), Ok(()));
        assert_eq!(permit(&number, 3, 0), many);
        let spent = Err(TollRefusal::MinutesSpent { limit: 10 });
        assert_eq!(permit(&number, 1, 10), spent);
        assert_eq!(permit(&address, 2, 10), Ok(()), "nobody is paid for it");
        assert_eq!(permit(&address, 3, 0), many);
    }
    #[test]
    fn money_has_an_end_where_a_limit_is_set_and_the_use_is_known() {
        let usd = |text: &str| Money::parse(text, crate::base::Currency::USD).expect("an amount");
        let number = Callee::Number(PhoneNumber::from_digits(12_142_345_678));
        let address = crate::base::SipAddress::parse("sip:sales@pbx.example");
        let address = Callee::Sip(address.expect("an address"));
        let permit = |to: &Callee, limit: Option<&str>, spent: Option<&str>| {
            let policy = TollPolicy {
                daily_spend_max: limit.map(usd),
                ..TollPolicy::default()
            };
            let used = TollUse {
                spent_today: spent.map(usd),
                ..TollUse::default()
            };
            let refused = policy
                .permit(to, used)
                .map_err(|refusal| refusal.to_string());
            refused.err()
        };
        assert_eq!(permit(&number, Some("25"), Some("24.999999")), None);
        assert_eq!(
            permit(&number, Some("25"), Some("25")).as_deref(),
            Some(
                "the account has spent 25.00 USD on outgoing calls today, and 25.00 USD is the most for a day"
            )
        );
        assert!(permit(&number, Some("0"), Some("0")).is_some());
        assert_eq!(permit(&number, None, Some("9000")), None);
        assert_eq!(permit(&number, Some("25"), None), None, "nobody knows");
        assert_eq!(
            permit(&address, Some("25"), Some("26")),
            None,
            "nobody is paid"
        );
    }
}
