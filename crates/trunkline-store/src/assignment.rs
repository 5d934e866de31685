//! Leases, showings and taps: how they are recorded, and who saw which number when.

use trunkline_core::assignment::Network;
use trunkline_core::attribution;
use trunkline_core::base::id::{LeaseId, NumberId, SessionId, ShowingId, SiteId};
use trunkline_core::base::{Locality, Timestamp};
use trunkline_core::visitor::Device;
use trunkline_engine::ports::history::{LeaseRow, OpenLease, ShowingRow, TapRow};

use crate::args;
use crate::convert::{each, locality};
use crate::db::{ColumnType, Db, DbError, Record, RecordKind, Row, Write};

crate::statements! { "assignment";
    /// A lease that a later one of the same number follows has ended by it.
    OPEN_LEASES = "SELECT id, pool, number, target, session, visitor, started_at, seen_at, confirmed_at, network FROM lease \
        WHERE ended_at IS NULL AND seen_at >= $1 AND NOT EXISTS (SELECT 1 FROM lease AS later \
        WHERE later.number = lease.number AND (later.started_at, later.id) > (lease.started_at, lease.id)) \
        ORDER BY started_at DESC, id DESC";
    BLOCKS_SEEN = "SELECT site, version, seen_at FROM block_seen WHERE seen_at >= $1 ORDER BY seen_at, site, version";
    /// The newest showings of a number, each with the last time it is known to have been visible.
    SHOWINGS_OF = "SELECT s.session, s.visitor, s.at, s.page, l.seen_at, v.device, v.state, v.place, v.country, \
        (SELECT max(e.at) FROM showing_end AS e WHERE e.showing = s.id) AS ended_at \
        FROM showing AS s LEFT JOIN lease AS l ON l.id = s.lease LEFT JOIN session AS v ON v.id = s.session \
        WHERE s.number = $1 AND s.at <= $2 AND coalesce(v.synthetic, 0) = 0 ORDER BY s.at DESC, s.id DESC LIMIT $3";
    UNCONFIRMED_LEASES_OF = "SELECT l.session, l.visitor, l.started_at, l.seen_at, v.device, v.state, v.place, v.country FROM lease AS l \
        LEFT JOIN session AS v ON v.id = l.session \
        WHERE l.number = $1 AND l.started_at >= $2 AND l.started_at <= $3 AND l.confirmed_at IS NULL \
        AND coalesce(v.synthetic, 0) = 0 \
        ORDER BY l.started_at DESC, l.id DESC LIMIT $4";
    /// One row for each session, so that many taps of one do not hide those of others.
    TAPS_ON = "SELECT session, max(at) AS last_at, count(*) AS times, max(late) AS late FROM tap \
        WHERE number = $1 AND at >= $2 AND at <= $3 GROUP BY session ORDER BY last_at DESC, session DESC LIMIT $4";
    SHOWINGS_IN = "SELECT s.id, s.number, s.session, s.visitor, s.lease, s.at, s.page, s.swaps, l.seen_at, \
        (SELECT max(e.at) FROM showing_end AS e WHERE e.showing = s.id) AS ended_at \
        FROM showing AS s LEFT JOIN lease AS l ON l.id = s.lease WHERE s.session = $1 ORDER BY s.at, s.id";
    TAPS_IN = "SELECT id, number, session, at, late FROM tap WHERE session = $1 ORDER BY at, id";
}

/// Most sessions whose taps on one number are read.
const TAPS_MAX: i64 = 500;
/// A page may stay open for long: so many times the asked number of showings are looked at, newest first, to
/// find those that were visible last.
const LOOK_BACK: u32 = 4;

use ColumnType::{Int, Text};

pub(crate) static LEASE: RecordKind = RecordKind {
    name: "lease",
    table: "lease",
    columns: &[
        ("id", Int),
        ("pool", Int),
        ("number", Int),
        ("target", Int),
        ("session", Int),
        ("visitor", Int),
        ("started_at", Int),
        ("seen_at", Int),
        ("network", Int),
    ],
    write: Write::Insert("ON CONFLICT (id) DO NOTHING"),
    key: 1,
};

pub(crate) static LEASE_CONFIRMED: RecordKind = RecordKind {
    name: "lease_confirmed",
    table: "lease",
    columns: &[("id", Int), ("confirmed_at", Int)],
    write: Write::Update("t.confirmed_at IS NULL"),
    key: 1,
};

