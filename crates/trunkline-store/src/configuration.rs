//! What operators and users set up: accounts, sites, pools, numbers, flows, stored sounds, and the instance's secrets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use trunkline_core::assignment::{
    PoolRule, PoolSettings, Published, Site, SiteContent, SiteVersion, SwapTarget, TrackingNumber,
};
use trunkline_core::base::id::{FlowId, NumberId, PoolId, PromptId, SiteId, TrunkId};
use trunkline_core::base::{Country, Currency, Money, Timestamp};
use trunkline_core::call::{RecordingConsent, TollPolicy};
use trunkline_core::visitor::SourceSelector;
use trunkline_engine::ports::configuration::{
    Account, Configuration, Everything, Flow, FlowVersion, Trunk,
};
use trunkline_engine::ports::sounds::PromptRow;
use trunkline_engine::ports::webhooks::WebhookTrunk;
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::{from_json, json, opt_json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::{Store, args};

crate::statements! { "configuration";
    ACCOUNTS = "SELECT id, name, zone, currency, country, countries_allowed, concurrent_calls_max, daily_minutes_max, \
        daily_spend_max, recording_consent, recording_keep_days, qualified_seconds, created_at FROM account ORDER BY id";
    PUT_ACCOUNT = "INSERT INTO account (id, name, zone, currency, country, countries_allowed, concurrent_calls_max, \
        daily_minutes_max, daily_spend_max, recording_waiver, recording_consent, recording_keep_days, qualified_seconds, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, zone = excluded.zone, currency = excluded.currency, \
        country = excluded.country, countries_allowed = excluded.countries_allowed, \
        concurrent_calls_max = excluded.concurrent_calls_max, daily_minutes_max = excluded.daily_minutes_max, \
        daily_spend_max = excluded.daily_spend_max, recording_waiver = excluded.recording_waiver, recording_consent = excluded.recording_consent, \
        recording_keep_days = excluded.recording_keep_days, qualified_seconds = excluded.qualified_seconds";
    SITES = "SELECT id, account, site_key, name, hosts, zone, source_numbers_win, source_rules, swap, draft, \
        published_at, config_version, flow, created_at FROM site ORDER BY id";
    TARGETS = "SELECT id, site, label, number FROM swap_target ORDER BY site, position";
    PUT_SITE = "INSERT INTO site (id, account, site_key, name, hosts, zone, source_numbers_win, source_rules, swap, draft, \
        published_at, config_version, flow, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
        ON CONFLICT (id) DO UPDATE SET site_key = excluded.site_key, \
        name = excluded.name, hosts = excluded.hosts, zone = excluded.zone, \
        source_numbers_win = excluded.source_numbers_win, source_rules = excluded.source_rules, swap = excluded.swap, \
        draft = excluded.draft, published_at = excluded.published_at, config_version = excluded.config_version, \
        flow = excluded.flow";
    /// Targets are taken out of their order, those of the new list put back, and the rest removed.
    UNLIST_TARGETS = "UPDATE swap_target SET position = -1 WHERE site = $1";
    PUT_TARGET = "INSERT INTO swap_target (id, site, position, label, number) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (id) DO UPDATE SET position = excluded.position, label = excluded.label, number = excluded.number \
        WHERE swap_target.site = excluded.site";
    DELETE_UNLISTED_TARGETS = "DELETE FROM swap_target WHERE site = $1 AND position = -1";
    PUT_SITE_VERSION = "INSERT INTO site_version (site, version, published_at, content) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (site, version) DO NOTHING";
    DELETE_OLD_SITE_VERSIONS = "DELETE FROM site_version WHERE site = $1 AND version <= $2";
    DELETE_SITE_VERSIONS = "DELETE FROM site_version WHERE site = $1";
    SITE_VERSIONS = "SELECT version, published_at, content FROM site_version WHERE site = $1 \
        ORDER BY version DESC LIMIT $2";
    DELETE_SITE = "DELETE FROM site WHERE id = $1";
    POOLS = "SELECT id, account, site, target, name, strict_lock, source_channel, source_medium, source_source, page, \
        feed, created_at FROM pool ORDER BY id";
    PUT_POOL = "INSERT INTO pool (id, account, site, target, name, strict_lock, source_channel, source_medium, \
        source_source, page, feed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (id) DO UPDATE SET site = excluded.site, target = excluded.target, name = excluded.name, \
        strict_lock = excluded.strict_lock, source_channel = excluded.source_channel, \
        source_medium = excluded.source_medium, source_source = excluded.source_source, page = excluded.page, \
        feed = excluded.feed";
    PUBLISHED = "SELECT number, site, first_version, last_version FROM published_number ORDER BY number, site";
    PUT_PUBLISHED = "INSERT INTO published_number (number, site, first_version, last_version) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (number, site) DO UPDATE SET first_version = excluded.first_version, \
        last_version = excluded.last_version";
    DELETE_POOL = "DELETE FROM pool WHERE id = $1";
    NUMBERS = "SELECT id, account, trunk, number, kind, label, site, target, pool, source_channel, source_medium, \
        source_source, business_line, second_line, flow, feed, stage, stage_since, created_at FROM tracking_number \
        ORDER BY id";
    PUT_NUMBER = "INSERT INTO tracking_number (id, account, trunk, number, kind, label, site, target, pool, \
        source_channel, source_medium, source_source, business_line, second_line, flow, feed, stage, stage_since, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
        ON CONFLICT (id) DO UPDATE SET account = excluded.account, trunk = excluded.trunk, number = excluded.number, \
        kind = excluded.kind, label = excluded.label, site = excluded.site, target = excluded.target, \
        pool = excluded.pool, source_channel = excluded.source_channel, source_medium = excluded.source_medium, \
        source_source = excluded.source_source, business_line = excluded.business_line, \
        second_line = excluded.second_line, flow = excluded.flow, feed = excluded.feed, stage = excluded.stage, \
        stage_since = excluded.stage_since";
    DELETE_UNUSED_NUMBER = "DELETE FROM tracking_number WHERE id = $1 \
        AND NOT EXISTS (SELECT 1 FROM call WHERE call.number = $1) \
        AND NOT EXISTS (SELECT 1 FROM showing WHERE showing.number = $1)";
    NUMBER_EXISTS = "SELECT 1 AS found FROM tracking_number WHERE id = $1";
    FLOWS = "SELECT f.id, f.account, f.name, f.draft, f.edits, f.archived_at, f.created_at, v.version, v.document, \
        v.published_at, v.published_by FROM call_flow AS f \
        LEFT JOIN flow_version AS v ON v.flow = f.id AND v.version = f.version ORDER BY f.id";
    /// Of two editors who saw the same flow, one is told.
    PUT_FLOW = "INSERT INTO call_flow (id, account, name, draft, edits, version, archived_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = excluded.name, draft = excluded.draft, \
        edits = excluded.edits, version = excluded.version, archived_at = excluded.archived_at \
        WHERE call_flow.edits = excluded.edits - 1";
    PUT_FLOW_VERSION = "INSERT INTO flow_version (flow, version, document, published_at, published_by) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (flow, version) DO NOTHING";
    FLOW_VERSIONS = "SELECT version, document, published_at, published_by FROM flow_version WHERE flow = $1 \
        ORDER BY version DESC LIMIT $2";
    FLOW_VERSION = "SELECT version, document, published_at, published_by FROM flow_version WHERE flow = $1 AND version = $2";
    DELETE_FLOW = "DELETE FROM call_flow WHERE id = $1";
    PROMPTS = "SELECT id, account, name, hash, duration_ms, bytes, created_at FROM prompt ORDER BY id";
    PUT_PROMPT = "INSERT INTO prompt (id, account, name, hash, duration_ms, bytes, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET name = excluded.name";
    DELETE_PROMPT = "DELETE FROM prompt WHERE id = $1";
    KEY_CHECK = "SELECT key_check FROM instance WHERE id = $1";
    PUT_KEY_CHECK = "INSERT INTO instance (id, key_check, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
    SECRET = "SELECT sealed FROM credential WHERE owner = $1 AND kind = $2";
    PUT_NEW_SECRET = "INSERT INTO credential (owner, kind, sealed, created_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (owner, kind) DO NOTHING";
}

/// The id of the one row of `instance`, and the owner of the instance's own secrets.
const INSTANCE: i64 = 1;
/// Versions that are kept of one site.
const SITE_VERSIONS_MAX: i64 = 100;
/// Sealed into the row of the instance; any text will do, as long as it stays the same.
const KEY_CHECK_TEXT: &[u8] = b"trunkline";

impl Store {
    /// Finds out whether the key given at start is the one the secrets are sealed with. The first start decides.
    pub(crate) async fn check_key(&self) -> Result<(), DbError> {
        let fresh = self.sealer.seal("instance", KEY_CHECK_TEXT)?;
        let put =
            Transaction::new().step(PUT_KEY_CHECK, args![INSTANCE, fresh, now()], Expect::Any);
        self.db.submit(put).await?;
        let row = self.db.read_opt(KEY_CHECK, args![INSTANCE]).await?;
        let sealed: Vec<u8> = row.ok_or(DbError::Closed)?.get("key_check")?;
        let opened = self.sealer.open("instance", &sealed);
        let wrong =
            "the sealing key does not belong to this database; put its key file back beside it";
        opened.map(drop).map_err(|_| DbError::other("open", wrong))
    }

    /// Removes the row of one id; a conflict while something refers to it.
    pub(crate) async fn delete(
        &self,
        statement: crate::db::Statement,
        id: impl Into<Val>,
    ) -> PortResult<bool> {
        Ok(self.change(statement, vec![id.into()], Expect::Any).await? > 0)
    }

    pub(crate) async fn run_whole(&self, transaction: Transaction) -> PortResult<()> {
        match self.db.submit(transaction).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => {
                Err(PortError::Conflict("belongs to something else".to_owned()))
            }
        }
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[async_trait]
impl Configuration for Store {
    async fn load(&self) -> PortResult<Everything> {
        let targets = self
            .many(TARGETS, args![], |row| {
                Ok((row.get::<SiteId>("site")?, target(row)?))
            })
            .await?;
        let mut of_site: HashMap<SiteId, Vec<SwapTarget>> = HashMap::new();
        for (site, target) in targets {
            of_site.entry(site).or_default().push(target);
        }
        let mut sites = self.many(SITES, args![], site).await?;
        for site in &mut sites {
            site.targets = of_site.remove(&site.id).unwrap_or_default();
        }
        Ok(Everything {
            accounts: self.many(ACCOUNTS, args![], account).await?,
            trunks: self.load_trunks().await?,
            webhooks: self.webhooks().await?,
            carriers: self.carriers().await?,
            holdings: self.holdings().await?,
            given_back: self.numbers_given_back().await?,
            sites,
            pools: self.many(POOLS, args![], pool).await?,
            numbers: self.many(NUMBERS, args![], number).await?,
            flows: self.many(FLOWS, args![], flow).await?,
            prompts: self.many(PROMPTS, args![], prompt).await?,
            published: self.many(PUBLISHED, args![], published).await?,
        })
    }

    async fn put_account(&self, account: &Account) -> PortResult<()> {
        let countries: Vec<&str> = account
            .toll
            .countries_allowed
            .iter()
            .map(Country::code)
            .collect();
        let values = args![
            account.id,
            &account.name,
            &account.zone,
            &account.currency,
            &account.country,
            json(&countries).map_err(port_error)?,
            account.toll.concurrent_calls_max,
            account.toll.daily_minutes_max,
            account.toll.daily_spend_max.map(Money::micros),
            account.recording_consent == RecordingConsent::Waiver,
            account.recording_consent,
            account.recording_keep_days,
            account.qualified_seconds,
            account.created_at,
        ];
        self.put(PUT_ACCOUNT, values).await
    }

    async fn put_trunk(&self, trunk: &Trunk) -> PortResult<()> {
        self.store_trunk(trunk).await
    }

    async fn put_site(&self, site: &Site) -> PortResult<()> {
        let draft = site
            .draft
            .as_ref()
            .map(json)
            .transpose()
            .map_err(port_error)?;
        let values = args![
            site.id,
            site.account,
            &site.key,
            &site.name,
            json(&site.hosts).map_err(port_error)?,
            &site.zone,
            site.source_numbers_win,
            json(&site.source_rules).map_err(port_error)?,
            json(&site.swap).map_err(port_error)?,
            draft.unwrap_or_else(|| None::<String>.into()),
            site.published_at,
            site.config_version,
            site.flow,
            site.created_at,
        ];
        let mut whole = Transaction::new()
            .step(PUT_SITE, values, Expect::Rows(1))
            .step(UNLIST_TARGETS, args![site.id], Expect::Any);
        for (position, target) in (0_i64..).zip(&site.targets) {
            let values = args![target.id, site.id, position, &target.label, target.number];
            whole.push(PUT_TARGET, values, Expect::Rows(1));
        }
        let content = json(&SiteContent::of(site)).map_err(port_error)?;
        let version = args![site.id, site.config_version, site.published_at, content];
        let oldest = site.config_version - SITE_VERSIONS_MAX;
        let whole = whole
            .step(DELETE_UNLISTED_TARGETS, args![site.id], Expect::Any)
            .step(PUT_SITE_VERSION, version, Expect::Any)
            .step(
                DELETE_OLD_SITE_VERSIONS,
                args![site.id, oldest],
                Expect::Any,
            );
        self.run_whole(whole).await
    }

    async fn site_versions(&self, site: SiteId) -> PortResult<Vec<SiteVersion>> {
        self.many(SITE_VERSIONS, args![site, SITE_VERSIONS_MAX], |row| {
            Ok(SiteVersion {
                version: row.get("version")?,
                published_at: row.get("published_at")?,
                content: from_json(row, "content")?,
            })
        })
        .await
    }

    async fn put_pool(&self, pool: &PoolSettings) -> PortResult<()> {
        let values = args![
            pool.id,
            pool.account,
            pool.site,
            pool.target,
            &pool.name,
            pool.strict,
            pool.rule.sources.channel,
            pool.rule.sources.medium.as_ref(),
            pool.rule.sources.source.as_ref(),
            &pool.rule.page,
            pool.feed,
            pool.created_at
        ];
        self.put(PUT_POOL, values).await
    }

    async fn put_published(&self, published: &Published) -> PortResult<()> {
        let Published {
            number,
            site,
            first,
            last,
        } = *published;
        self.put(PUT_PUBLISHED, args![number, site, first, last])
            .await
    }

    async fn put_number(&self, number: &TrackingNumber) -> PortResult<()> {
        let values = args![
            number.id,
            number.account,
            number.trunk,
            number.number,
            number.kind,
            &number.label,
            number.site,
            number.target,
            number.pool,
            number.selector.channel,
            number.selector.medium.as_ref(),
            number.selector.source.as_ref(),
            number.business_line,
            number.second_line,
            number.flow,
            number.feed,
            number.stage,
            number.stage_since,
            number.created_at,
        ];
        self.put(PUT_NUMBER, values).await
    }

    async fn put_flow(&self, flow: &Flow) -> PortResult<()> {
        let values = args![
            flow.id,
            flow.account,
            &flow.name,
            json(&flow.draft).map_err(port_error)?,
            flow.edits,
            flow.published.as_ref().map_or(0, |p| p.version),
            flow.archived_at,
            flow.created_at,
        ];
        let mut whole = Transaction::new().step(PUT_FLOW, values, Expect::Rows(1));
        if let Some(published) = &flow.published {
            let document = json(published.document.as_ref()).map_err(port_error)?;
            let (version, at, by) = (published.version, published.at, published.by);
            let values = args![flow.id, version, document, at, by];
            whole.push(PUT_FLOW_VERSION, values, Expect::Any);
        }
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => Err(PortError::Conflict(
                "somebody changed the flow since you opened it; load it again".to_owned(),
            )),
        }
    }

    async fn flow_versions(&self, flow: FlowId, limit: u32) -> PortResult<Vec<FlowVersion>> {
        self.many(FLOW_VERSIONS, args![flow, limit], flow_version)
            .await
    }

    async fn flow_version(&self, flow: FlowId, version: i64) -> PortResult<Option<FlowVersion>> {
        self.one(FLOW_VERSION, args![flow, version], flow_version)
            .await
    }

    async fn put_prompt(&self, prompt: &PromptRow) -> PortResult<()> {
        let values = args![
            prompt.id,
            prompt.account,
            &prompt.name,
            &prompt.hash,
            prompt.duration_ms,
            prompt.bytes,
            prompt.created_at,
        ];
        self.put(PUT_PROMPT, values).await
    }

    async fn delete_prompt(&self, id: PromptId) -> PortResult<bool> {
        self.delete(DELETE_PROMPT, id).await
    }

    async fn put_webhook(&self, webhook: &WebhookTrunk) -> PortResult<()> {
        self.store_webhook(webhook).await
    }

    async fn delete_webhook(&self, trunk: TrunkId) -> PortResult<bool> {
        self.forget_webhook(trunk).await
    }

    async fn delete_trunk(&self, id: TrunkId) -> PortResult<bool> {
        self.remove_trunk(id).await
    }

    async fn delete_site(&self, id: SiteId) -> PortResult<bool> {
        let whole = Transaction::new()
            .step(UNLIST_TARGETS, args![id], Expect::Any)
            .step(DELETE_UNLISTED_TARGETS, args![id], Expect::Any)
            .step(DELETE_SITE_VERSIONS, args![id], Expect::Any)
            .step(DELETE_SITE, args![id], Expect::Any);
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(results) => Ok(results.last().is_some_and(|last| last.count > 0)),
            Outcome::Unexpected { .. } => Ok(false),
        }
    }

    async fn delete_pool(&self, id: PoolId) -> PortResult<bool> {
        self.delete(DELETE_POOL, id).await
    }

    async fn delete_number(&self, id: NumberId) -> PortResult<bool> {
        if self.delete(DELETE_UNUSED_NUMBER, id).await? {
            return Ok(true);
        }
        let found = self
            .db
            .read_opt(NUMBER_EXISTS, args![id])
            .await
            .map_err(port_error)?;
        match found {
            Some(_) => Err(PortError::Conflict(
                "the number has calls or was shown".to_owned(),
            )),
            None => Ok(false),
        }
    }

    async fn delete_flow(&self, id: FlowId) -> PortResult<bool> {
        self.delete(DELETE_FLOW, id).await
    }

    async fn instance_secret(&self, name: &str, fresh: [u8; 32]) -> PortResult<[u8; 32]> {
        let place = format!("instance/{name}");
        let sealed = self.sealer.seal(&place, &fresh).map_err(port_error)?;
        self.change(
            PUT_NEW_SECRET,
            args![INSTANCE, name, sealed, now()],
            Expect::Any,
        )
        .await?;
        let stored = self.one(SECRET, args![INSTANCE, name], |row| {
            let secret = self.sealer.open(&place, &row.get::<Vec<u8>>("sealed")?)?;
            secret
                .try_into()
                .map_err(|_| DbError::other("read a secret", "it has not 32 bytes"))
        });
        stored
            .await?
            .ok_or_else(|| PortError::Failed("the secret was not stored".to_owned()))
    }
}

