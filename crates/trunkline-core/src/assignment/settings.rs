//! How a site's numbers are swapped: where on its pages, in which parts, and when a session gets a number of its own.
//!
//! A document: its JSON is its definition, as it is stored with the site and with each published version.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::base::{PhoneNumber, words};

/// Most selectors of one list.
pub const SELECTORS_MAX: usize = 20;
/// Longest selector, in bytes.
pub const SELECTOR_LENGTH_MAX: usize = 200;
/// Most further attributes.
pub const ATTRIBUTES_MAX: usize = 10;
/// Most numbers that are left alone.
pub const EXCLUDED_NUMBERS_MAX: usize = 50;
/// Most forms of one site.
pub const FORMS_MAX: usize = 10;
/// Longest consent text of a form, in characters.
pub const CONSENT_TEXT_MAX: usize = 1_000;
/// Longest path of a reverse proxy, in bytes.
const PROXY_PATH_MAX: usize = 64;
/// Longest name of an attribute, in bytes.
const ATTRIBUTE_LENGTH_MAX: usize = 64;

words! {
    /// Which numbers of a page are swapped.
    SwapMode {
        /// The targets, wherever they stand.
        List = "list",
        /// The targets, within the elements that the site names.
        Selector = "selector",
        /// What elements with `data-tl-number` show becomes the target named there.
        Attribute = "attribute",
        /// The targets, and every other plausible number as if it were the first of them.
        Auto = "auto",
    }
}

words! {
    /// When a session is given a number of its own.
    LeaseOn {
        /// As soon as it looks at a page.
        Load = "load",
        /// When a number scrolls into view.
        View = "view",
        /// When somebody points at, presses, copies or focuses a number.
        Intent = "intent",
    }
}

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwapSettings {
    /// Which numbers of a page are swapped.
    pub mode: SwapMode,
    /// Selectors (CSS) of the elements in which numbers are swapped, for [`SwapMode::Selector`].
    pub selectors: Vec<String>,
    /// Selectors of the elements that are left alone.
    pub excluded_selectors: Vec<String>,
    /// Numbers that [`SwapMode::Auto`] leaves alone, such as the fax.
    #[serde(with = "e164")]
    pub excluded_numbers: Vec<PhoneNumber>,
    /// Attributes (`data-…`) that are swapped besides links, labels and titles.
    pub attributes: Vec<String>,
    /// Whether the telephone fields of JSON-LD are swapped.
    pub json_ld: bool,
    /// Whether frames of the same origin are swapped.
    pub iframes: bool,
    /// Whether open shadow roots are swapped.
    pub shadow_roots: bool,
    /// When a session is given a number of its own.
    pub lease_on: LeaseOn,
    /// Whether `dataLayer` is told which number is shown.
    pub data_layer: bool,
    /// Path of the site under which its own server passes requests on to this one, such as `/tl`.
    pub proxy_path: Option<String>,
    /// Forms whose contact details are kept.
    pub forms: Vec<FormCapture>,
    /// The feed whose leads these forms are, by its printed id; they are leads of nobody when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_feed: Option<String>,
}

/// A form whose contact details are kept as evidence. A field is the `name` of an input, or a selector within the form.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FormCapture {
    /// Selector of the form.
    pub selector: String,
    /// The field with the phone number.
    pub phone: Option<String>,
    /// The field with the name.
    pub name: Option<String>,
    /// The field with the e-mail address.
    pub email: Option<String>,
    /// The field with the postal code.
    pub zip: Option<String>,
    /// What the person agrees to by sending the form, as it stands beside it.
    pub consent_text: Option<String>,
}

impl Default for SwapSettings {
    fn default() -> Self {
        Self {
            mode: SwapMode::List,
            selectors: Vec::new(),
            excluded_selectors: Vec::new(),
            excluded_numbers: Vec::new(),
            attributes: Vec::new(),
            json_ld: false,
            iframes: false,
            shadow_roots: false,
            lease_on: LeaseOn::Load,
            data_layer: false,
            proxy_path: None,
            forms: Vec::new(),
            lead_feed: None,
        }
    }
}

