//! Buying a number while the carrier's answers are lost, late or no.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use trunkline_core::assignment::{NumberStage, NumberUse, TrackingNumber};
use trunkline_core::base::id::{AccountId, NumberId, PurchaseId, TrunkId};
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Timestamp};
use trunkline_core::visitor::SourceSelector;
use trunkline_engine::clock::Moment;
use trunkline_engine::directory::SharedDirectory;
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierError, HeldNumber, HeldNumbers, Holding, Identity, LineKind,
    NumberOffer, NumberOrder, NumberSearch, Ordered, Pointing, Purchase, PurchaseState,
};
use trunkline_engine::ports::configuration::Everything;
use trunkline_engine::ports::webhooks::{Dialect, Secret};
use trunkline_engine::ports::{CarrierRecords, NumberSupply, PortError, PortResult};
use trunkline_engine::setup::SetupError;
use trunkline_engine::supply::{CLOSE_AFTER_MS, OFFER_LIFE_MS, Said, Supply, SupplyError, Wanted};

use crate::calls::Desk;
use crate::configuration::furnished;

const OURS: AccountId = AccountId::from_raw(9);
const TRUNK: TrunkId = TrunkId::from_raw(7);
const WANTED: PhoneNumber = PhoneNumber::from_digits(12_145_550_701);
const HALF_AN_HOUR_MS: i64 = 1_800_000;

/// A carrier that answers as it is told, and what is kept of purchases.
#[derive(Default)]
struct Counter {
    /// What it answers when it is told to sell, and when it is asked what it did.
    buys: Mutex<Option<Result<Ordered, CarrierError>>>,
    ordered: Mutex<Option<Result<Ordered, CarrierError>>>,
    told: AtomicUsize,
    purchases: Mutex<Vec<Purchase>>,
    looked_up: Mutex<Vec<PurchaseId>>,
    holdings: Mutex<Vec<Holding>>,
}

fn held() -> HeldNumber {
    HeldNumber {
        name: "PN1".to_owned(),
        number: WANTED,
    }
}

fn monthly() -> Money {
    Money::from_micros(1_150_000, Currency::USD)
}

#[async_trait]
impl NumberSupply for Counter {
    async fn identity(&self, _: &CarrierAccount) -> Result<Identity, CarrierError> {
        Err(CarrierError::Sold)
    }
    async fn offers(
        &self,
        _: &CarrierAccount,
        _: &NumberSearch,
    ) -> Result<Vec<NumberOffer>, CarrierError> {
        Ok(vec![NumberOffer {
            number: WANTED,
            place: "Dallas, TX".to_owned(),
            monthly: Some(monthly()),
            setup: None,
        }])
    }
    async fn held(&self, _: &CarrierAccount) -> Result<HeldNumbers, CarrierError> {
        Ok(HeldNumbers::default())
    }
    async fn find(
        &self,
        _: &CarrierAccount,
        _: PhoneNumber,
    ) -> Result<Option<HeldNumber>, CarrierError> {
        Ok(None)
    }
    async fn buy(&self, _: &CarrierAccount, _: &NumberOrder) -> Result<Ordered, CarrierError> {
        let sending = self.purchases.lock().expect("purchases");
        assert!(sending.iter().any(|p| p.state == PurchaseState::Sending));
        self.told.fetch_add(1, Ordering::SeqCst);
        self.buys
            .lock()
            .expect("answers")
            .clone()
            .expect("an answer")
    }
    async fn ordered(
        &self,
        _: &CarrierAccount,
        _: &str,
        _: PhoneNumber,
    ) -> Result<Ordered, CarrierError> {
        self.ordered
            .lock()
            .expect("answers")
            .clone()
            .expect("an answer")
    }
    async fn point(&self, _: &CarrierAccount, _: &str, _: &Pointing) -> Result<(), CarrierError> {
        Ok(())
    }
    async fn give_back(&self, _: &CarrierAccount, _: &str) -> Result<(), CarrierError> {
        Ok(())
    }
}

