//! Reasons in words: what a feature says, as a person would tell it.

use super::features::{FeatureSet, Value};
use super::verdict::Reason;

/// How names of our own are told, with what their value is put in place of.
const TOLD: &[(&str, &str)] = &[
    ("visit.channel", "Came by {}"),
    ("visit.medium", "Came by the medium {}"),
    ("visit.source", "Came from {}"),
    ("visit.ad_campaign", "Came by the ad campaign {}"),
    ("visit.keyword", "Looked for \u{201c}{}\u{201d}"),
    ("visit.pages", "Pages looked at: {}"),
    ("visit.on_site_seconds", "Seconds on the site: {}"),
    ("visit.taps", "Taps on the number: {}"),
    ("visit.device", "Is on a {}"),
    ("visit.visits_before", "Visits before: {}"),
    ("visit.contact_page", "Looked at a contact page: {}"),
    ("call.caller_area", "Calls from {}"),
    ("call.nearness", "Caller and visitor are from the {}"),
    ("call.attestation", "What the carrier vouches for: {}"),
    ("call.hour", "Called in the hour from {} o\u{2019}clock"),
    ("call.weekday", "Called on {}"),
    ("call.calls_before", "Calls before: {}"),
    (
        "call.known_caller",
        "Somebody answered this caller before: {}",
    ),
    ("call.screening_points", "Points of screening: {}"),
    (
        "call.credit",
        "Probability that the call belongs to the visit: {}",
    ),
    ("lead.state", "Is from {}"),
    ("lead.hour", "Came in the hour from {} o\u{2019}clock"),
    ("lead.weekday", "Came on {}"),
    (
        "lead.completeness",
        "Share of the fields that are filled in: {}",
    ),
    ("lead.text_length", "Characters written: {}"),
    ("lead.text_words", "Words written: {}"),
    ("lead.consent", "Proof of consent: {}"),
    ("lead.consent_age_seconds", "Seconds since the consent: {}"),
    ("lead.leads_before", "Leads of the same person before: {}"),
    ("traffic.feed", "Feed {}"),
    ("traffic.publisher", "Publisher {}"),
    ("traffic.campaign", "Campaign {}"),
    ("remote.intent", "Intent as the remote model reads it: {}"),
    ("remote.fit", "Fit as the remote model reads it: {} of 4"),
    ("remote.spam", "Spam as the remote model reads it: {}"),
    (
        "remote.vertical_match",
        "About the campaign\u{2019}s trade as the remote model reads it: {}",
    ),
    (
        "remote.injection_seen",
        "Tries to instruct the remote model: {}",
    ),
];

impl Reason {
    /// The reason as a sentence without its full stop; empty when the features are not those it was found in.
    #[must_use]
    pub fn sentence(&self, features: &FeatureSet) -> String {
        let Some((name, value)) = features.get(self.feature) else {
            return String::new();
        };
        let (group, own) = name.split_once('.').unwrap_or(("", name));
        let own = own.replace('_', " ");
        if value == Value::Missing {
            return format!("Not known: {own}");
        }
        let value = words(value);
        if let Some((_, told)) = TOLD.iter().find(|(known, _)| *known == name) {
            return told.replace("{}", &value);
        }
        match group {
            "answer" => format!("Answered {own}: {value}"),
            "field" => format!("Field {own}: {value}"),
            _ => format!("{own}: {value}"),
        }
    }
}

fn words(value: Value<'_>) -> String {
    match value {
        Value::Text(text) => text.replace('_', " "),
        Value::Number(number) => {
            let rounded = (number * 100.0).round() / 100.0;
            format!("{rounded}")
        }
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        Value::Missing => "not known".to_owned(),
    }
}
