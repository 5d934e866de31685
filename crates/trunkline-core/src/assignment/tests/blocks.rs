//! The rules that a page carries show what the server would.

use std::collections::BTreeMap;

use regex::Regex;

use super::*;
use crate::assignment::block::{SnippetRule, TestKind, snippet_rules};
use crate::visitor::{Arrival, Landing, OwnRule, OwnTest, SourceRules, classify, host_of};

/// The rules of a block as the browser compiles them.
fn compiled(rules: &[SnippetRule]) -> Vec<(&SnippetRule, Regex)> {
    let whole =
        |rule: &SnippetRule| Regex::new(&format!("(?i)^(?:{})$", rule.pattern)).expect("a pattern");
    rules.iter().map(|rule| (rule, whole(rule))).collect()
}

/// What the script in the browser does with the rules of its block.
fn browser(rules: &[(&SnippetRule, Regex)], page: &str, referrer: &str) -> Option<u64> {
    let landing = Landing::parse(page)?;
    let referrer = host_of(referrer);
    let (hit, _) = rules.iter().find(|(rule, pattern)| match rule.kind {
        TestKind::Parameters => {
            let values = rule
                .names
                .split(' ')
                .map(|n| landing.parameter(n).unwrap_or(""));
            pattern.is_match(&values.collect::<Vec<_>>().join(" "))
        }
        TestKind::Referrer => referrer.as_deref().is_some_and(|r| pattern.is_match(r)),
        TestKind::Always => true,
    })?;
    hit.numbers[0].map(|n| n.number.digits() - 12_145_550_100)
}

/// What the server would show for the same arrival.
fn server(plan: &SitePlan, owner: &SourceRules, page: &str, referrer: &str) -> Option<u64> {
    let landing = Landing::parse(page)?;
    let source = classify(
        &Arrival {
            landing: &landing,
            referrer,
        },
        &["a.example".to_owned()],
        owner,
    );
    let got = assign(&plan.targets[0], false, &source, &mut BTreeMap::new(), None)?;
    Some(got.replacement.number.digits() - 12_145_550_100)
}

