//! Carriers that sell numbers: what is asked of them, and what is kept of it.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, NumberId, PoolId, PurchaseId, TrunkId, UserId};
use trunkline_core::base::{Country, Money, PhoneNumber, Timestamp};

use super::PortResult;
use super::webhooks::{Dialect, Secret};

/// The account at the carrier of a trunk. Numbers that are bought with it belong to the trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierAccount {
    /// The trunk.
    pub trunk: TrunkId,
    /// Whose API it is.
    pub dialect: Dialect,
    /// Where that API is, when not at the carrier's one address.
    pub api_url: Option<String>,
    /// The account SID or project id; empty where the key says it all.
    pub user: String,
    /// The key.
    pub key: Secret,
    /// What the carrier calls the SIP connection that numbers are pointed at, when calls come over SIP.
    pub sip_connection: Option<String>,
    /// What a number costs a month, where the carrier tells no prices.
    pub own_price: Option<Money>,
    /// When it was set.
    pub set_at: Timestamp,
}

impl CarrierAccount {
    /// Which account it is, whatever its key.
    #[must_use]
    pub fn whose(&self) -> CarrierName {
        CarrierName {
            dialect: self.dialect,
            api_url: self.api_url.clone(),
            user: self.user.clone(),
        }
    }
}

/// Which account at which carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierName {
    /// Whose API it is.
    pub dialect: Dialect,
    /// Where that API is, when not at the carrier's one address.
    pub api_url: Option<String>,
    /// The account SID or project id; empty where the key says it all.
    pub user: String,
}

/// What kind of number is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Of a place.
    Local,
    /// Free for the caller.
    TollFree,
    /// Of a mobile network.
    Mobile,
}

impl LineKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Local, Self::TollFree, Self::Mobile];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::TollFree => "toll_free",
            Self::Mobile => "mobile",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Which numbers are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberSearch {
    /// The country.
    pub country: Country,
    /// The kind.
    pub kind: LineKind,
    /// The area code, in digits.
    pub area_code: Option<String>,
    /// Digits that stand in it, without the country's code.
    pub contains: Option<String>,
    /// Most numbers that are wanted.
    pub limit: u32,
}

/// A number that a carrier sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberOffer {
    /// The number.
    pub number: PhoneNumber,
    /// Its place and region, for people; may be empty.
    pub place: String,
    /// What it costs a month; `None` when the carrier does not tell.
    pub monthly: Option<Money>,
    /// What it costs once.
    pub setup: Option<Money>,
}

/// A number that an account at a carrier has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNumber {
    /// The carrier's name of it.
    pub name: String,
    /// The number.
    pub number: PhoneNumber,
}

/// The numbers of an account at a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldNumbers {
    /// Those that were read.
    pub numbers: Vec<HeldNumber>,
    /// Whether there are more than are read.
    pub more: bool,
}

/// Where the calls of a number are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointing {
    /// To our voice webhook.
    Webhook {
        /// For calls that come in.
        call_url: String,
        /// For how they end.
        status_url: String,
    },
    /// To the SIP connection of this name at the carrier.
    Sip(String),
}

/// A number that is to be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberOrder {
    /// Our own name of the order, by which it is found again.
    pub reference: String,
    /// The number.
    pub number: PhoneNumber,
    /// Its country.
    pub country: Country,
    /// Where its calls go.
    pub pointing: Pointing,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered {
    /// The number is ours.
    Done(HeldNumber),
    /// The carrier is still at it.
    Pending,
    /// The carrier decided against it.
    Refused(String),
    /// The carrier knows nothing of it.
    Nothing,
}

/// What an account at a carrier is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// What is wrong with it, in the carrier's word, such as `suspended`.
    pub trouble: Option<String>,
}

/// Why a carrier did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// The key or the account is not the right one.
    #[error("the carrier does not accept the key: {0}")]
    NotLetIn(String),
    /// It is asked too often.
    #[error("the carrier asks to wait {retry_after_s} s")]
    Busy {
        /// When to ask again.
        retry_after_s: u32,
    },
    /// Somebody else has the number.
    #[error("the number was sold meanwhile")]
    Sold,
    /// The number is not among what it sells; why is not told.
    #[error(
        "the carrier does not offer this number; it may be sold, or not be for sale with this country and kind"
    )]
    NotOffered,
    /// It said no.
    #[error("the carrier refused: {0}")]
    Refused(String),
    /// It was not reached, or did not answer what can be read; nothing was changed there.
    #[error("the carrier could not be asked: {0}")]
    Unreachable(String),
    /// It was told to do something, and nobody knows whether it did.
    #[error("what the carrier did is not known: {0}")]
    Unclear(String),
}

impl CarrierError {
    /// What kind of trouble it is, for the log: a carrier's own words may hold numbers and names.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotLetIn(_) => "key not accepted",
            Self::Busy { .. } => "asked too often",
            Self::Sold => "sold",
            Self::NotOffered => "not offered",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "not reached",
            Self::Unclear(_) => "unclear",
        }
    }
}

