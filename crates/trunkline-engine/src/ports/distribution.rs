//! What is set up of distribution: publishers, campaigns, feeds, buyers, destinations, contracts, lists, and every version
//! of what they say.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use trunkline_core::base::id::{
    AccountId, BuyerId, CampaignId, ContractId, DestinationId, FeedId, ItemListId, PublisherId,
    RoutePlanId, UserId,
};
use trunkline_core::base::{Id, IdKind, PhoneNumber, Timestamp, Zone};
use trunkline_core::lead::LeadTerms;
use trunkline_core::routing::{
    ComplianceRules, DeliveryKind, DuplicateRule, FeedDocument, ItemKind, Layer, RecordingRules,
    RoutePlan, TermsKind, VersionState,
};

use super::PortResult;
use super::webhooks::Secret;

/// Something that has terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermsOf {
    /// What it is.
    pub kind: TermsKind,
    /// Its id, as it is stored.
    pub id: i64,
}

/// An id of something that has terms.
pub trait HasTerms: IdKind {
    /// What it is.
    const KIND: TermsKind;
}

macro_rules! has_terms {
    ($($id:ident $kind:ident),* $(,)?) => {
        $(impl HasTerms for trunkline_core::base::id::$id {
            const KIND: TermsKind = TermsKind::$kind;
        })*
        impl TermsOf {
            /// Reads the printed form of an id; its prefix says what it is.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                $(if let Ok(id) = Id::<trunkline_core::base::id::$id>::parse(text) {
                    return Some(id.into());
                })*
                None
            }

            /// The printed form of its id.
            #[must_use]
            pub fn text(self) -> String {
                match self.kind {
                    $(TermsKind::$kind => Id::<trunkline_core::base::id::$id>::from_raw(self.id).to_string()),*
                }
            }
        }
    };
}
has_terms! {
    AccountKind Account,
    CampaignKind Campaign,
    FeedKind Feed,
    BuyerKind Buyer,
    DestinationKind Destination,
    ContractKind Contract,
    RoutePlanKind Plan,
}

impl<K: HasTerms> From<Id<K>> for TermsOf {
    fn from(id: Id<K>) -> Self {
        Self {
            kind: K::KIND,
            id: id.raw(),
        }
    }
}

/// What something says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermsDocument {
    /// A level of the terms of contracts.
    Layer(Arc<Layer>),
    /// A feed's.
    Feed(Arc<FeedDocument>),
    /// A route plan.
    Plan(Arc<RoutePlan>),
}

/// One version of what something says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsVersion {
    /// Whose it is.
    pub of: TermsOf,
    /// The account of that.
    pub account: AccountId,
    /// Counts up by one with each change.
    pub version: u32,
    /// What it says.
    pub document: TermsDocument,
    /// What became of it.
    pub state: VersionState,
    /// Since when it is in force, or from when on it is to be.
    pub live_at: Timestamp,
    /// When it was written.
    pub made_at: Timestamp,
    /// The user who wrote it; `None` for a key.
    pub made_by: Option<UserId>,
    /// The version whose document it took, when it is a rollback.
    pub restores: Option<u32>,
}

/// Somebody who sends traffic and is paid for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Its id.
    pub id: PublisherId,
    /// Whose it is.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// A note for people; may be empty.
    pub note: String,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is sold under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Whose it is.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// The trade, such as `solar`.
    pub vertical: Option<String>,
    /// The id under which its route plan has versions.
    pub plan: RoutePlanId,
    /// The fields of its leads, as a JSON array.
    pub fields: String,
    /// What it says of its leads beside their fields.
    pub leads: LeadTerms,
    /// What happens with people whom the campaign had before, unless a feed says something else.
    pub duplicates: Vec<DuplicateRule>,
    /// Who must not be sold, and how far callers must be vouched for.
    pub compliance: ComplianceRules,
    /// How long the recordings of its calls are kept.
    pub recordings: RecordingRules,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The secret key of a feed: what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedKey {
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// Its first characters, by which people know it.
    pub prefix: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// A publisher's traffic for a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its id.
    pub id: FeedId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is for.
    pub campaign: CampaignId,
    /// Who sends it.
    pub publisher: PublisherId,
    /// What is kept of its secret key.
    pub key: FeedKey,
    /// Its public key, for forms on pages.
    pub form_key: String,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody who pays for calls or leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Its id.
    pub id: BuyerId,
    /// Whose it is.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// The buyer that it belongs to; `None` when it stands alone.
    pub company: Option<BuyerId>,
    /// By how much its wallet may go below zero when it pays ahead, in millionths of the account's currency; `None`: not at
    /// all. Buyers who are invoiced are not limited by it.
    pub credit_limit_micros: Option<i64>,
    /// Its time zone; that of the account when not given.
    pub zone: Option<Zone>,
    /// A note for people; may be empty.
    pub note: String,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where a destination is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A phone number.
    Phone(PhoneNumber),
    /// A SIP address, such as `sip:sales@pbx.example`.
    Sip(String),
    /// A server; the document, a JSON object, says how to talk to it.
    Http(String),
    /// A mail address, with a JSON object that says what is written to whom, the address among them; the usual words to the
    /// address when there is none.
    Email(String, Option<String>),
    /// Nowhere.
    None,
}

impl Delivery {
    /// How it takes what it is offered.
    #[must_use]
    pub const fn kind(&self) -> DeliveryKind {
        match self {
            Self::Phone(_) => DeliveryKind::Phone,
            Self::Sip(_) => DeliveryKind::Sip,
            Self::Http(_) => DeliveryKind::Http,
            Self::Email(..) => DeliveryKind::Email,
            Self::None => DeliveryKind::None,
        }
    }
}

