//! Offering a lead: through the plan of its campaign, one buyer after the other, until as many have it as may or nobody is
//! left. Each sending is stored before it happens, and each answer before the next.

use std::sync::Arc;

use trunkline_core::base::id::{ContractId, OpportunityId, OutboxEventId};
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::lead::{Event, LegState, Run, RunState, SaleRules, StepRefusal, step};
use trunkline_core::routing::{Attempt, ContractTerms, ReasonCode};

use super::deliver::{self, LEAD_POST};
use super::desk::{LeadDesk, LeadError};
use super::receive::{LOOK_AFTER_MS, event};
use super::sale::{Sale, ToOffer, wanted};
use crate::ports::leads::{LeadChange, LeadEvent, LeadEventKind, LeadRow, LegFacts};
use crate::ports::outbox::{AfterCrash, OutboxEvent};
use crate::ports::routing::Stepped;
use crate::routing::Reserving;

/// How long what a lead takes is kept without a word: longer than a buyer may take to answer.
pub(super) const KEEP_MS: i64 = 60_000;
/// How long the desk has a row to itself before whoever empties the outbox takes it: only a crash leaves one so long.
const OWN_MS: i64 = 30_000;

/// What came of offering it to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// The next is asked.
    Next,
    /// Nobody else may be asked now.
    Stop,
}

/// The run, offered: the step is stored with the first that follows from it.
pub(super) fn offered(
    run: &Run,
    legs_max: u8,
    rules: &SaleRules,
    now: Timestamp,
) -> Result<Run, StepRefusal> {
    match run.state {
        RunState::Validating => step(run, Event::Selling { legs_max }, rules, now),
        _ => Ok(run.clone()),
    }
}

/// Whether it is about the feed or the campaign, so that no buyer is asked.
const fn closes(reason: ReasonCode) -> bool {
    !matches!(reason, ReasonCode::NoCandidate)
}

