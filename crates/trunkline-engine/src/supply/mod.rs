//! Numbers from carriers: the account there, what it offers and has, buying (`buying`) and giving back (`giving_back`).
//!
//! Nothing here decides what a carrier's answer means: `NumberSupply` does. What costs money is written down before the
//! carrier is told, and what is not known afterwards is looked up, never sent again.

mod buying;
mod giving_back;

use std::sync::Arc;

use tokio::sync::Mutex;
use trunkline_core::assignment::TrackingNumber;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, PurchaseId, TrunkId};

use crate::assignment::Assignments;
use crate::clock::Moment;
use crate::directory::{Directory, SharedDirectory};
use crate::ports::carriers::{
    CarrierAccount, CarrierError, HeldNumbers, Identity, NumberOffer, NumberSearch, Pointing,
    Purchase,
};
use crate::ports::webhooks::Dialect;
use crate::ports::{CarrierRecords, History, NumberSupply, PortError};
use crate::setup::{Setup, SetupError};

pub use buying::{CLOSE_AFTER_MS, LOOK_UP_EVERY, OFFER_LIFE_MS, Said, Wanted};

/// Numbers that a search gives at most.
pub const OFFERS_MAX: u32 = 50;
/// Longest name, address or key of an account at a carrier, in bytes.
const CREDENTIAL_MAX: usize = 300;
/// Most digits of an area code or of what a number is to contain.
const DIGITS_MAX: usize = 10;
/// Purchases without an answer that are looked through when an account is taken back.
const SENDING_MAX: u32 = 1_000;
/// Purchases that are listed.
pub const PURCHASES_LISTED: u32 = 100;

/// Why nothing was bought, given back or looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SupplyError {
    /// A field is wrong, or the store refused.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The carrier did not do it.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// The trunk has no account at a carrier.
    #[error("connect the carrier's account of the trunk first")]
    NotConnected,
    /// There is no such purchase.
    #[error("there is no such purchase")]
    NoPurchase,
    /// It cannot be done as things stand.
    #[error("{0}")]
    Conflict(String),
}

impl SupplyError {
    /// What kind of trouble it is, for the log.
    fn kind(&self) -> String {
        match self {
            Self::Carrier(error) => error.kind().to_owned(),
            other => other.to_string(),
        }
    }
}

impl From<PortError> for SupplyError {
    fn from(error: PortError) -> Self {
        Self::Setup(error.into())
    }
}

fn invalid(field: &'static str, message: impl Into<String>) -> SupplyError {
    let message = message.into();
    SetupError::Invalid { field, message }.into()
}

/// Gives the two addresses of our voice webhook for a trunk: for calls that come in, and for how they end.
pub type VoiceAddresses = Box<dyn Fn(TrunkId) -> (String, String) + Send + Sync>;

/// Gets numbers from carriers.
pub struct Supply {
    moment: Moment,
    directory: SharedDirectory,
    setup: Arc<Setup>,
    assignments: Arc<Assignments>,
    history: Arc<dyn History>,
    records: Arc<dyn CarrierRecords>,
    carriers: Arc<dyn NumberSupply>,
    addresses: VoiceAddresses,
    /// Held while an account is connected or taken back and while a purchase is written down as sent, so that no account goes
    /// away under a purchase.
    accounts: Mutex<()>,
    /// One decision on what became of a purchase at a time, by the carrier's word or by hand.
    deciding: Mutex<()>,
}

