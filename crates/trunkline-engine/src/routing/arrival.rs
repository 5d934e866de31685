//! A call comes to a number at which publishers were given bids: is it the one that a bid was given for, and what then.
//!
//! What was reserved for the bid is the call's from then on: its plan goes on where the auction left it, with the buyer who
//! won, then those who take over while what they pay covers what was promised.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_core::base::id::{AccountId, CallId, GivenBidId, ReservationId};
use trunkline_core::base::{Callee, PhoneNumber, Timestamp};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{
    ARRIVAL_GRACE_MS, ArrivalMismatch, Arrives, Arriving, AttemptOutcome, GivenBid, ReasonCode,
    arrives,
};

use super::bids::BidWon;
use super::planned::Planned;
use super::posts::AboutToRing;
use super::ringing::ToRing;
use super::rtb::Rtb;
use super::{Router, hash_of, in_time};
use crate::ports::PortResult;
use crate::ports::routing::Stepped;

/// How long ago a bid was given whose call is still told that it comes too late: the longest that one holds, and ten
/// minutes.
const KNOWN_MS: i64 = (300 + 600) * 1_000;
/// How many bids of a number are looked at, the newest first.
const LOOKED_AT_MAX: u32 = 200;
/// How often bids are looked for that nobody called.
pub const CLOSE_EVERY: Duration = Duration::from_secs(1);
/// How many are closed at once.
const CLOSE_BATCH: u32 = 200;
/// How long what was reserved is kept while the caller is on the way to the buyer; it is renewed as long as the call is up.
const KEEP_MS: i64 = 90_000;

/// A call with a bid, or without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It is the one that a bid was given for, and nobody else's from now on.
    Bid(Box<GivenBid>),
    /// A bid was given, and the call is not the one.
    Mismatch {
        /// The bid.
        bid: GivenBidId,
        /// Why it is not.
        reason: ReasonCode,
        /// Whether the feed wants such calls refused.
        refused: bool,
    },
    /// Nobody was given a bid for it.
    Plain,
}

/// A call that came.
#[derive(Debug, Clone, Copy)]
pub struct Came {
    /// The account of the number.
    pub account: AccountId,
    /// The call.
    pub call: CallId,
    /// The number.
    pub number: PhoneNumber,
    /// The bid that is named in the dialled address.
    pub named: Option<GivenBidId>,
    /// Who calls.
    pub caller: Option<PhoneNumber>,
    /// What the carrier vouches for.
    pub vouched: Vouched,
    /// When.
    pub at: Timestamp,
}

impl Rtb {
    /// For which bid a call is; it has it then. A store that is late or away makes it an ordinary call.
    pub async fn arrives(&self, came: &Came) -> Arrival {
        match in_time(self.router.step_wait, self.arriving(came)).await {
            Ok(arrival) => {
                let answer = match &arrival {
                    Arrival::Bid(_) => "bid",
                    Arrival::Mismatch { reason, .. } => reason.word(),
                    Arrival::Plain => "plain",
                };
                metrics::counter!("trunkline_arrivals_total", "answer" => answer).increment(1);
                arrival
            }
            Err(error) => {
                metrics::counter!("trunkline_routing_late_total").increment(1);
                tracing::warn!(call = %came.call, %error, "a call goes on without the bid it may be for");
                Arrival::Plain
            }
        }
    }

    async fn arriving(&self, came: &Came) -> PortResult<Arrival> {
        let since = came.at.plus_millis(-KNOWN_MS);
        let bids = self
            .bids
            .given_at(came.number, since, LOOKED_AT_MAX)
            .await?;
        let own: Vec<GivenBid> = bids
            .into_iter()
            .filter(|bid| bid.account == came.account)
            .collect();
        let who = Arriving {
            named: came.named,
            caller: came.caller,
            caller_sha256: came.caller.map(hash_of),
            at: came.at,
        };
        let (place, mut reason) = match arrives(&own, &who) {
            Arrives::Plain => return Ok(Arrival::Plain),
            Arrives::For(place) => (place, None),
            Arrives::Not(place, reason) => (place, Some(reason)),
        };
        let bid = &own[place];
        if reason.is_none() {
            // Somebody may have been faster, or its time was over a moment ago.
            let first = self.bids.arrived(bid.id, came.call, came.at).await?;
            reason = (!first).then_some(ReasonCode::Expired);
        }
        Ok(match reason {
            None => Arrival::Bid(Box::new(bid.clone())),
            Some(reason) => Arrival::Mismatch {
                bid: bid.id,
                reason,
                refused: self.refuses(bid),
            },
        })
    }

