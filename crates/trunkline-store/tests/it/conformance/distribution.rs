//! A market is set up: publishers, campaigns, buyers and what they say; lists are filled; nothing points to another account.

use std::sync::Arc;

use trunkline_core::base::id::{AccountId, ItemListId};
use trunkline_core::base::{PhoneNumber, Zone};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{
    ComplianceRules, ItemKind, Keep, Layer, RecordingRules, RoutePlan, VersionState,
};
use trunkline_engine::ports::configuration::{Account, Configuration};
use trunkline_engine::ports::distribution::{
    AllDistribution, Buyer, Campaign, Contract, Delivery, Destination, DestinationSecrets,
    DistributionRecords, Feed, FeedKey, ListRow, Publisher, TermsChange, TermsDocument, TermsOf,
    TermsVersion, ThingChange,
};
use trunkline_engine::ports::webhooks::Secret;
use trunkline_engine::ports::{PortError, PortResult};
use trunkline_store::Store;

use super::World;
use super::labels::after;
use super::world::NOON;

/// One of each thing of an account.
pub(crate) struct Things {
    pub(crate) publisher: Publisher,
    pub(crate) campaign: Campaign,
    pub(crate) feed: Feed,
    pub(crate) buyer: Buyer,
    pub(crate) destination: Destination,
    pub(crate) contract: Contract,
}

