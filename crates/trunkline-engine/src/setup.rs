//! Setting up: changes of what operators and users configure. Every change is checked, stored, and
//! only then seen: the directory is read back whole, and pools follow it.

mod draft;
mod feeds;
mod flows;
mod holdings;
mod lines;
mod prompts;
mod published;
mod trunks;
mod webhooks;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use tokio::sync::Mutex;
use trunkline_core::assignment::site::{
    HOSTS_MAX, POOL_PAGE_MAX, POOLS_PER_TARGET_MAX, TARGETS_MAX,
};
use trunkline_core::assignment::{NumberUse, PoolSettings, Site, SiteContent, TrackingNumber};
use trunkline_core::base::id::{NumberId, PoolId, SiteId, TrunkId};
use trunkline_core::report::QUALIFIED_SECONDS_MAX;
use trunkline_core::routing::KEEP_DAYS_MAX;
use trunkline_core::visitor::{OwnTest, SourceRules};

use crate::assignment::Assignments;
use crate::call::Sounds;
use crate::directory::{Change, Directory, SharedDirectory};
use crate::in_step::InStep;
use crate::ports::configuration::{Account, Configuration, Resolver, Trunk};
use crate::ports::{PortError, PortResult};
use flows::check_flow;
use holdings::check_holding;
use lines::{check_circle, check_lines};
use published::check_hold;

pub use flows::{FLOW_VERSIONS_LISTED, FLOWS_MAX};
pub use prompts::PROMPTS_MAX;
pub use webhooks::Performers;

/// Longest name of anything, in characters.
pub const NAME_MAX: usize = 120;

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A field does not hold what it must.
    #[error("{message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong and what to write instead.
        message: String,
    },
    /// The store refused or is away.
    #[error(transparent)]
    Port(#[from] PortError),
}

fn invalid(field: &'static str, message: impl Into<String>) -> SetupError {
    SetupError::Invalid {
        field,
        message: message.into(),
    }
}

/// Makes changes.
pub struct Setup {
    configuration: Arc<dyn Configuration>,
    resolver: Arc<dyn Resolver>,
    directory: SharedDirectory,
    assignments: Arc<Assignments>,
    sounds: Arc<Sounds>,
    /// What this server's telephone sides can do for a call flow.
    performers: Performers,
    /// One change at a time, so that checks and the change they allow see the same directory.
    changing: Mutex<()>,
    /// Whether the directory says what the store says.
    in_step: InStep,
}

impl Setup {
    /// Over the stored configuration; no flow is published for numbers whose calls could not be performed so.
    #[must_use]
    pub fn new(
        configuration: Arc<dyn Configuration>,
        resolver: Arc<dyn Resolver>,
        directory: SharedDirectory,
        assignments: Arc<Assignments>,
        performers: Performers,
        sounds: Arc<Sounds>,
    ) -> Self {
        Self {
            configuration,
            resolver,
            directory,
            assignments,
            performers,
            sounds,
            changing: Mutex::new(()),
            in_step: InStep::default(),
        }
    }

    /// The store for a change, after which the directory is read back.
    fn to_change(&self) -> &dyn Configuration {
        self.in_step.leave();
        self.configuration.as_ref()
    }

    /// Makes a change of what the directory holds that others store, and reads the directory back, while nothing else
    /// changes.
    ///
    /// # Errors
    /// What the change says, or that the directory could not be read; it is read later then.
    pub async fn change_elsewhere<T, E: From<PortError>>(
        &self,
        change: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let _changing = self.changing.lock().await;
        self.in_step.leave();
        let done = change.await?;
        self.read_back().await?;
        Ok(done)
    }

