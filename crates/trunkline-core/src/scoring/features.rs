//! The features of one score: a short list of named values, put together for one moment.
//!
//! [`Features`] is the builder; its type names the moment, and what is known only later does not compile. [`FeatureSet`] is what
//! it made, kept with the call or lead as it was when it was scored, because the model learns from that and from nothing
//! newer.
//!
//! ```
//! use trunkline_core::scoring::{DialIn, Features, names};
//!
//! let mut features = Features::<DialIn>::new();
//! features.text(names::SOURCE, "google");
//! features.number(names::CALL_HOUR, 14.0);
//! assert_eq!(features.known().len(), 2);
//! ```
//!
//! How long the talk lasted is known after the call, so it is refused:
//!
//! ```compile_fail,E0277
//! use trunkline_core::scoring::{DialIn, Features, names};
//!
//! let mut features = Features::<DialIn>::new();
//! features.number(names::TALK_SECONDS, 240.0);
//! ```
//!
//! and what is gathered after the call cannot be scored, for it has no [`Features::known`]:
//!
//! ```compile_fail,E0277
//! use trunkline_core::scoring::{AfterCall, Features, names};
//!
//! let mut features = Features::<AfterCall>::new();
//! features.number(names::TALK_SECONDS, 240.0);
//! features.known();
//! ```
//!
//! Nor is there a way for a phone number:
//!
//! ```compile_fail,E0308
//! use trunkline_core::base::PhoneNumber;
//! use trunkline_core::scoring::{DialIn, Features, names};
//!
//! let mut features = Features::<DialIn>::new();
//! features.text(names::SOURCE, PhoneNumber::from_digits(12_145_550_100));
//! ```

use std::marker::PhantomData;

use super::hash::{Fnv, mixed};
use super::identity::Category;
use super::moment::{At, AvailableBy, BeforeRouting, Moment};
use crate::call::flow::is_tag_name;

/// Most features of one score; further ones are left out.
pub const FEATURES_MAX: usize = 128;
/// The largest number, in either direction; what is beyond is held there, so that means stay numbers.
const NUMBER_MAX: f64 = 1e12;
/// Longest name of a feature with its group, in bytes.
pub(super) const NAME_MAX: usize = 64;
/// What names of the remote model's words begin with.
const REMOTE: &str = "remote.";
/// Room for the texts of usual features, in bytes, so that they are written without growing.
const TEXTS_USUAL: usize = 1_024;
/// The same for the features themselves.
const FEATURES_USUAL: usize = 48;

/// The name of a feature that is known at the moment `M`.
#[derive(Debug, PartialEq, Eq)]
pub struct Name<'a, M> {
    group: &'static str,
    name: &'a str,
    moment: PhantomData<M>,
}

impl<M> Clone for Name<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Name<'_, M> {}

impl<M: At> Name<'static, M> {
    /// A name of the program itself, such as `visit.source`.
    #[must_use]
    pub const fn new(group: &'static str, name: &'static str) -> Self {
        Self {
            group,
            name,
            moment: PhantomData,
        }
    }
}

impl<'a, M: At> Name<'a, M> {
    /// A name that people gave, such as that of a field; `None` when it cannot be that of a tag.
    #[must_use]
    pub fn given(group: &'static str, name: &'a str) -> Option<Self> {
        (is_tag_name(name) && group.len() + 1 + name.len() <= NAME_MAX).then_some(Self {
            group,
            name,
            moment: PhantomData,
        })
    }
}

/// The value of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// One of many.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Asked for and not known.
    Missing,
}

/// One feature; its texts stand in those of its set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// The hash of its name.
    pub(super) column: u64,
    /// What stands behind it.
    pub(super) held: Held,
    /// Whether it is the remote model's word.
    pub(super) is_remote: bool,
    name_from: u16,
    name_to: u16,
    /// The text begins where the name ends.
    text_to: u16,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held {
    /// The hash of name and text, or of name and flag.
    Word(u64),
    Flag(bool, u64),
    Number(f64),
    Missing(u64),
}

const FLAGS: [u64; 2] = [0x5bd1_e995_0000_0001, 0x5bd1_e995_0000_0002];
const MISSING: u64 = 0x5bd1_e995_0000_0003;

/// The features of one score. There is no set of what is known only after the call.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSet {
    moment: Moment,
    texts: String,
    entries: Vec<Entry>,
    /// A bit for each name that is there, by the low bits of its hash: most names are seen to be new without a look at all.
    seen: [u64; 4],
    left_out: u32,
}

impl FeatureSet {
    pub(super) fn at(moment: Moment) -> Self {
        Self {
            moment,
            texts: String::with_capacity(TEXTS_USUAL),
            entries: Vec::with_capacity(FEATURES_USUAL),
            seen: [0; 4],
            left_out: 0,
        }
    }

