//! Screening at the desk: who is refused, who must press a key, and what of it is kept.

use std::sync::atomic::Ordering;

use trunkline_core::base::id::{AccountId, CallId, ScreeningEntryId};
use trunkline_core::base::{Country, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{FlowEvent, Gather, GatherEnd, Prompt};
use trunkline_core::call::screening::{
    AnonymousPolicy, CallerPattern, EarlierTalks, ListEntry, ListKind, ScreeningRule,
    ScreeningSettings,
};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy, TollPolicy};
use trunkline_engine::call::control::{
    Action, Admission, Arrival, CallControl, CallEnd, Incoming, Verstat,
};
use trunkline_engine::call::{ENTRIES_MAX, ScreeningError};
use trunkline_engine::clock::Clock;
use trunkline_engine::ports::PortError;
use trunkline_engine::ports::calls::CallEventKind;
use trunkline_engine::ports::webhooks::{Dialect, Secret, WebhookTrunk};
use trunkline_engine::routing::rtb::Doorkeeper;

use crate::calls::{Desk, TRUNK, desk_with};
use crate::world::{POOL, SITE};

const ACCOUNT: AccountId = AccountId::from_raw(9);
const CALLER: &str = "+12145551234";

async fn desk(numbers: u64) -> Desk {
    desk_with(numbers, TollPolicy::default(), None, |_| {}).await
}

fn entry(desk: &Desk, id: i64, list: ListKind, pattern: &str) -> ListEntry {
    ListEntry {
        id: ScreeningEntryId::from_raw(id),
        account: ACCOUNT,
        list,
        pattern: CallerPattern::parse(pattern, Country::US).expect("a pattern"),
        note: "sells windows".to_owned(),
        added_by: None,
        added_at: desk.clock.now(),
        expires_at: None,
    }
}

async fn set(desk: &Desk, change: impl FnOnce(&mut ScreeningSettings)) {
    let mut settings = ScreeningSettings::default();
    change(&mut settings);
    desk.screener
        .set(ACCOUNT, &settings)
        .await
        .expect("settings");
}

/// Calls a number; the status of the refusal, or the call and its first actions.
async fn call(desk: &Desk, to: &str) -> Result<(CallId, Vec<Action>), u16> {
    match desk.calls.incoming(desk.incoming(to)).await {
        Admission::Accepted { call, actions, .. } => Ok((call, actions)),
        Admission::Refused { status, .. } => Err(status),
    }
}

/// How many numbers of the pool are in a call or kept for a redial.
fn kept_from_visitors(desk: &Desk) -> usize {
    let view = desk.assignments.pool_view(SITE, POOL);
    let busy = view
        .iter()
        .filter(|n| n.slot.calls > 0 || n.slot.cooling_until > Timestamp::EPOCH);
    busy.count()
}

#[tokio::test]
async fn a_blocked_call_is_refused_and_leaves_a_record_that_says_why_and_nothing_else() {
    let desk = desk(1).await;
    let blocked = entry(&desk, 1, ListKind::Block, CALLER);
    desk.screener.add(&blocked).await.expect("added");
    assert_eq!(call(&desk, "+13125550100").await, Err(607));
    let saved = desk
        .records
        .saved
        .lock()
        .expect("calls")
        .pop()
        .expect("a record");
    let row = saved.call;
    assert_eq!(
        (row.state, row.result, row.sip_status),
        (CallState::Ended, Some(CallResult::Blocked), Some(607))
    );
    assert_eq!(
        (row.ended_by, row.end_reason, row.session, row.source),
        (Some(EndedBy::System), Some(EndReason::Screened), None, None)
    );
    let screening = row.screening.expect("a screening");
    assert_eq!(screening.rule, ScreeningRule::BlockList);
    assert_eq!(screening.why, "On the block list: sells windows");
    let kinds: Vec<_> = saved.events.iter().map(|e| e.kind).collect();
    assert_eq!(
        kinds,
        [
            CallEventKind::Ring,
            CallEventKind::Screened,
            CallEventKind::Ended
        ]
    );
    assert_eq!((saved.label, saved.recording), (None, None));
    assert_eq!(desk.calls.in_progress_count(), 0);
    assert_eq!(kept_from_visitors(&desk), 0);
    assert_eq!(
        desk.screening.asked.load(Ordering::SeqCst),
        0,
        "memory decided"
    );
}