pub(crate) static LEASE_SEEN: RecordKind = RecordKind {
    name: "lease_seen",
    table: "lease",
    columns: &[("id", Int), ("seen_at", Int)],
    write: Write::Update("t.seen_at < new.seen_at"),
    key: 1,
};

pub(crate) static LEASE_ENDED: RecordKind = RecordKind {
    name: "lease_ended",
    table: "lease",
    // The network matters only while the number is held.
    columns: &[("id", Int), ("ended_at", Int), ("network", Int)],
    write: Write::Update("t.ended_at IS NULL"),
    key: 1,
};

pub(crate) static SHOWING: RecordKind = RecordKind {
    name: "showing",
    table: "showing",
    columns: &[
        ("id", Int),
        ("number", Int),
        ("session", Int),
        ("visitor", Int),
        ("lease", Int),
        ("at", Int),
        ("page", Text),
        ("swaps", Int),
    ],
    write: Write::Insert("ON CONFLICT (id) DO NOTHING"),
    key: 1,
};

pub(crate) static SHOWING_END: RecordKind = RecordKind {
    name: "showing_end",
    table: "showing_end",
    columns: &[("showing", Int), ("at", Int)],
    write: Write::Insert("ON CONFLICT (showing, at) DO NOTHING"),
    key: 2,
};

pub(crate) static TAP: RecordKind = RecordKind {
    name: "tap",
    table: "tap",
    columns: &[
        ("id", Int),
        ("number", Int),
        ("session", Int),
        ("at", Int),
        ("late", Int),
    ],
    write: Write::Insert("ON CONFLICT (id) DO NOTHING"),
    key: 1,
};

pub(crate) static BLOCK_SEEN: RecordKind = RecordKind {
    name: "block_seen",
    table: "block_seen",
    columns: &[("site", Int), ("version", Int), ("seen_at", Int)],
    write: Write::Insert(
        "ON CONFLICT (site, version) DO UPDATE SET seen_at = excluded.seen_at \
         WHERE block_seen.seen_at < excluded.seen_at",
    ),
    key: 2,
};

pub(crate) const KINDS: &[&RecordKind] = &[
    &BLOCK_SEEN,
    &LEASE,
    &LEASE_CONFIRMED,
    &LEASE_SEEN,
    &LEASE_ENDED,
    &SHOWING,
    &SHOWING_END,
    &TAP,
];

/// The lease as it is given; until a beacon says more it was last visible when it was given.
pub(crate) fn lease_record(lease: &LeaseRow) -> Record {
    LEASE.record(args![
        lease.id,
        lease.pool,
        lease.number,
        lease.target,
        lease.session,
        lease.visitor,
        lease.started_at,
        lease.started_at,
        lease.network.stored(),
    ])
}

pub(crate) fn lease_confirmed_records(lease: LeaseId, at: Timestamp) -> [Record; 2] {
    [
        LEASE_CONFIRMED.record(args![lease, at]),
        lease_seen_record(lease, at),
    ]
}

pub(crate) fn lease_seen_record(lease: LeaseId, at: Timestamp) -> Record {
    LEASE_SEEN.record(args![lease, at])
}

pub(crate) fn lease_ended_record(lease: LeaseId, at: Timestamp) -> Record {
    LEASE_ENDED.record(args![lease, at, Network::UNKNOWN.stored()])
}

pub(crate) fn showing_record(showing: ShowingRow) -> Record {
    SHOWING.record(args![
        showing.id,
        showing.number,
        showing.session,
        showing.visitor,
        showing.lease,
        showing.at,
        showing.page,
        showing.swaps,
    ])
}

pub(crate) fn showing_end_record(showing: ShowingId, at: Timestamp) -> Record {
    SHOWING_END.record(args![showing, at])
}

pub(crate) fn tap_record(tap: &TapRow) -> Record {
    TAP.record(args![tap.id, tap.number, tap.session, tap.at, tap.late])
}

pub(crate) async fn open_leases(db: &Db, since: Timestamp) -> Result<Vec<OpenLease>, DbError> {
    each(&db.read(OPEN_LEASES, args![since]).await?, |row| {
        Ok(OpenLease {
            lease: LeaseRow {
                id: row.get("id")?,
                number: row.get("number")?,
                pool: row.get("pool")?,
                target: row.get("target")?,
                session: row.get("session")?,
                visitor: row.get("visitor")?,
                started_at: row.get("started_at")?,
                network: Network::from_stored(row.get("network")?),
            },
            confirmed_at: row.get("confirmed_at")?,
            seen_at: row.get("seen_at")?,
        })
    })
}

