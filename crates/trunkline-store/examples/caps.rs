//! The benchmark `caps`: many ask at once for less than all of them want, on SQLite and on PostgreSQL. Afterwards every
//! cap holds exactly its most, no place and no balance more than there is, and everything adds up.
//!
//! `caps SQLITE POSTGRES`: how many reservations are asked for on each.
#![allow(clippy::print_stdout)] // what it tells goes to standard output

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use trunkline_core::base::id::{AccountId, BuyerId, CampaignId, CapId, ContractId, FeedId};
use trunkline_core::base::{Id, IdKind, IdSequence, Timestamp};
use trunkline_core::routing::{
    CapTake, CapUnit, Comer, Counting, Level, Owner, Person, PlaceOwner, Places, ROLLING_SLICES,
    Taker, Window,
};
use trunkline_engine::ports::routing::{Reserve, Reserved, Stepped};
use trunkline_engine::ports::{Books, Reservations};
use trunkline_store::Store;
use trunkline_store::db::{DbOptions, Location};
use trunkline_store::testing::TestDatabase;

const NOON: Timestamp = Timestamp::from_millis(1_782_907_200_000);
const HOUR: i64 = 3_600_000;
/// Contracts that are raced for, each with a cap of its own; half of them roll.
const CONTRACTS: i64 = 50;
/// Tasks that ask at the same time.
const TASKS: i64 = 64;
/// One in so many that got in gives it back.
const GIVES_BACK: i64 = 10;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

struct Race {
    store: Store,
    ids: std::sync::Mutex<IdSequence>,
    account: AccountId,
    /// The most of each contract's cap: half of those who ask.
    max: i64,
    asked: AtomicI64,
    got_in: AtomicU64,
    refused: AtomicU64,
    given_back: AtomicU64,
}

impl Race {
    fn id<K: IdKind>(&self) -> Id<K> {
        let mut ids = self
            .ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ids.draw(NOON)
    }

    fn reserve(&self, contract: i64) -> Reserve {
        let hour = Window {
            from: NOON,
            to: NOON.plus_millis(HOUR),
        };
        let slice = Window {
            from: NOON,
            to: NOON.plus_millis(HOUR / ROLLING_SLICES),
        };
        let counting = if contract % 2 == 0 {
            Counting::Calendar(hour)
        } else {
            Counting::Rolling {
                slice,
                span_ms: HOUR,
            }
        };
        let of = Owner::Terms(Level::Contract);
        let places = Places {
            max: u32::MAX,
            reservation_percent: 100,
        };
        Reserve {
            id: self.id(),
            account: self.account,
            comer: Comer {
                opportunity: self.id(),
                person: Person::default(),
                campaign: CampaignId::from_raw(1),
                feed: FeedId::from_raw(1),
            },
            came_at: NOON,
            taker: Taker {
                contract: ContractId::from_raw(contract),
                buyer: BuyerId::from_raw(contract),
                company: BuyerId::from_raw(contract),
            },
            offered: true,
            caps: vec![CapTake {
                of: Some(of),
                cap: CapId::from_raw(contract),
                feed: None,
                counts: CapUnit::Billable,
                adds: 1,
                max: self.max,
                counting,
            }],
            places: vec![(of, PlaceOwner::Buyer(BuyerId::from_raw(contract)), places)],
            hold: None,
            duplicates: Vec::new(),
            turns: Vec::new(),
            at: NOON,
            expires_at: NOON.plus_millis(HOUR),
        }
    }

    /// Asks until everybody has asked.
    async fn run(&self, all: i64) -> Result<(), AnyError> {
        loop {
            let n = self.asked.fetch_add(1, Ordering::Relaxed);
            if n >= all {
                return Ok(());
            }
            let reserve = self.reserve(n % CONTRACTS);
            if self.store.reserve(&reserve).await? != Reserved::Yes {
                self.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            self.got_in.fetch_add(1, Ordering::Relaxed);
            if (n / CONTRACTS) % GIVES_BACK == 0
                && self.store.release(reserve.id, NOON).await? == Stepped::Yes
            {
                self.given_back.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Overshoots and undershoots of one race, and its figures.
async fn race(
    database: &TestDatabase,
    all: i64,
) -> Result<(u64, u64, serde_json::Value), AnyError> {
    let location = Location::parse(&database.url)?;
    let race = Arc::new(Race {
        store: Store::open(&location, DbOptions::default(), &[7; 32]).await?,
        ids: std::sync::Mutex::new(IdSequence::new(0)),
        account: AccountId::from_raw(1),
        max: (all / CONTRACTS / 2).max(1),
        asked: AtomicI64::new(0),
        got_in: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        given_back: AtomicU64::new(0),
    });
    let began = Instant::now();
    let tasks = (0..TASKS).map(|_| {
        let race = Arc::clone(&race);
        tokio::spawn(async move { race.run(all).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    let seconds = began.elapsed().as_secs_f64();
    let (mut overshoots, mut undershoots) = (0, 0);
    let taken = async |contract: i64| -> Result<i64, AnyError> {
        let stock = race.store.stock(race.account, NOON, NOON).await?;
        let cap = race.reserve(contract).caps.remove(0);
        let counted = cap.used(NOON, &stock.slots);
        Ok(counted.used + counted.reserved)
    };
    for contract in 0..CONTRACTS {
        // Those who gave back did so while others asked: what is free is free, to the last one.
        let left = race.max - taken(contract).await?;
        overshoots += u64::from(left < 0);
        for _ in 0..left.max(0) {
            let answer = race.store.reserve(&race.reserve(contract)).await?;
            undershoots += u64::from(answer != Reserved::Yes);
        }
        let one_more = race.store.reserve(&race.reserve(contract)).await?;
        overshoots += u64::from(one_more == Reserved::Yes);
        undershoots += u64::from(taken(contract).await? < race.max);
    }
    let wrong = race.store.verify(race.account).await?;
    if !wrong.is_empty() {
        return Err(format!("it does not add up: {wrong:?}").into());
    }
    race.store.db().close().await;
    let figure = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let figures = serde_json::json!({
        "reservations": all,
        "got_in": figure(&race.got_in),
        "refused": figure(&race.refused),
        "given_back": figure(&race.given_back),
        "seconds": (seconds * 10.0).round() / 10.0,
        "per_second": (all as f64 / seconds).round(),
    });
    Ok((overshoots, undershoots, figures))
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let mut asked = std::env::args().skip(1).map(|text| text.parse::<i64>());
    let sqlite = asked.next().transpose()?.unwrap_or(1_000_000);
    let postgres = asked.next().transpose()?.unwrap_or(100_000);
    let ours = race(&TestDatabase::sqlite(), sqlite).await?;
    let theirs = race(&TestDatabase::postgres().await, postgres).await?;
    let line = serde_json::json!({
        "overshoots": ours.0 + theirs.0,
        "undershoots": ours.1 + theirs.1,
        "sqlite": ours.2,
        "postgres": theirs.2,
    });
    println!("{line}");
    Ok(())
}
