//! A request template made ready: every text taken apart, every name checked.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::{Problems, below};
use super::json::{Json, NESTING_MAX};
use super::markup::{Element, Node};
use super::pattern::{Origin, Part, Pattern};
use super::request::{Auth, Body, Method, Pairs, RequestTemplate};

/// Longest address, in bytes.
pub(super) const URL_BYTES_MAX: usize = 2_048;
/// Most names of a query, a form or headers.
const PAIRS_MAX: usize = 200;
/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// Longest XML text with placeholders, in bytes.
const XML_BYTES_MAX: usize = 32 * 1024;
/// The host of presets, which nobody has.
const NOBODYS_HOST: &str = "buyer.example";
/// Headers that say how a message travels, or that have a place of their own.
const OWN_HEADERS: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What placeholders are checked against.
pub(super) struct Checks<'a> {
    pub(super) settings: &'a BTreeMap<String, String>,
    /// Whether it may be told who the person is.
    pub(super) identity: bool,
}

/// A request made ready.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Pattern,
    pub(super) query: Vec<(String, Pattern)>,
    pub(super) headers: Vec<(String, Pattern)>,
    pub(super) auth: Option<Auth>,
    pub(super) body: Option<BodyPlan>,
}

/// A body made ready.
#[derive(Debug, Clone)]
pub(super) enum BodyPlan {
    Json(JsonPlan),
    Form(Vec<(String, Pattern)>),
    Xml(XmlPlan),
}

/// JSON with placeholders.
#[derive(Debug, Clone)]
pub(super) enum JsonPlan {
    Fixed(Json),
    Text(Pattern),
    List(Vec<JsonPlan>),
    Map(Vec<(String, JsonPlan)>),
}

/// An element with placeholders.
#[derive(Debug, Clone)]
pub(super) struct XmlPlan {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, Pattern)>,
    pub(super) children: Vec<XmlPart>,
}

/// What is in an element.
#[derive(Debug, Clone)]
pub(super) enum XmlPart {
    Element(XmlPlan),
    Text(Pattern),
}

struct Compile<'a> {
    checks: &'a Checks<'a>,
    secrets: &'a mut BTreeSet<String>,
    found: &'a mut Problems,
}

/// Makes a template ready; nothing when it has problems, which are then in `found`.
pub(super) fn compile(
    template: &RequestTemplate,
    checks: &Checks<'_>,
    secrets: &mut BTreeSet<String>,
    found: &mut Problems,
) -> Option<Outgoing> {
    let before = found.0.len();
    let mut compile = Compile {
        checks,
        secrets,
        found,
    };
    let url = compile.url(&template.url);
    let query = compile.pairs(&template.query, "request.query");
    let headers = compile.headers(&template.headers);
    compile.auth(template.auth.as_ref());
    let body = match &template.body {
        Some(_) if template.method == Method::Get => {
            compile.found.add(
                "request.body",
                "a GET has no body; write POST, or put the values into `query`",
            );
            None
        }
        Some(body) => compile.body(body),
        None => None,
    };
    (found.0.len() == before).then_some(Outgoing {
        method: template.method,
        url,
        query,
        headers,
        auth: template.auth.clone(),
        body,
    })
}

