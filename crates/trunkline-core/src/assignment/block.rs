//! What a site's snippet carries so that source-level numbers need no request: the ordered rules of
//! the visitor station, folded with the site's source numbers.
//!
//! A rule is a test on the page's own address or referrer and a number per target. The browser takes
//! the first rule that applies; a rule without numbers only ends the search. A property test holds what the rules come to
//! against [`classify`].
//!
//! [`classify`]: crate::visitor::classify

use std::collections::BTreeSet;

use super::decide::{SitePlan, TargetPlan};
use super::pool::PoolNumber;
use crate::visitor::hosts::{HostKind, known_site, known_sites, named_site, names_of, site_behind};
use crate::visitor::rules::{
    CLICK_MEDIUM, CLICKS, CROSS_NETWORK, ClickRule, MEDIA, PAID_CHANNELS, PAID_MEDIA,
    PAID_PREFIXES, PAID_SOCIAL_MEDIA, from_site, tagged_channel,
};
use crate::visitor::{Channel, OwnRule, OwnTest, Source, SourceRules, SourceSelector};

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
pub fn snippet_rules(
    plan: &SitePlan,
    own_hosts: &[String],
    owner: &SourceRules,
) -> Vec<SnippetRule> {
    let mut rules: Vec<SnippetRule> = owner.own.iter().map(|rule| own_rule(plan, rule)).collect();
    let clicks = CLICKS.iter().map(|rule| click_rule(plan, rule));
    if owner.tags_first {
        tagged_rules(plan, &mut rules);
        rules.extend(clicks);
    } else {
        rules.extend(clicks);
        tagged_rules(plan, &mut rules);
    }
    rules.push(own_hosts_rule(plan, own_hosts, &owner.ignored));
    known_host_rules(plan, &mut rules);
    referral_rules(plan, &mut rules);
    rules.push(SnippetRule {
        kind: TestKind::Parameters,
        names: "utm_campaign".to_owned(),
        pattern: PRESENT.to_owned(),
        numbers: numbers_for(plan, &campaign_alone()),
    });
    rules.push(SnippetRule {
        kind: TestKind::Always,
        names: String::new(),
        pattern: ANY.to_owned(),
        numbers: numbers_for(plan, &Source::direct()),
    });
    if rules
        .iter()
        .all(|rule| rule.numbers.iter().all(Option::is_none))
    {
        return Vec::new();
    }
    merge_neighbours(rules)
}

/// A link without referrer that carries the name of a campaign and nothing else.
fn campaign_alone() -> Source {
    Source {
        channel: Channel::Other,
        source: String::new(),
        ..Source::direct()
    }
}

fn own_rule(plan: &SitePlan, rule: &OwnRule) -> SnippetRule {
    let source = Source {
        channel: rule.channel,
        medium: rule.medium.clone(),
        source: rule.source.clone(),
        ..Source::direct()
    };
    let numbers = numbers_for(plan, &source);
    match &rule.when {
        OwnTest::Parameter { name, value } => SnippetRule {
            kind: TestKind::Parameters,
            names: name.clone(),
            pattern: value.as_deref().map_or_else(|| PRESENT.to_owned(), escape),
            numbers,
        },
        OwnTest::Referrer { host } => SnippetRule {
            kind: TestKind::Referrer,
            names: String::new(),
            pattern: own_host_pattern(host),
            numbers,
        },
    }
}

fn click_rule(plan: &SitePlan, rule: &ClickRule) -> SnippetRule {
    let source = Source {
        channel: rule.channel,
        medium: CLICK_MEDIUM.to_owned(),
        source: rule.source.to_owned(),
        ..Source::direct()
    };
    SnippetRule {
        kind: TestKind::Parameters,
        names: rule.parameter.to_owned(),
        pattern: PRESENT.to_owned(),
        numbers: numbers_for(plan, &source),
    }
}

/// The known hosts whose numbers differ from what the next shorter host, or any other referrer, would
/// give; the longest first, so that the first that fits is the one that decides.
fn known_host_rules(plan: &SitePlan, rules: &mut Vec<SnippetRule>) {
    let any = numbers_for(plan, &referral(""));
    let mut told: Vec<(usize, &str, Vec<Option<PoolNumber>>)> = Vec::new();
    for site in known_sites() {
        let numbers = numbers_for(plan, &from_site(site));
        for host in &site.hosts {
            let behind = site_behind(host).map(|site| numbers_for(plan, &from_site(site)));
            if numbers != *behind.as_ref().unwrap_or(&any) {
                told.push((host.split('.').count(), host, numbers.clone()));
            }
        }
    }
    // Hosts of one length exclude each other, so those with the same numbers can stand together.
    told.sort_by(|a, b| {
        let digits = |numbers: &[Option<PoolNumber>]| -> Vec<_> {
            numbers.iter().map(|n| n.map(|n| n.id)).collect()
        };
        b.0.cmp(&a.0).then_with(|| digits(&a.2).cmp(&digits(&b.2)))
    });
    rules.extend(told.into_iter().map(|(_, host, numbers)| SnippetRule {
        kind: TestKind::Referrer,
        names: String::new(),
        pattern: host_pattern(host),
        numbers,
    }));
}

