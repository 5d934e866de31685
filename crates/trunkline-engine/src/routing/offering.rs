//! What a publisher may be promised of a call, and what of its terms a bid says.

use trunkline_core::base::Money;
use trunkline_core::base::id::ContractId;
use trunkline_core::routing::{Attempt, DuplicateAction, FeedTerms, NextBid, ReasonCode};

use super::bids::BidWon;
use super::planned::Planned;
use super::rtb::CallPing;

/// How many days a rule without end counts back, for whoever wants a number: ten years.
const FOREVER_DAYS: u32 = 3_650;
const DAY_H: u32 = 24;

/// The least that the publisher takes, by the feed's terms and by the ping.
pub(super) fn least_taken(ping: &CallPing, planned: &Planned) -> Option<Money> {
    let currency = planned.market().currency;
    let of_feed = ping.feed.pings.bid_min.map(|least| least.money(currency));
    let both = of_feed.into_iter().chain(ping.min_bid);
    both.max_by_key(|least| least.micros())
}

/// What contracts with a price of their own would pay, and what of it the terms of the feed give the publisher.
pub(super) fn by_contract(
    planned: &Planned,
    attempt: &Attempt,
    floor: Option<Money>,
) -> Result<Vec<BidWon>, ReasonCode> {
    let mut why = ReasonCode::NoCandidate;
    let mut bids = Vec::new();
    for contract in attempt.contracts() {
        let (price, unpaid) = planned.price(*contract);
        let Some(price) = price.filter(|_| !unpaid) else {
            why = ReasonCode::NoPrice;
            continue;
        };
        let Some(offer) = planned.payout(Some(price)).filter(|o| o.micros() > 0) else {
            why = ReasonCode::MarginLow;
            continue;
        };
        // A promise that is more than is paid is none that can be made.
        if offer.micros() > price.micros() {
            why = ReasonCode::MarginLow;
            continue;
        }
        if floor.is_some_and(|floor| offer.micros() < floor.micros()) {
            why = ReasonCode::BelowFloor;
            continue;
        }
        let terms = planned.terms(*contract);
        let book = terms.as_ref().and_then(|terms| terms.price.as_ref());
        let from_ms = book.map_or(0, |book| book.value.billable_from_ms());
        let from_s = u32::try_from(from_ms / 1_000).unwrap_or(u32::MAX);
        bids.push(BidWon {
            contract: *contract,
            amount: price,
            to: None,
            name: None,
            offer: Some(offer),
            min_seconds: from_s.max(planned.paid_from_s()),
            expires_at: None,
        });
    }
    if bids.is_empty() { Err(why) } else { Ok(bids) }
}

/// Contracts of later attempts whose own price covers what was promised.
pub(super) fn later(planned: &Planned, promised: Money) -> Vec<NextBid> {
    let done = usize::from(planned.next);
    let attempts = planned.record.planned.iter().skip(done);
    let fixed = attempts.filter(|attempt| !matches!(attempt, Attempt::Auction { .. }));
    let contracts = fixed.flat_map(Attempt::contracts);
    let covers = |contract: &ContractId| {
        let (price, unpaid) = planned.price(*contract);
        let amount = price.filter(|price| !unpaid && price.micros() >= promised.micros())?;
        Some(NextBid {
            contract: *contract,
            amount,
            to: None,
        })
    };
    contracts.filter_map(covers).collect()
}

pub(super) fn next_of(bid: &BidWon) -> NextBid {
    NextBid {
        contract: bid.contract,
        amount: bid.amount,
        to: bid.to.clone(),
    }
}

/// How many days back the publisher is not paid for the same person.
pub(super) fn duplicate_days(feed: &FeedTerms) -> Option<u32> {
    let unpaid = feed.duplicates.iter().filter(|rule| {
        matches!(
            rule.action,
            DuplicateAction::Unpaid | DuplicateAction::Block | DuplicateAction::Skip
        )
    });
    let days = unpaid.map(|rule| rule.within_h.map_or(FOREVER_DAYS, |h| h.div_ceil(DAY_H)));
    days.max()
}
