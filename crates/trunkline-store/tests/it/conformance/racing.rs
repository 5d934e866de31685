//! Many at once: never over a cap, a place or a balance, whatever meets whatever; and nothing lost when the program ends
//! in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use trunkline_core::base::id::AccountId;
use trunkline_core::ledger::Subject;
use trunkline_core::routing::{
    Came, CapTake, CapUnit, Counting, Level, Owner, PlaceOwner, Places, Window,
};
use trunkline_engine::ports::books::{Ending, Seen, Settlement, Stored};
use trunkline_engine::ports::routing::{HoldTake, Reserve, Reserved, Stepped};
use trunkline_engine::ports::{Books, Reservations};

use super::World;
use super::reservations::{HOUR, adds_up, hourly, plain, top_up, usd};
use super::world::{MINUTE, NOON};

/// What one of those who race does, each by a number.
#[derive(Debug, Clone, Copy)]
struct Racer {
    offered: bool,
    price: i64,
    rolls: bool,
    /// Released, settled for a part, settled for all, or left as it is.
    end: u8,
}

/// What all race for.
#[derive(Debug, Clone)]
struct Race {
    billable_max: i64,
    revenue_max: i64,
    rolling_max: i64,
    places_max: u32,
    percent: u8,
    wallet: i64,
    credit: i64,
    racers: Vec<Racer>,
}

fn races() -> impl Strategy<Value = Race> {
    let racer = (any_bool(), 1..40_i64, any_bool(), 0..4_u8);
    let racer = racer.prop_map(|(offered, price, rolls, end)| Racer {
        offered,
        price,
        rolls,
        end,
    });
    let most = (1..12_i64, 1..300_i64, 1..12_i64, 1..10_u32);
    let money = (0..3_u8, 1..300_i64, 0..100_i64);
    let racers = proptest::collection::vec(racer, 20..48);
    (most, money, racers).prop_map(|(most, (percent, wallet, credit), racers)| Race {
        billable_max: most.0,
        revenue_max: most.1,
        rolling_max: most.2,
        places_max: most.3,
        percent: percent * 50,
        wallet,
        credit,
        racers,
    })
}

fn any_bool() -> impl Strategy<Value = bool> {
    proptest::bool::ANY
}

/// What racers know of the race.
struct Course {
    account: AccountId,
    race: Race,
    caps: [CapTake; 2],
    rolling: CapTake,
    places: Vec<(Owner, PlaceOwner, Places)>,
}

impl Course {
    fn new(world: &World, account: AccountId, race: Race) -> Self {
        let places = Places {
            max: race.places_max,
            reservation_percent: race.percent,
        };
        let owner = |level, owner| (Owner::Terms(level), owner, places);
        Course {
            account,
            caps: [
                hourly(world.id(), CapUnit::Billable, 1, race.billable_max),
                hourly(world.id(), CapUnit::Revenue, 1, race.revenue_max),
            ],
            rolling: CapTake {
                counting: Counting::Rolling {
                    slice: Window {
                        from: NOON,
                        to: NOON.plus_millis(MINUTE),
                    },
                    span_ms: HOUR,
                },
                ..hourly(world.id(), CapUnit::Connected, 1, race.rolling_max)
            },
            places: vec![
                owner(Level::Account, PlaceOwner::Account(account)),
                owner(
                    Level::Buyer,
                    PlaceOwner::Buyer(plain(world, account).taker.buyer),
                ),
            ],
            race,
        }
    }

    fn reserve(&self, world: &World, racer: Racer) -> Reserve {
        let mut caps = self.caps.to_vec();
        caps[1].adds = racer.price;
        if racer.rolls {
            caps.push(self.rolling.clone());
        }
        Reserve {
            offered: racer.offered,
            caps,
            places: self.places.clone(),
            hold: Some(HoldTake {
                id: world.id(),
                amount: usd(racer.price),
                credit_limit: usd(self.race.credit),
            }),
            ..plain(world, self.account)
        }
    }

    /// Runs one racer to its end; whether it was let in.
    async fn run(&self, world: &World, racer: Racer) -> bool {
        let reserve = self.reserve(world, racer);
        let store = &world.store;
        if store.reserve(&reserve).await.unwrap() != Reserved::Yes {
            return false;
        }
        if !racer.offered && store.offer(reserve.id, NOON).await.unwrap() != Stepped::Yes {
            let released = store.release(reserve.id, NOON).await.unwrap();
            assert_eq!(released, Stepped::Yes);
            return false;
        }
        match racer.end {
            0 => {
                let released = store.release(reserve.id, NOON).await.unwrap();
                assert_eq!(released, Stepped::Yes);
            }
            1 | 2 => {
                let paid = if racer.end == 1 {
                    racer.price / 2
                } else {
                    racer.price
                };
                self.settle(world, &reserve, paid).await;
            }
            _ => {
                let connected = store.connect(reserve.id, NOON).await.unwrap();
                assert_eq!(connected, Stepped::Yes);
            }
        }
        true
    }

    async fn settle(&self, world: &World, reserve: &Reserve, paid: i64) {
        let subject = Subject::Lead(reserve.comer.opportunity);
        let came = Came {
            billable: paid > 0,
            revenue: paid,
            payout: 0,
        };
        let posting = (paid > 0).then(|| {
            let posting = super::books::sale(subject, reserve.taker.buyer, paid);
            (world.id(), posting)
        });
        let settlement = Settlement {
            seen: vec![Seen { subject, times: 0 }],
            postings: posting.into_iter().collect(),
            reservations: vec![(reserve.id, Ending::Settled(came))],
            ..Settlement::default()
        };
        let stored = world.store.book(self.account, &settlement, NOON).await;
        assert_eq!(stored.unwrap(), Stored::Yes);
    }

