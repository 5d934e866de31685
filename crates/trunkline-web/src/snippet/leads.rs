//! Forms that the snippet tells of become leads of the site's feed, with the visit that they came from.

use axum::http::header;
use axum::http::request::Parts;
use trunkline_core::base::id::{FeedId, SessionId};
use trunkline_core::base::sha256_text;
use trunkline_core::lead::Fields;
use trunkline_engine::directory::SiteEntry;
use trunkline_engine::lead::{LeadError, PageSeen, Sent, Visit, sha256};
use trunkline_engine::ports::history::FormDetails;
use trunkline_engine::ports::leads::CameBy;

use crate::address::ClientAddress;
use crate::app::App;
use crate::problem::Problem;

/// Longest name of a browser that is kept, in characters.
const AGENT_MAX: usize = 500;

/// Takes forms in as leads, when the site says of which feed they are. The same form again is the same lead, so a page may
/// send it again.
pub(super) async fn take(
    app: &App,
    site: &SiteEntry,
    head: &Parts,
    session: SessionId,
    forms: Vec<(String, FormDetails)>,
) -> Result<(), Problem> {
    let feed = site.site.swap.lead_feed.as_deref();
    let feed = feed.and_then(|feed| FeedId::parse(feed).ok());
    let market = app.backend.directory.markets().of(site.site.account);
    let (Some(feed), Some(market), false) = (feed, market, forms.is_empty()) else {
        return Ok(());
    };
    let Some(entry) = market.feed(feed) else {
        tracing::warn!(site = %site.site.id, %feed, "the feed of a site's forms is not there; its forms are no leads");
        return Ok(());
    };
    let busy = |_| Problem::unavailable("The server is busy. Send it again.");
    let row = app.backend.history.session(session).await.map_err(busy)?;
    // The server's own tests fill in no forms that anybody should call.
    let Some(row) = row.filter(|row| !row.synthetic) else {
        return Ok(());
    };
    let now = app.backend.moment.now();
    let latest = app.backend.history.latest_sources(&[session], now).await;
    let latest = latest.map_err(busy)?.into_values().next();
    let source = Some(latest.unwrap_or(row.source));
    let fields = market
        .campaign(entry.feed.campaign)
        .map(|campaign| campaign.fields.clone())
        .unwrap_or_default();
    let ClientAddress(ip) = ClientAddress::of(head, app);
    let agent = head.headers.get(header::USER_AGENT);
    let agent = agent.and_then(|v| v.to_str().ok()).unwrap_or_default();
    for (page, details) in forms {
        let form = form(&page, &details, &fields);
        let sent = Sent {
            market: market.clone(),
            feed: entry.clone(),
            by: CameBy::Snippet,
            key: Some(key(session, &form)),
            form,
            test: false,
            price_min: None,
            page: Some(PageSeen {
                ip,
                user_agent: agent.chars().take(AGENT_MAX).collect(),
                url: Some(page),
            }),
            visit: Some(Visit {
                session,
                source: source.clone(),
            }),
        };
        match app.backend.leads.take(sent).await {
            Ok(_) => {}
            Err(LeadError::Busy | LeadError::Moved | LeadError::Port(_)) => {
                return Err(Problem::unavailable("The server is busy. Send it again."));
            }
            // A form that is no lead is a form all the same, and is recorded as one.
            Err(why) => {
                metrics::counter!("trunkline_forms_no_lead_total").increment(1);
                tracing::debug!(site = %site.site.id, %why, "a form is no lead");
            }
        }
    }
    Ok(())
}

/// What was written, by the names of leads. A name is told apart when the campaign asks for its parts.
fn form(page: &str, details: &FormDetails, fields: &Fields) -> Vec<(String, String)> {
    let mut form = vec![("landing_page".to_owned(), page.to_owned())];
    let mut add = |name: &str, value: Option<String>| {
        form.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("phone", details.phone.map(|phone| phone.to_string()));
    add("email", details.email.clone());
    add("zip", details.zip.clone());
    add("consent_text", details.consent.clone());
    match &details.name {
        Some(name) if fields.named("first_name").is_some() => {
            let (first, last) = name.rsplit_once(' ').unwrap_or((name, ""));
            add("first_name", Some(first.to_owned()));
            add("last_name", Some(last.to_owned()));
        }
        name => add("name", name.clone()),
    }
    form
}

/// The same for the same form of the same visit.
fn key(session: SessionId, form: &[(String, String)]) -> String {
    let mut bytes = session.to_string().into_bytes();
    for part in form.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    format!("snippet:{}", sha256_text(sha256(&bytes)))
}
