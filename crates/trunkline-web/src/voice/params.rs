//! What a carrier tells in a request: a list of named texts, from a form or from JSON. Pure, and safe with any bytes.

use serde_json::Value;
use url::form_urlencoded;

/// Most parameters of one request.
const PARAMS_MAX: usize = 300;

/// The parameters of a request, in the order in which they came. A name may come again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(Vec<(String, String)>);

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// More than anybody sends.
    #[error("the request has more than {PARAMS_MAX} parameters")]
    TooMany,
    /// It says JSON and is not.
    #[error("the body is no JSON object")]
    NotJson,
}

impl Params {
    /// Reads a form: `a=1&b=2`, percent-encoded. Empty values are kept, because they are signed.
    ///
    /// # Errors
    /// When there are too many.
    pub fn from_form(body: &[u8]) -> Result<Self, ParamsError> {
        let mut pairs = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            if pairs.len() >= PARAMS_MAX {
                return Err(ParamsError::TooMany);
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// Reads the texts, numbers and truths of a JSON object; what lies deeper is left out.
    ///
    /// # Errors
    /// When it is none, or there are too many.
    pub fn from_json(body: &[u8]) -> Result<Self, ParamsError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| ParamsError::NotJson)?;
        let object = value.as_object().ok_or(ParamsError::NotJson)?;
        if object.len() > PARAMS_MAX {
            return Err(ParamsError::TooMany);
        }
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let pairs = object.iter();
        Ok(Self(
            pairs
                .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
                .collect(),
        ))
    }

    /// The first value of a name, when it is not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let (_, value) = pairs.find(|(n, _)| n == name)?;
        Some(value.as_str()).filter(|v| !v.is_empty())
    }

    /// A whole number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.trim().parse().ok()
    }

    /// All pairs as they are signed: in the order of their names, those of one name in the order of their values and each
    /// once.
    pub(super) fn signed(&self) -> Vec<(&str, &str)> {
        let pairs = self.0.iter();
        let mut pairs: Vec<(&str, &str)> = pairs.map(|(n, v)| (n.as_str(), v.as_str())).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_they_are_signed() {
        let params = Params::from_form(b"b=2&a=%C3%A9+x&b=1&b=2&empty=&CallDuration=7");
        let params = params.expect("a form");
        assert_eq!(params.get("b"), Some("2"));
        assert_eq!(params.get("empty"), None);
        assert_eq!(params.number("CallDuration"), Some(7));
        assert_eq!(
            params.signed(),
            [
                ("CallDuration", "7"),
                ("a", "é x"),
                ("b", "1"),
                ("b", "2"),
                ("empty", "")
            ]
        );
    }

    #[test]
    fn json_gives_its_plain_values() {
        let params = Params::from_json(
            br#"{"CallSid": "CA1", "n": 7, "ok": true, "deep": {"x": 1}, "none": null}"#,
        );
        let params = params.expect("JSON");
        assert_eq!(
            params.signed(),
            [("CallSid", "CA1"), ("n", "7"), ("ok", "true")]
        );
        assert_eq!(Params::from_json(b"[1]"), Err(ParamsError::NotJson));
        assert_eq!(Params::from_json(b"CallSid=CA1"), Err(ParamsError::NotJson));
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        assert_eq!(
            Params::from_form(b"%zz&=&&&\xff=\xfe"),
            Params::from_form(b"%zz&=&&&\xff=\xfe")
        );
        let many = "a=1&".repeat(PARAMS_MAX + 1);
        assert_eq!(
            Params::from_form(many.as_bytes()),
            Err(ParamsError::TooMany)
        );
    }
}
