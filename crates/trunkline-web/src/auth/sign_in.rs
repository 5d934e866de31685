//! Signing in and out, and who a login is.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::AccountId;
use trunkline_engine::ports::access::{Login, Membership, NewPassword, Role, User};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{COOKIE, Caller, Credential, Identity, Newcomer, check_origin, mark, password, sha256};
use crate::address::ClientAddress;
use crate::api::body::Body;
use crate::app::{App, Web};
use crate::problem::Problem;

const DAY_MS: i64 = 86_400_000;
/// Longest e-mail address (RFC 5321, 4.5.3.1.3 less the brackets).
const EMAIL_MAX: usize = 254;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(me))
        .routes(routes!(switch_account))
        .routes(routes!(change_password))
}

/// Address and password of a user.
#[derive(Deserialize, ToSchema)]
struct SignIn {
    email: String,
    password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    user: MeUser,
    account: MeAccount,
    /// `viewer`, `manager` or `owner`.
    role: &'static str,
    memberships: Vec<MeMembership>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeUser {
    id: String,
    email: String,
    name: String,
    /// Whether the user runs the server.
    operator: bool,
    /// Whether the password was printed: nothing else is answered until another is chosen.
    password_once: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeAccount {
    id: String,
    name: String,
    zone: String,
    currency: String,
    country: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeMembership {
    account: MeMembershipAccount,
    role: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeMembershipAccount {
    id: String,
    name: String,
}

/// Signs in and sets the login cookie.
#[utoipa::path(post, path = "/login", tag = "access", operation_id = "signIn", request_body = SignIn, responses((status = 200, body = Me), (status = 401, body = Problem), (status = 429, body = Problem)), security(()))]
async fn sign_in(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
    Body(input): Body<SignIn>,
) -> Result<Response, Problem> {
    check_origin(&app, &headers, &uri)?;
    let now = app.backend.moment.now();
    let email = input.email.trim().to_lowercase();
    if email.len() > EMAIL_MAX {
        return Err(Problem::invalid(
            "email",
            format!("Write at most {EMAIL_MAX} characters."),
        ));
    }
    let device = mark::read(&headers, &app.token_key, &email, now);
    let attempt = app.gate.attempt(&email, address, device, now);
    let attempt = attempt.map_err(Problem::too_many)?;
    let user = app.backend.access.user_by_email(&email).await?;
    let stored = user.as_ref().map(|u| u.password_hash.clone());
    let right = password::verify(input.password, stored).await?;
    let (Some(user), true) = (user, right) else {
        tracing::info!(%address, "a sign-in failed");
        return Err(Problem::unauthorized(
            "E-mail address or password is not right.",
        ));
    };
    app.gate.succeeded(attempt);
    let memberships = app.backend.access.memberships(user.id).await?;
    let account = memberships
        .first()
        .ok_or_else(|| {
            Problem::forbidden("You are a member of no account. Ask an owner to add you.")
        })?
        .account;
    let token = URL_SAFE_NO_PAD.encode(app.random::<32>()?);
    let login = Login {
        id: app.backend.moment.id(),
        token_hash: sha256(token.as_bytes()),
        user: user.id,
        account,
        created_at: now,
        expires_at: now.plus_millis(i64::from(app.settings.login_days) * DAY_MS),
    };
    app.backend.access.add_login(&login).await?;
    app.strangers.made(Credential::Login(login.token_hash));
    let me = describe(&app, &user, account, &memberships)?;
    // One device keeps its serial, so that signing in again does not multiply its attempts.
    let serial = device.map_or_else(|| app.random(), Ok)?;
    let marked = mark::set(&serial, &app.token_key, &email, now, is_secure(&app));
    let max_age_s = app.settings.login_days * 86_400;
    let mut response = with_cookie(&app, &token, max_age_s, Json(me).into_response());
    if let Some(marked) = marked {
        response.headers_mut().append(header::SET_COOKIE, marked);
    }
    Ok(response)
}

/// Signs out.
#[utoipa::path(post, path = "/logout", tag = "access", operation_id = "signOut", responses((status = 204)))]
async fn sign_out(State(app): State<App>, Newcomer(caller): Newcomer) -> Result<Response, Problem> {
    let (_, login, _) = caller.person()?;
    app.backend.access.delete_login(login).await?;
    app.streams.ask_again();
    Ok(with_cookie(
        &app,
        "",
        0,
        StatusCode::NO_CONTENT.into_response(),
    ))
}

/// Who is signed in.
#[utoipa::path(get, path = "/me", tag = "access", operation_id = "me", responses((status = 200, body = Me)))]
async fn me(State(app): State<App>, Newcomer(caller): Newcomer) -> Result<Json<Me>, Problem> {
    let (id, _, _) = caller.person()?;
    let user = app
        .backend
        .access
        .user(id)
        .await?
        .ok_or_else(|| Problem::unauthorized("The user is gone."))?;
    let memberships = app.backend.access.memberships(id).await?;
    Ok(Json(describe(&app, &user, caller.account, &memberships)?))
}

/// The account to look at.
#[derive(Deserialize, ToSchema)]
struct SwitchAccount {
    account: String,
}

/// Looks at another account of the user.
#[utoipa::path(post, path = "/me/account", tag = "access", operation_id = "switchAccount", request_body = SwitchAccount, responses((status = 200, body = Me)))]
async fn switch_account(
    State(app): State<App>,
    caller: Caller,
    Body(input): Body<SwitchAccount>,
) -> Result<Json<Me>, Problem> {
    let (id, login, _) = caller.person()?;
    let memberships = app.backend.access.memberships(id).await?;
    let wanted =
        AccountId::parse(&input.account).map_err(|e| Problem::invalid("account", e.to_string()))?;
    if !memberships.iter().any(|m| m.account == wanted) {
        return Err(Problem::not_found("membership"));
    }
    if !app.backend.access.switch_login(login, wanted).await? {
        return Err(Problem::unauthorized("The login has ended. Sign in again."));
    }
    app.streams.ask_again();
    let user = app
        .backend
        .access
        .user(id)
        .await?
        .ok_or_else(|| Problem::unauthorized("The user is gone."))?;
    Ok(Json(describe(&app, &user, wanted, &memberships)?))
}

/// A new password.
#[derive(Deserialize, ToSchema)]
struct ChangePassword {
    current: String,
    new: String,
}

/// Changes the password and ends every other login of the user.
#[utoipa::path(post, path = "/me/password", tag = "access", operation_id = "changePassword", request_body = ChangePassword, responses((status = 204), (status = 409, body = Problem)))]
async fn change_password(
    State(app): State<App>,
    Newcomer(caller): Newcomer,
    Body(input): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let (id, login, _) = caller.person()?;
    app.gate
        .change(login, app.backend.moment.now())
        .map_err(Problem::too_many)?;
    let user = app
        .backend
        .access
        .user(id)
        .await?
        .ok_or_else(|| Problem::unauthorized("The user is gone."))?;
    if !password::verify(input.current.clone(), Some(user.password_hash.clone())).await? {
        return Err(Problem::invalid(
            "current",
            "This is not your current password.",
        ));
    }
    if input.new == input.current {
        return Err(Problem::invalid(
            "new",
            "This is the password you have now; choose another.",
        ));
    }
    let hashed = tokio::task::spawn_blocking(move || password::hash(&input.new))
        .await
        .map_err(|_| Problem::internal())?;
    let new = NewPassword {
        hash: hashed.map_err(|e| Problem::invalid("new", e.to_string()))?,
        once: false,
    };
    // It took its time: whoever was given another password meanwhile, or is gone, keeps that.
    let changed = app
        .backend
        .access
        .change_password(id, &user.password_hash, &new);
    if !changed.await? {
        return Err(Problem::conflict(
            "Your password was changed meanwhile, here or by whoever runs the server. Sign in again with that one.",
        ));
    }
    app.backend.access.delete_other_logins(id, login).await?;
    app.streams.ask_again();
    Ok(StatusCode::NO_CONTENT)
}

/// The caller behind a login cookie.
pub(super) async fn caller(app: &Web, hash: [u8; 32]) -> Result<Caller, Problem> {
    let ended = || Problem::unauthorized("The login has ended. Sign in again.");
    let login = app.backend.access.login(&hash).await?.ok_or_else(ended)?;
    if login.expires_at <= app.backend.moment.now() {
        app.backend.access.delete_login(login.id).await?;
        return Err(ended());
    }
    let user = app
        .backend
        .access
        .user(login.user)
        .await?
        .ok_or_else(ended)?;
    let memberships = app.backend.access.memberships(login.user).await?;
    let membership = memberships
        .iter()
        .find(|m| m.account == login.account)
        .ok_or_else(ended)?;
    let identity = Identity::Person {
        user: user.id,
        login: login.id,
        role: membership.role,
        operator: user.operator,
        password_once: user.password_once,
    };
    Ok(Caller {
        account: login.account,
        credential: Credential::Login(hash),
        identity,
    })
}

fn describe(
    app: &Web,
    user: &User,
    account: AccountId,
    memberships: &[Membership],
) -> Result<Me, Problem> {
    let directory = app.backend.directory.now();
    let current = directory
        .account(account)
        .ok_or_else(|| Problem::not_found("account"))?;
    let role = memberships
        .iter()
        .find(|m| m.account == account)
        .map_or(Role::Viewer, |m| m.role);
    let list = memberships.iter().filter_map(|m| {
        let account = directory.account(m.account)?;
        let account = MeMembershipAccount {
            id: account.id.to_string(),
            name: account.name.clone(),
        };
        Some(MeMembership {
            account,
            role: m.role.word(),
        })
    });
    Ok(Me {
        user: MeUser {
            id: user.id.to_string(),
            email: user.email.clone(),
            name: user.name.clone(),
            operator: user.operator,
            password_once: user.password_once,
        },
        account: MeAccount {
            id: current.id.to_string(),
            name: current.name.clone(),
            zone: current.zone.name().to_owned(),
            currency: current.currency.code().to_owned(),
            country: current.country.code().to_owned(),
        },
        role: role.word(),
        memberships: list.collect(),
    })
}

/// Whether browsers reach this server over TLS.
fn is_secure(app: &Web) -> bool {
    app.settings.public_url.starts_with("https:")
}

fn with_cookie(app: &Web, token: &str, max_age_s: u32, mut response: Response) -> Response {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    let value =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
