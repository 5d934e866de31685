//! Trunks whose carrier talks by webhooks, with their sealed keys, and recordings that are to be fetched from carriers.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{CallId, TrunkId};
use trunkline_engine::ports::webhooks::{
    FetchedRecording, RecordingFetch, RecordingFetches, Secret, WebhookTrunk,
};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::port_error;
use crate::db::{DbError, Expect, Outcome, Row, Transaction};
use crate::{Store, args};

crate::statements! { "webhooks";
    WEBHOOKS = "SELECT w.trunk, w.dialect, w.carrier_account, w.set_at, k.sealed AS signing_key, t.sealed AS api_token \
        FROM voice_webhook AS w JOIN credential AS k ON k.owner = w.trunk AND k.kind = 'webhook_signing_key' \
        LEFT JOIN credential AS t ON t.owner = w.trunk AND t.kind = 'webhook_api_token' ORDER BY w.trunk";
    PUT_WEBHOOK = "INSERT INTO voice_webhook (trunk, dialect, carrier_account, set_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (trunk) DO UPDATE SET dialect = excluded.dialect, carrier_account = excluded.carrier_account, \
        set_at = excluded.set_at";
    DELETE_WEBHOOK = "DELETE FROM voice_webhook WHERE trunk = $1";
    PUT_KEY = "INSERT INTO credential (owner, kind, sealed, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (owner, kind) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at";
    DELETE_KEY = "DELETE FROM credential WHERE owner = $1 AND kind = $2";
    NOTE_FETCH = "INSERT INTO recording_fetch (call, name, recording, account, trunk, url, path, state, tries, next_at, \
        told_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $9) ON CONFLICT (call, name) DO NOTHING";
    DUE_FETCHES = "SELECT f.call, f.name, f.recording, f.account, f.trunk, f.url, f.path, f.tries, f.begins_at, f.told_at \
        FROM recording_fetch AS f JOIN call AS c ON c.id = f.call AND c.state = 'ended' \
        WHERE f.state = 'waiting' AND f.next_at <= $1 ORDER BY f.next_at, f.call, f.name LIMIT $2";
    BEGIN_FETCH = "UPDATE recording_fetch SET begins_at = $3 WHERE call = $1 AND name = $2 AND begins_at IS NULL";
    FETCH_BEGINS_AT = "SELECT begins_at FROM recording_fetch WHERE call = $1 AND name = $2";
    FETCH_FAILED = "UPDATE recording_fetch SET tries = tries + 1, next_at = $3 \
        WHERE call = $1 AND name = $2 AND state = 'waiting'";
    SETTLE_FETCH = "UPDATE recording_fetch SET state = $3 WHERE call = $1 AND name = $2 AND state = 'waiting'";
    FILL_RECORDING = "UPDATE recording SET state = $2, duration_ms = $3, bytes = $4 WHERE id = $1";
    /// What was fetched before stays; an empty one is over.
    GIVE_RECORDING_UP = "UPDATE recording SET state = 'partial' WHERE id = $1 AND state = 'writing'";
    CARRIER_NAME = "SELECT 1 AS found FROM call WHERE sip_call_id = $1 AND trunk = $2 LIMIT 1";
}

/// Kinds of the two keys in `credential`.
const SIGNING_KEY: &str = "webhook_signing_key";
const API_TOKEN: &str = "webhook_api_token";

/// The place a key is sealed for.
fn place(trunk: TrunkId, kind: &str) -> String {
    format!("trunk/{}/{kind}", trunk.raw())
}

impl Store {
    /// Every trunk whose carrier talks by webhooks.
    pub(crate) async fn webhooks(&self) -> PortResult<Vec<WebhookTrunk>> {
        self.many(WEBHOOKS, args![], |row| self.webhook(row)).await
    }

    fn webhook(&self, row: &Row) -> Result<WebhookTrunk, DbError> {
        let trunk: TrunkId = row.get("trunk")?;
        let open = |kind: &str, sealed: &[u8]| {
            let opened = self.sealer.open(&place(trunk, kind), sealed)?;
            let text = String::from_utf8(opened);
            let text = text.map_err(|_| DbError::other("read a key", "it is no text"))?;
            Ok::<_, DbError>(Secret::new(text))
        };
        let api_token: Option<Vec<u8>> = row.get("api_token")?;
        Ok(WebhookTrunk {
            trunk,
            dialect: row.get("dialect")?,
            carrier_account: row.get("carrier_account")?,
            signing_key: open(SIGNING_KEY, &row.get::<Vec<u8>>("signing_key")?)?,
            api_token: match api_token {
                Some(sealed) => Some(open(API_TOKEN, &sealed)?),
                None => None,
            },
            set_at: row.get("set_at")?,
        })
    }

