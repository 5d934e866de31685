//! What is set up.

use std::sync::Arc;

use trunkline_core::assignment::SiteContent;
use trunkline_core::base::{Currency, Money, PhoneNumber, Timestamp};
use trunkline_core::call::RecordingConsent;
use trunkline_core::call::flow::FlowDocument;
use trunkline_core::call::trunk::{
    CallerIdPolicy, CallerShown, Increments, LegRate, NumberFormats, NumberStyle, Prefix, RateCard,
};
use trunkline_engine::call::control::Transport;
use trunkline_engine::call::trunk::{HostPort, Secret, TrunkSettings};
use trunkline_engine::ports::calls::{CallChange, CallRecords};
use trunkline_engine::ports::configuration::{Configuration, Flow, FlowVersion};
use trunkline_engine::ports::history::Record;
use trunkline_engine::ports::sounds::{PromptRow, SoundHash};
use trunkline_engine::ports::{History, PortError};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location, Statement};

use trunkline_core::assignment::NumberStage;

use super::World;
use super::world::{KEY, NOON, number, open, trunk};

pub(super) fn is_conflict<T: std::fmt::Debug>(result: &Result<T, PortError>) -> bool {
    matches!(result, Err(PortError::Conflict(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_put_is_loaded_again() {
    for world in World::both().await {
        let mut set_up = world.set_up().await;
        let store = &world.store;
        let load = async || store.load().await.unwrap();
        for _ in 0..2 {
            let all = load().await;
            assert_eq!(all.accounts, vec![set_up.account.clone()]);
            assert_eq!(all.trunks, vec![set_up.trunk.clone()]);
            assert_eq!(all.sites, vec![set_up.site.clone()]);
            assert_eq!(all.pools, vec![set_up.pool.clone()]);
            assert_eq!(all.numbers, set_up.numbers);
            assert_eq!(all.flows, vec![set_up.flow.clone()]);
            set_up.account.name = "New name".to_owned();
            set_up.account.toll.countries_allowed.clear();
            set_up.account.toll.daily_spend_max = None;
            set_up.account.recording_consent = RecordingConsent::ByLaw;
            set_up.account.recording_keep_days = Some(90);
            set_up.account.qualified_seconds = 45;
            set_up.trunk.peer_host = Some("sip.carrier.example".to_owned());
            set_up.trunk.profile.peer = None;
            set_up.trunk.account = Some(set_up.account.id);
            set_up.trunk.profile.transport = Transport::Tls;
            set_up.trunk.profile.settings = registered();
            set_up.site.hosts.clear();
            set_up.site.config_version += 1;
            set_up.pool.strict = false;
            set_up.flow.edits += 1;
            set_up.flow.archived_at = Some(NOON);
            set_up.flow.published = Some(version(4, NOON));
            set_up.site.flow = Some(set_up.flow.id);
            set_up.numbers[1].stage = NumberStage::Quarantine;
            set_up.numbers[1].stage_since = NOON;
            set_up.pool.rule.page = "/roofing".to_owned();
            set_up.pool.rule.sources.medium = Some("cpc".to_owned());
            set_up.numbers[1].selector.source = Some("google".to_owned());
            store.put_account(&set_up.account).await.unwrap();
            store.put_trunk(&set_up.trunk).await.unwrap();
            store.put_flow(&set_up.flow).await.unwrap();
            store.put_site(&set_up.site).await.unwrap();
            store.put_pool(&set_up.pool).await.unwrap();
            store.put_number(&set_up.numbers[1]).await.unwrap();
        }
    }
}

fn rates() -> RateCard {
    let rate = |micros, first_s, next_s| {
        let per_minute = Money::from_micros(micros, Currency::USD);
        LegRate::new(per_minute, Increments::new(first_s, next_s).unwrap()).unwrap()
    };
    let prefix = |text| Prefix::parse(text).unwrap();
    let prefixes = vec![
        (prefix("+1"), rate(12_000, 60, 60)),
        (prefix("+4477"), rate(40_001, 30, 6)),
    ];
    RateCard::new(Currency::USD, Some(rate(5_500, 6, 6)), None, prefixes).unwrap()
}

/// Settings with something in every field that is stored.
fn registered() -> TrunkSettings {
    TrunkSettings {
        registers: true,
        user: Some("acme".to_owned()),
        password: Some(Secret::new(PASSWORD.to_owned())),
        registrar: HostPort::parse("registrar.carrier.example:5062"),
        proxy: HostPort::parse("[2001:db8::9]:5063"),
        tls_ca: Some("-----BEGIN CERTIFICATE-----".into()),
        priority: 7,
        formats: NumberFormats {
            style: NumberStyle::National,
            country: Some("GB".parse().unwrap()),
            international_prefix: "00".to_owned(),
            prefix_in: "55".to_owned(),
            prefix_out: "77#".to_owned(),
        },
        caller_id: CallerIdPolicy {
            shown: CallerShown::Fixed,
            fixed: Some(PhoneNumber::from_digits(12_145_550_111)),
            asserted: true,
            diversion: true,
            trusted: false,
        },
        rates: Some(Arc::new(rates())),
        ..TrunkSettings::default()
    }
}

/// The sealed passwords as they are stored.
async fn sealed_of(world: &World) -> Vec<Vec<u8>> {
    let select = Statement {
        name: "sealed passwords",
        sql: "SELECT sealed FROM credential WHERE kind = 'trunk_password'",
    };
    let rows = world.store.db().read(select, Vec::new()).await.unwrap();
    rows.iter().map(|row| row.get("sealed").unwrap()).collect()
}

const PASSWORD: &str = "correct horse battery staple";

#[tokio::test(flavor = "multi_thread")]
async fn a_trunks_password_is_sealed_and_goes_with_it() {
    for world in World::both().await {
        let mut trunk = trunk(world.id());
        trunk.profile.settings = registered();
        let stored = async || world.store.load().await.unwrap().trunks;
        world.store.put_trunk(&trunk).await.unwrap();
        assert_eq!(stored().await, vec![trunk.clone()]);
        let sealed = sealed_of(&world).await;
        assert_eq!(sealed.len(), 1);
        let holds = |bytes: &[u8]| {
            let mut parts = bytes.windows(PASSWORD.len());
            parts.any(|part| part == PASSWORD.as_bytes())
        };
        assert!(!holds(&sealed[0]));

        trunk.profile.settings.password = Some(Secret::new("another".to_owned()));
        world.store.put_trunk(&trunk).await.unwrap();
        assert_eq!(stored().await, vec![trunk.clone()]);
        assert_ne!(sealed_of(&world).await, sealed);

        trunk.profile.settings.password = None;
        world.store.put_trunk(&trunk).await.unwrap();
        assert_eq!(stored().await, vec![trunk.clone()]);
        assert!(sealed_of(&world).await.is_empty());

        trunk.profile.settings.password = Some(Secret::new(PASSWORD.to_owned()));
        world.store.put_trunk(&trunk).await.unwrap();
        assert!(world.store.delete_trunk(trunk.profile.id).await.unwrap());
        assert!(stored().await.is_empty());
        assert!(sealed_of(&world).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_sound_gets_another_name_and_keeps_what_it_sounds_like() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let mut prompt = PromptRow {
            id: world.id(),
            account,
            name: "Greeting".to_owned(),
            hash: SoundHash([0xa5; 32]),
            duration_ms: 1_200,
            bytes: 19_244,
            created_at: NOON,
        };
        let load = async || store.load().await.unwrap().prompts;
        store.put_prompt(&prompt).await.unwrap();
        assert_eq!(load().await, vec![prompt.clone()]);
        let twin = PromptRow {
            id: world.id(),
            ..prompt.clone()
        };
        store.put_prompt(&twin).await.unwrap();
        prompt.name = "Hello".to_owned();
        let other = PromptRow {
            hash: SoundHash([1; 32]),
            duration_ms: 1,
            ..prompt.clone()
        };
        store.put_prompt(&other).await.unwrap();
        assert_eq!(load().await, vec![prompt.clone(), twin.clone()]);
        assert!(store.delete_prompt(prompt.id).await.unwrap());
        assert!(!store.delete_prompt(prompt.id).await.unwrap());
        assert_eq!(load().await, vec![twin]);
    }
}

/// A published version of a flow.
fn version(version: i64, at: Timestamp) -> FlowVersion {
    FlowVersion {
        version,
        document: Arc::new(FlowDocument::forward()),
        at,
        by: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_editors_of_a_flow_the_later_one_is_told() {
    for world in World::both().await {
        let flow = world.set_up().await.flow;
        let store = &world.store;
        let stored = async || store.load().await.unwrap().flows.remove(0);
        let mut ours = flow.clone();
        ours.edits += 1;
        ours.name = "Ours".to_owned();
        let mut theirs = flow.clone();
        theirs.edits += 1;
        theirs.name = "Theirs".to_owned();
        theirs.published = Some(version(4, NOON));
        store.put_flow(&ours).await.unwrap();
        assert!(is_conflict(&store.put_flow(&theirs).await));
        assert!(is_conflict(&store.put_flow(&flow).await));
        assert_eq!(stored().await, ours);
        assert_eq!(
            store.flow_version(flow.id, 4).await.unwrap(),
            None,
            "nothing of a change that was refused is kept"
        );
        theirs.edits = ours.edits + 1;
        store.put_flow(&theirs).await.unwrap();
        assert_eq!(stored().await, theirs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn published_versions_of_a_flow_are_kept_as_they_were_and_a_draft_has_none() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let mut flow = set_up.flow.clone();
        for number in 4..=6 {
            flow.edits += 1;
            flow.published = Some(version(number, NOON.plus_millis(number)));
            store.put_flow(&flow).await.unwrap();
        }
        flow.edits += 1;
        let mut changed = version(6, NOON);
        changed.document = Arc::new(FlowDocument::ring_nobody());
        flow.published = Some(changed);
        store.put_flow(&flow).await.unwrap();
        let listed = store.flow_versions(flow.id, 3).await.unwrap();
        let expected = [6, 5, 4].map(|n| version(n, NOON.plus_millis(n)));
        assert_eq!(listed, expected, "a version is never written over");
        let third = store.flow_version(flow.id, 3).await.unwrap();
        assert_eq!(third, set_up.flow.published);
        assert!(
            is_conflict(&store.delete_flow(flow.id).await),
            "numbers and versions name it"
        );
        let draft = Flow {
            id: world.id(),
            published: None,
            ..flow
        };
        store.put_flow(&draft).await.unwrap();
        assert!(store.load().await.unwrap().flows.contains(&draft));
        assert!(store.delete_flow(draft.id).await.unwrap());
        assert!(!store.delete_flow(draft.id).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sites_targets_are_replaced_in_order_and_never_taken_from_under_a_pool() {
    for world in World::both().await {
        let mut set_up = world.set_up().await;
        let store = &world.store;
        set_up.site.targets.reverse();
        store.put_site(&set_up.site).await.unwrap();
        assert_eq!(
            store.load().await.unwrap().sites[0].targets,
            set_up.site.targets
        );
        let without_first: Vec<_> = set_up.site.targets.drain(..1).collect();
        store.put_site(&set_up.site).await.unwrap();
        assert_eq!(
            store.load().await.unwrap().sites[0].targets,
            set_up.site.targets
        );
        let used = std::mem::replace(&mut set_up.site.targets, without_first);
        assert!(is_conflict(&store.put_site(&set_up.site).await));
        assert_eq!(store.load().await.unwrap().sites[0].targets, used);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_target_is_not_captured() {
    for world in World::both().await {
        let (ours, mut theirs) = (world.set_up().await, world.set_up().await);
        theirs.site.targets.push(ours.site.targets[0].clone());
        assert!(is_conflict(&world.store.put_site(&theirs.site).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_exists_once_in_the_instance() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let digits = set_up.numbers[0].number.digits();
        let twin = number(world.id(), &set_up.account, &set_up.trunk, digits);
        assert!(is_conflict(&world.store.put_number(&twin).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_referred_to_cannot_be_removed() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        assert!(is_conflict(
            &store.delete_trunk(set_up.trunk.profile.id).await
        ));
        assert!(is_conflict(&store.delete_site(set_up.site.id).await));
        assert!(is_conflict(&store.delete_pool(set_up.pool.id).await));
        assert!(is_conflict(&store.delete_flow(set_up.flow.id).await));
        for number in &set_up.numbers {
            assert!(store.delete_number(number.id).await.unwrap());
            assert!(!store.delete_number(number.id).await.unwrap());
        }
        assert!(store.delete_pool(set_up.pool.id).await.unwrap());
        assert!(store.delete_site(set_up.site.id).await.unwrap());
        assert!(!store.delete_site(set_up.site.id).await.unwrap());
        assert!(
            is_conflict(&store.delete_flow(set_up.flow.id).await),
            "it was published"
        );
        assert!(store.delete_trunk(set_up.trunk.profile.id).await.unwrap());
        assert!(store.load().await.unwrap().sites.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_with_history_is_never_removed() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let call = world.call(&set_up, 12_145_550_199, NOON);
        let change = CallChange {
            call,
            events: Vec::new(),
            recording: None,
            label: None,
        };
        store.save(&change).await.unwrap();
        assert!(is_conflict(
            &store.delete_number(set_up.numbers[0].id).await
        ));
        let session = world.session(&set_up, NOON);
        let lease = world.lease(&set_up, set_up.numbers[1].id, &session, NOON);
        let shown = Record::Showing(world.showing(&lease, NOON));
        store.record(vec![shown]).unwrap().await.unwrap().unwrap();
        assert!(is_conflict(
            &store.delete_number(set_up.numbers[1].id).await
        ));
        assert!(store.delete_number(set_up.numbers[2].id).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_secret_is_made_once() {
    for world in World::both().await {
        let store = &world.store;
        assert_eq!(
            store.instance_secret("tokens", [1; 32]).await.unwrap(),
            [1; 32]
        );
        assert_eq!(
            store.instance_secret("tokens", [2; 32]).await.unwrap(),
            [1; 32]
        );
        assert_eq!(
            store.instance_secret("links", [3; 32]).await.unwrap(),
            [3; 32]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_file_is_noticed_at_the_start() {
    for world in World::both().await {
        world
            .store
            .instance_secret("tokens", [1; 32])
            .await
            .unwrap();
        world.store.db().close().await;
        let World {
            store, database, ..
        } = world;
        drop(store);
        let location = Location::parse(&database.url).unwrap();
        let refused = Store::open(&location, DbOptions::default(), &[1; 32]).await;
        assert!(refused.err().unwrap().to_string().contains("key"));
        let store = open(&database).await;
        assert_eq!(store.instance_secret("tokens", KEY).await.unwrap(), [1; 32]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_a_site_is_kept_as_it_was_published() {
    for world in World::both().await {
        let mut site = world.set_up().await.site;
        let store = &world.store;
        let first = SiteContent::of(&site);
        site.swap.json_ld = true;
        store.put_site(&site).await.unwrap();
        site.config_version += 1;
        store.put_site(&site).await.unwrap();
        let versions = store.site_versions(site.id).await.unwrap();
        let kept: Vec<_> = versions.iter().map(|v| (v.version, &v.content)).collect();
        let second = SiteContent::of(&site);
        assert_eq!(
            kept,
            [(8, &second), (7, &first)],
            "a version is never written over"
        );
        site.config_version += 100;
        store.put_site(&site).await.unwrap();
        let versions = store.site_versions(site.id).await.unwrap();
        assert_eq!(versions.len(), 1, "the newest hundred numbers are kept");
    }
}
