//! The members of an account: who they are, and taking one out. They are added on the command line, which gives each a
//! one-time password.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use trunkline_core::base::id::MembershipId;
use trunkline_engine::ports::access::Member;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Caller, Need};
use crate::api::page::Page;
use crate::app::App;
use crate::problem::Problem;

/// Most members that are listed.
const MEMBERS_MAX: u32 = 500;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(remove))
}

/// A member of the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberItem {
    id: String,
    email: String,
    name: String,
    /// `viewer`, `manager` or `owner`.
    role: &'static str,
    /// Whether they run the server.
    operator: bool,
    /// Whether it is the caller.
    own: bool,
    /// When they became a member.
    created_at: i64,
}

/// The members of the account, oldest first.
#[utoipa::path(get, path = "/members", tag = "access", operation_id = "listMembers", responses((status = 200, body = Page<MemberItem>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Page<MemberItem>>, Problem> {
    caller.may(Need::Own)?;
    let (user, ..) = caller.person()?;
    let members = app.backend.access.members(caller.account, MEMBERS_MAX);
    let item = |member: Member| MemberItem {
        id: member.membership.id.to_string(),
        email: member.email,
        name: member.name,
        role: member.membership.role.word(),
        operator: member.operator,
        own: member.membership.user == user,
        created_at: member.membership.id.drawn_at().as_millis(),
    };
    Ok(Json(Page::whole(
        members.await?.into_iter().map(item).collect(),
    )))
}

/// Takes a member out of the account: their logins there end at once. Somebody who is a member of nothing else is
/// removed altogether. The account keeps an owner.
#[utoipa::path(delete, path = "/members/{id}", tag = "access", operation_id = "removeMember", params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.may(Need::Own)?;
    let missing = || Problem::not_found("member");
    let id = MembershipId::parse(&id).map_err(|_| missing())?;
    let found = app.backend.access.member(caller.account, id).await?;
    let member = found.ok_or_else(missing)?;
    // Who runs the server is put out by nobody but those who run it.
    if member.operator {
        caller.may(Need::Operate)?;
    }
    app.backend
        .access
        .delete_membership(&member.membership)
        .await?;
    app.streams.ask_again();
    tracing::info!(account = %caller.account, member = %id, "a member was taken out of an account");
    Ok(StatusCode::NO_CONTENT)
}
