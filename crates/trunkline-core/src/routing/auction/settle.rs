//! From bids to a result.

use super::super::document::Decimal;
use super::super::price::{floored_to_cents, percent_floored};
use super::super::reason::ReasonCode;
use super::bid::{AuctionResult, AuctionTerms, Bid, BidOutcome, Sale};
use super::rules::{Auction, Change, Pays};
use crate::base::money::{MICROS_PER_CENT, MICROS_PER_UNIT};
use crate::base::{Money, MoneyError};

/// The order of bids: the most first, then by priority, weight and arrival; the contract makes it whole.
fn rank(bid: &Bid) -> impl Ord + use<> {
    (
        std::cmp::Reverse(bid.amount.micros()),
        bid.priority,
        std::cmp::Reverse(bid.weight),
        bid.arrived_ms,
        bid.contract,
    )
}

impl Auction {
    /// From bids to a result. A bid that is not valid is not used.
    #[must_use]
    pub fn settle(&self, bids: &[Bid], terms: &AuctionTerms<'_>) -> AuctionResult {
        let faults: Vec<Option<BidOutcome>> = bids.iter().map(|b| self.fault(b, terms)).collect();
        let mut valid: Vec<usize> = (0..bids.len()).filter(|i| faults[*i].is_none()).collect();
        valid.sort_by_key(|place| rank(&bids[*place]));
        let sale = self.sale(bids, &valid, terms);
        let best = valid
            .first()
            .map_or(Money::zero(self.currency), |i| bids[*i].amount);
        let outcome = |place: usize| {
            if let Some(fault) = faults[place] {
                return fault;
            }
            let Ok(sale) = &sale else {
                return BidOutcome::Lost { best };
            };
            if sale.legs.contains(&place) {
                let alone = sale.legs.len() == 1;
                let pays = if alone {
                    sale.revenue
                } else {
                    bids[place].amount
                };
                return BidOutcome::Won { pays };
            }
            let next = sale.next.iter().position(|next| *next == place);
            next.map_or(BidOutcome::Lost { best }, |place| BidOutcome::Next {
                place: u16::try_from(place).unwrap_or(u16::MAX),
            })
        };
        let bids = (0..bids.len()).map(outcome).collect();
        AuctionResult { sale, bids }
    }

    /// Why a bid cannot be used.
    fn fault(&self, bid: &Bid, terms: &AuctionTerms<'_>) -> Option<BidOutcome> {
        let amount = bid.amount.micros();
        if bid.arrived_ms > terms.deadline_ms {
            let by_ms = bid.arrived_ms - terms.deadline_ms;
            return Some(BidOutcome::Late { by_ms });
        }
        if bid.amount.currency() != self.currency || amount < 0 {
            return Some(BidOutcome::Invalid);
        }
        if amount == 0 {
            return Some(BidOutcome::Nothing);
        }
        if let Some(max) = bid.bid_max.filter(|max| amount > max.micros()) {
            return Some(BidOutcome::AboveMax { max });
        }
        let floor = terms.floor.filter(|floor| amount < floor.micros());
        floor.map(|floor| BidOutcome::BelowFloor { floor })
    }

    /// What is sold of valid bids, the best first.
    fn sale(
        &self,
        bids: &[Bid],
        valid: &[usize],
        terms: &AuctionTerms<'_>,
    ) -> Result<Sale, ReasonCode> {
        let legs = choose(bids, valid, self.rules.legs_max);
        let Some(first) = legs.first() else {
            return Err(ReasonCode::NoCandidate);
        };
        let overflow = |_: MoneyError| ReasonCode::SystemError;
        let revenue = if legs.len() == 1 {
            self.pays(bids, valid, *first, terms).map_err(overflow)?
        } else {
            let sum = |sum: Money, place: &usize| sum.plus(bids[*place].amount);
            legs.iter()
                .try_fold(Money::zero(self.currency), sum)
                .map_err(overflow)?
        };
        let offer = self.offer(revenue, terms).map_err(overflow)?;
        let Some(offer) = offer else {
            return Err(ReasonCode::MarginLow);
        };
        if terms
            .publisher_floor
            .is_some_and(|floor| offer.micros() < floor.micros())
        {
            return Err(ReasonCode::BelowFloor);
        }
        let asked = legs.iter().map(|place| bids[*place].min_seconds);
        let min_seconds = asked.fold(terms.min_seconds, u32::max);
        let next = self.next(bids, valid, &legs, revenue, offer);
        Ok(Sale {
            legs,
            revenue,
            offer,
            min_seconds,
            next,
        })
    }

