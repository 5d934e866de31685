//! Who is rung next for a call: the next attempt of its plan that finds room.

use trunkline_core::base::id::ContractId;
use trunkline_core::base::{Callee, Money, SipAddress, Timestamp};
use trunkline_core::call::flow::DESTINATIONS_MAX;
use trunkline_core::routing::{Attempt, AttemptOutcome, ContractTerms, Level, ReasonCode};

use super::Router;
use super::bids::BidWon;
use super::planned::Planned;
use super::posts::AboutToRing;
use super::reserving::Reserving;
use crate::ports::PortResult;
use crate::ports::distribution::Delivery;

/// How long a destination rings while others come after it, unless its terms say so.
const RING_MS_BEFORE_OTHERS: u32 = 20_000;
/// What an attempt may take beyond its ringing until it is connected or over: dialling, a whisper, a key.
const BESIDE_RINGING_MS: i64 = 60_000;

/// Somebody who is rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToRing {
    /// The attempt's place among [`Planned::attempts`].
    pub place: usize,
    /// Whom.
    pub to: Callee,
    /// How long it may ring, in milliseconds.
    pub ring_timeout_ms: u32,
}

impl Router {
    /// Reserves the next attempt of a plan that finds room. Answers whom to ring, several of them at once; nobody when the
    /// plan has come to its end.
    ///
    /// # Errors
    /// When the store is late or away: the call is to go on without a buyer.
    pub async fn next_to_ring(&self, planned: &mut Planned) -> PortResult<Vec<ToRing>> {
        loop {
            if let Some((place, to)) = planned.called.take() {
                if let Some(one) = self.ring_called(planned, place, to).await? {
                    return Ok(vec![one]);
                }
                continue;
            }
            if let Some((attempt, bid)) = planned.bids.pop_front() {
                if let Some(one) = self.ring_bid(planned, attempt, bid).await? {
                    return Ok(vec![one]);
                }
                continue;
            }
            let (attempt, contracts) = match planned.beside.take() {
                Some(rest) => rest,
                None => match planned.next_attempt() {
                    None => return Ok(Vec::new()),
                    Some((place, Attempt::One(contract))) => (place, vec![contract]),
                    Some((place, Attempt::Together { contracts, .. })) => (place, contracts),
                    Some((place, Attempt::Auction { contracts, .. })) => {
                        self.auction(planned, place, &contracts).await;
                        continue;
                    }
                },
            };
            let ringing = self.ring_together(planned, attempt, &contracts).await?;
            if !ringing.is_empty() {
                return Ok(ringing);
            }
        }
    }

    /// Everybody of an attempt who finds room, as many as can ring at once; the others come after them.
    async fn ring_together(
        &self,
        planned: &mut Planned,
        attempt: u16,
        contracts: &[ContractId],
    ) -> PortResult<Vec<ToRing>> {
        let mut taken = Vec::new();
        for (index, contract) in contracts.iter().enumerate() {
            if taken.len() >= DESTINATIONS_MAX {
                planned.beside = Some((attempt, contracts[index..].to_vec()));
                break;
            }
            match self.take_up(planned, attempt, *contract, None, None).await {
                Ok(one) => taken.extend(one),
                // Those that found room ring.
                Err(error) if taken.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(self.told_of_call(planned, taken).await)
    }

    async fn ring_bid(
        &self,
        planned: &mut Planned,
        attempt: u16,
        bid: BidWon,
    ) -> PortResult<Option<ToRing>> {
        let amount = Some(bid.amount);
        let taken = self
            .take_up(planned, attempt, bid.contract, amount, bid.to)
            .await?;
        let all = taken.into_iter().collect();
        Ok(self.told_of_call(planned, all).await.pop())
    }

    /// Reserves what it takes to ring somebody.
    async fn take_up(
        &self,
        planned: &mut Planned,
        attempt: u16,
        contract: ContractId,
        bid: Option<Money>,
        to: Option<Callee>,
    ) -> PortResult<Option<AboutToRing>> {
        let Some(terms) = planned.terms(contract) else {
            return Ok(None);
        };
        let (ring_timeout_ms, keep_ms) = times(&terms, planned.has_more());
        let what = Reserving {
            attempt,
            contract,
            bid,
            offered: true,
            keep_ms,
        };
        let to = to.or_else(|| planned.callee_of(contract));
        if to.is_none() && !planned.is_posted(contract) {
            planned.pass_over(&terms, &what, ReasonCode::Unreachable, self.moment.now());
            return Ok(None);
        }
        let place = self.reserve(planned, what).await?;
        Ok(place.map(|place| AboutToRing {
            place,
            to,
            ring_timeout_ms,
        }))
    }

    /// Asks for bids; without anybody who asks, the attempt is passed over, and the record says so.
    async fn auction(&self, planned: &mut Planned, attempt: u16, contracts: &[ContractId]) {
        let won = self.bids(planned, attempt, contracts).await;
        let won = won.into_iter().map(|bid| (attempt, bid));
        planned.bids.extend(won);
    }

    /// The bids of an attempt that is an auction, the best first; none without anybody who asks for them, and the record
    /// says so.
    pub(crate) async fn bids(
        &self,
        planned: &mut Planned,
        attempt: u16,
        contracts: &[ContractId],
    ) -> Vec<BidWon> {
        if let Some(bidders) = self.bidders() {
            return bidders.ask(planned, attempt).await;
        }
        let now = self.moment.now();
        for contract in contracts {
            let Some(terms) = planned.terms(*contract) else {
                continue;
            };
            let what = Reserving {
                attempt,
                contract: *contract,
                bid: None,
                offered: false,
                keep_ms: 0,
            };
            planned.pass_over(&terms, &what, ReasonCode::SystemError, now);
        }
        Vec::new()
    }
}

impl Planned {
    /// Whom the destination of a contract is; `None` when it is no telephone, or its address cannot be read.
    pub(super) fn callee_of(&self, contract: ContractId) -> Option<Callee> {
        match &self.market.destination_of(contract)?.delivery {
            Delivery::Phone(number) => Some(Callee::Number(*number)),
            Delivery::Sip(address) => SipAddress::parse(address).ok().map(Callee::Sip),
            Delivery::Http(_) | Delivery::Email(..) | Delivery::None => None,
        }
    }

    /// Writes down that an attempt was not made, and why.
    fn pass_over(
        &mut self,
        terms: &ContractTerms,
        what: &Reserving,
        reason: ReasonCode,
        now: Timestamp,
    ) {
        let mut row = self.row(terms, what, now);
        row.ended_at = Some(now);
        row.outcome = Some(AttemptOutcome::Failed);
        row.reason = Some(reason);
        self.attempts.push(row);
    }
}

/// How long a destination rings.
const fn ring_ms(terms: &ContractTerms, has_more: bool) -> u32 {
    let own = terms.ring_timeout_s.value.saturating_mul(1_000);
    let nobody_said = matches!(terms.ring_timeout_s.from, Level::Default);
    if has_more && nobody_said && own > RING_MS_BEFORE_OTHERS {
        RING_MS_BEFORE_OTHERS
    } else {
        own
    }
}

/// How long a destination rings, and how long what it takes is kept without a word.
pub(super) fn times(terms: &ContractTerms, has_more: bool) -> (u32, i64) {
    let ring_ms = ring_ms(terms, has_more);
    (ring_ms, i64::from(ring_ms) + BESIDE_RINGING_MS)
}