/// A phone, SIP address, server or mailbox of a buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its id.
    pub id: DestinationId,
    /// Whose it is.
    pub account: AccountId,
    /// Whom it belongs to.
    pub buyer: BuyerId,
    /// Name for people.
    pub name: String,
    /// Where it is.
    pub delivery: Delivery,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The secrets of a destination's endpoint by the names that its document calls them. No page ever shows one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationSecrets {
    /// Whose they are.
    pub destination: DestinationId,
    /// The account of that.
    pub account: AccountId,
    /// Their values.
    pub secrets: BTreeMap<String, Secret>,
}

/// What a destination takes of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its id.
    pub id: ContractId,
    /// Whose it is.
    pub account: AccountId,
    /// What is sold.
    pub campaign: CampaignId,
    /// Where it goes.
    pub destination: DestinationId,
    /// Name for people.
    pub name: String,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Since when it is put away.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A list, without its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its id.
    pub id: ItemListId,
    /// Whose it is.
    pub account: AccountId,
    /// Name for people.
    pub name: String,
    /// What it holds.
    pub kind: ItemKind,
    /// Counts how often it was filled.
    pub revision: i64,
    /// How many different items it has.
    pub items: u32,
    /// When it was filled last.
    pub filled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Everything that is set up of an account's distribution, at one moment, oldest first, what is put away too.
#[derive(Debug, Clone, Default)]
pub struct AllDistribution {
    /// Publishers.
    pub publishers: Vec<Publisher>,
    /// Campaigns.
    pub campaigns: Vec<Campaign>,
    /// Feeds.
    pub feeds: Vec<Feed>,
    /// Buyers.
    pub buyers: Vec<Buyer>,
    /// Destinations.
    pub destinations: Vec<Destination>,
    /// The secrets of those that have any.
    pub secrets: Vec<DestinationSecrets>,
    /// Contracts.
    pub contracts: Vec<Contract>,
    /// Lists, without their items.
    pub lists: Vec<ListRow>,
    /// Versions that are in force or to come.
    pub terms: Vec<TermsVersion>,
}

/// Something new with its first terms, or something changed.
#[derive(Debug, Clone)]
pub enum ThingChange {
    /// A publisher.
    Publisher(Publisher),
    /// A campaign.
    Campaign(Campaign),
    /// A feed.
    Feed(Feed),
    /// A buyer.
    Buyer(Buyer),
    /// A destination.
    Destination(Destination),
    /// A contract.
    Contract(Contract),
}

/// Another version of what something says.
#[derive(Debug, Clone)]
pub struct TermsChange {
    /// The new version.
    pub version: TermsVersion,
    /// The version in force when the change was decided; `None`: there was none.
    pub live: Option<u32>,
    /// The version to come that is given up for it.
    pub withdraws: Option<u32>,
}

/// Reads and changes what is set up of distribution.
#[async_trait]
pub trait DistributionRecords: Send + Sync {
    /// Everything of an account.
    async fn load_distribution(&self, account: AccountId) -> PortResult<AllDistribution>;
    /// Inserts or replaces something, with its first terms when it is new; a conflict when it names something that is
    /// not of its account.
    async fn put_thing(&self, thing: &ThingChange, first: Option<&TermsVersion>) -> PortResult<()>;
    /// Replaces the secrets of a destination; a conflict when it is not of that account.
    async fn put_secrets(&self, secrets: &DestinationSecrets, at: Timestamp) -> PortResult<()>;
    /// Stores another version; a conflict unless the versions in force and to come are those it was decided on.
    async fn change_terms(&self, change: &TermsChange) -> PortResult<()>;
    /// Gives up the version to come; whether it still was to come.
    async fn withdraw_terms(&self, of: TermsOf, version: u32) -> PortResult<bool>;
    /// Puts a version to come in force; whether it still was to come.
    async fn go_live(&self, of: TermsOf, version: u32, at: Timestamp) -> PortResult<bool>;
    /// Versions of something below a number, newest first.
    async fn terms_versions(
        &self,
        of: TermsOf,
        below: Option<u32>,
        limit: u32,
    ) -> PortResult<Vec<TermsVersion>>;
    /// One version of something.
    async fn terms_version(&self, of: TermsOf, version: u32) -> PortResult<Option<TermsVersion>>;
    /// Inserts a list without items, or gives one another name.
    async fn put_list(&self, list: &ListRow) -> PortResult<()>;
    /// Writes items of a revision that does not count yet, a line each; `first` is the number of the first part.
    async fn add_list_parts(
        &self,
        list: ItemListId,
        revision: i64,
        first: i64,
        parts: &[String],
    ) -> PortResult<()>;
    /// Makes a revision the one that counts; a conflict unless it is the next one. Parts of other revisions are removed
    /// a few at a time by [`DistributionRecords::tidy_list`].
    async fn fill_list(&self, list: &ListRow) -> PortResult<()>;
    /// Removes some parts that do not count; how many.
    async fn tidy_list(&self, list: ItemListId, counts: i64) -> PortResult<u64>;
    /// The next part of a list's revision, from this number on.
    async fn list_part(
        &self,
        list: ItemListId,
        revision: i64,
        from: i64,
    ) -> PortResult<Option<(i64, String)>>;
    /// Removes a list whose parts are gone; whether there was one.
    async fn delete_list(&self, account: AccountId, list: ItemListId) -> PortResult<bool>;
}
