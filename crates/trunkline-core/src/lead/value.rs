//! One value of a field: from what a partner writes to its one form, or what is wrong with it. What is in its form is read
//! as itself. A message never holds the value, which may tell who somebody is.

use std::net::IpAddr;

use jiff::civil::Date;

use super::consent::{Certificate, SELLERS_MAX};
use super::fields::{Choice, DateRange, Field, FieldType, Normaliser, NumberRange};
use crate::base::{
    Country, Decimal, PhoneNumber, Timestamp, Zone, parse_sha256, sha256_text, state_code,
    zip_digits,
};

/// Longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3, less the brackets).
const EMAIL_MAX: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const EMAIL_LOCAL_MAX: usize = 64;
/// The years a date may lie in.
const YEARS: std::ops::RangeInclusive<i16> = 1880..=2100;
/// Longest name of a seller, in characters.
const SELLER_MAX: usize = 120;

/// What values are read against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    /// Where numbers without a country code are dialled.
    pub(super) home: Country,
    /// Whose calendar says what day it is.
    pub(super) zone: &'a Zone,
    pub(super) now: Timestamp,
}

impl Field {
    /// Reads a value; `None` when it is empty, which is the same as missing.
    pub(super) fn read(&self, text: &str, ground: Ground<'_>) -> Result<Option<String>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let most = self.def.length_max();
        let too_long =
            |text: &str| text.chars().count() > usize::try_from(most).unwrap_or(usize::MAX);
        let longer = || format!("is too long; at most {most} characters");
        // Before anything looks at it closely; normalising may make it shorter, but never by so much.
        if text.chars().count() > 4 * super::VALUE_MAX as usize {
            return Err(longer());
        }
        let value = read(&self.def.of, text, ground)?;
        let value = match self.def.normaliser {
            Some(normaliser) => normaliser.apply(&value),
            None => value,
        };
        if value.is_empty() {
            return Ok(None);
        }
        if too_long(&value) {
            return Err(longer());
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(&value)
        {
            let pattern = pattern.as_str();
            return Err(format!(
                "does not fit what the campaign asks for, `{pattern}`"
            ));
        }
        Ok(Some(value))
    }
}

fn read(of: &FieldType, text: &str, ground: Ground<'_>) -> Result<String, String> {
    let said = |message: &str| message.to_owned();
    match of {
        FieldType::Text => Ok(one_line(text)),
        FieldType::ConsentText => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
        FieldType::Phone => PhoneNumber::parse(text, ground.home)
            .map(|number| number.to_string())
            .map_err(|_| {
                said("is no phone number; write it with its country code, such as +12145550100")
            }),
        FieldType::Email => {
            email(text).ok_or_else(|| said("is no e-mail address; write one such as ann@example.com"))
        }
        FieldType::Zip => zip(text).ok_or_else(|| said("is no ZIP code; write five digits such as 75201")),
        FieldType::State => state_code(text)
            .map(str::to_owned)
            .ok_or_else(|| said("is no state or province; write two letters such as TX")),
        FieldType::Country => Country::named(text)
            .map(|country| country.code().to_owned())
            .ok_or_else(|| said("is no country; write two letters such as US")),
        FieldType::Date(range) => date(text, *range, ground),
        FieldType::Number(range) => {
            let number = decimal(text).ok_or_else(|| said("is no number; write one such as 48 or 2.5"))?;
            within(number, *range)
        }
        FieldType::Money(range) => {
            let bare = text.trim_start_matches("USD").trim_start_matches(['$', '€', '£']);
            let amount = decimal(bare.trim())
                .ok_or_else(|| said("is no amount; write one such as 1500 or 99.50"))?;
            within(amount, *range)
        }
        FieldType::YesNo => {
            yes_no(text).map(str::to_owned).ok_or_else(|| said("is neither yes nor no; write one of them"))
        }
        FieldType::Choice(choices) => choice(text, choices),
        FieldType::Url => {
            url(text).ok_or_else(|| said("is no address; write one such as https://example.com/quote"))
        }
        FieldType::Ip => text
            .parse::<IpAddr>()
            .map(|ip| ip.to_string())
            .map_err(|_| said("is no IP address; write one such as 203.0.113.7 or 2001:db8::7")),
        FieldType::Certificate => Certificate::parse(text)
            .map(|certificate| certificate.text())
            .ok_or_else(|| {
                said(
                    "is no certificate of consent; send the address of a TrustedForm certificate, https://cert.trustedform.com/ and 40 hexadecimal digits, or a LeadiD token",
                )
            }),
        FieldType::Sellers => sellers(text),
        FieldType::Sha256 => parse_sha256(text)
            .map(sha256_text)
            .ok_or_else(|| said("is no SHA-256 hash; write 64 hexadecimal digits")),
    }
}

/// Every run of blanks and control characters as one blank.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

impl Normaliser {
    fn apply(self, text: &str) -> String {
        match self {
            Self::Lower => text.chars().map(small).collect(),
            Self::Upper => text.chars().map(large).collect(),
            Self::Title => {
                let mut begins = true;
                let letter = |c: char| {
                    let shown = if begins { large(c) } else { small(c) };
                    begins = !(c.is_alphanumeric() || c == '\'' || c == '’');
                    shown
                };
                text.chars().map(letter).collect()
            }
            Self::Digits => text.chars().filter(char::is_ascii_digit).collect(),
            Self::LettersAndDigits => text.chars().filter(|c| c.is_alphanumeric()).collect(),
        }
    }
}

/// The small letter, where it is one letter and has the large one for its capital: so nothing changes the second time.
fn small(c: char) -> char {
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(one), None) if one == c || one.to_uppercase().eq([c]) => one,
        _ => c,
    }
}

