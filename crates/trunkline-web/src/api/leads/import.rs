//! Tables of leads: CSV whose first row has the names.

use std::time::Duration;

use axum::Json;
use axum::body::Body as RawBody;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::FeedId;
use trunkline_engine::lead::{IMPORT_ROWS_MAX, Imported, ImportedRow, LeadError, RowFate, Sent};
use trunkline_engine::ports::leads::CameBy;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::Params;
use crate::api::upload::whole;
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::{Problem, ProblemPlace, sentence};

/// Largest table, in bytes, and longest wait for it.
const TABLE_BYTES_MAX: usize = 16 * 1024 * 1024;
const TABLE_WAIT: Duration = Duration::from_secs(120);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportParams {
    /// Says what would become of each row, and keeps nothing.
    #[serde(default)]
    dry_run: bool,
    /// Marks every row as a test, which never reaches buyers, money or caps.
    #[serde(default)]
    test: bool,
}

/// What became of a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedLeadRow)]
struct RowItem {
    /// Its place from 1, the row with the names not counted.
    row: u64,
    /// `good` in a dry run, `kept`, `known` from an earlier import, `refused`, `same`, `unreadable` or `too_many`.
    fate: &'static str,
    lead: Option<String>,
    /// The code of a refusal, such as `MISSING_FIELD:zip`.
    reason_code: Option<String>,
    /// What is wrong, in words.
    problems: Vec<String>,
    /// The earlier row with the same person.
    same_as: Option<u64>,
}

/// What became of a table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedLeads)]
struct ImportItem {
    dry_run: bool,
    /// What each column was read as; null where it was left out.
    columns: Vec<Option<String>>,
    leads: u64,
    refused: u64,
    same: u64,
    unreadable: u64,
    rows: Vec<RowItem>,
}

impl RowItem {
    fn new(row: ImportedRow) -> Self {
        let mut item = Self {
            row: row.number,
            fate: "good",
            lead: None,
            reason_code: None,
            problems: Vec::new(),
            same_as: None,
        };
        match row.fate {
            RowFate::Good => {}
            RowFate::Kept(id) => (item.fate, item.lead) = ("kept", Some(id.to_string())),
            RowFate::Known(id) => (item.fate, item.lead) = ("known", Some(id.to_string())),
            RowFate::Refused(code, problems) => {
                item.fate = "refused";
                item.reason_code = Some(code);
                item.problems = problems;
            }
            RowFate::SameAs(row) => (item.fate, item.same_as) = ("same", Some(row)),
            RowFate::Unreadable(why) => (item.fate, item.problems) = ("unreadable", vec![why]),
            RowFate::TooMany => {
                item.fate = "too_many";
                let why = format!("at most {IMPORT_ROWS_MAX} rows are read; send the rest apart");
                item.problems = vec![why];
            }
        }
        item
    }
}

/// The first row, and each of the others or why it cannot be read.
type Table = (Vec<String>, Vec<Result<Vec<String>, String>>);

fn read_table(bytes: &[u8]) -> Result<Table, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let no_names = || Problem::invalid("table", "The first row must name the columns, as UTF-8.");
    let header: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(str::to_owned).collect(),
        Err(_) => return Err(no_names()),
    };
    if header.iter().all(|name| name.trim().is_empty()) {
        return Err(no_names());
    }
    let rows = reader.records().take(IMPORT_ROWS_MAX + 2).map(|row| {
        let row = row.map_err(|error| error.to_string())?;
        Ok(row.iter().map(str::to_owned).collect())
    });
    let rows = rows.collect();
    Ok((header, rows))
}

/// Takes the rows of a CSV file in as leads of a feed, or says what would become of them. The first row names the columns,
/// in any spelling. The same row of the same feed is one lead, however often it is sent.
#[utoipa::path(post, path = "/feeds/{id}/import", tag = "lead", operation_id = "importLeads", params(("id" = String, Path), ImportParams), request_body(content = String, content_type = "text/csv", example = "phone,zip\n+12145550100,75201\n"), responses((status = 200, body = ImportItem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Params(params): Params<ImportParams>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Json<ImportItem>, Problem> {
    caller.may(Need::Write)?;
    let missing = || Problem::not_found("feed");
    let id = FeedId::parse(&id).map_err(|_| missing())?;
    let market = app.backend.distribution.market(caller.account)?;
    let feed = market.feed(id).cloned().ok_or_else(missing)?;
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "text/csv" {
        return Err(Problem::unsupported(
            "Send the table with `Content-Type: text/csv`.",
        ));
    }
    let _place = app.lists.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once(
            "A file of this account is being read. Wait for it, then ask again.",
        )
    })?;
    let bytes = whole(&headers, body, TABLE_BYTES_MAX, TABLE_WAIT).await?;
    // Thousands of rows are read: not on a thread that answers requests.
    let read = tokio::task::spawn_blocking(move || read_table(&bytes));
    let (names, rows) = read.await.map_err(|_| Problem::internal())??;
    let sent = Sent {
        market,
        feed,
        by: CameBy::Import,
        form: Vec::new(),
        key: None,
        test: params.test,
        price_min: None,
        page: None,
        visit: None,
    };
    let leads = &app.backend.leads;
    let imported = leads.import(&sent, &names, rows, params.dry_run).await;
    let imported = imported.map_err(|error| match error {
        LeadError::Closed(code) => Problem::conflict(code.sentence()),
        LeadError::NoFields => Problem::conflict(
            "The campaign of this feed has no fields, so nothing can be a lead of it. Add the fields of its leads first.",
        ),
        LeadError::Port(error) => error.into(),
        error => Problem::unavailable(sentence(&error.to_string())),
    })?;
    let Imported {
        columns,
        summary,
        rows,
    } = imported.map_err(|problems| {
        let places = problems.into_iter().map(|problem| ProblemPlace {
            place: problem.place,
            message: problem.message,
        });
        Problem::document(places.collect())
    })?;
    Ok(Json(ImportItem {
        dry_run: params.dry_run,
        columns,
        leads: summary.leads,
        refused: summary.refused,
        same: summary.same,
        unreadable: summary.unreadable,
        rows: rows.into_iter().map(RowItem::new).collect(),
    }))
}
