//! Where and when a site's numbers are swapped, as the API reads and writes it.

use serde::{Deserialize, Serialize};
use trunkline_core::assignment::{FormCapture, LeaseOn, SwapMode, SwapSettings};
use trunkline_core::base::id::FeedId;
use trunkline_core::base::{Country, PhoneNumber};
use utoipa::ToSchema;

use crate::problem::{Problem, sentence};

/// Where and when numbers are swapped; what is left out is as on a new site.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SwapSettings)]
#[serde(default)]
pub(super) struct SwapSettingsItem {
    /// `list`: the targets, wherever they stand. `selector`: only within `selectors`. `attribute`: what elements with
    /// `data-tl-number="label"` show becomes that target. `auto`: every plausible number becomes the first target.
    mode: String,
    /// Selectors (CSS), for the mode `selector`.
    selectors: Vec<String>,
    /// Selectors of what is left alone.
    excluded_selectors: Vec<String>,
    /// Numbers that the mode `auto` leaves alone.
    excluded_numbers: Vec<String>,
    /// Attributes (`data-…`) that are swapped besides links, labels and titles.
    attributes: Vec<String>,
    /// Whether the telephone fields of JSON-LD are swapped.
    json_ld: bool,
    /// Whether frames of the same origin are swapped.
    iframes: bool,
    /// Whether open shadow roots are swapped.
    shadow_roots: bool,
    /// When a session is given a number of its own: on `load`, when one comes into `view`, or on `intent`.
    lease_on: String,
    /// Whether `dataLayer` is told which number is shown.
    data_layer: bool,
    /// Path under which the site's own server passes requests on to this one, such as `/tl`.
    proxy_path: Option<String>,
    /// Forms whose contact details are kept.
    forms: Vec<FormItem>,
    /// The feed whose leads these forms are; leave it out, and they are only evidence of who called.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_feed: Option<String>,
}

/// A form whose contact details are kept. A field is the `name` of an input, or a selector within the form.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = FormCapture)]
#[serde(default)]
struct FormItem {
    selector: String,
    phone: Option<String>,
    name: Option<String>,
    email: Option<String>,
    zip: Option<String>,
    /// What the person agrees to by sending the form.
    consent_text: Option<String>,
}

impl Default for SwapSettingsItem {
    fn default() -> Self {
        Self::new(&SwapSettings::default())
    }
}

impl SwapSettingsItem {
    pub(super) fn new(settings: &SwapSettings) -> Self {
        Self {
            mode: settings.mode.word().to_owned(),
            selectors: settings.selectors.clone(),
            excluded_selectors: settings.excluded_selectors.clone(),
            excluded_numbers: settings
                .excluded_numbers
                .iter()
                .map(ToString::to_string)
                .collect(),
            attributes: settings.attributes.clone(),
            json_ld: settings.json_ld,
            iframes: settings.iframes,
            shadow_roots: settings.shadow_roots,
            lease_on: settings.lease_on.word().to_owned(),
            data_layer: settings.data_layer,
            proxy_path: settings.proxy_path.clone(),
            forms: settings.forms.iter().map(FormItem::new).collect(),
            lead_feed: settings.lead_feed.clone(),
        }
    }

    /// `home` is the country in which numbers are read that have no country code.
    pub(super) fn read(self, home: Country) -> Result<SwapSettings, Problem> {
        let wrong = |detail: String| Problem::invalid("swap", detail);
        let mode = SwapMode::from_word(&self.mode).ok_or_else(|| {
            wrong(unknown(
                "mode",
                &self.mode,
                SwapMode::ALL.iter().map(|m| m.word()),
            ))
        })?;
        let lease_on = LeaseOn::from_word(&self.lease_on).ok_or_else(|| {
            wrong(unknown(
                "lease_on",
                &self.lease_on,
                LeaseOn::ALL.iter().map(|l| l.word()),
            ))
        })?;
        let number =
            |text: &String| PhoneNumber::parse(text, home).map_err(|e| wrong(e.to_string()));
        Ok(SwapSettings {
            mode,
            selectors: lines(self.selectors),
            excluded_selectors: lines(self.excluded_selectors),
            excluded_numbers: self
                .excluded_numbers
                .iter()
                .map(number)
                .collect::<Result<_, _>>()?,
            attributes: lines(self.attributes),
            json_ld: self.json_ld,
            iframes: self.iframes,
            shadow_roots: self.shadow_roots,
            lease_on,
            data_layer: self.data_layer,
            proxy_path: text(self.proxy_path),
            forms: self.forms.into_iter().map(FormItem::read).collect(),
            lead_feed: lead_feed(self.lead_feed)?,
        })
    }
}

impl FormItem {
    fn new(form: &FormCapture) -> Self {
        Self {
            selector: form.selector.clone(),
            phone: form.phone.clone(),
            name: form.name.clone(),
            email: form.email.clone(),
            zip: form.zip.clone(),
            consent_text: form.consent_text.clone(),
        }
    }

    fn read(self) -> FormCapture {
        FormCapture {
            selector: self.selector.trim().to_owned(),
            phone: text(self.phone),
            name: text(self.name),
            email: text(self.email),
            zip: text(self.zip),
            consent_text: text(self.consent_text),
        }
    }
}

/// A feed by its id. That it is one of the account is seen when a form comes.
fn lead_feed(given: Option<String>) -> Result<Option<String>, Problem> {
    let given = text(given).map(|feed| FeedId::parse(&feed));
    let feed = given.transpose();
    let feed = feed.map_err(|error| Problem::invalid("swap", sentence(&error.to_string())))?;
    Ok(feed.map(|feed| feed.to_string()))
}

fn unknown<'a>(field: &str, word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    format!("`{word}` is no {field}; write one of {}.", known.join(", "))
}

fn lines(texts: Vec<String>) -> Vec<String> {
    let plain = texts.into_iter().map(|t| t.trim().to_owned());
    plain.filter(|t| !t.is_empty()).collect()
}

fn text(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty())
}
