//! Accounts at carriers with their sealed keys, purchases of numbers, and what numbers cost.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, NumberId, PurchaseId, TrunkId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::carriers::{
    CarrierAccount, CarrierName, CarrierRecords, Holding, Purchase, PurchaseState,
};
use trunkline_engine::ports::webhooks::{Dialect, Secret};

use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Row, Transaction};
use crate::{Store, args};

crate::statements! { "carriers";
    CARRIERS = "SELECT c.trunk, c.dialect, c.api_url, c.user_name, c.sip_connection, c.own_price_micros, c.own_price_currency, \
        c.set_at, k.sealed FROM carrier AS c JOIN credential AS k ON k.owner = c.trunk AND k.kind = 'carrier_key' \
        ORDER BY c.trunk";
    PUT_CARRIER = "INSERT INTO carrier (trunk, dialect, api_url, user_name, sip_connection, own_price_micros, \
        own_price_currency, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (trunk) DO UPDATE SET \
        dialect = excluded.dialect, api_url = excluded.api_url, user_name = excluded.user_name, \
        sip_connection = excluded.sip_connection, own_price_micros = excluded.own_price_micros, \
        own_price_currency = excluded.own_price_currency, set_at = excluded.set_at";
    DELETE_CARRIER = "DELETE FROM carrier WHERE trunk = $1";
    PUT_CARRIER_KEY = "INSERT INTO credential (owner, kind, sealed, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (owner, kind) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at";
    DELETE_CARRIER_KEY = "DELETE FROM credential WHERE owner = $1 AND kind = $2";
    PUT_OFFER = "INSERT INTO purchase (id, account, trunk, phone, country, line_kind, place, monthly_micros, setup_micros, \
        currency, number, business_line, pool, label, state, trouble, offered_by, offered_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'offered', '', $15, $16)";
    PURCHASE = "SELECT id, account, trunk, phone, country, line_kind, place, monthly_micros, setup_micros, currency, number, \
        business_line, pool, label, state, trouble, offered_by, offered_at, sent_at, settled_at FROM purchase \
        WHERE account = $1 AND id = $2";
    PURCHASES = "SELECT id, account, trunk, phone, country, line_kind, place, monthly_micros, setup_micros, currency, number, \
        business_line, pool, label, state, trouble, offered_by, offered_at, sent_at, settled_at FROM purchase \
        WHERE account = $1 AND state <> 'offered' ORDER BY id DESC LIMIT $2";
    SENDING = "SELECT id, account, trunk, phone, country, line_kind, place, monthly_micros, setup_micros, currency, number, \
        business_line, pool, label, state, trouble, offered_by, offered_at, sent_at, settled_at FROM purchase \
        WHERE state = 'sending' ORDER BY COALESCE(looked_up_at, 0), id LIMIT $1";
    FORGET_OFFERS = "DELETE FROM purchase WHERE state = 'offered' AND id IN (SELECT o.id FROM purchase AS o \
        WHERE o.state = 'offered' AND o.offered_at < $1 ORDER BY o.id LIMIT $2)";
    LOOKED_UP = "UPDATE purchase SET looked_up_at = $2 WHERE id = $1";
    SEND_PURCHASE = "UPDATE purchase SET state = 'sending', sent_at = $2 WHERE id = $1 AND state = 'offered'";
    SETTLE_PURCHASE = "UPDATE purchase SET state = $2, trouble = $3, settled_at = $4 WHERE id = $1 AND state = 'sending'";
    HOLDINGS = "SELECT id, carrier_name, carrier_dialect, carrier_user, carrier_api_url, monthly_micros, setup_micros, cost_currency, bought_at, given_back_at \
        FROM tracking_number WHERE carrier_name IS NOT NULL ORDER BY id";
    NUMBERS_GIVEN_BACK = "SELECT id FROM tracking_number WHERE given_back_at IS NOT NULL ORDER BY id";
    PUT_HOLDING = "UPDATE tracking_number SET carrier_name = $2, monthly_micros = $3, setup_micros = $4, \
        cost_currency = $5, bought_at = $6, given_back_at = $7, carrier_dialect = $8, carrier_user = $9, \
        carrier_api_url = $10 WHERE id = $1";
    GIVEN_BACK = "UPDATE tracking_number SET given_back_at = $2 WHERE id = $1 AND given_back_at IS NULL";
}