    /// Nobody has more than there is, at any moment.
    async fn holds(&self, world: &World) {
        let stock = world.store.stock(self.account, NOON, NOON).await.unwrap();
        for (cap, max) in [
            (&self.caps[0], self.race.billable_max),
            (&self.caps[1], self.race.revenue_max),
            (&self.rolling, self.race.rolling_max),
        ] {
            let use_ = cap.used(NOON, &stock.slots);
            assert!(use_.used >= 0 && use_.reserved >= 0, "{use_:?}");
            assert!(use_.used + use_.reserved <= max, "{use_:?} of {max}");
        }
        for (owner, live) in &stock.places {
            assert!(live.legs <= self.race.places_max, "{owner:?} {live:?}");
        }
        for (_, there, held) in &stock.wallets {
            let left = there.micros() + self.race.credit - held.micros();
            assert!(left >= 0 && held.micros() >= 0, "{there} {held}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ever_gets_more_than_there_is_however_many_come_at_once() {
    let mut runner = TestRunner::deterministic();
    for world in World::both().await {
        let world = Arc::new(world);
        for _ in 0..6 {
            let race = races().new_tree(&mut runner).unwrap().current();
            let account = world.set_up().await.account.id;
            let course = Arc::new(Course::new(&world, account, race));
            let buyer = plain(&world, account).taker.buyer;
            top_up(&world, account, buyer, course.race.wallet).await;
            let let_in = Arc::new(AtomicU64::new(0));
            let racing = course.race.racers.clone().into_iter().map(|racer| {
                let (world, course) = (Arc::clone(&world), Arc::clone(&course));
                let let_in = Arc::clone(&let_in);
                tokio::spawn(async move {
                    if course.run(&world, racer).await {
                        let_in.fetch_add(1, Ordering::Relaxed);
                    }
                    course.holds(&world).await;
                })
            });
            for racer in racing.collect::<Vec<_>>() {
                racer.await.unwrap();
            }
            adds_up(&world, account).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_get_in_as_there_is_room_for_and_what_is_given_back_is_used_again() {
    for world in World::both().await {
        let world = Arc::new(world);
        let account = world.set_up().await.account.id;
        let calendar = hourly(world.id(), CapUnit::Billable, 1, 17);
        let rolling = CapTake {
            counting: Counting::Rolling {
                slice: Window {
                    from: NOON,
                    to: NOON.plus_millis(MINUTE),
                },
                span_ms: HOUR,
            },
            ..hourly(world.id(), CapUnit::Billable, 1, 17)
        };
        for cap in [calendar, rolling] {
            let ask = |n: usize| {
                let asked = (0..n).map(|_| Reserve {
                    caps: vec![cap.clone()],
                    ..plain(&world, account)
                });
                let tasks = asked.map(|reserve| {
                    let world = Arc::clone(&world);
                    tokio::spawn(async move {
                        let answer = world.store.reserve(&reserve).await.unwrap();
                        (answer == Reserved::Yes).then_some(reserve.id)
                    })
                });
                tasks.collect::<Vec<_>>()
            };
            let mut got_in = Vec::new();
            for task in ask(60) {
                got_in.extend(task.await.unwrap());
            }
            assert_eq!(got_in.len(), 17, "{cap:?}");
            for id in &got_in[..5] {
                world.store.release(*id, NOON).await.unwrap();
            }
            let mut again = 0;
            for task in ask(40) {
                again += usize::from(task.await.unwrap().is_some());
            }
            assert_eq!(again, 5, "{cap:?}");
        }
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_the_program_ended_in_the_middle() {
    for world in World::both().await {
        let world = Arc::new(world);
        let account = world.set_up().await.account.id;
        let cap = hourly(world.id(), CapUnit::Billable, 1, 40);
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let racing: Vec<_> = (0..100)
            .map(|n: u32| {
                let (world, cap, tell) = (Arc::clone(&world), cap.clone(), tell.clone());
                tokio::spawn(async move {
                    let reserve = Reserve {
                        caps: vec![cap],
                        ..plain(&world, account)
                    };
                    let id = reserve.id;
                    if world.store.reserve(&reserve).await.ok() != Some(Reserved::Yes) {
                        return;
                    }
                    let _ = tell.send((id, false));
                    if n.is_multiple_of(2) && world.store.release(id, NOON).await.is_ok() {
                        let _ = tell.send((id, true));
                    }
                })
            })
            .collect();
        drop(tell);
        let mut answered = Vec::new();
        while answered.len() < 30 {
            answered.push(told.recv().await.expect("some get in"));
        }
        // Nobody waits for anything any more; what was on its way is done whole or not at all.
        racing.iter().for_each(tokio::task::JoinHandle::abort);
        for racer in racing {
            let _ = racer.await;
        }
        while let Ok(more) = told.try_recv() {
            answered.push(more);
        }
        world.store.db().close().await;
        let world = Arc::into_inner(world).expect("nobody else has it");
        let World {
            store, database, ..
        } = world;
        drop(store);
        let world = World::on(database).await;
        for (id, released) in answered {
            let there = world.store.reservation(id).await.unwrap();
            let there = there.unwrap_or_else(|| panic!("{id} was answered and is gone"));
            assert!(!released || there.ended_at.is_some(), "{id} is not free");
        }
        adds_up(&world, account).await;
        // Whatever is left ends by itself, and everything is free again.
        let late = NOON.plus_millis(HOUR);
        while world.store.expire(late, 100).await.unwrap() > 0 {}
        let stock = world.store.stock(account, NOON, NOON).await.unwrap();
        assert_eq!(cap.used(NOON, &stock.slots).reserved, 0);
        adds_up(&world, account).await;
    }
}
