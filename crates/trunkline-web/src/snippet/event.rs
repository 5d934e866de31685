//! `POST /t/{site_key}/event`: beacons of a page. Without a valid token nothing changes.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use trunkline_core::assignment::Network;
use trunkline_core::base::{Country, PhoneNumber};
use trunkline_core::visitor::Landing;
use trunkline_engine::assignment::{Beacon, BeaconOutcome, Known};
use trunkline_engine::directory::SiteEntry;
use trunkline_engine::ports::history::FormDetails;

use super::assign::{PAGE_MAX, cut};
use super::token::Token;
use super::{EVENT_BODY_MAX, cors, leads, read_body, unreadable};
use crate::address::{ClientAddress, subscriber};
use crate::app::App;
use crate::problem::Problem;

/// Most beacons of one request.
const EVENTS_MAX: usize = 32;
/// More swaps than this are a broken or hostile page.
const SWAPS_MAX: u32 = 10_000;

/// Longest detail of a form and longest consent text that are kept, in bytes.
const VALUE_MAX: usize = 400;
const CONSENT_MAX: usize = 4_000;

#[derive(Debug, Deserialize)]
struct EventRequest {
    #[serde(default)]
    c: i64,
    token: String,
    events: Vec<EventItem>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
enum EventItem {
    Shown {
        swaps: u32,
        page: String,
    },
    Beat,
    Page {
        page: String,
    },
    Tap {
        n: String,
        /// Milliseconds before the request was sent.
        #[serde(default)]
        ago: i64,
    },
    Form(Box<FormItem>),
}

/// A form that was sent.
#[derive(Debug, Deserialize)]
struct FormItem {
    page: String,
    phone: Option<String>,
    name: Option<String>,
    email: Option<String>,
    zip: Option<String>,
    consent: Option<String>,
}

pub(super) async fn event(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let site = app
        .backend
        .directory
        .peek()
        .site_by_key(&key)
        .cloned()
        .ok_or_else(cors::unknown_site)?;
    let origin = cors::allowed(&site, &head.headers)?;
    let answer = match take(&app, &site, &head, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => problem.into_response(),
    };
    Ok(cors::echo(origin, answer))
}

async fn take(app: &App, site: &SiteEntry, head: &Parts, body: Body) -> Result<(), Problem> {
    let body = read_body(body, EVENT_BODY_MAX).await?;
    let request: EventRequest = serde_json::from_slice(&body).map_err(|e| unreadable(&e))?;
    if request.events.len() > EVENTS_MAX {
        return Err(Problem::invalid(
            "events",
            format!("Send at most {EVENTS_MAX} events."),
        ));
    }
    let now = app.backend.moment.now();
    let token = Token::open(&request.token, &app.token_key, site.site.id, now)
        .ok_or_else(Problem::lost_token)?;
    let ClientAddress(address) = ClientAddress::of(head, app);
    let events = u32::try_from(request.events.len()).unwrap_or(u32::MAX);
    app.snippet
        .attempts(subscriber(address), events.max(1), now)
        .map_err(Problem::too_many)?;
    let beacons = request
        .events
        .into_iter()
        .filter_map(|e| beacon(app, site, e).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let known = Known {
        visitor: token.visitor,
        session: token.session,
    };
    let network = Network::of(address);
    let forms: Vec<_> = beacons.iter().filter_map(form_of).collect();
    match app
        .backend
        .assignments
        .beacons(
            site.site.id,
            known,
            token.lease,
            network,
            request.c,
            beacons,
        )
        .await
    {
        BeaconOutcome::Taken => leads::take(app, site, head, token.session, forms).await,
        BeaconOutcome::Lost => Err(Problem::lost_token()),
        BeaconOutcome::Busy => Err(Problem::unavailable("The server is busy. Send it again.")),
    }
}

/// What somebody wrote into a form, with its page.
fn form_of(beacon: &Beacon) -> Option<(String, FormDetails)> {
    match beacon {
        Beacon::Form { page, details, .. } => Some((page.clone(), details.clone())),
        _ => None,
    }
}

/// What an event tells; nothing for a form of a site that keeps none.
fn beacon(app: &App, site: &SiteEntry, event: EventItem) -> Result<Option<Beacon>, Problem> {
    Ok(Some(match event {
        EventItem::Shown { swaps, page } => {
            if swaps > SWAPS_MAX {
                return Err(Problem::invalid(
                    "swaps",
                    format!("Send at most {SWAPS_MAX}."),
                ));
            }
            Beacon::Shown {
                swaps,
                page: own_page(site, &page)?,
            }
        }
        EventItem::Beat => Beacon::Beat,
        EventItem::Page { page } => Beacon::Page {
            page: own_page(site, &page)?,
        },
        EventItem::Tap { n, ago } => {
            let number =
                PhoneNumber::parse_e164(&n).map_err(|e| Problem::invalid("n", e.to_string()))?;
            let ago_ms = ago.max(0);
            Beacon::Tap { number, ago_ms }
        }
        EventItem::Form(_) if site.site.swap.forms.is_empty() => return Ok(None),
        EventItem::Form(form) => Beacon::Form {
            account: site.site.account,
            page: own_page(site, &form.page)?,
            details: details(app, site, *form),
        },
    }))
}

/// What was written into a form, as far as it is kept. A phone number is read as dialled in the account's country.
fn details(app: &App, site: &SiteEntry, form: FormItem) -> FormDetails {
    let directory = app.backend.directory.now();
    let home = directory
        .account(site.site.account)
        .map_or(Country::US, |a| a.country);
    let text = |text: Option<String>, max: usize| {
        let text = text.map(|t| cut(t.trim(), max).to_owned());
        text.filter(|t| !t.is_empty())
    };
    FormDetails {
        phone: form
            .phone
            .and_then(|p| PhoneNumber::parse(p.trim(), home).ok()),
        name: text(form.name, VALUE_MAX),
        email: text(form.email, VALUE_MAX),
        zip: text(form.zip, VALUE_MAX),
        consent: text(form.consent, CONSENT_MAX),
    }
}

fn own_page(site: &SiteEntry, page: &str) -> Result<String, Problem> {
    let page = cut(page.split('#').next().unwrap_or(""), PAGE_MAX);
    let own = Landing::parse(page).is_some_and(|l| site.site.has_host(&l.host));
    if own {
        Ok(page.to_owned())
    } else {
        Err(Problem::invalid(
            "page",
            "The page's host is not one of the site's.",
        ))
    }
}
