//! What keeps the fields of a campaign from meaning what they say, each with its place and with what to write instead.

use std::collections::BTreeMap;

use super::fields::{
    CHOICES_MAX, Choice, DateRange, FIELD_ALIASES_MAX, FIELDS_MAX, FieldDef, FieldDocument,
    FieldType, NumberRange, Required, VALUE_MAX,
};
use super::names;
use crate::base::Problem;
use crate::base::document::{Problems, below, regex};
use crate::call::flow::{TAG_NAME_MAX, is_tag_name};

/// Longest label, and longest name of a partner, in characters.
const LABEL_MAX: usize = 100;
/// Longest value of a choice, in characters.
const CHOICE_MAX: usize = 200;
/// Longest regular expression, in characters.
const PATTERN_MAX: usize = 500;
/// Most years that a date may be limited to.
const YEARS_MAX: u16 = 150;

impl FieldDocument {
    /// Everything that keeps the fields from being used.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if self.fields.len() > FIELDS_MAX {
            let count = self.fields.len();
            found.add(
                "fields",
                format!("{count} are too many; at most {FIELDS_MAX}"),
            );
            return found.0;
        }
        let mut taken: BTreeMap<Box<str>, &str> = BTreeMap::new();
        for (index, def) in self.fields.iter().enumerate() {
            let place = format!("fields[{index}]");
            found.within(&place, def.problems());
            for name in [&def.name].into_iter().chain(&def.aliases) {
                if let Some(other) = taken.insert(names::plain(name), &def.name) {
                    let message = format!(
                        "`{name}` is a name of `{other}` already; capitals and punctuation do not tell names apart"
                    );
                    found.add(&place, message);
                }
            }
        }
        let reaches = |def: &FieldDef| matches!(def.of, FieldType::Phone | FieldType::Email);
        if !self.fields.is_empty() && !self.fields.iter().any(reaches) {
            let message = "hold no phone number and no e-mail address, so nobody could be reached; add a field of the type phone or email";
            found.add("fields", message);
        }
        found.0
    }
}

impl FieldDef {
    fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if !is_tag_name(&self.name) {
            let message = format!(
                "`{}` is no name of a field; write 1 to {TAG_NAME_MAX} small letters, digits or _",
                self.name
            );
            found.add("name", message);
        }
        if self.label.trim().is_empty() || self.label.chars().count() > LABEL_MAX {
            let message = format!("write 1 to {LABEL_MAX} characters for people to read");
            found.add("label", message);
        }
        if self.aliases.len() > FIELD_ALIASES_MAX {
            let count = self.aliases.len();
            let message = format!("{count} other names are too many; at most {FIELD_ALIASES_MAX}");
            found.add("aliases", message);
        }
        for alias in &self.aliases {
            if names::plain(alias).is_empty() || alias.chars().count() > LABEL_MAX {
                let message = format!(
                    "`{alias}` is no name; write 1 to {LABEL_MAX} characters with a letter or digit"
                );
                found.add("aliases", message);
            }
        }
        if self.required == Required::Ping && self.is_personal() {
            let message = "tells who somebody is, which no ping may; write post, or ask for a hash of the type sha256";
            found.add("required", message);
        }
        if let Some(most) = self.max_length.filter(|m| !(1..=VALUE_MAX).contains(m)) {
            let message = format!("{most} is out of range; write 1 to {VALUE_MAX}");
            found.add("max_length", message);
        }
        if let Some(pattern) = &self.pattern {
            if pattern.chars().count() > PATTERN_MAX {
                let message = format!("is too long; at most {PATTERN_MAX} characters");
                found.add("pattern", message);
            } else if let Err(why) = regex(pattern) {
                found.add("pattern", why);
            }
        }
        if self.normaliser.is_some() && self.of != FieldType::Text {
            let message = "is for texts; values of every other type have one form already";
            found.add("normaliser", message);
        }
        let hash_of_somebody = [names::PHONE_HASH, names::EMAIL_HASH].contains(&self.name.as_str());
        if hash_of_somebody && self.of != FieldType::Sha256 {
            found.add("type", "has the name of a hash; write sha256");
        }
        let of_the_type = match &self.of {
            FieldType::Choice(choices) => below_type("choice", choices_problems(choices)),
            FieldType::Number(range) => below_type("number", range.problems()),
            FieldType::Money(range) => below_type("money", range.problems()),
            FieldType::Date(range) => below_type("date", range.problems()),
            _ => Vec::new(),
        };
        found.within("type", of_the_type);
        found.0
    }
}

fn below_type(word: &str, problems: Vec<Problem>) -> Vec<Problem> {
    let mut found = Problems::default();
    found.within(word, problems);
    found.0
}

impl NumberRange {
    fn problems(self) -> Vec<Problem> {
        let mut found = Problems::default();
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            let message = format!("{min} to {max} is nothing; write the smaller number as min");
            found.add("", message);
        }
        found.0
    }
}

impl DateRange {
    fn problems(self) -> Vec<Problem> {
        let mut found = Problems::default();
        for years in [self.years_ago_min, self.years_ago_max]
            .into_iter()
            .flatten()
        {
            if years > YEARS_MAX {
                let message = format!("{years} years are out of range; write 0 to {YEARS_MAX}");
                found.add("", message);
            }
        }
        if let (Some(min), Some(max)) = (self.years_ago_min, self.years_ago_max)
            && min > max
        {
            let message = format!(
                "{min} to {max} years is nothing; write the smaller number as years_ago_min"
            );
            found.add("", message);
        }
        found.0
    }
}

fn choices_problems(choices: &[Choice]) -> Vec<Problem> {
    let mut found = Problems::default();
    if choices.is_empty() || choices.len() > CHOICES_MAX {
        let count = choices.len();
        found.add("", format!("has {count} values; write 1 to {CHOICES_MAX}"));
    }
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (index, choice) in choices.iter().enumerate().take(CHOICES_MAX) {
        let place = below(&format!("[{index}]"), "value");
        let mut written: Vec<&String> = vec![&choice.value];
        written.extend(&choice.aliases);
        written.extend(&choice.label);
        let mut own: Vec<String> = Vec::new();
        for text in written {
            if text.trim().is_empty() || text.chars().count() > CHOICE_MAX {
                let message = format!("write values and labels of 1 to {CHOICE_MAX} characters");
                found.add(&place, message);
            }
            let key = super::value::choice_key(text);
            if own.contains(&key) {
                continue;
            }
            own.push(key.clone());
            if let Some(other) = taken.insert(key, &choice.value) {
                let message = format!("`{text}` stands for `{other}` already");
                found.add(&place, message);
            }
        }
    }
    found.0
}
