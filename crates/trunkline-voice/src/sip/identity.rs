//! Who calls and what was dialled, from the headers of an INVITE.
//!
//! The asserted identity of the trunk (RFC 3325) counts more than From. Numbers are taken as
//! E.164, with or without the plus sign; a withheld number is none.

use trunkline_core::base::{Country, PhoneNumber};
use trunkline_engine::call::control::Attestation;

use super::raw;

/// Longest caller text that is passed on, in characters.
const CALLER_TEXT_MAX: usize = 128;

/// The header values that say who calls.
#[derive(Debug, Default)]
pub(crate) struct Claims<'a> {
    pub(crate) from: &'a str,
    pub(crate) asserted: Vec<&'a str>,
    pub(crate) privacy: Option<&'a str>,
    /// `P-Attestation-Indicator`, as some carriers send it.
    pub(crate) attestation: Option<&'a str>,
}

/// The caller as far as the trunk tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) number: Option<PhoneNumber>,
    pub(crate) text: String,
    pub(crate) attestation: Option<Attestation>,
}

impl Claims<'_> {
    /// Reads the claims.
    pub(crate) fn caller(&self) -> Caller {
        let withheld = self.privacy.is_some_and(|p| {
            p.split(';')
                .any(|v| matches!(v.trim(), "id" | "user" | "header" | "full"))
        });
        let values = || self.asserted.iter().copied().chain([self.from]);
        let number = values().find_map(number_of).filter(|_| !withheld);
        let text = if withheld {
            "anonymous"
        } else {
            user_of(self.from).unwrap_or_default()
        };
        Caller {
            number,
            text: text
                .chars()
                .filter(|c| !c.is_control())
                .take(CALLER_TEXT_MAX)
                .collect(),
            attestation: self.read_attestation(values()),
        }
    }

    fn read_attestation<'v>(
        &self,
        mut values: impl Iterator<Item = &'v str>,
    ) -> Option<Attestation> {
        let letter = self.attestation.and_then(|a| a.trim().chars().next());
        letter
            .and_then(from_letter)
            .or_else(|| values.find_map(verstat))
    }
}

/// The dialled number: user part of the request URI (RFC 3261) or of a `tel:` URI (RFC 3966).
pub(crate) fn dialled(uri: &str) -> Option<&str> {
    user_of_uri(uri).filter(|user| !user.is_empty())
}

fn number_of(value: &str) -> Option<PhoneNumber> {
    let user = user_of(value)?;
    let digits = user.trim_start_matches('+');
    if digits.len() < 7
        || !digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b"-.()".contains(&b))
    {
        return None;
    }
    let text = if user.starts_with('+') || digits.len() <= 10 {
        user.to_owned()
    } else {
        format!("+{digits}")
    };
    PhoneNumber::parse(&text, Country::US).ok()
}

fn user_of(value: &str) -> Option<&str> {
    let (uri, _) = raw::address(value)?;
    user_of_uri(uri)
}

fn user_of_uri(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "tel" => rest,
        "sip" | "sips" => rest.rsplit_once('@')?.0,
        _ => return None,
    };
    // Parameters may stand inside the user part, such as `;verstat=` or `;npdi`.
    user.split([';', ':']).next()
}

/// `verstat` (ATIS-1000074), behind the host or inside the user part. Only "passed" tells a level,
/// and a passed verification without one is a full attestation.
fn verstat(value: &str) -> Option<Attestation> {
    let at = value.to_ascii_lowercase().find("verstat=")?;
    let verdict = &value[at + "verstat=".len()..];
    let verdict = verdict.split([';', '@', '>', ',', ' ']).next()?;
    let passed = verdict.strip_prefix("TN-Validation-Passed")?;
    match passed.strip_prefix('-').and_then(|l| l.chars().next()) {
        Some(letter) => from_letter(letter),
        None => Some(Attestation::A),
    }
}

const fn from_letter(letter: char) -> Option<Attestation> {
    match letter {
        'A' | 'a' => Some(Attestation::A),
        'B' | 'b' => Some(Attestation::B),
        'C' | 'c' => Some(Attestation::C),
        _ => None,
    }
}
