//! How a carrier writes phone numbers, in both directions.

use crate::base::{Country, PhoneNumber, words};

/// Longest prefix of any kind, in characters.
pub const PREFIX_MAX: usize = 12;
/// Fewest digits of a number; fewer are a short code or an extension.
const DIGITS_MIN: usize = 7;
/// Most digits of a number written without its country code.
const NATIONAL_DIGITS_MAX: usize = 10;

words! {
    /// How a number is written to the carrier.
    #[derive(Default)]
    NumberStyle {
        /// `+12145550100`.
        #[default]
        E164Plus = "e164_plus",
        /// `12145550100`.
        E164 = "e164",
        /// As dialled inside the home country: `2145550100`, `02079460018`; other countries with the international prefix.
        National = "national",
    }
}

/// The number formats of a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberFormats {
    /// How numbers are written to the carrier.
    pub style: NumberStyle,
    /// The country in which numbers without a country code are read and written; `None`: that of the instance.
    pub country: Option<Country>,
    /// What stands before numbers of other countries in the national style, such as 011; empty: a plus sign.
    pub international_prefix: String,
    /// What the carrier puts before the number that was dialled, and what is taken off.
    pub prefix_in: String,
    /// What is put before numbers that are dialled.
    pub prefix_out: String,
}

impl NumberFormats {
    /// A number as the carrier signals it: a caller, or one that redirected the call.
    #[must_use]
    pub fn read(&self, text: &str, instance: Country) -> Option<PhoneNumber> {
        let home = self.country.unwrap_or(instance);
        let digits = text.trim_start_matches('+');
        let plain = |b: u8| b.is_ascii_digit() || b"-.()".contains(&b);
        if digits.len() < DIGITS_MIN || !digits.bytes().all(plain) {
            return None;
        }
        let international = |digits: &str| PhoneNumber::parse(&format!("+{digits}"), home).ok();
        let national = || PhoneNumber::parse(text, home).ok();
        if text.starts_with('+') {
            return international(digits);
        }
        let abroad = Some(self.international_prefix.as_str())
            .filter(|prefix| !prefix.is_empty() && self.style == NumberStyle::National);
        if let Some(rest) = abroad.and_then(|prefix| text.strip_prefix(prefix)) {
            return international(rest);
        }
        // Carriers leave the plus sign out more often than the country code.
        let with_country = self.style != NumberStyle::National
            && digits.len() > NATIONAL_DIGITS_MAX
            && !digits.starts_with('0');
        if with_country {
            international(digits).or_else(national)
        } else {
            national().or_else(|| international(digits))
        }
    }

    /// The number that was dialled, as the carrier signals it.
    #[must_use]
    pub fn read_dialled(&self, text: &str, instance: Country) -> Option<PhoneNumber> {
        let rest = text.strip_prefix(self.prefix_in.as_str()).unwrap_or(text);
        self.read(rest, instance)
    }

    /// A number as the carrier wants to be told a caller.
    #[must_use]
    pub fn write(&self, number: PhoneNumber, instance: Country) -> String {
        let home = self.country.unwrap_or(instance);
        match self.style {
            NumberStyle::E164Plus => number.to_string(),
            NumberStyle::E164 => number.digits().to_string(),
            NumberStyle::National if is_inside(number, home) => {
                let national = number.national();
                national.chars().filter(char::is_ascii_digit).collect()
            }
            NumberStyle::National if self.international_prefix.is_empty() => number.to_string(),
            NumberStyle::National => format!("{}{}", self.international_prefix, number.digits()),
        }
    }

    /// A number as the carrier wants it dialled.
    #[must_use]
    pub fn write_dialled(&self, number: PhoneNumber, instance: Country) -> String {
        format!("{}{}", self.prefix_out, self.write(number, instance))
    }
}

/// Whether a number is dialled inside `home` without a country code. The United States and Canada dial each other so.
fn is_inside(number: PhoneNumber, home: Country) -> bool {
    let north_american = |country: Country| matches!(country.code(), "US" | "CA");
    match number.country() {
        Some(country) => country == home || north_american(country) && north_american(home),
        None => number.is_north_american() && north_american(home),
    }
}
