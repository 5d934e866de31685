//! Who calls and what was dialled, from the headers of an INVITE.
//!
//! The asserted identity (RFC 3325) of a trunk that is trusted counts more than From; of one that is not, From is all there
//! is. Numbers are read in the trunk's own way; a withheld number is none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trunkline_core::base::{Country, PhoneNumber};
use trunkline_engine::call::control::{Attestation, Signalled, Verstat};
use trunkline_engine::call::trunk::TrunkSettings;

use super::raw;

/// Longest caller text that is passed on, in characters.
const CALLER_TEXT_MAX: usize = 128;
/// Longest Identity header that is looked into, in bytes.
const IDENTITY_MAX: usize = 4096;

/// Headers in which carriers tell the level of attestation as a letter: that of IMS networks (3GPP TS 24.229), and the
/// one before it that spread in North America.
pub(super) const ATTESTATION_HEADERS: [&str; 2] = ["P-Attestation-Indicator", "Attestation-Info"];
/// Headers in which carriers tell what a `verstat` parameter would.
pub(super) const VERSTAT_HEADERS: [&str; 1] = ["X-Twilio-VerStat"];

/// The header values that say who calls.
#[derive(Debug, Default, Clone)]
pub(crate) struct Claims {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) asserted: Vec<String>,
    pub(crate) privacy: Option<String>,
    pub(crate) called_party: Option<String>,
    pub(crate) diversion: Option<String>,
    /// Values of [`ATTESTATION_HEADERS`].
    pub(crate) attestation: Vec<String>,
    /// Values of [`VERSTAT_HEADERS`].
    pub(crate) verstat: Vec<String>,
    /// `Identity` (RFC 8224), as signed by the carrier the call began at.
    pub(crate) identity: Vec<String>,
}

/// The caller as far as the trunk tells.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Caller {
    pub(crate) number: Option<PhoneNumber>,
    pub(crate) text: String,
    pub(crate) attestation: Option<Attestation>,
    pub(crate) signalled: Signalled,
}

impl Claims {
    /// Reads the claims as those of a trunk; `instance` is where numbers without a country code are at home unless the
    /// trunk says otherwise.
    pub(crate) fn caller(&self, trunk: &TrunkSettings, instance: Country) -> Caller {
        let read = |value: &str| trunk.formats.read(user_of(value)?, instance);
        let withheld = self.privacy.as_deref().is_some_and(|p| {
            p.split(';')
                .any(|v| matches!(v.trim(), "id" | "user" | "header" | "full"))
        });
        let asserted: &[String] = if trunk.caller_id.trusted {
            &self.asserted
        } else {
            &[]
        };
        let values = || asserted.iter().chain([&self.from]).map(String::as_str);
        let text = if withheld {
            "anonymous"
        } else {
            user_of(&self.from).unwrap_or_default()
        };
        let (verstat, attestation) = if trunk.caller_id.trusted {
            self.vouched(values())
        } else {
            (None, None)
        };
        Caller {
            number: values().find_map(read).filter(|_| !withheld),
            text: text
                .chars()
                .filter(|c| !c.is_control())
                .take(CALLER_TEXT_MAX)
                .collect(),
            attestation,
            signalled: Signalled {
                verstat,
                diversion: self.diversion.as_deref().and_then(read),
            },
        }
    }

    /// The number that was dialled, for a call to a Contact we registered: the request URI then names us, not the number.
    pub(crate) fn called(&self) -> Option<&str> {
        let called = self.called_party.as_deref().and_then(user_of);
        called
            .or_else(|| user_of(&self.to))
            .filter(|user| !user.is_empty())
    }

    /// What came of the carrier's check, and the level of attestation. After a failed check no level counts.
    fn vouched<'v>(
        &'v self,
        values: impl Iterator<Item = &'v str>,
    ) -> (Option<Verstat>, Option<Attestation>) {
        let in_headers = self.verstat.iter().find_map(|value| verdict(value));
        let checked = values.filter_map(verstat).next().or(in_headers);
        let told = self.attestation.iter();
        let told = told.filter_map(|value| value.trim().chars().next());
        let told = told.filter_map(from_letter).next();
        match checked {
            Some((Verstat::Failed, _)) => (Some(Verstat::Failed), None),
            Some((verstat, level)) => (Some(verstat), told.or(level)),
            None => (None, told.or_else(|| self.signed())),
        }
    }

    /// The level in the signed claim itself. Whether the signature holds, the carrier has checked or nobody has.
    fn signed(&self) -> Option<Attestation> {
        self.identity.iter().find_map(|value| signed_level(value))
    }
}

/// The dialled number: user part of the request URI (RFC 3261) or of a `tel:` URI (RFC 3966).
pub(crate) fn dialled(uri: &str) -> Option<&str> {
    user_of_uri(uri).filter(|user| !user.is_empty())
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

/// `verstat` (ATIS-1000074), behind the host or inside the user part.
fn verstat(value: &str) -> Option<(Verstat, Option<Attestation>)> {
    let at = value.to_ascii_lowercase().find("verstat=")?;
    let rest = value.get(at + "verstat=".len()..)?;
    verdict(rest.split([';', '@', '>', ',', ' ']).next()?)
}

/// The value of a `verstat`. Only "passed" tells a level, and a passed verification without one is a full attestation.
fn verdict(value: &str) -> Option<(Verstat, Option<Attestation>)> {
    let value = value.trim();
    if let Some(passed) = value.strip_prefix("TN-Validation-Passed") {
        let level = match passed.strip_prefix('-').and_then(|l| l.chars().next()) {
            Some(letter) => from_letter(letter),
            None => Some(Attestation::A),
        };
        return Some((Verstat::Passed, level));
    }
    if value.starts_with("TN-Validation-Failed") {
        return Some((Verstat::Failed, None));
    }
    let unchecked = value.starts_with("No-TN-Validation");
    unchecked.then_some((Verstat::Unchecked, None))
}

/// `attest` of the claims of a PASSporT (RFC 8588): `header.claims.signature`, each in base64url.
fn signed_level(identity: &str) -> Option<Attestation> {
    if identity.len() > IDENTITY_MAX {
        return None;
    }
    let token = identity.split(';').next()?.trim();
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims = std::str::from_utf8(&claims).ok()?;
    let (_, rest) = claims.split_once("\"attest\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let value = value.strip_prefix('"')?;
    let (letter, _) = value.split_once('"')?;
    let mut letters = letter.chars();
    let level = letters.next().and_then(from_letter);
    level.filter(|_| letters.next().is_none())
}

const fn from_letter(letter: char) -> Option<Attestation> {
    match letter {
        'A' | 'a' => Some(Attestation::A),
        'B' | 'b' => Some(Attestation::B),
        'C' | 'c' => Some(Attestation::C),
        _ => None,
    }
}
