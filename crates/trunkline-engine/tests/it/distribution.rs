//! The market in memory says what is stored: it is found by keys and ids, follows every change, and catches up when an
//! answer of the store was lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, CampaignId, ItemListId};
use trunkline_core::base::{Country, Currency, Id, IdKind, PhoneNumber, Timestamp, Zone};
use trunkline_core::call::{RecordingConsent, TollPolicy};
use trunkline_core::routing::{
    ComplianceRules, ItemKind, ItemList, Keep, Layer, Level, RecordingRules, VersionState,
};
use trunkline_engine::directory::{Directory, SharedDirectory};
use trunkline_engine::distribution::{
    Distribution, DistributionError, ListRole, ListUse, TermsEdit, Written,
};
use trunkline_engine::ports::configuration::{Account, Everything};
use trunkline_engine::ports::distribution::{
    AllDistribution, Buyer, Campaign, Contract, Delivery, Destination, DestinationSecrets,
    DistributionRecords, Feed, FeedKey, ListRow, Publisher, TermsChange, TermsDocument, TermsOf,
    TermsVersion, ThingChange,
};
use trunkline_engine::ports::{PortError, PortResult};

const ACCOUNT: AccountId = AccountId::from_raw(9);
const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// What is stored, in memory. A change whose answer is lost was made all the same.
#[derive(Default)]
struct Stored {
    all: Mutex<AllDistribution>,
    loses_answers: AtomicBool,
}

