//! The end of a call that went through plans: what buyers pay and the publisher is paid, what becomes of reservations, the
//! opportunity and its attempts, and the call itself, in one transaction.

use std::sync::Arc;

use trunkline_core::base::id::{AccountId, CallId};
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::ledger::{
    Booked, BuyerTerms, CONVERSION_WINDOW_MS, CallEnded, CallLeg, Event, Pay, PublisherTerms, Side,
    Subject, TelephonyLeg, Terms,
};
use trunkline_core::routing::{AttemptOutcome, Came, ContractTerms, PriceBook, ReasonCode};

use super::planned::Planned;
use super::{Router, month_from};
use crate::ledger::{BookError, book};
use crate::ports::books::{Ending, Settlement, Sold, Stored};
use crate::ports::calls::CallChange;
use crate::ports::routing::{AttemptRow, OpportunityRecord};
use crate::ports::{PortError, PortResult};

/// A call that ended.
#[derive(Debug, Clone)]
pub struct CallEnding {
    /// The account.
    pub account: AccountId,
    /// Which call.
    pub call: CallId,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Whether the caller hung up before anybody took it.
    pub caller_left: bool,
    /// Its last change; `None` when that is stored already.
    pub change: Option<Box<CallChange>>,
    /// Everything that used minutes of a carrier that has a rate.
    pub telephony: Vec<TelephonyLeg>,
}

/// A buyer who had the caller.
struct Leg<'a> {
    plan: usize,
    row: usize,
    terms: Option<Arc<ContractTerms>>,
    attempt: &'a AttemptRow,
    unpaid: bool,
}

impl Leg<'_> {
    /// What its buyer pays: not before the seconds that its bid asked for.
    fn price(&self, plans: &[Planned]) -> PriceBook {
        let planned = &plans[self.plan];
        let terms = self.terms.as_ref().filter(|_| !self.unpaid);
        match terms.and_then(|terms| terms.price.as_ref()) {
            Some(price) => {
                let asked_s = planned.asked_from_s(self.attempt.contract);
                price.value.no_sooner_than(i64::from(asked_s) * 1_000)
            }
            None => PriceBook::nothing(planned.market.currency),
        }
    }
}

/// What is stored beside the money, whatever that comes to.
struct Closing<'a> {
    ending: &'a CallEnding,
    plans: &'a [Planned],
    legs: &'a [Leg<'a>],
    /// Whose opportunity it is that is sold, or was tried last.
    main: usize,
}

impl Router {
    /// Stores what a call came to that went through plans, and its end. Attempts that are still open end with it.
    ///
    /// # Errors
    /// When the store is away; nothing is stored then.
    pub async fn end_call(&self, ending: &CallEnding, plans: &mut [Planned]) -> PortResult<()> {
        for planned in plans.iter_mut() {
            planned.end_attempts(ending);
        }
        let plans: &[Planned] = plans;
        let Some(last) = plans.len().checked_sub(1) else {
            return Ok(());
        };
        let legs = legs_of(plans);
        let main = legs.last().map_or(last, |leg| leg.plan);
        let closing = Closing {
            ending,
            plans,
            legs: &legs,
            main,
        };
        // Of several opportunities those that were not sold go first; they move no money.
        for index in (0..plans.len()).filter(|index| *index != main) {
            let record = closing.opportunity(index, &Booked::default());
            self.opportunities.put_opportunity(&record).await?;
        }
        match self.book_call(&closing).await {
            Ok(()) => Ok(()),
            Err(BookError::Port(error)) => Err(error),
            Err(BookError::Post(error)) => {
                metrics::counter!("trunkline_calls_not_booked_total").increment(1);
                tracing::error!(call = %ending.call, %error, "what a call came to cannot be booked; a person must look at it");
                self.close_unbooked(&closing).await
            }
        }
    }