fn account(row: &Row) -> Result<Account, DbError> {
    let currency: Currency = row.get("currency")?;
    let countries: Vec<String> = from_json(row, "countries_allowed")?;
    let countries = countries
        .iter()
        .map(|code| code.parse())
        .collect::<Result<_, _>>();
    Ok(Account {
        id: row.get("id")?,
        name: row.get("name")?,
        zone: row.get("zone")?,
        currency,
        country: row.get("country")?,
        toll: TollPolicy {
            countries_allowed: countries
                .map_err(|error| DbError::other("read countries_allowed", error))?,
            concurrent_calls_max: row.get("concurrent_calls_max")?,
            daily_minutes_max: row.get("daily_minutes_max")?,
            daily_spend_max: row
                .get::<Option<i64>>("daily_spend_max")?
                .map(|micros| Money::from_micros(micros, currency)),
        },
        recording_consent: row.get("recording_consent")?,
        recording_keep_days: row.get("recording_keep_days")?,
        qualified_seconds: row.get("qualified_seconds")?,
        created_at: row.get("created_at")?,
    })
}

fn site(row: &Row) -> Result<Site, DbError> {
    Ok(Site {
        id: row.get("id")?,
        account: row.get("account")?,
        key: row.get("site_key")?,
        name: row.get("name")?,
        hosts: from_json(row, "hosts")?,
        zone: row.get("zone")?,
        targets: Vec::new(),
        source_numbers_win: row.get("source_numbers_win")?,
        source_rules: from_json(row, "source_rules")?,
        swap: from_json(row, "swap")?,
        draft: opt_json(row, "draft")?,
        published_at: row.get("published_at")?,
        config_version: row.get("config_version")?,
        flow: row.get("flow")?,
        created_at: row.get("created_at")?,
    })
}

