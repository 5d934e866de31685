//! What the product's own features tell of a visit, a call and a lead, and what they keep to themselves.

use std::collections::BTreeMap;

use super::*;
use crate::base::id::{CampaignId, FeedId};
use crate::base::{Country, Nearness, PhoneNumber, Sha256, Timestamp, Zone};
use crate::call::screening::Vouched;
use crate::lead::{Context, FieldDocument, Fields, Lead, Stage, accept};
use crate::visitor::{Channel, Device, Source};

/// 2026-11-23, a Monday, 10:00 in Chicago.
const NOW: Timestamp = Timestamp::from_millis(1_795_449_600_000);

fn chicago() -> Zone {
    Zone::parse("America/Chicago").unwrap()
}

fn shown(set: &FeatureSet) -> BTreeMap<String, String> {
    let show = |value| match value {
        Value::Text(text) => text.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Flag(yes) => yes.to_string(),
        Value::Missing => "-".to_owned(),
    };
    set.iter()
        .map(|(name, value)| (name.to_owned(), show(value)))
        .collect()
}

fn google() -> Source {
    Source {
        channel: Channel::PaidSearch,
        medium: "cpc".to_owned(),
        source: "Google".to_owned(),
        ad_campaign: Some("Storm Damage".to_owned()),
        term: None,
        content: None,
        rule: "click_gclid".to_owned(),
    }
}

#[test]
fn a_call_after_a_visit_tells_both_and_only_the_area_of_the_caller() {
    let (source, zone) = (google(), chicago());
    let mut features = Features::<IvrDone>::new();
    features.visit(&VisitFacts {
        source: &source,
        pages: 3,
        on_site_ms: 95_000,
        taps: 1,
        device: Some(Device::Phone),
        visits_before: 0,
        contact_page: true,
    });
    let mut call = CallFacts {
        at: NOW,
        zone: &zone,
        caller: Some(PhoneNumber::from_digits(12_145_550_100)),
        nearness: Some(Nearness::SameState),
        vouched: Vouched::Full,
        calls_before: 2,
        known_caller: false,
        screening_points: 5,
        credit: Some(0.93),
    };
    features.call(&call);
    let tags = [
        ("roof", "Shingle"),
        ("callback", "+12145550100"),
        ("Wrong name", "x"),
    ];
    let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    features.answers(&tags.into());
    features.traffic(Traffic {
        campaign: CampaignId::from_raw(7),
        publisher: None,
        feed: Some(FeedId::from_raw(9)),
    });
    let set = features.into_known();
    let shown = shown(&set);
    let expected = [
        ("visit.channel", "paid_search"),
        ("visit.source", "google"),
        ("visit.ad_campaign", "storm damage"),
        ("visit.keyword", "-"),
        ("visit.pages", "3"),
        ("visit.on_site_seconds", "95"),
        ("visit.device", "phone"),
        ("visit.contact_page", "true"),
        ("call.caller_area", "tx"),
        ("call.nearness", "same_state"),
        ("call.attestation", "full"),
        ("call.weekday", "mon"),
        ("call.hour", "10"),
        ("call.calls_before", "2"),
        ("call.known_caller", "false"),
        ("call.credit", "0.93"),
        ("answer.roof", "shingle"),
        ("traffic.publisher", "-"),
    ];
    for (name, value) in expected {
        assert_eq!(shown.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(
        !shown.contains_key("answer.callback"),
        "a number is no answer to learn from"
    );
    assert_eq!(set.left_out(), 1);
    let text = serde_json::to_string(&set).unwrap();
    assert!(!text.contains("5550100"), "{text}");
    // Abroad it is the country, and withheld it is not known.
    for (caller, area) in [(Some(33_142_685_300), "fr"), (None, "-")] {
        call.caller = caller.map(PhoneNumber::from_digits);
        let mut features = Features::<DialIn>::new();
        features.call(&call);
        assert_eq!(self::shown(features.known())["call.caller_area"], area);
    }
}

const FIELDS: &str = r#"{"fields": [
    {"name": "phone", "label": "Phone", "type": "phone"},
    {"name": "email", "label": "E-mail", "type": "email"},
    {"name": "first_name", "label": "First name", "type": "text", "personal": true},
    {"name": "zip", "label": "ZIP code", "type": "zip"},
    {"name": "date_of_birth", "label": "Born", "type": {"date": {"years_ago_min": 18}}},
    {"name": "age", "label": "Age", "type": {"number": {}}},
    {"name": "agency", "label": "Agency", "type": "yes_no"},
    {"name": "moves_on", "label": "Moves on", "type": {"date": {}}},
    {"name": "debt", "label": "Debt", "type": {"money": {"min": 0}}},
    {"name": "roof", "label": "Roof", "type": {"choice": [{"value": "shingle"}, {"value": "metal"}]}},
    {"name": "notes", "label": "Notes", "type": "text"},
    {"name": "page", "label": "Page", "type": "url"}
]}"#;

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}

