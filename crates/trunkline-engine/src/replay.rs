//! Replays past arrivals under other source rules: what would be named otherwise, and, when asked to,
//! renames it. Arrivals are kept whole, so a rule can be changed back and nothing is lost.

use std::collections::BTreeMap;

use trunkline_core::assignment::Site;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SessionId, TouchId};
use trunkline_core::visitor::own::LAST_NON_DIRECT;
use trunkline_core::visitor::{Arrival, Channel, Landing, Source, SourceRules, classify};

use crate::ports::PortResult;
use crate::ports::arrivals::{PastArrivals, Renamed};

/// Visits read at once.
const PAGE_VISITS: u32 = 1_000;
/// Arrivals renamed in one transaction.
const RENAMED_AT_ONCE: usize = 500;
/// Most different sources that are counted one by one; the rest counts as one.
pub const SOURCES_MAX: usize = 500;

/// A source as reports count it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The channel.
    pub channel: Channel,
    /// The source; empty for those beyond [`SOURCES_MAX`].
    pub source: String,
}

/// Arrivals of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// As they are stored.
    pub before: u64,
    /// As the rules name them.
    pub after: u64,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Arrivals that were looked at.
    pub arrivals: u64,
    /// Those that get another source, campaign, keyword, content or rule.
    pub changed: u64,
    /// Calls that got another source; 0 when nothing was applied.
    pub calls: u64,
    /// Arrivals per source.
    pub sources: BTreeMap<Named, Count>,
}

/// Looks at every arrival of the site from `since` on under `rules`, and renames those that differ when
/// `apply` is set.
///
/// # Errors
/// When the store fails; what was renamed until then stays, and a second run does the rest.
pub async fn replay(
    arrivals: &dyn PastArrivals,
    site: &Site,
    rules: &SourceRules,
    since: Timestamp,
    apply: bool,
) -> PortResult<Replayed> {
    let mut found = Replayed::default();
    let mut after = None;
    loop {
        let visits = arrivals.visits(site.id, since, after, PAGE_VISITS).await?;
        let mut renamed = Vec::new();
        for (session, further) in &visits {
            after = Some((session.started_at, session.id));
            let mut look = |touch: Option<TouchId>, page: &str, referrer: &str, before: &Source| {
                let now = named_now(site, rules, page, referrer, before);
                found.count(before, &now);
                if now != *before {
                    renamed.push(rename(session.id, touch, before, now));
                }
            };
            look(None, &session.landing, &session.referrer, &session.source);
            for touch in further {
                look(Some(touch.id), &touch.page, &touch.referrer, &touch.source);
            }
        }
        found.changed += renamed.len() as u64;
        if apply {
            for part in renamed.chunks(RENAMED_AT_ONCE) {
                found.calls += arrivals.rename(part).await?;
            }
        }
        if visits.len() < PAGE_VISITS as usize {
            return Ok(found);
        }
    }
}

fn rename(session: SessionId, touch: Option<TouchId>, before: &Source, after: Source) -> Renamed {
    Renamed {
        session,
        touch,
        before: before.clone(),
        after,
    }
}

/// The source of a past arrival under the rules; a page that cannot be read keeps what it has.
fn named_now(
    site: &Site,
    rules: &SourceRules,
    page: &str,
    referrer: &str,
    before: &Source,
) -> Source {
    let Some(landing) = Landing::parse(page) else {
        return before.clone();
    };
    let arrival = Arrival {
        landing: &landing,
        referrer,
    };
    let now = classify(&arrival, &site.hosts, rules);
    // What the visitor's visit before was is not looked up again.
    let kept = before.rule == LAST_NON_DIRECT && rules.direct_keeps_days > 0;
    if kept && now.channel == Channel::Direct {
        return before.clone();
    }
    now
}

impl Replayed {
    fn count(&mut self, before: &Source, after: &Source) {
        self.arrivals += 1;
        self.of(before).before += 1;
        self.of(after).after += 1;
    }

    fn of(&mut self, source: &Source) -> &mut Count {
        let mut name = Named {
            channel: source.channel,
            source: source.source.clone(),
        };
        if self.sources.len() >= SOURCES_MAX && !self.sources.contains_key(&name) {
            name.source.clear();
        }
        self.sources.entry(name).or_default()
    }
}