#[tokio::test]
async fn the_allow_list_wins_and_the_last_word_about_a_caller_counts() {
    let desk = desk(1).await;
    let range = entry(&desk, 1, ListKind::Block, "+1214*");
    desk.screener.add(&range).await.expect("added");
    assert_eq!(call(&desk, "+13125550100").await, Err(607));
    let allowed = entry(&desk, 2, ListKind::Allow, CALLER);
    desk.screener.add(&allowed).await.expect("added");
    assert!(call(&desk, "+13125550100").await.is_ok());
    let refused = entry(&desk, 3, ListKind::Block, CALLER);
    desk.screener
        .add(&refused)
        .await
        .expect("moved to the other list");
    assert_eq!(desk.screener.rules(ACCOUNT).lists.len(), 2);
    assert_eq!(call(&desk, "+13125550100").await, Err(607));
    for id in [1, 3] {
        let id = ScreeningEntryId::from_raw(id);
        assert_eq!(
            desk.screener.remove(AccountId::from_raw(8), id).await,
            Ok(false)
        );
        assert_eq!(desk.screener.remove(ACCOUNT, id).await, Ok(true));
    }
    assert!(call(&desk, "+13125550100").await.is_ok());
}

#[tokio::test]
async fn a_caller_whose_number_the_carrier_found_forged_gets_the_points_of_that() {
    for (verstat, stopped) in [
        (None, false),
        (Some(Verstat::Passed), false),
        (Some(Verstat::Unchecked), false),
        (Some(Verstat::Failed), true),
    ] {
        let desk = desk(1).await;
        set(&desk, |settings| settings.block_at = Some(60)).await;
        let mut incoming = desk.incoming("+13125550100");
        incoming.signalled.verstat = verstat;
        let admission = desk.calls.incoming(incoming).await;
        let refused = matches!(admission, Admission::Refused { status: 603, .. });
        assert_eq!(refused, stopped, "{verstat:?}");
    }
}

#[tokio::test]
async fn a_known_caller_is_let_through_a_blocked_range_also_when_the_store_is_stuck() {
    let desk = desk(1).await;
    let range = entry(&desk, 1, ListKind::Block, "+1*");
    desk.screener.add(&range).await.expect("added");
    *desk.screening.talks.lock().expect("talks") = EarlierTalks {
        known_at: Some(Timestamp::EPOCH),
        ..EarlierTalks::default()
    };
    assert!(call(&desk, "+13125550100").await.is_ok());
    let rule = |desk: &Desk| desk.records.last().screening.map(|s| s.rule);
    assert_eq!(rule(&desk), Some(ScreeningRule::KnownCaller));
    desk.screening.stuck.store(true, Ordering::SeqCst);
    assert!(
        call(&desk, "+13125550100").await.is_ok(),
        "no call is lost for it"
    );
    assert_eq!(rule(&desk), Some(ScreeningRule::Late));
}

#[tokio::test]
async fn one_caller_over_many_numbers_is_caught_and_others_are_not() {
    let desk = desk(12).await;
    let numbers: Vec<String> = (0..12).map(|n| format!("+1312555{:04}", 100 + n)).collect();
    let mut refused = None;
    for (index, number) in numbers.iter().enumerate() {
        desk.clock.forward(20_000);
        if let Err(status) = call(&desk, number).await {
            refused.get_or_insert((index, status));
        }
    }
    // 5 points for no attestation, 40 at the fourth number, 10 for each further: 100 and more at the tenth.
    assert_eq!(refused, Some((9, 603)));
    let row = desk.records.last();
    let screening = row.screening.expect("a screening");
    assert_eq!(screening.threshold, Some(100));
    let many = &screening.signs[1];
    assert_eq!((many.value, many.limit), (Some(12), Some(3)));
    let mut other = desk.incoming(&numbers[0]);
    other.caller = Some(PhoneNumber::from_digits(12_145_551_235));
    let answer = desk.calls.incoming(other).await;
    assert!(matches!(answer, Admission::Accepted { .. }));
}

