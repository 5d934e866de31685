//! Buying a number in two steps: a person is told the price, and repeats it. What was sent and not answered is looked up at
//! the carrier until it is known, and never sent again.

use std::sync::Arc;
use std::time::Duration;

use trunkline_core::assignment::{NumberStage, NumberUse, TrackingNumber};
use trunkline_core::base::id::{AccountId, PoolId, PurchaseId, TrunkId, UserId};
use trunkline_core::base::{Country, Money, PhoneNumber};
use trunkline_core::visitor::SourceSelector;

use super::{Supply, SupplyError, invalid, priced};
use crate::ports::PortError;
use crate::ports::carriers::{
    CarrierAccount, CarrierError, HeldNumber, Holding, LineKind, NumberOffer, NumberOrder,
    NumberSearch, Ordered, Purchase, PurchaseState,
};
use crate::setup::SetupError;

/// How long an offer stands, in milliseconds: prices do not change within it, and a person has time to read.
pub const OFFER_LIFE_MS: i64 = 600_000;
/// How often purchases without an answer are looked up.
pub const LOOK_UP_EVERY: Duration = Duration::from_secs(15);
/// A number that the carrier does not know of after so long was not bought.
const GIVE_UP_MS: i64 = 1_800_000;
/// A purchase can be closed by hand so long after it was sent, in milliseconds: what was asked of the carrier has ended by
/// then, one way or the other.
pub const CLOSE_AFTER_MS: i64 = 600_000;
/// Purchases that are looked up in a run.
const LOOKED_UP_MAX: u32 = 20;
/// How long an offer that nobody accepted is kept after it ended, in milliseconds.
const OFFER_KEPT_MS: i64 = 7 * 86_400_000;
/// Offers that are forgotten together; and how often in a run, so that it ends.
const FORGOTTEN_TOGETHER: u32 = 500;
const FORGOTTEN_BATCHES_MAX: u32 = 1_000;

/// What a person wants to buy.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Over which trunk its calls will come.
    pub trunk: TrunkId,
    /// The number.
    pub phone: PhoneNumber,
    /// Its country.
    pub country: Country,
    /// Its kind.
    pub kind: LineKind,
    /// Where its calls will go.
    pub business_line: PhoneNumber,
    /// The pool it will belong to; a static number otherwise.
    pub pool: Option<PoolId>,
    /// Its name for people.
    pub label: String,
    /// Who wants it.
    pub by: Option<UserId>,
}

/// What a person repeats to buy.
#[derive(Debug, Clone)]
pub struct Said {
    /// The number.
    pub phone: PhoneNumber,
    /// What it costs a month, and in which currency.
    pub monthly: Money,
}

impl Supply {
    /// Asks the carrier what a number costs, and keeps the offer for [`OFFER_LIFE_MS`].
    ///
    /// # Errors
    /// When the number would not be taken into the inventory, is not sold, or has no price.
    pub async fn offer(&self, account: AccountId, wanted: Wanted) -> Result<Purchase, SupplyError> {
        let carrier = self.carrier(wanted.trunk)?;
        self.pointing(&carrier)?;
        let offer = self.offered(&carrier, &wanted).await?;
        let monthly = offer.monthly.ok_or_else(|| {
            SupplyError::Conflict(
                "the carrier tells no price; write what a number costs into the account of the carrier first"
                    .to_owned(),
            )
        })?;
        let zero = Money::zero(monthly.currency());
        let setup = offer.setup.unwrap_or(zero);
        if setup.currency() != monthly.currency() {
            return Err(CarrierError::Unreachable("it names two currencies".to_owned()).into());
        }
        // Drawn first, so that the newest id that is stored is never older.
        let number = self.moment.id();
        let purchase = Purchase {
            id: self.moment.id(),
            account,
            trunk: wanted.trunk,
            phone: wanted.phone,
            country: wanted.country,
            kind: wanted.kind,
            place: offer.place,
            monthly,
            setup,
            number,
            business_line: wanted.business_line,
            pool: wanted.pool,
            label: wanted.label,
            state: PurchaseState::Offered,
            trouble: String::new(),
            offered_by: wanted.by,
            offered_at: self.now(),
            sent_at: None,
            settled_at: None,
        };
        let number = self.number_of(&purchase)?;
        self.setup.check_new_number(&number)?;
        self.records.put_offer(&purchase).await?;
        Ok(purchase)
    }