    async fn book_call(&self, closing: &Closing<'_>) -> Result<(), BookError> {
        let Closing {
            ending,
            plans,
            legs,
            main,
        } = *closing;
        let planned = &plans[main];
        let currency = planned.market.currency;
        let prices: Vec<PriceBook> = legs.iter().map(|leg| leg.price(plans)).collect();
        let call_legs: Vec<CallLeg<'_>> = legs
            .iter()
            .zip(&prices)
            .filter_map(|(leg, price)| {
                let terms = leg.terms.as_ref()?;
                Some(CallLeg {
                    terms: BuyerTerms {
                        buyer: leg.attempt.buyer,
                        payment: terms.payment.value,
                        price,
                        bid: leg.attempt.bid,
                        sold: plans[leg.plan].sold(leg.attempt.contract),
                    },
                    connected_ms: leg.attempt.connected_ms,
                })
            })
            .collect();
        let facts = planned.facts();
        let event = Event::CallEnded(CallEnded {
            call: ending.call,
            offered_at: planned.record.opportunity.came_at,
            ended_at: ending.ended_at,
            legs: &call_legs,
            telephony: &ending.telephony,
        });
        let feed = planned
            .feed
            .as_ref()
            .filter(|_| planned.let_in.unpaid.is_none());
        let publisher = feed.and_then(|feed| {
            Some(PublisherTerms {
                publisher: feed.publisher,
                pay: match planned.quoted {
                    Some(quoted) => Pay::Quoted(quoted),
                    None => Pay::ByRule {
                        price: feed.payout.as_ref()?,
                        sold: planned.paid(),
                        loss_allowed: false,
                    },
                },
            })
        });
        let terms = Terms {
            currency,
            facts: &facts,
            publisher,
            conversion_window_ms: CONVERSION_WINDOW_MS,
        };
        let subjects = [Subject::Call(ending.call)];
        let with = |booked: &Booked| closing.settlement(booked);
        let (books, moment) = (self.books.as_ref(), &self.moment);
        book(
            books,
            moment,
            ending.account,
            &subjects,
            &event,
            &terms,
            with,
        )
        .await?;
        Ok(())
    }

    /// Stores the end without money.
    async fn close_unbooked(&self, closing: &Closing<'_>) -> PortResult<()> {
        let mut settlement = closing.settlement(&Booked::default());
        if let Some(call) = &mut settlement.call {
            call.call.review = true;
        }
        if let Some(record) = &mut settlement.opportunity {
            record.opportunity.reason = Some(ReasonCode::SystemError);
        }
        let now = self.moment.now();
        let account = closing.ending.account;
        match self.books.book(account, &settlement, now).await? {
            Stored::Yes | Stored::Already(_) => Ok(()),
            Stored::Moved => Err(PortError::Unavailable("the call moves".to_owned())),
        }
    }
}

/// Everybody who had the caller, in their order.
fn legs_of(plans: &[Planned]) -> Vec<Leg<'_>> {
    let mut legs = Vec::new();
    for (plan, planned) in plans.iter().enumerate() {
        for (row, attempt) in planned.attempts.iter().enumerate() {
            let terms = planned.terms(attempt.contract);
            // Without its terms nobody knows what it costs: it is as if nobody had had the caller.
            if attempt.connected_ms.is_some() && terms.is_some() {
                legs.push(Leg {
                    plan,
                    row,
                    terms,
                    attempt,
                    unpaid: planned.price(attempt.contract).1,
                });
            }
        }
    }
    legs
}

