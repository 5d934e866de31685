//! Sessions, touches, page views and forms: how they are recorded and read.

use std::collections::HashMap;

use trunkline_core::attribution::Form;
use trunkline_core::base::id::{AccountId, SessionId, SiteId, VisitorId};
use trunkline_core::base::{Locality, PhoneNumber, Timestamp};
use trunkline_core::visitor::{ClickId, Source};
use trunkline_engine::ports::history::{
    FormDetails, FormRow, PageViewRow, SessionFilter, SessionRow, TouchRow,
};

use crate::args;
use crate::convert::{click_id, each, from_json, json, locality, source, source_values};
use crate::db::{ColumnType, Db, DbError, Record, RecordKind, Row, Val, Write};

macro_rules! session_columns {
    () => {
        "id, account, site, visitor, consent, device, state, place, country, synthetic, started_at, seen_at, channel, medium, \
         source, ad_campaign, term, content, rule, landing, referrer, click_ids"
    };
}
pub(crate) use session_columns;

crate::statements! { "visitor";
    SESSION = concat!("SELECT ", session_columns!(), " FROM session WHERE id = $1");
    LATEST_SESSION = concat!("SELECT ", session_columns!(), " FROM session WHERE visitor = $1 AND site = $2 \
        ORDER BY started_at DESC, id DESC LIMIT 1");
    /// Any of twenty ids; what is not needed of them repeats the first.
    SESSIONS_BY_ID = concat!("SELECT ", session_columns!(), " FROM session WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");
    /// As above; the latest of each session comes last.
    LATEST_SOURCES = "SELECT session, channel, medium, source, ad_campaign, term, content, rule FROM touch \
        WHERE session IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
        AND channel <> 'direct' AND at <= $21 ORDER BY at, id";
    SESSIONS_OF_SITE = concat!("SELECT ", session_columns!(), " FROM session WHERE site = $1 AND account = $2 \
        AND synthetic = 0 AND started_at >= $3 AND (started_at, id) < ($4, $5) ORDER BY started_at DESC, id DESC LIMIT $6");
    SITES_OF_ACCOUNT = "SELECT id FROM site WHERE account = $1 ORDER BY id";
    TOUCHES = "SELECT id, session, at, page, referrer, channel, medium, source, ad_campaign, term, content, rule, \
        click_ids FROM touch WHERE session = $1 ORDER BY at, id";
    FORMS = "SELECT id, account, session, visitor, at, page, phone, name, email, zip, consent FROM form \
        WHERE session = $1 ORDER BY at, id";
    LATEST_FORM = "SELECT session, visitor, at FROM form WHERE account = $1 AND phone = $2 AND at >= $3 AND at <= $4 \
        AND EXISTS (SELECT 1 FROM showing AS s WHERE s.session = form.session AND s.at <= form.at) \
        AND (CAST($5 AS BIGINT) IS NULL \
        OR EXISTS (SELECT 1 FROM session AS v WHERE v.id = form.session AND v.site = $5)) \
        ORDER BY at DESC, id DESC LIMIT 1";
    PAGE_VIEWS = "SELECT id, session, at, page FROM page_view WHERE session = $1 ORDER BY at, id";
}

/// Ids of one [`SESSIONS_BY_ID`] or [`LATEST_SOURCES`]: the candidates of a call.
const IDS_AT_ONCE: usize = 20;

use ColumnType::{Int, Text};

pub(crate) static SESSION_STARTED: RecordKind = RecordKind {
    name: "session",
    table: "session",
    columns: &[
        ("id", Int),
        ("account", Int),
        ("site", Int),
        ("visitor", Int),
        ("consent", Text),
        ("device", Text),
        ("state", Text),
        ("place", Text),
        ("country", Text),
        ("synthetic", Int),
        ("started_at", Int),
        ("seen_at", Int),
        ("channel", Text),
        ("medium", Text),
        ("source", Text),
        ("ad_campaign", Text),
        ("term", Text),
        ("content", Text),
        ("rule", Text),
        ("landing", Text),
        ("referrer", Text),
        ("click_ids", Text),
    ],
    write: Write::Insert("ON CONFLICT (id) DO NOTHING"),
    key: 1,
};

pub(crate) static SESSION_SEEN: RecordKind = RecordKind {
    name: "session_seen",
    table: "session",
    columns: &[("id", Int), ("seen_at", Int)],
    write: Write::Update("t.seen_at < new.seen_at"),
    key: 1,
};

pub(crate) static TOUCH: RecordKind = RecordKind {
    name: "touch",
    table: "touch",
    columns: &[
        ("session", Int),
        ("id", Int),
        ("at", Int),
        ("page", Text),
        ("referrer", Text),
        ("channel", Text),
        ("medium", Text),
        ("source", Text),
        ("ad_campaign", Text),
        ("term", Text),
        ("content", Text),
        ("rule", Text),
        ("click_ids", Text),
    ],
    write: Write::Insert("ON CONFLICT (session, id) DO NOTHING"),
    key: 2,
};

