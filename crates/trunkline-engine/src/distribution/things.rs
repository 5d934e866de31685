//! Changes of publishers, campaigns, feeds, buyers, destinations and contracts: made and changed one at a time, checked
//! against everything else of their account. What each must be is in `rules`.

use std::collections::BTreeSet;
use std::sync::Arc;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::AccountId;
use trunkline_core::routing::VersionState;

use super::market::Market;
use super::{Distribution, DistributionError, Written, invalid, terms};
use crate::directory::Directory;
use crate::ports::distribution::{TermsDocument, TermsOf, TermsVersion, ThingChange};
use crate::setup::NAME_MAX;

/// What a thing is checked against.
pub struct Sight<'a> {
    /// Everything of its account.
    pub market: &'a Market,
    /// Numbers and pools.
    pub directory: &'a Directory,
}

/// A publisher, campaign, feed, buyer, destination or contract.
pub trait Thing: Clone + PartialEq + Send + Sync + Sized + 'static {
    /// Its id.
    type Id: Copy + Send;
    /// What people call it.
    const NOUN: &'static str;
    /// Most of an account, what is put away included.
    const MAX: usize;

    /// One of a market.
    fn find(market: &Market, id: Self::Id) -> Option<&Arc<Self>>;
    /// How many a market has.
    fn count(market: &Market) -> usize;
    /// Its id.
    fn id(&self) -> Self::Id;
    /// Whose it is.
    fn account(&self) -> AccountId;
    /// Since when it is put away.
    fn archived_at(&self) -> Option<Timestamp>;
    /// Puts it away, or takes it out again.
    fn archive(&mut self, at: Option<Timestamp>);
    /// What it says at first, when it can say something.
    fn first_terms(&self) -> Option<(TermsOf, TermsDocument)>;
    /// What has versions and belongs to it.
    fn says(&self) -> Vec<TermsOf>;
    /// Whether it may be so.
    ///
    /// # Errors
    /// With what is wrong.
    fn check(&self, sight: &Sight<'_>) -> Result<(), DistributionError>;
    /// Whether it may be put away.
    ///
    /// # Errors
    /// With who uses it.
    fn check_unused(&self, sight: &Sight<'_>) -> Result<(), DistributionError>;
    /// As the store takes it.
    fn into_change(self) -> ThingChange;
}

impl Distribution {
    /// Makes something, with its first terms.
    ///
    /// # Errors
    /// When a field or the terms are wrong, when there are too many, or the store is away.
    pub async fn create<T: Thing>(
        &self,
        thing: T,
        written: Option<Written>,
        now: Timestamp,
    ) -> Result<(), DistributionError> {
        let account = thing.account();
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        let directory = self.directory.now();
        if T::count(&market) >= T::MAX {
            return Err(DistributionError::Conflict(format!(
                "the account has {} {}s, what is put away included; there can be no more",
                T::MAX,
                T::NOUN
            )));
        }
        let sight = Sight {
            market: &market,
            directory: &directory,
        };
        thing.check(&sight)?;
        let first = first_version(&market, &thing, written, now)?;
        let records = self.to_change(account);
        records
            .put_thing(&thing.into_change(), first.as_ref())
            .await?;
        Ok(self.read_back(account, None).await?)
    }

    /// Changes something; what it was before is handed to `change`.
    ///
    /// # Errors
    /// When there is no such thing, when it may not be so, or the store is away.
    pub async fn change<T: Thing>(
        &self,
        account: AccountId,
        id: T::Id,
        change: impl FnOnce(&mut T) + Send,
    ) -> Result<Arc<T>, DistributionError> {
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        let directory = self.directory.now();
        let before = T::find(&market, id).ok_or(DistributionError::NotFound(T::NOUN))?;
        let mut thing = T::clone(before);
        change(&mut thing);
        if thing == **before {
            return Ok(Arc::clone(before));
        }
        let sight = Sight {
            market: &market,
            directory: &directory,
        };
        match (before.archived_at(), thing.archived_at()) {
            (None, Some(_)) => thing.check_unused(&sight)?,
            (Some(_), None) => {
                thing.check(&sight)?;
                self.check_taken_out(&market, &thing)?;
            }
            (Some(_), Some(_)) => {
                let message = format!("the {} is put away; take it out again first", T::NOUN);
                return Err(DistributionError::Conflict(message));
            }
            (None, None) => thing.check(&sight)?,
        }
        let records = self.to_change(account);
        records.put_thing(&thing.into_change(), None).await?;
        self.read_back(account, None).await?;
        let market = self.market(account)?;
        let after = T::find(&market, id).cloned();
        after.ok_or(DistributionError::NotFound(T::NOUN))
    }

    /// Puts something away, or takes it out again.
    ///
    /// # Errors
    /// When it is used, or may not be so any more; or the store is away.
    pub async fn archive<T: Thing>(
        &self,
        account: AccountId,
        id: T::Id,
        at: Option<Timestamp>,
    ) -> Result<Arc<T>, DistributionError> {
        self.change::<T>(account, id, |thing| {
            let at = at.map(|at| thing.archived_at().unwrap_or(at));
            thing.archive(at);
        })
        .await
    }

    /// Whether everything that something says can still be used: what is put away keeps nothing that it names.
    fn check_taken_out<T: Thing>(
        &self,
        market: &Market,
        thing: &T,
    ) -> Result<(), DistributionError> {
        for of in thing.says() {
            for version in market.terms(of).each() {
                let problems = market.problems(of, &version.document, market.shelf(), None);
                if let Some(first) = problems.first() {
                    return Err(DistributionError::Conflict(format!(
                        "what the {} says in version {} cannot be used any more: {} {}",
                        T::NOUN,
                        version.version,
                        first.place,
                        first.message
                    )));
                }
            }
        }
        Ok(())
    }
}

fn first_version<T: Thing>(
    market: &Market,
    thing: &T,
    written: Option<Written>,
    now: Timestamp,
) -> Result<Option<TermsVersion>, DistributionError> {
    let Some((of, usual)) = thing.first_terms() else {
        return Ok(None);
    };
    let written = written.unwrap_or(Written {
        document: usual,
        drawn: Vec::new(),
        by: None,
    });
    terms::check(market, of, &written, &BTreeSet::new())?;
    Ok(Some(TermsVersion {
        of,
        account: market.account,
        version: 1,
        document: written.document,
        state: VersionState::Live,
        live_at: now,
        made_at: now,
        made_by: written.by,
        restores: None,
    }))
}

/// A name for people.
pub(super) fn check_name(name: &str) -> Result<(), DistributionError> {
    let length = name.trim().chars().count();
    if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
        return Err(invalid(
            "name",
            format!("write a name of 1 to {NAME_MAX} characters"),
        ));
    }
    Ok(())
}

/// That nobody else has a name; capitals do not matter.
pub(super) fn same_name<'a>(
    mut others: impl Iterator<Item = &'a str>,
    name: &str,
    noun: &str,
) -> Result<(), DistributionError> {
    let small = name.to_lowercase();
    if others.any(|other| other.to_lowercase() == small) {
        let message = format!("there is a {noun} `{name}` already; choose another name");
        return Err(invalid("name", message));
    }
    Ok(())
}