    /// Whether a feed wants calls refused that do not keep what their bid was given for.
    fn refuses(&self, bid: &GivenBid) -> bool {
        let market = self.directory.markets().of(bid.account);
        let feed = market.as_ref().and_then(|market| market.feed(bid.feed));
        feed.is_some_and(|feed| feed.pings.on_mismatch == ArrivalMismatch::Reject)
    }

    /// Closes bids that nobody called; how many. Call it every [`CLOSE_EVERY`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn close_missed(&self) -> PortResult<usize> {
        let now = self.moment.now().plus_millis(-ARRIVAL_GRACE_MS);
        let mut closed = 0;
        loop {
            let missed = self.bids.close_missed(now, CLOSE_BATCH).await?;
            closed += missed.len();
            if missed.len() < CLOSE_BATCH as usize {
                break;
            }
        }
        if closed > 0 {
            let many = u64::try_from(closed).unwrap_or(u64::MAX);
            metrics::counter!("trunkline_call_bids_missed_total").increment(many);
        }
        Ok(closed)
    }
}

impl Rtb {
    /// Goes on with the plan of a bid whose call has come: its buyer is rung first, and pays as it bid. A caller who must
    /// not be sold is rung through to nobody: the plan is closed, with the reason.
    ///
    /// # Errors
    /// When the store is late or away, or the campaign is gone.
    pub async fn resume(&self, bid: &GivenBid, came: &Came) -> PortResult<Option<Planned>> {
        let asked = self.bids.bids(bid.account, bid.opportunity);
        let asked = in_time(self.router.step_wait, asked);
        let (resumed, asked) = tokio::try_join!(self.router.resume(bid, came.call), asked)?;
        let Some(mut planned) = resumed else {
            return Ok(None);
        };
        for row in asked {
            planned.asks_from(row.contract, row.min_seconds);
            planned.names_bid(row.contract, row.name);
        }
        planned.meet(came);
        if let Err(reason) = planned.may_be_sold() {
            self.router
                .close_called(&mut planned, reason, came.at)
                .await?;
        }
        Ok(Some(planned))
    }
}

impl Router {
    /// Goes on with the plan of a bid whose call has come: its buyer is rung first.
    ///
    /// # Errors
    /// When the store is late or away, or the campaign is gone.
    async fn resume(&self, bid: &GivenBid, call: CallId) -> PortResult<Option<Planned>> {
        in_time(self.plan_wait, self.resumed(bid, call)).await
    }

    async fn resumed(&self, bid: &GivenBid, call: CallId) -> PortResult<Option<Planned>> {
        let mut plans = self.restore_call(bid.account, call).await?;
        plans.retain(|planned| planned.record.opportunity.id == bid.opportunity);
        let Some(mut planned) = plans.pop() else {
            return Ok(None);
        };
        planned.go_on_with(bid);
        let keep = self.renew(bid.reservation, KEEP_MS).await?;
        if !keep {
            planned.called = None;
        }
        Ok(Some(planned))
    }

    /// Nobody has the call of a bid: what was reserved for it is free again, and nothing is promised any more.
    async fn close_called(
        &self,
        planned: &mut Planned,
        reason: ReasonCode,
        now: Timestamp,
    ) -> PortResult<()> {
        if let Some((place, _)) = planned.called.take() {
            self.give_up(planned, place, AttemptOutcome::NoRoom, Some(reason))
                .await;
        }
        planned.bids.clear();
        planned.take_back(reason, now);
        metrics::counter!("trunkline_called_bids_stopped_total", "reason" => reason.word())
            .increment(1);
        let stored = async {
            tokio::try_join!(
                self.opportunities.put_opportunity(&planned.record),
                self.opportunities.put_attempts(&planned.attempts),
            )
        };
        in_time(self.step_wait, stored).await?;
        Ok(())
    }

