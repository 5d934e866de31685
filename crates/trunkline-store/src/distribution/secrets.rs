//! The secrets of buyers' endpoints: one sealed row in `credential` for each destination that has any.

use std::collections::BTreeMap;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, DestinationId};
use trunkline_engine::ports::distribution::DestinationSecrets;
use trunkline_engine::ports::webhooks::Secret;
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Row, Transaction};
use crate::{Store, args};

crate::statements! { "distribution_secrets";
    SECRETS = "SELECT d.id, d.account, c.sealed FROM destination AS d JOIN credential AS c ON c.owner = d.id \
        AND c.kind = 'endpoint_secrets' WHERE d.account = $1 ORDER BY d.id";
    OWN_DESTINATION = "UPDATE destination SET account = account WHERE id = $1 AND account = $2";
    PUT_SECRETS = "INSERT INTO credential (owner, kind, sealed, created_at) VALUES ($1, 'endpoint_secrets', $2, $3) \
        ON CONFLICT (owner, kind) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at";
    DELETE_SECRETS = "DELETE FROM credential WHERE owner = $1 AND kind = 'endpoint_secrets'";
}

/// The place they are sealed for.
fn place(destination: DestinationId) -> String {
    format!("destination/{}/endpoint_secrets", destination.raw())
}

impl Store {
    /// The secrets of every destination of an account that has any.
    pub(super) async fn load_secrets(
        &self,
        account: AccountId,
    ) -> PortResult<Vec<DestinationSecrets>> {
        self.many(SECRETS, args![account], |row| self.open_secrets(row))
            .await
    }

    fn open_secrets(&self, row: &Row) -> Result<DestinationSecrets, DbError> {
        let destination: DestinationId = row.get("id")?;
        let sealed: Vec<u8> = row.get("sealed")?;
        let opened = self.sealer.open(&place(destination), &sealed)?;
        let texts: BTreeMap<String, String> = serde_json::from_slice(&opened)
            .map_err(|_| DbError::other("read secrets", "they are no names with texts"))?;
        let secrets = texts.into_iter();
        Ok(DestinationSecrets {
            destination,
            account: row.get("account")?,
            secrets: secrets
                .map(|(name, text)| (name, Secret::new(text)))
                .collect(),
        })
    }

    pub(super) async fn store_secrets(
        &self,
        own: &DestinationSecrets,
        at: Timestamp,
    ) -> PortResult<()> {
        let destination = own.destination;
        let mut whole = Transaction::new().step(
            OWN_DESTINATION,
            args![destination, own.account],
            Expect::Rows(1),
        );
        if own.secrets.is_empty() {
            whole.push(DELETE_SECRETS, args![destination], Expect::Any);
        } else {
            let texts = own.secrets.iter();
            let texts: BTreeMap<&str, &str> = texts
                .map(|(name, secret)| (name.as_str(), secret.reveal()))
                .collect();
            let text = serde_json::to_vec(&texts)
                .map_err(|_| PortError::Failed("secrets cannot be written".to_owned()))?;
            let sealed = self.sealer.seal(&place(destination), &text);
            let sealed = sealed.map_err(port_error)?;
            whole.push(PUT_SECRETS, args![destination, sealed, at], Expect::Rows(1));
        }
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => {
                Err(PortError::Conflict("belongs to something else".to_owned()))
            }
        }
    }
}
