//! A test of a page: every number found on it, which target it is, what it would become, or why it stays.

use std::collections::BTreeMap;

use trunkline_core::assignment::find::{LeftAlone, find, in_form, plausible};
use trunkline_core::assignment::{
    Replacement, SwapMode, SwapTarget, TargetPlan, assign, replacement,
};
use trunkline_core::base::PhoneNumber;
use trunkline_core::visitor::Source;

use crate::directory::{Directory, SiteEntry};
use crate::ports::pages::{PageRequest, Passage, Place};

/// Findings that are told of one page.
pub const FINDINGS_MAX: usize = 500;

/// A number on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number as it is printed.
    pub printed: String,
    /// The number.
    pub number: PhoneNumber,
    /// Where it stands.
    pub place: Place,
    /// The element for a person.
    pub element: String,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// What becomes of a number on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is swapped for a visitor.
    Swapped {
        /// The target it stands for.
        target: SwapTarget,
        /// What stands there then.
        becomes: String,
    },
    /// It is a target for which there is no number to show.
    NothingToShow(SwapTarget),
    /// It is only part of a longer number.
    PartOfLonger,
    /// The place is left alone.
    LeftAlone(LeftAlone),
    /// JSON-LD is not swapped on this site.
    JsonLdOff,
    /// The site leaves this number alone.
    ExcludedNumber,
    /// It is none of the site's numbers.
    NotATarget,
}

/// What to read for a site's settings.
#[must_use]
pub fn request_for(site: &SiteEntry, url: &str) -> PageRequest {
    let swap = &site.site.swap;
    let within = match swap.mode {
        SwapMode::Selector => swap.selectors.clone(),
        SwapMode::Attribute => vec!["[data-tl-number]".to_owned()],
        SwapMode::List | SwapMode::Auto => Vec::new(),
    };
    PageRequest {
        url: url.to_owned(),
        within,
        excluded: swap.excluded_selectors.clone(),
        attributes: swap.attributes.clone(),
        look_for: format!("/t/{}", site.site.key),
    }
}

/// What each target would show to a visitor of a source on a page with this path, without giving anything: where a pool would give a number, the
/// first of its numbers stands for all.
#[must_use]
pub fn sample_numbers(
    directory: &Directory,
    site: &SiteEntry,
    source: &Source,
    path: &str,
) -> Vec<(SwapTarget, Option<Replacement>)> {
    let of_target = |plan: &TargetPlan| {
        let from_pool = || {
            let fitting = plan.pools.iter().filter(|p| p.rule.fits(source, path));
            let mut numbers = fitting.filter_map(|p| directory.pool(p.pool)?.numbers.first());
            Some(replacement(plan.target.number, numbers.next()?.number))
        };
        let fixed = || {
            let win = site.plan.source_numbers_win;
            assign(plan, win, source, &mut BTreeMap::new(), None).map(|a| a.replacement)
        };
        let shown = if site.plan.source_numbers_win {
            fixed().or_else(from_pool)
        } else {
            from_pool().or_else(fixed)
        };
        (plan.target.clone(), shown)
    };
    site.plan.targets.iter().map(of_target).collect()
}

/// Every number of the passages with what becomes of it, in the order of the page; at most [`FINDINGS_MAX`].
#[must_use]
pub fn findings(
    site: &SiteEntry,
    shown: &[(SwapTarget, Option<Replacement>)],
    passages: &[Passage],
) -> Vec<Finding> {
    let mut found = Vec::new();
    for passage in passages {
        if found.len() >= FINDINGS_MAX {
            break;
        }
        of_passage(site, shown, passage, &mut found);
    }
    found.truncate(FINDINGS_MAX);
    found
}

fn of_passage(
    site: &SiteEntry,
    shown: &[(SwapTarget, Option<Replacement>)],
    passage: &Passage,
    found: &mut Vec<Finding>,
) {
    let text: Vec<char> = passage.text.chars().collect();
    let link = passage.place == Place::Attribute("href".to_owned());
    let wanted: Vec<PhoneNumber> = shown.iter().map(|(target, _)| target.number).collect();
    let finding = |start: usize, end: usize, number, outcome| Finding {
        printed: text[start..end].iter().collect(),
        number,
        place: passage.place.clone(),
        element: passage.element.clone(),
        outcome,
    };
    let hits = find(&text, &wanted);
    let mut here: Vec<(usize, Finding)> = Vec::new();
    for hit in &hits {
        let (target, replacement) = &shown[hit.wanted];
        let marked = marked_target(site, shown, passage);
        let (target, replacement) = marked.unwrap_or((target, replacement.as_ref()));
        let outcome = match left(site, passage) {
            _ if hit.part_of_longer => Outcome::PartOfLonger,
            Some(outcome) => outcome,
            None => swapped(
                target,
                replacement,
                &text[hit.start..hit.end],
                wanted[hit.wanted],
                link,
            ),
        };
        here.push((
            hit.start,
            finding(hit.start, hit.end, wanted[hit.wanted], outcome),
        ));
    }
    let first = shown.first();
    for other in first.map_or_else(Vec::new, |(target, _)| {
        plausible(&passage.text, target.number, link)
    }) {
        let known = hits
            .iter()
            .any(|hit| hit.start < other.end && other.start < hit.end);
        if known {
            continue;
        }
        let printed = &text[other.start..other.end];
        let stands_for = match site.site.swap.mode {
            SwapMode::Auto => first.map(|(target, shown)| (target, shown.as_ref())),
            SwapMode::Attribute => marked_target(site, shown, passage),
            SwapMode::List | SwapMode::Selector => None,
        };
        let outcome = match (left(site, passage), stands_for) {
            (Some(outcome), _) => outcome,
            (None, _) if site.site.swap.excluded_numbers.contains(&other.number) => {
                Outcome::ExcludedNumber
            }
            (None, None) => Outcome::NotATarget,
            (None, Some((target, shown))) => swapped(target, shown, printed, other.number, link),
        };
        here.push((
            other.start,
            finding(other.start, other.end, other.number, outcome),
        ));
    }
    here.sort_by_key(|(start, _)| *start);
    found.extend(here.into_iter().map(|(_, finding)| finding));
}

/// Why nothing of the passage is swapped.
fn left(site: &SiteEntry, passage: &Passage) -> Option<Outcome> {
    if passage.place == Place::JsonLd {
        return (!site.site.swap.json_ld).then_some(Outcome::JsonLdOff);
    }
    passage.left.map(Outcome::LeftAlone)
}

/// The target that the element names, where elements name targets.
fn marked_target<'a>(
    site: &SiteEntry,
    shown: &'a [(SwapTarget, Option<Replacement>)],
    passage: &Passage,
) -> Option<(&'a SwapTarget, Option<&'a Replacement>)> {
    let label = passage
        .marked
        .as_ref()
        .filter(|_| site.site.swap.mode == SwapMode::Attribute)?;
    let label = label.trim().to_lowercase();
    let named = shown
        .iter()
        .find(|(target, _)| target.label.trim().to_lowercase() == label);
    named.map(|(target, shown)| (target, shown.as_ref()))
}

fn swapped(
    target: &SwapTarget,
    shown: Option<&Replacement>,
    printed: &[char],
    number: PhoneNumber,
    link: bool,
) -> Outcome {
    match shown {
        None => Outcome::NothingToShow(target.clone()),
        Some(shown) => Outcome::Swapped {
            target: target.clone(),
            becomes: in_form(printed, number, shown, link),
        },
    }
}
