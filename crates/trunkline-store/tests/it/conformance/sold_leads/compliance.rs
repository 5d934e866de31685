//! A lead of somebody who must not be sold is refused as a ping and as a post, and no buyer hears of it.

use trunkline_core::lead::{LeadTerms, RunState};
use trunkline_core::routing::{ComplianceRules, ItemKind, ReasonCode};
use trunkline_engine::lead::Sent;
use trunkline_engine::ports::Opportunities;
use trunkline_engine::ports::leads::{CameBy, LeadEventKind, Leads};

use super::super::World;
use super::super::compliance::{list, says};
use super::super::reservations::adds_up;
use super::market::*;

const FORBIDDEN: [(&str, u64, ReasonCode); 2] = [
    ("2145550177", 12_145_550_177, ReasonCode::DoNotCall),
    ("2145550178", 12_145_550_178, ReasonCode::Litigator),
];

/// The first is on a list of hashes, the second on one of numbers.
async fn forbid(world: &World, market: &Market<'_>) {
    let (directory, account) = (&market.directory, market.account);
    let [(_, first, _), (_, second, _)] = FORBIDDEN;
    let rules = ComplianceRules {
        do_not_call: vec![list(world, directory, account, ItemKind::Hashes, first).await],
        litigators: vec![list(world, directory, account, ItemKind::Numbers, second).await],
        attestation_min: None,
    };
    says(world, directory, &market.things.campaign, rules).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_of_somebody_who_must_not_be_sold_is_refused_and_no_buyer_hears_of_it() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        forbid(&world, &market).await;
        for (phone, _, reason) in FORBIDDEN {
            let row = market.post(phone).await.unwrap().lead;
            assert_eq!(row.run.state, RunState::Rejected, "{reason:?}");
            assert_eq!(row.reason.as_deref(), Some(reason.word()));
            assert_eq!((row.revenue, row.payout), (None, None));
            assert!(market.has(row.id).is_empty());
            let events = world.store.lead_events(row.id).await.unwrap();
            let refused = events.iter().map(|row| &row.event);
            let refused: Vec<_> = refused
                .filter(|event| event.kind == LeadEventKind::Refused)
                .collect();
            let [refused] = refused[..] else {
                panic!("{events:?}")
            };
            assert!(
                refused.told.starts_with("The number is on List "),
                "{}",
                refused.told
            );

            let ping = Sent {
                by: CameBy::Ping,
                ..market.sent(&[("phone", phone), ("zip", "75201")])
            };
            let row = market.desk.ping(ping).await.unwrap().lead;
            assert_eq!(row.run.state, RunState::PingRejected, "{reason:?}");
            assert_eq!(row.reason.as_deref(), Some(reason.word()));
            let stored = world.store.opportunity(market.account, row.id).await;
            let stored = stored.unwrap().unwrap();
            assert_eq!(stored.stopped_by.map(|by| by.reason()), Some(reason));
            assert!(stored.trace.is_empty(), "no contract was looked at");
        }
        assert_eq!(market.money().await, (std::collections::BTreeMap::new(), 0));
        let row = market.post("2145550179").await.unwrap().lead;
        assert_eq!(row.run.state, RunState::Sold);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_the_post_of_a_ping_tells_is_looked_for_then_and_what_was_held_is_free() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        forbid(&world, &market).await;
        let ping = Sent {
            by: CameBy::Ping,
            ..market.sent(&[("zip", "75201")])
        };
        let pinged = market.desk.ping(ping).await.unwrap().lead;
        assert_eq!(pinged.held.len(), 1);
        let (phone, _, reason) = FORBIDDEN[0];
        let sent = market.sent(&[("phone", phone), ("zip", "75201")]);
        let posted = market.desk.post_of_ping(pinged.id, sent).await.unwrap();
        assert_eq!(posted.lead.run.state, RunState::Rejected);
        assert_eq!(posted.lead.reason.as_deref(), Some(reason.word()));
        assert!(posted.lead.held.is_empty() && market.has(pinged.id).is_empty());
        assert_eq!(market.money().await, (std::collections::BTreeMap::new(), 0));
        adds_up(&world, market.account).await;
    }
}
