//! From a template and values to the request that is sent, and to the same request as a log may show it.

use std::collections::BTreeMap;
use std::fmt;

use super::endpoint::{Endpoint, Step};
use super::escape;
use super::json::{Json, is_number};
use super::markup;
use super::pattern::{Form, Lookup, MASK, Origin, Part, Pattern};
use super::plan::{BodyPlan, JsonPlan, Outgoing, URL_BYTES_MAX, XmlPart, XmlPlan, is_dots};
use super::request::{Auth, Encoding, Method};
use super::values::Values;

/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of one header.
const HEADER_BYTES_MAX: usize = 4 * 1024;
/// Most bytes of a log's text for one direction.
pub const SHOWN_BYTES_MAX: usize = 8 * 1024;
/// Texts shorter than this are not looked for in what a log shows: they are everywhere.
const HIDDEN_BYTES_MIN: usize = 3;

/// A request that is ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// How.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Headers, with the type of the body and with a secret of ours where one belongs there.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// What is left to prove, which takes arithmetic.
    pub proof: Proof,
    /// The request as a log may show it.
    pub shown: String,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// How the sender proves who we are, beyond a header or parameter that is in the request already.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    None,
    /// User name and password.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// A signature.
    Signed {
        /// The key.
        key: String,
        /// Its header.
        header: String,
        /// The header of the time.
        timestamp_header: Option<String>,
        /// What stands before it.
        prefix: String,
        /// How it is written.
        encoding: Encoding,
    },
}

/// Why a request could not be made; nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The endpoint has no such step.
    #[error("the endpoint has no {0}")]
    NoStep(&'static str),
    /// A secret has no value.
    #[error("the secret `{0}` is not set; set it on the destination")]
    SecretMissing(String),
    /// A part of the path is not known.
    #[error("the address needs {{{0}}}, which is not known here")]
    PathEmpty(String),
    /// A value in the path would lead elsewhere.
    #[error("a value in the address is only dots, which would lead elsewhere")]
    PathDots,
    /// Something became too long.
    #[error("the {what} is longer than {max} bytes")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// The most.
        max: usize,
    },
}

impl Endpoint {
    /// Makes the request of a step. `secrets` has their values by name.
    ///
    /// # Errors
    /// When it cannot be made. Then nothing may be sent.
    pub fn prepare(
        &self,
        step: Step,
        values: &Values,
        secrets: &BTreeMap<String, String>,
    ) -> Result<Prepared, PrepareError> {
        let exchange = self.exchange(step);
        let exchange = exchange.ok_or(PrepareError::NoStep(step.word()))?;
        let missing = self.secrets().find(|name| {
            let value = secrets.get(*name);
            value.is_none_or(String::is_empty)
        });
        if let Some(name) = missing {
            return Err(PrepareError::SecretMissing(name.to_owned()));
        }
        let lookup = Lookup {
            values,
            settings: &self.settings,
            secrets,
            identity: self.tells_identity(step),
            masked: false,
        };
        let out = &exchange.outgoing;
        let mut prepared = out.write(&lookup)?;
        let masked = Lookup {
            masked: true,
            ..lookup
        };
        let shown = out.write(&masked)?;
        prepared.shown = show(&shown);
        // A setting or a tag may hold by chance what is hidden elsewhere.
        prepared.shown = hide(&prepared.shown, &hidden(values, secrets));
        Ok(prepared)
    }
}

/// What no log shows.
fn hidden<'a>(values: &'a Values, secrets: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    let mut hidden = values.hidden();
    hidden.extend(secrets.values().map(String::as_str));
    hidden
}

