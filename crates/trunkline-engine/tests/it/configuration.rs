//! What is set up, in memory, with a store that can be away.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::assignment::{PoolSettings, Published, Site, SiteVersion, TrackingNumber};
use trunkline_core::base::id::{AccountId, FlowId, NumberId, PoolId, PromptId, SiteId, TrunkId};
use trunkline_core::call::TollPolicy;
use trunkline_core::call::flow::Ability;
use trunkline_engine::ports::configuration::{
    Account, Configuration, Everything, Flow, FlowVersion, Resolver, Trunk,
};
use trunkline_engine::ports::sounds::PromptRow;
use trunkline_engine::ports::webhooks::WebhookTrunk;
use trunkline_engine::ports::{PortError, PortResult};
use trunkline_engine::setup::{Performers, Setup};

use crate::calls::{Desk, desk_with};

/// What is set up, in memory: numbers, sites, flows and sounds change, the rest is given.
#[derive(Default)]
pub(crate) struct MemoryConfiguration {
    all: Mutex<Everything>,
    /// How often everything was read.
    pub(crate) loads: AtomicUsize,
    /// Nothing can be read.
    pub(crate) unreadable: AtomicBool,
    /// Nothing but blocks can be changed.
    pub(crate) unchangeable: AtomicBool,
}

impl MemoryConfiguration {
    /// Changes what is stored, when it can be.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Everything)) -> PortResult<()> {
        if self.unchangeable.load(Ordering::SeqCst) {
            return Err(PortError::Unavailable("away".to_owned()));
        }
        change(&mut self.all.lock().expect("everything"));
        Ok(())
    }

    /// One trunk more.
    pub(crate) fn add_trunk(&self, trunk: Trunk) {
        self.all.lock().expect("everything").trunks.push(trunk);
    }

    /// What is stored.
    pub(crate) fn stored(&self) -> Everything {
        self.all.lock().expect("everything").clone()
    }
}

/// What these tests never ask for.
fn not_here<T>() -> PortResult<T> {
    Err(PortError::Failed("not part of this test".to_owned()))
}

#[async_trait]
impl Configuration for MemoryConfiguration {
    async fn load(&self) -> PortResult<Everything> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if self.unreadable.load(Ordering::SeqCst) {
            return Err(PortError::Unavailable("away".to_owned()));
        }
        Ok(self.stored())
    }
    async fn put_account(&self, _: &Account) -> PortResult<()> {
        not_here()
    }
    async fn put_trunk(&self, _: &Trunk) -> PortResult<()> {
        not_here()
    }
    async fn put_site(&self, site: &Site) -> PortResult<()> {
        self.change(|all| {
            all.sites.retain(|s| s.id != site.id);
            all.sites.push(site.clone());
        })
    }
    async fn site_versions(&self, _: SiteId) -> PortResult<Vec<SiteVersion>> {
        not_here()
    }
    async fn put_pool(&self, _: &PoolSettings) -> PortResult<()> {
        not_here()
    }
    async fn put_published(&self, published: &Published) -> PortResult<()> {
        let mut all = self.all.lock().expect("everything");
        let same = |p: &Published| (p.number, p.site) == (published.number, published.site);
        all.published.retain(|p| !same(p));
        all.published.push(*published);
        Ok(())
    }
    async fn put_number(&self, number: &TrackingNumber) -> PortResult<()> {
        self.change(|all| {
            all.numbers.retain(|n| n.id != number.id);
            all.numbers.push(number.clone());
        })
    }
    async fn put_flow(&self, flow: &Flow) -> PortResult<()> {
        self.change(|all| {
            all.flows.retain(|f| f.id != flow.id);
            all.flows.push(flow.clone());
        })
    }
    async fn flow_versions(&self, _: FlowId, _: u32) -> PortResult<Vec<FlowVersion>> {
        not_here()
    }
    async fn flow_version(&self, _: FlowId, _: i64) -> PortResult<Option<FlowVersion>> {
        not_here()
    }
    async fn put_prompt(&self, prompt: &PromptRow) -> PortResult<()> {
        self.change(|all| {
            all.prompts.retain(|p| p.id != prompt.id);
            all.prompts.push(prompt.clone());
        })
    }
    async fn delete_prompt(&self, id: PromptId) -> PortResult<bool> {
        self.change(|all| all.prompts.retain(|p| p.id != id))?;
        Ok(true)
    }
    async fn put_webhook(&self, _: &WebhookTrunk) -> PortResult<()> {
        not_here()
    }
    async fn delete_webhook(&self, _: TrunkId) -> PortResult<bool> {
        not_here()
    }
    async fn delete_trunk(&self, _: TrunkId) -> PortResult<bool> {
        not_here()
    }
    async fn delete_site(&self, _: SiteId) -> PortResult<bool> {
        not_here()
    }
    async fn delete_pool(&self, _: PoolId) -> PortResult<bool> {
        not_here()
    }
    async fn delete_number(&self, _: NumberId) -> PortResult<bool> {
        not_here()
    }
    async fn delete_flow(&self, _: FlowId) -> PortResult<bool> {
        not_here()
    }
    async fn instance_secret(&self, _: &str, _: [u8; 32]) -> PortResult<[u8; 32]> {
        not_here()
    }
}

/// No host has an address.
pub(crate) struct NoNames;

#[async_trait]
impl Resolver for NoNames {
    async fn resolve(&self, _: &str, _: u16) -> Vec<SocketAddr> {
        Vec::new()
    }
}

/// A desk, and a setup over what it knows and this besides.
pub(crate) async fn furnished(all: Everything) -> (Desk, Setup) {
    let (desk, setup, _) = furnished_with(all, Arc::new(NoNames)).await;
    (desk, setup)
}

/// The same with what is stored, and with names of hosts.
pub(crate) async fn furnished_with(
    mut all: Everything,
    names: Arc<dyn Resolver>,
) -> (Desk, Setup, Arc<MemoryConfiguration>) {
    let desk = desk_with(1, TollPolicy::default(), None, |_| {}).await;
    let known = desk.directory.now();
    let owned = |number: &Arc<TrackingNumber>| TrackingNumber::clone(number);
    all.numbers.extend(
        known
            .numbers_of(AccountId::from_raw(9))
            .into_iter()
            .map(owned),
    );
    all.accounts = known.accounts().iter().map(|a| Account::clone(a)).collect();
    all.trunks = known.trunks().iter().map(|t| Trunk::clone(t)).collect();
    all.pools = known.pools().map(|p| p.settings.clone()).collect();
    all.sites = known.sites().map(|s| s.site.clone()).collect();
    let stored = Arc::new(MemoryConfiguration {
        all: Mutex::new(all),
        ..MemoryConfiguration::default()
    });
    let setup = Setup::new(
        stored.clone(),
        names,
        desk.directory.clone(),
        Arc::clone(&desk.assignments),
        Performers {
            sip: BTreeSet::from([Ability::Play, Ability::Speak, Ability::Digits]),
            webhooks: BTreeMap::new(),
        },
        Arc::clone(&desk.sounds),
    );
    setup.reload().await.expect("everything");
    (desk, setup, stored)
}
