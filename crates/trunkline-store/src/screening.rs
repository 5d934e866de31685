//! Screening: what accounts say of it, their lists, what is known of a caller, and what was found of a call.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{AccountId, ScreeningEntryId};
use trunkline_core::base::{Country, PhoneNumber, Timestamp};
use trunkline_core::call::screening::{
    AnonymousPolicy, CallerPattern, EarlierTalks, ListEntry, RefusalPolicy, SHORT_TALK_MS,
    Screening, ScreeningRule, ScreeningSettings, ScreeningVerdict, Sign, SignKind,
};
use trunkline_engine::ports::screening::{AllScreening, ScreeningCounts, ScreeningRecords};
use trunkline_engine::ports::{PortError, PortResult};

use crate::convert::{from_json, json, opt_json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::{Store, args};

/// Latest calls of a caller that are looked at, blocked ones included, so that a dialler's thousands are not.
const LATEST_MAX: i64 = 200;

crate::statements! { "screening";
    SETTINGS = "SELECT account, settings FROM screening ORDER BY account";
    PUT_SETTINGS = "INSERT INTO screening (account, settings) VALUES ($1, $2) \
        ON CONFLICT (account) DO UPDATE SET settings = excluded.settings";
    ENTRIES = "SELECT id, account, list, pattern, note, added_by, added_at, expires_at FROM screening_entry ORDER BY id";
    DELETE_PATTERN = "DELETE FROM screening_entry WHERE account = $1 AND pattern = $2";
    ADD_ENTRY = "INSERT INTO screening_entry (id, account, list, pattern, note, added_by, added_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DELETE_ENTRY = "DELETE FROM screening_entry WHERE account = $1 AND id = $2";
    EARLIER_TALKS = "SELECT count(answered_at) AS answered, \
        CAST(coalesce(sum(CASE WHEN answered_at IS NOT NULL AND talk_ms < $5 THEN 1 ELSE 0 END), 0) AS BIGINT) AS short, \
        max(CASE WHEN talk_ms >= $4 OR (confirmed_at IS NOT NULL AND session IS NOT NULL) THEN started_at END) AS known_at \
        FROM (SELECT answered_at, talk_ms, confirmed_at, session, started_at, result FROM call WHERE account = $1 \
        AND caller = $2 AND synthetic = 0 AND started_at < $3 ORDER BY started_at DESC, id DESC LIMIT $6) AS latest \
        WHERE result IS NULL OR result <> 'blocked'";
    SCREENING_COUNTS = "SELECT CAST(coalesce(sum(CASE WHEN screened = 'block' THEN 1 ELSE 0 END), 0) AS BIGINT) AS refused, \
        CAST(coalesce(sum(CASE WHEN screened = 'challenge' THEN 1 ELSE 0 END), 0) AS BIGINT) AS challenged, \
        CAST(coalesce(sum(CASE WHEN screened = 'challenge' AND result = 'blocked' THEN 1 ELSE 0 END), 0) AS BIGINT) \
        AS failed FROM call WHERE account = $1 AND screened IS NOT NULL AND started_at >= $2 AND synthetic = 0";
}

#[async_trait]
impl ScreeningRecords for Store {
    async fn load_screening(&self) -> PortResult<AllScreening> {
        let settings = self.many(SETTINGS, args![], |row| {
            let stored: StoredSettings = from_json(row, "settings")?;
            Ok((row.get("account")?, stored.into()))
        });
        Ok(AllScreening {
            settings: settings.await?,
            entries: self.many(ENTRIES, args![], read_entry).await?,
        })
    }

    async fn put_screening(
        &self,
        account: AccountId,
        settings: &ScreeningSettings,
    ) -> PortResult<()> {
        let stored = json(&StoredSettings::from(settings)).map_err(port_error)?;
        self.put(PUT_SETTINGS, args![account, stored]).await
    }

    async fn put_entry(&self, entry: &ListEntry) -> PortResult<()> {
        let pattern = entry.pattern.to_string();
        let values = args![
            entry.id,
            entry.account,
            entry.list,
            &pattern,
            &entry.note,
            entry.added_by,
            entry.added_at,
            entry.expires_at,
        ];
        let transaction = Transaction::new()
            .step(DELETE_PATTERN, args![entry.account, &pattern], Expect::Any)
            .step(ADD_ENTRY, values, Expect::Rows(1));
        match self.db.submit(transaction).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => {
                Err(PortError::Failed("an entry was not inserted".to_owned()))
            }
        }
    }

    async fn delete_entry(&self, account: AccountId, id: ScreeningEntryId) -> PortResult<bool> {
        let deleted = self.change(DELETE_ENTRY, args![account, id], Expect::Any);
        Ok(deleted.await? > 0)
    }

    async fn earlier_talks(
        &self,
        account: AccountId,
        caller: PhoneNumber,
        before: Timestamp,
        known_talk_ms: i64,
    ) -> PortResult<EarlierTalks> {
        let values = args![
            account,
            caller,
            before,
            known_talk_ms,
            SHORT_TALK_MS,
            LATEST_MAX
        ];
        let talks = self.one_urgent(EARLIER_TALKS, values, |row| {
            Ok(EarlierTalks {
                answered: row.get("answered")?,
                short: row.get("short")?,
                known_at: row.get("known_at")?,
            })
        });
        Ok(talks.await?.unwrap_or_default())
    }

    async fn screening_counts(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> PortResult<ScreeningCounts> {
        let counts = self.one(SCREENING_COUNTS, args![account, since], |row| {
            Ok(ScreeningCounts {
                refused: row.get("refused")?,
                challenged: row.get("challenged")?,
                challenge_failed: row.get("failed")?,
            })
        });
        Ok(counts.await?.unwrap_or_default())
    }
}

fn read_entry(row: &Row) -> Result<ListEntry, DbError> {
    let pattern = row.get::<String>("pattern")?;
    let pattern = CallerPattern::parse(&pattern, Country::US)
        .map_err(|error| DbError::other("read an entry of a list", error))?;
    Ok(ListEntry {
        id: row.get("id")?,
        account: row.get("account")?,
        list: row.get("list")?,
        pattern,
        note: row.get("note")?,
        added_by: row.get("added_by")?,
        added_at: row.get("added_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// Settings inside the JSON column; what an older version did not know has its default.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct StoredSettings {
    on: bool,
    anonymous: AnonymousPolicy,
    known_talk_s: u32,
    challenge_at: Option<u32>,
    block_at: Option<u32>,
    numbers_max: u32,
    numbers_minutes: u32,
    hourly_calls_max: u32,
    refusal: RefusalPolicy,
    challenge_text: String,
}

impl Default for StoredSettings {
    fn default() -> Self {
        Self::from(&ScreeningSettings::default())
    }
}

impl From<&ScreeningSettings> for StoredSettings {
    fn from(settings: &ScreeningSettings) -> Self {
        Self {
            on: settings.on,
            anonymous: settings.anonymous,
            known_talk_s: settings.known_talk_s,
            challenge_at: settings.challenge_at,
            block_at: settings.block_at,
            numbers_max: settings.numbers_max,
            numbers_minutes: settings.numbers_minutes,
            hourly_calls_max: settings.hourly_calls_max,
            refusal: settings.refusal,
            challenge_text: settings.challenge_text.clone(),
        }
    }
}

impl From<StoredSettings> for ScreeningSettings {
    fn from(stored: StoredSettings) -> Self {
        Self {
            on: stored.on,
            anonymous: stored.anonymous,
            known_talk_s: stored.known_talk_s,
            challenge_at: stored.challenge_at,
            block_at: stored.block_at,
            numbers_max: stored.numbers_max,
            numbers_minutes: stored.numbers_minutes,
            hourly_calls_max: stored.hourly_calls_max,
            refusal: stored.refusal,
            challenge_text: stored.challenge_text,
        }
    }
}

/// What was found of a call, inside the JSON column.
#[derive(Serialize, Deserialize)]
struct StoredScreening {
    verdict: StoredVerdict,
    rule: ScreeningRule,
    score: u32,
    threshold: Option<u32>,
    why: String,
    signs: Vec<StoredSign>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredVerdict {
    Pass,
    Challenge { digit: char },
    Block { status: u16 },
}

#[derive(Serialize, Deserialize)]
struct StoredSign {
    kind: SignKind,
    points: i32,
    words: String,
    value: Option<u32>,
    limit: Option<u32>,
}

/// The columns `screened` and `screening` of a call.
pub(crate) fn screening_values(screening: Option<&Screening>) -> Result<[Val; 2], DbError> {
    let Some(screening) = screening else {
        return Ok([Val::Null, Val::Null]);
    };
    let verdict = match screening.verdict {
        ScreeningVerdict::Pass => StoredVerdict::Pass,
        ScreeningVerdict::Challenge { digit } => StoredVerdict::Challenge { digit },
        ScreeningVerdict::Block { status } => StoredVerdict::Block { status },
    };
    let stopped = screening.verdict != ScreeningVerdict::Pass;
    let stored = StoredScreening {
        verdict,
        rule: screening.rule,
        score: screening.score,
        threshold: screening.threshold,
        why: screening.why.clone(),
        signs: screening.signs.iter().map(StoredSign::from).collect(),
    };
    let word = stopped.then(|| screening.verdict.word());
    Ok([Val::from(word.map(str::to_owned)), json(&stored)?])
}

/// What screening found of the call of a row.
pub(crate) fn read_screening(row: &Row) -> Result<Option<Screening>, DbError> {
    if !row.has("screening") {
        return Ok(None);
    }
    let stored: Option<StoredScreening> = opt_json(row, "screening")?;
    Ok(stored.map(Screening::from))
}

impl From<&Sign> for StoredSign {
    fn from(sign: &Sign) -> Self {
        Self {
            kind: sign.kind,
            points: sign.points,
            words: sign.words.clone(),
            value: sign.value,
            limit: sign.limit,
        }
    }
}

impl From<StoredSign> for Sign {
    fn from(stored: StoredSign) -> Self {
        Self {
            kind: stored.kind,
            points: stored.points,
            words: stored.words,
            value: stored.value,
            limit: stored.limit,
        }
    }
}

impl From<StoredScreening> for Screening {
    fn from(stored: StoredScreening) -> Self {
        Self {
            verdict: match stored.verdict {
                StoredVerdict::Pass => ScreeningVerdict::Pass,
                StoredVerdict::Challenge { digit } => ScreeningVerdict::Challenge { digit },
                StoredVerdict::Block { status } => ScreeningVerdict::Block { status },
            },
            rule: stored.rule,
            score: stored.score,
            threshold: stored.threshold,
            signs: stored.signs.into_iter().map(Sign::from).collect(),
            why: stored.why,
        }
    }
}
