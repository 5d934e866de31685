//! Leads as the API shows them: the log, one lead with everything that happened to it, returns, and tables that are taken
//! in.

mod import;
mod returns;
mod view;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use trunkline_core::base::id::{ContractId, OpportunityId};
use trunkline_core::base::{Id, IdKind, PhoneNumber, Timestamp};
use trunkline_core::lead::RunState;
use trunkline_engine::lead::{LeadError, sha256};
use trunkline_engine::ports::leads::{LeadFilter, LeadRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::view::{LeadDetail, LeadSummary, csv_row};
use super::body::{Body, Params};
use super::page::{Page, after, cursor, limit};
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::{Problem, sentence};

/// Most rows of a CSV file.
const CSV_ROWS_MAX: u32 = 50_000;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(csv))
        .routes(routes!(read))
        .routes(routes!(tell))
        .merge(returns::router())
        .merge(import::router())
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Came at or after.
    from: Option<i64>,
    /// Came before.
    to: Option<i64>,
    campaign: Option<String>,
    feed: Option<String>,
    publisher: Option<String>,
    /// Only those that this buyer was sent.
    buyer: Option<String>,
    /// Where it stands: `ping_accepted`, `ping_rejected`, `selling`, `sold`, `unsold`, `queued`, `rejected`, `returned`.
    state: Option<String>,
    /// Tests alone, or none of them.
    test: Option<bool>,
    /// Only those of a person, by their phone number or e-mail address.
    person: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

fn given<K: IdKind>(name: &'static str, text: Option<String>) -> Result<Option<Id<K>>, Problem> {
    let text = text.filter(|text| !text.is_empty());
    let parsed = text.map(|text| Id::parse(&text));
    parsed
        .transpose()
        .map_err(|error| Problem::invalid(name, sentence(&error.to_string())))
}

impl Filter {
    fn read(self, app: &Web, caller: &Caller) -> Result<LeadFilter, Problem> {
        let (_, home) = account_defaults(app, caller)?;
        let state = self.state.filter(|word| !word.is_empty()).map(|word| {
            RunState::from_word(&word).ok_or_else(|| {
                let words: Vec<&str> = RunState::ALL.iter().map(|s| s.word()).collect();
                Problem::invalid("state", format!("Write one of {}.", words.join(", ")))
            })
        });
        // Somebody is looked for as they are known: by a hash.
        let person = self.person.filter(|text| !text.is_empty()).map(|text| {
            let text = text.trim();
            if text.contains('@') {
                return Ok(sha256(text.to_lowercase().as_bytes()));
            }
            let number = PhoneNumber::parse(text, home);
            let number = number.map_err(|e| Problem::invalid("person", sentence(&e.to_string())));
            number.map(|number| sha256(number.to_string().as_bytes()))
        });
        let before = after(self.cursor.as_deref())?;
        Ok(LeadFilter {
            account: caller.account,
            from: self.from.map_or(Timestamp::EPOCH, Timestamp::from_millis),
            to: self
                .to
                .map_or(Timestamp::from_millis(i64::MAX), Timestamp::from_millis),
            campaign: given("campaign", self.campaign)?,
            feed: given("feed", self.feed)?,
            publisher: given("publisher", self.publisher)?,
            buyer: given("buyer", self.buyer)?,
            state: state.transpose()?,
            test: self.test,
            person: person.transpose()?,
            before: before.map(|(_, id): (_, OpportunityId)| id),
            limit: limit(self.limit)?,
        })
    }
}

/// Leads, the newest first.
#[utoipa::path(get, path = "/leads", tag = "lead", operation_id = "listLeads", params(Filter), responses((status = 200, body = Page<LeadSummary>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<LeadSummary>>, Problem> {
    caller.may(Need::Read)?;
    let mut filter = filter.read(&app, &caller)?;
    let wanted = filter.limit as usize;
    filter.limit += 1;
    let mut rows = app.backend.lead_records.leads(&filter).await?;
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|row| cursor(row.came_at, row.id));
    let market = app.backend.distribution.market(caller.account)?;
    let items = rows.iter().map(|row| LeadSummary::new(&market, row));
    Ok(Json(Page {
        items: items.collect(),
        next_cursor,
    }))
}

/// The same list as a CSV file.
#[utoipa::path(get, path = "/leads.csv", tag = "lead", operation_id = "exportLeads", params(Filter), responses((status = 200, body = String, content_type = "text/csv"), (status = 429, body = Problem)))]
async fn csv(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<impl IntoResponse, Problem> {
    caller.may(Need::Read)?;
    let mut filter = filter.read(&app, &caller)?;
    filter.limit = CSV_ROWS_MAX;
    let _export = app.exports.take(caller.account).ok_or_else(|| {
        Problem::too_many_at_once(
            "An export of this account is being made. Wait for it, then ask again.",
        )
    })?;
    let rows = app.backend.lead_records.leads(&filter).await?;
    let market = app.backend.distribution.market(caller.account)?;
    let mut text = String::from(
        "lead,came_at,state,reason,campaign,publisher,came_by,test,phone,zip,state_code,buyers,revenue,payout,currency\r\n",
    );
    for row in &rows {
        csv_row(&mut text, &LeadSummary::new(&market, row));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"leads.csv\"",
        ),
    ];
    Ok((headers, text))
}

/// A lead of the caller's account.
async fn find(app: &Web, caller: &Caller, id: &str) -> Result<LeadRow, Problem> {
    let missing = || Problem::not_found("lead");
    let id = OpportunityId::parse(id).map_err(|_| missing())?;
    let row = app.backend.lead_records.lead(id).await?;
    row.filter(|row| row.account == caller.account)
        .ok_or_else(missing)
}

/// A lead with its fields, what happened to it, its record of consent, and what buyers gave back.
#[utoipa::path(get, path = "/leads/{id}", tag = "lead", operation_id = "readLead", params(("id" = String, Path)), responses((status = 200, body = LeadDetail), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<LeadDetail>, Problem> {
    caller.may(Need::Read)?;
    let row = find(&app, &caller, &id).await?;
    Ok(Json(LeadDetail::of(&app, &caller, &row).await?))
}

/// What a buyer did who did not answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadToldInput, example = json!({"taken": true}))]
struct ToldInput {
    /// Whether the buyer has the lead.
    taken: Option<bool>,
}

/// Says whether a buyer has a lead who did not answer when it was sent. 409 when the buyer answered, or it was never sent to
/// them.
#[utoipa::path(post, path = "/leads/{id}/legs/{contract}", tag = "lead", operation_id = "tellLead", params(("id" = String, Path), ("contract" = String, Path)), request_body = ToldInput, responses((status = 200, body = LeadDetail), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn tell(
    State(app): State<App>,
    caller: Caller,
    Path((id, contract)): Path<(String, String)>,
    Body(input): Body<ToldInput>,
) -> Result<Json<LeadDetail>, Problem> {
    caller.may(Need::Write)?;
    let row = find(&app, &caller, &id).await?;
    let contract = ContractId::parse(&contract).map_err(|_| Problem::not_found("contract"))?;
    let taken = input.taken;
    let taken = taken.ok_or_else(|| Problem::invalid("taken", "Write true or false."))?;
    let told = app.backend.leads.tell(row.id, contract, taken).await;
    let row = told.map_err(|error| match error {
        LeadError::Step(why) => Problem::conflict(sentence(&why.to_string())),
        LeadError::NoSuchPing => Problem::not_found("lead"),
        LeadError::Port(error) => error.into(),
        error => Problem::unavailable(sentence(&error.to_string())),
    })?;
    Ok(Json(LeadDetail::of(&app, &caller, &row).await?))
}