    /// Forgets offers that nobody accepted; how many. What was ever sent to a carrier stays.
    ///
    /// # Errors
    /// When the store is away; the next run looks again.
    pub async fn forget_offers(&self) -> Result<u64, SupplyError> {
        let before = self.now().plus_millis(-OFFER_LIFE_MS - OFFER_KEPT_MS);
        let mut forgotten = 0;
        for _ in 0..FORGOTTEN_BATCHES_MAX {
            let batch = self.records.forget_offers(before, FORGOTTEN_TOGETHER);
            let batch = batch.await?;
            forgotten += batch;
            if batch < u64::from(FORGOTTEN_TOGETHER) {
                break;
            }
        }
        Ok(forgotten)
    }

    /// The carrier's offer of exactly one number.
    async fn offered(
        &self,
        carrier: &CarrierAccount,
        wanted: &Wanted,
    ) -> Result<NumberOffer, SupplyError> {
        let search = NumberSearch {
            country: wanted.country,
            kind: wanted.kind,
            area_code: None,
            contains: Some(wanted.phone.national_digits()),
            limit: super::OFFERS_MAX,
        };
        let offers = self.carriers.offers(carrier, &search).await?;
        let found = offers.into_iter().find(|o| o.number == wanted.phone);
        let mut offer = found.ok_or(CarrierError::NotOffered)?;
        priced(&mut offer, carrier);
        Ok(offer)
    }

    /// Buys what was offered, when number, monthly price and currency are repeated. Told twice, it is bought once. It goes
    /// on when nobody waits for it any more.
    ///
    /// # Errors
    /// When what is repeated is not what was offered, the offer is over, or the carrier did not sell.
    pub async fn confirm(
        self: &Arc<Self>,
        account: AccountId,
        id: PurchaseId,
        said: Said,
    ) -> Result<Purchase, SupplyError> {
        let purchase = self.purchase(account, id).await?;
        repeated(&purchase, &said)?;
        match purchase.state {
            PurchaseState::Offered => {}
            PurchaseState::Sending | PurchaseState::Bought => return Ok(purchase),
            PurchaseState::Refused | PurchaseState::NotBought => {
                return Err(SupplyError::Conflict(format!(
                    "the number was not bought: {}; look for another one",
                    purchase.trouble
                )));
            }
        }
        if self.now().millis_since(purchase.offered_at) > OFFER_LIFE_MS {
            return Err(SupplyError::Conflict(
                "the offer is older than 10 minutes; ask for the price again".to_owned(),
            ));
        }
        let whole = Arc::clone(self);
        // Whoever asked may close the page: what was begun is brought to its end.
        let buying = tokio::spawn(async move { whole.buy(purchase).await });
        buying.await.map_err(|_| {
            SupplyError::Carrier(CarrierError::Unclear("the purchase ended early".to_owned()))
        })?
    }

    async fn buy(&self, purchase: Purchase) -> Result<Purchase, SupplyError> {
        let accounts = self.accounts.lock().await;
        let carrier = self.carrier(purchase.trunk)?;
        let order = NumberOrder {
            reference: purchase.id.to_string(),
            number: purchase.phone,
            country: purchase.country,
            pointing: self.pointing(&carrier)?,
        };
        self.setup.check_new_number(&self.number_of(&purchase)?)?;
        if !self.records.send(purchase.id, self.now()).await? {
            return self.purchase(purchase.account, purchase.id).await;
        }
        drop(accounts);
        tracing::info!(purchase = %purchase.id, number = purchase.phone.masked(), "a number is being bought");
        let told = self.carriers.buy(&carrier, &order).await;
        match told {
            Ok(Ordered::Done(held)) => self.claim(&carrier, &purchase, &held).await?,
            // The job asks again.
            Ok(Ordered::Pending) => {}
            Err(CarrierError::Unclear(_)) => {
                tracing::warn!(purchase = %purchase.id, "nobody knows whether a number was bought; it is looked up");
            }
            Ok(Ordered::Refused(why)) => {
                self.decide(&purchase, PurchaseState::Refused, &why).await?;
                return Err(CarrierError::Refused(why).into());
            }
            Ok(Ordered::Nothing) => {
                let why = "the carrier took no order".to_owned();
                self.decide(&purchase, PurchaseState::Refused, &why).await?;
                return Err(CarrierError::Refused(why).into());
            }
            Err(error) => {
                let why = error.to_string();
                self.decide(&purchase, PurchaseState::Refused, &why).await?;
                return Err(error.into());
            }
        }
        self.purchase(purchase.account, purchase.id).await
    }

