//! From what is stored to what the core compares: calls at the same time, balances, and what was sold this month.

use trunkline_core::base::Money;
use trunkline_core::base::id::CampaignId;
use trunkline_core::routing::{Availability, Balance, PlaceOwner};

use crate::distribution::Market;
use crate::ports::routing::Stock;

/// What is left in an account for an opportunity of a campaign; without caps and past results.
pub(crate) fn of(stock: &Stock, market: &Market, campaign: CampaignId) -> Availability {
    let mut left = Availability::default();
    for (owner, live) in &stock.places {
        match owner {
            PlaceOwner::Account(_) => left.account_live = *live,
            PlaceOwner::Campaign(id) if *id == campaign => left.campaign_live = *live,
            PlaceOwner::Buyer(id) => {
                left.buyers_live.insert(*id, *live);
            }
            PlaceOwner::Destination(id) => {
                left.destinations_live.insert(*id, *live);
            }
            PlaceOwner::Contract(id) => {
                left.contracts_live.insert(*id, *live);
            }
            PlaceOwner::Group(id, name) if *id == campaign => {
                left.groups_live.insert(name.to_string(), *live);
            }
            PlaceOwner::Campaign(_) | PlaceOwner::Group(..) => {}
        }
    }
    let zero = Money::zero(market.currency);
    for buyer in market.buyers() {
        let balance = Balance {
            balance: zero,
            credit: market.credit_of(buyer.id),
            reserved: zero,
        };
        left.balances.insert(buyer.id, balance);
    }
    for (buyer, balance, reserved) in &stock.wallets {
        let balance = Balance {
            balance: *balance,
            credit: market.credit_of(*buyer),
            reserved: *reserved,
        };
        left.balances.insert(*buyer, balance);
    }
    left.sold = stock.sold.iter().copied().collect();
    left
}
