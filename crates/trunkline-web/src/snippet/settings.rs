//! The settings of a site's swap as the block carries them: short names, and nothing that is as usual.

use std::collections::BTreeMap;

use serde::Serialize;
use trunkline_core::assignment::find::{calling_code, third_digits_min};
use trunkline_core::assignment::{FormCapture, Site, SwapMode};

/// What the loader needs; with `e` the core fetches the extras.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct WireSettings {
    /// Selector that an element must match for its own text and attributes to be swapped.
    o: String,
    /// How many third digits or trunk zeros a print of the targets has at least.
    d: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<Extras>,
}

/// What only some sites need.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Extras {
    /// `attribute` or `auto`.
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<&'static str>,
    /// Labels of the targets, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    n: Vec<String>,
    /// Calling code of the first target.
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<String>,
    /// Numbers to leave alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    x: Vec<String>,
    /// JSON-LD.
    #[serde(skip_serializing_if = "is_zero")]
    j: u8,
    /// Frames.
    #[serde(skip_serializing_if = "is_zero")]
    i: u8,
    /// Shadow roots.
    #[serde(skip_serializing_if = "is_zero")]
    s: u8,
    /// Further attributes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    a: Vec<String>,
    /// `dataLayer`.
    #[serde(skip_serializing_if = "is_zero")]
    d: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    f: Vec<Form>,
}

/// A form: its selector, the field of each detail, the consent text.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Form {
    s: String,
    m: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(flag: &u8) -> bool {
    *flag == 0
}

impl WireSettings {
    pub(super) fn new(site: &Site) -> Self {
        let swap = &site.swap;
        let auto = swap.mode == SwapMode::Auto;
        let attribute = swap.mode == SwapMode::Attribute;
        let labels = site
            .targets
            .iter()
            .filter(|_| attribute)
            .map(|t| t.label.clone());
        let first = site.targets.first().filter(|_| auto || attribute);
        let left = swap.excluded_numbers.iter().filter(|_| auto);
        let targets: Vec<_> = site.targets.iter().map(|target| target.number).collect();
        let extras = Extras {
            m: (auto || attribute).then(|| swap.mode.word()),
            n: labels.collect(),
            c: first.map(|target| calling_code(target.number)),
            x: left.map(ToString::to_string).collect(),
            j: swap.json_ld.into(),
            i: swap.iframes.into(),
            s: swap.shadow_roots.into(),
            a: swap.attributes.clone(),
            d: swap.data_layer.into(),
            f: swap.forms.iter().map(Form::new).collect(),
        };
        Self {
            o: swap.scope().unwrap_or_else(|| "*".to_owned()),
            d: third_digits_min(&targets),
            e: Some(extras).filter(|extras| *extras != Extras::default()),
        }
    }
}

impl Form {
    fn new(form: &FormCapture) -> Self {
        let fields = [
            ("phone", &form.phone),
            ("name", &form.name),
            ("email", &form.email),
            ("zip", &form.zip),
        ];
        let mapped = fields
            .into_iter()
            .filter_map(|(detail, field)| Some((detail, field.clone()?)));
        Self {
            s: form.selector.clone(),
            m: mapped.collect(),
            c: form.consent_text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_core::assignment::{SwapSettings, SwapTarget};
    use trunkline_core::base::id::{AccountId, SiteId, SwapTargetId};
    use trunkline_core::base::{PhoneNumber, Timestamp, Zone};
    use trunkline_core::visitor::SourceRules;

    use super::*;

    fn wire(swap: SwapSettings) -> serde_json::Value {
        let site = Site {
            id: SiteId::from_raw(1),
            account: AccountId::from_raw(2),
            key: "key".to_owned(),
            name: "Site".to_owned(),
            hosts: Vec::new(),
            zone: Zone::parse("America/Chicago").expect("a zone"),
            targets: vec![SwapTarget {
                id: SwapTargetId::from_raw(3),
                label: "Main".to_owned(),
                number: PhoneNumber::from_digits(442_079_460_018),
            }],
            source_numbers_win: false,
            source_rules: SourceRules::default(),
            swap,
            draft: None,
            published_at: Timestamp::EPOCH,
            config_version: 1,
            flow: None,
            created_at: Timestamp::EPOCH,
        };
        serde_json::to_value(WireSettings::new(&site)).expect("JSON")
    }

    #[test]
    fn a_site_with_usual_settings_adds_nothing_to_its_block() {
        assert_eq!(
            wire(SwapSettings::default()),
            serde_json::json!({"o": "*", "d": 1})
        );
    }

    #[test]
    fn what_is_unusual_is_carried_in_short_names() {
        let swap = SwapSettings {
            mode: SwapMode::Auto,
            excluded_selectors: vec![".fax".to_owned()],
            excluded_numbers: vec![PhoneNumber::from_digits(442_079_460_019)],
            attributes: vec!["data-phone".to_owned()],
            ..SwapSettings::default()
        };
        let expected = serde_json::json!({
            "o": ":not(:is(.fax,.fax *))",
            "d": 1,
            "e": {"m": "auto", "c": "44", "x": ["+442079460019"], "a": ["data-phone"]},
        });
        assert_eq!(wire(swap), expected);
    }
}
