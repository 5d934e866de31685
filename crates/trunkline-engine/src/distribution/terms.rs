//! Changes of what things say: at once or at a time, taken back, rolled back. Every version is kept, with who wrote it and
//! when.

use std::collections::BTreeSet;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, CapId};
use trunkline_core::routing::{Problem, TermsKind, VersionState};

use super::market::{Market, Terms};
use super::{Distribution, DistributionError, Written, invalid};
use crate::ports::distribution::{TermsChange, TermsDocument, TermsOf, TermsVersion};

/// Versions that are listed at once.
pub const VERSIONS_LISTED: u32 = 100;
/// How far ahead a version can be staged, in days.
pub const STAGED_DAYS_MAX: i64 = 366;
const DAY_MS: i64 = 86_400_000;

/// A change of what something says.
#[derive(Debug, Clone)]
pub struct TermsEdit {
    /// What is to say it.
    pub of: TermsOf,
    /// What it is to say.
    pub written: Written,
    /// The newest version that was seen, one to come included; 0 for none.
    pub seen: u32,
    /// From when on it is in force; at once when there is none, or it is past.
    pub live_at: Option<Timestamp>,
}

impl Distribution {
    /// Changes what something says. What was to come before is given up.
    ///
    /// # Errors
    /// When the document cannot be used, when somebody changed it since it was seen, or the store is away.
    pub async fn change_terms(
        &self,
        account: AccountId,
        edit: TermsEdit,
        now: Timestamp,
    ) -> Result<(), DistributionError> {
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        if !market.has(edit.of) {
            return Err(DistributionError::NotFound(edit.of.kind.word()));
        }
        let known = known_caps(market.terms(edit.of));
        check(&market, edit.of, &edit.written, &known)?;
        self.store_version(&market, edit, None, now).await
    }

    /// Makes what an earlier version said the next version, in force at once. What was to come is given up.
    ///
    /// # Errors
    /// When there is no such version, when what it says cannot be used any more, when somebody changed it since it was
    /// seen, or the store is away.
    pub async fn restore_terms(
        &self,
        account: AccountId,
        of: TermsOf,
        version: u32,
        (seen, by): (u32, Option<trunkline_core::base::id::UserId>),
        now: Timestamp,
    ) -> Result<(), DistributionError> {
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        if !market.has(of) {
            return Err(DistributionError::NotFound(of.kind.word()));
        }
        let earlier = self.records.terms_version(of, version).await?;
        let earlier = earlier.filter(|v| v.account == account);
        let earlier = earlier.ok_or(DistributionError::NotFound("version"))?;
        let written = Written {
            drawn: caps(&earlier.document),
            document: earlier.document,
            by,
        };
        check(&market, of, &written, &BTreeSet::new())?;
        let edit = TermsEdit {
            of,
            written,
            seen,
            live_at: None,
        };
        self.store_version(&market, edit, Some(version), now).await
    }

    /// Gives up the version to come.
    ///
    /// # Errors
    /// When none is to come, or the store is away.
    pub async fn withdraw_terms(
        &self,
        account: AccountId,
        of: TermsOf,
    ) -> Result<(), DistributionError> {
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        let staged = market.terms(of).staged.as_ref();
        let staged = staged.ok_or(DistributionError::NotFound("version to come"))?;
        let records = self.to_change(account);
        let there = records.withdraw_terms(of, staged.version).await?;
        self.read_back(account, None).await?;
        if there {
            Ok(())
        } else {
            Err(DistributionError::NotFound("version to come"))
        }
    }

    /// The versions of something below a number, newest first.
    ///
    /// # Errors
    /// When there is no such thing, or the store is away.
    pub async fn versions(
        &self,
        account: AccountId,
        of: TermsOf,
        below: Option<u32>,
        limit: u32,
    ) -> Result<Vec<TermsVersion>, DistributionError> {
        if !self.market(account)?.has(of) {
            return Err(DistributionError::NotFound(of.kind.word()));
        }
        let versions = self.records.terms_versions(of, below, limit).await?;
        Ok(versions
            .into_iter()
            .filter(|v| v.account == account)
            .collect())
    }

    /// Stores a version that was checked, while nothing else changes.
    async fn store_version(
        &self,
        market: &Market,
        edit: TermsEdit,
        restores: Option<u32>,
        now: Timestamp,
    ) -> Result<(), DistributionError> {
        let terms = market.terms(edit.of);
        if terms.newest() != edit.seen {
            return Err(DistributionError::Conflict(format!(
                "somebody changed it since you opened it: version {} is the newest; load it again",
                terms.newest()
            )));
        }
        let live_at = edit.live_at.filter(|at| *at > now);
        if live_at.is_some_and(|at| at.millis_since(now) > STAGED_DAYS_MAX * DAY_MS) {
            return Err(invalid(
                "live_at",
                format!("write a time within {STAGED_DAYS_MAX} days"),
            ));
        }
        let change = TermsChange {
            version: TermsVersion {
                of: edit.of,
                account: market.account,
                // Numbers of what was given up are not used again.
                version: self.highest(edit.of, terms).await? + 1,
                document: edit.written.document,
                state: live_at.map_or(VersionState::Live, |_| VersionState::Staged),
                live_at: live_at.unwrap_or(now),
                made_at: now,
                made_by: edit.written.by,
                restores,
            },
            live: terms.live.as_ref().map(|live| live.version),
            withdraws: terms.staged.as_ref().map(|staged| staged.version),
        };
        self.to_change(market.account).change_terms(&change).await?;
        Ok(self.read_back(market.account, None).await?)
    }

    /// The highest number that was ever given.
    async fn highest(&self, of: TermsOf, terms: &Terms) -> Result<u32, DistributionError> {
        let newest = self.records.terms_versions(of, None, 1).await?;
        let stored = newest.first().map_or(0, |version| version.version);
        Ok(stored.max(terms.newest()))
    }
}

fn known_caps(terms: &Terms) -> BTreeSet<CapId> {
    terms.each().flat_map(|v| caps(&v.document)).collect()
}

fn caps(document: &TermsDocument) -> Vec<CapId> {
    match document {
        TermsDocument::Layer(layer) => layer.cap_ids(),
        TermsDocument::Feed(feed) => feed.cap_ids(),
        TermsDocument::Plan(plan) => plan.cap_ids(),
    }
}

/// Whether a document can be used. Counters of caps are found by their ids, so that nobody may bring the id of another's.
pub(super) fn check(
    market: &Market,
    of: TermsOf,
    written: &Written,
    known: &BTreeSet<CapId>,
) -> Result<(), DistributionError> {
    let fits = match written.document {
        TermsDocument::Feed(_) => of.kind == TermsKind::Feed,
        TermsDocument::Plan(_) => of.kind == TermsKind::Plan,
        TermsDocument::Layer(_) => !matches!(of.kind, TermsKind::Feed | TermsKind::Plan),
    };
    if !fits {
        return Err(DistributionError::NotFound(of.kind.word()));
    }
    let mut problems = market.problems(of, &written.document, market.shelf(), None);
    let mut seen = BTreeSet::new();
    for cap in caps(&written.document) {
        let message = if !known.contains(&cap) && !written.drawn.contains(&cap) {
            format!("`{cap}` is the id of no cap that stood here; leave `id` out of a new cap")
        } else if !seen.insert(cap) && of.kind == TermsKind::Plan {
            format!("`{cap}` is the id of two caps; leave `id` out of a new cap")
        } else {
            continue;
        };
        let place = "caps".to_owned();
        problems.push(Problem { place, message });
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(DistributionError::Problems(problems))
    }
}
