//! Arrivals and the sources they are given.

use super::*;
use crate::base::Timestamp;

mod agents;

fn source_of(page: &str, referrer: &str) -> Source {
    source_by(&SourceRules::default(), page, referrer)
}

fn source_by(rules: &SourceRules, page: &str, referrer: &str) -> Source {
    let landing = Landing::parse(page).expect("an address");
    classify(
        &Arrival {
            landing: &landing,
            referrer,
        },
        &["lone-star.example".to_owned()],
        rules,
    )
}

#[test]
fn arrivals_get_the_source_a_marketer_expects() {
    const HOME: &str = "https://www.lone-star.example/";
    for (page, referrer, channel, medium, source, rule) in [
        (
            "?gclid=x",
            "",
            Channel::PaidSearch,
            "cpc",
            "google",
            "click_gclid",
        ),
        (
            "?utm_source=google&utm_medium=cpc&gclid=x",
            "https://www.google.com/",
            Channel::PaidSearch,
            "cpc",
            "google",
            "click_gclid",
        ),
        (
            "?msclkid=1",
            "https://www.bing.com/",
            Channel::PaidSearch,
            "cpc",
            "bing",
            "click_msclkid",
        ),
        (
            "?utm_source=Newsletter&utm_medium=Email",
            "",
            Channel::Email,
            "email",
            "newsletter",
            "utm",
        ),
        (
            "?utm_source=facebook&utm_medium=cpc",
            "https://l.facebook.com/",
            Channel::PaidSocial,
            "cpc",
            "facebook",
            "utm",
        ),
        (
            "?fbclid=abc",
            "https://l.facebook.com/",
            Channel::Social,
            "social",
            "facebook",
            "social_facebook",
        ),
        (
            "?utm_source=not-linkedin&utm_medium=referral",
            "",
            Channel::Referral,
            "referral",
            "not-linkedin",
            "utm",
        ),
        (
            "",
            "https://www.google.co.uk/",
            Channel::OrganicSearch,
            "organic",
            "google",
            "search_google",
        ),
        (
            "",
            "https://google.evil.com/",
            Channel::Referral,
            "referral",
            "google.evil.com",
            "referral",
        ),
        (
            "",
            "https://notgoogle.com/",
            Channel::Referral,
            "referral",
            "notgoogle.com",
            "referral",
        ),
        (
            "",
            "https://mail.google.com/mail/u/0/",
            Channel::Email,
            "email",
            "gmail",
            "email_gmail",
        ),
        (
            "",
            "https://gemini.google.com/app",
            Channel::AiAssistant,
            "ai",
            "gemini",
            "ai_gemini",
        ),
        (
            "",
            "https://chatgpt.com/",
            Channel::AiAssistant,
            "ai",
            "chatgpt",
            "ai_chatgpt",
        ),
        (
            "",
            "https://t.co/xyz",
            Channel::Social,
            "social",
            "x",
            "social_x",
        ),
        (
            "",
            "https://www.yelp.com/biz",
            Channel::Referral,
            "referral",
            "yelp.com",
            "referral",
        ),
        (
            "",
            "https://lone-star.example/contact",
            Channel::Direct,
            "none",
            "direct",
            "direct",
        ),
        (
            "",
            "https://shop.lone-star.example/",
            Channel::Direct,
            "none",
            "direct",
            "direct",
        ),
        (
            "",
            "https://www.paypal.com/checkoutnow",
            Channel::Direct,
            "none",
            "direct",
            "payment_paypal",
        ),
        (
            "?utm_source=chatgpt.com",
            "https://chatgpt.com/",
            Channel::AiAssistant,
            "none",
            "chatgpt.com",
            "utm",
        ),
        (
            "?utm_source=YouTube&utm_medium=cpc",
            "",
            Channel::PaidVideo,
            "cpc",
            "youtube",
            "utm",
        ),
        (
            "",
            "https://www.youtube.com/",
            Channel::OrganicVideo,
            "video",
            "youtube",
            "video_youtube",
        ),
        (
            "?utm_source=spring&utm_medium=podcast",
            "",
            Channel::Audio,
            "podcast",
            "spring",
            "utm",
        ),
        ("", "", Channel::Direct, "none", "direct", "direct"),
        ("?gclid=", "", Channel::Direct, "none", "direct", "direct"),
    ] {
        let got = source_of(&format!("{HOME}{page}"), referrer);
        let row = (
            got.channel,
            got.medium.as_str(),
            got.source.as_str(),
            got.rule.as_str(),
        );
        assert_eq!(
            row,
            (channel, medium, source, rule),
            "{page} from {referrer}"
        );
    }
}

