//! Taking what an attempt needs before it is made, and giving it back when nothing comes of it.

use std::sync::Arc;

use trunkline_core::base::id::{ContractId, ReservationId};
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::routing::{
    Adds, AttemptOutcome, ContractTerms, DuplicateAction, DuplicateRule, DuplicateScope, Payment,
    ReasonCode, Turn, takes,
};

use super::planned::Planned;
use super::{Router, in_time};
use crate::ports::PortResult;
use crate::ports::routing::{AttemptRow, HoldTake, Reserve, Reserved};

/// One offer to a contract that is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserving {
    /// The attempt's place in the plan.
    pub attempt: u16,
    /// To whom.
    pub contract: ContractId,
    /// What they bid.
    pub bid: Option<Money>,
    /// Whether it is dialled or posted at once; else a bid was given, and [`Router::offer`] follows.
    pub offered: bool,
    /// How long it is kept without a word.
    pub keep_ms: i64,
}

impl Router {
    /// Takes everything that an attempt needs. Answers its place among [`Planned::attempts`]; `None` when there is no room
    /// any more, with the reason in the last of them.
    ///
    /// # Errors
    /// When the store is late or away. Nothing stays reserved then for longer than was asked.
    pub async fn reserve(
        &self,
        planned: &mut Planned,
        what: Reserving,
    ) -> PortResult<Option<usize>> {
        let now = self.moment.now();
        let Some(terms) = planned.terms(what.contract) else {
            return Ok(None);
        };
        let id: ReservationId = self.moment.id_at(now);
        let mut row = planned.row(&terms, &what, now);
        if let Some(reason) = planned.is_too_late(&terms, now) {
            planned.attempts.push(not_made(row, reason));
            return Ok(None);
        }
        let reserve = self.to_reserve(planned, &terms, &what, id, now);
        match in_time(self.step_wait, self.reservations.reserve(&reserve)).await {
            Ok(Reserved::Yes) => {
                planned.take_turns(what.attempt);
                row.reservation = Some(id);
                planned.attempts.push(row);
                Ok(Some(planned.attempts.len() - 1))
            }
            Ok(Reserved::No(short)) => {
                let reason = short.reason();
                metrics::counter!("trunkline_reservations_refused_total", "reason" => reason.word())
                    .increment(1);
                planned.attempts.push(not_made(row, reason));
                Ok(None)
            }
            Err(error) => {
                self.release_later(id);
                row.outcome = Some(AttemptOutcome::Failed);
                row.ended_at = Some(now);
                row.reason = Some(ReasonCode::SystemError);
                planned.attempts.push(row);
                Err(error)
            }
        }
    }

    /// A buyer takes it.
    ///
    /// # Errors
    /// When the store is late or away; what it came to is counted at the end all the same.
    pub async fn connect(&self, planned: &mut Planned, place: usize) -> PortResult<()> {
        let now = self.moment.now();
        let Some(row) = planned.attempts.get_mut(place) else {
            return Ok(());
        };
        row.connected_at = Some(now);
        let Some(id) = row.reservation else {
            return Ok(());
        };
        in_time(self.step_wait, async {
            // A start after a crash reads from the attempt for how long the buyer had it.
            self.opportunities.put_attempts(&planned.attempts).await?;
            self.reservations.connect(id, now).await
        })
        .await?;
        Ok(())
    }

    /// Nothing came of an attempt: what it took is free again.
    pub async fn give_up(
        &self,
        planned: &mut Planned,
        place: usize,
        outcome: AttemptOutcome,
        reason: Option<ReasonCode>,
    ) {
        let now = self.moment.now();
        let Some(row) = planned.attempts.get_mut(place) else {
            return;
        };
        if row.ended_at.is_some() {
            return;
        }
        row.ended_at = Some(now);
        row.outcome = Some(outcome);
        row.reason = reason;
        let Some(id) = row.reservation else {
            return;
        };
        if let Err(error) = self.release(id).await {
            tracing::warn!(reservation = %id, %error, "a reservation was not released; it ends by itself");
            self.release_later(id);
        }
    }

    /// Releases a reservation of which it is not known whether it was made, while nobody waits.
    fn release_later(&self, id: ReservationId) {
        let reservations = Arc::clone(&self.reservations);
        let now = self.moment.now();
        tokio::spawn(async move {
            // It ends by itself when this fails too.
            let _ = reservations.release(id, now).await;
        });
    }

    fn to_reserve(
        &self,
        planned: &Planned,
        terms: &ContractTerms,
        what: &Reserving,
        id: ReservationId,
        now: Timestamp,
    ) -> Reserve {
        let opportunity = &planned.record.opportunity;
        let comer = planned.comer();
        let price = planned.price_of(what);
        let payout = planned.payout(price);
        let adds = Adds {
            revenue: price.map_or(0, Money::micros),
            payout: payout.map_or(0, Money::micros),
        };
        let facts = planned.facts();
        let (mut caps, mut places) = (Vec::new(), Vec::new());
        if let Some(routes) = &planned.routes {
            caps = routes.cap_takes(what.contract, &facts, comer.feed, adds, now);
            places = routes.place_takes(opportunity.account, what.contract);
        }
        if let Some(feed) = &planned.feed {
            let hours = feed.schedule.as_ref();
            caps.extend(takes(
                &feed.limits,
                None,
                &facts,
                comer.feed,
                adds,
                hours,
                now,
            ));
        }
        let prepaid = terms.payment.value == Payment::Prepaid;
        let hold = price.filter(|price| prepaid && price.micros() > 0);
        Reserve {
            id,
            account: opportunity.account,
            comer,
            came_at: opportunity.came_at,
            taker: terms.parties.taker(),
            offered: what.offered,
            caps,
            places,
            hold: hold.map(|amount| HoldTake {
                id: self.moment.id_at(now),
                amount,
                credit_limit: planned.market.credit_of(terms.parties.buyer),
            }),
            duplicates: planned.duplicates(terms),
            turns: planned.turns_of(what.attempt),
            at: now,
            expires_at: now.plus_millis(what.keep_ms),
        }
    }
}

