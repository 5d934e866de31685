//! `POST /t/{site_key}/assign`: a page asks for its numbers.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize, Serializer};
use trunkline_core::assignment::{Basis, LeaseOn, Network, Replacement};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::{SwapTargetId, VisitorId};
use trunkline_core::visitor::{Consent, Device, Landing, is_bot};
use trunkline_engine::assignment::{Answer, Known, Visit};
use trunkline_engine::directory::SiteEntry;

use super::cookie::Remembered;
use super::preview::PARAMETER as PREVIEW;
use super::token::{LIFE_MS, Token};
use super::{ASSIGN_BODY_MAX, cookie, cors, read_body, unreadable};
use crate::address::{peer_of, subscriber};
use crate::app::{App, Web};
use crate::auth::throttle::Throttle;
use crate::problem::Problem;

/// The version of the wire form that is spoken here.
const FORMAT: u8 = 1;
/// Seconds for which a page may show a remembered assignment without asking.
const REMEMBER_S: u32 = 1_800;
/// Seconds between heartbeats of a visible page.
const BEAT_S: u32 = 20;
/// Carries the key of the server's own test; without a test under way it says nothing.
const CHECK_HEADER: HeaderName = HeaderName::from_static("trunkline-check");
/// Tells that a page is loaded before anybody looks at it.
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Room for most answers, in bytes.
const ANSWER_BYTES: usize = 512;
/// Longest page address that is kept, in bytes.
pub(super) const PAGE_MAX: usize = 2_048;

#[derive(Debug, Deserialize)]
struct AssignRequest<'a> {
    /// Version of the wire form.
    v: u8,
    /// Version of the site's configuration the page carries.
    #[serde(default)]
    c: i64,
    #[serde(borrow)]
    page: std::borrow::Cow<'a, str>,
    #[serde(default, borrow, rename = "ref")]
    referrer: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    token: Option<std::borrow::Cow<'a, str>>,
    #[serde(default = "full_consent")]
    consent: u8,
    /// 1: the visitor has turned to a number, so that one may be given on any site.
    #[serde(default)]
    want: u8,
}

const fn full_consent() -> u8 {
    2
}

#[derive(Debug, Serialize)]
struct AssignAnswer {
    token: Option<String>,
    numbers: Vec<NumberAnswer>,
    kind: &'static str,
    ttl: u32,
    beat: u32,
    c: i64,
    /// When to ask again, because no number of the session's own was given yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    w: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct NumberAnswer {
    #[serde(serialize_with = "text")]
    t: SwapTargetId,
    #[serde(serialize_with = "text")]
    n: PhoneNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    f: Option<String>,
}

impl NumberAnswer {
    pub(super) fn new(target: SwapTargetId, shown: &Replacement) -> Self {
        Self {
            t: target,
            n: shown.number,
            f: shown.formatted.clone(),
        }
    }
}

/// Writes a value as it is printed.
fn text<T: fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

pub(super) async fn assign(
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let peer = peer_of(&head);
    assign_on(&app, &key, peer, head.headers, body).await
}

/// The numbers for a page that asks with the key of its site.
pub(super) async fn assign_on<B>(
    app: &App,
    key: &str,
    peer: IpAddr,
    mut headers: HeaderMap,
    body: B,
) -> Result<Response, Problem>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    let site = app
        .backend
        .directory
        .peek()
        .site_by_key(key)
        .cloned()
        .ok_or_else(cors::unknown_site)?;
    let origin = cors::allowed(&site, &headers)?;
    let secure = origin.as_bytes().starts_with(b"https:");
    let from = app.settings.trusted_proxies.client(peer, &headers);
    let asked = read_body(body, ASSIGN_BODY_MAX)
        .await
        .and_then(|body| read(app, Arc::clone(&site), from, &headers, &body));
    let before = cookie_before(app, &site, &headers);
    // A request lies in one buffer, which its connection uses again unless a part of it is held while the visit waits for
    // its commit. The emptied map is the answer's.
    headers.clear();
    let answer = match asked {
        Ok(Some(visit)) => {
            let (answer, change) = answer(app, &site, from, visit, before).await;
            remembering(app, &site, change, secure, json(&answer, headers))
        }
        Ok(None) => json(&nothing(&site), headers),
        Err(problem) => problem.into_response(),
    };
    Ok(cors::echo(origin, answer))
}

/// What becomes of the visitor's cookie, on a site whose own server passes a path on to this one.
#[derive(Debug, Clone, Copy)]
enum CookieChange {
    Stays,
    Forgotten,
    Remembers(VisitorId, Option<Remembered>),
}

fn remembering(
    app: &Web,
    site: &SiteEntry,
    change: CookieChange,
    secure: bool,
    mut answer: Response,
) -> Response {
    let Some(path) = site.site.swap.proxy_path.as_deref() else {
        return answer;
    };
    let now = app.backend.moment.now();
    let set = match change {
        CookieChange::Stays => None,
        CookieChange::Forgotten => cookie::forget(path, secure),
        CookieChange::Remembers(visitor, before) => cookie::remember(
            visitor,
            before,
            (path, site.site.id, secure),
            &app.token_key,
            now,
        ),
    };
    if let Some(set) = set {
        answer.headers_mut().insert(header::SET_COOKIE, set);
    }
    answer
}

/// Whom the visitor's cookie names, on a site that has one.
fn cookie_before(app: &Web, site: &SiteEntry, headers: &HeaderMap) -> Option<Remembered> {
    site.site.swap.proxy_path.as_ref()?;
    let now = app.backend.moment.now();
    cookie::read(headers, &app.token_key, site.site.id, now)
}

