//! Money as whole micro-units of one currency; never a float.
//!
//! One micro-unit is a millionth of the currency's unit: 1 USD = 1,000,000, one cent = 10,000.
//! Arithmetic is checked. Rounding to cents happens in one place ([`Money::rounded_to_cents`]), half away
//! from zero, as commercial invoices expect; the difference is an entry of its own on the books. What minutes cost is rounded up
//! to the micro-unit ([`Money::share_up`]).

use std::fmt;
use std::str::FromStr;

/// Micro-units in one unit of a currency.
pub const MICROS_PER_UNIT: i64 = 1_000_000;
/// Micro-units in one cent.
pub const MICROS_PER_CENT: i64 = 10_000;

/// An ISO 4217 currency code of three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::BadCurrency(text.to_owned())),
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why an amount could not be computed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit into 64 bits of micro-units.
    #[error("the amount is too large")]
    Overflow,
    /// Two currencies met in one sum.
    #[error("cannot combine {0} with {1}")]
    CurrencyMismatch(Currency, Currency),
    /// Not three capital letters.
    #[error("`{0}` is not an ISO 4217 currency code such as USD")]
    BadCurrency(String),
    /// Not a decimal number with at most six places.
    #[error("`{0}` is not an amount such as 48.00 with at most six decimals")]
    BadAmount(String),
}

/// An amount of money.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    micros: i64,
    currency: Currency,
}

impl Money {
    /// From micro-units.
    #[must_use]
    pub const fn from_micros(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self {
            micros: 0,
            currency,
        }
    }

    /// Reads a plain decimal such as `-48.005`; at most six decimals, no grouping.
    ///
    /// # Errors
    /// [`MoneyError::BadAmount`] for anything else, [`MoneyError::Overflow`] when too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let bad = || MoneyError::BadAmount(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !plain(whole)
            || !plain(fraction)
            || fraction.len() > 6
            || (digits.contains('.') && fraction.is_empty())
        {
            return Err(bad());
        }
        let units: i64 = whole.parse().map_err(|_| MoneyError::Overflow)?;
        let padded = format!("{fraction:0<6}");
        let part: i64 = padded.parse().map_err(|_| bad())?;
        let micros = units
            .checked_mul(MICROS_PER_UNIT)
            .and_then(|m| m.checked_add(part))
            .ok_or(MoneyError::Overflow)?;
        Ok(Self {
            micros: if negative { -micros } else { micros },
            currency,
        })
    }

    /// The amount in micro-units.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum.
    ///
    /// # Errors
    /// When the currencies differ or the sum does not fit.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let micros = self
            .micros
            .checked_add(other.micros)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }

    /// The difference.
    ///
    /// # Errors
    /// When the currencies differ or the difference does not fit.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let micros = self
            .micros
            .checked_sub(other.micros)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }

    /// `quantity` times the amount.
    ///
    /// # Errors
    /// When the product does not fit.
    pub fn times(self, quantity: i64) -> Result<Self, MoneyError> {
        let micros = self
            .micros
            .checked_mul(quantity)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }

    /// `numerator / denominator` of the amount, rounded half away from zero to a micro-unit.
    ///
    /// # Errors
    /// When the result does not fit or `denominator` is not positive.
    pub fn share(self, numerator: i64, denominator: i64) -> Result<Self, MoneyError> {
        if denominator <= 0 {
            return Err(MoneyError::Overflow);
        }
        let product = i128::from(self.micros) * i128::from(numerator);
        let micros = divide_half_away(product, i128::from(denominator));
        let micros = i64::try_from(micros).map_err(|_| MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }

    /// `numerator / denominator` of the amount, rounded up to a micro-unit: what is asked for is never more than this.
    ///
    /// # Errors
    /// When the result does not fit or `denominator` is not positive.
    pub fn share_up(self, numerator: i64, denominator: i64) -> Result<Self, MoneyError> {
        if denominator <= 0 {
            return Err(MoneyError::Overflow);
        }
        let product = i128::from(self.micros) * i128::from(numerator);
        let by = i128::from(denominator);
        let up = product.div_euclid(by) + i128::from(product.rem_euclid(by) > 0);
        let micros = i64::try_from(up).map_err(|_| MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }

    /// The nearest whole cent, half away from zero: 0.005 becomes 0.01, -0.005 becomes -0.01.
    ///
    /// # Errors
    /// When the rounded amount does not fit.
    pub fn rounded_to_cents(self) -> Result<Self, MoneyError> {
        let cents = divide_half_away(i128::from(self.micros), i128::from(MICROS_PER_CENT));
        let micros =
            i64::try_from(cents * i128::from(MICROS_PER_CENT)).map_err(|_| MoneyError::Overflow)?;
        Ok(Self { micros, ..self })
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

/// Division to the nearest whole number, ties away from zero; `by` is positive.
fn divide_half_away(value: i128, by: i128) -> i128 {
    let magnitude = (value.abs() * 2 + by) / (by * 2);
    if value < 0 { -magnitude } else { magnitude }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.micros < 0 { "-" } else { "" };
        let magnitude = self.micros.unsigned_abs();
        let units = magnitude / MICROS_PER_UNIT.unsigned_abs();
        let part = magnitude % MICROS_PER_UNIT.unsigned_abs();
        let text = format!("{part:06}");
        let decimals = text.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{units}.{} {}", &text[..decimals], self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).expect("an amount")
    }

    #[test]
    fn amounts_read_and_print_without_losing_a_micro() {
        for (text, micros) in [
            ("0", 0),
            ("48", 48_000_000),
            ("48.00", 48_000_000),
            ("0.0062", 6_200),
            ("-31.5", -31_500_000),
            ("0.000001", 1),
        ] {
            assert_eq!(usd(text).micros(), micros, "{text}");
        }
        assert_eq!(usd("0.0062").to_string(), "0.0062 USD");
        assert_eq!(usd("-31.5").to_string(), "-31.50 USD");
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "1,5",
            "1e3",
            "0.0000001",
            "--1",
            "+1",
            " 1",
        ] {
            assert!(Money::parse(bad, Currency::USD).is_err(), "{bad}");
        }
    }

    #[test]
    fn rounding_to_cents_goes_half_away_from_zero() {
        for (text, cents) in [
            ("0.005", "0.01"),
            ("-0.005", "-0.01"),
            ("0.004999", "0"),
            ("1.255", "1.26"),
        ] {
            assert_eq!(usd(text).rounded_to_cents(), Ok(usd(cents)), "{text}");
        }
    }

    #[test]
    fn overflow_and_foreign_currencies_are_refused() {
        let most = Money::from_micros(i64::MAX, Currency::USD);
        assert_eq!(most.plus(usd("0.000001")), Err(MoneyError::Overflow));
        let euro: Currency = "EUR".parse().expect("a currency");
        assert!(matches!(
            usd("1").plus(Money::zero(euro)),
            Err(MoneyError::CurrencyMismatch(..))
        ));
        assert!("usd".parse::<Currency>().is_err());
    }
}
