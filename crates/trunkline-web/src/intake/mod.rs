//! What partners send, in their dialects: JSON, a form or XML, read into one flat list of names and texts; and who sends it.
//!
//! [`parse`] is pure, and safe with any bytes. Nothing is understood by it: what a name means is the campaign's, and the
//! core's to read.

pub(crate) mod answer;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub(crate) mod gate;
mod json;
pub(crate) mod leads;
pub(crate) mod rate;
mod rtb;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::HashSet;

use axum::Router;
use axum::routing::post;
use url::form_urlencoded;

use crate::app::App;

/// What partners send to.
pub(crate) fn router() -> Router<App> {
    Router::new().route("/in/rtb", post(rtb::ask))
}

/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most names of a body.
pub const NAMES_MAX: usize = 300;
/// Longest name with those it lies in, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// Longest text, in bytes.
pub const TEXT_BYTES_MAX: usize = 32 * 1024;
/// How deep a body may be nested.
pub const DEPTH_MAX: usize = 8;

/// In which dialect a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// `{"a": {"b": "1"}}` is `a.b`.
    Json,
    /// `a=1&b=2`, percent-encoded.
    Form,
    /// `<lead><a><b>1</b></a></lead>` is `a.b`: the outermost element names nothing.
    Xml,
}

impl BodyKind {
    /// From the type that a request names; parameters of it and capitals do not matter.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next()?.trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "application/xml" | "text/xml" => Some(Self::Xml),
            other if other.ends_with("+json") => Some(Self::Json),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }
}

/// Why a body cannot be read. It holds names, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than are read.
    #[error("the body has more than {BODY_BYTES_MAX} bytes; send less")]
    TooLarge,
    /// More names than are read.
    #[error("the body has more than {NAMES_MAX} names; send fewer")]
    TooMany,
    /// Nested too deep.
    #[error("the body is nested deeper than {DEPTH_MAX}; send fewer levels")]
    TooDeep,
    /// A name is too long.
    #[error("a name has more than {NAME_BYTES_MAX} bytes; send a shorter one")]
    NameTooLong,
    /// A text is too long.
    #[error("`{0}` has more than {TEXT_BYTES_MAX} bytes; send less")]
    TextTooLong(String),
    /// A name comes twice, so that nobody knows which value is meant.
    #[error("`{0}` comes twice; send it once")]
    Twice(String),
    /// It is not what it says it is.
    #[error("the body is no {what}: {why}")]
    Malformed {
        /// What it says it is.
        what: &'static str,
        /// What is wrong, without any of its text.
        why: String,
    },
}

/// Reads a body into names and texts, in the order in which they came. Empty texts are kept; what is
/// `null` in JSON is left out.
///
/// # Errors
/// When it is too large, too deep, ambiguous, or not what it says it is.
pub fn parse(kind: BodyKind, body: &[u8]) -> Result<Vec<(String, String)>, BodyError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(BodyError::TooLarge);
    }
    let mut flat = Flat::default();
    match kind {
        BodyKind::Json => json::read(body, &mut flat)?,
        BodyKind::Form => {
            for (name, text) in form_urlencoded::parse(body) {
                flat.add(&name, text.into_owned())?;
            }
        }
        BodyKind::Xml => xml::read(body, &mut flat)?,
    }
    Ok(flat.pairs)
}

/// The names and texts so far.
#[derive(Debug, Default)]
struct Flat {
    pairs: Vec<(String, String)>,
    known: HashSet<String>,
}

impl Flat {
    fn add(&mut self, name: &str, text: String) -> Result<(), BodyError> {
        if name.len() > NAME_BYTES_MAX {
            return Err(BodyError::NameTooLong);
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(BodyError::TextTooLong(name.to_owned()));
        }
        if !self.known.insert(name.to_owned()) {
            return Err(BodyError::Twice(name.to_owned()));
        }
        if self.pairs.len() >= NAMES_MAX {
            return Err(BodyError::TooMany);
        }
        self.pairs.push((name.to_owned(), text));
        Ok(())
    }
}

/// The name of a part of what has this name.
fn below(name: &str, part: &str) -> Result<String, BodyError> {
    if name.len() + part.len() >= NAME_BYTES_MAX {
        return Err(BodyError::NameTooLong);
    }
    Ok(match name {
        "" => part.to_owned(),
        name => format!("{name}.{part}"),
    })
}
