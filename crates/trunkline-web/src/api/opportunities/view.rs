//! Opportunities as the API shows them: with the names of whom they are about.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use trunkline_core::base::id::{BuyerId, CampaignId, ContractId, DestinationId};
use trunkline_core::base::{Country, Money, Timestamp};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{Attempt, AttemptOutcome, ReasonCode};
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::routing::{AttemptRow, Opportunity, OpportunityRecord};
use utoipa::ToSchema;

use super::super::numbers::Named;
use super::super::sessions::SourceItem;
use super::super::sites::account_defaults;
use crate::app::Web;
use crate::auth::Caller;
use crate::problem::Problem;

/// What is gone is called so.
const GONE: &str = "deleted";

/// Why not, as a code and as a sentence.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Reason)]
pub(super) struct ReasonItem {
    /// Such as `CAP_REACHED`.
    pub(super) code: &'static str,
    /// For people.
    pub(super) sentence: &'static str,
}

impl From<ReasonCode> for ReasonItem {
    fn from(code: ReasonCode) -> Self {
        Self {
            code: code.word(),
            sentence: code.sentence(),
        }
    }
}

/// A call or a lead that was on offer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Opportunity)]
pub(super) struct OpportunityItem {
    id: String,
    /// `call` or `lead`.
    kind: &'static str,
    /// The call.
    call: Option<String>,
    /// `open`, `sold` or `unsold`.
    state: &'static str,
    campaign: Named,
    publisher: Option<Named>,
    /// The publisher's feed it came through.
    feed: Option<String>,
    /// Who has it.
    buyer: Option<Named>,
    /// On which contract.
    contract: Option<Named>,
    /// Why it was not sold.
    reason: Option<ReasonItem>,
    came_at: i64,
    /// When nothing more was to be tried.
    ended_at: Option<i64>,
    /// Who it is: a phone number as it is printed; null when none is known.
    phone_display: Option<String>,
    currency: String,
    /// What the buyer pays, in millionths.
    revenue_micros: Option<i64>,
    /// What the publisher is paid, in millionths.
    payout_micros: Option<i64>,
}

/// What filters could ask.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpportunityAsked)]
pub(super) struct AskedItem {
    #[schema(value_type = std::collections::HashMap<String, String>)]
    tags: BTreeMap<String, String>,
    zip: Option<String>,
    state: Option<String>,
    country: Option<String>,
    /// Where the visitor came from.
    source: Option<SourceItem>,
    score: Option<u8>,
    /// What the carrier vouches for.
    attestation: Option<&'static str>,
    /// How often the same person came before.
    times_before: u32,
}

/// Something that was to be tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedAttempt)]
pub(super) struct PlannedItem {
    /// `one`, `together` (all ring, the first who answers has it) or `auction`.
    how: &'static str,
    /// The group of the plan that is asked at once.
    group: Option<String>,
    contracts: Vec<Named>,
}

/// One offer to a contract.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpportunityAttempt)]
pub(super) struct AttemptItem {
    /// From 1.
    n: u16,
    contract: Named,
    destination: Named,
    buyer: Named,
    /// The version of the contract's terms.
    version: u32,
    price_micros: Option<i64>,
    bid_micros: Option<i64>,
    started_at: i64,
    connected_at: Option<i64>,
    ended_at: Option<i64>,
    /// How long the buyer had the caller.
    connected_ms: Option<i64>,
    /// Such as `taken` or `no_answer`; null while it goes on.
    outcome: Option<&'static str>,
    reason: Option<ReasonItem>,
    revenue_micros: Option<i64>,
    /// Whether the buyer pays for it.
    billable: bool,
}

/// The names of an account's things, and how its numbers are printed.
pub(super) struct Names {
    pub(super) market: Arc<Market>,
    pub(super) home: Country,
}

pub(super) const fn micros(money: Option<Money>) -> Option<i64> {
    match money {
        Some(money) => Some(money.micros()),
        None => None,
    }
}

impl Names {
    pub(super) fn of(app: &Web, caller: &Caller) -> Result<Self, Problem> {
        let (_, home) = account_defaults(app, caller)?;
        let market = app.backend.distribution.market(caller.account)?;
        Ok(Self { market, home })
    }