async fn answer(
    app: &App,
    site: &SiteEntry,
    address: IpAddr,
    mut visit: Visit,
    before: Option<Remembered>,
) -> (AssignAnswer, CookieChange) {
    let now = app.backend.moment.now();
    let stored = visit.consent == Consent::Storage;
    if let Some(before) = before.filter(|_| stored && visit.known.is_none()) {
        // Known by its cookie alone, the visitor starts a new session.
        visit.known = Some(Known {
            visitor: before.visitor,
            session: app.backend.moment.id(),
        });
    }
    let from = subscriber(address);
    let flood = |throttle: &Throttle<IpAddr>| throttle.attempt(from, now).is_err();
    // A click on an advertisement starts a session too, whoever is known: a token or an address that is sent again and
    // again brings no more of them than new visitors would.
    let may_start = visit.known.is_none() || visit.landing.click_ids().next().is_some();
    if flood(&app.snippet) || (may_start && flood(&app.new_visitors)) {
        // A flood from one address still gets the numbers of its source, but no lease and no row.
        visit.consent = Consent::None;
    }
    let waits = visit.waits;
    let synthetic = visit.synthetic;
    let answer = app.backend.assignments.arrive(visit).await;
    if let Some(known) = answer.session.filter(|_| synthetic) {
        app.backend.checks.visited(known.session);
    }
    let change = match answer.session {
        _ if !stored && before.is_some() => CookieChange::Forgotten,
        _ if !stored => CookieChange::Stays,
        Some(known) => CookieChange::Remembers(known.visitor, before),
        None => CookieChange::Stays,
    };
    (to_wire(app, site, waits, &answer), change)
}

/// Turns the wire form into a visit; `None` for crawlers and prerendering, which get the original
/// number. Nothing is changed by a request that cannot be read.
fn read(
    app: &Web,
    site: Arc<SiteEntry>,
    address: IpAddr,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Visit>, Problem> {
    let request: AssignRequest<'_> = serde_json::from_slice(body).map_err(|e| unreadable(&e))?;
    if request.v != FORMAT {
        return Err(Problem::invalid(
            "v",
            format!("This server speaks version {FORMAT}; paste the site's block again."),
        ));
    }
    let page = cut(request.page.split('#').next().unwrap_or(""), PAGE_MAX);
    let landing = Landing::parse(page)
        .ok_or_else(|| Problem::invalid("page", "Send the page's whole address."))?;
    if !site.site.has_host(&landing.host) {
        return Err(Problem::invalid(
            "page",
            "The page's host is not one of the site's.",
        ));
    }
    let consent = Consent::from_level(request.consent)
        .ok_or_else(|| Problem::invalid("consent", "Send 0, 1 or 2."))?;
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let prerender = headers
        .get(SEC_PURPOSE)
        .is_some_and(|v| v.as_bytes().windows(9).any(|w| w == b"prerender"));
    // Somebody looks at a draft: that is no visit.
    let preview = landing.parameter(PREVIEW).is_some();
    if is_bot(agent) || prerender || preview {
        return Ok(None);
    }
    let now = app.backend.moment.now();
    let token = request
        .token
        .and_then(|text| Token::open(&text, &app.token_key, site.site.id, now));
    // Who allows no session is not looked up either.
    let atlas = app
        .backend
        .atlas
        .as_ref()
        .filter(|_| consent != Consent::None);
    Ok(Some(Visit {
        page: page.to_owned(),
        referrer: cut(&request.referrer, PAGE_MAX).to_owned(),
        network: Network::of(address),
        device: Device::from_user_agent(agent),
        locality: atlas.and_then(|a| a.locate(address)),
        synthetic: headers
            .get(CHECK_HEADER)
            .is_some_and(|key| app.backend.checks.is_visit(key.as_bytes())),
        consent,
        known: token.map(|t| Known {
            visitor: t.visitor,
            session: t.session,
        }),
        config_version: request.c,
        waits: request.want == 0 && site.site.swap.lease_on != LeaseOn::Load,
        landing,
        site,
    }))
}

/// The start of a text, cut at a character.
pub(super) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

fn nothing(site: &SiteEntry) -> AssignAnswer {
    AssignAnswer {
        token: None,
        numbers: Vec::new(),
        kind: "none",
        ttl: 0,
        beat: BEAT_S,
        c: site.site.config_version,
        w: None,
    }
}

fn to_wire(app: &Web, site: &SiteEntry, waits: bool, answer: &Answer) -> AssignAnswer {
    let later = waits && answer.basis() != Some(Basis::Pool);
    let expires_at = app.backend.moment.now().plus_millis(LIFE_MS);
    let token = answer.session.map(|known| {
        let token = Token {
            site: site.site.id,
            visitor: known.visitor,
            session: known.session,
            lease: answer.lease,
            expires_at,
        };
        token.seal(&app.token_key)
    });
    AssignAnswer {
        token,
        numbers: answer
            .numbers
            .iter()
            .map(|n| NumberAnswer::new(n.target, &n.replacement))
            .collect(),
        kind: match answer.basis() {
            Some(Basis::Pool) => "pool",
            Some(Basis::Overflow | Basis::Source) => "source",
            Some(Basis::Static) => "static",
            None => "none",
        },
        ttl: REMEMBER_S,
        beat: BEAT_S,
        c: site.site.config_version,
        w: later.then(|| site.site.swap.lease_on.word()),
    }
}

/// An answer with `headers`, which are empty.
fn json(answer: &AssignAnswer, mut headers: HeaderMap) -> Response {
    let mut bytes = Vec::with_capacity(ANSWER_BYTES);
    if serde_json::to_writer(&mut bytes, answer).is_err() {
        return Problem::internal().into_response();
    }
    headers.insert(header::CONTENT_TYPE, JSON);
    let mut response = Response::new(Body::from(bytes));
    *response.headers_mut() = headers;
    response
}
