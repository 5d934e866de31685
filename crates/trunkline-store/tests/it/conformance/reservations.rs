//! What an attempt takes before it is made, and what becomes of it.

use trunkline_core::base::id::{
    AccountId, BuyerId, CampaignId, CapId, ContractId, FeedId, ReservationId,
};
use trunkline_core::base::{Currency, Money, PhoneNumber, Timestamp};
use trunkline_core::ledger::{Book, Cause, Entry, Party, Posting, Subject};
use trunkline_core::routing::{
    CapTake, CapUnit, Comer, Counting, DuplicateAction, DuplicateAfter, DuplicateRule,
    DuplicateScope, Level, Live, Owner, Pace, Person, PersonField, PlaceOwner, Places, ReasonCode,
    Stage, Taker, Turn, Turns, Window,
};
use trunkline_engine::ports::books::Settlement;
use trunkline_engine::ports::routing::{HoldTake, Reserve, Reserved, Short, Stepped};
use trunkline_engine::ports::{Books, Reservations};

use super::World;
use super::world::{MINUTE, NOON};

pub(crate) const HOUR: i64 = 60 * MINUTE;

pub(crate) fn usd(micros: i64) -> Money {
    Money::from_micros(micros, Currency::USD)
}

/// Somebody who calls, for a contract of the first buyer, at once.
pub(crate) fn plain(world: &World, account: AccountId) -> Reserve {
    Reserve {
        id: world.id(),
        account,
        comer: Comer {
            opportunity: world.id(),
            person: Person {
                phone: Some(PhoneNumber::from_digits(12_145_550_100)),
                ..Person::default()
            },
            campaign: CampaignId::from_raw(account.raw()),
            feed: FeedId::from_raw(4),
        },
        came_at: NOON,
        taker: Taker {
            contract: ContractId::from_raw(account.raw()),
            buyer: BuyerId::from_raw(account.raw()),
            company: BuyerId::from_raw(account.raw()),
        },
        offered: true,
        caps: Vec::new(),
        places: Vec::new(),
        hold: None,
        duplicates: Vec::new(),
        turns: Vec::new(),
        at: NOON,
        expires_at: NOON.plus_millis(HOUR),
    }
}

/// A cap of an hour that noon lies in.
pub(crate) fn hourly(id: CapId, counts: CapUnit, adds: i64, max: i64) -> CapTake {
    CapTake {
        of: Some(Owner::Terms(Level::Contract)),
        cap: id,
        feed: None,
        counts,
        adds,
        max,
        counting: Counting::Calendar(Window {
            from: NOON,
            to: NOON.plus_millis(HOUR),
        }),
    }
}

/// What is used and reserved of every slot of a cap.
pub(crate) async fn used(world: &World, account: AccountId, cap: CapId) -> Vec<(i64, i64)> {
    let stock = world.store.stock(account, NOON, NOON).await.unwrap();
    let own = stock.slots.iter().filter(|s| s.slot.cap == cap);
    own.map(|s| (s.used, s.reserved)).collect()
}

/// Nothing in the account contradicts anything else.
pub(crate) async fn adds_up(world: &World, account: AccountId) {
    let found = world.store.verify(account).await.unwrap();
    assert_eq!(found, [], "everything adds up");
}

/// Somebody fills a buyer's wallet.
pub(crate) async fn top_up(world: &World, account: AccountId, buyer: BuyerId, micros: i64) {
    let key = Cause::Sale(Subject::Lead(world.id())).key(0);
    let entries = vec![
        Entry::debit(Book::Cash, Party::House, usd(micros)),
        Entry::credit(Book::BuyerWallet, Party::Buyer(buyer), usd(micros)).unwrap(),
    ];
    let posting = Posting::new(key, NOON, NOON, entries).unwrap();
    let settlement = Settlement {
        postings: vec![(world.id(), posting)],
        ..Settlement::default()
    };
    let stored = world.store.book(account, &settlement, NOON).await.unwrap();
    assert_eq!(stored, trunkline_engine::ports::books::Stored::Yes);
}

