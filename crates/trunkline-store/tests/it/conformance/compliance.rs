//! Who must not be sold is not: neither as a call that came, nor as one that is announced, and nothing is taken, held or
//! booked for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use trunkline_core::base::id::{AccountId, CapId, ItemListId};
use trunkline_core::base::{Country, PhoneNumber, Sha256, sha256_text};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{ComplianceRefusal, ComplianceRules, ItemKind, ItemList, ReasonCode};
use trunkline_engine::directory::SharedDirectory;
use trunkline_engine::distribution::Distribution;
use trunkline_engine::lead::sha256;
use trunkline_engine::ports::distribution::{Campaign, DistributionRecords, ListRow, ThingChange};
use trunkline_engine::ports::{Opportunities, Reservations};
use trunkline_engine::routing::arrival::{Arrival, Came};
use trunkline_engine::routing::rtb::CallBid;

use super::World;
use super::called::{Desk, UNWANTED};
use super::reservations::{adds_up, used};
use super::routed::{FIXED_40, daily};
use super::world::NOON;

const CALLER: u64 = 12_145_550_177;
const OTHER: u64 = 12_145_550_178;

pub(super) fn hash_of(digits: u64) -> Sha256 {
    sha256(PhoneNumber::from_digits(digits).to_string().as_bytes())
}

/// Makes a list of one item.
pub(super) async fn list(
    world: &World,
    directory: &SharedDirectory,
    account: AccountId,
    kind: ItemKind,
    digits: u64,
) -> ItemListId {
    let distribution = Distribution::new(Arc::new(world.store.clone()), directory.clone());
    let id = world.id();
    let row = ListRow {
        id,
        account,
        name: format!("List {id}"),
        kind,
        revision: 0,
        items: 0,
        filled_at: None,
        created_at: NOON,
    };
    distribution.put_list(&row).await.unwrap();
    let item = match kind {
        ItemKind::Hashes => sha256_text(hash_of(digits)),
        _ => PhoneNumber::from_digits(digits).to_string(),
    };
    let items = ItemList::read(kind, [item.as_str()], Country::US).unwrap();
    distribution
        .fill_list(account, id, items, NOON)
        .await
        .unwrap();
    id
}

/// What a campaign says of people who must not be sold.
pub(super) async fn says(
    world: &World,
    directory: &SharedDirectory,
    campaign: &Campaign,
    compliance: ComplianceRules,
) {
    let campaign = Campaign {
        compliance,
        ..campaign.clone()
    };
    let change = ThingChange::Campaign(campaign);
    world.store.put_thing(&change, None).await.unwrap();
    let distribution = Distribution::new(Arc::new(world.store.clone()), directory.clone());
    distribution.reload().await.unwrap();
}

/// Who is on a do-not-call list and who is on one of people who sue, each of the other kind.
async fn forbidden(desk: &Desk<'_>, world: &World) -> [ItemListId; 2] {
    let (directory, account) = (&desk.market.directory, desk.market.account());
    let plain = list(world, directory, account, ItemKind::Numbers, CALLER).await;
    let hashed = list(world, directory, account, ItemKind::Hashes, OTHER).await;
    let rules = ComplianceRules {
        do_not_call: vec![plain],
        litigators: vec![hashed],
        attestation_min: None,
    };
    says(world, directory, &desk.market.things.campaign, rules).await;
    [plain, hashed]
}

