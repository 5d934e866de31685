//! Distribution: publishers, campaigns, feeds, buyers, destinations, contracts and lists are set up here, and what they say.
//! Every change is checked, stored, and only then seen: the market of the account is read back and replaced whole.

mod compile;
mod compliance;
mod documents;
mod lists;
mod market;
mod rules;
mod secrets;
mod terms;
mod things;
mod uses;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, CapId, ItemListId, UserId};
use trunkline_core::routing::{BadItem, ItemList, Problem};

use crate::directory::SharedDirectory;
use crate::ports::distribution::{DistributionRecords, TermsDocument};
use crate::ports::{PortError, PortResult};

pub use documents::MAIL_USUAL;
pub use lists::{ACCOUNT_ITEMS_MAX, LISTS_MAX};
pub use market::{
    CampaignEntry, ContractEntry, FeedEntry, Market, Markets, Reach, SharedMarkets, Terms,
};
pub use secrets::{SECRET_BYTES_MAX, SECRETS_MAX, check_secrets};
pub use terms::{STAGED_DAYS_MAX, TermsEdit, VERSIONS_LISTED};
pub use things::{Sight, Thing};
pub use uses::{ListRole, ListUse};

/// How often it is looked for versions whose time has come. They are late by this at most.
pub const GO_LIVE_EVERY_MS: u64 = 1_000;

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DistributionError {
    /// A field does not hold what it must.
    #[error("{message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// A document cannot be used.
    #[error("{} things keep the document from being used", .0.len())]
    Problems(Vec<Problem>),
    /// Items of a list cannot be read.
    #[error("{} items cannot be read", .0.len())]
    BadItems(Vec<BadItem>),
    /// There is no such thing in the account.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Something else stands against it.
    #[error("{0}")]
    Conflict(String),
    /// The store refused or is away.
    #[error(transparent)]
    Port(#[from] PortError),
}

fn invalid(field: &'static str, message: impl Into<String>) -> DistributionError {
    DistributionError::Invalid {
        field,
        message: message.into(),
    }
}

/// A document that somebody wrote.
#[derive(Debug, Clone)]
pub struct Written {
    /// What it says.
    pub document: TermsDocument,
    /// The ids of caps in it that were drawn for it; any other must stand in the document before.
    pub drawn: Vec<CapId>,
    /// The user who wrote it; `None` for a key.
    pub by: Option<UserId>,
}

/// Makes changes.
pub struct Distribution {
    records: Arc<dyn DistributionRecords>,
    directory: SharedDirectory,
    /// One change of an account at a time, so that checks and the change they allow see the same market.
    changing: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<()>>>>,
    /// Accounts whose market may be behind what is stored: whoever waited for a change may have gone away between the
    /// two.
    behind: Mutex<BTreeSet<AccountId>>,
    /// Lists that are being filled or removed.
    filling: Mutex<BTreeSet<ItemListId>>,
}

/// A set or map that is valid between its statements, also when a thread panicked meanwhile.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Distribution {
    /// Over what is stored; markets are kept with the directory.
    #[must_use]
    pub fn new(records: Arc<dyn DistributionRecords>, directory: SharedDirectory) -> Self {
        Self {
            records,
            directory,
            changing: Mutex::default(),
            behind: Mutex::default(),
            filling: Mutex::default(),
        }
    }

    /// Reads every market from the store; at the start.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reload(&self) -> PortResult<()> {
        let accounts: Vec<AccountId> = self
            .directory
            .now()
            .accounts()
            .iter()
            .map(|a| a.id)
            .collect();
        for account in accounts {
            let lock = self.lock(account);
            let _changing = lock.lock().await;
            self.read_back(account, None).await?;
        }
        Ok(())
    }

    /// Reads the markets again that may be behind.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keep_in_step(&self) -> PortResult<()> {
        let behind = held(&self.behind).clone();
        for account in behind {
            let lock = self.lock(account);
            let _changing = lock.lock().await;
            self.read_back(account, None).await?;
        }
        Ok(())
    }

    /// The market of an account, as it is now.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn market(&self, account: AccountId) -> Result<Arc<Market>, DistributionError> {
        if let Some(market) = self.directory.markets().of(account) {
            return Ok(market);
        }
        let directory = self.directory.now();
        let account = directory.account(account);
        let account = account.ok_or(DistributionError::NotFound("account"))?;
        Ok(Arc::new(Market::empty(account.id, account.currency)))
    }

    /// Puts every version in force whose time has come; how many.
    ///
    /// # Errors
    /// When the store cannot be written or read; the rest is done the next time.
    pub async fn go_live(&self, now: Timestamp) -> PortResult<usize> {
        let mut done = 0;
        let markets = self.directory.markets().now();
        for market in markets.all() {
            let is_due = |terms: &Terms| terms.staged.as_ref().is_some_and(|s| s.live_at <= now);
            if !market.terms.values().any(is_due) {
                continue;
            }
            let lock = self.lock(market.account);
            let _changing = lock.lock().await;
            // As it is now that nobody else changes it.
            let Some(market) = self.directory.markets().of(market.account) else {
                continue;
            };
            let staged = market.terms.values().filter_map(|t| t.staged.clone());
            let due: Vec<_> = staged.filter(|s| s.live_at <= now).collect();
            for version in &due {
                let records = self.to_change(market.account);
                let at = version.live_at;
                done += usize::from(records.go_live(version.of, version.version, at).await?);
            }
            self.read_back(market.account, None).await?;
        }
        Ok(done)
    }

    fn lock(&self, account: AccountId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(held(&self.changing).entry(account).or_default())
    }

    /// The store for a change, after which the market is read back.
    fn to_change(&self, account: AccountId) -> &dyn DistributionRecords {
        held(&self.behind).insert(account);
        self.records.as_ref()
    }

    /// Reads the market of an account while nothing in it changes. Lists whose items are known already are not read.
    async fn read_back(
        &self,
        account: AccountId,
        fresh: Option<(ItemListId, Arc<ItemList>)>,
    ) -> PortResult<()> {
        let directory = self.directory.now();
        let Some(currency) = directory.account(account).map(|a| a.currency) else {
            held(&self.behind).remove(&account);
            return Ok(());
        };
        let all = self.records.load_distribution(account).await?;
        let before = self.directory.markets().of(account);
        let mut items = BTreeMap::new();
        for row in &all.lists {
            let fresh = fresh.as_ref().filter(|(id, _)| *id == row.id);
            let known = before.as_ref().and_then(|market| {
                let same = market.lists.get(&row.id)?.revision == row.revision;
                market.shelf.lists.get(&row.id).filter(|_| same)
            });
            let list = match fresh.map(|(_, list)| list).or(known) {
                Some(list) => Arc::clone(list),
                None => Arc::new(self.read_items(row).await?),
            };
            items.insert(row.id, list);
        }
        // Thousands of filters may be made ready: not on a thread that answers requests.
        let made = tokio::task::spawn_blocking(move || {
            compile::market(account, currency, all, items, before.as_deref())
        });
        let market = made
            .await
            .map_err(|error| PortError::Failed(format!("a market was not made: {error}")))?;
        self.directory.markets().replace(market);
        held(&self.behind).remove(&account);
        Ok(())
    }
}
