//! The ordered rules that name the source of an arrival.
//!
//! Order: the site owner's own rules, click identifier, UTM parameters (these two the other way round
//! where the owner wants it), known referrer, any other referrer, direct. A click
//! identifier decides channel, medium and source; UTM parameters then still give campaign, keyword
//! and content. `fbclid` alone is never paid: Facebook appends it to unpaid links too. Channels follow
//! GA4's default channel groups (support.google.com/analytics/answer/9756891), with words compared whole
//! but for the beginnings that mean paid; of a campaign's name only [`CROSS_NETWORK`] decides anything.

use super::hosts::{HostKind, KnownSite, known_site, named_site};
use super::landing::{Landing, host_of};
use super::own::SourceRules;
use super::source::{Channel, Source};

/// What is known when a page is opened.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The page.
    pub landing: &'a Landing,
    /// The referrer as the browser told it; may be empty.
    pub referrer: &'a str,
}

/// A click identifier that names its source by being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickRule {
    /// Stored with each touch it decides.
    pub id: &'static str,
    /// The parameter.
    pub parameter: &'static str,
    /// The channel.
    pub channel: Channel,
    /// The source.
    pub source: &'static str,
}

/// The medium of a click that was paid for by the click.
pub const CLICK_MEDIUM: &str = "cpc";

const fn click(
    id: &'static str,
    parameter: &'static str,
    channel: Channel,
    source: &'static str,
) -> ClickRule {
    ClickRule {
        id,
        parameter,
        channel,
        source,
    }
}

/// The click identifiers in the order they are tried (vendors' documented names).
pub const CLICKS: &[ClickRule] = &[
    click("click_gclid", "gclid", Channel::PaidSearch, "google"),
    click("click_gbraid", "gbraid", Channel::PaidSearch, "google"),
    click("click_wbraid", "wbraid", Channel::PaidSearch, "google"),
    click("click_dclid", "dclid", Channel::Display, "google"),
    // No identifier, but Google's ads append it also where the visitor's choices forbid those.
    click(
        "click_gad_source",
        "gad_source",
        Channel::PaidSearch,
        "google",
    ),
    click("click_msclkid", "msclkid", Channel::PaidSearch, "bing"),
    click("click_yclid", "yclid", Channel::PaidSearch, "yandex"),
    click("click_ttclid", "ttclid", Channel::PaidSocial, "tiktok"),
    click(
        "click_li_fat_id",
        "li_fat_id",
        Channel::PaidSocial,
        "linkedin",
    ),
    click("click_twclid", "twclid", Channel::PaidSocial, "x"),
    click("click_rdt_cid", "rdt_cid", Channel::PaidSocial, "reddit"),
    click("click_epik", "epik", Channel::PaidSocial, "pinterest"),
    click("click_sccid", "sccid", Channel::PaidSocial, "snapchat"),
    click("click_irclickid", "irclickid", Channel::Affiliate, "impact"),
];

/// Beginnings of media that mean a paid click, in lower case: `cpc`, `cpv`, `paid_ads`.
pub const PAID_PREFIXES: &[&str] = &["cp", "paid"];
/// Further media that mean a paid click (whole words, lower case).
pub const PAID_MEDIA: &[&str] = &["ppc", "retargeting", "remarketing"];
/// Media that mean a paid click in a social network, whatever the source is.
pub const PAID_SOCIAL_MEDIA: &[&str] = &[
    "paidsocial",
    "paid-social",
    "paid_social",
    "paid social",
    "cpc_social",
];
/// Paid media and the channel that each names when the source does not: each list either all with one of
/// [`PAID_PREFIXES`] or all without.
pub const PAID_CHANNELS: &[(&[&str], Channel)] = &[
    (
        &["paidsearch", "paid-search", "paid_search", "paid search"],
        Channel::PaidSearch,
    ),
    (&["sem"], Channel::PaidSearch),
    (
        &["paid-shopping", "paid_shopping", "paid shopping"],
        Channel::PaidShopping,
    ),
    (
        &["paid-video", "paid_video", "paid video"],
        Channel::PaidVideo,
    ),
    (&["cpm"], Channel::Display),
];
/// What the name of a campaign holds that runs in several networks at once.
pub const CROSS_NETWORK: &str = "cross-network";
/// Media and the channel that each names whatever the source is; paid ones come before.
pub const MEDIA: &[(&[&str], Channel)] = &[
    (
        &["display", "banner", "interstitial", "expandable"],
        Channel::Display,
    ),
    (
        &["email", "e-mail", "e_mail", "e mail", "newsletter"],
        Channel::Email,
    ),
    (&["affiliate", "affiliates"], Channel::Affiliate),
    (&["audio", "podcast", "radio"], Channel::Audio),
    (&["sms", "text"], Channel::Sms),
    (
        &["push", "web-push", "web_push", "mobile", "notification"],
        Channel::Push,
    ),
    (
        &[
            "social",
            "social-network",
            "social-media",
            "social network",
            "social media",
            "sm",
            "organic-social",
            "organic_social",
        ],
        Channel::Social,
    ),
    (&["video"], Channel::OrganicVideo),
    (&["shopping"], Channel::OrganicShopping),
    (&["ai"], Channel::AiAssistant),
    (&["organic"], Channel::OrganicSearch),
    (&["referral", "app", "link"], Channel::Referral),
];

