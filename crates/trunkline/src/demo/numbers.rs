//! The demo's carrier sells numbers too: simulated ones, for no money.

use anyhow::Context;
use trunkline_core::base::id::TrunkId;
use trunkline_engine::ports::carriers::CarrierAccount;
use trunkline_engine::ports::webhooks::{Dialect, Secret};
use trunkline_sim::number_shop::{ACCOUNT, KEY, NumberShop, Stock};

use crate::wiring::House;

/// Numbers for sale in each place; all of them of the range that is set aside for fiction.
const EACH: u32 = 8;

/// Opens the shop, and connects the demo's trunk to it.
///
/// # Errors
/// When no port is free or the store refuses.
pub(super) async fn open(house: &House, trunk: TrunkId) -> anyhow::Result<NumberShop> {
    // Each with the first of its last two digits: of 469 and 214 the demo's business has some itself.
    let places = [
        ("214", 31, "Dallas", "TX"),
        ("469", 80, "Dallas", "TX"),
        ("945", 31, "Dallas", "TX"),
        ("682", 31, "Fort Worth", "TX"),
        ("312", 31, "Chicago", "IL"),
    ];
    let mut stock: Vec<Stock> = places
        .iter()
        .flat_map(|(area, first, city, state)| {
            (0..EACH)
                .map(move |n| Stock::local(&format!("+1{area}55501{:02}", first + n), city, state))
        })
        .collect();
    stock.extend((0..EACH).map(|n| Stock {
        kind: "toll_free",
        ..Stock::local(&format!("+1888555{:04}", 131 + n), "", "")
    }));
    let shop = NumberShop::open(stock)
        .await
        .context("the demo's numbers cannot be sold")?;
    let account = CarrierAccount {
        trunk,
        dialect: Dialect::Twilio,
        api_url: Some(shop.url()),
        user: ACCOUNT.to_owned(),
        key: Secret::new(KEY),
        sip_connection: Some("TKdemo".to_owned()),
        own_price: None,
        set_at: house.backend.moment.now(),
    };
    house.backend.supply.connect(&account).await?;
    Ok(shop)
}
