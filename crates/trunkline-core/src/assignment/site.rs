//! A web site on which numbers are swapped, its targets, and the settings of its pools.

use super::{SiteContent, SwapSettings};
use crate::base::id::{AccountId, FeedId, FlowId, PoolId, SiteId, SwapTargetId};
use crate::base::{PhoneNumber, Timestamp, Zone};
use crate::visitor::{Source, SourceRules, SourceSelector};

/// Most swap targets of one site.
pub const TARGETS_MAX: usize = 20;
/// Most host names of one site.
pub const HOSTS_MAX: usize = 50;

/// A web site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Whose it is.
    pub account: AccountId,
    /// The random key in the snippet's addresses.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Host names the snippet may run on; names below them count too.
    pub hosts: Vec<String>,
    /// Its time zone.
    pub zone: Zone,
    /// The numbers printed on its pages, in order.
    pub targets: Vec<SwapTarget>,
    /// Whether a source number is shown in place of a pool number when both fit.
    pub source_numbers_win: bool,
    /// What its owner adds to the rules that name sources.
    pub source_rules: SourceRules,
    /// Where and when its numbers are swapped.
    pub swap: SwapSettings,
    /// Changes that are not published yet.
    pub draft: Option<Box<SiteContent>>,
    /// When its content was last published.
    pub published_at: Timestamp,
    /// Counts the changes of everything the snippet's block carries.
    pub config_version: i64,
    /// The flow of calls on its numbers that name none; they are forwarded plainly when not given.
    pub flow: Option<FlowId>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Site {
    /// Whether a page of `host` belongs to the site.
    #[must_use]
    pub fn has_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| {
            host == own
                || host
                    .strip_suffix(own.as_str())
                    .is_some_and(|rest| rest.ends_with('.'))
        })
    }
}

/// A number printed on the pages of a site, to be swapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwapTarget {
    /// Its id.
    pub id: SwapTargetId,
    /// Name for people, such as `Main line`.
    pub label: String,
    /// The number as it is printed on the pages.
    pub number: PhoneNumber,
}

/// Longest path of a pool's rule, in characters.
pub const POOL_PAGE_MAX: usize = 200;
/// Most pools of one target.
pub const POOLS_PER_TARGET_MAX: usize = 20;

/// Which visitors a pool is for: every given part must fit; an empty rule is for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PoolRule {
    /// The source of the visit.
    pub sources: SourceSelector,
    /// Start of the path of the page that asks, such as `/roofing`; empty for any.
    pub page: String,
}

impl PoolRule {
    /// Whether a visit is one of those the pool is for. `path` is that of the page's address.
    #[must_use]
    pub fn fits(&self, source: &Source, path: &str) -> bool {
        let below =
            |rest: &str| rest.is_empty() || self.page.ends_with('/') || rest.starts_with('/');
        self.sources.matches(source)
            && (self.page.is_empty() || path.strip_prefix(self.page.as_str()).is_some_and(below))
    }

    /// How much the rule asks for; of two that fit, the closer one is tried first.
    #[must_use]
    pub fn closeness(&self) -> (usize, usize) {
        (self.page.len(), self.sources.closeness())
    }
}

/// A pool of tracking numbers for one target of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSettings {
    /// Its id.
    pub id: PoolId,
    /// Whose it is.
    pub account: AccountId,
    /// The site it serves.
    pub site: SiteId,
    /// The target its numbers stand for.
    pub target: SwapTargetId,
    /// Name for people.
    pub name: String,
    /// Keep a number locked to its session until it was out of sight for half an hour, and show the
    /// overflow number otherwise.
    pub strict: bool,
    /// The visitors it is for.
    pub rule: PoolRule,
    /// The feed that calls on its numbers come through.
    pub feed: Option<FeedId>,
    /// When it was added.
    pub created_at: Timestamp,
}
