//! Opportunities: the calls and leads that were on offer, who could have taken each, at what price, and which rule stopped
//! the others.

mod bids;
mod trace;
mod view;
mod what_if;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{BuyerId, CallId, CampaignId, OpportunityId, PublisherId};
use trunkline_core::base::{Id, IdKind, Money, Timestamp};
use trunkline_core::routing::ReasonCode;
use trunkline_engine::ports::routing::{Opportunity, OpportunityFilter, OpportunityRecord};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::page::{Page, after, cursor, limit};
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;
use bids::{BidItem, GivenItem};
use trace::{Told, TraceItem};
use view::{AskedItem, AttemptItem, Names, OpportunityItem, PlannedItem, micros};

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(of_call))
        .merge(bids::router())
        .merge(what_if::router())
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Came at or after, ms.
    from: Option<i64>,
    /// Came before, ms.
    to: Option<i64>,
    /// Only those of this campaign.
    campaign: Option<String>,
    /// Only those that this buyer has.
    buyer: Option<String>,
    /// Only those of this publisher.
    publisher: Option<String>,
    /// Only those that were not sold for this reason, such as `NO_CANDIDATE`.
    reason: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

fn given<K: IdKind>(name: &'static str, text: Option<String>) -> Result<Option<Id<K>>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    let id = text.map(|text| Id::parse(&text));
    id.transpose()
        .map_err(|error| Problem::invalid(name, error.to_string()))
}

impl Filter {
    fn read(self, caller: &Caller) -> Result<OpportunityFilter, Problem> {
        let campaign: Option<CampaignId> = given("campaign", self.campaign)?;
        let buyer: Option<BuyerId> = given("buyer", self.buyer)?;
        let publisher: Option<PublisherId> = given("publisher", self.publisher)?;
        let reason = self.reason.filter(|word| !word.is_empty()).map(|word| {
            ReasonCode::from_word(&word).ok_or_else(|| {
                Problem::invalid(
                    "reason",
                    "Write a reason such as NO_CANDIDATE or CAP_REACHED.",
                )
            })
        });
        let before = after(self.cursor.as_deref())?;
        Ok(OpportunityFilter {
            account: caller.account,
            from: Timestamp::from_millis(self.from.unwrap_or(0)),
            to: Timestamp::from_millis(self.to.unwrap_or(i64::MAX)),
            campaign,
            buyer,
            publisher,
            reason: reason.transpose()?,
            before: before.map(|(_, id)| id),
            limit: limit(self.limit)?,
        })
    }
}

/// Opportunities, the newest first.
#[utoipa::path(get, path = "/opportunities", tag = "routing", operation_id = "listOpportunities", params(Filter), responses((status = 200, body = Page<OpportunityItem>), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<OpportunityItem>>, Problem> {
    caller.may(Need::Read)?;
    let mut filter = filter.read(&caller)?;
    let wanted = filter.limit as usize;
    filter.limit += 1;
    let mut found = app.backend.opportunities.opportunities(&filter).await?;
    let more = found.len() > wanted;
    found.truncate(wanted);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor(last.came_at, last.id));
    let names = Names::of(&app, &caller)?;
    Ok(Json(Page {
        items: found.iter().map(|one| names.opportunity(one)).collect(),
        next_cursor,
    }))
}

/// An opportunity with everything that was decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpportunityDetail)]
struct DetailItem {
    #[serde(flatten)]
    opportunity: OpportunityItem,
    /// What the minutes of its call cost, in millionths, as far as rates are known: of one that was sold, once its call
    /// ended.
    telephony_cost_micros: Option<i64>,
    /// Revenue less payout and the cost of minutes that is known, in millionths; null until revenue is known.
    profit_micros: Option<i64>,
    /// What filters could ask.
    asked: AskedItem,
    /// The version of the campaign's route plan that was used; null when there was none.
    plan_version: Option<u32>,
    /// The version of the feed's terms that was used.
    feed_version: Option<u32>,
    /// What kept it from every contract, with the list that says so; null when it is not one of those who must not be
    /// sold.
    stopped: Option<String>,
    /// What was to be tried, in this order.
    planned: Vec<PlannedItem>,
    /// A line for every contract: who has it, who was tried, who could have had it, and who could not.
    trace: Vec<TraceItem>,
    /// What was tried.
    attempts: Vec<AttemptItem>,
    /// What came of asking buyers for bids: those that were taken first, then those that take over, then the others.
    bids: Vec<BidItem>,
    /// What the publisher was given for the call to come.
    given: Vec<GivenItem>,
}

