//! What the owner of a site adds to the rules: sources of their own, hosts that are none, and who is
//! believed when a link carries both a click identifier and tags.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::landing::Landing;
use super::rules::is_below;
use super::source::{Channel, Source};
use crate::base::Timestamp;

/// Most rules of one site.
pub const OWN_RULES_MAX: usize = 50;
const DAY_MS: i64 = 86_400_000;
/// Longest name, value, medium or source, in characters.
const TEXT_MAX: usize = 100;
/// Most hosts of one site that are no source.
pub const IGNORED_MAX: usize = 50;

/// How long a direct return keeps the source of the visit before where nothing else is said, and at most, in days: as
/// long as a visitor is known.
pub const DIRECT_KEEPS_DAYS: u32 = 30;
/// The rule of a visit that came directly and keeps the source of the visitor's visit before.
pub const LAST_NON_DIRECT: &str = "last_non_direct";

/// The settings of a site's sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRules {
    /// The owner's rules in the order they are tried, before all others.
    pub own: Vec<OwnRule>,
    /// Whether tags are believed before a click identifier.
    pub tags_first: bool,
    /// Hosts that are no source, with those below them: booking and payment pages in the middle of a
    /// visit. In lower case.
    pub ignored: Vec<String>,
    /// A visit that comes directly within so many days of the visitor's last one keeps its source; 0: it is direct.
    pub direct_keeps_days: u32,
}

impl Default for SourceRules {
    fn default() -> Self {
        Self {
            own: Vec::new(),
            tags_first: false,
            ignored: Vec::new(),
            direct_keeps_days: DIRECT_KEEPS_DAYS,
        }
    }
}

/// A source of the owner's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRule {
    /// Name for people; the rule's id is made of it.
    pub name: String,
    /// When it applies.
    pub when: OwnTest,
    /// The channel it names.
    pub channel: Channel,
    /// The medium it names, in lower case.
    pub medium: String,
    /// The source it names, in lower case.
    pub source: String,
}

/// The condition of an owner's rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnTest {
    /// The page's address has a parameter, with this value or any.
    Parameter {
        /// Its name in lower case.
        name: String,
        /// The whole value, compared without case; `None`: any that is not empty.
        value: Option<String>,
    },
    /// The visitor came from this host or one below it.
    Referrer {
        /// The host in lower case.
        host: String,
    },
}

impl SourceRules {
    /// The owner's rule that decides, if one does. `referrer` is the host the browser told.
    #[must_use]
    pub fn decides(&self, landing: &Landing, referrer: Option<&str>) -> Option<&OwnRule> {
        self.own.iter().find(|rule| match &rule.when {
            OwnTest::Parameter { name, value } => landing.parameter(name).is_some_and(|got| {
                value
                    .as_ref()
                    .is_none_or(|wanted| got.to_lowercase() == wanted.to_lowercase())
            }),
            OwnTest::Referrer { host } => referrer.is_some_and(|r| is_below(r, host)),
        })
    }

    /// The source a visit keeps that came directly, from the visitor's visit before, which was last seen at `seen_at`.
    #[must_use]
    pub fn kept(&self, before: &Source, seen_at: Timestamp, now: Timestamp) -> Option<Source> {
        let within = now.millis_since(seen_at) <= i64::from(self.direct_keeps_days) * DAY_MS;
        (within && before.channel != Channel::Direct).then(|| Source {
            rule: LAST_NON_DIRECT.to_owned(),
            ..before.clone()
        })
    }

    /// What is wrong with the settings, in a sentence for a person; hosts are checked where host names
    /// are.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.own.len() > OWN_RULES_MAX || self.ignored.len() > IGNORED_MAX {
            return Some(format!(
                "write at most {OWN_RULES_MAX} rules and {IGNORED_MAX} hosts that are no source"
            ));
        }
        if self.direct_keeps_days > DIRECT_KEEPS_DAYS {
            return Some(format!(
                "write 0 to {DIRECT_KEEPS_DAYS} days for direct visits: a visitor is known no longer"
            ));
        }
        let mut ids = HashSet::new();
        for rule in &self.own {
            let name = &rule.name;
            let texts = [name, &rule.medium, &rule.source];
            if texts
                .iter()
                .any(|t| !(1..=TEXT_MAX).contains(&t.chars().count()))
            {
                return Some(format!(
                    "rule `{name}`: write name, medium and source of 1 to {TEXT_MAX} characters"
                ));
            }
            if rule.medium != rule.medium.to_lowercase()
                || rule.source != rule.source.to_lowercase()
            {
                return Some(format!(
                    "rule `{name}`: write medium and source in small letters"
                ));
            }
            if let OwnTest::Parameter {
                name: parameter,
                value,
            } = &rule.when
            {
                let plain =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
                let fits = (1..=TEXT_MAX).contains(&parameter.len());
                if !fits || !parameter.chars().all(plain) {
                    return Some(format!(
                        "rule `{name}`: `{parameter}` is no name of a parameter such as partner; \
                         small letters, digits, `_`, `-` and `.` are allowed"
                    ));
                }
                let empty = |v: &String| v.trim().is_empty() || v.chars().count() > TEXT_MAX;
                if value.as_ref().is_some_and(empty) {
                    return Some(format!(
                        "rule `{name}`: write a value of 1 to {TEXT_MAX} characters, or leave it out for any"
                    ));
                }
            }
            if rule.id() == "own" || !ids.insert(rule.id()) {
                return Some(format!(
                    "rule `{name}`: every rule needs a name of its own, with letters or digits"
                ));
            }
        }
        None
    }

    /// Whether a visitor from this host is still on the same visit.
    #[must_use]
    pub fn ignores(&self, host: &str) -> bool {
        self.ignored.iter().any(|ignored| is_below(host, ignored))
    }
}

impl OwnRule {
    /// The id stored with a touch that it decides: `own_` and the name in small letters.
    #[must_use]
    pub fn id(&self) -> String {
        let mut id = String::from("own");
        let words = self
            .name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        for word in words {
            id.push('_');
            id.push_str(&word.to_lowercase());
        }
        id
    }
}
