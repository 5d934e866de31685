//! What if: a stored opportunity is planned again with the terms of today, and nothing is changed by it.
//!
//! It is looked at as if it came now, with what is used and reserved now; or at the moment when it came, with hours and the
//! past as they were then and every cap and place free, because what was used at that moment is not kept.

use std::collections::HashMap;
use std::sync::Arc;

use trunkline_core::base::id::{AccountId, CampaignId, CapId, FeedId, IdMap, OpportunityId};
use trunkline_core::base::{Money, Schedule, Timestamp, Zone};
use trunkline_core::routing::{
    Availability, Balance, Before, Cap, CapWindow, Comer, Facts, FeedRefusal, FeedTerms, Known,
    LetIn, Method, Offer, Past, PerformanceRules, Period, PlaceOwner, Plan, RoutePlan, Routes,
    plan,
};

use crate::distribution::Market;
use crate::ports::routing::{Opportunities, OpportunityRecord, Reservations, Stock};
use crate::ports::{PortError, PortResult};

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
    /// The feed would not let it in.
    Refused(FeedRefusal),
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
        let month = month_of(zone, now);
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
        if let Some(Err(refusal)) = terms
            .as_deref()
            .map(|terms| let_in(terms, &facts, &comer, &past, &stock, payout, at))
        {
            return Ok(Would::Refused(refusal));
        }
        if entry.campaign.paused && terms.is_none() {
            return Ok(Would::Refused(FeedRefusal::CampaignPaused));
        }
        let document = market.plan(opportunity.campaign);
        let mut availability = available(market, &routes, document, &stock, feed, at);
        if let Some(document) = document {
            self.add_performance(&mut availability, &routes, document)
                .await?;
        }
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

    /// Past results, where a group of the plan orders by them.
    async fn add_performance(
        &self,
        availability: &mut Availability,
        routes: &Routes,
        document: &RoutePlan,
    ) -> PortResult<()> {
        let groups = document.groups.values();
        let by_results = groups.filter(|group| group.method == Method::Performance);
        let wanted = by_results.map(|group| {
            let rules: PerformanceRules = group.performance.unwrap_or_default();
            rules.attempts_wanted
        });
        let Some(wanted) = wanted.max() else {
            return Ok(());
        };
        for terms in routes.contracts().iter().take(PERFORMANCE_MAX) {
            let contract = terms.parties.contract;
            let past = self.opportunities.performance(contract, wanted).await?;
            availability.performance.insert(contract, past);
        }
        Ok(())
    }
}

/// When the month of a moment began on the clock of a zone.
fn month_of(zone: &Zone, now: Timestamp) -> Timestamp {
    let month = CapWindow {
        period: Period::Month,
        rolling: false,
        zone: zone.clone(),
    };
    month.at(now).from
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

fn let_in(
    terms: &FeedTerms,
    facts: &Facts<'_>,
    comer: &Comer,
    past: &[Past],
    stock: &Stock,
    payout: Option<Money>,
    at: Timestamp,
) -> Result<LetIn, FeedRefusal> {
    let mut uses = IdMap::default();
    for limit in &terms.limits {
        limit.each(&mut |limit| {
            let hours = terms.schedule.as_ref();
            uses.insert(limit.id, limit.used(terms.feed, hours, at, &stock.slots));
        });
    }
    terms.lets_in(facts, comer, past, &uses, payout, at)
}

/// What is left, from what the store says.
fn available(
    market: &Market,
    routes: &Routes,
    document: Option<&Arc<RoutePlan>>,
    stock: &Stock,
    feed: FeedId,
    at: Timestamp,
) -> Availability {
    let mut found = Availability::default();
    let mut hours: HashMap<CapId, &Schedule> = HashMap::new();
    for group in document.iter().flat_map(|d| d.groups.values()) {
        if let Some(schedule) = &group.schedule {
            each_cap(&group.caps, &mut |cap| {
                hours.insert(cap.id, schedule);
            });
        }
    }
    for terms in routes.contracts() {
        let Some(schedule) = &terms.schedule else {
            continue;
        };
        for (_, limits) in &terms.limits {
            for limit in limits {
                limit.each(&mut |limit| {
                    hours.insert(limit.id, &schedule.value);
                });
            }
        }
    }
    for limit in routes.limits() {
        let schedule = hours.get(&limit.id).copied();
        let used = limit.used(feed, schedule, at, &stock.slots);
        found.caps.insert(limit.id, used);
    }
    for (owner, live) in &stock.places {
        match owner {
            PlaceOwner::Account(_) => found.account_live = *live,
            PlaceOwner::Campaign(id) if is_own(routes, *id) => found.campaign_live = *live,
            PlaceOwner::Campaign(_) => {}
            PlaceOwner::Buyer(id) => {
                found.buyers_live.insert(*id, *live);
            }
            PlaceOwner::Destination(id) => {
                found.destinations_live.insert(*id, *live);
            }
            PlaceOwner::Contract(id) => {
                found.contracts_live.insert(*id, *live);
            }
            PlaceOwner::Group(id, name) if is_own(routes, *id) => {
                found.groups_live.insert(name.to_string(), *live);
            }
            PlaceOwner::Group(..) => {}
        }
    }
    for buyer in market.buyers() {
        let wallet = stock.wallets.iter().find(|(id, ..)| *id == buyer.id);
        let nothing = Money::zero(market.currency);
        let credit = buyer.credit_limit_micros.unwrap_or(i64::MAX / 4);
        found.balances.insert(
            buyer.id,
            Balance {
                balance: wallet.map_or(nothing, |(_, there, _)| *there),
                credit: Money::from_micros(credit, market.currency),
                reserved: wallet.map_or(nothing, |(.., held)| *held),
            },
        );
    }
    found.sold.extend(stock.sold.iter().copied());
    found
}

fn is_own(routes: &Routes, campaign: CampaignId) -> bool {
    let mut contracts = routes.contracts().iter();
    contracts
        .next()
        .is_some_and(|terms| terms.parties.campaign == campaign)
}

fn each_cap(caps: &[Cap], see: &mut dyn FnMut(&Cap)) {
    for cap in caps {
        see(cap);
        each_cap(&cap.caps, see);
    }
}