impl SwapSettings {
    /// The selector that an element must match for its own text and attributes to be swapped; `None`: every element.
    ///
    /// Everything stands inside `:is()`, which drops what a browser cannot read instead of failing.
    #[must_use]
    pub fn scope(&self) -> Option<String> {
        let within = |selectors: &[String]| {
            let both: Vec<String> = selectors.iter().map(|s| format!("{s},{s} *")).collect();
            format!(":is({})", both.join(","))
        };
        let inside = match self.mode {
            SwapMode::Selector => within(&self.selectors),
            SwapMode::Attribute => ":is([data-tl-number],[data-tl-number] *)".to_owned(),
            SwapMode::List | SwapMode::Auto => String::new(),
        };
        let outside = if self.excluded_selectors.is_empty() {
            String::new()
        } else {
            format!(":not({})", within(&self.excluded_selectors))
        };
        Some(inside + &outside).filter(|scope| !scope.is_empty())
    }

    /// What is wrong with the settings, in a sentence for a person.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.mode == SwapMode::Selector && self.selectors.is_empty() {
            return Some(
                "name at least one selector, such as .phone, or choose another way to find numbers"
                    .to_owned(),
            );
        }
        let lists = [&self.selectors, &self.excluded_selectors];
        if lists.iter().any(|list| list.len() > SELECTORS_MAX) {
            return Some(format!("write at most {SELECTORS_MAX} selectors in a list"));
        }
        if let Some(bad) = lists.into_iter().flatten().find(|s| !is_selector(s)) {
            return Some(format!(
                "`{bad}` is no selector such as .phone or #header a; write one a line, without commas between"
            ));
        }
        if self.attributes.len() > ATTRIBUTES_MAX {
            return Some(format!("write at most {ATTRIBUTES_MAX} attributes"));
        }
        if let Some(bad) = self.attributes.iter().find(|a| !is_attribute(a)) {
            return Some(format!(
                "`{bad}` is no attribute such as data-phone; `data-` and small letters, digits or `-`"
            ));
        }
        if self.excluded_numbers.len() > EXCLUDED_NUMBERS_MAX {
            return Some(format!(
                "leave at most {EXCLUDED_NUMBERS_MAX} numbers alone"
            ));
        }
        if let Some(path) = self.proxy_path.as_ref().filter(|path| !is_path(path)) {
            return Some(format!(
                "`{path}` is no path such as /tl; a slash, then small letters, digits, `-` or `_`"
            ));
        }
        self.forms_problem()
    }

    fn forms_problem(&self) -> Option<String> {
        if self.forms.len() > FORMS_MAX {
            return Some(format!("capture at most {FORMS_MAX} forms"));
        }
        let mut selectors = HashSet::new();
        for form in &self.forms {
            let name = &form.selector;
            if !is_selector(name) || !selectors.insert(name) {
                return Some(format!(
                    "form `{name}`: write a selector of its own, such as #contact-form"
                ));
            }
            let fields = [&form.phone, &form.name, &form.email, &form.zip];
            let mut fields = fields.into_iter().flatten().peekable();
            if fields.peek().is_none() {
                return Some(format!("form `{name}`: name at least one of its fields"));
            }
            if let Some(bad) = fields.find(|f| !is_selector(f)) {
                return Some(format!(
                    "form `{name}`: `{bad}` is neither the name of a field nor a selector"
                ));
            }
            let long = |text: &String| text.chars().count() > CONSENT_TEXT_MAX;
            if form.consent_text.as_ref().is_some_and(long) {
                return Some(format!(
                    "form `{name}`: write a consent text of at most {CONSENT_TEXT_MAX} characters"
                ));
            }
        }
        None
    }
}

