//! Documents of feeds: what is wrong is named with its place, and what is right means what it says.

use super::*;
use crate::base::id::PublisherId;

fn of(campaign_duplicates: &[DuplicateRule]) -> FeedParties<'_> {
    FeedParties {
        feed: FeedId::from_raw(1),
        publisher: PublisherId::from_raw(2),
        campaign: CampaignId::from_raw(3),
        version: 4,
        paused: false,
        campaign_paused: true,
        campaign_duplicates,
    }
}

#[test]
fn what_is_wrong_with_a_feeds_document_is_named_with_its_place() {
    let shelf = Shelf::default();
    for (json, place, said) in [
        (r#"{"rate": {"per_minute": 0}}"#, "rate.per_minute", "1 to"),
        (
            r#"{"rate": {"per_minute": 9, "burst": 2000000}}"#,
            "rate.burst",
            "2000000 is out of range",
        ),
        (
            r#"{"pings": {"ping_valid_s": 9}}"#,
            "pings.ping_valid_s",
            "write 10 to 600",
        ),
        (
            r#"{"pings": {"bid_valid_s": 301}}"#,
            "pings.bid_valid_s",
            "write 5 to 300",
        ),
        (
            r#"{"pings": {"deadline_ms": 5001}}"#,
            "pings.deadline_ms",
            "write 100 to 5000",
        ),
        (
            r#"{"pings": {"bid_min": -1}}"#,
            "pings.bid_min",
            "below zero",
        ),
        (
            r#"{"duplicates": [{"scope": "campaign", "action": "block", "fields": []}]}"#,
            "duplicates[0].fields",
            "",
        ),
        (
            r#"{"caps": [{"id": "cap_0000000000001", "max": -1, "window": {"period": "day", "zone": "UTC"}}]}"#,
            "caps[0].max",
            "no maximum",
        ),
        (r#"{"payout": {"rules": []}}"#, "payout.rules", ""),
    ] {
        let document: FeedDocument = read(json);
        let problems = document.problems(&shelf);
        assert_problem(&problems, place, said);
        let compiled = document.compile(&of(&[]), &shelf, Currency::USD);
        assert_eq!(compiled.err(), Some(problems), "{json}");
    }
}

#[test]
fn a_feed_says_what_its_campaign_says_of_duplicates_until_it_says_something_itself() {
    let shelf = Shelf::default();
    let rule: DuplicateRule = read(r#"{"scope": "campaign", "action": "block"}"#);
    let rules = [rule];
    for (json, expected) in [("{}", 1), (r#"{"duplicates": []}"#, 0)] {
        let document: FeedDocument = read(json);
        let terms = document.compile(&of(&rules), &shelf, Currency::USD);
        let terms = terms.expect(json);
        assert_eq!(terms.duplicates.len(), expected, "{json}");
        assert!(terms.campaign_paused && !terms.paused);
        assert_eq!(terms.version, 4);
    }
    let paused: FeedDocument = read(r#"{"paused": true}"#);
    let terms = paused.compile(&of(&rules), &shelf, Currency::USD);
    assert!(terms.expect("terms").paused);
}

#[test]
fn a_feeds_document_is_written_as_it_was_read() {
    for json in [
        "{}",
        r#"{"paused":true,"rate":{"per_minute":60}}"#,
        r#"{"pings":{"ping_valid_s":60,"bid_valid_s":30,"deadline_ms":1500,"bid_min":"0.5","on_mismatch":"reject"}}"#,
    ] {
        let document: FeedDocument = read(json);
        let written = serde_json::to_string(&document).expect("JSON");
        assert_eq!(written, json);
    }
    let unknown = serde_json::from_str::<FeedDocument>(r#"{"price": 3}"#);
    assert!(unknown.is_err());
}
