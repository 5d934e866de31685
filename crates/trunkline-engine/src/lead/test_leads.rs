//! Leads that are a test: their ZIP code says what becomes of them. Nothing but the lead itself is kept, and no buyer, no
//! money and no cap is touched.

use trunkline_core::base::{Decimal, Timestamp};
use trunkline_core::lead::{Event, RunState, SaleRules, TestOutcome, Way, step, way};
use trunkline_core::routing::{PingRules, ReasonCode};

use super::desk::{LeadDesk, LeadError};
use super::receive::{event, must};
use crate::ports::leads::{LeadChange, LeadEventKind, LeadRow, LeadStored};

/// What the ping of a test is answered.
const PRICE: Decimal = Decimal::from_micros(10_000_000);
/// How long a late answer takes, in milliseconds.
const LATE_MS: i64 = 5_000;

impl LeadDesk {
    /// Answers the ping of a test.
    pub(super) async fn test_ping(
        &self,
        row: LeadRow,
        outcome: TestOutcome,
        pings: &PingRules,
    ) -> Result<LeadRow, LeadError> {
        let now = self.moment.now();
        let mut change = LeadChange::new(row);
        change
            .events
            .push(event(now, LeadEventKind::Pinged, "test"));
        let lead = &mut change.lead;
        let refused = match outcome {
            TestOutcome::Unsold => Some(ReasonCode::NoBid),
            TestOutcome::Duplicate => Some(ReasonCode::Duplicate),
            TestOutcome::Sold
            | TestOutcome::Rejected
            | TestOutcome::Pending
            | TestOutcome::Unknown => None,
        };
        let (what, kind) = match refused {
            Some(_) => (Event::NoBid, LeadEventKind::NoBid),
            None => {
                let quoted = Some(PRICE.money(lead.currency));
                let valid_ms = i64::from(pings.ping_valid_s) * 1_000;
                (Event::Bid { quoted, valid_ms }, LeadEventKind::Offered)
            }
        };
        lead.run = must(step(&lead.run, what, &SaleRules::default(), now))?;
        lead.reason = refused.map(|reason| reason.word().to_owned());
        change.events.push(event(now, kind, "test"));
        self.put_test(change).await
    }

    /// Decides a test that was posted.
    pub(super) async fn test_post(
        &self,
        mut change: LeadChange,
        outcome: TestOutcome,
        now: Timestamp,
    ) -> Result<LeadRow, LeadError> {
        let lead = &mut change.lead;
        let (state, reason, kind) = match outcome {
            TestOutcome::Sold => (RunState::Sold, None, Some(LeadEventKind::Sold)),
            TestOutcome::Rejected => (
                RunState::Rejected,
                Some(ReasonCode::BuyerRejected),
                Some(LeadEventKind::Refused),
            ),
            TestOutcome::Duplicate => (
                RunState::Rejected,
                Some(ReasonCode::Duplicate),
                Some(LeadEventKind::Refused),
            ),
            TestOutcome::Unsold => (
                RunState::Unsold,
                Some(ReasonCode::NoCandidate),
                Some(LeadEventKind::Unsold),
            ),
            TestOutcome::Pending | TestOutcome::Unknown => (RunState::Selling, None, None),
        };
        let rules = SaleRules::default();
        let wait_ms = match outcome {
            TestOutcome::Pending => LATE_MS,
            _ => rules.ambiguous_ms,
        };
        lead.run.state = state;
        lead.run.pending = kind.is_none();
        lead.due_at = kind.is_none().then(|| now.plus_millis(wait_ms));
        lead.reason = reason.map(|reason| reason.word().to_owned());
        lead.changed_at = now;
        change
            .events
            .extend(kind.map(|kind| event(now, kind, "test")));
        self.put_test(change).await
    }

    /// A test whose answer was late, or never came.
    pub(super) async fn test_goes_on(&self, row: &LeadRow) -> Result<(), LeadError> {
        let due = row.due_at.is_some_and(|due| due <= self.moment.now());
        if row.run.state != RunState::Selling || !due {
            return Ok(());
        }
        let zip = row.run.post.as_ref().and_then(|p| p.lead.zip.as_deref());
        let sold = way(true, zip) == Way::Test(TestOutcome::Pending);
        let done = self.change(row.id, |mut row, now| {
            row.due_at = None;
            let kind = if sold {
                row.run.state = RunState::Sold;
                LeadEventKind::Sold
            } else {
                row.run.state = RunState::Unsold;
                row.reason = Some(ReasonCode::TimedOut.word().to_owned());
                LeadEventKind::Unsold
            };
            let mut change = LeadChange::new(row);
            change.events.push(event(now, kind, "test"));
            Ok(change)
        });
        done.await.map(drop)
    }

    async fn put_test(&self, mut change: LeadChange) -> Result<LeadRow, LeadError> {
        match self.leads.put_lead(&change).await? {
            LeadStored::Yes => {
                change.lead.revision += 1;
                Ok(change.lead)
            }
            LeadStored::Moved => Err(LeadError::Moved),
        }
    }
}
