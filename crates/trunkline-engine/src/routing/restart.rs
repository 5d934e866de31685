//! What the last process, or a store that was away, left open: opportunities of calls, read back so that what they came to
//! is stored.

use trunkline_core::base::id::{AccountId, CallId};

use super::end_call::CallEnding;
use super::planned::Planned;
use super::reserving::Reserving;
use super::{Router, held, month_from};
use crate::ports::PortResult;

/// Most calls that wait in memory until the store is back; the next start finds the others.
const UNSETTLED_MAX: usize = 10_000;

impl Router {
    /// The calls with opportunities that are open.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_calls(&self) -> PortResult<Vec<(AccountId, CallId)>> {
        self.opportunities.open_calls().await
    }

    /// The opportunities of a call that are open, as they are stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn restore_call(&self, account: AccountId, call: CallId) -> PortResult<Vec<Planned>> {
        let mut found = Vec::new();
        let opportunities = self
            .opportunities
            .opportunities_of_call(account, call)
            .await?;
        for opportunity in opportunities.iter().filter(|o| o.ended_at.is_none()) {
            let record = self
                .opportunities
                .opportunity(account, opportunity.id)
                .await?;
            let Some(record) = record else { continue };
            let (market, zone) = match self.market(account, opportunity.campaign) {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(opportunity = %opportunity.id, %error, "an opportunity stays open");
                    continue;
                }
            };
            let attempts = self.opportunities.attempts(opportunity.id).await?;
            let mut planned = Planned::restored(record, attempts, market, zone);
            self.recall(&mut planned).await?;
            found.push(planned);
        }
        Ok(found)
    }

    /// What was decided when it came and is not stored with it: whether its publisher is paid, how many were sold, and
    /// attempts that were reserved and of which nothing else is known.
    async fn recall(&self, planned: &mut Planned) -> PortResult<()> {
        let opportunity = &planned.record.opportunity;
        let (id, account, came_at) = (opportunity.id, opportunity.account, opportunity.came_at);
        let person = opportunity.person;
        let month = month_from(&planned.zone, came_at);
        let stock = self.reservations.stock(account, came_at, month).await?;
        planned.count(&stock);
        let past = self
            .opportunities
            .past(account, &person, super::PAST_MAX)
            .await?;
        let comer = planned.comer();
        planned.recall_let_in(&comer, &past, came_at);
        for reservation in self.reservations.reservations(id).await? {
            let mut known = planned.attempts.iter();
            if known.any(|row| row.reservation == Some(reservation.id)) {
                continue;
            }
            let Some(terms) = planned.terms(reservation.contract) else {
                continue;
            };
            let what = Reserving {
                attempt: 0,
                contract: reservation.contract,
                bid: None,
                offered: true,
                keep_ms: 0,
            };
            let mut row = planned.row(&terms, &what, reservation.made_at);
            row.reservation = Some(reservation.id);
            row.ended_at = reservation.ended_at;
            planned.attempts.push(row);
        }
        Ok(())
    }

    /// Keeps what a call came to until the store is back.
    pub(crate) fn settle_later(&self, ending: CallEnding, plans: Vec<Planned>) {
        metrics::counter!("trunkline_calls_settled_late_total").increment(1);
        let mut waiting = held(&self.unsettled);
        if waiting.len() < UNSETTLED_MAX {
            waiting.push((ending, plans));
        } else {
            tracing::error!(call = %ending.call, "too many calls wait to be settled; the next start does it");
        }
    }

    /// Stores what calls came to while the store was away; how many. Call it with the spool.
    ///
    /// # Errors
    /// When it is still away.
    pub async fn settle_waiting(&self) -> PortResult<usize> {
        let mut settled = 0;
        loop {
            let Some((ending, mut plans)) = held(&self.unsettled).pop() else {
                return Ok(settled);
            };
            if let Err(error) = self.end_call(&ending, &mut plans).await {
                held(&self.unsettled).push((ending, plans));
                return Err(error);
            }
            settled += 1;
        }
    }
}
