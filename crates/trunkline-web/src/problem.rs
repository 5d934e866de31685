//! Errors as people and programs get them: RFC 9457 problem documents that say what happened, what
//! was expected, and what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use trunkline_core::routing::ReasonCode;
use trunkline_engine::ports::PortError;
use trunkline_engine::ports::carriers::CarrierError;
use trunkline_engine::setup::SetupError;
use trunkline_engine::supply::SupplyError;
use utoipa::ToSchema;

/// A problem document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A word for the kind of problem, stable for programs.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What happened, what was expected, and what to do.
    pub detail: String,
    /// The field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Everything that is wrong in a document, when it is about one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemPlace>,
    /// Why a partner's request was refused, such as `RATE_LIMITED`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "word")]
    #[schema(value_type = Option<String>)]
    pub reason_code: Option<ReasonCode>,
    /// Seconds after which a retry makes sense; sent as `Retry-After`.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
}

/// A reason as partners read it.
fn word<S: Serializer>(reason: &Option<ReasonCode>, to: S) -> Result<S::Ok, S::Error> {
    reason.map(ReasonCode::word).serialize(to)
}

/// Something wrong in a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemPlace {
    /// Where, such as `caps[0].max`; empty for the whole.
    pub place: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            problems: Vec::new(),
            reason_code: None,
            retry_after_s: None,
        }
    }

    /// The same with the code of its reason, for partners.
    #[must_use]
    pub(crate) fn because(self, reason: ReasonCode) -> Self {
        Self {
            reason_code: Some(reason),
            ..self
        }
    }

    /// The request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "The request cannot be understood",
            detail,
        )
    }

    /// A field does not hold what it must.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "A field needs another value",
            detail,
        );
        Self {
            field: Some(field.into()),
            ..problem
        }
    }

    /// A document cannot be used; the first of what is wrong stands in the detail.
    #[must_use]
    pub fn document(problems: Vec<ProblemPlace>) -> Self {
        let first = problems.first();
        let detail = first.map_or_else(String::new, |first| {
            let place = match first.place.as_str() {
                "" => String::new(),
                place => format!("`{place}`: "),
            };
            let more = match problems.len() - 1 {
                0 => String::new(),
                more => format!(" There is more to look at: {more}, see `problems`."),
            };
            format!("{place}{}{more}", sentence(&first.message))
        });
        let field = first.map(|first| first.place.clone());
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "A field needs another value",
            detail,
        );
        Self {
            field: field.filter(|place| !place.is_empty()),
            problems,
            ..problem
        }
    }

    /// Nobody is signed in, or the token is not valid.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Sign in first",
            detail,
        )
    }

    /// The token of a page is not one of ours, or has ended.
    #[must_use]
    pub fn lost_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "token_not_valid",
            "Ask for an assignment again",
            "The token is not one of this site, has ended, or its number was given on.",
        )
    }

    /// Signed in, but not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// Signed in with a password that was printed, and none chosen yet.
    #[must_use]
    pub fn password_first() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "password_first",
            "Choose a password first",
            "You are signed in with a password that the server printed. Until you choose another you can only see who you \
             are, choose it (POST /api/v1/me/password, or in the dashboard) and sign out.",
        )
    }

    /// There is no such thing, or it belongs to somebody else.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            format!("There is no such {what} in this account."),
        )
    }

    /// Conflicts with what exists.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            "Conflicts with what exists",
            detail,
        )
    }

    /// The body is too large.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than {limit} bytes.");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The body is too large",
            detail,
        )
    }

    /// The body is of a kind that is not taken.
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send another kind of file",
            detail,
        )
    }

    /// Too many attempts.
    #[must_use]
    pub fn too_many(retry_after_s: u32) -> Self {
        let detail = format!("Too many attempts. Try again in {retry_after_s} s.");
        let problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many attempts",
            detail,
        );
        Self {
            retry_after_s: Some(retry_after_s),
            ..problem
        }
    }

    /// Too much of it goes on already.
    pub fn too_many_at_once(detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_at_once",
            "Too much at once",
            detail,
        );
        Self {
            retry_after_s: Some(5),
            ..problem
        }
    }

    /// The server cannot do it now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Try again in a moment",
            detail,
        );
        Self {
            retry_after_s: Some(2),
            ..problem
        }
    }

    /// A carrier that was asked on somebody's behalf did not do it.
    pub fn carrier(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            "carrier_failed",
            "The carrier did not do it",
            detail,
        )
    }

    /// Something is broken on our side; the cause is in the log, not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "Something failed on the server. The log of the server says what.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed",
            detail,
        )
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Conflict(what) => Self::conflict(what),
            PortError::Overloaded | PortError::Unavailable(_) => {
                tracing::warn!(%error, "a request could not be served");
                Self::unavailable("The database is busy or away.")
            }
            PortError::Failed(_) => {
                tracing::error!(%error, "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<SetupError> for Problem {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Invalid { field, message } => Self::invalid(field, message),
            SetupError::Port(error) => error.into(),
        }
    }
}

impl From<SupplyError> for Problem {
    fn from(error: SupplyError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            SupplyError::Setup(error) => error.into(),
            SupplyError::NoPurchase => Self::not_found("purchase"),
            SupplyError::NotConnected | SupplyError::Conflict(_) => Self::conflict(detail),
            SupplyError::Carrier(CarrierError::Busy { retry_after_s }) => Self {
                detail,
                ..Self::too_many(retry_after_s)
            },
            SupplyError::Carrier(CarrierError::Sold) => {
                Self::conflict("Somebody else bought the number meanwhile. Choose another one.")
            }
            SupplyError::Carrier(CarrierError::NotOffered) => Self::conflict(
                "The carrier does not offer this number: it may be sold, or not be for sale with this country and kind. \
                 Search again, and choose one of the list.",
            ),
            SupplyError::Carrier(CarrierError::Refused(_)) => Self::conflict(detail),
            SupplyError::Carrier(
                CarrierError::NotLetIn(_) | CarrierError::Unreachable(_) | CarrierError::Unclear(_),
            ) => Self::carrier(detail),
        }
    }
}

/// A message of the engine as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{stop}", first.unwrap_or_default(), letters.as_str())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
