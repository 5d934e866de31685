//! What the owner of numbers should know and do: advice on the size of each pool, leaked numbers, and the end of
//! warm-ups.

use std::collections::HashMap;
use std::sync::Arc;

use trunkline_core::assignment::health::{Callers, HEALTH_DAYS, is_leaked};
use trunkline_core::assignment::number::{WARM_UP_DAYS, WARM_UP_STRANGERS_MAX};
use trunkline_core::assignment::sizing::{Proposal, numbers_for, propose};
use trunkline_core::assignment::{NumberStage, NumberUse, TrackingNumber};
use trunkline_core::attribution::{
    Advice, Model, OVERFLOW_MAX, PageKind, PoolVisit, VISITS_MAX, advise,
};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, NumberId};
use trunkline_core::visitor::{Landing, Source};

use crate::attribution::SharedModels;
use crate::clock::Moment;
use crate::directory::{Directory, PoolEntry, SharedDirectory};
use crate::ports::calls::NumberUseCount;
use crate::ports::history::SessionRow;
use crate::ports::{CallRecords, PastArrivals, PortResult};
use crate::setup::{Setup, SetupError};

const DAY_MS: i64 = 86_400_000;
/// How many days of visits advice is made of, and how many before them a smaller pool must have sufficed for.
pub const ADVICE_DAYS: i64 = 30;
/// Fewest visits that are enough for advice.
pub const ADVICE_VISITS_MIN: u32 = 50;
/// Share of the visitors in the busiest hour who may find no number, for the sizes by formula.
pub const BLOCKED_SHARES: [f64; 2] = [0.05, 0.01];
/// Largest pool that is replayed.
const REPLAYED_NUMBERS_MAX: u32 = 500;
/// The seed of the drawn calls: the same for everybody, so that a page that is read again says the same.
const SEED: u64 = 20_250_101;
/// How often to look whether a warm-up is over, in milliseconds.
pub const WARM_UP_EVERY_MS: u64 = 3_600_000;

/// Advice on a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolAdvice {
    /// The replay.
    pub advice: Advice,
    /// Numbers by the Erlang formula, for each of [`BLOCKED_SHARES`].
    pub by_formula: [u32; 2],
    /// The size now.
    pub size: u32,
    /// What to do; `None` without enough visits.
    pub proposal: Option<Proposal>,
}

/// A number's callers of the last [`HEALTH_DAYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// What was counted.
    pub counted: NumberUseCount,
    /// Whether it was probably published somewhere.
    pub leaked: bool,
}

/// Looks after numbers.
pub struct Inventory {
    moment: Moment,
    directory: SharedDirectory,
    records: Arc<dyn CallRecords>,
    arrivals: Arc<dyn PastArrivals>,
    models: SharedModels,
    setup: Arc<Setup>,
}

