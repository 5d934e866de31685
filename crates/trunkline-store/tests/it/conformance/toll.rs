//! What toll rules refused, for the alarms of an account.

use trunkline_core::call::{CallState, TollRule};
use trunkline_engine::ports::calls::{CallRecords, CallRow, TollRefused};

use super::World;
use super::calls::{ANN, after, alone};
use super::world::NOON;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_counted_by_rule_for_their_own_account_since_a_moment() {
    for world in World::both().await {
        let (set_up, other) = (world.set_up().await, world.set_up().await);
        let store = &world.store;
        let refused = |set_up, minute, toll_refused, synthetic| CallRow {
            state: CallState::Ended,
            ended_at: Some(after(minute)),
            toll_refused,
            synthetic,
            ..world.call(set_up, ANN, after(minute))
        };
        let country = Some(TollRule::CountryNotAllowed);
        let calls = [
            refused(&set_up, 1, Some(TollRule::PremiumRange), false),
            refused(&set_up, 2, country, false),
            refused(&set_up, 3, country, false),
            refused(&set_up, 4, None, false),
            // The server's own test is nobody's fraud, and another account's is not ours.
            refused(&set_up, 5, country, true),
            refused(&other, 6, Some(TollRule::MinutesSpent), false),
        ];
        for call in &calls {
            store.save(&alone(call.clone())).await.unwrap();
            store.save(&alone(call.clone())).await.unwrap();
        }
        let told = |rule, calls, last: &CallRow| TollRefused {
            rule,
            calls,
            last_at: last.started_at,
            last_call: last.id,
        };
        let account = set_up.account.id;
        assert_eq!(
            store.toll_refused(account, NOON).await.unwrap(),
            [
                told(TollRule::CountryNotAllowed, 2, &calls[2]),
                told(TollRule::PremiumRange, 1, &calls[0]),
            ]
        );
        assert_eq!(
            store.toll_refused(account, after(3)).await.unwrap(),
            [told(TollRule::CountryNotAllowed, 1, &calls[2])]
        );
        let stored = store.call(calls[0].id).await.unwrap();
        assert_eq!(stored.as_ref(), Some(&calls[0]));
    }
}
