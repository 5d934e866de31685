//! Advice on the size of a pool, by a replay of the site's own visits.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::assignment::sizing::Proposal;
use trunkline_engine::inventory::{ADVICE_DAYS, ADVICE_VISITS_MIN, PoolAdvice};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::pools::find;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Highest price of a number that is asked about, in micro-units of the account's currency.
const PRICE_MAX: i64 = 1_000_000_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(advise))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AdviceQuery {
    /// What a number costs in a month, in micro-units of the account's currency.
    price_micros: Option<i64>,
}

/// How large a pool should be.
#[derive(Debug, Serialize, ToSchema)]
struct Advice {
    /// Days of visits that were looked at.
    days: i64,
    /// Visits in them that were shown a number, at most the latest 20,000.
    visits: u32,
    /// Whether these are enough for advice.
    enough: bool,
    /// Fewest visits that are.
    visits_min: u32,
    /// Visits in the busiest hour of a day, the mean over the days.
    busiest_hour: f64,
    /// Minutes a visit holds a number.
    held_minutes: f64,
    /// Numbers held at once in the busiest hour if nobody were turned away (erlangs).
    load: f64,
    /// Numbers with which 5 % of the visitors in the busiest hour find none, by the Erlang formula.
    numbers_for_5_percent: u32,
    /// The same for 1 %.
    numbers_for_1_percent: u32,
    /// The size now.
    size: u32,
    /// The sizes that were replayed, smallest first.
    sizes: Vec<SizeItem>,
    /// The smallest size that is large enough: twice as many would hardly be right more often, and hardly more visitors
    /// would find a number.
    knee: Option<u32>,
    /// `keep`, `grow` or `shrink`; null without enough visits.
    proposal: Option<&'static str>,
    /// How many numbers to add or to do without.
    by: u32,
    /// How many are missing when no brake holds.
    missing: u32,
}

/// How a pool of one size would have done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdviceSize)]
struct SizeItem {
    numbers: u32,
    /// Share of the calls that would have been credited to their own visit.
    right: f64,
    /// Share that would have been credited to another visit.
    wrong: f64,
    /// Share of the visitors who would have found no number.
    overflow: f64,
    /// What its numbers cost in a month, when a price was given.
    monthly_cost_micros: Option<i64>,
}

/// Replays the visits of the last 30 days over pools of several sizes.
#[utoipa::path(get, path = "/pools/{id}/advice", tag = "assignment", operation_id = "advisePool", params(("id" = String, Path), AdviceQuery), responses((status = 200, body = Advice), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn advise(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<AdviceQuery>,
) -> Result<Json<Advice>, Problem> {
    caller.may(Need::Read)?;
    let pool = find(&app, &caller, &id)?;
    let price = query.price_micros;
    if price.is_some_and(|p| !(0..=PRICE_MAX).contains(&p)) {
        return Err(Problem::invalid(
            "price_micros",
            format!("Write 0 to {PRICE_MAX} micro-units."),
        ));
    }
    let _place = app.advice.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once("Other advice is being worked out. Wait until it is there.")
    })?;
    let advice = app.backend.inventory.advice(&pool).await?;
    Ok(Json(told(&advice, price)))
}

fn told(found: &PoolAdvice, price: Option<i64>) -> Advice {
    let (proposal, by, missing) = match found.proposal {
        None => (None, 0, 0),
        Some(Proposal::Keep) => (Some("keep"), 0, 0),
        Some(Proposal::Grow { by, wanted }) => (Some("grow"), by, wanted),
        Some(Proposal::Shrink { by }) => (Some("shrink"), by, 0),
    };
    let advice = &found.advice;
    let sizes = advice.sizes.iter().map(|size| SizeItem {
        numbers: size.numbers,
        right: size.right,
        wrong: size.wrong,
        overflow: size.overflow,
        monthly_cost_micros: price.map(|p| p.saturating_mul(i64::from(size.numbers))),
    });
    Advice {
        days: ADVICE_DAYS,
        visits: advice.visits,
        enough: advice.visits >= ADVICE_VISITS_MIN,
        visits_min: ADVICE_VISITS_MIN,
        busiest_hour: advice.busiest_hour,
        held_minutes: advice.held_minutes,
        load: advice.load,
        numbers_for_5_percent: found.by_formula[0],
        numbers_for_1_percent: found.by_formula[1],
        size: found.size,
        sizes: sizes.collect(),
        knee: advice.knee.filter(|_| found.proposal.is_some()),
        proposal,
        by,
        missing,
    }
}
