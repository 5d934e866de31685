//! The history of visits: what the hot path records, and what attribution and the dashboard read.
//!
//! Append-only are touch, page view, showing, tap and form. Session and lease rows are projections.

use std::collections::HashMap;

use async_trait::async_trait;
use tokio::sync::oneshot;
use trunkline_core::assignment::Network;
use trunkline_core::attribution;
use trunkline_core::base::id::{
    AccountId, FormId, LeaseId, NumberId, PageViewId, PoolId, SessionId, ShowingId, SiteId,
    SwapTargetId, TapId, TouchId, VisitorId,
};
use trunkline_core::base::{Locality, PhoneNumber, Timestamp};
use trunkline_core::visitor::{Channel, ClickId, Consent, Device, Source};

use super::{PortError, PortResult};

/// Resolves when the records are durable, or tells why they are not.
pub type Commit = oneshot::Receiver<Result<(), PortError>>;

/// A session as it starts, with its first touch: a new visitor costs one row less so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// The site.
    pub site: SiteId,
    /// The account of the site.
    pub account: AccountId,
    /// The visitor.
    pub visitor: VisitorId,
    /// What the visitor allowed.
    pub consent: Consent,
    /// The device.
    pub device: Device,
    /// Where its address was believed to be when it started.
    pub locality: Option<Locality>,
    /// Whether it is the server's own test; then it is part of no figure.
    pub synthetic: bool,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was last active.
    pub seen_at: Timestamp,
    /// Source of its first touch; the source of its latest is told by [`History::latest_sources`].
    pub source: Source,
    /// Page it landed on, without fragment.
    pub landing: String,
    /// The referrer of its first touch, as told by the browser.
    pub referrer: String,
    /// Every click identifier on the address it landed on.
    pub clicks: Vec<ClickId>,
}

/// A further arrival of a session; its first is told by the session itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchRow {
    /// Its id.
    pub id: TouchId,
    /// The session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// The page.
    pub page: String,
    /// The referrer as told by the browser.
    pub referrer: String,
    /// Where it came from, with the rule that decided.
    pub source: Source,
    /// Every click identifier on the address.
    pub clicks: Vec<ClickId>,
}

/// One further page that was looked at; the page of an arrival is told by its touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageViewRow {
    /// Its id.
    pub id: PageViewId,
    /// The session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// The page.
    pub page: String,
}

/// A lease as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    /// Its id.
    pub id: LeaseId,
    /// The number.
    pub number: NumberId,
    /// Its pool.
    pub pool: PoolId,
    /// The target it stands for.
    pub target: SwapTargetId,
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When it was given.
    pub started_at: Timestamp,
    /// The network it was given to.
    pub network: Network,
}

/// The start of a showing: a beacon said that the number is on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShowingRow {
    /// Its id.
    pub id: ShowingId,
    /// The number.
    pub number: NumberId,
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// The lease, for pool numbers.
    pub lease: Option<LeaseId>,
    /// When.
    pub at: Timestamp,
    /// The page.
    pub page: String,
    /// How many places were swapped.
    pub swaps: u32,
}

/// A tap on a `tel:` link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapRow {
    /// Its id.
    pub id: TapId,
    /// The number that was tapped.
    pub number: NumberId,
    /// The session.
    pub session: SessionId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Whether the page told it later than at once; the time is then its word.
    pub late: bool,
}

/// A form that a visitor sent, with the details the site asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    /// Its id.
    pub id: FormId,
    /// The account of the site.
    pub account: AccountId,
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The page.
    pub page: String,
    /// What the visitor wrote.
    pub details: FormDetails,
}

/// What a visitor wrote into a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormDetails {
    /// The phone number, if it is one.
    pub phone: Option<PhoneNumber>,
    /// The name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The postal code.
    pub zip: Option<String>,
    /// What the visitor agreed to by sending the form.
    pub consent: Option<String>,
}

/// One thing to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A session started. Recorded twice, the second changes nothing.
    Session(Box<SessionRow>),
    /// A session was active; keeps the later time.
    SessionSeen(SessionId, Timestamp),
    /// A touch.
    Touch(Box<TouchRow>),
    /// A page view.
    PageView(PageViewRow),
    /// A lease was given. The lease that held the number before ends at the same moment.
    Lease(LeaseRow),
    /// A lease was confirmed by its first beacon.
    LeaseConfirmed(LeaseId, Timestamp),
    /// The number of a lease was visible; keeps the later time.
    LeaseSeen(LeaseId, Timestamp),
    /// A lease ended.
    LeaseEnded(LeaseId, Timestamp),
    /// A showing started.
    Showing(ShowingRow),
    /// A showing was last visible then; appended as a row of its own.
    ShowingEnded(ShowingId, Timestamp),
    /// A tap.
    Tap(TapRow),
    /// A form was sent.
    Form(Box<FormRow>),
    /// A page told which version of the site's block it carries; keeps the later time.
    BlockSeen(SiteId, i64, Timestamp),
}

/// A lease that may still matter, for the start of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLease {
    /// The lease.
    pub lease: LeaseRow,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When the number was last visible.
    pub seen_at: Timestamp,
}

