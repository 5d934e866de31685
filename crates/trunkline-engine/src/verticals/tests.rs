//! Every document is whole: nothing of it has a problem, and what it asks of callers and leads fits together.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_core::base::{Country, Problem, Sha256, Timestamp, Zone};
use trunkline_core::call::flow::{Ability, KnownThings, NodeKind};
use trunkline_core::lead::{Context, Stage, accept};
use trunkline_core::routing::{FieldTest, Shelf, TagTest};

use super::*;

fn all() -> Vec<Vertical> {
    let read = |text: &VerticalText| -> Vertical {
        serde_json::from_str(text.json).unwrap_or_else(|error| panic!("{}: {error}", text.id))
    };
    VERTICALS.iter().map(read).collect()
}

fn none(found: &[Problem], whose: &str) {
    let told: Vec<_> = found
        .iter()
        .map(|p| format!("{}: {}", p.place, p.message))
        .collect();
    assert_eq!(told, [""; 0], "{whose}");
}

#[test]
fn nothing_of_any_vertical_has_a_problem() {
    let known = KnownThings {
        abilities: Ability::ALL.iter().copied().collect(),
        ..KnownThings::default()
    };
    let shelf = Shelf::default();
    for vertical in all() {
        let id = &vertical.id;
        none(&vertical.fields.problems(), id);
        none(&vertical.consent.problems(), id);
        none(&vertical.terms.problems(&shelf), id);
        for filter in &vertical.filters {
            none(&filter.filter.problems(&shelf), id);
        }
        for rule in &vertical.feed_duplicates {
            none(&rule.problems(), id);
        }
        assert_eq!(vertical.flow.validate(&known), [], "{id}");
        assert!(
            !vertical.filters.is_empty() && !vertical.feed_duplicates.is_empty(),
            "{id}"
        );
        assert!(
            vertical.terms.schedule.is_some() && !vertical.terms.caps.is_empty(),
            "{id}"
        );
        assert!(
            !vertical.name.is_empty() && vertical.sentence.ends_with('.'),
            "{id}"
        );
    }
}

#[test]
fn each_has_a_word_of_its_own_and_is_found_by_it() {
    let ids: BTreeSet<_> = all().into_iter().map(|vertical| vertical.id).collect();
    assert_eq!(ids.len(), VERTICALS.len());
    for id in &ids {
        assert_eq!(vertical(id).map(|text| text.id), Some(id.as_str()));
    }
    assert_eq!(vertical("crypto"), None);
}

fn tags_of(filter: &Filter, to: &mut BTreeSet<String>) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().for_each(|part| tags_of(part, to)),
        Filter::Not(part) => tags_of(part, to),
        Filter::Tag(TagTest { name, .. }) => to.extend(name.split('|').map(str::to_owned)),
        Filter::Field(FieldTest { .. }) | Filter::When(_) | Filter::ZipWithin(_) => {}
    }
}

#[test]
fn filters_ask_for_what_pings_or_callers_tell() {
    for vertical in all() {
        let open = vertical
            .fields
            .fields
            .iter()
            .filter(|def| !def.is_personal());
        let mut told: BTreeSet<String> = open.map(|def| def.name.clone()).collect();
        for node in vertical.flow.nodes.values() {
            if let NodeKind::SetTag(tag) = &node.kind {
                told.insert(tag.name.clone());
            }
        }
        let mut asked = BTreeSet::new();
        vertical
            .filters
            .iter()
            .for_each(|f| tags_of(&f.filter, &mut asked));
        assert!(asked.is_subset(&told), "{}: {asked:?}", vertical.id);
    }
}

#[test]
fn what_callers_press_is_a_value_that_leads_may_have() {
    let zone = Zone::parse("America/New_York").expect("a zone");
    let context = Context {
        home: Country::US,
        zone: &zone,
        now: Timestamp::from_millis(1_795_449_600_000),
        sha256: |_| Sha256::default(),
    };
    for vertical in all() {
        let fields = vertical.fields.compile().expect("fields");
        for node in vertical.flow.nodes.values() {
            let NodeKind::SetTag(tag) = &node.kind else {
                continue;
            };
            if fields.named(&tag.name).is_none() {
                continue;
            }
            let form = [(tag.name.clone(), tag.value.clone())];
            let refusal =
                accept(&form, &fields, Stage::Ping, &context).expect_err("more is asked for");
            let wrong = refusal.faults().find(|fault| fault.field == tag.name);
            assert_eq!(wrong, None, "{}: {}", vertical.id, tag.value);
        }
    }
}

#[test]
fn a_campaign_gets_its_calls_and_caps_of_its_own() {
    let campaign = CampaignId::from_raw(7);
    let mut drawn = 100;
    for vertical in all() {
        let made = vertical.for_campaign(campaign, || {
            drawn += 1;
            CapId::from_raw(drawn)
        });
        let routes: BTreeMap<_, _> = made
            .flow
            .nodes
            .iter()
            .filter_map(|(name, node)| match &node.kind {
                NodeKind::Route(route) => Some((name, route.campaign)),
                _ => None,
            })
            .collect();
        assert!(routes.values().eq(&[Some(campaign)]), "{routes:?}");
        let ids = made.terms.caps.iter().map(|cap| cap.id.raw());
        assert!(ids.clone().all(|id| id > 100 && id <= drawn));
        assert_eq!(ids.collect::<BTreeSet<_>>().len(), made.terms.caps.len());
    }
}
