//! Accounts at carriers, purchases of numbers, and what numbers cost.

use trunkline_core::base::{Country, Currency, Money, PhoneNumber};
use trunkline_engine::ports::CarrierRecords;
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierName, Holding, LineKind, Purchase, PurchaseState,
};
use trunkline_engine::ports::configuration::Configuration;
use trunkline_engine::ports::webhooks::{Dialect, Secret};

use super::World;
use super::configuration::is_conflict;
use super::world::{MINUTE, NOON, SetUp};

const EUR: &str = "EUR";

fn money(micros: i64) -> Money {
    Money::from_micros(micros, Currency::USD)
}

fn purchase(world: &World, set_up: &SetUp, digits: u64) -> Purchase {
    Purchase {
        id: world.id(),
        account: set_up.account.id,
        trunk: set_up.trunk.profile.id,
        phone: PhoneNumber::from_digits(digits),
        country: Country::US,
        kind: LineKind::TollFree,
        place: "Dallas, TX".to_owned(),
        monthly: money(1_150_000),
        setup: money(500_000),
        number: world.id(),
        business_line: PhoneNumber::from_digits(12_142_345_678),
        pool: Some(set_up.pool.id),
        label: "Flyer".to_owned(),
        state: PurchaseState::Offered,
        trouble: String::new(),
        offered_by: None,
        offered_at: NOON,
        sent_at: None,
        settled_at: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_account_is_sealed_loaded_replaced_and_forgotten() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let loaded = async || store.load().await.unwrap().carriers;
        let mut carrier = CarrierAccount {
            trunk: set_up.trunk.profile.id,
            dialect: Dialect::SignalWire,
            api_url: Some("https://a.signalwire.example".to_owned()),
            user: "project".to_owned(),
            key: Secret::new("a key nobody may see"),
            sip_connection: None,
            own_price: Some(Money::from_micros(500_000, EUR.parse().unwrap())),
            set_at: NOON,
        };
        assert_eq!(loaded().await, []);
        store.put_carrier(&carrier).await.unwrap();
        assert_eq!(loaded().await, [carrier.clone()]);
        carrier.dialect = Dialect::Telnyx;
        carrier.key = Secret::new("a new one");
        carrier.api_url = None;
        carrier.own_price = None;
        carrier.sip_connection = Some("12345".to_owned());
        store.put_carrier(&carrier).await.unwrap();
        assert_eq!(loaded().await, [carrier.clone()]);
        assert!(!format!("{carrier:?}").contains("a new one"));
        assert!(store.delete_carrier(carrier.trunk).await.unwrap());
        assert!(!store.delete_carrier(carrier.trunk).await.unwrap());
        assert_eq!(loaded().await, []);
        // A trunk that goes takes it along.
        store.put_carrier(&carrier).await.unwrap();
        for number in &set_up.numbers {
            store.delete_number(number.id).await.unwrap();
        }
        assert!(store.delete_trunk(carrier.trunk).await.unwrap());
        assert_eq!(loaded().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_sent_once_and_decided_once() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let other = world.set_up().await;
        let store = &world.store;
        let one = purchase(&world, &set_up, 12_145_550_701);
        store.put_offer(&one).await.unwrap();
        let read = async |id| store.purchase(one.account, id).await.unwrap();
        assert_eq!(read(one.id).await, Some(one.clone()));
        let strange = store.purchase(other.account.id, one.id).await.unwrap();
        assert_eq!(strange, None, "another account's");
        let listed = async || store.purchases(one.account, 10).await.unwrap();
        assert_eq!(listed().await, [], "an offer is no purchase yet");

        let later = NOON.plus_millis(MINUTE);
        let early = store.settle(one.id, PurchaseState::Bought, "", later);
        assert!(!early.await.unwrap(), "it was not sent");
        assert!(store.send(one.id, later).await.unwrap());
        assert!(!store.send(one.id, later).await.unwrap(), "once");
        // The same number, wanted by somebody else meanwhile.
        let two = purchase(&world, &other, 12_145_550_701);
        store.put_offer(&two).await.unwrap();
        assert!(is_conflict(&store.send(two.id, later).await));
        let sending = Purchase {
            state: PurchaseState::Sending,
            sent_at: Some(later),
            ..one.clone()
        };
        assert_eq!(store.sending(10).await.unwrap(), [sending]);
        assert!(store.newest_id().await.unwrap() >= two.id.raw());

        let why = "the number was sold meanwhile";
        let refused = PurchaseState::Refused;
        assert!(store.settle(one.id, refused, why, later).await.unwrap());
        let again = store.settle(one.id, PurchaseState::Bought, "", later);
        assert!(!again.await.unwrap(), "what is decided stays");
        let decided = Purchase {
            state: refused,
            trouble: why.to_owned(),
            sent_at: Some(later),
            settled_at: Some(later),
            ..one.clone()
        };
        assert_eq!(listed().await, [decided]);
        assert_eq!(store.sending(10).await.unwrap(), []);
        // Nobody buys it any more: the other one may.
        assert!(store.send(two.id, later).await.unwrap());
        // Whoever was looked up longest ago comes first.
        let three = purchase(&world, &set_up, 12_145_550_702);
        store.put_offer(&three).await.unwrap();
        assert!(store.send(three.id, later).await.unwrap());
        let turns = async || {
            let sending = store.sending(10).await.unwrap();
            sending.iter().map(|p| p.id).collect::<Vec<_>>()
        };
        assert_eq!(turns().await, [two.id, three.id]);
        store.looked_up(two.id, later).await.unwrap();
        assert_eq!(turns().await, [three.id, two.id]);
        let next = later.plus_millis(1);
        store.looked_up(three.id, next).await.unwrap();
        assert_eq!(turns().await, [two.id, three.id]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_that_nobody_accepted_are_forgotten_and_nothing_else() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let mut phone = 12_145_550_701;
        let mut offer = async |offered_at| {
            phone += 1;
            let offer = Purchase {
                offered_at,
                ..purchase(&world, &set_up, phone)
            };
            store.put_offer(&offer).await.unwrap();
            offer
        };
        let later = NOON.plus_millis(MINUTE);
        for state in PurchaseState::ALL {
            let one = offer(NOON).await;
            if state != PurchaseState::Offered {
                assert!(store.send(one.id, NOON).await.unwrap());
                store.settle(one.id, state, "", NOON).await.unwrap();
            }
        }
        let second = offer(NOON).await;
        let young = offer(later).await;
        let forget = async |limit| store.forget_offers(later, limit).await.unwrap();
        assert_eq!(forget(1).await, 1, "the oldest first");
        let there = async |one: &Purchase| {
            let found = store.purchase(one.account, one.id).await.unwrap();
            found.is_some()
        };
        assert!(there(&second).await);
        assert_eq!(forget(10).await, 1);
        assert_eq!(forget(10).await, 0);
        assert!(!there(&second).await);
        assert!(there(&young).await);
        let kept = store.purchases(young.account, 10).await.unwrap();
        assert_eq!(kept.len(), PurchaseState::ALL.len() - 1, "{kept:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_number_costs_stays_on_it_whatever_else_is_changed() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let mut number = set_up.numbers[0].clone();
        let mut holding = Holding {
            number: number.id,
            name: "PN1".to_owned(),
            by: Some(CarrierName {
                dialect: Dialect::SignalWire,
                api_url: Some("https://example.signalwire.com".to_owned()),
                user: "project".to_owned(),
            }),
            monthly: money(1_150_000),
            setup: money(0),
            bought_at: NOON,
            given_back_at: None,
        };
        let loaded = async || store.load().await.unwrap().holdings;
        assert_eq!(loaded().await, []);
        store.put_holding(&holding).await.unwrap();
        assert_eq!(loaded().await, [holding.clone()]);
        assert_eq!(store.load().await.unwrap().given_back, []);
        number.label = "Renamed".to_owned();
        store.put_number(&number).await.unwrap();
        assert_eq!(loaded().await, [holding.clone()]);
        let later = NOON.plus_millis(MINUTE);
        store.given_back(number.id, later).await.unwrap();
        store
            .given_back(number.id, later.plus_millis(1))
            .await
            .unwrap();
        holding.given_back_at = Some(later);
        assert_eq!(loaded().await, [holding.clone()], "the first time stays");
        // Bought again, by an account without a name.
        holding.given_back_at = None;
        holding.by = Some(CarrierName {
            dialect: Dialect::Telnyx,
            api_url: None,
            user: String::new(),
        });
        store.put_holding(&holding).await.unwrap();
        assert_eq!(loaded().await, [holding]);
        // One that was never bought here is given back too.
        let by_hand = set_up.numbers[1].id;
        store.given_back(by_hand, later).await.unwrap();
        assert_eq!(store.load().await.unwrap().given_back, [by_hand]);
    }
}