impl Closing<'_> {
    fn settlement(&self, booked: &Booked) -> Settlement {
        let main = &self.plans[self.main];
        let currency = main.market.currency;
        let month = month_from(&main.zone, self.ending.ended_at);
        let payout = booked.publisher.and_then(|side| side.amount(currency));
        let mut settlement = Settlement {
            call: self.ending.change.clone(),
            opportunity: Some(Box::new(self.opportunity(self.main, booked))),
            ..Settlement::default()
        };
        for (index, planned) in self.plans.iter().enumerate() {
            for (row, attempt) in planned.attempts.iter().enumerate() {
                let mut attempt = attempt.clone();
                let leg = self.leg_at(index, row);
                let side = leg.and_then(|at| booked.buyers.get(at));
                if let Some(side) = side {
                    attempt.revenue = side.amount(currency);
                    attempt.billable = attempt.revenue.is_some_and(|r| r.micros() > 0);
                }
                // Of a post without an answer nobody knows: what it took is held until its own time is over.
                let unknown = attempt.outcome == Some(AttemptOutcome::Unknown);
                if let Some(id) = attempt.reservation.filter(|_| !unknown) {
                    let paid = payout.filter(|_| leg == self.paid_leg(booked));
                    let ending = side.map_or(Ending::Released, |side| {
                        Ending::Settled(came(side, &attempt, paid))
                    });
                    settlement.reservations.push((id, ending));
                }
                if attempt.billable {
                    settlement
                        .sold
                        .push((Sold::Contract(attempt.contract), month));
                    let taker = planned.terms(attempt.contract);
                    let taker = taker.map(|terms| terms.parties.taker());
                    settlement
                        .billable
                        .extend(taker.map(|taker| (attempt.opportunity, taker)));
                }
                settlement.attempts.push(attempt);
            }
        }
        let feed = main.record.opportunity.feed;
        if payout.is_some_and(|payout| payout.micros() > 0)
            && let Some(feed) = feed
        {
            settlement.sold.push((Sold::Feed(feed), month));
        }
        settlement
    }

    fn leg_at(&self, plan: usize, row: usize) -> Option<usize> {
        let mut legs = self.legs.iter();
        legs.position(|leg| leg.plan == plan && leg.row == row)
    }

    /// The leg that the publisher is paid for: the last that a buyer pays for, else the last one.
    fn paid_leg(&self, booked: &Booked) -> Option<usize> {
        let paid = booked.buyers.iter().rposition(pays);
        paid.or_else(|| self.legs.len().checked_sub(1))
    }

    /// An opportunity as it ended.
    fn opportunity(&self, plan: usize, booked: &Booked) -> OpportunityRecord {
        let planned = &self.plans[plan];
        let mut record = planned.record.clone();
        let currency = planned.market.currency;
        let own = self.legs.iter().zip(&booked.buyers);
        let own = own.filter(|(leg, _)| leg.plan == plan);
        let amounts = own.filter_map(|(_, side)| side.amount(currency));
        let revenue = amounts
            .into_iter()
            .try_fold(Money::zero(currency), Money::plus);
        let taken = planned.attempts.iter().rev();
        let taken = taken
            .filter(|attempt| attempt.connected_ms.is_some())
            .find(|attempt| attempt.outcome == Some(AttemptOutcome::Taken));
        let opportunity = &mut record.opportunity;
        opportunity.ended_at.get_or_insert(self.ending.ended_at);
        opportunity.sold_to = taken.map(|attempt| (attempt.contract, attempt.buyer));
        opportunity.reason = match taken {
            Some(_) => None,
            None => opportunity
                .reason
                .or_else(|| Some(planned.why_unsold(self.ending.caller_left))),
        };
        if !booked.buyers.is_empty() {
            opportunity.revenue = revenue.ok();
        }
        let of_main = booked.publisher.filter(|_| plan == self.main);
        opportunity.payout = of_main.and_then(|side| side.amount(currency));
        record
    }
}

/// Whether a buyer pays for it, or may come to.
fn pays(side: &Side) -> bool {
    match side {
        Side::Open { .. } => true,
        Side::Amount { amount, .. } => amount.micros() > 0,
        Side::NotConnected | Side::NoRule | Side::NotSold | Side::TooShort { .. } => false,
    }
}

/// What a reservation came to. One that the buyer has yet to report counts: it may come to be paid for.
fn came(side: &Side, attempt: &AttemptRow, payout: Option<Money>) -> Came {
    Came {
        billable: pays(side),
        revenue: attempt.revenue.map_or(0, Money::micros),
        payout: payout.map_or(0, Money::micros),
    }
}

impl Planned {
    /// Attempts that are open end with the call.
    fn end_attempts(&mut self, ending: &CallEnding) {
        for attempt in self.attempts.iter_mut().filter(|a| a.outcome.is_none()) {
            let ended_at = *attempt.ended_at.get_or_insert(ending.ended_at);
            attempt.outcome = Some(match attempt.connected_at {
                Some(at) => {
                    let ms = ended_at.millis_since(at).max(0);
                    attempt.connected_ms.get_or_insert(ms);
                    AttemptOutcome::Taken
                }
                None if ending.caller_left => AttemptOutcome::Abandoned,
                None => AttemptOutcome::Failed,
            });
        }
    }

    pub(super) fn why_unsold(&self, caller_left: bool) -> ReasonCode {
        let made = |attempt: &AttemptRow| attempt.reservation.is_some();
        if caller_left {
            ReasonCode::CallerLeft
        } else if self.attempts.iter().any(made) {
            ReasonCode::NotTaken
        } else {
            ReasonCode::NoCandidate
        }
    }
}