fn target(row: &Row) -> Result<SwapTarget, DbError> {
    Ok(SwapTarget {
        id: row.get("id")?,
        label: row.get("label")?,
        number: row.get("number")?,
    })
}

fn published(row: &Row) -> Result<Published, DbError> {
    Ok(Published {
        number: row.get("number")?,
        site: row.get("site")?,
        first: row.get("first_version")?,
        last: row.get("last_version")?,
    })
}

fn pool(row: &Row) -> Result<PoolSettings, DbError> {
    Ok(PoolSettings {
        id: row.get("id")?,
        account: row.get("account")?,
        site: row.get("site")?,
        target: row.get("target")?,
        name: row.get("name")?,
        strict: row.get("strict_lock")?,
        rule: PoolRule {
            sources: selector(row)?,
            page: row.get("page")?,
        },
        feed: row.get("feed")?,
        created_at: row.get("created_at")?,
    })
}

fn selector(row: &Row) -> Result<SourceSelector, DbError> {
    Ok(SourceSelector {
        channel: row.get("source_channel")?,
        medium: row.get("source_medium")?,
        source: row.get("source_source")?,
    })
}

fn number(row: &Row) -> Result<TrackingNumber, DbError> {
    Ok(TrackingNumber {
        id: row.get("id")?,
        account: row.get("account")?,
        trunk: row.get("trunk")?,
        number: row.get("number")?,
        kind: row.get("kind")?,
        label: row.get("label")?,
        site: row.get("site")?,
        target: row.get("target")?,
        pool: row.get("pool")?,
        selector: selector(row)?,
        business_line: row.get("business_line")?,
        second_line: row.get("second_line")?,
        flow: row.get("flow")?,
        feed: row.get("feed")?,
        stage: row.get("stage")?,
        stage_since: row.get("stage_since")?,
        created_at: row.get("created_at")?,
    })
}

fn flow(row: &Row) -> Result<Flow, DbError> {
    Ok(Flow {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        draft: from_json(row, "draft")?,
        edits: row.get("edits")?,
        published: match row.get::<Option<i64>>("version")? {
            Some(_) => Some(flow_version(row)?),
            None => None,
        },
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}

fn prompt(row: &Row) -> Result<PromptRow, DbError> {
    Ok(PromptRow {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        hash: row.get("hash")?,
        duration_ms: row.get("duration_ms")?,
        bytes: row.get("bytes")?,
        created_at: row.get("created_at")?,
    })
}

fn flow_version(row: &Row) -> Result<FlowVersion, DbError> {
    Ok(FlowVersion {
        version: row.get("version")?,
        document: Arc::new(from_json(row, "document")?),
        at: row.get("published_at")?,
        by: row.get("published_by")?,
    })
}
