//! The ordered rules that name the source of an arrival.
//!
//! Order: click identifier, UTM parameters, known referrer, any other referrer, direct. A click
//! identifier decides channel, medium and source; UTM parameters then still give campaign, keyword
//! and content. `fbclid` alone is never paid: Facebook appends it to unpaid links too.

use super::landing::Landing;
use super::source::{Channel, Source};

/// What is known when a page is opened.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// The page.
    pub landing: &'a Landing,
    /// Host of the referrer in lower case, when the browser told one.
    pub referrer: Option<&'a str>,
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stored with each touch it decides.
    pub id: &'static str,
    /// When it applies.
    pub when: When,
    /// The channel it names; [`Channel::Other`] of the UTM rule is refined by the medium.
    pub channel: Channel,
    /// The medium it names; empty: from `utm_medium`.
    pub medium: &'static str,
    /// The source it names; empty: from `utm_source` or the referrer's host.
    pub source: &'static str,
}

/// The condition of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The landing address carries this parameter.
    Parameter(&'static str),
    /// The referrer is one of these hosts or a host below one; a trailing dot-less name such as
    /// `google` stands for that second-level name under any country's ending.
    Referrer(&'static [&'static str]),
    /// There is a referrer of another site.
    AnyReferrer,
    /// Nothing is known.
    Always,
}

const fn click(
    id: &'static str,
    parameter: &'static str,
    channel: Channel,
    source: &'static str,
) -> Rule {
    Rule {
        id,
        when: When::Parameter(parameter),
        channel,
        medium: "cpc",
        source,
    }
}

const fn known(
    id: &'static str,
    hosts: &'static [&'static str],
    channel: Channel,
    medium: &'static str,
    source: &'static str,
) -> Rule {
    Rule {
        id,
        when: When::Referrer(hosts),
        channel,
        medium,
        source,
    }
}

