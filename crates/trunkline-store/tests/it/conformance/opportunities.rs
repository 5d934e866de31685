//! Opportunities with their traces, attempts, and the past of people.

use trunkline_core::base::id::{CapId, ContractId, ItemListId, OpportunityId};
use trunkline_core::base::{Country, Currency, PhoneNumber};
use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::{
    Attempt, AttemptOutcome, CapUnit, ComplianceRefusal, Earlier, FailedTest, Level, Live,
    MostPrice, NoRoom, OpportunityKind, Outcome, Owner, Performance, Person, Places, ReasonCode,
    Refusal, Taker, TraceLine,
};
use trunkline_core::visitor::Source;
use trunkline_engine::ports::routing::{
    Asked, AttemptRow, Opportunities, Opportunity, OpportunityFilter, OpportunityRecord,
};

use super::World;
use super::configuration::is_conflict;
use super::reservations::usd;
use super::world::{MINUTE, NOON};

/// A line for every way in which a contract can fare.
fn trace(world: &World) -> Vec<TraceLine> {
    let taker = Taker {
        contract: world.id(),
        buyer: world.id(),
        company: world.id(),
    };
    let earlier = |to| Earlier {
        opportunity: world.id(),
        at: NOON,
        to,
    };
    let eligible = |price, unpaid, attempt| Outcome::Eligible {
        price,
        unpaid,
        attempt,
    };
    let most = MostPrice {
        rule: 1,
        amount: usd(20_000_000),
    };
    let of = Owner::Terms(Level::Buyer);
    let room = NoRoom {
        cap: CapId::from_raw(9),
        counts: CapUnit::Revenue,
        used: 1,
        reserved: 2,
        adds: 3,
        max: 5,
        paced: true,
    };
    let (live, places) = (
        Live {
            legs: 1,
            reserved: 2,
        },
        Places {
            max: 2,
            reservation_percent: 50,
        },
    );
    let refusals = [
        Refusal::Paused(Level::Campaign),
        Refusal::Closed {
            of: Owner::Group(3),
            last_call: true,
        },
        Refusal::Filter {
            of,
            failed: FailedTest(12),
        },
        Refusal::Duplicate {
            rule: 2,
            earlier: earlier(Some(taker)),
        },
        Refusal::Duplicate {
            rule: 0,
            earlier: earlier(None),
        },
        Refusal::Suppressed(ItemListId::from_raw(77)),
        Refusal::PriorConnects {
            connects: 2,
            max: 1,
        },
        Refusal::NoPrice,
        Refusal::Balance {
            available: usd(-1),
            price: usd(2),
        },
        Refusal::Cap { of, room },
        Refusal::Concurrency { of, live, places },
        Refusal::BelowFloor {
            price: usd(1),
            floor: usd(2),
        },
        Refusal::WeightZero,
    ];
    let outcomes = [
        eligible(Some(most), false, Some(0)),
        eligible(None, true, None),
    ];
    let outcomes = outcomes
        .into_iter()
        .chain(refusals.into_iter().map(Outcome::Refused));
    let line = |outcome| TraceLine {
        contract: world.id(),
        version: 4,
        outcome,
    };
    outcomes.map(line).collect()
}