/// The conditions of support.google.com/analytics/answer/9756891, each with a link that meets it, and links that
/// marketers tag by hand.
#[test]
fn tagged_links_fall_into_the_default_channel_groups() {
    for (tags, channel) in [
        ("utm_source=google&utm_medium=cpc", Channel::PaidSearch),
        ("utm_source=google&utm_medium=paid_ads", Channel::PaidSearch),
        (
            "utm_source=google&utm_medium=paid-media",
            Channel::PaidSearch,
        ),
        ("utm_source=bing&utm_medium=cpcv", Channel::PaidSearch),
        (
            "utm_source=google&utm_medium=paid_google",
            Channel::PaidSearch,
        ),
        ("utm_source=google&utm_medium=cp", Channel::PaidSearch),
        (
            "utm_source=google&utm_medium=retargeting",
            Channel::PaidSearch,
        ),
        (
            "utm_source=facebook&utm_medium=paid_ads",
            Channel::PaidSocial,
        ),
        ("utm_source=instagram&utm_medium=cpm", Channel::PaidSocial),
        ("utm_source=youtube&utm_medium=cpv", Channel::PaidVideo),
        ("utm_source=ebay&utm_medium=ppc", Channel::PaidShopping),
        (
            "utm_source=mailer&utm_medium=paid-social",
            Channel::PaidSocial,
        ),
        (
            "utm_source=agency&utm_medium=paid-search",
            Channel::PaidSearch,
        ),
        ("utm_source=agency&utm_medium=sem", Channel::PaidSearch),
        (
            "utm_source=agency&utm_medium=paid_video",
            Channel::PaidVideo,
        ),
        ("utm_source=agency&utm_medium=cpm", Channel::Display),
        ("utm_source=agency&utm_medium=banner", Channel::Display),
        (
            "utm_source=newspaper.example&utm_medium=cpc",
            Channel::PaidOther,
        ),
        ("utm_source=chatgpt.com&utm_medium=cpc", Channel::PaidOther),
        ("utm_source=gmail&utm_medium=paid", Channel::PaidOther),
        (
            "utm_source=x&utm_medium=cpc&utm_campaign=Cross-Network",
            Channel::CrossNetwork,
        ),
        ("utm_campaign=summer-cross-network-2", Channel::CrossNetwork),
        (
            "utm_source=google&utm_medium=organic",
            Channel::OrganicSearch,
        ),
        ("utm_source=fb&utm_medium=sm", Channel::Social),
        ("utm_source=yt&utm_medium=video", Channel::OrganicVideo),
        ("utm_source=partner&utm_medium=app", Channel::Referral),
        ("utm_source=mailer&utm_medium=e-mail", Channel::Email),
        (
            "utm_source=impact&utm_medium=affiliates",
            Channel::Affiliate,
        ),
        ("utm_source=show&utm_medium=audio", Channel::Audio),
        ("utm_source=list&utm_medium=sms", Channel::Sms),
        ("utm_source=app&utm_medium=push", Channel::Push),
        ("utm_source=flyer&utm_medium=copycat", Channel::Other),
        ("utm_medium=email", Channel::Email),
        ("utm_medium=cpc", Channel::PaidOther),
        ("utm_campaign=spring", Channel::Other),
        ("gad_source=1&gad_campaignid=77", Channel::PaidSearch),
    ] {
        let got = source_of(&format!("https://lone-star.example/?{tags}"), "");
        assert_eq!(got.channel, channel, "{tags}");
    }
    // A campaign's name alone leaves the referrer what it says.
    let page = "https://lone-star.example/?utm_campaign=spring";
    let got = source_of(page, "https://www.google.com/");
    assert_eq!(got.channel, Channel::OrganicSearch);
    assert_eq!(got.ad_campaign.as_deref(), Some("spring"));
}

