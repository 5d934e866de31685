//! A buyer took a lead: what they pay, what the publisher is paid, what becomes of the reservation, the opportunity and the
//! lead, in one transaction.

use trunkline_core::base::Timestamp;
use trunkline_core::base::{Money, Zone};
use trunkline_core::lead::{Event, Leg, LegState, RunState, StepRefusal, step};
use trunkline_core::ledger::{
    Booked, BuyerTerms, CONVERSION_WINDOW_MS, Event as MoneyEvent, LeadSold, Pay, PublisherTerms,
    Side, Subject, Terms,
};
use trunkline_core::routing::{
    AttemptOutcome, Came, CapWindow, ContractTerms, PriceBook, ReasonCode,
};

use super::desk::{LeadDesk, LeadError, TRIES_MAX};
use super::receive::{LOOK_AFTER_MS, event};
use super::sale::Sale;
use super::sell::with;
use crate::ledger::{BookError, book};
use crate::ports::PortError;
use crate::ports::books::{Ending, Settlement, Sold, Stored};
use crate::ports::buyers::{BuyerOutcome, BuyerReport};
use crate::ports::leads::{LeadChange, LeadEventKind, LeadRow};
use crate::ports::outbox::Delivery;
use crate::ports::routing::AttemptRow;

/// What the buyer said with its yes.
struct Yes<'a> {
    n: usize,
    report: &'a BuyerReport,
    told: &'a str,
    at: Timestamp,
}

fn pays(side: Option<&Side>) -> bool {
    match side {
        Some(Side::Open { .. }) => true,
        Some(Side::Amount { amount, .. }) => amount.micros() > 0,
        Some(Side::NotConnected | Side::NoRule | Side::NotSold | Side::TooShort { .. }) | None => {
            false
        }
    }
}