fn large(c: char) -> char {
    let mut large = c.to_uppercase();
    match (large.next(), large.next()) {
        (Some(one), None) if one == c || one.to_lowercase().eq([c]) => one,
        _ => c,
    }
}

/// What is syntactically an address of the Internet (RFC 5321, section 4.1.2, without quoted parts), in small letters.
fn email(text: &str) -> Option<String> {
    let text = text
        .strip_prefix("mailto:")
        .unwrap_or(text)
        .to_ascii_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let atoms = |part: &str| !part.is_empty() && part.bytes().all(atom);
    let label = |part: &str| {
        let plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&part.len()) && !part.starts_with('-') && !part.ends_with('-')
    };
    let top = domain.rsplit('.').next()?;
    let fits = text.len() <= EMAIL_MAX
        && local.len() <= EMAIL_LOCAL_MAX
        && local.split('.').all(atoms)
        && domain.contains('.')
        && domain.split('.').all(label)
        && top.len() >= 2
        && !top.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(text)
}

/// Five digits. Tables drop the zeros that a code begins with; three or four digits get them back.
fn zip(text: &str) -> Option<String> {
    let few = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if few {
        return Some(format!("{text:0>5}"));
    }
    zip_digits(text).map(str::to_owned)
}

/// A decimal number, with commas between thousands or without.
fn decimal(text: &str) -> Option<Decimal> {
    if !text.contains(',') {
        return Decimal::parse(text);
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut groups = whole.strip_prefix('-').unwrap_or(whole).split(',');
    let first = groups.next()?;
    let even = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    let mut plain = whole.replace(',', "");
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    Decimal::parse(&plain).filter(|_| even)
}

fn within(number: Decimal, range: NumberRange) -> Result<String, String> {
    if range.whole && number.whole().is_none() {
        return Err("is no whole number; leave out what is behind the point".to_owned());
    }
    if let Some(min) = range.min.filter(|min| number < *min) {
        return Err(format!("is below {min}, the least that is taken"));
    }
    if let Some(max) = range.max.filter(|max| number > *max) {
        return Err(format!("is above {max}, the most that is taken"));
    }
    Ok(number.to_string())
}

fn yes_no(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "on" => Some("yes"),
        "no" | "n" | "false" | "f" | "0" | "off" => Some("no"),
        _ => None,
    }
}

/// What tells two values of a choice apart.
pub(super) fn choice_key(text: &str) -> String {
    one_line(text).to_lowercase().replace('_', " ")
}

