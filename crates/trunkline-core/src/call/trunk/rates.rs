//! The rate card of a trunk: what its carrier takes for a minute of a leg.
//!
//! A caller's leg has one rate. A dialled leg has that of the longest prefix which its number begins with, else the rate of
//! all other numbers; a leg that no rate is for costs something that nobody knows, which is not nothing. Time that is begun
//! is counted whole in steps, and what it costs is rounded up to the micro-unit, leg by leg: what is known of a cost is
//! never less than what the carrier asks for.

use crate::base::{Currency, Money, MoneyError, PhoneNumber};

/// Most prefixes of one card.
pub const PREFIXES_MAX: usize = 1_000;
/// Most digits of a prefix; an E.164 number has no more.
pub const PREFIX_DIGITS_MAX: usize = 15;
/// Longest step in which time is counted, in seconds.
pub const STEP_S_MAX: u16 = 3_600;
/// Most that a minute may cost, in micro-units: 1,000 of the currency, far above the dearest satellite telephone.
pub const PER_MINUTE_MICROS_MAX: i64 = 1_000_000_000;

const MINUTE_S: i64 = 60;

/// The steps in which time is counted, such as 60/60, 30/6 or 1/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increments {
    first_s: u16,
    next_s: u16,
}

impl Increments {
    /// Every second that is begun.
    pub const SECONDS: Self = Self {
        first_s: 1,
        next_s: 1,
    };
    /// Every minute that is begun.
    pub const MINUTES: Self = Self {
        first_s: 60,
        next_s: 60,
    };

    /// Steps of so many seconds: the first, which every answered leg is counted for, and those after it.
    ///
    /// # Errors
    /// When a step is not 1 to [`STEP_S_MAX`] seconds.
    pub const fn new(first_s: u16, next_s: u16) -> Result<Self, RateError> {
        if first_s == 0 || first_s > STEP_S_MAX || next_s == 0 || next_s > STEP_S_MAX {
            return Err(RateError::Step);
        }
        Ok(Self { first_s, next_s })
    }

    /// The first step, in seconds.
    #[must_use]
    pub const fn first_s(self) -> u16 {
        self.first_s
    }

    /// The steps after it, in seconds.
    #[must_use]
    pub const fn next_s(self) -> u16 {
        self.next_s
    }

    /// How many seconds are counted of a leg that was connected for so many milliseconds. The first step is counted of
    /// every leg that was answered, however short.
    #[must_use]
    pub fn counted_s(self, connected_ms: i64) -> i64 {
        let ms = connected_ms.max(0);
        let seconds = ms / 1_000 + i64::from(ms % 1_000 > 0);
        let (first, next) = (i64::from(self.first_s), i64::from(self.next_s));
        let beyond = (seconds - first).max(0);
        let steps = beyond / next + i64::from(beyond % next > 0);
        first.saturating_add(steps.saturating_mul(next))
    }
}

/// What a carrier takes for a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegRate {
    per_minute: Money,
    increments: Increments,
}

impl LegRate {
    /// So much for a minute, counted in such steps.
    ///
    /// # Errors
    /// When it is below zero or more than [`PER_MINUTE_MICROS_MAX`].
    pub const fn new(per_minute: Money, increments: Increments) -> Result<Self, RateError> {
        if per_minute.micros() < 0 || per_minute.micros() > PER_MINUTE_MICROS_MAX {
            return Err(RateError::PerMinute);
        }
        Ok(Self {
            per_minute,
            increments,
        })
    }

    /// For a minute.
    #[must_use]
    pub const fn per_minute(&self) -> Money {
        self.per_minute
    }

    /// How time is counted.
    #[must_use]
    pub const fn increments(&self) -> Increments {
        self.increments
    }

    /// What a leg costs that was connected for so many milliseconds, rounded up to the micro-unit.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn cost_of(&self, connected_ms: i64) -> Result<Money, MoneyError> {
        let counted = self.increments.counted_s(connected_ms);
        self.per_minute.share_up(counted, MINUTE_S)
    }
}

/// The first digits of numbers, country code first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// How many digits it has; shorter ones stand before longer ones.
    length: u8,
    digits: u64,
}

impl Prefix {
    /// Reads digits such as `+1` or `1214`. Spaces are passed over.
    ///
    /// # Errors
    /// For anything else than 1 to [`PREFIX_DIGITS_MAX`] digits of which the first is not 0.
    pub fn parse(text: &str) -> Result<Self, RateError> {
        let wrong = || RateError::Prefix(text.chars().take(32).collect());
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = plain.strip_prefix('+').unwrap_or(&plain);
        // No country code begins with 0 (ITU-T E.164).
        let fits = (1..=PREFIX_DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if !fits {
            return Err(wrong());
        }
        let length = u8::try_from(digits.len()).map_err(|_| wrong())?;
        let digits = digits.parse().map_err(|_| wrong())?;
        Ok(Self { length, digits })
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "+{}", self.digits)
    }
}