impl LeadDesk {
    /// Stores that a buyer took a lead, with the money.
    pub(super) async fn taken(
        &self,
        sale: &mut Sale,
        n: usize,
        report: &BuyerReport,
        told: String,
    ) -> Result<(), LeadError> {
        let contract = sale.row.run.legs[n].contract;
        for _ in 0..TRIES_MAX {
            let row = self.leads.lead(sale.row.id).await?;
            let row = row.ok_or(LeadError::NoSuchPing)?;
            let now = self.moment.now();
            let run = match step(&row.run, Event::Took(contract), &sale.rules, now) {
                Ok(run) if run == row.run => {
                    sale.row = row;
                    return Ok(());
                }
                Ok(run) => run,
                Err(StepRefusal::SoldElsewhere(_)) => {
                    return self.too_late(sale, n, told).await;
                }
                Err(why) => return Err(LeadError::Step(why)),
            };
            let before = row.clone();
            sale.row = LeadRow { run, ..row };
            let yes = Yes {
                n,
                report,
                told: &told,
                at: now,
            };
            match self.book_sale(sale, &before, &yes).await {
                Ok(()) => {
                    metrics::counter!("trunkline_leads_sold_total").increment(1);
                    let stored = self.leads.lead(sale.row.id).await?;
                    sale.row = stored.ok_or(LeadError::NoSuchPing)?;
                    return Ok(());
                }
                // The lead or the history moved: read them again.
                Err(PortError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LeadError::Moved)
    }

    async fn book_sale(
        &self,
        sale: &mut Sale,
        before: &LeadRow,
        yes: &Yes<'_>,
    ) -> Result<(), PortError> {
        let leg = sale.row.run.legs[yes.n];
        let terms = sale.planned.terms(leg.contract);
        // What was sold on terms that are gone is sold; a person must look at what it costs.
        let Some(terms) = terms else {
            return self.store_unbooked(sale, yes).await;
        };
        let unpaid = sale.planned.price(leg.contract).1;
        let nothing = PriceBook::nothing(sale.row.currency);
        let price = terms.price.as_ref().filter(|_| !unpaid);
        let had = |leg: &&Leg| {
            matches!(
                leg.state,
                LegState::Accepted { .. } | LegState::Returned { .. }
            )
        };
        let others = before.run.legs.iter().filter(had).count();
        let facts = sale.planned.facts();
        let event = MoneyEvent::LeadSold(LeadSold {
            lead: sale.row.id,
            offered_at: sale.row.came_at,
            sold_at: yes.at,
            leg: u32::try_from(others).unwrap_or(u32::MAX),
            buyer: BuyerTerms {
                buyer: terms.parties.buyer,
                payment: terms.payment.value,
                price: price.map_or(&nothing, |price| &price.value),
                bid: sale.row.legs[yes.n].bid,
                sold: sale.planned.sold(leg.contract),
            },
        });
        let money = Terms {
            currency: sale.row.currency,
            facts: &facts,
            publisher: sale.publisher(),
            conversion_window_ms: CONVERSION_WINDOW_MS,
        };
        let zone = self.zone(&sale.row);
        let subjects = [Subject::Lead(sale.row.id)];
        let with = |booked: &Booked| sale.settlement(yes, Some(&terms), booked, zone.as_ref());
        let (books, account) = (self.books.as_ref(), sale.row.account);
        let booked = book(
            books,
            &self.moment,
            account,
            &subjects,
            &event,
            &money,
            with,
        )
        .await;
        match booked {
            Ok(_) => Ok(()),
            Err(BookError::Port(error)) => Err(error),
            Err(BookError::Post(error)) => {
                metrics::counter!("trunkline_leads_not_booked_total").increment(1);
                tracing::error!(lead = %sale.row.id, %error, "what a lead came to cannot be booked; a person must look at it");
                self.store_unbooked(sale, yes).await
            }
        }
    }

    async fn store_unbooked(&self, sale: &Sale, yes: &Yes<'_>) -> Result<(), PortError> {
        let zone = self.zone(&sale.row);
        let settlement = sale.settlement(yes, None, &Booked::default(), zone.as_ref());
        let stored = self.books.book(sale.row.account, &settlement, yes.at);
        match stored.await? {
            Stored::Yes | Stored::Already(_) => Ok(()),
            Stored::Moved => Err(PortError::Conflict("the lead moves".to_owned())),
        }
    }

    fn zone(&self, row: &LeadRow) -> Option<Zone> {
        let directory = self.directory.peek();
        directory.account(row.account).map(|a| a.zone.clone())
    }

    /// A buyer says that they took what others have: nothing is sold to them, and a person must tell them.
    async fn too_late(&self, sale: &mut Sale, n: usize, told: String) -> Result<(), LeadError> {
        let contract = sale.row.run.legs[n].contract;
        metrics::counter!("trunkline_leads_taken_too_late_total").increment(1);
        tracing::warn!(lead = %sale.row.id, %contract, "a buyer took a lead after it was sold to others; a person must tell them");
        let stored = self.change(sale.row.id, |row, now| {
            let outbox = row.legs.get(n).and_then(|facts| facts.outbox);
            let mut change = LeadChange::new(row);
            change
                .events
                .push(with(now, LeadEventKind::TooLate, contract, told.clone()));
            change
                .delivered
                .extend(outbox.map(|outbox| (outbox, Delivery::Done)));
            Ok(change)
        });
        sale.row = stored.await?;
        if let Some(reservation) = sale.row.legs[n].reservation {
            self.release(reservation).await;
        }
        Ok(())
    }
}

impl Sale {
    /// What was agreed with the publisher.
    fn publisher(&self) -> Option<PublisherTerms<'_>> {
        let feed = self.planned.feed()?;
        if self.planned.let_in.unpaid.is_some() {
            return None;
        }
        let pay = match self.quoted() {
            Some(promise) => Pay::Quoted(promise),
            None => Pay::ByRule {
                price: feed.payout.as_ref()?,
                sold: self.planned.paid(),
                loss_allowed: false,
            },
        };
        Some(PublisherTerms {
            publisher: feed.publisher,
            pay,
        })
    }

    /// An attempt is over.
    pub(super) fn end_attempt(
        &mut self,
        n: usize,
        outcome: AttemptOutcome,
        reason: ReasonCode,
        now: Timestamp,
    ) {
        let reservation = self.row.legs[n].reservation;
        let mut attempts = self.planned.attempts.iter_mut();
        if let Some(attempt) = attempts.find(|a| a.reservation == reservation) {
            attempt.ended_at = Some(now);
            attempt.outcome = Some(outcome);
            attempt.reason = Some(reason);
        }
    }

    fn settlement(
        &self,
        yes: &Yes<'_>,
        terms: Option<&ContractTerms>,
        booked: &Booked,
        zone: Option<&Zone>,
    ) -> Settlement {
        let currency = self.row.currency;
        let side = booked.buyers.first();
        let price = side.and_then(|side| side.amount(currency));
        let payout = booked.publisher.and_then(|side| side.amount(currency));
        let first = self.row.payout.is_none();
        let lead = self.sold_row(yes, price, payout);
        let billable = pays(side);
        let reservation = self.row.legs[yes.n].reservation;
        let came = Came {
            billable,
            revenue: price.map_or(0, Money::micros),
            payout: payout.filter(|_| first).map_or(0, Money::micros),
        };
        let mut record = self.planned.record.clone();
        let opportunity = &mut record.opportunity;
        let (contract, buyer) = (
            self.row.run.legs[yes.n].contract,
            self.row.legs[yes.n].buyer,
        );
        opportunity.sold_to = opportunity.sold_to.or(Some((contract, buyer)));
        opportunity.reason = None;
        opportunity.revenue = lead.lead.revenue;
        opportunity.payout = lead.lead.payout;
        opportunity.ended_at = (lead.lead.run.state == RunState::Sold).then_some(yes.at);
        let mut settlement = Settlement {
            attempts: self.attempts(yes, price, billable),
            opportunity: Some(Box::new(record)),
            ..Settlement::default()
        };
        settlement
            .reservations
            .extend(reservation.map(|id| (id, Ending::Settled(came))));
        if let (true, Some(terms), Some(zone)) = (billable, terms, zone) {
            let month = CapWindow::month(zone.clone()).at(yes.at).from;
            settlement.sold.push((Sold::Contract(contract), month));
            settlement
                .billable
                .push((self.row.id, terms.parties.taker()));
            if first && came.payout > 0 {
                settlement.sold.push((Sold::Feed(self.row.feed), month));
            }
        }
        settlement.lead = Some(Box::new(lead));
        settlement
    }

    /// The lead with another buyer, as it is stored.
    fn sold_row(&self, yes: &Yes<'_>, price: Option<Money>, payout: Option<Money>) -> LeadChange {
        let mut row = self.row.clone();
        row.changed_at = yes.at;
        let sum = |more: Money| row.revenue.map_or(Ok(more), |sum| sum.plus(more));
        row.revenue = price.and_then(|more| sum(more).ok()).or(row.revenue);
        row.payout = payout.or(row.payout);
        row.reason = None;
        let sold = row.run.state == RunState::Sold;
        row.due_at = (!sold).then(|| yes.at.plus_millis(LOOK_AFTER_MS));
        let contract = row.run.legs[yes.n].contract;
        let facts = &mut row.legs[yes.n];
        facts.price = price.or(facts.price);
        yes.told.clone_into(&mut facts.told);
        if let BuyerOutcome::Answered(reading, _) = &yes.report.outcome {
            facts.buyers_name.clone_from(&reading.id);
            facts.redirect_url.clone_from(&reading.redirect_url);
        }
        let outbox = facts.outbox;
        let mut change = LeadChange::new(row);
        change
            .events
            .push(with(yes.at, LeadEventKind::Accepted, contract, yes.told));
        if sold {
            change.events.push(event(yes.at, LeadEventKind::Sold, ""));
        }
        change
            .delivered
            .extend(outbox.map(|outbox| (outbox, Delivery::Done)));
        change
    }

    fn attempts(&self, yes: &Yes<'_>, price: Option<Money>, billable: bool) -> Vec<AttemptRow> {
        let reservation = self.row.legs[yes.n].reservation;
        let mut attempts = self.planned.attempts.clone();
        let mut all = attempts.iter_mut();
        let own = all.find(|a| reservation.is_some() && a.reservation == reservation);
        if let Some(attempt) = own {
            attempt.connected_at = Some(yes.at);
            attempt.ended_at = Some(yes.at);
            attempt.outcome = Some(AttemptOutcome::Taken);
            attempt.reason = None;
            attempt.revenue = price;
            attempt.billable = billable;
        }
        attempts
    }
}
