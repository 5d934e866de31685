//! Duplicates: whose past counts, for how long, and what is recognised.

use super::*;

const HOUR: i64 = 3_600_000;

fn rule(json: &str) -> DuplicateRule {
    read(json)
}

fn taker(n: i64) -> Taker {
    Taker {
        contract: contract(n),
        buyer: BuyerId::from_raw(n / 10),
        company: BuyerId::from_raw(n / 100),
    }
}

/// Somebody who came an hour ago and was sold to contract 111.
fn sold() -> Past {
    Past {
        opportunity: OpportunityId::from_raw(5),
        at: NOW.plus_millis(-HOUR),
        person: comer().person,
        campaign: CampaignId::from_raw(1),
        feed: FeedId::from_raw(1),
        to: Some(taker(111)),
        connected: true,
        billable: true,
    }
}

fn finds(rule: &str, taker: Option<Taker>, past: Past) -> bool {
    let found = self::rule(rule).find(&comer(), taker, &[past], NOW);
    found.is_some()
}

#[test]
fn a_scope_is_the_past_of_the_same_contract_buyer_company_campaign_feed_or_account() {
    let elsewhere = Past {
        campaign: CampaignId::from_raw(2),
        feed: FeedId::from_raw(2),
        ..sold()
    };
    for (scope, to, same_feed, elsewhere_counts) in [
        ("contract", Some(111), true, true),
        ("contract", Some(112), false, false),
        ("contract", None, false, false),
        ("buyer", Some(112), true, true),
        ("buyer", Some(121), false, false),
        ("buyer_company", Some(199), true, true),
        ("buyer_company", Some(211), false, false),
        ("campaign", None, true, false),
        ("feed", None, true, false),
        ("account", None, true, true),
    ] {
        let rule = format!(r#"{{"scope": "{scope}", "action": "skip"}}"#);
        let to = to.map(taker);
        assert_eq!(finds(&rule, to, sold()), same_feed, "{scope} {to:?}");
        assert_eq!(
            finds(&rule, to, elsewhere),
            elsewhere_counts,
            "{scope} {to:?}"
        );
    }
    let nobody = Past { to: None, ..sold() };
    assert!(!finds(
        r#"{"scope": "buyer", "action": "skip"}"#,
        Some(taker(111)),
        nobody
    ));
}

#[test]
fn only_what_came_far_enough_and_recently_counts() {
    let missed = Past {
        connected: false,
        billable: false,
        ..sold()
    };
    let short = Past {
        billable: false,
        ..sold()
    };
    for (after, past, counts) in [
        ("", missed, false),
        ("", short, false),
        ("", sold(), true),
        (r#", "after": "connected""#, short, true),
        (r#", "after": "connected""#, missed, false),
        (r#", "after": "any""#, missed, true),
        (r#", "within_h": 1"#, sold(), false),
        (r#", "within_h": 2"#, sold(), true),
        (
            r#", "within_h": 1"#,
            Past {
                at: NOW.plus_millis(1 - HOUR),
                ..sold()
            },
            true,
        ),
        (
            "",
            Past {
                at: NOW.plus_millis(1),
                ..sold()
            },
            false,
        ),
        (
            "",
            Past {
                at: Timestamp::EPOCH,
                ..sold()
            },
            true,
        ),
    ] {
        let rule = format!(r#"{{"scope": "account", "action": "skip"{after}}}"#);
        assert_eq!(finds(&rule, None, past), counts, "{rule} {past:?}");
    }
}

#[test]
fn earlier_legs_of_the_same_opportunity_never_count() {
    let leg = Past {
        opportunity: comer().opportunity,
        ..sold()
    };
    for scope in DuplicateScope::ALL {
        let rule = format!(
            r#"{{"scope": "{}", "after": "any", "action": "skip"}}"#,
            scope.word()
        );
        assert!(!finds(&rule, Some(taker(111)), leg), "{scope:?}");
    }
    assert_eq!(repeat(&comer(), &[leg], NOW), Repeat::default());
}

#[test]
fn nobody_is_recognised_by_what_is_missing() {
    let phone = comer().person;
    let hash = Person {
        phone_sha256: Some([7; 32]),
        ..Person::default()
    };
    let email = Person {
        email_sha256: Some([9; 32]),
        ..Person::default()
    };
    let both = Person {
        email_sha256: Some([9; 32]),
        ..phone
    };
    for (fields, all, one, other, same) in [
        (
            r#"["phone"]"#,
            false,
            Person::default(),
            Person::default(),
            false,
        ),
        (r#"["phone"]"#, false, phone, Person::default(), false),
        (r#"["phone"]"#, false, phone, phone, true),
        (r#"["phone"]"#, false, hash, hash, true),
        (r#"["phone"]"#, false, hash, phone, false),
        (r#"["email"]"#, false, phone, phone, false),
        (r#"["phone", "email"]"#, false, both, email, true),
        (r#"["phone", "email"]"#, true, both, email, false),
        (r#"["phone", "email"]"#, true, both, both, true),
        (r#"["phone", "email"]"#, true, phone, phone, false),
        ("[]", true, phone, phone, false),
    ] {
        let rule = rule(&format!(
            r#"{{"scope": "account", "action": "skip", "fields": {fields}, "all_fields": {all}}}"#
        ));
        let comer = Comer {
            person: one,
            ..comer()
        };
        let past = Past {
            person: other,
            ..sold()
        };
        let found = rule.find(&comer, None, &[past], NOW);
        assert_eq!(found.is_some(), same, "{fields} {one:?} {other:?}");
    }
}

#[test]
fn a_repeat_is_a_fact_of_its_own_whatever_came_of_it() {
    let missed = Past {
        opportunity: OpportunityId::from_raw(6),
        at: NOW.plus_millis(-2 * HOUR),
        to: None,
        connected: false,
        billable: false,
        ..sold()
    };
    let again = Past {
        to: Some(taker(121)),
        ..sold()
    };
    let got = repeat(&comer(), &[missed, sold(), again], NOW);
    assert_eq!(got.times, 2, "two legs are one opportunity");
    assert_eq!(
        got.latest.map(|e| e.opportunity),
        Some(OpportunityId::from_raw(5))
    );
    let money = rule(r#"{"scope": "account", "action": "unpaid"}"#);
    assert_eq!(money.find(&comer(), None, &[missed], NOW), None);
}

#[test]
fn rules_that_recognise_nobody_or_no_time_are_named() {
    for (json, place) in [
        (
            r#"{"scope": "account", "action": "skip", "fields": []}"#,
            "fields",
        ),
        (
            r#"{"scope": "account", "action": "skip", "within_h": 0}"#,
            "within_h",
        ),
    ] {
        assert_problem(&rule(json).problems(), place, "write");
    }
    let wrong = r#"{"scope": "world", "action": "skip"}"#;
    assert!(serde_json::from_str::<DuplicateRule>(wrong).is_err());
}
