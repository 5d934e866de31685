//! The directory: everything that is set up, in memory, with the look-ups of the hot paths.
//!
//! It is made whole from the store and replaced whole when something changes, so readers never lock.

mod blocks;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use trunkline_core::assignment::block::SnippetRule;
use trunkline_core::assignment::{
    PoolNumber, PoolSettings, Published, Site, SitePlan, TrackingNumber,
};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{
    AccountId, FeedId, FlowId, NumberId, PoolId, PromptId, SiteId, TrunkId,
};
use trunkline_core::call::trunk::{Candidate, in_order};

use crate::call::control::{Transport, TrunkProfile};
use crate::distribution::SharedMarkets;
use crate::ports::carriers::{CarrierAccount, Holding};
use crate::ports::configuration::{Account, Everything, Flow, FlowVersion, Trunk};
use crate::ports::sounds::PromptRow;
use crate::ports::webhooks::WebhookTrunk;
use crate::trunks::TrunkStates;
use blocks::{pool_numbers, published, site_entry};

pub(crate) use blocks::Change;

/// A site with what its targets may show.
#[derive(Debug)]
pub struct SiteEntry {
    /// The site.
    pub site: Site,
    /// What each target may show.
    pub plan: SitePlan,
    /// The rules its block carries.
    pub rules: Vec<SnippetRule>,
}

/// A pool with its numbers.
#[derive(Debug)]
pub struct PoolEntry {
    /// Its settings.
    pub settings: PoolSettings,
    /// Its numbers that may be shown, oldest first.
    pub numbers: Vec<PoolNumber>,
}

/// What the next directory has too, unless it is read from the store.
type Shared<K, V> = Arc<HashMap<K, V>>;

/// Everything that is set up, at one moment.
#[derive(Debug, Default, Clone)]
pub struct Directory {
    accounts: Shared<AccountId, Arc<Account>>,
    trunks: HashMap<TrunkId, Arc<Trunk>>,
    profiles: HashMap<TrunkId, Arc<TrunkProfile>>,
    webhooks: Shared<TrunkId, Arc<WebhookTrunk>>,
    carriers: Shared<TrunkId, Arc<CarrierAccount>>,
    holdings: Shared<NumberId, Holding>,
    given_back: Arc<HashSet<NumberId>>,
    sites: Shared<SiteId, Arc<SiteEntry>>,
    site_by_key: Shared<String, SiteId>,
    pools: Shared<PoolId, Arc<PoolEntry>>,
    numbers: Shared<NumberId, Arc<TrackingNumber>>,
    number_by_digits: Shared<PhoneNumber, NumberId>,
    flows: Shared<FlowId, Arc<Flow>>,
    prompts: Shared<PromptId, Arc<PromptRow>>,
    published: Shared<NumberId, Vec<Published>>,
}

impl Directory {
    /// Sorts everything into its look-ups.
    #[must_use]
    pub fn new(all: Everything) -> Self {
        let numbers: Vec<Arc<TrackingNumber>> = all.numbers.into_iter().map(Arc::new).collect();
        let pools: HashMap<PoolId, Arc<PoolEntry>> = all
            .pools
            .into_iter()
            .map(|settings| {
                (
                    settings.id,
                    Arc::new(PoolEntry {
                        numbers: pool_numbers(&numbers, settings.id),
                        settings,
                    }),
                )
            })
            .collect();
        let sites: HashMap<SiteId, Arc<SiteEntry>> = all
            .sites
            .into_iter()
            .map(|site| (site.id, Arc::new(site_entry(site, &numbers, &pools))))
            .collect();
        let published = published(all.published, sites.values());
        let numbers_by_id = numbers.iter().map(|n| (n.id, Arc::clone(n)));
        Self {
            published: Arc::new(published),
            accounts: shared(all.accounts, |a| a.id),
            profiles: all
                .trunks
                .iter()
                .map(|t| (t.profile.id, Arc::new(t.profile.clone())))
                .collect(),
            webhooks: shared(all.webhooks, |w| w.trunk),
            carriers: shared(all.carriers, |c| c.trunk),
            holdings: Arc::new(all.holdings.into_iter().map(|h| (h.number, h)).collect()),
            given_back: Arc::new(all.given_back.into_iter().collect()),
            trunks: all
                .trunks
                .into_iter()
                .map(|t| (t.profile.id, Arc::new(t)))
                .collect(),
            site_by_key: Arc::new(
                sites
                    .values()
                    .map(|s| (s.site.key.clone(), s.site.id))
                    .collect(),
            ),
            sites: Arc::new(sites),
            pools: Arc::new(pools),
            number_by_digits: Arc::new(numbers.iter().map(|n| (n.number, n.id)).collect()),
            numbers: Arc::new(numbers_by_id.collect()),
            flows: shared(all.flows, |f| f.id),
            prompts: shared(all.prompts, |p| p.id),
        }
    }

