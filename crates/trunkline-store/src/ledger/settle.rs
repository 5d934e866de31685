//! Storing what something came to: the call, the opportunity, reservations, postings, balances and what is to be told, in
//! one transaction.

use std::collections::BTreeMap;

use trunkline_core::base::id::{AccountId, ReservationId};
use trunkline_core::base::{Currency, Timestamp};
use trunkline_core::ledger::{Book, PartyKind};
use trunkline_core::routing::Progress;
use trunkline_engine::ports::books::{Ending, Settlement, Sold, Stored};
use trunkline_engine::ports::{PortError, PortResult};

use super::postings::{party_key, posting_values, subject_key};
use super::{ADD_TO_BALANCE, COUNT_BOOKED, PUT_ENTRY, PUT_POSTING, PUT_REPORT};
use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Statement, Transaction, Val};
use crate::routing::opportunity::{PUT_ATTEMPT, put_attempt, put_opportunity};
use crate::routing::sql::{COUNT_SOLD, TAKEN_BILLABLE};
use crate::routing::step::ReservationRow;
use crate::{Store, args, call, lead, outbox};

/// How often it is tried while others move its reservations.
const TRIES_MAX: usize = 4;

/// A transaction, and where its guards stand.
struct Whole {
    whole: Transaction,
    /// Statements that find the history as it was read.
    history: Vec<usize>,
    /// Statements that find a reservation where it was read.
    reservations: Vec<usize>,
}

impl Store {
    pub(super) async fn settle_whole(
        &self,
        account: AccountId,
        settlement: &Settlement,
        at: Timestamp,
    ) -> PortResult<Stored> {
        for _ in 0..TRIES_MAX {
            let mut reservations = Vec::with_capacity(settlement.reservations.len());
            for (id, ending) in &settlement.reservations {
                reservations.push((self.to_end(account, *id).await?, *ending));
            }
            let asked = whole_of(account, settlement, &reservations, at);
            let Whole {
                whole,
                history,
                reservations,
            } = asked.map_err(port_error)?;
            if whole.is_empty() {
                return Ok(Stored::Yes);
            }
            let index = match self.db.submit(whole).await {
                Ok(Outcome::Committed(_)) => return Ok(Stored::Yes),
                Ok(Outcome::Unexpected { index, .. }) => index,
                Err(error) if error.is_conflict() => {
                    return self.already(account, settlement, error).await;
                }
                Err(error) => return Err(port_error(error)),
            };
            if history.contains(&index) {
                return Ok(Stored::Moved);
            }
            if !reservations.contains(&index) {
                let message = "something of a settlement is not there or another account's";
                return Err(PortError::Conflict(message.to_owned()));
            }
            metrics::counter!("trunkline_reservations_again_total").increment(1);
        }
        let message = "its reservations move all the time";
        Err(PortError::Unavailable(message.to_owned()))
    }

    /// A reservation that is to be ended; one of another account is none.
    async fn to_end(
        &self,
        account: AccountId,
        id: ReservationId,
    ) -> PortResult<Option<ReservationRow>> {
        let row = self.reservation_row(id).await?;
        Ok(row.filter(|row| row.reservation.account == account))
    }

    /// Why a row was there already: somebody booked for the same, or the same was booked for nothing of the history.
    async fn already(
        &self,
        account: AccountId,
        settlement: &Settlement,
        error: DbError,
    ) -> PortResult<Stored> {
        for seen in &settlement.seen {
            if self.booked_times(account, seen.subject).await? != seen.times {
                return Ok(Stored::Moved);
            }
        }
        for (_, posting) in &settlement.postings {
            let key = posting.key();
            let values = args![account, key.to_string()];
            let there = self.db.read_urgent(super::POSTING, values).await;
            if !there.map_err(port_error)?.is_empty() {
                return Ok(Stored::Already(key));
            }
        }
        Err(port_error(error))
    }
}

fn whole_of(
    account: AccountId,
    settlement: &Settlement,
    reservations: &[(Option<ReservationRow>, Ending)],
    at: Timestamp,
) -> Result<Whole, DbError> {
    let mut asked = Whole {
        whole: Transaction::new(),
        history: Vec::new(),
        reservations: Vec::new(),
    };
    asked.histories(account, settlement);
    asked.records(settlement)?;
    let freed = asked.endings(reservations, at);
    asked.people_and_counts(account, settlement, at);
    let money = asked.postings(account, settlement)?;
    asked.report(account, settlement, at);
    for event in &settlement.outbox {
        let values = outbox::event_values(event);
        asked.push(outbox::PUT_EVENT, values, Expect::Any);
    }
    // Rows that everybody adds to come last, in an order that is the same for all.
    for ((book, kind, party), (currency, amount)) in money {
        let values = args![account, book, kind, party, &currency, amount];
        asked.push(ADD_TO_BALANCE, values, Expect::Rows(1));
    }
    for (statement, values) in freed {
        asked.push(statement, values, Expect::Rows(1));
    }
    Ok(asked)
}