    /// The moment for which it was put together.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        self.moment
    }

    /// How many features there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many were left out: they looked like an identity, had their name twice, or were too many.
    #[must_use]
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// The features in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        (0..self.entries.len()).filter_map(|place| self.get(place))
    }

    /// The feature at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<(&str, Value<'_>)> {
        let entry = self.entries.get(place)?;
        let text = |from: u16, to: u16| self.texts.get(usize::from(from)..usize::from(to));
        let value = match entry.held {
            Held::Word(_) => Value::Text(text(entry.name_to, entry.text_to)?),
            Held::Flag(yes, _) => Value::Flag(yes),
            Held::Number(number) => Value::Number(number),
            Held::Missing(_) => Value::Missing,
        };
        Some((text(entry.name_from, entry.name_to)?, value))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same for another moment.
    pub(super) fn moved_to(self, moment: Moment) -> Self {
        Self { moment, ..self }
    }

    fn clear(&mut self) {
        self.texts.clear();
        self.entries.clear();
        self.seen = [0; 4];
        self.left_out = 0;
    }

    /// Adds a feature whose name is in its one form.
    pub(super) fn add(&mut self, parts: [&str; 3], value: Value<'_>) {
        let name_from = self.texts.len();
        let name = parts.iter().fold(Fnv::new(), |fnv, part| fnv.text(part));
        let column = name.end();
        let (place, bit) = ((column & 3) as usize, 1 << (column >> 2 & 63));
        let is_maybe_known = self.seen[place] & bit != 0;
        let is_known = is_maybe_known && self.entries.iter().any(|entry| entry.column == column);
        if is_known || self.entries.len() >= FEATURES_MAX {
            self.left_out += 1;
            return;
        }
        for part in parts {
            self.texts.push_str(part);
        }
        let name_to = self.texts.len();
        let held = match value {
            Value::Text(text) => Category::new(text).ok().map(|category| {
                category.write(&mut self.texts);
                let written = self.texts.get(name_to..).unwrap_or_default();
                if written.is_empty() {
                    Held::Missing(mixed(column ^ MISSING))
                } else {
                    Held::Word(name.between().text(written).end())
                }
            }),
            Value::Flag(yes) => Some(Held::Flag(yes, mixed(column ^ FLAGS[usize::from(yes)]))),
            Value::Number(number) if number.is_finite() => {
                Some(Held::Number(number.clamp(-NUMBER_MAX, NUMBER_MAX)))
            }
            Value::Number(_) | Value::Missing => Some(Held::Missing(mixed(column ^ MISSING))),
        };
        // A set has at most 128 names of 64 bytes with values of 80, so every place fits.
        let short = |at: usize| u16::try_from(at).ok();
        let places = (short(name_from), short(name_to), short(self.texts.len()));
        let (Some(held), (Some(from), Some(name_to), Some(text_to))) = (held, places) else {
            self.texts.truncate(name_from);
            self.left_out += 1;
            return;
        };
        let name = self.texts.get(name_from..usize::from(name_to));
        self.seen[place] |= bit;
        self.entries.push(Entry {
            column,
            held,
            is_remote: name.is_some_and(|name| name.starts_with(REMOTE)),
            name_from: from,
            name_to,
            text_to,
        });
    }
}

/// Puts the features of a score together, as they are known at the moment `M`.
#[derive(Debug, Clone, PartialEq)]
pub struct Features<M> {
    set: FeatureSet,
    moment: PhantomData<M>,
}

impl<M: At> Default for Features<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: At> Features<M> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            set: FeatureSet::at(M::MOMENT),
            moment: PhantomData,
        }
    }

    /// One of many, as a text in small letters. What looks like somebody's identity is left out.
    pub fn text<K: AvailableBy<M>>(&mut self, name: Name<'_, K>, text: &str) {
        self.add(name, Value::Text(text));
    }

    /// A number.
    pub fn number<K: AvailableBy<M>>(&mut self, name: Name<'_, K>, number: f64) {
        self.add(name, Value::Number(number));
    }

    /// Yes or no.
    pub fn flag<K: AvailableBy<M>>(&mut self, name: Name<'_, K>, yes: bool) {
        self.add(name, Value::Flag(yes));
    }

    /// That somebody asked and it is not known, which tells something by itself.
    pub fn missing<K: AvailableBy<M>>(&mut self, name: Name<'_, K>) {
        self.add(name, Value::Missing);
    }

    /// A text when there is one.
    pub fn text_or_missing<K: AvailableBy<M>>(&mut self, name: Name<'_, K>, text: Option<&str>) {
        self.add(name, text.map_or(Value::Missing, Value::Text));
    }

    /// A number when there is one.
    pub fn number_or_missing<K: AvailableBy<M>>(&mut self, name: Name<'_, K>, number: Option<f64>) {
        self.add(name, number.map_or(Value::Missing, Value::Number));
    }

    fn add<K: AvailableBy<M>>(&mut self, name: Name<'_, K>, value: Value<'_>) {
        self.set.add([name.group, ".", name.name], value);
    }

    /// Forgets everything and keeps the room, for the next score.
    pub fn clear(&mut self) {
        self.set.clear();
    }
}

impl<M: BeforeRouting> Features<M> {
    /// What was put together, to be scored.
    #[must_use]
    pub const fn known(&self) -> &FeatureSet {
        &self.set
    }

    /// The same, to be kept.
    #[must_use]
    pub fn into_known(self) -> FeatureSet {
        self.set
    }
}
