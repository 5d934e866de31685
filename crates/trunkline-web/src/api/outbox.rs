//! What is delivered outside: what waits, what arrived, and what was laid aside for a person to look at.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::OutboxEventId;
use trunkline_engine::outbox::Outgoing;
use trunkline_engine::ports::outbox::{OutboxRow, OutboxState};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::page::{Page, after, cursor, limit};
use crate::app::App;
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(resend))
}

/// Something that is delivered, without what is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxEvent)]
struct EventItem {
    id: String,
    /// What kind it is, such as `lead_post`.
    kind: String,
    /// The id of what it is about.
    about: Option<String>,
    /// `waiting`, `sending`, `done`, `unknown` (it may have arrived) or `dead` (it was tried often enough, or can never
    /// arrive).
    state: &'static str,
    /// How often it was tried since a person last asked for it.
    tries: u32,
    /// What went wrong last; may be empty.
    trouble: String,
    made_at: i64,
    /// When it is tried next, while it waits.
    due_at: i64,
    ended_at: Option<i64>,
}

impl EventItem {
    fn new(outgoing: &Outgoing, row: &OutboxRow) -> Self {
        Self {
            id: row.event.id.to_string(),
            kind: row.event.kind.clone(),
            about: outgoing.about(row),
            state: row.state.word(),
            tries: row.tries,
            trouble: row.trouble.clone(),
            made_at: row.event.made_at.as_millis(),
            due_at: row.event.due_at.as_millis(),
            ended_at: row.ended_at.map(Timestamp::as_millis),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventParams {
    /// Those that are `dead` (as when left out), `unknown`, `waiting`, `sending` or `done`.
    state: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Deliveries in a state, newest first.
#[utoipa::path(get, path = "/outbox", tag = "routing", operation_id = "listOutbox", params(EventParams), responses((status = 200, body = Page<EventItem>), (status = 422, body = Problem)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<EventParams>,
) -> Result<Json<Page<EventItem>>, Problem> {
    caller.may(Need::Read)?;
    let word = params.state.as_deref().unwrap_or("dead");
    let state = OutboxState::from_word(word).ok_or_else(|| {
        Problem::invalid("state", "Write dead, unknown, waiting, sending or done.")
    })?;
    let wanted = limit(params.limit)?;
    let before = after::<_>(params.cursor.as_deref())?.map(|(_, id): (_, OutboxEventId)| id);
    let outgoing = &app.backend.outgoing;
    let found = outgoing.events_in(caller.account, state, before, wanted + 1);
    let mut found = found.await?;
    let more = found.len() > wanted as usize;
    found.truncate(wanted as usize);
    let last = found.last().filter(|_| more);
    Ok(Json(Page {
        next_cursor: last.map(|row| cursor(row.event.made_at, row.event.id)),
        items: found
            .iter()
            .map(|row| EventItem::new(outgoing, row))
            .collect(),
    }))
}

/// Delivers one that is dead or unknown again. What is unknown may have arrived the first time: look at the other side
/// before.
#[utoipa::path(post, path = "/outbox/{id}/resend", tag = "routing", operation_id = "resendOutbox", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
async fn resend(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::http::StatusCode, Problem> {
    caller.may(Need::Write)?;
    let missing = || Problem::not_found("delivery that was laid aside");
    let id = OutboxEventId::parse(&id).map_err(|_| missing())?;
    if app.backend.outgoing.send_again(caller.account, id).await? {
        Ok(axum::http::StatusCode::NO_CONTENT)
    } else {
        Err(missing())
    }
}