    /// The same with other looks of some trunks. Everything else is shared, so it costs as much as there are trunks.
    #[must_use]
    pub(crate) fn with_trunks(&self, changed: Vec<Trunk>) -> Self {
        let mut next = self.clone();
        for trunk in changed {
            let id = trunk.profile.id;
            next.profiles.insert(id, Arc::new(trunk.profile.clone()));
            next.trunks.insert(id, Arc::new(trunk));
        }
        next
    }

    /// An account.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(&id)
    }

    /// All accounts, oldest first.
    #[must_use]
    pub fn accounts(&self) -> Vec<&Arc<Account>> {
        sorted(self.accounts.values(), |a| a.id)
    }

    /// A trunk.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&Arc<Trunk>> {
        self.trunks.get(&id)
    }

    /// A trunk's profile.
    #[must_use]
    pub fn profile(&self, id: TrunkId) -> Option<&Arc<TrunkProfile>> {
        self.profiles.get(&id)
    }

    /// Every trunk's profile.
    pub fn profiles(&self) -> impl Iterator<Item = &Arc<TrunkProfile>> {
        self.profiles.values()
    }

    /// How the carrier of a trunk talks by webhooks; `None` when it does not.
    #[must_use]
    pub fn webhook(&self, id: TrunkId) -> Option<&Arc<WebhookTrunk>> {
        self.webhooks.get(&id)
    }

    /// Every trunk whose carrier talks by webhooks.
    pub fn webhooks(&self) -> impl Iterator<Item = &Arc<WebhookTrunk>> {
        self.webhooks.values()
    }

    /// The account at the carrier of a trunk.
    #[must_use]
    pub fn carrier(&self, trunk: TrunkId) -> Option<&Arc<CarrierAccount>> {
        self.carriers.get(&trunk)
    }

    /// What a number is called at its carrier, and what it costs; `None` for one that was not bought here.
    #[must_use]
    pub fn holding(&self, number: NumberId) -> Option<&Holding> {
        self.holdings.get(&number)
    }

    /// Whether a number was given back to its carrier: it is somebody else's now.
    #[must_use]
    pub fn is_given_back(&self, number: NumberId) -> bool {
        self.given_back.contains(&number)
    }

    /// All trunks, oldest first.
    #[must_use]
    pub fn trunks(&self) -> Vec<&Arc<Trunk>> {
        sorted(self.trunks.values(), |t| t.profile.id)
    }

    /// The trunk whose requests may come from `ip`.
    #[must_use]
    pub fn profile_by_address(
        &self,
        ip: IpAddr,
        transport: Transport,
    ) -> Option<&Arc<TrunkProfile>> {
        let fits = |p: &&Arc<TrunkProfile>| p.admits(ip);
        // A trunk of the same transport is the likelier one when two share an address.
        let mut found: Vec<_> = self.profiles.values().filter(fits).collect();
        found.sort_by_key(|p| (p.transport != transport, p.id));
        found.first().copied()
    }

    /// The trunks for outgoing legs of calls that came over `own`, in the order in which they are tried: those that can
    /// dial and serve the account.
    #[must_use]
    pub fn outbound(&self, own: TrunkId, account: AccountId, states: &TrunkStates) -> Vec<TrunkId> {
        let can_dial =
            |t: &&Arc<Trunk>| t.profile.peer.is_some() && t.account.is_none_or(|a| a == account);
        let candidate = |t: &Arc<Trunk>| Candidate {
            trunk: t.profile.id,
            own: t.profile.id == own,
            priority: t.profile.settings.priority,
            failing: states
                .of(t.profile.id)
                .is_failing(t.profile.settings.registers),
        };
        in_order(
            self.trunks
                .values()
                .filter(can_dial)
                .map(candidate)
                .collect(),
        )
    }

    /// A site.
    #[must_use]
    pub fn site(&self, id: SiteId) -> Option<&Arc<SiteEntry>> {
        self.sites.get(&id)
    }

    /// The site with that key.
    #[must_use]
    pub fn site_by_key(&self, key: &str) -> Option<&Arc<SiteEntry>> {
        self.sites.get(self.site_by_key.get(key)?)
    }

    /// The sites of an account, oldest first.
    #[must_use]
    pub fn sites_of(&self, account: AccountId) -> Vec<&Arc<SiteEntry>> {
        sorted(
            self.sites.values().filter(|s| s.site.account == account),
            |s| s.site.id,
        )
    }

    /// Every site.
    pub fn sites(&self) -> impl Iterator<Item = &Arc<SiteEntry>> {
        self.sites.values()
    }

    /// A pool.
    #[must_use]
    pub fn pool(&self, id: PoolId) -> Option<&Arc<PoolEntry>> {
        self.pools.get(&id)
    }

    /// The pools of an account, oldest first.
    #[must_use]
    pub fn pools_of(&self, account: AccountId) -> Vec<&Arc<PoolEntry>> {
        sorted(
            self.pools
                .values()
                .filter(|p| p.settings.account == account),
            |p| p.settings.id,
        )
    }

    /// The pools of a site, oldest first.
    #[must_use]
    pub fn pools_of_site(&self, site: SiteId) -> Vec<&Arc<PoolEntry>> {
        sorted(
            self.pools.values().filter(|p| p.settings.site == site),
            |p| p.settings.id,
        )
    }

    /// Every pool.
    pub fn pools(&self) -> impl Iterator<Item = &Arc<PoolEntry>> {
        self.pools.values()
    }

    /// A tracking number.
    #[must_use]
    pub fn number(&self, id: NumberId) -> Option<&Arc<TrackingNumber>> {
        self.numbers.get(&id)
    }

    /// Which versions of which blocks carried a number.
    #[must_use]
    pub fn published(&self, id: NumberId) -> &[Published] {
        self.published.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The tracking number with these digits, whichever trunk it is bound to.
    #[must_use]
    pub fn number_by_digits(&self, number: PhoneNumber) -> Option<&Arc<TrackingNumber>> {
        self.numbers.get(self.number_by_digits.get(&number)?)
    }

    /// The tracking numbers of an account, oldest first.
    #[must_use]
    pub fn numbers_of(&self, account: AccountId) -> Vec<&Arc<TrackingNumber>> {
        sorted(
            self.numbers.values().filter(|n| n.account == account),
            |n| n.id,
        )
    }

    /// What is known of all numbers that stood in blocks.
    pub(crate) fn all_published(&self) -> impl Iterator<Item = &Published> {
        self.published.values().flatten()
    }

    /// What of an account rings this number, for people: a tracking number that forwards to it, or a published flow.
    #[must_use]
    pub fn dialled_by(&self, account: AccountId, number: PhoneNumber) -> Option<String> {
        let forwards = |n: &&Arc<TrackingNumber>| {
            n.account == account && (n.business_line == number || n.second_line == Some(number))
        };
        if let Some(forwarding) = self.numbers.values().find(forwards) {
            return Some(format!("the tracking number {}", forwarding.number));
        }
        let mut flows = self.flows.values().filter(|f| f.account == account);
        let rings = |flow: &Flow| {
            let published = flow.published.as_ref();
            published.is_some_and(|p| p.document.numbers().any(|(_, rung)| rung == number))
        };
        let flow = flows.find(|f| rings(f))?;
        Some(format!("the flow `{}`", flow.name))
    }

    /// A flow.
    #[must_use]
    pub fn flow(&self, id: FlowId) -> Option<&Arc<Flow>> {
        self.flows.get(&id)
    }

    /// The flow that calls of a number run, with its published version: its own, else its site's; `None`: they are
    /// forwarded plainly.
    #[must_use]
    pub fn flow_of(&self, number: &TrackingNumber) -> Option<(FlowId, &FlowVersion)> {
        let sites = number.site.and_then(|id| self.sites.get(&id)?.site.flow);
        let mut named = number.flow.into_iter().chain(sites);
        named.find_map(|id| {
            let flow = self.flows.get(&id)?;
            Some((id, flow.published.as_ref()?))
        })
    }

    /// The feed that calls on a number come through: its own, else its pool's; `None`: through none.
    #[must_use]
    pub fn feed_of(&self, number: &TrackingNumber) -> Option<FeedId> {
        let pools = || self.pools.get(&number.pool?)?.settings.feed;
        number.feed.or_else(pools)
    }

    /// The numbers that name a flow, and the sites whose default it is, oldest first.
    #[must_use]
    pub fn users_of_flow(&self, flow: FlowId) -> (Vec<&Arc<TrackingNumber>>, Vec<&Arc<SiteEntry>>) {
        let numbers = self.numbers.values().filter(|n| n.flow == Some(flow));
        let sites = self.sites.values().filter(|s| s.site.flow == Some(flow));
        (sorted(numbers, |n| n.id), sorted(sites, |s| s.site.id))
    }

    /// The trunks of the numbers whose calls run a flow, named by the number or by its site.
    #[must_use]
    pub fn trunks_of_flow(&self, flow: FlowId) -> BTreeSet<TrunkId> {
        let of_site = |n: &TrackingNumber| self.sites.get(&n.site?)?.site.flow;
        let runs = |n: &&Arc<TrackingNumber>| n.flow.or_else(|| of_site(n)) == Some(flow);
        self.numbers
            .values()
            .filter(runs)
            .map(|n| n.trunk)
            .collect()
    }

    /// The published flows that run on the numbers of a trunk.
    #[must_use]
    pub fn flows_on_trunk(&self, trunk: TrunkId) -> Vec<&Arc<Flow>> {
        let numbers = self.numbers.values().filter(|n| n.trunk == trunk);
        let named = numbers.filter_map(|n| Some(self.flow_of(n)?.0));
        let named: BTreeSet<FlowId> = named.collect();
        named
            .into_iter()
            .filter_map(|id| self.flows.get(&id))
            .collect()
    }

    /// The flows of an account, oldest first.
    #[must_use]
    pub fn flows_of(&self, account: AccountId) -> Vec<&Arc<Flow>> {
        sorted(self.flows.values().filter(|f| f.account == account), |f| {
            f.id
        })
    }

    /// Every flow.
    pub fn flows(&self) -> impl Iterator<Item = &Arc<Flow>> {
        self.flows.values()
    }

    /// A stored sound.
    #[must_use]
    pub fn prompt(&self, id: PromptId) -> Option<&Arc<PromptRow>> {
        self.prompts.get(&id)
    }

    /// Every stored sound.
    pub fn prompts(&self) -> impl Iterator<Item = &Arc<PromptRow>> {
        self.prompts.values()
    }

    /// The stored sounds of an account, oldest first.
    #[must_use]
    pub fn prompts_of(&self, account: AccountId) -> Vec<&Arc<PromptRow>> {
        let own = self.prompts.values().filter(|p| p.account == account);
        sorted(own, |p| p.id)
    }

    /// The flows that play a sound, in their draft or as published, oldest first.
    #[must_use]
    pub fn users_of_prompt(&self, prompt: &PromptRow) -> Vec<&Arc<Flow>> {
        let plays = |flow: &&Arc<Flow>| {
            let published = flow.published.as_ref().map(|p| p.document.as_ref());
            let mut documents = [Some(&flow.draft), published].into_iter().flatten();
            flow.account == prompt.account && documents.any(|d| d.plays(prompt.id))
        };
        sorted(self.flows.values().filter(plays), |f| f.id)
    }
}