pub(crate) async fn blocks_seen(
    db: &Db,
    since: Timestamp,
) -> Result<Vec<(SiteId, i64, Timestamp)>, DbError> {
    each(&db.read(BLOCKS_SEEN, args![since]).await?, |row| {
        Ok((row.get("site")?, row.get("version")?, row.get("seen_at")?))
    })
}

/// Who was shown a number, last visible first.
pub(crate) async fn showings_of(
    db: &Db,
    number: NumberId,
    since: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<attribution::Showing>, DbError> {
    let look_at = limit.saturating_mul(LOOK_BACK);
    let shown = db.read_urgent(SHOWINGS_OF, args![number, until, look_at]);
    let given = db.read_urgent(UNCONFIRMED_LEASES_OF, args![number, since, until, limit]);
    let (shown, given) = tokio::try_join!(shown, given)?;
    let mut found = each(&shown, |row| {
        Ok(attribution::Showing {
            session: row.get("session")?,
            visitor: row.get("visitor")?,
            first_visible: row.get("at")?,
            last_visible: last_visible(row)?,
            confirmed: true,
            device: device(row)?,
            area: locality(row)?.as_ref().map(Locality::area),
            page: attribution::PageKind::of(&row.get::<String>("page")?),
        })
    })?;
    found.extend(each(&given, |row| {
        Ok(attribution::Showing {
            session: row.get("session")?,
            visitor: row.get("visitor")?,
            first_visible: row.get("started_at")?,
            last_visible: row.get("seen_at")?,
            confirmed: false,
            device: device(row)?,
            area: locality(row)?.as_ref().map(Locality::area),
            page: attribution::PageKind::Other,
        })
    })?);
    found.retain(|showing| showing.last_visible >= since);
    found.sort_by_key(|showing| std::cmp::Reverse((showing.last_visible, showing.session)));
    found.truncate(limit as usize);
    Ok(found)
}

/// The device of the session; a desk when the session's own row is not there yet.
fn device(row: &Row) -> Result<Device, DbError> {
    let device: Option<Device> = row.get("device")?;
    Ok(device.unwrap_or(Device::Desktop))
}

/// What the showing's end tells; without one, what its lease tells. A lease may go on to a later showing of
/// the same session, which says for itself when it was visible.
fn last_visible(row: &Row) -> Result<Timestamp, DbError> {
    let at: Timestamp = row.get("at")?;
    let seen: Option<Timestamp> = row.get("seen_at")?;
    let ended: Option<Timestamp> = row.get("ended_at")?;
    Ok(at.max(ended.or(seen).unwrap_or(at)))
}

pub(crate) async fn taps_on(
    db: &Db,
    number: NumberId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<attribution::Tap>, DbError> {
    each(
        &db.read_urgent(TAPS_ON, args![number, since, until, TAPS_MAX])
            .await?,
        |row| {
            Ok(attribution::Tap {
                session: row.get("session")?,
                at: row.get("last_at")?,
                times: u32::try_from(row.get::<i64>("times")?).unwrap_or(u32::MAX),
                late: row.get("late")?,
            })
        },
    )
}

pub(crate) async fn showings_in(
    db: &Db,
    session: SessionId,
) -> Result<Vec<(ShowingRow, Timestamp)>, DbError> {
    each(&db.read(SHOWINGS_IN, args![session]).await?, |row| {
        let showing = ShowingRow {
            id: row.get("id")?,
            number: row.get("number")?,
            session: row.get("session")?,
            visitor: row.get("visitor")?,
            lease: row.get("lease")?,
            at: row.get("at")?,
            page: row.get("page")?,
            swaps: row.get("swaps")?,
        };
        Ok((showing, last_visible(row)?))
    })
}

pub(crate) async fn taps_in(db: &Db, session: SessionId) -> Result<Vec<TapRow>, DbError> {
    each(&db.read(TAPS_IN, args![session]).await?, |row| {
        Ok(TapRow {
            id: row.get("id")?,
            number: row.get("number")?,
            session: row.get("session")?,
            at: row.get("at")?,
            late: row.get("late")?,
        })
    })
}