impl Supply {
    /// Over what is stored and the carriers.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "each is a port or a use case")]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        setup: Arc<Setup>,
        assignments: Arc<Assignments>,
        history: Arc<dyn History>,
        records: Arc<dyn CarrierRecords>,
        carriers: Arc<dyn NumberSupply>,
        addresses: VoiceAddresses,
    ) -> Self {
        Self {
            moment,
            directory,
            setup,
            assignments,
            history,
            records,
            carriers,
            addresses,
            accounts: Mutex::new(()),
            deciding: Mutex::new(()),
        }
    }

    /// Sets the account at the carrier of a trunk.
    ///
    /// # Errors
    /// When a field is wrong, a number is being bought with another account, or the store refuses.
    pub async fn connect(&self, carrier: &CarrierAccount) -> Result<(), SupplyError> {
        let _accounts = self.accounts.lock().await;
        let directory = self.directory.now();
        check(&directory, carrier)?;
        let before = directory.carrier(carrier.trunk);
        if before.is_some_and(|before| before.whose() != carrier.whose()) {
            self.nothing_under_way(carrier.trunk).await?;
        }
        let stored = self.records.put_carrier(carrier);
        Ok(self.setup.change_elsewhere(stored).await?)
    }

    /// Forgets the account at the carrier of a trunk, key included. Numbers stay where they are.
    ///
    /// # Errors
    /// When a number of the trunk is being bought, or the store is away.
    pub async fn disconnect(&self, trunk: TrunkId) -> Result<bool, SupplyError> {
        let _accounts = self.accounts.lock().await;
        self.nothing_under_way(trunk).await?;
        let deleted = self.records.delete_carrier(trunk);
        Ok(self.setup.change_elsewhere(deleted).await?)
    }

    /// Removes a trunk, and its account at a carrier with it.
    ///
    /// # Errors
    /// When a number of the trunk is being bought, numbers are bound to it, or the store is away.
    pub async fn delete_trunk(&self, trunk: TrunkId) -> Result<bool, SupplyError> {
        let _accounts = self.accounts.lock().await;
        self.nothing_under_way(trunk).await?;
        Ok(self.setup.delete_trunk(trunk).await?)
    }

    /// Refuses while it is not known what became of a number that was bought for a trunk: without its account nobody could
    /// find out.
    async fn nothing_under_way(&self, trunk: TrunkId) -> Result<(), SupplyError> {
        let sending = self.records.sending(SENDING_MAX).await?;
        if sending.iter().any(|purchase| purchase.trunk == trunk) {
            return Err(SupplyError::Conflict(
                "a number of this trunk is being bought; wait until that is decided, or look at the carrier and close the purchase".to_owned(),
            ));
        }
        Ok(())
    }

    fn carrier(&self, trunk: TrunkId) -> Result<Arc<CarrierAccount>, SupplyError> {
        let directory = self.directory.now();
        let carrier = directory.carrier(trunk).cloned();
        carrier.ok_or(SupplyError::NotConnected)
    }

    /// What the account is called at the carrier.
    ///
    /// # Errors
    /// When there is none, or the carrier does not tell.
    pub async fn identity(&self, trunk: TrunkId) -> Result<Identity, SupplyError> {
        let carrier = self.carrier(trunk)?;
        Ok(self.carriers.identity(&carrier).await?)
    }

    /// Numbers that the carrier of a trunk sells, each once, at most [`OFFERS_MAX`].
    ///
    /// # Errors
    /// When what is looked for cannot be, or the carrier does not tell.
    pub async fn offers(
        &self,
        trunk: TrunkId,
        search: &NumberSearch,
    ) -> Result<Vec<NumberOffer>, SupplyError> {
        let carrier = self.carrier(trunk)?;
        for (field, text, fewest) in [
            ("area_code", search.area_code.as_ref(), 1),
            (
                "contains",
                search.contains.as_ref(),
                contained_min(carrier.dialect),
            ),
        ] {
            let digits = |text: &String| {
                (fewest..=DIGITS_MAX).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_digit())
            };
            if text.is_some_and(|text| !digits(text)) {
                let words = format!("write {fewest} to {DIGITS_MAX} digits");
                return Err(invalid(field, words));
            }
        }
        let mut offers = self.carriers.offers(&carrier, search).await?;
        for offer in &mut offers {
            priced(offer, &carrier);
        }
        offers.truncate(OFFERS_MAX as usize);
        Ok(offers)
    }

    /// The numbers that the account of a trunk has at the carrier.
    ///
    /// # Errors
    /// When there is none, or the carrier does not tell.
    pub async fn held(&self, trunk: TrunkId) -> Result<HeldNumbers, SupplyError> {
        let carrier = self.carrier(trunk)?;
        Ok(self.carriers.held(&carrier).await?)
    }

    /// Points a number's calls at this server.
    ///
    /// # Errors
    /// When the account does not have the number, or the carrier refuses.
    pub async fn point(&self, number: &TrackingNumber) -> Result<(), SupplyError> {
        let carrier = self.carrier(number.trunk)?;
        let to = self.pointing(&carrier)?;
        let held = self.carriers.find(&carrier, number.number).await?;
        let held = held.ok_or_else(|| not_there(number))?;
        Ok(self.carriers.point(&carrier, &held.name, &to).await?)
    }

    /// Where the numbers of a trunk are pointed: at our voice webhook where its carrier talks by webhooks, at its SIP
    /// connection otherwise.
    fn pointing(&self, carrier: &CarrierAccount) -> Result<Pointing, SupplyError> {
        if self.directory.now().webhook(carrier.trunk).is_some() {
            let (call_url, status_url) = (self.addresses)(carrier.trunk);
            return Ok(Pointing::Webhook {
                call_url,
                status_url,
            });
        }
        match (carrier.dialect, &carrier.sip_connection) {
            (Dialect::SignalWire, _) => Err(SupplyError::Conflict(
                "numbers of SignalWire are pointed at a voice webhook; set up the webhook of the trunk first"
                    .to_owned(),
            )),
            (_, Some(connection)) => Ok(Pointing::Sip(connection.clone())),
            (_, None) => Err(SupplyError::Conflict(
                "set up the trunk's voice webhook first, or write what the carrier calls its SIP connection"
                    .to_owned(),
            )),
        }
    }

    /// The newest purchases of an account that were confirmed.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn purchases(&self, account: AccountId) -> Result<Vec<Purchase>, SupplyError> {
        Ok(self.records.purchases(account, PURCHASES_LISTED).await?)
    }

    /// A purchase of an account.
    ///
    /// # Errors
    /// When there is none, or the store is away.
    pub async fn purchase(
        &self,
        account: AccountId,
        id: PurchaseId,
    ) -> Result<Purchase, SupplyError> {
        let found = self.records.purchase(account, id).await?;
        found.ok_or(SupplyError::NoPurchase)
    }

    fn now(&self) -> Timestamp {
        self.moment.now()
    }
}

