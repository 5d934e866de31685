//! The sites that visitors come from: what each is, and the source it is stored as. The table is
//! `hosts.txt`, read once.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::source::Channel;
use crate::base::words;

words! {
    /// What a known site is.
    HostKind {
        /// A search engine.
        Search = "search",
        /// A social network.
        Social = "social",
        /// An AI assistant.
        Ai = "ai",
        /// A mailbox in the browser.
        Email = "email",
        /// A video site.
        Video = "video",
        /// A market or a price comparison.
        Shopping = "shopping",
        /// A payment or sign-in page in the middle of a visit.
        Payment = "payment",
    }
}

impl HostKind {
    /// Channel and medium of a visitor who followed an unpaid link there; `None` for a page that is
    /// no source at all.
    #[must_use]
    pub const fn unpaid(self) -> Option<(Channel, &'static str)> {
        match self {
            Self::Search => Some((Channel::OrganicSearch, "organic")),
            Self::Social => Some((Channel::Social, "social")),
            Self::Ai => Some((Channel::AiAssistant, "ai")),
            Self::Email => Some((Channel::Email, "email")),
            Self::Video => Some((Channel::OrganicVideo, "video")),
            Self::Shopping => Some((Channel::OrganicShopping, "shopping")),
            Self::Payment => None,
        }
    }

    /// Channel of a visitor who followed a paid link there; `None` where the kind says nothing about the ad.
    #[must_use]
    pub const fn paid(self) -> Option<Channel> {
        match self {
            Self::Search => Some(Channel::PaidSearch),
            Self::Social => Some(Channel::PaidSocial),
            Self::Video => Some(Channel::PaidVideo),
            Self::Shopping => Some(Channel::PaidShopping),
            Self::Ai | Self::Email | Self::Payment => None,
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSite {
    /// What it is.
    pub kind: HostKind,
    /// The source that is stored.
    pub name: String,
    /// The parameter of its addresses that holds the words searched for.
    pub keyword: Option<&'static str>,
    /// Its hosts. One without a dot stands for that name under any country's ending.
    pub hosts: Vec<&'static str>,
    /// Id of the rule, stored with a touch that it decides.
    pub rule: String,
}

struct Table {
    sites: Vec<KnownSite>,
    by_host: HashMap<&'static str, usize>,
    by_name: HashMap<String, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let lines = include_str!("hosts.txt").lines();
    let sites: Vec<KnownSite> = lines.filter_map(read).collect();
    let hosts = sites.iter().enumerate();
    let by_host = hosts
        .flat_map(|(index, site)| site.hosts.iter().map(move |host| (*host, index)))
        .collect();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (index, site) in sites.iter().enumerate() {
        for name in names_of(site) {
            by_name.entry(name.to_owned()).or_insert(index);
        }
    }
    Table {
        sites,
        by_host,
        by_name,
    }
});

/// Names under which links are tagged by hand, beside those of the table.
const ALIASES: &[(&str, &[&str])] = &[
    ("facebook", &["fb", "meta"]),
    ("instagram", &["ig"]),
    ("x", &["twitter"]),
    ("linkedin", &["li"]),
    ("youtube", &["yt"]),
    ("google", &["adwords", "googleads", "google_ads"]),
    ("bing", &["bingads", "microsoft"]),
];

fn read(line: &'static str) -> Option<KnownSite> {
    let mut words = line.split_ascii_whitespace();
    let kind = HostKind::from_word(words.next()?)?;
    let (word, keyword) = (words.next()?, words.next()?);
    Some(KnownSite {
        kind,
        name: word.replace('_', " "),
        keyword: Some(keyword).filter(|k| *k != "-"),
        hosts: words.collect(),
        rule: format!("{}_{}", kind.word(), word.replace(['.', '-'], "_")),
    })
}

/// Every line of the table.
#[must_use]
pub fn known_sites() -> &'static [KnownSite] {
    &TABLE.sites
}

/// The names under which a link to this site's visitors is tagged: the source that is stored, the
/// site's hosts, and names that people use.
pub fn names_of(site: &KnownSite) -> impl Iterator<Item = &str> {
    let aliases = ALIASES.iter().filter(|(name, _)| *name == site.name);
    let dotted = site.hosts.iter().copied().filter(|h| h.contains('.'));
    std::iter::once(site.name.as_str())
        .chain(dotted)
        .chain(aliases.flat_map(|(_, more)| more.iter().copied()))
}

/// The site a host in lower case belongs to: the one with the longest host that it is or is below.
#[must_use]
pub fn known_site(host: &str) -> Option<&'static KnownSite> {
    let index = suffixes(host).find_map(|suffix| TABLE.by_host.get(suffix));
    TABLE.sites.get(*index?)
}

/// The site that decides when the longest host, `host` itself, is left out.
#[must_use]
pub fn site_behind(host: &str) -> Option<&'static KnownSite> {
    let index = suffixes(host)
        .skip(1)
        .find_map(|suffix| TABLE.by_host.get(suffix));
    TABLE.sites.get(*index?)
}

/// The site a `utm_source` in lower case names.
#[must_use]
pub fn named_site(source: &str) -> Option<&'static KnownSite> {
    TABLE.sites.get(*TABLE.by_name.get(source)?)
}

/// What a host may stand under in the table, longest first: itself, the hosts above it that still have
/// a dot, and at last its name before a country's ending (`google` of `www.google.co.uk`).
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    let above = std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, up)| up));
    above
        .filter(|h| h.contains('.'))
        .chain(names_before_ending(host))
}

fn names_before_ending(host: &str) -> impl Iterator<Item = &str> {
    let mut labels = host.rsplit('.');
    let (top, second, third) = (labels.next(), labels.next(), labels.next());
    let short = |label: Option<&str>| label.is_some_and(|l| (1..=3).contains(&l.len()));
    let by_one = second.filter(|_| short(top));
    let by_two = third.filter(|_| short(second) && top.is_some_and(|t| t.len() == 2));
    by_two.into_iter().chain(by_one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_line_is_read_and_no_host_is_claimed_twice() {
        let lines = include_str!("hosts.txt").lines();
        let data = lines.filter(|l| !l.is_empty() && !l.starts_with('#'));
        let sites = known_sites();
        assert_eq!(data.count(), sites.len());
        assert!(sites.len() > 200, "{} sites", sites.len());
        let mut hosts = HashSet::new();
        let mut rules = HashSet::new();
        for site in sites {
            assert!(!site.hosts.is_empty(), "{} has no host", site.name);
            assert!(rules.insert(&site.rule), "{} comes twice", site.rule);
            for host in &site.hosts {
                assert!(hosts.insert(*host), "{host} comes twice");
                assert_eq!(*host, host.to_lowercase());
            }
        }
    }

    #[test]
    fn the_longest_host_decides() {
        let name = |host| known_site(host).map(|site| site.name.as_str());
        for (host, expected) in [
            ("mail.google.com", Some("gmail")),
            ("www.google.co.uk", Some("google")),
            ("google.evil.com", None),
            ("notgoogle.com", None),
            ("suche.web.de", Some("web.de search")),
            ("web.de", Some("web.de")),
            ("com", None),
            ("google", None),
            ("", None),
            ("go.mail.ru", Some("mail.ru search")),
            ("www.amazon.com.mx", Some("amazon")),
        ] {
            assert_eq!(name(host), expected, "{host}");
        }
    }
}
