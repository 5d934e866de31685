//! What becomes of a reservation: each step changes exactly the rows that the reservation took, or nothing.

use trunkline_core::base::id::{OpportunityId, ReservationId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::ledger::HoldState;
use trunkline_core::routing::{Came, Moved, PlaceOwner, Places, Progress, Stage, advance};
use trunkline_engine::ports::routing::{Reservation, Stepped};
use trunkline_engine::ports::{PortError, PortResult};

use super::sql;
use super::took::{self, owner_key, slot_key};
use crate::convert::{from_json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction};
use crate::{Store, args};

/// How often a step is tried while others move the same reservation.
const TRIES_MAX: usize = 4;

/// A reservation with what only the store needs.
pub(crate) struct ReservationRow {
    pub(crate) reservation: Reservation,
    claims: Vec<String>,
    /// What is set aside, while it is.
    pub(crate) held: Option<Money>,
}

pub(super) fn reservation_row(row: &Row) -> Result<ReservationRow, DbError> {
    let held: Option<i64> = row.get("held")?;
    let currency: Option<Currency> = row.get("held_in")?;
    Ok(ReservationRow {
        claims: from_json(row, "claims")?,
        held: held
            .zip(currency)
            .map(|(micros, currency)| Money::from_micros(micros, currency)),
        reservation: Reservation {
            id: row.get("id")?,
            account: row.get("account")?,
            opportunity: row.get("opportunity")?,
            contract: row.get("contract")?,
            buyer: row.get("buyer")?,
            campaign: row.get("campaign")?,
            feed: row.get("feed")?,
            stage: row.get("stage")?,
            took: took::read(row)?,
            made_at: row.get("made_at")?,
            expires_at: row.get("expires_at")?,
            ended_at: row.get("ended_at")?,
        },
    })
}

/// The statements of one step, in two parts: money comes last in a transaction.
pub(crate) struct Step {
    /// Everything but money. The first statement finds the reservation where it was.
    pub(crate) first: Transaction,
    /// Where a bid that is called now finds its places: the position of the statement and whose.
    places: Vec<(usize, PlaceOwner, Places)>,
    /// What is set free in the buyer's wallet.
    pub(crate) freed: Option<Money>,
}

impl ReservationRow {
    /// The statements of a step; `None` when it went there before, or is over.
    pub(crate) fn step(&self, progress: Progress, at: Timestamp) -> Option<Step> {
        let reservation = &self.reservation;
        let moved = advance(reservation.stage, &reservation.took, progress)?;
        let came = match progress {
            Progress::Settle(came) => came,
            _ => Came::default(),
        };
        let (id, stage) = (reservation.id, reservation.stage);
        let mut step = Step {
            first: Transaction::new(),
            places: Vec::new(),
            freed: None,
        };
        let one = Expect::Rows(1);
        if progress == Progress::Expire {
            let values = args![id, at, stage];
            step.first.push(sql::EXPIRE_RESERVATION, values, one);
        } else {
            let ended_at = (!moved.stage.is_open()).then_some(at);
            let Came {
                billable,
                revenue,
                payout,
            } = came;
            let open = moved.stage.is_open();
            let last = if open { moved.stage } else { stage };
            let values = args![
                id,
                moved.stage,
                stage,
                ended_at,
                billable,
                revenue,
                payout,
                last
            ];
            step.first.push(sql::MOVE_RESERVATION, values, one);
        }
        if !moved.stage.is_open() {
            self.end(&mut step, came);
        }
        self.people(&mut step, progress, came, at);
        self.numbers(&mut step, &moved);
        Some(step)
    }

    /// The hold ends, and the person is free.
    fn end(&self, step: &mut Step, came: Came) {
        let reservation = &self.reservation;
        if let Some(held) = self.held {
            let settled = came.revenue.clamp(0, held.micros());
            let state = match settled {
                1.. => HoldState::Settled,
                _ => HoldState::Released,
            };
            let values = args![reservation.id, state, settled];
            step.first.push(sql::END_HOLD, values, Expect::Rows(1));
            step.freed = Some(held);
        }
        for claim in &self.claims {
            let (account, opportunity) = (reservation.account, reservation.opportunity);
            let values = args![account, claim.as_str(), opportunity];
            step.first.push(sql::RELEASE_CLAIM, values, Expect::Rows(1));
            let values = args![account, claim.as_str()];
            step.first.push(sql::DELETE_CLAIM, values, Expect::Any);
        }
    }

    /// What is written down of the person.
    fn people(&self, step: &mut Step, progress: Progress, came: Came, at: Timestamp) {
        let reservation = &self.reservation;
        let whom = args![reservation.opportunity, reservation.contract];
        let when = args![reservation.opportunity, reservation.contract, at];
        let (statement, values) = match progress {
            Progress::Offer => (sql::TAKEN_OFFERED, when),
            Progress::Settle(_) if came.billable => (sql::TAKEN_BILLABLE, when),
            Progress::Connect | Progress::Settle(_) => (sql::TAKEN_CONNECTED, when),
            Progress::Release | Progress::Expire => (sql::NOT_TAKEN, whom),
        };
        step.first.push(statement, values, Expect::Any);
    }

    /// Counters and places.
    fn numbers(&self, step: &mut Step, moved: &Moved) {
        for slot in &moved.slots {
            let [cap, feed, from, to, _] = slot_key(&slot.slot);
            let values = args![cap, feed, from, to, slot.used, slot.reserved];
            step.first.push(sql::MOVE_SLOT, values, Expect::Rows(1));
        }
        if moved.legs == 0 && moved.bids == 0 {
            return;
        }
        for (owner, places) in &self.reservation.took.places {
            let (kind, id, name) = owner_key(owner);
            let account = self.reservation.account;
            if moved.legs == 1 && moved.bids == -1 {
                let percent = places.reservation_percent.min(100);
                let most = i64::from(places.max) * 100;
                let values = args![account, kind, id, name, percent, most];
                let at = step.first.len();
                step.places.push((at, owner.clone(), *places));
                step.first.push(sql::CALL_BID, values, Expect::Rows(1));
            } else {
                let values = args![account, kind, id, name, moved.legs, moved.bids];
                step.first.push(sql::MOVE_PLACE, values, Expect::Rows(1));
            }
        }
    }

    /// The statement that sets free what the step frees.
    pub(crate) fn set_free(&self, freed: Money) -> (crate::db::Statement, Vec<crate::db::Val>) {
        let reservation = &self.reservation;
        let (currency, micros) = (freed.currency(), freed.micros());
        let values = args![reservation.account, reservation.buyer, &currency, micros];
        (sql::SET_FREE, values)
    }
}

impl Store {
    pub(crate) async fn reservation_row(
        &self,
        id: ReservationId,
    ) -> PortResult<Option<ReservationRow>> {
        self.one_urgent(sql::RESERVATION, args![id], reservation_row)
            .await
    }

    pub(super) async fn rows_of(
        &self,
        opportunity: OpportunityId,
    ) -> PortResult<Vec<ReservationRow>> {
        self.many_urgent(sql::RESERVATIONS_OF, args![opportunity], reservation_row)
            .await
    }

    /// Takes a reservation one step further.
    pub(super) async fn step(
        &self,
        id: ReservationId,
        progress: Progress,
        at: Timestamp,
    ) -> PortResult<Stepped> {
        for _ in 0..TRIES_MAX {
            let Some(row) = self.reservation_row(id).await? else {
                return Ok(Stepped::No(None));
            };
            match self.step_from(&row, progress, at).await? {
                Some(stepped) => return Ok(stepped),
                None => metrics::counter!("trunkline_reservations_again_total").increment(1),
            }
        }
        Err(PortError::Unavailable(format!("{id} moves all the time")))
    }

    /// The same from where it was read; `None` when it is not there any more.
    pub(super) async fn step_from(
        &self,
        row: &ReservationRow,
        progress: Progress,
        at: Timestamp,
    ) -> PortResult<Option<Stepped>> {
        let stage: Stage = row.reservation.stage;
        let Some(mut step) = row.step(progress, at) else {
            return Ok(Some(Stepped::No(Some(stage))));
        };
        if let Some(freed) = step.freed {
            let (statement, values) = row.set_free(freed);
            step.first.push(statement, values, Expect::Rows(1));
        }
        let outcome = self.db.submit(step.first).await.map_err(port_error)?;
        let Outcome::Unexpected { index, .. } = outcome else {
            return Ok(Some(Stepped::Yes));
        };
        if index == 0 {
            return Ok(None);
        }
        let full = step.places.into_iter().find(|(at, ..)| *at == index);
        let Some((_, of, places)) = full else {
            let id = row.reservation.id;
            let message = format!("what {id} took is not there any more");
            return Err(PortError::Failed(message));
        };
        Ok(Some(Stepped::Full { of, places }))
    }
}