#[test]
fn campaign_keyword_and_content_are_kept_and_decoded() {
    let got = source_of(
        "https://lone-star.example/storm?utm_source=google&utm_medium=cpc&utm_campaign=Storm%20Dallas&utm_term=hail+roof&utm_content=ad%2B2",
        "",
    );
    assert_eq!(got.ad_campaign.as_deref(), Some("Storm Dallas"));
    assert_eq!(got.term.as_deref(), Some("hail roof"));
    assert_eq!(got.content.as_deref(), Some("ad+2"));
}

#[test]
fn the_words_searched_for_are_kept_where_the_site_tells_them() {
    let page = "https://lone-star.example/";
    let term = |page: &str, referrer| source_of(page, referrer).term;
    let told = "https://www.bing.com/search?q=Roof+repair%20Dallas&form=QBLH";
    assert_eq!(term(page, told).as_deref(), Some("Roof repair Dallas"));
    assert_eq!(term(page, "https://www.google.com/"), None);
    let tagged = format!("{page}?utm_term=hail");
    assert_eq!(term(&tagged, told).as_deref(), Some("hail"));
    let macros = format!("{page}?gclid=x&keyword=storm+roof&placement=news.example");
    let got = source_of(&macros, "");
    assert_eq!(got.term.as_deref(), Some("storm roof"));
    assert_eq!(got.content.as_deref(), Some("news.example"));
}

#[test]
fn the_owners_rules_come_first_and_their_settings_hold() {
    let page = "https://lone-star.example/?utm_source=mailer&utm_medium=email&gclid=1&qr=VAN";
    let mut rules = SourceRules {
        tags_first: true,
        ignored: vec!["booking.example".to_owned()],
        ..SourceRules::default()
    };
    let rule = |rules: &SourceRules, page: &str, from: &str| source_by(rules, page, from).rule;
    assert_eq!(rule(&rules, page, ""), "utm");
    assert_eq!(source_of(page, "").rule, "click_gclid");
    let plain = "https://lone-star.example/";
    let back = "https://eu.booking.example/done";
    assert_eq!(rule(&rules, plain, back), "direct");
    assert_eq!(source_of(plain, back).rule, "referral");
    rules.own = vec![OwnRule {
        name: "Van no. 7".to_owned(),
        when: OwnTest::Parameter {
            name: "qr".to_owned(),
            value: Some("van".to_owned()),
        },
        channel: Channel::Display,
        medium: "print".to_owned(),
        source: "van".to_owned(),
    }];
    let got = source_by(&rules, page, "");
    assert_eq!(got.rule, "own_van_no_7");
    assert_eq!(
        (got.channel, got.source.as_str()),
        (Channel::Display, "van")
    );
    assert_eq!(
        rule(&rules, "https://lone-star.example/?qr=vans", ""),
        "direct"
    );
}

