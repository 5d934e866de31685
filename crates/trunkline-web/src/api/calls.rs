//! The call log: list, counts, CSV, and one call with its story.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use trunkline_core::attribution::WINDOW_DAYS;
use trunkline_core::base::id::{CallId, NumberId, SessionId, SiteId};
use trunkline_core::base::{Country, PhoneNumber, Timestamp};
use trunkline_core::call::CallResult;
use trunkline_core::visitor::Channel;
use trunkline_engine::ports::calls::{CallFilter, CallRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::calls_view::{CallDetail, CallSummary, Names};
use super::matches::confirmation;
use super::page::{Page, after, cursor, limit};
use super::screening::listed;
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Most rows of one CSV file.
const CSV_ROWS_MAX: u32 = 50_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(csv))
        .routes(routes!(counts))
        .routes(routes!(in_progress))
        .routes(routes!(read))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Came at or after, ms.
    from: Option<i64>,
    /// Came before, ms.
    to: Option<i64>,
    /// Only calls that did not end; `true`, or left out.
    live: Option<bool>,
    /// Only ended calls with this result, such as `no_answer`.
    result: Option<String>,
    /// Only this channel, such as `paid_search`.
    channel: Option<String>,
    source: Option<String>,
    medium: Option<String>,
    site: Option<String>,
    number: Option<String>,
    /// Only this caller.
    caller: Option<String>,
    session: Option<String>,
    /// Only ambiguous ones.
    ambiguous: Option<bool>,
    /// Only missed ones; blocked calls are none.
    missed: Option<bool>,
    /// Only recorded ones.
    recorded: Option<bool>,
    /// The server's own test calls, which are left out otherwise.
    synthetic: Option<bool>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl Filter {
    fn read(self, caller: &Caller, home: Country) -> Result<CallFilter, Problem> {
        let given = |text: Option<String>| text.filter(|t| !t.is_empty());
        let only = |name: &'static str, wanted: Option<bool>| match wanted {
            Some(false) => Err(Problem::invalid(
                name,
                format!("Write {name}=true for only those, or leave it out for all."),
            )),
            wanted => Ok(wanted.is_some()),
        };
        let result = given(self.result).map(|w| {
            CallResult::from_word(&w).ok_or_else(|| {
                Problem::invalid("result", "Write a result such as answered or no_answer.")
            })
        });
        let channel = given(self.channel).map(|w| {
            Channel::from_word(&w)
                .ok_or_else(|| Problem::invalid("channel", "Write a channel such as paid_search."))
        });
        let caller_number = given(self.caller).map(|t| {
            PhoneNumber::parse(&t, home).map_err(|e| Problem::invalid("caller", e.to_string()))
        });
        let site = given(self.site)
            .map(|t| SiteId::parse(&t).map_err(|e| Problem::invalid("site", e.to_string())));
        let number = given(self.number)
            .map(|t| NumberId::parse(&t).map_err(|e| Problem::invalid("number", e.to_string())));
        let session = given(self.session)
            .map(|t| SessionId::parse(&t).map_err(|e| Problem::invalid("session", e.to_string())));
        Ok(CallFilter {
            account: Some(caller.account),
            from: self.from.map(Timestamp::from_millis),
            to: self.to.map(Timestamp::from_millis),
            live: only("live", self.live)?,
            result: result.transpose()?,
            channel: channel.transpose()?,
            source: given(self.source).map(|s| s.to_lowercase()),
            medium: given(self.medium).map(|s| s.to_lowercase()),
            site: site.transpose()?,
            number: number.transpose()?,
            caller: caller_number.transpose()?,
            session: session.transpose()?,
            ambiguous: only("ambiguous", self.ambiguous)?,
            missed: only("missed", self.missed)?,
            recorded: only("recorded", self.recorded)?,
            synthetic: only("synthetic", self.synthetic)?,
            after: after(self.cursor.as_deref())?,
            limit: limit(self.limit)?,
        })
    }
}

/// Calls, newest first.
#[utoipa::path(get, path = "/calls", tag = "call", operation_id = "listCalls", params(Filter), responses((status = 200, body = Page<CallSummary>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<CallSummary>>, Problem> {
    caller.may(Need::Read)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let mut filter = filter.read(&caller, home)?;
    let wanted = filter.limit as usize;
    filter.limit += 1;
    let mut rows = app.backend.records.calls(&filter).await?;
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|last| cursor(last.started_at, last.id));
    let names = Names::of(&app, &caller)?;
    Ok(Json(Page {
        items: rows.iter().map(|row| names.summary(row)).collect(),
        next_cursor,
    }))
}

/// The same list as a CSV file.
#[utoipa::path(get, path = "/calls.csv", tag = "call", operation_id = "exportCalls", params(Filter), responses((status = 200, body = String, content_type = "text/csv"), (status = 429, body = Problem)))]
async fn csv(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let (_, home) = account_defaults(&app, &caller)?;
    let mut filter = filter.read(&caller, home)?;
    filter.limit = CSV_ROWS_MAX;
    let _export = app.exports.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once(
            "An export of this account is being made. Wait for it, then ask again.",
        )
    })?;
    let rows = app.backend.records.calls(&filter).await?;
    let names = Names::of(&app, &caller)?;
    let mut text = String::from(
        "call,started_at,result,talk_seconds,caller,number,site,channel,source,medium,ad_campaign,term,probability,destination\r\n",
    );
    for row in &rows {
        csv_row(&mut text, row, &names.summary(row));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"calls.csv\"",
        ),
    ];
    Ok((headers, text))
}

