//! Answering a ping: what it would be sold for is reserved until its post, and what the publisher would be paid is promised.

use std::sync::Arc;

use trunkline_core::base::{Decimal, Money};
use trunkline_core::lead::{Event, step};
use trunkline_core::routing::{Attempt, ReasonCode};

use super::desk::{LeadDesk, LeadError};
use super::receive::{Sent, event, must};
use super::sale::wanted;
use crate::ports::leads::{Held, LeadChange, LeadEventKind, LeadRow, LeadStored};
use crate::routing::{BidWon, Planned, Reserving};

/// How much longer than its answer is valid a ping holds what it took: its post may be on its way.
const GRACE_MS: i64 = 2_000;

/// What a ping is answered.
enum Bid {
    Yes(Held, Option<Money>),
    No(ReasonCode),
}

impl LeadDesk {
    /// Decides a ping and stores it with what was decided.
    pub(super) async fn bid_on(
        self: &Arc<Self>,
        row: LeadRow,
        sent: &Sent,
    ) -> Result<LeadRow, LeadError> {
        let mut planned = self.router.plan(wanted(&row)).await?;
        let valid_ms = i64::from(sent.feed.pings.ping_valid_s) * 1_000;
        let bid = match planned.record.opportunity.reason {
            Some(reason) => Bid::No(reason),
            None => self.bid(&row, &mut planned, sent, valid_ms).await?,
        };
        let now = self.moment.now();
        let rules = self.rules_of(&row);
        let mut change = LeadChange::new(row);
        change
            .events
            .push(event(change.lead.came_at, LeadEventKind::Pinged, ""));
        change.attempts.clone_from(&planned.attempts);
        let lead = &mut change.lead;
        let (what, kind) = match &bid {
            Bid::Yes(held, quoted) => {
                lead.held.push(held.clone());
                let quoted = *quoted;
                (Event::Bid { quoted, valid_ms }, LeadEventKind::Offered)
            }
            Bid::No(reason) => {
                lead.reason = Some(reason.word().to_owned());
                planned.close(Some(*reason), now);
                change.opportunity = Some(Box::new(planned.record.clone()));
                (Event::NoBid, LeadEventKind::NoBid)
            }
        };
        lead.run = must(step(&lead.run, what, &rules, now))?;
        lead.changed_at = now;
        let told = lead.reason.clone().unwrap_or_default();
        change.events.push(event(now, kind, told));
        metrics::counter!("trunkline_lead_pings_total", "answer" => kind.word()).increment(1);
        let stored = self.leads.put_lead(&change).await;
        if let (Ok(LeadStored::Moved) | Err(_), Bid::Yes(held, _)) = (&stored, &bid) {
            self.release(held.reservation).await;
        }
        match stored? {
            LeadStored::Yes => {
                change.lead.revision += 1;
                Ok(change.lead)
            }
            LeadStored::Moved => Err(LeadError::Moved),
        }
    }

    /// Reserves with the first who could take it and pays enough.
    async fn bid(
        &self,
        row: &LeadRow,
        planned: &mut Planned,
        sent: &Sent,
        valid_ms: i64,
    ) -> Result<Bid, LeadError> {
        let bid_min = sent.feed.pings.bid_min;
        let least = [
            bid_min.map(Decimal::micros),
            row.price_min.map(Money::micros),
        ];
        let least = least.into_iter().flatten().max();
        let mut why = ReasonCode::NoCandidate;
        while let Some((place, attempt)) = planned.next_attempt() {
            let alone = |contract| (contract, None::<BidWon>);
            let all: Vec<_> = match &attempt {
                Attempt::One(contract) => vec![alone(*contract)],
                Attempt::Together { contracts, .. } => {
                    contracts.iter().copied().map(alone).collect()
                }
                Attempt::Auction { contracts, .. } => {
                    let won = self.router.bids(planned, place, contracts).await;
                    won.into_iter()
                        .map(|bid| (bid.contract, Some(bid)))
                        .collect()
                }
            };
            for (contract, won) in all {
                let bid = won.as_ref().map(|won| won.amount);
                let (price, unpaid) = planned.price(contract);
                let price = bid.or(price).filter(|_| !unpaid);
                // What an auction leaves for the publisher; else what the feed's rules say.
                let offer = won.as_ref().and_then(|won| won.offer);
                let quoted = offer.or_else(|| planned.payout(price));
                if least.is_some_and(|least| quoted.map_or(0, Money::micros) < least) {
                    why = ReasonCode::BelowFloor;
                    continue;
                }
                // A promise that is more than is paid is none that can be made.
                if quoted.map_or(0, Money::micros) > price.map_or(0, Money::micros) {
                    why = ReasonCode::MarginLow;
                    continue;
                }
                let reserving = Reserving {
                    attempt: place,
                    contract,
                    bid,
                    offered: false,
                    keep_ms: valid_ms + GRACE_MS,
                };
                let taken = self.router.reserve(planned, reserving).await?;
                let taken = taken.and_then(|at| planned.attempts[at].reservation);
                if let Some(reservation) = taken {
                    let held = Held {
                        contract,
                        reservation,
                        bid,
                        price,
                        ping_name: won.and_then(|won| won.name),
                    };
                    return Ok(Bid::Yes(held, quoted));
                }
            }
        }
        Ok(Bid::No(why))
    }
}