#[async_trait]
impl CarrierRecords for Counter {
    async fn put_carrier(&self, _: &CarrierAccount) -> PortResult<()> {
        Ok(())
    }
    async fn delete_carrier(&self, _: TrunkId) -> PortResult<bool> {
        Ok(true)
    }
    async fn put_offer(&self, purchase: &Purchase) -> PortResult<()> {
        self.purchases
            .lock()
            .expect("purchases")
            .push(purchase.clone());
        Ok(())
    }
    async fn purchase(&self, account: AccountId, id: PurchaseId) -> PortResult<Option<Purchase>> {
        let purchases = self.purchases.lock().expect("purchases");
        let found = purchases
            .iter()
            .find(|p| p.id == id && p.account == account);
        Ok(found.cloned())
    }
    async fn purchases(&self, _: AccountId, _: u32) -> PortResult<Vec<Purchase>> {
        Ok(self.purchases.lock().expect("purchases").clone())
    }
    async fn send(&self, id: PurchaseId, at: Timestamp) -> PortResult<bool> {
        let mut purchases = self.purchases.lock().expect("purchases");
        if purchases.iter().any(|p| p.state == PurchaseState::Sending) {
            return Err(PortError::Conflict("it is being bought".to_owned()));
        }
        let offered = |p: &&mut Purchase| p.id == id && p.state == PurchaseState::Offered;
        let Some(purchase) = purchases.iter_mut().find(offered) else {
            return Ok(false);
        };
        purchase.state = PurchaseState::Sending;
        purchase.sent_at = Some(at);
        Ok(true)
    }
    async fn settle(
        &self,
        id: PurchaseId,
        state: PurchaseState,
        trouble: &str,
        at: Timestamp,
    ) -> PortResult<bool> {
        let mut purchases = self.purchases.lock().expect("purchases");
        let sending = |p: &&mut Purchase| p.id == id && p.state == PurchaseState::Sending;
        let Some(purchase) = purchases.iter_mut().find(sending) else {
            return Ok(false);
        };
        purchase.state = state;
        trouble.clone_into(&mut purchase.trouble);
        purchase.settled_at = Some(at);
        Ok(true)
    }
    async fn sending(&self, _: u32) -> PortResult<Vec<Purchase>> {
        let purchases = self.purchases.lock().expect("purchases");
        let sending = |p: &&Purchase| p.state == PurchaseState::Sending;
        Ok(purchases.iter().filter(sending).cloned().collect())
    }
    async fn forget_offers(&self, before: Timestamp, _: u32) -> PortResult<u64> {
        let mut purchases = self.purchases.lock().expect("purchases");
        let count = purchases.len();
        purchases.retain(|p| p.state != PurchaseState::Offered || p.offered_at >= before);
        Ok((count - purchases.len()) as u64)
    }
    async fn looked_up(&self, id: PurchaseId, _: Timestamp) -> PortResult<()> {
        self.looked_up.lock().expect("looked up").push(id);
        Ok(())
    }
    async fn put_holding(&self, holding: &Holding) -> PortResult<()> {
        self.holdings
            .lock()
            .expect("holdings")
            .push(holding.clone());
        Ok(())
    }
    async fn given_back(&self, _: NumberId, _: Timestamp) -> PortResult<()> {
        Ok(())
    }
}

fn account() -> CarrierAccount {
    CarrierAccount {
        trunk: TRUNK,
        dialect: Dialect::Twilio,
        api_url: None,
        user: "AC1".to_owned(),
        key: Secret::new("key"),
        sip_connection: Some("TK1".to_owned()),
        own_price: None,
        set_at: Timestamp::EPOCH,
    }
}

fn wanted() -> Wanted {
    Wanted {
        trunk: TRUNK,
        phone: WANTED,
        country: Country::US,
        kind: LineKind::Local,
        business_line: PhoneNumber::from_digits(12_142_345_678),
        pool: None,
        label: String::new(),
        by: None,
    }
}

struct World {
    desk: Desk,
    counter: Arc<Counter>,
    supply: Arc<Supply>,
    directory: SharedDirectory,
}

impl World {
    async fn new() -> Self {
        Self::with(Everything::default()).await
    }

    /// One with an account at a carrier, and what else is stored.
    async fn with(stored: Everything) -> Self {
        let (desk, setup) = furnished(Everything {
            carriers: vec![account()],
            ..stored
        })
        .await;
        let counter = Arc::new(Counter::default());
        let directory = desk.directory.clone();
        let supply = Supply::new(
            Moment::new(desk.clock.clone(), 1),
            directory.clone(),
            Arc::new(setup),
            Arc::clone(&desk.assignments),
            desk.history.clone(),
            counter.clone(),
            counter.clone(),
            Box::new(|_| (String::new(), String::new())),
        );
        Self {
            desk,
            counter,
            supply: Arc::new(supply),
            directory,
        }
    }