async fn desk<'a>(world: &'a World) -> (Desk<'a>, CapId) {
    let cap: CapId = world.id();
    let terms = [
        format!("{{{FIXED_40}, {}}}", daily(cap, 5)),
        "{\"paused\": true}".to_owned(),
    ];
    (Desk::open(world, terms).await, cap)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_must_not_be_sold_is_offered_to_nobody_and_the_record_names_the_list() {
    for world in World::both().await {
        let (desk, cap) = desk(&world).await;
        let (market, account) = (&desk.market, desk.market.account());
        let [plain, hashed] = forbidden(&desk, &world).await;
        for (caller, by) in [
            (CALLER, ComplianceRefusal::DoNotCall(plain)),
            (OTHER, ComplianceRefusal::Litigator(hashed)),
        ] {
            let call = market.call(caller).await;
            let mut planned = market.plan(&call).await;
            let opportunity = planned.record.opportunity.id;
            assert_eq!(planned.record.opportunity.reason, Some(by.reason()));
            assert!(planned.record.planned.is_empty() && planned.record.trace.is_empty());
            let ringing = desk.router.next_to_ring(&mut planned).await.unwrap();
            assert!(ringing.is_empty(), "{ringing:?}");
            let ending = market.ending(call);
            desk.router.end_call(&ending, &mut [planned]).await.unwrap();
            let stored = world.store.opportunity(account, opportunity).await;
            let stored = stored.unwrap().unwrap();
            assert_eq!(stored.stopped_by, Some(by));
            assert_eq!(stored.opportunity.reason, Some(by.reason()));
            assert_eq!(stored.opportunity.ended_at, Some(NOON));
            assert_eq!(stored.opportunity.sold_to, None);
            let reserved = world.store.reservations(opportunity).await.unwrap();
            assert!(reserved.is_empty(), "{reserved:?}");
        }
        // Nothing was used, reserved or booked; and somebody else is sold.
        assert_eq!(used(&world, account, cap).await, []);
        assert_eq!(market.balances().await, BTreeMap::new());
        let call = market.call(OTHER + 1).await;
        let planned = market.plan(&call).await;
        assert_eq!(planned.record.opportunity.reason, None);
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bid_is_given_for_a_caller_who_must_not_be_sold_or_would_be_refused() {
    for world in World::both().await {
        let (desk, cap) = desk(&world).await;
        let account = desk.market.account();
        let [plain, hashed] = forbidden(&desk, &world).await;
        let number = |digits| Some(PhoneNumber::from_digits(digits));
        let do_not_call = Some(ComplianceRefusal::DoNotCall(plain));
        let litigator = Some(ComplianceRefusal::Litigator(hashed));
        for (caller, hash, reason, by) in [
            (number(CALLER), None, ReasonCode::DoNotCall, do_not_call),
            (
                None,
                Some(hash_of(CALLER)),
                ReasonCode::DoNotCall,
                do_not_call,
            ),
            (number(OTHER), None, ReasonCode::Litigator, litigator),
            (None, Some(hash_of(OTHER)), ReasonCode::Litigator, litigator),
            (number(UNWANTED), None, ReasonCode::Blocked, None),
        ] {
            let CallBid::None {
                reason: told,
                opportunity,
            } = desk.ask_of(caller, hash).await
            else {
                panic!("{reason:?}: a bid is given")
            };
            assert_eq!(told, reason);
            let stored = world.store.opportunity(account, opportunity.unwrap()).await;
            let stored = stored.unwrap().unwrap();
            assert_eq!(
                (stored.opportunity.reason, stored.stopped_by),
                (Some(reason), by)
            );
            assert_eq!(
                (stored.opportunity.payout, stored.opportunity.sold_to),
                (None, None)
            );
        }
        assert_eq!(used(&world, account, cap).await, []);
        // Of a hash screening knows nothing.
        let hashed = desk.ask_of(None, Some(hash_of(UNWANTED))).await;
        assert!(matches!(hashed, CallBid::Bid { .. }), "{hashed:?}");
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_call_of_a_bid_tells_is_asked_when_it_comes() {
    for world in World::both().await {
        let (desk, cap) = desk(&world).await;
        let (market, account) = (&desk.market, desk.market.account());
        let list = list(&world, &market.directory, account, ItemKind::Hashes, CALLER).await;
        let rules = ComplianceRules {
            do_not_call: vec![list],
            attestation_min: Some(Vouched::Partial),
            ..ComplianceRules::default()
        };
        says(&world, &market.directory, &market.things.campaign, rules).await;
        let low = ComplianceRefusal::AttestationLow {
            vouched: Vouched::Gateway,
            least: Vouched::Partial,
        };
        for (caller, vouched, stopped) in [
            (
                CALLER,
                Vouched::Full,
                Some(ComplianceRefusal::DoNotCall(list)),
            ),
            (OTHER, Vouched::Gateway, Some(low)),
            (OTHER, Vouched::Partial, None),
        ] {
            // Nobody says who is to call.
            let CallBid::Bid { bid, .. } = desk.ask_of(None, None).await else {
                panic!("it is bid on")
            };
            assert_eq!(used(&world, account, cap).await, [(0, 1)]);
            let (call, arrival) = desk.comes(caller).await;
            assert_eq!(arrival, Arrival::Bid(bid.clone()));
            let came = Came {
                vouched,
                ..desk.came(&call)
            };
            let resumed = desk.rtb.resume(&bid, &came).await.unwrap();
            let mut planned = resumed.expect("its plan");
            assert_eq!(planned.record.stopped_by, stopped);
            let open = planned.record.opportunity.ended_at.is_none();
            assert_eq!(open, stopped.is_none());
            let ringing = desk.router.next_to_ring(&mut planned).await.unwrap();
            assert_eq!(ringing.len(), usize::from(open));
            let ending = market.ending(call);
            desk.router.end_call(&ending, &mut [planned]).await.unwrap();
            let stored = world.store.opportunity(account, bid.opportunity).await;
            let stored = stored.unwrap().unwrap();
            assert_eq!(stored.stopped_by, stopped);
            assert_eq!(stored.opportunity.sold_to, None);
            let payout = stored.opportunity.payout;
            assert!(
                payout.is_none_or(|payout| payout.micros() == 0),
                "{payout:?}"
            );
            if let Some(by) = stopped {
                assert_eq!(stored.opportunity.reason, Some(by.reason()));
            }
            assert_eq!(
                used(&world, account, cap).await,
                [(0, 0)],
                "it is free again"
            );
            assert_eq!(market.balances().await, BTreeMap::new());
            // The next ping is another.
            market.clock.forward(60_000);
        }
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_vouched_for_too_little_is_not_sold() {
    for world in World::both().await {
        let (desk, _) = desk(&world).await;
        let market = &desk.market;
        for (least, reason) in [
            (Vouched::Partial, None),
            (Vouched::Full, Some(ReasonCode::AttestationLow)),
        ] {
            let rules = ComplianceRules {
                attestation_min: Some(least),
                ..ComplianceRules::default()
            };
            says(&world, &market.directory, &market.things.campaign, rules).await;
            let call = market.call(CALLER).await;
            let planned = market.plan(&call).await;
            assert_eq!(planned.record.opportunity.reason, reason);
        }
    }
}