    pub(super) fn campaign(&self, id: CampaignId) -> Named {
        let name = self.market.campaign(id).map(|e| e.campaign.name.clone());
        named(id.to_string(), name)
    }

    pub(super) fn buyer(&self, id: BuyerId) -> Named {
        let name = self.market.buyer(id).map(|buyer| buyer.name.clone());
        named(id.to_string(), name)
    }

    pub(super) fn contract(&self, id: ContractId) -> Named {
        let name = self.market.contract(id).map(|e| e.contract.name.clone());
        named(id.to_string(), name)
    }

    pub(super) fn destination(&self, id: DestinationId) -> Named {
        let name = self.market.destination(id).map(|d| d.name.clone());
        named(id.to_string(), name)
    }

    pub(super) fn opportunity(&self, one: &Opportunity) -> OpportunityItem {
        let state = match (one.sold_to, one.ended_at, one.reason) {
            (Some(_), ..) => "sold",
            (None, None, None) => "open",
            (None, ..) => "unsold",
        };
        let publisher = one.publisher.map(|id| {
            let name = self.market.publisher(id).map(|p| p.name.clone());
            named(id.to_string(), name)
        });
        OpportunityItem {
            id: one.id.to_string(),
            kind: one.kind.word(),
            call: one.call.map(|id| id.to_string()),
            state,
            campaign: self.campaign(one.campaign),
            publisher,
            feed: one.feed.map(|id| id.to_string()),
            buyer: one.sold_to.map(|(_, buyer)| self.buyer(buyer)),
            contract: one.sold_to.map(|(contract, _)| self.contract(contract)),
            reason: one.reason.map(ReasonItem::from),
            came_at: one.came_at.as_millis(),
            ended_at: one.ended_at.map(Timestamp::as_millis),
            phone_display: one.person.phone.map(|phone| phone.display_for(self.home)),
            currency: one.currency.code().to_owned(),
            revenue_micros: micros(one.revenue),
            payout_micros: micros(one.payout),
        }
    }

    pub(super) fn asked(&self, record: &OpportunityRecord) -> AskedItem {
        let asked = &record.asked;
        AskedItem {
            tags: asked.tags.clone(),
            zip: asked.zip.clone(),
            state: asked.state.clone(),
            country: asked.country.map(|country| country.code().to_owned()),
            source: asked.source.as_ref().map(SourceItem::from),
            score: asked.score,
            attestation: asked.attestation.map(Vouched::word),
            times_before: asked.times_before,
        }
    }

    /// `groups` are the names of the plan's groups, by their numbers.
    pub(super) fn planned(&self, attempt: &Attempt, groups: &[String]) -> PlannedItem {
        let (how, group) = match attempt {
            Attempt::One(_) => ("one", None),
            Attempt::Together { group, .. } => ("together", Some(*group)),
            Attempt::Auction { group, .. } => ("auction", Some(*group)),
        };
        PlannedItem {
            how,
            group: group.and_then(|number| groups.get(usize::from(number)).cloned()),
            contracts: attempt
                .contracts()
                .iter()
                .map(|id| self.contract(*id))
                .collect(),
        }
    }

    pub(super) fn attempt(&self, row: &AttemptRow) -> AttemptItem {
        AttemptItem {
            n: row.n + 1,
            contract: self.contract(row.contract),
            destination: self.destination(row.destination),
            buyer: self.buyer(row.buyer),
            version: row.version,
            price_micros: micros(row.price),
            bid_micros: micros(row.bid),
            started_at: row.started_at.as_millis(),
            connected_at: row.connected_at.map(Timestamp::as_millis),
            ended_at: row.ended_at.map(Timestamp::as_millis),
            connected_ms: row.connected_ms,
            outcome: row.outcome.map(AttemptOutcome::word),
            reason: row.reason.map(ReasonItem::from),
            revenue_micros: micros(row.revenue),
            billable: row.billable,
        }
    }
}

fn named(id: String, name: Option<String>) -> Named {
    let name = name.unwrap_or_else(|| GONE.to_owned());
    Named { id, name }
}