impl Inventory {
    /// Over what is stored.
    #[must_use]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        records: Arc<dyn CallRecords>,
        arrivals: Arc<dyn PastArrivals>,
        models: SharedModels,
        setup: Arc<Setup>,
    ) -> Self {
        Self {
            moment,
            directory,
            records,
            arrivals,
            models,
            setup,
        }
    }

    /// The health of every number of an account that was called.
    ///
    /// # Errors
    /// When the calls cannot be read.
    pub async fn health(&self, account: AccountId) -> PortResult<HashMap<NumberId, Health>> {
        let since = self.moment.now().plus_millis(-HEALTH_DAYS * DAY_MS);
        let counted = self.records.by_number(account, since).await?;
        let counted: HashMap<NumberId, NumberUseCount> = counted.into_iter().collect();
        let directory = self.directory.now();
        let of = |number: NumberId| counted.get(&number).copied().unwrap_or_default();
        let health = |(id, counted): (&NumberId, &NumberUseCount)| {
            let number = directory.number(*id);
            let leaked = number.is_some_and(|number| leaked(&directory, number, of));
            let counted = *counted;
            (*id, Health { counted, leaked })
        };
        Ok(counted.iter().map(health).collect())
    }

    /// How large a pool should be, by a replay of the visits of the last [`ADVICE_DAYS`].
    ///
    /// # Errors
    /// When the visits cannot be read.
    pub async fn advice(&self, pool: &PoolEntry) -> PortResult<PoolAdvice> {
        let now = self.moment.now();
        let half = now.plus_millis(-ADVICE_DAYS * DAY_MS);
        let since = half.plus_millis(-ADVICE_DAYS * DAY_MS);
        let site = pool.settings.site;
        let limit = u32::try_from(VISITS_MAX * 2).unwrap_or(u32::MAX);
        let rows = self.arrivals.shown(site, since, limit).await?;
        let visits: Vec<PoolVisit> = rows
            .iter()
            .filter(|row| is_for(pool, row))
            .map(pool_visit)
            .collect();
        let split = visits.partition_point(|v| v.from < half);
        let size = u32::try_from(pool.numbers.len()).unwrap_or(u32::MAX);
        let strict = pool.settings.strict;
        let added = self.added_lately(pool, now);
        let model = self.models.model(site);
        // Seconds of work at most, but not on a thread that answers pages.
        let replayed = tokio::task::spawn_blocking(move || {
            let (before, lately) = visits.split_at(split);
            advice_of(&model, before, lately, size, strict, added)
        });
        replayed
            .await
            .map_err(|_| crate::ports::PortError::Unavailable("the replay ended early".to_owned()))
    }

    /// How many of a pool's numbers were put into use within 30 days, not counting those it was made with.
    fn added_lately(&self, pool: &PoolEntry, now: Timestamp) -> u32 {
        let directory = self.directory.now();
        let late = |at: Timestamp| {
            now.millis_since(at) < 30 * DAY_MS && at.millis_since(pool.settings.created_at) > DAY_MS
        };
        let added = pool
            .numbers
            .iter()
            .filter(|n| directory.number(n.id).is_some_and(|n| late(n.stage_since)));
        u32::try_from(added.count()).unwrap_or(u32::MAX)
    }

    /// Takes a number out of its pool and names its calls: what to do with one that was published.
    ///
    /// # Errors
    /// When the label is empty or the store refuses.
    pub async fn make_static(
        &self,
        number: &TrackingNumber,
        label: &str,
    ) -> Result<TrackingNumber, SetupError> {
        let label = label.trim();
        if label.is_empty() {
            return Err(SetupError::Invalid {
                field: "label",
                message:
                    "write where the number is published, such as Yelp; its calls get this name"
                        .to_owned(),
            });
        }
        let mut number = number.clone();
        number.kind = NumberUse::Static;
        number.label = label.to_owned();
        // On no site: it must not be shown to everybody there.
        (number.site, number.target, number.pool) = (None, None, None);
        self.setup.put_number(&number).await?;
        Ok(number)
    }

    /// Puts numbers into use whose warm-up is over and that no strangers called. Gives how many.
    ///
    /// # Errors
    /// When the calls cannot be read or the store refuses.
    pub async fn end_warm_ups(&self) -> Result<usize, SetupError> {
        let now = self.moment.now();
        let directory = self.directory.now();
        let mut ended = 0;
        for account in directory.accounts() {
            let warmed = directory.numbers_of(account.id).into_iter().filter(|n| {
                n.stage == NumberStage::Warming
                    && now.millis_since(n.stage_since) >= WARM_UP_DAYS * DAY_MS
            });
            for number in warmed {
                let counted = self
                    .records
                    .by_number(account.id, number.stage_since)
                    .await?;
                let own = counted.iter().find(|(id, _)| *id == number.id);
                let callers = own.map_or(0, |(_, c)| c.callers);
                if callers > i64::from(WARM_UP_STRANGERS_MAX) {
                    continue;
                }
                let mut number = TrackingNumber::clone(number);
                number.stage = NumberStage::InUse;
                number.stage_since = now;
                self.setup.put_number(&number).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }
}

/// Whether a pool number gets more strangers than its neighbours.
fn leaked(
    directory: &Directory,
    number: &TrackingNumber,
    of: impl Fn(NumberId) -> NumberUseCount,
) -> bool {
    if number.kind != NumberUse::Pool {
        return false;
    }
    let neighbours: Vec<Callers> = directory
        .numbers_of(number.account)
        .into_iter()
        .filter(|n| n.kind == NumberUse::Pool && n.site == number.site && n.id != number.id)
        .map(|n| callers(of(n.id)))
        .collect();
    is_leaked(callers(of(number.id)), &neighbours)
}

fn callers(counted: NumberUseCount) -> Callers {
    let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Callers {
        all: small(counted.callers),
        strangers: small(counted.strangers),
    }
}

/// Whether a visit is one of those the pool is for.
fn is_for(pool: &PoolEntry, row: &SessionRow) -> bool {
    let landing = Landing::parse(&row.landing);
    let path = landing.as_ref().map_or("/", |l| &l.path);
    let source: &Source = &row.source;
    pool.settings.rule.fits(source, path)
}

fn pool_visit(row: &SessionRow) -> PoolVisit {
    PoolVisit {
        session: row.id,
        visitor: row.visitor,
        device: row.device,
        from: row.started_at,
        until: row.seen_at,
        page: PageKind::of(&row.landing),
    }
}

fn advice_of(
    model: &Model,
    before: &[PoolVisit],
    lately: &[PoolVisit],
    size: u32,
    strict: bool,
    added: u32,
) -> PoolAdvice {
    let advised = |visits: &[PoolVisit], sizes: &[u32]| advise(model, visits, sizes, strict, SEED);
    let load = advised(lately, &[]).load;
    let by_formula = BLOCKED_SHARES.map(|share| numbers_for(load, share));
    let mut sizes = sizes_to_try(size, by_formula[1]);
    let mut advice = advised(lately, &sizes);
    // Visitors who come in bursts ask for more than the formula knows of.
    while let Some(last) = advice.sizes.last().copied()
        && last.overflow > OVERFLOW_MAX
        && last.numbers < REPLAYED_NUMBERS_MAX
    {
        let larger = last.numbers.saturating_mul(2).min(REPLAYED_NUMBERS_MAX);
        sizes.push(larger);
        advice = advised(lately, &sizes);
    }
    let enough = advice.visits >= ADVICE_VISITS_MIN;
    let proposal = advice.knee.filter(|_| enough).map(|knee| {
        // Without enough visits before, the size now is what sufficed.
        let was_enough = u32::try_from(before.len()).unwrap_or(u32::MAX) >= ADVICE_VISITS_MIN;
        let earlier = advised(before, if was_enough { &sizes } else { &[] });
        propose(size, knee, earlier.knee.unwrap_or(size), added)
    });
    PoolAdvice {
        advice,
        by_formula,
        size,
        proposal,
    }
}

/// Sizes around the one now and the one by formula, smallest first.
fn sizes_to_try(size: u32, formula: u32) -> Vec<u32> {
    let around = |n: u32| {
        [
            n / 4,
            n / 2,
            n * 3 / 4,
            n,
            n + n / 2,
            n.saturating_mul(2),
            n.saturating_mul(4),
        ]
    };
    let mut sizes: Vec<u32> = around(formula.max(2))
        .into_iter()
        .chain([size / 2, size, size.saturating_mul(2)])
        .filter(|n| *n > 0)
        .map(|n| n.min(REPLAYED_NUMBERS_MAX))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}
