//! What the browser's own name tells: a telephone or a desk, a person or a crawler.

use crate::base::words;

words! {
    /// What kind of device a session is on.
    Device {
        /// A telephone: a tap on a number dials it.
        Phone = "phone",
        /// A tablet.
        Tablet = "tablet",
        /// A desktop or laptop computer.
        Desktop = "desktop",
    }
}

impl Device {
    /// Read from a `User-Agent` header.
    #[must_use]
    pub fn from_user_agent(agent: &str) -> Self {
        let has = |word: &str| agent.contains(word);
        if has("iPad") || (has("Android") && !has("Mobile")) || has("Tablet") {
            Self::Tablet
        } else if has("Mobi") || has("iPhone") {
            Self::Phone
        } else {
            Self::Desktop
        }
    }
}

/// Parts of the names that crawlers give themselves, in lower case.
const BOT_WORDS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "facebookexternalhit",
    "lighthouse",
    "pagespeed",
    "headlesschrome-bot",
    "preview",
    "archiver",
    "scrapy",
    "python-requests",
    "curl/",
    "wget/",
    "go-http-client",
];

/// Whether the `User-Agent` names a crawler; those always get the original number, so that search
/// engines and directories never learn a tracking number.
#[must_use]
pub fn is_bot(agent: &str) -> bool {
    if agent.trim().is_empty() {
        return true;
    }
    let lower = agent.to_ascii_lowercase();
    BOT_WORDS.iter().any(|word| lower.contains(word))
}