#[tokio::test]
async fn withheld_numbers_follow_the_accounts_policy() {
    let desk = desk(1).await;
    let anonymous = || {
        let mut incoming = desk.incoming("+13125550100");
        incoming.caller = None;
        incoming.caller_text = "anonymous".to_owned();
        incoming
    };
    for (policy, status) in [
        (AnonymousPolicy::Pass, None),
        (AnonymousPolicy::Block, Some(433)),
    ] {
        set(&desk, |settings| settings.anonymous = policy).await;
        let answer = desk.calls.incoming(anonymous()).await;
        let refused = match answer {
            Admission::Refused { status, .. } => Some(status),
            Admission::Accepted { .. } => None,
        };
        assert_eq!(refused, status, "{policy:?}");
    }
}

/// A desk that challenges callers of no assigned range, and the question such a caller hears.
async fn challenged() -> (Desk, CallId, Gather) {
    let desk = desk(1).await;
    set(&desk, |settings| {
        settings.challenge_at = Some(40);
        settings.challenge_text = "Press {digit}, please.".to_owned();
    })
    .await;
    let mut incoming = desk.incoming("+13125550100");
    incoming.caller = Some(PhoneNumber::from_digits(9_991_234_567));
    let Admission::Accepted { call, actions, .. } = desk.calls.incoming(incoming).await else {
        panic!("a challenged call is accepted");
    };
    let [Action::Gather(gather)] = &actions[..] else {
        panic!("expected a question, got {actions:?}");
    };
    let gather = gather.clone();
    (desk, call, gather)
}

fn digit(gather: &Gather) -> String {
    let Some(Prompt::Spoken(spoken)) = &gather.prompt else {
        panic!("a text is spoken");
    };
    let asked = spoken
        .text
        .strip_prefix("Press ")
        .and_then(|t| t.strip_suffix(", please."));
    asked.expect("the account's own text").to_owned()
}

fn pressed(gather: &Gather, digits: &str) -> FlowEvent {
    FlowEvent::Gathered {
        action: gather.action,
        digits: digits.to_owned(),
        ended_by: GatherEnd::Full,
    }
}

#[tokio::test]
async fn what_challenged_callers_hear_is_spoken_with_the_settings_each_digit_once() {
    let desk = desk(1).await;
    set(&desk, |settings| {
        settings.challenge_text = "Press {digit}, please.".to_owned();
    })
    .await;
    assert!(desk.speech.said().is_empty(), "nobody is challenged");
    assert_eq!(desk.screener.challenge_trouble(ACCOUNT).await, None);
    let challenging = |settings: &mut ScreeningSettings| {
        settings.anonymous = AnonymousPolicy::Challenge;
        settings.challenge_text = "Press {digit}, please.".to_owned();
    };
    set(&desk, challenging).await;
    let mut said = desk.speech.said();
    said.sort();
    let each: Vec<String> = (0..10).map(|d| format!("Press {d}, please.")).collect();
    assert_eq!(said, each);
    assert_eq!(desk.screener.challenge_trouble(ACCOUNT).await, None);
    set(&desk, challenging).await;
    assert_eq!(desk.screener.speak_missing().await, 0, "all of it is there");
    assert!(desk.speech.said().is_empty());
    desk.files.lose();
    assert!(desk.screener.challenge_trouble(ACCOUNT).await.is_some());
    assert_eq!(desk.screener.speak_missing().await, 10);
    assert_eq!(desk.screener.challenge_trouble(ACCOUNT).await, None);
}

/// A call by a number of no assigned range.
fn suspect(desk: &Desk, arrival: Option<Arrival>) -> Incoming {
    let incoming = desk.incoming("+13125550100");
    Incoming {
        caller: Some(PhoneNumber::from_digits(9_991_234_567)),
        arrival: arrival.unwrap_or(incoming.arrival),
        ..incoming
    }
}

/// What becomes of such a call, and why.
async fn outcome(desk: &Desk, arrival: Option<Arrival>) -> (&'static str, ScreeningRule, String) {
    let admission = desk.calls.incoming(suspect(desk, arrival)).await;
    let Admission::Accepted { actions, .. } = admission else {
        panic!("no such call is refused");
    };
    let begins = match &actions[..] {
        [Action::Gather(_)] => "challenged",
        [Action::Dial(_)] => "passed",
        other => panic!("unexpected: {other:?}"),
    };
    let screening = desk.records.last().screening.expect("a screening");
    (begins, screening.rule, screening.why)
}

