//! Feeds: what is not even looked at, in the order of evaluation.

use super::*;
use crate::base::id::{IdMap, PublisherId};

fn feed() -> FeedTerms {
    FeedTerms {
        feed: FeedId::from_raw(1),
        publisher: PublisherId::from_raw(1),
        campaign: CampaignId::from_raw(1),
        version: 1,
        paused: false,
        campaign_paused: false,
        schedule: None,
        limits: Box::new([]),
        payout: None,
        duplicates: Box::new([]),
    }
}

fn before() -> Past {
    Past {
        opportunity: OpportunityId::from_raw(1),
        at: NOW.plus_millis(-1),
        person: comer().person,
        campaign: CampaignId::from_raw(1),
        feed: FeedId::from_raw(2),
        to: None,
        connected: true,
        billable: true,
    }
}

fn lets_in(feed: &FeedTerms, payout: &str) -> Result<LetIn, FeedRefusal> {
    let past = [before()];
    feed.lets_in(
        &plain(),
        &comer(),
        &past,
        &IdMap::default(),
        Some(usd(payout)),
        NOW,
    )
}

#[test]
fn a_feed_is_refused_by_the_first_of_pause_hours_caps_and_duplicates() {
    let rule = |action: &str| -> Box<[DuplicateRule]> {
        Box::new([read(&format!(
            r#"{{"scope": "campaign", "action": "{action}"}}"#
        ))])
    };
    let cap: Cap = read(&format!(
        r#"{{"id": "{}", "counts": "payout", "max": 10, "window": {{"period": "day", "zone": "UTC"}}}}"#,
        cap_id(1)
    ));
    let mut feed = FeedTerms {
        paused: true,
        campaign_paused: true,
        schedule: Some(read(
            r#"{"zone": "UTC", "weekly": [{"days": ["sat"], "from": "09:00", "to": "10:00"}]}"#,
        )),
        limits: Box::new([cap.compile(&Shelf::default()).expect("a cap")]),
        duplicates: rule("block"),
        ..feed()
    };
    let reason = |feed: &FeedTerms, payout| lets_in(feed, payout).map_err(|r| r.reason());
    assert_eq!(reason(&feed, "11"), Err(ReasonCode::FeedPaused));
    feed.paused = false;
    assert_eq!(reason(&feed, "11"), Err(ReasonCode::CampaignPaused));
    feed.campaign_paused = false;
    assert_eq!(reason(&feed, "11"), Err(ReasonCode::FeedClosed));
    feed.schedule = None;
    assert_eq!(reason(&feed, "11"), Err(ReasonCode::FeedCapped));
    assert_eq!(reason(&feed, "10"), Err(ReasonCode::Duplicate));
    let earlier = Earlier::from(&before());
    feed.duplicates = rule("unpaid");
    let unpaid = LetIn {
        unpaid: Some(earlier),
        flow: None,
    };
    assert_eq!(reason(&feed, "10"), Ok(unpaid));
    feed.duplicates = rule("flow");
    let flow = LetIn {
        unpaid: None,
        flow: Some(earlier),
    };
    assert_eq!(reason(&feed, "10"), Ok(flow));
}