fn shared<T, K: Eq + std::hash::Hash>(all: Vec<T>, key: impl Fn(&T) -> K) -> Shared<K, Arc<T>> {
    let by_key = all.into_iter().map(|item| (key(&item), Arc::new(item)));
    Arc::new(by_key.collect())
}

fn sorted<'a, T, K: Ord>(
    all: impl Iterator<Item = &'a Arc<T>>,
    key: impl Fn(&T) -> K,
) -> Vec<&'a Arc<T>> {
    let mut list: Vec<&Arc<T>> = all.collect();
    list.sort_by_key(|item| key(item));
    list
}

/// The directory as everybody shares it, how its trunks are, and the markets of its accounts.
#[derive(Debug, Clone)]
pub struct SharedDirectory {
    now: Arc<ArcSwap<Directory>>,
    changes: watch::Sender<u64>,
    trunk_states: Arc<TrunkStates>,
    markets: SharedMarkets,
}

impl Default for SharedDirectory {
    fn default() -> Self {
        Self {
            now: Arc::default(),
            changes: watch::Sender::new(0),
            trunk_states: Arc::default(),
            markets: SharedMarkets::default(),
        }
    }
}

impl SharedDirectory {
    /// The directory as it is now.
    #[must_use]
    pub fn now(&self) -> Arc<Directory> {
        self.now.load_full()
    }

    /// A guard on the directory for one look-up, without touching its reference count.
    #[must_use]
    pub fn peek(&self) -> arc_swap::Guard<Arc<Directory>> {
        self.now.load()
    }

    /// Replaces the directory.
    pub fn replace(&self, directory: Directory) {
        self.trunk_states
            .keep(|trunk| directory.trunk(trunk).is_some());
        self.now.store(Arc::new(directory));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Changes whenever the directory was replaced.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What is sold, to whom and on which terms, by account.
    #[must_use]
    pub const fn markets(&self) -> &SharedMarkets {
        &self.markets
    }

    /// How the trunks are.
    #[must_use]
    pub fn trunk_states(&self) -> &TrunkStates {
        &self.trunk_states
    }
}
