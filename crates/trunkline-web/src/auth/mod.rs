//! Who is asking, and what they may do. Roles and scopes are checked here and nowhere else.

pub(crate) mod gate;
pub(crate) mod keys;
pub(crate) mod mark;
pub(crate) mod members;
pub mod password;
pub(crate) mod sign_in;
pub(crate) mod strangers;
pub(crate) mod throttle;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use ring::digest;
use trunkline_core::base::id::{AccountId, LoginId, UserId};
use trunkline_engine::ports::access::Role;

use crate::address::ClientAddress;
use crate::app::{App, Web};
use crate::problem::Problem;

/// Name of the login cookie.
pub(crate) const COOKIE: &str = "trunkline_login";

/// What an endpoint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Look.
    Read,
    /// Listen to recordings.
    Recordings,
    /// Change what is set up.
    Write,
    /// Keys, members, account settings.
    Own,
    /// Trunks and other things of the whole instance.
    Operate,
}

/// A signed-in browser or a program with a key.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The account they look at.
    pub account: AccountId,
    /// What they showed.
    pub credential: Credential,
    identity: Identity,
}

/// What somebody shows to be let in, as the SHA-256 under which it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    /// The token of a login.
    Login([u8; 32]),
    /// An API key.
    Key([u8; 32]),
}

impl Credential {
    /// Who it lets in now.
    ///
    /// # Errors
    /// 401 when it lets nobody in, or not any more.
    pub(crate) async fn caller(self, app: &Web) -> Result<Caller, Problem> {
        match self {
            Self::Login(hash) => sign_in::caller(app, hash).await,
            Self::Key(hash) => keys::caller(app, hash).await,
        }
    }
}

#[derive(Debug, Clone)]
enum Identity {
    Person {
        user: UserId,
        login: LoginId,
        role: Role,
        operator: bool,
        /// Whether the password is one that was printed.
        password_once: bool,
    },
    Key {
        scopes: Vec<String>,
    },
}

impl Caller {
    /// Goes on when the caller may do this.
    ///
    /// # Errors
    /// 403 with what is missing.
    pub(crate) fn may(&self, need: Need) -> Result<(), Problem> {
        let allowed = match &self.identity {
            Identity::Person { role, operator, .. } => match need {
                Need::Read | Need::Recordings => true,
                Need::Write => *role >= Role::Manager,
                Need::Own => *role >= Role::Owner,
                Need::Operate => *operator,
            },
            Identity::Key { scopes } => match need {
                Need::Read => scopes.iter().any(|s| s == "read" || s == "write"),
                Need::Recordings => scopes.iter().any(|s| s == "recordings"),
                Need::Write => scopes.iter().any(|s| s == "write"),
                Need::Own | Need::Operate => false,
            },
        };
        if allowed {
            return Ok(());
        }
        Err(Problem::forbidden(match need {
            Need::Read => "This key needs the scope `read`.",
            Need::Recordings => "This key needs the scope `recordings`.",
            Need::Write => "This needs the role manager or owner, or a key with the scope `write`.",
            Need::Own => "Only an owner of the account, signed in, may do this.",
            Need::Operate => "Only the operator of the server may do this.",
        }))
    }

    /// The person, when it is one.
    ///
    /// # Errors
    /// 403 for keys.
    pub(crate) fn person(&self) -> Result<(UserId, LoginId, Role), Problem> {
        match &self.identity {
            Identity::Person {
                user, login, role, ..
            } => Ok((*user, *login, *role)),
            Identity::Key { .. } => {
                Err(Problem::forbidden("A key cannot do this; sign in instead."))
            }
        }
    }
}

/// A caller who may still have to choose a password: only for what leads there and out again.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer(pub Caller);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Newcomer(caller) = Newcomer::from_request_parts(parts, app).await?;
        match caller.identity {
            Identity::Person {
                password_once: true,
                ..
            } => Err(Problem::password_first()),
            _ => Ok(caller),
        }
    }
}

impl FromRequestParts<App> for Newcomer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(key) = bearer(&parts.headers) {
            let key = Credential::Key(sha256(key.as_bytes()));
            return look_up(app, key, parts).await.map(Self);
        }
        if !parts.method.is_safe() {
            check_origin(app, &parts.headers, &parts.uri)?;
        }
        let token = cookie(&parts.headers).ok_or_else(|| {
            Problem::unauthorized("Sign in, or send a key as `Authorization: Bearer tlk_…`.")
        })?;
        let login = Credential::Login(sha256(token.as_bytes()));
        look_up(app, login, parts).await.map(Self)
    }
}

/// Who a credential is, unless its network has sent too many that are nobody's.
async fn look_up(app: &App, credential: Credential, parts: &Parts) -> Result<Caller, Problem> {
    let ClientAddress(address) = ClientAddress::of(parts, app);
    let now = app.backend.moment.now();
    let look = app.strangers.admit(credential, address, now);
    let look = look.map_err(|retry_after_s| {
        metrics::counter!("trunkline_http_credentials_refused_total").increment(1);
        Problem::too_many(retry_after_s)
    })?;
    let caller = credential.caller(app).await;
    match &caller {
        Ok(_) => look.opened(),
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED.as_u16() => look.failed(),
        Err(_) => look.unclear(),
    }
    caller
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

/// The value of the login cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok());
    let mut pairs = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// A browser names the site a request comes from; requests with a cookie must come from our own. Over HTTP/2 the host asked
/// for stands in the address instead of a header (RFC 9113, 8.3.1).
pub(crate) fn check_origin(app: &Web, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let wrong = || {
        Problem::forbidden(
            "The request comes from another site. Open the dashboard by its own address.",
        )
    };
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|v| v.to_str().ok())
        .ok_or_else(wrong)?;
    let named = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let own_host = named.or_else(|| uri.authority().map(Authority::as_str));
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    if origin == app.settings.public_url || (origin_host.is_some() && origin_host == own_host) {
        return Ok(());
    }
    Err(wrong())
}

/// SHA-256, under which tokens and keys are stored.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}
