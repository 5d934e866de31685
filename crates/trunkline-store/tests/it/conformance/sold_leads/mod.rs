//! Leads are sold, over the real store: at most as often as their terms allow, whatever buyers answer and wherever the
//! process ends, and each once on the books.

mod compliance;
mod market;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use trunkline_core::base::{Currency, Money};
use trunkline_core::lead::{LeadTerms, LegState, RunState, StepRefusal};
use trunkline_engine::lead::{LeadError, ReturnAsk, ReturnDecision, Sent};
use trunkline_engine::ports::leads::{CameBy, LeadEventKind};
use trunkline_engine::ports::outbox::OutboxState;
use trunkline_engine::ports::{Outbox, Reservations};

use super::World;
use super::reservations::adds_up;
use super::world::MINUTE;

use market::*;

const UNIT: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_goes_to_the_next_buyer_and_the_money_is_booked_with_the_sale() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        market.script(&[(0, &[Does::Refuses]), (1, &[Does::Unreachable])]);
        let answered = market.post("2145550100").await.unwrap();
        let row = &answered.lead;
        assert_eq!((row.run.state, row.run.accepted()), (RunState::Sold, 1));
        assert_eq!(
            row.payout,
            Some(Money::from_micros(28_040_000, Currency::USD))
        );
        assert_eq!(market.has(row.id), [market.destinations[2]]);
        let (owed, payable) = market.money().await;
        assert_eq!(owed, [(market.buyers[2], 40 * UNIT)].into());
        assert_eq!(payable, 28_040_000);
        let kinds = market.kinds(row.id).await;
        let told = [
            LeadEventKind::Posted,
            LeadEventKind::Sending,
            LeadEventKind::Declined,
            LeadEventKind::Sending,
            LeadEventKind::Declined,
            LeadEventKind::Sending,
            LeadEventKind::Accepted,
            LeadEventKind::Sold,
        ];
        assert_eq!(kinds, told);
        // What was never sent is laid aside for a person, and cannot go to a second buyer from there.
        let dead = world
            .store
            .events_in(market.account, OutboxState::Dead, None, 10);
        let dead = dead.await.unwrap();
        assert_eq!(dead.len(), 1);
        let again = market.desk.deliver(&dead[0].event).await;
        assert!(matches!(
            again,
            trunkline_engine::ports::outbox::Delivery::Dead(_)
        ));
        assert_eq!(market.has(row.id).len(), 1);
        let legs: Vec<_> = row
            .legs
            .iter()
            .map(|leg| leg.buyers_name.is_some())
            .collect();
        assert_eq!(legs, [false, false, true]);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_does_not_answer_holds_the_lead_until_the_window_is_over() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        market.script(&[(0, &[Does::TakesInSilence])]);
        let row = market.post("2145550100").await.unwrap().lead;
        assert_eq!((row.run.state, row.run.accepted()), (RunState::Selling, 0));
        market.forward(29_000);
        market.go_on().await;
        assert_eq!(
            market.lead(row.id).await.legs.len(),
            1,
            "nobody else is asked"
        );
        // The buyer tells that they took it: it is sold, to them.
        let told = market
            .desk
            .tell(row.id, market.contracts[0], true)
            .await
            .unwrap();
        assert_eq!(told.run.state, RunState::Sold);
        assert_eq!(market.has(row.id), [market.destinations[0]]);
        assert_eq!(
            market.money().await.0,
            [(market.buyers[0], 40 * UNIT)].into()
        );

        // Another one, of which nobody tells anything: behind the window the next has it.
        market.script(&[(0, &[Does::Loses])]);
        let row = market.post("2145550101").await.unwrap().lead;
        market.forward(30_000);
        market.go_on().await;
        let row = market.lead(row.id).await;
        assert_eq!(row.run.state, RunState::Sold);
        assert_eq!(market.has(row.id), [market.destinations[1]]);
        // Now the first says that they had it: it is sold elsewhere, and nothing is booked twice.
        let told = market
            .desk
            .tell(row.id, market.contracts[0], true)
            .await
            .unwrap();
        assert_eq!(told.run.accepted(), 1);
        assert!(market.kinds(row.id).await.contains(&LeadEventKind::TooLate));
        let (owed, payable) = market.money().await;
        assert_eq!(owed.values().sum::<i64>(), 80 * UNIT);
        assert_eq!(payable, 56_080_000);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_sent_when_the_process_ended_may_have_arrived() {
    for world in World::both().await {
        let mut market = Market::open(&world, LeadTerms::default()).await;
        market.script(&[(0, &[Does::TakesAsItEnds])]);
        let sent = market.sent(&[("phone", "2145550100"), ("zip", "75201")]);
        let id = market.desk.take(sent).await.unwrap().lead.id;
        while market.has(id).is_empty() {
            tokio::task::yield_now().await;
        }
        market.restarted().await;
        assert_eq!(market.desk.recover().await.unwrap(), 1);
        market.desk.at_rest().await;
        let row = market.lead(id).await;
        assert_eq!(row.run.state, RunState::Selling);
        assert!(matches!(row.run.legs[0].state, LegState::Unknown { .. }));
        let unknown = world
            .store
            .events_in(market.account, OutboxState::Unknown, None, 10);
        assert_eq!(unknown.await.unwrap().len(), 1, "a person sees it");
        market.forward(29_000);
        market.go_on().await;
        assert_eq!(market.has(id).len(), 1, "nobody else has it meanwhile");
        // The buyer tells that it came.
        let told = market
            .desk
            .tell(id, market.contracts[0], true)
            .await
            .unwrap();
        assert_eq!(told.run.state, RunState::Sold);
        assert_eq!(
            market.money().await.0,
            [(market.buyers[0], 40 * UNIT)].into()
        );
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_one_lead_and_another_lead_under_it_is_refused() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let sent = |zip: &str| Sent {
            key: Some("k1".to_owned()),
            ..market.sent(&[("phone", "2145550100"), ("zip", zip)])
        };
        let both = tokio::join!(
            market.desk.post(sent("75201")),
            market.desk.post(sent("75201"))
        );
        let (one, two) = (both.0.unwrap(), both.1.unwrap());
        assert_eq!(one.lead.id, two.lead.id);
        assert_ne!(one.cached, two.cached);
        market.desk.at_rest().await;
        assert_eq!(market.has(one.lead.id).len(), 1);
        let other = market.desk.post(sent("75202")).await;
        assert_eq!(other.err(), Some(LeadError::KeyUsed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_bid_on_once_and_its_post_must_be_its_own() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let form = [("zip", "75201"), ("phone", "2145550100")];
        let ping = || Sent {
            by: CameBy::Ping,
            ..market.sent(&form)
        };
        let both = tokio::join!(market.desk.ping(ping()), market.desk.ping(ping()));
        let (one, two) = (both.0.unwrap(), both.1.unwrap());
        assert_eq!(one.lead, two.lead, "the same offer");
        assert_ne!(one.cached, two.cached);
        let offer = one.lead.run.ping.as_ref().unwrap().offer.unwrap();
        assert_eq!(offer.quoted.map(Money::micros), Some(28_040_000));
        let id = one.lead.id;
        let lead = &market.lead(id).await.run.ping.unwrap().lead;
        assert_eq!(lead.phone, None, "a ping tells nobody's number");

        for (form, wrong) in [
            ([("zip", "75202"), ("phone", "2145550100")], "zip"),
            ([("zip", "75201"), ("phone", "2145550101")], "phone_sha256"),
        ] {
            let changed = market.desk.post_of_ping(id, market.sent(&form)).await;
            let field = wrong.to_owned();
            assert_eq!(
                changed.err(),
                Some(LeadError::Step(StepRefusal::Changed { field }))
            );
        }
        let stranger = market
            .desk
            .post_of_ping(world.id(), market.sent(&form))
            .await;
        assert_eq!(stranger.err(), Some(LeadError::NoSuchPing));
        let sold = market
            .desk
            .post_of_ping(id, market.sent(&form))
            .await
            .unwrap();
        assert_eq!((sold.lead.id, sold.lead.run.state), (id, RunState::Sold));
        assert_eq!(sold.lead.payout, offer.quoted, "as it was promised");
        let again = market
            .desk
            .post_of_ping(id, market.sent(&form))
            .await
            .unwrap();
        assert!(again.cached);
        assert_eq!(market.has(id).len(), 1);
        let reservations = world.store.reservations(id).await.unwrap();
        assert_eq!(
            reservations.len(),
            1,
            "the post goes on with what the ping took"
        );

        // An offer ends.
        let other = Sent {
            by: CameBy::Ping,
            ..market.sent(&[("zip", "75204")])
        };
        let late = market.desk.ping(other).await.unwrap().lead.id;
        market.forward(MINUTE);
        let form = [("zip", "75204"), ("phone", "2145550107")];
        let expired = market.desk.post_of_ping(late, market.sent(&form)).await;
        assert!(matches!(
            expired.err(),
            Some(LeadError::Step(StepRefusal::Expired(_)))
        ));
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_leads_have_as_many_buyers_as_they_may_and_the_publisher_is_paid_once_for_each() {
    for world in World::both().await {
        let terms = LeadTerms {
            buyers_max: 2,
            ..LeadTerms::default()
        };
        let market = Market::open(&world, terms).await;
        let row = market.post("2145550100").await.unwrap().lead;
        assert_eq!((row.run.state, row.run.accepted()), (RunState::Sold, 2));
        assert_eq!(market.has(row.id), market.destinations[..2]);
        let (owed, payable) = market.money().await;
        assert_eq!(owed.values().copied().collect::<Vec<_>>(), [40 * UNIT; 2]);
        assert_eq!(payable, 56_080_000);
        assert_eq!(row.revenue.map(Money::micros), Some(80 * UNIT));
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_took_waits_and_is_offered_again() {
    for world in World::both().await {
        let terms = LeadTerms {
            queue: queue(),
            ..LeadTerms::default()
        };
        let market = Market::open(&world, terms).await;
        let no = &[Does::Refuses][..];
        market.script(&[(0, no), (1, no), (2, no)]);
        let row = market.post("2145550100").await.unwrap().lead;
        assert_eq!(row.run.state, RunState::Queued);
        assert_eq!(row.reason.as_deref(), Some("BUYER_REJECTED"));
        market.go_on().await;
        assert_eq!(
            market.lead(row.id).await.run.state,
            RunState::Queued,
            "it waits"
        );
        market.script(&[(1, &[Does::Takes])]);
        market.forward(5 * MINUTE);
        market.go_on().await;
        let row = market.lead(row.id).await;
        assert_eq!(row.run.state, RunState::Sold);
        assert_eq!(market.has(row.id), [market.destinations[1]]);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_touch_no_buyer_no_money_and_no_cap() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let test = |zip: &str, by| Sent {
            test: true,
            by,
            ..market.sent(&[("phone", "2145550100"), ("zip", zip)])
        };
        for (zip, state) in [
            ("90100", RunState::Sold),
            ("75201", RunState::Sold),
            ("90199", RunState::Unsold),
            ("90198", RunState::Rejected),
            ("90197", RunState::Rejected),
            ("90196", RunState::Selling),
            ("90195", RunState::Selling),
        ] {
            let row = market
                .desk
                .post(test(zip, CameBy::Post))
                .await
                .unwrap()
                .lead;
            assert_eq!(row.run.state, state, "{zip}");
            market.forward(31_000);
            market.go_on().await;
            let after = market.lead(row.id).await.run.state;
            let settled = match zip {
                "90196" => RunState::Sold,
                "90195" => RunState::Unsold,
                _ => state,
            };
            assert_eq!(after, settled, "{zip}");
            assert_eq!(world.store.reservations(row.id).await.unwrap(), []);
        }
        let ping = market
            .desk
            .ping(test("90100", CameBy::Ping))
            .await
            .unwrap()
            .lead;
        assert_eq!(ping.run.state, RunState::PingAccepted);
        let ping = market
            .desk
            .ping(test("90199", CameBy::Ping))
            .await
            .unwrap()
            .lead;
        assert_eq!(ping.run.state, RunState::PingRejected);
        assert_eq!(market.scripted.has.lock().unwrap().len(), 0);
        assert_eq!(market.money().await, (BTreeMap::new(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_is_not_sold_twice_where_the_campaign_says_so() {
    for world in World::both().await {
        let rules = r#"[{"scope": "campaign", "action": "block", "after": "any", "within_h": 24}]"#;
        let rules = serde_json::from_str(rules).unwrap();
        let market = Market::open_with(&world, LeadTerms::default(), TERMS, rules).await;
        let first = market.post("2145550100").await.unwrap().lead;
        assert_eq!(first.run.state, RunState::Sold);
        let second = market.post("(214) 555-0100").await.unwrap().lead;
        assert_eq!(second.run.state, RunState::Rejected);
        assert_eq!(second.reason.as_deref(), Some("DUPLICATE"));
        assert_eq!(market.has(second.id), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_never_overshot_by_leads_that_come_at_once() {
    for world in World::both().await {
        let capped = format!(
            r#"{{"price": {{"rules": [{{"rate": {{"fixed": 40}}}}]}}, "payment": "net_terms",
                "caps": [{{"id": "{}", "max": 2, "window": {{"period": "day", "zone": "UTC"}}}}]}}"#,
            world.id::<trunkline_core::base::id::CapKind>()
        );
        let market = Market::open_with(&world, LeadTerms::default(), &capped, Vec::new()).await;
        let mut posts = Vec::new();
        for n in 0..10 {
            let desk = market.desk.clone();
            let sent = market.sent(&[("phone", &format!("21455501{n:02}")), ("zip", "75201")]);
            posts.push(tokio::spawn(
                async move { desk.post(sent).await.unwrap().lead },
            ));
        }
        let mut sold = 0;
        for post in posts {
            sold += usize::from(post.await.unwrap().run.state == RunState::Sold);
        }
        // The cap has one id in all three contracts: it is one cap.
        assert_eq!(sold, 2);
        let owed: i64 = market.money().await.0.values().sum();
        assert_eq!(owed, i64::try_from(sold).unwrap() * 40 * UNIT);
        adds_up(&world, market.account).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_decided_within_the_terms() {
    for world in World::both().await {
        let market = Market::open(&world, LeadTerms::default()).await;
        let row = market.post("2145550100").await.unwrap().lead;
        let ask = |contract| ReturnAsk {
            lead: row.id,
            contract,
            reason: trunkline_core::lead::ReturnReason::WrongNumber,
            note: "A florist".to_owned(),
        };
        let account = market.account;
        let theirs = market
            .desk
            .ask_return(account, &ask(market.contracts[1]))
            .await;
        assert!(theirs.is_err(), "they do not have it");
        let foreign = market
            .desk
            .ask_return(world.id(), &ask(market.contracts[0]))
            .await;
        assert!(foreign.is_err(), "another account's");
        let contract = market.contracts[0];
        market
            .desk
            .ask_return(account, &ask(contract))
            .await
            .unwrap();
        assert!(
            market
                .desk
                .ask_return(account, &ask(contract))
                .await
                .is_err()
        );
        let decision = ReturnDecision {
            lead: row.id,
            contract,
            what: trunkline_core::lead::ReturnEvent::Approve { percent: 100 },
            answer: String::new(),
            by: None,
        };
        for _ in 0..2 {
            let back = market.desk.decide_return(account, &decision).await.unwrap();
            assert_eq!(back.of.percent, 100);
        }
        let lead = market.lead(row.id).await;
        assert_eq!(lead.run.state, RunState::Returned);
        let late = market.post("2145550101").await.unwrap().lead;
        market.forward(97 * 60 * MINUTE);
        let late = ReturnAsk {
            lead: late.id,
            ..ask(contract)
        };
        assert!(
            market.desk.ask_return(account, &late).await.is_err(),
            "too late"
        );
    }
}

/// How many buyers may have it, whether it is queued, what each buyer does, and what happens when.
type Script = (u8, bool, Vec<Vec<Does>>, Vec<(u8, i64)>);

/// What is drawn: what buyers do, and between which of them the process ends.
fn scripts() -> impl Strategy<Value = Script> {
    let does = prop::sample::select(
        &[
            Does::Takes,
            Does::Refuses,
            Does::TakesInSilence,
            Does::Loses,
            Does::Unreachable,
        ][..],
    );
    let script = prop::collection::vec(does, 1..4);
    let steps = prop::collection::vec((0..6_u8, 1..40_000_i64), 1..8);
    (
        1..3_u8,
        any::<bool>(),
        prop::collection::vec(script, 3),
        steps,
    )
}

/// A lead is sold at most as often as its terms allow: by our books always; by what buyers know never to more, unless a
/// buyer who has it kept silent for the whole window.
#[test]
fn a_lead_is_sold_at_most_as_often_as_its_terms_allow() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let worlds = runtime.block_on(World::both());
    for world in &worlds {
        let mut runner = TestRunner::new(Config {
            cases: 12,
            failure_persistence: None,
            ..Config::default()
        });
        runner
            .run(&scripts(), |(buyers_max, queued, does, steps)| {
                runtime.block_on(one_story(world, buyers_max, queued, does, steps))
            })
            .unwrap();
    }
}

async fn one_story(
    world: &World,
    buyers_max: u8,
    queued: bool,
    does: Vec<Vec<Does>>,
    steps: Vec<(u8, i64)>,
) -> Result<(), TestCaseError> {
    let terms = LeadTerms {
        buyers_max,
        queue: queue().filter(|_| queued),
        ..LeadTerms::default()
    };
    let mut market = Market::open(world, terms).await;
    for (n, script) in does.iter().enumerate() {
        market.script(&[(n, script)]);
    }
    let silent = does.iter().flatten().any(|d| *d == Does::TakesInSilence);
    let id = market.post("2145550100").await.unwrap().lead.id;
    for (what, ms) in steps {
        market.forward(ms);
        match what {
            0 => market.restarted().await,
            1 => {
                market.desk.recover().await.unwrap();
                market.desk.at_rest().await;
            }
            2..=3 => {
                let contract = market.contracts[usize::from(what - 2)];
                // A late word of a buyer; one who was never asked has none.
                let _ = market.desk.tell(id, contract, ms % 2 == 0).await;
                market.desk.at_rest().await;
            }
            _ => market.go_on().await,
        }
        let row = market.lead(id).await;
        let max = usize::from(buyers_max);
        prop_assert!(row.run.accepted() <= max);
        let known = market.has(id);
        if !silent {
            prop_assert!(known.len() <= max, "{known:?}");
        }
        let taken =
            |leg: &&trunkline_core::lead::Leg| matches!(leg.state, LegState::Accepted { .. });
        let mut companies: Vec<_> = row
            .run
            .legs
            .iter()
            .filter(taken)
            .map(|l| l.company)
            .collect();
        companies.sort_unstable();
        prop_assert!(companies.is_sorted_by(|a, b| a < b));
        // What is on the books is what was sold, to the micro-unit.
        let (owed, payable) = market.money().await;
        let sold = i64::try_from(row.run.accepted()).unwrap();
        prop_assert_eq!(owed.values().sum::<i64>(), sold * 40 * UNIT);
        prop_assert_eq!(payable, sold * 28_040_000);
    }
    adds_up(world, market.account).await;
    Ok(())
}