    /// What is done again and again: looks up where the hosts of trunks are. The directory is read whole only when a
    /// change may have been stored without being read back.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keep_in_step(&self) -> PortResult<()> {
        if self.in_step.is_behind() {
            return self.reload().await;
        }
        self.look_up_hosts().await;
        Ok(())
    }

    /// Reads the directory from the store; at the start.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reload(&self) -> PortResult<()> {
        let _changing = self.changing.lock().await;
        self.read_back().await
    }

    /// Reads the directory while nothing else changes.
    async fn read_back(&self) -> PortResult<()> {
        let mut all = self.configuration.load().await?;
        let before = self.directory.now();
        for trunk in &mut all.trunks {
            trunks::look_up(self.resolver.as_ref(), trunk, &before).await;
        }
        self.directory.replace(Directory::new(all));
        let pools = self.assignments.reload();
        self.in_step.is_back();
        tracing::debug!(
            pools,
            "the directory was read; so many pools are other ones"
        );
        Ok(())
    }

    /// Inserts or replaces an account.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn put_account(&self, account: &Account) -> Result<(), SetupError> {
        check_name("name", &account.name)?;
        if account.toll.countries_allowed.is_empty() {
            return Err(invalid(
                "countries_allowed",
                "write at least one country, such as US",
            ));
        }
        if account
            .recording_keep_days
            .is_some_and(|days| !(1..=KEEP_DAYS_MAX).contains(&days))
        {
            return Err(invalid(
                "recording_keep_days",
                format!(
                    "write 1 to {KEEP_DAYS_MAX} days, or 0 to keep recordings until somebody deletes them"
                ),
            ));
        }
        if !(1..=QUALIFIED_SECONDS_MAX).contains(&account.qualified_seconds) {
            return Err(invalid(
                "qualified_seconds",
                format!("write 1 to {QUALIFIED_SECONDS_MAX} seconds"),
            ));
        }
        let _changing = self.changing.lock().await;
        self.to_change().put_account(account).await?;
        Ok(self.read_back().await?)
    }

    /// Inserts or replaces a trunk.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn put_trunk(&self, trunk: &Trunk) -> Result<(), SetupError> {
        check_name("name", &trunk.profile.name)?;
        trunks::check(trunk)?;
        let _changing = self.changing.lock().await;
        trunks::check_rates(trunk, &self.directory.now())?;
        self.to_change().put_trunk(trunk).await?;
        Ok(self.read_back().await?)
    }

    /// Inserts or replaces a site with its targets. Its configuration version goes up when what its
    /// snippet carries changes.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn put_site(&self, site: Site) -> Result<(), SetupError> {
        check_site(&site)?;
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        check_flow(&directory, site.account, site.flow)?;
        self.check_site_flow(&directory, &site)?;
        self.replace_site(site).await
    }

    /// Replaces a site that was checked, while nothing else changes.
    async fn replace_site(&self, mut site: Site) -> Result<(), SetupError> {
        if let Some(before) = self.directory.now().site(site.id) {
            let before = &before.site;
            let published = SiteContent::of(before) != SiteContent::of(&site);
            if !published {
                site.published_at = before.published_at;
            }
            let changed = published
                || before.hosts != site.hosts
                || before.source_numbers_win != site.source_numbers_win;
            site.config_version = before.config_version + i64::from(changed);
        }
        let before = self.directory.now();
        let sites = BTreeSet::from([site.id]);
        self.note_leaving(&before, Change::Site(&site), &sites)
            .await?;
        self.to_change().put_site(&site).await?;
        self.read_back().await?;
        self.note_blocks(&before, sites).await
    }

    /// Inserts or replaces a pool.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn put_pool(&self, pool: &PoolSettings) -> Result<(), SetupError> {
        check_name("name", &pool.name)?;
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        let site = directory
            .site(pool.site)
            .filter(|s| s.site.account == pool.account);
        let site = site.ok_or_else(|| invalid("site", "there is no such site"))?;
        if !site.site.targets.iter().any(|t| t.id == pool.target) {
            return Err(invalid("target", "the site has no such target"));
        }
        check_pool_rule(&directory, pool)?;
        self.check_pool_feed(&directory, pool)?;
        let before = directory.pool(pool.id).map(|before| before.settings.site);
        let sites = before.into_iter().chain([pool.site]).collect();
        self.note_leaving(&directory, Change::Pool(pool), &sites)
            .await?;
        self.to_change().put_pool(pool).await?;
        self.follow_blocks(sites).await
    }

    /// Whether a new tracking number would be taken, before money is spent on it.
    ///
    /// # Errors
    /// When a field is wrong.
    pub fn check_new_number(&self, number: &TrackingNumber) -> Result<(), SetupError> {
        let directory = self.directory.now();
        check_number(&directory, number)?;
        check_hold(&self.assignments, &directory, number)?;
        self.check_number_feed(&directory, number)?;
        self.check_number_flow(&directory, number)
    }

    /// Inserts or replaces a tracking number.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn put_number(&self, number: &TrackingNumber) -> Result<(), SetupError> {
        self.change_number(number, false).await
    }

    /// The same, also of a number that copies of a block still show when somebody insists.
    ///
    /// # Errors
    /// When a field is wrong or the store refuses.
    pub async fn change_number(
        &self,
        number: &TrackingNumber,
        insist: bool,
    ) -> Result<(), SetupError> {
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        check_number(&directory, number)?;
        if !insist {
            check_hold(&self.assignments, &directory, number)?;
        }
        check_holding(&directory, number)?;
        self.check_number_feed(&directory, number)?;
        self.check_number_flow(&directory, number)?;
        let before = directory.number(number.id);
        if before.is_some_and(|before| !before.stage.may_become(number.stage)) {
            return Err(invalid(
                "stage",
                "a number is put into quarantine before it is released, and one that was released is warmed up or used again",
            ));
        }
        let sites = before.and_then(|before| before.site).into_iter();
        let sites = sites.chain(number.site).collect();
        self.note_leaving(&directory, Change::Number(number), &sites)
            .await?;
        self.to_change().put_number(number).await?;
        self.follow_blocks(sites).await
    }

    /// Removes a trunk.
    ///
    /// # Errors
    /// When numbers are bound to it or the store is away.
    pub async fn delete_trunk(&self, id: TrunkId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let there = self.to_change().delete_trunk(id).await?;
        self.read_back().await?;
        Ok(there)
    }

    /// Removes a site.
    ///
    /// # Errors
    /// When numbers or pools belong to it or the store is away.
    pub async fn delete_site(&self, id: SiteId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let there = self.to_change().delete_site(id).await?;
        self.read_back().await?;
        Ok(there)
    }

    /// Removes a pool.
    ///
    /// # Errors
    /// When numbers belong to it or the store is away.
    pub async fn delete_pool(&self, id: PoolId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        let site = directory.pool(id).map(|p| p.settings.site);
        let sites = site.into_iter().collect();
        self.note_leaving(&directory, Change::NoPool(id), &sites)
            .await?;
        let there = self.to_change().delete_pool(id).await?;
        self.follow_blocks(sites).await?;
        Ok(there)
    }

    /// Removes a tracking number.
    ///
    /// # Errors
    /// When it has history or the store is away.
    pub async fn delete_number(&self, id: NumberId) -> Result<bool, SetupError> {
        let _changing = self.changing.lock().await;
        let directory = self.directory.now();
        let site = directory.number(id).and_then(|n| n.site);
        let sites = site.into_iter().collect();
        // The number that stands in its place may push another one out.
        self.note_leaving(&directory, Change::NoNumber(id), &sites)
            .await?;
        let there = self.to_change().delete_number(id).await?;
        self.follow_blocks(sites).await?;
        Ok(there)
    }

    /// Reads the directory back and raises the version of each of these sites whose block has other rules now: also of the
    /// one that something was taken from, since its pasted block still shows it.
    async fn follow_blocks(&self, sites: BTreeSet<SiteId>) -> Result<(), SetupError> {
        let before = self.directory.now();
        self.read_back().await?;
        let after = self.directory.now();
        let mut changed = false;
        for id in sites.iter().copied() {
            let (Some(before), Some(after)) = (before.site(id), after.site(id)) else {
                continue;
            };
            if before.rules != after.rules {
                let mut site = after.site.clone();
                site.config_version += 1;
                self.to_change().put_site(&site).await?;
                changed = true;
            }
        }
        if changed {
            self.read_back().await?;
        }
        self.note_blocks(&before, sites).await
    }
}