fn posted(fields: &Fields) -> Lead {
    let form = [
        ("phone", "+1 214 555 0100"),
        ("email", "jane@example.com"),
        ("first_name", "Jane"),
        ("zip", "75201"),
        ("date_of_birth", "1980-12-31"),
        ("age", "45"),
        ("agency", "yes"),
        ("moves_on", "2027-02-01"),
        ("debt", "1200.50"),
        ("roof", "metal"),
        ("notes", "It leaks since the storm"),
    ];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let zone = chicago();
    let context = Context {
        home: Country::US,
        zone: &zone,
        now: NOW,
        sha256,
    };
    accept(&form, fields, Stage::Post, &context).unwrap().lead
}

fn lead_features(traits: Traits) -> BTreeMap<String, String> {
    let document: FieldDocument = serde_json::from_str(FIELDS).unwrap();
    let fields = document.compile().unwrap();
    let (lead, zone) = (posted(&fields), chicago());
    let mut features = Features::<Posted>::new();
    features.lead(&LeadFacts {
        at: NOW,
        zone: &zone,
        lead: &lead,
        fields: &fields,
        traits,
        consent: Consent::Certificate,
        consent_at: Some(NOW.plus_millis(-30_000)),
        leads_before: 1,
    });
    shown(features.known())
}

#[test]
fn a_lead_tells_what_its_fields_say_and_nobodys_name() {
    let shown = lead_features(Traits::LeftOut);
    let expected = [
        ("lead.state", "tx"),
        ("lead.hour", "10"),
        ("lead.weekday", "mon"),
        ("lead.consent", "certificate"),
        ("lead.consent_age_seconds", "30"),
        ("lead.leads_before", "1"),
        ("lead.text_length", "24"),
        ("lead.text_words", "5"),
        ("field.agency", "yes"),
        ("field.moves_on", "2027"),
        ("field.debt", "1200.5"),
        ("field.roof", "metal"),
        ("field.notes", "true"),
        ("field.page", "false"),
    ];
    for (name, value) in expected {
        assert_eq!(shown.get(name).map(String::as_str), Some(value), "{name}");
    }
    let share: f64 = shown["lead.completeness"].parse().unwrap();
    assert!((share - 11.0 / 12.0).abs() < 1e-9);
    for hidden in [
        "phone",
        "email",
        "first_name",
        "zip",
        "date_of_birth",
        "age",
    ] {
        assert!(!shown.contains_key(&format!("field.{hidden}")), "{hidden}");
    }
}

#[test]
fn protected_traits_are_features_only_when_the_account_lets_them_in() {
    let shown = lead_features(Traits::Used);
    let expected = [("zip", "75201"), ("date_of_birth", "1980"), ("age", "45")];
    for (name, value) in expected {
        assert_eq!(shown[&format!("field.{name}")], value, "{name}");
    }
    assert!(!shown.contains_key("field.first_name"));
}

#[test]
fn every_name_of_the_product_has_a_sentence() {
    let (source, zone) = (google(), chicago());
    let document: FieldDocument = serde_json::from_str(FIELDS).unwrap();
    let fields = document.compile().unwrap();
    let lead = posted(&fields);
    let mut features = Features::<DialIn>::new();
    features.visit(&VisitFacts {
        source: &source,
        pages: 1,
        on_site_ms: 0,
        taps: 0,
        device: None,
        visits_before: 0,
        contact_page: false,
    });
    features.call(&CallFacts {
        at: NOW,
        zone: &zone,
        caller: None,
        nearness: None,
        vouched: Vouched::Nothing,
        calls_before: 0,
        known_caller: false,
        screening_points: 0,
        credit: None,
    });
    features.lead(&LeadFacts {
        at: NOW,
        zone: &zone,
        lead: &lead,
        fields: &fields,
        traits: Traits::LeftOut,
        consent: Consent::Nothing,
        consent_at: None,
        leads_before: 0,
    });
    features.traffic(Traffic {
        campaign: CampaignId::from_raw(1),
        publisher: None,
        feed: None,
    });
    features.remote(RemoteAnswer {
        intent: Intent::High,
        fit: 200,
        spam: Spam::No,
        trade: TradeMatch::Yes,
        injection_seen: false,
    });
    let set = features.into_known();
    for (feature, (name, _)) in set.iter().enumerate() {
        let reason = Reason {
            feature,
            effect: 1.0,
        };
        let sentence = reason.sentence(&set);
        let own = name.split_once('.').map_or(name, |(_, own)| own);
        assert!(!sentence.is_empty());
        // What has none is told by its bare name.
        assert!(
            !sentence.starts_with(&format!("{}:", own.replace('_', " "))),
            "{name}: {sentence}"
        );
    }
    let told = |name: &str| {
        let feature = set.iter().position(|(known, _)| known == name).unwrap();
        Reason {
            feature,
            effect: 1.0,
        }
        .sentence(&set)
    };
    assert_eq!(told("visit.source"), "Came from google");
    assert_eq!(told("visit.keyword"), "Not known: keyword");
    assert_eq!(
        told("remote.fit"),
        "Fit as the remote model reads it: 4 of 4"
    );
    assert_eq!(told("field.roof"), "Field roof: metal");
    let nowhere = Reason {
        feature: 1_000,
        effect: 1.0,
    };
    assert_eq!(nowhere.sentence(&set), "");
}
