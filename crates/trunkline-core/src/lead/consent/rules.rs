//! What a campaign asks of the consent of its leads, and the first thing that a lead does not have.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::record::ConsentRecord;
use crate::base::document::Problems;
use crate::base::{Problem, Timestamp, words};

/// Longest age of a consent, in minutes: a year.
const AGE_MIN_MAX: u32 = 366 * 24 * 60;
/// Most hosts, and most texts of one campaign.
const LIST_MAX: usize = 100;
/// Longest text that must have been shown, in characters.
const TEXT_MAX: usize = 4_000;
/// By how much the clock of a partner may go before ours.
const CLOCK_MS: i64 = 2 * 60_000;

words! {
    /// Which proof a lead must bring.
    #[derive(Default)]
    ConsentNeed {
        /// None.
        #[default]
        Nothing = "nothing",
        /// A TrustedForm certificate.
        TrustedForm = "trusted_form",
        /// A LeadiD token.
        LeadId = "leadid",
        /// A certificate of either kind.
        Certificate = "certificate",
        /// Our own record.
        OwnRecord = "own_record",
        /// A certificate or our own record.
        Any = "any",
    }
}

/// What a campaign asks of consent, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentRules {
    /// Which proof a lead must bring.
    pub needs: ConsentNeed,
    /// How old the consent may be, in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_max_min: Option<u32>,
    /// The hosts of pages on which it may be given, those below them included; any when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Texts of which one must be in the words that were shown; any words when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// Whether the seller must be named, one by one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub one_to_one: bool,
}

/// What a lead brings.
#[derive(Debug, Clone, Default)]
pub struct ConsentProof<'a> {
    /// Its certificates.
    pub certificates: Vec<Certificate>,
    /// Our own record.
    pub record: Option<&'a ConsentRecord>,
    /// When consent was given: that of our record, or what the certificate's service says.
    pub given_at: Option<Timestamp>,
    /// The page it was given on.
    pub page_url: Option<&'a str>,
    /// The words that were shown.
    pub text: Option<&'a str>,
    /// Those who are named.
    pub sellers: Vec<&'a str>,
}

/// What is missing of a consent. Every one of them is `CONSENT_MISSING`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentFault {
    /// There is no proof of the kind that is asked for.
    NoProof(ConsentNeed),
    /// How old it is, is not known.
    AgeUnknown,
    /// It is too old, by minutes.
    TooOld {
        /// How old it is.
        age_min: i64,
        /// How old it may be.
        most_min: u32,
    },
    /// It is from the time to come.
    NotYet,
    /// It was given on another page than those that are allowed.
    OtherHost,
    /// The words that must have been shown were not.
    OtherText,
    /// Nobody is named to hear from.
    NobodyNamed,
}

impl fmt::Display for ConsentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProof(need) => {
                let wanted = match need {
                    ConsentNeed::TrustedForm => "the address of a TrustedForm certificate",
                    ConsentNeed::LeadId => "a LeadiD token",
                    ConsentNeed::Certificate => "a TrustedForm certificate or a LeadiD token",
                    ConsentNeed::OwnRecord => "a consent recorded by this server's own form",
                    ConsentNeed::Any | ConsentNeed::Nothing => {
                        "a TrustedForm certificate, a LeadiD token, or a consent recorded by this server's own form"
                    }
                };
                write!(f, "there is no proof of consent; send {wanted}")
            }
            Self::AgeUnknown => f.write_str("nobody knows when consent was given; send its time"),
            Self::TooOld { age_min, most_min } => write!(
                f,
                "consent was given {age_min} minutes ago; at most {most_min} are allowed"
            ),
            Self::NotYet => f.write_str("consent is from the time to come; check the clock"),
            Self::OtherHost => {
                f.write_str("consent was given on a page that the campaign does not allow")
            }
            Self::OtherText => {
                f.write_str("the words that were shown are none of those that the campaign allows")
            }
            Self::NobodyNamed => {
                f.write_str("nobody is named to hear from; send their names as `consented_sellers`")
            }
        }
    }
}

