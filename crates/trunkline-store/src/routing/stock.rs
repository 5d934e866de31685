//! What is used and reserved in an account, as it is read for a plan and for people.

use trunkline_core::base::id::{AccountId, BuyerId, ContractId, FeedId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::routing::{Live, PlaceOwner, SlotUse, Turn};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::routing::Stock;

use super::sql;
use super::took::{owner, read_slot};
use crate::db::{DbError, Row};
use crate::{Store, args};

pub(super) fn slot_use(row: &Row) -> Result<SlotUse, DbError> {
    Ok(SlotUse {
        slot: read_slot(row)?,
        used: row.get("used")?,
        reserved: row.get("reserved")?,
    })
}

pub(super) fn live(row: &Row) -> Result<Live, DbError> {
    Ok(Live {
        legs: row.get("legs")?,
        reserved: row.get("bids")?,
    })
}

fn place(row: &Row) -> Result<(PlaceOwner, Live), DbError> {
    let (kind, name) = (row.get::<String>("kind")?, row.get::<String>("name")?);
    Ok((owner(&kind, row.get("owner")?, &name)?, live(row)?))
}

/// What is in a wallet, and what of it is set aside.
pub(super) fn wallet(row: &Row) -> Result<(Money, Money), DbError> {
    let currency: Currency = row.get("currency")?;
    let amount: i64 = row.get("amount")?;
    // A wallet grows on the credit side, where amounts are below zero.
    let there = Money::from_micros(amount.saturating_neg(), currency);
    Ok((there, Money::from_micros(row.get("held")?, currency)))
}

/// A number of a month: of a contract, or of a feed.
enum SoldRow {
    Contract(ContractId, u32),
    Feed(FeedId, u32),
}

fn sold(row: &Row) -> Result<SoldRow, DbError> {
    let times = row.get("times")?;
    Ok(match row.get::<String>("kind")?.as_str() {
        "feed" => SoldRow::Feed(row.get("owner")?, times),
        _ => SoldRow::Contract(row.get("owner")?, times),
    })
}

pub(super) fn turn(row: &Row) -> Result<(Turn, i64), DbError> {
    let contract: ContractId = row.get("contract")?;
    let turn = if contract.raw() == 0 {
        Turn::Group(row.get::<String>("name")?.into())
    } else {
        Turn::Contract(contract)
    };
    Ok((turn, row.get("credit")?))
}

impl Store {
    pub(super) async fn read_stock(
        &self,
        account: AccountId,
        now: Timestamp,
        month_from: Timestamp,
    ) -> PortResult<Stock> {
        let slots = self.many_urgent(sql::SLOTS, args![account, now], slot_use);
        let places = self.many_urgent(sql::PLACES, args![account], place);
        let wallets = self.many_urgent(sql::WALLETS, args![account], |row| {
            let (there, held) = wallet(row)?;
            Ok((row.get::<BuyerId>("party")?, there, held))
        });
        let sold = self.many_urgent(sql::SOLD_SINCE, args![account, month_from], sold);
        let (slots, places, wallets, counted) = tokio::try_join!(slots, places, wallets, sold)?;
        let mut stock = Stock {
            slots,
            places,
            wallets,
            sold: Vec::new(),
            paid: Vec::new(),
        };
        for row in counted {
            match row {
                SoldRow::Contract(id, times) => stock.sold.push((id, times)),
                SoldRow::Feed(id, times) => stock.paid.push((id, times)),
            }
        }
        Ok(stock)
    }
}
