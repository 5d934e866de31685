//! What a buyer's server is sent, as people write it: method, address, headers, proof of who we are, and body.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json::Json;
use crate::base::words;

words! {
    /// How a request is made.
    Method {
        /// Asks with what is in the address.
        Get = "GET",
        /// Sends a body.
        Post = "POST",
        /// Sends a body that replaces.
        Put = "PUT",
    }
}

words! {
    /// How the bytes of a signature are written.
    Encoding {
        /// Small hexadecimal digits.
        Hex = "hex",
        /// Base 64 with padding.
        Base64 = "base64",
    }
}

/// Names with texts, in the order in which they are written; no name twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads(PhantomData<Pairs>);
        impl<'de> Visitor<'de> for Reads {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of names with texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs, A::Error> {
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some((name, value)) = members.next_entry::<String, String>()? {
                    if pairs.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom(format_args!(
                            "`{name}` stands there twice"
                        )));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Reads(PhantomData))
    }
}

/// What is sent. Texts may have placeholders, except names and the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTemplate {
    /// How.
    pub method: Method,
    /// Where to, with scheme and host as they are.
    pub url: String,
    /// What is added to the address.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub query: Pairs,
    /// Headers besides those that every request has.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub headers: Pairs,
    /// How we prove who we are; not at all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// The body; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// How long a whole answer is waited for, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u32>,
}

/// How we prove who we are. Secrets stand here by their names; their values are kept sealed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// User name and password.
    Basic {
        /// The user's name.
        user: String,
        /// Which secret is the password.
        secret: String,
    },
    /// `Authorization: Bearer …`.
    Bearer {
        /// Which secret.
        secret: String,
    },
    /// A header of the buyer's own.
    Header {
        /// Its name.
        name: String,
        /// Which secret.
        secret: String,
    },
    /// A part of the address.
    Query {
        /// Its name.
        name: String,
        /// Which secret.
        secret: String,
    },
    /// HMAC-SHA256 over the body, or over path and query when there is no body. With a header for the time, what is signed
    /// is the time, a point, and that.
    HmacSha256 {
        /// Which secret.
        secret: String,
        /// The header of the signature.
        header: String,
        /// The header of the time, in seconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp_header: Option<String>,
        /// What stands before the signature, such as `sha256=`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        /// How it is written.
        encoding: Encoding,
    },
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// JSON, whose texts may have placeholders. A member whose placeholder nothing is known for is left out.
    Json(Json),
    /// Names with texts, as a page's form sends them.
    Form(Pairs),
    /// XML, whose texts and attributes may have placeholders.
    Xml(String),
}