/// A referrer of the site itself, or one that is no source, means a direct visit.
fn own_hosts_rule(plan: &SitePlan, hosts: &[String], ignored: &[String]) -> SnippetRule {
    let patterns = hosts
        .iter()
        .chain(ignored)
        .map(|host| own_host_pattern(host));
    SnippetRule {
        kind: TestKind::Referrer,
        names: String::new(),
        pattern: patterns.collect::<Vec<_>>().join("|"),
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
        let pooled = target.pools.iter().any(|p| p.rule.sources.matches(source));
        if pooled && !plan.source_numbers_win {
            return None;
        }
        found
            .map(|(_, number)| number)
            .or(if pooled { None } else { target.fixed })
    };
    plan.targets.iter().map(for_target).collect()
}

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
    /// Beginnings of the words that the pattern takes besides those it names.
    prefixes: &'static [&'static str],
}

impl Class {
    fn new(pattern: String, sample: &str) -> Self {
        Self {
            pattern,
            sample: sample.to_owned(),
            prefixes: &[],
        }
    }

    /// The words of a list that no selector names; `None` when it names them all.
    fn of(words: &[&str], named: &BTreeSet<String>) -> Option<Self> {
        let left = left_of(words, named);
        let pattern = left.iter().map(|w| escape(w)).collect::<Vec<_>>().join("|");
        Some(Self::new(format!("(?:{pattern})"), left.first()?))
    }

    /// The sources that mean a known site of a kind.
    fn named_like(kind: HostKind, named: &BTreeSet<String>) -> Option<Self> {
        let sites = known_sites().iter().filter(|site| site.kind == kind);
        let names: Vec<&str> = sites
            .flat_map(names_of)
            .filter(|name| named_site(name).is_some_and(|site| site.kind == kind))
            .collect();
        Self::of(&names, named)
    }

    /// The media that mean a paid click and that no other list holds.
    fn paid(named: &BTreeSet<String>) -> Self {
        let starts = PAID_PREFIXES.iter().map(|s| format!("{}.*", escape(s)));
        let words = left_of(PAID_MEDIA, named).into_iter().map(escape);
        let pattern = starts.chain(words).collect::<Vec<_>>().join("|");
        let sample = format!("{}{UNNAMED}", PAID_PREFIXES[0]);
        Self {
            prefixes: PAID_PREFIXES,
            ..Self::new(format!("(?:{pattern})"), &sample)
        }
    }

    fn any_medium() -> Self {
        Self {
            prefixes: &[""],
            ..Self::new(ANY.to_owned(), UNNAMED)
        }
    }

    fn any_source() -> Self {
        Self::new(PRESENT.to_owned(), UNNAMED)
    }

    fn exactly(word: &str) -> Self {
        // A link without `utm_medium` has the medium `none`.
        let pattern = if word == "none" {
            "(?:none)?".to_owned()
        } else {
            escape(word)
        };
        Self::new(pattern, word)
    }

    fn takes(&self, word: &str) -> bool {
        self.prefixes.iter().any(|start| word.starts_with(start))
    }
}

fn left_of<'a>(words: &[&'a str], named: &BTreeSet<String>) -> Vec<&'a str> {
    let words = words.iter().copied();
    words.filter(|word| !named.contains(*word)).collect()
}

/// The numbers of one class of sources, by classes of media.
type Row = Vec<Vec<Option<PoolNumber>>>;

/// Tagged links, by classes of source and medium: named sources first, then each kind of known site,
/// then any source. What a later rule says anyway is left out.
fn tagged_rules(plan: &SitePlan, rules: &mut Vec<SnippetRule>) {
    let parts = |part: fn(&SourceSelector) -> &Option<String>| {
        let all = plan
            .targets
            .iter()
            .flat_map(|t| named(t))
            .filter_map(|(s, _)| part(s).as_deref());
        let words = all.map(str::to_lowercase).filter(|word| !word.is_empty());
        words.collect::<BTreeSet<String>>()
    };
    let sources = parts(|s| &s.source);
    let named_media = parts(|s| &s.medium);
    let exact = |words: &BTreeSet<String>| -> Vec<Class> {
        words.iter().map(|word| Class::exactly(word)).collect()
    };
    everywhere_rules(plan, &exact(&sources), exact(&named_media), rules);
    let mut media = exact(&named_media);
    let lists = PAID_CHANNELS.iter().chain(MEDIA).map(|(words, _)| *words);
    let lists = std::iter::once(PAID_SOCIAL_MEDIA).chain(lists);
    media.extend(lists.filter_map(|words| Class::of(words, &named_media)));
    media.push(Class::paid(&named_media));
    media.push(Class::any_medium());
    let row = |source: &str| -> Row {
        media
            .iter()
            .map(|m| numbers_for(plan, &tagged_source(source, &m.sample)))
            .collect()
    };
    let any = row(UNNAMED);
    let kinds = HostKind::ALL.iter();
    let kinds = kinds.filter_map(|kind| Class::named_like(*kind, &sources));
    for class in exact(&sources).into_iter().chain(kinds) {
        emit(&class, &media, &row(&class.sample), Some(&any), rules);
    }
    emit(&Class::any_source(), &media, &any, None, rules);
}

