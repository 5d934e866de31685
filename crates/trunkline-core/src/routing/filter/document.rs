//! The document of a filter: a small closed tree of comparisons.
//!
//! `{"all": [{"field": {"name": "state", "value": {"is_one_of": ["TX", "OK"]}}}, {"not": {"tag": {"name": "debt|amount",
//! "value": {"below": 5000}}}}]}`

use serde::{Deserialize, Serialize};

use super::super::document::{Decimal, id_text};
use super::super::facts::Field;
use crate::base::id::ItemListId;
use crate::base::schedule::WeeklyBlock;

/// Something that is true of an opportunity or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Every one is true.
    All(Vec<Filter>),
    /// At least one is true.
    Any(Vec<Filter>),
    /// It is not true.
    Not(Box<Filter>),
    /// A tag.
    Tag(TagTest),
    /// Something else that is known.
    Field(FieldTest),
    /// The weekday and the time, on the clock of the campaign.
    When(WeeklyBlock),
    /// How far a ZIP code lies from another.
    ZipWithin(ZipWithin),
}

/// A comparison with a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagTest {
    /// The tag's name, or several with `|` between them: the first that has a value counts.
    pub name: String,
    /// What its value is compared with.
    pub value: ValueTest,
}

/// A comparison with a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldTest {
    /// The field.
    pub name: Field,
    /// What its value is compared with.
    pub value: ValueTest,
}

/// A comparison. Capitals and small letters are the same in all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueTest {
    /// There is one (`true`) or none (`false`).
    Present(bool),
    /// It is this text.
    Is(String),
    /// It is one of these texts.
    IsOneOf(Vec<String>),
    /// This text is in it.
    Contains(String),
    /// It begins with this text.
    StartsWith(String),
    /// It ends with this text.
    EndsWith(String),
    /// A part of it fits this regular expression; `^` and `$` are its ends.
    Matches(String),
    /// It is a number below this.
    Below(Decimal),
    /// It is a number not above this.
    AtMost(Decimal),
    /// It is a number above this.
    Above(Decimal),
    /// It is a number not below this.
    AtLeast(Decimal),
    /// It is a number from the first to the second, both included.
    Between(Decimal, Decimal),
    /// It is in a list of the account.
    InList(#[serde(with = "id_text")] ItemListId),
    /// It is a SHA-256 hash that is in a list of hashes of the account.
    HashInList(#[serde(with = "id_text")] ItemListId),
}

/// A question about where a ZIP code lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZipWithin {
    /// The ZIP code in the middle.
    pub zip: String,
    /// How far the opportunity's ZIP code may lie from it.
    pub miles: Decimal,
}
