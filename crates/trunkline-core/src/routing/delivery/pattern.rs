//! Texts with placeholders, and what stands in their place.
//!
//! `{zip}`, `{tag.age}`, `{lead.city}`, `{click.gclid}`, `{setting.account}`, `{secret.key}`; alternatives with `|`, of
//! which the first that is known counts, the last perhaps a text in quotes: `{tag.zip|zip|"00000"}`; a form behind a
//! colon: `{score:number}`. `{{` and `}}` are braces.

use std::collections::BTreeMap;

use super::values::{Slot, Values};
use crate::base::words;

/// Longest text with placeholders, in bytes.
pub(super) const PATTERN_BYTES_MAX: usize = 4 * 1024;
/// Most alternatives of a placeholder.
const ALTERNATIVES_MAX: usize = 8;
/// Longest name in a placeholder, in bytes.
const NAME_MAX: usize = 60;
/// What stands in a log where something is hidden.
pub(super) const MASK: &str = "***";

words! {
    /// How a value is written.
    Form {
        /// As it is known.
        Plain = "plain",
        /// Only its digits.
        Digits = "digits",
        /// In small letters.
        Lower = "lower",
        /// In capitals.
        Upper = "upper",
        /// In JSON: a number and not a text.
        Number = "number",
        /// In JSON: `true` or `false` and not a text.
        Bool = "bool",
    }
}

/// Where the value of a placeholder comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Slot(Slot),
    Tag(String),
    Lead(String),
    Click(String),
    Setting(String),
    Secret(String),
    Fixed(String),
}

impl Origin {
    /// Whether the value says, as far as its name tells, who the person is.
    pub(super) fn is_identity(&self) -> bool {
        match self {
            Self::Slot(slot) => slot.is_identity(),
            Self::Tag(name) | Self::Lead(name) => super::values::is_identity_name(name),
            Self::Click(_) | Self::Setting(_) | Self::Secret(_) | Self::Fixed(_) => false,
        }
    }

    /// As it is written.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Slot(slot) => slot.word().to_owned(),
            Self::Tag(name) => format!("tag.{name}"),
            Self::Lead(name) => format!("lead.{name}"),
            Self::Click(name) => format!("click.{name}"),
            Self::Setting(name) => format!("setting.{name}"),
            Self::Secret(name) => format!("secret.{name}"),
            Self::Fixed(text) => format!("\"{text}\""),
        }
    }
}

/// A placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) origins: Vec<Origin>,
    pub(super) form: Form,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Hole(Hole),
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pattern(pub(super) Vec<Part>);

/// Everything that stands behind names.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub(super) values: &'a Values,
    pub(super) settings: &'a BTreeMap<String, String>,
    pub(super) secrets: &'a BTreeMap<String, String>,
    /// Whether it may be told who the person is.
    pub(super) identity: bool,
    /// Whether it is for a log.
    pub(super) masked: bool,
}

impl Lookup<'_> {
    fn text(&self, origin: &Origin) -> Option<String> {
        let values = self.values;
        let (text, identity, hidden) = match origin {
            Origin::Slot(slot) => {
                let text = values.known.get(slot);
                (text, slot.is_identity(), slot.is_masked())
            }
            Origin::Tag(name) => {
                let identity = values.is_identity(name);
                (values.tags.get(name), identity, identity)
            }
            Origin::Lead(name) => {
                let identity = values.is_identity(name);
                (values.lead.get(name), identity, identity)
            }
            Origin::Click(name) => (values.clicks.get(name), false, false),
            Origin::Setting(name) => (self.settings.get(name), false, false),
            Origin::Secret(name) => (self.secrets.get(name), false, true),
            Origin::Fixed(text) => (Some(text), false, false),
        };
        let text = text.map(|text| text.trim());
        let text = text.filter(|text| !text.is_empty() || matches!(origin, Origin::Fixed(_)))?;
        if identity && !self.identity {
            return None;
        }
        Some(if hidden && self.masked { MASK } else { text }.to_owned())
    }

    /// What stands for a placeholder; nothing when nothing is known.
    pub(super) fn fill(&self, hole: &Hole) -> Option<String> {
        let text = hole.origins.iter().find_map(|origin| self.text(origin))?;
        Some(match hole.form {
            _ if text == MASK => text,
            Form::Plain | Form::Number | Form::Bool => text,
            Form::Digits => text.chars().filter(char::is_ascii_digit).collect(),
            Form::Lower => text.to_lowercase(),
            Form::Upper => text.to_uppercase(),
        })
    }
}