/// An answer as a log may show it: what was sent in confidence does not come back in it.
#[must_use]
pub fn show_answer(
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
    values: &Values,
    secrets: &BTreeMap<String, String>,
) -> String {
    let mut text = format!("{status}\n");
    for (name, value) in headers {
        let value = if name.eq_ignore_ascii_case("set-cookie") {
            MASK
        } else {
            value
        };
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    // Hidden texts are looked for before anything is cut, so that no half of one is left.
    text.push_str(&String::from_utf8_lossy(body));
    cut(&hide(&text, &hidden(values, secrets)))
}

fn hide(text: &str, hidden: &[&str]) -> String {
    let mut forms: Vec<String> = Vec::new();
    for hidden in hidden.iter().filter(|text| text.len() >= HIDDEN_BYTES_MIN) {
        let mut as_url = String::new();
        escape::url(hidden, &mut as_url);
        let mut as_form = String::new();
        escape::form(hidden, &mut as_form);
        let mut as_xml = String::new();
        markup::escape(hidden, &mut as_xml);
        let as_json = Json::Text((*hidden).to_owned()).to_string();
        let as_json = as_json.trim_matches('"').to_owned();
        forms.extend([(*hidden).to_owned(), as_url, as_form, as_xml, as_json]);
    }
    forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    let mut text = text.to_owned();
    for form in &forms {
        text = replaced(&text, form);
    }
    text
}

/// Every place of `form`, whatever its capitals, behind a mask.
fn replaced(text: &str, form: &str) -> String {
    let (lower, form) = (text.to_ascii_lowercase(), form.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // ASCII letters alone change, so that places stay the same.
    while let Some(found) = lower[at..].find(&form) {
        out.push_str(&text[at..at + found]);
        out.push_str(MASK);
        at += found + form.len();
    }
    out.push_str(&text[at..]);
    out
}

fn cut(text: &str) -> String {
    if text.len() <= SHOWN_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = SHOWN_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes more)", &text[..end], text.len() - end)
}

fn show(request: &Prepared) -> String {
    let mut text = format!("{} {}\n", request.method.word(), request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    match &request.proof {
        Proof::None => {}
        Proof::Basic { user, .. } => {
            text.push_str(&format!("authorization: Basic {user}:{MASK}\n"));
        }
        Proof::Signed { header, prefix, .. } => {
            text.push_str(&format!("{header}: {prefix}{MASK}\n"));
        }
    }
    if let Some(body) = &request.body {
        text.push('\n');
        text.push_str(body);
    }
    cut(&text)
}

impl Outgoing {
    fn write(&self, lookup: &Lookup<'_>) -> Result<Prepared, PrepareError> {
        let secret = |name: &str| {
            if lookup.masked {
                return Ok(MASK.to_owned());
            }
            let value = lookup.secrets.get(name).cloned();
            value.ok_or_else(|| PrepareError::SecretMissing(name.to_owned()))
        };
        let mut url = fill_url(&self.url, lookup)?;
        for (name, pattern) in &self.query {
            if let Some(value) = pattern.plain(lookup) {
                add_query(&mut url, name, &value);
            }
        }
        let mut headers = Vec::new();
        for (name, pattern) in &self.headers {
            if let Some(value) = pattern.fill(lookup, escape::header) {
                headers.push((name.clone(), value.trim().to_owned()));
            }
        }
        let mut proof = Proof::None;
        match &self.auth {
            None => {}
            Some(Auth::Basic { user, secret: name }) => {
                proof = Proof::Basic {
                    user: user.clone(),
                    password: secret(name)?,
                };
            }
            Some(Auth::Bearer { secret: name }) => {
                let value = header_value(&secret(name)?);
                headers.push(("authorization".to_owned(), format!("Bearer {value}")));
            }
            Some(Auth::Header { name, secret: of }) => {
                headers.push((name.clone(), header_value(&secret(of)?)));
            }
            Some(Auth::Query { name, secret: of }) => add_query(&mut url, name, &secret(of)?),
            Some(Auth::HmacSha256 {
                secret: name,
                header,
                timestamp_header,
                prefix,
                encoding,
            }) => {
                proof = Proof::Signed {
                    key: secret(name)?,
                    header: header.clone(),
                    timestamp_header: timestamp_header.clone(),
                    prefix: prefix.clone(),
                    encoding: *encoding,
                };
            }
        }
        let body = self.body.as_ref().map(|body| body.write(lookup));
        let body = body.map(|(kind, text)| {
            let named = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
            if !headers.iter().any(named) {
                headers.push(("content-type".to_owned(), kind.to_owned()));
            }
            text
        });
        within("address", url.len(), URL_BYTES_MAX)?;
        within("body", body.as_ref().map_or(0, String::len), BODY_BYTES_MAX)?;
        let longest = headers.iter().map(|(_, value)| value.len()).max();
        within("longest header", longest.unwrap_or(0), HEADER_BYTES_MAX)?;
        Ok(Prepared {
            method: self.method,
            url,
            headers,
            body,
            proof,
            shown: String::new(),
        })
    }
}

fn within(what: &'static str, length: usize, max: usize) -> Result<(), PrepareError> {
    if length > max {
        return Err(PrepareError::TooLong { what, max });
    }
    Ok(())
}

fn header_value(text: &str) -> String {
    let mut value = String::new();
    escape::header(text, &mut value);
    value.trim().to_owned()
}

fn add_query(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    escape::url(name, url);
    url.push('=');
    escape::url(value, url);
}

/// The address: what is between its placeholders stays as it is.
fn fill_url(pattern: &Pattern, lookup: &Lookup<'_>) -> Result<String, PrepareError> {
    let mut url = String::new();
    for part in &pattern.0 {
        match part {
            Part::Text(text) => url.push_str(text),
            Part::Hole(hole) => match lookup.fill(hole) {
                Some(value) => escape::url(&value, &mut url),
                None if url.contains('?') => {}
                None => {
                    let names: Vec<_> = hole.origins.iter().map(Origin::written).collect();
                    return Err(PrepareError::PathEmpty(names.join("|")));
                }
            },
        }
    }
    let path = url.split('?').next().unwrap_or("");
    if path.split('/').skip(3).any(is_dots) {
        return Err(PrepareError::PathDots);
    }
    Ok(url)
}

impl BodyPlan {
    /// The body with its type.
    fn write(&self, lookup: &Lookup<'_>) -> (&'static str, String) {
        let mut text = String::new();
        match self {
            Self::Json(plan) => {
                plan.fill(lookup).unwrap_or(Json::Null).write(&mut text);
                ("application/json", text)
            }
            Self::Form(pairs) => {
                for (name, pattern) in pairs {
                    let Some(value) = pattern.plain(lookup) else {
                        continue;
                    };
                    if !text.is_empty() {
                        text.push('&');
                    }
                    escape::form(name, &mut text);
                    text.push('=');
                    escape::form(&value, &mut text);
                }
                ("application/x-www-form-urlencoded", text)
            }
            Self::Xml(plan) => {
                text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
                plan.fill(lookup).write(&mut text);
                ("application/xml", text)
            }
        }
    }
}

impl JsonPlan {
    /// Nothing for a text made of placeholders that stand for nothing.
    fn fill(&self, lookup: &Lookup<'_>) -> Option<Json> {
        match self {
            Self::Fixed(json) => Some(json.clone()),
            Self::List(items) => {
                let items = items.iter().filter_map(|item| item.fill(lookup));
                Some(Json::List(items.collect()))
            }
            Self::Map(members) => {
                let filled =
                    |(name, plan): &(String, Self)| Some((name.clone(), plan.fill(lookup)?));
                Some(Json::Map(members.iter().filter_map(filled).collect()))
            }
            Self::Text(pattern) => {
                let text = pattern.plain(lookup)?;
                match pattern.only_hole().map(|hole| hole.form) {
                    Some(Form::Number | Form::Bool) if text == MASK => Some(Json::Text(text)),
                    Some(Form::Number) => is_number(&text).then(|| Json::Number(text.into())),
                    Some(Form::Bool) => truth(&text).map(Json::Bool),
                    _ => Some(Json::Text(text)),
                }
            }
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "on" => Some(true),
        "false" | "no" | "n" | "0" | "off" => Some(false),
        _ => None,
    }
}

impl XmlPlan {
    fn fill(&self, lookup: &Lookup<'_>) -> markup::Element {
        let attribute =
            |(name, pattern): &(String, Pattern)| Some((name.clone(), pattern.plain(lookup)?));
        let child = |part: &XmlPart| match part {
            XmlPart::Element(plan) => Some(markup::Node::Element(plan.fill(lookup))),
            XmlPart::Text(pattern) => pattern.plain(lookup).map(markup::Node::Text),
        };
        markup::Element {
            name: self.name.clone(),
            attributes: self.attributes.iter().filter_map(attribute).collect(),
            children: self.children.iter().filter_map(child).collect(),
        }
    }
}
