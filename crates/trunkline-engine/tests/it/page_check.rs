//! A test of a page tells every number on it, and what becomes of it.

use trunkline_core::assignment::find::LeftAlone;
use trunkline_core::assignment::{SwapMode, SwapSettings};
use trunkline_core::base::PhoneNumber;
use trunkline_core::visitor::Source;
use trunkline_engine::directory::Directory;
use trunkline_engine::page_check::{Outcome, findings, sample_numbers};
use trunkline_engine::ports::pages::{Passage, Place};

use crate::world::{SITE, everything};

fn passage(text: &str, place: Place, left: Option<LeftAlone>, marked: Option<&str>) -> Passage {
    Passage {
        text: text.to_owned(),
        place,
        element: "p".to_owned(),
        left,
        marked: marked.map(str::to_owned),
    }
}

/// The numbers of a page with what becomes of each, in words.
fn told(swap: SwapSettings, passages: &[Passage]) -> Vec<(String, String)> {
    let mut all = everything(2, false);
    all.sites[0].swap = swap;
    let directory = Directory::new(all);
    let site = directory.site(SITE).expect("the site");
    let shown = sample_numbers(&directory, site, &Source::direct(), "/");
    let word = |outcome: &Outcome| match outcome {
        Outcome::Swapped { becomes, .. } => becomes.clone(),
        Outcome::LeftAlone(left) => left.word().to_owned(),
        other => format!("{other:?}"),
    };
    let found = findings(site, &shown, passages);
    found
        .iter()
        .map(|f| (f.printed.clone(), word(&f.outcome)))
        .collect()
}

fn page() -> Vec<Passage> {
    let href = || Place::Attribute("href".to_owned());
    vec![
        passage(
            "Call (214) 555-0100 or 469-555-0123",
            Place::Text,
            None,
            None,
        ),
        passage("tel:+12145550100", href(), None, None),
        passage("Order 9-214-555-0100", Place::Text, None, None),
        passage("214-555-0100", Place::Text, Some(LeftAlone::Code), None),
        passage("+1 214 555 0100", Place::JsonLd, None, None),
        passage("469-555-0199", Place::Text, None, Some("main")),
    ]
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[test]
fn each_number_of_a_page_is_told_with_what_becomes_of_it() {
    let expected = [
        ("(214) 555-0100", "(312) 555-0100"),
        ("469-555-0123", "NotATarget"),
        ("+12145550100", "+13125550100"),
        ("9-214-555-0100", "PartOfLonger"),
        ("214-555-0100", "code"),
        ("+1 214 555 0100", "JsonLdOff"),
        ("469-555-0199", "NotATarget"),
    ];
    assert_eq!(told(SwapSettings::default(), &page()), pairs(&expected));
}

#[test]
fn where_every_number_is_found_the_excluded_ones_stay() {
    let swap = SwapSettings {
        mode: SwapMode::Auto,
        excluded_numbers: vec![PhoneNumber::from_digits(14_695_550_199)],
        json_ld: true,
        ..SwapSettings::default()
    };
    let expected = [
        ("(214) 555-0100", "(312) 555-0100"),
        ("469-555-0123", "312-555-0100"),
        ("+12145550100", "+13125550100"),
        ("9-214-555-0100", "PartOfLonger"),
        ("214-555-0100", "code"),
        ("+1 214 555 0100", "+1 312 555 0100"),
        ("469-555-0199", "ExcludedNumber"),
    ];
    assert_eq!(told(swap, &page()), pairs(&expected));
}

#[test]
fn where_elements_name_their_target_what_they_show_becomes_it() {
    let swap = SwapSettings {
        mode: SwapMode::Attribute,
        ..SwapSettings::default()
    };
    let found = told(swap, &page()[5..]);
    assert_eq!(found, pairs(&[("469-555-0199", "312-555-0100")]));
}