impl Compile<'_> {
    fn pattern(&mut self, text: &str, place: &str) -> Pattern {
        let pattern = Pattern::parse(text).unwrap_or_else(|why| {
            self.found.add(place, why);
            Pattern::default()
        });
        for origin in pattern.holes().flat_map(|hole| &hole.origins) {
            self.origin(origin, place);
        }
        pattern
    }

    fn origin(&mut self, origin: &Origin, place: &str) {
        if origin.is_identity() && !self.checks.identity {
            let name = origin.written();
            let message = format!(
                "`{{{name}}}` says who the person is, which a ping must not; leave it out, use {{phone_sha256}} or {{email_sha256}}, or set `share_identity`"
            );
            self.found.add(place, message);
        }
        match origin {
            Origin::Setting(name) if !self.checks.settings.contains_key(name) => {
                let message = format!("`{name}` is none of the settings; add it to `settings`");
                self.found.add(place, message);
            }
            Origin::Secret(name) => {
                self.secrets.insert(name.clone());
            }
            _ => {}
        }
    }

    fn url(&mut self, text: &str) -> Pattern {
        let place = "request.url";
        let pattern = self.pattern(text, place);
        if text.len() > URL_BYTES_MAX {
            let message = format!("is too long; at most {URL_BYTES_MAX} bytes");
            self.found.add(place, message);
        }
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest else {
            self.found.add(
                place,
                "write an address that begins with https:// or http://",
            );
            return pattern;
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if host.is_empty() || !host.chars().all(plain) {
            let message = format!(
                "`{host}` is no host; write it as it is, without placeholders and without a user's name"
            );
            self.found.add(place, message);
        }
        if host == NOBODYS_HOST || host.ends_with(&format!(".{NOBODYS_HOST}")) {
            let message = format!("`{host}` stands for the buyer's host; write the real one");
            self.found.add(place, message);
        }
        let path_only = path.split('?').next().unwrap_or("");
        if path_only.split('/').any(is_dots) {
            self.found.add(
                place,
                "goes up with `.` or `..`; write the path without them",
            );
        }
        for part in &pattern.0 {
            let Part::Text(literal) = part else { continue };
            let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '#');
            if let Some(c) = literal.chars().find(|c| !fits(*c)) {
                let message =
                    format!("has {c:?}, which an address cannot have; write it in per cent");
                self.found.add(place, message);
            }
        }
        pattern
    }

    fn pairs(&mut self, pairs: &Pairs, place: &str) -> Vec<(String, Pattern)> {
        if pairs.0.len() > PAIRS_MAX {
            let message = format!("has {} names; at most {PAIRS_MAX}", pairs.0.len());
            self.found.add(place, message);
        }
        let mut ready = Vec::new();
        for (name, value) in &pairs.0 {
            let place = below(place, name);
            if name.is_empty() || name.len() > NAME_BYTES_MAX {
                let message = format!("is no name; write 1 to {NAME_BYTES_MAX} bytes");
                self.found.add(&place, message);
            }
            ready.push((name.clone(), self.pattern(value, &place)));
        }
        ready
    }

    fn headers(&mut self, pairs: &Pairs) -> Vec<(String, Pattern)> {
        let ready = self.pairs(pairs, "request.headers");
        for (name, pattern) in &ready {
            let place = format!("request.headers.{name}");
            self.header_name(name, &place);
            let control = |part: &Part| matches!(part, Part::Text(text) if text.chars().any(char::is_control));
            if pattern.0.iter().any(control) {
                self.found.add(
                    &place,
                    "has a line end or another control character; leave it out",
                );
            }
        }
        ready
    }

    fn header_name(&mut self, name: &str, place: &str) {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) {
            let message = format!("`{name}` is no name of a header; write letters, digits and -");
            self.found.add(place, message);
        }
        if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!(
                "`{name}` is written by this server; leave it out, and use `auth` to prove who you are"
            );
            self.found.add(place, message);
        }
    }

    fn secret(&mut self, name: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > 60 || !name.chars().all(plain) {
            let message = format!(
                "`{name}` is no name of a secret; write 1 to 60 letters, digits, _ or -, and keep the secret itself out of here"
            );
            self.found.add("request.auth", message);
        }
        self.secrets.insert(name.to_owned());
    }

    fn auth(&mut self, auth: Option<&Auth>) {
        let Some(auth) = auth else { return };
        let place = "request.auth";
        match auth {
            Auth::Basic { user, secret } => {
                if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
                    self.found
                        .add(place, "has no proper user name; write one without a colon");
                }
                self.secret(secret);
            }
            Auth::Bearer { secret } => self.secret(secret),
            Auth::Header { name, secret } => {
                self.header_name(name, place);
                self.secret(secret);
            }
            Auth::Query { name, secret } => {
                if name.is_empty() || name.len() > NAME_BYTES_MAX {
                    self.found
                        .add(place, "has no name; write that of the parameter");
                }
                self.secret(secret);
            }
            Auth::HmacSha256 {
                secret,
                header,
                timestamp_header,
                prefix,
                ..
            } => {
                self.header_name(header, place);
                if let Some(name) = timestamp_header {
                    self.header_name(name, place);
                }
                if !prefix.chars().all(|c| c.is_ascii_graphic()) || prefix.len() > NAME_BYTES_MAX {
                    self.found.add(
                        place,
                        "has a prefix that no header can have; write one such as sha256=",
                    );
                }
                self.secret(secret);
            }
        }
    }

    fn body(&mut self, body: &Body) -> Option<BodyPlan> {
        Some(match body {
            Body::Json(json) => {
                if json.depth() > NESTING_MAX / 2 {
                    let most = NESTING_MAX / 2;
                    let message = format!("is nested deeper than {most}; use fewer levels");
                    self.found.add("request.body.json", message);
                    return None;
                }
                BodyPlan::Json(self.json(json, "request.body.json"))
            }
            Body::Form(pairs) => BodyPlan::Form(self.pairs(pairs, "request.body.form")),
            Body::Xml(text) => BodyPlan::Xml(self.xml(text)?),
        })
    }

    fn json(&mut self, json: &Json, place: &str) -> JsonPlan {
        match json {
            Json::Text(text) => JsonPlan::Text(self.pattern(text, place)),
            Json::List(items) => {
                let mut ready = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    ready.push(self.json(item, &format!("{place}[{index}]")));
                }
                JsonPlan::List(ready)
            }
            Json::Map(members) => {
                let mut ready = Vec::new();
                for (name, value) in members {
                    ready.push((name.clone(), self.json(value, &below(place, name))));
                }
                JsonPlan::Map(ready)
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => JsonPlan::Fixed(json.clone()),
        }
    }

    fn xml(&mut self, text: &str) -> Option<XmlPlan> {
        let place = "request.body.xml";
        if text.len() > XML_BYTES_MAX {
            self.found
                .add(place, format!("is too long; at most {XML_BYTES_MAX} bytes"));
            return None;
        }
        match Element::read(text) {
            Ok(root) => Some(self.element(&root, place)),
            Err(why) => {
                self.found.add(place, why);
                None
            }
        }
    }

    fn element(&mut self, element: &Element, place: &str) -> XmlPlan {
        let place = below(place, &element.name);
        let mut attributes = Vec::new();
        for (name, value) in &element.attributes {
            attributes.push((name.clone(), self.pattern(value, &below(&place, name))));
        }
        let mut children = Vec::new();
        for child in &element.children {
            children.push(match child {
                Node::Element(inside) => XmlPart::Element(self.element(inside, &place)),
                // Line ends and blanks between elements are the author's lay-out.
                Node::Text(text) if text.trim().is_empty() => continue,
                Node::Text(text) => XmlPart::Text(self.pattern(text, &place)),
            });
        }
        XmlPlan {
            name: element.name.clone(),
            attributes,
            children,
        }
    }
}

/// Whether a step of a path goes nowhere or up, however it is written.
pub(super) fn is_dots(step: &str) -> bool {
    let step = step.to_ascii_lowercase().replace("%2e", ".");
    step == "." || step == ".."
}