#[tokio::test(start_paused = true)]
async fn whoever_would_hear_silence_is_let_through_and_the_record_says_why() {
    for (case, text) in [
        ("cannot be spoken", "mute {digit}"),
        ("is lost", "Press {digit}."),
        ("is stuck", "Press {digit}."),
    ] {
        let desk = desk(1).await;
        set(&desk, |settings| {
            settings.challenge_at = Some(40);
            settings.challenge_text = text.to_owned();
        })
        .await;
        match case {
            "is lost" => desk.files.lose(),
            "is stuck" => desk.files.stick(),
            _ => {
                let told = desk.screener.challenge_trouble(ACCOUNT).await;
                let told = told.expect("a warning");
                assert!(told.contains("there is no voice `mute`"), "{told}");
            }
        }
        let (begins, rule, why) = outcome(&desk, None).await;
        assert_eq!((begins, rule), ("passed", ScreeningRule::Unasked), "{case}");
        assert!(why.contains("its text is not spoken yet"), "{case}: {why}");
    }
}

#[tokio::test]
async fn a_challenge_asks_what_whoever_performs_the_call_can_do() {
    for (dialect, begins) in [
        (Some(Dialect::Twilio), "challenged"),
        // The desk of these tests gives others no abilities.
        (Some(Dialect::Telnyx), "passed"),
        (None, "passed"),
    ] {
        let desk = desk_with(1, TollPolicy::default(), None, |all| {
            all.webhooks.extend(dialect.map(|dialect| WebhookTrunk {
                trunk: TRUNK,
                dialect,
                carrier_account: "AC1".to_owned(),
                signing_key: Secret::new("key"),
                api_token: None,
                set_at: Timestamp::EPOCH,
            }));
        })
        .await;
        set(&desk, |settings| {
            settings.challenge_at = Some(40);
            // The carrier says it, whatever our own engine cannot.
            settings.challenge_text = "mute {digit}".to_owned();
        })
        .await;
        let (began, rule, why) = outcome(&desk, Some(Arrival::Webhook)).await;
        assert_eq!(began, begins, "{dialect:?}");
        let let_through = begins == "passed";
        assert_eq!(rule == ScreeningRule::Unasked, let_through, "{dialect:?}");
        assert_eq!(why.contains("cannot ask for keys"), let_through, "{why}");
    }
}

#[tokio::test]
async fn a_challenged_caller_who_presses_the_key_comes_to_the_flow_of_the_number() {
    let (desk, call, gather) = challenged().await;
    let actions = desk
        .calls
        .event(call, pressed(&gather, &digit(&gather)))
        .await;
    assert!(matches!(&actions[..], [Action::Dial(_)]), "{actions:?}");
    desk.calls
        .event(call, FlowEvent::Answered { attempt: 1 })
        .await;
    desk.calls
        .ended(call, desk.end(EndReason::HungUp, 60_000))
        .await;
    let row = desk.records.last();
    assert_eq!(row.result, Some(CallResult::Answered));
    assert_eq!(row.screening.map(|s| s.verdict.word()), Some("challenge"));
    assert_eq!(kept_from_visitors(&desk), 1, "it was a call like others");
}

#[tokio::test]
async fn a_challenged_caller_who_does_not_is_blocked_and_rings_nobody() {
    let (desk, call, gather) = challenged().await;
    let wrong = if digit(&gather) == "1" { "2" } else { "1" };
    let again = desk.calls.event(call, pressed(&gather, wrong)).await;
    let [Action::Gather(second)] = &again[..] else {
        panic!("asked twice, got {again:?}");
    };
    assert_eq!(digit(second), digit(&gather));
    let actions = desk.calls.event(call, pressed(second, "")).await;
    assert!(
        matches!(&actions[..], [Action::HangUp { .. }]),
        "{actions:?}"
    );
    let told = desk.matches.confirm(&desk.records.last(), None, None).await;
    assert!(
        matches!(&told, Err(PortError::Conflict(why)) if why.contains("yet to press")),
        "{told:?}"
    );
    let end = CallEnd {
        by: EndedBy::System,
        ..desk.end(EndReason::HungUp, 0)
    };
    desk.calls.ended(call, end).await;
    let row = desk.records.last();
    let told = desk.matches.confirm(&row, None, None).await;
    assert!(
        matches!(&told, Err(PortError::Conflict(why)) if why.contains("blocked the call")),
        "{told:?}"
    );
    assert_eq!(
        (row.result, row.answered_at),
        (Some(CallResult::Blocked), None)
    );
    assert_eq!(kept_from_visitors(&desk), 0);
    assert_eq!(desk.calls.in_progress_count(), 0);
}

