//! A filter made ready: its test allocates nothing, and what failed can be put into words afterwards.

use std::fmt::Write as _;
use std::sync::Arc;

use regex::Regex;

use super::super::document::{Decimal, Problem};
use super::super::facts::{Clock, Facts, Field};
use super::super::lists::{ItemKind, ItemList, Shelf};
use super::super::text;
use super::check::regex;
use super::document::{Filter, ValueTest, ZipWithin};
use crate::base::Country;
use crate::base::schedule::WeeklyBlock;

/// From so many texts on they are looked up instead of compared one by one.
const FEW: usize = 8;
/// Metres in a mile, in thousandths.
const MILLIMETRES_PER_MILE: i128 = 1_609_344;

/// A filter made ready.
#[derive(Debug, Clone)]
pub struct Sieve {
    root: Node,
    /// By the number of a node: what it wants, for people.
    wants: Box<[Box<str>]>,
}

/// Which test of a sieve failed: its number, counted from the root downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailedTest(pub u16);

#[derive(Debug, Clone)]
struct Node {
    number: u16,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    Value(Comparison),
    When(WeeklyBlock),
}

/// A value, and what it is compared with.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    subject: Subject,
    check: Check,
    /// As it is written: what is written alike answers alike.
    written: Box<str>,
}

#[derive(Debug, Clone)]
enum Subject {
    /// Names with their fingerprints; the first that has a value counts.
    Tags(Box<[(u64, Box<str>)]>),
    Field(Field),
}

/// A comparison made ready.
#[derive(Debug, Clone)]
pub(in crate::routing) enum Check {
    Present(bool),
    Is(Box<str>),
    IsOneOf(Box<[Box<str>]>),
    Contains(Box<str>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Matches(Regex),
    /// From the first to the second, both included.
    Number(Decimal, Decimal),
    InList(Arc<ItemList>),
}

impl Subject {
    fn find<'a>(&self, facts: &'a Facts<'_>) -> Option<&'a str> {
        match self {
            Self::Tags(names) => names
                .iter()
                .find_map(|(fingerprint, name)| facts.tag_by(*fingerprint, name)),
            Self::Field(field) => facts.field(*field),
        }
    }
}

impl Check {
    /// Whether it is true of a value, or of none.
    pub(in crate::routing) fn holds(&self, value: Option<&str>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Present(false));
        };
        match self {
            Self::Present(wanted) => *wanted,
            Self::Is(other) => text::is(value, other),
            Self::IsOneOf(others) => others.iter().any(|other| text::is(value, other)),
            Self::Contains(part) => text::contains(value, part),
            Self::StartsWith(start) => text::starts_with(value, start),
            Self::EndsWith(end) => text::ends_with(value, end),
            Self::Matches(regex) => regex.is_match(value),
            Self::Number(least, most) => {
                Decimal::parse(value).is_some_and(|number| (*least..=*most).contains(&number))
            }
            Self::InList(list) => list.contains(value),
        }
    }
}

impl Comparison {
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        self.check.holds(self.subject.find(facts))
    }

    pub(super) fn written(&self) -> &str {
        &self.written
    }
}

impl Node {
    /// Tests the facts; `ask` answers comparisons, by the numbers of their nodes.
    fn test(
        &self,
        facts: &Facts<'_>,
        ask: &mut impl FnMut(u16, &Comparison) -> bool,
    ) -> Result<(), FailedTest> {
        let holds = match &self.test {
            Test::All(parts) => return parts.iter().try_for_each(|part| part.test(facts, ask)),
            Test::Any(parts) => parts.iter().any(|part| part.test(facts, ask).is_ok()),
            Test::Not(part) => part.test(facts, ask).is_err(),
            Test::Value(comparison) => ask(self.number, comparison),
            Test::When(block) => facts
                .clock()
                .is_some_and(|Clock { day, minute }| block.holds(day, minute)),
        };
        if holds {
            Ok(())
        } else {
            Err(FailedTest(self.number))
        }
    }

    fn find(&self, number: u16) -> Option<&Self> {
        if self.number == number {
            return Some(self);
        }
        match &self.test {
            Test::All(parts) | Test::Any(parts) => parts.iter().find_map(|p| p.find(number)),
            Test::Not(part) => part.find(number),
            Test::Value(_) | Test::When(_) => None,
        }
    }

    fn each<'a>(&'a self, to: &mut impl FnMut(u16, &'a Comparison)) {
        match &self.test {
            Test::All(parts) | Test::Any(parts) => parts.iter().for_each(|part| part.each(to)),
            Test::Not(part) => part.each(to),
            Test::Value(comparison) => to(self.number, comparison),
            Test::When(_) => {}
        }
    }
}

