//! Auctions: from bids to who has it, what they pay, and what the publisher is offered.
//!
//! First price: the best bid pays what it bid. With the switch it pays a cent more than the second, and at least what is
//! asked for. What is left for us is the margin; modifiers change the offer to the publisher afterwards, and it never
//! exceeds what is taken less the minimum margin unless a loss is allowed. Time is counted from the auction's beginning,
//! and what comes behind its deadline is never used.

use serde::{Deserialize, Serialize};

use super::document::{Decimal, Problem, Problems, below};
use super::facts::Facts;
use super::filter::{Filter, Sieve};
use super::lists::Shelf;
use super::price::{floored_to_cents, percent_floored};
use super::reason::ReasonCode;
use crate::base::id::{BuyerId, ContractId};
use crate::base::money::{MICROS_PER_CENT, MICROS_PER_UNIT};
use crate::base::{Currency, Money, MoneyError, words};

/// Most buyers who may share a lead.
pub const LEGS_MAX: u8 = 10;
/// Most modifiers of one auction.
pub const MODIFIERS_MAX: usize = 1_000;
/// Longest auction, in milliseconds.
pub const AUCTION_MS_MAX: u32 = 5_000;
/// Shortest auction, in milliseconds.
const AUCTION_MS_MIN: u32 = 100;
/// Largest amount and factor of a modifier.
const MODIFIER_MAX: i64 = 1_000_000;

words! {
    /// What the best bid pays.
    Pays {
        /// What it bid.
        FirstPrice = "first_price",
        /// A cent more than the second bid.
        SecondPrice = "second_price",
    }
}

/// How bids become a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuctionRules {
    /// What the best bid pays.
    pub pays: Pays,
    /// What is kept, in per cent of what is taken.
    pub margin_percent: Decimal,
    /// What is kept at least, whatever the per cent are.
    pub margin_amount: Decimal,
    /// What must be left after modifiers.
    pub margin_min: Decimal,
    /// The most that the publisher is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_max: Option<Decimal>,
    /// Whether the publisher may be offered more than is taken.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub loss_allowed: bool,
    /// Most buyers who share a lead; 1 sells it to one.
    pub legs_max: u8,
    /// What changes the offer, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<Modifier>,
    /// How long bids are waited for, in milliseconds.
    pub timeout_ms: u32,
    /// What must be left of a bid that takes over after the offer was made; 0: down to break-even.
    pub next_margin_min: Decimal,
}

impl Default for AuctionRules {
    fn default() -> Self {
        Self {
            pays: Pays::FirstPrice,
            margin_percent: Decimal::default(),
            margin_amount: Decimal::default(),
            margin_min: Decimal::default(),
            offer_max: None,
            loss_allowed: false,
            legs_max: 1,
            modifiers: Vec::new(),
            timeout_ms: 1_500,
            next_margin_min: Decimal::default(),
        }
    }
}

/// One change of the offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modifier {
    /// What it is about; everything when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Filter>,
    /// What it does.
    pub change: Change,
}

/// What a modifier does to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Adds an amount, which may be negative.
    Add(Decimal),
    /// Multiplies it.
    Multiply(Decimal),
    /// Replaces it.
    Set(Decimal),
    /// Offers nothing.
    Reject {},
}

/// The rules made ready.
#[derive(Debug, Clone)]
pub struct Auction {
    rules: AuctionRules,
    modifiers: Box<[(Option<Sieve>, Change)]>,
    currency: Currency,
}

/// A bid that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bid {
    /// Whose it is.
    pub contract: ContractId,
    /// The buyer that stands for the company; a company never has two legs of one lead.
    pub company: BuyerId,
    /// How much; for a shared bid the price of one leg.
    pub amount: Money,
    /// When it came, in milliseconds since the auction began.
    pub arrived_ms: u32,
    /// Among how many buyers at most it is to be; 1 when it must be the only one.
    pub legs_max: u8,
    /// From how many seconds on the buyer pays.
    pub min_seconds: u32,
    /// The most that is believed of this bidder.
    pub bid_max: Option<Money>,
    /// The contract's priority: the smaller wins a tie.
    pub priority: i32,
    /// The contract's weight: the larger wins a tie of priorities.
    pub weight: u32,
}

/// Reads an amount as buyers write it.
///
/// # Errors
/// For everything that is no plain decimal number, `NaN` and negative ones among them.
pub fn read_amount(text: &str, currency: Currency) -> Result<Money, MoneyError> {
    let amount = Money::parse(text.trim(), currency)?;
    if amount.micros() < 0 {
        return Err(MoneyError::BadAmount(text.to_owned()));
    }
    Ok(amount)
}

/// What is asked of bids and promised to the publisher.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What modifiers may ask.
    pub facts: &'a Facts<'a>,
    /// The least that a bid must be.
    pub floor: Option<Money>,
    /// The least that the publisher takes.
    pub publisher_floor: Option<Money>,
    /// Behind which a bid is too late, in milliseconds since the auction began.
    pub deadline_ms: u32,
    /// From how many seconds on the publisher is paid by our own rules.
    pub min_seconds: u32,
}

/// What came of a bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BidOutcome {
    /// It has the opportunity, or a leg of it.
    Won {
        /// What it pays.
        pays: Money,
    },
    /// It takes over when those before it refuse.
    Next {
        /// Its place, from 0.
        place: u16,
    },
    /// Another bid was better, and nothing would be left if it took over.
    Lost {
        /// The best bid.
        best: Money,
    },
    /// It came too late.
    Late {
        /// By how many milliseconds.
        by_ms: u32,
    },
    /// It bids nothing.
    Nothing,
    /// It is no bid in this currency, or below zero.
    Invalid,
    /// It is more than is believed.
    AboveMax {
        /// The most.
        max: Money,
    },
    /// It is less than is asked for.
    BelowFloor {
        /// What is asked for.
        floor: Money,
    },
}