#[test]
fn wrong_rules_of_an_owner_are_told() {
    let rule = |name: &str, parameter: &str, source: &str| OwnRule {
        name: name.to_owned(),
        when: OwnTest::Parameter {
            name: parameter.to_owned(),
            value: None,
        },
        channel: Channel::Other,
        medium: "print".to_owned(),
        source: source.to_owned(),
    };
    for (own, told) in [
        (
            vec![rule("A", "qr", "van"), rule("a!", "x", "van")],
            Some("name of its own"),
        ),
        (
            vec![rule("A", "q r", "van")],
            Some("no name of a parameter"),
        ),
        (vec![rule("A", "qr", "Van")], Some("small letters")),
        (vec![rule("A", "qr", "")], Some("1 to 100")),
        (vec![rule("?!", "qr", "van")], Some("letters or digits")),
        (vec![rule("A", "qr", "van"); 51], Some("at most 50")),
        (vec![rule("A", "qr", "van")], None),
    ] {
        let rules = SourceRules {
            own,
            ..SourceRules::default()
        };
        let problem = rules.problem();
        match told {
            None => assert_eq!(problem, None),
            Some(told) => assert!(
                problem.as_ref().is_some_and(|p| p.contains(told)),
                "{problem:?}"
            ),
        }
    }
}

#[test]
fn absurd_addresses_are_no_landing() {
    for text in [
        "",
        "ftp://x/",
        "javascript:alert(1)",
        "https://",
        "//host/",
        "https://ho st/",
    ] {
        assert!(Landing::parse(text).is_none(), "{text}");
    }
    assert!(Landing::parse(&format!("https://a.example/?{}", "x".repeat(3_000))).is_none());
    let odd = Landing::parse("HTTPS://User@A.Example:8443?utm_source=%zz%4").expect("an address");
    assert_eq!((odd.host.as_str(), odd.path.as_str()), ("a.example", "/"));
    assert_eq!(odd.parameter("utm_source"), Some("%zz%4"));
}

#[test]
fn a_session_ends_after_half_an_hour_or_with_a_new_paid_click() {
    let start = Timestamp::from_millis(1_000_000);
    let click = |name, value: &str| ClickId {
        name,
        value: value.to_owned(),
    };
    let first = click("gclid", "a");
    let at = |minutes: i64| start.plus_millis(minutes * 60_000);
    assert!(!starts_new_session(start, None, None, at(30)));
    assert!(starts_new_session(start, None, None, at(31)));
    assert!(!starts_new_session(
        start,
        Some(&first),
        Some(&first),
        at(1)
    ));
    assert!(starts_new_session(
        start,
        Some(&first),
        Some(&click("gclid", "b")),
        at(1)
    ));
    assert!(!starts_new_session(
        start,
        None,
        Some(&click("fbclid", "b")),
        at(1)
    ));
}

#[test]
fn crawlers_and_devices_are_told_by_their_name() {
    assert!(is_bot(""));
    assert!(is_bot("  "));
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1";
    assert_eq!(Device::from_user_agent(phone), Device::Phone);
    assert_eq!(
        Device::from_user_agent("Mozilla/5.0 (X11; Linux x86_64) Chrome/156"),
        Device::Desktop
    );
    assert_eq!(
        Device::from_user_agent("Mozilla/5.0 (Linux; Android 15) Chrome/156"),
        Device::Tablet
    );
}

#[test]
fn sources_are_called_as_their_owners_write_them() {
    for (channel, source, expected) in [
        (Channel::OrganicSearch, "duckduckgo", "DuckDuckGo organic"),
        (Channel::PaidVideo, "youtube", "YouTube paid"),
        (Channel::AiAssistant, "chatgpt", "ChatGPT"),
        (Channel::AiAssistant, "chatgpt.com", "ChatGPT"),
        (Channel::PaidSearch, "google", "Google Ads"),
        (Channel::Email, "web.de", "web.de"),
        (Channel::Referral, "partner.example", "partner.example"),
        (Channel::Other, "flyer", "Flyer"),
        (Channel::Direct, "direct", "Direct"),
        (Channel::PaidSearch, "", "Paid search"),
    ] {
        assert_eq!(super::source::label(channel, source), expected);
    }
}

#[test]
fn every_proper_name_is_of_a_known_site() {
    for (stored, _) in super::source::PROPER_NAMES {
        assert!(
            hosts::known_sites().iter().any(|site| site.name == *stored),
            "{stored}"
        );
    }
}
