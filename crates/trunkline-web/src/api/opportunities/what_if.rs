//! What if: an opportunity planned again with the terms of today. Nothing is changed by it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::ContractId;
use trunkline_core::routing::{Outcome, TraceLine};
use trunkline_engine::what_if::{WhatIf, When, Would};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::body::Body;
use super::super::numbers::Named;
use super::trace::{ComparedItem, Told, TraceItem, zone};
use super::view::{Names, PlannedItem, ReasonItem};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(what_if))
}

/// At which moment it is looked at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhatIfInput, example = json!({"at": "now"}))]
struct WhatIfInput {
    /// `now`: as if it came now, with what is used now; `then`, which is usual: with the hours and the past of when it came,
    /// and every cap and place free.
    at: Option<String>,
}

/// What was planned, and what would be planned with the terms of today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIf)]
struct WhatIfItem {
    before: SideItem,
    today: SideItem,
    /// Contracts of which something else would become, those that would be asked first.
    changed: Vec<ChangedItem>,
}

/// One of the two.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIfSide)]
struct SideItem {
    /// The version of the route plan.
    plan_version: Option<u32>,
    /// Why nothing would be tried at all: the feed, or there is no plan.
    reason: Option<ReasonItem>,
    /// The same in words, empty when something would be.
    told: String,
    compared: Vec<ComparedItem>,
    planned: Vec<PlannedItem>,
    trace: Vec<TraceItem>,
}

/// A contract of which something else would become.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIfChange)]
struct ChangedItem {
    contract: Named,
    /// `more`: it could not and could; `less`: it could and could not; `sooner` or `later` in the order; `other`: another
    /// rule stops it, or the price is another.
    how: &'static str,
}

/// Plans an opportunity again with the terms of today and tells the difference. Nothing is changed by it.
#[utoipa::path(post, path = "/opportunities/{id}/what-if", tag = "routing", operation_id = "whatIf", params(("id" = String, Path)), request_body = WhatIfInput, responses((status = 200, body = WhatIfItem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn what_if(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<WhatIfInput>,
) -> Result<Json<WhatIfItem>, Problem> {
    caller.may(Need::Write)?;
    let when = match input.at.as_deref() {
        None | Some("then") => When::Then,
        Some("now") => When::Now,
        Some(_) => return Err(Problem::invalid("at", "Write now or then.")),
    };
    let record = super::find(&app, &caller, &id).await?;
    let names = Names::of(&app, &caller)?;
    let opportunity = &record.opportunity;
    let zone = zone(&app, caller.account)?;
    let planner = WhatIf::new(
        app.backend.reservations.clone(),
        app.backend.opportunities.clone(),
    );
    let now = app.backend.moment.now();
    let would = planner.plan_again(&names.market, &record, &zone, when, now);
    let would = would.await?;
    let told = Told::of(&app, &names, &record).await?;
    let attempts = app.backend.opportunities.attempts(opportunity.id).await?;
    let before = SideItem {
        plan_version: opportunity.plan_version,
        reason: opportunity
            .reason
            .filter(|_| record.planned.is_empty())
            .map(ReasonItem::from),
        told: told.stopped(&record).unwrap_or_default(),
        compared: Vec::new(),
        planned: record
            .planned
            .iter()
            .map(|attempt| names.planned(attempt, told.groups()))
            .collect(),
        trace: told.lines(
            &record.trace,
            &record.planned,
            &attempts,
            opportunity.sold_to,
        ),
    };
    let mut told = told.today();
    if let Some(plan) = names.market.plan(opportunity.campaign) {
        told.read_plan(plan);
    }
    let empty = |told: String, reason, compared| SideItem {
        plan_version: None,
        reason,
        told,
        compared,
        planned: Vec::new(),
        trace: Vec::new(),
    };
    let (today, changed) = match would {
        Would::NoPlan => {
            let why = "The campaign has no route plan in force.".to_owned();
            (empty(why, None, Vec::new()), Vec::new())
        }
        Would::Refused(refusal) => {
            let (why, compared) = told.gate_refusal(&refusal);
            let reason = Some(refusal.reason().into());
            (empty(why, reason, compared), Vec::new())
        }
        Would::Planned { version, plan, .. } => {
            let changed = changed(&names, &record.trace, &plan.trace);
            let side = SideItem {
                plan_version: Some(version),
                reason: None,
                told: String::new(),
                compared: Vec::new(),
                planned: plan
                    .attempts
                    .iter()
                    .map(|attempt| names.planned(attempt, told.groups()))
                    .collect(),
                trace: told.lines(&plan.trace, &plan.attempts, &[], None),
            };
            (side, changed)
        }
    };
    Ok(Json(WhatIfItem {
        before,
        today,
        changed,
    }))
}

/// Contracts of which something else would become.
fn changed(names: &Names, before: &[TraceLine], today: &[TraceLine]) -> Vec<ChangedItem> {
    let was: BTreeMap<ContractId, &Outcome> = before
        .iter()
        .map(|line| (line.contract, &line.outcome))
        .collect();
    let is: BTreeMap<ContractId, &Outcome> = today
        .iter()
        .map(|line| (line.contract, &line.outcome))
        .collect();
    let mut found: Vec<(u16, ChangedItem)> = Vec::new();
    let all = was
        .keys()
        .chain(is.keys().filter(|id| !was.contains_key(*id)));
    for id in all {
        let Some((how, attempt)) = how(was.get(id).copied(), is.get(id).copied()) else {
            continue;
        };
        let contract = names.contract(*id);
        found.push((attempt.unwrap_or(u16::MAX), ChangedItem { contract, how }));
    }
    found.sort_by_key(|(attempt, _)| *attempt);
    found.into_iter().map(|(_, item)| item).collect()
}

/// What is different of a contract, and in which attempt it would be.
fn how(was: Option<&Outcome>, is: Option<&Outcome>) -> Option<(&'static str, Option<u16>)> {
    if was == is {
        return None;
    }
    let place = |outcome: Option<&Outcome>| match outcome {
        Some(Outcome::Eligible { attempt, .. }) => Some(attempt.unwrap_or(u16::MAX)),
        Some(Outcome::Refused(_)) | None => None,
    };
    Some(match (place(was), place(is)) {
        (None, Some(attempt)) => ("more", Some(attempt)),
        (Some(_), None) => ("less", None),
        (Some(was), Some(is)) if is < was => ("sooner", Some(is)),
        (Some(was), Some(is)) if is > was => ("later", Some(is)),
        (_, is) => ("other", is),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::routing::Refusal;

    #[test]
    fn what_is_different_of_a_contract_has_a_word() {
        let could = |attempt| Outcome::Eligible {
            price: None,
            unpaid: false,
            attempt,
        };
        let stopped = Outcome::Refused(Refusal::NoPrice);
        let other = Outcome::Refused(Refusal::WeightZero);
        for (was, is, word) in [
            (Some(&could(Some(0))), Some(&could(Some(0))), None),
            (Some(&stopped), Some(&could(Some(1))), Some("more")),
            (None, Some(&could(None)), Some("more")),
            (Some(&could(Some(0))), Some(&stopped), Some("less")),
            (Some(&could(Some(0))), None, Some("less")),
            (Some(&could(Some(2))), Some(&could(Some(0))), Some("sooner")),
            (Some(&could(None)), Some(&could(Some(3))), Some("sooner")),
            (Some(&could(Some(0))), Some(&could(None)), Some("later")),
            (Some(&stopped), Some(&other), Some("other")),
            (None, None, None),
        ] {
            assert_eq!(how(was, is).map(|(word, _)| word), word);
        }
    }
}
