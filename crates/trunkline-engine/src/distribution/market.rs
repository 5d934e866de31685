//! The market of an account: everything that a plan needs, in memory and made ready. It is made whole from what is stored
//! and replaced whole when something changes, so that readers never lock and never see half a change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use trunkline_core::base::id::{
    AccountId, BuyerId, CampaignId, ContractId, DestinationId, FeedId, ItemListId, PublisherId,
};
use trunkline_core::base::{Currency, Money};
use trunkline_core::lead::Fields;
use trunkline_core::routing::delivery::{Endpoint, Mail};
use trunkline_core::routing::{
    Compliance, ContractTerms, FeedTerms, Layer, Level, PingRules, PlanThings, RateLimit,
    RoutePlan, Routes, Shelf,
};

use crate::ports::distribution::{
    Buyer, Campaign, Contract, Destination, Feed, ListRow, Publisher, TermsDocument, TermsOf,
    TermsVersion,
};
use crate::ports::webhooks::Secret;

/// The versions of something that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The one in force.
    pub live: Option<Arc<TermsVersion>>,
    /// The one to come.
    pub staged: Option<Arc<TermsVersion>>,
}

impl Terms {
    /// Nothing was ever said.
    pub const NONE: Self = Self {
        live: None,
        staged: None,
    };

    /// The number of the newest of the two; 0 when there is none.
    #[must_use]
    pub fn newest(&self) -> u32 {
        let newest = self.staged.as_ref().or(self.live.as_ref());
        newest.map_or(0, |version| version.version)
    }

    /// Both.
    pub fn each(&self) -> impl Iterator<Item = &Arc<TermsVersion>> {
        self.live.iter().chain(&self.staged)
    }
}

/// A campaign with its plan.
#[derive(Debug, Clone)]
pub struct CampaignEntry {
    /// The campaign.
    pub campaign: Arc<Campaign>,
    /// The fields of its leads, made ready.
    pub fields: Arc<Fields>,
    /// Who must not be sold, made ready.
    pub compliance: Arc<Compliance>,
    /// Its route plan, made ready; `None` before there is one, and when the campaign is put away.
    pub routes: Option<Arc<Routes>>,
    /// The number of the plan's version.
    pub plan_version: u32,
}

/// A feed, made ready.
#[derive(Debug, Clone)]
pub struct FeedEntry {
    /// The feed.
    pub feed: Arc<Feed>,
    /// Its terms; `None` when the feed is put away.
    pub terms: Option<Arc<FeedTerms>>,
    /// How many requests it may send.
    pub rate: Option<RateLimit>,
    /// How its pings are answered.
    pub pings: PingRules,
}

/// How a destination is spoken or written to, made ready: those that are called are not here.
#[derive(Debug, Clone)]
pub enum Reach {
    /// A server.
    Server {
        /// What it is sent, and how its answers are read.
        endpoint: Arc<Endpoint>,
        /// The values of its secrets, by their names.
        secrets: Arc<BTreeMap<String, Secret>>,
    },
    /// A mailbox.
    Mailbox(Arc<Mail>),
}

/// A contract, made ready.
#[derive(Debug, Clone)]
pub struct ContractEntry {
    /// The contract.
    pub contract: Arc<Contract>,
    /// Its terms; `None` when it, or what it belongs to, is put away.
    pub terms: Option<Arc<ContractTerms>>,
}

/// Everything of an account's distribution, at one moment.
#[derive(Debug)]
pub struct Market {
    /// Whose it is.
    pub account: AccountId,
    /// The currency of every amount.
    pub currency: Currency,
    pub(super) publishers: BTreeMap<PublisherId, Arc<Publisher>>,
    pub(super) campaigns: BTreeMap<CampaignId, CampaignEntry>,
    pub(super) feeds: BTreeMap<FeedId, FeedEntry>,
    pub(super) buyers: BTreeMap<BuyerId, Arc<Buyer>>,
    pub(super) destinations: BTreeMap<DestinationId, Arc<Destination>>,
    pub(super) reaches: BTreeMap<DestinationId, Reach>,
    pub(super) secrets: BTreeMap<DestinationId, Arc<BTreeMap<String, Secret>>>,
    pub(super) contracts: BTreeMap<ContractId, ContractEntry>,
    /// By campaign: the terms of its contracts that a plan may name.
    pub(super) offers: BTreeMap<CampaignId, BTreeMap<ContractId, Arc<ContractTerms>>>,
    pub(super) lists: BTreeMap<ItemListId, Arc<ListRow>>,
    pub(super) terms: HashMap<TermsOf, Terms>,
    pub(super) shelf: Shelf,
}

