//! What documents of people are written with, and what is said about them: decimal numbers, regular expressions that
//! stay small, and problems with their places.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::money::{Currency, MICROS_PER_UNIT, Money};

/// Most bytes a regular expression may take once it is prepared.
pub const REGEX_BYTES_MAX: usize = 256 * 1024;

/// A decimal number with at most six places, kept as millionths. Written in JSON as a number or as a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i64);

impl Decimal {
    /// From millionths.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In millionths.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// A whole number; `None` when there is something behind the point.
    #[must_use]
    pub const fn whole(self) -> Option<i64> {
        if self.0 % MICROS_PER_UNIT == 0 {
            Some(self.0 / MICROS_PER_UNIT)
        } else {
            None
        }
    }

    /// As an amount of money.
    #[must_use]
    pub const fn money(self, currency: Currency) -> Money {
        Money::from_micros(self.0, currency)
    }

    /// Reads plain decimals such as `-2.5`; nothing else: no exponent, no grouping, no `NaN`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() || fraction.len() > 6 {
            return None;
        }
        let mut value: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
        }
        for _ in fraction.len()..6 {
            value = value.checked_mul(10)?;
        }
        Some(Self(if negative { -value } else { value }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let unit = MICROS_PER_UNIT.unsigned_abs();
        write!(f, "{sign}{}", magnitude / unit)?;
        if !magnitude.is_multiple_of(unit) {
            let places = format!("{:06}", magnitude % unit);
            write!(f, ".{}", places.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(whole) => to.serialize_i64(whole),
            None => to.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number such as 48 or \"2.50\", with at most six decimals")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
                self.visit_str(&value.to_string())
            }
            // The shortest text that stands for the same number is what the author wrote.
            fn visit_f64<E: Error>(self, value: f64) -> Result<Decimal, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                let wrong = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                Decimal::parse(text).ok_or_else(wrong)
            }
        }
        from.deserialize_any(Reader)
    }
}

/// Something wrong in a document, with its place and with what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the document, such as `all[2].tag`; empty for the whole.
    pub place: String,
    /// What is wrong and what to write.
    pub message: String,
}

/// Collects problems below a place.
#[derive(Debug, Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, place: &str, message: impl Into<String>) {
        self.0.push(Problem {
            place: place.to_owned(),
            message: message.into(),
        });
    }

    /// Those of a part, which stands at `place`.
    pub(crate) fn within(&mut self, place: &str, of_the_part: Vec<Problem>) {
        for problem in of_the_part {
            let place = below(place, &problem.place);
            self.add(&place, problem.message);
        }
    }
}

/// The place of a part of what stands at `place`.
pub(crate) fn below(place: &str, part: &str) -> String {
    match (place, part) {
        ("", part) => part.to_owned(),
        (place, "") => place.to_owned(),
        (place, part) => format!("{place}.{part}"),
    }
}

/// Prepares a regular expression in which capitals do not matter.
pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(REGEX_BYTES_MAX)
        .dfa_size_limit(REGEX_BYTES_MAX)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            format!("`{pattern}` is too large a regular expression; write a smaller one")
        }
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            let why = last.strip_prefix("error: ").unwrap_or(last);
            format!("`{pattern}` is no regular expression: {why}")
        }
    })
}