/// An opportunity, with a line for every contract that was looked at.
#[utoipa::path(get, path = "/opportunities/{id}", tag = "routing", operation_id = "readOpportunity", params(("id" = String, Path)), responses((status = 200, body = DetailItem), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DetailItem>, Problem> {
    caller.may(Need::Read)?;
    let record = find(&app, &caller, &id).await?;
    let names = Names::of(&app, &caller)?;
    let opportunity = &record.opportunity;
    let attempts = app.backend.opportunities.attempts(opportunity.id).await?;
    let asked = app.backend.bids.bids(caller.account, opportunity.id);
    let given = app.backend.bids.given_for(caller.account, opportunity.id);
    let (asked, given) = tokio::try_join!(asked, given)?;
    let told = Told::of(&app, &names, &record).await?;
    let groups = told.groups();
    let cost = cost_of(&app, opportunity).await?;
    Ok(Json(DetailItem {
        opportunity: names.opportunity(opportunity),
        telephony_cost_micros: micros(cost),
        profit_micros: micros(profit(opportunity, cost)),
        asked: names.asked(&record),
        plan_version: opportunity.plan_version,
        feed_version: opportunity.feed_version,
        stopped: told.stopped(&record),
        planned: record
            .planned
            .iter()
            .map(|attempt| names.planned(attempt, groups))
            .collect(),
        trace: told.lines(
            &record.trace,
            &record.planned,
            &attempts,
            opportunity.sold_to,
        ),
        attempts: attempts.iter().map(|row| names.attempt(row)).collect(),
        bids: names.bids(&asked),
        given: given.iter().map(|row| names.given(row)).collect(),
    }))
}

/// What the minutes of a call cost that was sold. Of several opportunities of a call, it is the sold one's.
async fn cost_of(app: &Web, opportunity: &Opportunity) -> Result<Option<Money>, Problem> {
    let (Some(call), Some(_)) = (opportunity.call, opportunity.sold_to) else {
        return Ok(None);
    };
    let call = app.backend.records.call(call).await?;
    let cost = call.and_then(|call| call.cost).map(|cost| cost.total);
    Ok(cost.filter(|cost| cost.currency() == opportunity.currency))
}

/// What is left of the revenue.
fn profit(opportunity: &Opportunity, cost: Option<Money>) -> Option<Money> {
    let zero = Money::zero(opportunity.currency);
    let gross = opportunity
        .revenue?
        .minus(opportunity.payout.unwrap_or(zero));
    gross.ok()?.minus(cost.unwrap_or(zero)).ok()
}

/// The opportunities of a call, in the order in which they came; most calls have one at most.
#[utoipa::path(get, path = "/calls/{id}/opportunities", tag = "routing", operation_id = "callOpportunities", params(("id" = String, Path)), responses((status = 200, body = Page<OpportunityItem>), (status = 404, body = Problem)))]
async fn of_call(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Page<OpportunityItem>>, Problem> {
    caller.may(Need::Read)?;
    let missing = || Problem::not_found("call");
    let id = CallId::parse(&id).map_err(|_| missing())?;
    super::calls::find(&app, &caller, &id.to_string()).await?;
    let opportunities = &app.backend.opportunities;
    let found = opportunities
        .opportunities_of_call(caller.account, id)
        .await?;
    let names = Names::of(&app, &caller)?;
    let items = found.iter().map(|one| names.opportunity(one)).collect();
    Ok(Json(Page::whole(items)))
}

/// An opportunity of the caller's account.
async fn find(app: &Web, caller: &Caller, id: &str) -> Result<OpportunityRecord, Problem> {
    let missing = || Problem::not_found("opportunity");
    let id = OpportunityId::parse(id).map_err(|_| missing())?;
    let found = app.backend.opportunities.opportunity(caller.account, id);
    found.await?.ok_or_else(missing)
}
