//! Visits: sessions with their touches, pages, showings and taps.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{SessionId, SiteId};
use trunkline_core::base::{Country, Locality, PhoneNumber, Timestamp};
use trunkline_core::visitor::{ClickId, Source};
use trunkline_engine::assignment::visitor_label;
use trunkline_engine::attribution::name_by;
use trunkline_engine::ports::calls::CallFilter;
use trunkline_engine::ports::history::{SessionFilter, SessionRow, SessionStory};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::Params;
use super::calls_view::{CallSummary, Names};
use super::numbers::Named;
use super::page::{Page, after, cursor, limit};
use super::sites::account_defaults;
use crate::app::{App, Web};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Most calls shown with a session.
const CALLS_MAX: u32 = 50;

pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
}

/// Where a touch, session or call came from.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Source)]
pub(super) struct SourceItem {
    pub(super) channel: &'static str,
    pub(super) channel_label: &'static str,
    pub(super) medium: String,
    pub(super) source: String,
    pub(super) ad_campaign: Option<String>,
    pub(super) term: Option<String>,
    pub(super) content: Option<String>,
    /// The rule that decided.
    pub(super) rule: String,
    /// Name for people.
    pub(super) label: String,
}

impl From<&Source> for SourceItem {
    fn from(source: &Source) -> Self {
        Self {
            channel: source.channel.word(),
            channel_label: source.channel.label(),
            medium: source.medium.clone(),
            source: source.source.clone(),
            ad_campaign: source.ad_campaign.clone(),
            term: source.term.clone(),
            content: source.content.clone(),
            rule: source.rule.clone(),
            label: source.label(),
        }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionSummary {
    id: String,
    visitor: String,
    visitor_label: String,
    site: Option<Named>,
    /// `none`, `memory` or `storage`.
    consent: &'static str,
    /// `phone`, `tablet` or `desktop`.
    device: &'static str,
    /// State or province where its address was when it started, two capitals; null when unknown.
    state: Option<String>,
    /// The country outside the United States and Canada, by its English name.
    country: Option<String>,
    /// The place in it, as far as it is known.
    place: Option<String>,
    started_at: i64,
    seen_at: i64,
    landing: String,
    /// The source of its latest arrival that was not direct.
    source: SourceItem,
}

/// A session with what happened in it.
#[derive(Debug, Serialize, ToSchema)]
struct SessionDetail {
    #[serde(flatten)]
    summary: SessionSummary,
    touches: Vec<TouchItem>,
    pages: Vec<PageItem>,
    showings: Vec<ShowingItem>,
    taps: Vec<TapItem>,
    forms: Vec<FormItem>,
    calls: Vec<CallSummary>,
}

/// One arrival.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Touch)]
struct TouchItem {
    at: i64,
    page: String,
    referrer: String,
    source: SourceItem,
    clicks: Vec<ClickItem>,
}

/// A click identifier.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClickId)]
struct ClickItem {
    name: &'static str,
    value: String,
}

/// A page that was looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PageView)]
struct PageItem {
    at: i64,
    page: String,
}

/// A number that was visible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Showing)]
struct ShowingItem {
    number: String,
    number_display: String,
    page: String,
    swaps: u32,
    from_at: i64,
    to_at: i64,
}

/// A tap on a number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tap)]
struct TapItem {
    at: i64,
    number: String,
    number_display: String,
}

/// A form that the visitor sent, with the details the site asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentForm)]
struct FormItem {
    at: i64,
    page: String,
    phone: Option<String>,
    phone_display: Option<String>,
    name: Option<String>,
    email: Option<String>,
    zip: Option<String>,
    /// What the visitor agreed to by sending it.
    consent: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only this site.
    site: Option<String>,
    /// Started at or after, ms.
    from: Option<i64>,
    /// Started before, ms.
    to: Option<i64>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Sessions, newest first.
#[utoipa::path(get, path = "/sessions", tag = "visitor", operation_id = "listSessions", params(Filter), responses((status = 200, body = Page<SessionSummary>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<SessionSummary>>, Problem> {
    caller.may(Need::Read)?;
    let limit = limit(filter.limit)?;
    let site = filter.site.as_deref().map(SiteId::parse).transpose();
    let wanted = SessionFilter {
        account: caller.account,
        site: site.map_err(|e| Problem::invalid("site", e.to_string()))?,
        from: filter.from.map(Timestamp::from_millis),
        to: filter.to.map(Timestamp::from_millis),
        after: after(filter.cursor.as_deref())?,
        limit: limit + 1,
    };
    let mut rows = app.backend.history.sessions(&wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let ids: Vec<SessionId> = rows.iter().map(|row| row.id).collect();
    let now = app.backend.moment.now();
    let mut latest = app.backend.history.latest_sources(&ids, now).await?;
    name_by(&mut rows, &mut latest);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|last| cursor(last.started_at, last.id));
    Ok(Json(Page {
        items: rows
            .iter()
            .map(|row| summary(&app, row, &row.source))
            .collect(),
        next_cursor,
    }))
}

/// A session with what happened in it.
#[utoipa::path(get, path = "/sessions/{id}", tag = "visitor", operation_id = "readSession", params(("id" = String, Path)), responses((status = 200, body = SessionDetail), (status = 404, body = Problem)))]
async fn read(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<SessionDetail>, Problem> {
    caller.may(Need::Read)?;
    let missing = || Problem::not_found("session");
    let id = SessionId::parse(&id).map_err(|_| missing())?;
    let story = app.backend.history.session_story(id).await?;
    let story = story
        .filter(|s| s.session.account == caller.account)
        .ok_or_else(missing)?;
    let filter = CallFilter {
        account: Some(caller.account),
        session: Some(id),
        synthetic: story.session.synthetic,
        limit: CALLS_MAX,
        ..CallFilter::default()
    };
    let calls = app.backend.records.calls(&filter).await?;
    let (_, home) = account_defaults(&app, &caller)?;
    let names = Names::of(&app, &caller)?;
    Ok(Json(detail(
        &app,
        &story,
        calls.iter().map(|c| names.summary(c)).collect(),
        home,
    )))
}

fn detail(
    app: &Web,
    story: &SessionStory,
    calls: Vec<CallSummary>,
    home: Country,
) -> SessionDetail {
    let directory = app.backend.directory.now();
    let digits = |id| directory.number(id).map(|n| n.number);
    let text = |number: Option<PhoneNumber>| number.map_or_else(String::new, |n| n.to_string());
    let display = |number: Option<PhoneNumber>| {
        number.map_or_else(|| "Removed number".to_owned(), |n| n.display_for(home))
    };
    let click = |c: &ClickId| ClickItem {
        name: c.name,
        value: c.value.clone(),
    };
    SessionDetail {
        summary: summary(app, &story.session, story.latest_source()),
        touches: story
            .touches()
            .map(|t| TouchItem {
                at: t.at.as_millis(),
                page: t.page.to_owned(),
                referrer: t.referrer.to_owned(),
                source: t.source.into(),
                clicks: t.clicks.iter().map(click).collect(),
            })
            .collect(),
        pages: story
            .pages()
            .into_iter()
            .map(|(at, page)| PageItem {
                at: at.as_millis(),
                page: page.to_owned(),
            })
            .collect(),
        showings: story
            .showings
            .iter()
            .map(|(s, to)| ShowingItem {
                number: text(digits(s.number)),
                number_display: display(digits(s.number)),
                page: s.page.clone(),
                swaps: s.swaps,
                from_at: s.at.as_millis(),
                to_at: to.as_millis(),
            })
            .collect(),
        taps: story
            .taps
            .iter()
            .map(|t| TapItem {
                at: t.at.as_millis(),
                number: text(digits(t.number)),
                number_display: display(digits(t.number)),
            })
            .collect(),
        forms: story
            .forms
            .iter()
            .map(|f| FormItem {
                at: f.at.as_millis(),
                page: f.page.clone(),
                phone: f.details.phone.map(|p| p.to_string()),
                phone_display: f.details.phone.map(|p| p.display_for(home)),
                name: f.details.name.clone(),
                email: f.details.email.clone(),
                zip: f.details.zip.clone(),
                consent: f.details.consent.clone(),
            })
            .collect(),
        calls,
    }
}

fn summary(app: &Web, row: &SessionRow, source: &Source) -> SessionSummary {
    let directory = app.backend.directory.now();
    let site = directory.site(row.site).map(|s| Named {
        id: s.site.id.to_string(),
        name: s.site.name.clone(),
    });
    let locality = row.locality.as_ref();
    SessionSummary {
        id: row.id.to_string(),
        visitor: row.visitor.to_string(),
        visitor_label: visitor_label(row.visitor),
        site,
        consent: row.consent.word(),
        device: row.device.word(),
        state: locality.and_then(Locality::state).map(str::to_owned),
        country: locality
            .and_then(Locality::country)
            .map(|c| c.name().to_owned()),
        place: locality.and_then(Locality::place).map(str::to_owned),
        started_at: row.started_at.as_millis(),
        seen_at: row.seen_at.as_millis(),
        landing: row.landing.clone(),
        source: source.into(),
    }
}
