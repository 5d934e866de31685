//! How a rule points into an answer: a part of JSON path and a part of XPath, each small enough to be said in a sentence.
//!
//! JSON path (RFC 9535): `$`, `.name`, `['name']`, `[0]`, `[-1]`, `.*` and `[*]`, and one `..`. XPath 1.0: `/name`, `/*`,
//! one `//`, `@name` and `text()` at the end, `[1]`, `[@name='text']` and `[name='text']`; prefixes of names do not
//! matter. Everything else is refused when it is saved. The first thing found is the value.

use super::json::Json;
use super::markup::{Element, Node, local};

/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 300;
/// Most steps of a path.
const STEPS_MAX: usize = 32;

const JSON_PARTS: &str = "write names and places such as $.bids[0].price or $['bid amount']";
const XML_PARTS: &str = "write elements such as /response/price, //price, /bids/bid[1]/@price";

/// A way into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(Box<[JsonStep]>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct JsonStep {
    /// Anywhere below, not just inside.
    deep: bool,
    pick: Pick,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pick {
    Name(String),
    /// From the start, or from the end when it is negative.
    At(i64),
    Each,
}

impl JsonPath {
    /// # Errors
    /// What is not understood, and what to write.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{}` {why}; {JSON_PARTS}", shortened(path));
        if path.len() > PATH_BYTES_MAX {
            return Err(wrong("is too long"));
        }
        let Some(mut rest) = path.trim().strip_prefix('$') else {
            return Err(wrong("does not begin with $"));
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (deep, behind) = match rest.strip_prefix("..") {
                Some(behind) => (true, behind),
                None => (false, rest.strip_prefix('.').unwrap_or(rest)),
            };
            let dotted = behind.len() < rest.len();
            let (pick, behind) = if let Some(inside) = behind.strip_prefix('[') {
                if dotted && !deep {
                    return Err(wrong("has a dot before a bracket"));
                }
                bracket(inside).ok_or_else(|| {
                    wrong("has something in brackets that is no name in quotes, no place and no *")
                })?
            } else if !dotted {
                return Err(wrong("has a name without a dot"));
            } else if let Some(behind) = behind.strip_prefix('*') {
                (Pick::Each, behind)
            } else {
                let length = behind.find(['.', '[']).unwrap_or(behind.len());
                let name = &behind[..length];
                let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
                if name.is_empty() || !name.chars().all(plain) {
                    return Err(wrong("has a name that is none"));
                }
                (Pick::Name(name.to_owned()), &behind[length..])
            };
            steps.push(JsonStep { deep, pick });
            rest = behind;
        }
        if steps.iter().filter(|step| step.deep).count() > 1 {
            return Err(wrong("has more than one `..`"));
        }
        if steps.len() > STEPS_MAX {
            return Err(wrong("has too many steps"));
        }
        Ok(Self(steps.into()))
    }

    /// What is there, as a text; nothing for `null` and for what is empty.
    pub(super) fn find(&self, root: &Json) -> Option<String> {
        let mut here = vec![root];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in here {
                if step.deep {
                    step.pick_below(value, &mut next);
                } else {
                    step.pick_in(value, &mut next);
                }
            }
            here = next;
        }
        here.into_iter().find_map(as_text)
    }
}