fn csv_row(out: &mut String, row: &CallRow, call: &CallSummary) {
    let source = call.source.as_ref();
    let cells = [
        call.id.clone(),
        row.started_at.to_rfc3339(),
        call.result.unwrap_or(call.state).to_owned(),
        call.talk_seconds.to_string(),
        call.caller.clone().unwrap_or_default(),
        call.number.number().to_owned(),
        call.site
            .as_ref()
            .map(|s| s.name.clone())
            .unwrap_or_default(),
        source.map(|s| s.channel.to_owned()).unwrap_or_default(),
        source.map(|s| s.source.clone()).unwrap_or_default(),
        source.map(|s| s.medium.clone()).unwrap_or_default(),
        source
            .and_then(|s| s.ad_campaign.clone())
            .unwrap_or_default(),
        source.and_then(|s| s.term.clone()).unwrap_or_default(),
        call.probability
            .map(|p| format!("{p:.3}"))
            .unwrap_or_default(),
        call.destination.clone().unwrap_or_default(),
    ];
    let quoted: Vec<String> = cells.iter().map(|c| csv_cell(c)).collect();
    out.push_str(&quoted.join(","));
    out.push_str("\r\n");
}

/// Quotes a cell (RFC 4180). A leading sign that a spreadsheet would run as a formula gets an
/// apostrophe, except for phone numbers.
pub(crate) fn csv_cell(text: &str) -> String {
    let is_number = text
        .strip_prefix('+')
        .is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let guarded = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// Counts for the views of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallCounts)]
struct Counts {
    all: i64,
    /// Since midnight in the account's zone.
    today: i64,
    live: i64,
    ambiguous: i64,
    missed: i64,
    /// Ambiguous ones since midnight in the account's zone.
    ambiguous_today: i64,
    /// Missed ones since midnight in the account's zone.
    missed_today: i64,
}

/// Counts for the views of the log.
#[utoipa::path(get, path = "/calls/counts", tag = "call", operation_id = "callCounts", responses((status = 200, body = Counts)))]
async fn counts(State(app): State<App>, caller: Caller) -> Result<Json<Counts>, Problem> {
    caller.may(Need::Read)?;
    let (zone, _) = account_defaults(&app, &caller)?;
    let today = zone.start_of_day(app.backend.moment.now());
    let counts = app.backend.records.counts(caller.account, today).await?;
    Ok(Json(Counts {
        all: counts.all,
        today: counts.today,
        live: counts.live,
        ambiguous: counts.ambiguous,
        missed: counts.missed,
        ambiguous_today: counts.ambiguous_today,
        missed_today: counts.missed_today,
    }))
}

/// Calls in progress, oldest first.
#[utoipa::path(get, path = "/calls/live", tag = "call", operation_id = "liveCalls", responses((status = 200, body = Page<CallSummary>)))]
async fn in_progress(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Page<CallSummary>>, Problem> {
    caller.may(Need::Read)?;
    let names = Names::of(&app, &caller)?;
    let rows = app.backend.calls.in_progress(caller.account);
    Ok(Json(Page::whole(
        rows.iter().map(|row| names.summary(row)).collect(),
    )))
}

/// A call with its story.
#[utoipa::path(get, path = "/calls/{id}", tag = "call", operation_id = "readCall", params(("id" = String, Path)), responses((status = 200, body = CallDetail), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CallDetail>, Problem> {
    caller.may(Need::Read)?;
    let call = find(&app, &caller, &id).await?;
    let events = app.backend.records.events(call.id).await?;
    let story = match call.session {
        Some(session) => app.backend.history.session_story(session).await?,
        None => None,
    };
    let recording = match call.recording {
        Some(recording) => app.backend.records.recording(recording).await?,
        None => None,
    };
    let names = Names::of(&app, &caller)?;
    let mut detail = names.detail(
        &call,
        &events,
        story.as_ref(),
        recording.as_ref(),
        WINDOW_DAYS,
    );
    detail.confirmation = confirmation(&app, &call).await?;
    detail.listed = listed(&app, caller.account, call.caller);
    Ok(Json(detail))
}

/// A call of the caller's account.
pub(super) async fn find(app: &Web, caller: &Caller, text: &str) -> Result<CallRow, Problem> {
    let missing = || Problem::not_found("call");
    let id = CallId::parse(text).map_err(|_| missing())?;
    let call = app.backend.records.call(id).await?;
    call.filter(|c| c.account == caller.account)
        .ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn cells_are_quoted_and_never_run_as_formulas() {
        for (text, cell) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("+12145550100", "+12145550100"),
            ("+cmd", "'+cmd"),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
