//! What the minutes of a call cost: leg by leg, booked once with its end, and counted against the account's limit of money.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, BuyerId, CallId, PostingId};
use trunkline_core::base::{Currency, Money, PhoneNumber, Timestamp};
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::trunk::{Increments, LegRate, Prefix, RateCard};
use trunkline_core::call::{CallState, EndReason, TollPolicy, TollRule};
use trunkline_core::ledger::{Book, Hold, Party, Posting, PostingKey, Subject, total};
use trunkline_engine::call::control::{Action, Admission, CallControl, CallEnd};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::books::{
    BookBalance, BookedBefore, Books, Discrepancy, Seen, Settlement, Stored,
};
use trunkline_engine::ports::calls::{CallCost, LegRow};
use trunkline_engine::ports::configuration::Everything;

use crate::calls::{Desk, desk_with};
use crate::ports::MemoryCalls;

const USD: Currency = Currency::USD;
const ENGLAND: PhoneNumber = PhoneNumber::from_digits(442_079_460_018);

fn usd(text: &str) -> Money {
    Money::parse(text, USD).expect("an amount")
}

fn rate(per_minute: &str, step_s: u16) -> LegRate {
    let steps = Increments::new(step_s, step_s).expect("steps");
    LegRate::new(usd(per_minute), steps).expect("a rate")
}

/// Callers' legs 0.006 a minute in steps of 6 s, numbers of North America 0.012 by the minute, nothing else.
fn card() -> RateCard {
    let prefix = Prefix::parse("+1").expect("a prefix");
    let prefixes = vec![(prefix, rate("0.012", 60))];
    RateCard::new(USD, Some(rate("0.006", 6)), None, prefixes).expect("a card")
}

fn with_card(card: RateCard) -> impl FnOnce(&mut Everything) {
    move |all| {
        let rates = Arc::new(card);
        for trunk in &mut all.trunks {
            trunk.profile.settings.rates = Some(Arc::clone(&rates));
        }
    }
}

async fn priced(toll: TollPolicy) -> Desk {
    desk_with(1, toll, None, with_card(card())).await
}

async fn call(desk: &Desk) -> (CallId, Vec<Action>) {
    match desk.calls.incoming(desk.incoming("+13125550100")).await {
        Admission::Accepted { call, actions, .. } => (call, actions),
        Admission::Refused { status, .. } => panic!("refused with {status}"),
    }
}

/// A call that is answered and talks for so long.
async fn talk(desk: &Desk, ms: i64) -> CallId {
    let (call, _) = call(desk).await;
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    desk.clock.forward(ms);
    call
}

fn end(desk: &Desk, talk_ms: i64) -> CallEnd {
    desk.end(EndReason::HungUp, u64::try_from(talk_ms).expect("a time"))
}

fn cost(total: &str, outbound: &str) -> Option<CallCost> {
    Some(CallCost {
        total: usd(total),
        outbound: usd(outbound),
    })
}

fn booked(desk: &Desk) -> Vec<Posting> {
    desk.records.booked.lock().expect("books").clone()
}

/// That exactly one posting of so much was booked, to this call.
fn is_booked(desk: &Desk, call: CallId, amount: &str) {
    let postings = booked(desk);
    let keys: Vec<String> = postings.iter().map(|p| p.key().to_string()).collect();
    assert_eq!(keys, [format!("telephony:{call}:0")]);
    let entries = postings.iter().flat_map(Posting::entries);
    let on = |book| total(entries.clone(), book, USD).expect("a sum");
    assert_eq!(on(Book::TelephonyCost), usd(amount));
    assert_eq!(on(Book::CarrierPayable), usd(amount));
}

#[tokio::test]
async fn a_call_costs_what_its_legs_do_and_is_booked_once_with_its_end() {
    let desk = priced(TollPolicy::default()).await;
    let call = talk(&desk, 61_000).await;
    assert_eq!(booked(&desk), [], "nothing is booked before the end");
    desk.calls.ended(call, end(&desk, 61_000)).await;
    let row = desk.records.last();
    // 66 s of 0.006 a minute, two minutes of 0.012.
    assert_eq!(row.cost, cost("0.0306", "0.024"));
    let legs: Vec<_> = row
        .legs
        .iter()
        .map(|leg| (leg.to.is_some(), leg.connected_ms, leg.cost))
        .collect();
    let (dialled, callers) = (usd("0.024"), usd("0.0066"));
    assert_eq!(
        legs,
        [
            (true, Some(61_000), Some(dialled)),
            (false, Some(61_000), Some(callers))
        ]
    );
    is_booked(&desk, call, "0.0306");
    // The same end again, as the spool would bring it.
    let last = desk.records.saved.lock().expect("calls").last().cloned();
    desk.keeper.keep(&last.expect("a change")).await;
    is_booked(&desk, call, "0.0306");
}

