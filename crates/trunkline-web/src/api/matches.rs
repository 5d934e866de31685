//! Who is this? The likeliest visitors of a call, and what the person who answers says.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Deserializer, Serialize};
use trunkline_core::base::id::SessionId;
use trunkline_engine::attribution::Match;
use trunkline_engine::ports::calls::CallRow;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Body;
use super::calls::find;
use super::sessions::SourceItem;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(matches))
        .routes(routes!(confirm))
}

/// Who may be calling.
#[derive(Debug, Serialize, ToSchema)]
struct CallMatches {
    call: String,
    /// The likeliest visitors, likeliest first, at most three.
    matches: Vec<MatchItem>,
    confirmation: Option<Confirmation>,
}

/// A visitor who may be calling.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallMatch)]
struct MatchItem {
    session: String,
    who: String,
    /// `phone`, `tablet` or `desktop`.
    device: &'static str,
    source: SourceItem,
    /// The page they look at, or looked at last.
    page: String,
    /// When the visit began.
    since: i64,
    /// Whether they are on the site now.
    live: bool,
    /// 0 of a visitor who is on the site now but was not shown the number.
    probability: f64,
    /// Whether this is who a person confirmed.
    confirmed: bool,
}

/// What a person said of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallConfirmation)]
pub(super) struct Confirmation {
    /// Null: none of these.
    session: Option<String>,
    at: i64,
    /// Who said it; null for a program with a key.
    by: Option<String>,
}

/// Who called.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CallConfirmationInput)]
struct ConfirmationInput {
    /// The visit that called; null: none of these.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    session: Option<String>,
}

/// Null is an answer; a field that is left out is none.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from)
}

/// Who may be calling: the likeliest visitors with where they are.
#[utoipa::path(get, path = "/calls/{id}/matches", tag = "attribution", operation_id = "listCallMatches", params(("id" = String, Path)), responses((status = 200, body = CallMatches), (status = 404, body = Problem)))]
async fn matches(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CallMatches>, Problem> {
    caller.may(Need::Read)?;
    let call = find(&app, &caller, &id).await?;
    Ok(Json(told(&app, &call).await?))
}

/// Says who called. It credits the call and teaches the site's model; the latest confirmation counts. Of a call that
/// screening stopped, or whose caller has yet to press a key, nothing is taken.
#[utoipa::path(post, path = "/calls/{id}/confirmation", tag = "attribution", operation_id = "confirmCall", params(("id" = String, Path)), request_body = ConfirmationInput, responses((status = 200, body = CallMatches), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(input): Body<ConfirmationInput>,
) -> Result<Json<CallMatches>, Problem> {
    caller.may(Need::Write)?;
    let call = find(&app, &caller, &id).await?;
    let session = match &input.session {
        None => None,
        Some(text) => {
            let missing = || {
                Problem::invalid(
                    "session",
                    "There is no such visit. Send one of the call's matches, or null for none of these.",
                )
            };
            let id = SessionId::parse(text).map_err(|_| missing())?;
            let found = app.backend.history.session(id).await?;
            Some(
                found
                    .filter(|s| s.account == caller.account)
                    .ok_or_else(missing)?,
            )
        }
    };
    let by = caller.person().ok().map(|(user, _, _)| user);
    let matches = &app.backend.matches;
    let call = matches.confirm(&call, session.as_ref(), by).await?;
    Ok(Json(told(&app, &call).await?))
}

async fn told(app: &Web, call: &CallRow) -> Result<CallMatches, Problem> {
    let found = app.backend.matches.likeliest(call).await?;
    let item = |m: Match| MatchItem {
        confirmed: call.confirmed_at.is_some() && call.session == Some(m.session),
        session: m.session.to_string(),
        who: m.who,
        device: m.device.word(),
        source: SourceItem::from(&m.source),
        page: m.page,
        since: m.since.as_millis(),
        live: m.live,
        probability: m.probability,
    };
    Ok(CallMatches {
        call: call.id.to_string(),
        matches: found.into_iter().map(item).collect(),
        confirmation: confirmation(app, call).await?,
    })
}

/// What a person said of a call, with their name.
pub(super) async fn confirmation(
    app: &Web,
    call: &CallRow,
) -> Result<Option<Confirmation>, Problem> {
    let Some(label) = app.backend.matches.confirmation(call).await? else {
        return Ok(None);
    };
    let user = match label.said_by {
        Some(user) => app.backend.access.user(user).await?,
        None => None,
    };
    Ok(Some(Confirmation {
        session: label.session.map(|s| s.to_string()),
        at: label.at.as_millis(),
        by: user.map(|u| u.name),
    }))
}