/// Fewest digits of what a number is to contain: Twilio's API takes patterns of 2 to 16 characters.
const fn contained_min(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Twilio | Dialect::SignalWire => 2,
        Dialect::Telnyx => 1,
    }
}

fn not_there(number: &TrackingNumber) -> SupplyError {
    SupplyError::Conflict(format!(
        "the account at the carrier does not have {}; look there whose it is",
        number.number
    ))
}

/// What a carrier without prices asks for by contract.
fn priced(offer: &mut NumberOffer, carrier: &CarrierAccount) {
    if offer.monthly.is_none() {
        offer.monthly = carrier.own_price;
    }
}

/// Checks an account at a carrier.
fn check(directory: &Directory, carrier: &CarrierAccount) -> Result<(), SupplyError> {
    if directory.trunk(carrier.trunk).is_none() {
        return Err(invalid("trunk", "there is no such trunk"));
    }
    let fits = |text: &str| {
        (1..=CREDENTIAL_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    let named = carrier.dialect != Dialect::Telnyx || !carrier.user.is_empty();
    if named && !fits(&carrier.user) {
        return Err(invalid(
            "account_sid",
            "write the account SID or project id as the carrier shows it",
        ));
    }
    if !fits(carrier.key.reveal()) {
        return Err(invalid(
            "api_key",
            "write the carrier's API key: the auth token, the API token or the API key",
        ));
    }
    if carrier.dialect == Dialect::SignalWire && carrier.api_url.is_none() {
        return Err(invalid(
            "api_url",
            "write the address of the space, such as https://example.signalwire.com",
        ));
    }
    if carrier.api_url.as_ref().is_some_and(|url| !fits(url)) {
        return Err(invalid(
            "api_url",
            "write an address such as https://api.example.com",
        ));
    }
    if carrier.sip_connection.as_ref().is_some_and(|c| !fits(c)) {
        return Err(invalid(
            "sip_connection",
            "write the carrier's name of the SIP connection, or leave it out",
        ));
    }
    if carrier.own_price.is_some_and(|price| price.micros() < 0) {
        return Err(invalid("own_price", "write a price of at least 0"));
    }
    let webhook = directory.webhook(carrier.trunk);
    if let Some(webhook) = webhook.filter(|w| w.dialect != carrier.dialect) {
        return Err(invalid(
            "dialect",
            format!(
                "calls of this trunk come from {}; its numbers cannot come from another carrier",
                webhook.dialect.word()
            ),
        ));
    }
    Ok(())
}
