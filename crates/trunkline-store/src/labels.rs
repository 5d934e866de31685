//! Labels: the truth of calls, append-only; and the models that learned from them, as documents.

use async_trait::async_trait;
use trunkline_core::attribution::Model;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, SiteId};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::labels::{Confirmed, FittedModel, LabelCount, LabelRow, Labels, Said};

use crate::call::{EVENT, event_values, some_source};
use crate::convert::{from_json, json, port_error};
use crate::db::{ColumnType, DbError, Record, RecordKind, Row, Write};
use crate::{Store, args};

macro_rules! label_columns {
    () => {
        "l.id, l.account, l.site, l.call, l.called_at, l.kind, l.session, l.tapped, l.said_session, l.said_probability, \
         l.at, l.said_by"
    };
}

crate::statements! { "labels";
    LABEL_OF = concat!("SELECT ", label_columns!(), " FROM label AS l WHERE l.call = $1 ORDER BY l.id DESC LIMIT 1");
    LABELS = concat!("SELECT ", label_columns!(), " FROM label AS l WHERE l.site = $1 AND l.kind <> 'synthetic' AND l.called_at >= $2 \
        AND l.called_at < $3 AND NOT EXISTS (SELECT 1 FROM label AS later WHERE later.call = l.call AND later.id > l.id) \
        ORDER BY l.called_at DESC, l.id DESC LIMIT $4");
    LABEL_COUNTS = "SELECT l.site, count(DISTINCT l.call) AS labels, \
        CAST(sum(CASE WHEN l.at > coalesce(m.fitted_at, 0) THEN 1 ELSE 0 END) AS BIGINT) AS fresh \
        FROM label AS l LEFT JOIN (SELECT site, max(fitted_at) AS fitted_at FROM attribution_model GROUP BY site) AS m \
        ON m.site = l.site WHERE l.site IS NOT NULL AND l.called_at >= $1 \
        AND l.kind <> 'synthetic' GROUP BY l.site ORDER BY l.site";
    ADD_MODEL = "INSERT INTO attribution_model (id, site, fitted_at, labels, document) VALUES ($1, $2, $3, $4, $5)";
    MODELS = "SELECT m.id, m.site, m.fitted_at, m.document FROM attribution_model AS m WHERE NOT EXISTS \
        (SELECT 1 FROM attribution_model AS later WHERE later.site = m.site \
        AND (later.fitted_at, later.id) > (m.fitted_at, m.id)) ORDER BY m.site";
}

use ColumnType::{Int, Real, Text};

pub(crate) static LABEL: RecordKind = RecordKind {
    name: "label",
    table: "label",
    columns: &[
        ("id", Int),
        ("account", Int),
        ("site", Int),
        ("call", Int),
        ("called_at", Int),
        ("kind", Text),
        ("session", Int),
        ("tapped", Int),
        ("said_session", Int),
        ("said_probability", Real),
        ("at", Int),
        ("said_by", Int),
    ],
    write: Write::Insert("ON CONFLICT (id) DO NOTHING"),
    key: 1,
};

/// The credit of a call as a person said it; a later one stays.
static CONFIRMED: RecordKind = RecordKind {
    name: "call_confirmed",
    table: "call",
    columns: &[
        ("id", Int),
        ("confirmed_at", Int),
        ("session", Int),
        ("probability", Real),
        ("ambiguous", Int),
        ("channel", Text),
        ("medium", Text),
        ("source", Text),
        ("ad_campaign", Text),
        ("term", Text),
        ("content", Text),
        ("rule", Text),
    ],
    write: Write::Update("(t.confirmed_at IS NULL OR t.confirmed_at <= new.confirmed_at)"),
    key: 1,
};

pub(crate) const KINDS: &[&RecordKind] = &[&LABEL, &CONFIRMED];

#[async_trait]
impl Labels for Store {
    async fn confirm(&self, confirmed: &Confirmed) -> PortResult<()> {
        let label = &confirmed.label;
        let certain = label.session.map(|_| 1.0);
        let mut credit = args![label.call, label.at, label.session, certain, false];
        credit.extend(some_source(confirmed.source.as_ref()));
        let records = vec![
            label_record(label),
            EVENT.record(event_values(&confirmed.event)),
            CONFIRMED.record(credit),
        ];
        let recorded = self.db.record(records).map_err(port_error)?;
        recorded.durable().await.map_err(port_error)
    }

    async fn label_of(&self, call: CallId) -> PortResult<Option<LabelRow>> {
        self.one(LABEL_OF, args![call], read_label).await
    }

    async fn labels(
        &self,
        site: SiteId,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<LabelRow>> {
        self.many(LABELS, args![site, from, to, limit], read_label)
            .await
    }

    async fn label_counts(&self, since: Timestamp) -> PortResult<Vec<LabelCount>> {
        self.many(LABEL_COUNTS, args![since], |row| {
            Ok(LabelCount {
                site: row.get("site")?,
                labels: row.get("labels")?,
                fresh: row.get("fresh")?,
            })
        })
        .await
    }

    async fn add_model(&self, fitted: &FittedModel) -> PortResult<()> {
        let document = json(&fitted.model).map_err(port_error)?;
        let mut values = args![
            fitted.id,
            fitted.site,
            fitted.fitted_at,
            fitted.model.labels
        ];
        values.push(document);
        self.put(ADD_MODEL, values).await
    }

    async fn models(&self) -> PortResult<Vec<FittedModel>> {
        let stored = self.many(MODELS, args![], |row| {
            // A document that another version wrote is no reason not to start.
            let model = from_json::<Model>(row, "document").ok();
            let model = model.map(Model::with_countries);
            let model = model.filter(Model::is_usable);
            let (id, site, fitted_at) = (row.get("id")?, row.get("site")?, row.get("fitted_at")?);
            Ok(model.map(|model| FittedModel {
                id,
                site,
                fitted_at,
                model,
            }))
        });
        Ok(stored.await?.into_iter().flatten().collect())
    }
}

pub(crate) fn label_record(label: &LabelRow) -> Record {
    LABEL.record(args![
        label.id,
        label.account,
        label.site,
        label.call,
        label.called_at,
        label.kind,
        label.session,
        label.said.tapped,
        label.said.session,
        label.said.probability,
        label.at,
        label.said_by,
    ])
}

pub(crate) fn read_label(row: &Row) -> Result<LabelRow, DbError> {
    Ok(LabelRow {
        id: row.get("id")?,
        account: row.get("account")?,
        site: row.get("site")?,
        call: row.get("call")?,
        called_at: row.get("called_at")?,
        kind: row.get("kind")?,
        session: row.get("session")?,
        said: Said {
            tapped: row.get("tapped")?,
            session: row.get("said_session")?,
            probability: row.get("said_probability")?,
        },
        at: row.get("at")?,
        said_by: row.get("said_by")?,
    })
}
