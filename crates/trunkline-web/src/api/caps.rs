//! Caps and calls at the same time: what is used, reserved and left, live.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{BuyerId, CampaignId, FeedId};
use trunkline_core::base::{Id, IdKind};
use trunkline_core::routing::{CapUnit, TermsKind};
use trunkline_engine::distribution::Market;
use trunkline_engine::standing::{Belongs, CapStanding, PlaceStanding, standing};
use trunkline_engine::what_if::WhatIf;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::numbers::Named;
use super::sites::account_defaults;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Most caps, and most places, of one answer.
const SHOWN_MAX: usize = 2_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(caps))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those of this campaign, its plan, feeds and contracts.
    campaign: Option<String>,
    /// Only those of this buyer, its destinations and contracts.
    buyer: Option<String>,
}

/// How every cap stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
struct StandingItem {
    /// When it was looked at, ms.
    at: i64,
    currency: String,
    caps: Vec<CapItem>,
    /// Calls at the same time, where there is a most.
    concurrency: Vec<PlaceItem>,
    /// How many caps and places are not in this answer, because they are more than it may hold; ask for one campaign or
    /// buyer.
    left_out: usize,
}

/// Whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CapOwner)]
struct OwnerItem {
    /// `account`, `campaign`, `plan`, `feed`, `buyer`, `destination` or `contract`.
    kind: &'static str,
    id: String,
    /// Empty for the account.
    name: String,
    /// The group of the plan.
    group: Option<String>,
    campaign: Option<Named>,
    buyer: Option<Named>,
}

/// How a cap stands. Money is in millionths.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CapStanding)]
struct CapItem {
    cap: String,
    /// May be empty.
    name: String,
    of: OwnerItem,
    /// Where each feed is counted by itself: the feed, by its publisher.
    feed: Option<Named>,
    /// Whether each feed is counted by itself.
    per_feed: bool,
    /// `offered`, `connected`, `billable`, `revenue` or `payout`.
    counts: &'static str,
    /// Whether it counts money.
    money: bool,
    /// `minute`, `hour`, `day`, `week`, `month` or `all`.
    period: &'static str,
    /// Whether the span ends now, instead of by the calendar.
    rolling: bool,
    zone: String,
    /// When its window began, ms.
    from: i64,
    /// When it ends, ms.
    to: i64,
    max: i64,
    used: i64,
    reserved: i64,
    left: i64,
    /// What a cap that is spread over the day still lets through in this hour.
    left_now: Option<i64>,
}

/// How calls at the same time stand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConcurrencyStanding)]
struct PlaceItem {
    of: OwnerItem,
    max: u32,
    /// Calls that are dialled, ring or talk.
    legs: u32,
    /// Bids that wait for their call.
    reserved: u32,
    left: u32,
}

fn only<K: IdKind>(name: &'static str, text: Option<&String>) -> Result<Option<Id<K>>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| Id::parse(text))
        .transpose()
        .map_err(|error| Problem::invalid(name, error.to_string()))
}

/// What is used, reserved and left of every cap, and of calls at the same time, with whom each belongs to.
#[utoipa::path(get, path = "/caps", tag = "routing", operation_id = "readCaps", params(Filter), responses((status = 200, body = StandingItem), (status = 422, body = Problem)))]
async fn caps(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<StandingItem>, Problem> {
    caller.may(Need::Read)?;
    let campaign: Option<CampaignId> = only("campaign", filter.campaign.as_ref())?;
    let buyer: Option<BuyerId> = only("buyer", filter.buyer.as_ref())?;
    let (zone, _) = account_defaults(&app, &caller)?;
    let market = app.backend.distribution.market(caller.account)?;
    let now = app.backend.moment.now();
    let planner = WhatIf::new(
        app.backend.reservations.clone(),
        app.backend.opportunities.clone(),
    );
    let stock = planner.stock(caller.account, &zone, now).await?;
    let found = standing(&market, &stock, now);
    let wanted = |of: &Belongs| {
        campaign.is_none_or(|id| of.campaign == Some(id))
            && buyer.is_none_or(|id| of.buyer == Some(id))
    };
    let caps: Vec<_> = found.caps.iter().filter(|cap| wanted(&cap.of)).collect();
    let places: Vec<_> = found.places.iter().filter(|p| wanted(&p.of)).collect();
    let left_out = caps.len().saturating_sub(SHOWN_MAX) + places.len().saturating_sub(SHOWN_MAX);
    Ok(Json(StandingItem {
        at: now.as_millis(),
        currency: market.currency.code().to_owned(),
        caps: caps
            .into_iter()
            .take(SHOWN_MAX)
            .map(|cap| cap_item(&market, cap))
            .collect(),
        concurrency: places
            .into_iter()
            .take(SHOWN_MAX)
            .map(|place| place_item(&market, place))
            .collect(),
        left_out,
    }))
}

fn owner(market: &Market, of: &Belongs) -> OwnerItem {
    let campaign = of.campaign.and_then(|id| market.campaign(id));
    let buyer = of.buyer.and_then(|id| market.buyer(id));
    OwnerItem {
        kind: if of.of.kind == TermsKind::Plan {
            "plan"
        } else {
            of.of.kind.word()
        },
        id: of.of.text(),
        name: of.name.clone(),
        group: of.group.clone(),
        campaign: campaign.map(|entry| Named {
            id: entry.campaign.id.to_string(),
            name: entry.campaign.name.clone(),
        }),
        buyer: buyer.map(|buyer| Named {
            id: buyer.id.to_string(),
            name: buyer.name.clone(),
        }),
    }
}

fn feed_name(market: &Market, id: FeedId) -> Named {
    let feed = market.feed(id);
    let publisher = feed.and_then(|entry| market.publisher(entry.feed.publisher));
    Named {
        id: id.to_string(),
        name: publisher.map_or_else(|| "no feed".to_owned(), |p| p.name.clone()),
    }
}

fn cap_item(market: &Market, standing: &CapStanding) -> CapItem {
    let cap = &standing.cap;
    CapItem {
        cap: cap.id.to_string(),
        name: cap.name.clone(),
        of: owner(market, &standing.of),
        feed: standing.feed.map(|id| feed_name(market, id)),
        per_feed: cap.per_feed,
        counts: cap.counts.word(),
        money: CapUnit::is_money(cap.counts),
        period: cap.window.period.word(),
        rolling: cap.window.rolling,
        zone: cap.window.zone.name().to_owned(),
        from: standing.window.from.as_millis(),
        to: standing.window.to.as_millis(),
        max: standing.max,
        used: standing.used,
        reserved: standing.reserved,
        left: standing.left(),
        left_now: standing.left_now,
    }
}

fn place_item(market: &Market, place: &PlaceStanding) -> PlaceItem {
    PlaceItem {
        of: owner(market, &place.of),
        max: place.max,
        legs: place.live.legs,
        reserved: place.live.reserved,
        left: place.left(),
    }
}
