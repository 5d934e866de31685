//! What a site's snippet carries so that source-level numbers need no request: the ordered rules of
//! the visitor station, folded with the site's source numbers.
//!
//! A rule is a test on the page's own address or referrer and a number per target. The browser takes
//! the first rule that applies; a rule without numbers only ends the search. [`SnippetRule::applies`]
//! is the meaning the script must implement, and a property test holds it against [`classify`].
//!
//! [`classify`]: crate::visitor::classify

use super::decide::{SitePlan, TargetPlan};
use super::pool::PoolNumber;
use std::collections::BTreeSet;

use crate::visitor::rules::{
    AFFILIATE_MEDIA, DISPLAY_MEDIA, EMAIL_MEDIA, PAID_MEDIA, PAID_SOCIAL_MEDIA, Rule, SOCIAL_MEDIA,
    SOCIAL_SOURCES, TABLE, When, tagged_channel,
};
use crate::visitor::{Channel, Source, SourceSelector};

/// What a rule of the block tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    /// Parameters of the page's address.
    Parameters,
    /// The referrer's host.
    Referrer,
    /// Nothing: always applies.
    Always,
}

/// One rule of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetRule {
    /// What is tested.
    pub kind: TestKind,
    /// Parameter names separated by a space.
    pub names: String,
    /// ECMAScript pattern that the value must match as a whole, without case: the parameters' values
    /// joined by a space (a missing one is empty), or the referrer's host.
    pub pattern: String,
    /// The number for each target of the site, in order.
    pub numbers: Vec<Option<PoolNumber>>,
}

/// The rules of a site's block; empty when the site has no source-level number. A referrer of the
/// site's own hosts is no source, so it gets the numbers of a direct visit before any other referrer
/// is looked at.
#[must_use]
pub fn snippet_rules(plan: &SitePlan, own_hosts: &[String]) -> Vec<SnippetRule> {
    let mut rules = Vec::new();
    let mut own_hosts = Some(own_hosts);
    for rule in TABLE {
        if !matches!(rule.when, When::Parameter(_))
            && let Some(hosts) = own_hosts.take()
        {
            rules.push(own_hosts_rule(plan, hosts));
        }
        match rule.when {
            When::Parameter("utm_source") => tagged_rules(plan, &mut rules),
            When::Parameter(name) => rules.push(SnippetRule {
                kind: TestKind::Parameters,
                names: name.to_owned(),
                pattern: PRESENT.to_owned(),
                numbers: numbers_for(plan, &fixed_source(rule)),
            }),
            When::Referrer(hosts) => rules.push(SnippetRule {
                kind: TestKind::Referrer,
                names: String::new(),
                pattern: hosts
                    .iter()
                    .map(|h| host_pattern(h))
                    .collect::<Vec<_>>()
                    .join("|"),
                numbers: numbers_for(plan, &fixed_source(rule)),
            }),
            When::AnyReferrer => referral_rules(plan, &mut rules),
            When::Always => rules.push(SnippetRule {
                kind: TestKind::Always,
                names: String::new(),
                pattern: ANY.to_owned(),
                numbers: numbers_for(plan, &fixed_source(rule)),
            }),
        }
    }
    if rules
        .iter()
        .all(|rule| rule.numbers.iter().all(Option::is_none))
    {
        return Vec::new();
    }
    merge_neighbours(rules)
}

/// A referrer of the site itself means a direct visit.
fn own_hosts_rule(plan: &SitePlan, hosts: &[String]) -> SnippetRule {
    let own = |host: &String| host_pattern(host.strip_prefix("www.").unwrap_or(host));
    SnippetRule {
        kind: TestKind::Referrer,
        names: String::new(),
        pattern: hosts.iter().map(own).collect::<Vec<_>>().join("|"),
        numbers: numbers_for(plan, &Source::direct()),
    }
}