/// The channel of a tagged link. A paid click belongs to the site it was made on, when that sells clicks. A
/// medium that says nothing leaves the channel to the source.
#[must_use]
pub fn tagged_channel(source: &str, medium: &str) -> Channel {
    if PAID_SOCIAL_MEDIA.contains(&medium) {
        return Channel::PaidSocial;
    }
    let site = named_site(source).filter(|site| site.kind != HostKind::Payment);
    let by_medium = |lists: &[(&[&str], Channel)]| {
        let found = lists.iter().find(|(words, _)| words.contains(&medium));
        found.map(|(_, channel)| *channel)
    };
    let paid = by_medium(PAID_CHANNELS);
    if paid.is_some() || is_paid_medium(medium) {
        return site
            .and_then(|site| site.kind.paid())
            .or(paid)
            .unwrap_or(Channel::PaidOther);
    }
    by_medium(MEDIA)
        .or(site.and_then(|site| site.kind.unpaid()).map(|(c, _)| c))
        .unwrap_or(Channel::Other)
}

fn is_paid_medium(medium: &str) -> bool {
    PAID_MEDIA.contains(&medium) || PAID_PREFIXES.iter().any(|start| medium.starts_with(start))
}

/// Names the source of an arrival. `own_hosts` are the site's host names; a referrer that is one of
/// them, or below one, is no source, and neither is a payment or sign-in page or a host that the
/// owner's `rules` leave out.
#[must_use]
pub fn classify(arrival: &Arrival<'_>, own_hosts: &[String], rules: &SourceRules) -> Source {
    let landing = arrival.landing;
    let told = host_of(arrival.referrer);
    let own = rules.decides(landing, told.as_deref());
    let came_from_nowhere = told.is_none();
    let referrer = told.filter(|host| !is_own(host, landing, own_hosts) && !rules.ignores(host));
    let site = referrer.as_deref().and_then(known_site);
    let mut source = if let Some(rule) = own {
        named(rule.channel, &rule.medium, &rule.source, &rule.id())
    } else if let Some(source) = by_parameters(landing, rules.tags_first) {
        source
    } else if let Some(site) = site {
        let mut source = from_site(site);
        source.term = searched_for(site, arrival.referrer);
        source
    } else if let Some(host) = referrer {
        let name = host.strip_prefix("www.").unwrap_or(&host);
        named(Channel::Referral, "referral", name, "referral")
    } else if came_from_nowhere && landing.parameter("utm_campaign").is_some() {
        named(Channel::Other, "none", "", "utm")
    } else {
        Source::direct()
    };
    let tag = |names: &[&str]| names.iter().find_map(|name| landing.parameter(name));
    source.ad_campaign = tag(CAMPAIGN).map(str::to_owned);
    source.term = tag(TERM).map(str::to_owned).or(source.term);
    source.content = tag(CONTENT).map(str::to_owned);
    source
}

/// Parameters that tell the advertiser's campaign, the keyword and the ad or placement: the tags, then
/// the names under which ad platforms' macros are usually put on an address.
const CAMPAIGN: &[&str] = &["utm_campaign", "gad_campaignid", "campaignid"];
const TERM: &[&str] = &["utm_term", "keyword"];
const CONTENT: &[&str] = &["utm_content", "placement", "creative", "adid"];

fn by_parameters(landing: &Landing, tags_first: bool) -> Option<Source> {
    if tags_first {
        tagged(landing).or_else(|| clicked(landing))
    } else {
        clicked(landing).or_else(|| tagged(landing))
    }
}

fn clicked(landing: &Landing) -> Option<Source> {
    let there = |rule: &&ClickRule| landing.parameter(rule.parameter).is_some();
    let rule = CLICKS.iter().find(there)?;
    Some(named(rule.channel, CLICK_MEDIUM, rule.source, rule.id))
}

/// Tags decide when they name a source or a medium, or a campaign that runs everywhere. Of any other campaign's
/// name alone the referrer knows better where the visitor came from.
fn tagged(landing: &Landing) -> Option<Source> {
    let tag = |name| landing.parameter(name).map(str::to_lowercase);
    let (source, medium) = (tag("utm_source"), tag("utm_medium"));
    let everywhere = tag("utm_campaign").is_some_and(|name| name.contains(CROSS_NETWORK));
    if source.is_none() && medium.is_none() && !everywhere {
        return None;
    }
    let source = source.unwrap_or_default();
    let medium = medium.unwrap_or_else(|| "none".to_owned());
    let channel = if everywhere {
        Channel::CrossNetwork
    } else {
        tagged_channel(&source, &medium)
    };
    Some(named(channel, &medium, &source, "utm"))
}

fn named(channel: Channel, medium: &str, source: &str, rule: &str) -> Source {
    Source {
        channel,
        medium: medium.to_owned(),
        source: source.to_owned(),
        ad_campaign: None,
        term: None,
        content: None,
        rule: rule.to_owned(),
    }
}

/// The source of a visitor who came by an unpaid link of a known site.
#[must_use]
pub fn from_site(site: &KnownSite) -> Source {
    match site.kind.unpaid() {
        Some((channel, medium)) => named(channel, medium, &site.name, &site.rule),
        None => Source {
            rule: site.rule.clone(),
            ..Source::direct()
        },
    }
}

/// The words searched for, where the site still tells them.
fn searched_for(site: &KnownSite, referrer: &str) -> Option<String> {
    let parameter = site.keyword?;
    let address = Landing::parse(referrer)?;
    address
        .parameter(&parameter.to_ascii_lowercase())
        .map(str::to_owned)
}

fn is_own(referrer: &str, landing: &Landing, own_hosts: &[String]) -> bool {
    is_below(referrer, &landing.host) || own_hosts.iter().any(|own| is_below(referrer, own))
}

/// Whether a host is `own` (without its `www.`) or below it.
pub(crate) fn is_below(host: &str, own: &str) -> bool {
    let own = own.strip_prefix("www.").unwrap_or(own);
    host == own
        || host
            .strip_suffix(own)
            .is_some_and(|rest| rest.ends_with('.'))
}