#[tokio::test]
async fn the_performers_clock_is_the_exact_one() {
    let desk = priced(TollPolicy::default()).await;
    let call = talk(&desk, 60_040).await;
    let told = CallEnd {
        caller_ms: Some(60_000),
        ..end(&desk, 60_000)
    };
    desk.calls.ended(call, told).await;
    assert_eq!(desk.records.last().cost, cost("0.018", "0.012"));
}

#[tokio::test]
async fn talks_that_are_told_when_they_are_over_cost_what_they_lasted() {
    let desk = priced(TollPolicy::default()).await;
    let (call, _) = call(&desk).await;
    desk.clock.forward(45_000);
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    desk.calls.ended(call, end(&desk, 30_000)).await;
    // 30 s of 0.006 a minute, one minute of 0.012.
    assert_eq!(desk.records.last().cost, cost("0.015", "0.012"));
}

#[tokio::test]
async fn what_no_rate_is_for_costs_nobody_knows_what() {
    // No card at all.
    let bare = desk_with(1, TollPolicy::default(), None, |_| {}).await;
    let call_without = talk(&bare, 61_000).await;
    bare.calls.ended(call_without, end(&bare, 61_000)).await;
    assert_eq!(bare.records.last().cost, None);
    assert_eq!(bare.records.last().legs.len(), 2, "what was used is known");
    assert_eq!(booked(&bare), []);

    // A card in a currency that is not the account's.
    let euro: Currency = "EUR".parse().expect("a currency");
    let foreign = LegRate::new(Money::from_micros(6_000, euro), Increments::SECONDS).ok();
    let foreign = RateCard::new(euro, foreign, foreign, Vec::new()).expect("a card");
    let abroad = desk_with(1, TollPolicy::default(), None, with_card(foreign)).await;
    let call_abroad = talk(&abroad, 61_000).await;
    abroad.calls.ended(call_abroad, end(&abroad, 61_000)).await;
    assert_eq!(abroad.records.last().cost, None);

    // A number that no prefix is for: the caller's leg is known.
    let toll = TollPolicy {
        countries_allowed: vec!["GB".parse().expect("a country")],
        ..TollPolicy::default()
    };
    let england = move |all: &mut Everything| {
        with_card(card())(all);
        all.numbers
            .iter_mut()
            .for_each(|n| n.business_line = ENGLAND);
    };
    let partly = desk_with(1, toll, None, england).await;
    let call_partly = talk(&partly, 61_000).await;
    partly.calls.ended(call_partly, end(&partly, 61_000)).await;
    assert_eq!(partly.records.last().cost, cost("0.0066", "0"));
    is_booked(&partly, call_partly, "0.0066");
}

#[tokio::test]
async fn a_call_that_nobody_answered_costs_nothing_and_that_is_known() {
    let desk = priced(TollPolicy::default()).await;
    let (call, _) = call(&desk).await;
    desk.clock.forward(20_000);
    desk.calls
        .ended(call, desk.end(EndReason::Cancelled, 0))
        .await;
    let row = desk.records.last();
    assert_eq!((row.cost, row.legs), (cost("0", "0"), Vec::new()));
    assert_eq!(booked(&desk), []);
}

#[tokio::test(start_paused = true)]
async fn a_cost_waits_in_the_spool_with_the_end_of_its_call() {
    let desk = priced(TollPolicy::default()).await;
    let call = talk(&desk, 61_000).await;
    desk.records.away.store(true, Ordering::SeqCst);
    desk.calls.ended(call, end(&desk, 61_000)).await;
    assert_eq!(booked(&desk), []);
    assert!(desk.keeper.reconcile().await.is_err());
    assert_eq!(booked(&desk), [], "all or nothing");
    desk.records.away.store(false, Ordering::SeqCst);
    assert_eq!(desk.keeper.reconcile().await, Ok(1));
    is_booked(&desk, call, "0.0306");
    assert_eq!(desk.records.last().cost, cost("0.0306", "0.024"));
}

#[tokio::test]
async fn a_call_of_a_process_that_died_costs_what_it_used_until_its_last_sign_of_life() {
    let desk = priced(TollPolicy::default()).await;
    let call = talk(&desk, 90_000).await;
    let mut open = desk.records.last();
    assert_eq!(open.state, CallState::Talking);
    let started = open.answered_at.expect("an answer");
    open.progress_at = started.plus_millis(61_000);
    // Another process finds it.
    let next = priced(TollPolicy::default()).await;
    next.records.open.lock().expect("calls").push(open);
    next.calls.recover(|_| None).await.expect("a recovery");
    let row = next.records.last();
    let shown = |leg: &LegRow| (leg.connected_ms, leg.cost);
    let legs: Vec<_> = row.legs.iter().map(shown).collect();
    assert_eq!(
        legs,
        [
            (Some(61_000), Some(usd("0.024"))),
            (Some(61_000), Some(usd("0.0066")))
        ]
    );
    assert_eq!(row.cost, cost("0.0306", "0.024"));
    is_booked(&next, call, "0.0306");
}