/// What is added to each book of each party.
type Added = BTreeMap<(Book, PartyKind, i64), (Currency, i64)>;

impl Whole {
    fn push(&mut self, statement: Statement, values: Vec<Val>, expect: Expect) {
        self.whole.push(statement, values, expect);
    }

    fn histories(&mut self, account: AccountId, settlement: &Settlement) {
        let mut seen = settlement.seen.clone();
        seen.sort_by_key(|seen| seen.subject);
        for seen in seen {
            let (kind, id) = subject_key(seen.subject);
            self.history.push(self.whole.len());
            let values = args![account, kind, id, seen.times];
            self.push(COUNT_BOOKED, values, Expect::Rows(1));
        }
    }

    /// The call or the lead, the opportunity and its attempts.
    fn records(&mut self, settlement: &Settlement) -> Result<(), DbError> {
        if let Some(change) = &settlement.call {
            for record in call::change_records(change)? {
                let (statement, values) = record.into_step();
                self.push(statement, values, Expect::Any);
            }
        }
        if let Some(change) = &settlement.lead {
            self.whole.append(lead::change_steps(change)?);
        }
        if let Some(record) = &settlement.opportunity {
            self.whole.append(put_opportunity(record)?);
        }
        for attempt in &settlement.attempts {
            self.push(PUT_ATTEMPT, put_attempt(attempt), Expect::Rows(1));
        }
        Ok(())
    }

    /// What becomes of reservations; answers the statements that set money free.
    fn endings(
        &mut self,
        reservations: &[(Option<ReservationRow>, Ending)],
        at: Timestamp,
    ) -> Vec<(Statement, Vec<Val>)> {
        let there = reservations.iter();
        let mut there: Vec<_> = there
            .filter_map(|(row, e)| Some((row.as_ref()?, e)))
            .collect();
        there.sort_by_key(|(row, _)| row.reservation.id);
        let mut freed = Vec::new();
        for (row, ending) in there {
            let progress = match ending {
                Ending::Settled(came) => Progress::Settle(*came),
                Ending::Released => Progress::Release,
            };
            let Some(step) = row.step(progress, at) else {
                continue;
            };
            self.reservations.push(self.whole.len());
            self.whole.append(step.first);
            freed.extend(step.freed.map(|freed| row.set_free(freed)));
        }
        freed
    }

    fn people_and_counts(&mut self, account: AccountId, settlement: &Settlement, at: Timestamp) {
        for (opportunity, taker) in &settlement.billable {
            let values = args![*opportunity, taker.contract, at];
            self.push(TAKEN_BILLABLE, values, Expect::Any);
        }
        for (sold, month_from) in &settlement.sold {
            let (kind, owner) = match sold {
                Sold::Contract(id) => ("contract", id.raw()),
                Sold::Feed(id) => ("feed", id.raw()),
            };
            let values = args![kind, owner, *month_from, account];
            self.push(COUNT_SOLD, values, Expect::Rows(1));
        }
    }

    /// The postings with their entries; answers what they add to books.
    fn postings(&mut self, account: AccountId, settlement: &Settlement) -> Result<Added, DbError> {
        let mut added = Added::new();
        for (id, posting) in &settlement.postings {
            let values = posting_values(account, *id, posting)?;
            self.push(PUT_POSTING, values, Expect::Rows(1));
            for (n, entry) in (0_u16..).zip(posting.entries()) {
                let (kind, party) = party_key(entry.party);
                let (currency, micros) = (entry.amount.currency(), entry.amount.micros());
                let values = args![*id, n, account, entry.book, kind, party, micros];
                self.push(PUT_ENTRY, values, Expect::Rows(1));
                let on = added.entry((entry.book, kind, party));
                let (in_, sum) = on.or_insert((currency, 0));
                let next = sum.checked_add(micros).filter(|_| *in_ == currency);
                *sum = next.ok_or_else(|| {
                    DbError::other("add to a book", "two currencies, or more than fits")
                })?;
            }
        }
        added.retain(|_, (_, sum)| *sum != 0);
        Ok(added)
    }

    fn report(&mut self, account: AccountId, settlement: &Settlement, at: Timestamp) {
        let Some((subject, report)) = &settlement.report else {
            return;
        };
        let (kind, id) = subject_key(*subject);
        let (n, buyer) = (report.n, report.buyer);
        let values = args![account, kind, id, n, buyer, report.external.to_string(), at];
        self.push(PUT_REPORT, values, Expect::Rows(1));
    }
}
