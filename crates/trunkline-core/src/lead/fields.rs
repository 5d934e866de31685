//! The fields of a campaign's leads, as people write them, and the same made ready.
//!
//! `{"fields": [{"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
//! {"name": "age", "label": "Age", "type": {"number": {"min": 18, "max": 99, "whole": true}}, "required": "ping"}]}`

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::names;
use crate::base::{Decimal, Problem, words};

/// Most fields of a campaign.
pub const FIELDS_MAX: usize = 100;
/// Most names by which partners call one field.
pub const FIELD_ALIASES_MAX: usize = 20;
/// Most values of one choice.
pub const CHOICES_MAX: usize = 200;
/// Longest value of any field, in characters.
pub const VALUE_MAX: u32 = 4_000;

/// The fields of a campaign's leads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDocument {
    /// The fields, in the order in which people see them.
    #[serde(default)]
    pub fields: Vec<FieldDef>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDef {
    /// Its name, which is that of the tag that filters ask for: small letters, digits and `_`.
    pub name: String,
    /// For people.
    pub label: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub of: FieldType,
    /// When it must be there.
    #[serde(default, skip_serializing_if = "Required::is_never")]
    pub required: Required,
    /// Whether it tells who somebody is, so that it is never in a ping. Phone numbers and e-mail addresses always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal: bool,
    /// Other names by which partners send it, beside the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Longest value, in characters; that of its type when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// A part of its value must fit this regular expression; `^` and `$` are its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// How a text is brought into one form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normaliser: Option<Normaliser>,
}

words! {
    /// When a field must be there.
    #[derive(Default)]
    Required {
        /// It may be left out.
        #[default]
        Never = "never",
        /// In a post.
        Post = "post",
        /// In a ping already, and in its post.
        Ping = "ping",
    }
}

impl Required {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference to the field"
    )]
    const fn is_never(&self) -> bool {
        matches!(self, Self::Never)
    }
}

words! {
    /// How a text is brought into one form.
    Normaliser {
        /// Small letters.
        Lower = "lower",
        /// Capitals.
        Upper = "upper",
        /// Each word begins with a capital.
        Title = "title",
        /// Only its digits.
        Digits = "digits",
        /// Only its letters and digits.
        LettersAndDigits = "letters_and_digits",
    }
}

/// What the values of a field are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FieldType {
    /// Any text.
    Text,
    /// A phone number, kept in E.164 form.
    Phone,
    /// An e-mail address, kept in small letters.
    Email,
    /// A ZIP code of the United States, kept as five digits.
    Zip,
    /// A state or province, kept as two letters.
    State,
    /// A country, kept as two letters.
    Country,
    /// A day of the calendar, kept as 2026-12-25.
    Date(DateRange),
    /// A decimal number.
    Number(NumberRange),
    /// An amount of money, without its currency.
    Money(NumberRange),
    /// `yes` or `no`.
    YesNo,
    /// One of these.
    Choice(Vec<Choice>),
    /// An address that begins with http or https.
    Url,
    /// An address of the Internet, version 4 or 6.
    Ip,
    /// The words somebody agreed to, as they were shown.
    ConsentText,
    /// A certificate of consent: the address of a TrustedForm certificate, or a LeadiD token.
    Certificate,
    /// Those somebody agreed to hear from, with `|` between them.
    Sellers,
    /// A SHA-256 hash, as 64 hexadecimal digits.
    Sha256,
}

/// Which days a date may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DateRange {
    /// The fewest full years that lie between it and today, so that it is a date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years_ago_min: Option<u16>,
    /// The most full years that lie between it and today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years_ago_max: Option<u16>,
    /// Whether `03/04/2026` is the third of April, instead of the fourth of March.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub day_first: bool,
}

/// Which numbers a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NumberRange {
    /// The least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Decimal>,
    /// The most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Decimal>,
    /// Whether there may be nothing behind the point.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// One value of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What is kept, and what filters compare.
    pub value: String,
    /// For people; the value itself when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How partners write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

impl FieldDef {
    /// Whether it tells who somebody is.
    #[must_use]
    pub const fn is_personal(&self) -> bool {
        self.personal || matches!(self.of, FieldType::Phone | FieldType::Email)
    }

    /// Longest value, in characters.
    #[must_use]
    pub fn length_max(&self) -> u32 {
        let of_type = match self.of {
            FieldType::ConsentText | FieldType::Sellers => VALUE_MAX,
            FieldType::Url | FieldType::Certificate => 2_000,
            _ => 500,
        };
        self.max_length.unwrap_or(of_type)
    }
}

/// The fields of a campaign, made ready.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    defs: Box<[Field]>,
    /// Names without their punctuation, with the place of the field and how well the name is its own: the smaller, the
    /// better.
    by_name: BTreeMap<Box<str>, (usize, usize)>,
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) def: FieldDef,
    pub(super) pattern: Option<Regex>,
}

impl FieldDocument {
    /// Makes the fields ready.
    ///
    /// # Errors
    /// With their problems, when there are any.
    pub fn compile(&self) -> Result<Fields, Vec<Problem>> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let ready = |def: &FieldDef| Field {
            def: def.clone(),
            pattern: def.pattern.as_deref().and_then(|pattern| {
                // Problems were looked for above.
                crate::base::document::regex(pattern).ok()
            }),
        };
        let defs: Box<[Field]> = self.fields.iter().map(ready).collect();
        let mut by_name = BTreeMap::new();
        // What a document says goes before what is usual, and an own name before another name of somebody else.
        for (place, field) in defs.iter().enumerate() {
            by_name.insert(names::plain(&field.def.name), (place, 0));
        }
        for (place, field) in defs.iter().enumerate() {
            for (rank, alias) in (1..).zip(&field.def.aliases) {
                by_name.entry(names::plain(alias)).or_insert((place, rank));
            }
        }
        for (place, field) in defs.iter().enumerate() {
            let usual = names::usual(&field.def.name);
            for (rank, alias) in (1 + FIELD_ALIASES_MAX..).zip(usual) {
                by_name.entry((*alias).into()).or_insert((place, rank));
            }
        }
        Ok(Fields { defs, by_name })
    }
}

impl Fields {
    /// The fields as they were written.
    pub fn defs(&self) -> impl Iterator<Item = &FieldDef> {
        self.defs.iter().map(|field| &field.def)
    }

    /// The field that a partner calls by this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&FieldDef> {
        let (place, _) = self.find(name)?;
        self.defs.get(place).map(|field| &field.def)
    }

    pub(super) fn find(&self, name: &str) -> Option<(usize, usize)> {
        self.by_name.get(names::plain(name).as_ref()).copied()
    }

    pub(super) fn all(&self) -> &[Field] {
        &self.defs
    }
}
