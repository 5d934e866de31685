//! Features as a document: `{"moment": "dial_in", "features": {"visit.source": "google", "call.known": true}}`.
//!
//! It is stored with every score, so that the model can be made again from what was scored. Reading goes through the same
//! door as building: the same limits, and nobody's identity.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::features::{FEATURES_MAX, FeatureSet, NAME_MAX, Value};
use super::moment::Moment;

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Text(text) => to.serialize_str(text),
            Self::Number(number) => to.serialize_f64(number),
            Self::Flag(yes) => to.serialize_bool(yes),
            Self::Missing => to.serialize_unit(),
        }
    }
}

struct Named<'a>(&'a FeatureSet);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter())
    }
}

impl Serialize for FeatureSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("moment", &self.moment())?;
        map.serialize_entry("features", &Named(self))?;
        map.end()
    }
}

/// A value as it was read.
enum Read<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Flag(bool),
    Missing,
}

impl<'de> Deserialize<'de> for Read<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Read<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true, false or null")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Read<'de>, E> {
                Ok(Read::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Read<'de>, E> {
                Ok(Read::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Read<'de>, E> {
                Ok(Read::Number(number))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Read<'de>, E> {
                Ok(Read::Number(number as f64))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Read<'de>, E> {
                Ok(Read::Number(number as f64))
            }
            fn visit_bool<E: Error>(self, yes: bool) -> Result<Read<'de>, E> {
                Ok(Read::Flag(yes))
            }
            fn visit_unit<E: Error>(self) -> Result<Read<'de>, E> {
                Ok(Read::Missing)
            }
        }
        from.deserialize_any(Reader)
    }
}

/// A text that is borrowed where the format lets it.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The features of a document, before their moment is known.
struct Listed(FeatureSet);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Listed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {FEATURES_MAX} features by their names")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
                // The moment is put in by whoever has read it.
                let mut set = FeatureSet::at(Moment::Visit);
                while let Some(Key(name)) = map.next_key::<Key<'de>>()? {
                    if name.is_empty()
                        || name.len() > NAME_MAX
                        || name.chars().any(char::is_control)
                    {
                        let told = "features have names of 1 to 64 bytes, such as `visit.source`";
                        return Err(A::Error::custom(told));
                    }
                    let value = map.next_value::<Read<'de>>()?;
                    let value = match &value {
                        Read::Text(text) => Value::Text(text),
                        Read::Number(number) => Value::Number(*number),
                        Read::Flag(yes) => Value::Flag(*yes),
                        Read::Missing => Value::Missing,
                    };
                    set.add([&name, "", ""], value);
                    if set.left_out() > 0 {
                        return Err(A::Error::custom(format!(
                            "the feature `{name}` is there twice, is one of more than {FEATURES_MAX}, or looks like \
                             somebody's identity; nothing that was scored is stored so"
                        )));
                    }
                }
                Ok(Listed(set))
            }
        }
        from.deserialize_map(Reader)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    moment: Moment,
    features: Listed,
}

impl<'de> Deserialize<'de> for FeatureSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(from)?;
        if !document.moment.is_before_routing() {
            return Err(D::Error::custom(
                "the features are of after the call; only what was known before routing is scored and learned from",
            ));
        }
        Ok(document.features.0.moved_to(document.moment))
    }
}
