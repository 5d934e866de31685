//! Versions of what things say. One is in force, one may be to come, and no number is used twice.

use std::sync::Arc;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::AccountId;
use trunkline_core::routing::{TermsKind, VersionState};
use trunkline_engine::ports::distribution::{TermsChange, TermsDocument, TermsOf, TermsVersion};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::{from_json, json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction};
use crate::{Store, args};

crate::statements! { "distribution_terms";
    TERMS_IN_FORCE = "SELECT thing, version, account, kind, document, state, live_at, made_at, made_by, restores \
        FROM terms_version WHERE account = $1 AND state IN ('live', 'staged') ORDER BY thing, version";
    ADD_VERSION = "INSERT INTO terms_version (thing, version, account, kind, document, state, live_at, made_at, made_by, \
        restores) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    /// Of two who change the same version, one is told.
    TURN_VERSION = "UPDATE terms_version SET state = $4 WHERE thing = $1 AND version = $2 AND state = $3";
    PUT_IN_FORCE = "UPDATE terms_version SET state = 'live', live_at = $3 \
        WHERE thing = $1 AND version = $2 AND state = 'staged'";
    /// None when nothing was in force yet.
    END_VERSION = "UPDATE terms_version SET state = 'past' WHERE thing = $1 AND state = 'live'";
    VERSIONS = "SELECT thing, version, account, kind, document, state, live_at, made_at, made_by, restores \
        FROM terms_version WHERE thing = $1 AND kind = $2 AND (CAST($3 AS BIGINT) IS NULL OR version < $3) \
        ORDER BY version DESC LIMIT $4";
    VERSION = "SELECT thing, version, account, kind, document, state, live_at, made_at, made_by, restores \
        FROM terms_version WHERE thing = $1 AND version = $2 AND kind = $3";
}

/// Adds the first terms of something new.
pub(super) fn put_first(whole: &mut Transaction, first: &TermsVersion) -> Result<(), DbError> {
    let document = match &first.document {
        TermsDocument::Layer(layer) => json(layer.as_ref())?,
        TermsDocument::Feed(feed) => json(feed.as_ref())?,
        TermsDocument::Plan(plan) => json(plan.as_ref())?,
    };
    let values = args![
        first.of.id,
        first.version,
        first.account,
        first.of.kind,
        document,
        first.state,
        first.live_at,
        first.made_at,
        first.made_by,
        first.restores,
    ];
    whole.push(ADD_VERSION, values, Expect::Rows(1));
    Ok(())
}

impl Store {
    pub(super) async fn load_terms(&self, account: AccountId) -> PortResult<Vec<TermsVersion>> {
        self.many(TERMS_IN_FORCE, args![account], version).await
    }

    pub(super) async fn store_terms(&self, change: &TermsChange) -> PortResult<()> {
        let TermsVersion { of, state, .. } = change.version;
        let mut whole = Transaction::new();
        if let Some(staged) = change.withdraws {
            let values = args![of.id, staged, VersionState::Staged, VersionState::Withdrawn];
            whole.push(TURN_VERSION, values, Expect::Rows(1));
        }
        if let Some(live) = change.live {
            // What stays in force is looked at too: a version is staged after the one that was seen.
            let next = match state {
                VersionState::Live => VersionState::Past,
                _ => VersionState::Live,
            };
            let values = args![of.id, live, VersionState::Live, next];
            whole.push(TURN_VERSION, values, Expect::Rows(1));
        }
        put_first(&mut whole, &change.version).map_err(port_error)?;
        let changed = || {
            PortError::Conflict("somebody changed it since you opened it; load it again".to_owned())
        };
        match self.db.submit(whole).await {
            Ok(Outcome::Committed(_)) => Ok(()),
            Ok(Outcome::Unexpected { .. }) | Err(DbError::Conflict { .. }) => Err(changed()),
            Err(error) => Err(port_error(error)),
        }
    }

    pub(super) async fn give_up_terms(&self, of: TermsOf, version: u32) -> PortResult<bool> {
        let values = args![
            of.id,
            version,
            VersionState::Staged,
            VersionState::Withdrawn
        ];
        Ok(self.change(TURN_VERSION, values, Expect::Any).await? > 0)
    }

    pub(super) async fn put_in_force(
        &self,
        of: TermsOf,
        version: u32,
        at: Timestamp,
    ) -> PortResult<bool> {
        let whole = Transaction::new()
            .step(END_VERSION, args![of.id], Expect::Any)
            .step(PUT_IN_FORCE, args![of.id, version, at], Expect::Rows(1));
        let outcome = self.db.submit(whole).await.map_err(port_error)?;
        Ok(outcome.is_committed())
    }

    pub(super) async fn list_terms(
        &self,
        of: TermsOf,
        below: Option<u32>,
        limit: u32,
    ) -> PortResult<Vec<TermsVersion>> {
        let values = args![of.id, of.kind, below, limit];
        self.many(VERSIONS, values, version).await
    }

    pub(super) async fn one_terms(
        &self,
        of: TermsOf,
        number: u32,
    ) -> PortResult<Option<TermsVersion>> {
        let values = args![of.id, number, of.kind];
        self.one(VERSION, values, version).await
    }
}

fn version(row: &Row) -> Result<TermsVersion, DbError> {
    let kind = row.get("kind")?;
    let document = match kind {
        TermsKind::Account
        | TermsKind::Campaign
        | TermsKind::Buyer
        | TermsKind::Destination
        | TermsKind::Contract => TermsDocument::Layer(Arc::new(from_json(row, "document")?)),
        TermsKind::Feed => TermsDocument::Feed(Arc::new(from_json(row, "document")?)),
        TermsKind::Plan => TermsDocument::Plan(Arc::new(from_json(row, "document")?)),
    };
    Ok(TermsVersion {
        of: TermsOf {
            kind,
            id: row.get("thing")?,
        },
        account: row.get("account")?,
        version: row.get("version")?,
        document,
        state: row.get("state")?,
        live_at: row.get("live_at")?,
        made_at: row.get("made_at")?,
        made_by: row.get("made_by")?,
        restores: row.get("restores")?,
    })
}