/// Asks carriers for numbers.
#[async_trait]
pub trait NumberSupply: Send + Sync {
    /// What the account is called at the carrier.
    async fn identity(&self, carrier: &CarrierAccount) -> Result<Identity, CarrierError>;
    /// Numbers that are sold.
    async fn offers(
        &self,
        carrier: &CarrierAccount,
        search: &NumberSearch,
    ) -> Result<Vec<NumberOffer>, CarrierError>;
    /// The numbers of the account.
    async fn held(&self, carrier: &CarrierAccount) -> Result<HeldNumbers, CarrierError>;
    /// One number of the account.
    async fn find(
        &self,
        carrier: &CarrierAccount,
        number: PhoneNumber,
    ) -> Result<Option<HeldNumber>, CarrierError>;
    /// Buys a number. [`CarrierError::Unclear`] and nothing else says that it may have been bought.
    async fn buy(
        &self,
        carrier: &CarrierAccount,
        order: &NumberOrder,
    ) -> Result<Ordered, CarrierError>;
    /// What became of an order, by our own name of it and the number.
    async fn ordered(
        &self,
        carrier: &CarrierAccount,
        reference: &str,
        number: PhoneNumber,
    ) -> Result<Ordered, CarrierError>;
    /// Points a number that the account has.
    async fn point(
        &self,
        carrier: &CarrierAccount,
        name: &str,
        to: &Pointing,
    ) -> Result<(), CarrierError>;
    /// Gives a number back; one that is gone already is given back.
    async fn give_back(&self, carrier: &CarrierAccount, name: &str) -> Result<(), CarrierError>;
}

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurchaseState {
    /// A person was told what it costs.
    Offered,
    /// The carrier was told to sell it; it may be ours.
    Sending,
    /// It is ours.
    Bought,
    /// The carrier decided against it.
    Refused,
    /// The answer was lost, and the carrier does not have it among our numbers.
    NotBought,
}

impl PurchaseState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Offered,
        Self::Sending,
        Self::Bought,
        Self::Refused,
        Self::NotBought,
    ];

    /// The stored word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Sending => "sending",
            Self::Bought => "bought",
            Self::Refused => "refused",
            Self::NotBought => "not_bought",
        }
    }

    /// From the stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A number on its way from a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Its id; the order's name at the carrier.
    pub id: PurchaseId,
    /// For whom.
    pub account: AccountId,
    /// The trunk its calls will come over.
    pub trunk: TrunkId,
    /// The number.
    pub phone: PhoneNumber,
    /// Its country.
    pub country: Country,
    /// Its kind.
    pub kind: LineKind,
    /// Its place, for people.
    pub place: String,
    /// What it costs a month.
    pub monthly: Money,
    /// What it costs once.
    pub setup: Money,
    /// The tracking number it becomes.
    pub number: NumberId,
    /// Where its calls will go.
    pub business_line: PhoneNumber,
    /// The pool it will belong to.
    pub pool: Option<PoolId>,
    /// Its name for people.
    pub label: String,
    /// Where it stands.
    pub state: PurchaseState,
    /// Why it was not bought, or what is left to do; may be empty.
    pub trouble: String,
    /// Who asked for it.
    pub offered_by: Option<UserId>,
    /// When.
    pub offered_at: Timestamp,
    /// When the carrier was told.
    pub sent_at: Option<Timestamp>,
    /// When it was decided.
    pub settled_at: Option<Timestamp>,
}

/// What a tracking number is called at its carrier, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The number.
    pub number: NumberId,
    /// The carrier's name of it.
    pub name: String,
    /// The account that bought it; `None` when that is not known.
    pub by: Option<CarrierName>,
    /// What it costs a month.
    pub monthly: Money,
    /// What it cost once.
    pub setup: Money,
    /// When it was bought.
    pub bought_at: Timestamp,
    /// When it was given back.
    pub given_back_at: Option<Timestamp>,
}

/// Keeps accounts at carriers, purchases, and what numbers cost.
#[async_trait]
pub trait CarrierRecords: Send + Sync {
    /// Inserts or replaces the account of a trunk. The key is stored sealed.
    async fn put_carrier(&self, carrier: &CarrierAccount) -> PortResult<()>;
    /// Forgets it, key included. Answers whether there was one.
    async fn delete_carrier(&self, trunk: TrunkId) -> PortResult<bool>;
    /// Keeps an offer.
    async fn put_offer(&self, purchase: &Purchase) -> PortResult<()>;
    /// A purchase of an account.
    async fn purchase(&self, account: AccountId, id: PurchaseId) -> PortResult<Option<Purchase>>;
    /// The purchases of an account, newest first.
    async fn purchases(&self, account: AccountId, limit: u32) -> PortResult<Vec<Purchase>>;
    /// Turns an offer into one that is being sent; durable before the carrier is told. `false`: it is none any more. A
    /// conflict while the same number is being bought.
    async fn send(&self, id: PurchaseId, at: Timestamp) -> PortResult<bool>;
    /// Decides one that was being sent. `false`: it was decided before.
    async fn settle(
        &self,
        id: PurchaseId,
        state: PurchaseState,
        trouble: &str,
        at: Timestamp,
    ) -> PortResult<bool>;
    /// Those that are being sent, the one that was looked up longest ago first.
    async fn sending(&self, limit: u32) -> PortResult<Vec<Purchase>>;
    /// Forgets offers that nobody accepted and that were made before a moment, oldest first, at most `limit`; how many.
    /// Nothing that was ever sent is forgotten.
    async fn forget_offers(&self, before: Timestamp, limit: u32) -> PortResult<u64>;
    /// Writes down that one was looked up.
    async fn looked_up(&self, id: PurchaseId, at: Timestamp) -> PortResult<()>;
    /// Writes on a tracking number what it is called at its carrier, and what it costs.
    async fn put_holding(&self, holding: &Holding) -> PortResult<()>;
    /// Writes on a tracking number that it was given back.
    async fn given_back(&self, number: NumberId, at: Timestamp) -> PortResult<()>;
}