macro_rules! look_ups {
    ($($(#[$doc:meta])* $one:ident $all:ident $field:ident: $id:ty => $thing:ty;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $one(&self, id: $id) -> Option<&$thing> {
            self.$field.get(&id)
        }

        /// All of them, oldest first, what is put away too.
        pub fn $all(&self) -> impl DoubleEndedIterator<Item = &$thing> {
            self.$field.values()
        }
    )*};
}

impl Market {
    /// The market of an account in which nothing is set up.
    #[must_use]
    pub fn empty(account: AccountId, currency: Currency) -> Self {
        Self {
            account,
            currency,
            publishers: BTreeMap::new(),
            campaigns: BTreeMap::new(),
            feeds: BTreeMap::new(),
            buyers: BTreeMap::new(),
            destinations: BTreeMap::new(),
            reaches: BTreeMap::new(),
            secrets: BTreeMap::new(),
            contracts: BTreeMap::new(),
            offers: BTreeMap::new(),
            lists: BTreeMap::new(),
            terms: HashMap::new(),
            shelf: Shelf::default(),
        }
    }

    look_ups! {
        /// A publisher.
        publisher publishers publishers: PublisherId => Arc<Publisher>;
        /// A campaign with its plan.
        campaign campaigns campaigns: CampaignId => CampaignEntry;
        /// A feed with its terms.
        feed feeds feeds: FeedId => FeedEntry;
        /// A buyer.
        buyer buyers buyers: BuyerId => Arc<Buyer>;
        /// A destination.
        destination destinations destinations: DestinationId => Arc<Destination>;
        /// A contract with its terms.
        contract contracts contracts: ContractId => ContractEntry;
        /// A list, without its items.
        list lists lists: ItemListId => Arc<ListRow>;
    }

    /// What filters may name.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Where a contract leads.
    #[must_use]
    pub fn destination_of(&self, contract: ContractId) -> Option<&Arc<Destination>> {
        let contract = self.contracts.get(&contract)?;
        self.destinations.get(&contract.contract.destination)
    }

    /// By how much the wallet of a buyer may go below zero; nothing when nobody set a limit, for what is prepaid is there
    /// before.
    #[must_use]
    pub fn credit_of(&self, buyer: BuyerId) -> Money {
        let limit = self.buyers.get(&buyer).and_then(|b| b.credit_limit_micros);
        Money::from_micros(limit.unwrap_or(0), self.currency)
    }

    /// How a destination is spoken or written to; `None` for those that are called, and for what cannot be made ready.
    #[must_use]
    pub fn reach(&self, destination: DestinationId) -> Option<&Reach> {
        self.reaches.get(&destination)
    }

    /// The values of a destination's secrets, by their names.
    #[must_use]
    pub fn secrets(&self, destination: DestinationId) -> Arc<BTreeMap<String, Secret>> {
        self.secrets.get(&destination).cloned().unwrap_or_default()
    }

    /// The feed of a publisher for a campaign.
    #[must_use]
    pub fn feed_of(&self, campaign: CampaignId, publisher: PublisherId) -> Option<&FeedEntry> {
        let mut feeds = self.feeds.values();
        feeds.find(|f| f.feed.campaign == campaign && f.feed.publisher == publisher)
    }

    /// The versions of something that count.
    #[must_use]
    pub fn terms(&self, of: impl Into<TermsOf>) -> &Terms {
        self.terms.get(&of.into()).unwrap_or(&Terms::NONE)
    }

    /// Every version that counts.
    pub(crate) fn all_terms(&self) -> impl Iterator<Item = &Arc<TermsVersion>> {
        self.terms.values().flat_map(Terms::each)
    }

    /// What something says as a level of the terms of contracts.
    #[must_use]
    pub fn layer(&self, of: impl Into<TermsOf>) -> Option<&Arc<Layer>> {
        match &self.terms(of).live.as_ref()?.document {
            TermsDocument::Layer(layer) => Some(layer),
            TermsDocument::Feed(_) | TermsDocument::Plan(_) => None,
        }
    }

    /// The route plan of a campaign that is in force.
    #[must_use]
    pub fn plan(&self, campaign: CampaignId) -> Option<&Arc<RoutePlan>> {
        let plan = self.campaigns.get(&campaign)?.campaign.plan;
        match &self.terms(plan).live.as_ref()?.document {
            TermsDocument::Plan(plan) => Some(plan),
            TermsDocument::Layer(_) | TermsDocument::Feed(_) => None,
        }
    }

