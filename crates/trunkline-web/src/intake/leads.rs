//! `/in/lead`, `/in/ping`, `/in/post` for partners with the secret key of their feed, and `/in/{form_key}/lead` for forms of
//! pages, whose key everybody can read.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use trunkline_core::base::id::{AccountId, OpportunityId};
use trunkline_core::base::{Currency, Decimal, Money};
use trunkline_core::visitor::host_of;
use trunkline_engine::lead::{Answered, LeadError, PageSeen, Sent};
use trunkline_engine::ports::leads::CameBy;

use super::answer::{LeadAnswer, PingAnswer, refused};
use super::gate::FeedCaller;
use super::{BODY_BYTES_MAX, BodyKind, parse};
use crate::address::{ClientAddress, subscriber};
use crate::api::upload::whole;
use crate::app::{App, Web};
use crate::problem::{Problem, sentence};

/// Longest wait for a body.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// Largest form of a page, in bytes.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Longest name of a browser and longest address of a page that are kept, in bytes.
const HEADER_BYTES_MAX: usize = 2_000;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/in/lead", post(lead))
        .route("/in/ping", post(ping))
        .route("/in/post", post(post_of_ping))
        .route("/in/leads/{id}", get(status))
        .route("/in/{form_key}/lead", post(form).options(preflight))
}

/// What a request says beside the fields of a lead.
struct Asked {
    form: Vec<(String, String)>,
    ping: Option<String>,
    key: Option<String>,
    test: bool,
    price_min: Option<Money>,
}

impl Asked {
    /// Takes names of our own out of a form.
    fn of(
        form: Vec<(String, String)>,
        headers: &HeaderMap,
        currency: Currency,
    ) -> Result<Self, Problem> {
        let header = headers.get("idempotency-key");
        let header = header.and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut asked = Self {
            form: Vec::with_capacity(form.len()),
            ping: None,
            key: header,
            test: false,
            price_min: None,
        };
        for (name, value) in form {
            match name.as_str() {
                "ping_id" => asked.ping = Some(value),
                "idempotency_key" => asked.key = Some(value),
                "test" => asked.test = yes_or_no(&value)?,
                "min_price" => asked.price_min = Some(price(&value, currency)?),
                _ => asked.form.push((name, value)),
            }
        }
        Ok(asked)
    }

    fn sent(self, caller: FeedCaller, by: CameBy) -> Sent {
        Sent {
            market: caller.market,
            feed: caller.entry,
            by,
            form: self.form,
            key: self.key,
            test: self.test,
            price_min: self.price_min,
            page: None,
            visit: None,
        }
    }
}

fn yes_or_no(text: &str) -> Result<bool, Problem> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" | "" => Ok(false),
        _ => Err(Problem::invalid("test", "Write true or false.")),
    }
}

fn price(text: &str, currency: Currency) -> Result<Money, Problem> {
    let amount = Decimal::parse(text.trim()).filter(|amount| *amount >= Decimal::default());
    let wrong = "Write a plain amount from 0 on, such as 12.50.";
    let amount = amount.ok_or_else(|| Problem::invalid("min_price", wrong))?;
    Ok(amount.money(currency))
}

/// Reads a body in the dialect that it says it is in.
async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Vec<(String, String)>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = BodyKind::of_content_type(kind).ok_or_else(|| {
        Problem::unsupported(
            "Send JSON (`Content-Type: application/json`), a form (`application/x-www-form-urlencoded`) or XML (`application/xml`).",
        )
    })?;
    let bytes = whole(headers, body, bytes_max, BODY_WAIT).await?;
    parse(kind, &bytes).map_err(|error| Problem::bad_request(sentence(&error.to_string())))
}