#[test]
fn the_block_in_the_page_shows_what_the_server_would() {
    let pages = [
        "",
        "?gclid=1",
        "?msclkid=1",
        "?fbclid=1",
        "?ttclid=1",
        "?utm_source=google&utm_medium=cpc",
        "?utm_source=Google",
        "?utm_source=google&utm_medium=none",
        "?utm_source=facebook&utm_medium=cpc",
        "?utm_source=instagram&utm_medium=paid_social",
        "?utm_source=mailer&utm_medium=Email",
        "?utm_source=yelp.com&utm_medium=referral",
        "?utm_source=bing&utm_medium=ppc",
        "?utm_medium=cpc",
        "?utm_source=x&utm_medium=social",
        "?utm_source=partner&utm_medium=special",
        "?utm_source=google&utm_medium=cpc&gclid=1",
        "?dclid=1",
        "?utm_source=chatgpt.com",
        "?utm_source=youtube&utm_medium=cpc",
        "?utm_source=amazon",
        "?utm_source=fb&utm_medium=paid",
        "?utm_source=paypal&utm_medium=cpc",
        "?utm_source=podcast&utm_medium=audio",
        "?qr=van+7%2B",
        "?qr=van",
        "?partner=x&gclid=1",
        "?partner=",
        "?utm_source=mailer&utm_medium=email&gclid=1",
        "?gad_source=1",
        "?utm_source=google&utm_medium=paid_ads",
        "?utm_source=facebook&utm_medium=CPV",
        "?utm_source=newspaper.example&utm_medium=cpc",
        "?utm_source=newspaper.example&utm_medium=cpcv",
        "?utm_source=newspaper.example&utm_medium=cpm",
        "?utm_source=newspaper.example&utm_medium=paid-search",
        "?utm_source=newspaper.example&utm_medium=sem",
        "?utm_source=newspaper.example&utm_medium=retargeting",
        "?utm_source=chatgpt&utm_medium=cpc",
        "?utm_medium=email",
        "?utm_medium=special",
        "?utm_medium=none",
        "?utm_medium=whatever",
        "?utm_campaign=spring",
        "?utm_campaign=Spring+Cross-Network+2",
        "?utm_source=google&utm_medium=cpc&utm_campaign=cross-network",
        "?utm_source=partner&utm_medium=special&utm_campaign=a+cross-network+b",
    ];
    let referrers = [
        "",
        "https://www.google.com/",
        "https://www.google.co.uk/",
        "https://google.evil.com/",
        "https://l.facebook.com/",
        "https://www.yelp.com/",
        "https://yelp.com/",
        "https://chatgpt.com/",
        "https://mail.google.com/",
        "https://www.a.example/x",
        "https://other.example/",
        "https://www.youtube.com/watch?v=1",
        "https://www.amazon.de/",
        "https://www.paypal.com/checkout",
        "https://accounts.google.com/",
        "https://suche.web.de/",
        "https://web.de/",
        "https://m.yelp.com/",
        "https://blog.a.example/",
        "https://a.b.c.google.com.au/",
    ];
    let plans = [
        plan(
            vec![selector(Some(Channel::PaidSearch), None, Some("google"))],
            true,
        ),
        plan(
            vec![
                selector(None, None, Some("google")),
                selector(Some(Channel::PaidSocial), None, None),
            ],
            false,
        ),
        plan(
            vec![
                selector(None, Some("cpc"), None),
                selector(None, Some("none"), Some("google")),
                selector(Some(Channel::Email), None, None),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::Referral), None, Some("yelp.com")),
                selector(Some(Channel::Social), None, None),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::PaidSearch), None, None),
                selector(None, Some("special"), None),
                selector(Some(Channel::PaidSocial), None, Some("facebook")),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::Direct), None, None),
                selector(Some(Channel::Referral), None, None),
                selector(Some(Channel::AiAssistant), None, None),
            ],
            false,
        ),
        plan(
            vec![
                selector(Some(Channel::OrganicSearch), None, None),
                selector(Some(Channel::PaidVideo), None, None),
                selector(Some(Channel::OrganicShopping), None, None),
                selector(Some(Channel::Email), None, Some("gmail")),
                selector(None, None, Some("youtube.com")),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::PaidOther), None, None),
                selector(Some(Channel::CrossNetwork), None, None),
                selector(Some(Channel::CrossNetwork), None, Some("google")),
                selector(None, Some("paid_ads"), None),
                selector(Some(Channel::PaidSearch), Some("cpc"), Some("google")),
            ],
            true,
        ),
        plan(
            vec![
                selector(Some(Channel::Other), None, None),
                selector(Some(Channel::Display), None, None),
                selector(Some(Channel::PaidVideo), Some("cpv"), None),
                selector(Some(Channel::CrossNetwork), Some("cpc"), None),
            ],
            true,
        ),
        plan(vec![], true),
    ];
    let own = |name: &str, when, channel, source: &str| OwnRule {
        name: name.to_owned(),
        when,
        channel,
        medium: "partner".to_owned(),
        source: source.to_owned(),
    };
    let parameter = |name: &str, value: Option<&str>| OwnTest::Parameter {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    };
    let host = |host: &str| OwnTest::Referrer {
        host: host.to_owned(),
    };
    let owners = [
        SourceRules::default(),
        SourceRules {
            own: vec![
                own(
                    "Van",
                    parameter("qr", Some("Van 7+")),
                    Channel::Display,
                    "van",
                ),
                own("Yelp", host("yelp.com"), Channel::PaidSearch, "google"),
                own("Blog", host("blog.a.example"), Channel::Email, "mailer"),
                own(
                    "Any partner",
                    parameter("partner", None),
                    Channel::Direct,
                    "direct",
                ),
            ],
            tags_first: true,
            ignored: vec!["other.example".to_owned(), "google.com".to_owned()],
            ..SourceRules::default()
        },
    ];
    for (index, (plan, owner)) in plans
        .iter()
        .flat_map(|plan| owners.iter().map(move |owner| (plan, owner)))
        .enumerate()
    {
        let rules = snippet_rules(plan, &["www.a.example".to_owned()], owner);
        let rules = compiled(&rules);
        for page in pages {
            for referrer in referrers {
                let page = format!("https://www.a.example/{page}");
                assert_eq!(
                    browser(&rules, &page, referrer),
                    server(plan, owner, &page, referrer),
                    "plan and owner {index}: {page} from {referrer}"
                );
            }
        }
    }
}