impl LeadDesk {
    /// Takes a lead on from where it stands. Whoever calls it is the only one who does.
    pub(super) async fn sell(self: &Arc<Self>, id: OpportunityId) -> Result<(), LeadError> {
        let Some(row) = self.leads.lead(id).await? else {
            return Ok(());
        };
        if row.test {
            return self.test_goes_on(&row).await;
        }
        let row = match row.run.state {
            RunState::Validating => row,
            RunState::Selling => self.pick_up(row).await?,
            RunState::Queued => match self.again(&row).await? {
                Some(row) => row,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        if row.run.state == RunState::Sold {
            return Ok(());
        }
        let mut planned = self.router.plan(wanted(&row)).await?;
        planned.attempts = self.opportunities.attempts(id).await?;
        let reason = planned.record.opportunity.reason;
        if let Some(reason) = reason.filter(|reason| closes(*reason))
            && row.run.state == RunState::Validating
        {
            let told = match &planned.record.stopped_by {
                Some(by) => planned.market().tell_stopped(by),
                None => reason.sentence().to_owned(),
            };
            return self.refuse(&row, reason, &told).await;
        }
        let (rules, buyers_max) = (self.rules_of(&row), self.buyers_max(&row));
        let mut sale = Sale {
            row,
            planned,
            rules,
            buyers_max,
        };
        self.offer_to_all(&mut sale).await?;
        self.nobody_left(&mut sale).await
    }

    fn buyers_max(&self, row: &LeadRow) -> u8 {
        let market = self.directory.markets().of(row.account);
        let campaign = market.as_ref().and_then(|m| m.campaign(row.campaign));
        campaign.map_or(1, |c| c.campaign.leads.buyers_max)
    }

    /// A lead that waited is offered again; `None` when it is too early, or it is too old.
    async fn again(&self, row: &LeadRow) -> Result<Option<LeadRow>, LeadError> {
        let rules = self.rules_of(row);
        let again = self.change(row.id, |row, now| {
            let run = step(&row.run, Event::Again, &rules, now)?;
            let selling = run.state == RunState::Selling;
            let kind = if selling {
                LeadEventKind::Again
            } else {
                LeadEventKind::Unsold
            };
            let due_at = selling.then(|| now.plus_millis(LOOK_AFTER_MS));
            let mut change = LeadChange::new(LeadRow { run, due_at, ..row });
            change.events.push(event(now, kind, ""));
            Ok(change)
        });
        match again.await {
            Ok(row) => Ok(Some(row).filter(|row| row.run.state == RunState::Selling)),
            Err(LeadError::Step(StepRefusal::TooEarly(_) | StepRefusal::NotNow(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The feed or the campaign does not take it.
    async fn refuse(&self, row: &LeadRow, reason: ReasonCode, told: &str) -> Result<(), LeadError> {
        let rules = self.rules_of(row);
        let refused = self.change(row.id, |row, now| {
            let run = step(&row.run, Event::Refused, &rules, now)?;
            let mut change = LeadChange::new(LeadRow {
                run,
                reason: Some(reason.word().to_owned()),
                due_at: None,
                held: Vec::new(),
                ..row
            });
            change.events.push(event(now, LeadEventKind::Refused, told));
            Ok(change)
        });
        refused.await?;
        for held in &row.held {
            self.release(held.reservation).await;
        }
        Ok(())
    }

    /// What was being sent when nobody worked on it any more: what waits in the outbox was never sent, and everything else
    /// may have arrived.
    async fn pick_up(self: &Arc<Self>, mut row: LeadRow) -> Result<LeadRow, LeadError> {
        for n in 0..row.run.legs.len() {
            let leg = row.run.legs[n];
            if !matches!(leg.state, LegState::Sending { .. }) {
                continue;
            }
            let outbox = row.legs.get(n).and_then(|facts| facts.outbox);
            let waits = match outbox {
                Some(outbox) => self.outbox.take_event(outbox).await?.is_some(),
                None => false,
            };
            let mut sale = self.resumed(row).await?;
            let report = if waits {
                self.send(&sale, n).await
            } else {
                deliver::interrupted()
            };
            self.answered(&mut sale, n, &report).await?;
            row = sale.row;
        }
        Ok(row)
    }

    /// A sale from what is stored, without another plan.
    pub(super) async fn resumed(&self, row: LeadRow) -> Result<Sale, LeadError> {
        let mut planned = self.router.rehearse(wanted(&row)).await?;
        let stored = self.opportunities.opportunity(row.account, row.id).await?;
        if let Some(record) = stored {
            planned.record = record;
        }
        planned.attempts = self.opportunities.attempts(row.id).await?;
        let (rules, buyers_max) = (self.rules_of(&row), self.buyers_max(&row));
        Ok(Sale {
            row,
            planned,
            rules,
            buyers_max,
        })
    }

    async fn offer_to_all(self: &Arc<Self>, sale: &mut Sale) -> Result<(), LeadError> {
        // Whoever gave the price that was promised is asked first.
        for held in std::mem::take(&mut sale.row.held) {
            let to = ToOffer {
                attempt: 0,
                contract: held.contract,
                bid: held.bid,
                ping_name: held.ping_name.clone(),
                held: Some(held),
            };
            if self.offer_to(sale, &to).await? == Tried::Stop {
                return Ok(());
            }
        }
        while let Some((place, attempt)) = sale.planned.next_attempt() {
            let one = |contract: &ContractId| ToOffer {
                attempt: place,
                contract: *contract,
                bid: None,
                ping_name: None,
                held: None,
            };
            let all: Vec<ToOffer> = match &attempt {
                Attempt::One(contract) => vec![one(contract)],
                Attempt::Together { contracts, .. } => contracts.iter().map(one).collect(),
                Attempt::Auction { contracts, .. } => {
                    let won = self.router.bids(&mut sale.planned, place, contracts).await;
                    won.into_iter()
                        .map(|bid| ToOffer {
                            bid: Some(bid.amount),
                            ping_name: bid.name,
                            ..one(&bid.contract)
                        })
                        .collect()
                }
            };
            for to in &all {
                if self.offer_to(sale, to).await? == Tried::Stop {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Offers it to one buyer: reserves, writes down that it is sent, sends it, and stores what came of it.
    async fn offer_to(self: &Arc<Self>, sale: &mut Sale, to: &ToOffer) -> Result<Tried, LeadError> {
        let Some(terms) = sale.planned.terms(to.contract) else {
            return Ok(Tried::Next);
        };
        let now = self.moment.now();
        let sending = Event::Sending {
            contract: to.contract,
            company: terms.parties.company,
        };
        let run = offered(&sale.row.run, sale.buyers_max, &sale.rules, now);
        let run = run.map_err(LeadError::Step)?;
        match step(&run, sending, &sale.rules, now) {
            Ok(_) => {}
            Err(StepRefusal::SentAlready(_) | StepRefusal::SameCompany(_)) => {
                return Ok(Tried::Next);
            }
            Err(_) => return Ok(Tried::Stop),
        }
        if let Some(reason) = self.passed_over(sale, to, &terms) {
            let row = sale.not_made(&terms, to, reason, now);
            sale.planned.attempts.push(row);
            return Ok(Tried::Next);
        }
        let Some(place) = self.take_what_it_needs(sale, to, &terms).await? else {
            return Ok(Tried::Next);
        };
        match self.write_down(sale, to, &terms, place).await {
            Ok(n) => self.send_now(sale, n).await,
            Err(error) => {
                let reservation = sale.planned.attempts[place].reservation;
                if let Some(reservation) = reservation {
                    self.release(reservation).await;
                }
                match error {
                    LeadError::Step(_) => Ok(Tried::Stop),
                    error => Err(error),
                }
            }
        }
    }

    /// Why a contract is not asked that could take it.
    fn passed_over(&self, sale: &Sale, to: &ToOffer, terms: &ContractTerms) -> Option<ReasonCode> {
        let market = sale.planned.market();
        let destination = market.destination(terms.parties.destination);
        if !destination.is_some_and(|d| deliver::takes_leads(d.delivery.kind())) {
            return Some(ReasonCode::Unreachable);
        }
        let (price, unpaid) = sale.planned.price(to.contract);
        let price = to.bid.or(price);
        let quoted = sale.quoted().filter(|_| sale.row.run.accepted() == 0);
        let pays = if unpaid { None } else { price };
        if let Some(quoted) = quoted
            && to.held.is_none()
            && pays.map_or(0, Money::micros) < quoted.micros()
        {
            return Some(ReasonCode::MarginLow);
        }
        let least = sale.row.price_min.filter(|_| quoted.is_none())?;
        let payout = sale.planned.payout(pays).map_or(0, Money::micros);
        (payout < least.micros()).then_some(ReasonCode::BelowFloor)
    }

    /// Reserves what it needs, or goes on with what its ping holds. Answers the place of the attempt.
    async fn take_what_it_needs(
        &self,
        sale: &mut Sale,
        to: &ToOffer,
        terms: &ContractTerms,
    ) -> Result<Option<usize>, LeadError> {
        if let Some(held) = &to.held {
            let stepped = self.router.offer(held.reservation).await?;
            if stepped != Stepped::Yes {
                return Ok(None);
            }
            self.router.renew(held.reservation, KEEP_MS).await?;
            let mut attempts = sale.planned.attempts.iter();
            let known = attempts.position(|a| a.reservation == Some(held.reservation));
            return Ok(Some(known.unwrap_or_else(|| {
                let now = self.moment.now();
                let mut row = sale.row_of(terms, to, now);
                row.reservation = Some(held.reservation);
                sale.planned.attempts.push(row);
                sale.planned.attempts.len() - 1
            })));
        }
        let reserving = Reserving {
            attempt: to.attempt,
            contract: to.contract,
            bid: to.bid,
            offered: true,
            keep_ms: KEEP_MS,
        };
        Ok(self.router.reserve(&mut sale.planned, reserving).await?)
    }

    /// Stores that it is about to be sent, with the row by which it is. Answers the place of the leg.
    async fn write_down(
        &self,
        sale: &mut Sale,
        to: &ToOffer,
        terms: &ContractTerms,
        place: usize,
    ) -> Result<usize, LeadError> {
        let outbox: OutboxEventId = self.moment.id();
        let facts = LegFacts {
            buyer: terms.parties.buyer,
            destination: terms.parties.destination,
            reservation: sale.planned.attempts[place].reservation,
            outbox: Some(outbox),
            bid: to.bid,
            ping_name: to.ping_name.clone(),
            price: sale.planned.attempts[place].price,
            buyers_name: None,
            redirect_url: None,
            told: String::new(),
        };
        let sending = Event::Sending {
            contract: to.contract,
            company: terms.parties.company,
        };
        let (rules, buyers_max) = (sale.rules, sale.buyers_max);
        let attempts = sale.planned.attempts.clone();
        let stored = self.change(sale.row.id, |row, now| {
            let run = offered(&row.run, buyers_max, &rules, now)?;
            let run = step(&run, sending.clone(), &rules, now)?;
            let n = row.legs.len();
            let mut legs = row.legs.clone();
            legs.push(facts.clone());
            let posting = OutboxEvent {
                id: outbox,
                account: row.account,
                kind: LEAD_POST.to_owned(),
                about: Some(row.id.raw()),
                body: deliver::body(n),
                after_crash: AfterCrash::Unknown,
                due_at: now.plus_millis(OWN_MS),
                made_at: now,
            };
            let mut change = LeadChange::new(LeadRow {
                run,
                legs,
                held: Vec::new(),
                due_at: Some(now.plus_millis(LOOK_AFTER_MS)),
                ..row
            });
            change
                .events
                .push(with(now, LeadEventKind::Sending, to.contract, ""));
            change.outbox.push(posting);
            change.attempts.clone_from(&attempts);
            Ok(change)
        });
        sale.row = stored.await?;
        Ok(sale.row.legs.len() - 1)
    }

    /// Sends what was written down, unless somebody else does.
    async fn send_now(self: &Arc<Self>, sale: &mut Sale, n: usize) -> Result<Tried, LeadError> {
        let outbox = sale.row.legs.get(n).and_then(|facts| facts.outbox);
        let Some(outbox) = outbox else {
            return Ok(Tried::Stop);
        };
        if self.outbox.take_event(outbox).await?.is_none() {
            return Ok(Tried::Stop);
        }
        let report = self.send(sale, n).await;
        self.answered(sale, n, &report).await?;
        Ok(Tried::Next)
    }

    /// Nobody else is asked now: it is sold, unsold, waits, or is open until it is known who has it.
    async fn nobody_left(&self, sale: &mut Sale) -> Result<(), LeadError> {
        if sale.row.run.state == RunState::Sold {
            return Ok(());
        }
        let why = sale.why_unsold();
        let (rules, buyers_max) = (sale.rules, sale.buyers_max);
        let attempts = sale.planned.attempts.clone();
        let record = sale.planned.record.clone();
        let stored = self.change(sale.row.id, |row, now| {
            let run = offered(&row.run, buyers_max, &rules, now)?;
            let mut change = match step(&run, Event::NobodyLeft, &rules, now) {
                Ok(run) => closed(LeadRow { run, ..row }, why, now),
                Err(StepRefusal::StillUnknown(until)) => LeadChange::new(LeadRow {
                    run,
                    due_at: Some(until),
                    ..row
                }),
                // Somebody sends it: whoever does goes on with it.
                Err(StepRefusal::StillSending) => LeadChange::new(LeadRow { run, ..row }),
                Err(why) => return Err(why),
            };
            change.attempts.clone_from(&attempts);
            let mut record = record.clone();
            let opportunity = &mut record.opportunity;
            match change.lead.run.state {
                RunState::Unsold | RunState::Queued => {
                    opportunity.reason = Some(why);
                    opportunity.ended_at = Some(now);
                    change.opportunity = Some(Box::new(record));
                }
                RunState::Sold => {
                    opportunity.reason = None;
                    opportunity.ended_at = Some(now);
                    change.opportunity = Some(Box::new(record));
                }
                _ => {}
            }
            Ok(change)
        });
        match stored.await {
            Ok(row) => {
                sale.row = row;
                Ok(())
            }
            // It was decided meanwhile.
            Err(LeadError::Step(StepRefusal::NotNow(_))) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives back what was reserved; it ends by itself when the store is away.
    pub(super) async fn release(&self, id: trunkline_core::base::id::ReservationId) {
        if let Err(error) = self.router.release(id).await {
            tracing::warn!(reservation = %id, %error, "a reservation was not released; it ends by itself");
        }
    }
}

/// An event that is about a contract.
pub(super) fn with(
    at: Timestamp,
    kind: LeadEventKind,
    contract: ContractId,
    told: impl Into<String>,
) -> LeadEvent {
    LeadEvent {
        contract: Some(contract),
        ..event(at, kind, told)
    }
}

/// A lead of which nobody is asked any more, as it is stored.
fn closed(mut row: LeadRow, why: ReasonCode, now: Timestamp) -> LeadChange {
    let kind = match row.run.state {
        RunState::Queued => LeadEventKind::Queued,
        RunState::Sold => LeadEventKind::Sold,
        _ => LeadEventKind::Unsold,
    };
    row.due_at = row
        .run
        .waits
        .filter(|_| row.run.state == RunState::Queued)
        .map(|w| w.next_at);
    row.reason = match row.run.state {
        RunState::Sold => None,
        _ => Some(why.word().to_owned()),
    };
    metrics::counter!("trunkline_leads_closed_total", "state" => row.run.state.word()).increment(1);
    let mut change = LeadChange::new(row);
    change.events.push(event(now, kind, ""));
    change
}