impl ConsentRules {
    /// Everything that keeps the rules from meaning what they say.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if let Some(age) = self.age_max_min.filter(|a| !(1..=AGE_MIN_MAX).contains(a)) {
            let message = format!("{age} minutes are out of range; write 1 to {AGE_MIN_MAX}");
            found.add("age_max_min", message);
        }
        for (place, list) in [("hosts", &self.hosts), ("texts", &self.texts)] {
            if list.len() > LIST_MAX {
                let count = list.len();
                found.add(place, format!("{count} are too many; at most {LIST_MAX}"));
            }
            for text in list {
                if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
                    found.add(place, format!("write 1 to {TEXT_MAX} characters"));
                }
            }
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        for host in self.hosts.iter().filter(|host| !host.bytes().all(plain)) {
            let message = format!("`{host}` is no host; write one such as quotes.example.com");
            found.add("hosts", message);
        }
        found.0
    }

    /// Whether a consent is what the campaign asks for.
    ///
    /// # Errors
    /// With the first thing that is missing.
    pub fn check(&self, proof: &ConsentProof<'_>, now: Timestamp) -> Result<(), ConsentFault> {
        let of = |is: fn(&Certificate) -> bool| proof.certificates.iter().any(is);
        let certified = !proof.certificates.is_empty();
        let recorded = proof.record.is_some();
        let proved = match self.needs {
            ConsentNeed::Nothing => true,
            ConsentNeed::TrustedForm => of(|c| matches!(c, Certificate::TrustedForm(_))),
            ConsentNeed::LeadId => of(|c| matches!(c, Certificate::LeadId(_))),
            ConsentNeed::Certificate => certified,
            ConsentNeed::OwnRecord => recorded,
            ConsentNeed::Any => certified || recorded,
        };
        if !proved {
            return Err(ConsentFault::NoProof(self.needs));
        }
        let given_at = proof.given_at.or_else(|| proof.record.map(|r| r.given_at));
        self.age(given_at, now)?;
        let page = proof
            .page_url
            .or_else(|| proof.record.map(|r| r.page_url.as_str()));
        if !self.hosts.is_empty() && !page.is_some_and(|page| self.is_on_a_host(page)) {
            return Err(ConsentFault::OtherHost);
        }
        let text = proof.text.or_else(|| proof.record.map(|r| r.text.as_str()));
        if !self.texts.is_empty() && !text.is_some_and(|text| self.has_a_text(text)) {
            return Err(ConsentFault::OtherText);
        }
        let recorded = proof
            .record
            .is_some_and(|record| !record.sellers.is_empty());
        if self.one_to_one && proof.sellers.is_empty() && !recorded {
            return Err(ConsentFault::NobodyNamed);
        }
        Ok(())
    }

    fn age(&self, given_at: Option<Timestamp>, now: Timestamp) -> Result<(), ConsentFault> {
        let Some(given_at) = given_at else {
            return match self.age_max_min {
                Some(_) => Err(ConsentFault::AgeUnknown),
                None => Ok(()),
            };
        };
        let age = now.millis_since(given_at);
        if age < -CLOCK_MS {
            return Err(ConsentFault::NotYet);
        }
        match self.age_max_min {
            Some(most_min) if age > i64::from(most_min) * 60_000 => Err(ConsentFault::TooOld {
                age_min: age / 60_000,
                most_min,
            }),
            _ => Ok(()),
        }
    }

    fn is_on_a_host(&self, page: &str) -> bool {
        let Some((scheme, rest)) = page.split_once("://") else {
            return false;
        };
        if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
            return false;
        }
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        self.hosts.iter().any(|allowed| {
            let allowed = allowed.to_ascii_lowercase();
            let below = host.strip_suffix(&allowed);
            below.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }

    fn has_a_text(&self, shown: &str) -> bool {
        let plain = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ").to_lowercase()
        };
        let shown = plain(shown);
        self.texts.iter().any(|text| shown.contains(&plain(text)))
    }
}