fn check_pool_rule(directory: &Directory, pool: &PoolSettings) -> Result<(), SetupError> {
    let page = &pool.rule.page;
    if !page.is_empty() && !page.starts_with('/') || page.chars().count() > POOL_PAGE_MAX {
        return Err(invalid(
            "page",
            format!(
                "write the start of a path, such as /roofing, of at most {POOL_PAGE_MAX} characters"
            ),
        ));
    }
    let pools = directory.pools_of_site(pool.site);
    let others = pools
        .iter()
        .filter(|p| p.settings.id != pool.id && p.settings.target == pool.target);
    if others.clone().count() >= POOLS_PER_TARGET_MAX {
        return Err(invalid(
            "target",
            format!("a target has at most {POOLS_PER_TARGET_MAX} pools"),
        ));
    }
    if let Some(same) = others.clone().find(|p| p.settings.rule == pool.rule) {
        return Err(invalid(
            "target",
            format!(
                "the pool `{}` is for the same visitors; choose sources or a page that tell the two apart",
                same.settings.name
            ),
        ));
    }
    Ok(())
}

fn check_site(site: &Site) -> Result<(), SetupError> {
    check_name("name", &site.name)?;
    check_hosts(&site.hosts)?;
    check_source_rules(&site.source_rules)?;
    if let Some(problem) = site.swap.problem() {
        return Err(invalid("swap", problem));
    }
    if site.targets.is_empty() || site.targets.len() > TARGETS_MAX {
        return Err(invalid(
            "targets",
            format!("write 1 to {TARGETS_MAX} numbers that are printed on the pages"),
        ));
    }
    let distinct: HashSet<_> = site.targets.iter().map(|t| t.number).collect();
    if distinct.len() != site.targets.len() {
        return Err(invalid("targets", "every target needs a number of its own"));
    }
    Ok(())
}