pub(super) fn record(
    world: &World,
    account: trunkline_core::base::id::AccountId,
) -> OpportunityRecord {
    OpportunityRecord {
        opportunity: Opportunity {
            id: world.id(),
            account,
            kind: OpportunityKind::Call,
            call: Some(world.id()),
            campaign: world.id(),
            feed: Some(world.id()),
            publisher: Some(world.id()),
            feed_version: Some(2),
            plan_version: Some(3),
            came_at: NOON,
            ended_at: None,
            reason: None,
            sold_to: None,
            currency: Currency::USD,
            revenue: None,
            payout: None,
            person: Person {
                phone: Some(PhoneNumber::from_digits(12_145_550_100)),
                phone_sha256: Some([7; 32]),
                email_sha256: None,
            },
        },
        asked: Asked {
            tags: [("debt".to_owned(), "5000".to_owned())].into(),
            zip: Some("75201".to_owned()),
            state: Some("TX".to_owned()),
            country: Some(Country::US),
            source: Some(Source::direct()),
            score: Some(80),
            attestation: Some(Vouched::Full),
            times_before: 1,
        },
        planned: vec![
            Attempt::One(ContractId::from_raw(1)),
            Attempt::Together {
                group: 1,
                contracts: vec![ContractId::from_raw(2), ContractId::from_raw(3)],
            },
            Attempt::Auction {
                group: 2,
                contracts: vec![ContractId::from_raw(4)],
            },
        ],
        stopped_by: None,
        trace: trace(world),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opportunity_is_read_as_it_was_written_and_only_by_its_account() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let other = world.set_up().await.account.id;
        let store = &world.store;
        let mut one = record(&world, account);
        let id = one.opportunity.id;
        store.put_opportunity(&one).await.unwrap();
        let read = async || store.opportunity(account, id).await.unwrap();
        assert_eq!(read().await, Some(one.clone()));
        assert_eq!(store.opportunity(other, id).await.unwrap(), None);
        let mut stolen = one.clone();
        stolen.opportunity.account = other;
        assert!(is_conflict(&store.put_opportunity(&stolen).await));
        one.opportunity.ended_at = Some(NOON.plus_millis(MINUTE));
        one.opportunity.sold_to = Some((world.id(), world.id()));
        one.opportunity.revenue = Some(usd(20_000_000));
        one.opportunity.payout = Some(usd(15_000_000));
        store.put_opportunity(&one).await.unwrap();
        assert_eq!(read().await, Some(one.clone()));
        for by in [
            ComplianceRefusal::DoNotCall(world.id()),
            ComplianceRefusal::Litigator(world.id()),
            ComplianceRefusal::AttestationLow {
                vouched: Vouched::Forged,
                least: Vouched::Partial,
            },
        ] {
            one.stopped_by = Some(by);
            store.put_opportunity(&one).await.unwrap();
            assert_eq!(read().await, Some(one.clone()));
        }
        let call = one.opportunity.call.unwrap();
        let of_call = store.opportunities_of_call(account, call).await.unwrap();
        assert_eq!(of_call, [one.opportunity]);
        let of_call = store.opportunities_of_call(other, call).await.unwrap();
        assert_eq!(of_call, []);
        // Who came is known by the number and by its hash, once.
        let person = Person {
            phone: Some(PhoneNumber::from_digits(12_145_550_100)),
            phone_sha256: Some([7; 32]),
            email_sha256: Some([8; 32]),
        };
        let past = store.past(account, &person, 10).await.unwrap();
        assert_eq!(past.len(), 1);
        assert_eq!((past[0].opportunity, past[0].to), (id, None));
        assert_eq!(store.past(other, &person, 10).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged_the_newest_first() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let mut all: Vec<Opportunity> = Vec::new();
        for n in 0..6 {
            let mut one = record(&world, account);
            one.opportunity.reason = (n % 2 == 0).then_some(ReasonCode::NoCandidate);
            if n >= 3 {
                one.opportunity.campaign = all[0].campaign;
                one.opportunity.publisher = all[1].publisher;
                one.opportunity.sold_to = Some((world.id(), world.id()));
            }
            store.put_opportunity(&one).await.unwrap();
            all.push(one.opportunity);
        }
        let everything = OpportunityFilter {
            account,
            from: NOON,
            to: NOON.plus_millis(1),
            campaign: None,
            buyer: None,
            publisher: None,
            reason: None,
            before: None,
            limit: 10,
        };
        let listed = async |filter: OpportunityFilter| {
            let found = store.opportunities(&filter).await.unwrap();
            let place = |id: OpportunityId| all.iter().position(|o| o.id == id).unwrap();
            found.iter().map(|o| place(o.id)).collect::<Vec<_>>()
        };
        assert_eq!(listed(everything).await, [5, 4, 3, 2, 1, 0]);
        let first = OpportunityFilter {
            limit: 2,
            ..everything
        };
        assert_eq!(listed(first).await, [5, 4]);
        let second = OpportunityFilter {
            before: Some(all[4].id),
            ..first
        };
        assert_eq!(listed(second).await, [3, 2]);
        let campaign = OpportunityFilter {
            campaign: Some(all[0].campaign),
            ..everything
        };
        assert_eq!(listed(campaign).await, [5, 4, 3, 0]);
        let publisher = OpportunityFilter {
            publisher: all[1].publisher,
            ..everything
        };
        assert_eq!(listed(publisher).await, [5, 4, 3, 1]);
        let both = OpportunityFilter {
            publisher: all[1].publisher,
            reason: Some(ReasonCode::NoCandidate),
            ..campaign
        };
        assert_eq!(listed(both).await, [4]);
        let buyer = OpportunityFilter {
            buyer: all[3].sold_to.map(|(_, buyer)| buyer),
            ..everything
        };
        assert_eq!(listed(buyer).await, [3]);
        let before = OpportunityFilter {
            to: NOON,
            ..everything
        };
        assert_eq!(listed(before).await, [0_usize; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_kept_and_the_latest_make_the_performance() {
    for world in World::both().await {
        let account = world.set_up().await.account.id;
        let store = &world.store;
        let (contract, opportunity) = (world.id(), world.id());
        let attempt = |n| AttemptRow {
            opportunity,
            n,
            account,
            contract,
            destination: world.id(),
            buyer: world.id(),
            version: 2,
            reservation: Some(world.id()),
            price: Some(usd(30)),
            bid: Some(usd(31)),
            currency: Currency::USD,
            started_at: NOON,
            connected_at: None,
            ended_at: Some(NOON),
            connected_ms: None,
            outcome: Some(AttemptOutcome::NoAnswer),
            reason: None,
            revenue: None,
            billable: false,
        };
        let no_room = AttemptRow {
            outcome: Some(AttemptOutcome::NoRoom),
            reason: Some(ReasonCode::CapReached),
            ..attempt(1)
        };
        let mut rings = AttemptRow {
            ended_at: None,
            outcome: None,
            ..attempt(2)
        };
        let rows = [attempt(0), no_room, rings.clone()];
        store.put_attempts(&rows).await.unwrap();
        assert_eq!(store.attempts(opportunity).await.unwrap(), rows);
        let result = async |wanted| store.performance(contract, wanted).await.unwrap();
        let came = |attempts, revenue| Performance { attempts, revenue };
        assert_eq!(result(10).await, came(1, 0), "what is over was offered");
        rings.connected_at = Some(NOON);
        rings.ended_at = Some(NOON.plus_millis(MINUTE));
        rings.connected_ms = Some(MINUTE);
        rings.outcome = Some(AttemptOutcome::Taken);
        rings.revenue = Some(usd(30));
        rings.billable = true;
        store.put_attempts(&[rings.clone()]).await.unwrap();
        assert_eq!(store.attempts(opportunity).await.unwrap()[2], rings);
        assert_eq!(result(10).await, came(2, 30));
        assert_eq!(result(1).await, came(1, 30));
        rings.account = world.id();
        assert!(is_conflict(&store.put_attempts(&[rings]).await));
    }
}
