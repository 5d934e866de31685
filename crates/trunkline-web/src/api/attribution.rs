//! Whether a site's probabilities keep what they say, and its past calls weighed again under the model in force.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::visitor::Device;
use trunkline_engine::attribution::{
    FRESH_MIN, LABELS_MIN, RELIABILITY_LABELS_MAX, ReliabilityCurve, reliability_of,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Params};
use super::sites::{find, parse};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// How far back a report or a replay looks when nothing else is said, in days.
const DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reliability))
        .routes(routes!(read_check))
        .routes(routes!(replay_attribution))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Period {
    /// Calls that came at or after, ms; the last 30 days when left out.
    from: Option<i64>,
    /// Calls that came before, ms; until now when left out.
    to: Option<i64>,
}

/// Whether the probabilities of a site's calls keep what they say.
#[derive(Debug, Serialize, ToSchema)]
struct Reliability {
    from: i64,
    to: i64,
    /// Calls whose truth a person told. What was said of them when they came is judged.
    untapped: Curve,
    /// Calls whose truth a tap seconds before tells. What the model says without the tap is judged.
    tapped: Curve,
    /// Labelled calls by how their truth is known.
    labels: Vec<KindCount>,
    model: ModelInForce,
}

/// A reliability curve.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReliabilityCurve)]
struct Curve {
    /// Labelled calls.
    calls: usize,
    /// Of those, how many were said right.
    right: usize,
    /// How far what is said is from what is right in the mean, 0 to 1; null without calls.
    error: Option<f64>,
    /// Bins of equal mass, lowest first.
    bins: Vec<Bin>,
}

/// Calls of which about the same was said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReliabilityBin)]
struct Bin {
    calls: usize,
    /// Mean probability that was said, 0 to 1.
    said: f64,
    /// Share that was right, 0 to 1.
    right: f64,
}

/// How many labelled calls there are of a kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelCount)]
struct KindCount {
    /// `tap`, `confirmed` or `synthetic`.
    kind: &'static str,
    calls: usize,
}

/// The model that credits the site's calls now.
#[derive(Debug, Serialize, ToSchema)]
struct ModelInForce {
    /// Null: the model for new sites.
    id: Option<String>,
    /// Since when it is in force; null for the model for new sites.
    fitted_at: Option<i64>,
    /// Labelled calls it learned from.
    labels: u32,
    /// Labelled calls a site needs for a model of its own.
    labels_needed: u64,
    /// New labelled calls after which it learns before the night.
    labels_fresh: u64,
    /// How the chance of a call falls with the time since the number was on the screen.
    delays: Vec<DelayCurve>,
}

/// The delay curve of a class of devices.
#[derive(Debug, Serialize, ToSchema)]
struct DelayCurve {
    /// `phone`, or `desktop` for everything else.
    device: &'static str,
    points: Vec<DelayPoint>,
}

/// A step of a delay curve.
#[derive(Debug, Serialize, ToSchema)]
struct DelayPoint {
    /// From so many milliseconds off the screen on.
    from_ms: i64,
    /// How many times as likely to call as somebody who has had the number on the screen for a minute.
    ratio: f64,
}

/// Whether the probabilities of a site's calls keep what they say.
#[utoipa::path(get, path = "/sites/{id}/reliability", tag = "attribution", operation_id = "readReliability", params(("id" = String, Path), Period), responses((status = 200, body = Reliability), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn reliability(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(period): Params<Period>,
) -> Result<Json<Reliability>, Problem> {
    caller.may(Need::Read)?;
    let site = find(&app, &caller, parse(&id)?)?.site.id;
    let now = app.backend.moment.now();
    let to = period.to.map_or(now.plus_millis(1), Timestamp::from_millis);
    let from = period
        .from
        .map_or(to.plus_millis(-DAYS * DAY_MS), Timestamp::from_millis);
    if from >= to {
        return Err(Problem::invalid("from", "Write a time before `to`."));
    }
    let labels = &app.backend.labels;
    let labels = labels
        .labels(site, from, to, RELIABILITY_LABELS_MAX)
        .await?;
    let found = reliability_of(&labels);
    let kinds = found.kinds.iter().map(|(kind, calls)| KindCount {
        kind: kind.word(),
        calls: *calls,
    });
    let fitted = app.backend.models.fitted(site);
    let delays = [Device::Phone, Device::Desktop].map(|device| DelayCurve {
        device: device.word(),
        points: points(app.backend.models.delay_curve(site, device)),
    });
    Ok(Json(Reliability {
        from: from.as_millis(),
        to: to.as_millis(),
        untapped: Curve::from(&found.untapped),
        tapped: Curve::from(&found.tapped),
        labels: kinds.collect(),
        model: ModelInForce {
            id: fitted.map(|f| f.0.to_string()),
            fitted_at: fitted.map(|f| f.1.as_millis()),
            labels: fitted.map_or(0, |f| f.2),
            labels_needed: LABELS_MIN,
            labels_fresh: FRESH_MIN,
            delays: delays.into(),
        },
    }))
}

