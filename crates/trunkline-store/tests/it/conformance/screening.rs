//! Callers are put on lists, calls are blocked, and blocked calls are in no figure.

use trunkline_core::base::id::AccountId;
use trunkline_core::base::{Country, PhoneNumber};
use trunkline_core::call::screening::{
    AnonymousPolicy, CallerPattern, EarlierTalks, ListEntry, ListKind, RefusalPolicy, Screening,
    ScreeningRule, ScreeningSettings, ScreeningVerdict, Sign, SignKind,
};
use trunkline_core::call::{CallResult, CallState, EndReason, EndedBy};
use trunkline_engine::ports::PastCalls;
use trunkline_engine::ports::calls::{CallFilter, CallRecords, CallRow};
use trunkline_engine::ports::past_calls::PastCallFilter;
use trunkline_engine::ports::screening::{ScreeningCounts, ScreeningRecords};

use super::World;
use super::labels::{after, save};
use super::world::NOON;

const CALLER: u64 = 12_145_551_234;

fn entry(world: &World, account: AccountId, list: ListKind, pattern: &str) -> ListEntry {
    ListEntry {
        id: world.id(),
        account,
        list,
        pattern: CallerPattern::parse(pattern, Country::US).unwrap(),
        note: "sells windows".to_owned(),
        added_by: Some(world.id()),
        added_at: NOON,
        expires_at: Some(after(60)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_accounts_say_of_screening_is_kept() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let account = set_up.account.id;
        assert!(store.load_screening().await.unwrap().settings.is_empty());
        let mut settings = ScreeningSettings {
            on: false,
            anonymous: AnonymousPolicy::Challenge,
            known_talk_s: 45,
            challenge_at: Some(30),
            block_at: None,
            numbers_max: 5,
            numbers_minutes: 20,
            hourly_calls_max: 7,
            refusal: RefusalPolicy::Rejected,
            challenge_text: "Taste {digit}".to_owned(),
        };
        for _ in 0..2 {
            store.put_screening(account, &settings).await.unwrap();
            let all = store.load_screening().await.unwrap();
            assert_eq!(
                all.settings,
                [(account, settings.clone())],
                "{}",
                world.database.url
            );
            settings.on = true;
        }
        let number = entry(&world, account, ListKind::Block, "+12145551234");
        let range = entry(&world, account, ListKind::Allow, "+44*");
        let moved = ListEntry {
            note: String::new(),
            added_by: None,
            expires_at: None,
            ..entry(&world, account, ListKind::Allow, "+12145551234")
        };
        for entry in [&number, &range, &moved] {
            store.put_entry(entry).await.unwrap();
        }
        let all = store.load_screening().await.unwrap();
        assert_eq!(
            all.entries,
            [range.clone(), moved.clone()],
            "one entry for a caller"
        );
        let stranger = AccountId::from_raw(account.raw() + 1);
        assert!(!store.delete_entry(stranger, range.id).await.unwrap());
        assert!(store.delete_entry(account, range.id).await.unwrap());
        assert!(!store.delete_entry(account, range.id).await.unwrap());
        assert_eq!(store.load_screening().await.unwrap().entries, [moved]);
    }
}

fn screening(verdict: ScreeningVerdict) -> Screening {
    Screening {
        verdict,
        rule: ScreeningRule::Score,
        score: 105,
        threshold: Some(100),
        signs: vec![Sign {
            kind: SignKind::ManyNumbers,
            points: 100,
            words: "Dialled 12 different numbers".to_owned(),
            value: Some(12),
            limit: Some(3),
        }],
        why: "105 points".to_owned(),
    }
}

fn ended(call: CallRow, result: CallResult) -> CallRow {
    CallRow {
        state: CallState::Ended,
        result: Some(result),
        ended_at: Some(call.started_at.plus_millis(1_000)),
        ended_by: Some(EndedBy::System),
        end_reason: Some(EndReason::Screened),
        ..call
    }
}

fn talked(call: CallRow, talk_ms: i64) -> CallRow {
    CallRow {
        answered_at: Some(call.started_at),
        talk_ms,
        ..ended(call, CallResult::Answered)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_calls_are_in_the_log_and_in_no_figure() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let account = set_up.account.id;
        let call = |minutes| CallRow {
            session: None,
            ..world.call(&set_up, CALLER, after(minutes))
        };
        let refused = CallRow {
            screening: Some(screening(ScreeningVerdict::Block { status: 603 })),
            ..ended(call(1), CallResult::Blocked)
        };
        let failed = CallRow {
            screening: Some(screening(ScreeningVerdict::Challenge { digit: '7' })),
            ..ended(call(2), CallResult::Blocked)
        };
        for row in [&refused, &failed] {
            save(store, row).await;
            assert_eq!(
                store.call(row.id).await.unwrap().as_ref(),
                Some(row),
                "{}",
                world.database.url
            );
        }
        let of = |result| CallFilter {
            account: Some(account),
            result,
            limit: 10,
            ..CallFilter::default()
        };
        let ids = async |filter: CallFilter| {
            let rows = store.calls(&filter).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(
            ids(of(Some(CallResult::Blocked))).await,
            [failed.id, refused.id]
        );
        assert_eq!(ids(of(None)).await, [failed.id, refused.id]);
        let missed = CallFilter {
            missed: true,
            ..of(None)
        };
        assert_eq!(ids(missed).await, []);
        let counts = store.counts(account, NOON).await.unwrap();
        assert_eq!((counts.all, counts.missed), (2, 0));
        let (caller, later) = (PhoneNumber::from_digits(CALLER), after(60));
        let before = store.calls_before(account, caller, later).await.unwrap();
        assert_eq!(before.count, 0);
        let (called, _) = store
            .earlier_call(account, None, caller, NOON, later)
            .await
            .unwrap();
        assert!(!called);
        let number = set_up.numbers[0].id;
        let history = store.number_history(number, later, 200).await.unwrap();
        assert!(history.calls.abs() < f64::EPSILON);
        assert_eq!(store.by_number(account, NOON).await.unwrap(), []);
        assert_eq!(store.last_ends(NOON, NOON).await.unwrap(), []);
        let past = PastCallFilter {
            account,
            site: None,
            from: NOON,
            to: later,
        };
        assert_eq!(store.past_calls(past, None, 10).await.unwrap(), []);

        let passed = CallRow {
            screening: Some(screening(ScreeningVerdict::Challenge { digit: '0' })),
            ..talked(call(3), 60_000)
        };
        let known = CallRow {
            screening: Some(Screening {
                rule: ScreeningRule::KnownCaller,
                ..screening(ScreeningVerdict::Pass)
            }),
            ..talked(call(4), 60_000)
        };
        for row in [&passed, &known] {
            save(store, row).await;
            assert_eq!(store.call(row.id).await.unwrap().as_ref(), Some(row));
        }
        let counts = ScreeningCounts {
            refused: 1,
            challenged: 2,
            challenge_failed: 1,
        };
        assert_eq!(store.screening_counts(account, NOON).await.unwrap(), counts);
        let since = store.screening_counts(account, after(3)).await.unwrap();
        assert_eq!((since.refused, since.challenged), (0, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_known_by_a_talk_that_was_long_enough_or_by_what_a_person_said() {
    for world in World::both().await {
        let set_up = world.set_up().await;
        let store = &world.store;
        let account = set_up.account.id;
        let caller = PhoneNumber::from_digits(CALLER);
        let talks = async |before| {
            let read = store.earlier_talks(account, caller, after(before), 30_000);
            read.await.unwrap()
        };
        assert_eq!(
            talks(60).await,
            EarlierTalks::default(),
            "{}",
            world.database.url
        );
        let call = |minutes| CallRow {
            session: None,
            ..world.call(&set_up, CALLER, after(minutes))
        };
        let said = CallRow {
            confirmed_at: Some(after(9)),
            session: Some(world.id()),
            ..ended(call(5), CallResult::Abandoned)
        };
        for row in [
            talked(call(1), 5_999),
            talked(call(2), 29_999),
            talked(call(3), 30_000),
            ended(call(4), CallResult::Abandoned),
            said,
            ended(call(6), CallResult::Blocked),
        ] {
            save(store, &row).await;
        }
        for (before, answered, short, known_at) in [
            (2, 1, 1, None),
            (3, 2, 1, None),
            (4, 3, 1, Some(after(3))),
            (5, 3, 1, Some(after(3))),
            (60, 3, 1, Some(after(5))),
        ] {
            let expected = EarlierTalks {
                answered,
                short,
                known_at,
            };
            assert_eq!(talks(before).await, expected, "before minute {before}");
        }
    }
}