/// Neighbouring referrer rules with the same numbers become one, which keeps the block small.
fn merge_neighbours(rules: Vec<SnippetRule>) -> Vec<SnippetRule> {
    let mut merged: Vec<SnippetRule> = Vec::new();
    for rule in rules {
        if let Some(last) = merged.last_mut() {
            let both_hosts = last.kind == TestKind::Referrer && rule.kind == TestKind::Referrer;
            if both_hosts && last.numbers == rule.numbers && last.pattern != ANY {
                if rule.pattern == ANY {
                    last.pattern = rule.pattern;
                } else {
                    last.pattern = format!("{}|{}", last.pattern, rule.pattern);
                }
                continue;
            }
        }
        merged.push(rule);
    }
    merged
}

fn named(target: &TargetPlan) -> Vec<(&SourceSelector, PoolNumber)> {
    let own = target
        .by_source
        .iter()
        .filter(|s| !s.overflow_only && !s.selector.is_empty());
    own.map(|s| (&s.selector, s.number)).collect()
}

/// The number of each target for a source: the closest source number, else the number for everybody;
/// none where a pool would give one.
fn numbers_for(plan: &SitePlan, source: &Source) -> Vec<Option<PoolNumber>> {
    let for_target = |target: &TargetPlan| {
        let found = named(target)
            .into_iter()
            .find(|(selector, _)| selector.matches(source));
        if target.pool.is_some() && !plan.source_numbers_win {
            return None;
        }
        found
            .map(|(_, number)| number)
            .or(if target.pool.is_some() {
                None
            } else {
                target.fixed
            })
    };
    plan.targets.iter().map(for_target).collect()
}

fn fixed_source(rule: &Rule) -> Source {
    Source {
        channel: rule.channel,
        medium: rule.medium.to_owned(),
        source: rule.source.to_owned(),
        rule: rule.id.to_owned(),
        ..Source::direct()
    }
}

/// Media that mean the same channel, each with its words; the last stands for any other medium.
const MEDIA: &[&[&str]] = &[
    PAID_MEDIA,
    PAID_SOCIAL_MEDIA,
    DISPLAY_MEDIA,
    EMAIL_MEDIA,
    AFFILIATE_MEDIA,
    SOCIAL_MEDIA,
    &["organic"],
    &["referral"],
    &["ai"],
];
/// Any value.
const ANY: &str = ".*";
/// A parameter that is there and not empty. The values of several parameters are joined by a space,
/// so a text that starts with one lacks the first.
const PRESENT: &str = "\\S.*";
/// Stands for a source or medium that no list names.
const UNNAMED: &str = "~";

/// A class of sources or media that all lead to the same numbers: its pattern and a member.
struct Class {
    pattern: String,
    sample: String,
}

impl Class {
    /// The words of a list that no selector names; `None` when it names them all.
    fn of(words: &[&str], named: &BTreeSet<String>) -> Option<Self> {
        let left: Vec<&str> = words
            .iter()
            .copied()
            .filter(|w| !named.contains(*w))
            .collect();
        let sample = (*left.first()?).to_owned();
        let pattern = left.iter().map(|w| escape(w)).collect::<Vec<_>>().join("|");
        Some(Self {
            pattern: format!("(?:{pattern})"),
            sample,
        })
    }

    fn any_medium() -> Self {
        Self {
            pattern: ANY.to_owned(),
            sample: UNNAMED.to_owned(),
        }
    }

    fn any_source() -> Self {
        Self {
            pattern: PRESENT.to_owned(),
            sample: UNNAMED.to_owned(),
        }
    }

    fn exactly(word: &str) -> Self {
        // A link without `utm_medium` has the medium `none`.
        let pattern = if word == "none" {
            "(?:none)?".to_owned()
        } else {
            escape(word)
        };
        Self {
            pattern,
            sample: word.to_owned(),
        }
    }
}