impl Things {
    pub(crate) fn new(world: &World, account: AccountId) -> Self {
        let publisher = Publisher {
            id: world.id(),
            account,
            name: "Clicks & Co".to_owned(),
            note: "pays on Fridays".to_owned(),
            archived_at: None,
            created_at: NOON,
        };
        let campaign = Campaign {
            id: world.id(),
            account,
            name: "Solar".to_owned(),
            vertical: Some("solar".to_owned()),
            plan: world.id(),
            fields: r#"[{"name": "zip"}]"#.to_owned(),
            leads: trunkline_core::lead::LeadTerms::default(),
            duplicates: serde_json::from_str(r#"[{"scope": "campaign", "action": "block"}]"#)
                .unwrap(),
            compliance: ComplianceRules::default(),
            recordings: RecordingRules::default(),
            paused: true,
            archived_at: None,
            created_at: NOON,
        };
        let feed = Feed {
            id: world.id(),
            account,
            campaign: campaign.id,
            publisher: publisher.id,
            key: FeedKey {
                hash: [u8::try_from(account.raw() & 0xff).unwrap(); 32],
                prefix: "tlf_abcdefgh".to_owned(),
                made_at: NOON,
            },
            form_key: format!("form-{account}"),
            paused: false,
            archived_at: None,
            created_at: NOON,
        };
        let buyer = Buyer {
            id: world.id(),
            account,
            name: "Sunny Roofs".to_owned(),
            company: None,
            credit_limit_micros: Some(5_000_000_000),
            zone: Some(Zone::parse("America/Denver").unwrap()),
            note: String::new(),
            paused: false,
            archived_at: None,
            created_at: NOON,
        };
        let destination = Destination {
            id: world.id(),
            account,
            buyer: buyer.id,
            name: "Front desk".to_owned(),
            delivery: Delivery::Phone(PhoneNumber::from_digits(12_145_559_999)),
            paused: false,
            archived_at: None,
            created_at: NOON,
        };
        let contract = Contract {
            id: world.id(),
            account,
            campaign: campaign.id,
            destination: destination.id,
            name: "Texas".to_owned(),
            paused: false,
            archived_at: None,
            created_at: NOON,
        };
        Self {
            publisher,
            campaign,
            feed,
            buyer,
            destination,
            contract,
        }
    }

    pub(crate) fn changes(&self) -> [ThingChange; 6] {
        [
            ThingChange::Publisher(self.publisher.clone()),
            ThingChange::Campaign(self.campaign.clone()),
            ThingChange::Feed(self.feed.clone()),
            ThingChange::Buyer(self.buyer.clone()),
            ThingChange::Destination(self.destination.clone()),
            ThingChange::Contract(self.contract.clone()),
        ]
    }

    pub(crate) async fn put(&self, store: &Store) {
        for change in self.changes() {
            store.put_thing(&change, None).await.unwrap();
        }
    }

    fn is_all_of(&self, all: &AllDistribution) {
        assert_eq!(all.publishers, std::slice::from_ref(&self.publisher));
        assert_eq!(all.campaigns, std::slice::from_ref(&self.campaign));
        assert_eq!(all.feeds, std::slice::from_ref(&self.feed));
        assert_eq!(all.buyers, std::slice::from_ref(&self.buyer));
        assert_eq!(all.destinations, std::slice::from_ref(&self.destination));
        assert_eq!(all.contracts, std::slice::from_ref(&self.contract));
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is called with what was just answered"
)]
fn is_conflict<T: std::fmt::Debug>(result: PortResult<T>, what: &str) {
    assert!(
        matches!(result, Err(PortError::Conflict(_))),
        "{what}: {result:?}"
    );
}

async fn second_account(world: &World, account: &Account) -> Account {
    let second = Account {
        id: world.id(),
        name: "Second".to_owned(),
        ..account.clone()
    };
    world.store.put_account(&second).await.unwrap();
    second
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_up_of_distribution_is_kept_and_changed() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let account = set_up.account.id;
        let mut things = Things::new(&world, account);
        things.put(store).await;
        let all = store.load_distribution(account).await.unwrap();
        things.is_all_of(&all);
        let later = Some(after(5));
        things.publisher.name = "Clicks".to_owned();
        things.publisher.archived_at = later;
        things.campaign.vertical = None;
        things.campaign.paused = false;
        things.campaign.duplicates.clear();
        things.campaign.compliance = ComplianceRules {
            do_not_call: vec![world.id(), world.id()],
            litigators: vec![world.id()],
            attestation_min: Some(Vouched::Partial),
        };
        things.campaign.recordings.keep = Keep::Days(30);
        things.feed.key.hash = [9; 32];
        things.feed.key.made_at = after(5);
        things.feed.paused = true;
        things.buyer.credit_limit_micros = None;
        things.buyer.zone = None;
        things.contract.name = "Oklahoma".to_owned();
        things.contract.archived_at = later;
        for delivery in [
            Delivery::Sip("sip:sales@pbx.example".to_owned()),
            Delivery::Http(r#"{"url": "https://buyer.example"}"#.to_owned()),
            Delivery::Email("leads@buyer.example".to_owned(), None),
            Delivery::Email("leads@buyer.example".to_owned(), Some("{}".to_owned())),
            Delivery::None,
        ] {
            things.destination.delivery = delivery;
            things.put(store).await;
            let all = store.load_distribution(account).await.unwrap();
            things.is_all_of(&all);
        }
        // Secrets lie sealed, are replaced whole, and belong to the destination of that account.
        let destination = things.destination.id;
        let secrets = |account, all: &[(&str, &str)]| DestinationSecrets {
            destination,
            account,
            secrets: all
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Secret::new(*text)))
                .collect(),
        };
        for all in [&[("a", "1"), ("b", "2")][..], &[("b", "3")], &[]] {
            let own = secrets(account, all);
            store.put_secrets(&own, NOON).await.unwrap();
            let found = store.load_distribution(account).await.unwrap().secrets;
            assert_eq!(found, Vec::from_iter((!all.is_empty()).then_some(own)));
        }
        let strange = secrets(world.id(), &[("a", "1")]);
        is_conflict(store.put_secrets(&strange, NOON).await, "another account's");
        let found = store.load_distribution(account).await.unwrap().secrets;
        assert_eq!(found, []);
        // Of the number and the pool only the feed is new.
        let (mut number, mut pool) = (set_up.numbers[0].clone(), set_up.pool.clone());
        number.feed = Some(things.feed.id);
        pool.feed = Some(things.feed.id);
        store.put_number(&number).await.unwrap();
        store.put_pool(&pool).await.unwrap();
        let all = store.load().await.unwrap();
        assert!(all.numbers.contains(&number) && all.pools.contains(&pool));
        number.feed = Some(world.id());
        is_conflict(store.put_number(&number).await, "a feed that is not there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_points_to_another_account_and_names_are_each_ones_own() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let own = Things::new(&world, set_up.account.id);
        own.put(store).await;
        let second = second_account(&world, &set_up.account).await;
        let theirs = Things::new(&world, second.id);
        theirs.put(store).await;
        let all = store.load_distribution(second.id).await.unwrap();
        theirs.is_all_of(&all);

        let fresh = |world: &World| {
            let mut things = Things::new(world, second.id);
            things.contract.name = "Other".to_owned();
            things.contract.campaign = theirs.campaign.id;
            things.contract.destination = theirs.destination.id;
            things.destination.name = "Other".to_owned();
            things.destination.buyer = theirs.buyer.id;
            things.feed.form_key = "other".to_owned();
            things.feed.key.hash = [77; 32];
            things.feed.publisher = theirs.publisher.id;
            things.feed.campaign = theirs.campaign.id;
            things
        };
        let foreign = |change: fn(&mut Things, &Things)| {
            let mut things = fresh(&world);
            change(&mut things, &own);
            things
        };
        let put = async |change: ThingChange| store.put_thing(&change, None).await;
        let things = foreign(|t, own| t.contract.campaign = own.campaign.id);
        is_conflict(
            put(ThingChange::Contract(things.contract)).await,
            "a contract for another account's campaign",
        );
        let things = foreign(|t, own| t.contract.destination = own.destination.id);
        is_conflict(
            put(ThingChange::Contract(things.contract)).await,
            "a contract with another account's destination",
        );
        let things = foreign(|t, own| t.destination.buyer = own.buyer.id);
        is_conflict(
            put(ThingChange::Destination(things.destination)).await,
            "a destination of another account's buyer",
        );
        let things = foreign(|t, own| t.feed.publisher = own.publisher.id);
        is_conflict(
            put(ThingChange::Feed(things.feed)).await,
            "a feed of another account's publisher",
        );
        let things = foreign(|t, own| t.feed.campaign = own.campaign.id);
        is_conflict(
            put(ThingChange::Feed(things.feed)).await,
            "a feed for another account's campaign",
        );
        let things = foreign(|t, own| {
            t.buyer.name = "Other".to_owned();
            t.buyer.company = Some(own.buyer.id);
        });
        is_conflict(
            put(ThingChange::Buyer(things.buyer)).await,
            "a company of another account",
        );
        // Rows cannot be taken over.
        let mut taken = own.campaign.clone();
        taken.account = second.id;
        is_conflict(
            put(ThingChange::Campaign(taken)).await,
            "another account's campaign",
        );
        // Names, keys and pairs that are there already.
        let things = fresh(&world);
        is_conflict(
            put(ThingChange::Publisher(things.publisher)).await,
            "the name of a publisher",
        );
        let things = fresh(&world);
        is_conflict(
            put(ThingChange::Feed(things.feed)).await,
            "a second feed of a publisher for a campaign",
        );
        let mut put_away = theirs.buyer.clone();
        put_away.archived_at = Some(NOON);
        put(ThingChange::Buyer(put_away)).await.unwrap();
        let things = fresh(&world);
        put(ThingChange::Buyer(things.buyer))
            .await
            .expect("the name is free again");
        let all = store.load_distribution(set_up.account.id).await.unwrap();
        own.is_all_of(&all);
    }
}