    /// Rings the buyer of a bid that is called: what was reserved for it becomes a call's.
    pub(super) async fn ring_called(
        &self,
        planned: &mut Planned,
        place: usize,
        to: Option<Callee>,
    ) -> PortResult<Option<ToRing>> {
        let Some(row) = planned.attempts.get(place) else {
            return Ok(None);
        };
        let (contract, reservation) = (row.contract, row.reservation);
        let terms = planned.terms(contract);
        let to = to.or_else(|| planned.callee_of(contract));
        let reachable = to.is_some() || planned.is_posted(contract);
        let (Some(terms), Some(id), true) = (terms, reservation, reachable) else {
            let unreachable = Some(ReasonCode::Unreachable);
            self.give_up(planned, place, AttemptOutcome::Failed, unreachable)
                .await;
            return Ok(None);
        };
        // What was learned since, in a menu, may be nothing for this buyer.
        let facts = planned.facts();
        let wanted = terms.sieves.iter().all(|(_, sieve)| sieve.passes(&facts));
        drop(facts);
        if !wanted {
            let filtered = Some(ReasonCode::FilterMismatch);
            self.give_up(planned, place, AttemptOutcome::NoRoom, filtered)
                .await;
            return Ok(None);
        }
        let reason = match self.offer(id).await? {
            Stepped::Yes => {
                let (ring_timeout_ms, keep_ms) = super::ringing::times(&terms, planned.has_more());
                self.renew(id, keep_ms).await?;
                let one = AboutToRing {
                    place,
                    to,
                    ring_timeout_ms,
                };
                return Ok(self.told_of_call(planned, vec![one]).await.pop());
            }
            Stepped::No(_) => ReasonCode::Expired,
            Stepped::Full { .. } => ReasonCode::ConcurrencyFull,
        };
        self.give_up(planned, place, AttemptOutcome::NoRoom, Some(reason))
            .await;
        Ok(None)
    }
}

impl Planned {
    /// Who is rung: the buyer of the bid, then those who take over; nobody else of the plan.
    fn go_on_with(&mut self, bid: &GivenBid) {
        let mut rows = self.attempts.iter();
        let place = rows.position(|row| row.reservation == Some(bid.reservation));
        self.called = place.map(|place| (place, bid.to.clone()));
        let next = bid.next.iter().map(|next| {
            let won = BidWon {
                contract: next.contract,
                amount: next.amount,
                to: next.to.clone(),
                name: None,
                offer: Some(bid.amount),
                min_seconds: bid.min_seconds,
                expires_at: None,
            };
            (bid.attempt, won)
        });
        self.bids = next.collect();
        self.next = u16::try_from(self.record.planned.len()).unwrap_or(u16::MAX);
        self.quoted = Some(bid.amount);
    }

    /// What only the call tells of who it is.
    fn meet(&mut self, came: &Came) {
        self.record.asked.attestation = Some(came.vouched);
        let person = &mut self.record.opportunity.person;
        person.phone = person.phone.or(came.caller);
        person.phone_sha256 = person.phone_sha256.or_else(|| came.caller.map(hash_of));
    }

    /// What was learned of the caller since the ping.
    pub(crate) fn learn(&mut self, tags: &BTreeMap<String, String>) {
        let asked = &mut self.record.asked;
        asked.tags.extend(tags.clone());
        if let Some(zip) = tags.get("zip") {
            asked.zip = Some(zip.clone());
        }
    }

    /// The reservation of a bid that is called and not rung yet.
    #[must_use]
    pub(crate) fn waiting(&self) -> Option<ReservationId> {
        let (place, _) = self.called.as_ref()?;
        self.attempts.get(*place)?.reservation
    }
}
