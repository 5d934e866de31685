//! What goes on by itself: leads that wait are offered again, windows in which nobody knows end, and what a crash left is
//! taken on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use trunkline_core::base::id::OpportunityId;

use super::deliver::LEAD_POST;
use super::desk::{LeadDesk, LeadError};
use crate::outbox::{Teller, Told};
use crate::ports::PortResult;
use crate::ports::outbox::{AfterCrash, Delivery, OutboxRow};

/// How often it is looked for leads whose time has come. They are late by this at most.
pub const LEADS_EVERY: Duration = Duration::from_millis(500);
/// How many are begun with at once.
const BATCH: u32 = 100;

impl LeadDesk {
    /// Goes on with leads whose time has come, as many as can be sold at one time; with how many. Call it every
    /// [`LEADS_EVERY`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn go_on(self: &Arc<Self>) -> PortResult<usize> {
        let due = self.leads.leads_due(self.moment.now(), BATCH).await?;
        self.begin_with(&due).await
    }

    /// Takes on what was not decided when the process before this one ended; with how many leads. Call it once, at the
    /// start, before anybody else empties the outbox.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recover(self: &Arc<Self>) -> PortResult<usize> {
        let (mut last, mut begun) = (None, 0);
        loop {
            let some = self.leads.leads_open(last, BATCH).await?;
            begun += self.begin_with(&some).await?;
            last = some.last().copied();
            if some.len() < BATCH as usize {
                return Ok(begun);
            }
        }
    }

    async fn begin_with(self: &Arc<Self>, leads: &[OpportunityId]) -> PortResult<usize> {
        let mut begun = 0;
        for id in leads {
            let Some(row) = self.leads.lead(*id).await? else {
                continue;
            };
            match self.begin(&row) {
                Ok(Some(_)) => begun += 1,
                Ok(None) => {}
                Err(LeadError::Busy) => break,
                Err(_) => {}
            }
        }
        Ok(begun)
    }
}

/// Tells the outbox's rows by which leads are sent: those that a crash left before anything was sent, and those that a
/// person sends again.
pub struct LeadTeller(pub Arc<LeadDesk>);

#[async_trait]
impl Teller for LeadTeller {
    fn kind(&self) -> &'static str {
        LEAD_POST
    }

    fn after_crash(&self) -> AfterCrash {
        AfterCrash::Unknown
    }

    fn about(&self, raw: i64) -> Option<String> {
        Some(OpportunityId::from_raw(raw).to_string())
    }

    async fn tell(&self, row: &OutboxRow) -> Told {
        match Box::pin(self.0.deliver(&row.event)).await {
            Delivery::Done => Told::Arrived,
            Delivery::Again(at, why) => Told::FailedUntil(at, why),
            Delivery::Unknown(why) => Told::Unclear(why),
            Delivery::Dead(why) => Told::Hopeless(why),
        }
    }
}
