//! A lead that is being offered: what is planned of it, to whom it goes, and its attempts as they are stored.

use trunkline_core::base::id::ContractId;
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::lead::{Leg, LegState, SaleRules};
use trunkline_core::routing::{AttemptOutcome, ContractTerms, OpportunityKind, Person, ReasonCode};

use crate::ports::leads::{Held, LeadRow};
use crate::ports::routing::{Asked, AttemptRow};
use crate::routing::{Planned, Wanted};

/// A lead that is being offered.
pub(super) struct Sale {
    pub(super) row: LeadRow,
    pub(super) planned: Planned,
    pub(super) rules: SaleRules,
    /// Among how many buyers at most.
    pub(super) buyers_max: u8,
}

/// Somebody it is offered to.
#[derive(Debug, Clone)]
pub(super) struct ToOffer {
    /// The attempt's place in the plan.
    pub(super) attempt: u16,
    pub(super) contract: ContractId,
    pub(super) bid: Option<Money>,
    /// What the buyer calls its bid.
    pub(super) ping_name: Option<String>,
    pub(super) held: Option<Held>,
}

/// What is planned of a lead as it stands.
pub(super) fn wanted(row: &LeadRow) -> Wanted {
    let run = &row.run;
    let told = run.post.as_ref().map(|post| &post.lead);
    let told = told.or_else(|| run.ping.as_ref().map(|ping| &ping.lead));
    let quoted = run.ping.as_ref().and_then(|ping| ping.offer?.quoted);
    Wanted {
        id: row.id,
        account: row.account,
        kind: OpportunityKind::Lead,
        call: None,
        campaign: row.campaign,
        feed: Some(row.feed),
        person: told.map_or_else(Person::default, |lead| Person {
            phone: lead.phone,
            phone_sha256: lead.phone_sha256,
            email_sha256: lead.email_sha256,
        }),
        asked: told.map_or_else(Asked::default, |lead| Asked {
            tags: lead.tags(),
            zip: lead.zip.clone(),
            state: lead.state.clone(),
            country: lead.country,
            source: row.source.clone(),
            ..Asked::default()
        }),
        // Whoever buys it pays what was promised for it, or more.
        floor: quoted,
        unwanted: false,
        came_at: row.came_at,
    }
}

impl Sale {
    /// What the publisher was promised.
    pub(super) fn quoted(&self) -> Option<Money> {
        let ping = self.row.run.ping.as_ref()?;
        ping.offer?.quoted
    }

    pub(super) fn why_unsold(&self) -> ReasonCode {
        let refused = |leg: &Leg| leg.state == LegState::Rejected;
        if self.row.run.legs.iter().any(refused) {
            return ReasonCode::BuyerRejected;
        }
        if !self.row.run.legs.is_empty() {
            return ReasonCode::TimedOut;
        }
        let planned = self.planned.record.opportunity.reason;
        planned.unwrap_or(ReasonCode::NoCandidate)
    }

    /// An attempt that is made now.
    pub(super) fn row_of(&self, terms: &ContractTerms, to: &ToOffer, now: Timestamp) -> AttemptRow {
        let held = to.held.as_ref().and_then(|held| held.price);
        let price = to.bid.or(held).or(self.planned.price(to.contract).0);
        self.planned.attempt(terms, price, to.bid, now)
    }

    /// One that is not made, and why.
    pub(super) fn not_made(
        &self,
        terms: &ContractTerms,
        to: &ToOffer,
        reason: ReasonCode,
        now: Timestamp,
    ) -> AttemptRow {
        AttemptRow {
            ended_at: Some(now),
            outcome: Some(AttemptOutcome::Failed),
            reason: Some(reason),
            ..self.row_of(terms, to, now)
        }
    }
}
