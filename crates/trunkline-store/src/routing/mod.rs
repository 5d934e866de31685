//! Reservations, opportunities with their traces, turns, and the past of people.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, CampaignId, OpportunityId, ReservationId};
use trunkline_core::routing::{Progress, Turns};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::routing::{
    Reservation, Reservations, Reserve, Reserved, Stepped, Stock,
};

use crate::convert::port_error;
use crate::db::{Expect, Outcome, Transaction};
use crate::{Store, args};

mod bids;
pub(crate) mod opportunity;
mod reserve;
pub(crate) mod sql;
pub(crate) mod step;
mod stock;
pub(crate) mod took;
mod trace;

pub(crate) use bids::ALL as BID_STATEMENTS;
pub(crate) use opportunity::ALL as OPPORTUNITY_STATEMENTS;
pub(crate) use sql::ALL;

#[async_trait]
impl Reservations for Store {
    async fn reserve(&self, reserve: &Reserve) -> PortResult<Reserved> {
        self.reserve_whole(reserve).await
    }

    async fn offer(&self, id: ReservationId, at: Timestamp) -> PortResult<Stepped> {
        self.step(id, Progress::Offer, at).await
    }

    async fn connect(&self, id: ReservationId, at: Timestamp) -> PortResult<Stepped> {
        self.step(id, Progress::Connect, at).await
    }

    async fn release(&self, id: ReservationId, at: Timestamp) -> PortResult<Stepped> {
        self.step(id, Progress::Release, at).await
    }

    async fn renew(
        &self,
        id: ReservationId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> PortResult<bool> {
        let one = Expect::Rows(1);
        let whole = Transaction::new()
            .step(sql::RENEW_RESERVATION, args![id, expires_at, at], one)
            .step(sql::RENEW_HOLD, args![id, expires_at], Expect::Any);
        let outcome = self.db.submit(whole).await.map_err(port_error)?;
        Ok(matches!(outcome, Outcome::Committed(_)))
    }

    async fn expire(&self, now: Timestamp, limit: u32) -> PortResult<u32> {
        let over = self
            .many(sql::EXPIRED, args![now, limit], step::reservation_row)
            .await?;
        let mut ended = 0;
        for row in &over {
            // One that was renewed or ended meanwhile is not over, or is over already.
            let stepped = self.step_from(row, Progress::Expire, now).await?;
            ended += u32::from(stepped == Some(Stepped::Yes));
        }
        Ok(ended)
    }

    async fn reservation(&self, id: ReservationId) -> PortResult<Option<Reservation>> {
        let row = self.reservation_row(id).await?;
        Ok(row.map(|row| row.reservation))
    }

    async fn reservations(&self, opportunity: OpportunityId) -> PortResult<Vec<Reservation>> {
        let rows = self.rows_of(opportunity).await?;
        Ok(rows.into_iter().map(|row| row.reservation).collect())
    }

    async fn stock(
        &self,
        account: AccountId,
        now: Timestamp,
        month_from: Timestamp,
    ) -> PortResult<Stock> {
        self.read_stock(account, now, month_from).await
    }

    async fn turns(&self, campaign: CampaignId) -> PortResult<Turns> {
        let rows = self.many_urgent(sql::TURNS, args![campaign], stock::turn);
        Ok(Turns::stored(rows.await?))
    }
}