    /// What the best bid pays when it is alone.
    fn pays(
        &self,
        bids: &[Bid],
        valid: &[usize],
        best: usize,
        terms: &AuctionTerms<'_>,
    ) -> Result<Money, MoneyError> {
        let bid = bids[best].amount;
        if self.rules.pays == Pays::FirstPrice {
            return Ok(bid);
        }
        let other = |place: &&usize| bids[**place].company != bids[best].company;
        let cent = Money::from_micros(MICROS_PER_CENT, self.currency);
        let second = match valid.iter().find(other) {
            Some(second) => Some(bids[*second].amount.plus(cent)?),
            None => None,
        };
        let least = second
            .into_iter()
            .chain(terms.floor)
            .max_by_key(|m| m.micros());
        // With nothing to compare it pays what it bid, and never more than that.
        Ok(least
            .filter(|least| least.micros() < bid.micros())
            .unwrap_or(bid))
    }

    /// What the publisher is offered of what is taken.
    fn offer(&self, revenue: Money, terms: &AuctionTerms<'_>) -> Result<Option<Money>, MoneyError> {
        let rules = &self.rules;
        let of = |amount: Decimal| amount.money(self.currency);
        let kept_of_hundred = 100 * MICROS_PER_UNIT - rules.margin_percent.micros();
        let by_percent = percent_floored(revenue, Decimal::from_micros(kept_of_hundred))?;
        let by_amount = revenue.minus(of(rules.margin_amount))?;
        let mut offer = least(by_percent, by_amount);
        for (when, change) in &self.modifiers {
            if when.as_ref().is_some_and(|when| !when.passes(terms.facts)) {
                continue;
            }
            offer = match change {
                Change::Add(by) => offer.plus(of(*by))?,
                Change::Multiply(by) => offer.share(by.micros(), MICROS_PER_UNIT)?,
                Change::Set(to) => of(*to),
                Change::Reject {} => return Ok(None),
            };
        }
        if !rules.loss_allowed {
            offer = least(offer, revenue.minus(of(rules.margin_min))?);
        }
        if let Some(most) = rules.offer_max {
            offer = least(offer, of(most));
        }
        Ok(Some(floored_to_cents(offer)).filter(|offer| offer.micros() > 0))
    }

    /// Who takes over when a leg refuses: whoever it is that refuses, what is left covers the offer.
    fn next(
        &self,
        bids: &[Bid],
        valid: &[usize],
        legs: &[usize],
        revenue: Money,
        offer: Money,
    ) -> Vec<usize> {
        let largest = if legs.len() == 1 {
            revenue.micros()
        } else {
            legs.iter()
                .map(|place| bids[*place].amount.micros())
                .max()
                .unwrap_or(0)
        };
        let others = revenue.micros().saturating_sub(largest);
        let needed = offer
            .micros()
            .saturating_add(self.rules.next_margin_min.micros());
        let shared = legs.len() > 1;
        let takes = |place: &&usize| {
            let bid = &bids[**place];
            let sharing = usize::from(bid.legs_max) >= legs.len();
            let same = |leg: &usize| bids[*leg].company == bid.company;
            !legs.contains(place)
                && sharing
                && !(shared && legs.iter().any(same))
                && bid.amount.micros().saturating_add(others) >= needed
        };
        valid.iter().filter(takes).copied().collect()
    }

    /// Whether nothing that is outstanding can change who wins or what is paid. `outstanding` has for each bidder whose answer
    /// is waited for the bid that would be its best, at its limit; `None` when there is no limit.
    #[must_use]
    pub fn can_close(
        &self,
        bids: &[Bid],
        outstanding: &[Option<Bid>],
        terms: &AuctionTerms<'_>,
    ) -> bool {
        if outstanding.is_empty() {
            return true;
        }
        // A second price, and the sum of several, depend on bids that do not win.
        if self.rules.pays == Pays::SecondPrice || self.rules.legs_max > 1 {
            return false;
        }
        let valid = bids.iter().filter(|bid| self.fault(bid, terms).is_none());
        let Some(best) = valid.min_by_key(|bid| rank(bid)) else {
            return false;
        };
        let beaten = |other: &Option<Bid>| other.as_ref().is_some_and(|bid| rank(best) < rank(bid));
        outstanding.iter().all(beaten)
    }
}

/// The bids that bring the most together: `k` buyers who accept being one of `k`, for each `k` up to the most. Of equal sums
/// the fewest. `valid` has the best first.
fn choose(bids: &[Bid], valid: &[usize], legs_max: u8) -> Vec<usize> {
    let mut best: (i128, Vec<usize>) = (0, Vec::new());
    for legs in 1..=legs_max {
        let mut chosen: Vec<usize> = Vec::new();
        for place in valid {
            let bid = &bids[*place];
            let twice = |other: &usize| bids[*other].company == bid.company;
            if bid.legs_max >= legs && !chosen.iter().any(twice) {
                chosen.push(*place);
            }
            if chosen.len() == usize::from(legs) {
                break;
            }
        }
        let sum = chosen
            .iter()
            .map(|place| i128::from(bids[*place].amount.micros()))
            .sum();
        if chosen.len() == usize::from(legs) && sum > best.0 {
            best = (sum, chosen);
        }
    }
    best.1
}

const fn least(a: Money, b: Money) -> Money {
    if a.micros() <= b.micros() { a } else { b }
}