async fn lead(
    State(app): State<App>,
    caller: FeedCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<LeadAnswer>, Problem> {
    let form = read(&headers, body, BODY_BYTES_MAX).await?;
    let asked = Asked::of(form, &headers, caller.market.currency)?;
    if asked.ping.is_some() {
        let detail = "A post of a ping goes to /in/post; leave `ping_id` out to post without one.";
        return Err(Problem::invalid("ping_id", detail));
    }
    let sent = asked.sent(caller, CameBy::Post);
    answer(&app, app.backend.leads.post(sent).await)
}

async fn ping(
    State(app): State<App>,
    caller: FeedCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let form = read(&headers, body, BODY_BYTES_MAX).await?;
    let asked = Asked::of(form, &headers, caller.market.currency)?;
    let sent = asked.sent(caller, CameBy::Ping);
    match app.backend.leads.ping(sent).await {
        Ok(answered) => {
            let answer = PingAnswer::of(&answered, app.backend.moment.now());
            Ok(Json(answer).into_response())
        }
        Err(error) => Ok(Json(refused(error)?).into_response()),
    }
}

async fn post_of_ping(
    State(app): State<App>,
    caller: FeedCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<LeadAnswer>, Problem> {
    let form = read(&headers, body, BODY_BYTES_MAX).await?;
    let mut asked = Asked::of(form, &headers, caller.market.currency)?;
    let missing = || {
        Problem::invalid(
            "ping_id",
            "Send the `ping_id` of the answer to the ping; a lead without a ping goes to /in/lead.",
        )
    };
    let ping = asked.ping.take().ok_or_else(missing)?;
    let ping = OpportunityId::parse(ping.trim()).map_err(|_| Problem::not_found("ping"))?;
    let sent = asked.sent(caller, CameBy::Ping);
    answer(&app, app.backend.leads.post_of_ping(ping, sent).await)
}

fn answer(app: &App, came: Result<Answered, LeadError>) -> Result<Json<LeadAnswer>, Problem> {
    match came {
        Ok(answered) => Ok(Json(LeadAnswer::of(app, &answered))),
        Err(error) => refused(error).map(Json),
    }
}

/// How a lead of the feed stands.
async fn status(
    State(app): State<App>,
    caller: FeedCaller,
    Path(id): Path<String>,
) -> Result<Json<LeadAnswer>, Problem> {
    let missing = || Problem::not_found("lead");
    let id = OpportunityId::parse(&id).map_err(|_| missing())?;
    let row = app.backend.lead_records.lead(id).await?;
    let row = row.filter(|row| row.feed == caller.entry.feed.id && row.run.post.is_some());
    let lead = row.ok_or_else(missing)?;
    let answered = Answered {
        lead,
        cached: false,
    };
    Ok(Json(LeadAnswer::of(&app, &answered)))
}

/// What a page is told: that the form came, and nothing of what becomes of it.
#[derive(Debug, Serialize)]
struct FormAnswer {
    status: &'static str,
    lead_id: Option<String>,
}

async fn form(
    State(app): State<App>,
    Path(key): Path<String>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let account = of_form(&app, &key)?;
    let origin = allowed(&app, account, &headers)?;
    let now = app.backend.moment.now();
    let taken = match app.forms.attempt(subscriber(address), now) {
        Err(retry_after_s) => Err(Problem::too_many(retry_after_s)),
        Ok(()) => {
            let seen = PageSeen {
                ip: address,
                user_agent: text(&headers, &header::USER_AGENT).unwrap_or_default(),
                url: text(&headers, &header::REFERER),
            };
            take_form(&app, &key, &headers, body, seen).await
        }
    };
    let answer = match taken {
        Ok(answer) => (StatusCode::ACCEPTED, Json(answer)).into_response(),
        Err(problem) => problem.into_response(),
    };
    Ok(echo(origin, answer))
}

async fn take_form(
    app: &App,
    key: &str,
    headers: &HeaderMap,
    body: Body,
    seen: PageSeen,
) -> Result<FormAnswer, Problem> {
    let caller = FeedCaller::by_form_key(app, key)?;
    let form = read(headers, body, FORM_BYTES_MAX).await?;
    let asked = Asked::of(form, headers, caller.market.currency)?;
    let sent = Sent {
        page: Some(seen),
        price_min: None,
        ..asked.sent(caller, CameBy::Form)
    };
    let lead_id = match app.backend.leads.take(sent).await {
        Ok(answered) => Some(answered.lead.id.to_string()),
        // What the feed does not take now is nothing that the person could mend.
        Err(error) => {
            refused(error)?;
            None
        }
    };
    Ok(FormAnswer {
        status: "received",
        lead_id,
    })
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.chars().take(HEADER_BYTES_MAX).collect())
}

fn of_form(app: &Web, key: &str) -> Result<AccountId, Problem> {
    let markets = app.backend.directory.markets().peek();
    let found = markets.by_form_key(key).map(|(market, _)| market.account);
    found.ok_or_else(|| Problem::not_found("form"))
}

/// The Origin to echo: that of a page of one of the account's sites. It is a filter, not authentication.
fn allowed(app: &Web, account: AccountId, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let origin = headers.get(header::ORIGIN);
    let host = origin.and_then(|o| o.to_str().ok()).and_then(host_of);
    let directory = app.backend.directory.now();
    let mut sites = directory.sites_of(account).into_iter();
    match (origin, host) {
        (Some(origin), Some(host)) if sites.any(|entry| entry.site.has_host(&host)) => {
            HeaderValue::from_bytes(origin.as_bytes()).map_err(|_| Problem::internal())
        }
        _ => Err(Problem::forbidden(
            "This page's host is none of the account's sites. Add it under Sites, or send leads from a server to /in/lead with the feed's secret key.",
        )),
    }
}

fn echo(origin: HeaderValue, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn preflight(
    State(app): State<App>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let account = of_form(&app, &key)?;
    let origin = allowed(&app, account, &headers)?;
    let mut response = echo(origin, StatusCode::NO_CONTENT.into_response());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "content-type, idempotency-key",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
