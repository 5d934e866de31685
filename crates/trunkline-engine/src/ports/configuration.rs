//! The control plane: what operators and users set up. Everything is small enough to be loaded whole.

use std::sync::Arc;

use async_trait::async_trait;
use trunkline_core::assignment::{PoolSettings, Published, Site, SiteVersion, TrackingNumber};
use trunkline_core::base::id::{
    AccountId, FlowId, NumberId, PoolId, PromptId, SiteId, TrunkId, UserId,
};
use trunkline_core::base::{Country, Currency, Timestamp, Zone};
use trunkline_core::call::flow::FlowDocument;
use trunkline_core::call::{RecordingConsent, TollPolicy};

use super::PortResult;
use super::carriers::{CarrierAccount, Holding};
use super::sounds::PromptRow;
use super::webhooks::WebhookTrunk;
use crate::call::control::TrunkProfile;

/// An account: the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Name for people.
    pub name: String,
    /// Its time zone.
    pub zone: Zone,
    /// The one currency of its books.
    pub currency: Currency,
    /// Home country: numbers without country code are read as dialled there.
    pub country: Country,
    /// What it may dial.
    pub toll: TollPolicy,
    /// When its talks may be recorded without a notice in the flow.
    pub recording_consent: RecordingConsent,
    /// How many days its recordings are kept; `None`: until somebody deletes them.
    pub recording_keep_days: Option<u32>,
    /// A call that was connected for so many seconds is qualified.
    pub qualified_seconds: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A trunk as set up by the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// What performers need to know.
    pub profile: TrunkProfile,
    /// Where outgoing calls are sent, as written: host name or address, and port.
    pub peer_host: Option<String>,
    /// Port of the peer.
    pub peer_port: u16,
    /// The account it serves; `None` serves all accounts of the instance.
    pub account: Option<AccountId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A stored call flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// Whose it is.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// The document that is being worked on.
    pub draft: FlowDocument,
    /// Counts the changes, so that of two editors the later one learns of the earlier one.
    pub edits: i64,
    /// What calls run; `None` before the first publication.
    pub published: Option<FlowVersion>,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A published document; it never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowVersion {
    /// Counts the publications of the flow from 1.
    pub version: i64,
    /// The document.
    pub document: Arc<FlowDocument>,
    /// When it was published.
    pub at: Timestamp,
    /// The user who published it; `None` for a key.
    pub by: Option<UserId>,
}

/// Everything that is set up, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Everything {
    /// All accounts.
    pub accounts: Vec<Account>,
    /// All trunks.
    pub trunks: Vec<Trunk>,
    /// Those of them whose carrier talks by webhooks.
    pub webhooks: Vec<WebhookTrunk>,
    /// Those of them with an account at their carrier.
    pub carriers: Vec<CarrierAccount>,
    /// The numbers that are held at a carrier, or were.
    pub holdings: Vec<Holding>,
    /// Numbers that were given back to their carriers, bought here or not.
    pub given_back: Vec<NumberId>,
    /// All sites with their targets in order.
    pub sites: Vec<Site>,
    /// All pools.
    pub pools: Vec<PoolSettings>,
    /// All tracking numbers.
    pub numbers: Vec<TrackingNumber>,
    /// All flows.
    pub flows: Vec<Flow>,
    /// All stored sounds.
    pub prompts: Vec<PromptRow>,
    /// Which versions of which blocks carried which number, as far as it was written down.
    pub published: Vec<Published>,
}

/// Reads and changes what is set up. `put_…` inserts or replaces the whole thing by its id; a site's
/// targets are replaced with it. `delete_…` answers whether there was one, and is a conflict while
/// something refers to it.
#[async_trait]
pub trait Configuration: Send + Sync {
    /// Everything.
    async fn load(&self) -> PortResult<Everything>;
    /// Inserts or replaces an account.
    async fn put_account(&self, account: &Account) -> PortResult<()>;
    /// Inserts or replaces a trunk.
    async fn put_trunk(&self, trunk: &Trunk) -> PortResult<()>;
    /// Inserts or replaces a site with its targets, and keeps what it publishes as a version if that is new. The
    /// newest hundred are kept.
    async fn put_site(&self, site: &Site) -> PortResult<()>;
    /// The versions of a site, newest first.
    async fn site_versions(&self, site: SiteId) -> PortResult<Vec<SiteVersion>>;
    /// Inserts or replaces a pool.
    async fn put_pool(&self, pool: &PoolSettings) -> PortResult<()>;
    /// Inserts or replaces a tracking number; a conflict when the number exists in the instance.
    async fn put_number(&self, number: &TrackingNumber) -> PortResult<()>;
    /// Writes down which versions of a site's block carried a number.
    async fn put_published(&self, published: &Published) -> PortResult<()>;
    /// Inserts a flow, or replaces it; a conflict unless its `edits` is one more than what is stored. A published version that
    /// is new is kept for ever.
    async fn put_flow(&self, flow: &Flow) -> PortResult<()>;
    /// The published versions of a flow, newest first, at most `limit`.
    async fn flow_versions(&self, flow: FlowId, limit: u32) -> PortResult<Vec<FlowVersion>>;
    /// One published version of a flow.
    async fn flow_version(&self, flow: FlowId, version: i64) -> PortResult<Option<FlowVersion>>;
    /// Inserts a stored sound, or gives one another name.
    async fn put_prompt(&self, prompt: &PromptRow) -> PortResult<()>;
    /// Removes a stored sound; its file stays.
    async fn delete_prompt(&self, id: PromptId) -> PortResult<bool>;
    /// Inserts or replaces how the carrier of a trunk talks by webhooks. Secrets are stored sealed.
    async fn put_webhook(&self, webhook: &WebhookTrunk) -> PortResult<()>;
    /// Forgets that, secrets included.
    async fn delete_webhook(&self, trunk: TrunkId) -> PortResult<bool>;
    /// Removes a trunk.
    async fn delete_trunk(&self, id: TrunkId) -> PortResult<bool>;
    /// Removes a site and its targets.
    async fn delete_site(&self, id: SiteId) -> PortResult<bool>;
    /// Removes a pool.
    async fn delete_pool(&self, id: PoolId) -> PortResult<bool>;
    /// Removes a tracking number that never had a call or a showing; a conflict otherwise.
    async fn delete_number(&self, id: NumberId) -> PortResult<bool>;
    /// Removes a flow that was never published; a conflict otherwise.
    async fn delete_flow(&self, id: FlowId) -> PortResult<bool>;
    /// A named secret of the instance (32 random bytes), made by `fresh` when it does not exist yet.
    /// Stored sealed.
    async fn instance_secret(&self, name: &str, fresh: [u8; 32]) -> PortResult<[u8; 32]>;
}

/// Finds the address of a trunk's peer.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of a host name or literal address, within a bounded time, the best first; none when it has none.
    async fn resolve(&self, host: &str, port: u16) -> Vec<std::net::SocketAddr>;
}