/// Kind of the key in `credential`.
const CARRIER_KEY: &str = "carrier_key";

/// The place the key is sealed for.
fn place(trunk: TrunkId) -> String {
    format!("trunk/{}/{CARRIER_KEY}", trunk.raw())
}

/// Goes on with a transaction after which nothing is left of a trunk's account at its carrier, the key included.
pub(crate) fn without_carrier(whole: Transaction, trunk: TrunkId) -> Transaction {
    whole
        .step(DELETE_CARRIER_KEY, args![trunk, CARRIER_KEY], Expect::Any)
        .step(DELETE_CARRIER, args![trunk], Expect::Any)
}

impl Store {
    /// Every account at a carrier.
    pub(crate) async fn carriers(&self) -> PortResult<Vec<CarrierAccount>> {
        self.many(CARRIERS, args![], |row| self.carrier(row)).await
    }

    fn carrier(&self, row: &Row) -> Result<CarrierAccount, DbError> {
        let trunk: TrunkId = row.get("trunk")?;
        let opened = self
            .sealer
            .open(&place(trunk), &row.get::<Vec<u8>>("sealed")?)?;
        let key =
            String::from_utf8(opened).map_err(|_| DbError::other("read a key", "it is no text"))?;
        let price: Option<i64> = row.get("own_price_micros")?;
        let currency: Option<Currency> = row.get("own_price_currency")?;
        Ok(CarrierAccount {
            trunk,
            dialect: row.get("dialect")?,
            api_url: row.get("api_url")?,
            user: row.get("user_name")?,
            key: Secret::new(key),
            sip_connection: row.get("sip_connection")?,
            own_price: price
                .zip(currency)
                .map(|(micros, currency)| Money::from_micros(micros, currency)),
            set_at: row.get("set_at")?,
        })
    }

    /// Every number that is held at a carrier, or was.
    pub(crate) async fn holdings(&self) -> PortResult<Vec<Holding>> {
        self.many(HOLDINGS, args![], |row| {
            let currency: Currency = row.get("cost_currency")?;
            let dialect: Option<Dialect> = row.get("carrier_dialect")?;
            let user: Option<String> = row.get("carrier_user")?;
            let api_url = row.get("carrier_api_url")?;
            Ok(Holding {
                number: row.get("id")?,
                name: row.get("carrier_name")?,
                by: dialect.zip(user).map(|(dialect, user)| CarrierName {
                    dialect,
                    api_url,
                    user,
                }),
                monthly: Money::from_micros(row.get("monthly_micros")?, currency),
                setup: Money::from_micros(row.get("setup_micros")?, currency),
                bought_at: row.get("bought_at")?,
                given_back_at: row.get("given_back_at")?,
            })
        })
        .await
    }
}

impl Store {
    /// Every number that was given back to a carrier.
    pub(crate) async fn numbers_given_back(&self) -> PortResult<Vec<NumberId>> {
        self.many(NUMBERS_GIVEN_BACK, args![], |row| row.get("id"))
            .await
    }
}

fn purchase(row: &Row) -> Result<Purchase, DbError> {
    let currency: Currency = row.get("currency")?;
    Ok(Purchase {
        id: row.get("id")?,
        account: row.get("account")?,
        trunk: row.get("trunk")?,
        phone: row.get("phone")?,
        country: row.get("country")?,
        kind: row.get("line_kind")?,
        place: row.get("place")?,
        monthly: Money::from_micros(row.get("monthly_micros")?, currency),
        setup: Money::from_micros(row.get("setup_micros")?, currency),
        number: row.get("number")?,
        business_line: row.get("business_line")?,
        pool: row.get("pool")?,
        label: row.get("label")?,
        state: row.get("state")?,
        trouble: row.get("trouble")?,
        offered_by: row.get("offered_by")?,
        offered_at: row.get("offered_at")?,
        sent_at: row.get("sent_at")?,
        settled_at: row.get("settled_at")?,
    })
}

