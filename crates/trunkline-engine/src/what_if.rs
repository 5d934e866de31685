//! What if: a stored opportunity is planned again with the terms of today, and nothing is changed by it.
//!
//! It is looked at as if it came now, with what is used and reserved now; or at the moment when it came, with hours and the
//! past as they were then and every cap and place free, because what was used at that moment is not kept.

use std::sync::Arc;

use trunkline_core::base::id::{AccountId, ContractKind, FeedId, IdMap, OpportunityId};
use trunkline_core::base::{Money, Timestamp, Zone};
use trunkline_core::routing::{
    Before, CapWindow, Comer, Coming, Counted, Facts, FeedTerms, Gate, GateRefusal, Known, Offer,
    Past, Performance, Plan, Routes, plan,
};

use crate::distribution::Market;
use crate::ports::routing::{Opportunities, OpportunityRecord, Reservations, Stock};
use crate::ports::{PortError, PortResult};
use crate::routing::availability;

/// Most of a person's past that is looked at.
const PAST_MAX: u32 = 500;
/// Most contracts of which past results are fetched.
const PERFORMANCE_MAX: usize = 200;

/// At which moment it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// As if it came now.
    Now,
    /// When it came.
    Then,
}

/// What would become of it.
#[derive(Debug, Clone)]
pub enum Would {
    /// The campaign has no plan, or is put away.
    NoPlan,
    /// It would not be let in.
    Refused(GateRefusal),
    /// It would be planned so.
    Planned {
        /// The plan in force.
        routes: Arc<Routes>,
        /// Its version.
        version: u32,
        /// What would be tried, and why the others would not.
        plan: Plan,
    },
}

/// Plans opportunities again.
pub struct WhatIf {
    reservations: Arc<dyn Reservations>,
    opportunities: Arc<dyn Opportunities>,
}

/// What filters may ask of a stored opportunity, at a moment on the clock of a zone.
#[must_use]
pub fn facts_of<'a>(record: &'a OpportunityRecord, zone: &Zone, at: Timestamp) -> Facts<'a> {
    let (opportunity, asked) = (&record.opportunity, &record.asked);
    let known = Known {
        kind: opportunity.kind,
        tags: &asked.tags,
        phone: opportunity.person.phone,
        phone_sha256: opportunity.person.phone_sha256,
        email_sha256: opportunity.person.email_sha256,
        zip: asked.zip.as_deref(),
        state: asked.state.as_deref(),
        country: asked.country,
        source: asked.source.as_ref(),
        score: asked.score,
        attestation: asked.attestation,
        times_before: asked.times_before,
    };
    Facts::of(&known, zone, at)
}

impl WhatIf {
    /// Over what is stored.
    #[must_use]
    pub fn new(reservations: Arc<dyn Reservations>, opportunities: Arc<dyn Opportunities>) -> Self {
        Self {
            reservations,
            opportunities,
        }
    }

    /// What is used and reserved in an account now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn stock(
        &self,
        account: AccountId,
        zone: &Zone,
        now: Timestamp,
    ) -> PortResult<Stock> {
        let month = CapWindow::month(zone.clone()).at(now).from;
        self.reservations.stock(account, now, month).await
    }

    /// Plans an opportunity again.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan_again(
        &self,
        market: &Market,
        record: &OpportunityRecord,
        zone: &Zone,
        when: When,
        now: Timestamp,
    ) -> PortResult<Would> {
        let opportunity = &record.opportunity;
        if market.account != opportunity.account {
            return Err(PortError::Failed("another account's market".to_owned()));
        }
        let entry = market.campaign(opportunity.campaign);
        let Some((entry, routes)) = entry.and_then(|e| Some((e, e.routes.clone()?))) else {
            return Ok(Would::NoPlan);
        };
        let at = match when {
            When::Now => now,
            When::Then => opportunity.came_at,
        };
        let stock = self.stock(market.account, zone, now);
        let past = self
            .opportunities
            .past(market.account, &opportunity.person, PAST_MAX);
        let turns = self.reservations.turns(opportunity.campaign);
        let (mut stock, past, turns) = tokio::try_join!(stock, past, turns)?;
        if when == When::Then {
            stock.slots.clear();
            stock.places.clear();
        }
        let counted: Counted = stock.slots.iter().copied().collect();
        let past = before(past, opportunity.id, at);
        let facts = facts_of(record, zone, at);
        let feed = opportunity.feed.unwrap_or(FeedId::from_raw(0));
        let comer = Comer {
            opportunity: opportunity.id,
            person: opportunity.person,
            campaign: opportunity.campaign,
            feed,
        };
        let terms = opportunity.feed.and_then(|id| market.feed(id));
        let terms = terms.and_then(|entry| entry.terms.clone());
        let payout = terms.as_deref().and_then(|t| payout(t, &facts, &stock, at));
        let gate = Gate {
            feed: terms.as_deref(),
            campaign_paused: entry.campaign.paused && terms.is_none(),
            compliance: &entry.compliance,
        };
        let mut uses = IdMap::default();
        if let Some(terms) = &terms {
            let hours = terms.schedule.as_ref();
            counted.uses(&terms.limits, terms.feed, hours, at, &mut uses);
        }
        let let_in = gate.lets_in(&Coming {
            facts: &facts,
            comer: &comer,
            unwanted: false,
            past: &past,
            uses: &uses,
            payout,
            now: at,
        });
        if let Err(refusal) = let_in {
            return Ok(Would::Refused(refusal));
        }
        let mut availability = availability::of(&stock, market, opportunity.campaign);
        availability.caps = routes.uses(feed, at, &counted);
        availability.performance = self.performance(&routes).await?;
        let offer = Offer {
            facts: &facts,
            comer,
            past: &past,
            floor: None,
            payout,
            prior_connects: 0,
        };
        let chance = opportunity.id.raw().cast_unsigned();
        let plan = plan(&routes, &offer, &availability, &turns, at, chance);
        Ok(Would::Planned {
            version: entry.plan_version,
            routes,
            plan,
        })
    }

    /// Past results of the contracts that are chosen by them.
    async fn performance(&self, routes: &Routes) -> PortResult<IdMap<ContractKind, Performance>> {
        let mut found = IdMap::default();
        for (contract, wanted) in routes.performers().into_iter().take(PERFORMANCE_MAX) {
            let past = self.opportunities.performance(contract, wanted).await?;
            found.insert(contract, past);
        }
        Ok(found)
    }
}

/// What of a past lies before an opportunity.
fn before(past: Vec<Past>, opportunity: OpportunityId, at: Timestamp) -> Vec<Past> {
    let lies = |past: &Past| past.opportunity != opportunity && past.at <= at;
    past.into_iter().filter(lies).collect()
}

/// The most that the publisher may come to be paid.
fn payout(terms: &FeedTerms, facts: &Facts<'_>, stock: &Stock, at: Timestamp) -> Option<Money> {
    let paid = stock.paid.iter().find(|(feed, _)| *feed == terms.feed);
    let before = Before {
        sold: paid.map_or(0, |(_, times)| *times),
        ..Before::default()
    };
    terms.payout.as_ref()?.quote(facts, at, &before)?.most
}
