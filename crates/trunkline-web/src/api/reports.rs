//! Reports: calls per source as expected values, for the screen and as a CSV file.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use trunkline_core::attribution::TouchModel;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::SiteId;
use trunkline_core::report::{QUALIFIED_SECONDS, SourceFigures, SourceTable};
use trunkline_core::visitor::source::label;
use trunkline_engine::ports::past_calls::PastCallFilter;
use trunkline_engine::report::{REPORT_CALLS_MAX, ReportSource, SourceReport, sources};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::calls::csv_cell;
use super::sites::find;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Longest period of a report, in days.
const PERIOD_DAYS_MAX: i64 = 92;
/// The period when nothing else is said, in days.
const PERIOD_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;
/// What calls are called that belong to no visit and whose number tells no source.
const NO_SOURCE: &str = "No visit";

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(by_source))
        .routes(routes!(by_source_csv))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Calls that came at or after, ms; the last 30 days when left out.
    from: Option<i64>,
    /// Calls that came before, ms; until now when left out. At most 92 days after `from`.
    to: Option<i64>,
    /// Only this site.
    site: Option<String>,
    /// How a call is shared among the arrivals of its visit: `first`, `last` (when left out), `fifty_fifty`,
    /// `w`, `linear` or `time_decay`.
    model: Option<String>,
}

/// Calls per source.
#[derive(Debug, Serialize, ToSchema)]
struct SourceReportItem {
    from: i64,
    to: i64,
    /// How a call is shared among the arrivals of its visit.
    model: &'static str,
    /// Seconds a call is connected before it is qualified.
    qualified_seconds: u32,
    /// Every source, the one with most expected calls first.
    sources: Vec<SourceRow>,
    total: Figures,
}

/// The calls of a source.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceReportRow)]
struct SourceRow {
    /// Null with `source`: calls that belong to no visit.
    channel: Option<&'static str>,
    channel_label: Option<&'static str>,
    source: Option<String>,
    label: String,
    #[serde(flatten)]
    figures: Figures,
}

/// Calls of one source or of all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceReportFigures)]
struct Figures {
    /// Expected calls: the probability of each call, times the share of the source's arrivals in it.
    expected: f64,
    /// The interval that holds the calls of the source with 95 %.
    low: f64,
    high: f64,
    /// Calls credited to the source.
    credited: u64,
    /// Of those, how many were answered.
    answered: u64,
    /// Of those, how many were qualified: connected for at least the account's `qualified_seconds`.
    qualified: u64,
    /// Time those were connected, in seconds.
    talk_seconds: i64,
}

/// Calls per source, as expected values with an interval and as credited.
#[utoipa::path(get, path = "/reports/sources", tag = "report", operation_id = "reportSources", params(Asked), responses((status = 200, body = SourceReportItem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn by_source(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<SourceReportItem>, Problem> {
    caller.may(Need::Read)?;
    Ok(Json(made(&app, &caller, asked).await?))
}

/// The same report as a CSV file.
#[utoipa::path(get, path = "/reports/sources.csv", tag = "report", operation_id = "exportSourceReport", params(Asked), responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn by_source_csv(
    State(app): State<App>,
    caller: Caller,
    Params(asked): Params<Asked>,
) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let report = made(&app, &caller, asked).await?;
    let mut text = String::from(
        "channel,source,calls_expected,calls_low,calls_high,calls_credited,answered,qualified,talk_minutes\r\n",
    );
    for row in &report.sources {
        let channel = row.channel.unwrap_or_default();
        let source = row.source.as_deref().unwrap_or(NO_SOURCE);
        csv_line(&mut text, channel, source, &row.figures);
    }
    csv_line(&mut text, "", "Total", &report.total);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"sources.csv\"",
        ),
    ];
    Ok((headers, text))
}

