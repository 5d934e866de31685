//! Phone numbers: E.164 inside, printed formats at the edge.
//!
//! North American numbers (`+1` and ten digits) take a fast path; everything else goes through
//! libphonenumber's metadata.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};

/// E.164 allows at most 15 digits, country code included (ITU-T E.164, 6.1).
const DIGITS_MAX: usize = 15;
/// Longest text that is looked at; longer is not a phone number.
const TEXT_MAX: usize = 64;

/// A phone number in E.164. Eight bytes, cheap to copy and compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(u64);

/// An ISO 3166-1 alpha-2 country code in capitals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// What kind of line a number is, as far as its digits tell; decides about toll fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberClass {
    /// A land line, a mobile, or one that could be either.
    Ordinary,
    /// Free for the caller.
    TollFree,
    /// Charged above the normal rate: premium and shared-cost ranges.
    Premium,
    /// Any other assigned range (pager, voice mail, universal access, personal).
    Special,
    /// Not an assigned range.
    Unknown,
}

/// The text is not a phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a phone number; write it with its country code, such as +1 214 555 0100")]
pub struct ParsePhoneError(pub String);

impl Country {
    /// The United States.
    pub const US: Self = Self(*b"US");

    /// The two letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// The digits before national numbers, such as 33; `None` for what is no country.
    pub(super) fn calling_code(self) -> Option<u16> {
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(self.region()?)?;
        u16::try_from(code).ok()
    }

    fn region(self) -> Option<rlibphonenumber::Region> {
        rlibphonenumber::Region::from_code(self.code()).ok()
    }
}

