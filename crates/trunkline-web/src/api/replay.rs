//! A replay of a site's past arrivals under its source rules, or under rules that are only tried.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::visitor::source::label;
use trunkline_engine::replay::{Replayed, replay};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::sites::{find, parse};
use super::source_rules::SourceRulesItem;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// How far back a replay looks when nothing else is said, in days.
const REPLAY_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(replay_sources))
}

/// What to replay.
#[derive(Debug, Deserialize, ToSchema)]
struct ReplayInput {
    /// Arrivals since then, ms; the last 90 days when left out.
    from: Option<i64>,
    /// Rules to try; the site's own when left out.
    source_rules: Option<SourceRulesItem>,
    /// Whether to rename the arrivals and their ended calls. Only by the site's own rules.
    #[serde(default)]
    apply: bool,
}

/// What a replay found.
#[derive(Debug, Serialize, ToSchema)]
struct Replay {
    from: i64,
    /// Arrivals that were looked at.
    arrivals: u64,
    /// Those that get another source, campaign, keyword, content or rule.
    changed: u64,
    /// Calls that got another source; 0 when nothing was applied.
    calls: u64,
    applied: bool,
    /// Every source with its arrivals, those that change most first.
    sources: Vec<ReplaySource>,
}

/// Arrivals of one source.
#[derive(Debug, Serialize, ToSchema)]
struct ReplaySource {
    channel: &'static str,
    channel_label: &'static str,
    source: String,
    label: String,
    before: u64,
    after: u64,
}

/// Counts what arrivals would be named under rules, and renames them when asked to.
#[utoipa::path(post, path = "/sites/{id}/source-replay", tag = "visitor", operation_id = "replaySources", params(("id" = String, Path)), request_body = ReplayInput, responses((status = 200, body = Replay), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn replay_sources(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ReplayInput>,
) -> Result<Json<Replay>, Problem> {
    caller.may(Need::Write)?;
    let site = find(&app, &caller, parse(&id)?)?;
    if input.apply && input.source_rules.is_some() {
        return Err(Problem::invalid(
            "apply",
            "Only the site's own rules rename arrivals. Save the rules first, then apply without them.",
        ));
    }
    let rules = match input.source_rules {
        Some(tried) => {
            let rules = tried.read()?;
            if let Some(problem) = rules.problem() {
                return Err(Problem::invalid("source_rules", problem));
            }
            rules
        }
        None => site.site.source_rules.clone(),
    };
    let _place = app.replays.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once("A replay is going on. Wait until it has ended.")
    })?;
    let from = input.from.map_or_else(
        || app.backend.moment.now().plus_millis(-REPLAY_DAYS * DAY_MS),
        Timestamp::from_millis,
    );
    let arrivals = app.backend.arrivals.as_ref();
    let found = replay(arrivals, &site.site, &rules, from, input.apply).await?;
    Ok(Json(told(&found, from, input.apply)))
}

fn told(found: &Replayed, from: Timestamp, applied: bool) -> Replay {
    let mut sources: Vec<ReplaySource> = found
        .sources
        .iter()
        .map(|(named, count)| ReplaySource {
            channel: named.channel.word(),
            channel_label: named.channel.label(),
            source: named.source.clone(),
            label: label(named.channel, &named.source),
            before: count.before,
            after: count.after,
        })
        .collect();
    sources.sort_by_key(|s| {
        let moved = s.before.abs_diff(s.after);
        (std::cmp::Reverse(moved), std::cmp::Reverse(s.before))
    });
    Replay {
        from: from.as_millis(),
        arrivals: found.arrivals,
        changed: found.changed,
        calls: found.calls,
        applied,
        sources,
    }
}