    async fn offer(&self) -> Purchase {
        self.supply.offer(OURS, wanted()).await.expect("an offer")
    }

    async fn confirm(&self, offer: &Purchase) -> Result<Purchase, SupplyError> {
        let said = Said {
            phone: offer.phone,
            monthly: offer.monthly,
        };
        self.supply.confirm(OURS, offer.id, said).await
    }

    fn buys(&self, answer: Result<Ordered, CarrierError>) {
        *self.counter.buys.lock().expect("answers") = Some(answer);
    }

    async fn looked_up(
        &self,
        offer: &Purchase,
        answer: Result<Ordered, CarrierError>,
    ) -> PurchaseState {
        *self.counter.ordered.lock().expect("answers") = Some(answer);
        self.supply.look_up().await.expect("looked up");
        let known = self.supply.purchase(OURS, offer.id).await;
        known.expect("a purchase").state
    }

    fn has_number(&self) -> bool {
        self.directory.now().number_by_digits(WANTED).is_some()
    }
}

fn lost() -> CarrierError {
    CarrierError::Unclear("no answer in time".to_owned())
}

#[tokio::test]
async fn an_answer_that_is_lost_is_looked_up_until_it_is_known_and_never_asked_for_again() {
    let world = World::new().await;
    let offer = world.offer().await;
    world.buys(Err(lost()));
    let sent = world.confirm(&offer).await.expect("a purchase");
    assert_eq!(sent.state, PurchaseState::Sending);
    let again = world.confirm(&offer).await.expect("the same purchase");
    assert_eq!(again, sent);
    // Another offer of the same number is not bought meanwhile.
    let other = world.offer().await;
    assert!(world.confirm(&other).await.is_err());
    // The carrier is away for longer than it takes to give up: that says nothing.
    world.desk.clock.forward(HALF_AN_HOUR_MS * 2);
    let away = CarrierError::Unreachable("it is away".to_owned());
    let state = world.looked_up(&offer, Err(away)).await;
    assert_eq!(state, PurchaseState::Sending);
    let state = world.looked_up(&offer, Ok(Ordered::Pending)).await;
    assert_eq!(state, PurchaseState::Sending);
    assert!(!world.has_number());
    let done = Ok(Ordered::Done(held()));
    assert_eq!(world.looked_up(&offer, done).await, PurchaseState::Bought);
    assert!(world.has_number());
    let holdings = world.counter.holdings.lock().expect("holdings").clone();
    assert_eq!(holdings.len(), 1);
    assert_eq!(
        (&*holdings[0].name, holdings[0].monthly),
        ("PN1", monthly())
    );
    assert_eq!(world.counter.told.load(Ordering::SeqCst), 1, "sent once");
}

#[tokio::test]
async fn an_offer_is_kept_for_a_week_after_it_ended() {
    let world = World::new().await;
    let offer = world.offer().await;
    world.desk.clock.forward(OFFER_LIFE_MS + 7 * 86_400_000);
    assert_eq!(world.supply.forget_offers().await, Ok(0));
    world.desk.clock.forward(1);
    assert_eq!(world.supply.forget_offers().await, Ok(1));
    let gone = world.supply.purchase(OURS, offer.id).await;
    assert_eq!(gone, Err(SupplyError::NoPurchase));
}

