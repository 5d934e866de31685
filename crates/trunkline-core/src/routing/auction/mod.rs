//! Auctions: from bids to who has it, what they pay, and what the publisher is offered.
//!
//! First price: the best bid pays what it bid. With the switch it pays a cent more than the second, and at least what is
//! asked for. What is left for us is the margin; modifiers change the offer to the publisher afterwards, and it never
//! exceeds what is taken less the minimum margin unless a loss is allowed. Time is counted from the auction's beginning,
//! and what comes behind its deadline is never used.

mod bid;
mod given;
mod rules;
mod settle;

pub use bid::{AuctionResult, AuctionTerms, Bid, BidOutcome, Sale, read_amount};
pub use given::{ARRIVAL_GRACE_MS, Arrives, Arriving, GivenBid, NextBid, arrives};
pub use rules::{
    AUCTION_MS_MAX, Auction, AuctionRules, Change, LEGS_MAX, MODIFIERS_MAX, Modifier, Pays,
};