    async fn decide(
        &self,
        purchase: &Purchase,
        state: PurchaseState,
        trouble: &str,
    ) -> Result<(), SupplyError> {
        let settled = self
            .records
            .settle(purchase.id, state, trouble, self.now())
            .await?;
        if settled {
            tracing::info!(purchase = %purchase.id, state = state.word(), "a purchase was decided");
        }
        Ok(())
    }

    /// Takes a bought number into the inventory; what of it is done already stays as it is.
    async fn claim(
        &self,
        carrier: &CarrierAccount,
        purchase: &Purchase,
        held: &HeldNumber,
    ) -> Result<(), SupplyError> {
        let holding = |number| Holding {
            number,
            name: held.name.clone(),
            by: Some(carrier.whose()),
            monthly: purchase.monthly,
            setup: purchase.setup,
            bought_at: self.now(),
            given_back_at: None,
        };
        let _deciding = self.deciding.lock().await;
        let purchase = &self.purchase(purchase.account, purchase.id).await?;
        if purchase.state != PurchaseState::Sending {
            tracing::error!(purchase = %purchase.id, state = purchase.state.word(), "a carrier sold a number of a purchase that is over; add it to the inventory by hand");
            return Ok(());
        }
        let directory = self.directory.now();
        // Taken in before a crash, by hand meanwhile, or one that was given back and is ours again.
        let there = directory
            .number_by_digits(purchase.phone)
            .filter(|number| number.account == purchase.account);
        let there = there.map(|number| (number.id, number.stage));
        if let Some((number, _)) = there {
            self.hold(&holding(number)).await?;
        }
        let mut trouble = String::new();
        if there.is_none_or(|(_, stage)| stage == NumberStage::Released) {
            let mut wanted = purchase.clone();
            // A number that is paid for is kept, also when its pool was removed meanwhile.
            wanted.pool = wanted.pool.filter(|id| directory.pool(*id).is_some());
            let number = self.number_of(&wanted)?;
            match self.setup.put_number(&number).await {
                Ok(()) => self.hold(&holding(number.id)).await?,
                Err(SetupError::Invalid { message, .. }) => trouble = not_taken(&message),
                Err(SetupError::Port(PortError::Conflict(message))) => {
                    trouble = not_taken(&message);
                }
                // The store is away: the job comes again.
                Err(error) => return Err(error.into()),
            }
        }
        if !trouble.is_empty() {
            tracing::error!(purchase = %purchase.id, "a bought number could not be taken into the inventory");
        }
        self.decide(purchase, PurchaseState::Bought, &trouble).await
    }

    async fn hold(&self, holding: &Holding) -> Result<(), SupplyError> {
        let stored = self.records.put_holding(holding);
        Ok(self.setup.change_elsewhere(stored).await?)
    }

    /// Ends a purchase of which a person found out at the carrier that nothing comes of it; what it was stays on record. An
    /// order may wait there for ever, for papers that nobody sends: it is cancelled there first.
    ///
    /// # Errors
    /// When there is none, it was sent just now or is decided, or the store is away.
    pub async fn close(&self, account: AccountId, id: PurchaseId) -> Result<Purchase, SupplyError> {
        let _deciding = self.deciding.lock().await;
        let purchase = self.purchase(account, id).await?;
        if purchase.state != PurchaseState::Sending {
            return Err(SupplyError::Conflict(
                "only a purchase that is being bought can be closed; this one is not".to_owned(),
            ));
        }
        let sent = purchase.sent_at.unwrap_or(purchase.offered_at);
        if self.now().millis_since(sent) < CLOSE_AFTER_MS {
            return Err(SupplyError::Conflict(format!(
                "the carrier was told less than {} minutes ago; wait what becomes of it",
                CLOSE_AFTER_MS / 60_000
            )));
        }
        let why = "closed by hand, by somebody who looked at the carrier";
        self.decide(&purchase, PurchaseState::NotBought, why)
            .await?;
        self.purchase(account, id).await
    }