#[tokio::test]
async fn a_pattern_that_the_carrier_does_not_take_is_told_before_it_is_asked() {
    let world = World::new().await;
    let asked = async |contains: &str| {
        let search = NumberSearch {
            country: Country::US,
            kind: LineKind::Local,
            area_code: None,
            contains: Some(contains.to_owned()),
            limit: 10,
        };
        world.supply.offers(TRUNK, &search).await
    };
    for (contains, fits) in [("7", false), ("70", true), ("7o", false)] {
        let told = asked(contains).await;
        assert_eq!(told.is_ok(), fits, "{contains}: {told:?}");
        if let Err(error) = told {
            assert!(error.to_string().contains("2 to 10 digits"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_number_that_the_carrier_does_not_list_is_not_said_to_be_sold() {
    let world = World::new().await;
    let wanted = Wanted {
        phone: PhoneNumber::from_digits(12_145_550_799),
        ..wanted()
    };
    let told = world.supply.offer(OURS, wanted).await;
    let not_offered = SupplyError::Carrier(CarrierError::NotOffered);
    assert_eq!(told, Err(not_offered));
}

#[tokio::test]
async fn a_number_that_the_carrier_never_knew_of_was_not_bought_after_half_an_hour() {
    let world = World::new().await;
    let offer = world.offer().await;
    world.buys(Err(lost()));
    world.confirm(&offer).await.expect("a purchase");
    let state = world.looked_up(&offer, Ok(Ordered::Nothing)).await;
    assert_eq!(state, PurchaseState::Sending, "it may come yet");
    world.desk.clock.forward(HALF_AN_HOUR_MS + 1);
    let state = world.looked_up(&offer, Ok(Ordered::Nothing)).await;
    assert_eq!(state, PurchaseState::NotBought);
    assert!(!world.has_number());
    assert!(matches!(
        world.confirm(&offer).await,
        Err(SupplyError::Conflict(_))
    ));
    assert_eq!(world.counter.told.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_clear_no_is_told_and_ends_the_purchase() {
    for no in [
        CarrierError::Sold,
        CarrierError::Busy { retry_after_s: 5 },
        CarrierError::NotLetIn("wrong key".to_owned()),
        CarrierError::Refused("an address is required".to_owned()),
        CarrierError::Unreachable("nobody is there".to_owned()),
    ] {
        let world = World::new().await;
        let offer = world.offer().await;
        world.buys(Err(no.clone()));
        let told = world.confirm(&offer).await;
        assert_eq!(told, Err(SupplyError::Carrier(no.clone())));
        let known = world.supply.purchase(OURS, offer.id).await;
        let known = known.expect("a purchase");
        assert_eq!(known.state, PurchaseState::Refused);
        assert_eq!(known.trouble, no.to_string());
        assert!(!world.has_number());
    }
}

#[tokio::test]
async fn an_offer_is_bought_only_as_it_was_made_and_while_it_stands() {
    let world = World::new().await;
    let offer = world.offer().await;
    world.buys(Ok(Ordered::Done(held())));
    for (phone, monthly, field) in [
        (
            PhoneNumber::from_digits(12_145_550_702),
            monthly(),
            "number",
        ),
        (
            WANTED,
            Money::from_micros(1_150_001, Currency::USD),
            "monthly_micros",
        ),
        (
            WANTED,
            Money::from_micros(1_150_000, "EUR".parse().expect("a currency")),
            "currency",
        ),
    ] {
        let said = Said { phone, monthly };
        match world.supply.confirm(OURS, offer.id, said).await {
            Err(SupplyError::Setup(SetupError::Invalid { field: told, .. })) => {
                assert_eq!(told, field);
            }
            other => panic!("{field}: {other:?}"),
        }
    }
    let theirs = AccountId::from_raw(10);
    let said = Said {
        phone: WANTED,
        monthly: monthly(),
    };
    let strange = world.supply.confirm(theirs, offer.id, said).await;
    assert_eq!(strange, Err(SupplyError::NoPurchase));
    world.desk.clock.forward(OFFER_LIFE_MS + 1);
    assert!(matches!(
        world.confirm(&offer).await,
        Err(SupplyError::Conflict(_))
    ));
    assert_eq!(world.counter.told.load(Ordering::SeqCst), 0);
    let fresh = world.offer().await;
    let bought = world.confirm(&fresh).await.expect("bought");
    assert_eq!(bought.state, PurchaseState::Bought);
    assert!(world.has_number());
}

#[tokio::test]
async fn an_account_is_not_changed_under_a_purchase_and_a_new_key_is_no_change() {
    let world = World::new().await;
    let offer = world.offer().await;
    world.buys(Err(lost()));
    world.confirm(&offer).await.expect("a purchase");
    let others = [
        CarrierAccount {
            user: "AC2".to_owned(),
            ..account()
        },
        CarrierAccount {
            api_url: Some("https://api.example.com".to_owned()),
            ..account()
        },
        CarrierAccount {
            dialect: Dialect::Telnyx,
            ..account()
        },
    ];
    for other in &others {
        let refused = world.supply.connect(other).await;
        assert!(
            matches!(refused, Err(SupplyError::Conflict(_))),
            "{refused:?}"
        );
    }
    assert!(world.supply.disconnect(TRUNK).await.is_err());
    let refused = world.supply.delete_trunk(TRUNK).await;
    assert!(
        matches!(refused, Err(SupplyError::Conflict(_))),
        "{refused:?}"
    );
    let key = CarrierAccount {
        key: Secret::new("new-key"),
        ..account()
    };
    world.supply.connect(&key).await.expect("a new key");
    world.looked_up(&offer, Ok(Ordered::Done(held()))).await;
    for other in &others {
        world.supply.connect(other).await.expect("decided");
    }
}

#[tokio::test]
async fn a_purchase_that_waits_at_the_carrier_has_its_turns_of_being_looked_up() {
    let world = World::new().await;
    let offer = world.offer().await;
    world.buys(Err(lost()));
    world.confirm(&offer).await.expect("a purchase");
    let state = world.looked_up(&offer, Ok(Ordered::Pending)).await;
    assert_eq!(state, PurchaseState::Sending);
    let asked = world.counter.looked_up.lock().expect("looked up").clone();
    assert_eq!(asked, [offer.id], "its turn is written down");
}

#[tokio::test]
async fn a_purchase_that_never_ends_is_closed_by_a_person_who_looked() {
    let world = World::new().await;
    let offer = world.offer().await;
    let early = world.supply.close(OURS, offer.id).await;
    assert!(matches!(early, Err(SupplyError::Conflict(_))), "an offer");
    world.buys(Ok(Ordered::Pending));
    world.confirm(&offer).await.expect("a purchase");
    let early = world.supply.close(OURS, offer.id).await;
    assert!(matches!(early, Err(SupplyError::Conflict(_))), "just sent");
    world.desk.clock.forward(CLOSE_AFTER_MS);
    let theirs = world.supply.close(AccountId::from_raw(10), offer.id).await;
    assert_eq!(theirs, Err(SupplyError::NoPurchase));
    let closed = world.supply.close(OURS, offer.id).await.expect("closed");
    assert_eq!(closed.state, PurchaseState::NotBought);
    assert!(closed.trouble.contains("by hand"), "{}", closed.trouble);
    world.supply.disconnect(TRUNK).await.expect("free");
}

/// A number that is in the inventory already, in quarantine.
fn quiet(id: i64) -> TrackingNumber {
    TrackingNumber {
        id: NumberId::from_raw(id),
        account: OURS,
        trunk: TRUNK,
        number: WANTED,
        kind: NumberUse::Static,
        label: "Old".to_owned(),
        site: None,
        target: None,
        pool: None,
        selector: SourceSelector::default(),
        business_line: PhoneNumber::from_digits(12_142_345_678),
        second_line: None,
        flow: None,
        feed: None,
        stage: NumberStage::Quarantine,
        stage_since: Timestamp::EPOCH,
        created_at: Timestamp::EPOCH,
    }
}

fn holding(number: &TrackingNumber, by: &CarrierAccount) -> Holding {
    Holding {
        number: number.id,
        name: "PN1".to_owned(),
        by: Some(by.whose()),
        monthly: monthly(),
        setup: monthly(),
        bought_at: Timestamp::EPOCH,
        given_back_at: None,
    }
}

#[tokio::test]
async fn a_number_is_given_back_to_the_account_that_bought_it_and_to_no_other() {
    let number = quiet(21);
    let strange = CarrierAccount {
        user: "AC2".to_owned(),
        ..account()
    };
    let world = World::with(Everything {
        numbers: vec![number.clone()],
        holdings: vec![holding(&number, &strange)],
        ..Everything::default()
    })
    .await;
    let refused = world.supply.give_back(&number, WANTED).await;
    match refused {
        Err(SupplyError::Conflict(why)) => assert!(why.contains("AC2"), "{why}"),
        other => panic!("{other:?}"),
    }
    let world = World::with(Everything {
        numbers: vec![number.clone()],
        holdings: vec![holding(&number, &account())],
        ..Everything::default()
    })
    .await;
    let given = world.supply.give_back(&number, WANTED).await;
    assert_eq!(given.expect("given back").stage, NumberStage::Released);
}

#[tokio::test]
async fn a_number_that_was_given_back_is_used_again_only_when_it_is_bought_again() {
    let mut number = quiet(21);
    number.stage = NumberStage::Released;
    let world = World::with(Everything {
        numbers: vec![number.clone()],
        given_back: vec![number.id],
        ..Everything::default()
    })
    .await;
    let again = world.supply.give_back(&number, WANTED).await;
    assert!(matches!(again, Err(SupplyError::Conflict(_))), "{again:?}");
    let offer = world.offer().await;
    assert_eq!(offer.phone, WANTED, "it is for sale");
}
