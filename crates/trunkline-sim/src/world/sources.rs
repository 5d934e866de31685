//! Where visitors come from: search ads with campaigns and keywords, unpaid results, social networks,
//! assistants, mail, other sites, nowhere.

use crate::chance::Chance;

/// One way to arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Path and query of the landing page.
    pub(super) landing: String,
    /// The referrer as a browser tells it; empty for none.
    pub(super) referrer: &'static str,
}

/// An ad campaign: its name, landing page and keywords.
type Campaign = (&'static str, &'static str, &'static [&'static str]);

const SEARCH_CAMPAIGNS: &[(f64, Campaign)] = &[
    (
        5.0,
        (
            "storm-damage",
            "/storm-damage",
            &[
                "hail damage roof repair",
                "storm damage roofer dallas",
                "roof hail inspection",
                "wind damage roof",
            ],
        ),
    ),
    (
        4.0,
        (
            "roof-repair",
            "/",
            &[
                "roof repair near me",
                "roof leak repair dallas",
                "emergency roof repair",
                "roofers plano tx",
            ],
        ),
    ),
    (
        2.0,
        (
            "new-roof",
            "/",
            &[
                "roof replacement cost",
                "new roof dallas",
                "metal roof frisco",
            ],
        ),
    ),
    (
        1.0,
        (
            "brand",
            "/",
            &["tallgrass roofing", "tallgrass roofing dallas"],
        ),
    ),
];
const SOCIAL_CAMPAIGNS: &[&str] = &["spring-check", "hail-season", "before-after"];

#[derive(Debug, Clone, Copy)]
enum Kind {
    GoogleAds,
    MicrosoftAds,
    FacebookAds,
    Newsletter,
    Assistant,
    Link(&'static str),
    Direct,
}

/// Shares of the ways. The mix is ours; no published figure covers a roofer's traffic.
const KINDS: &[(f64, Kind)] = &[
    (30.0, Kind::GoogleAds),
    (8.0, Kind::MicrosoftAds),
    (8.0, Kind::FacebookAds),
    (5.0, Kind::Newsletter),
    (6.0, Kind::Assistant),
    (19.0, Kind::Link("https://www.google.com/")),
    (4.0, Kind::Link("https://www.bing.com/")),
    (2.0, Kind::Link("https://duckduckgo.com/")),
    (3.0, Kind::Link("https://nextdoor.com/")),
    (3.0, Kind::Link("https://www.yelp.com/")),
    (12.0, Kind::Direct),
];

impl Way {
    /// Draws a way.
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let kind = chance.weighted(KINDS).copied().unwrap_or(Kind::Direct);
        match kind {
            Kind::GoogleAds => search_ad(chance, "google", "gclid", "https://www.google.com/"),
            Kind::MicrosoftAds => search_ad(chance, "bing", "msclkid", "https://www.bing.com/"),
            Kind::FacebookAds => {
                let campaign = chance.one(SOCIAL_CAMPAIGNS).copied().unwrap_or("ad");
                let landing = format!(
                    "/?utm_source=facebook&utm_medium=paid_social&utm_campaign={campaign}&fbclid={}",
                    click(chance)
                );
                Self {
                    landing,
                    referrer: "https://l.facebook.com/",
                }
            }
            Kind::Newsletter => Self {
                landing: "/storm-damage?utm_source=newsletter&utm_medium=email&utm_campaign=april"
                    .to_owned(),
                referrer: "",
            },
            Kind::Assistant => Self {
                landing: "/?utm_source=chatgpt.com".to_owned(),
                referrer: "https://chatgpt.com/",
            },
            Kind::Link(referrer) => Self {
                landing: "/".to_owned(),
                referrer,
            },
            Kind::Direct => Self {
                landing: "/".to_owned(),
                referrer: "",
            },
        }
    }
}

fn search_ad(chance: &mut Chance, source: &str, click_id: &str, referrer: &'static str) -> Way {
    let (campaign, path, terms) =
        chance
            .weighted(SEARCH_CAMPAIGNS)
            .copied()
            .unwrap_or(("brand", "/", &[]));
    let term = chance
        .one(terms)
        .map_or_else(String::new, |t| t.replace(' ', "+"));
    let landing = format!(
        "{path}?utm_source={source}&utm_medium=cpc&utm_campaign={campaign}&utm_term={term}&{click_id}={}",
        click(chance)
    );
    Way { landing, referrer }
}

/// A click id like those of the ad networks: long, opaque, used once.
fn click(chance: &mut Chance) -> String {
    format!("sim{:016x}{:08x}", chance.next(), chance.next() >> 32)
}