/// Tagged links of a campaign that runs in several networks: its name decides the channel.
fn everywhere_rules(
    plan: &SitePlan,
    sources: &[Class],
    mut media: Vec<Class>,
    rules: &mut Vec<SnippetRule>,
) {
    media.push(Class::any_medium());
    let any_source = Class::new(ANY.to_owned(), UNNAMED);
    for source in sources.iter().chain([&any_source]) {
        for medium in &media {
            let link = Source {
                channel: Channel::CrossNetwork,
                medium: medium.sample.clone(),
                source: source.sample.clone(),
                ..Source::direct()
            };
            rules.push(SnippetRule {
                kind: TestKind::Parameters,
                names: "utm_source utm_medium utm_campaign".to_owned(),
                pattern: format!(
                    "{} {} .*{}.*",
                    source.pattern,
                    medium.pattern,
                    escape(CROSS_NETWORK)
                ),
                numbers: numbers_for(plan, &link),
            });
        }
    }
    leave_out_repeated(rules);
}

/// Of rules at the end of the list, which test the same, those are left out that say what the last one does,
/// as far as nothing else stands between them.
fn leave_out_repeated(rules: &mut Vec<SnippetRule>) {
    while let [.., before, last] = rules.as_slice() {
        if before.names != last.names || before.numbers != last.numbers {
            return;
        }
        let place = rules.len() - 2;
        rules.remove(place);
    }
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
    // From the last to the first: what takes a medium when its own rule is left out is then known.
    let mut told = vec![false; media.len()];
    for index in (0..media.len()).rev() {
        if index == last {
            told[index] = whole_row;
            continue;
        }
        let word = &media[index].sample;
        let taker = (index + 1..=last).find(|later| told[*later] && media[*later].takes(word));
        let otherwise = taker.map(|t| &row[t]).or(wider.map(|w| &w[index]));
        told[index] = otherwise != Some(&row[index]);
    }
    let alone = wider.is_none();
    for index in (0..media.len()).filter(|index| told[*index]) {
        let medium = &media[index].pattern;
        let mut pattern = format!("{} {medium}", source.pattern);
        if alone {
            // A medium decides also without a source, but then it must be there.
            let there = if media[index].sample == "none" {
                "none"
            } else if index == last {
                PRESENT
            } else {
                medium
            };
            pattern = format!("{pattern}| {there}");
        }
        rules.push(SnippetRule {
            kind: TestKind::Parameters,
            names: "utm_source utm_medium".to_owned(),
            pattern,
            numbers: row[index].clone(),
        });
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
    // A known host never is a referral.
    let named = sources
        .map(|s| s.to_lowercase())
        .filter(|s| s.contains('.') && known_site(s).is_none());
    for host in named {
        rules.push(SnippetRule {
            kind: TestKind::Referrer,
            names: String::new(),
            pattern: format!("(?:www\\.)?{}", escape(&host)),
            numbers: numbers_for(plan, &referral(&host)),
        });
    }
    rules.push(SnippetRule {
        kind: TestKind::Referrer,
        names: String::new(),
        pattern: ANY.to_owned(),
        numbers: numbers_for(plan, &referral("")),
    });
}

fn referral(host: &str) -> Source {
    Source {
        channel: Channel::Referral,
        medium: "referral".to_owned(),
        source: host.to_owned(),
        ..Source::direct()
    }
}

/// The pattern of a host with those below it.
fn own_host_pattern(host: &str) -> String {
    format!(
        "(?:.+\\.)?{}",
        escape(host.strip_prefix("www.").unwrap_or(host))
    )
}

/// The pattern of a host of [`crate::visitor::hosts`], as [`known_site`] reads it.
fn host_pattern(host: &str) -> String {
    if host.contains('.') {
        format!("(?:.+\\.)?{}", escape(host))
    } else {
        format!(
            "(?:.+\\.)?{}\\.(?:[^.]{{1,3}}|[^.]{{1,3}}\\.[^.]{{2}})",
            escape(host)
        )
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