fn choice(text: &str, choices: &[Choice]) -> Result<String, String> {
    let key = choice_key(text);
    let is = |other: &String| choice_key(other) == key;
    let found = choices.iter().find(|choice| {
        is(&choice.value) || choice.aliases.iter().any(is) || choice.label.as_ref().is_some_and(is)
    });
    found.map(|choice| choice.value.clone()).ok_or_else(|| {
        /// Most values that a message names.
        const NAMED_MAX: usize = 12;
        let values: Vec<&str> = choices
            .iter()
            .take(NAMED_MAX)
            .map(|c| c.value.as_str())
            .collect();
        let more = if choices.len() > NAMED_MAX {
            ", …"
        } else {
            ""
        };
        format!(
            "is none of its values; write one of {}{more}",
            values.join(", ")
        )
    })
}

fn url(text: &str) -> Option<String> {
    let scheme_end = text.find("://")?;
    let scheme = text[..scheme_end].to_ascii_lowercase();
    let rest = &text[scheme_end + 3..];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    let fits = matches!(scheme.as_str(), "http" | "https")
        && plain
        && !host.is_empty()
        && !authority.contains('@');
    fits.then(|| format!("{scheme}://{rest}"))
}

/// Names of sellers, each once, with `|` between them. A name may hold a comma only where something else stands between
/// names.
pub(super) fn sellers(text: &str) -> Result<String, String> {
    let between: &[char] = if text.contains(['|', ';', '\n']) {
        &['|', ';', '\n']
    } else {
        &[',']
    };
    let mut names: Vec<String> = Vec::new();
    for name in text
        .split(between)
        .map(one_line)
        .filter(|name| !name.is_empty())
    {
        if name.chars().count() > SELLER_MAX {
            return Err(format!(
                "has a name that is too long; at most {SELLER_MAX} characters"
            ));
        }
        if !names
            .iter()
            .any(|known| known.to_lowercase() == name.to_lowercase())
        {
            names.push(name);
        }
    }
    if names.len() > SELLERS_MAX {
        let count = names.len();
        return Err(format!("names {count} sellers; at most {SELLERS_MAX}"));
    }
    let written = names.join("|");
    // A single name with a comma in it keeps what says that it is one.
    let alone = names.len() == 1 && written.contains(',');
    Ok(if alone { written + "|" } else { written })
}

fn date(text: &str, range: DateRange, ground: Ground<'_>) -> Result<String, String> {
    let order = if range.day_first {
        "31/12/1980"
    } else {
        "12/31/1980"
    };
    let found = read_date(text, range.day_first).filter(|date| YEARS.contains(&date.year()));
    let date = found.ok_or_else(|| format!("is no date; write it as 1980-12-31 or {order}"))?;
    let today = ground.zone.wall_clock(ground.now).map(|(today, _)| today);
    let Some(years) = today.map(|today| full_years(date, today)) else {
        return Ok(date.to_string());
    };
    if let Some(min) = range.years_ago_min.filter(|min| years < i32::from(*min)) {
        return Err(format!(
            "is too late; at least {min} full years ago are asked for"
        ));
    }
    if let Some(max) = range.years_ago_max.filter(|max| years > i32::from(*max)) {
        return Err(format!(
            "is too early; at most {max} full years ago are asked for"
        ));
    }
    Ok(date.to_string())
}

/// Full years from `date` to `today`; negative when it is still to come.
fn full_years(date: Date, today: Date) -> i32 {
    let years = i32::from(today.year()) - i32::from(date.year());
    let reached = (today.month(), today.day()) >= (date.month(), date.day());
    years - i32::from(!reached)
}

fn read_date(text: &str, day_first: bool) -> Option<Date> {
    // What stands behind the day is its time.
    let text = match text.as_bytes().get(10) {
        Some(b'T' | b' ') => text.get(..10)?,
        _ => text,
    };
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| -> Option<i16> {
        let plain = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|_| plain)
    };
    let of = |year: i16, month: i16, day: i16| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return of(
            number(&text[..4], 4..=4)?,
            number(&text[4..6], 2..=2)?,
            number(&text[6..], 2..=2)?,
        );
    }
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let &[one, two, three] = parts.as_slice() else {
        return None;
    };
    if one.len() == 4 {
        return of(
            number(one, 4..=4)?,
            number(two, 1..=2)?,
            number(three, 1..=2)?,
        );
    }
    let (month, day) = if day_first { (two, one) } else { (one, two) };
    of(
        number(three, 4..=4)?,
        number(month, 1..=2)?,
        number(day, 1..=2)?,
    )
}