    /// What each level says for a contract, pauses by hand included, with the number of its version (0: nothing was ever
    /// said).
    #[must_use]
    pub fn layers(&self, contract: ContractId) -> Option<[(Level, Arc<Layer>, u32); 5]> {
        let contract = &self.contracts.get(&contract)?.contract;
        let campaign = &self.campaigns.get(&contract.campaign)?.campaign;
        let destination = self.destinations.get(&contract.destination)?;
        let buyer = self.buyers.get(&destination.buyer)?;
        let level = |level, of: TermsOf, paused: bool| {
            let mut layer = self.layer(of).cloned().unwrap_or_default();
            if paused && !layer.paused {
                Arc::make_mut(&mut layer).paused = true;
            }
            let version = self.terms(of).live.as_ref().map_or(0, |live| live.version);
            (level, layer, version)
        };
        Some([
            level(Level::Account, self.account.into(), false),
            level(Level::Campaign, campaign.id.into(), campaign.paused),
            level(Level::Buyer, buyer.id.into(), buyer.paused),
            level(
                Level::Destination,
                destination.id.into(),
                destination.paused,
            ),
            level(Level::Contract, contract.id.into(), contract.paused),
        ])
    }

    /// What a plan of a campaign may name.
    pub(super) fn plan_things<'a>(
        &self,
        contracts: &'a BTreeMap<ContractId, Arc<ContractTerms>>,
        shelf: &'a Shelf,
    ) -> PlanThings<'a> {
        PlanThings {
            contracts,
            shelf,
            currency: self.currency,
        }
    }
}

/// The markets of all accounts, and whose a key is.
#[derive(Debug, Default, Clone)]
pub struct Markets {
    by_account: HashMap<AccountId, Arc<Market>>,
    by_key: HashMap<[u8; 32], (AccountId, FeedId)>,
    by_form_key: HashMap<String, (AccountId, FeedId)>,
}

impl Markets {
    /// The market of an account; `None` when nothing was ever set up in it.
    #[must_use]
    pub fn of(&self, account: AccountId) -> Option<&Arc<Market>> {
        self.by_account.get(&account)
    }

    /// Every market.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Market>> {
        self.by_account.values()
    }

    /// The feed with a secret key, by the key's SHA-256.
    #[must_use]
    pub fn by_key(&self, hash: &[u8; 32]) -> Option<(&Arc<Market>, &FeedEntry)> {
        self.entry(self.by_key.get(hash)?)
    }

    /// The feed with a form key.
    #[must_use]
    pub fn by_form_key(&self, key: &str) -> Option<(&Arc<Market>, &FeedEntry)> {
        self.entry(self.by_form_key.get(key)?)
    }

    fn entry(&self, (account, feed): &(AccountId, FeedId)) -> Option<(&Arc<Market>, &FeedEntry)> {
        let market = self.by_account.get(account)?;
        Some((market, market.feed(*feed)?))
    }

    /// The same with another market of one account. Feeds that are put away are found by none of their keys.
    fn with(&self, market: Arc<Market>) -> Self {
        let account = market.account;
        let mut next = self.clone();
        next.by_key.retain(|_, (of, _)| *of != account);
        next.by_form_key.retain(|_, (of, _)| *of != account);
        for entry in market.feeds.values().filter(|f| f.terms.is_some()) {
            let feed = &entry.feed;
            next.by_key.insert(feed.key.hash, (account, feed.id));
            next.by_form_key
                .insert(feed.form_key.clone(), (account, feed.id));
        }
        next.by_account.insert(account, market);
        next
    }
}

/// The markets as everybody shares them.
#[derive(Debug, Default, Clone)]
pub struct SharedMarkets(Arc<ArcSwap<Markets>>);

impl SharedMarkets {
    /// The markets as they are now.
    #[must_use]
    pub fn now(&self) -> Arc<Markets> {
        self.0.load_full()
    }

    /// A guard on the markets for one look-up, without touching their reference count.
    #[must_use]
    pub fn peek(&self) -> arc_swap::Guard<Arc<Markets>> {
        self.0.load()
    }

    /// The market of an account.
    #[must_use]
    pub fn of(&self, account: AccountId) -> Option<Arc<Market>> {
        self.0.load().of(account).cloned()
    }

    /// Replaces the market of one account.
    pub(super) fn replace(&self, market: Market) {
        let market = Arc::new(market);
        self.0.rcu(|now| now.with(Arc::clone(&market)));
    }
}