impl Sieve {
    /// Whether an opportunity passes.
    ///
    /// # Errors
    /// The first test that fails.
    pub fn test(&self, facts: &Facts<'_>) -> Result<(), FailedTest> {
        self.test_asking(facts, &mut |_, comparison| comparison.holds(facts))
    }

    /// The same, when somebody else answers the comparisons.
    pub(super) fn test_asking(
        &self,
        facts: &Facts<'_>,
        ask: &mut impl FnMut(u16, &Comparison) -> bool,
    ) -> Result<(), FailedTest> {
        self.root.test(facts, ask)
    }

    /// Every comparison with the number of its node, from the root downwards.
    pub(super) fn each_comparison<'a>(&'a self, to: &mut impl FnMut(u16, &'a Comparison)) {
        self.root.each(to);
    }

    /// How many tests there are.
    pub(super) fn len(&self) -> usize {
        self.wants.len()
    }

    /// Whether an opportunity passes.
    #[must_use]
    pub fn passes(&self, facts: &Facts<'_>) -> bool {
        self.test(facts).is_ok()
    }

    /// What failed, with what was compared, as a sentence without its full stop.
    #[must_use]
    pub fn explain(&self, failed: FailedTest, facts: &Facts<'_>) -> String {
        let wanted = self.wants.get(usize::from(failed.0));
        let wanted = wanted.map_or("a test that is not there any more", |w| w);
        match self.root.find(failed.0).map(|node| &node.test) {
            Some(Test::Value(Comparison { subject, .. })) => {
                let value = subject.find(facts);
                let found = value.map_or_else(
                    || "there is none".to_owned(),
                    |v| format!("it is `{}`", masked(subject, v)),
                );
                format!("{wanted} is wanted; {found}")
            }
            Some(Test::When(_)) => {
                let clock = facts
                    .clock()
                    .map_or_else(String::new, |Clock { day, minute }| {
                        format!(
                            "; it is {} {:02}:{:02}",
                            day.word(),
                            minute / 60,
                            minute % 60
                        )
                    });
                format!("{wanted} is wanted{clock}")
            }
            Some(Test::Not(_)) => format!("{wanted} is not wanted"),
            _ => format!("{wanted} is wanted, and none of it holds"),
        }
    }
}

/// Whole phone numbers stay out of traces.
fn masked<'a>(subject: &Subject, value: &'a str) -> std::borrow::Cow<'a, str> {
    if matches!(subject, Subject::Field(Field::Phone)) {
        let number = crate::base::PhoneNumber::parse_e164(value);
        return number.map_or_else(|_| "…".into(), |n| n.masked().into());
    }
    value.into()
}

impl ValueTest {
    /// Makes a comparison ready that has no problems, where there are no lists.
    pub(in crate::routing) fn ready(&self) -> Check {
        check(self, &Shelf::default())
    }
}

impl Filter {
    /// Makes the filter ready.
    ///
    /// # Errors
    /// With its problems, when it has any.
    pub fn compile(&self, shelf: &Shelf) -> Result<Sieve, Vec<Problem>> {
        let problems = self.problems(shelf);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut wants = Vec::new();
        let root = node(self, shelf, &mut wants);
        Ok(Sieve {
            root,
            wants: wants.into(),
        })
    }
}

/// Numbers a part and makes it ready; it has no problems.
fn node(filter: &Filter, shelf: &Shelf, wants: &mut Vec<Box<str>>) -> Node {
    let number = wants.len();
    wants.push("".into());
    let mut parts = |parts: &[Filter]| parts.iter().map(|p| node(p, shelf, wants)).collect();
    let compare = |subject, check| {
        Test::Value(Comparison {
            subject,
            check,
            written: format!("{filter:?}").into(),
        })
    };
    let test = match filter {
        Filter::All(all) => Test::All(parts(all)),
        Filter::Any(any) => Test::Any(parts(any)),
        Filter::Not(part) => Test::Not(Box::new(node(part, shelf, wants))),
        Filter::Tag(test) => {
            let names = test.name.split('|').map(str::trim);
            let names = names.map(|name| (text::fingerprint(name), name.into()));
            compare(Subject::Tags(names.collect()), check(&test.value, shelf))
        }
        Filter::Field(test) => compare(Subject::Field(test.name), check(&test.value, shelf)),
        Filter::When(block) => Test::When(block.clone()),
        Filter::ZipWithin(within) => compare(
            Subject::Field(Field::Zip),
            Check::InList(around(within, shelf)),
        ),
    };
    let mut words = String::new();
    describe(filter, &mut words);
    wants[number] = words.into();
    Node {
        number: u16::try_from(number).unwrap_or(u16::MAX),
        test,
    }
}

