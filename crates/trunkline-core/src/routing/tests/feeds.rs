//! The gate before contracts: what is not even looked at, in the order of evaluation.

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

/// What a gate says of somebody who came before.
struct At {
    feed: Option<FeedTerms>,
    campaign_paused: bool,
    compliance: Compliance,
    unwanted: bool,
}

impl At {
    fn feed(feed: FeedTerms) -> Self {
        Self {
            feed: Some(feed),
            campaign_paused: false,
            compliance: Compliance::default(),
            unwanted: false,
        }
    }

    fn lets_in(&self, payout: &str) -> Result<LetIn, ReasonCode> {
        let gate = Gate {
            feed: self.feed.as_ref(),
            campaign_paused: self.campaign_paused,
            compliance: &self.compliance,
        };
        let let_in = gate.lets_in(&Coming {
            facts: &plain(),
            comer: &comer(),
            unwanted: self.unwanted,
            past: &[before()],
            uses: &IdMap::default(),
            payout: Some(usd(payout)),
            now: NOW,
        });
        let_in.map_err(|refusal| refusal.reason())
    }
}

#[test]
fn what_comes_is_refused_by_the_first_rule_in_the_order_of_evaluation() {
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
    let mut gate = At {
        compliance: super::compliance::ready(r#"{"do_not_call": ["@1"]}"#),
        unwanted: true,
        ..At::feed(feed.clone())
    };
    assert_eq!(gate.lets_in("11"), Err(ReasonCode::FeedPaused));
    feed.paused = false;
    gate.feed = Some(feed.clone());
    assert_eq!(gate.lets_in("11"), Err(ReasonCode::CampaignPaused));
    feed.campaign_paused = false;
    gate.feed = Some(feed.clone());
    assert_eq!(gate.lets_in("11"), Err(ReasonCode::DoNotCall));
    gate.compliance = Compliance::default();
    assert_eq!(gate.lets_in("11"), Err(ReasonCode::Blocked));
    gate.unwanted = false;
    assert_eq!(gate.lets_in("11"), Err(ReasonCode::FeedClosed));
    feed.schedule = None;
    gate.feed = Some(feed.clone());
    assert_eq!(gate.lets_in("11"), Err(ReasonCode::FeedCapped));
    assert_eq!(gate.lets_in("10"), Err(ReasonCode::Duplicate));
    let earlier = Earlier::from(&before());
    feed.duplicates = rule("unpaid");
    let unpaid = LetIn {
        unpaid: Some(earlier),
        flow: None,
    };
    assert_eq!(At::feed(feed.clone()).lets_in("10"), Ok(unpaid));
    feed.duplicates = rule("flow");
    let flow = LetIn {
        unpaid: None,
        flow: Some(earlier),
    };
    assert_eq!(At::feed(feed).lets_in("10"), Ok(flow));
}

#[test]
fn what_comes_through_no_feed_is_asked_the_same_of_its_campaign() {
    let mut gate = At {
        feed: None,
        campaign_paused: true,
        compliance: super::compliance::ready(r#"{"litigators": ["@1"]}"#),
        unwanted: true,
    };
    assert_eq!(gate.lets_in("1"), Err(ReasonCode::CampaignPaused));
    gate.campaign_paused = false;
    assert_eq!(gate.lets_in("1"), Err(ReasonCode::Litigator));
    gate.compliance = Compliance::default();
    assert_eq!(gate.lets_in("1"), Err(ReasonCode::Blocked));
    gate.unwanted = false;
    assert_eq!(gate.lets_in("1"), Ok(LetIn::default()));
}
