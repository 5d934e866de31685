//! JSON: what answers bring, and what bodies are made of.
//!
//! A number keeps the text it is written with, so that a price is never a float. Reading is bounded in depth; whoever
//! reads bounds the bytes. Of members with the same name the last counts.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Deepest nesting that is read.
pub const NESTING_MAX: usize = 64;

/// A value of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(Box<str>),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, its members in the order in which they are written.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole text.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow "the answer".
    pub fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            at: 0,
        };
        let value = reader.value(0)?;
        reader.blank();
        if reader.at < reader.text.len() {
            return Err(reader.wrong("has something behind its end"));
        }
        Ok(value)
    }

    /// The member of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else {
            return None;
        };
        let found = members.iter().rev().find(|(own, _)| own == name);
        found.map(|(_, value)| value)
    }

    /// How deep it is nested; 0 for what holds nothing.
    #[must_use]
    pub fn depth(&self) -> usize {
        let inside = match self {
            Self::List(items) => items.iter().map(Self::depth).max(),
            Self::Map(members) => members.iter().map(|(_, value)| value.depth()).max(),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => return 0,
        };
        inside.unwrap_or(0) + 1
    }

    /// Writes it without blanks.
    pub(super) fn write(&self, to: &mut String) {
        match self {
            Self::Null => to.push_str("null"),
            Self::Bool(true) => to.push_str("true"),
            Self::Bool(false) => to.push_str("false"),
            Self::Number(number) => to.push_str(number),
            Self::Text(text) => write_text(text, to),
            Self::List(items) => {
                to.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        to.push(',');
                    }
                    item.write(to);
                }
                to.push(']');
            }
            Self::Map(members) => {
                to.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        to.push(',');
                    }
                    write_text(name, to);
                    to.push(':');
                    value.write(to);
                }
                to.push('}');
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

/// Writes a text in quotes. `<` and the line ends of JavaScript are escaped too, so that it is safe inside a page.
fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{0}'..='\u{1f}' | '\u{7f}' | '<' | '\u{2028}' | '\u{2029}' => {
                let code = u32::from(c);
                to.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    to.push(char::from_digit(code >> shift & 15, 16).unwrap_or('0'));
                }
            }
            c => to.push(c),
        }
    }
    to.push('"');
}

/// Whether a text is a number as JSON writes it.
pub(super) fn is_number(text: &str) -> bool {
    let mut reader = Reader { text, at: 0 };
    reader.number().is_ok() && reader.at == text.len()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("is no JSON: it {what}, at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > NESTING_MAX {
            return Err(self.wrong(&format!("is nested deeper than {NESTING_MAX}")));
        }
        self.blank();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                self.number()?;
                Ok(Json::Number(self.text[start..self.at].into()))
            }
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.wrong("has no value where one is expected")),
            None => Err(self.wrong("breaks off")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("has a word that is none of true, false and null"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn map(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut members = Vec::new();
        self.blank();
        if self.takes(b'}') {
            return Ok(Json::Map(members));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("has no name where one is expected"));
            }
            let name = self.string()?;
            self.blank();
            if !self.takes(b':') {
                return Err(self.wrong("has no colon behind a name"));
            }
            members.push((name, self.value(depth + 1)?));
            self.blank();
            if self.takes(b'}') {
                return Ok(Json::Map(members));
            }
            if !self.takes(b',') {
                return Err(self.wrong("has no comma between members"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.takes(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blank();
            if self.takes(b']') {
                return Ok(Json::List(items));
            }
            if !self.takes(b',') {
                return Err(self.wrong("has no comma between items"));
            }
        }
    }

    fn digits(&mut self) -> Result<(), String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.wrong("has a number without digits"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut read = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find(['"', '\\']) else {
                return Err(self.wrong("has a text without an end"));
            };
            read.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Ok(read);
            }
            read.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let Some(byte) = self.peek() else {
            return Err(self.wrong("breaks off"));
        };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.code_point()?,
            _ => return Err(self.wrong("has an escape that does not exist")),
        })
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let digits = digits.filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else {
            return Err(self.wrong("has \\u without four hexadecimal digits"));
        };
        let value = digits.iter().fold(0, |value, digit| {
            value * 16 + char::from(*digit).to_digit(16).unwrap_or(0)
        });
        self.at += 4;
        Ok(value)
    }

    /// One character, of two halves where it needs two; half a one is the replacement character.
    fn code_point(&mut self) -> Result<char, String> {
        let first = self.unit()?;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.unit()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Number(number) => {
                if let Ok(whole) = number.parse::<i64>() {
                    return to.serialize_i64(whole);
                }
                if let Ok(whole) = number.parse::<u64>() {
                    return to.serialize_u64(whole);
                }
                let float: f64 = number.parse().map_err(serde::ser::Error::custom)?;
                to.serialize_f64(float)
            }
            Self::Text(text) => to.serialize_str(text),
            Self::List(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(members) => {
                let mut map = to.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of JSON")
            }
            fn visit_unit<E: Error>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Json, E> {
                Ok(Json::Text(text))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut map = Vec::new();
                while let Some(member) = members.next_entry()? {
                    map.push(member);
                }
                Ok(Json::Map(map))
            }
        }
        from.deserialize_any(Reads)
    }
}