const fn search(id: &'static str, hosts: &'static [&'static str], source: &'static str) -> Rule {
    known(id, hosts, Channel::OrganicSearch, "organic", source)
}

const fn social(id: &'static str, hosts: &'static [&'static str], source: &'static str) -> Rule {
    known(id, hosts, Channel::Social, "social", source)
}

const fn assistant(id: &'static str, hosts: &'static [&'static str], source: &'static str) -> Rule {
    known(id, hosts, Channel::AiAssistant, "ai", source)
}

const fn mail(id: &'static str, hosts: &'static [&'static str], source: &'static str) -> Rule {
    known(id, hosts, Channel::Email, "email", source)
}

/// The rules in the order they are tried.
pub const TABLE: &[Rule] = &[
    click("click_gclid", "gclid", Channel::PaidSearch, "google"),
    click("click_gbraid", "gbraid", Channel::PaidSearch, "google"),
    click("click_wbraid", "wbraid", Channel::PaidSearch, "google"),
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
    Rule {
        id: "utm",
        when: When::Parameter("utm_source"),
        channel: Channel::Other,
        medium: "",
        source: "",
    },
    mail("mail_gmail", &["mail.google.com"], "gmail"),
    mail(
        "mail_outlook",
        &[
            "outlook.live.com",
            "outlook.office.com",
            "outlook.office365.com",
        ],
        "outlook",
    ),
    mail("mail_yahoo", &["mail.yahoo.com"], "yahoo mail"),
    mail("mail_proton", &["mail.proton.me"], "proton mail"),
    mail("mail_aol", &["mail.aol.com"], "aol mail"),
    assistant(
        "ai_gemini",
        &["gemini.google.com", "bard.google.com"],
        "gemini",
    ),
    assistant("ai_chatgpt", &["chatgpt.com", "chat.openai.com"], "chatgpt"),
    assistant("ai_claude", &["claude.ai"], "claude"),
    assistant("ai_perplexity", &["perplexity.ai"], "perplexity"),
    assistant("ai_copilot", &["copilot.microsoft.com"], "copilot"),
    assistant("ai_meta", &["meta.ai"], "meta ai"),
    assistant("ai_deepseek", &["chat.deepseek.com"], "deepseek"),
    assistant("ai_grok", &["grok.com"], "grok"),
    assistant("ai_mistral", &["chat.mistral.ai"], "mistral"),
    search("search_google", &["google"], "google"),
    search("search_bing", &["bing.com"], "bing"),
    search("search_duckduckgo", &["duckduckgo.com"], "duckduckgo"),
    search(
        "search_yahoo",
        &["search.yahoo.com", "yahoo.com", "yahoo.co.jp"],
        "yahoo",
    ),
    search("search_ecosia", &["ecosia.org"], "ecosia"),
    search("search_brave", &["search.brave.com"], "brave"),
    search("search_yandex", &["yandex"], "yandex"),
    search("search_baidu", &["baidu.com"], "baidu"),
    search("search_naver", &["naver.com"], "naver"),
    search("search_startpage", &["startpage.com"], "startpage"),
    search("search_qwant", &["qwant.com"], "qwant"),
    search("search_aol", &["search.aol.com", "aol.com"], "aol"),
    social(
        "social_facebook",
        &["facebook.com", "fb.com", "fb.me", "messenger.com"],
        "facebook",
    ),
    social("social_instagram", &["instagram.com"], "instagram"),
    social("social_threads", &["threads.net", "threads.com"], "threads"),
    social("social_linkedin", &["linkedin.com", "lnkd.in"], "linkedin"),
    social("social_x", &["t.co", "twitter.com", "x.com"], "x"),
    social("social_tiktok", &["tiktok.com"], "tiktok"),
    social("social_pinterest", &["pinterest"], "pinterest"),
    social("social_reddit", &["reddit.com", "redd.it"], "reddit"),
    social("social_youtube", &["youtube.com", "youtu.be"], "youtube"),
    social("social_nextdoor", &["nextdoor.com"], "nextdoor"),
    social("social_snapchat", &["snapchat.com"], "snapchat"),
    social("social_bluesky", &["bsky.app"], "bluesky"),
    social("social_mastodon", &["mastodon.social"], "mastodon"),
    social("social_whatsapp", &["whatsapp.com", "wa.me"], "whatsapp"),
    social("social_telegram", &["t.me", "telegram.org"], "telegram"),
    Rule {
        id: "referral",
        when: When::AnyReferrer,
        channel: Channel::Referral,
        medium: "referral",
        source: "",
    },
    Rule {
        id: "direct",
        when: When::Always,
        channel: Channel::Direct,
        medium: "none",
        source: "direct",
    },
];

/// Media that mean a paid click (whole tokens, lower case).
pub const PAID_MEDIA: &[&str] = &[
    "cpc",
    "ppc",
    "paid",
    "paidsearch",
    "paid-search",
    "paid_search",
    "sem",
    "cpv",
    "retargeting",
];
/// Media that mean a paid click in a social network.
pub const PAID_SOCIAL_MEDIA: &[&str] = &["paidsocial", "paid-social", "paid_social", "cpc_social"];
/// Media that mean a display ad.
pub const DISPLAY_MEDIA: &[&str] = &["display", "banner", "cpm", "interstitial", "expandable"];
/// Media that mean e-mail.
pub const EMAIL_MEDIA: &[&str] = &["email", "e-mail", "e_mail", "newsletter"];
/// Media that mean an affiliate.
pub const AFFILIATE_MEDIA: &[&str] = &["affiliate", "affiliates"];
/// Media that mean an unpaid social post.
pub const SOCIAL_MEDIA: &[&str] = &[
    "social",
    "social-network",
    "social-media",
    "sm",
    "organic-social",
    "organic_social",
];
/// Sources that are social networks, so that a paid medium means paid social.
pub const SOCIAL_SOURCES: &[&str] = &[
    "facebook",
    "fb",
    "meta",
    "instagram",
    "ig",
    "linkedin",
    "tiktok",
    "x",
    "twitter",
    "pinterest",
    "reddit",
    "snapchat",
    "threads",
    "youtube",
    "nextdoor",
];

/// The channel of a tagged link, after GA4's definitions of the default channel groups.
#[must_use]
pub fn tagged_channel(source: &str, medium: &str) -> Channel {
    let is = |set: &[&str]| set.contains(&medium);
    if is(PAID_SOCIAL_MEDIA) || (is(PAID_MEDIA) && SOCIAL_SOURCES.contains(&source)) {
        Channel::PaidSocial
    } else if is(PAID_MEDIA) {
        Channel::PaidSearch
    } else if is(DISPLAY_MEDIA) {
        Channel::Display
    } else if is(EMAIL_MEDIA) {
        Channel::Email
    } else if is(AFFILIATE_MEDIA) {
        Channel::Affiliate
    } else if is(SOCIAL_MEDIA) {
        Channel::Social
    } else if medium == "organic" {
        Channel::OrganicSearch
    } else if medium == "referral" {
        Channel::Referral
    } else if medium == "ai" {
        Channel::AiAssistant
    } else {
        Channel::Other
    }
}

/// Names the source of an arrival. `own_hosts` are the site's host names; a referrer that is one of
/// them, or below one, is no source.
#[must_use]
pub fn classify(arrival: &Arrival<'_>, own_hosts: &[String]) -> Source {
    let referrer = arrival
        .referrer
        .filter(|host| !is_own(host, arrival.landing, own_hosts));
    for rule in TABLE {
        let applies = match rule.when {
            When::Parameter(name) => arrival.landing.parameter(name).is_some(),
            When::Referrer(hosts) => referrer.is_some_and(|r| hosts.iter().any(|h| host_is(r, h))),
            When::AnyReferrer => referrer.is_some(),
            When::Always => true,
        };
        if applies {
            return name_source(rule, arrival.landing, referrer);
        }
    }
    Source::direct()
}

fn name_source(rule: &Rule, landing: &Landing, referrer: Option<&str>) -> Source {
    let tag = |name: &str| landing.parameter(name).map(str::to_owned);
    let (channel, medium, source) = if rule.id == "utm" {
        let source = landing.parameter("utm_source").unwrap_or("").to_lowercase();
        let medium = landing
            .parameter("utm_medium")
            .unwrap_or("none")
            .to_lowercase();
        (tagged_channel(&source, &medium), medium, source)
    } else {
        let source = if rule.source.is_empty() {
            referrer.map_or("", |r| r.strip_prefix("www.").unwrap_or(r))
        } else {
            rule.source
        };
        (rule.channel, rule.medium.to_owned(), source.to_owned())
    };
    Source {
        channel,
        medium,
        source,
        ad_campaign: tag("utm_campaign"),
        term: tag("utm_term"),
        content: tag("utm_content"),
        rule: rule.id.to_owned(),
    }
}

/// Whether `host` is `pattern`, below it, or (for a pattern without dot) has it as the name before
/// a country's ending: `www.google.co.uk` is `google`, `google.evil.com` is not.
#[must_use]
pub fn host_is(host: &str, pattern: &str) -> bool {
    if pattern.contains('.') {
        return host == pattern
            || host
                .strip_suffix(pattern)
                .is_some_and(|rest| rest.ends_with('.'));
    }
    let labels: Vec<&str> = host.split('.').collect();
    let name_before =
        |ending: usize| labels.len() > ending && labels[labels.len() - ending - 1] == pattern;
    let ending_is_short = |label: &str| label.len() <= 3;
    match labels.as_slice() {
        [.., second, top] if name_before(2) => ending_is_short(second) && top.len() == 2,
        [.., top] if name_before(1) => ending_is_short(top),
        _ => false,
    }
}

fn is_own(referrer: &str, landing: &Landing, own_hosts: &[String]) -> bool {
    host_is_below(referrer, &landing.host)
        || own_hosts.iter().any(|own| host_is_below(referrer, own))
}

fn host_is_below(host: &str, own: &str) -> bool {
    let own = own.strip_prefix("www.").unwrap_or(own);
    host == own
        || host
            .strip_suffix(own)
            .is_some_and(|rest| rest.ends_with('.'))
}
