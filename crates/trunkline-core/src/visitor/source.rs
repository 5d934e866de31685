//! A source: where a visitor came from, in the terms of web analytics.

use super::hosts::named_site;
use crate::base::words;

words! {
    /// The broad way a visitor came, after GA4's default channel groups.
    Channel {
        /// A paid click in a search engine.
        PaidSearch = "paid_search",
        /// An unpaid result of a search engine.
        OrganicSearch = "organic_search",
        /// A paid click in a social network.
        PaidSocial = "paid_social",
        /// An unpaid post in a social network.
        Social = "social",
        /// A paid placement on a video site.
        PaidVideo = "paid_video",
        /// An unpaid link on a video site.
        OrganicVideo = "organic_video",
        /// A paid placement in a market or a price comparison.
        PaidShopping = "paid_shopping",
        /// An unpaid link in a market or a price comparison.
        OrganicShopping = "organic_shopping",
        /// Ads of one campaign in several networks at once.
        CrossNetwork = "cross_network",
        /// A paid click on a site that is none of these.
        PaidOther = "paid_other",
        /// An answer of an AI assistant.
        AiAssistant = "ai_assistant",
        /// A message in a mailbox.
        Email = "email",
        /// A banner or other display ad.
        Display = "display",
        /// A business that is paid per visitor or sale.
        Affiliate = "affiliate",
        /// A spot in a podcast or on the radio.
        Audio = "audio",
        /// A text message.
        Sms = "sms",
        /// A notification on a phone.
        Push = "push",
        /// A link on another site.
        Referral = "referral",
        /// Typed, bookmarked, or nothing is known.
        Direct = "direct",
        /// Tagged by the site's owner with a medium of their own.
        Other = "other",
    }
}

impl Channel {
    /// Whether somebody paid for the click.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        matches!(
            self,
            Self::PaidSearch
                | Self::PaidSocial
                | Self::PaidVideo
                | Self::PaidShopping
                | Self::CrossNetwork
                | Self::PaidOther
                | Self::Display
                | Self::Affiliate
        )
    }

    /// Name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::PaidSearch => "Paid search",
            Self::OrganicSearch => "Organic search",
            Self::PaidSocial => "Paid social",
            Self::Social => "Social",
            Self::PaidVideo => "Paid video",
            Self::OrganicVideo => "Video",
            Self::PaidShopping => "Paid shopping",
            Self::OrganicShopping => "Shopping",
            Self::CrossNetwork => "Cross-network",
            Self::PaidOther => "Paid, other",
            Self::AiAssistant => "AI assistant",
            Self::Email => "Email",
            Self::Display => "Display",
            Self::Affiliate => "Affiliate",
            Self::Audio => "Audio",
            Self::Sms => "Text message",
            Self::Push => "Push notification",
            Self::Referral => "Referral",
            Self::Direct => "Direct",
            Self::Other => "Other",
        }
    }
}

/// Where a touch came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The broad way.
    pub channel: Channel,
    /// Medium, such as `cpc`; `none` for direct.
    pub medium: String,
    /// Source, such as `google`; `direct` for direct.
    pub source: String,
    /// The advertiser's campaign.
    pub ad_campaign: Option<String>,
    /// The keyword.
    pub term: Option<String>,
    /// The ad or placement.
    pub content: Option<String>,
    /// Id of the rule that decided: `own_…`, `click_…`, `utm`, one of a known site, `referral` or `direct`.
    pub rule: String,
}

impl Source {
    /// Nothing is known about the arrival.
    #[must_use]
    pub fn direct() -> Self {
        Self {
            channel: Channel::Direct,
            medium: "none".to_owned(),
            source: "direct".to_owned(),
            ad_campaign: None,
            term: None,
            content: None,
            rule: "direct".to_owned(),
        }
    }

    /// Name for people: `Google cpc, storm damage` or `Direct`.
    #[must_use]
    pub fn label(&self) -> String {
        label(self.channel, &self.source)
    }
}

/// Name for people of a source within its channel: `Google Ads`, `Bing organic`, `Direct`. Without a
/// source it is the channel's.
#[must_use]
pub fn label(channel: Channel, source: &str) -> String {
    if channel == Channel::Direct || source.is_empty() {
        return channel.label().to_owned();
    }
    let name = proper_name(source);
    match channel {
        Channel::PaidSearch => format!("{name} Ads"),
        Channel::OrganicSearch => format!("{name} organic"),
        Channel::PaidSocial
        | Channel::PaidVideo
        | Channel::PaidShopping
        | Channel::CrossNetwork
        | Channel::PaidOther => format!("{name} paid"),
        _ => name,
    }
}

/// Names that a capital letter alone does not make right: as they are stored, and as they are written.
pub(super) const PROPER_NAMES: &[(&str, &str)] = &[
    ("aol", "AOL"),
    ("aol mail", "AOL Mail"),
    ("chatgpt", "ChatGPT"),
    ("deepseek", "DeepSeek"),
    ("duckduckgo", "DuckDuckGo"),
    ("ebay", "eBay"),
    ("gmx", "GMX"),
    ("icloud mail", "iCloud Mail"),
    ("linkedin", "LinkedIn"),
    ("notebooklm", "NotebookLM"),
    ("tiktok", "TikTok"),
    ("whatsapp", "WhatsApp"),
    ("youtube", "YouTube"),
];

/// A source as its owner writes it. A host that belongs to a known site is called by the site's name.
fn proper_name(source: &str) -> String {
    let name = match named_site(source) {
        Some(site) if source.contains('.') => site.name.as_str(),
        _ => source,
    };
    if let Some((_, proper)) = PROPER_NAMES.iter().find(|(stored, _)| *stored == name) {
        return (*proper).to_owned();
    }
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if !name.contains('.') => first.to_uppercase().chain(letters).collect(),
        _ => name.to_owned(),
    }
}

/// Which sources a source number stands for: every given part must be equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceSelector {
    /// Channel, or any.
    pub channel: Option<Channel>,
    /// Medium, or any; compared without case.
    pub medium: Option<String>,
    /// Source, or any; compared without case.
    pub source: Option<String>,
}

impl SourceSelector {
    /// Whether the selector names any part at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.channel.is_none() && self.medium.is_none() && self.source.is_none()
    }

    /// Whether `source` is one of those the selector stands for.
    #[must_use]
    pub fn matches(&self, source: &Source) -> bool {
        let same = |wanted: &Option<String>, got: &str| {
            wanted
                .as_deref()
                .is_none_or(|w| w.eq_ignore_ascii_case(got))
        };
        self.channel.is_none_or(|c| c == source.channel)
            && same(&self.medium, &source.medium)
            && same(&self.source, &source.source)
    }

    /// How many parts are given; the more the closer a match.
    #[must_use]
    pub fn closeness(&self) -> usize {
        usize::from(self.channel.is_some())
            + usize::from(self.medium.is_some()) * 2
            + usize::from(self.source.is_some()) * 2
    }
}