fn not_made(mut row: AttemptRow, reason: ReasonCode) -> AttemptRow {
    row.ended_at = Some(row.started_at);
    row.outcome = Some(AttemptOutcome::NoRoom);
    row.reason = Some(reason);
    row
}

impl Planned {
    /// An attempt that is made now.
    pub(super) fn row(
        &self,
        terms: &ContractTerms,
        what: &Reserving,
        now: Timestamp,
    ) -> AttemptRow {
        self.attempt(terms, self.price_of(what), what.bid, now)
    }

    /// An attempt that is made now, at this price or for this bid.
    pub(crate) fn attempt(
        &self,
        terms: &ContractTerms,
        price: Option<Money>,
        bid: Option<Money>,
        now: Timestamp,
    ) -> AttemptRow {
        let (opportunity, parties) = (&self.record.opportunity, &terms.parties);
        AttemptRow {
            opportunity: opportunity.id,
            n: u16::try_from(self.attempts.len()).unwrap_or(u16::MAX),
            account: opportunity.account,
            contract: parties.contract,
            destination: parties.destination,
            buyer: parties.buyer,
            version: parties.version,
            reservation: None,
            price,
            bid,
            currency: opportunity.currency,
            started_at: now,
            connected_at: None,
            ended_at: None,
            connected_ms: None,
            outcome: None,
            reason: None,
            revenue: None,
            billable: false,
        }
    }

    /// What the buyer may come to pay: nothing for a person whom it had before.
    fn price_of(&self, what: &Reserving) -> Option<Money> {
        let (price, unpaid) = self.price(what.contract);
        if unpaid {
            return price;
        }
        what.bid.or(price)
    }

    /// What has changed since the plan was made.
    fn is_too_late(&self, terms: &ContractTerms, now: Timestamp) -> Option<ReasonCode> {
        if self.prior_connects > terms.prior_connects_max.value {
            return Some(ReasonCode::PriorConnects);
        }
        let schedule = &terms.schedule.as_ref()?.value;
        let last = now.plus_millis(terms.last_call_ms.value);
        let open = schedule.is_open(now) && schedule.is_open(last);
        (!open).then_some(ReasonCode::ContractClosed)
    }

    /// The turns that go with an attempt and were not taken yet.
    fn turns_of(&self, attempt: u16) -> Vec<(Turn, i64)> {
        let changes = self.turns.iter().skip(self.turns_taken);
        let mine = changes.take_while(|change| change.from <= attempt);
        let mut sums: Vec<(Turn, i64)> = Vec::new();
        for (turn, credit) in mine.flat_map(|change| &change.credits) {
            match sums.iter_mut().find(|(known, _)| known == turn) {
                Some((_, sum)) => *sum += credit,
                None => sums.push((turn.clone(), *credit)),
            }
        }
        sums.retain(|(_, sum)| *sum != 0);
        sums
    }

    fn take_turns(&mut self, attempt: u16) {
        let changes = self.turns.iter().skip(self.turns_taken);
        self.turns_taken += changes.take_while(|change| change.from <= attempt).count();
    }

    /// Rules by which nobody else may have the person at the same time. A rule that leaves out the buyer who had the person
    /// asks for that buyer.
    fn duplicates(&self, terms: &ContractTerms) -> Vec<DuplicateRule> {
        let wide = |rule: &DuplicateRule| {
            !matches!(
                rule.scope,
                DuplicateScope::Contract | DuplicateScope::Buyer | DuplicateScope::BuyerCompany
            )
        };
        let own = terms.duplicates.value.iter();
        let own = own.filter_map(|rule| match rule.action {
            DuplicateAction::Unpaid => None,
            DuplicateAction::OtherBuyer if wide(rule) => None,
            DuplicateAction::OtherBuyer if rule.scope == DuplicateScope::BuyerCompany => {
                Some(DuplicateRule {
                    scope: DuplicateScope::Buyer,
                    ..rule.clone()
                })
            }
            DuplicateAction::OtherBuyer
            | DuplicateAction::Skip
            | DuplicateAction::Block
            | DuplicateAction::Flow => Some(rule.clone()),
        });
        let of_feed = self.feed.iter().flat_map(|feed| &feed.duplicates);
        let of_feed = of_feed.filter(|rule| {
            wide(rule) && !matches!(rule.action, DuplicateAction::Unpaid | DuplicateAction::Flow)
        });
        own.chain(of_feed.cloned()).collect()
    }
}