impl BidOutcome {
    /// Why it did not win; `None` when it did.
    #[must_use]
    pub const fn reason(&self) -> Option<ReasonCode> {
        match self {
            Self::Won { .. } => None,
            Self::Next { .. } | Self::Lost { .. } => Some(ReasonCode::AuctionLost),
            Self::Late { .. } => Some(ReasonCode::BidLate),
            Self::Nothing => Some(ReasonCode::NoBid),
            Self::Invalid | Self::AboveMax { .. } => Some(ReasonCode::BidInvalid),
            Self::BelowFloor { .. } => Some(ReasonCode::BelowFloor),
        }
    }
}

/// What is sold, and what the publisher is offered for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// Places of the bids that won, the best first.
    pub legs: Vec<usize>,
    /// What they pay together.
    pub revenue: Money,
    /// What the publisher is offered.
    pub offer: Money,
    /// From how many seconds on the publisher is paid: never less than any buyer asks.
    pub min_seconds: u32,
    /// Places of the bids that take over when one refuses, the best first.
    pub next: Vec<usize>,
}

/// What came of an auction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuctionResult {
    /// The sale, or why there is none.
    pub sale: Result<Sale, ReasonCode>,
    /// What came of each bid, in the order of the bids.
    pub bids: Vec<BidOutcome>,
}

impl AuctionRules {
    /// Everything that keeps the rules from being used.
    #[must_use]
    pub fn problems(&self, shelf: &Shelf) -> Vec<Problem> {
        let mut found = Problems::default();
        let zero = Decimal::default();
        let hundred = Decimal::from_micros(100 * MICROS_PER_UNIT);
        if !(zero..=hundred).contains(&self.margin_percent) {
            let message = format!("{} % is out of range; write 0 to 100", self.margin_percent);
            found.add("margin_percent", message);
        }
        for (place, amount) in [
            ("margin_amount", self.margin_amount),
            ("margin_min", self.margin_min),
            ("next_margin_min", self.next_margin_min),
            ("offer_max", self.offer_max.unwrap_or_default()),
        ] {
            if amount < zero {
                found.add(place, format!("{amount} is below 0; write 0 or more"));
            }
        }
        if !(1..=LEGS_MAX).contains(&self.legs_max) {
            let message = format!(
                "{} buyers are out of range; write 1 to {LEGS_MAX}",
                self.legs_max
            );
            found.add("legs_max", message);
        }
        if self.pays == Pays::SecondPrice && self.legs_max > 1 {
            found.add(
                "pays",
                "a second price goes with one buyer; set legs_max to 1, or first_price",
            );
        }
        if !(AUCTION_MS_MIN..=AUCTION_MS_MAX).contains(&self.timeout_ms) {
            let message = format!(
                "{} ms are out of range; write {AUCTION_MS_MIN} to {AUCTION_MS_MAX}",
                self.timeout_ms
            );
            found.add("timeout_ms", message);
        }
        if self.modifiers.len() > MODIFIERS_MAX {
            let message = format!(
                "has {} modifiers; at most {MODIFIERS_MAX}",
                self.modifiers.len()
            );
            found.add("modifiers", message);
        }
        for (index, modifier) in self.modifiers.iter().enumerate() {
            let place = format!("modifiers[{index}]");
            if let Some(when) = &modifier.when {
                found.within(&below(&place, "when"), when.problems(shelf));
            }
            let (least, value) = match modifier.change {
                Change::Add(by) => (-MODIFIER_MAX, by),
                Change::Multiply(by) => (0, by),
                Change::Set(to) => (0, to),
                Change::Reject {} => (0, zero),
            };
            let range = Decimal::from_micros(least * MICROS_PER_UNIT)
                ..=Decimal::from_micros(MODIFIER_MAX * MICROS_PER_UNIT);
            if !range.contains(&value) {
                found.add(
                    &place,
                    format!("{value} is out of range; write {least} to {MODIFIER_MAX}"),
                );
            }
        }
        found.0
    }

    /// Makes the rules ready.
    ///
    /// # Errors
    /// With their problems, when they have any.
    pub fn compile(&self, shelf: &Shelf, currency: Currency) -> Result<Auction, Vec<Problem>> {
        let problems = self.problems(shelf);
        if !problems.is_empty() {
            return Err(problems);
        }
        let ready = |modifier: &Modifier| {
            let when = modifier.when.as_ref().map(|when| when.compile(shelf));
            Ok((when.transpose()?, modifier.change))
        };
        let modifiers: Result<Vec<_>, Vec<Problem>> = self.modifiers.iter().map(ready).collect();
        Ok(Auction {
            rules: self.clone(),
            modifiers: modifiers?.into(),
            currency,
        })
    }
}

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
    pub fn settle(&self, bids: &[Bid], terms: &Terms<'_>) -> AuctionResult {
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
    fn fault(&self, bid: &Bid, terms: &Terms<'_>) -> Option<BidOutcome> {
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
    fn sale(&self, bids: &[Bid], valid: &[usize], terms: &Terms<'_>) -> Result<Sale, ReasonCode> {
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
        terms: &Terms<'_>,
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
    fn offer(&self, revenue: Money, terms: &Terms<'_>) -> Result<Option<Money>, MoneyError> {
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
    pub fn can_close(&self, bids: &[Bid], outstanding: &[Option<Bid>], terms: &Terms<'_>) -> bool {
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