    /// The tracking number that a purchase becomes. One for a pool is listened to first, like every new one.
    fn number_of(&self, purchase: &Purchase) -> Result<TrackingNumber, SupplyError> {
        let now = self.now();
        let directory = self.directory.now();
        let pool = purchase.pool.map(|id| {
            let pool = directory
                .pool(id)
                .filter(|p| p.settings.account == purchase.account);
            pool.ok_or_else(|| invalid("pool", "there is no such pool"))
        });
        let pool = pool.transpose()?;
        // One that was given back keeps its history.
        let before = directory
            .number_by_digits(purchase.phone)
            .filter(|n| n.account == purchase.account && n.stage == NumberStage::Released);
        let held = before.and_then(|n| directory.holding(n.id));
        let ours_again = before.filter(|n| {
            directory.is_given_back(n.id)
                || held.is_some_and(|h| h.bought_at >= purchase.offered_at)
        });
        Ok(TrackingNumber {
            id: ours_again.map_or(purchase.number, |n| n.id),
            account: purchase.account,
            trunk: purchase.trunk,
            number: purchase.phone,
            kind: pool.map_or(NumberUse::Static, |_| NumberUse::Pool),
            label: purchase.label.clone(),
            site: pool.map(|p| p.settings.site),
            target: pool.map(|p| p.settings.target),
            pool: purchase.pool,
            selector: SourceSelector::default(),
            business_line: purchase.business_line,
            second_line: None,
            flow: None,
            feed: None,
            stage: pool.map_or(NumberStage::InUse, |_| NumberStage::Warming),
            stage_since: now,
            created_at: ours_again.map_or(now, |n| n.created_at),
        })
    }

    /// Looks up what became of purchases without an answer. Gives how many were decided.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn look_up(&self) -> Result<usize, SupplyError> {
        let now = self.now();
        let mut decided = 0;
        for purchase in self.records.sending(LOOKED_UP_MAX).await? {
            let sent = purchase.sent_at.unwrap_or(purchase.offered_at);
            // First, so that one that fails does not keep the others from their turn.
            self.records.looked_up(purchase.id, now).await?;
            match self.look_up_one(&purchase, now.millis_since(sent)).await {
                Ok(true) => decided += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(purchase = %purchase.id, kind = error.kind(), "a purchase is still not known");
                }
            }
        }
        Ok(decided)
    }

    async fn look_up_one(&self, purchase: &Purchase, age_ms: i64) -> Result<bool, SupplyError> {
        let carrier = self.carrier(purchase.trunk)?;
        let reference = purchase.id.to_string();
        let told = self.carriers.ordered(&carrier, &reference, purchase.phone);
        match told.await? {
            Ordered::Done(held) => {
                self.claim(&carrier, purchase, &held).await?;
                Ok(true)
            }
            Ordered::Pending => Ok(false),
            Ordered::Refused(why) => {
                self.decide(purchase, PurchaseState::Refused, &why).await?;
                Ok(true)
            }
            Ordered::Nothing if age_ms > GIVE_UP_MS => {
                let why = "the carrier does not have it among our numbers";
                self.decide(purchase, PurchaseState::NotBought, why).await?;
                Ok(true)
            }
            Ordered::Nothing => Ok(false),
        }
    }
}

/// What is left to do with a number that is paid for and stands nowhere.
fn not_taken(why: &str) -> String {
    format!(
        "the number is yours at the carrier, but was not taken into the inventory: {why}; add it by hand, or give it back there"
    )
}

/// Refuses a confirmation that repeats something else than was offered.
fn repeated(purchase: &Purchase, said: &Said) -> Result<(), SupplyError> {
    if said.phone != purchase.phone {
        return Err(invalid("number", "repeat the number that was offered"));
    }
    if said.monthly.currency() != purchase.monthly.currency() {
        return Err(invalid("currency", "repeat the currency that was offered"));
    }
    if said.monthly != purchase.monthly {
        return Err(invalid(
            "monthly_micros",
            format!("repeat the price that was offered: {}", purchase.monthly),
        ));
    }
    Ok(())
}