/// One arrival, wherever it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch<'a> {
    /// When.
    pub at: Timestamp,
    /// The page.
    pub page: &'a str,
    /// The referrer as told by the browser.
    pub referrer: &'a str,
    /// Where it came from, with the rule that decided.
    pub source: &'a Source,
    /// Every click identifier on the address.
    pub clicks: &'a [ClickId],
}

/// A session with what happened in it, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStory {
    /// The session.
    pub session: SessionRow,
    /// Its touches after the first in order of time; see [`Self::touches`].
    pub further_touches: Vec<TouchRow>,
    /// Further page views in order of time; see [`Self::pages`].
    pub page_views: Vec<PageViewRow>,
    /// Showings in order of time, with when each was last visible.
    pub showings: Vec<(ShowingRow, Timestamp)>,
    /// Taps in order of time.
    pub taps: Vec<TapRow>,
    /// Forms in order of time.
    pub forms: Vec<FormRow>,
}

impl SessionStory {
    /// Every arrival, in order of time.
    pub fn touches(&self) -> impl Iterator<Item = Touch<'_>> {
        let first = Touch {
            at: self.session.started_at,
            page: &self.session.landing,
            referrer: &self.session.referrer,
            source: &self.session.source,
            clicks: &self.session.clicks,
        };
        let further = self.further_touches.iter().map(|row| Touch {
            at: row.at,
            page: &row.page,
            referrer: &row.referrer,
            source: &row.source,
            clicks: &row.clicks,
        });
        std::iter::once(first).chain(further)
    }

    /// The source of its latest arrival that was not direct; of the first when all further ones were.
    #[must_use]
    pub fn latest_source(&self) -> &Source {
        let mut further = self.further_touches.iter().rev();
        let named = further.find(|t| t.source.channel != Channel::Direct);
        named.map_or(&self.session.source, |t| &t.source)
    }

    /// Every page that was looked at, arrivals and further ones, in order of time.
    #[must_use]
    pub fn pages(&self) -> Vec<(Timestamp, &str)> {
        let arrivals = self.touches().map(|t| (t.at, t.page));
        let further = self.page_views.iter().map(|v| (v.at, v.page.as_str()));
        let mut pages: Vec<_> = arrivals.chain(further).collect();
        pages.sort_by_key(|(at, _)| *at);
        pages
    }
}

/// Which sessions to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFilter {
    /// The account.
    pub account: AccountId,
    /// Only this site.
    pub site: Option<SiteId>,
    /// Started at or after.
    pub from: Option<Timestamp>,
    /// Started before.
    pub to: Option<Timestamp>,
    /// Only sessions started before this one (keyset paging by start, then id).
    pub after: Option<(Timestamp, SessionId)>,
    /// Most rows.
    pub limit: u32,
}

/// Records and reads visits.
#[async_trait]
pub trait History: Send + Sync {
    /// Queues records as one unit. The answer resolves after their commit; drop it to not wait.
    ///
    /// # Errors
    /// [`PortError::Overloaded`] at once when the queue is full; nothing is then recorded.
    fn record(&self, records: Vec<Record>) -> Result<Commit, PortError>;
    /// Leases that did not end, with `seen_at` or start at or after `since`, newest first.
    async fn open_leases(&self, since: Timestamp) -> PortResult<Vec<OpenLease>>;
    /// When a page last told of each version of each block, at or after `since`.
    async fn blocks_seen(&self, since: Timestamp) -> PortResult<Vec<(SiteId, i64, Timestamp)>>;
    /// A session.
    async fn session(&self, id: SessionId) -> PortResult<Option<SessionRow>>;
    /// The session of a visitor on a site that started last.
    async fn latest_session(
        &self,
        site: SiteId,
        visitor: VisitorId,
    ) -> PortResult<Option<SessionRow>>;
    /// Those of the sessions that are stored, in any order.
    async fn sessions_by_id(&self, ids: &[SessionId]) -> PortResult<Vec<SessionRow>>;
    /// Of the sessions that had further arrivals until a time, the source of the latest that was not direct.
    async fn latest_sources(
        &self,
        ids: &[SessionId],
        until: Timestamp,
    ) -> PortResult<HashMap<SessionId, Source>>;
    /// What happened in a session.
    async fn session_story(&self, id: SessionId) -> PortResult<Option<SessionStory>>;
    /// Sessions, newest first; those of the server's own tests are left out.
    async fn sessions(&self, filter: &SessionFilter) -> PortResult<Vec<SessionRow>>;
    /// Sessions that were shown a number: confirmed showings and unconfirmed leases that were visible
    /// (or given) at or after `since` and started at or before `until`; latest first, at most `limit`. Those of the
    /// server's own tests are left out.
    async fn showings_of(
        &self,
        number: NumberId,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<attribution::Showing>>;
    /// The latest tap on a number of each session that tapped it in the interval, latest first.
    async fn taps_on(
        &self,
        number: NumberId,
        since: Timestamp,
        until: Timestamp,
    ) -> PortResult<Vec<attribution::Tap>>;
    /// The latest form of the account in the interval in which a visitor gave this number, from a session whose
    /// pages had shown a number by then: a form from nowhere is no evidence. Where a site is given, the session
    /// is one of that site.
    async fn latest_form(
        &self,
        account: AccountId,
        site: Option<SiteId>,
        phone: PhoneNumber,
        since: Timestamp,
        until: Timestamp,
    ) -> PortResult<Option<attribution::Form>>;
}
