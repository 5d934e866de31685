//! Bids, what is asked of them, and what may come of them.

use super::super::facts::Facts;
use super::super::reason::ReasonCode;
use crate::base::id::{BuyerId, ContractId};
use crate::base::{Currency, Money, MoneyError};

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
pub struct AuctionTerms<'a> {
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
