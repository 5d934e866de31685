//! What may be a feature, when, and how it is kept.

use super::super::hash::Fnv;
use super::*;

#[test]
fn what_is_known_later_is_not_available_before() {
    use Moment::{AfterCall, DialIn, IvrDone, Posted, Visit};
    let all = [
        (Visit, &[Visit, Posted, DialIn, IvrDone, AfterCall][..]),
        (Posted, &[Posted, DialIn, IvrDone, AfterCall]),
        (DialIn, &[DialIn, IvrDone, AfterCall]),
        (IvrDone, &[IvrDone, AfterCall]),
        (AfterCall, &[AfterCall]),
    ];
    for (moment, by) in all {
        for later in Moment::ALL {
            let said = moment.is_available_by(*later);
            assert_eq!(said, by.contains(later), "{moment:?} by {later:?}");
        }
        assert_eq!(moment.is_before_routing(), moment != AfterCall);
    }
}

#[test]
fn identities_are_no_features_and_ids_of_ads_are() {
    let refused = [
        "+1 214 555 0100",
        "2145550100",
        "12145550100",
        "(214) 555-0100",
        "call 214-555-0100 now",
        "214.555.0100",
        "+442079460000",
        "jane@example.com",
        "mail jane@mail.example.com now",
        "jane%40example.com",
        "d41d8cd98f00b204e9800998ecf8427e",
        "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b",
        "550e8400-e29b-41d4-a716-446655440000",
    ];
    for text in refused {
        assert!(Category::new(text).is_err(), "{text}");
        let mut features = Features::<Visit>::new();
        features.text(names::KEYWORD, text);
        let set = features.known();
        assert_eq!((set.len(), set.left_out()), (0, 1), "{text}");
    }
    let let_in = [
        "google",
        "roof repair near me",
        "20123456789",
        "1234567890",
        "kwd-29384756",
        "2026-11-30",
        "spring @ home",
        "roofing-4821",
    ];
    for text in let_in {
        assert!(Category::new(text).is_ok(), "{text}");
    }
    let told = Category::new("jane@example.com").unwrap_err().to_string();
    assert!(told.contains("an e-mail address") && told.contains("leave it out"));
}

#[test]
fn a_value_is_kept_in_small_letters_cut_and_without_control_characters() {
    let long = "x".repeat(200);
    let set = lead(&[("a", "  Google\u{1}Ads "), ("b", &long), ("c", "   ")]);
    let values: Vec<_> = set.iter().map(|(_, value)| value).collect();
    let cut = "x".repeat(CATEGORY_MAX);
    assert_eq!(
        values,
        [Value::Text("google_ads"), Value::Text(&cut), Value::Missing]
    );
}

#[test]
fn a_name_is_taken_once_and_there_are_at_most_128() {
    let mut features = Features::<Visit>::new();
    features.text(names::SOURCE, "google");
    features.text(names::SOURCE, "bing");
    assert_eq!(
        (features.known().len(), features.known().left_out()),
        (1, 1)
    );
    let named: Vec<String> = (0..200).map(|n| format!("f{n}")).collect();
    for name in &named {
        features.number(Name::<Visit>::given("more", name).unwrap(), 1.0);
    }
    assert_eq!(features.known().len(), FEATURES_MAX);
    assert_eq!(features.known().left_out(), 1 + 200 - 127);
    features.clear();
    assert!(features.known().is_empty() && features.known().left_out() == 0);
}

#[test]
fn names_that_people_give_are_those_of_tags() {
    assert!(Name::<Posted>::given("field", "loan_amount").is_some());
    let long = "x".repeat(100);
    for wrong in ["", "Loan", "a b", "é", long.as_str()] {
        assert!(Name::<Posted>::given("field", wrong).is_none(), "{wrong}");
    }
}

/// The stored models of every version rest on these.
#[test]
fn hashes_never_change() {
    let golden = [
        ("", "", 0x6168_c18c_5583_c71b_u64),
        ("visit.source", "google", 0x7954_8127_ee1c_a1ff),
        ("visit.source", "bing", 0x4b4a_646b_2850_e1b0),
        ("call.caller_area", "tx", 0xce26_650a_7ba2_f562),
    ];
    for (name, value, hash) in golden {
        let found = Fnv::new().text(name).between().text(value).end();
        assert_eq!(found, hash, "{name}={value} {found:#x}");
    }
    // What stands between them keeps parts apart.
    let hash = |a, b| Fnv::new().text(a).between().text(b).end();
    assert_ne!(hash("ab", "c"), hash("a", "bc"));
}

#[test]
fn a_document_gives_the_same_features_again() {
    let set = lead(&[
        ("source", "Google Ads"),
        ("pages", "3.25"),
        ("taps", "0"),
        ("known", "yes"),
        ("empty", ""),
    ]);
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(
        text,
        r#"{"moment":"posted","features":{"lead.source":"google ads","lead.pages":3.25,"lead.taps":0.0,"lead.known":true,"lead.empty":null}}"#
    );
    assert_eq!(serde_json::from_str::<FeatureSet>(&text).unwrap(), set);
}

#[test]
fn a_document_that_breaks_a_rule_is_not_read() {
    let cases = [
        (r#"{"moment":"after_call","features":{}}"#, "after the call"),
        (
            r#"{"moment":"posted","features":{"a":1,"a":2}}"#,
            "there twice",
        ),
        (
            r#"{"moment":"posted","features":{"a":"+12145550100"}}"#,
            "identity",
        ),
        (r#"{"moment":"posted","features":{"":1}}"#, "1 to 64 bytes"),
        (
            r#"{"moment":"posted","features":{"a":[]}}"#,
            "a text, a number",
        ),
        (r#"{"moment":"posted"}"#, "features"),
        (r#"{"moment":"posted","features":{},"more":1}"#, "more"),
    ];
    for (text, why) in cases {
        let told = serde_json::from_str::<FeatureSet>(text).unwrap_err();
        assert!(told.to_string().contains(why), "{text}: {told}");
    }
    let many: Vec<String> = (0..=FEATURES_MAX).map(|n| format!("\"f{n}\":1")).collect();
    let text = format!(r#"{{"moment":"posted","features":{{{}}}}}"#, many.join(","));
    assert!(serde_json::from_str::<FeatureSet>(&text).is_err());
}