impl Stored {
    fn change(&self, change: impl FnOnce(&mut AllDistribution)) -> PortResult<()> {
        change(&mut self.all.lock().expect("a lock"));
        if self.loses_answers.load(Ordering::SeqCst) {
            return Err(PortError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(())
    }
}

fn put<T, I: PartialEq>(all: &mut Vec<T>, thing: T, id: impl Fn(&T) -> I) {
    all.retain(|other| id(other) != id(&thing));
    all.push(thing);
}

#[async_trait]
impl DistributionRecords for Stored {
    async fn load_distribution(&self, account: AccountId) -> PortResult<AllDistribution> {
        assert_eq!(account, ACCOUNT);
        Ok(self.all.lock().expect("a lock").clone())
    }

    async fn put_thing(&self, thing: &ThingChange, first: Option<&TermsVersion>) -> PortResult<()> {
        self.change(|all| {
            all.terms.extend(first.cloned());
            match thing.clone() {
                ThingChange::Publisher(p) => put(&mut all.publishers, p, |p| p.id),
                ThingChange::Campaign(c) => put(&mut all.campaigns, c, |c| c.id),
                ThingChange::Feed(f) => put(&mut all.feeds, f, |f| f.id),
                ThingChange::Buyer(b) => put(&mut all.buyers, b, |b| b.id),
                ThingChange::Destination(d) => put(&mut all.destinations, d, |d| d.id),
                ThingChange::Contract(c) => put(&mut all.contracts, c, |c| c.id),
            }
        })
    }

    async fn put_secrets(&self, secrets: &DestinationSecrets, _: Timestamp) -> PortResult<()> {
        self.change(|all| put(&mut all.secrets, secrets.clone(), |s| s.destination))
    }

    async fn change_terms(&self, change: &TermsChange) -> PortResult<()> {
        self.change(|all| {
            let of = change.version.of;
            let ends = change.version.state;
            all.terms.retain(|v| v.of != of || v.state != ends);
            all.terms.push(change.version.clone());
        })
    }

    async fn withdraw_terms(&self, _: TermsOf, _: u32) -> PortResult<bool> {
        Ok(false)
    }

    async fn go_live(&self, of: TermsOf, version: u32, at: Timestamp) -> PortResult<bool> {
        self.change(|all| {
            all.terms.retain(|v| v.of != of || v.version == version);
            let staged = all.terms.iter_mut().filter(|v| v.of == of);
            staged.for_each(|v| (v.state, v.live_at) = (VersionState::Live, at));
        })?;
        Ok(true)
    }

    async fn terms_versions(
        &self,
        of: TermsOf,
        _: Option<u32>,
        _: u32,
    ) -> PortResult<Vec<TermsVersion>> {
        let all = self.all.lock().expect("a lock");
        let mut found: Vec<_> = all.terms.iter().filter(|v| v.of == of).cloned().collect();
        found.sort_by_key(|v| std::cmp::Reverse(v.version));
        Ok(found)
    }

    async fn terms_version(&self, _: TermsOf, _: u32) -> PortResult<Option<TermsVersion>> {
        Ok(None)
    }

    async fn put_list(&self, list: &ListRow) -> PortResult<()> {
        self.change(|all| put(&mut all.lists, list.clone(), |l| l.id))
    }

    async fn add_list_parts(&self, _: ItemListId, _: i64, _: i64, _: &[String]) -> PortResult<()> {
        Ok(())
    }

    async fn fill_list(&self, list: &ListRow) -> PortResult<()> {
        self.put_list(list).await
    }

    async fn tidy_list(&self, _: ItemListId, _: i64) -> PortResult<u64> {
        Ok(0)
    }

    async fn list_part(&self, _: ItemListId, _: i64, _: i64) -> PortResult<Option<(i64, String)>> {
        Ok(None)
    }

    async fn delete_list(&self, _: AccountId, _: ItemListId) -> PortResult<bool> {
        Ok(false)
    }
}

fn id<K: IdKind>(n: i64) -> Id<K> {
    Id::from_raw(n)
}

fn publisher() -> Publisher {
    Publisher {
        id: id(1),
        account: ACCOUNT,
        name: "Clicks".to_owned(),
        note: String::new(),
        archived_at: None,
        created_at: NOW,
    }
}

fn campaign() -> Campaign {
    Campaign {
        id: id(2),
        account: ACCOUNT,
        name: "Solar".to_owned(),
        vertical: None,
        plan: id(3),
        fields: "[]".to_owned(),
        leads: trunkline_core::lead::LeadTerms::default(),
        duplicates: Vec::new(),
        compliance: ComplianceRules::default(),
        recordings: RecordingRules::default(),
        paused: false,
        archived_at: None,
        created_at: NOW,
    }
}

fn feed() -> Feed {
    Feed {
        id: id(4),
        account: ACCOUNT,
        campaign: id(2),
        publisher: id(1),
        key: FeedKey {
            hash: [7; 32],
            prefix: "tlf_7".to_owned(),
            made_at: NOW,
        },
        form_key: "form".to_owned(),
        paused: false,
        archived_at: None,
        created_at: NOW,
    }
}

fn buyer() -> Buyer {
    Buyer {
        id: id(5),
        account: ACCOUNT,
        name: "Roofs".to_owned(),
        company: None,
        credit_limit_micros: None,
        zone: None,
        note: String::new(),
        paused: false,
        archived_at: None,
        created_at: NOW,
    }
}

fn destination() -> Destination {
    Destination {
        id: id(6),
        account: ACCOUNT,
        buyer: id(5),
        name: "Desk".to_owned(),
        delivery: Delivery::Phone(PhoneNumber::from_digits(12_145_550_100)),
        paused: false,
        archived_at: None,
        created_at: NOW,
    }
}

fn contract() -> Contract {
    Contract {
        id: id(7),
        account: ACCOUNT,
        campaign: id(2),
        destination: id(6),
        name: "Texas".to_owned(),
        paused: false,
        archived_at: None,
        created_at: NOW,
    }
}

fn directory() -> SharedDirectory {
    let account = Account {
        id: ACCOUNT,
        name: "A".to_owned(),
        zone: Zone::parse("America/Chicago").expect("a zone"),
        currency: Currency::USD,
        country: Country::US,
        toll: TollPolicy {
            countries_allowed: vec![Country::US],
            concurrent_calls_max: 1,
            daily_minutes_max: 1,
            ..TollPolicy::default()
        },
        recording_consent: RecordingConsent::Notice,
        recording_keep_days: None,
        qualified_seconds: 60,
        created_at: NOW,
    };
    let directory = SharedDirectory::default();
    directory.replace(Directory::new(Everything {
        accounts: vec![account],
        ..Everything::default()
    }));
    directory
}

async fn set_up() -> (Arc<Stored>, Distribution, SharedDirectory) {
    set_up_in(directory()).await
}

/// A campaign with a plan, whose one contract rings a phone, in the account of this directory.
pub(crate) async fn sells(directory: SharedDirectory) -> CampaignId {
    let (_, distribution, _) = set_up_in(directory).await;
    let of = TermsOf::from(campaign().plan);
    let planned = distribution.change_terms(ACCOUNT, edit(of, plan(), 0, None), NOW);
    planned.await.expect("a plan");
    campaign().id
}

/// The campaign of [`sells`], which says how long recordings of its calls are kept.
pub(crate) async fn keeps(directory: SharedDirectory, keep: Keep) {
    let (_, distribution, _) = set_up_in(directory).await;
    let change = |campaign: &mut Campaign| campaign.recordings.keep = keep;
    let changed = distribution.change(ACCOUNT, campaign().id, change).await;
    changed.expect("it is taken");
}

async fn set_up_in(directory: SharedDirectory) -> (Arc<Stored>, Distribution, SharedDirectory) {
    let stored = Arc::new(Stored::default());
    let distribution = Distribution::new(stored.clone(), directory.clone());
    distribution.reload().await.expect("read");
    let made = async {
        distribution.create(publisher(), None, NOW).await?;
        distribution.create(campaign(), None, NOW).await?;
        distribution.create(feed(), None, NOW).await?;
        distribution.create(buyer(), None, NOW).await?;
        distribution.create(destination(), None, NOW).await?;
        distribution.create(contract(), None, NOW).await
    };
    made.await.expect("made");
    (stored, distribution, directory)
}

fn edit(of: TermsOf, document: TermsDocument, seen: u32, live_at: Option<Timestamp>) -> TermsEdit {
    TermsEdit {
        of,
        written: Written {
            document,
            drawn: Vec::new(),
            by: None,
        },
        seen,
        live_at,
    }
}

fn layer(layer: Layer) -> TermsDocument {
    TermsDocument::Layer(Arc::new(layer))
}

fn plan() -> TermsDocument {
    let member = format!(r#"{{"to": {{"contract": "{}"}}}}"#, contract().id);
    let json = format!(
        r#"{{"schema": 1, "start": "a", "groups": {{"a": {{"method": "waterfall", "members": [{member}]}}}}}}"#
    );
    TermsDocument::Plan(Arc::new(serde_json::from_str(&json).expect("a plan")))
}

#[tokio::test]
async fn a_market_is_found_by_keys_and_holds_everything_made_ready() {
    let (_, distribution, directory) = set_up().await;
    let of = TermsOf::from(campaign().plan);
    let planned = distribution.change_terms(ACCOUNT, edit(of, plan(), 0, None), NOW);
    planned.await.expect("a plan");
    let markets = directory.markets().now();
    let (market, entry) = markets.by_key(&[7; 32]).expect("the feed");
    let terms = entry.terms.as_ref().expect("terms");
    assert_eq!((terms.feed, terms.publisher), (feed().id, publisher().id));
    assert_eq!(
        markets.by_form_key("form").expect("it").1.feed.id,
        feed().id
    );
    assert!(markets.by_key(&[8; 32]).is_none());
    let routes = market.campaign(campaign().id).expect("it").routes.as_ref();
    let routes = routes.expect("a plan made ready");
    assert_eq!(routes.contracts().len(), 1);
    let leads_to = market.destination_of(contract().id).expect("it");
    assert_eq!(leads_to.id, destination().id);

    // A pause by hand reaches the contracts, another key replaces the first, and what is put away is found no more.
    let paused = |buyer: &mut Buyer| buyer.paused = true;
    let changed = distribution.change(ACCOUNT, buyer().id, paused);
    changed.await.expect("paused");
    let rotated = |feed: &mut Feed| feed.key.hash = [8; 32];
    let changed = distribution.change(ACCOUNT, feed().id, rotated);
    changed.await.expect("another key");
    let markets = directory.markets().now();
    assert!(markets.by_key(&[7; 32]).is_none());
    let (market, _) = markets.by_key(&[8; 32]).expect("the feed");
    let terms = market.contract(contract().id).expect("it").terms.as_ref();
    assert_eq!(terms.expect("terms").paused, Some(Level::Buyer));
    let put_away = distribution.archive::<Feed>(ACCOUNT, feed().id, Some(NOW));
    put_away.await.expect("put away");
    let markets = directory.markets().now();
    assert!(markets.by_key(&[8; 32]).is_none() && markets.by_form_key("form").is_none());
    let used = distribution.archive::<Contract>(ACCOUNT, contract().id, Some(NOW));
    assert!(matches!(used.await, Err(DistributionError::Conflict(_))));
}

#[tokio::test]
async fn a_version_to_come_is_in_force_when_its_time_has_come_and_not_before() {
    let (_, distribution, directory) = set_up().await;
    let later = NOW.plus_millis(60_000);
    let heavy = layer(Layer {
        weight: Some(5),
        ..Layer::default()
    });
    let of = TermsOf::from(contract().id);
    let staged = distribution.change_terms(ACCOUNT, edit(of, heavy, 1, Some(later)), NOW);
    staged.await.expect("staged");
    let weight = || {
        let market = directory.markets().of(ACCOUNT).expect("a market");
        let terms = market.contract(contract().id).expect("it").terms.clone();
        let terms = terms.expect("terms");
        (terms.weight.value, terms.parties.version)
    };
    assert_eq!(weight(), (1, 1));
    let early = distribution.go_live(later.plus_millis(-1)).await;
    assert_eq!(early, Ok(0));
    assert_eq!(weight(), (1, 1));
    assert_eq!(distribution.go_live(later).await, Ok(1));
    assert_eq!(weight(), (5, 2));
    assert_eq!(distribution.go_live(later).await, Ok(0));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_seen_once_the_store_is_read_again() {
    let (stored, distribution, directory) = set_up().await;
    stored.loses_answers.store(true, Ordering::SeqCst);
    let renamed = |publisher: &mut Publisher| publisher.name = "Renamed".to_owned();
    let changed = distribution.change(ACCOUNT, publisher().id, renamed);
    assert!(matches!(changed.await, Err(DistributionError::Port(_))));
    stored.loses_answers.store(false, Ordering::SeqCst);
    let name = || {
        let market = directory.markets().of(ACCOUNT).expect("a market");
        market.publisher(publisher().id).expect("it").name.clone()
    };
    assert_eq!(name(), "Clicks", "memory is behind");
    distribution.keep_in_step().await.expect("read");
    assert_eq!(name(), "Renamed");
    // Nothing is behind any more: the market stays the one it is.
    let before = directory.markets().of(ACCOUNT).expect("a market");
    distribution.keep_in_step().await.expect("read");
    let after = directory.markets().of(ACCOUNT).expect("a market");
    assert!(Arc::ptr_eq(&before, &after));
}

fn list(n: i64, kind: ItemKind) -> ListRow {
    ListRow {
        id: id(n),
        account: ACCOUNT,
        name: format!("List {n}"),
        kind,
        revision: 0,
        items: 0,
        filled_at: None,
        created_at: NOW,
    }
}

#[tokio::test]
async fn a_campaign_keeps_recordings_for_days_that_there_are() {
    let (_, distribution, directory) = set_up().await;
    let says = async |keep| {
        let change = |campaign: &mut Campaign| campaign.recordings.keep = keep;
        distribution.change(ACCOUNT, campaign().id, change).await
    };
    for days in [0, 3_651] {
        let Err(DistributionError::Problems(problems)) = says(Keep::Days(days)).await else {
            panic!("{days}: it is taken")
        };
        assert_eq!(problems[0].place, "recordings.keep.days");
        let why = format!("{days} days cannot be kept to; write 1 to 3650, or `for_ever`");
        assert!(problems[0].message.starts_with(&why), "{problems:?}");
    }
    for keep in [Keep::Days(1), Keep::ForEver, Keep::AsAccount] {
        says(keep).await.expect("it is taken");
        let market = directory.markets().of(ACCOUNT).expect("a market");
        let entry = market.campaign(campaign().id).expect("a campaign");
        assert_eq!(entry.campaign.recordings.keep, keep);
    }
}

#[tokio::test]
async fn lists_of_people_who_must_not_be_sold_are_of_the_account_and_kept_while_they_are_used() {
    let (_, distribution, directory) = set_up().await;
    let (numbers, texts) = (list(20, ItemKind::Numbers), list(21, ItemKind::Texts));
    for row in [&numbers, &texts] {
        distribution.put_list(row).await.expect("a list");
    }
    let items = ItemList::read(ItemKind::Numbers, ["+12145550100"], Country::US);
    let filled = distribution.fill_list(ACCOUNT, numbers.id, items.expect("items"), NOW);
    filled.await.expect("filled");
    let says = async |compliance: ComplianceRules| {
        let change = |campaign: &mut Campaign| campaign.compliance = compliance;
        distribution.change(ACCOUNT, campaign().id, change).await
    };
    let litigators = |list| ComplianceRules {
        litigators: vec![list],
        ..ComplianceRules::default()
    };
    for (wrong, said) in [(id(99), "does not exist"), (texts.id, "a list of texts")] {
        let Err(DistributionError::Problems(problems)) = says(litigators(wrong)).await else {
            panic!("{said}: it is taken")
        };
        assert_eq!(problems[0].place, "compliance.litigators");
        assert!(
            problems[0].message.contains(said),
            "{}",
            problems[0].message
        );
    }
    let both = ComplianceRules {
        do_not_call: vec![numbers.id],
        ..litigators(numbers.id)
    };
    says(both).await.expect("it is taken");
    let market = || directory.markets().of(ACCOUNT).expect("a market");
    let by = "the campaign Solar".to_owned();
    let uses = |role| ListUse {
        role,
        by: by.clone(),
    };
    let expected = [uses(ListRole::DoNotCall), uses(ListRole::Litigators)];
    let found = market().list_uses();
    assert!(found[&numbers.id].iter().eq(&expected), "{found:?}");
    assert!(!found.contains_key(&texts.id));
    let shelved = |market: &trunkline_engine::distribution::Market| {
        Arc::clone(&market.shelf().lists[&numbers.id])
    };
    let first = shelved(&market());
    // Also when the campaign is put away: it stands where it stood when it is taken out again.
    for archived in [None, Some(NOW)] {
        if archived.is_some() {
            let away = distribution.archive::<Feed>(ACCOUNT, feed().id, archived);
            away.await.expect("put away");
            let away = distribution.archive::<Campaign>(ACCOUNT, campaign().id, archived);
            away.await.expect("put away");
        }
        let deleted = distribution.delete_list(ACCOUNT, numbers.id, NOW).await;
        let Err(DistributionError::Conflict(why)) = deleted else {
            panic!("{deleted:?}")
        };
        assert!(
            why.contains("the compliance of the campaign `Solar`"),
            "{why}"
        );
    }
    assert!(
        Arc::ptr_eq(&first, &shelved(&market())),
        "its hashes are not computed again"
    );
    let back = distribution.archive::<Campaign>(ACCOUNT, campaign().id, None);
    back.await.expect("taken out");
    says(ComplianceRules::default()).await.expect("it is taken");
    let deleted = distribution.delete_list(ACCOUNT, numbers.id, NOW).await;
    // Those in memory delete none, and nothing stands against it.
    assert_eq!(deleted, Err(DistributionError::NotFound("list")));
}

#[tokio::test]
async fn terms_that_name_a_list_are_among_its_uses() {
    let (_, distribution, directory) = set_up().await;
    let row = list(20, ItemKind::Numbers);
    distribution.put_list(&row).await.expect("a list");
    let suppressed = layer(Layer {
        suppressed_by: vec![row.id],
        ..Layer::default()
    });
    let of = TermsOf::from(contract().id);
    let changed = distribution.change_terms(ACCOUNT, edit(of, suppressed, 1, None), NOW);
    changed.await.expect("changed");
    let market = directory.markets().of(ACCOUNT).expect("a market");
    let expected = ListUse {
        role: ListRole::Terms,
        by: "the contract Texas".to_owned(),
    };
    assert!(market.list_uses()[&row.id].iter().eq([&expected]));
}