/// What became of a call that was to be put through.
async fn refusal(desk: &Desk) -> Option<TollRule> {
    let (call, actions) = call(desk).await;
    let rang = actions.iter().any(|a| matches!(a, Action::Dial(_)));
    desk.calls
        .ended(call, desk.end(EndReason::Cancelled, 0))
        .await;
    let rule = desk.records.last().toll_refused;
    assert_eq!(rang, rule.is_none());
    rule
}

fn limited(limit: &str) -> TollPolicy {
    TollPolicy {
        daily_spend_max: Some(usd(limit)),
        ..TollPolicy::default()
    }
}

#[tokio::test]
async fn money_of_calls_in_progress_and_of_ended_ones_has_an_end_for_a_day() {
    // Two minutes of 0.012.
    let desk = priced(limited("0.024")).await;
    let running = talk(&desk, 60_000).await;
    assert_eq!(refusal(&desk).await, None, "0.012 so far");
    desk.clock.forward(1);
    assert_eq!(refusal(&desk).await, Some(TollRule::MoneySpent));
    desk.calls.ended(running, end(&desk, 60_001)).await;
    assert_eq!(refusal(&desk).await, Some(TollRule::MoneySpent), "counted");
    desk.clock.forward(86_400_000);
    assert_eq!(refusal(&desk).await, None, "another day");
    let told = desk.records.saved.lock().expect("calls").clone();
    let words = told
        .iter()
        .flat_map(|change| &change.events)
        .map(|e| e.detail.as_str());
    let why = "the account has spent 0.024 USD on outgoing calls today, and 0.024 USD is the most for a day";
    assert_eq!(words.filter(|w| *w == why).count(), 2, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_money_is_read_from_the_store_and_a_late_one_limits_nothing() {
    let desk = priced(limited("5")).await;
    desk.records.spent.store(5_000_000, Ordering::SeqCst);
    desk.records.stuck.store(true, Ordering::SeqCst);
    let (late, actions) = call(&desk).await;
    assert!(matches!(actions[..], [Action::Dial(_)]), "{actions:?}");
    desk.records.stuck.store(false, Ordering::SeqCst);
    desk.calls
        .ended(late, desk.end(EndReason::Cancelled, 0))
        .await;
    desk.keeper.reconcile().await.expect("a store");
    assert_eq!(refusal(&desk).await, Some(TollRule::MoneySpent));
    // Once it was read, it is known.
    desk.records.spent.store(0, Ordering::SeqCst);
    assert_eq!(refusal(&desk).await, Some(TollRule::MoneySpent));
}

#[tokio::test]
async fn a_leg_without_a_rate_spends_nothing_that_is_known() {
    let desk = desk_with(1, limited("0.01"), None, |_| {}).await;
    let _running = talk(&desk, 600_000).await;
    assert_eq!(refusal(&desk).await, None);
}

/// Books beside the calls: a settlement is stored whole.
#[async_trait]
impl Books for MemoryCalls {
    async fn booked_before(&self, _: AccountId, subjects: &[Subject]) -> PortResult<BookedBefore> {
        self.gate().await?;
        let postings = self.booked.lock().expect("books").clone();
        let seen = |subject: &Subject| Seen {
            subject: *subject,
            times: i64::try_from(postings.len()).expect("few"),
        };
        Ok(BookedBefore {
            seen: subjects.iter().map(seen).collect(),
            postings,
            ..BookedBefore::default()
        })
    }

    async fn posting(
        &self,
        _: AccountId,
        _: PostingKey,
    ) -> PortResult<Option<(Posting, Option<Subject>)>> {
        Ok(None)
    }

    async fn book(
        &self,
        _: AccountId,
        settlement: &Settlement,
        _: Timestamp,
    ) -> PortResult<Stored> {
        self.gate().await?;
        let mut booked = self.booked.lock().expect("books");
        for (_, posting) in &settlement.postings {
            if booked.iter().any(|other| other.key() == posting.key()) {
                return Ok(Stored::Already(posting.key()));
            }
        }
        booked.extend(
            settlement
                .postings
                .iter()
                .map(|(_, posting)| posting.clone()),
        );
        let call = settlement.call.as_deref().cloned();
        self.saved.lock().expect("calls").extend(call);
        Ok(Stored::Yes)
    }

    async fn balances(&self, _: AccountId) -> PortResult<Vec<BookBalance>> {
        Ok(Vec::new())
    }

    async fn postings_of(
        &self,
        _: AccountId,
        _: Party,
        _: Option<PostingId>,
        _: u32,
    ) -> PortResult<Vec<(PostingId, Posting)>> {
        Ok(Vec::new())
    }

    async fn holds(&self, _: AccountId, _: BuyerId) -> PortResult<Vec<Hold>> {
        Ok(Vec::new())
    }

    async fn verify(&self, _: AccountId) -> PortResult<Vec<Discrepancy>> {
        Ok(Vec::new())
    }
}
