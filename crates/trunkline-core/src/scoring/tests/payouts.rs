//! What is expected to be paid.

use super::*;
use crate::base::id::{BuyerId, CampaignId};
use crate::base::{Currency, Money};

fn usd(units: i64) -> Money {
    Money::from_micros(units * 1_000_000, Currency::USD)
}

#[test]
fn a_buyer_of_few_sales_is_held_near_its_campaign_and_that_near_the_account() {
    let (roofs, cars) = (CampaignId::from_raw(1), CampaignId::from_raw(2));
    let (old, new) = (BuyerId::from_raw(1), BuyerId::from_raw(2));
    let mut payouts = Payouts::new(Currency::USD);
    assert_eq!(payouts.mean(roofs, None), None);
    assert_eq!(payouts.expected(0.5, roofs, None), None);
    for _ in 0..380 {
        payouts.count(roofs, old, usd(40)).unwrap();
    }
    payouts.count(roofs, new, usd(140)).unwrap();
    let near = |mean: Option<Money>, units: f64| {
        let micros = mean.unwrap().micros() as f64 / 1_000_000.0;
        assert!((micros - units).abs() < 0.6, "{micros} is not near {units}");
    };
    near(payouts.mean(roofs, Some(old)), 40.2);
    // One sale of 140 among twenty of the campaign's mean: (140 + 20 x 40.3) / 21.
    near(payouts.mean(roofs, Some(new)), 45.0);
    near(payouts.mean(cars, Some(new)), 40.3);
    near(payouts.expected(0.25, roofs, Some(old)), 10.05);
}

#[test]
fn the_mean_follows_the_prices_of_today() {
    let (campaign, buyer) = (CampaignId::from_raw(1), BuyerId::from_raw(1));
    let mut payouts = Payouts::new(Currency::USD);
    for price in [10, 30] {
        for _ in 0..3_000 {
            payouts.count(campaign, buyer, usd(price)).unwrap();
        }
    }
    let mean = payouts.mean(campaign, Some(buyer)).unwrap();
    assert!(mean.micros() > usd(28).micros());
}

#[test]
fn another_currency_changes_nothing() {
    let mut payouts = Payouts::new(Currency::USD);
    let euros = Money::from_micros(1, "EUR".parse().unwrap());
    let before = payouts.clone();
    let told = payouts.count(CampaignId::from_raw(1), BuyerId::from_raw(1), euros);
    assert!(told.is_err());
    assert_eq!(payouts, before);
}