fn layer(json: &str) -> TermsDocument {
    let layer: Layer = serde_json::from_str(json).unwrap();
    TermsDocument::Layer(Arc::new(layer))
}

fn version(of: TermsOf, account: AccountId, number: u32, json: &str) -> TermsVersion {
    TermsVersion {
        of,
        account,
        version: number,
        document: layer(json),
        state: VersionState::Live,
        live_at: NOON,
        made_at: NOON,
        made_by: None,
        restores: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_follow_each_other_and_of_two_editors_one_is_told() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let account = set_up.account.id;
        let things = Things::new(&world, account);
        let of = TermsOf::from(things.contract.id);
        for change in &things.changes()[..5] {
            store.put_thing(change, None).await.unwrap();
        }
        let first = version(of, account, 1, "{}");
        let contract = ThingChange::Contract(things.contract.clone());
        store.put_thing(&contract, Some(&first)).await.unwrap();
        let in_force = async || store.load_distribution(account).await.unwrap().terms;
        assert_eq!(in_force().await, std::slice::from_ref(&first));

        let staged = TermsVersion {
            state: VersionState::Staged,
            live_at: after(10),
            made_by: Some(world.id()),
            ..version(of, account, 2, r#"{"weight": 2}"#)
        };
        let change = |version: &TermsVersion, live, withdraws| TermsChange {
            version: version.clone(),
            live,
            withdraws,
        };
        store
            .change_terms(&change(&staged, Some(1), None))
            .await
            .unwrap();
        assert_eq!(in_force().await, [first.clone(), staged.clone()]);
        // Somebody who did not see what is to come, and somebody who saw another version in force.
        let third = version(of, account, 3, r#"{"weight": 3}"#);
        let second_staged = TermsVersion {
            state: VersionState::Staged,
            ..third.clone()
        };
        let blind = change(&second_staged, Some(1), None);
        is_conflict(store.change_terms(&blind).await, "two to come");
        let late = change(&third, Some(2), Some(2));
        is_conflict(store.change_terms(&late).await, "not the one in force");
        let same = TermsVersion {
            version: 2,
            ..third.clone()
        };
        let same = change(&same, Some(1), Some(2));
        is_conflict(store.change_terms(&same).await, "a number twice");
        assert_eq!(in_force().await, [first.clone(), staged.clone()]);

        assert!(!store.go_live(of, 1, after(10)).await.unwrap());
        assert!(store.go_live(of, 2, after(11)).await.unwrap());
        assert!(!store.go_live(of, 2, after(12)).await.unwrap());
        let second = TermsVersion {
            state: VersionState::Live,
            live_at: after(11),
            ..staged
        };
        assert_eq!(in_force().await, std::slice::from_ref(&second));

        let staged = TermsVersion {
            state: VersionState::Staged,
            restores: Some(1),
            ..version(of, account, 3, "{}")
        };
        store
            .change_terms(&change(&staged, Some(2), None))
            .await
            .unwrap();
        assert!(store.withdraw_terms(of, 3).await.unwrap());
        assert!(!store.withdraw_terms(of, 3).await.unwrap());
        let fourth = version(of, account, 4, r#"{"weight": 4}"#);
        store
            .change_terms(&change(&fourth, Some(2), None))
            .await
            .unwrap();
        assert_eq!(in_force().await, std::slice::from_ref(&fourth));
        let all = store.terms_versions(of, None, 10).await.unwrap();
        let told: Vec<_> = all.iter().map(|v| (v.version, v.state)).collect();
        assert_eq!(
            told,
            [
                (4, VersionState::Live),
                (3, VersionState::Withdrawn),
                (2, VersionState::Past),
                (1, VersionState::Past)
            ]
        );
        let below = store.terms_versions(of, Some(3), 1).await.unwrap();
        assert_eq!(below.len(), 1);
        assert_eq!(below[0].version, 2);
        let one = store.terms_version(of, 2).await.unwrap().unwrap();
        assert_eq!(one.document, second.document);
        assert_eq!(store.terms_version(of, 9).await.unwrap(), None);
        // An account that never said anything.
        let of_account = version(account.into(), account, 1, r#"{"weight": 9}"#);
        store
            .change_terms(&change(&of_account, None, None))
            .await
            .unwrap();
        let again = change(&of_account, None, None);
        is_conflict(store.change_terms(&again).await, "a first version twice");
        let plan: RoutePlan = serde_json::from_str(
            r#"{"schema": 1, "start": "a", "groups": {"a": {"method": "waterfall", "members": []}}}"#,
        )
        .unwrap();
        let of_plan = TermsVersion {
            document: TermsDocument::Plan(Arc::new(plan)),
            ..version(things.campaign.plan.into(), account, 1, "{}")
        };
        store
            .change_terms(&change(&of_plan, None, None))
            .await
            .unwrap();
        let mut terms = in_force().await;
        terms.sort_by_key(|v| v.of.id);
        assert!(terms.contains(&of_plan) && terms.contains(&of_account));
    }
}

async fn items(store: &Store, list: ItemListId, revision: i64) -> String {
    let mut all = String::new();
    let mut next = 0;
    while let Some((part, items)) = store.list_part(list, revision, next).await.unwrap() {
        all.push_str(&items);
        next = part + 1;
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_a_list_count_all_at_once() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let account = set_up.account.id;
        let list = ListRow {
            id: world.id(),
            account,
            name: "Never call".to_owned(),
            kind: ItemKind::Texts,
            revision: 0,
            items: 0,
            filled_at: None,
            created_at: NOON,
        };
        store.put_list(&list).await.unwrap();
        let same = ListRow {
            id: world.id(),
            ..list.clone()
        };
        is_conflict(store.put_list(&same).await, "the name of a list");
        let parts: Vec<String> = (0..40).map(|n| format!("item {n}\n")).collect();
        let (early, late) = parts.split_at(30);
        store.add_list_parts(list.id, 1, 0, early).await.unwrap();
        let lists = async || store.load_distribution(account).await.unwrap().lists;
        assert_eq!(
            lists().await,
            std::slice::from_ref(&list),
            "nothing counts yet"
        );
        store.add_list_parts(list.id, 1, 30, late).await.unwrap();
        let filled = ListRow {
            revision: 1,
            items: 40,
            filled_at: Some(after(1)),
            ..list.clone()
        };
        store.fill_list(&filled).await.unwrap();
        is_conflict(store.fill_list(&filled).await, "a revision twice");
        assert_eq!(lists().await, std::slice::from_ref(&filled));
        assert_eq!(items(store, list.id, 1).await, parts.concat());
        // The next filling stops half-way; then one comes through, and what does not count goes.
        store.add_list_parts(list.id, 2, 0, early).await.unwrap();
        let mut gone = 0;
        loop {
            let some = store.tidy_list(list.id, 1).await.unwrap();
            gone += some;
            if some == 0 {
                break;
            }
        }
        assert_eq!(gone, 30);
        let renamed = ListRow {
            name: "Litigators".to_owned(),
            ..filled.clone()
        };
        store.put_list(&renamed).await.unwrap();
        assert_eq!(lists().await, std::slice::from_ref(&renamed));
        is_conflict(store.delete_list(account, list.id).await, "it has parts");
        let emptied = ListRow {
            revision: 2,
            items: 0,
            ..renamed
        };
        store.fill_list(&emptied).await.unwrap();
        while store.tidy_list(list.id, 2).await.unwrap() > 0 {}
        let stranger = AccountId::from_raw(account.raw() + 1);
        assert!(!store.delete_list(stranger, list.id).await.unwrap());
        assert!(store.delete_list(account, list.id).await.unwrap());
        assert!(!store.delete_list(account, list.id).await.unwrap());
        assert_eq!(lists().await, []);
    }
}