pub(crate) static PAGE_VIEW: RecordKind = RecordKind {
    name: "page_view",
    table: "page_view",
    columns: &[("session", Int), ("id", Int), ("at", Int), ("page", Text)],
    write: Write::Insert("ON CONFLICT (session, id) DO NOTHING"),
    key: 2,
};

pub(crate) static FORM: RecordKind = RecordKind {
    name: "form",
    table: "form",
    columns: &[
        ("id", Int),
        ("account", Int),
        ("session", Int),
        ("visitor", Int),
        ("at", Int),
        ("page", Text),
        ("phone", Int),
        ("name", Text),
        ("email", Text),
        ("zip", Text),
        ("consent", Text),
    ],
    write: Write::Insert("ON CONFLICT (id) DO NOTHING"),
    key: 1,
};

pub(crate) const KINDS: &[&RecordKind] =
    &[&SESSION_STARTED, &SESSION_SEEN, &TOUCH, &PAGE_VIEW, &FORM];

pub(crate) fn form_record(form: FormRow) -> Record {
    let details = form.details;
    FORM.record(args![
        form.id,
        form.account,
        form.session,
        form.visitor,
        form.at,
        form.page,
        details.phone,
        details.name,
        details.email,
        details.zip,
        details.consent,
    ])
}

pub(crate) async fn forms(db: &Db, session: SessionId) -> Result<Vec<FormRow>, DbError> {
    each(&db.read(FORMS, args![session]).await?, |row| {
        Ok(FormRow {
            id: row.get("id")?,
            account: row.get("account")?,
            session: row.get("session")?,
            visitor: row.get("visitor")?,
            at: row.get("at")?,
            page: row.get("page")?,
            details: FormDetails {
                phone: row.get("phone")?,
                name: row.get("name")?,
                email: row.get("email")?,
                zip: row.get("zip")?,
                consent: row.get("consent")?,
            },
        })
    })
}

pub(crate) async fn latest_form(
    db: &Db,
    account: AccountId,
    site: Option<SiteId>,
    phone: PhoneNumber,
    since: Timestamp,
    until: Timestamp,
) -> Result<Option<Form>, DbError> {
    let rows = db
        .read_urgent(LATEST_FORM, args![account, phone, since, until, site])
        .await?;
    let found = each(&rows, |row| {
        Ok(Form {
            session: row.get("session")?,
            visitor: row.get("visitor")?,
            at: row.get("at")?,
        })
    })?;
    Ok(found.first().copied())
}

pub(crate) fn session_record(session: SessionRow) -> Result<Record, DbError> {
    let mut values = Vec::with_capacity(SESSION_STARTED.columns.len());
    let locality = session.locality.as_ref();
    let country = locality.and_then(Locality::country);
    values.extend([
        session.id.into(),
        session.account.into(),
        session.site.into(),
        session.visitor.into(),
        session.consent.into(),
        session.device.into(),
        locality.and_then(Locality::state).into(),
        locality.and_then(Locality::place).into(),
        country.as_ref().into(),
        session.synthetic.into(),
        session.started_at.into(),
        session.seen_at.into(),
    ]);
    values.extend(source_values(session.source));
    values.extend([session.landing.into(), session.referrer.into()]);
    values.push(click_ids(&session.clicks)?);
    Ok(SESSION_STARTED.record(values))
}

pub(crate) fn touch_record(touch: TouchRow) -> Result<Record, DbError> {
    let mut values = Vec::with_capacity(TOUCH.columns.len());
    values.extend([
        touch.session.into(),
        touch.id.into(),
        touch.at.into(),
        touch.page.into(),
        touch.referrer.into(),
    ]);
    values.extend(source_values(touch.source));
    values.push(click_ids(&touch.clicks)?);
    Ok(TOUCH.record(values))
}

pub(crate) fn page_view_record(view: PageViewRow) -> Record {
    PAGE_VIEW.record(args![view.session, view.id, view.at, view.page])
}

/// Pairs of name and value as JSON; nothing for most arrivals.
fn click_ids(clicks: &[ClickId]) -> Result<Val, DbError> {
    if clicks.is_empty() {
        return Ok(Val::Null);
    }
    let pairs: Vec<(&str, &str)> = clicks
        .iter()
        .map(|click| (click.name, click.value.as_str()))
        .collect();
    json(&pairs)
}

pub(crate) async fn session(db: &Db, id: SessionId) -> Result<Option<SessionRow>, DbError> {
    let rows = db.read_urgent(SESSION, args![id]).await?;
    rows.first().map(read_session).transpose()
}