impl FromStr for Country {
    type Err = ParsePhoneError;
    fn from_str(text: &str) -> Result<Self, ParsePhoneError> {
        match text.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([a, b])),
            _ => Err(ParsePhoneError(text.to_owned())),
        }
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PhoneNumber {
    /// From the digits of E.164 as a whole number, as stored.
    #[must_use]
    pub const fn from_digits(digits: u64) -> Self {
        Self(digits)
    }

    /// The digits of E.164 as a whole number: +1 214 555 0100 is 12145550100.
    #[must_use]
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// Reads a number as a person or a carrier writes it. Without a leading `+`, it is read as
    /// dialled inside `home`.
    ///
    /// # Errors
    /// When the text is no possible number.
    pub fn parse(text: &str, home: Country) -> Result<Self, ParsePhoneError> {
        if text.len() > TEXT_MAX {
            return Err(ParsePhoneError(
                text.chars().take(20).collect::<String>() + "…",
            ));
        }
        if let Some(number) = Self::parse_north_american(text, home) {
            return Ok(number);
        }
        let wrong = || ParsePhoneError(text.to_owned());
        let parsed = PHONE_NUMBER_UTIL
            .parse(text, home.region())
            .map_err(|_| wrong())?;
        if parsed.is_possible_with_reason().is_err() {
            return Err(wrong());
        }
        Self::parse_e164(&parsed.format_as(PhoneNumberFormat::E164)).map_err(|_| wrong())
    }

    /// Reads strict E.164: a plus sign and 7 to 15 digits.
    ///
    /// # Errors
    /// For anything else.
    pub fn parse_e164(text: &str) -> Result<Self, ParsePhoneError> {
        let wrong = || ParsePhoneError(text.chars().take(24).collect());
        let digits = text.strip_prefix('+').ok_or_else(wrong)?;
        let fits = (7..=DIGITS_MAX).contains(&digits.len());
        if !fits || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        digits.parse().map(Self).map_err(|_| wrong())
    }

    /// `+1` and ten digits, or ten or eleven digits dialled inside North America, with the usual
    /// punctuation. Area code and exchange must start with 2-9.
    fn parse_north_american(text: &str, home: Country) -> Option<Self> {
        let mut value: u64 = 0;
        let mut count = 0;
        let mut plus = false;
        for byte in text.bytes() {
            match byte {
                b'0'..=b'9' => {
                    value = value * 10 + u64::from(byte - b'0');
                    count += 1;
                    if count > 11 {
                        return None;
                    }
                }
                b'+' if count == 0 && !plus => plus = true,
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => return None,
            }
        }
        let inside = home.code() == "US" || home.code() == "CA";
        let national = match (count, plus) {
            (11, true) if value / 10_000_000_000 == 1 => value % 10_000_000_000,
            (11, false) if inside && value / 10_000_000_000 == 1 => value % 10_000_000_000,
            (10, false) if inside => value,
            _ => return None,
        };
        let area = national / 10_000_000;
        let exchange = national / 10_000 % 1_000;
        (area >= 200 && exchange >= 200).then_some(Self(10_000_000_000 + national))
    }

    /// Whether the number belongs to the North American numbering plan.
    #[must_use]
    pub const fn is_north_american(self) -> bool {
        self.0 / 10_000_000_000 == 1
    }

    /// The North American area code, such as 214.
    #[must_use]
    pub const fn area_code(self) -> Option<u16> {
        if self.is_north_american() {
            Some((self.0 / 10_000_000 % 1_000) as u16)
        } else {
            None
        }
    }

    /// As printed inside its own country: `(214) 555-0100`.
    #[must_use]
    pub fn national(self) -> String {
        if self.is_north_american() {
            let n = self.0 % 10_000_000_000;
            return format!(
                "({:03}) {:03}-{:04}",
                n / 10_000_000,
                n / 10_000 % 1_000,
                n % 10_000
            );
        }
        self.format(PhoneNumberFormat::National)
    }

    /// As printed for the world: `+1 214-555-0100`.
    #[must_use]
    pub fn international(self) -> String {
        if self.is_north_american() {
            let n = self.0 % 10_000_000_000;
            return format!(
                "+1 {:03}-{:03}-{:04}",
                n / 10_000_000,
                n / 10_000 % 1_000,
                n % 10_000
            );
        }
        self.format(PhoneNumberFormat::International)
    }

    /// National for numbers of `home`, international for others.
    #[must_use]
    pub fn display_for(self, home: Country) -> String {
        if self.country() == Some(home) || (self.is_north_american() && home == Country::US) {
            self.national()
        } else {
            self.international()
        }
    }

    /// For logs: country code and the last two digits, the rest as dots.
    #[must_use]
    pub fn masked(self) -> String {
        let text = self.to_string();
        let hidden = text.len().saturating_sub(4);
        format!(
            "{}{}{}",
            &text[..2],
            "•".repeat(hidden),
            &text[text.len() - 2..]
        )
    }

    /// Digits after the country code.
    #[must_use]
    pub fn national_digits(self) -> String {
        if self.is_north_american() {
            return format!("{}", self.0 % 10_000_000_000);
        }
        self.metadata().map_or_else(
            || self.0.to_string(),
            |n| n.get_national_significant_number(),
        )
    }

    /// The country the digits belong to. Caribbean countries share `+1` and are told apart.
    #[must_use]
    pub fn country(self) -> Option<Country> {
        let region = self.metadata()?.get_region_code()?;
        region.as_region_str().as_str().parse().ok()
    }

    /// What kind of line the digits name.
    #[must_use]
    pub fn class(self) -> NumberClass {
        let Some(number) = self.metadata() else {
            return NumberClass::Unknown;
        };
        match number.get_type() {
            PhoneNumberType::FixedLine
            | PhoneNumberType::Mobile
            | PhoneNumberType::FixedLineOrMobile
            | PhoneNumberType::VoIP => NumberClass::Ordinary,
            PhoneNumberType::TollFree => NumberClass::TollFree,
            PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => NumberClass::Premium,
            PhoneNumberType::Unknown => NumberClass::Unknown,
            _ => NumberClass::Special,
        }
    }

    fn metadata(self) -> Option<rlibphonenumber::PhoneNumber> {
        PHONE_NUMBER_UTIL.parse(self.to_string(), None).ok()
    }

    fn format(self, format: PhoneNumberFormat) -> String {
        self.metadata()
            .map_or_else(|| self.to_string(), |n| n.format_as(format).into_owned())
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_way_to_write_a_number_reads_the_same() {
        let expected = PhoneNumber::from_digits(12_145_550_100);
        for text in [
            "+12145550100",
            "+1 214 555 0100",
            "(214) 555-0100",
            "214-555-0100",
            "214.555.0100",
            "1-214-555-0100",
            "2145550100",
            "+1 (214) 555-0100",
        ] {
            assert_eq!(
                PhoneNumber::parse(text, Country::US),
                Ok(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_of_other_countries_read_and_print() {
        let london = PhoneNumber::parse("+44 20 7946 0018", Country::US).expect("a number");
        assert_eq!(london.to_string(), "+442079460018");
        assert_eq!(london.national(), "020 7946 0018");
        assert_eq!(london.international(), "+44 20 7946 0018");
        assert_eq!(london.country(), "GB".parse().ok());
        assert_eq!(london.national_digits(), "2079460018");
        let gb: Country = "GB".parse().expect("a country");
        assert_eq!(PhoneNumber::parse("020 7946 0018", gb), Ok(london));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in [
            "",
            "abc",
            "+",
            "12",
            "+1214555",
            "sip:bob@example.com",
            &"9".repeat(80),
        ] {
            assert!(PhoneNumber::parse(text, Country::US).is_err(), "{text}");
        }
        for text in ["12145550100", "+0123456789", "+1 214", "+1234567890123456"] {
            assert!(PhoneNumber::parse_e164(text).is_err(), "{text}");
        }
    }

    #[test]
    fn premium_ranges_and_the_caribbean_are_told_apart() {
        let class = |t: &str| PhoneNumber::parse_e164(t).map(PhoneNumber::class);
        assert_eq!(class("+12142345678"), Ok(NumberClass::Ordinary));
        assert_eq!(class("+19002345678"), Ok(NumberClass::Premium));
        assert_eq!(class("+18002345678"), Ok(NumberClass::TollFree));
        let jamaica = PhoneNumber::parse_e164("+18762345678").expect("a number");
        assert_eq!(jamaica.country(), "JM".parse().ok());
    }

    #[test]
    fn logs_never_show_a_whole_number() {
        let number = PhoneNumber::from_digits(12_145_550_100);
        assert_eq!(format!("{number:?}"), "+1••••••••00");
    }
}