/// One selector without a list: brackets and quotes closed, no comma outside of them, nothing that could end a rule.
fn is_selector(text: &str) -> bool {
    if text.trim().is_empty() || text.trim() != text || text.len() > SELECTOR_LENGTH_MAX {
        return false;
    }
    let mut open = Vec::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (_, '{' | '}' | '\\' | '<' | ';' | '\0'..='\x1f') => return false,
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, ')' | ']') if open.pop() != Some(c) => return false,
            (None, ',') if open.is_empty() => return false,
            (None, _) => {}
        }
    }
    open.is_empty() && quote.is_none() && !text.contains("/*")
}

fn is_attribute(text: &str) -> bool {
    let rest = text.strip_prefix("data-").unwrap_or("");
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !rest.is_empty()
        && text.len() <= ATTRIBUTE_LENGTH_MAX
        && rest.bytes().all(plain)
        && !rest.starts_with("tl-")
}

fn is_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    let part = |part: &str| !part.is_empty() && part.bytes().all(plain);
    text.len() <= PROXY_PATH_MAX
        && text
            .strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(part))
}

/// Numbers as E.164 texts.
mod e164 {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::PhoneNumber;

    pub(super) fn serialize<S: Serializer>(
        numbers: &[PhoneNumber],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(numbers.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<PhoneNumber>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let read = |text: &String| PhoneNumber::parse_e164(text).map_err(serde::de::Error::custom);
        texts.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut SwapSettings);

    #[test]
    fn the_scope_names_what_is_swapped_and_never_makes_a_browser_fail() {
        let mut settings = SwapSettings::default();
        assert_eq!(settings.scope(), None);
        settings.excluded_selectors = vec![".partners".to_owned(), "#fax".to_owned()];
        assert_eq!(
            settings.scope().as_deref(),
            Some(":not(:is(.partners,.partners *,#fax,#fax *))")
        );
        settings.mode = SwapMode::Selector;
        settings.selectors = vec![".phone".to_owned()];
        assert_eq!(
            settings.scope().as_deref(),
            Some(":is(.phone,.phone *):not(:is(.partners,.partners *,#fax,#fax *))")
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_words() {
        let with = |change: Change| {
            let mut settings = SwapSettings::default();
            change(&mut settings);
            settings.problem()
        };
        assert_eq!(with(|_| {}), None);
        assert_eq!(
            with(|s| {
                s.mode = SwapMode::Selector;
                s.selectors = vec!["header a[href^='tel:,']:not(.x, .y)".to_owned()];
                s.attributes = vec!["data-phone".to_owned()];
                s.proxy_path = Some("/tl".to_owned());
                s.forms = vec![FormCapture {
                    selector: "#contact".to_owned(),
                    phone: Some("tel".to_owned()),
                    ..FormCapture::default()
                }];
            }),
            None
        );
        let wrong: [(&str, Change); 9] = [
            ("at least one selector", |s| s.mode = SwapMode::Selector),
            ("no selector", |s| s.selectors = vec![".a, .b".to_owned()]),
            ("no selector", |s| {
                s.excluded_selectors = vec!["a{}".to_owned()];
            }),
            ("no selector", |s| {
                s.excluded_selectors = vec![":not(.a".to_owned()];
            }),
            ("no selector", |s| {
                s.selectors = vec!["</script>".to_owned()];
            }),
            ("no attribute", |s| {
                s.attributes = vec!["onclick".to_owned()];
            }),
            ("no attribute", |s| {
                s.attributes = vec!["data-tl-skip".to_owned()];
            }),
            ("no path", |s| s.proxy_path = Some("tl".to_owned())),
            ("at least one of its fields", |s| {
                s.forms = vec![FormCapture {
                    selector: "form".to_owned(),
                    ..FormCapture::default()
                }];
            }),
        ];
        for (says, change) in wrong {
            let problem = with(change).unwrap_or_default();
            assert!(problem.contains(says), "{says}: {problem}");
        }
    }
}