    pub(crate) async fn store_webhook(&self, webhook: &WebhookTrunk) -> PortResult<()> {
        let trunk = webhook.trunk;
        let seal = |kind: &str, key: &Secret| {
            let sealed = self
                .sealer
                .seal(&place(trunk, kind), key.reveal().as_bytes());
            sealed.map_err(port_error)
        };
        let values = args![
            trunk,
            webhook.dialect,
            &webhook.carrier_account,
            webhook.set_at
        ];
        let key = seal(SIGNING_KEY, &webhook.signing_key)?;
        let key = args![trunk, SIGNING_KEY, key, webhook.set_at];
        let mut whole = Transaction::new()
            .step(PUT_WEBHOOK, values, Expect::Rows(1))
            .step(PUT_KEY, key, Expect::Rows(1));
        match &webhook.api_token {
            Some(token) => {
                let token = args![trunk, API_TOKEN, seal(API_TOKEN, token)?, webhook.set_at];
                whole.push(PUT_KEY, token, Expect::Rows(1));
            }
            None => whole.push(DELETE_KEY, args![trunk, API_TOKEN], Expect::Any),
        }
        self.all_or_nothing(whole).await
    }

    /// Answers whether there was one.
    pub(crate) async fn forget_webhook(&self, trunk: TrunkId) -> PortResult<bool> {
        match self
            .db
            .submit(without_webhook(trunk))
            .await
            .map_err(port_error)?
        {
            Outcome::Committed(results) => Ok(results.last().is_some_and(|last| last.count > 0)),
            Outcome::Unexpected { .. } => Ok(false),
        }
    }

    async fn all_or_nothing(&self, whole: Transaction) -> PortResult<()> {
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { rows, .. } => {
                Err(PortError::Failed(format!("changed {rows} rows")))
            }
        }
    }
}

/// The beginning of a transaction: nothing is left of how a trunk's carrier talked, keys included.
pub(crate) fn without_webhook(trunk: TrunkId) -> Transaction {
    Transaction::new()
        .step(DELETE_KEY, args![trunk, SIGNING_KEY], Expect::Any)
        .step(DELETE_KEY, args![trunk, API_TOKEN], Expect::Any)
        .step(DELETE_WEBHOOK, args![trunk], Expect::Any)
}

fn fetch(row: &Row) -> Result<RecordingFetch, DbError> {
    Ok(RecordingFetch {
        call: row.get("call")?,
        name: row.get("name")?,
        recording: row.get("recording")?,
        account: row.get("account")?,
        trunk: row.get("trunk")?,
        url: row.get("url")?,
        path: row.get("path")?,
        tries: row.get("tries")?,
        begins_at: row.get("begins_at")?,
        told_at: row.get("told_at")?,
    })
}

#[async_trait]
impl RecordingFetches for Store {
    async fn note(&self, fetch: &RecordingFetch) -> PortResult<bool> {
        let values = args![
            fetch.call,
            &fetch.name,
            fetch.recording,
            fetch.account,
            fetch.trunk,
            &fetch.url,
            &fetch.path,
            fetch.tries,
            fetch.told_at,
        ];
        Ok(self.change(NOTE_FETCH, values, Expect::Any).await? > 0)
    }

    async fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<RecordingFetch>> {
        self.many(DUE_FETCHES, args![now, limit], fetch).await
    }

    async fn begin(&self, call: CallId, name: &str, begins_at: u64) -> PortResult<u64> {
        let begins_at = i64::try_from(begins_at).unwrap_or(i64::MAX);
        self.change(BEGIN_FETCH, args![call, name, begins_at], Expect::Any)
            .await?;
        let stored = self.one(FETCH_BEGINS_AT, args![call, name], |row| {
            row.get::<Option<u64>>("begins_at")
        });
        let stored = stored.await?.flatten();
        stored.ok_or_else(|| PortError::Failed("the recording is not noted".to_owned()))
    }

    async fn failed(&self, call: CallId, name: &str, next_at: Timestamp) -> PortResult<()> {
        let values = args![call, name, next_at];
        self.change(FETCH_FAILED, values, Expect::Any)
            .await
            .map(drop)
    }

    async fn settle(
        &self,
        fetch: &RecordingFetch,
        done: Option<FetchedRecording>,
    ) -> PortResult<()> {
        let whole = Transaction::new();
        let whole = match done {
            Some(done) => {
                let duration_ms = i64::try_from(done.duration_ms).unwrap_or(i64::MAX);
                let bytes = i64::try_from(done.bytes).unwrap_or(i64::MAX);
                let values = args![fetch.recording, done.state, duration_ms, bytes];
                whole.step(FILL_RECORDING, values, Expect::Any)
            }
            None => whole.step(GIVE_RECORDING_UP, args![fetch.recording], Expect::Any),
        };
        let state = if done.is_some() { "done" } else { "given_up" };
        let whole = whole.step(
            SETTLE_FETCH,
            args![fetch.call, &fetch.name, state],
            Expect::Any,
        );
        self.all_or_nothing(whole).await
    }

    async fn is_known(&self, trunk: TrunkId, name: &str) -> PortResult<bool> {
        let found = self.one_urgent(CARRIER_NAME, args![name, trunk], |_| Ok(()));
        Ok(found.await?.is_some())
    }
}
