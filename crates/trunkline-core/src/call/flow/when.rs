//! What a branch can ask of a call: a small closed tree of comparisons.
//!
//! `{"all": [{"source": {"field": "medium", "value": {"is": "cpc"}}}, {"not": {"repeat": "first_time"}}]}`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use crate::base::{Country, PhoneNumber, area_code_of, words};
use crate::visitor::Source;

/// Most comparisons of one case.
pub(super) const TESTS_MAX: usize = 50;
/// Deepest nesting of one case.
pub(super) const DEPTH_MAX: usize = 6;

/// Something that is true of a call or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Every one is true.
    All(Vec<Test>),
    /// At least one is true.
    Any(Vec<Test>),
    /// It is not true.
    Not(Box<Test>),
    /// A tag of the call; a tag that is not there is an empty text.
    Tag(TagTest),
    /// A field of the call's source; empty when the source is not known.
    Source(SourceTest),
    /// The caller's number.
    Caller(CallerTest),
    /// Where the caller's area code belongs to.
    Geo(GeoTest),
    /// The call's score.
    Score(ScoreTest),
    /// Whether the caller called before.
    Repeat(RepeatTest),
}

/// A comparison with a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagTest {
    /// The tag's name.
    pub name: String,
    /// What its value is compared with.
    pub value: TextTest,
}

words! {
    /// A field of a source.
    SourceField {
        /// The broad way, such as `paid_search`.
        Channel = "channel",
        /// The medium, such as `cpc`.
        Medium = "medium",
        /// The source, such as `google`.
        Source = "source",
        /// The advertiser's campaign.
        AdCampaign = "ad_campaign",
        /// The keyword.
        Term = "term",
        /// The ad or placement.
        Content = "content",
    }
}

/// A comparison with a field of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceTest {
    /// The field.
    pub field: SourceField,
    /// What its value is compared with.
    pub value: TextTest,
}

/// A comparison of texts; capitals and small letters are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextTest {
    /// It is this text.
    Is(String),
    /// It is one of these texts.
    IsOneOf(Vec<String>),
    /// It begins with this text.
    StartsWith(String),
    /// This text is in it.
    Contains(String),
    /// There is one (`true`) or none (`false`).
    Present(bool),
}

/// A question about the caller's number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerTest {
    /// It is withheld (`true`) or shown (`false`).
    Withheld(bool),
    /// It is one of these, in E.164 form.
    Number(Vec<String>),
    /// It begins with these characters, such as `+1214`.
    Prefix(String),
    /// It belongs to one of these countries, such as `US`.
    Country(Vec<String>),
    /// Its area code is one of these, such as `214`.
    AreaCode(Vec<String>),
}

/// A question about where the caller's area code belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoTest {
    /// The state or province is one of these, as two letters.
    State(Vec<String>),
    /// The place is one of these.
    Place(Vec<String>),
}

/// A question about the score, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreTest {
    /// It is there and at least this.
    AtLeast(u8),
    /// It is there and below this.
    Below(u8),
    /// The call has no score.
    Absent,
}

/// A question about earlier calls of the same number to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatTest {
    /// There was none.
    FirstTime,
    /// There was one at least.
    CalledBefore,
    /// There were at least so many.
    CallsAtLeast(u32),
}

impl Test {
    /// Whether it is true of a call.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>, tags: &BTreeMap<String, String>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|t| t.holds(facts, tags)),
            Self::Any(tests) => tests.iter().any(|t| t.holds(facts, tags)),
            Self::Not(test) => !test.holds(facts, tags),
            Self::Tag(test) => test
                .value
                .holds(tags.get(&test.name).map_or("", String::as_str)),
            Self::Source(test) => test
                .value
                .holds(facts.source.map_or("", |source| field(source, test.field))),
            Self::Caller(test) => test.holds(facts.caller),
            Self::Geo(test) => test.holds(facts.caller),
            Self::Score(test) => test.holds(facts.score),
            Self::Repeat(test) => test.holds(facts.calls_before),
        }
    }

    /// Every test in it, itself included, each with how deep it lies.
    pub(super) fn each<'a>(&'a self, depth: usize, see: &mut dyn FnMut(&'a Self, usize)) {
        see(self, depth);
        match self {
            Self::All(tests) | Self::Any(tests) => {
                tests.iter().for_each(|t| t.each(depth + 1, see));
            }
            Self::Not(test) => test.each(depth + 1, see),
            _ => {}
        }
    }
}

fn field(source: &Source, field: SourceField) -> &str {
    match field {
        SourceField::Channel => source.channel.word(),
        SourceField::Medium => &source.medium,
        SourceField::Source => &source.source,
        SourceField::AdCampaign => source.ad_campaign.as_deref().unwrap_or(""),
        SourceField::Term => source.term.as_deref().unwrap_or(""),
        SourceField::Content => source.content.as_deref().unwrap_or(""),
    }
}

impl TextTest {
    fn holds(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        match self {
            Self::Is(other) => text == other.to_lowercase(),
            Self::IsOneOf(others) => others.iter().any(|other| text == other.to_lowercase()),
            Self::StartsWith(start) => text.starts_with(&start.to_lowercase()),
            Self::Contains(part) => text.contains(&part.to_lowercase()),
            Self::Present(wanted) => text.is_empty() != *wanted,
        }
    }
}

impl CallerTest {
    fn holds(&self, caller: Option<PhoneNumber>) -> bool {
        let Some(number) = caller else {
            return *self == Self::Withheld(true);
        };
        let among = |list: &[String], word: &str| list.iter().any(|l| l.eq_ignore_ascii_case(word));
        match self {
            Self::Withheld(withheld) => !withheld,
            Self::Number(numbers) => among(numbers, &number.to_string()),
            Self::Prefix(prefix) => number.to_string().starts_with(prefix.as_str()),
            Self::Country(countries) => number
                .country()
                .is_some_and(|country: Country| among(countries, country.code())),
            Self::AreaCode(codes) => number
                .area_code()
                .is_some_and(|code| among(codes, &format!("{code:03}"))),
        }
    }
}

impl GeoTest {
    fn holds(&self, caller: Option<PhoneNumber>) -> bool {
        let Some(area) = caller.and_then(area_code_of) else {
            return false;
        };
        let (list, word) = match self {
            Self::State(states) => (states, area.state),
            Self::Place(places) => (places, area.place),
        };
        list.iter().any(|l| l.eq_ignore_ascii_case(word))
    }
}

impl ScoreTest {
    const fn holds(self, score: Option<u8>) -> bool {
        match (self, score) {
            (Self::AtLeast(least), Some(score)) => score >= least,
            (Self::Below(limit), Some(score)) => score < limit,
            (Self::Absent, None) => true,
            (Self::AtLeast(_) | Self::Below(_), None) | (Self::Absent, Some(_)) => false,
        }
    }
}

impl RepeatTest {
    const fn holds(self, calls_before: u32) -> bool {
        match self {
            Self::FirstTime => calls_before == 0,
            Self::CalledBefore => calls_before > 0,
            Self::CallsAtLeast(least) => calls_before >= least,
        }
    }
}
