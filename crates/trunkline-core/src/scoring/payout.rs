//! What a call or lead is expected to bring: the probability of the goal times the mean of what was paid for it.
//!
//! A buyer of whom three sales are known says little; its mean is held near that of its campaign, and that near the
//! account's. An expectation ranks; it never moves money.

use std::collections::BTreeMap;

use crate::base::id::{BuyerId, CampaignId};
use crate::base::{Currency, Money, MoneyError};

/// Most campaigns and buyers of campaigns whose means are kept; further ones have that of their parent.
pub const PAYOUTS_MAX: usize = 20_000;
/// How many sales' worth the parent's mean is.
const PARENT_WORTH: i64 = 20;
/// With as many sales both sum and count are halved, so that the mean follows the prices of today.
const SALES_MAX: i64 = 1_000;
/// A probability is taken in so many parts.
const PARTS: i64 = 1_000_000;

/// Whose sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Whose {
    campaign: CampaignId,
    /// `None`: of all buyers of the campaign.
    buyer: Option<BuyerId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sales {
    sum: Money,
    count: i64,
}

/// The running means of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payouts {
    account: Sales,
    of: BTreeMap<Whose, Sales>,
}

impl Payouts {
    /// Nothing was sold yet.
    #[must_use]
    pub const fn new(currency: Currency) -> Self {
        Self {
            account: Sales::none(currency),
            of: BTreeMap::new(),
        }
    }

    /// Counts a sale.
    ///
    /// # Errors
    /// When the amount is of another currency, or too large to be added.
    pub fn count(
        &mut self,
        campaign: CampaignId,
        buyer: BuyerId,
        paid: Money,
    ) -> Result<(), MoneyError> {
        let account = self.account.with(paid)?;
        let mut changed = Vec::with_capacity(2);
        for buyer in [None, Some(buyer)] {
            let whose = Whose { campaign, buyer };
            let none = Sales::none(paid.currency());
            let sales = self.of.get(&whose).copied().unwrap_or(none);
            changed.push((whose, sales.with(paid)?));
        }
        self.account = account;
        for (whose, sales) in changed {
            if self.of.contains_key(&whose) || self.of.len() < PAYOUTS_MAX {
                self.of.insert(whose, sales);
            }
        }
        Ok(())
    }

    /// The mean of what is paid, held near that of the parent; without a buyer that of the campaign. `None` when the account
    /// sold nothing yet.
    #[must_use]
    pub fn mean(&self, campaign: CampaignId, buyer: Option<BuyerId>) -> Option<Money> {
        let mut mean = self.account.sum.share(1, self.account.count).ok()?;
        for buyer in [Some(None), buyer.map(Some)].into_iter().flatten() {
            if let Some(sales) = self.of.get(&Whose { campaign, buyer }) {
                mean = sales.near(mean).ok()?;
            }
        }
        Some(mean)
    }

    /// What is expected with a probability; `None` when the account sold nothing yet.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a probability is from 0 to 1"
    )]
    pub fn expected(
        &self,
        probability: f64,
        campaign: CampaignId,
        buyer: Option<BuyerId>,
    ) -> Option<Money> {
        let parts = (probability.clamp(0.0, 1.0) * PARTS as f64).round() as i64;
        self.mean(campaign, buyer)?.share(parts, PARTS).ok()
    }
}

impl Sales {
    const fn none(currency: Currency) -> Self {
        Self {
            sum: Money::zero(currency),
            count: 0,
        }
    }

    fn with(self, paid: Money) -> Result<Self, MoneyError> {
        let sum = self.sum.plus(paid)?;
        let count = self.count + 1;
        if count < SALES_MAX {
            return Ok(Self { sum, count });
        }
        Ok(Self {
            sum: sum.share(1, 2)?,
            count: count / 2,
        })
    }

    fn near(self, parent: Money) -> Result<Money, MoneyError> {
        let sum = self.sum.plus(parent.times(PARENT_WORTH)?)?;
        sum.share(1, self.count + PARENT_WORTH)
    }
}