impl Pattern {
    /// # Errors
    /// What is not understood, and what to write.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("is too long; at most {PATTERN_BYTES_MAX} bytes"));
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            let behind = &rest[at + 1..];
            if let Some(behind) = behind.strip_prefix(brace) {
                plain.push_str(brace);
                rest = behind;
                continue;
            }
            if brace == "}" {
                return Err("has } without {; write }} for a brace".to_owned());
            }
            let Some(end) = hole_end(behind) else {
                return Err("has { without }; write {{ for a brace".to_owned());
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Hole(hole(&behind[..end])?));
            rest = &behind[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            Part::Text(_) => None,
        })
    }

    /// The one placeholder it is made of.
    pub(super) fn only_hole(&self) -> Option<&Hole> {
        match self.0.as_slice() {
            [Part::Hole(hole)] => Some(hole),
            _ => None,
        }
    }

    /// The text, with each value changed by `escape`. Nothing when it is made of placeholders alone and none is known.
    pub(super) fn fill(
        &self,
        lookup: &Lookup<'_>,
        escape: impl Fn(&str, &mut String),
    ) -> Option<String> {
        let mut text = String::new();
        let mut told = self.0.is_empty();
        for part in &self.0 {
            match part {
                Part::Text(plain) => {
                    escape(plain, &mut text);
                    told = true;
                }
                Part::Hole(hole) => {
                    if let Some(value) = lookup.fill(hole) {
                        escape(&value, &mut text);
                        told = true;
                    }
                }
            }
        }
        told.then_some(text)
    }

    /// The same with nothing changed.
    pub(super) fn plain(&self, lookup: &Lookup<'_>) -> Option<String> {
        self.fill(lookup, |text, to| to.push_str(text))
    }
}

/// Where a placeholder ends: at the first brace outside of quotes.
fn hole_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == '}' && !quoted).then_some(at)
    })
}

fn hole(text: &str) -> Result<Hole, String> {
    let mut origins = Vec::new();
    let mut form = Form::Plain;
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let origin = if let Some(quoted) = rest.strip_prefix('"') {
            let Some((fixed, behind)) = quoted.split_once('"') else {
                return Err(format!("`{{{text}}}` has a quote without an end"));
            };
            rest = behind.trim_start();
            Origin::Fixed(fixed.to_owned())
        } else {
            let length = rest.find(['|', ':']).unwrap_or(rest.len());
            let name = rest[..length].trim();
            rest = &rest[length..];
            named(name)?
        };
        origins.push(origin);
        if origins.len() > ALTERNATIVES_MAX {
            return Err(format!(
                "`{{{text}}}` has more than {ALTERNATIVES_MAX} alternatives; write fewer"
            ));
        }
        if let Some(behind) = rest.strip_prefix('|') {
            rest = behind;
            continue;
        }
        if let Some(word) = rest.strip_prefix(':') {
            let Some(found) = Form::from_word(word.trim()) else {
                let forms: Vec<_> = Form::ALL.iter().map(|form| form.word()).collect();
                return Err(format!(
                    "`{}` is no form of a value; write one of {}",
                    word.trim(),
                    forms.join(", ")
                ));
            };
            form = found;
        } else if !rest.is_empty() {
            return Err(format!("`{{{text}}}` has something behind a quote"));
        }
        return Ok(Hole { origins, form });
    }
}

fn named(name: &str) -> Result<Origin, String> {
    if let Some(slot) = Slot::from_word(name) {
        return Ok(Origin::Slot(slot));
    }
    let unknown = || {
        format!(
            "`{{{name}}}` stands for nothing; write a name such as {{phone}}, {{zip}}, {{tag.NAME}}, {{lead.NAME}}, {{click.NAME}}, {{setting.NAME}} or {{secret.NAME}}"
        )
    };
    let (kind, rest) = name.split_once('.').ok_or_else(unknown)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if rest.is_empty() || rest.len() > NAME_MAX || !rest.chars().all(plain) {
        return Err(format!(
            "`{{{name}}}` has no proper name; write 1 to {NAME_MAX} letters, digits, _ or -"
        ));
    }
    let rest = rest.to_owned();
    match kind {
        "tag" => Ok(Origin::Tag(rest)),
        "lead" => Ok(Origin::Lead(rest)),
        "click" => Ok(Origin::Click(rest)),
        "setting" => Ok(Origin::Setting(rest)),
        "secret" => Ok(Origin::Secret(rest)),
        _ => Err(unknown()),
    }
}