fn check_name(field: &'static str, name: &str) -> Result<(), SetupError> {
    let length = name.trim().chars().count();
    if length == 0 || length > NAME_MAX {
        return Err(invalid(
            field,
            format!("write a name of 1 to {NAME_MAX} characters"),
        ));
    }
    Ok(())
}

fn check_hosts(hosts: &[String]) -> Result<(), SetupError> {
    if hosts.is_empty() || hosts.len() > HOSTS_MAX {
        return Err(invalid(
            "hosts",
            format!("write 1 to {HOSTS_MAX} host names such as www.example.com"),
        ));
    }
    for host in hosts {
        let plain = host.len() <= 253 && host.split('.').all(is_label);
        if !plain {
            return Err(invalid(
                "hosts",
                format!(
                    "`{host}` is not a host name such as www.example.com; leave out scheme, port and path"
                ),
            ));
        }
    }
    Ok(())
}

fn check_source_rules(rules: &SourceRules) -> Result<(), SetupError> {
    if let Some(problem) = rules.problem() {
        return Err(invalid("source_rules", problem));
    }
    let tests = rules.own.iter().filter_map(|rule| match &rule.when {
        OwnTest::Referrer { host } => Some(host),
        OwnTest::Parameter { .. } => None,
    });
    for host in rules.ignored.iter().chain(tests) {
        if host.len() > 253 || !host.contains('.') || !host.split('.').all(is_label) {
            return Err(invalid(
                "source_rules",
                format!(
                    "`{host}` is not a host name such as booking.example; leave out scheme, port and path"
                ),
            ));
        }
    }
    Ok(())
}

fn is_label(label: &str) -> bool {
    let fits = (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    fits && label
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn check_number(directory: &Directory, number: &TrackingNumber) -> Result<(), SetupError> {
    let trunk = directory
        .trunk(number.trunk)
        .filter(|t| t.account.is_none_or(|a| a == number.account));
    trunk.ok_or_else(|| invalid("trunk", "there is no such trunk"))?;
    check_circle(directory, number)?;
    check_lines(directory, number)?;
    if let Some(other) = directory
        .number_by_digits(number.number)
        .filter(|other| other.id != number.id)
    {
        let message = if other.account == number.account {
            "this number is in the inventory already"
        } else {
            "this number is not available"
        };
        return Err(invalid("number", message));
    }
    let site = match number.site {
        Some(id) => {
            let site = directory
                .site(id)
                .filter(|s| s.site.account == number.account);
            Some(site.ok_or_else(|| invalid("site", "there is no such site"))?)
        }
        None => None,
    };
    if let Some(target) = number.target
        && !site.is_some_and(|s| s.site.targets.iter().any(|t| t.id == target))
    {
        return Err(invalid("target", "the site has no such target"));
    }
    check_flow(directory, number.account, number.flow)?;
    let pool = match number.pool {
        Some(id) => {
            let pool = directory
                .pool(id)
                .filter(|p| p.settings.account == number.account);
            Some(pool.ok_or_else(|| invalid("pool", "there is no such pool"))?)
        }
        None => None,
    };
    match number.kind {
        NumberUse::Pool if pool.is_none() => Err(invalid("pool", "a pool number needs a pool")),
        NumberUse::Pool if pool.is_some_and(|p| Some(p.settings.site) != number.site) => Err(
            invalid("site", "a pool number belongs to the site of its pool"),
        ),
        NumberUse::Source if site.is_none() => Err(invalid("site", "a source number needs a site")),
        NumberUse::Source if number.selector.is_empty() && pool.is_none() => Err(invalid(
            "source",
            "write a channel, medium or source, or the pool whose overflow it is",
        )),
        NumberUse::Pool | NumberUse::Source | NumberUse::Static => Ok(()),
    }
}