fn short(answer: Reserved) -> Short {
    match answer {
        Reserved::No(short) => short,
        Reserved::Yes => panic!("it was reserved"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_reserved_used_and_given_back_and_names_its_numbers() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let [offered, connected, billable, revenue] = [(); 4].map(|()| world.id::<_>());
        let caps = vec![
            hourly(offered, CapUnit::Offered, 1, 10),
            hourly(connected, CapUnit::Connected, 1, 10),
            hourly(billable, CapUnit::Billable, 1, 2),
            hourly(revenue, CapUnit::Revenue, 30_000_000, 100_000_000),
        ];
        let bid = Reserve {
            offered: false,
            caps: caps.clone(),
            ..plain(&world, account)
        };
        assert_eq!(store.reserve(&bid).await.unwrap(), Reserved::Yes);
        assert_eq!(store.reserve(&bid).await.unwrap(), Reserved::Yes, "again");
        assert_eq!(used(&world, account, offered).await, [(0, 1)]);
        adds_up(&world, account).await;

        assert_eq!(store.offer(bid.id, NOON).await.unwrap(), Stepped::Yes);
        let again = store.offer(bid.id, NOON).await.unwrap();
        assert_eq!(again, Stepped::No(Some(Stage::Offered)));
        assert_eq!(used(&world, account, offered).await, [(1, 0)]);
        assert_eq!(used(&world, account, connected).await, [(0, 1)]);
        assert_eq!(store.connect(bid.id, NOON).await.unwrap(), Stepped::Yes);
        assert_eq!(used(&world, account, connected).await, [(1, 0)]);
        assert_eq!(used(&world, account, billable).await, [(0, 1)]);
        adds_up(&world, account).await;

        let second = Reserve {
            caps: caps.clone(),
            ..plain(&world, account)
        };
        assert_eq!(store.reserve(&second).await.unwrap(), Reserved::Yes);
        let third = Reserve {
            caps,
            ..plain(&world, account)
        };
        let Short::Cap { of, room } = short(store.reserve(&third).await.unwrap()) else {
            panic!("a cap");
        };
        assert_eq!(of, Some(Owner::Terms(Level::Contract)));
        assert_eq!((room.cap, room.used, room.reserved), (billable, 0, 2));
        assert_eq!((room.adds, room.max, room.paced), (1, 2, false));
        assert!(store.reservation(third.id).await.unwrap().is_none());

        // What happened stays used, the rest is free at once.
        assert_eq!(store.release(bid.id, NOON).await.unwrap(), Stepped::Yes);
        let again = store.release(bid.id, NOON).await.unwrap();
        assert_eq!(again, Stepped::No(Some(Stage::Released)));
        assert_eq!(used(&world, account, connected).await, [(1, 1)]);
        assert_eq!(used(&world, account, billable).await, [(0, 1)]);
        assert_eq!(used(&world, account, revenue).await, [(0, 30_000_000)]);
        assert_eq!(store.reserve(&third).await.unwrap(), Reserved::Yes);
        adds_up(&world, account).await;
        let unknown = ReservationId::from_raw(1);
        let step = store.connect(unknown, NOON).await.unwrap();
        assert_eq!(step, Stepped::No(None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_of_nothing_and_more_than_the_most_are_refused_before_anybody_took_any() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let revenue = hourly(world.id(), CapUnit::Revenue, 11, 10);
        for cap in [hourly(world.id(), CapUnit::Billable, 1, 0), revenue] {
            let asked = Reserve {
                caps: vec![cap.clone()],
                ..plain(&world, account)
            };
            let answer = short(world.store.reserve(&asked).await.unwrap());
            assert_eq!(answer.reason(), ReasonCode::CapReached, "{cap:?}");
            assert_eq!(used(&world, account, cap.cap).await, []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paced_day_stops_the_hour_and_a_rolling_span_never_holds_more_than_its_most() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let day = Window {
            from: NOON.plus_millis(-12 * HOUR),
            to: NOON.plus_millis(12 * HOUR),
        };
        let slice = Window {
            from: NOON,
            to: NOON.plus_millis(HOUR),
        };
        let pace = Pace {
            slice,
            most_by_end: 8,
            most_in_slice: 2,
        };
        let paced = CapTake {
            counting: Counting::Paced { day, pace },
            ..hourly(world.id(), CapUnit::Billable, 1, 24)
        };
        let ask = async |cap: &CapTake, at| {
            let asked = Reserve {
                caps: vec![cap.clone()],
                at,
                expires_at: Timestamp::from_millis(at.as_millis() + HOUR),
                ..plain(&world, account)
            };
            store.reserve(&asked).await.unwrap()
        };
        assert_eq!(ask(&paced, NOON).await, Reserved::Yes);
        assert_eq!(ask(&paced, NOON).await, Reserved::Yes);
        let third = short(ask(&paced, NOON).await);
        assert_eq!(third.reason(), ReasonCode::CapPaced);

        // Two in any hour: what was taken at the end of a minute counts until that minute has left the hour.
        let id = world.id();
        let rolling = |at: Timestamp| {
            let from = at.plus_millis(-at.as_millis().rem_euclid(MINUTE));
            let to = from.plus_millis(MINUTE);
            CapTake {
                counting: Counting::Rolling {
                    slice: Window { from, to },
                    span_ms: HOUR,
                },
                ..hourly(id, CapUnit::Billable, 1, 2)
            }
        };
        let at = |ms| NOON.plus_millis(ms);
        for (moment, fits) in [
            (at(0), true),
            (at(30 * MINUTE), true),
            (at(31 * MINUTE), false),
            (at(HOUR - 1), false),
            (at(HOUR + MINUTE - 1), false),
            (at(HOUR + MINUTE), true),
            (at(HOUR + 2 * MINUTE), false),
        ] {
            let answer = ask(&rolling(moment), moment).await;
            assert_eq!(answer == Reserved::Yes, fits, "{moment:?}: {answer:?}");
        }
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_taken_by_bids_and_calls_and_a_bid_needs_a_whole_one_when_it_is_called() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let owner = PlaceOwner::Group(CampaignId::from_raw(7), "first".into());
        let places = Places {
            max: 2,
            reservation_percent: 50,
        };
        let of = Owner::Group(0);
        let bid = || Reserve {
            offered: false,
            places: vec![(of, owner.clone(), places)],
            ..plain(&world, account)
        };
        let bids = [bid(), bid(), bid()];
        for one in &bids {
            assert_eq!(store.reserve(one).await.unwrap(), Reserved::Yes);
        }
        let live = async || store.stock(account, NOON, NOON).await.unwrap().places;
        let taken = |legs, reserved| vec![(owner.clone(), Live { legs, reserved })];
        assert_eq!(live().await, taken(0, 3));
        let fourth = short(store.reserve(&bid()).await.unwrap());
        let three = Live {
            legs: 0,
            reserved: 3,
        };
        let full = Short::Places {
            of,
            live: three,
            places,
        };
        assert_eq!(fourth, full);
        assert_eq!(store.offer(bids[0].id, NOON).await.unwrap(), Stepped::Yes);
        let full = store.offer(bids[1].id, NOON).await.unwrap();
        let of = owner.clone();
        assert_eq!(full, Stepped::Full { of, places });
        assert_eq!(store.release(bids[2].id, NOON).await.unwrap(), Stepped::Yes);
        assert_eq!(store.offer(bids[1].id, NOON).await.unwrap(), Stepped::Yes);
        assert_eq!(live().await, taken(2, 0));
        adds_up(&world, account).await;
        for one in &bids[..2] {
            assert_eq!(store.release(one.id, NOON).await.unwrap(), Stepped::Yes);
        }
        assert_eq!(live().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_set_aside_up_to_balance_and_credit_and_is_free_again() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let with = |amount, credit| {
            let reserve = plain(&world, account);
            let hold = HoldTake {
                id: world.id(),
                amount: usd(amount),
                credit_limit: usd(credit),
            };
            Reserve {
                hold: Some(hold),
                ..reserve
            }
        };
        let poor = short(store.reserve(&with(30, 0)).await.unwrap());
        let (available, price) = (usd(0), usd(30));
        assert_eq!(poor, Short::Balance { available, price });
        let buyer = plain(&world, account).taker.buyer;
        top_up(&world, account, buyer, 100).await;
        let first = with(60, 0);
        assert_eq!(store.reserve(&first).await.unwrap(), Reserved::Yes);
        let second = short(store.reserve(&with(60, 19)).await.unwrap());
        let (available, price) = (usd(59), usd(60));
        assert_eq!(second, Short::Balance { available, price });
        let on_credit = with(60, 20);
        assert_eq!(store.reserve(&on_credit).await.unwrap(), Reserved::Yes);
        let held: Vec<_> = store.holds(account, buyer).await.unwrap();
        assert_eq!(
            held.iter()
                .map(trunkline_core::ledger::Hold::amount)
                .collect::<Vec<_>>(),
            [usd(60); 2]
        );
        let wallets = store.stock(account, NOON, NOON).await.unwrap().wallets;
        assert_eq!(wallets, [(buyer, usd(100), usd(120))]);
        adds_up(&world, account).await;
        for one in [first.id, on_credit.id] {
            assert_eq!(store.release(one, NOON).await.unwrap(), Stepped::Yes);
        }
        let wallets = store.stock(account, NOON, NOON).await.unwrap().wallets;
        assert_eq!(wallets, [(buyer, usd(100), usd(0))]);
        // Credit alone, of a buyer who never paid anything in.
        let mut stranger = with(50, 50);
        stranger.taker.buyer = world.id();
        assert_eq!(store.reserve(&stranger).await.unwrap(), Reserved::Yes);
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_sold_once_at_a_time_and_not_again_once_they_were() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let rule = DuplicateRule {
            scope: DuplicateScope::Buyer,
            after: DuplicateAfter::Connected,
            within_h: Some(24),
            fields: vec![PersonField::Phone],
            all_fields: false,
            action: DuplicateAction::Skip,
        };
        let ask = || Reserve {
            duplicates: vec![rule.clone()],
            ..plain(&world, account)
        };
        let first = ask();
        assert_eq!(store.reserve(&first).await.unwrap(), Reserved::Yes);
        let other = first.comer.opportunity;
        let at_once = Short::Duplicate { rule: 0, other };
        assert_eq!(short(store.reserve(&ask()).await.unwrap()), at_once);
        // Another leg of the same opportunity is nobody else.
        let mut leg = ask();
        leg.comer.opportunity = first.comer.opportunity;
        assert_eq!(store.reserve(&leg).await.unwrap(), Reserved::Yes);
        // Nothing came of either, so the person may be sold.
        for id in [first.id, leg.id] {
            assert_eq!(store.release(id, NOON).await.unwrap(), Stepped::Yes);
        }
        let second = ask();
        assert_eq!(store.reserve(&second).await.unwrap(), Reserved::Yes);
        assert_eq!(store.connect(second.id, NOON).await.unwrap(), Stepped::Yes);
        assert_eq!(store.release(second.id, NOON).await.unwrap(), Stepped::Yes);
        let other = second.comer.opportunity;
        let before = Short::Duplicate { rule: 0, other };
        assert_eq!(short(store.reserve(&ask()).await.unwrap()), before);
        // Another buyer, another person, another day.
        let mut elsewhere = ask();
        elsewhere.taker.buyer = world.id();
        assert_eq!(store.reserve(&elsewhere).await.unwrap(), Reserved::Yes);
        let mut somebody = ask();
        somebody.comer.person.phone = Some(PhoneNumber::from_digits(12_145_550_101));
        assert_eq!(store.reserve(&somebody).await.unwrap(), Reserved::Yes);
        let mut tomorrow = ask();
        tomorrow.at = NOON.plus_millis(24 * HOUR);
        tomorrow.expires_at = NOON.plus_millis(25 * HOUR);
        assert_eq!(store.reserve(&tomorrow).await.unwrap(), Reserved::Yes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_ends_expires_once_and_what_is_renewed_does_not() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let cap = world.id();
        let ask = |ms| Reserve {
            offered: false,
            caps: vec![hourly(cap, CapUnit::Billable, 1, 3)],
            expires_at: NOON.plus_millis(ms),
            ..plain(&world, account)
        };
        let (one, two, renewed) = (ask(1_000), ask(2_000), ask(1_000));
        for asked in [&one, &two, &renewed] {
            assert_eq!(store.reserve(asked).await.unwrap(), Reserved::Yes);
        }
        let later = NOON.plus_millis(HOUR);
        assert!(store.renew(renewed.id, NOON, later).await.unwrap());
        let at = NOON.plus_millis(2_000);
        assert_eq!(store.expire(NOON, 10).await.unwrap(), 0);
        assert!(!store.renew(one.id, at, later).await.unwrap(), "too late");
        assert_eq!(store.expire(at, 1).await.unwrap(), 1);
        assert_eq!(store.expire(at, 10).await.unwrap(), 1);
        assert_eq!(store.expire(at, 10).await.unwrap(), 0);
        assert_eq!(used(&world, account, cap).await, [(0, 1)]);
        let stages = store.reservations(one.comer.opportunity).await.unwrap();
        assert_eq!(stages[0].stage, Stage::Expired);
        adds_up(&world, account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_add_up_with_the_attempts_that_are_made() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let turns = vec![
            (Turn::Contract(ContractId::from_raw(5)), 3),
            (Turn::Group("west".into()), -3),
        ];
        let ask = || Reserve {
            turns: turns.clone(),
            ..plain(&world, account)
        };
        let campaign = ask().comer.campaign;
        let (one, two) = (ask(), ask());
        for asked in [&one, &two, &one] {
            assert_eq!(store.reserve(asked).await.unwrap(), Reserved::Yes);
        }
        let full = Reserve {
            caps: vec![hourly(world.id(), CapUnit::Billable, 1, 0)],
            ..ask()
        };
        short(store.reserve(&full).await.unwrap());
        let expected = turns
            .iter()
            .map(|(turn, credit)| (turn.clone(), credit * 2));
        let stored = store.turns(campaign).await.unwrap();
        assert_eq!(stored, Turns::stored(expected));
    }
}