#[async_trait]
impl CarrierRecords for Store {
    async fn put_carrier(&self, carrier: &CarrierAccount) -> PortResult<()> {
        let trunk = carrier.trunk;
        let sealed = self
            .sealer
            .seal(&place(trunk), carrier.key.reveal().as_bytes())
            .map_err(port_error)?;
        let price = carrier.own_price;
        let currency = price.map(|price| price.currency().code().to_owned());
        let values = args![
            trunk,
            carrier.dialect,
            carrier.api_url.as_ref(),
            &carrier.user,
            carrier.sip_connection.as_ref(),
            price.map(Money::micros),
            currency,
            carrier.set_at,
        ];
        let key = args![trunk, CARRIER_KEY, sealed, carrier.set_at];
        let whole = Transaction::new()
            .step(PUT_CARRIER, values, Expect::Rows(1))
            .step(PUT_CARRIER_KEY, key, Expect::Rows(1));
        self.run_whole(whole).await
    }

    async fn delete_carrier(&self, trunk: TrunkId) -> PortResult<bool> {
        let whole = without_carrier(Transaction::new(), trunk);
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(results) => Ok(results.last().is_some_and(|last| last.count > 0)),
            Outcome::Unexpected { .. } => Ok(false),
        }
    }

    async fn put_offer(&self, purchase: &Purchase) -> PortResult<()> {
        let values = args![
            purchase.id,
            purchase.account,
            purchase.trunk,
            purchase.phone,
            &purchase.country,
            purchase.kind,
            &purchase.place,
            purchase.monthly.micros(),
            purchase.setup.micros(),
            &purchase.monthly.currency(),
            purchase.number,
            purchase.business_line,
            purchase.pool,
            &purchase.label,
            purchase.offered_by,
            purchase.offered_at,
        ];
        self.put(PUT_OFFER, values).await
    }

    async fn purchase(&self, account: AccountId, id: PurchaseId) -> PortResult<Option<Purchase>> {
        self.one(PURCHASE, args![account, id], purchase).await
    }

    async fn purchases(&self, account: AccountId, limit: u32) -> PortResult<Vec<Purchase>> {
        self.many(PURCHASES, args![account, limit], purchase).await
    }

    async fn send(&self, id: PurchaseId, at: Timestamp) -> PortResult<bool> {
        let sent = self.change(SEND_PURCHASE, args![id, at], Expect::Any);
        Ok(sent.await? > 0)
    }

    async fn settle(
        &self,
        id: PurchaseId,
        state: PurchaseState,
        trouble: &str,
        at: Timestamp,
    ) -> PortResult<bool> {
        let values = args![id, state, trouble, at];
        Ok(self.change(SETTLE_PURCHASE, values, Expect::Any).await? > 0)
    }

    async fn sending(&self, limit: u32) -> PortResult<Vec<Purchase>> {
        self.many(SENDING, args![limit], purchase).await
    }

    async fn forget_offers(&self, before: Timestamp, limit: u32) -> PortResult<u64> {
        let values = args![before, limit];
        self.change(FORGET_OFFERS, values, Expect::Any).await
    }

    async fn looked_up(&self, id: PurchaseId, at: Timestamp) -> PortResult<()> {
        let values = args![id, at];
        self.change(LOOKED_UP, values, Expect::Any).await.map(drop)
    }

    async fn put_holding(&self, holding: &Holding) -> PortResult<()> {
        let by = holding.by.as_ref();
        let values = args![
            holding.number,
            &holding.name,
            holding.monthly.micros(),
            holding.setup.micros(),
            &holding.monthly.currency(),
            holding.bought_at,
            holding.given_back_at,
            by.map(|by| by.dialect),
            by.map(|by| by.user.as_str()),
            by.and_then(|by| by.api_url.as_deref()),
        ];
        self.put(PUT_HOLDING, values).await
    }

    async fn given_back(&self, number: NumberId, at: Timestamp) -> PortResult<()> {
        let values = args![number, at];
        self.change(GIVEN_BACK, values, Expect::Any).await.map(drop)
    }
}