/// Tagged links, by classes of source and medium: named sources first, then social networks, then
/// any source. What the next wider class says anyway is left out.
fn tagged_rules(plan: &SitePlan, rules: &mut Vec<SnippetRule>) {
    let parts = |part: fn(&SourceSelector) -> &Option<String>| {
        let all = plan
            .targets
            .iter()
            .flat_map(|t| named(t))
            .filter_map(|(s, _)| part(s).as_deref());
        all.map(str::to_lowercase).collect::<BTreeSet<String>>()
    };
    let sources = parts(|s| &s.source);
    let named_media = parts(|s| &s.medium);
    let mut media: Vec<Class> = named_media.iter().map(|m| Class::exactly(m)).collect();
    media.extend(
        MEDIA
            .iter()
            .filter_map(|words| Class::of(words, &named_media)),
    );
    media.push(Class::any_medium());
    let row = |source: &str| -> Vec<Vec<Option<PoolNumber>>> {
        media
            .iter()
            .map(|m| numbers_for(plan, &tagged_source(source, &m.sample)))
            .collect()
    };
    let any = row(UNNAMED);
    let named = sources
        .iter()
        .filter(|s| !s.is_empty())
        .map(|s| Class::exactly(s));
    for class in named.chain(Class::of(SOCIAL_SOURCES, &sources)) {
        emit(&class, &media, &row(&class.sample), Some(&any), rules);
    }
    emit(&Class::any_source(), &media, &any, None, rules);
}

fn emit(
    source: &Class,
    media: &[Class],
    row: &[Vec<Option<PoolNumber>>],
    wider: Option<&[Vec<Option<PoolNumber>>]>,
    rules: &mut Vec<SnippetRule>,
) {
    let last = media.len() - 1;
    let whole_row = wider.is_none_or(|w| w[last] != row[last]);
    for (index, medium) in media.iter().enumerate() {
        let said_later = match wider {
            _ if whole_row => index != last && row[index] == row[last],
            Some(wider) => row[index] == wider[index],
            None => false,
        };
        if !said_later {
            rules.push(SnippetRule {
                kind: TestKind::Parameters,
                names: "utm_source utm_medium".to_owned(),
                pattern: format!("{} {}", source.pattern, medium.pattern),
                numbers: row[index].clone(),
            });
        }
    }
}

fn tagged_source(source: &str, medium: &str) -> Source {
    Source {
        channel: tagged_channel(source, medium),
        medium: medium.to_owned(),
        source: source.to_owned(),
        ..Source::direct()
    }
}

/// Referrals: a rule for each named host, then one for any other site.
fn referral_rules(plan: &SitePlan, rules: &mut Vec<SnippetRule>) {
    let sources = plan
        .targets
        .iter()
        .flat_map(|t| named(t))
        .filter_map(|(s, _)| s.source.clone());
    for host in sources.filter(|s| s.contains('.')) {
        let source = Source {
            channel: Channel::Referral,
            medium: "referral".to_owned(),
            source: host.to_lowercase(),
            ..Source::direct()
        };
        rules.push(SnippetRule {
            kind: TestKind::Referrer,
            names: String::new(),
            pattern: format!("(?:www\\.)?{}", escape(&host)),
            numbers: numbers_for(plan, &source),
        });
    }
    let other = Source {
        channel: Channel::Referral,
        medium: "referral".to_owned(),
        source: String::new(),
        ..Source::direct()
    };
    rules.push(SnippetRule {
        kind: TestKind::Referrer,
        names: String::new(),
        pattern: ANY.to_owned(),
        numbers: numbers_for(plan, &other),
    });
}

/// The pattern of [`crate::visitor::rules::host_is`].
fn host_pattern(host: &str) -> String {
    if host.contains('.') {
        format!("(?:.+\\.)?{}", escape(host))
    } else {
        format!("(?:.+\\.)?{}\\.(?:.{{1,3}}|.{{1,3}}\\...)", escape(host))
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        if "\\^$.|?*+()[]{}/-".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