/// Why something is no rate card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// A step of no or too many seconds.
    #[error("write steps of 1 to {STEP_S_MAX} seconds, such as 60 and 60, 30 and 6, or 1 and 1")]
    Step,
    /// A price that cannot be one.
    #[error("write 0 to {} for a minute, in units of the currency", PER_MINUTE_MICROS_MAX / crate::base::money::MICROS_PER_UNIT)]
    PerMinute,
    /// Not the first digits of a number.
    #[error(
        "`{0}` begins no number; write 1 to {PREFIX_DIGITS_MAX} digits with the country code first, such as +1 or 1214"
    )]
    Prefix(String),
    /// The same prefix twice.
    #[error("{0} is there twice; leave one of them out")]
    Twice(Prefix),
    /// More prefixes than are looked through.
    #[error("{0} prefixes were written; a card has at most {PREFIXES_MAX}")]
    TooMany(usize),
    /// Rates in several currencies.
    #[error("a rate is in {0} and the card in {1}; a card has one currency")]
    Currency(Currency, Currency),
}

/// What a carrier takes for legs on a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateCard {
    currency: Currency,
    inbound: Option<LegRate>,
    outbound: Option<LegRate>,
    prefixes: Box<[(Prefix, LegRate)]>,
}

impl RateCard {
    /// A card: the rate of callers' legs, that of dialled numbers which no prefix is for, and those of prefixes. Without a
    /// rate nobody knows what a leg costs.
    ///
    /// # Errors
    /// When there are too many prefixes, one of them twice, or a rate in another currency.
    pub fn new(
        currency: Currency,
        inbound: Option<LegRate>,
        outbound: Option<LegRate>,
        mut prefixes: Vec<(Prefix, LegRate)>,
    ) -> Result<Self, RateError> {
        if prefixes.len() > PREFIXES_MAX {
            return Err(RateError::TooMany(prefixes.len()));
        }
        let of_prefixes = prefixes.iter().map(|(_, rate)| rate);
        for rate in inbound.iter().chain(&outbound).chain(of_prefixes) {
            let own = rate.per_minute.currency();
            if own != currency {
                return Err(RateError::Currency(own, currency));
            }
        }
        prefixes.sort_unstable_by_key(|(prefix, _)| *prefix);
        let twice = prefixes.windows(2).find_map(|pair| match pair {
            [(one, _), (other, _)] if one == other => Some(*one),
            _ => None,
        });
        if let Some(prefix) = twice {
            return Err(RateError::Twice(prefix));
        }
        Ok(Self {
            currency,
            inbound,
            outbound,
            prefixes: prefixes.into(),
        })
    }

    /// The currency of its rates.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The rate of callers' legs.
    #[must_use]
    pub const fn inbound(&self) -> Option<LegRate> {
        self.inbound
    }

    /// The rate of dialled numbers that no prefix is for.
    #[must_use]
    pub const fn outbound(&self) -> Option<LegRate> {
        self.outbound
    }

    /// The rates of prefixes: shorter ones first, then by their digits.
    #[must_use]
    pub fn prefixes(&self) -> &[(Prefix, LegRate)] {
        &self.prefixes
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inbound.is_none() && self.outbound.is_none() && self.prefixes.is_empty()
    }

    /// The rate of a leg: a caller's when `to` is `None`, else that to a number. `None`: nobody knows.
    #[must_use]
    pub fn rate_of(&self, to: Option<PhoneNumber>) -> Option<LegRate> {
        let Some(to) = to else {
            return self.inbound;
        };
        self.longest(to).or(self.outbound)
    }

    /// The rate of the longest prefix that a number begins with: its first digits are looked up, one digit fewer each time.
    fn longest(&self, to: PhoneNumber) -> Option<LegRate> {
        let mut digits = to.digits();
        let mut length = u8::try_from(digits.checked_ilog10()? + 1).ok()?;
        while length > 0 {
            let prefix = Prefix { length, digits };
            if let Ok(at) = self.prefixes.binary_search_by_key(&prefix, |(own, _)| *own) {
                return self.prefixes.get(at).map(|(_, rate)| *rate);
            }
            digits /= 10;
            length -= 1;
        }
        None
    }
}
