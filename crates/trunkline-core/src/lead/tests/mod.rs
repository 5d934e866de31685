//! What the station promises, one file of promises for each room.

mod accepting;
mod consents;
mod fields;
mod imports;
mod laws;
mod returns;
mod runs;

use super::*;
use crate::base::id::{BuyerId, ContractId, FeedId};
use crate::base::{Country, Problem, Sha256, Timestamp, Zone};

/// 2026-11-23, a Monday, 10:00 in Chicago.
const NOW: Timestamp = Timestamp::from_millis(1_795_449_600_000);

const FIELDS: &str = r#"{"fields": [
    {"name": "phone", "label": "Phone", "type": "phone", "required": "post"},
    {"name": "email", "label": "E-mail", "type": "email", "aliases": ["contact.email"]},
    {"name": "first_name", "label": "First name", "type": "text", "personal": true, "normaliser": "title", "max_length": 20},
    {"name": "zip", "label": "ZIP code", "type": "zip", "required": "ping"},
    {"name": "state", "label": "State", "type": "state"},
    {"name": "country", "label": "Country", "type": "country"},
    {"name": "date_of_birth", "label": "Date of birth", "type": {"date": {"years_ago_min": 18, "years_ago_max": 100}}, "personal": true},
    {"name": "age", "label": "Age", "type": {"number": {"min": 18, "max": 99, "whole": true}}},
    {"name": "debt", "label": "Debt", "type": {"money": {"min": 0}}},
    {"name": "homeowner", "label": "Owns the home", "type": "yes_no"},
    {"name": "roof", "label": "Roof", "type": {"choice": [
        {"value": "shingle", "label": "Asphalt shingles", "aliases": ["asphalt"]}, {"value": "metal"}]}},
    {"name": "vehicle", "label": "Vehicle", "type": "text", "normaliser": "upper", "pattern": "^[A-Z0-9 -]+$"},
    {"name": "landing_page", "label": "Page", "type": "url"},
    {"name": "ip_address", "label": "IP address", "type": "ip", "personal": true},
    {"name": "consent_text", "label": "Words of the consent", "type": "consent_text"},
    {"name": "trusted_form", "label": "TrustedForm", "type": "certificate"},
    {"name": "consented_sellers", "label": "Sellers", "type": "sellers"},
    {"name": "click", "label": "Click", "type": "sha256"}
]}"#;

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().expect("32 bytes")
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn fields(json: &str) -> Fields {
    let document: FieldDocument = read(json);
    document
        .compile()
        .unwrap_or_else(|problems| panic!("{:?}", messages(&problems)))
}

fn zone() -> Zone {
    Zone::parse("America/Chicago").expect("a zone")
}

fn take(form: &[(&str, &str)], stage: Stage) -> Result<Accepted, LeadRefusal> {
    let form = owned(form);
    accept(&form, &fields(FIELDS), stage, &context(&zone()))
}

fn context(zone: &Zone) -> Context<'_> {
    Context {
        home: Country::US,
        zone,
        now: NOW,
        sha256,
    }
}

fn owned(form: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    form.iter().map(pair).collect()
}

fn messages(problems: &[Problem]) -> Vec<String> {
    let line = |p: &Problem| format!("{}: {}", p.place, p.message);
    problems.iter().map(line).collect()
}

fn post(form: &[(&str, &str)]) -> Lead {
    take(form, Stage::Post).expect("a lead").lead
}

fn ping(form: &[(&str, &str)]) -> Lead {
    take(form, Stage::Ping).expect("a ping").lead
}

const JOHN: &[(&str, &str)] = &[("phone", "+12145550100"), ("zip", "75201")];