fn csv_line(out: &mut String, channel: &str, source: &str, figures: &Figures) {
    use std::fmt::Write;
    let minutes = figures.talk_seconds as f64 / 60.0;
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{},{},{:.2},{:.2},{:.2},{},{},{},{minutes:.1}\r\n",
        csv_cell(channel),
        csv_cell(source),
        figures.expected,
        figures.low,
        figures.high,
        figures.credited,
        figures.answered,
        figures.qualified,
    );
}

async fn made(app: &Web, caller: &Caller, asked: Asked) -> Result<SourceReportItem, Problem> {
    let now = app.backend.moment.now();
    let to = asked.to.map_or(now.plus_millis(1), Timestamp::from_millis);
    let from = asked.from.map_or(
        to.plus_millis(-PERIOD_DAYS * DAY_MS),
        Timestamp::from_millis,
    );
    let length_ms = to.millis_since(from);
    if !(1..=PERIOD_DAYS_MAX * DAY_MS).contains(&length_ms) {
        return Err(Problem::invalid(
            "from",
            format!("Write a time before `to`, at most {PERIOD_DAYS_MAX} days."),
        ));
    }
    let model = match asked.model.filter(|m| !m.is_empty()) {
        None => TouchModel::Last,
        Some(word) => TouchModel::from_word(&word).ok_or_else(|| {
            let known: Vec<&str> = TouchModel::ALL.iter().map(|m| m.word()).collect();
            Problem::invalid("model", format!("Write one of {}.", known.join(", ")))
        })?,
    };
    let site = match asked.site.filter(|s| !s.is_empty()) {
        None => None,
        Some(text) => {
            let id = SiteId::parse(&text).map_err(|e| Problem::invalid("site", e.to_string()))?;
            Some(find(app, caller, id)?.site.id)
        }
    };
    let _place = app.reports.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once(
            "A report of this account is being made. Wait for it, then ask again.",
        )
    })?;
    let filter = PastCallFilter {
        account: caller.account,
        site,
        from,
        to,
    };
    let directory = app.backend.directory.now();
    let past = app.backend.past.as_ref();
    match sources(past, &directory, filter, model).await? {
        SourceReport::Table(table) => {
            let account = directory.account(caller.account);
            let needed = account.map_or(QUALIFIED_SECONDS, |account| account.qualified_seconds);
            Ok(told(&table, from, to, model, needed))
        }
        SourceReport::TooManyCalls => Err(Problem::invalid(
            "from",
            format!(
                "The period has more than {REPORT_CALLS_MAX} calls. Choose a shorter one, or one site."
            ),
        )),
    }
}

fn told(
    table: &SourceTable<ReportSource>,
    from: Timestamp,
    to: Timestamp,
    model: TouchModel,
    qualified_seconds: u32,
) -> SourceReportItem {
    let mut sources: Vec<SourceRow> = table
        .sources
        .iter()
        .map(|(source, figures)| SourceRow {
            channel: source.as_ref().map(|s| s.channel.word()),
            channel_label: source.as_ref().map(|s| s.channel.label()),
            source: source.as_ref().map(|s| s.source.clone()),
            label: source
                .as_ref()
                .map_or_else(|| NO_SOURCE.to_owned(), |s| label(s.channel, &s.source)),
            figures: Figures::of(figures, table.calls),
        })
        .collect();
    sources.sort_by(|a, b| {
        let most = b.figures.expected.total_cmp(&a.figures.expected);
        most.then_with(|| a.label.cmp(&b.label))
    });
    SourceReportItem {
        from: from.as_millis(),
        to: to.as_millis(),
        model: model.word(),
        qualified_seconds,
        sources,
        total: Figures::of(&table.total(), table.calls),
    }
}

impl Figures {
    fn of(figures: &SourceFigures, calls: u64) -> Self {
        let (low, high) = figures.interval(calls);
        Self {
            expected: figures.expected,
            low,
            high,
            credited: figures.credited,
            answered: figures.answered,
            qualified: figures.qualified,
            talk_seconds: figures.talk_ms / 1_000,
        }
    }
}