#[tokio::test]
async fn a_challenged_caller_who_hangs_up_instead_is_blocked_too() {
    let (desk, call, _) = challenged().await;
    desk.calls.event(call, FlowEvent::CallerHungUp).await;
    desk.calls.ended(call, desk.end(EndReason::HungUp, 0)).await;
    assert_eq!(desk.records.last().result, Some(CallResult::Blocked));
    assert_eq!(kept_from_visitors(&desk), 0);
}

#[tokio::test]
async fn lists_are_bounded_and_entries_that_ended_make_room() {
    let desk = desk(1).await;
    let numbered = |n: usize| {
        let id = i64::try_from(n).expect("an id") + 1;
        entry(
            &desk,
            id,
            ListKind::Block,
            &format!("+1212{:07}", 2_000_000 + n),
        )
    };
    let mut ending = numbered(0);
    ending.expires_at = Some(desk.clock.now().plus_millis(1_000));
    let rest = (1..ENTRIES_MAX).map(&numbered);
    *desk.screening.entries.lock().expect("entries") =
        std::iter::once(ending).chain(rest).collect();
    desk.screener.reload().await.expect("read");
    assert_eq!(
        desk.screener.add(&numbered(ENTRIES_MAX)).await,
        Err(ScreeningError::Full)
    );
    let same = numbered(1);
    desk.screener
        .add(&same)
        .await
        .expect("in the place of itself");
    desk.clock.forward(1_000);
    desk.screener
        .add(&numbered(ENTRIES_MAX))
        .await
        .expect("in the place of the one that ended");
    assert_eq!(desk.screener.rules(ACCOUNT).lists.len(), ENTRIES_MAX);
    let ended = ListEntry {
        expires_at: Some(desk.clock.now()),
        ..numbered(2)
    };
    let long = ListEntry {
        note: "x".repeat(201),
        ..numbered(2)
    };
    for (entry, field) in [(ended, "expires_at"), (long, "note")] {
        let refused = desk.screener.add(&entry).await;
        assert!(
            matches!(refused, Err(ScreeningError::Invalid { field: f, .. }) if f == field),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn whoever_pings_hears_of_the_block_list_what_the_call_would_and_nothing_else() {
    let desk = desk(1).await;
    let caller = PhoneNumber::parse_e164(CALLER).expect("a number");
    let refused = || {
        desk.screener
            .would_refuse(ACCOUNT, caller, desk.clock.now())
    };
    // Signs are those of a call that has come.
    set(&desk, |settings| settings.block_at = Some(1)).await;
    assert!(!refused().await, "nobody is on a list");
    let range = entry(&desk, 1, ListKind::Block, "+1214*");
    desk.screener.add(&range).await.expect("added");
    assert!(refused().await);
    assert_eq!(
        call(&desk, "+13125550100").await,
        Err(607),
        "as the call is"
    );
    // Somebody the account talked with is let through a range, and not past an entry of their own.
    let known = |known_at| EarlierTalks {
        answered: 1,
        short: 0,
        known_at,
    };
    *desk.screening.talks.lock().expect("talks") = known(Some(desk.clock.now()));
    assert!(!refused().await);
    *desk.screening.talks.lock().expect("talks") = known(None);
    let own = entry(&desk, 2, ListKind::Block, CALLER);
    desk.screener.add(&own).await.expect("added");
    assert!(refused().await);
    let allowed = entry(&desk, 3, ListKind::Allow, CALLER);
    desk.screener.add(&allowed).await.expect("added");
    assert!(!refused().await);
    desk.screener.add(&own).await.expect("added");
    set(&desk, |settings| settings.on = false).await;
    assert!(!refused().await, "screening is off");
}