impl JsonStep {
    fn pick_in<'a>(&self, value: &'a Json, to: &mut Vec<&'a Json>) {
        match (&self.pick, value) {
            (Pick::Name(name), value) => to.extend(value.member(name)),
            (Pick::At(at), Json::List(items)) => {
                let place = usize::try_from(at.unsigned_abs()).ok();
                let place = if *at < 0 {
                    place.and_then(|back| items.len().checked_sub(back))
                } else {
                    place
                };
                to.extend(place.and_then(|place| items.get(place)));
            }
            (Pick::Each, Json::List(items)) => to.extend(items),
            (Pick::Each, Json::Map(members)) => to.extend(members.iter().map(|(_, value)| value)),
            (Pick::At(_) | Pick::Each, _) => {}
        }
    }

    /// Its depth is that of the reader.
    fn pick_below<'a>(&self, value: &'a Json, to: &mut Vec<&'a Json>) {
        self.pick_in(value, to);
        match value {
            Json::List(items) => items.iter().for_each(|item| self.pick_below(item, to)),
            Json::Map(members) => {
                for (_, member) in members {
                    self.pick_below(member, to);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }
}

fn as_text(value: &Json) -> Option<String> {
    let text = match value {
        Json::Null => return None,
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        Json::Text(text) => text.trim().to_owned(),
        Json::List(items) if items.is_empty() => return None,
        Json::Map(members) if members.is_empty() => return None,
        Json::List(_) | Json::Map(_) => value.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// What is in a bracket, and what is behind it.
fn bracket(inside: &str) -> Option<(Pick, &str)> {
    let (pick, behind) = match inside.chars().next()? {
        quote @ ('\'' | '"') => {
            let (name, behind) = inside[1..].split_once(quote)?;
            (Pick::Name(name.to_owned()), behind)
        }
        '*' => (Pick::Each, &inside[1..]),
        _ => {
            let (number, _) = inside.split_once(']')?;
            let digits = number.strip_prefix('-').unwrap_or(number);
            let plain =
                (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            let at = number.parse().ok().filter(|_| plain)?;
            (Pick::At(at), &inside[number.len()..])
        }
    };
    Some((pick, behind.strip_prefix(']')?))
}

/// A way into XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct XmlPath {
    steps: Box<[XmlStep]>,
    end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct XmlStep {
    deep: bool,
    /// Any element when there is none.
    name: Option<String>,
    tests: Vec<XmlTest>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum XmlTest {
    /// The place, from 0.
    At(usize),
    Attribute(String, String),
    Child(String, String),
}

/// What of the element is the value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// All text in it.
    Whole,
    /// The text right in it.
    Text,
    Attribute(String),
}

impl XmlPath {
    /// # Errors
    /// What is not understood, and what to write.
    pub(super) fn parse(path: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{}` {why}; {XML_PARTS}", shortened(path));
        if path.len() > PATH_BYTES_MAX {
            return Err(wrong("is too long"));
        }
        let mut rest = path.trim();
        let mut steps: Vec<XmlStep> = Vec::new();
        let mut end = End::Whole;
        while !rest.is_empty() {
            if end != End::Whole {
                return Err(wrong("goes on behind its end"));
            }
            let (deep, behind) = match (rest.strip_prefix("//"), rest.strip_prefix('/')) {
                (Some(behind), _) => (true, behind),
                (None, Some(behind)) => (false, behind),
                (None, None) => return Err(wrong("has a step without /")),
            };
            if let Some(name) = behind.strip_prefix('@') {
                if deep || steps.is_empty() || !is_name(name) {
                    return Err(wrong("has @ without an element before and a name behind"));
                }
                end = End::Attribute(local(name).to_owned());
                rest = "";
                continue;
            }
            if behind == "text()" && !deep && !steps.is_empty() {
                end = End::Text;
                rest = "";
                continue;
            }
            let length = behind.find(['/', '[']).unwrap_or(behind.len());
            let name = match &behind[..length] {
                "*" => None,
                name if is_name(name) => Some(local(name).to_owned()),
                _ => return Err(wrong("has a step that is no name of an element")),
            };
            let mut tests = Vec::new();
            rest = &behind[length..];
            while let Some(inside) = rest.strip_prefix('[') {
                let (test, behind) =
                    predicate(inside).ok_or_else(|| wrong("has a test that is not understood"))?;
                tests.push(test);
                rest = behind;
            }
            steps.push(XmlStep { deep, name, tests });
        }
        if steps.is_empty() {
            return Err(wrong("names no element"));
        }
        if steps.iter().filter(|step| step.deep).count() > 1 {
            return Err(wrong("has more than one `//`"));
        }
        if steps.len() > STEPS_MAX {
            return Err(wrong("has too many steps"));
        }
        Ok(Self {
            steps: steps.into(),
            end,
        })
    }

    /// What is there, as a text; nothing for what is empty.
    pub(super) fn find(&self, root: &Element) -> Option<String> {
        let mut steps = self.steps.iter();
        let first = steps.next()?;
        let mut here = Vec::new();
        first.pick(std::iter::once(root), &mut here);
        for step in steps {
            let mut next = Vec::new();
            for element in here {
                step.pick(element.elements(), &mut next);
            }
            here = next;
        }
        here.into_iter().find_map(|element| self.value(element))
    }

    fn value(&self, element: &Element) -> Option<String> {
        let text = match &self.end {
            End::Whole => element.text(),
            End::Attribute(name) => element.attribute(name)?.to_owned(),
            End::Text => {
                let texts = element.children.iter().filter_map(|child| match child {
                    Node::Text(text) => Some(text.as_str()),
                    Node::Element(_) => None,
                });
                texts.collect()
            }
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl XmlStep {
    fn pick<'a>(&self, among: impl Iterator<Item = &'a Element>, to: &mut Vec<&'a Element>) {
        let among: Vec<&Element> = among.collect();
        let named = |element: &&Element| {
            let name = self.name.as_deref();
            name.is_none_or(|name| name == local(&element.name))
        };
        let mut found: Vec<&Element> = among.iter().copied().filter(named).collect();
        for test in &self.tests {
            found = match test {
                XmlTest::At(at) => found.get(*at).copied().into_iter().collect(),
                XmlTest::Attribute(name, value) => {
                    found.retain(|e| e.attribute(name) == Some(value));
                    found
                }
                XmlTest::Child(name, value) => {
                    found.retain(|e| {
                        let mut children = e.elements();
                        children.any(|c| local(&c.name) == name && c.text().trim() == value)
                    });
                    found
                }
            };
        }
        to.extend(found);
        if self.deep {
            for element in among {
                // Its depth is that of the reader.
                self.pick_children(element, to);
            }
        }
    }

    fn pick_children<'a>(&self, element: &'a Element, to: &mut Vec<&'a Element>) {
        let children: Vec<&'a Element> = element.elements().collect();
        if !children.is_empty() {
            self.pick(children.into_iter(), to);
        }
    }
}

/// What is in a bracket, and what is behind it.
fn predicate(inside: &str) -> Option<(XmlTest, &str)> {
    if inside.starts_with(|c: char| c.is_ascii_digit()) {
        let (number, behind) = inside.split_once(']')?;
        let place: usize = number.parse().ok().filter(|_| number.len() <= 6)?;
        return Some((XmlTest::At(place.checked_sub(1)?), behind));
    }
    let (name, behind) = inside.split_once('=')?;
    let quote = behind.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (value, behind) = behind[1..].split_once(quote)?;
    let behind = behind.strip_prefix(']')?;
    let value = value.to_owned();
    let test = match name.strip_prefix('@') {
        Some(name) if is_name(name) => XmlTest::Attribute(local(name).to_owned(), value),
        None if is_name(name) => XmlTest::Child(local(name).to_owned(), value),
        _ => return None,
    };
    Some((test, behind))
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(plain)
}

pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