pub(crate) async fn latest_session(
    db: &Db,
    site: SiteId,
    visitor: VisitorId,
) -> Result<Option<SessionRow>, DbError> {
    let rows = db.read_urgent(LATEST_SESSION, args![visitor, site]).await?;
    rows.first().map(read_session).transpose()
}

pub(crate) async fn sessions_by_id(db: &Db, ids: &[SessionId]) -> Result<Vec<SessionRow>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(IDS_AT_ONCE) {
        let rows = db.read_urgent(SESSIONS_BY_ID, filled(some)).await?;
        found.extend(each(&rows, read_session)?);
    }
    Ok(found)
}

pub(crate) async fn latest_sources(
    db: &Db,
    ids: &[SessionId],
    until: Timestamp,
) -> Result<HashMap<SessionId, Source>, DbError> {
    let mut found = HashMap::new();
    for some in ids.chunks(IDS_AT_ONCE) {
        let mut values = filled(some);
        values.push(until.into());
        let rows = db.read_urgent(LATEST_SOURCES, values).await?;
        found.extend(each(&rows, |row| Ok((row.get("session")?, source(row)?)))?);
    }
    Ok(found)
}

/// As many values as a statement of [`IDS_AT_ONCE`] ids takes.
fn filled(some: &[SessionId]) -> Vec<Val> {
    let first = some.first().into_iter().cycle();
    let filled = some.iter().chain(first).take(IDS_AT_ONCE);
    filled.map(|id| Val::from(*id)).collect()
}

pub(crate) async fn sessions(db: &Db, filter: &SessionFilter) -> Result<Vec<SessionRow>, DbError> {
    let from = filter.from.map_or(i64::MIN, Timestamp::as_millis);
    let (before, before_id) = keyset(filter.to, filter.after.map(|(at, id)| (at, id.raw())));
    let sites = match filter.site {
        Some(site) => vec![site],
        None => {
            let rows = db.read(SITES_OF_ACCOUNT, args![filter.account]).await?;
            each(&rows, |row| row.get("id"))?
        }
    };
    // An index by account would cost every new session a write; this costs a list one read per site.
    let mut found = Vec::new();
    for site in sites {
        let site: SiteId = site;
        let values = args![site, filter.account, from, before, before_id, filter.limit];
        found.extend(each(
            &db.read(SESSIONS_OF_SITE, values).await?,
            read_session,
        )?);
    }
    found.sort_by_key(|session| std::cmp::Reverse((session.started_at, session.id)));
    found.truncate(filter.limit as usize);
    Ok(found)
}

/// The pair of start and id below which a list goes on: the end of the interval or the last row of the page before,
/// whichever is earlier.
pub(crate) fn keyset(to: Option<Timestamp>, after: Option<(Timestamp, i64)>) -> (i64, i64) {
    let end = to.map_or((i64::MAX, i64::MAX), |to| (to.as_millis(), i64::MIN));
    let after = after.map_or((i64::MAX, i64::MAX), |(at, id)| (at.as_millis(), id));
    end.min(after)
}

pub(crate) async fn touches(db: &Db, session: SessionId) -> Result<Vec<TouchRow>, DbError> {
    each(&db.read(TOUCHES, args![session]).await?, read_touch)
}

pub(crate) async fn page_views(db: &Db, session: SessionId) -> Result<Vec<PageViewRow>, DbError> {
    each(&db.read(PAGE_VIEWS, args![session]).await?, |row| {
        Ok(PageViewRow {
            id: row.get("id")?,
            session: row.get("session")?,
            at: row.get("at")?,
            page: row.get("page")?,
        })
    })
}

pub(crate) fn read_session(row: &Row) -> Result<SessionRow, DbError> {
    Ok(SessionRow {
        id: row.get("id")?,
        site: row.get("site")?,
        account: row.get("account")?,
        visitor: row.get("visitor")?,
        consent: row.get("consent")?,
        device: row.get("device")?,
        locality: locality(row)?,
        synthetic: row.get("synthetic")?,
        started_at: row.get("started_at")?,
        seen_at: row.get("seen_at")?,
        source: source(row)?,
        landing: row.get("landing")?,
        referrer: row.get("referrer")?,
        clicks: read_clicks(row)?,
    })
}

pub(crate) fn read_touch(row: &Row) -> Result<TouchRow, DbError> {
    Ok(TouchRow {
        id: row.get("id")?,
        session: row.get("session")?,
        at: row.get("at")?,
        page: row.get("page")?,
        referrer: row.get("referrer")?,
        source: source(row)?,
        clicks: read_clicks(row)?,
    })
}

fn read_clicks(row: &Row) -> Result<Vec<ClickId>, DbError> {
    let pairs: Vec<(String, String)> = match row.get::<Val>("click_ids")? {
        Val::Null => Vec::new(),
        _ => from_json(row, "click_ids")?,
    };
    let known = |(name, value): &(String, String)| click_id(name, value);
    Ok(pairs.iter().filter_map(known).collect())
}
