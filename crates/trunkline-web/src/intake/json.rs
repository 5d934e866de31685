//! JSON, read straight into flat names: no tree is built, and a name that comes twice is seen.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::{BodyError, DEPTH_MAX, Flat, below};

/// Most plain values of a list, which are one text with `|` between them.
const LIST_MAX: usize = 200;

pub(super) fn read(body: &[u8], flat: &mut Flat) -> Result<(), BodyError> {
    let mut wrong = None;
    let mut from = serde_json::Deserializer::from_slice(body);
    let mut plain = Vec::new();
    let root = Part {
        name: String::new(),
        depth: 0,
        flat,
        wrong: &mut wrong,
        list: &mut plain,
    };
    let read = root.deserialize(&mut from).and_then(|()| from.end());
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    // The message of the library may hold a part of the text; its place says enough.
    read.map_err(|error| BodyError::Malformed {
        what: "JSON object",
        why: format!("look at line {}, column {}", error.line(), error.column()),
    })
}

/// A value that stands somewhere.
struct Part<'a> {
    name: String,
    depth: usize,
    flat: &'a mut Flat,
    /// What is wrong for another reason than the JSON itself.
    wrong: &'a mut Option<BodyError>,
    /// Plain values of the list that it stands in.
    list: &'a mut Vec<String>,
}

impl Part<'_> {
    fn stop<E: Error>(self, error: BodyError) -> E {
        *self.wrong = Some(error);
        E::custom("not read")
    }

    fn text<E: Error>(self, text: String) -> Result<(), E> {
        if self.depth == 0 {
            return Err(E::custom("no object"));
        }
        if self.name.is_empty() {
            // In a list, which joins its plain values.
            self.list.push(text);
            return Ok(());
        }
        match self.flat.add(&self.name, text) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.stop(error)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object of texts and numbers")
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.depth == 0 {
            return Err(E::custom("no object"));
        }
        Ok(())
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.text(value.to_string())
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.text(value.to_string())
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.text(value.to_string())
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.text(value.to_string())
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.text(value.to_owned())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.depth >= DEPTH_MAX {
            return Err(self.stop(BodyError::TooDeep));
        }
        if self.name.is_empty() && self.depth > 0 {
            return Err(A::Error::custom("an object in a list"));
        }
        while let Some(key) = map.next_key::<String>()? {
            if key.is_empty() {
                return Err(A::Error::custom("an empty name"));
            }
            let name = match below(&self.name, &key) {
                Ok(name) => name,
                Err(error) => return Err(self.stop(error)),
            };
            map.next_value_seed(Part {
                name,
                depth: self.depth + 1,
                flat: &mut *self.flat,
                wrong: &mut *self.wrong,
                list: &mut *self.list,
            })?;
        }
        Ok(())
    }

    /// Plain values are one text with `|` between them.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.depth == 0 || self.name.is_empty() {
            return Err(A::Error::custom("no object, or a list in a list"));
        }
        let mut list = Vec::new();
        while seq
            .next_element_seed(Part {
                name: String::new(),
                depth: self.depth + 1,
                flat: &mut *self.flat,
                wrong: &mut *self.wrong,
                list: &mut list,
            })?
            .is_some()
        {
            if list.len() > LIST_MAX {
                return Err(self.stop(BodyError::TooMany));
            }
        }
        if list.iter().any(|text| text.contains('|')) {
            return Err(A::Error::custom("a `|` in a list"));
        }
        self.text(list.join("|"))
    }
}
