//! Bids: what each buyer answered who was asked for one, and what publishers were given for calls to come.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{FeedId, GivenBidId};
use trunkline_engine::ports::bids::{BidRow, GivenFilter, GivenRow, GivenState};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::Params;
use super::super::numbers::Named;
use super::super::page::{Page, after, cursor, limit};
use super::view::{Names, ReasonItem, micros};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// What came of asking one contract for a bid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bid)]
pub(super) struct BidItem {
    /// In which attempt of the plan, from 1.
    attempt: u16,
    contract: Named,
    buyer: Named,
    destination: Named,
    asked_at: i64,
    /// How long the answer took, in milliseconds; null: nobody was asked, or nobody has answered.
    latency_ms: Option<u32>,
    /// What it bid, in millionths.
    bid_micros: Option<i64>,
    /// `won`; `next`: it takes over when those before it refuse; or `lost`.
    outcome: &'static str,
    /// Its place among those that take over, from 1.
    place: Option<u16>,
    /// Why it did not win.
    reason: Option<ReasonItem>,
    /// What the buyer calls its bid.
    name: Option<String>,
    /// Its words, such as why it bids nothing.
    said: Option<String>,
    /// From how many connected seconds on it pays.
    min_seconds: Option<u32>,
}

/// A bid that a publisher was given for a call to come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GivenBid)]
pub(super) struct GivenItem {
    id: String,
    /// What it was given for.
    opportunity: String,
    /// `waiting` for its call, `called`, or `missed`: nobody called in time.
    state: &'static str,
    /// What the publisher is paid, in millionths.
    amount_micros: i64,
    currency: String,
    /// From how many connected seconds on.
    min_seconds: u32,
    /// The number to be called, as it is printed.
    number_display: String,
    /// Who is to call, when that was said.
    caller_display: Option<String>,
    /// Who is to have the call.
    buyer: Option<Named>,
    contract: Named,
    given_at: i64,
    expires_at: i64,
    /// The call that came.
    call: Option<String>,
    arrived_at: Option<i64>,
}

impl Names {
    /// Those that were taken first, then those that take over, then the others by what they bid.
    pub(super) fn bids(&self, rows: &[BidRow]) -> Vec<BidItem> {
        let mut rows: Vec<&BidRow> = rows.iter().collect();
        rows.sort_by_key(|row| {
            let place = match (row.reason, row.next) {
                (None, _) => (0, 0),
                (Some(_), Some(place)) => (1, place),
                (Some(_), None) => (2, 0),
            };
            (row.attempt, place, std::cmp::Reverse(micros(row.amount)))
        });
        rows.into_iter().map(|row| self.bid(row)).collect()
    }

    fn bid(&self, row: &BidRow) -> BidItem {
        BidItem {
            attempt: row.attempt + 1,
            contract: self.contract(row.contract),
            buyer: self.buyer(row.buyer),
            destination: self.destination(row.destination),
            asked_at: row.asked_at.as_millis(),
            latency_ms: row.latency_ms,
            bid_micros: micros(row.amount),
            outcome: match (row.reason, row.next) {
                (None, _) => "won",
                (Some(_), Some(_)) => "next",
                (Some(_), None) => "lost",
            },
            place: row.next.map(|place| place + 1),
            reason: row.reason.map(ReasonItem::from),
            name: row.name.clone(),
            said: row.said.clone(),
            min_seconds: row.min_seconds,
        }
    }

    pub(super) fn given(&self, row: &GivenRow) -> GivenItem {
        let bid = &row.bid;
        let contract = self.market.contract(bid.contract);
        let destination = contract.and_then(|c| self.market.destination(c.contract.destination));
        GivenItem {
            id: bid.id.to_string(),
            opportunity: bid.opportunity.to_string(),
            state: row.state().word(),
            amount_micros: bid.amount.micros(),
            currency: bid.amount.currency().code().to_owned(),
            min_seconds: bid.min_seconds,
            number_display: bid.number.display_for(self.home),
            caller_display: bid.caller.map(|caller| caller.display_for(self.home)),
            buyer: destination.map(|destination| self.buyer(destination.buyer)),
            contract: self.contract(bid.contract),
            given_at: bid.given_at.as_millis(),
            expires_at: bid.expires_at.as_millis(),
            call: bid.call.map(|call| call.to_string()),
            arrived_at: row.arrived_at.map(Timestamp::as_millis),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GivenParams {
    /// Only those that are `waiting`, `called` or `missed`.
    state: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The bids that a feed was given for calls to come, the newest first.
#[utoipa::path(get, path = "/feeds/{id}/bids", tag = "routing", operation_id = "listGivenBids", params(("id" = String, Path), GivenParams), responses((status = 200, body = Page<GivenItem>), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(params): Params<GivenParams>,
) -> Result<Json<Page<GivenItem>>, Problem> {
    caller.may(Need::Read)?;
    let missing = || Problem::not_found("feed");
    let feed = FeedId::parse(&id).map_err(|_| missing())?;
    let names = Names::of(&app, &caller)?;
    names.market.feed(feed).ok_or_else(missing)?;
    let state = params.state.filter(|word| !word.is_empty()).map(|word| {
        GivenState::from_word(&word)
            .ok_or_else(|| Problem::invalid("state", "Write waiting, called or missed."))
    });
    let before: Option<(Timestamp, GivenBidId)> = after(params.cursor.as_deref())?;
    let wanted = limit(params.limit)?;
    let filter = GivenFilter {
        account: caller.account,
        feed,
        state: state.transpose()?,
        before: before.map(|(_, id)| id),
        limit: wanted + 1,
    };
    let mut rows = app.backend.bids.given_of(&filter).await?;
    let more = rows.len() > wanted as usize;
    rows.truncate(wanted as usize);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|row| cursor(row.bid.given_at, row.bid.id));
    Ok(Json(Page {
        items: rows.iter().map(|row| names.given(row)).collect(),
        next_cursor,
    }))
}
