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

/// Parts of the names that crawlers, link previews, page tests and programs give themselves, in lower case.
/// Each vendor's page about its crawlers names them; several execute scripts.
const BOT_WORDS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "archiver",
    "scrapy",
    "validator",
    "prerender",
    "rendertron",
    "lighthouse",
    "pagespeed",
    "gtmetrix",
    "pingdom",
    "statuscake",
    "screaming frog",
    "headlesschrome",
    "phantomjs",
    "puppeteer",
    "facebookexternalhit",
    "facebookcatalog",
    "meta-external",
    "googleother",
    "google-inspectiontool",
    "google-read-aloud",
    "google-safety",
    "google favicon",
    "googlemessages",
    "mediapartners-google",
    "apis-google",
    "feedfetcher",
    "chatgpt-user",
    "claude-user",
    "perplexity-user",
    "mistralai-user",
    "cohere-ai",
    "embedly",
    "heritrix",
    "httrack",
    "python-",
    "aiohttp",
    "axios/",
    "node-fetch",
    "libwww-perl",
    "curl/",
    "wget/",
    "go-http-client",
];

/// Which of [`BOT_WORDS`] begin with a byte, in either case: one bit per word.
const BOT_STARTS: [u64; 256] = {
    assert!(BOT_WORDS.len() <= 64, "one bit per word");
    let mut starts = [0; 256];
    let mut index = 0;
    while index < BOT_WORDS.len() {
        let first = BOT_WORDS[index].as_bytes()[0];
        starts[first as usize] |= 1 << index;
        starts[first.to_ascii_uppercase() as usize] |= 1 << index;
        index += 1;
    }
    starts
};

/// Whether the `User-Agent` names a crawler; those always get the original number, so that search
/// engines and directories never learn a tracking number.
#[must_use]
pub fn is_bot(agent: &str) -> bool {
    if agent.trim().is_empty() {
        return true;
    }
    // Asked for every arrival, so the name is walked through once, not once per word.
    let agent = agent.as_bytes();
    let named_at = |at: usize| {
        let mut words = BOT_STARTS[agent[at] as usize];
        while words != 0 {
            let word = BOT_WORDS[words.trailing_zeros() as usize].as_bytes();
            let part = agent.get(at..at + word.len());
            if part.is_some_and(|part| part.eq_ignore_ascii_case(word)) && !is_cubot(agent, at) {
                return true;
            }
            words &= words - 1;
        }
        false
    };
    (0..agent.len()).any(named_at)
}

/// Whether what begins at `at` is the end of the word Cubot: a maker of telephones, no crawler.
fn is_cubot(agent: &[u8], at: usize) -> bool {
    let Some(start) = at.checked_sub(2) else {
        return false;
    };
    let begins = start == 0 || !agent[start - 1].is_ascii_alphanumeric();
    let whole = agent.get(start..start + 5);
    begins && whole.is_some_and(|word| word.eq_ignore_ascii_case(b"cubot"))
}
