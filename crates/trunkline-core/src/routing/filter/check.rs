//! What keeps a filter from meaning what it says, each with its place and with what to write instead.

use super::super::document::{Decimal, Problem, Problems, below};
use super::super::lists::{ItemKind, Shelf};
use super::document::{Filter, TagTest, ValueTest, ZipWithin};
pub use crate::base::REGEX_BYTES_MAX;
pub(super) use crate::base::document::regex;
use crate::base::id::ItemListId;
use crate::call::flow::{TAG_NAME_MAX, is_tag_name};

/// Most comparisons of one filter.
pub const TESTS_MAX: usize = 200;
/// Deepest nesting of one filter.
pub const DEPTH_MAX: usize = 8;
/// Most texts of one comparison; more belong into a list of the account.
pub const LIST_MAX: usize = 1_000;
/// Longest text of a comparison, in characters.
pub const TEXT_MAX: usize = 500;
/// Most regular expressions and distances of one filter: each takes memory of its own.
pub const HEAVY_MAX: usize = 10;
/// Longest way from a ZIP code, in miles.
const MILES_MAX: i64 = 500;
/// Most tags of which the first with a value counts.
const NAMES_MAX: usize = 8;

impl Filter {
    /// Everything that keeps the filter from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut check = Check {
            shelf,
            found: Problems::default(),
            tests: 0,
            heavy: 0,
        };
        check.filter(self, "", 1);
        if check.tests > TESTS_MAX {
            let message = format!("has {} comparisons; at most {TESTS_MAX}", check.tests);
            check.found.add("", message);
        }
        if check.heavy > HEAVY_MAX {
            let count = check.heavy;
            let message =
                format!("has {count} regular expressions and distances; at most {HEAVY_MAX}");
            check.found.add("", message);
        }
        check.found.0
    }
}

impl ValueTest {
    /// Everything that keeps a comparison from being used where there are no lists.
    pub(in crate::routing) fn problems(&self) -> Vec<Problem> {
        let shelf = Shelf::default();
        let mut check = Check {
            shelf: &shelf,
            found: Problems::default(),
            tests: 0,
            heavy: 0,
        };
        check.value(self, "");
        check.found.0
    }
}

struct Check<'a> {
    shelf: &'a Shelf,
    found: Problems,
    tests: usize,
    heavy: usize,
}

impl Check<'_> {
    fn filter(&mut self, filter: &Filter, place: &str, depth: usize) {
        if depth > DEPTH_MAX {
            self.found.add(
                place,
                format!("is nested deeper than {DEPTH_MAX}; use fewer levels"),
            );
            return;
        }
        self.tests += 1;
        match filter {
            Filter::All(parts) => self.parts(parts, "all", place, depth),
            Filter::Any(parts) => self.parts(parts, "any", place, depth),
            Filter::Not(part) => self.filter(part, &below(place, "not"), depth + 1),
            Filter::Tag(test) => {
                let place = below(place, "tag");
                self.names(test, &place);
                self.value(&test.value, &place);
            }
            Filter::Field(test) => self.value(&test.value, &below(place, test.name.word())),
            Filter::When(block) if block.days.is_empty() => {
                let place = below(place, "when");
                self.found
                    .add(&place, "has no days; write days such as mon");
            }
            Filter::When(_) => {}
            Filter::ZipWithin(within) => self.within(within, &below(place, "zip_within")),
        }
    }

    fn parts(&mut self, parts: &[Filter], word: &str, place: &str, depth: usize) {
        if parts.is_empty() {
            let message =
                format!("`{word}` is empty; write at least one comparison, or leave it out");
            self.found.add(place, message);
        }
        for (index, part) in parts.iter().enumerate() {
            self.filter(part, &below(place, &format!("{word}[{index}]")), depth + 1);
        }
    }

    fn names(&mut self, test: &TagTest, place: &str) {
        if test.name.split('|').count() > NAMES_MAX {
            self.found.add(
                place,
                format!("names more than {NAMES_MAX} tags; write fewer"),
            );
        }
        for name in test.name.split('|').map(str::trim) {
            if !is_tag_name(name) {
                self.found.add(
                    place,
                    format!(
                        "`{name}` is no name of a tag; write 1 to {TAG_NAME_MAX} small letters, digits or _"
                    ),
                );
            }
        }
    }

    fn value(&mut self, test: &ValueTest, place: &str) {
        match test {
            ValueTest::Is(text)
            | ValueTest::Contains(text)
            | ValueTest::StartsWith(text)
            | ValueTest::EndsWith(text) => self.text(text, place),
            ValueTest::IsOneOf(texts) => {
                if texts.is_empty() {
                    let message =
                        "`is_one_of` is empty, so nothing would fit; write at least one text";
                    self.found.add(place, message);
                }
                if texts.len() > LIST_MAX {
                    let count = texts.len();
                    self.found.add(
                        place,
                        format!("has {count} texts; at most {LIST_MAX}, put more into a list and use in_list"),
                    );
                }
                for text in texts.iter().take(LIST_MAX) {
                    self.text(text, place);
                }
            }
            ValueTest::Matches(pattern) => {
                self.heavy += 1;
                self.text(pattern, place);
                if let Err(why) = regex(pattern) {
                    self.found.add(place, why);
                }
            }
            ValueTest::Between(from, to) if from > to => {
                let message =
                    format!("between {from} and {to} is nothing; write the smaller number first");
                self.found.add(place, message);
            }
            ValueTest::InList(list) => self.list(*list, false, place),
            ValueTest::HashInList(list) => self.list(*list, true, place),
            ValueTest::Present(_)
            | ValueTest::Below(_)
            | ValueTest::AtMost(_)
            | ValueTest::Above(_)
            | ValueTest::AtLeast(_)
            | ValueTest::Between(..) => {}
        }
    }

    fn text(&mut self, text: &str, place: &str) {
        if text.trim().is_empty() {
            let message = "compares with an empty text, which nothing is; use {\"present\": false} for what is not there";
            self.found.add(place, message);
        }
        if text.chars().count() > TEXT_MAX {
            let message = format!("has a text that is too long; at most {TEXT_MAX} characters");
            self.found.add(place, message);
        }
    }

    fn list(&mut self, id: ItemListId, hashes: bool, place: &str) {
        match self.shelf.lists.get(&id) {
            None => {
                let message = format!("the list `{id}` does not exist; choose another");
                self.found.add(place, message);
            }
            Some(list) if hashes && list.kind() != ItemKind::Hashes => {
                let kind = list.kind().word();
                let message =
                    format!("`{id}` is a list of {kind}; choose a list of hashes, or use in_list");
                self.found.add(place, message);
            }
            Some(_) => {}
        }
    }

    fn within(&mut self, within: &ZipWithin, place: &str) {
        self.heavy += 1;
        if !self.shelf.zips.knows(&within.zip) {
            let message = format!(
                "`{}` is no ZIP code that is known; write five digits such as 75201",
                within.zip
            );
            self.found.add(place, message);
        }
        let allowed = Decimal::from_micros(1)..=Decimal::from_micros(MILES_MAX * 1_000_000);
        if !allowed.contains(&within.miles) {
            let message = format!(
                "{} miles are out of range; write up to {MILES_MAX}",
                within.miles
            );
            self.found.add(place, message);
        }
    }
}