fn points(curve: Vec<(i64, f64)>) -> Vec<DelayPoint> {
    let point = |(from_ms, ratio)| DelayPoint { from_ms, ratio };
    curve.into_iter().map(point).collect()
}

impl From<&ReliabilityCurve> for Curve {
    fn from(curve: &ReliabilityCurve) -> Self {
        let bins = curve.bins.iter().map(|bin| Bin {
            calls: bin.calls,
            said: bin.said,
            right: bin.right,
        });
        Self {
            calls: curve.calls,
            right: curve.right,
            error: curve.error,
            bins: bins.collect(),
        }
    }
}

/// The server's own test of a site.
#[derive(Debug, Serialize, ToSchema)]
struct SiteCheck {
    /// The last test; null when there was none.
    last: Option<CheckRun>,
}

/// One test: a visit, a call to the number it was shown, and whether the call was credited to that visit.
#[derive(Debug, Serialize, ToSchema)]
struct CheckRun {
    at: i64,
    took_ms: i64,
    right: bool,
    /// What was wrong, as a sentence without full stop.
    wrong: Option<String>,
    /// The page that was read first, to see that the site's block is on it; null when none is configured.
    page: Option<String>,
    /// The number the visit was given.
    number: Option<String>,
    call: Option<String>,
}

/// What the server's own test of a site found last.
#[utoipa::path(get, path = "/sites/{id}/check", tag = "attribution", operation_id = "readCheck", params(("id" = String, Path)), responses((status = 200, body = SiteCheck), (status = 404, body = Problem)))]
async fn read_check(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SiteCheck>, Problem> {
    caller.may(Need::Read)?;
    let site = find(&app, &caller, parse(&id)?)?.site.id;
    let last = app.backend.checks.last(site).map(|run| CheckRun {
        at: run.at.as_millis(),
        took_ms: run.took_ms,
        right: run.wrong.is_none(),
        wrong: run.wrong,
        page: Some(run.page).filter(|page| !page.is_empty()),
        number: run.number.map(|n| n.to_string()),
        call: run.call.map(|c| c.to_string()),
    });
    Ok(Json(SiteCheck { last }))
}

/// Which calls to weigh again.
#[derive(Debug, Deserialize, ToSchema)]
struct AttributionReplayInput {
    /// Calls since then, ms; the last 30 days when left out.
    from: Option<i64>,
    /// Whether to credit the calls so.
    #[serde(default)]
    apply: bool,
}

/// What weighing again found.
#[derive(Debug, Serialize, ToSchema)]
struct AttributionReplay {
    from: i64,
    /// Calls that were looked at.
    calls: u64,
    /// Of those, calls a person confirmed; they keep their credit.
    confirmed: u64,
    /// Calls that get another visit, or one in place of none, or none.
    changed: u64,
    credited_before: u64,
    credited_after: u64,
    ambiguous_before: u64,
    ambiguous_after: u64,
    /// Where it stopped for its limit: go on from there. Null: it looked at all.
    stopped_at: Option<i64>,
    applied: bool,
    /// The model that weighed them; null: the one for new sites.
    model: Option<String>,
}

/// Weighs the past calls of a site again under the model in force, and credits them so when asked to.
#[utoipa::path(post, path = "/sites/{id}/attribution-replay", tag = "attribution", operation_id = "replayAttribution", params(("id" = String, Path)), request_body = AttributionReplayInput, responses((status = 200, body = AttributionReplay), (status = 404, body = Problem), (status = 429, body = Problem)))]
async fn replay_attribution(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<AttributionReplayInput>,
) -> Result<Json<AttributionReplay>, Problem> {
    caller.may(Need::Write)?;
    let site = find(&app, &caller, parse(&id)?)?;
    let _place = app.replays.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once("A replay is going on. Wait until it has ended.")
    })?;
    let now = app.backend.moment.now();
    let from = input
        .from
        .map_or(now.plus_millis(-DAYS * DAY_MS), Timestamp::from_millis);
    let again = &app.backend.again;
    let from = from.max(again.whole_since(now));
    let found = again.run(&site.site, from, now, input.apply).await?;
    let model = app.backend.models.fitted(site.site.id);
    Ok(Json(AttributionReplay {
        from: from.as_millis(),
        calls: found.calls,
        confirmed: found.confirmed,
        changed: found.changed,
        credited_before: found.credited_before,
        credited_after: found.credited_after,
        ambiguous_before: found.ambiguous_before,
        ambiguous_after: found.ambiguous_after,
        stopped_at: found.stopped_at.map(Timestamp::as_millis),
        applied: input.apply,
        model: model.map(|m| m.0.to_string()),
    }))
}