fn around(within: &ZipWithin, shelf: &Shelf) -> Arc<ItemList> {
    let metres = i128::from(within.miles.micros()) * MILLIMETRES_PER_MILE / 1_000_000_000;
    let metres = u32::try_from(metres).unwrap_or(u32::MAX);
    let near = shelf.zips.around(&within.zip, metres);
    Arc::new(near.unwrap_or_else(nothing))
}

/// A list without items, for what the check has seen and is gone.
fn nothing() -> ItemList {
    ItemList::empty(ItemKind::Zips)
}

fn check(test: &ValueTest, shelf: &Shelf) -> Check {
    let least = Decimal::from_micros(i64::MIN);
    let most = Decimal::from_micros(i64::MAX);
    let beside =
        |number: &Decimal, by: i64| Decimal::from_micros(number.micros().saturating_add(by));
    match test {
        ValueTest::Present(wanted) => Check::Present(*wanted),
        ValueTest::Is(other) => Check::Is(text::lowered(other)),
        ValueTest::IsOneOf(others) => one_of(others),
        ValueTest::Contains(part) => Check::Contains(text::lowered(part)),
        ValueTest::StartsWith(start) => Check::StartsWith(text::lowered(start)),
        ValueTest::EndsWith(end) => Check::EndsWith(text::lowered(end)),
        ValueTest::Matches(pattern) => regex(pattern).map_or(Check::Present(false), Check::Matches),
        ValueTest::Below(number) => Check::Number(least, beside(number, -1)),
        ValueTest::AtMost(number) => Check::Number(least, *number),
        ValueTest::Above(number) => Check::Number(beside(number, 1), most),
        ValueTest::AtLeast(number) => Check::Number(*number, most),
        ValueTest::Between(from, to) => Check::Number(*from, *to),
        ValueTest::InList(id) | ValueTest::HashInList(id) => {
            let list = shelf.lists.get(id).cloned();
            Check::InList(list.unwrap_or_else(|| Arc::new(nothing())))
        }
    }
}

fn one_of(others: &[String]) -> Check {
    let texts = others.iter().map(String::as_str);
    // The home country matters to lists of numbers alone.
    match ItemList::read(ItemKind::Texts, texts, Country::US) {
        Ok(list) if others.len() > FEW => Check::InList(Arc::new(list)),
        _ => Check::IsOneOf(others.iter().map(|other| text::lowered(other)).collect()),
    }
}

/// What a part wants, in words.
fn describe(filter: &Filter, to: &mut String) {
    // Writing to a text cannot fail.
    let _ = match filter {
        Filter::All(parts) => write!(to, "each of {} tests", parts.len()),
        Filter::Any(parts) => write!(to, "one of {} tests", parts.len()),
        Filter::Not(part) => {
            describe(part, to);
            Ok(())
        }
        Filter::Tag(test) => {
            let _ = write!(to, "the tag {} ", test.name);
            describe_value(&test.value, to);
            Ok(())
        }
        Filter::Field(test) => {
            let _ = write!(to, "{} ", test.name.word());
            describe_value(&test.value, to);
            Ok(())
        }
        Filter::When(block) => {
            let days: Vec<_> = block.days.iter().map(|day| day.word()).collect();
            write!(to, "{} {} to {}", days.join(", "), block.from, block.to)
        }
        Filter::ZipWithin(within) => {
            write!(
                to,
                "a ZIP code within {} miles of {}",
                within.miles, within.zip
            )
        }
    };
}

fn describe_value(test: &ValueTest, to: &mut String) {
    let _ = match test {
        ValueTest::Present(true) => write!(to, "with a value"),
        ValueTest::Present(false) => write!(to, "without a value"),
        ValueTest::Is(other) => write!(to, "`{other}`"),
        ValueTest::IsOneOf(others) => match others.as_slice() {
            [a] => write!(to, "`{a}`"),
            [a, b] => write!(to, "`{a}` or `{b}`"),
            [a, b, rest @ ..] => write!(to, "`{a}`, `{b}` or one of {} more", rest.len()),
            [] => write!(to, "of none"),
        },
        ValueTest::Contains(part) => write!(to, "with `{part}` in it"),
        ValueTest::StartsWith(start) => write!(to, "beginning with `{start}`"),
        ValueTest::EndsWith(end) => write!(to, "ending with `{end}`"),
        ValueTest::Matches(pattern) => write!(to, "that fits `{pattern}`"),
        ValueTest::Below(number) => write!(to, "below {number}"),
        ValueTest::AtMost(number) => write!(to, "of at most {number}"),
        ValueTest::Above(number) => write!(to, "above {number}"),
        ValueTest::AtLeast(number) => write!(to, "of at least {number}"),
        ValueTest::Between(from, least) => write!(to, "from {from} to {least}"),
        ValueTest::InList(id) => write!(to, "of the list {id}"),
        ValueTest::HashInList(id) => write!(to, "of the hashes in {id}"),
    };
}
